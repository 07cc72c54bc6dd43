package web

import (
	"crypto/sha256"
	"digestd/internal/needs"
	"encoding/base64"
	"net/http"
	"regexp"
	"strings"
	"testing"

	"golang.org/x/net/html"
)

// TestHeaders holds what every answer says, whatever it is.
func TestHeaders(t *testing.T) {
	t.Parallel()
	d := newDesk(t)
	policy := regexp.MustCompile(`^default-src 'none'; style-src 'sha256-([A-Za-z0-9+/=]{44})'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'$`)
	for _, a := range []asked{
		{method: http.MethodGet, path: "/u/" + d.token(ana)},
		{method: http.MethodHead, path: "/u/" + d.token(ana)},
		{method: http.MethodPost, path: "/u/" + d.token(ana), body: oneClick},
		{method: http.MethodGet, path: "/p/" + d.token(ana)},
		{method: http.MethodPost, path: "/p/" + d.token(ana), body: "until=soon"},
		{method: http.MethodGet, path: "/u/none"},
		{method: http.MethodPut, path: "/u/" + d.token(ana)},
		{method: http.MethodOptions, path: "/u/" + d.token(ana)},
		{method: http.MethodPost, path: "/u/" + d.token(ana), body: "%zz"},
		{method: http.MethodPost, path: "/u/" + d.token(ana), body: "x", kind: "text/plain"},
	} {
		answer, body := d.ask(a)
		h := answer.Header
		for name, want := range map[string]string{
			"X-Frame-Options": "DENY", "X-Content-Type-Options": "nosniff", "Referrer-Policy": "no-referrer", "Cache-Control": "no-store",
			"X-Robots-Tag": "noindex, nofollow", "Cross-Origin-Opener-Policy": "same-origin", "Cross-Origin-Resource-Policy": "same-origin",
		} {
			if h.Get(name) != want {
				t.Errorf("%s %s: %s is %q", a.method, a.path, name, h.Get(name))
			}
		}
		found := policy.FindStringSubmatch(h.Get("Content-Security-Policy"))
		if found == nil {
			t.Errorf("%s %s: policy %q", a.method, a.path, h.Get("Content-Security-Policy"))
			continue
		}
		if !strings.HasPrefix(body, "<!DOCTYPE html>") {
			continue
		}
		_, style, _ := strings.Cut(body, "<style>")
		style, _, _ = strings.Cut(style, "</style>")
		if sum := sha256.Sum256([]byte(style)); base64.StdEncoding.EncodeToString(sum[:]) != found[1] {
			t.Errorf("%s %s: the style on the page is not the one that the policy allows", a.method, a.path)
		}
	}
}

// TestPagesAreSound parses pages of all kinds in all languages: nothing that runs or loads, each field with
// a label, each page with its language, direction and one first heading.
func TestPagesAreSound(t *testing.T) {
	t.Parallel()
	d, _, _ := publicDesk(t)
	_, request := d.requested("new@example.org")
	for _, language := range d.server.builtin.Languages() {
		dir := d.server.builtin.Catalogue(language).Dir
		for name, show := range map[string]func() string{
			"asking":      func() string { _, b := d.get("/u/" + d.token(ana) + "?lang=" + language); return b },
			"left":        func() string { _, b := d.post("/u/"+d.token(chiyo)+"?lang="+language, oneClick); return b },
			"left all":    func() string { _, b := d.post("/u/"+d.token(chiyo)+"?lang="+language, "scope=all"); return b },
			"back":        func() string { _, b := d.post("/u/"+d.token(chiyo)+"?lang="+language, "undo=1"); return b },
			"preferences": func() string { _, b := d.get("/p/" + d.token(ana) + "?lang=" + language); return b },
			"saved":       func() string { _, b := d.post("/p/"+d.token(ana)+"?lang="+language, asBefore); return b },
			"wrong":       func() string { _, b := d.post("/p/"+d.token(ana)+"?lang="+language, "until=x"); return b },
			"no link":     func() string { _, b := d.get("/u/x?lang=" + language); return b },
			"form":        func() string { _, b := d.get("/subscribe?lang=" + language); return b },
			"asked":       func() string { _, b := d.post("/subscribe?lang="+language, goodForm); return b },
			"asks again":  func() string { _, b := d.get("/confirm/" + request + "?lang=" + language); return b },
			"confirmed":   func() string { _, b := d.post("/confirm/"+request+"?lang="+language, ""); return b },
			"no address":  func() string { _, b := d.post("/subscribe?lang="+language, "email=x&digest=daily"); return b },
		} {
			body := show()
			needs.Page(t, name+"-"+language, body)
			if strings.Contains(body, "{name}") || strings.Contains(body, "ZgotmplZ") || strings.Contains(body, "<no value>") {
				t.Errorf("%s, %s: something is not filled in:\n%s", name, language, body)
			}
			root, err := html.Parse(strings.NewReader(body))
			if err != nil {
				t.Fatal(err)
			}
			p := look(root)
			if p.lang != language || p.dir != dir || p.headings != 1 || p.title == "" || p.mains != 1 {
				t.Errorf("%s, %s: %+v", name, language, p)
			}
			for _, wrong := range p.wrong {
				t.Errorf("%s, %s: %s", name, language, wrong)
			}
		}
	}
}

// looked is what a parsed page has.
type looked struct {
	lang, dir, title string
	headings, mains  int
	wrong            []string
}

func look(root *html.Node) looked {
	var p looked
	labels, ids := map[string]bool{}, map[string]int{}
	attr := func(n *html.Node, name string) string {
		for _, a := range n.Attr {
			if a.Key == name {
				return a.Val
			}
		}
		return ""
	}
	for n := range root.Descendants() {
		if n.Type == html.ElementNode && n.Data == "label" {
			labels[attr(n, "for")] = true
		}
	}
	refers := regexp.MustCompile(`^(\?lang=[a-z]+|\.\./[pu]/[A-Za-z0-9_-]{22}\?lang=[a-z]+)$`)
	for n := range root.Descendants() {
		if n.Type != html.ElementNode {
			continue
		}
		if id := attr(n, "id"); id != "" {
			ids[id]++
		}
		for _, a := range n.Attr {
			switch {
			case strings.HasPrefix(a.Key, "on"), a.Key == "style", a.Key == "src", a.Key == "action", a.Key == "srcdoc":
				p.wrong = append(p.wrong, n.Data+" has "+a.Key+"="+a.Val)
			case a.Key == "href" && !refers.MatchString(a.Val):
				p.wrong = append(p.wrong, "refers to "+a.Val)
			}
		}
		switch n.Data {
		case "html":
			p.lang, p.dir = attr(n, "lang"), attr(n, "dir")
		case "title":
			p.title = n.FirstChild.Data
		case "h1":
			p.headings++
		case "main":
			p.mains++
		case "script", "iframe", "object", "embed", "img", "link", "base", "svg":
			p.wrong = append(p.wrong, "has "+n.Data)
		case "input":
			labelled := n.Parent.Data == "label" || attr(n, "id") != "" && labels[attr(n, "id")]
			if attr(n, "type") != "hidden" && !labelled {
				p.wrong = append(p.wrong, "input "+attr(n, "name")+" has no label")
			}
		case "fieldset":
			has := false
			for c := range n.ChildNodes() {
				has = has || c.Data == "legend"
			}
			if !has {
				p.wrong = append(p.wrong, "a fieldset without a legend")
			}
		}
	}
	for n := range root.Descendants() {
		for id := range strings.FieldsSeq(attr(n, "aria-describedby")) {
			if ids[id] != 1 {
				p.wrong = append(p.wrong, "described by "+id+", of which there are not one")
			}
		}
	}
	return p
}

// TestLanguages holds in which language a page is: what its address asks for, if that is known, or else the
// reader's.
func TestLanguages(t *testing.T) {
	t.Parallel()
	d := newDesk(t)
	for _, row := range []struct{ path, want string }{
		{"/u/" + d.token(ana), "en"},
		{"/u/" + d.token(benoit), "fr"}, // as the configuration has benoit now, not as the mail was
		{"/u/" + d.token(dora), "de"},   // as the mail was
		{"/u/" + d.token(benoit) + "?lang=ar", "ar"},
		{"/p/" + d.token(benoit) + "?lang=pt-BR", "pt"},
		{"/p/" + d.token(benoit) + "?lang=tlh", "fr"},
		{"/p/" + d.token(benoit) + "?lang=", "fr"},
		{"/p/" + d.token(benoit) + "?x=%zz&lang=de", "de"},
		{"/u/none", "en"},
		{"/u/none?lang=ja", "ja"},
		{"/u/" + d.key().Account("benoit@example.org", ""), "fr"},
	} {
		if _, body := d.get(row.path); !strings.Contains(body, `<html lang="`+row.want+`"`) {
			t.Errorf("%s is not in %s:\n%.200s", row.path, row.want, body)
		}
	}
	// The language that was asked for goes along.
	_, body := d.get("/u/" + d.token(benoit) + "?lang=ar")
	if !strings.Contains(body, `href="../p/`+d.token(benoit)+`?lang=ar"`) {
		t.Errorf("the link to the preferences forgets the language:\n%s", body)
	}
	if _, body := d.get("/u/" + d.token(benoit)); !strings.Contains(body, `href="../p/`+d.token(benoit)+`"`) {
		t.Errorf("the link to the preferences:\n%s", body)
	}
}

// TestBehindAnyProxy asks as proxies do that keep the path of base_url, and that take it away.
func TestBehindAnyProxy(t *testing.T) {
	t.Parallel()
	for _, base := range []string{"https://news.example.org", "https://news.example.org/wire", "https://news.example.org/a/b", "https://news.example.org/u",
		"https://news.example.org/p", "https://news.example.org/caf%C3%A9"} {
		d := newDesk(t)
		d.configure(d.site.Config.Path, strings.Replace(aTown, "https://news.example.org/wire", base, 1))
		d.server.Also = map[string]http.Handler{"/healthz": http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { w.WriteHeader(http.StatusTeapot) })}
		prefix := strings.TrimPrefix(base, "https://news.example.org")
		for _, p := range []string{prefix, ""} {
			for path, want := range map[string]int{"/u/" + d.token(ana): 200, "/p/" + d.token(ana): 200, "/healthz": http.StatusTeapot, "/u/x": 404, "/healthz/": 404} {
				if answer, _ := d.get(p + path); answer.StatusCode != want {
					t.Errorf("%s, asked for %s: status %d, want %d", base, p+path, answer.StatusCode, want)
				}
			}
		}
	}
}
