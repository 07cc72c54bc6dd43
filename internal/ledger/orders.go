package ledger

import (
	"errors"
	"slices"
	"time"

	"digestd/digest"
	"digestd/internal/ledger/store"
)

// Errors of orders.
var (
	// ErrOrdered means that the editor has ordered something since the orders were read.
	ErrOrdered = errors.New("the editor has ordered something meanwhile")
	// ErrNoOrder means that there is no such order any more.
	ErrNoOrder = errors.New("there is no such order; it is used, or somebody took it back")
	// ErrNoDraft means that no edition waits for the editor.
	ErrNoDraft = errors.New("no edition waits for approval")
)

// OrderKind tells orders apart.
type OrderKind string

// What an editor may order for the next edition of a digest.
const (
	OrderNote OrderKind = "note" // stands on top
	OrderLead OrderKind = "lead" // a story that leads
	OrderDrop OrderKind = "drop" // a story that is left out
	OrderSkip OrderKind = "skip" // the slot passes without an edition
)

// single reports whether a new order of that kind takes the place of the one before it.
func (k OrderKind) single() bool { return k != OrderDrop }

// Order is what the editor wants of the next edition of each lane of a digest.
type Order struct {
	ID    uint64            `json:"id"` // from 1, in the order in which they were given
	Kind  OrderKind         `json:"order"`
	Link  string            `json:"link,omitempty"`  // of the story
	Title string            `json:"title,omitempty"` // likewise, for people
	Note  string            `json:"note,omitempty"`  // Markdown
	At    time.Time         `json:"at"`
	Used  map[string]string `json:"used,omitempty"`  // by zone: the edition, or the slot, that used it
	Over  bool              `json:"over,omitempty"`  // every lane has used it
	Taken bool              `json:"taken,omitempty"` // back by the editor, or replaced
}

// Stands reports whether the next edition of a lane is to use the order.
func (o Order) Stands(zone string) bool { return !o.Over && !o.Taken && o.Used[zone] == "" }

// Book is all that was ordered for a digest.
type Book struct {
	Digest string  `json:"digest"`
	Last   uint64  `json:"last"` // id of the last order
	Orders []Order `json:"orders"`
}

// For are the orders that the next edition of a lane is to use, oldest first. Of those that replace each other the
// last one counts: a withdrawn edition may have given an older one back.
func (b Book) For(zone string) []Order {
	var all []Order
	for _, o := range b.Orders {
		if !o.Stands(zone) {
			continue
		}
		if o.Kind.single() {
			all = slices.DeleteFunc(all, func(before Order) bool { return before.Kind == o.Kind })
		}
		all = append(all, o)
	}
	return all
}

// IDs name what the next edition of a lane is to use.
func (b Book) IDs(zone string) []uint64 {
	var ids []uint64
	for _, o := range b.For(zone) {
		ids = append(ids, o.ID)
	}
	return ids
}

// Used says which orders an edition uses, or a slot that passes.
type Used struct {
	Seen   []uint64 // all that stood for the lane when they were read
	Orders []uint64 // of them, those that are used
	Zones  []string // of all lanes of the digest: what each of them has used is over
}

// Orders are what the editor wants of the next editions.
type Orders struct{ *base }

// Of is what was ordered for a digest.
func (o *Orders) Of(digestID string) (Book, error) {
	return viewed(o.base, func(tx store.Tx) (Book, error) { return book(tx, digestID) })
}

func book(tx store.Tx, digestID string) (Book, error) {
	b, _, err := tableOrders.in(tx).get([]byte(digestID))
	b.Digest = digestID
	return b, err
}

// Give adds an order. A note, a lead or a skip takes the place of the one that stands; what is left out already stays so.
// instead, unless it is nil, is the
// id of the order whose place the editor thinks it takes, 0 for none; where that is another one, the error is ErrOrdered.
func (o *Orders) Give(digestID string, order Order, instead *uint64) (given Order, err error) {
	err = o.change(digestID, func(b *Book) error {
		for _, old := range b.Orders {
			if order.Kind == OrderDrop && old.Kind == OrderDrop && old.Link == order.Link && len(old.Used) == 0 {
				given = old
				return nil
			}
		}
		if order.Kind.single() {
			var before uint64
			for i, old := range b.Orders {
				if old.Kind == order.Kind && !old.Over && !old.Taken {
					before, b.Orders[i].Taken = old.ID, true
				}
			}
			if instead != nil && *instead != before {
				return ErrOrdered
			}
		}
		b.Last++
		order.ID, order.At = b.Last, o.now().UTC()
		given = order
		b.Orders = append(b.Orders, order)
		return nil
	})
	return given, err
}

// TakeBack ends an order that no lane is to use any more. The error is ErrNoOrder where none stands.
func (o *Orders) TakeBack(digestID string, id uint64) error {
	return o.change(digestID, func(b *Book) error {
		i := slices.IndexFunc(b.Orders, func(order Order) bool { return order.ID == id && !order.Over && !order.Taken })
		if i < 0 {
			return ErrNoOrder
		}
		b.Orders[i].Taken = true
		return nil
	})
}

// Clear takes all orders back that stand, and says how many those were.
func (o *Orders) Clear(digestID string) (n int, err error) {
	err = o.change(digestID, func(b *Book) error {
		n = 0
		for i, order := range b.Orders {
			if !order.Over && !order.Taken {
				n++
				b.Orders[i].Taken = true
			}
		}
		return nil
	})
	return n, err
}

// change changes what is ordered for a digest. What nobody used goes at once when it is taken back.
func (o *Orders) change(digestID string, change func(*Book) error) error {
	err := o.update(touches{store.Orders(digestID)}, func(tx store.Tx) error {
		b, err := book(tx, digestID)
		if err != nil {
			return err
		}
		if err := change(&b); err != nil {
			return err
		}
		b.Orders = slices.DeleteFunc(b.Orders, func(order Order) bool { return order.Taken && len(order.Used) == 0 })
		return tableOrders.in(tx).put([]byte(digestID), b)
	})
	return during(err, "orders for %s", digestID)
}

// useOrders writes down, with what uses them, that a lane has used orders. The error is ErrOrdered when the editor has
// changed something since they were read.
func useOrders(tx store.Tx, lane digest.Lane, as string, used Used) error {
	b, err := book(tx, lane.Digest)
	if err != nil {
		return err
	}
	if !slices.Equal(b.IDs(lane.Zone), used.Seen) {
		return ErrOrdered
	}
	if len(used.Orders) == 0 {
		return nil
	}
	for i, o := range b.Orders {
		if !slices.Contains(used.Orders, o.ID) {
			continue
		}
		if o.Used == nil {
			o.Used = map[string]string{}
		}
		o.Used[lane.Zone] = as
		o.Over = !slices.ContainsFunc(used.Zones, func(zone string) bool { return o.Used[zone] == "" })
		b.Orders[i] = o
	}
	return tableOrders.in(tx).put([]byte(lane.Digest), b)
}

// giveOrdersBack lets the lane's next edition use again what one that is withdrawn has used.
func giveOrdersBack(tx store.Tx, st EditionState) error {
	b, err := book(tx, st.Digest)
	if err != nil {
		return err
	}
	changed := false
	for i, o := range b.Orders {
		if o.Used[st.Zone] == st.ID {
			delete(o.Used, st.Zone)
			b.Orders[i].Over, changed = false, true
		}
	}
	if !changed {
		return nil
	}
	return tableOrders.in(tx).put([]byte(st.Digest), b)
}

// Skip lets a slot pass as the editor ordered: it is used, and so is the order; the lane keeps its position, so that
// the items go into its next edition.
func (o *Orders) Skip(lane digest.Lane, slot time.Time, wall string, used Used) error {
	return o.onLane(lane, true, func(tx store.Tx, st *LaneState) error {
		st.Slot, st.Wall, st.Skipped, st.Draft = slot, wall, wall, nil
		return useOrders(tx, lane, "skipped "+wall, used)
	})
}

// Draft is an edition that is composed for the editor's eyes, and waits for its slot or for an approval. All that it
// remembers is up to where it reads, and when: with that, and what is ordered, the edition comes out the same again.
type Draft struct {
	Wall     string    `json:"wall"` // of the slot
	Slot     time.Time `json:"slot"`
	At       time.Time `json:"at"`                // when it was composed
	Position uint64    `json:"position"`          // of the last item that it looks at
	Pool     []uint64  `json:"pool"`              // items that waited then; nil: not known, and all that wait now count
	Hold     bool      `json:"hold,omitempty"`    // goes only when approved
	Shown    time.Time `json:"shown,omitzero"`    // when the editor was sent it
	Reminded time.Time `json:"reminded,omitzero"` // and reminded of it
	Approved time.Time `json:"approved,omitzero"`
	With     []uint64  `json:"with,omitempty"` // the orders that it was approved with
}

// Stands reports whether a draft is approved with the orders that there are: one that came later voids an approval.
func (d *Draft) Stands(b Book, zone string) bool {
	return d != nil && !d.Approved.IsZero() && slices.Equal(d.With, b.IDs(zone))
}

// Propose writes down that a lane's edition of a slot waits for the editor, in the place of what waited before, whose
// slot is used by that. The error is ErrMoved when the lane is not as it was.
func (o *Orders) Propose(lane digest.Lane, d Draft, before LaneState) error {
	return o.onLane(lane, true, func(_ store.Tx, st *LaneState) error {
		if st.Position != before.Position || st.Edition != before.Edition || st.Wall != before.Wall {
			return ErrMoved
		}
		if old := st.Draft; old != nil && old.Wall > st.Wall && old.Wall < d.Wall {
			st.Slot, st.Wall = old.Slot, old.Wall
		}
		st.Draft = &d
		return nil
	})
}

// NoteDraft changes what is known of a draft, as long as it waits; ErrNoDraft when it does not.
func (o *Orders) NoteDraft(lane digest.Lane, wall string, change func(*Draft)) error {
	return o.onLane(lane, true, func(_ store.Tx, st *LaneState) error {
		if st.Draft == nil || st.Draft.Wall != wall {
			return ErrNoDraft
		}
		d := *st.Draft
		change(&d)
		st.Draft = &d
		return nil
	})
}

// Approve lets the draft of a slot go. The error is ErrNoDraft where none waits, and ErrOrdered when the orders are not
// those any more that the editor has seen.
func (o *Orders) Approve(lane digest.Lane, wall string, seen []uint64) error {
	return o.onLane(lane, true, func(tx store.Tx, st *LaneState) error {
		b, err := book(tx, lane.Digest)
		switch {
		case err != nil:
			return err
		case st.Draft == nil || st.Draft.Wall != wall:
			return ErrNoDraft
		case !slices.Equal(b.IDs(lane.Zone), seen):
			return ErrOrdered
		}
		d := *st.Draft
		d.Approved, d.With = o.now().UTC(), seen
		st.Draft = &d
		return nil
	})
}

// renameOrders moves what is ordered for a digest under its new name, after what stands there.
func renameOrders(tx store.Tx, from, to string) error {
	old, err := book(tx, from)
	if err != nil || len(old.Orders) == 0 {
		return err
	}
	b, err := book(tx, to)
	if err != nil {
		return err
	}
	for _, o := range old.Orders {
		b.Last++
		o.ID = b.Last
		b.Orders = append(b.Orders, o)
	}
	orders := tableOrders.in(tx)
	if err := orders.put([]byte(to), b); err != nil {
		return err
	}
	return orders.Delete([]byte(from))
}

// prune forgets orders that are over or taken back, and older than what is kept.
func (o *Orders) prune(before time.Time) error {
	old := func(o Order) bool { return (o.Over || o.Taken) && o.At.Before(before) }
	books, err := viewed(o.base, func(tx store.Tx) ([]Book, error) {
		return tableOrders.in(tx).values(store.Range{}, func(b Book) bool { return slices.ContainsFunc(b.Orders, old) })
	})
	for _, b := range books {
		if err == nil {
			err = o.update(touches{store.Orders(b.Digest)}, func(tx store.Tx) error {
				now, err := book(tx, b.Digest)
				if err != nil {
					return err
				}
				now.Orders = slices.DeleteFunc(now.Orders, old)
				return tableOrders.in(tx).put([]byte(b.Digest), now)
			})
		}
	}
	return err
}

// checkOrders holds: each order has an id of its own that was given out, and a draft is of a slot that is to come.
func checkOrders(tx store.Tx, report func(string, ...any)) error {
	return visit(tx, tableOrders, report, func(key []byte, b Book) error {
		if b.Digest != string(key) {
			report("orders for %s say that they are for %s", key, b.Digest)
		}
		last := uint64(0)
		for _, o := range b.Orders {
			if o.ID <= last || o.ID > b.Last {
				report("order %d for %s follows order %d, and the last that was given is %d", o.ID, key, last, b.Last)
			}
			last = o.ID
		}
		return nil
	})
}
