package cli_test

import (
	"encoding/json"
	"fmt"
	"io"
	"mime"
	"mime/multipart"
	"mime/quotedprintable"
	"net"
	"net/http"
	"net/mail"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"digestd/mailer/smtp/smtptest"
)

// counter is a running digestd where readers sign up, with a mail server and inboxes that a test reads.
type counter struct {
	t      *testing.T
	dir    string
	base   string // URL of its pages
	mail   *smtptest.Server
	daemon *exec.Cmd
	log    lockedBuffer
}

const publicTown = `[newsletter]
name = "Morning Wire"
timezone = "Europe/Paris"
[mail]
from = "Morning Wire <digest@example.org>"
verp = true
[delivery]
transport = "smtp"
retry = ["1s"]
rate = "unlimited"
[smtp]
host = "127.0.0.1"
port = SMTP
tls = "none"
[web]
listen = "127.0.0.1:PORT"
base_url = "http://127.0.0.1:PORT"
sign_up = true
sign_up_limit = "LIMIT"
welcome = WELCOME
[topics.global]
feeds = ["feed.xml"]
[digests.daily]
schedule = "0 7 29 2 *"
[[subscribers]]
email = "ana@example.org"
`

func newCounter(t *testing.T, limit string, welcome bool) *counter {
	t.Helper()
	c := &counter{t: t, dir: t.TempDir(), mail: smtptest.Start(t, nil, nil)}
	free, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	port := strconv.Itoa(free.Addr().(*net.TCPAddr).Port)
	free.Close()
	c.base = "http://127.0.0.1:" + port
	c.write("config.toml", strings.NewReplacer("SMTP", strconv.Itoa(c.mail.Port), "PORT", port, "LIMIT", limit, "WELCOME", strconv.FormatBool(welcome)).Replace(publicTown))
	c.news("Cranes move again")
	t.Cleanup(func() {
		if c.daemon != nil {
			c.daemon.Process.Signal(syscall.SIGTERM)
			c.daemon.Wait()
		}
		if t.Failed() {
			t.Log(c.log.String())
		}
	})
	return c
}

func (c *counter) write(name, text string) {
	c.t.Helper()
	if err := os.WriteFile(filepath.Join(c.dir, name), []byte(text), 0o600); err != nil {
		c.t.Fatal(err)
	}
}

// news makes the feed show one item.
func (c *counter) news(title string) {
	c.t.Helper()
	slug := strings.ReplaceAll(strings.ToLower(title), " ", "-")
	c.write("feed.xml", `<rss version="2.0"><channel><title>Herald</title><link>https://herald.example.org/</link>
<item><title>`+title+`</title><link>https://herald.example.org/`+slug+`</link></item></channel></rss>`)
}

// says runs a command and returns what it says.
func (c *counter) says(args ...string) string {
	c.t.Helper()
	out, err := digestd(c.dir, args...).CombinedOutput()
	if err != nil {
		c.t.Fatalf("digestd %v: %v\n%s", args, err, out)
	}
	return string(out)
}

// open starts the daemon and waits until it answers.
func (c *counter) open() {
	c.t.Helper()
	c.daemon = digestd(c.dir, "run")
	c.daemon.Stderr = &c.log
	if err := c.daemon.Start(); err != nil {
		c.t.Fatal(err)
	}
	c.await("the page", func() bool { _, _, err := c.try("GET", c.base+"/subscribe", ""); return err == nil })
}

// kill ends the daemon as a power cut does.
func (c *counter) kill() {
	c.daemon.Process.Kill()
	c.daemon.Wait()
}

func (c *counter) await(what string, holds func() bool) {
	c.t.Helper()
	for deadline := time.Now().Add(time.Minute); !holds(); time.Sleep(5 * time.Millisecond) {
		if time.Now().After(deadline) {
			c.t.Fatalf("%s: not after a minute\n%s", what, c.log.String())
		}
	}
}

// try makes a request; an error is that of the connection.
func (c *counter) try(method, at, form string) (status int, body string, err error) {
	r, err := http.NewRequest(method, at, strings.NewReader(form))
	if err != nil {
		c.t.Fatal(err)
	}
	if method == "POST" {
		r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	}
	// A connection of its own: one that rested may end under the request, which then is sent again.
	client := http.Client{Timeout: time.Minute, Transport: &http.Transport{DisableKeepAlives: true}}
	answer, err := client.Do(r)
	if err != nil {
		return 0, "", err
	}
	defer answer.Body.Close()
	raw, err := io.ReadAll(answer.Body)
	return answer.StatusCode, string(raw), err
}

// gets makes a request that must be answered so.
func (c *counter) gets(want int, method, at, form string) string {
	c.t.Helper()
	status, body, err := c.try(method, at, form)
	if err != nil || status != want {
		c.t.Fatalf("%s %s: status %d, %v\n%.2000s", method, at, status, err, body)
	}
	return body
}

// inbox are the mails to an address so far, oldest first.
func (c *counter) inbox(email string) (mails []string) {
	for _, m := range c.mail.Taken() {
		if m.To == email {
			mails = append(mails, string(m.Raw))
		}
	}
	return mails
}

var linkInMail = regexp.MustCompile(`https?://[^\s"<>]+`)

// links are all that a mail leads to, of its headers and of both parts.
func links(t *testing.T, raw string) []string {
	t.Helper()
	m, err := mail.ReadMessage(strings.NewReader(raw))
	if err != nil {
		t.Fatal(err)
	}
	found := linkInMail.FindAllString(m.Header.Get("List-Unsubscribe"), -1)
	_, params, err := mime.ParseMediaType(m.Header.Get("Content-Type"))
	if err != nil {
		t.Fatal(err)
	}
	for parts := multipart.NewReader(m.Body, params["boundary"]); ; {
		p, err := parts.NextRawPart()
		if err == io.EOF {
			return found
		}
		if err != nil {
			t.Fatal(err)
		}
		text, err := io.ReadAll(quotedprintable.NewReader(p))
		if err != nil {
			t.Fatal(err)
		}
		found = append(found, linkInMail.FindAllString(string(text), -1)...)
	}
}

// button is the link of the mail that asks.
func (c *counter) button(raw string) string {
	c.t.Helper()
	for _, link := range links(c.t, raw) {
		if strings.Contains(link, "/confirm/") {
			return link
		}
	}
	c.t.Fatalf("no link to confirm in\n%s", raw)
	return ""
}

// scan follows every link of every mail, as mail scanners do.
func (c *counter) scan() (n int) {
	c.t.Helper()
	for _, m := range c.mail.Taken() {
		for _, link := range links(c.t, string(m.Raw)) {
			if !strings.HasPrefix(link, c.base) {
				continue
			}
			for _, method := range []string{"HEAD", "GET", "OPTIONS"} {
				if status, _, err := c.try(method, link, ""); err != nil || status >= 400 {
					c.t.Errorf("%s %s: status %d, %v", method, link, status, err)
				}
			}
			n++
		}
	}
	return n
}

// readers are the addresses that `subscribers list` has and nothing is kept from.
func (c *counter) readers() string {
	c.t.Helper()
	var list struct {
		Subscribers []struct {
			Email, Source string
			Suppressed    []any
		}
	}
	if err := json.Unmarshal([]byte(c.says("--json", "subscribers", "list")), &list); err != nil {
		c.t.Fatal(err)
	}
	var names []string
	for _, s := range list.Subscribers {
		if len(s.Suppressed) == 0 {
			names = append(names, strings.TrimSuffix(s.Email, "@example.org"))
		}
	}
	return strings.Join(names, " ")
}

// TestSignUp goes the way of a reader: form, mail, button, next edition, leaving, coming back; and what the operator sees.
func TestSignUp(t *testing.T) {
	t.Parallel()
	c := newCounter(t, "60/h", true)
	c.says("send", "daily")
	c.open()
	wants := func(want string) {
		t.Helper()
		if got := c.readers(); got != want {
			t.Errorf("readers %q, want %q", got, want)
		}
	}
	form := func(email string) {
		t.Helper()
		c.gets(200, "POST", c.base+"/subscribe", "email="+url.QueryEscape(email))
	}
	arrive := func(email string, n int) string {
		t.Helper()
		c.await(fmt.Sprintf("mail %d to %s", n, email), func() bool { return len(c.inbox(email)) >= n })
		return c.inbox(email)[n-1]
	}
	form("bea@example.org")
	asking := arrive("bea@example.org", 1)
	if strings.Contains(asking, "List-Unsubscribe") || !strings.Contains(asking, "Subject: Please confirm: Morning Wire") {
		t.Errorf("the mail that asks:\n%s", asking)
	}
	if got := c.mail.Taken()[1].From; !strings.Contains(got, "digest+") {
		t.Errorf("the envelope sender is %s: it names no delivery", got)
	}
	form("bea@example.org") // which comes to nothing, in the same words
	if n := c.scan(); n < 5 {
		t.Errorf("%d links in the mails", n)
	}
	wants("ana")
	if body := c.gets(200, "POST", c.button(asking), ""); !strings.Contains(body, "You are subscribed to") {
		t.Errorf("after the button:\n%s", body)
	}
	wants("ana bea")
	if welcome := arrive("bea@example.org", 2); !strings.Contains(welcome, "Subject: Cranes move again") {
		t.Errorf("the welcome:\n%s", welcome)
	}
	c.news("Ferry runs late")
	c.says("send", "daily", "--extra")
	next := arrive("bea@example.org", 3)
	if !strings.Contains(next, "Subject: Ferry runs late") || strings.Contains(next, "Cranes") {
		t.Errorf("the next edition:\n%s", next)
	}
	c.scan()
	wants("ana bea")

	for _, want := range []struct{ in, words string }{
		{c.says("subscribers", "list"), `bea@example.org  daily  .*signed up on 20`},
		{c.says("subscribers", "list", "--signed-up"), `(?s)^bea@example.org[^\n]*\n1 subscriber\n$`},
		{c.says("subscribers", "export"), `bea@example.org,.*,signed up 20.*,"?asked 20.*, confirmed 20.*: Morning Wire comes to this address by e-mail`},
		{c.says("why", "bea@example.org"), `(?s)bea@example.org: signed up 20.*confirmed it on.*daily/Europe/Paris/.*: sent.*@sign-up/.*: sent`},
		{c.says("status"), `edition  daily`},
	} {
		if !regexp.MustCompile(want.words).MatchString(want.in) || strings.Contains(want.in, "edition  @sign-up") {
			t.Errorf("%s\nis not %s", want.in, want.words)
		}
	}

	// The file is the operator's: it outranks what was asked for, and check says so.
	c.write("config.toml", strings.Replace(c.read("config.toml"), "[[subscribers]]", "[[subscribers]]\nemail = \"bea@example.org\"\nlanguage = \"fr\"\n[[subscribers]]", 1))
	c.says("reload")
	if out := c.says("check"); !strings.Contains(out, "bea@example.org signed up too: what stands here outranks what they asked for") {
		t.Errorf("check: %s", out)
	}
	wants("bea ana")

	for _, link := range links(t, next) {
		if strings.Contains(link, "/u/") {
			c.gets(200, "POST", link, "List-Unsubscribe=One-Click")
			break
		}
	}
	c.kill()
	c.open() // who left stays away
	wants("ana")
	form("cas@example.org")
	if body := c.gets(200, "POST", c.button(arrive("cas@example.org", 1)), ""); !strings.Contains(body, "You are subscribed") {
		t.Errorf("%s", body)
	}
	c.says("subscribers", "suppress", "cas@example.org")
	form("cas@example.org")
	if out := c.says("subscribers", "forget", "cas@example.org"); !strings.Contains(out, "and 2 sign-ups are gone") {
		t.Errorf("forget: %s", out)
	}
	if raw, err := os.ReadFile(filepath.Join(c.dir, "digestd.db")); err != nil || len(raw) == 0 {
		t.Fatal(err)
	}
	wants("ana")
	if out := c.says("why", "cas@example.org"); strings.Contains(out, "signed up") || strings.Contains(out, "@sign-up") {
		t.Errorf("remembered of who was erased: %s", out)
	}
	if out := c.says("ledger", "check"); !strings.Contains(out, "is whole") {
		t.Errorf("%s", out)
	}
}

func (c *counter) read(name string) string {
	c.t.Helper()
	raw, err := os.ReadFile(filepath.Join(c.dir, name))
	if err != nil {
		c.t.Fatal(err)
	}
	return string(raw)
}

// TestAFlood asks two thousand times, or ten thousand where DIGESTD_KILLS asks for more: it costs no more mails than the limit, no 5xx, and readers are answered meanwhile.
func TestAFlood(t *testing.T) {
	t.Parallel()
	c := newCounter(t, "5/h", false)
	c.open()
	const askers = 125 // more than are worked on at once
	each := 16
	if os.Getenv("DIGESTD_KILLS") != "" {
		each = 80
	}
	statuses := make(chan int, askers*each)
	for a := range askers {
		go func() {
			client := http.Client{Timeout: time.Minute, Transport: &http.Transport{MaxIdleConnsPerHost: 1}}
			for i := range each {
				answer, err := client.PostForm(c.base+"/subscribe", url.Values{"email": {fmt.Sprintf("x%d.%d@example.org", a, i)}, "website": {map[bool]string{true: "", false: "spam"}[i%4 == 0]}})
				if err != nil {
					statuses <- -1
					continue
				}
				io.Copy(io.Discard, answer.Body)
				answer.Body.Close()
				statuses <- answer.StatusCode
			}
		}()
	}
	slowest, taken := time.Duration(0), 0
	for n := 0; n < askers*each; {
		select {
		case status := <-statuses:
			if n++; status >= 500 || status == -1 {
				t.Fatalf("request %d: status %d\n%s", n, status, c.log.String())
			} else if status == 200 {
				taken++
			}
		case <-time.After(200 * time.Millisecond):
			begun := time.Now()
			c.gets(200, "GET", c.base+"/subscribe", "")
			slowest = max(slowest, time.Since(begun))
		}
	}
	c.await("the mails", func() bool { return len(c.mail.Taken()) >= 5 })
	time.Sleep(100 * time.Millisecond)
	if n := len(c.mail.Taken()); n != 5 || taken < 50 {
		t.Errorf("%d mails for %d requests, where 5 an hour are let through", n, taken)
	}
	status, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", c.daemon.Process.Pid))
	if err == nil {
		t.Logf("%d taken; slowest page %v; %s", taken, slowest, regexp.MustCompile(`VmHWM.*|RssAnon.*`).FindAllString(string(status), -1))
	}
}

// TestSignUpOutlivesKills kills the daemon at moments around each step of a sign-up. Whoever was answered gets the mail,
// and at most one more of it; nobody is a reader without the click, and who was told that they are one is.
func TestSignUpOutlivesKills(t *testing.T) {
	t.Parallel()
	kills := 10
	if n, err := strconv.Atoi(os.Getenv("DIGESTD_KILLS")); err == nil {
		kills = n
	}
	c := newCounter(t, "unlimited", false)
	c.open()
	// Twice the time that a request takes, from before its commit to long after its mail.
	dies := func(i int, at, form string) (answered bool) {
		t.Helper()
		status := make(chan int, 1)
		go func() {
			n, _, err := c.try("POST", at, form)
			if err != nil {
				n = 0
			}
			status <- n
		}()
		time.Sleep(time.Duration(i*37%100) * 6 * time.Millisecond)
		c.kill()
		n := <-status
		c.open()
		return n == 200
	}
	inTime, clicked := 0, 0
	for i := range (kills + 1) / 2 {
		email := fmt.Sprintf("r%d@example.org", i)
		form := "email=" + email
		if dies(i, c.base+"/subscribe", form) {
			inTime++
			c.await("the mail to who was answered", func() bool { return len(c.inbox(email)) > 0 })
		} else if len(c.inbox(email)) == 0 { // a person tries again, an hour later at most; the ledger knows whether it must be
			c.gets(200, "POST", c.base+"/subscribe", form)
			c.await("the mail", func() bool { return len(c.inbox(email)) > 0 })
		}
		if got := c.readers(); strings.Contains(got+" ", " "+strings.TrimSuffix(email, "@example.org")+" ") {
			t.Fatalf("%s is a reader without the click: %s", email, got)
		}
		button := c.button(c.inbox(email)[0])
		if dies(i*53, button, "") {
			clicked++
		} else {
			c.gets(200, "POST", button, "")
		}
		if got := c.readers(); !strings.Contains(got+" ", " "+strings.TrimSuffix(email, "@example.org")+" ") {
			t.Fatalf("%s clicked, and is no reader: %s", email, got)
		}
		if mails := c.inbox(email); len(mails) > 2 || len(mails) == 2 && mails[0] != mails[1] {
			t.Errorf("%d mails to %s, or not the same", len(mails), email)
		}
	}
	t.Logf("%d kills; %d requests and %d clicks were answered before", kills, inTime, clicked)
	c.kill()
	if out, err := digestd(c.dir, "ledger", "check").CombinedOutput(); err != nil {
		t.Errorf("%v\n%s", err, out)
	}
	c.daemon = nil
}
