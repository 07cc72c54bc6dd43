package config

import (
	"fmt"
	"net/netip"
)

// Web is [web].
type Web struct {
	Listen         string
	BaseURL        string // no trailing slash
	Metrics        string // where health and metrics are answered; empty: nowhere
	Index          bool   // search engines may list the public pages
	SignUp         bool   // new readers sign up on a page
	SignUpLimit    Rate   // of the mails that ask them to confirm
	Welcome        bool   // the latest edition goes to them at once
	TrustedProxies []netip.Prefix
}

func webKeys() []key[Web] {
	return []key[Web]{
		text("listen", `"127.0.0.1:8080"`, "host:port", "Where to listen, behind a reverse proxy. Changing it needs a restart.",
			func(w *Web) *string { return &w.Listen }, listen),
		need(text("base_url", "", "URL", "How readers reach it: the address that stands in the mail.",
			func(w *Web) *string { return &w.BaseURL }, baseURL)),
		text("metrics", `""`, "host:port", "Where to answer `/healthz` and `/metrics`, which are nothing for readers: an address of its own, or that of listen. Empty: nowhere. Changing it needs a restart.",
			func(w *Web) *string { return &w.Metrics }, listen),
		boolean("index", "false", "Search engines may list the archive. Without it, its pages ask them not to.",
			func(w *Web) *bool { return &w.Index }),
		boolean("sign_up", "false", "A page at base_url/subscribe where new readers sign up. Each gets a mail that asks them to confirm.",
			func(w *Web) *bool { return &w.SignUp }),
		{name: "sign_up_limit", def: `"60/h"`, typ: "rate", meaning: "Such mails at most, over all. An address gets one an hour and three a day; one network, 10 an hour.",
			read: func(r *reader, v *value, w *Web) {
				if rate, ok := r.rate(v, "sign_up_limit"); ok {
					w.SignUpLimit = rate
				}
			}},
		boolean("welcome", "false", "Send the latest edition to whoever has signed up, at once. Without it their first is the next.",
			func(w *Web) *bool { return &w.Welcome }),
		list("trusted_proxies", "[]", "list of networks", "The reverse proxies whose X-Forwarded-For says where a request comes from: [\"127.0.0.1/32\"].",
			func(w *Web) { w.TrustedProxies = nil },
			func(r *reader, v *value, w *Web) {
				if p, ok := network(r, v, "trusted_proxies"); ok {
					w.TrustedProxies = append(w.TrustedProxies, p)
				}
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
