package store_test

import (
	"errors"
	"slices"
	"testing"
	"time"

	"digestd/internal/ledger/store"
)

func session(t *testing.T, s store.Store, name string) store.Session {
	t.Helper()
	session, err := s.Session(t.Context(), name)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { session.Close() })
	return session
}

// takes takes a name, and holds that it is, or is not, to be had.
func takes(t *testing.T, s store.Session, name string, want bool) {
	t.Helper()
	if got, err := s.TryLock(name); err != nil || got != want {
		t.Errorf("%s is to be had: %v, %v; want %v", name, got, err, want)
	}
}

func isLost(s store.Session) bool {
	select {
	case <-s.Lost():
		return true
	default:
		return false
	}
}

func sessions(t *testing.T, open store.Opener) {
	s := begin(t, open)
	one, two := session(t, s, "one"), session(t, s, "two")
	takes(t, one, "chunk", true)
	takes(t, one, "chunk", true)
	takes(t, two, "chunk", false)
	takes(t, two, "another", true)
	if err := errors.Join(two.Unlock("chunk"), two.Unlock("never")); err != nil {
		t.Error(err)
	}
	takes(t, two, "chunk", false)
	if err := one.Unlock("chunk"); err != nil { // it was held once
		t.Error(err)
	}
	takes(t, two, "chunk", true)

	unlock, err := s.Lock(t.Context(), "a lane") // the same names
	if err != nil {
		t.Fatal(err)
	}
	takes(t, one, "a lane", false)
	unlock()
	takes(t, one, "a lane", true)

	err = one.Update([]store.Touch{store.News()}, func(tx store.Tx) error { return put(tx.Bucket("b"), "kept") })
	if err != nil {
		t.Fatal(err)
	}
	refused := errors.New("refused")
	err = one.Update(nil, func(tx store.Tx) error { return errors.Join(put(tx.Bucket("b"), "never"), refused) })
	if !errors.Is(err, refused) || isLost(one) {
		t.Errorf("a change that is refused: %v; the session is lost: %v", err, isLost(one))
	}
	holds(t, s, "kept")
	for range 2 {
		if err := one.Close(); err != nil {
			t.Error(err)
		}
	}
	takes(t, two, "a lane", true)
	ended(t, one)
	holds(t, s, "kept")
}

// holds holds what stands in the bucket b.
func holds(t *testing.T, s store.Store, want ...string) {
	t.Helper()
	view(t, s, func(tx store.Tx) error {
		if got := keys(t, tx.Bucket("b"), store.Range{}); !slices.Equal(got, want) {
			t.Errorf("there are %q, want %q", got, want)
		}
		return nil
	})
}

// ended holds that nothing can be done in a session any more, and that it knows.
func ended(t *testing.T, s store.Session) {
	t.Helper()
	err := s.Update(nil, func(tx store.Tx) error { return put(tx.Bucket("b"), "never") })
	if !errors.Is(err, store.ErrSessionLost) {
		t.Errorf("a change in a session that is gone: %v", err)
	}
	if got, err := s.TryLock("anything"); got || !errors.Is(err, store.ErrSessionLost) {
		t.Errorf("a name for a session that is gone: %v, %v", got, err)
	}
	select {
	case <-s.Lost():
	case <-time.After(time.Minute):
		t.Error("a session that is gone does not say so")
	}
}

// killed ends a session when it rests, and another in the middle of its change.
func killed(t *testing.T, open store.Opener, kill func(*testing.T, store.Store, string)) {
	s := begin(t, open)
	one, two, three := session(t, s, "one"), session(t, s, "two"), session(t, s, "three")
	takes(t, one, "chunk", true)
	takes(t, two, "another", true)
	kill(t, s, "one")
	taken := func(name string) {
		t.Helper()
		for deadline := time.Now().Add(time.Minute); ; time.Sleep(time.Millisecond) { // a server takes a moment to end one
			if got, err := three.TryLock(name); err != nil || got || time.Now().After(deadline) {
				if !got {
					t.Errorf("%s is not let go of: %v", name, err)
				}
				return
			}
		}
	}
	taken("chunk")
	ended(t, one)
	err := two.Update(nil, func(tx store.Tx) error {
		if err := put(tx.Bucket("b"), "never"); err != nil {
			return err
		}
		kill(t, s, "two")
		taken("another")
		return nil
	})
	if !errors.Is(err, store.ErrSessionLost) {
		t.Errorf("a change in the middle of which the session was ended: %v", err)
	}
	ended(t, two)
	holds(t, s)
	if isLost(three) {
		t.Error("a session that nobody ended is lost")
	}
}

// several opens a store twice, where that can be done, as two processes do.
func several(t *testing.T, open store.Opener) {
	one := begin(t, open)
	if _, can := one.(store.Shared); !can {
		t.Skip("one process alone has such a store")
	}
	two := begin(t, open)
	mine, theirs := session(t, one, "one"), session(t, two, "two")
	takes(t, mine, "chunk", true)
	takes(t, theirs, "chunk", false)
	held, err := two.(store.Shared).Held(t.Context(), []string{"chunk", "another"})
	if err != nil || !slices.Equal(held, []bool{true, false}) {
		t.Errorf("held: %v, %v", held, err)
	}
	update(t, one, func(tx store.Tx) error { return put(tx.Bucket("b"), "kept") })
	holds(t, two, "kept")
	now, err := two.(store.Shared).Clock(t.Context())
	if off := time.Since(now).Abs(); err != nil || off > time.Minute {
		t.Errorf("the clock is off by %v, %v", off, err)
	}
	if err := one.Close(); err != nil { // its sessions end with it
		t.Fatal(err)
	}
	ended(t, mine)
	for deadline := time.Now().Add(time.Minute); ; time.Sleep(time.Millisecond) {
		if got, err := theirs.TryLock("chunk"); err != nil || got || time.Now().After(deadline) {
			if !got {
				t.Errorf("the name of a process that ended is not to be had: %v", err)
			}
			return
		}
	}
}
