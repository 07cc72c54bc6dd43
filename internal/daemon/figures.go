package daemon

import (
	"errors"
	"sync"
	"time"

	"digestd/digest"
	"digestd/internal/config"
	"digestd/internal/ledger"
	"digestd/mailer"
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

// Figures gathers them. It writes nothing.
func (p *Pipeline) Figures() (Figures, error) {
	now := p.Now()
	f := Figures{Feeds: map[string]int{}, Editions: map[string]int{}, Delivered: p.Tally.counts(), Problems: len(p.Problems()), Bytes: p.Ledger.Size()}
	states, err := p.Ledger.FeedStates()
	if err != nil {
		return f, err
	}
	for _, feed := range p.Config.Feeds() {
		f.Feeds[feedHealth(states[feed.URL])]++
	}
	if f.Items, err = p.Ledger.LastSeq(); err != nil {
		return f, err
	}
	if _, err = p.Ledger.Editions(func(e ledger.EditionState) bool { f.count(e); return false }); err != nil {
		return f, err
	}
	for _, d := range p.Config.Digests {
		for _, lane := range p.Config.Lanes(d) {
			figures, err := p.laneFigures(d, lane, now)
			if err != nil {
				return f, err
			}
			f.Lanes = append(f.Lanes, figures)
		}
	}
	f.LastWrite, err = p.Ledger.LastCommit()
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

func (p *Pipeline) laneFigures(d digest.Digest, lane digest.Lane, now time.Time) (LaneFigures, error) {
	f := LaneFigures{Lane: lane, Deliveries: map[string]int{}}
	next, err := config.NextSlot(d, lane, now)
	if err != nil {
		return f, err
	}
	latest, err := config.LatestSlot(d, lane, now)
	if err != nil {
		return f, err
	}
	st, err := p.Ledger.Lane(lane)
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
	e, err := p.Ledger.Edition(st.Edition)
	if errors.Is(err, ledger.ErrUnknown) { // so old that it was pruned
		return f, nil
	}
	if err != nil {
		return f, err
	}
	f.Delay = e.Composed.Sub(e.Slot)
	f.Deliveries, err = p.Tally.of(p.Ledger, e)
	return f, err
}

// Tally counts deliveries of this process. It outlives reloads.
type Tally struct {
	mu     sync.Mutex
	events map[digest.State]int
	last   map[digest.Lane]deliveries // of complete editions, which do not change
}

// deliveries are those of an edition, by state.
type deliveries struct {
	edition string
	states  map[string]int
}

// NewTally makes one that has counted nothing.
func NewTally() *Tally {
	return &Tally{events: map[digest.State]int{}, last: map[digest.Lane]deliveries{}}
}

// follow counts a run of deliveries: progress hears of each, end of how it ended. A nil tally counts nothing.
func (t *Tally) follow(then func(mailer.Progress)) (progress func(mailer.Progress), end func(mailer.Summary)) {
	if t == nil {
		return then, func(mailer.Summary) {}
	}
	counted := map[digest.State]int{}
	progress = func(at mailer.Progress) {
		t.add(at.Event.State, 1)
		counted[at.Event.State]++
		if then != nil {
			then(at)
		}
	}
	end = func(sum mailer.Summary) { // what ended without a message stands in the sum alone
		for state, n := range map[digest.State]int{digest.Sent: sum.Sent, digest.Failed: sum.Failed, digest.Suppressed: sum.Suppressed,
			digest.Expired: sum.Expired, digest.Nothing: sum.Nothing} {
			t.add(state, n-counted[state])
		}
	}
	return progress, end
}

func (t *Tally) add(s digest.State, n int) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.events[s] += n
}

// counts are the events by the names of their states.
func (t *Tally) counts() map[string]int {
	all := map[string]int{}
	for _, s := range []digest.State{digest.Sent, digest.Deferred, digest.Failed, digest.InDoubt, digest.Held, digest.Suppressed, digest.Expired, digest.Nothing} {
		all[s.String()] = 0 // a counter begins at nought, or its first increase is not seen
	}
	if t == nil {
		return all
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	for s, n := range t.events {
		all[s.String()] = n
	}
	return all
}

// of are an edition's deliveries by state. Those of a complete edition are read once.
func (t *Tally) of(l *ledger.Ledger, e ledger.EditionState) (map[string]int, error) {
	if t != nil {
		t.mu.Lock()
		known := t.last[e.Lane()]
		t.mu.Unlock()
		if known.edition == e.ID {
			return known.states, nil
		}
	}
	progress, err := l.Progress(e.ID)
	if err != nil {
		return nil, err
	}
	states := map[string]int{}
	for s, n := range progress.Counts() {
		states[s.String()] = n
	}
	if t != nil && e.Complete {
		t.mu.Lock()
		defer t.mu.Unlock()
		t.last[e.Lane()] = deliveries{e.ID, states}
	}
	return states, nil
}
