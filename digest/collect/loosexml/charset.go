package loosexml

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"mime"
	"strings"
	"unicode/utf8"

	"golang.org/x/text/encoding"
	"golang.org/x/text/encoding/charmap"
	"golang.org/x/text/encoding/htmlindex"
	"golang.org/x/text/encoding/ianaindex"
	"golang.org/x/text/encoding/japanese"
	"golang.org/x/text/encoding/simplifiedchinese"
	"golang.org/x/text/encoding/unicode"
	"golang.org/x/text/encoding/unicode/utf32"

	"digestd/internal/lazyregexp"
)

var xmlEncoding = lazyregexp.New(`^\s*<\?xml[^>]{0,200}?\sencoding\s*=\s*["']\s*([A-Za-z0-9._:-]+)`)

// Decode turns a body into UTF-8. What names the charset, strongest first: the byte order mark,
// the pattern of the first bytes, the charset of HTTP (RFC 7303 §3), the XML declaration, a guess by how the text
// reads. The guess comes first where the text makes no sense in the charset that is named. A byte that the charset does
// not have is read as Windows-1252: a stray byte must not cost the feed. contentType is of HTTP, or empty.
// repairs says in words what had to be mended. The result may share the body's memory.
func Decode(body []byte, contentType string) (text []byte, repairs []string) {
	if enc, size, name := byteOrder(body); enc != nil {
		return mustDecode(enc, body[size:]), []string{"read as " + name}
	}
	body, marked := bytes.CutPrefix(body, []byte("\xef\xbb\xbf"))
	valid := utf8.Valid(body)
	if marked {
		return toUTF8(body, valid, nil)
	}

	for _, named := range charsetNames(body, contentType) {
		enc, known := lookup(named.label)
		switch {
		case !known:
			repairs = append(repairs, fmt.Sprintf("the charset %.40q of its %s is not known", named.label, named.by))
		case enc == nil && (valid || mostlyUTF8(body)):
			return toUTF8(body, valid, repairs)
		case enc == nil:
			repairs = append(repairs, fmt.Sprintf("its %s says UTF-8, which it is not", named.by))
		case valid && (isWestern(enc) && hasHighByte(body) || beyondASCII(body, 3)):
			// Text that makes sense as UTF-8 makes none in any other, whoever names it.
			repairs = append(repairs, fmt.Sprintf("its %s says %.40s, but it is UTF-8", named.by, named.label))
			return body, repairs
		case hasHighByte(body) && contradicted(enc, body):
			if text, name := byGuess(body); text != nil {
				return text, append(repairs,
					fmt.Sprintf("its %s says %.40s, but it reads like %s", named.by, named.label, name))
			}
			return mustDecode(enc, body), repairs
		default:
			return mustDecode(enc, body), repairs
		}
	}
	if bytes.Contains(body, []byte("\x1b$B")) && !hasHighByte(body) {
		return mustDecode(japanese.ISO2022JP, body), append(repairs, "read as ISO-2022-JP")
	}
	if !valid && !mostlyUTF8(body) {
		if text, name := byGuess(body); text != nil {
			return text, append(repairs, "read as "+name+", by the look of it")
		}
	}
	return toUTF8(body, valid, repairs)
}

// namedCharset is what a part of the answer says about the charset.
type namedCharset struct{ label, by string }

func charsetNames(body []byte, contentType string) []namedCharset {
	var names []namedCharset
	if _, params, err := mime.ParseMediaType(contentType); err == nil && params["charset"] != "" {
		names = append(names, namedCharset{params["charset"], "HTTP header"})
	}
	if m := xmlEncoding.FindSubmatch(body[:min(len(body), 1024)]); m != nil {
		names = append(names, namedCharset{string(m[1]), "XML declaration"})
	}
	return names
}

func toUTF8(body []byte, valid bool, repairs []string) ([]byte, []string) {
	if valid {
		if once := decodedOnce(body); once != nil {
			return once, append(repairs, "read as UTF-8 that was encoded twice")
		}
		return body, repairs
	}
	text, strays := repairUTF8(body)
	return text, append(repairs, fmt.Sprintf("%d bytes that are not UTF-8 read as Windows-1252", strays))
}

// decodedOnce undoes an encoding that was done twice: UTF-8 that somebody took for Windows-1252 and encoded again. It
// is nil unless that makes sense of every character beyond ASCII, of three at least.
func decodedOnce(text []byte) []byte {
	chars := 0
	var run []byte
	for rest := text; ; {
		_, run, rest = takeRun(rest, run[:0])
		if len(run) == 0 {
			break
		}
		if !utf8.Valid(run) {
			return nil
		}
		chars += utf8.RuneCount(run)
	}
	if chars < 3 {
		return nil
	}
	out := make([]byte, 0, len(text))
	for rest := text; len(rest) > 0; {
		var ascii []byte
		ascii, run, rest = takeRun(rest, run[:0])
		out = append(append(out, ascii...), run...)
	}
	return out
}

// doubled are the characters that the first bytes of UTF-8 become when they are taken for Windows-1252, of the letters
// and signs that Latin text has beyond ASCII. One of them at another such sign says enough.
var doubled = lazyregexp.New(`[ÃÂ][\x{80}-\x{bf}€‚ƒ„…†‡ˆ‰Š‹ŒŽ‘’“”•–—˜™š›œžŸ]|â[\x{80}€][\x{80}-\x{bf}€‚ƒ„…†‡ˆ‰Š‹ŒŽ‘’“”•–—˜™š›œžŸ]`)

// Once undoes an encoding that was done twice in a single text of a document, as Decode does it for a whole one.
func Once(text string) string {
	if !strings.Contains(text, "Ã") && !strings.Contains(text, "Â") && !strings.Contains(text, "â") ||
		!doubled.MatchString(text) {
		return text
	}
	return doubledRuns.ReplaceAllStringFunc(text, func(run string) string {
		if _, bytes, _ := takeRun([]byte(run), nil); utf8.Valid(bytes) {
			return string(bytes)
		}
		return run
	})
}

var doubledRuns = lazyregexp.New(`(?:` + doubled.String() + `)+`)

// takeRun splits the first run of characters beyond ASCII off a text: what stands before it, the run as bytes of
// Windows-1252, put after those of run, and the rest. A character that is in no such byte stands for itself,
// which makes no UTF-8.
func takeRun(text, run []byte) (before, as1252, rest []byte) {
	from := 0
	for from < len(text) && text[from] < utf8.RuneSelf {
		from++
	}
	i := from
	for i < len(text) && text[i] >= utf8.RuneSelf {
		r, size := utf8.DecodeRune(text[i:])
		c, ok := charmap.Windows1252.EncodeRune(r)
		switch {
		case r <= 0xff: // also the bytes that Windows-1252 has no character for
			c = byte(r)
		case !ok:
			c = 0xff
		}
		run = append(run, c)
		i += size
	}
	return text[:from], run, text[i:]
}

// byteOrder finds UTF-16 and UTF-32, with a byte order mark or by the zeros around the first "<" or "{".
// The size is the mark's.
func byteOrder(b []byte) (enc encoding.Encoding, size int, name string) {
	if len(b) >= 4 {
		switch binary.BigEndian.Uint32(b) {
		case 0x0000feff:
			return utf32.UTF32(utf32.BigEndian, utf32.IgnoreBOM), 4, "UTF-32"
		case 0xfffe0000:
			return utf32.UTF32(utf32.LittleEndian, utf32.IgnoreBOM), 4, "UTF-32"
		case '<', '{':
			return utf32.UTF32(utf32.BigEndian, utf32.IgnoreBOM), 0, "UTF-32"
		case '<' << 24, '{' << 24:
			return utf32.UTF32(utf32.LittleEndian, utf32.IgnoreBOM), 0, "UTF-32"
		}
	}
	if len(b) >= 2 {
		switch binary.BigEndian.Uint16(b) {
		case 0xfeff:
			return unicode.UTF16(unicode.BigEndian, unicode.IgnoreBOM), 2, "UTF-16"
		case 0xfffe:
			return unicode.UTF16(unicode.LittleEndian, unicode.IgnoreBOM), 2, "UTF-16"
		case '<', '{':
			return unicode.UTF16(unicode.BigEndian, unicode.IgnoreBOM), 0, "UTF-16"
		case '<' << 8, '{' << 8:
			return unicode.UTF16(unicode.LittleEndian, unicode.IgnoreBOM), 0, "UTF-16"
		}
	}
	return nil, 0, ""
}

// mustDecode decodes with an encoding that replaces what it can't read.
func mustDecode(enc encoding.Encoding, b []byte) []byte {
	out, err := enc.NewDecoder().Bytes(b)
	if err != nil { // an odd last byte
		out = bytes.ToValidUTF8(out, []byte("\ufffd"))
	}
	return out
}

// lookup finds an encoding by its label; nil for UTF-8, and for UTF-16 and its like, which a body that
// begins with bytes of 8 bits can't be, whatever it says.
func lookup(label string) (encoding.Encoding, bool) {
	label = strings.ToLower(strings.TrimSpace(label))
	if label == "" {
		return nil, false
	}
	for _, wide := range []string{"utf-16", "utf16", "utf-32", "utf32", "ucs-2", "ucs-4", "iso-10646", "unicode",
		"utf-8", "utf8"} {
		if strings.HasPrefix(label, wide) {
			return nil, true
		}
	}
	if enc, err := htmlindex.Get(label); err == nil && enc != encoding.Replacement {
		if enc == simplifiedchinese.GBK { // which is also read for GB 2312; GB 18030 has all that either has
			enc = simplifiedchinese.GB18030
		}
		return enc, true
	}
	if enc, err := ianaindex.IANA.Encoding(label); err == nil && enc != nil {
		return enc, true
	}
	return nil, false
}

// isWestern reports whether an encoding is one of those that servers claim by default.
func isWestern(enc encoding.Encoding) bool {
	return enc == charmap.Windows1252 || enc == charmap.ISO8859_1 || enc == charmap.ISO8859_15
}

// beyondASCII reports whether valid UTF-8 has at least so many characters that are not ASCII.
func beyondASCII(b []byte, least int) bool {
	for len(b) > 0 && least > 0 {
		_, size := utf8.DecodeRune(b)
		if size > 1 {
			least--
		}
		b = b[size:]
	}
	return least == 0
}

func hasHighByte(b []byte) bool {
	for _, c := range b {
		if c >= 0x80 {
			return true
		}
	}
	return false
}

// mostlyUTF8 reports whether a body that is not UTF-8 has more characters of it than bytes that are
// not: then those are strays.
func mostlyUTF8(b []byte) bool {
	var chars, strays int
	for len(b) > 0 {
		r, size := utf8.DecodeRune(b)
		if r == utf8.RuneError && size == 1 {
			strays++
		} else if size > 1 {
			chars++
		}
		b = b[size:]
	}
	return chars >= strays
}

// repairUTF8 replaces each byte that is no part of UTF-8 by what it is in Windows-1252.
func repairUTF8(b []byte) (text []byte, strays int) {
	text = make([]byte, 0, len(b)+len(b)/16)
	for len(b) > 0 {
		r, size := utf8.DecodeRune(b)
		if r == utf8.RuneError && size == 1 {
			strays++
			text = utf8.AppendRune(text, charmap.Windows1252.DecodeByte(b[0]))
		} else {
			text = append(text, b[:size]...)
		}
		b = b[size:]
	}
	return text, strays
}
