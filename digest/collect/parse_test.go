package collect

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"digestd/digest"
)

// readAll parses a document fetched from https://example.org/feeds/x.
func readAll(t testing.TB, document string) (*channel, error) {
	t.Helper()
	return parse(t.Context(), source{body: []byte(document), fetched: mustURL(t, "https://example.org/feeds/x")}, true)
}

// describe writes an item in one line, its empty parts left out.
func describe(it digest.Item) string {
	var parts []string
	add := func(name, value string) {
		if value != "" {
			parts = append(parts, name+"="+value)
		}
	}
	add("title", it.Title)
	add("link", it.Link)
	add("guid", it.GUID)
	add("summary", spell(it.Summary))
	add("author", it.Author)
	add("categories", strings.Join(it.Categories, "|"))
	add("lang", it.Language)
	if it.Image != nil {
		credit := ""
		if it.Image.Credit != "" {
			credit = " by " + it.Image.Credit
		}
		add("image", fmt.Sprintf("%s %dx%d %s%s", it.Image.URL, it.Image.Width, it.Image.Height, it.Image.Alt, credit))
	}
	if !it.Published.IsZero() {
		add("published", it.Published.UTC().Format(time.RFC3339))
	}
	if !it.Updated.IsZero() {
		add("updated", it.Updated.UTC().Format(time.RFC3339))
	}
	return strings.Join(parts, "; ")
}

func TestFormats(t *testing.T) {
	t.Parallel()
	const inRSS = `<rss version="2.0" xmlns:dc="http://purl.org/dc/elements/1.1/" xmlns:media="http://search.yahoo.com/mrss/" xmlns:content="http://purl.org/rss/1.0/modules/content/" xmlns:atom="http://www.w3.org/2005/Atom"><channel><title>T</title><link>https://example.org/</link>%s</channel></rss>`
	const inAtom = `<feed xmlns="http://www.w3.org/2005/Atom" xmlns:media="http://search.yahoo.com/mrss/"><title>T</title><link href="https://example.org/"/>%s</feed>`
	rss := func(items string) string { return fmt.Sprintf(inRSS, items) }
	atom := func(entries string) string { return fmt.Sprintf(inAtom, entries) }
	for _, row := range []struct {
		name, document, format string
		items                  []string
	}{
		{"RSS 2.0", rss(`<item><title>One</title><link>https://example.org/1</link><guid isPermaLink="false">1</guid><description>&lt;p&gt;Some &lt;b&gt;bold&lt;/b&gt; words&lt;/p&gt;</description><author>ana@example.org (Ana)</author><category>News</category><category>World</category><category>News</category><pubDate>Mon, 06 Jul 2026 08:00:00 GMT</pubDate></item>`), "rss 2.0",
			[]string{"title=One; link=https://example.org/1; guid=1; summary=Some *bold* words; author=Ana; categories=News|World; published=2026-07-06T08:00:00Z"}},
		{"a guid that is a permalink is the link", rss(`<item><title>One</title><guid>https://example.org/1</guid></item>`), "",
			[]string{"title=One; link=https://example.org/1; guid=https://example.org/1"}},
		{"a guid that says it is none", rss(`<item><title>One</title><guid isPermaLink="FALSE">https://example.org/1</guid></item>`), "",
			[]string{"title=One; guid=https://example.org/1"}},
		{"the first link that leads somewhere", rss(`<item><title>One</title><link/><link>javascript:x</link><link>/1</link><link>/2</link></item>`), "",
			[]string{"title=One; link=https://example.org/1"}},
		{"Atom's link in RSS", rss(`<item><title>One</title><atom:link rel="self" href="/self"/><atom:link href="/1"/></item>`), "",
			[]string{"title=One; link=https://example.org/1"}},
		{"links of RSS that lead elsewhere", rss(`<item><title>One</title><link rel="hub" href="https://hub.example/"/><link rel=" Self " href="/self"/><link>/1</link></item><item><title>Two</title><atom:link rel="Alternate" href="/2"/></item>`), "",
			[]string{"title=One; link=https://example.org/1", "title=Two; link=https://example.org/2"}},
		{"addresses that were escaped twice, or too little", rss(`<item><title>One</title><link>https://example.org/1?a=b&amp;amp;c=d</link></item><item><title>Two</title><link>https://example.org/50%-off</link></item><item><title>Three</title><link>https://example.org/3?s=50%</link></item>`), "",
			[]string{"title=One; link=https://example.org/1?a=b&c=d", "title=Two; link=https://example.org/50%25-off", "title=Three; link=https://example.org/3?s=50%"}},
		{"Atom's words in RSS", `<rss version="2.0"><channel><title>T</title><item><id>1</id><title>One</title><link href="https://example.org/1"/><summary>words</summary><published>2026-07-06T08:00:00Z</published><updated>2026-07-06T09:00:00Z</updated></item><item><title>Two</title><description>own words</description><summary>others</summary><content type="text">a &lt;b&gt; c</content></item><item><title>Three</title><content type="html">&lt;p&gt;a&lt;/p&gt;</content><date>2026-07-06</date><creator>Ana</creator></item></channel></rss>`, "rss 2.0",
			[]string{"title=One; link=https://example.org/1; guid=1; summary=words; published=2026-07-06T08:00:00Z; updated=2026-07-06T09:00:00Z",
				"title=Two; summary=own words", "title=Three; summary=a; author=Ana; published=2026-07-06T00:00:00Z; updated=2026-07-06T00:00:00Z"}},
		{"RSS's words in Atom", atom(`<entry><guid>1</guid><title>One</title><link>https://example.org/1</link><description>&lt;p&gt;words&lt;/p&gt;</description><pubDate>Mon, 06 Jul 2026 08:00:00 GMT</pubDate></entry><item><title>Two</title><link href="/2"/></item>`), "atom 1.0",
			[]string{"title=One; link=https://example.org/1; guid=1; summary=words; published=2026-07-06T08:00:00Z", "title=Two; link=https://example.org/2"}},
		{"Atom's id where no link leads to the entry", atom(`<entry><id>https://example.org/1</id><title>One</title><link rel="self" href="/self"/></entry><entry><id>https://example.org/x</id><title>Two</title><link rel="ALTERNATE" href="/2"/></entry>`), "",
			[]string{"title=One; link=https://example.org/1; guid=https://example.org/1", "title=Two; link=https://example.org/2; guid=https://example.org/x"}},
		{"an Atom entry by itself", `<?xml version="1.0"?><entry xmlns="http://www.w3.org/2005/Atom"><id>urn:1</id><title>One</title><link href="https://example.org/1"/></entry>`, "atom 1.0",
			[]string{"title=One; link=https://example.org/1; guid=urn:1"}},
		{"a feed under the doctype of a page", `<!DOCTYPE html><rss version="2.0"><channel><title>T</title><item><title>One</title></item></channel></rss>`, "rss 2.0",
			[]string{"title=One"}},
		{"entries behind the feed", `<rss version="2.0"><channel><title>T</title><item><title>One</title></item></channel></rss><item><title>Two</title></item><rss><channel><title>U</title><item><title>Three</title></item></channel></rss><script>if (a < b) {`, "rss 2.0",
			[]string{"title=One", "title=Two", "title=Three"}},
		{"entries behind the channel", `<rss version="2.0"><channel><title>T</title><item><title>One</title></item></channel><item><title>Two</title></item></rss>`, "rss 2.0",
			[]string{"title=One", "title=Two"}},
		{"two Atom feeds in one", atom(`<entry><title>One</title></entry>`) + atom(`<entry><title>Two</title></entry>`), "atom 1.0",
			[]string{"title=One", "title=Two"}},
		{"what never ends costs its own entry no more than a part", rss(`<item><title>One</title><description><!-- a</description></item><item><title>Two</title><description><![CDATA[b</description><link>/2</link></item><item><title>Three</title><enclosure url="/3.mp3 type="audio/mpeg"/><link>/3</link></item><item><title>Four</title><enclosure url="/4.mp3/><link>/4</link></item><item><title><![CDATA[Five]]></title></item>`), "",
			[]string{"title=One", "title=Two; link=https://example.org/2; summary=b", "title=Three; link=https://example.org/3", "title=Four; link=https://example.org/4", "title=Five"}},
		{"a container's child that can't be written", rss(`<item><title>One</title><media:group><media:a"b c>x</media:a"b><media:title>t</media:title></media:group></item>`), "",
			[]string{"title=One"}},
		{"Dublin Core", rss(`<item><dc:title>One</dc:title><dc:creator>Ana</dc:creator><dc:creator>Bo</dc:creator><dc:date>2026-07-06</dc:date><dc:subject>News</dc:subject></item>`), "",
			[]string{"title=One; author=Ana, Bo; categories=News; published=2026-07-06T00:00:00Z; updated=2026-07-06T00:00:00Z"}},
		{"undeclared prefixes", `<rss version="2.0"><channel><title>T</title><item><title>One</title><dc:creator>Ana</dc:creator><media:thumbnail url="https://example.org/a.jpg" width="600"/></item></channel></rss>`, "",
			[]string{"title=One; author=Ana; image=https://example.org/a.jpg 600x0 "}},
		{"the summary is the content when there is none", rss(`<item><title>One</title><content:encoded><![CDATA[<p>All of it</p><img src="/a.jpg" width="600" height="400" alt="A">]]></content:encoded></item>`), "",
			[]string{"title=One; summary=All of it; image=https://example.org/a.jpg 600x400 A"}},
		{"markup that was not escaped", rss(`<item><title>One <b>bold</b></title><description><p>a<br>b <a href="/x">c</a> &lt; d</p></description><link>https://example.org/1</link></item>`), "",
			[]string{"title=One bold; link=https://example.org/1; summary=a b [c](https://example.org/x) < d"}},
		{"text before and between CDATA", rss(`<item><title>a &amp; <![CDATA[b & ]]>c]]&gt;</title></item>`), "",
			[]string{"title=a & b & c]]>"}},
		{"media pictures: the widest that fits", rss(`<item><title>One</title><media:content url="/s.jpg" width="240" type="image/jpeg"/><media:group><media:content url="/m.jpg" width="1200" height="800" medium="image"><media:description>A bridge</media:description></media:content><media:content url="/l.jpg" width="4000" medium="image"/></media:group><media:content url="/film.mp4" type="video/mp4" width="1280"/></item>`), "",
			[]string{"title=One; image=https://example.org/m.jpg 1200x800 A bridge"}},
		{"sizes in addresses, not shapes", rss(`<item><title>One</title><enclosure url="/16x9/bridge-1500x1000.jpg?w=2" type="image/jpeg"/></item><item><title>Two</title><enclosure url="/16x9/bridge.jpg" type="image/jpeg"/></item><item><title>Three</title><enclosure url="/blank-1x1.png" type="image/png"/></item>`), "",
			[]string{"title=One; image=https://example.org/16x9/bridge-1500x1000.jpg?w=2 1500x1000 ", "title=Two; image=https://example.org/16x9/bridge.jpg 0x0 ", "title=Three; image=https://example.org/blank-1x1.png 0x0 "}},
		{"whose a picture is", rss(`<item><title>One</title><media:content url="/a.jpg" width="600" medium="image"><media:credit>Ana Lima</media:credit></media:content></item><item><title>Two</title><media:content url="/a.jpg" width="600" medium="image"/><media:credit>The Agency</media:credit></item>`), "",
			[]string{"title=One; image=https://example.org/a.jpg 600x0  by Ana Lima", "title=Two; image=https://example.org/a.jpg 600x0  by The Agency"}},
		{"an enclosure that is a picture", rss(`<item><title>One</title><enclosure url="/1.mp3" type="audio/mpeg"/><enclosure url="http://example.org/a.jpg" type="image/jpeg" length="1"/></item>`), "",
			[]string{"title=One; link=https://example.org/1.mp3; image=https://example.org/a.jpg 0x0 "}},
		{"no title: the first sentence", rss(`<item><description>The council met on Monday. It decided nothing.</description></item>`), "",
			[]string{"title=The council met on Monday.; summary=It decided nothing."}},
		{"RSS 1.0", `<rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#" xmlns="http://purl.org/rss/1.0/" xmlns:d="http://purl.org/dc/elements/1.1/"><channel rdf:about="x"><title>T</title></channel><item rdf:about="https://example.org/1"><title>One</title><d:date>2026-07-06T08:00+02:00</d:date></item></rdf:RDF>`, "rss 1.0",
			[]string{"title=One; link=https://example.org/1; guid=https://example.org/1; published=2026-07-06T06:00:00Z; updated=2026-07-06T06:00:00Z"}},
		{"RSS 0.90", `<rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#" xmlns="http://my.netscape.com/rdf/simple/0.9/"><channel><title>T</title></channel><item><title>One</title><link>https://example.org/1</link></item></rdf:RDF>`, "rss 0.90",
			[]string{"title=One; link=https://example.org/1"}},
		{"RSS with Atom's namespace on its root", `<rss version="2.0" xmlns="http://www.w3.org/2005/Atom"><channel><title>T</title><item><title>One</title></item></channel></rss>`, "rss 2.0",
			[]string{"title=One"}},
		{"Atom", atom(`<author><name>Ana</name></author><entry xml:lang="fr"><id>urn:1</id><title>Un</title><link rel="enclosure" href="/1.mp3"/><link rel="alternate" type="application/json" href="/1.json"/><link rel="alternate" type="text/html" href="/1"/><published>2026-07-06T08:00:00Z</published><updated>2026-07-06T09:00:00Z</updated><category term="n" label="News"/><summary type="html">&lt;i&gt;words&lt;/i&gt;</summary></entry>`), "atom 1.0",
			[]string{"title=Un; link=https://example.org/1; guid=urn:1; summary=_words_; author=Ana; categories=News; lang=fr; published=2026-07-06T08:00:00Z; updated=2026-07-06T09:00:00Z"}},
		{"Atom's three kinds of text", atom(`<entry><title>Plain &lt;b&gt; text</title></entry><entry><title type="html">AT&amp;amp;T &lt;b&gt;x&lt;/b&gt;</title></entry><entry><title type="xhtml"><h:div xmlns:h="http://www.w3.org/1999/xhtml">1 &lt; <h:b>2</h:b></h:div></title></entry>`), "",
			[]string{"title=Plain <b> text", "title=AT&T x", "title=1 < 2"}},
		{"a summary that forgot its type", atom(`<entry><title>x</title><summary>&lt;p&gt;words&lt;/p&gt;</summary></entry><entry><title>y</title><summary>a &lt; b &lt;c&gt;</summary></entry>`), "",
			[]string{"title=x; summary=words", "title=y; summary=a < b <c>"}},
		{"a summary that forgot its type, with elements", atom(`<entry><title>x</title><summary>some <span>words</span></summary></entry>`), "",
			[]string{"title=x; summary=some words"}},
		{"content that is no text", atom(`<entry><title>x</title><content type="image/png">iVBORw0KGgo=</content></entry>`), "",
			[]string{"title=x"}},
		{"Atom 0.3", `<feed version="0.3" xmlns="http://purl.org/atom/ns#"><title>T</title><entry><title>One</title><link rel="alternate" type="text/html" href="https://example.org/1"/><issued>2026-07-06T08:00:00Z</issued><modified>2026-07-06T09:00:00Z</modified><content type="text/html" mode="escaped">&lt;b&gt;x&lt;/b&gt;</content></entry></feed>`, "atom 0.3",
			[]string{"title=One; link=https://example.org/1; summary=*x*; published=2026-07-06T08:00:00Z; updated=2026-07-06T09:00:00Z"}},
		{"Atom with a prefix", `<a:feed xmlns:a="http://www.w3.org/2005/Atom"><a:title>T</a:title><a:entry><a:title>One</a:title><a:link href="https://example.org/1"/></a:entry></a:feed>`, "atom 1.0",
			[]string{"title=One; link=https://example.org/1"}},
		{"a video's media group", atom(`<entry><title>Film</title><media:group><media:thumbnail url="/a.jpg" width="480" height="360"/><media:description>What it shows</media:description></media:group></entry>`), "",
			[]string{"title=Film; summary=What it shows; image=https://example.org/a.jpg 480x360 "}},
		{"xml:base, nested", `<feed xmlns="http://www.w3.org/2005/Atom" xml:base="https://base.example/a/"><title>T</title><entry xml:base="/b/"><title>One</title><link href="two"/><content type="html" xml:base="https://other.example/c/">&lt;a href="y"&gt;y&lt;/a&gt;</content></entry><entry xml:base="javascript:alert(1)//"><title>Two</title><link href="three"/></entry></feed>`, "",
			[]string{"title=One; link=https://base.example/b/two; summary=[y](https://other.example/c/y)", "title=Two; link=https://base.example/a/three"}},
		{"what lies beside an entry", rss(`<item><title>One</title><link>/posts/one/</link><description>&lt;a href="a.pdf"&gt;a&lt;/a&gt; &lt;a href="/b"&gt;b&lt;/a&gt; &lt;img src="c.jpg"&gt;</description></item><item><title>Two</title><link>https://elsewhere.example/x/</link><description>&lt;a href="a.pdf"&gt;a&lt;/a&gt;</description></item>`), "",
			[]string{"title=One; link=https://example.org/posts/one/; summary=[a](https://example.org/posts/one/a.pdf) [b](https://example.org/b); image=https://example.org/posts/one/c.jpg 0x0 ",
				"title=Two; link=https://elsewhere.example/x/; summary=[a](https://example.org/a.pdf)"}},
		{"what lies beside an Atom feed", atom(`<link rel="self" href="https://example.org/blog/feed.atom"/><entry><title>One</title><link href="posts/one"/></entry>`), "",
			[]string{"title=One; link=https://example.org/blog/posts/one"}},
		{"an Atom feed that another host keeps", strings.Replace(atom(`<entry><title>One</title><link href="posts/one"/></entry>`), "https://example.org/", "https://elsewhere.example/", 1), "",
			[]string{"title=One; link=https://elsewhere.example/posts/one"}},
		{"an Atom feed that does not say where it is", atom(`<entry><title>One</title><link href="one"/></entry>`), "",
			[]string{"title=One; link=https://example.org/feeds/one"}},
		{"where a counted link leads", `<rss xmlns:feedburner="http://rssnamespace.org/feedburner/ext/1.0"><channel><item><title>One</title><link>https://feeds.example/~r/1</link><feedburner:origLink>https://example.org/1</feedburner:origLink></item></channel></rss>`, "",
			[]string{"title=One; link=https://example.org/1"}},
		{"vector pictures", rss(`<item><title>One</title><media:content url="/a" type="image/svg+xml" medium="image" width="900"/><enclosure url="/b.jpg" type="image/jpeg"/></item><item><title>Two</title><enclosure url="/a" type="image/svg+xml"/></item>`), "",
			[]string{"title=One; image=https://example.org/b.jpg 0x0 ", "title=Two"}},
		{"a source before the title", atom(`<entry><source><title>Mill blog</title><id>urn:mill</id></source><title>Bridge closed</title><link href="/1"/><id>urn:1</id><content>Some words.</content></entry>`), "",
			[]string{"title=Bridge closed; link=https://example.org/1; guid=urn:1; summary=Some words."}},
		{"links as text, the enclosure first", atom(`<entry><link rel="enclosure" type="image/jpeg">https://example.org/p.jpg</link><link>https://example.org/1</link><title>One</title><id>urn:1</id></entry>`), "",
			[]string{"title=One; link=https://example.org/1; guid=urn:1; image=https://example.org/p.jpg 0x0 "}},
		{"a content elsewhere is the link", atom(`<entry><title>One</title><id>https://example.org/id/1</id><content type="application/pdf" src="/one.pdf"/></entry>`), "",
			[]string{"title=One; link=https://example.org/one.pdf; guid=https://example.org/id/1"}},
		{"a guid that is a path", rss(`<item><title>One</title><guid>/node/1</guid></item><item><title>Two</title><guid isPermaLink="false">/node/2</guid></item>`), "",
			[]string{"title=One; link=https://example.org/node/1; guid=/node/1", "title=Two; guid=/node/2"}},
		{"what a redirector leads to", rss(`<item><title>One</title><link>https://search.example/url?sa=t&amp;url=https://example.org/1&amp;ct=ga</link></item><item><title>Two</title><link>https://example.org/save?url=https://example.org/2</link></item><item><title>Three</title><link>https://example.org/url?url=javascript:x</link></item>`), "",
			[]string{"title=One; link=https://example.org/1", "title=Two; link=https://example.org/save?url=https://example.org/2", "title=Three; link=https://example.org/url?url=javascript:x"}},
		{"links of the generator's own machine", rss(`<item><title>One</title><link>http://localhost:1313/1</link></item><item><title>Two</title><link>http://default/2?a=b#c</link></item>`), "",
			[]string{"title=One; link=https://example.org/1", "title=Two; link=https://example.org/2?a=b#c"}},
		{"a second date, where the first can't be true", rss(`<item><title>One</title><pubDate>Thu, 01 Jan 1970 00:00:00 GMT</pubDate><dc:date>2026-07-06T08:00:00Z</dc:date></item>`), "",
			[]string{"title=One; published=2026-07-06T08:00:00Z; updated=2026-07-06T08:00:00Z"}},
		{"one date tells the order of all", rss(`<item><title>One</title><pubDate>Mon, 07/06/2026 - 08:00</pubDate></item><item><title>Two</title><pubDate>06/30/2026 3:04 PM</pubDate></item>`), "",
			[]string{"title=One; published=2026-07-06T08:00:00Z", "title=Two; published=2026-06-30T15:04:00Z"}},
		{"or the other order", rss(`<item><title>One</title><pubDate>06/07/2026 08:00</pubDate></item><item><title>Two</title><pubDate>30/06/2026</pubDate></item>`), "",
			[]string{"title=One; published=2026-07-06T08:00:00Z", "title=Two; published=2026-06-30T00:00:00Z"}},
		{"dates that tell two orders tell none", rss(`<item><title>One</title><pubDate>06/07/2026</pubDate></item><item><title>Two</title><pubDate>30/06/2026</pubDate></item><item><title>Three</title><pubDate>06/30/2026</pubDate></item>`), "",
			[]string{"title=One", "title=Two; published=2026-06-30T00:00:00Z", "title=Three; published=2026-06-30T00:00:00Z"}},
		{"relative links without a site", `<rss version="2.0"><channel><title>T</title><item><title>One</title><link>../1</link></item></channel></rss>`, "",
			[]string{"title=One; link=https://example.org/1"}},
		{"JSON Feed", `{"version":"https://jsonfeed.org/version/1.1","title":"T","home_page_url":"https://example.org/","language":"en","authors":[{"name":"Ana"}],"items":[{"id":"1","url":"/1","title":"A < B","content_text":"a <b>\nc","date_published":"2026-07-06T08:00:00Z","tags":["x & y"],"image":"/a.jpg"}]}`, "json 1.1",
			[]string{"title=A < B; link=https://example.org/1; guid=1; summary=a <b> c; author=Ana; categories=x & y; lang=en; image=https://example.org/a.jpg 0x0 ; published=2026-07-06T08:00:00Z"}},
		{"JSON Feed with wrong types", `{"version":"https://jsonfeed.org/version/1","title":42,"items":[{"id":1,"title":["a"],"url":{}},"no object",null,{"id":true,"url":"https://example.org/4","title":"Good","authors":"Ana","tags":"x","date_published":1783324800,"attachments":{}}]}`, "json 1.0",
			[]string{"guid=1", "", "", "title=Good; link=https://example.org/4; guid=true; author=Ana; categories=x; published=2026-07-06T08:00:00Z"}},

		{"authors in all their forms", rss(`<item><title>1</title><author>Ana Writer &lt;ana@example.org&gt;</author></item><item><title>2</title><author>Ana (Staff)</author></item><item><title>3</title><author>ana@example.org</author></item><item><title>4</title><author>Ana (ana@example.org)</author></item><item><title>5</title><author>@ana</author></item>`), "",
			[]string{"title=1; author=Ana Writer", "title=2; author=Ana (Staff)", "title=3", "title=4; author=Ana", "title=5; author=@ana"}},
		{"only a link", rss(`<item><link>https://www.example.org/a-story</link></item>`), "",
			[]string{"title=example.org/a-story; link=https://www.example.org/a-story"}},
		{"only to be heard", rss(`<item><title>One</title><enclosure url="/a.jpg" type="image/jpeg"/><enclosure url="/1.mp3" type="audio/mpeg"/></item>`), "",
			[]string{"title=One; link=https://example.org/1.mp3; image=https://example.org/a.jpg 0x0 "}},

		// What is broken.
		{"cut in the middle of an item", rss(`<item><title>One</title></item><item><title>Two</title>`)[:len(inRSS)+20], "",
			[]string{"title=One"}},
		{"JSON as people write it by hand", "{\"version\":\"https://jsonfeed.org/version/1.1\",\"items\":[{\"id\":\"1\",\"title\":\"One\ttab\",\"content_text\":\"a, ] \\\"b\nc\",\"tags\":[\"x\",],},\n {\"id\":\"2\",\"title\":\"Two\"}, \n],}", "json 1.1",
			[]string{"title=One tab; guid=1; summary=a, ] \"b c; categories=x", "title=Two; guid=2"}},
		{"cut in JSON", `{"version":"https://jsonfeed.org/version/1.1","items":[{"id":"1","title":"One"},{"id":"2","tit`, "",
			[]string{"title=One; guid=1"}},
		{"items that were never closed", rss(`<item><title>One</title><description>a <b>b<item><title>Two</title>`), "",
			[]string{"title=One; summary=a *b*", "title=Two"}},
		{"an end tag too many, and one of another name", rss(`</b><item></x><title>One</title></p></item>`), "",
			[]string{"title=One"}},
		{"bare ampersands and less-than signs", rss(`<item><title>AT&T: 1 < 2 &nbsp;&unknown;</title><link>https://example.org/?a=1&b=2</link></item>`), "",
			[]string{"title=AT&T: 1 < 2 &unknown;; link=https://example.org/?a=1&b=2"}},
		{"control characters", rss("<item><title>a\x00b\x1b[31mc&#1;&#x0;d</title></item>"), "",
			[]string{"title=ab[31mcd"}},
		{"warnings before the feed", "<br />\n<b>Warning</b>: x in <b>/y.php</b>\n<?xml version='1.0'?>" + rss(`<item><title>One</title></item>`), "",
			[]string{"title=One"}},
		{"entities of its own", `<!DOCTYPE rss SYSTEM "http://example.org/x.dtd" [<!ENTITY leak SYSTEM "file:///etc/passwd"><!ENTITY me "x">]>` + rss(`<item><title>a &leak;&me;b &amp; c</title></item>`), "",
			[]string{"title=a b & c"}},
		{"an empty root", `<rss/>`, "rss", nil},
		{"items after the channel", `<rss version="2.0"><channel><title>T</title></channel><item><title>One</title></item></rss>`, "",
			[]string{"title=One"}},
	} {
		ch, err := readAll(t, row.document)
		if err != nil {
			t.Errorf("%s: %v", row.name, err)
			continue
		}
		if row.format != "" && ch.format != row.format {
			t.Errorf("%s: format %q, want %q", row.name, ch.format, row.format)
		}
		if len(ch.items) != len(row.items) {
			t.Errorf("%s: %d items, want %d; repairs %q", row.name, len(ch.items), len(row.items), ch.repairs)
			continue
		}
		for i, it := range ch.items {
			if got := describe(it); got != row.items[i] {
				t.Errorf("%s: item %d\n got %s\nwant %s", row.name, i+1, got, row.items[i])
			}
			if ch.skipped[i] != (it.Title == "") {
				t.Errorf("%s: item %d skipped: %v", row.name, i+1, ch.skipped[i])
			}
		}
	}
}

func TestRepairsAreNamed(t *testing.T) {
	t.Parallel()
	for words, document := range map[string]string{
		"ends in the middle of entry 2": rssOf(3)[:380],
		"before its last tag":           strings.TrimSuffix(rssOf(1), "</channel></rss>"),
		"1 entries were not closed":     strings.Replace(rssOf(2), "</item>", "", 1),
		"bare < read as text":           strings.Replace(rssOf(1), "Story", "1 < 2", 1),
		"control characters dropped":    strings.Replace(rssOf(1), "Story", "\x01", 1),
		"read as Windows-1252":          strings.Replace(rssOf(1), "Story", "\xe9", 1),
		"stands before the feed":        "oops " + rssOf(1),
		"entities of its document type": `<!DOCTYPE rss [<!ENTITY a "b">]>` + rssOf(1),
		"texts were cut":                strings.Replace(rssOf(1), "Story", strings.Repeat("x", maxValue+1), 1),
		"1 slips in its JSON":           `{"version":"https://jsonfeed.org/version/1","items":[{"id":"1"},]}`,
		"after the end of the feed":     rssOf(1) + "<item><title>x</title></item>",
		"encoded twice":                 strings.Replace(rssOf(1), "Story", "Ã© Ã¨ Ãª", 1),
		"wrong type":                    `{"version":"https://jsonfeed.org/version/1","items":[7]}`,
		"broken after entry 1":          `{"version":"https://jsonfeed.org/version/1","items":[{"id":"1"}, oops]}`,
		"in the middle of entry 2":      `{"version":"https://jsonfeed.org/version/1","items":[{"id":"1"}, {"id`,
	} {
		ch, err := readAll(t, document)
		if err != nil {
			t.Errorf("%s: %v", words, err)
			continue
		}
		if all := strings.Join(ch.repairs, "; "); !strings.Contains(all, words) {
			t.Errorf("repairs %q don't say %q", all, words)
		}
	}
	if ch, err := readAll(t, rssOf(3)); err != nil || len(ch.repairs) > 0 {
		t.Errorf("a good feed was repaired: %q, %v", ch.repairs, err)
	}
}

// A type that is none says nothing: the words stay.
func TestUnknownAtomTypes(t *testing.T) {
	t.Parallel()
	feed := `<feed xmlns="http://www.w3.org/2005/Atom"><entry><title type="plain">One</title><content type="escaped">&lt;p&gt;Words.&lt;/p&gt;</content></entry></feed>`
	ch, err := parse(t.Context(), source{body: []byte(feed)}, false)
	if err != nil {
		t.Fatal(err)
	}
	if len(ch.items) != 1 || ch.items[0].Title != "One" || ch.items[0].Summary.Plain() != "Words." {
		t.Errorf("%+v", ch.items)
	}
}

// Tags that nobody closes cost the rest of their value, not the feed.
func TestDeepMarkupInAValue(t *testing.T) {
	t.Parallel()
	deep := strings.Repeat("<b>", maxDepth+10)
	for _, item := range []string{
		"<item><title>One</title><description>Lead." + deep + "lost</description></item>",
		"<item><title>One</title><description>Lead.</description><x:y>" + deep + "</x:y></item>",
	} {
		ch, err := parse(t.Context(), source{body: []byte("<rss><channel>" + item + "<item><title>Two</title></item></channel></rss>")}, false)
		if err != nil {
			t.Fatal(err)
		}
		if len(ch.items) != 2 || ch.items[0].Summary.Plain() != "Lead." || ch.items[1].Title != "Two" {
			t.Errorf("%.80s: %+v", item, ch.items)
		}
	}
}

func TestWhatIsNoFeed(t *testing.T) {
	t.Parallel()
	for _, row := range []struct {
		name, document, words string
		is                    error
	}{
		{"nothing", "", "empty", ErrNotFeed},
		{"words", "Not found", "no feed in it", ErrNotFeed},
		{"a page", "<html><body>Log in</body></html>", "an HTML page", ErrNotFeed},
		{"a page with a document type", "<!DOCTYPE HTML PUBLIC '-//W3C//DTD'><title>x</title>", "an HTML page", ErrNotFeed},
		{"a page that names its feed", `<!doctype html><base href="https://cdn.example/"><link rel=stylesheet href=x><link REL="home Alternate" type="application/atom+xml" href="atom">`, "https://cdn.example/atom", ErrNotFeed},
		{"XHTML", `<?xml version="1.0"?><html xmlns="http://www.w3.org/1999/xhtml"><head><link rel="alternate" type="application/rss+xml" href="/f"/></head></html>`, "https://example.org/f", ErrNotFeed},
		{"a page whose feed is a script", `<html><link rel="alternate" type="application/rss+xml" href="javascript:alert(1)"></html>`, "look for its feed's address", ErrNotFeed},
		{"a list of feeds", `<opml><body/></opml>`, "feeds import", ErrNotFeed},
		{"another XML", strings.Repeat("<urlset>", 30), "it begins with <urlset>", ErrNotFeed},
		{"another JSON", `{"error":"no"}`, "no JSON Feed", ErrNotFeed},
		{"a JSON list", `[1]`, "no JSON Feed", ErrNotFeed},
		{"broken JSON", `{"version":`, "JSON", ErrNotFeed},
		{"a bomb of entities", `<!DOCTYPE r [<!ENTITY a "xxxxxxxxxx"><!ENTITY b "&a;&a;&a;">]><rss><channel><title>&b;</title></channel></rss>`, "entities out of entities", ErrUnsafe},
		{"a bomb of parameter entities", `<!DOCTYPE r [<!ENTITY % a "xxxx"><!ENTITY % b '%a;%a;'> %b;]><rss/>`, "entities out of entities", ErrUnsafe},
		{"nested without end", "<rss><channel><item>" + strings.Repeat("<media:group>", maxDepth+10), "deep", ErrTooBig},
		{"too many entries", "<rss><channel>" + strings.Repeat("<item/>", maxEntries+1), "entries", ErrTooBig},
		{"too many elements", "<rss><channel>" + strings.Repeat("<x/>", maxElements+1), "elements", ErrTooBig},
		{"too many items in JSON", `{"items":[` + strings.Repeat("1,", maxEntries+1) + `1]}`, "entries", ErrTooBig},
		{"too many end tags", "<rss><channel>" + strings.Repeat("<x>", 200) + strings.Repeat("</y>", maxElements+1), "elements", ErrTooBig},
		{"namespaces without end", "<rss>" + strings.Repeat("<a xmlns:b='c'>", 250) + strings.Repeat("<z:x/>", maxElements), "elements", ErrTooBig},
		{"JSON nested without end", `{"items":[` + strings.Repeat("[", 1<<20), "JSON", ErrNotFeed},
	} {
		if ch, err := readAll(t, row.document); !errors.Is(err, row.is) || !strings.Contains(err.Error(), row.words) {
			t.Errorf("%s: %v, %v; want %q", row.name, ch, err, row.words)
		}
	}
}

// gofeed is given no base to resolve against, no entity and no document type: whatever it would make
// of them, it can't.
func TestTidiedFeedsHoldNothingToStumbleOver(t *testing.T) {
	t.Parallel()
	document := `<?xml version="1.0" encoding="ISO-8859-1"?><!DOCTYPE rss [<!ENTITY a "b">]><?x y?><rss version="2.0" xml:base="https://example.org/"><channel><title>x</title><evil:thing xmlns:evil="urn:evil">x</evil:thing><item onclick="x" xml:base="/a/"><title>a]]&gt;b &lt;c&gt; &a; d</title><link>1</link><guid isPermalink="false">a]]&gt;&amp;b</guid><evil:thing/></item></channel></rss>`
	feed, err := tidy(t.Context(), []byte(document), nil)
	if err != nil {
		t.Fatal(err)
	}
	got := string(feed.page(feed.head, feed.xml)) + strings.Join(feed.texts, " ")
	for _, bad := range []string{"evil", "onclick", "xml:base", "DOCTYPE", "<?", "&a;"} {
		if strings.Contains(got, bad) {
			t.Errorf("%q is left in %s", bad, got)
		}
	}
	if want := `<item><title>1</title><link>https://example.org/a/1</link><guid isPermaLink="false"><![CDATA[a]]]]><![CDATA[>&b]]></guid></item>`; string(feed.xml) != want {
		t.Errorf("got %s\nwant %s", feed.xml, want)
	}
	if title := feed.text("1"); title != "a]]>b <c>  d" || feed.text("2") != "" || feed.text("-1") != "" || feed.text("x") != "" {
		t.Errorf("title %q", title)
	}
}

func TestFiftyThousandSmallItemsPass(t *testing.T) {
	t.Parallel()
	var b strings.Builder
	b.WriteString("<rss version='2.0'><channel><title>x</title>")
	for i := range 50_000 {
		fmt.Fprintf(&b, "<item><title>%d</title></item>", i)
	}
	ch, err := parse(t.Context(), source{body: []byte(b.String() + "</channel></rss>")}, false)
	if err != nil || len(ch.items) != 50_000 || ch.items[49_999].Title != "49999" {
		t.Errorf("%v, %d items", err, len(ch.items))
	}
}

func TestParsingStopsWhenItIsCalledOff(t *testing.T) {
	t.Parallel()
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	for _, document := range []string{rssOf(1), `{"items":[{"id":"1"}]}`} {
		if _, err := parse(ctx, source{body: []byte(document)}, false); !errors.Is(err, context.Canceled) {
			t.Errorf("%.20q: %v", document, err)
		}
	}
}

// checkChannel holds what every reading of a feed promises.
func checkChannel(t testing.TB, ch *channel) {
	t.Helper()
	for _, it := range ch.items {
		checkText(t, it.Summary)
		if n := len(it.Summary.Plain()); n > maxSummaryBytes+len("…") {
			t.Errorf("a summary of %d bytes", n)
		}
		for _, line := range append([]string{it.Title, it.Author, it.GUID, it.Language}, it.Categories...) {
			if !utf8.ValidString(line) || strings.ContainsAny(line, "\r\n\x00\x1b\u202e\u2028") {
				t.Errorf("line %q", line)
			}
		}
		for _, address := range []string{it.Link, ch.link} {
			if address != "" && (!isWebAddress(address) || !isPlainURL(address)) {
				t.Errorf("link %q", address)
			}
		}
		if it.Image != nil && !strings.HasPrefix(it.Image.URL, "https://") {
			t.Errorf("picture %q", it.Image.URL)
		}
		if it.Title == "" && (it.Link != "" || len(it.Summary) > 0) {
			t.Errorf("no title: %s", describe(it))
		}
	}
}

func FuzzParse(f *testing.F) {
	for _, seed := range []string{
		rssOf(2), strings.TrimSuffix(rssOf(2), "</item></channel></rss>"),
		`<feed xmlns="http://www.w3.org/2005/Atom" xml:base="/b"><title type="xhtml"><div>x</div></title><entry><id>1</id><link href="x"/><content type="html">&lt;img src=x&gt;</content></entry></feed>`,
		`<rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#" xmlns="http://purl.org/rss/1.0/"><item rdf:about="https://example.org/1"><title>One</title></item></rdf:RDF>`,
		`{"version":"https://jsonfeed.org/version/1.1","title":42,"items":[{"id":1,"url":"/x","tags":"a"},null]}`,
		`<!DOCTYPE rss [<!ENTITY a "b">]><rss><channel><item><media:group><media:content url="x" width="600"/></media:group><title>&a;<![CDATA[]]></title>`,
		"<!doctype html><link rel=alternate type=application/rss+xml href=/feed>", "\xff\xfe<\x00r\x00s\x00s\x00>\x00",
	} {
		f.Add([]byte(seed), "application/rss+xml; charset=utf-8")
	}
	fetched := mustURL(f, "https://example.org/feeds/x")
	f.Fuzz(func(t *testing.T, body []byte, contentType string) {
		whole, err := parse(t.Context(), source{body: bytes.Clone(body), contentType: contentType, fetched: fetched}, true)
		news, err2 := parse(t.Context(), source{body: body, contentType: contentType, fetched: fetched}, false)
		if (err == nil) != (err2 == nil) {
			t.Fatalf("whole: %v; for collecting: %v", err, err2)
		}
		if err != nil {
			return
		}
		checkChannel(t, whole)
		checkChannel(t, news)
		shown := 0
		for _, skipped := range whole.skipped {
			if !skipped {
				shown++
			}
		}
		if shown != len(news.items) {
			t.Errorf("%d items to show, %d collected", shown, len(news.items))
		}
	})
}
