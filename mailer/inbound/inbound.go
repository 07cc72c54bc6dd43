// Package inbound tells what came back: it reads one message and says whether it is a bounce, a notice of
// delay or of success, an automatic answer, a read receipt, a complaint, a request to be unsubscribed, or
// none of these; whom it speaks of and in which words; and what it carries by which a ledger can tell that it
// is about a message of ours. Decide says what follows from it.
//
// It is pure: it opens no ledger, no file and no connection, and changes nothing. A message is whatever
// anybody on the internet cares to write, so nothing in here fails, and all of it is bounded.
package inbound

import (
	"bytes"
	"slices"
	"strings"

	"digestd/internal/lazyregexp"
	"digestd/mailer/refusal"
	"digestd/subscribers"
)

// Kind is what a message is.
type Kind string

// The kinds. Only bounces, complaints and requests to be unsubscribed can have consequences.
const (
	Bounce      Kind = "bounce"      // it did not arrive, and won't
	Delay       Kind = "delay"       // it did not arrive yet, and is still being tried
	Delivered   Kind = "delivered"   // it arrived, was passed on, or went to a list
	AutoReply   Kind = "auto-reply"  // a vacation notice, or a gate that asks for a confirmation
	Receipt     Kind = "receipt"     // a reader's program tells that it was read, or thrown away (RFC 8098)
	Unsubscribe Kind = "unsubscribe" // a reader wants out: the mailto of List-Unsubscribe
	Complaint   Kind = "complaint"   // a reader called it spam (RFC 5965)
	Notice      Kind = "report"      // another report: not spam, a virus, failed authentication
	Other       Kind = "other"       // mail that somebody wrote, or rubbish
)

// Report is what one message says.
type Report struct {
	Kind       Kind
	Recipients []Recipient // whom the message is about, of a bounce, delay, success, receipt or complaint
	// Machine says that a mail system speaks: the sender is a mailer daemon, it is a report of RFC 6522, or it has
	// a field that only mail systems write. Anything else may be quoted.
	Machine bool
	Tokens  []Token // what looks like tokens of ours; only a ledger knows
	Words   string  // the subject, one line
	// Letter says that a person may have written it: it is of no other kind, or nothing but its words tells the kind.
	Letter bool
}

// Recipient is one that a report speaks of.
type Recipient struct {
	// Address is whom the message was addressed to, as the report has it; empty when it names nobody.
	Address string
	Final   string // where it ended up, when that is another address
	Kind    Kind   // Bounce, Delay, Delivered, or that of the report
	// Status is an enhanced status code (RFC 3463), "5.1.1": the one given, or what the words mean; may be empty.
	Status    string
	Permanent bool   // it won't arrive; else it may still
	Gone      bool   // there is no such mailbox, without a contradiction
	Words     string // of the mail system, one line
}

// Names reports whether the report speaks of an address.
func (r Recipient) Names(email string) bool {
	key := subscribers.Key(email)
	for _, a := range []string{r.Address, r.Final, unxtext(r.Address)} {
		if a != "" && subscribers.Key(a) == key {
			return true
		}
	}
	return false
}

// Token is text of the length and letters of a token.
type Token struct {
	Text    string
	Purpose subscribers.Purpose // that it would have
	// Arrived says that it stands in the address to which the message came, a tagged reverse path of ours, or in
	// the request of somebody who leaves; else it stands in what the message returns.
	Arrived bool
}

// Named are the addresses that give the report its kind, each once: the failed ones of a bounce that also
// tells of delays.
func (r Report) Named() []string {
	var named []string
	seen := map[string]bool{}
	for _, to := range r.Recipients {
		if key := subscribers.Key(to.Address); to.Kind == r.Kind && to.Address != "" && !seen[key] {
			seen[key] = true
			named = append(named, to.Address)
		}
	}
	return named
}

// Status is the status of the first recipient who gives the report its kind, or empty.
func (r Report) Status() string {
	for _, to := range r.Recipients {
		if to.Kind == r.Kind {
			return to.Status
		}
	}
	return ""
}

// Permanent reports whether a message of ours won't arrive.
func (r Report) Permanent() bool {
	for _, to := range r.Recipients {
		if to.Kind == r.Kind && to.Permanent {
			return true
		}
	}
	return r.Kind == Bounce
}

// maxWords bounds what is kept of a mail system's words, in bytes.
const maxWords = 300

// Parse reads a message: header and body, line ends of any kind, a "From " line before it allowed. Of a
// message beyond 4 MiB it reads the beginning.
func Parse(raw []byte) Report {
	m := readMessage(raw)
	subject := m.header.text("subject")
	report := Report{Kind: Other, Machine: isMachine(m), Words: oneLine(subject, maxWords)}
	found := flatten(m, report.Machine)
	report.Machine = report.Machine || handsBack(m.header, found)
	notice := found.notice()
	wrote := wroteTo(notice)
	var asked []string
	if !report.Machine || asksToLeave(subject) {
		asked = leavingTokens(subject)
	}
	if !report.Machine {
		for _, line := range wrote[:min(len(wrote), tokenLines)] {
			asked = append(asked, leavingTokens(line)...)
		}
	}
	report.Tokens = tokens(m, found, asked)

	said := ownWords(notice)
	told, isNotification := notificationIn(notice)
	said.marked = said.marked || len(found.returned) > 0
	switch {
	case isNotification:
		report.notification(told, m)
	case found.feedback != nil:
		report.feedback(found.feedback)
	case found.disposition != nil:
		report.receipt(found.disposition)
	case found.status != nil && (report.Machine || found.isReport):
		report.Machine = true
		report.delivery(parseStatus(found.status.content()), m, said)
	case found.status == nil && namesRecipient([]byte(notice)) &&
		(report.Machine || !strings.Contains(m.header.get("from"), "@")): // in the text, of a machine or of no address
		report.Machine = true
		report.delivery(parseStatus([]byte(notice)), m, said)
	case found.jmrp != "":
		report.Kind = Complaint
		report.Recipients = []Recipient{{Address: found.jmrp, Kind: Complaint}}
	case asksToLeave(subject), len(asked) > 0:
		report.Kind = Unsubscribe
	case repliesByItself(m.header, subject, wrote) && (!isDaemon(m.header) ||
		vacation.MatchString(subject) && !bounceSubject(strings.ToLower(subject))):
		report.Kind = AutoReply
	case challenges(subject, said) && !isDaemon(m.header):
		report.Kind, report.Letter = AutoReply, !wasAutomatic(m.header)
	case !report.Machine && !found.isReport &&
		(wasSubmittedByMachine(m.header) || m.header.has("x-auto-response-suppress")):
		report.Kind = AutoReply
	case report.Machine && forOperator.MatchString(subject):
		report.Kind = Notice
	default:
		report.prose(m, subject, said)
		report.Letter = report.Kind != Other && !report.Machine
	}
	if report.Kind == Other && wasAutomatic(m.header) {
		report.Kind = AutoReply
	}
	if report.Kind == Other && wantsOut(subject, wrote) {
		report.Kind = Unsubscribe
	}
	report.Letter = report.Letter || report.Kind == Other
	if report.Kind == Other && answersByItself(m.header, subject, wrote) {
		report.Kind = AutoReply
	}
	return report
}

// content is what matters in a message's parts.
type content struct {
	texts       []*part // before what is returned
	status      *part   // message/delivery-status
	feedback    *part   // message/feedback-report
	disposition *part   // message/disposition-notification
	returned    []*part // the message that came back, or its header
	isReport    bool    // there is a multipart/report
	jmrp        string  // whose complaint it is, in the form of Microsoft's junk mail reporting
}

// complainer is the field in which Microsoft names who complains, in the message that it attaches, or hands on as it
// is.
const complainer = "x-hmxmroriginalrecipient"

// flatten walks through the parts. Into an attached message it looks only where a mail system attached a
// report of its own whole, with no words around it, or under the subject of a bounce with words that name nobody: when
// people forward a bounce, it is not about us.
func flatten(m *part, machine bool) *content {
	c := &content{jmrp: address(m.header.get(complainer))}
	c.walk(m)
	if machine && c.status == nil && c.feedback == nil && len(c.returned) > 0 && handsOn(m, c) {
		if inner := c.returned[0]; inner.media == "message/rfc822" {
			nested := &content{}
			nested.walk(readMessage(inner.content()))
			if nested.status != nil {
				nested.returned = append(nested.returned, c.returned...)
				return nested
			}
		}
	}
	return c
}

// handsOn reports whether what stands around an attached report says nothing of its own.
func handsOn(m *part, c *content) bool {
	around := c.notice()
	return strings.TrimSpace(around) == "" ||
		!strings.Contains(around, "@") && bounceSubject(strings.ToLower(m.header.text("subject")))
}

func (c *content) walk(p *part) {
	switch {
	case len(p.parts) > 0:
		c.isReport = c.isReport || p.media == "multipart/report"
		for _, inner := range p.parts {
			c.walk(inner)
		}
	case isStatus(p.media) && c.status == nil && len(c.returned) == 0 && !namesRecipient(p.content()): // mislabelled
		c.texts = append(c.texts, p)
	case isStatus(p.media):
		if c.status == nil {
			c.status = p
		}
	case p.media == "message/feedback-report":
		if c.feedback == nil {
			c.feedback = p
		}
	case p.media == "message/disposition-notification", p.media == "message/global-disposition-notification":
		if c.disposition == nil {
			c.disposition = p
		}
	case strings.HasPrefix(p.media, "message/"), p.media == "text/rfc822-headers", p.media == "text/rfc822":
		c.returned = append(c.returned, p)
		if h, _ := splitHeader(p.content()); h.has(complainer) {
			c.jmrp = address(h.get(complainer))
		}
	case len(c.texts) > 0 && strings.HasPrefix(strings.ToLower(p.header.get("content-disposition")), "attachment"):
		c.returned = append(c.returned, p) // our mail as a file, whatever its type
	case strings.HasPrefix(p.media, "text/"), strings.HasPrefix(p.media, "multipart/"):
		if len(c.returned) == 0 {
			c.texts = append(c.texts, p)
		}
	}
}

func isStatus(media string) bool {
	return media == "message/delivery-status" || media == "message/global-delivery-status"
}

// namesRecipient reports whether a delivery status has the fields of a recipient.
func namesRecipient(body []byte) bool {
	return bytes.Contains(bytes.ToLower(body), []byte("-recipient:"))
}

// notice is what the message says before it returns something: its plain text, or else its HTML. Of a long one it
// is the beginning.
func (c *content) notice() string {
	var plain, markup strings.Builder
	for _, p := range c.texts {
		into := &plain
		if p.media == "text/html" {
			into = &markup
		}
		if into.Len() < maxNotice {
			into.WriteString(p.text() + "\n")
		}
	}
	said := plain.String()
	if strings.TrimSpace(said) == "" {
		said = markup.String()
	}
	return said[:min(len(said), maxNotice)]
}

// Who speaks for a mail system: by the part before the @, and by the name.
var (
	daemonMailbox = lazyregexp.New(`(?i)^(mailer[-_.]?daemon|mail[-_.]?daemon|mdaemon|post[-_.]?master|mail[-_.]?adm(in)?|mailer|daemon|bounces?|mail[-_.]?delivery([-_.]?(sub)?system)?|symantec_antivirus.*|.*smtp_mail_service|microsoftexchange.*)$`)
	daemonName    = lazyregexp.New(`(?i)mailer.?daemon|mail.?delivery.?(sub)?.?system|mail.?(delivery.?)?service|mail.?system|delivery (sub)?system|mail administrator|system administrator|internet mail delivery|^"?postmaster`)
)

// isDaemon reports whether the sender says of itself that it is a mail system.
func isDaemon(h header) bool {
	from := h.text("from")
	if h.has("from") && strings.Trim(from, "<> ") == "" {
		return true // nobody: no mail program of a person writes that
	}
	local, _, _ := strings.Cut(address(from), "@")
	if local == "" {
		local, _, _ = strings.Cut(strings.Trim(h.get("from"), "<> "), "@")
	}
	local = strings.Trim(local, `\"' `)
	return daemonMailbox.MatchString(local) || daemonName.MatchString(strings.ReplaceAll(from, address(from), ""))
}

// handsBack reports whether a message without a sender hands our mail back as what was not delivered. Some mail systems
// do that under the name of somebody who takes no answers. A vacation notice says no such thing of what it answers, and
// who passes a bounce on is a sender.
func handsBack(h header, c *content) bool {
	if path := strings.Trim(h.get("return-path"), "<> "); path != "" || isReply(h) ||
		!h.has("return-path") && !noAnswers.MatchString(address(h.text("from"))) {
		return false
	}
	return slices.ContainsFunc(c.returned,
		func(p *part) bool { return p.media == "message/rfc822" || p.media == "text/rfc822-headers" }) &&
		undelivered(flat(ownWords(c.notice()).lines)) && !vacation.MatchString(h.text("subject"))
}

var noAnswers = lazyregexp.New(`(?i)^no-?_?reply\b`)

// forOperator matches subjects under which a mail system tells whoever runs it what goes on there.
var forOperator = lazyregexp.New(`(?i)^(message \S+ (has been )?frozen|error\(?s?\)? in (forwarding|filter))`)

// isReply reports whether somebody answers: a postmaster may be a person.
func isReply(h header) bool {
	return h.has("in-reply-to") && replySubject.MatchString(h.text("subject"))
}

var replySubject = lazyregexp.New(`(?i)^\s*(re?|aw|antw|sv|vs|rv|res|odp|ynt|回[复覆]|答[复覆]|返信)\s*[:：]`)

// isMachine reports whether a mail system speaks. An empty reverse path does not say so: vacation notices have one.
func isMachine(m *part) bool {
	return isDaemon(m.header) && !isReply(m.header) || m.media == "multipart/report" ||
		m.header.has("x-failed-recipients")
}

// address is the first address in s, or empty.
func address(s string) string {
	return cleanAddress(refusal.AnyAddress.FindString(s))
}

// cleanAddress takes off what prose and gateways put before an address.
func cleanAddress(a string) string {
	if i := strings.LastIndex(strings.ToUpper(a), "SMTP="); i >= 0 { // of X.400: dda:SMTP=…
		a = a[i+len("SMTP="):]
	}
	return strings.TrimLeft(a, "'.=*#/{|~")
}

// unxtext decodes the encoding that RFC 3461 §4 wants for an original recipient, and that some mail systems
// hand back as it is.
func unxtext(s string) string {
	return xtext.ReplaceAllStringFunc(s, func(hex string) string {
		return string([]byte{unhex(hex[1])<<4 | unhex(hex[2])})
	})
}

var xtext = lazyregexp.New(`\+[0-9A-F]{2}`)

// oneLine is s on one line, with single spaces, without control characters, at most limit bytes.
func oneLine(s string, limit int) string {
	s = strings.Join(strings.Fields(strings.Map(func(r rune) rune {
		if r < 0x20 || r == 0x7f {
			return ' '
		}
		return r
	}, strings.ToValidUTF8(s, "\uFFFD"))), " ")
	if len(s) > limit {
		s = strings.ToValidUTF8(s[:limit-len("…")], "") + "…"
	}
	return s
}
