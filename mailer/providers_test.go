package mailer

import (
	"math"
	"strings"
	"sync"
	"testing"
	"time"

	"digestd/mailer/smtp/smtptest"
)

// tally counts by key, such as messages by connection, for servers that remember.
type tally struct {
	mu sync.Mutex
	n  map[any]int
	at map[any]time.Time
}

func newTally() *tally { return &tally{n: map[any]int{}, at: map[any]time.Time{}} }

// add counts one, in spans that begin with their first one; 0 is without end.
func (c *tally) add(key any, now time.Time, span time.Duration) int {
	c.mu.Lock()
	defer c.mu.Unlock()
	if span > 0 && now.Sub(c.at[key]) >= span {
		c.n[key], c.at[key] = 0, now
	}
	c.n[key]++
	return c.n[key]
}

// TestProvidersOfTheWorld has what people report of the servers that they send by.
func TestProvidersOfTheWorld(t *testing.T) {
	const no = smtptest.Default
	// quota lets so many pass a stage in a span, and answers the others with a refusal.
	quota := func(stage string, most int, span time.Duration, refusal string) func(odd) string {
		n := newTally()
		return func(o odd) string {
			if o.Stage == stage && n.add("", o.now, span) > most {
				return refusal
			}
			return no
		}
	}
	// taken counts only the messages that are taken.
	taken := func(stage string, most int, span time.Duration, refusal string) func(odd) string {
		var mu sync.Mutex
		w := window{span: span, most: most}
		return func(o odd) string {
			mu.Lock()
			defer mu.Unlock()
			if full := w.full(o.now); full && o.Stage == stage {
				return refusal
			}
			if o.Stage == smtptest.Dot {
				w.n++
			}
			return no
		}
	}
	once := func(stage, refusal string) func(odd) string {
		return func(o odd) string {
			if o.Stage == stage && o.first {
				return refusal
			}
			return no
		}
	}
	each := func(n int, stage, answer string) func(odd) string {
		return func(o odd) string {
			if o.Stage == stage && o.n%n == 0 {
				return answer
			}
			return no
		}
	}
	// renewed blocks after so many messages, for a time that each further try begins anew.
	renewed := func(most int, span time.Duration, stage, refusal string) func(odd) string {
		var mu sync.Mutex
		var last time.Time
		n := 0
		return func(o odd) string {
			mu.Lock()
			defer mu.Unlock()
			if o.Stage == smtptest.Dot {
				n++
			}
			if o.Stage != stage || n < most {
				return no
			}
			if over := !last.IsZero() && o.now.Sub(last) >= span; over {
				n = -readers
				return no
			}
			last = o.now
			return refusal
		}
	}
	// strict is Exim's ratelimit, in events an hour, in which refused ones count (exim/src/acl.c, acl_ratelimit).
	strict := func(limit float64, stage, refusal string) func(odd) string {
		var mu sync.Mutex
		var last time.Time
		rate := 0.0
		return func(o odd) string {
			mu.Lock()
			defer mu.Unlock()
			if o.Stage != stage {
				return no
			}
			gap := max(o.now.Sub(last).Hours(), 1e-9)
			rate, last = (1-math.Exp(-gap))/gap+math.Exp(-gap)*rate, o.now
			if rate > limit {
				return refusal
			}
			return no
		}
	}
	playServers(t, []server{
		{"Exim's strict limit of 100 an hour", strict(100, smtptest.Mail, "450 Sender rate 101.2 / 1h / strict exceeds limit"), nil, 200 * time.Minute, 0, 0},
		{"Exim's strict limit of 100 an hour, for good", strict(100, smtptest.Rcpt, "550 Sender rate overlimit - 101.2 / 1h"), nil, 200 * time.Minute, 0, 0},
		{"a block of twenty minutes that each try renews", renewed(50, 20*time.Minute, smtptest.Mail, "554 5.7.1 Blocked by fail2ban, go away"), nil, 4 * time.Hour, 0, 0},
		{"a block of an hour that each connection renews", renewed(50, 59*time.Minute, smtptest.Greeting, "554 5.7.1 blocked"), nil, 9 * time.Hour, 0, 0},
		{"a strict limit of an hour that refused tries count in", renewed(50, 30*time.Minute, smtptest.Rcpt, "450 4.7.1 Sender rate overlimit"), nil, 5 * time.Hour, 0, 0},
		{"Strato's rate, told at RCPT", taken(smtptest.Rcpt, 60, time.Hour, "450 4.7.0 Transmit rate limit exceeded, try again later (ACC)"), nil, 3*time.Hour + 20*time.Minute, 0, 0},
		{"GMX's limit, told as a mailbox", taken(smtptest.Rcpt, 100, time.Hour, "550-Requested action not taken: mailbox unavailable\r\n550 Failure sending mail. Try again later"), nil, 70 * time.Minute, 0, 0},
		{"DirectAdmin's daily limit, told as unrouteable", taken(smtptest.Rcpt, 120, 10*time.Hour, "550 Unrouteable address"), nil, 11 * time.Hour, 0, 0},
		{"a limit of the account, told after the message", taken(smtptest.Dot, 90, time.Hour, "554 5.7.1 Reached address outgoing limits"), nil, 130 * time.Minute, 0, 0},
		{"SES's daily quota, told at DATA", taken(smtptest.Data, 150, 5*time.Hour, "454 Throttling failure: Daily message quota exceeded."), nil, 330 * time.Minute, 0, 0},
		{"SES's rate, told at DATA", quota(smtptest.Data, 14, time.Second, "454 Throttling failure: Maximum sending rate exceeded."), nil, 40 * time.Second, 0, 0},
		{"Stalwart's session, told at DATA", func(o odd) string {
			if o.Stage == smtptest.Data && o.Message > 10 {
				return "452 4.4.5 Maximum number of messages per session exceeded."
			}
			return no
		}, nil, time.Minute, 0, 28},
		{"50 in two minutes, told as a count", taken(smtptest.Rcpt, 50, 2*time.Minute, "550 Message count quota exceeded"), nil, 15 * time.Minute, 0, 0},
		{"Mailgun's plan, told as 421 at DATA", taken(smtptest.Data, 130, 2*time.Hour, "421 Domain example.org is not allowed to send: recipient limit exceeded, try again after Sun, 05 Oct 2025 19:22:44 UTC"), nil, 140 * time.Minute, 0, 0},
		{"MailerSend's ten a minute", quota(smtptest.Mail, 10, time.Minute, "450 Too many requests. Try again later. #MS-ST-G"), nil, 25 * time.Minute, 0, 0},
		{"credits that ran out at the login, for an hour", func(o odd) string {
			if o.Stage == smtptest.Mail && o.after > 3*time.Second && o.after < time.Hour {
				return "451 Authentication failed: Maximum credits exceeded"
			}
			return no
		}, nil, 70 * time.Minute, 0, 0},
		{"a second answer to each message", each(1, smtptest.Dot, "250 2.0.0 queued\r\n250 2.0.0 thank you"), nil, 2 * time.Minute, 0, 0},
		{"taken, and closed with 421 at once", each(5, smtptest.Dot, "250 2.0.0 queued\r\n421 4.7.0 closing, come again"), nil, time.Minute, 0, 0},
		{"empty lines before answers", func(o odd) string {
			return map[string]string{smtptest.Ehlo: "\r\n250 mail.example.org", smtptest.Rcpt: "\r\n250 ok", smtptest.Dot: "\r\n250 ok"}[o.Stage]
		}, nil, time.Minute, 0, 4},
		{"no space after the code", func(o odd) string {
			return map[string]string{smtptest.Mail: "250OK", smtptest.Rcpt: "250OK", smtptest.Data: "354Go", smtptest.Dot: "250\tOK"}[o.Stage]
		}, nil, time.Minute, 0, 4},
		{"two codes in one answer", once(smtptest.Rcpt, "450-4.2.0 busy\r\n451 4.2.0 come again"), nil, 20 * time.Minute, 0, 0},
		{"an answer in Latin-1", once(smtptest.Rcpt, "450 4.2.0 Bo\xeete temporairement indisponible, r\xe9essayez"), nil, 20 * time.Minute, 0, 0},
		{"hangs up after too many unknown readers", func(o odd) string {
			if o.Stage == smtptest.Rcpt && strings.Contains(o.Line, "<reader7@") {
				return "421 4.7.0 too many unknown users in this session, closing"
			}
			return no
		}, nil, 26 * time.Hour, 1, 0},
		{"cPanel's five failures an hour", func() func(odd) string {
			n := newTally()
			return func(o odd) string {
				if o.Stage != smtptest.Rcpt {
					return no
				}
				switch unknown := strings.Contains(o.Line, "9@host"); {
				case unknown && n.add("failures", o.now, time.Hour) <= 5:
					return "550 No Such User Here"
				case unknown || n.n["failures"] > 5 && o.now.Sub(n.at["failures"]) < time.Hour:
					return "550 Domain example.org has exceeded the max defers and failures per hour (5/5 (100%)) allowed. Message discarded."
				}
				return no
			}
		}(), nil, 10 * time.Hour, 20, 0},
		{"a bucket of twenty that fills by twenty in six seconds", func() func(odd) string {
			var mu sync.Mutex
			tokens, last := 20.0, time.Time{}
			return func(o odd) string {
				if mu.Lock(); o.Stage == smtptest.Mail {
					tokens, last = min(20, tokens+o.now.Sub(last).Seconds()*20/6), o.now
					if tokens--; tokens < 0 {
						tokens++
						defer mu.Unlock()
						return "451 4.7.1 Ratelimit \"user\" exceeded"
					}
				}
				mu.Unlock()
				return no
			}
		}(), nil, 59 * time.Second, 0, 8},
		{"twenty in six seconds, and each no comes a second late", func() func(odd) string {
			n, failed := newTally(), newTally()
			return func(o odd) string {
				failed.mu.Lock()
				after := failed.n[o.Conn] > 0
				failed.mu.Unlock()
				if o.Stage == smtptest.Mail && n.add("", o.now, 6*time.Second) > 20 || after && o.Stage != smtptest.Mail && o.Stage != smtptest.Rset && o.Stage != smtptest.Quit {
					failed.add(o.Conn, o.now, 0)
					time.Sleep(time.Second)
					return "450 4.7.1 Error: too much mail from 192.0.2.1"
				}
				if o.Stage == smtptest.Mail {
					failed.mu.Lock()
					failed.n[o.Conn] = 0
					failed.mu.Unlock()
				}
				return no
			}
		}(), nil, 70 * time.Second, 0, 20},
		{"three at a time, told at MAIL", func() func(odd) string {
			var mu sync.Mutex
			busy := map[int]bool{}
			return func(o odd) string {
				mu.Lock()
				defer mu.Unlock()
				switch o.Stage {
				case smtptest.Mail:
					if !busy[o.Conn] && len(busy) >= 3 {
						return "432 4.3.2 Concurrent connections limit exceeded. Visit https://aka.ms/concurrent_sending for more information."
					}
					busy[o.Conn] = true
				case smtptest.Rset, smtptest.Quit:
					delete(busy, o.Conn)
				case smtptest.Dot:
					defer func() { mu.Unlock(); time.Sleep(2 * time.Second); mu.Lock(); delete(busy, o.Conn) }()
				}
				return no
			}
		}(), nil, 150 * time.Second, 0, 20},
		{"an address is verified first", once(smtptest.Rcpt, "450 4.1.1 <reader@example.org>: Recipient address rejected: unverified address: Address verification in progress"), nil, 20 * time.Minute, 0, 0},
		{"a filter that warms up, on each connection", func(o odd) string {
			if o.Stage == smtptest.Mail && o.Message == 1 && o.n <= 4 {
				return "451 4.7.1 Service unavailable - try again later"
			}
			return no
		}, nil, 7 * time.Minute, 0, 0},
		{"too many unknown readers in an hour, for an hour", func(o odd) string {
			if o.Stage == smtptest.Rcpt && o.after > 2*time.Second && o.after < time.Hour {
				return "550 5.7.1 Too many invalid recipients from 192.0.2.1, blocked for one hour"
			}
			return no
		}, nil, 75 * time.Minute, 0, 0},
		{"more connections than three hang", func() func(odd) string {
			return func(o odd) string {
				if o.Stage == smtptest.Greeting && o.Conn > 3 && o.after < time.Minute {
					return smtptest.Hang
				}
				return no
			}
		}(), nil, 11 * time.Minute, 0, 0},
		{"SIZE is offered and not known", func(o odd) string {
			if o.Stage == smtptest.Mail && strings.Contains(o.Line, "SIZE=") {
				return "555 5.5.4 Unsupported option: SIZE"
			}
			return no
		}, nil, time.Minute, 0, 0},
		{"RSET closes the connection", func(o odd) string {
			switch {
			case o.Stage == smtptest.Rset:
				return "221 2.0.0 bye"
			case o.Stage == smtptest.Rcpt && o.first && o.n%3 == 0:
				return "450 4.2.0 greylisted"
			}
			return no
		}, nil, 20 * time.Minute, 0, 0},
		{"a refused message ends the connection", each(6, smtptest.Dot, "421 4.3.0 scanner unavailable"), nil, time.Minute, 0, 0},
		{"451 after each message of a domain for an hour", func(o odd) string {
			if o.Stage == smtptest.Dot && strings.HasSuffix(o.To, "@host4.example.org") && o.after < time.Hour {
				return "451 4.7.1 Message temporarily rejected, come back later"
			}
			return no
		}, nil, 3 * time.Hour, 0, 0},
		{"too busy from time to time", each(9, smtptest.Mail, "451 Sorry, too busy. Try again later."), nil, 15 * time.Second, 0, 0},
		{"busy from time to time, told at RCPT", each(9, smtptest.Rcpt, "451 4.3.2 System load too high"), nil, 15 * time.Second, 0, 0},
		{"451 and no words from time to time", each(9, smtptest.Mail, "451"), nil, 15 * time.Second, 0, 0},
		{"TLS that breaks under the data", each(8, smtptest.Body, smtptest.Cut), nil, time.Minute, 0, 0},
		{"451 in the middle of the data", func(o odd) string {
			if o.Stage == smtptest.Body && o.n == 20 {
				return "451 4.3.0 queue write error"
			}
			return no
		}, nil, 20 * time.Minute, 0, 0},
		{"an account that is disabled for two hours", func(o odd) string {
			if o.Stage == smtptest.Dot && o.after > 2*time.Second && o.after < 2*time.Hour {
				return "550 message sending for this account is disabled"
			}
			return no
		}, nil, 135 * time.Minute, 0, 0},
		{"an account that is suspended for two hours, told after the message", func(o odd) string {
			if o.Stage == smtptest.Dot && o.after > 2*time.Second && o.after < 2*time.Hour {
				return "550 5.2.1 Your account has been suspended, contact support"
			}
			return no
		}, nil, 135 * time.Minute, 0, 0},
		{"the same, told at RCPT", func(o odd) string {
			if o.Stage == smtptest.Rcpt && o.after > 2*time.Second && o.after < 2*time.Hour {
				return "550 5.7.0 Your account has been disabled"
			}
			return no
		}, nil, 135 * time.Minute, 0, 0},
		{"a verdict of spam on the account for an hour", func(o odd) string {
			if o.Stage == smtptest.Dot && o.after > 2*time.Second && o.after < time.Hour {
				return "554 5.2.0 STOREDRV.Submission.Exception:OutboundSpamException; Actual verdict is Suspend"
			}
			return no
		}, nil, 75 * time.Minute, 0, 0},
		{"80 in a day, told at DATA as a limit of a client", taken(smtptest.Data, 80, 5*time.Hour, "554 5.7.1 <DATA>: Data command rejected: limit of 80 rcpts per 5 hours for client news@example.org reached"), nil, 11 * time.Hour, 0, 0},
		{"policyd's quota of 30 in ten minutes, for good", taken(smtptest.Rcpt, 30, 10*time.Minute, "554 5.7.1 <news@example.org>: Sender address rejected: Quota exceeded"), nil, 70 * time.Minute, 0, 0},
		{"OpenSMTPD's hundred a session, told at MAIL", func(o odd) string {
			if o.Stage == smtptest.Mail && o.Message > 10 {
				return "452 4.5.3 Too many messages sent: Too many messages sent"
			}
			return no
		}, nil, time.Minute, 0, 24},
		{"Haraka's three at once, told at MAIL", func() func(odd) string {
			open := map[int]bool{}
			var mu sync.Mutex
			return func(o odd) string {
				mu.Lock()
				defer mu.Unlock()
				switch {
				case o.Stage == smtptest.Mail && !open[o.Conn] && len(open) >= 3:
					return "450 Too many concurrent connections"
				case o.Stage == smtptest.Mail:
					open[o.Conn] = true
				case o.Stage == smtptest.Quit:
					delete(open, o.Conn)
				}
				return no
			}
		}(), nil, 2 * time.Minute, 0, 0},
		{"QQ's connections, told at the greeting for a minute", func(o odd) string {
			if o.Stage == smtptest.Greeting && o.n > 2 && o.after < time.Minute {
				return "550 Connection frequency limited"
			}
			return no
		}, nil, 5 * time.Minute, 0, 0},
		{"no mail for anybody but oneself, before the account is checked, for three hours", func(o odd) string {
			if o.Stage == smtptest.Rcpt && o.after < 3*time.Hour {
				return "450 You can only send testing emails to your own email address, please verify a domain"
			}
			return no
		}, nil, 210 * time.Minute, 0, 0},
		{"cannot deliver, said of everybody for an hour", func(o odd) string {
			if o.Stage == smtptest.Rcpt && o.after > 2*time.Second && o.after < time.Hour {
				return "550 I cannot deliver mail for " + strings.TrimPrefix(o.Line, "RCPT TO:")
			}
			return no
		}, nil, 75 * time.Minute, 0, 0},
		{"a monthly quota, told with the code of a full mailbox", func(o odd) string {
			if o.Stage == smtptest.Rcpt && o.after > 2*time.Second && o.after < 6*time.Hour {
				return "452 4.2.2 Quota exceeded for the current period"
			}
			return no
		}, nil, 7 * time.Hour, 0, 0},
		{"the answer to DATA takes three minutes", func(o odd) string {
			if o.Stage == smtptest.Data && o.n%50 == 0 {
				time.Sleep(3 * time.Minute)
			}
			return no
		}, nil, 15 * time.Minute, 0, 0},
		{"QUIT is never answered", func(o odd) string {
			switch {
			case o.Stage == smtptest.Quit:
				return smtptest.Hang
			case o.Stage == smtptest.Mail && o.Message > 15:
				return "421 4.7.0 Max message per connection reached, closing transmission channel"
			}
			return no
		}, nil, 2 * time.Minute, 0, 0},
		{"503 after a refusal without RSET", func() func(odd) string {
			var mu sync.Mutex
			open := map[int]bool{}
			return func(o odd) string {
				mu.Lock()
				defer mu.Unlock()
				switch o.Stage {
				case smtptest.Mail:
					if open[o.Conn] {
						return "503 5.5.0 SMTP protocol violation: A mail transaction is already in progress"
					}
					open[o.Conn] = true
				case smtptest.Rcpt:
					if o.first && o.n%4 == 0 {
						return "450 4.2.0 greylisted"
					}
				case smtptest.Rset, smtptest.Dot:
					delete(open, o.Conn)
				}
				return no
			}
		}(), nil, 20 * time.Minute, 0, 0},
		{"blocked for ten minutes after 60 in a minute", func() func(odd) string {
			var mu sync.Mutex
			w := window{span: time.Minute, most: 60}
			var until time.Time
			return func(o odd) string {
				mu.Lock()
				defer mu.Unlock()
				if o.Stage != smtptest.Mail {
					return no
				}
				if o.now.Before(until) {
					return "554 5.7.1 You are sending too fast; blocked for ten minutes"
				}
				full := w.full(o.now)
				if w.n++; full {
					until = o.now.Add(10 * time.Minute)
					return "554 5.7.1 You are sending too fast; blocked for ten minutes"
				}
				return no
			}
		}(), nil, 50 * time.Minute, 0, 0},
		{"a proxy whose backend is away, told at RCPT for ten minutes", func(o odd) string {
			if o.Stage == smtptest.Rcpt && o.after > 2*time.Second && o.after < 10*time.Minute {
				return "451 4.4.1 backend connection timed out"
			}
			return no
		}, nil, 30 * time.Minute, 0, 0},
	})
}
