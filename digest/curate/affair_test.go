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
	if r := stories[2].Rank; r.Total < 0.19*r.News*r.Toll || r.Total > 0.21*r.News*r.Toll {
		t.Errorf("rank %.3f beside another one, want a fifth of %.3f", r.Total, r.News*r.Toll)
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
	if len(stories) != 2 || stories[0].Rank.Asks || !stories[1].Rank.Asks ||
		stories[1].Rank.Total != stories[1].Rank.News/2 {
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
	for _, pair := range [][2]string{ // what is later, and what it was
		{"Sandholm ports reopen under harbour guard", "Sandholm closes its ports"},
		{"Lund speaks at Sandholm harbour", "Lund set to speak at Sandholm harbour"},
	} {
		if of(noon.Add(1), pair[0]).repeats(of(noon, pair[1])) || !of(noon, pair[0]).repeats(of(noon.Add(1), pair[1])) {
			t.Errorf("%s: not only the later one is new", pair[0])
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
		item(1, "harbour", "Sandholm cuts its drills with Tarn, praising its marshal"),
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

// What two texts have in common tells what headlines leave open, of two outlets; of one, texts have forms of words in
// common.
func TestAffairsByTexts(t *testing.T) {
	text := func(keys ...uint64) (ms []mention) {
		for _, k := range keys {
			ms = append(ms, mention{key: k, weight: 1, named: k == 1})
		}
		return ms
	}
	of := func(source string, weight float64, texts []mention, headline ...uint64) wording {
		w := wording{source: source, weight: weight, text: texts, length: math.Sqrt(float64(len(texts)))}
		for _, k := range headline {
			w.lead = append(w.lead, mention{key: k, weight: 2, named: k == 1})
		}
		w.all = w.lead
		return w
	}
	told := of("harbour", 8, text(1, 2, 3, 4), 1, 2, 3, 4)
	for _, c := range []struct {
		name  string
		words wording
		want  float64
	}{
		{"two words, and half the text", of("nordic", 8, text(1, 2, 13, 14), 1, 2, 13, 14), 0.9866},
		{"two words, a summary in one alone", of("nordic", 8, nil, 1, 2, 13, 14), 0},
		{"two words, and another text", of("nordic", 8, text(11, 12, 13, 14), 1, 2, 13, 14), 0},
		{"two words, and no name in the text", of("nordic", 8, text(2, 3, 13, 14), 2, 3, 13, 14), 0},
		{"one outlet", of("harbour", 8, text(1, 2, 13, 14), 1, 2, 13, 14), 0},
		{"three words, and another text", of("nordic", 8, text(11, 12, 13, 14), 1, 2, 3, 14), 0.9723},
		{"three words of one outlet", of("harbour", 8, text(11, 12, 13, 14), 1, 2, 3, 14), 0.9879},
	} {
		if got := c.words.ofAffair(told); math.Abs(got-c.want) > 0.0005 || got != told.ofAffair(c.words) {
			t.Errorf("%s: %.4f, want %.4f", c.name, got, c.want)
		}
	}
}

// A word of texts weighs the more, the fewer of the stories have it; what is no news has no wording.
func TestWordings(t *testing.T) {
	clusters := make(map[string]cluster)
	stories := make([]digest.Story, 4)
	for i, title := range []string{"Sandholm halves its drills", "Marshal hails end of drills", "Sandholm opens a bridge", "Drills"} {
		it := item(uint64(i+1), fmt.Sprint("outlet ", i), title)
		it.Summary = digest.PlainText([]string{"Marshal Lund praised a calm winter off the northern skerries.", "The marshal said winter brought calm and silence to the northern skerries.",
			"Ferries of the sound sail a last time, after nine years of building.", "The marshal was glad."}[i])
		stories[i] = digest.Story{ID: fmt.Sprint(i), Kind: digest.News, Items: []digest.Item{it}}
		n := newNode(it, 0)
		n.doc = documentOf(it)
		clusters[stories[i].ID] = cluster{nodes: []*node{&n}}
	}
	stories[3].Kind = digest.Opinion
	subjects := newSubjects()
	words := subjects.wordings(stories, clusters, 4)
	alike, tells, _ := words[0].inText(words[1])
	if apart, _, _ := words[0].inText(words[2]); !tells || alike < 0.2 || apart > 0.1 {
		t.Errorf("of one affair %.3f (tells: %v), of two %.3f", alike, tells, apart)
	}
	if words[3].weight != 0 || words[3].text != nil {
		t.Errorf("opinion: %+v", words[3])
	}
}

// An event that more outlets tell takes the place of an angle of it that ranks higher; what stood back behind the angle
// stands back behind the event. An angle that tells something new keeps its place, and so does one that an editor put at
// the top.
func TestEventsTakeThePlaceOfAngles(t *testing.T) {
	for _, c := range []struct {
		angle string
		place float64
		want  []string // what each repeats
	}{
		{"Sandholm halves drills with Tarn as marshal smiles", 1, []string{"event", "event", ""}},
		{"Sandholm halves drills with Tarn as marshal smiles", 2, []string{"", "angle", ""}}, // at the top of a feed
		{"Sandholm halves 900 drills with Tarn as marshal smiles", 1, []string{"", "angle", ""}},
	} {
		words := wording{weight: 6, lead: []mention{{1, 2, true}, {2, 2, false}, {3, 2, false}}}
		words.all = words.lead
		subjects, clusters := newSubjects(), make(map[string]cluster)
		var stories []digest.Story
		for i, s := range []struct {
			id, title string
			outlets   int
		}{{"angle", c.angle, 1}, {"echo", "Marshal smiles as Sandholm halves drills with Tarn", 1}, {"event", "Sandholm halves 400 drills with Tarn", 3}} {
			story := digest.Story{ID: s.id, Kind: digest.News, Rank: digest.Rank{Total: float64(9 - i), Coverage: 1}}
			for n := range s.outlets {
				story.Items = append(story.Items, digest.Item{Title: s.title, Source: fmt.Sprint(s.id, n)})
			}
			stories = append(stories, story)
			n := newNode(story.Items[0], 0)
			n.doc, n.when = documentOf(story.Items[0]), noon.Add(-time.Duration(i)*time.Minute)
			clusters[s.id] = cluster{root: i, nodes: []*node{&n}}
			for j := range n.doc.tokens {
				subjects.bearers[n.doc.tokens[j].key] = 1
			}
		}
		stories[0].Rank.Place, stories[2].Rank.Place = c.place, 1
		subjects.standBack(stories, clusters, map[int]string{}, 60)
		for i, s := range stories {
			if s.Rank.Repeats != c.want[i] {
				t.Errorf("%s: %s repeats %q, want %q", c.angle, s.ID, s.Rank.Repeats, c.want[i])
			}
		}
		if event := stories[2].Rank.Total; (event > 9) != (c.want[0] == "event") {
			t.Errorf("%s: the event ranks %.2f", c.angle, event)
		}
	}
}

// Of as many outlets, what tells how it ended takes the place of what does not, and of two results the better one stands.
func TestResultsTakeThePlaceOfPreviews(t *testing.T) {
	for _, c := range []struct {
		better, lesser string
		takes          bool
	}{
		{"Sandholm marshal and Lund await verdict of harbour court", "Sandholm marshal convicted by harbour court in Lund suit", true},
		{"Sandholm marshal and Lund await verdict of harbour court", "Sandholm marshal to be convicted by harbour court, says Lund", false},
		{"Sandholm marshal and Lund await verdict of harbour court", "Was Sandholm marshal convicted by harbour court in Lund suit?", false},
		{"Harbour court jailed Sandholm marshal in Lund suit", "Sandholm marshal convicted by harbour court in Lund suit", false},
	} {
		words := wording{weight: 6, lead: []mention{{1, 2, true}, {2, 2, false}, {3, 2, false}}}
		words.all = words.lead
		var before []standing
		for i, title := range []string{c.better, c.lesser} {
			words.first = NewDocument(title, "", "en")
			story := &digest.Story{ID: title, Kind: digest.News, Items: []digest.Item{{Title: title, Source: "Outlet"}}}
			before = append(before, standing{story, cluster{root: i, nodes: []*node{{doc: words.first, when: noon}}}, words})
		}
		angle := before[1].behind(before[:1])
		if repeats := before[1].story.Rank.Repeats; (angle == 0) != c.takes || (repeats == c.better) == c.takes {
			t.Errorf("%s, after %s: angle %d, repeats %q", c.lesser, c.better, angle, repeats)
		}
		before[1].story.Rank = digest.Rank{Beside: "third", Repeats: "third"} // by their items
		if angle := before[1].behind(before[:1]); angle != -1 || before[1].story.Rank.Beside != "third" {
			t.Errorf("%s, which repeats a third: angle %d, %+v", c.lesser, angle, before[1].story.Rank)
		}
	}
}

// A result that repeats a preview by their items takes its place in the edition, too, but not that of what was sent.
func TestResultsBesideTheirPreviews(t *testing.T) {
	const preview, verdict = "Sandholm marshal and Lund await verdict of harbour court", "Sandholm marshal convicted by harbour court in Lund suit"
	for _, wasSent := range []bool{false, true} {
		subjects, clusters, first := newSubjects(), make(map[string]cluster), make(map[int]string)
		var stories []digest.Story
		for i, title := range []string{preview, verdict} {
			n := newNode(digest.Item{Title: title, Source: "Outlet"}, 0)
			n.doc, n.when = documentOf(*n.item), noon
			clusters[title] = cluster{root: i, nodes: []*node{&n}, beside: []int{1 - i}}
			stories = append(stories, digest.Story{ID: title, Items: []digest.Item{*n.item}, Rank: digest.Rank{Total: float64(9 - i), Coverage: 1}})
			for _, token := range n.doc.tokens {
				subjects.bearers[token.key] = 1
			}
		}
		if wasSent { // another telling
			c := clusters[verdict]
			c.beside, first[7] = []int{7}, "told"
			clusters[verdict] = c
		}
		subjects.standBack(stories, clusters, first, 60)
		want, beside := [2]string{verdict, ""}, ""
		if wasSent {
			want, beside = [2]string{"", preview}, preview
		}
		if got := [2]string{stories[0].Rank.Repeats, stories[1].Rank.Repeats}; got != want || stories[1].Rank.Beside != beside {
			t.Errorf("sent %v: they repeat %q, the verdict stands beside %q", wasSent, got, stories[1].Rank.Beside)
		}
	}
}

// What shares but names with a better story stands by itself, where summaries tell so.
func TestOtherMattersStand(t *testing.T) {
	const better, betterText = "Marshal of Sandholm mourned at harbour concert", "Thousands heard the choir of the harbour sing for the marshal."
	for _, c := range []struct {
		name, title, text string
		beside, behind    bool
	}{
		{"another matter", "Sandholm seizes forty smuggled crates aboard trawler", "Customs found brandy and furs below deck.", false, false},
		{"one affair by their items", "Sandholm seizes forty smuggled crates aboard trawler", "Customs found brandy and furs below deck.", true, true},
		{"no summary", "Sandholm seizes forty smuggled crates aboard trawler", "", false, true},
		{"the same and more", "Marshal of Sandholm mourned at harbour concert: envoys, premiers, captains, bishops and painters of nine neighbours attend", "Nine premiers came to it by special train.", false, true},
		{"the same", "Harbour choir of Sandholm sings for marshal", "Thousands came to the concert for the marshal of the harbour.", false, true},
	} {
		of := func(root int, title, text string) standing {
			w := wording{weight: 6, lead: []mention{{1, 2, true}, {2, 2, false}, {3, 2, false}}, first: NewDocument(title, text, "en"), source: "Outlet"}
			w.all, w.text = w.lead, w.first.text
			story := &digest.Story{ID: title, Items: []digest.Item{{Title: title, Source: "Outlet"}}}
			all := cluster{root: root, nodes: []*node{{doc: w.first, when: noon}}}
			if c.beside {
				all.beside = []int{3 - root}
			}
			return standing{story, all, w}
		}
		a := of(2, c.title, c.text)
		a.behind([]standing{of(1, better, betterText)})
		if got := a.story.Rank.Beside; (got == better) != c.behind {
			t.Errorf("%s: it stands beside %q", c.name, got)
		}
	}
}
