package web

import (
	"fmt"
	"maps"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/chromedp"

	"digestd/digest"
	"digestd/digest/render"
	"digestd/internal/needs/browser"
	"digestd/templates"
)

// stretched is an edition in which every text is word, alone and among others, in every section.
func stretched(language, word string) (digest.Page, render.Frame) {
	at := time.Date(2026, 9, 30, 7, 0, 0, 0, time.UTC)
	n := 0
	entry := func() *digest.Entry {
		n++
		var items []digest.Item
		for i := range 3 {
			items = append(items, digest.Item{Source: word, Author: word, Title: "On " + word, FirstSeen: at, Published: at,
				Link: fmt.Sprintf("https://mill.example/%d/%d/%s", n, i, strings.Repeat("a", 300)), Updated: at.Add(time.Hour),
				Summary: digest.Text{{S: word}, {S: " and "}, {S: word, Strong: true}, {S: word, Href: "https://mill.example/" + word}, {S: ", " + word + ".", Em: true}},
				Image:   &digest.Image{URL: "https://mill.example/picture.jpg", Width: 4000, Height: 90, Alt: word}})
		}
		return &digest.Entry{Story: digest.Story{ID: fmt.Sprint(n), Items: items}, Topic: "t", TopicTitle: word}
	}
	var sections []digest.Section
	for _, kind := range []digest.SectionKind{digest.SectionTopic, digest.SectionOpinion, digest.SectionLatest} {
		sections = append(sections, digest.Section{Kind: kind, Topic: "t", Title: word, Entries: []digest.Entry{*entry(), *entry()}})
	}
	page := digest.Page{Five: []digest.Entry{*entry(), *entry(), *entry(), *entry(), *entry()}, Variant: digest.VariantKey{Language: language, Format: "html"}, Lead: entry(), Sections: sections,
		Edition: digest.Edition{ID: "daily/UTC/2026-09-30T07:00", Digest: "daily", Title: word, Zone: "UTC", Slot: at, Number: 1234, Composed: at, Since: at.Add(-24 * time.Hour),
			Topics: []digest.TopicName{{ID: "t", Title: word}}, Read: 12345, Feeds: []digest.FeedReport{{Name: word, OK: true}, {Name: word, LastSuccess: at}}}}
	return page, render.Frame{Newsletter: word, PostalAddress: word, Feedback: "https://mill.example/", Privacy: "https://mill.example/", Subscribe: "https://mill.example/",
		RSS: "https://mill.example/", Address: word + "@mill.example", UnsubscribeURL: "https://mill.example/u", PreferencesURL: "https://mill.example/p", Images: "remote", Zone: time.UTC}
}

// TestNoMailIsWiderThanItsWindow shows all golden editions, and mails full of words that can't be parted, in windows of a
// phone's width and of a mail program's. Nothing in them is smaller than can be read, and no headline too low to touch.
func TestNoMailIsWiderThanItsWindow(t *testing.T) {
	b := tab{browser.New(t)}
	set, err := render.Load(templates.FS, "", "{{.Lead.Title}}")
	if err != nil {
		t.Fatal(err)
	}
	goldens, err := filepath.Glob("../../digest/render/testdata/*.html")
	if err != nil || len(goldens) < 10 {
		t.Fatalf("%d golden editions; %v", len(goldens), err)
	}
	mails := map[string]string{}
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Security-Policy", "default-src 'none'; style-src 'unsafe-inline'") // nothing is loaded from anywhere
		name, _ := url.QueryUnescape(r.URL.RawQuery)
		fmt.Fprint(w, mails[name])
	}))
	t.Cleanup(server.Close)
	for _, row := range []struct{ name, language, word string }{
		{"compound", "de", "Wassermühlenbetriebsgenehmigungsverfahrensordnungsänderungsgesetz"},
		{"hash", "en", strings.Repeat("9f86d081884c7d65", 16)},
		{"address", "fr", "https://mill.example/read?token=" + strings.Repeat("eyJhbGciOiJIUzI1", 14)},
		{"capitals", "es", strings.Repeat("MWMW", 60)},
		{"a short name in capitals", "en", strings.Repeat("MW", 10)},
		{"no space but nbsp", "it", strings.Repeat("mulino\u00a0", 40)},
		{"no space but joiners", "hi", strings.Repeat("चक्की\u2060", 40)},
		{"underscores", "pt", strings.Repeat("_", 300)},
		{"Japanese without a place to part", "ja", strings.Repeat("ーッ、。", 60)},
		{"Arabic", "ar", strings.Repeat("طاحونةالماءالقديمة", 12)},
		{"Hebrew", "he", strings.Repeat("טחנתהמים", 24)},
		{"Latin in Arabic", "ar", strings.Repeat("watermill", 24)},
	} {
		page, frame := stretched(row.language, row.word)
		out, err := set.Render(page, frame)
		if err != nil {
			t.Fatal(err)
		}
		if strings.Count(out.HTML, row.word[:8]) < 15 {
			t.Fatalf("%s: the mail does not show the word", row.name)
		}
		mails[row.name] = out.HTML
	}
	for _, path := range goldens {
		golden, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		mails[strings.TrimSuffix(filepath.Base(path), ".html")] = string(golden)
	}
	for _, name := range slices.Sorted(maps.Keys(mails)) {
		b.Open(server.URL + "/?" + url.QueryEscape(name))
		for _, width := range []int64{320, 375, 600} {
			b.dress(width, "light")
			b.Await("the window", fmt.Sprintf("innerWidth === %d", width))
			wide, err := chromedp.Run(b.Ctx, chromedp.Evaluate[string](`[document.documentElement, ...document.querySelectorAll("table, td, p, h1, h2, h3")].reverse()
				.filter(e => e.scrollWidth > e.clientWidth + 1 || e.getBoundingClientRect().right > innerWidth + 1 || e.getBoundingClientRect().left < -1)
				.map(e => e.scrollWidth + " of " + e.clientWidth + ": " + e.outerHTML.slice(0, 200)).join("\n")`))
			if err != nil {
				t.Fatal(err)
			}
			if wide != "" {
				t.Errorf("%s is wider than %d:\n%.800s", name, width, wide)
			}
			small, err := chromedp.Run(b.Ctx, chromedp.Evaluate[string](`[...document.querySelectorAll("[role=article] *")].map(e =>
				e.matches("h2 a, h3 a") && e.offsetHeight < 44 ? "a finger misses " + e.offsetHeight + " px: " + e.outerHTML.slice(0, 200) :
				e.textContent.trim() && e.firstChild.nodeType === 3 && parseFloat(getComputedStyle(e).fontSize) < 14 ? "small: " + e.outerHTML.slice(0, 200) : "").filter(Boolean).join("\n")`))
			if err != nil {
				t.Fatal(err)
			}
			if small != "" {
				t.Errorf("%s at %d:\n%.800s", name, width, small)
			}
			b.shoot(fmt.Sprintf("wide-%s-%d", name, width))
		}
	}
}
