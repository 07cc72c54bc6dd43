package config

import (
	"fmt"
	"net/netip"
)

// Web is [web].
type Web struct {
	Listen         string
	BaseURL        string // no trailing slash
	Metrics        string // where health and metrics are answered; empty: health alone, at Listen
	Index          bool   // search engines may list the public pages
	SignUp         bool   // new readers sign up on a page
	SignUpLimit    Rate   // of the mails that ask them to confirm
	Welcome        bool   // the latest edition goes to them at once
	TrustedProxies []netip.Prefix
}

func webKeys(w *Web) []key {
	return []key{
		text("listen", &w.Listen, `"127.0.0.1:8080"`, "host:port",
			"Where to listen, behind a reverse proxy. Changing it needs a restart.", listen),
		need(text("base_url", &w.BaseURL, "", "URL", "How readers reach it: the address that stands in the mail.", baseURL)),
		text("metrics", &w.Metrics, `""`, "host:port",
			"Where to answer `/healthz` and `/metrics`, which are nothing for readers: an address of its own, "+
				"or that of listen. Empty: `/healthz` alone, at listen. Changing it needs a restart.", listen),
		boolean("index", &w.Index, "false", "Search engines may list the archive. Without it, its pages ask them not to."),
		boolean("sign_up", &w.SignUp, "false",
			"A page at base_url/subscribe where new readers sign up. Each gets a mail that asks them to "+
				"confirm."),
		rate("sign_up_limit", &w.SignUpLimit, `"60/h"`,
			"Such mails at most, over all. An address gets one an hour and three a day; one network, 10 an "+
				"hour."),
		boolean("welcome", &w.Welcome, "false",
			"Send the latest edition to whoever has signed up, at once. Without it their first is the next."),
		list("trusted_proxies", &w.TrustedProxies, "[]", "list of networks",
			"The reverse proxies whose X-Forwarded-For says where a request comes from: [\"127.0.0.1/32\"].", func(r *reader, v *value) (netip.Prefix, bool) {
				return network(r, v, "trusted_proxies")
			}),
	}
}

// network reads a network as CIDR writes it.
func network(r *reader, v *value, name string) (netip.Prefix, bool) {
	if !r.is(v, name, textKind, `"192.168.1.0/24"`) {
		return netip.Prefix{}, false
	}
	p, err := netip.ParsePrefix(v.text)
	if err != nil {
		hint := ""
		if a, err := netip.ParseAddr(v.text); err == nil && a.Zone() == "" {
			hint = fmt.Sprintf("; that address alone is %q", netip.PrefixFrom(a, a.BitLen()))
		}
		r.bad(v, name, fmt.Errorf(`must name networks such as "192.168.1.0/24", not %q%s`, shorten(v.text), hint))
		return netip.Prefix{}, false
	}
	return p.Masked(), true
}
