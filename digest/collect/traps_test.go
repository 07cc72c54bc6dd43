package collect

import (
	"strings"
	"testing"

	"github.com/mmcdole/gofeed"
)

// What gofeed v1.4.2 does wrong or surprisingly, and this package works around. A row that fails
// after an upgrade says which workaround may go, or which assumption no longer holds.
func TestTrapsOfGofeed(t *testing.T) {
	t.Parallel()
	const item = `<rss version="2.0"><channel><item>%</item></channel></rss>`
	in := func(s string) string { return strings.Replace(item, "%", s, 1) }
	for _, row := range []struct {
		name, document string
		holds          func(feed *gofeed.Feed, err error) bool
	}{
		{"a guid that is a permalink is not the link", in(`<guid>https://example.org/1</guid>`), func(f *gofeed.Feed, err error) bool {
			return err == nil && f.Items[0].Link == ""
		}},
		{"of several links the last counts", in(`<link>https://example.org/1</link><link/>`), func(f *gofeed.Feed, err error) bool {
			return err == nil && f.Items[0].Link == ""
		}},
		{"scripts pass as links", in(`<link>javascript:alert(1)</link>`), func(f *gofeed.Feed, err error) bool {
			return err == nil && f.Items[0].Link == "javascript:alert(1)"
		}},
		{"an ambiguous date is read", in(`<pubDate>06/07/2026</pubDate>`), func(f *gofeed.Feed, err error) bool {
			return err == nil && f.Items[0].PublishedParsed != nil
		}},
		{"a date in seconds is not", in(`<pubDate>1783324800</pubDate>`), func(f *gofeed.Feed, err error) bool {
			return err == nil && f.Items[0].PublishedParsed == nil
		}},
		{"an author in an odd form is lost", in(`<author>Ana (Staff)</author>`), func(f *gofeed.Feed, err error) bool {
			return err == nil && f.Items[0].Author.Name == "" && f.Items[0].Author.Email == ""
		}},
		{"one byte that is not UTF-8 is the end", in("<title>Caf\xe9</title>"), func(f *gofeed.Feed, err error) bool { return err != nil }},
		{"one bare < is the end", in("<title>1 < 2</title>"), func(f *gofeed.Feed, err error) bool { return err != nil }},
		{"a cut feed yields nothing", strings.TrimSuffix(in("<title>One</title>"), "</channel></rss>"), func(f *gofeed.Feed, err error) bool { return err != nil }},
		{"a root beyond 4 KB is not found", "<!--" + strings.Repeat("x", 5000) + "-->" + in("<title>One</title>"), func(f *gofeed.Feed, err error) bool { return err != nil }},
		{"UTF-16 is no feed", "\xff\xfe<\x00r\x00s\x00s\x00/\x00>\x00", func(f *gofeed.Feed, err error) bool { return err != nil }},
		{"Atom's kinds of text look the same", `<feed xmlns="http://www.w3.org/2005/Atom"><entry><title>&lt;b></title></entry><entry><title type="html">&lt;b></title></entry></feed>`, func(f *gofeed.Feed, err error) bool {
			return err == nil && f.Items[0].Title == f.Items[1].Title
		}},
		{"relative addresses stay so without a base", in(`<link>/1</link>`), func(f *gofeed.Feed, err error) bool {
			return err == nil && f.Items[0].Link == "/1"
		}},

		// What the tidied pages rely on.
		{"prefixes need no declaration", in(`<media:content url="x"/><dc:creator>Ana</dc:creator><content:encoded>y</content:encoded>`), func(f *gofeed.Feed, err error) bool {
			return err == nil && len(f.Items[0].Extensions["media"]["content"]) == 1 && f.Items[0].Extensions["dc"]["creator"][0].Value == "Ana" && f.Items[0].Content == "y"
		}},
		{"Atom needs no namespace", `<feed><entry><title>One</title></entry></feed>`, func(f *gofeed.Feed, err error) bool {
			return err == nil && f.FeedType == "atom" && f.Items[0].Title == "One"
		}},
		{"CDATA is taken as it is, in several pieces too", in(`<title><![CDATA[a]]]]><![CDATA[>&lt;b>]]></title>`), func(f *gofeed.Feed, err error) bool {
			return err == nil && f.Items[0].Title == "a]]>&lt;b>"
		}},
	} {
		feed, err := gofeed.NewParser().ParseString(row.document)
		if !row.holds(feed, err) {
			t.Errorf("no more: %s (%v)", row.name, err)
		}
	}
}
