package collect

import (
	"bytes"
	"compress/flate"
	"compress/gzip"
	"compress/zlib"
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
	"net/url"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"digestd/digest"

	"github.com/andybalholm/brotli"
)

// step is one poll against a scripted server.
type step struct {
	after   time.Duration     // on the clock, since the step before
	status  int               // of the reply; 0: 200
	header  map[string]string // of the reply
	body    string            // of the reply; empty: a good feed
	commit  error             // of the ledger
	sent    map[string]string // headers that the request must have; empty: must not have
	want    Outcome
	wait    time.Duration // until the next poll, if not 0
	silence bool          // nothing must have been asked
	words   string        // in the error
}

const (
	modified = "Tue,  07 Jul 2026 12:00:00 +0000" // not as the standard has it: it must come back as it is
	badBody  = "<!DOCTYPE html><html><head><title>Log in</title></head></html>"
)

// Each row is a feed's life on a scripted server: what the rules of politeness say happens.
func TestConversations(t *testing.T) {
	unconditional := map[string]string{"If-None-Match": "", "If-Modified-Since": ""}
	for _, row := range []struct {
		name  string
		steps []step
	}{
		{"it says who it is, and takes compressed answers", []step{
			{sent: map[string]string{"User-Agent": "digestd/test (+mailto:owner@example.org)", "Accept-Encoding": "gzip, br", "Cookie": ""}, want: OK},
		}},
		{"validators go back verbatim", []step{
			{header: map[string]string{"ETag": `W/"a b"`, "Last-Modified": modified}, sent: unconditional, want: OK, wait: 30 * time.Minute},
			{after: time.Hour, status: 304, sent: map[string]string{"If-None-Match": `W/"a b"`, "If-Modified-Since": modified}, want: NotModified, wait: 30 * time.Minute},
		}},
		{"an ETag that changes alone is taken", []step{
			{header: map[string]string{"ETag": `"1"`, "Last-Modified": modified}, want: OK},
			{header: map[string]string{"ETag": `"2"`, "Last-Modified": modified}, want: OK},
			{status: 304, sent: map[string]string{"If-None-Match": `"2"`, "If-Modified-Since": modified}, want: NotModified},
		}},
		{"a 200 without validators clears them", []step{
			{header: map[string]string{"ETag": `"1"`}, want: OK},
			{want: OK, wait: time.Hour},
			{sent: unconditional, want: OK},
		}},
		{"a body that can't be read leaves the validators", []step{
			{header: map[string]string{"ETag": `"1"`}, want: OK},
			{header: map[string]string{"ETag": `"2"`}, body: badBody, want: Failed, words: "HTML page"},
			{status: 304, sent: map[string]string{"If-None-Match": `"1"`}, want: NotModified},
		}},
		{"items that could not be recorded leave the validators", []step{
			{header: map[string]string{"ETag": `"1"`}, commit: errors.New("disk full"), want: Failed, words: "disk full"},
			{header: map[string]string{"ETag": `"1"`}, sent: unconditional, want: OK},
		}},
		{"a body that was cut is asked for whole", []step{
			{header: map[string]string{"ETag": `"1"`}, body: rssOf(2)[:300], want: OK},
			{sent: unconditional, want: OK},
		}},
		{"304 to a request without validators is no answer", []step{
			{status: 304, want: Failed, words: "304"},
		}},
		{"once a day everything is asked for, never sooner", []step{
			{header: map[string]string{"ETag": `"1"`}, want: OK},
			{after: 24*time.Hour - time.Second, status: 304, sent: map[string]string{"If-None-Match": `"1"`}, want: NotModified},
			{after: time.Second, header: map[string]string{"ETag": `"1"`}, sent: unconditional, want: OK},
			{after: time.Hour, status: 304, sent: map[string]string{"If-None-Match": `"1"`}, want: NotModified},
		}},
		{"Retry-After in seconds", []step{
			{status: 429, header: map[string]string{"Retry-After": "14400"}, want: Failed, wait: 4 * time.Hour, words: "429"},
		}},
		{"Retry-After as a date counts from the server's clock", []step{
			{status: 503, header: map[string]string{"Date": "Tue, 07 Jul 2026 02:00:00 GMT", "Retry-After": "Tue, 07 Jul 2026 05:00:00 GMT"}, want: Failed, wait: 3 * time.Hour, words: "503"},
		}},
		{"Retry-After that asks for years is clamped", []step{
			{status: 503, header: map[string]string{"Retry-After": "999999999999999999999"}, want: Failed, wait: 24 * time.Hour},
		}},
		{"Retry-After in the past, and nonsense, change nothing", []step{
			{status: 500, header: map[string]string{"Retry-After": "Tue, 07 Jul 2020 05:00:00 GMT"}, want: Failed, wait: 30 * time.Minute},
			{status: 500, header: map[string]string{"Retry-After": "-5"}, want: Failed, wait: time.Hour},
		}},
		{"429 that does not say when", []step{
			{status: 429, want: Failed, wait: time.Hour},
		}},
		{"a feed that fails is asked less and less, up to a bound", []step{
			{status: 500, want: Failed, wait: 30 * time.Minute, words: "tried again later"},
			{status: 500, want: Failed, wait: time.Hour},
			{status: 404, want: Failed, wait: 2 * time.Hour, words: "check the feed's address"},
			{status: 500, want: Failed, wait: 4 * time.Hour},
			{status: 500, want: Failed, wait: 4 * time.Hour},
			{header: map[string]string{"ETag": `"1"`}, want: OK, wait: 30 * time.Minute},
			{status: 500, want: Failed, wait: 30 * time.Minute},
		}},
		{"410 ends it", []step{
			{status: 410, want: Failed, words: "gone for good"},
			{after: 1000 * time.Hour, want: Skipped, silence: true},
		}},
		{"cache hints slow a feed", []step{
			{header: map[string]string{"ETag": `"1"`, "Cache-Control": "public, max-age=4500"}, want: OK, wait: 75 * time.Minute},
			{status: 304, want: NotModified, wait: 75 * time.Minute},
			{status: 304, header: map[string]string{"Cache-Control": "max-age=60"}, want: NotModified, wait: 30 * time.Minute},
		}},
		{"cache hints slow a feed to two hours at most", []step{
			{header: map[string]string{"ETag": `"1"`, "Cache-Control": "max-age=31536000"}, want: OK, wait: 2 * time.Hour},
			{header: map[string]string{"ETag": `"1"`}, body: strings.Replace(rssOf(1), "<link>", "<ttl>1440</ttl><link>", 1), want: OK, wait: 2 * time.Hour},
		}},
		{"ttl counts in minutes", []step{
			{header: map[string]string{"ETag": `"1"`}, body: strings.Replace(rssOf(1), "<link>", "<ttl>45</ttl><link>", 1), want: OK, wait: 45 * time.Minute},
		}},
		{"skipHours moves a poll to the next hour that is not skipped", []step{ // 12:30 + 30m is 13:00
			{header: map[string]string{"ETag": `"1"`}, body: strings.Replace(rssOf(1), "<link>", "<skipHours><hour>13</hour></skipHours><link>", 1), want: OK, wait: 90 * time.Minute},
		}},
		{"skipDays can't keep a poll away for days", []step{
			{header: map[string]string{"ETag": `"1"`}, body: strings.Replace(rssOf(1), "<link>", "<skipDays><day>Tuesday</day></skipDays><link>", 1), want: OK, wait: 2 * time.Hour},
		}},
		{"an empty feed is no error", []step{
			{body: rssOf(0), want: OK},
		}},
		{"an empty body is one", []step{
			{body: " \n", want: Failed, words: "the answer is empty"},
		}},
		{"a page in its place is an error that names the page's own feed", []step{
			{body: `<!doctype html><head><link rel="alternate" type="application/rss+xml" href="/feed.xml"></head>`, want: Failed, words: "/feed.xml"},
		}},
		{"401 says what to do", []step{
			{status: 401, want: Failed, words: "https://user:password@host/"},
		}},
	} {
		t.Run(row.name, func(t *testing.T) {
			var now step
			var asked []http.Header
			address := serve(t, func(w http.ResponseWriter, r *http.Request) {
				asked = append(asked, r.Header)
				w.Header()["Date"] = nil
				for name, value := range now.header {
					w.Header().Set(name, value)
				}
				if now.status != 0 {
					w.WriteHeader(now.status)
				}
				if now.status == 0 {
					body := now.body
					if body == "" {
						body = rssOf(3)
					}
					fmt.Fprint(w, body)
				}
			})
			b := newBench(t)
			for i, s := range row.steps {
				now, asked = s, nil
				b.clock = b.clock.Add(s.after)
				b.ledger.fail = s.commit
				got := b.pollOne(t, address)
				if got.Outcome != s.want {
					t.Fatalf("step %d: %v (%v), want %v", i+1, got.Outcome, got.Err, s.want)
				}
				if got.Outcome == Failed && !strings.Contains(got.Err.Error(), address) {
					t.Errorf("step %d: the error does not name the feed: %v", i+1, got.Err)
				}
				if s.words != "" && !strings.Contains(got.Err.Error(), s.words) {
					t.Errorf("step %d: error %q does not say %q", i+1, got.Err, s.words)
				}
				if want := 1; s.silence == (len(asked) == want) {
					t.Fatalf("step %d: %d requests", i+1, len(asked))
				}
				for name, value := range s.sent {
					if have := asked[0].Get(name); have != value {
						t.Errorf("step %d: sent %s %q, want %q", i+1, name, have, value)
					}
				}
				if have := got.State.NextPoll.Sub(b.clock); s.wait != 0 && have != s.wait {
					t.Errorf("step %d: the next poll is in %v, want %v", i+1, have, s.wait)
				}
			}
		})
	}
}

func TestTenRestartsOneRequest(t *testing.T) {
	var requests atomic.Int32
	address := serve(t, func(w http.ResponseWriter, r *http.Request) {
		requests.Add(1)
		fmt.Fprint(w, rssOf(1))
	})
	ledger := newMemory()
	for range 10 {
		b := newBench(t)
		b.Collector.ledger = ledger
		b.Poll(context.Background(), []digest.Feed{{URL: address}}, false, nil)
	}
	if n := requests.Load(); n != 1 {
		t.Errorf("%d requests over ten restarts within the same minute, want 1", n)
	}
}

// hop is where a path of the server of TestRedirects leads.
type hop struct {
	status int
	to     string
}

func TestRedirects(t *testing.T) {
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

func TestErrorsHidePasswords(t *testing.T) {
	address := serve(t, func(w http.ResponseWriter, r *http.Request) { w.WriteHeader(500) })
	got := newBench(t).pollOne(t, strings.Replace(address, "http://", "http://ana:secret@", 1))
	if got.Err == nil || strings.Contains(got.Err.Error(), "secret") || strings.Contains(got.State.Error, "secret") {
		t.Errorf("error %v, recorded %q", got.Err, got.State.Error)
	}
}

// A permanent move is believed at the third time in a row; when the new address fails, the old one
// is asked again.
func TestPermanentMoves(t *testing.T) {
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
	if newBench(t).Client.Transport.(*http.Transport).Proxy != nil {
		t.Error("a proxy would connect to whatever it is told, past the guard")
	}
}

func compressed(t testing.TB, how string, body []byte) []byte {
	t.Helper()
	var b bytes.Buffer
	var w io.WriteCloser
	switch how {
	case "gzip":
		w = gzip.NewWriter(&b)
	case "br":
		w = brotli.NewWriter(&b)
	case "zlib":
		w = zlib.NewWriter(&b)
	case "flate":
		f, err := flate.NewWriter(&b, flate.BestSpeed)
		if err != nil {
			t.Fatal(err)
		}
		w = f
	default:
		return body
	}
	if _, err := w.Write(body); err != nil {
		t.Fatal(err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func TestContentEncodings(t *testing.T) {
	feed := []byte(rssOf(3))
	zipped := compressed(t, "gzip", feed)
	for _, row := range []struct {
		name, encoding string
		body           []byte
		items          int // -1: an error
		cut            bool
	}{
		{"gzip", "gzip", zipped, 3, false},
		{"its old name", "x-gzip", zipped, 3, false},
		{"brotli", "br", compressed(t, "br", feed), 3, false},
		{"deflate by the standard", "deflate", compressed(t, "zlib", feed), 3, false},
		{"deflate by habit", "deflate", compressed(t, "flate", feed), 3, false},
		{"none", "identity", feed, 3, false},
		{"declared but not done", "gzip", feed, 3, false},
		{"done but not declared", "", zipped, 3, false},
		{"done twice, declared once", "gzip", compressed(t, "gzip", zipped), 3, false},
		{"two layers", "gzip, br", compressed(t, "br", zipped), 3, false},
		{"cut", "gzip", zipped[:len(zipped)-40], 1, true},
		{"a wrong checksum", "gzip", append(bytes.Clone(zipped[:len(zipped)-8]), "notacrc!"...), 3, true},
		{"garbage after it", "gzip", append(bytes.Clone(zipped), "\r\n<!-- cached -->"...), 3, true},
		{"unknown", "compress", zipped, -1, false},
		{"nonsense", "br", []byte("\x00\x01\x02 this is no brotli"), -1, false},
	} {
		address := serve(t, func(w http.ResponseWriter, r *http.Request) {
			w.Header().Set("ETag", `"1"`)
			w.Header()["Content-Encoding"] = []string{row.encoding}
			_, _ = w.Write(row.body)
		})
		got := newBench(t).pollOne(t, address)
		switch {
		case row.items < 0 && got.Outcome != Failed, row.items >= 0 && got.Outcome != OK:
			t.Errorf("%s: %v (%v)", row.name, got.Outcome, got.Err)
		case row.items >= 0 && (got.Items != row.items && !(row.cut && got.Items >= row.items)):
			t.Errorf("%s: %d items, want %d", row.name, got.Items, row.items)
		case row.items >= 0 && row.cut != (got.State.ETag == ""):
			t.Errorf("%s: validators %q", row.name, got.State.ETag)
		}
	}
}

// What is too big, too slow or cut off is an error, in time and in words.
func TestBounds(t *testing.T) {
	blanks := bytes.Repeat([]byte(" "), 3<<20)
	slowly := func(w http.ResponseWriter, r *http.Request) {
		for {
			if _, err := io.WriteString(w, "<"); err != nil {
				return
			}
			w.(http.Flusher).Flush()
			select {
			case <-r.Context().Done():
				return
			case <-time.After(10 * time.Millisecond):
			}
		}
	}
	for _, row := range []struct {
		name    string
		handler http.HandlerFunc
		words   string
		is      error
	}{
		{"an endless body", func(w http.ResponseWriter, r *http.Request) {
			for r.Context().Err() == nil {
				if _, err := w.Write(blanks[:64<<10]); err != nil {
					return
				}
			}
		}, "raise max_size", ErrTooBig},
		{"a length that is too big", func(w http.ResponseWriter, r *http.Request) {
			w.Header().Set("Content-Length", "99999999999")
			_, _ = w.Write(blanks[:1])
		}, "raise max_size", ErrTooBig},
		{"a gzip bomb", func(w http.ResponseWriter, r *http.Request) {
			w.Header().Set("Content-Encoding", "gzip")
			_, _ = w.Write(compressed(t, "gzip", blanks))
		}, "raise max_size", ErrTooBig},
		{"a brotli bomb", func(w http.ResponseWriter, r *http.Request) {
			w.Header().Set("Content-Encoding", "br")
			_, _ = w.Write(compressed(t, "br", blanks))
		}, "raise max_size", ErrTooBig},
		{"a bomb in a bomb", func(w http.ResponseWriter, r *http.Request) {
			_, _ = w.Write(compressed(t, "gzip", compressed(t, "gzip", blanks)))
		}, "raise max_size", ErrTooBig},
		{"a byte at a time", slowly, "within 300ms", context.DeadlineExceeded},
		{"no answer at all", func(w http.ResponseWriter, r *http.Request) { <-r.Context().Done() }, "within 300ms", context.DeadlineExceeded},
		{"redirects that take their time", func(w http.ResponseWriter, r *http.Request) {
			select {
			case <-r.Context().Done():
			case <-time.After(120 * time.Millisecond):
				http.Redirect(w, r, "/again", http.StatusFound)
			}
		}, "within 300ms", context.DeadlineExceeded},
		{"a body that is shorter than announced", func(w http.ResponseWriter, r *http.Request) {
			w.Header().Set("Content-Length", "10000")
			fmt.Fprint(w, rssOf(2))
		}, "before its answer was whole", io.ErrUnexpectedEOF},
		{"a connection that is closed at once", func(w http.ResponseWriter, r *http.Request) {
			conn, _, err := w.(http.Hijacker).Hijack()
			if err == nil {
				conn.Close()
			}
		}, "", nil},
		{"endless headers", func(w http.ResponseWriter, r *http.Request) {
			w.Header().Set("X-Fill", strings.Repeat("x", 400<<10))
		}, "", nil},
	} {
		t.Run(row.name, func(t *testing.T) {
			t.Parallel()
			b := newBench(t, func(o *Options) { o.Timeout, o.MaxSize = 300*time.Millisecond, 1<<20 })
			got := b.pollOne(t, serve(t, row.handler))
			if got.Outcome != Failed || !strings.Contains(got.Err.Error(), row.words) || row.is != nil && !errors.Is(got.Err, row.is) {
				t.Errorf("%v (%v), want %q", got.Outcome, got.Err, row.words)
			}
			if got.State.Failures != 1 || got.State.Error == "" || got.State.NextPoll.IsZero() {
				t.Errorf("state after it: %+v", got.State)
			}
		})
	}
}

func TestUnreachableHosts(t *testing.T) {
	closed, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	closed.Close()
	b := newBench(t)
	b.Dialer.Resolver = &net.Resolver{PreferGo: true, Dial: func(context.Context, string, string) (net.Conn, error) {
		return nil, errors.New("the network is down")
	}}
	for address, words := range map[string]string{
		"http://" + closed.Addr().String(): "connection refused",
		"http://feeds.example.org/":        "can't be looked up",
		"http://10.1.2.3/":                 "allow_private_networks",
		"http://[fe80::1%25lo]/":           "a link-local address",
		"gopher://example.org/":            "neither http",
		"http://":                          "no URL with a host",
		"http://exa mple.org/":             "no URL with a host",
		(&url.URL{Scheme: "file", Path: "/no/such"}).String(): "no such file",
		"file://" + t.TempDir():                               "not a regular file",
	} {
		got := b.pollOne(t, address)
		if got.Outcome != Failed || !strings.Contains(got.Err.Error(), words) {
			t.Errorf("%s: %v (%v), want %q", address, got.Outcome, got.Err, words)
		}
	}
}

// No host is asked by more than so many at once, and a busy one holds up nobody else.
func TestPerHostLimit(t *testing.T) {
	var mu sync.Mutex
	active, most := map[string]int{}, map[string]int{}
	gate := make(chan struct{})
	var arrived atomic.Int32
	address := serve(t, func(w http.ResponseWriter, r *http.Request) {
		host, _, _ := net.SplitHostPort(r.Host)
		mu.Lock()
		active[host]++
		most[host] = max(most[host], active[host])
		mu.Unlock()
		if arrived.Add(1) == 4 { // two of each host are in: a third would be one too many
			close(gate)
		}
		<-gate
		mu.Lock()
		active[host]--
		mu.Unlock()
		fmt.Fprint(w, rssOf(1))
	})
	b := newBench(t, func(o *Options) { o.Concurrency, o.PerHost = 16, 2 })
	var feeds []digest.Feed
	for i := range 10 {
		feeds = append(feeds, digest.Feed{URL: fmt.Sprintf("%s/a%d", address, i)})
	}
	for i := range 10 {
		feeds = append(feeds, digest.Feed{URL: fmt.Sprintf("%s/b%d", strings.Replace(address, "127.0.0.1", "localhost", 1), i)})
	}
	sum := b.Poll(context.Background(), feeds, false, nil)
	if sum.OK != 20 {
		t.Fatalf("%+v", sum)
	}
	for host, n := range most {
		if n != 2 {
			t.Errorf("%s was asked by %d at once, want 2", host, n)
		}
	}
}
