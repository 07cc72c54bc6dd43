package mailer

import (
	"bytes"
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"sync"
	"testing"
	"time"

	"digestd/digest"
	"digestd/mailer/dkim"
	"digestd/mailer/message"
	"digestd/mailer/smtp/smtptest"
	"digestd/subscribers"
)

func TestEverybodyGetsOneMessage(t *testing.T) {
	for _, connections := range []int{1, 4} {
		for _, perConnection := range []int{0, 1, 10} {
			o := defaults
			o.Connections, o.MaxPerConnection = connections, perConnection
			r := newRig(t, 50, o, nil)
			s := r.deliver(t)
			if s.Sent != 50 || s.Owed() != 0 || s.Paused != "" {
				t.Errorf("%+v", s)
			}
			copies := r.server.Copies()
			for _, to := range r.ledger.recipients {
				if copies[to.Email] != 1 {
					t.Errorf("%s got %d copies", to.Email, copies[to.Email])
				}
			}
			if e := r.ledger.event(3); e.State != digest.Sent || e.Code != 250 || !strings.Contains(e.Words, "queued as") {
				t.Errorf("the event of a sent delivery: %+v", e)
			}
			if again := r.deliver(t); again.Sent != 0 || len(r.server.Taken()) != 50 {
				t.Errorf("the second run: %+v", again)
			}
			if perConnection == 1 && r.server.Connections() != 50 {
				t.Errorf("%d connections for 50 messages", r.server.Connections())
			}
		}
	}
}

func TestGreylistingIsRetriedUntilGivenUp(t *testing.T) {
	r := newRig(t, 3, defaults, func(s smtptest.Moment) string {
		if s.Stage == smtptest.Rcpt && strings.Contains(s.Line, "reader1@") {
			return "450 4.2.0 greylisted"
		}
		return smtptest.Default
	})
	start := r.clock.Now()
	var attempts []time.Duration
	for range 20 {
		s := r.deliver(t)
		if len(attempts) == 0 || r.ledger.event(1).State == digest.Deferred {
			attempts = append(attempts, r.clock.Now().Sub(start))
		}
		if s.Owed() == 0 {
			break
		}
		r.clock.Sleep(context.Background(), s.NextDue.Sub(r.clock.Now()))
	}
	e := r.ledger.event(1)
	if e.State != digest.Expired || e.Code != 450 || e.Words != "4.2.0 greylisted" {
		t.Errorf("%+v", e)
	}
	if got := fmt.Sprint(attempts); got != "[0s 5m0s 20m0s 1h20m0s 4h20m0s 10h20m0s 16h20m0s]" {
		t.Errorf("attempts at %s", got)
	}
	if last := r.clock.Now().Sub(start); last > 20*time.Hour || last < 19*time.Hour {
		t.Errorf("the last attempt was after %s", last)
	}
}

func TestInDoubtIsResentOnceByteForByte(t *testing.T) {
	r := newRig(t, 3, defaults, func(s smtptest.Moment) string {
		if s.Stage == smtptest.Dot && s.To == "reader1@example.org" {
			return smtptest.TakeAndCut
		}
		return smtptest.Default
	})
	r.deliver(t)
	if e := r.ledger.event(1); e.State != digest.InDoubt || e.Due.Sub(e.At) != 5*time.Minute {
		t.Fatalf("%+v", e)
	}
	if s := r.deliver(t); s.InDoubt != 1 || r.server.Copies()["reader1@example.org"] != 1 {
		t.Errorf("it did not wait: %+v", s)
	}
	r.restart(defaults) // what an earlier process left is due at once
	s := r.deliver(t)
	if e := r.ledger.event(1); e.State != digest.Held || e.Doubts != 1 || s.InDoubt != 1 || s.Held != 1 || s.Owed() != 0 {
		t.Errorf("%+v, %+v", e, s)
	}
	var copies [][]byte
	for _, m := range r.server.Taken() {
		if m.To == "reader1@example.org" {
			copies = append(copies, m.Raw)
		}
	}
	if len(copies) != 2 || !bytes.Equal(copies[0], copies[1]) {
		t.Errorf("%d copies, the same: %v", len(copies), len(copies) == 2 && bytes.Equal(copies[0], copies[1]))
	}
}

func TestHoldSendsNoSecondCopy(t *testing.T) {
	o := defaults
	o.InDoubt = Hold
	r := newRig(t, 3, o, func(s smtptest.Moment) string {
		if s.Stage == smtptest.Dot && s.To == "reader1@example.org" {
			return smtptest.TakeAndCut
		}
		return smtptest.Default
	})
	r.ledger.states[2] = digest.Intent // of a process that was killed
	r.ledger.last[2] = digest.Event{Index: 2, State: digest.Intent, At: r.clock.Now(), First: r.clock.Now(), Attempt: 1}
	s := r.deliver(t)
	if s.Held != 2 || s.Sent != 1 || s.Owed() != 0 || r.server.Copies()["reader2@example.org"] != 0 || r.server.Copies()["reader1@example.org"] != 1 {
		t.Errorf("%+v, %v", s, r.server.Copies())
	}
}

func TestWhatAKillLeftGoesFirst(t *testing.T) {
	o := defaults
	o.Connections = 1
	r := newRig(t, 5, o, nil)
	now := r.clock.Now()
	r.ledger.states[3], r.ledger.last[3] = digest.Intent, digest.Event{Index: 3, State: digest.Intent, At: now, First: now, Attempt: 1}
	r.ledger.states[1], r.ledger.last[1] = digest.Deferred, digest.Event{Index: 1, State: digest.Deferred, At: now, First: now, Attempt: 1, Due: now.Add(-time.Minute)}
	if s := r.deliver(t); s.Sent != 5 {
		t.Fatalf("%+v", s)
	}
	var order []string
	for _, m := range r.server.Taken() {
		order = append(order, m.To[:7])
	}
	if got := strings.Join(order, " "); got != "reader3 reader1 reader0 reader2 reader4" {
		t.Errorf("in the order %s", got)
	}
	if e := r.ledger.event(3); e.Attempt != 2 || e.Doubts != 1 {
		t.Errorf("%+v", e)
	}
}

func TestALostKeyHoldsWhatIsInDoubt(t *testing.T) {
	r := newRig(t, 2, defaults, nil)
	now := r.clock.Now()
	r.ledger.states[1], r.ledger.last[1] = digest.Intent, digest.Event{Index: 1, State: digest.Intent, At: now, First: now, Attempt: 1}
	r.job.TokenKey = func(string) (subscribers.TokenKey, bool) { return subscribers.TokenKey{}, false }
	s := r.deliver(t)
	if s.Held != 2 || s.Sent != 0 || !strings.Contains(r.ledger.event(1).Words, "key of this edition is gone") {
		t.Errorf("%+v, %+v", s, r.ledger.event(1))
	}
}

func TestSuppressionCountsFromTheNextMessageOn(t *testing.T) {
	o := defaults
	o.Connections = 1
	var r *rig
	r = newRig(t, 10, o, func(s smtptest.Moment) string {
		if s.Stage == smtptest.Dot && s.To == "reader3@example.org" {
			r.ledger.Suppress(digest.Suppression{Email: "reader4@example.org"})
		}
		return smtptest.Default
	})
	s := r.deliver(t)
	if s.Sent != 9 || s.Suppressed != 1 || r.server.Copies()["reader4@example.org"] != 0 {
		t.Errorf("%+v", s)
	}
}

func TestALongRunShowsASignOfLife(t *testing.T) {
	var out strings.Builder
	o := defaults
	o.Connections, o.Rate = 1, 1
	r := newRig(t, 150, o, nil)
	r.log = slog.New(slog.NewTextHandler(&out, nil))
	if s := r.deliver(t); s.Sent != 150 {
		t.Fatalf("%+v", s)
	}
	if n := strings.Count(out.String(), "edition on its way"); n != 2 {
		t.Errorf("%d lines on its way in two minutes and a half:\n%s", n, out.String())
	}
}

// held is a ledger whose steps wait, and may do something, before they are committed.
type held struct {
	*memory
	before func(index int, to string)
}

func (h held) Step(_ string, done, next *digest.Event, to string) func() (digest.State, error) {
	return later(func() (digest.State, error) {
		if next != nil {
			h.before(next.Index, to)
		}
		return h.step(done, next, to)
	})
}

// TestTheDotWaitsForTheIntent lets a step be committed only when the server has the text of its message: nothing would
// move if the text waited for the commit, and no dot may come before it.
func TestTheDotWaitsForTheIntent(t *testing.T) {
	const readers = 20
	bodies := make(map[string]chan struct{})
	for i := range readers {
		bodies[fmt.Sprintf("reader%d@example.org", i)] = make(chan struct{})
	}
	var r *rig
	r = newRig(t, readers, defaults, func(s smtptest.Moment) string {
		switch s.Stage {
		case smtptest.Body:
			close(bodies[s.To])
		case smtptest.Dot:
			var index int
			fmt.Sscanf(s.To, "reader%d@", &index)
			if e := r.ledger.event(index); e.State != digest.Intent {
				t.Errorf("the dot of %s came when the delivery was %s", s.To, e.State)
			}
		}
		return smtptest.Default
	})
	r.Mailer.ledger = held{r.ledger, func(index int, to string) {
		select {
		case <-bodies[to]:
		case <-time.After(20 * time.Second):
			t.Errorf("the text for %s did not come before its step was committed", to)
		}
		if index < 2 {
			time.Sleep(20 * time.Millisecond) // in which a dot that does not wait comes
		}
	}}
	if s := r.deliver(t); s.Sent != readers {
		t.Errorf("%+v", s)
	}
}

// TestSuppressedWhileTheTextIsOnItsWay suppresses a reader in the very commit that would have written the intent of
// their delivery.
func TestSuppressedWhileTheTextIsOnItsWay(t *testing.T) {
	o := defaults
	o.Connections = 1
	r := newRig(t, 10, o, nil)
	r.Mailer.ledger = held{r.ledger, func(index int, to string) {
		if index == 4 {
			r.ledger.Suppress(digest.Suppression{Email: to})
		}
	}}
	s := r.deliver(t)
	if s.Sent != 9 || s.Suppressed != 1 || r.server.Copies()["reader4@example.org"] != 0 {
		t.Errorf("%+v", s)
	}
	if n := r.server.Connections(); n != 2 {
		t.Errorf("%d connections: the one with the unfinished message can't be used again", n)
	}
}

// TestTheSuppressedCostTheServerNothing has most readers suppressed when the run begins.
func TestTheSuppressedCostTheServerNothing(t *testing.T) {
	o := defaults
	o.Connections, o.Rate = 1, 10
	r := newRig(t, 50, o, nil)
	for i := range 40 {
		r.ledger.Suppress(digest.Suppression{Email: fmt.Sprintf("reader%d@example.org", i)})
	}
	start := r.clock.Now()
	s := r.deliver(t)
	if s.Sent != 10 || s.Suppressed != 40 || r.server.Connections() != 1 || r.server.Halves() != 0 {
		t.Errorf("%+v over %d connections", s, r.server.Connections())
	}
	if took := r.clock.Now().Sub(start); took > time.Second {
		t.Errorf("those who get nothing took their part of the rate: %v", took)
	}
}

func TestUnknownMailboxesAreSuppressed(t *testing.T) {
	r := newRig(t, 20, defaults, func(s smtptest.Moment) string {
		switch {
		case s.Stage != smtptest.Rcpt:
		case strings.Contains(s.Line, "@broken."):
			return "550 5.1.1 no such user"
		case strings.Contains(s.Line, "reader1@"):
			return "550 5.1.1 no such user"
		case strings.Contains(s.Line, "reader2@"):
			return "550 5.7.1 blocked"
		}
		return smtptest.Default
	})
	for i := 10; i < 16; i++ {
		r.ledger.recipients[i].Email = fmt.Sprintf("reader%d@broken.example.org", i)
	}
	s := r.deliver(t)
	if s.Failed != 7 || s.Deferred != 1 || s.Sent != 12 || s.Paused != "" { // a policy fails nobody
		t.Errorf("%+v", s)
	}
	if len(r.ledger.suppressed) != 1 || !r.ledger.suppressed["reader1@example.org"] {
		t.Errorf("suppressed %v", r.ledger.suppressed)
	}
}

// TestUnknownMailboxesOutliveAKill has a mailbox refused by a run that died after it.
func TestUnknownMailboxesOutliveAKill(t *testing.T) {
	r := newRig(t, 3, defaults, nil)
	now := r.clock.Now()
	intent := digest.Event{Index: 0, State: digest.Intent, At: now, First: now, Attempt: 1}
	r.ledger.apply(intent)
	gone := intent
	gone.State, gone.Stage, gone.Code, gone.Words = digest.Failed, smtptest.Rcpt, 550, "5.1.1 no such user"
	r.ledger.apply(gone)
	intent.Index = 1
	r.ledger.apply(intent)
	r.restart(defaults)
	if s := r.deliver(t); s.Sent != 2 {
		t.Errorf("%+v", s)
	}
	if len(r.ledger.suppressed) != 1 || !r.ledger.suppressed["reader0@example.org"] {
		t.Errorf("suppressed %v", r.ledger.suppressed)
	}
}

func TestRatesLimitSending(t *testing.T) {
	o := defaults
	o.Connections, o.Rate, o.PerDomain = 1, 10, map[string]float64{"slow.example.org": 1}
	r := newRig(t, 30, o, nil)
	for i := range 10 {
		r.ledger.recipients[i].Email = fmt.Sprintf("reader%d@Slow.example.org", i)
	}
	start := r.clock.Now()
	var others time.Duration
	r.job.Progress = func(p Progress) {
		if p.Event.State == digest.Sent && strings.HasSuffix(p.To.Email, "@example.org") {
			others = r.clock.Now().Sub(start)
		}
	}
	s := r.deliver(t)
	took := r.clock.Now().Sub(start)
	if s.Sent != 30 || took < 9*time.Second {
		t.Errorf("%+v in %s", s, took)
	}
	if others > 6*time.Second {
		t.Errorf("the slow domain kept the others waiting for %s", others)
	}
}

func TestTheEndOfTheContextFinishesWhatIsUnderWay(t *testing.T) {
	ctx, cancel := context.WithCancel(context.Background())
	o := defaults
	o.Connections = 3
	r := newRig(t, 100, o, func(s smtptest.Moment) string {
		if s.Stage == smtptest.Dot && s.Message == 4 {
			cancel()
		}
		return smtptest.Default
	})
	s, err := r.Deliver(ctx, r.job)
	if err != nil || s.Paused != "" {
		t.Fatal(s, err)
	}
	r.ledger.check(t, s)
	if s.Sent != len(r.server.Taken()) || s.InDoubt != 0 || s.Pending != 100-s.Sent || s.Sent > 15 {
		t.Errorf("%+v, taken %d", s, len(r.server.Taken()))
	}
	if s := r.deliver(t); s.Owed() != 0 || len(r.server.Taken()) != 100 {
		t.Errorf("the rest: %+v", s)
	}
}

func TestTheNextSlotEndsAnEdition(t *testing.T) {
	r := newRig(t, 4, defaults, nil)
	now := r.clock.Now()
	r.ledger.states[1], r.ledger.last[1] = digest.Deferred, digest.Event{Index: 1, State: digest.Deferred, First: now, Attempt: 2, Due: now, Code: 450, Words: "4.2.0 greylisted"}
	r.ledger.states[2], r.ledger.last[2] = digest.InDoubt, digest.Event{Index: 2, State: digest.InDoubt, First: now, Attempt: 1, Due: now}
	r.job.Until = now
	s := r.deliver(t)
	if s.Expired != 3 || s.Held != 1 || s.Sent != 0 || len(r.server.Taken()) != 0 {
		t.Errorf("%+v", s)
	}
	if e := r.ledger.event(1); e.Words != "4.2.0 greylisted" || e.Attempt != 2 {
		t.Errorf("%+v", e)
	}
}

func TestTheNextSlotComesInTheMiddle(t *testing.T) {
	o := defaults
	o.Connections, o.Rate = 1, 1
	r := newRig(t, 30, o, nil)
	r.job.Until = r.clock.Now().Add(10 * time.Second)
	s := r.deliver(t)
	if s.Sent < 9 || s.Sent > 11 || s.Expired != 30-s.Sent || s.Owed() != 0 || s.Paused != "" {
		t.Errorf("%+v", s)
	}
}

func TestAnotherSigningKey(t *testing.T) {
	signer := func() *dkim.Signer {
		key, _, err := dkim.Generate("ed25519", rand.Reader)
		if err != nil {
			t.Fatal(err)
		}
		s, err := dkim.NewSigner("example.org", "digest", key)
		if err != nil {
			t.Fatal(err)
		}
		return s
	}
	first := signer()
	for name, now := range map[string]*dkim.Signer{"another": signer(), "none": nil, "the same": first} {
		t.Run(name, func(t *testing.T) {
			r := newRig(t, 3, defaults, nil)
			r.job.Templates, r.job.Signer = []*message.Template{signedTemplate(t, 500, first.ID())}, now
			at := r.clock.Now()
			r.ledger.states[1], r.ledger.last[1] = digest.Intent, digest.Event{Index: 1, State: digest.Intent, At: at, First: at, Attempt: 1}
			s := r.deliver(t)
			if name == "the same" {
				if s.Sent != 3 {
					t.Errorf("%+v", s)
				}
				return
			}
			if s.Sent != 2 || s.Held != 1 || !strings.Contains(r.ledger.event(1).Words, "DKIM key") {
				t.Errorf("%+v, %+v", s, r.ledger.event(1))
			}
			for _, m := range r.server.Taken() {
				if signed := bytes.HasPrefix(m.Raw, []byte("DKIM-Signature:")); signed != (now != nil) {
					t.Errorf("signed: %v", signed)
				}
			}
		})
	}
}

func TestNothingForAVariantIsRecorded(t *testing.T) {
	r := newRig(t, 20, defaults, nil)
	r.job.Templates = append(r.job.Templates, nil)
	for i := range r.ledger.recipients {
		r.ledger.recipients[i].Variant = i % 2
	}
	if s := r.deliver(t); s.Sent != 10 || s.Nothing != 10 || s.Owed() != 0 {
		t.Errorf("%+v", s)
	}
}

func TestAFailingLedgerStopsEverything(t *testing.T) {
	var r *rig
	full := errors.New("no space left on device")
	var once sync.Once
	r = newRig(t, 50, defaults, func(s smtptest.Moment) string {
		if s.Stage == smtptest.Dot && s.Message == 3 {
			once.Do(func() {
				r.ledger.mu.Lock()
				r.ledger.failing = full
				r.ledger.mu.Unlock()
			})
		}
		return smtptest.Default
	})
	s, err := r.Deliver(context.Background(), r.job)
	if !errors.Is(err, full) {
		t.Fatal(s, err)
	}
	if n := len(r.server.Taken()); n > 8 {
		t.Errorf("%d messages went out without a ledger", n)
	}
	r.ledger.failing = nil
	r.restart(defaults)
	r.untilQuiet(t)
	for email, n := range r.server.Copies() {
		if n > 2 {
			t.Errorf("%s got %d copies", email, n)
		}
	}
	if len(r.server.Copies()) != 50 {
		t.Errorf("%d readers", len(r.server.Copies()))
	}
}

// TestEditionsShareConnections delivers two editions at once over the connections of one.
func TestEditionsShareConnections(t *testing.T) {
	var mu sync.Mutex
	open, most := 0, 0
	o := defaults
	o.Connections, o.MaxPerConnection = 2, 5
	r := newRig(t, 40, o, func(s smtptest.Moment) string {
		mu.Lock()
		defer mu.Unlock()
		switch s.Stage {
		case smtptest.Greeting:
			open++
			most = max(most, open)
		case smtptest.Quit:
			open--
		}
		return smtptest.Default
	})
	l, job := onDisk(t, t.TempDir(), 40, template(t, 500))
	t.Cleanup(func() { l.Close() })
	r.Mailer = New(o, r.transport, both{memory: r.ledger, other: l.Mail()}, nil)
	other := job
	other.Edition = "memory"
	var deliveries sync.WaitGroup
	for _, j := range []Job{job, other} {
		deliveries.Go(func() {
			if s, err := r.Deliver(context.Background(), j); err != nil || s.Sent != 40 {
				t.Errorf("%s: %+v, %v", j.Edition, s, err)
			}
		})
	}
	deliveries.Wait()
	if most > 2 {
		t.Errorf("%d connections at once", most)
	}
	if n := r.server.Copies()["reader7@example.org"]; n != 2 {
		t.Errorf("%d messages", n)
	}
}

// both is the ledger of two editions: one of them in memory.
type both struct {
	*memory
	other Ledger
}

func (b both) of(edition string) Ledger {
	if edition == "memory" {
		return b.memory
	}
	return b.other
}
func (b both) Standings(edition string) ([]digest.Standing, error) {
	return b.of(edition).Standings(edition)
}

func (b both) Take(ctx context.Context, edition string, wanted func(int, digest.Standing) bool) (digest.Lot, bool, error) {
	return b.of(edition).Take(ctx, edition, wanted)
}
func (b both) RecipientsAt(edition string, index int) ([]digest.Recipient, error) {
	return b.of(edition).RecipientsAt(edition, index)
}
func (b both) Step(edition string, done, next *digest.Event, to string) func() (digest.State, error) {
	return b.of(edition).Step(edition, done, next, to)
}
func (b both) Record(ctx context.Context, edition string, events []digest.Event) error {
	return b.of(edition).Record(ctx, edition, events)
}
func (b both) Failures(edition string) ([]digest.Event, error) {
	return b.of(edition).Failures(edition)
}
func (b both) Finish(edition string) error { return b.of(edition).Finish(edition) }

func TestBadAddressesFailAlone(t *testing.T) {
	r := newRig(t, 3, defaults, nil)
	r.ledger.recipients[1].Email = "δοκιμή@example.org" // the server has no SMTPUTF8
	r.ledger.recipients[2].Email = "broken"
	s := r.deliver(t)
	if s.Sent != 1 || s.Failed != 2 || !strings.Contains(r.ledger.event(1).Words, "SMTPUTF8") || !strings.Contains(r.ledger.event(2).Words, "not an e-mail address") {
		t.Errorf("%+v, %+v, %+v", s, r.ledger.event(1), r.ledger.event(2))
	}
}

// TestWhoWasTakenOutOfTheListsGetsNothingMore takes readers out of the lists in the middle of a run, and of a retry.
func TestWhoWasTakenOutOfTheListsGetsNothingMore(t *testing.T) {
	o := defaults
	o.Connections = 1
	var gone sync.Map
	r := newRig(t, 6, o, func(s smtptest.Moment) string {
		switch {
		case s.Stage == smtptest.Rcpt && s.To == "reader1@example.org":
			return "450 4.2.0 come back later"
		case s.Stage == smtptest.Dot && s.To == "reader2@example.org":
			return smtptest.Cut // nobody knows whether it arrived
		case s.Stage == smtptest.Dot && s.To == "reader3@example.org":
			gone.Store("reader4@example.org", true)
		}
		return smtptest.Default
	})
	r.job.Subscribes = func(email string) bool { _, left := gone.Load(email); return !left }
	s := r.deliver(t)
	if s.Withdrawn != 1 || s.Deferred != 1 || r.server.Copies()["reader4@example.org"] != 0 || r.ledger.event(4).Words != "no longer a subscriber" {
		t.Fatalf("%+v, %+v", s, r.ledger.event(4))
	}
	gone.Store("reader1@example.org", true)
	gone.Store("reader2@example.org", true)
	asked := r.server.Connections()
	r.untilQuiet(t)
	if e := r.ledger.event(1); e.State != digest.Withdrawn || e.Words != "no longer a subscriber" {
		t.Errorf("deferred before: %+v", e)
	}
	if e := r.ledger.event(2); e.State != digest.Held && e.State != digest.Sent {
		t.Errorf("in doubt before: %+v", e)
	}
	if n := r.server.Connections(); n != asked {
		t.Errorf("%d connections for readers who are gone", n-asked)
	}
}
