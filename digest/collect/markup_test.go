package collect

import (
	"encoding/json"
	"net/url"
	"regexp"
	"strings"
	"testing"
	"unicode"
	"unicode/utf8"

	"github.com/rivo/uniseg"

	"digestd/digest"
)

func mustURL(t testing.TB, s string) *url.URL {
	t.Helper()
	u, err := url.Parse(s)
	if err != nil {
		t.Fatal(err)
	}
	return u
}

// spell writes a text with its marks: *strong*, _em_, [link](address).
func spell(text digest.Text) string {
	var b strings.Builder
	for _, s := range text {
		piece := s.S
		if s.Strong {
			piece = "*" + piece + "*"
		}
		if s.Em {
			piece = "_" + piece + "_"
		}
		if s.Href != "" {
			piece = "[" + piece + "](" + s.Href + ")"
		}
		b.WriteString(piece)
	}
	return b.String()
}

func TestReadHTML(t *testing.T) {
	t.Parallel()
	base := mustURL(t, "https://example.org/news/")
	for _, row := range []struct{ source, want string }{
		{"plain words", "plain words"},
		{"  a \n\t b  ", "a b"},
		{"<p>one</p><p>two</p>", "one two"},
		{"<![CDATA[Hello]]> and <![cdata[<b>more</b>]]>", "Hello and *more*"},
		{`<p>Lead.</p><iframe src="https://v.example/"/><p>Story.</p>`, "Lead. Story."},
		{`<p>Lead.</p><video/><script/><p>Story.</p>`, "Lead. Story."},
		{`Lead.<div style="display:none"/>Story.`, "Lead. Story."},
		{"<p>Lead.</p><video><p>Story.</p><script>x</script>", "Lead. Story."},
		{"<p>Lead.</p><style>p{}", "Lead."},
		{"Lead.<script/>alert(1)</SCRIPT>Story.<style/>p{}</style> <script/>End.", "Lead. Story. End."},
		{"one<br>two<br/>three", "one two three"},
		{"sn<span>ow</span>fall and <font color=red>red</font>", "snowfall and red"},
		{"a <b>bold</b> word", "a *bold* word"},
		{"<strong><em>both</em></strong>", "_*both*_"},
		{"<b>a</b><b>b</b>", "*ab*"},
		{"<b>never closed", "*never closed*"},
		{"</b></p></td>closes what is not open", "closes what is not open"},
		{`see <a href="one">this</a>.`, "see [this](https://example.org/news/one)."},
		{`<a href="//cdn.example.org/x">x</a> <a href="?q=1">y</a>`, "[x](https://cdn.example.org/x) [y](https://example.org/news/?q=1)"},
		{`<a href="mailto:ana@example.org?bcc=eve@example.org&body=x">write</a>`, "[write](mailto:ana@example.org)"},
		{`<a href="mailto:a@example.org,b@example.org">write</a>`, "write"},
		{`<a href="javascript:alert(1)">a</a><a href="data:text/html,x">b</a><a href="vbscript:x">c</a><a href="file:///etc/passwd">d</a>`, "abcd"},
		{"<a href=\"jav&#x09;ascript:alert(1)\">a</a><a href=\" \x01javascript:x\">b</a>", "ab"},
		{`<a href="https://bank.example@evil.example/">bank</a>`, "bank"},
		{`<a href="https://example.org/4>no end quote`, ""},
		{`<a href="https://example.org/1">one <a href="https://example.org/2">two</a> three`, "[one](https://example.org/1) [two](https://example.org/2) three"},
		{"before<script>alert(1)</script>after", "before after"},
		{"a<style>p{}</style><svg><text>no</text></svg><math>x</math><iframe>y</iframe><noscript>z</noscript>b", "a x b"},
		{"a<svg><svg>x</svg>y</svg>b<svg/>c", "a b c"},
		{"a<object><p>fallback</p></object>b<select><option>1</select>c<button>Confirm</button>d", "a b c d"},
		{"a<textarea><b>x</textarea>b", "a b"},
		{"a<style>never closed", "a"},
		{"a<!-- never closed", "a"},
		{"a<!--[if mso]><b>x</b><![endif]-->b", "ab"},
		{`<span style="display: none">hidden</span>shown<div hidden>no</div>`, "shown"},
		{`<div style="DISPLAY:NONE"><div>in</div>still</div>out`, "out"},
		{"<p>AT&amp;T &lt;b&gt; &eacute;&nbsp;&#8217;&#146; &nbsp; x&nbsp;</p>", "AT&T <b> é\u00a0’’ x"},
		{"<q>said</q>", "“said”"},
		{"<table><tr><td>a<td>b</table>", "a b"},
		{"x<sup>2</sup> H<sub>2</sub>O", "x² H2O"},
		{"bell\a esc\x1b[31m nul\x00 del\x7f c1\u0085 ls\u2028ps\u2029end", "bell esc[31m nul del c1 ls ps end"},
		{"\u202egnp.exe\u202c \u2067open \u200fworld\u200e", "gnp.exe open \u200fworld\u200e"},
		{"soft\u00adhyphen zw\u200bsp bom\ufeff", "softhyphen zwsp bom"},
		{"&#xD83D;&#xDE00; &#x1F600;", "😀 😀"},
		{"1 < 2 and 3 > 2 <3", "1 < 2 and 3 > 2 <3"},
		{"<<b>>x</b>", "<*>x*"},
		{strings.Repeat("<div><b>", 50_000) + "deep", "*deep*"},
	} {
		got := readHTML(row.source, base, maxContentBytes)
		if spell(got.text) != row.want {
			t.Errorf("%.80q: %q, want %q", row.source, spell(got.text), row.want)
		}
		checkText(t, got.text)
	}
}

// checkText holds what every text promises to those who show it.
func checkText(t testing.TB, text digest.Text) {
	t.Helper()
	for i, s := range text {
		if s.S == "" || !utf8.ValidString(s.S) {
			t.Errorf("span %q is empty or no UTF-8", s.S)
		}
		for _, r := range s.S {
			if isDropped(r) || isBlank(r) && r != ' ' {
				t.Errorf("%q has %U", s.S, r)
			}
		}
		if s.Href != "" && !strings.HasPrefix(s.Href, "https://") && !strings.HasPrefix(s.Href, "http://") && !strings.HasPrefix(s.Href, "mailto:") {
			t.Errorf("a link to %q", s.Href)
		}
		if s.Href != "" && !isPlainURL(s.Href) {
			t.Errorf("a link with unescaped characters: %q", s.Href)
		}
		if i > 0 && text[i-1].Strong == s.Strong && text[i-1].Em == s.Em && text[i-1].Href == s.Href {
			t.Errorf("spans %d and %d are one", i-1, i)
		}
	}
	plain := text.Plain()
	if strings.TrimFunc(plain, unicode.IsSpace) != plain || doubleSpace.MatchString(plain) {
		t.Errorf("loose space in %q", plain)
	}
}

var doubleSpace = regexp.MustCompile("[ \u00a0\u202f]{2}")

func TestLinks(t *testing.T) {
	t.Parallel()
	base := mustURL(t, "https://example.org/a/b?c")
	for _, row := range []struct{ ref, want string }{
		{"https://example.org/1", "https://example.org/1"},
		{"HTTPS://Example.org/1", "https://Example.org/1"},
		{"  https://example.org/1\n", "https://example.org/1"},
		{"https://exa\nmple.org/1\t2", "https://example.org/12"},
		{"1", "https://example.org/a/1"}, {"/1", "https://example.org/1"}, {"//x.example/1", "https://x.example/1"}, {"?q", "https://example.org/a/b?q"}, {"../../1", "https://example.org/1"},
		{"https://example.org/a b|c?d=\"e\"&f=g h#i", "https://example.org/a%20b%7Cc?d=%22e%22&f=g%20h#i"},
		{"https://example.org/?a=%20&b=c%2Fd", "https://example.org/?a=%20&b=c%2Fd"},
		{"https://bücher.example/ü?ä", "https://xn--bcher-kva.example/%C3%BC?%C3%A4"},
		{"https://example.org:8080/", "https://example.org:8080/"},
		{"javascript:alert(1)", ""}, {"JaVaScRiPt:x", ""}, {"java\tscript:x", ""}, {"data:text/html,x", ""}, {"ftp://example.org/", ""}, {"mailto:a@example.org", ""},
		{"https://user@example.org/", ""}, {"https://user:pass@example.org/", ""}, {"https:///path", ""}, {"https:example.org", ""}, {"http://", ""},
		{"https://example.org/\x00a", ""}, {"https://example.org/\u202egnp", ""}, {"https://exa mple.org/", ""}, {"https://[::1", ""}, {"https://[2606:2800::1]/", "https://[2606:2800::1]/"}, {"https://exa>mple.org/", ""}, {"https://ex%22ample.org/", ""}, {"", ""}, {" ", ""},
		{"https://example.org/" + strings.Repeat("x", maxURL), ""},
		{"https://example.org/" + strings.Repeat("é", maxURL/4), ""}, // too long where it is escaped
	} {
		if got := link(base, row.ref); got != row.want {
			t.Errorf("%.60q: %q, want %q", row.ref, got, row.want)
		}
	}
	site := mustURL(t, "https://www.harbour.example.org/")
	for _, row := range []struct{ ref, want string }{
		{"www.harbour.example.org/a", "https://www.harbour.example.org/a"},
		{"harbour.example.org/a?b#c", "https://harbour.example.org/a?b#c"},
		{"blog.harbour.example.org", "https://blog.harbour.example.org"},
		{"harbour.example.org:8080/a", "https://harbour.example.org:8080/a"},
		{"www.elsewhere.example/a", "https://www.elsewhere.example/a"},
		{"elsewhere.example/a", "https://www.harbour.example.org/elsewhere.example/a"}, // as likely a path
		{"index.html", "https://www.harbour.example.org/index.html"},
		{"http/spec.html", "https://www.harbour.example.org/http/spec.html"},
		{"http:/harbour.example.org/a", "http://harbour.example.org/a"},
		{"https:////harbour.example.org/a", "https://harbour.example.org/a"},
		{"https//harbour.example.org/a", "https://harbour.example.org/a"},
		{"http://http://harbour.example.org/a", "http://harbour.example.org/a"},
		{"http://https://harbour.example.org/a", "https://harbour.example.org/a"},
		{"https://http//harbour.example.org/a", "http://harbour.example.org/a"},
		{`https:\\harbour.example.org\a\b?c=\d`, "https://harbour.example.org/a/b?c=%5Cd"},
		{`\\harbour.example.org\a`, "https://harbour.example.org/a"},
		{`\a\b`, "https://www.harbour.example.org/a/b"},
		{"https://harbour.example.orghttps://harbour.example.org/a", "https://harbour.example.org/a"},
		{"https://harbour.example.org/https://harbour.example.org/a", "https://harbour.example.org/a"},
		{"https://archive.example/https://harbour.example.org/a", "https://archive.example/https://harbour.example.org/a"},
		{"https://harbour.example.org/r?u=http://http://x.example/", "https://harbour.example.org/r?u=http://http://x.example/"},
		{"https:/a/b", ""},
		{"www.harbour", "https://www.harbour.example.org/www.harbour"},
		{"bücher.example/a", "https://www.harbour.example.org/b%C3%BCcher.example/a"},
		{"www.bücher.example/a", "https://www.xn--bcher-kva.example/a"},
	} {
		if got := link(site, row.ref); got != row.want {
			t.Errorf("%.80q: %q, want %q", row.ref, got, row.want)
		}
	}
	if got := link(nil, "www.harbour.example.org/a"); got != "https://www.harbour.example.org/a" {
		t.Errorf("without a base: %q", got)
	}
	if got := link(nil, "/relative"); got != "" {
		t.Errorf("a relative link without a base: %q", got)
	}
}

func FuzzLink(f *testing.F) {
	for _, seed := range []string{"http://http://x.example/a", `https:\\x.example\a`, "www.x.example:80/?a=b", "https://x.example/https:/x.example/", "http:;//https//%zz"} {
		f.Add(seed)
	}
	base := mustURL(f, "https://example.org/a")
	f.Fuzz(func(t *testing.T, ref string) {
		got := link(base, ref)
		if got == "" {
			return
		}
		if !isWebAddress(got) || strings.ContainsAny(got, " \t\r\n\"<>\\") || !isASCII(got) {
			t.Errorf("%q: a link to %q", ref, got)
		}
		if again := link(base, got); again != got {
			t.Errorf("%q: %q, and then %q", ref, got, again)
		}
	})
}

func TestShorten(t *testing.T) {
	t.Parallel()
	family := "👨\u200d👩\u200d👧\u200d👦"
	for _, row := range []struct {
		text string
		max  int
		want string
	}{
		{"short", 10, "short"},
		{"exactly te", 10, "exactly te"},
		{"one two three", 10, "one two…"},
		{"one two, three", 10, "one two…"},
		{"unbreakable", 5, "unbre…"},
		{"a unbreakableword", 8, "a unbrea…"},
		{strings.Repeat(family, 4), 3, strings.Repeat(family, 3) + "…"},
		{strings.Repeat("é", 5), 4, strings.Repeat("é", 4) + "…"},
		{"日本語の長い見出し", 4, "日本語の…"},
	} {
		got := shorten(row.text, row.max, 100*row.max)
		if got != row.want {
			t.Errorf("%q to %d: %q, want %q", row.text, row.max, got, row.want)
		}
	}
	if got := shorten(strings.Repeat(family, 10), 100, 60); got != strings.Repeat(family, 2)+"…" {
		t.Errorf("by bytes: %q", got)
	}
}

func TestTitles(t *testing.T) {
	t.Parallel()
	long := strings.Repeat("wordy ", 800)
	for _, row := range []struct{ source, want string }{
		{"One", "One"},
		{"A <b>bold</b>\n title", "A bold title"},
		{"<script>alert(1)</script>Title", "Title"},
		{"1 < 2 & 3", "1 < 2 & 3"},
		{"&lt;b&gt; stays", "<b> stays"},
		{"\u00a0 One\u00a0two \u00a0", "One\u00a0two"},
		{"{{.Secret}} ${7*7} <%= 7*7 %>", "{{.Secret}} ${7*7} <%= 7*7 %>"},
		{long, strings.TrimSpace(long[:300]) + "…"},
	} {
		if got := plainTitle(row.source); got != row.want {
			t.Errorf("%.60q: %q, want %q", row.source, got, row.want)
		}
	}
	for _, row := range []struct{ text, want string }{
		{"The council met on Monday. It decided nothing.", "The council met on Monday."},
		{"No. It did not, said the council when it was asked on Monday. Then it left.", "No. It did not, said the council when it was asked on Monday."},
		{strings.Repeat("long ", 40), strings.TrimSpace(strings.Repeat("long ", 20)) + "…"},
		{"Short", "Short"},
		{"", ""},
	} {
		if got := titleFromText(row.text); got != row.want {
			t.Errorf("%.40q: %q, want %q", row.text, got, row.want)
		}
	}
}

func TestShortenText(t *testing.T) {
	t.Parallel()
	text := digest.Text{{S: "one "}, {S: "two", Strong: true}, {S: " three four", Href: "https://example.org/"}}
	for max, want := range map[int]string{100: "one *two*[ three four](https://example.org/)", 8: "one *two…*", 14: "one *two*[ three…](https://example.org/)"} {
		if got := spell(shortenText(text, max, 4*max)); got != want {
			t.Errorf("to %d: %q, want %q", max, got, want)
		}
	}
}

func TestPictures(t *testing.T) {
	t.Parallel()
	base := mustURL(t, "https://example.org/")
	for _, row := range []struct{ source, want string }{
		{`<img src="/a.jpg" width="600" height="400" alt="A bridge">`, `{"url":"https://example.org/a.jpg","width":600,"height":400,"alt":"A bridge"}`},
		{`<img src="http://example.net/a.jpg" width="600px">`, `{"url":"https://example.net/a.jpg","width":600}`},
		{`<img src="//example.net/a.jpg" width="100%">`, `{"url":"https://example.net/a.jpg"}`},
		{`<img src="/pixel.gif" width=1 height=1><img src="/b.jpg">`, `{"url":"https://example.org/b.jpg"}`},
		{`<img src="/smiley.png" width="16"><img src="/hidden.gif" style="display:none">`, "null"},
		{`<img src="data:image/svg+xml;base64,PHN2Zy8+"><img srcset="data:x 1x"><img>`, "null"},
		{`<img srcset="/x 1x">`, `{"url":"https://example.org/x"}`},
		{`<img src="/grey.gif" data-src="/a.jpg" width="600">`, `{"url":"https://example.org/a.jpg","width":600}`},
		{`<img src="data:image/gif;base64,R0lGOD" data-lazy-src="/a.jpg">`, `{"url":"https://example.org/a.jpg"}`},
		{`<img src="data:image/gif;base64,R0lGOD" data-original="/a.jpg">`, `{"url":"https://example.org/a.jpg"}`},
		{`<img data-srcset="/s.jpg 300w, /m.jpg 1200w, /l.jpg 4000w">`, `{"url":"https://example.org/m.jpg"}`},
		{`<img srcset="/w_400,c_fit/a.jpg 400w,/w_900,c_fit/a.jpg 900w,">`, `{"url":"https://example.org/w_900,c_fit/a.jpg"}`},
		{`<img srcset="/a.jpg, /b.jpg 2x">`, `{"url":"https://example.org/b.jpg"}`},
		{`<img src="data:image/gif;base64,R0lGOD" class="lazy"><noscript><p>words</p><img src="/a.jpg"></noscript>`, `{"url":"https://example.org/a.jpg"}`},
		{`<picture><source type="image/avif" srcset="/a.avif"><source srcset="/a.jpg 1x"><img alt="A bridge"></picture>`, `{"url":"https://example.org/a.jpg","alt":"A bridge"}`},
		{`<picture><source srcset="/big.jpg"><img src="/a.jpg"></picture>`, `{"url":"https://example.org/a.jpg"}`},
		{`<img src="/images/lazyload.gif#center">`, "null"},
		{`<img src="/wp-content/themes/x/placeholder-16x9.png"><img src="/spacer.gif"><img src="/img/blank.png">`, "null"},
		{`<img src="https://pixel.wp.com/b.gif?host=x"><img src="https://secure.gravatar.com/avatar/ab?s=96"><img src="https://img.shields.io/badge/a-b-green">`, "null"},
		{`<img src="https://x.example/a.png" style="WIDTH: 1px; height:1px"><img src="https://x.example/b.png" style="height:1em">`, "null"},
		{`<img src="/a.svg"><img src="/b.svg?v=1">`, "null"},
		{`<img src="https://news.example/reviews/pixel-9-phone.jpg">`, `{"url":"https://news.example/reviews/pixel-9-phone.jpg"}`},
		{`<img src="http://192.168.1.4/a.jpg"><img src="//localhost/b.jpg"><img src="http://nas.local/c.jpg"><img src="http://[::1]/d.jpg"><img src="http://cms.internal/e.jpg">`, "null"},
		{`<script><img src="/a.jpg"></script>`, "null"},
	} {
		got, err := json.Marshal(readHTML(row.source, base, 1000).image)
		if err != nil || string(got) != row.want {
			t.Errorf("%s: %s, want %s", row.source, got, row.want)
		}
	}
}

func FuzzMarkup(f *testing.F) {
	for _, seed := range []string{
		`<p>one <b>two</b> <a href="https://example.org/">three</a></p>`, "<svg><script>x</script></svg>&#xD83D;&#xDE00;\u202e",
		`<a href="jav&#x09;ascript:x">a</a><img src=x width=1>`, "<!--><plaintext><b><i><q>\u00a0 é́́́",
	} {
		f.Add(seed, 40)
	}
	base := mustURL(f, "https://example.org/a")
	f.Fuzz(func(t *testing.T, source string, max int) {
		max = 1 + max&0xff
		got := readHTML(source, base, 4096)
		checkText(t, got.text)
		if got.image != nil && !strings.HasPrefix(got.image.URL, "https://") {
			t.Errorf("a picture at %q", got.image.URL)
		}
		short := shortenText(got.text, max, 4*max).Plain()
		if !utf8.ValidString(short) || uniseg.GraphemeClusterCount(short) > max+1 || len(short) > 4*max+len("…") {
			t.Errorf("%q cut to %d: %q", got.text.Plain(), max, short)
		}
		story := readStory(source, base, 4096)
		checkText(t, story.text)
		if title := plainTitle(source); strings.ContainsAny(title, "\r\n\t\x00") || !utf8.ValidString(title) {
			t.Errorf("title %q", title)
		}
	})
}

func TestParagraphsAreSentences(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ source, want string }{
		{"Vote\U000e0049\U000e0067\U000e006e\U000e006f\U000e0072\U000e0065 counted\U000e007f", "Vote counted"}, // tag characters hide words
		{"Goal for \U0001f3f4\U000e0067\U000e0062\U000e0073\U000e0063\U000e0074\U000e007f, at last", "Goal for \U0001f3f4\U000e0067\U000e0062\U000e0073\U000e0063\U000e0074\U000e007f, at last"},
		{"A \U0001f3f4" + strings.Repeat("\U000e0061", 50) + "\U000e007f\U000e0062 flag", "A \U0001f3f4" + strings.Repeat("\U000e0061", 6) + "\U000e007f flag"},
		{"<p>The flag was raised upside down</p><p>The harbour has apologised</p>", "The flag was raised upside down. The harbour has apologised"},
		{"<p>It was raised.</p> <p>The harbour “regrets” it!</p><p>“Never again”</p>", "It was raised. The harbour “regrets” it! “Never again”"},
		{"<h2>Harbour <b>News</b></h2>Cranes move", "Harbour News. Cranes move"},
		{"<b>Harbour</b><br>Cranes<br/><br>Boats", "Harbour Cranes. Boats"},
		{"<ul><li><a href='https://example.org/a'>One quay</a></li><li>Two quays</li></ul>", "One quay. Two quays"},
		{"<p>first</p><p>second</p>", "first second"}, // a line that was broken, as likely
		{"<p>Prices:</p><p>Up 4 %</p><p>(unchecked)</p><p>More</p>", "Prices: Up 4 % (unchecked). More"},
		{"<p>Η ανακοίνωση</p><p>Το λιμάνι</p>", "Η ανακοίνωση. Το λιμάνι"},
		{"<p>港が開いた</p><p>午前</p>", "港が開いた 午前"},
		{"<p>One</p><p> </p><p><img src='x'></p><p>Two</p>", "One. Two"},
		{"<p>One</p>", "One"},
		{"<span>One</span> <span>Two</span>", "One Two"},
	} {
		if got := readHTML(c.source, nil, 1<<10).text.Plain(); got != c.want {
			t.Errorf("%s\nreads %q\nwant  %q", c.source, got, c.want)
		}
	}
	// The full stop belongs to no mark.
	if got := readHTML("<p><b>One</b></p><p>Two</p>", nil, 1<<10).text; len(got) != 2 || got[0].S != "One" || got[1].S != ". Two" {
		t.Errorf("%+v", got)
	}
}
