package curate

import (
	"cmp"
	"math"
	"math/bits"
	"runtime"
	"slices"
	"sync"

	"digestd/digest"
)

// How wide the search for pairs is. Each item looks for earlier ones that share two of its rarest
// words, in lists that are read from the latest backwards. So the work grows with the number of items
// and not with its square, however much of the news is about one thing.
const (
	rarestWords = 6
	readBack    = 64
	mostScored  = 48 // pairs of one item with earlier ones
	mostEdges   = 12 // that lead from it
)

// candidates are the pairs that score, those of which one follows the other, and those of one affair, found through an
// index of words.
func (g *grouping) candidates() ([]edge, []follow, [][2]int) {
	n := len(g.nodes)
	found, follows, beside := make([][]edge, n), make([][]follow, n), make([][][2]int, n)
	inParallel(len(g.nodes), func(from, to int) {
		met := make([]int32, len(g.nodes)) // by which place, from 1, each was met last; negative: twice
		for at := from; at < to; at++ {
			found[at], follows[at], beside[at] = g.earlier(at, met)
		}
	})
	return slices.Concat(found...), slices.Concat(follows...), slices.Concat(beside...)
}

// wordIndex finds nodes by their words. Places are those in the order of time.
type wordIndex struct {
	byTime []int              // nodes
	bits   []uint64           // of the documents, by place
	lists  map[uint64][]int32 // of words to places, ascending
}

// How much a shared word says depends on how many other items have it: a name that few have is the story's own, and of
// a plague all speak. Fewer items than leastForRarity don't tell.
const leastForRarity = 40

// newWordIndex indexes nodes. Words that more than one in commonToOneIn of the items bear become labels, unless one story
// that all outlets tell could have made them so common: that two items have such a word says nothing of either.
func newWordIndex(nodes []*node) wordIndex {
	x := wordIndex{byTime: make([]int, len(nodes)), bits: make([]uint64, len(nodes)), lists: make(map[uint64][]int32)}
	for i := range x.byTime {
		x.byTime[i] = i
	}
	slices.SortStableFunc(x.byTime, func(i, j int) int { return nodes[i].when.Compare(nodes[j].when) })
	outlets := make(map[string]bool)
	for at, i := range x.byTime {
		outlets[nodes[i].item.Source] = true
		x.bits[at] = nodes[i].doc.bits
		for _, t := range nodes[i].doc.tokens {
			x.lists[t.key] = append(x.lists[t.key], int32(at))
		}
		for _, h := range nodes[i].doc.runs {
			x.lists[h] = append(x.lists[h], int32(at))
		}
	}
	for _, n := range nodes {
		n.doc.runs = slices.DeleteFunc(n.doc.runs, func(h uint64) bool { return len(x.lists[h]) > mostCopies })
	}
	if len(nodes) < leastForRarity {
		return x
	}
	everyday := max(len(nodes)/commonToOneIn, 2*(2+len(outlets)))
	for _, n := range nodes {
		d := &n.doc
		for i := range d.tokens {
			t := &d.tokens[i]
			bearers := len(x.lists[t.key])
			t.rarity = math.Log(float64(len(nodes)) / float64(bearers))
			if bearers > everyday {
				d.weight -= t.weight - labelWeight
				t.weight, t.kind = labelWeight, word
			}
		}
	}
	return x
}

// earlier are the pairs of the node at a place with those before it, what of them it follows, and those that are of the
// same affair.
func (g *grouping) earlier(at int, met []int32) (edges []edge, follows []follow, beside [][2]int) {
	x, scored := &g.words, 0
	i := x.byTime[at]
	n := g.nodes[i]
	runs := x.copied(n.doc.runs)
	for k, list := range append(runs, x.rarest(n.doc.tokens)...) {
		ofRuns := k < len(runs)
		passed, _ := slices.BinarySearch(list, int32(at))
		for p := passed - 1; p >= max(0, passed-readBack); p-- {
			other := list[p]
			j := x.byTime[other]
			m := g.nodes[j]
			switch {
			case met[other] == -int32(at+1):
				continue
			case ofRuns && !copies(&n.doc, &m.doc) || !ofRuns && bits.OnesCount64(n.doc.bits&x.bits[other]) < 2:
				continue
			case met[other] != int32(at+1):
				met[other] = int32(at + 1)
				continue // they share this word or run; the next one will tell
			}
			met[other] = -int32(at + 1)
			if n.when.Sub(m.when) > Window {
				break
			}
			if !ofRuns && !mayScore(&n.doc, &m.doc) {
				continue
			}
			if scored++; scored > mostScored {
				g.compared.Add(int64(scored))
				return strongest(edges), follows, beside
			}
			s, affair := g.score(m, n)
			if s >= Threshold {
				edges = append(edges, g.edge(i, j, s))
			}
			if n.sent == 0 && (m.sent == 0 && affair >= sameAffair || m.sent > 0 && s >= Threshold && !tellsNew(m.doc, n.doc) &&
				!n.top && !n.doc.isUnheard(m.doc.has)) {
				beside = append(beside, [2]int{i, j})
			}
			if m.sent > 0 && n.sent == 0 && n.item.Kind == digest.News && m.item.Kind == digest.News {
				if s := progress(m.doc, n.doc); s >= leastProgress(m.doc, n.doc) {
					follows = append(follows, follow{now: n, sent: m, score: s})
				}
			}
		}
	}
	g.compared.Add(int64(scored))
	return strongest(edges), follows, beside
}

// strongest are the surest of an item's edges: one is enough to bring it in.
func strongest(edges []edge) []edge {
	slices.SortStableFunc(edges, func(a, b edge) int { return -cmp.Compare(a.score, b.score) })
	return edges[:min(len(edges), mostEdges)]
}

// rarest are the lists of a document's words that others have too, and the fewest of them.
func (x wordIndex) rarest(tokens []token) [][]int32 {
	lists := make([][]int32, 0, len(tokens))
	for _, t := range tokens {
		if list := x.lists[t.key]; len(list) > 1 {
			lists = append(lists, list)
		}
	}
	slices.SortStableFunc(lists, func(a, b []int32) int { return cmp.Compare(len(a), len(b)) })
	return lists[:min(len(lists), rarestWords)]
}

// copied are the lists of runs that others have too.
func (x wordIndex) copied(runs []uint64) (lists [][]int32) {
	for _, h := range runs {
		if list := x.lists[h]; len(list) > 1 {
			lists = append(lists, list)
		}
	}
	return lists
}

// inParallel calls do for parts of the range from 0 to n, one a processor.
func inParallel(n int, do func(from, to int)) {
	parts := runtime.GOMAXPROCS(0)
	var group sync.WaitGroup
	for p := range parts {
		group.Go(func() { do(p*n/parts, (p+1)*n/parts) })
	}
	group.Wait()
}
