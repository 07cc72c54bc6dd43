package memory_test

import (
	"testing"

	"digestd/internal/ledger/store"
	"digestd/internal/ledger/store/memory"
	"digestd/internal/ledger/store/storetest"
)

func TestPromises(t *testing.T) {
	kill := func(t *testing.T, s store.Store, session string) { s.(interface{ Kill(string) }).Kill(session) }
	for name, open := range map[string]func(*memory.Memory) store.Opener{
		"alone":  func(m *memory.Memory) store.Opener { return m.Open },
		"shared": func(m *memory.Memory) store.Opener { return m.OpenShared },
	} {
		t.Run(name, func(t *testing.T) {
			storetest.Run(t, func(*testing.T) store.Opener { return open(memory.New()) }, kill)
		})
	}
}
