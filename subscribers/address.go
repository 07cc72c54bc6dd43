package subscribers

import (
	"errors"
	"fmt"
	"net/netip"
	"strings"
	"unicode"
	"unicode/utf8"

	"golang.org/x/net/idna"
	"golang.org/x/text/unicode/norm"
)

// The limits of RFC 5321 §4.5.3.1, in octets. 254 for the whole address is what fits a path of 256 with
// its angle brackets.
const (
	maxLocal   = 64
	maxAddress = 254
	maxDomain  = 253
	maxLabel   = 63
)

// ParseAddress checks a bare address (RFC 5321 §4.1.2, with the UTF-8 of RFC 6531 in the local part) and
// returns it with its domain in lower case and ASCII (IDNA2008). The local part stays as it is: what it
// means is its server's business. Stricter than the RFC where accepting helps nobody: no quoted local
// part, no address literal, no comment, no space around it.
func ParseAddress(s string) (string, error) {
	at := strings.LastIndexByte(s, '@')
	switch {
	case s == "":
		return "", errors.New("is empty")
	case len(s) > 4*maxAddress: // even if its domain is shorter in ASCII
		return "", fmt.Errorf("is longer than %d bytes", maxAddress)
	case !utf8.ValidString(s):
		return "", errors.New("is not valid UTF-8")
	case strings.ContainsFunc(s, unicode.IsControl):
		return "", errors.New("contains a control character or a line break")
	case strings.ContainsAny(s, "<>"):
		return "", errors.New("must be a bare address, without a name and angle brackets")
	case at < 0:
		return "", errors.New(`has no "@"`)
	}
	local, domain := s[:at], s[at+1:]
	if err := checkLocal(local); err != nil {
		return "", err
	}
	domain, err := ParseDomain(domain)
	if err != nil {
		return "", err
	}
	if len(local)+1+len(domain) > maxAddress {
		return "", fmt.Errorf("is longer than %d bytes", maxAddress)
	}
	if domain == s[at+1:] {
		return s, nil
	}
	return local + "@" + domain, nil
}

func checkLocal(local string) error {
	switch {
	case local == "":
		return errors.New(`has nothing before its "@"`)
	case len(local) > maxLocal:
		return fmt.Errorf(`has more than %d bytes before its "@"`, maxLocal)
	case local[0] == '"':
		return errors.New("has a quoted local part, which is not supported")
	case local[0] == '.' || local[len(local)-1] == '.' || strings.Contains(local, ".."):
		return errors.New(`has a dot at the start, at the end or twice in a row before its "@"`)
	}
	for _, r := range local {
		switch {
		case 'a' <= r && r <= 'z', 'A' <= r && r <= 'Z', '0' <= r && r <= '9', r == '.':
		case r < utf8.RuneSelf && strings.ContainsRune("!#$%&'*+-/=?^_`{|}~", r):
		case r >= utf8.RuneSelf && unicode.IsPrint(r): // excludes spaces and invisible characters
		default:
			return fmt.Errorf(`has %q before its "@", which must not stand there`, r)
		}
	}
	return nil
}

// domains maps and checks names as IDNA2008 does for a look-up: case folded, no characters that it
// disallows, STD3 host names only, DNS lengths.
var domains = idna.New(idna.MapForLookup(), idna.StrictDomainName(true), idna.VerifyDNSLength(true),
	idna.BidiRule(), idna.CheckJoiners(true))

// ParseDomain checks a host name and returns it in lower case and ASCII (IDNA2008). A name of one label
// is accepted, for mail within a house.
func ParseDomain(s string) (string, error) {
	if s == "" {
		return "", errors.New("has no domain")
	}
	if len(s) > 4*maxDomain { // even if it is shorter in ASCII; IDNA takes its time for long ones
		return "", fmt.Errorf("has a domain longer than %d bytes", maxDomain)
	}
	if s[0] == '[' {
		return "", errors.New("has an address literal for a domain, which is not supported")
	}
	if _, err := netip.ParseAddr(s); err == nil {
		return "", errors.New("has an IP address for a domain")
	}
	if plainDomain(s) {
		return s, nil
	}
	ascii, err := domains.ToASCII(s)
	if err != nil || !plainDomain(strings.ReplaceAll(ascii, "xn--", "xn-")) {
		return "", fmt.Errorf("has %q for a domain, which is no valid domain name", s)
	}
	return ascii, nil
}

// plainDomain reports whether s is a domain name that needs no mapping: the case of nearly every row
// of a long list, and much faster to say than IDNA is.
func plainDomain(s string) bool {
	if len(s) > maxDomain {
		return false
	}
	start := 0
	for i := 0; i <= len(s); i++ {
		if i < len(s) && s[i] != '.' {
			if c := s[i]; (c < 'a' || c > 'z') && (c < '0' || c > '9') && c != '-' {
				return false
			}
			continue
		}
		label := s[start:i]
		if label == "" || len(label) > maxLabel || label[0] == '-' || label[len(label)-1] == '-' ||
			strings.HasPrefix(label, "xn--") {
			return false
		}
		start = i + 1
	}
	return true
}

// Key is what two writings of one person's address have in common. Servers may tell local parts apart
// by case; none that people use does, and nobody wants the same edition twice.
func Key(address string) string {
	if isASCII(address) {
		return strings.ToLower(address)
	}
	return strings.ToLower(norm.NFC.String(address))
}

func isASCII(s string) bool {
	for i := 0; i < len(s); i++ {
		if s[i] >= utf8.RuneSelf {
			return false
		}
	}
	return true
}
