package collect

import (
	"strings"
	"unicode"
	"unicode/utf8"

	"golang.org/x/net/html"

	"digestd/digest"
	"digestd/digest/collect/loosexml"
	"digestd/internal/lazyregexp"
)

// block is a piece of a text that stands by itself: a paragraph, a line, an item of a list.
type block struct {
	breaks int // line breaks before it
	links  int // bytes of it that are in links

	chapters      bool        // a list of a film's chapters has begun
	heading       digest.Text // that begins the text: see isHeading
	begun         bool        // more than headings was kept
	total, linked int         // bytes of all blocks so far that are kept, and of those that are links
	last          rune
}

// endBlock ends the open block. It is kept unless it is furniture.
func (r *htmlParser) endBlock() {
	r.flush()
	if len(r.spans) == 0 {
		return
	}
	b := &r.block
	text := r.spans.Plain()
	if r.choosy {
		if n := trailingTags(text); n > 0 {
			r.spans = withoutEnd(r.spans, n)
		}
		if text[0]|0x20 == 'a' {
			if n := announceLine.FindStringIndex(text); n != nil {
				r.spans = withoutBegin(r.spans, n[1])
			}
		}
		text = r.spans.Plain()
	}
	switch {
	case text == "" || r.choosy && (isFurnitureLine(text) || b.isChapter(text) || isScript(text)):
		r.room += len(text)
	case r.choosy && !b.begun && (isBareDate(text) || r.inHeading && isHeading(text)):
		b.heading = r.spans
	default:
		b.begun = b.begun || !r.inHeading
		gap := " "
		if first, _ := utf8.DecodeRuneInString(text); b.breaks >= 2 && lacksStop(b.last, first) {
			gap = ". "
		}
		if len(r.kept) > 0 {
			r.kept = append(r.kept, digest.Span{S: gap})
			r.room -= len(gap)
		}
		r.kept = append(r.kept, r.spans...)
		b.total += len(text)
		b.linked += min(b.links, len(text))
		b.last, _ = utf8.DecodeLastRuneInString(text)
		b.breaks = 0
	}
	b.links = 0
	r.spans = nil
}

// isHeading reports whether the words of a heading at the beginning of a text only name what comes: "Introduction". A
// standfirst in its place says more.
func isHeading(text string) bool {
	last, _ := utf8.DecodeLastRuneInString(text)
	return len(text) <= maxHeading && len(strings.Fields(text)) <= 4 && !strings.ContainsRune(".!?…:。！？：", last)
}

// maxHeading is the most bytes of a heading that only names what comes.
const maxHeading = 48

// isChapter reports whether a line is of a list of a film's chapters: "1:20 The wheel". The first is at the beginning
// of it; other times of the day are the story's.
func (b *block) isChapter(text string) bool {
	if len(text) > maxLabelled || text[0] != '(' && (text[0] < '0' || text[0] > '9') {
		return false
	}
	m := chapter.FindStringSubmatch(text)
	b.chapters = b.chapters || m != nil && strings.Trim(m[1], "0:") == ""
	return m != nil && b.chapters
}

var chapter = lazyregexp.New(`^\(?(\d{1,2}(?::\d{2}){1,2})\)?(?:\s|$)`)

// merged is a text with neighbours of the same marks made one.
func merged(t digest.Text) digest.Text {
	var out digest.Text
	for i := 0; i < len(t); {
		span := t[i]
		end := i + 1
		for end < len(t) && t[end].Strong == span.Strong && t[end].Em == span.Em && t[end].Href == span.Href {
			end++
		}
		if end > i+1 {
			span.S = t[i:end].Plain()
		}
		out = append(out, span)
		i = end
	}
	return out
}

// withoutBegin is a text without its first n bytes and the space after them.
func withoutBegin(t digest.Text, n int) digest.Text {
	for n > 0 && len(t) > 0 {
		cut := min(n, len(t[0].S))
		n -= cut
		if t[0].S = t[0].S[cut:]; t[0].S == "" {
			t = t[1:]
		}
	}
	for len(t) > 0 {
		if t[0].S = strings.TrimLeftFunc(t[0].S, unicode.IsSpace); t[0].S != "" {
			return t
		}
		t = t[1:]
	}
	return nil
}

// withoutEnd is a text without its last n bytes and the space before them.
func withoutEnd(t digest.Text, n int) digest.Text {
	for len(t) > 0 {
		last := &t[len(t)-1]
		cut := min(n, len(last.S))
		n -= cut
		if last.S = strings.TrimRightFunc(last.S[:len(last.S)-cut], unicode.IsSpace); last.S != "" {
			return t
		}
		t = t[:len(t)-1]
	}
	return nil
}

// trimEnds takes furniture off the ends of a text that was not in blocks of its own: whole sentences.
func (r *htmlParser) trimEnds() {
	for range 3 {
		text := r.kept.Plain()
		begin := firstSentence(text)
		// A label and a call may begin a story as well: its next sentence may be what follows.
		if head := text[:begin]; begin < len(text) && isFurnitureLine(head) && !strings.Contains(head, ":") &&
			!beginsCall(plainKey(head)) {
			r.kept = withoutBegin(r.kept, begin)
			continue
		}
		end := lastSentence(text)
		if end == 0 || !isFurnitureLine(text[end:]) {
			return
		}
		r.kept = withoutEnd(r.kept, len(text)-end)
	}
}

// firstSentence is the end of the first sentence of a text, or its length.
func firstSentence(text string) int {
	for i := 0; i < min(len(text), maxFurniture); i++ {
		if strings.IndexByte(".!?", text[i]) >= 0 && i+1 < len(text) && text[i+1] == ' ' {
			return i + 1
		}
	}
	return len(text)
}

// lastSentence is the begin of the last sentence of a text, or 0.
func lastSentence(text string) int {
	for i := len(text) - 3; i > max(0, len(text)-maxFurniture); i-- {
		switch {
		case text[i+1] != ' ':
		case strings.IndexByte(".!?)]\"", text[i]) >= 0, strings.HasSuffix(text[:i+1], "…"),
			strings.HasSuffix(text[:i+1], "”"), strings.HasSuffix(text[:i+1], "»"):
			return i + 2
		}
	}
	for _, stop := range []string{"。", "！", "？", "।", "؟"} {
		if i := strings.LastIndex(strings.TrimSuffix(text, stop), stop); i > len(text)-maxFurniture && i >= 0 {
			return i + len(stop)
		}
	}
	return 0
}

// maxFurniture is the most bytes of a line that is looked at as furniture.
const maxFurniture = 600

// maxLabelled is the most bytes of one that begins with a label or a call, or is a row of links.
const maxLabelled = 250

// isFurnitureLine reports whether a line is what systems put around stories, and no part of one: buttons, counts,
// credits, lists of tags. It is that as a whole, or it is a part of the story.
func isFurnitureLine(text string) bool {
	if len(text) > maxFurniture {
		return false
	}
	line := plainKey(text)
	if line == "" {
		return !strings.Contains(text, "…") && !strings.Contains(text, "...") // a text that was cut off says so
	}
	if lines[line] {
		return true
	}
	if isAddress(text) || wordPress(line) {
		return true
	}
	for _, p := range patterns {
		if strings.Contains(line, p.trigger) && p.expression.MatchString(text) {
			return true
		}
	}
	if len(text) > maxLabelled {
		return false
	}
	label, rest, found := strings.Cut(text, ":")
	if !found {
		label, rest, found = strings.Cut(text, "：")
	}
	if found && len(label) < 60 && (labels[plainKey(label)] && oneSentence(rest) || isAddress(rest)) {
		return true
	}
	return beginsCall(line) && oneSentence(text) || isRow(text)
}

// isAddress reports whether a text is addresses and nothing else.
func isAddress(text string) bool {
	return (strings.Contains(text, "/") || strings.Contains(text, "www.")) && address.MatchString(text)
}

// isRow reports whether a line is furniture side by side: "Permalink | Comments (3) | Share".
func isRow(text string) bool {
	if !strings.ContainsAny(text, "|·•‧/[]»›–—-") && !strings.Contains(text, " via ") {
		return false
	}
	for parts := 0; ; parts++ {
		part, rest := text, ""
		cut := separators.FindStringIndex(text)
		if cut != nil {
			part, rest = text[:cut[0]], text[cut[1]:]
		}
		if key := plainKey(part); key != "" && !lines[key] && !isAddress(part) {
			return false
		}
		if cut == nil {
			return parts > 0
		}
		text = rest
	}
}

// plainKey is the words of a line in lower case, each number as "#", without any sign.
func plainKey(text string) string {
	var b strings.Builder
	gap, digits := false, false
	for _, c := range text {
		switch {
		case c == '\'' || c == '’', c >= 0x591 && c <= 0x5c7, c >= 0x64b && c <= 0x652, c == 0x34f:
			continue // within a word; Hebrew and Arabic vowels; invisible
		case unicode.IsDigit(c):
			if digits {
				continue
			}
			digits, c = true, '#'
		case unicode.IsLetter(c) || unicode.Is(unicode.M, c):
			digits = false
			c = unicode.ToLower(c)
		default:
			gap = true
			continue
		}
		if gap && b.Len() > 0 {
			b.WriteByte(' ')
		}
		gap = false
		b.WriteRune(c)
	}
	return b.String()
}

// oneSentence reports whether no sentence ends inside of a line.
func oneSentence(text string) bool {
	return firstSentence(strings.TrimRight(text, ".!?… ")) >= len(strings.TrimRight(text, ".!?… "))
}

// beginsCall reports whether a line calls upon its reader: "Read more on …", "Click here to …".
func beginsCall(line string) bool {
	first, _, _ := strings.Cut(line, " ")
	for _, call := range calls[first] {
		if line == call || strings.HasPrefix(line, call+" ") {
			return true
		}
	}
	return false
}

// wordPress reports whether a line is the one that WordPress puts at a feed's texts, in the languages that it has.
func wordPress(line string) bool {
	for _, form := range wordPressForms {
		if strings.HasPrefix(line, form[0]) && strings.Contains(line, form[1]) {
			return true
		}
	}
	return false
}

var (
	separators = lazyregexp.New(`\s*[|·•‧/\[\]»›–—]+\s*|\s+-\s+|\s{2,}| via `)
	address    = lazyregexp.New(`^\s*(?:(?:https?://|www\.|(?:[\w-]+\.)+[a-z]{2,}/)\S*[\s,;]*)+$`)
	// arXiv's line before an abstract, and its like.
	announceLine = lazyregexp.New(`(?i)^arxiv:\S+\s+announce type:\s*[\w-]+\s*(?:abstract:\s*)?|^abstract:\s+`)
)

type linePattern struct {
	trigger    string // as plainKey has it
	expression *lazyregexp.Regexp
}

// patterns are lines that no list holds. Each is tried only where its trigger stands.
var patterns = []linePattern{
	{"submitted by", lazyregexp.New(`(?i)^submitted by\s`)},
	{"participants", lazyregexp.New(`(?i)^\d+ posts? - \d+ participants?$`)},
	{"participant", lazyregexp.New(`(?i)^\d+ posts? - \d+ participants?\b.{0,40}$`)},
	{"originally published", lazyregexp.New(`(?i)\bwas originally published (?:in|on) .{1,200}$|^originally published (?:at|in|on)\b`)},
	{"contribution in", lazyregexp.New(`(?i)^\S+ made their first contribution in`)},
	{"aut", lazyregexp.New(`^(?:Author|Autor|Autorin|Auteure?|Autore|Autrice): (?:\s*\p{Lu}[\p{L}.’'-]*){2,5}$`)},
	{"by ", lazyregexp.New(`^(?i:by|text by|words by|written by|posted by)(?:\s+\p{Lu}[\p{L}.’'-]*){2,5}$`)},
	{"von ", lazyregexp.New(`^(?:Von|Text von)(?:\s+\p{Lu}[\p{L}.’'-]*){2,5}$`)},
	{"par ", lazyregexp.New(`^(?:Par|Propos recueillis par)(?:\s+\p{Lu}[\p{L}.’'-]*){2,5}$`)},
	{"por ", lazyregexp.New(`^Por(?:\s+\p{Lu}[\p{L}.’'-]*){2,5}$`)},
	{"di ", lazyregexp.New(`^[Dd]i(?:\s+\p{Lu}[\p{L}.’'-]*){2,5}$`)},
	{"reader supported", lazyregexp.New(`(?i)\breader-supported\b`)},
	{"thanks for reading", lazyregexp.New(`(?i)^thanks for reading\b`)},
	{"thank you for reading", lazyregexp.New(`(?i)^thank you for reading\b`)},
	{"subscribe for free", lazyregexp.New(`(?i)^subscribe for free to (?:receive|get)\b`)},
	{"free", lazyregexp.New(`(?i)\bconsider becoming a (?:free|paid)\b`)},
	{"paying subscribers", lazyregexp.New(`(?i)^this post is for (?:paying|paid) subscribers`)},
	{"paid subscribers", lazyregexp.New(`(?i)^this post is for (?:paying|paid) subscribers`)},
	{"kill the newsletter", lazyregexp.New(`(?i)^kill the newsletter!?.{0,60}$`)},
	{"all rights reserved", lazyregexp.New(`(?i)^(?:©|\(c\)|copyright)?.{0,120}\ball rights reserved\W*$`)},
	{"posted by", lazyregexp.New(`^Posted by\s\p{Lu}.{1,80}$`)},
	{"min read", lazyregexp.New(`(?i)^\d+ min(?:ute)?s? read$`)},
	{"to read", lazyregexp.New(`(?i)^(?:estimated )?(?:reading time|time to read):? .{1,30}$`)},
	{"read time", lazyregexp.New(`(?i)^read time:? .{1,30}$`)},
	{"lesezeit", lazyregexp.New(`(?i)^(?:(?:geschätzte )?lesezeit:? .{1,20}|\d+ min(?:uten?)?\.? lesezeit)$`)},
	{"de lecture", lazyregexp.New(`(?i)^(?:temps de lecture\s?(?:estimé\s?)?:? .{1,20}|\d+ min(?:utes?)?\.? de lecture)$`)},
	{"de lectura", lazyregexp.New(`(?i)^(?:tiempo (?:estimado )?de lectura:? .{1,20}|\d+ min(?:utos?)?\.? de lectura)$`)},
	{"di lettura", lazyregexp.New(`(?i)^(?:tempo (?:stimato )?di lettura:? .{1,20}|\d+ min(?:ut[oi])?\.? di lettura)$`)},
	{"de leitura", lazyregexp.New(`(?i)^(?:tempo (?:estimado )?de leitura:? .{1,20}|\d+ min(?:utos?)?\.? de leitura)$`)},
	{"last updated", lazyregexp.New(`(?i)^last updated(?: on)?:? .{0,20}\d.{0,30}$`)},
	{"advertisement", lazyregexp.New(`(?i)^advertisement\W+(?:(?:story|article) continues|continue reading|scroll to continue)\b.{0,30}$`)},
	{"continues below", lazyregexp.New(`(?i)^(?:story|article) continues below(?: (?:this )?advert(?:isement)?)?$`)},
	{"artikel", lazyregexp.New(`(?i)^(?:diesen )?artikel (?:vorlesen|anhören)(?: lassen)?$`)},
	{"receiving this", lazyregexp.New(`(?i)^you(?:['’]re| are) receiving this (?:e-?mail|newsletter|message) because\b.{1,160}$`)},
	{"forwarded", lazyregexp.New(`(?i)^(?:was )?(?:forwarded this (?:e-?mail|newsletter)|this (?:e-?mail|newsletter) (?:was )?forwarded to you)\?.{0,80}$`)},
	{"by ", lazyregexp.New(`^(?:By|BY)(?:\s+\p{Lu}[\p{L}.’'-]*){2,5},?\s+(?i:staff (?:reporter|writer)|(?:senior |chief |political |science )?(?:correspondent|reporter|editor))$`)},
	{"listen", lazyregexp.New(`(?i)^\W*listen(?: now| to (?:this|the) (?:article|story|episode))\W*$|^[^\pL\s]+ ?listen$`)},
	{"share ", lazyregexp.New(`(?i)^(?:(?:share|tweet|pin)(?: this)? (?:on|via|by) (?:twitter|x|facebook|linkedin|reddit|whatsapp|e-?mail|pinterest|mastodon|bluesky|telegram)\W*){1,8}$`)},
	{"download", lazyregexp.New(`(?i)^download (?:the |this )?(?:pdf|transcript|article)(?: as pdf)?\W*$`)},
	{"reading time", lazyregexp.New(`(?i)^(?:estimated )?reading time:? .{1,30}$`)},
	{"photo", lazyregexp.New(`(?i)^[(\[]?photo(?:graph)?s? (?:by|courtesy|credit)\b.{1,120}$`)},
	{"image", lazyregexp.New(`(?i)^[(\[]?images? (?:by|courtesy|credit|via)\b.{1,120}$`)},
	{"illustration", lazyregexp.New(`(?i)^[(\[]?illustrations? (?:by|courtesy|credit)\b.{1,120}$`)},
}

// trailingTags is how many bytes a line has from where it ends in hashtags. A single one may be a word of its
// sentence.
func trailingTags(text string) int {
	end, tags := len(text), 0
	for {
		rest := strings.TrimRightFunc(text[:end], unicode.IsSpace)
		word := rest[strings.LastIndexFunc(rest, unicode.IsSpace)+1:]
		if len(word) < 2 || word[0] != '#' || strings.IndexFunc(word[1:], unicode.IsLetter) < 0 ||
			strings.IndexFunc(word[1:], func(c rune) bool { return !isWordRune(c) }) >= 0 {
			break
		}
		end = len(rest) - len(word)
		tags++
	}
	before := strings.TrimRightFunc(text[:end], unicode.IsSpace)
	last, _ := utf8.DecodeLastRuneInString(before)
	afterAddress := strings.ContainsRune(before[strings.LastIndexByte(before, ' ')+1:], '/')
	if tags == 0 || tags == 1 && before != "" && !strings.ContainsRune(".!?…。！？)”\"»:", last) &&
		!unicode.Is(unicode.So, last) && !afterAddress {
		return 0
	}
	return len(text) - len(before)
}

func isWordRune(c rune) bool {
	return unicode.IsLetter(c) || unicode.IsDigit(c) || unicode.Is(unicode.M, c) || c == '_' || c == '-'
}

// furnitureClass are the classes and ids of what systems put into texts: buttons, forms, captions, lists of contents,
// what is embedded, what is there for screens and not for readers.
var furnitureClass = lazyregexp.New(`(?i)(?:^|\s)(?:` +
	`sharedaddy|sd-\S+|jp-relatedposts|jp-post-flair|addtoany\S*|a2a_kit|feedflare|share-?(?:buttons?|post|bar|links)|social-?(?:share|links|icons)\S*|` +
	`wp-caption-text|wp-element-caption|image-caption|caption-text|gallery-caption|figcaption|image-credit|photo-credit|media-credit|` +
	`subscri(?:be|ption)-(?:widget|form|box)\S*|button-wrapper|wp-block-buttons?|newsletter-(?:signup|form|box)|mc_embed_signup|` +
	`kg-(?:signup|bookmark|cta|button|audio|file|product|email-cta|email)(?:-card)?|` +
	`toc|toc[_-]container|ez-toc\S*|lwptoc\S*|table-of-contents|wp-block-table-of-contents|rank-math-toc\S*|` +
	`field--name-(?:title|uid|created)|mcnpreviewtext|preheader|preview-?text|footnotes?|footnote-(?:list|definition)|onebox|` +
	`twitter-(?:tweet|video|timeline)|instagram-media|tiktok-embed|bluesky-embed|mastodon-embed|reddit-embed-bq|reddit-card|fb-post|imgur-embed-pub|` +
	`invisible|sr-only|screen-reader-text|screenreader|visually-?hidden|` +
	`medium-feed-link|medium-feed-image|related-?posts?|yarpp\S*|crp_related|author-(?:box|bio)|wp-block-embed\S*|` +
	`katex-html|mathjax_preview|mjx-chtml|anchorjs-link|headerlink|heading-anchor|header-anchor` +
	`)(?:\s|$)`)

func isFurniture(t html.Token) bool {
	for _, a := range t.Attr {
		if (a.Key == "class" || a.Key == "id") && len(a.Val) < maxFurniture && furnitureClass.MatchString(a.Val) {
			return true
		}
		if a.Key == "role" && (a.Val == "button" || a.Val == "navigation" || a.Val == "doc-endnotes") {
			return true
		}
	}
	return t.Data == "a" && strings.HasPrefix(htmlAttr(t, "class"), "button")
}

// shortcode is what WordPress replaces in its pages, and not always in its feeds: [caption id="x"], [/vc_row].
var (
	shortcode     = lazyregexp.New(`\[(/?)([a-zA-Z][a-zA-Z0-9_-]{1,60})((?:\s[^\[\]]{0,600})?)/?\]`)
	shortcodeName = lazyregexp.New(`^(?:vc|et_pb|fusion|av|cs|ux|mk|tatsu|nectar|thb|dt|kc|fl|wpb|su|tve|elementor|gravity|mc4wp|contact|wpforms|ninja|instagram|tablepress)[_-]`)
	shortcodes    = wordSet("caption wp_caption gallery embed audio video playlist youtube vimeo gist soundcloud twitter tweet code sourcecode more toc nextpage " +
		"gravityform contact-form mc4wp_form table ngg_images nggallery slideshow singlepic button dropcap row column columns one_half one_third two_third spacer")
	swallowed = wordSet("caption wp_caption embed audio video youtube vimeo gist soundcloud twitter tweet code sourcecode button")
	attribute = lazyregexp.New(`\s[\w-]+=(?:["'“”″]|&(?:quot|#34|#8220|#8221|#8243);|\w+[\s\]]|\w+$)`)
	latexCode = lazyregexp.New(`\$latex\s+([^$<]{1,500})\$|\\\(([^<]{1,300}?)\\\)|\\\[([^<]{1,300}?)\\\]`)
)

// dropShortcodes takes shortcodes out of a text, and with some of them what they enclose.
func dropShortcodes(source string) string {
	if strings.Contains(source, "$latex") || strings.Contains(source, `\(`) || strings.Contains(source, `\[`) {
		source = latexCode.ReplaceAllString(source, "$1$2$3")
	}
	if !strings.ContainsRune(source, '[') {
		return source
	}
	var b []byte
	kept, open, openAt := 0, "", 0 // openAt: where in b what is swallowed would begin
	for _, m := range shortcode.FindAllStringSubmatchIndex(source, -1) {
		name, attributes := strings.ToLower(source[m[4]:m[5]]), source[m[6]:m[7]]
		if !shortcodes[name] && !shortcodeName.MatchString(name) && !attribute.MatchString(attributes) {
			continue
		}
		if attributes != "" && !attribute.MatchString(attributes) {
			continue
		}
		b = append(b, source[kept:m[0]]...)
		kept = m[1]
		switch end := m[2] < m[3]; {
		case !end && open == "" && swallowed[name]:
			open, openAt = name, len(b)
		case end && open == name:
			b, open = b[:openAt], ""
		}
		b = append(b, ' ')
	}
	if kept == 0 {
		return source
	}
	return string(append(b, source[kept:]...))
}

// Markup that was escaped once too often: blocks, or marks at words.
var (
	escapedMarkup = lazyregexp.New(`(?i)&lt;(?:/(?:p|div|li|ul|ol|h[1-6]|table|td|blockquote|figure)|br\s?/?|(?:a\s+href|img\s+[a-z-]+)=[^;]{1,300})(?:&gt;|&quot;|&#34;|")|` +
		`&lt;(?:b|i|em|strong|u)&gt;[^\s&][^&]{0,300}&lt;/`)
	anyTag = lazyregexp.New(`(?i)</?(?:a|p|div|br|img|b|i|em|strong|span|ul|ol|li|h[1-6]|table|code|pre|blockquote|figure)[\s/>]`)
)

// maxEscapes is how often markup may have been escaped.
const maxEscapes = 4

// decodeMarkup decodes markup that was escaped more often than it should. Where there is markup already, what is
// escaped is a part of the text.
func decodeMarkup(source string) string {
	for range maxEscapes {
		if !strings.Contains(source, "&") || anyTag.MatchString(source) {
			break
		}
		switch {
		case escapedMarkup.MatchString(source):
			source = loosexml.Unescape(source)
		case strings.Contains(source, "&amp;lt;") && escapedMarkup.MatchString(loosexml.Unescape(source)):
			source = loosexml.Unescape(source)
		default:
			return source
		}
	}
	return source
}

var reference = lazyregexp.New(`&(?:#\d{2,6}|#[xX][0-9a-fA-F]{2,5}|[a-zA-Z]{2,8});`)

// decoded is a piece of text with its references read as often as they were escaped, but for those that code shows.
func (r *htmlParser) decoded(s string) string {
	if len(r.math) > 0 { // between its elements it is no space
		s = strings.TrimSpace(s)
	}
	for range maxEscapes {
		if r.code > 0 || !strings.Contains(s, "&") || !reference.MatchString(s) {
			return s
		}
		s = loosexml.Unescape(s)
	}
	return s
}
