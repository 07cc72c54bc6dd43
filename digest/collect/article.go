package collect

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"mime"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"time"
	"unicode/utf8"

	"codeberg.org/readeck/go-readability/v2"
	"github.com/temoto/robotstxt"
	"golang.org/x/net/html"
	"golang.org/x/net/html/charset"
	"golang.org/x/sync/singleflight"

	"digestd/digest"
)

const (
	askers          = 4       // requests for articles, or for pictures, at once
	maxArticle      = 2 << 20 // bytes of a page that are read
	maxArticleNodes = 20_000  // of a page
	leastArticle    = 100     // letters, from which on what was found is taken for a text
	maxRobots       = 500 << 10
	robotsKept      = 24 * time.Hour
	maxRobotsKept   = 500 // hosts
	acceptedArticle = "text/html, application/xhtml+xml;q=0.9, */*;q=0.1"
)

// Articles asks for the pages of some items, each address once, and reads their first paragraphs and their
// picture. got is called with each item, by one goroutine at a time: with what its page says and Article set, or with
// its own words and Article.Error. What ctx ends before is left as it was, and got does not hear of it.
//
// It asks as for feeds, behind the same guard and in the same bounds, and only what robots.txt lets it, at the pace that
// it asks for (Crawl-delay). What would have to wait for long is left to a later call.
func (c *Collector) Articles(ctx context.Context, items []digest.Item, got func(digest.Item)) {
	link := func(it digest.Item) string { return it.Link }
	c.askFor(ctx, items, link, got, func(address string) func(digest.Item) digest.Item {
		found, err := c.article(ctx, address)
		if errors.Is(err, errLater) {
			return nil
		}
		return func(it digest.Item) digest.Item { return withArticle(it, found, err, c.now()) }
	})
}

// askFor asks for an address of some items, each address once, in the bounds of feeds. ask returns what its answer
// makes of an item; nil: nothing yet.
func (c *Collector) askFor(ctx context.Context, items []digest.Item, address func(digest.Item) string,
	got func(digest.Item), ask func(address string) func(digest.Item) digest.Item) {
	by := map[string][]digest.Item{}
	var jobs []job
	for _, it := range items {
		at := address(it)
		if by[at] == nil {
			jobs = append(jobs, job{feed: digest.Feed{URL: at}, host: hostOf(at)})
		}
		by[at] = append(by[at], it)
	}
	var mu sync.Mutex
	newQueue(jobs, max(1, c.options.PerHost)).run(ctx, askers, func(j job) {
		filled := ask(j.feed.URL)
		if filled == nil || ctx.Err() != nil {
			return
		}
		mu.Lock()
		defer mu.Unlock()
		for _, it := range by[j.feed.URL] {
			got(filled(it))
		}
	})
}

// ReadArticles shows what full_text would make of a document's first items, n at most, and stores nothing.
func (c *Collector) ReadArticles(ctx context.Context, doc *Document, n int) {
	var items []digest.Item
	for i, it := range doc.Items[:min(n, len(doc.Items))] {
		it.Seq = uint64(i)
		if !it.Skipped && it.Link != "" {
			items = append(items, it.Item)
		}
	}
	c.Articles(ctx, items, func(it digest.Item) {
		doc.Items[it.Seq].Item, doc.Items[it.Seq].FromPage = it, true
	})
}

// withArticle is an item with what its page said. A text that is shorter than the feed's own adds nothing.
func withArticle(it digest.Item, found prose, err error, now time.Time) digest.Item {
	it.Article = &digest.Fetched{At: now}
	if err != nil {
		it.Article.Error = err.Error()
		return it
	}
	if text := shortenText(found.text, maxSummary, maxSummaryBytes); len(text.Plain()) > len(it.Summary.Plain()) {
		it.Summary = text
	}
	if it.Image == nil {
		it.Image = found.image
	}
	return it
}

// article gets one page.
func (c *Collector) article(ctx context.Context, address string) (prose, error) {
	if !isWebAddress(address) {
		return prose{}, errors.New("its link is no address of a page")
	}
	if err := c.robotsAllow(ctx, address); err != nil {
		return prose{}, err
	}
	ans, err := c.fetch(ctx, question{address: address, accept: acceptedArticle})
	var status *StatusError
	if errors.As(err, &status) {
		// Not its own words: their advice is for feeds.
		err = fmt.Errorf("the server answered %d %s", status.Code, http.StatusText(status.Code))
	}
	if err != nil {
		return prose{}, err
	}
	defer func() { _ = ans.body.Close() }() // nothing that is still wanted can be lost by it
	kind, _, _ := mime.ParseMediaType(ans.header.Get("Content-Type"))
	if kind != "" && !strings.Contains(kind, "html") {
		return prose{}, fmt.Errorf("it is no page, but %.60q", kind)
	}
	return c.readArticle(ctx, ans)
}

// readArticle finds the text of a page when it is its turn: one at once, and never in the place of a feed.
func (c *Collector) readArticle(ctx context.Context, ans *answer) (found prose, err error) {
	select {
	case c.page <- struct{}{}:
		defer func() { <-c.page }()
	case <-ctx.Done():
		return prose{}, ctx.Err()
	}
	defer func() { // one page's surprise must not end the others' reading
		if p := recover(); p != nil {
			found, err = prose{}, fmt.Errorf("reading it failed unexpectedly (%v)", p)
		}
	}()
	page, _, err := ans.body.decoded(ans.header.Get("Content-Encoding"), min(maxArticle, c.options.MaxSize),
		func() error { return nil })
	if err != nil {
		return prose{}, err
	}
	return readPage(page, ans.header.Get("Content-Type"), ans.final)
}

// readPage finds first paragraphs and picture of a page.
func readPage(page []byte, contentType string, base *url.URL) (prose, error) {
	text, err := charset.NewReader(bytes.NewReader(page), contentType)
	if err != nil {
		return prose{}, fmt.Errorf("its characters can't be read: %w", err)
	}
	root, err := html.Parse(text) // by itself: the extractor would read its characters again as the page declares them
	if err != nil {
		return prose{}, fmt.Errorf("it can't be read: %w", err)
	}
	parser := readability.NewParser()
	parser.MaxElemsToParse, parser.CharThresholds = maxArticleNodes, 2*leastArticle
	article, err := parser.ParseAndMutate(root, base)
	var source strings.Builder
	if err == nil {
		err = article.RenderHTML(&source)
	}
	if err != nil {
		return prose{}, fmt.Errorf("no text was found on it: %w", err)
	}
	found := readStory(source.String(), base, 4*maxSummaryBytes)
	if utf8.RuneCountInString(found.text.Plain()) < leastArticle {
		return prose{}, errors.New("no text was found on it: it may need a script or a subscription")
	}
	if picture := newImage(base, article.ImageURL(), "", "", ""); picture != nil { // that the page names for such uses
		found.image = picture
	}
	return found, nil
}

// robotsAllow reports as an error that a host does not want an address to be read by programs (RFC 9309). A
// robots.txt that is not there allows all; one that can't be had forbids it for now.
func (c *Collector) robotsAllow(ctx context.Context, address string) error {
	u, err := url.Parse(address)
	if err != nil {
		return err
	}
	origin := u.Scheme + "://" + u.Host
	rules, err := c.robotsOf(ctx, origin)
	if err != nil {
		return fmt.Errorf("%s/robots.txt can't be read: %w", origin, err)
	}
	name, _, _ := strings.Cut(c.options.UserAgent, "/")
	group := rules.FindGroup(name)
	if !group.Test(u.RequestURI()) {
		return fmt.Errorf("%s/robots.txt does not want it to be read by programs", origin)
	}
	wait, soon := c.robots.turn(origin, group.CrawlDelay, c.now())
	if !soon {
		return errLater
	}
	if wait == 0 {
		return nil
	}
	select {
	case <-time.After(wait):
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// errLater means that it is not yet a page's turn.
var errLater = errors.New("its host wants to be asked later")

// robotsOf is what a host wants. Several who ask at once wait for one answer.
func (c *Collector) robotsOf(ctx context.Context, origin string) (*robotstxt.RobotsData, error) {
	if rules := c.robots.get(origin, c.now()); rules != nil {
		return rules, nil
	}
	got, err, _ := c.robots.asking.Do(origin, func() (any, error) {
		ans, err := c.fetch(ctx, question{address: origin + "/robots.txt", accept: "text/plain, */*;q=0.1"})
		var status *StatusError
		var raw []byte
		code := http.StatusOK
		switch {
		case errors.As(err, &status):
			code = status.Code
		case err != nil:
			return nil, err
		default:
			raw, _, err = ans.body.decoded(ans.header.Get("Content-Encoding"), min(maxRobots, c.options.MaxSize),
				func() error { return nil })
			_ = ans.body.Close() // it was only read
			if err != nil {
				return nil, err
			}
		}
		rules, err := robotstxt.FromStatusAndBytes(code, raw)
		if err == nil {
			c.robots.keep(origin, rules, c.now())
		}
		return rules, err
	})
	if err != nil {
		return nil, err
	}
	return got.(*robotstxt.RobotsData), nil
}

// robots remembers for a day what hosts want.
type robots struct {
	asking singleflight.Group

	mu    sync.Mutex
	hosts map[string]robotsOf
	turns map[string]time.Time // when a host may be asked again
}

// longestTurn is how long a page waits for its turn.
const longestTurn = 20 * time.Second

// turn takes a host's next turn, if it is soon, and says how long to wait for it.
func (r *robots) turn(origin string, delay time.Duration, now time.Time) (wait time.Duration, soon bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if wait = max(0, r.turns[origin].Sub(now)); wait > delay+longestTurn { // the clock was set
		wait = 0
	}
	if wait > longestTurn {
		return wait, false
	}
	if delay > 0 {
		if r.turns == nil {
			r.turns = map[string]time.Time{}
		}
		r.turns[origin] = now.Add(wait + delay)
	}
	return wait, true
}

type robotsOf struct {
	rules *robotstxt.RobotsData
	until time.Time
}

func (r *robots) get(origin string, now time.Time) *robotstxt.RobotsData {
	r.mu.Lock()
	defer r.mu.Unlock()
	if known, ok := r.hosts[origin]; ok && now.Before(known.until) {
		return known.rules
	}
	return nil
}

func (r *robots) keep(origin string, rules *robotstxt.RobotsData, now time.Time) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.hosts == nil || len(r.hosts) >= maxRobotsKept {
		r.hosts, r.turns = map[string]robotsOf{}, map[string]time.Time{}
	}
	r.hosts[origin] = robotsOf{rules, now.Add(robotsKept)}
}
