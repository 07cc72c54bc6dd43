package mailer

import (
	"context"
	"errors"
	"sync"
	"time"

	"digestd/digest"
)

// A run takes the lots of its edition as it goes: one when it has nothing more to send now, and it gives each back as
// soon as nothing of it can go. Other senders take others meanwhile. Where no other process can send, the only lot is
// all of the edition, and stays with the run to its end.

// lots are those of an edition, as a run knows them.
type lots struct {
	*run
	taking sync.Mutex        // held by the worker that takes one
	noMore bool              // there was none
	whole  bool              // the only one is all of the edition
	known  []digest.Standing // as each stood when it was last looked at; the run's mutex guards it
	next   time.Time         // when the next deferred delivery may go, as far as they were given back
}

// refresh reads where the lots stand.
func (o *lots) refresh() error {
	known, err := o.m.ledger.Standings(o.job.Edition)
	if err != nil {
		return err
	}
	o.mu.Lock()
	defer o.mu.Unlock()
	o.known, o.counts, o.next = known, [digest.States]int{}, time.Time{}
	for _, s := range known {
		o.add(s, 1)
		if s.Owed() > 0 && !s.Due.IsZero() && (o.next.IsZero() || s.Due.Before(o.next)) {
			o.next = s.Due
		}
	}
	o.summary.Recipients = 0
	for _, n := range o.counts {
		o.summary.Recipients += n
	}
	return nil
}

// add counts the deliveries of a lot, n times. The caller holds mu.
func (o *lots) add(s digest.Standing, n int) {
	for state, count := range s.Counts {
		o.counts[state] += n * count
	}
}

// wants reports whether there is something to do for a lot.
func (o *lots) wants(s digest.Standing) bool {
	wait := s.Due.Sub(o.m.Now())
	return s.Owed() > 0 && (wait <= 0 || o.job.Now || wait > o.m.options.GiveUp || o.overdue()) // the due of a clock that was wrong is now
}

// nothing reports whether nothing of the lots that the run has can go now.
func (r *run) nothing() bool {
	ready, _ := r.q.left(r.m.Now())
	return !ready
}

// more takes one lot more, unless another worker has taken one since there were so many. It reports whether there is one
// more.
func (o *lots) more(ctx context.Context, had int) bool {
	o.taking.Lock()
	defer o.taking.Unlock()
	if o.q.had() != had {
		return true
	}
	if o.noMore || o.q.full() || o.failed() {
		return false
	}
	lot, ok, err := o.m.ledger.Take(ctx, o.job.Edition, func(number int, s digest.Standing) bool {
		return o.wants(s) && !o.q.hasLot(number) // one that was lost with its session is free
	})
	if err == nil && ok {
		err = o.begin(lot)
	}
	if err != nil && ctx.Err() == nil {
		o.fail(err)
	}
	if err != nil || !ok {
		o.noMore = true
		return false
	}
	o.noMore = lot.Whole
	o.giveQuiet()
	return true
}

// begin takes in a lot: what it owes goes into the queue, but for what needs no message to be settled.
func (o *lots) begin(lot digest.Lot) error {
	now := digest.Standing{Counts: make([]int, len(o.counts))}
	died := false
	for _, s := range lot.States {
		now.Counts[s]++
		died = died || s == digest.Intent
	}
	o.locked(func() {
		o.whole = lot.Whole
		o.summary.Lots++
		o.add(o.known[lot.Number], -1)
		o.add(now, 1)
	})
	var err error
	if died && lot.Whole {
		err = o.recount()
	}
	if err == nil {
		err = o.settle(lot.Progress)
	}
	if o.job.Now {
		for index, e := range lot.Last {
			if e.Due.After(o.m.Now()) {
				e.Due = o.m.Now()
				lot.Last[index] = e
			}
		}
	}
	return errors.Join(err, o.q.add(lot, lot.Whole || o.job.Now)) // it is given back in any case
}

// giveQuiet gives back the lots of which nothing can go now.
func (o *lots) giveQuiet() { o.give(o.q.quiet(o.m.Now(), false)) }

func (o *lots) give(lots []given) {
	for _, g := range lots {
		s, err := o.m.ledger.Give(o.job.Edition, g.number, g.due)
		if err != nil {
			o.fail(err)
			continue
		}
		o.locked(func() { o.known[g.number] = s })
	}
}

// giveAll gives back what the run still has, and finds out how the edition stands then.
func (o *lots) giveAll() {
	_, next := o.q.left(o.m.Now())
	o.locked(func() { o.next = next })
	failed := o.err != nil
	o.give(o.q.quiet(o.m.Now(), true))
	if !o.whole && !failed {
		o.fail(o.refresh())
	}
}

// expire settles what is still owed now that the lane's next slot has come, in the lots that nobody has too.
func (o *lots) expire(ctx context.Context) error {
	for _, p := range o.q.drain() {
		if err := o.settle(p); err != nil {
			return err
		}
	}
	o.noMore = o.whole
	for o.more(ctx, o.q.had()) {
	}
	return nil
}

// alone reports whether nobody is at work on the edition, as far as can be told: all that is owed waits for its time.
func (o *lots) alone() bool {
	for _, s := range o.known {
		if o.wants(s) {
			return false
		}
	}
	return true
}

func (r *run) failed() bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.err != nil
}
