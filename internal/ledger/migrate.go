package ledger

import (
	"fmt"

	"digestd/internal/ledger/store"
)

// A migration takes a ledger from one schema to the next, within one transaction.
type migration struct {
	from int
	step func(tx store.Tx) error
}

// migrations are all steps, in order. Schema 1 is the first, so there is none yet.
func migrations() []migration { return nil }

// backupSuffix is that of the copy of a ledger before its schema is changed.
func backupSuffix(schema int) string { return fmt.Sprintf(".schema%d", schema) }

// migrate brings an older ledger to this program's schema: first a copy beside it, then all steps in one
// transaction, so that the ledger is either the old one or the new one. A ledger that is opened for reading
// is not touched, and so can't be read before a command that writes has migrated it.
func (l *Ledger) migrate(steps []migration) error {
	next := l.Keys.meta
	if end := wayFrom(steps, next.Schema); end != Schema {
		return fmt.Errorf("%s: written by an older digestd, and there is no way from schema %d to schema %d: install the version that wrote it, "+
			"or restore a backup of this one", l.Path(), end, Schema)
	}
	if l.store.ReadOnly() {
		return fmt.Errorf("%s: written by an older digestd (schema %d): `digestd collect` or `digestd run` brings it to this version, with a copy of the old one beside it",
			l.Path(), next.Schema)
	}
	if file, ok := l.store.(store.File); ok {
		if err := file.Keep(backupSuffix(next.Schema)); err != nil {
			return fmt.Errorf("%s: a copy before the schema is changed: %w", l.Path(), err)
		}
	}
	err := l.store.Update(touches{store.Itself()}, func(tx store.Tx) error {
		for _, m := range steps {
			if m.from != next.Schema {
				continue
			}
			if err := m.step(tx); err != nil {
				return fmt.Errorf("from schema %d: %w", m.from, err)
			}
			next.Schema++
		}
		return tableMeta.in(tx).put(keyMeta, next)
	})
	if err != nil {
		return fmt.Errorf("%s: change the schema: %w; nothing has changed", l.Path(), err)
	}
	l.Keys.meta = next
	return nil
}

// wayFrom is the schema to which steps lead from one.
func wayFrom(steps []migration, schema int) int {
	for _, m := range steps {
		if m.from == schema {
			schema++
		}
	}
	return schema
}
