package inbound

import (
	"encoding/csv"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"digestd/internal/needs"
	"digestd/subscribers"
)

// manifest reads a table of tabs; its first line names the columns.
func manifest(t *testing.T, path string) (rows []map[string]string) {
	f, err := os.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	in := csv.NewReader(f)
	in.Comma, in.LazyQuotes, in.FieldsPerRecord = '\t', true, -1
	all, err := in.ReadAll()
	if err != nil {
		t.Fatal(err)
	}
	for _, record := range all[1:] {
		row := map[string]string{}
		for i, name := range all[0] {
			row[name] = record[i]
		}
		rows = append(rows, row)
	}
	return rows
}

// TestCorpus holds on real bounces: each recipient of those that follow RFC 3464, four fifths of the others, and
// for each of them whether it is for good.
func TestCorpus(t *testing.T) {
	dir := needs.Corpus(t, "bounces")
	var dsn, dsnFound, other, otherFound, extra int
	for _, row := range manifest(t, filepath.Join(dir, "manifest.tsv")) {
		raw, err := os.ReadFile(filepath.Join(dir, row["file"]))
		if err != nil {
			t.Fatal(err)
		}
		r := Parse(raw)
		named := map[string]bool{}
		for _, a := range r.Named() {
			named[subscribers.Key(a)] = true
		}
		var missing []string
		expected := 0
		for a := range strings.SplitSeq(row["recipients"], ",") {
			if a == "" {
				continue
			}
			expected++
			if !named[subscribers.Key(a)] {
				missing = append(missing, a)
			}
			delete(named, subscribers.Key(a))
		}
		extra += len(named)
		if len(named) > 0 {
			t.Logf("%s: also names %v", row["file"], named)
		}
		found := expected - len(missing)
		if row["detector"] == "dsn" {
			dsn += expected
			dsnFound += found
			if len(missing) > 0 {
				t.Errorf("%s: %s without %v", row["file"], r.Kind, missing)
			}
		} else {
			other += expected
			otherFound += found
			if len(missing) > 0 {
				t.Logf("%s: %s without %v, has %v", row["file"], r.Kind, missing, r.Named())
			}
		}
		if permanent := row["kind"] == "permanent"; found > 0 && r.Permanent() != permanent {
			t.Errorf("%s: permanent %v, is %s", row["file"], r.Permanent(), row["kind"])
		}
		if r.MightCount() {
			t.Errorf("%s: could count, but knows nothing of us", row["file"])
		}
	}
	t.Logf("recipients of RFC 3464: %d of %d; of other notices: %d of %d; beyond those: %d", dsnFound, dsn, otherFound, other, extra)
	if otherFound*5 < other*4 {
		t.Errorf("%d of %d recipients of other notices, less than four fifths", otherFound, other)
	}
}

// TestCorpusKeep holds that nothing follows from what must suppress nobody, not even where it is made to be about
// a mail of ours.
func TestCorpusKeep(t *testing.T) {
	dir := filepath.Join(needs.Corpus(t, "bounces"), "keep")
	rows := manifest(t, filepath.Join(dir, "manifest.tsv"))
	if len(rows) == 0 {
		t.Fatal("the manifest is empty")
	}
	for _, row := range rows {
		raw, err := os.ReadFile(filepath.Join(dir, row["file"]))
		if err != nil {
			t.Fatal(err)
		}
		if Parse(raw).MightCount() {
			t.Errorf("%s: could count", row["file"])
		}
		checkKept(t, strings.TrimSuffix(row["file"], ".eml"), raw)
		for _, named := range Parse(raw).Named() { // and if the one that it names were a reader
			everybody := func(Token) (Delivery, error) { return Delivery{Email: named}, nil }
			r := Parse(raw)
			r.Tokens = []Token{{Purpose: subscribers.ForBounce, Arrived: true}}
			if d, _ := Decide(r, everybody); len(d.Suppress) > 0 && row["class"] != "forged" {
				t.Errorf("%s: suppresses %v", row["file"], d.Suppress)
			}
		}
	}
}
