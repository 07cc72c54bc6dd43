package storetest

import (
	"net"
	"net/url"
	"path/filepath"
	"sync"
	"sync/atomic"
	"testing"
	"time"
)

// Fault is what a proxy does to the next request that comes.
type Fault int32

// The faults of a network between a process and its database.
const (
	None      Fault = iota
	CutBefore       // the request is lost, and the connection with it
	CutAfter        // the request arrives, and its answer is lost with the connection
	CutLate         // the connection is cut, and the request arrives after that
	Silence         // the request is lost, and the connection stays open
)

// lateBy is how much later a request of CutLate arrives.
const lateBy = 500 * time.Millisecond

// Proxy stands between a process and the cluster. It counts round trips, and makes faults.
type Proxy struct {
	dir     string
	cluster *Cluster
	trips   atomic.Int64
	fault   atomic.Int32
	delay   atomic.Int64

	mu    sync.Mutex
	conns map[net.Conn]bool
}

// Proxy begins one, which ends with the test.
func (c *Cluster) Proxy(t testing.TB) *Proxy {
	t.Helper()
	p := &Proxy{dir: t.TempDir(), cluster: c, conns: map[net.Conn]bool{}}
	l, err := net.Listen("unix", filepath.Join(p.dir, ".s.PGSQL.5432"))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { l.Close(); p.Cut() })
	go func() {
		for {
			client, err := l.Accept()
			if err != nil {
				return
			}
			go p.carry(client)
		}
	}()
	return p
}

// Through is a URL of the cluster by way of the proxy.
func (p *Proxy) Through(t testing.TB, raw string) string {
	t.Helper()
	u, err := url.Parse(raw)
	if err != nil {
		t.Fatal(err)
	}
	q := u.Query()
	q.Set("host", p.dir)
	u.RawQuery = q.Encode()
	return u.String()
}

// Trips is how many requests went out, each after the answer to the one before.
func (p *Proxy) Trips() int64 { return p.trips.Load() }

// Next makes a fault of the next request.
func (p *Proxy) Next(f Fault) { p.fault.Store(int32(f)) }

// Delay makes each request as much later, from now on.
func (p *Proxy) Delay(by time.Duration) { p.delay.Store(int64(by)) }

// Cut ends all connections.
func (p *Proxy) Cut() {
	p.mu.Lock()
	defer p.mu.Unlock()
	for c := range p.conns {
		c.Close()
	}
	clear(p.conns)
}

func (p *Proxy) carry(client net.Conn) {
	server, err := net.Dial("unix", filepath.Join(p.cluster.Dir, ".s.PGSQL.5432"))
	if err != nil {
		client.Close()
		return
	}
	p.mu.Lock()
	p.conns[client], p.conns[server] = true, true
	p.mu.Unlock()
	var answered, silent atomic.Bool
	answered.Store(true)
	go func() {
		defer client.Close()
		buffer := make([]byte, 64<<10)
		for {
			n, err := server.Read(buffer)
			if n > 0 && !silent.Load() {
				answered.Store(true)
				if _, err := client.Write(buffer[:n]); err != nil {
					return
				}
			}
			if err != nil {
				return
			}
		}
	}()
	defer server.Close()
	buffer := make([]byte, 64<<10)
	for {
		n, err := client.Read(buffer)
		if err != nil {
			return
		}
		if answered.Swap(false) {
			p.trips.Add(1)
			time.Sleep(time.Duration(p.delay.Load()))
		}
		switch Fault(p.fault.Swap(int32(None))) {
		case CutBefore:
			client.Close()
			return
		case CutAfter:
			silent.Store(true)
			_, _ = server.Write(buffer[:n])
			time.Sleep(lateBy)
			client.Close()
			return
		case CutLate:
			silent.Store(true)
			client.Close()
			time.Sleep(lateBy)
			_, _ = server.Write(buffer[:n])
			time.Sleep(lateBy)
			return
		case Silence:
			silent.Store(true)
			continue
		}
		if _, err := server.Write(buffer[:n]); err != nil {
			return
		}
	}
}
