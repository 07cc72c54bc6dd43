package collect

import (
	"encoding/base64"
	"net/url"
	"slices"
	"strings"
	"unicode/utf8"

	"digestd/digest/collect/loosexml"
	"digestd/internal/lazyregexp"
)

// valueReading tells how the characters of a value become HTML.
type valueReading uint8

const (
	asWords   valueReading = iota // they stay words: dates, links, names
	asHTML                        // they are HTML
	asText                        // they are text: "<" is a less-than sign
	asNothing                     // pictures and the like, in base64
	asGuessed                     // text unless it looks like HTML: many feeds forget the type of a summary
	asBase64                      // HTML in base64, as Atom 0.3 has it
)

// atomReading tells how the characters of an Atom text construct are meant: RFC 4287 §3.1 and
// §4.1.3, and for Atom 0.3 its "mode".
func atomReading(tok loosexml.Token, local string) valueReading {
	typ := strings.ToLower(strings.TrimSpace(tok.Attr("type")))
	typ, _, _ = strings.Cut(typ, ";")
	switch strings.ToLower(tok.Attr("mode")) {
	case "base64":
		if typ == "" || strings.HasPrefix(typ, "text/") || strings.HasPrefix(typ, "application/xhtml") {
			return asBase64
		}
		return asNothing
	case "xml":
		return asText // what is markup in it is elements
	}
	switch typ {
	case "html", "text/html":
		return asHTML
	case "xhtml", "application/xhtml+xml", "text", "text/plain":
		return asText
	case "":
		if local == "title" {
			return asText
		}
		return asGuessed
	}
	switch {
	case strings.HasPrefix(typ, "text/"):
		return asText
	case !strings.Contains(typ, "/"): // "escaped", "plain": no type of anything else
		return asGuessed
	}
	return asNothing
}

// fromBase64 is the HTML that base64 stands for; nothing where it is none.
func fromBase64(s string) string {
	b, err := base64.StdEncoding.DecodeString(strings.Join(strings.Fields(s), ""))
	if err != nil || !utf8.Valid(b) {
		return ""
	}
	return string(b)
}

// looksLikeHTML reports whether text without a type must have been meant as HTML.
func looksLikeHTML(s string) bool {
	return slices.ContainsFunc([]string{"</p>", "</a>", "<br", "</div>", "</b>", "</i>", "</em>", "</strong>", "<img "},
		func(sign string) bool { return strings.Contains(s, sign) })
}

// text takes character data.
func (t *tidier) text(s string) {
	switch t.stack[len(t.stack)-1].mode {
	case inValue:
		if t.reading == asText {
			t.addValue(loosexml.Escape(s))
		} else {
			t.addValue(s)
		}
	case inMarkup:
		if t.reading == asWords {
			t.addValue(s)
		} else {
			t.addValue(loosexml.Escape(s))
		}
	}
}

// addValue adds to the value that is being read.
func (t *tidier) addValue(s string) {
	if room := maxValue - t.value.Len(); room > 0 && t.reading != asNothing && !t.full {
		s = slimmer(s, room)
		t.value.WriteString(s[:cutAt(s, room)])
	}
}

// slimmer is a text in HTML that has no room, without what no reader sees as words: else a drawing would push the text
// behind it out.
func slimmer(s string, room int) string {
	if len(s) > room {
		return wordless.ReplaceAllString(s, "")
	}
	return s
}

var wordless = lazyregexp.New(`(?is)<svg\b.*?</svg\s*>|<style\b.*?</style\s*>|<script\b.*?</script\s*>|<!--.*?-->`)

// writeMarkup adds a start tag to the value that is being read.
func (t *tidier) writeMarkup(tok loosexml.Token, local string) {
	if t.reading == asWords {
		return
	}
	t.addValue("<" + local)
	for _, a := range tok.Attrs {
		if strings.HasPrefix(a.Name, "xmlns") {
			continue
		}
		t.addValue(" " + strings.ToLower(a.Name) + `="` + loosexml.Escape(a.Value) + `"`)
	}
	t.addValue(">")
}

// writeStart writes a start tag with the attributes that count.
func (t *tidier) writeStart(name string, attrs []loosexml.Attr, base *url.URL) {
	t.out.WriteString("<" + name)
	for _, a := range attrs {
		key, kept := keptAttributes[strings.ToLower(a.Name)]
		if !kept {
			continue
		}
		value := a.Value
		if key == "type" && t.feed.atom && name != "link" && name != "media:content" {
			continue // the tidied value is HTML, whatever it was
		}
		if key == "rel" {
			value = strings.ToLower(strings.TrimSpace(value))
		}
		if base != nil && (key == "href" || key == "url" || key == "src") {
			if u := resolve(base, value); u != nil {
				value = u.String()
			}
		}
		t.out.WriteString(" " + key + `="` + loosexml.Escape(t.clean(value)) + `"`)
	}
	t.out.WriteString(">")
}

// writeText writes character data; CDATA where that saves escaping.
func (t *tidier) writeText(s string) {
	if !strings.ContainsAny(s, "<&") {
		t.out.WriteString(strings.ReplaceAll(s, "]]>", "]]&gt;"))
		return
	}
	t.out.WriteString("<![CDATA[")
	t.out.WriteString(strings.ReplaceAll(s, "]]>", "]]]]><![CDATA[>"))
	t.out.WriteString("]]>")
}

// clean drops the characters that XML does not have.
func (t *tidier) clean(s string) string {
	for i, r := range s {
		if loosexml.Allowed(r) {
			continue
		}
		var b strings.Builder
		b.Grow(len(s))
		b.WriteString(s[:i])
		for _, r := range s[i:] {
			if loosexml.Allowed(r) {
				b.WriteRune(r)
			} else {
				t.stray++
			}
		}
		return b.String()
	}
	return s
}
