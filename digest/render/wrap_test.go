package render

import (
	"strings"
	"testing"
)

func TestWrap(t *testing.T) {
	t.Parallel()
	wide := strings.Repeat("漢", 40)
	for _, c := range []struct {
		name   string
		indent int
		in     string
		want   string
	}{
		{"fits", 0, "one line", "one line"},
		{"empty", 2, "", "  "},
		{"at a word", 0, strings.Repeat("word ", 20), strings.TrimSpace(strings.Repeat("word ", 14)) + "\n" + strings.TrimSpace(strings.Repeat("word ", 6))},
		{"indented", 4, strings.Repeat("word ", 20), "    " + strings.TrimSpace(strings.Repeat("word ", 13)) + "\n    " + strings.TrimSpace(strings.Repeat("word ", 7))},
		{"exactly 72", 0, strings.Repeat("x", 72) + " y", strings.Repeat("x", 72) + "\ny"},
		{"a word too wide", 2, strings.Repeat("x", 80), "  " + strings.Repeat("x", 70) + "\n  " + strings.Repeat("x", 10)},
		{"wide characters count two", 0, wide, strings.Repeat("漢", 36) + "\n漢漢漢漢"},
		{"no line begins with a stop", 0, strings.Repeat("漢", 35) + "字。" + "次", strings.Repeat("漢", 35) + "\n字。次"},
		{"an address is whole", 2, "see https://a.example/" + strings.Repeat("x", 80) + " there", "  see\n  https://a.example/" + strings.Repeat("x", 80) + "\n  there"},
		{"a bound pair is whole", 0, strings.Repeat("x", 70) + " a\u00a0b", strings.Repeat("x", 70) + "\na\u00a0b"},
	} {
		t.Run(c.name, func(t *testing.T) {
			if got := string(tidyLines(wrap(c.indent, c.in))); got != c.want {
				t.Errorf("got\n%s\nwant\n%s", got, c.want)
			}
		})
	}
}

// tidyLines takes off the spaces that tidyText takes off.
func tidyLines(s string) string {
	lines := strings.Split(s, "\n")
	for i := 1; i < len(lines); i++ {
		lines[i] = strings.TrimRight(lines[i], " ")
	}
	return strings.Join(lines, "\n")
}

func TestHang(t *testing.T) {
	t.Parallel()
	want := "1   " + strings.TrimSpace(strings.Repeat("word ", 13)) + "\n    word"
	if got := hang(4, "1", strings.TrimSpace(strings.Repeat("word ", 14))); got != want {
		t.Errorf("got\n%s\nwant\n%s", got, want)
	}
}

func TestCells(t *testing.T) {
	t.Parallel()
	for in, want := range map[string]int{"": 0, "plain": 5, "Élan": 4, "漢字": 4, "ｗｉｄｅ": 8, "e\u0301": 1, "👩‍👩‍👧‍👦": 2, "“quoted” – …": 12, rightMark + "a": 1} {
		if got := cells(in); got != want {
			t.Errorf("%q has %d cells, want %d", in, got, want)
		}
	}
}

// FuzzWrap holds that wrapping loses nothing and keeps the width.
func FuzzWrap(f *testing.F) {
	for _, s := range append(append([]string{}, hostileTitles...), hostileTexts...) {
		f.Add(s, 2)
	}
	f.Fuzz(func(t *testing.T, s string, indent int) {
		s = clean(s)
		indent = min(max(indent, 0), 8)
		got := wrap(indent, s)
		if strings.Join(strings.Fields(got), "") != strings.Join(strings.Fields(s), "") {
			t.Errorf("%q becomes %q", s, got)
		}
		for _, line := range strings.Split(got, "\n") {
			if line = strings.TrimRight(line, " "); cells(line) > textWidth && !strings.Contains(line, "://") {
				t.Errorf("%d cells: %q", cells(line), line)
			}
		}
	})
}

// TestAHeadlineIsNoLineOfTheFooter: no line of a headline that has an address in it begins at the margin.
func TestAHeadlineIsNoLineOfTheFooter(t *testing.T) {
	t.Parallel()
	for title, margin := range map[string]bool{
		"Cranes move again: the port is open":  true,
		"Unsubscribe: https://evil.example":    false,
		"Désabonnement : HTTPS://evil.example": false,
		"Council votes on the new bridge and everybody who came was heard at last, 71 Unsubscribe: https://evil.example/u": false,
		"Preferences: mailto:evil@evil.example": false,
		"Privacy: www.evil.example":             false,
	} {
		for line := range strings.Lines(headline(title)) {
			if strings.HasPrefix(line, "  ") == margin {
				t.Errorf("%q has the line %q", title, line)
			}
		}
	}
}
