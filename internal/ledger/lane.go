package ledger

import (
	"encoding/json"
	"fmt"
	"slices"
	"time"

	bolt "go.etcd.io/bbolt"

	"digestd/digest"
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
	Asleep   bool        `json:"asleep,omitempty"` // at its last slot it was owed to nobody
	Began    bool        `json:"began,omitempty"`  // it has read from the ledger: from then on it misses nothing
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

// Outcome is what became of an item in a lane.
type Outcome struct {
	Edition string   `json:"edition"`          // that used or closed it
	Story   string   `json:"story,omitempty"`  // of the edition, that it stands in
	Reason  string   `json:"reason,omitempty"` // why it is in no story; empty when used
	Score   float64  `json:"score,omitempty"`  // with which it joined a story that was sent before
	Terms   []string `json:"terms,omitempty"`  // and by which words

	Unwanted bool `json:"unwanted,omitempty"` // no topic wanted it from its feed; the same entry of another feed is not settled by it
}

// Lane is what a lane remembers; of one that never composed, only its name.
func (l *Ledger) Lane(lane digest.Lane) (LaneState, error) {
	st := LaneState{Lane: lane}
	err := l.view(func(tx *bolt.Tx) error {
		_, err := get(tx.Bucket(bucketLanes), []byte(lane.String()), &st)
		return err
	})
	return st, err
}

// Lanes returns all lanes that ever composed or slept, in the order of their names.
func (l *Ledger) Lanes() (lanes []LaneState, err error) {
	err = l.view(func(tx *bolt.Tx) error {
		return tx.Bucket(bucketLanes).ForEach(func(k, v []byte) error {
			var st LaneState
			if err := json.Unmarshal(v, &st); err != nil {
				return fmt.Errorf("lane %s: %w: %w", k, ErrDamaged, err)
			}
			lanes = append(lanes, st)
			return nil
		})
	})
	return lanes, err
}

// PassSlot makes durable that a lane had nothing to say at a slot: what was closed, and its new position.
// It fails with ErrMoved like CommitEdition.
func (l *Ledger) PassSlot(c Composition) error {
	lane := digest.Lane{Digest: c.Edition.Digest, Zone: c.Edition.Zone}
	if err := l.update(func(tx *bolt.Tx) error { return moveLane(tx, c, "") }); err != nil {
		return fmt.Errorf("pass a slot of lane %s: %w", lane, err)
	}
	return nil
}

// moveLane writes what became of the items and where the lane stands now. Without an edition, the lane
// keeps its last one.
func moveLane(tx *bolt.Tx, c Composition, edition string) error {
	lane := digest.Lane{Digest: c.Edition.Digest, Zone: c.Edition.Zone}
	name := []byte(lane.String())
	var now LaneState
	if _, err := get(tx.Bucket(bucketLanes), name, &now); err != nil {
		return err
	}
	if now.Position != c.Before.Position || now.Edition != c.Before.Edition || !slices.Equal(now.Pool, c.Before.Pool) {
		return ErrMoved
	}
	outcomes, err := tx.Bucket(bucketOutcomes).CreateBucketIfNotExists(name)
	if err != nil {
		return err
	}
	for seq, o := range c.Outcomes {
		o.Edition = edition
		if err := put(outcomes, seqKey(seq), o); err != nil {
			return err
		}
	}
	now.Lane, now.Position, now.Pool, now.Asleep, now.Began = lane, c.Position, c.Pool, false, true
	if !c.Extra { // the slot's own edition may still come
		now.Slot, now.Wall = c.Edition.Slot, c.Wall
	}
	if c.Passed != nil {
		now.Passed = append(now.Passed, *c.Passed)
	}
	if edition != "" {
		now.Edition, now.Number, now.Composed = edition, c.Edition.Number, c.Edition.Composed
	}
	return put(tx.Bucket(bucketLanes), name, now)
}

// Sleep remembers that a lane was owed to nobody at a slot: the slot is used, nothing else.
func (l *Ledger) Sleep(lane digest.Lane, slot time.Time, wall string) error {
	return l.updateLane(lane, func(st *LaneState) {
		st.Slot, st.Wall, st.Asleep = slot, wall, true
	})
}

// Skip remembers that a slot was missed: it is used, and the lane keeps its position, so that the
// items go into its next edition.
func (l *Ledger) Skip(lane digest.Lane, slot time.Time, wall string) error {
	return l.updateLane(lane, func(st *LaneState) { st.Slot, st.Wall = slot, wall })
}

func (l *Ledger) updateLane(lane digest.Lane, change func(*LaneState)) error {
	err := l.update(func(tx *bolt.Tx) error {
		st := LaneState{Lane: lane}
		if _, err := get(tx.Bucket(bucketLanes), []byte(lane.String()), &st); err != nil {
			return err
		}
		change(&st)
		return put(tx.Bucket(bucketLanes), []byte(lane.String()), st)
	})
	if err != nil {
		return fmt.Errorf("lane %s: %w", lane, err)
	}
	return nil
}

// Outcome tells what became of an item in a lane, if that is settled.
func (l *Ledger) Outcome(lane digest.Lane, seq uint64) (o Outcome, ok bool, err error) {
	err = l.view(func(tx *bolt.Tx) error {
		b := tx.Bucket(bucketOutcomes).Bucket([]byte(lane.String()))
		if b == nil {
			return nil
		}
		ok, err = get(b, seqKey(seq), &o)
		return err
	})
	return o, ok, err
}
