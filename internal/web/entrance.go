package web

import (
	"net"
	"net/http"
	"net/netip"
	"sync"
)

// entrance bounds the connections of a listener, over all and of one address, and never lets a new one wait: when
// it is full, one that does nothing makes room. A listener that lets the next wait is closed to readers as long as
// somebody keeps connections open.
type entrance struct {
	net.Listener
	limits limits

	mu     sync.Mutex
	guests map[net.Conn]guest
	events int // so far: they tell who has done nothing for longer
}

// guest is a connection that was let in.
type guest struct {
	from  netip.Addr
	busy  bool // a request is under way
	since int  // the event by which it came to be busy, or not
}

func newEntrance(l net.Listener, limits limits) *entrance {
	return &entrance{Listener: l, limits: limits, guests: map[net.Conn]guest{}}
}

// Accept lets the next connection in. One for which nobody makes room is closed.
func (e *entrance) Accept() (net.Conn, error) {
	for {
		conn, err := e.Listener.Accept()
		if err != nil {
			return nil, err
		}
		if e.admit(conn) {
			return conn, nil
		}
		conn.Close()
	}
}

func (e *entrance) admit(conn net.Conn) bool {
	var from netip.Addr
	if at, err := netip.ParseAddrPort(conn.RemoteAddr().String()); err == nil {
		from = at.Addr().Unmap()
	}
	e.mu.Lock()
	defer e.mu.Unlock()
	// All readers come from the address of a proxy on this machine.
	if !from.IsLoopback() && !e.room(e.limits.perAddress, func(g guest) bool { return g.from == from }) {
		return false
	}
	if !e.room(e.limits.connections, func(guest) bool { return true }) {
		return false
	}
	e.events++
	e.guests[conn] = guest{from: from, since: e.events}
	return true
}

// room reports whether there are fewer guests of a kind than a limit, after the one that has done nothing for
// longest was closed.
func (e *entrance) room(limit int, kind func(guest) bool) bool {
	n := 0
	var oldest net.Conn
	for conn, g := range e.guests {
		if !kind(g) {
			continue
		}
		n++
		if !g.busy && (oldest == nil || g.since < e.guests[oldest].since) {
			oldest = conn
		}
	}
	if n < limit {
		return true
	}
	if oldest == nil {
		return false
	}
	delete(e.guests, oldest)
	oldest.Close()
	return true
}

// watch follows the states of connections, as the hook of an http.Server.
func (e *entrance) watch(conn net.Conn, state http.ConnState) {
	e.mu.Lock()
	defer e.mu.Unlock()
	g, here := e.guests[conn]
	if !here {
		return
	}
	switch state {
	case http.StateClosed, http.StateHijacked:
		delete(e.guests, conn)
	case http.StateActive, http.StateIdle:
		e.events++
		g.busy, g.since = state == http.StateActive, e.events
		e.guests[conn] = g
	}
}
