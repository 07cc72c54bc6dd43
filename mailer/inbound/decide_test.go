package inbound

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"digestd/subscribers"
)

// post stands for a ledger that has sent one edition to two readers.
type post struct {
	key subscribers.TokenKey
	old subscribers.TokenKey // rotated out, still honoured
}

const edition = "daily/Europe/Paris/2026-11-22T07:00"

var readers = []string{"reader@example.org", "bob@example.org"}

func newPost(t testing.TB) post {
	key := func(fill byte) subscribers.TokenKey {
		k, err := subscribers.NewTokenKey(bytes.Repeat([]byte{fill}, subscribers.TokenKeySize))
		if err != nil {
			t.Fatal(err)
		}
		return k
	}
	return post{key: key(1), old: key(2)}
}

func (p post) find(t Token) (Delivery, error) {
	for _, key := range []subscribers.TokenKey{p.key, p.old} {
		if ref, err := key.Open(t.Text, t.Purpose); err == nil && ref.OfEdition(edition) && ref.Index < len(readers) && ref.Names(readers[ref.Index]) {
			return Delivery{Email: readers[ref.Index], Digest: "daily", Edition: edition}, nil
		}
	}
	return Delivery{}, ErrStranger
}

// dsn is a report of RFC 3464 that came to an address, on one recipient, about a message with an ID.
func dsn(to, recipient, status, diagnostic, returned string) string {
	return "Return-Path: <>\nFrom: MAILER-DAEMON@mx.example.org\nTo: " + to + "\nSubject: Undelivered\nMIME-Version: 1.0\n" +
		"Content-Type: multipart/report; report-type=delivery-status; boundary=b\n\n--b\n\nIt did not arrive.\n\n--b\n" +
		"Content-Type: message/delivery-status\n\nReporting-MTA: dns; mx.example.org\n\nFinal-Recipient: rfc822; " + recipient +
		"\nAction: failed\nStatus: " + status + "\nDiagnostic-Code: smtp; " + diagnostic + "\n\n--b\nContent-Type: text/rfc822-headers\n\n" +
		returned + "\n\n--b--\n"
}

func TestDecideOnBounces(t *testing.T) {
	p := newPost(t)
	id := func(key subscribers.TokenKey, index int) string {
		return "Message-ID: <" + key.Delivery(subscribers.ForMessageID, edition, index, readers[index]) + "@digest.example>"
	}
	tag := func(index int) string {
		return "bounces+" + p.key.Delivery(subscribers.ForBounce, edition, index, readers[index]) + "@digest.example"
	}
	const plain = "bounces@digest.example"
	const gone = "550 5.1.1 User unknown"
	foreign, err := subscribers.NewTokenKey(bytes.Repeat([]byte{9}, subscribers.TokenKeySize))
	if err != nil {
		t.Fatal(err)
	}
	swap := func(s, old, new string) string {
		if !strings.Contains(s, old) {
			t.Fatalf("%q is not in %q", old, s)
		}
		return strings.ReplaceAll(s, old, new)
	}
	for _, test := range []struct {
		name, raw string
		suppress  string // the address, or empty
	}{
		{"our message, its reader", dsn(plain, readers[0], "5.1.1", gone, id(p.key, 0)), readers[0]},
		{"our message, its reader in another case", dsn(plain, "Reader@EXAMPLE.org", "5.1.1", gone, id(p.key, 0)), readers[0]},
		{"our message under an old key", dsn(plain, readers[0], "5.1.1", gone, id(p.old, 0)), readers[0]},
		{"our message, no such domain literal", dsn(plain, readers[0], "5.1.10", "550 5.1.10 Recipient not found", id(p.key, 0)), readers[0]},
		{"our message, disabled", dsn(plain, readers[0], "5.2.1", "550 5.2.1 Mailbox disabled", id(p.key, 0)), readers[0]},
		{"our message, words for a code", dsn(plain, readers[0], "5.0.0", "550 No such user here", id(p.key, 0)), readers[0]},
		{"our message, the exact code in the words", dsn(plain, readers[0], "5.0.0", gone, id(p.key, 0)), readers[0]},
		{"our ID in capitals", dsn(plain, readers[0], "5.1.1", gone, strings.ToUpper(id(p.key, 0))), readers[0]},
		{"our ID in References only", swap(dsn(plain, readers[0], "5.1.1", gone, "Subject: x"), "Subject: Undelivered",
			"References: <"+p.key.Delivery(subscribers.ForMessageID, edition, 0, readers[0])+"@digest.example>"), readers[0]},
		{"our reverse path returned", dsn(plain, readers[0], "5.1.1", gone, "Return-Path: <"+tag(0)+">"), readers[0]},
		{"to the tagged address", dsn(tag(0), readers[0], "5.1.1", gone, "Subject: x"), readers[0]},
		{"delivered to the tagged address", swap(dsn(plain, readers[0], "5.1.1", gone, "Subject: x"), "From: MAILER",
			"Delivered-To: "+tag(0)+"\nFrom: MAILER"), readers[0]},
		{"to the tagged address in capitals", dsn(strings.ToUpper(tag(0)), readers[0], "5.1.1", gone, "Subject: x"), readers[0]},
		{"to the tagged address, naming nobody", "Return-Path: <>\nFrom: postmaster@mx.example.org\nTo: " + tag(0) +
			"\nSubject: Undeliverable mail\n\nYour message could not be delivered: user unknown.\n", readers[0]},

		{"nothing of ours", dsn(plain, readers[0], "5.1.1", gone, "Message-ID: <made-up@evil.example>"), ""},
		{"an ID that looks like ours", dsn(plain, readers[0], "5.1.1", gone, "Message-ID: <0123456789abcdefghijklmnop@digest.example>"), ""},
		{"an ID of another ledger", dsn(plain, readers[0], "5.1.1", gone, id(foreign, 0)), ""},
		{"another reader's message", dsn(plain, readers[0], "5.1.1", gone, id(p.key, 1)), ""},
		{"an ID with one character changed", dsn(plain, readers[0], "5.1.1", gone, swap(id(p.key, 0), id(p.key, 0)[20:22],
			strings.Map(func(r rune) rune { return '0' + (r+1-'0')%8 }, id(p.key, 0)[20:22]))), ""},
		{"another Message-ID, and the mail to leave", dsn(plain, readers[0], "5.1.1", gone, "Message-ID: <0102@email.relay.example>\n"+
			"List-Unsubscribe: <mailto:x@digest.example?subject=unsubscribe%20"+p.key.Delivery(subscribers.ForUnsubscribe, edition, 0, readers[0])+">"), readers[0]},
		{"another Message-ID, and the link to leave", dsn(plain, readers[0], "5.1.1", gone, "Message-ID: <0102@email.relay.example>\n"+
			"List-Unsubscribe: <https://digest.example/u/"+p.key.Delivery(subscribers.ForUnsubscribe, edition, 0, readers[0])+">,\n <mailto:x@digest.example>"), readers[0]},
		{"another reader's link to leave", dsn(plain, readers[0], "5.1.1", gone,
			"List-Unsubscribe: <https://digest.example/u/"+p.key.Delivery(subscribers.ForUnsubscribe, edition, 1, readers[1])+">"), ""},
		{"a link to leave of another ledger", dsn(plain, readers[0], "5.1.1", gone,
			"List-Unsubscribe: <https://digest.example/u/"+foreign.Delivery(subscribers.ForUnsubscribe, edition, 0, readers[0])+">"), ""},
		{"a Message-ID for a link", dsn(plain, readers[0], "5.1.1", gone,
			"List-Unsubscribe: <https://digest.example/u/"+p.key.Delivery(subscribers.ForMessageID, edition, 0, readers[0])+">"), ""},
		{"a tag for an ID", dsn(plain, readers[0], "5.1.1", gone, "Message-ID: <"+p.key.Delivery(subscribers.ForBounce, edition, 0, readers[0])+"@digest.example>"), ""},
		{"the tagged address of another reader", dsn(tag(1), readers[0], "5.1.1", gone, "Subject: x"), ""},
		{"the tagged address, a stranger", dsn(tag(0), "stranger@example.net", "5.1.1", gone, "Subject: x"), ""},
		{"our message, full", dsn(plain, readers[0], "5.2.2", "552 5.2.2 Over quota", id(p.key, 0)), ""},
		{"our message, policy", dsn(plain, readers[0], "5.7.1", "550 5.7.1 Rejected", id(p.key, 0)), ""},
		{"our message, policy in the words", dsn(plain, readers[0], "5.1.1", "550 5.7.1 Rejected", id(p.key, 0)), ""},
		{"our message, spam in the words", dsn(plain, readers[0], "5.1.1", "550 5.1.1 blocked as spam", id(p.key, 0)), ""},
		{"our message, full in the words", dsn(plain, readers[0], "5.1.1", "550 5.1.1 mailbox full", id(p.key, 0)), ""},
		{"our message, the sender unknown", dsn(plain, readers[0], "5.1.1", "550 5.1.1 Sender address does not exist", id(p.key, 0)), ""},
		{"our message, for now in the words", dsn(plain, readers[0], "5.2.1", "450 mailbox temporarily disabled", id(p.key, 0)), ""},
		{"our message, a passing code in the words", dsn(plain, readers[0], "5.1.1", "450 4.1.1 unverified address", id(p.key, 0)), ""},
		{"our message, a rate in the words", dsn(plain, readers[0], "5.2.1", "550 5.2.1 The user receives mail at too high a rate", id(p.key, 0)), ""},
		{"our message, greylisted", dsn(plain, readers[0], "5.1.1", "550 5.1.1 greylisted", id(p.key, 0)), ""},
		{"our message, temporarily", dsn(plain, readers[0], "5.2.1", "550 5.2.1 Mailbox temporarily disabled", id(p.key, 0)), ""},
		{"our message, retry", dsn(plain, readers[0], "5.1.1", "550 5.1.1 User unknown, retry in 2 hours", id(p.key, 0)), ""},
		{"our message, the return address", dsn(plain, readers[0], "5.0.0", "550 Your return address does not exist", id(p.key, 0)), ""},
		{"our message, another mailbox behind it", swap(dsn(plain, "eve@inner.example.org", "5.1.1", gone, id(p.key, 0)), "Final-Recipient",
			"Original-Recipient: rfc822; "+readers[0]+"\nFinal-Recipient"), ""},
		{"our message, the same mailbox on another host", swap(dsn(plain, "reader@inner.example.org", "5.1.1", gone, id(p.key, 0)), "Final-Recipient",
			"Original-Recipient: rfc822; "+readers[0]+"\nFinal-Recipient"), readers[0]},
		{"our message, an own code with words", dsn(plain, readers[0], "5.1.351", "550 5.1.351 User unknown", id(p.key, 0)), readers[0]},
		{"a vacation notice that quotes a headline", "Return-Path: <>\nFrom: reader@example.org\nTo: " + tag(0) +
			"\nSubject: Re: News\n\nBack on Monday.\n\n> \"This account does not exist\": minister\n", ""},
		{"to the tagged address, by a person", "From: ana@example.net\nTo: " + tag(0) + "\nSubject: Undeliverable mail\n\nYour message could not be delivered.\n\n<" + readers[0] + ">: user unknown\n", ""},
		{"our message, naming nobody", "From: postmaster@mx.example.org\nTo: " + plain + "\nSubject: Undeliverable mail\n\nYour message could not be delivered: user unknown.\n\nOriginal message:\n" + id(p.key, 0) + "\n", ""},
		{"a request to leave that came back", swap(dsn(plain, readers[0], "5.1.1", gone, "Subject: x"), "Subject: Undelivered",
			"Subject: unsubscribe "+p.key.Delivery(subscribers.ForUnsubscribe, edition, 0, readers[0])), ""},
		{"our message, delayed", swap(dsn(plain, readers[0], "5.1.1", gone, id(p.key, 0)), "Action: failed", "Action: delayed"), ""},
		{"our message, delivered", swap(dsn(plain, readers[0], "5.1.1", gone, id(p.key, 0)), "Action: failed", "Action: delivered"), ""},
		{"our message, failed with success", dsn(plain, readers[0], "2.0.0", "250 ok", id(p.key, 0)), ""},
		{"our message, once gone and once full", swap(dsn(plain, readers[0], "5.1.1", gone, id(p.key, 0)), "\n--b\nContent-Type: text/rfc",
			"\nFinal-Recipient: rfc822; "+readers[0]+"\nAction: failed\nStatus: 5.2.2\n\n--b\nContent-Type: text/rfc"), ""},
		{"a person forwards it", swap(swap(swap(dsn(tag(0), readers[0], "5.1.1", gone, id(p.key, 0)), "Return-Path: <>", "Return-Path: <ana@example.net>"),
			"From: MAILER-DAEMON@mx", "From: ana@"), "multipart/report; report-type=delivery-status", "multipart/mixed"), ""},
		{"a person quotes it", "From: ana@example.net\nTo: " + tag(0) + "\nSubject: Re: Undelivered\n\n> <" + readers[0] + ">: user unknown\n> " + id(p.key, 0) + "\nWhat is this?\n", ""},
	} {
		d, err := Decide(Parse([]byte(test.raw)), p.find)
		if err != nil {
			t.Fatal(err)
		}
		got := ""
		for _, s := range d.Suppress {
			if s.Source != "bounce" || s.Digest != "" || s.Edition != edition || s.Status == "" {
				t.Errorf("%s: suppression %+v", test.name, s)
			}
			got += s.Email
		}
		if got != test.suppress {
			t.Errorf("%s: suppresses %q, want %q (%s)", test.name, got, test.suppress, d.Why)
		}
		if d.Why == "" {
			t.Errorf("%s: says nothing", test.name)
		}
	}
}

// TestKeep takes what must suppress nobody, makes it about a mail of ours in every way there is, and decides.
func TestKeep(t *testing.T) {
	files, err := filepath.Glob("testdata/keep/*.eml")
	if err != nil || len(files) == 0 {
		t.Fatal("no samples", err)
	}
	kinds := map[string]Kind{"own-challenge": AutoReply, "own-vacation": AutoReply, "own-vacation-plain": AutoReply, "own-mdn": Receipt,
		"own-arf-not-spam": Notice, "own-dsn-delivered": Delivered, "own-dsn-expanded": Delivered, "own-dsn-relayed": Delivered,
		"own-action-status-clash": Delay, "own-greylist": Delay, "own-empty": Other, "own-human-forward": Other, "own-human-quote": Other, "own-subject-only": Other}
	for _, file := range files {
		raw, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		name := strings.TrimSuffix(filepath.Base(file), ".eml")
		want, ok := kinds[name]
		if !ok {
			want = Bounce
		}
		if r := Parse(raw); r.Kind != want || r.MightCount() {
			t.Errorf("%s: is %s, counts %v, want %s", name, r.Kind, r.MightCount(), want)
		}
		checkKept(t, name, raw)
	}
}

func checkKept(t *testing.T, name string, raw []byte) {
	t.Helper()
	p := newPost(t)
	s := string(raw)
	s = strings.ReplaceAll(s, "digest-1@digest.example", p.key.Delivery(subscribers.ForMessageID, edition, 0, readers[0])+"@digest.example")
	if name != "own-forged-no-ref" { // a bounce to a tagged address is not that
		s = strings.ReplaceAll(s, "To: digest-bounces@", "To: digest-bounces+"+p.key.Delivery(subscribers.ForBounce, edition, 0, readers[0])+"@")
	}
	d, err := Decide(Parse([]byte(s)), p.find)
	if err != nil || len(d.Suppress) > 0 {
		t.Errorf("%s: suppresses %+v, %v", name, d.Suppress, err)
	}
}

func TestDecideOnComplaints(t *testing.T) {
	p := newPost(t)
	arf := func(kind, returned string) string {
		return "From: fbl@isp.example\nTo: bounces@digest.example\nSubject: FW: Your digest\nContent-Type: multipart/report; report-type=feedback-report; boundary=b\n\n" +
			"--b\n\nA complaint.\n--b\nContent-Type: message/feedback-report\n\nFeedback-Type: " + kind + "\nVersion: 1\nOriginal-Rcpt-To: <redacted@isp.example>\n\n" +
			"--b\nContent-Type: message/rfc822\n\n" + returned + "\nSubject: Your digest\n\nnews\n--b--\n"
	}
	id := "Message-ID: <" + p.key.Delivery(subscribers.ForMessageID, edition, 1, readers[1]) + "@digest.example>"
	for _, test := range []struct {
		kind, returned string
		want           Kind
		suppress       int
	}{
		{"abuse", id, Complaint, 1},
		{"Fraud", id, Complaint, 1},
		{"opt-out", id, Complaint, 1},
		{"abuse", "Return-Path: <bounces+" + p.key.Delivery(subscribers.ForBounce, edition, 1, readers[1]) + "@digest.example>", Complaint, 1},
		{"abuse", "Message-ID: <made-up@evil.example>", Complaint, 0},
		{"not-spam", id, Notice, 0},
		{"virus", id, Notice, 0},
		{"auth-failure", id, Notice, 0},
		{"other", id, Notice, 0},
		{"", id, Notice, 0},
	} {
		r := Parse([]byte(arf(test.kind, test.returned)))
		d, err := Decide(r, p.find)
		if err != nil || r.Kind != test.want || len(d.Suppress) != test.suppress {
			t.Errorf("%s %s: %s suppresses %v, %v", test.kind, test.returned, r.Kind, d.Suppress, err)
		}
		for _, s := range d.Suppress {
			if s.Email != readers[1] || s.Digest != "" || s.Source != "complaint" {
				t.Errorf("%s: %+v", test.kind, s)
			}
		}
	}
}

func TestDecideOnUnsubscribes(t *testing.T) {
	p := newPost(t)
	token := p.key.Delivery(subscribers.ForUnsubscribe, edition, 1, readers[1])
	for _, test := range []struct {
		subject  string
		want     Kind
		suppress int
	}{
		{"unsubscribe " + token, Unsubscribe, 1},
		{"Unsubscribe  " + token, Unsubscribe, 1},
		{"Re: unsubscribe " + token, Unsubscribe, 1},
		{"=?utf-8?q?unsubscribe_" + strings.ReplaceAll(token, "_", "=5F") + "?=", Unsubscribe, 1},
		{"unsubscribe\n " + token, Unsubscribe, 1},
		{"unsubscribe", Unsubscribe, 0},
		{"unsubscribe me please", Unsubscribe, 0},
		{"unsubscribe " + token[1:] + "A", Unsubscribe, 0},
		{"unsubscribe " + strings.ToUpper(token), Unsubscribe, 0},
		{"unsubscribe " + p.key.Delivery(subscribers.ForMessageID, edition, 1, readers[1]), Unsubscribe, 0},
		{"How to unsubscribe from a gym " + token, Other, 0},
		{token, Other, 0},
	} {
		r := Parse([]byte("From: who@ever.example\nTo: news@digest.example\nSubject: " + test.subject + "\n\n\n"))
		d, err := Decide(r, p.find)
		if err != nil || r.Kind != test.want || len(d.Suppress) != test.suppress {
			t.Errorf("%q: %s suppresses %v, %v", test.subject, r.Kind, d.Suppress, err)
		}
		for _, s := range d.Suppress {
			if s.Email != readers[1] || s.Digest != "daily" || s.Source != "mailto" {
				t.Errorf("%q: %+v", test.subject, s)
			}
		}
	}
}

// TestDecideAsksNoLedger holds that a ledger is not asked where nothing can follow.
func TestDecideAsksNoLedger(t *testing.T) {
	p := newPost(t)
	id := p.key.Delivery(subscribers.ForMessageID, edition, 0, readers[0]) + "@digest.example"
	tag := "bounces+" + p.key.Delivery(subscribers.ForBounce, edition, 0, readers[0]) + "@digest.example"
	for why, raw := range map[string]string{
		"5.2.2 does not say": dsn("bounces@digest.example", readers[0], "5.2.2", "552 5.2.2 full", "Message-ID: <"+id+">"),
		"it does not say":    "From: postmaster@mx.example.org\nTo: " + tag + "\nSubject: Undelivered\n\nIt could not be delivered.\n",
		"no mail system":     "From: ana@example.net\nTo: " + tag + "\nSubject: Undelivered\n\nIt could not be delivered:\n\n" + readers[0] + ": user unknown\n",
		"delay":              strings.Replace(dsn(tag, readers[0], "5.1.1", "550 5.1.1 x", ""), "Action: failed", "Action: delayed", 1),
		"returns no mail": "From: fbl@isp.example\nTo: " + tag + "\nSubject: Spam\nContent-Type: multipart/report; boundary=b\n\n" +
			"--b\nContent-Type: message/feedback-report\n\nFeedback-Type: abuse\n\n--b--\n",
	} {
		d, err := Decide(Parse([]byte(raw)), func(Token) (Delivery, error) { return Delivery{}, errors.New("asked") })
		if err != nil || len(d.Suppress) > 0 || !strings.Contains(d.Why, why) {
			t.Errorf("%s: %+v, %v", why, d, err)
		}
	}
}

// TestDecideReportsTheLedger holds that a ledger that can't be asked is not taken for one that says no.
func TestDecideReportsTheLedger(t *testing.T) {
	p := newPost(t)
	down := errors.New("the disk is gone")
	for _, raw := range []string{
		dsn("bounces@digest.example", readers[0], "5.1.1", "550 5.1.1 x", "Message-ID: <"+p.key.Delivery(subscribers.ForMessageID, edition, 0, readers[0])+"@digest.example>"),
		"Subject: unsubscribe " + p.key.Delivery(subscribers.ForUnsubscribe, edition, 0, readers[0]) + "\n\n",
	} {
		_, err := Decide(Parse([]byte(raw)), func(Token) (Delivery, error) { return Delivery{}, fmt.Errorf("ask: %w", down) })
		if !errors.Is(err, down) {
			t.Errorf("error is %v", err)
		}
	}
}

func TestMightCount(t *testing.T) {
	p := newPost(t)
	id := "Message-ID: <" + p.key.Delivery(subscribers.ForMessageID, edition, 0, readers[0]) + "@digest.example>"
	for _, test := range []struct {
		raw  string
		want bool
	}{
		{dsn("b@digest.example", readers[0], "5.1.1", "550 5.1.1 x", id), true},
		{dsn("b@digest.example", readers[0], "5.2.2", "550 5.2.2 x", id), false},
		{dsn("b@digest.example", readers[0], "5.1.1", "550 5.1.1 x", "Message-ID: <made-up@evil.example>"), false},
		{"Subject: unsubscribe " + p.key.Delivery(subscribers.ForUnsubscribe, edition, 0, readers[0]) + "\n\n", true},
		{"Subject: unsubscribe\n\n", false},
		{"Subject: hello\n\n" + id, false},
	} {
		if got := Parse([]byte(test.raw)).MightCount(); got != test.want {
			t.Errorf("%v for %q", got, test.raw)
		}
	}
}
