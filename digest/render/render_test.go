package render

import (
	"strings"
	"testing"

	"digestd/templates"
)

func TestSampleRenders(t *testing.T) {
	s, err := Load(templates.FS, "", "{{.Lead.Title}}")
	if err != nil {
		t.Fatal(err)
	}
	r, err := s.Render(samplePage("en"), sampleFrame)
	if err != nil {
		t.Fatal(err)
	}
	if want := "Kestrel Bay ports reopen as crews accept a wage deal"; r.Subject != want {
		t.Errorf("subject %q, want %q", r.Subject, want)
	}
	for _, part := range []string{r.HTML, r.Text} {
		if !strings.Contains(part, sampleFrame.UnsubscribeURL) {
			t.Errorf("no unsubscribe link in %q", part)
		}
	}
}
