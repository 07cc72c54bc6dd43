package collect

import (
	"bytes"
	"cmp"
	"context"
	"encoding/csv"
	"encoding/xml"
	"html"
	"log/slog"
	"net/mail"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"
	"unicode"

	"github.com/rivo/uniseg"
	"golang.org/x/net/html/charset"

	"digestd/digest"
	"digestd/internal/needs"
)

// manifest reads a tab-separated manifest of the corpus into maps by column.
func manifest(t testing.TB, path string) []map[string]string {
	t.Helper()
	f, err := os.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	r := csv.NewReader(f)
	r.Comma, r.LazyQuotes, r.FieldsPerRecord = '\t', true, -1
	records, err := r.ReadAll()
	if err != nil {
		t.Fatal(err)
	}
	var rows []map[string]string
	for _, record := range records[1:] {
		row := make(map[string]string)
		for i, name := range records[0] {
			if i < len(record) {
				row[name] = record[i]
			}
		}
		rows = append(rows, row)
	}
	return rows
}

// reader is a collector that only reads.
func reader(t testing.TB) *Collector {
	now := time.Date(2026, 7, 7, 12, 0, 0, 0, time.UTC)
	return New(Options{Every: 30 * time.Minute, Lookback: 24 * time.Hour, Timeout: 5 * time.Second, MaxSize: 10 << 20,
		Concurrency: 4, PerHost: 2}, nil, func() time.Time { return now }, slog.New(slog.DiscardHandler))
}

// cpuTime is what the process has used of the cores, which does not grow because others are busy.
func cpuTime(t testing.TB) time.Duration {
	t.Helper()
	var usage syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &usage); err != nil {
		t.Fatal(err)
	}
	return time.Duration(usage.Utime.Nano() + usage.Stime.Nano())
}

// Every well-formed feed of the parsers' fixtures has at least the entries that the oracle counted,
// and so have nine tenths of the broken ones.
func TestParserFixtures(t *testing.T) {
	dir := needs.Corpus(t, "feeds", "parser")
	c := reader(t)
	var broken, brokenRead int
	for _, row := range manifest(t, filepath.Join(dir, "manifest.tsv")) {
		switch row["format"] {
		case "expected-json", "opml":
			continue
		}
		path := filepath.Join(dir, row["path"])
		began := cpuTime(t)
		doc, err := c.Read(context.Background(), path)
		if spent := cpuTime(t) - began; spent > 2*time.Second && !underRace {
			t.Errorf("%s took %v of a core", row["path"], spent)
		}
		want, _ := strconv.Atoi(row["items_by_oracle"])
		got := 0
		if err == nil {
			got = len(doc.Items)
		}
		wellformed := row["wellformed"] == "yes"
		if !wellformed && row["items_by_oracle"] != "" {
			broken++
			if got >= want && (err == nil || want == 0) {
				brokenRead++
			}
		}
		if got < want || err != nil {
			msg := "-"
			if err != nil {
				msg = strings.TrimPrefix(err.Error(), "feed "+path)
			}
			log := t.Logf
			if wellformed && (want > 0 || row["format"] != "json") {
				log = t.Errorf
			}
			log("%s (%s, well-formed: %s): %d entries, oracle %d: %s", row["path"], row["format"], row["wellformed"], got, want, msg)
		}
	}
	if brokenRead*10 < broken*9 {
		t.Errorf("%d of %d broken feeds read as well as the oracle did, want nine tenths", brokenRead, broken)
	}
}

// plainItem is an item of RSS 2.0 as a strict parser reads it: the oracle for feeds that are in order.
type plainItem struct {
	Children []struct {
		XMLName xml.Name
		Text    string `xml:",chardata"`
	} `xml:",any"`
}

// link is where the entry itself is: behind the link, where a counter has taken its place.
func (it plainItem) link() string {
	for _, c := range it.Children {
		if c.XMLName.Local == "origLink" {
			return strings.TrimSpace(c.Text)
		}
	}
	return it.text("link")
}

// text is what the item's own element of that name says.
func (it plainItem) text(name string) string {
	for _, c := range it.Children {
		if c.XMLName.Space == "" && c.XMLName.Local == name {
			return strings.TrimSpace(c.Text)
		}
	}
	return ""
}

// visible brings a title into the form in which two that look the same are the same.
func visible(s string) string {
	s = strings.NewReplacer("\u200b", "", "\u00ad", "", "<i>", "", "</i>", "").Replace(s)
	return strings.Join(strings.FieldsFunc(s, unicode.IsSpace), " ")
}

// Real captures are read whole, with the very links, titles and dates.
func TestNewsCaptures(t *testing.T) {
	t.Parallel()
	dir := needs.Corpus(t, "feeds", "news")
	c := reader(t)
	for _, row := range manifest(t, filepath.Join(dir, "manifest.tsv")) {
		path := filepath.Join(dir, row["path"])
		doc, err := c.Read(context.Background(), path)
		if err != nil {
			t.Error(err)
			continue
		}
		if want, _ := strconv.Atoi(row["items_by_oracle"]); len(doc.Items) != want {
			t.Errorf("%s: %d entries, oracle %d", row["path"], len(doc.Items), want)
			continue
		}
		body, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		var oracle struct {
			Items []plainItem `xml:"channel>item"`
		}
		decoder := xml.NewDecoder(bytes.NewReader(body))
		decoder.CharsetReader = charset.NewReaderLabel
		if err := decoder.Decode(&oracle); err != nil {
			t.Errorf("%s: %v", row["path"], err)
			continue
		}
		for i, want := range oracle.Items {
			got := doc.Items[i]
			if got.Skipped {
				t.Errorf("%s: entry %d is skipped", row["path"], i)
			}
			if got.Link != want.link() || got.GUID != want.text("guid") {
				t.Errorf("%s: entry %d is %s (%s), want %s (%s)", row["path"], i, got.Link, got.GUID, want.link(), want.text("guid"))
			}
			if title := html.UnescapeString(want.text("title")); visible(got.Title) != visible(title) && title != "" {
				t.Errorf("%s: entry %d has title %q, want %q", row["path"], i, got.Title, title)
			}
			if date, err := mail.ParseDate(want.text("pubDate")); err == nil && !got.Published.Equal(date) {
				t.Errorf("%s: entry %d is of %v, want %v", row["path"], i, got.Published, date)
			} else if err != nil && want.text("pubDate") != "" && got.Published.IsZero() {
				t.Errorf("%s: entry %d has date %q, which was not read", row["path"], i, want.text("pubDate"))
			}
		}
	}
}

// titlesOf are the titles of what a document has to show.
func titlesOf(doc *Document) []string {
	var titles []string
	for _, it := range doc.Items {
		if !it.Skipped {
			titles = append(titles, it.Title)
		}
	}
	return titles
}

// linksOf are the links of a document, "-" for none.
func linksOf(doc *Document) string {
	var links []string
	for _, it := range doc.Items {
		links = append(links, cmp.Or(it.Link, "-"))
	}
	return strings.Join(links, " ")
}

// Each line of the hostile manifest: read or refused as it asks, every entry there, and what its
// column "must" says about items. What it says about mails is for those who make them.
func TestHostileFeeds(t *testing.T) {
	dir := needs.Corpus(t, "feeds", "hostile")
	const site = "https://feed.example.com/"
	wantTitles := func(want ...string) func(*testing.T, *Document) {
		return func(t *testing.T, doc *Document) {
			if got := titlesOf(doc); !slices.Equal(got, want) {
				t.Errorf("titles %q, want %q", got, want)
			}
		}
	}
	wantLinks := func(want string) func(*testing.T, *Document) {
		return func(t *testing.T, doc *Document) {
			if got := linksOf(doc); got != want {
				t.Errorf("links %s, want %s", got, want)
			}
		}
	}
	wantSummaries := func(want ...string) func(*testing.T, *Document) {
		return func(t *testing.T, doc *Document) {
			var got []string
			for _, it := range doc.Items {
				got = append(got, spell(it.Summary))
			}
			if !slices.Equal(got, want) {
				t.Errorf("summaries %q, want %q", got, want)
			}
		}
	}
	wantDates := func(want ...string) func(*testing.T, *Document) {
		return func(t *testing.T, doc *Document) {
			var got []string
			for _, it := range doc.Items {
				if it.Published.IsZero() {
					got = append(got, "")
				} else {
					got = append(got, it.Published.UTC().Format("2006-01-02T15:04:05"))
				}
			}
			if !slices.Equal(got, want) {
				t.Errorf("dates %q, want %q", got, want)
			}
		}
	}
	wantSkipped := func(want int) func(*testing.T, *Document) {
		return func(t *testing.T, doc *Document) {
			if got := len(doc.Items) - len(titlesOf(doc)); got != want {
				t.Errorf("%d entries have nothing to show, want %d", got, want)
			}
		}
	}
	checks := map[string]func(*testing.T, *Document){
		"01-xxe-entity.xml":    wantTitles("before after", "Plain item"),
		"02-xxe-dtd.xml":       wantTitles("Item with inside"),
		"05-deep-html.xml":     wantSummaries("bottom", "fine"),
		"07-50k-items.xml":     wantSkipped(50_000),
		"08-utf16-bom.xml":     wantTitles("Žluťoučký kůň — 日本語", "Zweite Meldung: Größe"),
		"09-utf16-nobom.xml":   wantTitles("Žluťoučký kůň — 日本語", "Zweite Meldung: Größe"),
		"10-bad-utf8-byte.xml": wantTitles("Café opens", "Second item"),
		"13-script.xml":        wantTitles("Title", "Handlers", "Split tags", "Comments"),
		"14-url-schemes.xml": func(t *testing.T, doc *Document) {
			wantLinks("- - - "+site+"4 - -")(t, doc)
			wantSummaries("", "", "", "abcd [good](https://good.example.com/)ef", "", "")(t, doc)
		},
		"15-svg-style.xml":  wantSummaries("", "cover", "", "not yours hidden"),
		"16-form-meta.xml":  wantSummaries("text one", "text two", "[Unsubscribe](https://evil.invalid/unsubscribe) [write](mailto:all@example.org)"),
		"17-unbalanced.xml": wantSummaries("outside", "text", "", "", "", "must still be seen"),
		"18-pixels.xml": func(t *testing.T, doc *Document) {
			for i, it := range doc.Items {
				if picture := it.Image != nil; picture != (i == 3) {
					t.Errorf("item %d has picture %+v", i+1, it.Image)
				}
			}
			if img := doc.Items[3].Image; img != nil && *img != (digest.Image{URL: site + "photo.jpg", Width: 600, Height: 400, Alt: "A bridge"}) {
				t.Errorf("picture %+v", *img)
			}
		},
		"19-rel-nobase.xml": wantLinks(site + "news/1 https://www.example.net/2 " + site + "section/news/3.html " + site + "section/?id=4#top " + site + "5"),
		"20-rel-base.xml":   wantLinks("https://base.example.com/a/one https://base.example.com/b/two https://base.example.com/a/three"),
		"21-no-dates.xml":   wantDates("", "", "", ""),
		"22-odd-years.xml":  wantDates("", "", "", "2026-07-06T13:00:00", "", "", "2026-06-30T23:59:59"),
		"23-foreign-dates.xml": wantDates("2026-07-06T06:00:00", "2026-07-06T08:00:00", "2026-07-06T06:00:00", "2026-07-06T05:00:00",
			"2026-07-06T08:00:00", "", "2026-07-06T06:00:00"),
		"24-dup-guid.xml":     wantLinks(site + "1 " + site + "2 " + site + "3 " + site + "4 " + site + "5"),
		"26-no-guid-link.xml": wantTitles("Only a title", "Title and text", "Only text, no title", "Only a title"),
		"28-bidi.xml":         wantTitles("Invoice gnp.exe safe", "isolate never closed", "שלום עולם 123 abc", "مرحبا \u200fworld\u200e", "LAST reversed?", "After: plain"),
		"33-cut-in-cdata.xml": wantTitles("Whole item"),
		"34-wrong-types.json": func(t *testing.T, doc *Document) {
			wantLinks("- https://feed.example.com/2 - - - https://feed.example.com/4 -")(t, doc)
			if titles := titlesOf(doc); !slices.Contains(titles, "Good item") || doc.Items[0].GUID != "1" {
				t.Errorf("titles %q, first id %q", titles, doc.Items[0].GUID)
			}
		},
		"35-atom-xhtml.xml": func(t *testing.T, doc *Document) {
			wantTitles("AT&T bold 1 < 2", "AT&T html title", "Plain <b> stays text")(t, doc)
			wantLinks(site+"1 "+site+"2 "+site+"3")(t, doc)
			wantSummaries("para [link]("+site+"x)", "prefixed", "a < b")(t, doc)
		},
		"36-rss091.xml": wantTitles("Été à la mer", "Two & three"),
		"37-rss10.rdf":  wantDates("2026-07-06T06:01:00", "2026-07-06T00:00:00"),
		"39-template.xml": wantTitles(`{{.Secret}} {{define "x"}} ${7*7} <%= 7*7 %> #{7*7} %s%n%x %%`,
			`{% include "secret" %} $(id) `+"`id`"+` ; DROP TABLE items; -- ' " \`, "<b>double escaped</b> & '"),
	}
	c := reader(t)
	for _, row := range manifest(t, filepath.Join(dir, "manifest.tsv")) {
		if row["parse"] == "-" {
			continue
		}
		t.Run(row["file"], func(t *testing.T) {
			began := cpuTime(t)
			doc, err := c.Read(context.Background(), filepath.Join(dir, row["file"]))
			if spent := cpuTime(t) - began; spent > 2*time.Second && !underRace {
				t.Errorf("took %v of a core", spent)
			}
			if read := err == nil; row["parse"] == "ok" && !read || row["parse"] == "reject" && read {
				t.Fatalf("read: %v (%v), the manifest says %s", read, err, row["parse"])
			}
			if err != nil {
				if !strings.Contains(err.Error(), row["file"]) {
					t.Errorf("the error does not name the feed: %v", err)
				}
				return
			}
			want, _ := strconv.Atoi(row["items"])
			if row["wellformed"] != "no" && len(doc.Items) != want {
				t.Errorf("%d entries, want %d", len(doc.Items), want)
			}
			for _, it := range doc.Items {
				checkText(t, it.Content)
				if all := describe(it.Item) + spell(it.Content); strings.Contains(all, "CANARY") || strings.Contains(all, "\ufffd") {
					t.Errorf("%.200s", all)
				}
				if uniseg.GraphemeClusterCount(it.Title) > maxTitle+1 {
					t.Errorf("a title of %d bytes", len(it.Title))
				}
			}
			if check := checks[row["file"]]; check != nil {
				check(t, doc)
			}
		})
	}
}
