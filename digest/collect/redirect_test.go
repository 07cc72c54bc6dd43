package collect

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"strings"
	"sync/atomic"
	"testing"
)

// hop is where a path of the server of TestRedirects leads.
type hop struct {
	status int
	to     string
}

func TestRedirects(t *testing.T) {
	t.Parallel()
	hops := map[string]hop{
		"/self":    {302, "/self"},
		"/file":    {302, "file:///etc/hostname"},
		"/meta":    {302, "http://169.254.169.254/latest/meta-data/"},
		"/v6":      {302, "http://[::ffff:10.0.0.1]/"},
		"/none":    {302, ""},
		"/outside": {302, "http://[64:ff9b::808:808]/"},
	}
	for i := 1; i <= 6; i++ {
		hops[fmt.Sprintf("/%d", i)] = hop{307, fmt.Sprintf("/%d", i-1)}
	}
	address := serve(t, func(w http.ResponseWriter, r *http.Request) {
		if h, ok := hops[r.URL.Path]; ok {
			w.Header()["Location"] = []string{h.to}
			w.WriteHeader(h.status)
			return
		}
		fmt.Fprint(w, rssOf(1))
	})
	for _, row := range []struct {
		path  string
		words string // of the error; empty: it is read
		is    error
	}{
		{path: "/5"},
		{path: "/6", words: "more than 5 times"},
		{path: "/self", words: "more than 5 times"},
		{path: "/file", words: "where no feed can be"},
		{path: "/meta", words: "a link-local address", is: ErrForbidden},
		{path: "/v6", words: "a private address", is: ErrForbidden},
		{path: "/outside", words: "a NAT64 address", is: ErrForbidden},
		{path: "/none", words: "302"},
	} {
		got := newBench(t).pollOne(t, address+row.path)
		if row.words == "" {
			if got.Outcome != OK {
				t.Errorf("%s: %v", row.path, got.Err)
			}
			continue
		}
		if got.Outcome != Failed || !strings.Contains(got.Err.Error(), row.words) || row.is != nil && !errors.Is(got.Err, row.is) {
			t.Errorf("%s: %v (%v), want an error that says %q", row.path, got.Outcome, got.Err, row.words)
		}
	}
}

// trust lets a bench accept the certificate of a test server, and any name for it.
func (b *bench) trust(s *httptest.Server) {
	roots := x509.NewCertPool()
	roots.AddCert(s.Certificate())
	b.Client.Transport.(*http.Transport).TLSClientConfig = &tls.Config{RootCAs: roots}
}

func TestNoRedirectFromHTTPSToHTTP(t *testing.T) {
	t.Parallel()
	plainAddress := serve(t, func(w http.ResponseWriter, r *http.Request) { fmt.Fprint(w, rssOf(1)) })
	s := httptest.NewTLSServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		http.Redirect(w, r, plainAddress, http.StatusMovedPermanently)
	}))
	defer s.Close()
	b := newBench(t)
	b.trust(s)
	got := b.pollOne(t, s.URL)
	if got.Outcome != Failed || !strings.Contains(got.Err.Error(), "from https to http") || got.State.MovedSeen != 0 {
		t.Errorf("%v (%v), moved %d", got.Outcome, got.Err, got.State.MovedSeen)
	}
}

func TestCertificatesAreChecked(t *testing.T) {
	t.Parallel()
	s := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { fmt.Fprint(w, rssOf(1)) }))
	s.Config.ErrorLog = log.New(io.Discard, "", 0)
	s.StartTLS()
	defer s.Close()
	if got := newBench(t).pollOne(t, s.URL); got.Outcome != Failed || !strings.Contains(got.Err.Error(), "certificate") {
		t.Errorf("%v (%v)", got.Outcome, got.Err)
	}
}

// Credentials of an address go to its own host; another one learns neither them nor the address.
func TestCredentialsStayWithTheirHost(t *testing.T) {
	t.Parallel()
	var foreign, own http.Header
	other := serve(t, func(w http.ResponseWriter, r *http.Request) {
		foreign = r.Header
		fmt.Fprint(w, rssOf(1))
	})
	home := serve(t, func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/feed" {
			http.Redirect(w, r, "/inner", http.StatusFound)
			return
		}
		own = r.Header
		http.Redirect(w, r, strings.Replace(other, "http://", "http://eve:trap@", 1), http.StatusFound)
	})
	got := newBench(t).pollOne(t, strings.Replace(home, "http://", "http://ana:secret@", 1)+"/feed?token=t0p")
	if got.Outcome != OK {
		t.Fatal(got.Err)
	}
	if user, password, ok := (&http.Request{Header: own}).BasicAuth(); !ok || user != "ana" || password != "secret" {
		t.Errorf("its own host got %q, %q", user, password)
	}
	for _, name := range []string{"Authorization", "Referer", "Cookie"} {
		if value := foreign.Get(name); value != "" {
			t.Errorf("another host got %s: %s", name, value)
		}
	}
}

// A site that redirects in a circle whoever has no cookie of it is read; the cookie goes to nobody else, and is
// forgotten.
func TestCookieOnTheWay(t *testing.T) {
	t.Parallel()
	var shown []string
	other := serve(t, func(w http.ResponseWriter, r *http.Request) {
		shown = append(shown, "other "+r.Header.Get("Cookie"))
		http.Redirect(w, r, r.URL.Query().Get("back"), http.StatusFound)
	})
	var home string
	home = serve(t, func(w http.ResponseWriter, r *http.Request) {
		shown = append(shown, r.Header.Get("Cookie"))
		if r.Header.Get("Cookie") == "" {
			http.SetCookie(w, &http.Cookie{Name: "met", Value: "yes"})
			http.Redirect(w, r, strings.Replace(other, "127.0.0.1", "localhost", 1)+"/?back="+home, http.StatusFound)
			return
		}
		fmt.Fprint(w, rssOf(1))
	})
	b := newBench(t)
	for range 2 {
		shown = nil
		if got := b.pollOne(t, home); got.Outcome != OK {
			t.Fatal(got.Err)
		}
		if got := strings.Join(shown, ";"); got != ";other ;met=yes" {
			t.Errorf("cookies shown: %q", got)
		}
	}
}

func TestErrorsHidePasswords(t *testing.T) {
	t.Parallel()
	address := serve(t, func(w http.ResponseWriter, r *http.Request) { w.WriteHeader(500) })
	got := newBench(t).pollOne(t, strings.Replace(address, "http://", "http://ana:secret@", 1))
	if got.Err == nil || strings.Contains(got.Err.Error(), "secret") || strings.Contains(got.State.Error, "secret") {
		t.Errorf("error %v, recorded %q", got.Err, got.State.Error)
	}
}

// A permanent move is believed at the third time in a row; when the new address fails, the old one
// is asked again.
func TestPermanentMoves(t *testing.T) {
	t.Parallel()
	var asked []string
	status, broken := http.StatusMovedPermanently, false
	address := serve(t, func(w http.ResponseWriter, r *http.Request) {
		asked = append(asked, r.URL.Path)
		switch {
		case r.URL.Path == "/old" && status != 0:
			http.Redirect(w, r, "/new", status)
		case r.URL.Path == "/new" && broken:
			w.WriteHeader(http.StatusGone)
		default:
			fmt.Fprint(w, rssOf(1))
		}
	})
	b := newBench(t)
	for i, row := range []struct {
		status int
		broken bool
		asked  string
		seen   int
	}{
		{301, false, "/old /new", 1},
		{302, false, "/old /new", 0}, // a temporary one in between
		{308, false, "/old /new", 1},
		{301, false, "/old /new", 2},
		{301, false, "/old /new", 3},
		{301, false, "/new", 3},
		{301, true, "/new", 0},
		{0, false, "/old", 0}, // it was taken back
	} {
		asked, status, broken = nil, row.status, row.broken
		got := b.pollOne(t, address+"/old")
		if strings.Join(asked, " ") != row.asked || got.State.MovedSeen != row.seen || got.State.Gone {
			t.Errorf("poll %d: asked %v, moved %d times, gone %v; want %s, %d", i+1, asked, got.State.MovedSeen, got.State.Gone, row.asked, row.seen)
		}
		if row.seen > 0 && got.State.MovedTo != address+"/new" {
			t.Errorf("poll %d: moved to %q", i+1, got.State.MovedTo)
		}
	}
}

// A name that leads to an allowed address first and to a refused one later is refused later: what
// counts is the address of the connection.
func TestRebinding(t *testing.T) {
	t.Parallel()
	listener, err := net.Listen("tcp", "127.0.0.2:0")
	if err != nil {
		t.Skipf("no second loopback address: %v", err)
	}
	s := &http.Server{Handler: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Connection", "close")
		fmt.Fprint(w, rssOf(1))
	})}
	go s.Serve(listener)
	defer s.Close()
	var lookups atomic.Int32
	dns := nameServer(t, func() netip.Addr {
		if lookups.Add(1) == 1 {
			return netip.MustParseAddr("127.0.0.2")
		}
		return netip.MustParseAddr("127.0.0.1")
	})
	b := newBench(t, func(o *Options) { o.AllowPrivateNetworks = []netip.Prefix{netip.MustParsePrefix("127.0.0.2/32")} })
	b.Dialer.Resolver = &net.Resolver{PreferGo: true, Dial: func(ctx context.Context, _, _ string) (net.Conn, error) {
		return new(net.Dialer).DialContext(ctx, "udp", dns)
	}}
	port := listener.Addr().(*net.TCPAddr).Port
	address := fmt.Sprintf("http://feeds.example.org:%d/", port)
	if got := b.pollOne(t, address); got.Outcome != OK {
		t.Fatalf("first: %v", got.Err)
	}
	if got := b.pollOne(t, address); !errors.Is(got.Err, ErrForbidden) {
		t.Errorf("after rebinding: %v (%v)", got.Outcome, got.Err)
	}
	if got := b.pollOne(t, strings.Replace(address, "feeds.example.org", "127.0.0.1", 1)); !errors.Is(got.Err, ErrForbidden) {
		t.Errorf("a literal address: %v (%v)", got.Outcome, got.Err)
	}
}

// nameServer answers every A query with the next address, and every other with none.
func nameServer(t *testing.T, next func() netip.Addr) string {
	t.Helper()
	conn, err := net.ListenPacket("udp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { conn.Close() })
	go func() {
		buffer := make([]byte, 1500)
		for {
			n, from, err := conn.ReadFrom(buffer)
			if err != nil {
				return
			}
			query := buffer[:n]
			end := 12
			for end < n && query[end] != 0 {
				end += int(query[end]) + 1
			}
			question := query[12 : end+5]
			isA := question[len(question)-3] == 1
			reply := append([]byte{query[0], query[1], 0x81, 0x80, 0, 1, 0, 0, 0, 0, 0, 0}, question...)
			if isA {
				reply[7] = 1
				ip := next().As4()
				reply = append(reply, 0xc0, 12, 0, 1, 0, 1, 0, 0, 0, 0, 0, 4)
				reply = append(reply, ip[:]...)
			}
			_, _ = conn.WriteTo(reply, from)
		}
	}()
	return conn.LocalAddr().String()
}

func TestProxiesOfTheEnvironmentAreNotUsed(t *testing.T) {
	t.Parallel()
	if newBench(t).Client.Transport.(*http.Transport).Proxy != nil {
		t.Error("a proxy would connect to whatever it is told, past the guard")
	}
}
