package subscribers

import (
	"errors"
	"strings"
	"unicode"

	"golang.org/x/net/idna"
	"golang.org/x/text/unicode/norm"
)

// ParsePublicAddress is ParseAddress for what anybody may type on a page. It refuses what may be an address, and is
// rather a mistake or a trick: names within a house, characters that only look like others (compatibility forms,
// scripts that are mixed in one word), and marks and signs that nobody sees.
func ParsePublicAddress(s string) (string, error) {
	address, err := ParseAddress(s)
	if err != nil {
		return "", err
	}
	if norm.NFKC.String(s) != s || strings.Contains(s, "=?") {
		return "", errors.New("has characters that stand for others")
	}
	typed := strings.ToLower(s[strings.LastIndexByte(s, '@')+1:])
	local, domain := s[:strings.LastIndexByte(s, '@')], address[strings.LastIndexByte(address, '@')+1:]
	if !strings.Contains(domain, ".") {
		return "", errors.New("has a domain that nobody outside of a house knows")
	}
	if last := domain[strings.LastIndexByte(domain, '.')+1:]; strings.Trim(last, "0123456789") == "" {
		return "", errors.New("has a number in place of a top-level domain")
	}
	shown, err := idna.Display.ToUnicode(domain)
	if err != nil {
		shown = domain
	}
	if typed != domain && typed != shown {
		return "", errors.New("has characters that stand for others, or that nobody sees")
	}
	for _, word := range append(strings.Split(shown, "."), local) {
		if mixed(word) {
			return "", errors.New("mixes scripts in one word")
		}
	}
	return address, nil
}

// Mailbox is the Key of an address without the tag after "+" that many servers let its owner choose.
func Mailbox(address string) string {
	local, domain, _ := strings.Cut(Key(address), "@")
	local, _, _ = strings.Cut(local, "+")
	return local + "@" + domain
}

// mixed reports whether the letters of a word are of scripts that no language writes together (UTS 39, single script).
func mixed(word string) bool {
	var found []string
	for _, r := range word {
		if r < 0x80 {
			if unicode.IsLetter(r) {
				found = append(found, "Latin")
			}
			continue
		}
		for name, table := range unicode.Scripts {
			if name != "Common" && name != "Inherited" && unicode.Is(table, r) {
				found = append(found, name)
			}
		}
	}
	for _, together := range []string{"Han Hiragana Katakana Latin", "Han Hangul Latin", "Han Bopomofo Latin"} {
		if within(found, together) {
			return false
		}
	}
	for _, name := range found {
		if name != found[0] {
			return true
		}
	}
	return false
}

func within(found []string, scripts string) bool {
	for _, name := range found {
		if !strings.Contains(scripts, name) {
			return false
		}
	}
	return true
}
