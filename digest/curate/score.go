package curate

import (
	"cmp"
	"math"
	"slices"
	"strings"

	"digestd/digest"
)

// Threshold is the score from which two documents tell the same story.
const Threshold = 0.84

// Document is a headline with its summary, taken apart for comparing.
type Document struct {
	tokens  []token // of the headline
	weight  float64 // of all of them
	dates   dates
	asks    bool   // the headline is a question, or offers to explain
	bits    uint64 // one for each of their keys, of which some fall together
	order   uint64 // decides which of two documents is looked at first, so that Score is symmetric
	text    []mention
	summary int // how many tokens the summary has
}

// mention is a word of headline or summary, as it counts in the comparison of texts.
type mention struct {
	key    uint64
	weight float64
}

// How much of a summary is read, and from how many tokens on it is one.
const (
	summaryChars = 400
	leastSummary = 5
)

// NewDocument takes a headline and a summary (which may be empty) apart. language is what the feed
// declares (BCP 47) or empty.
func NewDocument(title, summary, language string) Document {
	lex := lexemes(title)
	d := Document{tokens: tokenize(lex, language), dates: datesOf(lex), asks: asks(title, lex)}
	for _, t := range d.tokens {
		d.weight += t.weight
		d.order = d.order*31 + t.key
		d.bits |= 1 << (t.key >> 58)
	}
	if summary == "" {
		return d
	}
	rest := tokenize(lexemes(title+". "+firstChars(summary, summaryChars)), language)
	d.text = make([]mention, 0, len(rest))
	for _, t := range rest {
		if t.weight >= commonWeight || t.gram {
			d.text = append(d.text, mention{t.key, t.weight})
		}
	}
	d.summary = max(0, len(rest)-len(d.tokens))
	slices.SortFunc(d.text, func(a, b mention) int { return cmp.Compare(a.key, b.key) })
	return d
}

// asks reports whether a headline is a question or offers to explain. Such pieces circle around a
// subject for weeks; two of them, or one and the news, are seldom one story.
func asks(title string, lex []lexeme) bool {
	if strings.ContainsAny(title, "?？؟") {
		return true
	}
	if len(lex) == 0 {
		return false
	}
	switch lex[0].folded {
	case "how", "why", "what", "when", "where", "pourquoi", "warum", "wie":
		return true
	}
	low := strings.ToLower(title)
	return strings.Contains(low, "how to ") || strings.Contains(low, "need to know") || strings.Contains(low, "what to know") ||
		strings.Contains(low, "your questions") || strings.HasSuffix(low, "explained")
}

// firstChars is the beginning of a text, so many bytes of it and never half a character.
func firstChars(s string, n int) string {
	if len(s) <= n {
		return s
	}
	return strings.ToValidUTF8(s[:n], "")
}

func documentOf(it digest.Item) Document {
	return NewDocument(it.Title, it.Summary.Plain(), it.Language)
}

// Score tells from 0 to 1 how surely two documents tell the same story. It depends on nothing but the
// two, and is symmetric.
func Score(a, b Document) float64 {
	if a.order > b.order {
		a, b = b, a
	}
	f, vetoed := compare(a, b)
	s := 1 / (1 + math.Exp(-f.logit()-texts(a, b)))
	if vetoed {
		s = min(s, Threshold/2)
	}
	return s
}

// texts is what the summaries add to the logit of the headlines. Two outlets that tell the same story
// name the same people, places and figures in their first sentences; where both have a summary and
// they share not even one telling word beyond those that the headlines share, it is mostly another
// story about the same subject. Without two summaries nothing is added.
func texts(a, b Document) float64 {
	if a.summary < leastSummary || b.summary < leastSummary {
		return 0
	}
	var shared float64
	i, j := 0, 0
	for i < len(a.text) && j < len(b.text) {
		switch x, y := a.text[i], b.text[j]; {
		case x.key < y.key:
			i++
		case x.key > y.key:
			j++
		default:
			if !hasKey(a.tokens, x.key) || !hasKey(b.tokens, x.key) {
				shared += x.weight
			}
			i++
			j++
		}
	}
	if shared < nameWeight {
		return nothingShared
	}
	return min(mostFromTexts, shared*perShared)
}

// The weights of texts, set by hand on captured news of ten outlets; judged headlines come without
// summaries.
const (
	nothingShared = -0.8
	perShared     = 0.12
	mostFromTexts = 1.5
)

func hasKey(tokens []token, key uint64) bool {
	return slices.ContainsFunc(tokens, func(t token) bool { return t.key == key })
}

// Pair is the Score of two bare headlines.
func Pair(a, b string) float64 {
	return Score(NewDocument(a, "", ""), NewDocument(b, "", ""))
}

// mayScore is a cheap look at whether two documents have enough words in common to be compared: most
// pairs that the index of words proposes fall here. Of judged pairs that score, none
// shares less than this by equal words alone.
func mayScore(a, b *Document) bool {
	var shared float64
	count := 0
	for i := range a.tokens {
		key := a.tokens[i].key
		if b.bits&(1<<(key>>58)) == 0 {
			continue
		}
		for j := range b.tokens {
			if key == b.tokens[j].key {
				shared += a.tokens[i].weight
				count++
				break
			}
		}
	}
	return count >= 2 && shared >= 0.33*min(a.weight, b.weight) && shared >= 0.25*max(a.weight, b.weight)
}

// sharedTerms are the words that two documents have in common, the most telling first, for why.
func sharedTerms(a, b Document) []string {
	m := align(a.tokens, b.tokens)
	var shared []token
	for i, t := range a.tokens {
		if m.a[i] > 0 {
			shared = append(shared, t)
		}
	}
	slices.SortStableFunc(shared, func(x, y token) int { return -cmp.Compare(x.weight, y.weight) })
	terms := make([]string, 0, maxTerms)
	for _, t := range shared[:min(len(shared), maxTerms)] {
		terms = append(terms, t.term)
	}
	return terms
}

// maxTerms is how many words explain a join.
const maxTerms = 6

// features are what a comparison finds, as numbers that a logistic model weighs.
type features [featureCount]float64

const (
	bias           = iota
	leastCovered   // share of the weight of one headline's words that the other has too, the lesser of both ways
	mostCovered    // the greater
	numbersShared  // how many numbers both have, 2 at most
	numbersDiffer  // both have numbers and none in common
	numbersOneSide // only one has numbers
	namesApart     // weight of names that each has alone, the lesser side
	statesApart    // likewise of countries
	statesAlone    // the greater side
	wordsApart     // likewise of other words
	unknownApart   // likewise of words of languages without a vocabulary
	namesShared    // weight
	wordsShared    // weight
	tokensShared   // count
	opposites      // pairs of opposite words
	asking         // one of them asks or explains, rather than tells what happened
	featureCount
)

// model are the weights of the features, fitted by TestHeadlinePairs -fit to judged headlines.
var model = features{
	bias:           -5.33,
	leastCovered:   2.97,
	mostCovered:    3.38,
	numbersShared:  1.52,
	numbersDiffer:  -3.56,
	numbersOneSide: -0.21,
	namesApart:     0,
	statesApart:    -1.37,
	statesAlone:    -0.34,
	wordsApart:     -0.31,
	unknownApart:   -0.7, // by hand: the judged pairs are all English
	namesShared:    0.12,
	wordsShared:    0.42,
	tokensShared:   0.44,
	opposites:      -2.96,
	asking:         -1.37,
}

func (f features) logit() float64 {
	var sum float64
	for i, x := range f {
		sum += model[i] * x
	}
	return sum
}

// compare finds the features of two documents, and whether something rules out that they tell the
// same story: days or results of games that differ.
func compare(a, b Document) (f features, vetoed bool) {
	f[bias] = 1
	if len(a.tokens) == 0 || len(b.tokens) == 0 {
		return f, true
	}
	m := align(a.tokens, b.tokens)
	coverA, coverB := m.covered(a.tokens, m.a)/a.weight, m.covered(b.tokens, m.b)/b.weight
	f[leastCovered], f[mostCovered] = min(coverA, coverB), max(coverA, coverB)

	countA, countB, shared := 0, 0, 0
	resultA, resultB, sameResult := false, false, false
	for i, t := range a.tokens {
		switch t.kind {
		case number, result:
			countA++
			if m.a[i] > 0 {
				shared++
			}
		}
		if t.kind == result {
			resultA = true
			sameResult = sameResult || m.a[i] > 0
		}
	}
	for _, t := range b.tokens {
		switch t.kind {
		case number, result:
			countB++
		}
		resultB = resultB || t.kind == result
	}
	switch {
	case shared > 0:
		f[numbersShared] = float64(min(2, shared))
	case countA > 0 && countB > 0:
		f[numbersDiffer] = 1
	case countA > 0 || countB > 0:
		f[numbersOneSide] = 1
	}
	nameA, nameB := alone(a.tokens, m.a, name), alone(b.tokens, m.b, name)
	f[namesApart] = min(nameA, nameB)
	stateA, stateB := alone(a.tokens, m.a, state), alone(b.tokens, m.b, state)
	f[statesApart], f[statesAlone] = min(stateA, stateB), max(stateA, stateB)
	elsewhere := f[statesApart] > 0
	f[wordsApart] = min(alone(a.tokens, m.a, word), alone(b.tokens, m.b, word))
	f[unknownApart] = min(alone(a.tokens, m.a, unknown), alone(b.tokens, m.b, unknown))
	telling := 0.0
	for i, t := range a.tokens {
		if m.a[i] == 0 {
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
		case state:
			elsewhere = false
		case name:
			f[namesShared] += t.weight * m.a[i]
		case word, unknown:
			f[wordsShared] += t.weight * m.a[i]
		}
	}
	for i := range a.tokens {
		for j := range b.tokens {
			if m.a[i] == 0 && m.b[j] == 0 && opposed(&a.tokens[i], &b.tokens[j]) {
				f[opposites]++
			}
		}
	}
	if a.asks || b.asks {
		f[asking] = 1
	}
	return f, telling < leastTelling || elsewhere || a.dates.conflict(b.dates) || resultA && resultB && !sameResult
}

// leastTelling is how many words that are no labels two headlines must share at least: "Letters to the
// editor" is the same headline in a hundred papers. Two neighbouring letters count as part of a word.
const (
	leastTelling = 3
	gramCount    = 0.7
)

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

// alignment tells for each token of two documents how far it has a counterpart in the other, 0 to 1.
type alignment struct{ a, b []float64 }

func (alignment) covered(tokens []token, matched []float64) float64 {
	var w float64
	for i, t := range tokens {
		w += t.weight * matched[i]
	}
	return w
}

// align pairs off tokens: equal ones first, then a word written as one with the same as two, then
// initials with what they stand for, then those that are near.
func align(a, b []token) alignment {
	both := make([]float64, len(a)+len(b))
	m := alignment{both[:len(a)], both[len(a):]}
	for i := range a {
		for j := range b {
			if a[i].key == b[j].key && m.b[j] == 0 {
				m.a[i], m.b[j] = 1, 1
				break
			}
		}
	}
	joinTwo(a, b, m.a, m.b)
	joinTwo(b, a, m.b, m.a)
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

// joinTwo matches a word with the same as two, side by side: "horsemeat", "horse meat".
func joinTwo(a, b []token, ma, mb []float64) {
	for i, t := range a {
		if ma[i] > 0 || len(t.term) < 6 || t.gram {
			continue
		}
		for j := range len(b) - 1 {
			if mb[j] > 0 || mb[j+1] > 0 || b[j].term == "" || b[j].term[0] != t.term[0] {
				continue
			}
			if rest, ok := strings.CutPrefix(t.term, b[j].term); ok && rest != "" && (rest == b[j+1].term || rest+"s" == b[j+1].term || rest == b[j+1].term+"s") {
				ma[i], mb[j], mb[j+1] = 1, 1, 1
				break
			}
		}
	}
}

// initials matches a word in capitals with the names whose initials it is: "USGS", "US Geological
// Survey".
func initials(a, b []token, ma, mb []float64) {
	for i, t := range a {
		if ma[i] > 0 || !t.capital || len(t.term) < 2 || len(t.term) > 5 {
			continue
		}
		for j := range b {
			rest, n := t.term, 0
			for n < len(b)-j && mb[j+n] == 0 && rest != "" && b[j+n].upper {
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
			if rest == "" && n >= 2 {
				ma[i] = 1
				for k := range n {
					mb[j+k] = 1
				}
				break
			}
		}
	}
}
