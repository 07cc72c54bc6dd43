package smtp

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"
)

const (
	maxLine  = 4096 // bytes of a reply line; RFC 5321 §4.5.3.1.5 allows 512
	maxLines = 100  // of one reply
	maxWords = 300  // bytes that are kept of what the server says
)

// readReply reads one reply of any number of lines. An error is one of the connection, or says that what
// came is not SMTP; nothing may be read from the connection then.
func readReply(r *bufio.Reader) (Reply, error) {
	code, lines, err := readLines(r)
	if err != nil {
		return Reply{}, err
	}
	all := OneLine(strings.Join(lines, " "))
	return Reply{Code: code, Status: EnhancedStatus(code, all), Words: all}, nil
}

// readLines is readReply, with the words of each line. It is as lenient as other clients are with what some servers say:
// empty lines before an answer, no space after the code, and codes of one class that differ from line to line, of which
// the last one counts.
func readLines(r *bufio.Reader) (code int, words []string, err error) {
	for range maxLines {
		line, err := readLine(r)
		if err != nil {
			return 0, nil, err
		}
		if line == "" && code == 0 {
			continue
		}
		c, text, more, ok := parseReplyLine(line)
		if !ok || code != 0 && c/100 != code/100 {
			return 0, nil, fmt.Errorf("the server's answer is not SMTP: %.80q", line)
		}
		code = c
		if words = append(words, text); !more {
			return code, words, nil
		}
	}
	return 0, nil, fmt.Errorf("the server's answer has more than %d lines", maxLines)
}

// readLine reads a line of at most maxLine bytes, without its end.
func readLine(r *bufio.Reader) (string, error) {
	var line []byte
	for {
		part, err := r.ReadSlice('\n')
		if len(line)+len(part) > maxLine {
			return "", fmt.Errorf("the server's answer has a line of more than %d bytes", maxLine)
		}
		if err == nil && line == nil {
			return string(bytes.TrimRight(part, "\r\n")), nil
		}
		line = append(line, part...)
		switch {
		case err == nil:
			return string(bytes.TrimRight(line, "\r\n")), nil
		case errors.Is(err, bufio.ErrBufferFull):
			continue
		}
		return "", err
	}
}

// parseReplyLine reads "250-text", "250 text" or "250" (RFC 5321 §4.2), and "250text" too.
func parseReplyLine(line string) (code int, text string, more, ok bool) {
	if len(line) < 3 || line[0] < '2' || line[0] > '5' || len(line) > 3 && line[3] >= '0' && line[3] <= '9' {
		return 0, "", false, false
	}
	code, err := strconv.Atoi(line[:3])
	text, more = strings.CutPrefix(line[3:], "-")
	return code, strings.TrimPrefix(text, " "), more, err == nil
}

// EnhancedStatus is the enhanced status code at the beginning of a reply's words (RFC 2034 §4), if it is one
// and of the same class as the code; else it is empty.
func EnhancedStatus(code int, words string) string {
	status, _, _ := strings.Cut(words, " ")
	class, rest, _ := strings.Cut(status, ".")
	subject, detail, _ := strings.Cut(rest, ".")
	if len(class) != 1 || int(class[0]-'0') != code/100 {
		return ""
	}
	for _, p := range [...]string{subject, detail} {
		if len(p) < 1 || len(p) > 3 || strings.Trim(p, "0123456789") != "" {
			return ""
		}
	}
	return status
}

// isOneLine reports whether OneLine leaves a text as it is, as it does most.
func isOneLine(s string) bool {
	before := byte(' ')
	for i := range len(s) {
		if s[i] < ' ' || s[i] > '~' || s[i] == ' ' && before == ' ' {
			return false
		}
		before = s[i]
	}
	return len(s) <= maxWords && (s == "" || before != ' ')
}

// OneLine makes what a server says fit for a log and a table: one line, no control characters, at
// most maxWords bytes. What is not UTF-8 is read as Latin-1, which servers spoke before.
func OneLine(s string) string {
	if isOneLine(s) {
		return s
	}
	var plain strings.Builder
	for i, r := range s {
		if _, n := utf8.DecodeRuneInString(s[i:]); n == 1 {
			r = rune(s[i])
		}
		if unicode.IsControl(r) || unicode.Is(unicode.Bidi_Control, r) {
			r = ' '
		}
		plain.WriteRune(r)
	}
	s = strings.Join(strings.Fields(plain.String()), " ")
	if len(s) > maxWords {
		s = strings.ToValidUTF8(s[:maxWords-len("…")], "") + "…"
	}
	return s
}
