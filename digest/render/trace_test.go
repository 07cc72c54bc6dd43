package render

import (
	"path/filepath"
	"strings"
	"testing"

	"digestd/internal/lint"
	"digestd/templates"
)

func TestTraceNamesThePlaceOfEachTag(t *testing.T) {
	t.Parallel()
	const text = "{{define \"item\"}}\n  <li>{{.Title}}</li>{{end -}}\n<!-- <b> --><p title=\"a\">1 < 2\n{{with .Lead}}<h1>{{.Title}}</h1>{{end}}\n" +
		"<ul>{{range .Sections}}{{range .Stories}}\n\n   {{- template \"item\" .}}{{end}}{{else}}<i>none</i>{{end}}</ul>\n" +
		"{{if .Empty}}<s></s>{{end}}<a href=\"{{.UnsubscribeURL}}\">x</a></p>"
	dir := ownFiles(t, map[string]string{"digest.html.tmpl": strings.ReplaceAll(text, "\n", "\r\n")})
	s, err := Load(templates.FS, dir, "{{.Title}}")
	if err != nil {
		t.Fatal(err)
	}
	trace, err := s.Trace(oneTopic(), paperFrame)
	if err != nil {
		t.Fatal(err)
	}
	if want := filepath.Join(dir, "digest.html.tmpl"); trace.File != want {
		t.Errorf("file %s, want %s", trace.File, want)
	}
	want := []Position{{3, 13}, {4, 15}, {5, 1}, {2, 3}, {8, 28}}
	if len(trace.Tags) != len(want) {
		t.Fatalf("tags %v, want %v", trace.Tags, want)
	}
	for i := range want {
		if trace.Tags[i] != want[i] {
			t.Errorf("tag %d at %v, want %v", i+1, trace.Tags[i], want[i])
		}
	}
}

func TestTraceOfTheBuiltInTemplate(t *testing.T) {
	t.Parallel()
	s := builtin(t, "{{.Title}}")
	for _, e := range editions(t) {
		trace, err := s.Trace(e.page, e.frame)
		if err != nil {
			t.Fatal(err)
		}
		if trace.File != "" {
			t.Errorf("the built-in template is called %s", trace.File)
		}
		m := lint.Mail{Subject: "x", HTML: mustRender(t, s, e.page, e.frame).HTML, Text: "x"}
		for _, p := range trace.Tags {
			m.Tags = append(m.Tags, lint.Place(p))
		}
		for _, f := range lint.Check(m) {
			if f.Part == lint.HTML && strings.HasPrefix(f.Near, "<style") && f.Template.Line == 0 {
				t.Errorf("%s: the trace does not belong to the page: %v", e.name, f)
			}
		}
	}
}

// TestFallbacksAreNeeded holds that every fallback is stated for something that the templates use.
func TestFallbacksAreNeeded(t *testing.T) {
	t.Parallel()
	s := builtin(t, "{{.Title}}")
	stated := lint.Fallbacks()
	for _, e := range editions(t) {
		r := mustRender(t, s, e.page, e.frame)
		for _, f := range lint.Check(lint.Mail{Subject: r.Subject, HTML: r.HTML, Text: r.Text}) {
			for slug, why := range stated {
				if strings.Contains(f.More, "/"+slug+"/") && strings.HasSuffix(f.Text, why) {
					delete(stated, slug)
				}
			}
		}
	}
	for slug := range stated {
		t.Errorf("a fallback is stated for %s, which nothing needs", slug)
	}
}
