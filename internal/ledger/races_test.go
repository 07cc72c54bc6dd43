package ledger

import (
	"context"
	"errors"
	"testing"
	"time"

	"digestd/digest"
	"digestd/internal/ledger/store"
	"digestd/internal/ledger/store/memory"
)

// disturbed is a shared store in which something happens at moments of a process: before it looks, or with its commits.
type disturbed struct {
	store.Shared
	look   func()                   // before each View
	held   func()                   // before each look at what is held
	commit func(func() error) error // around each change, in a session or not
}

func (d *disturbed) View(f func(store.Tx) error) error {
	if d.look != nil {
		d.look()
	}
	return d.Shared.View(f)
}

func (d *disturbed) Held(ctx context.Context, names []string) ([]bool, error) {
	if d.held != nil {
		d.held()
	}
	return d.Shared.Held(ctx, names)
}

func (d *disturbed) around(change func() error) error {
	if d.commit != nil {
		return d.commit(change)
	}
	return change()
}

func (d *disturbed) Update(touched []store.Touch, f func(store.Tx) error) error {
	return d.around(func() error { return d.Shared.Update(touched, f) })
}

func (d *disturbed) Session(ctx context.Context, name string) (store.Session, error) {
	s, err := d.Shared.Session(ctx, name)
	return &disturbedSession{s, d}, err
}

type disturbedSession struct {
	store.Session
	of *disturbed
}

func (s *disturbedSession) Update(touched []store.Touch, f func(store.Tx) error) error {
	return s.of.around(func() error { return s.Session.Update(touched, f) })
}

// twoSenders are two processes, an edition for so many readers, and what may disturb the first.
func twoSenders(t *testing.T, readers int) (one, two *Ledger, c Composition, m *memory.Memory, d *disturbed) {
	t.Helper()
	m, d = memory.New(), &disturbed{}
	now := morning
	two = process(t, m, "two", &now)
	one, err := Open(func() (store.Store, error) {
		s, err := m.OpenShared()
		if err == nil {
			d.Shared = s.(store.Shared)
		}
		return d, err
	}, func() time.Time { return now })
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if problems := two.Check(); len(problems) > 0 {
			t.Error(errors.Join(problems...))
		}
		one.Close()
	})
	one.Senders.Call("one")
	names(t, two)
	names(t, one)
	poll(t, two, "https://example.org/feed", "One")
	c = composition(t, two, "2026-03-14T07:00", readers)
	if err := two.Editions.Commit(c); err != nil {
		t.Fatal(err)
	}
	return one, two, c, m, d
}

// take takes the first lot that is owed anything.
func take(t *testing.T, l *Ledger, edition string) (lot digest.Lot, ok bool) {
	t.Helper()
	lot, ok, err := l.Deliveries.Take(t.Context(), edition, func(_ int, s digest.Standing) bool { return s.Owed() > 0 })
	if err != nil && !errors.Is(err, store.ErrSessionLost) {
		t.Fatal(err)
	}
	return lot, ok
}

func begins(index, attempt int) *digest.Event {
	return &digest.Event{Index: index, State: digest.Intent, At: morning, Attempt: attempt, First: morning}
}

// delivers sends all that a process can take of an edition, and completes it.
func delivers(t *testing.T, l *Ledger, c Composition) {
	t.Helper()
	for {
		lot, ok := take(t, l, c.Edition.ID)
		if !ok {
			break
		}
		for _, state := range []digest.State{digest.Intent, digest.Sent} {
			var events []digest.Event
			for i, s := range lot.States {
				if !s.Final() {
					events = append(events, digest.Event{Index: lot.First + i, State: state, At: morning, Attempt: 1, First: morning})
				}
			}
			if err := l.Deliveries.Record(t.Context(), c.Edition.ID, events); err != nil {
				t.Fatal(err)
			}
		}
		if _, err := l.Deliveries.Give(c.Edition.ID, lot.Number, time.Time{}); err != nil {
			t.Fatal(err)
		}
	}
	if err := l.Deliveries.Finish(c.Edition.ID); err != nil {
		t.Fatal(err)
	}
}

// TestNobodyTakesALotOfACompleteEdition completes an edition while another process is about to take a lot of it.
func TestNobodyTakesALotOfACompleteEdition(t *testing.T) {
	one, two, c, _, d := twoSenders(t, chunkSize+100)
	d.held = func() {
		d.held = nil
		delivers(t, two, c)
	}
	if lot, ok := take(t, one, c.Edition.ID); ok {
		t.Errorf("lot %d is taken: %v", lot.Number, counted(lot.States))
	}
	if lot, ok := take(t, two, c.Edition.ID); ok {
		t.Errorf("lot %d is taken: %v", lot.Number, counted(lot.States))
	}
}

// TestWhoWasStoppedBeginsNothingOfACompleteEdition goes on in a lot that others delivered when its session was lost.
func TestWhoWasStoppedBeginsNothingOfACompleteEdition(t *testing.T) {
	one, two, c, m, _ := twoSenders(t, chunkSize+100)
	take(t, one, c.Edition.ID)
	m.Kill("one")
	delivers(t, two, c)
	for i := range 3 {
		if s, err := one.Deliveries.Step(c.Edition.ID, nil, begins(5, 1), c.Recipients[5].Email)(); err == nil && s == digest.Intent {
			t.Errorf("step %d begins a message that was sent", i)
		}
	}
}

// TestNobodyHasALotInALostSession loses a session between taking the name of a lot and having it.
func TestNobodyHasALotInALostSession(t *testing.T) {
	one, two, c, m, d := twoSenders(t, 5)
	looks := 0
	d.look = func() {
		if looks++; looks == 2 {
			d.look = nil
			m.Kill("one")
			names(t, one) // which notices it
		}
	}
	_, first := take(t, one, c.Edition.ID)
	if _, second := take(t, two, c.Edition.ID); first || !second {
		t.Errorf("the lot is taken by the first: %v, by the second: %v", first, second)
	}
	if s, err := one.Deliveries.Step(c.Edition.ID, nil, begins(0, 1), c.Recipients[0].Email)(); err == nil {
		t.Errorf("a delivery of another process's lot is %s", s)
	}
}

// TestALotThatCantBeWrittenDownIsGivenBack: else nobody could take it as long as the process lives.
func TestALotThatCantBeWrittenDownIsGivenBack(t *testing.T) {
	one, two, c, _, d := twoSenders(t, 5)
	take(t, one, c.Edition.ID)
	no := errors.New("no")
	d.commit = func(func() error) error { return no }
	if _, err := one.Deliveries.Give(c.Edition.ID, 0, time.Time{}); !errors.Is(err, no) {
		t.Error(err)
	}
	d.commit = nil
	delivers(t, two, c)
}

// TestWhoGoesOnInALotKnowsWhatOthersDidThere: what another process began is not begun as if it were the first time, and
// what became of the message before is recorded.
func TestWhoGoesOnInALotKnowsWhatOthersDidThere(t *testing.T) {
	one, two, c, m, _ := twoSenders(t, 5)
	id := c.Edition.ID
	step := func(l *Ledger, done, next *digest.Event) digest.State {
		t.Helper()
		to := ""
		if next != nil {
			to = c.Recipients[next.Index].Email
		}
		s, err := l.Deliveries.Step(id, done, next, to)()
		if err != nil {
			t.Fatal(err)
		}
		return s
	}
	take(t, one, id)
	step(one, nil, begins(0, 1))
	m.Kill("one")
	take(t, two, id)
	step(two, nil, begins(1, 1))
	doubt := *begins(1, 1)
	doubt.State = digest.InDoubt
	step(two, &doubt, nil)
	if _, err := two.Deliveries.Give(id, 0, time.Time{}); err != nil {
		t.Fatal(err)
	}
	names(t, one) // which notices that its session is gone
	sent := *begins(0, 1)
	sent.State = digest.Sent
	if s := step(one, &sent, begins(1, 1)); s != digest.Pending {
		t.Errorf("what is in doubt by another process is %s", s)
	}
	p, err := two.Deliveries.Progress(id)
	if err != nil || p.State(0) != digest.Sent || p.State(1) != digest.InDoubt {
		t.Errorf("%v, %v", p.States, err)
	}
	if s := step(one, nil, begins(1, 2)); s != digest.Intent {
		t.Errorf("its next attempt is %s", s)
	}
}

// TestTheLastOutcomeOutlivesItsSession records what became of a message by itself, after the session was lost in which
// it was begun: else it would be sent again.
func TestTheLastOutcomeOutlivesItsSession(t *testing.T) {
	one, _, c, m, _ := twoSenders(t, 5)
	take(t, one, c.Edition.ID)
	if s, err := one.Deliveries.Step(c.Edition.ID, nil, begins(0, 1), c.Recipients[0].Email)(); s != digest.Intent || err != nil {
		t.Fatal(s, err)
	}
	m.Kill("one")
	sent := *begins(0, 1)
	sent.State = digest.Sent
	if _, err := one.Deliveries.Step(c.Edition.ID, &sent, nil, "")(); !errors.Is(err, store.ErrSessionLost) {
		t.Error(err)
	}
	if _, err := one.Deliveries.Step(c.Edition.ID, &sent, nil, "")(); err != nil {
		t.Error(err)
	}
	if p, err := one.Deliveries.Progress(c.Edition.ID); err != nil || p.State(0) != digest.Sent {
		t.Error(p.States, err)
	}
}

// TestAPauseThatEndsEndsNoHalt: who tells that the server takes messages again does not know that somebody withdraws them.
func TestAPauseThatEndsEndsNoHalt(t *testing.T) {
	one, two, c, _, _ := twoSenders(t, 5)
	id := c.Edition.ID
	if err := errors.Join(two.Editions.Halt(t.Context(), id), one.Editions.Pause(id, "")); err != nil {
		t.Fatal(err)
	}
	take(t, one, id)
	if s, err := one.Deliveries.Step(id, nil, begins(0, 1), c.Recipients[0].Email)(); s != digest.Pending || err != nil {
		t.Errorf("a delivery is %s, %v", s, err)
	}
	if _, err := two.Editions.Recall(id, Recall{Words: "withdrawn"}); err != nil {
		t.Fatal(err)
	}
}

// TestACommitThatIsSaidToHaveFailed, and was one all the same is known when the edition goes on.
func TestACommitThatIsSaidToHaveFailed(t *testing.T) {
	d, now := &disturbed{}, morning
	l, err := Open(func() (store.Store, error) {
		s, err := memory.New().OpenShared()
		if err == nil {
			d.Shared = s.(store.Shared)
		}
		return struct{ store.Store }{d}, err
	}, func() time.Time { return now })
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	poll(t, l, "https://example.org/feed", "One")
	c := composition(t, l, "2026-03-14T07:00", 3)
	if err := l.Editions.Commit(c); err != nil {
		t.Fatal(err)
	}
	no := errors.New("no")
	d.commit = func(change func() error) error { return errors.Join(change(), no) }
	if _, err := l.Deliveries.Step(c.Edition.ID, nil, begins(0, 1), c.Recipients[0].Email)(); !errors.Is(err, no) {
		t.Error(err)
	}
	d.commit = nil
	doubt := *begins(0, 1)
	doubt.State = digest.InDoubt
	if err := l.Deliveries.Record(t.Context(), c.Edition.ID, []digest.Event{doubt}); err != nil {
		t.Error(err)
	}
}
