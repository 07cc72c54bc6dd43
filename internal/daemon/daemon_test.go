package daemon

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
	"digestd/mailer"
	"digestd/mailer/message"
	"digestd/mailer/smtp"
	"digestd/subscribers"
	"digestd/templates"
)

// town is feeds that a test writes, a clock that it moves, and inboxes that it reads.
type town struct {
	t      *testing.T
	now    time.Time
	server *httptest.Server
	line   *Pipeline

	mu    sync.Mutex
	feeds map[string]string // path → what it serves
	boxes map[string][]string
	fail  func(to string) *smtp.Reply // of the mail server; nil: it takes everything
	down  bool
}

var thursday = time.Date(2026, 3, 12, 6, 30, 0, 0, time.UTC) // 07:30 in Paris, behind the slot of 07:00

// newTown makes a pipeline of a config. FEEDS in it stands for the address of the feed server.
func newTown(t *testing.T, text string) *town {
	t.Helper()
	w := &town{t: t, now: thursday, feeds: map[string]string{}, boxes: map[string][]string{}}
	w.server = httptest.NewServer(http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) {
		w.mu.Lock()
		defer w.mu.Unlock()
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
		if problems := w.line.Ledger.Check(); len(problems) > 0 {
			t.Errorf("the ledger's invariants do not hold: %v", errors.Join(problems...))
		}
		w.line.Ledger.Close()
	})
	return w
}

// open makes the pipeline of a config text, on the ledger that is open already, if there is one.
func (w *town) open(path, text string) {
	w.t.Helper()
	if err := os.WriteFile(path, []byte(strings.ReplaceAll(text, "FEEDS", w.server.URL)), 0o600); err != nil {
		w.t.Fatal(err)
	}
	sets := map[string]*render.Set{}
	cfg, problems := config.Load(path, config.Env{CheckTemplates: func(d digest.Digest) (err error) {
		sets[d.ID], err = render.Load(templates.FS, d.Template, d.Subject)
		return err
	}})
	if len(problems) > 0 {
		w.t.Fatal(problems)
	}
	clock := func() time.Time { return w.now }
	var l *ledger.Ledger
	if w.line != nil {
		l = w.line.Ledger
	} else {
		var err error
		if l, err = ledger.Open(cfg.Ledger.Path, ledger.Options{Now: clock}); err != nil {
			w.t.Fatal(err)
		}
	}
	log := slog.New(slog.DiscardHandler)
	if testing.Verbose() {
		log = slog.New(slog.NewTextHandler(w.t.Output(), nil))
	}
	collector := collect.New(collect.Options{Every: cfg.Collect.Every, Lookback: cfg.Collect.Lookback, Timeout: cfg.Collect.Timeout,
		MaxSize: cfg.Collect.MaxSize, Concurrency: 4, PerHost: 4, UserAgent: "digestd/test",
		AllowPrivateNetworks: []netip.Prefix{netip.MustParsePrefix("127.0.0.0/8")}}, l, clock, log)
	m := mailer.New(mailer.Options{Connections: 2, GiveUp: cfg.Delivery.GiveUp, Retry: cfg.Delivery.Retry, InDoubt: cfg.Delivery.InDoubt}, w, l, log)
	m.Now, m.Sleep, m.Jitter = clock, func(context.Context, time.Duration) {}, func() float64 { return 0.5 }
	w.line = &Pipeline{Config: cfg, Ledger: l, Collector: collector, Templates: sets, Mailer: m, Random: zeros{}, Now: clock, Log: log}
}

// reopen closes the ledger and opens it in another way, as a new process does.
func (w *town) reopen(opt ledger.Options) {
	w.t.Helper()
	if err := w.line.Ledger.Close(); err != nil {
		w.t.Fatal(err)
	}
	if opt.Now == nil {
		opt.Now = func() time.Time { return w.now }
	}
	var err error
	if w.line.Ledger, err = ledger.Open(w.line.Config.Ledger.Path, opt); err != nil {
		w.t.Fatal(err)
	}
	text, err := os.ReadFile(w.line.Config.Path)
	if err != nil {
		w.t.Fatal(err)
	}
	w.reconfigure(string(text))
}

// logTo writes a log into a string.
func logTo(b *strings.Builder) *slog.Logger { return slog.New(slog.NewTextHandler(b, nil)) }

// reconfigure takes a changed config, as a reload does.
func (w *town) reconfigure(text string) { w.open(w.line.Config.Path, text) }

// zeros is a random source without surprises.
type zeros struct{}

func (zeros) Read(p []byte) (int, error) { clear(p); return len(p), nil }

// The town has its own mail server.

func (w *town) Dial(context.Context) (mailer.Conn, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.down {
		return nil, &smtp.Refusal{Reply: smtp.Reply{Stage: smtp.Connect, Err: errors.New("connection refused")}}
	}
	return conn{w}, nil
}

func (w *town) String() string { return "the test's mail server" }

type conn struct{ w *town }

func (c conn) Send(env message.Envelope, msg []byte, leave func() bool) smtp.Reply {
	if !leave() {
		return smtp.Reply{Stage: smtp.Body, Err: smtp.ErrNoLeave}
	}
	c.w.mu.Lock()
	defer c.w.mu.Unlock()
	if c.w.fail != nil {
		if reply := c.w.fail(env.To); reply != nil {
			return *reply
		}
	}
	c.w.boxes[env.To] = append(c.w.boxes[env.To], string(msg))
	return smtp.Reply{Stage: smtp.Dot, Code: 250, Words: "2.0.0 Ok: queued"}
}

func (c conn) Usable() bool { return true }
func (c conn) Close()       {}

// show makes a feed show these titles, the last one first.
func (w *town) show(path string, titles ...string) {
	w.mu.Lock()
	defer w.mu.Unlock()
	var b strings.Builder
	fmt.Fprintf(&b, `<?xml version="1.0"?><rss version="2.0"><channel><title>%s</title><link>https://%s.example.org/</link>`, path[1:], path[1:])
	for _, title := range titles {
		slug := strings.ReplaceAll(strings.ToLower(title), " ", "-")
		fmt.Fprintf(&b, `<item><title>%s</title><link>https://%s.example.org/%s</link><guid isPermaLink="false">%s</guid><pubDate>%s</pubDate>`+
			`<description>What is known so far about how %s.</description></item>`,
			title, path[1:], slug, slug, w.now.Format(time.RFC1123Z), strings.ToLower(title))
	}
	b.WriteString(`</channel></rss>`)
	w.feeds[path] = b.String()
}

func (w *town) collect() collect.Summary {
	w.t.Helper()
	return w.line.Collect(context.Background(), true, nil)
}

// send publishes the latest slot of every lane of the digest daily.
func (w *town) send(extra bool) []Published {
	w.t.Helper()
	d, err := w.line.Config.Digest("daily")
	if err != nil {
		w.t.Fatal(err)
	}
	out, err := w.line.Send(context.Background(), d, extra)
	if err != nil {
		w.t.Fatal(err)
	}
	return out
}

// received counts the mails of a reader.
func (w *town) received(email string) int {
	w.mu.Lock()
	defer w.mu.Unlock()
	return len(w.boxes[email])
}

// mail is the n-th mail of a reader, soft line breaks taken out.
func (w *town) mail(email string, n int) string {
	w.t.Helper()
	w.mu.Lock()
	defer w.mu.Unlock()
	if n >= len(w.boxes[email]) {
		w.t.Fatalf("%s has %d mails, not %d", email, len(w.boxes[email]), n+1)
	}
	return strings.ReplaceAll(w.boxes[email][n], "=\r\n", "")
}

// one is a config with two feeds and two readers in one zone.
const one = `
[newsletter]
name = "Morning Wire"
timezone = "Europe/Paris"
postal_address = "1 Rue Exemple, Paris"
[mail]
from = "Morning Wire <digest@example.org>"
[collect]
allow_private_networks = ["127.0.0.0/8"]
[topics.global]
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

func TestSendComposesOnceAndMailsEachReaderOnce(t *testing.T) {
	w := newTown(t, one)
	w.show("/herald", "Cranes move again in the harbour", "Ferry timetable changes on Sunday")
	w.show("/gazette", "Court strikes down the river levy")
	w.collect()
	got := w.send(false)
	if len(got) != 1 || !got[0].Composed || got[0].Stories != 3 || got[0].Delivery.Sent != 2 {
		t.Fatalf("first send: %+v", got)
	}
	if want := "daily/Europe/Paris/2026-03-12T07:00"; got[0].Edition != want {
		t.Errorf("edition %s, want %s", got[0].Edition, want)
	}
	again := w.send(false)
	if again[0].Composed || again[0].Delivery.Sent != 0 || w.received("ana@example.org") != 1 {
		t.Errorf("second send: %+v, ana has %d mails", again[0], w.received("ana@example.org"))
	}
	for _, title := range []string{"Cranes move again in the harbour", "Ferry timetable changes on Sunday", "Court strikes down the river levy"} {
		if !strings.Contains(w.mail("ana@example.org", 0), title) {
			t.Errorf("the mail does not tell %q", title)
		}
	}
}

func TestExtraTellsOnlyWhatIsNew(t *testing.T) {
	w := newTown(t, one)
	w.show("/herald", "Cranes move again in the harbour")
	w.show("/gazette", "Court strikes down the river levy")
	w.collect()
	w.send(false)
	w.now = w.now.Add(time.Hour)
	w.show("/herald", "Volcano monitors raise the alert level", "Cranes move again in the harbour")
	w.collect()
	got := w.send(true)
	if !got[0].Composed || got[0].Stories != 1 || !strings.HasSuffix(got[0].Edition, "+1") {
		t.Fatalf("extra: %+v", got[0])
	}
	mail := w.mail("benoit@example.org", 1)
	if !strings.Contains(mail, "Volcano monitors") || strings.Contains(mail, "Cranes move") {
		t.Errorf("the extra edition tells something else than the one new item")
	}
	if nothing := w.send(true); nothing[0].Composed || nothing[0].Reason != "nothing new" || w.received("ana@example.org") != 2 {
		t.Errorf("an extra edition of nothing: %+v", nothing[0])
	}
}

func TestASlotWithoutAnyFeedSaysSo(t *testing.T) {
	w := newTown(t, one) // of whose feeds none answers
	w.collect()
	if got := w.send(false); got[0].Composed || got[0].Reason != "nothing new: none of its feeds could be read" {
		t.Errorf("%+v", got[0])
	}
}

func TestOutageCostsNoNewsAndRepeatsNone(t *testing.T) {
	w := newTown(t, one)
	w.down = true
	for day := range 3 {
		w.now = thursday.AddDate(0, 0, day)
		w.show("/herald", fmt.Sprintf("Harbour news of day %d in full", day))
		w.show("/gazette", fmt.Sprintf("Court ruling number %d of the week", day))
		w.collect()
		got := w.send(false)
		if got[0].Delivery.Sent != 0 || got[0].Delivery.Paused == "" {
			t.Fatalf("day %d without a mail server: %+v", day, got[0])
		}
	}
	w.down = false
	w.now = thursday.AddDate(0, 0, 3)
	w.collect()
	got := w.send(false)
	if got[0].Delivery.Sent != 2 || w.received("ana@example.org") != 1 {
		t.Fatalf("after the outage: %+v", got[0])
	}
	mail := w.mail("ana@example.org", 0)
	for day := range 3 {
		if !strings.Contains(mail, fmt.Sprintf("Harbour news of day %d", day)) || !strings.Contains(mail, fmt.Sprintf("Court ruling number %d", day)) {
			t.Errorf("the news of day %d is lost", day)
		}
	}
	st, err := w.line.Status()
	if err != nil || len(st.Problems) != 0 {
		t.Errorf("problems after all is well: %v, %v", st.Problems, err)
	}
}

func TestEditionThatEverybodysServerRefusedGivesItsNewsBack(t *testing.T) {
	w := newTown(t, one)
	w.fail = func(string) *smtp.Reply {
		return &smtp.Reply{Stage: smtp.Rcpt, Code: 554, Status: "5.7.1", Words: "5.7.1 access denied"}
	}
	w.show("/herald", "Cranes move again in the harbour")
	w.show("/gazette", "Court strikes down the river levy")
	w.collect()
	if got := w.send(false); got[0].Delivery.Sent != 0 || got[0].Delivery.Failed == 0 {
		t.Fatalf("with every reader refused: %+v", got[0])
	}
	w.fail = nil
	w.now = w.now.AddDate(0, 0, 1)
	w.show("/herald", "Volcano monitors raise the alert level")
	w.collect()
	got := w.send(false)
	if got[0].Stories != 3 || got[0].Delivery.Sent != 2 {
		t.Fatalf("a day later: %+v", got[0])
	}
	if mail := w.mail("ana@example.org", 0); !strings.Contains(mail, "Cranes move") || !strings.Contains(mail, "Volcano") || !strings.Contains(mail, "No. 1") {
		t.Error("the refused edition's news is lost")
	}
}

func TestReaderOfOneTopicGetsOnlyThat(t *testing.T) {
	text := strings.Replace(one, "[digests.daily]", "[topics.diplomacy]\ntitle = \"Diplomacy\"\nfeeds = [\"FEEDS/envoy\"]\n[digests.daily]", 1)
	text = strings.Replace(text, `topics = ["global"]`, `topics = ["global", "diplomacy"]`, 1)
	text += "topics = [\"diplomacy\"]\n" // of benoit, the last
	w := newTown(t, text)
	w.show("/herald", "Cranes move again in the harbour")
	w.show("/gazette", "Court strikes down the river levy")
	w.show("/envoy", "Lakes treaty survives a third vote")
	w.collect()
	w.send(false)
	if mail := w.mail("benoit@example.org", 0); !strings.Contains(mail, "Lakes treaty") || strings.Contains(mail, "Cranes") {
		t.Error("benoit wants diplomacy and gets something else")
	}
	if mail := w.mail("ana@example.org", 0); !strings.Contains(mail, "Lakes treaty") || !strings.Contains(mail, "Cranes") {
		t.Error("ana wants all and does not get it")
	}
	w.now = w.now.Add(time.Hour)
	w.show("/herald", "Volcano monitors raise the alert level")
	w.collect()
	got := w.send(true)
	if got[0].Delivery.Nothing != 1 || got[0].Delivery.Sent != 1 || w.received("benoit@example.org") != 1 {
		t.Errorf("an edition with nothing of diplomacy: %+v", got[0])
	}
}

func TestSuppressedReaderGetsNothing(t *testing.T) {
	w := newTown(t, one)
	if err := w.line.Ledger.Suppress(digest.Suppression{Email: "Ana@example.org", Source: "operator", At: w.now}); err != nil {
		t.Fatal(err)
	}
	w.show("/herald", "Cranes move again in the harbour")
	w.show("/gazette", "Court strikes down the river levy")
	w.collect()
	got := w.send(false)
	if got[0].Delivery.Suppressed != 1 || got[0].Delivery.Sent != 1 || w.received("ana@example.org") != 0 {
		t.Errorf("with ana suppressed: %+v", got[0])
	}
}

func TestLaneOwedToNobodyUsesNothing(t *testing.T) {
	w := newTown(t, one)
	for _, email := range []string{"ana@example.org", "benoit@example.org"} {
		if err := w.line.Ledger.Suppress(digest.Suppression{Email: email, Source: "operator", At: w.now}); err != nil {
			t.Fatal(err)
		}
	}
	w.show("/herald", "Cranes move again in the harbour")
	w.show("/gazette", "Court strikes down the river levy")
	w.collect()
	if got := w.send(false); got[0].Composed || got[0].Reason != "owed to nobody" {
		t.Fatalf("owed to nobody: %+v", got[0])
	}
	if _, err := w.line.Ledger.Restore("ana@example.org", ""); err != nil {
		t.Fatal(err)
	}
	if got := w.send(false); !got[0].Composed || got[0].Stories != 2 || got[0].Delivery.Sent != 1 {
		t.Errorf("when somebody is there again: %+v", got[0])
	}
}

func TestChangeOfZoneBringsNothingTwice(t *testing.T) {
	w := newTown(t, one)
	w.show("/herald", "Cranes move again in the harbour")
	w.show("/gazette", "Court strikes down the river levy")
	w.collect()
	w.send(false)
	moved := one + "timezone = \"America/New_York\"\n" // of benoit
	w.reconfigure(moved)
	w.now = thursday.Add(5 * time.Hour) // 07:30 in New York, five hours after he got the one of Paris
	w.collect()
	got := w.send(false)
	if w.received("benoit@example.org") != 1 {
		t.Fatalf("half a period has not gone by, and benoit has %d mails: %+v", w.received("benoit@example.org"), got)
	}
	w.now = thursday.Add(29 * time.Hour)
	w.show("/herald", "Volcano monitors raise the alert level", "Cranes move again in the harbour")
	w.collect()
	w.send(false)
	if w.received("benoit@example.org") != 2 {
		t.Fatalf("benoit has %d mails a day later, want 2", w.received("benoit@example.org"))
	}
	if mail := w.mail("benoit@example.org", 1); strings.Contains(mail, "Cranes move") || !strings.Contains(mail, "Volcano") {
		t.Error("the first edition in the new zone repeats the last of the old one")
	}
}

func TestLookingChangesNothing(t *testing.T) {
	w := newTown(t, one)
	w.show("/herald", "Cranes move again in the harbour")
	w.show("/gazette", "Court strikes down the river levy")
	w.collect()
	w.send(false)
	w.show("/herald", "Volcano monitors raise the alert level")
	w.collect()
	before, err := os.ReadFile(w.line.Ledger.Path())
	if err != nil {
		t.Fatal(err)
	}
	d, _ := w.line.Config.Digest("daily")
	lane := w.line.Config.Lanes(d)[0]
	slot, err := w.line.PreviewSlot(d, lane, time.Time{})
	if err != nil {
		t.Fatal(err)
	}
	who, _ := w.line.Config.Subscribers.Find("ana@example.org")
	v, err := w.line.Preview(d, who, slot, lane)
	if err != nil || v.Page.Lead == nil || v.Page.Lead.Lead().Title != "Volcano monitors raise the alert level" {
		t.Fatalf("preview: %+v, %v", v.Page.Lead, err)
	}
	if raw, env, err := w.line.Message(v, digest.Recipient{}); err != nil || env.To != "ana@example.org" || !strings.Contains(string(raw), "Volcano") {
		t.Errorf("message: %v, %v", env, err)
	}
	if _, err := w.line.Status(); err != nil {
		t.Error(err)
	}
	if _, err := w.line.WhyItem("cranes move"); err != nil {
		t.Error(err)
	}
	if _, err := w.line.WhyReader("ana@example.org"); err != nil {
		t.Error(err)
	}
	after, _ := os.ReadFile(w.line.Ledger.Path())
	if string(before) != string(after) {
		t.Error("looking changed the ledger")
	}
}

func TestAPreviewOfADayToComeTellsWhatIsNewNow(t *testing.T) {
	w := newTown(t, one)
	w.show("/herald", "Cranes move again in the harbour")
	w.show("/gazette", "Court strikes down the river levy")
	w.collect()
	d, _ := w.line.Config.Digest("daily")
	lane := w.line.Config.Lanes(d)[0] // it never composed: by then it will have, at each slot in between
	slot, err := w.line.PreviewSlot(d, lane, w.now.AddDate(0, 0, 9))
	if err != nil {
		t.Fatal(err)
	}
	if v, err := w.line.Preview(d, subscribers.Subscriber{}, slot, lane); err != nil || len(v.Edition.Stories) != 2 {
		t.Errorf("%d stories, %v", len(v.Edition.Stories), err)
	}
}

func TestWhyTellsWhatBecameOfAnItem(t *testing.T) {
	w := newTown(t, strings.Replace(one, `title = "Global"`, "title = \"Global\"\nexclude = [\"(?i)horoscope\"]", 1))
	w.show("/herald", "Cranes move again in the harbour", "Horoscope of the week for sailors")
	w.show("/gazette", "Court strikes down the river levy")
	w.collect()
	w.send(false)
	w.show("/gazette", "Volcano monitors raise the alert level")
	w.collect()
	for query, want := range map[string]LaneFate{
		"https://herald.example.org/cranes-move-again-in-the-harbour?utm_source=x": {Edition: "daily/Europe/Paris/2026-03-12T07:00", Readers: 2},
		"volcano monitors": {Reason: "waits for the next edition"},
	} {
		got, err := w.line.WhyItem(query)
		if err != nil || len(got) != 1 || len(got[0].Lanes) != 1 {
			t.Fatalf("why %s: %+v, %v", query, got, err)
		}
		if f := got[0].Lanes[0]; f.Edition != want.Edition || f.Readers != want.Readers || f.Reason != want.Reason {
			t.Errorf("why %s: %+v, want %+v", query, f, want)
		}
	}
	got, err := w.line.WhyItem("horoscope")
	if err != nil || len(got) != 1 || !strings.Contains(got[0].Lanes[0].Reason, "horoscope") {
		t.Errorf("why horoscope: %+v, %v", got, err)
	}
	reader, err := w.line.WhyReader("ana@example.org")
	if err != nil || len(reader.Deliveries) != 1 || reader.Deliveries[0].State != "sent" || len(reader.Deliveries[0].Events) == 0 {
		t.Errorf("why ana: %+v, %v", reader, err)
	}
}
