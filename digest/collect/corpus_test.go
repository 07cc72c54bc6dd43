package collect

import (
	"context"
	"encoding/csv"
	"log/slog"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"
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
		began := time.Now()
		doc, err := c.Read(context.Background(), path)
		if spent := time.Since(began); spent > 2*time.Second {
			t.Errorf("%s took %v", row["path"], spent)
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
