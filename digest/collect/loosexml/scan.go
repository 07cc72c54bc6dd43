// Package loosexml reads what is meant to be XML and never refuses it: bytes of any charset become
// UTF-8, and text becomes tokens, whatever is wrong with it. It knows nothing of what the elements mean,
// resolves nothing that a document type declares, and opens nothing.
package loosexml

import (
	"bytes"
	"strings"

	"digestd/internal/lazyregexp"
)

// Kind tells what the Scanner met.
type Kind uint8

const (
	EOF Kind = iota
	Start
	End
	Text    // character data, references replaced
	Doctype // Text holds the declaration
)

// Attr is an attribute with its references replaced. The name is as written, prefix included.
type Attr struct{ Name, Value string }

// Token is one piece of a document.
type Token struct {
	Kind      Kind
	Name      string // of a start or end tag, as written, prefix included
	Attrs     []Attr
	SelfClose bool   // <name/>
	Text      string // of Text and Doctype
	Cut       bool   // the document ended inside this token
}

// Attr is the value of the attribute of that name, in whatever case, or empty.
func (t Token) Attr(name string) string {
	for _, a := range t.Attrs {
		if strings.EqualFold(a.Name, name) {
			return strings.TrimSpace(a.Value)
		}
	}
	return ""
}

// SplitName splits a tag's name into its prefix and its local name in lower case.
func SplitName(name string) (prefix, local string) {
	prefix, local, found := strings.Cut(name, ":")
	if !found {
		return "", strings.ToLower(name)
	}
	return prefix, strings.ToLower(local)
}

const (
	maxNameLength = 200   // bytes of a tag's or attribute's name
	maxAttributes = 64    // of one tag; further ones are dropped
	maxAttrLength = 32768 // bytes of an attribute; a longer one has lost its quote
)

// Scanner reads UTF-8 that is meant to be XML and never refuses it: what is no markup is text. It is
// not encoding/xml, even in its lenient mode, because that one stops at the first "<" that begins no
// tag, at a misquoted attribute or at "--" in a comment, and one such slip would cost the whole feed.
// Every byte is looked at a bounded number of times, so that no document is slow to read.
type Scanner struct {
	data []byte
	pos  int

	marks      [markCount]int // where each next stands, -1 where none does; looked up anew after it
	brokenDecl bool           // a declaration before pos never ended: further ones end at their first ">"
	loose      int
	forgetting bool
}

// New reads a document in UTF-8.
func New(document []byte) *Scanner { return &Scanner{data: document} }

// mark is something that the Scanner looks for ahead of it.
type mark uint8

const (
	commentEnd mark = iota // -->
	cdataStart             // <![CDATA[
	cdataEnd               // ]]>
	piEnd                  // ?>
	entryEnd               // the end tag of an entry, which stands in no comment, section or instruction that ever ends
	valueEnd               // the end tag of an element that has a value
	markCount
)

var literalMarks = [...][]byte{commentEnd: []byte("-->"), cdataStart: []byte("<![CDATA["), cdataEnd: []byte("]]>"),
	piEnd: []byte("?>")}

var (
	entryEndTag = lazyregexp.New(`(?i)</(?:item|entry|outline)\s*>`)
	valueEndTag = lazyregexp.New(`(?i)</(?:title|description|summary|content|content:encoded|link|guid|id|author|name|category|dc:creator)\s*>`)
	// feedTag is a tag after the end of another: an attribute that holds both has lost its quote.
	feedTag = lazyregexp.New(`(?i)>\s*</?(?:item|entry|outline|channel|link|guid|id|title|description|summary|pubdate|updated|published|enclosure|category|author|media:\w+)[\s/>]`)
)

// ahead is the offset of the next mark at or after a position that is not before pos, or -1. It is looked up once for
// all positions before it, so that a document that misses a thing many times is read no slower.
func (s *Scanner) ahead(m mark, from int) int {
	if known := s.marks[m] - 1; known >= from || known == -2 {
		return max(known, -1)
	}
	at := -1
	switch m {
	case entryEnd, valueEnd:
		tag := entryEndTag
		if m == valueEnd {
			tag = valueEndTag
		}
		if found := tag.FindIndex(s.data[from:]); found != nil {
			at = from + found[0]
		}
	default:
		if i := bytes.Index(s.data[from:], literalMarks[m]); i >= 0 {
			at = from + i
		}
	}
	s.marks[m] = at + 1
	if at < 0 {
		s.marks[m] = -1
	}
	return at
}

// ForgetEntities lets references to unknown entities be left out from here on, instead of kept as
// the text that they are written in.
func (s *Scanner) ForgetEntities() { s.forgetting = true }

// Loose is how many "<" so far began no markup and were taken as text.
func (s *Scanner) Loose() int { return s.loose }

func (s *Scanner) rest() []byte { return s.data[s.pos:] }

// Next returns the next token; comments and processing instructions are passed over.
func (s *Scanner) Next() Token {
	for s.pos < len(s.data) {
		rest := s.rest()
		if rest[0] != '<' || !beginsMarkup(rest) {
			return s.text()
		}
		switch {
		case bytes.HasPrefix(rest, []byte("<!--")):
			if !s.comment() {
				return s.text()
			}
		case bytes.HasPrefix(rest, []byte("<![CDATA[")):
			return s.cdata()
		case rest[1] == '!':
			return s.declaration()
		case rest[1] == '?':
			if !s.instruction() {
				return Token{Kind: EOF, Cut: true}
			}
		case rest[1] == '/':
			return s.endTag()
		default:
			return s.startTag()
		}
	}
	return Token{Kind: EOF}
}

// comment passes over <!-- … -->. One that never ends is none: what follows must not be lost with it.
func (s *Scanner) comment() bool {
	end := s.ahead(commentEnd, s.pos+len("<!--"))
	if end < 0 {
		return false
	}
	s.pos = end + len("-->")
	return true
}

// beginsMarkup reports whether the "<" at the front of b begins markup rather than standing for itself.
func beginsMarkup(b []byte) bool {
	if len(b) < 2 {
		return false
	}
	switch c := b[1]; {
	case c == '!' || c == '?':
		return true
	case c == '/':
		return len(b) > 2 && isNameStart(b[2])
	default:
		return isNameStart(c)
	}
}

func isNameStart(c byte) bool {
	return c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c == '_' || c == ':' || c >= 0x80
}

func isSpace(c byte) bool { return c == ' ' || c == '\t' || c == '\n' || c == '\r' || c == '\f' }

// text reads up to the next markup. What stands at pos is text, whatever it looks like.
func (s *Scanner) text() Token {
	start := s.pos
	if s.pos < len(s.data) && s.data[s.pos] == '<' {
		s.loose++
		s.pos++
	}
	for s.pos < len(s.data) {
		i := bytes.IndexByte(s.rest(), '<')
		if i < 0 {
			s.pos = len(s.data)
			break
		}
		s.pos += i
		if beginsMarkup(s.rest()) {
			break
		}
		s.loose++
		s.pos++
	}
	return Token{Kind: Text, Text: s.unescape(s.data[start:s.pos])}
}

func (s *Scanner) cdata() Token {
	start := s.pos + len("<![CDATA[")
	end := s.ahead(cdataEnd, start)
	stop, next := end, end+len("]]>")
	// One that was never closed would take along all up to the end of another: it ends where its element does.
	if end < 0 || before(s.ahead(cdataStart, start), end) && before(s.ahead(entryEnd, start), end) {
		if at := s.ahead(valueEnd, start); at >= 0 && (end < 0 || at < end) {
			stop, next = at, at
		}
	}
	if stop < 0 {
		s.pos = len(s.data)
		return Token{Kind: Text, Text: string(s.data[start:]), Cut: true}
	}
	s.pos = next
	return Token{Kind: Text, Text: string(s.data[start:stop])}
}

// before reports whether a mark stands before an offset.
func before(at, offset int) bool { return at >= 0 && at < offset }

// declaration reads <!DOCTYPE …>, with its internal subset, or any other <!…>.
func (s *Scanner) declaration() Token {
	rest := s.rest()
	depth, quote := 0, byte(0)
	for i := 2; i < len(rest) && !s.brokenDecl; i++ {
		switch c := rest[i]; {
		case quote != 0:
			if c == quote {
				quote = 0
			}
		case c == '"' || c == '\'':
			quote = c
		case c == '[':
			depth++
		case c == ']':
			depth--
		case c == '<' && bytes.HasPrefix(rest[i:], []byte("<!--")):
			end := bytes.Index(rest[i:], []byte("-->"))
			if end < 0 {
				i = len(rest)
				break
			}
			i += end + 2
		case c == '<' && depth <= 0:
			// The declaration was never closed: the feed goes on here.
			s.pos += i
			return Token{Kind: Doctype, Text: string(rest[:i])}
		case c == '>' && depth <= 0:
			s.pos += i + 1
			return Token{Kind: Doctype, Text: string(rest[:i+1])}
		}
	}
	// An apostrophe in the subset can hide its end: then up to "]>", or to the first ">".
	end := -1
	if !s.brokenDecl {
		end = bytes.Index(rest, []byte("]>"))
		s.brokenDecl = true
	}
	if end >= 0 {
		end++
	} else if end = bytes.IndexByte(rest, '>'); end < 0 {
		s.pos = len(s.data)
		return Token{Kind: EOF, Cut: true}
	}
	s.pos += end + 1
	return Token{Kind: Doctype, Text: string(rest[:end+1])}
}

// instruction passes over <?…?>; one that never ends, over its first tag.
func (s *Scanner) instruction() bool {
	if end := s.ahead(piEnd, s.pos); end >= 0 && !before(s.ahead(entryEnd, s.pos), end) {
		s.pos = end + len("?>")
		return true
	}
	end := bytes.IndexByte(s.rest(), '>')
	if end < 0 {
		s.pos = len(s.data)
		return false
	}
	s.pos += end + 1
	return true
}

// name reads a tag's or attribute's name at pos.
func (s *Scanner) name() string {
	start := s.pos
	for s.pos < len(s.data) {
		c := s.data[s.pos]
		if isSpace(c) || c == '>' || c == '/' || c == '=' || c == '<' {
			break
		}
		s.pos++
	}
	end := min(s.pos, start+maxNameLength)
	return string(s.data[start:end])
}

func (s *Scanner) skipSpace() {
	for s.pos < len(s.data) && isSpace(s.data[s.pos]) {
		s.pos++
	}
}

func (s *Scanner) endTag() Token {
	s.pos += 2
	t := Token{Kind: End, Name: s.name()}
	for s.pos < len(s.data) {
		switch s.data[s.pos] {
		case '>':
			s.pos++
			return t
		case '<': // </title<pubDate>
			return t
		}
		s.pos++
	}
	t.Cut = true
	return t
}

func (s *Scanner) startTag() Token {
	s.pos++
	t := Token{Kind: Start, Name: s.name()}
	for {
		s.skipSpace()
		if s.pos >= len(s.data) {
			t.Cut = true
			return t
		}
		switch c := s.data[s.pos]; {
		case c == '>':
			s.pos++
			return t
		case c == '<': // the tag was never closed: <title <pubDate>
			return t
		case c == '/':
			s.pos++
			if s.pos < len(s.data) && s.data[s.pos] == '>' {
				s.pos++
				t.SelfClose = true
				return t
			}
		case c == '=': // a value without a name
			s.pos++
			s.attrValue()
		default:
			name := s.name()
			s.skipSpace()
			var value string
			if s.pos < len(s.data) && s.data[s.pos] == '=' {
				s.pos++
				s.skipSpace()
				value = s.attrValue()
			}
			if name != "" && len(t.Attrs) < maxAttributes {
				t.Attrs = append(t.Attrs, Attr{name, value})
			}
		}
	}
}

// attrValue reads a value, quoted or not.
func (s *Scanner) attrValue() string {
	if s.pos >= len(s.data) {
		return ""
	}
	start := s.pos
	if quote := s.data[s.pos]; quote == '"' || quote == '\'' {
		start++
		window := s.data[start:min(len(s.data), start+maxAttrLength)]
		if end := bytes.IndexByte(window, quote); end >= 0 && !feedTag.Match(window[:end]) {
			s.pos = start + end + 1
			return s.unescape(window[:end])
		}
		if len(window) < maxAttrLength && bytes.IndexByte(window, quote) < 0 && !feedTag.Match(window) {
			// The document ended inside the value.
			s.pos = len(s.data)
			return ""
		}
		s.pos = start // a lost quote: as if there had been none
	}
	for s.pos < len(s.data) {
		c := s.data[s.pos]
		if isSpace(c) || c == '>' || c == '<' || c == '/' && bytes.HasPrefix(s.rest(), []byte("/>")) {
			break
		}
		s.pos++
	}
	end := min(s.pos, start+maxAttrLength)
	return s.unescape(s.data[start:end])
}
