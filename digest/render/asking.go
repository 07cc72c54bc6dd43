package render

import (
	"bytes"
	"cmp"
	htmltemplate "html/template"
	"io/fs"
	"strings"
	texttemplate "text/template"
	"time"

	"digestd/digest"
)

// Asking is what a mail says that asks whether somebody wants to subscribe. Address and Link may be placeholders, as in
// a Frame.
type Asking struct {
	Name          string // of what they would subscribe to
	Address, Link string
	At            time.Time // when somebody asked for it, in the zone in which it is told
	Newsletter    string    // who asks
	PostalAddress string
	Language      string
	Look          digest.Look
}

// askingTemplates are those of the mail that asks. They are built in: its words are the catalogues'.
type askingTemplates struct {
	html *htmltemplate.Template
	text *texttemplate.Template
}

func (s *Set) parseAsking(builtin fs.FS) (err error) {
	s.asking.html, err = htmltemplate.New("asking.html.tmpl").Funcs(htmlFuncs).ParseFS(builtin, "asking.html.tmpl")
	if err == nil {
		s.asking.text, err = texttemplate.New("asking.txt.tmpl").Funcs(textFuncs).ParseFS(builtin, "asking.txt.tmpl")
	}
	return templateError(err)
}

// askingView is what the templates show.
type askingView struct {
	Side
	Look
	Lang          string
	Words         WebWords
	Subject, Name string
	Asked         []Piece // the name and the address apart
	AskedText     string
	Link          string
	Sender        string
}

// Ask makes the mail that asks whether somebody wants to subscribe.
func (s *Set) Ask(a Asking) (out Rendered, err error) {
	l := s.language(a.Language)
	side := sideOf(l.Dir)
	name := oneLine(a.Name)
	date := l.fillDate(l.DateShort, &l.Weekdays, a.At) + l.Clause + a.At.Format("15:04") + " (" + cmp.Or(placeOf(a.At), zoneName(a.At)) + ")"
	v := askingView{Side: side, Look: lookOf(a.Look, side), Lang: l.tag, Words: l.Web, Name: name, Link: a.Link,
		Asked: split(l.Web.Asked, "date", date, "name", name, "address", a.Address)}
	for _, p := range v.Asked {
		v.AskedText += p.S
	}
	var sender []string
	for _, part := range []string{oneLine(a.Newsletter), oneLine(a.PostalAddress)} {
		if part != "" {
			sender = append(sender, part)
		}
	}
	v.Sender = strings.Join(sender, l.Comma)
	v.Subject = shorten(oneLine(fill(l.Web.ConfirmSubject, "name", name)), subjectLength)
	out.Subject = v.Subject
	var b bytes.Buffer
	if err := s.asking.html.Execute(&b, v); err != nil {
		return out, templateError(err)
	}
	out.HTML = b.String()
	b.Reset()
	if err := s.asking.text.Execute(&b, v); err != nil {
		return out, templateError(err)
	}
	out.Text = tidyText(b.Bytes())
	return out, nil
}
