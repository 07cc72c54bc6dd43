package curate

import (
	"testing"

	"digestd/digest"
)

// What is of sport, show or private lives is known by its link or its headline, if half of its items say so and nothing
// grave is told; an editor's place among the first overrules it.
func TestLight(t *testing.T) {
	at := func(path, title string) digest.Item {
		return digest.Item{Title: title, Link: "https://herald.example" + path, Feed: "harbour", Source: "Herald"}
	}
	plain, sport := at("/news/1", "Sandholm ports reopen"), at("/Sport/1.html", "Sandholm beat Tarn")
	for _, c := range []struct {
		items []digest.Item
		want  bool
	}{
		{[]digest.Item{plain}, false},
		{[]digest.Item{sport}, true},
		{[]digest.Item{at("/transport/1", "Sandholm trams stop")}, false},
		{[]digest.Item{at("/news/2", "Actress of Sandholm dies at 36")}, true},
		{[]digest.Item{at("/news/3", "Tarn's quarterback retires")}, true},
		{[]digest.Item{at("/news/4", "Actress killed in Sandholm")}, false},
		{[]digest.Item{at("/sport/2", "Stampede in Sandholm's arena")}, false},
		{[]digest.Item{at("/food/1", "Sandholm bakes again")}, true},
		{[]digest.Item{sport, plain}, true},
		{[]digest.Item{sport, plain, plain}, false},
	} {
		if got := isLight(digest.Story{Items: c.items}); got != c.want {
			t.Errorf("%q, one of %d: light %v, want %v", c.items[0].Title, len(c.items), got, c.want)
		}
	}
	opt := Options{Now: noon, Since: noon, ByImportance: map[string]bool{"harbour": true}}
	below := rank(digest.Story{Items: []digest.Item{sport}}, filters{}, opt)
	news := rank(digest.Story{Items: []digest.Item{plain}}, filters{}, opt)
	if !below.Light || below.Total != news.Total/2 {
		t.Errorf("light %v with rank %.3f, of %.3f", below.Light, below.Total, news.Total)
	}
	sport.Place = 1
	if top := rank(digest.Story{Items: []digest.Item{sport}}, filters{}, opt); top.Light {
		t.Error("light, though an editor put it at the top")
	}
}

// However much is told of a subject, its heat has a bound.
func TestHeatHasABound(t *testing.T) {
	it := digest.Item{Title: "Sandholm reopens", Language: "en"}
	s := newSubjects()
	for _, tok := range new(reader).titleTokens(it) {
		s.rare[tok.key] = &subject{term: tok.term, items: 1 << 12, outlets: outlets{3}}
	}
	stories := []digest.Story{{Kind: digest.News, Items: []digest.Item{it}}}
	if s.lift(stories, 1<<20); stories[0].Rank.Heat != 2.5 {
		t.Errorf("heat %v, want 2.5", stories[0].Rank.Heat)
	}
}
