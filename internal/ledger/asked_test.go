package ledger

import (
	"sync/atomic"
	"testing"
	"time"

	"digestd/digest"
	"digestd/internal/ledger/store"
	"digestd/internal/ledger/store/memory"
)

// looked counts the Views that are open.
type looked struct {
	store.Shared
	open atomic.Int32
}

func (l *looked) View(f func(store.Tx) error) error {
	l.open.Add(1)
	defer l.open.Add(-1)
	return l.Shared.View(f)
}

// TestWhoTakesALotIsAskedOutsideOfAView: a run has locks of its own for the answer, and looks into the ledger under them.
// Where there are no more connections, the two would wait for each other.
func TestWhoTakesALotIsAskedOutsideOfAView(t *testing.T) {
	m, now, s := memory.New(), morning, &looked{}
	l, err := Open(func() (store.Store, error) {
		o, err := m.OpenShared()
		if err == nil {
			s.Shared = o.(store.Shared)
		}
		return s, err
	}, func() time.Time { return now })
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	l.Senders.Call("one")
	names(t, l)
	poll(t, l, "https://example.org/feed", "One")
	c := composition(t, l, "2026-03-14T07:00", 5)
	if err := l.Editions.Commit(c); err != nil {
		t.Fatal(err)
	}
	asked := 0
	wanted := func(_ int, is digest.Standing) bool {
		if asked++; s.open.Load() > 0 {
			t.Error("it is asked within a View")
		}
		return is.Owed() > 0 && (is.Due.IsZero() || asked < 5)
	}
	takes := func(want bool) {
		t.Helper()
		if _, ok, err := l.Deliveries.Take(t.Context(), c.Edition.ID, wanted); ok != want || err != nil {
			t.Errorf("taken is %t, %v", ok, err)
		}
	}
	for _, due := range []time.Time{{}, now} {
		takes(true)
		if _, err := l.Deliveries.Give(c.Edition.ID, 0, due); err != nil {
			t.Fatal(err)
		}
	}
	if takes(false); asked != 5 {
		t.Errorf("it was asked %d times", asked)
	}
	if held, err := s.Held(t.Context(), []string{lotKey{c.Edition.ID, 0}.name()}); err != nil || held[0] {
		t.Errorf("what is not wanted is held, %v", err)
	}
}
