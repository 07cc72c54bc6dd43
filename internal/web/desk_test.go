package web

import (
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"digestd/digest"
	"digestd/digest/render"
	"digestd/internal/config"
	"digestd/internal/ledger"
	"digestd/internal/ledger/store"
	"digestd/internal/ledger/store/storetest"
	"digestd/subscribers"
	"digestd/templates"
)

// aTown is a configuration with two newsletters and readers of all kinds.
const aTown = `
[newsletter]
name = "Morning Wire"
timezone = "Europe/Paris"
[mail]
from = "Morning Wire <digest@example.org>"
[web]
base_url = "https://news.example.org/wire"
[topics.global]
title = "Global"
feeds = ["https://example.org/a"]
[topics.diplomacy]
title = "Diplomacy & treaties"
feeds = ["https://example.org/b"]
[topics.sport]
feeds = ["https://example.org/c"]
[digests.daily]
title = "The Daily <Wire>"
subject = "x"
schedule = "0 7 * * *"
topics = ["global", "diplomacy"]
[digests.weekly]
title = "Weekend"
subject = "x"
schedule = "0 7 * * 6"
topics = ["diplomacy", "sport"]
[[subscribers]]
email = "ana@example.org"
[[subscribers]]
email = "benoit@example.org"
language = "fr"
topics = ["diplomacy"]
format = "text"
digests = ["daily"]
[[subscribers]]
email = "chiyo@example.org"
timezone = "Pacific/Auckland"
`

// Recipients of the edition, by index. Dora has left the configuration since.
const (
	ana = iota
	benoit
	chiyo
	dora
)

var addresses = []string{"Ana@example.org", "benoit@example.org", "chiyo@example.org", "dora@example.org"}

const theEdition = "daily/Europe/Paris/2026-03-12T07:00"

// desk is a server on a ledger with one edition.
type desk struct {
	t      testing.TB
	now    time.Time
	site   Site
	store  store.Opener
	ledger *ledger.Ledger
	server *Server
	http   http.Handler
}

func newDesk(t testing.TB) *desk {
	t.Helper()
	d := &desk{t: t, now: noon, store: storetest.Fresh(t)}
	path := filepath.Join(t.TempDir(), "config.toml")
	d.configure(path, aTown)
	d.open()
	composition := ledger.Composition{
		Edition:  digest.Edition{ID: theEdition, Digest: "daily", Zone: "Europe/Paris", Composed: d.now},
		Variants: []ledger.Variant{{Key: digest.VariantKey{Language: "en", Format: "html"}, Body: []byte("x")}, {Key: digest.VariantKey{Language: "de", Format: "html"}, Body: []byte("x")}},
	}
	for i, email := range addresses {
		composition.Recipients = append(composition.Recipients, digest.Recipient{Index: i, Email: email, Variant: i / dora})
	}
	composition.Before.Lane = digest.Lane{Digest: "daily", Zone: "Europe/Paris"}
	if err := d.ledger.Editions.Commit(composition); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if problems := d.ledger.Check(); len(problems) > 0 {
			t.Errorf("the ledger's invariants do not hold: %v", problems)
		}
		d.ledger.Close()
	})
	return d
}

// ours is our own templates, which are the same for each desk.
var ours = sync.OnceValues(func() (*render.Set, error) { return render.Load(templates.FS, "", "x") })

// configure takes a configuration, as a start or a reload does.
func (d *desk) configure(path, text string) {
	d.t.Helper()
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		d.t.Fatal(err)
	}
	sets := map[string]*render.Set{}
	cfg, problems := config.Load(path, config.Env{CheckTemplates: func(g digest.Digest) (err error) {
		sets[g.ID], err = ours() // subjects are said nowhere here
		return err
	}})
	if len(problems) > 0 {
		d.t.Fatal(problems)
	}
	d.site = Site{Config: cfg, Sets: sets}
}

// open opens the ledger, as a start does.
func (d *desk) open() {
	d.t.Helper()
	if d.ledger != nil {
		d.ledger.Close()
	}
	clock := func() time.Time { return d.now }
	var err error
	if d.ledger, err = ledger.Open(d.store, clock); err != nil {
		d.t.Fatal(err)
	}
	if d.server, err = New(d.ledger, func() Site { return d.site }, clock, slog.New(slog.DiscardHandler)); err != nil {
		d.t.Fatal(err)
	}
	d.http = d.server.Handler()
}

func (d *desk) key() subscribers.TokenKey {
	d.t.Helper()
	key, err := subscribers.NewTokenKey(d.ledger.Keys.Secrets()[0])
	if err != nil {
		d.t.Fatal(err)
	}
	return key
}

// token is that of the link in a reader's mail.
func (d *desk) token(index int) string {
	return d.key().Delivery(subscribers.ForUnsubscribe, theEdition, index, addresses[index])
}

// asked is a request to make.
type asked struct {
	method, path, body, kind string // kind is the content type; that of a form when there is a body
	header                   map[string]string
}

// ask makes a request and returns the answer with its body.
func (d *desk) ask(a asked) (*http.Response, string) {
	d.t.Helper()
	r := httptest.NewRequest(a.method, a.path, strings.NewReader(a.body))
	if a.body != "" && a.kind == "" {
		a.kind = "application/x-www-form-urlencoded"
	}
	if a.kind != "" && a.kind != "-" {
		r.Header.Set("Content-Type", a.kind)
	}
	for name, value := range a.header {
		r.Header.Set(name, value)
	}
	rec := httptest.NewRecorder()
	d.http.ServeHTTP(rec, r)
	answer := rec.Result()
	body, err := io.ReadAll(answer.Body)
	if err != nil {
		d.t.Fatal(err)
	}
	return answer, string(body)
}

func (d *desk) get(path string) (*http.Response, string) {
	d.t.Helper()
	return d.ask(asked{method: http.MethodGet, path: path})
}

func (d *desk) post(path, form string) (*http.Response, string) {
	d.t.Helper()
	return d.ask(asked{method: http.MethodPost, path: path, body: form})
}

// standing is what keeps mail from everybody, as "name digest:source" with * for all digests.
func (d *desk) standing() string {
	d.t.Helper()
	all, err := d.ledger.Readers.Suppressions()
	if err != nil {
		d.t.Fatal(err)
	}
	var out []string
	for _, s := range all {
		id := s.Digest
		if id == "" {
			id = "*"
		}
		name, _, _ := strings.Cut(strings.ToLower(s.Email), "@")
		out = append(out, name+" "+id+":"+s.Source)
		if !s.At.Equal(d.now) {
			d.t.Errorf("suppression %+v is not of now", s)
		}
	}
	return strings.Join(out, ", ")
}
