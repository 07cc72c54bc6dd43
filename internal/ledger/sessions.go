package ledger

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"time"

	"digestd/digest"
	"digestd/internal/ledger/store"
)

// regain takes the lots of a step again that were lost with their session, unless somebody else has one by now: what
// became of a message is then known after all. It is on the table of states whether that still counts.
func (w *deliveryWriter) regain(s *step) error {
	events := slices.Clone(s.events)
	for _, e := range []*digest.Event{s.last, s.next} {
		if e != nil {
			events = append(events, *e)
		}
	}
	w.taking.Lock()
	defer w.taking.Unlock()
	for _, e := range events {
		if w.held(s.edition, e.Index/chunkSize) != nil {
			continue
		}
		ctx, cancel := context.WithTimeout(context.Background(), regainWait)
		defer cancel()
		session, err := w.begin(ctx)
		if err != nil {
			return err
		}
		st, err := w.state(s.edition)
		if err != nil {
			return err
		}
		k := lotKey{s.edition, e.Index / chunkSize}
		if !st.Chunked {
			k.number = wholeLot
		}
		ok, err := session.TryLock(k.name())
		if err != nil {
			return w.lost(session, err)
		}
		if !ok {
			return fmt.Errorf("lot %d of edition %s: %w", k.number, s.edition, store.ErrSessionLost)
		}
		d := Deliveries{base: w.base, delivery: w}
		if _, ok, err := d.takeLocked(session, st, k, nil); err != nil {
			return err
		} else if !ok {
			return fmt.Errorf("edition %s is complete by now: %w", k.edition, store.ErrSessionLost)
		}
	}
	return nil
}

// regainWait is how long a session is waited for.
const regainWait = 10 * time.Second

func sharedTouch(t store.Touch) store.Touch {
	t.Shared = true
	return t
}

// begin is the session in which this process sends; it begins one where there is none.
func (w *deliveryWriter) begin(ctx context.Context) (store.Session, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.session != nil {
		return w.session, nil
	}
	s, err := w.store.Session(ctx, w.sender.Name)
	if err != nil {
		return nil, err
	}
	if _, err := s.TryLock(w.sender.lock()); err != nil { // by which others know that it lives
		s.Close()
		return nil, err
	}
	w.session = s
	return s, nil
}

// lost looks at an error of a session. When the session is gone, so is all that it held.
func (w *deliveryWriter) lost(s store.Session, err error) error {
	if !errors.Is(err, store.ErrSessionLost) && !errors.Is(err, store.ErrAway) {
		return err
	}
	w.mu.Lock()
	ours := w.session == s
	if ours {
		w.session = nil
	}
	for k, l := range w.lots {
		if l.session == s {
			delete(w.lots, k)
			w.gone[k] = true
		}
	}
	clear(w.probes)
	w.mu.Unlock()
	if ours { // not under mu: it waits for a change in it that may want that
		s.Close()
	}
	return err
}

// hadLost reports whether a lot was lost with a session of this process.
func (w *deliveryWriter) hadLost(k lotKey) bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.gone[k]
}

// commitIn commits in a session.
func (w *deliveryWriter) commitIn(s store.Session, touched touches, f func(store.Tx) error) error {
	return w.lost(s, w.updateIn(s.Update, touched, f))
}

// probe reports whether it is this process that tries an edition after a pause.
func (w *deliveryWriter) probe(s store.Session, edition string) (bool, error) {
	ok, err := s.TryLock("probe " + edition)
	if err != nil {
		return false, w.lost(s, err)
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	if ok {
		w.probes[edition] = true
	}
	return ok, nil
}

// endProbe lets another process try an edition after its next pause.
func (w *deliveryWriter) endProbe(edition string) {
	w.mu.Lock()
	s, probes := w.session, w.probes[edition]
	delete(w.probes, edition)
	w.mu.Unlock()
	if probes && s != nil {
		_ = w.lost(s, s.Unlock("probe "+edition)) // one that is lost has let it go
	}
}

// hold keeps a lot, unless the session in which it was taken was lost meanwhile: somebody else may have it by now.
func (w *deliveryWriter) hold(l *lot) error {
	w.mu.Lock()
	defer w.mu.Unlock()
	if l.session != nil && l.session != w.session {
		return store.ErrSessionLost
	}
	w.lots[l.lotKey] = l
	return nil
}

func (w *deliveryWriter) drop(l *lot) {
	w.mu.Lock()
	defer w.mu.Unlock()
	delete(w.lots, l.lotKey)
}

func (w *deliveryWriter) has(k lotKey) bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.lots[k] != nil
}

// held is a lot that this process has; nil when it has not. The only lot of a whole edition is number 0 too.
func (w *deliveryWriter) held(edition string, number int) *lot {
	w.mu.Lock()
	defer w.mu.Unlock()
	if l := w.lots[lotKey{edition, wholeLot}]; l != nil {
		return l
	}
	return w.lots[lotKey{edition, number}]
}

// lotOf is the lot in which a recipient of an edition stands. Where no other process can send, it is read when it is
// needed.
func (w *deliveryWriter) lotOf(tx store.Tx, edition string, index int) (*lot, error) {
	if l := w.held(edition, index/chunkSize); l != nil {
		return l, nil
	}
	st, err := editionState(tx, edition)
	if err == nil && (w.several != nil || st.Chunked) {
		err = store.ErrSessionLost
	}
	if err != nil {
		return nil, err
	}
	p, err := readProgress(tx, edition)
	if err != nil {
		return nil, err
	}
	l := &lot{lotKey: lotKey{edition, wholeLot}, digest: st.Digest, states: p.States}
	return l, w.hold(l)
}

// digestOf is the digest of a lot by its name of today, which another process may have changed.
func (w *deliveryWriter) digestOf(tx store.Tx, l *lot) (string, error) {
	if l.session != nil {
		st, err := editionState(tx, l.edition)
		return st.Digest, err
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	return cmp.Or(w.names[l.edition], l.digest), nil
}

// renamed notes that the digest of editions has another name now.
func (w *deliveryWriter) renamed(editions []EditionState, to string) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.names == nil {
		w.names = map[string]string{}
	}
	for _, st := range editions {
		w.names[st.ID] = to
	}
}

// forget makes the next step read an edition's states anew, and records nothing of what this process has of it.
func (w *deliveryWriter) forget(edition string) {
	w.mu.Lock()
	defer w.mu.Unlock()
	of := func(k lotKey) bool { return k.edition == edition }
	maps.DeleteFunc(w.lots, func(k lotKey, _ *lot) bool { return of(k) })
	maps.DeleteFunc(w.gone, func(k lotKey, _ bool) bool { return of(k) })
	delete(w.dues, edition)
}

// mayBegin reports whether a delivery of a lot may begin, whose digest has that name now.
func (w *deliveryWriter) mayBegin(tx store.Tx, l *lot, name string, s stop, stopped bool) (bool, error) {
	w.mu.Lock()
	probes := w.probes[l.edition]
	w.mu.Unlock()
	if stopped && !s.over(w.now()) && !(s.Probe && probes) {
		return false, nil
	}
	paused, _, err := tablePaused.in(tx).get(keyPaused)
	return !slices.ContainsFunc(paused, func(p Paused) bool { return p.Digest == name }), err
}
