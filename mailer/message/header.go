package message

import (
	"errors"
	"fmt"
	"net/mail"
	"net/url"
	"strings"
	"time"

	"digestd/subscribers"
)

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
