package render

import (
	"fmt"
	"strings"
	"testing"

	"digestd/digest"
	"digestd/internal/golden"
)

// leafOf is a public page as one document, as a test looks at it.
func leafOf(l digest.Leaf) string {
	return fmt.Sprintf("<!DOCTYPE html>\n<html lang=%q dir=%q>\n<head>\n<meta charset=\"utf-8\">\n<meta name=\"viewport\" content=\"width=device-width,initial-scale=1\">\n<title>%s</title>\n<style>\n%s</style>\n</head>\n"+
		"<body>\n<main class=\"page\">\n%s\n%s\n%s\n</main>\n</body>\n</html>\n", l.Language, l.Dir, "An edition", l.Style, l.Head, l.Body, l.Foot)
}

// TestLeaves holds that a public page says what the mail says, and nothing of a reader.
func TestLeaves(t *testing.T) {
	t.Parallel()
	s := builtin(t, "{{.Lead.Title}}")
	for _, e := range editions(t) {
		t.Run(e.name, func(t *testing.T) {
			if e.page.Variant.Format == "text" {
				e.page.Variant.Format = "html"
			}
			e.frame.Address, e.frame.UnsubscribeURL, e.frame.PreferencesURL = "marked@example.org", "https://example.org/u/MARKED", "https://example.org/p/MARKED"
			var more []digest.Story
			for i := range 29 {
				more = append(more, digest.Story{ID: fmt.Sprint("more", i), Items: []digest.Item{{Source: "Tarn Gazette", Title: fmt.Sprintf("Minor matter %d <script>", i), Link: "https://tarn.example.org/x"}}})
			}
			leaf, err := s.Leaf(e.page, e.frame, more)
			if err != nil {
				t.Fatal(err)
			}
			text := leafOf(leaf)
			if low := strings.ToLower(text); strings.Contains(low, "marked") || strings.Contains(low, "<script") || strings.Contains(text, " style=") {
				t.Errorf("it has something of a reader, a script, or a style that a policy refuses:\n%s", text)
			}
			mail := mustRender(t, s, e.page, e.frame)
			if leaf.Subject != mail.Subject {
				t.Errorf("its subject is %q, the mail's %q", leaf.Subject, mail.Subject)
			}
			if strings.Count(text, "Minor matter") != 29 {
				t.Errorf("it lacks what the mail had no room for:\n%s", leaf.Body)
			}
			if e.name == "every-section" || e.name == "rtl" || e.name == "none" || e.name == "hostile" {
				golden.Check(t, "testdata/leaf-"+e.name+".html", text)
			}
		})
	}
}

// TestMoreIsBounded: what feeds bring in a week may be thousands of headlines.
func TestMoreIsBounded(t *testing.T) {
	t.Parallel()
	s := builtin(t, "x")
	more := make([]digest.Story, 4000)
	for i := range more {
		more[i] = digest.Story{Items: []digest.Item{{Title: "Something insignificant", Source: "Wire"}}}
	}
	leaf, err := s.Leaf(Sample("en"), paperFrame, more)
	if err != nil {
		t.Fatal(err)
	}
	if n := strings.Count(leaf.Body, "Something insignificant"); n != mostMore || !strings.Contains(leaf.Body, fmt.Sprintf("%d more headlines", mostMore)) {
		t.Errorf("%d headlines", n)
	}
}
