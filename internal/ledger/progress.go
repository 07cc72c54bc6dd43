package ledger

import (
	"fmt"
	"time"

	"digestd/digest"
	"digestd/internal/ledger/store"
)

// Progress tells where an edition's deliveries stand. Where the ledger is a file that is open for reading only, nobody
// is at work on a delivery, so one that was left in the middle is in doubt.
func (d *Deliveries) Progress(edition string) (p digest.Progress, err error) {
	p, err = viewed(d.base, func(tx store.Tx) (digest.Progress, error) { return readProgress(tx, edition) })
	if err != nil {
		return digest.Progress{}, err
	}
	if d.store.ReadOnly() && d.several == nil {
		for i, last := range p.Last {
			if last.State == digest.Intent {
				p.States[i] = digest.InDoubt
			}
		}
	}
	return p, nil
}

// Due is when the next delivery of an edition may go: the zero time when some may go now, because they
// were never tried or were left in the middle. With nothing owed it is the zero time as well; who asks
// knows that the edition is not complete.
func (d *Deliveries) Due(edition EditionState) (time.Time, error) {
	return viewed(d.base, func(tx store.Tx) (time.Time, error) {
		if edition.Chunked {
			return earliestOf(tx, edition)
		}
		n, err := tx.Part(bucketProgress, edition.ID).Sequence()
		if err != nil {
			return time.Time{}, err
		}
		d.delivery.mu.Lock()
		known, ok := d.delivery.dues[edition.ID]
		d.delivery.mu.Unlock()
		if ok && known.at == n {
			return known.due, nil
		}
		p, err := readProgress(tx, edition.ID)
		if err != nil {
			return time.Time{}, err
		}
		due := earliest(p)
		d.delivery.mu.Lock()
		defer d.delivery.mu.Unlock()
		if d.delivery.dues == nil {
			d.delivery.dues = map[string]dueAt{}
		}
		d.delivery.dues[edition.ID] = dueAt{n, due}
		return due, nil
	})
}

// earliestOf is when the first of the lots may go.
func earliestOf(tx store.Tx, st EditionState) (due time.Time, err error) {
	all, err := standings(tx, st)
	for _, s := range all {
		if s.Owed() == 0 {
			continue
		}
		if s.Due.IsZero() {
			return time.Time{}, err
		}
		if due.IsZero() || s.Due.Before(due) {
			due = s.Due
		}
	}
	return due, err
}

func earliest(p digest.Progress) (due time.Time) {
	for _, s := range p.States {
		if s == digest.Pending || s == digest.Intent {
			return time.Time{}
		}
	}
	for _, e := range p.Last {
		if e.Due.IsZero() {
			return time.Time{}
		}
		if due.IsZero() || e.Due.Before(due) {
			due = e.Due
		}
	}
	return due
}

// readProgress replays an edition's log.
func readProgress(tx store.Tx, edition string) (digest.Progress, error) {
	st, err := editionState(tx, edition)
	if err != nil {
		return digest.Progress{}, fmt.Errorf("edition %s: %w", edition, err)
	}
	if err := hasRecipients(tx, st); err != nil {
		return digest.Progress{}, err
	}
	p := digest.Progress{States: make([]digest.State, st.Recipients), Last: map[int]digest.Event{}}
	err = replay(tx, edition, func(e digest.Event) error { return advance(p, e) })
	if err != nil {
		return digest.Progress{}, err
	}
	if st.Withdrawn {
		for i, s := range p.States {
			if !s.Final() {
				p.States[i] = digest.Withdrawn
			}
		}
		clear(p.Last)
	}
	return p, nil
}

// readProgressOf replays the log of one lot of an edition.
func readProgressOf(tx store.Tx, st EditionState, number int) (digest.Progress, error) {
	if err := hasRecipients(tx, st); err != nil {
		return digest.Progress{}, err
	}
	first := number * chunkSize
	p := digest.Progress{First: first, Last: map[int]digest.Event{},
		States: make([]digest.State, min(chunkSize, st.Recipients-first))}
	after, before := logRange(number)
	err := replayRange(tx, st.ID, store.Range{From: seqKey(after)}, before, func(e digest.Event) error { return advance(p, e) })
	return p, err
}

// advance takes the next event into account.
func advance(p digest.Progress, e digest.Event) error {
	i := e.Index - p.First
	if i < 0 || i >= len(p.States) {
		return fmt.Errorf("%w: there is no recipient %d", store.ErrDamaged, e.Index)
	}
	p.States[i] = e.State
	e.Waits = p.Last[e.Index].Waits
	if e.State == digest.Deferred && e.Due.After(e.At) { // and not to be tried again at once
		e.Waits++
	}
	switch e.State {
	case digest.Intent, digest.Deferred, digest.InDoubt:
		p.Last[e.Index] = e
	default:
		delete(p.Last, e.Index)
	}
	return nil
}

// History is what happened to one delivery of an edition, oldest first; of a complete edition without
// the intents. Of one that was withdrawn, and of one that is pending, nothing is recorded.
func (d *Deliveries) History(edition string, index int) ([]digest.Event, error) {
	return d.events(edition, func(e digest.Event) bool { return e.Index == index })
}

// Failures are the events that brought deliveries of an edition to their end as failed, in their order.
func (d *Deliveries) Failures(edition string) ([]digest.Event, error) {
	return d.events(edition, func(e digest.Event) bool { return e.State == digest.Failed })
}

func (d *Deliveries) events(edition string, keep func(digest.Event) bool) (events []digest.Event, err error) {
	err = d.view(func(tx store.Tx) error {
		return replay(tx, edition, func(e digest.Event) error {
			if keep(e) {
				events = append(events, e)
			}
			return nil
		})
	})
	return events, err
}

// begun reports whether anything of an edition was sent or is in doubt, and so can't be taken back.
func begun(tx store.Tx, edition string) (bool, error) {
	p, err := readProgress(tx, edition)
	if err != nil {
		return false, err
	}
	for _, s := range p.States {
		switch s {
		case digest.Sent, digest.Intent, digest.InDoubt, digest.Held:
			return true, nil
		}
	}
	return false, nil
}
