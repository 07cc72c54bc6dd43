package curate

import (
	"strings"
	"testing"
	"time"

	"digestd/digest"
)

// What is new in a story that was sent makes a development of it; another wording, another affair and what the story
// told already don't.
func TestDevelopments(t *testing.T) {
	const fire, toll = "Ferry fire off Sandholm kills two", "Kestrel Bay flood toll rises to 1,200"
	for _, c := range []struct{ name, sent, now, news string }{
		{"another number of the same", "Flood in Kestrel Bay destroys 1,200 houses", "Kestrel Bay flood destroys 1,900 houses", "other numbers: 1900"},
		{"a toll that rises", fire, "Ferry fire off Sandholm kills nine", "other numbers: 9"},
		{"a count that goes on", toll, "Kestrel Bay flood toll rises to 1,450", "other numbers: 1450"},
		{"another outcome", "Kestrel Bay ports close after crews strike", "Kestrel Bay ports reopen after crews strike", "another outcome"},
		{"what was to come", "Marsh will sign Aldmere harbour treaty on fishing", "Marsh signs Aldmere harbour treaty on fishing", "what was to come has happened"},
		{"a great count with fewer words in common", "Kestrel Bay flood toll tops 5,000", "Flood deaths in Kestrel Bay top 5,200, a quarter of all", "other numbers: 5200"},
		{"no step back", "Captain of Sandholm ferry charged after fire", "Captain of Sandholm ferry arrested after fire", ""},
		{"what was done already", "Aldmere nurse forced to wear raincoat to work", "Aldmere nurse wears raincoat to work", ""},
		{"the same in other words", fire, "Two killed in ferry fire off Sandholm", ""},
		{"a number more", "Ferry fire off Sandholm", fire, ""},
		{"an age", fire, "58-year-old captain killed in ferry fire off Sandholm", ""},
		{"a denial in other words", "Ferry fire off Sandholm: crew ignored the alarm", "Ferry fire off Sandholm: crew did not hear alarm", ""},
		{"a rough number of the same", "Kestrel Bay flood toll rises to 1,200", "Kestrel Bay flood toll nears 1,300", ""},
		{"a rough number much greater", "Kestrel Bay flood toll rises to 1,200", "Kestrel Bay flood toll nears 1,400", "other numbers: 1400"},
		{"a number just as near, and not rough", "Kestrel Bay flood toll rises to 1,200", "Kestrel Bay flood toll rises to 1,300", "other numbers: 1300"},
		{"a question", "Kestrel Bay ports close after crews strike", "Why Kestrel Bay ports reopen after crews strike", ""},
		{"one wins what another loses", "Aldmere Post loses harbour lawsuit, ordered to pay Sandholm pilot 1,200", "Sandholm pilot wins harbour lawsuit and 1,200 against Aldmere Post", ""},
		{"an outcome that is asked for", "Crews ask Kestrel court to keep ports open", "Owners urge Kestrel court to close ports", ""},
		{"the same step in more words", "Divers search Sandholm harbour for survivors of ferry fire", "Rescue crews search Sandholm harbour for survivors of ferry fire", ""},
		{"a deed as a noun", "Marsh family fights attempt to sell Aldmere harbour stake", "Marsh family fights sale of Aldmere harbour stake", ""},
		{"a purpose, and a deed of another word", "Aldmere mission to save sinking ferry fails", "Aldmere ferry rescue mission fails", ""},
		{"what was done by saying so", "Kestrel Bay to delay harbour toll rise after protests", "Kestrel Bay delays harbour toll rise after protests", ""},
		{"another half of it", "Aldmere trains stop in the north after flood", "Aldmere trains stop in the south after flood", ""},
		{"another affair", "Two men jailed for robbing Aldmere mint", "Three men jailed for robbing Orlenne guild", ""},
		{"a count of another place", "Plague toll in France passes 1,200", "Plague toll passes 1,900", ""},
		{"another member of a series", "Report 12 of the harbour master: safety patch 3.14.1", "Report 12 of the harbour master: safety patch 3.13.9", ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			sent := digest.Story{ID: "s1", Topics: []string{"global"}, Items: []digest.Item{item(1, "harbour", c.sent)}}
			now := item(2, "nordic", c.now)
			now.FirstSeen = noon.Add(8 * time.Hour)
			opt := Options{Now: noon.Add(9 * time.Hour), Developments: true}
			news := ""
			stories, _ := Curate([]digest.Topic{topic("global", "harbour", "nordic")}, []digest.Item{now}, []digest.Story{sent}, opt)
			for _, s := range stories {
				if s.Follows != nil {
					news = strings.Join(s.Follows.News, "; ")
					if s.Follows.Story != "s1" || s.Follows.Title != c.sent || s.Follows.Score < followThreshold || len(s.Follows.Terms) == 0 {
						t.Errorf("follows %+v", *s.Follows)
					}
				}
			}
			if news != c.news {
				t.Errorf("new: %q, want %q", news, c.news)
			}
			opt.Developments = false
			stories, _ = Curate([]digest.Topic{topic("global", "harbour", "nordic")}, []digest.Item{now}, []digest.Story{sent}, opt)
			if len(stories) > 0 && stories[0].Follows != nil {
				t.Error("it follows, though developments are off")
			}
		})
	}
}

// Of several items that follow one story, one is its development; and what any item of the story told is not new.
func TestOneDevelopmentAStory(t *testing.T) {
	at := func(it digest.Item, hours int) digest.Item {
		it.FirstSeen = noon.Add(time.Duration(hours) * time.Hour)
		return it
	}
	global := []digest.Topic{topic("global", "harbour", "nordic", "courier")}
	sent := []digest.Story{{ID: "s1", Topics: []string{"global"}, Items: []digest.Item{item(1, "harbour", "Ferry fire off Sandholm kills two"),
		item(2, "courier", "Ferry fire off Sandholm kills five")}}}
	follow := func(items ...digest.Item) (ids []string) {
		stories, _ := Curate(global, items, sent, Options{Now: noon.Add(9 * time.Hour), Developments: true})
		for _, s := range stories {
			if s.Follows != nil {
				ids = append(ids, s.ID)
			}
		}
		return ids
	}
	if got := follow(at(item(3, "nordic", "Ferry fire off Sandholm kills five"), 8)); len(got) != 0 {
		t.Errorf("%v follows, though its news was told", got)
	}
	summary := item(2, "courier", "Divers search burnt ferry off Sandholm")
	summary.Summary = digest.PlainText("The fire of the night has killed 2,400 sheep, and the harbour is closed for all of the week.")
	sent[0].Items[1] = summary
	if got := follow(at(item(3, "nordic", "Ferry fire off Sandholm kills 2,400"), 8)); len(got) != 0 {
		t.Errorf("%v follows, though a summary told its number", got)
	}
	sent[0].Items = sent[0].Items[:1]
	if got := follow(at(item(3, "nordic", "Ferry fire off Sandholm kills nine"), 7),
		at(item(4, "courier", "Sandholm ferry fire: twelve killed off the coast"), 8)); len(got) != 1 {
		t.Errorf("%v follow one story", got)
	}
	if got := follow(at(item(3, "nordic", "Ferry fire off Sandholm kills nine"), -2)); len(got) != 0 {
		t.Errorf("%v follows what came after it", got)
	}
}

// What stands at the top of two outlets that order by importance is sooner one story than any two items are, unless
// something rules it out.
func TestTopsJoinSooner(t *testing.T) {
	global := []digest.Topic{topic("global", "harbour", "nordic")}
	a, b := item(1, "harbour", "Kestrel plague: Ada Marsh says this is moment of maximum risk"), item(2, "nordic", "Ada Marsh warns against relaxing curfew as she returns to work after plague")
	join := func(opt Options, a, b digest.Item) bool {
		opt.Now = noon.Add(time.Hour)
		stories, _ := Curate(global, []digest.Item{a, b}, nil, opt)
		return len(stories) == 1
	}
	both := Options{ByImportance: map[string]bool{"harbour": true, "nordic": true}}
	if s := Pair(a.Title, b.Title); s < 0.45 || s >= Threshold {
		t.Fatalf("the pair scores %.3f: it must be one that joins at the top alone", s)
	}
	a.Place, b.Place = 2, 5
	if !join(both, a, b) {
		t.Error("two tops don't join")
	}
	if join(Options{}, a, b) || join(Options{ByImportance: map[string]bool{"harbour": true}}, a, b) {
		t.Error("they join though no editor ordered the second feed")
	}
	c, d := item(3, "harbour", "Furloughed crews urged to become cherry pickers"), item(4, "nordic", "Sandholm government is encouraging furloughed crews to help with June apple harvest")
	c.Place, d.Place = 3, 4
	if join(both, c, d) {
		t.Error("two tops that are little alike join")
	}
	if d.Place = 3; !join(both, c, d) {
		t.Errorf("two of the first three, with %.3f, don't join", Pair(c.Title, d.Title))
	}
	b.Place = 11
	if join(both, a, b) {
		t.Error("one far below the top joins")
	}
	a.Title, b.Place, b.Title = "Ada Marsh: Kestrel plague on Monday was moment of maximum risk", 5, "Ada Marsh: Kestrel plague on Friday was moment of maximum risk"
	if s := Pair(a.Title, b.Title); s != Threshold/2 || join(both, a, b) {
		t.Errorf("a pair that is vetoed, with %.3f, joins", s)
	}
}

// What is mostly of something that no telling of a story had is not closed as its coverage.
func TestWhatIsUnheardIsNotClosed(t *testing.T) {
	sent := digest.Story{ID: "s1", Topics: []string{"global"}, Items: []digest.Item{item(1, "harbour", "Premier Lindqvist returns to work in Orlenne after illness")}}
	for title, closes := range map[string]bool{
		"Lindqvist returns to work in Orlenne after his illness":                            true,
		"Lindqvist warns against relaxing fishing quotas as she returns to work in Orlenne": false,
	} {
		now := item(2, "nordic", title)
		now.FirstSeen = noon.Add(8 * time.Hour)
		stories, closed := Curate([]digest.Topic{topic("global", "harbour", "nordic")}, []digest.Item{now}, []digest.Story{sent},
			Options{Now: noon.Add(9 * time.Hour)})
		if (len(closed) == 1) != closes || len(stories)+len(closed) != 1 {
			t.Errorf("%s: closed %v", title, closed)
		}
	}
}

// Of the stories that follow one, the first says so, and only news does.
func TestDevelop(t *testing.T) {
	sent := []digest.Story{{ID: "s0", Items: []digest.Item{item(9, "harbour", quake)}}, {ID: "s1", Items: []digest.Item{item(1, "harbour", strike)}}}
	stories := []digest.Story{{ID: "o", Kind: digest.Opinion}, {ID: "x"}, {ID: "a"}, {ID: "b"}, {ID: "c"}}
	of := func(n int) follow { return follow{now: &node{}, sent: &node{sent: n}} }
	develop(stories, map[string]follow{"o": of(2), "a": of(2), "b": of(2), "c": of(1)}, sent)
	for i, want := range []string{"", "", "s1", "", "s0"} {
		got := ""
		if f := stories[i].Follows; f != nil {
			got = f.Story
		}
		if got != want {
			t.Errorf("%s follows %q, want %q", stories[i].ID, got, want)
		}
	}
}

// What happens is news of what was to come; what is still to come is not.
func TestAnnouncementsTakeInNoEvent(t *testing.T) {
	topics := []digest.Topic{topic("global", "harbour", "nordic")}
	for _, c := range []struct {
		before, now string
		closes      bool
	}{
		{"Lindqvist to be sworn in as first female mayor of Orlenne", "Lindqvist sworn in as first female mayor of Orlenne", false},
		{"Lindqvist to be sworn in as first female mayor of Orlenne", "Lindqvist will be sworn in as the first female mayor of Orlenne", true},
		{"Largest nurses strike in Orlenne history looms as talks stall", "Largest nurses strike in Orlenne history starts as talks stall", false},
		{"Bishop of Marrow said to be released from captivity in Orlenne", "Bishop of Marrow released from captivity in Orlenne", true},
		{"Crane owners set to sue Kestrel Bay over fees", "Crane owners sue Kestrel Bay over fees", false},
		{"Crane owners sue Kestrel Bay over the fees", "Crane owners sue Kestrel Bay over fees", true},
	} {
		sent := digest.Story{ID: "s1", Topics: []string{"global"}, Items: []digest.Item{item(1, "harbour", c.before)}}
		now := item(2, "nordic", c.now)
		now.FirstSeen = noon.Add(8 * time.Hour)
		stories, closed := Curate(topics, []digest.Item{now}, []digest.Story{sent}, Options{Now: noon.Add(9 * time.Hour)})
		if len(closed) != 0 != c.closes || len(stories)+len(closed) != 1 {
			t.Errorf("%q after %q: closed %v", c.now, c.before, closed)
		}
		stories, _ = Curate(topics, append(sent.Items, now), nil, Options{Now: noon.Add(9 * time.Hour)})
		if len(stories) != 1 { // in one window they are one story, whatever came first
			t.Errorf("%q beside %q: %d stories", c.now, c.before, len(stories))
		}
	}
}

// What another story that was sent told of the same affair is told.
func TestToldByAnother(t *testing.T) {
	for title, want := range map[string]bool{"Sandholm ferry fire kills nine": true, "Ferry fire off Sandholm kills two": false, quake: false} {
		var nodes []*node
		for i, it := range []digest.Item{item(1, "harbour", "Ferry fire off Sandholm kills two"), item(2, "nordic", title), item(3, "courier", "Ferry fire off Sandholm kills nine")} {
			n := newNode(it, []int{1, 2, 0}[i])
			n.doc = documentOf(it)
			nodes = append(nodes, &n)
		}
		if got := newGrouping(nodes).told(follow{now: nodes[2], sent: nodes[0]}); got != want {
			t.Errorf("%s: told %v, want %v", title, got, want)
		}
	}
}

// Of opposite outcomes, the rest of two headlines must be one thing.
func TestAnotherOutcomeOfOneThing(t *testing.T) {
	sent := NewDocument("Tarn ports close as storm nears", "", "en")
	for title, want := range map[string]bool{"Tarn ports reopen as storm ends": true, "Tarn ports reopen after talks": false} {
		if news := whatIsNew(sent, NewDocument(title, "", "en")); (len(news) > 0) != want {
			t.Errorf("%s: %q", title, news)
		}
	}
}
