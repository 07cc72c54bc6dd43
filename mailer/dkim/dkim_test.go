package dkim

import (
	"bytes"
	"crypto"
	"crypto/ed25519"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/x509"
	"encoding/pem"
	"strings"
	"testing"
	"time"

	"github.com/emersion/go-msgauth/dkim"
)

var (
	sample = "From: Morning Wire <digest@example.org>\r\n" +
		"To: Ana\r\n <ana@example.org>\r\n" +
		"Subject: =?utf-8?q?=C3=9Cber?=\r\n  two   spaces\r\n" +
		"Date: Sun, 22 Nov 2026 07:00:13 +0100\r\n" +
		"Message-ID: <a@example.org>\r\n" +
		"List-Id: Morning Wire <daily.example.org>\r\n" +
		"List-Unsubscribe: <https://news.example.org/u/fKMfURpGTYPkKr0vA2UZag>,\r\n <mailto:leave@example.org?subject=unsubscribe%20fKMfURpGTYPkKr0vA2UZag>\r\n" +
		"List-Unsubscribe-Post: List-Unsubscribe=One-Click\r\n" +
		"Feedback-ID: a:b:c:exampleorg\r\n" +
		"Auto-Submitted: auto-generated\r\nPrecedence: bulk\r\nMIME-Version: 1.0\r\n" +
		"Content-Type: text/plain; charset=utf-8\r\nContent-Transfer-Encoding: quoted-printable\r\n"
	body = "Two  spaces,\ta tab\r\n\r\n  in front\r\nend\r\n"
	when = time.Date(2026, 11, 22, 6, 0, 13, 0, time.UTC)
)

func signer(t testing.TB, kind string) *Signer {
	t.Helper()
	key, pemKey, err := Generate(kind, rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	parsed, err := ParseKey(pemKey)
	if err != nil {
		t.Fatal(err)
	}
	if !parsed.Public().(interface{ Equal(crypto.PublicKey) bool }).Equal(key.Public()) {
		t.Fatal("the PEM form has another key")
	}
	s, err := NewSigner("example.org", "digest", parsed)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func sign(t testing.TB, s *Signer, header, body string) string {
	t.Helper()
	hash := sha256.Sum256(RelaxedBody([]byte(body)))
	sig, err := s.Sign(nil, []byte(header+"\r\n"), hash[:], when)
	if err != nil {
		t.Fatal(err)
	}
	return string(sig)
}

func verify(t *testing.T, s *Signer, msg string) error {
	t.Helper()
	record, err := Record(s.Public())
	if err != nil {
		t.Fatal(err)
	}
	results, err := dkim.VerifyWithOptions(strings.NewReader(msg), &dkim.VerifyOptions{
		LookupTXT: func(name string) ([]string, error) {
			if name != s.Name() {
				t.Errorf("looked up %s", name)
			}
			return []string{record}, nil
		},
	})
	if err != nil {
		return err
	}
	if len(results) != 1 {
		t.Fatalf("%d signatures", len(results))
	}
	return results[0].Err
}

func TestAnotherImplementationVerifies(t *testing.T) {
	drop := func(names ...string) string {
		var kept []string
		for _, f := range strings.SplitAfter(strings.ReplaceAll(sample, "\r\n ", "\x00"), "\r\n") {
			keep := true
			for _, n := range names {
				keep = keep && !strings.HasPrefix(f, n+":")
			}
			if keep {
				kept = append(kept, f)
			}
		}
		return strings.ReplaceAll(strings.Join(kept, ""), "\x00", "\r\n ")
	}
	for _, kind := range []string{"rsa", "ed25519"} {
		s := signer(t, kind)
		for name, header := range map[string]string{
			"all":          sample,
			"no one-click": drop("List-Unsubscribe-Post"),
			"no list":      drop("List-Unsubscribe-Post", "List-Unsubscribe", "List-Id"),
			"multipart":    drop("Content-Transfer-Encoding"),
			"reply-to":     "Reply-To: desk@example.org\r\n" + sample,
		} {
			sig := sign(t, s, header, body)
			for line := range strings.SplitSeq(sig, "\r\n") {
				if len(line) > 78 {
					t.Errorf("line of %d bytes: %s", len(line), line)
				}
			}
			if sig != sign(t, s, header, body) {
				t.Errorf("%s, %s: the second signature differs", kind, name)
			}
			if err := verify(t, s, sig+header+"\r\n"+body); err != nil {
				t.Errorf("%s, %s: %v", kind, name, err)
			}
			if err := verify(t, s, sig+header+"\r\n"+body+"x\r\n"); err == nil {
				t.Errorf("%s, %s: a changed body passed", kind, name)
			}
			for _, added := range []string{"Subject", "From", "To", "Reply-To", "List-Unsubscribe", "List-Unsubscribe-Post", "Content-Type"} {
				if err := verify(t, s, sig+added+": added\r\n"+header+"\r\n"+body); err == nil {
					t.Errorf("%s, %s: an added %s passed", kind, name, added)
				}
			}
		}
	}
}

func TestRelaxedBody(t *testing.T) {
	for in, want := range map[string]string{
		"a  b\t\tc \r\n":    "a b c\r\n",
		"  a\r\n\r\n b\r\n": " a\r\n\r\n b\r\n",
		"":                  "",
		" \t\r\nx\r\n":      "\r\nx\r\n",
	} {
		if got := string(RelaxedBody([]byte(in))); got != want {
			t.Errorf("RelaxedBody(%q) = %q, want %q", in, got, want)
		}
	}
}

func TestRelaxedHeader(t *testing.T) {
	for in, want := range map[string]string{
		"Subject:  Cranes \t move\r\n again \r\n": "subject:Cranes move again",
		"Subject: 10\u00a0000 cranes\v\u3000\r\n": "subject:10\u00a0000 cranes\v\u3000", // no white space of RFC 5322
		"X:\r\n": "x:",
	} {
		fields := split([]byte(in))
		if got := string(appendRelaxed(nil, fields[0])); len(fields) != 1 || got != want {
			t.Errorf("%q: %q, want %q", in, got, want)
		}
	}
}

func TestSignerIDs(t *testing.T) {
	s := signer(t, "ed25519")
	other, err := NewSigner("example.org", "other", s.key)
	if err != nil {
		t.Fatal(err)
	}
	again, err := NewSigner("example.org", "digest", s.key)
	if err != nil {
		t.Fatal(err)
	}
	if s.ID() == other.ID() || s.ID() == signer(t, "ed25519").ID() || s.ID() != again.ID() {
		t.Error("IDs don't tell signers apart")
	}
}

func TestNewSignerRefuses(t *testing.T) {
	key := signer(t, "ed25519").key
	for _, names := range [][2]string{{"", "s"}, {"example.org", ""}, {"example.org; x=", "s"}, {"exa\r\nmple", "s"}} {
		if _, err := NewSigner(names[0], names[1], key); err == nil {
			t.Errorf("%q was taken", names)
		}
	}
}

func TestParseKey(t *testing.T) {
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		t.Fatal(err)
	}
	old := pem.EncodeToMemory(&pem.Block{Type: "RSA PRIVATE KEY", Bytes: x509.MarshalPKCS1PrivateKey(key)})
	got, err := ParseKey(old)
	if err != nil || !key.Equal(got) {
		t.Errorf("PKCS#1: %v", err)
	}
	for _, bad := range [][]byte{nil, []byte("secret"), bytes.Replace(old, []byte("MII"), []byte("MIX"), 1),
		pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: []byte("junk")})} {
		if _, err := ParseKey(bad); err == nil {
			t.Errorf("%.40q was taken", bad)
		}
	}
}

func TestCheckRecord(t *testing.T) {
	s, other := signer(t, "rsa"), signer(t, "rsa")
	good, err := Record(s.Public())
	if err != nil {
		t.Fatal(err)
	}
	wrong, err := Record(other.Public())
	if err != nil {
		t.Fatal(err)
	}
	ed, err := Record(ed25519.PublicKey(make([]byte, 32)))
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		records []string
		want    string // in the error; empty: none
	}{
		{[]string{good}, ""},
		{[]string{strings.Replace(good, "k=rsa; ", "", 1)}, ""},
		{[]string{strings.ReplaceAll(good, "; ", " ;") + "; t=s;"}, ""},
		{nil, "no TXT record"},
		{[]string{good, good}, "2 TXT records"},
		{[]string{wrong}, "another public key"},
		{[]string{ed}, `type "ed25519"`},
		{[]string{"v=DKIM1; p="}, "revoked"},
		{[]string{"v=DKIM1; k=rsa"}, "no p= tag"},
		{[]string{"v=DKIM2; p=AA"}, `version "DKIM2"`},
		{[]string{"v=DKIM1; p=***"}, "not base64"},
		{[]string{"v=spf1 -all"}, "version"},
		{[]string{"hello"}, "where a tag belongs"},
	} {
		err := CheckRecord(c.records, s.Public())
		if (c.want == "") != (err == nil) || (err != nil && !strings.Contains(err.Error(), c.want)) {
			t.Errorf("CheckRecord(%.60q) = %v, want %q", c.records, err, c.want)
		}
	}
	line := ZoneLine(s.Name(), good)
	if !strings.HasPrefix(line, "digest._domainkey.example.org. IN TXT ( \"v=DKIM1; k=rsa; p=") {
		t.Error(line)
	}
	var joined string
	for i, part := range strings.Split(line, `"`) {
		if i%2 == 1 {
			joined += part
			if len(part) > 255 {
				t.Errorf("string of %d bytes", len(part))
			}
		}
	}
	if joined != good {
		t.Errorf("the zone line says %s", joined)
	}
}

// TestSigningTakesLittleMemory bounds what a signature of each mail makes beside itself.
func TestSigningTakesLittleMemory(t *testing.T) {
	s, hash := signer(t, "ed25519"), sha256.Sum256([]byte(body))
	header := []byte(sample)
	if n := testing.AllocsPerRun(100, func() {
		if _, err := s.Sign(nil, header, hash[:], when); err != nil {
			t.Fatal(err)
		}
	}); n > 40 {
		t.Errorf("%v pieces of memory", n)
	}
	if string(header) != sample {
		t.Error("the header is another one now")
	}
}

func BenchmarkSign(b *testing.B) {
	for _, kind := range []string{"rsa", "ed25519"} {
		b.Run(kind, func(b *testing.B) {
			s := signer(b, kind)
			b.RunParallel(func(p *testing.PB) {
				hash := sha256.Sum256([]byte(body))
				for p.Next() {
					if _, err := s.Sign(nil, []byte(sample), hash[:], when); err != nil {
						b.Fatal(err)
					}
				}
			})
		})
	}
}
