package curate

import (
	"bufio"
	"bytes"
	"cmp"
	"flag"
	"fmt"
	"hash/fnv"
	"maps"
	"math"
	"math/rand/v2"
	"net/url"
	"os"
	"slices"
	"strings"
	"testing"
	"unicode"

	"digestd/digest"
)

var newsyItems = flag.String("newsy", "", "fit newsy.txt to a file of items: a line of day, section, link, "+
	"title and summary each, tabs between")

// labelled is an item whose link, section or form says whether it is news.
type labelled struct {
	class          int // 0 news, 1 light, 2 no news
	day, host      string
	title, summary string
	signs          []int
	weight         float64
}

const newsyWanted = 1500 // signs in newsy.txt

// TestNewsyWeights fits newsy.txt to what outlets' links say, and prints how well it tells items of other outlets and
// later days. What the tables take for an explainer, opinion or no news is none, wherever it stands.
func TestNewsyWeights(t *testing.T) {
	if *newsyItems == "" {
		t.Skip("-newsy FILE fits the weights")
	}
	train, test := readTold(t)
	vocabulary := vocabularyOf(train)
	signs := slices.Sorted(maps.Keys(vocabulary))
	weighTold(train, vocabulary)
	weights, counts := fitTold(train, len(vocabulary))
	worth := func(sign string) float64 {
		i := vocabulary[sign]
		return -math.Abs(weights[i]) * math.Sqrt(counts[i])
	}
	slices.SortFunc(signs, func(a, b string) int { return cmp.Compare(worth(a), worth(b)) })
	signs = signs[:min(len(signs), newsyWanted)]
	vocabulary = make(map[string]int)
	for i, sign := range signs {
		vocabulary[sign] = i
	}
	weighTold(train, vocabulary)
	weighTold(test, vocabulary)
	weights, _ = fitTold(train, len(signs))
	table := make(map[int][]string) // by tenths
	for i, sign := range signs {
		tenths := int(math.Round(weights[i] * 10))
		table[tenths] = append(table[tenths], sign)
	}
	var out bytes.Buffer
	out.WriteString("// Log odds that an item tells news of public affairs, and the signs that have them; newsy.go says " +
		"what signs are.\n// Made by TestNewsyWeights (docs/benchmarks.md).\n")
	for _, tenths := range slices.Backward(slices.Sorted(maps.Keys(table))) {
		if tenths == 0 {
			continue
		}
		slices.Sort(table[tenths])
		line := fmt.Sprintf("%.1f", float64(tenths)/10)
		for _, sign := range table[tenths] {
			if len(line)+1+len(sign) > 120 {
				fmt.Fprintln(&out, line)
				line = fmt.Sprintf("%.1f", float64(tenths)/10)
			}
			line += " " + sign
		}
		fmt.Fprintln(&out, line)
	}
	if err := os.WriteFile("newsy.txt", out.Bytes(), 0o644); err != nil {
		t.Fatal(err)
	}
	for _, bound := range []float64{0.2, 0.3, 0.4, 0.5} {
		var below, all [3]int
		for _, x := range test {
			all[x.class]++
			if newsOdds(weights, x.signs) < bound {
				below[x.class]++
			}
		}
		t.Logf("below %.1f: news, light, no news %d of %d", bound, below, all)
	}
}

// readTold reads items, and keeps every fifth outlet and the last fifth of the days out of the fit.
func readTold(t *testing.T) (train, test []labelled) {
	f, err := os.Open(*newsyItems)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	var all []labelled
	for s := bufio.NewScanner(f); s.Scan(); {
		if c := strings.Split(s.Text(), "\t"); len(c) == 5 {
			if class, host := toldBy(c[2], c[1], c[3], c[4]); class >= 0 {
				all = append(all, labelled{class: class, day: c[0], host: host, title: c[3], summary: c[4]})
			}
		}
	}
	slices.SortStableFunc(all, func(a, b labelled) int { return cmp.Compare(a.day, b.day) })
	late := all[len(all)*4/5].day
	for _, x := range all {
		h := fnv.New32()
		h.Write([]byte(x.host))
		switch kept := h.Sum32()%5 == 0; {
		case kept && x.day >= late:
			test = append(test, x)
		case !kept && x.day < late:
			train = append(train, x)
		}
	}
	t.Logf("%d items to fit, %d to try", len(train), len(test))
	return train, test
}

// hardParts are parts of links under which outlets keep news of public affairs.
var hardParts = words(`world politics us us-news uk uk-news national nation international europe africa asia americas middle-east
	middleeast australia business economy markets health science crime environment climate law courts education nz
	singapore california china india congress elections finance security immigration`)

// newsySections are those of an aggregator that say as much; what it calls business, health or science is often advice.
var newsySections = words("world nation sports entertainment")

// toldBy is the class that an item's link or section says, -1: none.
func toldBy(link, section, title, summary string) (class int, host string) {
	u, err := url.Parse(link)
	if err != nil || clipPart.MatchString(link) {
		return -1, ""
	}
	host = strings.TrimPrefix(strings.TrimPrefix(u.Hostname(), "www."), "edition.")
	parts := pathParts(link)
	if last := len(parts) - 1; last >= 0 { // "world-europe-52384143"
		if front, _, found := strings.Cut(parts[last], "-"); found && idPart.MatchString(parts[last]) {
			parts[last] = front
		} else {
			parts[last] = ""
		}
	}
	if newsySections[section] {
		parts = append(parts, section)
	}
	has := func(set map[string]bool) bool {
		return slices.ContainsFunc(parts, func(part string) bool { return set[part] })
	}
	it := digest.Item{Title: title, Summary: digest.PlainText(summary), Link: link, Language: "en"}
	switch {
	case has(knownAsides().livePaths):
		return -1, host
	case has(lightParts):
		return 1, host
	case has(knownAsides().magazines) || explains(title) || isMagazine(it) || kindOf(it, digest.News, nil) != digest.News:
		return 2, host
	case has(hardParts):
		return 0, host
	}
	return -1, host
}

// vocabularyOf are the signs that enough items of enough outlets have, but for names: words with a capital inside of
// sentences.
func vocabularyOf(items []labelled) map[string]int {
	type tally struct {
		n     int
		hosts map[string]bool
	}
	small, capital, tallies := map[string]int{}, map[string]int{}, map[string]*tally{}
	for _, x := range items {
		inside := strings.FieldsFunc(x.summary, func(r rune) bool { return !unicode.IsLetter(r) && r != '\'' && r != '’' })
		for _, w := range inside[min(1, len(inside)):] {
			if low := strings.ToLower(w); w == low {
				small[low]++
			} else {
				capital[strings.TrimSuffix(strings.ReplaceAll(low, "’", "'"), "'s")]++
			}
		}
		signsOf(x.title, x.summary, func(sign []byte) {
			of := tallies[string(sign)]
			if of == nil {
				of = &tally{hosts: map[string]bool{}}
				tallies[string(sign)] = of
			}
			of.n++
			of.hosts[x.host] = true
		})
	}
	kept := words("monday tuesday wednesday thursday friday saturday sunday i i'm i've")
	out := make(map[string]int)
	for _, sign := range slices.Sorted(maps.Keys(tallies)) {
		of, word := tallies[sign], strings.TrimLeft(sign, "+^")
		isName := !strings.HasPrefix(word, "#") && !kept[word] && small[word] <= 4*capital[word]
		if of.n >= 30 && len(of.hosts) >= 12 && !isName {
			out[sign] = len(out)
		}
	}
	return out
}

// weighTold finds the items' signs. Classes weigh alike, and in each an outlet by the square root of its items.
func weighTold(items []labelled, vocabulary map[string]int) {
	type part struct {
		class int
		host  string
	}
	of, sums := make(map[part]float64), [3]float64{}
	for i := range items {
		x := &items[i]
		x.signs = x.signs[:0]
		signsOf(x.title, x.summary, func(sign []byte) {
			if at, ok := vocabulary[string(sign)]; ok {
				x.signs = append(x.signs, at)
			}
		})
		of[part{x.class, x.host}]++
	}
	for p, n := range of {
		sums[p.class] += math.Sqrt(n)
	}
	share := [3]float64{1. / 2, 1. / 4, 1. / 4}
	for i := range items {
		x := &items[i]
		x.weight = min(8, share[x.class]*float64(len(items))/sums[x.class]/math.Sqrt(of[part{x.class, x.host}]))
	}
}

// fitTold fits a logistic model with a weak prior towards zero by stochastic gradients, each at its own pace, and
// counts how often each sign stands.
func fitTold(items []labelled, signs int) (weights, counts []float64) {
	const prior = 3
	weights, counts = make([]float64, signs), make([]float64, signs)
	for _, x := range items {
		for _, i := range x.signs {
			counts[i]++
		}
	}
	squares := make([]float64, signs)
	order := rand.New(rand.NewPCG(1, 2)).Perm(len(items))
	for pass := range 8 {
		pace := 0.3 / (1 + float64(pass)/2)
		for _, at := range order {
			x := &items[at]
			miss := newsOdds(weights, x.signs)
			if x.class == 0 {
				miss--
			}
			for _, i := range x.signs {
				slope := x.weight*miss + prior/counts[i]*weights[i]
				squares[i] += slope * slope
				weights[i] -= pace * slope / math.Sqrt(1+squares[i])
			}
		}
	}
	return weights, counts
}

func newsOdds(weights []float64, signs []int) float64 {
	sum := 0.0
	for _, i := range signs {
		sum += weights[i]
	}
	return 1 / (1 + math.Exp(-sum))
}

// What a story is worth by its words, its form and its link: soft, of news in full, and for an editor who has it at the
// top in any case.
func TestNewsy(t *testing.T) {
	at := func(path, title, summary string) digest.Item {
		return digest.Item{Title: title, Summary: digest.PlainText(summary), Link: "https://herald.example" + path,
			Feed: "harbour", Source: "Herald", Language: "en"}
	}
	news := at("/1", "Sandholm officials warn of flooding", "At least two people were killed, police said.")
	film := at("/2", "Actress reveals how her new movie taught fans to love", "")
	sport := at("/sport/3", "Sandholm beat Tarn", "")
	german := at("/4", "Hafen von Sandholm bleibt zu", "")
	german.Language = "de"
	germanSport := german
	germanSport.Link = "https://herald.example/sport/4"
	for _, c := range []struct {
		of          string
		items       []digest.Item
		least, most float64
	}{
		{"news", []digest.Item{news}, 1, 1},
		{"a film", []digest.Item{film}, leastNews, leastNews},
		{"sport by its link", []digest.Item{sport}, leastNews, 0.6},
		{"grave news in a part for sport", []digest.Item{at("/sport/5", news.Title, news.Summary.Plain())}, 0.6, 1},
		{"both", []digest.Item{news, film}, 0.75, 0.9},
		{"a question", []digest.Item{at("/6", "Sandholm officials warn of flooding?", "")}, leastNews, 0.9},
		{"another language", []digest.Item{german}, 1, 1},
		{"sport in another language", []digest.Item{germanSport}, leastNews, leastNews},
	} {
		if got := newsOf(digest.Story{Items: c.items}); got < c.least || got > c.most {
			t.Errorf("%s: worth %.2f, want %.2f to %.2f", c.of, got, c.least, c.most)
		}
	}
	opt := Options{Now: noon, Since: noon, ByImportance: map[string]bool{"harbour": true, "nordic": true}}
	worth := func(kind digest.Kind, places ...int) digest.Rank {
		s := digest.Story{Kind: kind}
		for i, place := range places {
			it := film
			it.Kind, it.Place, it.Feed = kind, place, []string{"harbour", "nordic"}[i]
			it.Source = it.Feed
			s.Items = append(s.Items, it)
		}
		return rank(s, filters{}, opt)
	}
	if r := worth(digest.News, 9); r.News != leastNews || !r.IsLight() || math.Abs(r.Total-r.Place*leastNews) > 1e-9 {
		t.Errorf("far from the top: %+v", r)
	}
	if r := worth(digest.News, 3); r.News != math.Sqrt(leastNews) {
		t.Errorf("at the top of one: %+v", r)
	}
	if r := worth(digest.News, 3, 1); r.News != 1 || r.IsLight() {
		t.Errorf("at the top of two: %+v", r)
	}
	if r := worth(digest.Opinion, 9); r.News != 1 {
		t.Errorf("the words of an opinion are no sign: %+v", r)
	}
}

func TestSigns(t *testing.T) {
	var got []string
	see := func(sign []byte) { got = append(got, string(sign)) }
	signsOf("Tarn’s ‘ferry’ sinks: 12 saved?", "Isn't it late, Ada's men ask", see)
	want := strings.Fields("# ^tarn tarn ferry sinks saved #short #? #: #“ #0 +^isn't +isn't +it +late +ada +men +ask")
	if !slices.Equal(got, want) {
		t.Errorf("%q, want %q", got, want)
	}
	got = nil
	signsOf("One", "", see)
	if !slices.Equal(got, []string{"#", "^one", "one", "#short", "+#"}) {
		t.Errorf("%q", got)
	}
}
