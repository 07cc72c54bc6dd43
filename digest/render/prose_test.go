package render

import (
	"strings"
	"testing"
	"unicode/utf8"

	"digestd/digest"

	"golang.org/x/net/html"
)

func TestClean(t *testing.T) {
	t.Parallel()
	for in, want := range map[string]string{
		"":                               "",
		"as it is":                       "as it is",
		" a \t\r\n b ":                   "a b",
		"nul\x00 esc\x1b[31m bell\x07":   "nul esc[31m bell",
		"Invoice \u202egnp.exe\u202c":    "Invoice gnp.exe",
		"\u2067open":                     "open",
		"a\u2028b\u2029c\u0085d":         "a b c d",
		"\ufeffmark":                     "mark",
		"שלום 123 abc":                   "שלום 123 abc",
		"👩‍👩‍👧‍👦 stays":                  "👩‍👩‍👧‍👦 stays",
		"bad \xff byte":                  "bad \ufffd byte",
		"no-break\u00a0space and \u200e": "no-break\u00a0space and \u200e",
	} {
		if got := clean(in); got != want {
			t.Errorf("%q becomes %q, want %q", in, got, want)
		}
	}
}

func TestUnbound(t *testing.T) {
	t.Parallel()
	for in, want := range map[string]string{
		"A\u00a0man\u00a0has\u00a0been charged\u00a0in court":            "A\u00a0man has been charged in court",
		"Il y a 10\u00a0000 voix\u00a0: «\u00a0oui\u00a0», M.\u00a0Lune": "Il y a 10\u00a0000 voix\u00a0: «\u00a0oui\u00a0», M.\u00a0Lune",
		"w\u00a0domu, i\u00a0już":                                        "w\u00a0domu, i\u00a0już",
	} {
		if got := unbound(digest.PlainText(in)).Plain(); got != want {
			t.Errorf("%q becomes %q, want %q", in, got, want)
		}
	}
}

func TestShorten(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		in   string
		n    int
		want string
	}{
		{"short", 10, "short"},
		{"exactly ten", 11, "exactly ten"},
		{"one two three", 9, "one two…"},
		{"one two, three", 9, "one two…"},
		{"onetwothreefour", 9, "onetwoth…"},
		{"👩‍👩‍👧‍👦👩‍👩‍👧‍👦", 10, "👩‍👩‍👧‍👦…"},
		{"e\u0301e\u0301e\u0301", 4, "e\u0301…"},
		{"十一日間の沈黙のあと", 6, "十一日間の…"},
	} {
		got := shorten(c.in, c.n)
		if got != c.want {
			t.Errorf("%q in %d becomes %q, want %q", c.in, c.n, got, c.want)
		}
		if utf8.RuneCountInString(got) > c.n {
			t.Errorf("%q has more than %d characters", got, c.n)
		}
	}
}

func TestBindLast(t *testing.T) {
	t.Parallel()
	for in, want := range map[string]string{
		"crews accept an eleventh-hour wage deal": "crews accept an eleventh-hour wage\u00a0deal",
		"talks about the environment":             "talks about the environment", // 14 letters
		"two words":                               "two words",
		"one":                                     "one",
		"":                                        "",
		"a b c":                                   "a b\u00a0c",
		"ケストレル湾の港":                                "ケストレル湾の港",
	} {
		if got := bindLast(in); got != want {
			t.Errorf("%q becomes %q, want %q", in, got, want)
		}
	}
}

func TestDirection(t *testing.T) {
	t.Parallel()
	for in, want := range map[string]string{
		"Plain": "ltr", "123 ثلاثة": "rtl", "«שלום» hello": "rtl", "“Ça va”": "ltr", "3.25 %": "", "": "", "日本": "ltr", "Ёлка": "ltr",
	} {
		if got := direction(in); got != want {
			t.Errorf("%q runs %q, want %q", in, got, want)
		}
	}
}

func TestHasItalics(t *testing.T) {
	t.Parallel()
	for in, want := range map[string]bool{
		"Plain": true, "Élan": true, "Ελλάδα": true, "Россия": true, "عربي": false, "日本": false, "हिन्दी": false, "שלום": false, "ไทย": false, "1984": true,
	} {
		if got := hasItalics(in); got != want {
			t.Errorf("italics of %q: %v, want %v", in, got, want)
		}
	}
}

func TestAuthor(t *testing.T) {
	t.Parallel()
	for in, want := range map[string]string{
		"Teodor Hale":                      "Teodor Hale",
		"teodor@example.org (Teodor Hale)": "Teodor Hale",
		"teodor@example.org":               "",
		"Meridian Wire":                    "",
		"Meridian Wire staff":              "",
		"":                                 "",
		"\u200b":                           "",
		strings.Repeat("name ", 20):        "",
	} {
		if got := author(in, "Meridian Wire"); got != want {
			t.Errorf("author %q is shown as %q, want %q", in, got, want)
		}
	}
}

func TestURLs(t *testing.T) {
	t.Parallel()
	for in, want := range map[string]string{
		"https://a.example/x?a=1&b=2#c": "https://a.example/x?a=1&b=2#c",
		"http://a.example":              "http://a.example",
		"HTTPS://A.example/":            "HTTPS://A.example/",
		"https://a.example/with space":  "https://a.example/with%20space",
		"https://a.example/é\"<>":       "https://a.example/%C3%A9%22%3C%3E",
		"https://a.example/%20kept":     "https://a.example/%20kept",
		"https://a.example/\r\nX: y":    "",
		"javascript:alert(1)":           "",
		" java\nscript:alert(1)":        "",
		"data:text/html,x":              "",
		"mailto:a@example.org":          "",
		"//a.example/x":                 "",
		"/relative":                     "",
		"https://":                      "",
		"https:///path":                 "",
		"https://[::1":                  "",
		"ftp://a.example/":              "",
		"":                              "",
	} {
		got, ok := webURL(in)
		if got != want || ok != (want != "") {
			t.Errorf("%q becomes %q, %v; want %q", in, got, ok, want)
		}
	}
	for in, want := range map[string]bool{"mailto:a@example.org": true, "mailto:": false, "mailto:nobody": false, "https://a.example/": true} {
		if _, ok := proseURL(in); ok != want {
			t.Errorf("%q in a summary: %v, want %v", in, ok, want)
		}
	}
}

func TestImagesByTheRules(t *testing.T) {
	t.Parallel()
	ok := digest.Image{URL: "https://img.example/a.jpg", Width: 1120, Height: 630, Alt: "Cranes"}
	with := func(change func(*digest.Image)) digest.Image {
		img := ok
		change(&img)
		return img
	}
	size := func(w, h int) digest.Image { return with(func(i *digest.Image) { i.Width, i.Height = w, h }) }
	const large, crop, exact = `width="560" alt="Cranes"`, `width="96" height="72" align="right" alt="" style="float:right;margin:3px 0 4px 14px;border:0;object-fit:cover"`,
		`width="96" height="72" align="right" alt="" style="float:right;margin:3px 0 4px 14px;border:0"`
	s := builtin(t, "x")
	for name, c := range map[string]struct {
		img           digest.Image
		lead, section string // how the picture stands there; empty: not at all
	}{
		"as it should be":         {ok, large, crop},
		"least width":             {size(560, 315), large, crop},
		"no extension":            {with(func(i *digest.Image) { i.URL = "https://img.example/a?id=3" }), large, crop},
		"too narrow":              {size(559, 315), crop, crop},
		"small":                   {size(240, 180), exact, exact},
		"very small":              {size(96, 54), crop, crop},
		"too small":               {size(95, 72), "", ""},
		"width unknown":           {size(0, 630), "", ""},
		"height unknown":          {size(1120, 0), exact, exact},
		"square":                  {size(1120, 1120), crop, crop},
		"portrait":                {size(800, 1200), `width="48" height="72"`, `width="48" height="72"`},
		"a tower":                 {size(300, 1200), "", ""},
		"too flat":                {size(1120, 500), "", ""},
		"tracking pixel":          {size(1, 1), "", ""},
		"not https":               {with(func(i *digest.Image) { i.URL = "http://img.example/a.jpg" }), "", ""},
		"data":                    {with(func(i *digest.Image) { i.URL = "data:image/png;base64,AAAA" }), "", ""},
		"svg":                     {with(func(i *digest.Image) { i.URL = "https://img.example/a.SVG?x=1" }), "", ""},
		"webp":                    {with(func(i *digest.Image) { i.URL = "https://img.example/a.webp" }), "", ""},
		"webp by a service":       {with(func(i *digest.Image) { i.URL = "https://img.example/a.jpg?format=webp" }), "", ""},
		"of the reader's network": {with(func(i *digest.Image) { i.URL = "https://192.168.1.4/a.jpg" }), "", ""},
		"of the reader's machine": {with(func(i *digest.Image) { i.URL = "https://localhost/a.jpg" }), "", ""},
	} {
		t.Run(name, func(t *testing.T) {
			for place, want := range map[string]string{"lead": c.lead, "section": c.section} {
				p := oneTopic()
				it := &p.Lead.Items[0]
				if place == "section" {
					it = &p.Sections[0].Entries[0].Items[0]
				}
				it.Image = &c.img
				got := mustRender(t, s, p, paperFrame).HTML
				if n := strings.Count(got, "<img"); (n > 0) != (want != "") || n > 1 || !strings.Contains(got, want) {
					t.Errorf("%s: %d pictures, want %s in\n%s", place, n, want, got)
				}
				f := paperFrame
				f.Images = "none"
				if strings.Contains(mustRender(t, s, p, f).HTML, "<img") {
					t.Error(`a picture in spite of images = "none"`)
				}
			}
		})
	}
}

// Two thumbnails a section, from any item of a story, no picture twice, and whose they are where that is not the outlet.
func TestThumbnails(t *testing.T) {
	var w writer
	picture := func(e digest.Entry, item int, url, credit string) digest.Entry {
		e.Items[item].Image = &digest.Image{URL: url, Width: 400, Height: 300, Credit: credit}
		return e
	}
	lead := picture(w.story("Global", "Lead", "", composed, "A"), 0, "https://img.example/0.jpg", "")
	p := pageOf("en", &lead, topicSection("Global",
		picture(w.story("Global", "One", "", composed, "A", "B"), 1, "https://img.example/1.jpg", ""),
		picture(w.story("Global", "Two", "", composed, "A"), 0, "https://img.example/0.jpg", ""),
		w.story("Global", "Three", "", composed, "A"),
		picture(w.story("Global", "Four", "", composed, "A"), 0, "https://img.example/4.jpg", "Photograph: Ana Lima / Agency"),
		picture(w.story("Global", "Five", "", composed, "A"), 0, "https://img.example/5.jpg", "")))
	got := mustRender(t, builtin(t, "x"), p, paperFrame).HTML
	for address, want := range map[string]int{"0": 1, "1": 1, "4": 1, "5": 0} {
		if n := strings.Count(got, "https://img.example/"+address+".jpg"); n != want {
			t.Errorf("picture %s stands %d times, want %d", address, n, want)
		}
	}
	for _, want := range []string{" Photo: B</p>", " Photo: Ana Lima / Agency</p>"} {
		if !strings.Contains(got, want) {
			t.Errorf("want %q in\n%s", want, got)
		}
	}
	p = pageOf("en", &lead, topicSection("Global", picture(w.story("Global", "One", "", composed, "Tarn Gazette"), 0, "https://img.example/1.jpg", "Photo: The Tarn Gazette"),
		picture(w.story("Global", "Two", "", composed, "A"), 0, "https://img.example/2.jpg", "Pool photo by Ana Lima")))
	got = mustRender(t, builtin(t, "x"), p, paperFrame).HTML
	if strings.Contains(got, "The Tarn Gazette") || !strings.Contains(got, " Photo: Ana Lima</p>") {
		t.Errorf("the outlet is named twice, or the picture not credited, in\n%s", got)
	}
}

func TestPictureIsANamedLink(t *testing.T) {
	t.Parallel()
	s := builtin(t, "x")
	for alt, want := range map[string]string{
		"Cranes":  `text-decoration:none"><img src="https://img.example/light.jpg" width="560" alt="Cranes" style=`,
		"":        `text-decoration:none"><img src="https://img.example/light.jpg" width="560" alt="Lighthouse keepers’ strike ends`,
		" \u200b": `text-decoration:none"><img src="https://img.example/light.jpg" width="560" alt="Lighthouse keepers’ strike ends`,
	} {
		p := everySection("en")
		p.Lead.Items[0].Image.Alt = alt
		if got := mustRender(t, s, p, paperFrame).HTML; !strings.Contains(got, want) {
			t.Errorf("alt %q: want %s in\n%s", alt, want, got)
		}
	}
}

func TestUpdatedIsSaidOnlyWhenItIsNews(t *testing.T) {
	t.Parallel()
	s := builtin(t, "x")
	for name, c := range map[string]struct {
		minutes int
		want    bool
	}{
		"never": {0, false}, "at once": {14, false}, "later": {15, true}, "in the future": {600, false},
	} {
		p := oneStory()
		it := &p.Lead.Items[0]
		if c.minutes > 0 {
			it.Published = daysAgo(0, 6, 0)
			it.Updated = daysAgo(0, 6, c.minutes)
		}
		if got := strings.Contains(mustRender(t, s, p, paperFrame).Text, "updated"); got != c.want {
			t.Errorf("%s: says updated: %v, want %v", name, got, c.want)
		}
	}
}

func TestSummaryMarksInBothParts(t *testing.T) {
	t.Parallel()
	p := oneStory()
	p.Lead.Items[0].Summary = digest.Text{{S: "One "}, {S: "strong", Strong: true}, {S: " word, "}, {S: "both", Strong: true, Em: true},
		{S: " and a "}, {S: "link & more", Href: "https://a.example/?a=1&b=2"}, {S: " and "}, {S: "none", Href: "javascript:alert(1)"}, {S: "."}}
	r := mustRender(t, builtin(t, "x"), p, paperFrame)
	want := `One <strong>strong</strong> word, <strong><em>both</em></strong> and a <a class="b" href="https://a.example/?a=1&amp;b=2" ` +
		`style="color:#333333;text-decoration:underline">link &amp; more</a> and none.</p>`
	if !strings.Contains(r.HTML, want) {
		t.Errorf("want %s in\n%s", want, r.HTML)
	}
	if want := "  One strong word, both and a link & more and none.\n"; !strings.Contains(r.Text, want) {
		t.Errorf("want %q in\n%s", want, r.Text)
	}
}

func TestSummaryThatRepeatsTheHeadlineIsLeftOut(t *testing.T) {
	t.Parallel()
	p := oneStory()
	p.Lead.Items[0].Summary = digest.PlainText("lamps are lit again at Skarholm.")
	if got := mustRender(t, builtin(t, "x"), p, paperFrame).Text; strings.Count(strings.ToLower(got), "lamps are lit") != 1 {
		t.Errorf("the headline stands twice:\n%s", got)
	}
}

func TestMixedDirections(t *testing.T) {
	t.Parallel()
	r := mustRender(t, builtin(t, "x"), rightToLeftPage(), paperFrame)
	for _, want := range []string{
		`<html lang="ar" dir="rtl"`, `<div role="article" lang="ar" dir="rtl"`,
		`<td class="a" width="44" align="center" valign="top"`,
		`<td class="b" dir="ltr" lang="en-GB" align="left" style="padding:0 0 20px;text-align:left;`, // the English story
		`<p class="m" dir="rtl" lang="ar" style="margin:0;text-align:left;`,                          // its coverage, in the reader's words
		strings.ReplaceAll("Courrier du Cap", " ", noBreakSpace) + rightMark + noBreakSpace + "· الثلاثاء 06:48",
		`<p class="m" dir="rtl" lang="ar" style="margin:0;font-family`, // its topic in five things
		`<p id="story-5" dir="ltr" style="margin:0;text-align:left">`,  // the English headline
		`<span dir="ltr">1 Rue Exemple, Paris</span>`, `<span dir="ltr">ana@example.org</span>`,
		`font-weight:normal;font-style:normal`, // Arabic has no italics
	} {
		if !strings.Contains(r.HTML, want) {
			t.Errorf("the HTML part lacks %s", want)
		}
	}
	if want := leftMark + "1 Rue Exemple, Paris"; !strings.Contains(r.Text, want) {
		t.Errorf("the text part lacks %q", want)
	}
}

// Five things lead to their entries, and say the topic, and of how many outlets they are where they are many.
func TestFiveThings(t *testing.T) {
	r := mustRender(t, builtin(t, "x"), everySection("en"), paperFrame)
	root, err := html.Parse(strings.NewReader(r.HTML))
	if err != nil {
		t.Fatal(err)
	}
	ids, headings := map[string]string{}, map[string]string{}
	named := map[string]bool{} // by empty anchors right before, which Gmail and Word want
	elements(root, func(n *html.Node) {
		if id, ok := attr(n, "id"); ok {
			ids["#"+id] = textOf(n)
			if before := n.PrevSibling; before != nil && before.FirstChild == nil {
				name, _ := attr(before, "name")
				named["#"+name] = name == id
			}
		}
		if href, _ := attr(n, "href"); strings.HasPrefix(href, "#") {
			headings[href] = textOf(n)
		}
	})
	if len(headings) != 5 || len(ids) != 5 {
		t.Errorf("%d links to %d entries", len(headings), len(ids))
	}
	for href, title := range headings {
		if !strings.HasPrefix(strings.ReplaceAll(ids[href], noBreakSpace, " "), strings.ReplaceAll(title, noBreakSpace, " ")) {
			t.Errorf("%s (%s) leads to %q", href, title, ids[href])
		}
		if !named[href] {
			t.Errorf("%s (%s) has no named anchor", href, title)
		}
	}
	text := strings.ReplaceAll(r.Text, noBreakSpace, " ")
	for _, want := range []string{
		"\nFIVE THINGS\n" + strings.Repeat("-", 72) + "\n\n1   Lighthouse keepers’ strike ends with a pact to man the northern\n    straits\n    Global · in 6 outlets\n",
		"\n2   Wheat convoy reaches Port Amber ahead of the frost\n    Global\n",
	} {
		if !strings.Contains(text, want) {
			t.Errorf("want %q in\n%s", want, text)
		}
	}
}

// The lead's topic is not said twice in a row.
func TestLeadsTopicIsLeftToTheNextHeading(t *testing.T) {
	topics := func(lead string) int {
		var w writer
		first := w.story(lead, "Lead", "", composed, "A")
		r := mustRender(t, builtin(t, "x"), pageOf("en", &first, topicSection("Global", w.story("Global", "One", "", composed, "A"))), paperFrame)
		return strings.Count(r.HTML, ">"+lead+"<")
	}
	if n := topics("Global"); n != 1 {
		t.Errorf("the topic of lead and first section stands %d times", n)
	}
	if n := topics("Diplomacy"); n != 1 {
		t.Errorf("the topic of a lead before another's section stands %d times", n)
	}
}

func TestCoverageLine(t *testing.T) {
	t.Parallel()
	var w writer
	for _, c := range []struct {
		also []string
		want string
	}{
		{nil, ""},
		{[]string{"A"}, ""}, // the story's own outlet once more
		{[]string{"B"}, "Also in B"},
		{[]string{"B", "B", "C"}, "Also in B, C"},
		{[]string{"B", "C", "D"}, "Also in B, C, D"},
		{[]string{"B", "C", "D", "E"}, "Also in B, C, D and 1 more"},
	} {
		lead := w.story("Global", "Title", "", composed, "A", c.also...)
		p := pageOf("en", &lead)
		root, err := html.Parse(strings.NewReader(mustRender(t, builtin(t, "x"), p, paperFrame).HTML))
		if err != nil {
			t.Fatal(err)
		}
		got := ""
		elements(root, func(n *html.Node) {
			if text := textOf(n); n.Data == "p" && strings.HasPrefix(text, "Also") {
				got = text
			}
		})
		if got != c.want {
			t.Errorf("coverage %q reads %q, want %q", c.also, got, c.want)
		}
	}
}

func TestCoverageParagraph(t *testing.T) {
	t.Parallel()
	p := oneStory()
	p.Edition.Feeds = []digest.FeedReport{{Name: "Good", OK: true, Read: 200, Topics: []string{"global"}}, {Name: "Other", OK: true, Read: 50, Topics: []string{"sport"}}, {Name: "Late", Read: 12, LastSuccess: daysAgo(2, 9, 0)}, {Name: "Never"},
		{Name: "Old", LastSuccess: daysAgo(40, 9, 0)}, {Name: "Four"}, {Name: "Five"}}
	p.Edition.Carried, p.Edition.Dropped = 2, 1 // which says nothing to a reader
	p.Variant.Topics = []string{"global"}
	text := strings.Join(strings.Fields(mustRender(t, builtin(t, "x"), p, paperFrame).Text), " ")
	want := "1 of 6 feeds read since Wednesday 07:00, 212 items, 1 story chosen. Late has not answered since Tuesday. Never has not answered yet. " +
		"Old has not answered since 31 January. 2 more feeds have not answered. Times are Paris time."
	if !strings.Contains(text, want) {
		t.Errorf("want %q in %q", want, text)
	}
}

// TestPartsSayNothingOfOthers holds that what counts all entries of a page is not said to readers who see other ones, and that
// whoever does not see the first of a section sees no rule in its place.
func TestPartsSayNothingOfOthers(t *testing.T) {
	t.Parallel()
	var w writer
	lead := w.story("Global", "Lead", "", composed, "A")
	p := pageOf("en", &lead, topicSection("Global", w.story("Global", "One", "", composed, "A"), w.story("Global", "Two", "", composed, "A")))
	alike := mustRender(t, builtin(t, "x"), p, paperFrame)
	p.Variant.Parts, p.Sections = true, append([]digest.Section{{Kind: digest.SectionWatch, Entries: p.Sections[0].Entries}}, p.Sections...)
	parts := mustRender(t, builtin(t, "x"), p, paperFrame)
	for _, figure := range []string{"1-minute read", "3 stories chosen"} {
		if !strings.Contains(alike.Text, figure) || !strings.Contains(alike.HTML, figure) {
			t.Errorf("%q is not said to readers who see the same", figure)
		}
		if strings.Contains(parts.Text, figure) || strings.Contains(parts.HTML, figure) {
			t.Errorf("%q is said to readers who don't", figure)
		}
	}
	if n := strings.Count(parts.HTML, ">Global<"); n != 1 {
		t.Errorf("the topic of the lead and of the section behind it stands %d times", n)
	}
	for _, html := range []string{alike.HTML, parts.HTML} {
		if strings.Count(html, "border-bottom:1px solid #D4D4D4") != strings.Count(html, ">One</a>") {
			t.Errorf("a rule stands elsewhere than below each entry but the last of a section:\n%s", html)
		}
	}
}

// FuzzRender lets a feed say anything: the parts must stay what the checks ask for.
func FuzzRender(f *testing.F) {
	for i, title := range hostileTitles {
		f.Add(title, hostileTexts[i%len(hostileTexts)], hostileLinks[i%len(hostileLinks)], "en")
	}
	s := builtin(f, "{{.Lead.Title}}")
	f.Fuzz(func(t *testing.T, title, text, link, lang string) {
		var w writer
		lead := w.story(title, title, text, composed, text, title, link)
		it := &lead.Items[0]
		it.Link, it.Author, it.Language = link, text, lang
		it.Summary = digest.Text{{S: title, Href: link}, {S: text, Em: true}}
		it.Image = &digest.Image{URL: link, Width: 600, Height: 400, Alt: text}
		for _, kind := range []digest.SectionKind{digest.SectionTopic, digest.SectionOpinion, digest.SectionLatest} {
			p := pageOf("ar", &lead, digest.Section{Kind: kind, Title: title, Entries: []digest.Entry{lead}})
			r := mustRender(t, s, p, paperFrame)
			checkAsClients(t, s, edition{page: p, frame: paperFrame}, r)
			checkComments(t, r.HTML)
			checkLines(t, r.Text)
			root, err := html.Parse(strings.NewReader(r.HTML))
			if err != nil {
				t.Fatal(err)
			}
			checkElements(t, root)
			if strings.Count(r.Text, "\n-- \n") != 1 {
				t.Errorf("the mark before the signature stands %d times", strings.Count(r.Text, "\n-- \n"))
			}
		}
	})
}
