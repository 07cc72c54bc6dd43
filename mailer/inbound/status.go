package inbound

import (
	"regexp"
	"slices"
	"strings"

	"digestd/subscribers"
)

// enhancedCode finds status codes of RFC 3463 in text. Addresses of hosts and most versions look otherwise: they
// have four numbers, or begin with another digit.
var enhancedCode = regexp.MustCompile(`(?:^|[^0-9.\pL])([245]\.[0-9]{1,3}\.[0-9]{1,3})(?:[^0-9.]|\.[^0-9]|\.?$)`)

// codesIn are the status codes in text, in their order.
func codesIn(text string) (codes []string) {
	for len(text) > 0 {
		m := enhancedCode.FindStringSubmatchIndex(text)
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
var ownDetail = regexp.MustCompile(`^[245]\.1\.[1-9][0-9]{2}$`)

// assess says what a recipient's status is, and whether his mailbox is gone: only where each code that was
// given says so, and the words speak of nothing else. Where two things are said, the milder one counts.
//
// given is what stands in a status field, words what the mail system said; either may be empty.
func assess(given, words string) (status string, gone bool) {
	words = strings.ToValidUTF8(words[:min(len(words), maxShort)], "")
	words = plainWords.Replace(strings.ReplaceAll(words, "’", "'"))
	words = followUp.ReplaceAllString(words, "503")
	codes := append(codesIn(given), codesIn(words)...)
	specific := slices.DeleteFunc(slices.Clone(codes), isGeneric)
	meant := meaning(words)
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
	plain := strings.ToLower(anyAddress.ReplaceAllString(words, "x@x.x"))
	switch {
	case meant != "" && !subscribers.NoSuchMailbox(meant),
		passing(plain),
		passingCode.MatchString(words),
		tryAgain.MatchString(words) && !replyCode.MatchString(words),
		meant != "5.1.1" && (elsewhere(plain) || senderWord(plain)):
		return status, false
	}
	for _, code := range specific {
		if !subscribers.NoSuchMailbox(code) {
			return status, false
		}
	}
	return status, subscribers.NoSuchMailbox(status)
}

// verdict is what assess says.
type verdict struct {
	status string
	gone   bool
}

// judgement remembers what was made of words: a notice that names many says the same of all of them.
type judgement map[[2]string]verdict

func (j judgement) assess(given, words string) (status string, gone bool) {
	v, ok := j[[2]string{given, words}]
	if !ok {
		v.status, v.gone = assess(given, words)
		j[[2]string{given, words}] = v
	}
	return v.status, v.gone
}

// passingCode finds a reply that speaks of a passing trouble, also behind one that is for good.
var passingCode = regexp.MustCompile(`(?:^|[\s;:])4[0-9][0-9][ -]`)

// tryAgain finds what means that it may go well another time, unless the reply is for good: then it asks for another
// address.
var tryAgain = regexp.MustCompile(`(?i)try again`)

// plainWords writes out what is written in several ways.
var plainWords = strings.NewReplacer("couldn't", "could not", "Couldn't", "Could not", "can't", "can not", "isn't", "is not", "wasn't", "was not", "unknown recipient or mailbox unavailable", "", // either
	"mail box", "mailbox", "Mail box", "Mailbox", "Mail Box", "Mailbox")

// sentenceEnd parts sentences.
var sentenceEnd = regexp.MustCompile(`[.;!?]\s|[。；！？]`)

// ofRecipient is a code, unless what is said means the sender.
func ofRecipient(code, said string) string {
	if aboutSender(said) {
		return policy
	}
	return code
}

// aboutSender reports whether it is the sender who does not exist.
func aboutSender(said string) bool {
	for _, sentence := range sentenceEnd.Split(said, -1) {
		if senderWord(sentence) && (noMailbox(sentence) || disabled(sentence)) {
			return true
		}
	}
	return false
}

// followUp finds the refusal of what a client sent on after its recipient had been refused. It means nothing.
var followUp = regexp.MustCompile(`\b503 [245]\.[0-9]+\.[0-9]+`)

// policy is the code of all that is about the sender or the message, not about the mailbox.
const policy = "5.7.1"

// meaning is the status code that words stand for, or empty. The order is from what is no fault of the
// mailbox to what is.
func meaning(words string) string {
	s := anyAddress.ReplaceAllString(words, "x@x.x") // whose name means nothing
	s = strings.ToLower(hostNamed.ReplaceAllString(s, "$1 x"))
	switch {
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
var hostNamed = regexp.MustCompile(`(?i)\b(host|by|from|at|server|talking to) [\w-]+(?:\.[\w-]+)+`)
