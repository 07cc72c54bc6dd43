package render

import (
	"net/url"
	"path"
	"strings"

	"digestd/digest"
)

// webURL returns an address of a story that may be a link: absolute, http or https, with a host, of
// printable ASCII. collect has resolved and checked it before; this is the second guard.
func webURL(s string) (string, bool) {
	s, ok := checkURL(s, "http", "https")
	return untracked(s), ok
}

// proseURL is webURL for the links in a summary, where mailto is allowed too.
func proseURL(s string) (string, bool) {
	s, ok := checkURL(s, "http", "https", "mailto")
	return untracked(s), ok
}

// untracked is an address without the parameters that only follow readers. All else stays as the outlet wrote it, byte for
// byte: some servers mind the order of parameters, or how they are escaped.
func untracked(s string) string {
	before, fragment, hasFragment := strings.Cut(s, "#")
	if hasFragment {
		fragment = kept(fragment) // "#xtor=RSS-1", "#utm_source=rss"
	}
	page, query, hasQuery := strings.Cut(before, "?")
	if hasQuery && query != "" {
		if query = kept(query); query != "" {
			page += "?" + query
		}
	} else if hasQuery {
		page += "?"
	}
	if fragment != "" || hasFragment && strings.HasSuffix(s, "#") {
		page += "#" + fragment
	}
	return page
}

// fromFeed are values by which a parameter that may mean anything elsewhere tells that a reader came from a feed.
var fromFeed = map[string]bool{"rss": true, "feed": true, "rss_feed": true, "rssfeed": true, "feeds": true, "atom": true, "rss20": true, "newsletter": true}

// kept is what of a query does not only follow readers.
func kept(query string) string {
	var out []string
	for pair := range strings.SplitSeq(query, "&") {
		name, value, _ := strings.Cut(pair, "=")
		name = strings.ToLower(name)
		switch name {
		case "ref", "source", "src", "from", "via", "cmp", "campaign", "partner", "referrer":
			if fromFeed[strings.ToLower(value)] {
				continue
			}
		}
		if !digest.Tracks(name) {
			out = append(out, pair)
		}
	}
	return strings.Join(out, "&")
}

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
