package curate

import (
	"slices"
	"strings"
	"unicode/utf8"
)

// alignment tells for each token of two documents how far it has a counterpart in the other, 0 to 1.
type alignment struct{ a, b []float64 }

func (alignment) covered(tokens []token, matched []float64) float64 {
	var w float64
	for i, t := range tokens {
		w += t.weight * matched[i]
	}
	return w
}

// align pairs off tokens: equal ones first, then initials with what they stand for, then those that are near.
func align(a, b []token) alignment {
	both := make([]float64, len(a)+len(b))
	m := alignment{both[:len(a)], both[len(a):]}
	for i := range a {
		for j := range b {
			if a[i].key == b[j].key {
				m.a[i], m.b[j] = 1, 1
				break
			}
		}
	}
	initials(a, b, m.a, m.b)
	initials(b, a, m.b, m.a)
	for i := range a {
		if m.a[i] > 0 {
			continue
		}
		best, at := 0.0, -1
		for j := range b {
			if m.b[j] > 0 {
				continue
			}
			if s := near(&a[i], &b[j]); s > best {
				best, at = s, j
			}
		}
		if at >= 0 {
			m.a[i], m.b[at] = best, best
		}
	}
	return m
}

// initials matches a word in capitals with the names whose initials it is: "USGS", "US Geological
// Survey".
func initials(a, b []token, ma, mb []float64) {
	for i, t := range a {
		if ma[i] > 0 || !t.capital || len(t.term) > 5 {
			continue
		}
		for j := range b {
			rest, n := t.term, 0
			for n < len(b)-j && mb[j+n] == 0 && b[j+n].upper {
				head := b[j+n].term[:1]
				if b[j+n].capital {
					head = b[j+n].term
				}
				after, ok := strings.CutPrefix(rest, head)
				if !ok {
					break
				}
				rest = after
				n++
			}
			if rest == "" {
				ma[i] = 1
				for k := range n {
					mb[j+k] = 1
				}
				break
			}
		}
	}
}

// near tells how far two tokens of different keys stand for the same, 0 to 1: a capital for its
// country, and words with a long common beginning, which joins inflections in any language.
func near(a, b *token) float64 {
	if a.country == b.key || b.country == a.key {
		return 0.5
	}
	if a.term == b.term && (a.unit == 0 || b.unit == 0) {
		return 0.8
	}
	if a.isNumber() || b.isNumber() || a.gram || b.gram ||
		a.kind == state && b.kind == state {
		return 0
	}
	x, y := a.term, b.term
	n := 0
	for n < len(x) && n < len(y) && x[n] == y[n] {
		n++
	}
	if n < 4 {
		return 0
	}
	shared, longer := utf8.RuneCountInString(x[:n]), max(utf8.RuneCountInString(x), utf8.RuneCountInString(y))
	switch {
	case shared >= 4 && float64(shared) >= 0.6*float64(longer):
		return 0.8
	case shared >= 5:
		return 0.6
	}
	return 0
}

// opposed reports whether two words are opposites.
func opposed(a, b *token) bool {
	return slices.ContainsFunc(a.sides, func(s side) bool {
		return slices.ContainsFunc(b.sides, func(o side) bool { return s.pair == o.pair && s.second != o.second })
	})
}
