package collect

import (
	"bytes"
	"context"
	"encoding/csv"
	"encoding/xml"
	"html"
	"log/slog"
	"net/mail"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"
	"unicode"

	"golang.org/x/net/html/charset"
)

// corpus is where the developers' corpus is, or a reason to skip.
func corpus(t testing.TB, parts ...string) string {
	t.Helper()
	root := os.Getenv("DIGESTD_CORPUS")
	if root == "" {
		if os.Getenv("DIGESTD_REQUIRE") == "all" {
			t.Fatal("DIGESTD_CORPUS is not set, and DIGESTD_REQUIRE=all asks for every test")
		}
		t.Skip("DIGESTD_CORPUS is not set: no corpus of feeds to read")
	}
	return filepath.Join(append([]string{root}, parts...)...)
}

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
	dir := corpus(t, "feeds", "parser")
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
		if spent := cpuTime(t) - began; spent > 2*time.Second {
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
	dir := corpus(t, "feeds", "news")
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
			if got.Link != want.text("link") || got.GUID != want.text("guid") {
				t.Errorf("%s: entry %d is %s (%s), want %s (%s)", row["path"], i, got.Link, got.GUID, want.text("link"), want.text("guid"))
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
