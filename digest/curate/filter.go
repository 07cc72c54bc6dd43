package curate

import (
	"fmt"
	"regexp"

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

// inOrder is a set of topic ids in the digest's order, each once.
func (f filters) inOrder(ids []string) []string {
	has := make(map[string]bool, len(ids))
	for _, id := range ids {
		has[id] = true
	}
	var out []string
	for _, t := range f.topics {
		if has[t.ID] {
			out = append(out, t.ID)
			has[t.ID] = false
		}
	}
	return out
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
