package mailer

import (
	"context"
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"digestd/digest"
	"digestd/mailer/smtp"
	"digestd/mailer/smtp/smtptest"
)

// The faults of the tables below, but for what only some stages know.
const (
	temporary = "450 4.7.1 later"
	permanent = "550 5.7.1 no"
	closing   = "421 4.3.2 closing"
	garbage   = "HTTP/1.1 400 Bad Request"
)

// TestFaults puts each fault at each stage of a message, for one reader of twelve, the first time that it comes to
// him. Whatever it is, all get their message in the end, and nobody a second one unless it was in doubt. After each
// run the ledger is opened anew and its rules are held.
func TestFaults(t *testing.T) {
	const victim = "reader5@example.org"
	sent, deferred, doubtful, failed := digest.Sent, digest.Deferred, digest.InDoubt, digest.Failed
	for _, c := range []struct {
		stage, answer string
		first         digest.State // of the victim after the first run
		finally       digest.State
		copies        int
	}{
		{smtptest.Mail, temporary, sent, sent, 1},
		{smtptest.Mail, permanent, deferred, sent, 1},
		{smtptest.Mail, closing, sent, sent, 1},
		{smtptest.Mail, smtptest.Cut, sent, sent, 1},
		{smtptest.Mail, smtptest.Hang, sent, sent, 1}, // a connection that was forgotten
		{smtptest.Mail, smtptest.Late, sent, sent, 1}, // a connection that was forgotten
		{smtptest.Mail, garbage, sent, sent, 1},
		{smtptest.Rcpt, "450 4.2.0 greylisted", deferred, sent, 1},
		{smtptest.Rcpt, "550 5.1.1 no such user", failed, failed, 0},
		{smtptest.Rcpt, closing, sent, sent, 1},
		{smtptest.Rcpt, smtptest.Cut, sent, sent, 1},
		{smtptest.Rcpt, smtptest.Hang, deferred, sent, 1},
		{smtptest.Rcpt, smtptest.Late, deferred, sent, 1},
		{smtptest.Rcpt, garbage, sent, sent, 1},
		{smtptest.Data, temporary, deferred, sent, 1},
		{smtptest.Data, permanent, deferred, sent, 1},
		{smtptest.Data, closing, sent, sent, 1},
		{smtptest.Data, smtptest.Cut, sent, sent, 1},
		{smtptest.Data, smtptest.Hang, deferred, sent, 1},
		{smtptest.Data, smtptest.Late, deferred, sent, 1},
		{smtptest.Data, garbage, sent, sent, 1},
		{smtptest.Data, "250 yes?", sent, sent, 1},
		{smtptest.Body, "452 4.3.1 out of room", sent, sent, 1},
		{smtptest.Body, "552 5.3.4 too big", deferred, sent, 1},
		{smtptest.Body, closing, sent, sent, 1},
		{smtptest.Body, smtptest.Hang, doubtful, sent, 1},
		{smtptest.Body, garbage, doubtful, sent, 1},
		{smtptest.Dot, temporary, deferred, sent, 1},
		{smtptest.Dot, permanent, deferred, sent, 1},
		{smtptest.Dot, closing, sent, sent, 1},
		{smtptest.Dot, smtptest.Cut, doubtful, sent, 1},
		{smtptest.Dot, smtptest.Hang, doubtful, sent, 1},
		{smtptest.Dot, smtptest.Late, doubtful, sent, 1},
		{smtptest.Dot, smtptest.TakeAndCut, doubtful, sent, 2},
		{smtptest.Dot, smtptest.TakeAndHang, doubtful, sent, 2},
		{smtptest.Dot, garbage, doubtful, sent, 1},
		{smtptest.Dot, "250-ok\r\n550 no", doubtful, sent, 2},
		{smtptest.Dot, "354 what", doubtful, sent, 1},
		{smtptest.Rset, temporary, sent, sent, 1}, // the message before the victim's was refused
		{smtptest.Rset, permanent, sent, sent, 1},
		{smtptest.Rset, closing, sent, sent, 1},
		{smtptest.Rset, smtptest.Cut, sent, sent, 1},
		{smtptest.Rset, smtptest.Hang, sent, sent, 1},
		{smtptest.Rset, smtptest.Late, sent, sent, 1},
		{smtptest.Rset, garbage, sent, sent, 1},
		{smtptest.Quit, temporary, sent, sent, 1},
		{smtptest.Quit, permanent, sent, sent, 1},
		{smtptest.Quit, smtptest.Cut, sent, sent, 1},
		{smtptest.Quit, smtptest.Hang, sent, sent, 1},
		{smtptest.Quit, smtptest.Late, sent, sent, 1},
		{smtptest.Quit, garbage, sent, sent, 1},
	} {
		for _, extensions := range [][]string{{"PIPELINING"}, nil} {
			t.Run(fmt.Sprintf("%s %.20q pipelining %v", c.stage, c.answer, extensions != nil), func(t *testing.T) {
				t.Parallel()
				var mu sync.Mutex
				hit, greylisted := false, false
				mails := 0
				o := defaults
				o.Connections = 1 // so that the sixth message is the victim's
				r := newDiskRig(t, 12, o, func(s smtptest.Moment) string {
					mu.Lock()
					defer mu.Unlock()
					mine := s.To == victim
					switch s.Stage {
					case smtptest.Mail:
						mails++
						mine = mails == 6
					case smtptest.Rcpt:
						mine = strings.Contains(s.Line, victim)
						if c.stage == smtptest.Rset && !greylisted && strings.Contains(s.Line, "reader4@") {
							greylisted = true
							return "450 4.2.0 greylisted"
						}
					case smtptest.Rset, smtptest.Quit:
						mine = true
					}
					if hit || s.Stage != c.stage || !mine {
						return smtptest.Default
					}
					hit = true
					return c.answer
				})
				r.server.Configure(func(s *smtptest.Server) { s.Extensions = extensions })
				r.deliver()
				if e := r.event(5); e.State != c.first {
					t.Errorf("after the first run the victim is %s, want %s (%+v)", e.State, c.first, e)
				}
				r.untilQuiet()
				if e := r.event(5); e.State != c.finally {
					t.Errorf("finally the victim is %s, want %s", e.State, c.finally)
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

// TestABodyThatIsCutOff closes the connection in the middle of a body. Whether that shows while the client still writes
// or only after its dot is a matter of the network; nobody gets two copies either way.
func TestABodyThatIsCutOff(t *testing.T) {
	var mu sync.Mutex
	hit := false
	r := newDiskRig(t, 12, defaults, func(s smtptest.Moment) string {
		mu.Lock()
		defer mu.Unlock()
		if hit || s.Stage != smtptest.Body || s.To != "reader5@example.org" {
			return smtptest.Default
		}
		hit = true
		return smtptest.Cut
	})
	r.deliver()
	if e := r.event(5); e.State != digest.Sent && e.State != digest.InDoubt {
		t.Errorf("%+v", e)
	}
	r.untilQuiet()
	if copies := r.server.Copies(); len(copies) != 12 || copies["reader5@example.org"] != 1 || r.server.Halves() != 1 {
		t.Errorf("%v, %d halves", copies, r.server.Halves())
	}
}

// TestASlowAnswerIsWaitedFor holds each answer back for a part of the time that the client has.
func TestASlowAnswerIsWaitedFor(t *testing.T) {
	for _, stage := range []string{smtptest.Greeting, smtptest.Ehlo, smtptest.Mail, smtptest.Rcpt, smtptest.Data, smtptest.Dot, smtptest.Quit} {
		t.Run(stage, func(t *testing.T) {
			t.Parallel()
			r := newDiskRig(t, 2, defaults, func(s smtptest.Moment) string {
				if s.Stage == stage {
					time.Sleep(50 * time.Millisecond)
				}
				return smtptest.Default
			})
			if s := r.deliver(); s.Sent != 2 || len(r.server.Taken()) != 2 {
				t.Errorf("%+v", s)
			}
		})
	}
}

// TestConnectionFaultsStopTheRunAndFailNobody puts each fault at each stage before the first message, after TLS and a
// login, until it is repaired.
func TestConnectionFaultsStopTheRunAndFailNobody(t *testing.T) {
	secure, roots := smtptest.Certificate(t, time.Now().Add(time.Hour))
	expired, expiredRoots := smtptest.Certificate(t, time.Now().Add(-time.Hour))
	type row struct {
		stage, answer, words string
		configure            func(*smtptest.Server, *smtp.Server) // until it is repaired
	}
	rows := []row{
		{smtptest.Auth, "535 5.7.8 wrong password", "535 5.7.8", nil},
		{smtptest.Mail, "530 5.7.0 Authentication required", "530 5.7.0", nil},
		{smtptest.Rcpt, "535 5.7.8 expired", "535 5.7.8", nil},
		{"", "", "(STARTTLS): ", func(s *smtptest.Server, c *smtp.Server) { s.TLS, c.Roots = expired, expiredRoots }},
		{"", "", "(STARTTLS): ", func(s *smtptest.Server, c *smtp.Server) { c.Roots = nil }},
		{"", "", "does not offer STARTTLS", func(s *smtptest.Server, c *smtp.Server) { s.Extensions = []string{"AUTH PLAIN"} }},
		{"", "", "does not offer AUTH", func(s *smtptest.Server, c *smtp.Server) { s.Extensions = []string{"STARTTLS"} }},
		{"", "", "connect: ", func(s *smtptest.Server, c *smtp.Server) { c.Port = 1 }},
	}
	for _, stage := range []string{smtptest.Greeting, smtptest.Ehlo, smtptest.StartTLS, smtptest.Auth} {
		for _, answer := range []string{temporary, permanent, "421 4.3.2 too busy", smtptest.Cut, smtptest.Hang, smtptest.Late, "SSH-2.0-OpenSSH"} {
			rows = append(rows, row{stage, answer, digest.Said(stage, 0, ""), nil})
		}
	}
	for _, c := range rows {
		t.Run(fmt.Sprintf("%s %.20q %s", c.stage, c.answer, c.words), func(t *testing.T) {
			t.Parallel()
			var mu sync.Mutex
			broken := true
			r := newDiskRig(t, 5, defaults, func(s smtptest.Moment) string {
				mu.Lock()
				defer mu.Unlock()
				if broken && s.Stage == c.stage {
					return c.answer
				}
				return smtptest.Default
			})
			repaired := func() *smtp.Server {
				r.server.Configure(func(s *smtptest.Server) {
					s.TLS, s.Extensions = secure, []string{"PIPELINING", "STARTTLS", "AUTH PLAIN"}
				})
				to := client(r.server)
				to.TLS, to.Roots, to.Username, to.Password = smtp.TLSStart, roots, "digest", "s3cret-passw0rd"
				return to
			}
			to := repaired()
			if c.configure != nil {
				r.server.Configure(func(s *smtptest.Server) { c.configure(s, to) })
			}
			r.transport = OverSMTP(to)
			s := r.deliver()
			if !strings.Contains(s.Paused, c.words) || s.Failed != 0 || s.Sent != 0 || s.Owed() != 5 {
				t.Errorf("%+v", s)
			}
			if strings.Contains(s.Paused, to.Password) {
				t.Errorf("the password stands in %q", s.Paused)
			}
			mu.Lock()
			broken = false
			mu.Unlock()
			r.transport = OverSMTP(repaired())
			if s := r.deliver(); s.Sent != 5 || s.Paused != "" || len(r.server.Taken()) != 5 {
				t.Errorf("after the repair: %+v", s)
			}
		})
	}
}

func TestAWorkerThatIsNotLetInLeavesTheOthersAlone(t *testing.T) {
	o := defaults
	o.Connections = 4
	open, most := 0, 0
	var mu sync.Mutex
	second := make(chan struct{}) // closed when two connections are open: no message goes before
	r := newRig(t, 60, o, func(s smtptest.Moment) string {
		if s.Stage == smtptest.Mail {
			select {
			case <-second:
			case <-time.After(20 * time.Second):
			}
		}
		mu.Lock()
		defer mu.Unlock()
		switch s.Stage {
		case smtptest.Greeting:
			if open == 2 {
				return "421 4.7.0 too many connections"
			}
			open++
			if most = max(most, open); open == 2 && !closed(second) {
				close(second)
			}
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

// closed reports whether a channel that nobody sends on is closed.
func closed(c <-chan struct{}) bool {
	select {
	case <-c:
		return true
	default:
		return false
	}
}

func TestA421EveryFewMessagesCostsNothing(t *testing.T) {
	r := newRig(t, 60, defaults, func(s smtptest.Moment) string {
		if s.Stage == smtptest.Mail && s.Message == 6 {
			return "421 4.7.0 enough"
		}
		return smtptest.Default
	})
	if s := r.deliver(t); s.Sent != 60 || s.Paused != "" || s.Deferred != 0 {
		t.Errorf("%+v", s)
	}
}

// TestRefusalsInARowPauseTheRun has everybody refused for what the server does not say to be the reader's fault. Nobody
// fails, and each further run asks with one message, until one is taken.
func TestRefusalsInARowPauseTheRun(t *testing.T) {
	for _, c := range []struct {
		stage, answer string
		domains       int
	}{
		{smtptest.Mail, "550 5.7.1 no", 40},
		{smtptest.Mail, "550 5.7.1 no", 1},
		{smtptest.Dot, "554 5.7.1 spam", 40},
		{smtptest.Dot, "554 transaction failed", 40},
		{smtptest.Rcpt, "554 5.7.1 relay access denied", 40},
		{smtptest.Rcpt, "554 5.7.1 relay access denied", 1},
		{smtptest.Rcpt, "550 relay not permitted", 40},
		{smtptest.Rcpt, "550 5.1.8 Sender address rejected: domain not found", 40},
		{smtptest.Rcpt, "500 5.3.0 error", 1},
		{smtptest.Rcpt, "550 administrative prohibition", 40},
		{smtptest.Rcpt, "504 5.5.2 <vm>: Helo command rejected: need fully-qualified hostname", 40},
		{smtptest.Dot, "552 5.3.4 message size exceeds fixed limit", 40},
	} {
		t.Run(fmt.Sprintf("%s %s %d", c.stage, c.answer, c.domains), func(t *testing.T) {
			o := defaults
			o.Connections = 1
			refusing, asked := true, 0
			var mu sync.Mutex
			r := newRig(t, 40, o, func(s smtptest.Moment) string {
				mu.Lock()
				defer mu.Unlock()
				if s.Stage == c.stage && refusing {
					asked++
					return c.answer
				}
				return smtptest.Default
			})
			for i := range r.ledger.recipients {
				r.ledger.recipients[i].Email = fmt.Sprintf("reader%d@host%d.example.org", i, i%c.domains)
			}
			s := r.deliver(t)
			if !strings.Contains(s.Paused, "5 refusals in a row") || s.Failed != 0 || s.Deferred != 5 || s.Pending != 35 {
				t.Errorf("%+v", s)
			}
			for n := 6; n < 12; n++ {
				r.job.Paused = s.Paused
				r.clock.Sleep(context.Background(), 15*time.Minute)
				if s = r.deliver(t); s.Failed != 0 || s.Paused == "" || asked != n {
					t.Errorf("try %d: %+v after %d refusals", n-5, s, asked)
				}
			}
			refusing, r.job.Paused = false, s.Paused
			if s = r.deliver(t); s.Sent != 40 || s.Paused != "" || s.Slowed != "" {
				t.Errorf("when it takes mail again: %+v", s)
			}
		})
	}
}

// TestADomainThatRefusesItsReadersKeepsNobodyWaiting refuses all of one domain's, wherever they stand in the list and
// at whatever stage. They are tried again later; most of them are not even asked for.
func TestADomainThatRefusesItsReadersKeepsNobodyWaiting(t *testing.T) {
	for _, answer := range []string{"550 5.7.1 we take nothing of you", "450 4.7.1 too much mail from you", "451 4.3.0 we are ill", "550 administrative prohibition"} {
		for _, stage := range []string{smtptest.Rcpt, smtptest.Dot} {
			for _, first := range []int{0, 10, 20} {
				for _, connections := range []int{1, 4} {
					t.Run(fmt.Sprintf("%s %s from %d over %d", stage, answer, first, connections), func(t *testing.T) {
						t.Parallel()
						o := defaults
						o.Connections = connections
						var mu sync.Mutex
						asked := 0
						r := newRig(t, 60, o, func(s smtptest.Moment) string {
							if s.Stage == stage && strings.Contains(s.Line+s.To, "@closed.") {
								mu.Lock()
								defer mu.Unlock()
								asked++
								return answer
							}
							return smtptest.Default
						})
						for i := first; i < first+40; i++ {
							r.ledger.recipients[i].Email = fmt.Sprintf("reader%d@closed.example.org", i)
						}
						s := r.deliver(t)
						if first == 20 && s.Sent == 20 && (s.Failed == 0 || strings.Contains(answer, "administrative")) { // when all others are served, nothing tells whose refusal it is
							return
						}
						if unclear := strings.Contains(answer, "administrative"); s.Sent != 20 || s.Failed+s.Deferred != 40 || s.Paused != "" || s.Failed > 0 && !unclear {
							t.Errorf("%+v", s)
						}
						if asked > 20 {
							t.Errorf("asked for %d of 40 whom it does not take", asked)
						}
					})
				}
			}
		}
	}
}

// TestTheClockSteps sets the clock in the middle of a run, at one reader's RCPT or final dot, which is refused for now.
// Before and after that reader are readers greylisted once, greylisted always, and cut off after the dot. Where give_up
// seems to have gone by, that ends the delivery, with the server's words; a time that comes again keeps nobody waiting.
func TestTheClockSteps(t *testing.T) {
	const day, year = 24 * time.Hour, 365 * 24 * time.Hour
	for _, c := range []struct {
		name     string
		by, then time.Duration // in the middle of the first run, and after it
		refused  digest.State  // at the step: in the end
	}{
		{"a day back", -day, 0, digest.Sent},
		{"a year ahead", year, 0, digest.Expired},
		{"a year ahead for a while", year, -year, digest.Expired},
	} {
		for _, stage := range []string{smtptest.Rcpt, smtptest.Dot} {
			for _, restarted := range []bool{false, true} {
				t.Run(fmt.Sprintf("%s at %s restarted %v", c.name, stage, restarted), func(t *testing.T) {
					t.Parallel()
					o := defaults
					o.Connections = 1
					var mu sync.Mutex
					var r *diskRig
					seen := map[string]int{}
					set := time.Duration(-1) // what had gone by until then
					r = newDiskRig(t, 12, o, func(s smtptest.Moment) string {
						mu.Lock()
						defer mu.Unlock()
						to := s.To
						if s.Stage == smtptest.Rcpt {
							to, _, _ = strings.Cut(strings.TrimPrefix(s.Line, "RCPT TO:<"), ">")
							seen[to]++
						}
						first := seen[to] == 1
						switch to, _, _ := strings.Cut(to, "@"); {
						case to == "reader5" && first && s.Stage == stage:
							r.clock.set(c.by)
							set = r.clock.elapsed()
							return "450 later"
						case (to == "reader1" || to == "reader7") && first && s.Stage == smtptest.Rcpt, (to == "reader2" || to == "reader8") && s.Stage == smtptest.Rcpt:
							return "450 4.2.0 greylisted"
						case (to == "reader3" || to == "reader9") && first && s.Stage == smtptest.Dot:
							return smtptest.TakeAndCut
						}
						return smtptest.Default
					})
					r.deliver()
					r.clock.set(c.then)
					if restarted {
						r.restart(o)
					}
					r.untilQuiet()
					// give_up counts anew from the first attempt after the clock's jump.
					if waited := r.clock.elapsed() - set; set < 0 || waited > o.GiveUp+o.Retry[0] {
						t.Errorf("the last was through %v after the clock's jump", waited)
					}
					copies := r.server.Copies()
					for i, to := range r.rig.ledger.recipients {
						state, n := digest.Sent, 1
						switch i {
						case 2, 8:
							state = digest.Expired
						case 3, 9:
							n = 2 // the delivery was in doubt
						case 5:
							state = c.refused
						}
						if state == digest.Expired {
							n = 0
						}
						if e := r.event(i); e.State != state || copies[to.Email] != n || e.Words == "" {
							t.Errorf("%s is %s with %d copies, want %s with %d: %+v", to.Email, e.State, copies[to.Email], state, n, e)
						}
					}
				})
			}
		}
	}
}

// TestAttemptsAtOnceAreNoWaits: a server that is short of everything for a moment must not use up the schedule.
func TestAttemptsAtOnceAreNoWaits(t *testing.T) {
	for _, answer := range []string{"421 4.7.0 try again later", smtptest.Cut} {
		t.Run(answer, func(t *testing.T) {
			r := newDiskRig(t, 1, defaults, func(s smtptest.Moment) string {
				if s.Stage == smtptest.Rcpt {
					return answer
				}
				return smtptest.Default
			})
			for i, want := range append(defaults.Retry, lateRetry) {
				before := r.server.Connections()
				r.deliver()
				e := r.event(0)
				if n := r.server.Connections() - before; n != 3 || e.State != digest.Deferred || e.Due.Sub(e.At) != want {
					t.Fatalf("run %d: %d connections, then %s for %v, want 3, then deferred for %v", i+1, n, e.State, e.Due.Sub(e.At), want)
				}
				r.clock.set(e.Due.Sub(r.clock.Now()))
			}
		})
	}
}

// TestTheTableOfRefusals puts each kind at each stage, for one reader of twelve, twice: what becomes of them, and that
// the others are served. The rows are those of docs/deliverability.md; the ledger's rules are held after each run.
func TestTheTableOfRefusals(t *testing.T) {
	sent, deferred, failed := digest.Sent, digest.Deferred, digest.Failed
	every := []string{smtptest.Mail, smtptest.Rcpt, smtptest.Dot}
	for _, c := range []struct {
		kind, answer string
		stages       []string
		first, then  digest.State // after the first run, and the second
		waits        int          // of the schedule, after the first
	}{
		{"mailbox for now", "452 4.2.2 mailbox full", every, deferred, deferred, 1},
		{"mailbox for good", "552 5.2.2 mailbox full", every, failed, failed, 0},
		{"greylisting", "450 4.7.1 greylisted, come back later", every, deferred, deferred, 1},
		{"pace for now", "450 4.7.1 too much mail from you", []string{smtptest.Rcpt, smtptest.Dot}, deferred, deferred, 1}, // at each of three tries
		{"pace for good", "550 sending limit reached", []string{smtptest.Rcpt, smtptest.Dot}, deferred, deferred, 1},
		{"pace for now", "450 4.7.1 too much mail from you", []string{smtptest.Mail}, sent, sent, 0},
		{"pace for good", "550 sending limit reached", []string{smtptest.Mail}, sent, sent, 0},
		{"policy for now", "450 4.7.1 your reputation is bad", []string{smtptest.Rcpt, smtptest.Dot}, deferred, deferred, 1},
		{"policy for now", "450 4.7.1 your reputation is bad", []string{smtptest.Mail}, sent, sent, 0},
		{"policy for good", "550 5.7.1 blocked by SPF policy", every, deferred, deferred, 1},
		{"size", "552 5.3.4 message too large", every, deferred, failed, 1},
		{"session", "451 too many messages in this connection", []string{smtptest.Mail}, sent, sent, 0},
		{"server", "451 4.3.0 local error in processing", []string{smtptest.Rcpt, smtptest.Dot}, deferred, deferred, 1}, // at each of three tries
		{"server", "451 4.3.0 local error in processing", []string{smtptest.Mail}, sent, sent, 0},
		{"unclear for now", "450 no", []string{smtptest.Rcpt}, deferred, deferred, 1},
		{"unclear for good at RCPT", "550 no", []string{smtptest.Rcpt}, failed, failed, 0},
		{"unclear for good elsewhere", "554 no", []string{smtptest.Dot}, deferred, failed, 1},
		{"closed each time", "421 4.3.2 closing", []string{smtptest.Rcpt, smtptest.Dot}, deferred, deferred, 1},
	} {
		for _, stage := range c.stages {
			t.Run(c.kind+" at "+stage, func(t *testing.T) {
				t.Parallel()
				const victim = "reader5@example.org"
				o := defaults
				o.Connections = 1
				var mu sync.Mutex
				own := false // MAIL names nobody: the victim's is the sixth that is new
				begun := map[string]bool{}
				r := newDiskRig(t, 12, o, func(s smtptest.Moment) string {
					mu.Lock()
					defer mu.Unlock()
					switch s.Stage {
					case smtptest.Mail:
						own = len(begun) == 5 || len(begun) > 11
					case smtptest.Rcpt:
						to, _, _ := strings.Cut(strings.TrimPrefix(s.Line, "RCPT TO:<"), ">")
						own = to == victim
						begun[to] = true
					case smtptest.Dot:
						own = s.To == victim
					}
					if s.Stage == stage && own {
						return c.answer
					}
					return smtptest.Default
				})
				s := r.deliver()
				e := r.event(5)
				if e.State != c.first || s.Sent < 11 || s.Paused != "" {
					t.Errorf("after the first run: %s, %+v, %+v", e.State, e, s)
				}
				if waits := map[bool]int{true: 1}[e.State == deferred && e.Due.After(e.At)]; waits != c.waits {
					t.Errorf("%d waits, want %d: %+v", waits, c.waits, e)
				}
				r.clock.set(6 * time.Hour)
				r.deliver()
				if e := r.event(5); e.State != c.then {
					t.Errorf("after the second run: %s, want %s: %+v", e.State, c.then, e)
				}
			})
		}
	}
}
