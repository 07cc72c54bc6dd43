package postgres_test

import (
	"testing"

	"digestd/internal/ledger/store"
	"digestd/internal/ledger/store/postgres"
	"digestd/internal/ledger/store/storetest"
)

func TestPromises(t *testing.T) {
	cluster := storetest.PostgreSQL(t)
	storetest.Run(t, func(t *testing.T) store.Opener {
		return postgres.At(postgres.Options{URL: cluster.URL(t), Name: "test"})
	}, func(t *testing.T, _ store.Store, session string) { cluster.Kill(t, session) })
}
