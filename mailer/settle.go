package mailer

import (
	"context"
	"maps"
	"slices"
	"time"

	"digestd/digest"
)

// settle brings to an end, or to the right state to begin from, what needs no message for that: what an
// earlier process left in the middle, readers for whom there is nothing, and all that is overdue.
func (r *run) settle(p digest.Progress) error {
	now := r.m.Now()
	var events []digest.Event
	flush := func() error {
		if len(events) == 0 {
			return nil
		}
		err := r.m.ledger.Record(context.Background(), r.job.Edition, events)
		events = events[:0]
		return err
	}
	move := func(e digest.Event) {
		e.At = now
		r.locked(func() { r.move(p.State(e.Index), e.State) })
		p.States[e.Index-p.First] = e.State
		if e.State.Final() {
			delete(p.Last, e.Index)
		} else {
			p.Last[e.Index] = e
		}
		events = append(events, e)
	}
	died := 0
	for _, index := range slices.Sorted(maps.Keys(p.Last)) {
		if p.Last[index].State == digest.Intent {
			died++
		}
		e := r.leftOff(p.Last[index], now)
		if e.State != p.Last[index].State {
			move(e)
		} else {
			p.Last[index] = e
		}
	}
	if err := flush(); err != nil {
		return err
	}
	if died > 0 {
		r.m.log.Warn("the process before this one ended while messages were on their way", "edition", r.job.Edition,
			"in_doubt", died, "policy", r.m.options.InDoubt)
	}
	over := r.overdue()
	if !over && !slices.Contains(r.job.Templates, nil) {
		return nil
	}
	for at, end := p.First, p.First+len(p.States); at < end; {
		chunk, err := recipientsAt(r.m.ledger, r.job.Edition, at)
		if err != nil {
			return err
		}
		for _, to := range chunk {
			switch {
			case p.State(to.Index) != digest.Pending:
			case to.Variant < len(r.job.Templates) && r.job.Templates[to.Variant] == nil:
				move(digest.Event{Index: to.Index, State: digest.Nothing})
			case over:
				move(digest.Event{Index: to.Index, State: digest.Expired,
					Words: "not tried before the next edition was due"})
			}
		}
		if err := flush(); err != nil {
			return err
		}
		at = chunk[len(chunk)-1].Index + 1
	}
	return nil
}

// leftOff is where a delivery that was begun goes on from: its last event, in the state or with the time that it is to
// have now.
func (r *run) leftOff(e digest.Event, now time.Time) digest.Event {
	doubtful := e.State == digest.Intent || e.State == digest.InDoubt
	switch {
	case doubtful && r.m.options.InDoubt == Hold:
		e.State, e.Words = digest.Held, heldWords("in_doubt is \"hold\"", e)
	case doubtful && e.Doubts > 0:
		e.State, e.Words = digest.Held, heldWords("it was in doubt before", e)
	case doubtful && r.overdueAt(e, now):
		e.State, e.Words = digest.Held, heldWords("it is too late to send it again", e)
	case e.State == digest.Intent:
		e.State, e.Due = digest.InDoubt, time.Time{}
		e.Words = "the process ended while the message was on its way"
	case doubtful && !r.m.doubts.own(r.job.Edition, e.Index):
		e.Due = time.Time{} // left by an earlier process: at once, before all that is due
	case e.Due.Sub(now) > r.m.options.GiveUp:
		e.Due = now // by a clock that was wrong: none waits that long
	case e.State == digest.Deferred && r.overdueAt(e, now):
		e.State = digest.Expired
	}
	if e.State.Final() {
		e.Due = time.Time{}
	}
	return e
}

func heldWords(why string, e digest.Event) string {
	if e.Words == "" {
		return "held: " + why
	}
	return "held: " + why + "; " + e.Words
}

// limit is when a delivery ends that was first tried at a time.
func (r *run) limit(first time.Time) time.Time {
	limit := first.Add(r.m.options.GiveUp)
	if !r.job.Until.IsZero() && r.job.Until.Before(limit) {
		return r.job.Until
	}
	return limit
}

func (r *run) overdueAt(e digest.Event, now time.Time) bool {
	return !e.First.IsZero() && !now.Before(r.limit(e.First)) || r.overdue()
}

// overdue reports whether the lane's next slot has come.
func (r *run) overdue() bool { return !r.job.Until.IsZero() && !r.m.Now().Before(r.job.Until) }
