package config

import (
	"errors"
	"fmt"
	"net/url"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"digestd/digest"
)

// title makes a title of an id: "world-news" is "World news".
func title(id string) string {
	s := strings.NewReplacer("-", " ", "_", " ").Replace(id)
	return strings.ToUpper(s[:1]) + s[1:]
}

// topicTable is [topics.ID] as it is written.
type topicTable struct {
	digest.Topic
	at []place // of each feed
}

func topicKeys(t *topicTable) []key {
	return []key{
		{name: "title", def: `""`, typ: "text or table", meaning: "What readers see: a text, or one for each language, { en = \"Global\", fr = \"Monde\" }. Where it says nothing for a reader's, that of the newsletter's language; without it, the name of the table.",
			read: func(r *reader, v *value) { readTitle(r, v, t) }},
		need(key{name: "feeds", typ: "list of feeds", meaning: "URLs (http, https, file), paths relative to this file, or tables that begin with a url.",
			read: func(r *reader, v *value) {
				for _, e := range r.elements(v, "feeds") {
					readFeed(r, e, t)
				}
			}}),
		patterns("include", &t.Include,
			"Only items whose title or summary matches one of these are taken; with none, all are."),
		patterns("exclude", &t.Exclude, "Items whose title or summary matches one of these are left out."),
		whole("max_stories", &t.MaxStories, "12", 1, 500, "Full entries in one edition."),
		whole("max_per_feed", &t.MaxPerFeed, "4", 1, 500, "Of them, from one feed, so that one outlet can't fill the page."),
	}
}

func feedKeys(f *digest.Feed) []key {
	return []key{
		need(key{name: "url", typ: "URL or path", meaning: "Where the feed is.", read: func(r *reader, v *value) { f.URL = r.feedURL(v) }}),
		text("name", &f.Name, `""`, "text",
			"How the outlet is called in the mail. Without it, the feed's own title, or the part of it that the "+
				"outlet's domain confirms: \"The Post\" of \"World news | The Post\"."),
		{name: "weight", def: "1.0", typ: "number", meaning: "Of its items in the ranking, from 0.01 to 100.", read: func(r *reader, v *value) { readWeight(r, v, f) }},
		{name: "kind", def: `""`, typ: `"" | "opinion"`, meaning: "Opinion stands in a section of its own.",
			read: func(r *reader, v *value) {
				s, ok := r.line(v, "kind", "")
				if !ok {
					return
				}
				if s != "" && s != "news" {
					if err := checkChoice(s, []string{"opinion"}); err != nil {
						r.bad(v, "kind", err)
						return
					}
					f.Kind = digest.Opinion
				}
			}},
		boolean("full_text", &f.FullText, "false",
			"For feeds without words: the page of each new item is asked for once, as robots.txt allows, and "+
				"its first paragraphs and picture are taken."),
	}
}

// readTitle reads the title of a topic: a text, or a table of texts by language.
func readTitle(r *reader, v *value, t *topicTable) {
	if v.kind != tableKind {
		if s, ok := r.line(v, "title", `"Global" or { en = "Global", fr = "Monde" }`); ok {
			t.Title = s
		}
		return
	}
	t.Titles = make(map[string]string, len(v.table.names))
	for _, name := range v.table.names {
		tag, err := language(r, name)
		if err != nil {
			r.report(v.table.keys[name], "%s: the language %v", r.of("title"), err)
			continue
		}
		if s, ok := r.line(v.table.values[name], "title."+name, ""); ok && s != "" {
			t.Titles[strings.ToLower(tag)] = s
		}
	}
}

func readWeight(r *reader, v *value, f *digest.Feed) {
	if v.kind != wholeKind && !r.is(v, "weight", fractionKind, "1.5") {
		return
	}
	w, err := strconv.ParseFloat(strings.ReplaceAll(v.text, "_", ""), 64)
	if err != nil || !(w >= 0.01 && w <= 100) {
		r.bad(v, "weight", fmt.Errorf("must be from 0.01 to 100, not %s", v.text))
		return
	}
	f.Weight = w
}

// readFeed reads one element of feeds: a text or a table.
func readFeed(r *reader, v *value, t *topicTable) {
	f := digest.Feed{}
	switch v.kind {
	case textKind:
		f.Weight = 1
		f.URL = r.feedURL(v)
	case tableKind:
		readTable(r, "a feed of "+r.what, v.table, feedKeys(&f))
		v = firstValue(v.table.values["url"], v)
	default:
		r.report(v.place, `%s must be URLs in quotes or tables such as { url = "…", name = "…" }, not %s`, r.of("feeds"), v.shown())
		return
	}
	if f.URL == "" {
		return // reported
	}
	if i := slices.IndexFunc(t.Feeds, func(g digest.Feed) bool { return g.URL == f.URL }); i >= 0 {
		r.report(v.place, "%s names this feed already on line %d", r.what, t.at[i].line)
		return
	}
	t.Feeds = append(t.Feeds, f)
	t.at = append(t.at, v.place)
}

func firstValue(v, otherwise *value) *value {
	if v != nil {
		return v
	}
	return otherwise
}

// feedURL reads a feed's address: scheme and host in lower case, since the address is the feed's
// identity; of a file, the absolute path. It returns "" after reporting.
func (r *reader) feedURL(v *value) string {
	s, ok := r.line(v, "url", "")
	if !ok {
		return ""
	}
	scheme, rest, hasScheme := strings.Cut(s, ":")
	fail := func(format string, args ...any) string {
		r.report(v.place, "feed of %s: %s", strings.TrimPrefix(r.what, "a feed of "), fmt.Sprintf(format, args...))
		return ""
	}
	switch scheme = strings.ToLower(scheme); {
	case s == "":
		return fail("its address is empty")
	case hasScheme && (scheme == "http" || scheme == "https"):
		u, err := url.Parse(s)
		if err != nil || u.Hostname() == "" || u.Opaque != "" {
			return fail("%q is not a valid address", redacted(s))
		}
		u.Host = strings.ToLower(u.Host)
		return u.String()
	case hasScheme && scheme == "file":
		path, err := filePath(rest)
		if err != nil {
			return fail("%q %v", shorten(s), err)
		}
		return r.localFeed(v, resolve(r.dir, path))
	case strings.HasPrefix(rest, "//") && hasScheme:
		hint := ""
		if scheme == "feed" { // which programs once offered a feed by
			hint = fmt.Sprintf("; did you mean %q?", redacted("https:"+rest))
		}
		return fail("%q must begin with http:, https: or file:%s", redacted(s), hint)
	}
	path := resolve(r.dir, s)
	if host, _, _ := strings.Cut(s, "/"); looksLikeHost(host) && !exists(path) {
		return fail("%q is neither an address nor a file; did you mean %q?", redacted(s), "https://"+redacted(s))
	}
	return r.localFeed(v, path)
}

// localFeed warns of a file that isn't there; it may come, so that is no error.
func (r *reader) localFeed(v *value, path string) string {
	if !isFile(path) {
		r.warn(v.place, "feed of %s: there is no file %s", strings.TrimPrefix(r.what, "a feed of "), r.shown(path))
	}
	return path
}

func filePath(rest string) (string, error) {
	if after, ok := strings.CutPrefix(rest, "//"); ok {
		host, path, ok := strings.Cut(after, "/")
		if !ok || (host != "" && host != "localhost") {
			return "", errors.New("must name a file of this machine, as in file:///var/lib/feeds/a.xml")
		}
		rest = "/" + path
	}
	path, err := url.PathUnescape(rest)
	if err != nil || path == "" || strings.ContainsRune(path, 0) {
		return "", errors.New("is not a valid file address")
	}
	return path, nil
}

// looksLikeHost reports whether the start of a path is rather that of an address whose scheme was left
// out: "news.example.org" is, "feeds", "../x" and "local.xml" are not.
func looksLikeHost(s string) bool {
	if strings.ContainsAny(s, "@:") {
		return true
	}
	dot := strings.LastIndexByte(s, '.')
	if dot <= 0 || s[0] == '.' {
		return false
	}
	switch filepath.Ext(s) {
	case ".xml", ".rss", ".atom", ".rdf", ".json", ".feed", ".gz", ".txt":
		return false
	}
	return !strings.ContainsAny(s[dot+1:], "0123456789_") && len(s) > dot+2
}

// named yields the tables of [topics] or [digests] with their names.
func (r *reader) named(root *table, name string, read func(id, what string, t *table)) {
	v := root.values[name]
	if v == nil || !r.is(v, name, tableKind, "["+name+".NAME]") {
		return
	}
	singular := strings.TrimSuffix(name, "s")
	for _, id := range v.table.names {
		at, entry := v.table.keys[id], v.table.values[id]
		if entry.kind != tableKind {
			r.report(at, "%s.%s must be a table: [%s.NAME]", name, id, name)
			continue
		}
		if !validID(id) {
			r.report(at, `%s %q must be named with letters, digits, "-" and "_", at most 40 of them`, singular, id)
			continue
		}
		read(id, fmt.Sprintf("%s %q", singular, id), entry.table)
	}
}

// validID reports whether a name may stand in ledger keys, links and headers.
func validID(s string) bool {
	return len(s) > 0 && len(s) <= 40 && !strings.ContainsFunc(s, func(c rune) bool {
		return (c < 'a' || c > 'z') && (c < 'A' || c > 'Z') && (c < '0' || c > '9') && c != '-' && c != '_'
	})
}

// topics reads [topics.…].
func (r *reader) topics(root *table, language string) []digest.Topic {
	var all []digest.Topic
	r.named(root, "topics", func(id, what string, t *table) {
		topic := topicTable{}
		readTable(r, what, t, topicKeys(&topic))
		topic.ID = id
		if topic.Titles != nil {
			topic.Title = topic.Name().In(language)
		}
		if topic.Title == "" {
			topic.Title = title(id)
		}
		if v := t.values["feeds"]; v != nil && v.kind == listKind && len(v.list) == 0 {
			r.report(v.place, "%s has no feeds", what)
		}
		all = append(all, topic.Topic)
	})
	return all
}

// defined are the names below [topics] or [digests], of wrong tables too: what refers to them is right.
func defined(root *table, name string) []string {
	if v := root.values[name]; v != nil && v.kind == tableKind {
		return v.table.names
	}
	return nil
}
