package bolt

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"iter"
	"slices"

	"go.etcd.io/bbolt"

	"digestd/internal/ledger/store"
)

// tx is a transaction of bbolt. A part is a bucket in a bucket.
type tx struct {
	*bbolt.Tx
	open    map[[2]string]*bucket // by name and part, so that nothing is made twice
	changes int                   // how many there were: a cursor that is older must find its place again
	fixed   bool                  // whether there may be none

	log   []byte // what it did, as the journal has it
	large bool   // whether it did what the journal does not take: to remove something, or much
}

func (t *tx) Buckets() (names []string, err error) {
	err = t.Tx.ForEach(func(name []byte, _ *bbolt.Bucket) error {
		if string(name) != journalName {
			names = append(names, string(name))
		}
		return nil
	})
	return names, err
}

// change is asked before anything changes.
func (t *tx) change(large bool) error {
	if t.fixed {
		return errors.New("a view changes nothing")
	}
	t.changes++
	t.large = t.large || large
	return nil
}

func (t *tx) Create(name string) error {
	if err := t.change(true); err != nil {
		return err
	}
	_, err := t.CreateBucketIfNotExists([]byte(name))
	clear(t.open)
	return err
}

func (t *tx) Bucket(name string) store.Bucket { return t.at(name, "") }

func (t *tx) Part(name, part string) store.Bucket { return t.at(name, part) }

func (t *tx) at(name, part string) *bucket {
	b, ok := t.open[[2]string{name, part}]
	if ok {
		return b
	}
	b = &bucket{tx: t, name: name, part: part, rows: t.Tx.Bucket([]byte(name))}
	if b.rows != nil && part != "" {
		b.rows = b.rows.Bucket([]byte(part))
		b.grows()
	}
	if t.open == nil {
		t.open = map[[2]string]*bucket{}
	}
	t.open[[2]string{name, part}] = b
	return b
}

func (t *tx) Parts(name string) (parts []string, err error) {
	b := t.at(name, "").rows
	if b == nil {
		return nil, nil
	}
	err = b.ForEachBucket(func(part []byte) error {
		parts = append(parts, string(part))
		return nil
	})
	return parts, err
}

func (t *tx) Drop(name, part string) error {
	if t.at(name, part).rows == nil {
		return nil
	}
	if err := t.change(true); err != nil {
		return err
	}
	delete(t.open, [2]string{name, part})
	return t.at(name, "").rows.DeleteBucket([]byte(part))
}

// bucket is a bucket of bbolt; rows is nil where there is none.
type bucket struct {
	tx         *tx
	name, part string
	rows       *bbolt.Bucket
}

// writable makes a part that is not there yet.
func (b *bucket) writable() (err error) {
	if err := b.tx.change(false); err != nil || b.rows != nil {
		return err
	}
	parent := b.tx.at(b.name, "").rows
	if parent == nil {
		return fmt.Errorf("%w: there is no bucket %s", store.ErrDamaged, b.name)
	}
	b.rows, err = parent.CreateBucketIfNotExists([]byte(b.part))
	return err
}

// grows fills the pages of a part with a sequence to the brim: its entries only ever come after the last.
func (b *bucket) grows() {
	if b.rows != nil && b.part != "" && b.rows.Sequence() > 0 {
		b.rows.FillPercent = 1
	}
}

func (b *bucket) Get(key []byte) ([]byte, error) {
	if b.rows == nil {
		return nil, nil
	}
	raw := b.rows.Get(key)
	if raw == nil {
		return nil, nil
	}
	return b.unseal(key, raw)
}

func (b *bucket) Put(key, value []byte) error {
	if err := b.writable(); err != nil {
		return err
	}
	err := b.rows.Put(key, b.seal(key, value))
	if err == nil { // nobody could do again what is refused
		b.note(notedRow, key, value)
	}
	return err
}

func (b *bucket) Delete(key []byte) error {
	if b.rows == nil {
		return nil
	}
	if err := b.tx.change(b.rows.Get(key) != nil); err != nil {
		return err
	}
	return b.rows.Delete(key)
}

func (b *bucket) Sequence() (uint64, error) {
	if b.rows == nil {
		return 0, nil
	}
	return b.rows.Sequence(), nil
}

func (b *bucket) Next() (n uint64, err error) {
	if err := b.writable(); err != nil {
		return 0, err
	}
	if n, err = b.rows.NextSequence(); err == nil {
		b.grows()
		b.note(notedSequence, nil, binary.BigEndian.AppendUint64(nil, n))
	}
	return n, err
}

func (b *bucket) SetSequence(n uint64) error {
	if err := b.writable(); err != nil {
		return err
	}
	b.note(notedSequence, nil, binary.BigEndian.AppendUint64(nil, n))
	return b.rows.SetSequence(n)
}

// Expect need not do anything: all rows are near.
func (b *bucket) Expect(...[]byte) {}

func (b *bucket) Rows(r store.Range) iter.Seq2[store.Row, error] {
	return func(yield func(store.Row, error) bool) {
		switch {
		case b.rows == nil:
		case r.Reverse:
			b.backwards(r, yield)
		default:
			b.forwards(r, func(k, v []byte) bool { return b.yield(k, v, yield) })
		}
	}
}

// yield hands a row on as it was before it was stored, or what is wrong with it.
func (b *bucket) yield(k, raw []byte, yield func(store.Row, error) bool) bool {
	v, err := b.unseal(k, raw)
	return yield(store.Row{Key: k, Value: v}, err)
}

func (b *bucket) forwards(r store.Range, visit func(k, raw []byte) bool) {
	from := r.From
	if bytes.Compare(from, r.Prefix) < 0 {
		from = r.Prefix
	}
	c := b.rows.Cursor()
	k, v := c.Seek(from)
	for k != nil && bytes.HasPrefix(k, r.Prefix) {
		at, changes := k, b.tx.changes
		if v != nil && !visit(k, v) { // nil is a part
			return
		}
		if b.tx.changes != changes { // bbolt's cursors don't survive a change
			if k, v = c.Seek(at); !bytes.Equal(k, at) {
				continue
			}
		}
		k, v = c.Next()
	}
}

// backwards goes by a cursor until something is changed. From then on it goes by keys that it gathers forwards:
// bbolt's cursors lose their way back over pages that the same transaction has emptied, and may never return.
func (b *bucket) backwards(r store.Range, yield func(store.Row, error) bool) {
	end, including := r.From, true
	if b.tx.changes == 0 {
		c := b.rows.Cursor()
		for k, v := last(c, r); k != nil && bytes.HasPrefix(k, r.Prefix); k, v = c.Prev() {
			if v != nil && !b.yield(k, v, yield) {
				return
			}
			if end, including = k, false; b.tx.changes > 0 {
				break
			}
		}
		if b.tx.changes == 0 {
			return
		}
	}
	var keys [][]byte
	b.forwards(store.Range{Prefix: r.Prefix}, func(k, _ []byte) bool {
		there := end == nil || bytes.Compare(k, end) < 0 || including && bytes.Equal(k, end)
		if there {
			keys = append(keys, k)
		}
		return there
	})
	for _, k := range slices.Backward(keys) {
		if v := b.rows.Get(k); v != nil && !b.yield(k, v, yield) {
			return
		}
	}
}

// last moves a cursor to where a range begins that is gone through backwards.
func last(c *bbolt.Cursor, r store.Range) (k, v []byte) {
	end, from := store.Successor(r.Prefix), r.From
	if end != nil && (from == nil || bytes.Compare(from, end) > 0) {
		from = end
	}
	if from == nil {
		return c.Last()
	}
	switch k, v = c.Seek(from); {
	case k == nil:
		return c.Last()
	case !bytes.Equal(k, from) || bytes.Equal(k, end):
		return c.Prev()
	}
	return k, v
}
