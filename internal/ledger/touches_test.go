package ledger

import (
	"slices"
	"testing"

	"digestd/internal/ledger/store"
)

// TestStepsTouchTheirEditionsAlone holds that the steps of two editions need not wait for each other: only a wish
// has the readers to itself.
func TestStepsTouchTheirEditionsAlone(t *testing.T) {
	step1, step2 := &step{edition: "daily/UTC/1"}, &step{edition: "weekly/UTC/1"}
	wish := &step{change: func(store.Tx) error { return nil }}
	shared := store.Readers()
	shared.Shared = true
	for _, c := range []struct {
		group []*step
		want  touches
	}{
		{[]*step{step1, step1, step2, step1}, touches{shared, store.Edition("daily/UTC/1"), store.Edition("weekly/UTC/1")}},
		{[]*step{step1, wish}, touches{store.Readers(), store.Edition("daily/UTC/1")}},
		{[]*step{wish}, touches{store.Readers()}},
	} {
		if got := (&deliveryWriter{base: &base{}}).touchedBy(c.group); !slices.Equal(got, c.want) {
			t.Errorf("touched %+v, want %+v", got, c.want)
		}
	}
}
