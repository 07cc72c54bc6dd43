package curate

import (
	"fmt"
	"math"
	"testing"
	"time"

	"digestd/digest"
)

// A story stands back behind a better one of its affair, and says for which.
func TestStoriesOfOneAffairStandBack(t *testing.T) {
	items := []digest.Item{
		item(1, "harbour", "Ferry capsizes off Kestrel Bay, killing at least 20"),
		item(2, "nordic", "Ferry capsizes off Kestrel Bay, killing at least 20 passengers"),
		item(3, "courier", "Ferry capsizes off Kestrel Bay, killing at least 38"),
		item(4, "envoy", rates),
	}
	stories, _ := Curate([]digest.Topic{topic("global", "harbour", "nordic", "courier", "envoy")}, items, nil, Options{Now: noon})
	if got := outline(stories); got != "1+2 global; 4 global; 3 global" {
		t.Fatalf("stories %q", got)
	}
	for i, want := range []string{"", "", items[0].Title} {
		if got := stories[i].Rank.Beside; got != want {
			t.Errorf("story %d stands beside %q, want %q", i, got, want)
		}
	}
	if alone, beside := stories[1].Rank.Total, stories[2].Rank.Total; beside < 0.19*alone || beside > 0.21*alone {
		t.Errorf("rank %.3f beside another one, want a fifth of %.3f", beside, alone)
	}
}

// What stands back puts nothing back: only what a reader has is a reason.
func TestStandingBackDoesNotSpread(t *testing.T) {
	stories := []digest.Story{{ID: "a"}, {ID: "b"}, {ID: "c"}, {ID: "o", Kind: digest.Opinion}}
	for i := range stories {
		stories[i].Items, stories[i].Rank.Total = []digest.Item{{Title: stories[i].ID}}, 1
	}
	of := func(root int, beside ...int) cluster {
		return cluster{root: root, beside: beside, nodes: []*node{{item: &digest.Item{}}}}
	}
	subjects := newSubjects()
	subjects.standBack(stories, map[string]cluster{"a": of(1, 2, 4), "b": of(2, 1, 3), "c": of(3, 2), "o": of(4, 1)},
		map[int]string{}, 4)
	for i, want := range []string{"", "a", "", ""} {
		if got := stories[i].Rank.Beside; got != want {
			t.Errorf("%s stands beside %q, want %q", stories[i].ID, got, want)
		}
	}
}

// An event stands back behind no reaction that fewer outlets tell, and nothing does behind what is no news.
func TestEventsDoNotStandBack(t *testing.T) {
	for _, c := range []struct {
		name        string
		kind        digest.Kind // of the better story
		outlets     int         // of the lesser one
		beside, who string
	}{
		{"a reaction", digest.News, 2, "", ""},
		{"a clip", digest.Aside, 1, "", ""},
		{"another report", digest.News, 1, "better", "better"},
	} {
		words := wording{weight: 6, lead: []mention{{1, 2, true}, {2, 2, false}, {3, 2, false}}}
		words.all = words.lead
		stories := []digest.Story{{ID: "better", Kind: c.kind, Items: []digest.Item{{Title: "better", Source: "Harbour Post"}}}, {ID: "lesser"}}
		for i := range c.outlets {
			stories[1].Items = append(stories[1].Items, digest.Item{Title: "lesser", Source: fmt.Sprint("Outlet ", i)})
		}
		node := []*node{{item: &digest.Item{}}}
		subjects := newSubjects()
		subjects.standBack(stories, map[string]cluster{"better": {root: 1, nodes: node}, "lesser": {root: 2, nodes: node, beside: []int{1}}}, map[int]string{}, 4)
		if got := stories[1].Rank.Beside; got != c.beside {
			t.Errorf("%s: by its items it stands beside %q, want %q", c.name, got, c.beside)
		}
		if c.kind != digest.News {
			continue
		}
		stories[1].Rank = digest.Rank{}
		standing{story: &stories[1], of: cluster{nodes: node}, words: words}.behind([]standing{{story: &stories[0], of: cluster{nodes: node}, words: words}})
		if got := stories[1].Rank.Repeats; got != c.who {
			t.Errorf("%s: by its words it repeats %q, want %q", c.name, got, c.who)
		}
	}
}

// What repeats a story in other words counts by half for it.
func TestRepeatingLends(t *testing.T) {
	s := digest.Story{Items: []digest.Item{{Source: "Harbour Post"}, {Source: "Nordic Herald"}}, Rank: digest.Rank{Coverage: 2, Total: 10}}
	countRepeats(&s, []digest.Item{{Source: "Tarn Gazette"}, {Source: "Harbour Post"}, {Source: "Brume Post"}})
	if r := s.Rank; r.Affair != 2 || math.Abs(r.Coverage-2.585) > 0.001 || math.Abs(r.Total-12.925) > 0.001 {
		t.Errorf("two outlets more: %+v", r)
	}
	before := s.Rank
	if countRepeats(&s, nil); s.Rank.Affair != 0 || s.Rank.Total != before.Total {
		t.Errorf("none: %+v", s.Rank)
	}
}

// One outlet's report written anew belongs to the story where enough pairs of other outlets' items say so.
func TestOutletsTellAnew(t *testing.T) {
	tellings := []digest.Item{
		item(1, "harbour", "Kestrel Bay ports reopen after crews accept wage deal"),
		item(2, "nordic", "Kestrel Bay ports reopen as crews accept wage deal"),
		item(3, "courier", "Kestrel Bay: ports reopen after wage deal with crews"),
		item(4, "harbour", "Kestrel Bay ports open again on Monday as crews back wage offer"),
		item(5, "envoy", "Kestrel Bay ports open again as crews back wage offer"),
	}
	all := []digest.Topic{topic("global", "harbour", "nordic", "courier", "envoy")}
	stories, closed := Curate(all, tellings, nil, Options{Now: noon})
	if len(stories) != 1 || len(stories[0].Items) != 4 || len(closed) != 1 {
		t.Errorf("stories %q, closed %s", outline(stories), reasons(closed))
	}
	stories, _ = Curate(all, []digest.Item{tellings[0], tellings[3]}, nil, Options{Now: noon})
	if len(stories) != 2 {
		t.Errorf("alone: %q", outline(stories))
	}
}

// A clip speaks for no story that an article tells, and alone it is no news, but in a feed of clips.
func TestClips(t *testing.T) {
	clip := func(it digest.Item) digest.Item {
		it.Link = "https://herald.example/videos/" + it.GUID
		return it
	}
	stories, _ := Curate([]digest.Topic{topic("global", "harbour", "nordic", "courier")}, []digest.Item{
		item(1, "harbour", strike), clip(item(2, "nordic", strike2)), clip(item(3, "harbour", quake)), item(5, "nordic", "Sandholm's museum opens at last"),
		clip(item(4, "courier", rates))}, nil, Options{Now: noon})
	kinds := map[uint64]digest.Kind{}
	for _, s := range stories {
		kinds[s.Lead().Seq] = s.Kind
	}
	for seq, want := range map[uint64]digest.Kind{1: digest.News, 3: digest.Aside, 4: digest.News, 5: digest.News} {
		if got, ok := kinds[seq]; !ok || got != want {
			t.Errorf("%d is %q (leads: %v), want %q", seq, got, ok, want)
		}
	}
}

// What says nothing new of a story that was sent, and is too far from it to be closed, stands back; a development does not.
func TestWhatWasToldStandsBack(t *testing.T) {
	sent := []digest.Story{{ID: "s1", Items: []digest.Item{item(1, "harbour", "Kestrel Bay ports reopen after crews accept wage deal")}}}
	for title, beside := range map[string]string{
		"Kestrel Bay ports open again on Monday as crews back wage offer": sent[0].Items[0].Title,
		"Kestrel Bay ports close again, crews reject wage deal after all": "",
		rates: "",
	} {
		now := item(2, "harbour", title)
		now.FirstSeen = noon.Add(time.Hour)
		stories, closed := Curate([]digest.Topic{topic("global", "harbour")}, []digest.Item{now}, sent, Options{Now: noon.Add(2 * time.Hour)})
		if len(stories) != 1 || stories[0].Rank.Beside != beside {
			t.Errorf("%s: stories %v, closed %v", title, stories, closed)
		}
	}
}

// Of the items of a development, the one that has what is new leads.
func TestDevelopmentsLeadWithWhatIsNew(t *testing.T) {
	sent := []digest.Story{{ID: "s1", Items: []digest.Item{item(1, "harbour", "Ferry fire off Sandholm kills two")}}}
	items := []digest.Item{item(2, "nordic", "Sandholm ferry fire: captain and his crew left the ship first"), item(3, "courier", "Ferry fire off Sandholm kills nine")}
	for i := range items {
		items[i].FirstSeen = noon.Add(time.Duration(5-i) * time.Hour) // the newer one would lead
		items[i].Of = uint64(3 * (1 - i))                             // one item, shown by two feeds
	}
	stories, _ := Curate([]digest.Topic{topic("global", "harbour", "nordic", "courier")}, items, sent, Options{Now: noon.Add(6 * time.Hour), Developments: true})
	if len(stories) != 1 || stories[0].Follows == nil || stories[0].Lead().Seq != 3 {
		t.Errorf("stories %q", outline(stories))
	}
}

// What nobody has more than a question of is worth half.
func TestQuestionsStandBack(t *testing.T) {
	stories, _ := Curate([]digest.Topic{topic("global", "harbour", "nordic")}, []digest.Item{item(1, "harbour", "Who owns the cranes of Sandholm?"), item(2, "nordic", rates)},
		nil, Options{Now: noon})
	if len(stories) != 2 || stories[0].Rank.Asks || !stories[1].Rank.Asks || stories[1].Rank.Total != stories[0].Rank.Total/2 {
		t.Errorf("stories %+v", stories)
	}
}

// A cluster repeats another one where none of its items tells more than any of the other's: what is new, if it is the
// later one.
func TestRepeats(t *testing.T) {
	of := func(at time.Time, titles ...string) (c cluster) {
		for _, title := range titles {
			c.nodes = append(c.nodes, &node{doc: NewDocument(title, "", "en"), when: at})
		}
		return c
	}
	told := of(noon, "Strikes on Sandholm harbour kill 11", "Sandholm harbour struck")
	for _, c := range []struct {
		title string
		at    time.Time
		want  bool
	}{
		{"Sandholm says 11 killed in strikes on harbour", noon.Add(1), true},
		{"Sandholm mourns after strikes on harbour", noon.Add(1), true},
		{"Strikes on Sandholm harbour kill 19", noon.Add(1), false},
		{"Strikes on Sandholm harbour leave 7 dead", noon, true},
		{"Strikes on Sandholm harbour leave 19 dead", noon.Add(1), false},
	} {
		if got := of(c.at, c.title).repeats(told); got != c.want {
			t.Errorf("%s: repeats %v, want %v", c.title, got, c.want)
		}
	}
	for _, pair := range [][2]string{
		{"SHA-CAN-1412: Sandholm cranes", "SHA-CAN-1430: Sandholm cranes"},
		{"Tarn port opens May 3", "Tarn port opens May 4"},
		{"Sandholm warns Tarn of blockade", "Tarn warns Sandholm of blockade"},
	} {
		if of(noon, pair[0]).repeats(of(noon, pair[1])) {
			t.Errorf("%s repeats %s", pair[0], pair[1])
		}
	}
	if told.repeats(cluster{}) {
		t.Error("what stands behind a story that was sent repeats one of the page")
	}
}

// Stories whose words are too far apart to be joined are of one affair where their headlines share enough of the
// window's rare words. The lesser one repeats the better one where it tells nothing new; what shares the words that all
// have does not.
func TestAffairsByRareWords(t *testing.T) {
	items := []digest.Item{
		item(1, "harbour", "Sandholm halves its drills with Tarn, praising its marshal"),
		item(2, "nordic", "Marshal of Tarn hails end of Sandholm drills"),
		item(3, "courier", "Marshal of Tarn buys a concert piano from a bankrupt school in Merle"),
	}
	for i := range 30 { // what else is in the news
		items = append(items, item(uint64(10+i), []string{"harbour", "nordic", "courier"}[i%3],
			fmt.Sprintf("Ferry %c%c%c reaches Kestrel Bay", 'a'+i, 'b'+i, 'c'+i)))
	}
	for i := range items {
		items[i].FirstSeen = noon.Add(-time.Duration(i) * time.Minute)
	}
	stories, _ := Curate([]digest.Topic{topic("global", "harbour", "nordic", "courier")}, items, nil, Options{Now: noon})
	ranks := make(map[uint64]digest.Rank)
	for _, s := range stories {
		ranks[s.Lead().Seq] = s.Rank
	}
	if r := ranks[2]; r.Beside != items[0].Title || r.Repeats != "s1" {
		t.Errorf("the second telling: %+v", r)
	}
	if r := ranks[3]; r.Beside != "" {
		t.Errorf("another deed: %+v", r)
	}
}

// How surely two stories are of one affair grows with the words that their headlines share, and with their part of them.
func TestOfAffair(t *testing.T) {
	of := func(keys ...uint64) (w wording) {
		for _, k := range keys {
			w.lead = append(w.lead, mention{key: k, weight: 2, named: true})
			w.weight += 2
		}
		w.all = w.lead
		return w
	}
	told := of(1, 2, 3, 4, 5, 6)
	nameless := of(1, 2, 3, 4, 5, 6) // six died in both
	for i := range nameless.lead {
		nameless.lead[i].named = false
	}
	if got := nameless.ofAffair(nameless); got != 0 {
		t.Errorf("no name is shared: %.3f", got)
	}
	for _, c := range []struct {
		words wording
		want  float64
	}{
		{of(1, 2, 7, 8), 0},                     // two words alone
		{of(1, 2, 3, 7, 8, 9), 0.9089},          // half of each
		{of(1, 2, 3, 7, 8, 9, 10, 11), 0.85516}, // of a longer one
		{of(1, 2, 3, 4, 5, 6), 0.99966},
		{of(), 0},
	} {
		if got := c.words.ofAffair(told); math.Abs(got-c.want) > 0.0005 || got != told.ofAffair(c.words) {
			t.Errorf("%v: %.5f, want %.5f", c.words.lead, got, c.want)
		}
	}
	for alone, want := range map[int]string{10: "told repeats", 11: "told", 21: "told", 23: ""} { // words that one has alone
		a := digest.Story{Kind: digest.News}
		words := []uint64{1, 2, 3}
		for i := range alone {
			words = append(words, uint64(20+i))
		}
		before := []standing{{story: &digest.Story{ID: "s", Items: []digest.Item{{Title: "told"}}}, of: cluster{nodes: []*node{{}}}, words: of(1, 2, 3, 4, 5, 6, 7, 8, 9)}}
		standing{story: &a, words: of(words...)}.behind(before)
		got := a.Rank.Beside
		if a.Rank.Repeats == "s" {
			got += " repeats"
		}
		if got != want {
			t.Errorf("%d words alone: %q, want %q", alone, got, want)
		}
	}
}
