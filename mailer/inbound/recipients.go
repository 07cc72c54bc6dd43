package inbound

import (
	"strings"

	"digestd/internal/lazyregexp"
	"digestd/mailer/refusal"
	"digestd/subscribers"
)

// mention is an address that a notice speaks of.
type mention struct {
	address, key string // and as subscribers.Key has it
	final        string // where mail for it went
	words        string // what is said of it
	line         int
	listed       bool // it begins the line
	rank         rank
}

// rank is how likely an address is that of a recipient. Only those of the best rank in a notice are taken.
type rank int

const (
	likely rank = iota + 1
	echo        // the notice repeats to whom our mail was addressed
	hardly      // it is somebody to turn to, or takes part in this very conversation
)

const (
	maxReason    = 8   // lines are taken for the words on one recipient
	maxNext      = 3   // of them from a paragraph without a code
	maxAddresses = 400 // of a notice are looked at
	maxContext   = 256 // bytes before an address say what it is
)

// findRecipients finds whom a notice speaks of, in its order, each once.
func findRecipients(said notice, h header) []mention {
	taking := map[string]bool{} // part in the conversation: who writes, and who is written to
	for _, name := range []string{"from", "reply-to", "sender", "return-path", "errors-to", "to", "cc"} {
		for _, a := range refusal.AnyAddress.FindAllString(h.get(name), maxRecipients) {
			taking[subscribers.Key(cleanAddress(a))] = true
		}
	}
	var found []mention
	left := maxAddresses
	for i := range said.lines {
		if len(found) < maxRecipients {
			found = mentionsIn(said.lines, i, found, &left)
		}
	}
	best := hardly
	at := map[int]string{} // who is mentioned in a line
	for i := range found {
		m := &found[i]
		m.key = subscribers.Key(m.address)
		at[m.line] = m.key
		if local, _, _ := strings.Cut(m.address, "@"); service.MatchString(local) || taking[m.key] {
			m.rank = hardly
		}
		best = min(best, m.rank)
	}
	p := paragraphs{notice: said, at: at, meant: map[string]bool{}}
	var kept []mention
	for _, m := range found {
		if m.rank > best || taking[m.key] {
			continue
		}
		m.words = p.reason(m)
		kept = merge(kept, m)
	}
	return kept
}

// mentionsIn appends the recipients that line i mentions. left is how many addresses may still be looked at.
func mentionsIn(lines []string, i int, found []mention, left *int) []mention {
	line := lines[i]
	context := "" // what was said up to here, without the names of others
	if i > 0 && continues(lines[i-1]) {
		context = refusal.AnyAddress.ReplaceAllString(lines[i-1], "@") + " "
	}
	end, taken := 0, false // of the last address in this line, and whether it is a recipient
	for _, span := range refusal.AnyAddress.FindAllStringIndex(line, *left) {
		*left--
		m := mention{address: cleanAddress(line[span[0]:span[1]]), line: i, rank: likely}
		lead, gap, rest := line[:span[0]], line[end:span[0]], line[span[1]:]
		context = tail(context+gap, maxContext)
		next := taken && between.MatchString(gap) // of a list
		before := context
		end, taken, context = span[1], false, context+"@"
		m.listed = listMark.MatchString(lead)
		asked := asking.MatchString(before) && !sent.MatchString(before)
		switch {
		case !strings.Contains(m.address, "@") || m.address[0] == '@', identifier.MatchString(before):
			continue
		case origin.MatchString(before):
			if n := len(found); n > 0 && i-found[n-1].line <= 2 && found[n-1].final == "" {
				found[n-1].final, found[n-1].address = found[n-1].address, m.address
				continue
			}
		case echoed.MatchString(lead):
			m.rank = echo
		case next:
		case behindReply.MatchString(before),
			strings.HasSuffix(strings.ToUpper(line[:span[1]]), "SMTP="+strings.ToUpper(m.address)):
		case strings.HasSuffix(strings.ToUpper(lead), "[SMTP:"):
		case !asked && (m.listed || afterWord.MatchString(before) || endsLine(lead, rest)):
		default:
			continue
		}
		taken = true
		found = append(found, m)
	}
	return found
}

// tail is the end of s, at most limit bytes.
func tail(s string, limit int) string {
	return strings.ToValidUTF8(s[max(0, len(s)-limit):], "")
}

// endsLine reports whether an address stands alone after a colon: "mailbox is full: <address>".
func endsLine(before, after string) bool {
	before = strings.TrimRight(before, " \t\"'<([")
	return endsWithColon(before) && strings.Trim(after, " \t\"'>)].;") == ""
}

// endsWithColon reports whether words announce something.
func endsWithColon(s string) bool {
	s = strings.TrimSpace(s)
	return strings.HasSuffix(s, ":") || strings.HasSuffix(s, "：")
}

// continues reports whether a sentence goes on in the next line.
func continues(line string) bool {
	line = strings.TrimSpace(line)
	return line != "" && !strings.ContainsAny(line[len(line)-1:], ".:!?-=*#")
}

// merge joins what is said of one recipient in several places.
func merge(all []mention, m mention) []mention {
	for i := range all {
		known := &all[i]
		if m.key != known.key && (known.final == "" || m.key != subscribers.Key(known.final)) {
			continue
		}
		if m.words != "" && !strings.Contains(known.words, m.words) && len(known.words) < 4*maxWords {
			known.words = strings.TrimSpace(known.words + " " + m.words)
		}
		known.listed = known.listed || m.listed
		return all
	}
	return append(all, m)
}

// paragraphs tells what stands around a mention.
type paragraphs struct {
	notice
	at    map[int]string  // who is mentioned in a line
	meant map[string]bool // whether a paragraph gives a reason
}

// reason is what a notice says of a mention: the rest of its paragraph, or, where that says nothing, the next one;
// never beyond the mention of somebody else. Of a mention inside a sentence it begins with the paragraph.
//
// Where it is not known where the notice ends, a paragraph further on may be our own mail. Then it counts only where it
// has a code or calls itself the reason, or where it is a short one right after an address that stands alone or a
// colon.
func (p paragraphs) reason(m mention) string {
	said, announced := "", false
	for i, lines := range p.from(m) {
		text := strings.Join(lines, "")
		counts := i == 0 || p.marked || announced && len(lines) <= maxNext || hasCode.MatchString(text) ||
			explains.MatchString(text)
		announced = endsWithColon(text) || i == 0 && m.listed
		if counts {
			if said += text; p.givesReason(text) {
				break
			}
		}
	}
	return strings.TrimSpace(said)
}

// from are the paragraphs from a mention on, its own first, a space after each line.
func (p paragraphs) from(m mention) (found [][]string) {
	another := func(line int) bool {
		key, ok := p.at[line]
		return ok && key != m.key && (m.final == "" || key != subscribers.Key(m.final))
	}
	from := m.line
	for !m.listed && from > 0 && m.line-from < maxReason && strings.TrimSpace(p.lines[from-1]) != "" &&
		!another(from-1) {
		from--
	}
	found = [][]string{nil}
	taken, size := 0, 0
	for i := from; i < len(p.lines) && taken < maxReason && size < maxShort && (i <= m.line || !another(i)); i++ {
		line := p.lines[i]
		if i == m.line && m.listed {
			_, line, _ = strings.Cut(line, m.address)
		}
		line = strings.TrimSpace(line)
		last := len(found) - 1
		switch {
		case i > m.line && !p.marked && bareRule.MatchString(line):
			return found
		case line != "":
			found[last] = append(found[last], line+" ")
			taken++
			size += len(line)
		case len(found[last]) > 0 || last == 0:
			found = append(found, nil)
		}
	}
	return found
}

func (p paragraphs) givesReason(words string) bool {
	gives, known := p.meant[words]
	if !known {
		gives = refusal.Meaning(words) != "" || len(refusal.CodesIn(words)) > 0
		p.meant[words] = gives
	}
	return gives
}

var (
	// listMark is what may stand before an address that begins a line.
	listMark = lazyregexp.New(`^[\s>*\-•·|"'<(\[#]*(?:\d{1,3}[.)]\s*)?[<"']?(?:"[^"]{0,80}"\s*<)?$`)
	// between is what may stand between two addresses of a list.
	between = lazyregexp.New(`^[\s,;<>"'()]*(?:and |und |et |y |e )?[\s<"'(]*$`)
	// echoed is a line in which a notice repeats a header field of the message.
	echoed = lazyregexp.New(`(?i)^\s*(to|cc|bcc|an|para|à|pour|aan|destinatario|кому)\s*:`)
	// afterWord matches words that say that an address after them is a recipient.
	afterWord = lazyregexp.New(`(?i)(?:^|[^a-zA-Z])(?:recipients?(?: [a-z ]{1,40}:)?|recipient\(s\)|address(?:ed|es|ees?|\(es\))?|user(?:id|name)?s?|mail ?box|account|destination|to|for|undeliverable|attempts|` +
		`destinatarios?|destinatários?|destinataires?|empfänger|empfaenger|adresse|dirección|direccion|endereço|casilla|buzón|cuenta|usuario|usuário|conta|utilisateur|indirizzo|casella|utente|para|a|à|au|an|aan|per|pro|do|till?|для|` +
		`получател\pL*|адрес\pL*|ящик\pL*|宛先|收件人|邮箱|郵箱|用户|给|給|到|至)(?: (?:is|was|are))?\s*[:,;=]*\s*[\s<"'(\[=*]*$`)
	// behindReply matches a refusal in which an address follows the code.
	behindReply = lazyregexp.New(`(?:^|[^0-9])5[0-9][0-9][ -](?:5\.[0-9]+\.[0-9]+ )?<?$`)
	// hasCode matches a refusal that is shown as it was given.
	hasCode = lazyregexp.New(`(?:^|[:;>("'#]\s*|said )5[0-5][0-9][ -]|` + refusal.EnhancedCode.String())
	// bareRule is a line that parts what stands above it from what stands below.
	bareRule = lazyregexp.New(`^(?:--|[-=_*]{10,})$`)
	// asking matches sentences that tell whom to turn to.
	asking = lazyregexp.New(`(?i)\b(contact\w*|send|sending|write|forward|report|reply|resend|assistance|help|questions?|unsubscribe|visit|from|by)\b[^.:;]{0,40}:?[\s"'<(\[]*$`)
	// sent matches what of that is about the message all the same: "your message from … to".
	sent = lazyregexp.New(`(?i)\b(message|mail|e-?mail|deliver\w*|sent|addressed)\b[^.:;]{0,40}\b(to|for)\s*[:,]?[\s"'<(\[]*$`)
	// origin matches what stands between where mail went and where it had been sent.
	origin = lazyregexp.New(`(?i)(generated|expanded|forwarded|derived) from:?\s*<?$|original(ly)? (recipient |addressed to|address)\s*(address)?:?\s*<?$`)
	// identifier matches what comes before something that only looks like an address.
	identifier = lazyregexp.New(`(?i)\b(message[ -]?id(entifier)?|references|in-reply-to|envelope[ -]id|mts-id|content-id)\b[^@]*$`)
	// service matches mailboxes that are named for help.
	service = lazyregexp.New(`(?i)^(post-?master|mailer-daemon|abuse|support|help|help-?desk|noc|hostmaster|webmaster|admin|administrator|root|no-?reply)$`)
)
