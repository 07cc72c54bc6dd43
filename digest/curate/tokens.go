package curate

import (
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/unicode/norm"
)

// kind tells what a token is evidence of.
type kind uint8

const (
	word    kind = iota
	unknown      // a word of a language of which no vocabulary is built in: it may be a name
	name         // of a person, a body, a thing: what no common word is
	state        // a country or its capital
	number       // a count, an amount, a year
	result       // of a game: 2-0; a version: 3.14.1
)

// token is one word of a text as it is compared.
type token struct {
	term     string // as why shows it
	key      uint64 // equal for words that are put for one another
	kind     kind
	weight   float64
	rarity   float64 // how rare it is in the window; 0: there are too few items to tell
	country  uint64  // of a capital: its country's key
	unit     uint64  // of a small number: what it counts
	small    bool    // a number that says half: much is three of something, in a language of which the words say more
	capital  bool    // written in capitals throughout
	upper    bool    // begins with one
	tied     bool    // a name that a hyphen ties to the name before it: "El-Sayed" is one
	gram     bool    // two letters of a script without spaces
	tense    tense
	negated  bool // after a "not"
	about    bool // a number after "nearly" or the like
	owns     bool // what follows is theirs: "Lund's"
	voice    voice
	role     bool   // something that one does to another
	everyday bool   // English knows it as a word that tells of nothing by itself
	sides    []side // of the opposites that it is in
}

func (t token) isNumber() bool { return t.kind == number || t.kind == result }

// The weights of tokens by how much it says that two headlines share them. They are the only
// knowledge of how frequent words are: a pair's score must not depend on what else is in the news.
const (
	labelWeight   = 0.4 // "video", "Monday"
	commonWeight  = 1
	numberWeight  = 1
	stateWeight   = 1.6
	wordWeight    = 2
	nameWeight    = 2.5
	foreignWeight = 1.5 // of words in languages whose everyday words are not known
	gramWeight    = 0.5
)

// hashKey is FNV-1a: fast, and the same in every run.
func hashKey(s string) uint64 {
	h := uint64(14695981039346656037)
	for i := range len(s) {
		h = (h ^ uint64(s[i])) * 1099511628211
	}
	return h
}

// fold is the form in which words are looked up: lower case, without the accents of Latin letters,
// the vowel signs and letter variants of Arabic. Marks of other scripts are letters and stay.
func fold(s string) string {
	if isASCII(s) {
		return strings.ToLower(s)
	}
	var b strings.Builder
	latin := false
	for _, r := range norm.NFKD.String(strings.ToLower(s)) {
		switch {
		case unicode.Is(unicode.Latin, r) || unicode.Is(unicode.Greek, r):
			latin = true
		case unicode.Is(unicode.Mn, r) && (latin || unicode.Is(unicode.Arabic, r) || r >= 0x064B && r <= 0x065F):
			continue
		case r == 'ـ': // kashida
			continue
		}
		switch r {
		case 'أ', 'إ', 'آ', 'ٱ':
			r = 'ا'
		case 'ى':
			r = 'ي'
		case 'ß':
			b.WriteString("ss")
			continue
		case 'ı':
			r = 'i'
		case 'ø':
			r = 'o'
		case 'ł':
			r = 'l'
		case 'đ':
			r = 'd'
		}
		b.WriteRune(r)
	}
	return norm.NFC.String(b.String())
}

// reader takes texts apart, one after another. It keeps what it learned of words, and the room that it needed.
type reader struct {
	known    map[string]*meaning // by words, folded; nil: it learns nothing
	meanings []meaning
	runes    []rune
	lex      []lexeme
	folded   []string
	told     []*meaning
	tokens   []token
}

// newReader returns a reader for many texts.
func newReader() *reader { return &reader{known: make(map[string]*meaning)} }

// meaning is what the tables say of a folded word, as if it were English.
func (r *reader) meaning(folded string) *meaning {
	if m := r.known[folded]; m != nil {
		return m
	}
	r.meanings = append(r.meanings, english().meaning(folded))
	m := &r.meanings[len(r.meanings)-1]
	if r.known != nil {
		r.known[folded] = m
	}
	return m
}

// tokenize makes distinct tokens of the words of a text, in order. They hold until the next call.
func (r *reader) tokenize(lex []lexeme, language string) []token {
	t := tokenizer{reader: r, out: slices.Grow(r.tokens[:0], min(len(lex), mostTokens))}
	defer func() { r.tokens = t.out }()
	t.read(lex, language)
	t.told = slices.Grow(t.told[:0], len(lex))
	for _, l := range lex {
		t.told = append(t.told, r.meaning(l.folded))
	}
	for i := 0; i < len(lex) && len(t.out) < mostTokens; {
		before := len(t.out)
		n := t.take(lex[i:], t.told[i])
		if len(t.out) > before && t.language == "en" {
			tok := &t.out[len(t.out)-1]
			if i > 0 {
				before := t.told[i-1]
				if tok.tense = before.tense; tok.tense == infinitive && i > 1 && doneEnglish[lex[i-2].folded] {
					tok.tense = 0
				}
				tok.about = tok.kind == number && before.about
				tok.negated = before.negates || isNone(lex[:i])
			}
			tok.owns = lex[i+n-1].owns
			if i+n < len(lex) {
				tok.voice = voiceOf(lex[i+n-1].folded, lex[i+n].folded)
			}
		}
		i += n
		t.last = lex[i-1].folded
	}
	return t.out
}

// mostTokens is how many words of a text are compared. Headlines have a dozen; comparing costs their square.
const mostTokens = 64

// aboutEnglish say that the number after them is a rough one.
var aboutEnglish = words("near nears nearly almost about around some over roughly than approaching approaches")

// negationsEnglish deny the word after them; of "doesn't" it is what withoutApostrophe keeps.
var negationsEnglish = words("not never cannot didn doesn isn wasn aren couldn wouldn shouldn")

// isNone reports whether a text ends in "no", or in "no new".
func isNone(lex []lexeme) bool {
	last := len(lex) - 1
	if last > 0 && (lex[last].folded == "new" || lex[last].folded == "more") {
		last--
	}
	return lex[last].folded == "no" || lex[last].folded == "zero"
}

// voice tells whether the word in front of a deed names who does it.
type voice uint8

const (
	active  voice = iota
	passive       // "asked about": it is done to them, or else it is a past that says what about
	by            // "asked by": it is done to them for sure
)

// voiceOf is the voice of a word by the one that follows.
func voiceOf(word, next string) voice {
	switch {
	case next == "by":
		return by
	case (strings.HasSuffix(word, "ed") || word == "told" || word == "shot" || word == "hit") && prepositions[next]:
		return passive
	}
	return active
}

var prepositions = words("about after against as at for from in of off on over to with without")

// tense tells how surely a word is of what is yet to come.
type tense uint8

const (
	infinitive tense = iota + 1 // "to sign": in headlines often what will be
	will
)

// futureEnglish are the words after which stands what is yet to come.
var futureEnglish = map[string]tense{"to": infinitive, "will": will, "could": will, "may": will, "might": will,
	"would": will, "should": will}

// doneEnglish are the words after which "to" stands before what is done, or is of no time.
var doneEnglish = words("forced made had has have how ways way able used gets got helps helped continues continued begins began starts " +
	"started manages managed seen found known said first last only")

// tokenizer makes tokens of lexemes.
type tokenizer struct {
	*reader
	language  string
	stops     map[string]bool
	numerals  map[string]int
	plainCaps bool   // capitals tell names from other words
	shouting  bool   // all is in capitals
	last      string // the lexeme before
	out       []token
}

// read learns from a whole text what its single words don't tell: the language, and whether capitals
// mean anything. In a title where most words have one, and in German, they do not.
func (t *tokenizer) read(lex []lexeme, language string) {
	folded := slices.Grow(t.folded[:0], len(lex))
	defer func() { t.folded = folded }()
	var script *unicode.RangeTable
	upper, lower, capitals, inner := 0, 0, 0, 0
	for _, l := range lex {
		if l.number || l.dense {
			continue
		}
		folded = append(folded, l.folded)
		first, _ := utf8.DecodeRuneInString(l.text)
		if script == nil {
			for _, s := range [...]*unicode.RangeTable{unicode.Latin, unicode.Arabic, unicode.Devanagari} {
				if unicode.Is(s, first) {
					script = s
				}
			}
		}
		if !unicode.IsUpper(first) && !unicode.IsLower(first) {
			continue
		}
		if inCapitals(l.text) {
			upper++
		} else {
			lower++
		}
		if !l.initial && utf8.RuneCountInString(l.text) > 3 {
			inner++
			if unicode.IsUpper(first) {
				capitals++
			}
		}
	}
	t.language = languageOf(language, folded, script)
	t.stops, t.numerals = stopwords[t.language], numerals[t.language]
	t.shouting = upper > 3 && upper > 2*lower
	t.plainCaps = !t.shouting && t.language != "de" && float64(capitals) < 0.7*float64(inner)
}

// inCapitals reports whether a word is the same in capitals.
func inCapitals(w string) bool {
	if last := len(w) - 1; last >= 0 && w[last] >= 'a' && w[last] <= 'z' { // most words; to make capitals takes memory
		return false
	}
	return strings.ToUpper(w) == w
}

// take makes a token of the first lexeme, or of the first few, and says how many.
func (t *tokenizer) take(lex []lexeme, known *meaning) int {
	l := lex[0]
	switch {
	case l.number && isAge(t.last, lex):
		return 1
	case l.number:
		return t.takeNumber(lex)
	case l.dense:
		for _, g := range grams(l.text) {
			t.add(token{term: g, key: hashKey(g), kind: unknown, weight: gramWeight, gram: true})
		}
		return 1
	}
	if t.language == "en" && known.begins {
		for n := min(4, len(lex)); n > 1; n-- {
			if phrase, ok := english().phrases[joinFolded(lex[:n])]; ok {
				t.addWord(phrase, t.meaning(phrase), l, true)
				return n
			}
		}
	}
	if v, ok := t.numerals[l.folded]; ok {
		value, n := multiplied(float64(v), lex)
		// "no one", "one in ten"
		if v == 1 && (t.last == "no" || len(lex) > 1 && (lex[1].folded == "in" || lex[1].folded == "of")) {
			return n
		}
		t.addNumber(value, t.unit(lex[n:]))
		return n
	}
	t.addWord(l.folded, known, l, false)
	return 1
}

// isAge reports whether a number is how old somebody is: "aged 58", "58-year-old", or between commas.
func isAge(before string, lex []lexeme) bool {
	return len(lex[0].text) <= 2 && (before == "aged" || len(lex) > 2 && lex[1].folded == "year" && lex[2].folded == "old" ||
		lex[0].comma && (len(lex) == 1 || lex[1].comma || lex[1].initial))
}

func joinFolded(lex []lexeme) string {
	parts := make([]string, len(lex))
	for i, l := range lex {
		parts[i] = l.folded
	}
	return strings.Join(parts, " ")
}

// addWord makes a token of a word, or of the phrase that begins with it.
func (t *tokenizer) addWord(folded string, known *meaning, l lexeme, phrase bool) {
	capitals := !t.shouting && inCapitals(l.text) && strings.ToLower(l.text) != l.text
	if t.stops[folded] && !(capitals && (folded == "us" || folded == "who" || folded == "it")) {
		return
	}
	if utf8.RuneCountInString(folded) < 2 {
		return
	}
	first, _ := utf8.DecodeRuneInString(l.text)
	tok := token{term: folded, weight: wordWeight, capital: capitals, upper: unicode.IsUpper(first), everyday: known.everyday}
	isName := t.plainCaps && !l.initial && unicode.IsUpper(first)
	if t.language != "en" {
		tok.kind, tok.weight, tok.key = unknown, foreignWeight, hashKey(lightStem(t.language, folded))
		if isName || capitals {
			tok.kind, tok.weight = name, nameWeight
			tok.tied = l.hyphen && len(t.out) > 0 && t.out[len(t.out)-1].kind == name
		}
		t.add(tok)
		return
	}
	if known.place != 0 && !unicode.IsLower(first) {
		tok.kind, tok.weight, tok.key, tok.country = state, stateWeight, known.place, known.country
		t.add(tok)
		return
	}
	tok.sides, tok.role, tok.key = known.sides, known.role, known.key
	switch {
	case known.label:
		tok.weight = labelWeight
	case isName && !phrase || capitals:
		tok.kind, tok.weight = name, nameWeight
	case known.common:
		tok.weight = commonWeight
	case !t.plainCaps || l.initial:
		tok.kind, tok.weight = name, nameWeight
	}
	tok.tied = l.hyphen && tok.kind == name && len(t.out) > 0 && t.out[len(t.out)-1].kind == name
	t.add(tok)
}

func (t *tokenizer) add(tok token) {
	if hasKey(t.out, tok.key) {
		return
	}
	t.out = append(t.out, tok)
}
