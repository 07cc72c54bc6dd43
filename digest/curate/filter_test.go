package curate

import (
	"regexp"
	"slices"
	"strings"
	"testing"

	"digestd/digest"
)

// A story belongs to the topic that carries most of its items, or nearly as many. What a topic's exclude leaves out, it
// does not carry.
func TestTopicOfAStory(t *testing.T) {
	world, money, ports := topic("world", "a", "b", "c", "p"), topic("money", "m", "n", "q"), topic("ports", "a", "b", "c", "p")
	ports.Include = []*regexp.Regexp{regexp.MustCompile("(?i)port")}
	ports.Exclude = []*regexp.Regexp{regexp.MustCompile("(?i)seaports")}
	small := topic("small", "q")
	for _, c := range []struct{ outlets, titles, want string }{
		{"a b m", "", "world money"},
		{"a m", "", "money world"},
		{"a b c m n", "", "money world"},
		{"a b c p m n", "", "world money"},
		{"a b c m", "ports ports -", "ports world money"},
		{"a b c m", "ports - -", "world ports money"},
		{"a b c m", "ports seaports -", "world ports money"},
		{"m", "", "money"},
		{"q", "", "small money"}, // both have one story alone: what has one feed is the more telling name
	} {
		page := "https://wire.example/news/10001"
		items := []digest.Item{item(90, "a", rates), item(91, "b", quake)} // two more of world
		titles := strings.Fields(c.titles)
		for i, outlet := range strings.Fields(c.outlets) {
			it := item(uint64(i+1), outlet, "Kestrel Bay crews accept wage deal")
			if it.Link = page; i < len(titles) && titles[i] != "-" {
				it.Title += " at " + titles[i]
			}
			items = append(items, it)
		}
		stories, _ := Curate([]digest.Topic{world, money, ports, small}, items, nil, Options{Now: noon})
		for _, s := range stories {
			if s.Lead().Seq < 90 && strings.Join(s.Topics, " ") != c.want {
				t.Errorf("%s %s: %v, want %s", c.outlets, c.titles, s.Topics, c.want)
			}
		}
	}
}

// A story that two topics carry alike is of the one whose own stories have its words, or its section; where too few are
// known, or none is likelier, of the smaller one.
func TestBelongsWhereItsLikeStand(t *testing.T) {
	topics := []digest.Topic{{ID: "sea", Feeds: []digest.Feed{{URL: "herald"}, {URL: "gull"}}},
		{ID: "town", Feeds: []digest.Feed{{URL: "bugle"}, {URL: "crier"}}}}
	story := func(title, section string, feeds ...string) digest.Story {
		s := digest.Story{}
		for _, feed := range feeds {
			s.Items = append(s.Items, digest.Item{Title: title, Feed: feed, Source: feed, Link: "https://" + feed + ".example/" + section + "/1"})
			for _, topic := range topics {
				if slices.ContainsFunc(topic.Feeds, func(f digest.Feed) bool { return f.URL == feed }) {
					s.Topics = append(s.Topics, topic.ID)
				}
			}
		}
		return s
	}
	own := func(n int) (all []digest.Story) {
		for range n {
			all = append(all, story("Keepers of ferries sail", "coast", "herald"), story("Ferry lamps lit", "coast", "gull"),
				story("Council votes on tram", "city", "bugle"), story("Council tram halts", "city", "crier"))
		}
		return append(all, story("Council lights a lane", "city", "crier"))
	}
	for _, c := range []struct {
		own   int
		story digest.Story
		want  string
	}{
		{9, story("Council halts tram", "x", "herald", "bugle"), "town"},
		{9, story("Ferry keepers sail", "x", "herald", "bugle"), "sea"},
		{9, story("Gulls nest", "city", "bugle", "gull"), "sea"}, // the section alone is too little
		{9, story("Tram votes halt", "city", "crier", "gull"), "town"},
		{9, story("Gulls nest", "x", "herald", "bugle"), "sea"},
		{2, story("Council halts tram", "x", "herald", "bugle"), "sea"},
	} {
		stories := append(own(c.own), c.story)
		newFilters(topics).belonging(stories)
		if got := stories[len(stories)-1].Topics[0]; got != c.want {
			t.Errorf("%q with %d: %s, want %s", c.story.Lead().Title, c.own, got, c.want)
		}
	}
}
