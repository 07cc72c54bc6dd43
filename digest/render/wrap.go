package render

import (
	"bytes"
	"strings"
	"unicode/utf8"

	"github.com/rivo/uniseg"
)

// textWidth is the width of the text part in cells; East Asian wide characters take two.
const textWidth = 72

// cells is the width of a string in a terminal or a fixed-width mail window.
func cells(s string) int {
	for _, r := range s {
		if r >= 0x300 && !(r >= 0x2010 && r <= 0x2027) {
			return uniseg.StringWidth(s)
		}
	}
	return utf8.RuneCountInString(s)
}

// wrap breaks a line at the width, every line indented by so many spaces. Addresses are never broken,
// nor is a word, unless it is wider than the line.
func wrap(indent int, s string) string {
	var b strings.Builder
	wrapTo(&b, strings.Repeat(" ", indent), strings.Repeat(" ", indent), s)
	return b.String()
}

// headline is wrap at the margin. One with an address in it is indented by 2, as nothing of a feed may look like a line
// of the footer: "Unsubscribe: https://…".
func headline(title string) string {
	for _, mark := range [...]string{"://", "mailto:", "www."} {
		if strings.Contains(strings.ToLower(title), mark) {
			return wrap(2, title)
		}
	}
	return wrap(0, title)
}

// hang is wrap with a text in front of the first line, in a gutter of so many cells.
func hang(gutter int, first, s string) string {
	var b strings.Builder
	wrapTo(&b, first+strings.Repeat(" ", max(0, gutter-cells(first))), strings.Repeat(" ", gutter), s)
	return b.String()
}

func wrapTo(b *strings.Builder, first, next, s string) {
	b.WriteString(first)
	width := cells(first)
	begun := false // something stands on the line
	newline := func() {
		b.WriteByte('\n')
		b.WriteString(next)
		width, begun = cells(next), false
	}
	for word := range strings.SplitSeq(s, " ") {
		if word == "" {
			continue
		}
		w := cells(word)
		space := 0
		if begun {
			space = 1
		}
		switch {
		case width+space+w <= textWidth:
		case w != utf8.RuneCountInString(word) && !strings.Contains(word, "://"), // may break between its characters
			w > textWidth-cells(next) && !strings.Contains(word, "://"):
			if begun {
				if width+space+2 > textWidth {
					newline()
				} else {
					b.WriteByte(' ')
					width++
				}
			}
			breakWord(b, next, word, &width)
			begun = true
			continue
		default:
			if begun {
				newline()
				space = 0
			}
		}
		if space == 1 {
			b.WriteByte(' ')
		}
		b.WriteString(word)
		width += space + w
		begun = true
	}
}

// breakWord writes a run without spaces at the opportunities that its script has, and between
// characters where it has none.
func breakWord(b *strings.Builder, next, word string, width *int) {
	state := -1
	start := cells(next)
	put := func(s string, w int) {
		if *width+w > textWidth && *width > start {
			b.WriteByte('\n')
			b.WriteString(next)
			*width = start
		}
		b.WriteString(s)
		*width += w
	}
	for word != "" {
		var segment string
		segment, word, _, state = uniseg.FirstLineSegmentInString(word, state)
		if w := cells(segment); start+w <= textWidth {
			put(segment, w)
			continue
		}
		inner := -1
		for segment != "" {
			var cluster string
			var w int
			cluster, segment, w, inner = uniseg.FirstGraphemeClusterInString(segment, inner)
			put(cluster, w)
		}
	}
}

// tidyText ends the text part with one line break and takes spaces off line ends, but for the one
// that the mark before a signature has. No headline can make that mark: clean leaves it no space.
func tidyText(b []byte) string {
	var out bytes.Buffer
	out.Grow(len(b))
	for line := range bytes.Lines(b) {
		line = bytes.TrimRight(line, "\r\n")
		if string(line) != "-- " {
			line = bytes.TrimRight(line, " \t")
		}
		out.Write(line)
		out.WriteByte('\n')
	}
	return strings.Trim(out.String(), "\n") + "\n"
}
