package collect

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"net/url"
	"os"
	"path/filepath"
	"runtime/debug"
	"strings"
	"time"

	"digestd/digest"
	"digestd/internal/lazyregexp"
)

// Read reads a feed from an address or a file and stores nothing. Of a page's address it reads the page's feed, whose
// address is the document's Found then. The errors name what was asked for.
func (c *Collector) Read(ctx context.Context, urlOrFile string) (*Document, error) {
	feed := digest.Feed{URL: urlOrFile}
	if _, isFile := filePath(urlOrFile); !isFile && !isWebAddress(urlOrFile) {
		path, err := filepath.Abs(urlOrFile)
		if err != nil {
			return nil, fmt.Errorf("feed %s: %w", urlOrFile, err)
		}
		feed.URL = path
		if _, err := os.Stat(path); errors.Is(err, fs.ErrNotExist) && bareHost.MatchString(urlOrFile) {
			feed.URL = "https://" + urlOrFile // as people write addresses
		}
	}
	doc, err := c.document(ctx, feed)
	var page *pageError
	switch {
	case err == nil && feed.URL != urlOrFile && isWebAddress(feed.URL):
		doc.Found = feed.URL
	case errors.As(err, &page) && isWebAddress(feed.URL):
		found, notFound := c.discover(ctx, feed.URL, page.feeds)
		if notFound == nil {
			return found, nil
		}
		err = fmt.Errorf("%w; %w", err, notFound)
	}
	if err != nil {
		return nil, fmt.Errorf("feed %s: %w", nameOf(digest.Feed{URL: urlOrFile}), err)
	}
	return doc, nil
}

// bareHost matches an address without its scheme.
var bareHost = lazyregexp.New(`^[\pL\pN-]+(?:\.[\pL\pN-]+)*\.\pL{2,}(?:/\S*)?$`)

func (c *Collector) document(ctx context.Context, feed digest.Feed) (*Document, error) {
	now := c.now()
	src, ans, err := c.open(ctx, feed.URL, digest.FeedState{URL: feed.URL}, now)
	if err != nil {
		return nil, err
	}
	if ans != nil {
		defer func() { _ = ans.body.Close() }() // nothing that is still wanted can be lost by it
	}
	ch, _, err := c.read(ctx, src, true)
	if err != nil {
		return nil, err
	}
	name := sourceName(feed, ch)
	doc := &Document{Title: ch.title, Outlet: name, Link: ch.link, Format: ch.format, Language: ch.language, Repairs: ch.repairs}
	for i, it := range ch.items {
		it.Published, it.Updated = believable(it.Published, now), believable(it.Updated, now)
		it.Feed, it.Source = feed.URL, cmp.Or(it.Source, name)
		doc.Items = append(doc.Items, ReadItem{Item: it, Skipped: ch.skipped[i]})
	}
	return doc, nil
}

// opened is a body that is not read yet.
type opened struct {
	body        *spool
	encoding    string
	contentType string
	fetched     *url.URL
	cut         error  // why it is not whole, if it is not
	path        string // of a file
}

// open gets at a feed's body: over HTTP, where the answer is returned too, or from a file.
func (c *Collector) open(
	ctx context.Context, address string, st digest.FeedState, now time.Time,
) (opened, *answer, error) {
	if path, isFile := filePath(address); isFile {
		return opened{path: path}, nil, nil
	}
	if !isWebAddress(address) {
		return opened{}, nil, fmt.Errorf("its address is neither http, https nor a file")
	}
	conditional := (st.ETag != "" || st.LastModified != "") && now.Sub(st.LastFull) < fullFetchEvery &&
		!st.LastFull.After(now.Add(clockTolerance))
	ans, err := c.fetch(ctx, question{address: address, accept: acceptedFeed, state: st, conditional: conditional,
		partly: true})
	if err != nil {
		return opened{}, nil, err
	}
	return opened{
		body:        ans.body,
		encoding:    ans.header.Get("Content-Encoding"),
		contentType: ans.header.Get("Content-Type"),
		fetched:     ans.final,
		cut:         ans.cut,
	}, ans, nil
}

// filePath is the path of a feed that is a file.
func filePath(address string) (string, bool) {
	if filepath.IsAbs(address) {
		return address, true
	}
	if len(address) > 5 && strings.EqualFold(address[:5], "file:") {
		u, err := url.Parse(address)
		if err != nil || u.Host != "" && u.Host != "localhost" {
			return "", false
		}
		if u.Opaque != "" {
			return u.Opaque, true
		}
		return filepath.FromSlash(u.Path), true
	}
	return "", false
}

// read decodes and parses a body when it is its turn: few at once, and of the large ones one. cut
// reports that it was not whole, so that it must be asked for again without validators.
func (c *Collector) read(ctx context.Context, src opened, whole bool) (ch *channel, cut bool, err error) {
	select {
	case c.parsers <- struct{}{}:
		defer func() { <-c.parsers }()
	case <-ctx.Done():
		return nil, false, ctx.Err()
	}
	holdsLarge := false
	defer func() {
		if holdsLarge {
			debug.FreeOSMemory() // what parsing it discarded is as much again as it needed
			<-c.large
		}
	}()
	large := func() error {
		select {
		case c.large <- struct{}{}:
			holdsLarge = true
			return nil
		case <-ctx.Done():
			return ctx.Err()
		}
	}
	defer func() { // one feed's surprise must not end the others' pass
		if p := recover(); p != nil {
			ch, err = nil, fmt.Errorf("%w: reading it failed unexpectedly (%v); please report it with the feed",
				ErrNotFeed, p)
		}
	}()
	body := src.body
	if src.path != "" {
		if body, err = c.openFile(src.path); err != nil {
			return nil, false, err
		}
		defer func() { _ = body.Close() }() // it was only read
	}
	bytes, damaged, err := body.decoded(src.encoding, c.options.MaxSize, large)
	if err != nil {
		return nil, false, err
	}
	ch, err = c.parse(ctx, source{body: bytes, contentType: src.contentType, fetched: src.fetched}, whole)
	if err == nil {
		err = ch.withoutErrors()
	}
	if err != nil {
		return nil, false, cmp.Or(src.cut, err)
	}
	if src.cut != nil {
		ch.repairs = append(ch.repairs, src.cut.Error())
	}
	if damaged {
		ch.repairs = append(ch.repairs, "its compressed body ends early or is damaged")
	}
	return ch, damaged || ch.cut || src.cut != nil, nil
}

// openFile opens a feed on disk.
func (c *Collector) openFile(path string) (*spool, error) {
	info, err := os.Stat(path)
	if err != nil {
		return nil, fmt.Errorf("its file can't be read: %w", err)
	}
	if !info.Mode().IsRegular() {
		return nil, fmt.Errorf("%s is not a regular file", path)
	}
	if info.Size() > c.options.MaxSize {
		return nil, tooBig(c.options.MaxSize)
	}
	file, err := os.Open(path)
	if err != nil {
		return nil, fmt.Errorf("its file can't be read: %w", err)
	}
	return &spool{file: file, size: info.Size()}, nil
}

// undatedNews is how many items without a date are news at a feed's first poll.
const undatedNews = 5

// siteMovedAway is why an item of a feed whose site has moved is history.
const siteMovedAway = "older than its feed's last reading, and its feed's site has moved"

// finish makes the items of a feed ready to be recorded. At the first poll that shows any, and when its site has moved,
// what is older than lookback is history; at the first, of what has no date the first few are news.
func finish(
	ch *channel, feed digest.Feed, before digest.FeedState, now time.Time, lookback time.Duration,
) []digest.Item {
	name := sourceName(feed, ch)
	built := builtAt(ch.items, now, lookback)
	first := before.LastFull.IsZero() || before.Bare && before.LastItems.IsZero() // there was nothing to read yet
	moved := siteMoved(before.Site, ch.link)
	undated := 0
	for i := range ch.items {
		it := &ch.items[i]
		it.Feed, it.Source, it.Kind = feed.URL, cmp.Or(it.Source, name), feed.Kind
		if !built.IsZero() && inOneMinute(it.Published, built) {
			it.Published = time.Time{}
		}
		it.Published, it.Updated = believable(it.Published, now), believable(it.Updated, now)
		switch {
		case first && it.Published.IsZero():
			undated++
			it.History = undated > undatedNews
		case first:
			it.History = it.Published.Before(now.Add(-lookback))
		case moved && !it.Published.IsZero() && it.Published.Before(before.LastFull.Add(-lookback)):
			it.History, it.Past = true, siteMovedAway
		}
	}
	return ch.items
}

// inOneBatch is how many entries an outlet may well publish in one minute.
const inOneBatch = 20

// builtAt is the time at which a feed was built, where its items bear that in place of a date: they are then as if they
// had none. It is a time that most items bear, more than are ever published in one minute; or that all of several bear,
// in the very minute of the request. It is zero when there is none. A full or half hour that is past is no build: at
// five o'clock there is a morning's whole paper. Of what is older than lookback a few are enough, since no news is lost
// when they lose their dates.
func builtAt(items []digest.Item, now time.Time, lookback time.Duration) time.Time {
	fresh, most, at := 0, undatedNews, time.Time{}
	count := map[int64]int{}
	for _, it := range items {
		if it.Published.IsZero() {
			continue
		}
		if inOneMinute(it.Published, now) {
			fresh++
		}
		// A build that takes a while begins in one minute and ends in the next.
		minute := it.Published.Unix() / 60
		count[minute]++
		n := count[minute] + count[minute-1] + count[minute+1]
		recent := now.Sub(it.Published) <= lookback
		if n > most && (n > inOneBatch || !recent) && 2*n > len(items) &&
			!it.Published.Truncate(30*time.Minute).Equal(it.Published) {
			most, at = n, it.Published
		}
	}
	if fresh > 1 && 2*fresh > len(items) {
		return now
	}
	return at
}

func inOneMinute(a, b time.Time) bool { return a.Sub(b).Abs() < 2*time.Minute }

// siteMoved reports whether a feed's own site is on another host than before.
func siteMoved(before, now string) bool {
	was, is := domainName(before), domainName(now)
	return was != "" && is != "" && siteHost(before) != siteHost(now)
}

func siteHost(site string) string {
	u, err := url.Parse(site)
	if err != nil {
		return ""
	}
	return strings.TrimPrefix(strings.ToLower(u.Hostname()), "www.")
}
