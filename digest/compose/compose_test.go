package compose

import (
	"errors"
	"fmt"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"digestd/digest"

	"pgregory.net/rapid"
)

var noon = time.Date(2026, 3, 12, 12, 0, 0, 0, time.UTC)

// story is a story of one item of feed, with so many further outlets.
func story(id, feed string, further int, topics ...string) digest.Story {
	s := digest.Story{ID: id, Topics: topics, Items: []digest.Item{{Feed: feed, Source: feed, Title: "Title of " + id, FirstSeen: noon}}}
	for i := range further {
		s.Items = append(s.Items, digest.Item{Feed: fmt.Sprint("other", i), Source: fmt.Sprint("other", i), Title: "As " + id, FirstSeen: noon})
	}
	return s
}

func opinion(s digest.Story) digest.Story {
	s.Kind = digest.Opinion
	return s
}

func daily(topics ...digest.Topic) digest.Digest {
	return digest.Digest{ID: "daily", Title: "Morning Wire", Topics: topics}
}

func topic(id string, maxStories, maxPerFeed int) digest.Topic {
	return digest.Topic{ID: id, Title: strings.ToUpper(id), MaxStories: maxStories, MaxPerFeed: maxPerFeed}
}

// ids names stories; a brief has a "-" in front.
func ids(stories []digest.Story) string {
	var out []string
	for _, s := range stories {
		mark := ""
		if s.Brief {
			mark = "-"
		}
		out = append(out, mark+s.ID)
	}
	return strings.Join(out, " ")
}

func TestComposeSelects(t *testing.T) {
	for _, c := range []struct {
		name    string
		topics  []digest.Topic
		stories []digest.Story
		want    string
	}{
		{"all in full where there is room", []digest.Topic{topic("g", 12, 4)},
			[]digest.Story{story("a", "f", 0, "g"), story("b", "f", 0, "g")}, "a b"},
		{"what is beyond a topic's limit becomes a headline", []digest.Topic{topic("g", 1, 4)},
			[]digest.Story{story("a", "f", 0, "g"), story("b", "h", 0, "g")}, "a -b"},
		{"one feed does not fill a topic", []digest.Topic{topic("g", 3, 1)},
			[]digest.Story{story("a", "f", 0, "g"), story("b", "f", 0, "g"), story("c", "h", 0, "g")}, "a c -b"},
		{"a story of two topics needs room in both", []digest.Topic{topic("g", 1, 4), topic("d", 2, 4)},
			[]digest.Story{story("a", "f", 0, "g"), story("b", "f", 0, "g", "d"), story("c", "f", 0, "d")}, "a c -b"},
		{"four opinion pieces", []digest.Topic{topic("g", 1, 4)},
			[]digest.Story{opinion(story("a", "f", 0, "g")), opinion(story("b", "f", 0, "g")), opinion(story("c", "f", 0, "g")),
				opinion(story("d", "f", 0, "g")), opinion(story("e", "f", 0, "g")), story("n", "f", 0, "g")}, "a b c d n -e"},
		{"no limits", []digest.Topic{topic("g", 0, 0)},
			[]digest.Story{story("a", "f", 0, "g"), story("b", "f", 0, "g")}, "a b"},
		{"nothing", []digest.Topic{topic("g", 1, 1)}, nil, ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			r, err := Compose(Input{Digest: daily(c.topics...), Stories: c.stories})
			if err != nil {
				t.Fatal(err)
			}
			if got := ids(r.Edition.Stories); got != c.want {
				t.Errorf("got %q, want %q", got, c.want)
			}
		})
	}
}

// weigh measures an edition as 10 for itself, 10 for a full entry and 3 for a headline.
func weigh(e digest.Edition) (int, error) {
	n := 10
	for _, s := range e.Stories {
		if s.Brief {
			n += 3
		} else {
			n += 10
		}
	}
	return n, nil
}

func TestComposeFitsSize(t *testing.T) {
	waited := story("e", "f", 0, "g")
	waited.Carried = 1
	stories := []digest.Story{story("a", "f", 0, "g"), story("b", "f", 0, "g"), story("c", "f", 0, "g"), story("d", "f", 0, "g"), waited}
	for _, c := range []struct {
		size                    int
		want, carried, closed   string
		wantCarried, wantClosed int
	}{
		{0, "a b -c -d -e", "", "", 0, 0},
		{39, "a b -c -d -e", "", "", 0, 0},
		{38, "a b -c -d", "", "e", 0, 1},
		{35, "a b -c", "d", "e", 1, 1},
		{30, "a b", "c d", "e", 2, 1},
		{29, "a -b -c -d", "", "e", 0, 1},
		{22, "a", "b c d", "e", 3, 1},
		{19, "-a -b -c", "d", "e", 1, 1},
		{12, "", "a b c d", "e", 4, 1},
		{1, "", "a b c d", "e", 4, 1},
	} {
		t.Run(fmt.Sprint(c.size), func(t *testing.T) {
			d := daily(topic("g", 2, 4))
			d.MaxSize = c.size
			r, err := Compose(Input{Digest: d, Stories: stories, Measure: weigh})
			if err != nil {
				t.Fatal(err)
			}
			var closed []digest.Story
			for _, x := range r.Closed {
				closed = append(closed, x.Story)
				if x.Reason != "did not fit" {
					t.Errorf("reason %q", x.Reason)
				}
			}
			for _, s := range r.Carried {
				if s.Carried != 1 {
					t.Errorf("%s was carried %d times", s.ID, s.Carried)
				}
			}
			got := []string{ids(r.Edition.Stories), ids(r.Carried), ids(closed)}
			if want := []string{c.want, c.carried, c.closed}; !slices.Equal(got, want) {
				t.Errorf("got %q, want %q", got, want)
			}
			if r.Edition.Carried != c.wantCarried || r.Edition.Dropped != c.wantClosed {
				t.Errorf("the edition says %d carried, %d dropped", r.Edition.Carried, r.Edition.Dropped)
			}
		})
	}
}

func TestComposeKeepsRankAmongHeadlines(t *testing.T) {
	// b is a headline by its feed's quota, c was full and gives way to the size: b ranks higher.
	stories := []digest.Story{story("a", "f", 0, "g"), story("b", "f", 0, "g"), story("c", "h", 0, "g")}
	d := daily(topic("g", 3, 1))
	d.MaxSize = 24
	r, err := Compose(Input{Digest: d, Stories: stories, Measure: weigh})
	if err != nil {
		t.Fatal(err)
	}
	if got := ids(r.Edition.Stories) + ", " + ids(r.Carried); got != "a -b, c" {
		t.Errorf("got %q", got)
	}
}

func TestComposeMeasuresSeldom(t *testing.T) {
	var stories []digest.Story
	for i := range 1000 {
		stories = append(stories, story(fmt.Sprint(i), fmt.Sprint("f", i), 0, "g"))
	}
	d := daily(topic("g", 12, 4))
	d.MaxSize = 900
	calls := 0
	_, err := Compose(Input{Digest: d, Stories: stories, Measure: func(e digest.Edition) (int, error) {
		calls++
		return weigh(e)
	}})
	if err != nil || calls > 14 {
		t.Errorf("%d calls, %v", calls, err)
	}
}

func TestComposeTellsOfMeasureErrors(t *testing.T) {
	broken := errors.New("digest.html.tmpl:3: no such field")
	d := daily(topic("g", 2, 4))
	d.MaxSize = 10
	_, err := Compose(Input{Digest: d, Edition: digest.Edition{ID: "daily/UTC/x"}, Stories: []digest.Story{story("a", "f", 0, "g")},
		Measure: func(digest.Edition) (int, error) { return 0, broken }})
	if !errors.Is(err, broken) || !strings.Contains(err.Error(), "daily/UTC/x") {
		t.Errorf("got %v", err)
	}
}

// drawStories draws stories of up to three topics.
func drawStories(t *rapid.T) []digest.Story {
	var out []digest.Story
	for i := range rapid.IntRange(0, 30).Draw(t, "stories") {
		var topics []string
		for _, id := range []string{"g", "d", "s"} {
			if rapid.Bool().Draw(t, "in "+id) {
				topics = append(topics, id)
			}
		}
		if topics == nil {
			topics = []string{"g"}
		}
		s := story(fmt.Sprint(i), rapid.SampledFrom([]string{"f1", "f2", "f3"}).Draw(t, "feed"), rapid.IntRange(0, 3).Draw(t, "further"), topics...)
		s.Carried = rapid.IntRange(0, 1).Draw(t, "carried")
		if rapid.IntRange(0, 4).Draw(t, "opinion") == 0 {
			s.Kind = digest.Opinion
		}
		out = append(out, s)
	}
	return out
}

func TestComposeLosesNothing(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		limit := rapid.IntRange(1, 4)
		d := daily(topic("g", limit.Draw(t, "g"), limit.Draw(t, "per feed")), topic("d", limit.Draw(t, "d"), 2), topic("s", 2, 1))
		d.MaxSize = rapid.IntRange(0, 250).Draw(t, "size")
		in := Input{Digest: d, Stories: drawStories(t), Measure: weigh}
		r, err := Compose(in)
		if err != nil {
			t.Fatal(err)
		}
		again, _ := Compose(in)
		if !reflect.DeepEqual(r, again) {
			t.Fatal("composing twice gave two editions")
		}
		if d.MaxSize > 0 && len(r.Edition.Stories) > 0 {
			if n, _ := weigh(r.Edition); n > d.MaxSize {
				t.Fatalf("%d does not fit in %d", n, d.MaxSize)
			}
		}
		seen := make(map[string]int)
		for _, s := range r.Edition.Stories {
			seen[s.ID]++
		}
		for _, s := range r.Carried {
			seen[s.ID]++
		}
		for _, c := range r.Closed {
			seen[c.Story.ID]++
		}
		for _, s := range in.Stories {
			if seen[s.ID] != 1 {
				t.Fatalf("story %s stands %d times", s.ID, seen[s.ID])
			}
		}
		for _, topics := range [][]string{nil, {"g"}, {"d"}, {"s", "d"}, {"g", "s"}} {
			checkPage(t, r.Edition, digest.VariantKey{Topics: topics}, d)
		}
	})
}

// checkPage holds a page against the edition that it shows.
func checkPage(t *rapid.T, e digest.Edition, v digest.VariantKey, d digest.Digest) {
	p := Filter(e, v)
	stands := make(map[string]int)
	inTopic := make(map[string]int)
	count := func(en digest.Entry) {
		stands[en.ID]++
		if en.Kind == digest.News && !en.Brief {
			inTopic[en.Topic]++
		}
	}
	if p.Lead != nil {
		stands[p.Lead.ID]++
		if i := slices.IndexFunc(e.Stories, func(s digest.Story) bool { return s.ID == p.Lead.ID }); !e.Stories[i].Brief && p.Lead.Kind == digest.News {
			inTopic[p.Lead.Topic]++
		}
	}
	for _, s := range p.Sections {
		if len(s.Entries) == 0 {
			t.Fatalf("empty section %s", s.Kind)
		}
		for _, en := range s.Entries {
			if s.Kind != digest.SectionMostCovered {
				count(en)
			}
		}
	}
	for _, s := range e.Stories {
		wanted := v.Topics == nil
		for _, id := range s.Topics {
			wanted = wanted || slices.Contains(v.Topics, id)
		}
		if wanted && stands[s.ID] != 1 || !wanted && stands[s.ID] != 0 {
			t.Fatalf("story %s of %v stands %d times for %v", s.ID, s.Topics, stands[s.ID], v.Topics)
		}
	}
	for _, top := range d.Topics {
		if inTopic[top.ID] > top.MaxStories {
			t.Fatalf("%d stories in full in %s, which takes %d, for %v", inTopic[top.ID], top.ID, top.MaxStories, v.Topics)
		}
	}
}
