package curate

import (
	"regexp"
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
