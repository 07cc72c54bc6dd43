package message

import (
	"bytes"
	"crypto/rand"
	"testing"

	msgauth "github.com/emersion/go-msgauth/dkim"

	"digestd/mailer/dkim"
)

func TestSignedMessagesVerify(t *testing.T) {
	for _, kind := range []string{"rsa", "ed25519"} {
		key, _, err := dkim.Generate(kind, rand.Reader)
		if err != nil {
			t.Fatal(err)
		}
		signer, err := dkim.NewSigner("example.org", "digest", key)
		if err != nil {
			t.Fatal(err)
		}
		record, err := dkim.Record(signer.Public())
		if err != nil {
			t.Fatal(err)
		}
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
