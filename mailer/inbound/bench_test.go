package inbound

import (
	"fmt"
	"strings"
	"testing"
)

// costly are messages by which somebody could try to keep a reader busy: of one thing that a notice may have a few of,
// mostly 60 KB.
func costly() map[string]string {
	const size = 60 << 10
	const head = "From: MAILER-DAEMON@mx.example.org\nTo: bounces@digest.example\nSubject: Undelivered mail\n\nYour message could not be delivered.\n\n"
	numbered := func(format string) string {
		var b strings.Builder
		for i := 0; b.Len() < size; i++ {
			fmt.Fprintf(&b, format, i)
		}
		return b.String()
	}
	many := func(s string) string { return strings.Repeat(s, size/len(s)) }
	return map[string]string{
		"addresses on a line":     head + numbered("<r%d@example.org>, "),
		"addresses in lines":      head + numbered("<r%d@example.org>: 550 5.1.1 User unknown\n"),
		"addresses in paragraphs": head + numbered("<r%d@example.org>:\n\n550 5.1.1 User unknown\n\n"),
		"addresses with nothing":  head + numbered("r%d@example.org\n"),
		"prose on a line":         head + many("the message was sent to a user whose account "),
		"prose in lines":          head + many("the message was sent to a user whose account\n"),
		"letters on a line":       head + many("a"),
		"dots on a line":          head + many("a."),
		"signs on a line":         head + many("@"),
		"blanks on a line":        head + many(" "),
		"dashes":                  head + many("-"),
		"dashes in lines":         head + many("-- a\n"),
		"empty lines":             head + many("\n"),
		"sender words":            head + many("sender "),
		"codes":                   head + many("5.1.1 "),
		"delays":                  head + many("not delivered, will deliver message "),
		"fields":                  head + many("Subject: x\n"),
		"shown fields":            head + "to r@example.org\n" + many("To: x\n"),
		"quoted lines":            head + many("> x\n"),
		"from field":              "From: " + many("a@example.org, ") + "\nSubject: Undelivered\n\nnot delivered\n",
		"folded field":            "From: MAILER-DAEMON@mx.example.org\nSubject: x\n" + many(" x\n") + "\nnot delivered\n",
		"encoded words":           "From: MAILER-DAEMON@mx.example.org\nSubject: " + many("=?utf-8?q?a?= ") + "\n\nnot delivered\n",
		"HTML":                    "From: MAILER-DAEMON@mx.example.org\nSubject: Undelivered\nContent-Type: text/html\n\nnot delivered" + many("<p>a<b>"),
		"status":                  dsn("bounces@digest.example", "reader@example.org", "5.1.1", "550 5.1.1 User unknown", "") + many(" "),
		"recipients of a status": strings.Replace(dsn("bounces@digest.example", "reader@example.org", "5.1.1", "550 5.1.1 User unknown", ""),
			"\n--b\nContent-Type: text/rfc", numbered("\nFinal-Recipient: rfc822; r%d@example.org\nAction: failed\nStatus: 5.0.0\n")+"\n--b\nContent-Type: text/rfc", 1),
		"broken status": strings.Replace(dsn("bounces@digest.example", "reader@example.org", "5.1.1", "550 5.1.1 User unknown", ""),
			"\n--b\nContent-Type: text/rfc", numbered("\nStatus: 5.0.%d\n")+"\n--b\nContent-Type: text/rfc", 1),
		"status in the text":       head + many("Final-Recipient: rfc822; r@example.org\nAction: failed\n\n"),
		"a person's only line":     "From: ana@example.org\nSubject: x\n\n" + many("a\x00 "),
		"a large message returned": head + "--- Original message ---\nMessage-ID: <digest-1@digest.example>\n\n" + strings.Repeat("0123456789abcdefghijklmno\n", 4<<20/26),
		"parts":                    "From: MAILER-DAEMON@mx.example.org\nSubject: Undelivered\nContent-Type: multipart/mixed; boundary=b\n\n" + many("--b\n\nnot delivered\n"),
	}
}

// TestBounds holds that the work on a message is bounded: how much of it is looked at, and how much is taken for the
// words on one recipient.
func TestBounds(t *testing.T) {
	for name, raw := range costly() {
		m := readMessage([]byte(raw))
		notice := flatten(m, true).notice()
		if wrote := strings.Join(wroteTo(notice), ""); len(wrote) > maxNotice {
			t.Errorf("%s: %d bytes of what a person wrote", name, len(wrote))
		}
		said := ownWords(notice)
		size := 0
		for _, line := range said.lines {
			size += len(line)
		}
		if size > maxNotice || len(said.lines) > maxLines {
			t.Errorf("%s: %d bytes, %d lines", name, size, len(said.lines))
		}
		if !strings.HasPrefix(name, "addresses") {
			continue
		}
		left := maxAddresses
		for i := range said.lines {
			mentionsIn(said.lines, i, nil, &left)
		}
		if left < 0 {
			t.Errorf("%s: %d addresses too many", name, -left)
		}
		for _, f := range findRecipients(said, m.header) {
			if len(f.words) > maxShort+maxLine+4*maxWords {
				t.Errorf("%s: %d bytes of words on %s", name, len(f.words), f.address)
			}
		}
	}
}

// TestCutStatus holds that of a status too long to be read, no recipient is taken whose fields are cut off.
func TestCutStatus(t *testing.T) {
	block := "Final-Recipient: rfc822; reader@example.org\nAction: failed\nStatus: 5.1.1\n"
	body := "Reporting-MTA: dns; mx.example.org\nX-Note: " + strings.Repeat("x", maxStatus-len(block)-60) + "\n\n" + block +
		"Diagnostic-Code: smtp; 450 4.2.2 try again later\n"
	if blocks := parseStatus([]byte(body)); len(blocks) != 1 {
		t.Errorf("%d blocks", len(blocks))
	}
}

// BenchmarkParse reads what is meant to be costly, and one real notice beside it.
func BenchmarkParse(b *testing.B) {
	all := costly()
	all["a notice"] = notices(b)["postfix-text"][1]
	for name, raw := range all {
		b.Run(name, func(b *testing.B) {
			b.SetBytes(int64(len(raw)))
			for b.Loop() {
				Parse([]byte(raw))
			}
		})
	}
}
