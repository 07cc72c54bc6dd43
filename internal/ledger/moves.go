package ledger

import (
	"fmt"

	"digestd/digest"
	"digestd/internal/ledger/store"
)

// moves remembers what a transaction changed in the lots kept in memory, so that it can be undone.
type moves []move

type move struct {
	lot   *lot
	index int // -1: an entry of the log
	from  digest.State
	begun int
}

func (m *moves) undo() {
	for i := len(*m) - 1; i >= 0; i-- {
		if v := (*m)[i]; v.index < 0 {
			v.lot.entry--
		} else {
			v.lot.states[v.index] = v.from
			if v.lot.begun != nil {
				v.lot.begun[v.index] = v.begun
			}
		}
	}
	*m = (*m)[:0]
}

// sent counts the deliveries that were brought to that state.
func (m moves) sent() (n int) {
	for _, v := range m {
		if v.index >= 0 && v.lot.states[v.index] == digest.Sent {
			n++
		}
	}
	return n
}

// append adds an entry to the log of a lot.
func (m *moves) append(tx store.Tx, l *lot, events []digest.Event) error {
	if l.number == wholeLot {
		return appendEvents(tx, l.edition, events)
	}
	l.entry++
	*m = append(*m, move{lot: l, index: -1})
	return tx.Part(bucketProgress, l.edition).Put(seqKey(l.entry), encodeEvents(events))
}

// placed is an event of a lot.
type placed struct {
	lot   *lot
	event digest.Event
}

// applyStep checks a step against the table of states and against the suppressions, and adds the events to record to
// those of other steps.
func (w *deliveryWriter) applyStep(tx store.Tx, s *step, others []placed, all *moves) (events []placed, err error) {
	begin := len(*all)
	defer func() {
		if err != nil {
			mine := (*all)[begin:]
			mine.undo()
			events, *all = others, (*all)[:begin]
		}
	}()
	events = others
	if s.last != nil {
		events, err = w.applyEvent(tx, s.edition, events, *s.last, all)
	}
	for _, e := range s.events {
		if err == nil {
			events, err = w.applyEvent(tx, s.edition, events, e, all)
		}
	}
	if s.next == nil || err != nil {
		return events, err
	}
	l, err := w.lotOf(tx, s.edition, s.next.Index)
	if err != nil {
		return nil, err
	}
	name, err := w.digestOf(tx, l)
	if err != nil {
		return nil, err
	}
	next := *s.next
	if l.session != nil {
		stop, stopped, err := readStop(tx, s.edition)
		if err == nil {
			var may bool
			if may, err = w.mayBegin(tx, l, name, stop, stopped); err == nil && !may {
				s.state = digest.Pending
				return events, nil
			}
		}
		if err != nil {
			return nil, err
		}
	}
	suppressed, err := isSuppressed(tx, s.to, name)
	if err != nil {
		return nil, err
	}
	if suppressed {
		next = digest.Event{Index: next.Index, State: digest.Suppressed, At: next.At, Attempt: next.Attempt - 1, Doubts: s.next.Doubts}
	}
	s.state = next.State
	with, err := all.apply(events, l, next)
	if err != nil && l.again { // somebody else has gone on with it; what became of the one before is known all the same
		s.state = digest.Pending
		return events, nil
	}
	return with, err
}

// applyEvent moves a delivery of an edition.
func (w *deliveryWriter) applyEvent(tx store.Tx, edition string, events []placed, e digest.Event, all *moves) ([]placed, error) {
	l, err := w.lotOf(tx, edition, e.Index)
	if err == nil {
		err = w.mayRecord(tx, l)
	}
	if err != nil {
		return events, err
	}
	return all.apply(events, l, e)
}

// mayRecord refuses what comes after an edition that several processes send was withdrawn.
func (w *deliveryWriter) mayRecord(tx store.Tx, l *lot) error {
	if l.session == nil {
		return nil
	}
	if s, stopped, err := readStop(tx, l.edition); err != nil || !stopped || !s.Over {
		return err
	}
	return fmt.Errorf("edition %s: %w: it was withdrawn", l.edition, ErrIllegal)
}

// apply moves a delivery as the table of states allows.
func (m *moves) apply(events []placed, l *lot, e digest.Event) ([]placed, error) {
	i := e.Index - l.first
	if i < 0 || i >= len(l.states) || !l.states[i].MayBecome(e.State) {
		return nil, l.refused(describe(l.states, i, e))
	}
	before := move{lot: l, index: i, from: l.states[i]}
	if l.begun != nil {
		before.begun = l.begun[i]
		if e.State == digest.Intent && e.Attempt <= before.begun || before.from == digest.Intent && e.Attempt != before.begun {
			return nil, l.refused(fmt.Sprintf("attempt %d of recipient %d was followed by others", e.Attempt, e.Index))
		}
		if e.State == digest.Intent {
			l.begun[i] = e.Attempt
		}
	}
	*m = append(*m, before)
	l.states[i] = e.State
	return append(events, placed{l, e}), nil
}

// refused says why an event can't be recorded. In a lot that was taken again somebody else may have gone on meanwhile;
// then nobody did anything wrong.
func (l *lot) refused(why string) error {
	if l.again {
		return fmt.Errorf("edition %s: %w, and another process had the lot since: %s", l.edition, store.ErrSessionLost, why)
	}
	return fmt.Errorf("edition %s: %w: %s", l.edition, ErrIllegal, why)
}

func describe(states []digest.State, i int, e digest.Event) string {
	if i < 0 || i >= len(states) {
		return fmt.Sprintf("there is no recipient %d", e.Index)
	}
	return fmt.Sprintf("recipient %d, from %s to %s", e.Index, states[i], e.State)
}
