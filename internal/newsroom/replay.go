package newsroom

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"digestd/digest"
	"digestd/digest/compose"
	"digestd/digest/schedule"
	"digestd/internal/config"
	"digestd/internal/ledger"
)

// Replay composes the editions that a digest would have had, from what feeds showed in the past. It works on a
// ledger of its own, which is thrown away, and on a clock of its own; what composes is what composes at a slot.
type Replay struct {
	Publisher *Publisher // over the ledger to fill; its clock, the ledger's and the collector's are Clock
	Clock     *time.Time
	Then      func(Replayed) error // gets each edition
}

// Replayed is an edition as it would have been.
type Replayed struct {
	Lane    digest.Lane
	Slot    schedule.Slot
	Edition digest.Edition
	Pages   []ReplayedPage
	Unread  int             // fresh items that found no place
	Ordered map[string]bool // feeds that order by importance, by URL
}

// ReplayedPage is what the readers of a variant would have got.
type ReplayedPage struct {
	digest.Page
	Subject string
	Readers int
}

// event is something that feeds showed at a time.
type event struct {
	at   time.Time
	show func(context.Context) error
}

// Capture is what a feed showed once.
type Capture struct {
	Feed digest.Feed
	At   time.Time
	Path string
}

// captureTime is how captures are named: by when they were taken, in UTC.
const captureTime = "20060102T150405Z.xml"

// FindCaptures lists the captures of a digest's feeds in dir, dir/NAME/20200601T050000Z.xml, in the order of time. NAME
// is what the configuration calls a feed. In the digest that is returned, feeds that are files have an address to be
// asked for.
func FindCaptures(dir string, d digest.Digest) (digest.Digest, []Capture, error) {
	var all []Capture
	seen := map[string]bool{}
	d.Topics = slices.Clone(d.Topics)
	for i := range d.Topics {
		d.Topics[i].Feeds = slices.Clone(d.Topics[i].Feeds)
		for j := range d.Topics[i].Feeds {
			f := &d.Topics[i].Feeds[j]
			if !strings.HasPrefix(f.URL, "http") {
				f.URL = "https://captures.invalid/" + url.PathEscape(f.URL)
			}
			if f.Name == "" || !filepath.IsLocal(f.Name) || seen[f.URL] {
				continue
			}
			seen[f.URL] = true
			found, err := capturesOf(dir, *f)
			if err != nil {
				return d, nil, fmt.Errorf("captures of feed %s: %w", f.Name, err)
			}
			all = append(all, found...)
		}
	}
	slices.SortStableFunc(all, func(a, b Capture) int { return a.At.Compare(b.At) })
	if len(all) == 0 {
		return d, nil, fmt.Errorf("%s has no file NAME/20200601T050000Z.xml, NAME being the name of a feed of digest %q", dir, d.ID)
	}
	return d, all, nil
}

// capturesOf lists the captures of a feed.
func capturesOf(dir string, f digest.Feed) ([]Capture, error) {
	files, err := os.ReadDir(filepath.Join(dir, f.Name))
	if errors.Is(err, os.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	var all []Capture
	for _, file := range files {
		if at, err := time.Parse(captureTime, file.Name()); err == nil {
			all = append(all, Capture{Feed: f, At: at, Path: filepath.Join(dir, f.Name, file.Name())})
		}
	}
	return all, nil
}

// captured answers each request with the capture of the feed that is asked for.
type captured map[string]string

func (c captured) RoundTrip(r *http.Request) (*http.Response, error) {
	body, err := os.Open(c.of(r.URL))
	if err != nil {
		return nil, err
	}
	return &http.Response{Status: "200 OK", StatusCode: http.StatusOK, Proto: "HTTP/1.1", ProtoMajor: 1, ProtoMinor: 1,
		Header: http.Header{}, Body: body, ContentLength: -1, Request: r}, nil
}

// of is the capture for an address, however it is spelled.
func (c captured) of(address *url.URL) string {
	for feed, path := range c {
		if u, err := url.Parse(feed); err == nil && u.String() == address.String() {
			return path
		}
	}
	return address.String() // which is no file
}

// Captures replays a digest over captures. Nothing is asked of the network.
func (r Replay) Captures(ctx context.Context, d digest.Digest, captures []Capture) error {
	p, now := r.Publisher, captured{}
	p.Collector.Client = &http.Client{Transport: now}
	var events []event
	for _, c := range captures {
		events = append(events, event{c.At, func(ctx context.Context) error {
			now[c.Feed.URL] = c.Path
			sum := p.Poll(ctx, []digest.Feed{c.Feed}, true, nil)
			if sum.Failed > 0 {
				p.Log.Warn("a capture was passed over", "file", c.Path, "error", sum.Results[0].Err)
			}
			return ctx.Err()
		}})
	}
	return r.run(ctx, d, events, captures[0].At)
}

// Again replays the editions since a time over what a ledger remembers of the news.
func (r Replay) Again(ctx context.Context, d digest.Digest, from *ledger.Ledger, since time.Time) error {
	opens := since
	// one edition more, so that the first one that counts knows what was told before it
	for _, lane := range r.Publisher.Composer.Config.Lanes(d) {
		times, zone, err := config.ScheduleOf(d, lane)
		if err != nil {
			return err
		}
		before := times.Latest(since, zone).At
		if before = before.Add(-2 * times.Lookback(before, zone)); before.Before(opens) {
			opens = before
		}
	}
	position, err := from.Items.PositionAt(opens)
	if err != nil {
		return err
	}
	items, err := from.Items.After(position)
	if err != nil {
		return err
	}
	states, err := from.Items.FeedStates()
	if err != nil {
		return err
	}
	var events []event
	for len(items) > 0 {
		n := 1
		for n < len(items) && items[n].FirstSeen.Equal(items[0].FirstSeen) && items[n].Feed == items[0].Feed {
			n++
		}
		shown := items[:n]
		items = items[n:]
		events = append(events, event{shown[0].FirstSeen, func(ctx context.Context) error {
			st := states[shown[0].Feed]
			st.URL = shown[0].Feed
			_, err := r.Publisher.Ledger.Items.CommitPoll(ctx, st, shown)
			return err
		}})
	}
	return r.run(ctx, d, events, since)
}

// run lets the events happen, and composes at each slot between the first of them and the one that follows the last.
// Editions before since are not shown.
func (r Replay) run(ctx context.Context, d digest.Digest, events []event, since time.Time) error {
	if len(events) == 0 {
		return nil
	}
	cfg, digests := r.Publisher.Composer.Config, []digest.Digest{d}
	if d.Of != "" { // whose editions come first
		of, err := cfg.Digest(d.Of)
		if err != nil {
			return err
		}
		of.Topics = d.Topics
		digests = []digest.Digest{of, d}
	}
	var lanes []replayedLane
	for _, d := range digests {
		for _, lane := range cfg.Lanes(d) {
			lanes = append(lanes, replayedLane{d, lane})
		}
		if len(cfg.Lanes(d)) == 0 {
			lanes = append(lanes, replayedLane{d, digest.Lane{Digest: d.ID, Zone: cfg.Newsletter.Timezone}})
		}
	}
	*r.Clock = events[0].at
	for i, e := range events {
		if err := e.show(ctx); err != nil {
			return err
		}
		next := time.Time{}
		if i+1 < len(events) {
			next = events[i+1].at
		}
		if err := r.slots(ctx, d, lanes, e.at, next, since); err != nil {
			return err
		}
		*r.Clock = next
	}
	return nil
}

// replayedLane is a lane that is composed, and its digest.
type replayedLane struct {
	of   digest.Digest
	lane digest.Lane
}

// slots composes at the slots of the lanes from one event to the next, or at the first one of each after the last
// event.
func (r Replay) slots(ctx context.Context, d digest.Digest, lanes []replayedLane, after, until, since time.Time) error {
	type due struct {
		replayedLane
		slot schedule.Slot
	}
	var all []due
	for _, lane := range lanes {
		for at := after; ; {
			slot, err := config.NextSlot(lane.of, lane.lane, at)
			if err != nil {
				return err
			}
			if !until.IsZero() && !slot.At.Before(until) {
				break
			}
			all = append(all, due{lane, slot})
			if at = slot.At; until.IsZero() {
				break
			}
		}
	}
	slices.SortStableFunc(all, func(a, b due) int { return a.slot.At.Compare(b.slot.At) })
	for _, s := range all {
		if err := ctx.Err(); err != nil {
			return err
		}
		*r.Clock = s.slot.At
		out, err := r.edition(s.of, s.lane, s.slot)
		if err != nil {
			return fmt.Errorf("edition of %s at %s: %w", s.lane, s.slot.Wall, err)
		}
		if s.slot.At.Before(since) || s.of.ID != d.ID {
			continue
		}
		if err := r.Then(out); err != nil {
			return err
		}
	}
	return nil
}

// edition composes a lane's edition, and lets the replay's ledger remember it.
func (r Replay) edition(d digest.Digest, lane digest.Lane, slot schedule.Slot) (Replayed, error) {
	c, out := r.Publisher.Composer, Replayed{Lane: lane, Slot: slot}
	anybody := digest.VariantKey{Language: c.Config.Newsletter.Language, Format: "html"}
	dr, err := c.draft(request{digest: d, lane: lane, slot: slot, id: lane.String() + "/" + slot.Wall,
		now: slot.At.UTC()}, &anybody)
	if err != nil {
		return out, err
	}
	record, err := c.write(dr)
	if err != nil {
		return out, err
	}
	out.Edition, out.Ordered = dr.Edition, dr.ordered
	for _, v := range record.Variants {
		out.Pages = append(out.Pages, ReplayedPage{Page: compose.PageOf(dr.Edition, v.Key), Subject: v.Subject})
	}
	for _, to := range dr.readers.recipients {
		out.Pages[to.Variant].Readers++
	}
	count := func(s digest.Story) {
		for _, it := range s.Items {
			if it.Seq > dr.start || d.Of != "" {
				out.Unread++
			}
		}
	}
	for _, s := range dr.Carried {
		count(s)
	}
	for _, c := range dr.Closed {
		count(c.Story)
	}
	if len(dr.Edition.Stories) == 0 {
		return out, r.Publisher.Ledger.Lanes.PassSlot(record)
	}
	return out, r.Publisher.Ledger.Editions.Commit(record)
}
