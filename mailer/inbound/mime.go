package inbound

import (
	"bytes"
	"encoding/base64"
	"io"
	"mime"
	"strings"
	"unicode/utf8"

	"golang.org/x/net/html"
	"golang.org/x/net/html/charset"

	"digestd/internal/lazyregexp"
)

// What bounces are made of is often broken: headers with stray lines, boundaries that don't end, parts cut
// in the middle, names of charsets that don't exist. So this reads what a careful person could read, and
// never fails; net/mail and mime/multipart give up instead.

// Limits on what is looked at. A real notice is far below them.
const (
	maxMessage = 4 << 20 // bytes
	maxDepth   = 6       // of parts in parts
	maxParts   = 64      // of a message, nested ones included
	maxFields  = 512     // of a header
	maxValue   = 8 << 10 // bytes of a field, about
)

// field is a header field; its name is in lower case, its value unfolded, nothing decoded.
type field struct{ name, value string }

type header []field

// get is the first value of a field, or empty.
func (h header) get(name string) string {
	for _, f := range h {
		if f.name == name {
			return f.value
		}
	}
	return ""
}

func (h header) has(name string) bool {
	for _, f := range h {
		if f.name == name {
			return true
		}
	}
	return false
}

// text is get with encoded words (RFC 2047) decoded.
func (h header) text(name string) string { return decodeWords(h.get(name)) }

// texts are all values of a field, with encoded words decoded, parted by spaces.
func (h header) texts(name string) string {
	var all []string
	for _, f := range h {
		if f.name == name {
			all = append(all, decodeWords(f.value))
		}
	}
	return strings.Join(all, " ")
}

func decodeWords(value string) string {
	words := mime.WordDecoder{CharsetReader: func(label string, in io.Reader) (io.Reader, error) {
		return charset.NewReaderLabel(label, in)
	}}
	decoded, err := words.DecodeHeader(value)
	if err != nil {
		decoded = value
	}
	return strings.ToValidUTF8(decoded, "\uFFFD")
}

// part is a message or a part of one.
type part struct {
	header header
	media  string            // "text/plain" where nothing else is said
	params map[string]string // of the media type
	body   []byte            // LF line ends, transfer encoding not decoded
	parts  []*part           // of a multipart
}

// parser bounds the parts of one message.
type parser struct{ parts int }

// readMessage reads a whole message. It also takes what mail programs write before one: a "From " line.
func readMessage(raw []byte) *part {
	raw = bytes.ReplaceAll(raw[:min(len(raw), maxMessage)], []byte("\r\n"), []byte("\n"))
	raw = bytes.ReplaceAll(raw, []byte("\r"), []byte("\n"))
	raw = bytes.TrimPrefix(raw, []byte("\uFEFF"))
	for {
		line, rest, found := bytes.Cut(raw, []byte("\n"))
		if !found || len(bytes.TrimSpace(line)) > 0 {
			break
		}
		raw = rest
	}
	for bytes.HasPrefix(raw, []byte("From ")) || bytes.HasPrefix(raw, []byte(">From ")) {
		_, raw, _ = bytes.Cut(raw, []byte("\n"))
	}
	r := &parser{}
	return r.part(raw, 0)
}

func (r *parser) part(raw []byte, depth int) *part {
	r.parts++
	p := &part{}
	p.header, p.body = splitHeader(raw)
	p.media, p.params = mediaType(p.header.get("content-type"))
	boundary := p.params["boundary"]
	if !strings.HasPrefix(p.media, "multipart/") || boundary == "" || depth == maxDepth {
		return p
	}
	for _, inner := range splitParts(p.body, boundary) {
		if r.parts >= maxParts {
			break
		}
		p.parts = append(p.parts, r.part(inner, depth+1))
	}
	return p
}

// splitHeader parts a header from its body. A line that can't belong to a header begins the body, in most cases.
func splitHeader(raw []byte) (h header, body []byte) {
	var folded []byte // the value of the last field
	keep := func() {
		if len(h) > 0 {
			h[len(h)-1].value = string(bytes.TrimSpace(folded))
		}
	}
	for len(raw) > 0 {
		line, rest, _ := bytes.Cut(raw, []byte("\n"))
		switch {
		case len(bytes.TrimSpace(line)) == 0:
			keep()
			return h, rest
		case len(h) > 0 && (line[0] == ' ' || line[0] == '\t' || !isField(line) && !h.has("from") && goesOn(raw)):
			if len(folded) < maxValue {
				folded = append(append(folded, ' '), bytes.TrimSpace(line)...)
			}
		case isField(line) && len(h) < maxFields:
			keep()
			name, value, _ := bytes.Cut(line, []byte(":"))
			h = append(h, field{name: strings.ToLower(string(bytes.TrimSpace(name)))})
			folded = append(folded[:0], bytes.TrimSpace(value)...)
		default:
			keep()
			return h, raw
		}
		raw = rest
	}
	keep()
	return h, nil
}

// goesOn reports whether a header has its most important field only after a line that can't belong to one: something has
// wrapped its lines without indenting them.
func goesOn(raw []byte) bool {
	header, _, _ := bytes.Cut(raw[:min(len(raw), maxValue)], []byte("\n\n"))
	return bytes.Contains(bytes.ToLower(header), []byte("\nfrom:"))
}

// isField reports whether a line begins with a field name and a colon (RFC 5322 §3.6.8).
func isField(line []byte) bool {
	name, _, ok := bytes.Cut(line, []byte(":"))
	name = bytes.TrimRight(name, " \t")
	if !ok || len(name) == 0 || len(name) > 76 {
		return false
	}
	for _, c := range name {
		if c <= ' ' || c > '~' {
			return false
		}
	}
	return true
}

// boundaryParam finds the boundary in a Content-Type that is otherwise unreadable.
var boundaryParam = lazyregexp.New(`(?i)\bboundary\s*=\s*(?:"([^"]+)"|([^\s;"]+))`)

func mediaType(value string) (string, map[string]string) {
	if value == "" {
		return "text/plain", nil
	}
	media, params, err := mime.ParseMediaType(value)
	if err == nil {
		return media, params
	}
	media, _, _ = strings.Cut(value, ";")
	params = map[string]string{}
	if m := boundaryParam.FindStringSubmatch(value); m != nil {
		params["boundary"] = m[1] + m[2]
	}
	return strings.ToLower(strings.TrimSpace(media)), params
}

// splitParts returns what stands between the delimiter lines of a multipart. The last part may lack its end.
func splitParts(body []byte, boundary string) (parts [][]byte) {
	delimiter := []byte("--" + boundary)
	start := -1
	for at := 0; at < len(body); {
		end := bytes.IndexByte(body[at:], '\n')
		next := at + end + 1
		if end < 0 {
			next = len(body)
		}
		if rest, ok := bytes.CutPrefix(body[at:next], delimiter); ok {
			rest = bytes.TrimSpace(rest)
			if last := string(rest) == "--"; last || len(rest) == 0 {
				if start >= 0 {
					parts = append(parts, body[start:at])
				}
				start = next
				if last {
					return parts
				}
			}
		}
		at = next
	}
	if start >= 0 {
		parts = append(parts, body[start:])
	}
	return parts
}

// content is the body with its transfer encoding decoded, as far as that goes.
func (p *part) content() []byte {
	switch strings.ToLower(strings.TrimSpace(p.header.get("content-transfer-encoding"))) {
	case "base64":
		return decodeBase64(p.body)
	case "quoted-printable":
		return decodeQuotedPrintable(p.body)
	}
	return p.body
}

// text is the content as UTF-8 with LF line ends; HTML becomes lines of words.
func (p *part) text() string {
	raw := p.content()
	label := strings.ToLower(p.params["charset"])
	if (label == "" || label == "utf-8" || label == "utf8" || label == "us-ascii") && !utf8.Valid(raw) {
		label = "windows-1252" // what text of before UTF-8 mostly is
	}
	if label != "" {
		if encoding, _ := charset.Lookup(label); encoding != nil {
			if decoded, err := encoding.NewDecoder().Bytes(raw); err == nil {
				raw = decoded
			}
		}
	}
	s := strings.ToValidUTF8(string(raw), "\uFFFD")
	if p.media == "text/html" {
		s = plainText(s)
	}
	return strings.ReplaceAll(strings.ReplaceAll(s, "\r\n", "\n"), "\u00a0", " ")
}

// decodeBase64 decodes up to where the letters end, whatever stands between them.
func decodeBase64(body []byte) []byte {
	letters := make([]byte, 0, len(body))
	for _, c := range body {
		switch {
		case 'A' <= c && c <= 'Z', 'a' <= c && c <= 'z', '0' <= c && c <= '9', c == '+', c == '/':
			letters = append(letters, c)
		}
	}
	if len(letters)%4 == 1 {
		letters = letters[:len(letters)-1]
	}
	out := make([]byte, base64.RawStdEncoding.DecodedLen(len(letters)))
	n, _ := base64.RawStdEncoding.Decode(out, letters)
	return out[:n]
}

// decodeQuotedPrintable leaves alone what is no encoding; the standard library's reader ends there.
func decodeQuotedPrintable(body []byte) []byte {
	out := make([]byte, 0, len(body))
	for i := 0; i < len(body); i++ {
		if body[i] != '=' {
			out = append(out, body[i])
			continue
		}
		end := i + 1
		for end < len(body) && (body[end] == ' ' || body[end] == '\t') {
			end++
		}
		if end < len(body) && body[end] == '\n' { // a soft line break
			i = end
			continue
		}
		if i+2 < len(body) && isHex(body[i+1]) && isHex(body[i+2]) {
			out = append(out, unhex(body[i+1])<<4|unhex(body[i+2]))
			i += 2
			continue
		}
		out = append(out, '=')
	}
	return out
}

func isHex(c byte) bool {
	return '0' <= c && c <= '9' || 'A' <= c && c <= 'F' || 'a' <= c && c <= 'f'
}

func unhex(c byte) byte {
	switch {
	case c <= '9':
		return c - '0'
	case c <= 'F':
		return c - 'A' + 10
	}
	return c - 'a' + 10
}

// plainText is what HTML says, a line for each block or break, as far as it is read.
func plainText(s string) string {
	var b strings.Builder
	skip := 0 // depth inside of elements that are not shown
	for z := html.NewTokenizer(strings.NewReader(s)); b.Len() < maxNotice; {
		kind := z.Next()
		switch kind {
		case html.ErrorToken:
			return b.String()
		case html.TextToken:
			if skip == 0 {
				b.Write(z.Text()) // unescaped by the tokenizer
			}
		case html.StartTagToken, html.EndTagToken, html.SelfClosingTagToken:
			name, _ := z.TagName()
			switch string(name) {
			case "style", "script", "title", "blockquote": // the last one quotes
				if kind == html.StartTagToken {
					skip++
				} else if kind == html.EndTagToken {
					skip = max(0, skip-1)
				}
			case "br", "p", "div", "tr", "li", "table", "pre", "h1", "h2", "h3", "h4":
				b.WriteByte('\n')
			case "hr":
				b.WriteString("\n" + strings.Repeat("-", 20) + "\n")
			case "td", "th":
				b.WriteByte(' ')
			}
		}
	}
	return b.String()
}
