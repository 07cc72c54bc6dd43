package web

import (
	"net/http"
	"strings"
	"testing"

	"digestd/digest"
	"digestd/subscribers"
)

const oneClick = "List-Unsubscribe=One-Click"

// multi is a multipart form with these fields, as name, value pairs.
func multi(pairs ...string) string {
	var b strings.Builder
	for i := 0; i < len(pairs); i += 2 {
		b.WriteString("--b\r\nContent-Disposition: form-data; name=\"" + pairs[i] + "\"\r\n\r\n" + pairs[i+1] + "\r\n")
	}
	return b.String() + "--b--\r\n"
}

// TestLeaving makes requests one after the other to the link in Ana's mail, and looks what stands then.
func TestLeaving(t *testing.T) {
	t.Parallel()
	const get, head, post = http.MethodGet, http.MethodHead, http.MethodPost
	const multipart = "multipart/form-data; boundary=b"
	left := asked{method: post, body: oneClick}
	for name, row := range map[string]struct {
		before []digest.Suppression // of Ana
		asks   []asked
		status int    // of the last answer
		has    string // in it
		hasNot string
		stands string // then
	}{
		"a scanner looks":              {asks: []asked{{method: get}, {method: head}, {method: get}, {method: http.MethodOptions}}, status: 204},
		"a page asks":                  {asks: []asked{{method: get}}, status: 200, has: "Stop receiving <bdi>The Daily &lt;Wire&gt;</bdi>?"},
		"its form offers both":         {asks: []asked{{method: get}}, status: 200, has: `name="scope" value="all"`},
		"one click":                    {asks: []asked{left}, status: 200, has: "You will not receive <bdi>The Daily &lt;Wire&gt;</bdi> any more.", stands: "ana daily:one-click"},
		"one click twice":              {asks: []asked{left, left}, status: 200, has: "any more.", stands: "ana daily:one-click"},
		"one click, multipart":         {asks: []asked{{method: post, body: multi("List-Unsubscribe", "One-Click"), kind: multipart}}, status: 200, has: "any more.", stands: "ana daily:one-click"},
		"one click with more in it":    {asks: []asked{{method: post, body: "x=1&" + oneClick + "&scope=all&undo=1"}}, status: 200, stands: "ana daily:one-click"},
		"one click without a type":     {asks: []asked{{method: post, body: oneClick, kind: "-"}}, status: 200, stands: "ana daily:one-click"},
		"with a charset":               {asks: []asked{{method: post, body: oneClick, kind: "application/x-www-form-urlencoded; charset=UTF-8"}}, status: 200, stands: "ana daily:one-click"},
		"with cookies and an origin":   {asks: []asked{{method: post, body: oneClick, header: map[string]string{"Cookie": "a=b", "Origin": "https://mail.example.org", "Sec-Fetch-Site": "cross-site"}}}, status: 200, stands: "ana daily:one-click"},
		"an empty post":                {asks: []asked{{method: post}}, status: 200, stands: "ana daily:page"},
		"the page's button":            {asks: []asked{{method: post, body: "scope=this"}}, status: 200, stands: "ana daily:page"},
		"all of them":                  {asks: []asked{{method: post, body: "scope=all"}}, status: 200, has: "You will not receive anything from <bdi>Morning Wire</bdi> any more.", stands: "ana *:page"},
		"first one, then all":          {asks: []asked{left, {method: post, body: "scope=all"}}, status: 200, hasNot: `value="all"`, stands: "ana *:page, ana daily:one-click"},
		"left, looked at again":        {asks: []asked{left, {method: get}}, status: 200, has: "Subscribe again", hasNot: "Stop receiving", stands: "ana daily:one-click"},
		"a query undoes nothing":       {asks: []asked{left, {method: post, path: "?undo=1", body: oneClick}}, status: 200, stands: "ana daily:one-click"},
		"a look undoes nothing":        {asks: []asked{left, {method: get, path: "?undo=1"}}, status: 200, stands: "ana daily:one-click"},
		"a query leaves nothing":       {asks: []asked{{method: get, path: "?List-Unsubscribe=One-Click&scope=all"}}, status: 200},
		"and back":                     {asks: []asked{left, {method: post, body: "undo=1"}}, status: 200, has: "You receive <bdi>The Daily &lt;Wire&gt;</bdi> again."},
		"back twice":                   {asks: []asked{left, {method: post, body: "undo=1"}, {method: post, body: "undo=1"}}, status: 200, has: "again."},
		"back from all":                {asks: []asked{left, {method: post, body: "scope=all"}, {method: post, body: "undo=1"}}, status: 200, has: "again."},
		"back, multipart":              {asks: []asked{left, {method: post, body: multi("undo", "1"), kind: multipart}}, status: 200, has: "again."},
		"the operator's word stays":    {before: []digest.Suppression{{Source: "operator"}}, asks: []asked{{method: post, body: "undo=1"}}, status: 200, has: "stopped, and not by you", hasNot: "<button", stands: "ana *:operator"},
		"a complaint stays":            {before: []digest.Suppression{{Digest: "daily", Source: "complaint"}}, asks: []asked{left, {method: post, body: "undo=1"}}, status: 200, has: "stopped", stands: "ana daily:complaint"},
		"what a server said gives way": {before: []digest.Suppression{{Digest: "daily", Source: "bounce"}}, asks: []asked{left}, status: 200, has: "Subscribe again", stands: "ana daily:one-click"},
		"another digest's is its own":  {before: []digest.Suppression{{Digest: "weekly", Source: "page"}}, asks: []asked{left, {method: post, body: "undo=1"}}, status: 200, has: "again.", stands: "ana weekly:page"},

		"PUT":    {asks: []asked{{method: http.MethodPut, body: oneClick}}, status: 405},
		"DELETE": {asks: []asked{{method: http.MethodDelete}}, status: 405},
		"PATCH":  {asks: []asked{{method: http.MethodPatch, body: oneClick}}, status: 405},
		"TRACE":  {asks: []asked{{method: http.MethodTrace}}, status: 405},
		"BREW":   {asks: []asked{{method: "BREW", body: oneClick}}, status: 405},

		"JSON":                {asks: []asked{{method: post, body: `{"List-Unsubscribe":"One-Click"}`, kind: "application/json"}}, status: 415},
		"plain text":          {asks: []asked{{method: post, body: oneClick, kind: "text/plain"}}, status: 415},
		"no type at all":      {asks: []asked{{method: post, body: oneClick, kind: ";;"}}, status: 415},
		"compressed":          {asks: []asked{{method: post, body: oneClick, header: map[string]string{"Content-Encoding": "gzip"}}}, status: 415},
		"an escape cut short": {asks: []asked{{method: post, body: "undo=%4"}}, status: 400},
		"no boundary":         {asks: []asked{{method: post, body: multi("undo", "1"), kind: "multipart/form-data"}}, status: 400},
		"another boundary":    {asks: []asked{{method: post, body: multi("undo", "1"), kind: "multipart/form-data; boundary=c"}}, status: 400},
		"cut short":           {asks: []asked{{method: post, body: multi("undo", "1")[:54], kind: multipart}}, status: 400},
		"large":               {asks: []asked{{method: post, body: "x=" + strings.Repeat("y", maxBody)}}, status: 413},
		"large, multipart":    {asks: []asked{{method: post, body: multi("x", strings.Repeat("y", maxBody)), kind: multipart}}, status: 413},
		"many parts":          {asks: []asked{{method: post, body: multi(make([]string, 2400)...), kind: multipart}}, status: 413},
	} {
		t.Run(name, func(t *testing.T) {
			d := newDesk(t)
			for _, s := range row.before {
				s.Email = addresses[ana]
				if err := d.ledger.Readers.Suppress(s); err != nil {
					t.Fatal(err)
				}
			}
			var answer *http.Response
			var body string
			for _, a := range row.asks {
				a.path = "/wire/u/" + d.token(ana) + a.path
				answer, body = d.ask(a)
			}
			if answer.StatusCode != row.status {
				t.Errorf("status %d, want %d: %s", answer.StatusCode, row.status, body)
			}
			if !strings.Contains(body, row.has) || row.hasNot != "" && strings.Contains(body, row.hasNot) {
				t.Errorf("want %q and not %q in\n%s", row.has, row.hasNot, body)
			}
			if got := d.standing(); got != row.stands && !(len(row.before) > 0 && len(row.asks) == 0) {
				t.Errorf("%q stands, want %q", got, row.stands)
			}
			if allow := answer.Header.Get("Allow"); (row.status == 405 || row.status == 204) != (allow == "GET, HEAD, POST, OPTIONS") {
				t.Errorf("allows %q", allow)
			}
			if answer.Header.Get("Location") != "" || len(answer.Cookies()) > 0 {
				t.Errorf("redirects or sets a cookie: %v", answer.Header)
			}
		})
	}
}

// The links that an operator hands out stand for all newsletters, or for one.
func TestLeavingByAnAccountLink(t *testing.T) {
	t.Parallel()
	for name, row := range map[string]struct {
		digest, form, has, hasNot, stands string
	}{
		"all asked":     {"", "", "Stop receiving <bdi>Morning Wire</bdi>?", `name="scope"`, ""},
		"all left":      {"", oneClick, "anything from <bdi>Morning Wire</bdi> any more.", "Everything", "chiyo *:one-click"},
		"all undone":    {"", "undo=1", "You receive <bdi>Morning Wire</bdi> again.", "", ""},
		"one asked":     {"weekly", "", "Stop receiving <bdi>Weekend</bdi>?", "", ""},
		"one left":      {"weekly", oneClick, "You will not receive <bdi>Weekend</bdi> any more.", "", "chiyo weekly:one-click"},
		"of one to all": {"weekly", "scope=all", "anything from", "", "chiyo *:page"},
	} {
		t.Run(name, func(t *testing.T) {
			d := newDesk(t)
			path := "/u/" + d.key().Account("Chiyo@example.org", row.digest)
			_, body := d.get(path)
			if row.form != "" {
				_, body = d.post(path, row.form)
			}
			if !strings.Contains(body, row.has) || row.hasNot != "" && strings.Contains(body, row.hasNot) {
				t.Errorf("want %q and not %q in\n%s", row.has, row.hasNot, body)
			}
			if got := d.standing(); got != row.stands {
				t.Errorf("%q stands, want %q", got, row.stands)
			}
		})
	}
}

// Whoever has left the configuration can still refuse what is on its way: their answers are like all others.
func TestLeavingOfSomebodyWhoIsGone(t *testing.T) {
	t.Parallel()
	d := newDesk(t)
	_, asked := d.get("/u/" + d.token(dora))
	answer, left := d.post("/u/"+d.token(dora), oneClick)
	if answer.StatusCode != http.StatusOK || d.standing() != "dora daily:one-click" {
		t.Errorf("status %d, %q stands", answer.StatusCode, d.standing())
	}
	for _, body := range []string{asked, left} { // in the language of the mail that they had
		if !strings.Contains(body, `<html lang="de" dir="ltr">`) {
			t.Errorf("not in German:\n%s", body)
		}
	}
}

// A token names a delivery, so what a digest is called may have changed, or the digest be gone.
func TestLeavingADigestThatIsGone(t *testing.T) {
	t.Parallel()
	d := newDesk(t)
	only := strings.Replace(aTown, "[digests.daily]", "[digests.morning]", 1)
	d.configure(d.site.Config.Path, strings.Replace(only, `digests = ["daily"]`, "", 1))
	if _, body := d.get("/u/" + d.token(ana)); !strings.Contains(body, "Stop receiving <bdi>Morning Wire</bdi>?") {
		t.Errorf("a digest that is gone:\n%s", body)
	}
	d.post("/u/"+d.token(ana), oneClick)
	if got := d.standing(); got != "ana daily:one-click" {
		t.Errorf("%q stands", got)
	}
}

// Where there is one newsletter there is nothing to choose: one button.
func TestLeavingTheOnlyDigest(t *testing.T) {
	t.Parallel()
	d := newDesk(t)
	at := strings.Index(aTown, "[digests.weekly]")
	end := strings.Index(aTown, "[[subscribers]]")
	d.configure(d.site.Config.Path, aTown[:at]+aTown[end:])
	_, body := d.get("/u/" + d.token(ana))
	if strings.Count(body, "<button") != 1 || strings.Contains(body, "<input") {
		t.Errorf("more than a button:\n%s", body)
	}
	_, body = d.post("/u/"+d.token(ana), oneClick)
	if strings.Count(body, "<button") != 1 || !strings.Contains(body, `name="undo"`) {
		t.Errorf("more than a way back:\n%s", body)
	}
}

func TestOldKeysAreHonoured(t *testing.T) {
	t.Parallel()
	d := newDesk(t)
	old := d.token(ana)
	for range 3 {
		if _, err := d.ledger.Keys.Rotate(); err != nil {
			t.Fatal(err)
		}
	}
	d.open()
	if d.token(ana) == old {
		t.Fatal("the key did not change")
	}
	if answer, _ := d.post("/u/"+old, oneClick); answer.StatusCode != http.StatusOK || d.standing() != "ana daily:one-click" {
		t.Errorf("status %d, %q stands", answer.StatusCode, d.standing())
	}
	other, err := subscribers.NewTokenKey(make([]byte, subscribers.TokenKeySize))
	if err != nil {
		t.Fatal(err)
	}
	if answer, _ := d.post("/u/"+other.Delivery(subscribers.ForUnsubscribe, theEdition, chiyo, addresses[chiyo]), oneClick); answer.StatusCode != http.StatusNotFound {
		t.Errorf("a key of another ledger: status %d", answer.StatusCode)
	}
}
