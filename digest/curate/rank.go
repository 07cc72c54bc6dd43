package curate

import (
	"cmp"
	"math"
	"strings"
	"time"

	"digestd/digest"
)

// The figures of the ranking. Two outlets count as twice one, four as three times: each further one
// says less. News halves in worth in half an edition's period, six hours at least, so that a weekly
// digest does not forget its Monday.
const (
	minHalfLife  = 6 * time.Hour
	leastRecency = 1.0 / 64
)

// rank is a story's worth: coverage × recency × weight of the leading feed. A story that was carried
// over has waited half its age for room and is not punished for that half.
func rank(s digest.Story, f filters, opt Options) digest.Rank {
	var newest time.Time
	for _, it := range s.Items {
		if w := it.When(); w.After(newest) {
			newest = w
		}
	}
	age := max(0, opt.Now.Sub(newest))
	if newest.IsZero() {
		age = 0
	}
	if s.Carried > 0 {
		age /= 2
	}
	halfLife := max(minHalfLife, opt.Now.Sub(opt.Since)/2)
	r := digest.Rank{
		Coverage: 1 + math.Log2(float64(max(1, s.Outlets()))),
		Recency:  max(leastRecency, math.Exp2(-float64(age)/float64(halfLife))),
		Weight:   f.weight(s.Lead().Feed),
	}
	r.Total = r.Coverage * r.Recency * r.Weight
	return r
}

// byRank sorts stories best first. Ties go to the fresher, then to the leading items' own order, so
// that the same stories always stand in the same order.
func byRank(a, b digest.Story) int {
	la, lb := a.Lead(), b.Lead()
	return cmp.Or(-cmp.Compare(a.Rank.Total, b.Rank.Total), -la.When().Compare(lb.When()), compareItems(&la, &lb))
}

// compareItems is a total order of items that does not depend on how they were given.
func compareItems(a, b *digest.Item) int {
	return cmp.Or(cmp.Compare(a.Seq, b.Seq), strings.Compare(a.Feed, b.Feed), strings.Compare(a.GUID, b.GUID),
		strings.Compare(a.Link, b.Link), strings.Compare(a.Title, b.Title), a.Published.Compare(b.Published), a.FirstSeen.Compare(b.FirstSeen),
		strings.Compare(a.Source, b.Source), strings.Compare(a.Summary.Plain(), b.Summary.Plain()))
}

// leadPoints tells how well an item would stand for its story: an original before an aggregator's
// pointer to it, then a fuller summary, a picture, and the weight its feed was given.
func leadPoints(n *node, f filters, aggregators map[string]bool) float64 {
	var p float64
	if !aggregators[n.item.Feed] {
		p += 10
	}
	p += 2 * math.Min(1, float64(len([]rune(n.item.Summary.Plain())))/240)
	if n.item.Image != nil {
		p++
	}
	return p + 2*math.Log2(f.weight(n.item.Feed))
}
