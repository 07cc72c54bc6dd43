package preview

import (
	"context"
	"errors"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
)

// newsroom takes orders as a test wants it.
type newsroom struct {
	got    []Wish
	refuse error
}

func (n *newsroom) take(_ context.Context, digest string, w Wish) error {
	if digest != "daily" {
		return errors.New("no such digest")
	}
	n.got = append(n.got, w)
	return n.refuse
}

// staffed is a studio whose page takes orders.
func staffed(t *testing.T) (*studio, *newsroom) {
	t.Helper()
	s, n := newStudio(t), &newsroom{}
	var err error
	if s.server, err = New(func() (Desk, []string, error) {
		d, paths, err := s.load()
		return ordered{d.(desk)}, paths, err
	}, Options{Order: n.take}, s.server.now); err != nil {
		t.Fatal(err)
	}
	return s, n
}

type ordered struct{ desk }

func (d ordered) Mail(c Choice) (Mail, error) {
	m, err := d.desk.Mail(c)
	m.Stories = []Story{{Title: "Lamps <are> lit", Source: "Post", Where: "Lead", Link: "https://example.org/a?b&c", Leads: true}, {Title: "No link", Where: "Global"}}
	m.Standing = &Standing{Note: "Some <words>", NoteID: 4, Orders: []Order{{ID: 3, Does: "Left out", Words: "Rain"}},
		Waiting: []Waiting{{Edition: "daily/UTC/2026-03-12T07:00", Zone: "UTC", Words: "It waits.", Seen: "3,4", Asks: true}}}
	return m, err
}

// post sends a form to the page; headers are given as pairs.
func (s *studio) post(form url.Values, headers ...string) *httptest.ResponseRecorder {
	r := httptest.NewRequest("POST", "/order", strings.NewReader(form.Encode()))
	r.Host = "127.0.0.1:8025"
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	r.Header.Set("Origin", "http://127.0.0.1:8025")
	for i := 0; i+1 < len(headers); i += 2 {
		if headers[i] == "Host" {
			r.Host = headers[i+1]
		} else if r.Header.Del(headers[i]); headers[i+1] != "" {
			r.Header.Set(headers[i], headers[i+1])
		}
	}
	w := httptest.NewRecorder()
	s.server.ServeHTTP(w, r)
	return w
}

func (s *studio) form(pairs ...string) url.Values {
	form := url.Values{"token": {s.server.token}, "digest": {"daily"}, "back": {"digest=daily&scheme=dark"}}
	for i := 0; i+1 < len(pairs); i += 2 {
		form.Set(pairs[i], pairs[i+1])
	}
	return form
}

func TestPageHasTheOrders(t *testing.T) {
	s, _ := staffed(t)
	body := s.get("/?digest=daily&for=ana@example.org").Body.String()
	for _, want := range []string{`name="token" value="` + s.server.token, `name="drop" value="https://example.org/a?b&amp;c"`,
		"Lamps &lt;are&gt; lit", ">Some &lt;words&gt;</textarea>", `name="instead" value="4"`, `name="undo" value="3"`, `name="approve" value="UTC 3,4"`} {
		if !strings.Contains(body, want) {
			t.Errorf("the page has no %s", want)
		}
	}
	if strings.Contains(body, `name="lead"`) {
		t.Error("what leads already can be made lead, or a story without a link")
	}
	if body := newStudio(t).get("/").Body.String(); strings.Contains(body, "/order") {
		t.Error("a page that takes no orders has forms for them")
	}
}

func TestOrdersOfThePage(t *testing.T) {
	for _, c := range []struct {
		form []string
		want Wish
	}{
		{[]string{"lead", "https://example.org/a"}, Wish{Lead: "https://example.org/a"}},
		{[]string{"drop", "https://example.org/a"}, Wish{Drop: "https://example.org/a"}},
		{[]string{"skip", "yes"}, Wish{Skip: true}},
		{[]string{"clear", "yes"}, Wish{Clear: true}},
		{[]string{"undo", "3", "note", "words", "instead", "4"}, Wish{Undo: "3"}},
		{[]string{"approve", "Europe/Paris 3,4"}, Wish{Approve: "Europe/Paris", Seen: "3,4"}},
		{[]string{"note", "two\r\nlines", "instead", "4"}, Wish{Note: "two\nlines", Instead: "4"}},
		{[]string{"note", " \r\n", "instead", "4"}, Wish{Undo: "4"}},
	} {
		s, n := staffed(t)
		w := s.post(s.form(c.form...))
		if w.Code != 303 || w.Header().Get("Location") != "/?digest=daily&scheme=dark" || len(n.got) != 1 || n.got[0] != c.want {
			t.Errorf("%v: %d to %s, %+v", c.form, w.Code, w.Header().Get("Location"), n.got)
		}
	}
}

// Orders come from the page itself, and from nowhere else.
func TestStrangersOrderNothing(t *testing.T) {
	s, n := staffed(t)
	for name, w := range map[string]*httptest.ResponseRecorder{
		"another origin":       s.post(s.form("skip", "yes"), "Origin", "https://elsewhere.example"),
		"a page on this host":  s.post(s.form("skip", "yes"), "Origin", "http://127.0.0.1:9999"),
		"no origin":            s.post(s.form("skip", "yes"), "Origin", ""),
		"an origin of nobody":  s.post(s.form("skip", "yes"), "Origin", "null"),
		"a name of their own":  s.post(s.form("skip", "yes"), "Host", "rebound.example:8025", "Origin", "http://rebound.example:8025"),
		"no token":             s.post(url.Values{"digest": {"daily"}, "skip": {"yes"}}),
		"a wrong token":        s.post(s.form("skip", "yes", "token", strings.Repeat("A", len(s.server.token)))),
		"a form of multiparts": s.post(s.form("skip", "yes"), "Content-Type", "multipart/form-data; boundary=b"),
		"plain text":           s.post(s.form("skip", "yes"), "Content-Type", "text/plain"),
		"a large body":         s.post(s.form("note", strings.Repeat("a", mostForm))),
		"a GET":                s.get("/order?skip=yes&digest=daily&token=" + s.server.token),
	} {
		if w.Code < 400 {
			t.Errorf("%s: %d", name, w.Code)
		}
	}
	if len(n.got) > 0 {
		t.Errorf("strangers have ordered %+v", n.got)
	}
	n.refuse = errors.New("no item bears the link")
	if w := s.post(s.form("lead", "https://example.org/none")); w.Code != 409 || !strings.Contains(w.Body.String(), "no item bears") {
		t.Errorf("a refused order: %d %s", w.Code, w.Body)
	}
	n.refuse = nil
	if w := s.post(s.form("skip", "yes", "back", "//elsewhere.example/?a=b")); !strings.HasPrefix(w.Header().Get("Location"), "/?") {
		t.Errorf("it leads to %s", w.Header().Get("Location"))
	}
}
