//go:build linux

package e2e

import (
	"bytes"
	"encoding/csv"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"digestd/internal/needs"
)

// newsstand serves feeds as outlets do, with validators.
type newsstand struct {
	*httptest.Server
	mu     sync.Mutex
	bodies map[string][]byte        // by path
	hangs  map[string]chan struct{} // requests of a path wait until the channel is closed
	asked  map[string]int           // answers begun, by path
}

func newNewsstand(t *testing.T) *newsstand {
	t.Helper()
	needs.Asked(t, "a test from feeds to inboxes")
	n := &newsstand{bodies: make(map[string][]byte), hangs: make(map[string]chan struct{}), asked: make(map[string]int)}
	n.Server = httptest.NewServer(n)
	t.Cleanup(n.Close)
	return n
}

func (n *newsstand) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	n.mu.Lock()
	body, known := n.bodies[r.URL.Path]
	hang := n.hangs[r.URL.Path]
	n.asked[r.URL.Path]++
	n.mu.Unlock()
	if !known {
		http.NotFound(w, r)
		return
	}
	if hang != nil {
		select {
		case <-hang:
		case <-r.Context().Done():
			return
		}
	}
	w.Header().Set("Content-Type", "application/rss+xml")
	w.Header().Set("ETag", fmt.Sprintf(`"%d-%x"`, len(body), bytes.Count(body, []byte("<item"))))
	http.ServeContent(w, r, "", time.Time{}, bytes.NewReader(body))
}

// put publishes a feed, or what has become of it.
func (n *newsstand) put(path string, body []byte) {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.bodies[path] = body
}

// hang makes a path accept requests and answer none until the returned function is called.
func (n *newsstand) hang(path string) (release func()) {
	n.mu.Lock()
	defer n.mu.Unlock()
	c := make(chan struct{})
	n.hangs[path] = c
	return sync.OnceFunc(func() {
		n.mu.Lock()
		defer n.mu.Unlock()
		delete(n.hangs, path)
		close(c)
	})
}

// requests counts what a path was asked for.
func (n *newsstand) requests(path string) int {
	n.mu.Lock()
	defer n.mu.Unlock()
	return n.asked[path]
}

// captures puts real captures of the corpus on the stand, one of each outlet first and further days
// of the outlets that have them after, and returns the paths of the feeds.
func (n *newsstand) captures(t *testing.T, count int) []string {
	t.Helper()
	news := needs.Corpus(t, "feeds", "news")
	manifest, err := os.Open(filepath.Join(news, "replay.tsv"))
	if err != nil {
		t.Fatal(err)
	}
	defer manifest.Close()
	lines := csv.NewReader(manifest)
	lines.Comma = '\t'
	lines.LazyQuotes = true
	rows, err := lines.ReadAll()
	if err != nil {
		t.Fatal(err)
	}
	var first, further []string
	outlets := make(map[string]bool)
	for _, row := range rows[1:] { // time, outlet, path, items
		if row[3] == "0" {
			continue
		}
		if outlets[row[1]] {
			further = append(further, row[2])
		} else {
			first = append(first, row[2])
		}
		outlets[row[1]] = true
	}
	var paths []string
	for _, name := range append(first, further...)[:count] {
		body, err := os.ReadFile(filepath.Join(news, name))
		if err != nil {
			t.Fatal(err)
		}
		path := "/" + strings.TrimSuffix(name, ".xml")
		n.put(path, body)
		paths = append(paths, path)
	}
	return paths
}

// entry is one item of a feed of the tests' own writing.
type entry struct{ title, link, text string }

// feed writes RSS.
func feed(title string, entries ...entry) []byte {
	var b bytes.Buffer
	fmt.Fprintf(&b, `<?xml version="1.0" encoding="UTF-8"?><rss version="2.0"><channel><title>%s</title><link>https://example.org/</link>`, title)
	for _, e := range entries {
		fmt.Fprintf(&b, `<item><title>%s</title><link>%s</link><guid>%[2]s</guid><description>%s</description></item>`, e.title, e.link, e.text)
	}
	b.WriteString(`</channel></rss>`)
	return b.Bytes()
}

// withEntry puts one more item of our own in front of a captured feed's.
func withEntry(t *testing.T, body []byte, e entry) []byte {
	t.Helper()
	at := bytes.Index(body, []byte("<item"))
	if at < 0 {
		t.Fatal("the capture has no items")
	}
	item := fmt.Sprintf(`<item><title>%s</title><link>%s</link><guid>%[2]s</guid><description>%s</description><pubDate>%s</pubDate></item>`,
		e.title, e.link, e.text, time.Now().UTC().Format(time.RFC1123Z))
	return bytes.Join([][]byte{body[:at], []byte(item), body[at:]}, nil)
}
