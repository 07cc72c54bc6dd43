package curate

import (
	"cmp"
	"math/bits"
	"runtime"
	"slices"
	"sync"
)

// How wide the search for pairs is. Each item looks for earlier ones that share two of its rarest
// words, in lists that are read from the latest backwards. So the work grows with the number of items
// and not with its square, however much of the news is about one thing.
const (
	rarestWords = 6
	readBack    = 64
)

// candidates are the pairs that score, found through an index of words.
func (g *grouping) candidates() []edge {
	x := wordIndex{byTime: make([]int, len(g.nodes)), bits: make([]uint64, len(g.nodes)), lists: make(map[uint64][]int32)}
	for i := range x.byTime {
		x.byTime[i] = i
	}
	slices.SortStableFunc(x.byTime, func(i, j int) int { return g.nodes[i].when.Compare(g.nodes[j].when) })
	for at, i := range x.byTime {
		x.bits[at] = g.nodes[i].doc.bits
		for _, t := range g.nodes[i].doc.tokens {
			x.lists[t.key] = append(x.lists[t.key], int32(at))
		}
	}
	found := make([][]edge, len(g.nodes))
	inParallel(len(g.nodes), func(from, to int) {
		met := make([]int32, len(g.nodes)) // by which place, from 1, each was met last; negative: twice
		for at := from; at < to; at++ {
			found[at] = g.earlier(x, at, met)
		}
	})
	return slices.Concat(found...)
}

// wordIndex finds nodes by their words. Places are those in the order of time.
type wordIndex struct {
	byTime []int              // nodes
	bits   []uint64           // of the documents, by place
	lists  map[uint64][]int32 // of words to places, ascending
}

// earlier are the pairs of the node at a place with those before it.
func (g *grouping) earlier(x wordIndex, at int, met []int32) []edge {
	var edges []edge
	i := x.byTime[at]
	n := g.nodes[i]
	for _, list := range x.rarest(n.doc.tokens) {
		passed, _ := slices.BinarySearch(list, int32(at))
		for k := passed - 1; k >= max(0, passed-readBack); k-- {
			other := list[k]
			if bits.OnesCount64(n.doc.bits&x.bits[other]) < 2 {
				continue
			}
			if met[other] != int32(at+1) && met[other] != -int32(at+1) {
				met[other] = int32(at + 1)
				continue // they share this word; the next one will tell
			}
			if met[other] < 0 {
				continue
			}
			met[other] = -int32(at + 1)
			j := x.byTime[other]
			m := g.nodes[j]
			if n.when.Sub(m.when) > Window {
				break
			}
			if !mayScore(&n.doc, &m.doc) {
				continue
			}
			if s := Score(m.doc, n.doc); s >= Threshold {
				edges = append(edges, g.edge(i, j, s, sharedTerms(n.doc, m.doc)...))
			}
		}
	}
	return edges
}

// rarest are the lists of a document's words that fewest others have.
func (x wordIndex) rarest(tokens []token) [][]int32 {
	lists := make([][]int32, 0, len(tokens))
	for _, t := range tokens {
		lists = append(lists, x.lists[t.key])
	}
	slices.SortStableFunc(lists, func(a, b []int32) int { return cmp.Compare(len(a), len(b)) })
	return lists[:min(len(lists), rarestWords)]
}

// inParallel calls work for parts of the range from 0 to n, one a processor.
func inParallel(n int, work func(from, to int)) {
	parts := runtime.GOMAXPROCS(0)
	var group sync.WaitGroup
	for p := range parts {
		group.Go(func() { work(p*n/parts, (p+1)*n/parts) })
	}
	group.Wait()
}
