package curate

import (
	"slices"
	"strings"
)

// features are what a comparison finds, as numbers that a logistic model weighs.
type features [featureCount]float64

const (
	bias          = iota
	leastCovered  // share of the weight of one headline's words that the other has too, the lesser of both ways
	mostCovered   // the greater
	numbersShared // how many numbers both have, small ones by half, 2 at most
	numbersDiffer // both have numbers and none in common
	statesApart   // weight of countries and cities that each has alone, the lesser side
	statesAlone   // the greater side
	wordsApart    // likewise of other words
	unknownApart  // likewise of words of languages without a vocabulary
	namesShared   // weight
	wordsShared   // weight
	tokensShared  // count
	opposites     // pairs of opposite words
	asking        // one of them asks or explains, rather than tells what happened; 3: or tells of themselves
	futureApart   // words of what will be in one of them, and is in the other
	negated       // one of them denies
	turned        // who comes first in one comes last in the other, and other words stand between
	rareShared    // share of what is rare in the window that both tell, beyond leastRare
	featureCount
)

// model are the weights of the features, fitted by TestHeadlinePairs -fit to judged headlines.
var model = features{
	bias:          -5.02,
	leastCovered:  3.06,
	mostCovered:   3.47,
	numbersShared: 1.65,
	numbersDiffer: -3.61,
	statesApart:   -1.32,
	statesAlone:   -0.39,
	wordsApart:    -0.26,
	unknownApart:  -0.98, // by hand: the judged pairs are all English
	namesShared:   0.16,
	wordsShared:   0.38,
	tokensShared:  0.51,
	opposites:     -3.97,
	asking:        -1.85,
	futureApart:   -3.7, // this and what follows by hand: what they tell apart is rare among the judged pairs
	negated:       -1.1,
	turned:        -2.3,
	rareShared:    30, // from here, what only a window tells
}

// A share of leastRare speaks neither for one story nor against it, and more than mostRare beyond it no more for it. Where
// one of two asks, askedRare more is wanted. The first words count more. Set on pairs that were read, of which
// docs/benchmarks.md has the curve.
const (
	leastRare  = 0.48
	mostRare   = 0.1
	askedRare  = 0.27
	atFirst    = 2
	firstCount = 1.5
)

func (f features) logit() float64 {
	var sum float64
	for i, x := range f {
		sum += model[i] * x
	}
	return sum
}

// setApart reports whether two name other countries, other numbers or opposites: that is no matter of wording.
func (f features) setApart() bool {
	return f[statesApart] > 0 || f[numbersDiffer] > 0 || f[opposites] > 0
}

// compare finds the features of two documents, and whether something rules out that they tell the same story.
func compare(a, b Document) (f features, vetoed bool) {
	f, few, apart := contrast(a, b)
	return f, few || apart
}

// contrast is compare, and tells what rules it out: that they have too few words in common, or that something sets them
// apart: other days, other results of games, the next number of a series.
func contrast(a, b Document) (f features, few, apart bool) {
	f[bias] = 1
	if len(a.tokens) == 0 || len(b.tokens) == 0 {
		return f, true, false
	}
	m := align(a.tokens, b.tokens)
	coverA, coverB := m.covered(a.tokens, m.a)/a.weight, m.covered(b.tokens, m.b)/b.weight
	f[leastCovered], f[mostCovered] = min(coverA, coverB), max(coverA, coverB)

	otherResult := f.numbers(a.tokens, b.tokens, m)
	stateA, stateB := alone(a.tokens, m.a, state), alone(b.tokens, m.b, state)
	f[statesApart], f[statesAlone] = min(stateA, stateB), max(stateA, stateB)
	f[wordsApart] = min(alone(a.tokens, m.a, word), alone(b.tokens, m.b, word))
	f[unknownApart] = min(alone(a.tokens, m.a, unknown), alone(b.tokens, m.b, unknown))
	telling := 0.0
	for i, t := range a.tokens {
		if m.a[i] == 0 || t.tied && m.a[i-1] > 0 {
			continue
		}
		one := 1.0
		if t.gram {
			one = gramCount
		}
		f[tokensShared] += one
		if t.weight > labelWeight {
			telling += one
		}
		switch t.kind {
		case name:
			f[namesShared] += t.weight * m.a[i]
		case word, unknown:
			f[wordsShared] += t.weight * m.a[i]
		}
	}
	for i := range a.tokens {
		for j := range b.tokens {
			if m.a[i] == 0 && m.b[j] == 0 && opposed(&a.tokens[i], &b.tokens[j]) ||
				a.tokens[i].key == b.tokens[j].key && a.tokens[i].negated != b.tokens[j].negated && a.denies != b.denies {
				f[opposites]++
			}
		}
	}
	if a.asks || b.asks {
		f[asking] = 1
	}
	if a.self != b.self {
		f[asking] = 3
	}
	if a.tokens[0].rarity+b.tokens[0].rarity > 0 {
		only, asked := a.unread != b.unread, min(f[asking], 1)*askedRare
		f[rareShared] = min(rarelyShared(a.tokens, m.a, b.text, only), rarelyShared(b.tokens, m.b, a.text, only)) - leastRare - asked
	}
	if a.denies != b.denies {
		f[negated] = 1
	}
	if f[wordsApart] > 0 && turnedRound(a.tokens, b.tokens) {
		f[turned] = 1
	}
	if happened(a.tokens, b.tokens, will) || happened(b.tokens, a.tokens, will) {
		f[futureApart] = 1
	}
	return f, telling < leastTelling, series(a.tokens, b.tokens, m) || otherResult || a.dates.conflict(b.dates) || swapped(a.tokens, b.tokens) ||
		ofTheirs(a.tokens, b.tokens) || ofTheirs(b.tokens, a.tokens) || otherOf(a.ids, b.ids)
}

// rarelyShared is the share of what is rare in the window that a headline has in common with another item: its words have
// counterparts in the other headline, or stand in the other text. What a headline begins with is what it is about. In
// another language only names have counterparts.
func rarelyShared(tokens []token, matched []float64, text []mention, namesOnly bool) float64 {
	var shared, all float64
	for i, t := range tokens {
		if namesOnly && (t.kind == word || t.kind == unknown) {
			continue
		}
		rarity := t.rarity
		if i < atFirst {
			rarity *= firstCount
		}
		all += rarity
		if _, told := slices.BinarySearchFunc(text, mention{key: t.key}, byKey); told {
			shared += rarity
		} else {
			shared += rarity * matched[i]
		}
	}
	return shared / max(all, 1e-9)
}

// happened reports whether both have a word that is yet to come in the first, told at least as surely as by the least
// tense, and is not any more in the second.
func happened(before, after []token, least tense) bool {
	for i := range before {
		if before[i].tense < least || before[i].kind == state {
			continue
		}
		if slices.ContainsFunc(after, func(t token) bool { return t.key == before[i].key && t.tense < least }) {
			return true
		}
	}
	return false
}

// swapped reports whether two headlines tell the same deed of two actors, each with the other one as the doer: "A warns
// B", "B warns A".
func swapped(a, b []token) bool {
	for i := 1; i < len(a); i++ {
		if !a[i].role {
			continue
		}
		for j := 1; j < len(b); j++ {
			if a[i].key == b[j].key && (others(a, b, i, j) || others(b, a, j, i)) {
				return true
			}
		}
	}
	return false
}

// others reports whether who does it at j in b, has another part at i in a: it is done to them there, or they are
// but somebody of whom is told. Who does it must have a name: of "ports in Utopia struck", Utopia does nothing.
func others(a, b []token, i, j int) bool {
	before, doer := a[i-1], b[j-1]
	if !named(doer, a) {
		return false
	}
	if b[j].voice == by { // what stands in front of it is no doer in either, then
		return a[i].voice == by && named(before, b) && before.key != doer.key && hasKey(a[i+1:], doer.key)
	}
	if b[j].voice == passive {
		return false
	}
	switch a[i].voice {
	case by:
		return before.key == doer.key
	case passive:
		return before.key != doer.key && hasKey(a[:i-1], doer.key) && !hasKey(b, before.key)
	}
	return named(before, b) && before.key != doer.key && hasKey(a[i+1:], doer.key)
}

// ofTheirs reports whether one headline tells of somebody close to a person of whom the other one tells a deed: "Brook's
// lawyer sues", "Brook sues".
func ofTheirs(a, b []token) bool {
	for i := range len(a) - 1 {
		if !a[i].owns || !relations[a[i+1].term] || hasKey(b, a[i+1].key) {
			continue
		}
		j := slices.IndexFunc(b, func(t token) bool { return t.key == a[i].key })
		if j >= 0 && j+1 < len(b) && b[j+1].role && !b[j].owns {
			return true
		}
	}
	return false
}

// relations are those close to a person who do other deeds.
var relations = words("adviser aide ally brother choice cousin daughter deputy envoy ex father friend husband lawyer mother " +
	"nephew niece opponent partner pick predecessor rival sister son successor wife")

// named reports whether a word is a name, there or in another headline that has it.
func named(t token, elsewhere []token) bool {
	is := func(t token) bool { return t.kind == name || t.kind == state }
	return is(t) || slices.ContainsFunc(elsewhere, func(o token) bool { return o.key == t.key && is(o) })
}

// turnedRound reports whether two names or countries that both headlines have stand in the opposite order.
func turnedRound(a, b []token) bool {
	last := -1
	for i := range a {
		if a[i].kind != name && a[i].kind != state {
			continue
		}
		j := slices.IndexFunc(b, func(t token) bool { return t.key == a[i].key || near(&a[i], &t) > 0.5 })
		if j < 0 {
			continue
		}
		if j < last {
			return true
		}
		last = j
	}
	return false
}

// serial is a member of a numbered series: a version, an advisory, a model.
type serial struct {
	series string
	number string
}

// otherOf reports whether two headlines name members of one series, and none in common.
func otherOf(a, b []serial) bool {
	differ := false
	for _, x := range a {
		for _, y := range b {
			if x == y {
				return false
			}
			differ = differ || x.series == y.series
		}
	}
	return differ
}

// serialsOf finds the members of series that a text names: words that end in numbers, and numbers of many parts.
func serialsOf(lex []lexeme) (all []serial) {
	for _, l := range lex {
		if l.number {
			if isVersion(l.text) {
				all = append(all, serial{"version", l.text})
			}
			continue
		}
		letters := strings.TrimRight(l.folded, "0123456789")
		if n := len(l.folded) - len(letters); n > 0 && isASCII(letters) {
			all = append(all, serial{letters, l.folded[len(letters):]})
		}
	}
	return all
}

// leastTelling is how many words that are no labels two headlines must share at least: "Letters to the
// editor" is the same headline in a hundred papers. Two neighbouring letters count as part of a word.
const (
	leastTelling = 3
	gramCount    = 0.6
)

// series reports whether two headlines differ in nothing but their numbers: "Report 12 of the harbour
// master" and number 13.
func series(a, b []token, m alignment) bool {
	apart := func(tokens []token, matched []float64) (numbers, others int) {
		for i, t := range tokens {
			switch {
			case matched[i] == 1 || t.kind == number && matched[i] > 0 || t.weight <= labelWeight:
			case t.kind == number:
				numbers++
			default:
				others++
			}
		}
		return numbers, others
	}
	numbersA, othersA := apart(a, m.a)
	numbersB, othersB := apart(b, m.b)
	return numbersA > 0 && numbersB > 0 && othersA+othersB == 0
}

// numbers finds the features of numbers, and whether both name results of games and none in common.
func (f *features) numbers(a, b []token, m alignment) (otherResult bool) {
	shared, differ := 0.0, false
	for i, t := range a {
		if t.isNumber() && m.a[i] > 0 {
			shared++
			if t.small {
				shared -= 0.5
			}
		}
	}
	for j, t := range b {
		if !t.isNumber() {
			continue
		}
		for i := range a {
			// Of two small numbers that count different things, neither says anything about the other.
			if m.a[i] == 0 && m.b[j] == 0 && a[i].isNumber() && (a[i].unit == t.unit || a[i].unit == 0 || t.unit == 0) {
				differ, otherResult = true, otherResult || t.kind == result && a[i].kind == result
			}
		}
	}
	switch {
	case shared > 0:
		f[numbersShared] = min(2, shared)
	case differ:
		f[numbersDiffer] = 1
	}
	return otherResult && shared == 0
}

// alone is the weight of the tokens of a kind that have no counterpart.
func alone(tokens []token, matched []float64, k kind) float64 {
	var w float64
	for i, t := range tokens {
		if t.kind == k && matched[i] == 0 {
			w += t.weight
		}
	}
	return w
}
