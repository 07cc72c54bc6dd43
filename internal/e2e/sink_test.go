//go:build linux

package e2e

import (
	"io"
	"log"
	"net"
	"sync"
	"testing"
	"time"

	"github.com/emersion/go-smtp"

	"digestd/internal/needs"
)

// sink is an SMTP server that takes every message and keeps it, for runs of a size that would teach
// nothing more of Postfix. Its hooks are the moments at which a test kills the program.
type sink struct {
	Port int

	mu       sync.Mutex
	inboxes  map[string][][]byte
	taken    int
	open     int         // connections
	onTaken  func(n int) // the nth message is complete, its 250 not yet sent
	onAccept func()      // a client connected and was not greeted yet
	fails    func() mishap
	forgets  bool // what the messages said
	doubts   int  // messages whose 250 was lost by a mishap
}

// mishap is what goes wrong with a message.
type mishap int

const (
	allWell  mishap = iota
	refused         // for now
	closing         // the server ends the connection in words
	cut             // the connection ends before the message is complete
	takenCut        // and after it was
)

func newSink(t *testing.T) *sink {
	t.Helper()
	needs.Asked(t, "a test from feeds to inboxes")
	s := &sink{inboxes: make(map[string][][]byte)}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	s.Port = l.Addr().(*net.TCPAddr).Port
	server := smtp.NewServer(s)
	server.Domain = "mail.example.org"
	server.ErrorLog = log.New(io.Discard, "", 0) // clients are killed here
	served := make(chan struct{})
	go func() {
		server.Serve(l)
		close(served)
	}()
	t.Cleanup(func() {
		server.Close()
		<-served
	})
	return s
}

// hooks sets both hooks; nil is none.
func (s *sink) hooks(onAccept func(), onTaken func(n int)) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.onAccept, s.onTaken = onAccept, onTaken
}

// settle waits until the last connection has ended: what a dead client had sent may still be on its way.
func (s *sink) settle(t *testing.T) {
	t.Helper()
	await(t, "the sink's connections to end", func() bool {
		s.mu.Lock()
		defer s.mu.Unlock()
		return s.open == 0
	})
}

// received is a copy of all inboxes, by address, and the number of messages in them.
func (s *sink) received() (map[string][][]byte, int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	inboxes := make(map[string][][]byte, len(s.inboxes))
	for address, messages := range s.inboxes {
		inboxes[address] = messages
	}
	return inboxes, s.taken
}

// NewSession implements smtp.Backend.
func (s *sink) NewSession(c *smtp.Conn) (smtp.Session, error) {
	s.mu.Lock()
	s.open++
	hook := s.onAccept
	s.mu.Unlock()
	if hook != nil {
		hook()
	}
	return &session{sink: s, conn: c.Conn()}, nil
}

type session struct {
	sink *sink
	conn net.Conn
	to   []string
	fate mishap
}

func (s *session) Mail(string, *smtp.MailOptions) error { return nil }
func (s *session) Reset()                               { s.to = nil }

func (s *session) Logout() error {
	s.sink.mu.Lock()
	defer s.sink.mu.Unlock()
	s.sink.open--
	return nil
}

func (s *session) Rcpt(to string, _ *smtp.RcptOptions) error {
	s.sink.mu.Lock()
	if s.fate = allWell; s.sink.fails != nil {
		s.fate = s.sink.fails()
	}
	s.sink.mu.Unlock()
	switch s.fate {
	case refused:
		return &smtp.SMTPError{Code: 451, EnhancedCode: smtp.EnhancedCode{4, 7, 1}, Message: "come again"}
	case closing:
		defer s.conn.SetReadDeadline(time.Unix(1, 0)) // after this answer
		return &smtp.SMTPError{Code: 421, EnhancedCode: smtp.EnhancedCode{4, 3, 2}, Message: "closing"}
	}
	s.to = append(s.to, to)
	return nil
}

func (s *session) Data(r io.Reader) error {
	message, err := io.ReadAll(r)
	if err != nil {
		return err // cut in the middle: nobody got it
	}
	if s.fate == cut {
		return s.conn.Close()
	}
	s.sink.mu.Lock()
	if s.fate == takenCut {
		s.sink.doubts++
		defer s.conn.Close()
	}
	if s.sink.forgets {
		message = nil
	}
	for _, to := range s.to {
		s.sink.inboxes[to] = append(s.sink.inboxes[to], message)
	}
	s.sink.taken++
	n, hook := s.sink.taken, s.sink.onTaken
	s.sink.mu.Unlock()
	if hook != nil {
		hook(n)
	}
	return nil
}
