package ledger

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"digestd/digest"
	"digestd/internal/ledger/store"
)

// Recall says how the operator takes an edition back.
type Recall struct {
	Words string                      // why, for whoever asks what became of a delivery
	Close func(item digest.Item) bool // which of its items come in no later edition; nil: none
}

// leftOut is what becomes of the items that the operator closes.
const leftOut = "left out by the operator"

// Recall takes back what is still owed of an edition, whatever went out of it: what is in the middle is held, the
// rest is withdrawn, and its items return to the lane's pool but for those that are to be closed. Those who have
// the edition keep it, and so does the lane its number. reached counts them. Nobody may be at work on the edition.
// A second call does nothing.
func (e *Editions) Recall(id string, r Recall) (reached int, err error) {
	st, err := e.state(id) // whose lane never changes
	if err == nil {
		err = e.update(touchEdition(st), func(tx store.Tx) error {
			reached, err = e.recall(tx, id, r)
			return err
		})
	}
	if err != nil {
		return 0, fmt.Errorf("withdraw edition %s: %w", id, err)
	}
	return reached, nil
}

func (e *Editions) recall(tx store.Tx, id string, r Recall) (reached int, err error) {
	st, err := editionState(tx, id)
	if err == nil && st.Request != "" {
		err = errors.New("it is the letter to one who signed up, and of no lane")
	}
	if err != nil || st.Withdrawn {
		return st.Reached, err
	}
	progress, err := readProgress(tx, id)
	if err != nil {
		return 0, err
	}
	e.delivery.forgetStates(id)
	st.Reached = 0
	var held []digest.Event
	for i, s := range progress.States {
		switch s {
		case digest.Sent, digest.Held:
			st.Reached++
		case digest.Intent, digest.InDoubt: // it may have been delivered, and is not sent again
			st.Reached++
			last := progress.Last[i]
			last.State, last.At, last.Due, last.Words = digest.Held, e.now().UTC(), time.Time{}, "held: "+r.Words
			held = append(held, last)
		}
	}
	if err := appendEvents(tx, id, held); err != nil {
		return 0, err
	}
	st.Recalled = oneLine(r.Words, 500)
	return st.Reached, e.giveBack(tx, st, r.Close)
}

// Paused is since when nothing of a digest is composed or delivered, because the operator wants it so.
type Paused struct {
	Digest string    `json:"digest"`
	Since  time.Time `json:"since"`
}

// SetPaused pauses a digest, or ends that. What is so already stays as it is.
func (e *Editions) SetPaused(digestID string, paused bool) error {
	err := e.update(touches{store.Itself()}, func(tx store.Tx) error {
		all, _, err := tablePaused.in(tx).get(keyPaused)
		if err != nil {
			return err
		}
		rest := all[:0]
		for _, p := range all {
			if p.Digest == digestID && paused {
				return nil
			}
			if p.Digest != digestID {
				rest = append(rest, p)
			}
		}
		if paused {
			rest = append(rest, Paused{digestID, e.now().UTC()})
		}
		return tablePaused.in(tx).put(keyPaused, rest)
	})
	if err != nil {
		return fmt.Errorf("pause of digest %s: %w", digestID, err)
	}
	return nil
}

// Paused are the digests that the operator has paused.
func (e *Editions) Paused() (all []Paused, err error) {
	err = e.view(func(tx store.Tx) error {
		all, _, err = tablePaused.in(tx).get(keyPaused)
		return err
	})
	return all, err
}

// runs are the editions that are on their way in this process, each with what stops it.
type runs struct {
	mu   sync.Mutex
	stop map[string]context.CancelFunc
}

// Begin returns a context that ends when somebody interrupts the edition, and what ends it otherwise. Whoever begins
// has locked the edition.
func (e *Editions) Begin(ctx context.Context, id string) (context.Context, context.CancelFunc) {
	ctx, cancel := context.WithCancel(ctx)
	e.runs.mu.Lock()
	defer e.runs.mu.Unlock()
	if e.runs.stop == nil {
		e.runs.stop = map[string]context.CancelFunc{}
	}
	e.runs.stop[id] = cancel
	return ctx, func() {
		e.runs.mu.Lock()
		defer e.runs.mu.Unlock()
		delete(e.runs.stop, id)
		cancel()
	}
}

// Interrupt ends the context of an edition that is on its way in this process.
func (e *Editions) Interrupt(id string) {
	e.runs.mu.Lock()
	defer e.runs.mu.Unlock()
	if stop := e.runs.stop[id]; stop != nil {
		stop()
	}
}
