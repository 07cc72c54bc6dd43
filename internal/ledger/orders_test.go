package ledger

import (
	"errors"
	"slices"
	"testing"
	"time"

	"digestd/digest"
)

func give(t *testing.T, l *Ledger, o Order) Order {
	t.Helper()
	given, err := l.Orders.Give(lane.Digest, o, nil)
	if err != nil {
		t.Fatal(err)
	}
	return given
}

func ordersFor(t *testing.T, l *Ledger, digestID, zone string) []uint64 {
	t.Helper()
	b, err := l.Orders.Of(digestID)
	if err != nil {
		t.Fatal(err)
	}
	return b.IDs(zone)
}

func TestOrdersReplaceEachOther(t *testing.T) {
	l, _ := opened(t)
	note := give(t, l, Order{Kind: OrderNote, Note: "one"})
	drop := give(t, l, Order{Kind: OrderDrop, Link: "https://example.org/a"})
	if again := give(t, l, Order{Kind: OrderDrop, Link: "https://example.org/a"}); again.ID != drop.ID {
		t.Errorf("what is left out already is order %d as well", again.ID)
	}
	give(t, l, Order{Kind: OrderDrop, Link: "https://example.org/b"})
	newer := give(t, l, Order{Kind: OrderNote, Note: "two"})
	if got, want := ordersFor(t, l, lane.Digest, lane.Zone), []uint64{2, 3, 4}; !slices.Equal(got, want) || note.ID != 1 || newer.ID != 4 {
		t.Errorf("%v stand, want %v", got, want)
	}
	if err := l.Orders.TakeBack(lane.Digest, note.ID); !errors.Is(err, ErrNoOrder) {
		t.Errorf("what was replaced is taken back: %v", err)
	}
	if err := l.Orders.TakeBack(lane.Digest, drop.ID); err != nil {
		t.Error(err)
	}
	if n, err := l.Orders.Clear(lane.Digest); n != 2 || err != nil {
		t.Errorf("%d were cleared, %v", n, err)
	}
	if got := ordersFor(t, l, lane.Digest, lane.Zone); len(got) > 0 {
		t.Errorf("%v stand after all was cleared", got)
	}
	if given := give(t, l, Order{Kind: OrderSkip}); given.ID != 5 {
		t.Errorf("the next order is %d: a number is given once", given.ID)
	}
}

// What was composed with other orders than there are is not committed.
func TestAnEditionIsCommittedWithTheOrdersThatItWasMadeWith(t *testing.T) {
	l, _ := opened(t)
	poll(t, l, "a", "Cranes move again")
	c := composition(t, l, "2026-03-12T07:00", 1)
	o := give(t, l, Order{Kind: OrderNote, Note: "one"})
	if err := l.Editions.Commit(c); !errors.Is(err, ErrOrdered) {
		t.Fatalf("committed without the order: %v", err)
	}
	c.Used = Used{Seen: []uint64{o.ID}, Orders: []uint64{o.ID}, Zones: []string{lane.Zone, "Asia/Tokyo"}}
	if err := l.Editions.Commit(c); err != nil {
		t.Fatal(err)
	}
	if here, there := ordersFor(t, l, lane.Digest, lane.Zone), ordersFor(t, l, lane.Digest, "Asia/Tokyo"); len(here) != 0 || len(there) != 1 {
		t.Errorf("%v stand here, and %v in the other zone", here, there)
	}
	if err := l.Editions.Withdraw(c.Edition.ID); err != nil {
		t.Fatal(err)
	}
	if got := ordersFor(t, l, lane.Digest, lane.Zone); !slices.Equal(got, []uint64{o.ID}) {
		t.Errorf("%v stand after the edition is withdrawn", got)
	}
	if problems := l.Check(); len(problems) > 0 {
		t.Error(problems)
	}
}

// A new name takes the orders along, and time takes those that are over.
func TestOrdersAreRenamedAndPruned(t *testing.T) {
	l, c := opened(t)
	give(t, l, Order{Kind: OrderNote, Note: "one"})
	give(t, l, Order{Kind: OrderLead, Link: "https://example.org/a"})
	if there, err := l.Rename(lane.Digest, "evening"); !there || err != nil {
		t.Fatal(there, err)
	}
	if old, now := ordersFor(t, l, lane.Digest, lane.Zone), ordersFor(t, l, "evening", lane.Zone); len(old) != 0 || len(now) != 2 {
		t.Fatalf("%v stand under the old name, %v under the new", old, now)
	}
	used := Used{Seen: []uint64{1, 2}, Orders: []uint64{2}, Zones: []string{lane.Zone}}
	evening := digest.Lane{Digest: "evening", Zone: lane.Zone}
	if err := l.Orders.Skip(evening, morning, "2026-03-12T07:00", used); err != nil {
		t.Fatal(err)
	}
	for range 3 { // not by a leap
		c.t = c.t.Add(40 * time.Hour)
		if _, err := l.Prune(24 * time.Hour); err != nil {
			t.Fatal(err)
		}
		if err := l.Touch(); err != nil {
			t.Fatal(err)
		}
	}
	b, err := l.Orders.Of("evening")
	if err != nil || len(b.Orders) != 1 || b.Orders[0].ID != 1 {
		t.Errorf("after pruning: %+v, %v", b, err)
	}
}
