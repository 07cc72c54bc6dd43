package collect

import (
	"strings"
	"unicode"
	"unicode/utf8"

	"golang.org/x/net/html"

	"digestd/internal/lazyregexp"
)

// raised is text that stands higher or lower than its line, or may be the mark of a note: it is held back until its
// end, since only the whole of it shows what it means.
type raised struct {
	by   string // the element: sup, sub, or a; empty when nothing is held
	note bool   // it leads to a note
	gap  rune   // due before it
	text strings.Builder
}

// maxRaised bounds it, in bytes. What is longer is no power and no mark.
const maxRaised = 60

// hold takes text in; false when it is too long to be held.
func (h *raised) hold(s string) bool {
	if h.text.Len()+len(s) > maxRaised {
		return false
	}
	h.text.WriteString(s)
	return true
}

// raise begins to hold text back.
func (r *htmlParser) raise(t html.Token) {
	if r.raised.by != "" {
		return
	}
	note := t.Data == "a" || noteClass.MatchString(htmlAttr(t, "class")) || noteClass.MatchString(htmlAttr(t, "id")) ||
		strings.HasPrefix(htmlAttr(t, "role"), "doc-")
	r.raised = raised{by: t.Data, note: note, gap: r.gap}
}

// settle ends what is held back, and writes it as what it means.
func (r *htmlParser) settle() {
	if r.raised.by == "" {
		return
	}
	held := r.raised
	r.raised = raised{}
	text := oneLineOf(held.text.String())
	if text == "" || held.note && noteMark.MatchString(text) || held.by == "sup" && bareMark.MatchString(text) {
		return
	}
	before := r.last
	if r.gap != 0 {
		before = ' '
	}
	switch held.by {
	case "sup":
		text = power(text, before)
	case "sub":
		text = index(text, before)
	}
	r.words(text)
}

var (
	noteClass = lazyregexp.New(`(?i)foot-?note|\bfnref|^fn[-:\d]|noteref|\breference\b|citation|sidenote`)
	noteLink  = lazyregexp.New(`(?i)#_?(?:ft?n|footnote|cite_note|easy-footnote|sdfootnote|endnote|note-?\d|ref-?\d)`)
	noteMark  = lazyregexp.New(`^[\[(]?(?:\d{1,3}|[a-zA-Z]|[ivx]{1,5}|note \d{1,3}|[*†‡§¶#]{1,3})[\])]?$|^[↩↑⏎^]`)
	bareMark  = lazyregexp.New(`^(?:\[[^\]]{1,12}\](?:,? ?\[[^\]]{1,12}\])*|[*†‡§¶]{1,3})$`)
	fraction  = lazyregexp.New(`^\d{1,3}[/⁄]\d{1,3}$`)
	variables = "nxkmi"
)

// leadsToNote reports whether a link leads within its page: to a note, a heading, the top.
func leadsToNote(t html.Token) bool {
	href := strings.TrimSpace(htmlAttr(t, "href"))
	return len(href) > 1 && href[0] == '#' || noteLink.MatchString(href) || noteClass.MatchString(htmlAttr(t, "class"))
}

var (
	superscripts = strings.NewReplacer("0", "⁰", "1", "¹", "2", "²", "3", "³", "4", "⁴", "5", "⁵", "6", "⁶", "7", "⁷",
		"8", "⁸", "9", "⁹", "+", "⁺", "-", "⁻", "−", "⁻", "–", "⁻", "=", "⁼", "(", "⁽", ")", "⁾", "n", "ⁿ", "i", "ⁱ")
	subscripts = strings.NewReplacer("0", "₀", "1", "₁", "2", "₂", "3", "₃", "4", "₄", "5", "₅", "6", "₆", "7", "₇",
		"8", "₈", "9", "₉")
)

func all(s string, is func(rune) bool) bool {
	return s != "" && strings.IndexFunc(s, func(r rune) bool { return !is(r) }) < 0
}

// power is raised text after the character before it: 10⁶, 1st, Acme™, e^(x+1).
func power(s string, before rune) string {
	switch low := strings.ToLower(s); {
	case low == "tm":
		return "™"
	case low == "sm":
		return "℠"
	case fraction.MatchString(s) && unicode.IsDigit(before):
		return " " + s
	case fraction.MatchString(s), !unicode.IsLetter(before) && !unicode.IsDigit(before) &&
		!strings.ContainsRune(")]°′″", before) && !all(s, unicode.IsDigit):
		return s
	case all(s, func(r rune) bool { return strings.ContainsRune("0123456789+-−–=()", r) }),
		s == "n" || s == "i" && unicode.IsDigit(before):
		return superscripts.Replace(s)
	case all(s, unicode.IsLetter) && all(s, func(r rune) bool { return !unicode.Is(unicode.Greek, r) }) &&
		!(utf8.RuneCountInString(s) == 1 && strings.Contains(variables, s)): // 1st, n°, Mme
		return s
	case utf8.RuneCountInString(s) == 1:
		return "^" + s
	}
	return "^(" + s + ")"
}

// index is lowered text after the character before it: H2O, 10₂, ½ as 1/₂, v_max.
func index(s string, before rune) string {
	switch {
	case all(s, unicode.IsDigit) && !unicode.IsLetter(before) && before != ')':
		return subscripts.Replace(s)
	case all(s, unicode.IsDigit) || utf8.RuneCountInString(s) < 3 || before == ' ':
		return s
	}
	return "_" + s
}

// mathElement is an open element of MathML.
type mathElement struct {
	name     string
	children int
	opened   string // what closes with it
}

// maxMath bounds how deep MathML is followed.
const maxMath = 32

// inMath takes a start tag inside of MathML, or the one that begins it: of a formula its text is kept, and what
// tells a power or a fraction from digits side by side.
func (r *htmlParser) inMath(name string, closed bool) bool {
	if len(r.math) == 0 && name != "math" || closed || len(r.math) == maxMath || strings.HasPrefix(name, "annotation") {
		return false
	}
	e := mathElement{name: name}
	if n := len(r.math); n > 0 {
		parent := &r.math[n-1]
		parent.children++
		second := parent.children == 2
		switch {
		case parent.name == "mfrac" && second:
			r.words("/")
		case second && parent.name == "msup", parent.children == 3 && parent.name == "msubsup":
			r.raised = raised{by: "sup"}
			e.opened = "sup"
		case second && (parent.name == "msub" || parent.name == "msubsup"):
			r.raised = raised{by: "sub"}
			e.opened = "sub"
		}
		if name == "mrow" && parent.name == "mfrac" {
			r.words("(")
			e.opened = ")"
		}
		if name == "msqrt" {
			r.words("√(")
			e.opened = ")"
		}
	}
	r.math = append(r.math, e)
	return true
}

// outOfMath takes an end tag inside of MathML.
func (r *htmlParser) outOfMath(name string) bool {
	for i := len(r.math) - 1; i >= 0; i-- {
		if r.math[i].name != name {
			continue
		}
		for _, e := range r.math[i:] {
			if e.opened == ")" {
				r.words(")")
			} else if e.opened != "" {
				r.settle()
			}
		}
		r.math = r.math[:i]
		return true
	}
	return false
}
