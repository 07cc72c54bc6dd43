package newsroom

import (
	"errors"
	"fmt"
	"slices"
	"time"

	"digestd/digest"
	"digestd/digest/curate"
	"digestd/internal/config"
	"digestd/internal/ledger"
)

// gatherTold reads what the editions of another digest told that a lane has not had: those of the same zone or, where
// there are none, of all zones. What a withdrawn edition told was not told. An item is new to the lane as long as it is
// not settled there, whatever clocks and positions say; so an edition may be read twice, and is told once.
func (g gatherer) gatherTold(w *window, of request, names map[string]string, waiting *ledger.Draft) error {
	var err error
	if w.position, err = g.Ledger.Items.PositionAt(of.now); err != nil {
		return err
	}
	w.position = max(w.position, w.start)
	editions, err := g.editionsOf(*w, of, waiting)
	if err != nil {
		return err
	}
	t := teller{gatherer: g, window: w, names: names, editions: map[string]digest.Edition{}}
	for _, e := range editions {
		if err := t.add(e.ID); err != nil {
			return fmt.Errorf("what edition %s told: %w", e.ID, err)
		}
	}
	for i := range w.retold {
		if !of.digest.Developments {
			w.retold[i].Follows = nil
		}
		if err := t.follow(&w.retold[i]); err != nil {
			return fmt.Errorf("what edition %s follows: %w", w.retold[i].Edition, err)
		}
	}
	w.feeds, w.ordered, err = g.feedReports(of.digest, w.since, w.readOf)
	return err
}

// editionsOf are the editions that can have told what a lane has not had, oldest first. They begin a period earlier than
// the lane's window: one may have been committed while the lane's last one was composed.
func (g gatherer) editionsOf(w window, of request, waiting *ledger.Draft) ([]ledger.EditionState, error) {
	times, zone, err := config.ScheduleOf(of.digest, of.lane)
	if err != nil {
		return nil, err
	}
	from := w.since.Add(-times.Lookback(of.now, zone))
	var pool []uint64
	for _, p := range w.pool {
		pool = append(pool, p.Item)
	}
	pooled, err := g.Ledger.Items.At(pool)
	if err != nil {
		return nil, err
	}
	for _, it := range pooled {
		if it.FirstSeen.Before(from) {
			from = it.FirstSeen
		}
	}
	all, err := g.Ledger.Editions.Select(func(e ledger.EditionState) bool {
		return e.Digest == of.digest.Of && !e.Withdrawn && !e.Composed.Before(from) &&
			(waiting == nil || !e.Composed.After(waiting.At)) // what came since goes into the next
	})
	own := func(e ledger.EditionState) bool { return e.Zone == of.lane.Zone }
	if slices.ContainsFunc(all, own) {
		all = slices.DeleteFunc(all, func(e ledger.EditionState) bool { return !own(e) })
	}
	slices.SortStableFunc(all, func(a, b ledger.EditionState) int { return a.Slot.Compare(b.Slot) })
	return all, err
}

// teller gathers what editions told.
type teller struct {
	gatherer
	*window
	names    map[string]string         // of the feeds, by URL
	editions map[string]digest.Edition // that were read
}

// add takes in what an edition told, without what the lane has had of it.
func (t teller) add(id string) error {
	e, err := t.edition(id)
	if err != nil {
		return err
	}
	zone, err := time.LoadLocation(e.Zone)
	if err != nil {
		return err
	}
	for _, s := range e.Stories {
		var items []digest.Item
		again := "" // the lane told this story, before another edition told more of it
		for _, it := range s.Items {
			reason, told, err := t.look(it)
			if err != nil {
				return err
			}
			if name := t.names[it.Feed]; name != "" {
				it.Source = name
			}
			switch {
			case told:
				again = reason
			case reason == "":
				items = append(items, it)
			}
		}
		t.read += len(items)
		for _, it := range items {
			t.readOf[it.Feed]++
			if again != "" {
				t.settled[it.Seq] = ledger.Outcome{Reason: again}
			}
		}
		if len(items) == 0 || again != "" {
			continue
		}
		s.Items = items
		t.items = append(t.items, items...)
		t.retold = append(t.retold, curate.Retold{Story: s,
			Told: digest.Told{Edition: e.ID, At: e.Slot.In(zone), Public: e.Public, Title: s.Lead().Title}})
	}
	return nil
}

// edition reads an edition, once.
func (t teller) edition(id string) (digest.Edition, error) {
	e, ok := t.editions[id]
	if ok {
		return e, nil
	}
	e, err := t.Ledger.Editions.Frozen(id)
	t.editions[id] = e
	return e, err
}

// look tells why an item of another digest's edition is not new to the lane, and whether the lane told it.
func (t teller) look(it digest.Item) (reason string, told bool, err error) {
	if _, ok := t.names[it.Feed]; !ok {
		return "feed removed", false, nil
	}
	o, ok, err := t.Ledger.Lanes.Outcome(t.lane.Lane, it.Seq)
	switch {
	case err != nil:
		return "", false, err
	case ok && o.Reason == "":
		return "coverage of what edition " + o.Edition + " told", true, nil
	case ok:
		return o.Reason, false, nil
	}
	passed := t.lane.Passed
	if t.passed != nil {
		passed = append(slices.Clone(passed), *t.passed)
	}
	for _, p := range passed {
		if p.Has(it.Seq) {
			return p.Reason, false, nil
		}
	}
	if slices.ContainsFunc(t.kept, func(p ledger.Pooled) bool { return p.Item == it.Seq }) {
		return "waits for the slot's own edition", false, nil
	}
	reason, err = t.had(t.lane, t.names, it)
	return reason, false, err
}

// follow lets what was told say which of the lane's own stories it goes on with. What it goes on with of the same window
// is the same story.
func (t teller) follow(r *curate.Retold) error {
	f := r.Follows
	if f == nil || slices.ContainsFunc(t.retold, func(o curate.Retold) bool { return o.Edition == f.Edition && o.ID == f.Story }) {
		return nil
	}
	r.Follows = nil
	before, err := t.edition(f.Edition)
	if errors.Is(err, ledger.ErrUnknown) { // so old that it was pruned
		return nil
	}
	for _, it := range itemsOf(before, f.Story) {
		o, ok, err := t.Ledger.Lanes.Outcome(t.lane.Lane, it.Seq)
		if err != nil || !ok || o.Reason != "" {
			continue
		}
		own, err := t.edition(o.Edition)
		if items := itemsOf(own, o.Story); err == nil && len(items) > 0 {
			r.Follows = &digest.Follows{Story: o.Story, Edition: own.ID, Told: own.Slot, Public: own.Public,
				Title: items[0].Title, News: f.News, Score: f.Score, Terms: f.Terms}
			return nil
		}
	}
	return err
}

// itemsOf are the items of a story of an edition.
func itemsOf(e digest.Edition, story string) []digest.Item {
	if i := slices.IndexFunc(e.Stories, func(s digest.Story) bool { return s.ID == story }); i >= 0 {
		return e.Stories[i].Items
	}
	return nil
}
