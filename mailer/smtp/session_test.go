package smtp

import (
	"context"
	"crypto/tls"
	"errors"
	"net"
	"strconv"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"digestd/mailer/message"
	"digestd/mailer/smtp/smtptest"
)

// TestKeywordsInAnyCase has servers write what they can do as RFC 5321 §4.1.1.1 lets them, and as old ones do.
func TestKeywordsInAnyCase(t *testing.T) {
	secure, roots := smtptest.Certificate(t, time.Now().Add(time.Hour))
	for _, extensions := range [][]string{
		{"starttls", "size 1000000", "auth plain login", "pipelining"}, {"StartTls", "Size 1000000", "Auth Plain"}, {"STARTTLS", "AUTH=PLAIN LOGIN", "SIZE 1000000"},
		{"STARTTLS", "SIZE 1000000", "AUTH LOGIN", "AUTH=PLAIN"},
	} {
		t.Run(strings.Join(extensions, ","), func(t *testing.T) {
			server := smtptest.Start(t, nil, func(s *smtptest.Server) { s.Extensions, s.TLS = extensions, secure })
			s := to(server)
			s.TLS, s.Roots, s.Username, s.Password, s.Auth, s.ReplyTimeout = TLSStart, roots, "digest", "geheim", "plain", time.Minute
			c := dial(t, s)
			if c.size != 1000000 {
				t.Errorf("SIZE is read as %d", c.size)
			}
			if r := c.Send(anEnvelope, aMessage, always); !r.Accepted() {
				t.Error(r)
			}
		})
	}
}

// TestQuestionsThatAreNotEncoded has a server ask for name and password in plain words: what it asks means nothing.
func TestQuestionsThatAreNotEncoded(t *testing.T) {
	server := smtptest.Start(t, func(s smtptest.Moment) string {
		return map[string]string{"AUTH LOGIN": "334 Username:", "ZGlnZXN0": "334 Password:", "Z2VoZWlt": "235 welcome"}[s.Line]
	}, func(s *smtptest.Server) { s.Extensions = []string{"AUTH LOGIN"} })
	s := to(server)
	s.Username, s.Password, s.Auth, s.ReplyTimeout = "digest", "geheim", "auto", time.Minute
	if r := dial(t, s).Send(anEnvelope, aMessage, always); !r.Accepted() {
		t.Error(r)
	}
}

// TestTheNextMechanism refuses some and lets others log in.
func TestTheNextMechanism(t *testing.T) {
	const offered = "AUTH CRAM-MD5 PLAIN LOGIN XOAUTH2"
	for _, c := range []struct {
		name, auth, offered string
		answers             map[string]string // by mechanism
		tried               string
		words               string // of the error; empty: it logs in
	}{
		{"the first is not known", "auto", offered, map[string]string{"CRAM-MD5": "504 5.5.4 unrecognized"}, "CRAM-MD5 PLAIN", ""},
		{"the first does not know the password", "auto", offered, map[string]string{"CRAM-MD5": "535 5.7.8 no such secret"}, "CRAM-MD5 PLAIN", ""},
		{"two do not", "auto", "AUTH CRAM-MD5 PLAIN", map[string]string{"CRAM-MD5": "504 5.5.4 unrecognized", "PLAIN": "535 5.7.8 wrong"}, "CRAM-MD5 PLAIN",
			"CRAM-MD5: 504 5.5.4 unrecognized; PLAIN: 535 5.7.8 wrong"},
		{"only one is offered", "auto", "AUTH PLAIN", map[string]string{"PLAIN": "535 5.7.8 wrong"}, "PLAIN", "535 5.7.8 wrong"},
		{"a token is left", "auto", "AUTH PLAIN XOAUTH2", map[string]string{"PLAIN": "535 5.7.139 basic authentication is disabled"}, "PLAIN",
			"535 5.7.139 basic authentication is disabled (the last was PLAIN; not tried: XOAUTH2)"},
		{"one is asked for", "cram-md5", offered, map[string]string{"CRAM-MD5": "535 5.7.8 wrong"}, "CRAM-MD5", "535 5.7.8 wrong"},
		{"too many logins", "auto", offered, map[string]string{"CRAM-MD5": "454 4.7.0 too many"}, "CRAM-MD5", "454 4.7.0 too many"},
		{"a token alone", "auto", "AUTH XOAUTH2", nil, "", "takes a token and no password"},
		{"tokens alone", "auto", "AUTH XOAUTH2 OAUTHBEARER", nil, "", "takes a token and no password"},
		{"nothing that is known", "auto", "AUTH GSSAPI", nil, "", "the server offers AUTH GSSAPI"},
	} {
		t.Run(c.name, func(t *testing.T) {
			server := smtptest.Start(t, func(s smtptest.Moment) string {
				if s.Stage != smtptest.Auth {
					return smtptest.Default
				}
				return c.answers[strings.Fields(s.Line)[1]]
			}, func(s *smtptest.Server) { s.Extensions = []string{c.offered} })
			s := to(server)
			s.Username, s.Password, s.Auth, s.ReplyTimeout = "digest", "geheim", c.auth, time.Minute
			conn, err := s.Dial(context.Background())
			if err == nil {
				conn.Close()
			}
			if (err == nil) != (c.words == "") || err != nil && !strings.Contains(err.Error(), c.words) {
				t.Errorf("%v", err)
			}
			var tried []string
			for _, line := range server.Commands() {
				if f := strings.Fields(line); f[0] == "AUTH" {
					tried = append(tried, f[1])
				}
			}
			if got := strings.Join(tried, " "); got != c.tried {
				t.Errorf("tried %s", got)
			}
		})
	}
}

// TestTheWrongPort speaks to servers that begin otherwise than the configuration says.
func TestTheWrongPort(t *testing.T) {
	secure, roots := smtptest.Certificate(t, time.Now().Add(time.Hour))
	plain := to(smtptest.Start(t, nil, nil))
	plain.TLS, plain.Roots = TLSImplicit, roots
	if _, err := plain.Dial(context.Background()); err == nil || !errors.As(err, new(tls.RecordHeaderError)) {
		t.Errorf("%v", err)
	}
	hidden := smtptest.Start(t, nil, func(s *smtptest.Server) { s.TLS, s.Implicit = secure, true })
	s := to(hidden)
	s.Dialer, s.Port, s.ReplyTimeout = (&to465{hidden}).dial, 465, 300*time.Millisecond
	if _, err := s.Dial(context.Background()); err == nil || !strings.Contains(err.Error(), "reply_timeout of [smtp]") {
		t.Errorf("%v", err)
	}
}

// TestAGreetingMayTakeFiveMinutes has a server think for as long as RFC 5321 §4.5.3.2.1 allows.
func TestAGreetingMayTakeFiveMinutes(t *testing.T) {
	for _, c := range []struct {
		takes time.Duration
		words string
	}{{4 * time.Minute, ""}, {6 * time.Minute, "reply_timeout of [smtp], 5m0s before the end of a message"}} {
		synctest.Test(t, func(t *testing.T) {
			server := smtptest.InMemory(t, func(s smtptest.Moment) string {
				if s.Stage == smtptest.Greeting {
					time.Sleep(c.takes)
				}
				return smtptest.Default
			}, nil)
			s := &Server{Host: "127.0.0.1", Port: 25, TLS: TLSNone, Auth: "auto", DialTimeout: 30 * time.Second, ReplyTimeout: 10 * time.Minute, Dialer: server.DialInMemory}
			conn, err := s.Dial(context.Background())
			if err == nil {
				conn.Close()
			}
			if (err == nil) != (c.words == "") || err != nil && !strings.Contains(err.Error(), c.words) {
				t.Errorf("after %v: %v", c.takes, err)
			}
		})
	}
}

// TestNothingIsBelievedFromBeforeTLS has somebody between put an answer after that to STARTTLS.
func TestNothingIsBelievedFromBeforeTLS(t *testing.T) {
	secure, roots := smtptest.Certificate(t, time.Now().Add(time.Hour))
	server := smtptest.Start(t, func(s smtptest.Moment) string {
		if s.Stage == smtptest.StartTLS {
			return "220 go ahead\r\n250-injected\r\n250 AUTH PLAIN"
		}
		return smtptest.Default
	}, func(s *smtptest.Server) { s.Extensions, s.TLS = []string{"STARTTLS"}, secure })
	s := to(server)
	s.TLS, s.Roots, s.ReplyTimeout = TLSStart, roots, time.Minute
	var refusal *Refusal
	if _, err := s.Dial(context.Background()); !errors.As(err, &refusal) || refusal.Stage != StartTLS {
		t.Errorf("%v", err)
	}
}

// TestAMessageBeyondSIZEIsNotBegun holds the limit that the server names against each message.
func TestAMessageBeyondSIZEIsNotBegun(t *testing.T) {
	for size, sent := range map[string]bool{"SIZE 1000": false, "SIZE 100000": true, "SIZE 0": true, "SIZE": true, "SIZE many": true} {
		server := smtptest.Start(t, nil, func(s *smtptest.Server) { s.Extensions = []string{"PIPELINING", size} })
		s := to(server)
		s.ReplyTimeout = time.Minute
		r := dial(t, s).Send(anEnvelope, []byte("Subject: x\r\n\r\n"+strings.Repeat("A line of news.\r\n", 120)), always)
		if sent && !r.Accepted() || !sent && (!errors.Is(r.Err, ErrTooBig) || !strings.Contains(r.Words, "takes 1000")) {
			t.Errorf("%s: %v", size, r)
		}
	}
}

// TestWhetherMailWouldBeTaken asks without sending any.
func TestWhetherMailWouldBeTaken(t *testing.T) {
	server := smtptest.Start(t, func(s smtptest.Moment) string {
		if s.Stage == smtptest.Rcpt && strings.Contains(s.Line, "nobody@") {
			return "504 5.5.2 <vm>: Helo command rejected"
		}
		return smtptest.Default
	}, nil)
	for to465, want := range map[string]int{"a@example.org": 250, "nobody@example.org": 504} {
		s := to(server)
		s.ReplyTimeout = time.Minute
		c := dial(t, s)
		if r := c.Probe("digest@example.org", to465); r.Code != want || r.Stage != Rcpt {
			t.Errorf("%s: %v", to465, r)
		}
		if r := c.Send(message.Envelope{From: "a@example.org", To: "b@example.org"}, aMessage, always); !r.Accepted() {
			t.Errorf("after the question: %v", r)
		}
	}
	if n := len(server.Taken()); n != 2 {
		t.Errorf("%d messages", n)
	}
}

// to465 dials a server whatever port is named.
type to465 struct{ *smtptest.Server }

func (d *to465) dial(ctx context.Context, network, _ string) (net.Conn, error) {
	return (&net.Dialer{}).DialContext(ctx, network, net.JoinHostPort("127.0.0.1", strconv.Itoa(d.Port)))
}
