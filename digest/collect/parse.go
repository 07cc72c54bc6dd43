package collect

import (
	"bytes"
	"cmp"
	"context"
	"fmt"
	"net/url"
	"runtime"
	"slices"
	"strconv"
	"strings"

	"github.com/mmcdole/gofeed"
	"github.com/mmcdole/gofeed/atom"
	jsonfeed "github.com/mmcdole/gofeed/json"
	"github.com/mmcdole/gofeed/rss"

	"digestd/digest"
	"digestd/digest/collect/loosexml"
)

// source is a body and what is known of where it came from.
type source struct {
	body        []byte
	contentType string   // of HTTP, with its charset
	fetched     *url.URL // the address that answered; nil for a file
}

// channel is a feed as this program reads it.
type channel struct {
	title    string
	link     string // of the site
	format   string // "rss 2.0", "atom 1.0", "json 1.1"
	language string
	items    []digest.Item
	skipped  []bool // of a whole reading: which of the items have nothing to show
	repairs  []string
	cut      bool // it ended early
	pace     paceHints
}

// add takes an entry. One that has neither title, text nor link has nothing to show: it is kept in a
// whole reading only.
func (ch *channel) add(it digest.Item, whole bool) {
	nothing := it.Title == "" && len(it.Summary) == 0 && it.Link == ""
	if nothing && !whole {
		return
	}
	ch.items = append(ch.items, it)
	if whole {
		ch.skipped = append(ch.skipped, nothing)
	}
}

// A page is what gofeed is given at a time. It keeps its costs bounded, about 11 KB an entry, and
// what one entry breaks small.
const (
	pageEntries = 100
	pageBytes   = 256 << 10
)

// parse reads a feed in any format that this program knows. A whole reading has every entry, with its
// whole text up to maxContentBytes; else there are only those that have something to show.
func parse(ctx context.Context, src source, whole bool) (*channel, error) {
	text, repairs := loosexml.Decode(src.body, src.contentType)
	src.body = nil // a large one need not stay when text is a copy
	text, inlined := cutInlined(text)
	if inlined > 0 {
		repairs = append(repairs, fmt.Sprintf("%d large files inside of texts were left out", inlined))
	}
	var ch *channel
	var err error
	switch firstByte(text) {
	case 0:
		return nil, fmt.Errorf("%w: the answer is empty", ErrNotFeed)
	case '{', '[':
		ch, err = parseJSON(ctx, text, src.fetched, whole)
	default:
		ch, err = parseXML(ctx, text, src.fetched, whole)
	}
	if err != nil {
		return nil, err
	}
	ch.repairs = append(repairs, ch.repairs...)
	return ch, nil
}

// firstByte is the first byte that is not white space, or 0.
func firstByte(b []byte) byte {
	for _, c := range b {
		if c > ' ' {
			return c
		}
	}
	return 0
}

func parseXML(ctx context.Context, text []byte, fetched *url.URL, whole bool) (*channel, error) {
	feed, err := tidy(ctx, text, fetched)
	if err != nil {
		return nil, err
	}
	if len(text) > largeBody {
		// The text is not needed any more, and what comes is as large again: without this the heap
		// would grow to twice what is in use.
		runtime.GC()
	}
	head, err := gofeedParse(feed.page(feed.head, nil))
	if err != nil {
		return nil, fmt.Errorf("%w: %v", ErrNotFeed, err)
	}
	ch := &channel{
		title:    plainTitle(feed.text(head.Title)),
		format:   strings.TrimSpace(head.FeedType + " " + feed.version),
		language: languageTag(head.Language, feed.lang),
		repairs:  feed.repairs,
		cut:      feed.cut,
		pace:     hintsOf(head),
	}
	base := orElse(feed.base, fetched)
	ch.link = siteLink(head, base)
	if feed.base == nil {
		base = linkBase(head, resolve(nil, ch.link), fetched)
	}

	ch.items = make([]digest.Item, 0, len(feed.entries))
	conv := converter{base: base, title: ch.title, language: ch.language, whole: whole, slashes: slashOrder(feed.xml)}
	conv.text = func(number string) string { return loosexml.Once(feed.text(number)) }
	if original, ok := head.OriginalFeed().(*atom.Feed); ok && len(original.Authors) > 0 {
		conv.author = personName(original.Authors[0].Name) // RFC 4287 §4.2.1
	}
	broken := 0
	for from := 0; from < len(feed.entries); {
		if err := ctx.Err(); err != nil {
			return nil, err
		}
		to := from + 1
		for to < len(feed.entries) && to-from < pageEntries &&
			feed.entries[to].end-feed.entries[from].start < pageBytes {
			to++
		}
		broken += conv.entries(ch, feed, from, to)
		from = to
	}
	if broken > 0 {
		ch.repairs = append(ch.repairs, fmt.Sprintf("%d entries could not be read", broken))
	}
	return ch, nil
}

// page is the feed with some of its entries. It declares no namespaces: the tidied prefixes are those
// that gofeed knows the vocabularies by, and it copies all declarations for each element that it reads.
func (f *tidied) page(head, entries []byte) []byte {
	open, end := "<rss><channel>", "</channel></rss>"
	if f.atom {
		open, end = "<feed>", "</feed>"
	}
	return slices.Concat([]byte(open), head, entries, []byte(end))
}

// text is the text for which a page has a number.
func (f *tidied) text(number string) string {
	if n, err := strconv.Atoi(number); err == nil && n >= 0 && n < len(f.texts) {
		return f.texts[n]
	}
	return ""
}

// gofeedParse gives a page to gofeed. A panic in it is that page's error.
func gofeedParse(page []byte) (feed *gofeed.Feed, err error) {
	defer func() {
		if p := recover(); p != nil {
			feed, err = nil, fmt.Errorf("the parser failed: %v", p)
		}
	}()
	parser := gofeed.NewParser()
	parser.KeepOriginalFeed = true
	parser.RSSTranslator = &gofeed.DefaultRSSTranslator{DisableContentImageScan: true}
	return parser.Parse(bytes.NewReader(page))
}

// converter makes items of what gofeed read.
type converter struct {
	base     *url.URL // for addresses where no xml:base is in force
	title    string   // of the feed
	language string
	author   string              // of the feed, for entries that name none
	text     func(string) string // the HTML that a title, a summary or a content stands for
	whole    bool                // with the whole text
	slashes  string              // what slashOrder found in the feed
}

// entries reads a run of entries into ch. When gofeed can't read it as a page, each is tried alone; it
// returns how many of them failed.
func (c converter) entries(ch *channel, feed *tidied, from, to int) (failed int) {
	page, err := gofeedParse(feed.page(nil, feed.xml[feed.entries[from].start:feed.entries[to-1].end]))
	if err != nil || len(page.Items) != to-from {
		if to-from == 1 {
			return 1
		}
		for i := from; i < to; i++ {
			failed += c.entries(ch, feed, i, i+1)
		}
		return failed
	}
	for i, it := range page.Items {
		ch.add(c.item(it, originOf(page, i), feed.entries[from+i]), c.whole)
	}
	return 0
}

// origin is an entry in the words of its own format, for what gofeed's common form leaves out. One of
// its fields is set.
type origin struct {
	rss  *rss.Item
	atom *atom.Entry
	json *jsonfeed.Item
}

func originOf(page *gofeed.Feed, i int) origin {
	switch feed := page.OriginalFeed().(type) {
	case *rss.Feed:
		return origin{rss: feed.Items[i]}
	case *atom.Feed:
		return origin{atom: feed.Entries[i]}
	case *jsonfeed.Feed:
		return origin{json: feed.Items[i]}
	}
	return origin{}
}

// item converts one entry.
func (c converter) item(it *gofeed.Item, o origin, e entry) digest.Item {
	base := c.base
	if e.base != nil {
		base = e.base
	}
	var out digest.Item
	out.GUID = shortGUID(it.GUID)
	out.Link = itemLink(it, o, base)
	if out.GUID == "" && e.about != "" {
		out.GUID = shortGUID(e.about)
		if out.Link == "" {
			out.Link = link(base, e.about)
		}
	}
	out.Language = languageTag(e.lang, c.language)
	out.Author = cmp.Or(author(it, o), c.author)
	out.Categories = categories(it)
	out.Published, out.Updated = c.dates(it, o)

	// Pictures and links of a text lie beside the entry, unless it leads to another site.
	beside := base
	if own := resolve(nil, out.Link); e.base == nil && own != nil && (base == nil || sameSite(own, base)) {
		beside = own
	}
	title, episode := plainTitle(c.text(it.Title)), plainTitle(c.extension(it, "itunes", "title"))
	if title == "" || bareEpisode.MatchString(title) {
		title = cmp.Or(episode, title, plainTitle(mediaText(it, "title")))
	}
	if name := sourceOf(it, o); name != "" {
		if headline, found := strings.CutSuffix(title, " - "+name); found { // as Google News has it
			title = headline
			out.Source = name
		}
	}
	t := c.texts(it, o, e, beside, title, out)
	out.Image = itemImage(it, base, t.picture)
	if c.whole {
		out.Content = t.content
	}
	out.Title, out.Summary = c.heading(title, t, out)
	out.Summary = shortenText(out.Summary, maxSummary, maxSummaryBytes)
	return out
}

// heading is an entry's title, and its text without what the title says already.
func (c converter) heading(title string, t texts, it digest.Item) (string, digest.Text) {
	text := t.summary
	if isVersion(title) {
		return releaseTitle(title, c.title, it.Link), text
	}
	if !isNoTitle(title) {
		title = wholeTitle(title, text.Plain())
		return title, continued(text, title)
	}
	if len(text) == 0 && it.Link == "" {
		text = readHTML(t.source, nil, 4*maxSummaryBytes).text // all of it is furniture, and all that there is
	}
	if made := titleFromText(text.Plain()); made != "" {
		return made, continued(text, made)
	}
	if it.Image != nil && it.Image.Alt != "" {
		return it.Image.Alt, nil
	}
	if isBareDate(title) {
		return title, nil
	}
	return cmp.Or(titleFromLink(it.Link), title), nil
}

// texts are what an entry says, read from the elements that may say it.
type texts struct {
	summary, content digest.Text
	source           string // of the first of them
	picture          *digest.Image
}

// texts reads them. The summary is what the entry has for one, unless that says no more than its title does: then
// it is the content.
func (c converter) texts(it *gofeed.Item, o origin, e entry, beside *url.URL, title string, item digest.Item) texts {
	var out texts
	names := []string{c.title, item.Source, item.Author, sourceOf(it, o)}
	summaryBase, contentBase := orElse(e.summaryBase, beside), orElse(e.contentBase, beside)
	candidates := []string{c.text(it.Description), mediaLines(it), c.extension(it, "itunes", "summary"),
		c.extension(it, "googleplay", "description"), c.extension(it, "itunes", "subtitle")}
	for _, source := range candidates {
		if source == "" {
			continue
		}
		p := readStory(source, summaryBase, 4*maxSummaryBytes)
		if out.picture == nil {
			out.picture = p.image
		}
		out.source = cmp.Or(out.source, source)
		if p.links && item.Source != "" || isWorthless(p.text.Plain(), title, names...) {
			continue
		}
		out.summary = p.text
		break
	}
	source := c.text(it.Content)
	switch {
	case c.whole || len(out.summary) == 0:
		p := readStory(source, contentBase, maxContentBytes)
		out.content = p.text
		if p.image != nil {
			out.picture = p.image
		}
		if len(out.summary) == 0 && !isWorthless(p.text.Plain(), title, names...) {
			out.summary = p.text
		}
		out.source = cmp.Or(out.source, source)
	default:
		if image := firstPicture(source, contentBase); image != nil {
			out.picture = image
		}
	}
	if len(out.content) == 0 {
		out.content = out.summary
	}
	return out
}

// extension is the first text that an element of another vocabulary has.
func (c converter) extension(it *gofeed.Item, prefix, name string) string {
	for _, number := range extensionTexts(it, prefix, name) {
		if text := c.text(number); text != "" {
			return text
		}
	}
	return ""
}

// sourceOf is the outlet that an aggregator names for an entry.
func sourceOf(it *gofeed.Item, o origin) string {
	switch {
	case o.rss != nil && o.rss.Source != nil:
		return plainTitle(o.rss.Source.Title)
	case o.atom != nil && o.atom.Source != nil:
		return plainTitle(o.atom.Source.Title)
	}
	return ""
}

// linkBase is what the relative addresses of a feed's entries are relative to where it does not say: in Atom the
// feed itself (RFC 3986 §5.1.3), if the site has it at its own; in the other formats, by habit, the site.
func linkBase(head *gofeed.Feed, site, fetched *url.URL) *url.URL {
	if site == nil {
		return fetched
	}
	if head.FeedType == "atom" {
		for _, self := range []*url.URL{resolve(site, head.FeedLink), fetched} {
			if self != nil && sameSite(self, site) {
				return self
			}
		}
	}
	return site
}

func orElse(u, fallback *url.URL) *url.URL {
	if u != nil {
		return u
	}
	return fallback
}

// siteLink is the page that the feed belongs to.
func siteLink(head *gofeed.Feed, base *url.URL) string {
	if address := link(base, head.Link); head.Link != "" && address != "" {
		return address
	}
	for _, l := range head.Links {
		if address := link(base, l); l != "" && l != head.FeedLink && address != "" {
			return address
		}
	}
	return ""
}
