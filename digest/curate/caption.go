package curate

import (
	"strconv"
	"strings"

	"digestd/digest"
	"digestd/internal/lazyregexp"
)

var (
	// datedCaption matches a first sentence that ends in a day and its year, and perhaps the place, as captions of
	// agencies do: "Cranes stand at rest on March 12, 2026, in Sandholm."
	datedCaption = lazyregexp.New(`^.{10,260}?\bon (?:Jan(?:uary|\.)|Feb(?:ruary|\.)|March|April|May|June|July|Aug(?:ust|\.)|Sept(?:ember|\.)|Oct(?:ober|\.)|Nov(?:ember|\.)|Dec(?:ember|\.)) ` +
		`\d{1,2}, (\d{4})(?:,? (?:in|at|outside|near|off|over) (?:\p{Lu}[\pL'’.-]*|of|the|de|and|[ ,])+)?(?:\.\s*|\s*$)`)
	// told matches what a report says, and no caption.
	told = lazyregexp.New(`(?i)\b(?:was|were|said|says|has|had|have|will|would|could|died|killed|announced)\b`)
	past = lazyregexp.New(`\b\pL{3,}ed\b`)
	// straySpace is what markup leaves in front of a stop.
	straySpace = lazyregexp.New(` +[,.](?:\s|$)`)
)

// withoutCaption is a summary without the caption of a picture that it begins with. News gives the year with a day of
// this year nowhere else; a caption of an archive's picture is told by its present tense.
func withoutCaption(it digest.Item) digest.Text {
	plain := it.Summary.Plain()
	if !strings.Contains(plain, " on ") {
		return it.Summary
	}
	m := datedCaption.FindStringSubmatchIndex(plain)
	if m == nil || told.MatchString(plain[:m[1]]) {
		return it.Summary
	}
	if plain[m[2]:m[3]] != strconv.Itoa(it.When().Year()) && past.MatchString(plain[:m[1]]) {
		return it.Summary
	}
	return without(it.Summary, 0, m[1])
}

// withoutStraySpaces is a text whose commas and full stops stand at their words.
func withoutStraySpaces(t digest.Text) digest.Text {
	if plain := t.Plain(); !strings.Contains(plain, " ,") && !strings.Contains(plain, " .") {
		return t
	}
	for {
		plain := t.Plain()
		found := straySpace.FindStringIndex(plain)
		if found == nil {
			return t
		}
		t = without(t, found[0], found[0]+strings.IndexAny(plain[found[0]:], ",."))
	}
}
