package config

import (
	"net/netip"
	"net/url"
	"slices"
	"strconv"
	"strings"

	"digestd/digest"
	"digestd/subscribers"
)

// rowKeys are the keys of [[subscribers]]: a reader's attributes.
func rowKeys() []key[subscribers.Row] {
	var keys []key[subscribers.Row]
	for i, a := range subscribers.Attributes() {
		add := func(v *value, row *subscribers.Row) {
			if v.text != "" || a.Needed { // else it says as much as a key that is not there
				row.Cells[i] = append(row.Cells[i], subscribers.Cell{Text: v.text, Line: v.line, Col: v.col})
			}
		}
		k := key[subscribers.Row]{name: a.Name, typ: a.Type, meaning: a.Meaning, needed: a.Needed}
		switch a.Kind {
		case subscribers.Word:
			if !a.Needed {
				k.def = `""`
			}
			k.read = func(r *reader, v *value, row *subscribers.Row) {
				if r.is(v, a.Name, textKind, "") {
					add(v, row)
				}
			}
		case subscribers.Date:
			k.read = func(r *reader, v *value, row *subscribers.Row) {
				if r.is(v, a.Name, dateKind, "2026-12-24, without quotes") {
					add(v, row)
				}
			}
		case subscribers.Names:
			names := list(a.Name, "", a.Type, a.Meaning, func(*subscribers.Row) {}, func(r *reader, v *value, row *subscribers.Row) {
				if r.is(v, a.Name, textKind, "") {
					row.Cells[i] = append(row.Cells[i], subscribers.Cell{Text: v.text, Line: v.line, Col: v.col})
				}
			})
			k.read = func(r *reader, v *value, row *subscribers.Row) {
				names.read(r, v, row)
				if v.kind == listKind && len(v.list) == 0 {
					r.report(v.place, "%s is empty: that reader would get nothing; leave the key out for all", r.of(a.Name))
				}
			}
		}
		keys = append(keys, k)
	}
	return keys
}

// subscribers reads [[subscribers]] and the files of [subscriber_files].
func (r *reader) subscribers(c *Config, root *table, files []cell) {
	rules := subscribers.Rules{Zone: c.Newsletter.Timezone, Language: c.Newsletter.Language, Topics: defined(root, "topics")}
	for _, id := range defined(root, "digests") {
		rules.Digests = append(rules.Digests, subscribers.DigestRule{ID: id, Topics: r.known[id]})
	}
	sources := []subscribers.Rows{r.rows(root)}
	for i, f := range files {
		path := resolve(r.dir, f.text)
		for _, other := range files[:i] {
			if resolve(r.dir, other.text) == path {
				r.report(f.place, "paths of [subscriber_files] names %q twice", f.text)
				path = ""
			}
		}
		if path == "" {
			continue
		}
		if !isFile(path) {
			r.report(f.place, "paths of [subscriber_files]: there is no file %s", r.shown(path))
			continue
		}
		c.SubscriberFiles = append(c.SubscriberFiles, path)
		sources = append(sources, subscribers.ReadCSV(path, r.shown(path)))
	}
	list, problems := subscribers.Validate(subscribers.Concat(sources...), rules)
	r.problems = append(r.problems, problems...)
	c.Subscribers = list
}

// rows yields the rows of [[subscribers]], and reports what can't be one.
func (r *reader) rows(root *table) subscribers.Rows {
	return func(yield func(*subscribers.Row, *subscribers.Problem) bool) {
		v := root.values["subscribers"]
		if v == nil {
			return
		}
		if v.kind != listKind {
			r.report(v.place, "subscribers must be a list of tables: [[subscribers]], with two brackets")
			return
		}
		keys := rowKeys()
		for _, e := range v.list {
			if e.kind != tableKind {
				r.report(e.place, "each of subscribers must be a table: [[subscribers]]")
				continue
			}
			what := "[[subscribers]]"
			if email := e.table.values["email"]; email != nil && email.kind == textKind {
				what = "subscriber " + strconv.Quote(shorten(email.text))
			}
			row := subscribers.NewRow(r.file, e.line, e.col)
			readTable(r, what, e.table, keys, &row)
			if e.table.values["email"] == nil {
				continue // reported by the table
			}
			if row.Email().Line == 0 {
				continue // not text, reported
			}
			if !yield(&row, nil) {
				return
			}
		}
	}
}

// idle reports what is configured and leads nowhere.
func (r *reader) idle(c *Config, root *table) {
	for _, t := range c.Topics {
		used := false
		for _, d := range c.Digests {
			for _, o := range d.Topics {
				used = used || o.ID == t.ID
			}
		}
		if !used && len(c.Digests) > 0 {
			r.warn(root.values["topics"].table.keys[t.ID], "topic %q is in no digest", t.ID)
		}
	}
	if len(c.Digests) == 0 {
		r.warn(place{}, "there is no digest: items are collected and nothing is ever sent")
		return
	}
	for _, d := range c.Digests {
		if !r.wanted(c, d) {
			r.warn(root.values["digests"].table.keys[d.ID], "digest %q has no subscribers", d.ID)
		}
	}
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
		case private(base.Hostname()):
			r.warn(at, "base_url of [web] is %s, which readers can't reach: they can't leave by the links in their mail", web.BaseURL)
		case reserved(base.Hostname()):
			r.warn(at, "base_url of [web] is still the example's, %s: readers can't leave by the links in their mail", web.BaseURL)
		}
	}
	if loopback(c.SMTP.Host) {
		return
	}
	if reserved(c.SMTP.Host) {
		r.warn(root.values["smtp"].table.values["host"].place, "host of [smtp] is still the example's, %s", c.SMTP.Host)
	}
	if _, address := from(c); reserved(address[strings.LastIndexByte(address, '@')+1:]) {
		r.warn(root.values["mail"].table.values["from"].place, "from of [mail] is still the example's, %s: nobody can answer it, and bounces are lost", address)
	}
}

// reserved reports whether a domain is one that stands in examples alone.
func reserved(host string) bool {
	return slices.ContainsFunc([]string{"example.org", "example.com", "example.net"}, func(d string) bool {
		return host == d || strings.HasSuffix(host, "."+d)
	})
}

// private reports whether a host is known on this machine or in its own network alone.
func private(host string) bool {
	if ip, err := netip.ParseAddr(host); err == nil {
		ip = ip.Unmap()
		return ip.IsLoopback() || ip.IsPrivate() || ip.IsLinkLocalUnicast() || ip.IsUnspecified()
	}
	name := strings.ToLower(strings.TrimSuffix(host, "."))
	return !strings.Contains(name, ".") || slices.ContainsFunc([]string{".localhost", ".local", ".internal", ".lan", ".home.arpa"},
		func(d string) bool { return strings.HasSuffix(name, d) })
}

func (r *reader) wanted(c *Config, d digest.Digest) bool {
	for _, p := range c.Subscribers.Profiles() {
		if p.Wants(d.ID) {
			return true
		}
	}
	return false
}
