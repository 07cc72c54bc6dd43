package mailer

import (
	"bytes"
	"context"
	"strings"
	"sync"
	"testing"
	"time"

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

// clock is a clock that only sleeping moves, or somebody who sets it.
type clock struct {
	mu    sync.Mutex
	now   time.Time
	slept time.Duration // in all: what really went by
}

func (c *clock) Now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.now
}

func (c *clock) Sleep(_ context.Context, d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.now, c.slept = c.now.Add(d), c.slept+d
}

func (c *clock) set(by time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.now = c.now.Add(by)
}

func (c *clock) elapsed() time.Duration {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.slept
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

func newRig(t testing.TB, readers int, o Options, answer func(smtptest.Moment) string) *rig {
	t.Helper()
	r := &rig{clock: &clock{now: time.Date(2026, 11, 22, 6, 0, 1, 0, time.UTC)}, ledger: newMemory(readers)}
	r.server = smtptest.Start(t, answer, nil)
	r.restart(o)
	key := tokenKey(t)
	r.job = Job{Edition: anEdition, Digest: "daily", Templates: []*message.Template{template(t, 8000)},
		TokenKey: tokenKeys(key)}
	return r
}

// restart makes a new mailer, as a new process would.
func (r *rig) restart(o Options) {
	r.Mailer = New(o, OverSMTP(client(r.server)), r.ledger, nil)
	r.Now, r.Sleep, r.Jitter = r.clock.Now, r.clock.Sleep, func() float64 { return 0 }
}

// client speaks to a scripted server. Its deadlines pass when the server falls silent.
func client(s *smtptest.Server) *smtp.Server {
	return &smtp.Server{Host: "127.0.0.1", Port: s.Port, TLS: smtp.TLSNone, Auth: "auto", DialTimeout: time.Hour, ReplyTimeout: time.Hour, Dialer: s.Dial}
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

// untilQuiet delivers again and again, each time when the next delivery is due, until nothing is owed. Like the
// daemon, it does not wait for longer than give_up.
func (r *rig) untilQuiet(t *testing.T) {
	t.Helper()
	untilQuiet(t, r, func() Summary { return r.deliver(t) })
}

func untilQuiet(t *testing.T, r *rig, deliver func() Summary) {
	t.Helper()
	var s Summary
	for range 50 {
		if s = deliver(); s.Owed() == 0 {
			return
		}
		if wait := s.NextDue.Sub(r.clock.Now()); wait > 0 && wait <= r.options.GiveUp {
			r.clock.Sleep(context.Background(), wait)
		}
	}
	t.Fatalf("still owed after 50 runs: %+v", s)
}

// tokenKeys finds one key.
func tokenKeys(key subscribers.TokenKey) func(id string) (subscribers.TokenKey, bool) {
	return func(id string) (subscribers.TokenKey, bool) { return key, id == key.ID() }
}
