// Package demo is a small world on loopback in which digestd can be tried without a network, a mail
// server or a config: invented outlets whose feeds are dated relative to now, an SMTP server that
// takes every message, three readers, and a page that shows their inboxes.
//
// It stands outside the program: it yields feeds and takes mail, as the real world does, and must not
// know how an edition is made. What it tells digestd, it tells in a config.toml.
package demo

import (
	"bytes"
	"context"
	"embed"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httputil"
	"net/url"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"text/template"
	"time"
)

//go:embed feeds images page config.toml.tmpl
var files embed.FS

// Reader is a subscriber of the demo.
type Reader struct {
	Email    string
	Name     string
	Topics   []string // nil: all of the digest
	Language string
	Format   string // "html" or "text"
}

// World is the demo's outside world: web server, mail server, readers. Serve makes one.
type World struct {
	URL     string   // of the page with the inboxes, ending in a slash
	Readers []Reader // in the order in which the page shows them
	Feeds   []Feed   // in the order of the config
	Post    *Post    // what the SMTP server took
	Pages   string   // URL of digestd's own pages, where somebody serves them; OpenPages

	smtp net.Addr
	web  *http.Server
	mail *mailServer
}

// Serve starts the world on loopback, on ports of the system's choice. It ends with ctx, or with Close.
// Its feeds are dated relative to the moment of the call.
func Serve(ctx context.Context) (*World, error) {
	return serve(ctx, time.Now())
}

func serve(ctx context.Context, now time.Time) (*World, error) {
	var listen net.ListenConfig
	webListener, err := listen.Listen(ctx, "tcp", "127.0.0.1:0")
	if err != nil {
		return nil, fmt.Errorf("start the demo's web server: %w", err)
	}
	mailListener, err := listen.Listen(ctx, "tcp", "127.0.0.1:0")
	if err != nil {
		webListener.Close()
		return nil, fmt.Errorf("start the demo's mail server: %w", err)
	}
	w := &World{
		URL:     "http://" + webListener.Addr().String() + "/",
		Readers: readers(),
		Feeds:   feeds(),
		Post:    &Post{now: time.Now},
		smtp:    mailListener.Addr(),
	}
	w.mail = newMailServer(w.Post)

	page, err := Page(w)
	if err != nil {
		webListener.Close()
		mailListener.Close()
		return nil, err
	}
	mux := http.NewServeMux()
	mux.Handle("/", page)
	for _, feed := range w.Feeds {
		handler, err := feed.handler(now)
		if err != nil {
			webListener.Close()
			mailListener.Close()
			return nil, err
		}
		mux.Handle("GET "+feed.path(), handler)
	}
	w.web = &http.Server{Handler: mux, ReadHeaderTimeout: 10 * time.Second}

	go w.web.Serve(webListener)
	go w.mail.Serve(mailListener)
	context.AfterFunc(ctx, func() { w.Close() })
	return w, nil
}

// OpenPages makes room for digestd's own pages, those for readers and for new ones, which whoever calls it serves. The
// configuration has them then.
func (w *World) OpenPages(ctx context.Context) (net.Listener, error) {
	var listen net.ListenConfig
	l, err := listen.Listen(ctx, "tcp", "127.0.0.1:0")
	if err != nil {
		return nil, fmt.Errorf("make room for the pages: %w", err)
	}
	proxy, err := listen.Listen(ctx, "tcp", "127.0.0.1:0")
	if err != nil {
		l.Close()
		return nil, fmt.Errorf("make room for the pages: %w", err)
	}
	w.Pages = "http://" + proxy.Addr().String()
	front := &http.Server{ReadHeaderTimeout: 10 * time.Second, Handler: w.outlets(l.Addr().String())}
	go front.Serve(proxy)
	context.AfterFunc(ctx, func() { front.Close() })
	return l, nil
}

// outlets hands requests on to digestd's pages, and shows what they answer as if there were a network behind them: with the
// outlets' pictures.
func (w *World) outlets(pages string) http.Handler {
	home := strings.TrimSuffix(w.URL, "/")
	return &httputil.ReverseProxy{
		Rewrite: func(r *httputil.ProxyRequest) {
			r.SetURL(&url.URL{Scheme: "http", Host: pages})
			r.Out.Header.Del("Accept-Encoding") // what is packed can't be looked into
		},
		ModifyResponse: func(answer *http.Response) error {
			if !strings.HasPrefix(answer.Header.Get("Content-Type"), "text/html") {
				return nil
			}
			body, err := io.ReadAll(answer.Body)
			if err != nil {
				return err
			}
			answer.Body.Close()
			const outside = "img-src https:"
			answer.Header.Set("Content-Security-Policy", strings.Replace(answer.Header.Get("Content-Security-Policy"), outside, outside+" "+home, 1))
			shown := localised(strings.Replace(string(body), outside, outside+" "+home, 1), w.Pages, home)
			answer.Body = io.NopCloser(strings.NewReader(shown))
			answer.Header.Set("Content-Length", strconv.Itoa(len(shown)))
			return nil
		},
	}
}

// everybody are the readers, and after them whoever else got mail.
func (w *World) everybody() []Reader {
	all := slices.Clone(w.Readers)
	for _, m := range w.Post.All() {
		if !slices.ContainsFunc(all, func(r Reader) bool { return r.Email == m.To }) {
			all = append(all, Reader{Email: m.To, Name: "Somebody new", Language: "en"})
		}
	}
	return all
}

// Close stops both servers and drops their connections. The messages stay readable.
func (w *World) Close() error {
	return errors.Join(w.web.Close(), w.mail.Close())
}

// SMTPAddr is where the mail server listens, as host:port.
func (w *World) SMTPAddr() string { return w.smtp.String() }

func readers() []Reader {
	return []Reader{
		{Email: "ana@example.org", Name: "Ana Ferreira", Language: "en", Format: "html"},
		{Email: "benoit@example.org", Name: "Benoît Lacaze", Topics: []string{"diplomacy"}, Language: "fr", Format: "html"},
		{Email: "chiyo@example.org", Name: "森 千代", Language: "ja", Format: "text"},
	}
}

// Config is a config.toml for this world: its feeds, its mail server, its readers. dir is where the
// ledger goes.
func (w *World) Config(dir string) string {
	host, port, _ := net.SplitHostPort(w.SMTPAddr())
	tmpl := template.Must(template.New("config.toml.tmpl").Funcs(template.FuncMap{
		"toml": tomlString,
	}).ParseFS(files, "config.toml.tmpl"))
	var b bytes.Buffer
	err := tmpl.Execute(&b, map[string]any{
		"World":  w,
		"Host":   host,
		"Port":   port,
		"Ledger": filepath.Join(dir, "digestd.db"),
	})
	if err != nil {
		panic(err) // the template is part of the program, and so is all that it is given
	}
	return b.String()
}

// tomlString quotes a value, or a list of values, for TOML, whose basic strings know all escapes that
// JSON writes.
func tomlString(v any) (string, error) {
	var b strings.Builder
	enc := json.NewEncoder(&b)
	enc.SetEscapeHTML(false)
	err := enc.Encode(v)
	return strings.TrimSpace(b.String()), err
}

// FeedsOf are the feeds of one topic.
func (w *World) FeedsOf(topic string) []Feed {
	var of []Feed
	for _, f := range w.Feeds {
		if f.Topic == topic {
			of = append(of, f)
		}
	}
	return of
}

// FeedURL is where a feed is served.
func (w *World) FeedURL(f Feed) string {
	return strings.TrimSuffix(w.URL, "/") + f.path()
}
