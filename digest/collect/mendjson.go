package collect

import (
	"encoding/json"
	"fmt"
)

// mendJSON mends what JSON (RFC 8259) does not have and people write by hand: a comma after the last element, and
// control characters in a string. It returns how many there were; a document without any it returns as it is.
func mendJSON(text []byte) (mended []byte, slips int) {
	if json.Valid(text) {
		return text, 0
	}
	out := make([]byte, 0, len(text)+len(text)/64)
	inString, escaped := false, false
	comma := -1 // where the last comma stands in out, when nothing but space came since
	for _, c := range text {
		switch {
		case inString && c < ' ':
			out = append(out, fmt.Sprintf("\\u%04x", c)...)
			slips++
			escaped = false
			continue
		case inString:
			inString = escaped || c != '"'
			escaped = c == '\\' && !escaped
		case c == '"':
			inString, comma = true, -1
		case c == ',':
			comma = len(out)
		case (c == ']' || c == '}') && comma >= 0:
			out[comma] = ' '
			slips++
			comma = -1
		case c > ' ':
			comma = -1
		}
		out = append(out, c)
	}
	return out, slips
}
