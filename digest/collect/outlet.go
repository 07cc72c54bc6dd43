package collect

import (
	"net/url"
	"path/filepath"
	"regexp"
	"strings"
	"unicode"

	"golang.org/x/net/publicsuffix"

	"digestd/digest"
)

// feedNoise is what feeds append to the name of their outlet.
var feedNoise = regexp.MustCompile(`(?i)(?:\s*[-–—|:»>]+\s*(?:rss|atom|xml|feed|rss[ -]?feed|atom[ -]?feed|rss 2\.0|news ?feed)|\s*\((?:rss|atom|feed|rss feed|atom feed)\)|\s+rss(?: feed)?)\s*$`)

// nameParts is what stands between an outlet and its section: "World news | The Gazette".
var nameParts = regexp.MustCompile(`\s+(?:[-–—|•·:]|[»>]+|::)\s+|:\s+`)

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

// outletIn is the part of a feed's title that names its outlet. Only the outlet's own domain can tell: without a
// part that it confirms, the title stays as it is.
func outletIn(title string, addresses ...string) string {
	parts := nameParts.Split(title, -1)
	if len(parts) == 1 {
		return title
	}
	for _, address := range addresses {
		domain := domainName(address)
		if domain == "" {
			continue
		}
		named := ""
		for _, part := range parts {
			switch letters := lettersOf(part); {
			case letters == domain:
				return part
			case named != "" || min(len(letters), len(domain)) < minConfirmed:
			case strings.Contains(letters, domain), strings.Contains(domain, letters):
				named = part
			}
		}
		if named != "" {
			return named
		}
	}
	return title
}

// minConfirmed is how many letters a name and a domain must have to tell of each other by one standing in the other.
const minConfirmed = 3

// domainName is the name that an address was registered by: "example" of https://www.example.co.uk/news.
func domainName(address string) string {
	u, err := url.Parse(address)
	if err != nil {
		return ""
	}
	registered, err := publicsuffix.EffectiveTLDPlusOne(strings.ToLower(u.Hostname()))
	if err != nil {
		return ""
	}
	name, _, _ := strings.Cut(registered, ".")
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
