package collect

import (
	"context"
	"fmt"
	"net/http"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"digestd/digest"
)

const millPage = `<!DOCTYPE html><html><head><title>The mill stops - The Mill Post</title><meta property="og:image" content="https://mill.example/img/wheel.jpg"></head><body>
<nav><a href="/">Home</a> <a href="/well">Well</a></nav><div class="cookie-banner">We use cookies to make this site better.</div><div id="cookie"><p>We use cookies to improve your visit.</p></div>
<article><h1>The mill stops</h1><p>Photo: Bo Lund</p><p>Read also: <a href="/well">The well runs dry</a></p><p>The mill of the lower town has stopped for the first time in forty years, since the river is too low to turn its wheel.</p>
<p>The miller, who has kept it for half of that time, said on Friday that he would wait for rain, and that there was flour for three weeks.</p>
<p>The council wants to bring grain to the upper mill, whose wheel is smaller, and has asked the carters for their price by Monday.</p></article>
<footer>© The Mill Post</footer></body></html>`

// mill serves pages, and counts what it is asked for.
type mill struct {
	*bench
	address string
	mu      sync.Mutex
	asked   map[string]int
}

func newMill(t *testing.T) *mill {
	m := &mill{bench: newBench(t), asked: map[string]int{}}
	m.address = serve(t, func(w http.ResponseWriter, r *http.Request) {
		m.mu.Lock()
		m.asked[r.URL.Path]++
		m.mu.Unlock()
		switch r.URL.Path {
		case "/robots.txt":
			fmt.Fprint(w, "User-agent: *\nDisallow: /kept/\n")
		case "/stops", "/kept/stops":
			w.Header().Set("Content-Type", "text/html; charset=utf-8")
			fmt.Fprint(w, millPage)
		case "/moved":
			http.Redirect(w, r, "/stops", http.StatusFound)
		case "/empty":
			fmt.Fprint(w, "<html><body><p>Please enable JavaScript.</p></body></html>")
		case "/sound":
			w.Header().Set("Content-Type", "audio/mpeg")
			fmt.Fprint(w, "ID3")
		case "/latin":
			w.Header().Set("Content-Type", "text/html")
			fmt.Fprint(w, strings.ReplaceAll("<html><head><meta charset=iso-8859-1></head>"+millPage[len("<!DOCTYPE html><html>"):], "flour", "Spl\xe4t"))
		case "/deep":
			fmt.Fprint(w, "<html><body>"+strings.Repeat("<div>", 50_000)+"deep")
		case "/large":
			fmt.Fprint(w, "<html><body>"+strings.Repeat("<p>large and larger</p>", 200_000))
		default:
			http.NotFound(w, r)
		}
	})
	return m
}

// read asks for some pages, and returns what came of each.
func (m *mill) read(paths ...string) map[string]digest.Item {
	var items []digest.Item
	for i, path := range paths {
		items = append(items, digest.Item{Seq: uint64(i + 1), Link: m.address + path, Summary: digest.PlainText("The feed's own words.")})
	}
	out := map[string]digest.Item{}
	m.Articles(context.Background(), items, func(it digest.Item) { out[strings.TrimPrefix(it.Link, m.address)] = it })
	return out
}

func TestArticles(t *testing.T) {
	m := newMill(t)
	all := []string{"/stops", "/stops", "/moved", "/kept/stops", "/empty", "/sound", "/latin", "/deep", "/large", "/gone"}
	got := m.read(all...)
	for path, want := range map[string]string{
		"/stops": "", "/moved": "", "/latin": "",
		"/kept/stops": "does not want it to be read by programs", "/empty": "no text was found", "/sound": `"audio/mpeg"`,
		"/deep": "exceeds 512 nodes", "/large": "more than", "/gone": "404 Not Found",
	} {
		it := got[path]
		if it.Article == nil {
			t.Errorf("%s: nothing came of it", path)
			continue
		}
		text := it.Summary.Plain()
		if want != "" {
			if !strings.Contains(it.Article.Error, want) || text != "The feed's own words." || it.Image != nil {
				t.Errorf("%s: error %q, text %.60q, picture %v; want %q and the feed's words", path, it.Article.Error, text, it.Image, want)
			}
			continue
		}
		if it.Article.Error != "" || !strings.Contains(text, "The mill of the lower town has stopped") || strings.Contains(text, "cookies") || strings.Contains(text, "Read also") || strings.Contains(text, "Bo Lund") {
			t.Errorf("%s: error %q, text %.200q", path, it.Article.Error, text)
		}
		if path != "/latin" && (it.Image == nil || it.Image.URL != "https://mill.example/img/wheel.jpg") {
			t.Errorf("%s: picture %v", path, it.Image)
		}
	}
	if text := got["/latin"].Summary.Plain(); !strings.Contains(text, "Splät") {
		t.Errorf("latin page: %q", text)
	}
	if m.asked["/robots.txt"] != 1 || m.asked["/stops"] != 2 || m.asked["/kept/stops"] != 0 { // the second by the redirect
		t.Errorf("asked for %v", m.asked)
	}
}

// TestArticlesEndWithTheirTime holds that an end of the time is no outcome.
func TestArticlesEndWithTheirTime(t *testing.T) {
	b := newBench(t)
	ctx, stop := context.WithCancel(context.Background())
	var asked atomic.Int32
	address := serve(t, func(_ http.ResponseWriter, r *http.Request) {
		asked.Add(1)
		stop()
		<-r.Context().Done()
	})
	var items []digest.Item
	for i := range 20 {
		items = append(items, digest.Item{Link: fmt.Sprint(address, "/", i)})
	}
	b.Articles(ctx, items, func(it digest.Item) { t.Errorf("%s has the outcome %+v", it.Link, it.Article) })
	if n := asked.Load(); n == 0 || n > 4 {
		t.Errorf("%d requests", n)
	}
}

// TestArticlesAtThePaceOfTheirHost reads pages of hosts that want to be asked once in so many seconds. Whose turn is far is left
// for later, and has no outcome.
func TestArticlesAtThePaceOfTheirHost(t *testing.T) {
	for delay, want := range map[string][]int{"60": {1, 0, 1}, "0.01": {3, 3, 3}, "": {3, 3, 3}} {
		b := newBench(t)
		address := serve(t, func(w http.ResponseWriter, r *http.Request) {
			if r.URL.Path == "/robots.txt" {
				fmt.Fprintf(w, "User-agent: *\nCrawl-delay: %s\n", delay)
				return
			}
			http.NotFound(w, r)
		})
		var items []digest.Item
		for i := range 3 {
			items = append(items, digest.Item{Link: fmt.Sprint(address, "/", i)})
		}
		for i, n := range want {
			got := 0
			b.Articles(context.Background(), items, func(digest.Item) { got++ })
			if got != n {
				t.Errorf("a delay of %q: %d of 3 pages were asked for at the %d. time, want %d", delay, got, i+1, n)
			}
			if b.clock = b.clock.Add(time.Second); i == 1 {
				b.clock = b.clock.Add(time.Minute)
			}
		}
	}
}

func TestArticlesStayBehindTheGuard(t *testing.T) {
	b := newBench(t)
	b.Collector = New(b.options, nil, b.now, b.log)
	b.Collector.options.AllowPrivateNetworks = nil
	guarded := New(Options{Timeout: b.options.Timeout, MaxSize: 1 << 20, PerHost: 1, Concurrency: 1}, nil, b.now, b.log)
	address := serve(t, func(http.ResponseWriter, *http.Request) { t.Error("it was asked") })
	said := ""
	guarded.Articles(context.Background(), []digest.Item{{Link: address}}, func(it digest.Item) { said = it.Article.Error })
	if !strings.Contains(said, "127.0.0.1") {
		t.Errorf("said %q, want the refused address", said)
	}
}

func FuzzReadPage(f *testing.F) {
	f.Add([]byte(millPage), "text/html")
	f.Add([]byte("<table><tr><td><p>x</table>"+strings.Repeat("<b>", 600)), "text/html; charset=utf-16")
	f.Add([]byte("\xff\xfe<\x00p\x00>\x00"), "")
	f.Fuzz(func(t *testing.T, page []byte, contentType string) {
		found, err := readPage(page, contentType, nil)
		if err == nil && len(found.text) == 0 {
			t.Error("neither text nor error")
		}
	})
}
