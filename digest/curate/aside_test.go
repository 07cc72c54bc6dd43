package curate

import (
	"fmt"
	"testing"
	"time"

	"digestd/digest"
)

func TestAsides(t *testing.T) {
	for title, want := range map[string]bool{
		"Harbour strike live: cranes stand still for a third day": true,
		"🔴 Live: cranes stand still for a third day":              true,
		"Cranes stand still for a third day – harbour news live":  true,
		"Sandholm updates: Cranes stand still":                    true,
		"Harbour strike latest: cranes stand still":               true,
		"The dockers' latest offer: three days":                   false,
		"Watch live: dockers march":                               true,
		"Live results: Sandholm's vote":                           true,
		"3/12: The Herald's evening news":                         true,
		"Here’s the biggest news you missed":                      true,
		"The best photos of the harbour's eclipse":                true,
		"This harbour-friendly lamp is $30 off":                   true,
		"Fuel is $3 cheaper off Sandholm":                         false,
		"Photos of the best cranes were forged":                   false,
		"Here’s the latest.":                                      true,
		"Morning news brief":                                      true,
		"Harbour notes for March 12, 2026":                        true,
		"Harbour closed until March 12, 2026":                     false,
		"Here's what to know about the new harbour":               false,
		"What you need to know about the strike right now":        true,
		"What you need to know about the new harbour":             false,
		"First Thing: cranes stand still":                         true,
		"Sandholm's harbour newsletter: who owns the cranes":      true,
		"Strike ends, and more top headlines":                     true,
		"Harbour strike: Live Updates":                            true,
		"Live Harbour Strike News and Updates":                    true,
		"Live updates: harbour strike":                            true,
		"LIVE: Harbour strike":                                    true,
		"Harbour strike – live":                                   true,
		"Harbour strike: as it happened":                          true,
		"Harbour strike: latest news from around the world":       true,
		"Police fire live rounds at dockers":                      false,
		"Where the rich live in Sandholm":                         false,
		"Cranes come to live":                                     false,
		"Liveblog: Streik im Hafen":                               true,
		"+++ Streik im Hafen +++":                                 true,
		"EN DIRECT, grève au port : suivez la journée":            true,
		"Direct flights to Aldmere resume":                        false,
		"Your Monday Briefing":                                    true,
		"Morning Briefing: Top stories of March 12":               true,
		"Cranes, Ferries, Aldmere: Your Tuesday Briefing":         true,
		"Envoy walks out of the council's daily briefing":         false,
		"Five things you need to know this morning":               true,
		"In case you missed it: the week in the harbour":          true,
		"Dockers miss third day of work":                          false,
		"The Papers: Harbour 'at a standstill'":                   true,
		"What the papers say about the strike":                    true,
		"Court orders release of harbour papers":                  false,
		"The harbour strike in pictures":                          true,
		"Pictures of the week":                                    true,
		"Photos: dockers march through Sandholm":                  true,
		"Satellite pictures show the empty harbour":               false,
		"Your horoscope for Thursday":                             true,
		"Horoskop: Was die Sterne sagen":                          true,
		"News quiz: how closely did you follow the strike?":       true,
		"Best deals on kettles this week":                         true,
		"Dockers and owners near best deal in years":              true, // the price of the rule: it stands among the headlines
		"Dockers agree a wage deal":                               false,
		"Tuesday's gossip: Rovers want the harbour's keeper":      true,
		"Rovers drop Lund - Tuesday's gossip":                     true,
		"Who am I? Guess the Sandholm keeper":                     true,
		"Rovers vs Lund – prediction, lineups, teams":             true,
		"Gossip of the markets: a trader in Sandholm is fined":    false,
		"Gallery of Aldmere reopens after flood":                  false,
		"How to watch the regatta":                                true,
		"Harbour Nights: where to stream it":                      true,
		"What time is the regatta on Sunday?":                     true,
		"Rovers 3-1 Keepers: game recap":                          true,
		"The best new films to watch this week":                   true,
		"How to guard a harbour":                                  false,
		"Council recaps its plan for the harbour":                 false,
		"Watch: ferry runs aground":                               true,
		"Night watch finds stolen crane":                          false,
		"Podcast: the strike explained":                           true,
		"Harbour Nights premiere recap and review: no lights":     true,
		"Strike goes on. And, the mayor talks of cranes":          true,
		"Court orders review of the season 2 finale's costs":      false,
		"The most daring photos of the eclipse":                   true,
		"Open thread":                                             true,
		"Open threads of the ferry's sail torn":                   false,
		"Today in Harbour History: the first crane":               true,
		"Today in Sandholm, cranes stand still":                   false,
		"Sandholm 2026 live council election results":             true,
		"Fotostrecke: Die Kräne von Sandholm":                     true,
		"Die Lage am Morgen: Kräne stehen still":                  true,
		"Die Lage im Hafen bleibt gespannt":                       false,
		"Grève au port : minute par minute":                       true,
		"Le plan du port adopté":                                  false,
		"Huelga en el puerto, minuto a minuto":                    true,
		"Huelga en el puerto, en directo":                         true,
		"Las grúas dañadas en directo impacto":                    false,
		"Diretta: sciopero al porto":                              true,
		"Rassegna stampa: le gru ferme":                           true,
		"Greve no porto ao vivo":                                  true,
		"Live | Staking in de haven":                              true,
		"Strajk w porcie. Relacja na żywo":                        true,
		"【写真】クレーンが止まる":                                            true,
		"港のストライキ、ライブ配信":                                           true,
		"港でストライキ、写真を押収":                                           false,
		"Strike at the port | Harbour Tonight 3/12/2026":          true,
		"This is \"Harbour Tonight,\" March 12, 2026":             true,
		"Vote of dockers put off to Thursday, March 12, 2026":     false,
		"Keeper sings at the gate | Video":                        false,
		"Regatta odds, picks and best bets":                       true,
		"Live port-strike updates from Sandholm":                  true,
		"Port strike: Updates from around the coast":              true,
		"Sandholm Strike: Live Tracker":                           true,
		"Dock interactive: the strike in maps":                    true,
		"Interactive: the strike in maps":                         true,
		"Best of cartoons, March 12, 2026":                        true,
		"In the Herald: March 12, 1977":                           true,
		"TV for Monday, March 16":                                 false,
		"Target and superquiz, Monday, March 16":                  true,
		"FULL TEXT: The mayor's speech to dockers":                true,
		"Council publishes full transcript of the mayor's call":   false,
		"Acme Dock declares dividend for March 12, 2026":          false,
		"Your Sunday Briefing":                                    true,
		"Regatta picks, start time and how to get there":          true,
		"Council picks lines for the new tram":                    false,
		"Today's Wordle hints and answers":                        true,
		"Shares fall 30% off their highs":                         false,
		"Five books to read at sea":                               true,
		"Share your memories of the old port":                     true,
		"Keepers share your burden, says mayor":                   false,
		"Kreuzworträtsel: Der Hafen":                              true,
		"Medikament nur auf Rezept":                               false,
		"Port : la baisse des recettes":                           false,
	} {
		if got := asideOf(digest.Item{Title: title}, nil) != ""; got != want {
			t.Errorf("%q: %v", title, got)
		}
	}
	for link, want := range map[string]bool{
		"https://herald.example/news/live/harbour-20260312":                     true,
		"https://herald.example/world/live-news/harbour-strike/index.html":      true,
		"https://herald.example/world/live-news/harbour-strike/h_5e1f4c0d.html": false, // one post of it
		"https://herald.example/world/live/2026/mar/12/harbour-strike-cranes":   true,
		"https://herald.example/news/audio/2026/mar/12/harbour-strike":          true,
		"https://herald.example/gallery/2026/cranes":                            true,
		"https://herald.example/horoscopes/pisces":                              true,
		"https://herald.example/sport/rovers-win":                               true,
		"https://herald.example/Celebrity/keeper-weds":                          true,
		"https://bote.example/hafen/liveticker/streik-42":                       true,
		"https://bote.example/fotostrecke/kraene":                               true,
		"https://courrier.example/en-direct/greve":                              true,
		"https://courrier.example/diaporama/grues":                              true,
		"https://faro.example/minuto-a-minuto/huelga":                           true,
		"https://faro.example/fotogalerias/gruas":                               true,
		"https://gazzetta.example/diretta/sciopero":                             true,
		"https://jornal.example/ao-vivo/greve":                                  true,
		"https://courant.example/in-beeld/kranen":                               true,
		"https://kurier.example/relacja-na-zywo/strajk":                         true,
		"https://herald.example/betting/regatta-7":                              true,
		"https://herald.example/shopping/lamps-7":                               true,
		"https://herald.example/news/shopping":                                  false,
		"https://herald.example/news/in-pictures-52384143":                      true,
		"https://herald.example/news/live-52384143":                             false,
		"https://herald.example/news/sport":                                     false,
		"https://herald.example/business/deals-and-mergers/harbour":             false,
		"https://herald.example/transport/rovers-win":                           false,
		"://": false,
	} {
		if got := asideOf(digest.Item{Title: "Cranes", Link: link}, []string{"sport", "celebrity"}) != ""; got != want {
			t.Errorf("%s: %v", link, got)
		}
	}
}

// A clip alone, of a feed with articles, is no news.
func TestIsClip(t *testing.T) {
	for i, c := range []struct {
		kind  digest.Kind
		link  string
		items int
		want  bool
	}{{digest.News, "https://herald.example/videos/1", 1, true}, {digest.Opinion, "https://herald.example/videos/1", 1, false},
		{digest.News, "https://herald.example/videos/1", 2, false}, {digest.News, "https://herald.example/news/1", 1, false}} {
		s := digest.Story{Kind: c.kind, Items: make([]digest.Item, c.items)}
		s.Items[0].Link, s.Items[0].Feed = c.link, "herald"
		if isClip(s, map[string]bool{"herald": true}) != c.want || isClip(s, nil) {
			t.Errorf("row %d", i)
		}
	}
}

func TestColumnistsInFront(t *testing.T) {
	for title, want := range map[string]digest.Kind{
		"ADA MARSH: Why the harbour must stay ours": digest.Opinion,
		"TOM O'BROOK-HALE: The strike we deserve":   digest.Opinion,
		"Letter: The harbour must stay ours":        digest.Opinion,
		"Letters to the editor: On cranes":          digest.Opinion,
		"Editorial: The strike we deserve":          digest.Opinion,
		"Opinion | The strike we deserve":           digest.Opinion,
		"Letters found under the harbour wall":      digest.News,
		"Analysis: Why the cranes stand still":      digest.News,
		"Ada Marsh: harbour must stay ours":         digest.News, // who said it
		"BREAKING NEWS: Cranes move again":          digest.News,
		"HARBOUR STRIKE: CRANES STAND STILL AGAIN":  digest.News, // shouting
		"USA: Cranes move again":                    digest.News,
		"ADA MARSH: A strike that we deserve":       digest.Opinion,
		"READ THE PAPERS: Council shows its plans":  digest.News,
		"FULL LIST: Who got a berth":                digest.News,
		"I won't sail again: Marsh blames mayor":    digest.News,
		"I won't sail again: here is why":           digest.Opinion,
	} {
		if got := kindOf(digest.Item{Title: title}, digest.News, nil); got != want {
			t.Errorf("%q is %q", title, got)
		}
	}
}

func TestTitlesWithoutTheirOutlet(t *testing.T) {
	for _, c := range []struct{ title, source, link, want string }{
		{"Cranes move again - The Herald", "Herald", "", "Cranes move again"},
		{"Cranes move again | Herald", "Herald Online News", "", "Cranes move again"},
		{"Cranes move again – Post", "Other", "https://www.post.example/1", "Cranes move again"},
		{"Cranes move again - and the ferries too", "Herald", "", "Cranes move again - and the ferries too"},
		{"Who runs it - Herald", "Herald", "", "Who runs it"},
		{"On strike - Herald", "Herald", "", "On strike - Herald"}, // too little would stay
		{"Cranes move again - HP", "HP", "", "Cranes move again - HP"},
		{"Cranes move again - He", "Herald", "", "Cranes move again - He"},
		{"Cranes move again - Herald Online", "Herald", "", "Cranes move again"},
		{"Cranes move again - N24", "N24", "", "Cranes move again"},
		{"Herald - cranes move again", "Herald", "", "Herald - cranes move again"},
		{"Cranes move again - Tideway", "Herald", "https://herald.example/tideway/cranes", "Cranes move again"},
		{"Cranes move again – video", "Herald", "https://herald.example/news/video/cranes", "Cranes move again"},
		{"Cranes move again – live", "Herald", "https://herald.example/news/live/cranes", "Cranes move again – live"},
		{"Cranes move again - Tideway", "Herald", "https://herald.example/news/tideway", "Cranes move again - Tideway"}, // its own name
	} {
		if got := withoutOutlet(digest.Item{Title: c.title, Source: c.source, Link: c.link}); got != c.want {
			t.Errorf("%q of %s: %q, want %q", c.title, c.source, got, c.want)
		}
	}
}

// Each expression is tried where it matches.
// Two signs of one that speaks to its readers, of themselves or of life, and not one, and no sign in what others say.
func TestMagazine(t *testing.T) {
	const herald = "https://herald.example/"
	for _, c := range []struct {
		title, summary, link, language string
		want                           bool
	}{
		{"Keep your knots dry", "A wet knot slips: store yours in a box.", herald + "docks/1", "en", true},
		{"Keep your knots dry", "A wet knot slips.", herald + "docks/1", "", false},
		{"Keepers mend your lamps at night", "A wet lamp fails.", herald + "docks/1", "en", false},
		{"Keepers mend lamps at night", "A wet lamp fails, if you ask them.", herald + "docks/1", "en", false},
		{"Keepers mend lamps at night", "A wet lamp fails, if you ask them.", herald + "lifestyle/1", "en", true},
		{"Keepers mend lamps at night", "They say: “You get used to our dark.”", herald + "lifestyle/1", "en", false},
		{"Keepers mend lamps at night", "A wet lamp fails.", herald + "docks/lifestyle", "en", false},
		{"Five knots: six tricks for beginners", "Could a wet knot slip?", herald + "docks/1", "en", true},
		{"Is the lamp lit for us?", "They burn all night.", herald + "docks/1", "en", true},
		{"Is the lamp lit for US ships?", "They burn all night.", herald + "docks/1", "en", false},
		{"Lamps lit for US ships", "Will they burn all night?", herald + "docks/1", "en", false},
		{"Lampen, die Ihnen leuchten", "Wir haben sie geprüft.", herald + "hafen/1", "de", true},
		{"Sie leuchten wieder", "Ihre Lampen standen still.", herald + "hafen/1", "de", false},
		{"Des lampes pour vous", "Du port à la ville.", herald + "port/1", "fr", false},
		{"Des lampes pour vous", "Nos conseils.", herald + "port/1", "fr", true},
	} {
		it := digest.Item{Title: c.title, Summary: digest.PlainText(c.summary), Link: c.link, Language: c.language}
		if got := isMagazine(it); got != c.want {
			t.Errorf("%q, %q, %s: %v", c.title, c.summary, c.link, got)
		}
	}
}

// What makes a piece no news is said, of all that is.
func TestSaysWhatIsNoNews(t *testing.T) {
	for _, c := range []struct {
		it   digest.Item
		want string
	}{
		{digest.Item{Title: "Sudoku"}, "bets, a lottery or a puzzle"},
		{digest.Item{Title: "Cranes", Categories: []string{"Recipes"}}, `of the category "Recipes"`},
		{digest.Item{Title: "Cranes", Link: "https://herald.example/betting/7"}, `of the part "betting" of its outlet, by its link`},
		{digest.Item{Title: "Cranes", Summary: digest.PlainText("Five things you need to know this morning.")}, "a briefing or the like, by its summary"},
		{digest.Item{Title: "Cranes stand still", Summary: digest.PlainText("Dockers know five things.")}, ""},
	} {
		if got := asideOf(c.it, nil); got != c.want {
			t.Errorf("%q: %q, want %q", c.it.Title, got, c.want)
		}
	}
}

func TestSieveHasPiecesOfAll(t *testing.T) {
	for heading, lines := range tablesOf(asideTables) {
		switch heading {
		case "paths", "live paths", "magazine paths", "categories", "addresses", "selves":
			continue
		}
		for _, line := range lines {
			if len(newSieve([]string{line}).pieces) == 0 {
				t.Errorf("%s: none of two bytes in each match of %s", heading, line)
			}
		}
	}
}

// What a feed has behind a bar in three titles and more is a programme or a section.
func TestTailsOfAFeed(t *testing.T) {
	titles := []string{"Cranes stand still again | Harbour Hour", "Ferries sail for Aldmere | Harbour Hour", "Ports are open again | Harbour Hour",
		"Mills turn at night | Tide", "Tide | Harbour Hour", "A crane of new kind | Tested on the pier", "Dockers want three days | Tide"}
	want := []string{"Cranes stand still again", "Ferries sail for Aldmere", "Ports are open again",
		"Mills turn at night | Tide", "Tide | Harbour Hour", "A crane of new kind | Tested on the pier", "Dockers want three days | Tide"}
	var nodes []node
	for i, title := range titles {
		nodes = append(nodes, newNode(digest.Item{Feed: "https://post.example/", Seq: uint64(i + 1), Title: title}, 0))
	}
	nodes = append(nodes, newNode(digest.Item{Feed: "https://other.example/", Seq: 9, Title: "Gulls cross the bay | Tide"}, 0))
	clean(nodes, func(string) digest.Kind { return digest.News }, nil)
	for i, n := range nodes[:len(want)] {
		if n.item.Title != want[i] {
			t.Errorf("%q became %q, want %q", titles[i], n.item.Title, want[i])
		}
	}
}

// What stands around a headline goes, and its kind by what is told.
func TestHeadlines(t *testing.T) {
	for _, c := range []struct {
		title, want string
		explains    bool
		kind        digest.Kind
	}{
		{"World › Cranes stand still", "Cranes stand still", false, digest.News},
		{"Settings › Displays › Arrange: cranes fixed", "Settings › Displays › Arrange: cranes fixed", false, digest.News},
		{"Exclusive: cranes stand still", "Cranes stand still", false, digest.News},
		{"EXCLUSIVE — iPort signs with the dockers", "iPort signs with the dockers", false, digest.News},
		{"Exclusive clubs close at the port", "Exclusive clubs close at the port", false, digest.News},
		{"JUST IN: Cranes stand still", "Cranes stand still", false, digest.News},
		{"Eilmeldung: Kräne stehen still", "Kräne stehen still", false, digest.News},
		{"【速報】港でストライキ", "港でストライキ", false, digest.News},
		{"Dockers end strike at Sandholm. Here's what to know", "Dockers end strike at Sandholm", false, digest.News},
		{"Dockers end strike at Sandholm port — here’s when ships return", "Dockers end strike at Sandholm port", false, digest.News},
		{"Dockers end strike, and other takeaways from the week", "Dockers end strike", false, digest.News},
		{"Hafenstreik in Sandholm ist beendet: Was Sie jetzt wissen müssen", "Hafenstreik in Sandholm ist beendet", false, digest.News},
		{"Huelga en el puerto termina hoy: lo que se sabe", "Huelga en el puerto termina hoy", false, digest.News},
		{"Sandholm's strike: What to know", "Sandholm's strike: What to know", true, digest.News},
		{"Who runs the cranes of Sandholm? Here's what the books show", "Who runs the cranes of Sandholm? Here's what the books show", true, digest.News},
		{"Dockers sail for home in the U.S. Will it last?", "Dockers sail for home in the U.S. Will it last?", false, digest.News},
		{"How the cranes of Sandholm stood still", "How the cranes of Sandholm stood still", true, digest.News},
		{"WHO is alarmed by fever at the port", "WHO is alarmed by fever at the port", false, digest.News},
		{"Mayor: ‘How do we pay?’", "Mayor: ‘How do we pay?’", false, digest.News},
		{"Is the port ready?", "Is the port ready?", true, digest.News},
		{"Warum die Kräne stillstehen", "Warum die Kräne stillstehen", true, digest.News},
		{"Pourquoi les grues restent immobiles", "Pourquoi les grues restent immobiles", true, digest.News},
		{"Kommentar: Kräne müssen sich drehen", "Kräne müssen sich drehen", false, digest.Opinion},
		{"Marsh: Cranes must move again", "Marsh: Cranes must move again", false, digest.Opinion},
		{"Mayor: Cranes must move again", "Mayor: Cranes must move again", false, digest.News},
		{"The port our mayor forgot", "The port our mayor forgot", true, digest.News},
		{"Mayor's plea: ‘We need cranes’", "Mayor's plea: ‘We need cranes’", false, digest.News},
		{"Cranes were loud once. It is over.", "Cranes were loud once. It is over.", true, digest.News},
		{"New lamp lets you see the cranes", "New lamp lets you see the cranes", false, digest.News},
		{"Mayor: We need our cranes", "Mayor: We need our cranes", false, digest.News},
		{"Port of Sandholm sells two cranes. Why its shares fall.", "Port of Sandholm sells two cranes", false, digest.News},
		{"Owners say keeper should be paid - will dockers agree?", "Owners say keeper should be paid", false, digest.News},
		{"Cranes must move again | Ada Marsh", "Cranes must move again", false, digest.Opinion},
		{"Cranes must move again | Opinion", "Cranes must move again", false, digest.Opinion},
		{"Cranes move again | Harbour Tonight", "Cranes move again | Harbour Tonight", false, digest.News},
	} {
		it := digest.Item{Title: c.title, Author: "Ada Marsh"}
		it.Kind = kindOf(it, digest.News, nil)
		if got := headline(it); got != c.want || explains(got) != c.explains || it.Kind != c.kind {
			t.Errorf("%q: %q, explains %v, kind %q", c.title, got, explains(got), it.Kind)
		}
	}
}

// Where most headlines tell, one that explains is no news, unless others have the story too.
func TestWhatExplainsIsAside(t *testing.T) {
	now := time.Date(2026, 3, 12, 7, 0, 0, 0, time.UTC)
	item := func(seq uint64, feed, title string) digest.Item {
		return digest.Item{Seq: seq, Feed: feed, Source: feed, GUID: title, Link: fmt.Sprint("https://", feed, ".example/", seq),
			Title: title, Published: now.Add(-time.Hour), Language: "en"}
	}
	items := []digest.Item{item(1, "herald", "How cranes were built in Kestrel"), item(2, "herald", "Ferry sinks off Aldmere"),
		item(3, "herald", "Mayor of Tarn resigns"), item(4, "essays", "How bridges were built in Lund"),
		item(5, "essays", "Why rivers bend east")}
	want := map[uint64]digest.Kind{1: digest.Aside, 2: digest.News, 3: digest.News, 4: digest.News, 5: digest.News}
	topics := []digest.Topic{{ID: "all", Feeds: []digest.Feed{{URL: "herald"}, {URL: "essays"}}}}
	stories, _ := Curate(topics, items, nil, Options{Now: now})
	for _, s := range stories {
		if s.Kind != want[s.Lead().Seq] {
			t.Errorf("%q is %q", s.Lead().Title, s.Kind)
		}
	}
}
