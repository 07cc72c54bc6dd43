// Package render turns a page into what is mailed: a subject, an HTML part and a text part, all three
// from one view of the page. It knows templates and languages; it must not know feeds, the ledger,
// subscribers or the clock, and does no I/O but to read templates when a Set is loaded. The look is
// the templates' business, and docs/templates.md describes what they see.
package render

import (
	htmltemplate "html/template"
	"maps"
	"slices"
	"strings"
	texttemplate "text/template"
	"time"

	"digestd/digest"
)

// Frame is what stands around the news: who sends, who receives, where the links lead.
//
// Address, UnsubscribeURL and PreferencesURL are the reader's own. They may be placeholders of ASCII
// letters and digits, or contain one, which the mailer replaces in the encoded part: render neither
// wraps nor shortens nor binds them, and escapes only what HTML asks for.
type Frame struct {
	Newsletter    string // name; stands before the postal address, and is the masthead of an untitled digest
	PostalAddress string // one line
	Feedback      string // optional: https, http or mailto
	Privacy       string // likewise
	Subscribe     string // likewise
	RSS           string // likewise
	Archive       string // address of the edition's public page, https or http; empty: it has none

	Address        string
	UnsubscribeURL string // https or mailto; empty only where nobody is mailed
	PreferencesURL string // empty: none

	Cut func(digest.Part) string // what marks where a part begins, 0: ends; nil: the page has no parts

	PublicURL func(public string) string // the address of an edition's public page by Edition.Public; nil: none has one

	Look   digest.Look    // of which what is empty is the built-in choice
	Images string         // "none" leaves pictures out
	Zone   *time.Location // of the lane; nil is UTC
}

// Rendered is a page in words: UTF-8, line ends LF. HTML is empty for a text variant.
type Rendered struct {
	Subject string // one line, at most 200 characters
	HTML    string
	Text    string
}

// Set holds the parsed templates and the languages of one digest. It is safe for concurrent use.
type Set struct {
	html      *htmltemplate.Template
	htmlName  string // as errors name it
	htmlText  string // its source, for Trace
	textParts bool   // the text template marks parts
	text      *texttemplate.Template
	leaf      *htmltemplate.Template
	leafStyle string
	subject   *texttemplate.Template
	asking    askingTemplates
	languages map[string]*language
}

// HasParts reports whether the templates mark the parts of a page that only some readers of it see.
func (s *Set) HasParts() bool { return strings.Contains(s.htmlText, ".Cut}}") && s.textParts }

// Render makes the parts of a page. An error comes from a template of the owner's, names its file and
// line, and is one that Load's trial did not meet.
func (s *Set) Render(p digest.Page, f Frame) (Rendered, error) {
	view := newView(p, f, s.language(p.Variant.Language))
	var out Rendered
	var err error
	if out.Subject, err = s.renderSubject(view); err != nil {
		return Rendered{}, err
	}
	view.Subject = out.Subject
	view.Preheader = preheader(view)

	if p.Variant.Format != "text" {
		b := bounded{name: s.html.Name()}
		b.buf.Grow(8<<10 + view.entries*2<<10)
		if err := s.html.Execute(&b, view); err != nil {
			return Rendered{}, templateError(err)
		}
		out.HTML = b.buf.String()
	}
	b := bounded{name: s.text.Name()}
	if err := s.text.Execute(&b, view); err != nil {
		return Rendered{}, templateError(err)
	}
	out.Text = tidyText(b.buf.Bytes())
	return out, nil
}

// subjectLength is the most characters of a subject. Inboxes show 30 to 90; the rest is for search
// and for reading aloud.
const subjectLength = 200

// renderSubject executes the subject template. A page without a lead shows the template an empty one,
// and a template that then has nothing to say gets the masthead's title.
func (s *Set) renderSubject(view *View) (string, error) {
	v := *view
	if v.Lead == nil {
		v.Lead = &Story{}
	}
	b := bounded{name: SubjectName}
	if err := s.subject.Execute(&b, &v); err != nil {
		return "", templateError(err)
	}
	line := oneLine(b.buf.String())
	if view.Lead == nil {
		line = trimSeparators(line)
	}
	if line == "" {
		line = oneLine(view.Title)
	}
	return shorten(line, subjectLength), nil
}

// Languages are the languages that the set has a catalogue for, sorted.
func (s *Set) Languages() []string { return slices.Sorted(maps.Keys(s.languages)) }

// language finds the catalogue for a tag: itself, its base language, or English.
func (s *Set) language(tag string) *language {
	if name, ok := match(tag, func(n string) bool { return s.languages[n] != nil }); ok {
		return s.languages[name]
	}
	return s.languages[fallback]
}
