package ledger

import (
	"errors"
	"fmt"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"digestd/digest"
	"digestd/internal/ledger/store"
	"digestd/internal/ledger/store/bolt"
	"digestd/internal/ledger/store/storetest"
	"digestd/subscribers"
)

// standing is what keeps mail from an address, as "digest:source", all digests as "*".
func standing(t *testing.T, l *Ledger, email string) string {
	t.Helper()
	all, err := l.Readers.SuppressionsOf(email)
	if err != nil {
		t.Fatal(err)
	}
	var out []string
	for _, s := range all {
		id := s.Digest
		if id == "" {
			id = "*"
		}
		out = append(out, id+":"+s.Source)
	}
	return strings.Join(out, " ")
}

func TestWishes(t *testing.T) {
	const ana = "Ana@example.org"
	for name, row := range map[string]struct {
		before []digest.Suppression
		wish   Wish
		want   string
	}{
		"one digest":                  {nil, Wish{Source: "one-click", Stop: []string{"daily"}}, "daily:one-click"},
		"all of them":                 {nil, Wish{Source: "page", Stop: []string{""}}, "*:page"},
		"who asked first stays":       {[]digest.Suppression{{Digest: "daily", Source: "complaint"}}, Wish{Source: "one-click", Stop: []string{"daily"}}, "daily:complaint"},
		"what a server said does not": {[]digest.Suppression{{Digest: "daily", Source: "rcpt"}, {Source: "bounce"}}, Wish{Source: "one-click", Stop: []string{"daily", ""}}, "*:one-click daily:one-click"},
		"one more":                    {[]digest.Suppression{{Digest: "daily", Source: "page"}}, Wish{Source: "one-click", Stop: []string{"weekly"}}, "daily:page weekly:one-click"},
		"taken back":                  {[]digest.Suppression{{Digest: "daily", Source: "one-click"}, {Source: "mailto"}}, Wish{Source: "page", Resume: []string{"daily", ""}}, ""},
		"only that one taken back":    {[]digest.Suppression{{Digest: "daily", Source: "page"}, {Digest: "weekly", Source: "page"}}, Wish{Source: "page", Resume: []string{"daily"}}, "weekly:page"},
		"a bounce can't be":           {[]digest.Suppression{{Digest: "daily", Source: "page"}, {Source: "bounce"}}, Wish{Source: "page", Resume: []string{"daily", ""}}, "*:bounce"},
		"nor what the operator said":  {[]digest.Suppression{{Digest: "daily", Source: "operator"}}, Wish{Source: "page", Resume: []string{"daily", ""}}, "daily:operator"},
		"nor a complaint":             {[]digest.Suppression{{Source: "complaint"}}, Wish{Source: "page", Resume: []string{""}}, "*:complaint"},
		"all of them to all but one":  {[]digest.Suppression{{Source: "page"}}, Wish{Source: "page", Resume: []string{"", "daily"}, Stop: []string{"weekly"}}, "weekly:page"},
		"nothing to take back":        {nil, Wish{Source: "page", Resume: []string{"daily", ""}}, ""},
		"others are none of his":      {[]digest.Suppression{{Email: "ana@example.org.example", Source: "page"}}, Wish{Source: "page", Resume: []string{""}}, ""},
		"and neither are their fates": {[]digest.Suppression{{Email: "ana@example.or", Source: "page"}}, Wish{Source: "page", Stop: []string{""}}, "*:page"},
	} {
		t.Run(name, func(t *testing.T) {
			l, _ := opened(t)
			others := 0
			for _, s := range row.before {
				if s.Email == "" {
					s.Email = ana
				} else {
					others++
				}
				if err := l.Readers.Suppress(s); err != nil {
					t.Fatal(err)
				}
			}
			row.wish.Email = strings.ToLower(ana)
			for _, time := range []string{"once", "twice"} {
				if err := l.Readers.Grant(row.wish); err != nil {
					t.Fatal(err)
				}
				if got := standing(t, l, ana); got != row.want {
					t.Errorf("%s: %q stands, want %q", time, got, row.want)
				}
			}
			all, err := l.Readers.Suppressions()
			if err != nil || len(all)-len(strings.Fields(row.want)) != others {
				t.Errorf("%d suppressions in all, %v", len(all), err)
			}
		})
	}
}

func TestPreferencesAreKeptAndCleared(t *testing.T) {
	open := reopening(t)
	l := open()
	if all, err := l.Readers.Preferences(); err != nil || len(all) != 0 {
		t.Errorf("a new ledger has the preferences %v, %v", all, err)
	}
	if n, err := l.Readers.Restore("ana@example.org", ""); n != 0 || err != nil {
		t.Errorf("restoring nobody took back %d, %v", n, err)
	}
	own := digest.Preferences{Without: []string{"diplomacy"}, PlainText: true, PausedUntil: "2026-12-24"}
	if err := l.Readers.Grant(Wish{Email: "Ana@example.org", Source: "page", Preferences: &own}); err != nil {
		t.Fatal(err)
	}
	if err := l.Readers.Suppress(digest.Suppression{Email: "ana@example.org", Digest: "daily", Source: "operator"}); err != nil {
		t.Fatal(err)
	}
	l = open()
	got, err := l.Readers.PreferencesOf("ana@EXAMPLE.org")
	if err != nil || !slices.Equal(got.Without, own.Without) || !got.PlainText || got.PausedUntil != own.PausedUntil || got.Source != "page" ||
		!got.At.Equal(morning) || got.Email != "Ana@example.org" {
		t.Errorf("preferences %+v, %v", got, err)
	}
	if all, err := l.Readers.Preferences(); err != nil || len(all) != 1 || all["ana@example.org"].PausedUntil != own.PausedUntil {
		t.Errorf("all preferences %v, %v", all, err)
	}
	if n, err := l.Readers.Restore("ana@example.org", "daily"); n != 1 || err != nil {
		t.Errorf("restoring a digest took back %d, %v: the preferences are of no digest", n, err)
	}
	if n, err := l.Readers.Restore("ana@example.org", ""); n != 1 || err != nil {
		t.Errorf("restoring took back %d, %v", n, err)
	}
	if n, err := l.Readers.Restore("ana@example.org", ""); n != 0 || err != nil {
		t.Errorf("restoring twice took back %d, %v", n, err)
	}
	if p, err := l.Readers.PreferencesOf("ana@example.org"); err != nil || !p.Empty() || p.Email != "" {
		t.Errorf("behind a restore: %+v, %v", p, err)
	}
	if err := l.Readers.Grant(Wish{Email: "ana@example.org", Source: "page", Preferences: &own}); err != nil {
		t.Fatal(err)
	}
	if err := l.Readers.Grant(Wish{Email: "ana@example.org", Source: "page", Preferences: &digest.Preferences{}}); err != nil {
		t.Fatal(err)
	}
	if all, err := l.Readers.Preferences(); err != nil || len(all) != 0 {
		t.Errorf("preferences that say nothing are kept: %v, %v", all, err)
	}
}

// reopening makes a ledger that is opened anew at each call, as a process does that ended in between. Its
// invariants are checked each time, and when the test ends.
func reopening(t *testing.T) func() *Ledger {
	var l *Ledger
	again := storetest.Fresh(t)
	end := func() {
		if l == nil {
			return
		}
		if problems := l.Check(); len(problems) > 0 {
			t.Errorf("the ledger's invariants do not hold: %v", errors.Join(problems...))
		}
		l.Close()
	}
	t.Cleanup(end)
	return func() *Ledger {
		t.Helper()
		end()
		var err error
		if l, err = Open(again, func() time.Time { return morning }); err != nil {
			t.Fatal(err)
		}
		return l
	}
}

// Wishes that come up while a commit is under way share the next one, with the deliveries' steps.
func TestWishesShareCommits(t *testing.T) {
	const wishes = 100
	open := reopening(t)
	l := open()
	composed(t, l, theEdition, 2)
	commits, first := 0, make(chan struct{})
	l.delivery.hook = func(at string) {
		if at != "before commit" {
			return
		}
		if commits++; commits == 1 { // waits for all others
			close(first)
			for l.delivery.stepsWaiting() < wishes {
				runtime.Gosched()
			}
		}
	}
	var all sync.WaitGroup
	leave := func(i int) {
		if err := l.Readers.Grant(Wish{Email: fmt.Sprintf("reader%d@example.org", i), Source: "one-click", Stop: []string{"daily"}}); err != nil {
			t.Error(err)
		}
	}
	all.Go(func() { leave(0) })
	<-first
	for i := 1; i < wishes; i++ {
		all.Go(func() { leave(i) })
	}
	all.Go(func() {
		if _, err := l.Deliveries.Step(theEdition, nil, event(1, digest.Intent), "reader1@example.org")(); err != nil {
			t.Error(err)
		}
	})
	all.Wait()
	want := 2
	if l.delivery.several != nil { // the step has one of its own, in the session that holds the lot
		want = 3
	}
	if commits != want {
		t.Errorf("%d commits, want %d", commits, want)
	}
	l = open()
	if all, err := l.Readers.Suppressions(); err != nil || len(all) != wishes {
		t.Errorf("%d of %d wishes are remembered, %v", len(all), wishes, err)
	}
}

// A commit that fails fails whatever stood in it, and nothing of it is there.
func TestChangesAreUndoneTogether(t *testing.T) {
	l, _ := opened(t)
	composed(t, l, theEdition, 2)
	full := errors.New("the disk is full")
	group := []*step{
		{edition: theEdition, next: event(0, digest.Intent), to: "reader0@example.org"},
		{change: func(tx store.Tx) error {
			return l.Readers.suppress(tx, digest.Suppression{Email: "a@example.org", Source: "page"})
		}},
		{change: func(store.Tx) error { return full }},
	}
	if l.delivery.several != nil { // the step is committed apart, in the session that holds the lot
		group = group[1:]
	}
	l.delivery.commitSteps(group)
	for i, s := range group {
		if !errors.Is(s.err, full) {
			t.Errorf("step %d: %v", i, s.err)
		}
	}
	if all, err := l.Readers.Suppressions(); err != nil || len(all) != 0 {
		t.Errorf("suppressions %v, %v", all, err)
	}
	if p, err := l.Deliveries.Progress(theEdition); err != nil || p.States[0] != digest.Pending {
		t.Errorf("progress %v, %v", p, err)
	}
	if s := stepped(t, l, nil, event(0, digest.Intent)); s != digest.Intent {
		t.Errorf("behind the failure the delivery is %s", s)
	}
}

func TestWishesEndWithTheLedger(t *testing.T) {
	l, err := Open(storetest.Fresh(t), nil)
	if err != nil {
		t.Fatal(err)
	}
	wish := Wish{Email: "ana@example.org", Source: "page", Stop: []string{""}}
	if err := l.Readers.Grant(wish); err != nil {
		t.Fatal(err)
	}
	l.Close()
	wish.Email = "ben@example.org"
	if err := l.Readers.Grant(wish); err == nil {
		t.Error("a closed ledger grants a wish")
	}
}

func TestOldTokenKeysAreHonoured(t *testing.T) {
	open := reopening(t)
	l := open()
	composed(t, l, theEdition, 3)
	var tokens []string
	token := func() {
		key, err := subscribers.NewTokenKey(l.Keys.Secrets()[0])
		if err != nil {
			t.Fatal(err)
		}
		tokens = append(tokens, key.Delivery(subscribers.ForUnsubscribe, theEdition, 2, "reader2@example.org"))
	}
	token()
	for i := range 3 {
		if n, err := l.Keys.Rotate(); n != i+2 || err != nil {
			t.Fatalf("rotation %d: %d keys, %v", i, n, err)
		}
		token()
	}
	l = open()
	for i, token := range tokens {
		if slices.Contains(tokens[:i], token) {
			t.Errorf("key %d makes the same token as an older one", i)
		}
		d, err := l.Resolve(token, subscribers.ForUnsubscribe)
		if err != nil || d.To.Email != "reader2@example.org" {
			t.Errorf("the token of key %d: %+v, %v", i, d.To, err)
		}
	}
}

// A ledger from before there were preferences gets their place when it is opened for writing, and does
// without when it is opened for reading.
func TestLedgersWithoutPreferences(t *testing.T) {
	storetest.NeedsFile(t)
	path := filepath.Join(t.TempDir(), "digestd.db")
	reopen(t, path, func(tx store.Tx) error {
		for _, name := range buckets() {
			if name == bucketPreferences || name == bucketBounces {
				continue
			}
			if err := tx.Create(name); err != nil {
				return err
			}
		}
		return tableMeta.in(tx).put(keyMeta, meta{Schema: Schema, ID: "0123456789abcdef", TokenKeys: [][]byte{random(subscribers.TokenKeySize)}})
	})
	for _, readOnly := range []bool{true, false} {
		l, err := Open(bolt.At(path, bolt.Options{ReadOnly: readOnly}), nil)
		if err != nil {
			t.Fatal(err)
		}
		if all, err := l.Readers.Preferences(); err != nil || len(all) != 0 {
			t.Errorf("preferences %v, %v", all, err)
		}
		if p, err := l.Readers.PreferencesOf("ana@example.org"); err != nil || !p.Empty() {
			t.Errorf("preferences %v, %v", p, err)
		}
		if !readOnly {
			err = l.Readers.Grant(Wish{Email: "ana@example.org", Source: "page", Preferences: &digest.Preferences{PlainText: true}})
			if problems := l.Check(); err != nil || len(problems) > 0 {
				t.Errorf("%v, %v", err, problems)
			}
		}
		l.Close()
	}
}
