package postgres

import (
	"context"
	"errors"
	"fmt"
	"time"

	"digestd/internal/ledger/store"
)

// maxOff is how far the clock of this machine may be from the database's before it is said.
const maxOff = 5 * time.Second

// Examine asks a database whether it can keep a ledger, and changes nothing. What is wrong comes in words.
func Examine(ctx context.Context, opt Options) []error {
	opt.ReadOnly, opt.Marker = true, nil
	d, err := open(opt)
	if errors.Is(err, store.ErrMissing) { // and may it be made?
		if d, err = connectOnly(opt); err == nil {
			defer d.Close()
			err = d.mayMake(ctx)
		}
	}
	if err != nil {
		return []error{err}
	}
	defer d.Close()
	return d.settings(ctx)
}

// connectOnly is an open database in which there may be nothing.
func connectOnly(opt Options) (*DB, error) {
	d := &DB{server: server{opt: opt}, sessions: map[*session]bool{}}
	return d, d.dial()
}

// mayMake holds that the user may make the tables.
func (d *DB) mayMake(ctx context.Context) error {
	var schema *string
	allowed := false
	err := d.query(ctx, `select current_schema(), coalesce(has_schema_privilege(current_schema(), 'create'), false)`, nil, &schema, &allowed)
	switch {
	case err != nil:
		return err
	case schema == nil:
		return fmt.Errorf("%s: %w: no schema of its search_path is there: `create schema …`", d.name, store.ErrDenied)
	case !allowed:
		return fmt.Errorf("%s: %w: the user may not make tables in the schema %s: `grant create on schema %[3]s to …`", d.name, store.ErrDenied, *schema)
	}
	return nil
}

// Verify looks at the database's settings, for those who hold the ledger against its rules.
func (d *DB) Verify() []error { return d.settings(context.Background()) }

// settings are what is wrong with those that no connection is refused for.
func (d *DB) settings(ctx context.Context) (wrong []error) {
	say := func(format string, args ...any) {
		wrong = append(wrong, fmt.Errorf("%s: "+format, append([]any{d.name}, args...)...))
	}
	var fsync, full, synchronous, standbys string
	var now time.Time
	before := time.Now()
	err := d.query(ctx, `select current_setting('fsync'), current_setting('full_page_writes'), current_setting('synchronous_commit'),
		current_setting('synchronous_standby_names'), clock_timestamp()`, nil, &fsync, &full, &synchronous, &standbys, &now)
	if err != nil {
		return []error{err}
	}
	if fsync == "off" {
		say("fsync is off: a power cut would forget what was sent, or damage the ledger")
	}
	if full == "off" {
		say("full_page_writes is off: a power cut may damage the ledger")
	}
	if standbys != "" && synchronous == "local" {
		say("synchronous_commit is local, though there are synchronous standbys: one that is promoted would not know what was sent last")
	}
	if off := now.Sub(before.Add(time.Since(before) / 2)); off.Abs() > maxOff {
		say("its clock is %v off from this machine's: slots come by the wrong time on one of them", off.Round(time.Second))
	}
	return wrong
}
