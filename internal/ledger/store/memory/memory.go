// Package memory keeps a ledger in memory, for replays, and for tests in which no disk is the subject. That the ledger runs
// over it shows that the ledger knows no engine.
package memory

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"iter"
	"maps"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"digestd/internal/ledger/store"
)

// errClosed is what a store gives after its end.
var errClosed = errors.New("the store in memory is closed")

// Memory is what was committed. Stores that are opened on it find it as others left it.
type Memory struct {
	writing sync.Mutex
	locks   store.Locks
	now     atomic.Pointer[state]
	away    atomic.Bool
	ahead   atomic.Int64 // of the clock of this process, in nanoseconds

	mu       sync.Mutex
	sessions map[*opened]map[string][]store.Session // by name
}

// New makes one in which nothing stands.
func New() *Memory {
	m := &Memory{}
	m.now.Store(&state{})
	return m
}

// Open opens a store on it. It is a store.Opener.
func (m *Memory) Open() (store.Store, error) { return &opened{Memory: m}, nil }

// OpenShared opens a store that others change at the same time, as those do that several machines share. It is a
// store.Opener, and the store a store.Shared.
func (m *Memory) OpenShared() (store.Store, error) { return shared{&opened{Memory: m}}, nil }

// Kill ends the sessions of a name, as a database does that ends their connections.
func (m *Memory) Kill(name string) {
	m.mu.Lock()
	defer m.mu.Unlock()
	for _, sessions := range m.sessions {
		for _, s := range sessions[name] {
			s.Close()
		}
		delete(sessions, name)
	}
}

// SetAway takes the memory away, as a database that can't be reached, or brings it back. Sessions end with it.
func (m *Memory) SetAway(away bool) {
	m.away.Store(away)
	if !away {
		return
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	for o := range m.sessions {
		o.end()
	}
}

// SetAhead moves the clock of the memory, as that of a database on another machine.
func (m *Memory) SetAhead(by time.Duration) { m.ahead.Store(int64(by)) }

// state is all buckets and parts at one moment. No table in it changes any more.
type state map[name]*table

// name is that of a bucket, or of a part of it.
type name struct{ bucket, part string }

type table struct {
	rows     []store.Row // in the order of the keys
	sequence uint64
}

// find is where a key stands, or would stand.
func (t *table) find(key []byte) (int, bool) {
	return slices.BinarySearchFunc(t.rows, key, func(r store.Row, key []byte) int { return bytes.Compare(r.Key, key) })
}

type opened struct {
	*Memory
	closed atomic.Bool
}

func (o *opened) Name() string   { return "memory" }
func (o *opened) ReadOnly() bool { return false }

func (o *opened) Close() error {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.closed.Store(true)
	o.end()
	return nil
}

// end ends the sessions; the caller holds mu.
func (o *opened) end() {
	for _, sessions := range o.sessions[o] {
		for _, s := range sessions {
			s.Close()
		}
	}
	delete(o.sessions, o)
}

// usable is why nothing can be done now.
func (o *opened) usable() error {
	switch {
	case o.closed.Load():
		return errClosed
	case o.away.Load():
		return fmt.Errorf("memory: %w", store.ErrAway)
	}
	return nil
}

func (o *opened) Session(_ context.Context, name string) (store.Session, error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	if err := o.usable(); err != nil {
		return nil, err
	}
	s := o.locks.Session(o)
	if o.sessions == nil {
		o.sessions = map[*opened]map[string][]store.Session{}
	}
	if o.sessions[o] == nil {
		o.sessions[o] = map[string][]store.Session{}
	}
	o.sessions[o][name] = append(o.sessions[o][name], s)
	return s, nil
}

// shared is a store of several processes.
type shared struct{ *opened }

func (s shared) Clock(context.Context) (time.Time, error) {
	return time.Now().Add(time.Duration(s.ahead.Load())), s.usable()
}

func (s shared) Held(_ context.Context, names []string) ([]bool, error) {
	held := make([]bool, len(names))
	for i, name := range names {
		held[i] = s.locks.Held(name)
	}
	return held, s.usable()
}

func (o *opened) Lock(ctx context.Context, name string) (unlock func(), err error) {
	if err := o.usable(); err != nil {
		return nil, err
	}
	return o.locks.Lock(ctx, name)
}

func (o *opened) View(f func(store.Tx) error) (err error) {
	defer recoverPanic(&err)
	if err := o.usable(); err != nil {
		return err
	}
	return f(&tx{state: *o.now.Load()})
}

func (o *opened) Update(_ []store.Touch, f func(store.Tx) error) (err error) {
	o.writing.Lock()
	defer o.writing.Unlock()
	defer recoverPanic(&err)
	if err := o.usable(); err != nil {
		return err
	}
	t := &tx{state: maps.Clone(*o.now.Load()), mine: map[name]bool{}}
	if err := f(t); err != nil {
		return err
	}
	if err := o.usable(); err != nil { // it went away in the middle
		return err
	}
	o.now.Store(&t.state)
	return nil
}

func recoverPanic(err *error) {
	if p := recover(); p != nil {
		*err = store.Damaged("memory", fmt.Errorf("%v", p))
	}
}

// tx works on a state of its own, whose tables it copies before it changes them.
type tx struct {
	state   state
	mine    map[name]bool // the tables that were copied; nil for reading
	changes int
}

func (t *tx) Buckets() (names []string, err error) {
	for n := range t.state {
		if n.part == "" {
			names = append(names, n.bucket)
		}
	}
	slices.Sort(names)
	return names, nil
}

func (t *tx) Create(bucket string) error {
	if t.mine == nil {
		return errors.New("a transaction that only reads makes no bucket")
	}
	if n := (name{bucket, ""}); t.state[n] == nil {
		t.state[n] = &table{}
	}
	return nil
}

func (t *tx) Bucket(n string) store.Bucket            { return &bucket{t, name{n, ""}} }
func (t *tx) Part(n string, part string) store.Bucket { return &bucket{t, name{n, part}} }

func (t *tx) Parts(bucket string) (parts []string, err error) {
	for n := range t.state {
		if n.bucket == bucket && n.part != "" {
			parts = append(parts, n.part)
		}
	}
	slices.SortFunc(parts, strings.Compare)
	return parts, nil
}

func (t *tx) Drop(bucket, part string) error {
	t.changes++
	delete(t.state, name{bucket, part})
	return nil
}

type bucket struct {
	tx   *tx
	name name
}

// table is the bucket's rows for reading.
func (b *bucket) table() *table {
	if t := b.tx.state[b.name]; t != nil {
		return t
	}
	return &table{}
}

// writable is the bucket's rows for changing.
func (b *bucket) writable() (*table, error) {
	b.tx.changes++
	switch {
	case b.tx.mine == nil:
		return nil, errors.New("a transaction that only reads changes nothing")
	case b.tx.state[name{b.name.bucket, ""}] == nil:
		return nil, fmt.Errorf("%w: there is no bucket %s", store.ErrDamaged, b.name.bucket)
	}
	t := b.table()
	if !b.tx.mine[b.name] {
		t = &table{rows: slices.Clone(t.rows), sequence: t.sequence}
		b.tx.state[b.name], b.tx.mine[b.name] = t, true
	}
	return t, nil
}

func (b *bucket) Get(key []byte) ([]byte, error) {
	t := b.table()
	if i, found := t.find(key); found {
		return t.rows[i].Value, nil
	}
	return nil, nil
}

func (b *bucket) Put(key, value []byte) error {
	if len(key) == 0 {
		return errors.New("a key is empty")
	}
	t, err := b.writable()
	if err != nil {
		return err
	}
	row := store.Row{Key: bytes.Clone(key), Value: append([]byte{}, value...)}
	if i, found := t.find(key); found {
		t.rows[i] = row
	} else {
		t.rows = slices.Insert(t.rows, i, row)
	}
	return nil
}

func (b *bucket) Delete(key []byte) error {
	if b.tx.mine != nil && b.tx.state[b.name] == nil {
		return nil
	}
	t, err := b.writable()
	if err != nil {
		return err
	}
	if i, found := t.find(key); found {
		t.rows = slices.Delete(t.rows, i, i+1)
	}
	return nil
}

func (b *bucket) Sequence() (uint64, error) { return b.table().sequence, nil }

func (b *bucket) Next() (uint64, error) {
	t, err := b.writable()
	if err != nil {
		return 0, err
	}
	t.sequence++
	return t.sequence, nil
}

func (b *bucket) SetSequence(n uint64) error {
	t, err := b.writable()
	if err == nil {
		t.sequence = n
	}
	return err
}

// Expect need not do anything: all rows are near.
func (b *bucket) Expect(...[]byte) {}

func (b *bucket) Rows(r store.Range) iter.Seq2[store.Row, error] {
	return func(yield func(store.Row, error) bool) {
		step := 1
		if r.Reverse {
			step = -1
		}
		t := b.table()
		for i := t.first(r); i >= 0 && i < len(t.rows) && bytes.HasPrefix(t.rows[i].Key, r.Prefix); i += step {
			key, changes := t.rows[i].Key, b.tx.changes
			if !yield(t.rows[i], nil) {
				return
			}
			if b.tx.changes == changes {
				continue
			}
			t = b.table() // and find the place again
			found := false
			if i, found = t.find(key); !found && !r.Reverse {
				i--
			}
		}
	}
}

// first is where a range begins.
func (t *table) first(r store.Range) int {
	if !r.Reverse {
		from := r.From
		if bytes.Compare(from, r.Prefix) < 0 {
			from = r.Prefix
		}
		i, _ := t.find(from)
		return i
	}
	end := len(t.rows) // after the last with the prefix
	if len(r.Prefix) > 0 {
		from, _ := t.find(r.Prefix)
		for end = from; end < len(t.rows) && bytes.HasPrefix(t.rows[end].Key, r.Prefix); {
			end++
		}
	}
	if r.From != nil {
		i, found := t.find(r.From)
		if found {
			i++
		}
		end = min(end, i)
	}
	return end - 1
}
