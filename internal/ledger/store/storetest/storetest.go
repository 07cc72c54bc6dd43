// Package storetest opens the engine that tests run over: one in memory, or what $DIGESTD_TEST_STORE names.
package storetest

import (
	"os"
	"path/filepath"
	"testing"

	"digestd/internal/ledger/store"
	"digestd/internal/ledger/store/bolt"
	"digestd/internal/ledger/store/memory"
)

// Variable names the engine that Fresh opens: "bolt", "postgres", or "memory", which is the default.
const Variable = "DIGESTD_TEST_STORE"

// Fresh returns the way to a new store of the engine that $DIGESTD_TEST_STORE names. It may be opened, closed, and
// opened again.
func Fresh(t testing.TB) store.Opener {
	t.Helper()
	switch engine := os.Getenv(Variable); engine {
	case "", "memory":
		return memory.New().Open
	case "bolt":
		return bolt.At(filepath.Join(t.TempDir(), "digestd.db"), bolt.Options{})
	case "postgres":
		return freshPostgres(t)
	default:
		t.Fatalf("%s=%s: there is no such engine", Variable, engine)
		return nil
	}
}

// Shared runs a test over the engines that several processes have at the same time: in memory, and PostgreSQL where it is asked for.
func Shared(t *testing.T, test func(t *testing.T, open store.Opener)) {
	t.Run("memory", func(t *testing.T) { test(t, memory.New().OpenShared) })
	t.Run("postgres", func(t *testing.T) { test(t, freshPostgres(t)) })
}

// NeedsFile passes over a test whose subject is a file, unless the tests run over the engine that has one.
func NeedsFile(t testing.TB) {
	t.Helper()
	if engine := os.Getenv(Variable); engine != "" && engine != "bolt" {
		t.Skip("a file is the subject, and this is ", engine)
	}
}
