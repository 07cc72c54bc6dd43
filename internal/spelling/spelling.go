// Package spelling finds the name that somebody meant. Every refusal of an unknown word (a config key,
// a topic, a CSV column) ends with it. It knows no word of its own.
package spelling

import (
	"strconv"
	"strings"
	"unicode/utf8"
)

// Nearest is the known word closest to word, or "" when none is close enough to be a slip of the
// fingers: at most one slip in three letters, where a slip is a letter too many, missing, wrong, or
// swapped with its neighbour. Case, '-' and '_' don't count. The first of equals wins.
func Nearest(word string, known []string) string {
	w := plain(word)
	if len(w) == 0 || len(w) > 64 {
		return ""
	}
	best, least := "", max(1, utf8.RuneCountInString(word)/3)+1
	for _, k := range known {
		if d := slips(w, plain(k)); d < least {
			best, least = k, d
		}
	}
	return best
}

// Hint is the end of a message about an unknown word: `; did you mean "topics"?`, or "" when no known
// word is near.
func Hint(word string, known []string) string {
	if n := Nearest(word, known); n != "" {
		return "; did you mean " + strconv.Quote(n) + "?"
	}
	return ""
}

// Distance is how many slips lie between two words, of which the first letters count, a few hundred at most.
func Distance(a, b string) int {
	short := func(s []rune) []rune { return s[:min(len(s), 300)] }
	return slips(short(plain(a)), short(plain(b)))
}

func plain(s string) []rune {
	return []rune(strings.NewReplacer("-", "", "_", "").Replace(strings.ToLower(s)))
}

// slips is the Damerau-Levenshtein distance in its restricted form (optimal string alignment).
func slips(a, b []rune) int {
	before, last, row := make([]int, len(b)+1), make([]int, len(b)+1), make([]int, len(b)+1)
	for j := range last {
		last[j] = j
	}
	for i := 1; i <= len(a); i++ {
		row[0] = i
		for j := 1; j <= len(b); j++ {
			wrong := 1
			if a[i-1] == b[j-1] {
				wrong = 0
			}
			row[j] = min(last[j]+1, row[j-1]+1, last[j-1]+wrong)
			if i > 1 && j > 1 && a[i-1] == b[j-2] && a[i-2] == b[j-1] {
				row[j] = min(row[j], before[j-2]+1)
			}
		}
		before, last, row = last, row, before
	}
	return last[len(b)]
}
