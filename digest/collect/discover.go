package collect

import (
	"context"
	"fmt"
	"net/url"
	"path"
	"slices"
	"strings"

	"golang.org/x/net/html"

	"digestd/digest"
	"digestd/internal/lazyregexp"
)

// maxPage is how much of an HTML page is searched for the feeds that it names.
const maxPage = 256 << 10

// maxCandidates bounds how many addresses are tried to find a page's feed.
const maxCandidates = 24

// usualPaths are where most programs that make sites put their feed.
var usualPaths = []string{"feed", "rss.xml", "atom.xml", "index.xml", "feed.xml", "rss", "feed.json", "index.rss",
	"feeds/posts/default"}

// pageError is the error of a page that came in place of a feed.
type pageError struct {
	declared string   // the feed that the page declares as its own, if it does
	feeds    []string // what may be one, by what the page links to, the likeliest first
}

func (e *pageError) Error() string {
	if e.declared != "" {
		return fmt.Sprintf("%v but an HTML page, which names this feed as its own: %s", ErrNotFeed, e.declared)
	}
	return fmt.Sprintf("%v but an HTML page: a login, an error, or the site itself; look for its feed's address",
		ErrNotFeed)
}

func (*pageError) Unwrap() error { return ErrNotFeed }

// htmlInstead is the error of a page that came in place of a feed.
func htmlInstead(page []byte, fetched *url.URL) error {
	declared, linked := feedsOf(page, fetched)
	e := &pageError{feeds: append(declared, linked...)}
	if len(declared) > 0 {
		e.declared = declared[0]
	}
	return e
}

// feedTypes are the media types by which pages declare feeds. JSON may be anything.
var feedTypes = []string{"application/rss+xml", "application/atom+xml", "application/feed+json", "application/rdf+xml",
	"application/json", "text/xml", "application/xml"}

// feedLike matches the path of a link that leads to a feed, for all that one can see.
var feedLike = lazyregexp.New(`(?i)(?:\.(?:rss|atom|rdf)|/(?:rss|atom|feed|index|feeds?)\.(?:xml|json)|/(?:feed|rss|atom)/?)$`)

// feedsOf finds the feeds that a page declares, <link rel="alternate" type="application/rss+xml" href="…"> and the
// same in <a>, and those that it merely links to. The comments' come last.
func feedsOf(page []byte, fetched *url.URL) (declared, linked []string) {
	z := html.NewTokenizer(strings.NewReader(string(page[:min(len(page), maxPage)])))
	z.SetMaxBuf(maxPage)
	base := fetched
	for {
		switch z.Next() {
		case html.ErrorToken:
			commentsLast(declared)
			commentsLast(linked)
			return declared, linked
		case html.StartTagToken, html.SelfClosingTagToken:
			tok := z.Token()
			href := oneLine(strings.TrimPrefix(htmlAttr(tok, "href"), "feed:"), maxURL)
			u := resolve(base, href)
			if u != nil {
				href = u.String()
			} else if base != nil {
				href = ""
			} // else a file: the page's own address is not known
			rel := " " + strings.ToLower(htmlAttr(tok, "rel")) + " "
			switch typ := strings.ToLower(htmlAttr(tok, "type")); {
			case tok.Data == "base" && u != nil:
				base = u
			case tok.Data != "link" && tok.Data != "a" || href == "" || slices.Contains(declared, href):
			case slices.Contains(feedTypes, typ) &&
				(strings.Contains(rel, " alternate ") || strings.Contains(rel, " feed ")):
				declared = append(declared, href)
			case tok.Data == "a" && u != nil && feedLike.MatchString(u.Path) && !slices.Contains(linked, href) &&
				len(linked) < maxCandidates:
				linked = append(linked, href)
			}
		}
	}
}

// commentsLast moves to the end the feed of comments, and what is no feed but WordPress's description of a page.
func commentsLast(addresses []string) {
	last := func(address string) int {
		if address = strings.ToLower(address); strings.Contains(address, "comment") ||
			strings.Contains(address, "/wp-json/") || strings.Contains(address, "oembed") {
			return 1
		}
		return 0
	}
	slices.SortStableFunc(addresses, func(a, b string) int { return last(a) - last(b) })
}

// discover finds the feed of a page: what it names, then the usual places below the page and on its host. Only what can
// be read as a feed counts. It asks for one after the other, and gives up when the time for one answer is over.
func (c *Collector) discover(ctx context.Context, page string, named []string) (*Document, error) {
	ctx, cancel := context.WithTimeout(ctx, c.options.Timeout)
	defer cancel()
	candidates := slices.Clone(named[:min(len(named), maxCandidates/3)])
	if base, err := url.Parse(page); err == nil {
		base = withoutUser(base)
		here := path.Clean("/" + base.Path)
		for _, usual := range usualPaths {
			for _, dir := range []string{here, path.Dir(here), "/"} {
				candidates = append(candidates, base.Scheme+"://"+base.Host+path.Join(dir, usual))
			}
		}
	}
	tried := map[string]bool{page: true}
	for _, address := range candidates {
		if tried[address] || len(tried) > maxCandidates || ctx.Err() != nil {
			continue
		}
		tried[address] = true
		if doc, err := c.document(ctx, digest.Feed{URL: address}); err == nil && len(doc.Items) > 0 {
			doc.Found = address
			return doc, nil
		}
	}
	return nil, fmt.Errorf("none of %d addresses where it may be is a feed", len(tried)-1)
}

func htmlAttr(tok html.Token, key string) string {
	for _, a := range tok.Attr {
		if a.Key == key {
			return a.Val
		}
	}
	return ""
}
