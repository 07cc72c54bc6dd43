package collect

import (
	"net/http"
	"testing"
	"time"

	"digestd/digest"
)

func TestCacheAge(t *testing.T) {
	t.Parallel()
	for _, row := range []struct {
		header map[string]string
		want   time.Duration
	}{
		{nil, 0},
		{map[string]string{"Cache-Control": "max-age=3600"}, time.Hour},
		{map[string]string{"Cache-Control": `Public , MAX-AGE="3600"`}, time.Hour},
		{map[string]string{"Cache-Control": "max-age=3600", "Age": "600"}, 50 * time.Minute},
		{map[string]string{"Cache-Control": "max-age=3600", "Age": "9000"}, 0},
		{map[string]string{"Cache-Control": "max-age=3600, no-cache"}, 0},
		{map[string]string{"Cache-Control": "no-store"}, 0},
		{map[string]string{"Cache-Control": "s-maxage=3600"}, 0}, // for shared caches
		{map[string]string{"Cache-Control": "max-age=-1"}, 0},
		{map[string]string{"Cache-Control": "max-age=1e9"}, 0},
		{map[string]string{"Cache-Control": "max-age=99999999999999999999"}, 10 * 365 * 24 * time.Hour},
		{map[string]string{"Date": "Tue, 07 Jul 2026 12:00:00 GMT", "Expires": "Tue, 07 Jul 2026 12:40:00 GMT"}, 40 * time.Minute},
		{map[string]string{"Date": "Tue, 07 Jul 2026 12:00:00 GMT", "Expires": "0"}, 0},
		{map[string]string{"Date": "Tue, 07 Jul 2026 12:00:00 GMT", "Expires": "Tue, 07 Jul 2020 12:40:00 GMT"}, 0},
		{map[string]string{"Cache-Control": "max-age=60", "Date": "Tue, 07 Jul 2026 12:00:00 GMT", "Expires": "Tue, 07 Jul 2026 12:40:00 GMT"}, time.Minute},
	} {
		h := http.Header{}
		for name, value := range row.header {
			h.Set(name, value)
		}
		if got := cacheAge(h); got != row.want {
			t.Errorf("%v: %v, want %v", row.header, got, row.want)
		}
	}
}

// A next poll that no rule could have set is due: after a step of the clock no feed sleeps for years.
func TestIsDue(t *testing.T) {
	t.Parallel()
	const every = 30 * time.Minute
	at := func(d time.Duration) time.Time { return testStart.Add(d) }
	for _, row := range []struct {
		name string
		st   digest.FeedState
		want bool
	}{
		{"never polled", digest.FeedState{}, true},
		{"its time has come", digest.FeedState{LastPoll: at(-every), NextPoll: at(0)}, true},
		{"not yet", digest.FeedState{LastPoll: at(-time.Minute), NextPoll: at(every - time.Minute)}, false},
		{"told to wait a day", digest.FeedState{LastPoll: at(-time.Minute), NextPoll: at(24 * time.Hour)}, false},
		{"the clock was in another year", digest.FeedState{LastPoll: at(365 * 24 * time.Hour), NextPoll: at(365*24*time.Hour + every)}, true},
		{"the clock was some hours ahead", digest.FeedState{LastPoll: at(3 * time.Hour), NextPoll: at(3*time.Hour + every)}, true},
		{"the clock was set back a little", digest.FeedState{LastPoll: at(2 * time.Minute), NextPoll: at(2*time.Minute + every)}, false},
		{"a next poll out of nowhere", digest.FeedState{LastPoll: at(-every), NextPoll: at(100 * 24 * time.Hour)}, true},
		{"every was four hours when it was polled", digest.FeedState{ETag: "1", LastPoll: at(-every), LastSuccess: at(-every),
			NextPoll: at(4*time.Hour - every)}, true},
		{"that was a minute ago", digest.FeedState{ETag: "1", LastPoll: at(-time.Minute), LastSuccess: at(-time.Minute),
			NextPoll: at(4 * time.Hour)}, false},
		{"two hours are what the feed asks for", digest.FeedState{ETag: "1", LastPoll: at(-every), LastSuccess: at(-every),
			Interval: 2 * time.Hour, NextPoll: at(2*time.Hour - every)}, false},
		{"gone", digest.FeedState{Gone: true}, false},
	} {
		if got := isDue(row.st, testStart, every); got != row.want {
			t.Errorf("%s: due %v, want %v", row.name, got, row.want)
		}
	}
	// Feeds polled once a month by their owner's wish are not due because of that.
	if st := (digest.FeedState{LastPoll: at(-time.Hour), NextPoll: at(29 * 24 * time.Hour)}); isDue(st, testStart, 30*24*time.Hour) {
		t.Error("a feed polled once a month is due after an hour")
	}
}

func TestBackOffIsJittered(t *testing.T) {
	t.Parallel()
	const every = 30 * time.Minute
	low := nextAfterFailure(testStart, every, 1, 0, 0).Sub(testStart)
	high := nextAfterFailure(testStart, every, 1, 0, 1).Sub(testStart)
	if low != 27*time.Minute || high != 33*time.Minute {
		t.Errorf("from %v to %v, want a tenth around %v", low, high, every)
	}
	// A Retry-After is a lower bound, jitter or not.
	if wait := nextAfterFailure(testStart, every, 1, time.Hour, 0).Sub(testStart); wait != time.Hour {
		t.Errorf("%v after being asked for an hour", wait)
	}
	// An interval longer than the bound stays what it is.
	if wait := nextAfterFailure(testStart, 12*time.Hour, 9, 0, 0.5).Sub(testStart); wait != 12*time.Hour {
		t.Errorf("%v between polls of every 12 h", wait)
	}
}

func TestHints(t *testing.T) {
	t.Parallel()
	feed := func(extra string) paceHints {
		t.Helper()
		ch, err := parse(t.Context(), source{body: []byte(`<rss version="2.0" xmlns:sy="http://purl.org/rss/1.0/modules/syndication/"><channel><title>x</title>` + extra + `</channel></rss>`)}, false)
		if err != nil {
			t.Fatal(err)
		}
		return ch.pace
	}
	for _, row := range []struct {
		extra string
		want  time.Duration
	}{
		{"", 0},
		{"<ttl>60</ttl>", time.Hour},
		{"<ttl> 60 </ttl>", time.Hour},
		{"<ttl>-5</ttl>", 0},
		{"<ttl>soon</ttl>", 0},
		{"<ttl>99999999999</ttl>", 1_000_000 * time.Minute},
		{"<sy:updatePeriod>hourly</sy:updatePeriod><sy:updateFrequency>2</sy:updateFrequency>", 30 * time.Minute},
		{"<sy:updatePeriod>daily</sy:updatePeriod>", 24 * time.Hour},
		{"<sy:updatePeriod>fortnightly</sy:updatePeriod>", 0},
	} {
		if got := feed(row.extra).ttl; got != row.want {
			t.Errorf("%s: %v, want %v", row.extra, got, row.want)
		}
	}
	h := feed("<skipHours><hour>0</hour><hour>23</hour><hour>24</hour><hour>99</hour><hour>x</hour></skipHours><skipDays><day>sunday</day></skipDays>")
	if h.skipHours != 1<<0|1<<23 || h.skipDays != 1<<time.Sunday {
		t.Errorf("%+v", h)
	}
	all := "<skipHours>"
	for hour := range 24 {
		all += "<hour>" + string(rune('0'+hour/10)) + string(rune('0'+hour%10)) + "</hour>"
	}
	if h := feed(all + "</skipHours>"); h.skipHours != 0 {
		t.Error("a feed that skips every hour says nothing")
	}
}

func FuzzHeaders(f *testing.F) {
	f.Add("3600", "Tue, 07 Jul 2026 12:00:00 GMT", "max-age=60, public", "Tue, 07 Jul 2026 13:00:00 GMT", "5")
	f.Add("Tue, 07 Jul 2026 13:00:00 GMT", "", `max-age="`, "-1", "99999999999999999999")
	f.Fuzz(func(t *testing.T, retry, date, control, expires, age string) {
		h := http.Header{"Retry-After": {retry}, "Date": {date}, "Cache-Control": {control}, "Expires": {expires}, "Age": {age}}
		if wait := retryAfter(h, testStart); wait < 0 || wait > maxRetryAfter {
			t.Errorf("Retry-After %q: %v", retry, wait)
		}
		hint := cacheAge(h)
		if hint < 0 {
			t.Errorf("%q, %q: %v", control, expires, hint)
		}
		st := digest.FeedState{ETag: "x", Interval: hint}
		if wait := nextAfterSuccess(testStart, 30*time.Minute, st).Sub(testStart); wait < 30*time.Minute || wait > maxHint {
			t.Errorf("%q, %q: next poll in %v", control, expires, wait)
		}
	})
}
