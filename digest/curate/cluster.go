package curate

import (
	"cmp"
	"slices"
	"sort"
	"time"

	"digestd/digest"
)

// node is an item as clustering sees it.
type node struct {
	item  *digest.Item
	doc   Document
	link  string // canonical
	host  string
	when  time.Time
	group int // 0, or the story that it is part of already: 1 to sent, then the carried ones
}

func newNode(it digest.Item, group int) node {
	link := itemLink(it)
	return node{item: &it, doc: documentOf(it), link: link, host: linkHost(link), when: it.When(), group: group}
}

// cluster is what tells one story.
type cluster struct {
	nodes       []*node
	sent        int             // the sent story that it is, from 1; 0: none
	edges       []edge          // what brought its nodes together
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

// sameOutlet reports whether two items come from one outlet: one feed, one name, or one site.
func sameOutlet(a, b *node) bool {
	return a.item.Feed == b.item.Feed || a.item.Source == b.item.Source && a.item.Source != "" || a.host == b.host && a.host != ""
}

// edge is two nodes that tell the same story.
type edge struct {
	i, j  int // their places in the sorted nodes
	a, b  *node
	score float64
	terms []string
}

// clusters groups nodes into stories. Nodes of one group start together; groups up to sent are stories
// that were sent, of which no two ever come together.
func clusters(given []node, sent int, window time.Duration) []cluster {
	nodes := make([]*node, len(given))
	for i := range given {
		nodes[i] = &given[i]
	}
	slices.SortFunc(nodes, func(a, b *node) int {
		return cmp.Or(cmp.Compare(a.group, b.group), compareItems(a.item, b.item))
	})
	g := newGrouping(nodes, sent, window)
	for _, e := range g.exactEdges() {
		g.join(e, true)
	}
	edges := g.candidates()
	sort.Slice(edges, func(i, j int) bool {
		return cmp.Or(-cmp.Compare(edges[i].score, edges[j].score), cmp.Compare(edges[i].i, edges[j].i), cmp.Compare(edges[i].j, edges[j].j)) < 0
	})
	for _, e := range edges {
		g.join(e, false)
	}
	return g.result()
}

// grouping is clustering under way.
type grouping struct {
	nodes   []*node
	sent    int
	window  time.Duration
	parent  []int
	members [][]int // by root
	used    []edge
}

func newGrouping(nodes []*node, sent int, window time.Duration) *grouping {
	g := &grouping{nodes: nodes, sent: sent, window: window}
	g.parent = make([]int, len(nodes))
	g.members = make([][]int, len(nodes))
	first := make(map[int]int)
	for i, n := range nodes {
		g.parent[i], g.members[i] = i, []int{i}
		if n.group == 0 {
			continue
		}
		if f, ok := first[n.group]; ok {
			g.union(f, i)
		} else {
			first[n.group] = i
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
}

func (g *grouping) edge(i, j int, score float64, terms ...string) edge {
	i, j = min(i, j), max(i, j)
	return edge{i, j, g.nodes[i], g.nodes[j], score, terms}
}

// exactEdges are the pairs that are one item shown by several feeds, or one page.
func (g *grouping) exactEdges() []edge {
	var edges []edge
	byLink, bySeq := make(map[string]int), make(map[uint64]int)
	for i, n := range g.nodes {
		if n.item.Seq != 0 {
			if _, ok := bySeq[n.item.Seq]; !ok {
				bySeq[n.item.Seq] = i
			}
		}
	}
	for i, n := range g.nodes {
		if j, ok := bySeq[n.item.Of]; ok && n.item.Of != 0 {
			edges = append(edges, g.edge(i, j, 1, "same item"))
		} else if j, ok := bySeq[n.item.Seq]; ok && j != i {
			edges = append(edges, g.edge(i, j, 1, "same item"))
		}
		if n.link == "" || isFrontPage(n.link) {
			continue
		}
		j, ok := byLink[n.link]
		if !ok {
			byLink[n.link] = i
			continue
		}
		if Same(*g.nodes[j].item, *n.item, linkKey) {
			edges = append(edges, g.edge(i, j, 1, "same link"))
		}
	}
	return edges
}

// How wide the search for pairs is. Each item looks for earlier ones that share one of its rarest
// words, in lists that are read from the latest backwards. So the work grows with the number of items
// and not with its square, however much of the news is about one thing.
const (
	rarestWords = 6
	readBack    = 120
)

// candidates are the pairs that score, found through an index of words.
func (g *grouping) candidates() []edge {
	byTime := make([]int, len(g.nodes))
	for i := range byTime {
		byTime[i] = i
	}
	slices.SortStableFunc(byTime, func(i, j int) int { return g.nodes[i].when.Compare(g.nodes[j].when) })
	index := make(map[uint64][]int) // to nodes, by time
	for _, i := range byTime {
		for _, t := range g.nodes[i].doc.tokens {
			index[t.key] = append(index[t.key], i)
		}
	}
	place := make(map[uint64]int, len(index)) // how far each list has been passed
	seen := make([]int, len(g.nodes))         // the node, from 1, that met this one last
	var edges []edge
	for _, i := range byTime {
		n := g.nodes[i]
		for _, t := range rarest(n.doc.tokens, index) {
			list := index[t][:place[t]]
			for k := len(list) - 1; k >= max(0, len(list)-readBack); k-- {
				j := list[k]
				if n.when.Sub(g.nodes[j].when) > g.window {
					break
				}
				if seen[j] == i+1 {
					continue
				}
				seen[j] = i + 1
				if g.root(i) != g.root(j) && mayScore(&n.doc, &g.nodes[j].doc) {
					if s := Score(g.nodes[j].doc, n.doc); s >= Threshold {
						edges = append(edges, g.edge(i, j, s, sharedTerms(n.doc, g.nodes[j].doc)...))
					}
				}
			}
		}
		for _, t := range n.doc.tokens {
			place[t.key]++
		}
	}
	return edges
}

// rarest are the keys of a document's words that fewest others have.
func rarest(tokens []token, index map[uint64][]int) []uint64 {
	keys := make([]uint64, 0, len(tokens))
	for _, t := range tokens {
		keys = append(keys, t.key)
	}
	slices.SortStableFunc(keys, func(a, b uint64) int { return cmp.Compare(len(index[a]), len(index[b])) })
	return keys[:min(len(keys), rarestWords)]
}

// join brings the clusters of an edge together if nothing stands against it.
func (g *grouping) join(e edge, exact bool) {
	ra, rb := g.root(e.i), g.root(e.j)
	if ra == rb || !g.compatible(ra, rb, exact) {
		return
	}
	g.used = append(g.used, e)
	g.union(ra, rb)
}

func (g *grouping) isSent(n *node) bool { return n.group > 0 && n.group <= g.sent }

// compatible reports whether two clusters may be one story.
func (g *grouping) compatible(ra, rb int, exact bool) bool {
	a, b := g.members[ra], g.members[rb]
	if g.isSent(g.nodes[a[0]]) && g.isSent(g.nodes[b[0]]) {
		return false
	}
	if exact {
		return true
	}
	for _, i := range a {
		for _, j := range b {
			m, n := g.nodes[i], g.nodes[j]
			if m.item.Kind != n.item.Kind || sameOutlet(m, n) || m.when.Sub(n.when).Abs() > g.window {
				return false
			}
		}
	}
	return true
}

func (g *grouping) result() []cluster {
	aggregators := aggregatorFeeds(g.nodes)
	edges := make(map[int][]edge)
	for _, e := range g.used {
		edges[g.root(e.i)] = append(edges[g.root(e.i)], e)
	}
	var out []cluster
	for i := range g.nodes {
		if g.root(i) != i {
			continue
		}
		c := cluster{edges: edges[i], aggregators: aggregators}
		slices.Sort(g.members[i])
		for _, m := range g.members[i] {
			c.nodes = append(c.nodes, g.nodes[m])
			if g.isSent(g.nodes[m]) {
				c.sent = g.nodes[m].group
			}
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
