package ledger

import (
	"errors"
	"path/filepath"
	"testing"

	"digestd/internal/ledger/store"
	"digestd/internal/ledger/store/bolt"
)

// patient is a file whose Views may keep others waiting.
type patient struct{ store.File }

func (p patient) View(func(store.Tx) error) error { return errors.New("others may wait for it") }

// TestNobodyWaitsForACheck: it may take minutes, and the daemon that runs it delivers meanwhile.
func TestNobodyWaitsForACheck(t *testing.T) {
	l, err := Open(bolt.At(filepath.Join(t.TempDir(), "digestd.db"), bolt.Options{}), nil)
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	composed(t, l, theEdition, 3)
	l.store = patient{l.store.(store.File)}
	if problems := l.Check(); len(problems) > 0 {
		t.Error(problems)
	}
}
