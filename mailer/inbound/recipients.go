package inbound

import (
	"regexp"
	"strings"

	"digestd/subscribers"
)

// mention is an address that a notice speaks of.
type mention struct {
	address string
	final   string // where mail for it went
	words   string // what is said of it
	line    int
	listed  bool // it begins the line
	rank    rank
}

// rank is how likely an address is that of a recipient. Only those of the best rank in a notice are taken.
type rank int

const (
	likely rank = iota + 1
	echo        // the notice repeats to whom our mail was addressed
	hardly      // it is somebody to turn to, or takes part in this very conversation
)

// maxReason is how many lines are taken for the words on one recipient.
const maxReason = 8

// findRecipients finds whom a notice speaks of, in its order, each once.
func findRecipients(lines []string, h header) []mention {
	taking := map[string]bool{} // part in the conversation: who writes, and who is written to
	for _, name := range []string{"from", "reply-to", "sender", "return-path", "errors-to", "to", "cc"} {
		for _, a := range anyAddress.FindAllString(h.get(name), maxRecipients) {
			taking[subscribers.Key(cleanAddress(a))] = true
		}
	}
	var found []mention
	for i := range lines {
		if len(found) < maxRecipients {
			found = mentionsIn(lines, i, found)
		}
	}
	best := hardly
	for i := range found {
		m := &found[i]
		if local, _, _ := strings.Cut(m.address, "@"); service.MatchString(local) || taking[subscribers.Key(m.address)] {
			m.rank = hardly
		}
		best = min(best, m.rank)
	}
	at := map[int]string{}
	for _, m := range found {
		at[m.line] = subscribers.Key(m.address)
	}
	var kept []mention
	for _, m := range found {
		if m.rank > best || taking[subscribers.Key(m.address)] {
			continue
		}
		m.words = reason(lines, m, at)
		kept = merge(kept, m)
	}
	return kept
}

// mentionsIn appends the recipients that line i mentions.
func mentionsIn(lines []string, i int, found []mention) []mention {
	line := lines[i]
	end := -1 // of the last mention in this line
	for _, span := range anyAddress.FindAllStringIndex(line, maxRecipients) {
		m := mention{address: cleanAddress(line[span[0]:span[1]]), line: i, rank: likely}
		lead, rest := line[:span[0]], line[span[1]:]
		context := lead // what was said up to here
		if i > 0 && continues(lines[i-1]) {
			context = lines[i-1] + " " + lead
		}
		context = anyAddress.ReplaceAllString(context, "@")
		m.listed = listMark.MatchString(lead)
		asked := asking.MatchString(context) && !sent.MatchString(context)
		switch {
		case !strings.Contains(m.address, "@") || m.address[0] == '@', identifier.MatchString(context):
			continue
		case origin.MatchString(context):
			if n := len(found); n > 0 && i-found[n-1].line <= 2 && found[n-1].final == "" {
				found[n-1].final, found[n-1].address = found[n-1].address, m.address
				continue
			}
		case echoed.MatchString(lead):
			m.rank = echo
		case end >= 0 && between.MatchString(line[end:span[0]]): // the next of a list
		case behindReply.MatchString(context), strings.HasSuffix(strings.ToUpper(line[:span[1]]), "SMTP="+strings.ToUpper(m.address)):
		case !asked && (m.listed || behindWord.MatchString(context) || endsLine(lead, rest)):
		default:
			continue
		}
		end = span[1]
		found = append(found, m)
	}
	return found
}

// endsLine reports whether an address stands alone behind a colon: "mailbox is full: <address>".
func endsLine(before, after string) bool {
	before = strings.TrimRight(before, " \t\"'<([")
	return (strings.HasSuffix(before, ":") || strings.HasSuffix(before, "：")) && strings.Trim(after, " \t\"'>)].;") == ""
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
		if key := subscribers.Key(m.address); key != subscribers.Key(known.address) && key != subscribers.Key(known.final) {
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

// reason is what a notice says of a mention: the rest of its paragraph, or, where that says nothing, the next one;
// never beyond the mention of somebody else. Of a mention inside a sentence it begins with the paragraph. at has
// who is mentioned in which line.
func reason(lines []string, m mention, at map[int]string) string {
	another := func(line int) bool {
		key, ok := at[line]
		return ok && key != subscribers.Key(m.address) && key != subscribers.Key(m.final)
	}
	from := m.line
	for !m.listed && from > 0 && m.line-from < maxReason && strings.TrimSpace(lines[from-1]) != "" && !another(from-1) {
		from--
	}
	var b strings.Builder
	taken, blank := 0, false
	for i := from; i < len(lines) && taken < maxReason && (i <= m.line || !another(i)); i++ {
		line := lines[i]
		if i == m.line && m.listed {
			_, line, _ = strings.Cut(line, m.address)
		}
		if strings.TrimSpace(line) == "" {
			blank = true
			continue
		}
		if blank && (meaning(b.String()) != "" || len(codesIn(b.String())) > 0) {
			break
		}
		blank = false
		b.WriteString(strings.TrimSpace(line) + " ")
		taken++
	}
	return strings.TrimSpace(b.String())
}

var (
	// listMark is what may stand before an address that begins a line.
	listMark = regexp.MustCompile(`^[\s>*\-•·|"'<(\[#]*(?:\d{1,3}[.)]\s*)?[<"']?(?:"[^"]{0,80}"\s*<)?$`)
	// between is what may stand between two addresses of a list.
	between = regexp.MustCompile(`^[\s,;<>"'()]*(?:and |und |et |y |e )?[\s<"'(]*$`)
	// echoed is a line in which a notice repeats a header field of the message.
	echoed = regexp.MustCompile(`(?i)^\s*(to|cc|bcc|an|para|à|pour|aan|destinatario|кому)\s*:`)
	// behindWord matches words that say that an address behind them is a recipient.
	behindWord = regexp.MustCompile(`(?i)(?:^|[^a-zA-Z])(?:recipients?|recipient\(s\)|address(?:ed|es|ees?|\(es\))?|user(?:id|name)?s?|mail ?box|account|destination|to|for|undeliverable|attempts|` +
		`destinatarios?|destinatários?|destinataires?|empfänger|empfaenger|adresse|dirección|direccion|endereço|casilla|buzón|cuenta|usuario|usuário|conta|utilisateur|indirizzo|casella|utente|para|a|à|au|an|aan|per|` +
		`получател\pL*|адрес\pL*|ящик\pL*|宛先|收件人|邮箱|郵箱|用户)(?: (?:is|was|are))?\s*[:,;=]*\s*[\s<"'(\[=*]*$`)
	// behindReply matches a refusal in which an address follows the code.
	behindReply = regexp.MustCompile(`(?:^|[^0-9])5[0-9][0-9][ -](?:5\.[0-9]+\.[0-9]+ )?<?$`)
	// asking matches sentences that tell whom to turn to.
	asking = regexp.MustCompile(`(?i)\b(contact\w*|send|sending|write|forward|report|reply|resend|assistance|help|questions?|unsubscribe|visit|from|by)\b[^.:;]{0,40}:?[\s"'<(\[]*$`)
	// sent matches what of that is about the message all the same: "your message from … to".
	sent = regexp.MustCompile(`(?i)\b(message|mail|e-?mail|deliver\w*|sent|addressed)\b[^.:;]{0,40}\b(to|for)\s*[:,]?[\s"'<(\[]*$`)
	// origin matches what stands between where mail went and where it had been sent.
	origin = regexp.MustCompile(`(?i)(generated|expanded|forwarded|derived) from:?\s*<?$|original(ly)? (recipient |addressed to|address)\s*(address)?:?\s*<?$`)
	// identifier matches what comes before something that only looks like an address.
	identifier = regexp.MustCompile(`(?i)\b(message[ -]?id(entifier)?|references|in-reply-to|envelope[ -]id|mts-id|content-id)\b[^@]*$`)
	// service matches mailboxes that are named for help.
	service = regexp.MustCompile(`(?i)^(post-?master|mailer-daemon|abuse|support|help|help-?desk|noc|hostmaster|webmaster|admin|administrator|root|no-?reply)$`)
)
