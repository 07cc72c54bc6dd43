package collect

import (
	"bytes"
	"compress/flate"
	"compress/gzip"
	"compress/zlib"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/andybalholm/brotli"

	"digestd/digest"
)

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
	t.Parallel()
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
		{"declared but not done, after line breaks", "br", append([]byte("\r\n\n \t"), feed...), 3, false},
		{"declared but not done, after a mark", "gzip", append([]byte("\xef\xbb\xbf\n"), feed...), 3, false},
		{"two declared, none done", "gzip, br", append([]byte("\n"), feed...), 3, false},
		{"gzip under the name of brotli", "br", zipped, 3, false},
		{"gzip under the name of deflate", "deflate", zipped, 3, false},
		{"declared but not done, after words", "gzip", append([]byte("oops\n"), feed...), 3, false},
		{"done but not declared", "", zipped, 3, false},
		{"done twice, declared once", "gzip", compressed(t, "gzip", zipped), 3, false},
		{"two layers", "gzip, br", compressed(t, "br", zipped), 3, false},
		{"cut", "gzip", zipped[:len(zipped)-40], 1, true},
		{"a wrong checksum", "gzip", append(bytes.Clone(zipped[:len(zipped)-8]), "notacrc!"...), 3, true},
		{"garbage after it", "gzip", append(bytes.Clone(zipped), "\r\n<!-- cached -->"...), 3, true},
		{"five of them", strings.Repeat("identity, ", 4) + "gzip", zipped, -1, false}, // each of thousands costs memory
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

// A connection that breaks costs what had not come, and the next poll asks for all of it.
func TestAnswersCutShort(t *testing.T) {
	t.Parallel()
	whole := rssOf(3)
	half := []byte(whole[:strings.LastIndex(whole, "<item>")+10])
	for encoding, body := range map[string][]byte{"": half, "gzip": compressed(t, "gzip", []byte(whole))} {
		b := newBench(t)
		got := b.pollOne(t, serve(t, func(w http.ResponseWriter, r *http.Request) {
			w.Header().Set("ETag", `"1"`)
			w.Header().Set("Content-Encoding", encoding)
			w.Header().Set("Content-Length", strconv.Itoa(len(body)+100))
			_, _ = w.Write(body)
		}))
		if least := map[string]int{"": 2, "gzip": 3}[encoding]; got.Outcome != OK || got.Items != least || got.State.ETag != "" || !got.State.Cut {
			t.Errorf("%q: %v (%v), %d items, ETag %q, cut %v", encoding, got.Outcome, got.Err, got.Items, got.State.ETag, got.State.Cut)
		}
		if said := strings.Join(got.Repairs, "; "); !strings.Contains(said, "before its answer was whole") {
			t.Errorf("%q: repairs %q", encoding, said)
		}
	}
}

// What is too big, too slow or cut off is an error, in time and in words.
func TestBounds(t *testing.T) {
	t.Parallel()
	blanks := bytes.Repeat([]byte(" "), 3<<20)
	zipped, brotlied := compressed(t, "gzip", blanks), compressed(t, "br", blanks)
	twice := compressed(t, "gzip", zipped)
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
			_, _ = w.Write(zipped)
		}, "raise max_size", ErrTooBig},
		{"a brotli bomb", func(w http.ResponseWriter, r *http.Request) {
			w.Header().Set("Content-Encoding", "br")
			_, _ = w.Write(brotlied)
		}, "raise max_size", ErrTooBig},
		{"a bomb in a bomb", func(w http.ResponseWriter, r *http.Request) {
			_, _ = w.Write(twice)
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
			fmt.Fprint(w, badBody)
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
			b := newBench(t, func(o *Options) {
				o.Timeout, o.MaxSize = time.Minute, 1<<20
				if row.is == context.DeadlineExceeded {
					o.Timeout = 300 * time.Millisecond
				}
			})
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
	t.Parallel()
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
	t.Parallel()
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
