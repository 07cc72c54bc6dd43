package config

import (
	"net"
	"net/url"
	"slices"
	"strings"

	"digestd/digest"
	"digestd/subscribers"
)

// idle reports what is configured and leads nowhere.
func (r *reader) idle(c *Config, root *table) {
	for _, t := range c.Topics {
		used := slices.ContainsFunc(c.Digests, func(d digest.Digest) bool {
			return slices.ContainsFunc(d.Topics, func(o digest.Topic) bool { return o.ID == t.ID })
		})
		if !used && len(c.Digests) > 0 {
			r.warn(root.values["topics"].table.keys[t.ID], "topic %q is in no digest", t.ID)
		}
	}
	if len(c.Digests) == 0 {
		r.warn(place{}, "there is no digest: items are collected and nothing is ever sent")
		return
	}
	signUp := c.Web != nil && c.Web.SignUp
	if signUp && len(c.Web.TrustedProxies) == 0 && behindProxy(c.Web.Listen) {
		r.warn(root.values["web"].table.place,
			"[web] listens on this machine alone and names no trusted_proxies: all who sign up seem to come "+
				"from it, and no network is kept from asking too often")
	}
	for _, d := range c.Digests {
		wanted := func(p *subscribers.Profile) bool { return p.Wants(d.ID) }
		if !signUp && !slices.ContainsFunc(c.Subscribers.Profiles(), wanted) {
			r.warn(root.values["digests"].table.keys[d.ID], "digest %q has no subscribers", d.ID)
		}
	}
}

// behindProxy reports whether nobody but this machine reaches an address.
func behindProxy(listen string) bool {
	host, _, err := net.SplitHostPort(listen)
	return err == nil && loopback(host)
}

// placeholders warns where mail is to go out into the world and the example's domain still stands in the place of
// one's own (RFC 2606, section 3), or the name of a machine that nobody else knows.
func (r *reader) placeholders(c *Config, root *table) {
	if t, ok := c.transport(); !ok || !t.leaves {
		return
	}
	if web := c.Web; web != nil {
		at := root.values["web"].table.values["base_url"].place
		switch base, err := url.Parse(web.BaseURL); {
		case err != nil: // the config has checked it
		case !digest.PublicHost(base.Hostname()):
			r.warn(at,
				"base_url of [web] is %s, which readers can't reach: they can't leave by the links in their "+
					"mail", web.BaseURL)
		case reserved(base.Hostname()):
			r.warn(at,
				"base_url of [web] is still the example's, %s: readers can't leave by the links in their mail", web.BaseURL)
		}
	}
	if loopback(c.SMTP.Host) {
		return
	}
	r.undotted(c)
	if reserved(c.SMTP.Host) {
		r.warn(root.values["smtp"].table.values["host"].place, "host of [smtp] is still the example's, %s", c.SMTP.Host)
	}
	if _, address := from(c); reserved(address[strings.LastIndexByte(address, '@')+1:]) {
		r.warn(root.values["mail"].table.values["from"].place,
			"from of [mail] is still the example's, %s: nobody can answer it, and bounces are lost", address)
	}
}

// undotted warns of readers whose domain is a single word: in a list from elsewhere, something is missing there. The
// first few are named.
func (r *reader) undotted(c *Config) {
	const named = 3
	n := 0
	for _, s := range c.Subscribers.All() {
		if strings.ContainsRune(s.Email[strings.LastIndexByte(s.Email, '@'):], '.') {
			continue
		}
		if n++; n <= named {
			r.warnings = append(r.warnings, Problem{Place: subscribers.Place{File: s.File, Line: s.Line},
				Text: s.Email + " has no dot after its @: is the address whole?"})
		}
	}
	if n > named {
		r.warn(place{}, "%d more readers have no dot after their @", n-named)
	}
}

// reserved reports whether a domain is one that stands in examples alone.
func reserved(host string) bool {
	return slices.ContainsFunc([]string{"example.org", "example.com", "example.net"}, func(d string) bool {
		return host == d || strings.HasSuffix(host, "."+d)
	})
}
