package curate

import (
	"fmt"
	"hash/fnv"
	"maps"
	"math"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"digestd/digest"
)

// TestTables holds what is known of words and the world: a word is neither lost nor added by the way.
func TestTables(t *testing.T) {
	var out strings.Builder
	table := func(name string, entries []string) {
		slices.Sort(entries)
		h := fnv.New32a()
		for _, e := range entries {
			fmt.Fprintln(h, e)
		}
		fmt.Fprintf(&out, "%s %d %08x\n", name, len(entries), h.Sum32())
	}
	set := func(name string, m map[string]bool) { table(name, slices.Collect(maps.Keys(m))) }
	known, world := tablesOf(englishTables), tablesOf(worldTables)
	for name, lines := range map[string][]string{"common": known["common"], "roles": known["roles"], "kickers": known["kickers"],
		"places": world["places"]} {
		table(name, strings.Fields(strings.Join(lines, " ")))
	}
	for name, lines := range map[string][]string{"irregular": known["irregular"], "headline": known["synonyms"], "opposites": known["opposites"],
		"contraries": known["contraries"], "phrases": known["phrases"], "gazetteer": world["countries"], "gazetteer phrases": world["phrases"],
		"gazetteer short": world["short"]} {
		table(name, lines)
	}
	set("elided", elided)
	set("ordinals", ordinalEndings)
	set("negations", negationsEnglish)
	set("prepositions", prepositions)
	set("relations", relations)
	set("no subjects", noSubjects)
	set("light parts", lightParts)
	table("signs of news", strings.Fields(newsyTable))
	for heading, lines := range tablesOf(asideTables) {
		table("asides: "+heading, lines)
	}
	for language, list := range stopwords {
		set("stop words "+language, list)
	}
	for language, list := range numerals {
		entries := []string{}
		for w, n := range list {
			entries = append(entries, fmt.Sprint(w, n))
		}
		table("numerals "+language, entries)
	}
	entries := []string{}
	for w, n := range monthNames {
		entries = append(entries, fmt.Sprint(w, n))
	}
	table("months", entries)
	lines := slices.Sorted(strings.Lines(out.String()))
	golden(t, "tables.txt", strings.Join(lines, ""))
}

// What multiplies a number is known in each language.
func TestMagnitudes(t *testing.T) {
	for value, list := range map[float64]string{1e3: "thousand k", 1e5: "lakh लाख", 1e6: "million millions m mn mln mio millionen millones milioni milhoes مليون",
		1e7: "crore करोड़", 1e9: "billion bn b bln milliard milliards milliarden mrd miliardi مليار", 1e12: "trillion trn"} {
		for _, w := range strings.Fields(list) {
			if got, n := multiplied(3, []lexeme{{}, {folded: fold(w)}}); got != 3*value || n != 2 {
				t.Errorf("3 %s: %g, of %d words", w, got, n)
			}
		}
	}
}

// groups are the sizes of the clusters of some items, the greatest first.
func groups(items ...digest.Item) (sizes []int) {
	for _, g := range Clusters(items, nil) {
		sizes = append(sizes, len(g))
	}
	slices.Sort(sizes)
	slices.Reverse(sizes)
	return sizes
}

// What stands against one cluster although each pair is alike.
func TestClustersEnd(t *testing.T) {
	at := func(seq uint64, hours int, title string) digest.Item {
		it := item(seq, fmt.Sprint("outlet", seq), title)
		it.FirstSeen = noon.Add(time.Duration(hours) * time.Hour)
		return it
	}
	if got := groups(at(1, 0, strike), at(2, 30, strike2), at(3, 60, strike)); len(got) != 2 {
		t.Errorf("60 hours in steps of 30: clusters of %v", got)
	}
	if got := groups(at(1, 0, strike), at(2, 18, strike2), at(3, 36, strike)); len(got) != 1 {
		t.Errorf("36 hours: clusters of %v", got)
	}
	opinion := at(2, 0, strike2)
	opinion.Categories = []string{"Opinion"}
	if got := groups(at(1, 0, strike), opinion); len(got) != 2 {
		t.Errorf("news and opinion: clusters of %v", got)
	}
	var many []digest.Item
	for i := range mostItems + 1 {
		many = append(many, at(uint64(i+1), 0, strike))
	}
	if got := groups(many...); got[0] != 200 {
		t.Errorf("one title in 201 outlets: clusters of %v", got)
	}
}

// A page of which a feed lists two entries names neither, whichever feed came first.
func TestListsNameNothing(t *testing.T) {
	on := func(seq uint64, outlet, title string) digest.Item {
		it := item(seq, outlet, title)
		it.Link = "https://harbour.example/notices"
		return it
	}
	for _, outlets := range [][3]string{{"nordic", "harbour", "harbour"}, {"harbour", "harbour", "nordic"}} {
		if got := groups(on(1, outlets[0], "Cranes move again"), on(2, outlets[1], "Mint closes its doors"), on(3, outlets[2], "Volcano ash over Orlenne")); len(got) != 3 {
			t.Errorf("%v: clusters of %v", outlets, got)
		}
	}
}

// A guid is enough where one showing has no link, whatever the title says now.
func TestGUIDWithoutLink(t *testing.T) {
	linked := digest.Item{Feed: "harbour", GUID: "a1", Link: "https://harbour.example/news/cranes-move", Title: "Cranes move again"}
	bare := digest.Item{Feed: "harbour", GUID: "a1", Title: "Mint closes its doors"}
	for _, c := range [][2]digest.Item{{linked, bare}, {bare, linked}} {
		for _, k := range Keys(c[1]) {
			if strings.HasPrefix(string(k), guidKey) && !Same(c[0], c[1], k) {
				t.Errorf("%+v and %+v are two", c[0], c[1])
			}
		}
	}
}

// A short text that was edited is another one; from six words on, a word may change.
func TestShortTexts(t *testing.T) {
	text := func(s string) digest.Item { return digest.Item{Summary: digest.PlainText(s)} }
	for _, c := range []struct {
		a, b string
		want bool
	}{
		{"Cranes move again in Kestrel", "Cranes move again in Tarn", false},
		{"Cranes move again in Kestrel Bay", "Cranes move again in Kestrel Sound", true},
		{"Cranes move again in Kestrel Bay", "Cranes stop again in Tarn Bay", false},
	} {
		if got := alikeText(text(c.a), text(c.b)); got != c.want {
			t.Errorf("%q and %q: %v", c.a, c.b, got)
		}
	}
}

// In a title where all words have capitals, what is no everyday word may be a name; and what "first will" come is yet
// to come.
func TestCapitalsAndTenses(t *testing.T) {
	of := func(title, term string) token {
		for _, tok := range NewDocument(title, "", "en").tokens {
			if tok.term == term {
				return tok
			}
		}
		return token{}
	}
	if tok := of("Kestrel Ports Reopen After Zephyr Deal Ends Wage Row", "zephyr"); tok.kind != name || tok.weight != nameWeight {
		t.Errorf("%+v", tok)
	}
	if tok := of("Ports reopen in Kestrel after zephyr deal", "zephyr"); tok.kind != word || tok.weight != wordWeight {
		t.Errorf("%+v", tok)
	}
	for title, want := range map[string]tense{"Marsh first will sign treaty": will, "Marsh first to sign treaty": 0, "Marsh to sign treaty": infinitive} {
		if got := of(title, "sign").tense; got != want {
			t.Errorf("%q: tense %d, want %d", title, got, want)
		}
	}
}

// What is one page with a sighting of a story that was sent belongs to that story, in whichever order they come.
func TestJoinsASentStoryByAThird(t *testing.T) {
	told := item(1, "harbour", strike)
	page, sighting := item(2, "nordic", "Watch the cranes move again"), item(3, "courier", strike2)
	page.Link, sighting.Link, sighting.Of = "https://nordic.example/news/cranes-move", "https://nordic.example/news/cranes-move", 1
	sent := []digest.Story{{ID: "s1", Topics: []string{"global"}, Items: []digest.Item{told}}}
	stories, closed := Curate([]digest.Topic{topic("global", "harbour", "nordic", "courier")}, []digest.Item{page, sighting}, sent, Options{Now: noon.Add(time.Hour)})
	if len(stories) != 0 || len(closed) != 2 || closed[0].Story != "s1" || closed[1].Story != "s1" {
		t.Errorf("stories %v, closed %+v", stories, closed)
	}
}

// What no topic wants is closed for that, whenever it was told.
func TestUnwantedBeforeHistory(t *testing.T) {
	it := item(1, "harbour", "Your horoscope for Kestrel Bay")
	it.History = true
	global := topic("global", "harbour")
	global.Exclude = []*regexp.Regexp{regexp.MustCompile("(?i)horoscope")}
	_, closed := Curate([]digest.Topic{global}, []digest.Item{it}, nil, Options{Now: noon.Add(time.Hour)})
	if len(closed) != 1 || !closed[0].Unwanted || strings.HasPrefix(closed[0].Reason, "history") {
		t.Errorf("%+v", closed)
	}
}

// Links that differ in a token alone are one page's.
func TestLinksThatDifferInAToken(t *testing.T) {
	const page = "https://harbour.example/cranes?"
	for _, c := range []struct {
		a, b string
		want bool
	}{
		{page + "s=ab12cd34e", page + "s=ff98ab76c", true},
		{page + "s=ab12cd34e", page + "s=ab12cd34e", false},
		{page + "s=ab12cd34e", page + "t=ab12cd34e", false},
		{page + "id=5", page + "id=6", false},
		{page + "s=ab12cd34e", page + "s=ff98ab76c&id=5", false},
		{page + "s=ab12cd34e", "https://harbour.example/mint?s=ff98ab76c", false},
	} {
		if got := differInToken(c.a, c.b); got != c.want {
			t.Errorf("%s, %s: %v", c.a, c.b, got)
		}
	}
}

// A number that ends a title, or says nothing.
func TestOnes(t *testing.T) {
	for title, want := range map[string]int{"Kestrel has one": 1, "One in ten ferries": 1, "One of the ferries": 0, "No one in Tarn": 0, "One ferry": 1} {
		if n := numbersIn(title); n != want {
			t.Errorf("%q: %d numbers, want %d", title, n, want)
		}
	}
}

// numbersIn counts the numbers that tell something in a title.
func numbersIn(title string) (n int) {
	for _, tok := range NewDocument(title, "", "en").tokens {
		if tok.kind == number {
			n++
		}
	}
	return n
}

// From forty items on, how many have a word says something.
func TestLeastForRarity(t *testing.T) {
	// What each of three outlets tells once or twice is no word of the time, in few items.
	for bearers, want := range map[int]float64{10: nameWeight, 11: labelWeight} {
		var nodes []*node
		for i := range 48 {
			title := "Cranes move again"
			if i < bearers {
				title = "Plague closes Kestrel ports"
			}
			nodes = append(nodes, &node{item: &digest.Item{Source: fmt.Sprint(i % 3)}, doc: NewDocument(title, "", "en")})
		}
		newWordIndex(nodes)
		if got := nodes[0].doc.tokens[0].weight; got != want {
			t.Errorf("%d of 48: a word weighs %.1f, want %.1f", bearers, got, want)
		}
	}
	for n, want := range map[int]float64{39: 0, 40: math.Log(40 / 4)} {
		var nodes []*node
		for i := range n {
			title := "Cranes move again"
			if i < 4 {
				title = "Plague closes Kestrel ports"
			}
			nodes = append(nodes, &node{item: &digest.Item{Source: fmt.Sprint(i % 3)}, doc: NewDocument(title, "", "en")})
		}
		newWordIndex(nodes)
		if got := nodes[0].doc.tokens[0].rarity; math.Abs(got-want) > 1e-9 {
			t.Errorf("%d items: a word that four have is rare by %.2f, want %.2f", n, got, want)
		}
	}
}

// How words stand in a text.
func TestLexemes(t *testing.T) {
	for text, want := range map[string]string{
		"U.S. talks":     "US talks",
		"the U.S.A.":     "the USA",
		"e.g.Kestrel":    "e g Kestrel",
		"Oh.No way":      "Oh No way",
		"A.Bc":           "A Bc",
		"NASA.A plan":    "NASA A plan",
		"NHK放送 plan":     "NHK 放送 plan",
		"H1N1 and F-16s": "H1N1 and F16 s",
		"Covid‐19 l’eau": "Covid19 eau",
		"O'Neill can't":  "ONeill not",
		"won't, doesn't": "not doesn",
		"3rd G20 20m":    "3 rd G20 20 m",
		"1,200.5 ٣٫٥":    "1,200.5 3.5",
	} {
		var got []string
		for _, l := range lexemes(text) {
			got = append(got, l.text)
		}
		if strings.Join(got, " ") != want {
			t.Errorf("%q: %q, want %q", text, got, want)
		}
	}
}

// Where a sentence begins, a capital says nothing.
func TestBeginnings(t *testing.T) {
	for text, want := range map[string]string{
		"Lund: Kestrel Bay": "Lund Kestrel", "Lund:Kestrel Bay": "Lund", "Fire! Tarn burns": "Fire Tarn", "A v.Tarn case": "A",
		"Lund – Kestrel Bay": "Lund Kestrel", "Lund says 'Kestrel sinks'": "Lund Kestrel", "Lund, Kestrel": "Lund",
	} {
		var got []string
		for _, l := range lexemes(text) {
			if l.initial {
				got = append(got, l.text)
			}
		}
		if strings.Join(got, " ") != want {
			t.Errorf("%q: %q begin, want %q", text, got, want)
		}
	}
}

// An age tells nothing of what happened.
func TestAges(t *testing.T) {
	for title, want := range map[string]int{
		"Forger, 44, is jailed": 0, "Forger, 44": 0, "Two widows aged 70": 1, "Widow aged 70": 0, "A 58-year-old captain": 0,
		"Captain, 120, retires": 1, "In Tarn, 44 ferries sink": 1, "44 ferries, 12 barges sink": 2, "A 58-year plan": 0,
	} {
		if n := numbersIn(title); n != want {
			t.Errorf("%q: %d numbers, want %d", title, n, want)
		}
	}
}

// Who does it and to whom it is done.
func TestParts(t *testing.T) {
	for _, c := range []struct {
		a, b   string
		apart  bool
		reason string
	}{
		{"Marsh warns Brook over tolls", "Brook warns Marsh over tolls", true, "the other does it"},
		{"Marsh warned by Brook over tolls", "Marsh warns Brook over tolls", true, "by the other"},
		{"Marsh warned by Brook over tolls", "Brook warns Marsh over tolls", false, "the same"},
		{"Marsh warned by Brook over tolls", "Brook warned by Marsh over tolls", true, "both by the other"},
		{"Marsh warned by Brook over tolls", "Marsh is warned by Brook over tolls", false, "the same"},
		{"Ports in Utopia attacked", "Utopia ports attacked", false, "nobody does it"},
		{"Brook's lawyer sues mint", "Brook sues mint", true, "another does it"},
		{"Tarn robber Brook's wife says he kept bees", "Tarn robber Tom Brook 'kept bees'", false, "somebody says the same"},
		{"Brook's lawyer sues mint", "Brook sues mint through lawyer", false, "the lawyer is there"},
		{"Brook's bridge sues mint", "Brook sues mint", false, "nobody close to him"},
		{"Brook's guild of bakers asked about coins", "Brook asks mint about coins", true, "they are asked"},
		{"UN invites Utopia to talks", "Utopia invited to attend UN talks", false, "it is done to them"},
	} {
		a, b := NewDocument(c.a, "", "en").tokens, NewDocument(c.b, "", "en").tokens
		if got := swapped(a, b) || ofTheirs(a, b) || ofTheirs(b, a); got != c.apart {
			t.Errorf("%s: %q and %q are told apart: %v", c.reason, c.a, c.b, got)
		}
	}
}
