// Package lint looks at a rendered mail as the programs that will show it do: which of them don't
// support what it uses, whether it is clipped, can be read, can be heard, and whether its two parts say
// the same. It is for the tests of the templates, for check and for preview, which all report its
// findings. It takes text and does no I/O; it must not know how a mail came about.
package lint

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
)

// ClipLimit is the size in bytes of an encoded HTML part behind which Gmail shows only a link to the
// rest. Gmail does not say where it is; mails of 102 KB are known to be cut.
const ClipLimit = 102 << 10

// Mail is what is looked at: UTF-8, line ends LF. HTML is empty for a mail of text alone.
type Mail struct {
	Subject string
	HTML    string
	Text    string

	HTMLSize int // bytes as encoded for sending; 0: not known
	TextSize int
	MaxSize  int // the most that the digest allows of either; 0: no limit of its own

	Unsubscribe string  // the address that both parts must show; empty: none
	Stories     []Story // the full entries and headlines in their order

	// Tags are the places in the template that the start tags of HTML come from, in order. When there are
	// more or fewer than tags, they are passed over.
	Tags []Place
}

// Story is an entry as the templates see it.
type Story struct {
	Title string
	URL   string // may be empty
}

// Place is a line and a column, both from 1, the column in bytes. The zero Place is the whole.
type Place struct {
	Line   int `json:"line"`
	Column int `json:"column"`
}

// Level says how bad a finding is.
type Level int

const (
	Note    Level = iota // some client shows it otherwise, or there is a fallback: nothing to do
	Warning              // some reader gets less than the others
	Error                // the mail is broken
)

func (l Level) String() string { return [...]string{"note", "warning", "error"}[l] }

// MarshalText makes the level a word in JSON.
func (l Level) MarshalText() ([]byte, error) { return []byte(l.String()), nil }

// The parts of a mail.
const (
	Subject = "subject"
	HTML    = "html"
	Text    = "text"
)

// The checks, by the names that findings give them.
const (
	Markup   = "markup"
	Support  = "client support"
	Size     = "size"
	Contrast = "contrast"
	Images   = "images"
	Headings = "headings"
	Links    = "links"
	IDs      = "ids"
	Reading  = "reading aloud"
	Parts    = "text part"
)

// Rules says of each check what it asks for, in the order in which they are shown.
func Rules() []Rule {
	return []Rule{
		{Check: Markup, Asks: "well-formed, nothing active, no stray characters"},
		{Check: Support, HTML: true, Asks: "Gmail, Apple Mail, Outlook, Yahoo, Samsung and Thunderbird support what is used, or there is a fallback"},
		{Check: Size, Asks: "each part stays below Gmail's clip limit and the digest's own"},
		{Check: Contrast, HTML: true, Asks: "words stand out from their ground by 4.5, large ones by 3: light, dark, and with the style element dropped"},
		{Check: Images, HTML: true, Asks: "alternative texts, https"},
		{Check: Headings, HTML: true, Asks: "one of the first level, none left out on the way down, none empty"},
		{Check: Links, Asks: "lead somewhere, have a name, and one of them unsubscribes"},
		{Check: IDs, HTML: true, Asks: "stand once, and what refers to them finds them"},
		{Check: Reading, HTML: true, Asks: "language and direction are declared, tables that only arrange say so"},
		{Check: Parts, Asks: "has the same stories in the same order, in lines that can be read"},
	}
}

// Rule is a check in words.
type Rule struct {
	Check string
	Asks  string
	HTML  bool // it has nothing to look at in a mail of text alone
}

// Finding is what a check has found. When it found the same at several places, it names the first.
type Finding struct {
	Check    string   `json:"check"`
	Level    Level    `json:"level"`
	Part     string   `json:"part"`
	Place    Place    `json:"place"`             // in the part
	Template Place    `json:"template,omitzero"` // of the tag in the template that it comes from
	Text     string   `json:"text"`              // what is wrong, and what to do
	Near     string   `json:"near,omitempty"`    // the tag or the words at the place
	Count    int      `json:"count"`             // places
	Clients  []string `json:"clients,omitempty"` // those it is about; none: all
	More     string   `json:"more,omitempty"`    // an address that tells more
}

// String is the finding as one line: its place, what it is about and what is wrong.
func (f Finding) String() string {
	var b strings.Builder
	b.WriteString(f.Part)
	if f.Place.Line > 0 {
		fmt.Fprintf(&b, ":%d:%d", f.Place.Line, f.Place.Column)
	}
	b.WriteString(": " + f.Message())
	return b.String()
}

// Message is the finding without its place.
func (f Finding) Message() string {
	text := f.Check + ": " + f.Text
	if f.Near != "" {
		text += ": " + f.Near
	}
	if f.Count > 1 {
		text += fmt.Sprintf(" (and at %d more)", f.Count-1)
	}
	return text
}

// Check looks at a mail. The worst findings come first, and of those of one level what stands first.
func Check(m Mail) []Finding {
	r := &report{mail: m}
	r.characters()
	r.sizes()
	if m.HTML != "" {
		doc := r.parse(m.HTML)
		r.markup(doc)
		r.support(doc)
		r.contrast(doc)
		r.images(doc)
		r.headings(doc)
		r.links(doc)
		r.ids(doc)
		r.reading(doc)
		r.stories(doc)
	}
	r.textPart()
	slices.SortStableFunc(r.found, func(a, b Finding) int {
		return cmp.Or(cmp.Compare(b.Level, a.Level), cmp.Compare(a.Part, b.Part), cmp.Compare(a.Place.Line, b.Place.Line), cmp.Compare(a.Place.Column, b.Place.Column))
	})
	return r.found
}

// report gathers findings.
type report struct {
	mail  Mail
	found []Finding
}

// add records a finding, or counts it when it was found before.
func (r *report) add(f Finding) {
	for i := range r.found {
		known := &r.found[i]
		if known.Check == f.Check && known.Part == f.Part && known.Text == f.Text {
			known.Count++
			return
		}
	}
	f.Count = 1
	f.Near = shorten(f.Near, 90)
	r.found = append(r.found, f)
}

// at records a finding about an element.
func (r *report) at(n *node, check string, level Level, format string, args ...any) {
	r.add(r.finding(n, check, level, fmt.Sprintf(format, args...)))
}

func (r *report) finding(n *node, check string, level Level, text string) Finding {
	f := Finding{Check: check, Level: level, Part: HTML, Place: n.place, Text: text, Near: n.source}
	if n.tag == "" {
		f.Near = strings.TrimSpace(n.text)
		n = n.parent
	}
	if n != nil && n.number >= 0 && n.number < len(r.mail.Tags) {
		f.Template = r.mail.Tags[n.number]
	}
	return f
}

// sizes holds the parts against the limits.
func (r *report) sizes() {
	if r.mail.HTMLSize > ClipLimit {
		r.add(Finding{Check: Size, Level: Warning, Part: HTML, Clients: []string{"Gmail"},
			Text: fmt.Sprintf("%d bytes are %d more than Gmail shows: it cuts the end off, the unsubscribe link with it", r.mail.HTMLSize, r.mail.HTMLSize-ClipLimit)})
	}
	if limit := r.mail.MaxSize; limit > 0 {
		for part, size := range map[string]int{HTML: r.mail.HTMLSize, Text: r.mail.TextSize} {
			if size > limit {
				r.add(Finding{Check: Size, Level: Warning, Part: part, Text: fmt.Sprintf("%d bytes pass the digest's max_size of %d", size, limit)})
			}
		}
	}
}

// shorten cuts a text at so many characters and makes it one line.
func shorten(s string, most int) string {
	s = strings.Join(strings.Fields(s), " ")
	for i := range s {
		if most--; most < 0 {
			return s[:i] + "…"
		}
	}
	return s
}
