package newsroom_test

import (
	"context"
	"encoding/csv"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"digestd/digest"
	"digestd/digest/curate"
	"digestd/internal/ledger"
	"digestd/internal/needs"
	"digestd/internal/newsroom/town"
)

// replayed is a row of the corpus's replay: what an outlet's feed showed at a time.
type replayed struct {
	at           time.Time
	outlet, path string
}

func replay(t *testing.T) []replayed {
	t.Helper()
	news := needs.Corpus(t, "feeds", "news")
	f, err := os.Open(filepath.Join(news, "replay.tsv"))
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	in := csv.NewReader(f)
	in.Comma, in.LazyQuotes = '\t', true
	rows, err := in.ReadAll()
	if err != nil {
		t.Fatal(err)
	}
	var all []replayed
	for _, row := range rows[1:] {
		at, err := time.Parse(time.RFC3339, row[0])
		if err != nil {
			t.Fatal(err)
		}
		all = append(all, replayed{at, row[1], filepath.Join(news, row[2])})
	}
	return all
}

// replayConfig has one feed an outlet, and an edition a day in UTC.
func replayConfig(rows []replayed) string {
	var feeds []string
	seen := map[string]bool{}
	for _, r := range rows {
		if !seen[r.outlet] {
			seen[r.outlet] = true
			feeds = append(feeds, `{ url = "FEEDS/`+r.outlet+`", name = "`+r.outlet+`" }`)
		}
	}
	text := strings.Replace(one, `["FEEDS/herald", "FEEDS/gazette"]`, "["+strings.Join(feeds, ", ")+"]", 1)
	return strings.Replace(text, `timezone = "Europe/Paris"`, `timezone = "UTC"`, 1)
}

// TestReplayLosesNothingAndRepeatsNothing shows a newsroom what real feeds showed over days, with an edition
// a day, and counts both ways: from the items to the editions, and from the editions to the items.
func TestReplayLosesNothingAndRepeatsNothing(t *testing.T) {
	rows := replay(t)
	w := town.New(t, replayConfig(rows))
	shown := map[string]bool{} // links of all entries, as the captures have them
	editions := 0
	send := func() {
		for _, out := range w.Send(false) {
			if out.Composed {
				editions++
			}
		}
	}
	for i, r := range rows {
		if i > 0 {
			if slot := nextMorning(rows[i-1].at); !r.at.Before(slot) {
				w.Now = slot
				send()
			}
		}
		w.Now = r.at
		raw, err := os.ReadFile(r.path)
		if err != nil {
			t.Fatal(err)
		}
		w.Serve("/"+r.outlet, string(raw))
		if sum := w.Publisher.Poll(context.Background(), feedsNamed(w, r.outlet), true, nil); sum.Failed > 0 {
			t.Fatalf("%s: %v", r.path, sum.Results[0].Err)
		}
		doc, err := w.Publisher.Collector.Read(context.Background(), r.path)
		if err != nil {
			t.Fatal(err)
		}
		for _, it := range doc.Items {
			if !it.Skipped && it.Link != "" {
				shown[curate.CanonicalLink(it.Link)] = true
			}
		}
	}
	for range 3 { // what was carried goes into the next editions
		w.Now = nextMorning(w.Now)
		send()
	}

	d, _ := w.Config.Digest("daily")
	lane := w.Config.Lanes(d)[0]
	items, err := w.Ledger.Items.After(0)
	if err != nil {
		t.Fatal(err)
	}
	known, joined := map[string]bool{}, map[string]int{}
	fates := map[string]int{}
	used := map[uint64]string{}
	for _, it := range items {
		known[curate.CanonicalLink(it.Link)] = true
		for _, a := range it.Aliases { // another address of the same article: why finds it there
			known[curate.CanonicalLink(a.Link)] = true
			joined[a.By]++
		}
		f, err := w.Report.Fate(d, lane, it)
		if err != nil {
			t.Fatal(err)
		}
		switch {
		case f.Section != "":
			used[it.Seq] = f.Edition
			fates["used"]++
		case f.Reason == "", strings.HasPrefix(f.Reason, "waits"):
			t.Errorf("item %d (%s) is in no edition, and nothing tells why: %+v", it.Seq, it.Link, f)
		default:
			reason, _, _ := strings.Cut(f.Reason, " of “")
			fates[reason]++
		}
	}
	for link := range shown {
		if !known[link] {
			t.Errorf("%s was shown, and the ledger does not know it", link)
		}
	}

	states, err := w.Ledger.Editions.Select(func(ledger.EditionState) bool { return true })
	if err != nil {
		t.Fatal(err)
	}
	stood := map[uint64]string{}
	links := map[string]string{}
	for _, st := range states {
		e, err := w.Ledger.Editions.Frozen(st.ID)
		if err != nil {
			t.Fatal(err)
		}
		for _, s := range e.Stories {
			for _, it := range s.Items {
				if before := stood[it.Seq]; before != "" {
					t.Errorf("item %d stands in %s and in %s", it.Seq, before, st.ID)
				}
				stood[it.Seq] = st.ID
				if link := it.Feed + " " + curate.CanonicalLink(it.Link); it.Link != "" {
					if before := links[link]; before != "" && s.Follows == nil { // else it says that it follows
						t.Errorf("%s stands in %s and in %s", link, before, st.ID)
					}
					links[link] = st.ID
				}
				if used[it.Seq] != st.ID {
					t.Errorf("item %d stands in %s, and its outcome says %q", it.Seq, st.ID, used[it.Seq])
				}
			}
		}
	}
	if len(stood) != len(used) {
		t.Errorf("%d items stand in editions, and %d have an edition as their outcome", len(stood), len(used))
	}
	if w.Received("ana@example.org") != editions {
		t.Errorf("%d editions, and ana has %d mails", editions, w.Received("ana@example.org"))
	}
	t.Logf("%d items of %d links in %d editions: %v; joined by %v", len(items), len(shown), editions, fates, joined)
}

// nextMorning is the first slot after a time.
func nextMorning(at time.Time) time.Time {
	slot := time.Date(at.Year(), at.Month(), at.Day(), 7, 0, 0, 0, time.UTC)
	if !slot.After(at) {
		slot = slot.AddDate(0, 0, 1)
	}
	return slot
}

// feedsNamed is the feed of one outlet.
func feedsNamed(w *town.Town, outlet string) []digest.Feed {
	var some []digest.Feed
	for _, f := range w.Config.Feeds() {
		if f.Name == outlet {
			some = append(some, f)
		}
	}
	return some
}
