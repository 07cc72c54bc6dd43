package message

import (
	"html"
	"strings"
	"unicode/utf8"
)

// bodyLine is the width of an encoded body line without the "=" of a soft break (RFC 2045 §6.7: 76).
const bodyLine = 75

// appendQuotedPrintable appends s, whose lines end in LF, as quoted-printable with CRLF line ends.
// It differs from mime/quotedprintable in three ways. Line breaks never fall inside a character. No
// line begins with a dot, so nothing needs dot-stuffing, and none with "From ", which mbox stores
// would mark. And col, the position in the line, is the caller's, so that blanks can stand in between:
// more says that s doesn't end the body, so that a space at its end is not at the end of a line.
func appendQuotedPrintable(dst []byte, col *int, s string, more bool) []byte {
	for i := 0; i < len(s); {
		c := s[i]
		if c == '\n' {
			dst = append(dst, "\r\n"...)
			*col = 0
			i++
			continue
		}
		n := 1
		if c >= utf8.RuneSelf {
			_, n = utf8.DecodeRuneInString(s[i:])
		}
		plain := c >= '!' && c <= '~' && c != '='
		if c == ' ' || c == '\t' {
			plain = (i+1 < len(s) && s[i+1] != '\n') || (i+1 == len(s) && more)
		}
		width := 1
		if !plain {
			width = 3 * n
		}
		if *col+width > bodyLine {
			dst = append(dst, "=\r\n"...)
			*col = 0
		}
		if *col == 0 && (c == '.' || strings.HasPrefix(s[i:], "From ")) {
			plain, width = false, 3
		}
		if plain {
			dst = append(dst, c)
		} else {
			for j := i; j < i+n; j++ {
				dst = append(dst, '=', hexDigits[s[j]>>4], hexDigits[s[j]&15])
			}
		}
		*col += width
		i += n
	}
	return dst
}

// appendValue appends what fills a blank in a quoted-printable body: any length, no white space, and
// nothing that means something at the beginning of a line.
func appendValue(dst []byte, s string) []byte {
	col := 0
	for i := 0; i < len(s); {
		_, n := utf8.DecodeRuneInString(s[i:])
		c := s[i]
		plain := isQPlain(c) || c == '@' || c == '_' || c == '&' || c == ';' || c == '#' || c == '.'
		width := 1
		if !plain {
			width = 3 * n
		}
		if col+width > bodyLine {
			dst = append(dst, "=\r\n"...)
			col = 0
		}
		if plain && !(c == '.' && col == 0) {
			dst = append(dst, c)
		} else {
			width = 3 * n
			for j := i; j < i+n; j++ {
				dst = append(dst, '=', hexDigits[s[j]>>4], hexDigits[s[j]&15])
			}
		}
		col += width
		i += n
	}
	return dst
}

func escapeHTML(s string) string { return html.EscapeString(s) }

// EncodedLen is the size in bytes of a part with that text once encoded, before blanks are filled: what
// digest.Digest.MaxSize bounds.
func EncodedLen(s string) int {
	col := 0
	return len(appendQuotedPrintable(make([]byte, 0, len(s)+len(s)/8), &col, normalLines(s), false))
}

// normalLines makes all line ends LF and ends the text with exactly one.
func normalLines(s string) string {
	s = strings.ReplaceAll(s, "\r\n", "\n")
	s = strings.ReplaceAll(s, "\r", "\n")
	return strings.TrimRight(s, "\n") + "\n"
}
