package collect

import (
	"bytes"
	"runtime"
	"strconv"
	"strings"
	"testing"
)

// What is no part of a story is left out, and what is one stays.
func TestFurniture(t *testing.T) {
	const story = "The mill turns again."
	for _, source := range []string{
		// Aggregators.
		`<p>%</p><p><a href="/c">Comments</a></p>`,
		`<p>%</p><p>Article URL: <a href="https://mill.example/a">https://mill.example/a</a></p><p>Comments URL: <a href="/c">https://hn.example/1</a></p><p>Points: 8</p><p># Comments: 2</p>`,
		`<p>%</p> submitted by <a href="/u/bo"> /u/bo </a> to <a href="/r/mills"> r/mills </a> <br/> <span><a href="/l">[link]</a></span> &#32; <span><a href="/c">[comments]</a></span>`,
		`<p>%</p><p><a href="/c">4 comments</a> | <a href="/d">Discuss</a></p>`,
		`<p>%</p><p><small>3 posts - 2 participants</small></p><p><a href="/t/1">Read full topic</a></p>`,
		`<aside class="quote"><blockquote>Who said so?</blockquote></aside><p>%</p><aside class="onebox"><h3>Mills</h3></aside>`,
		// Letters.
		`<p>Thanks for reading Mill Notes! Subscribe for free to receive new posts.</p><p>%</p>`,
		`<p>Thank you for reading.</p><p>%</p><p>Mill Notes is a reader-supported publication. To receive new posts, consider becoming a free or paid subscriber.</p>`,
		`<div class="subscription-widget-wrap"><p>Type your email</p></div><p>%</p><p class="button-wrapper"><a href="/s">Share</a></p>`,
		`<div style="display:none;max-height:0">All about mills</div><p><a href="/v">View this email in your browser</a></p><p>%</p><hr><p><small>Kill the Newsletter! feed settings</small></p>`,
		`<div style="max-height:0px;overflow:hidden">A hidden line</div><span style="font-size:0">one more</span><p>%</p>`,
		`<p>%</p><p>Unsubscribe | Manage preferences | View in browser</p>`,
		`<p>%</p><p>This post is for paying subscribers only</p><p>Already have an account? Sign in</p>`,
		// Blogs.
		`<p>%</p><p>The post <a href="/p">The mill</a> appeared first on <a href="/">Mill Notes</a>.</p>`,
		`<p>%</p><p>Der Beitrag <a href="/p">Die Mühle</a> erschien zuerst auf <a href="/">Mühlenblatt</a>.</p>`,
		`<p>%</p><p>La publicación <a href="/p">El molino</a> apareció primero en <a href="/">Molinos</a>.</p>`,
		`<p>%</p><p>投稿 <a href="/p">水車</a> は <a href="/">村便り</a> に最初に表示されました。</p>`,
		`<p>%</p><p>ظهرت المقالة <a href="/p">الطاحونة</a> أولاً على <a href="/">القرية</a>.</p>`,
		`<p>%</p><p>הפוסט <a href="/p">הטחנה</a> הופיע לראשונה ב-<a href="/">הכפר</a>.</p>`,
		`<p>%</p><p><a href="/p">水车</a>最先出现在<a href="/">村报</a>。</p>`,
		`<p>%</p><p><a href="/p">Lees verder</a></p>`, `<p>%</p><p><a href="/p">Читать далее →</a></p>`, `<p>%</p><p><a href="/p">더 보기</a></p>`, `<p>%</p><p><a href="/p">Czytaj dalej »</a></p>`,
		`<p>%</p><p>Indlægget <a href="/p">Møllen</a> blev først udgivet på <a href="/">Mølleby</a>.</p>`,
		`<p>%</p><p>Innlegget <a href="/p">Møllen</a> dukket først opp på <a href="/">Mølleby</a>.</p>`,
		`<p>%</p><p>Příspěvek <a href="/p">Mlýn</a> pochází z <a href="/">Vsi</a></p>`,
		`<p>%</p><p>Запись <a href="/p">Мельница</a> впервые появилась <a href="/">Деревня</a>.</p>`,
		`<p>%</p><p><a href="/p">Değirmen</a> yazısı ilk önce <a href="/">Köy</a> üzerinde ortaya çıktı.</p>`,
		`<p>%</p><p>A <a href="/p">malom</a> bejegyzés először <a href="/">Falu</a>-n jelent meg.</p>`,
		`<p>%</p><p><a href="/p">The mill</a> was originally published in <a href="/q">Quay</a> on Medium, where people are continuing the conversation.</p>`,
		`[et_pb_section fb_built="1"][et_pb_text]%[/et_pb_text][/et_pb_section]`,
		`[caption id="x" width="300"]<img src="/a.jpg"/> The mill. Photo: Bo[/caption]% [gallery ids="1,2"]`,
		`[audio src="https://mill.example/a.mp3"][/audio]% [contact-form-7 id=&quot;4&quot; title=&#8221;x&#8221;]`,
		`[embed]https://video.example/1[/embed]%`,
		`<p>%</p><div class="sharedaddy sd-sharing-enabled"><p>Share this:</p></div><div id="jp-relatedposts"><em>Related</em></div>`,
		`<p>%</p><p>Filed under: Mills, Water</p><p>Tagged: wheat</p>`,
		`<p>%</p><p>Permalink | Leave a comment  »</p>`,
		`<p>%</p><p class="medium-feed-link"><a href="/m">Continue reading on Quay »</a></p>`,
		// Releases, papers.
		`<h2>What's Changed</h2><p>%</p><h2>New Contributors</h2><ul><li>@bo made their first contribution in https://code.example/mill/pull/2</li></ul><p><strong>Full Changelog</strong>: <a href="/c">v1...v2</a></p>`,
		`arXiv:2611.01234v1 Announce Type: new Abstract: %`,
		`<p>arXiv:2611.01234v2 Announce Type: replace-cross <br/>Abstract: %</p>`,
		// Pictures, lists of contents, code, embeds.
		`<figure><img src="/a.jpg"><figcaption>The mill in June. Photograph: Bo Lund</figcaption></figure><p>%</p>`,
		`<p class="wp-caption-text">The mill in June.</p><p>%</p>`,
		`<p>Photo by Bo Lund on Unsplash</p><p>%</p>`,
		`<p>Foto: Bo Lund/dpa</p><p>%</p>`, `<p>Reuters / Getty Images</p><p>%</p>`, `<p>(Image credit: Bo Lund)</p><p>%</p>`,
		`<p>Crédit photo : Bo Lund</p><p>%</p>`, `<p>写真：村山</p><p>%</p>`, `<p>图片来源：村报</p><p>%</p>`,
		`<div id="ez-toc-container"><p>Contents</p><ul><li><a href="#a">Wheels</a></li></ul></div><p>%</p>`,
		`<h2>Table of Contents</h2><nav><ol><li><a href="#a">Wheels</a></li></ol></nav><p>%</p>`,
		`<pre><code>make mill</code></pre><p>%</p>`,
		`<blockquote class="twitter-tweet"><p>So true</p>— Bo (@bo)</blockquote><p>%</p>`,
		`<blockquote class="instagram-media">View this post on Instagram</blockquote><p>%</p>`,
		`<p>Author: Ana Lima</p><p>%</p>`, `<h2>Introduction</h2><p>%</p>`, `<h1>The mill</h1><h2>What is new</h2><p>%</p>`, `<p>2026-11-28</p><p>%</p>`,
		`<span class="field field--name-title">The mill</span><span class="field field--name-uid">ana</span><span class="field field--name-created"><time>28 November 2026</time></span><div>%</div>`,
		`<p>By Ana Lima</p><p>%</p>`, `<p>Von Ana Lima</p><p>%</p>`, `<p>5 min read</p><p>%</p>`,
		`<p>%</p><p><a class="mention hashtag" href="/t">#<span>mills</span></a> <a class="mention hashtag" href="/t">#<span>flour</span></a></p>`,
		`% #mills #flour`, `% #mills`,
		`<p>%</p><p>Related: <a href="/r">How flour is made</a></p>`,
		// The last line, in the languages of the program.
		`% (more…)`, `% Read more`, `% Read the full story`, `<p>%</p><p>Read more at mill.example</p>`, `% Continue reading The mill →`, `<p>%</p><p>Weiterlesen »</p>`, `% Mehr lesen`,
		`<p>%</p><p>Zum Artikel</p>`, `<p>%</p><p>Lire la suite</p>`, `<p>%</p><p>En savoir plus…</p>`, `<p>%</p><p>À lire aussi : Le pain</p>`, `<p>%</p><p>Leer más</p>`, `<p>%</p><p>Seguir leyendo El molino</p>`,
		`<p>%</p><p>Lea también: El pan</p>`, `<p>%</p><p>Leggi tutto</p>`, `<p>%</p><p>Continua a leggere su Mulini</p>`, `<p>%</p><p>Leia mais</p>`, `<p>%</p><p>Continue lendo...</p>`,
		`<p>%</p><p>続きを読む</p>`, `<p>%</p><p>関連記事：水車</p>`, `<p>%</p><p>阅读全文</p>`, `<p>%</p><p>閱讀更多 »</p>`, `<p>%</p><p>اقرأ المزيد</p>`, `<p>%</p><p>اقرأ أيضاً: الخبز</p>`,
		`<p>%</p><p>קרא עוד</p>`, `<p>%</p><p>להמשך קריאה »</p>`, `<p>%</p><p>और पढ़ें</p>`, `<p>%</p><p>यह भी पढ़ें: रोटी</p>`,
		`%<br>0:00 Intro<br>1:20 The wheel<br>(12:05) The end`, `&#847;&zwnj;&nbsp;&#847;&zwnj;<p>%</p>`, `<p>% <a href="/m">Read More</a></p>`,
		`<p>%</p><p>© 2026 Mill Notes. All rights reserved.</p>`, `<div>Posted by <b>Ana</b> on Friday</div><p>%</p>`,
		`<p>Read time: 3 min</p><p>%</p>`, `<p>Lesezeit: 3 Minuten</p><p>%</p>`, `<p>%</p><p>Temps de lecture : 4 min</p>`, `<p>3 min. de lecture</p><p>%</p>`,
		`<p>Tiempo de lectura: 2 minutos</p><p>%</p>`, `<p>Tempo di lettura: 2 minuti</p><p>%</p>`, `<p>%</p><p>Last updated: 28 November 2026, 08:00</p>`,
		`<p>ADVERTISEMENT - CONTINUE READING BELOW</p><p>%</p>`, `<p>Diesen Artikel vorlesen lassen</p><p>%</p>`, `<p>%</p><p>🔊 Listen</p>`, `<p>%</p><p>Download the PDF</p>`,
		`<p>%</p><p>You are receiving this email because you signed up at the mill.</p>`, `<p>Forwarded this email? Subscribe here for more</p><p>%</p>`,
		`<p>By ANA LIMA, Staff Reporter</p><p>%</p>`, `<p>Share on Twitter Share on Facebook</p><p>%</p>`,
		`<p>%</p><p>3 Kommentare</p>`, `<p>%</p><p>Laisser un commentaire</p>`, `<p>%</p><p>コメントを残す</p>`, `<p>%</p><p>分享</p>`,
	} {
		source = strings.Replace(source, "%", story, 1)
		if got := readStory(source, mustURL(t, "https://example.org/"), 4096).text.Plain(); got != story {
			t.Errorf("%s\n reads %q", source, got)
		}
	}
	for source, want := range map[string]string{ // headings that tell, and what stands in a text
		`<h2>Nobody knows who moved the mill</h2><p>It turns.</p>`: "Nobody knows who moved the mill. It turns.",
		`<h2>It turns!</h2><p>All came.</p>`:                       "It turns! All came.", `<h2>The mill</h2>`: "The mill",
		`<p>It turns.</p><h2>The mill</h2><p>All came.</p>`: "It turns. The mill. All came.",
		`<p>It turns.</p><p>2026-11-28</p>`:                 "It turns. 2026-11-28", `<p>Author: I was wrong</p><p>It turns.</p>`: "Author: I was wrong. It turns.",
	} {
		if got := readStory(source, nil, 4096).text.Plain(); got != want {
			t.Errorf("%s\n reads %q\n want  %q", source, got, want)
		}
	}
	for _, text := range []string{
		"Comments on the new law are due on Monday.", "Children read more than ever.", "Share prices fell by 3 per cent.", "More than forty people came.",
		"Photo: how a picture moved the city. It hangs in the hall now.", "By the sea it is colder.", "By Monday all was over.",
		"Subscribe to a theory, and you will see it everywhere. So it is.", "Source code of the mill was found. Nobody reads it.",
		"He lives in #Hamburg", "We fixed issue #12", "The link between the two is old.", "[sic] is what they wrote", "The score: 3 to 1. It was close.",
		"Continue reading, said the judge. So they did.", "Tags fly: the auction of the mill was wild. All was sold.", "Update: the mill is closed.",
		"1. Water 2. Wheat", "Contents of the chest were old coins.", "Advertisement spending has doubled.", "Follow the water, says the miller.",
		"Last updated in the days of the old king, the law was changed.", "Listen to the river, says the miller.", "Share on the stage of the mill: a play.",
		"Download the river, say the boatmen.", "By Friday Ana Lima, a reporter, had left.", "Lesezeit ist Lebenszeit, sagt der Müller.", "Advertisement of the mill was banned.",
		"Print is not dead.", "Reuters has a new editor.", "It costs $5 [about £4]", "12:05 The ferry leaves.",
	} {
		if got := readStory("<p>"+text+"</p>", nil, 4096).text.Plain(); got != text {
			t.Errorf("%q reads %q", text, got)
		}
	}
}

// What markup meant is kept when it goes.
func TestMeaningOfMarkup(t *testing.T) {
	for _, row := range []struct{ source, want string }{
		{"4 × 10<sup>6</sup> t, 10<sup>−3</sup> m, 5 km<sup>2</sup>, x<sup>n</sup>", "4 × 10⁶ t, 10⁻³ m, 5 km², xⁿ"},
		{"e<sup>iπ</sup> and 2<sup>x+1</sup> and 10<sup>1.5</sup>", "e^(iπ) and 2^(x+1) and 10^(1.5)"},
		{"the 1<sup>st</sup>, le 2<sup>e</sup>, M<sup>me</sup> Lund, Mill<sup>TM</sup>", "the 1st, le 2e, Mme Lund, Mill™"},
		{"in 2025<sup><a href='#fn1'>1</a></sup>, said<sup>[2]</sup> he<sup>*</sup>", "in 2025, said he"},
		{"in 2025<sup class='footnote'>3</sup> and 12<sup id='fnref:2'><a href='https://mill.example/p#fn:2'>2</a></sup>", "in 2025 and 12"},
		{"in 2025<a class='footnote-anchor' href='#footnote-1'>1</a> it rained<a href='#cite_note-4'>[4]</a>", "in 2025 it rained"},
		{"see <a href='#wheels'>the wheels</a> there", "see the wheels there"},
		{"H<sub>2</sub>O, CO<sub>2</sub>, 101<sub>2</sub>, v<sub>max</sub>", "H2O, CO2, 101₂, v_max"},
		{"1<sup>1</sup>/<sub>2</sub> cups, 1<sup>3/4</sup> miles, <sup>1</sup>⁄<sub>3</sub>", "1¹/₂ cups, 1 3/4 miles, ¹⁄₃"},
		{"now $5 <s>$9</s> <del>$8</del><strike>$7</strike><span style='text-decoration: line-through'>$6</span>!", "now $5 !"},
		{"<ruby>水車<rt>すいしゃ</rt></ruby>が<ruby>回<rp>（</rp><rt>まわ</rt><rp>）</rp></ruby>る", "水車(すいしゃ)が回(まわ)る"},
		{"so <math><mi>E</mi> <mo>=</mo> <mi>m</mi><msup><mi>c</mi><mn>2</mn></msup></math>.", "so E=mc²."},
		{"<math><mfrac><mrow><mi>a</mi><mo>+</mo><mn>1</mn></mrow><mn>2</mn></mfrac><msub><mi>x</mi><mn>1</mn></msub><msqrt><mn>2</mn></msqrt></math>", "(a+1)/2x1√(2)"},
		{"<span class='katex'><span class='katex-mathml'><math><semantics><mrow><msup><mi>c</mi><mn>2</mn></msup></mrow><annotation encoding='application/x-tex'>c^2</annotation></semantics></math></span><span class='katex-html' aria-hidden='true'>c2</span></span> it is", "c² it is"},
		{"it is <img class='latex' alt='a^2' src='/latex.php?latex=a'>, <img alt='$b$' src='https://latex.codecogs.com/x'> or $latex c^2$.", "it is a^2, b or c^2."},
		{`the <span class="math">\(x^2\)</span> of it`, "the x^2 of it"},
		{"up <img alt='🚀' src='https://s.example/1f680.png'> and <img class='emoji' alt=':mill:' src='/e.png'>away", "up 🚀 and :mill:away"},
		{"one<img src='/a.jpg' alt='A mill'>two", "one two"},
		{"<p>Use <code>&amp;amp;</code> for &amp;amp;amp; and it&amp;#8217;s &amp;quot;fine&amp;quot;</p>", "Use &amp; for & and it’s \"fine\""},
		{"&lt;p&gt;A &lt;b&gt;wheel&lt;/b&gt;&lt;/p&gt;", "A wheel"},
		{"&amp;lt;p&amp;gt;A wheel&amp;lt;br /&amp;gt;turns&amp;lt;/p&amp;gt;", "A wheel turns"},
		{"a &lt;b&gt;wheel&lt;/b&gt; turns", "a wheel turns"},
		{"Use &lt;b&gt; and &lt;/b&gt; here", "Use <b> and </b> here"},
		{"<p>Write <code>&lt;p&gt;text&lt;/p&gt;</code></p>", "Write <p>text</p>"},
		{"<p>Write &lt;p&gt;text&lt;/p&gt;</p>", "Write <p>text</p>"},
		{"<p>The mill opens on Monday. <a href='https://mill.example/a/b'><span class='invisible'>https://</span><span class='ellipsis'>mill.example/a</span><span class='invisible'>/b</span></a></p>", "The mill opens on Monday."},
		{"see <span class='invisible'>https://</span><span class='ellipsis'>mill.example/a</span><span class='invisible'>bc</span>", "see mill.example/a"},
		{"a<sup>never closed, and long enough to be no power of anything at all", "anever closed, and long enough to be no power of anything at all"},
	} {
		if got := readStory(row.source, mustURL(t, "https://example.org/"), 4096).text.Plain(); got != row.want {
			t.Errorf("%s\n reads %q\n want  %q", row.source, got, row.want)
		}
	}
}

// What is left of styles and scripts is no text; what is written about them is.
func TestLeftCode(t *testing.T) {
	for _, row := range []struct{ source, want string }{
		{"/*! builder - v3.6.5 */ .head-title{padding:0;margin:0}.head-title[class*=size-]>a{color:inherit;font-size:inherit} The mill turns.", "The mill turns."},
		{"<p>.wheel { color: red; margin: 0 } .mill p { font-size: 12px; } #a, .b:hover {x:y} The mill turns.</p>", "The mill turns."},
		{"@media (max-width: 600px) { .a { b: c } p { d: e } }\nThe mill turns.", "The mill turns."},
		{"<style>p{}</style>/* custom css */ .x_1{ }.x_2 .y{ a: b; } The mill turns.", "The mill turns."},
		{`if (!jQuery) { alert("none"); } $( document ).ready(() =&gt; { const a = $("#g"); $(".`, ""},
		{"<p>The mill turns.</p><p>(adsbygoogle = window.adsbygoogle || []).push({});</p><p>All came.</p>", "The mill turns. All came."},
		{"<p>var x = 1; document.write(x);</p><p>It turns.</p>", "It turns."},
		{"If (and only if) it rains; let us see. The set {a: b} is closed.", "If (and only if) it rains; let us see. The set {a: b} is closed."},
		{"Write p { color: red; } into the file. /* is how a comment begins.", "Write p { color: red; } into the file. /* is how a comment begins."},
		{"Mill: a wheel {of oak} turns; function over form (they say).", "Mill: a wheel {of oak} turns; function over form (they say)."},
		{"Python: use a dict. It is {key: value} there.", "Python: use a dict. It is {key: value} there."},
		{"Let x = y be given; window. dressing", "Let x = y be given; window. dressing"},
	} {
		if got := readStory(row.source, nil, 4096).text.Plain(); got != row.want {
			t.Errorf("%q\n reads %q\n want  %q", row.source, got, row.want)
		}
	}
}

// A text in Markdown says what its marks mean, and no other text loses a sign.
func TestMarkdown(t *testing.T) {
	for _, row := range []struct{ source, want string }{
		{"He took the *old* wheel to\n  [the mill](https://mill.example/x_(y) \"Mill\"). See snake_case_name, 5 * 3 * 2, a < b & c.",
			"He took the old wheel to the mill. See snake_case_name, 5 * 3 * 2, a < b & c."},
		{"## [Wheels](https://mill.example/v1):<br><br>Repairs:<br>- One ([W-1](https://mill.example/1))<br>", "Wheels: Repairs: One (W-1)"},
		{"    It is **done** again.\n\n    And **more** **of** it.", "It is done again. And more of it."},
		{"# The mill\n\nIt turns.\n\n```go\nfunc x() {}\n```\n1. one\n2. two\n\n> said he\n> again\n\n***\n\n- [x] \\*done\\*",
			"It turns. one two said he again *done*"},
		{"[![badge](https://mill.example/b.svg)](https://mill.example) A ~~wet~~ dry `wheel`, see <https://mill.example/2> and [two].\n\n[two]: /2",
			"A dry wheel, see https://mill.example/2 and [two]."},
		{"def f(**kwargs), **args and x**2 + y**2 *** four stars *** [5/5](of ten) C# 9 #1 * 2 _", "def f(**kwargs), **args and x**2 + y**2 *** four stars *** [5/5](of ten) C# 9 #1 * 2 _"},
		{"<p>Stars **stay**, as do [brackets](https://mill.example/)</p>", "Stars **stay**, as do [brackets](https://mill.example/)"},
	} {
		if got := readStory(row.source, mustURL(t, "https://example.org/"), 4096).text.Plain(); got != row.want {
			t.Errorf("%q\n reads %q\n want  %q", row.source, got, row.want)
		}
	}
	ch, err := readAll(t, `{"version":"https://jsonfeed.org/version/1.1","items":[{"id":"1","title":"One","content_text":"The **mill** turns, a <b> & all.\n\nSee [it](https://mill.example/)."}]}`)
	if err != nil || ch.items[0].Summary.Plain() != "The mill turns, a <b> & all. See it." {
		t.Errorf("%v, %v", ch.items, err)
	}
}

func TestTitlesNameTags(t *testing.T) {
	for _, row := range []struct{ source, want string }{
		{"Why <b> is not <strong>", "Why <b> is not <strong>"},
		{"Why &lt;b&gt; is not &lt;strong&gt;", "Why <b> is not <strong>"},
		{"A <b>bold</b> and <i>fine</i> title", "A bold and fine title"},
		{"<p>Around it</p>", "Around it"}, {"<h2>Around</h2>", "Around"}, {"<span style='x:y'>Cut off", "Cut off"},
		{"The <table> that <form> needs", "The <table> that <form> needs"},
		{"List<String> and Map<K, V>", "List<String> and Map<K, V>"},
		{"One<br>two<br/>three", "One two three"},
		{"<style>p{}</style>Title<!-- hidden -->", "Title"},
		{"<style> and <script> in one head", "<style> and <script> in one head"},
		{"Closing </div> at last", "Closing </div> at last"},
		{"Less <than five", "Less <than five"},
		{"A &lt; B &amp;amp;amp; C &amp;#8211; D", "A < B & C – D"},
		{"10<sup>6</sup> mills in H<sub>2</sub>O", "10⁶ mills in H2O"},
		{"<![CDATA[The <title> of it]]>", "The <title> of it"},
		{"Up <img src='x' alt='🚀'> again", "Up 🚀 again"},
		{"🔴 Port reopens", "Port reopens"},
		{"☀️ 🏖️ Summer at sea", "Summer at sea"},
		{"🎉", "🎉"},
		{"№ 5 sails", "№ 5 sails"},
		{strings.Repeat("<b>", 400) + "deep" + strings.Repeat("</b>", 400), "deep"},
	} {
		if got := plainTitle(row.source); got != row.want {
			t.Errorf("%.80q: %q, want %q", row.source, got, row.want)
		}
	}
}

func TestNoTitles(t *testing.T) {
	for _, title := range []string{"", ".", "…", "-", "(no subject)", "No Subject", "[Untitled]", "null", "undefined", "N/A", "Photo", "(ohne Betreff)", "Sans titre", "(sin asunto)", "Senza titolo",
		"Sem título", "無題", "无标题", "بدون عنوان", "ללא כותרת", "2026-11-28", "2026-11-28T09:13:00Z", "28 November 2026", "Saturday, 28 November 2026", "28.11.2026", "11/28/2026", "Sat, 28 Nov 2026 09:13:00 GMT"} {
		if !isNoTitle(title) {
			t.Errorf("%q is a title", title)
		}
	}
	for _, title := range []string{"1984", "Photo of the year", "Untitled No. 5", "Nothing", "🎉", "None of the above", "v1.2.3", "2026.11.1", "Christmas Day, 25 December 2026", "The mill, 28 November 2026", "911", "A", "Ж", "家"} {
		if isNoTitle(title) {
			t.Errorf("%q is no title", title)
		}
	}
}

func TestReleases(t *testing.T) {
	for _, row := range []struct{ title, feed, link, want string }{
		{"v2.0.0", "Release notes from mill", "", "mill v2.0.0"},
		{"2.1.0-rc.1", "Tags from mill", "", "mill 2.1.0-rc.1"},
		{"v3", "quay/mill releases", "", "mill v3"},
		{"1.4.2", "PyPI recent updates for mill", "", "mill 1.4.2"},
		{"Version 4.0", "mill changelog", "", "mill Version 4.0"},
		{"Release 1.2.3", "mill", "", "mill Release 1.2.3"},
		{"v1.0.0b2 (2026-11-28)", "Releases · quay/mill", "", "mill v1.0.0b2 (2026-11-28)"},
		{"v1.0.0", "", "https://code.example/quay/mill/releases/tag/v1.0.0", "mill v1.0.0"},
		{"2026.11.1", "Release notes from mill", "", "mill 2026.11.1"},
		{"mill 1.2", "Release notes from mill", "", "mill 1.2"},
		{"v2.0.0 turns the other way", "Release notes from mill", "", "v2.0.0 turns the other way"},
		{"1984", "Books", "", "1984"},
		{"3.5 million", "News", "", "3.5 million"},
	} {
		c := converter{title: row.feed, text: func(s string) string { return s }}
		got := row.title
		if isVersion(row.title) {
			got = releaseTitle(row.title, c.title, row.link)
		}
		if got != row.want {
			t.Errorf("%q of %q: %q, want %q", row.title, row.feed, got, row.want)
		}
	}
}

// Four times the text takes no more than some times the memory to read, whatever its pieces are: nothing is copied
// again and again.
func TestNoStoryIsSlow(t *testing.T) {
	for _, piece := range []string{
		"<sup>", "<sup>1</sup>", "<math><msup>", "<mfrac><mrow>", "<p>Comments</p>", "[caption id=\"x\"]", "[/caption]", "[", "#tag ", "<a href='#x'>1</a>", "&amp;", "&amp;lt;p&amp;gt;",
		"<ruby><rt>", "<br>", "Read more. ", "<picture><source srcset='a 1x'>", "<img srcset='a 1w,", "<noscript><img src=a>", "$latex ", "<b><i>", "<div style='opacity:0'>", "<s>", "<pre>", "<p>a</p>", "a<br>", "[caption id=\"x\"]a[/caption]b", "<b>a</b>c",
	} {
		read := func(n int) uint64 {
			source := strings.Repeat(piece, n/len(piece))
			var before, after runtime.MemStats
			runtime.ReadMemStats(&before)
			readStory(source, nil, maxContentBytes)
			plainTitle(source)
			runtime.ReadMemStats(&after)
			return after.TotalAlloc - before.TotalAlloc
		}
		if once, twice := read(1<<14), read(1<<16); twice > 8*once+1<<20 {
			t.Errorf("%q: %d bytes allocated, and %d for four times as much", piece, once, twice)
		}
	}
}

// What an entry is headed by, and what is told below it.
func TestHeadings(t *testing.T) {
	const frame = `<rss version="2.0" xmlns:content="http://purl.org/rss/1.0/modules/content/" xmlns:itunes="http://www.itunes.com/dtds/podcast-1.0.dtd" xmlns:googleplay="http://www.google.com/schemas/play-podcasts/1.0" xmlns:media="http://search.yahoo.com/mrss/"><channel><title>Mill Notes</title><link>https://mill.example/</link><item>%</item></channel></rss>`
	for _, row := range []struct{ name, item, want string }{
		{"a post without a title", `<description>&lt;p&gt;The mill turns again after the flood&lt;/p&gt;&lt;p&gt;All came to see it.&lt;/p&gt;</description>`,
			"title=The mill turns again after the flood.; summary=All came to see it."},
		{"a post without a title, and without an end", `<description>` + strings.Repeat("the mill turns and ", 8) + `stops</description>`,
			"title=" + strings.TrimSpace(strings.Repeat("the mill turns and ", 5)) + " the…; summary=… mill turns and the mill turns and the mill turns and stops"},
		{"a title that is the beginning of its post", `<title>The mill turns again after…</title><description>The mill turns again after the flood. All came.</description>`,
			"title=The mill turns again after the flood; summary=All came."},
		{"a title that is the beginning of a long sentence", `<title>The mill turns...</title><description>The mill turns ` + strings.Repeat("and turns ", 14) + `again.</description>`,
			"title=The mill turns...; summary=… " + strings.Repeat("and turns ", 14) + "again."},
		{"a title that is all of its post", `<title>Bo: The mill turns. https://mill.example/a</title><description>The mill turns. mill.example/a</description>`,
			"title=Bo: The mill turns. https://mill.example/a"},
		{"a title that its text begins with", `<title>The mill turns</title><description>&lt;h1&gt;The mill turns&lt;/h1&gt;&lt;p&gt;All came.&lt;/p&gt;</description>`,
			"title=The mill turns; summary=All came."},
		{"a title above a date", `<title>The mill turns again after all</title><description>&lt;h1&gt;The mill turns again after all&lt;/h1&gt;&lt;h4&gt;2026-11-28&lt;/h4&gt;&lt;p&gt;All came.&lt;/p&gt;</description>`,
			"title=The mill turns again after all; summary=All came."},
		{"a title that its first sentence begins with", `<title>The mill</title><description>The mill turns again.</description>`,
			"title=The mill; summary=The mill turns again."},
		{"a picture and nothing else", `<link>/1</link><title>Photo</title><description>&lt;img src="/a.jpg" alt="The mill at dusk"&gt;</description>`,
			"title=The mill at dusk; link=https://mill.example/1; image=https://mill.example/a.jpg 0x0 The mill at dusk"},
		{"a placeholder and nothing else", `<title>Untitled</title>`, "title=Untitled"},
		{"furniture and nothing else", `<description>Photo</description>`, "title=Photo"},
		{"a day with its text", `<title>28 November 2026</title><description>The mill turns again today. All came.</description>`, "title=The mill turns again today.; summary=All came."},
		{"a day without", `<title>28 November 2026</title><link>/1</link>`, "title=28 November 2026; link=https://mill.example/1"},
		{"a podcast", `<itunes:title>Flour</itunes:title><itunes:subtitle>How it is made</itunes:subtitle>`, "title=Flour; summary=How it is made"},
		{"an episode by its number", `<title>Episode 12</title><itunes:title>Flour</itunes:title><itunes:subtitle>How it is made</itunes:subtitle>`, "title=Flour; summary=How it is made"},
		{"an episode by its number alone", `<title>Folge 3</title><itunes:subtitle>How it is made</itunes:subtitle>`, "title=Folge 3; summary=How it is made"},
		{"a podcast's longer words", `<title>Flour</title><itunes:subtitle>How</itunes:subtitle><itunes:summary>How it is made. All of it.</itunes:summary>`, "title=Flour; summary=How it is made. All of it."},
		{"a podcast for another program", `<title>Flour</title><googleplay:description>How it is made.</googleplay:description>`, "title=Flour; summary=How it is made."},
		{"a video", `<media:group><media:title>The mill</media:title><media:description>It turns again.
Subscribe: https://mill.example/s
Instagram: https://mill.example/i</media:description></media:group>`, "title=The mill; summary=It turns again."},
		{"a description that is the title", `<title>The mill</title><description>The mill</description><content:encoded>It turns again.</content:encoded>`, "title=The mill; summary=It turns again."},
		{"that and the outlet", `<title>The mill</title><description>The mill | Mill Notes</description><content:encoded>It turns again.</content:encoded>`, "title=The mill; summary=It turns again."},
		{"the author", `<title>The mill</title><author>Ana Lima</author><description>Ana Lima</description><content:encoded>It turns again.</content:encoded>`, "title=The mill; summary=It turns again.; author=Ana Lima"},
		{"the address", `<title>The mill</title><description>https://mill.example/1</description><content:encoded>It turns again.</content:encoded>`, "title=The mill; summary=It turns again."},
		{"nothing", `<title>The mill</title><description>null</description><content:encoded>It turns again.</content:encoded>`, "title=The mill; summary=It turns again."},
		{"a worthless description alone", `<title>The mill</title><description>The mill</description>`, "title=The mill"},
		{"another outlet's", `<title>The mill turns - Village Post</title><source url="https://post.example/">Village Post</source><description>&lt;ol&gt;&lt;li&gt;&lt;a href="https://post.example/1"&gt;The mill turns&lt;/a&gt;&amp;nbsp;&amp;nbsp;&lt;font&gt;Village Post&lt;/font&gt;&lt;/li&gt;&lt;li&gt;&lt;a href="https://x.example/"&gt;Mill works again&lt;/a&gt;&amp;nbsp;&amp;nbsp;&lt;font&gt;Valley News&lt;/font&gt;&lt;/li&gt;&lt;/ol&gt;</description>`,
			"title=The mill turns"},
		{"one text encoded twice", `<title>CafÃ© by the mill â€“ open</title>`, "title=Café by the mill – open"},
		{"two titles", `<title>One</title><title>Two</title>`, "title=One"},
		{"an empty title and another", `<title/><title>Two</title>`, "title=Two"},
		{"a large file before the text", `<title>One</title><description>&lt;img src="data:image/png;base64,` + strings.Repeat(strings.Repeat("iVBO", 19)+"\n", 9_000) + `"&gt;It turns again.</description>`, "title=One; summary=It turns again."},
	} {
		ch, err := readAll(t, strings.Replace(frame, "%", row.item, 1))
		if err != nil || len(ch.items) != 1 {
			t.Errorf("%s: %v", row.name, err)
			continue
		}
		if got := describe(ch.items[0]); got != row.want {
			t.Errorf("%s\n got %.300s\nwant %.300s", row.name, got, row.want)
		}
		if row.name == "another outlet's" && ch.items[0].Source != "Village Post" {
			t.Errorf("its outlet is %q", ch.items[0].Source)
		}
	}
}

// What is too large in a JSON item is cut out, not the item.
func TestLargeJSONItems(t *testing.T) {
	picture := `<img src=\"data:image\/png;base64,` + strings.Repeat(`iVBOR\/KGgo`, 300_000) + `\">`
	ch, err := readAll(t, `{"version":"https://jsonfeed.org/version/1.1","items":[`+
		`{"id":"1","title":"One &amp;#8211; two","content_html":"`+picture+`<p>It turns again.</p>"},`+
		`{"id":"2","title":"Two","summary":"Short.","content_text":"`+strings.Repeat("word ", 600_000)+`"},`+
		`{"id":"3","title":"Three","_own":["`+strings.Repeat("x", 3<<20)+`"]},{"id":"4","title":"Four"}]}`)
	if err != nil {
		t.Fatal(err)
	}
	for i, want := range []string{"title=One – two; guid=1; summary=It turns again.", "title=Two; guid=2; summary=Short.", "title=Three; guid=3", "title=Four; guid=4"} {
		if got := describe(ch.items[i]); got != want {
			t.Errorf("%.200s, want %s", got, want)
		}
	}
	if all := strings.Join(ch.repairs, "; "); !strings.Contains(all, "large files inside") || !strings.Contains(all, "1 texts were cut") {
		t.Errorf("repairs %q", all)
	}
}

// A drawing, a style sheet or a script does not push the text behind it out.
func TestALargeDrawingBeforeTheText(t *testing.T) {
	text := strings.Repeat("M0 0 L1 1 ", maxValue/9)
	for _, document := range []string{
		strings.Replace(rssOf(1), "Story", "Mill</title><description><![CDATA[<svg>"+text+"</svg><!-- x --><p>It turns again.</p>]]></description><title>", 1),
		`{"version":"https://jsonfeed.org/version/1","items":[{"id":"1","title":"Mill","content_html":` + strconv.Quote("<style>"+text+"</style><p>It turns again.</p>") + `}]}`,
	} {
		ch, err := readAll(t, document)
		if err != nil || len(ch.items) != 1 || ch.items[0].Summary.Plain() != "It turns again." {
			t.Errorf("%.20s: %v", document, err)
		}
	}
}

func FuzzInlined(f *testing.F) {
	f.Add([]byte("a data:image/png;base64,"+strings.Repeat("iVBO", 600)+" b"), 3)
	f.Fuzz(func(t *testing.T, text []byte, times int) {
		whole := bytes.Repeat(text, 1+times&7)
		got, files := cutInlined(bytes.Clone(whole))
		if len(got) > len(whole) || files == 0 && !bytes.Equal(got, whole) {
			t.Errorf("%d files cut out of %q", files, whole)
		}
		if !bytes.Contains(whole, []byte("data:")) && files > 0 {
			t.Errorf("a file in %q", whole)
		}
	})
}

func FuzzTitle(f *testing.F) {
	f.Add("Why <b> is not &lt;strong&gt; <i>x</i> &amp;amp;#8211;", "The mill… turns")
	f.Fuzz(func(t *testing.T, title, text string) {
		got := plainTitle(title)
		isNoTitle(got)
		releaseTitle(got, text, "")
		checkText(t, continued(readStory(text, nil, 4096).text, got))
	})
}
