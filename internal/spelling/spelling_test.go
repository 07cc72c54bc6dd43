package spelling

import "testing"

func TestNearest(t *testing.T) {
	known := []string{"global", "diplomacy", "max_stories", "max_per_feed", "url", "name", "kind"}
	for _, c := range []struct{ word, want string }{
		{"diplomcy", "diplomacy"},
		{"diplomayc", "diplomacy"},
		{"Global", "global"},
		{"nmae", "name"},
		{"maxstories", "max_stories"},
		{"max-per-feed", "max_per_feed"},
		{"uri", "url"},
		{"sport", ""},
		{"", ""},
		{"x", ""},
	} {
		if got := Nearest(c.word, known); got != c.want {
			t.Errorf("Nearest(%q) = %q, want %q", c.word, got, c.want)
		}
	}
}

func TestHint(t *testing.T) {
	if got := Hint("glbal", []string{"global"}); got != `; did you mean "global"?` {
		t.Errorf("got %s", got)
	}
	if got := Hint("weather", []string{"global"}); got != "" {
		t.Errorf("got %s for a word that is near none", got)
	}
}
