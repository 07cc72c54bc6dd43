package report

import (
	"context"
	"sync"

	"digestd/digest"
	"digestd/internal/ledger"
	"digestd/mailer"
	"digestd/subscribers"
)

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

// Deliverer delivers what is owed of an edition.
type Deliverer interface {
	Deliver(context.Context, mailer.Job) (mailer.Summary, error)
}

// Counted is a deliverer whose deliveries a tally counts.
type Counted struct {
	by    Deliverer
	tally *Tally
}

// Over counts the deliveries of a deliverer.
func (t *Tally) Over(by Deliverer) Counted { return Counted{by, t} }

// Deliver delivers, and counts how each delivery went.
func (c Counted) Deliver(ctx context.Context, job mailer.Job) (mailer.Summary, error) {
	counted := map[digest.State]int{}
	then := job.Progress
	job.Progress = func(at mailer.Progress) {
		c.tally.add(at.Event.State, 1)
		counted[at.Event.State]++
		if then != nil {
			then(at)
		}
	}
	sum, err := c.by.Deliver(ctx, job)
	ended := map[digest.State]int{digest.Sent: sum.Sent, digest.Failed: sum.Failed, digest.Suppressed: sum.Suppressed,
		digest.Expired: sum.Expired, digest.Nothing: sum.Nothing, digest.Withdrawn: sum.Withdrawn}
	for state, n := range ended { // what ended without a message stands in the sum alone
		c.tally.add(state, n-counted[state])
	}
	return sum, err
}

func (t *Tally) add(s digest.State, n int) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.events[s] += n
}

// counts are the events by the names of their states.
func (t *Tally) counts() map[string]int {
	all := map[string]int{}
	for s := range digest.States {
		if s != digest.Pending && s != digest.Intent {
			all[s.String()] = 0 // a counter begins at nought, or its first increase is not seen
		}
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	for s, n := range t.events {
		all[s.String()] = n
	}
	return all
}

// progress is where the deliveries of an edition stand. Whom nothing goes to any more is suppressed in it, though the
// run that records it has not come to them.
func (l Ledger) progress(e ledger.EditionState) (digest.Progress, error) {
	p, err := l.Deliveries.Progress(e.ID)
	if err != nil || e.Complete || e.Request != "" { // who left may be asked
		return p, err
	}
	barred, err := l.Readers.SuppressedFor(e.Digest)
	if err != nil || len(barred) == 0 {
		return p, err
	}
	waits := func(s digest.State) bool { return s == digest.Pending || s == digest.Deferred }
	for at := 0; at < len(p.States); {
		if !waits(p.States[at]) {
			at++
			continue
		}
		some, err := l.Deliveries.RecipientsAt(e.ID, at)
		if err != nil || len(some) == 0 {
			return p, err
		}
		for _, to := range some {
			if at = to.Index + 1; barred[subscribers.Key(to.Email)] && waits(p.State(to.Index)) {
				p.States[to.Index] = digest.Suppressed
				delete(p.Last, to.Index)
			}
		}
	}
	return p, nil
}

// byName are the deliveries of an edition by the names of their states.
func byName(p digest.Progress) map[string]int {
	states := map[string]int{}
	for s, n := range p.Counts() {
		states[s.String()] = n
	}
	return states
}

// of are an edition's deliveries by state. Those of a complete edition are read once.
func (t *Tally) of(l Ledger, e ledger.EditionState) (map[string]int, error) {
	t.mu.Lock()
	known := t.last[e.Lane()]
	t.mu.Unlock()
	if known.edition == e.ID {
		return known.states, nil
	}
	progress, err := l.progress(e)
	if err != nil {
		return nil, err
	}
	states := byName(progress)
	if e.Complete {
		t.mu.Lock()
		defer t.mu.Unlock()
		t.last[e.Lane()] = deliveries{e.ID, states}
	}
	return states, nil
}
