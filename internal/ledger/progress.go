package ledger

import (
	"fmt"
	"time"

	bolt "go.etcd.io/bbolt"

	"digestd/digest"
)

// Progress tells where an edition's deliveries stand. Where the ledger is open for reading only, nobody is
// at work on a delivery, so one that was left in the middle is in doubt.
func (l *Ledger) Progress(edition string) (p digest.Progress, err error) {
	err = l.view(func(tx *bolt.Tx) error {
		p, err = readProgress(tx, edition)
		return err
	})
	if err != nil {
		return digest.Progress{}, err
	}
	if l.db.IsReadOnly() {
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
func (l *Ledger) Due(edition string) (time.Time, error) {
	var due time.Time
	err := l.view(func(tx *bolt.Tx) error {
		var n uint64
		if b := tx.Bucket(bucketProgress).Bucket([]byte(edition)); b != nil {
			n = b.Sequence()
		}
		l.delivery.mu.Lock()
		known, ok := l.delivery.dues[edition]
		l.delivery.mu.Unlock()
		if ok && known.at == n {
			due = known.due
			return nil
		}
		p, err := readProgress(tx, edition)
		if err != nil {
			return err
		}
		due = earliest(p)
		l.delivery.mu.Lock()
		defer l.delivery.mu.Unlock()
		if l.delivery.dues == nil {
			l.delivery.dues = map[string]dueAt{}
		}
		l.delivery.dues[edition] = dueAt{n, due}
		return nil
	})
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
func readProgress(tx *bolt.Tx, edition string) (digest.Progress, error) {
	st, err := editionState(tx, edition)
	if err != nil {
		return digest.Progress{}, fmt.Errorf("edition %s: %w", edition, err)
	}
	p := digest.Progress{States: make([]digest.State, st.Recipients), Last: map[int]digest.Event{}}
	err = replay(tx, edition, func(e digest.Event) error {
		if e.Index >= len(p.States) {
			return fmt.Errorf("%w: there is no recipient %d", ErrDamaged, e.Index)
		}
		p.States[e.Index] = e.State
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
	})
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

// History is what happened to one delivery of an edition, oldest first; of a complete edition without
// the intents. Of one that was withdrawn, and of one that is pending, nothing is recorded.
func (l *Ledger) History(edition string, index int) (events []digest.Event, err error) {
	err = l.view(func(tx *bolt.Tx) error {
		return replay(tx, edition, func(e digest.Event) error {
			if e.Index == index {
				events = append(events, e)
			}
			return nil
		})
	})
	return events, err
}

// Failures are the events that brought deliveries of an edition to their end as failed, in their order.
func (l *Ledger) Failures(edition string) (failures []digest.Event, err error) {
	err = l.view(func(tx *bolt.Tx) error {
		return replay(tx, edition, func(e digest.Event) error {
			if e.State == digest.Failed {
				failures = append(failures, e)
			}
			return nil
		})
	})
	return failures, err
}

// begun reports whether anything of an edition was sent or is in doubt, and so can't be taken back.
func begun(tx *bolt.Tx, edition string) (bool, error) {
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

// forgetDeliveries removes what is recorded of an edition's deliveries.
func forgetDeliveries(tx *bolt.Tx, e EditionState) error {
	if tx.Bucket(bucketProgress).Bucket([]byte(e.ID)) == nil {
		return nil
	}
	return tx.Bucket(bucketProgress).DeleteBucket([]byte(e.ID))
}
