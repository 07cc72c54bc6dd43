package curate

import (
	"flag"
	"fmt"
	"math"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"digestd/digest"
)

var update = flag.Bool("update", false, "write the golden files anew")

// golden holds a text against a file of testdata.
func golden(t *testing.T, name, got string) {
	t.Helper()
	path := "testdata/" + name
	if *update {
		if err := os.WriteFile(path, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if got == string(want) {
		return
	}
	g, w := strings.Split(got, "\n"), strings.Split(string(want), "\n")
	for i := range max(len(g), len(w)) {
		if i >= len(g) || i >= len(w) || g[i] != w[i] {
			t.Fatalf("%s:%d differs (-update accepts)\n got %q\nwant %q", path, i+1, slices.Concat(g, make([]string, len(w)))[i], slices.Concat(w, make([]string, len(g)))[i])
		}
	}
}

// headlines are invented ones, in pairs of each language that say much the same.
var headlines = [][3]string{
	{"en", "Lund warns that the Kestrel Bay ports will close on Monday after 12 of 40 cranes failed", "Kestrel Bay ports to close Monday, Lund says, as a dozen cranes fail"},
	{"en", "WATCH: France's prime minister tells Berlin that Aldmere can't join the treaty", "Paris: No treaty for Aldmere, premier tells Germany"},
	{"en", "Earthquake of magnitude 6.1 kills at least 30 in northern Sandholm", "Sandholm quake: dozens dead in the north as 6.1 tremor hits"},
	{"en", "Three men held over the bridge fire in Tarn", "Tarn police arrest three after fire at bridge"},
	{"en", "Queensland ferry runs aground off Brisbane with 200 aboard", "Ferry carrying 200 aground near Brisbane"},
	{"en", "Rovers beat United 2-1 in cup final at Sandholm", "United lose cup final to Rovers, 2-1"},
	{"en", "Oil price falls to $20 a barrel, lowest since 1999", "Oil at lowest since 1999 as barrel drops below $20"},
	{"fr", "Le ministre de l'Intérieur annonce la fermeture de deux ports à Marseille", "Deux ports fermés à Marseille, selon l’Intérieur : les pêcheurs sont en colère"},
	{"de", "Zwei Häfen in Bremen wegen des Streiks der Kranführer geschlossen", "Streik: Kranführer legen zwei Bremer Häfen still"},
	{"es", "El gobierno cierra dos puertos de Sevilla por la huelga de los estibadores", "Huelga de estibadores: cerrados dos puertos en Sevilla"},
	{"it", "Chiusi due porti della Sardegna per lo sciopero dei gruisti", "Sciopero dei gruisti, nella Sardegna due porti sono chiusi"},
	{"pt", "Dois portos de Setúbal fecham por causa da greve dos estivadores", "Greve dos estivadores não deixa abrir dois portos em Setúbal"},
	{"nl", "Twee havens in Zeeland dicht door de staking van kraanmachinisten", "Staking van de kraanmachinisten: twee Zeeuwse havens zijn dicht"},
	{"ar", "إغلاق ميناءين في عدن بعد إضراب عمال الرافعات", "إضراب العمال على الرافعات يغلق ميناءي عدن"},
	{"hi", "क्रेन चालकों की हड़ताल के बाद केरल के दो बंदरगाह बंद", "केरल में दो बंदरगाह बंद, क्रेन चालकों ने हड़ताल की"},
	{"zh", "起重机工人罢工后广州两个港口关闭", "广州两港口因起重机工人罢工而关闭"},
	{"ja", "クレーン作業員のストライキで広島の二つの港が閉鎖", "広島の港、クレーンのストライキにより閉鎖"},
	{"", "Greve em Setúbal: portos de pesca não abrem até sexta", "De havens van Zeeland blijven dicht tot vrijdag"},
}

// TestWordsAndWeights holds what each language's words and each weight do: what is taken of a headline, and how alike
// two are.
func TestWordsAndWeights(t *testing.T) {
	var out strings.Builder
	for _, h := range headlines {
		for _, title := range h[1:] {
			d := NewDocument(title, "", h[0])
			fmt.Fprintf(&out, "%s %s\n ", h[0], title)
			for _, tok := range d.tokens {
				fmt.Fprintf(&out, " %s/%d/%.1f", tok.term, tok.kind, tok.weight)
			}
			out.WriteString("\n")
		}
		a, b := NewDocument(h[1], "", h[0]), NewDocument(h[2], "", h[0])
		if a.order > b.order {
			a, b = b, a
		}
		f, vetoed := compare(a, b)
		fmt.Fprintf(&out, "  %.4f, vetoed %v, logit %.3f\n", Score(a, b), vetoed, f.logit())
	}
	// Each weight by itself.
	for i := range featureCount {
		fmt.Fprintf(&out, "%d: %.2f\n", i, model[i])
	}
	golden(t, "words.txt", out.String())
}

// Stop words tell nothing in any language.
func TestStopwordsAreDropped(t *testing.T) {
	for language, list := range map[string]string{"en": "the of after", "fr": "le de selon", "de": "der und nach", "es": "el de según", "it": "il della dopo", "pt": "o da até", "nl": "de van door"} {
		if d := NewDocument("Lund "+list+" Kestrel", "", language); len(d.tokens) != 2 {
			t.Errorf("%s: %+v", language, d.tokens)
		}
	}
}

// Endings of other languages are cut, so that numbers and genders are one.
func TestLightStems(t *testing.T) {
	for language, forms := range map[string][2]string{"de": {"Kranführern", "Kranführer"}, "fr": {"portuaires", "portuaire"}, "es": {"estibadores", "estibador"},
		"it": {"gruisti", "gruista"}, "pt": {"estivadores", "estivador"}, "nl": {"havens", "haven"}, "hi": {"चालकों", "चालक"}, "ar": {"الرافعات", "رافعات"}} {
		if a, b := lightStem(language, fold(forms[0])), lightStem(language, fold(forms[1])); a != b {
			t.Errorf("%s: %q and %q", language, a, b)
		}
	}
}

// What share of the words that are rare in the window two items have in common makes a join surer, or less sure: words of
// both headlines, or of one that stand in the other's summary.
func TestScoreInWindow(t *testing.T) {
	rare := func(title, summary string, rarities ...float64) Document {
		d := NewDocument(title, summary, "en")
		for i := range d.tokens {
			d.tokens[i].rarity = rarities[i]
		}
		return d
	}
	whole := rare("Marrow dam cracks", "", 3, 3, 3)
	for _, c := range []struct {
		other Document
		want  float64
	}{
		{rare("Marrow dam cracks", "", 3, 3, 3), 1 - 0.48},
		{rare("Marrow dam bursts", "", 3, 3, 5), 9.0/14 - 0.48},
		{rare("Marrow dam bursts", "", 1, 1, 5), 3.0/8 - 0.48},
		{rare("Bursts of Marrow dam", "", 5, 1, 3), 4.5/12 - 0.48},
		{rare("Marrow wall bursts", "", 1, 1, 5), 1.5/8 - 0.48},
		{rare("Marrow wall bursts", "The dam had cracks for years.", 1, 1, 5), 1.5/8 - 0.48},    // of what the other one tells, it has little
		{rare("Marrow wall cracks", "A dam of the harbour has leaked.", 3, 1, 3), 7.5/9 - 0.48}, // as 9/12 of the first
		{rare("Why Marrow dam cracks", "", 3, 3, 3), 1 - 0.48 - 0.27},                           // one asks
		{rare("Mayor: 'I saw Marrow dam cracks'", "", 0, 0, 3, 3, 3), 1 - 0.48 - 0.27},          // one tells of themselves
	} {
		f, _ := compare(whole, c.other)
		if back, _ := compare(c.other, whole); math.Abs(f[rareShared]-c.want) > 1e-9 || back[rareShared] != f[rareShared] {
			t.Errorf("%v: %.3f and %.3f, want %.3f", c.other.tokens, f[rareShared], back[rareShared], c.want)
		}
	}
	if plain := NewDocument("Marrow dam cracks", "", "en"); plain.tokens[0].rarity != 0 {
		t.Error("no window tells")
	} else if f, _ := compare(plain, plain); f[rareShared] != 0 {
		t.Errorf("too few items to tell: %.3f", f[rareShared])
	}
}

// Each hour between two items asks for more of what is rare in common, up to eight; not of what was sent, nor of one outlet.
// What sets two apart is not made up for.
func TestLaterItemsMustShareMore(t *testing.T) {
	window := func(first, second digest.Item, sent int) (score, affair float64) {
		nodes := []node{newNode(first, sent), newNode(second, 0)}
		for i := range uint64(60) {
			nodes = append(nodes, newNode(item(100+i, fmt.Sprint("wire", i), madeWord(i)+" "+madeWord(100+i)), 0))
		}
		prepare(nodes)
		all := make([]*node, len(nodes))
		for i := range nodes {
			all[i] = &nodes[i]
		}
		g := newGrouping(all)
		return g.score(all[0], all[1])
	}
	const first, second = "Lindqvist resigns as premier of Aldmere after vote", "Aldmere premier Lindqvist leaves over ferry tolls"
	at := func(hours int, outlet string, sent int) float64 {
		later := item(2, outlet, second)
		later.Published = noon.Add(time.Duration(hours) * time.Hour)
		later.FirstSeen = later.Published
		earlier := item(1, "harbour", first)
		earlier.Published, earlier.FirstSeen = noon, noon
		score, _ := window(earlier, later, sent)
		return score
	}
	now, four, eight, twenty := at(0, "nordic", 0), at(4, "nordic", 0), at(8, "nordic", 0), at(20, "nordic", 0)
	if now <= four || four <= eight || eight != twenty {
		t.Errorf("%.4f at once, %.4f, %.4f and %.4f after 4, 8 and 20 hours", now, four, eight, twenty)
	}
	if logit := math.Log(now/(1-now)) - math.Log(four/(1-four)); math.Abs(logit-30*4*0.01) > 1e-6 {
		t.Errorf("four hours take %.3f", logit)
	}
	for what, pair := range map[string][2]float64{"sent": {at(0, "nordic", 1), at(20, "nordic", 1)}, "one outlet": {at(0, "harbour", 0), at(20, "harbour", 0)}} {
		if logit := math.Log(now/(1-now)) - math.Log(pair[0]/(1-pair[0])); pair[0] != pair[1] || math.Abs(logit-30*0.1) > 1e-6 {
			t.Errorf("%s: %.4f and %.4f, %.3f less", what, pair[0], pair[1], logit)
		}
	}
}

// Words that more than one item in twelve has are labels, for one window and for all that is made of it.
func TestWordsOfTheTime(t *testing.T) {
	for bearers, want := range map[int]float64{8: nameWeight, 9: labelWeight} { // of 96, from one outlet
		var nodes []*node
		for i := range 96 {
			title := "Cranes move again"
			if i < bearers {
				title = "Plague closes Kestrel ports"
			}
			nodes = append(nodes, &node{item: &digest.Item{Seq: uint64(i + 1)}, doc: NewDocument(title, "", "en")})
		}
		newWordIndex(nodes)
		d := nodes[0].doc
		if d.tokens[0].weight != want {
			t.Errorf("%d of 96 items have a word: it weighs %.1f, want %.1f", bearers, d.tokens[0].weight, want)
		}
		sum := 0.0
		for _, tok := range d.tokens {
			sum += tok.weight
		}
		if math.Abs(sum-d.weight) > 1e-9 {
			t.Errorf("the document weighs %.2f, its words %.2f", d.weight, sum)
		}
	}
}

// What headlines alone tell apart and bring together, by kinds: ages and small numbers, names with digits, one subject
// in everyday words, roles, days and weeks, what was and what will be; rewordings, counts, short forms. What is found
// in each pair, and what the second tells anew, stays as it is.
func TestPairsByKind(t *testing.T) {
	var out strings.Builder
	for _, file := range [...]string{"refused.tsv", "joined.tsv", "forms.tsv"} {
		raw, err := os.ReadFile("testdata/" + file)
		if err != nil {
			t.Fatal(err)
		}
		for line := range strings.Lines(string(raw)) {
			a, b, _ := strings.Cut(strings.TrimSpace(line), "\t")
			if s := Pair(a, b); file != "forms.tsv" && (s >= Threshold) != (file == "joined.tsv") {
				t.Errorf("%s: %.2f: %q and %q", file, s, a, b)
			}
			x, y := NewDocument(a, "", ""), NewDocument(b, "", "")
			f, vetoed := compare(x, y)
			fmt.Fprintf(&out, "%.3f %v", Score(x, y), vetoed)
			for i, v := range f[1:] {
				if v != 0 {
					fmt.Fprintf(&out, " %d:%.3g", i+1, v)
				}
			}
			for _, now := range [...][2]Document{{x, y}, {y, x}} {
				fmt.Fprintf(&out, " | %v %q %.3f %v", tellsNew(now[0], now[1]), whatIsNew(now[0], now[1]), progress(now[0], now[1]),
					mayScore(&now[0], &now[1]))
			}
			fmt.Fprintf(&out, " | %s\n", strings.Join(sharedTerms(x, y), " "))
		}
	}
	golden(t, "pairs.txt", out.String())
}

func TestWhatIsASubject(t *testing.T) {
	story := func(title string) digest.Story {
		return digest.Story{Items: []digest.Item{{Title: title, Language: "en"}}, Rank: digest.Rank{Coverage: 1, Place: 1, Staying: 1, Heat: 1, Recency: 1, Weight: 1}}
	}
	key := NewDocument("Floods at Marrow", "", "en").tokens[1].key
	for _, c := range []struct {
		items, outlets, of int
		want               float64
	}{
		{4, 2, 400, 1 + 0.15}, {3, 2, 400, 1 + 0.15*math.Log2(1.5)}, {2, 2, 400, 1}, {4, 1, 400, 1}, {40, 3, 400, 1}, {33, 3, 400, 1 + 0.15*math.Log2(16.5)},
	} {
		of := &subject{term: "marrow", items: c.items}
		for i := range c.outlets {
			of.outlets = of.outlets.with(i)
		}
		stories := []digest.Story{story("Floods at Marrow")}
		s := subjects{rare: map[uint64]*subject{key: of}}
		s.lift(stories, c.of)
		if got := stories[0].Rank.Heat; math.Abs(got-c.want) > 1e-9 {
			t.Errorf("%d items of %d from %d outlets: heat %.3f, want %.3f", c.items, c.of, c.outlets, got, c.want)
		}
	}
}

// A feed that points at the pages of four sites and more tells of others' stories.
func TestAggregators(t *testing.T) {
	for sites, want := range map[int]bool{3: false, 4: true} {
		var nodes []*node
		for i := range sites {
			nodes = append(nodes, &node{item: &digest.Item{Feed: "links"}, host: fmt.Sprint("site", i, ".example")})
		}
		if got := aggregatorFeeds(nodes)["links"]; got != want {
			t.Errorf("%d sites: %v", sites, got)
		}
	}
}

// Likeness by way of a third does not make one story of two that are not alike.
func TestChainsEnd(t *testing.T) {
	items := []digest.Item{item(1, "harbour", "Kestrel Bay ports reopen after crews accept wage deal"), item(2, "nordic", "Kestrel Bay ports reopen after crews accept wage deal; mint closes in Sandholm"),
		item(3, "courier", "Mint closes in Sandholm after coin forgeries; Kestrel Bay ports reopen"), item(4, "gazette", "Sandholm mint closes after coin forgeries")}
	for _, group := range Clusters(items, nil) {
		for i := range group {
			for j := range i {
				if s := Pair(group[i].Title, group[j].Title); s < 0.2 {
					t.Errorf("%.2f: %q and %q are one story", s, group[i].Title, group[j].Title)
				}
			}
		}
	}
	g := newGrouping([]*node{{item: &digest.Item{Seq: 1, Feed: "a"}, doc: NewDocument("Cranes move again", "", "en")}, {item: &digest.Item{Seq: 2, Feed: "b"}, doc: NewDocument("Volcano ash closes airfields", "", "en")}})
	if g.compatible(0, 1, false) {
		t.Error("what is not alike may come together")
	}
}

// One outlet's second telling is the same within a day, and a column later.
func TestRetold(t *testing.T) {
	for hours, want := range map[int]int{1: 1, 19: 1, 21: 2} {
		later := item(2, "harbour", strike2)
		later.FirstSeen = noon.Add(time.Duration(hours) * time.Hour)
		if got := len(Clusters([]digest.Item{item(1, "harbour", strike), later}, nil)); got != want {
			t.Errorf("after %d hours: %d stories, want %d", hours, got, want)
		}
	}
}

// Small numbers.
func TestNumbersThatTellApart(t *testing.T) {
	keys := func(s string) []uint64 {
		var all []uint64
		for _, tok := range NewDocument(s, "", "en").tokens {
			if tok.kind == number {
				all = append(all, tok.key)
			}
		}
		return all
	}
	for _, c := range []struct {
		a, b string
		same bool
	}{{"12 cranes fall", "12 ferries sink", false}, {"13 cranes fall", "13 ferries sink", true}, {"twelve cranes fall", "12 cranes fall", true}, {"2.5 cranes fall", "2.5 ferries sink", true}} {
		if got := slices.Equal(keys(c.a), keys(c.b)); got != c.same {
			t.Errorf("%q, %q: %v", c.a, c.b, got)
		}
	}
}

// A headline that names a month and no day rules out no day of it.
func TestADayAndNoDayAgree(t *testing.T) {
	month, first, second := datesOf(lexemes("Vote in September")), datesOf(lexemes("Vote on 1 September")), datesOf(lexemes("Vote on 2 September"))
	for _, c := range []struct {
		a, b dates
		want bool
	}{{month, first, false}, {first, month, false}, {first, first, false}, {first, second, true}} {
		if got := c.a.conflict(c.b); got != c.want {
			t.Errorf("%v and %v conflict: %v", c.a, c.b, got)
		}
	}
}

// Of each story the nearest item is told, and an empty headline asks nothing.
func TestNearest(t *testing.T) {
	story := digest.Story{ID: "s1", Items: []digest.Item{item(1, "harbour", strike)}}
	other := digest.Story{ID: "s2", Items: []digest.Item{item(2, "nordic", rates), item(3, "nordic", strike2), item(4, "nordic", quake)}}
	if got := Nearest(story, []digest.Story{story, other}, 0.1, 3); len(got) != 1 || got[0].Item.Seq != 3 || got[0].Score != Pair(strike, strike2) {
		t.Errorf("nearest %+v", got)
	}
	if got := Nearest(story, []digest.Story{other}, 1, 3); len(got) != 0 {
		t.Errorf("too far to be near: %+v", got)
	}
	if asks("…", nil) {
		t.Error("nothing asks")
	}
}

// What stands at the top is surer to be one story where two outlets put it there.
func TestOneOutletsItemsScoreByThemselves(t *testing.T) {
	given := []node{newNode(item(1, "harbour", "Marrow dam cracks after Kestrel floods"), 0), newNode(item(2, "harbour", "Kestrel floods: Marrow dam cracked"), 0),
		newNode(item(3, "nordic", "Kestrel floods: Marrow dam cracked"), 0)}
	for i := range leastForRarity {
		given = append(given, newNode(item(uint64(i+4), "courier", fmt.Sprintf("Kiln%c%c fires tiles again", 'a'+i/26, 'a'+i%26)), 0))
	}
	prepare(given)
	var nodes []*node
	for i := range given {
		nodes = append(nodes, &given[i])
	}
	g := newGrouping(nodes)
	plain := Score(given[0].doc, given[1].doc)
	for _, n := range nodes[:3] {
		n.top, n.item.Place = true, 1
	}
	if got, _ := g.score(nodes[0], nodes[1]); got != plain {
		t.Errorf("one outlet: %.3f, want %.3f", got, plain)
	}
	if got, _ := g.score(nodes[0], nodes[2]); got <= plain {
		t.Errorf("two outlets: %.3f, want more than %.3f", got, plain)
	}
}

func TestLastNumber(t *testing.T) {
	for guid, want := range map[string]int64{"harbour-12": 12, "a12b:7/": 7, "12": 12, "cranes": 34} {
		if got := lastNumber(digest.Item{GUID: guid, Link: "https://herald.example/a/34"}); got != want {
			t.Errorf("%s: %d, want %d", guid, got, want)
		}
	}
}

// Two items at the top are surer to be one story by so much, those among the first three by more.
func TestTopsLiftTheScore(t *testing.T) {
	at := func(place int) *node {
		it := item(1, "harbour", "Cranes move again")
		it.Place = place
		return &node{item: &it, top: place <= firstPlaces}
	}
	for _, c := range []struct {
		a, b int
		want float64
	}{{1, 3, 0.957}, {3, 1, 0.957}, {4, 3, 0.900}, {3, 4, 0.900}, {10, 10, 0.900}, {1, 11, 0.5}, {11, 1, 0.5}} {
		if got := lifted(0.5, at(c.a), at(c.b)); math.Abs(got-c.want) > 5e-4 {
			t.Errorf("places %d and %d lift 0.5 to %.3f, want %.3f", c.a, c.b, got, c.want)
		}
	}
}

// An entry goes on where it tells what it has told under none of its headlines.
func TestWentOn(t *testing.T) {
	known := item(1, "harbour", "Toll of Sandholm ferry fire rises to 120")
	now := item(1, "harbour", "Toll of Sandholm ferry fire rises to 150 people")
	if !WentOn(known, now) {
		t.Error("another toll is not told anew")
	}
	known.Aliases = []digest.Alias{{Title: "Mint closes its doors"}}
	if !WentOn(known, now) {
		t.Error("another toll is not told anew after another matter")
	}
	known.Aliases = []digest.Alias{{Title: ""}, {Title: "Toll of Sandholm ferry fire rises to 150"}}
	if WentOn(known, now) {
		t.Error("what an earlier headline said is told anew")
	}
}

// Four words in capitals among few others are shouted; three may be initials.
func TestShoutedTitles(t *testing.T) {
	for title, want := range map[string]bool{"NATO UNESCO OPEC agree": true, "NATO UNESCO OPEC FIFA agree": false,
		"NATO UNESCO OPEC FIFA agree on treaty": true} {
		if got := NewDocument(title, "", "en").tokens[0].capital; got != want {
			t.Errorf("%s: capitals tell names: %v", title, got)
		}
	}
}

func TestAsks(t *testing.T) {
	for title, want := range map[string]bool{
		"When the cranes move again": true, "Where the cranes went": true, "Warum die Kräne stehen": true, "Pourquoi les grues": true,
		"Cranes move when owners pay": false, "How cranes move": true, "Cranes: why they stand": true, "Owners know why cranes stand": false,
		"All you need to know on cranes": true, "Six things to know about cranes": true, "Who is master of the cranes": true, "WHO is master of the cranes": false, "Owners learn how to move cranes": true, "Owners answer your questions on cranes": true,
		"Cranes move again?": true, "Cranes: what to know": true, "The strike, explained": true, "Cranes move again": false,
	} {
		if got := NewDocument(title, "", "").asks; got != want {
			t.Errorf("%s: %v", title, got)
		}
	}
}

func TestModels(t *testing.T) {
	for text, want := range map[string]int{"-16s over Tarn": 3, "-16s": 3, "-16super": 0, "-16": 3, "-16.": 3, "-16.5": 0, "19": 2, "": 0} {
		if got := modelEnd([]rune(text)); got != want {
			t.Errorf("%q: %d, want %d", text, got, want)
		}
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

// One agency's text makes one story of two outlets' items, whatever their headlines; not where a number sets them apart,
// nor what an outlet puts under all of its items.
func TestCopies(t *testing.T) {
	const (
		text    = "Two hikers who went missing in the hills north of Sandholm say that they spent nearly two weeks without food and lost hope before a helicopter crew saw the smoke of their fire."
		other   = "A crew that had searched the hills for nine days saw smoke on the tenth, and the two were flown to Marrow that evening with little worse than sore feet."
		print   = "'That is my boot': Rescued walker tells of ordeal"
		lost    = "Lost pair ate nothing in the Tarn uplands"
		furnish = 9
	)
	for _, c := range []struct {
		name          string
		first, second string
		outlet        string
		text          string
		fillers, want int
	}{
		{"one text", print, lost, "nordic", text, 0, 1},
		{"with a reporter in front and cut off", print, lost, "nordic", "By Ida Lund for the Gazette " + text[:len(text)-40], 0, 1},
		{"another text", print, lost, "nordic", other, 0, 2},
		{"a few words of it", print, lost, "nordic", text[:48] + other, 0, 2},
		{"one outlet", print, lost, "harbour", text, 0, 2},
		{"another number", print + " of 19 days", lost + " for 13 days", "nordic", text, 0, 2},
		{"furniture", print, lost, "nordic", text, furnish, 2},
	} {
		items := []digest.Item{item(1, "harbour", c.first), item(2, c.outlet, c.second)}
		items[0].Summary, items[1].Summary = digest.PlainText(text), digest.PlainText(c.text)
		for i := range c.fillers {
			items = append(items, item(uint64(10+i), "nordic", fmt.Sprintf("Filler%c", 'a'+i)))
			items[len(items)-1].Summary = digest.PlainText(text)
		}
		got := len(Clusters(items, nil)) - c.fillers
		if got != c.want {
			t.Errorf("%s: %d stories, want %d", c.name, got, c.want)
		}
	}
	if runs := runsOf(lexemes("Nobody saw the")); runs != nil {
		t.Errorf("fewer words than a run: %v", runs)
	}
}

// What is rare in the window outweighs that two counts differ, and not that two places do.
func TestRareWordsAndWhatSetsApart(t *testing.T) {
	var window []digest.Item
	for i := range uint64(60) {
		window = append(window, item(100+i, fmt.Sprint("wire", i), fmt.Sprintf("Item%c%c", 'a'+i%26, 'a'+i/26)))
	}
	for _, c := range []struct {
		a, b string
		want int
	}{
		{"At least 46 killed in prison riot in Sandholm", "Sandholm prison riot kills at least 40, warden among them", 1},
		{"Floods in France close schools", "Floods in Spain close schools", 2},
	} {
		items := append([]digest.Item{item(1, "harbour", c.a), item(2, "nordic", c.b)}, window...)
		if got := len(Clusters(items, nil)) - len(window); got != c.want {
			t.Errorf("%q and %q: %d stories, want %d", c.a, c.b, got, c.want)
		}
	}
}
