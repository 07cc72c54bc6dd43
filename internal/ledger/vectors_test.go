package ledger

import (
	"math"
	"testing"
	"time"
)

// Vectors are kept by item and model, to a hundredth, and go with the item.
func TestVectors(t *testing.T) {
	l, c := opened(t)
	poll(t, l, "a", "Cranes move again", "Ferry runs late", "Volcano rises")
	keep := func(model string, vectors map[uint64][]float32) {
		t.Helper()
		if err := l.Vectors.Keep(model, vectors); err != nil {
			t.Fatal(err)
		}
	}
	of := func(model string) map[uint64][]float32 {
		t.Helper()
		found, err := l.Vectors.Of(model, []uint64{1, 2, 3, 9})
		if err != nil {
			t.Fatal(err)
		}
		return found
	}
	keep("small", map[uint64][]float32{1: {0.6, -0.8, 0.004}, 2: nil, 9: {1, 0}})
	got := of("small")
	if len(got) != 2 || len(got[1]) != 3 || got[2] == nil || len(got[2]) != 0 {
		t.Fatalf("kept %v", got)
	}
	for i, want := range []float64{0.75, -1, 0} { // as shares of the greatest
		if math.Abs(float64(got[1][i])-want) > 0.01 {
			t.Errorf("number %d is %f, want %f", i, got[1][i], want)
		}
	}
	if got := of("large"); len(got) != 0 {
		t.Errorf("of a model that made none: %v", got)
	}
	keep("large", map[uint64][]float32{1: {0, 1}})
	if small, large := of("small"), of("large"); len(small) != 1 || len(large) != 1 || len(large[1]) != 2 {
		t.Errorf("after another model: %v and %v", small, large)
	}
	for range 40 { // the feed goes on showing one of them
		c.t = c.t.Add(24 * time.Hour)
		poll(t, l, "a", "Ferry runs late")
	}
	if _, err := l.Prune(30 * 24 * time.Hour); err != nil {
		t.Fatal(err)
	}
	if small, large := of("small"), of("large"); len(small) != 1 || small[2] == nil || len(large) != 0 {
		t.Errorf("after the items went: %v and %v", small, large)
	}
}
