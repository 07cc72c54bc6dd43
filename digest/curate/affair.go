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
// of the headline that leads each; and, where both have summaries, of how much the texts of the two leading items have
// in common. Fitted to pairs of entries of real editions, of which each was read.
const (
	affairBias    = -3.4
	perSharedWord = 0.5
	perSharedPart = 4.2
	perText       = 7
	usualText     = 0.12 // what two texts have in common that tells nothing
	mostFromText  = 2.5
	leastOfAffair = 3    // words that the headlines share at least
	leastOfText   = 0.25 // or else what the texts have in common
	ofOneAffair   = 0.5  // from which the lesser story stands back
	repeatsIt     = 0.6  // from which it tells nothing beyond the better one, if it has nothing new
	mostInAffairs = 300  // stories that are compared, the best
)

// wording is what the headlines of a story say, and the text of its leading item. A word weighs the more, the fewer
// items of the window have it in their headlines, or, in texts, the fewer stories.
type wording struct {
	lead, all []mention // of the leading headline, and of all; sorted by key
	weight    float64   // of the leading headline
	text      []mention // of headline and summary, sorted by key; nil: there is no summary
	length    float64   // of the text, as a vector
	first     Document  // the leading item's
	source    string    // likewise
}

// wordings are those of stories, of a window of so many items; of stories that are no news, they are empty.
func (s *subjects) wordings(stories []digest.Story, clusters map[string]cluster, items int) []wording {
	all, told := make([]wording, min(mostInAffairs, len(stories))), make(map[uint64]int)
	for i := range all {
		if stories[i].Kind == digest.News {
			all[i] = s.wording(stories[i], clusters[stories[i].ID], items)
		}
		for _, m := range all[i].text {
			told[m.key]++
		}
	}
	for i := range all {
		w, square := &all[i], 0.0
		w.text = slices.Clone(w.text)
		for j := range w.text {
			m := &w.text[j]
			m.weight *= math.Log(float64(len(all)) / float64(told[m.key]))
			square += m.weight * m.weight
		}
		w.length = math.Sqrt(square)
	}
	return all
}

// wording is that of a story, of a window of so many items. Words of its text weigh what they weigh by themselves.
func (s *subjects) wording(story digest.Story, c cluster, items int) (w wording) {
	for _, n := range c.nodes[:min(compared, len(c.nodes))] {
		w.all = append(w.all, s.mentions(n.doc.tokens, items)...)
	}
	at := slices.IndexFunc(c.nodes, func(n *node) bool { return n.item.Seq == story.Lead().Seq })
	lead := c.nodes[max(0, at)]
	w.lead, w.first, w.source = s.mentions(lead.doc.tokens, items), lead.doc, lead.item.Source
	if lead.doc.summary >= leastSummary {
		w.text = lead.doc.text
	}
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
// in both. So are two that share a word or two, unless their texts say that they are one.
func (w wording) ofAffair(o wording) float64 {
	one, n, name := shared(w.lead, o.all)
	other, m, named := shared(o.lead, w.all)
	if w.weight == 0 || o.weight == 0 {
		return 0
	}
	_, both, _ := shared(w.lead, o.lead)
	logit := affairBias + perSharedWord*float64(both) + perSharedPart*(one/w.weight+other/o.weight)
	alike, told, inText := w.inText(o)
	if told {
		logit += min(mostFromText, perText*(alike-usualText))
	}
	if max(n, m) >= leastOfAffair && (name || named) || alike >= leastOfText && inText {
		return chance(logit)
	}
	return 0
}

// inText is how much of the texts of two stories is the same, from 0 to 1, whether that tells anything, and whether they
// share a name. Of one outlet, texts have forms of words in common.
func (w wording) inText(o wording) (alike float64, tells, named bool) {
	if len(w.text) == 0 || len(o.text) == 0 || w.source == o.source || w.length*o.length == 0 {
		return 0, false, false
	}
	for i, j := 0, 0; i < len(w.text) && j < len(o.text); {
		switch a, b := w.text[i], o.text[j]; {
		case a.key < b.key:
			i++
		case a.key > b.key:
			j++
		default:
			alike, named = alike+a.weight*b.weight, named || a.named
			i, j = i+1, j+1
		}
	}
	return alike / (w.length * o.length), true, named
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
	better, words := make(map[int]standing), s.wordings(stories, clusters, items) // by the roots of their clusters
	var before []standing
	for i := range stories {
		story, c := &stories[i], clusters[stories[i].ID]
		if story.Rank.Asks = c.asks(); story.Rank.Asks {
			story.Rank.Total *= question
		}
		news, here := story.Kind == digest.News, standing{story: story, of: c}
		if i < mostInAffairs {
			here.words = words[i]
		}
		at := slices.IndexFunc(c.beside, func(root int) bool {
			return news && story.Follows == nil && first[root] != "" && !here.moreTell(better[root])
		})
		if at >= 0 {
			story.Rank.Beside = first[c.beside[at]]
			if b := better[c.beside[at]]; b.story != nil && c.repeats(b.of) {
				story.Rank.Repeats = b.story.ID
			}
		}
		if news && i < mostInAffairs && (story.Rank.Repeats == "" || here.words.first.tellsResult()) {
			if angle := here.behind(before); angle >= 0 {
				b := before[angle]
				here.before(b, stories[:i])
				story.Rank.Beside, story.Rank.Repeats = "", ""
				first[b.of.root], better[b.of.root] = story.Lead().Title, here
				before = slices.Delete(before, angle, angle+1)
			}
			if story.Rank.Beside == "" {
				before = append(before, here)
			}
		}
		switch {
		case story.Rank.Beside != "":
			story.Rank.Total *= besideIt
		case news: // nothing stands back behind a clip
			first[c.root], better[c.root] = story.Lead().Title, here
		}
	}
	repeating := make(map[string][]digest.Item) // by the IDs of the better stories
	for _, story := range stories {
		if id := story.Rank.Repeats; id != "" {
			repeating[id] = append(repeating[id], story.Items...)
		}
	}
	for i := range stories {
		if items := repeating[stories[i].ID]; items != nil {
			countRepeats(&stories[i], items)
		}
	}
}

// before lets an event stand before an angle of it that ranked higher, and in its place; with the angle, all that repeats
// it stands back. Earlier are the stories that rank higher than the event.
func (a standing) before(angle standing, earlier []digest.Story) {
	a.story.Rank.Total = max(a.story.Rank.Total, angle.story.Rank.Total)
	angle.story.Rank.Total *= besideIt
	angle.story.Rank.Repeats = angle.story.ID // with the others
	for i := range earlier {
		if r := &earlier[i].Rank; r.Repeats == angle.story.ID {
			r.Beside, r.Repeats = a.story.Lead().Title, a.story.ID
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
// however fresh.
func (a standing) moreTell(b standing) bool {
	return b.story != nil && a.story.Outlets() > b.story.Outlets()
}

// ends reports whether a story that as many outlets tell as a better one has a result in its headline, and that one has
// none: then the better one can be a reaction, a preview, a search.
func (a standing) ends(b standing) bool {
	return a.story.Outlets() == b.story.Outlets() && a.words.first.tellsResult() && !b.words.first.tellsResult()
}

// tellsElse reports whether two stories are two matters with a few names in common: the headline of the first is for the
// most part of what no item of the second tells, the second has something of its own, and of no two of their items it is
// sure that they are of one affair. Without summaries nobody knows what else they tell.
func (a standing) tellsElse(b standing) bool {
	return len(a.words.text) > 0 && len(b.words.text) > 0 && !slices.Contains(a.of.beside, b.of.root) &&
		a.unheardIn(b) >= ofAnother && b.unheardIn(a) >= ofItsOwn
}

// unheardIn is the part of a story's headline that no item of another one tells.
func (a standing) unheardIn(b standing) float64 {
	return a.words.first.unheard(func(key uint64) bool {
		return slices.ContainsFunc(b.of.nodes, func(n *node) bool { return n.doc.has(key) })
	})
}

// The parts of headlines that are unheard of in each other, of two matters. Set on pairs that were read.
const (
	ofAnother = 0.55
	ofItsOwn  = 0.3
)

// tellsResult reports whether a headline tells how something ended: not what will come of it, and not whether.
func (d Document) tellsResult() bool {
	return !d.asks && !d.ahead && slices.ContainsFunc(d.tokens, func(t token) bool {
		return t.tense == 0 && resultsEnglish[t.term]
	})
}

// resultsEnglish are the words that tell how something ended, in those of their forms that mean little else.
var resultsEnglish = words("acquits acquitted approves approved arrested banned beaten beats cancels canceled cancelled charged " +
	"collapses collapsed convicts convicted crashes crashed dead defeated defeats detained died dies dismissed " +
	"dismisses elected elects euthanized executed freed guilty indicted jailed kill killed kills launched " +
	"launches lose loses lost ousted ousts overturned overturns passed passes postponed postpones quits " +
	"rejected rejects rescued resigned resigns sacked sacks sank sentenced signed sinks suspended suspends " +
	"toll upheld upholds wins won")

// behind lets a story stand back behind the one before it with which it shares most, if that is enough. Where that one
// is told by fewer outlets or has not how it ended, stands no nearer to the top, and repeats the story, it is an angle of
// it: then behind returns its place, and -1 otherwise.
func (a standing) behind(before []standing) (angle int) {
	best, at, most, angle := 0.0, -1, 0.0, -1
	for i, b := range before {
		sure := a.words.ofAffair(b.words)
		if sure < ofOneAffair || a.tellsElse(b) || b.tellsElse(a) {
			continue
		}
		more, mine := a.moreTell(b), a.story.Rank.Beside == "" || a.story.Rank.Repeats == b.story.ID
		if mine && sure >= repeatsIt && sure > most && (more || a.ends(b)) &&
			b.story.Rank.Place <= a.story.Rank.Place && b.of.repeats(a.of) {
			most, angle = sure, i
		} else if !more && sure > best {
			best, at = sure, i
		}
	}
	if most > best && a.story.Follows == nil {
		return angle
	}
	if at < 0 || a.story.Rank.Repeats != "" {
		return -1
	}
	repeats := best >= repeatsIt && a.of.repeats(before[at].of)
	if repeats || a.story.Follows == nil {
		a.story.Rank.Beside = before[at].story.Lead().Title
	}
	if repeats {
		a.story.Rank.Repeats = before[at].story.ID
	}
	return -1
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
			f, _, apart := contrast(m.doc, n.doc)
			return apart || n.when.After(last) && (f[opposites] > 0 || m.doc.ahead && !n.doc.ahead || len(whatIsNew(m.doc, n.doc)) > 0)
		})
	})
}
