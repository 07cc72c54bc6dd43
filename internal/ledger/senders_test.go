package ledger

import (
	"testing"
	"time"

	"digestd/digest"
	"digestd/internal/ledger/store/memory"
)

// process opens a ledger that others share, under a name.
func process(t *testing.T, m *memory.Memory, name string, now *time.Time) *Ledger {
	t.Helper()
	l, err := Open(m.OpenShared, func() time.Time { return *now })
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { l.Close() })
	l.Senders.Call(name)
	return l
}

// names are those of the senders that a process sees.
func names(t *testing.T, l *Ledger) (all string) {
	t.Helper()
	alive, err := l.Senders.Beat(t.Context(), "config of "+l.sender.Name)
	if err != nil {
		t.Fatal(err)
	}
	for _, s := range alive {
		all += s.Name + " "
	}
	return all
}

func TestSendersSeeWhoIsAlive(t *testing.T) {
	m, now := memory.New(), morning
	one, two := process(t, m, "one", &now), process(t, m, "two", &now)
	if got := names(t, one); got != "one " {
		t.Errorf("alone: %s", got)
	}
	if got := names(t, two); got != "one two " {
		t.Errorf("the second sees %s", got)
	}
	if got := names(t, one); got != "one two " {
		t.Errorf("the first sees %s", got)
	}
	m.Kill("two")
	if got := names(t, one); got != "one " {
		t.Errorf("when the second is dead, the first sees %s", got)
	}
	if got := names(t, two); got != "one two " { // it was cut off, and is back
		t.Errorf("the second sees %s", got)
	}
	m.Kill("two")
	ghost, err := two.store.Session(t.Context(), "ghost") // the session of before, whose end the database did not notice yet
	if err != nil {
		t.Fatal(err)
	}
	if taken, err := ghost.TryLock(two.sender.lock()); !taken || err != nil {
		t.Fatal(taken, err)
	}
	names(t, two)
	ghost.Close()
	names(t, two)
	if got := names(t, one); got != "one two " {
		t.Errorf("when its old session has ended at last, the first sees %s", got)
	}
	if err := two.Senders.Leave(); err != nil {
		t.Fatal(err)
	}
	if got := names(t, one); got != "one " {
		t.Errorf("when the second has left, the first sees %s", got)
	}
}

func TestAFeedIsAskedByOneProcess(t *testing.T) {
	m, now := memory.New(), morning
	one, two := process(t, m, "one", &now), process(t, m, "two", &now)
	const url = "https://example.org/feed.xml"
	takes := func(l *Ledger, read digest.FeedState, want bool) digest.FeedState {
		t.Helper()
		st, ok, err := l.Items.BeginPoll(read, time.Minute)
		if err != nil || ok != want {
			t.Fatalf("%s takes the feed: %v, %v; want %v", l.sender.Name, ok, err, want)
		}
		return st
	}
	read, err := two.Items.FeedState(url)
	if err != nil {
		t.Fatal(err)
	}
	st := takes(one, read, true)
	takes(two, read, false)
	st.LastPoll, st.NextPoll = now, now.Add(time.Hour)
	if _, err := one.Items.CommitPoll(t.Context(), st, nil); err != nil {
		t.Fatal(err)
	}
	takes(two, read, false) // which it read before the other polled
	if read, err = two.Items.FeedState(url); err != nil || !read.Taken.IsZero() {
		t.Fatalf("%+v, %v", read, err)
	}
	takes(two, read, true)
	takes(one, read, false)
	now = now.Add(2 * time.Minute) // and it died
	takes(one, read, true)
}

func TestOneProcessAtATimeDoesWhatIsDoneAlone(t *testing.T) {
	m, now := memory.New(), morning
	one, two := process(t, m, "one", &now), process(t, m, "two", &now)
	leave, ok, err := one.Senders.Alone(t.Context(), "prune")
	if !ok || err != nil {
		t.Fatal(ok, err)
	}
	for _, l := range []*Ledger{one, two} { // nor twice in one process
		if _, ok, err := l.Senders.Alone(t.Context(), "prune"); ok || err != nil {
			t.Errorf("%s: %v, %v", l.sender.Name, ok, err)
		}
	}
	leave()
	if _, ok, err := two.Senders.Alone(t.Context(), "prune"); !ok || err != nil {
		t.Error(ok, err)
	}
	m.Kill("two")
	if _, ok, err := one.Senders.Alone(t.Context(), "prune"); !ok || err != nil {
		t.Errorf("when the other has died: %v, %v", ok, err)
	}
}

func TestARotatedKeyIsKnownEverywhere(t *testing.T) {
	m, now := memory.New(), morning
	one, two := process(t, m, "one", &now), process(t, m, "two", &now)
	if _, err := one.Keys.Rotate(); err != nil {
		t.Fatal(err)
	}
	if a, b := one.Keys.Secrets(), two.Keys.Secrets(); len(b) != 2 || string(a[0]) != string(b[0]) {
		t.Errorf("%d keys, and %d", len(a), len(b))
	}
}

// TestALotKnowsTheNewNameOfItsDigest renames a digest while another process has a lot of an edition.
func TestALotKnowsTheNewNameOfItsDigest(t *testing.T) {
	m, now := memory.New(), morning
	one, two := process(t, m, "one", &now), process(t, m, "two", &now)
	names(t, two)
	poll(t, one, "https://example.org/feed", "One")
	c := composition(t, one, "2026-03-14T07:00", 3)
	if err := one.Editions.Commit(c); err != nil {
		t.Fatal(err)
	}
	if _, ok, err := two.Deliveries.Take(t.Context(), c.Edition.ID, func(int, digest.Standing) bool { return true }); !ok || err != nil {
		t.Fatal(ok, err)
	}
	if _, err := one.Rename(lane.Digest, "wire"); err != nil {
		t.Fatal(err)
	}
	if err := one.Readers.Suppress(digest.Suppression{Email: "reader0@example.org", Digest: "wire", Source: "page"}); err != nil {
		t.Fatal(err)
	}
	for i, want := range []digest.State{digest.Suppressed, digest.Intent} {
		next := &digest.Event{Index: i, State: digest.Intent, At: now, Attempt: 1}
		s, err := two.Deliveries.Step(c.Edition.ID, nil, next, c.Recipients[i].Email)()
		if err != nil || s != want {
			t.Errorf("reader %d is %s, %v; want %s", i, s, err, want)
		}
	}
}
