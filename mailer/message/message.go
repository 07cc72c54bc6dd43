// Package message turns a rendered edition into mail. A variant is encoded once, when the edition is
// composed, into a Template: the bytes of the whole message, header block included, with blanks for what
// differs between readers. The ledger keeps the template, so that a message sent again is the same
// byte for byte, whatever config, templates or program version have become by then.
//
// The package knows nothing of servers, ledgers or schedules, and reads no clock and no random source.
package message

import (
	"bytes"
	"crypto/sha256"
	"errors"
	"fmt"
	"net/mail"
	"strings"
	"time"

	"golang.org/x/net/idna"

	"digestd/digest"
	"digestd/mailer/dkim"
	"digestd/subscribers"
)

// ErrKeyGone means that a message can't be made again as it was: the ledger has lost the key that its
// tokens were made with.
var ErrKeyGone = errors.New("the token key of this edition is gone")

// blank is a place in a template that each reader's own value fills.
type blank byte

const (
	blankTo          blank = iota + 1 // header: the mailbox, folded
	blankMessageID                    // header: left side of the Message-ID
	blankToken                        // anywhere: the token of the reader's links, safe in every encoding
	blankAddressText                  // quoted-printable text: the reader's address
	blankAddressHTML                  // quoted-printable HTML: the reader's address
	blankPart                         // body: nothing; a part that some readers see begins here, or ends
	lastBlank        = blankPart
)

// pieces is text with blanks: literals[0], blanks[0], literals[1], … There is one literal more than blanks.
type pieces struct {
	literals [][]byte
	blanks   []blank
	parts    []digest.Part // of each blankPart, in order: the part that begins there, or 0 where what all see goes on
}

// Template is a variant ready to be sent: everything but the reader. It is never changed once made and
// may be filled by several goroutines at once.
type Template struct {
	edition   string
	keyID     string // of the token key
	signature string // dkim.Signer.ID of the key that signs, or empty
	date      time.Time
	bounceTo  string // envelope sender, ASCII
	verp      bool
	// bound: its tokens name the reader's address, and its signature leaves out what relays replace. One that is not
	// was stored before that.
	bound     bool
	head      pieces // up to and including the empty line
	body      pieces
	canonical pieces // body in DKIM's relaxed form, when there is a signature
	size      int    // bytes of all literals
	dotless   bool   // no line of the body begins with a dot, whatever fills it
}

// SignedBy is the ID of the dkim.Signer that belongs to the template; empty when it goes unsigned.
func (t *Template) SignedBy() string { return t.signature }

// TokenKey is the ID of the token key that belongs to the template.
func (t *Template) TokenKey() string { return t.keyID }

// Envelope is what the server is told about a message.
type Envelope struct {
	From string // reverse path without brackets, ASCII
	To   string // forward path without brackets; its domain is ASCII
	UTF8 bool   // the local part of To is not ASCII: only a server with SMTPUTF8 takes it
	ID   string // left side of the Message-ID: names the delivery, the same each time
	// Dotless says that it is known that no line of the message begins with a dot, which nobody need look for then.
	Dotless bool
	// Repeat says that the message may have arrived before. Fill leaves it to the caller.
	Repeat bool
	// Try says that it will hardly be taken: the server is to be bothered with as little as can be. Fill leaves it, too.
	Try bool
}

// Keys are what a message is made with besides template and reader.
type Keys struct {
	Token  subscribers.TokenKey
	Signer *dkim.Signer // nil: not signed
}

// Fill appends the message for r to dst: CRLF line ends, no line that begins with a dot, no line
// longer than 998 bytes, a line end last. It is the same each time for the same reader and keys.
// The error is ErrKeyGone, or tells what is wrong with the reader's address.
func (t *Template) Fill(dst []byte, r digest.Recipient, k Keys) ([]byte, Envelope, error) {
	if k.Token.ID() != t.keyID {
		return dst, Envelope{}, fmt.Errorf("edition %s: %w", t.edition, ErrKeyGone)
	}
	to, utf8, err := wireAddress(r.Email)
	if err != nil {
		return dst, Envelope{}, err
	}
	v := values{
		to:        to,
		name:      r.Name,
		email:     r.Email,
		own:       digest.ReadOwn(r.Own),
		messageID: t.token(k.Token, subscribers.ForMessageID, r),
		token:     t.token(k.Token, subscribers.ForUnsubscribe, r),
	}
	env := Envelope{From: t.bounceTo, To: to, UTF8: utf8, ID: v.messageID}
	if t.verp {
		local, domain, _ := cutAddress(t.bounceTo)
		env.From = local + "+" + t.token(k.Token, subscribers.ForBounce, r) + "@" + domain
	}
	if k.Signer == nil {
		dst = t.head.fill(dst, &v)
		env.Dotless = t.dotless && !HasDots(dst)
		return t.body.fill(dst, &v), env, nil
	}
	canonical := t.canonical
	if canonical.literals == nil { // the template was frozen without a signature
		canonical = t.body.relaxed()
	}
	head := t.head.fill(nil, &v)
	hash := sha256.New()
	canonical.each(&v, func(b []byte) { hash.Write(b) })
	var uncovered []string
	if t.bound { // else it was signed once with all fields, and stays the same
		uncovered = dkim.Replaced()
	}
	if dst, err = k.Signer.Sign(dst, head, hash.Sum(nil), t.date, uncovered...); err != nil {
		return dst, Envelope{}, fmt.Errorf("signing for %s: %w", r.Email, err)
	}
	dst = append(dst, head...)
	env.Dotless = t.dotless && !HasDots(dst)
	return t.body.fill(dst, &v), env, nil
}

// HasDots reports whether a line begins with a dot, which SMTP wants doubled (RFC 5321 §4.5.2).
func HasDots(text []byte) bool {
	return bytes.HasPrefix(text, []byte(".")) || bytes.Contains(text, []byte("\n."))
}

// token is one of the reader's delivery.
func (t *Template) token(k subscribers.TokenKey, p subscribers.Purpose, r digest.Recipient) string {
	if !t.bound {
		return k.Unbound(p, t.edition, r.Index)
	}
	return k.Delivery(p, t.edition, r.Index, r.Email)
}

// values are what fills the blanks for one reader.
type values struct {
	to, name, email  string
	messageID, token string
	own              digest.Own
}

// sees reports whether the reader sees a part.
func (v *values) sees(part digest.Part) bool { return part.Seen(v.own) }

func (v *values) append(dst []byte, s blank) []byte {
	switch s {
	case blankTo:
		return appendMailbox(dst, len("To: "), v.name, v.to)
	case blankMessageID:
		return append(dst, v.messageID...)
	case blankToken:
		return append(dst, v.token...)
	case blankAddressText:
		return appendValue(dst, v.email)
	case blankAddressHTML:
		return appendValue(dst, escapeHTML(v.email))
	}
	panic("message: unknown blank")
}

func (p pieces) fill(dst []byte, v *values) []byte {
	p.each(v, func(b []byte) { dst = append(dst, b...) })
	return dst
}

// each hands the filled text to f piece by piece.
func (p pieces) each(v *values, f func([]byte)) {
	var scratch []byte
	seen, part := true, 0
	for i, literal := range p.literals {
		if seen {
			f(literal)
		}
		switch {
		case i == len(p.blanks):
		case p.blanks[i] == blankPart:
			seen = v.sees(p.parts[part])
			part++
		case seen:
			scratch = v.append(scratch[:0], p.blanks[i])
			f(scratch)
		}
	}
}

// relaxed is the text in DKIM's relaxed body form. The pieces can be treated one by one: at both sides
// of a blank in a body stands a soft line break, and the values have no white space. What follows the last blank may be
// nothing but the end of its line: an empty line, which relaxed leaves out at the end (RFC 6376 §3.4.4).
func (p pieces) relaxed() pieces {
	q := pieces{blanks: p.blanks, parts: p.parts}
	for _, literal := range p.literals {
		q.literals = append(q.literals, dkim.RelaxedBody(literal))
	}
	const end = "\r\n"
	if last := &q.literals[len(q.blanks)]; len(q.blanks) > 0 && (string(*last) == end || bytes.HasSuffix(*last, []byte(end+end))) {
		*last = (*last)[:len(*last)-len(end)]
	}
	return q
}

func (p pieces) len() int {
	n := 0
	for _, l := range p.literals {
		n += len(l)
	}
	return n
}

// cutAddress splits an address at its last @.
func cutAddress(addr string) (local, domain string, ok bool) {
	i := strings.LastIndexByte(addr, '@')
	if i < 1 || i == len(addr)-1 {
		return "", "", false
	}
	return addr[:i], addr[i+1:], true
}

// wireAddress is an address as SMTP wants it: the domain in ASCII (IDNA2008), the local part as it is.
// utf8 says that the local part is not ASCII (RFC 6531).
func wireAddress(addr string) (wire string, utf8 bool, err error) {
	local, domain, ok := cutAddress(addr)
	if !ok || strings.ContainsFunc(addr, isControl) {
		return "", false, fmt.Errorf("%q is not an e-mail address", addr)
	}
	if !isASCII(domain) {
		if domain, err = idna.Lookup.ToASCII(domain); err != nil {
			return "", false, fmt.Errorf("domain of %s: %w", addr, err)
		}
	}
	if utf8 = !isASCII(local); utf8 {
		return local + "@" + domain, true, nil
	}
	quoted := (&mail.Address{Address: local + "@" + domain}).String()
	return strings.Trim(quoted, "<>"), false, nil
}

func isASCII(s string) bool {
	for i := 0; i < len(s); i++ {
		if s[i] >= 0x80 {
			return false
		}
	}
	return true
}

func isControl(r rune) bool { return r < 0x20 || r == 0x7f }
