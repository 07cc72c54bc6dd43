package curate

import (
	"cmp"
	"math"
	"slices"
	"strconv"

	"digestd/digest"
)

// Retold is a story as one edition of another digest told it. Its Follows says what it goes on with.
type Retold struct {
	digest.Story
	digest.Told
}

// Retell makes stories of what editions of another digest told: tellings of one story on several days become one,
// for which the newest item stands that led in full. Tellings are one story where they share an item, where one is the development of
// the other, and where a new headline would have joined the other. Stories come ranked by coverage, by the days on which
// they were told, and by how they developed; every item given is in exactly one of them or in one Closed. What was told
// is told: no filter is asked again.
func Retell(topics []digest.Topic, told []Retold) ([]digest.Story, []Closed) {
	told = slices.Clone(told)
	slices.SortStableFunc(told, func(a, b Retold) int { return cmp.Or(a.At.Compare(b.At), cmp.Compare(a.Edition, b.Edition)) })
	filters := newFilters(topics)
	var stories []digest.Story
	var closed []Closed
	for _, tellings := range sameStories(told) {
		story, extra := retell(tellings, filters)
		stories, closed = append(stories, story), append(closed, extra...)
	}
	filters.belonging(stories)
	stories = bestFirst(stories)
	slices.SortFunc(closed, func(a, b Closed) int { return compareItems(&a.Item, &b.Item) })
	return stories, closed
}

// sameStories groups the tellings of each story, oldest first.
func sameStories(told []Retold) (groups [][]Retold) {
	nodes := make([]node, len(told))
	leads := make([]*node, len(told))
	for i, t := range told {
		nodes[i] = newNode(t.Lead(), 0)
		leads[i] = &nodes[i]
	}
	prepare(nodes)
	g := newGrouping(leads)
	first := make(map[string]int) // by what only tellings of one story have
	join := func(i int, key string) {
		if j, ok := first[key]; ok {
			g.union(i, j)
		} else {
			first[key] = i
		}
	}
	for i, t := range told {
		for _, it := range t.Items {
			join(i, "item "+strconv.FormatUint(cmp.Or(it.Of, it.Seq), 10))
		}
		join(i, t.Edition+" "+t.ID)
		if t.Follows != nil {
			join(i, t.Follows.Edition+" "+t.Follows.Story)
		}
	}
	edges, _, _ := g.candidates()
	for _, e := range edges {
		if e.a.item.Kind == digest.News && e.b.item.Kind == digest.News {
			g.union(e.i, e.j)
		}
	}
	for i := range told {
		if g.root(i) != i {
			continue
		}
		slices.Sort(g.members[i])
		var group []Retold
		for _, m := range g.members[i] {
			group = append(group, told[m])
		}
		groups = append(groups, group)
	}
	return groups
}

// retell makes one story of its tellings, oldest first.
func retell(tellings []Retold, f filters) (digest.Story, []Closed) {
	last := tellings[0]
	for _, t := range tellings[1:] {
		if last.Brief && !t.Brief || last.Brief == t.Brief && !t.Lead().When().Before(last.Lead().When()) {
			last = t
		}
	}
	lead := newNode(last.Lead(), 0)
	lead.link = itemLink(*lead.item)
	var rest []*node
	rank := digest.Rank{Place: 1, Staying: 1, Heat: 1, Recency: 1}
	var joins []digest.Join
	var topics []string
	var retells []digest.Told
	taken, developments := map[uint64]bool{lead.item.Seq: true}, 0
	for _, t := range tellings {
		for _, it := range t.Items {
			if !taken[it.Seq] {
				taken[it.Seq] = true
				n := newNode(it, 0)
				n.link = itemLink(it)
				rest = append(rest, &n)
			}
		}
		joins, topics = append(joins, t.Joins...), append(topics, t.Topics...)
		if t.Rank.Heat > rank.Heat {
			rank.Heat, rank.Subject = t.Rank.Heat, t.Rank.Subject
		}
		rank.Place, rank.Staying = max(rank.Place, t.Rank.Place), max(rank.Staying, t.Rank.Staying)
		rank.Weight = max(rank.Weight, t.Rank.Weight)
		if t.Follows != nil {
			developments++
		}
		retells = append(retells, t.Told)
	}
	story, closed := cluster{}.story(&lead, rest)
	story.Joins, story.Topics, story.Retells = joins, topics, retells
	story.Follows = tellings[0].Follows
	story.SummaryFrom, story.ImageFrom = cmp.Or(story.SummaryFrom, last.SummaryFrom), cmp.Or(story.ImageFrom, last.ImageFrom)
	rank.Coverage = coverage(float64(story.Outlets()))
	rank.Running = 1 + perDay*math.Log2(float64(max(1, story.Days()))) + perDevelopment*float64(min(developments, mostDevelopments))
	rank.Total = product(rank) * rank.Running
	story.Rank = rank
	return story, closed
}

// What running on is worth: two days as much as a third outlet, and each development as much as half a day.
const (
	perDay           = 0.5
	perDevelopment   = 0.25
	mostDevelopments = 4
)
