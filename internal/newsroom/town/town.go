// Package town is a newsroom in a small world, for tests: feeds that a test writes, a clock that it moves, a mail
// server that it breaks, and inboxes that it reads. All is on loopback, and nothing waits for real time.
package town

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
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
	"digestd/mailer/message"
	"digestd/mailer/smtp"
	"digestd/templates"
)

// Town is feeds that a test writes, a clock that it moves, and inboxes that it reads.
type Town struct {
	T         *testing.T
	Now       time.Time
	Config    *config.Config
	Ledger    *ledger.Ledger
	Publisher *newsroom.Publisher
	Report    report.Reporter
	Fail      func(to string) *smtp.Reply // of the mail server; nil: it takes everything
	Down      bool                        // the mail server

	store  store.Opener
	server *httptest.Server
	mu     sync.Mutex
	feeds  map[string]string // path → what it serves
	asked  map[string]int    // path → how often
	boxes  map[string][]string
}

// Thursday is when a town begins.
var Thursday = time.Date(2026, 3, 12, 6, 30, 0, 0, time.UTC) // 07:30 in Paris, after the slot of 07:00

// New makes a newsroom of a config, over the engine that storetest chooses. FEEDS in it stands for the address of the
// feed server.
func New(t *testing.T, text string) *Town {
	t.Helper()
	w := &Town{T: t, Now: Thursday, store: storetest.Fresh(t), feeds: map[string]string{}, asked: map[string]int{},
		boxes: map[string][]string{}}
	w.server = httptest.NewServer(http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) {
		w.mu.Lock()
		defer w.mu.Unlock()
		w.asked[r.URL.Path]++
		body, ok := w.feeds[r.URL.Path]
		if !ok {
			http.Error(rw, "no such feed", http.StatusInternalServerError)
			return
		}
		io.WriteString(rw, body)
	}))
	t.Cleanup(w.server.Close)
	path := filepath.Join(t.TempDir(), "config.toml")
	w.open(path, text)
	t.Cleanup(func() {
		if problems := w.Ledger.Check(); len(problems) > 0 {
			t.Errorf("the ledger's invariants do not hold: %v", errors.Join(problems...))
		}
		w.Ledger.Close()
	})
	return w
}

// headlines is the subject that a digest has by default, and ours is our own templates with it: the same in each town.
const headlines = "{{.Headlines}}"

var ours = sync.OnceValues(func() (*render.Set, error) { return render.Load(templates.FS, "", headlines) })

// open makes the newsroom of a config text, on the ledger that is open already, if there is one.
func (w *Town) open(path, text string) {
	w.T.Helper()
	if err := os.WriteFile(path, []byte(strings.ReplaceAll(text, "FEEDS", w.server.URL)), 0o600); err != nil {
		w.T.Fatal(err)
	}
	sets := map[string]*render.Set{}
	cfg, problems := config.Load(path, config.Env{CheckTemplates: func(d digest.Digest) (err error) {
		if sets[d.ID], err = ours(); d.Template != "" || d.Subject != headlines {
			sets[d.ID], err = render.Load(templates.FS, d.Template, d.Subject)
		}
		return err
	}})
	if len(problems) > 0 {
		w.T.Fatal(problems)
	}
	if w.Ledger == nil {
		w.Ledger = w.ledgerIn(w.store)
	}
	w.Config = cfg
	w.Publisher = w.publisher(sets, w.Ledger)
	w.Report = report.Reporter{Config: cfg, Ledger: report.Of(w.Ledger), Now: w.clock}
}

func (w *Town) clock() time.Time { return w.Now }

func (w *Town) ledgerIn(open store.Opener) *ledger.Ledger {
	w.T.Helper()
	l, err := ledger.Open(open, w.clock)
	if err != nil {
		w.T.Fatal(err)
	}
	return l
}

// Beside is another process of the newsroom, with a ledger of its own, on a store that several may have.
func (w *Town) Beside(open store.Opener) *newsroom.Publisher {
	w.T.Helper()
	l := w.ledgerIn(open)
	w.T.Cleanup(func() { l.Close() })
	return w.publisher(w.Publisher.Composer.Templates, l)
}

func (w *Town) publisher(sets map[string]*render.Set, l *ledger.Ledger) *newsroom.Publisher {
	cfg, clock := w.Config, w.clock
	log := slog.New(slog.DiscardHandler)
	if testing.Verbose() {
		log = slog.New(slog.NewTextHandler(w.T.Output(), nil))
	}
	collector := collect.New(collect.Options{Every: cfg.Collect.Every, Lookback: cfg.Collect.Lookback,
		Timeout: cfg.Collect.Timeout, MaxSize: cfg.Collect.MaxSize, Concurrency: 4, PerHost: 4,
		UserAgent:            "digestd/test",
		AllowPrivateNetworks: []netip.Prefix{netip.MustParsePrefix("127.0.0.0/8")}}, l.Items, clock, log)
	m := mailer.New(mailer.Options{Connections: 2, GiveUp: cfg.Delivery.GiveUp, Retry: cfg.Delivery.Retry,
		InDoubt: cfg.Delivery.InDoubt}, w, l.Mail(), log)
	m.Now, m.Sleep, m.Jitter = clock, func(context.Context, time.Duration) {}, func() float64 { return 0.5 }
	composer := &newsroom.Composer{Renderer: newsroom.Renderer{Config: cfg, Templates: sets},
		Ledger: newsroom.PastOf(l), Random: zeros{}, Now: clock}
	return &newsroom.Publisher{Composer: composer, Ledger: l, Collector: collector, Mailer: m, Log: log,
		Desk: &newsroom.Desk{Composer: composer, Ledger: l, Log: log, Transport: w}}
}

// Reopen closes the ledger, and opens that of a store, as a new process does.
func (w *Town) Reopen(open store.Opener) {
	w.T.Helper()
	if err := w.Ledger.Close(); err != nil {
		w.T.Fatal(err)
	}
	w.Ledger = w.ledgerIn(open)
	text, err := os.ReadFile(w.Config.Path)
	if err != nil {
		w.T.Fatal(err)
	}
	w.Reconfigure(string(text))
}

// Wrap puts something around the town's store, from now on, and opens the ledger anew.
func (w *Town) Wrap(around func(store.Store) store.Store) {
	w.T.Helper()
	open := w.store
	w.store = func() (store.Store, error) {
		s, err := open()
		if err != nil {
			return nil, err
		}
		return around(s), nil
	}
	w.Restart()
}

// Restart ends the process and begins another one on the same store.
func (w *Town) Restart() {
	w.T.Helper()
	w.Reopen(w.store)
}

// Reconfigure takes a changed config, as a reload does.
func (w *Town) Reconfigure(text string) { w.open(w.Config.Path, text) }

// zeros is a random source without surprises.
type zeros struct{}

func (zeros) Read(p []byte) (int, error) { clear(p); return len(p), nil }

// The town has its own mail server.

// Dial opens a connection to it.
func (w *Town) Dial(context.Context) (mailer.Conn, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.Down {
		return nil, &mailer.Unreachable{Outcome: mailer.Outcome{Result: mailer.Trouble, Stage: "connect",
			Words: "connection refused"}}
	}
	return conn{w}, nil
}

func (w *Town) String() string { return "the test's mail server" }

type conn struct{ w *Town }

func (c conn) Send(env message.Envelope, msg []byte, permit func() bool) mailer.Outcome {
	return mailer.OutcomeOf(c.send(env, msg, permit), env.To)
}

func (c conn) send(env message.Envelope, msg []byte, permit func() bool) smtp.Reply {
	if !permit() {
		return smtp.Reply{Stage: smtp.Body, Err: smtp.ErrHeldBack}
	}
	if c.w.Fail != nil {
		if reply := c.w.Fail(env.To); reply != nil {
			return *reply
		}
	}
	c.w.mu.Lock()
	defer c.w.mu.Unlock()
	c.w.boxes[env.To] = append(c.w.boxes[env.To], string(msg))
	return smtp.Reply{Stage: smtp.Dot, Code: 250, Words: "2.0.0 Ok: queued"}
}

func (c conn) Usable() bool { return true }
func (c conn) Close()       {}

// Show makes a feed show these titles, the last one first.
func (w *Town) Show(path string, titles ...string) {
	w.mu.Lock()
	defer w.mu.Unlock()
	var b strings.Builder
	fmt.Fprintf(&b, `<?xml version="1.0"?><rss version="2.0"><channel><title>%s</title><link>https://%s.example.org/</link>`, path[1:], path[1:])
	for _, title := range titles {
		slug := strings.ReplaceAll(strings.ToLower(title), " ", "-")
		fmt.Fprintf(&b, `<item><title>%s</title><link>https://%s.example.org/%s</link><guid isPermaLink="false">%s</guid><pubDate>%s</pubDate>`+
			`<description>What is known so far about how %s.</description></item>`,
			title, path[1:], slug, slug, w.Now.Format(time.RFC1123Z), strings.ToLower(title))
	}
	b.WriteString(`</channel></rss>`)
	w.feeds[path] = b.String()
}

// Serve makes a feed show a text.
func (w *Town) Serve(path, text string) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.feeds[path] = text
}

// ShowOf makes a feed show what another one shows.
func (w *Town) ShowOf(path, other string) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.feeds[path] = w.feeds[other]
}

// Hide makes a feed fail from now on.
func (w *Town) Hide(path string) {
	w.mu.Lock()
	defer w.mu.Unlock()
	delete(w.feeds, path)
}

// Collect asks all feeds.
func (w *Town) Collect() collect.Summary {
	w.T.Helper()
	return w.Publisher.Collect(context.Background(), true, nil)
}

// Send publishes the latest slot of every lane of the digest daily.
func (w *Town) Send(extra bool) []newsroom.Published {
	w.T.Helper()
	d, err := w.Config.Digest("daily")
	if err != nil {
		w.T.Fatal(err)
	}
	out, err := w.Publisher.Send(context.Background(), d, extra, newsroom.Unwatched{})
	if err != nil {
		w.T.Fatal(err)
	}
	return out
}

// Asked counts how often a feed was asked for.
func (w *Town) Asked(path string) int {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.asked[path]
}

// Received counts the mails of a reader.
func (w *Town) Received(email string) int {
	w.mu.Lock()
	defer w.mu.Unlock()
	return len(w.boxes[email])
}

// Mail is the n-th mail of a reader, soft line breaks taken out.
func (w *Town) Mail(email string, n int) string {
	w.T.Helper()
	w.mu.Lock()
	defer w.mu.Unlock()
	if n >= len(w.boxes[email]) {
		w.T.Fatalf("%s has %d mails, not %d", email, len(w.boxes[email]), n+1)
	}
	return strings.ReplaceAll(w.boxes[email][n], "=\r\n", "")
}

// Paper is how the config of a town begins.
const Paper = `
[newsletter]
name = "Morning Wire"
timezone = "Europe/Paris"
postal_address = "1 Rue Exemple, Paris"
[mail]
from = "Morning Wire <digest@example.org>"
[collect]
allow_private_networks = ["127.0.0.0/8"]
`

// One is a config with two feeds and two readers in one zone.
const One = Paper + `[topics.global]
title = "Global"
feeds = ["FEEDS/herald", "FEEDS/gazette"]
[digests.daily]
title = "Morning Wire"
subject = "{{.Lead.Title}}"
schedule = "0 7 * * *"
topics = ["global"]
[[subscribers]]
email = "ana@example.org"
[[subscribers]]
email = "benoit@example.org"
`

// Two is a config with two topics of a feed each, one of which wants no horoscopes.
const Two = Paper + `[topics.global]
title = "Global"
feeds = ["FEEDS/herald"]
exclude = ["(?i)horoscope"]
[topics.leisure]
title = "Leisure"
feeds = ["FEEDS/gazette"]
[digests.daily]
title = "Morning Wire"
subject = "{{.Lead.Title}}"
schedule = "0 7 * * *"
topics = ["global", "leisure"]
[[subscribers]]
email = "ana@example.org"
[[subscribers]]
email = "benoit@example.org"
topics = ["leisure"]
`

// Tells reports whether any of a reader's mails from the n-th on has some words.
func (w *Town) Tells(email string, from int, words string) bool {
	w.T.Helper()
	for n := from; n < w.Received(email); n++ {
		if strings.Contains(w.Mail(email, n), words) {
			return true
		}
	}
	return false
}

// At moves the clock to a time on some day after town.Thursday, and sends.
func (w *Town) At(day int, clock string) []newsroom.Published {
	w.T.Helper()
	w.Now = OnDay(w.T, day, clock)
	w.Collect()
	return w.Send(false)
}

// OnDay is a time of day, in UTC, so many days after Thursday.
func OnDay(t *testing.T, day int, clock string) time.Time {
	t.Helper()
	h, err := time.Parse("15:04", clock)
	if err != nil {
		t.Fatal(err)
	}
	return time.Date(2026, 3, 12+day, h.Hour(), h.Minute(), 0, 0, time.UTC)
}
