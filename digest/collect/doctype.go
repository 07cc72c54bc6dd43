package collect

import (
	"errors"
	"fmt"
	"net/url"
	"regexp"
	"strings"

	"digestd/digest/collect/loosexml"

	"golang.org/x/net/html"
)

// What a feed can be refused for, beside the errors of HTTP. Each comes wrapped in words.
var (
	ErrNotFeed   = errors.New("not a feed")
	ErrTooBig    = errors.New("too big")
	ErrUnsafe    = errors.New("not safe to read")
	ErrGone      = errors.New("gone for good")
	ErrForbidden = errors.New("address refused")
)

var (
	entityDeclaration = regexp.MustCompile(`(?i)<!ENTITY\s+(%\s*)?[^\s"'>]+\s+(?:"([^"]*)"|'([^']*)'|SYSTEM|PUBLIC)`)
	entityReference   = regexp.MustCompile(`[&%]([A-Za-z_][\w.-]*);`)
)

// doctype looks at a document type declaration. Nothing that it declares is ever resolved: no file
// and no address is opened, and entities of its own are left out of the text. One that builds
// entities out of entities can only be meant as a bomb, and its feed is refused.
func (t *tidier) doctype(declaration string) error {
	declared := entityDeclaration.FindAllStringSubmatch(declaration, -1)
	for _, d := range declared {
		for _, ref := range entityReference.FindAllStringSubmatch(d[2]+d[3], -1) {
			if !loosexml.Knows(ref[1]) {
				return fmt.Errorf("%w: its document type builds entities out of entities, which can grow without end", ErrUnsafe)
			}
		}
	}
	if len(declared) > 0 || strings.Contains(declaration, "%") {
		t.scan.ForgetEntities()
		t.repaired("the entities of its document type were left out")
	}
	return nil
}

func isHTMLDoctype(declaration string) bool {
	fields := strings.Fields(strings.ToLower(strings.TrimSuffix(declaration, ">")))
	return len(fields) > 1 && fields[0] == "<!doctype" && fields[1] == "html"
}

// maxPage is how much of an HTML page is searched for the feed that it names.
const maxPage = 256 << 10

// htmlInstead is the error of a page that came in place of a feed. It names the page's own feed, if
// the page does.
func htmlInstead(page []byte, fetched *url.URL) error {
	if feed := alternateFeed(page, fetched); feed != "" {
		return fmt.Errorf("%w but an HTML page, which names this feed as its own: %s", ErrNotFeed, feed)
	}
	return fmt.Errorf("%w but an HTML page: a login, an error, or the site itself; look for its feed's address", ErrNotFeed)
}

// alternateFeed finds <link rel="alternate" type="application/rss+xml" href="…">.
func alternateFeed(page []byte, fetched *url.URL) string {
	z := html.NewTokenizer(strings.NewReader(string(page[:min(len(page), maxPage)])))
	z.SetMaxBuf(maxPage)
	base := fetched
	for {
		switch z.Next() {
		case html.ErrorToken:
			return ""
		case html.StartTagToken, html.SelfClosingTagToken:
			tok := z.Token()
			switch tok.Data {
			case "base":
				if u := resolve(fetched, htmlAttr(tok, "href")); u != nil {
					base = u
				}
			case "link":
				if !strings.Contains(" "+strings.ToLower(htmlAttr(tok, "rel"))+" ", " alternate ") {
					continue
				}
				switch strings.ToLower(htmlAttr(tok, "type")) {
				case "application/rss+xml", "application/atom+xml", "application/feed+json", "application/json",
					"application/rdf+xml":
					href := oneLine(htmlAttr(tok, "href"), maxURL)
					if u := resolve(base, href); u != nil {
						return u.String()
					}
					if base == nil && href != "" { // a file: the page's own address is not known
						return href
					}
				}
			}
		}
	}
}

func htmlAttr(tok html.Token, key string) string {
	for _, a := range tok.Attr {
		if a.Key == key {
			return a.Val
		}
	}
	return ""
}
