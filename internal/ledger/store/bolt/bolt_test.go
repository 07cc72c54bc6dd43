package bolt_test

import (
	"path/filepath"
	"testing"

	"digestd/internal/ledger/store"
	"digestd/internal/ledger/store/bolt"
	"digestd/internal/ledger/store/storetest"
)

func TestPromises(t *testing.T) {
	storetest.Run(t, func(t *testing.T) store.Opener {
		return bolt.At(filepath.Join(t.TempDir(), "digestd.db"), bolt.Options{})
	}, nil)
}
