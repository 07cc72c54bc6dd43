package mailer

import (
	"crypto/tls"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"digestd/mailer/smtp/smtptest"
)

// odd is what a server may remember that goes by rules of its own.
type odd struct {
	smtptest.Moment
	start, now time.Time
	after      time.Duration // since the first connection
	n          int           // how often this stage was reached
	first      bool          // this line came for the first time
}

// TestServersOfTheWorld delivers to servers that are each odd in one way, by the clock of a bubble. Nobody fails who
// need not, nobody gets two, and what a server takes in the end is delivered before long.
func TestServersOfTheWorld(t *testing.T) {
	const no = smtptest.Default
	at := func(stage, answer string, when func(odd) bool) func(odd) string {
		return func(o odd) string {
			if o.Stage == stage && when(o) {
				return answer
			}
			return no
		}
	}
	always := func(odd) bool { return true }
	during := func(d time.Duration) func(odd) bool { return func(o odd) bool { return o.after < d } }
	afterEach := func(n int) func(odd) bool { return func(o odd) bool { return o.Message > n } }
	first := func(o odd) bool { return o.first }
	playServers(t, []server{
		{"421 at MAIL after 7 messages", at(smtptest.Mail, "421 4.7.0 enough", afterEach(7)), nil, time.Minute, 0, 0},
		{"cut at MAIL after 7 messages", at(smtptest.Mail, smtptest.Cut, afterEach(7)), nil, time.Minute, 0, 0},
		{"a greeting of many lines", at(smtptest.Greeting, "220-a\r\n220-no spam\r\n220 c", always), nil, time.Minute, 0, 4},
		{"no EHLO", func(o odd) string {
			if o.Stage == smtptest.Ehlo && strings.HasPrefix(strings.ToUpper(o.Line), "EHLO") {
				return "502 5.5.1 what"
			}
			return no
		}, nil, time.Minute, 0, 4},
		{"an EHLO without keywords", at(smtptest.Ehlo, "250 mail.example.org", always), nil, time.Minute, 0, 4},
		{"SIZE without a number", nil, []string{"SIZE", "PIPELINING"}, time.Minute, 0, 4},
		{"SIZE 0, 8BITMIME, CHUNKING and more", nil, []string{"SIZE 0", "CHUNKING", "BINARYMIME", "8BITMIME", "DSN", "XFORWARD NAME", "X-EXPS GSSAPI", ""}, time.Minute, 0, 4},
		{"an hourly quota as 554 at DATA", func() func(odd) string {
			hour, n := time.Time{}, 0
			return func(o odd) string {
				if o.Stage != smtptest.Data {
					return no
				}
				if o.now.Sub(hour) >= time.Hour {
					hour, n = o.now, 0
				}
				if n++; n > 80 {
					return "554 5.7.1 You have exceeded your hourly sending quota"
				}
				return no
			}
		}(), nil, 3*time.Hour + 30*time.Minute, 0, 0},
		{"a tarpit", func(o odd) string { time.Sleep(20 * time.Second); return no }, []string{}, 8 * time.Hour, 0, 0},
		{"a greeting after four minutes", func(o odd) string {
			if o.Stage == smtptest.Greeting {
				time.Sleep(4 * time.Minute)
			}
			return no
		}, nil, 6 * time.Minute, 0, 4},
		{"one recipient a connection, told at RCPT", at(smtptest.Rcpt, "452 4.5.3 Too many recipients in this session", afterEach(1)), nil, 5 * time.Minute, 0, 0},
		{"no room for ten minutes", at(smtptest.Mail, "452 4.3.1 Insufficient system storage", during(10*time.Minute)), nil, 20 * time.Minute, 0, 0},
		{"on a block list for an hour, told at connect", at(smtptest.Greeting, "554 5.7.1 Service unavailable; your address is blocked using dnsbl.example", during(time.Hour)), nil, 70 * time.Minute, 0, 0},
		{"one machine of three says no", at(smtptest.Greeting, "554 5.3.2 not me", func(o odd) bool { return o.Conn%3 == 1 }), nil, 3 * time.Minute, 0, 0},
		{"one machine of three hangs up", at(smtptest.Greeting, smtptest.Cut, func(o odd) bool { return o.Conn%3 == 1 }), nil, 3 * time.Minute, 0, 0},
		{"TLS wanted at MAIL for an hour", at(smtptest.Mail, "530 5.7.0 Must issue a STARTTLS command first", during(time.Hour)), nil, 70 * time.Minute, 0, 0},
		{"a login that ends after 20 messages", at(smtptest.Mail, "530 5.7.0 Authentication required", afterEach(20)), nil, time.Minute, 0, 0},
		{"a restart", func(o odd) string {
			switch {
			case o.after < 3*time.Second || o.after > 3*time.Minute:
			case o.Stage == smtptest.Greeting:
				return "421 4.3.2 not yet"
			case o.Stage == smtptest.Mail:
				return smtptest.Cut
			}
			return no
		}, nil, 10 * time.Minute, 0, 0},
		{"no RSET", func(o odd) string {
			switch {
			case o.Stage == smtptest.Rset:
				return "500 5.5.1 what"
			case o.Stage == smtptest.Rcpt && o.first:
				return "450 4.2.0 greylisted"
			}
			return no
		}, nil, 20 * time.Minute, 0, 0},
		{"many lines to DATA and to the dot", func(o odd) string {
			switch o.Stage {
			case smtptest.Data:
				return "354-go\r\n354 ahead"
			case smtptest.Dot:
				return "250-2.0.0 fine\r\n250 2.0.0 queued"
			}
			return no
		}, nil, time.Minute, 0, 4},
		{"251, 252 and bare codes", func(o odd) string {
			return map[string]string{smtptest.Rcpt: "251 will forward", smtptest.Mail: "250", smtptest.Data: "354", smtptest.Dot: "252 perhaps"}[o.Stage]
		}, nil, time.Minute, 0, 4},
		{"lines that end the wrong way", at(smtptest.Mail, "250 ok\n250 really", func(o odd) bool { return o.n == 40 }), nil, 30 * time.Minute, 0, 0},
		{"a name server that is ill for half an hour", at(smtptest.Mail, "451 4.1.8 Domain of sender address does not resolve", during(30*time.Minute)), nil, 40 * time.Minute, 0, 0},
		{"greylisting as 421", at(smtptest.Rcpt, "421 4.7.0 greylisted, come again", first), nil, 30 * time.Minute, 0, 0},
		{"greylisting as 421 for five minutes", func() func(odd) string {
			seen := map[string]time.Time{}
			return func(o odd) string {
				if o.Stage != smtptest.Rcpt {
					return no
				}
				if seen[o.Line].IsZero() {
					seen[o.Line] = o.now
				}
				if o.now.Sub(seen[o.Line]) < 5*time.Minute {
					return "421 4.7.1 greylisted, come again"
				}
				return no
			}
		}(), nil, 2 * time.Hour, 0, 0},
		{"greylisting after the message", func() func(odd) string {
			seen := map[string]bool{}
			return func(o odd) string {
				if o.Stage != smtptest.Dot || seen[o.To] {
					return no
				}
				seen[o.To] = true
				return "451 4.7.1 Greylisted, please try again later"
			}
		}(), nil, time.Hour, 0, 0},
		{"not at the first try", at(smtptest.Greeting, "450 4.3.2 please try again later", func(o odd) bool { return o.n <= 4 }), nil, 10 * time.Minute, 0, 0},
		{"one domain's pace", at(smtptest.Rcpt, "450 4.7.28 unusual rate of mail", func(o odd) bool { return strings.Contains(o.Line, "@host3.") && o.after < 20*time.Minute }), nil, 90 * time.Minute, 0, 0},
		{"full mailboxes, told after the message", at(smtptest.Dot, "552 5.2.2 mailbox full", func(o odd) bool { return strings.HasPrefix(o.To, "reader7") }), nil, time.Minute, 11, 0},
		{"a filter of eight minutes", func(o odd) string {
			if o.Stage == smtptest.Dot {
				time.Sleep(8 * time.Minute)
			}
			return no
		}, nil, 8 * time.Hour, 0, 4},
		{"a 250 for a message of each connection, then silence", at(smtptest.Mail, smtptest.Hang, afterEach(1)), nil, 20 * time.Minute, 0, 0},
		{"maintenance in 5xx for an hour", at(smtptest.Mail, "554 5.3.2 we are under maintenance", during(time.Hour)), nil, 80 * time.Minute, 0, 0},
		{"relaying denied until the address is known for ten minutes", at(smtptest.Rcpt, "550 relay not permitted", during(10*time.Minute)), nil, 20 * time.Minute, 0, 0},
		{"an internal error at every tenth dot", at(smtptest.Dot, "451 4.3.0 internal error", func(o odd) bool { return o.n%10 == 0 }), nil, time.Hour, 0, 0},
		{"451 for thirty seconds, after a few", at(smtptest.Mail, "451 4.3.0 queue file write error", func(o odd) bool { return o.n > 8 && o.after < 30*time.Second }), nil, 2 * time.Minute, 0, 0},
		{"451 that says nothing for four minutes", at(smtptest.Dot, "451 no", func(o odd) bool { return o.n > 4 && o.after < 4*time.Minute }), nil, 13 * time.Minute, 0, 0},
		{"too fast for thirty seconds", at(smtptest.Mail, "450 4.7.1 too much mail", func(o odd) bool { return o.n > 8 && o.after < 30*time.Second }), nil, 5 * time.Minute, 0, 0},
		{"20 in six seconds, said without words", func() func(odd) string {
			var mu sync.Mutex
			w := window{span: 6 * time.Second, most: 20}
			return func(o odd) string {
				if o.Stage == smtptest.Mail {
					mu.Lock()
					defer mu.Unlock()
					full := w.full(o.now)
					if w.n++; full {
						return "451 no"
					}
				}
				return no
			}
		}(), nil, 80 * time.Second, 0, 0},
		{"no such user, said of everybody for ten minutes", at(smtptest.Rcpt, "550 5.1.1 User unknown", during(10*time.Minute)), nil, 15 * time.Minute, 0, 0},
		{"no such user, said of everybody from a moment on", at(smtptest.Rcpt, "550 5.1.1 User unknown", func(o odd) bool { return o.n > 100 && o.after < 10*time.Minute }), nil, 15 * time.Minute, 0, 0},
		{"PIPELINING that is none", nil, []string{"PIPELINING", "deaf"}, 12 * time.Minute, 0, 0},
	})
}

// server is one that is odd in one way, and what comes of it for two hundred readers.
type server struct {
	name        string
	answer      func(odd) string
	extensions  []string
	within      time.Duration
	failed      int // readers who get none: unknown ones, who are suppressed, or those who are refused for too long
	connections int // at most; 0: any
}

// TestTLSOfTheWorld has what goes wrong on the way to the first message, on some machines behind one name or for a while.
func TestTLSOfTheWorld(t *testing.T) {
	const no = smtptest.Default
	at := func(stage, answer string, when func(odd) bool) func(odd) string {
		return func(o odd) string {
			if o.Stage == stage && when(o) {
				return answer
			}
			return no
		}
	}
	one := func(of int) func(odd) bool { return func(o odd) bool { return o.Conn%of == 1 } }
	between := func(from, to time.Duration) func(odd) bool {
		return func(o odd) bool { return o.after > from && o.after < to }
	}
	tired := func(stage, answer string, when func(odd) bool) func(odd) string { // connections end after ten messages
		return func(o odd) string {
			if o.Stage == smtptest.Mail && o.Message > 10 {
				return "421 4.7.0 enough"
			}
			return at(stage, answer, when)(o)
		}
	}
	const handshake = "handshake" // which is no stage of the server's own
	playServers(t, []server{
		{"STARTTLS is never answered by one machine of four", at(smtptest.StartTLS, smtptest.Hang, one(4)), starts, 12 * time.Minute, 0, 0},
		{"220, and then nothing, by one machine of four", at(handshake, smtptest.Hang, one(4)), starts, 12 * time.Minute, 0, 0},
		{"220, and then nothing, for ten minutes", at(handshake, smtptest.Hang, between(-1, 10*time.Minute)), starts, 25 * time.Minute, 0, 0},
		{"220, and then nothing, in mid-run for ten minutes", tired(handshake, smtptest.Hang, between(3*time.Second, 10*time.Minute)), starts, 25 * time.Minute, 0, 0},
		{"a handshake that fails on one machine of three", tired(handshake, smtptest.Cut, one(3)), starts, 10 * time.Minute, 0, 0},
		{"a handshake that fails in mid-run for ten minutes", tired(handshake, smtptest.Cut, between(3*time.Second, 10*time.Minute)), starts, 20 * time.Minute, 0, 0},
		{"454 at STARTTLS, on one machine of three", tired(smtptest.StartTLS, "454 4.7.0 TLS not available due to local problem", one(3)), starts, 10 * time.Minute, 0, 0},
		{"STARTTLS is not offered by one machine of three", tired(smtptest.Ehlo, "250 mail.example.org", one(3)), starts, 10 * time.Minute, 0, 0},
		{"dropped at EHLO now and then", tired(smtptest.Ehlo, smtptest.Cut, func(o odd) bool { return o.n%5 == 2 }), starts, 10 * time.Minute, 0, 0},
		{"421 at EHLO now and then", tired(smtptest.Ehlo, "421 4.3.2 busy, come again", func(o odd) bool { return o.n%5 == 2 }), starts, 10 * time.Minute, 0, 0},
		{"EHLO is never answered by one machine of four", at(smtptest.Ehlo, smtptest.Hang, one(4)), starts, 12 * time.Minute, 0, 0},
		{"dropped after the greeting for ten minutes", at(smtptest.Ehlo, smtptest.Cut, between(-1, 10*time.Minute)), starts, 20 * time.Minute, 0, 0},
	})
}

// starts are the extensions of a server that encrypts.
var starts = []string{"PIPELINING", "SIZE 10485760", "STARTTLS"}

// handshakes lets a server that offers STARTTLS fail at it, as the answer for the stage "handshake" says.
func handshakes(t *testing.T, s *smtptest.Server, answer func(smtptest.Moment) string) {
	config, _ := smtptest.Certificate(t, time.Now().Add(100*time.Hour))
	var mu sync.Mutex
	conn := 0
	config.GetConfigForClient = func(*tls.ClientHelloInfo) (*tls.Config, error) {
		mu.Lock()
		conn++
		n := conn
		mu.Unlock()
		switch answer(smtptest.Moment{Stage: "handshake", Conn: n}) {
		case smtptest.Hang:
			time.Sleep(time.Hour)
			fallthrough
		case smtptest.Cut:
			return nil, errors.New("no")
		}
		return nil, nil
	}
	s.TLS = config
}

// readers are those of each server.
const readers = 200

// playServers delivers to each. Nobody is suppressed.
func playServers(t *testing.T, servers []server) {
	for _, c := range servers {
		t.Run(c.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				const no = smtptest.Default
				var mu sync.Mutex
				stages, lines, start := map[string]int{}, map[string]bool{}, time.Now()
				answer := func(m smtptest.Moment) string {
					if m.Stage == smtptest.Gone || c.answer == nil {
						return no
					}
					time.Sleep(5 * time.Millisecond)
					mu.Lock()
					stages[m.Stage]++
					key := m.Stage + m.Line
					o := odd{Moment: m, start: start, now: time.Now(), after: time.Since(start), n: stages[m.Stage], first: !lines[key]}
					lines[key] = true
					mu.Unlock()
					return c.answer(o)
				}
				server := smtptest.InMemory(t, answer, func(s *smtptest.Server) {
					if c.extensions != nil {
						s.Extensions, s.Deaf = c.extensions, slices.Contains(c.extensions, "deaf")
					}
					if slices.Contains(c.extensions, "STARTTLS") {
						handshakes(t, s, answer)
					}
				})
				o := defaults
				o.Connections, o.Rate = 4, 20
				d := deliverTo(t, server, readers, o, func(i int) string { return fmt.Sprintf("reader%d@host%d.example.org", i, i%11) })
				got, sent := d.ledger.counts(), fmt.Sprintf("sent %d", readers-c.failed)
				if got != sent && !(c.failed > 0 && d.last.Owed() == 0 && strings.HasPrefix(got, sent+", ")) || d.took > c.within || len(server.Taken()) != readers-c.failed ||
					len(d.ledger.suppressed) > c.failed || c.connections > 0 && server.Connections() > c.connections {
					t.Errorf("%s in %v of %v, %d runs, %d messages, %d connections: %+v", got, d.took, c.within, d.runs, len(server.Taken()), server.Connections(), d.last)
				}
				t.Logf("%v, %d runs, %d connections, slowed %q", d.took, d.runs, server.Connections(), d.slowed)
			})
		})
	}
}
