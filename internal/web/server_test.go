package web

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"strings"
	"testing"
	"time"
)

// wire is a connection to a desk's listener.
type wire struct {
	t testing.TB
	net.Conn
	in *bufio.Reader
}

func dial(t testing.TB, l *Listener) *wire {
	t.Helper()
	conn, err := net.Dial("tcp", l.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { conn.Close() })
	conn.SetReadDeadline(time.Now().Add(time.Minute))
	return &wire{t, conn, bufio.NewReader(conn)}
}

func (w *wire) send(text string) {
	w.t.Helper()
	if _, err := io.WriteString(w, text); err != nil {
		w.t.Fatal(err)
	}
}

// status reads an answer; 0 means that the connection was closed without one.
func (w *wire) status() int {
	w.t.Helper()
	answer, err := http.ReadResponse(w.in, nil)
	switch {
	case errors.Is(err, os.ErrDeadlineExceeded):
		w.t.Fatal("neither an answer nor an end")
	case err != nil:
		return 0
	}
	defer answer.Body.Close()
	body, _ := io.ReadAll(answer.Body)
	if strings.Contains(string(body), "evil.example") || len(answer.Header["Set-Cookie"]) > 0 {
		w.t.Errorf("the request's words stand in the answer: %v\n%s", answer.Header, body)
	}
	return answer.StatusCode
}

// listen serves a desk on loopback.
func (d *desk) listen() *Listener {
	d.t.Helper()
	l, err := d.server.Listen("127.0.0.1:0")
	if err != nil {
		d.t.Fatal(err)
	}
	d.t.Cleanup(l.Close)
	return l
}

// TestOnTheWire sends what a browser never would.
func TestOnTheWire(t *testing.T) {
	t.Parallel()
	d := newDesk(t)
	l := d.listen()
	u := "/u/" + d.token(ana)
	head := "Host: news.example.org\r\nContent-Type: application/x-www-form-urlencoded\r\n"
	for name, row := range map[string]struct {
		sent   string
		status int
		stands string
	}{
		"one click":                {"POST " + u + " HTTP/1.1\r\n" + head + "Content-Length: 26\r\n\r\n" + oneClick, 200, "ana daily:one-click"},
		"chunked":                  {"POST " + u + " HTTP/1.1\r\n" + head + "Transfer-Encoding: chunked\r\n\r\n1a\r\n" + oneClick + "\r\n0\r\n\r\n", 200, "ana daily:one-click"},
		"HTTP/1.0 without a host":  {"POST " + u + " HTTP/1.0\r\nContent-Length: 26\r\nContent-Type: application/x-www-form-urlencoded\r\n\r\n" + oneClick, 200, "ana daily:one-click"},
		"another host":             {"GET " + u + " HTTP/1.1\r\nHost: evil.example\r\nX-Forwarded-Host: evil.example\r\n\r\n", 200, ""},
		"an address as target":     {"GET http://evil.example" + u + " HTTP/1.1\r\nHost: evil.example\r\n\r\n", 200, ""},
		"two hosts":                {"GET " + u + " HTTP/1.1\r\nHost: a.example\r\nHost: evil.example\r\n\r\n", 400, ""},
		"no host":                  {"GET " + u + " HTTP/1.1\r\n\r\n", 400, ""},
		"a host that is none":      {"GET " + u + " HTTP/1.1\r\nHost: evil.example/<script>\r\n\r\n", 400, ""},
		"two lengths":              {"POST " + u + " HTTP/1.1\r\n" + head + "Content-Length: 26\r\nContent-Length: 6\r\n\r\n" + oneClick, 400, ""},
		"a length and more":        {"POST " + u + " HTTP/1.1\r\n" + head + "Content-Length: +26\r\n\r\n" + oneClick, 400, ""},
		"an unknown encoding":      {"POST " + u + " HTTP/1.1\r\n" + head + "Transfer-Encoding: xchunked\r\n\r\n" + oneClick, 501, ""},
		"a space before the colon": {"GET " + u + " HTTP/1.1\r\nHost : evil.example\r\n\r\n", 400, ""},
		"a folded header":          {"GET " + u + " HTTP/1.1\r\nHost: a.example\r\n evil.example\r\n\r\n", 400, ""},
		"a NUL in a header":        {"GET " + u + " HTTP/1.1\r\nHost: a.example\r\nX: \x00\r\n\r\n", 400, ""},
		"a line break in the path": {"GET " + u + "%0d%0aSet-Cookie:%20a=b HTTP/1.1\r\nHost: a.example\r\n\r\n", 404, ""},
		"a line break in a query":  {"GET " + u + "?lang=de%0d%0aSet-Cookie:%20a=b HTTP/1.1\r\nHost: a.example\r\n\r\n", 200, ""},
		"HTTP/2 in the open":       {"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", 404, ""},
		"CONNECT":                  {"CONNECT evil.example:443 HTTP/1.1\r\nHost: evil.example:443\r\n\r\n", 404, ""},
		"TLS":                      {"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03\r\n\r\n", 400, ""},
		"a large header":           {"GET " + u + " HTTP/1.1\r\nHost: a.example\r\nX: " + strings.Repeat("x", maxHeader+4096) + "\r\n\r\n", 431, ""},
		"a large target":           {"GET " + u + "?" + strings.Repeat("x", maxHeader+4096) + " HTTP/1.1\r\nHost: a.example\r\n\r\n", 431, ""},
		"a large body":             {"POST " + u + " HTTP/1.1\r\n" + head + "Content-Length: 70000\r\n\r\n" + strings.Repeat("x", 70000), 413, ""},
		"a large chunked body":     {"POST " + u + " HTTP/1.1\r\n" + head + "Transfer-Encoding: chunked\r\n\r\n11170\r\n" + strings.Repeat("x", 70000) + "\r\n0\r\n\r\n", 413, ""},
		"a body never sent":        {"POST " + u + " HTTP/1.1\r\n" + head + "Content-Length: 999999999\r\nExpect: 200-ok\r\n\r\n", 417, ""},
	} {
		t.Run(name, func(t *testing.T) {
			w := dial(t, l)
			w.send(row.sent)
			if got := w.status(); got != row.status {
				t.Errorf("status %d, want %d", got, row.status)
			}
			if got := d.standing(); got != row.stands {
				t.Errorf("%q stands, want %q", got, row.stands)
			}
			if _, err := d.ledger.Readers.Restore(addresses[ana], ""); err != nil {
				t.Fatal(err)
			}
		})
	}
}

// A body that ends before its length asks for nothing.
func TestABodyCutShort(t *testing.T) {
	t.Parallel()
	d := newDesk(t)
	w := dial(t, d.listen())
	w.send("POST /u/" + d.token(ana) + " HTTP/1.1\r\nHost: a.example\r\nContent-Length: 30\r\n\r\n" + oneClick)
	if err := w.Conn.(*net.TCPConn).CloseWrite(); err != nil {
		t.Fatal(err)
	}
	if got := w.status(); got != http.StatusBadRequest || d.standing() != "" {
		t.Errorf("status %d, %q stands", got, d.standing())
	}
}

// Slow clients are sent away, and keep nobody else waiting for longer.
func TestSlowClients(t *testing.T) {
	t.Parallel()
	d := newDesk(t)
	d.server.limits.header, d.server.limits.read, d.server.limits.idle = 100*time.Millisecond, 200*time.Millisecond, 100*time.Millisecond
	d.server.limits.connections = 3
	l := d.listen()
	u := "/u/" + d.token(ana)
	silent, header, body := dial(t, l), dial(t, l), dial(t, l)
	header.send("POST " + u + " HTTP/1.1\r\nHost: a.exam")
	body.send("POST " + u + " HTTP/1.1\r\nHost: a.example\r\nContent-Length: 26\r\n\r\n" + oneClick[:20])
	quick := dial(t, l) // the fourth of three
	quick.send("GET " + u + " HTTP/1.1\r\nHost: a.example\r\n\r\n")
	if got := quick.status(); got != http.StatusOK {
		t.Errorf("after three slow ones: status %d", got)
	}
	for name, w := range map[string]*wire{"says nothing": silent, "sends a header slowly": header, "sends a body slowly": body, "comes back late": quick} {
		if got := w.status(); got != 0 && got != http.StatusBadRequest && got != http.StatusRequestTimeout {
			t.Errorf("who %s gets status %d", name, got)
		}
	}
	if got := d.standing(); got != "" {
		t.Errorf("%q stands", got)
	}
}

// A wish that is under way when the listener closes is granted and answered.
func TestCloseLetsAnswersEnd(t *testing.T) {
	t.Parallel()
	d := newDesk(t)
	entered, leave := make(chan struct{}), make(chan struct{})
	d.server.Also = map[string]http.Handler{"/slow": http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		close(entered)
		<-leave
		fmt.Fprint(w, "done")
	})}
	l, err := d.server.Listen("127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	w := dial(t, l)
	w.send("GET /slow HTTP/1.1\r\nHost: a.example\r\n\r\n")
	<-entered
	closed := make(chan struct{})
	go func() { l.Close(); close(closed) }()
	for { // until nobody new is let in
		conn, err := net.Dial("tcp", l.Addr().String())
		if err != nil {
			break
		}
		conn.Close()
	}
	select {
	case <-closed:
		t.Error("closed with an answer under way")
	default:
	}
	close(leave)
	if got := w.status(); got != http.StatusOK {
		t.Errorf("status %d", got)
	}
	<-closed
}

// An answer that never ends is cut off.
func TestCloseWaitsNotForEver(t *testing.T) {
	t.Parallel()
	d := newDesk(t)
	d.server.limits.end = 10 * time.Millisecond
	entered := make(chan struct{})
	d.server.Also = map[string]http.Handler{"/stuck": http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		close(entered)
		<-r.Context().Done()
	})}
	l, err := d.server.Listen("127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	w := dial(t, l)
	w.send("GET /stuck HTTP/1.1\r\nHost: a.example\r\n\r\n")
	<-entered
	l.Close()
	if got := w.status(); got != 0 {
		t.Errorf("status %d", got)
	}
}

func TestAnAddressThatIsTaken(t *testing.T) {
	t.Parallel()
	d := newDesk(t)
	l := d.listen()
	if _, err := d.server.Listen(l.Addr().String()); err == nil || !strings.Contains(err.Error(), "[web] listen: ") {
		t.Errorf("the same address twice: %v", err)
	}
}
