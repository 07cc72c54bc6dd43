package mailer

import (
	"cmp"
	"fmt"
	"os"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"

	"digestd/digest"
	"digestd/mailer/smtp/smtptest"
)

// refusals is a server that answers a stage in one way, the first so many times that it comes for the n-th reader, or
// for anybody where n is 0.
func refusals(stage, reply string, n, times int) func(smtptest.Moment) string {
	var mu sync.Mutex
	mails := 0
	return func(m smtptest.Moment) string {
		mu.Lock()
		defer mu.Unlock()
		if m.Stage == smtptest.Mail {
			mails++
		}
		if m.Stage != stage || n > 0 && mails != n || times == 0 {
			return smtptest.Default
		}
		times--
		return reply
	}
}

// played is what a server made of one run, or of all, over one connection.
type played struct {
	*rig
	Summary
}

const forEver = 1 << 30

// playRow delivers to twelve readers.
func playRow(t *testing.T, answer func(smtptest.Moment) string, configure ...func(*smtptest.Server)) played {
	o := defaults
	o.Connections = 1
	r := newRig(t, 12, o, answer)
	for _, set := range configure {
		r.server.Configure(set)
	}
	return played{r, r.deliver(t)}
}

// want holds how the third reader's delivery stands, how many attempts and waits it has had, and that all others were
// served.
func (p played) want(t *testing.T, state digest.State, attempt, waits int) {
	t.Helper()
	if e := p.ledger.event(2); e.State != state || e.Attempt != attempt || e.Waits != waits {
		t.Errorf("want %s after %d attempts and %d waits: %+v", state, attempt, waits, e)
	}
	if p.Paused != "" || p.Sent < 11 || state == digest.Sent && p.Sent != 12 {
		t.Errorf("%+v", p.Summary)
	}
}

// paused holds that the run paused, and that it cost nobody anything.
func (p played) paused(t *testing.T) {
	t.Helper()
	if p.Paused == "" || p.Failed > 0 || len(p.ledger.suppressed) > 0 || p.Owed() != 12-p.Sent {
		t.Errorf("%+v", p.Summary)
	}
	for i := range 12 {
		if e := p.ledger.event(i); e.Waits > 0 {
			t.Errorf("reader %d lost a step: %+v", i, e)
		}
	}
}

var anyStage = []string{smtptest.Mail, smtptest.Rcpt, smtptest.Dot}

// rowsOfTheTable is a test for each row of docs/deliverability.md, by what it is about, how it is known and where.
var rowsOfTheTable = map[string]func(t *testing.T){
	"mailbox, for now": func(t *testing.T) {
		for _, stage := range anyStage {
			playRow(t, refusals(stage, "450 4.2.2 mailbox full", 3, 1)).want(t, digest.Deferred, 1, 1)
		}
	},
	"mailbox, for good": func(t *testing.T) {
		for stage, suppressed := range map[string]int{smtptest.Rcpt: 1, smtptest.Dot: 0} {
			p := playRow(t, refusals(stage, "550 5.1.1 no such user", 3, 1))
			if p.want(t, digest.Failed, 1, 0); len(p.ledger.suppressed) != suppressed {
				t.Errorf("at %s: suppressed %v", stage, p.ledger.suppressed)
			}
			playRow(t, refusals(stage, "550 5.1.1 no such user", 0, forEver)).paused(t)
		}
		playRow(t, refusals(smtptest.Mail, "552 5.2.2 mailbox full", 3, 1)).want(t, digest.Failed, 1, 0)
	},
	"quota or pace": func(t *testing.T) {
		for _, stage := range anyStage {
			playRow(t, refusals(stage, "550 you have exceeded the max emails per hour", 3, 1)).want(t, digest.Sent, 2, 0)
			playRow(t, refusals(stage, "452 4.7.1 too much mail", 0, forEver)).paused(t)
		}
	},
	"policy, sender": func(t *testing.T) {
		for _, stage := range anyStage {
			playRow(t, refusals(stage, "554 5.7.1 rejected by SPF", 3, 1)).want(t, digest.Deferred, 1, 1)
			playRow(t, refusals(stage, "554 5.7.1 rejected by SPF", 0, forEver)).paused(t)
		}
	},
	"size: SIZE in the answer to EHLO": func(t *testing.T) {
		p := playRow(t, nil, func(s *smtptest.Server) { s.Extensions = []string{"SIZE 1000"} })
		if p.paused(t); !strings.Contains(p.Paused, "1000") && !strings.Contains(p.Paused, "1,000") ||
			slices.ContainsFunc(p.server.Commands(), func(c string) bool { return strings.HasPrefix(c, "MAIL") }) {
			t.Errorf("%q after %q", p.Paused, p.server.Commands())
		}
	},
	"size: 552, 5.3.4, \"too large\"": func(t *testing.T) {
		for _, stage := range anyStage {
			playRow(t, refusals(stage, "552 5.3.4 message too large", 3, 1)).want(t, digest.Deferred, 1, 1)
		}
		p := playRow(t, func(m smtptest.Moment) string {
			return map[bool]string{true: "552 5.3.4 message too large"}[m.Stage == smtptest.Dot && strings.HasPrefix(m.To, "reader2@")]
		})
		if p.untilQuiet(t); p.ledger.counts() != "sent 11, failed 1" {
			t.Error(p.ledger.counts())
		}
		playRow(t, refusals(smtptest.Dot, "552 5.3.4 message too large", 0, forEver)).paused(t)
	},
	"session: \"mails per session\", \"messages in this connection\", 4.5.3; a time-out between messages (4.4.2) at MAIL": func(t *testing.T) {
		p := playRow(t, session(smtptest.Mail, "451 4.5.3 too many mails per session"))
		if p.want(t, digest.Sent, 1, 0); p.ledger.event(5).Attempt != 1 || p.server.Connections() != 6 {
			t.Errorf("%d connections: %+v", p.server.Connections(), p.ledger.event(5))
		}
	},
	"session: the same at RCPT, after the message": func(t *testing.T) {
		for _, stage := range []string{smtptest.Rcpt, smtptest.Dot} {
			playRow(t, session(stage, "451 4.5.3 too many mails per session")).want(t, digest.Sent, map[string]int{smtptest.Rcpt: 1, smtptest.Dot: 2}[stage], 0)
		}
	},
	"session: no answer to the first command over a connection that has carried some": func(t *testing.T) {
		playRow(t, session(smtptest.Mail, smtptest.Hang)).want(t, digest.Sent, 1, 0)
	},
	"connection: 421, cut, not SMTP": func(t *testing.T) {
		for _, stage := range anyStage {
			for _, reply := range []string{"421 closing", smtptest.Cut} {
				p := playRow(t, func(m smtptest.Moment) string {
					return map[bool]string{true: reply}[m.Stage == stage && m.Conn == 1 && m.Message == 3]
				})
				switch {
				case stage == smtptest.Dot && reply == smtptest.Cut:
					p.want(t, digest.InDoubt, 1, 0)
				case stage == smtptest.Mail:
					p.want(t, digest.Sent, 1, 0)
				default:
					p.want(t, digest.Sent, 2, 0)
				}
			}
		}
	},
	"connection: one of several is refused, or 454 at STARTTLS or AUTH; \"concurrent connections\", \"thread limit\"": func(t *testing.T) {
		o := defaults
		o.Connections = 3
		for stage, reply := range map[string]string{smtptest.Greeting: "421 too many connections", smtptest.Mail: "432 4.3.2 Concurrent connections limit exceeded"} {
			r := newRig(t, 12, o, func(m smtptest.Moment) string {
				return map[bool]string{true: reply}[m.Stage == stage && m.Conn == 2]
			})
			played{r, r.deliver(t)}.want(t, digest.Sent, r.ledger.event(2).Attempt, 0)
		}
	},
	"connection: the only one is refused": func(t *testing.T) {
		p := playRow(t, refusals(smtptest.Greeting, "421 not now", 0, forEver))
		if p.paused(t); p.server.Connections() != 2 || p.clock.elapsed() != redialPause {
			t.Errorf("%d connections in %v", p.server.Connections(), p.clock.elapsed())
		}
		playRow(t, refusals(smtptest.Greeting, "421 not now", 0, 1)).want(t, digest.Sent, 1, 0)
	},
	"login": func(t *testing.T) {
		for _, stage := range anyStage {
			playRow(t, refusals(stage, "530 5.7.0 authentication required", 0, forEver)).paused(t)
		}
		playRow(t, session(smtptest.Mail, "530 5.7.0 authentication required")).want(t, digest.Sent, 1, 0)
	},
	"none": func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			server := smtptest.InMemory(t, func(smtptest.Moment) string { return smtptest.Default }, func(s *smtptest.Server) { s.Extensions, s.Deaf = []string{"PIPELINING"}, true })
			d := deliverTo(t, server, 12, defaults, func(i int) string { return fmt.Sprintf("reader%d@host%d.example.org", i, i) })
			if d.ledger.counts() != "sent 12" || len(server.Taken()) != 12 {
				t.Errorf("%s, %d messages", d.ledger.counts(), len(server.Taken()))
			}
		})
	},
	"server": func(t *testing.T) {
		for _, stage := range anyStage {
			playRow(t, refusals(stage, "451 4.3.0 too busy", 3, 1)).want(t, digest.Sent, 2, 0)
			p := playRow(t, refusals(stage, "451 4.3.0 too busy", 0, 20))
			p.want(t, digest.Sent, p.ledger.event(2).Attempt, 0)
		}
	},
	"unclear: nothing tells at 4xx at RCPT": func(t *testing.T) {
		playRow(t, refusals(smtptest.Rcpt, "450 no", 3, 1)).want(t, digest.Deferred, 1, 1)
	},
	"unclear: nothing tells at 5xx at RCPT": func(t *testing.T) {
		playRow(t, refusals(smtptest.Rcpt, "550 no", 3, 1)).want(t, digest.Failed, 1, 0)
		playRow(t, refusals(smtptest.Rcpt, "550 no", 0, forEver)).paused(t)
	},
	"unclear: nothing tells at 5xx elsewhere": func(t *testing.T) {
		for _, stage := range []string{smtptest.Data, smtptest.Dot} {
			playRow(t, refusals(stage, "554 no", 3, 1)).want(t, digest.Deferred, 1, 1)
			playRow(t, refusals(stage, "554 no", 0, forEver)).paused(t)
		}
		p := playRow(t, func(m smtptest.Moment) string {
			return map[bool]string{true: "554 no"}[m.Stage == smtptest.Dot && strings.HasPrefix(m.To, "reader2@")]
		})
		if p.untilQuiet(t); p.ledger.counts() != "sent 11, failed 1" {
			t.Error(p.ledger.counts())
		}
	},
}

// session answers so at a stage when a connection has carried two messages.
func session(stage, reply string) func(smtptest.Moment) string {
	return func(m smtptest.Moment) string {
		return map[bool]string{true: reply}[m.Stage == stage && m.Message > 2]
	}
}

// TestEachRowOfTheTable holds that each row of the table of refusals in docs/deliverability.md has a test, and each such
// test a row.
func TestEachRowOfTheTable(t *testing.T) {
	text, err := os.ReadFile("../docs/deliverability.md")
	if err != nil {
		t.Fatal(err)
	}
	_, table, _ := strings.Cut(string(text), "| what it is about |")
	table, _, _ = strings.Cut(table, "\n\n")
	var rows [][]string
	about, known := "", ""
	for _, line := range strings.Split(table, "\n")[2:] {
		cells := strings.Split(line, "|")[1:]
		for i := range cells {
			cells[i] = strings.TrimSpace(cells[i])
		}
		if about = cmp.Or(cells[0], about); cells[1] != "" {
			known = cells[1]
		}
		rows = append(rows, []string{about, about + ": " + known, about + ": " + known + " at " + cells[2]})
	}
	seen := map[string]bool{}
	for _, names := range rows {
		i := slices.IndexFunc(names, func(name string) bool { return rowsOfTheTable[name] != nil && !seen[name] })
		if i < 0 {
			t.Errorf("the row %q has no test of its own", names[2])
			continue
		}
		seen[names[i]] = true
		t.Run(names[i], rowsOfTheTable[names[i]])
	}
	for name := range rowsOfTheTable {
		if !seen[name] {
			t.Errorf("the test %q has no row", name)
		}
	}
}
