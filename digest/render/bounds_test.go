package render

import (
	"errors"
	"strings"
	"testing"

	"digestd/templates"
)

// TestTemplatesThatNeverEnd loads templates that would go on for ever, or take all memory: each is an error in words.
func TestTemplatesThatNeverEnd(t *testing.T) {
	t.Parallel()
	const rest = "{{.UnsubscribeURL}}"
	for _, c := range []struct{ name, template, want string }{
		{"a loop that writes", "{{range 1000000000000}}word {{end}}", "does not end"},
		{"a loop that writes much", "{{range 1000000000000}}" + strings.Repeat("word ", 10_000) + "{{end}}", "when the part had 16 MB"},
		{"a loop that writes nothing", "{{range 1000000000000}}{{end}}", "after 500000 rounds"},
		{"loops within loops", "{{range 1000000}}{{range 1000000}}{{if false}}x{{end}}{{end}}{{end}}", "after 500000 rounds"},
		{"itself", `{{define "a"}}{{template "a" .}}{{end}}{{template "a" .}}`, "exceeded maximum template depth"},
		{"itself twice, to a depth", `{{define "a"}}{{if .}}{{template "a" (slice . 1)}}{{template "a" (slice . 1)}}{{end}}{{end}}{{template "a" "` + strings.Repeat("x", 60) + `"}}`,
			"after 500000 rounds"},
		{"each other", `{{define "a"}}{{template "b" .}}{{end}}{{define "b"}}{{template "a" .}}{{end}}{{template "a" .}}`, "exceeded maximum template depth"},
		{"a value that doubles", `{{$x := "word"}}{{range 64}}{{$x = print $x $x}}{{end}}`, "a value of more than 1 MB"},
		{"a value that doubles, by printf", `{{$x := "word"}}{{range 64}}{{$x = printf "%s%s" $x $x}}{{end}}`, "a value of more than 1 MB"},
		{"a value that doubles, escaped", `{{$x := "\\\\"}}{{range 64}}{{$x = js $x}}{{end}}`, "a value of more than 1 MB"},
	} {
		for _, file := range []string{textFile, htmlFile, leafFile} {
			text := c.template + rest
			if file == leafFile {
				text = `{{define "body"}}{{end}}{{define "foot"}}{{end}}{{define "head"}}` + c.template + `{{end}}`
				if strings.Contains(c.template, "{{define") { // blocks don't stand within blocks
					continue
				}
			}
			_, err := Load(templates.FS, ownFiles(t, map[string]string{file: text}), "{{.Title}}")
			var of *TemplateError
			if !errors.As(err, &of) || !strings.Contains(err.Error(), c.want) || !strings.Contains(err.Error(), file+":1:") {
				t.Errorf("%s, %s: %v, want %q", c.name, file, err, c.want)
			}
		}
		_, err := Load(templates.FS, "", c.template)
		if err == nil || !strings.Contains(err.Error(), c.want) || !strings.Contains(err.Error(), "subject:1") {
			t.Errorf("%s, subject: %v, want %q", c.name, err, c.want)
		}
	}
}
