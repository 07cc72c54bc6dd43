package newsroom

import (
	"fmt"
	"time"

	"digestd/digest"
	"digestd/digest/curate"
	"digestd/digest/schedule"
	"digestd/internal/config"
	"digestd/internal/ledger"
)

// window is what the ledger has for a lane's next edition.
type window struct {
	lane     ledger.LaneState // as it was read
	slot     schedule.Slot
	now      time.Time
	since    time.Time
	items    []digest.Item
	carried  map[uint64]int            // by item: editions that had no room for it
	kept     []ledger.Pooled           // of the lane's pool: not looked at
	settled  map[uint64]ledger.Outcome // items that need no curation any more, and why
	start    uint64                    // the position behind which it begins
	position uint64                    // of the last item looked at
	passed   *ledger.Passed
	sent     []digest.Story // of the lane's last editions
	feeds    []digest.FeedReport
	read     int
}

// gather reads what a lane has not had yet: everything first seen since it last composed, by position
// and not by a clock, and what waits in its pool. An extra edition tells only what is new: the pool stays
// as it is for the next slot's.
func (c *Composer) gather(d digest.Digest, lane digest.Lane, slot schedule.Slot, now time.Time, extra bool) (window, error) {
	w := window{slot: slot, now: now.UTC(), carried: map[uint64]int{}, settled: map[uint64]ledger.Outcome{}}
	var err error
	if w.lane, err = c.Ledger.Lane(lane); err != nil {
		return w, err
	}
	if w.start, err = c.start(&w, d, lane); err != nil {
		return w, err
	}
	fresh, err := c.Ledger.ItemsAfter(w.start)
	if err != nil {
		return w, err
	}
	w.position = w.start
	if len(fresh) > 0 {
		w.position = fresh[len(fresh)-1].Seq
	}
	if extra {
		w.kept = w.lane.Pool
	}
	var pool []uint64
	for _, pooled := range w.lane.Pool[len(w.kept):] {
		pool = append(pool, pooled.Item)
		w.carried[pooled.Item] = pooled.Carried
	}
	waiting, err := c.Ledger.Items(pool)
	if err != nil {
		return w, err
	}
	names := d.FeedNames()
	for _, it := range waiting {
		if _, ok := names[it.Feed]; !ok {
			w.settled[it.Seq] = ledger.Outcome{Reason: "feed removed", Unwanted: true}
			continue
		}
		told, err := c.told(w.lane, it)
		if err != nil {
			return w, err
		}
		if told != "" {
			w.settled[it.Seq] = ledger.Outcome{Reason: told}
			continue
		}
		w.items = append(w.items, it)
	}
	for _, it := range fresh {
		if _, ok := names[it.Feed]; !ok {
			continue // of another digest's feeds, or of one that was taken out: this lane does not want it
		}
		w.read++
		had, err := c.had(w.lane, names, it)
		if err != nil {
			return w, err
		}
		if had != "" {
			w.settled[it.Seq] = ledger.Outcome{Reason: had}
			continue
		}
		w.items = append(w.items, it)
	}
	for i := range w.items {
		if name := names[w.items[i].Feed]; name != "" {
			w.items[i].Source = name
		}
	}
	if w.sent, err = c.sentStories(lane, w.now); err != nil {
		return w, err
	}
	w.feeds, err = c.feedReports(d, w.since)
	return w, err
}

// start finds the position behind which the lane's window begins. A lane that never composed looks back
// one period; so does one that wakes, unless it stands later than that already.
func (c *Composer) start(w *window, d digest.Digest, lane digest.Lane) (uint64, error) {
	w.since = w.lane.Composed
	line, zone, err := config.ScheduleOf(d, lane)
	if err != nil {
		return 0, err
	}
	opens := w.now
	if next := line.Next(c.Now(), zone).At; next.Before(opens) { // of a preview: the lane will have begun by then
		opens = next
	}
	cutoff := opens.Add(-line.Lookback(opens, zone))
	if w.since.IsZero() || w.since.After(w.now) { // no edition stands yet, or one of a clock that was wrong
		w.since = cutoff
	}
	if w.lane.Began && !w.lane.Asleep {
		return w.lane.Position, nil
	}
	start, err := c.Ledger.PositionAt(cutoff)
	if err != nil {
		return 0, err
	}
	if start <= w.lane.Position {
		return w.lane.Position, nil
	}
	reason := "first seen more than a period before the lane began"
	if w.lane.Began {
		reason = "first seen while the lane was owed to nobody"
	}
	w.since = cutoff
	w.passed = &ledger.Passed{From: w.lane.Position + 1, To: start, Reason: reason}
	return start, nil
}

// had tells whether the lane already settled this entry as another feed showed it, and how.
func (c *Composer) had(lane ledger.LaneState, wanted map[string]string, it digest.Item) (string, error) {
	if it.Of == 0 {
		return "", nil
	}
	positions, err := c.Ledger.Sightings(it)
	if err != nil {
		return "", err
	}
	for _, seq := range positions {
		if seq == it.Seq {
			continue
		}
		o, ok, err := c.Ledger.Outcome(lane.Lane, seq)
		if err != nil {
			return "", err
		}
		if ok && !o.Unwanted {
			return fmt.Sprintf("the same entry as item %d, which another feed showed before%s", seq, inEdition(o)), nil
		}
	}
	others, err := c.Ledger.Items(positions)
	if err != nil {
		return "", err
	}
	for _, other := range others {
		for _, passed := range lane.Passed {
			if _, ok := wanted[other.Feed]; ok && other.Seq >= passed.From && other.Seq <= passed.To {
				return "the same entry as an item that was " + passed.Reason, nil
			}
		}
	}
	return "", nil
}

// told tells whether an extra edition told an entry, as another feed showed it, that has waited since.
func (c *Composer) told(lane ledger.LaneState, it digest.Item) (string, error) {
	positions, err := c.Ledger.Sightings(it)
	if err != nil {
		return "", err
	}
	for _, seq := range positions {
		o, ok, err := c.Ledger.Outcome(lane.Lane, seq)
		if err != nil {
			return "", err
		}
		if ok && o.Reason == "" {
			return fmt.Sprintf("the same entry as item %d, which another feed showed%s", seq, inEdition(o)), nil
		}
	}
	return "", nil
}

func inEdition(o ledger.Outcome) string {
	if o.Edition == "" {
		return ""
	}
	return ", in edition " + o.Edition
}

// sentStories are the stories of the lane's editions of the last curate.Window, which later items may join.
func (c *Composer) sentStories(lane digest.Lane, now time.Time) ([]digest.Story, error) {
	editions, err := c.Ledger.Editions(func(e ledger.EditionState) bool {
		return e.Lane() == lane && !e.Withdrawn && now.Sub(e.Composed) <= curate.Window
	})
	if err != nil {
		return nil, err
	}
	var stories []digest.Story
	for _, e := range editions {
		frozen, err := c.Ledger.Frozen(e.ID)
		if err != nil {
			return nil, err
		}
		stories = append(stories, frozen.Stories...)
	}
	return stories, nil
}

// feedReports tell, for the coverage footer, which of the digest's feeds were read since the lane last composed.
func (c *Composer) feedReports(d digest.Digest, since time.Time) ([]digest.FeedReport, error) {
	states, err := c.Ledger.FeedStates()
	if err != nil {
		return nil, err
	}
	var reports []digest.FeedReport
	seen := map[string]bool{}
	for _, t := range d.Topics {
		for _, f := range t.Feeds {
			if seen[f.URL] {
				continue
			}
			seen[f.URL] = true
			st := states[f.URL]
			reports = append(reports, digest.FeedReport{
				Name: f.Called(st), OK: read(st, since), LastSuccess: st.LastSuccess,
			})
		}
	}
	return reports, nil
}

// read reports whether a feed was read since the lane last composed, or was well when it was last asked: a
// feed that is not due yet has nothing to be named for.
func read(st digest.FeedState, since time.Time) bool {
	return !st.LastSuccess.IsZero() && (!st.LastSuccess.Before(since) || st.Failures == 0)
}
