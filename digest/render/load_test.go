package render

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/fstest"

	"digestd/templates"
)

// ownFiles writes an owner's template directory.
func ownFiles(t *testing.T, files map[string]string) string {
	t.Helper()
	dir := t.TempDir()
	for name, text := range files {
		path := filepath.Join(dir, filepath.FromSlash(name))
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

func TestOwnTemplateReplacesTheBuiltInOne(t *testing.T) {
	t.Parallel()
	dir := ownFiles(t, map[string]string{
		"digest.txt.tmpl": "{{range .Sections}}{{range .Stories}}* {{.Title}}\n{{end}}{{end}}{{.UnsubscribeURL}}",
		"README":          "not a template",
	})
	s, err := Load(templates.FS, dir, "{{.Title}}")
	if err != nil {
		t.Fatal(err)
	}
	r := mustRender(t, s, oneTopic(), paperFrame)
	if want := "* Wheat convoy reaches Port Amber ahead of the frost\nhttps://news.example.org/u/TOKEN\n"; r.Text != want {
		t.Errorf("text %q, want %q", r.Text, want)
	}
	if !strings.Contains(r.HTML, "Lamps are lit again at Skarholm") {
		t.Error("the HTML part is no longer the built-in one")
	}
}

func TestOwnCatalogueChangesOnlyWhatItNames(t *testing.T) {
	t.Parallel()
	dir := ownFiles(t, map[string]string{
		"lang/en.json": `{"latest_news": "In brief"}`,
		"lang/nl.json": `{"name": "Nederlands", "opinion": "Opinie", "reading": {"one": "{n} minuut", "other": "{n} minuten"}}`,
	})
	s, err := Load(templates.FS, dir, "{{.Title}}")
	if err != nil {
		t.Fatal(err)
	}
	text := mustRender(t, s, everySection("en"), paperFrame).Text
	if !strings.Contains(text, "IN BRIEF\n") || !strings.Contains(text, "OPINION\n") {
		t.Errorf("want IN BRIEF and OPINION in\n%s", text)
	}
	text = mustRender(t, s, everySection("nl-BE"), paperFrame).Text
	if !strings.Contains(text, "OPINIE\n") || !strings.Contains(text, "1 minuut") || !strings.Contains(text, "FIVE THINGS\n") {
		t.Errorf("want Dutch words where there are some, else English, in\n%s", text)
	}
	if got := mustRender(t, builtin(t, "x"), everySection("en"), paperFrame).Text; strings.Contains(got, "IN BRIEF") {
		t.Error("one digest's words have come into another")
	}
	names := strings.Join(s.Languages(), " ")
	if want := "ar de en es fr he hi it ja nl pt zh"; names != want {
		t.Errorf("languages %s, want %s", names, want)
	}
}

// Whatever is wrong with a template is found when it is loaded, and said with its place.
func TestLoadNamesTheLine(t *testing.T) {
	t.Parallel()
	const ok = "{{.UnsubscribeURL}}"
	for _, c := range []struct {
		name, file, text, subject string
		want                      []string
	}{
		{name: "syntax", file: "digest.html.tmpl", text: "<p>\n{{if}}</p>" + ok, want: []string{"digest.html.tmpl:2: ", "missing value for if"}},
		{name: "unknown function", file: "digest.txt.tmpl", text: "a\nb\n{{shout .Title}}" + ok, want: []string{"digest.txt.tmpl:3: ", `there is no function shout`}},
		{name: "unknown field", file: "digest.txt.tmpl", text: "a\n{{.Headline}}" + ok, want: []string{"digest.txt.tmpl:2:", "Headline"}},
		{name: "unknown field of a story", file: "digest.html.tmpl", text: ok + "\n\n{{range .Sections}}{{range .Stories}}{{.Nope}}{{end}}{{end}}", want: []string{"digest.html.tmpl:3:", "Nope"}},
		{name: "nil lead", file: "digest.html.tmpl", text: ok + "\n{{.Lead.Title}}", want: []string{"digest.html.tmpl:2:", "Lead.Title"}},
		{name: "unescapable", file: "digest.html.tmpl", text: ok + "\n<a href=\"{{if .Empty}}x\">{{end}}", want: []string{"digest.html.tmpl:2", "{{if}}"}},
		{name: "no unsubscribe in html", file: "digest.html.tmpl", text: "<p>{{.Title}}</p>", want: []string{"digest.html.tmpl:1:", "{{.UnsubscribeURL}}"}},
		{name: "no unsubscribe in text", file: "digest.txt.tmpl", text: "{{.Title}}", want: []string{"digest.txt.tmpl:1:", "{{.UnsubscribeURL}}"}},
		{name: "misspelt name", file: "digest.htm.tmpl", text: ok, want: []string{"digest.htm.tmpl:1:", "digest.html.tmpl"}},
		{name: "catalogue syntax", file: "lang/fr.json", text: "{\n\"opinion\": \"Avis\",\n}", want: []string{"fr.json:3: "}},
		{name: "catalogue key", file: "lang/fr.json", text: "{\n\"opinion\": \"Avis\",\n\n\"opinoin\": \"Avis\"}", want: []string{"fr.json:4: ", `"opinoin"`}},
		{name: "catalogue type", file: "lang/fr.json", text: "{\n\"opinion\": 3}", want: []string{"fr.json:2: opinion can't be of the type number"}},
		{name: "catalogue hole", file: "lang/fr.json", text: `{"why": "Bonjour {name}"}`, want: []string{"fr.json:1: ", "{address}"}},
		{name: "catalogue form", file: "lang/fr.json", text: `{"items": {"one": "{n} article"}}`, want: []string{"fr.json:1: ", `items needs the form "other"`}},
		{name: "catalogue form hole", file: "lang/fr.json", text: `{"also_in_more": {"other": "et {n}"}}`, want: []string{"fr.json:1: ", "also_in_more.other", "{list}"}},
		{name: "catalogue blank", file: "lang/fr.json", text: `{"coverage": ""}`, want: []string{"fr.json:1: ", "coverage is empty"}},
		{name: "catalogue form name", file: "lang/fr.json", text: "{\n\"items\": {\"other\": \"{n}\", \"plural\": \"{n}\"}}", want: []string{"fr.json:2: ", `"plural" is no plural form`}},
		{name: "catalogue week", file: "lang/fr.json", text: `{"weekdays": ["dimanche"]}`, want: []string{"fr.json:1: ", "weekdays"}},
		{name: "catalogue name", file: "lang/klingonese.json", text: `{}`, want: []string{"klingonese.json:1: ", "no language"}},
		{name: "subject syntax", subject: "{{.Lead.Title", want: []string{"subject:1: ", "unclosed action"}},
		{name: "subject record", subject: "News {x}: {{.Lead}}", want: []string{"subject:1: ", "a whole record", "{{.Lead.Title}}"}},
		{name: "subject field", subject: "{{.Lead.Headlin}}", want: []string{"subject:1:", "Headlin"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			dir := ""
			if c.file != "" {
				dir = ownFiles(t, map[string]string{c.file: c.text})
				c.want[0] = filepath.Join(dir, filepath.Dir(filepath.FromSlash(c.file)), c.want[0])
			}
			if c.subject == "" {
				c.subject = "{{.Title}}"
			}
			_, err := Load(templates.FS, dir, c.subject)
			if err == nil {
				t.Fatal("no error")
			}
			if !strings.HasPrefix(err.Error(), c.want[0]) {
				t.Errorf("%q does not begin with %q", err, c.want[0])
			}
			for _, w := range c.want[1:] {
				if !strings.Contains(err.Error(), w) {
					t.Errorf("%q lacks %q", err, w)
				}
			}
		})
	}
}

func TestLoadTellsEverythingAtOnce(t *testing.T) {
	t.Parallel()
	dir := ownFiles(t, map[string]string{"digest.html.tmpl": "{{if}}", "digest.txt.tmpl": "{{nope}}", "lang/de.json": "[]"})
	_, err := Load(templates.FS, dir, "{{")
	if err == nil {
		t.Fatal("no error")
	}
	for _, want := range []string{"digest.html.tmpl:1", "digest.txt.tmpl:1", "de.json:1", "subject:1"} {
		if !strings.Contains(err.Error(), want) {
			t.Errorf("%v\nlacks %s", err, want)
		}
	}
	var problem *TemplateError
	if !errors.As(err, &problem) {
		t.Error("no TemplateError among them")
	}
}

func TestLoadOfAWrongDirectory(t *testing.T) {
	t.Parallel()
	file := filepath.Join(t.TempDir(), "file")
	if err := os.WriteFile(file, nil, 0o644); err != nil {
		t.Fatal(err)
	}
	for dir, want := range map[string]string{file: "not a directory", filepath.Join(file, "..", "none"): "no such file"} {
		if _, err := Load(templates.FS, dir, "x"); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v, want %q", dir, err, want)
		}
	}
	if _, err := Load(fstest.MapFS{}, "", "x"); err == nil || !strings.Contains(err.Error(), "built-in template") {
		t.Errorf("without built-in templates: %v", err)
	}
}

// An error that the trial could not meet comes from Render, with its place.
func TestErrorOfALaterEdition(t *testing.T) {
	t.Parallel()
	dir := ownFiles(t, map[string]string{"digest.txt.tmpl": "{{.UnsubscribeURL}}\n{{if gt (len .Sections) 4}}{{index .Sections 99}}{{end}}"})
	s, err := Load(templates.FS, dir, "{{.Title}}")
	if err != nil {
		t.Fatal(err)
	}
	_, err = s.Render(everySection("en"), paperFrame)
	var problem *TemplateError
	if !errors.As(err, &problem) || !strings.HasPrefix(err.Error(), filepath.Join(dir, "digest.txt.tmpl:2:")) {
		t.Errorf("error %v", err)
	}
}
