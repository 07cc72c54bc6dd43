package mailbox

import (
	"bytes"
	"context"
	"crypto/tls"
	"encoding/pem"
	"errors"
	"fmt"
	"io"
	"log"
	"net"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/emersion/go-imap/v2"
	"github.com/emersion/go-imap/v2/imapserver"
	"github.com/emersion/go-imap/v2/imapserver/imapmemserver"

	"digestd/mailer/smtp/smtptest"
)

// post is a mail server with one mailbox in memory.
type post struct {
	t      *testing.T
	user   *imapmemserver.User
	box    *Box
	mu     sync.Mutex
	said   []string                     // commands of the clients
	breaks func(line string) (cut bool) // the connection is cut before the server hears the line
}

const password = "s3same"

// now is when the messages of the tests arrived.
var now = time.Date(2026, 11, 28, 12, 0, 0, 0, time.UTC)

// open starts a server that knows some capabilities; nil: IMAP4rev1 with MOVE.
func open(t *testing.T, caps imap.CapSet, startTLS bool) *post {
	t.Helper()
	p := &post{t: t, user: imapmemserver.NewUser("wire", password)}
	p.make("INBOX")
	memory := imapmemserver.New()
	memory.AddUser(p.user)
	config, _ := smtptest.Certificate(t, time.Now().Add(time.Hour))
	if caps == nil {
		caps = imap.CapSet{imap.CapIMAP4rev1: {}, imap.CapMove: {}, imap.CapUIDPlus: {}, imap.CapNamespace: {}}
	}
	options := &imapserver.Options{Caps: caps, TLSConfig: config, InsecureAuth: !startTLS, Logger: log.New(io.Discard, "", 0),
		NewSession: func(*imapserver.Conn) (imapserver.Session, *imapserver.GreetingData, error) {
			return memory.NewSession(), nil, nil
		}}
	server := imapserver.New(options)
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	var serving net.Listener = watched{l, p}
	if !startTLS {
		serving = watched{tls.NewListener(l, config), p}
	}
	done := make(chan struct{})
	go func() { server.Serve(serving); close(done) }()
	t.Cleanup(func() { server.Close(); <-done })
	p.box = New(Settings{Host: "127.0.0.1", Port: l.Addr().(*net.TCPAddr).Port, StartTLS: startTLS, Username: "wire", Password: password,
		Mailbox: "INBOX", Folder: "digestd",
		Roots: string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: config.Certificates[0].Certificate[0]}))},
		func() time.Time { return now })
	return p
}

// watched sees what clients say.
type watched struct {
	net.Listener
	p *post
}

func (w watched) Accept() (net.Conn, error) {
	c, err := w.Listener.Accept()
	return &tapped{Conn: c, p: w.p}, err
}

type tapped struct {
	net.Conn
	p *post
}

func (c *tapped) Read(b []byte) (int, error) {
	n, err := c.Conn.Read(b)
	c.p.mu.Lock()
	defer c.p.mu.Unlock()
	for line := range strings.SplitSeq(strings.TrimSpace(string(b[:n])), "\r\n") {
		_, command, _ := strings.Cut(line, " ")
		if c.p.breaks != nil && c.p.breaks(command) {
			c.Conn.Close()
			return 0, net.ErrClosed
		}
		c.p.said = append(c.p.said, command)
	}
	return n, err
}

func (p *post) make(folder string) {
	if err := p.user.Create(folder, nil); err != nil {
		p.t.Fatal(err)
	}
}

// arrive puts messages into the inbox.
func (p *post) arrive(at time.Time, texts ...string) {
	p.t.Helper()
	for _, text := range texts {
		raw := "Subject: x\r\n\r\n" + text + "\r\n"
		if _, err := p.user.Append("INBOX", literal{bytes.NewReader([]byte(raw))}, &imap.AppendOptions{Time: at}); err != nil {
			p.t.Fatal(err)
		}
	}
}

type literal struct{ *bytes.Reader }

func (l literal) Size() int64 { return l.Reader.Size() }

// count is how many messages a folder has; -1: it is not there.
func (p *post) count(folder string) int {
	s, err := p.user.Status(folder, &imap.StatusOptions{NumMessages: true})
	if err != nil {
		return -1
	}
	return int(*s.NumMessages)
}

// read makes a pass that understands what begins with "bounce", and returns what it was given.
func (p *post) read() (took []string, done Pass, err error) {
	done, err = p.box.Read(context.Background(), func(raw []byte) (bool, error) {
		_, text, _ := strings.Cut(string(raw), "\r\n\r\n")
		took = append(took, strings.TrimSpace(text))
		return strings.HasPrefix(text, "bounce"), nil
	})
	return took, done, err
}

func (p *post) want(inbox, folder int) {
	p.t.Helper()
	if in, out := p.count("INBOX"), p.count("digestd"); in != inbox || out != folder {
		p.t.Errorf("%d in the inbox and %d in the folder, want %d and %d", in, out, inbox, folder)
	}
}

// TestRead takes what came since the last pass, moves what was understood, and leaves the rest where and as it is.
func TestRead(t *testing.T) {
	for _, c := range []struct {
		name     string
		caps     imap.CapSet
		startTLS bool
	}{
		{"MOVE", nil, false},
		{"STARTTLS", nil, true},
		{"UIDPLUS", imap.CapSet{imap.CapIMAP4rev1: {}, imap.CapUIDPlus: {}}, false},
		{"IMAP4rev2", imap.CapSet{imap.CapIMAP4rev2: {}}, false},
	} {
		t.Run(c.name, func(t *testing.T) {
			p := open(t, c.caps, c.startTLS)
			if took, done, err := p.read(); err != nil || len(took) > 0 || done != (Pass{}) {
				t.Fatalf("of an empty one: %q, %+v, %v", took, done, err)
			}
			p.arrive(now.Add(-90*24*time.Hour), "bounce of long ago")
			p.arrive(now.Add(-time.Hour), "bounce 1", "letter", "bounce 2")
			took, done, err := p.read()
			if err != nil || !slices.Equal(took, []string{"bounce 1", "letter", "bounce 2"}) || done != (Pass{3, 2}) {
				t.Fatalf("%q, %+v, %v", took, done, err)
			}
			p.want(2, 2)
			if took, _, err = p.read(); err != nil || len(took) > 0 {
				t.Fatalf("again: %q, %v", took, err)
			}
			p.arrive(now, "bounce 3")
			if took, _, err = p.read(); err != nil || !slices.Equal(took, []string{"bounce 3"}) {
				t.Fatalf("then: %q, %v", took, err)
			}
			p.want(2, 3)
			if n, err := p.box.Look(context.Background()); err != nil || n != 2 {
				t.Errorf("%d messages, %v", n, err)
			}
		})
	}
}

// TestAnErrorKeepsWhatComesAfter moves what was understood before it, and hands over again what was not.
func TestAnErrorKeepsWhatComesAfter(t *testing.T) {
	p := open(t, nil, false)
	p.arrive(now, "bounce 1", "letter", "bounce 2", "bounce 3")
	full := errors.New("the disk is full")
	done, err := p.box.Read(context.Background(), func(raw []byte) (bool, error) {
		if bytes.Contains(raw, []byte("bounce 2")) {
			return false, full
		}
		return bytes.Contains(raw, []byte("bounce")), nil
	})
	if !errors.Is(err, full) || done != (Pass{3, 1}) {
		t.Errorf("%+v, %v", done, err)
	}
	p.want(3, 1)
	if took, _, err := p.read(); err != nil || !slices.Equal(took, []string{"letter", "bounce 2", "bounce 3"}) {
		t.Errorf("%q, %v", took, err)
	}
	p.want(1, 3)
}

// TestTheWayBreaks cuts the connection before each command in turn. Nothing is lost, and what is left comes again.
func TestTheWayBreaks(t *testing.T) {
	for _, command := range []string{"LOGIN", "SELECT", "UID SEARCH", "UID FETCH", "UID MOVE", "CREATE", "UID COPY", "UID STORE", "UID EXPUNGE", "LOGOUT"} {
		t.Run(command, func(t *testing.T) {
			var caps imap.CapSet
			if slices.Contains([]string{"UID COPY", "UID STORE", "UID EXPUNGE"}, command) {
				caps = imap.CapSet{imap.CapIMAP4rev1: {}, imap.CapUIDPlus: {}}
			}
			p := open(t, caps, false)
			p.arrive(now, "bounce 1", "letter", "bounce 2")
			cut := false
			p.breaks = func(line string) bool {
				if !cut && strings.HasPrefix(line, command) {
					cut = true
					return true
				}
				return false
			}
			_, _, err := p.read()
			if (err == nil) != (command == "LOGOUT") || !cut {
				t.Errorf("%v, cut: %v", err, cut)
			}
			if _, _, err := p.read(); err != nil {
				t.Fatal(err)
			}
			if command == "UID STORE" || command == "UID EXPUNGE" { // copied, and then not away: a copy more
				p.want(1, 4)
				return
			}
			p.want(1, 2)
		})
	}
}

// TestOtherPeoplesMail is never expunged, nor moved where the server can't do it well.
func TestOtherPeoplesMail(t *testing.T) {
	p := open(t, imap.CapSet{imap.CapIMAP4rev1: {}}, false)
	p.arrive(now, "bounce 1")
	if _, _, err := p.read(); err == nil || !strings.Contains(err.Error(), "can move nothing") {
		t.Error(err)
	}
	p.want(1, -1)

	p = open(t, imap.CapSet{imap.CapIMAP4rev1: {}, imap.CapUIDPlus: {}}, false)
	p.box.Folder = "INBOX" // into which nothing of itself can be copied, and which can't be made
	p.arrive(now, "bounce 1")
	if _, _, err := p.read(); err == nil || p.count("INBOX") != 1 {
		t.Errorf("%d messages are left after a copy that failed: %v", p.count("INBOX"), err)
	}
}

// TestABigMessage is asked for up to a bound.
func TestABigMessage(t *testing.T) {
	p := open(t, nil, false)
	p.arrive(now, "bounce "+strings.Repeat("0123456789abcde\r\n", maxRead/16))
	took, _, err := p.read()
	if err != nil || len(took) != 1 || len(took[0]) > maxRead {
		t.Fatalf("%d taken, %v", len(took), err)
	}
	p.want(0, 1)
}

// TestNotLetIn tells the server's words without the password, and never sends it in the open.
func TestNotLetIn(t *testing.T) {
	p := open(t, nil, false)
	p.box.Password = "wrong"
	if _, _, err := p.read(); !errors.Is(err, ErrLogin) || strings.Contains(err.Error(), "wrong") {
		t.Error(err)
	}
	p = open(t, nil, true)
	p.box.StartTLS = false
	if _, _, err := p.read(); !errors.As(err, new(tls.RecordHeaderError)) {
		t.Error(err)
	}
	p = open(t, nil, false)
	p.box.Roots = ""
	if _, _, err := p.read(); err == nil || !strings.Contains(err.Error(), "unknown authority") {
		t.Error(err)
	}
	p = open(t, nil, false)
	p.box.Mailbox = "Nowhere"
	if _, _, err := p.read(); err == nil || !strings.Contains(err.Error(), fmt.Sprintf("mailbox Nowhere of wire at 127.0.0.1:%d:", p.box.Port)) {
		t.Error(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	if _, err := p.box.Look(ctx); !errors.Is(err, context.Canceled) {
		t.Error(err)
	}
}

// TestNumbersThatBeginAnew reads a mailbox that was made anew from its beginning (RFC 9051 §2.3.1.1).
func TestNumbersThatBeginAnew(t *testing.T) {
	p := open(t, nil, false)
	p.arrive(now, "letter 1")
	p.read()
	p.box.validity++ // as if the server had other numbers before
	if took, _, err := p.read(); err != nil || len(took) != 1 {
		t.Errorf("%q, %v", took, err)
	}
}
