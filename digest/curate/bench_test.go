package curate

import (
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"
	"time"

	"digestd/digest"
)

// madeNews makes so many items of a day and a half, from 200 outlets, as one finds them: words as
// unevenly frequent as in any language, every fourth item a retelling of an earlier one, a third about
// the one great subject of the day.
func madeNews(n int) []digest.Item {
	r := rand.New(rand.NewPCG(1, uint64(n)))
	zipf := rand.NewZipf(r, 1.1, 8, 30_000)
	word := func() string { return madeWord(zipf.Uint64()) }
	sentence := func(n int) string {
		words := make([]string, n)
		for i := range words {
			words[i] = word()
		}
		return strings.Join(words, " ")
	}
	items := make([]digest.Item, n)
	for i := range items {
		outlet := r.IntN(200)
		title := sentence(6 + r.IntN(5))
		if r.IntN(3) == 0 {
			title = "Coronavirus: " + title
		}
		if i > 0 && r.IntN(4) == 0 {
			words := strings.Fields(items[r.IntN(i)].Title)
			words[r.IntN(len(words))] = word()
			title = strings.Join(words, " ")
		}
		items[i] = digest.Item{Seq: uint64(i + 1), Feed: fmt.Sprint("https://feeds.example.org/", outlet), Source: fmt.Sprint("Outlet ", outlet),
			Link: fmt.Sprintf("https://outlet-%d.example.org/news/%d", outlet, 100_000+i), Title: title, Summary: digest.PlainText(sentence(30) + "."),
			FirstSeen: noon.Add(-time.Duration(r.IntN(36*60)) * time.Minute)}
	}
	return items
}

// madeWord is the nth word of a made language: syllables that spell n.
func madeWord(n uint64) string {
	var b strings.Builder
	for n += 20; n > 0; n /= 20 {
		b.WriteString([...]string{"ba", "ce", "di", "fo", "gu", "ha", "je", "ki", "lo", "mu", "na", "pe", "ri", "so", "tu", "va", "we", "xi", "yo", "zu"}[n%20])
	}
	return b.String()
}

func BenchmarkCurate(b *testing.B) {
	for _, n := range []int{10_000, 20_000} {
		items := madeNews(n)
		topic := digest.Topic{ID: "all"}
		for i := range 200 {
			topic.Feeds = append(topic.Feeds, digest.Feed{URL: fmt.Sprint("https://feeds.example.org/", i), Weight: 1})
		}
		b.Run(fmt.Sprint(n), func(b *testing.B) {
			var stories []digest.Story
			for b.Loop() {
				stories, _ = Curate([]digest.Topic{topic}, items, nil, Options{Now: noon})
			}
			b.ReportMetric(float64(len(stories)), "stories")
		})
	}
}

// commonWords makes so many items of one feed that are all made of a few words, as a hostile feed would write them.
func commonWords(n int) []digest.Item {
	words := strings.Fields("government minister police people world new year city state president court war deal talks strike report attack " +
		"security economy market trade party election vote leader crisis climate health school water fire")
	r := rand.New(rand.NewPCG(1, uint64(n)))
	some := func(n int) string {
		out := make([]string, n)
		for i := range out {
			out[i] = words[r.IntN(len(words))]
		}
		return strings.Join(out, " ")
	}
	items := make([]digest.Item, n)
	for i := range items {
		items[i] = digest.Item{Seq: uint64(i + 1), Feed: "https://feeds.example.org/1", Source: "Outlet", Link: fmt.Sprint("https://example.org/news/", 100_000+i),
			Title: some(8), Summary: digest.PlainText(some(40) + "."), FirstSeen: noon.Add(-time.Duration(i%600) * time.Second)}
	}
	return items
}

// BenchmarkOneFeed is what a feed of common words costs: time, and comparisons of two documents an item.
func BenchmarkOneFeed(b *testing.B) {
	for _, n := range []int{6_000, 12_000, 24_000} {
		items := commonWords(n)
		topic := digest.Topic{ID: "all", Feeds: []digest.Feed{{URL: items[0].Feed, Weight: 1}}}
		b.Run(fmt.Sprint(n), func(b *testing.B) {
			for b.Loop() {
				Curate([]digest.Topic{topic}, items, nil, Options{Now: noon})
			}
			b.ReportMetric(float64(comparisons(items))/float64(n), "comparisons/item")
		})
	}
}

// comparisons is how many pairs of documents clustering looks at.
func comparisons(items []digest.Item) int64 {
	nodes := make([]node, len(items))
	for i, it := range items {
		nodes[i] = newNode(it, 0)
	}
	return group(nodes).compared.Load()
}

// TestTwiceTheItemsAreTwiceTheWork doubles a feed of common words.
func TestTwiceTheItemsAreTwiceTheWork(t *testing.T) {
	one, two := comparisons(commonWords(1000)), comparisons(commonWords(2000))
	if one == 0 || two > one*5/2 {
		t.Errorf("%d comparisons for 1,000 items, %d for 2,000", one, two)
	}
}

// The work grows with the number of items and not with its square, whatever the words: counted in comparisons of two
// documents, of which no item may cause more than so many.
func TestCurateComparesFew(t *testing.T) {
	made := madeNews(600)
	for name, title := range map[string]func(i int) string{
		"made news":             func(i int) string { return made[i].Title },
		"all the same":          func(int) string { return strike },
		"few words":             func(i int) string { return fmt.Sprint("harbour crane strike deal ports wage ", madeWord(uint64(i%7))) },
		"the same in any order": func(i int) string { return rotated(strings.Repeat("harbour crane strike deal ports wage crew ", 3), i) },
		"as long as can be":     func(i int) string { return rotated(strings.Repeat(strike+" "+quake+" "+rates+" ", 40), i) },
	} {
		items := make([]digest.Item, 600)
		for i := range items {
			items[i] = made[i]
			items[i].Title = title(i)
		}
		nodes := make([]node, len(items))
		for i, it := range items {
			nodes[i] = newNode(it, 0)
		}
		g := group(nodes)
		if n := g.compared.Load(); n > int64(len(items)*(mostScored+1+mostEdges*compared*compared)) {
			t.Errorf("%s: %d comparisons for %d items", name, n, len(items))
		}
		for _, n := range g.nodes {
			if len(n.doc.tokens) > mostTokens {
				t.Fatalf("%s: %d words are compared", name, len(n.doc.tokens))
			}
		}
	}
}

// rotated is a text that begins with its nth word.
func rotated(s string, n int) string {
	words := strings.Fields(s)
	n %= len(words)
	return strings.Join(append(words[n:len(words):len(words)], words[:n]...), " ")
}
