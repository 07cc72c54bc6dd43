package memory_test

import (
	"testing"

	"digestd/internal/ledger/store"
	"digestd/internal/ledger/store/memory"
	"digestd/internal/ledger/store/storetest"
)

func TestPromises(t *testing.T) {
	storetest.Run(t, func(*testing.T) store.Opener { return memory.New().Open })
}
