package preview

import (
	"bufio"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"digestd/internal/lint"
)

// studio is a place where somebody works on a template: its one file is the HTML of every mail.
type studio struct {
	t      *testing.T
	file   string
	now    time.Time
	server *Server
	loads  int
}

const plain = `<!DOCTYPE html>
<html lang="en" dir="ltr"><head><meta name="color-scheme" content="light dark"><title>t</title>
<style>@media (prefers-color-scheme:dark){.g{background-color:#17181A!important}.i{color:#F3F1EC!important}}</style>
</head><body class="g" style="margin:0;background-color:#FFFFFF">
<div lang="en" dir="ltr"><h1 class="i" style="color:#1A1A1A">Lamps are lit</h1>
<p id="words" class="i" style="color:#1A1A1A">One &amp; two.</p>
<img src="https://pictures.example/lamp.png" width="100" alt="A lamp">
</div></body></html>
`

func newStudio(t *testing.T) *studio {
	t.Helper()
	s := &studio{t: t, file: filepath.Join(t.TempDir(), "digest.html.tmpl"), now: time.Date(2026, 3, 12, 7, 0, 0, 0, time.UTC)}
	s.write(plain)
	var err error
	if s.server, err = New(s.load, Options{News: func() string { return "News of 07:00" }}, func() time.Time { return s.now }); err != nil {
		t.Fatal(err)
	}
	return s
}

func (s *studio) write(text string) {
	s.t.Helper()
	if err := os.WriteFile(s.file, []byte(text), 0o600); err != nil {
		s.t.Fatal(err)
	}
}

// load refuses a file with "{{", and makes one with "[[" fail when the mail is made.
func (s *studio) load() (Desk, []string, error) {
	s.loads++
	raw, err := os.ReadFile(s.file)
	if err == nil && strings.Contains(string(raw), "{{") {
		err = fmt.Errorf("%s:1: unexpected \"{{\"", s.file)
	}
	return desk{html: string(raw), file: s.file}, []string{s.file}, err
}

type desk struct{ html, file string }

func (d desk) Digests() [][2]string { return [][2]string{{"daily", "Morning Wire"}, {"weekly", ""}} }
func (d desk) Readers() []string    { return []string{"ana@example.org", "chiyo@example.org"} }

func (d desk) Mail(c Choice) (Mail, error) {
	switch {
	case strings.Contains(d.html, "[["):
		return Mail{}, fmt.Errorf("%s:7:3: executing", d.file)
	case c.Reader == "nobody@example.org":
		return Mail{}, errors.New("no subscriber has that address")
	}
	m := Mail{Edition: c.Digest + "/UTC/2026-03-12T07:00", Slot: time.Date(2026, 3, 12, 7, 0, 0, 0, time.UTC), Language: "en",
		MaxSize: 97_280, Empty: c.Reader == "" && !c.Sample}
	html := d.html
	if c.Reader == "chiyo@example.org" {
		html = ""
	}
	m.Raw = raw(html)
	tags := strings.Count(html, "<") - strings.Count(html, "</") - 1
	mail := lint.Mail{Subject: "Lamps <are> lit", HTML: html, Text: text, HTMLSize: 200_000}
	for i := range tags {
		mail.Tags = append(mail.Tags, lint.Place{Line: i + 1, Column: 1})
	}
	m.Template, m.Findings = d.file, lint.Check(mail)
	return m, nil
}

const text = "LAMPS <ARE> LIT\n"

// raw is a message with a part of HTML, if there is any, which takes 200,000 bytes as it is encoded.
func raw(html string) []byte {
	head := "Subject: =?utf-8?q?Lamps_<are>_lit?=\r\nX-Folded: one\r\n two\r\n"
	plain := strings.ReplaceAll(text, "\n", "\r\n")
	if html == "" {
		return []byte(head + "\r\n" + plain)
	}
	encoded := base64.StdEncoding.EncodeToString([]byte(strings.ReplaceAll(html, "\n", "\r\n")))
	return []byte(head + "Content-Type: multipart/alternative; boundary=b\r\n\r\nbody & more\r\n--b\r\nContent-Type: text/plain\r\n\r\n" + plain +
		"\r\n--b\r\nContent-Type: text/html\r\nContent-Transfer-Encoding: base64\r\n\r\n" +
		encoded + strings.Repeat("\r\n", (200_000-len(encoded)+1)/2) + "\r\n--b--\r\n")
}

func (s *studio) get(path string) *httptest.ResponseRecorder {
	r := httptest.NewRequest("GET", path, nil)
	r.Host = "127.0.0.1:8025"
	w := httptest.NewRecorder()
	s.server.ServeHTTP(w, r)
	return w
}

func TestPage(t *testing.T) {
	t.Parallel()
	s := newStudio(t)
	s.write(strings.Replace(plain, `alt="A lamp"`, "", 1) + "<bdi>x</bdi>")
	s.server.Reload()
	for _, row := range []struct {
		path   string
		has    []string
		hasNot []string
	}{
		{"/", []string{"<h1>Lamps &lt;are&gt; lit</h1>", "News of 07:00", `value="daily" selected`, `src="/mail.html?version=2"`, `class="w720"`,
			"daily/UTC/2026-03-12T07:00", "Thursday 12 March 2026, 07:00 UTC", `<option value="chiyo@example.org">`, "the empty edition",
			`<li class="over">HTML part, encoded <b>195.3 KB</b> of 102.0 KB`, "Whole message <b>195.6 KB</b>",
			"a picture has no alt", `<a href="/?view=source#L7">html, line 7</a> · ` + s.file + ":10:1", `class="error"`, `<summary>`,
			"https://www.caniemail.com/features/html-bdi/"}, []string{`role="alert"`}},
		{"/?digest=weekly&for=ana@example.org", []string{"weekly/UTC", `value="ana@example.org"`, `value="weekly" selected`}, []string{"empty edition"}},
		{"/?width=375&scheme=dark&for=ana@example.org", []string{`class="w375"`, `src="/mail.html?for=ana%40example.org&amp;scheme=dark&amp;version=2&amp;width=375"`,
			`<input type="hidden" name="scheme" value="dark">`, `href="/?for=ana%40example.org&amp;width=375">Light</a>`}, nil},
		{"/?width=9999&view=nonsense", []string{`class="w720"`}, nil},
		{"/?view=text", []string{"<pre class=\"text\" lang=\"en\">LAMPS &lt;ARE&gt; LIT\n</pre>"}, []string{"<iframe", "Colours"}},
		{"/?view=source", []string{`<li id="L5"><code>&lt;div lang=&#34;en&#34;`}, []string{"<iframe"}},
		{"/?view=message", []string{"<b>X-Folded:</b> one\n two\n", "body &amp; more"}, []string{"<iframe"}},
		{"/?news=sample", []string{`<input type="hidden" name="news" value="sample">`}, []string{"empty edition"}},
		{"/?for=chiyo@example.org", []string{`<pre class="text"`, "<b>markup</b>"}, []string{"<iframe", "HTML source", "HTML part", "<b>contrast</b>"}},
		{"/?for=nobody@example.org", []string{`role="alert"`, "no subscriber has that address", `value="nobody@example.org"`}, []string{"<h1>", "last good"}},
		{"/?for=%22%3E%3Cscript%3E", []string{`value="&#34;&gt;&lt;script&gt;"`}, []string{"<script>"}},
	} {
		t.Run(row.path, func(t *testing.T) {
			w := s.get(row.path)
			if w.Code != http.StatusOK {
				t.Fatalf("status %d", w.Code)
			}
			if got := w.Header().Get("Content-Security-Policy"); got != pagePolicy {
				t.Errorf("policy %q", got)
			}
			for _, want := range row.has {
				if !strings.Contains(w.Body.String(), want) {
					t.Errorf("%q is missing in\n%s", want, w.Body)
				}
			}
			for _, unwanted := range row.hasNot {
				if strings.Contains(w.Body.String(), unwanted) {
					t.Errorf("has %q", unwanted)
				}
			}
		})
	}
}

// TestPageNeedsNothingElse follows everything that the page refers to, but for links that tell more.
func TestPageNeedsNothingElse(t *testing.T) {
	t.Parallel()
	s := newStudio(t)
	reference := regexp.MustCompile(`(?:href|src|action)="([^"]*)"`)
	seen := map[string]bool{"/": true}
	for queue := []string{"/"}; len(queue) > 0; queue = queue[1:] {
		w := s.get(queue[0])
		if w.Code != http.StatusOK {
			t.Errorf("%s answers %d", queue[0], w.Code)
		}
		if !strings.HasPrefix(w.Header().Get("Content-Type"), "text/html") || strings.HasPrefix(queue[0], "/mail.html") {
			continue
		}
		for _, m := range reference.FindAllStringSubmatch(w.Body.String(), -1) {
			to, _, _ := strings.Cut(strings.ReplaceAll(m[1], "&amp;", "&"), "#")
			u, err := url.Parse(to)
			switch {
			case to == "data:," || strings.HasPrefix(to, "https://www.caniemail.com/"):
			case err != nil || u.Host != "" || !strings.HasPrefix(to, "/"):
				t.Errorf("%s refers to %s", queue[0], to)
			case !seen[to]:
				seen[to] = true
				queue = append(queue, to)
			}
		}
	}
	for _, must := range []string{"/page.css", "/page.js", "/message.eml?", "/?view=source", "/?width=320", "/?styles=none"} {
		if !seen[must] {
			t.Errorf("nothing refers to %s", must)
		}
	}
}

func TestOnlyLoopbackNamesAreAnswered(t *testing.T) {
	t.Parallel()
	s := newStudio(t)
	for host, want := range map[string]int{"127.0.0.1:80": 200, "localhost:1": 200, "[::1]:80": 200, "localhost": 200, "127.0.0.1": 200,
		"rebound.example:80": 421, "10.0.0.1:80": 421, "localhost.example": 421, "": 421} {
		r := httptest.NewRequest("GET", "/", nil)
		r.Host = host
		w := httptest.NewRecorder()
		s.server.ServeHTTP(w, r)
		if w.Code != want {
			t.Errorf("%q: status %d, want %d", host, w.Code, want)
		}
	}
}

func TestFrame(t *testing.T) {
	t.Parallel()
	s := newStudio(t)
	for _, row := range []struct{ query, images, has, hasNot string }{
		{"", "img-src https: data:;", `<meta name="color-scheme" content="light">`, "prefers-color-scheme"},
		{"?images=off", "img-src 'none';", `<base target="_blank">`, ""},
		{"?scheme=dark", "img-src https: data:;", "@media (min-width:0){", "(max-width:0)"},
		{"?styles=inline", "", `style="color:#1A1A1A"`, "@media"},
		{"?styles=none", "", `<p id="words" class="i" style="">One &amp; two.</p>`, "#1A1A1A"},
	} {
		w := s.get("/mail.html" + row.query)
		policy := w.Header().Get("Content-Security-Policy")
		if !strings.Contains(policy, row.images) || !strings.Contains(policy, "default-src 'none'") || !strings.Contains(policy, "sandbox allow-same-origin allow-popups") {
			t.Errorf("%s: policy %q", row.query, policy)
		}
		body := w.Body.String()
		if !strings.Contains(body, row.has) || row.hasNot != "" && strings.Contains(body, row.hasNot) {
			t.Errorf("%s: want %q and not %q in\n%s", row.query, row.has, row.hasNot, body)
		}
	}
	if w := s.get("/mail.html?for=chiyo@example.org"); w.Code != http.StatusNotFound {
		t.Errorf("a mail of text has an HTML part: status %d", w.Code)
	}
	if w := s.get("/message.eml?for=chiyo@example.org"); !strings.HasPrefix(w.Body.String(), "Subject: =?utf-8?q?Lamps_<are>_lit?=\r\n") {
		t.Errorf("message %q", w.Body)
	}
}

func TestDress(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ name, body, scheme, styles, want string }{
		{"as it was sent", `<head></head><!--[if mso]><td><![endif]--><a href="x?a=1&amp;b">y</a>`, "light", allStyles,
			`<head><base target="_blank"></head><!--[if mso]><td><![endif]--><a href="x?a=1&amp;b">y</a>`},
		{"dark", `<style>@media ( Prefers-Color-Scheme : DARK ) and (min-width:9px){a{}}@media (prefers-color-scheme:light){b{}}</style>`, "dark", allStyles,
			`<style>@media (min-width:0) and (min-width:9px){a{}}@media (max-width:0){b{}}</style>`},
		{"metas", `<meta name="supported-color-schemes" content="light dark"><meta name="viewport" content="w">`, "dark", allStyles,
			`<meta name="supported-color-schemes" content="dark"><meta name="viewport" content="w">`},
		{"nothing inline", `<p style="color:red" class="a">x</p><style>p{}</style>`, "light", noStyles, `<p style="" class="a">x</p>`},
		{"never closed", `<style>p{}`, "light", inlineStyles, ``},
	} {
		if got := asShown(c.body, c.scheme, c.styles); got != c.want {
			t.Errorf("%s: %s\nwant %s", c.name, got, c.want)
		}
	}
}

// TestWhatWasGoodStays holds that the page goes on with the last good state whatever breaks.
func TestWhatWasGoodStays(t *testing.T) {
	t.Parallel()
	s := newStudio(t)
	s.get("/")
	s.write("{{ broken")
	s.server.Reload()
	for _, path := range []string{"/", "/?for=ana@example.org"} { // the second was not looked at before
		body := s.get(path).Body.String()
		for _, want := range []string{`role="alert"`, s.file + ":1: unexpected", "the last good one", "<h1>Lamps", `data-version="2"`} {
			if !strings.Contains(body, want) {
				t.Errorf("%s: %q is missing in\n%s", path, want, body)
			}
		}
	}
	if body := s.get("/mail.html").Body.String(); !strings.Contains(body, "One &amp; two.") {
		t.Errorf("the frame shows %q", body)
	}

	s.write("[[ fails when it is made")
	s.server.Reload()
	if body := s.get("/").Body.String(); !strings.Contains(body, s.file+":7:3: executing") || !strings.Contains(body, "<h1>Lamps") {
		t.Errorf("a mail that can't be made shows\n%s", body)
	}

	s.write(strings.Replace(plain, "two", "three", 1))
	s.server.Reload()
	if body := s.get("/").Body.String(); strings.Contains(body, `role="alert"`) {
		t.Errorf("what was mended is still wrong:\n%s", body)
	}
	if body := s.get("/mail.html").Body.String(); !strings.Contains(body, "three") {
		t.Errorf("the frame shows %q", body)
	}
}

func TestNewFailsWithWhatIsWrong(t *testing.T) {
	t.Parallel()
	_, err := New(func() (Desk, []string, error) { return nil, nil, errors.New("config.toml:3:1: unknown key") }, Options{}, time.Now)
	if err == nil || err.Error() != "config.toml:3:1: unknown key" {
		t.Errorf("error %v", err)
	}
}

func TestMailIsMadeAnewAsTimeGoesOn(t *testing.T) {
	t.Parallel()
	made := 0
	s, err := New(func() (Desk, []string, error) { return countingDesk{&made}, nil, nil }, Options{}, time.Now)
	if err != nil {
		t.Fatal(err)
	}
	now := time.Date(2026, 3, 12, 7, 0, 0, 0, time.UTC)
	s.now = func() time.Time { return now }
	for _, step := range []struct {
		after time.Duration
		want  int
	}{{0, 1}, {freshFor, 1}, {time.Second, 2}, {-time.Hour, 3}} {
		now = now.Add(step.after)
		if s.look(Choice{}); made != step.want {
			t.Errorf("%v later: made %d times, want %d", step.after, made, step.want)
		}
	}
	for i := range 3 * remembered {
		s.look(Choice{Reader: fmt.Sprint(i)})
	}
	if len(s.mails) > remembered {
		t.Errorf("%d mails are kept", len(s.mails))
	}
}

type countingDesk struct{ made *int }

func (countingDesk) Digests() [][2]string        { return [][2]string{{"daily", ""}} }
func (countingDesk) Readers() []string           { return nil }
func (d countingDesk) Mail(Choice) (Mail, error) { *d.made++; return Mail{}, nil }

// TestFollow edits a file under the eyes of the server.
func TestFollow(t *testing.T) {
	t.Parallel()
	s := newStudio(t)
	versions, stop := s.server.watch()
	defer stop()
	follower := s.server.follower()
	await := func(what string, want int) {
		t.Helper()
		follower.look()
		follower.look()
		select {
		case got := <-versions:
			if got != want {
				t.Errorf("%s: version %d, want %d", what, got, want)
			}
		default:
			if want > 0 {
				t.Errorf("%s: nothing was told", what)
			}
		}
	}
	const nothing = 0
	await("at the start", 1)
	await("nothing changes", nothing)
	s.write(plain + "more")
	await("an edit", 2)
	s.write("{{ broken")
	await("a mistake", 3)
	await("the same mistake", nothing)
	os.Remove(s.file)
	await("no file", 4)
	s.write(plain)
	await("mended", 5)
	await("all is well", nothing)
}

// TestWhatIsNotKnownMayMendIt holds that a mistake is looked at again though no known file changes.
func TestWhatIsNotKnownMayMendIt(t *testing.T) {
	t.Parallel()
	s := newStudio(t)
	follower := s.server.follower()
	s.write("{{ broken")
	follower.look()
	before := s.loads
	follower.look()
	follower.look()
	if s.loads != before+1 {
		t.Errorf("read %d times in two turns, want once", s.loads-before)
	}
}

func TestFingerprint(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	file := filepath.Join(dir, "lang", "en.json")
	seen := map[uint64]string{fingerprint([]string{dir, filepath.Join(dir, "none")}): "empty"}
	for _, step := range []struct {
		what string
		do   func() error
	}{
		{"a directory with a file", func() error { os.Mkdir(filepath.Dir(file), 0o700); return os.WriteFile(file, []byte("{}"), 0o600) }},
		{"another size", func() error { return os.WriteFile(file, []byte("{ }"), 0o600) }},
		{"another time", func() error { at := time.Unix(1, 1); return os.Chtimes(file, at, at) }},
		{"a new file", func() error { return os.WriteFile(filepath.Join(dir, "a"), nil, 0o600) }},
		{"a new name", func() error { return os.Rename(filepath.Join(dir, "a"), filepath.Join(dir, "b")) }},
		{"what was missing", func() error { return os.WriteFile(filepath.Join(dir, "none"), nil, 0o600) }},
	} {
		if err := step.do(); err != nil {
			t.Fatal(err)
		}
		now := fingerprint([]string{dir, filepath.Join(dir, "none")})
		if other, known := seen[now]; known {
			t.Errorf("%s is the same as %s", step.what, other)
		}
		seen[now] = step.what
		if fingerprint([]string{dir, filepath.Join(dir, "none")}) != now {
			t.Errorf("%s: looking twice gives two answers", step.what)
		}
	}
}

func TestChangesAreTold(t *testing.T) {
	t.Parallel()
	s := newStudio(t)
	web := httptest.NewServer(s.server)
	defer web.Close()
	r, err := http.Get(web.URL + "/changes")
	if err != nil {
		t.Fatal(err)
	}
	defer r.Body.Close()
	if got := r.Header.Get("Content-Type"); got != "text/event-stream" {
		t.Errorf("type %q", got)
	}
	lines := bufio.NewReader(r.Body)
	next := func() string {
		for {
			line, err := lines.ReadString('\n')
			if err != nil && !errors.Is(err, io.EOF) || line == "" {
				t.Fatal(err)
			}
			if data, ok := strings.CutPrefix(line, "data: "); ok {
				return strings.TrimSpace(data)
			}
		}
	}
	if got := next(); got != "1" {
		t.Errorf("version %s at first", got)
	}
	s.server.Reload()
	if got := next(); got != "2" {
		t.Errorf("version %s after a change", got)
	}
}
