package render

import (
	"fmt"
	"strings"
	"text/template/parse"

	"digestd/digest"
)

// Trace tells where the HTML of a page came from, for checks that want to name the place of what they
// find.
type Trace struct {
	File    string     // the owner's HTML template; empty for the built-in one
	Tags    []Position // of the start tags of the rendered HTML, in order
	Stories []Story    // full entries and headlines in their order, as templates see them
}

// Position is a line and a column of a template, both from 1, the column in bytes.
type Position struct{ Line, Column int }

// The marks that a traced template sets before each start tag. No text of a page has them: clean takes
// control characters away.
const (
	traceBegin = '\x01'
	traceEnd   = '\x02'
)

// Trace renders the HTML of a page with a copy of the template in which each start tag bears its place.
func (s *Set) Trace(p digest.Page, f Frame) (Trace, error) {
	var out Trace
	if s.htmlName != htmlFile {
		out.File = s.htmlName
	}
	t, err := newHTML(s.htmlName, s.htmlText)
	if err != nil {
		return out, err
	}
	for _, one := range t.Templates() {
		if one.Tree != nil {
			eachList(one.Tree.Root, func(n *parse.ListNode) { mark(n, s.htmlText) })
		}
	}
	view := newView(p, f, s.language(p.Variant.Language))
	if view.Lead != nil {
		out.Stories = append(out.Stories, *view.Lead)
	}
	for _, section := range view.Sections {
		out.Stories = append(out.Stories, section.Stories...)
	}
	b := bounded{name: s.htmlName}
	if err := t.Execute(&b, view); err != nil {
		return out, templateError(err)
	}
	for rest := b.buf.String(); ; {
		_, behind, found := strings.Cut(rest, string(traceBegin))
		if !found {
			return out, nil
		}
		place, behind, _ := strings.Cut(behind, string(traceEnd))
		var at Position
		if _, err := fmt.Sscanf(place, "%d:%d", &at.Line, &at.Column); err != nil {
			return out, fmt.Errorf("%s: trace: %w", s.htmlName, err)
		}
		out.Tags = append(out.Tags, at)
		rest = behind
	}
}

// mark puts the place of each start tag of a list in front of it.
func mark(list *parse.ListNode, text string) {
	for _, child := range list.Nodes {
		n, ok := child.(*parse.TextNode)
		if !ok {
			continue
		}
		var b strings.Builder
		for i, c := range n.Text {
			if c == '<' && i+1 < len(n.Text) && isLetter(n.Text[i+1]) {
				before := text[:int(n.Position())+i]
				fmt.Fprintf(&b, "%c%d:%d%c", traceBegin, strings.Count(before, "\n")+1, len(before)-strings.LastIndexByte(before, '\n'), traceEnd)
			}
			b.WriteByte(c)
		}
		n.Text = []byte(b.String())
	}
}

func isLetter(c byte) bool { return c|0x20 >= 'a' && c|0x20 <= 'z' }
