package collect

import (
	"context"
	"fmt"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"sync"
	"testing"
	"time"

	"digestd/digest"
)

// memory is a ledger without a file. It knows items by guid or link.
type memory struct {
	mu      sync.Mutex
	states  map[string]digest.FeedState
	items   map[string][]digest.Item // by feed
	known   map[string]bool
	commits int
	fail    error // of the next commit
}

func newMemory() *memory {
	return &memory{states: map[string]digest.FeedState{}, items: map[string][]digest.Item{}, known: map[string]bool{}}
}

func (m *memory) FeedState(url string) (digest.FeedState, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	st := m.states[url]
	st.URL = url
	return st, nil
}

func (m *memory) BeginPoll(st digest.FeedState, _ time.Duration) (digest.FeedState, bool, error) {
	return st, true, nil
}

func (m *memory) CommitPoll(_ context.Context, st digest.FeedState, items []digest.Item) (int, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.commits++
	if err := m.fail; err != nil {
		m.fail = nil
		return 0, err
	}
	fresh := 0
	for _, it := range items {
		key := it.Feed + " " + it.GUID + " " + it.Link + " " + it.Title
		if !m.known[key] {
			m.known[key] = true
			m.items[it.Feed] = append(m.items[it.Feed], it)
			fresh++
		}
	}
	m.states[st.URL] = st
	return fresh, nil
}

// bench is a collector with a ledger in memory, a clock that stands still and a server's worth of
// loopback allowed.
type bench struct {
	*Collector
	ledger *memory
	clock  time.Time
}

var testStart = time.Date(2026, 7, 7, 12, 30, 0, 0, time.UTC)

func newBench(t testing.TB, change ...func(*Options)) *bench {
	t.Helper()
	b := &bench{ledger: newMemory(), clock: testStart}
	options := Options{
		Every: 30 * time.Minute, Lookback: 24 * time.Hour, Timeout: 30 * time.Second, MaxSize: 10 << 20,
		Concurrency: 8, PerHost: 8, UserAgent: "digestd/test (+mailto:owner@example.org)",
		AllowPrivateNetworks: []netip.Prefix{netip.MustParsePrefix("127.0.0.0/8")},
	}
	for _, f := range change {
		f(&options)
	}
	b.Collector = New(options, b.ledger, func() time.Time { return b.clock }, slog.New(slog.DiscardHandler))
	b.TempDir = t.TempDir()
	b.Jitter = func() float64 { return 0.5 }
	t.Cleanup(b.Client.CloseIdleConnections)
	return b
}

// poll is one pass over one feed, whatever its next poll time.
func (b *bench) pollOne(t testing.TB, address string) Result {
	t.Helper()
	return b.pollOneOf(t, address, true)
}

// pollOneOf polls a feed, whatever is due or when it is.
func (b *bench) pollOneOf(t testing.TB, address string, all bool) Result {
	t.Helper()
	sum := b.Poll(context.Background(), []digest.Feed{{URL: address}}, all, nil)
	if len(sum.Results) != 1 {
		t.Fatalf("%d results of one feed", len(sum.Results))
	}
	return sum.Results[0]
}

// serve starts a server for the test.
func serve(t testing.TB, handler http.HandlerFunc) string {
	t.Helper()
	s := httptest.NewServer(handler)
	t.Cleanup(s.Close)
	return s.URL
}

// rssOf is a feed with so many items, the latest an hour before testStart.
func rssOf(items int) string {
	body := `<rss version="2.0"><channel><title>Example Times</title><link>https://example.org/</link>`
	for i := range items {
		body += fmt.Sprintf(`<item><title>Story %d</title><link>https://example.org/%d</link><guid>https://example.org/%d</guid><pubDate>%s</pubDate></item>`,
			i, i, i, testStart.Add(-time.Duration(i+1)*time.Hour).Format(time.RFC1123Z))
	}
	return body + `</channel></rss>`
}

func TestPollReadsAndCommits(t *testing.T) {
	t.Parallel()
	address := serve(t, func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("ETag", `W/"v1"`)
		if r.Header.Get("If-None-Match") == `W/"v1"` {
			w.WriteHeader(http.StatusNotModified)
			return
		}
		fmt.Fprint(w, rssOf(30))
	})
	b := newBench(t)
	feeds := []digest.Feed{{URL: address, Name: "Times"}, {URL: address}}
	sum := b.Poll(context.Background(), feeds, false, nil)
	if sum.Feeds != 1 || sum.OK != 1 || sum.Items != 30 || sum.New != 30 {
		t.Errorf("first pass: %+v", sum)
	}
	history := 0
	for _, it := range b.ledger.items[address] {
		if it.Source != "Times" {
			t.Errorf("source %q, want the config's name", it.Source)
		}
		if it.History {
			history++
		}
	}
	if history != 6 { // 25 to 30 hours old
		t.Errorf("%d items are history, want those older than lookback", history)
	}
	if sum = b.Poll(context.Background(), feeds, false, nil); sum.Skipped != 1 || sum.Feeds != 1 {
		t.Errorf("at once again: %+v", sum)
	}
	due, next := b.Due(feeds, map[string]digest.FeedState{address: b.ledger.states[address]})
	if len(due) != 0 || !next.Equal(testStart.Add(30*time.Minute)) {
		t.Errorf("due %v, next %v", due, next)
	}
	b.clock = next
	if sum = b.Poll(context.Background(), feeds, false, nil); sum.NotModified != 1 || sum.New != 0 {
		t.Errorf("second pass: %+v", sum)
	}
}
