package mailer

import (
	"bytes"
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"hash/fnv"
	"io"
	"net"
	"net/mail"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/emersion/go-msgauth/dkim"
	"github.com/emersion/go-sasl"
	gosmtp "github.com/emersion/go-smtp"

	"digestd/digest"
	own "digestd/mailer/dkim"
	"digestd/mailer/message"
	"digestd/mailer/smtp"
	"digestd/mailer/smtp/smtptest"
)

// postOffice is a real SMTP server that wants TLS and a login.
type postOffice struct {
	mu    sync.Mutex
	inbox map[string][][]byte
}

type counter struct {
	office   *postOffice
	loggedIn bool
	to       string
}

func (o *postOffice) NewSession(*gosmtp.Conn) (gosmtp.Session, error) {
	return &counter{office: o}, nil
}

func (c *counter) AuthMechanisms() []string { return []string{sasl.Plain} }
func (c *counter) Auth(string) (sasl.Server, error) {
	return sasl.NewPlainServer(func(_, username, password string) error {
		if username != "digest" || password != "s3cret" {
			return errors.New("wrong")
		}
		c.loggedIn = true
		return nil
	}), nil
}
func (c *counter) Mail(string, *gosmtp.MailOptions) error {
	if !c.loggedIn {
		return &gosmtp.SMTPError{Code: 530, EnhancedCode: gosmtp.EnhancedCode{5, 7, 0}, Message: "log in first"}
	}
	return nil
}
func (c *counter) Rcpt(to string, _ *gosmtp.RcptOptions) error { c.to = to; return nil }
func (c *counter) Reset()                                      { c.to = "" }
func (c *counter) Logout() error                               { return nil }
func (c *counter) Data(r io.Reader) error {
	raw, err := io.ReadAll(r)
	if err != nil {
		return err
	}
	c.office.mu.Lock()
	defer c.office.mu.Unlock()
	c.office.inbox[c.to] = append(c.office.inbox[c.to], raw)
	return nil
}

// TestFullStack delivers over TLS, with a login and a signature, from a ledger on disk.
func TestFullStack(t *testing.T) {
	secure, roots := smtptest.Certificate(t, time.Now().Add(time.Hour))
	office := &postOffice{inbox: map[string][][]byte{}}
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	server := gosmtp.NewServer(office)
	server.Domain = "mail.example.org"
	server.TLSConfig = secure
	served := make(chan struct{})
	go func() { defer close(served); server.Serve(listener) }()
	t.Cleanup(func() { server.Close(); <-served })

	secret, _, err := own.Generate("ed25519", rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	signer, err := own.NewSigner("example.org", "digest", secret)
	if err != nil {
		t.Fatal(err)
	}
	const readers = 30
	l, job := onDisk(t, t.TempDir(), readers, signedTemplate(t, 4000, signer.ID()))
	t.Cleanup(func() { l.Close() })
	job.Signer = signer
	to := &smtp.Server{Host: "127.0.0.1", Port: listener.Addr().(*net.TCPAddr).Port, TLS: smtp.TLSStart, Roots: roots, Username: "digest", Password: "wrong",
		Auth: "auto", DialTimeout: 10 * time.Second, ReplyTimeout: 10 * time.Second}
	o := defaults
	s, err := New(o, OverSMTP(to), l.Mail(), nil).Deliver(context.Background(), job)
	if err != nil || s.Sent != 0 || s.Failed != 0 || !strings.Contains(s.Paused, "(AUTH): ") || strings.Contains(s.Paused, "wrong") {
		t.Fatalf("with a wrong password: %+v, %v", s, err)
	}
	to.Password = "s3cret"
	if s, err = New(o, OverSMTP(to), l.Mail(), nil).Deliver(context.Background(), job); err != nil || s.Sent != readers || s.Owed() != 0 {
		t.Fatalf("%+v, %v", s, err)
	}
	record, err := own.Record(signer.Public())
	if err != nil {
		t.Fatal(err)
	}
	office.mu.Lock()
	defer office.mu.Unlock()
	for i := range readers {
		email := fmt.Sprintf("reader%d@example.org", i)
		if len(office.inbox[email]) != 1 {
			t.Errorf("%s got %d messages", email, len(office.inbox[email]))
			continue
		}
		raw := office.inbox[email][0]
		m, err := mail.ReadMessage(bytes.NewReader(raw))
		if err != nil {
			t.Fatal(err)
		}
		if a, err := m.Header.AddressList("To"); err != nil || a[0].Address != email || a[0].Name != fmt.Sprintf("Reader %d", i) {
			t.Errorf("To %v, %v", a, err)
		}
		results, err := dkim.VerifyWithOptions(bytes.NewReader(raw), &dkim.VerifyOptions{LookupTXT: func(string) ([]string, error) { return []string{record}, nil }})
		if err != nil || len(results) != 1 || results[0].Err != nil {
			t.Errorf("the signature of what %s got: %v, %v", email, results, err)
		}
	}
	st, err := l.Editions.Get(anEdition)
	if err != nil || !st.Complete {
		t.Errorf("%+v, %v", st, err)
	}
	if problems := l.Check(); len(problems) > 0 {
		t.Error(problems)
	}
}

// TestEverythingAtOnce is a bad day: a tenth greylisted, some unknown, some cut after the dot, a 421
// every 50 messages.
func TestEverythingAtOnce(t *testing.T) {
	const readers = 2000
	hash := func(s, salt string) uint32 {
		h := fnv.New32a()
		io.WriteString(h, salt+s)
		return h.Sum32()
	}
	fate := func(email string) string {
		switch n := hash(email, "fate") % 100; {
		case n < 2:
			return "unknown"
		case n < 12:
			return "greylisted"
		case n < 13:
			return "cut"
		}
		return ""
	}
	var mu sync.Mutex
	seen := map[string]int{}
	o := defaults
	o.Connections = 8
	r := newRig(t, readers, o, func(s smtptest.Moment) string {
		mu.Lock()
		defer mu.Unlock()
		switch s.Stage {
		case smtptest.Mail:
			if s.Message > 50 {
				return "421 4.7.0 that is enough for one connection"
			}
		case smtptest.Rcpt:
			email, _, _ := strings.Cut(strings.TrimPrefix(s.Line, "RCPT TO:<"), ">")
			seen[email]++
			switch fate(email) {
			case "unknown":
				return "550 5.1.1 unknown user"
			case "greylisted":
				if seen[email] < 3 {
					return "450 4.2.0 greylisted"
				}
			}
		case smtptest.Dot:
			if fate(s.To) == "cut" && seen[s.To] == 1 {
				if hash(s.To, "taken")>>9%2 == 0 {
					return smtptest.TakeAndCut
				}
				return smtptest.Cut
			}
		}
		return smtptest.Default
	})
	r.job.Templates = []*message.Template{template(t, 500)}
	r.options.MaxPerConnection = 0
	for i := range r.ledger.recipients { // many domains, so that unknown ones are believed
		r.ledger.recipients[i].Email = fmt.Sprintf("reader%d@host%d.example.org", i, i%97)
	}
	r.untilQuiet(t)
	copies := r.server.Copies()
	want := map[string]int{}
	extra := 0
	for i, to := range r.ledger.recipients {
		f := fate(to.Email)
		want[f]++
		state := r.ledger.event(i).State
		switch {
		case f == "unknown" && (state != digest.Failed || copies[to.Email] != 0):
			t.Errorf("%s is unknown, and %s with %d copies", to.Email, state, copies[to.Email])
		case f != "unknown" && (state != digest.Sent || copies[to.Email] == 0):
			t.Errorf("%s (%s) is %s with %d copies", to.Email, f, state, copies[to.Email])
		case f != "cut" && copies[to.Email] > 1:
			t.Errorf("%s (%s) got %d copies: %+v", to.Email, f, copies[to.Email], r.ledger.event(i))
		}
		extra += max(0, copies[to.Email]-1)
	}
	t.Logf("%v of %d; second copies %d; %s; %d connections", want, readers, extra, r.ledger.counts(), r.server.Connections())
	if len(r.ledger.suppressed) != want["unknown"] {
		t.Errorf("%d of %d unknown mailboxes are suppressed", len(r.ledger.suppressed), want["unknown"])
	}
}
