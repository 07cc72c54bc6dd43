package newsroom_test

import (
	"bytes"
	"context"
	"fmt"
	"hash/fnv"
	"log/slog"
	"math/rand/v2"
	"os"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"digestd/digest"
	"digestd/internal/config"
	"digestd/internal/ledger"
	"digestd/internal/ledger/store"
	"digestd/internal/ledger/store/memory"
	"digestd/internal/ledger/store/postgres"
	"digestd/internal/ledger/store/storetest"
	"digestd/internal/newsroom"
	"digestd/internal/newsroom/town"
)

// wire is a headline in words that hardly another one has.
func wire(feed string, number int) string {
	seed := fnv.New64a()
	fmt.Fprint(seed, feed, number)
	random := rand.New(rand.NewPCG(seed.Sum64(), 19))
	var words []string
	for range 5 {
		word := ""
		for range 3 {
			word += [...]string{"ba", "ce", "di", "fo", "gu", "ha", "je", "ki", "lo", "mu", "na", "pe", "ri", "so", "tu", "va"}[random.IntN(16)]
		}
		words = append(words, word)
	}
	return strings.Join(words, " ")
}

// TestThreeComposersOneLane lets three processes poll and publish the same hourly slots at the same time. Each slot has one
// edition, each item stands in one, whichever way it is counted, and each feed is asked once within its time.
func TestThreeComposersOneLane(t *testing.T) {
	storetest.Shared(t, func(t *testing.T, open store.Opener) {
		slots := 30
		if strings.HasSuffix(t.Name(), "/postgres") {
			slots = 15 // of which each takes longer
		}
		if asked := os.Getenv("DIGESTD_SLOTS"); asked != "" {
			slots, _ = strconv.Atoi(asked)
		}
		w := town.New(t, strings.NewReplacer(`"0 7 * * *"`, `"0 * * * *"`, `title = "Global"`, "title = \"Global\"\nmax_stories = 100\nmax_per_feed = 100").Replace(one))
		w.Now = w.Now.Truncate(time.Hour)
		w.Reopen(open)
		processes := []*newsroom.Publisher{w.Publisher, w.Beside(open), w.Beside(open)}
		lane := digest.Lane{Digest: "daily", Zone: "Europe/Paris"}
		d, err := w.Config.Digest("daily")
		if err != nil {
			t.Fatal(err)
		}
		composed := map[string]int{}
		var mu sync.Mutex
		for n := range slots {
			w.Now = w.Now.Add(time.Hour)
			for i, path := range []string{"/herald", "/gazette"} {
				var titles []string
				for number := max(0, 3*n-4); number < 3*n+3+i; number++ { // some are shown again, and one of the next
					titles = append(titles, wire(path, number))
				}
				slices.Reverse(titles)
				w.Show(path, titles...)
			}
			slot, err := config.LatestSlot(d, lane, w.Now)
			if err != nil {
				t.Fatal(err)
			}
			var all sync.WaitGroup
			for _, p := range processes {
				all.Go(func() {
					p.Poll(t.Context(), w.Config.Feeds(), false, nil)
					out, err := p.Publish(t.Context(), lane, slot, newsroom.Due, newsroom.Unwatched{})
					if err != nil {
						t.Errorf("slot %s: %v", slot.Wall, err)
					}
					mu.Lock()
					defer mu.Unlock()
					if out.Edition == "" {
						t.Logf("slot %s has no edition: %s", slot.Wall, out.Reason)
					}
					if out.Composed {
						composed[out.Edition]++
					}
				})
			}
			all.Wait()
			for _, path := range []string{"/herald", "/gazette"} {
				if asked := w.Asked(path); asked != n+1 {
					t.Fatalf("%s was asked %d times in %d hours", path, asked, n+1)
				}
			}
		}
		w.Now = w.Now.Add(time.Hour) // for what came while the last one was composed
		if _, err := w.Publisher.Send(t.Context(), d, false, newsroom.Unwatched{}); err != nil {
			t.Fatal(err)
		}
		once(t, w, lane, composed, slots)
	})
}

// once holds that what was composed once stands once in the ledger, and each item in one edition.
func once(t *testing.T, w *town.Town, lane digest.Lane, composed map[string]int, slots int) {
	t.Helper()
	for id, n := range composed {
		if n != 1 {
			t.Errorf("%s was composed %d times", id, n)
		}
	}
	editions, err := w.Ledger.Editions.Latest(slots + 2)
	if err != nil || len(editions) < slots || len(editions) > slots+1 {
		t.Fatalf("%d editions in %d slots, %v", len(editions), slots, err)
	}
	stands := map[uint64][]string{}
	for _, e := range editions {
		frozen, err := w.Ledger.Editions.Frozen(e.ID)
		if err != nil {
			t.Fatal(err)
		}
		for _, s := range frozen.Stories {
			for _, it := range s.Items {
				stands[it.Seq] = append(stands[it.Seq], e.ID)
			}
		}
	}
	items, err := w.Ledger.Items.After(0)
	if want := 2*3*slots + 1; err != nil || len(items) != want {
		t.Fatalf("%d items, want %d, %v", len(items), want, err)
	}
	for _, it := range items {
		o, known, err := w.Ledger.Lanes.Outcome(lane, it.Seq)
		if err != nil || !known || !slices.Equal(stands[it.Seq], []string{o.Edition}) {
			t.Errorf("item %d is said to be in %q (%s), and stands in %q, %v", it.Seq, o.Edition, o.Reason, stands[it.Seq], err)
		}
	}
	for _, reader := range []string{"ana@example.org", "benoit@example.org"} {
		if got := w.Received(reader); got != len(editions) {
			t.Errorf("%s got %d mails of %d editions", reader, got, len(editions))
		}
	}
}

// late is a store whose changes of the news wait before they are committed, as long as somebody holds them up.
type late struct {
	store.Shared
	arrived, goOn chan struct{} // nil: nobody does
}

func (l *late) Update(touched []store.Touch, f func(store.Tx) error) error {
	return l.Shared.Update(touched, func(tx store.Tx) error {
		err := f(tx)
		if l.arrived != nil && slices.Contains(touched, store.News()) {
			close(l.arrived)
			<-l.goOn
			l.arrived = nil
		}
		return err
	})
}

// TestAPollThatCommitsLate delays the commit of a poll until another process has polled another feed, if it can, and a third has
// composed. Whatever became visible in which order, each item stands in one edition.
func TestAPollThatCommitsLate(t *testing.T) {
	url := storetest.PostgreSQL(t).URL(t)
	open := postgres.At(postgres.Options{URL: url, Name: "test"})
	w := town.New(t, one)
	w.Reopen(open)
	held := &late{}
	slow, quick := w.Beside(func() (store.Store, error) {
		s, err := open()
		if err == nil {
			held.Shared = s.(store.Shared)
		}
		return held, err
	}), w.Beside(open)
	w.Show("/herald", "Cranes move again in the harbour")
	w.Show("/gazette", "Court strikes down the river levy")
	w.At(0, "06:30")
	told := func(title string) (times int) {
		for n := range w.Received("ana@example.org") {
			if strings.Contains(w.Mail("ana@example.org", n), title) {
				times++
			}
		}
		return times
	}
	for day := 1; day <= 3; day++ {
		w.Now = town.OnDay(t, day, "06:30")
		early, behind := wire("early", day), wire("late", day)
		w.Show("/herald", behind)
		w.Show("/gazette", early)
		feeds := w.Config.Feeds()
		held.arrived, held.goOn = make(chan struct{}), make(chan struct{})
		arrived := held.arrived
		var polls sync.WaitGroup
		polls.Go(func() { slow.Poll(t.Context(), feeds[:1], true, nil) })
		<-arrived
		committed := make(chan struct{})
		polls.Go(func() { quick.Poll(t.Context(), feeds[1:], true, nil); close(committed) })
		select {
		case <-committed: // before the poll that began first
		case <-time.After(300 * time.Millisecond):
		}
		w.Send(false)
		close(held.goOn)
		polls.Wait()
		w.Now = w.Now.Add(time.Hour)
		w.Send(true)
		if a, b := told(early), told(behind); a != 1 || b != 1 {
			t.Errorf("day %d: what was committed first is told %d times, what came late %d times", day, a, b)
		}
	}
}

// TestWhatIsMailedOnce lets three processes do the same at the same time: the editor is shown an edition once, whoever asks to
// become a reader is asked back once, and welcomed once.
func TestWhatIsMailedOnce(t *testing.T) {
	storetest.Shared(t, func(t *testing.T, open store.Opener) {
		w := town.New(t, strings.Replace(approved("send"), "[topics.global]",
			"[web]\nlisten = \"127.0.0.1:8080\"\nbase_url = \"https://news.example.org\"\nsign_up = true\nwelcome = true\n[topics.global]", 1))
		w.Reopen(open)
		processes := []*newsroom.Publisher{w.Publisher, w.Beside(open), w.Beside(open)}
		together := func(do func(p *newsroom.Publisher) error) {
			t.Helper()
			var all sync.WaitGroup
			for _, p := range processes {
				all.Go(func() {
					if err := do(p); err != nil {
						t.Error(err)
					}
				})
			}
			all.Wait()
		}
		received := func(who string, want int) {
			t.Helper()
			if got := w.Received(who); got != want {
				t.Errorf("%s got %d mails, want %d", who, got, want)
			}
		}
		e, lane := editor{t, w}, digest.Lane{Digest: "daily", Zone: "Europe/Paris"}
		w.Now = town.OnDay(t, 0, "05:20")
		w.Show("/herald", "Cranes move again in the harbour")
		w.Collect()
		slot, err := config.NextSlot(e.digest(), lane, w.Now)
		if err != nil {
			t.Fatal(err)
		}
		together(func(p *newsroom.Publisher) error { return p.Desk.Propose(t.Context(), lane, slot) })
		received("editor@example.org", 1)
		w.At(0, "06:00")
		received("ana@example.org", 1)

		const newcomer = "dora@example.org"
		deliver := func(p *newsroom.Publisher) error {
			owed, err := p.Owed()
			for _, o := range owed {
				if err == nil {
					_, _, err = p.Deliver(t.Context(), o.Edition, newsroom.Unwatched{})
				}
			}
			return err
		}
		if err := w.Publisher.Ask(ledger.Request{Email: newcomer, Digests: []string{"daily"}, Language: "en", Words: "Sign up"}); err != nil {
			t.Fatal(err)
		}
		letters, err := w.Ledger.Editions.Letters()
		if err != nil || len(letters) != 1 {
			t.Fatal(letters, err)
		}
		together(deliver)
		received(newcomer, 1)
		together(func(p *newsroom.Publisher) error { _, _, err := p.Confirm(letters[0].Request); return err })
		if letters, err = w.Ledger.Editions.Letters(); err != nil || len(letters) != 2 {
			t.Errorf("%d letters, where one asks and one welcomes, %v", len(letters), err)
		}
	})
}

// TestClocksThatDiffer lets the clock of the database be another one: five seconds are warned of, and by one that is a minute from
// it nothing is composed.
func TestClocksThatDiffer(t *testing.T) {
	for _, c := range []struct {
		ahead  time.Duration
		warned bool
		sent   int
	}{{0, false, 2}, {4 * time.Second, false, 2}, {30 * time.Second, true, 2}, {-30 * time.Second, true, 2},
		{90 * time.Second, true, 0}, {-90 * time.Second, true, 0}} {
		m := memory.New()
		m.SetAhead(c.ahead)
		w := town.New(t, one)
		w.Reopen(m.OpenShared)
		w.Show("/herald", "Cranes move again in the harbour")
		w.Collect()
		d, err := w.Config.Digest("daily")
		if err != nil {
			t.Fatal(err)
		}
		out, err := w.Publisher.Send(t.Context(), d, false, newsroom.Unwatched{})
		sent := w.Received("ana@example.org") + w.Received("benoit@example.org")
		if refused := err != nil && strings.Contains(err.Error(), "it composes nothing before its clock is set"); sent != c.sent || refused != (c.sent == 0) {
			t.Errorf("%v off: %d mails, %+v, %v", c.ahead, sent, out, err)
		}
		var log bytes.Buffer
		looked, end := context.WithCancel(t.Context())
		end() // after one look
		p := newsroom.Presence{Ledger: w.Ledger, Config: func() string { return "" }, Share: func(float64, time.Duration) {},
			Log: slog.New(slog.NewTextHandler(&log, nil))}
		p.Run(looked)
		if warned := strings.Contains(log.String(), "the clock of this machine is not that of the database"); warned != c.warned {
			t.Errorf("%v off: %s", c.ahead, log.String())
		}
	}
}
