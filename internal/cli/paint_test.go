package cli

import (
	"io"
	"strings"
	"testing"
	"time"

	"digestd/internal/report"
)

func TestSparkline(t *testing.T) {
	for _, test := range []struct {
		numbers []int
		want    string
	}{
		{nil, ""},
		{[]int{0, 0}, "··"},
		{[]int{1, 0, 8, 4}, "▁·█▄"},
		{[]int{1, 1000000}, "▁█"},
		{[]int{5, 5, 5}, "███"},
	} {
		if got := sparkline(test.numbers); got != test.want {
			t.Errorf("%v: %s, want %s", test.numbers, got, test.want)
		}
	}
}

func TestMeter(t *testing.T) {
	for _, test := range []struct {
		done, all, full int
	}{{0, 0, 0}, {0, 10, 0}, {5, 10, 10}, {999_999, 1_000_000, 19}, {10, 10, 20}, {11, 10, 20}} {
		if got := meter(test.done, test.all); strings.Count(got, "█") != test.full || strings.Count(got, "░") != meterWidth-test.full {
			t.Errorf("%d of %d: %s", test.done, test.all, got)
		}
	}
}

func TestColumnsStandBelowEachOtherInColourToo(t *testing.T) {
	rows := [][]cell{{{"a", red}, {"読売", plain}, {"x", plain}}, {{"longer", plain}, {"é", bold}, {"y", dim}}}
	for p, want := range map[paint]string{
		false: "a       読売  x\nlonger  é     y\n",
		true:  "\x1b[31ma\x1b[0m       読売  x\nlonger  \x1b[1mé\x1b[0m     \x1b[2my\x1b[0m\n",
	} {
		var b strings.Builder
		if err := p.table(&b, rows); err != nil || b.String() != want {
			t.Errorf("colour %v: %q, %v, want %q", p, b.String(), err, want)
		}
	}
}

func TestNoColourWhereNobodySeesIt(t *testing.T) {
	if paintFor(io.Discard, func(string) string { return "" }) {
		t.Error("colour without a terminal")
	}
}

func TestStatusShowsARunningEdition(t *testing.T) {
	now := time.Date(2026, 3, 12, 6, 30, 0, 0, time.UTC)
	s := report.Status{
		Next: []report.NextSlot{{Digest: "daily", Zone: "Europe/Paris", At: now.Add(24 * time.Hour)}},
		Editions: []report.EditionStatus{
			{ID: "daily/Europe/Paris/2026-03-12T07:00", Stories: 12, Recipients: 400, Deliveries: map[string]int{"sent": 95, "failed": 5, "pending": 300}},
			{ID: "daily/Europe/Paris/2026-03-11T07:00", Stories: 1, Recipients: 2, Complete: true, Deliveries: map[string]int{"sent": 2}},
		},
		FeedsWell: 1, FeedsAll: 2, Daily: []int{1, 8, 4},
		Feeds:      []report.FeedStatus{{URL: "https://example.org/feed", Error: "no such host", Failures: 1}},
		Suppressed: 3, Ledger: report.LedgerStatus{Path: "/var/lib/digestd/digestd.db", Bytes: 3 << 20},
		Problems: []report.Problem{{ID: "x", Words: "the roof is on fire"}},
	}
	var b strings.Builder
	if err := printStatus(&b, false, s, now); err != nil {
		t.Fatal(err)
	}
	want := `next  daily/Europe/Paris  Fri 13 Mar 07:30 CET  in 1 d 0 h
edition  daily/Europe/Paris/2026-03-12T07:00  12 stories  █████░░░░░░░░░░░░░░░ 300 pending, 95 sent, 5 failed
edition  daily/Europe/Paris/2026-03-11T07:00  1 story     2 sent
feeds: 1 of 2 well; new items by day: ▁█▄ 4 today
  https://example.org/feed: no such host (1 failure in a row)
suppressed: 3
ledger: /var/lib/digestd/digestd.db, 3.0 MB
PROBLEM the roof is on fire
`
	if b.String() != want {
		t.Errorf("printed\n%s\nwant\n%s", b.String(), want)
	}
	b.Reset()
	if err := printStatus(&b, true, s, now); err != nil || !strings.Contains(b.String(), "\x1b[31mPROBLEM\x1b[0m") {
		t.Errorf("in colour %q, %v", b.String(), err)
	}
}
