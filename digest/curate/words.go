package curate

import (
	"regexp"
	"slices"
	"strings"

	"digestd/digest"
)

// Words finds the stories that have a reader's word in a headline or a summary: whatever its capitals, accents and
// inflection, in any language whose endings are known; or that a regular expression matches. It remembers what it found.
// It is not safe for concurrent use.
type Words struct {
	texts [][]said
	first map[string][]int // by a stem with its language: the stories that have it
	found map[string][]int
}

// said is one headline with its summary, as words are looked for in it.
type said struct {
	raw   string
	text  string   // folded, for scripts without spaces
	stems []string // of its words, in order, each with its language in front
}

// stemmed are the languages whose endings are known; the last stands for all others.
var stemmed = []string{"en", "ar", "de", "es", "fr", "hi", "it", "nl", "pt", ""}

// NewWords looks at stories, which are known by their places from then on.
func NewWords(stories []digest.Story) *Words {
	w := &Words{texts: make([][]said, len(stories)), first: map[string][]int{}, found: map[string][]int{}}
	for i, s := range stories {
		for _, it := range s.Items {
			t := read(it)
			w.texts[i] = append(w.texts[i], t)
			for _, stem := range t.stems {
				if at := w.first[stem]; len(at) == 0 || at[len(at)-1] != i {
					w.first[stem] = append(at, i)
				}
			}
		}
	}
	return w
}

func read(it digest.Item) said {
	raw := it.Text()
	lex := lexemes(raw)
	t := tokenizer{reader: new(reader)}
	t.read(lex, it.Language)
	language := t.language
	if !slices.Contains(stemmed, language) {
		language = ""
	}
	s := said{raw: raw, text: fold(raw), stems: make([]string, 0, len(lex))}
	for _, l := range lex {
		s.stems = append(s.stems, language+" "+stemIn(language, l.folded))
	}
	return s
}

func stemIn(language, folded string) string {
	if language == "en" {
		return english().stem(folded)
	}
	return lightStem(language, folded)
}

// Find are the places of the stories that have a word, several words in a row, or match a regular expression (which is
// given instead of words), ascending.
func (w *Words) Find(words, expression string) []int {
	key := words + "\x00" + expression
	places, ok := w.found[key]
	if !ok {
		places = w.find(words, expression)
		w.found[key] = places
	}
	return places
}

func (w *Words) find(words, expression string) (places []int) {
	if expression != "" {
		re, err := regexp.Compile(expression)
		if err != nil {
			return nil // whoever took it has checked it
		}
		return w.which(func(s said) bool { return re.MatchString(s.raw) })
	}
	lex := lexemes(words)
	if len(lex) == 0 {
		return nil
	}
	if slices.ContainsFunc(lex, func(l lexeme) bool { return l.dense }) {
		part := fold(strings.TrimSpace(words))
		return w.which(func(s said) bool { return strings.Contains(s.text, part) })
	}
	for _, language := range stemmed {
		row := make([]string, len(lex))
		for i, l := range lex {
			row[i] = language + " " + stemIn(language, l.folded)
		}
		for _, i := range w.first[row[0]] {
			if slices.ContainsFunc(w.texts[i], func(s said) bool { return hasRow(s.stems, row) }) {
				places = append(places, i)
			}
		}
	}
	slices.Sort(places)
	return slices.Compact(places)
}

// which are the stories of which some text is as is asked for.
func (w *Words) which(is func(said) bool) (places []int) {
	for i, texts := range w.texts {
		if slices.ContainsFunc(texts, is) {
			places = append(places, i)
		}
	}
	return places
}

// hasRow reports whether some words stand in a text in a row.
func hasRow(text, row []string) bool {
	for i := range len(text) - len(row) + 1 {
		if slices.Equal(text[i:i+len(row)], row) {
			return true
		}
	}
	return false
}
