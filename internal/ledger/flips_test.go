package ledger

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"reflect"
	"strconv"
	"strings"
	"testing"
	"time"

	"digestd/digest"
	"digestd/internal/ledger/store"
	"digestd/internal/ledger/store/bolt"
	"digestd/internal/ledger/store/storetest"
)

// flips is how many bits the test below flips; DIGESTD_FLIPS changes it.
const flips = 100

// lived makes a ledger in which everything stands that can stand in one: items of several polls, forgotten ones, an edition that
// is complete, one under way, one withdrawn, and what readers wish. It returns the file as far as it is in use.
func lived(t *testing.T, path string) []byte {
	t.Helper()
	c := &clock{morning}
	l, err := Open(bolt.At(path, bolt.Options{}), c.now)
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	ctx := context.Background()
	must := func(err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	edition := func(wall string, recipients int) string {
		comp := composition(t, l, wall, recipients)
		comp.Variants[0].Body = []byte(strings.Repeat("The message of "+wall+", and what it says. ", 200))
		must(l.Editions.Commit(comp))
		return comp.Edition.ID
	}
	titles := func(day, n int) (all []string) {
		for i := range n {
			all = append(all, fmt.Sprintf("Story %d of day %d, about item %d among others", i, day, i*day))
		}
		return all
	}
	for day := range 6 {
		poll(t, l, "https://example.org/a", titles(day, 15)...)
		poll(t, l, "https://example.org/b", titles(day, 5)...)
		c.t = c.t.Add(24 * time.Hour)
	}
	done := edition("2026-03-18T07:00", 1200)
	var sent []digest.Event
	for i := range 1200 {
		sent = append(sent, digest.Event{Index: i, State: digest.Intent, At: c.t, Attempt: 1})
		sent = append(sent, digest.Event{Index: i, State: digest.Sent, At: c.t, Attempt: 1, Stage: "dot", Code: 250, Words: fmt.Sprint("queued as ", i)})
	}
	must(l.Deliveries.Record(ctx, done, sent))
	must(l.Deliveries.Finish(done))
	poll(t, l, "https://example.org/c", titles(7, 30)...)
	must(l.Editions.Withdraw(edition("2026-03-19T07:00", 3)))
	open := edition("2026-03-20T07:00", 2300)
	for i := range 40 {
		must(l.Deliveries.Record(ctx, open, []digest.Event{{Index: i, State: digest.Intent, At: c.t, Attempt: 1}}))
		must(l.Deliveries.Record(ctx, open, []digest.Event{{Index: i, State: digest.Deferred, At: c.t, Attempt: 1, First: c.t, Due: c.t.Add(time.Hour), Stage: "rcpt", Code: 451, Words: "later"}}))
	}
	for i := range 60 {
		must(l.Readers.Suppress(digest.Suppression{Email: fmt.Sprintf("gone%d@example.net", i), Source: "page"}))
	}
	must(l.Readers.Grant(Wish{Email: "reader5@example.org", Source: "page", Preferences: &digest.Preferences{PlainText: true}}))
	_, _, err = l.Readers.SuppressBounced(open, "5.1.1", digest.Suppression{Email: "reader9@example.org", Source: "bounce"})
	must(err)
	_, err = l.Keys.Rotate()
	must(err)
	must(l.SetAlerts([]Alert{{ID: "paused", Words: "the mail server is away", Since: c.t}}))
	var whole bytes.Buffer
	_, err = l.Backup(&whole)
	must(err)
	return whole.Bytes()
}

// content is everything that a ledger says, as far as it can be read, and the errors of what can't be.
type content struct {
	mails  map[string]string // what would be mailed, by edition: bodies, and the recipients
	others map[string]any
	errs   []error
}

func read(l *Ledger) *content {
	c := &content{mails: map[string]string{}, others: map[string]any{}}
	keep := func(name string, v any, err error) {
		if c.errs = append(c.errs, err); err == nil {
			c.others[name] = fmt.Sprintf("%+v", v)
		}
	}
	items, err := l.Items.After(0)
	keep("items", items, err)
	feeds, err := l.Items.FeedStates()
	keep("feeds", feeds, err)
	lanes, err := l.Lanes.All()
	keep("lanes", lanes, err)
	for _, it := range items {
		o, ok, err := l.Lanes.Outcome(lane, it.Seq)
		keep(fmt.Sprint("outcome ", it.Seq), fmt.Sprint(o, ok), err)
		seqs, err := l.Items.Sightings(it)
		keep(fmt.Sprint("sightings ", it.Seq), seqs, err)
	}
	all, err := l.Readers.Suppressions()
	keep("suppressions", all, err)
	wishes, err := l.Readers.Preferences()
	keep("preferences", wishes, err)
	alerts, err := l.Alerts()
	keep("alerts", alerts, err)
	keep("keys", l.Keys.Secrets(), nil)
	keep("bounces", nil, l.view(func(tx store.Tx) error {
		return errors.Join(visit(tx, tableBounces, func(string, ...any) {}, func(key []byte, b bounced) error {
			c.others["bounce "+string(key)] = b
			return nil
		}))
	}))
	editions, err := l.Editions.Select(nil)
	keep("editions", editions, err)
	for _, wall := range []string{"18", "19", "20"} {
		id := lane.String() + "/2026-03-" + wall + "T07:00"
		frozen, err := l.Editions.Frozen(id)
		keep("frozen "+id, frozen, err)
		p, err := l.Deliveries.Progress(id)
		keep("progress "+id, fmt.Sprint(p.States, p.Last), err)
		failed, err := l.Deliveries.History(id, 7)
		keep("history "+id, failed, err)
		body, err := l.Editions.Body(id, 0)
		if c.errs = append(c.errs, err); err == nil {
			c.mails["body "+id] = string(body)
		}
		for chunk := range 3 {
			to, err := l.Deliveries.Recipients(id, chunk)
			if c.errs = append(c.errs, err); err == nil && len(to) > 0 {
				c.mails[fmt.Sprint("to ", chunk, id)] = fmt.Sprint(to)
			}
		}
	}
	return c
}

// TestFlippedBits flips one bit of a ledger at a time, anywhere, and opens it as the daemon does. Nothing crashes (the
// test would), no mail is another one than was composed, and nothing else is, or is missing, unless opening, reading or
// checking tells of damage.
func TestFlippedBits(t *testing.T) {
	t.Parallel()
	storetest.NeedsFile(t)
	dir := t.TempDir()
	path := filepath.Join(dir, "digestd.db")
	whole := lived(t, path)
	l, err := Open(bolt.At(path, bolt.Options{ReadOnly: true}), nil)
	if err != nil {
		t.Fatal(err)
	}
	before := read(l)
	if problems := append(before.errs, l.Check()...); errors.Join(problems...) != nil {
		t.Fatal("before any flip: ", errors.Join(problems...))
	}
	l.Close()
	n, used := flips, len(whole)
	if asked := os.Getenv("DIGESTD_FLIPS"); asked != "" {
		if n, err = strconv.Atoi(asked); err != nil {
			t.Fatal(err)
		}
	}
	random := rand.New(rand.NewPCG(uint64(n), 16))
	count := map[string]int{}
	for i := range n {
		bit := random.IntN(8 * used)
		if i%4 == 0 { // where pages are described, and meta pages, a flip does most: the first bytes of each page
			page := random.IntN(used / os.Getpagesize())
			bit = 8*page*os.Getpagesize() + random.IntN(8*200)
		}
		damaged := append([]byte(nil), whole...)
		damaged[bit/8] ^= 1 << (bit % 8)
		write(t, path, damaged)
		what := outcome(t, path, before, i%2 == 0)
		if count[what]++; what == "silent" || what == "garbled" {
			t.Errorf("bit %d of byte %d (page %d): %s", bit%8, bit/8, bit/8/os.Getpagesize(), what)
		}
	}
	t.Logf("%d flips in %d bytes: %v", n, used, count)
}

// outcome is what became of a ledger with a flipped bit.
func outcome(t *testing.T, path string, before *content, readOnly bool) string {
	t.Helper()
	l, err := Open(bolt.At(path, bolt.Options{ReadOnly: readOnly, Timeout: 50 * time.Millisecond}), func() time.Time { return morning.Add(150 * time.Hour) })
	if err != nil {
		if !errors.Is(err, store.ErrDamaged) && !errors.Is(err, store.ErrForeign) && !errors.Is(err, ErrNewer) {
			t.Errorf("opening: %v", err)
		}
		return "refused"
	}
	defer l.Close()
	now := read(l)
	for what, said := range now.mails {
		if said != before.mails[what] {
			return "garbled"
		}
	}
	same := reflect.DeepEqual(now.others, before.others) && len(now.mails) == len(before.mails)
	told := errors.Join(now.errs...) != nil
	problems := l.Check()
	if !readOnly {
		for _, it := range []string{"a", "b"} { // and goes on: known items stay known
			if _, err := l.Items.CommitPoll(context.Background(), digest.FeedState{URL: "https://example.org/" + it}, nil); err != nil {
				told = true
			}
		}
	}
	switch {
	case same && !told && len(problems) == 0:
		return "harmless"
	case told:
		return "told when read"
	case len(problems) > 0:
		return "told by check"
	}
	return "silent"
}

func TestTruncations(t *testing.T) {
	storetest.NeedsFile(t)
	path := filepath.Join(t.TempDir(), "digestd.db")
	whole := lived(t, path)
	random := rand.New(rand.NewPCG(1, 16))
	for range 60 {
		n := random.IntN(min(len(whole), 1<<(1+random.IntN(20))))
		write(t, path, whole[:n])
		l, err := Open(bolt.At(path, bolt.Options{Timeout: 50 * time.Millisecond}), nil)
		if err == nil {
			t.Errorf("%d of %d bytes were opened", n, len(whole))
			l.Close()
		}
	}
}
