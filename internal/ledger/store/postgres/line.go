package postgres

import (
	"context"
	"crypto/rand"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"maps"
	"net"
	"slices"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/pgxpool"

	"digestd/internal/ledger/store"
)

// line is what a transaction goes over: a connection of the pool, or the one of a session.
type line interface {
	// get returns the connection, and makes sure that there is one.
	get(ctx context.Context) (*pgx.Conn, error)
	// renew reports whether another connection may be tried where this one is broken and nothing was read over it.
	renew() bool
	// put gives the connection back, broken or not.
	put()
	// explain says what an error is about.
	explain(err error) error
}

// pooled is a connection of the pool, for one transaction.
type pooled struct {
	db   *DB
	conn *pgxpool.Conn
}

func (p *pooled) get(ctx context.Context) (_ *pgx.Conn, err error) {
	if p.conn == nil {
		if p.conn, err = p.db.pool.Acquire(ctx); err != nil {
			return nil, err
		}
	}
	return p.conn.Conn(), nil
}

func (p *pooled) renew() bool {
	p.put()
	p.db.pool.Reset() // what ended one connection has probably ended all
	return true
}

func (p *pooled) put() {
	if p.conn != nil {
		p.conn.Release() // which closes one that is in the middle of something
		p.conn = nil
	}
}

func (p *pooled) explain(err error) error { return p.db.explain(err) }

// exchange is one round trip: what was written and what fill queues go out together, and what
// comes back is read. What begins the transaction goes
// with the first one; as long as that did not get through, it may be tried over other connections.
func (t *tx) exchange(fill func(b *pgx.Batch)) error {
	if t.failed != nil {
		return t.failed
	}
	t.bound()
	pause := 50 * time.Millisecond
	for deadline := time.Now().Add(keepTrying); ; {
		err := t.send(fill)
		if err == nil {
			t.began = true
			t.flushed()
			return nil
		}
		explained := t.line.explain(err)
		if !t.began && errors.Is(explained, store.ErrAway) && !isRefusal(err) && time.Now().Add(pause).Before(deadline) && t.line.renew() {
			time.Sleep(pause)
			pause *= 2
			continue
		}
		t.failed, t.cut = explained, !isRefusal(err)
		return explained
	}
}

func (t *tx) send(fill func(b *pgx.Batch)) error {
	ctx, cancel := context.WithTimeout(context.Background(), maxWait)
	defer cancel()
	conn, err := t.line.get(ctx)
	if err != nil {
		return err
	}
	b := &pgx.Batch{}
	if !t.began {
		t.begin(b)
	}
	t.flush(b)
	fill(b)
	return conn.SendBatch(ctx, b).Close()
}

// isRefusal reports whether the server itself ended a statement, and not the connection.
func isRefusal(err error) bool {
	var refused *pgconn.PgError
	return errors.As(err, &refused) && refused.Severity == "ERROR"
}

// isCut reports whether a connection ended, in whatever words.
func isCut(err error) bool {
	return errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) || errors.Is(err, net.ErrClosed) ||
		errors.Is(err, context.DeadlineExceeded) || errors.Is(err, pgconn.ErrConnClosed)
}

// leave ends what is still open, and gives the connection back.
func (t *tx) leave() {
	if t.began && !t.ended && !t.cut {
		ctx, cancel := context.WithTimeout(context.Background(), maxWait)
		defer cancel()
		if conn, err := t.line.get(ctx); err == nil {
			_, _ = conn.Exec(ctx, "rollback") // a view's end and a change's undoing are the same
		}
	}
	t.line.put()
}

// locksOf are the locks for what is touched, in the order of their numbers, each once.
func (d *DB) locksOf(touched []store.Touch) (keys []int64, shared []bool) {
	wanted := map[int64]bool{}
	for _, touch := range touched {
		key := d.key("touch", touch.Name)
		before, twice := wanted[key]
		wanted[key] = touch.Shared && (before || !twice)
	}
	for _, key := range slices.Sorted(maps.Keys(wanted)) {
		keys, shared = append(keys, key), append(shared, wanted[key])
	}
	return keys, shared
}

// beginChange queues what a change begins with: the locks, each for what it touches, in an order that is the same for all, so
// that nobody waits in a circle.
func (d *DB) beginChange(b *pgx.Batch, touched []store.Touch) {
	b.Queue("begin isolation level read committed")
	keys, shared := d.locksOf(touched)
	b.Queue(`select set_config('idle_in_transaction_session_timeout', $3, true) union all
		select case when t.shared then pg_advisory_xact_lock_shared(t.key)::text else pg_advisory_xact_lock(t.key)::text end
			from unnest($1::bigint[], $2::boolean[]) as t(key, shared)`, keys, shared, milliseconds(maxPause))
}

// commit makes durable what was written. A commit whose answer was lost is looked up.
func (t *tx) commit() error {
	if !t.dirty() {
		return nil
	}
	token := randomToken()
	gone := t.db.takeAnswered()
	committed := false
	err := t.exchange(func(b *pgx.Batch) {
		b.Queue("with gone as (delete from digestd_commits where token = any($2)) insert into digestd_commits (token) values ($1)", token, gone)
		b.Queue("commit").Exec(func(tag pgconn.CommandTag) error {
			if committed = tag.String() == "COMMIT"; !committed {
				return fmt.Errorf("%s: the database undid it (%s)", t.db.name, tag)
			}
			return nil
		})
	})
	switch {
	case err == nil || committed:
		t.ended, t.failed = true, nil
	case !t.cut:
		return err
	default:
		t.line.put()
		if committed, err = t.db.lookUp(token, err); !committed {
			return err
		}
		t.ended, t.failed = true, nil
	}
	t.db.answer(token)
	for name := range t.created {
		t.db.made.Store(name, true)
	}
	return nil
}

// lookUp finds out what became of a commit whose answer was lost, by taking its place: where its row is there, it was committed;
// where it is not, it is now, and the commit can't come any more, however late the database reads of it.
func (d *DB) lookUp(token []byte, lost error) (committed bool, err error) {
	pause := 50 * time.Millisecond
	for deadline := time.Now().Add(maxWait); ; pause = min(2*pause, 2*time.Second) {
		ctx, cancel := context.WithTimeout(context.Background(), maxWait)
		_, err := d.pool.Exec(ctx, "insert into digestd_commits (token) values ($1)", token)
		cancel()
		var refused *pgconn.PgError
		switch {
		case err == nil:
			return false, lost
		case errors.As(err, &refused) && refused.Code == "23505": // unique_violation
			return true, nil
		case time.Now().After(deadline) || d.usable() != nil:
			return false, fmt.Errorf("%w; whether it was committed is not known, since the database is still away: %w", lost, d.explain(err))
		}
		d.pool.Reset()
		time.Sleep(pause)
	}
}

// answer remembers tokens of which nobody will ask any more; takeAnswered takes them, for the next commit to remove.
func (d *DB) answer(token []byte) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.answered = append(d.answered, token)
}

func (d *DB) takeAnswered() [][]byte {
	d.mu.Lock()
	defer d.mu.Unlock()
	gone := d.answered
	d.answered = nil
	return gone
}

func randomToken() []byte {
	token := make([]byte, 16)
	rand.Read(token) // never fails since Go 1.24
	return token
}

func randomName() string { return hex.EncodeToString(randomToken()) }
