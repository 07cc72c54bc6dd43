package render

import (
	"strings"
	"unicode"
	"unicode/utf8"

	"digestd/digest"

	"github.com/rivo/uniseg"
	xlanguage "golang.org/x/text/language"
	"golang.org/x/text/unicode/bidi"
)

const (
	noBreakSpace = "\u00a0"
	leftMark     = "\u200e"
	rightMark    = "\u200f"
	ellipsis     = "…"
)

// unwanted reports characters that no text of ours has a use for: controls, line separators, and the
// bidi embeddings, overrides and isolates with which a headline could turn what stands behind it.
func unwanted(r rune) bool {
	switch {
	case r < 0x20, r >= 0x7f && r < 0xa0, r == 0x2028, r == 0x2029, r == 0xfeff:
		return true
	case r >= 0x202a && r <= 0x202e, r >= 0x2066 && r <= 0x2069:
		return true
	}
	return false
}

// clean makes one line of feed or config text, a second time where collect did it before: what goes
// into a mail is not left to one guard. White space is collapsed, unwanted characters go.
func clean(s string) string {
	if isClean(s) {
		return s
	}
	return strings.TrimSpace(cleanRun(s))
}

func isClean(s string) bool {
	space := true // at the start
	for _, r := range s {
		if r == ' ' {
			if space {
				return false
			}
			space = true
			continue
		}
		if space = false; unwanted(r) || r == utf8.RuneError {
			return false
		}
	}
	return !space || s == ""
}

// visible reports whether a text shows anything: not when it is all joiners and marks.
func visible(s string) bool {
	for _, r := range s {
		if r > ' ' && unicode.IsGraphic(r) && !unicode.In(r, unicode.Mn, unicode.Me, unicode.Zs) {
			return true
		}
	}
	return false
}

// cleanRun is clean that keeps a space at either end, for runs of a text.
func cleanRun(s string) string {
	var b strings.Builder
	space := false
	for _, r := range s {
		switch {
		case r == ' ', r == '\t', r == '\n', r == '\r', r == '\v', r == '\f', r == 0x85, r == 0x2028, r == 0x2029:
			space = true
			continue
		case unwanted(r):
			continue
		}
		if space {
			b.WriteByte(' ')
			space = false
		}
		b.WriteRune(r)
	}
	if space {
		b.WriteByte(' ')
	}
	return b.String()
}

// cleanText is clean for spans; a link that is none goes and its words stay.
func cleanText(t digest.Text) digest.Text {
	out := make(digest.Text, 0, len(t))
	for _, s := range t {
		if !isClean(strings.Trim(s.S, " ")) {
			s.S = cleanRun(s.S)
		}
		if len(out) == 0 {
			s.S = strings.TrimLeft(s.S, " ")
		}
		if s.S == "" {
			continue
		}
		if s.Href != "" {
			s.Href, _ = proseURL(s.Href)
		}
		s.Em = s.Em && hasItalics(s.S)
		out = append(out, s)
	}
	return out
}

// unbound is a text whose words may part from each other: some systems write no-break spaces in place of all others. Those
// beside figures, marks and short words stay, which bind what belongs together.
func unbound(t digest.Text) digest.Text {
	for i := range t {
		letters, runes := 0, []rune(t[i].S)
		for j, r := range runes {
			if r == '\u00a0' && letters >= 3 && j+1 < len(runes) && unicode.IsLetter(runes[j+1]) {
				runes[j] = ' '
			}
			if letters++; !unicode.IsLetter(r) {
				letters = 0
			}
		}
		t[i].S = string(runes)
	}
	return t
}

// oneLine is clean for what goes into a header.
func oneLine(s string) string { return clean(strings.ToValidUTF8(s, "\ufffd")) }

// trimSeparators takes the punctuation off the ends of a subject whose headline is missing.
func trimSeparators(s string) string {
	return strings.TrimFunc(s, func(r rune) bool { return r == ' ' || strings.ContainsRune("·•|:;,-–—/", r) })
}

// shorten cuts a line to at most n characters, at the end of a word where there is one, and never
// inside a character that is made of several.
func shorten(s string, n int) string {
	if len(s) <= n || utf8.RuneCountInString(s) <= n {
		return s
	}
	rest, state, runes, end, word := s, -1, 0, 0, 0
	for rest != "" {
		var cluster string
		cluster, rest, _, state = uniseg.FirstGraphemeClusterInString(rest, state)
		if runes += utf8.RuneCountInString(cluster); runes > n-1 {
			break
		}
		if cluster == " " {
			word = end
		}
		end += len(cluster)
	}
	if word > end/2 { // else a single word, or a script without spaces
		end = word
	}
	return strings.TrimRight(s[:end], " ,;:–—-") + ellipsis
}

// bindMost is the most letters of two last words that are kept together.
const bindMost = 8

// bindLast puts a no-break space between the last two words of a headline when they are short, so
// that none stands alone on the last line.
func bindLast(s string) string {
	last := strings.LastIndexByte(s, ' ')
	if last <= 0 {
		return s
	}
	before := strings.LastIndexByte(s[:last], ' ')
	if before < 0 || utf8.RuneCountInString(s[before+1:])-1 > bindMost {
		return s
	}
	return s[:last] + noBreakSpace + s[last+1:]
}

// direction is that of the first letter that has one: "ltr", "rtl", or "" when none has.
func direction(s string) string {
	for _, r := range s {
		if r < 0x80 {
			if r >= 'A' && r <= 'Z' || r >= 'a' && r <= 'z' {
				return leftToRight.Dir
			}
			continue
		}
		p, _ := bidi.LookupRune(r)
		switch p.Class() {
		case bidi.L:
			return leftToRight.Dir
		case bidi.R, bidi.AL:
			return rightToLeft.Dir
		}
	}
	return ""
}

// rtlLanguage reports a language that is written from right to left.
func rtlLanguage(tag string) bool {
	base, _, _ := strings.Cut(strings.ToLower(tag), "-")
	switch base {
	case "ar", "he", "iw", "fa", "ur", "yi", "ps", "sd", "ug", "dv", "ckb":
		return true
	}
	return false
}

// hasItalics reports whether the script of the first letter has italics of its own; in others a
// slanted letter is a broken one.
func hasItalics(s string) bool {
	for _, r := range s {
		if unicode.IsLetter(r) {
			return r < 0x250 || unicode.In(r, unicode.Latin, unicode.Greek, unicode.Cyrillic)
		}
	}
	return true
}

// validTag returns a language tag as it may stand in an attribute, or nothing.
func validTag(tag string) string {
	if tag == "" || len(tag) > 35 {
		return ""
	}
	t, err := xlanguage.Parse(tag)
	if err != nil || t == xlanguage.Und {
		return ""
	}
	return t.String()
}

func sameLanguage(a, b string) bool {
	a, _, _ = strings.Cut(strings.ToLower(a), "-")
	b, _, _ = strings.Cut(strings.ToLower(b), "-")
	return a == b
}

// capital makes the first letter one.
func capital(s string) string {
	r, n := utf8.DecodeRuneInString(s)
	return string(unicode.ToTitle(r)) + s[n:]
}

// author is the name of a person in what feeds call the author: many give an address, some the
// outlet once more.
func author(s, source string) string {
	s = clean(s)
	if strings.ContainsRune(s, '@') { // "ana@example.org (Ana Lima)"
		_, s, _ = strings.Cut(s, "(")
		s, _, _ = strings.Cut(s, ")")
		s = strings.TrimSpace(s)
	}
	if !visible(s) || strings.ContainsRune(s, '@') || utf8.RuneCountInString(s) > nameLength ||
		strings.EqualFold(s, source) || strings.Contains(s, source) && source != "" {
		return ""
	}
	return s
}

// wordCount counts what is read in a word's time: a word, or two signs of a script without spaces.
func wordCount(s string) int {
	words, signs, in := 0, 0, false
	for _, r := range s {
		switch {
		case r == ' ':
			in = false
		case r >= 0x2e80 && unicode.In(r, unicode.Han, unicode.Hiragana, unicode.Katakana):
			signs++
			in = false
		case !in:
			words++
			in = true
		}
	}
	return words + (signs+1)/2
}
