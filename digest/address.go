package digest

import (
	"net/netip"
	"strings"
)

// localDomains are names that mean another machine in each network, or none (RFC 6761, RFC 6762, RFC 8375).
var localDomains = []string{"localhost", "local", "localdomain", "internal", "intranet", "private", "corp", "home",
	"lan", "home.arpa"}

// carrierNAT are the addresses that carriers give to their customers (RFC 6598).
var carrierNAT = netip.MustParsePrefix("100.64.0.0/10")

// PublicHost reports whether a host of an address can be one on the internet: a mail that shows what is on
// another one makes its reader's program ask in the reader's own network.
func PublicHost(host string) bool {
	host = strings.ToLower(strings.TrimSuffix(host, "."))
	if addr, err := netip.ParseAddr(strings.Trim(host, "[]")); err == nil {
		addr = addr.Unmap()
		return addr.IsGlobalUnicast() && !addr.IsPrivate() && !carrierNAT.Contains(addr) &&
			(!addr.Is4() || addr.As4()[0] != 0)
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
