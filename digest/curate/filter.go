package curate

import (
	"fmt"
	"regexp"
	"slices"

	"digestd/digest"
)

// filters is the topics of a digest, as they are asked about items.
type filters struct {
	topics []digest.Topic
	feeds  map[string][]carrier // by Feed.URL
}

// carrier is a topic that has a feed, and the feed as that topic has it.
type carrier struct {
	topic int
	feed  digest.Feed
}

func newFilters(topics []digest.Topic) filters {
	f := filters{topics: topics, feeds: make(map[string][]carrier)}
	for i, t := range topics {
		for _, feed := range t.Feeds {
			f.feeds[feed.URL] = append(f.feeds[feed.URL], carrier{i, feed})
		}
	}
	return f
}

// admit tells which topics carry an item, or why none does: its feed is in none of them any more, or
// each leaves it out. The reason is the first topic's.
func (f filters) admit(it digest.Item) (topics []string, reason string) {
	carriers := f.feeds[it.Feed]
	if len(carriers) == 0 {
		return nil, "feed removed"
	}
	text := it.Text()
	for _, c := range carriers {
		t := f.topics[c.topic]
		if !t.Includes(text) {
			if reason == "" {
				reason = fmt.Sprintf("not included by topic %s", t.ID)
			}
			continue
		}
		if re := firstMatch(t.Exclude, text); re != nil {
			if reason == "" {
				reason = fmt.Sprintf("excluded by %s of topic %s", re, t.ID)
			}
			continue
		}
		topics = append(topics, t.ID)
	}
	if len(topics) > 0 {
		reason = ""
	}
	return topics, reason
}

func firstMatch(res []*regexp.Regexp, text string) *regexp.Regexp {
	for _, re := range res {
		if re.MatchString(text) {
			return re
		}
	}
	return nil
}

// belonging puts the topics of each story into order, the one that it belongs to most first: of those that carry more
// than half as many of its items as any does, one that chooses by words, else the one whose own stories it is like, else
// the one that has the fewest stories, or feeds. The stories come with each topic named as often as it carries an item,
// and leave with each named once.
func (f filters) belonging(stories []digest.Story) {
	carries, size := make([]map[string]int, len(stories)), map[string]int{}
	for i, s := range stories {
		carries[i] = map[string]int{}
		for _, id := range s.Topics {
			if carries[i][id]++; carries[i][id] == 1 {
				size[id]++
			}
		}
	}
	kin := newKinship(stories, carries)
	for i := range stories {
		most := 0
		for _, n := range carries[i] {
			most = max(most, n)
		}
		var own []string
		later := map[string][4]int{}
		for _, t := range f.topics {
			n := carries[i][t.ID]
			if n == 0 {
				continue
			}
			l := [4]int{0, 0, size[t.ID], len(t.Feeds)}
			if 2*n <= most {
				l[0] = 1
			}
			if len(t.Include) == 0 {
				l[1] = 1
			}
			own, later[t.ID] = append(own, t.ID), l
		}
		slices.SortStableFunc(own, func(a, b string) int {
			x, y := later[a], later[b]
			return slices.Compare(x[:], y[:])
		})
		alike := 0
		for alike < len(own) && later[own[alike]][0] == 0 && later[own[alike]][1] == later[own[0]][1] {
			alike++
		}
		kin.order(stories[i], own[:alike])
		stories[i].Topics = own
	}
}

// weight is the greatest weight that any topic gives a feed, 1 if none says.
func (f filters) weight(feed string) float64 {
	var w float64
	for _, c := range f.feeds[feed] {
		w = max(w, c.feed.Weight)
	}
	if w <= 0 {
		return 1
	}
	return w
}

// kind is what the config says of a feed's items.
func (f filters) kind(feed string) digest.Kind {
	for _, c := range f.feeds[feed] {
		if c.feed.Kind != digest.News {
			return c.feed.Kind
		}
	}
	return digest.News
}
