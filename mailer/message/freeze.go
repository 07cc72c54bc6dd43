package message

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io"
	"slices"
	"strconv"
	"strings"
	"time"

	"digestd/digest"
	"digestd/subscribers"
)

// Content is a rendered variant: UTF-8, LF line ends, marks in the place of what differs between
// readers. HTML is empty for a variant of plain text.
type Content struct {
	Subject string
	HTML    string
	Text    string
}

// Marks are the words that stand in rendered text for a reader's own values. They must not be
// guessable, since whatever looks like them becomes a blank: a feed could put a reader's token into a
// link of its own.
type Marks struct {
	Address string
	Token   string
	Part    string // what Cut makes of it stands where a part begins or ends
}

// Cut is the mark of the place where a part begins; of 0, where what all readers see goes on.
func (m Marks) Cut(part digest.Part) string { return fmt.Sprintf("%s%05d", m.Part, part) }

// cutDigits is how many digits Cut writes.
const cutDigits = 5

// NewMarks draws marks. The one for the token is as long as a token, so that wrapped text keeps its
// width.
func NewMarks(random io.Reader) (Marks, error) {
	const letters = "0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
	var raw [3 * subscribers.TokenLen]byte
	if _, err := io.ReadFull(random, raw[:]); err != nil {
		return Marks{}, fmt.Errorf("marks: %w", err)
	}
	for i, c := range raw {
		raw[i] = letters[int(c)%len(letters)]
	}
	mark := func(n int) string { return "x" + string(raw[n*subscribers.TokenLen+1:(n+1)*subscribers.TokenLen]) }
	return Marks{Address: mark(0), Token: mark(1), Part: "y" + mark(2)}, nil
}

// Freeze encodes a variant. Everything in Sender and Content may come from a config or a feed; nothing
// of it can end a header line or a MIME part.
func Freeze(c Content, s Sender, m Marks) (*Template, error) {
	h, err := s.headers()
	if err != nil {
		return nil, err
	}
	for _, mark := range []string{m.Address, m.Token} {
		if len(mark) < 16 || strings.ContainsFunc(mark, func(r rune) bool { return r >= 0x80 || !isQPlain(byte(r)) }) {
			return nil, fmt.Errorf("freezing %s: a mark must have 16 letters and digits or more", s.Edition)
		}
		if strings.Contains(c.Subject, mark) {
			return nil, fmt.Errorf("freezing %s: the subject can't hold what differs between readers", s.Edition)
		}
	}
	if strings.TrimSpace(c.Text) == "" {
		return nil, fmt.Errorf("freezing %s: the text part is empty", s.Edition)
	}
	sum := sha256.Sum256(fmt.Appendf(nil, "%s\n%d\n", s.Edition, s.Variant))
	boundary := "=_" + hex.EncodeToString(sum[:12]) // "=_" stands in no quoted-printable text (RFC 2045 §6.7)

	var b builder
	b.header(s, h, c.Subject)
	if c.HTML == "" {
		b.literal("Content-Type: text/plain; charset=utf-8\r\nContent-Transfer-Encoding: quoted-printable\r\n\r\n")
	} else {
		b.literal("Content-Type: multipart/alternative;\r\n boundary=\"" + boundary + "\"\r\n\r\n")
	}
	head := b.done()
	if c.HTML == "" {
		b.text(c.Text, m, blankAddressText)
	} else {
		b.literal("--" + boundary +
			"\r\nContent-Type: text/plain; charset=utf-8\r\nContent-Transfer-Encoding: quoted-printable\r\n\r\n")
		b.text(c.Text, m, blankAddressText)
		b.literal("\r\n--" + boundary +
			"\r\nContent-Type: text/html; charset=utf-8\r\nContent-Transfer-Encoding: quoted-printable\r\n\r\n")
		b.text(c.HTML, m, blankAddressHTML)
		b.literal("\r\n--" + boundary + "--\r\n")
	}
	t := &Template{
		edition:   s.Edition,
		keyID:     s.TokenKey,
		signature: s.Signature,
		date:      s.Date.Truncate(time.Second),
		bounceTo:  h.bounceTo,
		verp:      s.VERP,
		bound:     true,
		head:      head,
		body:      b.done(),
	}
	t.prepare()
	return t, nil
}

// prepare derives what isn't stored.
func (t *Template) prepare() {
	t.size = t.head.len() + t.body.len()
	t.dotless = !slices.ContainsFunc(t.body.literals, HasDots) // and no value in a body begins with one (appendValue)
	if t.signature != "" {
		t.canonical = t.body.relaxed()
	}
}

// builder makes pieces, one literal or blank after the other.
type builder struct {
	pieces
	current []byte
}

func (b *builder) literal(s string) { b.current = append(b.current, s...) }

func (b *builder) blank(s blank) {
	b.literals = append(b.literals, b.current)
	b.blanks = append(b.blanks, s)
	b.current = nil
}

func (b *builder) done() pieces {
	p := b.pieces
	p.literals = append(p.literals, b.current)
	*b = builder{}
	return p
}

func (b *builder) plain(name, value string) { b.literal(name + ": " + value + "\r\n") }

func (b *builder) field(name string, appendValue func(dst []byte, col int) []byte) {
	b.literal(name + ": ")
	b.current = append(appendValue(b.current, len(name)+2), "\r\n"...)
}

// text appends a body part. Each blank gets a line of its own between soft line breaks, so that a value
// of any length fits without moving the text around it, and a part that a reader does not see leaves no trace.
func (b *builder) text(s string, m Marks, address blank) {
	s = normalLines(s)
	col := 0
	for {
		i, n, what := nextMark(s, m, address)
		if i < 0 {
			b.current = appendQuotedPrintable(b.current, &col, s, false)
			return
		}
		b.current = appendQuotedPrintable(b.current, &col, s[:i], true)
		if col > 0 || what == blankPart {
			b.literal("=\r\n")
		}
		if what == blankPart {
			part, _ := strconv.Atoi(s[i+n-cutDigits : i+n])
			b.parts = append(b.parts, digest.Part(part))
		}
		b.blank(what)
		if what != blankPart {
			b.literal("=\r\n")
		}
		col = 0
		s = s[i+n:]
	}
}

// nextMark finds the first mark in a text, and how long it is.
func nextMark(s string, m Marks, address blank) (at, n int, what blank) {
	at = -1
	for _, mark := range []struct {
		text string
		more int
		what blank
	}{{m.Token, 0, blankToken}, {m.Address, 0, address}, {m.Part, cutDigits, blankPart}} {
		if mark.text == "" {
			continue
		}
		if i := strings.Index(s, mark.text); i >= 0 && (at < 0 || i < at) && i+len(mark.text)+mark.more <= len(s) {
			at, n, what = i, len(mark.text)+mark.more, mark.what
		}
	}
	return at, n, what
}
