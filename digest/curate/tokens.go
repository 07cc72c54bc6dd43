package curate

import (
	"strings"
	"unicode"
)

// token is one word of a headline as it is compared.
type token struct {
	stem   string
	weight float64
}

// tokenize takes a text apart into distinct tokens.
func tokenize(text, language string) []token {
	var out []token
	seen := make(map[string]bool)
	for _, w := range strings.FieldsFunc(strings.ToLower(text), func(r rune) bool {
		return !unicode.IsLetter(r) && !unicode.IsDigit(r) && !unicode.Is(unicode.M, r)
	}) {
		if len(w) < 3 || seen[w] {
			continue
		}
		seen[w] = true
		out = append(out, token{stem: w, weight: 1})
	}
	return out
}
