package curate

import (
	"fmt"
	"math"
	"math/bits"
	"slices"

	"digestd/digest"
)

// subjects counts how much is told of each word in the window.
type subjects struct {
	rare    map[uint64]*subject // by the keys of rare words
	bearers map[uint64]int      // how many items have a word, by its key
	tops    []top
	outlets map[string]int // numbers, by name
}

// top is an item that stood among its outlet's first places, by importance.
type top struct {
	item   *digest.Item
	tokens []token
}

func newSubjects() subjects {
	return subjects{rare: make(map[uint64]*subject), bearers: make(map[uint64]int), outlets: make(map[string]int)}
}

type subject struct {
	term    string
	items   int
	outlets outlets // of its items
	tops    outlets // those of which one of its items stood among the first, by importance
}

// outlets are some of all, a bit for each.
type outlets []uint64

func (o outlets) with(n int) outlets {
	for len(o) <= n/64 {
		o = append(o, 0)
	}
	o[n/64] |= 1 << (n % 64)
	return o
}

func (o outlets) count() (n int) {
	for _, some := range o {
		n += bits.OnesCount64(some)
	}
	return n
}

// isSubject reports whether a word can be what news is about: a name, or what no everyday word is.
func isSubject(t *token) bool {
	return (t.kind == name || t.kind == word && t.weight >= wordWeight) && !t.everyday
}

// noSubjects are words that are in capitals in titles, or rare enough, and tell of nothing.
var noSubjects = words(`first second third next last ever years year week weeks day days hours times ways thing things people men women
	know need today tonight tomorrow yesterday inside explained really better best worst big bigger biggest dad mum mom kids why how what`)

// count takes in the items of a cluster: the new ones and those that were sent lately.
func (s *subjects) count(c cluster, byImportance map[string]bool) {
	for _, n := range c.nodes {
		first := byImportance[n.item.Feed] && n.item.Place > 0 && n.item.Place <= topPlaces
		if first && n.sent == 0 {
			s.tops = append(s.tops, top{n.item, new(reader).titleTokens(*n.item)})
		}
		outlet, ok := s.outlets[n.item.Source]
		if !ok {
			outlet = len(s.outlets)
			s.outlets[n.item.Source] = outlet
		}
		for i := range n.doc.tokens {
			t := &n.doc.tokens[i]
			s.bearers[t.key]++
			if !isSubject(t) {
				continue
			}
			of := s.rare[t.key]
			if of == nil {
				of = &subject{term: t.term}
				s.rare[t.key] = of
			}
			of.items++
			if of.outlets = of.outlets.with(outlet); first {
				of.tops = of.tops.with(outlet)
			}
		}
	}
}

// titleTokens are the words of a title as they weigh by themselves, whatever else is in the window.
func (r *reader) titleTokens(it digest.Item) []token {
	r.lex = r.lexemes(r.lex[:0], it.Title)
	return slices.Clone(r.tokenize(r.lex, it.Language))
}

// heat of a subject: how often its items double, and, for a story that was near the top, how many outlets beyond the
// first had one of them there.
func (s subject) heat(nearTop bool) float64 {
	heat := 1 + perDoubledHeat*math.Log2(float64(s.items)/2)
	if !nearTop {
		return heat
	}
	return heat + perTopOutlet*float64(max(0, s.tops.count()-1))
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
func (s *subjects) lift(stories []digest.Story, items int) {
	titles := make([][]token, len(stories))
	inParallel(len(stories), func(from, to int) {
		r := newReader()
		for i := from; i < to; i++ {
			titles[i] = r.titleTokens(stories[i].Lead())
		}
	})
	taken, lent := make(map[uint64]bool), make(map[uint64]bool)
	for i, tokens := range titles {
		story := &stories[i]
		if story.Kind != digest.News {
			continue
		}
		nearTop := story.Rank.Place >= 1+upperWorth
		for _, t := range tokens {
			of := s.rare[t.key]
			if !isSubject(&t) || of == nil || taken[t.key] ||
				of.items < leastHeat || of.outlets.count() < leastHeatOutlets ||
				of.items*commonToOneIn > max(items, 2*leastHeat*commonToOneIn) {
				continue
			}
			taken[t.key] = true
			if heat := min(mostHeat, of.heat(nearTop)); heat > story.Rank.Heat {
				story.Rank.Heat, story.Rank.Subject = heat, fmt.Sprintf("%s, in %d items", of.term, of.items)
			}
		}
		if story.Rank.Place >= 1+placeWorth(topPlaces) {
			s.lend(story, tokens, items, lent)
		}
		story.Rank.Total = product(story.Rank)
	}
}

// pairToOneIn is how common a word may be that tells a subject together with a second one.
const pairToOneIn = 4

// lend gives a story at the top the heat of what other outlets have at the top of the same running story, which each of
// them words in its own way: what shares with it a name too common to be a subject by itself, and a second word. Each
// such item lends to the best story alone.
func (s *subjects) lend(story *digest.Story, tokens []token, items int, lent map[uint64]bool) {
	own := make(map[string]bool)
	for _, it := range story.Items {
		own[it.Source] = true
	}
	lenders, beside := make(map[string]bool), ""
	for _, t := range s.tops {
		if own[t.item.Source] || lent[t.item.Seq] {
			continue
		}
		telling, named := 0, false
		for _, x := range tokens {
			if x.weight > labelWeight && !x.isNumber() && hasKey(t.tokens, x.key) &&
				s.bearers[x.key]*pairToOneIn <= items {
				telling++
				named = named || isSubject(&x) && s.bearers[x.key]*commonToOneIn > items
			}
		}
		if telling < 2 || !named {
			continue
		}
		if lent[t.item.Seq] = true; !lenders[t.item.Source] {
			lenders[t.item.Source], beside = true, t.item.Title
		}
	}
	if len(lenders) == 0 {
		return
	}
	for _, it := range story.Items {
		lent[it.Seq] = true
	}
	if heat := min(mostHeat, 1+perTopOutlet*float64(len(lenders))); heat > story.Rank.Heat {
		story.Rank.Heat, story.Rank.Subject = heat, fmt.Sprintf("what others have at the top: %q", beside)
	}
}
