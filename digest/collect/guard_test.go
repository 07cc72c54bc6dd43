package collect

import (
	"errors"
	"net/netip"
	"testing"
)

func TestGuard(t *testing.T) {
	t.Parallel()
	allowed := guard{allowed: []netip.Prefix{netip.MustParsePrefix("10.1.0.0/16"), netip.MustParsePrefix("fd00:1::/32")}}
	for _, row := range []struct {
		address string
		refused bool
	}{
		{"93.184.216.34", false}, {"1.1.1.1", false}, {"172.15.255.255", false}, {"172.32.0.1", false}, {"100.63.255.255", false},
		{"100.128.0.1", false}, {"192.0.1.1", false}, {"198.17.0.1", false}, {"223.255.255.254", false}, {"169.253.0.1", false},
		{"2606:2800:220:1::1", false}, {"2001:4860:4860::8888", false}, {"2a00:1450::1", false},
		{"0.0.0.0", true}, {"0.1.2.3", true}, {"10.0.0.1", true}, {"100.64.0.1", true}, {"100.127.255.254", true}, {"127.0.0.1", true}, {"127.255.0.1", true},
		{"169.254.169.254", true}, {"172.16.0.1", true}, {"172.31.255.255", true}, {"192.0.0.170", true}, {"192.0.2.1", true}, {"192.88.99.1", true},
		{"192.168.1.1", true}, {"198.18.0.1", true}, {"198.51.100.7", true}, {"203.0.113.9", true}, {"224.0.0.1", true}, {"239.255.255.250", true},
		{"240.0.0.1", true}, {"255.255.255.255", true},
		{"::", true}, {"::1", true}, {"::127.0.0.1", true}, {"::ffff:127.0.0.1", true}, {"::ffff:169.254.169.254", true}, {"::ffff:0:127.0.0.1", true},
		{"64:ff9b::7f00:1", true}, {"64:ff9b::808:808", true}, {"64:ff9b:1::1", true}, {"100::1", true}, {"2001::1", true}, {"2001:db8::1", true},
		{"2002:7f00:1::1", true}, {"2002:808:808::1", true}, {"fc00::1", true}, {"fd12::1", true}, {"fe80::1%eth0", true}, {"fec0::1", true}, {"ff02::1", true},
		{"::ffff:8.8.8.8", false}, // the same host as 8.8.8.8
		// What the config allows, and nothing beside it.
		{"10.1.2.3", false}, {"::ffff:10.1.2.3", false}, {"10.2.0.1", true}, {"fd00:1::5", false}, {"fd00:2::5", true}, {"64:ff9b::10.1.2.3", true},
	} {
		err := allowed.check(netip.MustParseAddr(row.address))
		if refused := errors.Is(err, ErrForbidden); refused != row.refused {
			t.Errorf("%s: %v, want refused %v", row.address, err, row.refused)
		}
	}
	for _, address := range []string{"", "nonsense", "1.2.3.4", "/run/socket", "[::1]"} {
		if err := allowed.control("tcp", address, nil); !errors.Is(err, ErrForbidden) {
			t.Errorf("control %q: %v", address, err)
		}
	}
}
