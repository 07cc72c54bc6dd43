package curate

import (
	"encoding/xml"
	"fmt"
	"html"
	"io"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"digestd/digest"
	"digestd/internal/needs"
)

// rss is as much of RSS 2.0 as the replay needs; reading feeds properly is collect's business.
type rss struct {
	Items []struct {
		Title       string   `xml:"title"`
		Link        string   `xml:"link"`
		GUID        string   `xml:"guid"`
		Description string   `xml:"description"`
		Published   string   `xml:"pubDate"`
		Categories  []string `xml:"category"`
	} `xml:"channel>item"`
}

var tags = regexp.MustCompile(`<[^>]*>`)

func plain(s string) string {
	return strings.Join(strings.Fields(html.UnescapeString(tags.ReplaceAllString(s, " "))), " ")
}

// capture reads the items of one captured feed.
func capture(t testing.TB, path, outlet string, at time.Time) []digest.Item {
	f, err := os.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	d := xml.NewDecoder(f)
	d.Strict = false
	d.CharsetReader = func(_ string, r io.Reader) (io.Reader, error) { return r, nil }
	var feed rss
	if err := d.Decode(&feed); err != nil {
		t.Logf("%s: %v", path, err)
	}
	var out []digest.Item
	for _, it := range feed.Items {
		title := plain(it.Title)
		if title == "" {
			continue
		}
		published, _ := time.Parse(time.RFC1123Z, it.Published)
		if published.IsZero() {
			published, _ = time.Parse(time.RFC1123, it.Published)
		}
		out = append(out, digest.Item{Feed: "https://feeds.example.org/" + outlet, Source: outlet, GUID: strings.TrimSpace(it.GUID), Link: strings.TrimSpace(it.Link),
			Title: title, Summary: digest.PlainText(plain(it.Description)), Categories: it.Categories, Published: published, FirstSeen: at, LastShown: at})
	}
	return out
}

// memory is the little of a ledger that identity needs.
type memory struct {
	items   []digest.Item
	aliases map[Key]uint64
}

// show takes in an item that a feed shows, and tells whether it is new.
func (m *memory) show(it digest.Item) (seq uint64, fresh bool) {
	keys := Keys(it)
	for _, k := range keys {
		if seq := m.aliases[k]; seq != 0 && Same(m.items[seq-1], it, k) {
			m.alias(keys, seq)
			return seq, false
		}
	}
	it.Seq = uint64(len(m.items) + 1)
	m.items = append(m.items, it)
	m.alias(keys, it.Seq)
	return it.Seq, true
}

func (m *memory) alias(keys []Key, seq uint64) {
	for _, k := range keys {
		if m.aliases[k] == 0 {
			m.aliases[k] = seq
		}
	}
}

// TestReplay replays the captured news with an edition a day and prints, under -v, what was merged.
func TestReplay(t *testing.T) {
	dir := filepath.Dir(needs.Corpus(t, "feeds/news/replay.tsv"))
	outlets := make(map[string]bool)
	m := memory{aliases: make(map[Key]uint64)}
	type day struct {
		at    time.Time
		until int // items seen by then
	}
	var days []day
	shown := 0
	var last time.Time
	for _, row := range tsv(t, filepath.Join(dir, "replay.tsv")) {
		at, err := time.Parse(time.RFC3339, row[0])
		if err != nil {
			t.Fatal(err)
		}
		if !last.IsZero() && at.Truncate(24*time.Hour).After(last.Truncate(24*time.Hour)) {
			days = append(days, day{last.Truncate(24 * time.Hour).Add(24 * time.Hour), len(m.items)})
		}
		last = at
		outlets[row[1]] = true
		for _, it := range capture(t, filepath.Join(dir, row[2]), row[1], at) {
			shown++
			m.show(it)
		}
	}
	days = append(days, day{last, len(m.items)})
	topic := digest.Topic{ID: "all"}
	for o := range outlets {
		topic.Feeds = append(topic.Feeds, digest.Feed{URL: "https://feeds.example.org/" + o, Name: o, Weight: 1})
	}
	t.Logf("%d showings, %d items, %d editions", shown, len(m.items), len(days))

	used := make(map[uint64]string)
	var sent []digest.Story
	from, merges := 0, 0
	for _, d := range days {
		var recent []digest.Story
		for _, s := range sent {
			if d.at.Sub(s.Lead().When()) <= 60*time.Hour {
				recent = append(recent, s)
			}
		}
		items := m.items[from:d.until]
		from = d.until
		stories, closed := Curate([]digest.Topic{topic}, items, recent, Options{Now: d.at, Since: d.at.Add(-24 * time.Hour)})
		count := 0
		use := func(it digest.Item, where string) {
			if before := used[it.Seq]; before != "" {
				t.Errorf("%q stands twice: %s, %s", it.Title, before, where)
			}
			used[it.Seq] = where
			count++
		}
		t.Logf("== %s: %d items, %d stories", d.at.Format(time.DateOnly), len(items), len(stories))
		for _, s := range stories {
			for _, it := range s.Items {
				use(it, s.ID)
			}
			for _, j := range s.Joins {
				merges++
				t.Logf("%.2f %v\n\t[%s] %s\n\t\t%s\n\t[%s] %s\n\t\t%s", j.Score, j.Terms, m.items[j.With-1].Source, m.items[j.With-1].Title, short(m.items[j.With-1]), m.items[j.Item-1].Source, m.items[j.Item-1].Title, short(m.items[j.Item-1]))
			}
		}
		for _, c := range closed {
			use(c.Item, c.Reason)
			t.Logf("closed %.2f %v [%s] %s\n\t\t%s\n\t%s", c.Score, c.Terms, c.Item.Source, c.Item.Title, short(c.Item), c.Reason)
		}
		if count != len(items) {
			t.Errorf("%d items came in, %d went out", len(items), count)
		}
		sent = append(sent, stories...)
	}
	t.Logf("%d merges", merges)
	if len(used) != len(m.items) {
		t.Errorf("%d items of %d were used", len(used), len(m.items))
	}
}

func short(it digest.Item) string {
	s := it.Summary.Plain()
	return fmt.Sprintf("%.110s (%s)", s, it.When().Format("2 15:04"))
}
