package web

import (
	"bytes"
	"compress/gzip"
	"context"
	"digestd/internal/needs"
	"encoding/json"
	"encoding/xml"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"golang.org/x/net/html"

	"digestd/internal/newsroom"
	"digestd/internal/newsroom/town"
)

// public is a town whose editions are public, with readers whose every word is marked.
const public = `
[newsletter]
name = "Morning Wire"
timezone = "Europe/Paris"
postal_address = "1 Rue Exemple, Paris"
feedback = "mailto:desk@example.org"
subscribe = "https://example.org/subscribe"
[mail]
from = "Morning Wire <digest@example.org>"
verp = true
[web]
base_url = "https://news.example.org/wire"
[collect]
allow_private_networks = ["127.0.0.0/8"]
[topics.global]
title = { en = "Global", fr = "Monde" }
feeds = ["FEEDS/herald"]
max_stories = 2
[topics.local]
title = "Local"
feeds = ["FEEDS/gazette"]
[digests.daily]
title = "Morning Wire"
subject = "{{.Lead.Title}}"
schedule = "0 7 * * *"
archive = true
max_headlines = 1
[digests.private]
subject = "x"
schedule = "0 3 1 1 *"
[[subscribers]]
email = "zebra-one@marked.example"
name = "Zebra One"
[[subscribers]]
email = "zebra-two@marked.example"
name = "Zebra Two"
language = "fr"
[[subscribers]]
email = "zebra-three@marked.example"
name = "Zebra Three"
topics = ["local"]
format = "text"
[[subscribers]]
email = "zebra-far@marked.example"
name = "Zebra Far"
timezone = "America/New_York"
`

// square is a town with its public side.
type square struct {
	*town.Town
	server  *Server
	handler http.Handler
}

func newSquare(t *testing.T, config string) *square {
	t.Helper()
	s := &square{Town: town.New(t, config)}
	site := func() Site { return Site{Config: s.Config, Sets: s.Publisher.Composer.Templates} }
	var err error
	if s.server, err = New(s.Ledger, site, func() time.Time { return s.Now }, slog.New(slog.DiscardHandler)); err != nil {
		t.Fatal(err)
	}
	s.handler = s.server.Handler()
	return s
}

// ask gets a path, with header fields in pairs.
func (s *square) ask(method, path string, header ...string) *httptest.ResponseRecorder {
	s.T.Helper()
	r := httptest.NewRequest(method, path, nil)
	for i := 0; i < len(header); i += 2 {
		r.Header.Set(header[i], header[i+1])
	}
	w := httptest.NewRecorder()
	s.handler.ServeHTTP(w, r)
	return w
}

// news are titles of things that have nothing to do with each other.
func news(day int) []string {
	all := []string{"Cranes move again in the harbour", "Court strikes down the river levy", "Ferry to Brume sails at night",
		"Museum returns eleven bronzes", "Storm closes the northern pass", "Orchard blight reaches Tarn"}
	for i := range all {
		all[i] = fmt.Sprintf("%s %s", all[i], []string{"today", "tomorrow", "yesterday", "later", "sooner"}[day%5])
	}
	return all
}

// everything follows all links of the public side that stay on it, and returns what it found by path.
func (s *square) everything() map[string][]byte {
	s.T.Helper()
	found, todo := map[string][]byte{}, []string{"/"}
	for len(todo) > 0 {
		path := todo[0]
		todo = todo[1:]
		if _, ok := found[path]; ok {
			continue
		}
		answer := s.ask(http.MethodGet, path)
		if answer.Code != http.StatusOK {
			s.T.Errorf("%s: status %d", path, answer.Code)
			continue
		}
		found[path] = answer.Body.Bytes()
		if !strings.HasPrefix(answer.Header().Get("Content-Type"), "text/html") {
			continue
		}
		at := &url.URL{Path: path}
		z := html.NewTokenizer(bytes.NewReader(found[path]))
		for z.Next() != html.ErrorToken {
			token := z.Token()
			for _, attr := range token.Attr {
				if attr.Key != "href" || token.Data != "a" && token.Data != "link" {
					continue
				}
				address := strings.TrimPrefix(attr.Val, "https://news.example.org/wire")
				to, err := at.Parse(address)
				if err == nil && to.Host == "" && to.Scheme == "" && to.Path != "" && !strings.Contains(address, "#") {
					todo = append(todo, to.Path)
				}
			}
		}
	}
	return found
}

var aToken = regexp.MustCompile(`/[up]/([A-Za-z0-9_-]{16,})|bounces?\+([A-Za-z0-9_-]+)@|Message-ID: <([^@]+)@`)

// TestNothingOfAReaderIsPublic: no token, address or name stands in any public byte, whatever the edition was.
func TestNothingOfAReaderIsPublic(t *testing.T) {
	t.Parallel()
	s := newSquare(t, public)
	for day := range 3 {
		s.Show("/herald", news(day)...)
		s.Show("/gazette", "Bridge at Seld is painted green "+fmt.Sprint(day))
		s.At(day, "11:30") // after seven in both zones
	}
	all := s.everything()
	var paths []string
	for path := range all {
		paths = append(paths, path)
	}
	slices.Sort(paths)
	want := []string{"/", "/daily/", "/daily/2026-03-12/", "/daily/2026-03-12/fr/", "/daily/2026-03-13/", "/daily/2026-03-13/fr/",
		"/daily/2026-03-14/", "/daily/2026-03-14/fr/", "/daily/feed.json", "/daily/feed.xml"}
	if !slices.Equal(paths, want) {
		t.Errorf("found %q, want %q", paths, want)
	}
	secrets := []string{"zebra", "marked.example", "/u/", "/p/"}
	for _, who := range []string{"zebra-one", "zebra-two", "zebra-three", "zebra-far"} {
		for n := range 3 {
			mail := s.Mail(who+"@marked.example", n)
			found := aToken.FindAllStringSubmatch(mail, -1)
			if len(found) < 2 {
				t.Fatalf("no token in\n%s", mail)
			}
			for _, m := range found {
				secrets = append(secrets, strings.ToLower(m[1]+m[2]+m[3]))
			}
			_, at, _ := strings.Cut(mail, "Archived-At: <https://news.example.org/wire")
			path, _, _ := strings.Cut(at, ">")
			answer := s.ask(http.MethodGet, path)
			if answer.Code != http.StatusOK || !strings.Contains(mail, "https://news.example.org/wire"+path+`"`) && !strings.Contains(mail, "https://news.example.org/wire"+path+"\r\n") {
				t.Errorf("%s: Archived-At leads to %q, %d, or the mail has no link to it\n%s", who, path, answer.Code, mail)
			}
			all[path] = answer.Body.Bytes()
			if french := strings.Contains(answer.Body.String(), "Cinq choses") || strings.Contains(answer.Body.String(), `<html lang="fr"`); french != (who == "zebra-two") {
				t.Errorf("%s: the page %s is in another language", who, path)
			}
		}
	}
	if len(all) != len(want)+3 { // those of the other zone
		t.Errorf("the lane of another zone has no pages of its own: %d", len(all))
	}
	for path, body := range all {
		if strings.HasSuffix(path, "/") {
			needs.Page(t, "archive"+strings.ReplaceAll(path, "/", "-"), string(body))
		}
		low := strings.ToLower(string(body))
		for _, secret := range secrets {
			if strings.Contains(low, secret) {
				t.Errorf("%s: %q stands in\n%s", path, secret, body)
			}
		}
		if strings.Contains(low, "<script") || strings.Contains(low, " style=") || strings.Contains(low, "javascript:") {
			t.Errorf("%s has a script or a style of its own", path)
		}
	}
	if page := string(all["/daily/2026-03-12/"]); !strings.Contains(page, "more headline") {
		t.Errorf("what had no room does not stand on\n%s", page)
	}
}

// TestPublicAnswers holds what caches, search engines and browsers are told.
func TestPublicAnswers(t *testing.T) {
	t.Parallel()
	s := newSquare(t, public)
	s.Show("/herald", news(0)...)
	s.At(0, "06:30")
	first := s.ask(http.MethodGet, "/daily/2026-03-12/", "Accept-Encoding", "br, gzip")
	z, err := gzip.NewReader(first.Body)
	if err != nil {
		t.Fatalf("%v, %v", err, first.Header())
	}
	unpacked, err := io.ReadAll(z)
	plain := s.ask(http.MethodGet, "/daily/2026-03-12/")
	if err != nil || plain.Code != 200 || !bytes.Equal(unpacked, plain.Body.Bytes()) || plain.Header().Get("Content-Encoding") != "" {
		t.Errorf("packed and unpacked differ: %v", err)
	}
	h := first.Header()
	policy := h.Get("Content-Security-Policy")
	if h.Get("X-Robots-Tag") != "noindex" || h.Get("Cache-Control") != publicly || h.Get("Vary") != "Accept-Encoding" ||
		strings.Contains(policy, "unsafe") || !strings.Contains(policy, "img-src https:;") || !strings.Contains(policy, "frame-ancestors 'none'") {
		t.Errorf("%v", h)
	}
	for name, row := range map[string]struct {
		method, path string
		header       []string
		status       int
	}{
		"the same":                   {"GET", "/daily/2026-03-12/", []string{"If-None-Match", h.Get("ETag")}, 304},
		"one of several":             {"GET", "/daily/2026-03-12/", []string{"If-None-Match", `"x", ` + h.Get("ETag")}, 304},
		"another":                    {"GET", "/daily/2026-03-12/", []string{"If-None-Match", `"x"`, "If-Modified-Since", h.Get("Last-Modified")}, 200},
		"since":                      {"GET", "/daily/2026-03-12/", []string{"If-Modified-Since", h.Get("Last-Modified")}, 304},
		"before":                     {"GET", "/daily/2026-03-12/", []string{"If-Modified-Since", "Thu, 12 Mar 2020 06:30:00 GMT"}, 200},
		"a time that is none":        {"GET", "/daily/2026-03-12/", []string{"If-Modified-Since", "today"}, 200},
		"head":                       {"HEAD", "/daily/2026-03-12/", nil, 200},
		"post":                       {"POST", "/daily/2026-03-12/", nil, 405},
		"below the base":             {"GET", "/wire/daily/2026-03-12/", nil, 200},
		"with what only follows you": {"GET", "/daily/2026-03-12/?utm_source=x", nil, 200},
		"the language of the first":  {"GET", "/daily/2026-03-12/en/", nil, 404},
		"another language":           {"GET", "/daily/2026-03-12/de/", nil, 404},
		"a day without":              {"GET", "/daily/2026-03-11/", nil, 404},
		"a month":                    {"GET", "/daily/2026-03/", nil, 200},
		"a month without":            {"GET", "/daily/2026-02/", nil, 404},
		"what has no archive":        {"GET", "/private/", nil, 404},
		"nonsense":                   {"GET", "/daily/../daily/", nil, 404},
		"escapes":                    {"GET", "/daily/2026%2D03-12/", nil, 404},
		"the front":                  {"GET", "/", nil, 200},
		"a feed":                     {"GET", "/daily/feed.xml", nil, 200},
		"a feed that is not there":   {"GET", "/daily/feed.rss", nil, 404},
		"an edition without a slash": {"GET", "/daily/2026-03-12", nil, 301},
		"a digest without a slash":   {"GET", "/daily", nil, 301},
		"a language without a slash": {"GET", "/daily/2026-03-12/fr", nil, 301},
		"a month without a slash":    {"GET", "/daily/2026-03", nil, 301},
	} {
		answer := s.ask(row.method, row.path, row.header...)
		if answer.Code != row.status || (row.method == "HEAD" || row.status == 304) && answer.Body.Len() > 0 {
			t.Errorf("%s: status %d, want %d, %d bytes", name, answer.Code, row.status, answer.Body.Len())
		}
		if to := answer.Header().Get("Location"); row.status == 301 {
			at, err := (&url.URL{Path: row.path}).Parse(to)
			if err != nil || at.Path != row.path+"/" || strings.Contains(to, "//") {
				t.Errorf("%s: leads to %q", name, to)
			}
		}
	}
	indexed := strings.Replace(public, "[collect]", "index = true\n[collect]", 1)
	s.Reconfigure(indexed)
	if answer := s.ask(http.MethodGet, "/daily/2026-03-12/"); answer.Header().Get("X-Robots-Tag") != "" || strings.Contains(answer.Body.String(), "noindex") {
		t.Errorf("search engines are asked not to list it: %v", answer.Header())
	}
}

// TestAPageLasts: neither a new template, nor a new configuration, nor forgetting the edition changes what it says; and
// once it is withdrawn, its address says so for good.
func TestAPageLasts(t *testing.T) {
	t.Parallel()
	s := newSquare(t, public)
	s.Show("/herald", news(0)...)
	s.At(0, "06:30")
	const page = "/daily/2026-03-12/"
	before := s.ask(http.MethodGet, page).Body.String()
	dir := t.TempDir()
	writeAll(t, dir, map[string]string{"archive.html.tmpl": `{{define "head"}}NEW{{end}}{{define "body"}}NEW{{end}}{{define "foot"}}{{end}}`, "archive.css": "body{color:red}"})
	s.Reconfigure(strings.Replace(public, "archive = true", "archive = true\ntemplate = \""+dir+"\"\naccent = \"#004000\"", 1))
	if after := s.ask(http.MethodGet, page).Body.String(); after != before {
		t.Errorf("a new template changed it:\n%s\nwas\n%s", after, before)
	}
	s.Show("/herald", news(1)...)
	s.At(1, "06:30")
	if next := s.ask(http.MethodGet, "/daily/2026-03-13/").Body.String(); !strings.Contains(next, "NEW") || !strings.Contains(next, "color:red") {
		t.Errorf("the next edition is not by the new template:\n%s", next)
	}
	if after := s.ask(http.MethodGet, page).Body.String(); !strings.Contains(after, `rel="next" href="../../daily/2026-03-13/"`) {
		t.Errorf("the edition after it is not linked:\n%s", after)
	}

	renamed := strings.NewReplacer("[digests.daily]", "[digests.morning]\nformerly = [\"daily\"]").Replace(public)
	if _, err := s.Ledger.Rename("daily", "morning"); err != nil {
		t.Fatal(err)
	}
	s.Reconfigure(renamed)
	if answer := s.ask(http.MethodGet, page); answer.Code != 200 || !strings.Contains(answer.Body.String(), "Cranes move") {
		t.Errorf("its address died with the digest's name: %d", answer.Code)
	}
	if answer := s.ask(http.MethodGet, "/daily/"); answer.Code != 301 || answer.Header().Get("Location") != "../morning/" {
		t.Errorf("the old list: %d %v", answer.Code, answer.Header())
	}
	if list := s.ask(http.MethodGet, "/morning/").Body.String(); strings.Count(list, "<li><a href=\"../daily/") != 2 {
		t.Errorf("the new list lacks what the old one had:\n%s", list)
	}

	s.Now = s.Now.AddDate(2, 0, 0)
	if _, err := s.Ledger.Prune(time.Hour); err != nil { // a leap of the clock: it waits
		t.Fatal(err)
	}
	s.Ledger.Touch()
	s.Now = s.Now.Add(49 * time.Hour)
	s.Ledger.Touch()
	s.Now = s.Now.Add(49 * time.Hour)
	if _, err := s.Ledger.Prune(time.Hour); err != nil {
		t.Fatal(err)
	}
	if answer := s.ask(http.MethodGet, page); answer.Code != 200 {
		t.Errorf("its address died with the edition: %d", answer.Code)
	}
	if there, err := s.Ledger.Archive.Remove("daily/2026-03-12"); !there || err != nil {
		t.Error(there, err)
	}
	answer := s.ask(http.MethodGet, page)
	if answer.Code != http.StatusGone || strings.Contains(answer.Body.String(), "Cranes") {
		t.Errorf("it was removed, and says %d:\n%s", answer.Code, answer.Body)
	}
	for _, path := range []string{"/morning/", "/", "/morning/feed.xml", "/daily/2026-03-13/"} {
		if strings.Contains(s.ask(http.MethodGet, path).Body.String(), "2026-03-12") {
			t.Errorf("%s leads to what was removed", path)
		}
	}
}

// TestWithdrawnIsGone: an edition that the operator takes back is public no more.
func TestWithdrawnIsGone(t *testing.T) {
	t.Parallel()
	s := newSquare(t, public)
	s.Show("/herald", news(0)...)
	out := s.At(0, "06:30")
	if answer := s.ask(http.MethodGet, "/daily/2026-03-12/"); answer.Code != 200 {
		t.Fatalf("status %d", answer.Code)
	}
	id := out[len(out)-1].Edition
	if _, err := s.Publisher.Withdraw(context.Background(), id, newsroom.Return{}); err != nil {
		t.Fatal(err)
	}
	for _, path := range []string{"/daily/2026-03-12/", "/daily/2026-03-12/fr/"} {
		if answer := s.ask(http.MethodGet, path); answer.Code != http.StatusGone {
			t.Errorf("%s of %s: status %d", path, id, answer.Code)
		}
	}
	s.Show("/herald", news(1)...)
	s.Collect()
	s.Send(true) // composes the same news anew, on the same day: the address is not given out again
	if answer := s.ask(http.MethodGet, "/daily/2026-03-12/"); answer.Code != http.StatusGone {
		t.Errorf("the address is used again: %d", answer.Code)
	}
	if answer := s.ask(http.MethodGet, "/daily/2026-03-12-1/"); answer.Code != http.StatusOK {
		t.Errorf("the extra edition has no page: %d", answer.Code)
	}
}

// TestFeedsOfEditions holds the feeds against their standards, as far as ours uses them.
func TestFeedsOfEditions(t *testing.T) {
	t.Parallel()
	s := newSquare(t, public)
	for day := range 32 {
		s.Show("/herald", append(news(day), fmt.Sprintf("A < B & \"C\" \u2603 %d", day))...)
		s.At(day, "06:30")
	}
	checkAtom(t, s.ask(http.MethodGet, "/daily/feed.xml").Body.Bytes(), 30)
	checkJSONFeed(t, s.ask(http.MethodGet, "/daily/feed.json").Body.Bytes(), 30)
	list := s.ask(http.MethodGet, "/daily/").Body.String()
	needs.Page(t, "archive-list", list)
	if !strings.Contains(list, `href="../daily/2026-04/"`) || strings.Count(list, "<li><a href=\"../daily/2026-") != 30 {
		t.Errorf("the list has no way to the months:\n%s", list)
	}
	april := s.ask(http.MethodGet, "/daily/2026-04/").Body.String()
	needs.Page(t, "archive-month", april)
	if strings.Count(april, "daily/2026-04-") != 12 || strings.Contains(april, "daily/2026-03-") {
		t.Errorf("the page of April has others:\n%s", april)
	}
}

// checkAtom holds what the W3C's validator holds of an Atom feed: RFC 4287, §4.1.
func checkAtom(t *testing.T, text []byte, entries int) {
	t.Helper()
	type link struct {
		Rel  string `xml:"rel,attr"`
		Href string `xml:"href,attr"`
	}
	var f struct {
		XMLName xml.Name
		ID      []string `xml:"id"`
		Title   []string `xml:"title"`
		Updated []string `xml:"updated"`
		Author  []string `xml:"author>name"`
		Links   []link   `xml:"link"`
		Entries []struct {
			ID      []string `xml:"id"`
			Title   []string `xml:"title"`
			Updated []string `xml:"updated"`
			Links   []link   `xml:"link"`
			Summary string   `xml:"summary"`
			Content []struct {
				Type string `xml:"type,attr"`
				Text string `xml:",chardata"`
			} `xml:"content"`
		} `xml:"entry"`
	}
	if err := xml.Unmarshal(text, &f); err != nil {
		t.Fatalf("%v\n%s", err, text)
	}
	if f.XMLName.Space != "http://www.w3.org/2005/Atom" || f.XMLName.Local != "feed" || len(f.ID) != 1 || len(f.Title) != 1 ||
		len(f.Updated) != 1 || len(f.Author) != 1 || f.Author[0] == "" || len(f.Entries) != entries {
		t.Errorf("feed: %+v", f)
	}
	absolute := func(address string) bool {
		u, err := url.Parse(address)
		return err == nil && u.IsAbs() && (u.Opaque != "" || u.Host != "")
	}
	self := slices.IndexFunc(f.Links, func(l link) bool { return l.Rel == "self" })
	if self < 0 || !absolute(f.Links[self].Href) || !absolute(f.ID[0]) {
		t.Errorf("no address of itself: %+v", f.Links)
	}
	seen := map[string]bool{}
	for i, e := range f.Entries {
		if len(e.ID) != 1 || seen[e.ID[0]] || !absolute(e.ID[0]) || len(e.Title) != 1 || e.Title[0] == "" || len(e.Updated) != 1 ||
			len(e.Links) != 1 || e.Links[0].Rel != "alternate" || !absolute(e.Links[0].Href) || len(e.Content) != 1 || e.Content[0].Type != "html" {
			t.Fatalf("entry %+v", e)
		}
		seen[e.ID[0]] = true
		at, err := time.Parse(time.RFC3339, e.Updated[0])
		if err != nil || at.After(town.Thursday.AddDate(1, 0, 0)) || e.Updated[0] > f.Updated[0] {
			t.Errorf("updated %q: %v", e.Updated[0], err)
		}
		if i > 0 && e.Updated[0] > f.Entries[i-1].Updated[0] {
			t.Error("the newest does not come first")
		}
		checkContent(t, e.Content[0].Text)
	}
}

// checkContent holds what feed readers need of HTML: it is whole, without scripts, and with absolute addresses alone.
func checkContent(t *testing.T, text string) {
	t.Helper()
	if strings.Contains(text, `href="#`) || strings.Contains(text, `href="/`) || strings.Contains(text, `href="..`) || strings.Contains(text, "<script") || !strings.Contains(text, "<h2") {
		t.Errorf("content:\n%s", text)
	}
}

// checkJSONFeed holds JSON Feed 1.1: what must be there, nothing that it does not know, and the right types.
func checkJSONFeed(t *testing.T, text []byte, items int) {
	t.Helper()
	d := json.NewDecoder(bytes.NewReader(text))
	d.DisallowUnknownFields()
	var f struct {
		Version     string `json:"version"`
		Title       string `json:"title"`
		Home, Feed  string
		HomePageURL string                  `json:"home_page_url"`
		FeedURL     string                  `json:"feed_url"`
		Description string                  `json:"description"`
		Language    string                  `json:"language"`
		Authors     []struct{ Name string } `json:"authors"`
		Items       []struct {
			ID            string  `json:"id"`
			URL           string  `json:"url"`
			Title         string  `json:"title"`
			ContentHTML   *string `json:"content_html"`
			Summary       string  `json:"summary"`
			Image         string  `json:"image"`
			DatePublished string  `json:"date_published"`
			Language      string  `json:"language"`
		} `json:"items"`
	}
	if err := d.Decode(&f); err != nil {
		t.Fatalf("%v\n%s", err, text)
	}
	if f.Version != "https://jsonfeed.org/version/1.1" || f.Title == "" || f.FeedURL == "" || f.HomePageURL == "" || len(f.Items) != items {
		t.Errorf("feed: %+v", f)
	}
	for _, it := range f.Items {
		_, err := time.Parse(time.RFC3339, it.DatePublished)
		if it.ID == "" || it.ContentHTML == nil || err != nil || it.URL == "" {
			t.Fatalf("item: %+v", it)
		}
		checkContent(t, *it.ContentHTML)
	}
}

// writeAll writes files into a directory.
func writeAll(t *testing.T, dir string, files map[string]string) {
	t.Helper()
	for name, text := range files {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
}
