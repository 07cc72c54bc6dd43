package curate

import (
	"fmt"
	"math"

	"digestd/digest"
)

// What the vectors of two items say, as a logit. Vectors are compared as far as they lie apart from what all of the
// window have in common, in deviations of any two of its items: that is much the same for vectors of every origin. The
// figures were fitted to the even lines of the judged headlines, with GloVe's vectors. It lifts what words leave in doubt,
// by mostMeaning at most, and takes nothing down: where few words of two headlines are the same, vectors are far apart as
// often because they know none of a name as because the two tell different things.
const (
	leastForMeaning = 40 // items with a vector; fewer don't tell what any two have in common
	alikeInMeaning  = 4.4
	perDeviation    = 1.0
	mostMeaning     = 1.5
	anyPairs        = 4000 // that are looked at for the deviation
)

// standardize turns the vectors of nodes into such of which the product of two is how far they are alike beyond any two
// nodes, in deviations. Nodes whose vectors have another length than the first one's have none then.
func standardize(nodes []*node) {
	var with []*node
	for _, n := range nodes {
		if len(n.meaning) > 0 && (len(with) == 0 || len(n.meaning) == len(with[0].meaning)) {
			with = append(with, n)
		} else {
			n.meaning = nil
		}
	}
	deviation := 0.0
	if len(with) >= leastForMeaning {
		center(with)
		deviation = deviationOf(with)
	}
	scale := float32(0) // of what says nothing
	if deviation > 0 {
		scale = float32(1 / math.Sqrt(deviation))
	}
	for _, n := range with {
		if scale == 0 {
			n.meaning = nil
		}
		for i := range n.meaning {
			n.meaning[i] *= scale
		}
	}
}

// center takes from the nodes' vectors what they have in common, and makes them one long.
func center(nodes []*node) {
	common := make([]float64, len(nodes[0].meaning))
	for _, n := range nodes {
		for i, x := range n.meaning {
			common[i] += float64(x) / float64(len(nodes))
		}
	}
	for _, n := range nodes {
		apart, length := make([]float32, len(common)), 0.0
		for i, x := range n.meaning {
			apart[i] = x - float32(common[i])
			length += float64(apart[i]) * float64(apart[i])
		}
		if length > 0 {
			length = 1 / math.Sqrt(length)
		}
		for i := range apart {
			apart[i] *= float32(length)
		}
		n.meaning = apart // the caller's stays as it is
	}
}

// deviationOf is by how much the likeness of any two nodes differs from none.
func deviationOf(nodes []*node) float64 {
	var sum float64
	for k := range anyPairs {
		step := len(nodes)/2 + k/len(nodes) // far apart: neighbours may be of one story, or of one outlet
		alike := likeness(nodes[k%len(nodes)].meaning, nodes[(k+step)%len(nodes)].meaning)
		sum += alike * alike
	}
	return math.Sqrt(sum / anyPairs)
}

func likeness(a, b []float32) (sum float64) {
	for i, x := range a {
		sum += float64(x * b[i])
	}
	return sum
}

// meant is the logit by which the vectors of two outlets' nodes make it surer that they tell the same; 0 where they don't
// tell. One outlet's two are mostly stages of one affair, which are alike in meaning; and so are the countries, numbers
// and opposites that set two apart.
func meant(a, b *node) float64 {
	if a.meaning == nil || b.meaning == nil || sameOutlet(a, b) {
		return 0
	}
	logit := min(mostMeaning, perDeviation*(likeness(a.meaning, b.meaning)-alikeInMeaning))
	if logit <= 0 {
		return 0
	}
	if f, _ := compare(a.doc, b.doc); f.setApart() {
		return 0
	}
	return logit
}

// meaningTerm says for why what vectors added to a join.
func meaningTerm(logit float64) string { return fmt.Sprintf("alike in meaning (%+.1f)", logit) }

// Pairs are the Scores of pairs of items, the first with the second and so on, by headlines alone and by what vectors say
// of them: for measuring.
func Pairs(items []digest.Item, vectors map[uint64][]float32) []float64 {
	nodes := make([]*node, len(items))
	for i, it := range items {
		n := newNode(it, 0)
		n.doc, n.meaning = NewDocument(it.Title, "", ""), vectors[it.Seq]
		nodes[i] = &n
	}
	standardize(nodes)
	scores := make([]float64, len(items)/2)
	for i := range scores {
		a, b := nodes[2*i], nodes[2*i+1]
		score, _, vetoed := judge(a.doc, b.doc, 0, nothing)
		if !vetoed {
			score = shifted(score, meant(a, b))
		}
		scores[i] = score
	}
	return scores
}
