package demo

import (
	"net/http"
	"net/url"
	"regexp"
	"strings"
	"testing"
)

// mailToAna is a message of both kinds, with all that the page must not let through or leave as it is.
const mailToAna = "From: =?utf-8?q?Morning_Wire?= <digest@example.org>\r\n" +
	"To: Ana Ferreira <ana@example.org>\r\n" +
	"Subject: =?utf-8?q?Caf=C3=A9_=3Cb=3E?=\r\n" +
	"Date: Thu, 12 Mar 2026 07:00:00 +0100\r\n" +
	"X-Folded: one\r\n two\r\n" +
	"MIME-Version: 1.0\r\n" +
	"Content-Type: multipart/alternative; boundary=b1\r\n" +
	"\r\n" +
	"--b1\r\n" +
	"Content-Type: text/plain; charset=utf-8\r\n" +
	"Content-Transfer-Encoding: quoted-printable\r\n" +
	"\r\n" +
	"MORNING WIRE\r\nCaf=C3=A9 & <tea>, in one =\r\nline\r\n" +
	"--b1\r\n" +
	"Content-Type: text/html; charset=utf-8\r\n" +
	"Content-Transfer-Encoding: base64\r\n" +
	"\r\n" +
	"PCEtLVtpZiBtc29dPjx0YWJsZT48IVtlbmRpZl0tLT48YSBocmVmPSJodHRwczovL2hhcmJvdXJw\r\n" +
	"b3N0LmV4YW1wbGUvYT94PTEmYW1wO3k9MiIgc3R5bGU9ImNvbG9yOnJlZCI+Q2Fmw6k8L2E+PGlt\r\n" +
	"ZyBzcmM9Imh0dHBzOi8vaGFyYm91cnBvc3QuZXhhbXBsZS9pbWFnZXMvY3JhbmVzLWF0LWRhd24u\r\n" +
	"anBnIiBhbHQ9IiI+PHA+JmFtcDs8L3A+\r\n" +
	"--b1--\r\n"

// mailToChiyo is a message of text alone.
const mailToChiyo = "From: digest@example.org\r\nTo: chiyo@example.org\r\nSubject: plain\r\n\r\njust words\r\n"

// pageWorld is a world in which Ana and Chiyo have mail and Benoît has none.
func pageWorld(t *testing.T) *World {
	t.Helper()
	w := newWorld(t)
	send(t, w, "ana@example.org", []byte(mailToAna))
	send(t, w, "chiyo@example.org", []byte(mailToChiyo))
	return w
}

func TestPage(t *testing.T) {
	t.Parallel()
	w := pageWorld(t)
	for _, row := range []struct {
		path   string
		has    []string
		hasNot []string
	}{
		{"/", []string{"<h1>Café &lt;b&gt;</h1>", "Benoît Lacaze", "森 千代", `src="/mail.html?version=3"`,
			"12 March 2026, 07:00", "All topics · English · HTML with text", "Diplomacy only · French", "All topics · Japanese · text"},
			[]string{"http-equiv"}},
		{"/?for=ana@example.org", []string{`class="w720"`}, []string{"just words"}},
		{"/?for=ana@example.org&letter=1&width=375", []string{`class="w375"`}, nil},
		{"/?for=ana@example.org&letter=1&width=9999", []string{`class="w720"`}, nil},
		{"/?for=ana@example.org&letter=1&view=text", []string{"Café &amp; &lt;tea&gt;, in one line</pre>"}, []string{"<iframe"}},
		{"/?for=ana@example.org&letter=1&view=message", []string{"<b>X-Folded:</b> one\n two\n", "=?utf-8?q?Caf=C3=A9_=3Cb=3E?=", "Caf=C3=A9 &amp; &lt;tea&gt;"}, nil},
		{"/?for=ana@example.org&letter=1&view=source", []string{"<code>&lt;!--[if mso]&gt;"}, []string{"<iframe"}},
		{"/?for=ana@example.org&letter=1&view=nonsense", []string{"<iframe"}, nil},
		{"/?for=benoit@example.org", []string{"Nothing has arrived for Benoît Lacaze yet", "http-equiv"}, []string{"<h1>"}},
		{"/?for=chiyo@example.org", []string{"just words"}, []string{"<iframe", ">HTML source<", ">Mail<"}},
		{"/?for=chiyo@example.org&letter=1&view=html", []string{"just words"}, []string{"<iframe"}},
		{"/away?to=https%3A%2F%2Fharbourpost.example%2F%3Cb%3E", []string{"https://harbourpost.example/&lt;b&gt;"}, []string{"<b>"}},
	} {
		t.Run(row.path, func(t *testing.T) {
			status, header, body := get(t, w, row.path)
			if status != http.StatusOK {
				t.Fatalf("status %d", status)
			}
			if got := header.Get("Content-Security-Policy"); got != "default-src 'none'; style-src 'self'; script-src 'self'; "+
				"connect-src 'self'; frame-src 'self'; img-src data:; base-uri 'none'; form-action 'self'; frame-ancestors 'none'" {
				t.Errorf("policy %q", got)
			}
			for _, want := range row.has {
				if !strings.Contains(body, want) {
					t.Errorf("%q is missing in\n%s", want, body)
				}
			}
			for _, unwanted := range row.hasNot {
				if strings.Contains(body, unwanted) {
					t.Errorf("has %q", unwanted)
				}
			}
		})
	}
}

// TestPageNeedsNothingElse follows everything that the page refers to: all of it is served here.
func TestPageNeedsNothingElse(t *testing.T) {
	t.Parallel()
	w := pageWorld(t)
	reference := regexp.MustCompile(`(?:href|src)="([^"]*)"`)
	seen := map[string]bool{"/": true}
	queue := []string{"/"}
	for len(queue) > 0 {
		at := queue[0]
		queue = queue[1:]
		status, header, body := get(t, w, at)
		if broken := at == "/feeds/aldmere-record.xml"; (status == http.StatusOK) == broken {
			t.Errorf("%s answers %d", at, status)
		}
		if !strings.HasPrefix(header.Get("Content-Type"), "text/html") {
			continue
		}
		for _, m := range reference.FindAllStringSubmatch(body, -1) {
			to := strings.ReplaceAll(m[1], "&amp;", "&")
			u, err := url.Parse(to)
			switch {
			case to == "data:,": // no icon
			case err != nil || u.Host != "" || !strings.HasPrefix(to, "/"):
				t.Errorf("%s refers to %s", at, to)
			case !seen[to]:
				seen[to] = true
				queue = append(queue, to)
			}
		}
	}
	for _, must := range []string{"/page.css", "/page.js", "/images/cranes-at-dawn.jpg", "/message.eml?digest=daily&for=ana%40example.org&letter=1"} {
		if !seen[must] {
			t.Errorf("nothing refers to %s", must)
		}
	}
}

func TestMailIsShownWithoutANetwork(t *testing.T) {
	t.Parallel()
	w := pageWorld(t)
	_, header, body := get(t, w, "/mail.html?for=ana@example.org&letter=1")
	if got := header.Get("Content-Security-Policy"); got != "default-src 'none'; style-src 'unsafe-inline'; img-src 'self'; "+
		"base-uri 'none'; form-action 'none'; frame-ancestors 'self'; sandbox allow-same-origin allow-popups allow-popups-to-escape-sandbox" {
		t.Errorf("policy %q", got)
	}
	want := `<!--[if mso]><table><![endif]-->` +
		`<a href="/away?to=https%3A%2F%2Fharbourpost.example%2Fa%3Fx%3D1%26y%3D2" style="color:red" target="_blank" rel="noopener">Café</a>` +
		`<img src="/images/cranes-at-dawn.jpg" alt=""><p>&amp;</p>`
	if body != want {
		t.Errorf("shows\n%s\nwant\n%s", body, want)
	}
}

func TestSavedMailIsAsItCame(t *testing.T) {
	t.Parallel()
	w := pageWorld(t)
	_, header, body := get(t, w, "/message.eml?for=ana@example.org&letter=1")
	if body != mailToAna {
		t.Errorf("saves %q", body)
	}
	if got := header.Get("Content-Disposition"); got != `attachment; filename="ana@example.org-1.eml"` {
		t.Errorf("disposition %q", got)
	}
}

func TestWhatIsNotThere(t *testing.T) {
	t.Parallel()
	w := pageWorld(t)
	for _, path := range []string{"/?for=nobody@example.org", "/?for=ana@example.org&letter=0", "/?for=ana@example.org&letter=2",
		"/?for=ana@example.org&letter=x", "/mail.html?for=benoit@example.org&letter=1", "/message.eml?for=nobody@example.org&letter=1", "/page.html.tmpl", "/feeds/none.xml"} {
		if status, _, _ := get(t, w, path); status != http.StatusNotFound {
			t.Errorf("%s answers %d", path, status)
		}
	}
}

func TestOddMessagesAreShown(t *testing.T) {
	t.Parallel()
	nested := strings.Repeat("Content-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\n", 12) + "\r\nbody\r\n"
	for name, raw := range map[string]string{
		"no header":        "just words\r\n",
		"no boundary":      "Subject: odd\r\nContent-Type: multipart/mixed\r\n\r\nbody\r\n",
		"bad base64":       "Subject: odd\r\nContent-Transfer-Encoding: base64\r\n\r\n!!!\r\n",
		"nested":           nested,
		"cut off":          "Subject: odd\r\nContent-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\n\r\nbody",
		"not UTF-8":        "Subject: odd \xff\r\n\r\nbody \xff\r\n",
		"no readable date": "Subject: odd\r\nDate: soon\r\n\r\nbody\r\n",
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t)
			send(t, w, "ana@example.org", []byte(raw))
			status, _, body := get(t, w, "/?for=ana@example.org&letter=1")
			if status != http.StatusOK || !strings.Contains(body, "<article>") {
				t.Errorf("status %d\n%s", status, body)
			}
		})
	}
}
