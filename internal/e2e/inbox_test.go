//go:build linux

package e2e

import (
	"bytes"
	"encoding/base64"
	"fmt"
	"io"
	"mime"
	"mime/multipart"
	"mime/quotedprintable"
	"net/mail"
	"net/textproto"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"golang.org/x/net/html"
)

// message is a mail as a reader's program sees it.
type message struct {
	raw    []byte
	header mail.Header
	kind   string // media type
	html   string // decoded; empty in a mail that is text alone
	text   string
}

// read takes a mail apart, and fails on what a strict reader would stumble over.
func read(t *testing.T, raw []byte) message {
	t.Helper()
	parsed := parse(t, raw)
	m := message{raw: raw, header: parsed.Header}
	kind, params, err := mime.ParseMediaType(parsed.Header.Get("Content-Type"))
	if err != nil {
		t.Fatalf("Content-Type: %v", err)
	}
	m.kind = kind
	if kind != "multipart/alternative" {
		m.text = decode(t, parsed.Header.Get("Content-Transfer-Encoding"), parsed.Body)
		return m
	}
	parts := multipart.NewReader(parsed.Body, params["boundary"])
	for {
		part, err := parts.NextRawPart()
		if err == io.EOF {
			return m
		}
		if err != nil {
			t.Fatalf("multipart: %v", err)
		}
		body := decode(t, part.Header.Get("Content-Transfer-Encoding"), part)
		switch kind, _, _ := mime.ParseMediaType(part.Header.Get("Content-Type")); kind {
		case "text/plain":
			m.text = body
		case "text/html":
			m.html = body
		default:
			t.Errorf("a part of type %q", kind)
		}
	}
}

func decode(t *testing.T, encoding string, r io.Reader) string {
	t.Helper()
	switch strings.ToLower(encoding) {
	case "quoted-printable":
		r = quotedprintable.NewReader(r)
	case "base64":
		r = base64.NewDecoder(base64.StdEncoding, r)
	}
	body, err := io.ReadAll(r)
	if err != nil {
		t.Fatalf("body: %v", err)
	}
	return string(body)
}

// links are the web addresses that a mail's HTML links to: all of them, and those of headlines.
func (m message) links(t *testing.T) (all, headlines []string) {
	t.Helper()
	tree, err := html.Parse(strings.NewReader(m.html))
	if err != nil {
		t.Fatal(err)
	}
	for node := range tree.Descendants() {
		if node.Type != html.ElementNode || node.Data != "a" {
			continue
		}
		for _, attribute := range node.Attr {
			if attribute.Key != "href" || !strings.HasPrefix(attribute.Val, "http") {
				continue
			}
			all = append(all, attribute.Val)
			if slices.ContainsFunc(slices.Collect(node.Ancestors()), isHeading) {
				headlines = append(headlines, attribute.Val)
			}
		}
	}
	return all, headlines
}

func isHeading(n *html.Node) bool {
	return n.Type == html.ElementNode && len(n.Data) == 2 && n.Data[0] == 'h' && n.Data[1] >= '1' && n.Data[1] <= '6'
}

// smtpConfig is the [smtp] table that reaches a rig.
func (r *Rig) smtpConfig(t *testing.T, mode string) string {
	t.Helper()
	port := r.SubmissionPort
	if mode == "implicit" {
		port = r.SMTPSPort
	}
	password := r.write(t, "password", r.Password+"\n")
	return fmt.Sprintf(`
[smtp]
host = "127.0.0.1"
port = %d
tls = %q
ca_file = %q
username = %q
password_file = %q
`, port, mode, r.CAFile, r.Username, password)
}

// newsletter is the configuration that the tests share up to [smtp]: two topics over the feeds of a
// stand, one digest in one zone.
func newsletter(stand *newsstand, paths []string) string {
	list := func(paths []string) string {
		var urls []string
		for _, p := range paths {
			urls = append(urls, strconv.Quote(stand.URL+p))
		}
		return strings.Join(urls, ", ")
	}
	half := (len(paths) + 1) / 2
	return fmt.Sprintf(`
[newsletter]
name = "Morning Wire"
timezone = "Europe/Paris"
postal_address = "1 Rue Exemple, Paris"

[mail]
from = "Morning Wire <digest@example.org>"
unsubscribe_to = "leave@example.org"

[delivery]
transport = "smtp"
connections = 4
rate = "unlimited"

[collect]
lookback = "20000d" # the captures are years old, and all of it is to be news
allow_private_networks = ["127.0.0.0/8"]

[ledger]
path = "digestd.db"

[topics.global]
title = "Global"
feeds = [%s]

[topics.diplomacy]
title = "Diplomacy"
feeds = [%s]

[digests.daily]
title = "Morning Wire"
schedule = "0 7 * * *"
topics = ["global", "diplomacy"]
`, list(paths[:half]), list(paths[half:]))
}

// readers are n subscribers; every tenth reads plain text, every seventh another language.
func readers(n int) string {
	var b strings.Builder
	for i := 1; i <= n; i++ {
		fmt.Fprintf(&b, "\n[[subscribers]]\nemail = %q\nname = \"Reader %d\"\n", Reader(i), i)
		if readsText(i) {
			b.WriteString("format = \"text\"\n")
		}
		if i%7 == 0 {
			b.WriteString("language = \"fr\"\n")
		}
	}
	return b.String()
}

func readsText(n int) bool { return n%10 == 0 }

// TestFeedsToInboxes is the whole way for real: twenty captured feeds over HTTP, fifty subscribers, a
// Postfix that wants TLS and a password, and mailboxes read back over IMAP. How the TLS begins makes a difference to the
// first send alone.
func TestFeedsToInboxes(t *testing.T) {
	for _, mode := range []string{"starttls", "implicit"} {
		t.Run(mode, func(t *testing.T) {
			const fifty = 50
			rig := Start(t, fifty)
			stand := newNewsstand(t)
			paths := stand.captures(t, 20)
			here := newSite(t, newsletter(stand, paths)+rig.smtpConfig(t, mode)+readers(fifty))

			first := here.run(t, 0, "send", "daily")
			if first.Editions != 1 || first.Stories == 0 || first.Recipients != fifty || first.Sent != fifty {
				t.Fatalf("the first send: %+v", first)
			}
			rig.Settle(t)
			ids := make(map[string]string)
			var headlines []string
			for n := 1; n <= fifty; n++ {
				mails := rig.Mailbox(t, Reader(n))
				if len(mails) != 1 {
					t.Fatalf("%s got %d mails, want 1", Reader(n), len(mails))
				}
				m := read(t, mails[0])
				checkMail(t, m, n)
				if other, twice := ids[m.header.Get("Message-ID")]; twice {
					t.Errorf("%s and %s have a Message-ID in common", Reader(n), other)
				}
				ids[m.header.Get("Message-ID")] = Reader(n)
				if n == 1 {
					_, headlines = m.links(t)
				}
			}
			if len(headlines) < 20 {
				t.Errorf("twenty feeds made a mail with %d headlines", len(headlines))
			}
			if mode == "implicit" {
				return
			}

			second := here.run(t, 0, "send", "daily")
			if second.Sent != 0 || second.Deferred != 0 || second.InDoubt != 0 {
				t.Errorf("the second send: %+v, want nothing sent", second)
			}
			rig.Settle(t)
			if mails := rig.Mailbox(t, Reader(1)); len(mails) != 1 {
				t.Errorf("after the second send %s has %d mails", Reader(1), len(mails))
			}

			news := entry{"Lighthouse keepers of Ouessant win a vote on their own ferry", "https://example.org/ferry", "The night boat returns in March."}
			stand.put(paths[0], withEntry(t, stand.bodies[paths[0]], news))
			extra := here.run(t, 0, "send", "daily", "--extra")
			if extra.Stories != 1 || extra.Sent != fifty {
				t.Fatalf("the extra edition: %+v, want one story for everybody", extra)
			}
			rig.Settle(t)
			for n := 1; n <= fifty; n++ {
				mails := rig.Mailbox(t, Reader(n))
				if len(mails) != 2 {
					t.Fatalf("%s has %d mails after the extra edition, want 2", Reader(n), len(mails))
				}
				m := read(t, mails[1])
				checkMail(t, m, n)
				if !strings.Contains(unwrapped(m.text), news.title) {
					t.Errorf("%s: the extra edition does not tell the new story:\n%s", Reader(n), m.text)
				}
				if told := webAddress.FindAllString(m.text, -1); !slices.Equal(told, []string{news.link}) {
					t.Errorf("%s: the extra edition links to %q, want the new story alone", Reader(n), told)
				}
			}
		})
	}
}

// unwrapped undoes the line breaks of plain text.
func unwrapped(text string) string { return strings.Join(strings.Fields(text), " ") }

var webAddress = regexp.MustCompile(`https?://[^\s<>]+`)

// checkMail holds one delivered mail against what every mail of digestd must be.
func checkMail(t *testing.T, m message, n int) {
	t.Helper()
	address := Reader(n)
	h := m.header
	for name, want := range map[string]string{
		"From":             "Morning Wire",
		"To":               address,
		"Subject":          " ", // any, of more than one word
		"Date":             "+0000",
		"Message-ID":       "@example.org>",
		"List-ID":          "Morning Wire",
		"List-Unsubscribe": "<mailto:leave@example.org",
		"Auto-Submitted":   "auto-generated",
		"Precedence":       "bulk",
		"Feedback-ID":      ":",
		"Return-Path":      "<digest@example.org>", // as Postfix writes the envelope down
	} {
		values := h[textproto.CanonicalMIMEHeaderKey(name)]
		if len(values) != 1 || !strings.Contains(decodeWords(t, values[0]), want) {
			t.Errorf("%s: %s: %q, want one with %q", address, name, values, want)
		}
	}
	if _, err := h.Date(); err != nil {
		t.Errorf("%s: Date: %v", address, err)
	}
	if recipients, err := h.AddressList("To"); err != nil || len(recipients) != 1 || recipients[0].Address != address {
		t.Errorf("%s: To: %v %v, want this reader alone", address, recipients, err)
	}
	if h.Get("Cc") != "" || h.Get("Bcc") != "" {
		t.Errorf("%s: there are other recipients", address)
	}
	for line := range bytes.Lines(m.raw) {
		if len(bytes.TrimRight(line, "\r\n")) > 998 {
			t.Errorf("%s: a line of %d bytes", address, len(line))
		}
	}
	wantKind := "multipart/alternative"
	if readsText(n) {
		wantKind = "text/plain"
	}
	if m.kind != wantKind {
		t.Errorf("%s: %s, want %s", address, m.kind, wantKind)
	}
	if strings.TrimSpace(m.text) == "" {
		t.Errorf("%s: the text part is empty", address)
	}
	told := webAddress.FindAllString(m.text, -1)
	if len(told) == 0 {
		t.Errorf("%s: the text part has no links", address)
	}
	if readsText(n) {
		return
	}
	if !strings.Contains(m.html, "</html>") {
		t.Errorf("%s: the HTML part is not whole", address)
	}
	// The same stories stand in both parts; HTML links to their coverage, too.
	all, headlines := m.links(t)
	for _, link := range headlines {
		if !slices.Contains(told, link) {
			t.Errorf("%s: the HTML has the story %s, the text does not", address, link)
		}
	}
	for _, link := range told {
		if !slices.Contains(all, link) {
			t.Errorf("%s: the text links to %s, the HTML does not", address, link)
		}
	}
}

// decodeWords decodes the encoded words of a header value.
func decodeWords(t *testing.T, value string) string {
	t.Helper()
	words, err := new(mime.WordDecoder).DecodeHeader(value)
	if err != nil {
		t.Errorf("header %q: %v", value, err)
	}
	return words
}
