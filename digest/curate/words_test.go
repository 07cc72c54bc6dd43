package curate

import (
	"fmt"
	"testing"

	"digestd/digest"
)

func TestWords(t *testing.T) {
	story := func(language, title, summary string) digest.Story {
		return digest.Story{Items: []digest.Item{{Title: title, Summary: digest.PlainText(summary), Language: language}}}
	}
	w := NewWords([]digest.Story{
		story("en", "Kosovo’s grain talks end", "Farmers are waiting."),
		story("en", "Storm warning lifted", "Climate changes are blamed by farmers near Kosovo."),
		story("fr", "Les élections au Sénat", "Le climat en question."),
		story("de", "Getreidepreise steigen", "Die Bäuerinnen warten."),
		story("ja", "台湾で地震", ""),
		story("ar", "الحكومة تعلن الميزانية", ""),
		{Items: []digest.Item{{Title: "Ferry fire"}, {Title: "Blaze on a ferry off Sandholm"}}},
	})
	for _, c := range []struct{ words, expression, want string }{
		{"Kosovo", "", "[0 1]"},
		{"kosovo", "", "[0 1]"},
		{"farmer", "", "[0 1]"},
		{"climate changes", "", "[1]"},
		{"change climate", "", "[]"},
		{"grains", "", "[0]"},
		{"senat", "", "[2]"},
		{"élection", "", "[2]"},
		{"getreidepreise", "", "[3]"},
		{"地震", "", "[4]"},
		{"حكومة", "", "[5]"},
		{"Sandholm", "", "[6]"},
		{"rain", "", "[]"},
		{"", `(?i)storm|\bferry\b`, "[1 6]"},
		{"", `(`, "[]"},
		{"...", "", "[]"},
	} {
		for range 2 { // found, and remembered
			if got := fmt.Sprint(w.Find(c.words, c.expression)); got != c.want {
				t.Errorf("%q %q: %s, want %s", c.words, c.expression, got, c.want)
			}
		}
	}
}
