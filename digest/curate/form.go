package curate

import (
	"slices"
	"strings"
)

// form is what kind of piece a headline says that it is. Two pieces of different forms are of one subject, and seldom
// tell the same.
type form uint8

const (
	report  form = iota
	ofSelf       // somebody tells of themselves
	market       // where prices went, and after what
	review       // of a film, a book, a show
	preview      // who may win, and at which odds
	roundup      // the best moments of an evening
)

// formOf is the form of a headline.
func formOf(title string, lex []lexeme) form {
	if tellsOfSelf(title) {
		return ofSelf
	}
	if ofMarket(lex) {
		return market
	}
	for i, l := range lex {
		last := i+1 == len(lex)
		switch l.folded {
		case "review":
			if !last && lex[i+1].initial || last && l.initial {
				return review
			}
		case "previewing", "tipped":
			return preview
		case "preview", "prediction", "predictions", "odds":
			if !last && (lex[i+1].initial || lex[i+1].comma) {
				return preview
			}
		case "best", "worst", "biggest", "key":
			if slices.ContainsFunc(lex[i+1:min(len(lex), i+6)], func(l lexeme) bool { return roundedUp[l.folded] }) {
				return roundup
			}
		}
	}
	return report
}

var roundedUp = words("looks dressed moments speeches fashion")

// tellsOfSelf reports whether somebody tells of themselves.
func tellsOfSelf(title string) bool {
	low := strings.ToLower(title)
	for _, self := range [...]string{"i ", "i'", "i’", "my "} {
		if strings.HasPrefix(low, self) || containsAfterQuote(low, self) {
			return true
		}
	}
	return false
}

// containsAfterQuote reports whether a text has a word after an opening quote.
func containsAfterQuote(s, word string) bool {
	for _, quote := range [...]string{" '", " ‘", " “", " \"", "«"} {
		if strings.Contains(s, quote+word) {
			return true
		}
	}
	return false
}

// ofMarket reports whether a headline begins with a market and where it goes: "Asian stocks slip", "S&P 500 futures
// rise", "Oil prices steady". A company's own stock is its own story.
func ofMarket(lex []lexeme) bool {
	if len(lex) > 0 && marketsOf[lex[0].folded] {
		lex = lex[1:]
	}
	if len(lex) == 0 || !markets[lex[0].folded] {
		return false
	}
	for _, l := range lex[1:min(len(lex), 5)] {
		if marketMoves[l.folded] {
			return true
		}
	}
	return false
}

var (
	marketsOf = words("us asia asian europe european global world uk wall s")
	markets   = words("stock stocks shares futures markets oil crude gold bitcoin dollar dow nasdaq street p ftse nikkei sensex")
	// marketMoves say where one goes, or that it is said.
	marketMoves = words("today rise rises rally rallies gain gains extend extends jump jumps surge surges soar soars climb climbs rebound rebounds open opens higher " +
		"fall falls drop drops slip slips slide slides dip dips sink sinks plunge plunges tumble tumbles ease eases retreat retreats lower " +
		"up down lowest highest lows highs steady steadies hold holds edge edges close closes end ends mixed")
)
