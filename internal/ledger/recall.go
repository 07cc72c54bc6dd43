package ledger

import (
	"context"
	"errors"
	"fmt"
	"slices"
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
		reached = 0
	}
	return reached, during(err, "withdraw edition %s", id)
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
	e.delivery.forget(id)
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
	if err := appendTo(tx, st, held); err != nil {
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
		ofIt := func(p Paused) bool { return p.Digest == digestID }
		switch {
		case !paused:
			all = slices.DeleteFunc(all, ofIt)
		case slices.ContainsFunc(all, ofIt):
			return nil
		default:
			all = append(all, Paused{digestID, e.now().UTC()})
		}
		return tablePaused.in(tx).put(keyPaused, all)
	})
	return during(err, "pause of digest %s", digestID)
}

// Paused are the digests that the operator has paused.
func (e *Editions) Paused() ([]Paused, error) {
	return viewed(e.base, func(tx store.Tx) ([]Paused, error) {
		all, _, err := tablePaused.in(tx).get(keyPaused)
		return all, err
	})
}

// runs are the editions that are on their way in this process, each with what stops it.
type runs struct {
	mu   sync.Mutex
	stop map[string]context.CancelFunc
}

// Turn waits until nobody else in this process is at work on an edition, or for the end of ctx, whose error it then
// returns.
func (e *Editions) Turn(ctx context.Context, id string) (leave func(), err error) {
	return e.turns.Lock(ctx, id)
}

// Begin waits for its turn with an edition, and returns a context that ends when somebody interrupts it, and what ends
// it otherwise.
func (e *Editions) Begin(ctx context.Context, id string) (context.Context, context.CancelFunc, error) {
	leave, err := e.Turn(ctx, id)
	if err != nil {
		return ctx, nil, err
	}
	ctx, cancel := context.WithCancel(ctx)
	e.runs.mu.Lock()
	defer e.runs.mu.Unlock()
	if e.runs.stop == nil {
		e.runs.stop = map[string]context.CancelFunc{}
	}
	e.runs.stop[id] = cancel
	return ctx, func() {
		e.runs.mu.Lock()
		delete(e.runs.stop, id)
		e.runs.mu.Unlock()
		cancel()
		e.delivery.endProbe(id)
		leave()
	}, nil
}

// haltFor is how long nothing of an edition that is halted is begun, unless it is withdrawn by then, and haltWait how
// long those who have lots of it are waited for.
const (
	haltFor  = 2 * time.Minute
	haltWait = 30 * time.Second
)

// Halt lets nobody begin a delivery of an edition for a while, and waits until what is on its way elsewhere is there.
// Where no other process can send, it does nothing. Whoever halts has the edition's turn.
func (e *Editions) Halt(ctx context.Context, id string) error {
	st, err := e.state(id)
	if err != nil || e.several == nil {
		return err
	}
	err = e.update(touches{store.Edition(id)}, func(tx store.Tx) error {
		return tableStops.in(tx).put(stopKey(id), stop{Why: "it is being withdrawn", Until: e.now().Add(haltFor).UTC()})
	})
	if err != nil {
		return fmt.Errorf("halt edition %s: %w", id, err)
	}
	ctx, cancel := context.WithTimeout(ctx, haltWait)
	defer cancel()
	for {
		busy, err := e.busy(ctx, st)
		if err != nil || !busy {
			return err
		}
		select {
		case <-time.After(haltWait / 100):
		case <-ctx.Done():
			return nil // whoever does not answer by now can record nothing any more when it is withdrawn
		}
	}
}

// busy reports whether anybody has a lot of an edition.
func (e *Editions) busy(ctx context.Context, st EditionState) (bool, error) {
	names := []string{lotKey{st.ID, wholeLot}.name()}
	for n := 0; n*chunkSize < st.Recipients; n++ {
		names = append(names, lotKey{st.ID, n}.name())
	}
	held, err := e.several.Held(ctx, names)
	return slices.Contains(held, true), err
}

// Interrupt ends the context of an edition that is on its way in this process.
func (e *Editions) Interrupt(id string) {
	e.runs.mu.Lock()
	defer e.runs.mu.Unlock()
	if stop := e.runs.stop[id]; stop != nil {
		stop()
	}
}
