package collect

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"digestd/digest"
)

// Five hundred feeds, of which a hundred hang, a hundred fail and a hundred never end: the good ones
// are in, all is over after one timeout, and memory stays what it is. Time passes when all wait, so that
// it is the same on any machine.
func TestBadFeedsHarmNoOther(t *testing.T) {
	const timeout = 3 * time.Second
	fill := strings.Repeat("<!-- more and more -->", 3000)
	handler := func(w http.ResponseWriter, r *http.Request) {
		switch kind, n, _ := strings.Cut(strings.TrimPrefix(r.URL.Path, "/"), "/"); kind {
		case "hang":
			if n == "1" { // some begin to answer
				fmt.Fprint(w, rssOf(1)[:100])
				w.(http.Flusher).Flush()
			}
			<-r.Context().Done()
		case "fail":
			w.WriteHeader(http.StatusInternalServerError)
		case "huge":
			for r.Context().Err() == nil {
				if _, err := io.WriteString(w, fill); err != nil {
					return
				}
			}
		default:
			fmt.Fprint(w, rssOf(30))
		}
	}
	var feeds []digest.Feed
	for i := range 100 {
		for _, kind := range []string{"hang", "fail", "huge", "good", "fine"} {
			feeds = append(feeds, digest.Feed{URL: fmt.Sprintf("http://127.0.0.1/%s/%d", kind, i)})
		}
	}
	before := anonymousMemory(t)
	peak := watch(t, func() {
		synctest.Test(t, func(t *testing.T) {
			const perHost = 128
			b := newBench(t, func(o *Options) { o.Timeout, o.Concurrency, o.PerHost, o.MaxSize = timeout, perHost, perHost, 256<<10 })
			b.Client.Transport = newTransport(inMemory(t, http.HandlerFunc(handler)), perHost)
			begun := time.Now()
			var reported []Result
			sum := b.Poll(context.Background(), feeds, false, func(r Result) { reported = append(reported, r) })
			if took := time.Since(begun); took > timeout {
				t.Errorf("took %v", took)
			}
			if sum.OK != 200 || sum.Failed != 300 || sum.Skipped != 0 || sum.New != 6000 || len(reported) != 500 {
				t.Errorf("%d reported; feeds %d, ok %d, failed %d, skipped %d, new %d", len(reported), sum.Feeds, sum.OK, sum.Failed, sum.Skipped, sum.New)
			}
			for _, r := range sum.Results {
				if r.Outcome == Failed && !strings.Contains(r.Err.Error(), r.Feed.URL) {
					t.Errorf("an error without its feed: %v", r.Err)
				}
			}
		})
	})
	checkGrowth(t, peak-before)
}

// inMemory serves until the test ends, and is how to dial it.
func inMemory(t *testing.T, handler http.Handler) func(ctx context.Context, network, address string) (net.Conn, error) {
	pipes := pipes{make(chan net.Conn), make(chan struct{})}
	server := &http.Server{Handler: handler}
	go server.Serve(pipes)
	t.Cleanup(func() { server.Close() })
	return func(ctx context.Context, _, _ string) (net.Conn, error) {
		ours, theirs := net.Pipe()
		select {
		case pipes.dialled <- theirs:
			return ours, nil
		case <-ctx.Done():
			return nil, ctx.Err()
		}
	}
}

// pipes is a listener in memory.
type pipes struct {
	dialled chan net.Conn
	closed  chan struct{}
}

func (p pipes) Accept() (net.Conn, error) {
	select {
	case conn := <-p.dialled:
		return conn, nil
	case <-p.closed:
		return nil, net.ErrClosed
	}
}

func (p pipes) Close() error   { close(p.closed); return nil }
func (p pipes) Addr() net.Addr { return &net.TCPAddr{IP: net.IPv4(127, 0, 0, 1), Port: 80} }

// checkGrowth holds the promise of 100 MB above idle.
func checkGrowth(t *testing.T, grown int64) {
	t.Helper()
	if grown > 100<<20 && !underRace {
		t.Errorf("memory grew by %d MB", grown>>20)
	}
}

// watch returns the most anonymous memory that the process had while f ran, in bytes.
func watch(t *testing.T, f func()) int64 {
	t.Helper()
	var peak atomic.Int64
	done := make(chan struct{})
	var wg sync.WaitGroup
	wg.Go(func() {
		for {
			peak.Store(max(peak.Load(), anonymousMemory(t)))
			select {
			case <-done:
				return
			case <-time.After(5 * time.Millisecond):
			}
		}
	})
	f()
	close(done)
	wg.Wait()
	return peak.Load()
}

// anonymousMemory is RssAnon of the process, in bytes; 0 where the system does not tell.
func anonymousMemory(t *testing.T) int64 {
	status, err := os.ReadFile("/proc/self/status")
	if err != nil {
		return 0
	}
	for line := range strings.Lines(string(status)) {
		if value, found := strings.CutPrefix(line, "RssAnon:"); found {
			kb, err := strconv.ParseInt(strings.Fields(value)[0], 10, 64)
			if err != nil {
				t.Fatal(err)
			}
			return kb << 10
		}
	}
	return 0
}

// Large feeds that are in order are read one at a time, whatever else goes on.
func TestLargeFeedsTakeTurns(t *testing.T) {
	var large strings.Builder
	large.WriteString("<rss version='2.0'><channel><title>Large</title>")
	items := 15_000
	if underRace { // which takes too much memory for anything to be held of it
		items = 1_500
	}
	for i := range items {
		fmt.Fprintf(&large, "<item><title>Story %d</title><link>https://example.org/%d</link><description>&lt;p&gt;%s&lt;/p&gt;</description></item>\n", i, i, strings.Repeat("words ", 70))
	}
	large.WriteString("</channel></rss>")
	body := compressed(t, "gzip", []byte(large.String()))
	address := serve(t, func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Encoding", "gzip")
		_, _ = w.Write(body)
	})
	b := newBench(t)
	b.Collector.ledger = counting{}
	var feeds []digest.Feed
	for i := range 4 {
		feeds = append(feeds, digest.Feed{URL: fmt.Sprintf("%s/%d", address, i)})
	}
	before := anonymousMemory(t)
	peak := watch(t, func() {
		if sum := b.Poll(context.Background(), feeds, false, nil); sum.OK != 4 || sum.New != 4*items {
			t.Errorf("%+v", sum)
		}
	})
	t.Logf("%d MB of feed each; memory grew by %d MB", large.Len()>>20, (peak-before)>>20)
	checkGrowth(t, peak-before)
}

// counting is a ledger that keeps nothing.
type counting struct{}

func (counting) FeedState(url string) (digest.FeedState, error) {
	return digest.FeedState{URL: url}, nil
}

func (counting) BeginPoll(st digest.FeedState, _ time.Duration) (digest.FeedState, bool, error) {
	return st, true, nil
}

func (counting) CommitPoll(_ context.Context, _ digest.FeedState, items []digest.Item) (int, error) {
	return len(items), nil
}

// What is not done when the pass is called off is skipped, and nothing is held against it.
func TestAPassThatIsCalledOff(t *testing.T) {
	t.Parallel()
	asked := make(chan struct{}, 10)
	address := serve(t, func(w http.ResponseWriter, r *http.Request) {
		asked <- struct{}{}
		<-r.Context().Done()
	})
	b := newBench(t, func(o *Options) { o.Concurrency = 2 })
	ctx, cancel := context.WithCancel(context.Background())
	var feeds []digest.Feed
	for i := range 5 {
		feeds = append(feeds, digest.Feed{URL: fmt.Sprintf("%s/%d", address, i)})
	}
	go func() {
		<-asked
		<-asked
		cancel()
	}()
	sum := b.Poll(ctx, feeds, false, nil)
	if sum.Skipped != 5 || sum.Failed != 0 || b.ledger.commits != 0 {
		t.Errorf("%+v, %d commits", sum, b.ledger.commits)
	}
}

// A panic while a feed is read is that feed's error.
func TestAPanicIsOneFeedsError(t *testing.T) {
	t.Parallel()
	address := serve(t, func(w http.ResponseWriter, r *http.Request) { fmt.Fprint(w, rssOf(1)) })
	b := newBench(t)
	b.parse = func(ctx context.Context, src source, whole bool) (*channel, error) {
		if strings.HasSuffix(src.fetched.Path, "/bad") {
			panic("index out of range")
		}
		return parse(ctx, src, whole)
	}
	sum := b.Poll(context.Background(), []digest.Feed{{URL: address + "/bad"}, {URL: address + "/good"}}, false, nil)
	if sum.OK != 1 || sum.Failed != 1 || !errors.Is(sum.Results[0].Err, ErrNotFeed) {
		t.Errorf("%+v", sum)
	}
	if sum := b.Poll(context.Background(), []digest.Feed{{URL: address + "/good2"}}, false, nil); sum.OK != 1 {
		t.Errorf("after it: %+v", sum)
	}
}

func TestFirstPoll(t *testing.T) {
	t.Parallel()
	undated := `<rss version="2.0"><channel><title>T</title>`
	for i := range 8 {
		undated += fmt.Sprintf("<item><title>Undated %d</title></item>", i)
	}
	undated += "<item><title>Absurd</title><pubDate>Thu, 31 Dec 2099 23:59:59 GMT</pubDate></item></channel></rss>"
	for _, row := range []struct {
		name, body string
		news       int
	}{
		{"by date", rssOf(30), 24},
		{"undated", undated, 5},
	} {
		body := row.body
		address := serve(t, func(w http.ResponseWriter, r *http.Request) { fmt.Fprint(w, body) })
		b := newBench(t)
		b.pollOne(t, address)
		news := 0
		for _, it := range b.ledger.items[address] {
			if !it.History {
				news++
			}
		}
		if news != row.news {
			t.Errorf("%s: %d are news at the first poll, want %d", row.name, news, row.news)
		}
		// From then on all that is new is news, whatever its date.
		body = strings.Replace(row.body, "</channel>", "<item><title>Late</title><pubDate>Mon, 06 Jul 2020 08:00:00 GMT</pubDate></item></channel>", 1)
		b.pollOne(t, address)
		items := b.ledger.items[address]
		if last := items[len(items)-1]; last.Title != "Late" || last.History {
			t.Errorf("%s: later: %+v", row.name, last)
		}
	}
}

func TestSourceNames(t *testing.T) {
	t.Parallel()
	for _, row := range []struct{ config, title, want string }{
		{"Wire", "Example Times - RSS", "Wire"},
		{"", "Example Times", "Example Times"},
		{"", "Example Times - RSS", "Example Times"}, {"", "Example Times RSS Feed", "Example Times"}, {"", "Example Times (RSS)", "Example Times"},
		{"", "Example Times | Feed", "Example Times"}, {"", "Example Times » Feed", "Example Times"}, {"", "Example Times RSS", "Example Times"},
		{"", "The Daily Feed", "The Daily Feed"}, {"", "Atom", "example.org"}, {"", "RSS", "example.org"}, {"", "BBC News - World", "BBC News"},
		{"", "", "example.org"},
	} {
		got := sourceName(digest.Feed{URL: "https://feeds.example.net/x", Name: row.config}, &channel{title: row.title, link: "https://www.example.org/"})
		if got != row.want {
			t.Errorf("%q of %q: %q, want %q", row.title, row.config, got, row.want)
		}
	}
}

func TestFiles(t *testing.T) {
	path := t.TempDir() + "/feed.xml"
	write := func(body string) {
		t.Helper()
		if err := os.WriteFile(path, []byte(body), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	b := newBench(t)
	write(rssOf(2))
	for i, address := range []string{path, "file://" + path, "file://localhost" + path} {
		got := b.pollOne(t, address)
		if got.Outcome != OK || got.Items != 2 || !got.State.NextPoll.Equal(testStart.Add(30*time.Minute)) {
			t.Errorf("%s: %v (%v), %d items", address, got.Outcome, got.Err, got.Items)
		}
		if i == 0 {
			write(string(compressed(t, "gzip", []byte(rssOf(2)))))
		}
	}
	doc, err := b.Read(context.Background(), path)
	if err != nil || len(doc.Items) != 2 || doc.Format != "rss 2.0" || doc.Title != "Example Times" || doc.Link != "https://example.org/" {
		t.Errorf("%+v, %v", doc, err)
	}
	if got := b.pollOne(t, "file://elsewhere.example"+path); got.Outcome != Failed {
		t.Errorf("a file of another host: %v", got.Outcome)
	}
	t.Chdir(t.TempDir())
	if _, err := b.Read(context.Background(), "no-such-feed.xml"); err == nil || !strings.Contains(err.Error(), "no-such-feed.xml") {
		t.Errorf("a relative path: %v", err)
	}
}

func TestReadListsEverything(t *testing.T) {
	t.Parallel()
	address := serve(t, func(w http.ResponseWriter, r *http.Request) {
		fmt.Fprint(w, `<rss version="2.0"><channel><title>T</title><item/><item><title>One</title><description>`+strings.Repeat("long ", 1000)+`</description></item></channel></rss>`)
	})
	b := newBench(t)
	doc, err := b.Read(context.Background(), address)
	if err != nil {
		t.Fatal(err)
	}
	if len(doc.Items) != 2 || !doc.Items[0].Skipped || doc.Items[1].Skipped || b.ledger.commits != 0 {
		t.Errorf("%+v", doc.Items)
	}
	if summary, content := doc.Items[1].Summary.Plain(), doc.Items[1].Content.Plain(); len(summary) > maxSummary+len("…") || len(content) != 4999 {
		t.Errorf("summary of %d bytes, content of %d", len(summary), len(content))
	}
	var printed struct {
		Feed    map[string]string
		Items   []map[string]any
		Repairs []string
	}
	text, err := json.Marshal(doc)
	if err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(text, &printed); err != nil || printed.Feed["title"] != "T" || printed.Repairs == nil || len(printed.Items) != 2 {
		t.Errorf("%v, %s", err, text)
	}
	for _, it := range printed.Items {
		for _, key := range []string{"id", "title", "link", "summary", "content", "published", "updated", "author", "categories", "image", "skipped"} {
			if _, there := it[key]; !there {
				t.Errorf("no %s in %s", key, text)
			}
		}
	}
	if got := b.pollOne(t, address); got.Items != 1 || len(b.ledger.items[address][0].Content) != 0 {
		t.Errorf("collected %d items, content %d", got.Items, len(b.ledger.items[address][0].Content))
	}
}

// listen starts a server on an address of its own.
func listen(t testing.TB, host string, handler http.HandlerFunc) string {
	t.Helper()
	l, err := net.Listen("tcp", host+":0")
	if err != nil {
		t.Skipf("no loopback address %s: %v", host, err)
	}
	s := httptest.NewUnstartedServer(handler)
	s.Listener.Close()
	s.Listener = l
	s.Start()
	t.Cleanup(s.Close)
	return s.URL
}
