package digest

import "testing"

func TestPublicHost(t *testing.T) {
	for host, want := range map[string]bool{
		"example.org": true, "img.example.org.": true, "local.example.org": true, "xn--bcher-kva.example": true, "9.example": true,
		"8.8.8.8": true, "2606:2800::1": true, "[2606:2800::1]": true, "::ffff:8.8.8.8": true,
		"": false, "localhost": false, "LOCALHOST.": false, "nas": false, "nas.local": false, "cms.internal": false, "printer.home.arpa": false,
		"router.lan": false, "a.localhost": false, "wiki.corp": false,
		"127.0.0.1": false, "127.1": false, "2130706433": false, "0x7f.0.0.1": false, "0.0.0.0": false, "0.1.2.3": false,
		"10.1.2.3": false, "192.168.1.4": false, "172.20.0.1": false, "169.254.169.254": false, "100.64.0.1": false, "224.0.0.1": false,
		"::1": false, "::": false, "fe80::1": false, "fe80::1%eth0": false, "fd00::1": false, "::ffff:192.168.1.4": false,
		"64:ff9b::c0a8:101": false, "2002:c0a8:101::1": false, "fec0::1": false,
	} {
		if got := PublicHost(host); got != want {
			t.Errorf("%q: %v", host, got)
		}
	}
}
