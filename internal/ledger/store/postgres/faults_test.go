package postgres_test

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"digestd/internal/ledger/store"
	"digestd/internal/ledger/store/postgres"
	"digestd/internal/ledger/store/storetest"
)

func open(t *testing.T, opt postgres.Options) store.Store {
	t.Helper()
	s, err := postgres.At(opt)()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { s.Close() })
	return s
}

// updater is a store, or a session.
type updater interface {
	Update([]store.Touch, func(store.Tx) error) error
}

func add(s updater, key string, before func()) error {
	return s.Update([]store.Touch{store.News()}, func(tx store.Tx) error {
		if _, err := tx.Bucket("b").Get([]byte("anything")); err != nil {
			return err
		}
		before()
		return tx.Bucket("b").Put([]byte(key), []byte("value"))
	})
}

func keysOf(t *testing.T, s store.Store) (keys []string) {
	t.Helper()
	err := s.View(func(tx store.Tx) error {
		for row, err := range tx.Bucket("b").Rows(store.Range{}) {
			if err != nil {
				return err
			}
			keys = append(keys, string(row.Key))
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return keys
}

// TestCommitWhoseAnswerWasLost cuts the connection around a commit. What Update says of it must be so.
func TestCommitWhoseAnswerWasLost(t *testing.T) {
	cluster := storetest.PostgreSQL(t)
	proxy := cluster.Proxy(t)
	s := open(t, postgres.Options{URL: proxy.Through(t, cluster.URL(t)), Name: "test"})
	if err := s.Update(nil, func(tx store.Tx) error { return tx.Create("b") }); err != nil {
		t.Fatal(err)
	}
	warm := func(u updater) {
		t.Helper()
		for range 3 { // so that a commit is one request
			if err := add(u, "0", func() {}); err != nil {
				t.Fatal(err)
			}
		}
	}
	want := []string{"0"}
	for i, c := range []struct {
		fault  storetest.Fault
		may    bool // be committed
		mayNot bool
	}{{storetest.CutBefore, false, true}, {storetest.CutAfter, true, false}, {storetest.CutLate, true, true}} {
		for _, inSession := range []bool{false, true} {
			key := fmt.Sprint("key ", i, inSession)
			by, gone := updater(s), store.ErrAway
			if inSession {
				session, err := s.Session(t.Context(), "sender")
				if err != nil {
					t.Fatal(err)
				}
				defer session.Close()
				by, gone = session, store.ErrSessionLost
			}
			warm(by)
			err := add(by, key, func() { proxy.Next(c.fault) })
			if committed := err == nil; committed && !c.may || !committed && (!c.mayNot || !errors.Is(err, gone)) {
				t.Errorf("%s: %v; it may be committed: %v, and it may not: %v", key, err, c.may, c.mayNot)
			}
			if err == nil { // then it is there, and else it never comes
				want = append(want, key)
			}
			if c.fault == storetest.CutLate {
				time.Sleep(1500 * time.Millisecond) // until it has come, mostly
			}
			if got := keysOf(t, s); !slices.Equal(got, want) {
				t.Errorf("%s: there are %q, want %q", key, got, want)
			}
		}
	}
}

// TestAwayAndBack ends connections and the server itself: what can be tried again is, and what can't is said.
func TestAwayAndBack(t *testing.T) {
	cluster := storetest.PostgreSQL(t)
	proxy := cluster.Proxy(t)
	s := open(t, postgres.Options{URL: proxy.Through(t, cluster.URL(t)), Name: "away"})
	if err := s.Update(nil, func(tx store.Tx) error { return tx.Create("b") }); err != nil {
		t.Fatal(err)
	}
	session, err := s.Session(t.Context(), "sender")
	if err != nil {
		t.Fatal(err)
	}
	for i, end := range []func(){proxy.Cut, func() { cluster.Kill(t, "away") }, func() { cluster.Restart(t, "fast") },
		func() { cluster.Restart(t, "immediate") }} {
		end() // between two changes: nobody above notices, unless it takes the server long to come back
		err := add(s, fmt.Sprint(i), func() {})
		for deadline := time.Now().Add(time.Minute); errors.Is(err, store.ErrAway) && time.Now().Before(deadline); {
			err = add(s, fmt.Sprint(i), func() {})
		}
		if err != nil {
			t.Errorf("%d: %v", i, err)
		}
		err = add(s, "never", end) // and in the middle of one
		if !errors.Is(err, store.ErrAway) {
			t.Errorf("%d, in the middle of a change: %v", i, err)
		}
	}
	for deadline := time.Now().Add(time.Minute); time.Now().Before(deadline); time.Sleep(100 * time.Millisecond) { // it is back
		if s.View(func(tx store.Tx) error { _, err := tx.Buckets(); return err }) == nil {
			break
		}
	}
	if got := keysOf(t, s); !slices.Equal(got, []string{"0", "1", "2", "3"}) {
		t.Errorf("there are %q", got)
	}
	if err := add(session, "never", func() {}); !errors.Is(err, store.ErrSessionLost) {
		t.Errorf("a session after a restart: %v", err)
	}
}

// TestRoundTrips counts what a transaction costs.
func TestRoundTrips(t *testing.T) {
	cluster := storetest.PostgreSQL(t)
	proxy := cluster.Proxy(t)
	s := open(t, postgres.Options{URL: proxy.Through(t, cluster.URL(t)), Name: "test"})
	if err := s.Update(nil, func(tx store.Tx) error { return tx.Create("b") }); err != nil {
		t.Fatal(err)
	}
	count := func(want int64, do func() error) {
		t.Helper()
		got := int64(0)
		for range 2 { // statements are prepared the first time
			before := proxy.Trips()
			if err := do(); err != nil {
				t.Fatal(err)
			}
			got = proxy.Trips() - before
		}
		if got != want {
			t.Errorf("%d round trips, want %d", got, want)
		}
	}
	all := make([][]byte, 100)
	for i := range all {
		all[i] = fmt.Append(nil, i)
	}
	count(1, func() error { // begin, lock, write, commit
		return s.Update([]store.Touch{store.News()}, func(tx store.Tx) error { return tx.Bucket("b").Put([]byte("x"), []byte("y")) })
	})
	count(2, func() error { // and read before
		return s.Update([]store.Touch{store.News()}, func(tx store.Tx) error {
			b := tx.Bucket("b")
			b.Expect(all...)
			for _, key := range all {
				if _, err := b.Get(key); err != nil {
					return err
				}
				if err := b.Put(key, key); err != nil {
					return err
				}
			}
			_, err := b.Next()
			return err
		})
	})
	count(2, func() error { // and the end of a view
		return s.View(func(tx store.Tx) error { _, err := tx.Bucket("b").Get([]byte("x")); return err })
	})
}

// TestWhatIsWrongWithADatabase holds the words for each.
func TestWhatIsWrongWithADatabase(t *testing.T) {
	cluster := storetest.PostgreSQL(t)
	at := func(user, database string, more ...string) string {
		q := url.Values{"host": {cluster.Dir}}
		for i := 0; i < len(more); i += 2 {
			q.Set(more[i], more[i+1])
		}
		return (&url.URL{Scheme: "postgres", User: url.User(user), Path: "/" + database, RawQuery: q.Encode()}).String()
	}
	cluster.SQL(t, `
		create role forgetful login; alter role forgetful set synchronous_commit = off; grant create on schema public to forgetful;
		create role reader login; alter role reader set default_transaction_read_only = on;
		create role stranger login; revoke create on schema public from public;
		create role locked login password 'right';`)
	t.Cleanup(func() {
		cluster.SQL(t, "revoke create on schema public from forgetful; drop role forgetful, reader, stranger, locked")
	})
	hba := filepath.Join(cluster.Dir, "data", "pg_hba.conf")
	before, err := os.ReadFile(hba)
	if err != nil {
		t.Fatal(err)
	}
	reload := func(text string) {
		if err := os.WriteFile(hba, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		loaded := cluster.SQL(t, "select pg_conf_load_time()")
		cluster.SQL(t, "select pg_reload_conf()")
		for deadline := time.Now().Add(time.Minute); cluster.SQL(t, "select pg_conf_load_time()") == loaded && time.Now().Before(deadline); {
			time.Sleep(10 * time.Millisecond)
		}
	}
	reload("local all locked scram-sha-256\nlocal nothing all reject\n" + string(before))
	defer reload(string(before))
	newer := cluster.URL(t)
	open(t, postgres.Options{URL: newer}).Close()
	u, _ := url.Parse(newer)
	cluster.SQL(t, "update "+u.Query().Get("search_path")+".digestd_layout set version = 99")
	wrong := func() (string, error) { return "wrong", nil }
	for _, c := range []struct {
		name     string
		url      string
		password func() (string, error)
		is       error
		words    string
	}{
		{"unreachable", at("digestd", "postgres", "host", "/nowhere"), nil, store.ErrAway, "no such file or directory"},
		{"nobody listens", "postgres://digestd@127.0.0.1:1/postgres", nil, store.ErrAway, "connection refused"},
		{"no password", at("locked", "postgres"), nil, store.ErrDenied, "password"},
		{"wrong password", at("locked", "postgres"), wrong, store.ErrDenied, "the password is wrong"},
		{"nobody of that name", at("nobody", "postgres"), nil, store.ErrDenied, `role "nobody" does not exist`},
		{"no such database", at("digestd", "nowhere"), nil, store.ErrDenied, `database "nowhere" does not exist`},
		{"no right to create", at("stranger", "postgres"), nil, store.ErrDenied, "grant create on schema public"},
		{"no schema", at("digestd", "postgres", "search_path", "nowhere"), nil, store.ErrDenied, "create schema"},
		{"commits that are not durable", at("forgetful", "postgres"), nil, postgres.ErrSettings, "synchronous_commit is off"},
		{"only to be read", at("reader", "postgres"), nil, store.ErrAway, "it can only be read"},
		{"newer", newer, nil, postgres.ErrNewer, "layout 99"},
	} {
		t.Run(c.name, func(t *testing.T) {
			opt := postgres.Options{URL: c.url, Password: c.password}
			s, err := postgres.At(opt)()
			if err == nil {
				s.Close()
			}
			if !errors.Is(err, c.is) || !strings.Contains(err.Error(), c.words) || strings.Count(err.Error(), "\n") > 0 {
				t.Errorf("opening it: %v", err)
			}
			found := postgres.Examine(context.Background(), opt)
			if len(found) != 1 || !errors.Is(found[0], c.is) || !strings.Contains(found[0].Error(), c.words) {
				t.Errorf("examining it: %v", found)
			}
			t.Log(err)
		})
	}
	if found := postgres.Examine(context.Background(), postgres.Options{URL: cluster.URL(t)}); len(found) > 0 {
		t.Errorf("of one in which all is well: %v", found)
	}
	if _, err := postgres.At(postgres.Options{URL: "postgres://digestd:secret@127.0.0.1/postgres"})(); err == nil || strings.Contains(err.Error(), "secret") {
		t.Errorf("a password in the URL: %v", err)
	}
}
