package web

import (
	"errors"
	"maps"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"

	"digestd/digest"
	"digestd/internal/ledger"
	"digestd/subscribers"
)

// TestLinksThatAreNone holds that whatever is no reader's link gets one and the same answer, and changes nothing.
func TestLinksThatAreNone(t *testing.T) {
	t.Parallel()
	d := newDesk(t)
	good := d.token(ana)
	key := d.key()
	foreign, err := subscribers.NewTokenKey([]byte("another ledger's"))
	if err != nil {
		t.Fatal(err)
	}
	swap := func(s string, i int) string {
		c := byte('A')
		if s[i] == c {
			c = 'B'
		}
		return s[:i] + string(c) + s[i+1:]
	}
	paths := map[string]string{
		"the root":                   "/",
		"nothing":                    "*",
		"no token":                   "/u/",
		"no slash":                   "/u",
		"another page":               "/x/" + good,
		"forged":                     "/u/" + strings.Repeat("A", subscribers.TokenLen),
		"one short":                  "/u/" + good[1:],
		"one long":                   "/u/" + good + "A",
		"twice":                      "/u/" + good + good,
		"a slash after":              "/u/" + good + "/",
		"a slash within":             "/u/" + good[:11] + "/" + good[11:],
		"a slash before":             "//u/" + good,
		"two slashes":                "/u//" + good,
		"a dot":                      "/u/./" + good,
		"dots":                       "/u/../u/" + good,
		"dots from outside":          "/wire/../u/" + good,
		"escaped dots":               "/u/%2e%2e/u/" + good,
		"an escaped slash":           "/u%2f" + good,
		"an escaped letter":          "/u/%" + strings.ToUpper(hex(good[0])) + good[1:],
		"an escaped u":               "/%75/" + good,
		"a capital U":                "/U/" + good,
		"a backslash":                "/u\\" + good,
		"a semicolon":                "/u/" + good + ";a=b",
		"a NUL":                      "/u/" + good + "%00",
		"a line break":               "/u/" + good + "%0d%0aSet-Cookie:%20a=b",
		"a space":                    "/u/" + good + "%20",
		"in the query":               "/u/?" + good,
		"from another ledger":        "/u/" + foreign.Delivery(subscribers.ForUnsubscribe, theEdition, ana, addresses[ana]),
		"of a Message-ID":            "/u/" + key.Delivery(subscribers.ForMessageID, theEdition, ana, addresses[ana]),
		"of a bounce":                "/u/" + key.Delivery(subscribers.ForBounce, theEdition, ana, addresses[ana]),
		"of an edition of nobody":    "/u/" + key.Delivery(subscribers.ForUnsubscribe, theEdition+"+1", ana, "eve@example.org"),
		"of nobody in the edition":   "/u/" + key.Delivery(subscribers.ForUnsubscribe, theEdition, len(addresses), "eve@example.org"),
		"of nobody by far":           "/u/" + key.Delivery(subscribers.ForUnsubscribe, theEdition, 1<<31-1, "eve@example.org"),
		"of another at a place":      "/u/" + key.Delivery(subscribers.ForUnsubscribe, theEdition, ana, "eve@example.org"),
		"of an old mail, since":      "/u/" + key.Unbound(subscribers.ForUnsubscribe, theEdition, ana),
		"of a lost digest":           "/u/" + key.Delivery(subscribers.ForUnsubscribe, "monthly/UTC/2026-01-01T07:00", ana, addresses[ana]),
		"of a test copy":             "/u/" + key.Delivery(subscribers.ForUnsubscribe, theEdition, subscribers.Nobody+1, addresses[ana]),
		"of an account of nobody":    "/u/" + key.Account("eve@example.org", ""),
		"of a digest of nobody":      "/u/" + key.Account("ana@example.org", "monthly"),
		"an address":                 "/u/ana@example.org",
		"a script":                   "/u/<script>alert(1)</script>",
		"a script, escaped":          "/u/%3Cscript%3Ealert(1)%3C%2Fscript%3E",
		"not UTF-8":                  "/u/%ff%fe",
		"long":                       "/u/" + strings.Repeat("x", 8000),
		"preferences, forged":        "/p/" + strings.Repeat("A", subscribers.TokenLen),
		"preferences, of a bounce":   "/p/" + key.Delivery(subscribers.ForBounce, theEdition, ana, addresses[ana]),
		"below base_url":             "/wire/u/" + swap(good, 3),
		"below base_url, twice":      "/wire/wire/u/" + good,
		"beside base_url":            "/wireu/" + good,
		"a health check of nobody":   "/healthz",
		"what others' programs have": "/.git/config",
	}
	for i := range good { // any changed character
		paths["changed at "+string(rune('a'+i))] = "/u/" + swap(good, i)
	}
	want, wantBody := d.get("/nothing/here")
	if want.StatusCode != http.StatusNotFound || !strings.Contains(wantBody, "This link does not work") {
		t.Fatalf("status %d: %s", want.StatusCode, wantBody)
	}
	for name, path := range paths {
		for _, method := range []string{http.MethodGet, http.MethodPost} {
			u, err := url.ParseRequestURI(path)
			if err != nil {
				u = &url.URL{Path: path} // what no client could send; the handler must stand it
			}
			r := httptest.NewRequest(method, "/", strings.NewReader(oneClick))
			r.URL, r.RequestURI = u, path
			r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
			rec := httptest.NewRecorder()
			d.http.ServeHTTP(rec, r)
			if body := rec.Body.String(); rec.Code != http.StatusNotFound || body != wantBody {
				t.Errorf("%s, %s %s: status %d\n%.300s", name, method, path, rec.Code, body)
			}
			if !maps.EqualFunc(rec.Result().Header, want.Header, func(a, b []string) bool { return strings.Join(a, ",") == strings.Join(b, ",") }) {
				t.Errorf("%s: header %v, want %v", name, rec.Result().Header, want.Header)
			}
		}
	}
	if got := d.standing(); got != "" {
		t.Errorf("%q stands", got)
	}
}

func hex(c byte) string {
	const digits = "0123456789abcdef"
	return string(digits[c>>4]) + string(digits[c&15])
}

// An edition that was pruned, or that a restored ledger lacks, is not needed to know whose link it was. A link of
// somebody who is no reader any more is like any other address that is none.
func TestLinkOfAnEditionThatIsForgotten(t *testing.T) {
	t.Parallel()
	d := newDesk(t)
	token := d.token(ana)
	for i := range addresses {
		if err := d.ledger.Deliveries.Record(t.Context(), theEdition, []digest.Event{{Index: i, State: digest.Failed, At: d.now}}); err != nil {
			t.Fatal(err)
		}
	}
	if err := d.ledger.Deliveries.Finish(theEdition); err != nil {
		t.Fatal(err)
	}
	d.now = d.now.AddDate(0, 0, 1)
	if pruned, err := d.ledger.Prune(1); err != nil || pruned.Editions != 1 {
		t.Fatalf("%+v, %v", pruned, err)
	}
	if _, err := d.ledger.Resolve(token, subscribers.ForUnsubscribe); !errors.Is(err, ledger.ErrUnknown) {
		t.Fatalf("the token of a forgotten edition: %v", err)
	}
	_, want := d.get("/nothing/here")
	stranger := d.key().Delivery(subscribers.ForUnsubscribe, theEdition, ana, "eve@example.org")
	if answer, body := d.post("/u/"+stranger, oneClick); answer.StatusCode != http.StatusNotFound || body != want {
		t.Errorf("status %d: %s", answer.StatusCode, body)
	}
	if answer, body := d.get("/u/" + token); answer.StatusCode != http.StatusOK || d.standing() != "" {
		t.Errorf("status %d, %q stands: %s", answer.StatusCode, d.standing(), body)
	}
	if answer, body := d.post("/u/"+token, oneClick); answer.StatusCode != http.StatusOK || d.standing() != "ana daily:one-click" {
		t.Errorf("status %d, %q stands: %s", answer.StatusCode, d.standing(), body)
	}
}

// TestAnswersLeakNothing looks for addresses, names, tokens of others and the request's own words in answers of all
// kinds.
func TestAnswersLeakNothing(t *testing.T) {
	t.Parallel()
	d := newDesk(t)
	secrets := append([]string{d.token(benoit), "evil.example", "X-Evil", "alert(1)"}, addresses...)
	check := func(what string, answer *http.Response, body string) {
		t.Helper()
		text := strings.ToLower(body)
		for name, values := range answer.Header {
			text += strings.ToLower(name + strings.Join(values, " "))
			if strings.ContainsAny(name+strings.Join(values, ""), "\r\n") || strings.HasPrefix(name, "X-Evil") {
				t.Errorf("%s: header %q: %q", what, name, values)
			}
		}
		for _, secret := range secrets {
			if strings.Contains(text, strings.ToLower(secret)) {
				t.Errorf("%s: %q stands in the answer", what, secret)
			}
		}
	}
	query := "?lang=%22%3E%3Cscript%3Ealert(1)%3C/script%3E%0d%0aX-Evil:%201&back=https://evil.example/"
	evil := map[string]string{"Host": "evil.example", "X-Forwarded-Host": "evil.example", "Forwarded": "host=evil.example", "Referer": "https://evil.example/alert(1)",
		"Origin": "https://evil.example", "X-Original-URL": "/evil.example", "Accept-Language": "evil.example"}
	for _, path := range []string{"/u/" + d.token(ana), "/p/" + d.token(ana), "/u/" + d.key().Account("ana@example.org", ""), "/u/none", "/"} {
		for _, method := range []string{http.MethodGet, http.MethodHead, http.MethodPost, http.MethodOptions, http.MethodPut} {
			for _, body := range []string{"", oneClick, "undo=alert(1)", "topic=<script>alert(1)", "offered-topic=global&until=%22alert(1)", "%zz"} {
				if method != http.MethodPost && body != "" {
					continue
				}
				answer, text := d.ask(asked{method: method, path: path + query, body: body, header: evil})
				check(method+" "+path+" "+body, answer, text)
			}
		}
	}
	d.ledger.Close()
	answer, text := d.post("/u/"+d.token(ana)+query, oneClick)
	if answer.StatusCode != http.StatusServiceUnavailable || !strings.Contains(text, "That did not work") {
		t.Errorf("without a ledger: status %d: %s", answer.StatusCode, text)
	}
	check("without a ledger", answer, text)
	d.open()
}

// FuzzPaths sends what comes to mind to the handler: nothing of it may fail, and only a token that was
// handed out does anything.
func FuzzPaths(f *testing.F) {
	d := newDesk(f)
	for _, seed := range []string{"/u/" + d.token(chiyo), "/p/" + d.token(chiyo), "/u/", "//u/../%2e", "/wire/u/x?lang=fr"} {
		f.Add("POST", seed, oneClick, "application/x-www-form-urlencoded")
		f.Add("GET", seed, multi("undo", "1"), "multipart/form-data; boundary=b")
	}
	tokens := map[string]bool{}
	for i := range addresses {
		tokens[d.token(i)] = true
	}
	f.Fuzz(func(t *testing.T, method, path, body, kind string) {
		r := httptest.NewRequest(http.MethodPost, "/", strings.NewReader(body))
		u, err := url.ParseRequestURI(path)
		if err != nil {
			return // net/http refuses it as well
		}
		r.Method, r.URL, r.RequestURI = method, u, path
		r.Header["Content-Type"] = []string{kind}
		rec := httptest.NewRecorder()
		d.http.ServeHTTP(rec, r)
		if rec.Code >= 500 || rec.Code >= 300 && rec.Code < 400 {
			t.Errorf("%q %q: status %d", method, path, rec.Code)
		}
		token := path[strings.LastIndexByte(strings.SplitN(path, "?", 2)[0], '/')+1:]
		token, _, _ = strings.Cut(token, "?")
		if rec.Code == http.StatusOK && !tokens[token] {
			t.Errorf("%q is answered like a link", path)
		}
		all, err := d.ledger.Readers.Suppressions()
		if err != nil {
			t.Fatal(err)
		}
		if len(all) > 0 && method != http.MethodPost {
			t.Errorf("%q %q changed something", method, path)
		}
		for _, s := range all {
			if _, err := d.ledger.Readers.Restore(s.Email, ""); err != nil {
				t.Fatal(err)
			}
		}
	})
}
