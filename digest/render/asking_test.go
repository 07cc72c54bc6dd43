package render

import (
	"path/filepath"
	"strings"
	"testing"
	"time"

	"digestd/internal/golden"
)

// The mail that asks, in each language: its words, and the marks of both directions.
func TestAskingMail(t *testing.T) {
	t.Parallel()
	s := builtin(t, "")
	paris, err := time.LoadLocation("Europe/Paris")
	if err != nil {
		t.Fatal(err)
	}
	var words strings.Builder
	for _, language := range s.Languages() {
		r, err := s.Ask(Asking{Language: language, Name: "Morning Wire", Newsletter: "Morning Wire", PostalAddress: "1 Rue Exemple, Paris",
			Address: "bea@example.org", Link: "https://news.example.org/confirm/x", At: time.Date(2026, 11, 28, 7, 30, 0, 0, paris)})
		if err != nil {
			t.Fatal(err)
		}
		words.WriteString("Subject: " + r.Subject + "\n\n" + r.Text + "\n")
		if language == "en" || language == "ar" {
			golden.Check(t, filepath.Join("testdata", "asking-"+language+".html"), r.HTML)
		}
	}
	golden.Check(t, filepath.Join("testdata", "asking.txt"), words.String())
}
