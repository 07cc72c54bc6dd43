package render

import (
	"net/url"
	"path"
	"strings"

	"digestd/digest"
)

// webURL returns an address of a story that may be a link: absolute, http or https, with a host, of
// printable ASCII. collect has resolved and checked it before; this is the second guard.
func webURL(s string) (string, bool) { return checkURL(s, "http", "https") }

// proseURL is webURL for the links in a summary, where mailto is allowed too.
func proseURL(s string) (string, bool) { return checkURL(s, "http", "https", "mailto") }

func checkURL(s string, schemes ...string) (string, bool) {
	s = strings.TrimSpace(s)
	u, err := url.Parse(s)
	if err != nil {
		return "", false
	}
	for _, scheme := range schemes {
		if !strings.EqualFold(u.Scheme, scheme) {
			continue
		}
		if scheme == "mailto" && !strings.Contains(u.Opaque, "@") || scheme != "mailto" && u.Hostname() == "" {
			return "", false
		}
		return escapeURL(s), true
	}
	return "", false
}

// escapeURL percent-encodes what may not stand in an address and would end it in plain text.
func escapeURL(s string) string {
	const hex = "0123456789ABCDEF"
	bad := func(c byte) bool { return c <= ' ' || c >= 0x7f || strings.IndexByte("\"<>\\^`{|}", c) >= 0 }
	i := 0
	for i < len(s) && !bad(s[i]) {
		i++
	}
	if i == len(s) {
		return s
	}
	var b strings.Builder
	b.WriteString(s[:i])
	for ; i < len(s); i++ {
		if c := s[i]; bad(c) {
			b.Write([]byte{'%', hex[c>>4], hex[c&15]})
		} else {
			b.WriteByte(c)
		}
	}
	return b.String()
}

// pictureURL returns the address of a picture that every client can show: https, and not of a type
// that Outlook's Word engine or old phones leave as a hole, and never in the reader's own network.
func pictureURL(s string) (string, bool) {
	s, ok := checkURL(s, "https")
	if !ok {
		return "", false
	}
	u, err := url.Parse(s)
	if err != nil || !digest.PublicHost(u.Hostname()) {
		return "", false
	}
	switch strings.ToLower(path.Ext(u.Path)) {
	case ".svg", ".svgz", ".webp", ".avif", ".heic", ".jxl", ".bmp", ".tif", ".tiff", ".gif":
		return "", false
	}
	if strings.Contains(strings.ToLower(u.RawQuery), "webp") || strings.Contains(strings.ToLower(u.RawQuery), "avif") {
		return "", false
	}
	return s, true
}
