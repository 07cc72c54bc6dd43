package curate

import (
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/unicode/norm"
)

func isASCII(s string) bool {
	for i := range len(s) {
		if s[i] >= utf8.RuneSelf {
			return false
		}
	}
	return true
}

// lexeme is a word as it stands in a text, before anything is known about it.
type lexeme struct {
	text    string // as written, without apostrophes and the dots of U.S.
	folded  string
	number  bool
	dense   bool // a run of a script that puts no spaces between words
	initial bool // first of its sentence or after a colon, where a capital says nothing
	comma   bool // after a comma
	hyphen  bool // after a hyphen that ties it to the word before it
	owns    bool // with 's
}

// lexemes takes a text apart.
func lexemes(text string) []lexeme {
	var r reader
	return r.lexemes(nil, text)
}

// lexemes takes a text apart and adds what it is made of.
func (r *reader) lexemes(out []lexeme, text string) []lexeme {
	text = norm.NFKC.String(text)
	r.runes, out = slices.Grow(r.runes[:0], len(text)), slices.Grow(out, 1+len(text)/5)
	for _, c := range text {
		r.runes = append(r.runes, c)
	}
	runes := r.runes
	cut := func(from, to int) string { return string(runes[from:to]) }
	if len(runes) == len(text) { // of ASCII, words are parts of the text
		cut = func(from, to int) string { return text[from:to] }
	}
	fresh, comma, hyphen := true, false, false
	add := func(s string, number, dense bool) {
		out = append(out, lexeme{text: s, folded: fold(s), number: number, dense: dense, initial: fresh, comma: comma,
			hyphen: hyphen})
		fresh, comma, hyphen = false, false, false
	}
	for i := 0; i < len(runes); {
		r, n := runes[i], mixedEnd(runes[i:])
		switch {
		case n > 0: // "H1N1": one name
			add(asciiDigits(runes[i:i+n]), false, false)
			i += n
		case digit(r) >= 0:
			n := numberEnd(runes[i:])
			add(asciiDigits(runes[i:i+n]), true, false)
			i += n
		case isDense(r):
			n := 1
			for i+n < len(runes) && isDense(runes[i+n]) {
				n++
			}
			add(cut(i, i+n), false, true)
			i += n
		case unicode.IsLetter(r):
			n := wordEnd(runes[i:])
			if m := modelEnd(runes[i+n:]); m > 0 { // "Covid-19", "F16": one name
				add(cut(i, i+n)+strings.ReplaceAll(asciiDigits(runes[i+n:i+n+m]), "-", ""), false, false)
				i += n + m
				continue
			}
			add(withoutApostrophe(cut(i, i+n)), false, false)
			out[len(out)-1].owns = n > 2 && runes[i+n-1] == 's' && !unicode.IsLetter(runes[i+n-2])
			i += n
		default:
			if strings.ContainsRune(".:!?|–—", r) && (i+1 >= len(runes) || unicode.IsSpace(runes[i+1])) ||
				strings.ContainsRune("\"“‘«'", r) {
				fresh = true
			}
			comma = comma || r == ','
			hyphen = r == '-' && i > 0 && !unicode.IsSpace(runes[i-1])
			i++
		}
	}
	return out
}

// wordEnd is the length of a word, with inner apostrophes and the dots of U.S.
func wordEnd(runes []rune) int {
	n := 1
	for n < len(runes) {
		r := runes[n]
		next := rune(0)
		if n+1 < len(runes) {
			next = runes[n+1]
		}
		switch {
		case unicode.IsLetter(r) && !isDense(r), unicode.Is(unicode.M, r), r == '\u200c', r == '\u200d':
			n++
		case (r == '\'' || r == '’') && unicode.IsLetter(next):
			n += 2
		case r == '.' && unicode.IsUpper(runes[n-1]) && unicode.IsUpper(next) && (n == 1 || runes[n-2] == '.') &&
			(n+2 >= len(runes) || !unicode.IsLetter(runes[n+2])):
			n += 2
		default:
			return n
		}
	}
	return n
}

// modelEnd is the length of the number that belongs to the word in front of it, with its hyphens: "-19", "-2026-104".
func modelEnd(runes []rune) int {
	n := 0
	if n < len(runes) && (runes[n] == '-' || runes[n] == '‐') {
		n++
	}
	start := n
	for n < len(runes) && (digit(runes[n]) >= 0 ||
		n > start && runes[n] == '-' && n+1 < len(runes) && digit(runes[n+1]) >= 0) {
		n++
	}
	if n < len(runes) && runes[n] == 's' && (n+1 == len(runes) || !unicode.IsLetter(runes[n+1])) {
		return n // "F-16s": the s is a word of one letter then, and falls away
	}
	if n == start || n < len(runes) && (unicode.IsLetter(runes[n]) ||
		strings.ContainsRune(".,–", runes[n]) && n+1 < len(runes) && digit(runes[n+1]) >= 0) {
		return 0
	}
	return n
}

// mixedEnd is the length of a run in which letters and digits change places twice and more, 0 of any other: such a run
// is a name, while "20m", "3rd" and "G20" are more or less than one.
func mixedEnd(runes []rune) int {
	n, changes := 0, 0
	for before := false; n < len(runes); n++ {
		now := digit(runes[n]) >= 0
		if !now && (!unicode.IsLetter(runes[n]) || isDense(runes[n])) {
			break
		}
		if n > 0 && now != before {
			changes++
		}
		before = now
	}
	if changes < 2 || changes == 2 && runes[n-1] == 's' && digit(runes[n-2]) >= 0 { // "F16s"
		return 0
	}
	return n
}

// elided are the words that French, Italian and their kin write short before a vowel.
var elided = words("l d j n s c m t qu dell nell all un sull dall lorsqu jusqu puisqu quelqu aujourd")

var plainApostrophes = strings.NewReplacer(".", "", "’", "'", "ʼ", "'")

// withoutApostrophe is what a word with apostrophes comes to: "Lund's" is Lund, "l'accord" is accord, while "O'Neill"
// stays one word. The dots of "U.S." go too.
func withoutApostrophe(w string) string {
	if !strings.ContainsAny(w, ".'’ʼ") {
		return w
	}
	w = plainApostrophes.Replace(w)
	left, right, ok := strings.Cut(w, "'")
	if !ok {
		return w
	}
	if right == "t" && (strings.EqualFold(left, "can") || strings.EqualFold(left, "won")) { // without it, another word
		return "not"
	}
	switch low := strings.ToLower(right); {
	case low == "s" || low == "t" || low == "re" || low == "ve" || low == "ll" || low == "d" || low == "m":
		return left
	case elided[strings.ToLower(left)] && low != "pore" && utf8.RuneCountInString(right) > 1:
		return strings.ReplaceAll(right, "'", "")
	}
	return strings.ReplaceAll(w, "'", "")
}

// isDense reports whether a letter is of a script that puts no spaces between words.
func isDense(r rune) bool {
	return r >= 0x0E00 && (unicode.In(r, unicode.Han, unicode.Hiragana, unicode.Katakana, unicode.Thai, unicode.Lao,
		unicode.Khmer, unicode.Myanmar) || r == 'ー' || r == '々')
}

// denseStops are the letters of Chinese and Japanese that are grammar by themselves.
const denseStops = "的了在是和与與及或对對将將被把从從向为為以于於也都就而之其并並让讓等地得着過过个個这這那有不年月日时時"

// grams are the pairs of neighbouring letters of a dense run, which stand in for its words: those that
// hold a letter of grammar, or nothing but hiragana, are none. A run of katakana is a word.
func grams(run string) []string {
	var out []string
	var part []rune
	class := func(r rune) int {
		switch {
		case unicode.Is(unicode.Katakana, r) || r == 'ー':
			return 1
		case unicode.Is(unicode.Hiragana, r):
			return 2
		}
		return 0
	}
	flush := func() {
		switch {
		case len(part) == 0:
		case class(part[0]) == 1, len(part) == 1 && class(part[0]) == 0:
			out = append(out, string(part))
		case class(part[0]) == 0:
			for i := range len(part) - 1 {
				out = append(out, string(part[i:i+2]))
			}
		}
		part = part[:0]
	}
	for _, r := range run {
		if strings.ContainsRune(denseStops, r) {
			flush()
			continue
		}
		if len(part) > 0 && class(part[0]) != class(r) {
			flush()
		}
		part = append(part, r)
	}
	flush()
	return out
}
