package render

import (
	htmltemplate "html/template"
	"strings"
	texttemplate "text/template"
)

// The conditional comments that only Outlook's Word engine reads. html/template deletes comments, so
// they come from these constants; none of them carries text, since T-online shows what stands inside.
const (
	wordSettings = `<!--[if mso]><xml><o:OfficeDocumentSettings><o:PixelsPerInch>96</o:PixelsPerInch>` +
		`</o:OfficeDocumentSettings></xml><![endif]-->`
	wordTableHead = `<!--[if mso]><table role="presentation" width="600" align="center" cellpadding="0" ` +
		`cellspacing="0" border="0" dir="`
	wordTableTail = `"><tr><td><![endif]-->`
	wordTableEnd  = `<!--[if mso]></td></tr></table><![endif]-->`
)

// htmlFuncs are what the HTML template has beside Go's own functions.
var htmlFuncs = htmltemplate.FuncMap{
	"wordSettings": func() htmltemplate.HTML { return wordSettings },
	"wordTable": func(dir string) htmltemplate.HTML {
		return htmltemplate.HTML(wordTableHead + sideOf(dir).Dir + wordTableTail)
	},
	"wordTableEnd": func() htmltemplate.HTML { return wordTableEnd },
	"padding":      padding,
}

// inboxLength is how many characters an inbox shows of a mail at most.
const inboxLength = 140

// padding is blanks after a short preheader: without them an inbox goes on with what stands on top of the mail. A
// combining joiner between them keeps them from being taken for one.
func padding(preheader string) htmltemplate.HTML {
	return htmltemplate.HTML(strings.Repeat("&#847;&nbsp;", max(0, inboxLength-cells(preheader))))
}

// textFuncs are what the text template has beside Go's own functions.
var textFuncs = texttemplate.FuncMap{
	"wrap":     wrap,
	"headline": headline,
	"hang":     hang,
	"rule":     func(sign string) string { return strings.Repeat(sign, textWidth/max(1, cells(sign))) },
	"upper":    strings.ToUpper,
	"dots":     dots,
	"source":   sourceLine,
	"join":     joinPieces,
}

// dots joins what is not empty by a dot, View.Dot or Story.Dot, that never begins a line.
func dots(dot string, parts ...string) string {
	var kept []string
	for _, p := range parts {
		if p != "" {
			kept = append(kept, p)
		}
	}
	return strings.Join(kept, dot)
}

// sourceLine is a story's source, times and coverage: on one line where the coverage has a form that
// fits, else on a line of its own.
func sourceLine(indent int, s Story) string {
	line := strings.ReplaceAll(s.Byline, noBreakSpace, " ")
	for _, part := range []string{s.Time, s.Updated} {
		if part != "" {
			line += s.Dot + part
		}
	}
	if s.Also == nil {
		return wrap(indent, line)
	}
	for _, also := range s.Also.Lines {
		if full := line + s.Dot + also; indent+cells(full) <= textWidth {
			return wrap(indent, full)
		}
	}
	for _, also := range s.Also.Lines {
		if indent+cells(also) <= textWidth {
			return wrap(indent, line) + "\n" + wrap(indent, capital(also))
		}
	}
	return wrap(indent, line) + "\n" + wrap(indent, capital(s.Also.Lines[len(s.Also.Lines)-1]))
}

// joinPieces makes one text; what runs against the page begins with a mark, or the number of
// "1 Rue Exemple" would go to the other end.
func joinPieces(pieces []Piece) string {
	var b strings.Builder
	for _, p := range pieces {
		switch p.Dir {
		case leftToRight.Dir:
			b.WriteString(leftMark)
		case rightToLeft.Dir:
			b.WriteString(rightMark)
		}
		b.WriteString(p.S)
	}
	return b.String()
}
