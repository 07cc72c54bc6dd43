package ledger

import (
	"slices"
	"time"

	"digestd/digest"
	"digestd/internal/ledger/store"
)

// LaneState is what a lane remembers.
type LaneState struct {
	Lane     digest.Lane `json:"lane"`
	Position uint64      `json:"position"` // of the last item that it took or passed
	Slot     time.Time   `json:"slot"`     // the last one used
	Wall     string      `json:"wall"`     // the same as wall-clock time: a slot is used once, whatever happens to the zone
	Composed time.Time   `json:"composed"` // when it last composed
	Number   int         `json:"number"`   // of its last edition
	Edition  string      `json:"edition"`  // its last one
	Pool     []Pooled    `json:"pool,omitempty"`
	Passed   []Passed    `json:"passed,omitempty"`
	Asleep   bool        `json:"asleep,omitempty"`  // at its last slot it was owed to nobody
	Began    bool        `json:"began,omitempty"`   // it has read from the ledger: from then on it misses nothing
	Skipped  string      `json:"skipped,omitempty"` // the slot that last passed since the editor wanted it so, as wall-clock time
	Draft    *Draft      `json:"draft,omitempty"`   // what waits for the editor; nil: nothing
}

// keeping is a lane's past, of before an edition that is withdrawn, with what that can't take back of now: which
// slot is used, up to where the lane has read and what it passed, and what waits in its pool.
func (past LaneState) keeping(now LaneState) LaneState {
	past.Lane, past.Slot, past.Wall, past.Asleep = now.Lane, now.Slot, now.Wall, now.Asleep
	past.Position, past.Began, past.Passed, past.Pool = now.Position, now.Began, now.Passed, now.Pool
	past.Skipped, past.Draft = now.Skipped, now.Draft
	return past
}

// Pooled is an item before the lane's position that still waits for an edition.
type Pooled struct {
	Item    uint64 `json:"item"`
	Carried int    `json:"carried,omitempty"` // editions that had no room for its story
}

// Passed is a range of items, both ends included, that the lane never looked at.
type Passed struct {
	From   uint64 `json:"from"`
	To     uint64 `json:"to"`
	Reason string `json:"reason"`
}

// Has reports whether an item is in the range.
func (p Passed) Has(seq uint64) bool { return p.From <= seq && seq <= p.To }

// Outcome is what became of an item in a lane.
type Outcome struct {
	Edition string   `json:"edition"`          // that used or closed it
	Story   string   `json:"story,omitempty"`  // of the edition, that it stands in
	Reason  string   `json:"reason,omitempty"` // why it is in no story; empty when used
	Score   float64  `json:"score,omitempty"`  // with which it joined a story that was sent before
	Terms   []string `json:"terms,omitempty"`  // and by which words

	Unwanted bool `json:"unwanted,omitempty"` // no topic wanted it from its feed; the same entry of another feed is not settled by it
}

// Lanes are what the lanes remember, and what became of items in each.
type Lanes struct{ *base }

// laneState is what a lane remembers; of one that never composed, only its name.
func laneState(tx store.Tx, lane digest.Lane) (LaneState, error) {
	st, ok, err := tableLanes.in(tx).get([]byte(lane.String()))
	if !ok {
		st.Lane = lane
	}
	return st, err
}

// touchLane is what a change of a lane has to itself.
func touchLane(lane digest.Lane) store.Touch { return store.Lane(lane.String()) }

// Get is what a lane remembers; of one that never composed, only its name.
func (l *Lanes) Get(lane digest.Lane) (LaneState, error) {
	return viewed(l.base, func(tx store.Tx) (LaneState, error) { return laneState(tx, lane) })
}

// All returns all lanes that ever composed or slept, in the order of their names.
func (l *Lanes) All() ([]LaneState, error) {
	return viewed(l.base, func(tx store.Tx) ([]LaneState, error) { return tableLanes.in(tx).values(store.Range{}, nil) })
}

// PassSlot makes durable that a lane had nothing to say at a slot: what was closed, and its new position.
// It fails with ErrMoved and ErrOrdered like Editions.Commit.
func (l *Lanes) PassSlot(c Composition) error {
	lane := digest.Lane{Digest: c.Edition.Digest, Zone: c.Edition.Zone}
	err := l.update(touches{touchLane(lane), store.Orders(lane.Digest)}, func(tx store.Tx) error {
		if err := moveLane(tx, c, ""); err != nil {
			return err
		}
		return useOrders(tx, lane, "passed "+c.Wall, c.Used)
	})
	return during(err, "pass a slot of lane %s", lane)
}

// moveLane writes what became of the items and where the lane stands now. Without an edition, the lane
// keeps its last one.
func moveLane(tx store.Tx, c Composition, edition string) error {
	lane := digest.Lane{Digest: c.Edition.Digest, Zone: c.Edition.Zone}
	now, err := laneState(tx, lane)
	if err != nil {
		return err
	}
	if now.Position != c.Before.Position || now.Edition != c.Before.Edition || !slices.Equal(now.Pool, c.Before.Pool) {
		return ErrMoved
	}
	outcomes := tableOutcomes.part(tx, lane.String())
	for seq, o := range c.Outcomes {
		o.Edition = edition
		if err := outcomes.put(seqKey(seq), o); err != nil {
			return err
		}
	}
	now.Lane, now.Position, now.Pool, now.Asleep, now.Began = lane, c.Position, c.Pool, false, true
	if !c.Extra { // the slot's own edition may still come
		now.Slot, now.Wall, now.Draft = c.Edition.Slot, c.Wall, nil
	}
	if c.Passed != nil {
		now.Passed = append(now.Passed, *c.Passed)
	}
	if edition != "" {
		now.Edition, now.Number, now.Composed = edition, c.Edition.Number, c.Edition.Composed
	}
	return tableLanes.in(tx).put([]byte(lane.String()), now)
}

// Sleep remembers that a lane was owed to nobody at a slot: the slot is used, and so are the editor's orders, which
// would be stale when somebody comes; nothing else.
func (l *Lanes) Sleep(lane digest.Lane, slot time.Time, wall string, used Used) error {
	return l.onLane(lane, true, func(tx store.Tx, st *LaneState) error {
		st.Slot, st.Wall, st.Asleep, st.Draft = slot, wall, true, nil
		return useOrders(tx, lane, "owed to nobody "+wall, used)
	})
}

// Skip remembers that a slot was missed: it is used, and the lane keeps its position, so that the
// items go into its next edition.
func (l *Lanes) Skip(lane digest.Lane, slot time.Time, wall string) error {
	return l.onLane(lane, false, func(_ store.Tx, st *LaneState) error {
		if st.Slot, st.Wall = slot, wall; st.Draft != nil && st.Draft.Wall <= wall {
			st.Draft = nil
		}
		return nil
	})
}

// onLane changes what a lane remembers, with the orders of its digest where those count.
func (b *base) onLane(lane digest.Lane, orders bool, change func(store.Tx, *LaneState) error) error {
	touched := touches{touchLane(lane)}
	if orders {
		touched = append(touched, store.Orders(lane.Digest))
	}
	err := b.update(touched, func(tx store.Tx) error {
		st, err := laneState(tx, lane)
		if err == nil {
			err = change(tx, &st)
		}
		if err != nil {
			return err
		}
		return tableLanes.in(tx).put([]byte(lane.String()), st)
	})
	return during(err, "lane %s", lane)
}

// Outcome tells what became of an item in a lane, if that is settled.
func (l *Lanes) Outcome(lane digest.Lane, seq uint64) (o Outcome, ok bool, err error) {
	err = l.view(func(tx store.Tx) error {
		o, ok, err = tableOutcomes.part(tx, lane.String()).get(seqKey(seq))
		return err
	})
	return o, ok, err
}
