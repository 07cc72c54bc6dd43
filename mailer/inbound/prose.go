package inbound

import (
	"strings"

	"digestd/mailer/refusal"
	"digestd/subscribers"
)

// Many mail systems report in prose. Their dialects are countless, but what they write has a few forms: a
// sentence that says that something was not delivered; an address at the start of a line, with the reason after
// it; or an address after one of a few words, "recipient:", "to", "user". Those forms are looked for, and no
// system by its name.

// How much of a notice is read. Real ones have a page.
const (
	maxNotice = 32 << 10 // bytes
	maxLines  = 1000
	maxLine   = 2000    // bytes
	maxShort  = 2 << 10 // bytes of a notice that is read as a whole for the reason, and of the words on one recipient
)

// notice is what a mail system says in words.
type notice struct {
	lines    []string // before what it returns, without those that are quoted
	unquoted int      // how many of them stand before the first quoted one
	marked   bool     // it is known where they end: what is returned has a mark, or a part of its own
}

// before is what a notice says up to the end of the paragraph of a mention, or, where that has no line, of the
// paragraph that says that something did not arrive; with what that one announces. Where it is known where the notice
// ends, it is all.
func (n notice) before(m mention) string {
	if n.marked {
		return strings.Join(n.lines, " ")
	}
	p := paragraphs{notice: n, meant: map[string]bool{}}
	start := 0
	for i := 0; m.line < 0 && i <= len(n.lines); i++ {
		if i < len(n.lines) && strings.TrimSpace(n.lines[i]) != "" {
			continue
		}
		if undelivered(flat(n.lines[start:i])) {
			m.line = start
		}
		start = i + 1
	}
	if m.line < 0 {
		return ""
	}
	begin := m.line
	for begin > 0 && strings.TrimSpace(n.lines[begin-1]) != "" {
		begin--
	}
	return strings.TrimSpace(strings.Join(n.lines[:begin], " ") + " " + p.reason(mention{line: m.line}))
}

// goesOn reports whether a notice says somewhere that the mail is still being tried.
func (n notice) goesOn() bool {
	all := flat(n.lines)
	return retrying(all) && !gaveUp(all)
}

// flat is what some lines say, on one line in lower case.
func flat(lines []string) string {
	return strings.ToLower(strings.Join(strings.Fields(strings.Join(lines, " ")), " "))
}

// prose reads a notice in words.
func (r *Report) prose(m *part, subject string, said notice) {
	// a person asks about a bounce
	if !r.Machine && (!bounceSubject(strings.ToLower(subject)) || m.header.has("in-reply-to")) {
		return
	}
	all := flat(said.lines)
	found := findRecipients(said, m.header)
	for _, a := range refusal.AnyAddress.FindAllString(m.header.get("x-failed-recipients"), maxRecipients) {
		a = cleanAddress(a)
		found = merge(found, mention{address: a, key: subscribers.Key(a), line: -1})
	}
	listed := false
	for _, f := range found {
		listed = listed || f.listed
	}
	lower := saysItself(strings.ToLower(subject))
	titled := isDaemon(m.header) && (gaveUpSubject(lower) || delaySubject.MatchString(lower)) // some say it there alone
	if !undelivered(all) && !titled && !m.header.has("x-failed-recipients") && !(listed && isDaemon(m.header)) {
		return
	}
	if arrived.MatchString(all) && !gaveUp(all) {
		r.Kind = Delivered
		return
	}
	if !r.Machine && len(found) == 0 && !wasAutomatic(m.header) && !m.header.has("precedence") {
		return // a person tells of something that did not go through
	}
	r.Kind = Bounce
	if stillTrying(lower, all) {
		r.Kind = Delay
	}
	if len(found) == 0 {
		// It names nobody, but its own address may be tagged. Behind a quotation everything may be quoted.
		said.lines = said.lines[:said.unquoted]
		found = []mention{{line: -1}}
	}
	whole := "" // where there is one, all that is said up to the recipient may have the reason
	if len(found) == 1 {
		whole = said.before(found[0])
	}
	judge := refusal.Judgement{}
	doubtful := refusal.Passing(all) && !gaveUp(all) || challenges(subject, said)
	for _, f := range found {
		to := Recipient{Address: f.address, Final: f.final, Kind: r.Kind, Permanent: r.Kind == Bounce}
		var gone bool
		words := f.words
		if to.Status, gone = judge.Assess("", words); to.Status == "" && len(whole) <= maxShort {
			words = whole
			to.Status, gone = judge.Assess("", words)
		}
		if r.Kind == Delay && strings.HasPrefix(to.Status, "5.") { // a meaning: its class is what is said here
			to.Status = "4" + to.Status[1:]
		}
		to.Gone = gone && to.Permanent && !doubtful && (f.final == "" || sameMailbox(f.address, f.final)) &&
			!to.isAnother(words)
		to.Words = oneLine(strings.TrimLeft(f.words, " \t:;,.)>]\"'-"), maxWords)
		r.add(to)
	}
}
