package postgres

import (
	"context"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"

	"digestd/internal/ledger/store"
)

// layout is the version of the tables that this program makes. What stands in the rows has its own (ledger.Schema).
const layout = 1

// tables are made by whoever comes first. Values are mostly compressed already.
const tables = `
	create table digestd_layout (version integer not null);
	insert into digestd_layout values (1);
	create table digestd_rows (
		bucket text collate "C" not null, part bytea not null, key bytea not null, value bytea not null,
		primary key (bucket, part, key));
	alter table digestd_rows alter column value set storage external;
	create table digestd_commits (token bytea primary key, at timestamptz not null default now());`

// schemaLock is for making tables, before there is anything that tells ledgers apart.
const schemaLock = 0x646967657374

// prepare makes the tables where there are none, and reads what has to be known of them.
func (d *DB) prepare() error {
	ctx, cancel := context.WithTimeout(context.Background(), maxWait)
	defer cancel()
	err := pgx.BeginFunc(ctx, d.pool, func(t pgx.Tx) error {
		if _, err := t.Exec(ctx, "select pg_advisory_xact_lock($1)", schemaLock); err != nil {
			return err
		}
		there := false
		if err := t.QueryRow(ctx, "select to_regclass('digestd_layout') is not null").Scan(&there); err != nil {
			return err
		}
		switch {
		case !there && d.opt.ReadOnly:
			return fmt.Errorf("%w: `digestd collect` or `digestd run` makes it", store.ErrMissing)
		case !there:
			if err := d.mayBegin(); err != nil {
				return err
			}
			if _, err := t.Exec(ctx, tables); err != nil {
				return err
			}
		}
		version := 0
		if err := t.QueryRow(ctx, "select max(version) from digestd_layout").Scan(&version); err != nil {
			return err
		}
		if version > layout {
			return fmt.Errorf("%w (layout %d, this program knows %d): install that version again", ErrNewer, version, layout)
		}
		return t.QueryRow(ctx, "select 'digestd_rows'::regclass::oid").Scan(&d.space)
	})
	if err != nil {
		return d.explain(err)
	}
	names := []string{}
	err = d.View(func(t store.Tx) (err error) {
		names, err = t.Buckets()
		return err
	})
	for _, name := range names {
		d.made.Store(name, true)
	}
	switch {
	case err == nil && len(names) > 0 && d.opt.Anew:
		return fmt.Errorf("%s: %w: a ledger; drop its tables first if you really want to begin anew", d.name, store.ErrTaken)
	case err == nil && len(names) == 0 && !d.opt.ReadOnly && d.mayBegin() != nil:
		return fmt.Errorf("%s: %w", d.name, d.mayBegin())
	case err == nil && len(names) == 0 && d.opt.ReadOnly:
		return fmt.Errorf("%s: %w: `digestd collect` or `digestd run` makes it", d.name, store.ErrMissing)
	case err == nil && !d.opt.ReadOnly:
		_, err = d.pool.Exec(ctx, "delete from digestd_commits where at < now() - interval '1 day'")
		err = d.explain(err)
	}
	return err
}

// mayBegin tells a first run from a ledger that is lost.
func (d *DB) mayBegin() error {
	if d.opt.Anew || d.opt.Marker == nil {
		return nil
	}
	id, err := d.opt.Marker.Read()
	if err == nil && id != "" {
		err = fmt.Errorf("%w: this machine has known ledger %s, and the database has none; `digestd ledger copy` carries one there, from a "+
			"file or a backup, and `digestd ledger init` begins anew: what the feeds show then counts as news again, within [collect] lookback",
			store.ErrLost, id)
	}
	return err
}

// Mark holds that this is the ledger that this machine has known, and leaves word of it where there is none yet.
func (d *DB) Mark(id string, created time.Time) error {
	if d.opt.Marker == nil {
		return nil
	}
	known, err := d.opt.Marker.Read()
	if err != nil {
		return err
	}
	if known != "" && known != id && !d.opt.Anew {
		return fmt.Errorf("%s: %w: this machine has known ledger %s, and the database has ledger %s; check [ledger] postgres, or remove the marker "+
			"where the other one has no purpose any more", d.name, store.ErrLost, known, id)
	}
	return d.opt.Marker.Write(id, created)
}

// exclusive holds that a lock which one connection has is nobody else's: where connections are shared among clients, or locks
// are a word that does nothing, two senders would work on the same.
func (d *DB) exclusive() error {
	ctx, cancel := context.WithTimeout(context.Background(), maxWait)
	defer cancel()
	one, err := d.pool.Acquire(ctx)
	if err != nil {
		return d.explain(err)
	}
	defer one.Release()
	another, err := d.pool.Acquire(ctx)
	if err != nil {
		return d.explain(err)
	}
	defer another.Release()
	probe := d.key("probe", randomName())
	mine, theirs := false, true
	if err = one.QueryRow(ctx, "select pg_try_advisory_lock($1)", probe).Scan(&mine); err == nil {
		err = another.QueryRow(ctx, "select pg_try_advisory_lock($1)", probe).Scan(&theirs)
	}
	if err == nil {
		_, err = one.Exec(ctx, "select pg_advisory_unlock($1)", probe)
	}
	if err == nil && (!mine || theirs) {
		err = fmt.Errorf("%w: a lock that one connection has is another's too: digestd needs PostgreSQL itself, "+
			"and no pooler between", ErrSettings)
	}
	return d.explain(err)
}
