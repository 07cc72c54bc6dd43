package curate

import (
	"fmt"
	"math/rand/v2"
	"os"
	"regexp"
	"strings"
	"testing"
	"time"

	"digestd/digest"
)

// TestLinks holds what is taken of links of every form: the page, whether it is one article's, and its number.
func TestLinks(t *testing.T) {
	raw, err := os.ReadFile("testdata/links.tsv")
	if err != nil {
		t.Fatal(err)
	}
	var out strings.Builder
	for line := range strings.Lines(string(raw)) {
		link := CanonicalLink(strings.TrimSpace(line))
		number, named := articleNumber(link)
		fmt.Fprintf(&out, "%s %v %q %v %q\n", link, namesOneArticle(link), number, named, itemFragment(digest.Item{GUID: strings.TrimSpace(line)}))
	}
	golden(t, "links.txt", out.String())
	for value, want := range map[string]bool{"ab12cd34": true, "ab12cd3": false, "abcdefgh": false, "12345678": false, "AB12CD34--": true, "": false} {
		if isToken(value) != want {
			t.Errorf("%q is a token: %v", value, !want)
		}
	}
	for values, want := range map[[2]string]bool{{"ab12cd34", "five"}: false, {"five", "ab12cd34"}: false, {"ab12cd34&x=five", "cd12ab34&x=five"}: true, {"ab12cd34", "cd12ab34"}: true} {
		if differInToken("h.example/a?s="+values[0], "h.example/a?s="+values[1]) != want {
			t.Errorf("%v differ in a token: %v", values, !want)
		}
	}
}

// How far two words stand for one.
func TestNear(t *testing.T) {
	as := func(k kind, term string) token { return token{kind: k, term: term, key: hashKey(fmt.Sprint(k, term))} }
	of := func(tok token, country, unit uint64, gram bool) token {
		tok.country, tok.unit, tok.gram = country, unit, gram
		return tok
	}
	tarn := as(state, "tarn")
	for i, c := range []struct {
		a, b token
		want float64
	}{
		{of(as(state, "lund"), tarn.key, 0, false), tarn, 0.5},
		{of(as(state, "lund"), tarn.key, 0, false), of(as(state, "brod"), tarn.key, 0, false), 0},
		{as(number, "12"), of(as(number, "12"), 0, 7, false), 0.8},
		{of(as(number, "12"), 0, 8, false), of(as(number, "12"), 0, 7, false), 0},
		{as(number, "12000"), as(number, "12001"), 0},
		{as(number, "12000"), as(word, "12000s"), 0},
		{as(result, "10-10"), as(word, "10-101"), 0},
		{of(as(unknown, "ストライキ"), 0, 0, true), as(unknown, "ストライキの"), 0},
		{as(state, "nigeria"), as(state, "nigerian"), 0},
		{as(state, "nigeria"), as(word, "nigerians"), 0.8},
		{as(word, "port"), as(word, "portal"), 0.8},
		{as(word, "port"), as(word, "portage"), 0},
		{as(word, "por"), as(word, "porter"), 0},
		{as(word, "porta"), as(word, "portability"), 0.6},
		{as(word, "éléc"), as(word, "élécs"), 0.8},
		{as(word, "élé"), as(word, "éléc"), 0},
		{as(word, "strike"), as(word, "cranes"), 0},
	} {
		if got, back := near(&c.a, &c.b), near(&c.b, &c.a); got != c.want || back != c.want {
			t.Errorf("%d: %s and %s: %.1f and %.1f, want %.1f", i, c.a.term, c.b.term, got, back, c.want)
		}
	}
}

// What came into a feed from below what it showed before is history. Each entry is "+" new or "-" known, its day (0:
// undated), the number in its guid and the day on which it was first seen; the feed was read last on day 20.
func TestFromBelowKnown(t *testing.T) {
	for _, c := range []struct{ name, document, below string }{
		{"below and older", "+21 -19 -18 +10", "3"},
		{"below and no older than the oldest", "-19 -9 +10", ""},
		{"below and older by less than a day than the reading", "-20 +19.5", ""},
		{"the oldest of the known in the middle", "-19 -9 -12 -11 +10", ""},
		{"the oldest of the known before the last", "-19 -18 -17 -9 +10", ""},
		{"below an undated one", "-19 -0 +10", "2"},
		{"dates before numbers", "-19,1 -18,2 +10,3", "2"},
		{"dates before sightings", "-19,,1 -18,,2 +10", "2"},
		{"nothing known, undated", "+0 +0", ""},
		{"between", "-19 +10 -9", ""},
		{"nothing known", "+21 +19 +10", ""},
		{"known again", "-19 -18 -10", ""},
		{"in no order", "-19 -9 -18 -8 -17 +5", ""},
		{"the newest last", "+5 -9 -18 -19", "0"},
		{"the newest last, added", "-9 -18 -19 +15 +21", ""},
		{"undated, below", "-0 -0 +0", "2"},
		{"undated, above", "+0 -0", ""},
		{"undated among dated", "-19 -18 +0", "2"},
		{"dated among undated", "-0 -0 +10", ""},
		{"numbers that rise", "-0,1 -0,2 +0,3", ""},
		{"numbers that fall", "-0,9 -0,8 +0,3", "2"},
		{"numbers of too many at the end", "-0,1 +0,2 +0,3 +0,4 +0,5 +0,6 +0,7", "1 2 3 4 5 6"},
		{"numbers of five at the end", "-0,1 +0,2 +0,3 +0,4 +0,5 +0,6", ""},
		{"added at the end, ever", "-0,,1 -0,,2 -0,,3 +0", ""},
		{"added on top", "-0,,3 -0,,2 -0,,9 +0", "3"},
		{"new on top now", "+0 -0,,1 -0,,2 +0", "3"},
		{"a gap in what is known", "-0,,1 -0 -0,,2 +0", ""},
		{"some numbers alone", "-0,1 -0 -0,2 +0", ""},
		{"the oldest first known, an undated one after", "-9 -18 -0 +10", ""},
	} {
		day := func(s string) time.Time {
			var days float64
			if fmt.Sscan(s, &days); days == 0 {
				return time.Time{}
			}
			return noon.Add(time.Duration(days * 24 * float64(time.Hour)))
		}
		var document []digest.Item
		var known []bool
		for _, entry := range strings.Fields(c.document) {
			parts := append(strings.Split(entry[1:], ","), "", "")
			known = append(known, entry[0] == '-')
			document = append(document, digest.Item{Published: day(parts[0]), GUID: parts[1], FirstSeen: day(parts[2])})
		}
		var below []string
		for i, is := range FromBelowKnown(document, known, day("20")) {
			if is {
				below = append(below, fmt.Sprint(i))
			}
		}
		if got := strings.Join(below, " "); got != c.below {
			t.Errorf("%s: %q slid in, want %q", c.name, got, c.below)
		}
		for i, is := range FromBelowKnown(document, known, time.Time{}) {
			if is {
				t.Errorf("%s: entry %d slid in, though the feed was never read", c.name, i)
			}
		}
	}
}

// One outlet, and one page.
func TestSameOutletAndPage(t *testing.T) {
	of := func(feed, source, link string, seq, of uint64) *node {
		return &node{item: &digest.Item{Feed: feed, Source: source, Seq: seq, Of: of}, link: link}
	}
	for i, c := range []struct {
		a, b         *node
		outlet, page bool
	}{
		{of("f", "s", "", 1, 0), of("f", "o", "", 2, 0), true, false},
		{of("f", "s", "", 1, 0), of("g", "s", "", 2, 0), true, false},
		{of("f", "s", "", 1, 0), of("g", "o", "", 2, 0), false, false},
		{of("", "", "", 1, 0), of("", "", "", 2, 0), false, false},
		{of("", "s", "a", 1, 0), of("", "o", "a", 2, 0), false, true},
		{of("f", "", "a", 1, 0), of("g", "", "b", 2, 0), false, false},
		{of("f", "", "a", 1, 2), of("g", "", "b", 2, 0), false, true},
		{of("f", "", "a", 1, 3), of("g", "", "b", 2, 0), false, false},
		{of("f", "", "", 0, 0), of("g", "", "", 0, 0), false, false},
	} {
		if sameOutlet(c.a, c.b) != c.outlet || sameOutlet(c.b, c.a) != c.outlet || samePage(c.a, c.b) != c.page || samePage(c.b, c.a) != c.page {
			t.Errorf("row %d: outlet %v, page %v", i, sameOutlet(c.a, c.b), samePage(c.a, c.b))
		}
	}
}

// What can be a subject, what is shouted, and what is a great count.
func TestSubjectsShoutsAndCounts(t *testing.T) {
	titled := func(word string) token {
		tok := NewDocument("It moves "+word, "", "en").tokens[1]
		tok.kind = name
		return tok
	}
	for i, c := range []struct {
		tok  token
		want bool
	}{
		{token{term: "marrow", kind: name}, true}, {token{term: "marrow", kind: word, weight: wordWeight}, true},
		{token{term: "marrow", kind: word, weight: commonWeight}, false}, {token{term: "marrow", kind: number, weight: wordWeight}, false},
		{titled("Police"), false}, {titled("Tonight"), false}, {titled("Marrow"), true},
	} {
		if isSubject(&c.tok) != c.want {
			t.Errorf("row %d: a subject: %v", i, !c.want)
		}
	}
	for title, want := range map[string]bool{
		"CRANES FALL AGAIN": true, "CRANES fall again today": false, "CRANES FALL again, it was said today": true, "CRANES FALL again, as whole towns were told today": false,
		"CRANES": false, "USA and NATO": false, "Cranes fall!": true, "“Cranes fall!” ": true, "Cranes fall! Again": false, "1000 2000 3000 cranes fall": false,
		"港口重新开放 罢工结束": false, "UN EU US IMF": false,
	} {
		if shouts(title) != want {
			t.Errorf("%q shouts: %v", title, !want)
		}
	}
	for term, want := range map[string]bool{"99": false, "100": true, "1899": true, "1900": false, "2099": false, "2100": true, "x": false} {
		if isCount(token{term: term, kind: number}) != want || isCount(token{term: term}) {
			t.Errorf("%s is a great count: %v", term, !want)
		}
	}
	for titles, want := range map[[2]string]float64{
		{"Flood destroys 1,200 houses", "Flood destroys 1,500 houses"}: 0.5,
		{"Flood destroys 1,200 houses", "Flood destroys 1,200 houses"}: 0.9,
		{"Flood destroys 12 houses", "Flood destroys 1,500 houses"}:    0.9,
		{"Flood destroys 1,500 houses", "Flood destroys 50 houses"}:    0.9,
		{"Flood of 1950", "Flood of 1,500"}:                            0.9,
		{"Flood of 1500-1", "Flood destroys 1,500 houses"}:             0.9,
		{"Flood destroys 13 houses", "Flood destroys 1,500"}:           0.9,
		{"Flood destroys houses", "Flood destroys 1,500 houses"}:       0.9,
	} {
		if got := leastProgress(NewDocument(titles[0], "", "en"), NewDocument(titles[1], "", "en")); got != want {
			t.Errorf("%q: %.2f, want %.2f", titles, got, want)
		}
	}
}

// TestTitles holds how titles of every form are taken apart: words as they stand, and what is known of each.
func TestTitles(t *testing.T) {
	raw, err := os.ReadFile("testdata/titles.tsv")
	if err != nil {
		t.Fatal(err)
	}
	flags := func(letters string, is ...bool) (out string) {
		for i, b := range is {
			if b {
				out += letters[i : i+1]
			}
		}
		return out
	}
	var out strings.Builder
	for line := range strings.Lines(string(raw)) {
		language, title, _ := strings.Cut(strings.TrimSuffix(line, "\n"), "\t")
		for _, l := range lexemes(title) {
			fmt.Fprintf(&out, " %s%s", l.text, flags("nd^,-s", l.number, l.dense, l.initial, l.comma, l.hyphen, l.owns))
		}
		d := NewDocument(title, "", language)
		fmt.Fprintf(&out, "\n\t%s %+v %v\n\t", flags("?i!>", d.asks, d.self, d.denies, d.ahead), d.dates, d.ids)
		for _, tok := range d.tokens {
			fmt.Fprintf(&out, " %s/%d/%.1f/%x/%x%s/%d%d%v", tok.term, tok.kind, tok.weight, tok.key>>48, (tok.unit^tok.country)>>56,
				flags("hcutgnaor", tok.small, tok.capital, tok.upper, tok.tied, tok.gram, tok.negated, tok.about, tok.owns, tok.role), tok.tense, tok.voice, len(tok.sides))
		}
		out.WriteString("\n")
	}
	golden(t, "titles.txt", out.String())
	if told := NewDocument("Cranes move", "Harbourmaster Lund praised the crews today", "en"); !told.has(hashKey("lund")) || told.has(hashKey("brook")) {
		t.Error("what a summary has was not told")
	}
	var long strings.Builder
	for i := range 2 * mostTokens {
		fmt.Fprintf(&long, "w%c%c ", 'a'+i%26, 'a'+i/26)
	}
	if n := len(NewDocument(long.String(), "", "en").tokens); n != mostTokens {
		t.Errorf("%d words are compared", n)
	}
}

// TestWindows holds what becomes of windows of items that are drawn from the pairs of headlines, with all that decides:
// places, times, summaries, feeds that show one item, what was sent, what waited.
func TestWindows(t *testing.T) {
	var pairs [][2]string
	for _, file := range [...]string{"forms.tsv", "joined.tsv", "refused.tsv"} {
		raw, err := os.ReadFile("testdata/" + file)
		if err != nil {
			t.Fatal(err)
		}
		for line := range strings.Lines(string(raw)) {
			a, b, _ := strings.Cut(strings.TrimSpace(line), "\t")
			pairs = append(pairs, [2]string{a, b})
		}
	}
	outlets := [...]string{"harbour", "nordic", "courier", "envoy", "gazette", "links"}
	world, money := topic("world", outlets[:]...), topic("money", "nordic", "envoy", "links")
	money.Feeds[1].Weight = 2
	money.Exclude = []*regexp.Regexp{regexp.MustCompile("(?i)ferry")}
	ports := topic("ports", "harbour", "courier")
	ports.Include = []*regexp.Regexp{regexp.MustCompile(`(?i)\bports?\b`)}
	var out strings.Builder
	for window := range uint64(16) {
		r := rand.New(rand.NewPCG(window, 0))
		oneIn := func(n int) bool { return r.IntN(n) == 0 }
		draw := func(seq uint64, title string) digest.Item {
			it := item(seq, outlets[r.IntN(len(outlets))], title)
			it.FirstSeen = noon.Add(-time.Duration(r.IntN(30)) * time.Hour)
			it.Place, it.Kept = r.IntN(13), r.IntN(4)
			if it.Feed == "links" {
				it.Link = fmt.Sprintf("https://site%d.example/news/%d", seq%5, 10_000+seq)
			}
			if oneIn(3) {
				it.Summary = digest.PlainText(pairs[r.IntN(len(pairs))][1] + ". " + title + ", and the harbour of Kestrel Bay is closed.")
			}
			if oneIn(5) {
				it.Image = &digest.Image{URL: "https://nordic.example/a.jpg"}
			}
			if oneIn(8) {
				it.Link = [...]string{"https://harbour.example/notices", "https://wire.example/videos/1", "https://harbour.example/", ""}[r.IntN(4)]
			}
			if oneIn(12) {
				it.Language = "en"
			}
			if oneIn(20) {
				it.Kind = digest.Opinion
			}
			it.History = oneIn(40)
			return it
		}
		var items []digest.Item
		var sent []digest.Story
		waited, at := map[uint64]int{}, 0
		add := func(it digest.Item) {
			if n := len(sent); oneIn(5) && n > 0 {
				it.After = sent[r.IntN(n)].Items[0].Seq
			} else if m := len(items); oneIn(8) && m > 0 {
				it.Of = items[r.IntN(m)].Seq
			}
			if oneIn(6) {
				waited[it.Seq] = 1 + r.IntN(2)
			}
			items = append(items, it)
		}
		for k := range uint64(22) {
			if oneIn(2) {
				at = r.IntN(len(pairs))
			}
			p := pairs[min(at+r.IntN(3), len(pairs)-1)]
			a, b := draw(2*k+1, p[0]), draw(2*k+2, p[1])
			if a.Kind = digest.News; oneIn(3) {
				sent = append(sent, digest.Story{ID: fmt.Sprint("old", k), Topics: []string{"world"}, Items: []digest.Item{a}})
			} else {
				add(a)
			}
			add(b)
			if oneIn(3) {
				add(draw(100+k, p[r.IntN(2)]))
			}
		}
		byImportance := map[string]bool{"harbour": true, "nordic": true, "envoy": window%2 == 0}
		stories, closed := Curate([]digest.Topic{ports, world, money}, items, sent, Options{Now: noon.Add(time.Hour), Carried: waited,
			ByImportance: byImportance, Developments: window%4 != 3})
		fmt.Fprintf(&out, "window %d\n", window)
		for i, line := range strings.Split(outline(stories), "; ") {
			s := stories[i]
			fmt.Fprintf(&out, "%s %s%d %s%s", line, s.Kind, s.Carried, s.SummaryFrom, s.ImageFrom)
			fmt.Fprintf(&out, " %.3f %.2f %.2f %.2f %v %v %q", s.Rank.Total, s.Rank.Place, s.Rank.Heat, s.Rank.Weight, s.Rank.Asks, s.Rank.Repeats != "", s.Rank.Subject+"/"+s.Rank.Beside)
			for _, j := range s.Joins {
				fmt.Fprintf(&out, " %d=%d %.3f", j.Item, j.With, j.Score)
			}
			if f := s.Follows; f != nil {
				fmt.Fprintf(&out, " %s %.3f %q", f.Story, f.Score, f.News)
			}
			out.WriteString("\n")
		}
		for _, c := range closed {
			fmt.Fprintf(&out, " %d %s%s %.3f %v;", c.Item.Seq, c.Story, strings.SplitN(c.Reason, " ", 2)[0], c.Score, c.Unwanted)
		}
		out.WriteString("\n")
	}
	golden(t, "windows.txt", out.String())
}
