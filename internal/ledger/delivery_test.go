package ledger

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"sync"
	"testing"
	"time"

	"digestd/digest"
	"digestd/internal/ledger/store"
	"digestd/internal/ledger/store/storetest"
	"digestd/subscribers"
)

const theEdition = "daily/Europe/Paris/2026-03-12T07:00"

// composed commits an edition with so many recipients.
func composed(t testing.TB, l *Ledger, id string, recipients int) {
	t.Helper()
	c := Composition{Edition: digest.Edition{ID: id, Digest: digestOf(id), Zone: "Europe/Paris", Composed: morning}, Variants: []Variant{{Body: []byte("message")}}}
	for i := range recipients {
		c.Recipients = append(c.Recipients, digest.Recipient{Index: i, Email: fmt.Sprintf("reader%d@example.org", i)})
	}
	var err error
	if c.Before, err = l.Lanes.Get(digest.Lane{Digest: c.Edition.Digest, Zone: c.Edition.Zone}); err != nil {
		t.Fatal(err)
	}
	if err := l.Editions.Commit(c); err != nil {
		t.Fatal(err)
	}
}

func event(index int, s digest.State) *digest.Event {
	e := digest.Event{Index: index, State: s, At: morning.Add(time.Duration(index) * time.Second)}
	switch s {
	case digest.Intent, digest.Failed:
		e.Attempt, e.First = 1, e.At
	case digest.Sent:
		e.Attempt, e.First, e.Stage, e.Code, e.Words = 1, e.At, "dot", 250, "2.0.0 queued as ABC"
	case digest.Deferred:
		e.Attempt, e.First, e.Stage, e.Code, e.Words, e.Due = 1, e.At, "rcpt", 450, "4.2.0 greylisted", e.At.Add(5*time.Minute)
	case digest.InDoubt:
		e.Attempt, e.First, e.Stage, e.Due = 1, e.At, "dot", e.At.Add(5*time.Minute)
	}
	return &e
}

// stepped makes a step that must succeed.
func stepped(t testing.TB, l *Ledger, done, next *digest.Event) digest.State {
	t.Helper()
	to := ""
	if next != nil {
		to = fmt.Sprintf("reader%d@example.org", next.Index)
	}
	s, err := l.Deliveries.Step(theEdition, done, next, to)()
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func TestStepsAreRemembered(t *testing.T) {
	l, _ := opened(t)
	composed(t, l, theEdition, 2500)
	stepped(t, l, nil, event(0, digest.Intent))
	stepped(t, l, event(0, digest.Sent), event(1, digest.Intent))
	stepped(t, l, event(1, digest.Deferred), event(2400, digest.Intent))
	stepped(t, l, event(2400, digest.InDoubt), nil)
	p, err := l.Deliveries.Progress(theEdition)
	if err != nil {
		t.Fatal(err)
	}
	if got := p.Counts(); got[digest.Sent] != 1 || got[digest.Deferred] != 1 || got[digest.InDoubt] != 1 || got[digest.Pending] != 2497 {
		t.Errorf("counts %v", got)
	}
	deferred := *event(1, digest.Deferred)
	deferred.Waits = 1
	if len(p.Last) != 2 || p.Last[1] != deferred || p.Last[2400] != *event(2400, digest.InDoubt) {
		t.Errorf("last events %+v", p.Last)
	}
	history, err := l.Deliveries.History(theEdition, 0)
	if err != nil || !slices.Equal(history, []digest.Event{*event(0, digest.Intent), *event(0, digest.Sent)}) {
		t.Errorf("history %+v, %v", history, err)
	}
	edition, err := l.Editions.Get(theEdition)
	if err != nil {
		t.Fatal(err)
	}
	if due, err := l.Deliveries.Due(edition); err != nil || !due.IsZero() {
		t.Errorf("due %v, %v with some pending", due, err)
	}
}

func TestRecipientsFromAnIndexOn(t *testing.T) {
	l, _ := opened(t)
	composed(t, l, theEdition, 2500)
	for _, c := range []struct{ index, want int }{{0, 1000}, {999, 1}, {1000, 1000}, {2499, 1}, {2500, 0}, {3500, 0}} {
		got, err := l.Deliveries.RecipientsAt(theEdition, c.index)
		if err != nil || len(got) != c.want || (len(got) > 0 && (got[0].Index != c.index || got[0].Email != fmt.Sprintf("reader%d@example.org", c.index))) {
			t.Errorf("RecipientsAt(%d) = %d recipients, %v", c.index, len(got), err)
		}
	}
}

func TestIllegalMovesAreRefused(t *testing.T) {
	l, _ := opened(t)
	composed(t, l, theEdition, 3)
	stepped(t, l, nil, event(0, digest.Intent))
	stepped(t, l, event(0, digest.Sent), event(1, digest.Intent))
	for name, s := range map[string][2]*digest.Event{
		"sent again":             {nil, event(0, digest.Intent)},
		"deferred once sent":     {event(0, digest.Deferred), nil},
		"sent without intent":    {event(2, digest.Sent), nil},
		"intent in intent":       {nil, event(1, digest.Intent)},
		"nobody":                 {nil, event(3, digest.Intent)},
		"good first, bad second": {event(1, digest.Sent), event(0, digest.Intent)},
	} {
		if _, err := l.Deliveries.Step(theEdition, s[0], s[1], "x@example.org")(); !errors.Is(err, ErrIllegal) {
			t.Errorf("%s: %v", name, err)
		}
	}
	if _, err := l.Deliveries.Step("daily/Europe/Paris/never", nil, event(0, digest.Intent), "x@example.org")(); !errors.Is(err, ErrUnknown) {
		t.Errorf("an edition that is not there: %v", err)
	}
	p, err := l.Deliveries.Progress(theEdition)
	if err != nil || !slices.Equal(p.States, []digest.State{digest.Sent, digest.Intent, digest.Pending}) {
		t.Errorf("states %v, %v", p.States, err)
	}
	stepped(t, l, event(1, digest.Sent), event(2, digest.Intent)) // what was refused left nothing behind
}

func TestSuppressionIsCheckedWhereTheIntentIsWritten(t *testing.T) {
	l, _ := opened(t)
	composed(t, l, theEdition, 4)
	for _, s := range []digest.Suppression{
		{Email: "Reader0@Example.org", Digest: "daily", Source: "one-click"},
		{Email: "reader1@example.org", Digest: "weekly", Source: "one-click"},
		{Email: "reader2@example.org", Source: "operator"},
	} {
		if err := l.Readers.Suppress(s); err != nil {
			t.Fatal(err)
		}
	}
	for i, want := range []digest.State{digest.Suppressed, digest.Intent, digest.Suppressed, digest.Intent} {
		if got := stepped(t, l, nil, event(i, digest.Intent)); got != want {
			t.Errorf("reader %d: %s, want %s", i, got, want)
		}
	}
	p, err := l.Deliveries.Progress(theEdition)
	if err != nil || p.Counts()[digest.Suppressed] != 2 {
		t.Errorf("%v, %v", p.Counts(), err)
	}
}

func TestSuppressAndRestore(t *testing.T) {
	l, c := opened(t)
	for _, s := range []digest.Suppression{
		{Email: "ana@example.org", Digest: "daily", Source: "one-click", Words: "first"},
		{Email: "ANA@example.org", Digest: "daily", Source: "operator", Words: "second"},
		{Email: "ana@example.org", Source: "bounce"},
		{Email: "ana@example.org.example.com", Source: "bounce"},
	} {
		if err := l.Readers.Suppress(s); err != nil {
			t.Fatal(err)
		}
	}
	all, err := l.Readers.Suppressions()
	if err != nil || len(all) != 3 || all[1].Words != "first" || !all[0].At.Equal(c.t) {
		t.Errorf("%+v, %v", all, err)
	}
	if keys, err := l.Readers.SuppressedFor("weekly"); err != nil || len(keys) != 2 || !keys["ana@example.org"] {
		t.Errorf("%v, %v", keys, err)
	}
	if n, err := l.Readers.Restore("ana@example.org", "weekly"); n != 0 || err != nil {
		t.Errorf("restored %d, %v", n, err)
	}
	if n, err := l.Readers.Restore("Ana@example.org", "daily"); n != 1 || err != nil {
		t.Errorf("restored %d, %v", n, err)
	}
	if yes, err := l.Readers.Suppressed("ana@example.org", "daily"); !yes || err != nil {
		t.Errorf("the suppression of all digests is gone: %v, %v", yes, err)
	}
	if n, err := l.Readers.Restore("ana@example.org", ""); n != 1 || err != nil {
		t.Errorf("restored %d, %v", n, err)
	}
	if yes, err := l.Readers.Suppressed("ana@example.org", "daily"); yes || err != nil {
		t.Errorf("%v, %v", yes, err)
	}
	if yes, err := l.Readers.Suppressed("ana@example.org.example.com", "daily"); !yes || err != nil {
		t.Errorf("the restore took another address along: %v, %v", yes, err)
	}
}

// TestCommitsAreShared lets many workers step at once while a commit is held up: all of them go into
// the next one.
func TestCommitsAreShared(t *testing.T) {
	l, _ := opened(t)
	composed(t, l, theEdition, 100)
	other := "weekly/Europe/Paris/2026-03-12T07:00"
	composed(t, l, other, 100)
	begun, hold, commits := make(chan struct{}), make(chan struct{}), 0
	l.delivery.hook = func(at string) {
		if at == "before commit" {
			if commits++; commits == 1 {
				close(begun)
				<-hold
			}
		}
	}
	var workers sync.WaitGroup
	for i := range 100 {
		for _, edition := range []string{theEdition, other} {
			workers.Go(func() {
				e := event(i, digest.Intent)
				if s, err := l.Deliveries.Step(edition, nil, e, fmt.Sprintf("reader%d@example.org", i))(); err != nil || s != digest.Intent {
					t.Errorf("%s, %v", s, err)
				}
			})
			<-begun
		}
	}
	for l.delivery.stepsWaiting() < 199 {
		time.Sleep(time.Millisecond)
	}
	close(hold)
	workers.Wait()
	if commits != 2 {
		t.Errorf("%d commits for 200 steps", commits)
	}
	for _, edition := range []string{theEdition, other} {
		if p, err := l.Deliveries.Progress(edition); err != nil || p.Counts()[digest.Intent] != 100 {
			t.Errorf("%v, %v", p.Counts(), err)
		}
	}
}

// TestAStepIsHandedOverAtOnce holds a commit up: whoever hands a step over can go on, and hears of it when it is durable.
func TestAStepIsHandedOverAtOnce(t *testing.T) {
	l, _ := opened(t)
	composed(t, l, theEdition, 3)
	begun, hold := make(chan struct{}), make(chan struct{})
	l.delivery.hook = func(at string) {
		if at == "before commit" {
			begun <- struct{}{}
			<-hold
		}
	}
	var answers []func() (digest.State, error)
	step := func(i int) {
		answers = append(answers, l.Deliveries.Step(theEdition, nil, event(i, digest.Intent), fmt.Sprintf("reader%d@example.org", i)))
	}
	step(0)
	<-begun
	step(1)
	step(2) // these two are in the next one
	hold <- struct{}{}
	<-begun
	if s, err := answers[0](); s != digest.Intent || err != nil {
		t.Error(s, err)
	}
	if n := l.delivery.stepsWaiting(); n != 0 {
		t.Errorf("%d steps wait for a third commit", n)
	}
	hold <- struct{}{}
	for _, answer := range append(answers, answers...) {
		if s, err := answer(); s != digest.Intent || err != nil {
			t.Error(s, err)
		}
	}
	go func() { // nobody else comes, and this one does not wait for them
		<-begun
		hold <- struct{}{}
	}()
	stepped(t, l, event(0, digest.Sent), nil)
	l.delivery.stop()
	if _, err := l.Deliveries.Step(theEdition, event(1, digest.Sent), nil, "")(); !errors.Is(err, errClosed) {
		t.Errorf("after the end: %v", err)
	}
}

// TestAFailedCommitLeavesNothing fails a commit and expects memory and file to agree afterwards.
func TestAFailedCommitLeavesNothing(t *testing.T) {
	l, _ := opened(t)
	composed(t, l, theEdition, 3)
	stepped(t, l, nil, event(0, digest.Intent))
	fail := true
	l.delivery.hook = func(at string) {
		if at == "before commit" && fail {
			panic("disk gone") // as bbolt does on damage
		}
	}
	if _, err := l.Deliveries.Step(theEdition, event(0, digest.Sent), event(1, digest.Intent), "reader1@example.org")(); err == nil {
		t.Fatal("the step succeeded")
	}
	fail = false
	p, err := l.Deliveries.Progress(theEdition)
	if err != nil || p.States[0] != digest.Intent || p.States[1] != digest.Pending {
		t.Errorf("%v, %v", p.States, err)
	}
	stepped(t, l, event(0, digest.Sent), event(1, digest.Intent))
}

func TestFinishPacksAndKeepsWhatHappened(t *testing.T) {
	l, _ := opened(t)
	const n = 1200
	composed(t, l, theEdition, n)
	if err := l.Deliveries.Finish(theEdition); err == nil {
		t.Fatal("an edition was finished with all of it pending")
	}
	for i := range n {
		var done *digest.Event
		if i > 0 {
			done = event(i-1, digest.Sent)
			done.Words = fmt.Sprintf("2.0.0 Ok: queued as %X", rand.Uint64())
			if i == 8 {
				done = event(7, digest.Failed)
				done.Words = "5.1.1 no such user"
			}
		}
		stepped(t, l, done, event(i, digest.Intent))
	}
	stepped(t, l, event(n-1, digest.Sent), nil)
	before, err := l.Deliveries.Progress(theEdition)
	if err != nil {
		t.Fatal(err)
	}
	size := l.entries(t, theEdition)
	if err := l.Deliveries.Finish(theEdition); err != nil {
		t.Fatal(err)
	}
	if packed := l.entries(t, theEdition); packed > size*2/3 {
		t.Errorf("packed from %d to %d bytes", size, packed)
	}
	after, err := l.Deliveries.Progress(theEdition)
	if err != nil || !slices.Equal(before.States, after.States) || len(after.Last) != 0 {
		t.Errorf("the states changed: %v, %v", after.Counts(), err)
	}
	if h, err := l.Deliveries.History(theEdition, 7); err != nil || len(h) != 1 || h[0].State != digest.Failed || h[0].Words != "5.1.1 no such user" {
		t.Errorf("%+v, %v", h, err)
	}
	st, err := l.Editions.Get(theEdition)
	if err != nil || !st.Complete {
		t.Errorf("%+v, %v", st, err)
	}
	if problems := l.CheckDeliveries(); len(problems) > 0 {
		t.Error(problems)
	}
}

// entries sums up the bytes recorded of an edition.
func (l *Ledger) entries(t *testing.T, edition string) (n int) {
	t.Helper()
	if err := l.view(func(tx store.Tx) error {
		for it, err := range tx.Part(bucketProgress, edition).Rows(store.Range{}) {
			if n += len(it.Value); err != nil {
				return err
			}
		}
		return nil
	}); err != nil {
		t.Fatal(err)
	}
	return n
}

// stepsWaiting are those that were handed over and not taken.
func (w *deliveryWriter) stepsWaiting() int {
	w.handing.Lock()
	defer w.handing.Unlock()
	return len(w.waiting)
}

func TestWhatIsBegunIsNotWithdrawn(t *testing.T) {
	for _, c := range []struct {
		events []*digest.Event
		begun  bool
	}{
		{nil, false},
		{[]*digest.Event{event(0, digest.Intent)}, true},
		{[]*digest.Event{event(0, digest.Intent), event(0, digest.InDoubt)}, true},
		{[]*digest.Event{event(0, digest.Intent), event(0, digest.Sent)}, true},
		{[]*digest.Event{event(0, digest.Intent), event(0, digest.Deferred)}, false},
		{[]*digest.Event{event(0, digest.Intent), event(0, digest.Failed)}, false},
	} {
		l, _ := opened(t)
		composed(t, l, theEdition, 2)
		for _, e := range c.events {
			if err := l.Deliveries.Record(context.Background(), theEdition, []digest.Event{*e}); err != nil {
				t.Fatal(err)
			}
		}
		err := l.Editions.Withdraw(theEdition)
		if c.begun != errors.Is(err, ErrBegun) || !c.begun && err != nil {
			t.Errorf("%v: %v", c.events, err)
		}
		if c.begun {
			continue
		}
		p, err := l.Deliveries.Progress(theEdition)
		if err != nil || p.States[1] != digest.Withdrawn || len(p.Last) != 0 {
			t.Errorf("%v, %v", p, err)
		}
	}
}

func TestDue(t *testing.T) {
	l, _ := opened(t)
	composed(t, l, theEdition, 2)
	for i := range 2 {
		stepped(t, l, nil, event(i, digest.Intent))
	}
	stepped(t, l, event(1, digest.Deferred), nil)
	edition, err := l.Editions.Get(theEdition)
	if err != nil {
		t.Fatal(err)
	}
	if due, err := l.Deliveries.Due(edition); err != nil || !due.IsZero() {
		t.Errorf("%v, %v with an intent open", due, err)
	}
	stepped(t, l, event(0, digest.Deferred), nil)
	if _, err := l.Deliveries.Give(theEdition, 0, event(0, digest.Deferred).Due); err != nil { // where several send
		t.Fatal(err)
	}
	for range 2 {
		if due, err := l.Deliveries.Due(edition); err != nil || !due.Equal(event(0, digest.Deferred).Due) {
			t.Errorf("%v, %v", due, err)
		}
	}
}

func TestResolveTokens(t *testing.T) {
	l, _ := opened(t)
	composed(t, l, theEdition, 1200)
	key, err := subscribers.NewTokenKey(l.Keys.Secrets()[0])
	if err != nil {
		t.Fatal(err)
	}
	d, err := l.Resolve(key.Delivery(subscribers.ForUnsubscribe, theEdition, 1100, "reader1100@example.org"), subscribers.ForUnsubscribe)
	if err != nil || d.Edition.ID != theEdition || d.To.Email != "reader1100@example.org" {
		t.Errorf("%+v, %v", d, err)
	}
	for token, want := range map[string]error{
		key.Delivery(subscribers.ForMessageID, theEdition, 1, "reader1@example.org"):                 subscribers.ErrToken,
		key.Delivery(subscribers.ForUnsubscribe, theEdition+"+1", 1, "reader1@example.org"):          ErrUnknown,
		key.Delivery(subscribers.ForUnsubscribe, theEdition, 1_000_000, "reader1000000@example.org"): ErrUnknown,
		"": subscribers.ErrToken,
	} {
		if _, err := l.Resolve(token, subscribers.ForUnsubscribe); !errors.Is(err, want) {
			t.Errorf("Resolve(%q) = %v, want %v", token, err, want)
		}
	}
}

func TestStepsBehindTheEndAreRefused(t *testing.T) {
	l, err := Open(storetest.Fresh(t), nil)
	if err != nil {
		t.Fatal(err)
	}
	composed(t, l, theEdition, 3)
	stepped(t, l, nil, event(0, digest.Intent))
	if err := l.Close(); err != nil {
		t.Fatal(err)
	}
	if _, err := l.Deliveries.Step(theEdition, event(0, digest.Sent), nil, "")(); err == nil {
		t.Error("a closed ledger took a step")
	}
}

func TestCheckFindsWhatCannotHaveHappened(t *testing.T) {
	l, err := Open(storetest.Fresh(t), nil)
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	composed(t, l, theEdition, 3)
	write := func(events ...digest.Event) {
		t.Helper()
		if err := l.update(nil, func(tx store.Tx) error { return appendEvents(tx, theEdition, events) }); err != nil {
			t.Fatal(err)
		}
	}
	write(*event(0, digest.Sent), *event(1, digest.Intent), *event(1, digest.Sent), *event(1, digest.Intent), *event(7, digest.Intent))
	if got := len(l.CheckDeliveries()); got != 3 {
		t.Errorf("%d problems: %v", got, l.CheckDeliveries())
	}
	if err := l.update(nil, func(tx store.Tx) error {
		return tx.Part(bucketProgress, theEdition).Put(seqKey(9), []byte{entryV1, 0, 1})
	}); err != nil {
		t.Fatal(err)
	}
	if _, err := l.Deliveries.Progress(theEdition); !errors.Is(err, store.ErrDamaged) {
		t.Errorf("a cut entry: %v", err)
	}
}

func FuzzDecodeEvents(f *testing.F) {
	f.Add(encodeEvents([]digest.Event{*event(0, digest.Intent), *event(1, digest.Deferred)}))
	f.Add([]byte{entryV2, 0x4b, 0x04, 0x00})
	f.Fuzz(func(t *testing.T, raw []byte) {
		var events []digest.Event
		if decodeEvents(raw, func(e digest.Event) error { events = append(events, e); return nil }) != nil || len(events) == 0 {
			return
		}
		again := encodeEvents(events)
		var second []digest.Event
		if err := decodeEvents(again, func(e digest.Event) error { second = append(second, e); return nil }); err != nil {
			t.Fatal(err)
		}
		if !bytes.Equal(encodeEvents(second), again) {
			t.Errorf("%+v became %+v", events, second)
		}
	})
}

func BenchmarkSteps(b *testing.B) {
	l, err := Open(storetest.Fresh(b), nil)
	if err != nil {
		b.Fatal(err)
	}
	defer l.Close()
	composed(b, l, theEdition, b.N+8)
	next := make(chan int, b.N)
	for i := range b.N {
		next <- i
	}
	close(next)
	b.ResetTimer()
	var workers sync.WaitGroup
	for range 8 {
		workers.Go(func() {
			var done *digest.Event
			for i := range next {
				stepped(b, l, done, event(i, digest.Intent))
				done = event(i, digest.Sent)
			}
		})
	}
	workers.Wait()
}
