package newsroom_test

import (
	"context"
	"errors"
	"slices"
	"testing"
	"time"

	"digestd/digest"
	"digestd/internal/ledger"
	"digestd/internal/ledger/store/memory"
	"digestd/internal/newsroom"
	"digestd/internal/newsroom/town"
)

// What a digest says of the days before it, with the configuration that it had then, is what it said.
func TestReplayOfTheLedgerSaysWhatWasSent(t *testing.T) {
	w := town.New(t, one)
	news := [][]string{
		{"Cranes move again in the harbour", "Ferry timetable changes on Sunday"},
		{"Court strikes down the river levy", "Cranes move again in the harbour"},
		{"Volcano monitors raise the alert level", "Bakers of Sandholm end a long strike"},
	}
	for day, titles := range news {
		w.Now = time.Date(2026, 3, 12+day, 5, 40, 0, 0, time.UTC)
		w.Show("/herald", titles...)
		w.Show("/gazette", titles[0])
		w.Collect()
		w.Now = time.Date(2026, 3, 12+day, 6, 0, 0, 0, time.UTC) // 07:00 in Paris
		if out := w.Send(false); !out[0].Composed {
			t.Fatalf("day %d: %+v", day, out)
		}
	}
	before, err := w.Ledger.Items.Last()
	if err != nil {
		t.Fatal(err)
	}
	clock := w.Now
	aside, err := ledger.Open(memory.New().Open, func() time.Time { return clock })
	if err != nil {
		t.Fatal(err)
	}
	defer aside.Close()
	composer, publisher := *w.Publisher.Composer, *w.Publisher
	composer.Ledger, composer.Now = newsroom.PastOf(aside), func() time.Time { return clock }
	publisher.Composer, publisher.Ledger = &composer, aside
	d, err := w.Config.Digest("daily")
	if err != nil {
		t.Fatal(err)
	}
	titles := func(e digest.Edition) (all []string) {
		for _, s := range e.Stories {
			all = append(all, s.Lead().Title)
		}
		return all
	}
	slots := 0
	err = newsroom.Replay{Publisher: &publisher, Clock: &clock, Then: func(r newsroom.Replayed) error {
		id := r.Lane.String() + "/" + r.Slot.Wall
		st, err := w.Ledger.Editions.Get(id)
		if errors.Is(err, ledger.ErrUnknown) {
			return nil
		}
		sent, err := w.Ledger.Editions.Frozen(id)
		if err != nil {
			return err
		}
		slots++
		if got, want := titles(r.Edition), titles(sent); !slices.Equal(got, want) {
			t.Errorf("slot %s: %q, sent was %q", r.Slot.Wall, got, want)
		}
		if r.Pages[0].Readers != 2 || r.Pages[0].Subject != st.Variants[0].Subject {
			t.Errorf("slot %s: %d readers get %q, sent was %q", r.Slot.Wall, r.Pages[0].Readers, r.Pages[0].Subject, st.Variants[0].Subject)
		}
		return nil
	}}.Again(context.Background(), d, w.Ledger, time.Date(2026, 3, 12, 0, 0, 0, 0, time.UTC))
	if err != nil || slots != 3 {
		t.Fatalf("%d editions were replayed: %v", slots, err)
	}
	if after, _ := w.Ledger.Items.Last(); after != before || w.Received("ana@example.org") != 3 {
		t.Errorf("looking back changed something: items %d, then %d; ana has %d mails", before, after, w.Received("ana@example.org"))
	}
}
