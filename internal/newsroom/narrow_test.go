package newsroom_test

import (
	"context"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"digestd/digest"
	"digestd/internal/ledger"
	"digestd/internal/newsroom"
	"digestd/internal/newsroom/town"
	"digestd/subscribers"
)

// What readers chose themselves can only take away.
func TestPreferencesNarrow(t *testing.T) {
	topics := []string{"global", "diplomacy", "sport"}
	christmas := time.Date(2026, 12, 24, 0, 0, 0, 0, mustZone(t, "America/New_York"))
	for name, row := range map[string]struct {
		profile subscribers.Profile
		own     digest.Preferences
		topics  []string // nil: all
		format  string
		paused  time.Time
	}{
		"nothing":                     {profile: subscribers.Profile{Format: "html"}, format: "html"},
		"a topic less":                {profile: subscribers.Profile{Format: "html"}, own: digest.Preferences{Without: []string{"sport"}}, topics: []string{"global", "diplomacy"}, format: "html"},
		"a topic less of two":         {profile: subscribers.Profile{Topics: []string{"sport", "global"}, Format: "html"}, own: digest.Preferences{Without: []string{"sport"}}, topics: []string{"global"}, format: "html"},
		"a topic they never had":      {profile: subscribers.Profile{Topics: []string{"global"}, Format: "html"}, own: digest.Preferences{Without: []string{"sport"}}, topics: []string{"global"}, format: "html"},
		"a topic that is gone":        {profile: subscribers.Profile{Format: "html"}, own: digest.Preferences{Without: []string{"weather"}}, format: "html"},
		"no topic at all":             {profile: subscribers.Profile{Format: "html"}, own: digest.Preferences{Without: topics}, topics: []string{}, format: "html"},
		"plain text":                  {profile: subscribers.Profile{Format: "html"}, own: digest.Preferences{PlainText: true}, format: "text"},
		"plain text stays":            {profile: subscribers.Profile{Format: "text"}, own: digest.Preferences{Without: []string{"weather"}}, format: "text"},
		"paused on their own clock":   {profile: subscribers.Profile{Format: "html", Zone: "America/New_York"}, own: digest.Preferences{PausedUntil: "2026-12-24"}, format: "html", paused: christmas},
		"paused longer by the file":   {profile: subscribers.Profile{Format: "html", Zone: "America/New_York", PausedUntil: christmas}, own: digest.Preferences{PausedUntil: "2026-12-23"}, format: "html", paused: christmas},
		"paused longer by themselves": {profile: subscribers.Profile{Format: "html", Zone: "America/New_York", PausedUntil: christmas.AddDate(0, 0, -9)}, own: digest.Preferences{PausedUntil: "2026-12-24"}, format: "html", paused: christmas},
		"paused until what is no day": {profile: subscribers.Profile{Format: "html", PausedUntil: christmas}, own: digest.Preferences{PausedUntil: "soon"}, format: "html", paused: christmas},
	} {
		t.Run(name, func(t *testing.T) {
			before := row.profile
			before.Topics = slices.Clone(row.profile.Topics)
			got := newsroom.Narrowed(&row.profile, row.own, topics)
			if of := got.TopicsOf(topics); !slices.Equal(of, row.topics) || (of == nil) != (row.topics == nil) {
				t.Errorf("topics %q, want %q", of, row.topics)
			}
			if got.Format != row.format || !got.PausedUntil.Equal(row.paused) {
				t.Errorf("format %q, paused until %v", got.Format, got.PausedUntil)
			}
			if !slices.Equal(row.profile.Topics, before.Topics) || row.profile.Format != before.Format {
				t.Errorf("the shared profile has changed: %+v", row.profile)
			}
		})
	}
}

func mustZone(t *testing.T, name string) *time.Location {
	t.Helper()
	zone, err := time.LoadLocation(name)
	if err != nil {
		t.Fatal(err)
	}
	return zone
}

// twoTopics is a config with a topic a feed, and three readers of the same profile.
const twoTopics = town.Paper + `[topics.global]
feeds = ["FEEDS/herald"]
[topics.diplomacy]
feeds = ["FEEDS/gazette"]
[digests.daily]
schedule = "0 7 * * *"
topics = ["global", "diplomacy"]
[[subscribers]]
email = "ana@example.org"
[[subscribers]]
email = "benoit@example.org"
[[subscribers]]
email = "chiyo@example.org"
`

func choose(w *town.Town, email string, own digest.Preferences) {
	w.T.Helper()
	if err := w.Ledger.Readers.Grant(ledger.Wish{Email: email, Source: "page", Preferences: &own}); err != nil {
		w.T.Fatal(err)
	}
}

func TestReadersGetWhatTheyChose(t *testing.T) {
	w := town.New(t, twoTopics)
	w.Show("/herald", "Cranes move again in the harbour")
	w.Show("/gazette", "Lakes treaty is signed at last")
	w.Collect()
	choose(w, "ana@example.org", digest.Preferences{Without: []string{"global"}})
	choose(w, "chiyo@example.org", digest.Preferences{PlainText: true})
	w.Send(false)
	if mail := w.Mail("ana@example.org", 0); strings.Contains(mail, "Cranes") || !strings.Contains(mail, "Lakes treaty") || !strings.Contains(mail, "text/html") {
		t.Error("ana does not want global and gets something else")
	}
	if mail := w.Mail("benoit@example.org", 0); !strings.Contains(mail, "Cranes") || !strings.Contains(mail, "Lakes treaty") {
		t.Error("benoit chose nothing, and does not get all")
	}
	if mail := w.Mail("chiyo@example.org", 0); strings.Contains(mail, "text/html") || !strings.Contains(mail, "Cranes") {
		t.Error("chiyo wants plain text and gets something else")
	}
	d, err := w.Config.Digest("daily")
	if err != nil {
		t.Fatal(err)
	}
	ana, _ := w.Config.Subscribers.Find("ana@example.org")
	lane := digest.Lane{Digest: "daily", Zone: "Europe/Paris"}
	slot, err := w.Publisher.Composer.PreviewSlot(d, lane, time.Time{})
	if err != nil {
		t.Fatal(err)
	}
	if v, err := w.Publisher.Composer.Preview(d, ana, slot, lane); err != nil || !slices.Equal(v.Page.Variant.Topics, []string{"diplomacy"}) {
		t.Errorf("the preview for ana has the topics %q, %v", v.Page.Variant.Topics, err)
	}
	if r, err := w.Report.WhyReader("ana@example.org"); err != nil || r.Own == nil || !slices.Equal(r.Own.Without, []string{"global"}) {
		t.Errorf("why tells %+v, %v", r.Own, err)
	}

	choose(w, "benoit@example.org", digest.Preferences{PausedUntil: "2026-03-14"})
	choose(w, "chiyo@example.org", digest.Preferences{Language: "fr", Length: "short", WithoutDays: []string{"fri"}})
	for day, news := range []string{"Volcano monitors raise the alert level", "Envoys leave the mountain town"} {
		w.Now = town.Thursday.AddDate(0, 0, 1+day)
		w.Show("/herald", news)
		w.Collect()
		w.Send(false)
	}
	if got := w.Received("ana@example.org"); got != 1 {
		t.Errorf("ana has %d mails, though only global has news", got)
	}
	if got := w.Received("chiyo@example.org"); got != 2 || !strings.Contains(w.Mail("chiyo@example.org", 1), "Samedi 14 mars") {
		t.Errorf("chiyo, who wants French and no mail on Fridays, has %d mails, want those of Thursday and Saturday", got)
	}
	if got := w.Received("benoit@example.org"); got != 2 || !strings.Contains(w.Mail("benoit@example.org", 1), "Envoys leave") {
		t.Errorf("benoit, paused until the 14th, has %d mails, want that of the 12th and that of the 14th", got)
	}
}

// Pages are promised where there is a listener for them, and nowhere else.
func TestLinksOfTheMail(t *testing.T) {
	for base, want := range map[string]string{
		"": `<mailto:digest@example.org\?subject=unsubscribe%20[A-Za-z0-9_-]{22}>`,
		"[web]\nlisten = \"127.0.0.1:8080\"\nbase_url = \"https://news.example.org/wire/\"\n": `<https://news.example.org/wire/u/[A-Za-z0-9_-]{22}>,\r\n <mailto:digest@example.org\?subject=unsubscribe%20[A-Za-z0-9_-]{22}>`,
	} {
		w := town.New(t, base+one)
		w.Show("/herald", "Cranes move again in the harbour")
		w.Show("/gazette", "Court strikes down the river levy")
		w.Collect()
		w.Send(false)
		mail := w.Mail("ana@example.org", 0)
		if !regexp.MustCompile(`(?m)^List-Unsubscribe: ` + want + `\r$`).MatchString(mail) {
			t.Errorf("with %q the mail has no header like %s:\n%.2000s", base, want, mail)
		}
		for _, what := range []string{"\r\nList-Unsubscribe-Post: List-Unsubscribe=One-Click\r\n", "https://news.example.org/wire/u/", "https://news.example.org/wire/p/"} {
			if strings.Contains(mail, what) != (base != "") {
				t.Errorf("with %q: %q stands in the mail, or should", base, what)
			}
		}
	}
}

// The link in a test copy is nobody's: whoever tries it must not unsubscribe the first reader of the
// edition that comes later.
func TestLinksOfTestCopiesAreNobodys(t *testing.T) {
	w := town.New(t, one)
	w.Show("/herald", "Cranes move again in the harbour")
	w.Show("/gazette", "Court strikes down the river levy")
	w.Collect()
	d, err := w.Config.Digest("daily")
	if err != nil {
		t.Fatal(err)
	}
	lane := digest.Lane{Digest: "daily", Zone: "Europe/Paris"}
	slot, err := w.Publisher.Composer.PreviewSlot(d, lane, w.Now)
	if err != nil {
		t.Fatal(err)
	}
	v, err := w.Publisher.Composer.Preview(d, subscribers.Subscriber{}, slot, lane)
	if err != nil {
		t.Fatal(err)
	}
	copies, err := w.Publisher.Composer.SendCopies(context.Background(), w, v, []string{"eve@example.org", "fay@example.org"}, "")
	if err != nil || len(copies) != 2 || copies[0].Err != nil || copies[1].Err != nil {
		t.Fatalf("copies %+v, %v", copies, err)
	}
	w.Send(false)
	token := regexp.MustCompile(`subject=unsubscribe%20([A-Za-z0-9_-]{22})`)
	texts := map[string]string{"the preview": v.Rendered.HTML, "eve": w.Mail("eve@example.org", 0), "fay": w.Mail("fay@example.org", 0)}
	for name, text := range texts {
		found := token.FindStringSubmatch(text)
		if found == nil {
			t.Fatalf("%s has no link", name)
		}
		if d, err := w.Ledger.Resolve(found[1], subscribers.ForUnsubscribe); err == nil {
			t.Errorf("the link of %s is that of %s", name, d.To.Email)
		}
	}
	if found := token.FindStringSubmatch(w.Mail("ana@example.org", 0)); found != nil {
		if d, err := w.Ledger.Resolve(found[1], subscribers.ForUnsubscribe); err != nil || d.To.Email != "ana@example.org" {
			t.Errorf("the link of ana is that of %q, %v", d.To.Email, err)
		}
	}
	id := regexp.MustCompile(`(?m)^Message-ID: (.*)\r$`)
	if a, b := id.FindString(texts["eve"]), id.FindString(texts["fay"]); a == "" || a == b {
		t.Errorf("two copies have the Message-IDs %q and %q", a, b)
	}
}
