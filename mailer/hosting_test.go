package mailer

import (
	"context"
	"crypto/x509"
	"fmt"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"digestd/digest"
	"digestd/mailer/message"
	"digestd/mailer/smtp"
	"digestd/mailer/smtp/smtptest"
)

// window counts what may happen so often in a span of time that begins with the first.
type window struct {
	span  time.Duration
	most  int
	begun time.Time
	n     int
}

func (w *window) full(now time.Time) bool {
	if now.Sub(w.begun) >= w.span {
		w.begun, w.n = now, 0
	}
	return w.n >= w.most
}

// host is a shared mail server with all its limits. A limit of zero is none.
type host struct {
	mails       window // MAIL, the refused ones too
	taken       window // messages
	perLink     int
	tired       string // its words at RCPT when a connection has carried perLink; empty: it says so at MAIL
	connections int
	grey        time.Duration
	idle        time.Duration
	unknown     func(email string) bool

	mu      sync.Mutex
	open    map[int]bool
	first   map[string]time.Time
	refused map[string]int // commands, by what they were refused for
	most    int
}

func (h *host) answer(s smtptest.Moment) string {
	if s.Stage != smtptest.Gone {
		time.Sleep(5 * time.Millisecond) // the way there and back
	}
	h.mu.Lock()
	defer h.mu.Unlock()
	now := time.Now()
	refuse := func(why, reply string) string { h.refused[why]++; return reply }
	switch s.Stage {
	case smtptest.Greeting:
		if h.connections > 0 && len(h.open) >= h.connections {
			return refuse("connection", "421 4.7.0 too many connections from your address")
		}
		h.open[s.Conn] = true
		h.most = max(h.most, len(h.open))
	case smtptest.Gone:
		delete(h.open, s.Conn)
	case smtptest.Mail:
		if h.perLink > 0 && s.Message > h.perLink && h.tired == "" {
			return refuse("session", "451 Requested action aborted: Mails per session limit exceeded.")
		}
		if h.mails.most > 0 {
			full := h.mails.full(now)
			if h.mails.n++; full {
				return refuse("pace", "450 4.7.1 Error: too much mail from 192.0.2.1")
			}
		}
	case smtptest.Rcpt:
		email, _, _ := strings.Cut(strings.TrimPrefix(s.Line, "RCPT TO:<"), ">")
		switch {
		case h.tired != "" && s.Message > h.perLink:
			return refuse("session", h.tired)
		case h.unknown != nil && h.unknown(email):
			return refuse("unknown", "550 5.1.1 User unknown")
		case h.taken.most > 0 && h.taken.full(now):
			return refuse("quota", "550 Domain example.org has exceeded the max emails per hour (500/500 (100%)) allowed.  Message discarded.")
		case h.grey > 0:
			if h.first[email].IsZero() {
				h.first[email] = now
			}
			if now.Sub(h.first[email]) < h.grey {
				return refuse("grey", "450 4.2.0 Greylisted, come back later")
			}
		}
	case smtptest.Dot:
		h.taken.n++
	}
	return smtptest.Default
}

// hosted delivers an edition over a host, by the clock of a bubble, as the daemon would.
type hosted struct {
	*Mailer
	ledger *memory
	server *smtptest.Server
	took   time.Duration
	runs   int
	last   Summary
	slowed []string // what the summaries told, each once
}

func deliverOver(t *testing.T, h *host, readers int, o Options, email func(i int) string) *hosted {
	t.Helper()
	h.open, h.first, h.refused = map[int]bool{}, map[string]time.Time{}, map[string]int{}
	return deliverTo(t, smtptest.InMemory(t, h.answer, func(s *smtptest.Server) { s.Idle = h.idle }), readers, o, email)
}

// deliverTo does the same over any server.
func deliverTo(t *testing.T, server *smtptest.Server, readers int, o Options, email func(i int) string) *hosted {
	t.Helper()
	d := &hosted{ledger: newMemory(readers), server: server}
	for i := range d.ledger.recipients {
		d.ledger.recipients[i].Email = email(i)
	}
	to := &smtp.Server{Host: "127.0.0.1", Port: 25, TLS: smtp.TLSNone, Auth: "auto", DialTimeout: time.Minute, ReplyTimeout: 10 * time.Minute, Dialer: d.server.DialInMemory}
	if server.TLS != nil {
		to.TLS, to.Roots = smtp.TLSStart, x509.NewCertPool()
		to.Roots.AppendCertsFromPEM(smtptest.PEM(server.TLS))
	}
	d.Mailer = New(o, OverSMTP(to), d.ledger, nil)
	key := tokenKey(t)
	job := Job{Edition: anEdition, Digest: "daily", Templates: []*message.Template{template(t, 500)}, TokenKey: tokenKeys(key)}
	start, shut := time.Now(), Shut(0)
	for d.runs = 1; ; d.runs++ {
		s, err := d.Deliver(context.Background(), job)
		if err != nil {
			t.Fatal(err)
		}
		d.ledger.check(t, s)
		if d.last = s; s.Slowed != "" && len(d.slowed) < 100 {
			d.slowed = append(d.slowed, s.Slowed)
		}
		d.took = time.Since(start)
		if s.Owed() == 0 || d.took > 48*time.Hour || d.runs > 5000 {
			break
		}
		wait := time.Until(s.NextDue)
		if shut = shut.Paused(s.Sent, job.Paused != ""); s.Paused == "" {
			shut = 0
		} else {
			wait = time.Until(shut.Until(time.Now(), s.Opens, s.Ends))
		}
		job.Paused = s.Paused
		time.Sleep(max(wait, 10*time.Second))
	}
	return d
}

// TestSharedHosting has all the limits of a cheap host at once. Everybody who exists gets the edition, as fast as the
// limits let it be, and few commands are refused beyond those that the limits force.
func TestSharedHosting(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		const readers = 5000
		h := &host{
			mails: window{span: 6 * time.Second, most: 20}, taken: window{span: time.Hour, most: 500},
			perLink: 100, connections: 3, grey: 5 * time.Minute, idle: 10 * time.Second,
			unknown: func(email string) bool { return strings.HasPrefix(email, "nobody") },
		}
		o := defaults
		o.Connections, o.Rate = 4, 20
		d := deliverOver(t, h, readers, o, func(i int) string {
			if i%50 == 7 {
				return fmt.Sprintf("nobody%d@host%d.example.org", i, i%97)
			}
			return fmt.Sprintf("reader%d@host%d.example.org", i, i%97)
		})
		const unknown, real = readers / 50, readers - readers/50
		if got := d.ledger.counts(); got != fmt.Sprintf("sent %d, failed %d", real, unknown) {
			t.Errorf("%s: %+v", got, d.last)
		}
		for email := range d.ledger.suppressed {
			if !strings.HasPrefix(email, "nobody") {
				t.Errorf("%s is suppressed", email)
			}
		}
		if n := len(d.server.Copies()); n != real || len(d.server.Taken()) != real {
			t.Errorf("%d readers, %d messages", n, len(d.server.Taken()))
		}
		// Nine hours for 4,500, then the rest at 20 in six seconds; before the first of all, greylisting.
		const hours = (real - 1) / 500
		least := h.grey + hours*time.Hour + (real-hours*500)/20*6*time.Second
		if d.took > least*110/100 {
			t.Errorf("it took %v, and the limits force %v", d.took, least)
		}
		forced := real + unknown + int(d.took/time.Hour) + 1 // each is greylisted once, and the hours end
		all := 0
		for _, n := range h.refused {
			all += n
		}
		if all > 2*forced || h.refused["pace"] > 2*(real*2+unknown)/20 || h.refused["quota"] > (hours+3)*15 || h.refused["session"] > 3 || h.refused["connection"] > 100 {
			t.Errorf("refused %v, and %d are forced", h.refused, forced)
		}
		t.Logf("took %v of %v, %d runs, %d connections, refused %v, suppressed %d", d.took, least, d.runs, d.server.Connections(), h.refused, len(d.ledger.suppressed))
	})
}

// TestLimitsAlone has one limit at a time, and some that others have.
func TestLimitsAlone(t *testing.T) {
	one := func(i int) string { return fmt.Sprintf("reader%d@host%d.example.org", i, i%50) }
	for _, c := range []struct {
		name    string
		host    *host
		options func(*Options)
		readers int
		within  time.Duration
		runs    int
		refused int
		links   int // connections at most; 0: any
	}{
		{"20 in 6 seconds", &host{mails: window{span: 6 * time.Second, most: 20}}, nil, 300, 99 * time.Second, 1, 30, 0},
		{"60 a minute", &host{mails: window{span: time.Minute, most: 60}}, nil, 600, 11 * time.Minute, 1, 40, 0},
		{"2 a second", &host{mails: window{span: time.Second, most: 2}}, nil, 300, 170 * time.Second, 1, 150, 0},
		{"25 over a connection", &host{perLink: 25}, nil, 300, time.Minute, 1, 4, 17},
		{"12 over a connection, cut at RCPT", &host{perLink: 12, tired: "421 4.7.0 <ana@example.org>: Recipient address rejected: too many mails in this session"}, nil, 300, time.Minute, 1, 5, 27},
		{"12 over a connection, said at RCPT", &host{perLink: 12, tired: "450 4.5.3 <ana@example.org>: Recipient address rejected: too many mails in this session"}, nil, 300, time.Minute, 1, 4, 27},
		{"3 connections", &host{connections: 3}, func(o *Options) { o.Rate = 0 }, 6000, 55 * time.Second, 1, 5, 0},
		{"1 connection", &host{connections: 1}, func(o *Options) { o.Rate = 0 }, 2000, time.Minute, 1, 9, 0},
		{"idle for 10 seconds at 500 an hour", &host{idle: 10 * time.Second}, func(o *Options) { o.Rate = 500.0 / 3600 }, 40, 5 * time.Minute, 1, 0, 40},
		{"idle for 10 seconds at one in 2 seconds", &host{idle: 10 * time.Second}, func(o *Options) { o.Rate = 0.5 }, 60, 125 * time.Second, 1, 0, 2},
		{"idle for 2 seconds at one in 3", &host{idle: 2 * time.Second}, func(o *Options) { o.Rate = 1.0 / 3 }, 40, 125 * time.Second, 1, 0, 80},
	} {
		t.Run(c.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				o := defaults
				o.Connections, o.Rate = 4, 20
				if c.options != nil {
					c.options(&o)
				}
				h := c.host
				d := deliverOver(t, h, c.readers, o, one)
				all := 0
				for _, n := range h.refused {
					all += n
				}
				if d.ledger.counts() != fmt.Sprintf("sent %d", c.readers) || d.took > c.within || d.runs > c.runs || all > c.refused || len(d.server.Taken()) != c.readers {
					t.Errorf("%s in %v, %d runs, refused %v: %+v", d.ledger.counts(), d.took, d.runs, h.refused, d.last)
				}
				for i := range c.readers {
					if e := d.ledger.event(i); e.Waits > 0 || e.State != digest.Sent {
						t.Fatalf("reader %d lost a step: %+v", i, e)
					}
				}
				if n := d.server.Connections(); c.links > 0 && n > c.links {
					t.Errorf("%d connections", n)
				}
				t.Logf("%v, refused %v, %d connections, slowed %q", d.took, h.refused, d.server.Connections(), d.slowed)
			})
		})
	}
}

// TestAWaitIsSaidWhileItIsOne: what no run waits for is no news of the moment.
func TestAWaitIsSaidWhileItIsOne(t *testing.T) {
	p := newPace(Options{Connections: 3})
	p.takePlace(t.Context())
	now := time.Date(2026, 11, 22, 6, 0, 0, 0, time.UTC)
	p.begin(now)
	p.tooFast(now, false, false, "too much mail")
	if s := p.String(); s != "digestd sends nothing for the moment (too much mail)" {
		t.Error(s)
	}
	p.givePlace()
	if s := p.String(); s != "digestd begins with one message (too much mail)" {
		t.Error(s)
	}
}

// TestManyThatAreNotLetInAtOnce are one refusal: one connection more is tried as soon as if it had been one.
func TestManyThatAreNotLetInAtOnce(t *testing.T) {
	for _, connected := range []bool{false, true} {
		p := newPace(Options{Connections: 20})
		now := time.Date(2026, 11, 22, 6, 0, 0, 0, time.UTC)
		refuse := func() {
			if !connected {
				p.notLetIn(now, "421 too many")
				return
			}
			p.crowded(now, "421 too many")
			p.hungUp()
		}
		dial := func(up bool) {
			if p.dialing(); up {
				p.connected()
			}
		}
		for i := range 20 {
			dial(connected || i < 2)
		}
		for range 18 {
			refuse()
		}
		for _, wait := range []time.Duration{firstGrowth, 2 * firstGrowth, 4 * firstGrowth} {
			p.more(now.Add(wait - time.Millisecond))
			early := p.places
			now = now.Add(wait)
			if p.more(now); early != 2 || p.places != 3 {
				t.Errorf("refused over connections (%t): %d places before %v, and %d after them", connected, early, wait, p.places)
			}
			dial(connected)
			refuse()
		}
	}
}

// TestPausesGrow holds how long a server is left alone that takes nothing.
func TestPausesGrow(t *testing.T) {
	now, n := time.Date(2026, 11, 22, 6, 0, 0, 0, time.UTC), Shut(0)
	next := func(sent int, again bool, ends ...time.Time) time.Duration {
		n = n.Paused(sent, again)
		return n.Until(now, time.Time{}, ends...).Sub(now)
	}
	for i, want := range []time.Duration{1, 2, 4, 5, 5} {
		if got := next(0, i > 0); got != want*time.Minute {
			t.Errorf("pause %d takes %v", i+1, got)
		}
	}
	since := 17 * time.Minute // 1, 2, 4, 5, 5
	for range 40 {
		pause := next(0, true)
		if since < time.Hour && pause != 5*time.Minute || since > 3*time.Hour && pause < min(since/8, time.Hour) || pause > max(5*time.Minute, since*18/100) {
			t.Errorf("%v after %v", pause, since)
		}
		since += pause
	}
	if got := next(0, false); got != time.Hour {
		t.Errorf("%v when another edition pauses after %v", got, since)
	}
	if got := next(500, true); got < 25*time.Minute || got > 35*time.Minute {
		t.Errorf("%v when some were taken after %v", got, since)
	}
	if n = 12; next(500, true) != 5*time.Minute || n != 4 {
		t.Errorf("pause %d follows when an hour's messages were taken", n)
	}
	n = 40
	for left, want := range map[time.Duration]time.Duration{
		20 * time.Minute: 18 * time.Minute, 3 * time.Minute: 5 * time.Minute, -time.Minute: n.Pause(), 9 * time.Hour: n.Pause(),
	} {
		if got := n.Until(now, time.Time{}, time.Time{}, now.Add(left)).Sub(now); got != want {
			t.Errorf("a pause of %v where something ends in %v, want %v", got, left, want)
		}
	}
}
