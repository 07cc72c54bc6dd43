package collect

import (
	"net/netip"
	"net/url"
	"path"
	"strings"

	"golang.org/x/net/idna"
	"golang.org/x/net/publicsuffix"

	"digestd/digest"
	"digestd/internal/lazyregexp"
)

// maxURL bounds an address, in bytes; longer ones are data in disguise.
const maxURL = 2048

// resolve reads an address as a browser would, relative to base where that is known, and returns it
// only if it is http or https with a host and no user name, which would hide where it leads.
func resolve(base *url.URL, ref string) *url.URL {
	ref = mendReference(base, cleanReference(ref))
	if ref == "" || len(ref) > maxURL {
		return nil
	}
	u, err := url.Parse(ref)
	if err != nil {
		if u, err = url.Parse(escapePercents(ref)); err != nil {
			return nil
		}
	}
	if !u.IsAbs() {
		if base == nil || u.Opaque != "" {
			return nil
		}
		u = base.ResolveReference(u)
	}
	if u.Scheme != "http" && u.Scheme != "https" || u.Hostname() == "" || u.User != nil || u.Opaque != "" {
		return nil
	}
	if !isASCII(u.Host) {
		host, err := idna.Lookup.ToASCII(u.Hostname())
		if err != nil || host == "" {
			return nil
		}
		if port := u.Port(); port != "" {
			host += ":" + port
		}
		u.Host = host
	}
	if !isHost(u.Hostname()) {
		return nil
	}
	u.RawQuery = escapeRest(u.RawQuery)
	if len(u.String()) > maxURL { // escaping made it longer, or the base did
		return nil
	}
	return u
}

// link resolves the address of an item, an anchor or a picture; empty when it may not be followed.
func link(base *url.URL, ref string) string {
	u := resolve(base, ref)
	if u == nil {
		return ""
	}
	// Most addresses are fine as they are; they stay byte for byte, since other feeds and later
	// polls are compared with them.
	if clean := mendReference(base, cleanReference(ref)); clean == strings.TrimSpace(ref) && isPlainURL(clean) &&
		strings.HasPrefix(clean, u.Scheme+"://") {
		return clean
	}
	return u.String()
}

// destination is the address to which a redirector leads, where its own has it; else the address as it is. Of a page
// that two feeds reach on two ways, both have one address then.
func destination(address string) string {
	u, err := url.Parse(address)
	if err != nil || u.RawQuery == "" || !redirectors[strings.ToLower(path.Base(u.Path))] {
		return address
	}
	query := u.Query()
	for _, name := range []string{"url", "u", "q", "to", "target", "dest", "destination"} {
		if target := link(nil, query.Get(name)); target != "" {
			return target
		}
	}
	return address
}

// published is an address with the site's host in the place of one that is not on the internet: of the machine that
// a generator ran on, http://localhost:1313/ or http://default/.
func published(address string, site *url.URL) string {
	u, err := url.Parse(address)
	if err != nil || address == "" || site == nil || digest.PublicHost(u.Hostname()) || !digest.PublicHost(site.Hostname()) {
		return address
	}
	u.Scheme, u.Host = site.Scheme, site.Host
	return u.String()
}

// redirectors are the last parts of the paths at which services count who follows a link.
var redirectors = wordSet("url l.php link.php redirect redirect.php redir away away.php out out.php click click.php " +
	"goto go r")

// anchor is link for an <a> of a text, where mailto is welcome too. A mail address takes no headers
// along: "?bcc=" would write to somebody else.
func anchor(base *url.URL, ref string) string {
	clean := cleanReference(ref)
	if len(clean) > 7 && strings.EqualFold(clean[:7], "mailto:") {
		address, _, _ := strings.Cut(clean[7:], "?")
		if len(address) > 254 || strings.Count(address, "@") != 1 || !isPlainURL(address) ||
			strings.ContainsAny(address, ",;%/&") {
			return ""
		}
		return "mailto:" + address
	}
	return link(base, ref)
}

// cleanReference drops what browsers drop: space around an address, tabs and line breaks inside. Any
// other control character makes it none.
func cleanReference(ref string) string {
	ref = strings.TrimFunc(ref, func(r rune) bool { return r <= ' ' || r == 0x7f || r == 0xa0 || r == 0xfeff })
	if strings.ContainsAny(ref, "\t\r\n") {
		ref = strings.NewReplacer("\t", "", "\r", "", "\n", "").Replace(ref)
	}
	ref = strings.ReplaceAll(ref, "&amp;", "&") // escaped once more than it was read
	for _, r := range ref {
		if r < ' ' || r >= 0x7f && r <= 0x9f || isBidiControl(r) {
			return ""
		}
	}
	return ref
}

var (
	// https:\\host, http:/host, http://https://host, https//host
	schemes = lazyregexp.New(`(?i)^/*(?:https?(?:[:;]/+|//+))*(https?)((?:[:;]/+|//+))([^/].*)$`)
	// https://host.examplehttps://host.example/page, https://host.example/https://host.example/page
	twoInOne = lazyregexp.New(`(?i)^https?://([^/?#]+?)/?(https?:/+([^/?#]+).*)$`)
	hostName = lazyregexp.New(`^[\pL\d_-]+(?:\.[\pL\d_-]+)*\.\pL[\pL\d-]+$`)
)

// mendReference mends what people and programs do to addresses: backslashes, slashes too few and too many,
// schemes that stand twice or not at all. What could be a path of the site stays one, unless it begins with
// "www." or with the name of the site itself.
func mendReference(base *url.URL, ref string) string {
	if len(ref) > maxURL || isInOrder(ref) {
		return ref
	}
	if end := strings.IndexAny(ref+"?", "?#"); strings.IndexByte(ref[:end], '\\') >= 0 {
		ref = strings.ReplaceAll(ref[:end], `\`, "/") + ref[end:]
	}
	if m := schemes.FindStringSubmatch(ref); m != nil {
		if host, _ := splitHost(m[3]); m[2] == "://" || hostName.MatchString(host) {
			ref = m[1] + "://" + m[3]
		}
		if m := twoInOne.FindStringSubmatch(ref); m != nil && hostName.MatchString(m[3]) &&
			(strings.EqualFold(m[1], m[3]) || !strings.Contains(ref, m[1]+"/")) {
			return mendReference(base, m[2])
		}
		return ref
	}
	host, rest := splitHost(ref)
	if host == "" || !hostName.MatchString(host) {
		return ref
	}
	named := &url.URL{Scheme: "https", Host: host}
	if base != nil {
		named.Scheme = base.Scheme
	}
	if strings.HasPrefix(strings.ToLower(host), "www.") && strings.Count(host, ".") > 1 ||
		base != nil && sameSite(named, base) {
		return named.Scheme + "://" + host + rest
	}
	return ref
}

// isInOrder reports whether there is nothing to mend in an address, as in most.
func isInOrder(ref string) bool {
	rest, found := strings.CutPrefix(ref, "https://")
	if !found {
		rest, found = strings.CutPrefix(ref, "http://")
	}
	return found && !strings.HasPrefix(rest, "/") && !strings.Contains(rest, "http") && !strings.Contains(rest, `\`)
}

// splitHost splits what may be a host off the beginning of an address.
func splitHost(ref string) (host, rest string) {
	end := strings.IndexAny(ref+"/", "/?#:")
	return ref[:end], ref[end:]
}

// sameSite reports whether two addresses belong to one registered domain.
func sameSite(a, b *url.URL) bool {
	if strings.EqualFold(a.Hostname(), b.Hostname()) {
		return true
	}
	one, err1 := publicsuffix.EffectiveTLDPlusOne(strings.ToLower(a.Hostname()))
	two, err2 := publicsuffix.EffectiveTLDPlusOne(strings.ToLower(b.Hostname()))
	return err1 == nil && err2 == nil && one == two
}

func isASCII(s string) bool {
	for i := range len(s) {
		if s[i] >= 0x80 {
			return false
		}
	}
	return true
}

// isHost reports whether s can name a host: letters, digits and what names have between them, or an
// IPv6 address. net/url lets more pass.
func isHost(s string) bool {
	if strings.Contains(s, ":") {
		_, err := netip.ParseAddr(s)
		return err == nil
	}
	for i := range len(s) {
		c := s[i]
		if (c|0x20 < 'a' || c|0x20 > 'z') && (c < '0' || c > '9') && c != '.' && c != '-' && c != '_' {
			return false
		}
	}
	return s != ""
}

// isPlainURL reports whether s consists of characters that a URL may hold as they are (RFC 3986 §2).
func isPlainURL(s string) bool {
	for i := range len(s) {
		if c := s[i]; c <= ' ' || c >= 0x7f || strings.IndexByte("\"<>\\^`{|}", c) >= 0 ||
			c == '%' && !beginsEscape(s[i:]) {
			return false
		}
	}
	return true
}

// escapePercents escapes the percent signs that begin no escape: "50%-off".
func escapePercents(s string) string {
	var b strings.Builder
	for i := range len(s) {
		b.WriteByte(s[i])
		if s[i] == '%' && !beginsEscape(s[i:]) {
			b.WriteString("25")
		}
	}
	return b.String()
}

// beginsEscape reports whether a percent sign begins an escape (RFC 3986 §2.1).
func beginsEscape(s string) bool { return len(s) > 2 && isHex(s[1]) && isHex(s[2]) }

func isHex(c byte) bool { return c >= '0' && c <= '9' || c|0x20 >= 'a' && c|0x20 <= 'f' }

// escapeRest percent-encodes what may not stand in a query; net/url does it for the path alone.
func escapeRest(s string) string {
	if isPlainURL(s) {
		return s
	}
	const hex = "0123456789ABCDEF"
	var b strings.Builder
	for i := range len(s) {
		if c := s[i]; c <= ' ' || c >= 0x7f || strings.IndexByte("\"<>\\^`{|}", c) >= 0 {
			b.Write([]byte{'%', hex[c>>4], hex[c&15]})
		} else {
			b.WriteByte(c)
		}
	}
	return b.String()
}
