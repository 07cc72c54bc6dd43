package lint

import (
	"encoding/json"
	"slices"
	"strings"
	"testing"
)

// page is a mail in which nothing is to be found, but for what is put into its body and head.
func page(head, body string) Mail {
	return Mail{
		Subject: "Lamps are lit",
		HTML: `<!DOCTYPE html>` + "\n" + `<html lang="en" dir="ltr"><head><title>Lamps</title>` + head + `</head><body>` + "\n" +
			`<div lang="en" dir="ltr"><h1>Morning Wire</h1>` + "\n" + body + "\n" + `</div></body></html>`,
		Text: "MORNING WIRE\n",
	}
}

func TestNothingIsFoundInAPlainMail(t *testing.T) {
	m := page("", `<p>Nothing here.</p>`)
	for _, f := range Check(m) {
		if f.Level > Note {
			t.Error(f)
		}
	}
}

func TestFindings(t *testing.T) {
	const p = `<p>words</p>`
	for _, c := range []struct {
		name       string
		head, body string
		change     func(*Mail)
		check      string
		level      Level
		part       string
		want       string // in the text
		at         Place
	}{
		{name: "never closed", body: "<p>words", check: Markup, level: Error, want: "<p> is not closed before </div>", at: Place{4, 1}},
		{name: "closes nothing", body: p + "</td>", check: Markup, level: Error, want: "</td> closes nothing", at: Place{4, 13}},
		{name: "crossed", body: "<b><i>x</b></i>", check: Markup, level: Error, want: "<i> is not closed before </b>", at: Place{4, 4}},
		{name: "script", body: "<script>alert(1)</script>", check: Markup, level: Error, want: "<script> does not belong"},
		{name: "handler", body: `<p onclick="x()">x</p>`, check: Markup, level: Error, want: "attribute onclick"},
		{name: "attribute twice", body: `<p class="a" style="margin:0" class="b">x</p>`, check: Markup, level: Error, want: "<p> has the attribute class twice"},
		{name: "refused", body: `<p style="color:ZgotmplZ">x</p>`, check: Markup, level: Error, want: "html/template has refused what stands in style"},
		{name: "no doctype", change: func(m *Mail) { _, m.HTML, _ = strings.Cut(m.HTML, "\n") }, check: Markup, level: Warning, want: "<!DOCTYPE html>", at: Place{}},
		{name: "override", body: "<p>in\u202evoice</p>", check: Markup, level: Error, want: "U+202E", at: Place{4, 6}},
		{name: "two lines of subject", change: func(m *Mail) { m.Subject = "a\nb" }, check: Markup, level: Error, part: Subject, want: "U+000A", at: Place{1, 2}},
		{name: "no subject", change: func(m *Mail) { m.Subject = " " }, check: Markup, level: Error, part: Subject, want: "is empty", at: Place{}},
		{name: "bytes", change: func(m *Mail) { m.Text = "a\xff" }, check: Markup, level: Error, part: Text, want: "UTF-8", at: Place{}},

		{name: "flex", body: `<div style="display: FLEX">x</div>`, check: Support, level: Warning, want: "display:flex is not supported by Outlook, Windows", at: Place{4, 1}},
		{name: "element", body: `<bdi>x</bdi>`, check: Support, level: Warning, want: "<bdi> element is not supported by Gmail, web"},
		{name: "semantics", body: `<main>x</main>`, check: Support, level: Warning, want: "HTML5 semantics is not supported"},
		{name: "attribute", body: `<p hidden>x</p>`, check: Support, level: Warning, want: "hidden attribute"},
		{name: "unit", body: `<p style="width:10vmax">x</p>`, check: Support, level: Warning, want: "vmax unit is not supported by Outlook, Windows"},
		{name: "function", body: `<p style="width:calc(100% - 2px)">x</p>`, check: Support, level: Warning, want: "calc() function"},
		{name: "keyword", body: `<p style="font-family:system-ui">x</p>`, check: Support, level: Warning, want: "system-ui"},
		{name: "variable", head: `<style>td{--ink:red}</style>`, body: p, check: Support, level: Warning, want: "CSS Variables"},
		{name: "picture", body: `<img src="https://a.example/x.AVIF?w=1" alt="" width="5">`, check: Support, level: Warning, want: "AVIF image format is not supported by Outlook, Windows"},
		{name: "media", head: `<style>@media (max-width:600px){.a{width:1px}}</style>`, body: p, check: Support, level: Warning, want: "@media is not supported by Gmail, phone web"},
		{name: "media feature", head: `<style>@media (hover){.a{width:1px}}</style>`, body: p, check: Support, level: Warning, want: "@media (hover)"},
		{name: "import", head: `<style>@import "x.css";.a{color:red}</style>`, body: p, check: Support, level: Warning, want: "@import is not supported"},
		{name: "font face", head: `<style>@font-face{font-family:x}</style>`, body: p, check: Support, level: Warning, want: "@font-face"},
		{name: "pseudo class", head: `<style>a:hover{color:red}</style>`, body: p, check: Support, level: Warning, want: ":hover is not supported"},
		{name: "child", head: `<style>td>p{color:red}</style>`, body: p, check: Support, level: Warning, want: "Child combinator"},
		{name: "descendant", head: `<style>td p{color:red}</style>`, body: p, check: Support, level: Warning, want: "Descendant combinator"},
		{name: "attribute selector", head: `<style>[lang]{color:red}</style>`, body: p, check: Support, level: Warning, want: "Attribute selector"},
		{name: "design in classes", head: `<style>.a{color:#333333}</style>`, body: p, check: Support, level: Warning, want: "<style> element is not supported by Gmail, phone web"},
		{name: "dark palette", head: `<style>@media (prefers-color-scheme:dark){.a{color:#333333}}</style>`, body: p, check: Support, level: Note, want: "the light palette stays"},
		{name: "hidden in the middle", body: `<p style="display:none">x</p>`, check: Support, level: Warning, want: "display:none is not supported by Gmail, phone web"},
		{name: "partly", body: `<p style="margin:0">x</p>`, check: Support, level: Note, want: "margin is partly supported by"},

		{name: "clipped", change: func(m *Mail) { m.HTMLSize = ClipLimit + 1 }, check: Size, level: Warning, want: "104449 bytes are 1 more than Gmail shows", at: Place{}},
		{name: "max_size", change: func(m *Mail) { m.MaxSize, m.TextSize = 1000, 1001 }, check: Size, level: Warning, part: Text, want: "1001 bytes pass the digest's max_size of 1000", at: Place{}},

		{name: "pale", body: `<p style="color:#999">x</p>`, check: Contrast, level: Warning, want: "#999999 on #FFFFFF has a contrast of 2.8 without the style element", at: Place{4, 23}},
		{name: "pale link", body: `<p style="background:navy"><a href="https://a.example/">x</a></p>`, check: Contrast, level: Warning, want: "#0000EE on #000080"},
		{name: "pale by class", head: `<style>.p{color:rgb(153, 153, 153)}</style>`, body: `<p class="p">x</p>`, check: Contrast, level: Warning, want: "#999999 on #FFFFFF has a contrast of 2.8 in the light"},
		{name: "pale in the dark", head: `<style>@media (prefers-color-scheme: dark){td{background-color:#222222!important}}</style>`,
			body: `<table role="presentation"><tr><td style="background-color:#ffffff;color:#333333">x</td></tr></table>`, check: Contrast, level: Warning, want: "#333333 on #222222 has a contrast of 1.3 in the dark"},
		{name: "pale alt", body: `<img style="color:silver" src="https://a.example/a.png" width="5" alt="lamp">`, check: Contrast, level: Warning, want: "#C0C0C0 on #FFFFFF"},
		{name: "large", body: `<p style="color:#767676;font-size:24px">x<span style="color:#aaa">y</span></p>`, check: Contrast, level: Warning, want: "#AAAAAA on #FFFFFF has a contrast of 2.3 without the style element, and needs 3.0"},

		{name: "no alt", body: `<img src="https://a.example/a.png" width="5">`, check: Images, level: Error, want: "no alt"},
		{name: "http picture", body: `<img src="http://a.example/a.png" width="5" alt="">`, check: Images, level: Warning, want: "over https"},
		{name: "data picture", body: `<img src="data:image/png;base64,AA==" width="5" alt="">`, check: Images, level: Warning, want: "counts against the clip limit"},
		{name: "no width", body: `<img src="https://a.example/a.png" alt="">`, check: Images, level: Warning, want: "no width attribute"},
		{name: "tracker", body: `<img src="https://a.example/a.gif" width="1" height="1" alt="">`, check: Images, level: Warning, want: "one pixel"},
		{name: "cut", body: `<table role="presentation"><tr><td style="mso-line-height-rule:exactly"><img src="https://a.example/a.png" width="5" alt=""></td></tr></table>`, check: Images, level: Warning, want: "Word cuts it"},

		{name: "no headings", change: func(m *Mail) { m.HTML = strings.ReplaceAll(m.HTML, "h1>", "p>") }, check: Headings, level: Warning, want: "no headings", at: Place{}},
		{name: "first", change: func(m *Mail) { m.HTML = strings.ReplaceAll(m.HTML, "h1>", "h2>") }, check: Headings, level: Warning, want: "of level 2, not 1"},
		{name: "two tops", body: `<h1>x</h1>`, check: Headings, level: Warning, want: "second heading of level 1"},
		{name: "left out", body: `<h3>x</h3>`, check: Headings, level: Warning, want: "a heading of level 3 follows one of level 1", at: Place{4, 1}},
		{name: "empty", body: `<h2> </h2>`, check: Headings, level: Warning, want: "an empty heading"},

		{name: "nowhere", body: `<a href="#">x</a>`, check: Links, level: Error, want: "leads nowhere"},
		{name: "script link", body: `<a href="javascript:x()">x</a>`, check: Links, level: Error, want: "neither https nor mailto"},
		{name: "relative", body: `<a href="/x">x</a>`, check: Links, level: Error, want: "neither https nor mailto"},
		{name: "no host", body: `<a href="https:///x">x</a>`, check: Links, level: Error, want: "no host"},
		{name: "unreadable", body: `<a href="https://[::1">x</a>`, check: Links, level: Error, want: "can't be read"},
		{name: "no name", body: `<a href="https://a.example/"><img src="https://a.example/a.png" width="5" alt=""></a>`, check: Links, level: Warning, want: "no name"},
		{name: "within", body: `<a href="https://a.example/"><b><a href="https://b.example/">x</a></b></a>`, check: Links, level: Error, want: "within a link"},
		{name: "dir", body: `<a dir="rtl" href="https://a.example/">x</a>`, check: Links, level: Warning, want: "Word ignores it"},
		{name: "no way out", change: func(m *Mail) { m.Unsubscribe = "https://a.example/u" }, check: Links, level: Error, want: "no link that unsubscribes", at: Place{}},
		{name: "no way out of the text", change: func(m *Mail) { m.Unsubscribe = "https://a.example/u" }, check: Links, level: Error, part: Text, want: "does not show the address", at: Place{}},

		{name: "twice", body: `<p id="a">x</p><p id="a">y</p>`, check: IDs, level: Error, want: `the id "a" stands twice`, at: Place{4, 16}},
		{name: "no target", body: `<a href="#top">x</a>`, check: IDs, level: Warning, want: `href refers to the id "top"`},
		{name: "no label", body: `<p aria-labelledby="a b" id="a">x</p>`, check: IDs, level: Warning, want: `aria-labelledby refers to the id "b"`},

		{name: "no language", change: func(m *Mail) { m.HTML = strings.Replace(m.HTML, `<html lang="en" `, "<html ", 1) }, check: Reading, level: Warning, want: "<html> has no lang"},
		{name: "no wrapper", change: func(m *Mail) { m.HTML = strings.Replace(m.HTML, `<div lang="en" `, "<div ", 1) }, check: Reading, level: Warning, want: "nothing within the body has lang and dir"},
		{name: "table", body: `<table><tr><td>x</td></tr></table>`, check: Reading, level: Warning, want: `no role="presentation"`},

		{name: "no text", change: func(m *Mail) { m.Text = "\n" }, check: Parts, level: Error, part: Text, want: "is empty", at: Place{}},
		{name: "story missing", body: `<h2>Lamps&nbsp;are lit</h2>`, change: func(m *Mail) { m.Stories = []Story{{Title: "Lamps are lit"}} },
			check: Parts, level: Warning, part: Text, want: "lacks a story that the HTML part has", at: Place{}},
		{name: "story missing in HTML", change: func(m *Mail) { m.Stories, m.Text = []Story{{Title: "Lamps are lit"}}, "Lamps are\nlit\n" },
			check: Parts, level: Warning, part: HTML, want: "lacks a story that the text part has", at: Place{}},
		{name: "another order", body: `<h2>One</h2><h2>Two</h2>`, change: func(m *Mail) { m.Stories, m.Text = []Story{{Title: "One"}, {Title: "Two"}}, "Two\nOne\n" },
			check: Parts, level: Warning, part: Text, want: "at another place", at: Place{}},
		{name: "no address", body: `<h2><a href="https://a.example/%C3%A9">One</a></h2>`, change: func(m *Mail) { m.Stories, m.Text = []Story{{"One", "https://a.example/é"}}, "One\n" },
			check: Parts, level: Warning, part: Text, want: "lacks the address", at: Place{}},
		{name: "wide", change: func(m *Mail) { m.Text = "a\n" + strings.Repeat("国", 40) }, check: Parts, level: Note, part: Text, want: "wider than 78", at: Place{2, 1}},
		{name: "space", change: func(m *Mail) { m.Text = "-- \na \n" }, check: Parts, level: Note, part: Text, want: "ends in a space", at: Place{2, 1}},
		{name: "gap", change: func(m *Mail) { m.Text = "a\n\n\n\nb" }, check: Parts, level: Note, part: Text, want: "three empty lines", at: Place{4, 1}},
	} {
		t.Run(c.name, func(t *testing.T) {
			m := page(c.head, c.body)
			if c.change != nil {
				c.change(&m)
			}
			if c.part == "" {
				c.part = HTML
			}
			found := Check(m)
			i := slices.IndexFunc(found, func(f Finding) bool { return f.Check == c.check && strings.Contains(f.Text, c.want) })
			if i < 0 {
				t.Fatalf("%q is not among %v", c.want, found)
			}
			f := found[i]
			if f.Level != c.level || f.Part != c.part {
				t.Errorf("%v in the %s, want %v in the %s", f.Level, f.Part, c.level, c.part)
			}
			if c.at != (Place{}) && f.Place != c.at {
				t.Errorf("at %v, want %v", f.Place, c.at)
			}
		})
	}
}

func TestWhatIsInOrderIsNotFound(t *testing.T) {
	for name, m := range map[string]Mail{
		"a table of data":               page("", `<table><tr><th>x</th></tr></table>`),
		"headings that go up":           page("", `<h2>x</h2><h3>y</h3><h2>z</h2>`),
		"what Word understands":         page("", `<p style="mso-line-height-rule:exactly">x</p>`),
		"a preheader":                   {Subject: "s", Text: "t", HTML: `<!DOCTYPE html><html lang="en"><body><div style="display:none;color:#ffffff">x</div><div lang="en" dir="ltr"><h1>y</h1></div></body></html>`},
		"large words":                   page("", `<p style="color:#767676;font-size:24px">x</p><b style="color:#888888;font-size:19px">y</b>`),
		"a colour that it can't reckon": page("", `<p style="color:inherit">x<span style="background-color:transparent">y</span></p>`),
		"a semicolon in an address":     page("", `<p style="background:url('https://a.example/x;color:white')">x</p>`),
		"braces in a comment":           page(`<style>/* .a{color:white} */</style>`, `<p class="a">x</p>`),
		"what looks like an attribute":  page("", `<p class="a" title="x class='b' class=c" lang='en' data-class=x>x</p>`),
		"joiners":                       page("", "<p>\u200fنص\u200dنص</p>"),
		"an address of the text part":   {Subject: "s", Text: "t https://a.example/" + strings.Repeat("x", 100)},
	} {
		t.Run(name, func(t *testing.T) {
			for _, f := range Check(m) {
				if f.Level > Note && f.Check != Support {
					t.Error(f)
				}
			}
		})
	}
}

func TestFindingsOfOneKindAreCounted(t *testing.T) {
	found := Check(page("", `<bdi>a</bdi><bdi>b</bdi><bdi>c</bdi>`))
	i := slices.IndexFunc(found, func(f Finding) bool { return strings.HasPrefix(f.Text, "<bdi>") })
	if i < 0 || found[i].Count != 3 || found[i].Place != (Place{4, 1}) {
		t.Fatalf("found %v", found)
	}
	if want := "(and at 2 more)"; !strings.HasSuffix(found[i].String(), want) {
		t.Errorf("%q does not end in %q", found[i], want)
	}
	if !strings.HasPrefix(found[i].More, "https://www.caniemail.com/features/html-bdi/") || len(found[i].Clients) == 0 {
		t.Errorf("tells no more: %+v", found[i])
	}
}

func TestTheWorstComesFirst(t *testing.T) {
	found := Check(page("", `<p style="margin:0">x</p><bdi>x</bdi><p onclick="x">x</p>`))
	if !slices.IsSortedFunc(found, func(a, b Finding) int { return int(b.Level) - int(a.Level) }) || found[0].Level != Error {
		t.Errorf("order %v", found)
	}
}

func TestPlaceInTheTemplate(t *testing.T) {
	m := page("", `<p>x</p><bdi>y</bdi>`)
	tags := strings.Count(m.HTML, "<") - strings.Count(m.HTML, "</") - 1 // and no doctype
	for i := range tags {
		m.Tags = append(m.Tags, Place{Line: i + 1, Column: 7})
	}
	at := func() Place {
		found := Check(m)
		return found[slices.IndexFunc(found, func(f Finding) bool { return strings.HasPrefix(f.Text, "<bdi>") })].Template
	}
	if got := at(); got != (Place{tags, 7}) {
		t.Errorf("template at %v, want line %d", got, tags)
	}
	m.Tags = m.Tags[1:]
	if got := at(); got != (Place{}) {
		t.Errorf("a trace of another number of tags gives %v", got)
	}
}

func TestFindingAsJSON(t *testing.T) {
	raw, err := json.Marshal(Finding{Check: Links, Level: Warning, Part: HTML, Place: Place{3, 4}, Text: "x", Count: 1})
	if want := `{"check":"links","level":"warning","part":"html","place":{"line":3,"column":4},"text":"x","count":1}`; err != nil || string(raw) != want {
		t.Errorf("%s, %v", raw, err)
	}
}

func TestEveryCheckHasItsRule(t *testing.T) {
	known := map[string]bool{}
	for _, rule := range Rules() {
		known[rule.Check] = true
	}
	for _, name := range []string{Markup, Support, Size, Contrast, Images, Headings, Links, IDs, Reading, Parts} {
		if !known[name] {
			t.Errorf("%s has no rule", name)
		}
	}
}

func TestSupportData(t *testing.T) {
	keys := map[string]string{}
	slugs := map[string]bool{}
	for _, f := range supported().Features {
		slugs[f.Slug] = true
		if len(f.Support) != len(supported().Clients) || strings.Trim(f.Support, "yanu-") != "" {
			t.Errorf("%s: support %q for %d clients", f.Slug, f.Support, len(supported().Clients))
		}
		for _, key := range f.Keys {
			if other := keys[key]; other != "" {
				t.Errorf("%s: %s is also that of %s", f.Slug, key, other)
			}
			keys[key] = f.Slug
		}
	}
	for slug := range fallbacks {
		if !slugs[slug] {
			t.Errorf("a fallback for %s, which is no feature", slug)
		}
	}
}

func TestContrastRatio(t *testing.T) {
	for _, c := range []struct {
		a, b string
		want float64
	}{{"#000", "#FFFFFF", 21}, {"white", "#fff", 1}, {"rgb(0,0,0)", "black", 1}, {"hsl(0,0%,0%)", "#fff", 0}, {"#12", "#fff", 0}, {"rgb(1,2)", "#fff", 0}, {"rgb(1,2,300)", "#fff", 0}} {
		if got := ContrastRatio(c.a, c.b); got != c.want {
			t.Errorf("%s on %s: %v, want %v", c.a, c.b, got, c.want)
		}
	}
}

// FuzzCheck lets a template make anything: the checks must come to an end, with places that exist.
func FuzzCheck(f *testing.F) {
	f.Add(`<p style="color:#999">x</p>`, "text")
	f.Add(`<style>@media (a){.b{c:d}} /* </style><td></p><a href=x>`, "")
	f.Add("<a <b <!-- <![CDATA[ <plaintext><x", "\x00\xff")
	f.Add(`<style>@{;}}{ .#:[>{a:b;c}</style><p class="#" id="." style=";:;a:(">`, "-- ")
	f.Fuzz(func(t *testing.T, html, text string) {
		for _, found := range Check(Mail{Subject: "s", HTML: html, Text: text, Stories: []Story{{text, html}}, Unsubscribe: text}) {
			lines := strings.Count(html, "\n") + 1
			if found.Part == Text {
				lines = strings.Count(text, "\n") + 1
			}
			if found.Place.Line > lines || found.Place.Line < 0 || found.Count < 1 {
				t.Errorf("%+v in %d lines", found, lines)
			}
		}
	})
}
