package ledger

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	bolt "go.etcd.io/bbolt"
)

// old makes a ledger of schema 0, which never was, and opens it without migrating.
func old(t *testing.T) *Ledger {
	t.Helper()
	path := filepath.Join(t.TempDir(), "digestd.db")
	l, err := Open(path, Options{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { l.Close() })
	l.meta.Schema = Schema - 1
	if err := l.db.Update(func(tx *bolt.Tx) error { return put(tx.Bucket(bucketMeta), keyMeta, l.meta) }); err != nil {
		t.Fatal(err)
	}
	return l
}

func schemaOf(t *testing.T, l *Ledger) (m meta) {
	t.Helper()
	if err := l.view(func(tx *bolt.Tx) error { _, err := get(tx.Bucket(bucketMeta), keyMeta, &m); return err }); err != nil {
		t.Fatal(err)
	}
	return m
}

func TestMigrationCopiesFirstAndIsAllOrNothing(t *testing.T) {
	l := old(t)
	mark := []byte("migrated")
	step := func(tx *bolt.Tx) error { return tx.Bucket(bucketMeta).Put(mark, mark) }
	failing := []migration{{from: Schema - 1, step: func(tx *bolt.Tx) error {
		if err := step(tx); err != nil {
			return err
		}
		return errors.New("the step fails at its end")
	}}}
	if err := l.migrate(false, failing); err == nil || !strings.Contains(err.Error(), "nothing has changed") {
		t.Fatalf("a failing step: %v", err)
	}
	if got := schemaOf(t, l); got.Schema != Schema-1 {
		t.Errorf("schema %d after a failing step", got.Schema)
	}
	since := []byte("committed since the failed step")
	if err := l.db.Update(func(tx *bolt.Tx) error { return tx.Bucket(bucketMeta).Put(since, since) }); err != nil {
		t.Fatal(err)
	}
	if err := l.migrate(false, []migration{{from: Schema - 1, step: step}}); err != nil {
		t.Fatal(err)
	}
	if got := schemaOf(t, l); got.Schema != Schema || got.ID != l.meta.ID {
		t.Errorf("meta %+v after the migration", got)
	}
	copied, err := bolt.Open(BackupPath(l.path, Schema-1), 0o600, &bolt.Options{ReadOnly: true})
	if err != nil {
		t.Fatal(err)
	}
	defer copied.Close()
	err = copied.View(func(tx *bolt.Tx) error {
		if tx.Bucket(bucketMeta).Get(mark) != nil {
			t.Error("the copy is migrated as well")
		}
		if tx.Bucket(bucketMeta).Get(since) == nil {
			t.Error("the copy is that of an earlier try")
		}
		return nil
	})
	if err != nil {
		t.Error(err)
	}
}

func TestOlderLedgerIsNotTouchedByReading(t *testing.T) {
	l := old(t)
	path := l.path
	l.Close()
	before, _ := os.ReadFile(path)
	if _, err := Open(path, Options{ReadOnly: true}); err == nil || !strings.Contains(err.Error(), "older digestd") {
		t.Errorf("reading an older ledger: %v", err)
	}
	if after, _ := os.ReadFile(path); string(after) != string(before) {
		t.Error("reading changed it")
	}
	if _, err := Open(path, Options{}); err == nil || !strings.Contains(err.Error(), "no way from schema") {
		t.Errorf("a ledger without a way to this schema: %v", err)
	}
}
