package collect

import (
	"cmp"
	"net/url"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"golang.org/x/net/html"

	"digestd/digest"
	"digestd/digest/collect/loosexml"
	"digestd/internal/lazyregexp"
)

// The lengths of what is kept of an item, in characters as a reader sees them (grapheme clusters) and
// in bytes, since one cluster can be as long as its author likes.
const (
	maxTitle        = 300
	maxTitleBytes   = 4 * maxTitle
	maxSummary      = 2000
	maxSummaryBytes = 4 * maxSummary
	maxContentBytes = 64 << 10
	maxNameOf       = 200 // of an author, a category, an outlet
)

// skippedElements are left out with all that is in them: they hold no text for a reader.
var skippedElements = map[string]bool{
	"script": true, "style": true, "svg": true, "iframe": true, "object": true, "embed": true,
	"applet": true, "noscript": true, "noembed": true, "noframes": true, "template": true, "head": true,
	"title": true, "textarea": true, "xmp": true, "plaintext": true, "select": true, "button": true,
	"video": true, "audio": true, "canvas": true, "frameset": true, "datalist": true,
	"rp": true, "annotation": true, "annotation-xml": true,
	"s": true, "strike": true, "del": true, // what was said and is not said any more
}

// besides are left out where a text's furniture is: they stand beside what it says.
var besides = map[string]bool{
	"figcaption": true, "nav": true, "aside": true, "footer": true, "form": true, "pre": true, "dialog": true, "menu": true,
}

// inlineElements run on in the line; any other tag ends a word.
var inlineElements = map[string]bool{
	"a": true, "abbr": true, "acronym": true, "b": true, "bdi": true, "bdo": true, "big": true, "cite": true,
	"code": true, "data": true, "del": true, "dfn": true, "em": true, "font": true, "i": true, "ins": true,
	"kbd": true, "label": true, "mark": true, "nobr": true, "q": true, "rb": true, "rp": true, "rt": true, "rtc": true, "ruby": true,
	"s": true, "samp": true, "small": true, "span": true, "strike": true, "strong": true, "sub": true, "sup": true, "time": true, "tt": true, "u": true,
	"var": true, "wbr": true,
}

// paragraphs begin and end what stands by itself; two line breaks in a row do so as well.
var paragraphs = map[string]bool{
	"p": true, "div": true, "h1": true, "h2": true, "h3": true, "h4": true, "h5": true, "h6": true, "li": true,
	"blockquote": true, "section": true, "article": true, "header": true, "footer": true, "figcaption": true,
	"tr": true, "dd": true, "dt": true, "hr": true,
}

// prose is what a text in HTML says: its words with the few marks that a mail keeps, and its first
// picture.
type prose struct {
	text  digest.Text
	image *digest.Image
	links bool // more than a third of it is links
	cut   bool
}

// firstPicture is the first picture of hostile HTML that is worth showing.
func firstPicture(source string, base *url.URL) *digest.Image {
	if !strings.Contains(source, "<img") && !strings.Contains(source, "<IMG") {
		return nil
	}
	r := htmlParser{base: base, room: 1, onlyPicture: true}
	return r.read(source).image
}

var cdataMark = lazyregexp.New(`(?i)<!\[CDATA\[`)

// readHTML reads hostile HTML. It walks over the tokens once and builds no tree: neither unbalanced
// nor endlessly nested markup can do more than be left out. maxBytes bounds the text.
func readHTML(source string, base *url.URL, maxBytes int) prose {
	return readWith(source, htmlParser{base: base, room: maxBytes})
}

// readStory is readHTML without what is no part of the story: see furniture.
func readStory(source string, base *url.URL, maxBytes int) prose {
	return readWith(dropStyles(decodeMarkup(dropShortcodes(fromMarkdown(source)))), htmlParser{base: base, room: maxBytes, choosy: true})
}

func readWith(source string, r htmlParser) prose {
	source = strings.ToValidUTF8(source, "\uFFFD") // whoever calls it
	// Escaped twice, a CDATA section's marks are text, and HTML would take all of it for a comment.
	if cdataMark.MatchString(source) {
		source = strings.ReplaceAll(cdataMark.ReplaceAllString(source, ""), "]]>", "")
	}
	if !strings.ContainsAny(source, "<&") {
		r.words(source)
		return r.prose()
	}
	return r.read(source)
}

// endless elements hold all that follows where they are never closed, as in a browser: it is no text.
var endless = map[string]bool{
	"script": true, "style": true, "textarea": true, "title": true, "xmp": true, "plaintext": true,
}

// maxReopened bounds how often a text is read anew from an element that was never closed.
const maxReopened = 8

// maxNoScript is how much is looked at of what stands in for a script.
const maxNoScript = 4 << 10

// ends reports whether an end tag of an element follows a place. What follows only gets shorter, so a "no" is final.
func (r *htmlParser) ends(source string, pos int, name string) bool {
	if r.noEnd[name] {
		return false
	}
	if r.noEnd == nil {
		r.noEnd = map[string]bool{}
		r.lower = strings.Map(func(c rune) rune { // of ASCII alone: each byte stays in its place
			if 'A' <= c && c <= 'Z' {
				return c + 'a' - 'A'
			}
			return c
		}, source)
	}
	r.noEnd[name] = !strings.Contains(r.lower[pos:], "</"+name)
	return !r.noEnd[name]
}

func (r *htmlParser) read(source string) prose {
	source = loosexml.JoinSurrogates(source)
	z := html.NewTokenizer(strings.NewReader(source))
	pos, skipFrom := 0, 0 // after the token, and after the start tag of what is skipped
	for r.room > 0 && !(r.onlyPicture && r.image != nil) {
		kind := z.Next()
		pos += len(z.Raw())
		switch kind {
		case html.ErrorToken:
			// Any other that is never closed hides no text.
			if r.skip == "" || endless[r.skip] || len(r.unclosed) == maxReopened {
				return r.prose()
			}
			r.unclosed = append(r.unclosed, r.skip)
			r.skip, pos = "", skipFrom
			z = html.NewTokenizer(strings.NewReader(source[pos:]))
		case html.TextToken:
			switch {
			case r.skip == "":
				r.words(r.decoded(string(z.Text())))
			case r.skip == "noscript" && r.image == nil && !r.onlyPicture:
				// Its markup comes as text: of the picture for which a lazy one stands.
				raw := z.Raw()
				r.image = firstPicture(string(raw[:min(len(raw), maxNoScript)]), r.base)
			}
		case html.StartTagToken:
			skipping := r.skip != ""
			if r.startTag(z.Token(), false); !skipping {
				skipFrom = pos
			}
		case html.SelfClosingTagToken:
			t := z.Token()
			closed := !endless[t.Data] || !r.ends(source, pos, t.Data) // for a browser, the slash means nothing
			if closed {
				z.NextIsNotRawText()
			}
			r.startTag(t, closed)
		case html.EndTagToken:
			name, _ := z.TagName()
			r.endTag(string(name))
		}
	}
	r.cut = true
	return r.prose()
}

type htmlParser struct {
	base *url.URL
	room int

	choosy bool // furniture is left out
	kept   digest.Text
	spans  digest.Text     // of the block that is being read
	run    strings.Builder // of the words under the marks below
	strong int
	em     int
	href   string
	gap    rune // that is due before the next word, or 0
	breaks int  // since the last word: two are the end of a paragraph
	last   rune // of the words so far
	tags   int  // tag characters since the last black flag
	block  block

	inHeading bool // what is read stands in <h1> to <h6>
	code      int  // depth of <code>
	raised    raised
	math      []mathElement

	onlyPicture bool // no words are wanted

	skip      string // the element that is being left out
	skipDepth int
	unclosed  []string        // elements that are not left out, since they don't end
	noEnd     map[string]bool // elements of which no end tag follows any more
	lower     string          // the source, to look for end tags
	image     *digest.Image
	source    string // the address that an open <picture> has beside its <img>
	cut       bool
}

func (r *htmlParser) prose() prose {
	r.settle()
	r.endBlock()
	if len(r.kept) == 0 {
		r.kept = r.block.heading
	}
	r.kept = merged(r.kept)
	if r.choosy {
		r.trimEnds()
	}
	return prose{text: r.kept, image: r.image, cut: r.cut, links: 3*r.block.linked > r.block.total}
}

func (r *htmlParser) startTag(t html.Token, closed bool) {
	if r.skip != "" {
		if t.Data == r.skip && !closed {
			r.skipDepth++
		}
		return
	}
	switch t.Data {
	case "img":
		if words := spoken(t); words != "" {
			r.words(words)
			return
		}
		r.picture(t)
		r.gap = ' '
		return
	case "picture":
		r.source = ""
	case "source":
		if typ := htmlAttr(t, "type"); r.source == "" && typ != "image/avif" && typ != "image/webp" {
			r.source = fromSet(cmp.Or(htmlAttr(t, "data-srcset"), htmlAttr(t, "srcset")))
		}
	}
	if r.inMath(t.Data, closed) {
		return
	}
	if t.Data == "script" && strings.HasPrefix(htmlAttr(t, "type"), "math/tex") {
		return // its text is the formula
	}
	if skippedElements[t.Data] || isHidden(t) || r.choosy && (besides[t.Data] || isFurniture(t)) {
		if t.Data != "rp" && !strings.HasPrefix(t.Data, "annotation") {
			r.gap = ' '
		}
		if !voidElements[t.Data] && !closed && !slices.Contains(r.unclosed, t.Data) {
			r.skip, r.skipDepth = t.Data, 1
		}
		return
	}
	switch t.Data {
	case "sup", "sub":
		r.raise(t)
	case "rt":
		r.gap = 0
		r.words("(")
	case "code", "tt", "kbd", "samp":
		r.code++
	case "b", "strong":
		r.flush()
		r.strong++
	case "i", "em":
		r.flush()
		r.em++
	case "a":
		if r.raised.by != "" {
			r.raised.note = r.raised.note || leadsToNote(t)
			return
		}
		r.flush()
		if leadsToNote(t) {
			r.raise(t)
			return
		}
		r.href = anchor(r.base, htmlAttr(t, "href"))
	case "q":
		r.words("“")
	default:
		r.parts(t.Data, false)
	}
}

// parts notes that an element parts the text before it from the text after it, by its start or its end.
func (r *htmlParser) parts(name string, ends bool) {
	switch {
	case inlineElements[name]:
		return
	case paragraphs[name]:
		r.breaks = 2
	case name == "br":
		r.breaks++
	}
	r.settle()
	r.endBlock()
	r.inHeading = len(name) == 2 && name[0] == 'h' && name[1] >= '1' && name[1] <= '6' && !ends
	r.gap = ' '
}

func (r *htmlParser) endTag(name string) {
	if r.skip != "" {
		if name == r.skip {
			if r.skipDepth--; r.skipDepth == 0 {
				r.skip = ""
			}
		}
		return
	}
	if r.outOfMath(name) {
		return
	}
	switch name {
	case "sup", "sub":
		r.settle()
	case "rt":
		r.gap = 0
		r.words(")")
	case "code", "tt", "kbd", "samp":
		r.code = max(0, r.code-1)
	case "b", "strong":
		r.flush()
		r.strong = max(0, r.strong-1)
	case "i", "em":
		r.flush()
		r.em = max(0, r.em-1)
	case "a":
		if r.raised.by == "a" {
			r.settle()
		}
		r.flush()
		r.href = ""
	case "q":
		r.words("”")
	case "picture":
		r.source = ""
		r.parts(name, true)
	default:
		r.parts(name, true)
	}
}

// hiddenStyle is what hides an element, or strikes it out; faint what hides its words, but may be there for a script
// that shows its picture when that is loaded.
var (
	hiddenStyle = lazyregexp.New(`display:none|visibility:hidden|mso-hide:all|text-decoration(?:-line)?:[^;]*line-through`)
	faint       = lazyregexp.New(`(?:^|;)(?:max-height|opacity):0(?:\.0*)?(?:px|em|%)?(?:;|!|$)`)
)

// isHidden reports whether the element is not meant to be seen.
func isHidden(t html.Token) bool {
	for _, a := range t.Attr {
		switch a.Key {
		case "hidden":
			return true
		case "aria-hidden":
			if a.Val == "true" && inlineElements[t.Data] && t.Data != "a" {
				return true
			}
		case "style":
			style := strings.ToLower(strings.Join(strings.Fields(a.Val), ""))
			if hiddenStyle.MatchString(style) || t.Data != "img" && faint.MatchString(style) ||
				t.Data == "span" && strings.Contains(style, "font-size:0") && !strings.Contains(style, "font-size:0.") {
				return true
			}
		}
	}
	return false
}

// words adds text, its white space collapsed and its control characters dropped.
func (r *htmlParser) words(s string) {
	if r.onlyPicture {
		return
	}
	if r.raised.by != "" && r.raised.hold(s) {
		return
	}
	r.settle()
	for s != "" {
		if r.room <= 0 {
			r.cut = true
			return
		}
		c, size := rune(s[0]), plainRun(s)
		if size == 0 {
			c, size = utf8.DecodeRuneInString(s)
		}
		piece := s[:size]
		s = s[size:]
		switch {
		case isBlank(c):
			r.gap = ' '
			continue
		case isNoBreak(c):
			if r.gap == 0 {
				r.gap = c
			}
			continue
		case isDropped(c), isTag(c) && !r.inFlag(c):
			continue
		}
		switch {
		case r.run.Len() == 0 && len(r.spans) == 0:
			r.block.breaks = max(r.block.breaks, r.breaks)
		case r.gap != 0:
			r.blank(string(r.gap))
		}
		r.gap, r.breaks = 0, 0
		piece = piece[:min(size, max(r.room, utf8.UTFMax))]
		r.run.WriteString(piece)
		r.room -= len(piece)
		if r.href != "" {
			r.block.links += len(piece)
		}
		r.last, _ = utf8.DecodeLastRuneInString(piece)
	}
}

// inFlag reports whether a tag character goes on with a flag: anywhere else it would hide words from who reads, and not
// from what does.
func (r *htmlParser) inFlag(c rune) bool {
	if r.gap != 0 {
		return false
	}
	switch {
	case r.last == blackFlag:
		r.tags = 0
	case !isTag(r.last) || r.last == endOfFlag:
		return false
	}
	r.tags++
	return r.tags <= flagTags || c == endOfFlag
}

// lacksStop reports whether the end of a paragraph must be marked where it and the next become one line: a headline
// or a standfirst without a full stop would run into the sentence after it.
func lacksStop(last, next rune) bool {
	ends := unicode.IsDigit(last) || last == ')' || last == '%' ||
		unicode.In(last, unicode.Latin, unicode.Greek, unicode.Cyrillic)
	return ends && (unicode.IsUpper(next) || unicode.IsDigit(next) || strings.ContainsRune("\"“„«¿¡", next))
}

// plainRun is how many of the first bytes of s are visible ASCII, which needs no second look.
func plainRun(s string) int {
	for i := range len(s) {
		if s[i] <= ' ' || s[i] >= 0x7f {
			return i
		}
	}
	return len(s)
}

// blank writes the gap between two words: outside of marks and links where it stands at their edge,
// and never at the beginning.
func (r *htmlParser) blank(gap string) {
	bare := func(s digest.Span) bool { return !s.Strong && !s.Em && s.Href == "" }
	switch n := len(r.spans); {
	case r.run.Len() == 0 && n == 0:
		return
	case r.run.Len() > 0 || bare(r.marks()):
		r.run.WriteString(gap)
	case bare(r.spans[n-1]):
		r.spans[n-1].S += gap
	default:
		r.spans = append(r.spans, digest.Span{S: gap})
	}
	r.room -= len(gap)
}

// marks is a span with those in force.
func (r *htmlParser) marks() digest.Span {
	return digest.Span{Strong: r.strong > 0, Em: r.em > 0, Href: r.href}
}

// flush ends the run of words that share their marks.
func (r *htmlParser) flush() {
	if r.run.Len() == 0 {
		return
	}
	span := r.marks()
	span.S = r.run.String()
	r.run.Reset()
	r.spans = append(r.spans, span)
}
