package collect

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"digestd/digest"
)

// step is one poll against a scripted server.
type step struct {
	after   time.Duration     // on the clock, since the step before
	status  int               // of the reply; 0: 200
	header  map[string]string // of the reply
	body    string            // of the reply; empty: a good feed
	commit  error             // of the ledger
	sent    map[string]string // headers that the request must have; empty: must not have
	want    Outcome
	wait    time.Duration // until the next poll, if not 0
	silence bool          // nothing must have been asked
	due     bool          // asked as the daemon asks: when it is due
	words   string        // in the error
}

const (
	modified = "Tue,  07 Jul 2026 12:00:00 +0000" // not as the standard has it: it must come back as it is
	badBody  = "<!DOCTYPE html><html><head><title>Log in</title></head></html>"
)

// Each row is a feed's life on a scripted server: what the rules of politeness say happens.
func TestConversations(t *testing.T) {
	t.Parallel()
	unconditional := map[string]string{"If-None-Match": "", "If-Modified-Since": ""}
	for _, row := range []struct {
		name  string
		steps []step
	}{
		{"it says who it is, and takes compressed answers", []step{
			{sent: map[string]string{"User-Agent": "digestd/test (+mailto:owner@example.org)", "Accept-Encoding": "gzip, br", "Cookie": ""}, want: OK},
		}},
		{"validators go back verbatim", []step{
			{header: map[string]string{"ETag": `W/"a b"`, "Last-Modified": modified}, sent: unconditional, want: OK, wait: 30 * time.Minute},
			{after: time.Hour, status: 304, sent: map[string]string{"If-None-Match": `W/"a b"`, "If-Modified-Since": modified}, want: NotModified, wait: 30 * time.Minute},
		}},
		{"an ETag that changes alone is taken", []step{
			{header: map[string]string{"ETag": `"1"`, "Last-Modified": modified}, want: OK},
			{header: map[string]string{"ETag": `"2"`, "Last-Modified": modified}, want: OK},
			{status: 304, sent: map[string]string{"If-None-Match": `"2"`, "If-Modified-Since": modified}, want: NotModified},
		}},
		{"a 200 without validators clears them", []step{
			{header: map[string]string{"ETag": `"1"`}, want: OK},
			{want: OK, wait: time.Hour},
			{sent: unconditional, want: OK},
		}},
		{"a body that can't be read leaves the validators", []step{
			{header: map[string]string{"ETag": `"1"`}, want: OK},
			{header: map[string]string{"ETag": `"2"`}, body: badBody, want: Failed, words: "HTML page"},
			{status: 304, sent: map[string]string{"If-None-Match": `"1"`}, want: NotModified},
		}},
		{"items that could not be recorded leave the validators", []step{
			{header: map[string]string{"ETag": `"1"`}, commit: errors.New("disk full"), want: Failed, words: "disk full"},
			{header: map[string]string{"ETag": `"1"`}, sent: unconditional, want: OK},
		}},
		{"a body that was cut is asked for whole", []step{
			{header: map[string]string{"ETag": `"1"`}, body: rssOf(2)[:300], want: OK},
			{sent: unconditional, want: OK},
		}},
		{"304 to a request without validators is no answer", []step{
			{status: 304, want: Failed, words: "304"},
		}},
		{"once a day everything is asked for, never sooner", []step{
			{header: map[string]string{"ETag": `"1"`}, want: OK},
			{after: 24*time.Hour - time.Second, status: 304, sent: map[string]string{"If-None-Match": `"1"`}, want: NotModified},
			{after: time.Second, header: map[string]string{"ETag": `"1"`}, sent: unconditional, want: OK},
			{after: time.Hour, status: 304, sent: map[string]string{"If-None-Match": `"1"`}, want: NotModified},
		}},
		{"Retry-After in seconds", []step{
			{status: 429, header: map[string]string{"Retry-After": "14400"}, want: Failed, wait: 4 * time.Hour, words: "429"},
		}},
		{"Retry-After as a date counts from the server's clock", []step{
			{status: 503, header: map[string]string{"Date": "Tue, 07 Jul 2026 02:00:00 GMT", "Retry-After": "Tue, 07 Jul 2026 05:00:00 GMT"}, want: Failed, wait: 3 * time.Hour, words: "503"},
		}},
		{"Retry-After that asks for years is clamped", []step{
			{status: 503, header: map[string]string{"Retry-After": "999999999999999999999"}, want: Failed, wait: 24 * time.Hour},
		}},
		{"Retry-After in the past, and nonsense, change nothing", []step{
			{status: 500, header: map[string]string{"Retry-After": "Tue, 07 Jul 2020 05:00:00 GMT"}, want: Failed, wait: 30 * time.Minute},
			{status: 500, header: map[string]string{"Retry-After": "-5"}, want: Failed, wait: time.Hour},
		}},
		{"429 that does not say when", []step{
			{status: 429, want: Failed, wait: time.Hour},
		}},
		{"a feed that fails is asked less and less, up to a bound", []step{
			{status: 500, want: Failed, wait: 30 * time.Minute, words: "tried again later"},
			{status: 500, want: Failed, wait: time.Hour},
			{status: 404, want: Failed, wait: 2 * time.Hour, words: "check the feed's address"},
			{status: 500, want: Failed, wait: 4 * time.Hour},
			{status: 500, want: Failed, wait: 4 * time.Hour},
			{header: map[string]string{"ETag": `"1"`}, want: OK, wait: 30 * time.Minute},
			{status: 500, want: Failed, wait: 30 * time.Minute},
		}},
		{"410 ends it", []step{
			{status: 410, want: Failed, words: "gone for good"},
			{due: true, after: 1000 * time.Hour, want: Skipped, silence: true},
			{status: 410, want: Failed, words: "gone for good"}, // who asks for all feeds may know that it is back
			{due: true, after: 1000 * time.Hour, want: Skipped, silence: true},
			{want: OK, wait: time.Hour},
			{due: true, after: time.Hour, want: OK},
		}},
		{"cache hints slow a feed", []step{
			{header: map[string]string{"ETag": `"1"`, "Cache-Control": "public, max-age=4500"}, want: OK, wait: 75 * time.Minute},
			{status: 304, want: NotModified, wait: 75 * time.Minute},
			{status: 304, header: map[string]string{"Cache-Control": "max-age=60"}, want: NotModified, wait: 30 * time.Minute},
		}},
		{"cache hints slow a feed to two hours at most", []step{
			{header: map[string]string{"ETag": `"1"`, "Cache-Control": "max-age=31536000"}, want: OK, wait: 2 * time.Hour},
			{header: map[string]string{"ETag": `"1"`}, body: strings.Replace(rssOf(1), "<link>", "<ttl>1440</ttl><link>", 1), want: OK, wait: 2 * time.Hour},
		}},
		{"ttl counts in minutes", []step{
			{header: map[string]string{"ETag": `"1"`}, body: strings.Replace(rssOf(1), "<link>", "<ttl>45</ttl><link>", 1), want: OK, wait: 45 * time.Minute},
		}},
		{"skipHours moves a poll to the next hour that is not skipped", []step{ // 12:30 + 30m is 13:00
			{header: map[string]string{"ETag": `"1"`}, body: strings.Replace(rssOf(1), "<link>", "<skipHours><hour>13</hour></skipHours><link>", 1), want: OK, wait: 90 * time.Minute},
			{status: 304, want: NotModified, wait: 90 * time.Minute}, // which does not say it again
		}},
		{"skipDays can't keep a poll away for days", []step{
			{header: map[string]string{"ETag": `"1"`}, body: strings.Replace(rssOf(1), "<link>", "<skipDays><day>Tuesday</day></skipDays><link>", 1), want: OK, wait: 2 * time.Hour},
		}},
		{"an empty feed is no error", []step{
			{body: rssOf(0), want: OK},
		}},
		{"an empty body is one", []step{
			{body: " \n", want: Failed, words: "the answer is empty"},
		}},
		{"a page in its place is an error that names the page's own feed", []step{
			{body: `<!doctype html><head><link rel="alternate" type="application/rss+xml" href="/feed.xml"></head>`, want: Failed, words: "/feed.xml"},
		}},
		{"401 says what to do", []step{
			{status: 401, want: Failed, words: "https://user:password@host/"},
		}},
	} {
		t.Run(row.name, func(t *testing.T) {
			var now step
			var asked []http.Header
			address := serve(t, func(w http.ResponseWriter, r *http.Request) {
				asked = append(asked, r.Header)
				w.Header()["Date"] = nil
				for name, value := range now.header {
					w.Header().Set(name, value)
				}
				if now.status != 0 {
					w.WriteHeader(now.status)
				}
				if now.status == 0 {
					body := now.body
					if body == "" {
						body = rssOf(3)
					}
					fmt.Fprint(w, body)
				}
			})
			b := newBench(t)
			for i, s := range row.steps {
				now, asked = s, nil
				b.clock = b.clock.Add(s.after)
				b.ledger.fail = s.commit
				got := b.pollOneOf(t, address, !s.due)
				if got.Outcome != s.want {
					t.Fatalf("step %d: %v (%v), want %v", i+1, got.Outcome, got.Err, s.want)
				}
				if got.Outcome == Failed && !strings.Contains(got.Err.Error(), address) {
					t.Errorf("step %d: the error does not name the feed: %v", i+1, got.Err)
				}
				if s.words != "" && !strings.Contains(got.Err.Error(), s.words) {
					t.Errorf("step %d: error %q does not say %q", i+1, got.Err, s.words)
				}
				if want := 1; s.silence == (len(asked) == want) {
					t.Fatalf("step %d: %d requests", i+1, len(asked))
				}
				for name, value := range s.sent {
					if have := asked[0].Get(name); have != value {
						t.Errorf("step %d: sent %s %q, want %q", i+1, name, have, value)
					}
				}
				if have := got.State.NextPoll.Sub(b.clock); s.wait != 0 && have != s.wait {
					t.Errorf("step %d: the next poll is in %v, want %v", i+1, have, s.wait)
				}
			}
		})
	}
}

func TestTenRestartsOneRequest(t *testing.T) {
	t.Parallel()
	var requests atomic.Int32
	address := serve(t, func(w http.ResponseWriter, r *http.Request) {
		requests.Add(1)
		fmt.Fprint(w, rssOf(1))
	})
	ledger := newMemory()
	for range 10 {
		b := newBench(t)
		b.Collector.ledger = ledger
		b.Poll(context.Background(), []digest.Feed{{URL: address}}, false, nil)
	}
	if n := requests.Load(); n != 1 {
		t.Errorf("%d requests over ten restarts within the same minute, want 1", n)
	}
}
