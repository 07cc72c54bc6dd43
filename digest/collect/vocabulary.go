package collect

import (
	"strings"

	"digestd/digest/collect/loosexml"
)

// The prefixes under which a tidied feed has its elements; "" is the format's own vocabulary.
const (
	native      = ""
	nsAtom      = "atom"
	nsContent   = "content"
	nsDC        = "dc"
	nsDCTerms   = "dcterms"
	nsITunes    = "itunes"
	nsGoogle    = "googleplay"
	nsBurner    = "feedburner"
	nsMedia     = "media"
	nsSyndicate = "sy"
	nsXHTML     = "xhtml"
	nsForeign   = "?" // any vocabulary that says nothing to this program
)

// namespaces names the vocabularies, by address in the form of namespaceKey.
var namespaces = map[string]string{
	"www.w3.org/2005/atom":                      nsAtom,
	"purl.org/atom/ns":                          nsAtom,
	"purl.org/rss/1.0/modules/content":          nsContent,
	"purl.org/dc/elements/1.1":                  nsDC,
	"purl.org/dc/elements/1.0":                  nsDC,
	"purl.org/dc/terms":                         nsDCTerms,
	"www.itunes.com/dtds/podcast-1.0.dtd":       nsITunes,
	"example.com/dtds/podcast-1.0.dtd":          nsITunes,
	"search.yahoo.com/mrss":                     nsMedia,
	"purl.org/rss/1.0/modules/syndication":      nsSyndicate,
	"www.w3.org/1999/xhtml":                     nsXHTML,
	"purl.org/rss/1.0":                          native,
	"channel.netscape.com/rdf/simple/0.9":       native,
	"my.netscape.com/rdf/simple/0.9":            native,
	"backend.userland.com/rss2":                 native,
	"blogs.law.harvard.edu/tech/rss":            native,
	"www.w3.org/1999/02/22-rdf-syntax-ns":       native,
	"purl.org/rss/1.0/modules/rss091":           native,
	"backend.userland.com/rss092":               native,
	"my.netscape.com/publish/formats/rss-0.91":  native,
	"feeds.archive.org/validator":               nsForeign,
	"www.georss.org/georss":                     nsForeign,
	"rssnamespace.org/feedburner/ext/1.0":       nsBurner,
	"www.google.com/schemas/play-podcasts/1.0":  nsGoogle,
	"purl.org/rss/1.0/modules/slash":            nsForeign,
	"wellformedweb.org/commentapi":              nsForeign,
	"www.w3.org/2003/01/geo/wgs84_pos":          nsForeign,
	"schemas.google.com/g/2005":                 nsForeign,
	"a9.com/-/spec/opensearch/1.1":              nsForeign,
	"a9.com/-/spec/opensearchrss/1.0":           nsForeign,
	"www.google.com/schemas/sitemap-news/0.9":   nsForeign,
	"backend.userland.com/creativecommonsrssmo": nsForeign,
}

// prefixes names the vocabularies for feeds that use a prefix without declaring it, or declare it
// with an address of their own making.
var prefixes = map[string]string{
	"atom": nsAtom, "atom10": nsAtom, "atom03": nsAtom, "a10": nsAtom,
	"content": nsContent, "dc": nsDC, "dcterms": nsDCTerms, "itunes": nsITunes, "media": nsMedia,
	"googleplay": nsGoogle, "feedburner": nsBurner,
	"sy": nsSyndicate, "xhtml": nsXHTML, "rss": native, "rdf": native,
}

// namespaceKey brings a namespace's address into the form of the table: feeds differ in scheme,
// case and the last character.
func namespaceKey(address string) string {
	key := strings.ToLower(strings.TrimSpace(address))
	key = strings.TrimPrefix(key, "http://")
	key = strings.TrimPrefix(key, "https://")
	return strings.TrimRight(key, "/#")
}

// scope is what prefixes mean inside an element; outer scopes are looked at after it.
type scope struct {
	outer    *scope
	bindings map[string]string // prefix to address
	depth    int
}

// maxScopes bounds how many elements around an element can declare prefixes, and so how long it takes
// to look one up. Feeds have three.
const maxScopes = 16

// with is the scope inside an element with these attributes.
func (s *scope) with(attrs []loosexml.Attr) *scope {
	var bindings map[string]string
	for _, a := range attrs {
		prefix, declares := strings.CutPrefix(a.Name, "xmlns")
		if !declares || prefix != "" && prefix[0] != ':' {
			continue
		}
		if bindings == nil {
			bindings = make(map[string]string)
		}
		bindings[strings.TrimPrefix(prefix, ":")] = a.Value
	}
	if bindings == nil {
		return s
	}
	return s.inner(bindings)
}

// ownVocabulary is s with what has no prefix in the feed's own vocabulary: so it is meant in RSS,
// whatever default namespace its root declares. Some stamp Atom's on it.
func ownVocabulary(s *scope) *scope { return s.inner(map[string]string{"": ""}) }

// inner is s with more bindings.
func (s *scope) inner(bindings map[string]string) *scope {
	depth := 1
	if s != nil {
		if depth = s.depth + 1; depth > maxScopes {
			return s
		}
	}
	return &scope{outer: s, bindings: bindings, depth: depth}
}

// address looks up what a prefix is bound to.
func (s *scope) address(prefix string) (string, bool) {
	for ; s != nil; s = s.outer {
		if address, ok := s.bindings[prefix]; ok {
			return address, true
		}
	}
	return "", false
}

// vocabulary names the vocabulary of an element with this prefix.
func (s *scope) vocabulary(prefix string) string {
	address, declared := s.address(prefix)
	if declared {
		if v, known := namespaces[namespaceKey(address)]; known {
			return v
		}
	}
	if prefix == "" {
		return native // no namespace, or one that only this feed knows
	}
	if v, known := prefixes[strings.ToLower(prefix)]; known {
		return v
	}
	return nsForeign
}

// reading tells what a tidied feed keeps of an element.
type reading uint8

const (
	dropped   reading = iota
	plain             // its words
	markup            // its words as HTML; the parser gets a number for them
	container         // its children, whatever they are
)

// An element is looked up by "prefix:name", or "name" in the format's own vocabulary, in lower case.
// Whatever is not named here never reaches the parser.
var (
	rssFeedElements = map[string]reading{
		"title": markup, "link": plain, "description": markup, "language": plain, "ttl": plain,
		"skiphours": container, "skipdays": container,
		"dc:title": markup, "dc:language": plain, "atom:link": plain,
		"sy:updateperiod": plain, "sy:updatefrequency": plain,
	}
	rssItemElements = map[string]reading{
		"title": markup, "link": plain, "description": markup, "guid": plain, "author": plain,
		"pubdate": plain, "category": plain, "enclosure": plain, "source": plain,
		"content:encoded": markup, "xhtml:body": markup,
		"dc:title": markup, "dc:description": markup, "dc:creator": plain, "dc:author": plain,
		"dc:date": plain, "dc:subject": plain,
		"dcterms:created": plain, "dcterms:issued": plain, "dcterms:modified": plain,
		"itunes:author": plain, "itunes:title": markup, "itunes:subtitle": markup, "itunes:summary": markup, "itunes:image": plain,
		"googleplay:author": plain, "googleplay:description": markup, "googleplay:image": plain, "feedburner:origlink": plain,
		"atom:link": plain, "atom:summary": markup, "atom:content": markup,
		"atom:published": plain, "atom:updated": plain, "atom:author": container,
		"media:group": container, "media:content": container, "media:thumbnail": container,
		"media:title": plain, "media:description": plain, "media:credit": plain,
	}
	atomFeedElements = map[string]reading{
		"title": markup, "subtitle": markup, "tagline": markup, "link": plain, "id": plain,
		"author": container, "sy:updateperiod": plain, "sy:updatefrequency": plain,
	}
	atomEntryElements = map[string]reading{
		"title": markup, "summary": markup, "content": markup, "id": plain, "link": plain,
		"published": plain, "issued": plain, "updated": plain, "modified": plain,
		"author": container, "source": container, "category": plain, "feedburner:origlink": plain,
		"dc:creator": plain, "dc:date": plain, "dc:subject": plain,
		"itunes:image": plain,
		"media:group":  container, "media:content": container, "media:thumbnail": container,
		"media:title": plain, "media:description": plain, "media:credit": plain,
	}
)

// keptAttributes are those that a tidied element keeps, by their name in lower case.
var keptAttributes = map[string]string{
	"href": "href", "url": "url", "src": "src", "rel": "rel", "type": "type", "length": "length",
	"width": "width", "height": "height", "medium": "medium", "term": "term", "label": "label",
	"ispermalink": "isPermaLink",
}

// voidElements of HTML have no end tag.
var voidElements = map[string]bool{
	"area": true, "base": true, "br": true, "col": true, "embed": true, "hr": true, "img": true,
	"input": true, "link": true, "meta": true, "param": true, "source": true, "track": true, "wbr": true,
}

// In the entries of one format stand at times the words of the other, and those of vocabularies whose prefix was
// forgotten. They are read as what they mean, where the entry does not say it in its own words as well.
var (
	rssTranslations = map[string]string{
		"summary": "description", "content": "content:encoded", "published": "pubdate", "id": "guid", "updated": "dcterms:modified",
		"modified": "dcterms:modified", "date": "dc:date", "creator": "dc:creator", "encoded": "content:encoded",
	}
	atomTranslations = map[string]string{
		"description": "summary", "encoded": "content", "guid": "id", "pubdate": "published", "date": "dc:date", "creator": "dc:creator",
	}
)

// translated is the key by which an element of an entry is known that has no prefix, and its vocabulary.
func (t *tidier) translated(local string) (key, vocabulary string) {
	own, translations := rssItemElements, rssTranslations
	if t.feed.atom {
		own, translations = atomEntryElements, atomTranslations
	}
	meant, foreign := translations[local]
	if own[local] != dropped || !foreign {
		t.seen[local] = true
		return local, native
	}
	if t.seen[meant] {
		return local, native // which is dropped
	}
	prefix, _, found := strings.Cut(meant, ":")
	if !found {
		prefix = native
	}
	return meant, prefix
}

// isAlternate reports whether a link with that rel leads to what it stands in (RFC 4287 §4.2.7.2).
func isAlternate(rel string) bool {
	return rel == "" || strings.EqualFold(rel, "alternate")
}

// isPlainName reports whether a local name can be written as it is.
func isPlainName(name string) bool {
	for i := range len(name) {
		c := name[i]
		if (c < 'a' || c > 'z') && (i == 0 || (c < '0' || c > '9') && c != '-' && c != '.' && c != '_') {
			return false
		}
	}
	return name != ""
}
