package curate

import (
	"cmp"
	"math"
	"strings"
	"sync"

	"digestd/digest"
)

// How many died is the one size of an event that headlines give in figures. What fewer than leastToll died in is worth
// no more for it; each doubling adds perDoubledToll, up to mostToll.
const (
	leastToll      = 5
	perDoubledToll = 0.2
	mostToll       = 2
)

// tollCounts are the counts in words that are no numerals.
var tollCounts = map[string]float64{"dozens": 24, "scores": 40, "hundreds": 200}

// tolls match how many died: "kills at least 20", "13 people killed", "20 Tote". "Dies at 86" and "boy, 10, found dead" say
// something else, and so does the death toll of a plague, which is each day's.
var tolls = sync.OnceValue(func() sieve {
	const count = `(\d{1,3}(?:,\d{3})+|\d{1,6}|five|six|seven|eight|nine|ten|eleven|twelve|dozens|scores|hundreds)`
	return newSieve([]string{
		`\bkill(?:s|ed|ing)? (?:(?:at least|more than|up to|nearly|almost|over|about|around|some|another) )?` + count + `\b`,
		`(?:^|[^\pL\pN.,-])` + count + `(?: [\pL'’-]+){0,2} (?:dead|killed|tote|morts|muertos|morti|mortos|doden)\b`,
	})
})

// noDead are what else stands behind a number: "killed 30 years ago".
var noDead = words("years year times days weeks months hours minutes seconds percent per million")

// toll is what a headline says how many died, 0 where it doesn't.
func toll(title string) (most float64) {
	known := tolls()
	for _, i := range known.candidates(title) {
		found := known.match(i, title)
		if found == nil {
			continue
		}
		word, rest := title[found[0]:found[1]], title[found[1]:]
		if next := strings.Fields(rest); strings.HasPrefix(rest, "-") || len(next) > 0 && noDead[strings.ToLower(next[0])] {
			continue
		}
		word = strings.ToLower(word)
		n := cmp.Or(tollCounts[word], float64(numerals["en"][word]), numberValue(word))
		most = max(most, n)
	}
	return most
}

// tollOf is what a story is worth by how many died, by the headline of its news that says most.
func tollOf(s digest.Story) float64 {
	most := 0.0
	for _, it := range s.Items {
		if it.Kind == digest.News {
			most = max(most, toll(it.Title))
		}
	}
	if most < leastToll {
		return 1
	}
	return min(mostToll, 1+perDoubledToll*math.Log2(2*most/leastToll))
}
