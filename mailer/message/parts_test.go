package message

import (
	"bytes"
	"io"
	"mime"
	"mime/multipart"
	"net/mail"
	"strings"
	"testing"

	msgauth "github.com/emersion/go-msgauth/dkim"
)

// What stands between two marks is in the mails of those alone who see the part, before and after the template was
// stored, and such a mail is a mail like any other: quoted-printable, and with a signature that holds.
func TestParts(t *testing.T) {
	t.Parallel()
	c := content()
	lines := func(br string) string {
		return "Head" + br + "one " + marks.Cut(1) + br + "日本 shown" + br + br + marks.Cut(0) + marks.Cut(4) + br + ".hidden for " + marks.Address + br + marks.Cut(0) +
			"  two " + br + marks.Cut(7) + "third" + br + marks.Cut(0)
	}
	c.Text, c.HTML = lines("\n"), "<p>"+lines("<br>")+"</p>"
	signer, record := newSigner(t, "ed25519")
	s := sender(t)
	s.Signature = signer.ID()
	tpl := freeze(t, c, s)
	stored, err := tpl.MarshalBinary()
	if err != nil {
		t.Fatal(err)
	}
	var again Template
	if err := again.UnmarshalBinary(stored); err != nil {
		t.Fatal(err)
	}
	for own, want := range map[string]string{
		"":      "Head\none \n日本 shown\n\n  two \nthird\n",
		"1":     "Head\none   two \nthird\n",
		"4":     "Head\none \n日本 shown\n\n\n.hidden for ana@example.org\n  two \nthird\n",
		"1,4,7": "Head\none \n.hidden for ana@example.org\n  two \n",
	} {
		r := readers[0]
		r.Own = own
		keys := Keys{Token: tokenKey(t, 1), Signer: signer}
		msg, _, err := tpl.Fill(nil, r, keys)
		if err != nil {
			t.Fatal(err)
		}
		checkWire(t, msg)
		if later, _, err := again.Fill(nil, r, keys); err != nil || !bytes.Equal(msg, later) {
			t.Errorf("%q: the stored template gives other bytes, %v", own, err)
		}
		m, err := mail.ReadMessage(bytes.NewReader(msg))
		if err != nil {
			t.Fatal(err)
		}
		_, params, _ := mime.ParseMediaType(m.Header.Get("Content-Type"))
		for parts, html := multipart.NewReader(m.Body, params["boundary"]), false; ; html = true {
			part, err := parts.NextPart() // which decodes quoted-printable
			if err == io.EOF {
				break
			}
			if err != nil {
				t.Fatal(err)
			}
			raw, _ := io.ReadAll(part)
			got, want := strings.ReplaceAll(string(raw), "\r\n", "\n"), want
			if want += "\n"; html {
				want = "<p>" + strings.ReplaceAll(strings.TrimSuffix(want, "\n"), "\n", "<br>") + "</p>\n"
			}
			if got != want {
				t.Errorf("own %q: %q, want %q", own, got, want)
			}
		}
		results, err := msgauth.VerifyWithOptions(bytes.NewReader(msg), &msgauth.VerifyOptions{
			LookupTXT: func(string) ([]string, error) { return []string{record}, nil }})
		if err != nil || len(results) != 1 || results[0].Err != nil {
			t.Errorf("own %q: the signature does not hold: %+v, %v", own, results, err)
		}
	}
}
