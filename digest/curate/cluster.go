package curate

import (
	"cmp"
	"math"
	"slices"
	"sync/atomic"
	"time"

	"digestd/digest"
)

// node is an item as clustering sees it.
type node struct {
	item *digest.Item
	doc  Document
	link string // canonical
	host string
	when time.Time
	sent int  // the story that was sent of which it is part, from 1; 0: none
	top  bool // new, and among the first places of a feed that orders by importance

	explains bool   // its headline, rather than that it tells; or what it says is no news
	aside    string // what makes it no news, in words; empty: nothing does, or its feed
	joined   bool   // its standfirst and first sentence, without a stop
	fronted  bool   // by a word in capitals: see front

	meaning []float32 // its vector; nil: there is none
}

func newNode(it digest.Item, sent int) node {
	return node{item: &it, when: it.When(), sent: sent}
}

// clean says of what kind the new nodes' items are, and takes out of them what is no news. kind is what the config says
// of a feed.
func clean(nodes []node, kind func(feed string) digest.Kind, asidePaths []string) {
	inParallel(len(nodes), func(from, to int) {
		for i := range nodes[from:to] {
			plain := nodes[from+i].item.Summary.Plain()
			nodes[from+i].joined, nodes[from+i].fronted = joint(plain, false) > 0, front(plain, true) > 0
		}
	})
	joins := feedsWhere(nodes, 4, 1, func(n node) bool { return n.joined })
	fronts := feedsWhere(nodes, 4, 3, func(n node) bool { return n.fronted })
	tails := make(map[[2]string]int) // what stands behind a bar in titles, by feed
	for _, n := range nodes {
		if at := behindBar(n.item.Title); n.sent == 0 && at < len(n.item.Title) {
			tails[[2]string{n.item.Feed, n.item.Title[at:]}]++
		}
	}
	inParallel(len(nodes), func(from, to int) {
		for i := range nodes[from:to] {
			if n := &nodes[from+i]; n.sent == 0 {
				*n.item = withApostrophes(*n.item)
				if joins[n.item.Feed] {
					n.item.Summary = parted(n.item.Summary, joint(n.item.Summary.Plain(), true), ". ")
				}
				n.item.Kind = kindOf(*n.item, kind(n.item.Feed), asidePaths)
				if n.item.Kind == digest.Aside {
					n.aside = asideOf(*n.item, asidePaths)
				}
				if at := behindBar(n.item.Title); tails[[2]string{n.item.Feed, n.item.Title[at:]}] > mostTails {
					n.item.Title = n.item.Title[:at]
				}
				n.item.Title = headline(*n.item)
				if behind := front(n.item.Summary.Plain(), fronts[n.item.Feed]); behind > 0 {
					n.item.Summary = n.item.Summary.Without(0, behind)
				}
				n.item.Summary = CleanSummary(withoutCaption(*n.item))
				n.explains = explains(n.item.Title) || isMagazine(*n.item)
			}
		}
	})
}

// prepare takes the nodes' items apart, the costly part of making nodes.
func prepare(nodes []node) {
	inParallel(len(nodes), func(from, to int) {
		r := newReader()
		for i := range nodes[from:to] {
			n := &nodes[from+i]
			n.doc = r.document(n.item.Title, n.item.Summary.Plain(), n.item.Language)
			n.link = itemLink(*n.item)
			n.host = linkHost(n.link)
		}
	})
}

// cluster is what tells one story.
type cluster struct {
	nodes       []*node
	sent        int             // the sent story that it is, from 1; 0: none
	edges       []edge          // what brought its nodes together
	follows     *follow         // the story that was sent of which it tells what is new; nil: none
	root        int             // names it
	beside      []int           // roots of clusters of the same affair
	aggregators map[string]bool // feeds that point at others' pages
}

// joinOf tells how a node came into its cluster: by the best edge that it has.
func (c cluster) joinOf(n *node) digest.Join {
	var best digest.Join
	for _, e := range c.edges {
		other := e.a
		switch n {
		case e.a:
			other = e.b
		case e.b:
		default:
			continue
		}
		if e.score > best.Score {
			best = digest.Join{Item: n.item.Seq, With: other.item.Seq, Score: e.score, Terms: e.terms}
		}
	}
	return best
}

// asks reports whether all items ask, or offer to explain.
func (c cluster) asks() bool {
	return !slices.ContainsFunc(c.nodes, func(n *node) bool { return !n.doc.asks })
}

// sameOutlet reports whether two items come from one outlet: one feed, or feeds of one name.
func sameOutlet(a, b *node) bool {
	return a.item.Feed == b.item.Feed && a.item.Feed != "" || a.item.Source == b.item.Source && a.item.Source != ""
}

// samePage reports whether two items lead to one and the same page.
func samePage(a, b *node) bool {
	return a.link == b.link && a.link != "" || a.item.Of != 0 && a.item.Of == b.item.Seq ||
		b.item.Of != 0 && b.item.Of == a.item.Seq
}

// edge is two nodes that tell the same story.
type edge struct {
	i, j  int // their places in the sorted nodes
	a, b  *node
	score float64
	terms []string
}

// clusters groups nodes into stories. Those of a story that was sent start together, and no two such stories ever
// come together.
func clusters(given []node) []cluster { return group(given).result() }

// group brings the nodes of each story together.
func group(given []node) *grouping {
	prepare(given)
	nodes := make([]*node, len(given))
	for i := range given {
		nodes[i] = &given[i]
	}
	// Sent stories come first, so that the first member of a cluster tells whether it is one.
	slices.SortFunc(nodes, func(a, b *node) int {
		return cmp.Or(-cmp.Compare(min(a.sent, 1), min(b.sent, 1)), cmp.Compare(a.sent, b.sent),
			compareItems(a.item, b.item))
	})
	standardize(nodes)
	g := newGrouping(nodes)
	for _, e := range g.exactEdges() {
		g.join(e, true)
	}
	edges, follows, beside := g.candidates()
	g.beside = beside
	for _, f := range follows {
		g.follows[f.now] = append(g.follows[f.now], f)
	}
	slices.SortFunc(edges, func(a, b edge) int {
		return cmp.Or(-cmp.Compare(a.score, b.score), cmp.Compare(a.i, b.i), cmp.Compare(a.j, b.j))
	})
	for _, e := range edges {
		g.join(e, false)
	}
	return g
}

// grouping is clustering under way.
type grouping struct {
	nodes   []*node
	parent  []int
	members [][]int // by root
	spans   []span  // by root
	used    []edge
	words   wordIndex
	follows map[*node][]follow // what of the stories that were sent each node follows
	beside  [][2]int           // nodes of one affair

	compared atomic.Int64 // pairs of documents, for the tests of how the work grows
}

// span is when the first and the last item of a cluster were told.
type span struct{ first, last time.Time }

func newGrouping(nodes []*node) *grouping {
	g := &grouping{nodes: nodes, words: newWordIndex(nodes), follows: make(map[*node][]follow)}
	g.parent = make([]int, len(nodes))
	g.members, g.spans = make([][]int, len(nodes)), make([]span, len(nodes))
	first := make(map[int]int)
	for i, n := range nodes {
		g.parent[i], g.members[i], g.spans[i] = i, []int{i}, span{n.when, n.when}
		if n.sent == 0 {
			continue
		}
		if f, ok := first[n.sent]; ok {
			g.union(f, i)
		} else {
			first[n.sent] = i
		}
	}
	return g
}

func (g *grouping) root(i int) int {
	for g.parent[i] != i {
		g.parent[i] = g.parent[g.parent[i]]
		i = g.parent[i]
	}
	return i
}

func (g *grouping) union(a, b int) {
	a, b = g.root(a), g.root(b)
	if a == b {
		return
	}
	if b < a {
		a, b = b, a
	}
	g.parent[b] = a
	g.members[a] = append(g.members[a], g.members[b]...)
	g.members[b] = nil
	g.spans[a] = g.spans[a].with(g.spans[b])
}

// with is the span of both.
func (s span) with(o span) span {
	if o.first.Before(s.first) {
		s.first = o.first
	}
	if o.last.After(s.last) {
		s.last = o.last
	}
	return s
}

func (g *grouping) edge(i, j int, score float64, terms ...string) edge {
	i, j = min(i, j), max(i, j)
	return edge{i, j, g.nodes[i], g.nodes[j], score, terms}
}

// exactEdges are the pairs that are one item shown by several feeds, or one page.
func (g *grouping) exactEdges() []edge {
	var edges []edge
	byLink, bySeq := make(map[string]int), make(map[uint64]int)
	entries := make(map[[2]string]int) // by feed and link: of more than one, the page is a list
	for i, n := range g.nodes {
		entries[[2]string{n.item.Feed, n.link}]++
		if n.item.Seq != 0 {
			if _, ok := bySeq[n.item.Seq]; !ok {
				bySeq[n.item.Seq] = i
			}
		}
	}
	for i, n := range g.nodes {
		if j, ok := bySeq[n.item.After]; ok {
			if m := g.nodes[j]; m.sent == 0 {
				edges = append(edges, g.edge(i, j, 1, "same entry"))
			} else if len(whatIsNew(m.doc, n.doc)) > 0 {
				g.follows[n] = append(g.follows[n], follow{now: n, sent: m, score: 1})
			}
			continue
		}
		if j, ok := bySeq[n.item.Of]; ok {
			edges = append(edges, g.edge(i, j, 1, "same item"))
		} else if j, ok := bySeq[n.item.Seq]; ok && j != i {
			edges = append(edges, g.edge(i, j, 1, "same item"))
		}
		if isFrontPage(n.link) {
			continue
		}
		j, ok := byLink[n.link]
		if !ok {
			byLink[n.link] = i
			continue
		}
		// What one feed shows as two entries of a page counts as two: the ledger has judged that already.
		other := g.nodes[j].item
		list := entries[[2]string{n.item.Feed, n.link}] > 1 || entries[[2]string{other.Feed, n.link}] > 1
		if other.Feed != n.item.Feed && !list && Same(*other, *n.item, linkKey) {
			edges = append(edges, g.edge(i, j, 1, "same link"))
		}
	}
	return edges
}

// join brings the clusters of an edge together if nothing stands against it.
func (g *grouping) join(e edge, exact bool) {
	ra, rb := g.root(e.i), g.root(e.j)
	if ra == rb || e.a.sent != e.b.sent && e.score < closeScore || !g.compatible(ra, rb, exact) {
		return
	}
	if !exact {
		e.terms = sharedTerms(e.b.doc, e.a.doc)
		if logit := meant(e.a, e.b); logit != 0 {
			e.terms = append(e.terms, meaningTerm(logit))
		}
	}
	g.used = append(g.used, e)
	g.union(ra, rb)
}

// compatible reports whether two clusters may be one story.
func (g *grouping) compatible(ra, rb int, exact bool) bool {
	ra, rb = min(ra, rb), max(ra, rb) // what was sent comes first
	a, b := g.members[ra], g.members[rb]
	if g.nodes[a[0]].sent > 0 && g.nodes[b[0]].sent > 0 {
		return false
	}
	if exact {
		return true
	}
	if len(a)+len(b) > mostItems || g.nodes[a[0]].item.Kind != g.nodes[b[0]].item.Kind {
		return false
	}
	if all := g.spans[ra].with(g.spans[rb]); all.last.Sub(all.first) > Window {
		return false
	}
	// A chain of likenesses can lead far; what comes together must be alike on average, too.
	a, b = a[:min(len(a), compared)], b[:min(len(b), compared)]
	var sum, across float64
	others, twice := 0, false
	for _, i := range a {
		for _, j := range b {
			m, n := g.nodes[i], g.nodes[j]
			score, _ := g.score(m, n)
			g.compared.Add(1)
			if sum += score; !sameOutlet(m, n) {
				others, across = others+1, across+score
			} else {
				if m.when.Sub(n.when).Abs() > retold {
					return false
				}
				twice = twice || score < sameOutletScore || eachNames(m.doc, n.doc)
			}
			if m.sent > 0 && tellsNew(m.doc, n.doc) {
				return false
			}
		}
	}
	if twice && (others < leastOthers || across < Threshold*float64(others)) {
		return false
	}
	return sum >= Threshold*float64(len(a)*len(b)) && !g.unheard(a, b)
}

// eachNames reports whether each of two headlines names what the other one does not. Of one outlet, such two are of a
// series: "Three bold predictions for Sandholm", "Three bold predictions for Kestrel Bay".
func eachNames(a, b Document) bool {
	m := align(a.tokens, b.tokens)
	return alone(a.tokens, m.a, name)+alone(a.tokens, m.a, state) > 0 && alone(b.tokens, m.b, name)+alone(b.tokens, m.b, state) > 0
}

// compared is how many items of each of two clusters are looked at.
const (
	// What one outlet tells twice is mostly two stages of one affair; nearly the same words are one told twice, and
	// where so many pairs of other outlets' items say so, an outlet wrote its report anew.
	// A day later it would be a column.
	sameOutletScore = 0.995
	leastOthers     = 3
	retold          = 20 * time.Hour
	closeScore      = 0.99 // with an item of a story that was sent: what is less like it may tell something new
	compared        = 6
	mostItems       = 200 // of a story: beyond, something else is the matter
)

// topPrior is by how much, as a logit, two items at the top of two outlets are surer to tell one story than any two
// items: there are a thousand times fewer such pairs, and far more than a thousandth of the stories that outlets share.
// It does not lift what a veto has put down.
const (
	topPrior   = 2.2
	firstPrior = 3.1
)

// How much greater a share of what is rare two items must have in common for each hour between them, up to mostLate: what
// comes later is more often another step. Of what was sent, and of one outlet's own, nobody asks when it was told.
const (
	perHour  = 0.01
	mostLate = 8 * time.Hour
	ofTold   = 0.1
)

// score tells how surely two nodes tell the same story, and how surely they are of one affair, by what else is in the
// news, and by their places.
func (g *grouping) score(a, b *node) (score, affair float64) {
	more := ofTold
	if !sameOutlet(a, b) && a.sent == b.sent {
		more = perHour * min(a.when.Sub(b.when).Abs(), mostLate).Hours()
	}
	score, affair, vetoed := judge(a.doc, b.doc, more, tieOf(a, b))
	if vetoed || sameOutlet(a, b) || a.sent != b.sent { // to close what tells news is worse than to tell twice
		return score, affair
	}
	return lifted(shifted(score, meant(a, b)), a, b), affair
}

// lifted is a score as the places of the two items make it surer.
func lifted(score float64, a, b *node) float64 {
	switch {
	case bothFirst(a, b):
		return shifted(score, firstPrior)
	case a.top && b.top:
		return shifted(score, topPrior)
	}
	return score
}

// bothFirst reports whether two new items are each among the very first of an outlet that orders by importance.
func bothFirst(a, b *node) bool {
	return a.top && b.top && a.item.Place <= topPlaces && b.item.Place <= topPlaces
}

// tieOf is what beside words ties the items of two outlets.
func tieOf(a, b *node) tie {
	switch {
	case sameOutlet(a, b):
	case bothFirst(a, b):
		return first
	case copies(&a.doc, &b.doc):
		return copied
	}
	return nothing
}

// shifted is a score with a logit added.
func shifted(score, logit float64) float64 {
	if logit == 0 {
		return score
	}
	return chance(math.Log(score/(1-min(score, 1-1e-9))) + logit)
}

func (g *grouping) result() []cluster {
	aggregators := aggregatorFeeds(g.nodes)
	edges := make(map[int][]edge)
	for _, e := range g.used {
		edges[g.root(e.i)] = append(edges[g.root(e.i)], e)
	}
	beside := make(map[int][]int)
	for _, pair := range g.beside {
		if a, b := g.root(pair[0]), g.root(pair[1]); a != b {
			beside[a], beside[b] = append(beside[a], b), append(beside[b], a)
		}
	}
	var out []cluster
	for i := range g.nodes {
		if g.root(i) != i {
			continue
		}
		c := cluster{edges: edges[i], aggregators: aggregators, root: i, beside: beside[i]}
		slices.Sort(g.members[i])
		for _, m := range g.members[i] {
			c.nodes = append(c.nodes, g.nodes[m])
			if g.nodes[m].sent > 0 {
				c.sent = g.nodes[m].sent
			}
		}
		if c.sent == 0 {
			c.follows = g.followedBy(c.nodes)
		}
		out = append(out, c)
	}
	return out
}

// aggregatorFeeds are the feeds whose items point to the pages of four sites and more: they tell of
// others' stories. Outlets themselves use two or three (www.cnn.com, edition.cnn.com, cnn.it).
func aggregatorFeeds(nodes []*node) map[string]bool {
	hosts := make(map[string]map[string]bool)
	for _, n := range nodes {
		if n.host == "" {
			continue
		}
		if hosts[n.item.Feed] == nil {
			hosts[n.item.Feed] = make(map[string]bool)
		}
		hosts[n.item.Feed][n.host] = true
	}
	out := make(map[string]bool)
	for feed, h := range hosts {
		if len(h) >= 4 {
			out[feed] = true
		}
	}
	return out
}
