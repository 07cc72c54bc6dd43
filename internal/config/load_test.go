package config

import (
	"errors"
	"net/netip"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"digestd/digest"
	"digestd/internal/golden"
)

// TestBadConfigs reads each testdata/bad/NAME.toml and expects the lines of NAME.want.
func TestBadConfigs(t *testing.T) {
	t.Chdir(filepath.Join("testdata", "bad"))
	names, err := filepath.Glob("*.toml")
	if err != nil || len(names) == 0 {
		t.Fatal("no bad configs", err)
	}
	for _, name := range names {
		t.Run(name, func(t *testing.T) {
			c, problems := Load(name, Env{})
			if c != nil || len(problems) == 0 {
				t.Fatalf("is accepted: %+v", c)
			}
			text := problems.Error() + "\n"
			if strings.Contains(text, "secret") || strings.Contains(text, "hunter2") {
				t.Errorf("a password shows in\n%s", text)
			}
			golden.Check(t, strings.TrimSuffix(name, ".toml")+".want", text)
		})
	}
}

func TestUnreadableConfig(t *testing.T) {
	t.Chdir(t.TempDir())
	if err := os.Mkdir("dir.toml", 0o755); err != nil {
		t.Fatal(err)
	}
	for path, want := range map[string]string{
		"none.toml": "none.toml: can't be read: no such file or directory",
		"dir.toml":  "dir.toml: can't be read: is a directory",
	} {
		if _, problems := Load(path, Env{}); problems.Error() != want {
			t.Errorf("got %v, want %s", problems, want)
		}
	}
}

// write makes a directory with files in it and goes there.
func write(t *testing.T, files map[string]string) {
	t.Helper()
	t.Chdir(t.TempDir())
	for name, text := range files {
		if err := os.MkdirAll(filepath.Dir(name), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(name, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
}

// load reads a configuration that must be right.
func load(t *testing.T, text string, env Env) *Config {
	t.Helper()
	if _, err := os.Stat("load_test.go"); err == nil {
		t.Fatal("call write first: the file would stand among the package's own")
	}
	if err := os.WriteFile("config.toml", []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	c, problems := Load("config.toml", env)
	if len(problems) > 0 {
		t.Fatal(problems)
	}
	return c
}

const minimal = `
[mail]
from = "Morning Wire <digest@example.org>"
[topics.world-news]
feeds = ["https://example.org/feed"]
[digests.daily]
[[subscribers]]
email = "ana@example.org"
`

func TestDefaults(t *testing.T) {
	write(t, nil)
	c := load(t, minimal, Env{Version: "1.2.3"})
	dir := filepath.Dir(c.Path)
	topic := digest.Topic{ID: "world-news", Title: "World news", Feeds: []digest.Feed{{URL: "https://example.org/feed", Weight: 1}},
		MaxStories: 12, MaxPerFeed: 4}
	look := digest.Look{Accent: "#9C1F1F", Density: "usual", Serif: "georgia", Sans: "helvetica"}
	want := &Config{
		Path:       filepath.Join(dir, "config.toml"),
		Newsletter: Newsletter{Name: "Morning Wire", Language: "en", Timezone: "Europe/Paris", Desk: "http://127.0.0.1:8025", Look: look},
		Mail: Mail{From: `"Morning Wire" <digest@example.org>`, FromName: "Morning Wire", FromAddress: "digest@example.org",
			BounceTo: "digest@example.org", UnsubscribeTo: "digest@example.org", Letters: filepath.Join(dir, "letters")},
		Delivery: Delivery{Transport: "maildir", Maildir: filepath.Join(dir, "outbox"), Connections: 4, Rate: 20, PerDomain: map[string]Rate{},
			MaxPerConnection: 100, Retry: []time.Duration{5 * time.Minute, 15 * time.Minute, time.Hour, 3 * time.Hour},
			GiveUp: 20 * time.Hour, InDoubt: "resend"},
		SMTP:     SMTP{Port: 587, TLS: "starttls", Auth: "auto", DialTimeout: 30 * time.Second, ReplyTimeout: 10 * time.Minute},
		Sendmail: Sendmail{Command: []string{"/usr/sbin/sendmail", "-i", "-f", "{from}", "--", "{to}"}, Timeout: 5 * time.Minute},
		Collect: Collect{Every: 30 * time.Minute, Lookback: 24 * time.Hour, Timeout: 30 * time.Second, MaxSize: 10 << 20,
			Concurrency: 32, PerHost: 2, UserAgent: "digestd/1.2.3 (+mailto:digest@example.org)"},
		Ledger: Ledger{Path: filepath.Join(dir, "digestd.db"), Keep: 400 * 24 * time.Hour},
		Topics: []digest.Topic{topic},
		Digests: []digest.Digest{{ID: "daily", Title: "Morning Wire", Subject: "{{.Headlines}}", Schedule: "0 7 * * *",
			Topics: []digest.Topic{topic}, CatchUp: 6 * time.Hour, ApproveBefore: 45 * time.Minute, MaxHeadlines: 15, Length: "usual", Asides: "last", Developments: true, Look: look, Images: "remote", MaxSize: 95 << 10}},
		Subscribers: c.Subscribers, lines: c.lines, Inbound: Inbound{Folder: "digestd", Every: 5 * time.Minute},
		Warnings: c.Warnings,
	}
	if !reflect.DeepEqual(c, want) {
		t.Errorf("got\n%+v\nwant\n%+v", c, want)
	}
	ana, ok := c.Subscribers.Find("ana@example.org")
	if !ok || ana.Line != 8 || ana.File != "config.toml" || ana.Zone != "Europe/Paris" || ana.Language != "en" || ana.Format != "html" {
		t.Errorf("ana is %+v %+v", ana, ana.Profile)
	}
	if len(c.Warnings) != 1 || c.Warnings[0].Error() != "config.toml: without [web] readers unsubscribe by mail only, to digest@example.org; imap of [inbound] can read that mailbox" {
		t.Errorf("warnings: %v", c.Warnings)
	}
}

func TestEverythingSet(t *testing.T) {
	write(t, map[string]string{"password": "x", "key.pem": "x", "ca.pem": "x", "look/digest.html.tmpl": "x", "local.xml": "<rss/>",
		"more/readers.csv": "email,topics\nbob@example.org,diplomacy\n"})
	c := load(t, `
subscribers = [{ email = "carl@example.org" }]
newsletter = { name = "Morning Wire", language = "pt-br", timezone = "UTC", feedback = "mailto:editor@example.org", privacy = "https://example.org/privacy" }
mail.from = "Wire, Morning <digest@BÜCHER.example>"
mail.reply_to = "\"Editor\" <editor@example.org>"
mail.bounce_to = "bounces@example.org"
mail.unsubscribe_to = "leave@example.org"
mail.verp = true
[delivery]
transport = "smtp"
connections = 0x10
rate = "unlimited"
per_domain = { "gmail.com" = "500/h", "BÜCHER" = "1/s" }
retry = []
in_doubt = "hold"
[smtp]
host = "SMTP.example.org"
tls = "implicit"
ca_file = "ca.pem"
username = "digest"
password_file = "password"
auth = "plain"
[dkim]
domain = "bücher.example"
selector = "S1"
key_file = "key.pem"
[collect]
allow_private_networks = ["192.168.1.7/24", "::1/128"]
[ledger]
path = "/var/lib/digestd/ledger.db"
[web]
base_url = "https://news.example.org/"
sign_up = true
sign_up_limit = "200/h"
welcome = true
trusted_proxies = ["127.0.0.1/8", "2001:db8::/48"]
[alerts]
command = "mail root"
[topics.global]
title = "Welt"
feeds = ["https://reader:secret@Example.org/Feed?a=b#c", { url = "local.xml", name = "Local", weight = 2, kind = "opinion" }, "file:local%2Eatom", "file:///srv/feed.xml", { url = "/srv/other.xml", kind = "news" }]
include = ["(?i)peace"]
exclude = ["horoscope", '^\d']
max_stories = 3
[topics.diplomacy]
feeds = ["https://Example.org/feed"]
[digests.weekly]
title = "Weekly"
schedule = "0 7 * * 1"
timezone = "Asia/Tokyo"
topics = ["diplomacy", "global"]
catch_up = "1d12h"
send_empty = true
images = "none"
max_size = "64KB"
template = "look"
[subscriber_files]
paths = ["more/readers.csv"]
`, Env{Getenv: func(name string) string {
		return map[string]string{"STATE_DIRECTORY": "/var/lib/digestd:/var/lib/other", "CREDENTIALS_DIRECTORY": "/nowhere"}[name]
	}})
	dir := filepath.Dir(c.Path)
	for _, got := range []struct{ got, want any }{
		{c.Newsletter, Newsletter{Name: "Morning Wire", Language: "pt-BR", Timezone: "UTC", Feedback: "mailto:editor@example.org", Privacy: "https://example.org/privacy", Subscribe: "https://news.example.org/subscribe", Desk: "http://127.0.0.1:8025",
			Look: digest.Look{Accent: "#9C1F1F", Density: "usual", Serif: "georgia", Sans: "helvetica"}}},
		{c.Mail, Mail{From: `"Wire, Morning" <digest@xn--bcher-kva.example>`, FromName: "Wire, Morning", FromAddress: "digest@xn--bcher-kva.example",
			ReplyTo: `"Editor" <editor@example.org>`, BounceTo: "bounces@example.org", UnsubscribeTo: "leave@example.org", VERP: true, Letters: "/var/lib/digestd/letters"}},
		{c.Delivery.Maildir, "/var/lib/digestd/outbox"},
		{c.Delivery.Connections, 16},
		{c.Delivery.Rate, Rate(0)},
		{c.Delivery.PerDomain, map[string]Rate{"gmail.com": 500.0 / 3600, "xn--bcher-kva": 1}},
		{len(c.Delivery.Retry), 0},
		{c.SMTP.Host, "smtp.example.org"},
		{c.SMTP.Port, 465},
		{c.SMTP.PasswordFile, filepath.Join(dir, "password")},
		{*c.DKIM, DKIM{Domain: "xn--bcher-kva.example", Selector: "s1", KeyFile: filepath.Join(dir, "key.pem")}},
		{c.Collect.AllowPrivateNetworks, []string{"192.168.1.0/24", "::1/128"}},
		{c.Ledger.Path, "/var/lib/digestd/ledger.db"},
		{*c.Web, Web{Listen: "127.0.0.1:8080", BaseURL: "https://news.example.org", SignUp: true, SignUpLimit: 200.0 / 3600, Welcome: true,
			TrustedProxies: []netip.Prefix{netip.MustParsePrefix("127.0.0.0/8"), netip.MustParsePrefix("2001:db8::/48")}}},
		{c.Topics[0].Feeds, []digest.Feed{
			{URL: "https://reader:secret@example.org/Feed?a=b#c", Weight: 1},
			{URL: filepath.Join(dir, "local.xml"), Name: "Local", Weight: 2, Kind: digest.Opinion},
			{URL: filepath.Join(dir, "local.atom"), Weight: 1},
			{URL: "/srv/feed.xml", Weight: 1},
			{URL: "/srv/other.xml", Weight: 1},
		}},
		{c.Topics[0].Exclude[1].String(), `^\d`},
		{c.Topics[1].Title, "Diplomacy"},
		{c.Digests[0].Topics[0].ID, "diplomacy"},
		{c.Digests[0].CatchUp, 36 * time.Hour},
		{c.Digests[0].Template, filepath.Join(dir, "look")},
		{c.SubscriberFiles, []string{filepath.Join(dir, "more/readers.csv")}},
		{c.Subscribers.Len(), 2},
		{c.Subscribers.At(1).File, "more/readers.csv"},
	} {
		if !reflect.DeepEqual(got.got, got.want) {
			t.Errorf("got\n%+v\nwant\n%+v", got.got, got.want)
		}
	}
	if len(c.Warnings) != 5 {
		t.Errorf("warnings: %v", c.Warnings)
	}
}

func TestCredentials(t *testing.T) {
	write(t, map[string]string{"granted/smtp-password": "x", "granted/dkim-key": "x", "own": "x", "empty/dkim-key": ""})
	text := minimal + "[smtp]\nhost = \"localhost\"\nusername = \"digest\"\n[dkim]\ndomain = \"example.org\"\nselector = \"s\"\n"
	env := func(dir string) Env {
		return Env{Getenv: func(name string) string {
			if name == "CREDENTIALS_DIRECTORY" {
				return dir
			}
			return ""
		}}
	}
	c := load(t, text, env("granted"))
	if c.SMTP.PasswordFile != filepath.Join("granted", "smtp-password") || c.DKIM.KeyFile != filepath.Join("granted", "dkim-key") {
		t.Errorf("got %q and %q", c.SMTP.PasswordFile, c.DKIM.KeyFile)
	}
	c = load(t, strings.Replace(text, "username", "password_file = \"own\"\nusername", 1), env("granted"))
	if filepath.Base(c.SMTP.PasswordFile) != "own" {
		t.Errorf("the credential outranks password_file: %q", c.SMTP.PasswordFile)
	}
	if err := os.WriteFile("config.toml", []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	for dir, want := range map[string]string{
		"": "config.toml:11:12: username of [smtp] needs a password: name password_file, or give the systemd credential smtp-password\n" +
			"config.toml:12:2: [dkim] needs a key: name key_file, or give the systemd credential dkim-key; `digestd dkim keygen` makes one",
		"empty": "config.toml:11:12: username of [smtp] needs a password: name password_file, or give the systemd credential smtp-password\n" +
			"config.toml:12:2: credential dkim-key: empty/dkim-key: is empty",
	} {
		if _, problems := Load("config.toml", env(dir)); problems.Error() != want {
			t.Errorf("with credentials in %q got\n%v\nwant\n%s", dir, problems, want)
		}
	}

	// In a shell they are where the packaged service takes them from.
	write(t, map[string]string{"credentials/smtp-password": "x", "credentials/dkim-key": "x"})
	c = load(t, text, env(""))
	if filepath.Base(filepath.Dir(c.SMTP.PasswordFile)) != "credentials" || filepath.Base(filepath.Dir(c.DKIM.KeyFile)) != "credentials" {
		t.Errorf("got %q and %q", c.SMTP.PasswordFile, c.DKIM.KeyFile)
	}
}

func TestTheExamplesOwnDomainIsWarnedOf(t *testing.T) {
	write(t, nil)
	for _, c := range []struct {
		smtp, from string
		want       []string
	}{
		{"transport = \"smtp\"\n[smtp]\nhost = \"smtp.example.org\"", "digest@news.example.net", []string{
			"config.toml:7:8: host of [smtp] is still the example's, smtp.example.org",
			"config.toml:3:8: from of [mail] is still the example's, digest@news.example.net: nobody can answer it, and bounces are lost",
		}},
		{"transport = \"smtp\"\n[smtp]\nhost = \"mx.harbour.test\"", "digest@harbour.test", nil},
		{"transport = \"smtp\"\n[smtp]\nhost = \"localhost\"", "digest@example.org", nil}, // a trial
		{"transport = \"maildir\"\n[smtp]\nhost = \"smtp.example.org\"", "digest@example.org", nil},
		{"transport = \"maildir\"\n[web]\nbase_url = \"https://news.example.org\"", "digest@example.org", nil},
		{"transport = \"smtp\"\n[smtp]\nhost = \"localhost\"\n[web]\nbase_url = \"https://news.example.org\"", "digest@example.org", []string{
			"config.toml:9:12: base_url of [web] is still the example's, https://news.example.org: readers can't leave by the links in their mail",
		}},
	} {
		got := load(t, "\n[mail]\nfrom = \"News <"+c.from+">\"\n[delivery]\n"+c.smtp+"\n[topics.global]\nfeeds = [\"https://example.org/feed\"]\n[digests.daily]\n[[subscribers]]\nemail = \"ana@example.org\"\n", Env{}).Warnings
		var words []string
		for _, w := range got {
			if strings.Contains(w.Error(), "the example's") {
				words = append(words, w.Error())
			}
		}
		slices.Sort(words)
		slices.Sort(c.want)
		if !slices.Equal(words, c.want) {
			t.Errorf("%s from %s: %q, want %q", c.smtp, c.from, words, c.want)
		}
	}
}

func TestWarnings(t *testing.T) {
	write(t, map[string]string{"readable.pem": "x"})
	if err := os.Chmod("readable.pem", 0o644); err != nil {
		t.Fatal(err)
	}
	c := load(t, `
[mail]
from = "Morning Wire <digest@example.org>"
[dkim]
domain = "example.net"
selector = "s"
key_file = "readable.pem"
[topics.global]
feeds = ["https://example.org/feed", "missing.xml"]
[topics.spare]
feeds = ["https://example.org/feed"]
[digests.daily]
topics = ["global"]
max_size = "200KB"
[digests.weekly]
topics = ["global"]
[[subscribers]]
email = "ana@example.org"
digests = ["daily"]
`, Env{})
	var got []string
	for _, w := range c.Warnings {
		got = append(got, w.Error())
	}
	want := []string{
		"config.toml: without [web] readers unsubscribe by mail only, to digest@example.org; imap of [inbound] can read that mailbox",
		"config.toml:7:12: key_file of [dkim]: everybody on this machine may read readable.pem; chmod 0640 it",
		"config.toml:7:12: [dkim] signs for example.net, but the mail is from example.org: DMARC does not count such a signature",
		`config.toml:9:38: feed of topic "global": there is no file missing.xml`,
		`config.toml:10:9: topic "spare" is in no digest`,
		`config.toml:14:12: max_size of digest "daily" is more than the 102KB at which Gmail cuts a mail off`,
		`config.toml:15:10: digest "weekly" has no subscribers`,
	}
	if !slices.Equal(got, want) {
		t.Errorf("got\n%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
	}
}

func TestTemplatesAreTried(t *testing.T) {
	write(t, map[string]string{"look/x": "x", "config.toml": strings.Replace(minimal, "[digests.daily]", "[digests.daily]\nsubject = \"{{.\"\ntemplate = \"look\"", 1)})
	_, problems := Load("config.toml", Env{CheckTemplates: func(d digest.Digest) error {
		if d.Subject != "{{." || filepath.Base(d.Template) != "look" {
			t.Errorf("got %+v", d)
		}
		return errors.Join(errors.New("subject:1:3: unclosed action"), errors.New("digest.html.tmpl:3:7: no function"))
	}})
	want := "config.toml:7:11: digest \"daily\": subject:1:3: unclosed action\nconfig.toml:8:12: digest \"daily\": digest.html.tmpl:3:7: no function"
	if problems.Error() != want {
		t.Errorf("got\n%v\nwant\n%s", problems, want)
	}
}

func TestByteOrderMarkAndWindowsLines(t *testing.T) {
	write(t, nil)
	load(t, "\ufeff"+strings.ReplaceAll(minimal, "\n", "\r\n"), Env{})
	if err := os.WriteFile("config.toml", []byte("\ufeff nmae = 1"), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, problems := Load("config.toml", Env{}); len(problems) == 0 || problems[len(problems)-1].Col != 5 {
		t.Errorf("columns are not those of the file's bytes: %v", problems)
	}
}

func TestABaseURLThatNobodyReachesIsWarnedOf(t *testing.T) {
	write(t, nil)
	for base, want := range map[string]bool{
		"https://localhost": true, "http://127.0.0.1:8080/wire": true, "https://[::1]": true, "https://192.168.7.1": true, "https://10.0.0.9:8443": true,
		"https://[fe80::1]": true, "https://newsbox": true, "https://newsbox.local": true, "https://news.corp.internal": true, "https://wire.LAN": true,
		"https://news.harbour.test": false, "https://192.0.2.7": false, "https://harbour.localnews.test": false,
	} {
		got := load(t, strings.Replace(minimal, "[topics", "[delivery]\ntransport = \"smtp\"\n[smtp]\nhost = \"localhost\"\n[web]\nbase_url = \""+base+"\"\n[topics", 1), Env{}).Warnings
		warned := slices.ContainsFunc(got, func(p Problem) bool { return strings.Contains(p.Error(), "which readers can't reach") })
		if warned != want {
			t.Errorf("%s: warned of %v, want %v: %v", base, warned, want, got)
		}
	}
}

// A digest has the newsletter's look where it has none of its own; a dark accent goes with its light one.
func TestLook(t *testing.T) {
	write(t, nil)
	c := load(t, `
[newsletter]
language = "fr"
accent = "#1f4e79"
accent_dark = "#9AC1E5"
logo = { url = "https://example.org/logo.png", width = 200, height = 48 }
density = "airy"
[mail]
from = "Morning Wire <digest@example.org>"
[topics.world-news]
title = { en = "World", fr = "Monde" }
feeds = ["https://example.org/feed"]
[digests.daily]
[digests.weekly]
accent = "#2F5D3A"
density = "compact"
serif = "times"
[[subscribers]]
email = "ana@example.org"
`, Env{})
	logo := &digest.Logo{URL: "https://example.org/logo.png", Width: 200, Height: 48}
	for i, want := range []digest.Look{
		{Accent: "#1F4E79", AccentDark: "#9AC1E5", Logo: logo, Density: "airy", Serif: "georgia", Sans: "helvetica"},
		{Accent: "#2F5D3A", Logo: logo, Density: "compact", Serif: "times", Sans: "helvetica"},
	} {
		if got := c.Digests[i].Look; !reflect.DeepEqual(got, want) {
			t.Errorf("%s: %+v, want %+v", c.Digests[i].ID, got, want)
		}
	}
	topic := c.Topics[0].Name()
	for language, want := range map[string]string{"en-GB": "World", "fr": "Monde", "de": "Monde"} {
		if got := topic.In(language); got != want {
			t.Errorf("the topic is %q in %s, want %q", got, language, want)
		}
	}
}

// TestWhere finds the line of a key, or of the table that it would stand in.
func TestWhere(t *testing.T) {
	write(t, nil)
	c := load(t, "newsletter.name = \"Wire\"\nmail.from = \"wire@example.org\"\n\n[smtp]\nport = 25\n", Env{})
	for _, w := range []struct{ table, key, want string }{
		{"smtp", "port", ":5"}, {"smtp", "host", ":4"}, {"mail", "from", ":2"}, {"web", "listen", ""},
	} {
		if got := c.Where(w.table, w.key); got != c.Path+w.want {
			t.Errorf("%s of [%s]: %s", w.key, w.table, got)
		}
	}
}

// TestInbound takes from [smtp] what [inbound] does not say.
func TestInbound(t *testing.T) {
	files := map[string]string{"smtp": "x", "imap": "x"}
	const before = "newsletter.name = \"Wire\"\nmail.from = \"wire@example.org\"\n[smtp]\nhost = \"smtp.example.org\"\nusername = \"me\"\npassword_file = \"smtp\"\n[inbound]\n"
	for _, c := range []struct {
		keys, username, password, host, mailbox string
		port                                    int
		startTLS                                bool
	}{
		{`imap = "imaps://imap.example.org"`, "me", "smtp", "imap.example.org", "INBOX", 993, false},
		{"imap = \"imap://[::1]:1143/Back\"\nusername = \"you\"\npassword_file = \"imap\"", "you", "imap", "::1", "Back", 1143, true},
		{`imap = "imap://mail.example.org/"`, "me", "smtp", "mail.example.org", "INBOX", 143, true},
	} {
		write(t, files)
		i := load(t, before+c.keys, Env{}).Inbound
		host, port, startTLS, mailbox := i.Box()
		if i.Username != c.username || filepath.Base(i.PasswordFile) != c.password || host != c.host || port != c.port || mailbox != c.mailbox || startTLS != c.startTLS {
			t.Errorf("%s: %+v, %s %d %s %v", c.keys, i, host, port, mailbox, startTLS)
		}
	}
}

// TestReadersWithoutADot warns of addresses that are hardly whole, where mail goes out into the world.
func TestReadersWithoutADot(t *testing.T) {
	const before = "newsletter.name = \"Wire\"\nmail.from = \"wire@site.example\"\nsubscriber_files.paths = [\"l.csv\"]\ndelivery.transport = \"smtp\"\n[smtp]\n"
	write(t, map[string]string{"l.csv": "email\nana@host\nbo@site.example\ncy@host\ndi@host\ned@host\nfe@host\n"})
	said := func(host string) (words []string) {
		for _, w := range load(t, before+"host = \""+host+"\"\n", Env{}).Warnings {
			if strings.Contains(w.Text, "no dot") {
				words = append(words, w.Error())
			}
		}
		return words
	}
	if got := said("smtp.site.example"); len(got) != 4 || got[1] != "l.csv:2: ana@host has no dot after its @: is the address whole?" || !strings.Contains(got[0], "2 more readers") {
		t.Errorf("%q", got)
	}
	if got := said("localhost"); len(got) > 0 {
		t.Errorf("within a house: %q", got)
	}
}
