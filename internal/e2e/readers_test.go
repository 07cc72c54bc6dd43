//go:build linux

package e2e

import (
	"crypto/tls"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/chromedp/chromedp"

	"digestd/internal/needs/browser"
)

// TestReadersSide is what readers do to a running daemon, each by the way that he really has: one presses the
// button of his mail program, one follows the footer of his mail and leaves, one follows it and chooses, one
// has no mailbox any more, and one does nothing. The next edition knows it of each.
func TestReadersSide(t *testing.T) {
	b := newTab(t)
	const clicks, leaves, chooses, stays, gone = 1, 2, 3, 4, "ana@gone.example.org"
	rig := Start(t, stays)
	stand := newNewsstand(t)
	pier := entry{"The pier holds", "https://example.org/pier", "It was tested in the night."}
	quotas := entry{"Envoys meet on fishing quotas", "https://example.org/quotas", "They have until Friday."}
	stand.put("/harbour", feed("Harbour News", pier))
	stand.put("/envoys", feed("Envoys", quotas))

	listen := fmt.Sprintf("127.0.0.1:%d", freePort(t))
	home := rig.proxy(t, listen) + "/wire"
	config := newsletter(stand, []string{"/harbour", "/envoys"}) + rig.smtpConfig(t, "starttls") + readers(stays) +
		fmt.Sprintf("\n[[subscribers]]\nemail = %q\n\n[web]\nlisten = %q\nbase_url = %q\n", gone, listen, home)
	config = strings.Replace(config, "[mail]", "[mail]\nbounce_to = \"bounces@example.org\"\nverp = true", 1)
	config = strings.Replace(config, `"0 7 * * *"`, fmt.Sprintf(`"0 %d * * *"`, hourFarAway(t)), 1)
	here := rig.piped(t, "site", config)
	here.runDaemon(t)

	if first := here.run(t, 0, "send", "daily"); first.Editions != 1 || first.Stories != 2 || first.Sent != stays+1 {
		t.Fatalf("the first edition: %+v, want two stories for five readers", first)
	}
	rig.Settle(t)
	mails := make(map[int]message)
	for n := 1; n <= stays; n++ {
		got := rig.Mailbox(t, Reader(n))
		if len(got) != 1 {
			t.Fatalf("%s got %d mails, want 1", Reader(n), len(got))
		}
		mails[n] = read(t, got[0])
		if told := mails[n].told(home); !slices.Equal(told, []string{pier.link, quotas.link}) {
			t.Fatalf("%s is told of %q, want both stories:\n%s", Reader(n), told, mails[n].text)
		}
	}
	// Nobody has done anything yet but the one who isn't there.
	await(t, "the bounce to come back", func() bool { return here.standing(t) != "" })
	if got := here.standing(t); got != gone+" bounce 5.1.1" {
		t.Fatalf("after the bounce there stand\n%s", got)
	}

	rig.oneClick(t, mails[clicks])
	b.open(mails[leaves])
	b.click(fmt.Sprintf(`a[href^=%q]`, home+"/u/"))
	b.Await("the page that asks", `document.querySelector("h1").textContent === "Stop receiving Morning Wire?"`)
	if got, want := here.standing(t), gone+" bounce 5.1.1\n"+Reader(clicks)+" daily one-click"; got != want {
		t.Errorf("before the button is pressed there stand\n%s\nwant\n%s", got, want)
	}
	b.click(`button`)
	b.Await("left", `document.querySelector("h1").textContent === "You will not receive Morning Wire any more."`)

	b.open(mails[chooses])
	b.click(fmt.Sprintf(`a[href^=%q]`, home+"/p/"))
	b.Await("all topics ticked", `[...document.querySelectorAll("input[name=topic]")].map(e => e.checked).join() === "true,true"`)
	b.click(`input[name=topic][value=global]`)
	b.click(`button`)
	b.Await("saved", `!!document.querySelector("[role=status]") && [...document.querySelectorAll("input[name=topic]:checked")].map(e => e.value).join() === "diplomacy"`)

	want := []string{gone + " bounce 5.1.1", Reader(clicks) + " daily one-click", Reader(leaves) + " daily page", Reader(chooses) + " without global"}
	if got := here.standing(t); got != strings.Join(want, "\n") {
		t.Errorf("there stand\n%s\nwant\n%s", got, strings.Join(want, "\n"))
	}

	crane := entry{"Harbour crane is listed as a monument", "https://example.org/crane", "It has not moved since 1961."}
	embassy := entry{"Embassy moves back after six years", "https://example.org/embassy", "The garden was kept."}
	stand.put("/harbour", feed("Harbour News", crane, pier))
	stand.put("/envoys", feed("Envoys", embassy, quotas))
	if extra := here.run(t, 0, "send", "daily", "--extra"); extra.Editions != 1 || extra.Stories != 2 || extra.Sent != 2 {
		t.Errorf("the extra edition: %+v, want two stories, sent to two readers", extra)
	}
	rig.Settle(t)
	for n, links := range map[int][]string{clicks: nil, leaves: nil, chooses: {embassy.link}, stays: {crane.link, embassy.link}} {
		got := rig.Mailbox(t, Reader(n))[1:]
		if len(got) != min(len(links), 1) {
			t.Errorf("%s got %d mails of the extra edition, its stories for him are %q", Reader(n), len(got), links)
			continue
		}
		for _, raw := range got {
			if m := read(t, raw); !slices.Equal(m.told(home), links) {
				t.Errorf("%s is told of %q, want %q:\n%s", Reader(n), m.told(home), links, m.text)
			}
		}
	}
	log, err := os.ReadFile(filepath.Join(rig.dir, "postfix.log"))
	if err != nil {
		t.Fatal(err)
	}
	if tries := strings.Count(string(log), "to=<"+gone+">"); tries != 1 {
		t.Errorf("Postfix was given %d mails for %s, want the one that bounced", tries, gone)
	}
}

// hourFarAway is the hour of a daily slot that no run of the tests will meet.
func hourFarAway(t *testing.T) int {
	t.Helper()
	paris, err := time.LoadLocation("Europe/Paris") // the newsletter's zone
	if err != nil {
		t.Fatal(err)
	}
	return (time.Now().In(paris).Hour() + 12) % 24
}

// proxy is the reverse proxy that brings TLS: what stands below /wire there is the root of the backend.
func (r *Rig) proxy(t *testing.T, backend string) (origin string) {
	t.Helper()
	certificate, err := tls.LoadX509KeyPair(filepath.Join(r.dir, "server.pem"), filepath.Join(r.dir, "server.key"))
	if err != nil {
		t.Fatal(err)
	}
	server := httptest.NewUnstartedServer(http.StripPrefix("/wire", httputil.NewSingleHostReverseProxy(&url.URL{Scheme: "http", Host: backend})))
	server.TLS = &tls.Config{Certificates: []tls.Certificate{certificate}}
	server.StartTLS()
	t.Cleanup(server.Close)
	return server.URL
}

// runDaemon starts the daemon, waits until it has the ledger, and stops it when the test ends.
func (s site) runDaemon(t *testing.T) {
	t.Helper()
	daemon := s.command("run")
	daemon.Stderr = t.Output()
	if err := daemon.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		daemon.Process.Signal(syscall.SIGTERM)
		if err := daemon.Wait(); err != nil {
			t.Errorf("the daemon ended with %v", err)
		}
	})
	await(t, "the daemon's socket", func() bool {
		_, err := os.Stat(filepath.Join(s.dir, "digestd.db.sock"))
		return err == nil
	})
}

// standing is what the ledger holds against mail, a line for each reader it knows something of, by address:
// the digest, the source, and of a bounce its code, or the topics that he does not want.
func (s site) standing(t *testing.T) string {
	t.Helper()
	var list listed
	s.decode(t, 0, &list, "subscribers", "list")
	var lines []string
	for _, r := range list.Subscribers {
		words := []string{r.Email}
		for _, one := range r.Suppressed {
			code, _, _ := strings.Cut(one.Words, " ")
			words = append(words, one.Digest, one.Source, code)
		}
		if w := r.Preferences.Without; len(w) > 0 {
			words = append(append(words, "without"), w...)
		}
		if len(words) > 1 {
			lines = append(lines, unwrapped(strings.Join(words, " ")))
		}
	}
	slices.Sort(lines)
	return strings.Join(lines, "\n")
}

// told are the links of a mail's text, sorted, but for the reader's own.
func (m message) told(home string) []string {
	links := slices.DeleteFunc(webAddress.FindAllString(m.text, -1), func(link string) bool { return strings.HasPrefix(link, home) })
	slices.Sort(links)
	return links
}

var inAngles = regexp.MustCompile(`<(https://[^>]+)>`)

// oneClick does what a mailbox provider does when its user presses Unsubscribe (RFC 8058, section 3.2): it posts
// what the mail says to where the mail says, without cookies, and follows no redirect.
func (r *Rig) oneClick(t *testing.T, m message) {
	t.Helper()
	address := inAngles.FindStringSubmatch(m.header.Get("List-Unsubscribe"))
	body := m.header.Get("List-Unsubscribe-Post")
	if address == nil || body != "List-Unsubscribe=One-Click" {
		t.Fatalf("List-Unsubscribe: %s\nList-Unsubscribe-Post: %s", m.header.Get("List-Unsubscribe"), body)
	}
	client := http.Client{
		Transport:     &http.Transport{TLSClientConfig: trust(t, r.CAFile), DisableKeepAlives: true},
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
		Timeout:       patience,
	}
	answer, err := client.Post(address[1], "application/x-www-form-urlencoded", strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	defer answer.Body.Close()
	page, err := io.ReadAll(answer.Body)
	if err != nil || answer.StatusCode != http.StatusOK || len(answer.Cookies()) > 0 {
		t.Errorf("one-click was answered with %s, cookies %v, %v\n%s", answer.Status, answer.Cookies(), err, page)
	}
}

// tab is a browser's tab that goes on over the rig's certificate, whose authority it does not know.
type tab struct{ browser.Tab }

func newTab(t *testing.T) tab { return tab{browser.New(t, chromedp.IgnoreCertErrors)} }

// open shows the HTML of a mail.
func (b tab) open(m message) {
	b.T.Helper()
	path := filepath.Join(b.T.TempDir(), "mail.html")
	if err := os.WriteFile(path, []byte(m.html), 0o600); err != nil {
		b.T.Fatal(err)
	}
	b.Do(chromedp.Navigate("file://" + path))
}

// click presses the mouse on the first element that matches, once it can be seen.
func (b tab) click(selector string) {
	b.T.Helper()
	b.Do(chromedp.Click(chromedp.CSS(selector)))
}
