package loosexml

import (
	"bytes"
	"html"
	"strconv"
	"strings"
	"unicode/utf16"
	"unicode/utf8"

	"digestd/internal/lazyregexp"
)

// maxReference bounds how far a ";" may be from its "&": the longest name of HTML has 33 bytes.
const maxReference = 40

// unescape replaces character references and the entities of XML and HTML. Feeds use &nbsp; and its
// like without declaring them. What is declared by a DTD is never resolved.
func (s *Scanner) unescape(b []byte) string {
	i := bytes.IndexByte(b, '&')
	if i < 0 {
		return string(b)
	}
	if bytes.Contains(b, []byte("&#")) {
		b = []byte(JoinSurrogates(string(b)))
		i = bytes.IndexByte(b, '&')
	}
	var out strings.Builder
	out.Grow(len(b))
	for i >= 0 {
		out.Write(b[:i])
		b = b[i:]
		end := bytes.IndexByte(b[:min(len(b), maxReference)], ';')
		if end > 1 {
			if text, ok := reference(string(b[1:end])); ok {
				out.WriteString(text)
				b = b[end+1:]
				i = bytes.IndexByte(b, '&')
				continue
			}
			if s.forgetting && isEntityName(b[1:end]) {
				b = b[end+1:]
				i = bytes.IndexByte(b, '&')
				continue
			}
		}
		out.WriteByte('&') // stands for itself: "AT&T", "?a=1&b=2"
		b = b[1:]
		i = bytes.IndexByte(b, '&')
	}
	out.Write(b)
	return out.String()
}

// isEntityName reports whether b can name an entity.
func isEntityName(b []byte) bool {
	for _, c := range b {
		if !isNameStart(c) && (c < '0' || c > '9') && c != '.' && c != '-' {
			return false
		}
	}
	return len(b) > 0 && isNameStart(b[0])
}

// Knows reports whether "&name;" can be resolved without a document type.
func Knows(name string) bool {
	_, ok := reference(name)
	return ok
}

// reference is the text of "&name;".
func reference(name string) (string, bool) {
	if name[0] != '#' {
		if !isEntityName([]byte(name)) {
			return "", false
		}
		ref := "&" + name + ";"
		text := html.UnescapeString(ref)
		// The standard library also takes "&copy" for "©" in "&copyright;"; that is no reference.
		if text == ref || strings.HasSuffix(text, ";") && name != "semi" {
			return "", false
		}
		return text, true
	}
	base, digits := 10, name[1:]
	if digits != "" && (digits[0] == 'x' || digits[0] == 'X') {
		base, digits = 16, digits[1:]
	}
	n, err := strconv.ParseUint(digits, base, 32)
	if err != nil {
		return "", false
	}
	switch r := rune(n); {
	case r >= 0x80 && r <= 0x9f: // meant as Windows-1252, as every browser reads it
		return html.UnescapeString("&#" + strconv.FormatUint(n, 10) + ";"), true
	case n > utf8.MaxRune || !Allowed(r):
		return "", true // dropped, as a raw control character would be
	default:
		return string(r), true
	}
}

// surrogates are the two halves of a character beyond U+FFFF, referred to one by one, as programs do
// that think in UTF-16.
var surrogates = lazyregexp.New(`(?i)&#(?:x(d[89ab][0-9a-f]{2})|(5[56]\d{3}));&#(?:x(d[c-f][0-9a-f]{2})|(5[67]\d{3}));`)

// JoinSurrogates replaces pairs of references to surrogates by their character.
func JoinSurrogates(s string) string {
	if !strings.Contains(s, "&#") {
		return s
	}
	return surrogates.ReplaceAllStringFunc(s, func(pair string) string {
		m := surrogates.FindStringSubmatch(pair)
		half := func(hex, decimal string) rune {
			if hex != "" {
				n, _ := strconv.ParseUint(hex, 16, 16) // the pattern lets only such pass
				return rune(n)
			}
			n, _ := strconv.ParseUint(decimal, 10, 32)
			return rune(n)
		}
		if r := utf16.DecodeRune(half(m[1], m[2]), half(m[3], m[4])); r != utf8.RuneError {
			return string(r)
		}
		return pair
	})
}

// Allowed reports whether XML 1.0 §2.2 has the character.
func Allowed(r rune) bool {
	return r == '\t' || r == '\n' || r == '\r' ||
		r >= 0x20 && r <= 0xd7ff || r >= 0xe000 && r <= 0xfffd || r >= 0x10000 && r <= 0x10ffff
}

// Unescape replaces the references in a piece of text or of an attribute.
func Unescape(s string) string { return new(Scanner).unescape([]byte(s)) }

// Escape makes text out of what could be markup, for element content and for quoted attributes.
func Escape(s string) string {
	if !strings.ContainsAny(s, "&<>\"") {
		return s
	}
	return strings.NewReplacer("&", "&amp;", "<", "&lt;", ">", "&gt;", `"`, "&#34;").Replace(s)
}
