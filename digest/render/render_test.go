package render

import (
	"html"
	"path/filepath"
	"runtime"
	"strings"
	"testing"

	"digestd/digest"
	"digestd/internal/golden"
	"digestd/templates"
)

// builtin is the set that a digest without templates of its own gets.
func builtin(t testing.TB, subject string) *Set {
	t.Helper()
	s, err := Load(templates.FS, "", subject)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func mustRender(t testing.TB, s *Set, p digest.Page, f Frame) Rendered {
	t.Helper()
	r, err := s.Render(p, f)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

func TestGoldenFiles(t *testing.T) {
	t.Parallel()
	s := builtin(t, "{{.Lead.Title}}")
	for _, e := range editions(t) {
		t.Run(e.name, func(t *testing.T) {
			r := mustRender(t, s, e.page, e.frame)
			golden.Check(t, filepath.Join("testdata", e.name+".txt"), "Subject: "+r.Subject+"\n\n"+r.Text)
			if !strings.HasPrefix(e.name, "language-") { // the words are in the text, the marks in the others
				golden.Check(t, filepath.Join("testdata", e.name+".html"), r.HTML)
			}
		})
	}
}

func TestSubject(t *testing.T) {
	t.Parallel()
	long := strings.Repeat("word ", 60)
	for _, c := range []struct{ name, template, title, want string }{
		{"the lead's headline", "{{.Lead.Title}}", "Lamps are lit", "Lamps are lit"},
		{"the data model", "{{.Title}} {{.Number}}, {{.Date}}: {{.Lead.Title}} ({{.Lead.Source}})", "Lamps are lit",
			"Morning Wire No. 42, Thursday 12 March 2026: Lamps are lit (The Skarholm Post)"},
		{"a condition", "{{if .Empty}}Nothing{{else}}{{len .Sections}}{{end}}", "Lamps are lit", "0"},
		{"header injection", "{{.Lead.Title}}\r\nBcc: x@example.org", "A\r\nBcc: victim@example.org", "A Bcc: victim@example.org Bcc: x@example.org"},
		{"no markup, no entities", "{{.Lead.Title}}", `Q&A: 1 < 2 "quoted"`, `Q&A: 1 < 2 "quoted"`},
		{"cut at a word", "{{.Lead.Title}}", long, strings.TrimSpace(strings.Repeat("word ", 27)) + "…"},
		{"blank", "  {{/* nothing */}} ", "Lamps are lit", "Morning Wire"},
	} {
		t.Run(c.name, func(t *testing.T) {
			p := oneStory()
			p.Lead.Items[0].Title = c.title
			if got := mustRender(t, builtin(t, c.template), p, paperFrame).Subject; got != c.want {
				t.Errorf("subject %q, want %q", got, c.want)
			}
		})
	}
}

func TestSubjectOfAnEmptyPage(t *testing.T) {
	t.Parallel()
	for template, want := range map[string]string{
		"{{.Lead.Title}}":                        "Morning Wire",
		"{{.Lead.Title}} — {{.Title}}":           "Morning Wire",
		"{{if .Empty}}{{.Nothing}}{{end}}":       "Nothing new in your topics since Wednesday 07:00.",
		"{{with .Lead.Also}}{{.Before}}{{end}}x": "x",
	} {
		if got := mustRender(t, builtin(t, template), pageOf("en", nil), paperFrame).Subject; got != want {
			t.Errorf("%s gives %q, want %q", template, got, want)
		}
	}
}

func TestTextVariantHasNoHTML(t *testing.T) {
	t.Parallel()
	p := everySection("en")
	p.Variant.Format = "text"
	s := builtin(t, "{{.Title}}")
	r := mustRender(t, s, p, paperFrame)
	if r.HTML != "" {
		t.Errorf("a text variant has an HTML part of %d bytes", len(r.HTML))
	}
	p.Variant.Format = "html"
	if full := mustRender(t, s, p, paperFrame); full.Text != r.Text {
		t.Error("the text part of an HTML variant is another one")
	}
}

// A mailer puts the reader's own values where these stand; whatever their length, they must come
// through as they are, once or more in each part.
func TestPlaceholdersPassVerbatim(t *testing.T) {
	t.Parallel()
	const address, unsubscribe, preferences = "ADDR7f3a0000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000",
		"UNSUB11111111", "PREFS22222222"
	for name, f := range map[string]Frame{
		"bare":   {Address: address, UnsubscribeURL: unsubscribe, PreferencesURL: preferences},
		"https":  {Address: address, UnsubscribeURL: "https://news.example.org/u/" + unsubscribe, PreferencesURL: "https://news.example.org/p/" + preferences},
		"mailto": {Address: address, UnsubscribeURL: "mailto:bulk@example.org?subject=" + unsubscribe},
	} {
		t.Run(name, func(t *testing.T) {
			for _, lang := range builtin(t, "x").Languages() {
				r := mustRender(t, builtin(t, "{{.Title}}"), everySection(lang), f)
				for part, text := range map[string]string{"html": r.HTML, "text": r.Text} {
					for _, value := range []string{f.Address, f.UnsubscribeURL, f.PreferencesURL} {
						if !strings.Contains(text, value) {
							t.Errorf("%s, %s part lacks %q", lang, part, value)
						}
					}
				}
				if !strings.Contains(r.Text, "\n"+address+"\n") {
					t.Errorf("%s: the address does not stand on a line of its own:\n%s", lang, r.Text)
				}
			}
		})
	}
}

func TestPreheader(t *testing.T) {
	t.Parallel()
	s := builtin(t, "{{.Lead.Title}}")
	for _, e := range editions(t) {
		view := newView(e.page, e.frame, s.language(e.page.Variant.Language))
		subject, err := s.renderSubject(view)
		if err != nil {
			t.Fatal(err)
		}
		view.Subject = subject
		got := preheader(view)
		if n := len([]rune(got)); n == 0 || n > preheaderLength {
			t.Errorf("%s: preheader of %d characters: %q", e.name, n, got)
		}
		if strings.Contains(got, strings.TrimSuffix(subject, ellipsis)) && e.name != "hostile" {
			t.Errorf("%s: the preheader repeats the subject: %q", e.name, got)
		}
	}
	view := newView(everySection("en"), paperFrame, s.language("en"))
	view.Subject = "Morning Wire, 12 March"
	want := "Lighthouse keepers’ strike ends with a pact to man the northern straits · Plus: Wheat convoy reaches Port Amber ahead of the frost · " +
		"Six capitals renew the high lakes treaty, by one vote · "
	if got := preheader(view); !strings.HasPrefix(got, want) {
		t.Errorf("preheader %q, want %q at the start", got, want)
	}

	// What fills an inbox's line is not followed by half a headline.
	view.next = []string{strings.Repeat("Cranes ", 8) + "rest", strings.Repeat("Ferries ", 20) + "sail"}
	if got := preheader(view); !strings.HasSuffix(got, "Cranes rest") {
		t.Errorf("preheader ends in %q", got)
	}

	// One story without words: there is still something to say before the masthead.
	page := everySection("en")
	page.Sections, page.Five, page.Lead.Items[0].Summary = nil, nil, nil
	view = newView(page, paperFrame, s.language("en"))
	view.Subject = view.Lead.Title
	if got := preheader(view); !strings.HasPrefix(got, view.Lead.Source+" · "+view.Lead.Time+" · ") || strings.Contains(got, view.Lead.Title) {
		t.Errorf("preheader of one story without words: %q", got)
	}

	// Nothing of the mail follows it in an inbox.
	r := mustRender(t, s, page, paperFrame)
	_, hidden, _ := strings.Cut(r.HTML, "line-height:1px\">")
	hidden, _, _ = strings.Cut(hidden, "</div>")
	if n := len([]rune(html.UnescapeString(hidden))); n < 140 || n > 2*140 || !strings.HasSuffix(hidden, "&nbsp;") {
		t.Errorf("%d characters are hidden: %q", n, hidden)
	}
	if got := padding(strings.Repeat("a", 140)); got != "" {
		t.Errorf("a long preheader is followed by %q", got)
	}
}

// A short headline of the lead has a second one behind it in the subject, the best that fits.
func TestHeadlinesForTheSubject(t *testing.T) {
	for _, c := range []struct{ lead, best, second, want string }{
		{"Dam holds", "Envoys of nine river towns sign the treaty of the high lakes after a night of talks in the rain", "Ferry sinks", "Dam holds; Ferry sinks"},
		{"Dam holds", "Ferry sinks", "Mint closes", "Dam holds; Ferry sinks"},
		{"Dam of Aldmere holds as the river rises to its highest since 1910", "Ferry sinks", "Mint closes", "Dam of Aldmere holds as the river rises to its highest since 1910"},
		{"Dam holds", "غرقت العبارة", "Mint closes", "Dam holds; Mint closes"},
	} {
		entry := func(id, title string, total float64) digest.Entry {
			return digest.Entry{Topic: "g", Story: digest.Story{ID: id, Rank: digest.Rank{Total: total}, Items: []digest.Item{{Title: title, Source: "Herald"}}}}
		}
		lead := entry("1", c.lead, 3)
		p := digest.Page{Lead: &lead, Sections: []digest.Section{{Kind: digest.SectionTopic, Topic: "g", Title: "G",
			Entries: []digest.Entry{entry("3", c.second, 1), entry("2", c.best, 2)}}}}
		if got := mustRender(t, builtin(t, "{{.Headlines}}"), p, paperFrame).Subject; got != c.want {
			t.Errorf("got %q, want %q", got, c.want)
		}
	}
}

// What an outlet lends says whose it is.
func TestBorrowedSummaryNamesItsOutlet(t *testing.T) {
	p := oneStory()
	p.Lead.SummaryFrom = "Nordic Herald"
	if r := mustRender(t, builtin(t, "x"), p, paperFrame); !strings.Contains(r.Text, "(Nordic Herald)") || !strings.Contains(r.HTML, "(Nordic Herald)") {
		t.Errorf("the summary does not say whose it is: %s", r.Text)
	}
}

// Where an outlet only says its headline again, what the next one says stands below it.
func TestSummaryOfTheNextOutlet(t *testing.T) {
	told := func(source, lang, summary string) digest.Item {
		return digest.Item{Title: "Cranes stand still in Sandholm", Source: source, Language: lang, Summary: digest.PlainText(summary)}
	}
	p := oneStory()
	p.Lead.SummaryFrom = ""
	p.Lead.Items = []digest.Item{told("Harbour Post", "en", "Cranes stand still in Sandholm."), told("Hafenbote", "de", "Seit drei Tagen."),
		told("Tidewatch", "en-GB", "Dockers want three days.")}
	if r := mustRender(t, builtin(t, "x"), p, paperFrame); !strings.Contains(r.Text, "Dockers want three days. (Tidewatch)") {
		t.Errorf("below the headline stands: %s", r.Text)
	}
	p.Lead.Items = p.Lead.Items[:2]
	if r := mustRender(t, builtin(t, "x"), p, paperFrame); strings.Contains(r.Text, "drei Tagen") || strings.Count(r.Text, "stand still") != 1 {
		t.Errorf("below the headline stands: %s", r.Text)
	}
}

func TestTitleFallsBackToTheNewsletter(t *testing.T) {
	t.Parallel()
	p := oneStory()
	p.Edition.Title = ""
	if r := mustRender(t, builtin(t, "{{.Title}}"), p, paperFrame); r.Subject != "Morning Wire" {
		t.Errorf("untitled digest is called %q", r.Subject)
	}
}

func TestUnsubscribeStandsInALargePage(t *testing.T) {
	t.Parallel()
	r := mustRender(t, builtin(t, "{{.Title}}"), many(1000, 1000), paperFrame)
	for part, text := range map[string]string{"html": r.HTML, "text": r.Text} {
		if !strings.Contains(text, paperFrame.UnsubscribeURL) {
			t.Errorf("%s part of %d bytes has no unsubscribe link", part, len(text))
		}
	}
}

// Thirty stories, with the addresses that feeds have and three other outlets each, are far from where Gmail cuts a mail off.
func TestThirtyEntriesAreSixtyKB(t *testing.T) {
	p := many(22, 7)
	long := func(e *digest.Entry) {
		for i := range e.Items {
			e.Items[i].Link += "&" + strings.Repeat("path-of-words/", 6) + "?utm_source=rss&utm_medium=feed"
		}
		e.Items[0].Image = &digest.Image{URL: "https://img.example/" + e.ID + strings.Repeat("/resized", 8) + ".jpg", Width: 400, Height: 300}
	}
	long(p.Lead)
	for _, s := range p.Sections {
		for i := range s.Entries {
			long(&s.Entries[i])
		}
	}
	if n := len(mustRender(t, builtin(t, "x"), p, paperFrame).HTML); n > 60<<10 {
		t.Errorf("30 entries are %d bytes of HTML", n)
	}
}

// What one more story costs is what compose reckons with.
func TestSizeOfAStory(t *testing.T) {
	t.Parallel()
	s := builtin(t, "{{.Title}}")
	size := func(full, briefs int) int { return len(mustRender(t, s, many(full, briefs), paperFrame).HTML) }
	base := size(2, 1)
	if got := (size(22, 1) - base) / 20; got > 1700 {
		t.Errorf("a story costs %d bytes of HTML, more than 1,700", got)
	}
	if got := (size(2, 21) - base) / 20; got > 850 {
		t.Errorf("a brief costs %d bytes of HTML, more than 850", got)
	}
}

func TestSetIsSafeForConcurrentUse(t *testing.T) {
	t.Parallel()
	s := builtin(t, "{{.Lead.Title}}")
	want := mustRender(t, s, everySection("en"), paperFrame)
	done := make(chan Rendered)
	for range 8 {
		go func() {
			r, _ := s.Render(everySection("en"), paperFrame)
			done <- r
		}()
	}
	for range 8 {
		if got := <-done; got != want {
			t.Error("two renderings of one page differ")
		}
	}
}

func BenchmarkRender40Stories(b *testing.B) {
	s := builtin(b, "{{.Lead.Title}}")
	p := many(39, 0)
	b.ReportAllocs()
	for b.Loop() {
		r, err := s.Render(p, paperFrame)
		if err != nil {
			b.Fatal(err)
		}
		b.SetBytes(int64(len(r.HTML) + len(r.Text)))
	}
}

// TestVariantsLeaveNothingBehind holds that a thousand variants need no more memory than ten.
func TestVariantsLeaveNothingBehind(t *testing.T) {
	s := builtin(t, "{{.Lead.Title}}")
	languages := s.Languages()
	render := func(n int) {
		for i := range n {
			mustRender(t, s, everySection(languages[i%len(languages)]), paperFrame)
		}
	}
	held := func() uint64 {
		runtime.GC()
		runtime.GC() // what pools keep goes with the second
		var m runtime.MemStats
		runtime.ReadMemStats(&m)
		return m.HeapAlloc
	}
	render(10)
	ten := held()
	render(1000)
	if thousand := held(); thousand > ten+1<<20 {
		t.Errorf("%d bytes are held after ten variants, %d after a thousand more", ten, thousand)
	}
	runtime.KeepAlive(s)
}
