package daemon

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"net/http"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"digestd/digest"
	"digestd/digest/collect"
	"digestd/digest/render"
	"digestd/internal/config"
	"digestd/internal/ledger"
	"digestd/internal/ledger/store"
	"digestd/internal/ledger/store/storetest"
	"digestd/internal/newsroom"
	"digestd/internal/report"
	"digestd/mailer"
	"digestd/templates"
)

// zeros is a random source without surprises.
type zeros struct{}

func (zeros) Read(p []byte) (int, error) { clear(p); return len(p), nil }

// size of a week. The small one is for every run of the tests; DIGESTD_WEEK=full asks for the large one.
type size struct {
	days, rest     int // with news, and after them without
	feeds, readers int
	zones          int
	every          string // between two polls
}

var (
	smallWeek = size{days: 3, rest: 2, feeds: 12, readers: 60, zones: 4, every: "2h"}
	fullWeek  = size{days: 7, rest: 4, feeds: 200, readers: 1000, zones: 12, every: "30m"}
)

// zones of the readers; some change to summer time within the week.
var zones = []string{"Europe/Paris", "Asia/Tokyo", "America/Los_Angeles", "Australia/Lord_Howe", "Asia/Kathmandu", "Africa/Cairo",
	"Europe/London", "America/New_York", "America/Sao_Paulo", "Asia/Kolkata", "Pacific/Auckland", "Asia/Beirut"}

// week is a daemon in its world.
type week struct {
	t       *testing.T
	size    size
	dice    *rand.Rand
	dir     string
	store   store.Opener
	begun   time.Time    // when the week begins
	bubble  time.Time    // the bubble's clock then
	ahead   atomic.Int64 // nanoseconds that the machine slept
	world   *outside
	outlets []*outlet
	readers []weekReader
	alerts  []string // that the operator got
	beats   atomic.Int64
	line    atomic.Pointer[Rooms]
	loop    *Loop
	stop    context.CancelFunc
	over    chan error
	crashes int
	cut     int // of them, those in the middle of an edition
	log     *slog.Logger
}

// weekReader is a row of the list of subscribers.
type weekReader struct{ email, zone, topics, language, format string }

func (w *week) now() time.Time {
	return w.begun.Add(time.Since(w.bubble)).Add(time.Duration(w.ahead.Load())).Round(0).UTC()
}

func newWeek(t *testing.T, size size, seed uint64) *week {
	w := &week{t: t, size: size, dice: rand.New(rand.NewPCG(seed, 7)), dir: t.TempDir(), store: storetest.Fresh(t), bubble: time.Now(),
		begun: time.Date(2026, 3, 27, 0, 0, 0, 0, time.UTC), // Europe changes its clocks on the 29th
		log:   slog.New(slog.DiscardHandler)}
	if testing.Verbose() {
		w.log = slog.New(slog.NewTextHandler(t.Output(), &slog.HandlerOptions{ReplaceAttr: func(_ []string, a slog.Attr) slog.Attr {
			if a.Key == slog.TimeKey {
				a.Value = slog.TimeValue(w.now())
			}
			return a
		}}))
	}
	w.world = &outside{now: w.now, dice: rand.New(rand.NewPCG(seed, 11)), outlets: map[string]*outlet{}, served: map[string]time.Time{}, numbers: map[string]uint32{},
		boxes: map[string]*box{}, gone: map[string]time.Time{}, down: w.down}
	end := w.begun.AddDate(0, 0, size.days)
	for i := range size.feeds {
		o := &outlet{number: i, every: time.Duration(2+w.dice.IntN(6)) * time.Hour, from: w.begun.AddDate(0, 0, -3), to: end.AddDate(0, 0, 9), lastItem: end}
		if i%9 == 8 { // comes on the second day
			o.from = w.begun.AddDate(0, 0, 1)
		}
		w.outlets = append(w.outlets, o)
		w.world.outlets[o.url()] = o
	}
	for i := range size.readers {
		r := weekReader{email: fmt.Sprintf("reader%d@example.org", i), zone: zones[i%size.zones],
			language: []string{"en", "fr", "de"}[i/size.zones%3], format: []string{"html", "text"}[i/7%2]}
		switch {
		case i%23 == 7:
			r.email = "full" + r.email
		case i%29 == 9:
			r.email = "nobody" + r.email
		}
		if i%5 == 0 {
			r.topics = "t1"
		}
		w.readers = append(w.readers, r)
	}
	return w
}

// down tells when the mail server is away: in the second and the third night.
func (w *week) down(now time.Time) bool {
	since := now.Sub(w.begun)
	for _, night := range []time.Duration{23 * time.Hour, 47 * time.Hour} {
		if since > night && since < night+9*time.Hour {
			return true
		}
	}
	return false
}

// configure writes the configuration of a day: feeds come and go, readers come, move and go.
func (w *week) configure(day int) {
	w.t.Helper()
	var b strings.Builder
	fmt.Fprintf(&b, `
[newsletter]
name = "Morning Wire"
timezone = "Europe/Paris"
[mail]
from = "Morning Wire <digest@example.org>"
[delivery]
rate = "unlimited"
connections = 3
retry = ["5m", "30m"]
[collect]
every = %q
[alerts]
command = "tell"
heartbeat_url = "https://heartbeat.example.org/x"
`, w.size.every)
	for topic := range 2 {
		var feeds []string
		for i, o := range w.outlets {
			switch {
			case i%2 != topic, i%9 == 8 && day < 1, i%11 == 10 && day > 1: // the others, those to come, those that went
			default:
				feeds = append(feeds, fmt.Sprintf("%q", o.url()))
			}
		}
		fmt.Fprintf(&b, "[topics.t%d]\nfeeds = [%s]\n", topic, strings.Join(feeds, ", "))
	}
	b.WriteString("[digests.daily]\nschedule = \"0 7 * * *\"\ntopics = [\"t0\", \"t1\"]\n[subscriber_files]\npaths = [\"readers.csv\"]\n")
	var rows strings.Builder
	rows.WriteString("email,timezone,topics,language,format\n")
	for i, r := range w.readers {
		if i%31 == 30 && day < 2 { // comes later
			continue
		}
		if i%37 == 36 && day > 1 { // moves
			r.zone = zones[(i+5)%w.size.zones]
		}
		fmt.Fprintf(&rows, "%s,%s,%s,%s,%s\n", r.email, r.zone, r.topics, r.language, r.format)
	}
	for name, text := range map[string]string{"config.toml": b.String(), "readers.csv": rows.String()} {
		if err := os.WriteFile(filepath.Join(w.dir, name), []byte(text), 0o600); err != nil {
			w.t.Fatal(err)
		}
	}
}

// assemble makes the rooms of the configuration as it is, on a ledger.
func (w *week) assemble(l *ledger.Ledger) (*Rooms, error) {
	sets := map[string]*render.Set{}
	cfg, problems := config.Load(filepath.Join(w.dir, "config.toml"), config.Env{CheckTemplates: func(d digest.Digest) (err error) {
		sets[d.ID], err = render.Load(templates.FS, d.Template, d.Subject)
		return err
	}})
	if len(problems) > 0 {
		return nil, problems
	}
	collector := collect.New(collect.Options{Every: cfg.Collect.Every, Lookback: cfg.Collect.Lookback, Timeout: cfg.Collect.Timeout,
		MaxSize: cfg.Collect.MaxSize, Concurrency: cfg.Collect.Concurrency, PerHost: cfg.Collect.PerHost, UserAgent: cfg.Collect.UserAgent}, l.Items, w.now, w.log)
	collector.Client = &http.Client{Transport: w.world, CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	collector.Jitter = func() float64 { return 0.5 }
	d := cfg.Delivery
	m := mailer.New(mailer.Options{Connections: d.Connections, MaxPerConnection: d.MaxPerConnection, Retry: d.Retry, GiveUp: d.GiveUp, InDoubt: d.InDoubt},
		w.world, l.Mail(), w.log)
	m.Now = w.now
	composer := &newsroom.Composer{Renderer: newsroom.Renderer{Config: cfg, Templates: sets}, Ledger: newsroom.PastOf(l), Random: zeros{}, Now: w.now}
	return &Rooms{Publisher: &newsroom.Publisher{Composer: composer, Ledger: l, Collector: collector, Mailer: m, Log: w.log,
		Desk: &newsroom.Desk{Composer: composer, Ledger: l, Log: w.log}},
		Report: report.Reporter{Config: cfg, Ledger: report.Of(l), Now: w.now}}, nil
}

// start is a start of the daemon.
func (w *week) start() {
	w.t.Helper()
	l, err := ledger.Open(w.store, w.now)
	if err != nil {
		w.t.Fatal(err)
	}
	line, err := w.assemble(l)
	if err != nil {
		w.t.Fatal(err)
	}
	alerts := NewAlerts()
	alerts.Run = func(_ context.Context, _, _, message string) error {
		w.world.mu.Lock()
		defer w.world.mu.Unlock()
		w.alerts = append(w.alerts, message)
		return nil
	}
	alerts.Fetch = func(context.Context, string, string) error { w.beats.Add(1); return nil }
	line.Alerts = alerts
	w.line.Store(line)
	w.loop = NewLoop(line, func() (*Rooms, error) {
		next, err := w.assemble(l)
		if err == nil {
			next.Alerts, next.Publisher.Mailer = alerts, line.Publisher.Mailer
			w.line.Store(next)
		}
		return next, err
	}, w.log)
	w.loop.Now = w.now
	ctx, stop := context.WithCancel(context.Background())
	w.stop, w.over = stop, make(chan error, 1)
	go func(loop *Loop) { w.over <- loop.Run(ctx) }(w.loop)
	synctest.Wait()
}

// end stops the daemon and closes its ledger.
func (w *week) end() {
	w.t.Helper()
	w.stop()
	if err := <-w.over; !errors.Is(err, ErrEnded) {
		w.t.Errorf("the daemon ended with %v", err)
	}
	if err := w.line.Load().Publisher.Ledger.Close(); err != nil {
		w.t.Error(err)
	}
}

// crash ends the daemon as a power cut does: what it has not written by now is never written.
func (w *week) crash() {
	w.t.Helper()
	w.crashes++
	since := w.now().Add(-2 * time.Minute)
	w.line.Load().Publisher.Ledger.Close()
	w.stop()
	<-w.over
	w.world.forget(since)
}

// pass lets time pass until so long after the week's begin.
func (w *week) pass(until time.Duration) {
	time.Sleep(until - w.now().Sub(w.begun))
	synctest.Wait()
}

// TestAWeek lets the daemon live for a week and counts at the end whether it kept its promises.
func TestAWeek(t *testing.T) {
	size := smallWeek
	if os.Getenv("DIGESTD_WEEK") == "full" {
		size = fullWeek
		if os.Getenv(storetest.Variable) == "" { // in memory, the ledger would count as heap
			t.Setenv(storetest.Variable, "bolt")
		}
	}
	synctest.Test(t, func(t *testing.T) { newWeek(t, size, 1).live() })
}

func (w *week) live() {
	w.configure(0)
	w.start()
	goroutines, heap := 0, uint64(0)
	for day := range w.size.days + w.size.rest { // after the last one, no news comes, and what waits goes out
		midnight := time.Duration(day) * 24 * time.Hour
		w.pass(midnight + 3*time.Hour + time.Duration(w.dice.IntN(40))*time.Minute)
		if day > 0 && day < w.size.days {
			w.configure(day)
			if err := w.loop.Reload(context.Background()); err != nil {
				w.t.Fatal(err)
			}
		}
		if day < w.size.days {
			w.trouble(midnight)
		}
		g, h := w.idle(midnight + 22*time.Hour + 30*time.Minute)
		w.t.Logf("day %d: %d goroutines, %d KB of heap, %d requests", day, g, h>>10, w.world.asked())
		switch {
		case day == 1:
			goroutines, heap = g, h
		case day > 1 && g > goroutines+1: // the writer of the ledger starts with the first delivery
			w.t.Errorf("day %d: %d goroutines, on the second day there were %d", day, g, goroutines)
		case day > 1 && h > heap+uint64(w.size.readers*(day-1)*ofTheTest)+heapGrowth:
			w.t.Errorf("day %d: %d KB of heap, on the second day there were %d", day, h>>10, heap>>10)
		}
	}
	w.end()
	w.start()
	w.count()
	w.end()
}

// heapGrowth is what days may add to the heap, in bytes, beyond what the test itself remembers of a reader's day.
const (
	heapGrowth = 6 << 20
	ofTheTest  = 3 << 10
)

// idle waits until a time at which no edition is due, and counts what the daemon keeps when it does nothing.
func (w *week) idle(until time.Duration) (goroutines int, heap uint64) {
	w.pass(until)
	goroutines = runtime.NumGoroutine()
	for range 10 { // after the polls that are under way
		time.Sleep(45 * time.Second)
		synctest.Wait()
		goroutines = min(goroutines, runtime.NumGoroutine())
	}
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return goroutines, m.HeapAlloc
}

// trouble makes a day one of stops, cuts and suspends, and lets some readers leave in the middle of a run.
func (w *week) trouble(midnight time.Duration) {
	// A stop for a few hours, at times over a slot.
	w.pass(midnight + 4*time.Hour + time.Duration(w.dice.IntN(180))*time.Minute)
	w.end()
	time.Sleep(time.Duration(w.dice.IntN(200)) * time.Minute)
	w.start()
	// Power cuts in the middle of editions.
	for _, hour := range []int{14, 20, 22} {
		w.pass(midnight + time.Duration(hour)*time.Hour - time.Minute)
		for range 3 * 60 * 20 {
			if time.Sleep(50 * time.Millisecond); w.world.busy() {
				w.cut++
				break
			}
		}
		w.crash()
		time.Sleep(time.Duration(w.dice.IntN(10)) * time.Minute)
		w.start()
		if hour == 14 {
			w.leave(3)
		}
	}
	// The machine sleeps over an hour.
	w.ahead.Add(int64(time.Duration(20+w.dice.IntN(60)) * time.Minute))
	time.Sleep(time.Minute)
}

// leave lets readers say that they want no more.
func (w *week) leave(n int) {
	for range n {
		email := w.readers[w.dice.IntN(len(w.readers))].email
		if err := w.line.Load().Publisher.Ledger.Readers.Suppress(digest.Suppression{Email: email, Source: "one-click", At: w.now()}); err != nil {
			w.t.Error(err)
		}
		w.world.mu.Lock()
		if _, left := w.world.gone[email]; !left {
			w.world.gone[email] = w.now()
		}
		w.world.mu.Unlock()
	}
}
