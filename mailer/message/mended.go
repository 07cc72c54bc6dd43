package message

import (
	"bytes"
	"io"
	"mime/quotedprintable"
	"slices"
	"strings"
)

// SentBy is the template from another sender: the address that it is from, where its bounces go, and the address by which
// readers leave. All else stays as it was frozen, and so does the sender's name where the address is the same. It is t
// itself where none of that differs.
func (t *Template) SentBy(s Sender) (*Template, error) {
	h, err := s.headers()
	if err != nil {
		return nil, err
	}
	var b builder
	b.from(h)
	m := *t
	m.bounceTo, m.verp = h.bounceTo, s.VERP
	m.head.literals = slices.Clone(t.head.literals)
	left := ""
	was, _, _ := strings.Cut(strings.TrimPrefix(string(t.head.literals[0]), "From: "), "\r\nTo: ")
	before, err := Sender{From: strings.ReplaceAll(was, "\r\n", "")}.headers()
	if err != nil {
		return nil, err
	}
	same := before.from.Address == h.from.Address
	if !same {
		m.head.literals[0] = b.current
	}
	for i, literal := range m.head.literals[1:] { // whom to ask is the sender, where answers go nowhere else
		m.head.literals[i+1] = bytes.Replace(literal, []byte("<"+before.help+">"), []byte("<"+h.help+">"), 1)
	}
	for i, blank := range t.head.blanks {
		literal := m.head.literals[i]
		if at := bytes.LastIndex(literal, []byte("<mailto:")); at >= 0 && blank == blankToken {
			left = string(literal[at+1:])
			m.head.literals[i] = append(slices.Clone(literal[:at+1]), h.mailto...)
		}
	}
	if same && m.bounceTo == t.bounceTo && m.verp == t.verp &&
		(left == "" || left == h.mailto) {
		return t, nil
	}
	m.body.literals = slices.Clone(t.body.literals)
	for i, blank := range t.body.blanks {
		if blank == blankToken && left != "" {
			m.body.literals[i] = endingIn(t.body.literals[i], left, h.mailto)
		}
	}
	m.prepare()
	return &m, nil
}

// endingIn is a quoted-printable literal with the words after in the place of before, where it ends in those.
func endingIn(literal []byte, before, after string) []byte {
	line := len(literal) // where its last line begins, soft breaks aside
	for line > 0 {
		if line = bytes.LastIndex(literal[:line], []byte("\r\n")); line < 1 || literal[line-1] != '=' {
			break
		}
	}
	if line = max(line, 0); line > 0 {
		line += len("\r\n")
	}
	text, err := io.ReadAll(quotedprintable.NewReader(bytes.NewReader(literal[line:])))
	rest, ends := strings.CutSuffix(string(text), before)
	if err != nil || !ends {
		return literal
	}
	col := 0
	literal = appendQuotedPrintable(slices.Clone(literal[:line]), &col, rest+after, true)
	return append(literal, "=\r\n"...)
}
