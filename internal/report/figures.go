package report

import (
	"errors"
	"time"

	"digestd/digest"
	"digestd/internal/config"
	"digestd/internal/ledger"
)

// Figures are what a monitoring system wants to know of a running daemon, in numbers.
type Figures struct {
	Feeds     map[string]int // by how they are: "well", "failing", "gone", "unread"
	Items     uint64         // recorded so far, those included that were forgotten since
	Editions  map[string]int // in the ledger: "complete", "open", "withdrawn"
	Paused    int            // editions
	Delivered map[string]int // deliveries that came to something since this process started, by state
	Lanes     []LaneFigures
	Problems  int   // that need a person
	Bytes     int64 // of the ledger
	LastWrite time.Time
}

// LaneFigures are those of a lane.
type LaneFigures struct {
	Lane       digest.Lane
	Next       time.Time      // slot
	Last       time.Time      // slot used; zero: none yet
	Lag        time.Duration  // since the slot that is due and not used; 0 when none is
	Delay      time.Duration  // from slot to composing, of the last edition
	Deliveries map[string]int // of the last edition, by state
}

// Figures reads them. It writes nothing.
func (rep Reporter) Figures(tally *Tally, known Known) (Figures, error) {
	now := rep.Now()
	f := Figures{Feeds: map[string]int{}, Editions: map[string]int{}, Delivered: tally.counts(),
		Problems: len(rep.Problems(known)), Bytes: rep.Ledger.Size()}
	states, err := rep.Ledger.Items.FeedStates()
	if err != nil {
		return f, err
	}
	for _, feed := range rep.Config.Feeds() {
		f.Feeds[feedHealth(states[feed.URL])]++
	}
	if f.Items, err = rep.Ledger.Items.Last(); err != nil {
		return f, err
	}
	if _, err = rep.Ledger.Editions.Select(func(e ledger.EditionState) bool { f.count(e); return false }); err != nil {
		return f, err
	}
	for d, lane := range rep.Config.AllLanes() {
		figures, err := rep.laneFigures(d, lane, tally, now)
		if err != nil {
			return f, err
		}
		f.Lanes = append(f.Lanes, figures)
	}
	f.LastWrite, err = rep.Ledger.LastCommit()
	return f, err
}

// feedHealth is how a feed is, in one word.
func feedHealth(st digest.FeedState) string {
	switch {
	case st.Gone:
		return "gone"
	case st.Failures > 0:
		return "failing"
	case st.LastSuccess.IsZero():
		return "unread"
	}
	return "well"
}

func (f *Figures) count(e ledger.EditionState) {
	switch {
	case e.Withdrawn:
		f.Editions["withdrawn"]++
	case e.Complete:
		f.Editions["complete"]++
	default:
		f.Editions["open"]++
		if e.Paused != "" {
			f.Paused++
		}
	}
}

func (rep Reporter) laneFigures(d digest.Digest, lane digest.Lane, tally *Tally, now time.Time) (LaneFigures, error) {
	f := LaneFigures{Lane: lane, Deliveries: map[string]int{}}
	next, err := config.NextSlot(d, lane, now)
	if err != nil {
		return f, err
	}
	latest, err := config.LatestSlot(d, lane, now)
	if err != nil {
		return f, err
	}
	st, err := rep.Ledger.Lanes.Get(lane)
	if err != nil {
		return f, err
	}
	f.Next, f.Last = next.At, st.Slot
	if st.Wall != "" && latest.Wall > st.Wall {
		f.Lag = now.Sub(latest.At)
	}
	if st.Edition == "" {
		return f, nil
	}
	e, err := rep.Ledger.Editions.Get(st.Edition)
	if errors.Is(err, ledger.ErrUnknown) { // so old that it was pruned
		return f, nil
	}
	if err != nil {
		return f, err
	}
	f.Delay = e.Composed.Sub(e.Slot)
	f.Deliveries, err = tally.of(rep.Ledger, e)
	return f, err
}
