package newsroom_test

import (
	"strings"
	"testing"

	"digestd/digest"
	"digestd/internal/lint"
	"digestd/internal/newsroom"
	"digestd/internal/newsroom/town"
	"digestd/subscribers"
)

const checked = town.Paper + `[topics.global]
feeds = ["FEEDS/a"]
[digests.daily]
title = "Morning Wire"
topics = ["global"]
schedule = "0 7 * * *"
[[subscribers]]
email = "ana@example.org"
[[subscribers]]
email = "chiyo@example.org"
language = "ja"
format = "text"
[[subscribers]]
email = "amal@example.org"
language = "ar"
[[subscribers]]
email = "omar@example.org"
language = "ar"
`

func TestSampleIsCheckedInEachLanguageOfTheReaders(t *testing.T) {
	w := town.New(t, checked)
	all, err := w.Publisher.Composer.CheckSample(w.Config.Digests[0])
	if err != nil {
		t.Fatal(err)
	}
	var languages []string
	for _, c := range all {
		languages = append(languages, c.Language)
		for _, f := range c.Findings {
			if f.Level > lint.Note {
				t.Errorf("%s: %v", c.Language, f)
			}
		}
	}
	if got := strings.Join(languages, " "); got != "en ja ar" {
		t.Errorf("languages %s", got)
	}
}

func TestSampleHasEverySectionThoughNothingIsNew(t *testing.T) {
	w := town.New(t, checked)
	d := w.Config.Digests[0]
	lane := digest.Lane{Digest: "daily", Zone: "Europe/Paris"}
	v, err := w.Publisher.Composer.Sample(d, subscribers.Subscriber{}, lane)
	if err != nil {
		t.Fatal(err)
	}
	if v.Page.Empty() || len(v.Page.Sections) != 4 || !strings.Contains(v.Rendered.HTML, "Five things") || !strings.Contains(v.Rendered.HTML, newsroom.Anybody) {
		t.Errorf("the sample is\n%s", v.Rendered.Text)
	}
	chiyo, _ := w.Config.Subscribers.Find("chiyo@example.org")
	v, err = w.Publisher.Composer.Sample(d, chiyo, lane)
	if err != nil {
		t.Fatal(err)
	}
	if v.Rendered.HTML != "" || !strings.Contains(v.Rendered.Text, "chiyo@example.org") || !strings.Contains(v.Rendered.Text, "オピニオン") {
		t.Errorf("the sample of a reader of plain text is\n%s", v.Rendered.Text)
	}
	raw, envelope, err := w.Publisher.Composer.Message(v, digest.Recipient{})
	if err != nil || envelope.To != "chiyo@example.org" || !strings.Contains(string(raw), "Content-Type: text/plain") {
		t.Errorf("to %s, %v\n%s", envelope.To, err, raw)
	}
	c, err := w.Publisher.Composer.Check(d, v)
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range c.Findings {
		if f.Level > lint.Note {
			t.Error(f)
		}
	}
}
