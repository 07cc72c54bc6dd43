package digest

import (
	"strings"
	"unicode"
	"unicode/utf8"
)

// Text is feed text that is safe to show: words with the few inline marks that a mail keeps. It is
// made from hostile HTML by collect; nobody downstream ever sees markup.
type Text []Span

// Span is a run of text with one set of marks. S holds no control characters, no bidi controls
// left open, no line breaks; Href is empty or an absolute http, https or mailto address.
type Span struct {
	S      string `json:"s"`
	Strong bool   `json:"b,omitempty"`
	Em     bool   `json:"i,omitempty"`
	Href   string `json:"a,omitempty"`
}

// Plain is the text without its marks.
func (t Text) Plain() string {
	switch len(t) {
	case 0:
		return ""
	case 1:
		return t[0].S
	}
	var b strings.Builder
	for _, s := range t {
		b.WriteString(s.S)
	}
	return b.String()
}

// PlainText makes a Text without marks.
func PlainText(s string) Text {
	if s == "" {
		return nil
	}
	return Text{{S: s}}
}

// Without is a text with the bytes between two offsets of its plain form taken out, and no white space at an end that
// is cut; where two words would touch, a space stays.
func (t Text) Without(from, to int) Text {
	plain := t.Plain()
	if strings.TrimSpace(plain[:from]) == "" {
		from = 0
		to += len(plain[to:]) - len(strings.TrimLeftFunc(plain[to:], unicode.IsSpace))
	}
	before, _ := utf8.DecodeLastRuneInString(plain[:from])
	after, _ := utf8.DecodeRuneInString(plain[to:])
	gap := from > 0 && to < len(plain) && !unicode.IsSpace(before) && !unicode.IsSpace(after) && after != ',' && after != '.'
	var out Text
	offset := 0
	for _, s := range t {
		start, end := offset, offset+len(s.S)
		offset = end
		head := s.S[:min(max(from-start, 0), len(s.S))]
		tail := s.S[min(max(to-start, 0), len(s.S)):]
		if gap && tail != "" {
			tail, gap = " "+tail, false
		}
		if s.S = head + tail; s.S != "" {
			out = append(out, s)
		}
	}
	if n := len(out); n > 0 {
		out[n-1].S = strings.TrimRightFunc(out[n-1].S, unicode.IsSpace)
		if out[n-1].S == "" {
			out = out[:n-1]
		}
	}
	return out
}
