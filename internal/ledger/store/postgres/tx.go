package postgres

import (
	"bytes"
	"cmp"
	"encoding/binary"
	"errors"
	"fmt"
	"iter"
	"maps"
	"slices"
	"strings"

	"github.com/jackc/pgx/v5"

	"digestd/internal/ledger/store"
)

// Bounds of what a transaction keeps in memory.
const (
	maxPending = 4 << 20 // bytes that were put and not sent
	maxKnown   = 10_000  // rows that were read
	firstPage  = 16      // rows of a range that are read at first; each further page has four times as many
	lastPage   = 1024
)

// tx is a transaction. It sends nothing before it must: what is put waits for the next read of a range, or for the commit; what
// begins it waits for the first read.
type tx struct {
	db      *DB
	line    line
	writing bool
	begin   func(b *pgx.Batch)
	began   bool
	ended   bool
	wrote   bool  // and sent it
	failed  error // of an exchange: nothing goes any more
	cut     bool  // failed, and nobody knows what the database has of it

	open     map[place]*bucket
	created  map[string]bool
	expected []*bucket // whose rows somebody said they would ask for
	pending  int       // bytes
	known    int       // rows
}

// place is a bucket, or a part of it.
type place struct{ bucket, part string }

var errReading = errors.New("a transaction that only reads changes nothing")

func (t *tx) Buckets() (names []string, err error) {
	err = t.exchange(func(b *pgx.Batch) {
		b.Queue(skipping("bucket", "''", "part = '' and key = ''"), "").Query(func(r pgx.Rows) (err error) {
			names, err = pgx.CollectRows(r, pgx.RowTo[string])
			return err
		})
	})
	return names, err
}

func (t *tx) Parts(name string) (parts []string, err error) {
	err = t.exchange(func(b *pgx.Batch) {
		b.Queue(skipping("part", "''::bytea", "bucket = $1"), name).Query(func(r pgx.Rows) error {
			raw, err := pgx.CollectRows(r, pgx.RowTo[[]byte])
			for _, part := range raw {
				parts = append(parts, string(part))
			}
			return err
		})
	})
	return parts, err
}

// skipping reads the different values of a column after a first one, each by a look at the index.
func skipping(column, first, where string) string {
	return strings.NewReplacer("COLUMN", column, "FIRST", first, "WHERE", where).Replace(`
		with recursive it(x) as (
			(select COLUMN from digestd_rows where WHERE and COLUMN > FIRST and $1::text is not null order by COLUMN limit 1)
			union all
			select (select COLUMN from digestd_rows where WHERE and COLUMN > it.x order by COLUMN limit 1) from it where it.x is not null)
		select x from it where x is not null`)
}

func (t *tx) Create(name string) error {
	switch {
	case !t.writing:
		return errReading
	case name == "":
		return errors.New("a bucket needs a name")
	}
	there, err := t.there(name)
	if there || err != nil {
		return err
	}
	b := t.at(name, "")
	b.write(nil, sequence(0))
	if t.created == nil {
		t.created = map[string]bool{}
	}
	t.created[name] = true
	return nil
}

// there reports whether a bucket is.
func (t *tx) there(name string) (bool, error) {
	if _, made := t.db.made.Load(name); made || t.created[name] {
		return true, nil
	}
	raw, err := t.at(name, "").read(nil)
	return raw != nil, err
}

func (t *tx) Bucket(name string) store.Bucket     { return t.at(name, "") }
func (t *tx) Part(name, part string) store.Bucket { return t.at(name, part) }

func (t *tx) at(name, part string) *bucket {
	p := place{name, part}
	b := t.open[p]
	if b == nil {
		if t.open == nil {
			t.open = map[place]*bucket{}
		}
		b = &bucket{tx: t, place: p}
		t.open[p] = b
	}
	return b
}

func (t *tx) Drop(name, part string) error {
	if !t.writing {
		return errReading
	}
	b := t.at(name, part)
	b.puts, b.known, b.dropped = nil, nil, true
	return nil
}

// dirty reports whether anything was written.
func (t *tx) dirty() bool {
	for _, b := range t.open {
		if b.dirty() {
			return true
		}
	}
	return t.wrote
}

// flush queues all that was written and not sent, in an order that is the same for all.
func (t *tx) flush(b *pgx.Batch) {
	places := slices.SortedFunc(maps.Keys(t.open), func(a, b place) int {
		return cmp.Or(strings.Compare(a.bucket, b.bucket), strings.Compare(a.part, b.part))
	})
	for _, p := range places {
		t.open[p].flush(b)
	}
}

// flushed remembers that what was written was sent. What is long is not kept.
func (t *tx) flushed() {
	for _, b := range t.open {
		if !b.dirty() {
			continue
		}
		t.wrote = true
		for key, value := range b.puts {
			delete(b.known, key)
			b.knowShort(key, value)
		}
		b.puts, b.dropped = nil, false
	}
	t.pending = 0
}

// bucket is the rows of a place.
type bucket struct {
	tx *tx
	place
	puts    map[string][]byte // what was written and not sent; nil is gone
	dropped bool              // all that was there before
	known   map[string][]byte // what was read; nil is not there
	expects [][]byte
}

func (b *bucket) dirty() bool { return b.dropped || len(b.puts) > 0 }

func (b *bucket) flush(batch *pgx.Batch) {
	if b.dropped {
		batch.Queue("delete from digestd_rows where bucket = $1 and part = $2", b.bucket, []byte(b.part))
	}
	var gone, keys, values [][]byte
	for _, key := range slices.Sorted(maps.Keys(b.puts)) {
		if value := b.puts[key]; value == nil {
			gone = append(gone, []byte(key))
		} else {
			keys, values = append(keys, []byte(key)), append(values, value)
		}
	}
	if len(gone) > 0 && !b.dropped {
		batch.Queue("delete from digestd_rows where bucket = $1 and part = $2 and key = any($3)", b.bucket, []byte(b.part), gone)
	}
	if len(keys) > 0 {
		batch.Queue(`insert into digestd_rows (bucket, part, key, value) select $1, $2, * from unnest($3::bytea[], $4::bytea[])
			on conflict (bucket, part, key) do update set value = excluded.value`, b.bucket, []byte(b.part), keys, values)
	}
}

// bound forgets what is known when it is too much. What an exchange brings is known until the next one, at least.
func (t *tx) bound() {
	if t.known <= maxKnown {
		return
	}
	for _, b := range t.open {
		b.known = nil
	}
	t.known = 0
}

// know keeps what was read.
func (b *bucket) know(key string, value []byte) {
	b.tx.known++
	if b.known == nil {
		b.known = map[string][]byte{}
	}
	b.known[key] = value
}

// knowShort keeps what is not long, since nobody may ask for it.
func (b *bucket) knowShort(key string, value []byte) {
	if len(value) < 1<<10 {
		b.know(key, value)
	}
}

// seen is what the transaction knows of a row.
func (b *bucket) seen(key []byte) (value []byte, known bool) {
	if value, known = b.puts[string(key)]; known || b.dropped {
		return value, true
	}
	value, known = b.known[string(key)]
	return value, known
}

func (b *bucket) Get(key []byte) ([]byte, error) {
	if len(key) == 0 {
		return nil, nil
	}
	return b.read(key)
}

// Expect notes rows, and the sequence; the next read of a row that is not known reads all that was noted.
func (b *bucket) Expect(keys ...[]byte) {
	if len(b.expects) == 0 {
		b.tx.expected = append(b.tx.expected, b)
		b.expects = append(b.expects, nil)
	}
	b.expects = append(b.expects, keys...)
}

// read reads a row, and with it all that are expected.
func (b *bucket) read(key []byte) (value []byte, err error) {
	if value, known := b.seen(key); known {
		return value, nil
	}
	b.Expect(key)
	wanted := b.tx.expected
	var buckets []string
	var parts, keys [][]byte
	for _, w := range wanted {
		for _, key := range w.asked() {
			buckets, parts, keys = append(buckets, w.bucket), append(parts, []byte(w.part)), append(keys, key)
		}
		w.expects = nil
	}
	b.tx.expected = nil
	err = b.tx.exchange(func(batch *pgx.Batch) {
		batch.Queue(`select r.bucket, r.part, r.key, r.value from unnest($1::text[], $2::bytea[], $3::bytea[]) as w(bucket, part, key)
			join digestd_rows r on r.bucket = w.bucket collate "C" and r.part = w.part and r.key = w.key`, buckets, parts, keys).
			Query(func(r pgx.Rows) error { return b.tx.collect(buckets, parts, keys, r) })
	})
	if err != nil {
		return nil, err
	}
	value, _ = b.seen(key)
	return value, nil
}

// asked are the expected rows that are not known yet, each once.
func (b *bucket) asked() [][]byte {
	asked := slices.Clone(b.expects)
	for i, key := range asked {
		if key == nil {
			asked[i] = []byte{}
		}
	}
	slices.SortFunc(asked, bytes.Compare)
	return slices.CompactFunc(asked, bytes.Equal)
}

// collect takes in the rows that were asked for, those that are not there as well.
func (t *tx) collect(buckets []string, parts, keys [][]byte, r pgx.Rows) error {
	for i, name := range buckets {
		t.at(name, string(parts[i])).know(string(keys[i]), nil)
	}
	var name string
	var part, key, value []byte
	_, err := pgx.ForEachRow(r, []any{&name, &part, &key, &value}, func() error {
		t.at(name, string(part)).known[string(key)] = value
		value = nil
		return nil
	})
	return err
}

// write puts a row, or takes it away; long writes are sent at once.
func (b *bucket) write(key, value []byte) error {
	if b.puts == nil {
		b.puts = map[string][]byte{}
	}
	b.puts[string(key)] = value
	if b.tx.pending += len(key) + len(value); b.tx.pending > maxPending {
		return b.tx.exchange(func(*pgx.Batch) {})
	}
	return nil
}

// writable holds that the bucket may be written.
func (b *bucket) writable() error {
	if !b.tx.writing {
		return errReading
	}
	there, err := b.tx.there(b.bucket)
	if err == nil && !there {
		err = fmt.Errorf("%w: there is no bucket %s", store.ErrDamaged, b.bucket)
	}
	return err
}

func (b *bucket) Put(key, value []byte) error {
	if len(key) == 0 {
		return errors.New("a key is empty")
	}
	if err := b.writable(); err != nil {
		return err
	}
	if value == nil {
		value = []byte{}
	}
	return b.write(bytes.Clone(key), value)
}

func (b *bucket) Delete(key []byte) error {
	if !b.tx.writing {
		return errReading
	}
	if len(key) == 0 {
		return nil
	}
	return b.write(key, nil)
}

// sequence is how the row without a key says what number Next returned last.
func sequence(n uint64) []byte { return binary.BigEndian.AppendUint64(nil, n) }

func (b *bucket) Sequence() (uint64, error) {
	raw, err := b.read(nil)
	if err != nil || len(raw) != 8 {
		return 0, err
	}
	return binary.BigEndian.Uint64(raw), nil
}

func (b *bucket) Next() (uint64, error) {
	if err := b.writable(); err != nil {
		return 0, err
	}
	n, err := b.Sequence()
	if err != nil {
		return 0, err
	}
	return n + 1, b.write(nil, sequence(n+1))
}

func (b *bucket) SetSequence(n uint64) error {
	if err := b.writable(); err != nil {
		return err
	}
	return b.write(nil, sequence(n))
}

func (b *bucket) Rows(r store.Range) iter.Seq2[store.Row, error] {
	return func(yield func(store.Row, error) bool) {
		w := windowOf(r)
		for size := firstPage; ; size = min(4*size, lastPage) {
			page, err := b.page(w, size)
			if err != nil {
				yield(store.Row{}, err)
				return
			}
			for _, row := range page {
				if value, changed := b.puts[string(row.Key)]; changed {
					row.Value = value
				}
				if row.Value == nil || b.dropped { // it went while others were visited
					continue
				}
				if !yield(row, nil) {
					return
				}
			}
			if len(page) < size {
				return
			}
			w.advance(page[len(page)-1].Key)
		}
	}
}

func (b *bucket) page(w window, size int) (page []store.Row, err error) {
	sql, args := w.query(b.place, size)
	err = b.tx.exchange(func(batch *pgx.Batch) {
		batch.Queue(sql, args...).Query(func(r pgx.Rows) (err error) {
			page, err = pgx.CollectRows(r, pgx.RowToStructByPos[store.Row])
			return err
		})
	})
	for _, row := range page {
		b.knowShort(string(row.Key), row.Value)
	}
	return page, err
}

// window is what of a range is still to be read: from a key on, and up to another one that is not among it any more. Backwards
// it is the other way about.
type window struct {
	from, to []byte // nil has no bound
	after    bool   // from itself was read
	reverse  bool
}

func windowOf(r store.Range) window {
	if !r.Reverse {
		w := window{from: r.From, to: store.Successor(r.Prefix)}
		if bytes.Compare(w.from, r.Prefix) < 0 {
			w.from = r.Prefix
		}
		if w.from == nil {
			w.after, w.from = true, []byte{} // the row without key is no row
		}
		return w
	}
	w := window{from: r.From, to: r.Prefix, reverse: true}
	if end := store.Successor(r.Prefix); end != nil && (w.from == nil || bytes.Compare(w.from, end) >= 0) {
		w.from, w.after = end, true
	}
	return w
}

func (w *window) advance(key []byte) { w.from, w.after = key, true }

func (w *window) query(p place, size int) (sql string, args []any) {
	args = []any{p.bucket, []byte(p.part), size}
	sql = "select key, value from digestd_rows where bucket = $1 and part = $2 and key <> ''"
	bound := func(key []byte, relation string) {
		if key != nil {
			args = append(args, key)
			sql += fmt.Sprintf(" and key %s $%d", relation, len(args))
		}
	}
	order := "key"
	switch {
	case w.reverse && w.after:
		bound(w.from, "<")
	case w.reverse:
		bound(w.from, "<=")
	case w.after:
		bound(w.from, ">")
	default:
		bound(w.from, ">=")
	}
	if w.reverse {
		bound(w.to, ">=")
		order = "key desc"
	} else {
		bound(w.to, "<")
	}
	return sql + " order by " + order + " limit $3", args
}
