package ledger

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"digestd/digest"
	"digestd/internal/ledger/store"
	"digestd/internal/ledger/store/bolt"
	"digestd/internal/ledger/store/storetest"
)

// clock is a time that only the test moves.
type clock struct{ t time.Time }

func (c *clock) now() time.Time { return c.t }

var morning = time.Date(2026, 3, 12, 6, 0, 0, 0, time.UTC)

// opened makes a ledger in a temporary directory; its invariants are checked when the test ends.
func opened(t *testing.T) (*Ledger, *clock) {
	t.Helper()
	c := &clock{morning}
	l, err := Open(storetest.Fresh(t), c.now)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if problems := l.Check(); len(problems) > 0 {
			t.Errorf("the ledger's invariants do not hold: %v", errors.Join(problems...))
		}
		l.Close()
	})
	return l, c
}

// poll commits what a feed shows: an item for each title.
func poll(t *testing.T, l *Ledger, feed string, titles ...string) int {
	t.Helper()
	var items []digest.Item
	for _, title := range titles {
		slug := strings.ReplaceAll(strings.ToLower(title), " ", "-")
		items = append(items, digest.Item{Feed: feed, Source: feed, GUID: slug, Link: "https://example.org/" + slug, Title: title})
	}
	st, err := l.Items.FeedState(feed)
	if err != nil {
		t.Fatal(err)
	}
	st.ETag = `W/"1"`
	fresh, err := l.Items.CommitPoll(context.Background(), st, items)
	if err != nil {
		t.Fatal(err)
	}
	return fresh
}

func TestItemsAreFreshOnce(t *testing.T) {
	l, c := opened(t)
	if n := poll(t, l, "a", "Cranes move again", "Ferry runs late"); n != 2 {
		t.Errorf("first poll found %d fresh items, want 2", n)
	}
	c.t = c.t.Add(time.Hour)
	if n := poll(t, l, "a", "Cranes move again", "Ferry runs late", "Levy struck down"); n != 1 {
		t.Errorf("second poll found %d fresh items, want 1", n)
	}
	items, err := l.Items.After(0)
	if err != nil || len(items) != 3 {
		t.Fatalf("%d items, %v; want 3", len(items), err)
	}
	if !items[0].FirstSeen.Equal(morning) || !items[2].FirstSeen.Equal(c.t) {
		t.Errorf("first seen %v and %v, want %v and %v", items[0].FirstSeen, items[2].FirstSeen, morning, c.t)
	}
	st, err := l.Items.FeedState("a")
	if err != nil || st.ETag != `W/"1"` || len(st.Daily) != 1 || st.Daily[0] != 3 {
		t.Errorf("state %+v, %v", st, err)
	}
}

func TestRetitledItemStaysTheSame(t *testing.T) {
	l, _ := opened(t)
	item := digest.Item{Feed: "a", GUID: "7", Link: "https://example.org/7", Title: "Ports may reopen today after the talks"}
	commit := func() int {
		n, err := l.Items.CommitPoll(context.Background(), digest.FeedState{URL: "a"}, []digest.Item{item})
		if err != nil {
			t.Fatal(err)
		}
		return n
	}
	commit()
	item.Title = "Ports reopen today after the talks"
	if n := commit(); n != 0 {
		t.Errorf("a new title made %d fresh items", n)
	}
	items, _ := l.Items.After(0)
	if len(items) != 1 || items[0].Title != item.Title {
		t.Errorf("ledger has %+v, want one item with the new title", items)
	}
}

func TestAnotherFeedsSightingNamesTheFirst(t *testing.T) {
	l, _ := opened(t)
	poll(t, l, "a", "Cranes move again")
	if n := poll(t, l, "b", "Cranes move again"); n != 0 {
		t.Errorf("the same link in another feed counts as %d fresh items", n)
	}
	poll(t, l, "b", "Cranes move again")
	items, _ := l.Items.After(0)
	if len(items) != 2 || items[1].Of != items[0].Seq || items[1].Feed != "b" {
		t.Fatalf("items %+v, want a sighting of b that names the first", items)
	}
	got, err := l.Items.Sightings(items[0])
	if err != nil || fmt.Sprint(got) != "[1 2]" {
		t.Errorf("sightings %v, %v; want [1 2]", got, err)
	}
}

func TestPositionAt(t *testing.T) {
	l, c := opened(t)
	for i := range 4 {
		c.t = morning.Add(time.Duration(i) * time.Hour)
		poll(t, l, "a", fmt.Sprintf("Story number %d of the day", i))
	}
	for hours, want := range map[float64]uint64{-1: 0, 0: 0, 0.5: 1, 1: 1, 3: 3, 9: 4} {
		got, err := l.Items.PositionAt(morning.Add(time.Duration(hours * float64(time.Hour))))
		if err != nil || got != want {
			t.Errorf("position %v hours on is %d, %v; want %d", hours, got, err, want)
		}
		since, err := l.Items.Since(morning.Add(time.Duration(hours * float64(time.Hour))))
		if err != nil || len(since) != 4-int(want) || len(since) > 0 && since[0].Seq != want+1 {
			t.Errorf("since %v hours on: %d items, %v", hours, len(since), err)
		}
	}
}

var lane = digest.Lane{Digest: "daily", Zone: "Europe/Paris"}

// composition is an edition of everything behind the lane's position, for some recipients.
func composition(t *testing.T, l *Ledger, wall string, recipients int) Composition {
	t.Helper()
	before, err := l.Lanes.Get(lane)
	if err != nil {
		t.Fatal(err)
	}
	items, err := l.Items.After(before.Position)
	if err != nil {
		t.Fatal(err)
	}
	c := Composition{
		Edition: digest.Edition{ID: lane.String() + "/" + wall, Digest: lane.Digest, Zone: lane.Zone, Number: before.Number + 1, Composed: l.now()},
		Wall:    wall, Before: before, Position: before.Position, Outcomes: map[uint64]Outcome{},
		Variants: []Variant{{Body: []byte("the message"), Stories: len(items)}},
	}
	for _, p := range before.Pool {
		c.Outcomes[p.Item] = Outcome{Story: fmt.Sprint(p.Item)}
	}
	for _, it := range items {
		c.Edition.Stories = append(c.Edition.Stories, digest.Story{ID: fmt.Sprint(it.Seq), Items: []digest.Item{it}})
		c.Outcomes[it.Seq] = Outcome{Story: fmt.Sprint(it.Seq)}
		c.Position = it.Seq
	}
	for i := range recipients {
		c.Recipients = append(c.Recipients, digest.Recipient{Index: i, Email: fmt.Sprintf("reader%d@example.org", i), Name: "Zoë " + fmt.Sprint(i)})
	}
	return c
}

func TestEditionIsCommittedOnce(t *testing.T) {
	l, _ := opened(t)
	poll(t, l, "a", "Cranes move again")
	c := composition(t, l, "2026-03-12T07:00", 2500)
	if err := l.Editions.Commit(c); err != nil {
		t.Fatal(err)
	}
	if err := l.Editions.Commit(c); !errors.Is(err, ErrComposed) {
		t.Errorf("committing again: %v, want ErrComposed", err)
	}
	later := c
	later.Edition.ID += "+1"
	if err := l.Editions.Commit(later); !errors.Is(err, ErrMoved) {
		t.Errorf("an edition from a stale read: %v, want ErrMoved", err)
	}
	st, err := l.Editions.Get(c.Edition.ID)
	if err != nil || st.Recipients != 2500 || st.Lane() != lane {
		t.Fatalf("edition %+v, %v", st, err)
	}
	frozen, err := l.Editions.Frozen(c.Edition.ID)
	if err != nil || len(frozen.Stories) != 1 || frozen.Stories[0].Lead().Title != "Cranes move again" {
		t.Errorf("frozen %+v, %v", frozen, err)
	}
	body, err := l.Editions.Body(c.Edition.ID, 0)
	if err != nil || string(body) != "the message" {
		t.Errorf("body %q, %v", body, err)
	}
	n := 0
	for chunk := 0; ; chunk++ {
		recipients, err := l.Deliveries.Recipients(c.Edition.ID, chunk)
		if err != nil {
			t.Fatal(err)
		}
		if len(recipients) == 0 {
			break
		}
		for _, r := range recipients {
			if want := c.Recipients[n]; r != want {
				t.Fatalf("recipient %d is %+v, want %+v", n, r, want)
			}
			n++
		}
	}
	if n != 2500 {
		t.Errorf("read %d recipients, want 2500", n)
	}
	now, err := l.Lanes.Get(lane)
	if err != nil || now.Position != 1 || now.Number != 1 || !now.Began || now.Edition != c.Edition.ID {
		t.Errorf("lane %+v, %v", now, err)
	}
}

func TestWithdrawnEditionGivesItsItemsBack(t *testing.T) {
	l, _ := opened(t)
	poll(t, l, "a", "Cranes move again", "Ferry runs late")
	first := composition(t, l, "2026-03-12T07:00", 3)
	if err := l.Editions.Commit(first); err != nil {
		t.Fatal(err)
	}
	if err := l.Editions.Withdraw(first.Edition.ID); err != nil {
		t.Fatal(err)
	}
	if err := l.Editions.Withdraw(first.Edition.ID); err != nil {
		t.Errorf("withdrawing again: %v", err)
	}
	now, err := l.Lanes.Get(lane)
	if err != nil || len(now.Pool) != 2 || now.Number != 0 || now.Edition != "" || now.Position != 2 {
		t.Fatalf("lane %+v, %v; want both items in the pool and the position kept", now, err)
	}
	if _, ok, _ := l.Lanes.Outcome(lane, 1); ok {
		t.Error("item 1 still has an outcome")
	}
	poll(t, l, "a", "Levy struck down")
	second := composition(t, l, "2026-03-13T07:00", 3)
	if err := l.Editions.Commit(second); err != nil {
		t.Fatal(err)
	}
	for seq := uint64(1); seq <= 3; seq++ {
		if o, ok, err := l.Lanes.Outcome(lane, seq); !ok || err != nil || o.Edition != second.Edition.ID {
			t.Errorf("outcome of item %d: %+v %v %v", seq, o, ok, err)
		}
	}
	if err := l.Editions.Withdraw(first.Edition.ID); err != nil {
		t.Errorf("withdrawing the first again: %v", err)
	}
}

func TestPassSlotKeepsTheLastEdition(t *testing.T) {
	l, _ := opened(t)
	poll(t, l, "a", "Cranes move again")
	if err := l.Editions.Commit(composition(t, l, "2026-03-12T07:00", 1)); err != nil {
		t.Fatal(err)
	}
	poll(t, l, "a", "Horoscope of the week")
	c := composition(t, l, "2026-03-13T07:00", 1)
	c.Outcomes[2] = Outcome{Reason: "excluded"}
	if err := l.Lanes.PassSlot(c); err != nil {
		t.Fatal(err)
	}
	st, _ := l.Lanes.Get(lane)
	if st.Number != 1 || st.Edition != lane.String()+"/2026-03-12T07:00" || st.Wall != "2026-03-13T07:00" || st.Position != 2 {
		t.Errorf("lane %+v", st)
	}
	if _, err := l.Editions.Get(c.Edition.ID); !errors.Is(err, ErrUnknown) {
		t.Errorf("a passed slot left an edition: %v", err)
	}
}

func TestPruneForgetsWhatIsOld(t *testing.T) {
	l, c := opened(t)
	poll(t, l, "a", "Cranes move again")
	poll(t, l, "a", "Ferry runs late")
	if err := l.Editions.Commit(composition(t, l, "2026-03-12T07:00", 2000)); err != nil {
		t.Fatal(err)
	}
	markComplete(t, l, lane.String()+"/2026-03-12T07:00")
	for day := 1; day <= 40; day++ { // the feed goes on showing one of them
		c.t = morning.AddDate(0, 0, day)
		poll(t, l, "a", "Ferry runs late")
	}
	got, err := l.Prune(30 * 24 * time.Hour)
	if err != nil || got != (Pruned{Items: 1, Editions: 1}) {
		t.Fatalf("pruned %+v, %v; want an item and an edition", got, err)
	}
	items, _ := l.Items.After(0)
	if len(items) != 1 || items[0].Title != "Ferry runs late" {
		t.Errorf("items left: %+v", items)
	}
	if n := poll(t, l, "a", "Cranes move again"); n != 1 {
		t.Errorf("a forgotten item counts as %d fresh ones, want 1", n)
	}
	if r, err := l.Deliveries.Recipients(lane.String()+"/2026-03-12T07:00", 1); err != nil || len(r) != 0 {
		t.Errorf("recipients of the forgotten edition: %v, %v", r, err)
	}
}

func TestNewestReadsInPieces(t *testing.T) {
	l, _ := opened(t)
	const items = 2*itemBatch + 500
	for from := 0; from < items; from += 500 {
		var titles []string
		for i := range 500 {
			titles = append(titles, fmt.Sprintf("Item %04d", from+i))
		}
		poll(t, l, "a", titles...)
	}
	all := 0
	found, err := l.Items.Newest(3, func(it digest.Item) bool { all++; return strings.HasSuffix(it.Title, "7") })
	if err != nil || len(found) != 3 || found[0].Title != "Item 2497" || found[2].Title != "Item 2477" || all > 40 {
		t.Errorf("%d looked at, %v, %+v", all, err, found)
	}
	all = 0
	if found, err = l.Items.Newest(3, func(it digest.Item) bool { all++; return it.Title == "Item 0000" }); err != nil || len(found) != 1 || all != items {
		t.Errorf("%d looked at, %v, %+v", all, err, found)
	}
}

func TestPruneWaitsForAClockThatJumped(t *testing.T) {
	l, c := opened(t)
	poll(t, l, "a", "Cranes move again")
	c.t = c.t.AddDate(2, 0, 0)
	if got, err := l.Prune(24 * time.Hour); err != nil || got != (Pruned{}) {
		t.Errorf("pruned %+v, %v right after a jump of two years", got, err)
	}
	poll(t, l, "b", "What a feed shows by the wrong clock")
	c.t = c.t.Add(47 * time.Hour)
	poll(t, l, "b", "And later on")
	if got, err := l.Prune(24 * time.Hour); err != nil || got != (Pruned{}) {
		t.Errorf("pruned %+v, %v within two days of the jump, with commits in between", got, err)
	}
	c.t = c.t.Add(2 * time.Hour)
	poll(t, l, "b", "And later still")
	if got, err := l.Prune(40 * time.Hour); err != nil || got.Items == 0 {
		t.Errorf("pruned %+v, %v when the clock had stood its two days", got, err)
	}
}

func markComplete(t *testing.T, l *Ledger, id string) {
	t.Helper()
	err := l.update(nil, func(tx store.Tx) error {
		st, err := editionState(tx, id)
		if err != nil {
			return err
		}
		st.Complete = true
		return tableEditions.in(tx).put([]byte(id), st)
	})
	if err != nil {
		t.Fatal(err)
	}
}

func TestOpenTellsWhatIsWrong(t *testing.T) {
	storetest.NeedsFile(t)
	for _, test := range []struct {
		name     string
		prepare  func(t *testing.T, path string)
		readOnly bool
		want     error
	}{
		{"nothing there, for reading", func(*testing.T, string) {}, true, store.ErrMissing},
		{"empty file", func(t *testing.T, path string) { write(t, path, nil) }, false, store.ErrEmpty},
		{"another file", func(t *testing.T, path string) { write(t, path, []byte(strings.Repeat("not a database\n", 5000))) }, false, store.ErrForeign},
		{"short file", func(t *testing.T, path string) { write(t, path, []byte("x")) }, false, store.ErrForeign},
		{"a directory", func(t *testing.T, path string) {
			if err := os.Mkdir(path, 0o700); err != nil {
				t.Fatal(err)
			}
		}, false, store.ErrForeign},
		{"another program's database", func(t *testing.T, path string) {
			reopen(t, path, func(tx store.Tx) error { return tx.Create("theirs") })
		}, false, store.ErrForeign},
		{"lost", func(t *testing.T, path string) {
			create(t, path)
			if err := os.Remove(path); err != nil {
				t.Fatal(err)
			}
		}, false, store.ErrLost},
		{"newer", func(t *testing.T, path string) {
			l := create(t, path)
			l.Keys.meta.Schema = Schema + 1
			reopen(t, path, func(tx store.Tx) error { return tableMeta.in(tx).put(keyMeta, l.Keys.meta) })
		}, false, ErrNewer},
		{"both header pages overwritten", func(t *testing.T, path string) {
			create(t, path)
			scribble(t, path, 0, 2*os.Getpagesize())
		}, false, store.ErrForeign},
	} {
		t.Run(test.name, func(t *testing.T) {
			path := filepath.Join(t.TempDir(), "digestd.db")
			test.prepare(t, path)
			l, err := Open(bolt.At(path, bolt.Options{ReadOnly: test.readOnly}), nil)
			if err == nil {
				l.Close()
			}
			if !errors.Is(err, test.want) {
				t.Fatalf("got %v, want %v", err, test.want)
			}
			if !strings.Contains(err.Error(), path) {
				t.Errorf("%q does not name the file", err)
			}
		})
	}
}

func TestSecondOpenIsRefused(t *testing.T) {
	storetest.NeedsFile(t)
	path := filepath.Join(t.TempDir(), "digestd.db")
	l, err := Open(bolt.At(path, bolt.Options{}), nil)
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	for _, readOnly := range []bool{false, true} {
		if _, err := Open(bolt.At(path, bolt.Options{ReadOnly: readOnly, Timeout: 10 * time.Millisecond}), nil); !errors.Is(err, store.ErrBusy) {
			t.Errorf("second open, read-only %v: %v, want store.ErrBusy", readOnly, err)
		}
	}
}

func TestInitBeginsAnewOnlyWhereNothingIs(t *testing.T) {
	storetest.NeedsFile(t)
	path := filepath.Join(t.TempDir(), "digestd.db")
	create(t, path)
	if _, err := Open(bolt.At(path, bolt.Options{Anew: true}), nil); err == nil {
		t.Error("init over an existing ledger succeeded")
	}
	os.Remove(path)
	l, err := Open(bolt.At(path, bolt.Options{Anew: true}), nil)
	if err != nil {
		t.Fatal(err)
	}
	l.Close()
	if l, err = Open(bolt.At(path, bolt.Options{}), nil); err != nil {
		t.Fatal(err)
	}
	l.Close()
}

func TestReadingLeavesTheFileAsItWas(t *testing.T) {
	storetest.NeedsFile(t)
	path := filepath.Join(t.TempDir(), "digestd.db")
	l := create(t, path)
	_ = l
	before, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	r, err := Open(bolt.At(path, bolt.Options{ReadOnly: true}), nil)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := r.Items.After(0); err != nil {
		t.Error(err)
	}
	if problems := r.Check(); len(problems) > 0 {
		t.Error(problems)
	}
	r.Close()
	after, _ := os.ReadFile(path)
	if string(before) != string(after) {
		t.Error("reading changed the ledger file")
	}
}

func create(t *testing.T, path string) *Ledger {
	t.Helper()
	l, err := Open(bolt.At(path, bolt.Options{}), nil)
	if err != nil {
		t.Fatal(err)
	}
	poll(t, l, "a", "Cranes move again")
	l.Close()
	return l
}

func reopen(t *testing.T, path string, change func(store.Tx) error) {
	t.Helper()
	s, err := bolt.At(path, bolt.Options{})()
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	if err := s.Update(nil, change); err != nil {
		t.Fatal(err)
	}
}

func write(t *testing.T, path string, content []byte) {
	t.Helper()
	if err := os.WriteFile(path, content, 0o600); err != nil {
		t.Fatal(err)
	}
}

func scribble(t *testing.T, path string, from, n int) {
	t.Helper()
	f, err := os.OpenFile(path, os.O_WRONLY, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	if _, err := f.WriteAt([]byte(strings.Repeat("scribble", n/8)), int64(from)); err != nil {
		t.Fatal(err)
	}
}

func TestBackupAndCompactKeepEverything(t *testing.T) {
	storetest.NeedsFile(t)
	l, _ := opened(t)
	for i := range 300 {
		poll(t, l, "a", fmt.Sprintf("Story number %d of a long day", i))
	}
	if err := l.Editions.Commit(composition(t, l, "2026-03-12T07:00", 10)); err != nil {
		t.Fatal(err)
	}
	copied := filepath.Join(t.TempDir(), "copy.db")
	f, err := os.Create(copied)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := l.Backup(f); err != nil {
		t.Fatal(err)
	}
	f.Close()
	r, err := Open(bolt.At(copied, bolt.Options{}), nil)
	if err != nil {
		t.Fatal(err)
	}
	before, after, err := r.Compact()
	if err != nil || after > before {
		t.Fatalf("compact: %d to %d bytes, %v", before, after, err)
	}
	if r, err = Open(bolt.At(copied, bolt.Options{ReadOnly: true}), nil); err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	items, err := r.Items.After(0)
	if err != nil || len(items) != 300 {
		t.Errorf("the copy has %d items, %v; want 300", len(items), err)
	}
	if problems := r.Check(); len(problems) > 0 {
		t.Error(problems)
	}
	if string(r.Keys.Secrets()[0]) != string(l.Keys.Secrets()[0]) {
		t.Error("the copy has another token key")
	}
}

func TestLargePollIsCommittedInBatches(t *testing.T) {
	l, _ := opened(t)
	titles := make([]string, 2*pollBatch+1)
	for i := range titles {
		titles[i] = fmt.Sprintf("Story number %d of a very long feed", i)
	}
	if n := poll(t, l, "a", titles...); n != len(titles) {
		t.Errorf("%d fresh items, want %d", n, len(titles))
	}
	st, err := l.Items.FeedState("a")
	if err != nil || st.ETag == "" || st.Daily[0] != len(titles) || st.LastItems.IsZero() {
		t.Errorf("state %+v, %v", st, err)
	}
	if n := poll(t, l, "a", titles...); n != 0 {
		t.Errorf("the same feed again has %d fresh items", n)
	}
	if n := poll(t, l, "b"); n != 0 {
		t.Errorf("an empty feed has %d fresh items", n)
	}
}
