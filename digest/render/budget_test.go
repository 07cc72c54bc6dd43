package render

import (
	"crypto/sha256"
	"fmt"
	"path/filepath"
	"strings"
	"testing"

	"digestd/digest"
	"digestd/digest/compose"
	"digestd/internal/golden"
	"digestd/mailer/message"
)

// TestTwoThousandStories composes a day of 2,000 stories under the default budget. Its golden file is the
// two ends of the text and a sum over each part: the whole would be most of the repository.
func TestTwoThousandStories(t *testing.T) {
	t.Parallel()
	const budget = 95 << 10 // the default of max_size
	topics := []digest.Topic{{ID: "global", Title: "Global", MaxStories: 12, MaxPerFeed: 4}, {ID: "diplomacy", Title: "Diplomacy", MaxStories: 12, MaxPerFeed: 4}}
	var w writer
	var stories []digest.Story
	for i := range 2000 {
		topic := topics[i%2]
		e := w.story(topic.Title, fmt.Sprintf("Council %d agrees on the order of its business", i+1),
			"The vote was close, and the chair had to count twice. A second reading follows in the autumn, when the lakes are low.",
			daysAgo(i%2, 6, i%60), fmt.Sprintf("Outlet %d", i%40), "Nordic Herald", "Tarn Gazette")
		e.Items[0].Feed = fmt.Sprintf("https://outlet%d.example/feed", i%40)
		e.Topics = []string{topic.ID}
		if i%50 == 7 {
			e.Kind = digest.Opinion
		}
		stories = append(stories, e.Story)
	}
	s := builtin(t, "{{.Lead.Title}}")
	page := func(e digest.Edition) digest.Page {
		return compose.PageOf(e, digest.VariantKey{Language: "en", Format: "html"})
	}
	result, err := compose.Compose(compose.Input{
		Digest:  digest.Digest{ID: "daily", Title: "Morning Wire", Topics: topics, MaxSize: budget},
		Edition: pageOf("en", nil).Edition,
		Stories: stories,
		Measure: func(e digest.Edition, _ digest.Choice) (int, error) {
			r, err := s.Render(page(e), paperFrame)
			return max(message.EncodedLen(r.HTML), message.EncodedLen(r.Text)), err
		},
	})
	if err != nil {
		t.Fatal(err)
	}
	e := edition{"two-thousand", page(result.Edition), paperFrame}
	r := mustRender(t, s, e.page, e.frame)
	checkAsClients(t, s, e, r)
	for part, text := range map[string]string{"html": r.HTML, "text": r.Text} {
		if n := message.EncodedLen(text); n > budget || part == "html" && n < budget*97/100 {
			t.Errorf("%s part of %d bytes, budget %d", part, n, budget)
		}
		if !strings.Contains(text, paperFrame.UnsubscribeURL) {
			t.Errorf("%s part without the unsubscribe link", part)
		}
	}
	if n := len(result.Edition.Stories) + len(result.Carried) + len(result.Closed); n != len(stories) {
		t.Errorf("%d of %d stories are accounted for", n, len(stories))
	}
	lines := strings.SplitAfter(r.Text, "\n")
	golden.Check(t, filepath.Join("testdata", e.name+".txt"), fmt.Sprintf("Subject: %s\n%d stories in the edition, %d carried\nhtml %d bytes, SHA-256 %x\ntext %d bytes, SHA-256 %x\n\n%s[%d lines]\n%s",
		r.Subject, len(result.Edition.Stories), len(result.Carried), len(r.HTML), sha256.Sum256([]byte(r.HTML)), len(r.Text), sha256.Sum256([]byte(r.Text)),
		strings.Join(lines[:40], ""), len(lines)-80, strings.Join(lines[len(lines)-40:], "")))
}
