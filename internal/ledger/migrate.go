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

// copyTo writes a copy of the ledger, whole on the disk before it bears its name. A copy that is there
// already is an earlier try's, and as good.
func (l *Ledger) copyTo(path string) error {
	if _, err := os.Stat(path); err == nil {
		return nil
	}
	tmp := path + ".part"
	err := l.db.View(func(tx *bolt.Tx) error { return tx.CopyFile(tmp, 0o600) })
	if err == nil {
		err = os.Rename(tmp, path)
	}
	if err != nil {
		os.Remove(tmp)
	}
	return err
}
