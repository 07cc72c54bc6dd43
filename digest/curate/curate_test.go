package curate

import (
	"fmt"
	"math"
	"math/rand/v2"
	"reflect"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"digestd/digest"
)

var noon = time.Date(2026, 3, 12, 12, 0, 0, 0, time.UTC)

// item is an item of an outlet, which is also its feed, with a page of its own.
func item(seq uint64, outlet, title string) digest.Item {
	return digest.Item{Seq: seq, Feed: outlet, Source: outlet, GUID: fmt.Sprint(seq), Link: fmt.Sprintf("https://%s.example/news/%d", outlet, 10_000+seq),
		Title: title, FirstSeen: noon}
}

// topic is a topic with the feeds of some outlets.
func topic(id string, outlets ...string) digest.Topic {
	t := digest.Topic{ID: id}
	for _, o := range outlets {
		t.Feeds = append(t.Feeds, digest.Feed{URL: o, Name: o, Weight: 1})
	}
	return t
}

// outline writes stories as lines: the Seq of each item, the topics behind.
func outline(stories []digest.Story) string {
	var out []string
	for _, s := range stories {
		var seqs []string
		for _, it := range s.Items {
			seqs = append(seqs, fmt.Sprint(it.Seq))
		}
		out = append(out, strings.Join(seqs, "+")+" "+strings.Join(s.Topics, ","))
	}
	return strings.Join(out, "; ")
}

func reasons(closed []Closed) string {
	var out []string
	for _, c := range closed {
		out = append(out, fmt.Sprintf("%d %s", c.Item.Seq, c.Reason))
	}
	return strings.Join(out, "; ")
}

const (
	strike  = "Kestrel Bay ports reopen after crews accept wage deal"
	strike2 = "Crews accept wage deal, Kestrel Bay ports reopen"
	strike3 = "Kestrel Bay ports to reopen as crews accept wage deal"
	quake   = "Earthquake of magnitude 6.1 hits northern Aldmere"
	rates   = "Nordic central bank raises key rate to five percent"
)

func TestCurate(t *testing.T) {
	global := topic("global", "harbour", "nordic", "courier")
	diplomacy := topic("diplomacy", "courier", "envoy")
	filtered := topic("global", "harbour", "nordic")
	filtered.Exclude = []*regexp.Regexp{regexp.MustCompile(`(?i)horoscope`)}
	ports := topic("ports", "harbour")
	ports.Include = []*regexp.Regexp{regexp.MustCompile(`(?i)\bports?\b`)}
	opinionFeed := topic("global", "harbour", "nordic")
	opinionFeed.Feeds[1].Kind = digest.Opinion
	heavy := topic("global", "harbour", "nordic")
	heavy.Feeds[1].Weight = 3

	with := func(it digest.Item, change func(*digest.Item)) digest.Item {
		change(&it)
		return it
	}
	at := func(it digest.Item, d time.Duration) digest.Item {
		it.FirstSeen = noon.Add(d)
		return it
	}
	summary := func(it digest.Item, s string) digest.Item {
		it.Summary = digest.PlainText(s)
		return it
	}
	sentStrike := digest.Story{ID: "s1", Items: []digest.Item{item(1, "harbour", strike)}, Topics: []string{"global"}}

	for _, c := range []struct {
		name    string
		topics  []digest.Topic
		items   []digest.Item
		sent    []digest.Story
		opt     Options
		stories string
		closed  string
	}{
		{name: "nothing", topics: []digest.Topic{global}},
		{name: "two outlets, one story", topics: []digest.Topic{global},
			items: []digest.Item{item(1, "harbour", strike), item(2, "nordic", strike2), item(3, "nordic", quake)}, stories: "1+2 global; 3 global"},
		{name: "three outlets", topics: []digest.Topic{global},
			items: []digest.Item{item(1, "harbour", strike), item(2, "nordic", strike2), item(3, "courier", strike3)}, stories: "1+2+3 global"},
		{name: "one outlet's two items are two stories", topics: []digest.Topic{global},
			items: []digest.Item{item(1, "harbour", strike), item(2, "harbour", "Kestrel Bay crews to vote on a wage offer for the ports")}, stories: "1 global; 2 global"},
		{name: "unless they tell it in nearly the same words", topics: []digest.Topic{global},
			items: []digest.Item{item(1, "harbour", strike), item(2, "harbour", strike2)}, stories: "1 global", closed: `2 coverage of "` + strike + `"`},
		{name: "unless they are one piece under two addresses", topics: []digest.Topic{global},
			items: []digest.Item{item(1, "harbour", strike), at(item(2, "harbour", strike), -time.Hour)}, stories: "1 global", closed: `2 coverage of "` + strike + `"`},
		{name: "a daily column is no such piece", topics: []digest.Topic{global},
			items: []digest.Item{item(1, "harbour", strike), at(item(2, "harbour", strike), -24*time.Hour)}, stories: "1 global; 2 global"},
		{name: "too far apart in time", topics: []digest.Topic{global},
			items: []digest.Item{item(1, "harbour", strike), at(item(2, "nordic", strike2), -40*time.Hour)}, stories: "1 global; 2 global"},
		{name: "one page in two feeds", topics: []digest.Topic{global},
			items: []digest.Item{item(1, "harbour", strike), with(item(2, "nordic", "Watch the cranes move again"), func(it *digest.Item) {
				it.Link = "http://www.harbour.example/news/10001?utm_source=nordic"
			})}, stories: "1 global", closed: `2 coverage of "` + strike + `"`},
		{name: "one item in two feeds, by the ledger's word", topics: []digest.Topic{global, diplomacy},
			items:   []digest.Item{item(1, "harbour", strike), with(item(2, "envoy", quake), func(it *digest.Item) { it.Of = 1 })},
			stories: "1 diplomacy,global", closed: `2 coverage of "` + strike + `"`},
		{name: "topics of all its items, in the digest's order", topics: []digest.Topic{diplomacy, global},
			items: []digest.Item{item(1, "harbour", strike), item(2, "envoy", strike2)}, stories: "1+2 diplomacy,global"},
		{name: "a feed that was taken out", topics: []digest.Topic{global},
			items: []digest.Item{item(1, "gazette", strike)}, closed: "1 feed removed"},
		{name: "history", topics: []digest.Topic{global},
			items: []digest.Item{with(item(1, "harbour", strike), func(it *digest.Item) { it.History = true })}, closed: "1 history: older than lookback when its feed was first read"},
		{name: "excluded by title", topics: []digest.Topic{filtered},
			items: []digest.Item{item(1, "harbour", "Your horoscope")}, closed: "1 excluded by (?i)horoscope of topic global"},
		{name: "excluded by summary", topics: []digest.Topic{filtered},
			items: []digest.Item{summary(item(1, "harbour", "Your day"), "The Horoscope for today.")}, closed: "1 excluded by (?i)horoscope of topic global"},
		{name: "included", topics: []digest.Topic{ports},
			items: []digest.Item{item(1, "harbour", strike), item(2, "harbour", quake)}, stories: "1 ports", closed: "2 not included by topic ports"},
		{name: "left out by one topic, taken by another", topics: []digest.Topic{ports, global},
			items: []digest.Item{item(1, "harbour", strike), item(2, "harbour", quake)}, stories: "1 ports,global; 2 global"},
		{name: "the fuller summary leads", topics: []digest.Topic{global},
			items: []digest.Item{item(1, "harbour", strike), summary(item(2, "nordic", strike2), "Cranes moved again at dawn after eleven days of silence.")}, stories: "2+1 global"},
		{name: "a picture leads", topics: []digest.Topic{global},
			items: []digest.Item{item(1, "harbour", strike), with(item(2, "nordic", strike2), func(it *digest.Item) { it.Image = &digest.Image{URL: "https://nordic.example/a.jpg"} })}, stories: "2+1 global"},
		{name: "the heavier feed leads", topics: []digest.Topic{heavy},
			items: []digest.Item{item(1, "harbour", strike), item(2, "nordic", strike2)}, stories: "2+1 global"},
		{name: "the original leads, not who points at it", topics: []digest.Topic{topic("global", "harbour", "links")},
			items: []digest.Item{item(1, "harbour", strike), linked(item(2, "links", strike2), "a.example", "Cranes moved again at dawn after eleven days of silence."),
				linked(item(3, "links", quake), "b.example", ""), linked(item(4, "links", rates), "c.example", ""), linked(item(5, "links", "Ferry sinks off Aldmere"), "d.example", "")},
			stories: "1+2 global; 3 global; 4 global; 5 global"},
		{name: "opinion is no coverage of news", topics: []digest.Topic{opinionFeed},
			items: []digest.Item{item(1, "harbour", strike), item(2, "nordic", strike2)}, stories: "1 global; 2 global"},
		{name: "coverage before freshness", topics: []digest.Topic{global},
			items: []digest.Item{item(1, "harbour", quake), at(item(2, "harbour", strike), -2*time.Hour), at(item(3, "nordic", strike2), -2*time.Hour)}, stories: "2+3 global; 1 global"},
		{name: "the fresher first", topics: []digest.Topic{global},
			items: []digest.Item{at(item(1, "harbour", quake), -5*time.Hour), item(2, "harbour", rates)}, stories: "2 global; 1 global"},
		{name: "the heavier first", topics: []digest.Topic{heavy},
			items: []digest.Item{item(1, "harbour", quake), item(2, "nordic", rates)}, stories: "2 global; 1 global"},
		{name: "coverage of what was sent", topics: []digest.Topic{global}, sent: []digest.Story{sentStrike},
			items: []digest.Item{item(2, "nordic", strike2), item(3, "nordic", quake)}, stories: "3 global", closed: `2 coverage of "` + strike + `"`},
		{name: "the outlet's own next report of what was sent is news", topics: []digest.Topic{global}, sent: []digest.Story{sentStrike},
			items: []digest.Item{item(2, "harbour", "Kestrel Bay ports closed again as crews reject wage deal")}, stories: "2 global"},
		{name: "the same in other words is not", topics: []digest.Topic{global}, sent: []digest.Story{sentStrike},
			items: []digest.Item{item(2, "harbour", strike2)}, closed: `2 coverage of "` + strike + `"`},
		{name: "that what was to come has happened is news", topics: []digest.Topic{global},
			sent:  []digest.Story{{ID: "s1", Items: []digest.Item{item(1, "harbour", strike3)}, Topics: []string{"global"}}},
			items: []digest.Item{item(2, "nordic", strike)}, stories: "2 global"},
		{name: "that more is known by now is news", topics: []digest.Topic{global},
			sent:  []digest.Story{{ID: "s1", Items: []digest.Item{item(1, "harbour", "Ferry fire off Sandholm kills two")}, Topics: []string{"global"}}},
			items: []digest.Item{item(2, "nordic", "Ferry fire off Sandholm kills nine"), item(3, "nordic", "Two killed in ferry fire off Sandholm")}, stories: "2 global", closed: `3 coverage of "Ferry fire off Sandholm kills two"`},
		{name: "what was sent is over after the window", topics: []digest.Topic{global}, sent: []digest.Story{sentStrike},
			items: []digest.Item{at(item(2, "nordic", strike2), 37*time.Hour)}, opt: Options{Now: noon.Add(38 * time.Hour)}, stories: "2 global"},
		{name: "two that were sent stay two", topics: []digest.Topic{global},
			sent:  []digest.Story{sentStrike, {ID: "s2", Items: []digest.Item{item(2, "nordic", strike2)}}},
			items: []digest.Item{item(3, "courier", strike3)}, closed: `3 coverage of "` + strike + `"`},
		{name: "what waited comes back and takes in what is new", topics: []digest.Topic{global},
			opt:   Options{Carried: map[uint64]int{1: 1}},
			items: []digest.Item{item(1, "harbour", strike), item(2, "nordic", strike2), item(3, "courier", quake)}, stories: "1+2 global; 3 global"},
		{name: "what waited is not older for it", topics: []digest.Topic{global}, opt: Options{Carried: map[uint64]int{1: 1}},
			items: []digest.Item{at(item(1, "harbour", strike), -20*time.Hour), at(item(2, "courier", quake), -12*time.Hour)}, stories: "1 global; 2 global"},
		{name: "what did not wait is", topics: []digest.Topic{global},
			items: []digest.Item{at(item(1, "harbour", strike), -20*time.Hour), at(item(2, "courier", quake), -12*time.Hour)}, stories: "2 global; 1 global"},
	} {
		t.Run(c.name, func(t *testing.T) {
			if c.opt.Now.IsZero() {
				c.opt.Now = noon
			}
			stories, closed := Curate(c.topics, c.items, c.sent, c.opt)
			if got := outline(stories); got != c.stories {
				t.Errorf("stories %q, want %q", got, c.stories)
			}
			if got := reasons(closed); got != c.closed {
				t.Errorf("closed %q, want %q", got, c.closed)
			}
		})
	}
}

// linked is an item that points to another site's page.
func linked(it digest.Item, host, summary string) digest.Item {
	it.Link = fmt.Sprintf("https://%s/news/%d", host, 10_000+it.Seq)
	it.Summary = digest.PlainText(summary)
	return it
}

func TestCurateExplains(t *testing.T) {
	stories, _ := Curate([]digest.Topic{topic("global", "harbour", "nordic")},
		[]digest.Item{item(1, "harbour", strike), item(2, "nordic", strike2)}, nil, Options{Now: noon.Add(12 * time.Hour), Since: noon.Add(-12 * time.Hour)})
	if len(stories) != 1 {
		t.Fatalf("%d stories", len(stories))
	}
	s := stories[0]
	if len(s.Joins) != 1 || s.Joins[0].Item != 2 || s.Joins[0].With != 1 || s.Joins[0].Score < Threshold || !slices.Contains(s.Joins[0].Terms, "kestrel") {
		t.Errorf("joins %+v", s.Joins)
	}
	news := newsOf(s)
	if want := (digest.Rank{Coverage: 2, Place: 1, Staying: 1, Heat: 1, Recency: 0.5, Weight: 1, News: news, Toll: 1, Total: news}); s.Rank != want {
		t.Errorf("rank %+v, want %+v", s.Rank, want)
	}
	if s.ID != "s1" {
		t.Errorf("id %q", s.ID)
	}
}

// Of a story's items, the newest that tells speaks for it, with what others have and it lacks.
func TestWhoSpeaksForAStory(t *testing.T) {
	topics := []digest.Topic{topic("global", "harbour", "nordic", "courier", "gazette")}
	at := func(it digest.Item, hours int) digest.Item {
		it.FirstSeen = noon.Add(-time.Duration(hours) * time.Hour)
		return it
	}
	full := at(item(4, "gazette", strike2), 5)
	full.Summary, full.Image, full.Language = digest.PlainText("Cranes moved again at dawn."), &digest.Image{URL: "https://gazette.example/a.jpg"}, "en-GB"
	plain := item(1, "harbour", strike)
	plain.Language = "en-US"
	for _, c := range []struct {
		name  string
		items []digest.Item
		want  string
	}{
		{"the newest", []digest.Item{at(item(1, "harbour", strike), 6), item(2, "nordic", strike2)}, "nordic"},
		{"no question", []digest.Item{at(item(1, "harbour", strike), 6), item(2, "nordic", strike2+"?")}, "harbour"},
		{"no shouting", []digest.Item{at(item(1, "harbour", strike), 6), item(2, "nordic", strings.ToUpper(strike2))}, "harbour"},
		{"no mark of exclamation", []digest.Item{at(item(1, "harbour", strike), 6), item(2, "nordic", strike2+"!")}, "harbour"},
	} {
		stories, _ := Curate(topics, c.items, nil, Options{Now: noon})
		if len(stories) != 1 || stories[0].Lead().Source != c.want {
			t.Errorf("%s: %s", c.name, outline(stories))
		}
	}
	stories, _ := Curate(topics, []digest.Item{plain, full}, nil, Options{Now: noon})
	if s := stories[0]; s.Lead().Source != "harbour" || s.SummaryFrom != "gazette" || s.ImageFrom != "gazette" || s.Lead().Summary.Plain() == "" || s.Lead().Image == nil {
		t.Errorf("borrowed: %+v", s)
	}
	foreign := full
	foreign.Language = "fr"
	stories, _ = Curate(topics, []digest.Item{plain, foreign}, nil, Options{Now: noon})
	if s := stories[0]; s.SummaryFrom != "" {
		t.Errorf("a summary in another language was borrowed: %+v", s)
	}
}

// What editors put at the top, keep there, and tell much about, ranks higher; each sign by itself.
func TestRankOfPlaceStayingAndHeat(t *testing.T) {
	topics := []digest.Topic{topic("global", "harbour", "nordic", "courier")}
	placed := func(it digest.Item, place, kept int) digest.Item {
		it.Place, it.Kept = place, kept
		return it
	}
	opt := Options{Now: noon.Add(time.Hour), ByImportance: map[string]bool{"harbour": true, "nordic": true}}
	first := func(items ...digest.Item) digest.Story {
		stories, _ := Curate(topics, items, nil, opt)
		return stories[0]
	}
	if s := first(item(1, "harbour", quake), placed(item(2, "harbour", rates), 1, 0)); s.ID != "s2" || s.Rank.Place != 2.2 {
		t.Errorf("place: %+v", s.Rank)
	}
	if s := first(placed(item(1, "courier", quake), 1, 9), item(2, "harbour", rates)); s.Rank.Place != 1 || s.Rank.Staying != 1 {
		t.Errorf("a feed that time sorts: %+v", s.Rank)
	}
	for place, want := range map[int]float64{1: 2.2, 2: 2.1, 3: 2, 4: 1.5, 6: 1.5, 7: 1.25, 10: 1.25, 11: 1, 0: 1} {
		if s := first(placed(item(1, "harbour", quake), place, 0)); math.Abs(s.Rank.Place-want) > 1e-9 {
			t.Errorf("place %d is worth %.2f, want %.2f", place, s.Rank.Place, want)
		}
	}
	for place, want := range map[int]float64{2: 2 * 3.3, 3: 2 * 3.2, 4: 2.7, 11: 2.2} { // two editors at the top count twice
		s := first(placed(item(1, "harbour", strike), 1, 0), placed(item(2, "nordic", strike2), place, 0))
		if math.Abs(s.Rank.Place-want) > 1e-9 || math.Abs(s.Rank.Recency-math.Exp2(-1/(12*min(want, 3.3)))) > 1e-2 {
			t.Errorf("two outlets, one at place %d: %+v, want %.2f", place, s.Rank, want)
		}
	}
	if s := first(placed(item(1, "harbour", quake), 4, 0), placed(item(2, "harbour", rates), 4, 7)); s.ID != "s2" || math.Abs(s.Rank.Staying-1.24) > 1e-9 {
		t.Errorf("staying: %+v", s.Rank)
	}
	if s := first(placed(at12(item(1, "harbour", quake)), 1, 0)); math.Abs(s.Rank.Recency-math.Exp2(-13/(12*2.2))) > 1e-3 {
		t.Errorf("what is at the top grows old slowly: %+v", s.Rank)
	}
	subject := []digest.Item{placed(item(1, "harbour", "Marrow dam cracks after the winter floods"), 2, 0), placed(item(2, "nordic", "Engineers doubted Marrow for a decade"), 3, 0),
		item(3, "courier", "Villages below Marrow wait for orders"), item(4, "harbour", "Why nobody listened about Marrow")}
	s := first(subject...)
	if want := 1 + 0.15*math.Log2(2) + 0.6; s.ID != "s1" || math.Abs(s.Rank.Heat-want) > 1e-9 || s.Rank.Subject != "marrow, in 4 items" {
		t.Errorf("heat %+v, want %.3f", s.Rank, want)
	}
	stories, _ := Curate(topics, subject, nil, opt)
	for _, other := range stories[1:] {
		if other.Rank.Heat != 1 {
			t.Errorf("the subject lifts %s, too: %+v", other.ID, other.Rank)
		}
	}
	if s := first(subject[:2]...); s.Rank.Heat != 1 {
		t.Errorf("two items are no subject: %+v", s.Rank)
	}
}

// A name that half the news has is a subject together with a second word: what two outlets have at the top of it lifts
// the better of the two.
func TestRunningStory(t *testing.T) {
	topics := []digest.Topic{topic("global", "harbour", "nordic", "courier")}
	opt := Options{Now: noon.Add(time.Hour), ByImportance: map[string]bool{"harbour": true, "nordic": true}}
	heat := func(ofMarrow int, second string, place int) (float64, string) {
		a, b := item(1, "harbour", "Barricades burn in Marrow as grain protests spread"), item(2, "nordic", second)
		a.Place, b.Place = 2, place
		items := []digest.Item{a, b}
		for i := range 78 {
			title := fmt.Sprintf("Kiln%c%c fires tiles again", 'a'+i/26, 'a'+i%26)
			if i < ofMarrow-2 {
				title = fmt.Sprintf("Marrow kiln%c%c fires tiles", 'a'+i/26, 'a'+i%26)
			}
			items = append(items, item(uint64(i+3), "courier", title))
		}
		stories, _ := Curate(topics, items, nil, opt)
		if i := slices.IndexFunc(stories, func(s digest.Story) bool { return s.ID == "s2" }); i >= 0 && stories[i].Rank.Heat > 1 {
			t.Errorf("both are lifted: %+v", stories[i].Rank)
		}
		i := slices.IndexFunc(stories, func(s digest.Story) bool { return s.ID == "s1" })
		return stories[i].Rank.Heat, stories[i].Rank.Subject
	}
	const other = "Mayor begs Marrow to stop protests"
	for _, c := range []struct {
		ofMarrow, place int
		second          string
		want            float64
	}{{10, 3, other, 1.6}, {20, 3, other, 1.6}, {21, 3, other, 1}, {10, 4, other, 1}, {10, 3, "Marrow names a new bishop", 1}} {
		got, subject := heat(c.ofMarrow, c.second, c.place)
		if got != c.want || got > 1 && subject != "what others have at the top: \"Mayor begs Marrow to stop protests\"" {
			t.Errorf("%+v: heat %.2f (%s)", c, got, subject)
		}
	}
}

// News halves in half a period, in six hours at least, and never falls below a sixty-fourth.
func TestRecencyEnds(t *testing.T) {
	for _, c := range []struct {
		period, age time.Duration
		want        float64
	}{{24 * time.Hour, 12 * time.Hour, 0.5}, {time.Hour, 6 * time.Hour, 0.5}, {time.Hour, 3 * time.Hour, math.Sqrt(0.5)}, {time.Hour, 240 * time.Hour, 1.0 / 64}, {168 * time.Hour, 84 * time.Hour, 0.5}} {
		now := noon.Add(c.age)
		stories, _ := Curate([]digest.Topic{topic("global", "harbour")}, []digest.Item{item(1, "harbour", quake)}, nil, Options{Now: now, Since: now.Add(-c.period)})
		if got := stories[0].Rank.Recency; math.Abs(got-c.want) > 1e-9 {
			t.Errorf("%v old, %v after the last edition: %.4f, want %.4f", c.age, c.period, got, c.want)
		}
	}
}

// What summaries add to the likeness of two headlines, in logits.
func TestTextsOfSummaries(t *testing.T) {
	text := func(summary string) Document { return NewDocument("Cranes move again", summary, "en") }
	bare := text("")
	told := text("Harbourmaster Lund praised Kestrel crews after eleven silent days")
	for _, c := range []struct {
		name string
		a, b Document
		want float64
	}{
		{"one has none", bare, told, 0},
		{"one has a few words", text("Lund said so."), told, 0},
		{"nothing in common", told, text("Volcano ash closed Sandholm airfields until Thursday morning, pilots report"), -0.8},
		{"the other has a few words", told, text("Lund said so."), 0},
		{"what one headline has", NewDocument("Lund waits", "Harbourmaster Lund praised crews after eleven silent days", "en"),
			NewDocument("Kestrel waits", "Volcano ash closed airfields until Thursday morning, pilots told Lund in Kestrel", "en"), 0.3},
		{"letters in common", NewDocument("", "广岛港口重新开放罢工结束", "ja"), NewDocument("", "广岛港口重新开放罢工结束", "ja"), 0.66},
		{"one name in common", told, text("Volcano ash closed airfields until Thursday morning, pilots told Lund"), 0.3},
		{"two names in common", told, text("Volcano ash closed Kestrel airfields until Thursday morning, pilots told Lund"), 0.6},
		{"all in common", told, told, 1.5},
	} {
		if got := texts(c.a, c.b); math.Abs(got-c.want) > 0.011 {
			t.Errorf("%s: %.3f, want %.3f", c.name, got, c.want)
		}
	}
}

// at12 is an item that is twelve hours older.
func at12(it digest.Item) digest.Item {
	it.FirstSeen = it.FirstSeen.Add(-12 * time.Hour)
	return it
}

// A story waits while nobody tells it anew.
func TestCurateKeepsWaiting(t *testing.T) {
	for second, want := range map[int]int{0: 0, 1: 1, 2: 1} {
		stories, _ := Curate([]digest.Topic{topic("global", "harbour", "nordic")}, []digest.Item{item(1, "harbour", strike), item(2, "nordic", strike2)}, nil,
			Options{Now: noon, Carried: map[uint64]int{1: 1, 2: second}})
		if len(stories) != 1 || stories[0].Carried != want || stories[0].ID != "s1" {
			t.Errorf("second waited %d: got %+v", second, stories)
		}
	}
}

func TestOpinion(t *testing.T) {
	for _, c := range []struct {
		name string
		it   digest.Item
		feed digest.Kind
		want digest.Kind
	}{
		{"news", digest.Item{Link: "https://harbour.example/world/ports"}, digest.News, digest.News},
		{"the feed", digest.Item{}, digest.Opinion, digest.Opinion},
		{"the item", digest.Item{Kind: digest.Opinion}, digest.News, digest.Opinion},
		{"whoever writes of themselves", digest.Item{Title: "I moved to a harbour at sixty", Language: "en-GB"}, digest.News, digest.Opinion},
		{"in capitals", digest.Item{Title: "I Spent a Year on a Crane", Language: "en"}, digest.News, digest.Opinion},
		{"a film", digest.Item{Title: "I Saw the Crane Fall Wins Prize", Language: "en"}, digest.News, digest.News},
		{"whose feed says no language", digest.Item{Title: "I paid for the crane that my family had to share"}, digest.News, digest.Opinion},
		{"who speaks of themselves below", digest.Item{Title: "Harbours change", Summary: digest.PlainText("Last month I moved to the harbour.")}, digest.News, digest.Opinion},
		{"who is quoted", digest.Item{Title: "Docker quits", Summary: digest.PlainText(`He said: "I can't do this," and left. “And I mean it.”`)}, digest.News, digest.News},
		{"a war", digest.Item{Title: "Mines found", Summary: digest.PlainText("The mines of World War I and II lie off the harbour.")}, digest.News, digest.News},
		{"a transcript", digest.Item{Title: "Mayor on cranes", Summary: digest.PlainText("The transcript follows: MAYOR: Well, I think the cranes stand.")}, digest.News, digest.News},
		{"an interview far below", digest.Item{Title: "Mayor on cranes", Summary: digest.PlainText(strings.Repeat("Cranes stand at the harbour. ", 12) + "And I know it.")}, digest.News, digest.News},
		{"a name", digest.Item{Title: "My Brightest Crane wins prize", Language: "en"}, digest.News, digest.News},
		{"another language", digest.Item{Title: "I portuali tornano al lavoro"}, digest.News, digest.News},
		{"a category", digest.Item{Categories: []string{"Ports", " OPINION "}}, digest.News, digest.Opinion},
		{"a section of the site", digest.Item{Link: "https://harbour.example/opinion/2026/ports"}, digest.News, digest.Opinion},
		{"a section by another name", digest.Item{Link: "https://harbour.example/commentisfree/2026/mar/ports"}, digest.News, digest.Opinion},
		{"a German one", digest.Item{Link: "https://harbour.example/politik/kommentar/haefen"}, digest.News, digest.Opinion},
		{"a Spanish one", digest.Item{Link: "https://puerto.example/firmas/2026/gruas"}, digest.News, digest.Opinion},
		{"a Polish one", digest.Item{Link: "https://port.example/felietony/dzwigi"}, digest.News, digest.Opinion},
		{"a Dutch one", digest.Item{Link: "https://haven.example/opinies/kranen"}, digest.News, digest.Opinion},
		{"a Japanese one", digest.Item{Link: "https://minato.example/shasetsu/2026/kureen"}, digest.News, digest.Opinion},
		{"a label of its summary", digest.Item{Title: "Cranes are ours", Summary: digest.PlainText("COMMENT: They stand still.")}, digest.News, digest.Opinion},
		{"a comment in the news", digest.Item{Title: "Cranes are ours", Summary: digest.PlainText("Comment was not to be had.")}, digest.News, digest.News},
		{"a French label", digest.Item{Title: "Tribune : « Les grues sont à nous »"}, digest.News, digest.Opinion},
		{"a German label", digest.Item{Title: "Kommentar: Die Kräne gehören uns"}, digest.News, digest.Opinion},
		{"an Italian label", digest.Item{Title: "L'opinione. Le gru sono nostre"}, digest.News, digest.Opinion},
		{"a Portuguese label", digest.Item{Title: "Crónica | Os guindastes são nossos"}, digest.News, digest.Opinion},
		{"a Japanese label", digest.Item{Title: "【社説】港のクレーン"}, digest.News, digest.Opinion},
		{"a tribune that falls", digest.Item{Title: "Tribune s'effondre au stade du port"}, digest.News, digest.News},
		{"an article of that name", digest.Item{Link: "https://harbour.example/culture/editorial"}, digest.News, digest.News},
		{"no link", digest.Item{Link: "::"}, digest.News, digest.News},
	} {
		t.Run(c.name, func(t *testing.T) {
			if got := kindOf(c.it, c.feed, nil); got != c.want {
				t.Errorf("got %q", got)
			}
		})
	}
}

// drawItems draws items of few outlets and few subjects, so that much of it is alike.
func drawItems(t *rapid.T) []digest.Item {
	titles := []string{strike, strike2, strike3, quake, "Quake of magnitude 6.1 hits north of Aldmere", rates, "Nordic bank raises key rate to five percent",
		"Letters to the editor", "Five killed in Aldmere ferry disaster", "Ferry disaster in Aldmere kills five", "Ferry disaster in Aldmere kills seven", "港口重新开放 罢工结束 工人接受协议", "罢工结束 港口重新开放", ""}
	var items []digest.Item
	for i := range rapid.IntRange(0, 25).Draw(t, "items") {
		it := item(uint64(i+1), rapid.SampledFrom([]string{"harbour", "nordic", "courier", "envoy", "gazette"}).Draw(t, "outlet"), rapid.SampledFrom(titles).Draw(t, "title"))
		it.FirstSeen = noon.Add(-time.Duration(rapid.IntRange(0, 60).Draw(t, "hours")) * time.Hour)
		if rapid.IntRange(0, 5).Draw(t, "shared") == 0 {
			it.Link = "https://harbour.example/news/shared-page-of-all"
		}
		if len(items) > 0 && rapid.IntRange(0, 8).Draw(t, "of") == 0 {
			it.Of = rapid.SampledFrom(items).Draw(t, "of").Seq
		}
		it.History = rapid.IntRange(0, 12).Draw(t, "history") == 0
		if rapid.IntRange(0, 8).Draw(t, "opinion") == 0 {
			it.Kind = digest.Opinion
		}
		items = append(items, it)
	}
	return items
}

func TestCurateLosesNothing(t *testing.T) {
	topics := []digest.Topic{topic("global", "harbour", "nordic", "courier"), topic("diplomacy", "courier", "envoy")}
	rapid.Check(t, func(t *rapid.T) {
		items := drawItems(t)
		half := rapid.IntRange(0, len(items)).Draw(t, "sent")
		sent, _ := Curate(topics, items[:half], nil, Options{Now: noon})
		fresh := items[half:]
		carried := make(map[uint64]int)
		if n := len(sent); n > 0 && rapid.Bool().Draw(t, "carry") {
			for _, it := range sent[n-1].Items {
				fresh = append(fresh[:len(fresh):len(fresh)], it)
				carried[it.Seq] = 1
			}
			sent = sent[:n-1]
		}
		sentBefore := fmt.Sprintf("%+v", sent)
		opt := Options{Now: noon, Carried: carried}
		stories, closed := Curate(topics, fresh, sent, opt)

		in := make(map[uint64]int)
		for _, it := range fresh {
			in[it.Seq]++
		}
		out := make(map[uint64]int)
		ids := make(map[string]bool)
		for _, s := range stories {
			if ids[s.ID] {
				t.Fatalf("two stories %s", s.ID)
			}
			ids[s.ID] = true
			if len(s.Topics) == 0 {
				t.Fatalf("story %s is of no topic", s.ID)
			}
			for _, it := range s.Items {
				out[it.Seq]++
			}
		}
		for _, c := range closed {
			out[c.Item.Seq]++
			if c.Reason == "" {
				t.Fatalf("item %d was closed without a reason", c.Item.Seq)
			}
		}
		if !reflect.DeepEqual(in, out) {
			t.Fatalf("in %v, out %v", in, out)
		}
		if after := fmt.Sprintf("%+v", sent); after != sentBefore {
			t.Fatalf("what was sent has changed: %s, then %s", sentBefore, after)
		}

		shuffled := slices.Clone(fresh)
		r := rand.New(rand.NewPCG(1, rapid.Uint64().Draw(t, "seed")))
		r.Shuffle(len(shuffled), func(i, j int) { shuffled[i], shuffled[j] = shuffled[j], shuffled[i] })
		again, closedAgain := Curate(topics, shuffled, sent, opt)
		if !reflect.DeepEqual(stories, again) || !reflect.DeepEqual(closed, closedAgain) {
			t.Fatalf("another order, other stories:\n%s\n%s", outline(stories), outline(again))
		}
	})
}

func TestClusters(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		items := drawItems(t)
		count := 0
		for _, c := range Clusters(items, nil) {
			count += len(c)
			if len(c) == 0 {
				t.Fatal("an empty cluster")
			}
		}
		if count != len(items) {
			t.Fatalf("%d items became %d", len(items), count)
		}
	})
	got := Clusters([]digest.Item{{GUID: "a", Title: strike}, {GUID: "b", Title: quake}, {GUID: "c", Title: strike2}}, nil)
	if len(got) != 2 || len(got[0]) != 2 {
		t.Errorf("without feeds and times: %+v", got)
	}
}

// Pair is the Score of two bare headlines.
func Pair(a, b string) float64 {
	return Score(NewDocument(a, "", ""), NewDocument(b, "", ""))
}
