package curate

import (
	"fmt"
	"math"

	"digestd/digest"
)

// subjects counts how much is told of each rare word in the window, by its key.
type subjects map[uint64]*subject

type subject struct {
	term    string
	items   int
	outlets map[string]bool // whether one of its items stood among an outlet's first, by importance
}

// isSubject reports whether a word can be what news is about: a name, or what no everyday word is.
func isSubject(t token) bool {
	return (t.kind == name || t.kind == word && t.weight >= wordWeight) && !english.common[t.term] &&
		!noSubjects[t.term]
}

// noSubjects are words that are in capitals in titles, or rare enough, and tell of nothing.
var noSubjects = words(`first second third next last ever years year week weeks day days hours times ways thing things people men women
	know need today tonight tomorrow yesterday inside explained really better best worst big bigger biggest dad mum mom kids why how what`)

// count takes in the items of a cluster: the new ones and those that were sent lately.
func (s subjects) count(c cluster, byImportance map[string]bool) {
	for _, n := range c.nodes {
		top := byImportance[n.item.Feed] && n.item.Place > 0 && n.item.Place <= topPlaces
		for _, t := range n.doc.tokens {
			if !isSubject(t) {
				continue
			}
			of := s[t.key]
			if of == nil {
				of = &subject{term: t.term, outlets: make(map[string]bool)}
				s[t.key] = of
			}
			of.items++
			of.outlets[n.item.Source] = of.outlets[n.item.Source] || top
		}
	}
}

// heat of a subject: how often its items double, and, for a story that was near the top, how many outlets beyond the
// first had one of them there.
func (s subject) heat(nearTop bool) float64 {
	heat := 1 + perDoubledHeat*math.Log2(float64(s.items)/2)
	if !nearTop {
		return heat
	}
	tops := 0
	for _, top := range s.outlets {
		if top {
			tops++
		}
	}
	return heat + perTopOutlet*float64(max(0, tops-1))
}

// What makes a subject, so many items from so many outlets at least, and what its heat is made of. A name that stands
// in more than one of so many items belongs to the time and is no subject: of a plague, all news speaks.
const (
	leastHeat        = 3
	leastHeatOutlets = 2
	commonToOneIn    = 12
	perDoubledHeat   = 0.15
	perTopOutlet     = 0.6
	mostHeat         = 2.5
)

// lift gives the best story of each subject its heat. Stories come best first; of several subjects that a story is the
// best of, the greatest counts.
func (s subjects) lift(stories []digest.Story, items int) {
	taken := make(map[uint64]bool)
	for i := range stories {
		story := &stories[i]
		lead := story.Lead()
		if story.Kind != digest.News {
			continue
		}
		for _, t := range tokenize(lexemes(lead.Title), lead.Language) {
			of := s[t.key]
			if !isSubject(t) || of == nil || taken[t.key] ||
				of.items < leastHeat || len(of.outlets) < leastHeatOutlets ||
				of.items*commonToOneIn > max(items, 2*leastHeat*commonToOneIn) {
				continue
			}
			taken[t.key] = true
			if heat := min(mostHeat, of.heat(story.Rank.Place >= 1+upperWorth)); heat > story.Rank.Heat {
				story.Rank.Heat, story.Rank.Subject = heat, fmt.Sprintf("%s, in %d items", of.term, of.items)
			}
		}
		story.Rank.Total = product(story.Rank)
	}
}
