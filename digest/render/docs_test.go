package render

import (
	"os"
	"path/filepath"
	"reflect"
	"regexp"
	"strings"
	"testing"

	"digestd/internal/golden"
	"digestd/templates"
)

func readDocs(t *testing.T) string {
	t.Helper()
	b, err := os.ReadFile("../../docs/templates.md")
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

// What docs/templates.md promises to owners of templates is all that there is.
func TestDocsNameEveryFieldAndFunction(t *testing.T) {
	t.Parallel()
	docs := readDocs(t)
	for _, v := range []any{View{}, Section{}, Story{}, Look{}, Piece{}, Link{}, Also{}, Image{}, Side{}} {
		kind := reflect.TypeOf(v)
		for i := range kind.NumField() {
			field := kind.Field(i)
			if field.IsExported() && !field.Anonymous && !strings.Contains(docs, "."+field.Name+"`") {
				t.Errorf("docs/templates.md does not name .%s of %s", field.Name, kind.Name())
			}
		}
	}
	for name := range htmlFuncs {
		if !strings.Contains(docs, "`"+name) {
			t.Errorf("docs/templates.md does not name the function %s", name)
		}
	}
	for name := range textFuncs {
		if !strings.Contains(docs, "`"+name+" ") {
			t.Errorf("docs/templates.md does not name the function %s", name)
		}
	}
}

// The example is a template that works.
func TestDocsExample(t *testing.T) {
	t.Parallel()
	docs := readDocs(t)
	block := func(kind string) string {
		m := regexp.MustCompile("(?s)```" + kind + "\n(.*?)```").FindStringSubmatch(docs)
		if m == nil {
			t.Fatalf("no example of %s", kind)
		}
		return m[1]
	}
	dir := ownFiles(t, map[string]string{"digest.txt.tmpl": block("gotmpl"), "lang/en.json": block("json")})
	s, err := Load(templates.FS, dir, "{{.Title}} {{.Number}}: {{.Lead.Title}}")
	if err != nil {
		t.Fatal(err)
	}
	golden.Check(t, filepath.Join("testdata", "docs-example.txt"), mustRender(t, s, everySection("en"), paperFrame).Text)
}
