package ledger

import (
	"fmt"
	"os"
	"strings"
	"testing"

	"digestd/digest"
	"digestd/internal/ledger/store/postgres"
	"digestd/internal/ledger/store/storetest"
)

// TestRoundTrips counts what usual work costs where the database is on another machine.
func TestRoundTrips(t *testing.T) {
	cluster := storetest.PostgreSQL(t)
	proxy := cluster.Proxy(t)
	c := &clock{morning}
	l, err := Open(postgres.At(postgres.Options{URL: proxy.Through(t, cluster.URL(t)), Name: "test"}), c.now)
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	var titles []string
	for i := range 30 {
		titles = append(titles, fmt.Sprintf("Story number %d of the day", i))
	}
	for range 3 { // statements are prepared the first time
		poll(t, l, "a", titles...)
	}
	composed(t, l, theEdition, 1000)
	for i := range 3 {
		stepped(t, l, nil, event(i, digest.Intent))
	}
	for _, w := range []struct {
		what string
		most int64
		do   func()
	}{
		{"a poll of 30 known items", 6, func() { poll(t, l, "a", titles...) }},
		{"a step", 2, func() { stepped(t, l, event(2, digest.Sent), event(3, digest.Intent)) }},
		{"whether an address is suppressed", 2, func() {
			if yes, err := l.Readers.Suppressed("reader1@example.org", "daily"); yes || err != nil {
				t.Error(yes, err)
			}
		}},
		{"a chunk of recipients", 2, func() {
			if r, err := l.Deliveries.RecipientsAt(theEdition, 0); len(r) != 1000 || err != nil {
				t.Error(len(r), err)
			}
		}},
	} {
		before := proxy.Trips()
		w.do()
		if got := proxy.Trips() - before; got > w.most {
			t.Errorf("%s takes %d round trips, %d at most are wanted", w.what, got, w.most)
		}
	}
	if problems := l.Check(); len(problems) > 0 {
		t.Error(problems)
	}
}

// BenchmarkCompose1000000 commits an edition for a million recipients.
func BenchmarkCompose1000000(b *testing.B) {
	l, err := Open(storetest.Fresh(b), nil)
	if err != nil {
		b.Fatal(err)
	}
	defer l.Close()
	for n := 0; b.Loop(); n++ {
		composed(b, l, fmt.Sprintf("daily/Europe/Paris/2026-03-%02dT07:00", n+1), 1_000_000)
	}
	status, _ := os.ReadFile("/proc/self/status")
	if _, most, known := strings.Cut(string(status), "VmHWM:"); known {
		kb := 0.0
		fmt.Sscan(most, &kb)
		b.ReportMetric(kb/1024, "MB-at-most")
	}
}
