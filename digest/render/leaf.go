package render

import (
	"fmt"
	"strings"

	"digestd/digest"
)

// What a public page tells of itself where links to it are shown, and how many headlines it has beyond the mail's.
const (
	descriptionLength = 300
	mostMore          = 500
)

// Leaf makes the public page of an edition: the page of all topics in one language, without anything of a reader, and
// beneath it the headlines of stories that have no place on it. An error comes from a template of the owner's.
func (s *Set) Leaf(p digest.Page, f Frame, more []digest.Story) (digest.Leaf, error) {
	f.Address, f.UnsubscribeURL, f.PreferencesURL = "", "", ""
	l := s.language(p.Variant.Language)
	view := newView(p, f, l)
	var leaf digest.Leaf
	var err error
	if leaf.Subject, err = s.renderSubject(view); err != nil {
		return leaf, err
	}
	view.Subject = leaf.Subject
	view.addMore(p, f, l, more)
	leaf.Language, leaf.Dir, leaf.Masthead, leaf.Date = view.Lang, view.Dir, view.Title, view.Date
	leaf.Description, leaf.Style = description(view), view.CSS()+s.leafStyle
	if view.Lead != nil && view.Lead.Image != nil {
		leaf.Picture = view.Lead.Image.URL
	}
	for _, part := range []struct {
		name string
		into *string
	}{{"head", &leaf.Head}, {"body", &leaf.Body}, {"foot", &leaf.Foot}} {
		b := bounded{name: s.leaf.Name()}
		if err := s.leaf.ExecuteTemplate(&b, part.name, view); err != nil {
			return leaf, templateError(err)
		}
		*part.into = b.buf.String()
	}
	return leaf, nil
}

// addMore adds the headlines of stories that have no place on the page.
func (v *View) addMore(p digest.Page, f Frame, l *language, more []digest.Story) {
	b := newBuilder(p, f, l)
	for _, s := range more[:min(len(more), mostMore)] {
		v.More = append(v.More, b.story(digest.Entry{Story: s}, digest.SectionLatest))
	}
	v.MoreName = l.plural(l.MoreHeadlines, len(v.More))
}

// description is what the page is about: its lead in a sentence or two, then its headlines.
func description(v *View) string {
	if v.Empty {
		return v.Nothing
	}
	if v.Lead != nil {
		if s := v.Lead.Summary.Plain(); s != "" {
			return shorten(s, descriptionLength)
		}
	}
	return shorten(strings.Join(v.next, " · "), descriptionLength)
}

// CSS is the look as the style sheets of pages want it, to stand before them.
func (l Look) CSS() string {
	return fmt.Sprintf(":root{--accent:%s;--serif:%s;--sans:%s;--gap:%dpx;--space:%dpx}\n"+
		"@media(prefers-color-scheme:dark){:root{--accent:%s}}\n",
		l.Accent, l.Serif, l.Sans, l.Gap, l.Space, l.AccentDark)
}
