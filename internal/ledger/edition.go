package ledger

import (
	"bufio"
	"bytes"
	"compress/flate"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strconv"
	"strings"
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

// chunkSize is how many recipients stand in one row.
const chunkSize = 1000

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
	Edition string `json:"edition"`          // that used or closed it
	Story   string `json:"story,omitempty"`  // of the edition, that it stands in
	Reason  string `json:"reason,omitempty"` // why it is in no story; empty when used
}

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
	if now.Position != c.Before.Position || now.Edition != c.Before.Edition {
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
	now.Lane, now.Position, now.Slot, now.Wall = lane, c.Position, c.Edition.Slot, c.Wall
	now.Pool, now.Asleep, now.Began = c.Pool, false, true
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

// Pause remembers why an edition's last run ended before its time; the empty reason takes that back.
func (l *Ledger) Pause(id, reason string) error {
	err := l.update(func(tx *bolt.Tx) error {
		var st EditionState
		ok, err := get(tx.Bucket(bucketEditions), []byte(id), &st)
		if err == nil && !ok {
			err = ErrUnknown
		}
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

// Edition reads an edition's row. The error is ErrUnknown when there is none.
func (l *Ledger) Edition(id string) (EditionState, error) {
	var st EditionState
	err := l.view(func(tx *bolt.Tx) error {
		ok, err := get(tx.Bucket(bucketEditions), []byte(id), &st)
		if err == nil && !ok {
			err = ErrUnknown
		}
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

// Recipients reads one chunk of an edition's recipients, by number from 0. Behind the last chunk it returns none.
func (l *Ledger) Recipients(id string, chunk int) ([]digest.Recipient, error) {
	var raw []byte
	err := l.view(func(tx *bolt.Tx) error {
		raw = bytes.Clone(tx.Bucket(bucketRecipients).Get(partKey(id, chunk)))
		return nil
	})
	if err != nil || raw == nil {
		return nil, err
	}
	recipients, err := unpackRecipients(raw, chunk*chunkSize)
	if err != nil {
		return nil, fmt.Errorf("recipients %d of edition %s: %w", chunk, id, err)
	}
	return recipients, nil
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

// Withdraw takes back an edition of which nothing went out: its items return to the lane's pool, its
// deliveries are withdrawn. ErrBegun says that something went out or is in doubt, or that the lane
// has a later edition.
func (l *Ledger) Withdraw(id string) error {
	err := l.update(func(tx *bolt.Tx) error {
		var st EditionState
		ok, err := get(tx.Bucket(bucketEditions), []byte(id), &st)
		if err != nil {
			return err
		}
		if !ok {
			return ErrUnknown
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
		if begun || lane.Edition != id {
			return ErrBegun
		}
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
		for i, p := range lane.Pool { // what had no room in it was not carried by it either
			lane.Pool[i].Carried = carried[p.Item]
		}
		for _, seq := range back {
			if err := outcomes.Delete(seqKey(seq)); err != nil {
				return err
			}
			if !pooled[seq] {
				lane.Pool = append(lane.Pool, Pooled{Item: seq, Carried: carried[seq]})
			}
		}
		lane.Number, lane.Edition, lane.Composed = st.Before.Number, st.Before.Edition, st.Before.Composed
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

// packRecipients writes recipients as lines "address TAB name TAB variant", compressed by the chunk: a
// million of them are a thousand rows. Addresses and names hold no control characters.
func packRecipients(recipients []digest.Recipient) ([][]byte, error) {
	var chunks [][]byte
	var text bytes.Buffer
	for start := 0; start < len(recipients); start += chunkSize {
		text.Reset()
		for _, r := range recipients[start:min(start+chunkSize, len(recipients))] {
			if strings.ContainsAny(r.Email, "\t\n") || strings.ContainsAny(r.Name, "\t\n") {
				return nil, fmt.Errorf("recipient %q has a control character in its address or name", r.Email)
			}
			text.WriteString(r.Email)
			text.WriteByte('\t')
			text.WriteString(r.Name)
			text.WriteByte('\t')
			text.WriteString(strconv.Itoa(r.Variant))
			text.WriteByte('\n')
		}
		chunk, err := deflateBytes(text.Bytes())
		if err != nil {
			return nil, err
		}
		chunks = append(chunks, chunk)
	}
	return chunks, nil
}

func unpackRecipients(raw []byte, index int) ([]digest.Recipient, error) {
	recipients := make([]digest.Recipient, 0, chunkSize)
	lines := bufio.NewScanner(flate.NewReader(bytes.NewReader(raw)))
	for lines.Scan() {
		fields := strings.Split(lines.Text(), "\t")
		if len(fields) != 3 {
			return nil, ErrDamaged
		}
		variant, err := strconv.Atoi(fields[2])
		if err != nil {
			return nil, ErrDamaged
		}
		recipients = append(recipients, digest.Recipient{Index: index, Email: fields[0], Name: fields[1], Variant: variant})
		index++
	}
	return recipients, lines.Err()
}

func deflate(v any) ([]byte, error) {
	raw, err := json.Marshal(v)
	if err != nil {
		return nil, err
	}
	return deflateBytes(raw)
}

func deflateBytes(raw []byte) ([]byte, error) {
	var b bytes.Buffer
	w, err := flate.NewWriter(&b, flate.BestSpeed)
	if err != nil {
		return nil, err
	}
	if _, err := w.Write(raw); err != nil {
		return nil, err
	}
	if err := w.Close(); err != nil {
		return nil, err
	}
	return b.Bytes(), nil
}

func inflate(raw []byte, v any) error {
	return json.NewDecoder(flate.NewReader(bytes.NewReader(raw))).Decode(v)
}
