package report_test

import (
	"cmp"
	"fmt"
	"os"
	"runtime"
	"slices"
	"strings"
	"testing"
	"time"

	"digestd/digest"
	"digestd/internal/ledger"
	"digestd/internal/newsroom/town"
	"digestd/internal/report"
)

// TestGrowth measures what a poll, its commit alone, the commit of an edition and status cost with a ledger of 400 days,
// and with an empty one: docs/benchmarks/growth.sh. Times depend on what the disk has to do for others; what a commit
// writes and allocates does not. It asserts nothing.
func TestGrowth(t *testing.T) {
	if os.Getenv("DIGESTD_GROWTH") == "" {
		t.Skip("DIGESTD_GROWTH asks for this measurement")
	}
	const polled, known, readers = 30, 20, 10_000
	cost := func(days int) (costs [4]time.Duration, work counted) {
		w := town.New(t, town.One)
		grow(w, days, readers)
		var samples [4][]time.Duration
		var did []counted
		for n := range 21 {
			timed := func(i int, f func()) {
				began := time.Now()
				f()
				samples[i] = append(samples[i], time.Since(began))
			}
			w.Now = w.Now.Add(time.Minute)
			items := entries("measured", n*(polled-known), polled)
			before := count()
			timed(1, func() { show(w, "measured", items) })
			did = append(did, count().less(before))
			w.Serve("/herald", feed(n*(polled-known), polled, w.Now))
			timed(0, func() { w.Collect() })
			c := edition(w, fmt.Sprintf("daily/Europe/Paris/2030-01-01T%02d:%02d", n/60, n%60), readers)
			timed(2, func() { commit(w, c) })
			timed(3, func() {
				if _, err := w.Report.Status(report.Known{}); err != nil {
					t.Fatal(err)
				}
			})
			delivered(w, c)
		}
		for i, s := range samples {
			slices.Sort(s)
			costs[i] = s[len(s)/2]
		}
		return costs, medians(did)
	}
	empty, little := cost(0)
	full, much := cost(400)
	for i, what := range []string{"a poll of 30 items, 20 of them known", "its commit alone", "committing an edition to 10,000", "status"} {
		t.Logf("%-40s empty %8.2f ms   400 days %8.2f ms   %.2f times", what,
			float64(empty[i].Microseconds())/1000, float64(full[i].Microseconds())/1000, float64(full[i])/float64(empty[i]))
	}
	for i, what := range []string{"bytes that it writes", "writes", "bytes that it allocates", "allocations"} {
		t.Logf("its commit alone, %-22s empty %8d      400 days %8d      %.2f times", what, little[i], much[i], float64(much[i])/float64(little[i]))
	}
}

// counted is what this process did: bytes that it wrote, writes, bytes that it allocated, allocations.
type counted [4]uint64

func count() (c counted) {
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	c[2], c[3] = m.TotalAlloc, m.Mallocs
	raw, _ := os.ReadFile("/proc/self/io") // of Linux; elsewhere nothing is counted
	fmt.Sscanf(strings.ReplaceAll(string(raw), "\n", " "), "rchar: %d wchar: %d syscr: %d syscw: %d", new(uint64), &c[0], new(uint64), &c[1])
	return c
}

func (c counted) less(before counted) counted {
	for i := range c {
		c[i] -= before[i]
	}
	return c
}

func medians(all []counted) (m counted) {
	for i := range m {
		slices.SortFunc(all, func(a, b counted) int { return cmp.Compare(a[i], b[i]) })
		m[i] = all[len(all)/2][i]
	}
	return m
}

// grow gives a ledger 375 items and an edition a day, all delivered.
func grow(w *town.Town, days, readers int) {
	w.T.Helper()
	for day := range days {
		w.Now = w.Now.AddDate(0, 0, 1)
		for feed := range 15 {
			show(w, fmt.Sprint("outlet", feed), entries(fmt.Sprint("outlet", feed), day*25, 25))
		}
		c := edition(w, "daily/Europe/Paris/"+w.Now.Format("2006-01-02T07:00"), readers)
		commit(w, c)
		delivered(w, c)
	}
}

func entries(outlet string, first, n int) (items []digest.Item) {
	for i := first; i < first+n; i++ {
		link := fmt.Sprintf("https://%s.example/news/%d", outlet, i)
		items = append(items, digest.Item{GUID: link, Link: link, Title: fmt.Sprintf("Report number %d of %s on the harbour", i, outlet),
			Summary: digest.PlainText("Cranes moved again at first light, and forty ships wait in the roads.")})
	}
	return items
}

// feed is a document of entries.
func feed(first, n int, now time.Time) string {
	var b strings.Builder
	b.WriteString(`<rss version="2.0"><channel><title>Herald</title>`)
	for _, it := range entries("herald", first, n) {
		fmt.Fprintf(&b, "<item><guid>%s</guid><link>%[1]s</link><title>%s</title><description>%s</description><pubDate>%s</pubDate></item>",
			it.Link, it.Title, it.Summary.Plain(), now.Format(time.RFC1123Z))
	}
	b.WriteString("</channel></rss>")
	return b.String()
}

func show(w *town.Town, outlet string, items []digest.Item) {
	w.T.Helper()
	url := "https://" + outlet + ".example/feed.xml"
	for i := range items {
		items[i].Feed, items[i].Source, items[i].Published = url, outlet, w.Now
	}
	if _, err := w.Ledger.Items.CommitPoll(w.T.Context(), digest.FeedState{URL: url, LastFull: w.Now, LastPoll: w.Now, LastSuccess: w.Now}, items); err != nil {
		w.T.Fatal(err)
	}
}

func edition(w *town.Town, id string, readers int) ledger.Composition {
	w.T.Helper()
	c := ledger.Composition{Edition: digest.Edition{ID: id, Digest: "daily", Zone: "Europe/Paris", Slot: w.Now, Composed: w.Now},
		Variants: []ledger.Variant{{Body: make([]byte, 40_000)}}}
	for i := range readers {
		c.Recipients = append(c.Recipients, digest.Recipient{Index: i, Email: fmt.Sprintf("reader%d@example.org", i)})
	}
	var err error
	if c.Position, err = w.Ledger.Items.Last(); err != nil {
		w.T.Fatal(err)
	}
	if c.Before, err = w.Ledger.Lanes.Get(digest.Lane{Digest: "daily", Zone: "Europe/Paris"}); err != nil {
		w.T.Fatal(err)
	}
	return c
}

func commit(w *town.Town, c ledger.Composition) {
	w.T.Helper()
	if err := w.Ledger.Editions.Commit(c); err != nil {
		w.T.Fatal(err)
	}
}

func delivered(w *town.Town, c ledger.Composition) {
	w.T.Helper()
	for first := 0; first < len(c.Recipients); first += 1000 {
		var intents, sent []digest.Event
		for i := first; i < min(first+1000, len(c.Recipients)); i++ {
			intents = append(intents, digest.Event{Index: i, State: digest.Intent, At: w.Now, Attempt: 1, First: w.Now})
			sent = append(sent, digest.Event{Index: i, State: digest.Sent, At: w.Now, Attempt: 1, First: w.Now, Stage: "dot", Code: 250, Words: "2.0.0 queued"})
		}
		for _, events := range [][]digest.Event{intents, sent} {
			if err := w.Ledger.Deliveries.Record(w.T.Context(), c.Edition.ID, events); err != nil {
				w.T.Fatal(err)
			}
		}
	}
	if err := w.Ledger.Deliveries.Finish(c.Edition.ID); err != nil {
		w.T.Fatal(err)
	}
}
