// Package smtptest is an SMTP server for tests that is a script: a function answers each moment of the
// dialogue, with a reply, with garbage, with silence or by cutting the connection. What it took is
// kept. It knows nothing of the program that talks to it.
package smtptest

import (
	"bufio"
	"context"
	"crypto/tls"
	"errors"
	"io"
	"net"
	"os"
	"strings"
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

// call is a connection as client and server know it.
type call struct {
	silent chan struct{} // closed when the server says nothing more
	over   chan struct{} // closed when it has ended
}

func (s *Server) call(client net.Addr) *call {
	s.mu.Lock()
	defer s.mu.Unlock()
	c := s.calls[client.String()]
	if c == nil {
		c = &call{make(chan struct{}), make(chan struct{})}
		s.calls[client.String()] = c
	}
	return c
}

// Dial connects for a client whose deadlines pass when the server says nothing more, and never before: so no
// test waits for one, and none fails because the machine is busy. A client that has set none waits for ever.
func (s *Server) Dial(ctx context.Context, network, address string) (net.Conn, error) {
	conn, err := net.Dial(network, address)
	if err != nil {
		return nil, err
	}
	p := &patient{Conn: conn}
	if until, bounded := ctx.Deadline(); bounded {
		p.SetDeadline(until)
	}
	c := s.call(conn.LocalAddr())
	go func() {
		select {
		case <-c.silent:
			p.hear()
		case <-c.over:
		}
	}()
	return p, nil
}

// patient is a connection whose deadlines pass with the silence of the server.
type patient struct {
	net.Conn
	mu      sync.Mutex
	bounded bool // a deadline is set
	silent  bool
}

func (p *patient) SetDeadline(t time.Time) error {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.bounded = !t.IsZero()
	switch {
	case p.bounded && t.Before(time.Now()):
		return p.Conn.SetReadDeadline(time.Unix(1, 0)) // what it writes still goes
	case p.bounded && p.silent:
		return p.Conn.SetReadDeadline(time.Now().Add(unread))
	}
	return nil
}

// unread is how long a client may take to read what was said before the silence, and is here already.
const unread = 10 * time.Millisecond

func (p *patient) hear() {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.silent = true; p.bounded {
		p.Conn.SetReadDeadline(time.Now().Add(unread))
	}
}

type dialogue struct {
	*Server
	conn   net.Conn
	client net.Addr
	r      *bufio.Reader
	moment Moment

	extensions []string // of the server when the connection came, as the two below
	tls        *tls.Config
	implicit   bool
	idle       time.Duration
	idleReply  string
	deaf       bool
	began      bool // MAIL was taken
}

// silence says nothing until the client has gone.
func (d *dialogue) silence() {
	if d.client != nil {
		close(d.call(d.client).silent)
	}
	io.Copy(io.Discard, d.r)
}

// say answers a moment; it reports whether the dialogue goes on, and whether the answer was positive.
func (d *dialogue) say(stage, fallback string) (goOn, good bool) {
	d.moment.Stage = stage
	a := d.answer(d.moment)
	switch a {
	case Default:
		a = fallback
	case Cut:
		return false, false
	case Hang, Late:
		d.silence()
		if a == Late {
			io.WriteString(d.conn, fallback+"\r\n")
		}
		return false, false
	}
	if _, err := io.WriteString(d.conn, a+"\r\n"); err != nil {
		return false, false
	}
	last := a[strings.LastIndex(a, "\n")+1:]
	// go-mail takes it for the first of many lines, and waits for the others
	if len(last) > 3 && last[3] == '-' {
		d.silence()
		return false, false
	}
	return !strings.HasPrefix(last, "421"), last[0] == '2' || last[0] == '3'
}

func (d *dialogue) run() {
	if d.implicit {
		d.conn = tls.Server(d.conn, d.tls)
	}
	d.r = bufio.NewReader(d.conn)
	if ok, _ := d.say(Greeting, "220 mail.example.org ESMTP"); !ok {
		return
	}
	for {
		if d.idle > 0 {
			d.conn.SetReadDeadline(time.Now().Add(d.idle))
		}
		line, err := d.r.ReadString('\n')
		if err != nil {
			if errors.Is(err, os.ErrDeadlineExceeded) && d.idleReply != "" {
				io.WriteString(d.conn, d.idleReply+"\r\n")
			}
			return
		}
		d.conn.SetReadDeadline(time.Time{})
		if d.deaf {
			d.r.Discard(d.r.Buffered())
		}
		line = strings.TrimRight(line, "\r\n")
		d.mu.Lock()
		d.wire = append(d.wire, line)
		d.mu.Unlock()
		if !d.obey(line) {
			return
		}
	}
}

// obey answers a command. It reports whether the dialogue goes on.
func (d *dialogue) obey(line string) (goOn bool) {
	d.moment.Line = line
	verb, rest, _ := strings.Cut(line, " ")
	var good bool
	switch strings.ToUpper(verb) {
	case "EHLO":
		text := "250-mail.example.org"
		for _, e := range d.extensions {
			text += "\r\n250-" + e
		}
		goOn, _ = d.say(Ehlo, text+"\r\n250 ENHANCEDSTATUSCODES")
	case "HELO":
		goOn, _ = d.say(Ehlo, "250 mail.example.org")
	case "STARTTLS":
		if goOn, good = d.say(StartTLS, "220 go ahead"); good {
			d.conn = tls.Server(d.conn, d.tls)
			d.r = bufio.NewReader(d.conn)
		}
	case "AUTH":
		goOn, _ = d.say(Auth, "235 2.7.0 welcome")
	case "MAIL":
		d.moment.From = rest
		goOn, d.began = d.say(Mail, "250 2.1.0 ok")
	case "RCPT":
		d.moment.To, _, _ = strings.Cut(strings.TrimPrefix(rest, "TO:<"), ">")
		fallback := "250 2.1.5 ok"
		if !d.began {
			fallback = "503 5.5.1 MAIL first"
		}
		if goOn, good = d.say(Rcpt, fallback); !good {
			d.moment.To = ""
		}
	case "DATA":
		goOn = d.data()
	case "RSET":
		d.moment.From, d.moment.To = "", ""
		goOn, _ = d.say(Rset, "250 2.0.0 ok")
	case "QUIT":
		d.say(Quit, "221 2.0.0 bye")
	default:
		goOn, _ = d.say(verb, "502 5.5.2 unknown command")
	}
	return goOn
}

func (d *dialogue) data() bool {
	fallback := "354 go ahead"
	if d.moment.To == "" {
		fallback = "503 5.5.1 no recipient"
	}
	goOn, good := d.say(Data, fallback)
	if !goOn || !good {
		return goOn
	}
	half := func() {
		d.mu.Lock()
		d.halves++
		d.mu.Unlock()
	}
	d.moment.Stage = Body
	early := d.answer(d.moment)
	switch early {
	case Default:
	case Cut:
		d.r.ReadString('\n')
		half()
		return false
	case Hang, Late:
		for line := ""; line != ".\r\n"; { // only then does the client wait
			var err error
			if line, err = d.r.ReadString('\n'); err != nil {
				half()
				return false
			}
		}
		d.silence()
		half()
		return false
	default:
		if _, err := io.WriteString(d.conn, early+"\r\n"); err != nil {
			return false
		}
	}
	var raw []byte
	for {
		line, err := d.r.ReadSlice('\n')
		if err != nil && err != bufio.ErrBufferFull {
			half()
			return false
		}
		if string(line) == ".\r\n" && (len(raw) == 0 || raw[len(raw)-1] == '\n') {
			break
		}
		if len(line) > 1 && line[0] == '.' && (len(raw) == 0 || raw[len(raw)-1] == '\n') {
			line = line[1:]
		}
		raw = append(raw, line...)
	}
	if early != Default {
		half()
		return false
	}
	return d.dot(raw)
}

// dot answers the end of a message. It reports whether the dialogue goes on.
func (d *dialogue) dot(raw []byte) bool {
	take := func() {
		d.mu.Lock()
		defer d.mu.Unlock()
		d.taken = append(d.taken, Message{From: d.moment.From, To: d.moment.To, Raw: raw})
	}
	defer func() {
		d.moment.Message++
		d.moment.From, d.moment.To = "", ""
	}()
	d.moment.Stage = Dot
	a := d.answer(d.moment)
	switch a {
	case Default:
		a = "250 2.0.0 queued as " + strings.Repeat("A", 10)
	case Cut:
		return false
	case Hang, Late:
		d.silence()
		return false
	case TakeAndCut:
		take()
		return false
	case TakeAndHang:
		take()
		d.silence()
		io.WriteString(d.conn, "250 2.0.0 late\r\n")
		return false
	}
	if strings.TrimLeft(a, "\r\n")[0] == '2' {
		take()
	}
	_, err := io.WriteString(d.conn, a+"\r\n")
	return err == nil && !strings.HasPrefix(a[strings.LastIndex(a, "\n")+1:], "421")
}
