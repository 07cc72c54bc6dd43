package ledger

import (
	"bytes"
	"compress/flate"
	"encoding/binary"
	"encoding/json"
	"fmt"
	"io"
	"time"

	bolt "go.etcd.io/bbolt"

	"digestd/digest"
)

// What happened to an edition's deliveries is a bucket of its own, which only grows: each commit adds
// one entry with its events in order, under the next number. A delivery's state is that of its last
// event; whoever has none is pending. So a step costs a few dozen bytes at the end of a page, and
// nothing is ever rewritten while messages go out.

// An entry begins with its version. Version 1 is a time and the events, numbers as varints. Version 2
// is many of those, compressed, without the intents: what is kept of an edition that is complete.
const (
	entryV1 = 1
	entryV2 = 2
)

// packSize is how many bytes of entries become one, and packGroup how many of those one transaction
// writes, so that deliveries of other editions never wait long for it.
const (
	packSize  = 64 << 10
	packGroup = 16
)

// eventFlags tell which parts an event has.
const (
	hasFirst = 1 << iota
	hasDue
	hasReply
	hasDoubts
)

// appendEvents adds an entry to an edition's log.
func appendEvents(tx *bolt.Tx, edition string, events []digest.Event) error {
	if len(events) == 0 {
		return nil
	}
	b, err := tx.Bucket(bucketProgress).CreateBucketIfNotExists([]byte(edition))
	if err != nil {
		return err
	}
	b.FillPercent = 1 // entries only ever come behind the last
	n, err := b.NextSequence()
	if err != nil {
		return err
	}
	return b.Put(seqKey(n), encodeEvents(events))
}

func encodeEvents(events []digest.Event) []byte {
	base := events[0].At.UnixMilli()
	b := binary.AppendVarint([]byte{entryV1}, base)
	for _, e := range events {
		var flags byte
		if !e.First.IsZero() {
			flags |= hasFirst
		}
		if !e.Due.IsZero() {
			flags |= hasDue
		}
		if e.Stage != "" || e.Code != 0 || e.Words != "" {
			flags |= hasReply
		}
		if e.Doubts != 0 {
			flags |= hasDoubts
		}
		at := e.At.UnixMilli()
		b = binary.AppendUvarint(b, uint64(e.Index))
		b = append(b, byte(e.State), flags)
		b = binary.AppendVarint(b, at-base)
		b = binary.AppendUvarint(b, uint64(e.Attempt))
		if flags&hasFirst != 0 {
			b = binary.AppendVarint(b, e.First.UnixMilli()-at)
		}
		if flags&hasDue != 0 {
			b = binary.AppendVarint(b, e.Due.UnixMilli()-at)
		}
		if flags&hasReply != 0 {
			b = appendString(b, e.Stage)
			b = binary.AppendUvarint(b, uint64(e.Code))
			b = appendString(b, e.Words)
		}
		if flags&hasDoubts != 0 {
			b = binary.AppendUvarint(b, uint64(e.Doubts))
		}
	}
	return b
}

func appendString(b []byte, s string) []byte {
	return append(binary.AppendUvarint(b, uint64(len(s))), s...)
}

// decodeEvents calls visit for each event of an entry. The event keeps nothing of raw.
func decodeEvents(raw []byte, visit func(digest.Event) error) error {
	r := entryReader{rest: raw}
	switch v := r.byte(); v {
	case entryV1:
	case entryV2:
		packed, err := io.ReadAll(flate.NewReader(bytes.NewReader(r.rest)))
		if err != nil {
			return fmt.Errorf("%w: packed deliveries: %w", ErrDamaged, err)
		}
		r.rest = packed
	default:
		return fmt.Errorf("%w: an entry of deliveries is of version %d", ErrDamaged, v)
	}
	base := r.varint()
	for len(r.rest) > 0 && !r.bad {
		e := digest.Event{Index: r.number(), State: digest.State(r.byte())}
		flags := r.byte()
		at := base + r.varint()
		e.At = time.UnixMilli(at).UTC()
		e.Attempt = r.number()
		if flags&hasFirst != 0 {
			e.First = time.UnixMilli(at + r.varint()).UTC()
		}
		if flags&hasDue != 0 {
			e.Due = time.UnixMilli(at + r.varint()).UTC()
		}
		if flags&hasReply != 0 {
			e.Stage, e.Code, e.Words = r.string(), r.number(), r.string()
		}
		if flags&hasDoubts != 0 {
			e.Doubts = r.number()
		}
		if r.bad {
			break
		}
		if err := visit(e); err != nil {
			return err
		}
	}
	if r.bad {
		return fmt.Errorf("%w: an entry of deliveries is cut short", ErrDamaged)
	}
	return nil
}

// entryReader takes fields off the front of an entry; behind a failure it yields zeros.
type entryReader struct {
	rest []byte
	bad  bool
}

func (r *entryReader) byte() byte {
	if len(r.rest) == 0 {
		r.bad = true
		return 0
	}
	c := r.rest[0]
	r.rest = r.rest[1:]
	return c
}

func (r *entryReader) varint() int64 {
	v, n := binary.Varint(r.rest)
	if n <= 0 {
		r.bad, r.rest = true, nil
		return 0
	}
	r.rest = r.rest[n:]
	return v
}

// number is a small number: an index, a count, a code.
func (r *entryReader) number() int {
	v, n := binary.Uvarint(r.rest)
	if n <= 0 || v > 1<<31-1 {
		r.bad, r.rest = true, nil
		return 0
	}
	r.rest = r.rest[n:]
	return int(v)
}

func (r *entryReader) string() string {
	n := r.number()
	if n > len(r.rest) {
		r.bad, r.rest = true, nil
		return ""
	}
	s := string(r.rest[:n])
	r.rest = r.rest[n:]
	return s
}

// Progress tells where an edition's deliveries stand. Where the ledger is open for reading only, nobody is
// at work on a delivery, so one that was left in the middle is in doubt.
func (l *Ledger) Progress(edition string) (p digest.Progress, err error) {
	err = l.view(func(tx *bolt.Tx) error {
		p, err = readProgress(tx, edition)
		return err
	})
	if err != nil {
		return digest.Progress{}, err
	}
	if l.db.IsReadOnly() {
		for i, last := range p.Last {
			if last.State == digest.Intent {
				p.States[i] = digest.InDoubt
			}
		}
	}
	return p, nil
}

// Due is when the next delivery of an edition may go: the zero time when some may go now, because they
// were never tried or were left in the middle. With nothing owed it is the zero time as well; who asks
// knows that the edition is not complete.
func (l *Ledger) Due(edition string) (time.Time, error) {
	var due time.Time
	err := l.view(func(tx *bolt.Tx) error {
		var n uint64
		if b := tx.Bucket(bucketProgress).Bucket([]byte(edition)); b != nil {
			n = b.Sequence()
		}
		l.delivery.mu.Lock()
		known, ok := l.delivery.dues[edition]
		l.delivery.mu.Unlock()
		if ok && known.at == n {
			due = known.due
			return nil
		}
		p, err := readProgress(tx, edition)
		if err != nil {
			return err
		}
		due = earliest(p)
		l.delivery.mu.Lock()
		defer l.delivery.mu.Unlock()
		if l.delivery.dues == nil {
			l.delivery.dues = map[string]dueAt{}
		}
		l.delivery.dues[edition] = dueAt{n, due}
		return nil
	})
	return due, err
}

func earliest(p digest.Progress) (due time.Time) {
	for _, s := range p.States {
		if s == digest.Pending || s == digest.Intent {
			return time.Time{}
		}
	}
	for _, e := range p.Last {
		if e.Due.IsZero() {
			return time.Time{}
		}
		if due.IsZero() || e.Due.Before(due) {
			due = e.Due
		}
	}
	return due
}

// readProgress replays an edition's log.
func readProgress(tx *bolt.Tx, edition string) (digest.Progress, error) {
	var st EditionState
	ok, err := get(tx.Bucket(bucketEditions), []byte(edition), &st)
	if err == nil && !ok {
		err = ErrUnknown
	}
	if err != nil {
		return digest.Progress{}, fmt.Errorf("edition %s: %w", edition, err)
	}
	p := digest.Progress{States: make([]digest.State, st.Recipients), Last: map[int]digest.Event{}}
	err = replay(tx, edition, func(e digest.Event) error {
		if e.Index >= len(p.States) {
			return fmt.Errorf("%w: there is no recipient %d", ErrDamaged, e.Index)
		}
		p.States[e.Index] = e.State
		switch e.State {
		case digest.Intent, digest.Deferred, digest.InDoubt:
			p.Last[e.Index] = e
		default:
			delete(p.Last, e.Index)
		}
		return nil
	})
	if err != nil {
		return digest.Progress{}, err
	}
	if st.Withdrawn {
		for i, s := range p.States {
			if !s.Final() {
				p.States[i] = digest.Withdrawn
			}
		}
		clear(p.Last)
	}
	return p, nil
}

// replay visits all events of an edition in order.
func replay(tx *bolt.Tx, edition string, visit func(digest.Event) error) error {
	b := tx.Bucket(bucketProgress).Bucket([]byte(edition))
	if b == nil {
		return nil
	}
	return b.ForEach(func(k, v []byte) error {
		if err := decodeEvents(v, visit); err != nil {
			return fmt.Errorf("deliveries of edition %s, entry %d: %w", edition, seqOf(k), err)
		}
		return nil
	})
}

// pack compresses the entries of a complete edition, a few at a time. Whatever a kill leaves of it can
// be read like the whole.
func (l *Ledger) pack(edition string) error {
	for after := uint64(0); ; {
		more := false
		err := l.update(func(tx *bolt.Tx) error {
			b := tx.Bucket(bucketProgress).Bucket([]byte(edition))
			if b == nil {
				return nil
			}
			b.FillPercent = 1
			for range packGroup {
				last, err := packSome(b, after)
				if err != nil {
					return err
				}
				if more = last > after; !more {
					return nil
				}
				after = last
			}
			return nil
		})
		if err != nil || !more {
			return err
		}
	}
}

// packSome puts one packed entry in the place of those behind a position, and returns its key; the
// position itself when there is none left.
func packSome(b *bolt.Bucket, after uint64) (uint64, error) {
	var keys []uint64
	var events []digest.Event
	size := 0
	c := b.Cursor()
	for k, v := c.Seek(seqKey(after + 1)); k != nil && size < packSize; k, v = c.Next() {
		keys = append(keys, seqOf(k))
		size += len(v)
		if err := decodeEvents(v, func(e digest.Event) error {
			if e.State != digest.Intent {
				events = append(events, e)
			}
			return nil
		}); err != nil {
			return after, err
		}
	}
	if len(keys) == 0 {
		return after, nil
	}
	for _, k := range keys {
		if err := b.Delete(seqKey(k)); err != nil {
			return after, err
		}
	}
	last := keys[len(keys)-1]
	if len(events) == 0 {
		return last, nil
	}
	packed, err := deflateBytes(encodeEvents(events)[1:])
	if err != nil {
		return after, err
	}
	return last, b.Put(seqKey(last), append([]byte{entryV2}, packed...))
}

// History is what happened to one delivery of an edition, oldest first; of a complete edition without
// the intents. Of one that was withdrawn, and of one that is pending, nothing is recorded.
func (l *Ledger) History(edition string, index int) (events []digest.Event, err error) {
	err = l.view(func(tx *bolt.Tx) error {
		return replay(tx, edition, func(e digest.Event) error {
			if e.Index == index {
				events = append(events, e)
			}
			return nil
		})
	})
	return events, err
}

// Failures are the events that brought deliveries of an edition to their end as failed, in their order.
func (l *Ledger) Failures(edition string) (failures []digest.Event, err error) {
	err = l.view(func(tx *bolt.Tx) error {
		return replay(tx, edition, func(e digest.Event) error {
			if e.State == digest.Failed {
				failures = append(failures, e)
			}
			return nil
		})
	})
	return failures, err
}

func seqOf(key []byte) uint64 { return binary.BigEndian.Uint64(key) }

// begun reports whether anything of an edition was sent or is in doubt, and so can't be taken back.
func begun(tx *bolt.Tx, edition string) (bool, error) {
	p, err := readProgress(tx, edition)
	if err != nil {
		return false, err
	}
	for _, s := range p.States {
		switch s {
		case digest.Sent, digest.Intent, digest.InDoubt, digest.Held:
			return true, nil
		}
	}
	return false, nil
}

// forgetDeliveries removes what is recorded of an edition's deliveries.
func forgetDeliveries(tx *bolt.Tx, e EditionState) error {
	if tx.Bucket(bucketProgress).Bucket([]byte(e.ID)) == nil {
		return nil
	}
	return tx.Bucket(bucketProgress).DeleteBucket([]byte(e.ID))
}

// CheckDeliveries holds the rules of the table of states against all that happened to each edition.
// It returns what is wrong, and changes nothing.
func (l *Ledger) CheckDeliveries() (problems []error) {
	report := func(format string, args ...any) { problems = append(problems, fmt.Errorf(format, args...)) }
	err := l.view(func(tx *bolt.Tx) error {
		err := tx.Bucket(bucketProgress).ForEachBucket(func(name []byte) error {
			if tx.Bucket(bucketEditions).Get(name) == nil {
				report("there are deliveries of edition %s, which is not there", name)
			}
			return nil
		})
		if err != nil {
			return err
		}
		return tx.Bucket(bucketEditions).ForEach(func(k, v []byte) error {
			var st EditionState
			if err := json.Unmarshal(v, &st); err != nil {
				return nil // told by Check
			}
			checkDeliveriesOf(tx, st, report)
			return nil
		})
	})
	if err != nil {
		report("%w", err)
	}
	return problems
}

func checkDeliveriesOf(tx *bolt.Tx, st EditionState, report func(string, ...any)) {
	states := make([]digest.State, st.Recipients)
	attempts := make(map[int]int)
	err := replay(tx, st.ID, func(e digest.Event) error {
		if e.Index >= len(states) {
			report("edition %s has no recipient %d, but a delivery to him", st.ID, e.Index)
			return nil
		}
		from := states[e.Index]
		packed := st.Complete && from.MayBecome(digest.Intent) && digest.Intent.MayBecome(e.State)
		if !from.MayBecome(e.State) && !packed {
			report("edition %s: the delivery to recipient %d went from %s to %s", st.ID, e.Index, from, e.State)
		}
		states[e.Index] = e.State
		if e.State == digest.Intent && e.Attempt != attempts[e.Index]+1 {
			report("edition %s: attempt %d of the delivery to recipient %d follows attempt %d", st.ID, e.Attempt, e.Index, attempts[e.Index])
		}
		if e.State.Final() {
			delete(attempts, e.Index)
		} else {
			attempts[e.Index] = e.Attempt
		}
		return nil
	})
	if err != nil {
		report("%w", err)
		return
	}
	if !st.Complete || st.Withdrawn {
		return
	}
	for i, s := range states {
		if !s.Final() {
			report("edition %s is complete, but the delivery to recipient %d is %s", st.ID, i, s)
		}
	}
}
