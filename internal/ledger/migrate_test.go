package ledger

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"digestd/internal/ledger/store"
	"digestd/internal/ledger/store/bolt"
	"digestd/internal/ledger/store/storetest"
)

// old makes a ledger of schema 0, which never was, and opens it without migrating.
func old(t *testing.T) *Ledger {
	t.Helper()
	storetest.NeedsFile(t)
	path := filepath.Join(t.TempDir(), "digestd.db")
	l, err := Open(bolt.At(path, bolt.Options{}), nil)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { l.Close() })
	l.Keys.meta.Schema = Schema - 1
	if err := l.store.Update(nil, func(tx store.Tx) error { return tableMeta.in(tx).put(keyMeta, l.Keys.meta) }); err != nil {
		t.Fatal(err)
	}
	return l
}

func schemaOf(t *testing.T, l *Ledger) (m meta) {
	t.Helper()
	if err := l.view(func(tx store.Tx) (err error) { m, _, err = tableMeta.in(tx).get(keyMeta); return err }); err != nil {
		t.Fatal(err)
	}
	return m
}

func TestMigrationCopiesFirstAndIsAllOrNothing(t *testing.T) {
	l := old(t)
	mark := []byte("migrated")
	step := func(tx store.Tx) error { return tx.Bucket(bucketMeta).Put(mark, mark) }
	failing := []migration{{from: Schema - 1, step: func(tx store.Tx) error {
		if err := step(tx); err != nil {
			return err
		}
		return errors.New("the step fails at its end")
	}}}
	if err := l.migrate(failing); err == nil || !strings.Contains(err.Error(), "nothing has changed") {
		t.Fatalf("a failing step: %v", err)
	}
	if got := schemaOf(t, l); got.Schema != Schema-1 {
		t.Errorf("schema %d after a failing step", got.Schema)
	}
	since := []byte("committed since the failed step")
	if err := l.store.Update(nil, func(tx store.Tx) error { return tx.Bucket(bucketMeta).Put(since, since) }); err != nil {
		t.Fatal(err)
	}
	if err := l.migrate([]migration{{from: Schema - 1, step: step}}); err != nil {
		t.Fatal(err)
	}
	if got := schemaOf(t, l); got.Schema != Schema || got.ID != l.Keys.meta.ID {
		t.Errorf("meta %+v after the migration", got)
	}
	copied, err := bolt.At(l.Path()+backupSuffix(Schema-1), bolt.Options{ReadOnly: true})()
	if err != nil {
		t.Fatal(err)
	}
	defer copied.Close()
	err = copied.View(func(tx store.Tx) error {
		if got, err := tx.Bucket(bucketMeta).Get(mark); got != nil || err != nil {
			t.Error("the copy is migrated as well")
		}
		if got, err := tx.Bucket(bucketMeta).Get(since); got == nil || err != nil {
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
	path := l.Path()
	l.Close()
	before, _ := os.ReadFile(path)
	if _, err := Open(bolt.At(path, bolt.Options{ReadOnly: true}), nil); err == nil || !strings.Contains(err.Error(), "older digestd") {
		t.Errorf("reading an older ledger: %v", err)
	}
	if after, _ := os.ReadFile(path); string(after) != string(before) {
		t.Error("reading changed it")
	}
	if _, err := Open(bolt.At(path, bolt.Options{}), nil); err == nil || !strings.Contains(err.Error(), "no way from schema") {
		t.Errorf("a ledger without a way to this schema: %v", err)
	}
}
