package curate

import (
	"slices"
	"testing"

	"digestd/internal/lazyregexp"
)

// A sieve finds what its expressions find when each is tried, and tries few of them: none whose piece stands within
// another word, or not at the beginning where it must.
func TestSieveTriesFew(t *testing.T) {
	expressions := []string{`^(?:so )?we\b`, `\bour\b`, `\b(?:the )?us\b`, `cranes\b again`, `^\d+/\d+: `, `(?:^|! )mind the`, `\b['’]tis\b`, `^(?-i:\bUs\b)`, `port(?:s|\b)`}
	s := newSieve(expressions)
	for text, tried := range map[string][]int{
		"We wait": {0}, "So we wait": {0}, "Owe it": nil, "And we wait": nil, "West wind": nil, "Hours later": nil, "Our port's hour": {1, 8},
		"Bonus for the US": {2}, "Us": {2, 7}, "us, them": {2, 7}, "Cranes again": {3}, "Cranes against": {3}, "12/13: moved": {4}, "It is 3: moved": {4},
		"Mind the gap": {5}, "No! Mind the gap": {5}, "Never mind the gap": nil, "'Tis so": {6}, "Ports open": {8}, "Portal opens": nil, "": nil, "'": nil,
	} {
		if got := s.candidates(text); !slices.Equal(got, tried) {
			t.Errorf("%q: tries %v, want %v", text, got, tried)
		}
		var want []int
		for _, expression := range expressions {
			if want = lazyregexp.New("(?is)" + expression).FindStringIndex(text); want != nil {
				break
			}
		}
		if got := s.find(text); !slices.Equal(got, want) {
			t.Errorf("%q: found at %v, want %v", text, got, want)
		}
	}
}
