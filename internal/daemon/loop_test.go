package daemon

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"digestd/digest"
	"digestd/digest/schedule"
	"digestd/internal/ledger"
	"digestd/internal/newsroom"
)

// world is what a loop in a test lives in: a clock that can be set, and work that only takes notes.
// It is used inside a synctest bubble, where time passes when all wait.
type world struct {
	t    *testing.T
	loop *Loop
	stop context.CancelFunc
	over chan error

	mu        sync.Mutex
	set       time.Duration // what the clock on the wall is ahead of the bubble's
	now       []laneView
	owed      []owedView
	troubles  []ledger.Alert
	poll      time.Time
	every     time.Duration // of polls
	notes     []string      // what was done, in order, with the time
	states    []string      // what the service manager was told
	publishes func(ctx context.Context, edition string) error
	polls     func(ctx context.Context) error
	articles  func(ctx context.Context) error
	resumes   func(edition string) error
	mailbox   time.Duration // how often it is read; 0: there is none
	unread    error
	reads     error        // of the ledger
	forgets   bool         // publishing does not move the lane
	alerts    atomic.Int32 // looks at the problems
	deaf      error        // nobody can be told of them
}

func newWorld(t *testing.T, at string, lanes ...laneView) *world {
	w := &world{t: t, now: lanes, every: 30 * time.Minute, over: make(chan error, 1)}
	w.clock(at)
	w.poll = w.time().Add(w.every)
	w.loop = newLoop(w, func() (tasks, error) { return w, nil }, slog.New(slog.DiscardHandler))
	w.loop.Now = w.time
	w.loop.Notify = func(state string) {
		w.mu.Lock()
		defer w.mu.Unlock()
		w.states = append(w.states, state)
	}
	return w
}

func (w *world) start() {
	ctx, stop := context.WithCancel(w.t.Context())
	w.stop = stop
	go func() { w.over <- w.loop.Run(ctx) }()
	synctest.Wait()
}

// end stops the loop and waits for it.
func (w *world) end() {
	w.t.Helper()
	w.stop()
	if err := <-w.over; !errors.Is(err, ErrEnded) {
		w.t.Errorf("Run ended with %v", err)
	}
}

// clock sets the clock on the wall; no time passes.
func (w *world) clock(at string) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.set = time.Until(clockTime(w.t, at))
}

func (w *world) time() time.Time {
	w.mu.Lock()
	defer w.mu.Unlock()
	return time.Now().Round(0).Add(w.set).UTC()
}

// pass lets time pass.
func (w *world) pass(d time.Duration) {
	time.Sleep(d)
	synctest.Wait()
}

func (w *world) note(format string, args ...any) {
	at := w.time().Format("02 15:04:05 ")
	w.mu.Lock()
	defer w.mu.Unlock()
	w.notes = append(w.notes, at+fmt.Sprintf(format, args...))
}

// noted are the notes that begin with one of the words after their time, in the order of time.
func (w *world) noted(words ...string) []string {
	w.mu.Lock()
	defer w.mu.Unlock()
	var some []string
	for _, n := range w.notes {
		if slices.ContainsFunc(words, func(word string) bool { return strings.HasPrefix(n[len("02 15:04:05 "):], word) }) {
			some = append(some, n)
		}
	}
	slices.Sort(some) // what happens at one instant has no order
	return some
}

func (w *world) want(words []string, want ...string) {
	w.t.Helper()
	if got := w.noted(words...); !slices.Equal(got, want) {
		w.t.Errorf("noted\n  %s\nwant\n  %s", strings.Join(got, "\n  "), strings.Join(want, "\n  "))
	}
}

func (w *world) told(prefix string) []string {
	w.mu.Lock()
	defer w.mu.Unlock()
	var some []string
	for _, s := range w.states {
		if strings.HasPrefix(s, prefix) {
			some = append(some, s)
		}
	}
	return some
}

func (w *world) lanes() ([]laneView, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	return slices.Clone(w.now), w.reads
}

func (w *world) owedEditions() ([]owedView, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	return slices.Clone(w.owed), w.reads
}

func (w *world) feeds() (feedsView, error) {
	v := feedsView{due: true, well: 14, all: 15}
	now := w.time()
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.poll.After(now) {
		v.due, v.next = false, w.poll
	}
	return v, w.reads
}

func (w *world) problems() []ledger.Alert {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.troubles
}

func (w *world) alert(context.Context) error {
	w.alerts.Add(1)
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.deaf
}

func (w *world) inForce()                    { w.note("in force") }
func (w *world) mailboxEvery() time.Duration { return w.mailbox }

func (w *world) readMailbox(context.Context) error {
	w.note("mailbox")
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.unread
}

func (w *world) fillIn(ctx context.Context) error {
	if w.articles == nil {
		return nil
	}
	return w.articles(ctx)
}

func (w *world) pollDue(ctx context.Context) error {
	w.note("poll")
	if w.polls != nil {
		if err := w.polls(ctx); err != nil {
			return err
		}
	}
	at := w.time()
	w.mu.Lock()
	defer w.mu.Unlock()
	w.poll = at.Add(w.every)
	return nil
}

func (w *world) publishSlot(ctx context.Context, lane digest.Lane, slot schedule.Slot) error {
	w.note("publish %s/%s", lane, slot.Wall)
	if w.publishes != nil {
		if err := w.publishes(ctx, lane.String()+"/"+slot.Wall); err != nil {
			return err
		}
	}
	if !w.forgets {
		w.use(lane, slot)
	}
	return nil
}

func (w *world) use(lane digest.Lane, slot schedule.Slot) {
	w.mu.Lock()
	defer w.mu.Unlock()
	for i := range w.now {
		if w.now[i].lane == lane {
			w.now[i].last = slot
		}
	}
}

func (w *world) propose(_ context.Context, lane digest.Lane, slot schedule.Slot) error {
	w.note("propose %s %s", lane, slot.Wall)
	return nil
}

func (w *world) skip(lane digest.Lane, slot schedule.Slot) error {
	w.note("skip %s/%s", lane, slot.Wall)
	w.use(lane, slot)
	return nil
}

func (w *world) resumeEdition(_ context.Context, edition string) error {
	w.note("resume %s", edition)
	if w.resumes != nil {
		if err := w.resumes(edition); err != nil {
			return err
		}
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	w.owed = slices.DeleteFunc(w.owed, func(o owedView) bool { return o.edition == edition })
	return nil
}

func (w *world) archive(context.Context) error { return nil }

func (w *world) prune(context.Context) error {
	w.note("prune")
	return nil
}

var slots = []string{"publish", "skip"}

func TestADay(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		paris, tokyo := daily(t, "0 7 * * *", "Europe/Paris"), daily(t, "0 7 * * *", "Asia/Tokyo")
		w := newWorld(t, "2026-11-22T12:00:20Z", paris, tokyo)
		w.every = 3 * time.Hour
		w.owed = []owedView{{edition: "late", lane: tokyo.lane, due: clockTime(t, "2026-11-22T12:20:00Z")}}
		w.start()
		w.pass(25 * time.Hour)
		w.end()
		w.want([]string{""},
			"22 12:20:00 resume late",
			"22 12:30:20 poll",
			"22 13:00:20 prune",
			"22 15:30:20 poll",
			"22 18:30:20 poll",
			"22 21:30:20 poll",
			"22 22:00:00 publish daily/Asia/Tokyo/2026-11-23T07:00",
			"23 00:30:20 poll",
			"23 03:30:20 poll",
			"23 06:00:00 publish daily/Europe/Paris/2026-11-23T07:00",
			"23 06:30:20 poll",
			"23 09:30:20 poll",
			"23 12:30:20 poll",
			"23 13:00:20 prune")
	})
}

func TestASlotWaitsForThePollButAMinuteAtMost(t *testing.T) {
	for _, test := range []struct {
		name      string
		poll      time.Duration
		published string
	}{
		{"a quick poll", 20 * time.Second, "22 07:00:20"},
		{"a poll that hangs", time.Hour, "22 07:01:00"},
	} {
		t.Run(test.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				w := newWorld(t, "2026-11-22T06:00:00Z", daily(t, "0 7 * * *", "UTC"))
				w.poll = clockTime(t, "2026-11-22T07:00:00Z")
				w.polls = func(context.Context) error { time.Sleep(test.poll); return nil }
				w.start()
				w.pass(2 * time.Hour)
				w.end()
				w.want([]string{"publish"}, test.published+" publish daily/UTC/2026-11-22T07:00")
			})
		})
	}
}

// TestArticlesHoldUpNothing has pages that take for ever: polls and slots go on, and one reading runs at a time.
func TestArticlesHoldUpNothing(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, "2026-11-22T06:00:00Z", daily(t, "0 7 * * *", "UTC"))
		running := 0
		w.articles = func(ctx context.Context) error {
			running++
			<-ctx.Done()
			return ctx.Err()
		}
		w.start()
		w.pass(80 * time.Minute)
		w.end()
		w.want([]string{"publish", "poll"}, "22 06:30:00 poll", "22 07:00:00 poll", "22 07:00:00 publish daily/UTC/2026-11-22T07:00")
		if running != 1 {
			t.Errorf("%d readings of articles", running)
		}
	})
}

func TestOneEditionFailingNeverStopsAnother(t *testing.T) {
	for name, fail := range map[string]func(context.Context) error{
		"error": func(context.Context) error { return errors.New("the template is broken") },
		"panic": func(context.Context) error { panic("a nil map") },
		"hangs": func(ctx context.Context) error { <-ctx.Done(); return ctx.Err() },
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				bad, good := daily(t, "0 7 * * *", "UTC"), daily(t, "0 7 * * *", "Etc/UTC")
				w := newWorld(t, "2026-11-22T06:59:00Z", bad, good)
				w.publishes = func(ctx context.Context, edition string) error {
					if strings.HasPrefix(edition, bad.lane.String()+"/") {
						return fail(ctx)
					}
					return nil
				}
				w.start()
				w.pass(25 * time.Hour)
				w.end()
				w.want([]string{"publish daily/Etc/UTC", "skip daily/Etc/UTC"},
					"22 07:00:00 publish daily/Etc/UTC/2026-11-22T07:00",
					"23 07:00:00 publish daily/Etc/UTC/2026-11-23T07:00")
				if bad := w.noted("publish daily/UTC/2026-11-22"); (len(bad) > 30 || len(bad) < 20) && name != "hangs" {
					t.Errorf("the failing one was tried %d times in six hours", len(bad))
				}
				if skipped := w.noted("skip daily/UTC/2026-11-22"); len(skipped) != 1 && name != "hangs" {
					t.Errorf("after catch_up the failing one was not skipped once: %v", skipped)
				}
			})
		})
	}
}

func TestFailingIsRetriedLaterEachTime(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, "2026-11-22T06:59:00Z", daily(t, "0 7 * * *", "UTC"))
		var broken atomic.Bool
		broken.Store(true)
		w.publishes = func(context.Context, string) error {
			if broken.Load() {
				return errors.New("connection refused")
			}
			return nil
		}
		w.start()
		w.pass(30 * time.Minute)
		broken.Store(false)
		w.pass(3 * time.Hour)
		w.end()
		edition := " publish daily/UTC/2026-11-22T07:00"
		w.want(slots, "22 07:00:00"+edition, "22 07:01:00"+edition, "22 07:03:00"+edition, "22 07:07:00"+edition,
			"22 07:15:00"+edition, "22 07:30:00"+edition)
	})
}

// TestADatabaseThatIsAway lets an edition wait longer each time, unless something of it was sent meanwhile.
func TestADatabaseThatIsAway(t *testing.T) {
	for _, c := range []struct {
		err  error
		want int // tries in two minutes
	}{{ledger.ErrAway, 7}, {ledger.ErrLost, 7}, {advanced{ledger.ErrLost}, 120}, {errors.New("connection refused"), 2}} {
		synctest.Test(t, func(t *testing.T) {
			w := newWorld(t, "2026-11-22T06:59:59Z", daily(t, "0 7 * * *", "UTC"))
			w.publishes = func(context.Context, string) error { return c.err }
			w.start()
			w.pass(2 * time.Minute)
			w.end()
			if got := len(w.noted("publish")); got != c.want {
				t.Errorf("%v: tried %d times in two minutes, want %d", c.err, got, c.want)
			}
		})
	}
}

func TestSuspendAndSteps(t *testing.T) {
	tests := []struct {
		name  string
		last  string // of the ledger, in UTC; empty: never
		start string
		steps []string // the clock is set to these, a minute of its own apart
		want  []string
	}{
		{"a suspend over the slot is noticed within a minute", "2026-11-21T07:00", "2026-11-22T06:00:00Z", []string{"2026-11-22T10:00:00Z"},
			[]string{"22 10:00:5 publish daily/UTC/2026-11-22T07:00"}},
		{"a suspend longer than catch_up", "2026-11-21T07:00", "2026-11-22T06:00:00Z", []string{"2026-11-22T20:00:00Z"},
			[]string{"22 20:00:5 skip daily/UTC/2026-11-22T07:00"}},
		{"a suspend over three slots", "2026-11-21T07:00", "2026-11-22T06:00:00Z", []string{"2026-11-24T08:00:00Z"},
			[]string{"24 08:00:5 publish daily/UTC/2026-11-24T07:00"}},
		{"set back after a slot: it is not repeated", "2026-11-21T07:00", "2026-11-22T06:59:00Z", []string{"2026-11-22T07:00:00Z", "2026-11-22T06:50:00Z", "2026-11-22T07:30:00Z"},
			[]string{"22 07:00:5 publish daily/UTC/2026-11-22T07:00"}},
		{"a start on a clock that is a year ahead", "", "2027-11-22T06:00:00Z", []string{"2026-11-22T06:00:00Z", "2026-11-22T07:00:00Z"},
			[]string{"22 07:00:5 publish daily/UTC/2026-11-22T07:00"}},
		{"a slot used on a clock that was a year ahead is void", "2027-11-21T07:00", "2026-11-22T08:00:00Z", []string{"2026-11-22T09:00:00Z", "2026-11-23T07:00:00Z"},
			[]string{"23 07:00:5 publish daily/UTC/2026-11-23T07:00"}},
		{"never composed: nothing was missed", "", "2026-11-22T08:00:00Z", []string{"2026-11-22T09:00:00Z"}, nil},
		{"down over the slot", "2026-11-21T07:00", "2026-11-22T08:00:00Z", nil,
			[]string{"22 08:00:0 publish daily/UTC/2026-11-22T07:00"}},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				lane := daily(t, "0 7 * * *", "UTC")
				if test.last != "" {
					lane.last = schedule.Slot{Wall: test.last, At: clockTime(t, test.last+":00Z")}
				}
				w := newWorld(t, test.start, lane)
				w.every = 1000 * time.Hour
				w.start()
				for _, step := range test.steps {
					w.pass(time.Second)
					w.clock(step)
					w.pass(59 * time.Second)
				}
				w.end()
				got := w.noted(slots...)
				for i := range got { // the second digit of the second depends on when the turn was
					got[i] = got[i][:len("22 10:00:5")] + got[i][len("22 10:00:59"):]
				}
				if !slices.Equal(got, test.want) {
					t.Errorf("noted %q, want %q", got, test.want)
				}
			})
		})
	}
}

func TestASlotBehindAVoidOneIsPublishedOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		lane := daily(t, "0 7 * * *", "UTC")
		lane.last = schedule.Slot{Wall: "2026-11-24T07:00", At: clockTime(t, "2026-11-24T07:00:00Z")}
		w := newWorld(t, "2026-11-22T23:00:00Z", lane) // set back by more than a period
		w.forgets = true                               // the edition of the next slot is there: the lane does not move
		w.every = 1000 * time.Hour
		w.publishes = func(context.Context, string) error {
			if len(w.noted("publish")) > 5 {
				w.stop() // else it spins for ever
			}
			return nil
		}
		w.start()
		w.pass(9 * time.Hour)
		w.end()
		w.want(slots, "23 07:00:00 publish daily/UTC/2026-11-23T07:00")
	})
}

func TestReload(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		morning := daily(t, "0 7 * * *", "UTC")
		morning.last = morning.times.Latest(clockTime(t, "2026-11-22T11:00:00Z"), morning.zone)
		w := newWorld(t, "2026-11-22T11:00:00Z", morning)
		hangup := make(chan os.Signal)
		w.loop.Hangup = hangup
		var next []laneView
		var broken error
		w.loop.load = func() (tasks, error) {
			if broken != nil {
				return nil, broken
			}
			w.mu.Lock()
			defer w.mu.Unlock()
			w.now = next
			return w, nil
		}
		w.start()

		broken = errors.New("config.toml:3:1: unknown key")
		if err := w.loop.Reload(t.Context()); !errors.Is(err, broken) {
			t.Errorf("a broken config: %v", err)
		}
		hangup <- syscall.SIGHUP
		synctest.Wait()
		if got := w.told("READY=1"); len(got) != 3 || len(w.told("RELOADING=1\nMONOTONIC_USEC=")) != 2 {
			t.Errorf("systemd was told %q", w.told(""))
		}

		// At noon another zone is added, one that has composed long ago, one with its last slot used, and the
		// schedule of the first is moved to an hour that has passed.
		broken = nil
		earlier := daily(t, "0 9 * * *", "UTC")
		earlier.last = morning.last
		added := daily(t, "0 11 * * *", "Etc/UTC")
		back := daily(t, "0 11 * * *", "Africa/Abidjan")
		back.last = schedule.Slot{Wall: "2026-10-01T11:00", At: clockTime(t, "2026-10-01T11:00:00Z")}
		mistaken := daily(t, "0 11 * * *", "Africa/Accra")
		mistaken.last = schedule.Slot{Wall: "2026-11-21T11:00", At: clockTime(t, "2026-11-21T11:00:00Z")}
		next = []laneView{earlier, added, back, mistaken}
		w.pass(time.Hour)
		if err := w.loop.Reload(t.Context()); err != nil {
			t.Error(err)
		}
		w.pass(24 * time.Hour)
		w.end()
		w.want(slots,
			"22 12:00:00 publish daily/Africa/Accra/2026-11-22T11:00",
			"23 09:00:00 publish daily/UTC/2026-11-23T09:00",
			"23 11:00:00 publish daily/Africa/Abidjan/2026-11-23T11:00",
			"23 11:00:00 publish daily/Africa/Accra/2026-11-23T11:00",
			"23 11:00:00 publish daily/Etc/UTC/2026-11-23T11:00")
	})
}

func TestAReloadDuringAnEditionWaitsForNobody(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, "2026-11-22T06:59:59Z", daily(t, "0 7 * * *", "UTC"))
		w.publishes = func(context.Context, string) error { time.Sleep(time.Hour); w.note("published"); return nil }
		w.start()
		w.pass(time.Minute)
		if err := w.loop.Reload(t.Context()); err != nil {
			t.Error(err)
		}
		w.note("reloaded")
		w.pass(2 * time.Hour)
		w.end()
		w.want([]string{"publish", "reloaded"}, "22 07:00:00 publish daily/UTC/2026-11-22T07:00", "22 07:00:59 reloaded",
			"22 08:00:00 published")
	})
}

// TestALaneThatBeginsSaysWhatIsNotSent starts a daemon a little after a slot of a lane that never used one: it may have been
// ended before the first edition was composed.
func TestALaneThatBeginsSaysWhatIsNotSent(t *testing.T) {
	for at, said := range map[string]bool{"2026-11-22T07:00:05Z": true, "2026-11-22T20:00:00Z": false} {
		synctest.Test(t, func(t *testing.T) {
			lane := daily(t, "0 7 * * *", "UTC")
			lane.catchUp = 6 * time.Hour
			w := newWorld(t, at, lane)
			var log bytes.Buffer
			w.loop.Log = slog.New(slog.NewTextHandler(&log, nil))
			w.start()
			w.pass(10 * time.Minute)
			w.end()
			if got := strings.Count(log.String(), `"not sent"=2026-11-22T07:00`); (got == 1) != said || got > 1 {
				t.Errorf("started at %s: %s", at, log.String())
			}
		})
	}
}

// TestAReloadThatNeverEnds hangs in reading the configuration: neither a later reload nor the end waits for it, and what
// comes of it at last is not taken.
func TestAReloadThatNeverEnds(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, "2026-11-22T06:00:00Z", daily(t, "0 7 * * *", "UTC"))
		hangs := make(chan struct{})
		w.loop.load = func() (tasks, error) { <-hangs; return w, nil }
		w.start()
		first := make(chan error, 1)
		go func() { first <- w.loop.Reload(t.Context()) }()
		synctest.Wait()
		if err := w.loop.Reload(t.Context()); err == nil || !strings.Contains(err.Error(), "under way") {
			t.Errorf("a second one: %v", err)
		}
		w.pass(2 * time.Minute)
		if err := <-first; err == nil || !strings.Contains(err.Error(), "takes more than 1m") {
			t.Errorf("it was told %v", err)
		}
		w.loop.load = func() (tasks, error) { return w, nil }
		if err := w.loop.Reload(t.Context()); err != nil {
			t.Errorf("the next one: %v", err)
		}
		close(hangs)
		w.pass(time.Minute)
		w.want([]string{"in force"}, "22 06:02:00 in force")

		w.loop.load = func() (tasks, error) { <-t.Context().Done(); return nil, t.Context().Err() }
		last := make(chan error, 1)
		go func() { last <- w.loop.Reload(t.Context()) }()
		synctest.Wait()
		w.end()
		if err := <-last; err == nil || !strings.Contains(err.Error(), "stopping") {
			t.Errorf("at the end it was told %v", err)
		}
	})
}

func TestStopLetsMessagesInFlightEnd(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, "2026-11-22T06:59:59Z", daily(t, "0 7 * * *", "UTC"))
		w.publishes = func(ctx context.Context, _ string) error {
			<-ctx.Done()
			time.Sleep(9 * time.Minute)
			w.note("last answer")
			return ctx.Err()
		}
		w.start()
		w.pass(time.Minute)
		w.stop()
		if err := w.loop.Reload(t.Context()); err == nil || !strings.Contains(err.Error(), "stopping") {
			t.Errorf("a reload while stopping: %v", err)
		}
		if err := <-w.over; !errors.Is(err, ErrEnded) {
			t.Errorf("ended with %v", err)
		}
		w.want([]string{"last"}, "22 07:09:59 last answer")
		if len(w.told("STOPPING=1")) != 1 || len(w.told("STATUS=stopping; waiting for messages in flight of daily/UTC/2026-11-22T07:00")) != 1 {
			t.Errorf("systemd was told %q", w.told(""))
		}
	})
}

func TestWhatSystemdIsTold(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, "2026-11-22T03:00:00Z", daily(t, "0 7 * * *", "Europe/Paris"))
		w.loop.Watchdog = 40 * time.Second
		w.publishes = func(context.Context, string) error { time.Sleep(time.Second); return nil }
		w.start()
		if got := []string{"STATUS=next: daily/Europe/Paris 07:00 CET in 3h; 14/15 feeds well", "READY=1", "WATCHDOG=1", "WATCHDOG=1", "WATCHDOG=1"}; !slices.Equal(w.told(""), got) {
			t.Errorf("told at the start: %q", w.told(""))
		}
		w.pass(time.Hour)
		if got := len(w.told("WATCHDOG=1")); got < 180 {
			t.Errorf("%d signs of life in an hour, for a watchdog of 40 s", got)
		}
		w.mu.Lock()
		w.troubles = []ledger.Alert{{ID: "late", Words: "edition d is late\nand so is another"}}
		w.mu.Unlock()
		w.pass(time.Minute)
		if got := w.told("STATUS=PROBLEM: edition d is late; next: "); len(got) == 0 {
			t.Errorf("of a problem: %q", w.told("STATUS="))
		}
		w.mu.Lock()
		w.troubles = nil
		w.mu.Unlock()
		w.pass(2*time.Hour + 20*time.Minute)
		w.end()
		for _, status := range []string{"in 1h30m; ", "in 1m; ", "STATUS=publishing daily/Europe/Paris/2026-11-22T07:00; next: daily/Europe/Paris 07:00 CET in 24h; 14/15"} {
			if !slices.ContainsFunc(w.told("STATUS="), func(s string) bool { return strings.Contains(s, status) }) {
				t.Errorf("never told %q", status)
			}
		}
		if got := w.told("READY=1"); len(got) != 1 {
			t.Errorf("ready %d times", len(got))
		}
	})
}

// A ledger that cannot be read keeps the loop alive, and watched, and is tried once a minute.
func TestALedgerThatCannotBeRead(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, "2026-11-22T06:00:00Z", daily(t, "0 7 * * *", "UTC"))
		w.start()
		w.mu.Lock()
		w.reads = errors.New("input/output error")
		w.mu.Unlock()
		w.pass(61 * time.Minute)
		if got := len(w.told("WATCHDOG=1")); got < 60 || got > 130 {
			t.Errorf("%d signs of life in an hour", got)
		}
		if got := w.told("STATUS=the ledger cannot be read"); len(got) != 1 {
			t.Errorf("told %q", got)
		}
		if got := w.alerts.Load(); got < 60 {
			t.Errorf("%d looks at the problems in an hour, while the ledger cannot be read", got)
		}
		w.mu.Lock()
		w.reads = nil
		w.mu.Unlock()
		w.pass(time.Minute)
		w.end()
		w.want(slots, "22 07:02:00 publish daily/UTC/2026-11-22T07:00")
	})
}

func TestProblemsAreLookedAtOnceAMinute(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, "2026-11-22T06:00:00Z", daily(t, "0 7 * * *", "UTC"))
		w.start()
		w.pass(time.Hour)
		if got := w.alerts.Swap(0); got < 60 || got > 61 {
			t.Errorf("%d looks in an hour", got)
		}
		w.mu.Lock()
		w.deaf = errors.New("exit status 1")
		w.mu.Unlock()
		w.pass(time.Hour)
		if got := w.alerts.Load(); got < 4 || got > 10 {
			t.Errorf("%d tries in an hour to tell somebody who cannot be told", got)
		}
		w.end()
	})
}

// What stays due although it went well must not keep a core busy.
func TestWhatStaysDueIsNotSpunOn(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		lane := daily(t, "0 7 * * *", "UTC")
		w := newWorld(t, "2026-11-22T06:00:00Z", lane)
		w.every, w.poll, w.forgets = 0, w.time(), true
		w.start()
		w.mu.Lock()
		for i := range 3 {
			w.owed = append(w.owed, owedView{edition: fmt.Sprint("e", i), lane: lane.lane})
		}
		w.mu.Unlock()
		w.pass(10 * time.Minute)
		w.clock("2026-11-22T06:59:00Z")
		w.pass(10 * time.Minute)
		w.end()
		w.want(slots, "22 07:00:00 publish daily/UTC/2026-11-22T07:00")
		if got := len(w.noted("poll")); got == 0 || got > 121 {
			t.Errorf("%d polls in twenty minutes", got)
		}
		if got := len(w.noted("resume")); got != 3 {
			t.Errorf("%d resumes", got)
		}
	})
}

// A server whose block of twenty minutes begins anew with each try gets the three editions that wait for it, and an
// edition that it never takes holds up none of them.
func TestPausedEditionsAskOneAtATime(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, "2026-11-22T08:00:00Z")
		for i, zone := range []string{"UTC", "Europe/Paris", "Asia/Tokyo", "America/Lima"} {
			lane := daily(t, "0 7 * * *", zone)
			lane.last = schedule.Slot{Wall: "2026-11-22T07:00", At: w.time()}
			w.now = append(w.now, lane)
			w.owed = append(w.owed, owedView{edition: fmt.Sprint("e", i), lane: lane.lane, paused: true})
		}
		asked := time.Time{}
		w.resumes = func(edition string) error {
			shut := w.time().Sub(asked) < 20*time.Minute
			if asked = w.time(); edition == "e0" || shut {
				p := paused{newsroom.Published{Edition: edition}}
				p.Delivery.Lots, p.Delivery.Paused = 1, "no"
				return p
			}
			asked = time.Time{}
			return nil
		}
		asked = w.time()
		w.start()
		w.pass(4 * time.Hour)
		w.end()
		if len(w.owed) != 1 || w.owed[0].edition != "e0" {
			t.Errorf("owed after four hours: %v", w.owed)
		}
		if got := len(w.noted("resume")); got > 35 {
			t.Errorf("%d tries", got)
		}
		if first := w.noted("resume")[:2]; !slices.Equal(first, []string{"22 08:00:00 resume e0", "22 08:01:00 resume e1"}) {
			t.Errorf("begins with %v", first)
		}
	})
}

// An edition of which nothing went out may be refused for itself: those that come all day keep no other waiting.
func TestANewPauseKeepsNoOtherWaiting(t *testing.T) {
	now := clockTime(t, "2026-11-22T08:00:00Z")
	soon, p := now.Add(10*time.Minute), paused{}
	p.Delivery.Lots = 1
	for _, c := range []struct {
		edition string
		sent    int
		moves   bool
	}{{"new", 0, false}, {"new", 1, true}, {"waits", 0, true}} {
		s := shut{times: 20, asked: map[string]time.Time{"waits": {}, "asks": {}}, ends: map[string]time.Time{}}
		holds := map[string]time.Time{"waits": soon, "asks": soon}
		p.Delivery.Sent = c.sent
		s.paused(c.edition, p, now, holds)
		if moved := holds["asks"].After(soon); moved != c.moves || !holds[c.edition].Equal(now.Add(s.times.Pause())) {
			t.Errorf("%s, %d sent: %v", c.edition, c.sent, holds)
		}
	}
}

// A new configuration may name another server: pauses begin anew, also where the old one was being asked meanwhile.
func TestAReloadEndsLongPauses(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		lane := daily(t, "0 7 * * *", "UTC")
		w := newWorld(t, "2026-11-22T08:00:00Z", lane)
		w.owed = []owedView{{edition: "e0", lane: lane.lane, paused: true}}
		w.resumes = func(edition string) error {
			p := paused{newsroom.Published{Edition: edition}}
			p.Delivery.Lots, p.Delivery.Paused = 1, "no"
			return p
		}
		w.start()
		w.pass(6 * time.Hour)
		before := len(w.noted("resume"))
		if err := w.loop.Reload(t.Context()); err != nil {
			t.Fatal(err)
		}
		w.pass(4 * time.Minute)
		w.end()
		if got := len(w.noted("resume")) - before; got != 3 {
			t.Errorf("%d tries within four minutes", got)
		}
	})
}

// An operator who resumes one edition by hand sets the others free, and what it still owes.
func TestAnEditionThatIsPausedNoMoreHoldsNothing(t *testing.T) {
	now := clockTime(t, "2026-11-22T08:00:00Z")
	s := shut{asked: map[string]time.Time{"a": now, "b": now}, ends: map[string]time.Time{}}
	holds := map[string]time.Time{"a": now.Add(time.Hour), "b": now.Add(time.Hour), "c": now.Add(time.Hour)}
	owed := []owedView{{edition: "a", paused: true}, {edition: "b", paused: true}}
	s.look(owed, holds)
	if len(holds) != 3 {
		t.Errorf("while both are paused: %v", holds)
	}
	owed[0].paused = false
	if s.look(owed, holds); len(holds) != 1 || len(s.asked) != 1 {
		t.Errorf("held %v, asked %v", holds, s.asked)
	}
}

// The mailbox is read at the start, then as often as its key says, and after a failure sooner.
func TestTheMailboxIsRead(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, "2026-11-22T12:00:00Z", daily(t, "0 7 * * *", "UTC"))
		w.mailbox = 5 * time.Minute
		w.start()
		w.pass(11 * time.Minute)
		w.mu.Lock()
		w.unread = errors.New("no such user")
		w.mu.Unlock()
		w.pass(8 * time.Minute)
		w.mu.Lock()
		w.unread = nil
		w.mu.Unlock()
		w.pass(9 * time.Minute)
		w.end()
		w.want([]string{"mailbox"},
			"22 12:00:00 mailbox", "22 12:05:00 mailbox", "22 12:10:00 mailbox",
			"22 12:15:00 mailbox", "22 12:16:00 mailbox", "22 12:18:00 mailbox", // failing
			"22 12:22:00 mailbox", "22 12:27:00 mailbox")
	})
}
