package curate

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"time"

	"digestd/digest"
)

// Window is how far apart in time two items of one story may be.
const Window = 36 * time.Hour

// Options are what Curate depends on beside items.
type Options struct {
	Now     time.Time
	Since   time.Time      // when the lane last composed; zero: a day before Now
	Carried map[uint64]int // how many editions had no room for an item's story, by Seq

	ByImportance map[string]bool // feeds whose items stand in the order that editors gave them, by URL
	AsidePaths   []string        // parts of links whose items are asides
	Developments bool            // stories say which of those that were sent they follow

	Vectors map[uint64][]float32 // what items mean, by Seq, of one model; nil: words alone tell
}

// Closed tells why an item is in no edition.
type Closed struct {
	Item   digest.Item
	Reason string  // in words, for why: "excluded by (?i)horoscope of topic global"
	Story  string  // ID of the story that it is coverage of, if that is the reason
	Score  float64 // with which it joined that story
	Terms  []string
	// Unwanted says that no topic wants it as its feed shows it: another feed may show the same to a topic
	// that does.
	Unwanted bool
}

// Curate makes stories of items for one lane. Stories come ranked, the best first, each with the topics that carry it,
// the one that it belongs to most first; every item given is in exactly one of them or in one Closed. sent are the
// stories of the lane's editions within the window: they take in new items as coverage, but never merge, split or come
// back.
func Curate(topics []digest.Topic, items []digest.Item, sent []digest.Story, opt Options) ([]digest.Story, []Closed) {
	opt.Since = cmp.Or(opt.Since, opt.Now.Add(-24*time.Hour))
	filters, articles := newFilters(topics), withArticles(items)
	var closed []Closed
	var nodes []node
	topicsOf := make(map[*digest.Item][]string)
	for i, s := range sent {
		for _, it := range s.Items {
			nodes = append(nodes, newNode(it, i+1))
		}
	}
	for _, it := range items {
		kept, why := filters.admit(it)
		unwanted := why != ""
		if !unwanted && it.History {
			why = "history: " + cmp.Or(it.Past, "older than lookback when its feed was first read")
		}
		if why != "" {
			closed = append(closed, Closed{Item: it, Reason: why, Unwanted: unwanted})
			continue
		}
		n := newNode(it, 0)
		n.meaning, topicsOf[n.item] = opt.Vectors[it.Seq], kept
		nodes = append(nodes, n)
	}
	clean(nodes, filters.kind, opt.AsidePaths)
	for i, n := range nodes {
		nodes[i].top = n.sent == 0 && opt.ByImportance[n.item.Feed] && n.item.Kind == digest.News && n.item.Place > 0 && n.item.Place <= firstPlaces
	}

	heat, explaining, follows, affairs := newSubjects(), explainers(nodes), make(map[string]follow), make(map[string]cluster)
	told := make(map[int]string) // titles of what was sent, by the roots of their clusters
	grouped := clusters(nodes)
	made, extra := newStories(grouped, filters, opt)
	stories := made[:0]
	for i, c := range grouped {
		heat.count(c, opt.ByImportance)
		if c.sent > 0 {
			told[c.root] = sent[c.sent-1].Lead().Title
			closed = append(closed, closeInto(c, sent[c.sent-1])...)
			continue
		}
		story := made[i]
		for _, n := range c.nodes {
			story.Topics = append(story.Topics, topicsOf[n.item]...)
		}
		if what := besideNews(story, c, articles, explaining); what != "" {
			story.Kind, story.Aside = digest.Aside, what
		}
		if affairs[story.ID] = c; c.follows != nil {
			follows[story.ID] = *c.follows
		}
		stories = append(stories, story)
		closed = append(closed, extra[i]...)
	}
	filters.belonging(stories)
	stories = bestFirst(stories)
	heat.lift(stories, len(nodes))
	stories = bestFirst(stories)
	if opt.Developments {
		develop(stories, follows, sent)
	}
	stories, again := withoutRetold(stories, sent)
	closed = append(closed, again...)
	heat.standBack(stories, affairs, told, len(nodes))
	stories = bestFirst(stories)
	slices.SortFunc(closed, func(a, b Closed) int { return compareItems(&a.Item, &b.Item) })
	return stories, closed
}

// newStories makes a ranked story of each cluster, at its place, but of those that were sent.
func newStories(of []cluster, f filters, opt Options) ([]digest.Story, [][]Closed) {
	stories, closed := make([]digest.Story, len(of)), make([][]Closed, len(of))
	inParallel(len(of), func(from, to int) {
		for i := from; i < to; i++ {
			if of[i].sent > 0 {
				continue
			}
			story, nodes := &stories[i], of[i].nodes
			*story, closed[i] = newStory(of[i], f)
			story.Carried = opt.Carried[nodes[0].item.Seq]
			for _, n := range nodes { // what is told anew does not wait
				story.Carried = min(story.Carried, opt.Carried[n.item.Seq])
			}
			story.Rank = rank(*story, f, opt)
		}
	})
	return stories, closed
}

// closeInto closes the new items of a cluster that joined a story already sent.
func closeInto(c cluster, s digest.Story) []Closed {
	var closed []Closed
	for _, n := range c.nodes {
		if n.sent == c.sent {
			continue
		}
		j := c.joinOf(n)
		closed = append(closed, Closed{Item: *n.item, Reason: coverageOf(s), Story: s.ID, Score: j.Score,
			Terms: j.Terms})
	}
	return closed
}

// newStory makes a story of a cluster: the best item leads, then one of each other outlet, the
// earliest first. What shows a page that the story has already, or is an outlet's second item, is
// closed as coverage.
func newStory(c cluster, f filters) (digest.Story, []Closed) {
	nodes := slices.Clone(c.nodes)
	newest := slices.MaxFunc(nodes, func(a, b *node) int { return a.when.Compare(b.when) }).when
	points := make(map[*node]float64, len(nodes))
	for _, n := range nodes {
		points[n] = leadPoints(n, newest, f, c.aggregators)
		if c.follows != nil && c.follows.now == n { // it has what is new
			points[n] += 8
		}
	}
	slices.SortFunc(nodes, func(a, b *node) int {
		return cmp.Or(-cmp.Compare(points[a], points[b]), a.when.Compare(b.when), compareItems(a.item, b.item))
	})
	return c.story(nodes[0], nodes[1:])
}

// story makes a story of a cluster and the item that leads it.
func (c cluster) story(lead *node, rest []*node) (digest.Story, []Closed) {
	slices.SortFunc(rest, func(a, b *node) int {
		return cmp.Or(a.when.Compare(b.when), compareItems(a.item, b.item))
	})
	story := digest.Story{ID: storyID(lead.item), Kind: lead.item.Kind, Aside: lead.aside, Items: []digest.Item{*lead.item}}
	taken := []*node{lead}
	var closed []Closed
	for _, n := range rest {
		if slices.ContainsFunc(taken, func(o *node) bool { return sameOutlet(o, n) || samePage(o, n) }) {
			j := c.joinOf(n)
			closed = append(closed, Closed{Item: *n.item, Reason: coverageOf(story), Story: story.ID, Score: j.Score,
				Terms: j.Terms})
			continue
		}
		taken = append(taken, n)
		story.Items = append(story.Items, *n.item)
	}
	borrow(&story)
	for _, e := range c.edges {
		joined, with := e.b, e.a
		if joined == lead {
			joined, with = with, joined
		}
		story.Joins = append(story.Joins,
			digest.Join{Item: joined.item.Seq, With: with.item.Seq, Score: e.score, Terms: e.terms})
	}
	return story, closed
}

// borrow lends the first item what it lacks and another of the story has: a summary, a picture. The story says whose
// they are.
func borrow(s *digest.Story) {
	lead := &s.Items[0]
	for _, it := range s.Items[1:] {
		if lead.Summary.Plain() == "" && it.Summary.Plain() != "" &&
			baseLanguage(it.Language) == baseLanguage(lead.Language) {
			lead.Summary, s.SummaryFrom = it.Summary, it.Source
		}
		if lead.Image == nil && it.Image != nil {
			lead.Image, s.ImageFrom = it.Image, it.Source
		}
	}
}

// baseLanguage is a language without its region: "en" of "en-GB".
func baseLanguage(tag string) string {
	base, _, _ := strings.Cut(strings.ToLower(tag), "-")
	return base
}

func coverageOf(s digest.Story) string { return fmt.Sprintf("coverage of %q", s.Lead().Title) }

// storyID names a story after its leading item.
func storyID(it *digest.Item) string {
	if it.Seq != 0 {
		return fmt.Sprintf("s%d", it.Seq)
	}
	key := newKey(exactKey, it.Feed, it.GUID, it.Link, it.Title)
	return "x" + strings.TrimPrefix(string(key), exactKey)[:12]
}

// Clusters groups items into stories as Curate does, without topics, filters or memory: for measuring. vectors are
// theirs by Seq, as far as there are some. Every item given is in exactly one group; groups and the items in them come
// in a stable order.
func Clusters(items []digest.Item, vectors map[uint64][]float32) [][]digest.Item {
	nodes := make([]node, len(items))
	for i, it := range items {
		nodes[i] = newNode(it, 0)
		nodes[i].meaning = vectors[it.Seq]
	}
	clean(nodes, func(string) digest.Kind { return digest.News }, nil)
	var out [][]digest.Item
	for _, c := range clusters(nodes) {
		group := make([]digest.Item, len(c.nodes))
		for i, n := range c.nodes {
			group[i] = *n.item
		}
		out = append(out, group)
	}
	return out
}
