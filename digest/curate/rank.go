package curate

import (
	"cmp"
	"maps"
	"math"
	"slices"
	"strings"
	"time"

	"digestd/digest"
)

// The figures of the ranking. Two outlets count as twice one, four as three times: each further one says less, but
// where a dozen tell it, it is the news. News halves in worth in half an edition's period, six hours at least, so that
// a weekly digest does not forget its Monday.
const (
	minHalfLife  = 6 * time.Hour
	leastRecency = 1.0 / 64
)

// How much a place says. Among the first three of a feed that orders by importance, an editor thought it the news of
// the hour. Two such editors outweigh any other sign: the places of a story count as often as it has such editors.
const (
	topPlaces, upperPlaces, firstPlaces = 3, 6, 10
	topWorth, upperWorth, firstWorth    = 1.3, 0.5, 0.25
	perDoubling                         = 0.08 // of the hours for which a feed kept it
)

// placeWorth is what a place in a feed that orders by importance adds.
func placeWorth(place int) float64 {
	switch {
	case place < 1 || place > firstPlaces:
		return 0
	case place <= topPlaces:
		return topWorth - 0.1*float64(place)
	case place <= upperPlaces:
		return upperWorth
	}
	return firstWorth
}

// rank is a story's worth: coverage × place × staying × recency × weight of the leading feed × how newsy it is × how many
// died. A story that was carried over has waited half its age for room and is not punished for that half. Heat is added
// when all stories are known.
func rank(s digest.Story, f filters, opt Options) digest.Rank {
	var newest time.Time
	best := make(map[string]float64) // of each outlet's items
	kept := 0
	for _, it := range s.Items {
		if w := it.When(); w.After(newest) {
			newest = w
		}
		if opt.ByImportance[it.Feed] {
			best[it.Source] = max(best[it.Source], placeWorth(it.Place))
			kept = max(kept, it.Kept)
		}
	}
	age := max(0, opt.Now.Sub(newest))
	if newest.IsZero() {
		age = 0
	}
	if s.Carried > 0 {
		age /= 2
	}
	halfLife := float64(max(minHalfLife, opt.Now.Sub(opt.Since)/2))
	r := digest.Rank{
		Coverage: coverage(float64(s.Outlets())),
		Place:    1,
		Staying:  1 + perDoubling*math.Log2(float64(1+kept)),
		Heat:     1,
		Weight:   f.weight(s.Lead().Feed),
		Toll:     tollOf(s),
	}
	tops := 0
	for _, worth := range slices.Sorted(maps.Values(best)) { // in one order: sums of fractions depend on it
		r.Place += worth
		if worth >= placeWorth(topPlaces) {
			tops++
		}
	}
	// What editors put at the top stays news for longer, and so does what many died in.
	r.Recency = max(leastRecency, math.Exp2(-float64(age)/(halfLife*r.Place*r.Toll)))
	r.Place *= float64(max(1, tops))
	switch { // editors who put it at the top have judged it
	case tops == 0:
		r.News = newsOf(s)
	case tops == 1:
		r.News = math.Sqrt(newsOf(s))
	default:
		r.News = 1
	}
	r.Total = product(r)
	return r
}

// coverage is what so many outlets are worth.
func coverage(n float64) float64 {
	n = max(1, n)
	return max(1+math.Log2(n), math.Pow(n, manyOutlets))
}

// manyOutlets is the power by which the worth of outlets grows from five on.
const manyOutlets = 0.75

// product is of all parts; what was told before there were figures of news and of tolls has none.
func product(r digest.Rank) float64 {
	return r.Coverage * r.Place * r.Staying * r.Heat * r.Recency * r.Weight * cmp.Or(r.News, 1) * cmp.Or(r.Toll, 1)
}

// bestFirst are stories in the order of their rank. Ties go to the fresher, then to the leading items' own order, so
// that the same stories always stand in the same order.
func bestFirst(stories []digest.Story) []digest.Story {
	order := make([]*digest.Story, len(stories)) // a story is large, and sorting moves each many times
	for i := range stories {
		order[i] = &stories[i]
	}
	slices.SortFunc(order, byRank)
	sorted := make([]digest.Story, len(stories))
	for i, s := range order {
		sorted[i] = *s
	}
	return sorted
}

func byRank(a, b *digest.Story) int {
	if c := cmp.Compare(b.Rank.Total, a.Rank.Total); c != 0 {
		return c
	}
	la, lb := &a.Items[0], &b.Items[0]
	return cmp.Or(-la.When().Compare(lb.When()), compareItems(la, lb))
}

// compareItems is a total order of items that does not depend on how they were given.
func compareItems(a, b *digest.Item) int {
	return cmp.Or(cmp.Compare(a.Seq, b.Seq), strings.Compare(a.Feed, b.Feed), strings.Compare(a.GUID, b.GUID),
		strings.Compare(a.Link, b.Link), strings.Compare(a.Title, b.Title),
		a.Published.Compare(b.Published), a.FirstSeen.Compare(b.FirstSeen),
		strings.Compare(a.Source, b.Source), strings.Compare(a.Summary.Plain(), b.Summary.Plain()))
}

// leadPoints tells how well an item would speak for its story. An original comes before an aggregator's pointer to it,
// and what tells before what asks, shouts or shows; then comes the newest, by the weight that its feed was given. A
// summary or a picture can be borrowed, so they count little.
func leadPoints(n *node, newest time.Time, f filters, aggregators map[string]bool) float64 {
	var p float64
	if !aggregators[n.item.Feed] {
		p += 12
	}
	if n.doc.asks {
		p -= 6
	}
	if shouts(n.item.Title) {
		p -= 6
	}
	if clipPart.MatchString(n.item.Link) {
		p -= 6
	}
	if n.item.Summary.Plain() != "" {
		p += 0.5
	}
	if n.item.Image != nil {
		p += 0.5
	}
	return p - min(4, newest.Sub(n.when).Hours()/3) + 2*math.Log2(f.weight(n.item.Feed))
}

// shouts reports whether a headline is written in capitals, or in great part so.
func shouts(title string) bool {
	upper, letters := 0, 0
	for _, word := range strings.Fields(title) {
		if len(word) < 4 || strings.ToLower(word) == word && strings.ToUpper(word) == word {
			continue // initials, numbers, scripts without capitals
		}
		letters++
		if strings.ToUpper(word) == word {
			upper++
		}
	}
	return 3*upper >= letters && upper >= 2 ||
		strings.HasSuffix(strings.TrimRight(title, "\"'”’ "), "!")
}
