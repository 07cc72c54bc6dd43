package ledger

import (
	"encoding/binary"
	"fmt"
	"math"
	"time"

	"digestd/digest"
	"digestd/internal/ledger/store"
)

// What happened to an edition's deliveries is a part of its own, which only grows: each commit adds
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
func appendEvents(tx store.Tx, edition string, events []digest.Event) error {
	return appendEventsTo(tx.Part(bucketProgress, edition), events)
}

func appendEventsTo(b store.Bucket, events []digest.Event) error {
	if len(events) == 0 {
		return nil
	}
	n, err := b.Next()
	if err != nil {
		return err
	}
	return b.Put(seqKey(n), encodeEvents(events))
}

// appendTo adds events of any deliveries to the log of an edition that nobody is at work on.
func appendTo(tx store.Tx, st EditionState, events []digest.Event) error {
	if !st.Chunked {
		return appendEvents(tx, st.ID, events)
	}
	for len(events) > 0 {
		number, n := events[0].Index/chunkSize, 0
		for n < len(events) && events[n].Index/chunkSize == number {
			n++
		}
		last, err := lastEntry(tx, st.ID, number)
		if err != nil {
			return err
		}
		if err := tx.Part(bucketProgress, st.ID).Put(seqKey(last+1), encodeEvents(events[:n])); err != nil {
			return err
		}
		events = events[n:]
	}
	return nil
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
		packed, err := inflateBytes(r.rest)
		if err != nil {
			return fmt.Errorf("packed deliveries: %w", err)
		}
		r.rest = packed
	default:
		return fmt.Errorf("%w: an entry of deliveries is of version %d", store.ErrDamaged, v)
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
		return fmt.Errorf("%w: an entry of deliveries is cut short", store.ErrDamaged)
	}
	return nil
}

// entryReader takes fields off the front of an entry; after a failure it yields zeros.
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

// replay visits all events of an edition, those of each delivery in order.
func replay(tx store.Tx, edition string, visit func(digest.Event) error) error {
	return replayRange(tx, edition, store.Range{}, math.MaxUint64, visit)
}

// replayRange visits the events of the entries from one on, and before a number.
func replayRange(tx store.Tx, edition string, of store.Range, before uint64, visit func(digest.Event) error) error {
	for it, err := range tx.Part(bucketProgress, edition).Rows(of) {
		if err == nil && seqOf(it.Key) >= before {
			return nil
		}
		if err == nil {
			err = decodeEvents(it.Value, visit)
		}
		if err != nil {
			return fmt.Errorf("deliveries of edition %s, entry %d: %w", edition, seqOf(it.Key), err)
		}
	}
	return nil
}

// pack compresses the entries of a complete edition, a few at a time. Whatever a kill leaves of it can
// be read like the whole.
func (d *Deliveries) pack(edition string) error {
	var packing deflater
	for after := uint64(0); ; {
		more := false
		err := d.update(touches{store.Edition(edition)}, func(tx store.Tx) error {
			for range packGroup {
				last, err := packSome(tx.Part(bucketProgress, edition), after, &packing)
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

// packSome puts one packed entry in the place of those after a position, and returns its key; the
// position itself when there is none left.
func packSome(b store.Bucket, after uint64, d *deflater) (last uint64, err error) {
	var events []digest.Event
	size := 0
	last = after
	for it, err := range b.Rows(store.Range{From: seqKey(after + 1)}) {
		if err != nil {
			return after, err
		}
		if size >= packSize {
			break
		}
		size += len(it.Value)
		last = seqOf(it.Key)
		if err := decodeEvents(it.Value, func(e digest.Event) error {
			if e.State != digest.Intent {
				events = append(events, e)
			}
			return nil
		}); err != nil {
			return after, err
		}
		if err := b.Delete(it.Key); err != nil {
			return after, err
		}
	}
	if len(events) == 0 {
		return last, nil
	}
	packed, err := d.deflate(encodeEvents(events)[1:])
	if err != nil {
		return after, err
	}
	return last, b.Put(seqKey(last), append([]byte{entryV2}, packed...))
}
