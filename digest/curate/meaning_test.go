package curate

import (
	"fmt"
	"math/rand/v2"
	"reflect"
	"slices"
	"strings"
	"testing"

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
