package collect

import (
	"fmt"
	"strings"

	"digestd/digest/collect/loosexml"
)

// root finds the element that makes the document a feed.
func (t *tidier) root() error {
	const preamble = 20 // elements that a server's warnings may put before the feed
	var before, page bool
	for range 1000 {
		tok := t.scan.Next()
		switch tok.Kind {
		case loosexml.EOF:
			if page {
				return htmlInstead(t.data, t.fetch)
			}
			return fmt.Errorf("%w: there is no feed in it", ErrNotFeed)
		case loosexml.Doctype:
			if page = page || isHTMLDoctype(tok.Text); page {
				continue // it may stand before a feed, too
			}
			if err := t.doctype(tok.Text); err != nil {
				return err
			}
		case loosexml.Text:
			before = before || strings.TrimSpace(tok.Text) != ""
		case loosexml.Start:
			_, local := loosexml.SplitName(tok.Name)
			switch local {
			case "rss", "rdf", "feed", "channel":
				if page && t.elements > 0 && !isFeedRoot(tok, local) {
					break
				}
				if before || t.elements > 0 {
					t.repaired("what stands before the feed was left out")
				}
				t.open(tok, local)
				return nil
			case "entry": // an Atom entry by itself (RFC 4287 §2)
				address, _ := (*scope)(nil).with(tok.Attrs).address("")
				if namespaces[namespaceKey(address)] == nsAtom {
					t.open(loosexml.Token{Name: "feed", Attrs: tok.Attrs}, "feed")
					return t.start(tok)
				}
			case "html", "head", "body", "script":
				page = true // one that a system has wrapped around its feed, at best
			case "opml":
				return fmt.Errorf("%w: it is a list of feeds (OPML); read it with: digestd feeds import FILE",
					ErrNotFeed)
			}
			if t.elements++; t.elements > preamble {
				if page {
					return htmlInstead(t.data, t.fetch)
				}
				return fmt.Errorf("%w: it begins with <%s>", ErrNotFeed, local)
			}
		}
	}
	if page {
		return htmlInstead(t.data, t.fetch)
	}
	return fmt.Errorf("%w: there is no feed in its beginning", ErrNotFeed)
}

// isFeedRoot reports whether an element says of itself that it is a feed, wherever it stands.
func isFeedRoot(tok loosexml.Token, local string) bool {
	address, _ := (*scope)(nil).with(tok.Attrs).address("")
	return local == "rss" && tok.Attr("version") != "" ||
		local != "channel" && namespaces[namespaceKey(address)] == nsAtom || local == "rdf"
}

// open begins the feed at its root element.
func (t *tidier) open(tok loosexml.Token, local string) {
	t.elements = 1
	f := frame{name: tok.Name, mode: inFeed, scope: (*scope)(nil).with(tok.Attrs)}
	prefix, _ := loosexml.SplitName(tok.Name)
	address, _ := f.scope.address(prefix)
	t.feed.atom = local == "feed"
	t.feed.version = tok.Attr("version")
	switch {
	case local == "rdf" && t.feed.version == "":
		t.feed.version = "1.0"
		if main, _ := f.scope.address(""); strings.Contains(main, "netscape") {
			t.feed.version = "0.90"
		}
	case local == "feed" && t.feed.version == "":
		t.feed.version = "1.0"
		if strings.Contains(address, "purl.org/atom") {
			t.feed.version = "0.3"
		}
	}
	if !t.feed.atom {
		f.scope = ownVocabulary(f.scope)
	}
	t.inherit(&f, tok.Attrs, frame{})
	t.feed.base, t.feed.lang = f.base, f.lang
	t.stack = append(t.stack, f)
	if tok.SelfClose {
		t.stack = t.stack[:0]
	}
}
