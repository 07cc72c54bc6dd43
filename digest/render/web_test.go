package render

import (
	"reflect"
	"strings"
	"testing"
	"testing/fstest"

	"digestd/templates"
)

// The words of the readers' pages stand in every catalogue, in its own language.
func TestWebWordsAreComplete(t *testing.T) {
	t.Parallel()
	s := builtin(t, "x")
	english := reflect.ValueOf(s.Catalogue("en").Web)
	for _, name := range s.Languages() {
		c := s.Catalogue(name)
		if c.Tag != name || c.Name == "" || c.Dir == "" || c.Unsubscribe == "" {
			t.Errorf("catalogue %+v", c)
		}
		if err := complete(reflect.ValueOf(c.Web), "web."); err != nil {
			t.Errorf("%s: %v", name, err)
		}
		same := 0
		for i := range english.NumField() {
			if name != "en" && reflect.ValueOf(c.Web).Field(i).String() == english.Field(i).String() {
				same++
			}
		}
		if same > 2 { // "Format", and the pattern of a month
			t.Errorf("%s has %d phrases that are English", name, same)
		}
	}
}

func TestWebWordsAreChecked(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]string{
		`{"web": {"undo": "Oops, back again"}}`: "",
		`{"web": {"undo": ""}}`:                 "web.undo is empty",
		`{"web": {"left": "Gone."}}`:            `web.left is "Gone.": it must contain {name} once`,
		`{"web": {"left": "{name}{name}"}}`:     `web.left is "{name}{name}": it must contain {name} once`,
		"{\n\"web\": {\"undoo\": \"x\"}}":       `lang/en.json:2: unknown key "undoo"`,
	} {
		dir := ownFiles(t, map[string]string{"lang/en.json": text})
		s, err := Load(templates.FS, dir, "x")
		switch {
		case want == "" && err != nil, want != "" && (err == nil || !strings.Contains(err.Error(), want)):
			t.Errorf("%s: %v, want %q", text, err, want)
		case want == "" && (s.Catalogue("en-GB").Web.Undo != "Oops, back again" || s.Catalogue("en").Web.Save != "Save"):
			t.Errorf("%s: the own words are not laid over the others", text)
		}
	}
}

func TestKnownLanguages(t *testing.T) {
	t.Parallel()
	s := builtin(t, "x")
	for tag, want := range map[string]bool{"fr": true, "fr-CA": true, "FR": true, "nl": false, "": false, "../fr": false, "\"><script>": false} {
		if s.Knows(tag) != want {
			t.Errorf("Knows(%q) is %v", tag, !want)
		}
	}
	if got := s.Catalogue("nl").Tag; got != "en" {
		t.Errorf("a language that nobody knows is served in %s", got)
	}
}

// The pages are no templates of the mail, so a directory of own templates does not replace them.
func TestPagesAreNotReplaced(t *testing.T) {
	t.Parallel()
	dir := ownFiles(t, map[string]string{"web-page.html.tmpl": "x"})
	fsys := fstest.MapFS{}
	for _, name := range []string{htmlFile, textFile, "lang/en.json", "lang/ar.json"} {
		b, err := templates.FS.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		fsys[name] = &fstest.MapFile{Data: b}
	}
	fsys["web-page.html.tmpl"] = &fstest.MapFile{Data: []byte("y")}
	if _, err := Load(fsys, dir, "x"); err == nil || !strings.Contains(err.Error(), "web-page.html.tmpl:1: replaces no template") {
		t.Errorf("an own web page is taken: %v", err)
	}
}
