package collect

import (
	"context"
	"fmt"
	"net/http"
	"net/netip"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/mmcdole/gofeed"

	"digestd/digest"
	"digestd/internal/ledger"
	"digestd/internal/ledger/store/bolt"
)

// The benchmark of docs/benchmarks.md: 200 feeds of 30 items on 200 hosts of the loopback network, each
// of which answers after 50 ms.
const (
	benchFeeds = 200
	benchItems = 30
	benchDelay = 50 * time.Millisecond
)

func benchHosts(b *testing.B) []digest.Feed {
	b.Helper()
	var feeds []digest.Feed
	for i := range benchFeeds {
		body := benchBody(i)
		address := listen(b, fmt.Sprintf("127.0.%d.%d", 1+i/200, 1+i%200), func(w http.ResponseWriter, r *http.Request) {
			time.Sleep(benchDelay)
			w.Header().Set("ETag", `"1"`)
			if r.Header.Get("If-None-Match") == `"1"` {
				w.WriteHeader(http.StatusNotModified)
				return
			}
			fmt.Fprint(w, body)
		})
		feeds = append(feeds, digest.Feed{URL: address + "/"})
	}
	return feeds
}

// benchBody is a feed whose items are its own, with the whole story in each.
func benchBody(feed int) string {
	var body strings.Builder
	fmt.Fprintf(&body, `<?xml version="1.0" encoding="UTF-8"?><rss version="2.0" xmlns:content="http://purl.org/rss/1.0/modules/content/"><channel><title>Example Times %d</title><link>https://example.org/%[1]d/</link>`, feed)
	for i := range benchItems {
		fmt.Fprintf(&body, `<item><title>Story number %[2]d of the day in town %[1]d</title><link>https://example.org/%[1]d/%[2]d</link><guid>https://example.org/%[1]d/%[2]d</guid><pubDate>%[3]s</pubDate><description>&lt;p&gt;%[4]s&lt;/p&gt;</description><content:encoded><![CDATA[<p>%[5]s</p>]]></content:encoded></item>`,
			feed, i, testStart.Add(-time.Duration(i)*time.Hour).Format(time.RFC1123Z), strings.Repeat("Some words of a summary. ", 8), strings.Repeat("And <b>many</b> more of the whole story. ", 50))
	}
	body.WriteString("</channel></rss>")
	return body.String()
}

// sequential fetches as the feed mailers in use do: one after the other, each answer parsed before
// the next request.
func sequential(b *testing.B, feeds []digest.Feed, etag string) {
	b.Helper()
	parser := gofeed.NewParser()
	for _, f := range feeds {
		req, err := http.NewRequest(http.MethodGet, f.URL, nil)
		if err != nil {
			b.Fatal(err)
		}
		if etag != "" {
			req.Header.Set("If-None-Match", etag)
		}
		resp, err := http.DefaultClient.Do(req)
		if err != nil {
			b.Fatal(err)
		}
		if resp.StatusCode == http.StatusOK {
			if _, err := parser.Parse(resp.Body); err != nil {
				b.Fatal(err)
			}
		}
		resp.Body.Close()
	}
}

func BenchmarkCollect200Feeds(b *testing.B) {
	feeds := benchHosts(b)
	allow := []netip.Prefix{netip.MustParsePrefix("127.0.0.0/8")}
	fresh := func(b *testing.B) *bench {
		return newBench(b, func(o *Options) { o.Concurrency, o.PerHost, o.AllowPrivateNetworks = 32, 2, allow })
	}
	durable := func(b *testing.B) *bench {
		c := fresh(b)
		l, err := ledger.Open(bolt.At(filepath.Join(b.TempDir(), "digestd.db"), bolt.Options{}), time.Now)
		if err != nil {
			b.Fatal(err)
		}
		b.Cleanup(func() { l.Close() })
		c.Collector.ledger = l.Items
		return c
	}
	first := func(b *testing.B, fresh func(*testing.B) *bench) {
		began := cpuTime(b)
		defer func() { b.ReportMetric((cpuTime(b)-began).Seconds()/float64(b.N), "core-s/op") }()
		for b.Loop() {
			if sum := fresh(b).Poll(context.Background(), feeds, true, nil); sum.OK != benchFeeds || sum.New != benchFeeds*benchItems {
				b.Fatalf("%+v", sum)
			}
		}
	}
	b.Run("first-pass", func(b *testing.B) { first(b, fresh) })
	b.Run("first-pass-durable", func(b *testing.B) { first(b, durable) })
	b.Run("first-pass-sequential", func(b *testing.B) {
		for b.Loop() {
			sequential(b, feeds, "")
		}
	})
	second := func(b *testing.B, fresh func(*testing.B) *bench) {
		c := fresh(b)
		c.Poll(context.Background(), feeds, true, nil)
		for b.Loop() {
			if sum := c.Poll(context.Background(), feeds, true, nil); sum.NotModified != benchFeeds {
				b.Fatalf("%+v", sum)
			}
		}
	}
	b.Run("second-pass", func(b *testing.B) { second(b, fresh) })
	b.Run("second-pass-durable", func(b *testing.B) { second(b, durable) })
	b.Run("second-pass-sequential", func(b *testing.B) {
		for b.Loop() {
			sequential(b, feeds, `"1"`)
		}
	})
}

// BenchmarkParse is what one feed of 30 items costs, from its bytes to items.
func BenchmarkParse(b *testing.B) {
	body := []byte(rssOf(30))
	b.ReportAllocs()
	b.SetBytes(int64(len(body)))
	for b.Loop() {
		if _, err := parse(b.Context(), source{body: body}, false); err != nil {
			b.Fatal(err)
		}
	}
}
