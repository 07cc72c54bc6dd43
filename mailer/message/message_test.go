package message

import (
	"bytes"
	"encoding/binary"
	"errors"
	"io"
	"math/rand/v2"
	"mime"
	"mime/multipart"
	"mime/quotedprintable"
	"net/mail"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"digestd/digest"
	"digestd/internal/golden"
	"digestd/subscribers"
)

var marks = Marks{Address: "xADDRESSxMARKxOFxATEST", Token: "xTOKENxMARKxOFxAxTESTx", Part: "yPARTxMARKxOFxAxTESTxx"}

func tokenKey(t testing.TB, fill byte) subscribers.TokenKey {
	t.Helper()
	k, err := subscribers.NewTokenKey(bytes.Repeat([]byte{fill}, subscribers.TokenKeySize))
	if err != nil {
		t.Fatal(err)
	}
	return k
}

func sender(t testing.TB) Sender {
	return Sender{
		From:          "Café du Monde <digest@exämple.example.org>",
		ReplyTo:       `"Desk, The" <desk@example.org>`,
		BounceTo:      "bounce@example.org",
		VERP:          true,
		UnsubscribeTo: "leave+list@example.org",
		BaseURL:       "https://news.example.org",
		Front:         "https://news.example.org/",
		Archive:       "https://news.example.org/daily/",
		ArchivedAt:    "https://news.example.org/daily/2026-11-22/",
		OneClick:      true,
		List:          "Café du Monde",
		Digest:        "daily",
		Edition:       "daily/Europe/Paris/2026-11-22T07:00",
		Date:          time.Date(2026, 11, 22, 7, 0, 13, 250e6, time.FixedZone("", 3600)),
		TokenKey:      tokenKey(t, 1).ID(),
	}
}

func content() Content {
	return Content{
		Subject: "Überraschung im Rat: 27 Staaten einigen sich auf neue Regeln für die Schifffahrt im Mittelmeer",
		HTML: "<html><body><p style=\"color:#333\">Gr\u00fc\u00dfe =  2 < 3</p>\n.hidden dot\nFrom here  \n<a href=\"https://news.example.org/u/" + marks.Token +
			"\">unsubscribe " + marks.Address + "</a>" + strings.Repeat(" lange Zeile \u65e5\u672c\u8a9e", 20) + "</body></html>",
		Text: "Grüße\n\n.dot\nFrom the desk \n" + marks.Address + "\nhttps://news.example.org/u/" + marks.Token + "\n-- \nend\n\n\n",
	}
}

var readers = []digest.Recipient{
	{Index: 0, Email: "ana@example.org", Name: "Ana"},
	{Index: 1, Email: "o'neil&co@bücher.example.org", Name: `Zoë "Z" O'Neil, of the very long name that has to be folded somewhere, in characters`},
	{Index: 2, Email: strings.Repeat("a", 64) + "@" + strings.Repeat("long-label.", 15) + "example.org", Name: "Plain, Words (here) and then some more of them to fold"},
	{Index: 3, Email: ".From@example.org"},
	{Index: 4, Email: "δοκιμή@παράδειγμα.example.org", Name: "Δοκιμή"},
}

func fill(t testing.TB, tpl *Template, r digest.Recipient) ([]byte, Envelope) {
	t.Helper()
	msg, env, err := tpl.Fill(nil, r, Keys{Token: tokenKey(t, 1)})
	if err != nil {
		t.Fatal(err)
	}
	return msg, env
}

func freeze(t testing.TB, c Content, s Sender) *Template {
	t.Helper()
	tpl, err := Freeze(c, s, marks)
	if err != nil {
		t.Fatal(err)
	}
	return tpl
}

func TestGoldenMessages(t *testing.T) {
	t.Parallel()
	plain := content()
	plain.HTML = ""
	bare := sender(t)
	bare.From, bare.ReplyTo, bare.BounceTo, bare.VERP, bare.UnsubscribeTo, bare.BaseURL = "digest@example.org", "", "", false, "", ""
	bare.Front, bare.Archive, bare.ArchivedAt = "", "", ""
	for _, c := range []struct {
		name string
		tpl  *Template
		r    digest.Recipient
	}{
		{"html.eml", freeze(t, content(), sender(t)), readers[1]},
		{"text.eml", freeze(t, plain, bare), readers[0]},
	} {
		got, _ := fill(t, c.tpl, c.r)
		golden.Check(t, filepath.Join("testdata", c.name), string(got))
	}
}

// TestMessagesMeanWhatWasRendered reads the messages back with the standard library.
func TestMessagesMeanWhatWasRendered(t *testing.T) {
	t.Parallel()
	for _, format := range []string{"html", "text"} {
		c := content()
		if format == "text" {
			c.HTML = ""
		}
		s := sender(t)
		tpl := freeze(t, c, s)
		for _, r := range readers {
			msg, env := fill(t, tpl, r)
			checkWire(t, msg)
			if !env.Dotless || HasDots(msg) {
				t.Errorf("%s: said to have no dots: %v; has some: %v", r.Email, env.Dotless, HasDots(msg))
			}
			m, err := mail.ReadMessage(bytes.NewReader(msg))
			if err != nil {
				t.Fatal(err)
			}
			decoded, err := new(mime.WordDecoder).DecodeHeader(m.Header.Get("Subject"))
			if err != nil || decoded != c.Subject {
				t.Errorf("Subject = %q, %v", decoded, err)
			}
			to, err := m.Header.AddressList("To")
			if err != nil || len(to) != 1 || to[0].Name != r.Name {
				t.Fatalf("To of %s = %v, %v", r.Email, to, err)
			}
			if to[0].Address != env.To && env.To != `".From"@example.org` {
				t.Errorf("To %s, envelope %s", to[0].Address, env.To)
			}
			if date, err := m.Header.Date(); err != nil || !date.Equal(s.Date.Truncate(time.Second)) {
				t.Errorf("Date = %v, %v", date, err)
			}
			ref, err := tokenKey(t, 1).Open(env.ID, subscribers.ForMessageID)
			if err != nil || ref.Index != r.Index || !ref.OfEdition(s.Edition) {
				t.Errorf("Message-ID %q names %+v, %v", env.ID, ref, err)
			}
			if id := m.Header.Get("Message-ID"); id != "<"+env.ID+"@xn--exmple-cua.example.org>" {
				t.Errorf("Message-ID = %q", id)
			}
			tag := strings.TrimSuffix(strings.TrimPrefix(env.From, "bounce+"), "@example.org")
			if ref, err := tokenKey(t, 1).Open(tag, subscribers.ForBounce); err != nil || ref.Index != r.Index {
				t.Errorf("envelope sender %q names %+v, %v", env.From, ref, err)
			}
			token := tokenKey(t, 1).Delivery(subscribers.ForUnsubscribe, s.Edition, r.Index, r.Email)
			if got, want := m.Header.Get("List-Unsubscribe"), "<https://news.example.org/u/"+token+">, <mailto:leave+list@example.org?subject=unsubscribe%20"+token+">"; got != want {
				t.Errorf("List-Unsubscribe = %q, want %q", got, want)
			}
			mine := strings.NewReplacer(marks.Token, token, marks.Address, r.Email)
			wantText := strings.TrimRight(mine.Replace(c.Text), "\n") + "\n"
			if format == "text" {
				if got := decode(t, m.Body); got != wantText {
					t.Errorf("text = %q, want %q", got, wantText)
				}
				continue
			}
			_, params, err := mime.ParseMediaType(m.Header.Get("Content-Type"))
			if err != nil {
				t.Fatal(err)
			}
			parts := multipart.NewReader(m.Body, params["boundary"])
			text, err := parts.NextRawPart()
			if err != nil {
				t.Fatal(err)
			}
			if got := decode(t, text); got != wantText {
				t.Errorf("text = %q, want %q", got, wantText)
			}
			page, err := parts.NextRawPart()
			if err != nil {
				t.Fatal(err)
			}
			mine = strings.NewReplacer(marks.Token, token, marks.Address, escapeHTML(r.Email))
			if got, want := decode(t, page), mine.Replace(c.HTML)+"\n"; got != want {
				t.Errorf("HTML = %q, want %q", got, want)
			}
			if _, err := parts.NextRawPart(); err != io.EOF {
				t.Errorf("a third part: %v", err)
			}
		}
	}
}

func decode(t *testing.T, r io.Reader) string {
	t.Helper()
	b, err := io.ReadAll(quotedprintable.NewReader(r))
	if err != nil {
		t.Fatal(err)
	}
	return strings.ReplaceAll(string(b), "\r\n", "\n")
}

// checkWire holds what every message must keep to on the wire.
func checkWire(t *testing.T, msg []byte) {
	t.Helper()
	if !bytes.HasSuffix(msg, []byte("\r\n")) {
		t.Error("no line end at the end")
	}
	head, body, _ := bytes.Cut(msg, []byte("\r\n\r\n"))
	for i, part := range [][]byte{head, body} {
		for line := range bytes.SplitSeq(part, []byte("\r\n")) {
			switch {
			case bytes.ContainsAny(line, "\r\n"):
				t.Errorf("bare CR or LF in %q", line)
			case bytes.HasPrefix(line, []byte(".")), bytes.HasPrefix(line, []byte("From ")):
				t.Errorf("line %q needs stuffing", line)
			case len(line) > 998:
				t.Errorf("line of %d bytes", len(line))
			case i == 0 && len(line) > 78 && !bytes.Contains(line, []byte("http")) && !bytes.Contains(line, []byte("mailto:")) && !bytes.Contains(line, []byte("long-label")):
				t.Errorf("header line of %d: %q", len(line), line)
			case i == 1 && len(line) > 76:
				t.Errorf("body line of %d: %q", len(line), line)
			case bytes.HasSuffix(line, []byte(" ")):
				t.Errorf("white space at the end of %q", line)
			}
		}
	}
	seen := map[string]bool{}
	m, err := mail.ReadMessage(bytes.NewReader(msg))
	if err != nil {
		t.Fatal(err)
	}
	for name, values := range m.Header {
		if seen[name] || len(values) != 1 {
			t.Errorf("%s stands %d times", name, len(values))
		}
	}
}

func TestHostileTextStaysInItsPlace(t *testing.T) {
	t.Parallel()
	c := content()
	c.Subject = "news\r\nBcc: all@example.org\r\n\r\n<html>\x00" + strings.Repeat("x", 2000) + "\xff =?utf-8?q?fake?="
	s := sender(t)
	s.List = "Morning\r\nBcc: all@example.org"
	s.Digest = "da:ily\r\n"
	msg, _ := fill(t, freeze(t, c, s), digest.Recipient{Email: "ana@example.org", Name: "Ana\r\nBcc: all@example.org"})
	checkWire(t, msg)
	m, err := mail.ReadMessage(bytes.NewReader(msg))
	if err != nil {
		t.Fatal(err)
	}
	if m.Header.Get("Bcc") != "" {
		t.Error("text broke out of its header field")
	}
	subject, err := new(mime.WordDecoder).DecodeHeader(m.Header.Get("Subject"))
	if err != nil || !strings.HasPrefix(subject, "news Bcc: all@example.org <html> xxx") || !strings.HasSuffix(subject, "x\uFFFD =?utf-8?q?fake?=") {
		t.Errorf("Subject = %q, %v", subject, err)
	}
}

func TestSubjectsSurviveAnyText(t *testing.T) {
	t.Parallel()
	random := rand.New(rand.NewPCG(1, 2))
	alphabet := []rune("aZ9 ?=_é日🙂\u0301مر\"<>,")
	for range 2000 {
		text := make([]rune, 1+random.IntN(120))
		for i := range text {
			text[i] = alphabet[random.IntN(len(alphabet))]
		}
		want := strings.Join(strings.Fields(string(text)), " ")
		for what, got := range map[string][]byte{
			"subject": appendUnstructured([]byte("Subject: "), len("Subject: "), string(text)),
			"mailbox": appendMailbox([]byte("Subject: "), len("Subject: "), string(text), "a@example.org"),
		} {
			for line := range bytes.SplitSeq(got, []byte("\r\n")) {
				if len(line) > lineAim {
					t.Fatalf("%s line of %d bytes for %q: %q", what, len(line), string(text), line)
				}
			}
			m, err := mail.ReadMessage(bytes.NewReader(append(got, "\r\n\r\n"...)))
			if err != nil {
				t.Fatal(err)
			}
			value := m.Header.Get("Subject")
			if what == "mailbox" {
				a, err := mail.ParseAddress(value)
				if err != nil {
					t.Fatalf("%q: %v", value, err)
				}
				if a.Name != want {
					t.Fatalf("%q became the name %q", want, a.Name)
				}
				continue
			}
			decoded, err := new(mime.WordDecoder).DecodeHeader(value)
			if err != nil || decoded != want {
				t.Fatalf("%q became %q, %v", want, decoded, err)
			}
		}
	}
}

func TestStoredTemplateGivesTheSameBytes(t *testing.T) {
	t.Parallel()
	tpl := freeze(t, content(), sender(t))
	stored, err := tpl.MarshalBinary()
	if err != nil {
		t.Fatal(err)
	}
	var again Template
	if err := again.UnmarshalBinary(stored); err != nil {
		t.Fatal(err)
	}
	for _, r := range readers {
		a, envA := fill(t, tpl, r)
		b, envB := fill(t, &again, r)
		if !bytes.Equal(a, b) || envA != envB {
			t.Errorf("%s gets other bytes from the stored template", r.Email)
		}
	}
	for n := range stored {
		if err := again.UnmarshalBinary(stored[:n]); err == nil {
			t.Fatalf("a template cut after %d of %d bytes was read", n, len(stored))
		}
	}
	if err := again.UnmarshalBinary(append(stored, 0)); err == nil {
		t.Error("a template with bytes left over was read")
	}
}

// TestAMessageStoredBeforeTokensNamedAddressesStaysTheSame: what was in doubt when the program was updated is sent
// again with the Message-ID that it had.
func TestAMessageStoredBeforeTokensNamedAddressesStaysTheSame(t *testing.T) {
	tpl := freeze(t, content(), sender(t))
	stored, err := tpl.MarshalBinary()
	if err != nil {
		t.Fatal(err)
	}
	at := len(formatV1)
	for range 4 { // what stands before the flags
		n, size := binary.Uvarint(stored[at:])
		at += size + int(n)
	}
	if stored[at] != flagVERP|flagBound {
		t.Fatalf("flags %d", stored[at])
	}
	stored[at] = flagVERP
	var old Template
	if err := old.UnmarshalBinary(stored); err != nil {
		t.Fatal(err)
	}
	msg, env := fill(t, &old, readers[0])
	key, index := tokenKey(t, 1), readers[0].Index
	if id := key.Unbound(subscribers.ForMessageID, sender(t).Edition, index); env.ID != id || !bytes.Contains(msg, []byte("Message-ID: <"+id+"@")) {
		t.Errorf("Message-ID %q, not %q", env.ID, id)
	}
	if !bytes.Contains(msg, []byte("/u/"+key.Unbound(subscribers.ForUnsubscribe, sender(t).Edition, index))) {
		t.Error("its link has another token")
	}
	stored[at] = 4
	if err := old.UnmarshalBinary(stored); err == nil {
		t.Error("flags that nobody knows were read")
	}
}

// Of a body that was encoded in another way, wherever its dot is, nobody says that it has none.
func TestDotsOfABodyAreSeen(t *testing.T) {
	t.Parallel()
	for place, dot := range map[int]string{0: "\r\n.\r\n", 1: "\r\n.hidden"} {
		tpl := freeze(t, content(), sender(t))
		tpl.body.literals[place] = append([]byte(dot), tpl.body.literals[place]...)
		tpl.prepare()
		if msg, env := fill(t, tpl, readers[0]); env.Dotless || !HasDots(msg) {
			t.Errorf("a dot in literal %d: %v, seen %v", place, !env.Dotless, HasDots(msg))
		}
	}
}

func TestFillNeedsTheKeyOfTheEdition(t *testing.T) {
	t.Parallel()
	tpl := freeze(t, content(), sender(t))
	if _, _, err := tpl.Fill(nil, readers[0], Keys{Token: tokenKey(t, 2)}); !errors.Is(err, ErrKeyGone) {
		t.Errorf("err = %v", err)
	}
	for _, bad := range []string{"", "ana", "@example.org", "ana@", "ana@exa\nmple.org", "ana@-.ü"} {
		if _, _, err := tpl.Fill(nil, digest.Recipient{Email: bad}, Keys{Token: tokenKey(t, 1)}); err == nil {
			t.Errorf("address %q was taken", bad)
		}
	}
}

func TestFreezeRefuses(t *testing.T) {
	t.Parallel()
	for name, change := range map[string]func(*Content, *Sender, *Marks){
		"sender that is no mailbox":   func(c *Content, s *Sender, m *Marks) { s.From = "digest" },
		"sender with UTF-8 local":     func(c *Content, s *Sender, m *Marks) { s.From = "é@example.org" },
		"reply_to that is no mailbox": func(c *Content, s *Sender, m *Marks) { s.ReplyTo = "x@" },
		"bounce_to that is none":      func(c *Content, s *Sender, m *Marks) { s.BounceTo = "x" },
		"unsubscribe_to that is none": func(c *Content, s *Sender, m *Marks) { s.UnsubscribeTo = "x" },
		"bounce_to too long to tag":   func(c *Content, s *Sender, m *Marks) { s.BounceTo = strings.Repeat("b", 40) + "@example.org" },
		"base_url with a line end":    func(c *Content, s *Sender, m *Marks) { s.BaseURL += "\r\nBcc: all@example.org" },
		"an archive with a line end":  func(c *Content, s *Sender, m *Marks) { s.ArchivedAt += "\r\nBcc: all@example.org" },
		"base_url of great length":    func(c *Content, s *Sender, m *Marks) { s.BaseURL += strings.Repeat("/x", 300) },
		"empty text":                  func(c *Content, s *Sender, m *Marks) { c.Text = " \n" },
		"mark in the subject":         func(c *Content, s *Sender, m *Marks) { c.Subject = m.Token },
		"short mark":                  func(c *Content, s *Sender, m *Marks) { m.Token = "x" },
		"mark that gets encoded":      func(c *Content, s *Sender, m *Marks) { m.Address = strings.Repeat("=", 20) },
	} {
		c, s, m := content(), sender(t), marks
		change(&c, &s, &m)
		if _, err := Freeze(c, s, m); err == nil {
			t.Errorf("%s: no error", name)
		}
	}
}

func TestNewMarks(t *testing.T) {
	t.Parallel()
	m, err := NewMarks(bytes.NewReader(bytes.Repeat([]byte{200, 13, 7}, 40)))
	if err != nil || len(m.Token) != subscribers.TokenLen || len(m.Address) < 16 {
		t.Fatalf("%+v, %v", m, err)
	}
	if _, err := Freeze(content(), sender(t), m); err != nil {
		t.Error(err)
	}
	if _, err := NewMarks(strings.NewReader("")); err == nil {
		t.Error("marks without randomness")
	}
}

func TestLinks(t *testing.T) {
	t.Parallel()
	s := sender(t)
	u, p, err := s.Links("TOKEN")
	if err != nil || u != "https://news.example.org/u/TOKEN" || p != "https://news.example.org/p/TOKEN" {
		t.Error(u, p, err)
	}
	s.BaseURL = ""
	u, p, err = s.Links("TOKEN")
	if err != nil || u != "mailto:leave+list@example.org?subject=unsubscribe%20TOKEN" || p != "" {
		t.Error(u, p, err)
	}
}

func FuzzUnmarshalTemplate(f *testing.F) {
	tpl := freeze(f, content(), sender(f))
	stored, err := tpl.MarshalBinary()
	if err != nil {
		f.Fatal(err)
	}
	f.Add(stored)
	f.Add([]byte(formatV1))
	key := tokenKey(f, 1)
	f.Fuzz(func(t *testing.T, data []byte) {
		var tpl Template
		if tpl.UnmarshalBinary(data) != nil {
			return
		}
		if again, err := tpl.MarshalBinary(); err != nil {
			t.Error(err)
		} else if err := new(Template).UnmarshalBinary(again); err != nil {
			t.Errorf("can't read what it wrote: %v", err)
		}
		tpl.keyID = key.ID()
		if _, _, err := tpl.Fill(nil, digest.Recipient{Email: "ana@example.org"}, Keys{Token: key}); err != nil {
			t.Error(err)
		}
	})
}

func FuzzQuotedPrintable(f *testing.F) {
	f.Add("From x\n. \n\t=é\r\n")
	f.Fuzz(func(t *testing.T, s string) {
		col := 0
		b := appendQuotedPrintable(nil, &col, s, false)
		for line := range bytes.SplitSeq(b, []byte("\r\n")) {
			if len(line) > 76 || bytes.HasPrefix(line, []byte(".")) || bytes.ContainsAny(line, "\r\n") {
				t.Errorf("line %q", line)
			}
		}
		got, err := io.ReadAll(quotedprintable.NewReader(bytes.NewReader(b)))
		if err != nil {
			t.Fatal(err)
		}
		if want := strings.ReplaceAll(s, "\n", "\r\n"); string(got) != want {
			t.Errorf("%q became %q", s, got)
		}
	})
}
