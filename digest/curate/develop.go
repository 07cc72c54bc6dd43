package curate

import (
	"math"
	"slices"
	"strconv"
	"strings"

	"digestd/digest"
)

// follow is an item that tells something new of a story that was sent.
type follow struct {
	now, sent *node
	score     float64
}

// followThreshold is the score of progress from which an item follows another one. Two affairs that differ in their
// numbers alone look like one that went on, so it is higher than Threshold.
const followThreshold = 0.9

// leastProgress is that score for two documents. Great counts seldom agree in what they count by chance, so what else
// the headlines have in common may be less.
func leastProgress(sent, now Document) float64 {
	for _, t := range now.tokens {
		if isCount(t) && slices.ContainsFunc(sent.tokens, func(o token) bool { return o.key != t.key && isCount(o) }) {
			return countThreshold
		}
	}
	return followThreshold
}

// countThreshold is that of great counts, and leastCount the least of those.
const (
	countThreshold = 0.5
	leastCount     = 100
)

// isCount reports whether a number is a great count, and no year.
func isCount(t token) bool {
	n, _ := strconv.ParseFloat(t.term, 64)
	return t.kind == number && n >= leastCount && (n < 1900 || n >= 2100)
}

// progress tells from 0 to 1 how surely the second document goes on with the affair of the first, and tells something
// new of it: it is Score without what the new sets apart. Where nothing is new it is 0.
func progress(sent, now Document) float64 {
	if len(whatIsNew(sent, now)) == 0 {
		return 0
	}
	f, vetoed := compare(sent, now)
	if vetoed && !onlyNumbers(sent, now) {
		return 0
	}
	return chance(f.ofAffair().logit() + texts(sent, now))
}

// ofAffair are the features without what sets two stages of one affair apart, which may share little but its names.
func (f features) ofAffair() features {
	for _, apart := range [...]int{numbersDiffer, opposites, futureApart, negated} {
		f[apart] = 0
	}
	f[rareShared] = min(max(0, f[rareShared]), rareOfAffair)
	return f
}

// rareOfAffair is the share of what is rare beyond leastRare that counts for one affair at most.
const rareOfAffair = 0.04

// onlyNumbers reports whether two headlines are ruled out as one story by their numbers and by nothing else: another
// result of a game that goes on, the next figure of a count.
func onlyNumbers(a, b Document) bool {
	m := align(a.tokens, b.tokens)
	return series(a.tokens, b.tokens, m) && !a.dates.conflict(b.dates)
}

// tellsNew reports whether a document may tell what the one that was sent of the same story does not: other numbers, an
// opposite outcome, that what was to come has happened. To close such an item as coverage could hide news.
func tellsNew(sent, now Document) bool {
	f, _ := compare(sent, now)
	return f.holdsNews(sent, now)
}

// holdsNews is tellsNew by the features of the two.
func (f features) holdsNews(sent, now Document) bool {
	return f[numbersDiffer] > 0 || f[opposites] > 0 || sent.denies != now.denies || sent.ahead && !now.ahead ||
		happened(sent.tokens, now.tokens, infinitive)
}

// whatIsNew says in words what a document surely tells that the one that was sent does not, for why. It is less than
// tellsNew lets pass: a "no" in one headline, or "to" in front of a word, is as often another wording. A question tells
// nothing new.
func whatIsNew(sent, now Document) (news []string) {
	if now.asks {
		return nil
	}
	f, _ := compare(sent, now)
	// what one place alone has is another count
	if others := otherFigures(sent, now); f[numbersDiffer] > 0 && f[statesAlone] == 0 && len(others) > 0 {
		news = append(news, "other numbers: "+strings.Join(others, ", "))
	}
	if f[leastCovered] >= coveredByOutcome && otherOutcome(sent.tokens, now.tokens) {
		news = append(news, "another outcome")
	}
	if cameTrue(sent.tokens, now.tokens) {
		news = append(news, "what was to come has happened")
	}
	return news
}

// otherFigures are the numbers of a headline that count what other numbers of the one that was sent counted. Of small
// ones the headline must say what they count.
func otherFigures(sent, now Document) (all []string) {
	for _, t := range now.tokens {
		if t.isNumber() && slices.ContainsFunc(sent.tokens, func(o token) bool {
			return o.kind == t.kind && o.unit == t.unit && !roughlySame(t, o)
		}) {
			all = append(all, t.term)
		}
	}
	return all
}

// roughlySame reports whether one of two numbers is said to be rough, "nearly 70", and they are a tenth apart at most.
func roughlySame(a, b token) bool {
	x, _ := strconv.ParseFloat(a.term, 64)
	y, _ := strconv.ParseFloat(b.term, 64)
	return (a.about || b.about) && math.Abs(x-y) <= max(x, y)/10
}

// coveredByOutcome is how much two headlines must have in common besides for opposite outcomes to be of one thing.
const coveredByOutcome = 0.6

// otherOutcome reports whether two headlines tell opposite outcomes of what they name first: "the ports close", "the
// ports reopen". Who loses in one and who wins in the other are mostly two.
func otherOutcome(sent, now []token) bool {
	for i, t := range sent {
		for j, o := range now {
			if t.tense != 0 || o.tense != 0 || !slices.ContainsFunc(sent[:i], func(x token) bool {
				return x.weight > labelWeight && hasKey(now[:j], x.key)
			}) {
				continue
			}
			if t.key == o.key && t.negated != o.negated || slices.ContainsFunc(t.sides, func(s side) bool {
				return slices.Contains(o.sides, side{s.pair, !s.second, true})
			}) && !hasKey(now, t.key) && !hasKey(sent, o.key) {
				return true
			}
		}
	}
	return false
}

// cameTrue is happened where the words leave no doubt: "will sign" and "to sign" before, and "signs" or "signed" now. Who
// is to delay something has delayed it by saying so.
func cameTrue(sent, now []token) bool {
	for _, t := range sent {
		if t.tense == 0 || t.kind == state || doneBySaying[t.term] {
			continue
		}
		if slices.ContainsFunc(now, func(o token) bool {
			return o.key == t.key && o.tense == 0 && o.term != t.term && o.term[0] == t.term[0] &&
				!strings.HasSuffix(o.term, "ing") && o.term != "sale"
		}) {
			return true
		}
	}
	return false
}

var doneBySaying = words("cancel cut delay drop offer postpone scrap")

// followedBy is the story that was sent of which some nodes tell what is new, by the surest of them; nil: none. What
// any item of that story told already is not new.
func (g *grouping) followedBy(nodes []*node) *follow {
	var best *follow
	for _, n := range nodes {
		for _, f := range g.follows[n] {
			if (best == nil || f.score > best.score) && !g.told(f) {
				best = &f
			}
		}
	}
	return best
}

// told reports whether the story that an item would follow told the same already, in any of its headlines or summaries,
// or another story of the affair did.
func (g *grouping) told(f follow) bool {
	sent, now := f.sent.doc.tokens, f.now.doc.tokens
	numbersAlone := !otherOutcome(sent, now) && !cameTrue(sent, now)
	for _, m := range g.nodes {
		if m.sent == 0 || m.sent != f.sent.sent && !mayScore(&m.doc, &f.now.doc) {
			continue
		}
		if m.sent != f.sent.sent {
			if _, affair := g.score(m, f.now); affair < sameAffair {
				continue
			}
		}
		if !tellsNew(m.doc, f.now.doc) && Score(m.doc, f.now.doc) >= toldScore {
			return true
		}
		if numbersAlone && hasNumbers(m.doc, f.now.doc) {
			return true
		}
	}
	return false
}

// toldScore is from which score a headline tells what another one told, if it holds nothing new.
const toldScore = 0.7

// hasNumbers reports whether the text of a document has all numbers of another one's headline.
func hasNumbers(d, of Document) bool {
	for _, t := range of.tokens {
		if t.isNumber() &&
			!slices.ContainsFunc(d.text, func(m mention) bool { return m.key == t.key }) {
			return false
		}
	}
	return true
}

// develop lets the stories say what they follow: of those that follow one story, the best. Stories come best first.
func develop(stories []digest.Story, follows map[string]follow, sent []digest.Story) {
	taken := make(map[int]bool)
	for i := range stories {
		f, ok := follows[stories[i].ID]
		if !ok || stories[i].Kind != digest.News || taken[f.sent.sent] {
			continue
		}
		taken[f.sent.sent] = true
		of := sent[f.sent.sent-1]
		stories[i].Follows = &digest.Follows{Story: of.ID, Title: of.Lead().Title, Score: f.score,
			News: whatIsNew(f.sent.doc, f.now.doc), Terms: sharedTerms(f.now.doc, f.sent.doc)}
	}
}

// WentOn reports whether what an outlet shows as a known item now tells something new of the same affair, by another
// headline: other numbers, another outcome, that what was to come has happened.
func WentOn(known, shown digest.Item) bool {
	shown.Title = withoutOutlet(shown)
	now, wentOn := documentOf(shown), false
	for _, form := range append([]digest.Alias{{Title: known.Title}}, known.Aliases...) {
		if form.Title == "" {
			continue
		}
		known.Title = form.Title
		known.Title = withoutOutlet(known)
		before := documentOf(known)
		if !tellsNew(before, now) && Score(before, now) >= toldScore {
			return false
		}
		wentOn = wentOn || progress(before, now) >= wentOnThreshold
	}
	return wentOn
}

// wentOnThreshold is the score of progress from which one entry with two headlines goes on with its affair. That it is
// one entry says much; but there are outlets that put another story under a guid.
const wentOnThreshold = 0.5

// withoutRetold takes out the stories that are nothing but an entry which an edition told under another headline, and
// can't say that they follow it.
func withoutRetold(stories, sent []digest.Story) (rest []digest.Story, closed []Closed) {
	told := make(map[uint64]digest.Story)
	for _, s := range sent {
		for _, it := range s.Items {
			told[it.Seq] = s
		}
	}
	rest = slices.DeleteFunc(stories, func(s digest.Story) bool {
		before, ok := told[s.Items[0].After]
		if !ok || s.Follows != nil || len(s.Items) != 1 {
			return false
		}
		closed = append(closed, Closed{Item: s.Lead(), Reason: coverageOf(before), Story: before.ID})
		return true
	})
	return rest, closed
}

// unheard reports whether what is new would be closed under a story that was sent, though its headline is for the most
// part of what nothing in that story has told. sent and fresh are members of two clusters.
func (g *grouping) unheard(sent, fresh []int) bool {
	if g.nodes[sent[0]].sent == 0 {
		return false
	}
	for _, i := range fresh {
		if g.nodes[i].doc.isUnheard(func(key uint64) bool {
			return slices.ContainsFunc(sent, func(j int) bool { return g.nodes[j].doc.has(key) })
		}) {
			return true
		}
	}
	return false
}

// isUnheard reports whether a headline is for the most part of words that were not told.
func (d Document) isUnheard(told func(key uint64) bool) bool { return d.unheard(told) >= mostUnheard }

// unheard is the part of a headline, from 0 to 1, that was not told.
func (d Document) unheard(told func(key uint64) bool) float64 {
	var unheard float64
	for _, t := range d.tokens {
		if !told(t.key) {
			unheard += t.weight
		}
	}
	return unheard / max(d.weight, labelWeight)
}

// mostUnheard is the part of a headline that may be unheard of in what was told; more is another matter of one affair.
const mostUnheard = 0.45

// has reports whether headline or summary have a word.
func (d Document) has(key uint64) bool {
	return hasKey(d.tokens, key) || slices.ContainsFunc(d.text, func(m mention) bool { return m.key == key })
}
