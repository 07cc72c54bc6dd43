package collect

import (
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/rivo/uniseg"

	"digestd/digest"
)

// isNoBreak reports whether a character is a no-break space. Between two words it stays what it is: it
// stands there for a reason.
func isNoBreak(c rune) bool { return c == 0xa0 || c == 0x202f }

// isBlank reports whether a character is white space to be collapsed.
func isBlank(c rune) bool {
	return unicode.IsSpace(c) && !isNoBreak(c) || c == 0x0b || c == 0x1c || c == 0x1d || c == 0x1e || c == 0x1f
}

// isDropped reports whether a character has no place in a line of text: controls, what turns the
// direction of the text around it, invisible ones that only tear words apart, and non-characters.
func isDropped(c rune) bool {
	return c < ' ' || c >= 0x7f && c <= 0x9f || isBidiControl(c) ||
		c == 0xad || c == 0x200b || c == 0xfeff || c >= 0x2060 && c <= 0x2064 ||
		c >= 0xfff9 && c <= 0xfffb || c&0xfffe == 0xfffe || c >= 0xfdd0 && c <= 0xfdef
}

// isTag reports whether c is a tag character: an invisible copy of an ASCII character, for the flags of parts of
// countries alone. The last of them ends such a flag.
func isTag(c rune) bool { return c >= 0xe0000 && c <= endOfFlag }

const (
	blackFlag = 0x1f3f4
	endOfFlag = 0xe007f
	flagTags  = 6 // at most: a country, and its part
)

// isBidiControl reports whether c opens or closes an override, an embedding or an isolate. Left open
// they would turn the rest of the mail. The marks for a single place (U+200E, U+200F) stay.
func isBidiControl(c rune) bool { return c >= 0x202a && c <= 0x202e || c >= 0x2066 && c <= 0x2069 }

// oneLine makes one line of plain text out of plain text, at most max characters long.
func oneLine(s string, max int) string {
	r := htmlParser{room: 4 * maxTitleBytes}
	r.words(strings.ToValidUTF8(s, "\uFFFD"))
	return shorten(r.prose().text.Plain(), max, 4*max)
}

// shorten cuts a line at the end of a word, else of a character as a reader sees it, and says so with
// an ellipsis.
func shorten(s string, clusters, bytes int) string {
	if len(s) <= bytes && utf8.RuneCountInString(s) <= clusters {
		return s
	}
	end, word := 0, 0
	state, rest := -1, s
	for n := 0; rest != ""; n++ {
		var cluster string
		cluster, rest, _, state = uniseg.FirstGraphemeClusterInString(rest, state)
		if n == clusters || end+len(cluster) > bytes {
			cut := end
			if word > end/2 { // a word's end, unless that would cost half of the line
				cut = word
			}
			return strings.TrimRight(s[:cut], " ,;:-–—\u00a0") + "…"
		}
		if cluster == " " {
			word = end
		}
		end += len(cluster)
	}
	return s
}

// shortenText is shorten for a text with marks.
func shortenText(t digest.Text, clusters, bytes int) digest.Text {
	whole := t.Plain()
	short := shorten(whole, clusters, bytes)
	if short == whole {
		return t
	}
	room := len(short) - len("…")
	out := make(digest.Text, 0, len(t))
	for _, span := range t {
		if room <= 0 {
			break
		}
		if len(span.S) > room {
			span.S = span.S[:room]
		}
		room -= len(span.S)
		out = append(out, span)
	}
	if len(out) == 0 {
		return digest.PlainText("…")
	}
	out[len(out)-1].S += "…"
	return out
}

// cutAt is the greatest length up to max at which s can be cut without tearing a character.
func cutAt(s string, max int) int {
	if len(s) <= max {
		return len(s)
	}
	for max > 0 && !utf8.RuneStart(s[max]) {
		max--
	}
	return max
}
