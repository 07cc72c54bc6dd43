package refusal

import (
	"fmt"
	"slices"
	"strings"

	"digestd/internal/lazyregexp"
)

// About is what a refusal is about.
type About uint8

// What a refusal may be about. Only the first is the reader's; what is not known is Unclear.
const (
	Unclear About = iota
	Mailbox       // that one address: unknown, full, closed, greylisted, or its domain takes no mail
	Message       // how big the message is
	Sender        // who sends, or what: name, address, authentication, reputation, content
	Pace          // how much, or how fast
	Session       // how much goes over one connection, or how long that may rest
	Server        // a trouble of the server's own
	Login         // the server wants to know who we are
)

// String is the noun of docs/deliverability.md.
func (a About) String() string {
	return [...]string{"unclear", "mailbox", "message", "sender", "pace", "session", "server", "login"}[a]
}

// Verdict is what a refusal means.
type Verdict struct {
	About     About
	Crowd     bool   // of Pace: it is how many connections there are at a time
	Permanent bool   // it says no for good: a 5xx whose words don't promise another time
	Gone      bool   // there is no such mailbox: the address may be suppressed
	Status    string // enhanced code (RFC 3463), if there is one: "5.1.1"
}

// Judge reads the refusal of a message to an address, at a stage of the dialogue ("mail", "rcpt", "data", "dot"). Words
// outweigh the enhanced code, and that one the code: servers give 550 and 5.1.1 for whatever they please.
func Judge(stage string, code int, words, to string) Verdict {
	words = words[:min(len(words), maxWords)]
	v := Verdict{Permanent: code >= 500}
	if codes := CodesIn(words); len(codes) > 0 {
		v.Status = codes[0]
	}
	plain := plainOf(words)
	if v.Permanent && (Passing(plain) || receiving(plain)) {
		v.Permanent = false
	}
	switch code {
	case 530, 534, 535, 538:
		v.About = Login
		return v
	}
	switch v.About = byWords(plain); {
	case v.Status == "5.1.7", v.Status == "5.1.8", v.About != Pace && v.About != Mailbox && listed(strings.ToLower(words)):
		v.About = Sender
	case v.About == Mailbox && code == 421 && v.Status == "4.4.2": // whatever else timed out
		v.About = Session
	case stage == "mail" && v.About == Pace && v.Status == "4.5.3" && !crowd(plain) && !timed.MatchString(plain): // of OpenSMTPD
		v.About = Session
	case stage == "rcpt" && v.Status == "5.4.1" && strings.Contains(plain, unlisted): // of Microsoft 365
		v.About = Mailbox
	case v.About == Message && strings.HasSuffix(v.Status, ".2.2"): // a mailbox has a size as well
		v.About = Mailbox
	case v.About == Unclear:
		v.About = byCode(stage, code, v.Status)
	}
	if stage == "mail" && v.About == Mailbox && !greylisted(plain) { // nobody has been named yet
		switch known := byCode(stage, code, v.Status); {
		case full(plain) && strings.Contains(plain, "box"): // which is one of theirs, all the same
		case full(plain):
			v.About = Pace
		case known == Mailbox:
			v.About = Sender
		default:
			v.About = known
		}
	}
	v.Crowd = v.About == Pace && crowd(plain)
	if v.About == Mailbox && v.Permanent {
		status, gone := Assess("", fmt.Sprintf("%d %s", code, words))
		if v.Gone = gone && !namesAnother(words, to); v.Gone {
			v.Status = status
		}
	}
	return v
}

// timed finds that a limit is one of time.
var timed = lazyregexp.New(`hour|minute|second|\bday|daily|today|\brate\b|\bfast|quick`)

// unlisted is what Microsoft 365 says, with 5.4.1, of an address that its directory does not have.
const unlisted = "recipient address rejected: access denied"

// plainOf is what words say, without the names of addresses and hosts, in lower case.
func plainOf(words string) string {
	s := plainly(words)
	s = AnyAddress.ReplaceAllString(anyLink.ReplaceAllString(s, " "), "x@x")
	return strings.ToLower(statusInWords.ReplaceAllString(hostNamed.ReplaceAllString(s, "$1 x"), " "))
}

// byWords is what words are about.
func byWords(s string) About {
	switch {
	case receiving(s), greylisted(s):
		return Mailbox
	case rested(s), session(s):
		return Session
	case pace(s), crowd(s):
		return Pace
	case system(s) && !refused(s):
		return Server
	case tooBig(s):
		return Message
	}
	switch meant := Meaning(s); {
	case meant == policy, aboutSender(s), introduces(s):
		return Sender
	case meant != "":
		return Mailbox
	case senderWord(s), unwanted.MatchString(s):
		return Sender
	}
	return Unclear
}

// unwanted finds that it is the mail that was refused, or from where it comes, where nothing more is said.
var unwanted = lazyregexp.New(`\b(mail|message|content)s? ((is|was|has been) )?(reject(ed)?|refused|denied)\b|\b(ip|dns|malware)\b|\brelay`)

// byCode is what a refusal is about whose words don't tell.
func byCode(stage string, code int, status string) About {
	class, detail := "", ""
	if len(status) > 2 {
		class, detail, _ = strings.Cut(status[2:], ".")
	}
	switch {
	case class == "1" && (detail == "7" || detail == "8"):
		return Sender
	case class == "1" && detail != "0", class == "2" && detail != "0" && detail != "3",
		class == "2" && detail == "0" && code < 500 && stage == "rcpt":
		return Mailbox
	case class == "2" && detail == "3", class == "3" && detail == "4":
		return Message
	case class == "3":
		return Server
	case class == "4" && detail == "2", class == "5" && detail == "3":
		return Session
	case class == "4" && (detail == "5" || stage != "rcpt"), class == "5" && code < 500:
		return Server
	case class == "4":
		return Mailbox
	case class == "6" && detail == "7":
		return Mailbox
	case class == "6":
		return Message
	case class == "7" && (code >= 500 || stage != "rcpt"): // 4.7.x at RCPT may be greylisting
		return Sender
	}
	switch {
	case (code == 452 || code == 421) && stage != "rcpt": // 421: it closes (RFC 5321 §3.8)
		return Server
	case code == 552 && stage != "rcpt":
		return Message
	case stage == "mail" && (code < 500 || code >= 520): // which names nobody
		return Sender
	}
	return Unclear
}

// namesAnother reports whether words are about an address with another name than that one: they begin with it or say
// something of it, or name others only.
func namesAnother(words, to string) bool {
	local := func(a string) string {
		name, _, _ := strings.Cut(a, "@")
		return strings.ToLower(strings.Trim(name, "'.=*#/{|~<"))
	}
	same := func(a string) bool { return local(a) == local(to) }
	named := AnyAddress.FindAllString(words, maxNamed)
	return len(named) > 0 && !slices.ContainsFunc(named, same) ||
		slices.ContainsFunc(Named(words), func(a string) bool { return !same(a) })
}
