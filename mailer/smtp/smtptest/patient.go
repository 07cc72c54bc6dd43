package smtptest

import (
	"context"
	"net"
	"sync"
	"time"
)

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
