package collect

import (
	"bytes"
	"context"
	"fmt"
	"net/url"
	"strconv"
	"strings"

	"digestd/digest/collect/loosexml"
)

// The bounds of one feed, checked before gofeed sees a byte of it. Passing one is the feed's error.
const (
	maxElements = 1_000_000
	maxEntries  = 60_000
	maxDepth    = 256
	maxValue    = 512 << 10 // bytes of one title, description, …; more is left out, and said so
)

// entry is what a tidied feed keeps of one of its entries.
type entry struct {
	start, end  int      // of its XML in tidied.xml
	base        *url.URL // xml:base where it stands, nil when none is declared
	summaryBase *url.URL // likewise of its summary
	contentBase *url.URL // likewise of its content
	lang        string   // xml:lang
	about       string   // rdf:about
}

// tidied is a feed in a form that no parser can stumble over: well-formed UTF-8, references replaced,
// known elements only, under known prefixes, with everything that can hold markup as HTML. In place of
// those texts the XML has their numbers: the parser would copy each several times, which is most of
// what it costs, and has nothing to do with them.
type tidied struct {
	atom    bool
	version string // of the format: "2.0"
	base    *url.URL
	lang    string
	xml     []byte // the entries, one after the other
	head    []byte // what the feed says of itself
	texts   []string
	entries []entry
	repairs []string
	cut     bool // the document ended early
}

// mode tells what the children of an open element are.
type mode uint8

const (
	inFeed    mode = iota // of the feed: channel, feed, or what wraps them
	inEntry               // of an entry
	inside                // of a container
	inValue               // markup among the words that are kept
	inMarkup              // likewise, deeper
	inDropped             // nothing that is kept
)

// frame is an open element.
type frame struct {
	name  string // as written
	out   string // as written to the tidied feed, or empty
	mode  mode
	scope *scope
	base  *url.URL
	lang  string
	bare  []loosexml.Attr // of an Atom link without an href
}

// tidier walks over a feed once.
type tidier struct {
	scan    *loosexml.Scanner
	data    []byte
	fetch   *url.URL // where the feed was fetched, for a relative xml:base
	feed    tidied
	stack   []frame
	out     *bytes.Buffer // head or entries
	head    bytes.Buffer
	body    bytes.Buffer
	entry   *entry          // the open one
	seen    map[string]bool // the elements of it that came in the words of its own format
	whole   map[string]bool // the elements of it that came to their end, as they are written
	childAt int             // where in body the last of its elements begins

	value    strings.Builder // of the element whose words are kept
	reading  valueReading
	full     bool // nothing more is added to the value: its markup is too deep
	closed   bool // the end tag of the root has come
	after    int  // entries after it
	elements int
	loose    int // entries that were never closed
	overlong int // values that were cut
	deep     int // values that were cut for their depth
	stray    int // characters that XML does not have
}

// tidy reads a feed in XML, however broken.
func tidy(ctx context.Context, data []byte, fetched *url.URL) (*tidied, error) {
	t := &tidier{scan: loosexml.New(data), data: data, fetch: fetched, seen: map[string]bool{},
		whole: map[string]bool{}}
	t.out = &t.head
	if err := t.root(); err != nil {
		return nil, err
	}
	t.body.Grow(len(data))
	for n := 0; len(t.stack) > 0; n++ {
		if n%10_000 == 0 && ctx.Err() != nil {
			return nil, ctx.Err()
		}
		tok := t.scan.Next()
		switch tok.Kind {
		case loosexml.Start:
			if err := t.start(tok); err != nil {
				return nil, err
			}
		case loosexml.End:
			t.end(tok)
		case loosexml.Text:
			t.text(tok.Text)
		case loosexml.Doctype:
			// Markup declarations inside of a feed say nothing.
		case loosexml.EOF:
			tok.Cut = tok.Cut || len(t.stack) > 1
		}
		// After the feed may stand anything, but half an entry.
		tok.Cut = tok.Cut && (!t.closed || t.entry != nil)
		if t.elements > maxElements {
			return nil, fmt.Errorf("%w: it has more than %d elements", ErrTooBig, maxElements)
		}
		if tok.Cut || tok.Kind == loosexml.EOF {
			return t.finish(tok.Cut), nil
		}
	}
	return t.finish(false), nil
}

// tells reports whether what has come of the open entry is enough for an item: its title, its text, and which it is.
func (t *tidier) tells() bool {
	w := t.whole
	return w["title"] && (w["link"] || w["guid"] || w["id"]) &&
		(w["description"] || w["content:encoded"] || w["summary"] || w["content"])
}

// finish closes what is open. An entry that the document ends in is left out, unless all that it says has come:
// half an item must not be mailed as the whole, and the next fetch may have the rest.
func (t *tidier) finish(cut bool) *tidied {
	t.feed.cut = cut
	if t.entry != nil && t.tells() {
		for t.stack[len(t.stack)-1].mode != inEntry {
			t.body.Truncate(t.childAt)
			t.stack = t.stack[:len(t.stack)-1]
		}
		t.pop()
		t.repaired("the feed ends in the middle of entry %d, of which the end was left out", len(t.feed.entries))
	} else if t.entry != nil {
		t.body.Truncate(t.entry.start)
		t.entry = nil
		t.repaired("the feed ends in the middle of entry %d, which was left out", len(t.feed.entries)+1)
	} else {
		for len(t.stack) > 0 {
			t.pop()
		}
		if cut {
			t.repaired("the feed ends before its last tag")
		}
	}
	for _, some := range []struct {
		n    int
		what string
	}{
		{t.after, "entries stand after the end of the feed"}, {t.loose, "entries were not closed"},
		{t.scan.Loose(), "bare < read as text"}, {t.overlong, fmt.Sprintf("texts were cut at %d KB", maxValue>>10)},
		{t.deep, "texts were cut where their markup is nested too deep"}, {t.stray, "control characters dropped"},
	} {
		if some.n > 0 {
			t.repaired("%d %s", some.n, some.what)
		}
	}
	t.feed.head, t.feed.xml = t.head.Bytes(), t.body.Bytes()
	feed := t.feed // apart from the tidier, which holds the document
	return &feed
}

func (t *tidier) repaired(format string, args ...any) {
	t.feed.repairs = append(t.feed.repairs, fmt.Sprintf(format, args...))
}

// inherit sets xml:base and xml:lang of an element.
func (t *tidier) inherit(f *frame, attrs []loosexml.Attr, outer frame) {
	f.base, f.lang = outer.base, outer.lang
	for _, a := range attrs {
		switch a.Name {
		case "xml:base":
			base := f.base
			if base == nil {
				base = t.fetch
			}
			// A base of another scheme would make addresses that nobody may follow.
			if u := resolve(base, a.Value); u != nil {
				f.base = u
			}
		case "xml:lang":
			f.lang = strings.TrimSpace(a.Value)
		}
	}
}

// start takes a start tag.
func (t *tidier) start(tok loosexml.Token) error {
	t.elements++
	top := t.stack[len(t.stack)-1]
	inWords := top.mode == inValue || top.mode == inMarkup || top.mode == inDropped
	if len(t.stack) >= maxDepth && !inWords {
		return fmt.Errorf("%w: its elements are nested more than %d deep", ErrTooBig, maxDepth)
	}
	if tok.Cut {
		return nil
	}
	prefix, local := loosexml.SplitName(tok.Name)
	f := frame{name: tok.Name, scope: top.scope.with(tok.Attrs)}
	t.inherit(&f, tok.Attrs, top)
	vocabulary := f.scope.vocabulary(prefix)
	if t.feed.atom && vocabulary == nsAtom {
		vocabulary = native
	}

	if vocabulary == native && (local == t.entryName() || top.mode == inFeed && (local == "item" || local == "entry")) {
		return t.beginEntry(f, tok)
	}
	if len(t.stack) >= maxDepth {
		// Markup that nobody closes must not cost the feed: the value ends here.
		if top.mode != inDropped && !t.full {
			t.full = true
			t.deep++
		}
		return nil
	}
	switch top.mode {
	case inFeed:
		if vocabulary == native && (local == "channel" || local == "rss") && !t.feed.atom ||
			t.closed && local == "feed" && t.feed.atom {
			f.mode = inFeed
			if !t.feed.atom {
				f.scope = ownVocabulary(f.scope)
			}
			break
		}
		if t.closed { // what another feed says of itself
			f.mode = inDropped
			break
		}
		t.element(&f, tok, vocabulary, local, t.feedElements())
	case inEntry:
		t.element(&f, tok, vocabulary, local, t.entryElements())
	case inside:
		t.child(&f, tok, vocabulary, local)
	case inValue, inMarkup:
		f.mode = inMarkup
		if t.reading == asGuessed {
			t.reading = asHTML
		}
		t.writeMarkup(tok, local)
		if voidElements[local] {
			return nil
		}
	default:
		f.mode = inDropped
	}
	t.stack = append(t.stack, f)
	if tok.SelfClose {
		t.pop()
	}
	return nil
}

func (t *tidier) entryName() string {
	if t.feed.atom {
		return "entry"
	}
	return "item"
}

func (t *tidier) feedElements() map[string]reading {
	if t.feed.atom {
		return atomFeedElements
	}
	return rssFeedElements
}

func (t *tidier) entryElements() map[string]reading {
	if t.feed.atom {
		return atomEntryElements
	}
	return rssItemElements
}

// beginEntry opens an entry. Whatever is open below the feed ends there: an entry stands in no other.
func (t *tidier) beginEntry(f frame, tok loosexml.Token) error {
	if len(t.feed.entries) >= maxEntries {
		return fmt.Errorf("%w: it has more than %d entries", ErrTooBig, maxEntries)
	}
	for t.stack[len(t.stack)-1].mode != inFeed {
		if t.stack[len(t.stack)-1].mode == inEntry {
			t.loose++
		}
		t.pop()
	}
	if t.closed {
		t.after++
	}
	f.mode = inEntry
	clear(t.seen)
	clear(t.whole)
	t.stack = append(t.stack, f)
	t.out = &t.body
	t.entry = &entry{start: t.body.Len(), base: f.base, summaryBase: f.base, contentBase: f.base, lang: f.lang}
	for _, a := range tok.Attrs {
		if _, name := loosexml.SplitName(a.Name); name == "about" {
			t.entry.about = strings.TrimSpace(a.Value)
		}
	}
	t.out.WriteString("<" + t.entryName() + ">")
	if tok.SelfClose {
		t.pop()
	}
	return nil
}

// element begins a child of the feed or of an entry.
func (t *tidier) element(f *frame, tok loosexml.Token, vocabulary, local string, known map[string]reading) {
	key := local
	if vocabulary != native {
		key = vocabulary + ":" + local
	}
	if t.entry != nil && vocabulary == native {
		key, vocabulary = t.translated(key)
	}
	read := known[key]
	if local == "link" && !t.feed.atom && !isAlternate(tok.Attr("rel")) {
		read = dropped // RSS has no other links; those of Atom in it say where else the entry is to be had
	}
	if read == dropped || key == "title" && t.entry != nil && t.whole[key] { // of several titles the first counts
		f.mode = inDropped
		return
	}
	if key == "xhtml:body" {
		key = "content:encoded"
	}
	if t.entry != nil {
		t.childAt = t.out.Len()
	}
	f.out = key
	if key == "link" && t.feed.atom && tok.Attr("href") == "" {
		f.bare = append([]loosexml.Attr{}, tok.Attrs...)
	}
	t.writeStart(key, tok.Attrs, f.base)
	if read == container {
		f.mode = inside
		return
	}
	f.mode = inValue
	t.value.Reset()
	t.reading, t.full = asWords, false
	if read == markup {
		t.reading = asHTML
		if t.feed.atom || vocabulary == nsAtom || tok.Attr("type") != "" && (local == "content" || local == "summary") {
			t.reading = atomReading(tok, local)
		}
		if t.entry != nil {
			switch local {
			case "content", "encoded", "body":
				t.entry.contentBase = f.base
			case "summary", "description":
				t.entry.summaryBase = f.base
			}
		}
	}
}

// child begins an element inside of a container.
func (t *tidier) child(f *frame, tok loosexml.Token, vocabulary, local string) {
	if vocabulary == nsForeign || vocabulary == nsXHTML || !isPlainName(local) {
		f.mode = inDropped
		return
	}
	f.out = local
	if vocabulary != native {
		f.out = vocabulary + ":" + local
	}
	t.writeStart(f.out, tok.Attrs, f.base)
	f.mode = inside
	if vocabulary != nsMedia || local == "title" || local == "description" || local == "credit" {
		f.mode = inValue
		t.value.Reset()
		t.reading, t.full = asWords, false
	}
}

// end takes an end tag: it closes the element of its name, and what was left open in it; one that
// closes nothing is passed over.
func (t *tidier) end(tok loosexml.Token) {
	for i := len(t.stack) - 1; i >= 0; i-- {
		if !strings.EqualFold(t.stack[i].name, tok.Name) {
			continue
		}
		if i == 0 { // entries may follow: of a template that closes too early, or of a second feed
			t.closed = true
			i = 1
		}
		for len(t.stack) > i {
			t.pop()
		}
		return
	}
	t.elements++ // it costs as much as one
}

// pop closes the innermost open element.
func (t *tidier) pop() {
	f := t.stack[len(t.stack)-1]
	t.stack = t.stack[:len(t.stack)-1]
	switch f.mode {
	case inEntry:
		t.out.WriteString("</" + t.entryName() + ">")
		t.entry.end = t.body.Len()
		t.feed.entries = append(t.feed.entries, *t.entry)
		t.entry, t.out = nil, &t.head
	case inside:
		t.out.WriteString("</" + f.out + ">")
	case inValue:
		value := t.value.String()
		if t.value.Len() >= maxValue {
			t.overlong++
		}
		switch {
		case t.reading == asGuessed && !looksLikeHTML(value):
			value = loosexml.Escape(value)
		case t.reading == asBase64:
			value = fromBase64(value)
		}
		if _, local := loosexml.SplitName(f.out); local == "link" && f.base != nil && strings.TrimSpace(value) != "" {
			if u := resolve(f.base, value); u != nil {
				value = u.String()
			}
		}
		value = t.clean(strings.TrimSpace(value))
		if t.reading == asWords {
			t.writeText(value)
		} else if value != "" {
			t.out.WriteString(strconv.Itoa(len(t.feed.texts)))
			t.feed.texts = append(t.feed.texts, value)
		}
		t.out.WriteString("</" + f.out + ">")
		if t.stack[len(t.stack)-1].mode != inside { // what a source or a group says is not of the entry
			t.whole[f.out] = t.whole[f.out] || value != "" || f.out == "link"
		}
		if f.bare != nil && isWebAddress(value) {
			t.writeStart("link", append(f.bare, loosexml.Attr{Name: "href", Value: value}), nil)
			t.out.WriteString("</link>")
		}
	case inMarkup:
		if _, local := loosexml.SplitName(f.name); t.reading != asWords {
			t.addValue("</" + local + ">")
		}
	}
}
