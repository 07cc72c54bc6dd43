package collect

import (
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/mmcdole/gofeed"

	"digestd/internal/lazyregexp"
)

// maxGUID bounds a guid. It is an identity, so a longer one is kept by its beginning and its end
// rather than cut to what it may share with others.
const maxGUID = 1024

func shortGUID(guid string) string {
	if guid = oneLineOf(guid); isPlaceholder(guid) {
		return ""
	}
	if len(guid) <= maxGUID {
		return guid
	}
	return strings.ToValidUTF8(guid[:maxGUID/2], "") + "…" + strings.ToValidUTF8(guid[len(guid)-maxGUID/2:], "")
}

// oneLineOf collapses white space and drops controls, without a bound.
func oneLineOf(s string) string {
	r := htmlParser{room: len(s) + 1}
	r.words(s)
	return r.prose().text.Plain()
}

// itemLink is where the entry can be read; of one that is only heard or seen, where that is.
func itemLink(it *gofeed.Item, o origin, base *url.URL) string {
	address := published(destination(pageLink(it, o, base)), base)
	for i := 0; address == "" && i < len(it.Enclosures); i++ {
		if !strings.HasPrefix(strings.ToLower(it.Enclosures[i].Type), "image/") {
			address = link(base, it.Enclosures[i].URL)
		}
	}
	return address
}

func pageLink(it *gofeed.Item, o origin, base *url.URL) string {
	for _, original := range extensionTexts(it, "feedburner", "origlink") { // the link itself leads to a counter
		if address := link(base, original); original != "" && address != "" {
			return address
		}
	}
	if o.atom != nil {
		var second string
		for _, l := range o.atom.Links {
			if !isAlternate(l.Rel) {
				continue
			}
			address := link(base, l.Href)
			if address == "" || isPlaceholder(l.Href) {
				continue
			}
			if l.Type == "" || strings.Contains(l.Type, "html") {
				return address
			}
			if second == "" {
				second = address
			}
		}
		if second != "" {
			return second
		}
		if o.atom.Content != nil && o.atom.Content.Src != "" { // RFC 4287 §4.1.3.2
			return link(base, o.atom.Content.Src)
		}
		if isWebAddress(o.atom.ID) {
			return link(nil, o.atom.ID)
		}
		return ""
	}
	for _, l := range it.Links {
		if isPlaceholder(l) {
			continue
		}
		if address := link(base, l); address != "" {
			return address
		}
	}
	for _, l := range it.Extensions["atom"]["link"] {
		if address := link(base, l.Attrs["href"]); address != "" { // tidy has left out those that lead elsewhere
			return address
		}
	}
	if o.rss == nil || o.rss.GUID == nil {
		return ""
	}
	// A guid is a permalink unless it says that it is none (RSS 2.0).
	guid := strings.TrimSpace(o.rss.GUID.Value)
	if !strings.EqualFold(strings.TrimSpace(o.rss.GUID.IsPermalink), "false") &&
		(isWebAddress(guid) || strings.HasPrefix(guid, "/")) {
		return link(base, guid)
	}
	return ""
}

func isWebAddress(s string) bool {
	s = strings.ToLower(strings.TrimSpace(s))
	return strings.HasPrefix(s, "http://") || strings.HasPrefix(s, "https://")
}

// author names who wrote the entry, three at most. gofeed's own reading is not used: it loses whoever
// is not written in one of the ways that it expects.
func author(it *gofeed.Item, o origin) string {
	var texts []string
	switch {
	case o.rss != nil:
		texts = append(texts, o.rss.Author)
		texts = append(texts, extensionTexts(it, "dc", "creator")...)
		texts = append(texts, extensionTexts(it, "dc", "author")...)
		texts = append(texts, extensionTexts(it, "itunes", "author")...)
		for _, e := range it.Extensions["atom"]["author"] {
			for _, name := range e.Children["name"] {
				texts = append(texts, name.Value)
			}
		}
	case o.atom != nil:
		for _, p := range o.atom.Authors {
			texts = append(texts, p.Name)
		}
		texts = append(texts, extensionTexts(it, "dc", "creator")...)
	case o.json != nil:
		if o.json.Author != nil {
			texts = append(texts, o.json.Author.Name)
		}
		for _, p := range o.json.Authors {
			texts = append(texts, p.Name)
		}
	}
	var names []string
	for _, text := range texts {
		if name := personName(text); name != "" && len(names) < 3 && !slices.Contains(names, name) {
			names = append(names, name)
		}
	}
	return strings.Join(names, ", ")
}

var (
	addressThenName = lazyregexp.New(`^\S+@\S+\s*\((.+)\)$`)
	nameThenAddress = lazyregexp.New(`^(.+?)\s*[(<]\s*\S+@\S+\s*[)>]$`)
)

// personName is the name in "ana@example.org (Ana)", "Ana <ana@example.org>" or "Ana"; a bare mail
// address is nobody's name.
func personName(text string) string {
	name := plainTitle(text)
	for _, form := range []*lazyregexp.Regexp{addressThenName, nameThenAddress} {
		if m := form.FindStringSubmatch(name); m != nil {
			name = strings.TrimSpace(m[1])
			break
		}
	}
	if strings.LastIndexByte(name, '@') > 0 {
		return ""
	}
	return shorten(name, maxNameOf, 4*maxNameOf)
}

const maxCategories = 20

func categories(it *gofeed.Item) []string {
	var out []string
	seen := make(map[string]bool)
	for _, c := range it.Categories {
		c = shorten(plainTitle(c), maxNameOf, 4*maxNameOf)
		if c == "" || seen[c] {
			continue
		}
		seen[c] = true
		if out = append(out, c); len(out) == maxCategories {
			break
		}
	}
	return out
}

// dates reads when the entry was published and updated; zero where it does not say so in words that
// can be read. gofeed's own reading is not used: it takes 06/07 for June.
func (c converter) dates(it *gofeed.Item, o origin) (published, updated time.Time) {
	texts := []string{it.Published}
	if o.atom != nil {
		texts = []string{o.atom.Published}
		texts = append(texts, extensionTexts(it, "dc", "date")...)
	}
	texts = append(texts, extensionTexts(it, "dcterms", "created")...)
	texts = append(texts, extensionTexts(it, "dcterms", "issued")...)
	for _, text := range texts {
		if t, ok := c.date(text); ok {
			published = t
			break
		}
	}
	for _, text := range append([]string{it.Updated}, extensionTexts(it, "dcterms", "modified")...) {
		if t, ok := c.date(text); ok {
			updated = t
			break
		}
	}
	if published.IsZero() {
		published = updated
	}
	return published, updated
}

// date reads a date of an entry. One that no program had anything to say at is none: another may be right.
func (c converter) date(text string) (time.Time, bool) {
	if c.slashes != "" {
		text = slashed.ReplaceAllString(strings.TrimSpace(text), c.slashes)
	}
	t, ok := parseDate(text)
	return t, ok && t.Year() >= firstYear
}

func extensionTexts(it *gofeed.Item, prefix, name string) []string {
	var texts []string
	for _, e := range it.Extensions[prefix][name] {
		texts = append(texts, e.Value)
	}
	return texts
}

// languageTag returns the first that looks like a BCP 47 tag.
func languageTag(tags ...string) string {
	for _, tag := range tags {
		tag = strings.ReplaceAll(strings.TrimSpace(tag), "_", "-")
		if isLanguageTag(tag) {
			return tag
		}
	}
	return ""
}

func isLanguageTag(tag string) bool {
	for i, part := range strings.Split(tag, "-") {
		if len(part) < 1 || len(part) > 8 || i == 0 && (len(part) < 2 || len(part) > 3) {
			return false
		}
		for _, c := range []byte(part) {
			letter := c|0x20 >= 'a' && c|0x20 <= 'z'
			if !letter && (i == 0 || c < '0' || c > '9') {
				return false
			}
		}
	}
	return len(tag) <= 35
}
