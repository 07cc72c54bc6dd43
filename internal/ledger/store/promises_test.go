package store_test

import (
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"maps"
	"math/rand/v2"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"digestd/internal/ledger/store"
	"digestd/internal/ledger/store/bolt"
	"digestd/internal/ledger/store/memory"
	"digestd/internal/ledger/store/postgres"
	"digestd/internal/ledger/store/storetest"
)

// TestPromises holds each engine to what every engine promises.
func TestPromises(t *testing.T) {
	kill := func(_ *testing.T, s store.Store, session string) { s.(interface{ Kill(string) }).Kill(session) }
	t.Run("memory", func(t *testing.T) {
		promises(t, func(*testing.T) store.Opener { return memory.New().Open }, kill)
	})
	t.Run("memory, shared", func(t *testing.T) {
		promises(t, func(*testing.T) store.Opener { return memory.New().OpenShared }, kill)
	})
	t.Run("bolt", func(t *testing.T) {
		promises(t, func(t *testing.T) store.Opener {
			return bolt.At(filepath.Join(t.TempDir(), "digestd.db"), bolt.Options{})
		}, nil)
	})
	t.Run("bolt, journalling", func(t *testing.T) {
		promises(t, func(t *testing.T) store.Opener {
			return bolt.At(filepath.Join(t.TempDir(), "digestd.db"), bolt.Options{Eager: true})
		}, nil)
	})
	t.Run("postgres", func(t *testing.T) {
		cluster := storetest.PostgreSQL(t)
		promises(t, func(t *testing.T) store.Opener {
			return postgres.At(postgres.Options{URL: cluster.URL(t), Name: "test"})
		}, func(t *testing.T, _ store.Store, session string) { cluster.Kill(t, session) })
	})
}

// promises holds an engine to its promises. fresh makes the way to a new store each time. kill ends the sessions of a
// name from outside; it is nil where nobody can.
func promises(t *testing.T, fresh func(t *testing.T) store.Opener, kill func(t *testing.T, s store.Store, session string)) {
	for _, promise := range []struct {
		name string
		hold func(t *testing.T, open store.Opener)
	}{
		{"a bucket is a map in order", ordered},
		{"ranges", ranges},
		{"parts", parts},
		{"sequences", sequences},
		{"rows may go while they are visited", deletes},
		{"what fails leaves nothing", rollback},
		{"a view is of one moment", snapshots},
		{"writers wait for each other", writers},
		{"what was committed is there behind the end", durable},
		{"a bucket that is not there", absent},
		{"locks", locks},
		{"sessions", sessions},
		{"copies", copies},
		{"many rows at once", many},
	} {
		t.Run(promise.name, func(t *testing.T) { promise.hold(t, fresh(t)) })
	}
	if kill != nil {
		t.Run("a session that is killed", func(t *testing.T) { killed(t, fresh(t), kill) })
	}
	t.Run("several processes", func(t *testing.T) { several(t, fresh(t)) })
}

// begin opens a store that has a bucket b for rows and a bucket p for parts.
func begin(t *testing.T, open store.Opener) store.Store {
	t.Helper()
	s, err := open()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { s.Close() })
	update(t, s, func(tx store.Tx) error { return errors.Join(tx.Create("b"), tx.Create("p")) })
	return s
}

func update(t *testing.T, s store.Store, f func(store.Tx) error) {
	t.Helper()
	if err := s.Update([]store.Touch{store.Itself()}, f); err != nil {
		t.Fatal(err)
	}
}

func view(t *testing.T, s store.Store, f func(store.Tx) error) {
	t.Helper()
	if err := s.View(f); err != nil {
		t.Fatal(err)
	}
}

// put sets keys to their own names.
func put(b store.Bucket, keys ...string) error {
	for _, k := range keys {
		if err := b.Put([]byte(k), []byte("value of "+k)); err != nil {
			return err
		}
	}
	return nil
}

// keys are those of a range. Each must have the value that put gave it.
func keys(t *testing.T, b store.Bucket, r store.Range) (keys []string) {
	t.Helper()
	for row, err := range b.Rows(r) {
		if err != nil {
			t.Fatal(err)
		}
		if string(row.Value) != "value of "+string(row.Key) {
			t.Errorf("%q is %q", row.Key, row.Value)
		}
		keys = append(keys, string(row.Key))
	}
	return keys
}

// ordered holds a bucket against a Go map, over random changes in many transactions.
func ordered(t *testing.T, open store.Opener) {
	s := begin(t, open)
	random := rand.New(rand.NewPCG(1, 2))
	want := map[string]string{}
	for range 40 {
		update(t, s, func(tx store.Tx) error {
			b := tx.Bucket("b")
			for range 100 {
				key := fmt.Sprintf("%x\x00%s", random.IntN(700), strings.Repeat("k", random.IntN(40)))
				if random.IntN(3) == 0 {
					delete(want, key)
					if err := b.Delete([]byte(key)); err != nil {
						return err
					}
					continue
				}
				want[key] = strings.Repeat("v", random.IntN(300))
				if err := b.Put([]byte(key), []byte(want[key])); err != nil {
					return err
				}
				if got, err := b.Get([]byte(key)); err != nil || string(got) != want[key] {
					return fmt.Errorf("what was put is %q, %w", got, err)
				}
			}
			return nil
		})
		view(t, s, func(tx store.Tx) error {
			b := tx.Bucket("b")
			left := slices.Sorted(maps.Keys(want))
			for row, err := range b.Rows(store.Range{}) {
				if err != nil || len(left) == 0 || string(row.Key) != left[0] || string(row.Value) != want[left[0]] {
					return fmt.Errorf("a row %q, %w; want of %q", row.Key, err, left[:min(1, len(left))])
				}
				if got, err := b.Get(row.Key); err != nil || !bytes.Equal(got, row.Value) {
					return fmt.Errorf("%q is %q when asked for, %w", row.Key, got, err)
				}
				left = left[1:]
			}
			if got, err := b.Get([]byte("never")); got != nil || err != nil || len(left) > 0 {
				return fmt.Errorf("%d keys are missing; one that never was is %q, %w", len(left), got, err)
			}
			return nil
		})
	}
	update(t, s, func(tx store.Tx) error { // empty is not absent
		if err := tx.Bucket("b").Put([]byte("empty"), nil); err != nil {
			return err
		}
		if got, err := tx.Bucket("b").Get([]byte("empty")); got == nil || len(got) > 0 || err != nil {
			return fmt.Errorf("an empty value is %v, %w", got, err)
		}
		return nil
	})
	view(t, s, func(tx store.Tx) error {
		if got, err := tx.Bucket("b").Get([]byte("empty")); got == nil || len(got) > 0 || err != nil {
			return fmt.Errorf("an empty value is %v, %w, when it is committed", got, err)
		}
		return nil
	})
}

func ranges(t *testing.T, open store.Opener) {
	s := begin(t, open)
	update(t, s, func(tx store.Tx) error {
		return put(tx.Bucket("b"), "a", "b", "b\x00", "b\x00x", "b\xff", "b\xff\xff", "c", "\xff", "\xff\xff")
	})
	for _, c := range []struct {
		r    store.Range
		want []string
	}{
		{store.Range{}, []string{"a", "b", "b\x00", "b\x00x", "b\xff", "b\xff\xff", "c", "\xff", "\xff\xff"}},
		{store.Range{Reverse: true}, []string{"\xff\xff", "\xff", "c", "b\xff\xff", "b\xff", "b\x00x", "b\x00", "b", "a"}},
		{store.Range{From: []byte("b\xff")}, []string{"b\xff", "b\xff\xff", "c", "\xff", "\xff\xff"}},
		{store.Range{From: []byte("b\x01")}, []string{"b\xff", "b\xff\xff", "c", "\xff", "\xff\xff"}},
		{store.Range{From: []byte("\xff\xff\xff")}, nil},
		{store.Range{From: []byte("b\x00"), Reverse: true}, []string{"b\x00", "b", "a"}},
		{store.Range{From: []byte("b\x01"), Reverse: true}, []string{"b\x00x", "b\x00", "b", "a"}},
		{store.Range{From: []byte("\xff\xff\xff"), Reverse: true}, []string{"\xff\xff", "\xff", "c", "b\xff\xff", "b\xff", "b\x00x", "b\x00", "b", "a"}},
		{store.Range{From: []byte("A"), Reverse: true}, nil},
		{store.Range{Prefix: []byte("b")}, []string{"b", "b\x00", "b\x00x", "b\xff", "b\xff\xff"}},
		{store.Range{Prefix: []byte("b"), Reverse: true}, []string{"b\xff\xff", "b\xff", "b\x00x", "b\x00", "b"}},
		{store.Range{Prefix: []byte("b\x00")}, []string{"b\x00", "b\x00x"}},
		{store.Range{Prefix: []byte("b\xff"), Reverse: true}, []string{"b\xff\xff", "b\xff"}},
		{store.Range{Prefix: []byte("\xff"), Reverse: true}, []string{"\xff\xff", "\xff"}},
		{store.Range{Prefix: []byte("bb")}, nil},
		{store.Range{Prefix: []byte("bb"), Reverse: true}, nil},
		{store.Range{Prefix: []byte("b"), From: []byte("b\x00x")}, []string{"b\x00x", "b\xff", "b\xff\xff"}},
		{store.Range{Prefix: []byte("b"), From: []byte("a")}, []string{"b", "b\x00", "b\x00x", "b\xff", "b\xff\xff"}},
		{store.Range{Prefix: []byte("b"), From: []byte("c")}, nil},
		{store.Range{Prefix: []byte("b"), From: []byte("b\x00x"), Reverse: true}, []string{"b\x00x", "b\x00", "b"}},
		{store.Range{Prefix: []byte("b"), From: []byte("z"), Reverse: true}, []string{"b\xff\xff", "b\xff", "b\x00x", "b\x00", "b"}},
		{store.Range{Prefix: []byte("b"), From: []byte("a"), Reverse: true}, nil},
	} {
		view(t, s, func(tx store.Tx) error {
			if got := keys(t, tx.Bucket("b"), c.r); !slices.Equal(got, c.want) {
				t.Errorf("%+v: %q, want %q", c.r, got, c.want)
			}
			return nil
		})
	}
}

func parts(t *testing.T, open store.Opener) {
	s := begin(t, open)
	update(t, s, func(tx store.Tx) error {
		if err := put(tx.Part("p", "one"), "x", "y"); err != nil {
			return err
		}
		tx.Part("p", "never") // looking makes none
		return put(tx.Part("p", "one/two"), "x")
	})
	look := func(tx store.Tx, want ...string) {
		t.Helper()
		if got, err := tx.Parts("p"); err != nil || !slices.Equal(got, want) {
			t.Errorf("parts %q, %v; want %q", got, err, want)
		}
	}
	view(t, s, func(tx store.Tx) error {
		look(tx, "one", "one/two")
		if got := keys(t, tx.Part("p", "one"), store.Range{}); !slices.Equal(got, []string{"x", "y"}) {
			t.Errorf("rows of a part %q", got)
		}
		if got := keys(t, tx.Bucket("p"), store.Range{}); len(got) > 0 {
			t.Errorf("rows of a bucket with parts %q", got)
		}
		if got, err := tx.Part("p", "never").Get([]byte("x")); got != nil || err != nil {
			t.Errorf("a part that is not there has %q, %v", got, err)
		}
		return nil
	})
	update(t, s, func(tx store.Tx) error {
		for range 2 { // a part that is not there any more can be dropped as well
			if err := tx.Drop("p", "one"); err != nil {
				return err
			}
		}
		look(tx, "one/two")
		if got := keys(t, tx.Part("p", "one"), store.Range{}); len(got) > 0 {
			t.Errorf("a part that was dropped has %q", got)
		}
		return put(tx.Part("p", "one"), "z")
	})
	view(t, s, func(tx store.Tx) error {
		look(tx, "one", "one/two")
		if got := keys(t, tx.Part("p", "one"), store.Range{}); !slices.Equal(got, []string{"z"}) {
			t.Errorf("rows of a part that was made anew %q", got)
		}
		return nil
	})
}

func sequences(t *testing.T, open store.Opener) {
	s := begin(t, open)
	next := func(b store.Bucket, want uint64) error {
		if got, err := b.Next(); err != nil || got != want {
			return fmt.Errorf("the next number is %d, %w; want %d", got, err, want)
		}
		got, err := b.Sequence()
		if err != nil || got != want {
			return fmt.Errorf("the last number is %d, %w; want %d", got, err, want)
		}
		return b.Put(binary.BigEndian.AppendUint64(nil, got), []byte("row"))
	}
	for n := uint64(1); n <= 600; n++ {
		update(t, s, func(tx store.Tx) error {
			return errors.Join(next(tx.Bucket("b"), n), next(tx.Part("p", "p"), 2*n-1), next(tx.Part("p", "p"), 2*n))
		})
	}
	undone := errors.New("undone")
	err := s.Update(nil, func(tx store.Tx) error { return errors.Join(next(tx.Bucket("b"), 601), undone) })
	if !errors.Is(err, undone) {
		t.Fatal(err)
	}
	update(t, s, func(tx store.Tx) error {
		return errors.Join(next(tx.Bucket("b"), 601), tx.Drop("p", "p"), next(tx.Part("p", "p"), 1))
	})
	view(t, s, func(tx store.Tx) error {
		n := uint64(0)
		for row, err := range tx.Bucket("b").Rows(store.Range{}) {
			if n++; err != nil || binary.BigEndian.Uint64(row.Key) != n {
				return fmt.Errorf("row %d is %x, %w", n, row.Key, err)
			}
		}
		if got, err := tx.Part("p", "never").Sequence(); n != 601 || got != 0 || err != nil {
			return fmt.Errorf("%d rows; a part that is not there is at %d, %w", n, got, err)
		}
		return nil
	})
}

// deletes removes rows, changes others, and adds to another bucket while it goes through one.
func deletes(t *testing.T, open store.Opener) {
	for _, reverse := range []bool{false, true} {
		for _, left := range []int{0, 3, 100} { // of each hundred
			s := begin(t, open)
			var want []string
			update(t, s, func(tx store.Tx) error {
				if err := tx.Create("other"); err != nil {
					return err
				}
				for i := range 3000 {
					key := fmt.Sprintf("%05d", i)
					if i%100 < left {
						want = append(want, key)
					}
					if err := put(tx.Bucket("b"), key); err != nil {
						return err
					}
				}
				return nil
			})
			visited := 0
			update(t, s, func(tx store.Tx) error {
				b := tx.Bucket("b")
				for row, err := range b.Rows(store.Range{Reverse: reverse}) {
					if err != nil {
						return err
					}
					key := string(row.Key)
					n := 0
					fmt.Sscanf(key, "%d", &n)
					if visited++; n%100 >= left {
						err = b.Delete(row.Key)
					} else {
						err = errors.Join(put(b, key), put(tx.Bucket("other"), key))
					}
					if err != nil {
						return err
					}
				}
				return nil
			})
			view(t, s, func(tx store.Tx) error {
				if got := keys(t, tx.Bucket("b"), store.Range{}); visited != 3000 || !slices.Equal(got, want) {
					t.Errorf("reverse %v: %d of 3000 were visited, %d are left, want %d", reverse, visited, len(got), len(want))
				}
				return nil
			})
			update(t, s, func(tx store.Tx) error { // for the next round
				for row, err := range tx.Bucket("b").Rows(store.Range{Reverse: !reverse}) {
					if err := errors.Join(err, tx.Bucket("b").Delete(row.Key)); err != nil {
						return err
					}
				}
				if got := keys(t, tx.Bucket("b"), store.Range{}); len(got) > 0 {
					t.Errorf("%d rows are left of none", len(got))
				}
				return nil
			})
			s.Close()
		}
	}
}

func rollback(t *testing.T, open store.Opener) {
	s := begin(t, open)
	update(t, s, func(tx store.Tx) error {
		return errors.Join(put(tx.Bucket("b"), "old", "older"), put(tx.Part("p", "one"), "old"))
	})
	change := func(tx store.Tx) error {
		_, err := tx.Bucket("b").Next()
		return errors.Join(err, tx.Bucket("b").Delete([]byte("old")), put(tx.Bucket("b"), "new"), tx.Bucket("b").Put([]byte("older"), []byte("changed")),
			tx.Drop("p", "one"), put(tx.Part("p", "two"), "new"), tx.Create("c"))
	}
	refused := errors.New("refused")
	for name, end := range map[string]func() error{
		"an error": func() error { return refused },
		"a panic":  func() error { panic("the page is damaged") },
	} {
		err := s.Update(nil, func(tx store.Tx) error {
			if err := change(tx); err != nil {
				t.Fatal(err)
			}
			return end()
		})
		if !errors.Is(err, refused) && !errors.Is(err, store.ErrDamaged) {
			t.Errorf("%s: %v", name, err)
		}
		view(t, s, func(tx store.Tx) error {
			n, _ := tx.Bucket("b").Sequence()
			names, _ := tx.Buckets()
			parts, _ := tx.Parts("p")
			rows := keys(t, tx.Bucket("b"), store.Range{})
			if n != 0 || !slices.Equal(names, []string{"b", "p"}) || !slices.Equal(parts, []string{"one"}) || !slices.Equal(rows, []string{"old", "older"}) {
				t.Errorf("%s left %q in %q, parts %q, sequence %d", name, rows, names, parts, n)
			}
			return nil
		})
	}
	if err := s.View(func(store.Tx) error { panic("the page is damaged") }); !errors.Is(err, store.ErrDamaged) {
		t.Errorf("a panic of a view: %v", err)
	}
	if err := s.View(func(tx store.Tx) error { return put(tx.Bucket("b"), "new") }); err == nil {
		t.Error("a view changed something")
	}
	update(t, s, change) // nothing of what failed stands in the way
}

// snapshots keeps a view open while others commit.
func snapshots(t *testing.T, open store.Opener) {
	s := begin(t, open)
	update(t, s, func(tx store.Tx) error {
		return errors.Join(put(tx.Bucket("b"), "one", "two"), put(tx.Part("p", "part"), "one"))
	})
	begun, changed := make(chan bool), make(chan bool)
	var viewer sync.WaitGroup
	viewer.Go(func() {
		view(t, s, func(tx store.Tx) error {
			for i := range 2 {
				if got := keys(t, tx.Bucket("b"), store.Range{}); !slices.Equal(got, []string{"one", "two"}) {
					t.Errorf("look %d: %q", i, got)
				}
				if got := keys(t, tx.Part("p", "part"), store.Range{}); !slices.Equal(got, []string{"one"}) {
					t.Errorf("look %d into the part: %q", i, got)
				}
				if i == 0 {
					close(begun)
					<-changed
				}
			}
			return nil
		})
	})
	<-begun
	for range 5 {
		update(t, s, func(tx store.Tx) error {
			return errors.Join(put(tx.Bucket("b"), "three"), tx.Bucket("b").Delete([]byte("one")), tx.Drop("p", "part"))
		})
	}
	close(changed)
	viewer.Wait()
	view(t, s, func(tx store.Tx) error {
		if got := keys(t, tx.Bucket("b"), store.Range{}); !slices.Equal(got, []string{"three", "two"}) {
			t.Errorf("a view that begins behind the change: %q", got)
		}
		return nil
	})
}

// writers count up what they read, all at once, while others look whether what belongs together is together.
func writers(t *testing.T, open store.Opener) {
	s := begin(t, open)
	const each, all = 30, 6
	read := func(b store.Bucket, key string) (uint64, error) {
		raw, err := b.Get([]byte(key))
		if err != nil || raw == nil {
			return 0, err
		}
		return binary.BigEndian.Uint64(raw), nil
	}
	var group sync.WaitGroup
	for range all {
		group.Go(func() {
			for range each {
				err := s.Update([]store.Touch{store.News()}, func(tx store.Tx) error {
					b := tx.Bucket("b")
					n, err := read(b, "x")
					raw := binary.BigEndian.AppendUint64(nil, n+1)
					return errors.Join(err, b.Put([]byte("x"), raw), tx.Part("p", "y").Put([]byte("x"), raw))
				})
				if err != nil {
					t.Error(err)
				}
			}
		})
		group.Go(func() {
			for range each {
				err := s.View(func(tx store.Tx) error {
					x, errX := read(tx.Bucket("b"), "x")
					y, errY := read(tx.Part("p", "y"), "x")
					if x != y {
						t.Errorf("one is %d, the other %d", x, y)
					}
					return errors.Join(errX, errY)
				})
				if err != nil {
					t.Error(err)
				}
			}
		})
	}
	group.Wait()
	view(t, s, func(tx store.Tx) error {
		if n, err := read(tx.Bucket("b"), "x"); n != each*all || err != nil {
			t.Errorf("%d of %d changes are there, %v", n, each*all, err)
		}
		return nil
	})
}

func durable(t *testing.T, open store.Opener) {
	s := begin(t, open)
	update(t, s, func(tx store.Tx) error { return put(tx.Bucket("b"), "kept") })
	for range 2 { // a second end does nothing
		if err := s.Close(); err != nil {
			t.Fatal(err)
		}
	}
	nothing := func(store.Tx) error { return nil }
	if s.View(nothing) == nil || s.Update(nil, nothing) == nil {
		t.Error("a store that is closed goes on")
	}
	s, err := open()
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	view(t, s, func(tx store.Tx) error {
		if got := keys(t, tx.Bucket("b"), store.Range{}); !slices.Equal(got, []string{"kept"}) {
			t.Errorf("%q", got)
		}
		return nil
	})
}

func absent(t *testing.T, open store.Opener) {
	s := begin(t, open)
	view(t, s, func(tx store.Tx) error {
		b := tx.Bucket("never")
		got, err := b.Get([]byte("x"))
		n, nerr := b.Sequence()
		parts, perr := tx.Parts("never")
		if rows := keys(t, b, store.Range{Reverse: true}); got != nil || n != 0 || len(rows)+len(parts) > 0 {
			t.Errorf("a bucket that is not there has %q, %q, %q, sequence %d", got, rows, parts, n)
		}
		return errors.Join(err, nerr, perr)
	})
	update(t, s, func(tx store.Tx) error {
		if put(tx.Bucket("never"), "x") == nil || put(tx.Part("never", "part"), "x") == nil {
			t.Error("a bucket that is not there was written")
		}
		if err := errors.Join(tx.Bucket("never").Delete([]byte("x")), tx.Drop("never", "part"), tx.Create("never"), tx.Create("never")); err != nil {
			return err
		}
		return put(tx.Bucket("never"), "x")
	})
}

func locks(t *testing.T, open store.Opener) {
	s := begin(t, open)
	lock := func(ctx context.Context, name string) func() {
		t.Helper()
		unlock, err := s.Lock(ctx, name)
		if err != nil {
			t.Fatal(err)
		}
		return unlock
	}
	unlock := lock(t.Context(), "a lane")
	lock(t.Context(), "another lane")()
	ended, end := context.WithTimeout(t.Context(), 10*time.Millisecond)
	defer end()
	if _, err := s.Lock(ended, "a lane"); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("waiting in vain: %v", err)
	}
	var group sync.WaitGroup
	inside := 0 // the race detector watches it
	for range 20 {
		group.Go(func() {
			defer lock(t.Context(), "a lane")()
			inside++
		})
	}
	unlock()
	group.Wait()
	if inside != 20 {
		t.Errorf("%d were inside", inside)
	}
}
