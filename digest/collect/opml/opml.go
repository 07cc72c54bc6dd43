// Package opml reads and writes lists of feeds, and turns them into the lines of a config. It knows
// OPML (1.0 to 2.0) as programs write it, not as its text asks, and no config but those lines.
package opml

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"net/url"
	"strings"

	"digestd/digest/collect/loosexml"
	"digestd/internal/lazyregexp"
)

// Feed is one feed of a list.
type Feed struct {
	URL   string `json:"url"`
	Title string `json:"title,omitempty"` // as the list has it, one line; may be empty
	Site  string `json:"site,omitempty"`  // the page that it belongs to; may be empty
	Topic string `json:"topic,omitempty"` // title of the categories that it stands in, outermost first, parted by " / "
}

// List is a list of feeds in its order.
type List struct {
	Title string
	Feeds []Feed
	// Ignored are entries that name no feed that could be polled, in words.
	Ignored []string
}

// ErrNotList is the error of what is no list of feeds.
var ErrNotList = errors.New("not a list of feeds (OPML)")

const (
	maxFeeds = 20_000
	maxDepth = 64
)

var (
	comment   = lazyregexp.New(`(?s)<!--.*?-->`)
	listTitle = lazyregexp.New(`(?is)<title[^>]*>([^<]*)`)
	tags      = lazyregexp.New(`(?i)<(/?)(opml|body|outline)\b`)
	rescue    = lazyregexp.New(`(?i)\s(xmlurl|htmlurl)\s*=\s*(?:"([^"]*)"|'([^']*)')`)
)

// Read reads a list, also one that is no well-formed XML: a bare "&" in an address is as common as a
// right one, and descriptions hold markup with quotes of its own. Outlines have no text, so all from
// one tag to the next belongs to it. A list that is cut keeps what came before.
func Read(document []byte) (List, error) {
	text, _ := loosexml.Decode(document, "")
	text = comment.ReplaceAll(text, nil)
	var list List
	if m := listTitle.FindSubmatch(text); m != nil {
		list.Title = oneLine(loosexml.Unescape(string(m[1])))
	}
	found := tags.FindAllSubmatchIndex(text, -1)
	var sawList bool
	var open []string // titles of the open outlines; empty for one that is no category
	for i, at := range found {
		end := len(text)
		if i+1 < len(found) {
			end = found[i+1][0]
		}
		isEnd := at[2] < at[3]
		name := strings.ToLower(string(text[at[4]:at[5]]))
		sawList = sawList || name != "body"
		if name != "outline" {
			continue
		}
		if isEnd {
			open = open[:max(0, len(open)-1)]
			continue
		}
		title, closed, whole := list.outline(text[at[0]:end], open)
		if len(list.Feeds) > maxFeeds {
			return List{}, fmt.Errorf("%w: it has more than %d feeds", ErrNotList, maxFeeds)
		}
		if !whole || closed {
			continue
		}
		if len(open) >= maxDepth {
			return List{}, fmt.Errorf("%w: its outlines are nested more than %d deep", ErrNotList, maxDepth)
		}
		open = append(open, title)
	}
	if !sawList {
		return List{}, ErrNotList
	}
	return list, nil
}

// outline takes one outline, and returns its title if it is a category, and whether its tag closes
// itself and is whole.
func (l *List) outline(source []byte, open []string) (category string, closed, whole bool) {
	tok := loosexml.New(source).Next()
	if tok.Attr("xmlUrl") == "" {
		for _, m := range rescue.FindAllSubmatch(source, -1) {
			tok.Attrs = append(tok.Attrs, loosexml.Attr{Name: string(m[1]),
				Value: loosexml.Unescape(string(m[2]) + string(m[3]))})
			tok.Cut = false
		}
	}
	return l.entry(tok, open), tok.SelfClose || bytes.HasSuffix(bytes.TrimSpace(source), []byte("/>")), !tok.Cut
}

// entry takes what an outline says, and returns its title if it is a category.
func (l *List) entry(tok loosexml.Token, open []string) (category string) {
	if tok.Cut {
		return ""
	}
	title := oneLine(tok.Attr("title"))
	if title == "" {
		title = oneLine(tok.Attr("text"))
	}
	address := tok.Attr("xmlUrl")
	if address == "" {
		switch strings.ToLower(tok.Attr("type")) {
		case "rss", "atom", "rdf", "feed":
			address = tok.Attr("url")
		}
	}
	if address == "" {
		return title
	}
	if rest, isFeed := strings.CutPrefix(address, "feed:"); isFeed { // feed://host/, feed:https://host/
		if strings.HasPrefix(rest, "//") {
			rest = "http:" + rest
		}
		address = rest
	}
	if u, err := url.Parse(address); err != nil || u.Scheme != "http" && u.Scheme != "https" || u.Host == "" {
		l.Ignored = append(l.Ignored,
			fmt.Sprintf("%.100q: its address %.200q is neither http nor https", title, address))
		return ""
	}
	if title == tok.Attr("xmlUrl") { // of a feed without a name, since an outline must have a text
		title = ""
	}
	l.Feeds = append(l.Feeds, Feed{URL: address, Title: title, Site: tok.Attr("htmlUrl"), Topic: topic(tok, open)})
	return ""
}

// topic joins the categories that a feed stands in; without any it is the first one that its
// attribute "category" names.
func topic(tok loosexml.Token, open []string) string {
	var titles []string
	for _, title := range open {
		if title != "" {
			titles = append(titles, title)
		}
	}
	if len(titles) == 0 {
		first, _, _ := strings.Cut(tok.Attr("category"), ",")
		for part := range strings.SplitSeq(first, "/") {
			if part = oneLine(part); part != "" {
				titles = append(titles, part)
			}
		}
	}
	return strings.Join(titles, " / ")
}

// oneLine collapses white space, and drops what no line may hold.
func oneLine(s string) string {
	s = strings.Map(func(r rune) rune {
		switch {
		case r == '\t' || r == '\n' || r == '\r':
			return ' '
		case r < ' ' || r >= 0x7f && r <= 0x9f || r >= 0x202a && r <= 0x202e || r >= 0x2066 && r <= 0x2069:
			return -1
		}
		return r
	}, s)
	return strings.Join(strings.Fields(s), " ")
}

// Write writes a list as OPML 2.0, its feeds under one outline for each topic.
func Write(w io.Writer, list List) error {
	var b strings.Builder
	b.WriteString("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<opml version=\"2.0\">\n  <head>\n    <title>")
	b.WriteString(loosexml.Escape(oneLine(list.Title)))
	b.WriteString("</title>\n  </head>\n  <body>\n")
	for _, group := range byTopic(list.Feeds) {
		indent := "    "
		if group.title != "" {
			fmt.Fprintf(&b, "    <outline text=\"%[1]s\" title=\"%[1]s\">\n", loosexml.Escape(group.title))
			indent = "      "
		}
		for _, f := range group.feeds {
			title := oneLine(f.Title)
			if title == "" {
				title = f.URL
			}
			fmt.Fprintf(&b, "%[1]s<outline type=\"rss\" text=\"%[2]s\" title=\"%[2]s\" xmlUrl=\"%[3]s\"", indent,
				loosexml.Escape(title), loosexml.Escape(f.URL))
			if f.Site != "" {
				fmt.Fprintf(&b, " htmlUrl=\"%s\"", loosexml.Escape(f.Site))
			}
			b.WriteString("/>\n")
		}
		if group.title != "" {
			b.WriteString("    </outline>\n")
		}
	}
	b.WriteString("  </body>\n</opml>\n")
	_, err := io.WriteString(w, b.String())
	return err
}

// group is the feeds of one topic.
type group struct {
	title string
	feeds []Feed
}

// byTopic groups feeds, topics and feeds in the order in which they come; the same address stands
// once in a topic.
func byTopic(feeds []Feed) []group {
	var groups []group
	place := make(map[string]int)
	seen := make(map[[2]string]bool)
	for _, f := range feeds {
		f.Topic = oneLine(f.Topic)
		if key := [2]string{f.Topic, f.URL}; seen[key] {
			continue
		} else {
			seen[key] = true
		}
		i, known := place[f.Topic]
		if !known {
			i = len(groups)
			place[f.Topic] = i
			groups = append(groups, group{title: f.Topic})
		}
		groups[i].feeds = append(groups[i].feeds, f)
	}
	return groups
}
