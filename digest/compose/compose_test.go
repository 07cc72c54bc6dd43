package compose

import (
	"errors"
	"fmt"
	"maps"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"digestd/digest"
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

// ids names stories.
func ids(stories []digest.Story) string {
	var out []string
	for _, s := range stories {
		out = append(out, s.ID)
	}
	return strings.Join(out, " ")
}

// shown names what the readers of some topics see: full entries, then headlines with a "-" in front.
func shown(e digest.Edition, topics []string) string {
	var out []string
	for _, en := range visible(e, digest.VariantKey{Topics: topics}) {
		mark := ""
		if en.Brief {
			mark = "-"
		}
		out = append(out, mark+en.ID)
	}
	return strings.Join(out, " ")
}

func aside(s digest.Story) digest.Story {
	s.Kind = digest.Aside
	return s
}

// beside is a story that stands behind another one of the same affair.
func beside(id string, s digest.Story) digest.Story {
	s.Rank.Beside, s.Rank.Repeats = "Title of "+id, id
	return s
}

func waited(s digest.Story) digest.Story {
	s.Carried = 1
	return s
}

// ago is a story whose items are so many hours old.
func ago(hours int, s digest.Story) digest.Story {
	for i := range s.Items {
		s.Items[i].FirstSeen = noon.Add(-time.Duration(hours) * time.Hour)
	}
	return s
}

// many are stories a0, a1, … of one feed.
func many(n int, id, feed string, topics ...string) (all []digest.Story) {
	for i := range n {
		all = append(all, story(fmt.Sprint(id, i), feed, 0, topics...))
	}
	return all
}

func TestComposeSelects(t *testing.T) {
	long := func(s digest.Story) digest.Story {
		s.Items[0].Summary = digest.PlainText(strings.Repeat("word ", 60))
		return s
	}
	var wordy []digest.Story
	for i := range 30 {
		wordy = append(wordy, long(story(fmt.Sprint("w", i), fmt.Sprint("f", i), 0, "g")))
	}
	for _, c := range []struct {
		name    string
		digest  digest.Digest
		stories []digest.Story
		topics  []string // whose page is looked at
		want    string
	}{
		{name: "all in full where there is room", digest: daily(topic("g", 12, 4)), stories: many(2, "a", "f", "g"), want: "a0 a1"},
		{name: "what is beyond a topic's limit becomes a headline", digest: daily(topic("g", 1, 4)),
			stories: []digest.Story{story("a", "f", 0, "g"), story("b", "h", 0, "g")}, want: "a -b"},
		{name: "one feed does not fill a topic that others want", digest: daily(topic("g", 2, 1)),
			stories: []digest.Story{story("a", "f", 0, "g"), story("b", "f", 0, "g"), story("c", "h", 0, "g")}, want: "a c -b"},
		{name: "it fills what nobody else wants", digest: daily(topic("g", 3, 1)), stories: many(4, "a", "f", "g"), want: "a0 a1 a2 -a3"},
		{name: "each topic has its first five before any has its sixth", digest: with(daily(topic("g", 50, 50), topic("d", 50, 50)), func(d *digest.Digest) { d.Length, d.MaxHeadlines = "short", 1 }),
			stories: append(slices.Clone(wordy), long(story("d0", "f", 0, "d")), long(story("d1", "f", 0, "d"))), want: "w0 w1 w2 w3 w4 w5 w6 w7 w8 w9 d0 d1 -w10"},
		{name: "a page as long as is usual", digest: with(daily(topic("g", 50, 50)), func(d *digest.Digest) { d.Length, d.MaxHeadlines = "usual", 1 }),
			stories: wordy, want: strings.TrimSpace(strings.Repeat("w%d ", 25)) + " -w25"},
		{name: "four opinion pieces", digest: daily(topic("g", 1, 4)),
			stories: []digest.Story{opinion(story("a", "f", 0, "g")), opinion(story("b", "f", 0, "g")), opinion(story("c", "f", 0, "g")),
				opinion(story("d", "f", 0, "g")), opinion(story("e", "f", 0, "g")), story("n", "f", 0, "g")}, want: "a b c d n -e"},
		{name: "what is new stands before what waited", digest: daily(topic("g", 2, 4)),
			stories: []digest.Story{waited(story("a", "f", 2, "g")), story("b", "f", 0, "g"), story("c", "f", 0, "g")}, want: "b c -a"},
		{name: "what is old has no place while what is new has none", digest: with(daily(topic("g", 1, 4)), func(d *digest.Digest) { d.MaxHeadlines = 1 }),
			stories: []digest.Story{ago(30, story("a", "f", 2, "g")), story("b", "f", 0, "g"), story("c", "f", 0, "g"), story("d", "f", 0, "g")}, want: "b -c"},
		{name: "but where nothing else is", digest: daily(topic("g", 3, 4)),
			stories: []digest.Story{ago(30, story("a", "f", 2, "g")), story("b", "f", 0, "g")}, want: "b a"},
		{name: "nor does it lead", digest: daily(topic("g", 3, 4)), stories: []digest.Story{ago(30, story("a", "f", 2, "g"))}, want: "a"},
		{name: "so many headlines, a third from one feed while others wait", digest: with(daily(topic("g", 1, 4)), func(d *digest.Digest) { d.MaxHeadlines = 3 }),
			stories: []digest.Story{story("a", "f", 0, "g"), story("b", "f", 0, "g"), story("c", "f", 0, "g"), story("d", "h", 0, "g"), story("e", "i", 0, "g"), story("x", "j", 0, "g")}, want: "a -b -d -e"},
		{name: "the latest headline first", digest: daily(topic("g", 1, 4)),
			stories: []digest.Story{story("a", "f", 0, "g"), ago(3, story("b", "f", 0, "g")), ago(1, story("c", "f", 0, "g")), ago(2, story("d", "f", 0, "g"))}, want: "a -c -d -b"},
		{name: "what is no news last", digest: with(daily(topic("g", 9, 4)), func(d *digest.Digest) { d.MaxHeadlines = 2 }),
			stories: []digest.Story{aside(story("l", "f", 3, "g")), story("a", "f", 0, "g")}, want: "a -l"},
		{name: "or nowhere", digest: with(daily(topic("g", 9, 4)), func(d *digest.Digest) { d.Asides = "off" }),
			stories: []digest.Story{aside(story("l", "f", 3, "g")), story("a", "f", 0, "g")}, want: "a"},
		{name: "whoever chose one topic has a page of it", digest: with(daily(topic("g", 2, 9), topic("d", 3, 9)), func(d *digest.Digest) { d.MaxHeadlines = 1 }), topics: []string{"g"},
			stories: many(6, "a", "f", "g", "d"), want: "a0 a1 -a2"},
		{name: "one affair is told once, by the better story", digest: with(daily(topic("g", 1, 4), topic("d", 9, 4)), func(d *digest.Digest) { d.MaxHeadlines = 5 }),
			stories: []digest.Story{story("a", "f", 2, "g"), story("b", "f", 0, "g"), beside("a", story("c", "h", 0, "d")), beside("gone", story("e", "h", 0, "d"))}, want: "a e -b"},
		{name: "nor where another section would have fewer than three", digest: daily(topic("g", 3, 4), topic("d", 9, 4)),
			stories: []digest.Story{story("a", "f", 2, "g"), beside("a", story("b", "h", 0, "d")), beside("a", story("c", "h", 0, "d")), story("e", "h", 0, "d"), story("i", "h", 0, "d")}, want: "a b e i"},
		{name: "in its own section it is told once", digest: daily(topic("g", 9, 9)),
			stories: []digest.Story{story("a", "f", 2, "g"), beside("a", story("b", "h", 0, "g")), story("e", "h", 0, "g")}, want: "a e"},
		{name: "but not where the other one tells more", digest: daily(topic("g", 3, 4)),
			stories: []digest.Story{story("a", "f", 2, "g"), func() digest.Story { s := beside("a", story("c", "h", 0, "g")); s.Rank.Repeats = ""; return s }()}, want: "a c"},
		{name: "but where the better one is not for this reader", digest: daily(topic("g", 1, 4), topic("d", 9, 4)), topics: []string{"d"},
			stories: []digest.Story{story("a", "f", 2, "g"), beside("a", story("c", "h", 0, "d"))}, want: "c"},
		{name: "what a better story tells that found no room", digest: with(daily(topic("g", 1, 4), topic("d", 9, 9)), func(d *digest.Digest) { d.MaxHeadlines = 1 }),
			stories: []digest.Story{story("a", "f", 3, "g"), story("x", "f", 2, "g"), story("b", "f", 1, "g"), beside("b", story("c", "h", 0, "d"))}, want: "a c -x"},
		{name: "or is old", digest: daily(topic("g", 3, 4)),
			stories: []digest.Story{ago(30, story("a", "f", 2, "g")), beside("a", story("c", "h", 0, "g"))}, want: "c a"},
		{name: "no limits", digest: daily(topic("g", 0, 0)), stories: many(2, "a", "f", "g"), want: "a0 a1"},
		{name: "nothing", digest: daily(topic("g", 1, 1))},
	} {
		t.Run(c.name, func(t *testing.T) {
			r, err := Compose(Input{Digest: c.digest, Stories: c.stories, Pages: []digest.Choice{{Topics: c.topics}}, Edition: digest.Edition{Composed: noon, Since: noon.Add(-12 * time.Hour)}})
			if err != nil {
				t.Fatal(err)
			}
			if strings.Contains(c.want, "%d") {
				var n []any
				for i := range strings.Count(c.want, "%d") {
					n = append(n, i)
				}
				c.want = fmt.Sprintf(c.want, n...)
			}
			if got := shown(r.Edition, c.topics); got != c.want {
				t.Errorf("got  %q\nwant %q", got, c.want)
			}
		})
	}
}

func with(d digest.Digest, change func(*digest.Digest)) digest.Digest {
	change(&d)
	return d
}

// A topic alone and the same topic in a digest of many give their reader the same.
func TestComposeStarvesNoTopic(t *testing.T) {
	stories := append(many(40, "a", "f", "g"), many(8, "b", "h", "d", "g")...)
	for i := range stories {
		stories[i].Items[0].Summary = digest.PlainText(strings.Repeat("word ", 40))
	}
	d := with(daily(topic("g", 12, 4), topic("d", 12, 4)), func(d *digest.Digest) { d.Length, d.MaxHeadlines = "usual", 15 })
	alone := with(d, func(d *digest.Digest) { d.Topics = d.Topics[1:] })
	both, err := Compose(Input{Digest: d, Stories: stories, Pages: []digest.Choice{{Topics: []string{"d"}}}})
	if err != nil {
		t.Fatal(err)
	}
	single, err := Compose(Input{Digest: alone, Stories: stories[40:]})
	if err != nil {
		t.Fatal(err)
	}
	if got, want := shown(both.Edition, []string{"d"}), shown(single.Edition, nil); got != want || got == "" {
		t.Errorf("in a digest of two: %s\nalone: %s", got, want)
	}
	if n := strings.Count(" "+shown(both.Edition, nil), " b"); n < 5 {
		t.Errorf("of the small topic %d stories are in full for the readers of both", n)
	}
}

func TestComposeSaysWhatBecomesOfTheRest(t *testing.T) {
	top := story("top", "f", 0, "g")
	top.Rank.Place = 2
	d := with(daily(topic("g", 1, 4)), func(d *digest.Digest) { d.MaxHeadlines = 1 })
	r, err := Compose(Input{Digest: d, Edition: digest.Edition{ID: "daily/UTC/x"}, Stories: []digest.Story{story("a", "f", 0, "g"), story("b", "f", 0, "g"),
		story("told", "f", 1, "g"), top, story("alone", "f", 0, "g"), waited(story("again", "f", 4, "g")), aside(story("live", "f", 4, "g"))}})
	if err != nil {
		t.Fatal(err)
	}
	if got := ids(r.Carried); got != "told top" {
		t.Errorf("carried %q", got)
	}
	var closed []string
	for _, c := range r.Closed {
		closed = append(closed, c.Story.ID+": "+c.Reason)
	}
	want := []string{"alone: found no room: 7 stories of edition daily/UTC/x stood before it", "live: is no news but a live page, a briefing, a gallery or the like, for which no room was left",
		"again: found no room in two editions"}
	if !slices.Equal(closed, want) {
		t.Errorf("closed %q", closed)
	}
}

// weigh measures a page as 10 for itself, 10 for a full entry and 3 for a headline.
func weigh(e digest.Edition, page digest.Choice) (int, error) {
	n := 10
	for _, s := range visible(e, digest.VariantKey{Topics: page.Topics, Length: page.Length}) {
		if s.Brief {
			n += 3
		} else {
			n += 10
		}
	}
	return n, nil
}

func TestComposeFitsSize(t *testing.T) {
	stories := []digest.Story{story("a", "f", 1, "g"), story("b", "f", 1, "g"), story("c", "f", 1, "g"), story("d", "f", 1, "g"), waited(story("e", "f", 1, "g"))}
	for _, c := range []struct {
		size                  int
		want, carried, closed string
	}{
		{0, "a b -c -d -e", "", ""},
		{39, "a b -c -d -e", "", ""},
		{38, "a b -c -d", "", "e"},
		{35, "a b -c", "d", "e"},
		{30, "a b", "c d", "e"},
		{29, "a", "b c d", "e"},
		{19, "-a -b -c", "d", "e"},
		{12, "", "a b c d", "e"},
		{1, "", "a b c d", "e"},
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
			}
			for _, s := range r.Carried {
				if s.Carried != 1 {
					t.Errorf("%s was carried %d times", s.ID, s.Carried)
				}
			}
			got := []string{shown(r.Edition, nil), ids(r.Carried), ids(closed)}
			if want := []string{c.want, c.carried, c.closed}; !slices.Equal(got, want) {
				t.Errorf("got %q, want %q", got, want)
			}
			if r.Edition.Carried != len(r.Carried) || r.Edition.Dropped != len(r.Closed) {
				t.Errorf("the edition says %d carried, %d dropped", r.Edition.Carried, r.Edition.Dropped)
			}
		})
	}
}

func TestComposeFitsEachPage(t *testing.T) {
	d := daily(topic("g", 9, 9), topic("d", 9, 9))
	d.MaxSize = 50
	r, err := Compose(Input{Digest: d, Stories: append(many(4, "a", "f", "g"), many(4, "b", "h", "d")...), Pages: []digest.Choice{{Topics: []string{"g"}}, {Topics: []string{"d"}}}, Measure: weigh})
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		topics []string
		want   string
	}{{nil, "a0 a1 b0 b1"}, {[]string{"g"}, "a0 a1 a2 a3"}, {[]string{"d"}, "b0 b1 b2 b3"}} {
		if got := shown(r.Edition, c.topics); got != c.want {
			t.Errorf("topics %v see %q, want %q", c.topics, got, c.want)
		}
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
	_, err := Compose(Input{Digest: d, Stories: stories, Measure: func(e digest.Edition, page digest.Choice) (int, error) {
		calls++
		return weigh(e, page)
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
		Measure: func(digest.Edition, digest.Choice) (int, error) { return 0, broken }})
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
	pages := []digest.Choice{{}, {Topics: []string{"g"}}, {Topics: []string{"d"}}, {Topics: []string{"s", "d"}, Length: "short"}, {Topics: []string{"g", "s"}}}
	rapid.Check(t, func(t *rapid.T) {
		limit := rapid.IntRange(1, 4)
		d := daily(topic("g", limit.Draw(t, "g"), limit.Draw(t, "per feed")), topic("d", limit.Draw(t, "d"), 2), topic("s", 2, 1))
		d.MaxSize = rapid.IntRange(0, 250).Draw(t, "size")
		d.MaxHeadlines = rapid.IntRange(0, 5).Draw(t, "headlines")
		in := Input{Digest: d, Stories: drawStories(t), Pages: pages, Measure: weigh, Edition: digest.Edition{Composed: noon, Since: noon.Add(-time.Hour)}}
		r, err := Compose(in)
		if err != nil {
			t.Fatal(err)
		}
		again, _ := Compose(in)
		if !reflect.DeepEqual(r, again) {
			t.Fatal("composing twice gave two editions")
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
		somewhere := make(map[string]bool)
		for _, page := range pages {
			checkPage(t, r.Edition, digest.VariantKey{Topics: page.Topics, Length: page.Length}, d, somewhere)
		}
		if len(somewhere) != len(r.Edition.Stories) {
			t.Fatalf("%d stories of the edition stand on pages, and it has %d", len(somewhere), len(r.Edition.Stories))
		}
	})
}

// checkPage holds a page against the edition that it shows, and notes what stands on it.
func checkPage(t *rapid.T, e digest.Edition, v digest.VariantKey, d digest.Digest, somewhere map[string]bool) {
	if n, _ := weigh(e, v.Choice()); d.MaxSize > 0 && n > max(10, d.MaxSize) {
		t.Fatalf("%d does not fit in %d", n, d.MaxSize)
	}
	p := PageOf(e, v)
	stands := make(map[string]int)
	inTopic := make(map[string]int)
	headlines := 0
	if p.Lead != nil {
		stands[p.Lead.ID]++
		inTopic[p.Lead.Topic]++
	}
	for _, s := range p.Sections {
		if len(s.Entries) == 0 {
			t.Fatalf("empty section %s", s.Kind)
		}
		for _, en := range s.Entries {
			stands[en.ID]++
			if en.Brief {
				headlines++
			} else if en.Kind == digest.News {
				inTopic[en.Topic]++
			}
		}
	}
	for _, s := range e.Stories {
		wanted := v.Topics == nil
		for _, id := range s.Topics {
			wanted = wanted || slices.Contains(v.Topics, id)
		}
		if stands[s.ID] > 1 || !wanted && stands[s.ID] != 0 {
			t.Fatalf("story %s of %v stands %d times for %v", s.ID, s.Topics, stands[s.ID], v.Topics)
		}
		if stands[s.ID] == 1 {
			somewhere[s.ID] = true
		}
	}
	for _, top := range d.Topics {
		if inTopic[top.ID] > top.MaxStories+1 { // the lead may be a headline of it
			t.Fatalf("%d stories in full in %s, which takes %d, for %v", inTopic[top.ID], top.ID, top.MaxStories, v.Topics)
		}
	}
	if d.MaxHeadlines > 0 && headlines > d.MaxHeadlines {
		// Where not even one full entry fits into the size, headlines take their place.
		if p.Lead == nil || slices.ContainsFunc(p.Sections, func(s digest.Section) bool { return s.Kind == digest.SectionTopic }) {
			t.Fatalf("%d headlines for %v", headlines, v.Topics)
		}
	}
}

// Developments have a section of their own, of five at most, and lead only where they are far better than all else.
func TestDevelopments(t *testing.T) {
	ranked := func(s digest.Story, total float64, follows bool) digest.Story {
		if s.Rank.Total = total; follows {
			s.Follows = &digest.Follows{Story: "s0", Title: "Of yesterday"}
		}
		return s
	}
	var stories []digest.Story
	for i := range 7 {
		stories = append(stories, ranked(story(fmt.Sprint("d", i), "herald", 0, "g"), 1.2-0.01*float64(i), true))
	}
	stories = append(stories, ranked(story("n", "herald", 0, "g"), 1, false), ranked(story("m", "gazette", 0, "g"), 0.9, false))
	d := daily(topic("g", 12, 9))
	d.MaxHeadlines = 15
	sections := func(stories []digest.Story) string {
		r, err := Compose(Input{Digest: d, Edition: digest.Edition{ID: "e", Composed: noon}, Stories: stories})
		if err != nil {
			t.Fatal(err)
		}
		page := PageOf(r.Edition, digest.VariantKey{})
		out := "lead " + page.Lead.ID
		for _, s := range page.Sections {
			out += ", " + string(s.Kind)
			for _, en := range s.Entries {
				out += " " + en.ID
			}
		}
		return out
	}
	if got, want := sections(stories), "lead n, topic m, developments d0 d1 d2 d3 d4, latest news d5 d6"; got != want {
		t.Errorf("got  %s\nwant %s", got, want)
	}
	stories[0].Rank.Total = 1.5
	if got, want := sections(stories), "lead d0, topic n m, developments d1 d2 d3 d4, latest news d5 d6"; got != want {
		t.Errorf("got  %s\nwant %s", got, want)
	}
	if got, want := sections(stories[:2]), "lead d0, developments d1"; got != want {
		t.Errorf("nothing else is new: got  %s\nwant %s", got, want)
	}
}

// What is light leads only where it is far better than all else.
func TestLightNewsSeldomLeads(t *testing.T) {
	for total, want := range map[float64]string{1.4: "n", 1.6: "l"} {
		film, news := story("l", "herald", 0, "g"), story("n", "herald", 0, "g")
		film.Rank.Total, film.Rank.News, news.Rank.Total = total, 0.5, 1
		r, err := Compose(Input{Digest: daily(topic("g", 12, 9)), Edition: digest.Edition{ID: "e", Composed: noon}, Stories: []digest.Story{film, news}})
		if err != nil {
			t.Fatal(err)
		}
		if lead := PageOf(r.Edition, digest.VariantKey{}).Lead.ID; lead != want {
			t.Errorf("%v beside 1: lead %s, want %s", total, lead, want)
		}
	}
}

// Whatever readers watch and mute: nobody sees what they mute, each sees once what they watch, and nothing else
// changes.
func TestOwnParts(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		d := daily(topic("g", 4, 4), topic("d", 3, 3), topic("s", 3, 3))
		d.MaxHeadlines = 4
		r, err := Compose(Input{Digest: d, Stories: drawStories(t), Edition: digest.Edition{Composed: noon}})
		if err != nil {
			t.Fatal(err)
		}
		set := func(m map[string]bool) map[string]bool { // as readers' words give it: without what is not in it
			m = maps.Clone(m)
			maps.DeleteFunc(m, func(_ string, in bool) bool { return !in })
			return m
		}
		chance := func(what string) map[string]bool {
			some := map[string]bool{}
			for _, s := range r.Edition.Stories {
				some[s.ID] = rapid.IntRange(0, 3).Draw(t, what) == 0
			}
			return some
		}
		watch, mute := chance("watch"), chance("mute")
		key := digest.VariantKey{Parts: true}
		for _, s := range r.Edition.Stories {
			if watch[s.ID] {
				key.Watched = append(key.Watched, s.ID)
			}
			if mute[s.ID] && slices.Contains(Head(PageOf(r.Edition, digest.VariantKey{})), s.ID) {
				key.Muted = append(key.Muted, s.ID)
			}
		}
		for more := true; more; { // what takes their place at the top
			more = false
			for _, id := range Head(PageOf(r.Edition, key)) {
				if mute[id] {
					key.Muted, more = append(key.Muted, id), true
				}
			}
		}
		page := PageOf(r.Edition, key)
		own := PartsOf(page).Own(set(watch), set(mute))
		if got := digest.ReadOwn(own.String()); !slices.Equal(got, own) {
			t.Fatalf("%v is read as %v", own, got)
		}
		seen, sections := map[string]int{}, map[string]digest.SectionKind{}
		mine := As(page, own)
		if mine.Lead != nil {
			seen[mine.Lead.ID]++
			if (mine.Mark != 0) != watch[mine.Lead.ID] {
				t.Fatalf("the lead is watched: %v, and marked: %v", watch[mine.Lead.ID], mine.Mark)
			}
		}
		for _, s := range mine.Sections {
			if len(s.Entries) == 0 {
				t.Fatalf("section %s %s is empty", s.Kind, s.Topic)
			}
			for _, en := range s.Entries {
				seen[en.ID]++
				sections[en.ID] = s.Kind
			}
		}
		for _, en := range visible(r.Edition, digest.VariantKey{}) {
			want := 1
			if mute[en.ID] {
				want = 0
			}
			if seen[en.ID] != want {
				t.Fatalf("%s stands %d times, watched %v, muted %v", en.ID, seen[en.ID], watch[en.ID], mute[en.ID])
			}
			if sections[en.ID] != "" && (sections[en.ID] == digest.SectionWatch) != watch[en.ID] && len(key.Watched) <= MaxWatched {
				t.Fatalf("%s stands in %q, watched %v", en.ID, sections[en.ID], watch[en.ID])
			}
		}
	})
}

// A reader's own length decides over how much their page has, and whoever says nothing has the digest's.
func TestLengthOfAReader(t *testing.T) {
	d := daily(topic("g", 50, 50))
	d.Length, d.MaxHeadlines = "usual", 1
	var stories []digest.Story
	for i := range 40 {
		s := story(fmt.Sprint("w", i), "f", 0, "g")
		s.Items[0].Summary = digest.PlainText(strings.Repeat("word ", 60))
		stories = append(stories, s)
	}
	r, err := Compose(Input{Digest: d, Stories: stories, Pages: []digest.Choice{{Length: "short"}, {Length: "long"}}, Edition: digest.Edition{Composed: noon}})
	if err != nil {
		t.Fatal(err)
	}
	count := func(length string) int { return len(visible(r.Edition, digest.VariantKey{Length: length})) }
	if short, usual, long := count("short"), count(""), count("long"); short*3 > usual*2 || long != len(stories) || usual >= long {
		t.Errorf("short has %d, the digest's %d, long %d of %d stories", short, usual, long, len(stories))
	}
}
