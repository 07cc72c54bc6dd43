package smtp

import (
	"bufio"
	"context"
	"crypto/x509"
	"encoding/base64"
	"errors"
	"fmt"
	"net"
	"slices"
	"strings"
	"testing"
	"time"

	"digestd/mailer/message"
	"digestd/mailer/smtp/smtptest"
)

func to(s *smtptest.Server) *Server {
	return &Server{Host: "127.0.0.1", Port: s.Port, TLS: TLSNone, Auth: "auto", HelloName: "client.example.org",
		DialTimeout: time.Hour, ReplyTimeout: time.Hour, Dialer: s.Dial}
}

func dial(t *testing.T, s *Server) *Conn {
	t.Helper()
	c, err := s.Dial(context.Background())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(c.Close)
	return c
}

func always() bool { return true }

var (
	anEnvelope = message.Envelope{From: "bounce@example.org", To: "ana@example.org", ID: "1"}
	aMessage   = []byte("Subject: News\r\n\r\nNews.\r\n")
)

func TestSend(t *testing.T) {
	for _, extensions := range [][]string{{"PIPELINING", "SIZE 1000000", "SMTPUTF8"}, nil} {
		server := smtptest.Start(t, nil, func(s *smtptest.Server) { s.Extensions = extensions })
		c := dial(t, to(server))
		for range 3 {
			if r := c.Send(anEnvelope, aMessage, always); !r.Accepted() || r.Words != "2.0.0 queued as AAAAAAAAAA" || r.Status != "2.0.0" || !c.Usable() {
				t.Fatalf("%v, usable %v", r, c.Usable())
			}
		}
		dots := []byte(".\r\n..\r\n.x\r\nend\r\n")
		if r := c.Send(anEnvelope, dots, always); !r.Accepted() {
			t.Fatal(r)
		}
		c.Close()
		taken := server.Taken()
		if len(taken) != 4 || string(taken[0].Raw) != string(aMessage) || string(taken[3].Raw) != string(dots) || taken[0].To != "ana@example.org" {
			t.Fatalf("taken %+q", taken)
		}
		want := "FROM:<bounce@example.org>"
		if extensions != nil {
			want += fmt.Sprintf(" SIZE=%d", len(aMessage))
		}
		if taken[0].From != want {
			t.Errorf("MAIL %s, want %s", taken[0].From, want)
		}
		commands := server.Commands()
		if commands[0] != "EHLO client.example.org" || commands[len(commands)-1] != "QUIT" || slices.Contains(commands, "RSET") {
			t.Errorf("commands %q", commands)
		}
	}
}

func TestARefusedMessageLeavesTheConnectionClean(t *testing.T) {
	for _, extensions := range [][]string{{"PIPELINING"}, nil} {
		server := smtptest.Start(t, func(s smtptest.Moment) string {
			if s.Stage == smtptest.Rcpt && strings.Contains(s.Line, "nobody@") {
				return "550-5.1.1 no such user here:\r\n550 5.1.1 nobody"
			}
			return smtptest.Default
		}, func(s *smtptest.Server) { s.Extensions = extensions })
		c := dial(t, to(server))
		r := c.Send(message.Envelope{From: "b@example.org", To: "nobody@example.org"}, aMessage, always)
		if r.Stage != Rcpt || r.Code != 550 || r.Status != "5.1.1" || r.Words != "5.1.1 no such user here: 5.1.1 nobody" || !c.Usable() {
			t.Fatalf("%+v", r)
		}
		if r := c.Send(anEnvelope, aMessage, always); !r.Accepted() {
			t.Fatal(r)
		}
		if !slices.Contains(server.Commands(), "RSET") {
			t.Errorf("the open transaction was not reset: %q", server.Commands())
		}
	}
}

// TestADotNeverFollowsHalfABody cuts and hangs the connection inside the body and looks what came.
func TestADotNeverFollowsHalfABody(t *testing.T) {
	big := []byte("Subject: News\r\n\r\n" + strings.Repeat("A line of news.\r\n", 2_000_000))
	server := smtptest.Start(t, func(s smtptest.Moment) string {
		if s.Stage == smtptest.Body {
			return smtptest.Cut
		}
		return smtptest.Default
	}, func(s *smtptest.Server) { s.Extensions = []string{"PIPELINING", "SIZE 0"} })
	c := dial(t, to(server))
	r := c.Send(anEnvelope, big, always)
	if r.Err == nil || r.Code != 0 || c.Usable() {
		t.Fatalf("%+v, usable %v", r, c.Usable())
	}
	if r.Stage != Body {
		t.Errorf("32 MB were cut at stage %s", r.Stage)
	}
	c.Close()
	server.Stop()
	if len(server.Taken()) != 0 || server.Halves() != 1 {
		t.Errorf("taken %d, halves %d", len(server.Taken()), server.Halves())
	}
}

// TestWithoutLeaveThereIsNoDot asks for leave when all of the text has come, and gets none.
func TestWithoutLeaveThereIsNoDot(t *testing.T) {
	here := make(chan struct{})
	server := smtptest.Start(t, func(s smtptest.Moment) string {
		if s.Stage == smtptest.Body {
			close(here)
		}
		return smtptest.Default
	}, nil)
	c := dial(t, to(server))
	r := c.Send(anEnvelope, aMessage, func() bool { <-here; return false })
	if r.Stage != Body || !errors.Is(r.Err, ErrHeldBack) || r.Code != 0 || c.Usable() {
		t.Errorf("%+v, usable %v", r, c.Usable())
	}
	c.Close()
	server.Stop()
	if len(server.Taken()) != 0 || server.Halves() != 1 {
		t.Errorf("taken %d, halves %d", len(server.Taken()), server.Halves())
	}
}

func TestNobodyIsAskedForLeaveOfARefusedMessage(t *testing.T) {
	server := smtptest.Start(t, func(s smtptest.Moment) string {
		if s.Stage == smtptest.Rcpt {
			return "450 4.2.0 greylisted"
		}
		return smtptest.Default
	}, nil)
	c := dial(t, to(server))
	if r := c.Send(anEnvelope, aMessage, func() bool { t.Error("asked"); return true }); r.Code != 450 || !c.Usable() {
		t.Errorf("%+v", r)
	}
}

func TestAServerThatTakesDataWithoutARecipientGetsNone(t *testing.T) {
	server := smtptest.Start(t, func(s smtptest.Moment) string {
		switch s.Stage {
		case smtptest.Rcpt:
			return "550 5.1.1 no"
		case smtptest.Data:
			return "354 go ahead anyway"
		}
		return smtptest.Default
	}, nil)
	c := dial(t, to(server))
	if r := c.Send(anEnvelope, aMessage, always); r.Stage != Rcpt || r.Code != 550 || c.Usable() {
		t.Errorf("%+v, usable %v", r, c.Usable())
	}
	server.Stop()
	if len(server.Taken()) != 0 {
		t.Error("an empty message was sent")
	}
}

func TestAddressesBeyondASCII(t *testing.T) {
	utf8 := message.Envelope{From: "b@example.org", To: "δοκιμή@example.org", UTF8: true}
	server := smtptest.Start(t, nil, func(s *smtptest.Server) { s.Extensions = []string{"SMTPUTF8", "8BITMIME"} })
	c := dial(t, to(server))
	if r := c.Send(utf8, aMessage, always); !r.Accepted() {
		t.Error(r)
	}
	if r := c.Send(anEnvelope, aMessage, always); !r.Accepted() {
		t.Error(r)
	}
	if taken := server.Taken(); !strings.HasSuffix(taken[0].From, " SMTPUTF8") || taken[1].From != "FROM:<bounce@example.org>" {
		t.Errorf("MAIL %q", taken)
	}
	plain := smtptest.Start(t, nil, nil)
	c = dial(t, to(plain))
	if r := c.Send(utf8, aMessage, always); r.Code != 553 || r.Stage != Rcpt || !c.Usable() {
		t.Errorf("%+v", r)
	}
	if r := c.Send(message.Envelope{From: "b@example.org", To: "a@example.org>\r\nRCPT TO:<x@example.org"}, aMessage, always); r.Code != 553 || !c.Usable() {
		t.Errorf("%+v", r)
	}
	if n := len(plain.Commands()); n != 1 {
		t.Errorf("something was said: %q", plain.Commands())
	}
}

func TestTLS(t *testing.T) {
	good, trusted := smtptest.Certificate(t, time.Now().Add(time.Hour))
	expired, trustedExpired := smtptest.Certificate(t, time.Now().Add(-time.Hour))
	for _, c := range []struct {
		name, mode string
		server     func(*smtptest.Server)
		roots      *x509.CertPool
		stage      Stage
		words      string
	}{
		{"starttls", TLSStart, func(s *smtptest.Server) { s.TLS, s.Extensions = good, []string{"STARTTLS"} }, trusted, "", ""},
		{"implicit", TLSImplicit, func(s *smtptest.Server) { s.TLS, s.Implicit = good, true }, trusted, "", ""},
		{"starttls missing", TLSStart, func(s *smtptest.Server) {}, trusted, StartTLS, "does not offer STARTTLS"},
		{"unknown authority", TLSStart, func(s *smtptest.Server) { s.TLS, s.Extensions = good, []string{"STARTTLS"} }, x509.NewCertPool(), StartTLS, "unknown authority"},
		{"expired", TLSStart, func(s *smtptest.Server) { s.TLS, s.Extensions = expired, []string{"STARTTLS"} }, trustedExpired, StartTLS, "expired"},
		{"implicit expired", TLSImplicit, func(s *smtptest.Server) { s.TLS, s.Implicit = expired, true }, trustedExpired, Connect, "expired"},
		{"implicit against plain", TLSImplicit, func(s *smtptest.Server) {}, trusted, Connect, ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			server := smtptest.Start(t, nil, c.server)
			s := to(server)
			s.TLS, s.Roots = c.mode, c.roots
			conn, err := s.Dial(context.Background())
			if c.stage != "" {
				var refusal *Refusal
				if !errors.As(err, &refusal) || refusal.Stage != c.stage || !strings.Contains(err.Error(), c.words) {
					t.Errorf("%v", err)
				}
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			defer conn.Close()
			if r := conn.Send(anEnvelope, aMessage, always); !r.Accepted() {
				t.Error(r)
			}
		})
	}
}

func TestLogin(t *testing.T) {
	const secret = "s3cret-passw0rd"
	plain := base64.StdEncoding.EncodeToString([]byte("\x00digest\x00" + secret))
	for _, c := range []struct {
		name, auth, offered, answer string
		command, words              string
	}{
		{"plain", "auto", "AUTH PLAIN LOGIN", "", "AUTH PLAIN " + plain, ""},
		{"login", "login", "AUTH PLAIN LOGIN", "", "AUTH LOGIN", ""},
		{"the best", "auto", "AUTH LOGIN PLAIN CRAM-MD5", "", "AUTH CRAM-MD5", ""},
		{"not offered", "scram-sha-256", "AUTH PLAIN", "", "", "offers AUTH PLAIN"},
		{"none offered", "auto", "SIZE 1", "", "", "does not offer AUTH"},
		{"refused", "plain", "AUTH PLAIN", "535 5.7.8 bad login for " + secret + " " + plain, "AUTH PLAIN " + plain, "535 5.7.8 bad login for [password] [password]"},
		{"refused without padding", "plain", "AUTH PLAIN", "535 5.7.8 bad login for " + strings.TrimRight(plain, "="), "AUTH PLAIN " + plain, "535 5.7.8 bad login for [password]"},
		{"echoed", "plain", "AUTH PLAIN", "AUTH PLAIN " + plain, "AUTH PLAIN " + plain, "its words are left out"},
		{"echoed after half a code", "plain", "AUTH PLAIN", "53 " + secret, "AUTH PLAIN " + plain, "its words are left out"},
	} {
		t.Run(c.name, func(t *testing.T) {
			server := smtptest.Start(t, func(s smtptest.Moment) string {
				if s.Stage == smtptest.Auth {
					return c.answer
				}
				return smtptest.Default
			}, func(s *smtptest.Server) { s.Extensions = []string{c.offered} })
			s := to(server)
			s.Username, s.Password, s.Auth = "digest", secret, c.auth
			conn, err := s.Dial(context.Background())
			if err == nil {
				conn.Close()
			}
			if c.words != "" {
				var refusal *Refusal
				if !errors.As(err, &refusal) || refusal.Stage != Auth || !strings.Contains(err.Error(), c.words) {
					t.Errorf("%v", err)
				}
			} else if err != nil {
				t.Error(err)
			}
			if err != nil && (strings.Contains(err.Error(), secret) || strings.Contains(err.Error(), plain)) {
				t.Errorf("the password is in the error: %v", err)
			}
			if c.command != "" && !slices.ContainsFunc(server.Commands(), func(l string) bool { return strings.HasPrefix(l, c.command) }) {
				t.Errorf("commands %q", server.Commands())
			}
		})
	}
}

// TestThePasswordIsInNoAnswer has a server repeat the password after the login.
func TestThePasswordIsInNoAnswer(t *testing.T) {
	const secret = "s3cret-passw0rd"
	server := smtptest.Start(t, func(s smtptest.Moment) string {
		if s.Stage == smtptest.Mail {
			return "535 5.7.8 the session of digest/" + secret + " has ended"
		}
		return smtptest.Default
	}, func(s *smtptest.Server) { s.Extensions = []string{"AUTH PLAIN"} })
	s := to(server)
	s.Username, s.Password = "digest", secret
	if r := dial(t, s).Send(anEnvelope, aMessage, always); r.Code != 535 || r.Words != "5.7.8 the session of digest/[password] has ended" {
		t.Errorf("%+v", r)
	}
}

// elsewhere is a connection that says it leads to another machine.
type elsewhere struct{ net.Conn }

func (elsewhere) RemoteAddr() net.Addr { return &net.TCPAddr{IP: net.IPv4(192, 0, 2, 1), Port: 25} }

func TestThePasswordLeavesThisMachineOnlyEncrypted(t *testing.T) {
	server := smtptest.Start(t, nil, func(s *smtptest.Server) { s.Extensions = []string{"AUTH PLAIN LOGIN"} })
	s := to(server)
	s.Username, s.Password = "digest", "s3cret"
	s.Dialer = func(ctx context.Context, network, address string) (net.Conn, error) {
		c, err := (&net.Dialer{}).DialContext(ctx, network, address)
		return elsewhere{c}, err
	}
	var refusal *Refusal
	if _, err := s.Dial(context.Background()); !errors.As(err, &refusal) || refusal.Stage != Auth || !strings.Contains(err.Error(), "not encrypted") {
		t.Errorf("%v", err)
	}
	for _, line := range server.Commands() {
		if strings.HasPrefix(line, "AUTH") {
			t.Errorf("said %q", line)
		}
	}
}

func TestDialEnds(t *testing.T) {
	server := smtptest.Start(t, func(s smtptest.Moment) string { return smtptest.Hang }, nil)
	s := to(server)
	s.ReplyTimeout, s.Dialer = 50*time.Millisecond, func(_ context.Context, network, address string) (net.Conn, error) {
		return net.Dial(network, address) // whatever the pace, it is the greeting that does not come in time
	}
	var refusal *Refusal
	if _, err := s.Dial(context.Background()); !errors.As(err, &refusal) || refusal.Stage != Greeting || !strings.Contains(refusal.Words, "no answer in time") {
		t.Errorf("%v", err)
	}
	s.ReplyTimeout = time.Hour
	ctx, cancel := context.WithCancel(context.Background())
	time.AfterFunc(20*time.Millisecond, cancel)
	if _, err := s.Dial(ctx); err == nil {
		t.Error("dialled a server that says nothing")
	}
	server.Stop()
	if _, err := s.Dial(context.Background()); !errors.As(err, &refusal) || refusal.Stage != Connect {
		t.Errorf("%v", err)
	}
}

func TestReadReply(t *testing.T) {
	for in, want := range map[string]Reply{
		"250 2.0.0 Ok: queued as 4XyZ\r\n":          {Code: 250, Status: "2.0.0", Words: "2.0.0 Ok: queued as 4XyZ"},
		"250\r\n":                                   {Code: 250},
		"250-a\r\n250-b\r\n250 c\r\n":               {Code: 250, Words: "a b c"},
		"550 5.7.1 no\n":                            {Code: 550, Status: "5.7.1", Words: "5.7.1 no"},
		"550 4.7.1 another class\r\n":               {Code: 550, Words: "4.7.1 another class"},
		"550 \x1b[31mred\xff\u202e\r\n":             {Code: 550, Words: "[31mredÿ"},
		"450 Bo\xeete pleine\r\n":                   {Code: 450, Words: "Boîte pleine"},
		"\r\n250OK\r\n":                             {Code: 250, Words: "OK"},
		"250\tok\r\n":                               {Code: 250, Words: "ok"},
		"550-a\r\n554 5.7.1 b\r\n":                  {Code: 554, Words: "a 5.7.1 b"},
		"451 " + strings.Repeat("x", 1000) + "\r\n": {Code: 451, Words: strings.Repeat("x", 297) + "…"},
	} {
		got, err := readReply(bufio.NewReader(strings.NewReader(in)))
		if err != nil || got != want {
			t.Errorf("%q: %+v, %v", in, got, err)
		}
	}
	for _, in := range []string{"", "25", "2500 x\r\n", "hello\r\n", "\r\n", "150 x\r\n", "250-a\r\n551 b\r\n", "250-a\r\n",
		"250 " + strings.Repeat("x", 5000) + "\r\n", strings.Repeat("250-x\r\n", 200) + "250 x\r\n", "250 cut"} {
		if got, err := readReply(bufio.NewReader(strings.NewReader(in))); err == nil {
			t.Errorf("%.40q was read as %+v", in, got)
		}
	}
}

// TestOutOfStep has a server say more than it is asked for, and refuse what it offers.
func TestOutOfStep(t *testing.T) {
	for _, c := range []struct {
		name   string
		answer func(smtptest.Moment) string
		words  string // of the second message over a connection; empty: it is taken
	}{
		{"thanks", func(m smtptest.Moment) string {
			return map[string]string{smtptest.Dot: "250 queued\r\n250 thanks"}[m.Stage]
		}, "mail: the server said more than its answer to the last message: 250 thanks"},
		{"closes at once", func(m smtptest.Moment) string {
			return map[string]string{smtptest.Dot: "250 queued\r\n421 4.7.0 closing"}[m.Stage]
		}, "mail: 421 4.7.0 closing"},
		{"does not know SIZE", func(m smtptest.Moment) string {
			if m.Stage == smtptest.Mail && strings.Contains(m.From, "SIZE=") {
				return "555 5.5.4 Unsupported option: SIZE"
			}
			return smtptest.Default
		}, ""},
		{"knows no option", func(m smtptest.Moment) string { return map[string]string{smtptest.Mail: "555 5.5.4 no"}[m.Stage] }, "mail: 555 5.5.4 no"},
	} {
		server := smtptest.Start(t, c.answer, nil)
		conn := dial(t, to(server))
		first, r := conn.Send(anEnvelope, aMessage, always), conn.Send(anEnvelope, aMessage, always)
		if c.words == "" && !(first.Accepted() && r.Accepted()) || c.words != "" && r.String() != c.words {
			t.Errorf("%s: %v, then %v", c.name, first, r)
		}
	}
}

func FuzzReadReply(f *testing.F) {
	f.Add("250-2.0.0 a\r\n250 b\r\n")
	f.Fuzz(func(t *testing.T, in string) {
		r, err := readReply(bufio.NewReader(strings.NewReader(in)))
		if err != nil {
			return
		}
		if r.Code < 200 || r.Code > 599 || len(r.Words) > maxWords || strings.ContainsAny(r.Words, "\r\n\x1b") {
			t.Errorf("%+v", r)
		}
	})
}
