package mailer

import (
	"context"
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"digestd/digest"
	"digestd/mailer/smtp/smtptest"
)

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
	second := make(chan struct{}) // closed when two connections are open: no message goes before
	r := newRig(t, 60, o, func(s smtptest.Step) string {
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

// TestTheClockSteps sets the clock in the middle of a run, at one reader's RCPT or final dot, which is refused for now.
// Before him and behind him are readers greylisted once, greylisted always, and cut off behind the dot. Where give_up
// seems to have gone by, that ends his delivery, with the server's words; a time that comes again keeps nobody waiting.
func TestTheClockSteps(t *testing.T) {
	const day, year = 24 * time.Hour, 365 * 24 * time.Hour
	for _, c := range []struct {
		name     string
		by, then time.Duration // in the middle of the first run, and behind it
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
					var r *rig
					seen := map[string]int{}
					set := time.Duration(-1) // what had gone by until then
					r = newRig(t, 12, o, func(s smtptest.Step) string {
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
							return "450 4.3.0 later"
						case (to == "reader1" || to == "reader7") && first && s.Stage == smtptest.Rcpt, (to == "reader2" || to == "reader8") && s.Stage == smtptest.Rcpt:
							return "450 4.2.0 greylisted"
						case (to == "reader3" || to == "reader9") && first && s.Stage == smtptest.Dot:
							return smtptest.TakeAndCut
						}
						return smtptest.Default
					})
					r.deliver(t)
					r.clock.set(c.then)
					if restarted {
						r.restart(o)
					}
					r.untilQuiet(t)
					// give_up counts anew from the first attempt behind the step.
					if waited := r.clock.elapsed() - set; set < 0 || waited > o.GiveUp+o.Retry[0] {
						t.Errorf("the last was through %v behind the step", waited)
					}
					copies := r.server.Copies()
					for i, to := range r.ledger.recipients {
						state, n := digest.Sent, 1
						switch i {
						case 2, 8:
							state = digest.Expired
						case 3, 9:
							n = 2 // he was in doubt
						case 5:
							state = c.refused
						}
						if state == digest.Expired {
							n = 0
						}
						if e := r.ledger.event(i); e.State != state || copies[to.Email] != n || e.Words == "" {
							t.Errorf("%s is %s with %d copies, want %s with %d: %+v", to.Email, e.State, copies[to.Email], state, n, e)
						}
					}
				})
			}
		}
	}
}
