package postgres

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/jackc/pgx/v5"

	"digestd/internal/ledger/store"
)

// session is a connection of its own. The database lets go of its names when it ends, and commits nothing more that comes over it.
type session struct {
	db   *DB
	conn *pgx.Conn

	using sync.Mutex // one at a time
	held  map[string]bool

	losing sync.Once
	lost   chan struct{}
}

// Session connects. One that says nothing for maxSilence is ended by the database: whoever has a name and is stopped must not
// keep it for ever.
func (d *DB) Session(ctx context.Context, name string) (store.Session, error) {
	return d.connect(ctx, name)
}

func (d *DB) connect(ctx context.Context, name string) (*session, error) {
	if err := d.usable(); err != nil {
		return nil, err
	}
	cfg := d.pool.Config()
	c := cfg.ConnConfig
	if err := cfg.BeforeConnect(ctx, c); err != nil {
		return nil, err
	}
	c.RuntimeParams["application_name"] = "digestd " + name
	if _, set := c.RuntimeParams["idle_session_timeout"]; !set {
		c.RuntimeParams["idle_session_timeout"] = milliseconds(maxSilence)
	}
	conn, err := pgx.ConnectConfig(ctx, c)
	if err != nil {
		return nil, d.explain(err)
	}
	s := &session{db: d, conn: conn, held: map[string]bool{}, lost: make(chan struct{})}
	d.mu.Lock()
	closed := d.closed
	d.sessions[s] = true
	d.mu.Unlock()
	if closed {
		s.Close()
		return nil, errClosed
	}
	go s.keep()
	return s, nil
}

// keep says something now and then, and finds out that the session is gone.
func (s *session) keep() {
	tick := time.NewTicker(beat)
	defer tick.Stop()
	for {
		select {
		case <-s.lost:
			return
		case <-tick.C:
			if s.using.TryLock() { // else it is at work, and finds out by itself
				_ = s.ask("select 1", nil)
				s.using.Unlock()
			}
		}
	}
}

// ask reads one row; the caller holds using.
func (s *session) ask(sql string, args []any, into ...any) error {
	ctx, cancel := context.WithTimeout(context.Background(), maxWait)
	defer cancel()
	conn, err := s.get(ctx)
	if err != nil {
		return err
	}
	if len(into) == 0 {
		_, err = conn.Exec(ctx, sql, args...)
	} else {
		err = conn.QueryRow(ctx, sql, args...).Scan(into...)
	}
	return s.explain(err)
}

func (s *session) TryLock(name string) (taken bool, err error) {
	s.using.Lock()
	defer s.using.Unlock()
	if s.held[name] && !s.gone() {
		return true, nil
	}
	err = s.ask("select pg_try_advisory_lock($1)", []any{s.db.key("name", name)}, &taken)
	if err == nil && taken {
		s.held[name] = true
	}
	return taken && err == nil, err
}

func (s *session) Unlock(name string) error {
	s.using.Lock()
	defer s.using.Unlock()
	if !s.held[name] {
		return nil
	}
	delete(s.held, name)
	return s.ask("select pg_advisory_unlock($1)", []any{s.db.key("name", name)})
}

func (s *session) Update(touched []store.Touch, f func(store.Tx) error) error {
	s.using.Lock()
	defer s.using.Unlock()
	if s.gone() {
		return s.explain(store.ErrSessionLost)
	}
	return s.db.change(s, touched, f)
}

func (s *session) Lost() <-chan struct{} { return s.lost }

func (s *session) gone() bool {
	select {
	case <-s.lost:
		return true
	default:
		return false
	}
}

// lose ends the session for good.
func (s *session) lose() {
	s.losing.Do(func() {
		close(s.lost)
		s.db.mu.Lock()
		delete(s.db.sessions, s)
		s.db.mu.Unlock()
	})
}

// Close lets go of all names, and ends the connection, which might take a moment.
func (s *session) Close() error {
	if s.gone() {
		return nil
	}
	s.lose()
	s.using.Lock()
	defer s.using.Unlock()
	ctx, cancel := context.WithTimeout(context.Background(), beat)
	defer cancel()
	_, _ = s.conn.Exec(ctx, "select pg_advisory_unlock_all()")
	_ = s.conn.Close(ctx)
	return nil
}

// A session is the line of its own transactions.

func (s *session) get(context.Context) (*pgx.Conn, error) {
	if s.gone() || s.conn.IsClosed() {
		return nil, store.ErrSessionLost
	}
	return s.conn, nil
}

func (s *session) renew() bool { return false }

func (s *session) put() {
	if !s.gone() && s.conn.PgConn().TxStatus() != 'I' { // what could not be ended must not go on
		s.lose()
		ctx, cancel := context.WithTimeout(context.Background(), beat)
		defer cancel()
		_ = s.conn.Close(ctx)
	}
}

// explain says of whatever ended the connection that the session is lost.
func (s *session) explain(err error) error {
	switch {
	case err == nil:
		return nil
	case isRefusal(err):
		return s.db.explain(err)
	}
	s.lose()
	if errors.Is(err, store.ErrSessionLost) {
		return fmt.Errorf("%s: %w", s.db.name, store.ErrSessionLost)
	}
	return fmt.Errorf("%s: %w (%w)", s.db.name, store.ErrSessionLost, err)
}

// Lock takes a name in the one session that is for that, and waits for its turn by asking again.
func (d *DB) Lock(ctx context.Context, name string) (unlock func(), err error) {
	leave, err := d.waiting.Lock(ctx, name) // those of this process share the session
	if err != nil {
		return nil, err
	}
	for pause := 20 * time.Millisecond; ; pause = min(2*pause, time.Second) {
		s, err := d.lockSession(ctx)
		taken := false
		if err == nil {
			taken, err = s.TryLock(name)
		}
		switch {
		case taken:
			return func() { _ = s.Unlock(name); leave() }, nil
		case err != nil && !errors.Is(err, store.ErrSessionLost): // of which there may be another
			leave()
			return nil, err
		}
		select {
		case <-time.After(pause):
		case <-ctx.Done():
			leave()
			return nil, ctx.Err()
		}
	}
}

// lockSession is the session that holds what Lock took.
func (d *DB) lockSession(ctx context.Context) (*session, error) {
	d.locking.Lock()
	defer d.locking.Unlock()
	if d.locks != nil && !d.locks.gone() {
		return d.locks, nil
	}
	s, err := d.connect(ctx, d.opt.Name)
	if err == nil {
		d.locks = s
	}
	return s, err
}
