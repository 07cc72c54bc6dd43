package report

import (
	"fmt"
	"slices"
	"time"

	"digestd/digest"
	"digestd/internal/config"
	"digestd/internal/ledger"
)

// Desk is what an editor has ordered for the next edition of a digest, and what waits for them.
type Desk struct {
	Digest  string    `json:"digest"`
	Orders  []Ordered `json:"orders"` // that stand, oldest first
	Waiting []Waiting `json:"waiting"`
}

// Ordered is an order that stands.
type Ordered struct {
	ledger.Order
	Lanes []string `json:"lanes"` // that are yet to use it
}

// Waiting is an edition that is composed for the editor, and has not gone.
type Waiting struct {
	Edition  string    `json:"edition"`
	Zone     string    `json:"zone"`
	Orders   []uint64  `json:"orders"` // that stand for it
	Slot     time.Time `json:"slot"`
	Composed time.Time `json:"composed"`
	Hold     bool      `json:"hold"` // goes only when approved
	Shown    time.Time `json:"shown,omitzero"`
	Approved bool      `json:"approved"` // with the orders that there are
	Voided   bool      `json:"voided"`   // was approved, before the last order
}

// Nothing reports whether there is nothing to show.
func (d Desk) Nothing() bool { return len(d.Orders)+len(d.Waiting) == 0 }

// Desk is what stands for the next edition of a digest.
func (rep Reporter) Desk(d digest.Digest) (Desk, error) {
	desk := Desk{Digest: d.ID, Orders: []Ordered{}, Waiting: []Waiting{}}
	book, err := rep.Ledger.Orders.Of(d.ID)
	if err != nil {
		return desk, err
	}
	for _, lane := range rep.Config.Lanes(d) {
		for _, o := range book.For(lane.Zone) {
			i := slices.IndexFunc(desk.Orders, func(one Ordered) bool { return one.ID == o.ID })
			if i < 0 {
				i = len(desk.Orders)
				desk.Orders = append(desk.Orders, Ordered{Order: o})
			}
			desk.Orders[i].Lanes = append(desk.Orders[i].Lanes, lane.String())
		}
		st, err := rep.Ledger.Lanes.Get(lane)
		if err != nil {
			return desk, err
		}
		if w := st.Draft; w != nil {
			stands := w.Stands(book, lane.Zone)
			desk.Waiting = append(desk.Waiting, Waiting{Edition: lane.String() + "/" + w.Wall, Zone: lane.Zone, Orders: book.IDs(lane.Zone), Slot: w.Slot, Composed: w.At, Hold: w.Hold,
				Shown: w.Shown, Approved: stands, Voided: !stands && !w.Approved.IsZero()})
		}
	}
	slices.SortFunc(desk.Orders, func(a, b Ordered) int { return int(a.ID) - int(b.ID) })
	return desk, nil
}

// deskProblems tell of editions that are due and wait for an approval.
func (rep Reporter) deskProblems(now time.Time) ([]Problem, error) {
	var all []Problem
	for _, d := range rep.Config.Digests {
		if d.Approve != config.ApproveHold {
			continue
		}
		desk, err := rep.Desk(d)
		if err != nil {
			return all, err
		}
		for _, w := range desk.Waiting {
			if w.Hold && !w.Approved && !now.Before(w.Slot) {
				all = append(all, Problem{ID: "approve " + w.Edition,
					Words: fmt.Sprintf("edition %s waits for the editor's approval; `digestd desk %s --approve` lets it go", w.Edition, d.ID)})
			}
		}
	}
	return all, nil
}

// ordered says what an order that stands does to an item, for a lane.
func (rep Reporter) ordered(lane digest.Lane, it digest.Item) (string, error) {
	book, err := rep.Ledger.Orders.Of(lane.Digest)
	if err != nil {
		return "", err
	}
	words := ""
	for _, o := range book.For(lane.Zone) {
		if o.Link == "" || !matches(it, o.Link) {
			continue
		}
		switch o.Kind {
		case ledger.OrderLead:
			words = "; the editor has ordered that it leads"
		case ledger.OrderDrop:
			words = "; the editor has ordered that it is left out"
		}
	}
	return words, nil
}
