package store_test

import (
	"errors"
	"fmt"
	"slices"
	"testing"

	"digestd/internal/ledger/store"
	"digestd/internal/ledger/store/memory"
)

// dump is all that stands in a store, a line for each thing.
func dump(t *testing.T, s store.Store) (lines []string) {
	t.Helper()
	view(t, s, func(tx store.Tx) error {
		names, err := tx.Buckets()
		if err != nil {
			return err
		}
		for _, name := range names {
			parts, err := tx.Parts(name)
			if err != nil {
				return err
			}
			for _, part := range append([]string{""}, parts...) {
				b := tx.Bucket(name)
				if part != "" {
					b = tx.Part(name, part)
				}
				n, err := b.Sequence()
				if err != nil {
					return err
				}
				lines = append(lines, fmt.Sprintf("%q %q %d", name, part, n))
				for row, err := range b.Rows(store.Range{}) {
					if err != nil {
						return err
					}
					lines = append(lines, fmt.Sprintf("%q %q %q %x", name, part, row.Key, row.Value))
				}
			}
		}
		return nil
	})
	return lines
}

// copies carries rows, parts and sequences into the engine, and back out of it.
func copies(t *testing.T, open store.Opener) {
	from, err := memory.New().Open()
	if err != nil {
		t.Fatal(err)
	}
	update(t, from, func(tx store.Tx) error {
		err := errors.Join(tx.Create("empty"), tx.Create("rows"), tx.Create("numbered"), tx.Create("parts"),
			put(tx.Bucket("rows"), "a", "\x00", "\xff\xfe"), tx.Bucket("rows").Put([]byte("none"), nil), tx.Bucket("numbered").SetSequence(1<<40))
		for i := range 3000 {
			err = errors.Join(err, tx.Bucket("numbered").Put(fmt.Appendf(nil, "%05d", i), make([]byte, 300)))
		}
		for _, part := range []string{"one", "two/Europe/Paris", "drei ü"} {
			p := tx.Part("parts", part)
			n, nextErr := p.Next()
			err = errors.Join(err, nextErr, p.Put([]byte{byte(n)}, []byte("value")))
		}
		return errors.Join(err, tx.Part("parts", "numbered").SetSequence(7))
	})
	want := dump(t, from)
	there, err := open()
	if err != nil {
		t.Fatal(err)
	}
	defer there.Close()
	rows := 0
	if err := store.Copy(from, there, func(n int) { rows = n }); err != nil {
		t.Fatal(err)
	}
	if got := dump(t, there); !slices.Equal(got, want) || rows < 3000 {
		t.Errorf("%d rows were copied; there are %d lines, want %d", rows, len(got), len(want))
	}
	if err := store.Copy(from, there, func(int) {}); !errors.Is(err, store.ErrTaken) {
		t.Errorf("a copy into what is taken: %v", err)
	}
	back, err := memory.New().Open()
	if err != nil {
		t.Fatal(err)
	}
	if err := store.Copy(there, back, func(int) {}); err != nil {
		t.Fatal(err)
	}
	if got := dump(t, back); !slices.Equal(got, want) {
		t.Error("what was copied back is something else")
	}
}

// many asks for more rows than an engine may want to keep, told before and not.
func many(t *testing.T, open store.Opener) {
	s := begin(t, open)
	const all = 25_000
	key := func(i int) []byte { return fmt.Appendf(nil, "%06d", i) }
	update(t, s, func(tx store.Tx) (err error) {
		for i := range all {
			err = errors.Join(err, tx.Bucket("b").Put(key(i), key(i)))
		}
		return err
	})
	hold := func(tx store.Tx) error {
		b := tx.Bucket("b")
		var keys [][]byte
		for i := range all {
			keys = append(keys, key(i))
		}
		b.Expect(keys...)
		tx.Part("p", "none").Expect(keys[:100]...)
		for _, key := range keys {
			if value, err := b.Get(key); string(value) != string(key) || err != nil {
				return fmt.Errorf("%s is %q, %w", key, value, err)
			}
		}
		return nil
	}
	view(t, s, hold)
	update(t, s, hold)
	view(t, s, func(tx store.Tx) error {
		n := 0
		for row, err := range tx.Bucket("b").Rows(store.Range{}) {
			if string(row.Value) != string(key(n)) || err != nil {
				return fmt.Errorf("row %d is %q, %w", n, row.Value, err)
			}
			n++
		}
		value, err := tx.Bucket("b").Get(key(3))
		if n != all || string(value) != string(key(3)) {
			return fmt.Errorf("%d rows of %d, and then %q, %w", n, all, value, err)
		}
		return err
	})
}
