package curate

import (
	"fmt"
	"testing"

	"digestd/digest"
)

// What kind of piece a headline says that it is.
func TestForms(t *testing.T) {
	for title, want := range map[string]form{
		"Sandholm ports reopen": report, "I left Sandholm for the sea": ofSelf, "My year at sea": ofSelf, "Mayor: 'I will not leave Sandholm'": ofSelf, "Mining town votes": report,
		"Asian stocks slip after Sandholm vote": market, "Stocks slip after Sandholm vote": market, "Wall Street ends higher": market, "S&P 500 futures rise": market,
		"Oil prices, after all, rise": market, "Oil prices, after weeks of calm, rise": report, "Oil tanker seized off Kestrel Bay": report, "Harbour stocks slip": report, "Oil tanker crew of Sandholm harbour fall ill": report, "US stocks": report, "Gold today": market, "Gold": report,
		"‘Cranes’ Review: Ada Marsh in a film of rust": review, "The cranes of Sandholm: review": review, "Sandholm orders review of its cranes": report, "Sandholm: review of cranes is late": report, "Cranes under review": report,
		"Gulls vs. Bears prediction: odds, pick": preview, "Gulls vs. Bears odds, picks": preview, "Previewing the Gulls": preview, "Gulls tipped for the cup": preview, "Cup preview: Gulls": preview,
		"Predictions: who wins the cup": preview, "Mayor at odds with harbour": report, "Prediction of tides is an art": report, "Gulls' preview": report, "Against all odds": report,
		"The best looks of the gala": roundup, "Gala: best-dressed guests": roundup, "The worst moments of the gala": roundup, "Key speeches of the gala": roundup, "The biggest moments": roundup, "Gala: best, worst and most rusty moments": roundup, "Best crane of all wins in the last moments": report, "Best crane wins": report, "Sandholm's best": report,
		"": report, "Asian": report,
	} {
		if got := formOf(title, lexemes(title)); got != want {
			t.Errorf("%s: form %d, want %d", title, got, want)
		}
	}
}

// Pieces of different forms are different stories, however many words they share.
func TestFormsApart(t *testing.T) {
	for a, b := range map[string]string{
		"Asian stocks slip after Sandholm halts oil exports":      "Sandholm halts oil exports to Asian ports",
		"‘Cranes of Kestrel Bay’ Review: Ada Marsh among thieves": "Ada Marsh joins cast of ‘Cranes of Kestrel Bay’ thieves",
		"Gulls tipped to win Sandholm Cup final against Bears":    "Gulls win Sandholm Cup final against Bears",
	} {
		if s := Pair(a, b); s >= Threshold {
			t.Errorf("%.2f: %q and %q", s, a, b)
		}
	}
}

// One outlet's pieces of a form are a series where each names another; told again with the same name, a piece is one.
func TestSeriesOfOneOutlet(t *testing.T) {
	for other, want := range map[string]int{
		"Three bold predictions for the Gulls of Kestrel 2026 season":  2,
		"Three bold predictions for Sandholm 2026 season":              1,
		"Three bold predictions for the Bears of Sandholm 2026 season": 1,
	} {
		items := []digest.Item{item(1, "harbour", "Three bold predictions for the Bears of Sandholm 2026 season"), item(2, "harbour", other)}
		if got := len(Clusters(items, nil)); got != want {
			t.Errorf("%s: %d stories, want %d (score %.3f)", other, got, want, Pair(items[0].Title, other))
		}
	}
}

// Of two great clusters, so many items of each are compared, and no more.
func TestGreatClustersCompareFew(t *testing.T) {
	var nodes []*node
	for i := range 16 {
		nodes = append(nodes, &node{item: &digest.Item{Seq: uint64(i + 1), Feed: string(rune('a' + i))}, doc: NewDocument(strike, "", "en")})
	}
	g := newGrouping(nodes)
	for i := 1; i < 8; i++ {
		g.union(0, i)
		g.union(8, 8+i)
	}
	if ok, n := g.compatible(0, 8, false), g.compared.Load(); !ok || n != 36 {
		t.Errorf("compatible %v, after %d comparisons", ok, n)
	}
}

// Each language's words of grammar: one that is missing would count as what two headlines share.
func TestStopwords(t *testing.T) {
	for language, want := range map[string]int{"ar": 53, "de": 113, "en": 172, "es": 97, "fr": 116, "hi": 70, "it": 99, "nl": 64, "pt": 85} {
		if got := len(stopwords[language]); got != want {
			t.Errorf("%s: %d words, want %d", language, got, want)
		}
	}
}

// How much is compared at most: words of a headline, pairs of an item with earlier ones, those that lead from it.
func TestBoundsOfComparing(t *testing.T) {
	title, nodes := "", []node{}
	for i := range 70 {
		title += madeWord(uint64(400+i)) + " "
		it := item(uint64(i+1), fmt.Sprint("outlet", i), fmt.Sprintf("Report %d of the harbour master on cranes", 1000+i))
		nodes = append(nodes, newNode(it, 0))
	}
	if n := len(NewDocument(title, "", "en").tokens); n != 64 {
		t.Errorf("%d words are compared", n)
	}
	if n, want := group(nodes).compared.Load(), int64(48*49/2+21*49); n != want {
		t.Errorf("%d comparisons of 70 reports that share all words, want %d", n, want)
	}
	if n := len(strongest(make([]edge, 20))); n != 12 {
		t.Errorf("%d pairs lead from an item", n)
	}
}
