package ledger

import (
	"fmt"
	"os"

	bolt "go.etcd.io/bbolt"
)

// A migration takes a ledger from one schema to the next, within one transaction.
type migration struct {
	from int
	step func(tx *bolt.Tx) error
}

// migrations are all steps, in order. Schema 1 is the first, so there is none yet.
func migrations() []migration { return nil }

// BackupPath is where a ledger is copied to before its schema is changed.
func BackupPath(path string, schema int) string { return fmt.Sprintf("%s.schema%d", path, schema) }

// migrate brings an older ledger to this program's schema: first a copy beside it, then all steps in one
// transaction, so that the ledger is either the old one or the new one. A ledger that is opened for reading
// is not touched, and so can't be read before a command that writes has migrated it.
func (l *Ledger) migrate(readOnly bool, steps []migration) error {
	if readOnly {
		return fmt.Errorf("%s: written by an older digestd (schema %d): `digestd collect` or `digestd run` brings it to this version, with a copy of the old one beside it",
			l.path, l.meta.Schema)
	}
	if err := l.copyTo(BackupPath(l.path, l.meta.Schema)); err != nil {
		return fmt.Errorf("%s: a copy before the schema is changed: %w", l.path, err)
	}
	next := l.meta
	err := l.db.Update(func(tx *bolt.Tx) error {
		for _, m := range steps {
			if m.from != next.Schema {
				continue
			}
			if err := m.step(tx); err != nil {
				return fmt.Errorf("from schema %d: %w", m.from, err)
			}
			next.Schema++
		}
		if next.Schema != Schema {
			return fmt.Errorf("there is no way from schema %d to schema %d", next.Schema, Schema)
		}
		return put(tx.Bucket(bucketMeta), keyMeta, next)
	})
	if err != nil {
		return fmt.Errorf("%s: change the schema: %w; nothing has changed", l.path, err)
	}
	l.meta = next
	return nil
}

// copyTo writes a copy of the ledger, whole on the disk before it bears its name. One that is there already is an
// earlier try's, and the ledger may have gone on since.
func (l *Ledger) copyTo(path string) error {
	tmp := path + ".part"
	file, err := os.OpenFile(tmp, os.O_WRONLY|os.O_CREATE|os.O_TRUNC, 0o600)
	if err != nil {
		return err
	}
	defer os.Remove(tmp)
	err = l.db.View(func(tx *bolt.Tx) error { _, err := tx.WriteTo(file); return err })
	if err == nil {
		err = file.Sync()
	}
	if closing := file.Close(); err == nil {
		err = closing
	}
	if err != nil {
		return err
	}
	adopt(tmp, l.path)
	return replace(tmp, path)
}
