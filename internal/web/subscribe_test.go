package web

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"net/url"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"digestd/digest"
	"digestd/internal/ledger"
	"digestd/subscribers"
)

// registrar remembers what it was asked, and confirms what the ledger has.
type registrar struct {
	mu    sync.Mutex
	desk  *desk
	asked []ledger.Request
	err   error
}

func (r *registrar) Ask(request ledger.Request) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.asked = append(r.asked, request)
	return r.err
}

func (r *registrar) Confirm(id string) (ledger.Request, bool, error) {
	return r.desk.ledger.Signups.Confirm(id, r.desk.now, []string{"daily", "weekly"}, nil)
}

// publicDesk is a desk where readers sign up. It waits for nothing, and counts for how long it would have.
func publicDesk(t testing.TB) (*desk, *registrar, *[]time.Duration) {
	d := newDesk(t)
	r := &registrar{desk: d}
	d.site.SignUps = r
	d.site.Config.Web.SignUp = true
	var waits []time.Duration
	d.server.wait = func(_ context.Context, d time.Duration) { waits = append(waits, d) }
	return d, r, &waits
}

const goodForm = "email=new%40example.org&digest=daily"

func TestSigningUp(t *testing.T) {
	t.Parallel()
	d, r, _ := publicDesk(t)
	for _, lang := range []string{"", "fr-CA;q=0.9, de;q=0.2", "tlh, ja", "*"} {
		want := map[string]string{"": "en", "fr-CA;q=0.9, de;q=0.2": "fr", "tlh, ja": "ja", "*": "en"}[lang]
		answer, body := d.ask(asked{method: http.MethodGet, path: "/subscribe", header: map[string]string{"Accept-Language": lang}})
		if answer.StatusCode != http.StatusOK || !strings.Contains(body, `<html lang="`+want+`"`) {
			t.Errorf("%q: status %d, %.60s", lang, answer.StatusCode, body)
		}
	}
	for form, want := range map[string]ledger.Request{
		goodForm:                             {Digests: []string{"daily"}},
		goodForm + "&digest=weekly&digest=x": {Digests: []string{"daily", "weekly"}},
		goodForm + "&topics=offered&topic=global&topic=diplomacy&topic=sport": {Digests: []string{"daily"}},
		goodForm + "&topics=offered&topic=diplomacy&digest=weekly":            {Digests: []string{"daily", "weekly"}, Topics: []string{"diplomacy"}},
		"email=+new@EXAMPLE.org+&digest=daily":                                {Digests: []string{"daily"}},
		goodForm + "&website=":                                                {Digests: []string{"daily"}},
	} {
		r.asked = nil
		answer, body := d.ask(asked{method: http.MethodPost, path: "/wire/subscribe?lang=de", body: form})
		want.Email, want.Language = "new@example.org", "de"
		if len(r.asked) != 1 {
			t.Errorf("%s: status %d, %d requests", form, answer.StatusCode, len(r.asked))
			continue
		}
		got := r.asked[0]
		if !strings.Contains(got.Words, "The Daily <Wire>") || !strings.Contains(got.Words, "beendet") {
			t.Errorf("%s: words %q", form, got.Words)
		}
		got.Words, got.Network = "", ""
		if fmt.Sprint(got) != fmt.Sprint(want) || !strings.Contains(body, "Postfach") {
			t.Errorf("%s: %+v, want %+v", form, got, want)
		}
	}
	if answer, body := d.ask(asked{method: http.MethodPost, path: "/subscribe", body: goodForm + "&website=x"}); answer.StatusCode != http.StatusOK ||
		!strings.Contains(body, "Look into your mailbox") {
		t.Errorf("a machine is told that it is one: status %d", answer.StatusCode)
	}
	d.site.Config.Web.SignUp = false
	if answer, _ := d.get("/subscribe"); answer.StatusCode != http.StatusNotFound {
		t.Errorf("status %d where nobody is to sign up", answer.StatusCode)
	}
}

// Whether an address is new, a reader's, stopped or asked for too often, the answer is the same to the byte and comes
// after the same time.
func TestAFormTellsNothing(t *testing.T) {
	t.Parallel()
	d, r, waits := publicDesk(t)
	var first string
	for i, err := range []error{nil, ledger.ErrLimited, ledger.ErrBarred, fmt.Errorf("x: %w", ledger.ErrLimited)} {
		r.err = err
		answer, body := d.ask(asked{method: http.MethodPost, path: "/subscribe", body: goodForm})
		got := fmt.Sprint(answer.StatusCode, answer.Header, body)
		if i == 0 {
			first = got
		} else if got != first {
			t.Errorf("%v: %s\nand not as for a new one\n%s", err, got, first)
		}
	}
	for _, w := range *waits {
		if w <= 0 || w > answerTime {
			t.Errorf("waits for %v", w)
		}
	}
	if len(*waits) != 4 {
		t.Errorf("%d waits", len(*waits))
	}
	r.err = errors.New("the disk is full")
	if answer, _ := d.ask(asked{method: http.MethodPost, path: "/subscribe", body: goodForm}); answer.StatusCode != http.StatusServiceUnavailable {
		t.Errorf("status %d where nothing was recorded", answer.StatusCode)
	}
}

// badForms are 200 ways to send a bad form, each with the least that is wrong with it.
func badForms() map[string]asked {
	all := map[string]asked{}
	post := func(name, body string) { all[name] = asked{method: http.MethodPost, path: "/subscribe", body: body} }
	address := func(name, email string) { post("address: "+name, "digest=daily&email="+url.QueryEscape(email)) }
	for i, email := range []string{
		"", " ", "x", "@", "x@", "@example.org", "x@y@", "x y@example.org", "x@example .org", "x@example..org", "x@.example.org", "x@example.org.",
		".x@example.org", "x.@example.org", "x..y@example.org", "<x@example.org>", "X <x@example.org>", "\"x\"@example.org", "x@[192.0.2.1]", "x@192.0.2.1",
		"x@localhost", "x@example", "x@example.123", "x@-example.org", "x@example-.org", "x@exa_mple.org", "x,y@example.org", "x@example.org,y@example.org",
		"x@example.org;y@example.org", "x@example.org y@example.org", "mailto:x@example.org", "x@example.org?cc=y@example.org", "x@example.org/", "x@@example.org",
		"x\x00@example.org", "x\x01@example.org", "x\x7f@example.org", "x\t@example.org", "x@exam\tple.org", "x\x1b[31m@example.org",
		"x\r\n@example.org", "x@example.org\r\nBcc: y@example.org", "x@example.org\nBcc: y@example.org", "x@example.org\rBcc: y@example.org",
		"x@example.org\r\n\r\nHello", "x%0d%0aBcc:y@example.org%0a", "\r\nRCPT TO:<y@example.org>\r\n", "x@example.org>\r\nDATA\r\n",
		"x\u2028@example.org", "x\u2029@example.org", "x\u0085@example.org", "x@example.org\u0000", "x\u200b@example.org", "x\u200d@example.org",
		"x\u00ad@example.org", "\ufeffx@example.org", "x\u202e@example.org", "x\u2066@example.org", "x@exa\u200bmple.org", "x@exa\u00admple.org",
		"аdmin@example.org", "admіn@example.org", "αdmin@example.org", "x@exаmple.org", "x@gοοgle.org", "x@exam\u0440le.org", "раypal@example.org", "x@аpple.com",
		"ｘ@example.org", "x@ｅxample.org", "x＠example.org", "x@example。org", "x@example．org", "x@example｡org", "ﬁ@example.org", "x@ﬁne.org", "x²@example.org",
		"x@exa\u0301mple.orgа", "𝐱@example.org", "x@𝐞xample.org", "x@ⓔxample.org", "ℹ@example.org", "x@example.org\u037e", "x@xn--.org", "x@xn--a.org", "x@xn--xn---.org",
		"x@\u0660.org1.2", "x@example.1", "x@1.2.3.4", "x@0x7f.1", "x@[::1]", "x@::1", "\"x y\"@example.org", "x\\@y@example.org", "(c)x@example.org", "x@example.org(c)",
		strings.Repeat("x", 65) + "@example.org", "x@" + strings.Repeat("y", 64) + ".org", "x@" + strings.Repeat("y.", 130) + "org", strings.Repeat("x", 300) + "@example.org",
		strings.Repeat("x", 20000) + "@example.org", "x@" + strings.Repeat("ä", 3000) + ".org", strings.Repeat("@", 500), strings.Repeat("х", 30) + "x@example.org",
		"\xff\xfe@example.org", "x@\xc3\x28.org", "x\xed\xa0\x80@example.org", "x@example\xc0\xae.org", "=?utf-8?q?x?=@example.org ", "' OR 1=1 --", "<script>@example.org", "x@<b>.org",
		"${jndi:ldap://x}@example.org ", "../../etc/passwd", "x@example.org%00", "x@example.org#y", "x:y@example.org", "x@example.org:25",
	} {
		address(fmt.Sprintf("%d %.20q", i, email), email)
	}
	for name, body := range map[string]string{
		"nothing": " ", "no address": "digest=daily", "no digest": "email=x@example.org", "unknown digest": "email=x@example.org&digest=nightly",
		"empty digest": "email=x@example.org&digest=", "digest in other letters": "email=x@example.org&digest=Daily", "digest with NUL": "email=x@example.org&digest=daily%00",
		"no topic": goodForm + "&topics=offered", "unknown topic": goodForm + "&topics=offered&topic=cats", "topic of none of the digests": goodForm + "&topics=offered&topic=sport",
		"topics of one digest alone": goodForm + "&digest=weekly&topics=offered&topic=sport", "two addresses": goodForm + "&email=y@example.org",
		"the same address twice": goodForm + "&email=new@example.org", "an empty one too": goodForm + "&email=", "two traps": goodForm + "&website=&website=",
		"two offers": goodForm + "&topics=a&topics=b&topic=global", "semicolons": "email=x@example.org;digest=daily", "bad escape": "email=x%4&digest=daily", "bad escape 2": "email=%zz@example.org&digest=daily",
		"a lone percent": "email=x@example.org&digest=daily&%", "JSON in a form": `{"email":"x@example.org","digest":"daily"}`, "names in capitals": "EMAIL=x@example.org&DIGEST=daily",
		"array names": "email[]=x@example.org&digest[]=daily", "a name with NUL": "email%00=x@example.org&digest=daily", "the trap": goodForm + "&website=https://example.org",
		"the trap with a space": goodForm + "&website=+", "NUL bytes": "\x00\x00\x00", "XML": "<email>x@example.org</email>", "a thousand fields": strings.Repeat("a=b&", 15000),
		"too large": goodForm + "&x=" + strings.Repeat("y", maxBody), "far too large": strings.Repeat("email=x@example.org&", 10000), "UTF-16": "\xff\xfee\x00m\x00a\x00i\x00l\x00=\x00",
		"overlong": "email=x%c0%80y@example.org&digest=daily",
	} {
		post(name, body)
	}
	for _, kind := range []string{"text/plain", "application/json", "application/xml", "text/html", "application/octet-stream", "multipart/form-data", "multipart/form-data; boundary=",
		"multipart/mixed; boundary=x", "application/x-www-form-urlencoded; charset", "message/rfc822", "x", "/", "application/x-www-form-urlencodedx", "image/png", "multipart/form-data; boundary=" + strings.Repeat("x", 200)} {
		all["kind "+kind] = asked{method: http.MethodPost, path: "/subscribe", body: goodForm, kind: kind}
	}
	for _, encoding := range []string{"gzip", "deflate", "br", "identity", "x"} {
		all["encoding "+encoding] = asked{method: http.MethodPost, path: "/subscribe", body: goodForm, header: map[string]string{"Content-Encoding": encoding}}
	}
	part := "--x\r\nContent-Disposition: form-data; name=\"email\"\r\n\r\nx@example.org\r\n"
	for name, body := range map[string]string{"cut": part, "no end": part + "--x", "no digest": part + "--x--\r\n", "twice": part + part + "--x\r\nContent-Disposition: form-data; name=\"digest\"\r\n\r\ndaily\r\n--x--\r\n",
		"a file": "--x\r\nContent-Disposition: form-data; name=\"email\"; filename=\"a\"\r\n\r\nx@example.org\r\n--x\r\nContent-Disposition: form-data; name=\"digest\"\r\n\r\ndaily\r\n--x--\r\n"} {
		all["multipart "+name] = asked{method: http.MethodPost, path: "/subscribe", body: body, kind: "multipart/form-data; boundary=x"}
	}
	for _, method := range []string{"GET", "HEAD", "PUT", "DELETE", "PATCH", "OPTIONS", "TRACE", "CONNECT", "PROPFIND", "post", "FOO"} {
		all["method "+method] = asked{method: method, path: "/subscribe", body: goodForm}
		all["method "+method+" with a query"] = asked{method: method, path: "/subscribe?" + goodForm}
	}
	for _, path := range []string{"/subscribe/", "/subscribe/x", "/Subscribe", "/subscribe%2f", "/%73ubscribe", "//subscribe", "/./subscribe", "/subscribe/../subscribe", "/subscribe;x", "/subscribe%00", "/wire/wire/subscribe"} {
		all["path "+path] = asked{method: http.MethodPost, path: path, body: goodForm}
	}
	all["a query alone"] = asked{method: http.MethodPost, path: "/subscribe?" + goodForm, body: " "}
	return all
}

func TestBadForms(t *testing.T) {
	t.Parallel()
	d, r, _ := publicDesk(t)
	all := badForms()
	if len(all) < 200 {
		t.Errorf("%d ways to send a bad form", len(all))
	}
	for name, a := range all {
		answer, body := d.ask(a)
		if answer.StatusCode >= 500 || len(r.asked) > 0 {
			t.Errorf("%s: status %d, requests %+v", name, answer.StatusCode, r.asked)
			r.asked = nil
		}
		if strings.Contains(body, "Bcc") && answer.StatusCode == http.StatusOK || strings.Contains(body, "<script>") || len(body) > 64<<10 {
			t.Errorf("%s: the answer has what was sent: %.300s", name, body)
		}
	}
	// A machine's query fields are no form's.
	if r.asked != nil {
		t.Errorf("%+v", r.asked)
	}
}

// A crowd costs as much memory as there is room for, and is told to come back.
func TestACrowdIsToldToWait(t *testing.T) {
	t.Parallel()
	d, r, _ := publicDesk(t)
	release := make(chan struct{})
	d.server.wait = func(context.Context, time.Duration) { <-release }
	var ends sync.WaitGroup
	for range atOnce {
		ends.Go(func() { d.ask(asked{method: http.MethodPost, path: "/subscribe", body: goodForm}) })
	}
	for len(d.server.asking) < atOnce {
		time.Sleep(time.Millisecond)
	}
	answer, _ := d.ask(asked{method: http.MethodPost, path: "/subscribe", body: goodForm})
	if answer.StatusCode != http.StatusTooManyRequests || answer.Header.Get("Retry-After") == "" {
		t.Errorf("status %d", answer.StatusCode)
	}
	if answer, _ := d.get("/subscribe"); answer.StatusCode != http.StatusOK {
		t.Errorf("status %d for who only looks", answer.StatusCode)
	}
	close(release)
	ends.Wait()
	if len(r.asked) != atOnce {
		t.Errorf("%d requests", len(r.asked))
	}
}

// requested is a request in the ledger, and the token of the mail that asks to confirm it.
func (d *desk) requested(email string) (id, token string) {
	d.t.Helper()
	r := ledger.Request{ID: ledger.NewRequestID(d.now), Email: email, At: d.now, Digests: []string{"daily"}, Language: "fr", Words: "Yes."}
	letter := ledger.Letter{To: digest.Recipient{Email: email}, Variant: ledger.Variant{Key: digest.VariantKey{Language: "fr", Format: "html"}, Body: []byte("x")},
		Edition: digest.Edition{ID: ledger.AskingLetter(r.ID), Digest: ledger.AskingDigest, Zone: "UTC", Slot: d.now, Composed: d.now}}
	if err := d.ledger.Signups.Ask(r, ledger.Limits{}, letter); err != nil {
		d.t.Fatal(err)
	}
	return r.ID, d.key().Delivery(subscribers.ForUnsubscribe, ledger.AskingLetter(r.ID), 0, email)
}

// Only the button confirms. Whatever else asks for the link, or knocks at other doors with its token, changes nothing.
func TestOnlyTheButtonConfirms(t *testing.T) {
	t.Parallel()
	d, _, _ := publicDesk(t)
	id, token := d.requested("new@example.org")
	confirmed := func() bool {
		t.Helper()
		u, _, err := d.ledger.Signups.Of("new@example.org")
		if err != nil {
			t.Fatal(err)
		}
		return !u.Confirmed.IsZero()
	}
	for _, path := range []string{"/confirm/", "/u/", "/p/", "/subscribe/", "/wire/confirm/"} {
		for _, method := range []string{"GET", "HEAD", "OPTIONS", "PUT", "DELETE"} {
			d.ask(asked{method: method, path: path + token})
			d.ask(asked{method: method, path: path + token + "?List-Unsubscribe=One-Click&confirm=1"})
		}
	}
	for _, path := range []string{"/u/" + token, "/p/" + token, "/confirm/" + d.token(ana), "/confirm/" + token[1:], "/confirm/" + strings.ToUpper(token), "/confirm/"} {
		if answer, _ := d.post(path, "List-Unsubscribe=One-Click"); answer.StatusCode != http.StatusNotFound {
			t.Errorf("POST %s: status %d", path, answer.StatusCode)
		}
	}
	if confirmed() || d.standing() != "" {
		t.Fatalf("confirmed without the button, or left: %q", d.standing())
	}
	if answer, body := d.get("/confirm/" + token); answer.StatusCode != http.StatusOK || !strings.Contains(body, `<html lang="fr"`) || strings.Contains(body, "new@example.org") {
		t.Errorf("status %d: %s", answer.StatusCode, body)
	}
	for range 2 { // twice is the same as once
		if answer, body := d.post("/confirm/"+token, ""); answer.StatusCode != http.StatusOK || !strings.Contains(body, "../p/") {
			t.Errorf("status %d: %s", answer.StatusCode, body)
		}
	}
	if !confirmed() {
		t.Fatal("not confirmed")
	}
	// The button of an old mail brings nobody back who has left since.
	if err := d.ledger.Readers.Grant(ledger.Wish{Email: "new@example.org", Source: "page", Stop: []string{""}}); err != nil {
		t.Fatal(err)
	}
	d.post("/confirm/"+token, "")
	if d.standing() != "new *:page" {
		t.Errorf("standing %q", d.standing())
	}
	d.now = d.now.Add(ledger.RequestsKept)
	if answer, _ := d.post("/confirm/"+token, ""); answer.StatusCode != http.StatusNotFound {
		t.Errorf("status %d after seven days for %s", answer.StatusCode, id)
	}
	d.now = noon
}

func TestNetworkOf(t *testing.T) {
	t.Parallel()
	proxies := []netip.Prefix{netip.MustParsePrefix("127.0.0.0/8"), netip.MustParsePrefix("2001:db8:ffff::/48")}
	for _, c := range []struct {
		peer    string
		header  []string
		trusted []netip.Prefix
		want    string
	}{
		{"192.0.2.7:4711", nil, nil, "192.0.2.0/24"},
		{"192.0.2.7:4711", []string{"203.0.113.9"}, proxies, "192.0.2.0/24"},
		{"[2001:db8:1:2::3]:4711", nil, nil, "2001:db8:1::/48"},
		{"[fe80::1%eth0]:4711", nil, nil, "fe80::/48"},
		{"[::ffff:192.0.2.7]:4711", nil, nil, "192.0.2.0/24"},
		{"127.0.0.1:4711", []string{"203.0.113.9"}, nil, ""},
		{"127.0.0.1:4711", []string{"203.0.113.9"}, proxies, "203.0.113.0/24"},
		{"127.0.0.1:4711", []string{"198.51.100.1, 203.0.113.9"}, proxies, "203.0.113.0/24"},
		{"127.0.0.1:4711", []string{"198.51.100.1", "203.0.113.9, 127.0.0.2"}, proxies, "203.0.113.0/24"},
		{"[2001:db8:ffff::1]:4711", []string{" 2001:db8:5::1 "}, proxies, "2001:db8:5::/48"},
		{"127.0.0.1:4711", []string{"unknown"}, proxies, ""},
		{"127.0.0.1:4711", []string{"203.0.113.9:80"}, proxies, ""},
		{"127.0.0.1:4711", nil, proxies, ""},
		{"@", nil, proxies, ""},
	} {
		r := httptest.NewRequest("POST", "/subscribe", nil)
		r.RemoteAddr = c.peer
		r.Header["X-Forwarded-For"] = c.header
		if got := networkOf(r, c.trusted); got != c.want {
			t.Errorf("%s, %q: %q, want %q", c.peer, c.header, got, c.want)
		}
	}
}

// FuzzForm sends forms: no answer is a failure of ours, and what is asked for is an address and a digest that there is.
func FuzzForm(f *testing.F) {
	for _, a := range badForms() {
		if a.method == http.MethodPost && a.path == "/subscribe" && len(a.body) < 1000 {
			f.Add(a.body, a.kind)
		}
	}
	f.Add(goodForm, "")
	d, r, _ := publicDesk(f)
	f.Cleanup(func() { d.t = f })
	f.Fuzz(func(t *testing.T, body, kind string) {
		if strings.ContainsAny(kind, "\r\n\x00") {
			return
		}
		r.asked, d.t = nil, t
		answer, _ := d.ask(asked{method: http.MethodPost, path: "/subscribe", body: body, kind: kind})
		if answer.StatusCode >= 500 {
			t.Fatalf("status %d", answer.StatusCode)
		}
		for _, q := range r.asked {
			if _, err := subscribers.ParseAddress(q.Email); err != nil || len(q.Digests) == 0 || slices.Contains(q.Digests, "") || q.Words == "" {
				t.Fatalf("%+v", q)
			}
		}
	})
}
