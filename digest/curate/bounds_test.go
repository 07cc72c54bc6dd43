package curate

import (
	"fmt"
	"testing"

	"digestd/digest"
)

// What somebody tells of themselves is another piece than what is told of them.
func TestTellsOfSelf(t *testing.T) {
	for title, want := range map[string]bool{
		"Sandholm ports reopen": false, "I left Sandholm for the sea": true, "My year at sea": true, "Mayor: 'I will not leave Sandholm'": true,
		"Mayor says “my harbour” is safe": true, "Mining town votes": false, "Mayor sees harbours I and II": false, "": false,
	} {
		if got := tellsOfSelf(title); got != want {
			t.Errorf("%s: %v", title, got)
		}
	}
}

// One outlet's pieces of one kind are a series where each names another; told again with the same name, a piece is one.
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
