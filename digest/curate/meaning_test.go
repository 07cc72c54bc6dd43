package curate

import (
	"fmt"
	"math"
	"math/rand/v2"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"digestd/digest"
)

// Two headlines that words leave in doubt are one story where their vectors are alike, behind the same vetoes.
func TestVectorsLiftWhatIsInDoubt(t *testing.T) {
	const told, again = "Aldmere premier Lindqvist resigns after vote", "Lindqvist steps down as leader of Aldmere"
	if s := Pair(told, again); s >= Threshold || s < 0.4 {
		t.Fatalf("the words alone score %.2f: in doubt is wanted", s)
	}
	for _, c := range []struct {
		name          string
		first, second digest.Item
		alike, one    bool
		without       int // items with vectors, of 60 beside the two
	}{
		{name: "alike", first: item(1, "harbour", told), second: item(2, "nordic", again), alike: true, one: true},
		{name: "not alike", first: item(1, "harbour", told), second: item(2, "nordic", again)},
		{name: "too few to tell", first: item(1, "harbour", told), second: item(2, "nordic", again), alike: true, without: 30},
		{name: "one outlet's", first: item(1, "harbour", told), second: item(2, "harbour", again), alike: true},
		{name: "other numbers", first: item(1, "harbour", "Storm off Sandholm kills 12"), second: item(2, "nordic", "Storm off Sandholm kills 31"), alike: true},
		{name: "other places", first: item(1, "harbour", "Floods in France close schools"), second: item(2, "nordic", "Floods in Spain close schools"), alike: true},
		{name: "other versions", first: item(1, "harbour", "Corvid 3.14.1 released with security fixes"), second: item(2, "nordic", "Corvid 3.13.9 released with security fixes"), alike: true},
		{name: "roles", first: item(1, "harbour", "Aldmere warns Orlenne over port tariffs"), second: item(2, "nordic", "Orlenne warns Aldmere over port tariffs"), alike: true},
	} {
		t.Run(c.name, func(t *testing.T) {
			random := rand.New(rand.NewPCG(1, 2))
			vector := func() []float32 {
				v := make([]float32, 60)
				for i := range v {
					v[i] = float32(random.NormFloat64())
				}
				return v
			}
			c.first.FirstSeen = noon.Add(-4 * time.Hour) // so that words alone don't do
			items, vectors := []digest.Item{c.first, c.second}, map[uint64][]float32{1: vector(), 2: vector()}
			if c.alike {
				vectors[2] = vectors[1]
			}
			for i := range uint64(60 - c.without) {
				items = append(items, item(100+i, fmt.Sprint("wire", i), fmt.Sprintf("Item%c%c", 'a'+i%26, 'a'+i/26)))
				vectors[100+i] = vector()
			}
			before := slices.Clone(vectors[1])
			stories, _ := Curate([]digest.Topic{topicOf(items)}, items, nil, Options{Now: noon, Vectors: vectors})
			one := false
			for _, s := range stories {
				if len(s.Items) > 1 {
					one = true
					if terms := strings.Join(s.Joins[0].Terms, " "); !strings.Contains(terms, "alike in meaning (+") {
						t.Errorf("joined by %s", terms)
					}
				}
			}
			if one != c.one {
				t.Errorf("one story: %v, want %v", one, c.one)
			}
			if !slices.Equal(before, vectors[1]) {
				t.Error("the caller's vectors were changed")
			}
		})
	}
}

// topicOf is a topic with the feeds of all items.
func topicOf(items []digest.Item) digest.Topic {
	var outlets []string
	for _, it := range items {
		if !slices.Contains(outlets, it.Feed) {
			outlets = append(outlets, it.Feed)
		}
	}
	return topic("global", outlets...)
}

// Vectors that tell nothing change nothing: of one item alone, of different lengths, all the same, empty ones.
func TestVectorsWithoutWorth(t *testing.T) {
	var items []digest.Item
	for i, title := range []string{strike, strike2, quake, rates} {
		items = append(items, item(uint64(i+1), fmt.Sprint("wire", i), title))
	}
	for i := range uint64(60) {
		items = append(items, item(100+i, fmt.Sprint("more", i), fmt.Sprintf("Item%c%c", 'a'+i%26, 'a'+i/26)))
	}
	topics := []digest.Topic{topicOf(items)}
	want, wantClosed := Curate(topics, items, nil, Options{Now: noon})
	same, lengths, empty := map[uint64][]float32{}, map[uint64][]float32{}, map[uint64][]float32{}
	for i, it := range items {
		same[it.Seq], lengths[it.Seq], empty[it.Seq] = []float32{1, 2}, make([]float32, 2+i), []float32{}
		lengths[it.Seq][0] = 1
	}
	for name, vectors := range map[string]map[uint64][]float32{"none": {}, "one": {1: {1, 2}}, "same": same, "lengths": lengths, "empty": empty} {
		got, closed := Curate(topics, items, nil, Options{Now: noon, Vectors: vectors})
		if !reflect.DeepEqual(got, want) || !reflect.DeepEqual(closed, wantClosed) {
			t.Errorf("%s: %s, want %s", name, outline(got), outline(want))
		}
	}
}

// What vectors add is what they are alike beyond a measure, up to a most, where nothing else sets two apart.
func TestMeant(t *testing.T) {
	const one, other = "Storm off Sandholm closes 12 ports", "Gale shuts Sandholm ports"
	for i, c := range []struct {
		a, b   string
		outlet string // of the second
		alike  float32
		want   float64
	}{
		{one, other, "nordic", 4.9, 0.5}, {one, other, "nordic", 4.4, 0}, {one, other, "nordic", 4.3, 0}, {one, other, "nordic", 5.9, 1.5}, {one, other, "nordic", 9, 1.5},
		{one, other, "harbour", 9, 0}, {one, other, "nordic", 0, 0},
		{"Storm off France closes ports", "Storm off Spain closes ports", "nordic", 9, 0}, {one, "Storm off Sandholm closes 31 ports", "nordic", 9, 0},
		{"Sandholm ports close", "Sandholm ports reopen", "nordic", 9, 0},
	} {
		a, b := newNode(item(1, "harbour", c.a), 0), newNode(item(2, c.outlet, c.b), 0)
		a.doc, b.doc = NewDocument(c.a, "", "en"), NewDocument(c.b, "", "en")
		a.meaning, b.meaning = []float32{1}, []float32{c.alike}
		if got := meant(&a, &b); math.Abs(got-c.want) > 1e-6 {
			t.Errorf("row %d: %.3f, want %.3f", i, got, c.want)
		}
		for _, bare := range []*node{&a, &b} {
			kept := bare.meaning
			if bare.meaning = nil; meant(&a, &b) != 0 {
				t.Errorf("row %d: one has no vector", i)
			}
			bare.meaning = kept
		}
	}
	for n, want := range map[int]bool{leastForMeaning - 1: false, 40: true} { // fewer don't tell
		random := rand.New(rand.NewPCG(1, 2))
		var nodes []*node
		for range n {
			nodes = append(nodes, &node{meaning: []float32{random.Float32(), random.Float32(), random.Float32()}})
		}
		nodes = append(nodes, &node{meaning: []float32{1}}, &node{})
		standardize(nodes)
		if got := nodes[0].meaning != nil; got != want || nodes[n].meaning != nil || nodes[n+1].meaning != nil {
			t.Errorf("%d vectors tell: %v", n, got)
		}
	}
}
