package ledger

import (
	"bytes"
	"encoding/json"
	"fmt"
	"iter"

	"digestd/internal/ledger/store"
)

// table is a bucket, or the parts of one, whose rows are JSON.
type table[T any] struct {
	bucket string
	name   func(key []byte) string // how errors call a row
}

// called names rows by what they are and by their key.
func called(what string) func(key []byte) string {
	return func(key []byte) string { return fmt.Sprintf("%s %s", what, key) }
}

func (t table[T]) in(tx store.Tx) rows[T] { return rows[T]{tx.Bucket(t.bucket), t.name} }

func (t table[T]) part(tx store.Tx, part string) rows[T] {
	return rows[T]{tx.Part(t.bucket, part), t.name}
}

// rows are those of a table in a transaction.
type rows[T any] struct {
	store.Bucket
	name func(key []byte) string
}

// row is a key with what stands there.
type row[T any] struct {
	key   []byte
	value T
}

// read reads a value. The error names the row.
func (r rows[T]) read(key, raw []byte) (v T, err error) {
	if err = json.Unmarshal(raw, &v); err != nil {
		err = fmt.Errorf("%s: %w: %w", r.name(key), store.ErrDamaged, err)
	}
	return v, err
}

// get reads a row; it reports whether it is there.
func (r rows[T]) get(key []byte) (v T, ok bool, err error) {
	raw, err := r.Get(key)
	if raw == nil || err != nil {
		return v, false, err
	}
	v, err = r.read(key, raw)
	return v, err == nil, err
}

// has reports whether a row is there, and does not read it.
func (r rows[T]) has(key []byte) (bool, error) {
	raw, err := r.Get(key)
	return raw != nil, err
}

func (r rows[T]) put(key []byte, v T) error {
	raw, err := json.Marshal(v)
	if err != nil {
		return fmt.Errorf("%s: %w", r.name(key), err)
	}
	return r.Put(key, raw)
}

// each visits the rows of a range. One that can't be read comes with its key and an error, and those after it
// follow, if the caller goes on.
func (r rows[T]) each(of store.Range) iter.Seq2[row[T], error] {
	return func(yield func(row[T], error) bool) {
		for raw, err := range r.Rows(of) {
			it := row[T]{key: raw.Key}
			if err == nil {
				it.value, err = r.read(raw.Key, raw.Value)
			}
			if !yield(it, err) {
				return
			}
		}
	}
}

// values are those of a range for which keep, unless it is nil, reports true.
func (r rows[T]) values(of store.Range, keep func(T) bool) (values []T, err error) {
	for it, err := range r.each(of) {
		if err != nil {
			return nil, err
		}
		if keep == nil || keep(it.value) {
			values = append(values, it.value)
		}
	}
	return values, nil
}

// byKey are all values, by their keys.
func (r rows[T]) byKey() (map[string]T, error) {
	all := map[string]T{}
	for it, err := range r.each(store.Range{}) {
		if err != nil {
			return all, err
		}
		all[string(it.key)] = it.value
	}
	return all, nil
}

// putParts puts the parts of something, an edition or a page, under its name and their numbers.
func putParts(b store.Bucket, name string, parts [][]byte) error {
	for i, part := range parts {
		if err := b.Put(partKey(name, i), part); err != nil {
			return err
		}
	}
	return nil
}

// remove removes the rows of a range whose keys end so, read or not, and counts them.
func remove(b store.Bucket, of store.Range, end string) (n int, err error) {
	for it, err := range b.Rows(of) {
		if err != nil {
			return n, err
		}
		if !bytes.HasSuffix(it.Key, []byte(end)) {
			continue
		}
		n++
		if err := b.Delete(it.Key); err != nil {
			return n, err
		}
	}
	return n, nil
}
