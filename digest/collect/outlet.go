package collect

import (
	"net/url"
	"path/filepath"
	"slices"
	"strings"
	"unicode"

	"golang.org/x/net/publicsuffix"
	"golang.org/x/text/unicode/norm"

	"digestd/digest"
	"digestd/internal/lazyregexp"
)

// feedNoise is what feeds append to the name of their outlet.
var feedNoise = lazyregexp.New(`(?i)(?:\s*[-–—|:»>]+\s*(?:rss|atom|xml|feed|rss[ -]?feed|atom[ -]?feed|rss 2\.0|news ?feed)|\s*\((?:rss|atom|feed|rss feed|atom feed)(?: \d\.\d)?\)|\s+rss(?: feed)?)\s*$`)

// nameParts is what stands between an outlet and its section: "World news | The Gazette".
var nameParts = lazyregexp.New(`\s+(?:-+|[–—|•·:]|[»>›]+|::|//?)\s+|:\s+|・`)

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

// outletIn is the part of a feed's title that names its outlet. The outlet's own host confirms it: by standing in the
// part, by holding it, or by being its initials. Where no host confirms any, generic parts go. What is then left of
// several parts, or of one word, is a section's name rather than an outlet's, and the domain stands for it, unless it
// is that of a service on which others publish.
func outletIn(title string, addresses ...string) string {
	var parts []string
	for _, part := range nameParts.Split(title, -1) {
		if part = strings.Trim(part, " -–—|:,"); part != "" {
			parts = append(parts, strings.TrimPrefix(part, "www."))
		}
	}
	registered, service := "", ""
	for _, address := range addresses {
		domain := domainOf(address)
		labels := strings.Split(domain, ".") // of some services, each user's is a domain
		switch {
		case domain == "":
			continue
		case slices.ContainsFunc(labels, func(label string) bool { return services[label] }):
			service = domain
			continue
		case registered == "":
			registered = domain
		}
		for _, known := range append([]string{domain}, ownLabels(address, domain)...) {
			if named := confirmed(parts, known); named != "" {
				return named
			}
		}
	}
	if registered == "" && service == "" {
		return title
	}
	telling := slices.DeleteFunc(parts, isSection)
	if len(telling) > 1 {
		telling = slices.DeleteFunc(telling, func(part string) bool { return services[lettersOf(part)] })
	}
	switch {
	case len(telling) > 0 && (registered == "" || isDomain(telling[0])):
		return telling[0]
	case len(telling) == 1 && (len(strings.Fields(telling[0])) > 1 || !isLatin(telling[0])):
		return telling[0]
	case registered == "":
		return service
	}
	return registered
}

// services are the names of domains on which others publish: they are nobody's outlet.
var services = wordSet("feedburner feedblitz feedwrench youtube reddit medium substack libsyn simplecast megaphone transistor fireside podbean " +
	"buzzsprout acast spreaker soundcloud anchor amazonaws cloudfront hnrss rsshub tumblr wordpress blogspot blogger github gitlab telegram")

// ownLabels are the labels of a host in front of its domain that may name an outlet, as that of g1.example.com does.
func ownLabels(address, domain string) []string {
	u, err := url.Parse(address)
	if err != nil {
		return nil
	}
	labels := strings.Split(strings.TrimSuffix(strings.ToLower(u.Hostname()), "."+domain), ".")
	return slices.DeleteFunc(labels, func(l string) bool {
		return len(l) < 2 || l == "www" || strings.HasPrefix(l, "feed") || isSection(l)
	})
}

// isDomain reports whether a name is a domain, as "example.com".
func isDomain(name string) bool {
	i := strings.LastIndexByte(name, '.')
	return i > 0 && len(name)-i > 2 && !strings.ContainsAny(name, " /")
}

// confirmed is the part of a title that a domain confirms. A part that is the domain comes before one that is close.
func confirmed(parts []string, domain string) (named string) {
	name, _, _ := strings.Cut(domain, ".")
	name = lettersOf(name)
	for _, part := range parts {
		for _, letters := range spellings(part) {
			if letters == name || letters == "the"+name {
				return strings.TrimRight(part, ".")
			}
		}
		if named == "" && confirms(name, part) {
			named = part
		}
	}
	return plainName(named, name)
}

// confirms reports whether a domain confirms that a part of a title is its outlet.
func confirms(domain, part string) bool {
	long := len(strings.Fields(part)) > 1
	for _, letters := range spellings(part) {
		if isSection(part) { // "The National" may be one
			if long && min(len(letters), len(domain)) >= 2*minConfirmed &&
				(strings.HasPrefix(domain, letters) || strings.HasPrefix(letters, domain)) {
				return true
			}
			continue
		}
		words := strings.FieldsFunc(transliterated(part),
			func(c rune) bool { return !unicode.IsLetter(c) && !unicode.IsDigit(c) })
		if slices.Contains(words, domain) || len(domain) >= minConfirmed && len(words) > 1 && spelled(domain, words) ||
			min(len(letters), len(domain)) >= minConfirmed &&
				(strings.Contains(letters, domain) || strings.Contains(domain, letters)) {
			return true
		}
	}
	return false
}

var (
	nameAfter  = lazyregexp.New(`(?i)^.*\s(?:on|from|by|de|sur|von|auf|op|da|di|su|na|no|из)\s+(.+)$`)
	nameBefore = lazyregexp.New(`(?i)^(.{2,60}?)\s+(?:is|ist|est|es|è|é|are)\s+(?:a|an|the|ein|eine|une?|la|un|o|um|uma)\s`)
)

// plainName is a confirmed name without what feeds say around it: "Latest from The Gazette", "The Gazette World News".
// A single "News" at its end may belong to it.
func plainName(name, domain string) string {
	for _, around := range []*lazyregexp.Regexp{nameAfter, nameBefore} {
		if m := around.FindStringSubmatch(name); m != nil && strings.Contains(lettersOf(transliterated(m[1])), domain) {
			name = m[1]
		}
	}
	words := strings.Fields(name)
	n := len(words)
	for i, word := range words[:max(0, n-1)] { // "Tide, news and guides", "Tide Sandholm News"
		front := strings.TrimRight(strings.Join(words[:i+1], " "), ",")
		if isDomain(front) {
			front, _, _ = strings.Cut(front, ".")
		}
		if spelled := spellings(front); (slices.Contains(spelled, domain) || slices.Contains(spelled, "the"+domain)) &&
			(strings.HasSuffix(word, ",") || i+2 < n && isGeneric(words[n-1])) {
			return front
		}
	}
	for n > 1 && isGeneric(words[n-1]) {
		n--
	}
	rest := strings.Join(words[:n], " ")
	if n == len(words) || n == len(words)-1 && newsWords[lettersOf(words[n])] || !confirms(domain, rest) {
		return strings.TrimRight(name, ".")
	}
	return rest
}

// newsWords are what outlets call themselves behind their name, too.
var newsWords = wordSet("news nieuws nachrichten noticias notícias notizie wiadomości новости actualités")

var umlauts = strings.NewReplacer("ä", "ae", "ö", "oe", "ü", "ue")

// spellings are how a name may stand in a domain: "ü" is "u" or "ue".
func spellings(name string) []string {
	all := []string{lettersOf(transliterated(name))}
	if german := umlauts.Replace(strings.ToLower(name)); german != strings.ToLower(name) {
		all = append(all, lettersOf(transliterated(german)))
	}
	return all
}

// transliterated is a name in lower case without its accents.
func transliterated(name string) string {
	return strings.Map(func(c rune) rune {
		if unicode.Is(unicode.Mn, c) {
			return -1
		}
		return c
	}, norm.NFD.String(strings.ReplaceAll(strings.ToLower(name), "ß", "ss")))
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
	case "the", "of", "and", "a", "de", "der", "die", "das", "le", "la", "el":
		return spelled(domain, words[1:])
	}
	return false
}

// genericWords are those of which the names of feeds are made, never an outlet's alone.
var genericWords = wordSet("latest news newest new top stories articles home headlines world breaking the all most recent posts updates homepage index " +
	"page front feed feeds rss international national global main story public channel content topics in brief just full and analysis " +
	"today popular local topstories topnews section from on of " +
	"aktuell aktuelle aktuelles alle meldungen nachrichten neueste artikel schlagzeilen startseite topthemen themen tops und der die das " +
	"actualité actualités accueil à la une titres les dernières derniers infos info toute tout lactualité en continu articles essentiel lessentiel et le du jour " +
	"portada inicio noticias noticia última últimas último lo titulares actualidad el los y " +
	"ultime ultima notizie prima pagina tutte di dei delle notícias principal manchetes as todas em cima da hora início " +
	"voorpagina nieuws laatste algemeen het hoofdpunten najnowsze wiadomości najważniejsze informacje strona główna wszystkie " +
	"новости главные главное все материалы последние лента самые популярные первая полоса 主要 主要トピックス トピックス 最新 最新ニュース ニュース 新着 ")

// sectionWords are those of which the names of sections are made.
var sectionWords = wordSet("politics business finance economics economy markets money science environment technology tech health sport sports culture arts " +
	"entertainment lifestyle style fashion food travel opinion education climate uk us usa europe asia africa india nation movies tv music books " +
	"cricket football tennis space media video videos blog podcast essays and & of the " +
	"politik wirtschaft wissen sport kultur panorama inland ausland gesellschaft politique économie monde société sciences " +
	"política economía sociedad internacional españa deportes cultura politica economia esteri cronaca mundo esporte " +
	"politiek economie binnenland buitenland polityka gospodarka świat kraj политика экономика мир общество 国際 政治 経済 社会 スポーツ 국제 정치")

// isGeneric reports whether a part of a title could stand in front of any outlet's.
func isGeneric(part string) bool { return onlyOf(part, genericWords) }

// isSection reports whether a part of a title is generic or names a section.
func isSection(part string) bool { return onlyOf(part, genericWords, sectionWords) }

// onlyOf reports whether a name is made of some words alone.
func onlyOf(name string, sets ...map[string]bool) bool {
	for word := range strings.FieldsSeq(strings.ToLower(name)) {
		letters := lettersOf(word)
		if letters != "" && !slices.ContainsFunc(sets, func(set map[string]bool) bool { return set[letters] }) {
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
