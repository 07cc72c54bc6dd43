package ledger

import (
	"bytes"
	"compress/flate"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"time"

	bolt "go.etcd.io/bbolt"

	"digestd/digest"
)

// Errors of committing and reading editions.
var (
	ErrComposed = errors.New("the edition is composed already")
	ErrMoved    = errors.New("the lane has moved since the edition was composed")
	ErrUnknown  = errors.New("the ledger knows no such edition")
	ErrBegun    = errors.New("the edition has begun to go out")
)

// Variant is a variant as its edition froze it.
type Variant struct {
	Key     digest.VariantKey `json:"key"`
	Subject string            `json:"subject,omitempty"`
	Stories int               `json:"stories"`
	Empty   bool              `json:"empty,omitempty"` // nothing for these readers: no mail
	Body    []byte            `json:"-"`               // the encoded message; read with Body
}

// EditionState is an edition's row.
type EditionState struct {
	ID         string    `json:"id"`
	Digest     string    `json:"digest"`
	Zone       string    `json:"zone"`
	Slot       time.Time `json:"slot"`
	Wall       string    `json:"wall"`
	Extra      bool      `json:"extra,omitempty"`
	Number     int       `json:"number"`
	Composed   time.Time `json:"composed"`
	Stories    int       `json:"stories"`
	Recipients int       `json:"recipients"`
	Variants   []Variant `json:"variants"`
	Withdrawn  bool      `json:"withdrawn,omitempty"`
	Complete   bool      `json:"complete,omitempty"` // every delivery is final
	Paused     string    `json:"paused,omitempty"`   // why the last run stopped, until one goes well
	Before     LaneState `json:"before"`             // what the lane goes back to when it is withdrawn
}

// Lane is the lane that the edition belongs to.
func (e EditionState) Lane() digest.Lane { return digest.Lane{Digest: e.Digest, Zone: e.Zone} }

// Composition is everything that composing an edition makes durable, in one transaction.
type Composition struct {
	Edition    digest.Edition
	Wall       string
	Extra      bool
	Variants   []Variant
	Recipients []digest.Recipient
	Outcomes   map[uint64]Outcome // by item, Edition left empty
	Position   uint64             // of the last item considered
	Passed     *Passed            // what the lane skipped to get there, if it did
	Pool       []Pooled           // what waits for the next edition
	Before     LaneState          // the lane as it was when its items were read
}

// CommitEdition makes a composition durable: the frozen edition, each variant's encoded message, the
// recipients, what became of each item, and the lane's new position. It fails with ErrComposed when
// the edition is there, and with ErrMoved when the lane is not as it was when its items were read;
// nothing has changed then.
func (l *Ledger) CommitEdition(c Composition) error {
	frozen, err := deflate(c.Edition)
	if err != nil {
		return err
	}
	bodies := make([][]byte, len(c.Variants))
	for i, v := range c.Variants {
		if bodies[i], err = deflateBytes(v.Body); err != nil {
			return err
		}
	}
	chunks, err := packRecipients(c.Recipients)
	if err != nil {
		return err
	}
	id := c.Edition.ID
	lane := digest.Lane{Digest: c.Edition.Digest, Zone: c.Edition.Zone}
	c.Before.Lane = lane
	state := EditionState{
		ID: id, Digest: lane.Digest, Zone: lane.Zone, Slot: c.Edition.Slot, Wall: c.Wall, Extra: c.Extra,
		Number: c.Edition.Number, Composed: c.Edition.Composed, Stories: len(c.Edition.Stories),
		Recipients: len(c.Recipients), Variants: c.Variants, Before: c.Before,
	}
	err = l.update(func(tx *bolt.Tx) error {
		editions := tx.Bucket(bucketEditions)
		if editions.Get([]byte(id)) != nil {
			return ErrComposed
		}
		if err := moveLane(tx, c, id); err != nil {
			return err
		}
		if err := tx.Bucket(bucketFrozen).Put([]byte(id), frozen); err != nil {
			return err
		}
		for i, body := range bodies {
			if err := tx.Bucket(bucketBodies).Put(partKey(id, i), body); err != nil {
				return err
			}
		}
		for i, chunk := range chunks {
			if err := tx.Bucket(bucketRecipients).Put(partKey(id, i), chunk); err != nil {
				return err
			}
		}
		return put(editions, []byte(id), state)
	})
	if err != nil {
		return fmt.Errorf("commit edition %s: %w", id, err)
	}
	return nil
}

// Pause remembers why an edition's last run ended before its time; the empty reason takes that back.
func (l *Ledger) Pause(id, reason string) error {
	err := l.update(func(tx *bolt.Tx) error {
		st, err := editionState(tx, id)
		if err != nil {
			return err
		}
		st.Paused = oneLine(reason, 500)
		return put(tx.Bucket(bucketEditions), []byte(id), st)
	})
	if err != nil {
		return fmt.Errorf("edition %s: %w", id, err)
	}
	return nil
}

// editionState reads an edition's row; ErrUnknown when there is none.
func editionState(tx *bolt.Tx, id string) (st EditionState, err error) {
	ok, err := get(tx.Bucket(bucketEditions), []byte(id), &st)
	if err == nil && !ok {
		err = ErrUnknown
	}
	return st, err
}

// Edition reads an edition's row. The error is ErrUnknown when there is none.
func (l *Ledger) Edition(id string) (st EditionState, err error) {
	err = l.view(func(tx *bolt.Tx) error {
		st, err = editionState(tx, id)
		return err
	})
	if err != nil {
		return st, fmt.Errorf("edition %s: %w", id, err)
	}
	return st, nil
}

// Editions returns the editions for which keep is true, in the order of their names: by lane, then by slot.
func (l *Ledger) Editions(keep func(EditionState) bool) (editions []EditionState, err error) {
	err = l.view(func(tx *bolt.Tx) error {
		return tx.Bucket(bucketEditions).ForEach(func(k, v []byte) error {
			var st EditionState
			if err := json.Unmarshal(v, &st); err != nil {
				return fmt.Errorf("edition %s: %w: %w", k, ErrDamaged, err)
			}
			if keep(st) {
				editions = append(editions, st)
			}
			return nil
		})
	})
	return editions, err
}

// Frozen reads an edition as it was composed.
func (l *Ledger) Frozen(id string) (digest.Edition, error) {
	var e digest.Edition
	err := l.view(func(tx *bolt.Tx) error {
		raw := tx.Bucket(bucketFrozen).Get([]byte(id))
		if raw == nil {
			return ErrUnknown
		}
		return inflate(raw, &e)
	})
	if err != nil {
		return e, fmt.Errorf("edition %s: %w", id, err)
	}
	return e, nil
}

// Body reads the encoded message of one variant of an edition.
func (l *Ledger) Body(id string, variant int) ([]byte, error) {
	var body []byte
	err := l.view(func(tx *bolt.Tx) error {
		raw := tx.Bucket(bucketBodies).Get(partKey(id, variant))
		if raw == nil {
			return ErrUnknown
		}
		var err error
		body, err = io.ReadAll(flate.NewReader(bytes.NewReader(raw)))
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("variant %d of edition %s: %w", variant, id, err)
	}
	return body, nil
}

// Withdraw takes back an edition of which nothing went out: its items return to the lane's pool, its
// deliveries are withdrawn. ErrBegun says that something went out or is in doubt.
func (l *Ledger) Withdraw(id string) error {
	err := l.update(func(tx *bolt.Tx) error {
		st, err := editionState(tx, id)
		if err != nil {
			return err
		}
		if st.Withdrawn {
			return nil
		}
		begun, err := begun(tx, id)
		if err != nil {
			return err
		}
		name := []byte(st.Lane().String())
		var lane LaneState
		if _, err := get(tx.Bucket(bucketLanes), name, &lane); err != nil {
			return err
		}
		if begun {
			return ErrBegun
		}
		l.forgetStates(id) // whoever is under way with it must not go on
		carried := map[uint64]int{}
		for _, p := range st.Before.Pool {
			carried[p.Item] = p.Carried
		}
		pooled := map[uint64]bool{}
		for _, p := range lane.Pool {
			pooled[p.Item] = true
		}
		outcomes := tx.Bucket(bucketOutcomes).Bucket(name)
		var back []uint64
		if outcomes != nil {
			err = outcomes.ForEach(func(k, v []byte) error {
				var o Outcome
				if err := json.Unmarshal(v, &o); err != nil {
					return err
				}
				if o.Edition == id {
					back = append(back, seqOf(k))
				}
				return nil
			})
			if err != nil {
				return err
			}
		}
		if lane.Edition == id { // else the lane has gone on, with an extra edition
			for i, p := range lane.Pool { // what had no room in it was not carried by it either
				lane.Pool[i].Carried = carried[p.Item]
			}
			before, err := lastStanding(tx, st.Before)
			if err != nil {
				return err
			}
			lane.Number, lane.Edition, lane.Composed = before.Number, before.Edition, before.Composed
		}
		for _, seq := range back {
			if err := outcomes.Delete(seqKey(seq)); err != nil {
				return err
			}
			if !pooled[seq] {
				lane.Pool = append(lane.Pool, Pooled{Item: seq, Carried: carried[seq]})
			}
		}
		if err := put(tx.Bucket(bucketLanes), name, lane); err != nil {
			return err
		}
		st.Withdrawn, st.Complete = true, true
		return put(tx.Bucket(bucketEditions), []byte(id), st)
	})
	if err != nil {
		return fmt.Errorf("withdraw edition %s: %w", id, err)
	}
	return nil
}

// lastStanding is a former state of a lane, or the one before it whose last edition was not withdrawn since.
func lastStanding(tx *bolt.Tx, lane LaneState) (LaneState, error) {
	for {
		var st EditionState
		_, err := get(tx.Bucket(bucketEditions), []byte(lane.Edition), &st)
		if err != nil || !st.Withdrawn {
			return lane, err
		}
		lane = st.Before
	}
}

// isComplete is how the row of an edition says that it is complete. No text in a row can look like it: its
// quotation marks would be escaped.
var isComplete = []byte(`"complete":true`)

// OpenEditions are the editions that are not complete, in the order of their names. The daemon asks once a
// minute, and years of complete ones are passed over unread.
func (l *Ledger) OpenEditions() (open []EditionState, err error) {
	err = l.view(func(tx *bolt.Tx) error {
		return tx.Bucket(bucketEditions).ForEach(func(k, v []byte) error {
			if bytes.Contains(v, isComplete) {
				return nil
			}
			var st EditionState
			if err := json.Unmarshal(v, &st); err != nil {
				return fmt.Errorf("edition %s: %w: %w", k, ErrDamaged, err)
			}
			open = append(open, st)
			return nil
		})
	})
	return open, err
}
