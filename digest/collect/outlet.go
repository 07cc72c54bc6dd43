package collect

import (
	"net/url"
	"path/filepath"
	"slices"
	"strings"
	"unicode"

	"golang.org/x/net/publicsuffix"

	"digestd/digest"
	"digestd/internal/lazyregexp"
)

// feedNoise is what feeds append to the name of their outlet.
var feedNoise = lazyregexp.New(`(?i)(?:\s*[-–—|:»>]+\s*(?:rss|atom|xml|feed|rss[ -]?feed|atom[ -]?feed|rss 2\.0|news ?feed)|\s*\((?:rss|atom|feed|rss feed|atom feed)\)|\s+rss(?: feed)?)\s*$`)

// nameParts is what stands between an outlet and its section: "World news | The Gazette".
var nameParts = lazyregexp.New(`\s+(?:[-–—|•·:]|[»>]+|::)\s+|:\s+`)

// sourceName is how the outlet is called: as the config says, else as the feed does, else its host.
func sourceName(feed digest.Feed, ch *channel) string {
	if feed.Name != "" {
		return feed.Name
	}
	name := shorten(ch.title, maxNameOf, 4*maxNameOf)
	if cleaned := feedNoise.ReplaceAllString(name, ""); len(cleaned) > 1 {
		name = cleaned
	}
	if name != "" {
		return outletIn(name, ch.link, feed.URL)
	}
	for _, address := range []string{ch.link, feed.URL} {
		if u, err := url.Parse(address); err == nil && u.Hostname() != "" {
			return strings.TrimPrefix(u.Hostname(), "www.")
		}
	}
	return filepath.Base(feed.URL)
}

// outletIn is the part of a feed's title that names its outlet. The outlet's own domain confirms it: by standing in the
// part, by holding it, or by being its initials. Where no domain confirms any, generic parts go. What is then left of
// several parts, or of one word, is a section's name rather than an outlet's, and the domain stands for it.
func outletIn(title string, addresses ...string) string {
	parts := nameParts.Split(title, -1)
	registered := ""
	for _, address := range addresses {
		domain := domainOf(address)
		if domain == "" {
			continue
		}
		if registered == "" {
			registered = domain
		}
		if named := confirmed(parts, domain); named != "" {
			return named
		}
	}
	if registered == "" {
		return title
	}
	parts = slices.DeleteFunc(parts, isGeneric)
	if len(parts) == 1 && (len(strings.Fields(parts[0])) > 1 || !isLatin(parts[0])) {
		return parts[0]
	}
	return registered
}

// confirmed is the part of a title that a domain confirms. A part that is the domain comes before one that is close.
func confirmed(parts []string, domain string) (named string) {
	domain, _, _ = strings.Cut(domain, ".")
	domain = lettersOf(domain)
	for _, part := range parts {
		words := strings.FieldsFunc(strings.ToLower(part),
			func(c rune) bool { return !unicode.IsLetter(c) && !unicode.IsDigit(c) })
		switch letters := lettersOf(part); {
		case letters == domain:
			return part
		case named != "" || isGeneric(part):
		case slices.Contains(words, domain), len(domain) >= minConfirmed && len(words) > 1 && spelled(domain, words),
			min(len(letters), len(domain)) >= minConfirmed &&
				(strings.Contains(letters, domain) || strings.Contains(domain, letters)):
			named = part
		}
	}
	return named
}

// spelled reports whether a domain is made of the beginnings of all words, in their order: "smh" and "nzherald" are. An
// article or "of" may be left out.
func spelled(domain string, words []string) bool {
	if len(words) == 0 {
		return domain == ""
	}
	rest := domain
	for n, c := range words[0] {
		if n == 0 && !strings.HasPrefix(domain, string(c)) {
			break
		}
		var ok bool
		if rest, ok = strings.CutPrefix(rest, string(c)); !ok {
			break
		}
		if spelled(rest, words[1:]) {
			return true
		}
	}
	switch words[0] {
	case "the", "of", "and", "a", "der", "die", "das", "le", "la", "el":
		return spelled(domain, words[1:])
	}
	return false
}

// genericWords are those of which the names of sections and feeds are made, never an outlet's alone.
var genericWords = map[string]bool{"latest": true, "news": true, "top": true, "stories": true, "articles": true, "home": true, "headlines": true, "world": true,
	"breaking": true, "the": true, "all": true, "most": true, "recent": true, "posts": true, "updates": true, "homepage": true, "index": true, "page": true,
	"front": true, "feed": true, "feeds": true, "rss": true, "international": true, "national": true, "global": true, "main": true, "story": true}

// isGeneric reports whether a part of a title could stand in front of any outlet's.
func isGeneric(part string) bool {
	for word := range strings.FieldsSeq(strings.ToLower(part)) {
		if !genericWords[lettersOf(word)] {
			return false
		}
	}
	return true
}

// isLatin reports whether a name is written in the letters of domains, so that a domain could confirm it.
func isLatin(s string) bool {
	return !strings.ContainsFunc(s, func(c rune) bool { return unicode.IsLetter(c) && !unicode.Is(unicode.Latin, c) })
}

// minConfirmed is how many letters a name and a domain must have to tell of each other by one standing in the other.
const minConfirmed = 3

// domainOf is the name that an address was registered by: "example.co.uk" of https://www.example.co.uk/news.
func domainOf(address string) string {
	u, err := url.Parse(address)
	if err != nil {
		return ""
	}
	registered, err := publicsuffix.EffectiveTLDPlusOne(strings.ToLower(u.Hostname()))
	if err != nil {
		return ""
	}
	return registered
}

// domainName is the part of it that says who: "example" of https://www.example.co.uk/news.
func domainName(address string) string {
	name, _, _ := strings.Cut(domainOf(address), ".")
	return lettersOf(name)
}

// lettersOf are the letters and digits of a name, in lower case.
func lettersOf(s string) string {
	return strings.Map(func(c rune) rune {
		if unicode.IsLetter(c) || unicode.IsDigit(c) {
			return unicode.ToLower(c)
		}
		return -1
	}, s)
}
