package collect

import (
	"context"
	"fmt"
	"net/http"
	"strings"
	"testing"
)

// TestReadFindsThePagesFeed is given the address of a page, as newcomers do.
func TestReadFindsThePagesFeed(t *testing.T) {
	feed := func(w http.ResponseWriter, _ *http.Request) { fmt.Fprint(w, rssOf(2)) }
	page := func(head, body string) http.HandlerFunc {
		return func(w http.ResponseWriter, _ *http.Request) {
			fmt.Fprintf(w, "<!DOCTYPE html><html><head><title>The mill</title>%s</head><body>%s</body></html>", head, body)
		}
	}
	link := func(typ, href string) string {
		return fmt.Sprintf(`<link rel="alternate" type=%q href=%q>`, typ, href)
	}
	for _, c := range []struct {
		name  string
		asked string
		site  map[string]http.HandlerFunc
		found string
	}{
		{"it declares one", "/", map[string]http.HandlerFunc{"/": page(link("application/rss+xml", "/news.rss"), ""), "/news.rss": feed}, "/news.rss"},
		{"relative to its base", "/town/", map[string]http.HandlerFunc{"/town/": page(`<base href="/well/">`+link("application/atom+xml", "a.xml"), ""), "/well/a.xml": feed}, "/well/a.xml"},
		{"the comments' comes first", "/", map[string]http.HandlerFunc{"/": page(link("application/rss+xml", "/comments/feed/")+link("application/rss+xml", "/all"), ""),
			"/comments/feed/": feed, "/all": feed}, "/all"},
		{"what WordPress says of itself comes first", "/", map[string]http.HandlerFunc{"/": page(link("application/json", "/wp-json/wp/v2/posts/1")+link("application/rss+xml", "/all"), ""),
			"/wp-json/wp/v2/posts/1": func(w http.ResponseWriter, _ *http.Request) { fmt.Fprint(w, `{"id":1}`) }, "/all": feed}, "/all"},
		{"what it declares is gone", "/", map[string]http.HandlerFunc{"/": page(link("application/rss+xml", "/old"), ""), "/atom.xml": feed}, "/atom.xml"},
		{"declared in the body", "/", map[string]http.HandlerFunc{"/": page("", `<footer><a rel="alternate" type="application/rss+xml" href="/x">RSS</a></footer>`), "/x": feed}, "/x"},
		{"only linked to", "/", map[string]http.HandlerFunc{"/": page("", `<a href="/about">About</a> <a href="/town/feed/">Follow</a>`), "/town/feed/": feed}, "/town/feed/"},
		{"feed: in front", "/", map[string]http.HandlerFunc{"/": page(`<link rel=alternate type="application/rss+xml" href="feed:/y">`, ""), "/y": feed}, "/y"},
		{"at a usual place below the page", "/blog/", map[string]http.HandlerFunc{"/blog/": page("", ""), "/blog/index.xml": feed}, "/blog/index.xml"},
		{"at a usual place of the host", "/blog/2026/a-post", map[string]http.HandlerFunc{"/blog/2026/a-post": page("", ""), "/rss.xml": feed}, "/rss.xml"},
		{"nowhere, and every address is a page", "/", map[string]http.HandlerFunc{"/": page("", "")}, ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			asked := 0
			b := newBench(t)
			home := serve(t, func(w http.ResponseWriter, r *http.Request) {
				asked++
				if handler := c.site[r.URL.Path]; handler != nil {
					handler(w, r)
					return
				}
				if c.found == "" { // as some sites answer to whatever they are asked
					page("", "Not found")(w, r)
					return
				}
				http.NotFound(w, r)
			})
			doc, err := b.Read(context.Background(), home+c.asked)
			if c.found == "" {
				if err == nil || !strings.Contains(err.Error(), "look for its feed's address") || asked > maxCandidates+1 {
					t.Errorf("document %+v, error %v after %d requests", doc, err, asked)
				}
				return
			}
			if err != nil || doc.Found != home+c.found || len(doc.Items) != 2 {
				t.Errorf("document %+v, error %v; want %s", doc, err, c.found)
			}
		})
	}
}

func TestReadOfAFeedFindsNothing(t *testing.T) {
	b := newBench(t)
	doc, err := b.Read(context.Background(), serve(t, func(w http.ResponseWriter, _ *http.Request) { fmt.Fprint(w, rssOf(2)) }))
	if err != nil || doc.Found != "" {
		t.Errorf("found %+v, %v", doc, err)
	}
}

func FuzzFeedsOf(f *testing.F) {
	f.Add([]byte(`<base href="/a/"><link rel="feed alternate" type="application/rss+xml" href="x"><a href="/feed">`), true)
	f.Fuzz(func(t *testing.T, page []byte, fetched bool) {
		base := resolve(nil, "https://mill.example/town/")
		if !fetched {
			base = nil
		}
		declared, linked := feedsOf(page, base)
		for _, address := range append(declared, linked...) {
			if fetched && !isWebAddress(address) {
				t.Errorf("%q is no address", address)
			}
		}
	})
}
