// Package postgres keeps the ledger in a PostgreSQL database, which several machines share. It is the only importer of pgx,
// and all that a database of one's own brings with it stands here: reaching it, its settings, who waits for whom,
// and what became of a commit whose answer was lost.
//
// All rows stand in one table, digestd_rows (bucket, part, key, value), whose primary key is the order in which they are read.
// A bucket is there when it has a row without part and key; the row without key also holds the sequence.
package postgres

import (
	"cmp"
	"context"
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"

	"digestd/internal/ledger/store"
)

// Errors of Open, beside those of package store. Each is wrapped with where the database is, and with what to do.
var (
	ErrSettings = errors.New("this database can't keep a ledger as it is set")
	ErrNewer    = errors.New("the tables were made by a newer digestd")
)

// How long anything takes at most. The server gives up before the client does, so that its words are heard.
const (
	maxWait      = 30 * time.Second // for an answer, by the client
	maxStatement = 25 * time.Second
	maxLock      = 22 * time.Second // for a lock: those who hold one are cut off before
	maxPause     = 15 * time.Second // between two statements of a change
	maxLook      = 10 * time.Minute // between two statements of a view
	maxSilence   = 30 * time.Second // of a session, which says something each beat
	beat         = 5 * time.Second
	keepTrying   = 5 * time.Second // for a connection, before somebody is told
)

// connections is how many a process has at most, beside one for each session and one for locks, unless the URL says
// pool_max_conns: the writer of deliveries, a poll, pages, and a look at a time.
const connections = 8

// Options say how to open a database.
type Options struct {
	// URL is as that of libpq: postgres://user@host:port/database?sslmode=verify-full. It has no password.
	URL string
	// Password is asked at each connection; nil is none.
	Password func() (string, error)
	// Name is how the database's own lists call this process; "digestd" stands before it.
	Name     string
	ReadOnly bool
	Anew     bool   // make it, also where a marker tells of a lost one; one in which something stands is refused
	Marker   Marker // of this machine; nil is none
}

// Marker tells, on this machine, whose the ledger is, so that an empty database is not taken for a first run.
type Marker interface {
	Read() (id string, err error) // empty where there is none
	Write(id string, created time.Time) error
}

// DB is an open database. It is a store.Shared.
type DB struct {
	server
	pool  *pgxpool.Pool
	space uint32 // tells the locks of several ledgers in one database apart

	made    sync.Map // the buckets that are known to be there
	waiting store.Locks

	mu       sync.Mutex
	closed   bool
	answered [][]byte // tokens of commits whose rows have no purpose any more
	sessions map[*session]bool

	locking sync.Mutex
	locks   *session // which holds what Lock took
}

// At opens the database when it is asked to. For writing, its tables are made where there are none.
//
// Errors: store.ErrAway when it can't be reached; store.ErrMissing when it is opened for reading and there are no tables;
// ErrSettings, store.ErrDenied, ErrNewer with words on what to do.
func At(opt Options) store.Opener {
	return func() (store.Store, error) {
		d, err := open(opt)
		if err != nil {
			return nil, err
		}
		return d, nil
	}
}

func open(opt Options) (_ *DB, err error) {
	d := &DB{server: server{opt: opt}, sessions: map[*session]bool{}}
	if err := d.dial(); err != nil {
		return nil, err
	}
	defer func() {
		if err != nil {
			d.pool.Close()
		}
	}()
	if err = d.exclusive(); err == nil {
		err = d.prepare()
	}
	if err != nil {
		return nil, err
	}
	return d, nil
}

// dial makes the pool. It connects when it is asked to.
func (d *DB) dial() error {
	cfg, err := d.configure()
	if err != nil {
		return err
	}
	if d.pool, err = pgxpool.NewWithConfig(context.Background(), cfg); err != nil {
		return d.explain(err)
	}
	return nil
}

// Name is the URL without its settings.
func (d *DB) Name() string { return d.name }

// ReadOnly reports whether it was opened for reading alone.
func (d *DB) ReadOnly() bool { return d.opt.ReadOnly }

// Close ends all sessions, and waits for nobody's transaction.
func (d *DB) Close() error {
	d.mu.Lock()
	if d.closed {
		d.mu.Unlock()
		return nil
	}
	d.closed = true
	sessions := d.sessions
	d.sessions = map[*session]bool{}
	d.mu.Unlock()
	for s := range sessions {
		s.Close()
	}
	d.pool.Close()
	return nil
}

var errClosed = errors.New("the ledger is closed")

func (d *DB) usable() error {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.closed {
		return fmt.Errorf("%s: %w", d.name, errClosed)
	}
	return nil
}

// View reads in one snapshot.
func (d *DB) View(f func(store.Tx) error) error {
	if err := d.usable(); err != nil {
		return err
	}
	t := &tx{db: d, line: &pooled{db: d}, begin: func(b *pgx.Batch) { b.Queue("begin isolation level repeatable read, read only") }}
	err := d.safely(func() error { return f(t) })
	t.leave()
	return cmp.Or(t.failed, err)
}

// Update changes things, alone as far as it touches the same. Each statement sees what was committed before it: a snapshot of
// the whole would be older than the locks.
func (d *DB) Update(touched []store.Touch, f func(store.Tx) error) error {
	if err := d.usable(); err != nil {
		return err
	}
	return d.change(&pooled{db: d}, touched, f)
}

func (d *DB) change(over line, touched []store.Touch, f func(store.Tx) error) error {
	if d.opt.ReadOnly {
		return fmt.Errorf("%s: it is open for reading alone", d.name)
	}
	t := &tx{db: d, line: over, writing: true, begin: func(b *pgx.Batch) { d.beginChange(b, touched) }}
	err := d.safely(func() error { return f(t) })
	if err == nil && t.failed == nil {
		err = t.commit()
	}
	t.leave()
	return cmp.Or(t.failed, err)
}

// safely returns a panic as an error, as the seam asks for.
func (d *DB) safely(f func() error) (err error) {
	defer func() {
		if p := recover(); p != nil {
			err = store.Damaged(d.name, fmt.Errorf("%v", p))
		}
	}()
	return f()
}

// key is the number under which the database knows a lock.
func (d *DB) key(kind, name string) int64 {
	sum := sha256.Sum256(fmt.Appendf(nil, "%d\x00%s\x00%s", d.space, kind, name))
	return int64(binary.BigEndian.Uint64(sum[:]))
}

// Clock is the time as the database has it.
func (d *DB) Clock(ctx context.Context) (now time.Time, err error) {
	err = d.query(ctx, "select clock_timestamp()", nil, &now)
	return now, err
}

// Size is how many bytes the rows take in the database.
func (d *DB) Size() (n int64) {
	_ = d.query(context.Background(), "select pg_total_relation_size('digestd_rows')", nil, &n)
	return n
}

// Held reports of each name whether anybody holds it.
func (d *DB) Held(ctx context.Context, names []string) ([]bool, error) {
	var all []int64
	err := d.query(ctx, `select coalesce(array_agg(classid::bigint << 32 | objid::bigint), '{}') from pg_locks
		where locktype = 'advisory' and objsubid = 1 and granted
		and database = (select oid from pg_database where datname = current_database())`, nil, &all)
	if err != nil {
		return nil, err
	}
	taken := map[int64]bool{}
	for _, key := range all {
		taken[key] = true
	}
	held := make([]bool, len(names))
	for i, name := range names {
		held[i] = taken[d.key("name", name)]
	}
	return held, nil
}

// query reads one row.
func (d *DB) query(ctx context.Context, sql string, args []any, into ...any) error {
	if err := d.usable(); err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(ctx, maxWait)
	defer cancel()
	err := d.explain(d.pool.QueryRow(ctx, sql, args...).Scan(into...))
	if errors.Is(err, store.ErrAway) { // of the connection alone, perhaps
		d.pool.Reset()
		err = d.explain(d.pool.QueryRow(ctx, sql, args...).Scan(into...))
	}
	return err
}
