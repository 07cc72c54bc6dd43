// Package smtptest is an SMTP server for tests that is a script: a function answers each moment of the
// dialogue, with a reply, with garbage, with silence or by cutting the connection. What it took is
// kept. It knows nothing of the program that talks to it.
package smtptest

import (
	"context"
	"crypto/tls"
	"net"
	"sync"
	"testing"
	"time"
)

// The stages at which a script is asked.
const (
	Greeting = "greeting"
	Ehlo     = "ehlo"
	StartTLS = "starttls"
	Auth     = "auth"
	Mail     = "mail"
	Rcpt     = "rcpt"
	Data     = "data"
	Body     = "body" // some of the message is here, not all; whatever is said now, nothing is said at its end
	Dot      = "dot"
	Rset     = "rset"
	Quit     = "quit"
	Gone     = "gone" // the connection has ended; whatever is said, nothing is
)

// Answers that are no replies.
const (
	Default = ""         // what a server that is well says
	Cut     = "\x00cut"  // the connection is closed
	Hang    = "\x00hang" // nothing is said until the client goes away
	// Late says what is said by default when the client has gone; at Dot the message is not taken.
	Late        = "\x00late"
	TakeAndCut  = "\x00take-cut"  // at Dot: the message is taken, the connection closed
	TakeAndHang = "\x00take-hang" // at Dot: the message is taken, the 250 comes when the client has gone
)

// Moment is a moment of a dialogue.
type Moment struct {
	Stage   string
	Conn    int    // number of the connection, from 1
	Message int    // number of the message on it, from 1
	From    string // with parameters
	To      string // bare
	Line    string // the command as it came
}

// Message is what the server took.
type Message struct {
	From, To string
	Raw      []byte // without the final dot, dots unstuffed
}

// Server is a running script. Configure changes its exported fields.
type Server struct {
	Port       int
	Extensions []string      // default: PIPELINING and SIZE
	TLS        *tls.Config   // for STARTTLS
	Implicit   bool          // TLS from the first byte
	Idle       time.Duration // how long a command may take to come; 0: any time
	IdleReply  string        // said before the connection is closed for that; may be empty
	Deaf       bool          // it drops what comes in one go with a command, whatever it offers

	listener net.Listener
	answer   func(Moment) string
	wait     sync.WaitGroup

	mu     sync.Mutex
	taken  []Message
	halves int
	conns  int
	open   map[net.Conn]bool
	calls  map[string]*call // by the client's address
	ended  bool
	wire   []string
}

// Start runs a server on loopback until the test ends. A nil answer is that of a server that is well.
// configure, which may be nil, sets fields before the first connection.
func Start(t testing.TB, answer func(Moment) string, configure func(*Server)) *Server {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	s := &Server{Port: l.Addr().(*net.TCPAddr).Port, Extensions: []string{"PIPELINING", "SIZE 10485760"}, listener: l,
		answer: answer, open: map[net.Conn]bool{}, calls: map[string]*call{}}
	if configure != nil {
		s.Configure(configure)
	}
	if s.answer == nil {
		s.answer = func(Moment) string { return Default }
	}
	s.wait.Go(s.accept)
	t.Cleanup(s.Stop)
	return s
}

// InMemory is a server without a network, for DialInMemory alone: so it can stand in a bubble of testing/synctest.
func InMemory(t testing.TB, answer func(Moment) string, configure func(*Server)) *Server {
	s := &Server{Extensions: []string{"PIPELINING", "SIZE 10485760"}, answer: answer, open: map[net.Conn]bool{}}
	if configure != nil {
		s.Configure(configure)
	}
	t.Cleanup(s.Stop)
	return s
}

// DialInMemory connects to the server without a network.
func (s *Server) DialInMemory(context.Context, string, string) (net.Conn, error) {
	ours, theirs := net.Pipe()
	s.begin(ours, nil)
	return theirs, nil
}

// Configure sets fields of a running server; they hold for the connections that come from then on.
func (s *Server) Configure(set func(*Server)) {
	s.mu.Lock()
	defer s.mu.Unlock()
	set(s)
}

// Stop closes the server and all its connections.
func (s *Server) Stop() {
	s.mu.Lock()
	s.ended = true
	for c := range s.open {
		c.Close()
	}
	s.mu.Unlock()
	if s.listener != nil {
		s.listener.Close()
	}
	s.wait.Wait()
}

// Taken are the messages that the server took responsibility for, whether or not it could say so.
func (s *Server) Taken() []Message {
	s.mu.Lock()
	defer s.mu.Unlock()
	return append([]Message(nil), s.taken...)
}

// Copies counts what was taken for each recipient.
func (s *Server) Copies() map[string]int {
	n := map[string]int{}
	for _, m := range s.Taken() {
		n[m.To]++
	}
	return n
}

// Halves counts messages whose connection ended between the 354 and the final dot.
func (s *Server) Halves() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.halves
}

// Connections counts the connections so far.
func (s *Server) Connections() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.conns
}

// Commands are the lines that came outside of messages, over all connections.
func (s *Server) Commands() []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return append([]string(nil), s.wire...)
}

func (s *Server) accept() {
	for {
		c, err := s.listener.Accept()
		if err != nil {
			return
		}
		s.begin(c, c.RemoteAddr())
	}
}

// begin holds the dialogue over a connection of a client; nil: one without a network.
func (s *Server) begin(c net.Conn, client net.Addr) {
	s.mu.Lock()
	if s.ended {
		s.mu.Unlock()
		c.Close()
		return
	}
	s.conns++
	s.open[c] = true
	d := &dialogue{Server: s, conn: c, client: client, moment: Moment{Conn: s.conns, Message: 1},
		extensions: s.Extensions, tls: s.TLS, implicit: s.Implicit, idle: s.Idle, idleReply: s.IdleReply, deaf: s.Deaf}
	s.mu.Unlock()
	s.wait.Go(func() {
		d.run()
		if client != nil {
			close(s.call(client).over)
		}
		s.mu.Lock()
		if client != nil {
			delete(s.calls, client.String()) // the next connection may have the same port
		}
		delete(s.open, c)
		s.mu.Unlock()
		c.Close()
		d.moment.Stage = Gone
		s.answer(d.moment)
	})
}
