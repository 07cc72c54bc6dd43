package lint

import (
	"fmt"
	"slices"
	"sort"
	"strings"
	"unicode"
	"unicode/utf8"

	"golang.org/x/net/html"

	"digestd/internal/lazyregexp"
)

// node is an element, or a run of text when it has no tag.
type node struct {
	tag      string
	attrs    []html.Attribute
	text     string // of a run: unescaped; of the elements style, script and title: as it stands
	source   string // the tag as it stands
	place    Place
	number   int // among the start tags; -1: none
	parent   *node
	children []*node
}

// document is a mail's HTML as a tree with places. x/net/html's parser has none, and would mend what
// is to be found.
type document struct {
	root     *node // a node without tag or place
	elements []*node
	comments []*node // without tag
	doctype  *node   // nil: none
}

// void elements have no end tag (HTML, section 13.1.2).
var void = map[string]bool{"area": true, "base": true, "br": true, "col": true, "embed": true, "hr": true, "img": true, "input": true,
	"link": true, "meta": true, "source": true, "track": true, "wbr": true}

// parse makes the tree. Tags that don't match are found on the way: an end tag closes the nearest
// element of its name, and is passed over where there is none.
func (r *report) parse(text string) *document {
	doc := &document{root: &node{number: -1}}
	lines := lineStarts(text)
	offset, number := 0, 0
	at := doc.root
	z := html.NewTokenizer(strings.NewReader(text))
	for {
		kind := z.Next()
		raw := string(z.Raw())
		n := &node{place: placeOf(lines, offset), number: -1, parent: at, source: raw}
		offset += len(raw)
		if kind == html.ErrorToken {
			break
		}
		token := z.Token()
		switch kind {
		case html.TextToken:
			n.text, n.source = token.Data, ""
			at.children = append(at.children, n)
		case html.CommentToken:
			n.text = token.Data
			doc.comments = append(doc.comments, n)
		case html.DoctypeToken:
			doc.doctype = n
		case html.StartTagToken, html.SelfClosingTagToken:
			n.tag, n.attrs, n.number = token.Data, token.Attr, number
			number++
			at.children = append(at.children, n)
			doc.elements = append(doc.elements, n)
			if !void[n.tag] {
				at = n
			}
		case html.EndTagToken:
			at = r.close(at, token.Data, n)
		}
	}
	if number != len(r.mail.Tags) {
		r.mail.Tags = nil
	}
	for ; at.tag != ""; at = at.parent {
		r.at(at, Markup, Error, "<%s> is never closed", at.tag)
	}
	return doc
}

// close ends the element of a tag, and returns the one that is then open.
func (r *report) close(at *node, tag string, end *node) *node {
	for open := at; open.tag != ""; open = open.parent {
		if open.tag != tag {
			continue
		}
		for ; at != open; at = at.parent {
			r.at(at, Markup, Error, "<%s> is not closed before </%s>", at.tag, tag)
		}
		return open.parent
	}
	r.add(Finding{Check: Markup, Level: Error, Part: HTML, Place: end.place, Text: "</" + tag + "> closes nothing"})
	return at
}

// lineStarts are the offsets at which lines begin.
func lineStarts(text string) []int {
	starts := []int{0}
	for i := 0; i < len(text); i++ {
		if text[i] == '\n' {
			starts = append(starts, i+1)
		}
	}
	return starts
}

func placeOf(starts []int, offset int) Place {
	line := sort.SearchInts(starts, offset+1)
	return Place{Line: line, Column: offset - starts[line-1] + 1}
}

// attr is an attribute's value, and whether there is one.
func (n *node) attr(key string) (string, bool) {
	for _, a := range n.attrs {
		if a.Key == key {
			return a.Val, true
		}
	}
	return "", false
}

// inside is the nearest element of a tag around this one, or nil.
func (n *node) inside(tag string) *node {
	for p := n.parent; p != nil; p = p.parent {
		if p.tag == tag {
			return p
		}
	}
	return nil
}

// words are all text within a node.
func (n *node) words() string {
	if n.tag == "" && len(n.children) == 0 {
		return n.text
	}
	var b strings.Builder
	for _, c := range n.children {
		b.WriteString(c.words())
	}
	return b.String()
}

// name is what a screen reader says of a node: its words and the alternative texts in it.
func (n *node) name() string {
	var b strings.Builder
	n.walk(func(c *node) bool {
		if alt, ok := c.attr("alt"); ok && c.tag == "img" {
			b.WriteString(alt)
		}
		if c.tag == "" {
			b.WriteString(c.text)
		}
		return true
	})
	return strings.TrimSpace(b.String())
}

// walk visits a node and what is in it, but not what is in those of which visit returns false.
func (n *node) walk(visit func(*node) bool) {
	if !visit(n) {
		return
	}
	for _, c := range n.children {
		c.walk(visit)
	}
}

// active are the elements and attributes that run, load or ask for something. Clients strip them, and
// filters hold them against a mail.
var (
	activeElements   = []string{"script", "iframe", "object", "embed", "applet", "form", "input", "button", "select", "textarea", "base", "link", "audio", "video", "svg", "math"}
	activeAttributes = []string{"srcdoc", "formaction", "ping"}
)

// markup reports what is active, or was refused by html/template.
func (r *report) markup(doc *document) {
	if doc.doctype == nil {
		r.add(Finding{Check: Markup, Level: Warning, Part: HTML, Text: "has no <!DOCTYPE html>: clients fall back to the rules of old browsers"})
	}
	for _, n := range doc.elements {
		if slices.Contains(activeElements, n.tag) {
			r.at(n, Markup, Error, "<%s> does not belong into a mail: clients strip it", n.tag)
		}
		if key := n.twice(); key != "" {
			r.at(n, Markup, Error, "<%s> has the attribute %s twice: clients drop the second", n.tag, key)
		}
		for _, a := range n.attrs {
			switch {
			case strings.HasPrefix(a.Key, "on"), slices.Contains(activeAttributes, a.Key):
				r.at(n, Markup, Error, "<%s> has the attribute %s: clients strip it", n.tag, a.Key)
			case strings.Contains(a.Val, "ZgotmplZ"):
				r.at(n, Markup, Error, "html/template has refused what stands in %s: it does not fit an attribute of that kind", a.Key)
			}
		}
		if n.tag == "style" && strings.Contains(n.words(), "ZgotmplZ") {
			r.at(n, Markup, Error, "html/template has refused what stands in <style>")
		}
	}
}

var attribute = lazyregexp.New(`[\s/]([^\s"'>/=]+)(?:\s*=\s*(?:"[^"]*"|'[^']*'|[^\s"'>]+))?`)

// twice is an attribute that stands in a tag more than once. The tokenizer gives only the first.
func (n *node) twice() string {
	known := make(map[string]bool)
	for _, m := range attribute.FindAllStringSubmatch(n.source, -1) {
		key := strings.ToLower(m[1])
		if known[key] {
			return key
		}
		known[key] = true
	}
	return ""
}

// characters reports those that no part of a mail may have.
func (r *report) characters() {
	for _, part := range []struct{ name, text string }{{Subject, r.mail.Subject}, {HTML, r.mail.HTML}, {Text, r.mail.Text}} {
		if !utf8.ValidString(part.text) {
			r.add(Finding{Check: Markup, Level: Error, Part: part.name, Text: "is not valid UTF-8"})
			continue
		}
		var starts []int
		for i, c := range part.text {
			if !stray(c) || (c == '\n' || c == '\t') && part.name != Subject {
				continue
			}
			if starts == nil {
				starts = lineStarts(part.text)
			}
			r.add(Finding{Check: Markup, Level: Error, Part: part.name, Place: placeOf(starts, i),
				Text: fmt.Sprintf("has the character %U, which breaks, turns or hides text", c)})
		}
	}
	if strings.TrimSpace(r.mail.Subject) == "" {
		r.add(Finding{Check: Markup, Level: Error, Part: Subject, Text: "is empty"})
	}
}

// stray reports controls, line separators and the characters that override directions. The marks and
// joiners that scripts need are none of them.
func stray(c rune) bool {
	switch {
	case c == '\u200c', c == '\u200d', c == '\u200e', c == '\u200f':
		return false
	case c >= '\u202a' && c <= '\u202e', c >= '\u2066' && c <= '\u2069', c == '\u2028', c == '\u2029', c == '\ufeff':
		return true
	}
	return unicode.IsControl(c)
}
