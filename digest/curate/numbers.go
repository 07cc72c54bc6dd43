package curate

import (
	"math"
	"slices"
	"strconv"
	"strings"
)

// digit is the value of a decimal digit of the scripts that news comes in, -1 for all else.
func digit(r rune) int {
	if r < '0' || r > '9' && r < '٠' { // most letters
		return -1
	}
	for _, zero := range [...]rune{'0', '٠', '۰', '०'} {
		if r >= zero && r <= zero+9 {
			return int(r - zero)
		}
	}
	return -1
}

func asciiDigits(runes []rune) string {
	out := make([]rune, len(runes))
	for i, r := range runes {
		switch d := digit(r); {
		case d >= 0:
			r = rune('0' + d)
		case r == '–' || r == '‐':
			r = '-'
		case r == '٫':
			r = '.'
		case r == '٬':
			r = ','
		}
		out[i] = r
	}
	return string(out)
}

// numberEnd is the length of a number, with the points, commas and the dash of a result inside.
func numberEnd(runes []rune) int {
	n := 1
	for n < len(runes) {
		if digit(runes[n]) >= 0 {
			n++
			continue
		}
		if n+1 < len(runes) && strings.ContainsRune(".,-–‐٫٬", runes[n]) && digit(runes[n+1]) >= 0 {
			n += 2
			continue
		}
		break
	}
	return n
}

// magnitudes are the words and letters after a number that multiply it.
var magnitudes = map[string]float64{
	"thousand": 1e3, "k": 1e3, "million": 1e6, "millions": 1e6, "m": 1e6, "mn": 1e6, "mln": 1e6, "mio": 1e6, "millionen": 1e6, "millones": 1e6, "milioni": 1e6, "milhoes": 1e6,
	"billion": 1e9, "bn": 1e9, "b": 1e9, "bln": 1e9, "milliard": 1e9, "milliards": 1e9, "milliarden": 1e9, "mrd": 1e9, "miliardi": 1e9, "lakh": 1e5, "crore": 1e7, "trillion": 1e12, "trn": 1e12,
	"करोड़": 1e7, "लाख": 1e5, "مليون": 1e6, "مليار": 1e9,
}

// ordinalEndings stand right after a number and mean nothing for its value.
var ordinalEndings = words("st nd rd th pc e er eme º ª")

// takeNumber makes a token of a number, with the million after it.
func (t *tokenizer) takeNumber(lex []lexeme) int {
	s := lex[0].text
	if a, b, ok := strings.Cut(s, "-"); ok && len(a) <= 2 && len(b) <= 2 || isVersion(s) {
		t.add(token{term: s, key: hashKey("#" + s), kind: result, weight: numberWeight})
		return 1
	}
	s, _, _ = strings.Cut(s, "-")
	value, n := multiplied(numberValue(s), lex)
	if n == 1 && len(lex) > 1 && lex[1].hyphen && !lex[1].number { // "10-point": a word
		t.add(token{term: s + "-" + lex[1].folded, key: hashKey("#" + s + "-" + lex[1].folded), weight: commonWeight})
		return 2
	}
	t.addNumber(value, t.unit(lex[n:]))
	return n
}

// isVersion reports whether a number has more than one point and is no sum with its thousands parted: 3.14.1. Two
// versions are told apart as two results are: what was released is another thing.
func isVersion(s string) bool {
	parts := strings.Split(s, ".")
	return len(parts) > 2 && slices.ContainsFunc(parts[1:], func(part string) bool { return len(part) != 3 })
}

// smallNumber is up to where a number says little by itself: nearly every day something is six or has three. What it
// counts must be the same, too.
const smallNumber = 12

const anything = "*"

// unit is what a number counts: the word after it, unless that is one of grammar. At the end of a text it may be
// anything.
func (t *tokenizer) unit(after []lexeme) string {
	if len(after) == 0 {
		return anything
	}
	if after[0].number || t.stops[after[0].folded] {
		return ""
	}
	w := after[0].folded
	if t.language != "en" {
		return lightStem(t.language, w)
	}
	w = english().stem(w)
	if s := english().synonyms[w]; s != "" {
		return s
	}
	return w
}

// multiplied is a number with the million after it, and how many lexemes they are together.
func multiplied(value float64, lex []lexeme) (float64, int) {
	n := 1
	for n < len(lex) {
		m, ok := magnitudes[lex[n].folded]
		if !ok {
			break
		}
		value *= m // also "20 lakh crore"
		n++
	}
	if n == 1 && len(lex) > 1 && ordinalEndings[lex[1].folded] {
		n = 2
	}
	return value, n
}

func (t *tokenizer) addNumber(value float64, unit string) {
	s := strconv.FormatFloat(value, 'g', -1, 64)
	tok := token{term: s, key: hashKey("#" + s), kind: number, weight: numberWeight}
	if value <= smallNumber && value == math.Trunc(value) && unit != anything {
		tok.key, tok.unit, tok.small = hashKey("#"+s+" "+unit), hashKey("# "+unit), t.language == "en"
	}
	t.add(tok)
}

// numberValue reads a number in which a point or comma before three digits parts thousands, and
// before fewer or more is the decimal point.
func numberValue(s string) float64 {
	var b strings.Builder
	for i := 0; i < len(s); i++ {
		if c := s[i]; c != '.' && c != ',' {
			b.WriteByte(c)
			continue
		}
		rest := s[i+1:]
		if end := strings.IndexAny(rest, ".,"); end >= 0 {
			rest = rest[:end]
		}
		if len(rest) != 3 {
			b.WriteByte('.')
		}
	}
	v, _ := strconv.ParseFloat(b.String(), 64)
	return v
}

// numerals are the small numbers as words.
var numerals = numeralTable(map[string]string{
	"en": "one two three four five six seven eight nine ten eleven twelve",
	"fr": "deux trois quatre cinq six sept huit neuf dix onze douze",
	"de": "zwei drei vier funf sechs sieben acht neun zehn elf zwolf",
	"es": "dos tres cuatro cinco seis siete ocho nueve diez once doce",
	"it": "due tre quattro cinque sei sette otto nove dieci undici dodici",
	"pt": "dois tres quatro cinco seis sete oito nove dez onze doze",
})

func numeralTable(lists map[string]string) map[string]map[string]int {
	out := make(map[string]map[string]int)
	for language, list := range lists {
		out[language] = make(map[string]int)
		for i, w := range strings.Fields(list) {
			out[language][w] = i + 2
			if language == "en" { // elsewhere the word for one is the article
				out[language][w] = i + 1
			}
		}
	}
	return out
}
