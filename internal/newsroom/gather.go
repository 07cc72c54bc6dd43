package newsroom

import (
	"fmt"
	"slices"
	"time"

	"digestd/digest"
	"digestd/digest/curate"
	"digestd/internal/config"
	"digestd/internal/ledger"
)

// gatherer reads what the ledger has for an edition.
type gatherer struct {
	Ledger Past
	Now    func() time.Time
}

// window is what the ledger has for a lane's next edition.
type window struct {
	span
	news
	coverage
}

// span is how far a lane comes with a window: what committing its edition, or passing its slot, moves.
type span struct {
	lane     ledger.LaneState // as it was read
	now      time.Time        // when it is composed; where it waited for the editor, when it was
	start    uint64           // the position after which it begins
	position uint64           // of the last item looked at
	passed   *ledger.Passed
	pool     []ledger.Pooled           // of the lane's pool: looked at
	kept     []ledger.Pooled           // and the rest of it
	settled  map[uint64]ledger.Outcome // items that need no curation any more, and why
}

// news is what there is to be curated.
type news struct {
	since   time.Time
	items   []digest.Item
	carried map[uint64]int            // by item: editions that had no room for it
	sent    []digest.Story            // of the lane's last editions
	told    map[string]digest.Edition // by the id of a story of sent: the edition that told it
	retold  []curate.Retold           // what another digest's editions told, where the lane sums those up
}

// coverage is what the foot of an edition says of its sources.
type coverage struct {
	feeds   []digest.FeedReport
	ordered map[string]bool // feeds that order by importance, by URL
	read    int
	readOf  map[string]int // by feed
}

// gather reads what a lane has not had yet: everything first seen since it last composed, by position
// and not by a clock, and what waits in its pool. An extra edition tells only what is new: the pool stays
// as it is for the next slot's.
func (g gatherer) gather(of request) (window, error) {
	w := window{span: span{settled: map[uint64]ledger.Outcome{}}, news: news{carried: map[uint64]int{}},
		coverage: coverage{readOf: map[string]int{}}}
	var err error
	if w.lane, err = g.Ledger.Lanes.Get(of.lane); err != nil {
		return w, err
	}
	waiting := w.lane.Draft
	if waiting != nil && (of.extra || waiting.Wall != of.slot.Wall) {
		waiting = nil
	}
	if waiting != nil {
		of.now = waiting.At
	}
	w.now = of.now
	if w.start, err = g.start(&w, of); err != nil {
		return w, err
	}
	for _, p := range w.lane.Pool { // what an outage gave back since the editor was asked waits, too
		if of.extra || waiting != nil && waiting.Pool != nil && !slices.Contains(waiting.Pool, p.Item) {
			w.kept = append(w.kept, p)
		} else {
			w.pool = append(w.pool, p)
		}
	}
	names := of.digest.FeedNames()
	if of.digest.Of != "" {
		return w, g.gatherTold(&w, of, names, waiting)
	}
	fresh, err := g.Ledger.Items.After(w.start)
	if err != nil {
		return w, err
	}
	if waiting != nil { // what came since goes into the next
		fresh = slices.DeleteFunc(fresh, func(it digest.Item) bool { return it.Seq > waiting.Position })
	}
	w.position = w.start
	if len(fresh) > 0 {
		w.position = fresh[len(fresh)-1].Seq
	}
	if err := g.addPooled(&w, names); err != nil {
		return w, err
	}
	if err := g.addFresh(&w, names, fresh); err != nil {
		return w, err
	}
	for i := range w.items {
		if name := names[w.items[i].Feed]; name != "" {
			w.items[i].Source = name
		}
	}
	if w.sent, w.told, err = g.sentStories(of.lane, of.now); err != nil {
		return w, err
	}
	if err := g.settleRetold(&w); err != nil {
		return w, err
	}
	w.feeds, w.ordered, err = g.feedReports(of.digest, w.since, w.readOf)
	return w, err
}

// addPooled adds what waits in the lane's pool, but for what it keeps there.
func (g gatherer) addPooled(w *window, names map[string]string) error {
	var pool []uint64
	for _, pooled := range w.pool {
		pool = append(pool, pooled.Item)
		w.carried[pooled.Item] = pooled.Carried
	}
	waiting, err := g.Ledger.Items.At(pool)
	if err != nil {
		return err
	}
	for _, it := range waiting {
		if _, ok := names[it.Feed]; !ok {
			w.settled[it.Seq] = ledger.Outcome{Reason: "feed removed", Unwanted: true}
			continue
		}
		extra, err := g.inExtra(w.lane, it)
		if err != nil {
			return err
		}
		if extra != "" {
			w.settled[it.Seq] = ledger.Outcome{Reason: extra}
			continue
		}
		w.items = append(w.items, it)
	}
	return nil
}

// addFresh adds what the lane has not come to before.
func (g gatherer) addFresh(w *window, names map[string]string, fresh []digest.Item) error {
	for _, it := range fresh {
		if _, ok := names[it.Feed]; !ok {
			continue // of another digest's feeds, or of one that was taken out: this lane does not want it
		}
		w.read++
		w.readOf[it.Feed]++
		had, err := g.had(w.lane, names, it)
		if err != nil {
			return err
		}
		if had != "" {
			w.settled[it.Seq] = ledger.Outcome{Reason: had}
			continue
		}
		w.items = append(w.items, it)
	}
	return nil
}

// settleRetold takes out what goes on with an entry that the lane told so long ago that it can't say so.
func (g gatherer) settleRetold(w *window) (err error) {
	recent := map[string]bool{}
	for _, e := range w.told {
		recent[e.ID] = true
	}
	w.items = slices.DeleteFunc(w.items, func(it digest.Item) bool {
		if it.After == 0 || err != nil {
			return false
		}
		o, told, failed := g.Ledger.Lanes.Outcome(w.lane.Lane, it.After)
		if err = failed; !told || o.Reason != "" || recent[o.Edition] {
			return false
		}
		w.settled[it.Seq] = ledger.Outcome{Reason: fmt.Sprintf("the same entry as item %d under another headline%s", it.After, inEdition(o))}
		return true
	})
	return err
}

// start finds the position after which the lane's window begins. A lane that never composed looks back
// one period; so does one that wakes, unless it stands later than that already.
func (g gatherer) start(w *window, of request) (uint64, error) {
	w.since = w.lane.Composed
	times, zone, err := config.ScheduleOf(of.digest, of.lane)
	if err != nil {
		return 0, err
	}
	opens := of.now
	if next := times.Next(g.Now(), zone).At; next.Before(opens) { // of a preview: the lane will have begun by then
		opens = next
	}
	cutoff := opens.Add(-times.Lookback(opens, zone))
	if w.since.IsZero() || w.since.After(of.now) { // no edition stands yet, or one of a clock that was wrong
		w.since = cutoff
	}
	if w.lane.Began && !w.lane.Asleep {
		return w.lane.Position, nil
	}
	start, err := g.Ledger.Items.PositionAt(cutoff)
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
func (g gatherer) had(lane ledger.LaneState, wanted map[string]string, it digest.Item) (string, error) {
	if it.Of == 0 {
		return "", nil
	}
	positions, seq, o, err := g.sighted(lane, it, func(seq uint64, o ledger.Outcome) bool { return seq != it.Seq && !o.Unwanted })
	if err != nil {
		return "", err
	}
	if seq != 0 {
		return fmt.Sprintf("the same entry as item %d, which another feed showed before%s", seq, inEdition(o)), nil
	}
	others, err := g.Ledger.Items.At(positions)
	if err != nil {
		return "", err
	}
	for _, other := range others {
		for _, passed := range lane.Passed {
			if _, ok := wanted[other.Feed]; ok && passed.Has(other.Seq) {
				return "the same entry as an item that was " + passed.Reason, nil
			}
		}
	}
	return "", nil
}

// inExtra tells whether an extra edition told an entry, as another feed showed it, that has waited since.
func (g gatherer) inExtra(lane ledger.LaneState, it digest.Item) (string, error) {
	_, seq, o, err := g.sighted(lane, it, func(_ uint64, o ledger.Outcome) bool { return o.Reason == "" })
	if seq == 0 || err != nil {
		return "", err
	}
	return fmt.Sprintf("the same entry as item %d, which another feed showed%s", seq, inEdition(o)), nil
}

// sighted are the sightings of an entry, and the first of them that a lane has settled in such a way; 0 where none is.
func (g gatherer) sighted(
	lane ledger.LaneState, it digest.Item, such func(uint64, ledger.Outcome) bool,
) (all []uint64, seq uint64, o ledger.Outcome, err error) {
	if all, err = g.Ledger.Items.Sightings(it); err != nil {
		return nil, 0, o, err
	}
	for _, seq := range all {
		o, ok, err := g.Ledger.Lanes.Outcome(lane.Lane, seq)
		if err != nil || ok && such(seq, o) {
			return all, seq, o, err
		}
	}
	return all, 0, o, nil
}

func inEdition(o ledger.Outcome) string {
	if o.Edition == "" {
		return ""
	}
	return ", in edition " + o.Edition
}

// sentStories are the stories of the lane's editions of the last curate.Window, which later items may join, and which
// edition told each.
func (g gatherer) sentStories(lane digest.Lane, now time.Time) ([]digest.Story, map[string]digest.Edition, error) {
	editions, err := g.Ledger.Editions.Select(func(e ledger.EditionState) bool {
		return e.Lane() == lane && !e.Withdrawn && now.Sub(e.Composed) <= curate.Window
	})
	if err != nil {
		return nil, nil, err
	}
	var stories []digest.Story
	told := map[string]digest.Edition{}
	for _, e := range editions {
		frozen, err := g.Ledger.Editions.Frozen(e.ID)
		if err != nil {
			return nil, nil, err
		}
		for _, s := range frozen.Stories {
			told[s.ID] = frozen
		}
		stories = append(stories, frozen.Stories...)
	}
	return stories, told, nil
}

// feedReports tell, for the coverage footer, which of the digest's feeds were read since the lane last composed, and,
// for the ranking, which of them order by importance.
func (g gatherer) feedReports(d digest.Digest, since time.Time,
	considered map[string]int) (reports []digest.FeedReport, ordered map[string]bool, err error) {
	states, err := g.Ledger.Items.FeedStates()
	if err != nil {
		return nil, nil, err
	}
	ordered = map[string]bool{}
	at := map[string]int{}
	for _, t := range d.Topics {
		for _, f := range t.Feeds {
			i, ok := at[f.URL]
			if !ok {
				st := states[f.URL]
				ordered[f.URL] = st.ByImportance()
				i, at[f.URL] = len(reports), len(reports)
				reports = append(reports, digest.FeedReport{
					Name: f.Called(st), OK: read(st, since), LastSuccess: st.LastSuccess, Read: considered[f.URL],
				})
			}
			reports[i].Topics = append(reports[i].Topics, t.ID)
		}
	}
	return reports, ordered, nil
}

// read reports whether a feed was read since the lane last composed, or was well when it was last asked: a
// feed that is not due yet has nothing to be named for.
func read(st digest.FeedState, since time.Time) bool {
	return !st.LastSuccess.IsZero() && (!st.LastSuccess.Before(since) || st.Failures == 0)
}
