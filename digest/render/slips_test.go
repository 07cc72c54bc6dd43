package render_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"digestd/digest/render"
	"digestd/templates"
)

// What a template's owner mistypes is told in words, with what there is in its place.
func TestSlipsInATemplate(t *testing.T) {
	for _, c := range []struct{ text, want string }{
		{`{{.Edition.Titel}}`, "there is no Titel; that is a single value, and has nothing in it"},
		{`{{.Sectionz}}`, "1:2: .Sectionz: there is no Sectionz; did you mean Sections? There are Accent, "},
		{`{{range .Sections}}{{range .Storys}}x{{end}}{{end}}`, "there is no Storys; did you mean Stories? There are "},
		{`{{.Sections.Title}}`, "there is no Title; that is a list: {{range}} goes through it"},
		{`{{.UnsubscribeURL}}{{with .Lead}}{{.Nonsense}}{{end}}`, "there is no Nonsense; there are "},
		{`{{.Title | hedline}}`, `there is no function hedline; did you mean "headline"?: the functions are and, `},
		{"{{if .Lead}}\nx", "the file ends, and an {{end}} is missing that ends an {{if}}, {{range}}, {{with}} or {{define}}"},
	} {
		dir := t.TempDir()
		if err := os.WriteFile(filepath.Join(dir, "digest.txt.tmpl"), []byte(c.text), 0o600); err != nil {
			t.Fatal(err)
		}
		_, err := render.Load(templates.FS, dir, "")
		if err == nil || !strings.Contains(err.Error(), c.want) || strings.Contains(err.Error(), "executing") || strings.Contains(err.Error(), " type ") {
			t.Errorf("%s: %v, want %q", c.text, err, c.want)
		}
	}
}
