package render

import (
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"digestd/digest"
)

// standfirst is the beginning of a text: whole sentences, as many as asked for at most, and of about
// so many characters. The first sentence is kept whole up to twice as many characters; one that
// is longer still ends at a word, the last before the limit, with an ellipsis. A last sentence that
// the feed itself broke off is left out where a whole one stands before it, and so are those that would leave
// a quotation open. One that is open all the same is closed. Marks are kept.
func standfirst(t digest.Text, sentences, chars int) digest.Text {
	plain := t.Plain()
	ends := sentenceEnds(plain)
	if n := len(ends); n > 1 && brokenOff(plain) {
		ends = ends[:n-1]
	}
	cut, closed := 0, 0 // the second with no quotation open
	for i, end := range ends {
		n := utf8.RuneCountInString(plain[:end])
		if i >= sentences || n > chars && (i > 0 || n > 2*chars) {
			break
		}
		if cut = end; openQuotation(plain[:end]) == "" {
			closed = end
		}
	}
	if closed > 0 && cut < len(strings.TrimRightFunc(plain, unicode.IsSpace)) {
		cut = closed
	}
	if cut == 0 && sentences > 0 && len(ends) > 0 {
		cut = wordEnd(plain[:ends[0]], chars)
		return joined(append(t.Without(cut, len(plain)), digest.Span{S: ellipsis + openQuotation(plain[:cut])}))
	}
	t = t.Without(cut, len(plain))
	if open := openQuotation(plain[:cut]); open != "" && cut > 0 {
		t = joined(append(t, digest.Span{S: open}))
	}
	return t
}

// repeated is the fewest words of weight that tell a repetition from a sentence that leads on: "He ran. He won."
const repeated = 4

// withoutRepeat is a text without its first sentence where that only says again what the headline does: each of its
// words of weight stands there.
func withoutRepeat(t digest.Text, title string) digest.Text {
	plain := t.Plain()
	ends := sentenceEnds(plain)
	if len(ends) == 0 {
		return t
	}
	told := make(map[string]bool)
	for _, word := range weighty(title) {
		told[word] = true
	}
	first := strings.TrimSpace(plain[:ends[0]])
	said := weighty(first)
	if !strings.EqualFold(strings.TrimSuffix(first, "."), strings.TrimSuffix(title, ".")) &&
		(len(said) < repeated || slices.ContainsFunc(said, func(word string) bool { return !told[word] })) {
		return t
	}
	return t.Without(0, ends[0])
}

// weighty are the words of a text that tell something, each by its beginning, so that its forms are one.
func weighty(s string) []string {
	words := strings.FieldsFunc(strings.ToLower(s), func(r rune) bool { return !unicode.IsLetter(r) && !unicode.IsDigit(r) })
	out := words[:0]
	for _, word := range words {
		letters := []rune(word)
		switch {
		case letters[0] > unicode.MaxLatin1:
			out = append(out, word)
		case len(letters) > 3 || unicode.IsDigit(letters[0]):
			out = append(out, string(letters[:min(len(letters), 5)]))
		}
	}
	return out
}

// joined is the text with neighbouring spans of the same marks made one.
func joined(t digest.Text) digest.Text {
	var out digest.Text
	for _, s := range t {
		if n := len(out); n > 0 && out[n-1].Strong == s.Strong && out[n-1].Em == s.Em && out[n-1].Href == s.Href {
			out[n-1].S += s.S
			continue
		}
		out = append(out, s)
	}
	return out
}

// wordEnd is the offset of the last end of a word within so many characters, or of a clause where one ends near.
// Scripts without spaces have none near; there any character will do.
func wordEnd(s string, chars int) int {
	limit, n := len(s), 0
	for i := range s {
		if n == chars {
			limit = i
			break
		}
		n++
	}
	if limit == len(s) {
		return limit
	}
	cut := limit
	if r, _ := utf8.DecodeRuneInString(s[limit:]); !unicode.IsSpace(r) {
		if i := strings.LastIndexFunc(s[:limit], unicode.IsSpace); i > limit/2 {
			cut = i
		}
	}
	if i := lastClause(s[:cut]); i > limit*3/5 {
		cut = i
	}
	return len(strings.TrimRightFunc(s[:cut], func(r rune) bool { return unicode.IsSpace(r) || strings.ContainsRune(",;:–—-", r) }))
}

// lastClause is the offset of the last mark of a text that parts clauses, -1 when there is none.
func lastClause(s string) int {
	last := -1
	for _, mark := range []string{", ", "; ", ": ", " – ", " — ", " - "} {
		last = max(last, strings.LastIndex(s, mark))
	}
	return last
}

// closers are the marks that close a quotation, by those that open one.
var closers = map[rune]string{'“': "”“", '„': "“”", '«': "»", '»': "«", '「': "」", '『': "』", '"': "\""}

// openQuotation is the mark that closes the quotation inside which a text ends; empty: it ends inside none. What stands
// within another one's marks is not looked at. A straight mark opens behind a space or a bracket.
func openQuotation(s string) string {
	closing, before := "", ' '
	for i, c := range s {
		next, _ := utf8.DecodeRuneInString(s[i+utf8.RuneLen(c):])
		switch {
		case closing != "" && strings.ContainsRune(closing, c):
			closing = ""
		case closing == "" && (c == '«' || !unicode.IsSpace(next)) && (c != '"' || unicode.IsSpace(before) || strings.ContainsRune("([—–", before)):
			closing = closers[c]
		}
		before = c
	}
	if closing == "" {
		return ""
	}
	_, n := utf8.DecodeRuneInString(closing)
	return closing[:n]
}

// brokenOff reports whether a feed cut its text in the middle of a sentence.
func brokenOff(s string) bool {
	s = strings.TrimRightFunc(s, func(r rune) bool { return unicode.IsSpace(r) || r == ']' || r == ')' })
	return strings.HasSuffix(s, "…") || strings.HasSuffix(s, "...")
}

// sentenceEnds are the offsets behind the sentences of a text, closing quotes and brackets included;
// the last is the end of the text.
func sentenceEnds(s string) []int {
	var ends []int
	for i := 0; i < len(s); {
		r, size := utf8.DecodeRuneInString(s[i:])
		end := i + size
		if !strings.ContainsRune(".!?…。！？؟۔।", r) {
			i = end
			continue
		}
		for end < len(s) {
			c, n := utf8.DecodeRuneInString(s[end:])
			if !strings.ContainsRune(".!?…。！？؟۔।\"'”’“‘»)]」』）", c) {
				break
			}
			end += n
		}
		if endsSentence(s, i, end, r) {
			ends = append(ends, end)
		}
		i = end
	}
	if n := len(ends); strings.TrimSpace(s) != "" && (n == 0 || strings.TrimSpace(s[ends[n-1]:]) != "") {
		ends = append(ends, len(s))
	}
	return ends
}

// endsSentence reports whether the mark at from, with what closes behind it up to end, ends a sentence.
func endsSentence(s string, from, end int, mark rune) bool {
	if end == len(s) || strings.ContainsRune("。！？۔।", mark) {
		return true
	}
	if strings.HasSuffix(s[:from], "(") { // "six (!) of them"
		return false
	}
	next, _ := utf8.DecodeRuneInString(s[end:])
	if !unicode.IsSpace(next) {
		return false
	}
	rest := strings.TrimLeftFunc(s[end:], func(r rune) bool {
		return unicode.IsSpace(r) || unicode.Is(unicode.Cf, r) || strings.ContainsRune("\"'“‘«([¿¡—–-", r)
	})
	first, _ := utf8.DecodeRuneInString(rest)
	if unicode.IsLower(first) {
		return false
	}
	if mark != '.' || end > from+1 && s[from+1] == '.' {
		return true
	}
	word := lastWord(s[:from])
	return !abbreviated(word, lastWord(strings.TrimRightFunc(s[:from-len(word)], unicode.IsSpace)), rest)
}

// lastWord is the end of a text behind its last space, opening bracket or quote.
func lastWord(s string) string {
	i := strings.LastIndexFunc(s, func(r rune) bool { return unicode.IsSpace(r) || strings.ContainsRune("(“‘\"'«", r) })
	if i < 0 {
		return s
	}
	_, n := utf8.DecodeRuneInString(s[i:])
	return s[i+n:]
}

// abbreviations end in a full stop in the middle of a sentence, in front of a capital: titles and the
// like. Those that as often end a sentence (Inc., Jr., p.m.) are not among them.
var abbreviations = map[string]bool{
	"mr": true, "mrs": true, "ms": true, "dr": true, "prof": true, "gen": true, "sen": true, "rep": true, "gov": true, "lt": true,
	"col": true, "adm": true, "atty": true, "dist": true, "asst": true, "amb": true, "drs": true, "rs": true, "pty": true, "capt": true, "sgt": true, "maj": true, "cmdr": true, "rev": true, "hon": true, "st": true, "mt": true, "vs": true,
	"messrs": true, "ft": true, "approx": true, "dept": true, "supt": true, "e.g": true, "i.e": true, "cf": true,
	"jan": true, "feb": true, "aug": true, "sept": true, "oct": true, "nov": true, "dec": true,
	"mm": true, "mme": true, "mlle": true, "mgr": true, "ste": true,
	"z.b": true, "d.h": true, "u.a": true, "bzw": true, "ca": true, "nr": true, "hrsg": true, "dipl": true, "sog": true,
	"vgl": true, "evtl": true, "ggf": true, "mio": true, "mrd": true,
	"sr": true, "sra": true, "srta": true, "dra": true, "ee.uu": true, "gral": true, "cía": true, "núm": true,
	"sig": true, "dott": true, "avv": true, "exmo": true, "exma": true,
}

// beforeNumber are abbreviations only in front of a number: "No. 10", "Art. 5".
var beforeNumber = map[string]bool{"no": true, "nos": true, "art": true, "sec": true, "vol": true, "p": true, "pp": true, "fig": true, "abs": true, "ch": true, "op": true, "tel": true}

// starters are the words behind "U.S." that begin a sentence; other capitals there are mostly names:
// "U.S. Senator", "U.N. Security Council".
var starters = map[string]bool{
	"the": true, "a": true, "an": true, "in": true, "on": true, "at": true, "it": true, "he": true, "she": true, "they": true, "we": true, "i": true,
	"this": true, "that": true, "these": true, "there": true, "but": true, "and": true, "if": true, "as": true, "when": true, "while": true,
	"after": true, "for": true, "his": true, "her": true, "its": true, "their": true, "what": true, "how": true, "why": true, "here": true,
}

// germanBeforeOrdinal are the words after which a number with a full stop is a day: "am 3. Oktober".
var germanBeforeOrdinal = map[string]bool{
	"am": true, "der": true, "den": true, "dem": true, "des": true, "vom": true, "zum": true, "beim": true, "im": true, "bis": true, "seit": true, "das": true, "die": true, "zur": true,
}

// abbreviated reports whether a full stop behind word belongs to it, given the word in front of it and
// what follows.
func abbreviated(word, before, rest string) bool {
	low := strings.ToLower(word)
	next := strings.ToLower(rest[:len(rest)-len(strings.TrimLeftFunc(rest, unicode.IsLetter))])
	switch {
	case word == "":
		return false
	case abbreviations[low]:
		return true
	case beforeNumber[low] && !capitals(word):
		return rest != "" && rest[0] >= '0' && rest[0] <= '9'
	case isDigits(word):
		return len(word) <= 2 && next != "" && germanBeforeOrdinal[strings.ToLower(before)]
	case low == "v" || low == "bros", capitals(word): // "Marsh v. Lund", "Marsh Bros. Pictures", "J. Smith", "U.S. Senator"
		return len(word) == 1 && low != "i" || next != "" && !starters[next]
	}
	return false
}

func isDigits(s string) bool {
	return s != "" && strings.IndexFunc(s, func(r rune) bool { return r < '0' || r > '9' }) < 0
}

// capitals reports whether a word is capital letters parted by full stops.
func capitals(s string) bool {
	for i, r := range []rune(s) {
		if i%2 == 1 && r != '.' || i%2 == 0 && !unicode.IsUpper(r) {
			return false
		}
	}
	return true
}
