package inbound

import (
	"bytes"
	"strings"
	"sync"

	"digestd/mailer/refusal"
	"digestd/subscribers"
)

// block is a group of fields of a delivery status, by lower-case name.
type block = header

// maxBlocks of a report are read, and maxStatus bytes.
const (
	maxBlocks = 1000
	maxStatus = 64 << 10
)

// parseStatus reads the groups of fields of a message/delivery-status (RFC 3464 §2) or of the reports built
// like it. The first one is about the message, where the sender keeps to the RFC. Lines that are no field are
// skipped.
func parseStatus(body []byte) (blocks []block) {
	cut := len(body) > maxStatus
	body = body[:min(len(body), maxStatus)]
	for len(body) > 0 && len(blocks) < maxBlocks {
		h, rest := splitHeader(body)
		if len(h) > 0 {
			blocks = append(blocks, h)
		}
		if len(rest) == len(body) {
			_, rest, _ = bytes.Cut(body, []byte("\n"))
		}
		body = rest
	}
	if cut && len(blocks) > 0 { // the last one may lack the words that take its code back
		blocks = blocks[:len(blocks)-1]
	}
	return blocks
}

// delivery reads a delivery status. Where its fields name nobody, the prose beside them may.
func (r *Report) delivery(blocks []block, m *part, said notice) {
	mentions := sync.OnceValue(func() []mention { return findRecipients(said, m.header) }) // of the notice beside it
	judge := refusal.Judgement{}
	doubtful, late := said.goesOn(), refusal.AfterData(flat(said.lines))
	for _, b := range joined(blocks) {
		if len(r.Recipients) == maxRecipients {
			break
		}
		to, ok := recipientOf(b)
		if !ok {
			continue
		}
		if late && to.Gone {
			_, to.Gone = judge.Assess(b.get("status"), refusal.Late(b.texts("diagnostic-code")))
		}
		if to.Kind == Bounce && to.Permanent && to.Words == "" {
			to.explain(mentions(), judge)
		}
		to.Gone = to.Gone && !doubtful
		r.add(to)
	}
	if !r.names() {
		r.Recipients = nil
		r.prose(m, m.header.text("subject"), said)
		return
	}
	// One message may tell of several outcomes; it is named for the gravest.
	r.Kind = Delivered
	for _, to := range r.Recipients {
		if to.Kind == Bounce || to.Kind == Delay && r.Kind != Bounce {
			r.Kind = to.Kind
		}
	}
}

// explain takes the reason from what a notice says of the same address. It may take a code back that has no words of
// its own, and gives a meaning to one that has none.
func (to *Recipient) explain(mentions []mention, judge refusal.Judgement) {
	key := subscribers.Key(to.Address)
	for _, m := range mentions {
		if m.key != key || m.words == "" {
			continue
		}
		var gone bool
		to.Status, gone = judge.Assess(to.Status, m.words)
		to.Gone = gone && m.final == "" && (to.Final == "" || sameMailbox(to.Address, to.Final))
		to.Words = oneLine(m.words, maxWords)
		return
	}
}

// names reports whether the report names somebody.
func (r *Report) names() bool {
	for _, to := range r.Recipients {
		if to.Address != "" {
			return true
		}
	}
	return false
}

// maxRecipients of one report are kept. Each of our messages has one.
const maxRecipients = 100

// add takes a recipient in, unless the very same was said of them already.
func (r *Report) add(to Recipient) {
	for _, known := range r.Recipients {
		if known.Address == to.Address && known.Kind == to.Kind && known.Status == to.Status && known.Gone == to.Gone {
			return
		}
	}
	if len(r.Recipients) < maxRecipients {
		r.Recipients = append(r.Recipients, to)
	}
}

// joined puts together what a stray empty line has parted: fields of a recipient without their address belong
// to the one before.
func joined(blocks []block) (whole []block) {
	for _, b := range blocks {
		names := b.has("final-recipient") || b.has("original-recipient")
		if !names && len(whole) > 0 && (b.has("action") || b.has("status") || b.has("diagnostic-code")) {
			whole[len(whole)-1] = append(whole[len(whole)-1], b...)
			continue
		}
		whole = append(whole, b)
	}
	return whole
}

// recipientOf reads the fields of one recipient (RFC 3464 §2.3).
func recipientOf(b block) (to Recipient, ok bool) {
	original, final := addressField(b.get("original-recipient")), addressField(b.get("final-recipient"))
	to.Address, to.Final = original, final
	if to.Address == "" {
		to.Address, to.Final = final, ""
	}
	if to.Address == "" {
		return to, false
	}
	given, diagnostic := b.get("status"), b.texts("diagnostic-code")
	to.Status, to.Gone = refusal.Assess(given, diagnostic+" "+comment(given)+" "+comment(b.get("action")))
	to.Kind = outcome(b.get("action"), to.Status, diagnostic)
	to.Permanent = to.Kind == Bounce && !strings.HasPrefix(to.Status, "2.")
	// Where another mailbox is gone, one behind a list or an alias is.
	to.Gone = to.Gone && to.Permanent && (to.Final == "" || sameMailbox(to.Address, to.Final)) &&
		!to.isAnother(diagnostic)
	if _, words, typed := strings.Cut(diagnostic, ";"); typed {
		diagnostic = words
	}
	to.Words = oneLine(diagnostic, maxWords)
	if to.Words == "" {
		to.Words = oneLine(comment(given), maxWords)
	}
	return to, true
}

// addressField reads "rfc822; address" and what is written in its place: brackets, no type, comments. Other types,
// X.400 among them, name nobody that we know.
func addressField(value string) string {
	kind, rest, typed := strings.Cut(value, ";")
	if !typed {
		rest = value
	} else if kind = strings.ToLower(strings.TrimSpace(kind)); kind == "x400" || kind == "x500" {
		return ""
	}
	return address(rest)
}

// sameMailbox reports whether two addresses are of one mailbox: hosts may rename the domain, not the name in it.
func sameMailbox(a, b string) bool {
	local := func(s string) string {
		local, _, _ := strings.Cut(unxtext(s), "@")
		return strings.ToLower(local)
	}
	return local(a) == local(b)
}

// isAnother reports whether what is said is about another mailbox: one behind this one, or the sender's, which a server
// had looked up.
func (to Recipient) isAnother(words string) bool {
	for _, a := range refusal.Named(words) {
		if a = cleanAddress(a); !sameMailbox(a, to.Address) && !sameMailbox(a, to.Final) {
			return true
		}
	}
	return false
}

// comment is what stands in a field after its first word: a code, or an action.
func comment(value string) string {
	_, rest, _ := strings.Cut(strings.TrimSpace(value), " ")
	return strings.Trim(rest, "() ")
}

// outcome is what an action means, and, where there is none, a status. The action outranks the status: it says
// what the mail system does next, and it can't be delayed for good.
func outcome(action, status, diagnostic string) Kind {
	action = strings.ToLower(strings.TrimSpace(action))
	switch {
	case strings.HasPrefix(action, "fail"):
		return Bounce
	case strings.HasPrefix(action, "delay"), strings.HasPrefix(action, "defer"), strings.HasPrefix(action, "warn"),
		strings.HasPrefix(action, "retr"):
		return Delay
	case strings.HasPrefix(action, "deliver"), strings.HasPrefix(action, "relay"), strings.HasPrefix(action, "expand"),
		strings.HasPrefix(action, "success"):
		return Delivered
	case strings.HasPrefix(status, "5."):
		return Bounce
	case strings.HasPrefix(status, "2."):
		return Delivered
	case status == "" && refusal.ReplyCode.MatchString(diagnostic):
		return Bounce
	}
	return Delay
}

// isComplaint reports whether a type of feedback is one by which a reader says that they do not want it (RFC 5965 §7.3
// and the IANA registry). Fraud is one of them: who takes our mail for phishing won't miss it. Virus and authentication
// reports come from machines.
func isComplaint(kind string) bool {
	switch strings.ToLower(strings.TrimSpace(kind)) {
	case "abuse", "fraud", "opt-out", "opt-out-list", "unsubscribe", "miscategorized":
		return true
	}
	return false
}

// feedback reads a report of RFC 5965.
func (r *Report) feedback(p *part) {
	r.Kind = Notice
	for _, b := range parseStatus(p.content()) {
		if isComplaint(b.get("feedback-type")) {
			r.Kind = Complaint
		}
		for _, f := range b {
			if f.name == "original-rcpt-to" {
				if a := address(f.value); a != "" && len(r.Recipients) < maxRecipients {
					r.Recipients = append(r.Recipients, Recipient{Address: a})
				}
			}
		}
	}
	for i := range r.Recipients {
		r.Recipients[i].Kind = r.Kind
	}
}

// receipt reads a report of RFC 8098. Whatever became of the message, it had arrived.
func (r *Report) receipt(p *part) {
	r.Kind = Receipt
	for _, b := range parseStatus(p.content()) {
		if to, ok := recipientOf(b); ok {
			to.Kind, to.Permanent, to.Gone, to.Status, to.Words = Receipt, false, false, "",
				oneLine(b.get("disposition"), maxWords)
			r.Recipients = append(r.Recipients, to)
			return
		}
	}
}
