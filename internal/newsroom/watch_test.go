package newsroom_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"digestd/internal/newsroom"
	"digestd/internal/newsroom/town"
)

// watching is a config of six readers with words of their own, over a topic that has room for six stories.
const watching = town.Paper + `[topics.global]
title = "Global"
feeds = ["FEEDS/herald"]
max_stories = 7
max_per_feed = 7
[digests.daily]
title = "Morning Wire"
schedule = "0 7 * * *"
max_headlines = 1
topics = ["global"]
[[subscribers]]
email = "plain@example.org"
[[subscribers]]
email = "grain@example.org"
watch = ["grain", "bronze"]
[[subscribers]]
email = "quiet@example.org"
mute = ["Storm", "/lakes? treaty/"]
[[subscribers]]
email = "nolead@example.org"
mute = ["volcano"]
[[subscribers]]
email = "both@example.org"
watch = ["bronzes", "volcano"]
mute = ["museums"]
[[subscribers]]
email = "nothing@example.org"
watch = ["zebra"]
`

// titles are a day's news, the newest first: seven have room, one is a headline, two have none.
var titles = []string{"Volcano wakes under Skarholm ice", "Lakes treaty survives third vote", "Ferry fire off Sandholm kills two",
	"Nordic bank raises key rate", "Storm warning lifted along northern coast", "Kestrel Bay workers vote to end strike",
	"Wheat convoy reaches Port Amber", "Orlenne elects first woman mayor", "Grain fleet clears Seld strait", "Museum returns eleven bronzes"}

// entriesOf are the headlines of a mail's text part, each with the section that it stands in.
func entriesOf(mail string) (all []string) {
	_, body, _ := strings.Cut(mail, "\r\n\r\n")
	section := "LEAD"
	for line := range strings.SplitSeq(body, "\r\n") {
		switch {
		case line == "YOU WATCH" || line == "GLOBAL" || line == "LATEST NEWS" || line == "COVERAGE":
			section = line
		case line == "Content-Type: text/html; charset=utf-8":
			return all
		}
		if slices.Contains(titles, line) {
			all = append(all, section+": "+line)
		}
	}
	return all
}

func TestReadersWatchAndMute(t *testing.T) {
	w := town.New(t, watching)
	w.Show("/herald", titles...)
	w.At(1, "06:00")
	plain := w.Mail("plain@example.org", 0)
	if got := len(entriesOf(plain)); got != 8 {
		t.Fatalf("a reader without words sees %d stories: %q", got, entriesOf(plain))
	}
	has := func(email string, want bool, what ...string) {
		t.Helper()
		mail := w.Mail(email, 0)
		for _, words := range what {
			if strings.Contains(mail, words) != want {
				t.Errorf("%s: %q in the mail: %v\n%q", email, words, !want, entriesOf(mail))
			}
		}
	}
	has("plain@example.org", false, "Grain fleet", "eleven bronzes", "You watch", "YOU WATCH", "=\r\n=")
	has("grain@example.org", true, "YOU WATCH", "You watch", "\r\nGrain fleet clears Seld strait\r\n", "\r\nMuseum returns eleven bronzes\r\n",
		"Volcano wakes", "Lakes treaty")
	has("quiet@example.org", false, "Lakes treaty", "Storm warning", "YOU WATCH", "Grain fleet")
	has("quiet@example.org", true, "Volcano wakes", "Kestrel Bay workers")
	has("nolead@example.org", false, "Volcano")
	has("nolead@example.org", true, "Lakes treaty", "Storm warning")
	has("both@example.org", false, "bronzes")
	has("both@example.org", true, "YOU WATCH", "Volcano wakes")
	if a, b := w.Mail("nothing@example.org", 0), plain; !strings.Contains(a, "Storm warning") || len(entriesOf(a)) != len(entriesOf(b)) {
		t.Error("words that nothing has change the mail")
	}
	for _, email := range []string{"grain", "quiet", "nolead", "both"} { // no story stands twice in a mail
		seen := map[string]bool{}
		for _, e := range entriesOf(w.Mail(email+"@example.org", 0)) {
			_, title, _ := strings.Cut(e, ": ")
			if seen[title] {
				t.Errorf("%s reads twice of %s", email, title)
			}
			seen[title] = true
		}
	}
	st, err := w.Ledger.Editions.Get("daily/Europe/Paris/2026-03-13T07:00")
	if err != nil || len(st.Variants) > 5 {
		t.Errorf("%d variants for six readers, %v", len(st.Variants), err)
	}
	// what was let in was told, and does not come again
	w.Show("/herald", append([]string{"Ice road opens for lorries"}, titles...)...)
	w.At(2, "06:00")
	if mail := w.Mail("grain@example.org", 1); strings.Contains(mail, "Grain fleet") || !strings.Contains(mail, "Ice road") {
		t.Error("what was watched is told twice")
	}
	fates, _, err := w.Report.WhyItem("Grain fleet clears")
	if err != nil || len(fates) != 1 || fates[0].Lanes[0].Section != "you watch" || fates[0].Lanes[0].Readers != 1 {
		t.Errorf("why says %+v, %v", fates, err)
	}
}

// A preview for a reader with words of their own says what the mail will.
func TestPreviewOfWhatAReaderWatches(t *testing.T) {
	w := town.New(t, watching)
	w.Show("/herald", titles...)
	w.Now = town.OnDay(t, 1, "06:00")
	w.Collect()
	d, _ := w.Config.Digest("daily")
	lane := w.Config.Lanes(d)[0]
	slot, err := w.Publisher.Composer.PreviewSlot(d, lane, w.Now)
	if err != nil {
		t.Fatal(err)
	}
	previews := map[string]newsroom.Preview{}
	for _, email := range []string{"plain", "grain", "quiet", "nolead", "both", "nothing"} {
		who, _ := w.Config.Subscribers.Find(email + "@example.org")
		if previews[email], err = w.Publisher.Composer.Preview(d, who, slot, lane); err != nil {
			t.Fatal(err)
		}
	}
	w.Send(false)
	for email, v := range previews {
		want := entriesOf("\r\n\r\n" + strings.ReplaceAll(v.Rendered.Text, "\n", "\r\n"))
		got := entriesOf(w.Mail(email+"@example.org", 0))
		if fmt.Sprint(got) != fmt.Sprint(want) {
			t.Errorf("%s: the mail has\n%q, the preview\n%q", email, got, want)
		}
	}
}
