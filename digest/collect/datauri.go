package collect

import "bytes"

// leastInlined is from how many bytes on a file that is written into an address is cut out. Such an address is longer
// than any that is followed.
const leastInlined = maxURL

// cutInlined cuts out the large files that stand in data: addresses (RFC 2397). They are pictures, which would push
// the text after them past every bound. It changes the text in place, and returns how many there were.
func cutInlined(text []byte) (shorter []byte, files int) {
	mark := []byte("data:")
	kept := 0 // of what is copied to the front
	from := 0
	for at := 0; ; {
		i := bytes.Index(text[at:], mark)
		if i < 0 {
			break
		}
		at += i + len(mark)
		end := at + inlinedLength(text[at:])
		if end-at < leastInlined {
			at = max(at, end)
			continue
		}
		if files++; from == 0 {
			kept = at
		} else {
			kept += copy(text[kept:], text[from:at])
		}
		from, at = end, end
	}
	if files == 0 {
		return text, 0
	}
	kept += copy(text[kept:], text[from:])
	return text[:kept], files
}

// inlinedLength is how long the address is that a data: begins: up to what can't be in one in XML, HTML or JSON. Lines
// of base64 may be broken.
func inlinedLength(b []byte) int {
	n := 0
	for n < len(b) {
		switch c := b[n]; {
		case c <= ' ':
			rest := bytes.TrimLeft(b[n:min(len(b), n+16)], " \t\r\n")
			if len(rest) < 8 || n < leastInlined/32 ||
				bytes.ContainsFunc(rest[:8], func(r rune) bool { return r > 0x7f || !isBase64(byte(r)) }) {
				return n
			}
			n++
		case c == '\\' && n+1 < len(b) && b[n+1] == '/': // a slash in JSON
			n += 2
		case bytes.IndexByte([]byte(`"'<>&\)`), c) >= 0:
			return n
		default:
			n++
		}
	}
	return n
}

func isBase64(c byte) bool {
	return c|0x20 >= 'a' && c|0x20 <= 'z' || c >= '0' && c <= '9' || c == '+' || c == '/' || c == '='
}
