package digest

import (
	"net/netip"
	"slices"
	"strings"
)

// localDomains are names that mean another machine in each network, or none (RFC 6761, RFC 6762, RFC 8375).
var localDomains = []string{"localhost", "local", "localdomain", "internal", "intranet", "private", "corp", "home",
	"lan", "home.arpa"}

// notPublic are addresses beside the private ones that may mean one of the reader's own network: those that carriers give
// to their customers (RFC 6598), those of IPv4 in IPv6 (RFC 6052, RFC 8215, RFC 3056), and local ones of old (RFC 3879).
var notPublic = []netip.Prefix{netip.MustParsePrefix("100.64.0.0/10"), netip.MustParsePrefix("64:ff9b::/96"),
	netip.MustParsePrefix("64:ff9b:1::/48"), netip.MustParsePrefix("2002::/16"), netip.MustParsePrefix("fec0::/10")}

// PublicHost reports whether a host of an address can be one on the internet: a mail that shows what is on
// another one makes its reader's program ask in the reader's own network.
func PublicHost(host string) bool {
	host = strings.ToLower(strings.TrimSuffix(host, "."))
	if addr, err := netip.ParseAddr(strings.Trim(host, "[]")); err == nil {
		addr = addr.Unmap()
		return addr.IsGlobalUnicast() && !addr.IsPrivate() && (!addr.Is4() || addr.As4()[0] != 0) &&
			!slices.ContainsFunc(notPublic, func(p netip.Prefix) bool { return p.Contains(addr) })
	}
	last := host[strings.LastIndexByte(host, '.')+1:]
	if last == host || last == "" || last[0] >= '0' && last[0] <= '9' { // "server", "127.1", "0x7f.0.0.1"
		return false
	}
	for _, domain := range localDomains {
		if strings.HasSuffix(host, "."+domain) {
			return false
		}
	}
	return true
}
