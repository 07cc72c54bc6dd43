package curate

import (
	"cmp"
	"iter"
	"math"
	"slices"
	"strings"

	"digestd/digest"
)

// Threshold is the score from which two documents tell the same story.
const Threshold = 0.84

// Document is a headline with its summary, taken apart for comparing.
type Document struct {
	tokens  []token // of the headline
	weight  float64 // of all of them
	dates   dates
	asks    bool // the headline is a question, or offers to explain
	self    bool // somebody tells of themselves in the headline
	denies  bool // the headline says that something is not so
	ahead   bool // the headline tells what is surely yet to come
	unread  bool // its words are of a language of which no vocabulary is built in
	ids     []serial
	bits    uint64 // one for each of their keys, of which some fall together
	order   uint64 // decides which of two documents is looked at first, so that Score is symmetric
	text    []mention
	summary int      // how many tokens the summary has
	runs    []uint64 // of words in the summary, a sample: see runsOf
}

// mention is a word of headline or summary, as it counts in the comparison of texts.
type mention struct {
	key    uint64
	weight float64
	named  bool // a person, a body, a place
}

func byKey(a, b mention) int { return cmp.Compare(a.key, b.key) }

// inBoth are the mentions whose keys stand in other ones, too. Both are sorted by key, as are these.
func inBoth(mentions, others []mention) iter.Seq[mention] {
	return func(yield func(mention) bool) {
		for i, j := 0, 0; i < len(mentions) && j < len(others); {
			switch x, y := mentions[i].key, others[j].key; {
			case x < y:
				i++
			case x > y:
				j++
			case !yield(mentions[i]):
				return
			default:
				i, j = i+1, j+1
			}
		}
	}
}

// How much of a summary is read, and from how many tokens on it is one.
const (
	summaryBytes = 400
	leastSummary = 5
)

// NewDocument takes a headline and a summary (which may be empty) apart. language is what the feed
// declares (BCP 47) or empty: then both together tell it, since a headline has few small words.
func NewDocument(title, summary, language string) Document {
	return new(reader).document(title, summary, language)
}

func (r *reader) document(title, summary, language string) Document {
	lex := r.lexemes(r.lex[:0], title)
	all := r.lexemes(lex, beginning(summary, summaryBytes))
	r.lex = all
	if language == "" {
		t := tokenizer{reader: r}
		t.read(all, "")
		language = t.language
	}
	d := Document{tokens: slices.Clone(r.tokenize(lex, language)), dates: datesOf(lex), asks: asks(title, lex), self: tellsOfSelf(title),
		denies: denies(lex), ahead: ahead(lex), ids: serialsOf(lex)}
	is := func(k kind) bool { return slices.ContainsFunc(d.tokens, func(t token) bool { return t.kind == k }) }
	d.unread = is(unknown) && !is(word)
	for _, t := range d.tokens {
		d.weight += t.weight
		d.order = d.order*31 + t.key
		d.bits |= 1 << (t.key >> 58)
	}
	if summary == "" {
		return d
	}
	rest := r.tokenize(all, language)
	d.text = make([]mention, 0, len(rest))
	for _, t := range rest {
		if t.weight >= commonWeight || t.gram {
			d.text = append(d.text, mention{key: t.key, weight: t.weight, named: t.kind == name || t.kind == state})
		}
	}
	d.summary = max(0, len(rest)-len(d.tokens))
	d.runs = runsOf(all[len(lex):])
	slices.SortFunc(d.text, byKey)
	return d
}

// asks reports whether a headline is a question or offers to explain. Such pieces circle around a
// subject for weeks; two of them, or one and the news, are seldom one story.
func asks(title string, lex []lexeme) bool {
	if strings.ContainsAny(title, "?？؟") {
		return true
	}
	if len(lex) == 0 {
		return false
	}
	for i, l := range lex {
		switch l.folded {
		case "pourquoi", "warum", "wie", "when", "where":
			if i == 0 {
				return true
			}
		case "how", "why", "what":
			if l.initial {
				return true
			}
		case "who":
			if l.initial && l.text == "Who" { // no body of the United Nations
				return true
			}
		}
	}
	low := strings.ToLower(title)
	return strings.Contains(low, "how to ") || strings.Contains(low, "need to know") ||
		strings.Contains(low, "what to know") || strings.Contains(low, "things to know") ||
		strings.Contains(low, "your questions") || strings.HasSuffix(low, "explained")
}

// tellsOfSelf reports whether somebody tells of themselves.
func tellsOfSelf(title string) bool {
	low := strings.ToLower(title)
	for _, self := range [...]string{"i ", "i'", "i’", "my "} {
		if strings.HasPrefix(low, self) {
			return true
		}
		for _, quote := range [...]string{" '", " ‘", " “", " \"", "«"} {
			if strings.Contains(low, quote+self) {
				return true
			}
		}
	}
	return false
}

// denies reports whether a headline says that something is not so.
func denies(lex []lexeme) bool {
	return slices.ContainsFunc(lex, func(l lexeme) bool {
		switch l.folded {
		case "no", "without", "zero", "none", "nicht", "kein", "keine", "pas", "non", "nao":
			return true
		}
		return negationsEnglish[l.folded]
	})
}

// ahead reports whether a headline tells what is surely yet to come: "to be sworn in", "set to argue", "strike
// looming".
func ahead(lex []lexeme) bool {
	for i, l := range lex {
		next := ""
		if i+1 < len(lex) {
			next = lex[i+1].folded
		}
		if aheadEnglish[l.folded] || l.folded == "to" && next == "be" && !(i > 0 && doneEnglish[lex[i-1].folded]) || aheadTo[l.folded] && next == "to" {
			return true
		}
	}
	return false
}

var (
	aheadEnglish = words("will looming looms upcoming")
	aheadTo      = words("set due poised expected about scheduled likely ready prepares preparing plans planning")
)

// beginning is so many bytes of a text at most, and never half a character.
func beginning(s string, n int) string {
	if len(s) <= n {
		return s
	}
	return strings.ToValidUTF8(s[:n], "")
}

func documentOf(it digest.Item) Document {
	return NewDocument(it.Title, it.Summary.Plain(), it.Language)
}

// Score tells from 0 to 1 how surely two documents tell the same story. It depends on nothing but the
// two, and is symmetric.
func Score(a, b Document) float64 {
	score, _, _ := judge(a, b, 0, nothing)
	return score
}

// tie is what beside words makes it surer that two items tell one story.
type tie uint8

const (
	nothing tie = iota
	first       // each stands first at its outlet
	copied      // their summaries are one text
)

// judge is Score; how surely the two are of one affair, whatever new one of them may tell; and whether something rules
// out that they tell the same story: then the score is far from Threshold, whatever else the two have. Of two that are
// tied, what each alone has that is rare does not speak against one story: each tells its own angle.
// more is by how much the share of what is rare must be greater.
func judge(a, b Document, more float64, tied tie) (score, affair float64, vetoed bool) {
	if a.order > b.order {
		a, b = b, a
	}
	f, few, apart := contrast(a, b)
	vetoed = apart || few && tied != copied
	text := texts(a, b)
	affair = chance(f.ofAffair().logit() + text)
	if f[rareShared] != 0 {
		f[rareShared] = min(f[rareShared]-more, mostRare)
		if f[statesApart] > 0 { // "Floods in France close schools", "Floods in Spain close schools"
			f[rareShared] = min(f[rareShared], 0)
		}
	}
	if tied != nothing {
		f[rareShared] = max(0, f[rareShared])
	}
	score = chance(f.logit() + text)
	if tied == copied && !f.setApart() {
		score = max(score, copiedScore)
	}
	if vetoed {
		score = min(score, Threshold/2)
	}
	return score, affair, vetoed
}

func chance(logit float64) float64 { return 1 / (1 + math.Exp(-logit)) }

// texts is what the summaries add to the logit of the headlines. Two outlets that tell the same story
// name the same people, places and figures in their first sentences; where both have a summary and
// they share not even one telling word beyond those that the headlines share, it is mostly another
// story about the same subject. Without two summaries nothing is added.
func texts(a, b Document) float64 {
	if a.summary < leastSummary || b.summary < leastSummary {
		return 0
	}
	var shared float64
	for m := range inBoth(a.text, b.text) {
		if !hasKey(a.tokens, m.key) || !hasKey(b.tokens, m.key) {
			shared += m.weight
		}
	}
	if shared < nameWeight {
		return nothingShared
	}
	return min(mostFromTexts, shared*perShared)
}

// The weights of texts, set by hand on captured news of ten outlets; judged headlines come without
// summaries.
const (
	nothingShared = -0.8
	perShared     = 0.12
	mostFromTexts = 1.5
)

// How many words a run has, and how many of a summary are read for runs, of which one in sampled is kept. Two summaries
// that have leastRuns in common, and half of what the lesser one has, are copies of one text. What more than mostCopies
// items have is their outlet's furniture.
const (
	runWords   = 5
	copyWords  = 40
	sampled    = 4
	leastRuns  = 3
	mostCopies = 8

	copiedScore = 0.995 // of copies under headlines that nothing sets apart
)

// runsOf is a sample of the runs of words in a text: of two texts, the same ones (Broder, "On the resemblance and
// containment of documents", 1997, 4).
func runsOf(lex []lexeme) (runs []uint64) {
	var keys [copyWords]uint64
	for i, l := range lex[:min(len(lex), copyWords)] {
		keys[i] = hashKey(l.folded)
		h := uint64(0)
		for _, k := range keys[max(0, i+1-runWords) : i+1] {
			h = (h ^ k) * 1099511628211
		}
		if i+1 >= runWords && (h>>32)%sampled == 0 {
			runs = append(runs, h)
		}
	}
	return runs
}

// copies reports whether the summaries of two documents are for the most part one text, as an agency wrote it.
func copies(a, b *Document) bool {
	n := 0
	for _, h := range a.runs {
		if slices.Contains(b.runs, h) {
			n++
		}
	}
	return n >= leastRuns && 2*n >= min(len(a.runs), len(b.runs))
}

func hasKey(tokens []token, key uint64) bool {
	return slices.ContainsFunc(tokens, func(t token) bool { return t.key == key })
}

// Near is an item that may tell the same as a story, and was not joined to it.
type Near struct {
	Item  digest.Item
	Score float64 // with the nearest item of the story; what Threshold alone lets in, the rest of the two may keep apart
}

// Nearest are the items of other stories that come nearest to a story: one of each, from a score of least on, at most
// so many, the nearest first.
func Nearest(story digest.Story, others []digest.Story, least float64, most int) []Near {
	own := make([]Document, len(story.Items))
	for i, it := range story.Items {
		own[i] = documentOf(it)
	}
	var found []Near
	for _, s := range others {
		best := Near{}
		for _, it := range s.Items {
			for _, d := range own {
				if score := Score(d, documentOf(it)); score > best.Score {
					best = Near{it, score}
				}
			}
		}
		if s.ID != story.ID && best.Score >= least {
			found = append(found, best)
		}
	}
	slices.SortStableFunc(found, func(a, b Near) int { return cmp.Compare(b.Score, a.Score) })
	return found[:min(most, len(found))]
}

// mayScore is a cheap look at whether two documents have enough words in common to be compared: most
// pairs that the index of words proposes fall here. No judged pair that reaches the threshold has less
// in common by equal words alone.
func mayScore(a, b *Document) bool {
	var shared float64
	count := 0
	for i := range a.tokens {
		key := a.tokens[i].key
		if b.bits&(1<<(key>>58)) == 0 {
			continue
		}
		for j := range b.tokens {
			if key == b.tokens[j].key {
				shared += a.tokens[i].weight
				count++
				break
			}
		}
	}
	return count >= 2 && shared >= 0.33*min(a.weight, b.weight) && shared >= 0.25*max(a.weight, b.weight)
}

// sharedTerms are the words that two documents have in common, the most telling first, for why.
func sharedTerms(a, b Document) []string {
	m := align(a.tokens, b.tokens)
	var shared []token
	for i, t := range a.tokens {
		if m.a[i] > 0 {
			shared = append(shared, t)
		}
	}
	slices.SortStableFunc(shared, func(x, y token) int { return -cmp.Compare(x.weight, y.weight) })
	terms := make([]string, 0, maxTerms)
	for _, t := range shared[:min(len(shared), maxTerms)] {
		terms = append(terms, t.term)
	}
	return terms
}

// maxTerms is how many words explain a join.
const maxTerms = 6
