package message

import (
	"bytes"
	"crypto/rand"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	msgauth "github.com/emersion/go-msgauth/dkim"

	"digestd/internal/needs"
	"digestd/mailer/dkim"
)

// newSigner signs for example.org with a new key; record is what stands in the DNS for it.
func newSigner(t *testing.T, kind string) (signer *dkim.Signer, record string) {
	t.Helper()
	key, _, err := dkim.Generate(kind, rand.Reader)
	if err == nil {
		signer, err = dkim.NewSigner("example.org", "digest", key)
	}
	if err == nil {
		record, err = dkim.Record(signer.Public())
	}
	if err != nil {
		t.Fatal(err)
	}
	return signer, record
}

// TestASignatureOfWhatEndsWithABlank holds for texts alone that end with a reader's own value, or with a part.
func TestASignatureOfWhatEndsWithABlank(t *testing.T) {
	t.Parallel()
	signer, record := newSigner(t, "ed25519")
	for _, end := range []string{marks.Token, marks.Address, marks.Cut(1), marks.Cut(2), marks.Cut(1) + "x\n" + marks.Cut(0), marks.Token + "\n\n" + marks.Cut(2) + "x"} {
		for _, own := range []string{"", "1,2"} {
			s, r := sender(t), readers[0]
			s.Signature, r.Own = signer.ID(), own
			msg, _, err := freeze(t, Content{Subject: "News", Text: "News\n\n" + end}, s).Fill(nil, r, Keys{Token: tokenKey(t, 1), Signer: signer})
			if err != nil {
				t.Fatal(err)
			}
			results, err := msgauth.VerifyWithOptions(bytes.NewReader(msg), &msgauth.VerifyOptions{
				LookupTXT: func(string) ([]string, error) { return []string{record}, nil },
			})
			if err != nil || len(results) != 1 || results[0].Err != nil {
				t.Errorf("%q, own %q: %+v, %v", end, own, results, err)
			}
		}
	}
}

func TestSignedMessagesVerify(t *testing.T) {
	t.Parallel()
	for _, kind := range []string{"rsa", "ed25519"} {
		signer, record := newSigner(t, kind)
		for _, frozenWith := range []string{signer.ID(), ""} {
			for _, format := range []string{"html", "text"} {
				c, s := content(), sender(t)
				s.Signature = frozenWith
				if format == "text" {
					c.HTML = ""
				}
				tpl := freeze(t, c, s)
				if tpl.SignedBy() != frozenWith {
					t.Errorf("SignedBy = %q", tpl.SignedBy())
				}
				for _, r := range readers {
					msg, _, err := tpl.Fill(nil, r, Keys{Token: tokenKey(t, 1), Signer: signer})
					if err != nil {
						t.Fatal(err)
					}
					checkWire(t, msg)
					again, _, err := tpl.Fill(nil, r, Keys{Token: tokenKey(t, 1), Signer: signer})
					if err != nil || !bytes.Equal(msg, again) {
						t.Errorf("%s: the second message differs, %v", r.Email, err)
					}
					results, err := msgauth.VerifyWithOptions(bytes.NewReader(msg), &msgauth.VerifyOptions{
						LookupTXT: func(string) ([]string, error) { return []string{record}, nil },
					})
					if err != nil || len(results) != 1 || results[0].Err != nil {
						t.Errorf("%s, %s, %s: %+v, %v\n%s", kind, format, r.Email, results, err, msg)
					}
				}
			}
		}
	}
}

// TestDkimpyVerifies asks the library that most of the world's Python filters use.
func TestDkimpyVerifies(t *testing.T) {
	t.Parallel()
	python := needs.Program(t, "python3", "/usr/bin/python3") // Debian's, which has python3-dkim
	if err := exec.Command(python, "-c", "import dkim, nacl").Run(); err != nil {
		t.Fatalf("Debian's python3-dkim and python3-nacl are not here: %v", err)
	}
	const verify = `
import dkim, glob, sys
record = sys.argv[1].encode()
for name in sorted(glob.glob(sys.argv[2] + "/*.eml")):
    if dkim.verify(open(name, "rb").read(), dnsfunc=lambda name, timeout=5: record):
        print(name)`
	for _, kind := range []string{"rsa", "ed25519"} {
		signer, record := newSigner(t, kind)
		dir := t.TempDir()
		var want []string
		for name, change := range map[string]func(*Sender, *Content){
			"all":         func(s *Sender, c *Content) {},
			"mailto-only": func(s *Sender, c *Content) { s.BaseURL = "" },
			"no-post":     func(s *Sender, c *Content) { s.OneClick = false },
			"no-reply-to": func(s *Sender, c *Content) { s.ReplyTo = "" },
			"plain-text":  func(s *Sender, c *Content) { c.HTML = "" },
		} {
			s, c := sender(t), content()
			s.Signature = signer.ID()
			change(&s, &c)
			tpl := freeze(t, c, s)
			for i, r := range readers {
				msg, _, err := tpl.Fill(nil, r, Keys{Token: tokenKey(t, 1), Signer: signer})
				if err != nil {
					t.Fatal(err)
				}
				base := filepath.Join(dir, fmt.Sprintf("%s-%d", name, i))
				want = append(want, base+"-good.eml")
				for file, text := range map[string][]byte{
					"-good.eml":    msg,
					"-subject.eml": append([]byte("Subject: added\r\n"), msg...),
					"-body.eml":    append(bytes.Clone(msg), "added\r\n"...),
				} {
					if err := os.WriteFile(base+file, text, 0o600); err != nil {
						t.Fatal(err)
					}
				}
			}
		}
		out, err := exec.Command(python, "-c", verify, record, dir).Output()
		if err != nil {
			t.Fatal(err)
		}
		slices.Sort(want)
		if got := strings.Fields(string(out)); !slices.Equal(got, want) {
			t.Errorf("%s: dkimpy verifies %q, want %q", kind, got, want)
		}
	}
}

// TestSignaturesSurviveRelaysThatReplaceFields plays what the large ones do: a Message-ID and a date of their own, and
// trace fields on top.
func TestSignaturesSurviveRelaysThatReplaceFields(t *testing.T) {
	signer, record := newSigner(t, "ed25519")
	s := sender(t)
	s.Signature = signer.ID()
	msg, _, err := freeze(t, content(), s).Fill(nil, readers[0], Keys{Token: tokenKey(t, 1), Signer: signer})
	if err != nil {
		t.Fatal(err)
	}
	replace := func(field, value string) func(string) string {
		return func(m string) string {
			before, rest, _ := strings.Cut(m, "\r\n"+field+": ")
			_, after, _ := strings.Cut(rest, "\r\n")
			return before + "\r\n" + field + ": " + value + "\r\n" + after
		}
	}
	for name, c := range map[string]struct {
		relay func(string) string
		holds bool
	}{
		"as it is":                {func(m string) string { return m }, true},
		"another Message-ID":      {replace("Message-ID", "<0100abc-000000@email.relay.example>"), true},
		"another Date":            {replace("Date", "Sun, 22 Nov 2026 06:01:00 +0000"), true},
		"trace fields":            {func(m string) string { return "Received: from a by b; Sun, 22 Nov 2026 06:01:00 +0000\r\n" + m }, true},
		"another Subject":         {replace("Subject", "x"), false},
		"another archive":         {replace("Archived-At", "<https://evil.example/>"), false},
		"another list archive":    {replace("List-Archive", "<https://evil.example/>"), false},
		"another help":            {replace("List-Help", "<https://evil.example/>"), false},
		"another way out":         {replace("List-Unsubscribe-Post", "List-Unsubscribe=Never"), false},
		"a second From":           {func(m string) string { return "From: eve@example.org\r\n" + m }, false},
		"a second way out":        {func(m string) string { return "List-Unsubscribe: <https://evil.example/>\r\n" + m }, false},
		"another way out, folded": {func(m string) string { return strings.Replace(m, "List-Unsubscribe: <", "List-Unsubscribe: <x", 1) }, false},
	} {
		results, err := msgauth.VerifyWithOptions(strings.NewReader(c.relay(string(msg))), &msgauth.VerifyOptions{
			LookupTXT: func(string) ([]string, error) { return []string{record}, nil },
		})
		if err != nil || len(results) != 1 || (results[0].Err == nil) != c.holds {
			t.Errorf("%s: %+v, %v", name, results, err)
		}
	}
}
