package web

import (
	"fmt"
	"net"
	"net/http"
	"testing"
)

// from is a connection of an address, which remembers that it was closed.
type from struct {
	net.Conn
	address string
	closed  bool
}

func (f *from) RemoteAddr() net.Addr {
	at, err := net.ResolveTCPAddr("tcp", net.JoinHostPort(f.address, "4711"))
	if err != nil {
		panic(err)
	}
	return at
}

func (f *from) Close() error { f.closed = true; return nil }

func TestEntranceMakesRoom(t *testing.T) {
	e := newEntrance(nil, limits{connections: 4, perAddress: 2})
	come := func(address string) *from {
		f := &from{address: address}
		if !e.admit(f) {
			f.closed = true
		}
		return f
	}
	first, second := come("192.0.2.1"), come("192.0.2.1")
	e.watch(first, http.StateActive)
	if third := come("192.0.2.1"); third.closed || first.closed || !second.closed {
		t.Error("of one address, the one that does nothing makes room for the third")
	} else {
		e.watch(third, http.StateActive)
	}
	if fourth := come("::ffff:192.0.2.1"); !fourth.closed {
		t.Error("an address whose connections are all busy got one more, under its other name")
	}
	proxied := []*from{come("127.0.0.1"), come("127.0.0.1"), come("127.0.0.1")}
	if !proxied[0].closed || proxied[1].closed || proxied[2].closed {
		t.Error("a proxy's connections are bounded by the number over all, not by that of one address")
	}
	for _, f := range proxied[1:] {
		e.watch(f, http.StateActive)
	}
	if another := come("2001:db8::1"); !another.closed {
		t.Error("one more than there is room for")
	}
	e.watch(first, http.StateIdle)
	if another := come("2001:db8::1"); another.closed || !first.closed {
		t.Error("a connection that has become idle makes room")
	}
	e.watch(proxied[1], http.StateClosed)
	if e.watch(proxied[1], http.StateActive); len(e.guests) != 3 {
		t.Errorf("%d guests, want 3", len(e.guests))
	}
}

// Whoever keeps all connections open keeps nobody out.
func TestIdleConnectionsLockNobodyOut(t *testing.T) {
	t.Parallel()
	d := newDesk(t)
	d.server.limits.connections = 8
	l := d.listen()
	request := fmt.Sprintf("GET /u/%s HTTP/1.1\r\nHost: a.example\r\n\r\n", d.token(ana))
	for range 3 * d.server.limits.connections {
		w := dial(t, l) // which stays open
		w.send(request)
		if got := w.status(); got != http.StatusOK {
			t.Fatalf("status %d", got)
		}
	}
}
