// Package note reads what an editor writes on top of an edition: Markdown, of which what a mail can hold is kept. It
// yields digest.Text, as collect does of what feeds show, so that nobody downstream sees markup.
package note

import (
	"fmt"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/yuin/goldmark"
	"github.com/yuin/goldmark/ast"
	"github.com/yuin/goldmark/text"
	"github.com/yuin/goldmark/util"

	"digestd/digest"
)

// The most that a note may have: it stands above the news, and is no edition of its own.
const (
	MostBytes      = 4 << 10
	mostParagraphs = 30
	deepest        = 50 // blocks within blocks
)

// Read makes the paragraphs of a note. A list becomes a paragraph an item, a heading a strong one; of a picture its
// words stay, HTML stays as the characters that it is made of. The error says, for the editor, why it is none.
func Read(markdown string) ([]digest.Text, error) {
	switch {
	case strings.TrimSpace(markdown) == "":
		return nil, fmt.Errorf("the note is empty")
	case len(markdown) > MostBytes:
		return nil, fmt.Errorf("the note has %d bytes, and may have %d", len(markdown), MostBytes)
	case !utf8.ValidString(markdown):
		return nil, fmt.Errorf("the note is not UTF-8")
	}
	r := reader{source: []byte(markdown)}
	r.blocks(goldmark.DefaultParser().Parse(text.NewReader(r.source)), "", 0)
	switch {
	case len(r.paragraphs) == 0:
		return nil, fmt.Errorf("the note has no words")
	case len(r.paragraphs) > mostParagraphs:
		return nil, fmt.Errorf("the note has %d paragraphs, and may have %d", len(r.paragraphs), mostParagraphs)
	}
	return r.paragraphs, nil
}

type reader struct {
	source     []byte
	paragraphs []digest.Text
}

// blocks reads the blocks within one. mark stands before the first paragraph.
func (r *reader) blocks(parent ast.Node, mark string, depth int) {
	if depth > deepest {
		return
	}
	for n := parent.FirstChild(); n != nil; n = n.NextSibling() {
		switch n := n.(type) {
		case *ast.List:
			number := n.Start
			for item := n.FirstChild(); item != nil; item = item.NextSibling() {
				bullet := "• "
				if n.IsOrdered() {
					bullet = strconv.Itoa(number) + ". "
					number++
				}
				r.blocks(item, bullet, depth+1)
			}
		case *ast.Blockquote:
			r.blocks(n, mark, depth+1)
		case *ast.ThematicBreak:
		case *ast.CodeBlock, *ast.FencedCodeBlock, *ast.HTMLBlock:
			r.add(mark, digest.Text{{S: r.lines(n)}})
		case *ast.Heading:
			r.add(mark, r.spans(n, digest.Span{Strong: true}, nil, 0))
		default:
			r.add(mark, r.spans(n, digest.Span{}, nil, 0))
		}
		mark = ""
	}
}

// add ends a paragraph, if it says anything.
func (r *reader) add(mark string, t digest.Text) {
	if strings.TrimSpace(t.Plain()) == "" {
		return
	}
	for strings.TrimSpace(t[0].S) == "" {
		t = t[1:]
	}
	last := len(t) - 1
	for strings.TrimSpace(t[last].S) == "" {
		t, last = t[:last], last-1
	}
	t[0].S = strings.TrimLeft(t[0].S, " ")
	t[last].S = strings.TrimRight(t[last].S, " ")
	if mark != "" {
		t = append(digest.Text{{S: mark}}, t...)
	}
	r.paragraphs = append(r.paragraphs, t)
}

// lines are those of a block that is kept as it stands, as one.
func (r *reader) lines(n ast.Node) string {
	var b strings.Builder
	for i := range n.Lines().Len() {
		line := n.Lines().At(i)
		b.Write(line.Value(r.source))
	}
	return oneLine(b.String())
}

// spans are the runs within a block; like has the marks of what is around them.
func (r *reader) spans(parent ast.Node, like digest.Span, t digest.Text, depth int) digest.Text {
	if depth > deepest {
		return t
	}
	for n := parent.FirstChild(); n != nil; n = n.NextSibling() {
		in := like
		switch n := n.(type) {
		case *ast.Text:
			s := string(n.Value(r.source))
			if !n.IsRaw() {
				s = resolved(s)
			}
			if n.SoftLineBreak() || n.HardLineBreak() {
				s += " "
			}
			t = join(t, like, s)
		case *ast.String:
			t = join(t, like, string(n.Value))
		case *ast.Emphasis:
			if n.Level > 1 {
				in.Strong = true
			} else {
				in.Em = true
			}
			t = r.spans(n, in, t, depth+1)
		case *ast.Link:
			in.Href = resolved(string(n.Destination))
			t = r.spans(n, in, t, depth+1)
		case *ast.AutoLink:
			in.Href = string(n.URL(r.source))
			if n.AutoLinkType == ast.AutoLinkEmail && !strings.HasPrefix(in.Href, "mailto:") {
				in.Href = "mailto:" + in.Href
			}
			t = join(t, in, string(n.Label(r.source)))
		case *ast.RawHTML:
			var raw strings.Builder
			for i := range n.Segments.Len() {
				segment := n.Segments.At(i)
				raw.Write(segment.Value(r.source))
			}
			t = join(t, like, raw.String())
		default: // code, pictures, and what else has words within
			t = r.spans(n, in, t, depth+1)
		}
	}
	return t
}

// resolved is Markdown's text without its escapes: "\\*" and "&amp;".
func resolved(s string) string {
	b := util.UnescapePunctuations([]byte(s))
	return string(util.ResolveEntityNames(util.ResolveNumericReferences(b)))
}

// join adds words to a text, in the last run where that has the same marks.
func join(t digest.Text, like digest.Span, s string) digest.Text {
	if s = oneLine(s); s == "" {
		return t
	}
	if last := len(t) - 1; last >= 0 {
		before := t[last]
		before.S = like.S
		if before == like {
			t[last].S += s
			return t
		}
	}
	like.S = s
	return append(t, like)
}

// oneLine keeps the words of what may have several, and a space at either end. What no text of ours has a use for is
// taken away when it is rendered, from notes as from feeds.
func oneLine(s string) string {
	return strings.Map(func(c rune) rune {
		if c == '\n' || c == '\r' || c == '\t' {
			return ' '
		}
		return c
	}, s)
}
