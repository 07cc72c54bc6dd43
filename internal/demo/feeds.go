package demo

import (
	"bytes"
	"fmt"
	"hash/crc32"
	"net/http"
	"path"
	"strings"
	"text/template"
	"time"

	"golang.org/x/text/encoding/charmap"
)

// Feed is one of the demo's sample feeds.
type Feed struct {
	Outlet string  // name as the config gives it
	Topic  string  // the one topic that carries it
	Kind   string  // "opinion" or empty
	Weight float64 // 0: none given
	Format string  // in words, for the page

	file string // template in feeds/, whose name is <outlet>.<kind of feed>.tmpl; empty: the outlet's server is broken
	slug string // of the address, where there is no file
}

// feeds covers every format and most of what goes wrong: relative links, HTML in summaries, trackers,
// a charset that only the XML declaration names, a file cut in the middle, a server that fails.
func feeds() []Feed {
	return []Feed{
		{Outlet: "Harbour Post", Topic: "global", Weight: 1.2, Format: "RSS 2.0", file: "harbour-post.rss.tmpl"},
		{Outlet: "Nordic Herald", Topic: "global", Format: "Atom", file: "nordic-herald.atom.tmpl"},
		{Outlet: "The Seld Observer", Topic: "global", Format: "RSS 2.0, cut off in the middle", file: "seld-observer.rss.tmpl"},
		{Outlet: "Tarn Gazette", Topic: "global", Format: "JSON Feed", file: "tarn-gazette.json.tmpl"},
		{Outlet: "Castelline Chronicle", Topic: "global", Format: "RSS 2.0", file: "castelline-chronicle.rss.tmpl"},
		{Outlet: "Courrier du Cap", Topic: "global", Format: "RSS 2.0, French", file: "courrier-du-cap.rss.tmpl"},
		{Outlet: "Brumer Tagblatt", Topic: "global", Format: "RSS 2.0, German, windows-1252", file: "brumer-tagblatt.rss.tmpl"},
		{Outlet: "The Aldmere Record", Topic: "global", Format: "out of order", slug: "aldmere-record.xml"},
		{Outlet: "Harbour Post", Topic: "global", Kind: "opinion", Format: "Atom, opinion", file: "harbour-post-opinion.atom.tmpl"},
		{Outlet: "Meridian Wire", Topic: "diplomacy", Weight: 1.2, Format: "RSS 2.0", file: "meridian-wire.rss.tmpl"},
		{Outlet: "Orvane Dispatch", Topic: "diplomacy", Format: "Atom", file: "orvane-dispatch.atom.tmpl"},
		{Outlet: "The Consul", Topic: "diplomacy", Format: "RSS 2.0", file: "the-consul.rss.tmpl"},
		{Outlet: "Brume Post", Topic: "diplomacy", Format: "JSON Feed", file: "brume-post.json.tmpl"},
		{Outlet: "Courrier du Cap", Topic: "diplomacy", Format: "RSS 2.0, French", file: "courrier-du-cap-diplomatie.rss.tmpl"},
		{Outlet: "مرفأ الأخبار", Topic: "diplomacy", Format: "RSS 2.0, Arabic", file: "marfa-al-akhbar.rss.tmpl"},
		{Outlet: "みなと新報", Topic: "diplomacy", Format: "RSS 1.0, Japanese", file: "minato-shinpo.rdf.tmpl"},
		{Outlet: "The Long View", Topic: "diplomacy", Kind: "opinion", Format: "RSS 2.0, opinion", file: "the-long-view.rss.tmpl"},
	}
}

// path is where the feed is served.
func (f Feed) path() string {
	if f.file == "" {
		return "/feeds/" + f.slug
	}
	return "/feeds/" + strings.TrimSuffix(f.file, ".tmpl")
}

// render fills the feed's template with dates relative to now.
func (f Feed) render(now time.Time) ([]byte, error) {
	format := time.RFC3339
	if strings.Contains(f.file, ".rss.") {
		format = time.RFC1123Z
	}
	ago := func(layout string) func(string) (string, error) {
		return func(span string) (string, error) {
			d, err := time.ParseDuration(span)
			if err != nil {
				return "", err
			}
			return now.Add(-d).UTC().Format(layout), nil
		}
	}
	tmpl, err := template.New(f.file).Funcs(template.FuncMap{
		"ago": ago(format),       // as the feed's format writes dates
		"iso": ago(time.RFC3339), // Dublin Core dates, also within RSS 2.0
	}).ParseFS(files, path.Join("feeds", f.file))
	if err != nil {
		return nil, fmt.Errorf("sample feed %s: %w", f.file, err)
	}
	var b bytes.Buffer
	if err := tmpl.Execute(&b, nil); err != nil {
		return nil, fmt.Errorf("sample feed %s: %w", f.file, err)
	}
	if !bytes.Contains(b.Bytes(), []byte(`encoding="windows-1252"`)) {
		return b.Bytes(), nil
	}
	old, err := charmap.Windows1252.NewEncoder().Bytes(b.Bytes())
	if err != nil {
		return nil, fmt.Errorf("sample feed %s: %w", f.file, err)
	}
	return old, nil
}

// mediaType is what the outlet's server says. It names no charset: one of the feeds has its own.
func (f Feed) mediaType() string {
	switch {
	case strings.Contains(f.file, ".json."):
		return "application/feed+json"
	case strings.Contains(f.file, ".atom."):
		return "application/atom+xml"
	case strings.Contains(f.file, ".rdf."):
		return "application/rdf+xml"
	default:
		return "application/rss+xml"
	}
}

// handler serves the feed as it was at one moment, so that a second poll finds it unchanged.
func (f Feed) handler(now time.Time) (http.Handler, error) {
	if f.file == "" {
		return http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
			http.Error(w, "the presses have stopped", http.StatusInternalServerError)
		}), nil
	}
	body, err := f.render(now)
	if err != nil {
		return nil, err
	}
	etag := fmt.Sprintf(`"%08x"`, crc32.ChecksumIEEE(body))
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", f.mediaType())
		w.Header().Set("ETag", etag)
		http.ServeContent(w, r, "", now, bytes.NewReader(body))
	}), nil
}
