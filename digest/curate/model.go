package curate

// features are what a comparison finds, as numbers that a logistic model weighs.
type features [featureCount]float64

const (
	bias           = iota
	leastCovered   // share of the weight of one headline's words that the other has too, the lesser of both ways
	mostCovered    // the greater
	numbersShared  // how many numbers both have, 2 at most
	numbersDiffer  // both have numbers and none in common
	numbersOneSide // only one has numbers
	statesApart    // weight of countries and cities that each has alone, the lesser side
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
	bias:           -5.42,
	leastCovered:   3.03,
	mostCovered:    3.40,
	numbersShared:  1.65,
	numbersDiffer:  -3.59,
	numbersOneSide: -0.40,
	statesApart:    -1.36,
	statesAlone:    -0.34,
	wordsApart:     -0.29,
	unknownApart:   -0.7, // by hand: the judged pairs are all English
	namesShared:    0.11,
	wordsShared:    0.41,
	tokensShared:   0.46,
	opposites:      -3.87,
	asking:         -1.41,
}

func (f features) logit() float64 {
	var sum float64
	for i, x := range f {
		sum += model[i] * x
	}
	return sum
}

// compare finds the features of two documents, and whether something rules out that they tell the
// same story: too few words in common, other countries or cities, other days, other results of games,
// the next number of a series.
func compare(a, b Document) (f features, vetoed bool) {
	f[bias] = 1
	if len(a.tokens) == 0 || len(b.tokens) == 0 {
		return f, true
	}
	m := align(a.tokens, b.tokens)
	coverA, coverB := m.covered(a.tokens, m.a)/a.weight, m.covered(b.tokens, m.b)/b.weight
	f[leastCovered], f[mostCovered] = min(coverA, coverB), max(coverA, coverB)

	otherResult := f.numbers(a.tokens, b.tokens, m)
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
	return f, telling < leastTelling || elsewhere || series(a.tokens, b.tokens, m) || otherResult || a.dates.conflict(b.dates)
}

// leastTelling is how many words that are no labels two headlines must share at least: "Letters to the
// editor" is the same headline in a hundred papers. Two neighbouring letters count as part of a word.
const (
	leastTelling = 3
	gramCount    = 0.7
)

// series reports whether two headlines differ in nothing but their numbers: "Report 12 of the harbour
// master" and number 13.
func series(a, b []token, m alignment) bool {
	apart := func(tokens []token, matched []float64) (numbers, others int) {
		for i, t := range tokens {
			switch {
			case matched[i] == 1 || t.weight <= labelWeight:
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
	countA, sharedA, resultsA, resultsShared := 0, 0, 0, 0
	for i, t := range a {
		if t.kind != number && t.kind != result {
			continue
		}
		countA++
		if m.a[i] > 0 {
			sharedA++
		}
		if t.kind == result {
			resultsA++
			if m.a[i] > 0 {
				resultsShared++
			}
		}
	}
	countB, resultsB := 0, 0
	for _, t := range b {
		switch t.kind {
		case number:
			countB++
		case result:
			countB++
			resultsB++
		}
	}
	switch {
	case sharedA > 0:
		f[numbersShared] = float64(min(2, sharedA))
	case countA > 0 && countB > 0:
		f[numbersDiffer] = 1
	case countA > 0 || countB > 0:
		f[numbersOneSide] = 1
	}
	return resultsA > 0 && resultsB > 0 && resultsShared == 0
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
