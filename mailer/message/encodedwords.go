package message

import (
	"encoding/base64"
	"strings"
	"unicode/utf8"
)

const (
	lineAim     = 78 // RFC 5322 §2.1.1, without the CRLF
	wordMax     = 75 // RFC 2047 §2, of an encoded word
	hexDigits   = "0123456789ABCDEF"
	longestWord = 60 // ASCII words beyond this are encoded, so that they can be folded
)

// appendTokens appends tokens separated by spaces, folding before one that would pass the line. col is
// the length of the line so far; the first token is set without a space before it.
func appendTokens(dst []byte, col int, tokens []string) []byte {
	for i, tok := range tokens {
		if i > 0 {
			if col+1+len(tok) > lineAim {
				dst = append(dst, "\r\n"...)
				col = 0
			}
			dst = append(dst, ' ')
			col++
		}
		dst = append(dst, tok...)
		col += len(tok)
	}
	return dst
}

// appendUnstructured appends text of a Subject and the like, in encoded words (RFC 2047) when it isn't
// plain ASCII.
func appendUnstructured(dst []byte, col int, s string) []byte {
	s = oneLine(s)
	words := strings.Fields(s)
	if isASCII(s) && !strings.Contains(s, "=?") && !anyLonger(words, longestWord) {
		return appendTokens(dst, col, words)
	}
	return appendTokens(dst, col, encodedWords(strings.Join(words, " "), col))
}

// appendMailbox appends a name, if there is one, and an address in angle brackets.
func appendMailbox(dst []byte, col int, name, addr string) []byte {
	tokens := append(phrase(name, col), "<"+addr+">")
	if len(tokens) == 1 {
		tokens[0] = addr
	}
	return appendTokens(dst, col, tokens)
}

// phrase is a display name as tokens: atoms, quoted strings or encoded words (RFC 5322 §3.2.5).
func phrase(name string, col int) []string {
	words := strings.Fields(oneLine(name))
	s := strings.Join(words, " ")
	if !isASCII(s) || strings.Contains(s, "=?") || anyLonger(words, longestWord) {
		return encodedWords(s, col)
	}
	for i, w := range words {
		if strings.ContainsFunc(w, func(r rune) bool { return !isAtom(r) }) {
			words[i] = `"` + strings.NewReplacer(`\`, `\\`, `"`, `\"`).Replace(w) + `"`
		}
	}
	// A space between two quoted strings belongs to the name all the same (RFC 5322 §3.2.5).
	return words
}

func isAtom(r rune) bool {
	return r > 0x20 && r < 0x7f && !strings.ContainsRune(`()<>[]:;@\,."`, r)
}

func anyLonger(words []string, n int) bool {
	for _, w := range words {
		if len(w) > n {
			return true
		}
	}
	return false
}

// oneLine makes control characters spaces and broken UTF-8 visible.
func oneLine(s string) string {
	return strings.Map(func(r rune) rune {
		if isControl(r) || r == '\u0085' || r == '\u2028' || r == '\u2029' {
			return ' '
		}
		return r
	}, strings.ToValidUTF8(s, "\uFFFD"))
}

// encodedWords encodes s in as many words as it takes, split between characters, in the shorter of the
// two encodings. The first fits on a line that already holds col bytes, a header name's worth.
func encodedWords(s string, col int) []string {
	if s == "" {
		return nil
	}
	const frame = len("=?utf-8?q??=")
	qLen := 0
	for i := 0; i < len(s); i++ {
		qLen += qWidth(s[i])
	}
	inBase64 := base64.StdEncoding.EncodedLen(len(s)) < qLen
	var words []string
	room := min(wordMax, lineAim-col) - frame
	start, width := 0, 0
	flush := func(end int) {
		words = append(words, encodeWord(s[start:end], inBase64))
		start, width, room = end, 0, wordMax-frame
	}
	for i := 0; i < len(s); {
		_, n := utf8.DecodeRuneInString(s[i:])
		w := 0
		if inBase64 {
			w = base64.StdEncoding.EncodedLen(i+n-start) - width
		} else {
			for j := i; j < i+n; j++ {
				w += qWidth(s[j])
			}
		}
		if width+w > room && i > start {
			flush(i)
			continue
		}
		width += w
		i += n
	}
	flush(len(s))
	return words
}

// qWidth is how many bytes c takes in the Q encoding, restricted to what is safe in a phrase
// (RFC 2047 §5 rule 3).
func qWidth(c byte) int {
	if isQPlain(c) || c == ' ' {
		return 1
	}
	return 3
}

func isQPlain(c byte) bool {
	return 'a' <= c && c <= 'z' || 'A' <= c && c <= 'Z' || '0' <= c && c <= '9' || strings.IndexByte("!*+-/", c) >= 0
}

func encodeWord(s string, inBase64 bool) string {
	if inBase64 {
		return "=?utf-8?b?" + base64.StdEncoding.EncodeToString([]byte(s)) + "?="
	}
	b := []byte("=?utf-8?q?")
	for i := 0; i < len(s); i++ {
		switch c := s[i]; {
		case isQPlain(c):
			b = append(b, c)
		case c == ' ':
			b = append(b, '_')
		default:
			b = append(b, '=', hexDigits[c>>4], hexDigits[c&15])
		}
	}
	return string(append(b, "?="...))
}
