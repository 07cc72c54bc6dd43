package render

import (
	"strings"
	"unicode"
	"unicode/utf8"

	"digestd/digest"
)

// standfirst cuts a text to at most so many whole sentences and characters. An unfinished sentence at
// the end, as feeds leave it, goes when there is a whole one before it; a first sentence that is too
// long by itself is cut at a word.
func standfirst(t digest.Text, sentences, length int) digest.Text {
	plain := t.Plain()
	ends := sentenceEnds(plain)
	end, n := 0, 0
	for _, e := range ends {
		if n == sentences || utf8.RuneCountInString(plain[:e]) > length {
			break
		}
		end = e
		n++
	}
	if n == 0 { // no sentence, or one that is too long
		if len(ends) > 0 {
			plain = plain[:ends[0]]
		}
		plain = strings.TrimSpace(plain)
		short := shorten(plain, length)
		if cut, ok := strings.CutSuffix(short, ellipsis); ok && short != plain {
			return append(prefix(t, len(cut)), digest.Span{S: ellipsis})
		}
		return prefix(t, len(plain))
	}
	return prefix(t, end)
}

// prefix is the first n bytes of a text, marks kept.
func prefix(t digest.Text, n int) digest.Text {
	var out digest.Text
	for _, s := range t {
		if n <= 0 {
			break
		}
		if len(s.S) > n {
			s.S = s.S[:n]
		}
		n -= len(s.S)
		out = append(out, s)
	}
	if last := len(out) - 1; last >= 0 {
		out[last].S = strings.TrimRight(out[last].S, " ")
	}
	return out
}

// sentenceEnds finds where whole sentences end, as offsets behind their punctuation and closing marks.
// In doubt there is no end: a sentence too many is better than half a one.
func sentenceEnds(s string) []int {
	var ends []int
	for i := 0; i < len(s); {
		r, size := utf8.DecodeRuneInString(s[i:])
		i += size
		switch r {
		case '。', '！', '？', '।', '؟', '۔':
			i = closing(s, i)
			ends = append(ends, i)
		case '.', '!', '?':
			at := i - size
			for i < len(s) && strings.IndexByte(".!?", s[i]) >= 0 {
				i++
			}
			dots := s[at:i]
			i = closing(s, i)
			if strings.HasPrefix(dots, "..") && i == len(s) { // how feeds say "and so on"
				continue
			}
			if i < len(s) && (s[i] != ' ' || !opens(s[i:])) {
				continue
			}
			if dots == "." && i < len(s) && abbreviated(s[:at]) {
				continue
			}
			ends = append(ends, i)
		}
	}
	return ends
}

// closing skips quotation marks and brackets that close a sentence.
func closing(s string, i int) int {
	for i < len(s) {
		r, size := utf8.DecodeRuneInString(s[i:])
		if !strings.ContainsRune(`"')]”’»」』）】`, r) {
			break
		}
		i += size
	}
	return i
}

// opens reports whether a new sentence can begin behind the space: not with a small letter.
func opens(s string) bool {
	for _, r := range s {
		if unicode.IsLetter(r) {
			return !unicode.IsLower(r)
		}
		if unicode.IsDigit(r) {
			return true
		}
	}
	return true
}

// abbreviated reports whether the word before a full stop is an abbreviation: a single letter, one
// with stops inside, or a well-known one.
func abbreviated(s string) bool {
	word := s[strings.LastIndexAny(s, " (“\"'-")+1:]
	if utf8.RuneCountInString(word) == 1 {
		r, _ := utf8.DecodeRuneInString(word)
		return unicode.IsLetter(r)
	}
	return strings.Contains(word, ".") || abbreviations[strings.ToLower(word)]
}

// abbreviations of the languages that the program knows and that end with a stop before a capital.
var abbreviations = map[string]bool{
	"mr": true, "mrs": true, "ms": true, "dr": true, "prof": true, "st": true, "sr": true, "jr": true,
	"gen": true, "lt": true, "col": true, "sgt": true, "capt": true, "cmdr": true, "maj": true, "adm": true,
	"sen": true, "rep": true, "gov": true, "rev": true, "hon": true, "pres": true, "vs": true, "no": true,
	"nos": true, "vol": true, "dept": true, "approx": true, "jan": true, "feb": true, "aug": true,
	"sept": true, "oct": true, "nov": true, "dec": true, "mt": true, "ft": true,
	"mme": true, "mlle": true, "mm": true, "av": true, "bd": true, "nr": true, "str": true, "ca": true,
	"bzw": true, "usw": true, "hr": true, "fr": true, "sra": true, "srta": true, "sig": true,
	"dott": true, "avv": true, "ing": true,
}
