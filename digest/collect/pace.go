package collect

import (
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/mmcdole/gofeed"
	"github.com/mmcdole/gofeed/rss"

	"digestd/digest"
)

// The bounds between two polls of a feed.
const (
	maxHint         = 2 * time.Hour  // what cache headers, ttl and skipHours can ask for
	maxRetryAfter   = 24 * time.Hour // what Retry-After can ask for
	maxBackOff      = 4 * time.Hour  // between polls of a feed that fails
	minUnvalidated  = time.Hour      // between polls of a feed without validators: each costs its server a whole answer
	minTooMany      = time.Hour      // after a 429 or 503 that does not say when to come back
	fullFetchEvery  = 24 * time.Hour // a 200 is asked for at least so often, lest a lying 304 starve a feed
	clockTolerance  = 10 * time.Minute
	farthestPoll    = maxRetryAfter + maxBackOff // no rule sets a poll later than this
	backOffDoubling = 10
)

// paceHints is what a feed says in its body about how often it changes.
type paceHints struct {
	ttl       time.Duration // <ttl>, sy:updatePeriod; 0: none
	skipHours uint32        // as in digest.FeedState
	skipDays  uint8         // likewise
}

// hintsOf reads <ttl>, <skipHours>, <skipDays> and the syndication module. A feed that skips all of
// the day or of the week says nothing.
func hintsOf(head *gofeed.Feed) paceHints {
	var h paceHints
	if original, ok := head.OriginalFeed().(*rss.Feed); ok {
		if minutes, err := strconv.Atoi(strings.TrimSpace(original.TTL)); err == nil && minutes > 0 {
			h.ttl = time.Duration(min(minutes, 1_000_000)) * time.Minute
		}
		for _, text := range original.SkipHours {
			if hour, err := strconv.Atoi(strings.TrimSpace(text)); err == nil && hour >= 0 && hour <= 24 {
				h.skipHours |= 1 << (hour % 24) // some count the hours from 1 to 24
			}
		}
		if h.skipHours == 1<<24-1 {
			h.skipHours = 0
		}
		for _, text := range original.SkipDays {
			for day := time.Sunday; day <= time.Saturday; day++ {
				if strings.EqualFold(strings.TrimSpace(text), day.String()) {
					h.skipDays |= 1 << day
				}
			}
		}
		if h.skipDays == 1<<7-1 {
			h.skipDays = 0
		}
	}
	period := map[string]time.Duration{"hourly": time.Hour, "daily": 24 * time.Hour, "weekly": 7 * 24 * time.Hour,
		"monthly": 30 * 24 * time.Hour, "yearly": 365 * 24 * time.Hour}
	for _, e := range head.Extensions["sy"]["updateperiod"] {
		if p := period[strings.ToLower(strings.TrimSpace(e.Value))]; p > 0 {
			times := 1
			for _, f := range head.Extensions["sy"]["updatefrequency"] {
				if n, err := strconv.Atoi(strings.TrimSpace(f.Value)); err == nil && n > 0 {
					times = n
				}
			}
			h.ttl = max(h.ttl, p/time.Duration(times))
		}
	}
	return h
}

// cacheAge is how long an answer says that it stays fresh (RFC 9111 §4.2.1), 0 when it does not say so.
func cacheAge(h http.Header) time.Duration {
	directives := strings.ToLower(strings.Join(h.Values("Cache-Control"), ","))
	age := time.Duration(-1)
	for directive := range strings.SplitSeq(directives, ",") {
		name, value, _ := strings.Cut(strings.TrimSpace(directive), "=")
		switch strings.TrimSpace(name) {
		case "no-cache", "no-store":
			return 0
		case "max-age":
			if seconds, ok := seconds(strings.Trim(value, `" `)); ok {
				age = seconds
			}
		}
	}
	if age < 0 {
		expires, err1 := http.ParseTime(h.Get("Expires"))
		date, err2 := http.ParseTime(h.Get("Date"))
		if err1 != nil || err2 != nil {
			return 0
		}
		return max(0, expires.Sub(date))
	}
	if passed, ok := seconds(strings.TrimSpace(h.Get("Age"))); ok {
		age -= passed
	}
	return max(0, age)
}

// seconds reads a whole number of seconds, of any length.
func seconds(s string) (time.Duration, bool) {
	if s == "" {
		return 0, false
	}
	for _, c := range []byte(s) {
		if c < '0' || c > '9' {
			return 0, false
		}
	}
	n, err := strconv.ParseInt(s, 10, 64)
	const most = int64(10 * 365 * 24 * time.Hour / time.Second)
	if err != nil || n > most {
		n = most
	}
	return time.Duration(n) * time.Second, true
}

// retryAfter is how long a server asks to be left alone (RFC 9110 §10.2.3), in seconds or as a date,
// which counts from the server's own clock where it tells it. 0 when it does not ask.
func retryAfter(h http.Header, now time.Time) time.Duration {
	value := strings.TrimSpace(h.Get("Retry-After"))
	wait, ok := seconds(value)
	if !ok {
		date, err := http.ParseTime(value)
		if err != nil {
			return 0
		}
		if theirs, err := http.ParseTime(h.Get("Date")); err == nil {
			now = theirs
		}
		wait = date.Sub(now)
	}
	return min(max(0, wait), maxRetryAfter)
}

// nextAfterSuccess is when a feed that answered is due again.
func nextAfterSuccess(now time.Time, every time.Duration, st digest.FeedState) time.Time {
	wait := max(every, min(st.Interval, maxHint))
	if st.ETag == "" && st.LastModified == "" {
		wait = max(wait, minUnvalidated)
	}
	next := now.Add(wait)
	latest := now.Add(max(wait, maxHint))
	for skips(st, next) && next.Before(latest) {
		next = next.Truncate(time.Hour).Add(time.Hour)
	}
	if next.After(latest) {
		next = latest
	}
	return next
}

// skips reports whether the feed asks not to be read at that time.
func skips(st digest.FeedState, t time.Time) bool {
	t = t.UTC()
	return st.SkipHours&(1<<t.Hour()) != 0 || st.SkipDays&(1<<t.Weekday()) != 0
}

// nextAfterFailure is when a feed that failed is due again: the interval doubles with each failure in
// a row, and is jittered by a tenth, so that feeds which failed together do not come back together.
// jitter is from 0 to 1.
func nextAfterFailure(now time.Time, every time.Duration, failures int, asked time.Duration, jitter float64) time.Time {
	wait := every
	for range min(failures-1, backOffDoubling) {
		wait *= 2
	}
	wait = max(every, min(wait, maxBackOff))
	wait += time.Duration((jitter - 0.5) * 0.2 * float64(wait))
	return now.Add(max(wait, asked))
}

// nextPoll is the next poll time of a feed: sooner than the last poll set it where every was shortened since.
func nextPoll(st digest.FeedState, every time.Duration) time.Time {
	if st.Failures == 0 && !st.LastPoll.IsZero() && st.LastSuccess.Equal(st.LastPoll) {
		if sooner := nextAfterSuccess(st.LastPoll, every, st); sooner.Before(st.NextPoll) {
			return sooner
		}
	}
	return st.NextPoll
}

// nextTry is when a feed that is not due will be.
func nextTry(st digest.FeedState, every time.Duration) time.Time {
	next := nextPoll(st, every)
	if st.Taken.After(next) {
		return st.Taken
	}
	return next
}

// isDue reports whether a feed is to be polled now. A next poll that no rule could have set comes from
// a clock that was wrong, then or now, and does not hold the feed back.
func isDue(st digest.FeedState, now time.Time, every time.Duration) bool {
	if st.Gone || st.Taken.After(now) && st.Taken.Before(now.Add(farthestPoll)) {
		return false
	}
	return !nextPoll(st, every).After(now) || st.NextPoll.After(now.Add(max(farthestPoll, 2*every))) ||
		st.LastPoll.After(now.Add(clockTolerance))
}
