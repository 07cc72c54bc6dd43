// Package dkim signs messages (RFC 6376 with RSA, RFC 8463 with Ed25519), and makes keys and the DNS
// records that go with them. It knows nothing of what a message says.
//
// It signs by itself, though emersion/go-msgauth is a fine library that the tests verify with: that one
// puts the moment of signing into the signature, so a message sent twice would have two signatures and
// could not be the same byte for byte. And since a variant's body can be brought into canonical form
// once instead of once a reader, what remains is one hash and the signature itself.
package dkim

import (
	"bytes"
	"crypto"
	"crypto/ed25519"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/x509"
	"encoding/base64"
	"encoding/hex"
	"encoding/pem"
	"errors"
	"fmt"
	"io"
	"slices"
	"strconv"
	"strings"
	"time"
)

// Signer signs for a domain. It has no state and may be used by several goroutines.
type Signer struct {
	domain, selector string
	key              crypto.Signer
	algorithm        string
	id               string
}

// signed are the header fields that a signature covers. Those of always are named once more than they
// occur, so that nobody can add another one (RFC 6376 §5.4.2). RFC 8058 §4 asks for List-Unsubscribe and
// List-Unsubscribe-Post.
var (
	always = []string{"From", "To", "Reply-To", "Subject", "Date", "Message-ID", "MIME-Version", "Content-Type",
		"List-Id", "List-Unsubscribe", "List-Unsubscribe-Post"}
	whenThere = []string{"Content-Transfer-Encoding", "Feedback-ID", "Auto-Submitted", "Precedence",
		"List-Help", "List-Archive", "Archived-At"}
)

// Replaced are the fields that relays put values of their own into: Amazon SES both, Brevo, Postmark and MailerSend the
// Message-ID. A signature that covers them is broken by every such relay, and by DMARC the mail with it. RFC 6376
// §5.4.1 would like to have the Date covered, and asks for neither.
func Replaced() []string { return []string{"Date", "Message-ID"} }

// NewSigner makes a signer of a domain's key, an *rsa.PrivateKey of 1024 bits or more or an
// ed25519.PrivateKey. The selector tells where the DNS has its public half.
func NewSigner(domain, selector string, key crypto.Signer) (*Signer, error) {
	s := &Signer{domain: domain, selector: selector, key: key}
	switch k := key.(type) {
	case *rsa.PrivateKey:
		if k.N.BitLen() < 1024 {
			return nil, fmt.Errorf("DKIM key has %d bits; verifiers want 1024 or more (RFC 8301)", k.N.BitLen())
		}
		s.algorithm = "rsa-sha256"
	case ed25519.PrivateKey:
		s.algorithm = "ed25519-sha256"
	default:
		return nil, fmt.Errorf("DKIM key is a %T, neither RSA nor Ed25519", key)
	}
	for _, name := range []string{domain, selector} {
		if name == "" || strings.ContainsFunc(name,
			func(r rune) bool { return r <= ' ' || r > '~' || r == ';' || r == '=' }) {
			return nil, fmt.Errorf("DKIM domain %q and selector %q must be DNS names", domain, selector)
		}
	}
	public, err := x509.MarshalPKIXPublicKey(key.Public())
	if err != nil {
		return nil, fmt.Errorf("DKIM key: %w", err)
	}
	sum := sha256.Sum256(fmt.Appendf(public, "\n%s\n%s", domain, selector))
	s.id = hex.EncodeToString(sum[:8])
	return s, nil
}

// ID tells signers apart: by domain, selector and public key. Two signers of one ID make the same
// signature.
func (s *Signer) ID() string { return s.id }

// Name is where the DNS has the public key: "digest._domainkey.example.org".
func (s *Signer) Name() string { return s.selector + "._domainkey." + s.domain }

// Public is the public half of the key.
func (s *Signer) Public() crypto.PublicKey { return s.key.Public() }

// Sign appends the DKIM-Signature field, its line end included, for a message with that header block
// (CRLF, with or without the empty line at its end) and the SHA-256 of its body in relaxed form
// (RelaxedBody), without the fields that are named. The same input gives the same signature.
func (s *Signer) Sign(dst, header, bodyHash []byte, at time.Time, without ...string) ([]byte, error) {
	fields, names := split(header), make([]string, 0, 32)
	covered := make([]byte, 0, len(header)+1024) // and this signature's own field
	cover := func(name string, oversign bool) {
		// From the bottom up, as §5.4.2 has it.
		for i := len(fields) - 1; i >= 0; i-- {
			if bytes.EqualFold(fields[i].name, []byte(name)) {
				names = append(names, name)
				covered = append(appendRelaxed(covered, fields[i]), "\r\n"...)
			}
		}
		if oversign {
			names = append(names, name)
		}
	}
	for _, name := range always {
		if !slices.Contains(without, name) {
			cover(name, true)
		}
	}
	for _, name := range whenThere {
		cover(name, false)
	}
	start := len(dst)
	dst = append(dst, "DKIM-Signature: v=1; a="...)
	dst = append(dst, s.algorithm...)
	dst = append(dst, "; c=relaxed/relaxed; d="...)
	dst = append(dst, s.domain...)
	dst = append(dst, ";\r\n s="...)
	dst = append(dst, s.selector...)
	dst = append(dst, "; t="...)
	dst = strconv.AppendInt(dst, at.Unix(), 10)
	dst = append(dst, ";\r\n bh="...)
	dst = base64.StdEncoding.AppendEncode(dst, bodyHash)
	dst = append(dst, ";\r\n h="...)
	dst = appendNames(dst, names)
	dst = append(dst, ";\r\n b="...)
	digest := sha256.Sum256(appendRelaxed(covered, split(dst[start:])[0])) // without its line end (§3.7)
	opts := crypto.SignerOpts(crypto.SHA256)
	if s.algorithm == "ed25519-sha256" {
		opts = crypto.Hash(0) // RFC 8463 §3: the digest is what is signed
	}
	sig, err := s.key.Sign(rand.Reader, digest[:], opts) // neither scheme draws from it
	if err != nil {
		return dst[:start], fmt.Errorf("DKIM signature of %s: %w", s.domain, err)
	}
	text := base64.StdEncoding.EncodeToString(sig)
	for room := 74; len(text) > room; room = 76 {
		dst = append(dst, text[:room]...)
		dst = append(dst, "\r\n "...)
		text = text[room:]
	}
	dst = append(dst, text...)
	return append(dst, "\r\n"...), nil
}

// appendNames writes the h= tag, folded between names: white space is allowed around the colons only,
// and verifiers that unfold a name cut in two find another one.
func appendNames(dst []byte, names []string) []byte {
	col := len(" h=")
	for i, name := range names {
		if i > 0 {
			dst = append(dst, ':')
			col++
			if col+len(name)+1 > 76 {
				dst = append(dst, "\r\n  "...)
				col = 2
			}
		}
		dst = append(dst, name...)
		col += len(name)
	}
	return dst
}

type field struct{ name, value []byte }

// split cuts a header block into its fields, folded values left as they are.
func split(header []byte) []field {
	fields := make([]field, 0, 32)
	for len(header) > 0 {
		end := 0 // of the field: a line end that no white space follows
		for {
			line, rest, _ := bytes.Cut(header[end:], []byte("\r\n"))
			if end += len(line); len(rest) == 0 || rest[0] != ' ' && rest[0] != '\t' {
				break
			}
			end += len("\r\n")
		}
		if name, value, ok := bytes.Cut(header[:end], []byte(":")); ok {
			fields = append(fields, field{bytes.TrimSpace(name), value})
		}
		header = header[min(end+len("\r\n"), len(header)):]
	}
	return fields
}

// appendRelaxed appends a field in relaxed form (§3.4.2), without a line end.
func appendRelaxed(b []byte, f field) []byte {
	b = append(append(b, bytes.ToLower(f.name)...), ':')
	first := true
	for word := range bytes.FieldsFuncSeq(f.value, isFolding) {
		if !first {
			b = append(b, ' ')
		}
		b, first = append(b, word...), false
	}
	return b
}

// isFolding reports whether a rune is white space of a header or of its line ends: no other is, however blank it looks.
func isFolding(r rune) bool { return r == ' ' || r == '\t' || r == '\r' || r == '\n' }

// RelaxedBody brings a body, or a piece of one that neither begins nor ends inside white space, into
// relaxed form (§3.4.4). Empty lines at the end of the body are the caller's to leave out.
func RelaxedBody(b []byte) []byte {
	out := make([]byte, 0, len(b))
	space := false
	for _, c := range b {
		switch c {
		case ' ', '\t':
			space = true
			continue
		case '\r':
			space = false
		}
		if space {
			out = append(out, ' ')
			space = false
		}
		out = append(out, c)
	}
	return out
}

// ParseKey reads a private key: PEM with PKCS#8 (RSA or Ed25519) or PKCS#1 (RSA).
func ParseKey(data []byte) (crypto.Signer, error) {
	block, _ := pem.Decode(data)
	if block == nil {
		return nil, errors.New("no PEM block: a DKIM key file begins with -----BEGIN PRIVATE KEY-----")
	}
	if block.Type == "RSA PRIVATE KEY" {
		key, err := x509.ParsePKCS1PrivateKey(block.Bytes)
		if err != nil {
			return nil, fmt.Errorf("DKIM key: %w", err)
		}
		return key, nil
	}
	parsed, err := x509.ParsePKCS8PrivateKey(block.Bytes)
	if err != nil {
		return nil, fmt.Errorf("DKIM key in a %q block: %w", block.Type, err)
	}
	key, ok := parsed.(crypto.Signer)
	if !ok {
		return nil, fmt.Errorf("DKIM key is a %T, which can't sign", parsed)
	}
	return key, nil
}

// Generate makes a key and its PEM form. Kind is "rsa" (2048 bits) or "ed25519".
func Generate(kind string, random io.Reader) (crypto.Signer, []byte, error) {
	var key crypto.Signer
	var err error
	switch kind {
	case "rsa":
		key, err = rsa.GenerateKey(random, 2048)
	case "ed25519":
		_, key, err = ed25519.GenerateKey(random)
	default:
		return nil, nil, fmt.Errorf("DKIM keys are rsa or ed25519, not %q", kind)
	}
	if err != nil {
		return nil, nil, fmt.Errorf("DKIM key: %w", err)
	}
	der, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		return nil, nil, fmt.Errorf("DKIM key: %w", err)
	}
	return key, pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: der}), nil
}
