// Package collect turns feeds into items: it fetches them politely, guards against what they and
// their servers may do, repairs what a careful reader could, and reads them into the shared words.
//
// It knows nothing of topics, lanes or editions, and decides about no item but whether it is news
// or history at a feed's first poll. Which items are known already is the ledger's business.
//
// The way of a feed: queue (whose turn it is), fetch (HTTP, behind the guard), spool (the body waits),
// charset, tidy (well-formed, bounded), gofeed, parse (items), pace (when to come back).
package collect

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"net"
	"net/http"
	"net/netip"
	"net/url"
	"sync"
	"time"

	"digestd/digest"
)

// Ledger is what the collector needs of the program's memory. It must be safe for concurrent use.
type Ledger interface {
	// FeedState is what is remembered of a feed; of an unknown one the zero state with its URL.
	FeedState(url string) (digest.FeedState, error)
	// BeginPoll takes a feed for a poll, unless another process did, or has polled it since its state was read. What it
	// returns is the feed's state, and whether it was taken: for a while, if CommitPoll does not follow.
	BeginPoll(read digest.FeedState, during time.Duration) (st digest.FeedState, ok bool, err error)
	// CommitPoll records the outcome of a poll in one transaction: the items, joined to those that
	// are known or added to them, and then the feed's state, of which the ledger fills LastItems
	// and Daily itself. It returns how many items were new.
	CommitPoll(ctx context.Context, st digest.FeedState, items []digest.Item) (fresh int, err error)
}

// Options are the [collect] of the config. Each must be set, but for UserAgent and the networks.
type Options struct {
	Every                time.Duration // between two polls of a feed that does not ask for less
	Lookback             time.Duration // of a feed never polled before
	Timeout              time.Duration // of a request, its redirects and body included
	MaxSize              int64         // of a body, after decompression, in bytes
	Concurrency          int           // requests at once
	PerHost              int           // of them to one host
	UserAgent            string
	AllowPrivateNetworks []netip.Prefix
}

// Collector polls feeds.
type Collector struct {
	// Client sends the requests. It must not follow redirects by itself.
	Client *http.Client
	// Dialer makes the connections of the Client that New builds.
	Dialer *net.Dialer
	// TempDir is where large bodies wait; empty is the system's.
	TempDir string
	// Jitter is a random number from 0 to 1.
	Jitter func() float64

	options Options
	ledger  Ledger
	now     func() time.Time
	log     *slog.Logger
	parse   func(context.Context, source, bool) (*channel, error)
	parsers chan struct{} // one for each feed that may be parsed at once
	large   chan struct{} // one for the large body among them
	page    chan struct{} // one for the article that may be read at once
	robots  robots
}

// parsedAtOnce bounds the memory of parsing; more would not be faster on a small machine.
const parsedAtOnce = 2

// New makes a collector. ledger may be nil for Read alone.
func New(options Options, ledger Ledger, now func() time.Time, log *slog.Logger) *Collector {
	if options.UserAgent == "" {
		options.UserAgent = "digestd"
	}
	dialer := guard{allowed: options.AllowPrivateNetworks}.dialer(options.Timeout)
	return &Collector{
		Client: &http.Client{
			Transport:     newTransport(dialer.DialContext, options.PerHost),
			CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
		},
		Dialer:  dialer,
		Jitter:  rand.Float64,
		options: options,
		ledger:  ledger,
		now:     now,
		log:     log,
		parse:   parse,
		parsers: make(chan struct{}, parsedAtOnce),
		large:   make(chan struct{}, 1),
		page:    make(chan struct{}, 1),
	}
}

// takenLonger is how much longer than its request a feed is another's who asks it: parsing waits its turn.
const takenLonger = 2 * time.Minute

// Outcome is how a poll of one feed went.
type Outcome uint8

// The outcomes of a poll.
const (
	Skipped     Outcome = iota // not polled: not due, gone, or there was no time
	OK                         // a 200 that was read
	NotModified                // nothing changed
	Failed                     // everything else that was asked for
)

func (o Outcome) String() string {
	return [...]string{"skipped", "ok", "not modified", "failed"}[min(o, Failed)]
}

// ErrUnrecorded is that of a feed that was read for nothing: a full disk, say. The feed is not to blame.
var ErrUnrecorded = errors.New("what it said could not be recorded")

// Result is one feed's part of a pass.
type Result struct {
	Feed    digest.Feed
	Outcome Outcome
	Items   int      // read, without those that have nothing to show
	New     int      // of them
	Err     error    // of a failed one; it names the feed
	Repairs []string // what was mended to read it
	State   digest.FeedState
}

// Summary is a pass over feeds: Feeds = OK + NotModified + Failed + Skipped.
type Summary struct {
	Feeds       int      `json:"feeds"`
	OK          int      `json:"ok"`
	NotModified int      `json:"not_modified"`
	Failed      int      `json:"failed"`
	Skipped     int      `json:"skipped"`
	Items       int      `json:"items"`
	New         int      `json:"new"`
	Seconds     float64  `json:"seconds"`
	Results     []Result `json:"-"` // one a feed, in the order of the feeds
}

// Due tells which feeds are to be polled now, and when the first of the others will be; zero when
// there is none.
func (c *Collector) Due(feeds []digest.Feed, states map[string]digest.FeedState) (due []digest.Feed, next time.Time) {
	now := c.now()
	for _, f := range unique(feeds) {
		st := states[f.URL]
		switch {
		case isDue(st, now, c.options.Every):
			due = append(due, f)
		case !st.Gone && (next.IsZero() || nextTry(st, c.options.Every).Before(next)):
			next = nextTry(st, c.options.Every)
		}
	}
	return due, next
}

// Poll is one pass over the feeds that are due, or with all over all of them, also those that
// are gone for good. Each feed is committed by itself, as soon as it is read. progress, if not nil, is called
// after each feed, by one goroutine at a time. When ctx ends, what was not done is skipped.
func (c *Collector) Poll(ctx context.Context, feeds []digest.Feed, all bool, progress func(Result)) Summary {
	began := c.now()
	feeds = unique(feeds)
	var mu sync.Mutex
	results := make(map[string]Result, len(feeds))
	report := func(r Result) {
		mu.Lock()
		defer mu.Unlock()
		results[r.Feed.URL] = r
		c.logResult(r)
		if progress != nil {
			progress(r)
		}
	}

	var jobs []job
	for _, f := range feeds {
		st, err := c.ledger.FeedState(f.URL)
		switch {
		case err != nil:
			report(Result{Feed: f, Outcome: Failed, Err: fmt.Errorf("feed %s: %w", nameOf(f), err)})
		case !all && !isDue(st, began, c.options.Every):
			report(Result{Feed: f, Outcome: Skipped, State: st})
		default:
			jobs = append(jobs, job{feed: f, state: st, host: hostOf(f.URL)})
		}
	}
	left := newQueue(jobs, max(1, c.options.PerHost)).run(ctx, max(1, c.options.Concurrency), func(j job) {
		report(c.poll(ctx, j.feed, j.state))
	})
	for _, j := range left {
		report(Result{Feed: j.feed, Outcome: Skipped, State: j.state})
	}

	sum := Summary{Feeds: len(feeds), Seconds: c.now().Sub(began).Seconds()}
	for _, f := range feeds {
		r := results[f.URL]
		sum.Results = append(sum.Results, r)
		sum.Items += r.Items
		sum.New += r.New
		switch r.Outcome {
		case OK:
			sum.OK++
		case NotModified:
			sum.NotModified++
		case Failed:
			sum.Failed++
		default:
			sum.Skipped++
		}
	}
	return sum
}

func (c *Collector) logResult(r Result) {
	log := c.log.With("feed", nameOf(r.Feed))
	switch {
	case r.Err != nil:
		c.log.Warn("feed failed", "error", r.Err) // which names it
	case r.Outcome == OK:
		log.Debug("feed read", "items", r.Items, "new", r.New, "repairs", r.Repairs)
	default:
		log.Debug("feed " + r.Outcome.String())
	}
	if seen := r.State.MovedSeen; r.Outcome != Skipped && (seen == 1 || seen == movesBelieved) {
		log.Info("feed has moved for good: put its new address into the config", "to", r.Feed.Shown(r.State.MovedTo), "seen", seen)
	}
}

// poll asks one feed and commits what came of it.
func (c *Collector) poll(ctx context.Context, feed digest.Feed, st digest.FeedState) Result {
	now := c.now()
	st, ok, err := c.ledger.BeginPoll(st, c.options.Timeout+takenLonger)
	switch {
	case err != nil:
		return Result{Feed: feed, Outcome: Failed, State: st, Err: fmt.Errorf("feed %s: %w: %w", nameOf(feed), ErrUnrecorded, err)}
	case !ok:
		return Result{Feed: feed, Outcome: Skipped, State: st}
	}
	res := Result{Feed: feed, State: st}
	items, err := c.ask(ctx, feed, now, &res)
	if err != nil && ctx.Err() != nil {
		// Whoever called this off is to blame, not the feed: nothing is held against it.
		return Result{Feed: feed, Outcome: Skipped, State: st}
	}
	if err != nil {
		res.Outcome, res.State = Failed, c.failed(st, now, err)
	}
	fresh, commitErr := c.ledger.CommitPoll(ctx, res.State, items)
	switch {
	case commitErr != nil:
		// The state is as if the poll had not been: old validators, old next poll.
		res.Outcome, res.State = Failed, st
		err = errors.Join(err, fmt.Errorf("%w: %w", ErrUnrecorded, commitErr))
	case err == nil:
		res.Items, res.New = len(items), fresh
	}
	if err != nil {
		res.Err = fmt.Errorf("feed %s: %w", nameOf(feed), err)
	}
	return res
}

// ask gets a feed's items, and sets the outcome and the state that follows from them.
func (c *Collector) ask(ctx context.Context, feed digest.Feed, now time.Time, res *Result) ([]digest.Item, error) {
	st := &res.State
	before := *st
	src, ans, err := c.open(ctx, feed.URL, *st, now)
	if err != nil {
		return nil, err
	}
	*st = succeeded(*st, now)
	if ans != nil {
		noteMove(st, ans)
		if hint := cacheAge(ans.header); hint > 0 || !ans.notModified {
			st.Interval = min(hint, maxHint)
		}
		if ans.notModified {
			res.Outcome = NotModified
			st.NextPoll = nextAfterSuccess(now, c.options.Every, *st)
			return nil, nil
		}
		defer func() { _ = ans.body.Close() }() // nothing that is still wanted can be lost by it
	}
	ch, cut, err := c.read(ctx, src, false)
	if err != nil {
		return nil, err
	}
	res.Outcome, res.Repairs = OK, ch.repairs
	st.Cut, st.Bare = cut, len(ch.items) == 0
	st.Title, st.Site, st.LastFull = sourceName(digest.Feed{URL: feed.URL}, ch), ch.link, now
	st.ETag, st.LastModified = "", ""
	if ans == nil {
		st.NextPoll = now.Add(c.options.Every) // a file: nobody minds
	} else {
		if !cut {
			st.ETag, st.LastModified = ans.header.Get("ETag"), ans.header.Get("Last-Modified")
		}
		st.Interval = min(max(st.Interval, ch.pace.ttl), maxHint)
		st.SkipHours, st.SkipDays = ch.pace.skipHours, ch.pace.skipDays
		st.NextPoll = nextAfterSuccess(now, c.options.Every, *st)
	}
	return finish(ch, feed, before, now, c.options.Lookback), nil
}

// succeeded is the state after an answer that was no error.
func succeeded(st digest.FeedState, now time.Time) digest.FeedState {
	st.LastPoll, st.LastSuccess = now, now
	st.Failures, st.FailingSince, st.Error, st.Gone = 0, time.Time{}, "", false
	return st
}

// noteMove keeps count of a permanent move.
func noteMove(st *digest.FeedState, ans *answer) {
	switch {
	case movedFor(*st): // its own address was not asked
		if ans.moved != "" {
			st.MovedTo, st.MovedSeen = ans.moved, 1
		}
	case ans.moved == "":
		st.MovedTo, st.MovedSeen = "", 0
	case ans.moved == st.MovedTo:
		st.MovedSeen++
	default:
		st.MovedTo, st.MovedSeen = ans.moved, 1
	}
}

// failed is the state after an error. What was known of the feed stays.
func (c *Collector) failed(st digest.FeedState, now time.Time, err error) digest.FeedState {
	moved := movedFor(st)
	if moved { // its own address may know better
		st.MovedTo, st.MovedSeen = "", 0
	}
	st.LastPoll = now
	st.Failures++
	if st.FailingSince.IsZero() {
		st.FailingSince = now
	}
	st.Error = err.Error()
	st.Gone = errors.Is(err, ErrGone) && !moved
	var status *StatusError
	var asked time.Duration
	if errors.As(err, &status) {
		asked = status.RetryAfter
		if asked == 0 && (status.Code == http.StatusTooManyRequests || status.Code == http.StatusServiceUnavailable) {
			asked = minTooMany
		}
	}
	st.NextPoll = nextAfterFailure(now, c.options.Every, st.Failures, asked, c.Jitter())
	return st
}

// unique drops the feeds that are named twice, as one that two topics carry.
func unique(feeds []digest.Feed) []digest.Feed {
	seen := make(map[string]bool, len(feeds))
	out := make([]digest.Feed, 0, len(feeds))
	for _, f := range feeds {
		if !seen[f.URL] {
			seen[f.URL] = true
			out = append(out, f)
		}
	}
	return out
}

// nameOf names a feed for people; a password in its address is not shown.
func nameOf(f digest.Feed) string {
	if f.Name != "" {
		return fmt.Sprintf("%s (%s)", f.Name, f.Address())
	}
	return f.Address()
}

// hostOf is the host that a feed's requests count for.
func hostOf(address string) string {
	if _, isFile := filePath(address); isFile {
		return ""
	}
	if u, err := url.Parse(address); err == nil {
		return u.Hostname()
	}
	return address
}
