package mailer

import (
	"bytes"
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"net"
	"strings"
	"sync"
	"testing"
	"time"

	"digestd/digest"
	"digestd/mailer/dkim"
	"digestd/mailer/message"
	"digestd/mailer/smtp"
	"digestd/mailer/smtp/smtptest"
	"digestd/subscribers"
)

const anEdition = "daily/Europe/Paris/2026-11-22T07:00"

func tokenSecret() []byte { return bytes.Repeat([]byte{1}, subscribers.TokenKeySize) }

func tokenKey(t testing.TB) subscribers.TokenKey {
	t.Helper()
	k, err := subscribers.NewTokenKey(tokenSecret())
	if err != nil {
		t.Fatal(err)
	}
	return k
}

func template(t testing.TB, size int) *message.Template { return signedTemplate(t, size, "") }

func signedTemplate(t testing.TB, size int, signer string) *message.Template {
	t.Helper()
	marks := message.Marks{Address: "xADDRESSxMARKxOFxATEST", Token: "xTOKENxMARKxOFxAxTESTx"}
	text := "News for " + marks.Address + "\n" + strings.Repeat("A line of news that is about as long as lines are.\n", size/52)
	tpl, err := message.Freeze(message.Content{Subject: "News", HTML: "<p>" + marks.Token + "</p>", Text: text}, message.Sender{
		From: "Morning Wire <digest@example.org>", List: "Morning Wire", Digest: "daily", Edition: anEdition,
		Date: time.Date(2026, 11, 22, 6, 0, 0, 0, time.UTC), TokenKey: tokenKey(t).ID(), Signature: signer,
	}, marks)
	if err != nil {
		t.Fatal(err)
	}
	return tpl
}

// clock is a clock that only sleeping moves.
type clock struct {
	mu  sync.Mutex
	now time.Time
}

func (c *clock) Now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.now
}

func (c *clock) Sleep(_ context.Context, d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.now = c.now.Add(d)
}

// rig is a mailer on a scripted server.
type rig struct {
	*Mailer
	clock  *clock
	ledger *memory
	server *smtptest.Server
	job    Job
}

var defaults = Options{
	Connections: 2, MaxPerConnection: 100, InDoubt: Resend, GiveUp: 20 * time.Hour,
	Retry: []time.Duration{5 * time.Minute, 15 * time.Minute, time.Hour, 3 * time.Hour},
}

func newRig(t testing.TB, readers int, o Options, answer func(smtptest.Step) string) *rig {
	t.Helper()
	r := &rig{clock: &clock{now: time.Date(2026, 11, 22, 6, 0, 1, 0, time.UTC)}, ledger: newMemory(readers)}
	r.server = smtptest.Start(t, answer, nil)
	r.restart(o)
	key := tokenKey(t)
	r.job = Job{Edition: anEdition, Templates: []*message.Template{template(t, 8000)},
		TokenKey: func(id string) (subscribers.TokenKey, bool) { return key, id == key.ID() }}
	return r
}

// restart makes a new mailer, as a new process would.
func (r *rig) restart(o Options) {
	r.Mailer = New(o, OverSMTP(client(r.server, 30*time.Second)), r.ledger, nil)
	r.Now, r.Sleep, r.Jitter = r.clock.Now, r.clock.Sleep, func() float64 { return 0 }
}

// client speaks to a scripted server. Only a test whose server says nothing needs a short timeout: on a
// busy machine an answer may be late.
func client(s *smtptest.Server, timeout time.Duration) *smtp.Server {
	return &smtp.Server{
		Host: "127.0.0.1", Port: s.Port, TLS: smtp.TLSNone, Auth: "auto", DialTimeout: timeout, ReplyTimeout: timeout,
		Dialer: (&net.Dialer{}).DialContext,
	}
}

func (r *rig) deliver(t *testing.T) Summary {
	t.Helper()
	s, err := r.Deliver(context.Background(), r.job)
	if err != nil {
		t.Fatal(err)
	}
	r.ledger.check(t, s)
	return s
}

// untilQuiet delivers again and again, each time when the next delivery is due, until nothing is owed.
func (r *rig) untilQuiet(t *testing.T) {
	t.Helper()
	for range 50 {
		s := r.deliver(t)
		if s.Owed() == 0 {
			return
		}
		if s.NextDue.After(r.clock.Now()) {
			r.clock.Sleep(context.Background(), s.NextDue.Sub(r.clock.Now()))
		}
	}
	t.Fatalf("still owed after 50 runs: %s", r.ledger.counts())
}

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

// TestFaults puts each fault at each stage, for one reader of twelve, the first time that it comes to
// him. Whatever it is, all get their message in the end, and nobody a second one unless it was in doubt.
func TestFaults(t *testing.T) {
	const victim = "reader5@example.org"
	for _, c := range []struct {
		stage, answer string
		first         digest.State // of the victim behind the first run
		finally       digest.State
		copies        int
	}{
		{smtptest.Mail, "450 4.7.1 later", digest.Deferred, digest.Sent, 1},
		{smtptest.Mail, "550 5.7.1 no", digest.Deferred, digest.Sent, 1},
		{smtptest.Mail, "421 4.3.2 closing", digest.Sent, digest.Sent, 1},
		{smtptest.Mail, smtptest.Cut, digest.Sent, digest.Sent, 1},
		{smtptest.Mail, smtptest.Hang, digest.Deferred, digest.Sent, 1},
		{smtptest.Mail, "HTTP/1.1 400 Bad Request", digest.Sent, digest.Sent, 1},
		{smtptest.Rcpt, "450 4.2.0 greylisted", digest.Deferred, digest.Sent, 1},
		{smtptest.Rcpt, "550 5.1.1 no such user", digest.Failed, digest.Failed, 0},
		{smtptest.Rcpt, "421 4.3.2 closing", digest.Sent, digest.Sent, 1},
		{smtptest.Rcpt, smtptest.Cut, digest.Sent, digest.Sent, 1},
		{smtptest.Rcpt, smtptest.Hang, digest.Deferred, digest.Sent, 1},
		{smtptest.Rcpt, "garbage", digest.Sent, digest.Sent, 1},
		{smtptest.Data, "451 4.3.0 later", digest.Deferred, digest.Sent, 1},
		{smtptest.Data, "554 5.6.0 no", digest.Deferred, digest.Sent, 1},
		{smtptest.Data, "421 4.3.2 closing", digest.Sent, digest.Sent, 1},
		{smtptest.Data, smtptest.Cut, digest.Sent, digest.Sent, 1},
		{smtptest.Data, smtptest.Hang, digest.Deferred, digest.Sent, 1},
		{smtptest.Data, "250 yes?", digest.Sent, digest.Sent, 1},
		{smtptest.Dot, "451 4.3.0 later", digest.Deferred, digest.Sent, 1},
		{smtptest.Dot, "554 5.7.1 spam", digest.Deferred, digest.Sent, 1},
		{smtptest.Dot, "421 4.3.2 closing", digest.Sent, digest.Sent, 1},
		{smtptest.Dot, smtptest.Cut, digest.InDoubt, digest.Sent, 1},
		{smtptest.Dot, smtptest.Hang, digest.InDoubt, digest.Sent, 1},
		{smtptest.Dot, smtptest.TakeAndCut, digest.InDoubt, digest.Sent, 2},
		{smtptest.Dot, smtptest.TakeAndHang, digest.InDoubt, digest.Sent, 2},
		{smtptest.Dot, "250-ok\r\n550 no", digest.InDoubt, digest.Sent, 2},
		{smtptest.Dot, "354 what", digest.InDoubt, digest.Sent, 1},
	} {
		for _, extensions := range [][]string{{"PIPELINING"}, nil} {
			t.Run(fmt.Sprintf("%s %.20q pipelining %v", c.stage, c.answer, extensions != nil), func(t *testing.T) {
				t.Parallel()
				var mu sync.Mutex
				hit := false
				mails := 0
				r := newRig(t, 12, defaults, func(s smtptest.Step) string {
					mu.Lock()
					defer mu.Unlock()
					if s.Stage == smtptest.Mail {
						mails++
					}
					mine := s.To == victim || s.Stage == smtptest.Mail && mails == 6
					if s.Stage == smtptest.Rcpt {
						mine = strings.Contains(s.Line, victim)
					}
					if hit || s.Stage != c.stage || !mine {
						return smtptest.Default
					}
					hit = true
					return c.answer
				})
				r.server.Extensions = extensions
				if c.answer == smtptest.Hang || c.answer == smtptest.TakeAndHang {
					r.transport = OverSMTP(client(r.server, 700*time.Millisecond))
				}
				r.options.Connections = 1 // so that the sixth message is the victim's
				r.deliver(t)
				if got := r.ledger.event(5).State; got != c.first {
					t.Errorf("behind the first run the victim is %s, want %s (%+v)", got, c.first, r.ledger.event(5))
				}
				r.untilQuiet(t)
				if got := r.ledger.event(5).State; got != c.finally {
					t.Errorf("finally the victim is %s, want %s", got, c.finally)
				}
				for email, n := range r.server.Copies() {
					if want := map[bool]int{true: c.copies, false: 1}[email == victim]; n != want {
						t.Errorf("%s got %d copies, want %d", email, n, want)
					}
				}
				if n := len(r.server.Copies()); n != 11+min(c.copies, 1) {
					t.Errorf("%d readers got a message", n)
				}
				if !hit {
					t.Error("the fault never came")
				}
			})
		}
	}
}

func TestConnectionFaultsStopTheRunAndFailNobody(t *testing.T) {
	for _, c := range []struct{ stage, answer, words string }{
		{smtptest.Greeting, "554 5.3.2 no", "greeting: "},
		{smtptest.Greeting, "421 4.3.2 too busy", "too busy"},
		{smtptest.Greeting, smtptest.Cut, "greeting: "},
		{smtptest.Greeting, smtptest.Hang, "greeting: "},
		{smtptest.Greeting, "SSH-2.0-OpenSSH", "greeting: "},
		{smtptest.Ehlo, "550 no", "ehlo: "},
		{smtptest.Ehlo, smtptest.Cut, "ehlo: "},
		{smtptest.Mail, "530 5.7.0 Authentication required", "530 5.7.0"},
		{smtptest.Rcpt, "535 5.7.8 expired", "535 5.7.8"},
	} {
		t.Run(fmt.Sprintf("%s %.20q", c.stage, c.answer), func(t *testing.T) {
			broken := true
			var mu sync.Mutex
			r := newRig(t, 5, defaults, func(s smtptest.Step) string {
				mu.Lock()
				defer mu.Unlock()
				if broken && s.Stage == c.stage {
					return c.answer
				}
				return smtptest.Default
			})
			if c.answer == smtptest.Hang || strings.HasPrefix(c.answer, "SSH-") { // which go-mail takes for the first of many lines
				r.transport = OverSMTP(client(r.server, 700*time.Millisecond))
			}
			s := r.deliver(t)
			if !strings.Contains(s.Paused, c.words) || s.Failed != 0 || s.Sent != 0 || s.Owed() != 5 {
				t.Errorf("%+v", s)
			}
			mu.Lock()
			broken = false
			mu.Unlock()
			r.transport = OverSMTP(client(r.server, 30*time.Second))
			if s := r.deliver(t); s.Sent != 5 || s.Paused != "" {
				t.Errorf("behind the repair: %+v", s)
			}
		})
	}
}

func TestAWorkerThatIsNotLetInLeavesTheOthersAlone(t *testing.T) {
	o := defaults
	o.Connections = 4
	open, most := 0, 0
	var mu sync.Mutex
	r := newRig(t, 60, o, func(s smtptest.Step) string {
		mu.Lock()
		defer mu.Unlock()
		switch s.Stage {
		case smtptest.Greeting:
			if open == 2 {
				return "421 4.7.0 too many connections"
			}
			open++
			most = max(most, open)
		case smtptest.Quit:
			open--
		}
		return smtptest.Default
	})
	if s := r.deliver(t); s.Sent != 60 || s.Paused != "" {
		t.Errorf("%+v", s)
	}
	if most != 2 {
		t.Errorf("%d connections", most)
	}
}

func TestA421EveryFewMessagesCostsNothing(t *testing.T) {
	r := newRig(t, 60, defaults, func(s smtptest.Step) string {
		if s.Stage == smtptest.Mail && s.Message == 6 {
			return "421 4.7.0 enough"
		}
		return smtptest.Default
	})
	if s := r.deliver(t); s.Sent != 60 || s.Paused != "" || s.Deferred != 0 {
		t.Errorf("%+v", s)
	}
}

func TestRefusalsInARowPauseTheRun(t *testing.T) {
	for _, c := range []struct {
		stage, answer  string
		failed, second int // behind the first and the second run
	}{
		{smtptest.Mail, "550 5.7.1 no", 0, 5},
		{smtptest.Dot, "554 5.7.1 spam", 0, 5},
		{smtptest.Rcpt, "554 5.7.1 relay access denied", 5, 10},
	} {
		t.Run(c.stage, func(t *testing.T) {
			o := defaults
			o.Connections = 1
			r := newRig(t, 40, o, func(s smtptest.Step) string {
				if s.Stage == c.stage {
					return c.answer
				}
				return smtptest.Default
			})
			for i := range r.ledger.recipients {
				r.ledger.recipients[i].Email = fmt.Sprintf("reader@host%d.example.org", i)
			}
			s := r.deliver(t)
			if !strings.Contains(s.Paused, "5 refusals in a row") || s.Failed != c.failed || s.Pending != 35 {
				t.Errorf("%+v", s)
			}
			r.clock.Sleep(context.Background(), time.Hour)
			s = r.deliver(t)
			if s.Failed != c.second-c.failed || s.Paused == "" {
				t.Errorf("the second time: %+v, %s", s, r.ledger.counts())
			}
		})
	}
}

func TestGreylistingIsRetriedUntilGivenUp(t *testing.T) {
	r := newRig(t, 3, defaults, func(s smtptest.Step) string {
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
	r := newRig(t, 3, defaults, func(s smtptest.Step) string {
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
	r := newRig(t, 3, o, func(s smtptest.Step) string {
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
	r.ledger.states[1], r.ledger.last[1] = digest.Deferred, digest.Event{Index: 1, State: digest.Deferred, At: now, First: now, Attempt: 1, Due: now}
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
	r = newRig(t, 10, o, func(s smtptest.Step) string {
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

func TestUnknownMailboxesAreSuppressed(t *testing.T) {
	r := newRig(t, 20, defaults, func(s smtptest.Step) string {
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
	if s.Failed != 8 || s.Sent != 12 || s.Paused != "" {
		t.Errorf("%+v", s)
	}
	if len(r.ledger.suppressed) != 1 || !r.ledger.suppressed["reader1@example.org"] {
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
	r := newRig(t, 100, o, func(s smtptest.Step) string {
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
	r = newRig(t, 50, defaults, func(s smtptest.Step) string {
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
	r := newRig(t, 40, o, func(s smtptest.Step) string {
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
	r.Mailer = New(o, r.transport, both{memory: r.ledger, other: l}, nil)
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
func (b both) Progress(edition string) (digest.Progress, error) {
	return b.of(edition).Progress(edition)
}
func (b both) RecipientsAt(edition string, index int) ([]digest.Recipient, error) {
	return b.of(edition).RecipientsAt(edition, index)
}
func (b both) Step(ctx context.Context, edition string, done, next *digest.Event, to string) (digest.State, error) {
	return b.of(edition).Step(ctx, edition, done, next, to)
}
func (b both) Record(ctx context.Context, edition string, events []digest.Event) error {
	return b.of(edition).Record(ctx, edition, events)
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
