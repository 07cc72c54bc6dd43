package curate

import (
	"math"
	"slices"

	"digestd/digest"
)

// What is of one affair with a better story, too far from it to be joined, stands back, and so does what says nothing
// new of a story that was sent: a reader has the affair already, and something else has the room. sameAffair is how
// surely two items must be of one.
const (
	sameAffair = 0.4
	besideIt   = 0.2
	repeated   = 0.5 // what an outlet counts that tells the same in another story
	question   = 0.5 // what a story is worth of which nobody has more than a question
)

// How surely two stories are of one affair by what their headlines share: a logit of how many words, and of which part
// of the headline that leads each. Fitted to pairs of entries of real editions, of which each was read.
const (
	affairBias    = -3.4
	perSharedWord = 0.5
	perSharedPart = 4.2
	leastOfAffair = 3   // words that they share at least
	ofOneAffair   = 0.5 // from which the lesser story stands back
	repeatsIt     = 0.6 // from which it tells nothing beyond the better one, if it has nothing new
	mostInAffairs = 300 // stories that are compared, the best
)

// wording is what the headlines of a story say. A word weighs the more, the fewer items of the window have it.
type wording struct {
	lead, all []mention // of the leading headline, and of all; sorted by key
	weight    float64   // of the leading headline
}

// wording is that of a story, of a window of so many items.
func (s *subjects) wording(story digest.Story, c cluster, items int) (w wording) {
	for _, n := range c.nodes[:min(compared, len(c.nodes))] {
		w.all = append(w.all, s.mentions(n.doc.tokens, items)...)
	}
	at := slices.IndexFunc(c.nodes, func(n *node) bool { return n.item.Seq == story.Lead().Seq })
	w.lead = s.mentions(c.nodes[max(0, at)].doc.tokens, items)
	for _, m := range w.lead {
		w.weight += m.weight
	}
	w.all = append(w.all, w.lead...)
	slices.SortFunc(w.all, byKey)
	w.all = slices.CompactFunc(w.all, func(a, b mention) bool { return a.key == b.key })
	return w
}

// mentions are words, each with what it weighs in a window of so many items.
func (s *subjects) mentions(tokens []token, items int) []mention {
	out := make([]mention, 0, len(tokens))
	for _, t := range tokens {
		if t.weight > labelWeight {
			out = append(out, mention{key: t.key, named: t.kind == name || t.kind == state,
				weight: t.weight / wordWeight * math.Log(float64(items)/float64(max(1, s.bearers[t.key])))})
		}
	}
	slices.SortFunc(out, byKey)
	return out
}

// shared is what of some words is among others: their weight, how many, and whether one is a name.
func shared(words, among []mention) (weight float64, n int, named bool) {
	for m := range inBoth(words, among) {
		weight, n, named = weight+m.weight, n+1, named || m.named
	}
	return weight, n, named
}

// ofAffair tells from 0 to 1 how surely two stories are of one affair. Two that share no name are two: six people died
// in both.
func (w wording) ofAffair(o wording) float64 {
	one, n, name := shared(w.lead, o.all)
	other, m, named := shared(o.lead, w.all)
	if max(n, m) < leastOfAffair || !name && !named || w.weight == 0 || o.weight == 0 {
		return 0
	}
	_, both, _ := shared(w.lead, o.lead)
	return chance(affairBias + perSharedWord*float64(both) + perSharedPart*(one/w.weight+other/o.weight))
}

// standing is a story behind which others may stand back.
type standing struct {
	story *digest.Story
	of    cluster
	words wording
}

// standBack takes down questions, and what stands beside a better story of the same affair. Of developments, only those
// that tell nothing beyond it. Stories come best first; clusters are by the stories' IDs; first are titles by the roots
// of their clusters: those that were sent. The window has so many items.
func (s *subjects) standBack(stories []digest.Story, clusters map[string]cluster, first map[int]string, items int) {
	repeating := make(map[string][]digest.Item) // by the IDs of the better stories
	better := make(map[int]*digest.Story)       // by the roots of their clusters
	var before []standing
	for i := range stories {
		story, c := &stories[i], clusters[stories[i].ID]
		if story.Rank.Asks = c.asks(); story.Rank.Asks {
			story.Rank.Total *= question
		}
		news := story.Kind == digest.News
		at := slices.IndexFunc(c.beside, func(root int) bool {
			return news && story.Follows == nil && first[root] != "" && !moreTell(story, better[root])
		})
		if at >= 0 {
			story.Rank.Beside = first[c.beside[at]]
			if b := better[c.beside[at]]; b != nil && c.repeats(clusters[b.ID]) {
				story.Rank.Repeats = b.ID
			}
		}
		if news && i < mostInAffairs && story.Rank.Repeats == "" {
			here := standing{story, c, s.wording(*story, c, items)}
			if here.behind(before); story.Rank.Beside == "" {
				before = append(before, here)
			}
		}
		if id := story.Rank.Repeats; id != "" {
			repeating[id] = append(repeating[id], story.Items...)
		}
		switch {
		case story.Rank.Beside != "":
			story.Rank.Total *= besideIt
		case news: // nothing stands back behind a clip
			first[c.root], better[c.root] = story.Lead().Title, story
		}
	}
	for i := range stories {
		if items := repeating[stories[i].ID]; items != nil {
			countRepeats(&stories[i], items)
		}
	}
}

// countRepeats counts the outlets of what tells nothing beyond a story by half for it: what many tell, each in its
// words, is greater news than what one tells.
func countRepeats(s *digest.Story, repeating []digest.Item) {
	own := s.Outlets()
	s.Rank.Affair = digest.Story{Items: slices.Concat(s.Items, repeating)}.Outlets() - own
	more := coverage(float64(own)+repeated*float64(s.Rank.Affair)) / coverage(float64(own))
	s.Rank.Coverage *= more
	s.Rank.Total *= more
}

// moreTell reports whether more outlets tell a story than a better one: an event stands back behind no reaction to it,
// however fresh. nil: the better one was sent.
func moreTell(s, better *digest.Story) bool { return better != nil && s.Outlets() > better.Outlets() }

// behind lets a story stand back behind the one before it with which it shares most, if that is enough.
func (a standing) behind(before []standing) {
	best, at := 0.0, -1
	for i, b := range before {
		if sure := a.words.ofAffair(b.words); sure > best && !moreTell(a.story, b.story) {
			best, at = sure, i
		}
	}
	if best < ofOneAffair {
		return
	}
	repeats := best >= repeatsIt && a.of.repeats(before[at].of)
	if repeats || a.story.Follows == nil {
		a.story.Rank.Beside = before[at].story.Lead().Title
	}
	if repeats {
		a.story.Rank.Repeats = before[at].story.ID
	}
}

// repeats reports whether none of a cluster's items tells what another cluster does not: something new, later than all
// that the other one has, or what rules out that they are the same, as another day does.
func (c cluster) repeats(other cluster) bool {
	if len(other.nodes) == 0 {
		return false
	}
	last := slices.MaxFunc(other.nodes, func(a, b *node) int { return a.when.Compare(b.when) }).when
	return !slices.ContainsFunc(c.nodes, func(n *node) bool {
		return slices.ContainsFunc(other.nodes, func(m *node) bool {
			_, _, apart := contrast(m.doc, n.doc)
			return apart || n.when.After(last) && len(whatIsNew(m.doc, n.doc)) > 0
		})
	})
}
