package message

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"net/mail"
	"net/url"
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

// Sender is what the mails of an edition have in common, as it is when the edition is composed.
type Sender struct {
	From          string // RFC 5322 mailbox with an ASCII local part
	ReplyTo       string // the same, or empty
	BounceTo      string // bare address; empty: From's
	VERP          bool   // tag BounceTo per delivery
	UnsubscribeTo string // bare address; empty: From's
	BaseURL       string // of the web listener, no trailing slash; empty: none
	OneClick      bool   // the listener answers RFC 8058 posts
	Front         string // address of the newsletter's own page; empty: none
	Archive       string // of the digest's archive, likewise
	ArchivedAt    string // of the edition's page in it, likewise
	List          string // name of the newsletter
	Digest        string // Digest.ID; empty: a letter to one reader, which names no list
	Edition       string // Edition.ID
	Variant       int    // index into the edition's variants
	Date          time.Time
	TokenKey      string // subscribers.TokenKey.ID
	Signature     string // dkim.Signer.ID, or empty
}

// Paths of the web listener under BaseURL; a token follows.
const (
	UnsubscribePath = "/u/"
	PreferencesPath = "/p/"
	ConfirmPath     = "/confirm/"
)

// maxBaseURL keeps the header line with it far below the 998 bytes of RFC 5321.
const maxBaseURL = 500

// Links are the addresses of a token for a page or a mail: unsubscribe is a mailto URL when there is no
// web listener, preferences is empty then.
func (s Sender) Links(token string) (unsubscribe, preferences string, err error) {
	if s.BaseURL != "" {
		return s.BaseURL + UnsubscribePath + token, s.BaseURL + PreferencesPath + token, nil
	}
	h, err := s.headers()
	if err != nil {
		return "", "", err
	}
	return h.mailto + token, "", nil
}

// headers are a Sender's addresses, checked.
type headers struct {
	from, replyTo *mail.Address
	domain        string // of From, ASCII
	bounceTo      string
	mailto        string // up to where the token goes
	help          string // mailto of whom to ask
}

func (s Sender) headers() (h headers, err error) {
	parse := func(key, value string) (*mail.Address, error) {
		a, err := mail.ParseAddress(value)
		if err != nil {
			return nil, fmt.Errorf("%s: %q is not a mailbox: %w", key, value, err)
		}
		wire, utf8, err := wireAddress(a.Address)
		if err == nil && utf8 {
			err = errors.New("the part before the @ must be ASCII")
		}
		if err != nil {
			return nil, fmt.Errorf("%s: %w", key, err)
		}
		return &mail.Address{Name: a.Name, Address: wire}, nil
	}
	if h.from, err = parse("from", s.From); err != nil {
		return h, err
	}
	_, h.domain, _ = cutAddress(h.from.Address)
	if s.ReplyTo != "" {
		if h.replyTo, err = parse("reply_to", s.ReplyTo); err != nil {
			return h, err
		}
	}
	h.bounceTo = h.from.Address
	if s.BounceTo != "" {
		a, err := parse("bounce_to", s.BounceTo)
		if err != nil {
			return h, err
		}
		h.bounceTo = a.Address
	}
	unsubscribeTo := h.from.Address
	if s.UnsubscribeTo != "" {
		a, err := parse("unsubscribe_to", s.UnsubscribeTo)
		if err != nil {
			return h, err
		}
		unsubscribeTo = a.Address
	}
	if local, _, _ := cutAddress(h.bounceTo); s.VERP && len(local) > 64-len("+")-subscribers.TagLen {
		return h, fmt.Errorf("bounce_to: %q is too long to be tagged: with verp, %d characters may stand before the @",
			local, 64-len("+")-subscribers.TagLen)
	}
	for _, address := range []string{s.BaseURL, s.Front, s.Archive, s.ArchivedAt} {
		if len(address) > maxBaseURL || strings.ContainsFunc(address,
			func(r rune) bool { return r <= ' ' || r > '~' || r == '<' || r == '>' || r == '"' }) {
			return h, fmt.Errorf("base_url: %q can't stand in a header", address)
		}
	}
	mailto := func(address string) string {
		local, domain, _ := cutAddress(address)
		return "mailto:" + url.PathEscape(local) + "@" + domain
	}
	h.mailto = mailto(unsubscribeTo) + "?subject=unsubscribe%20"
	h.help = mailto(h.from.Address) + "?subject=help"
	if h.replyTo != nil {
		h.help = mailto(h.replyTo.Address) + "?subject=help"
	}
	return h, nil
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

func (b *builder) mailbox(name string, a *mail.Address) {
	b.field(name, func(dst []byte, col int) []byte { return appendMailbox(dst, col, a.Name, a.Address) })
}

// from is what a message begins with, up to the first blank.
func (b *builder) from(h headers) {
	b.mailbox("From", h.from)
	b.literal("To: ")
}

func (b *builder) header(s Sender, h headers, subject string) {
	b.from(h)
	b.blank(blankTo)
	b.literal("\r\n")
	if h.replyTo != nil {
		b.mailbox("Reply-To", h.replyTo)
	}
	b.field("Subject", func(dst []byte, col int) []byte { return appendUnstructured(dst, col, subject) })
	b.plain("Date", s.Date.Format("Mon, 02 Jan 2006 15:04:05 -0700"))
	b.literal("Message-ID: <")
	b.blank(blankMessageID)
	b.literal("@" + h.domain + ">\r\n")

	if s.Digest != "" {
		b.listHeader(s, h)
	}
	b.plain("Auto-Submitted", "auto-generated") // RFC 3834
	if s.Digest != "" {
		b.plain("Precedence", "bulk")
	}
	b.plain("MIME-Version", "1.0")
}

// listHeader says which list a mail is of, and how to leave it.
func (b *builder) listHeader(s Sender, h headers) {
	b.field("List-Id", func(dst []byte, col int) []byte {
		return appendTokens(dst, col, append(phrase(s.List, col), "<"+label(s.Digest)+"."+h.domain+">"))
	})
	b.literal("List-Unsubscribe: ")
	if s.BaseURL != "" {
		b.literal("<" + s.BaseURL + UnsubscribePath)
		b.blank(blankToken)
		b.literal(">,\r\n ")
	}
	b.literal("<" + h.mailto)
	b.blank(blankToken)
	b.literal(">\r\n")
	if s.OneClick && s.BaseURL != "" {
		b.plain("List-Unsubscribe-Post", "List-Unsubscribe=One-Click")
	}
	if s.Front != "" { // RFC 2369 §3.1
		b.plain("List-Help", "<"+s.Front+">,\r\n <"+h.help+">")
	} else {
		b.plain("List-Help", "<"+h.help+">")
	}
	if s.Archive != "" { // RFC 2369 §3.6
		b.plain("List-Archive", "<"+s.Archive+">")
	}
	if s.ArchivedAt != "" { // RFC 5064 §2
		b.plain("Archived-At", "<"+s.ArchivedAt+">")
	}
	b.plain("Feedback-ID", s.Date.UTC().Format("20060102T1504")+":"+label(s.Digest)+":digest:"+senderID(h.domain))
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

// label makes a digest's id fit for a domain label and a Feedback-ID field.
func label(id string) string {
	l := strings.Trim(strings.Map(func(r rune) rune {
		switch {
		case 'a' <= r && r <= 'z', '0' <= r && r <= '9':
			return r
		case 'A' <= r && r <= 'Z':
			return r + 'a' - 'A'
		}
		return '-'
	}, id), "-")
	if l == "" {
		return "digest"
	}
	return l[:min(len(l), 63)]
}

// senderID is the last field of a Feedback-ID: 5 to 15 characters that name the sender, always the same.
func senderID(domain string) string {
	id := strings.Map(func(r rune) rune {
		if 'a' <= r && r <= 'z' || '0' <= r && r <= '9' {
			return r
		}
		return -1
	}, strings.ToLower(domain))
	if len(id) < 5 {
		id += "digest"
	}
	return id[:min(len(id), 15)]
}
