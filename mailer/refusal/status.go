// Package refusal says what it is about when a mail system refuses a message: by the stage, the code, the enhanced code
// and the words. A reply at RCPT and a bounce that comes days later are judged by the same words. It knows no
// connection, no ledger and no delivery.
package refusal

import (
	"slices"
	"strings"

	"digestd/internal/lazyregexp"
	"digestd/subscribers"
)

// maxWords is how much is read of the words on one recipient, in bytes.
const maxWords = 2 << 10

// AnyAddress finds an address in text. Its domain has a dot: what has none is somebody's host.
var AnyAddress = lazyregexp.New(`[\pL\pN.!#$%&'*+/=?^_{|}~-]+@(?:[\pL\pN](?:[\pL\pN-]*[\pL\pN])?\.)+\pL[\pL\pN-]*[\pL\pN]`)

// EnhancedCode finds status codes of RFC 3463 in text. Addresses of hosts and most versions look otherwise: they
// have four numbers, or begin with another digit.
var EnhancedCode = lazyregexp.New(`(?:^|[^0-9.\pL])([245]\.[0-9]{1,3}\.[0-9]{1,3})(?:[^0-9.]|\.[^0-9]|\.?$)`)

// CodesIn are the status codes in text, in their order.
func CodesIn(text string) (codes []string) {
	for len(text) > 0 {
		m := EnhancedCode.FindStringSubmatchIndex(text)
		if m == nil {
			return codes
		}
		codes = append(codes, text[m[2]:m[3]])
		text = text[m[3]:]
	}
	return codes
}

// isGeneric reports whether a code says nothing beyond its class: X.0.0, X.1.0 and the like, or X.1.100 and above.
func isGeneric(code string) bool { return strings.HasSuffix(code, ".0") || ownDetail.MatchString(code) }

// ownDetail matches codes on addresses whose detail is a mail system's own: no registered one has three digits.
var ownDetail = lazyregexp.New(`^[245]\.1\.[1-9][0-9]{2}$`)

// Assess says what a recipient's status is, and whether their mailbox is gone: only where each code that was
// given says so, and the words speak of nothing else. Where two things are said, the milder one counts.
//
// given is what stands in a status field, words what the mail system said; either may be empty.
func Assess(given, words string) (status string, gone bool) {
	words = strings.ToValidUTF8(words[:min(len(words), maxWords)], "")
	words = plainly(words)
	words = errorCode.ReplaceAllString(words, " ")
	words = followUp.ReplaceAllString(words, "503")
	codes := append(CodesIn(given), CodesIn(words)...)
	specific := slices.DeleteFunc(slices.Clone(codes), isGeneric)
	meant := Meaning(words)
	switch {
	case len(specific) > 0:
		status = specific[0]
	case meant != "" && len(codes) > 0: // of the class that was given
		status = codes[0][:1] + meant[1:]
	case meant != "":
		status = meant
	case len(codes) > 0:
		status = codes[0]
	}
	plain := strings.ToLower(AnyAddress.ReplaceAllString(words, "x@x"))
	switch {
	case meant != "" && !subscribers.NoSuchMailbox(meant),
		Passing(plain), hindered(plain), late.MatchString(plain) && unknown.MatchString(plain) && !slices.Contains(CodesIn(words), "5.1.1"),
		passingCode.MatchString(words),
		tryAgain.MatchString(typo.ReplaceAllString(words, " ")) && !ReplyCode.MatchString(words),
		meant != "5.1.1" && (elsewhere(plain) || senderWord(plain)):
		return status, false
	}
	isKin := func(code string) bool { return meant == "5.1.1" && kin(code, plain) }
	for i, code := range specific {
		if !subscribers.NoSuchMailbox(code) && !isKin(code) {
			return status, false
		}
		if i == 0 && isKin(code) {
			status = meant
		}
	}
	// 5.1.10 is that a domain takes no mail at all (RFC 7505 §4.2). Only Exchange says it of a mailbox, and then says
	// so.
	if status == "5.1.10" && meant != "5.1.1" && !notFound(plain) {
		return status, false
	}
	// 5.2.1 is whatever keeps a mailbox from taking mail (RFC 3463 §3.3), so words must say that it was closed.
	if status == "5.2.1" && meant == "" && letters.MatchString(statusInWords.ReplaceAllString(strings.ReplaceAll(plain, "x@x", ""), "")) {
		return status, false
	}
	return status, subscribers.NoSuchMailbox(status)
}

// kin reports whether a code may stand for that there is no such mailbox where words, in lower case, say so: 5.1.6 is
// that it has moved to nowhere (RFC 3463 §3.2), 5.1.3 that its name can't be, unless that is all that they say; 5.7.1
// is what Yandex gives with these very words.
func kin(code, words string) bool {
	return code == "5.1.6" || code == "5.1.3" && !malformed(words) || code == "5.7.1" && strings.Contains(words, "no such user!")
}

var malformed = AnyOf(`valid`, `illegal`, `malformed`, `syntax`, `format`)

// typo finds the advice to look for a slip of one's own, and to try again then.
var typo = lazyregexp.New(`(?i)\bcheck\b[^.;]{0,80}\band try again`)

// AfterData reports whether a notice, in lower case and on one line, shows that a refusal came after the whole message.
// Sendmail shows DATA before what was said of RCPT, too, but speaks of the service only where it was said of DATA.
func AfterData(notice string) bool {
	return late.MatchString(notice) || strings.Contains(notice, ">>> data <<< 5") &&
		(strings.Contains(notice, "554 5.0.0 service unavailable") || !strings.Contains(notice, "transcript of session"))
}

const endOfData = "end of data"

// late finds how mail systems say that they were refused after RCPT, in lower case.
var late = lazyregexp.New(`\b` + endOfData + `\b|\bdata command\b|\bcommand\W{1,20}data\b|\bafter i sent the message\b`)

// Late is what a server said, as said after the whole message.
func Late(words string) string { return endOfData + ": " + words }

// unknown is how a mailbox is called that its server had taken at RCPT. After the message some say so of what a
// reader's own filter refuses.
var unknown = lazyregexp.New(`user unknown|unknown user`)

// letters finds words.
var letters = lazyregexp.New(`\pL{2}`)

// notFound matches what Exchange says of a mailbox that is not there.
var notFound = AnyOf(`recipient ?not ?found`, `(recipient|address|mailbox|user)\b.{0,120}\b(not|n't) (be )?found`, `not found by smtp address lookup`)

// verdict is what Assess says.
type verdict struct {
	status string
	gone   bool
}

// Judgement remembers what was made of words: a notice that names many says the same of all of them.
type Judgement map[[2]string]verdict

// Assess is what the function says.
func (j Judgement) Assess(given, words string) (status string, gone bool) {
	v, ok := j[[2]string{given, words}]
	if !ok {
		v.status, v.gone = Assess(given, words)
		j[[2]string{given, words}] = v
	}
	return v.status, v.gone
}

// Named are the addresses that a refusal begins with, or that words say something of.
func Named(words string) (addresses []string) {
	for _, m := range verdictOn.FindAllStringSubmatch(words[:min(len(words), maxWords)], maxNamed) {
		addresses = append(addresses, m[1])
	}
	return addresses
}

const maxNamed = 100

// verdictOn finds the address that a refusal begins with, or that words say something of.
var verdictOn = lazyregexp.New(`(?i)(?:\b5[0-9][0-9][ -]+(?:5\.[0-9]+\.[0-9]+ +)?(?:(?:recipient|user|address) )?<?|` +
	`\b(?:forward(?:ed|s)?|redirect(?:ed|s)?|relay(?:ed|s)?|passed|member)(?: on)?(?: to)? <?|` +
	`\b(?:because|since|as|that) (?:the )?(?:user|address|mailbox|recipient|account)? ?<?)(` +
	AnyAddress.String() + `)`)

// passingCode finds a reply that speaks of a passing trouble, also after one that is for good.
var passingCode = lazyregexp.New(`(?:^|[\s;:])4[0-9][0-9][ -]`)

// tryAgain finds what means that it may go well another time, unless the reply is for good: then it asks for another
// address.
var tryAgain = lazyregexp.New(`(?i)try again`)

// ReplyCode finds a permanent refusal of SMTP.
var ReplyCode = lazyregexp.New(`(?:^|[^0-9.])5[0-5][0-9](?:[^0-9.]|$)`)

// plainly is what words say in one way, without the subject of the mail: headlines say that accounts were deleted.
func plainly(words string) string {
	return plainWords.Replace(strings.ReplaceAll(subjectQuoted.ReplaceAllString(words, "$1"), "’", "'"))
}

// subjectQuoted finds a quoted subject after what says that it is one.
var subjectQuoted = lazyregexp.New(`(?i)\b(subject|titled?|entitled|betreff|objet|asunto|assunto|oggetto|onderwerp)\b(?:[\s:=]|line|was|is){0,4}` +
	`(?:"[^"]*"|'[^']*'|‘[^’]*’|“[^”]*”|„[^“”]*[“”]|«[^»]*»)`)

// plainWords writes out what is written in several ways.
var plainWords = strings.NewReplacer("couldn't", "could not", "Couldn't", "Could not", "can't", "can not",
	"isn't", "is not", "wasn't", "was not", "unknown recipient or mailbox unavailable", "", // either
	"mail box", "mailbox", "Mail box", "Mailbox", "Mail Box", "Mailbox", "mail-box", "mailbox")

// errorCode finds what one large provider writes in front of any refusal that it was given, whatever that says.
var errorCode = lazyregexp.New(`(?i)\binvalid address\b[\s,:;.-]*error[_ ]code\b[\s:]*`)

// anyLink finds addresses of pages, whose names mean nothing.
var anyLink = lazyregexp.New(`(?i)\bhttps?://\S+`)

// statusInWords finds the enhanced codes, those of further lines too.
var statusInWords = lazyregexp.New(`\b[245]\.[0-9]{1,3}\.[0-9]{1,3}\b`)

// sentenceEnd parts sentences.
var sentenceEnd = lazyregexp.New(`[.;!?]\s|[。；！？]`)

// ofRecipient is a code, unless what is said means the sender.
func ofRecipient(code, said string) string {
	if aboutSender(said) {
		return policy
	}
	return code
}

// aboutSender reports whether it is the sender who does not exist.
func aboutSender(said string) bool {
	if callback.MatchString(said) {
		return true
	}
	for _, sentence := range sentenceEnd.Split(said, -1) {
		if senderWord(sentence) && (noMailbox(sentence) || disabled(sentence)) {
			return true
		}
	}
	return false
}

// callback finds how servers tell of their question whether the sender exists; the answer may be another sentence.
var callback = lazyregexp.New(`\bcall ?(back|out)\b|\bwhile verifying\b`)

// followUp finds the refusal of what a client sent on after its recipient had been refused. It means nothing.
var followUp = lazyregexp.New(`\b503 [245]\.[0-9]+\.[0-9]+`)

// policy is the code of all that is about the sender or the message, not about the mailbox.
const policy = "5.7.1"

// Meaning is the status code that words stand for, or empty. The order is from what is no fault of the
// mailbox to what is.
func Meaning(words string) string {
	s := AnyAddress.ReplaceAllString(words, "x@x") // whose name means nothing
	s = strings.ToLower(hostNamed.ReplaceAllString(s, "$1 x"))
	switch {
	case idleTooLong(s):
		return "5.2.1"
	case refused(s):
		return policy
	case full(s):
		return "5.2.2"
	case tooBig(s):
		return "5.3.4"
	case looping(s):
		return "5.4.6"
	case noDomain(s):
		return "5.1.2"
	case noMailbox(s):
		return ofRecipient("5.1.1", s)
	case disabled(s):
		return ofRecipient("5.2.1", s)
	case tooLong(s):
		return "5.4.7"
	case unreachable(s):
		return "5.4.1"
	}
	return ""
}

// hostNamed finds the names of hosts, which may be spam-filter.example.org.
var hostNamed = lazyregexp.New(`(?i)\b(host|by|from|at|server|talking to) [\w-]+(?:\.[\w-]+)+`)
