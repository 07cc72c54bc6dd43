package dkim

import (
	"bytes"
	"crypto"
	"crypto/ed25519"
	"crypto/rsa"
	"crypto/x509"
	"encoding/base64"
	"errors"
	"fmt"
	"strings"
)

// Record is the text of the DNS record of a public key (RFC 6376 §3.6.1).
func Record(public crypto.PublicKey) (string, error) {
	kind, raw, err := publicBytes(public)
	if err != nil {
		return "", err
	}
	return "v=DKIM1; k=" + kind + "; p=" + base64.StdEncoding.EncodeToString(raw), nil
}

// ZoneLine is the record as a zone file has it, in strings of 255 bytes at most.
func ZoneLine(name, record string) string {
	var b strings.Builder
	b.WriteString(name + ". IN TXT (")
	for len(record) > 255 {
		b.WriteString(" \"" + record[:255] + "\"\n\t")
		record = record[255:]
	}
	b.WriteString(" \"" + record + "\" )")
	return b.String()
}

// CheckRecord compares what the DNS has for a name, each TXT record's strings joined, with the public
// key. The error says what is wrong in words that fit after the name.
func CheckRecord(records []string, public crypto.PublicKey) error {
	kind, want, err := publicBytes(public)
	if err != nil {
		return err
	}
	switch len(records) {
	case 0:
		return errors.New("there is no TXT record; `digestd dkim keygen` prints the one to publish")
	case 1:
	default:
		return fmt.Errorf("there are %d TXT records; a DKIM key must be the only one at its name", len(records))
	}
	tags := map[string]string{"k": "rsa"}
	for tag := range strings.SplitSeq(records[0], ";") {
		name, value, ok := strings.Cut(tag, "=")
		if !ok {
			if strings.TrimSpace(tag) == "" {
				continue
			}
			return fmt.Errorf("the TXT record has %q where a tag belongs", strings.TrimSpace(tag))
		}
		tags[strings.TrimSpace(name)] = strings.Join(strings.Fields(value), "")
	}
	if v, ok := tags["v"]; ok && v != "DKIM1" {
		return fmt.Errorf("the TXT record is of version %q, not DKIM1", v)
	}
	if tags["k"] != kind {
		return fmt.Errorf("the TXT record has a key of type %q, but the key file one of type %q", tags["k"], kind)
	}
	p, ok := tags["p"]
	if !ok {
		return errors.New("the TXT record has no key (no p= tag)")
	}
	if p == "" {
		return errors.New("the TXT record says that the key was revoked (empty p= tag)")
	}
	have, err := base64.StdEncoding.DecodeString(p)
	if err != nil {
		return fmt.Errorf("the key in the TXT record is not base64: %w", err)
	}
	if !bytes.Equal(have, want) {
		return errors.New("the TXT record has another public key than the key file; publish the right one, or load the key that belongs to it")
	}
	return nil
}

// publicBytes is a public key as records have it: RSA as SubjectPublicKeyInfo, Ed25519 as 32 bare
// bytes (RFC 8463 §4).
func publicBytes(public crypto.PublicKey) (kind string, raw []byte, err error) {
	switch k := public.(type) {
	case *rsa.PublicKey:
		raw, err = x509.MarshalPKIXPublicKey(k)
		if err != nil {
			return "", nil, fmt.Errorf("DKIM key: %w", err)
		}
		return "rsa", raw, nil
	case ed25519.PublicKey:
		return "ed25519", k, nil
	}
	return "", nil, fmt.Errorf("DKIM key is a %T, neither RSA nor Ed25519", public)
}
