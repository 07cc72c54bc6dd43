package inbound

import (
	"regexp"
	"strings"

	"digestd/subscribers"
)

// Many mail systems report in prose. Their dialects are countless, but what they write has a few forms: a
// sentence that says that something was not delivered; an address at the start of a line, with the reason behind
// it; or an address behind one of a few words, "recipient:", "to", "user". Those forms are looked for, and no
// system by its name.

// How much of a notice is read. Real ones have a page.
const (
	maxNotice = 64 << 10 // bytes
	maxLines  = 1000
)

// prose reads a notice in words.
func (r *Report) prose(m *part, subject, text string) {
	if !r.Machine && !bounceSubject.MatchString(strings.ToLower(subject)) {
		return
	}
	lines := ownLines(text, r.Machine)
	said := strings.ToLower(strings.Join(strings.Fields(strings.Join(lines, " ")), " "))
	whole := strings.Join(lines, " ")
	found := findRecipients(lines, m.header)
	for _, a := range anyAddress.FindAllString(m.header.get("x-failed-recipients"), maxRecipients) {
		found = merge(found, mention{address: cleanAddress(a)})
	}
	listed := false
	for _, f := range found {
		listed = listed || f.listed
	}
	if !undelivered.MatchString(said) && !m.header.has("x-failed-recipients") && !(listed && isDaemon(m.header)) {
		return
	}
	r.Kind = Bounce
	if stillTrying(strings.ToLower(subject), said) {
		r.Kind = Delay
	}
	if len(found) == 0 {
		found = []mention{{words: whole}} // it names nobody, but its own address may be tagged
	}
	for _, f := range found {
		to := Recipient{Address: f.address, Final: f.final, Kind: r.Kind, Permanent: r.Kind == Bounce}
		var gone bool
		if to.Status, gone = assess("", f.words); to.Status == "" && len(found) == 1 {
			to.Status, gone = assess("", whole)
		}
		if r.Kind == Delay && strings.HasPrefix(to.Status, "5.") { // a meaning: its class is what is said here
			to.Status = "4" + to.Status[1:]
		}
		to.Gone = gone && to.Permanent
		to.Words = oneLine(strings.TrimLeft(f.words, " \t:;,.)>]\"'-"), maxWords)
		r.add(to)
	}
}

// ownLines are the lines of a notice before what it returns. Of mail that is perhaps a person's, quoted lines are
// left out.
func ownLines(text string, machine bool) (lines []string) {
	all := strings.SplitN(text[:min(len(text), maxNotice)], "\n", maxLines+1)
	all = all[:min(len(all), maxLines)]
	for i, line := range all {
		if returns.MatchString(line) || beginsHeader(all[i:]) {
			break
		}
		if !machine && strings.HasPrefix(strings.TrimSpace(line), ">") {
			continue
		}
		lines = append(lines, line[:min(len(line), 2000)])
	}
	return lines
}

// returns matches the line behind which the returned message begins.
var returns = regexp.MustCompile(`(?i)^[\s\-=*_|#>.]*(` +
	`(start of |begin(ning)? of |the )*(original|returned|unsent|undelivered|rejected|failed|old) (e-?mail |mail )?(message|mail|e-?mail)s?( as received| text| headers?| attached| below| is| are| as| follows?)*( \(.*\))?[\s\-=*_|#:.]*$` +
	`|(message|mail) (text|headers?|contents?) (follow|below|attached)` +
	`|(unsent|original|returned) message\b.*\b(below|follows)` +
	`|header of the source` +
	`|(this|included|attached|below|here|enclosed) is a (copy|summary) of` +
	`|below (this|the next) line is a copy|a summary of the undelivered` +
	`|(the )?(header|first)\b.{0,40}(lines )?of (the|your) (original )?message` +
	`|your message reads` +
	`|mensaje original|mensagem original|message d'origine|message original|messaggio originale|oorspronkelijk bericht|urspr(ü|ue)ngliche nachricht` +
	`)`)

// headerLine matches fields by which the header of a returned message is known.
var headerLine = regexp.MustCompile(`(?i)^(?:[>|] ?)*(received|return-path|message-id|mime-version|date|from|to|subject|sender|x-[a-z-]+|content-[a-z-]+|dkim-signature|list-[a-z]+|reply-to|path):\s`)

// beginsHeader reports whether a returned message's header begins here: three fields on end, one of them such as
// no prose has.
func beginsHeader(lines []string) bool {
	fields, strong := 0, false
	for i, line := range lines {
		m := headerLine.FindStringSubmatch(line)
		switch {
		case m != nil:
			fields++
			switch strings.ToLower(m[1]) {
			case "received", "return-path", "message-id", "mime-version", "dkim-signature":
				strong = true
			}
		case i > 0 && fields > 0 && strings.HasPrefix(strings.TrimLeft(line, ">|"), " ") || strings.HasPrefix(line, "\t"): // folded
		default:
			return false
		}
		if fields >= 3 && strong {
			return true
		}
		if i > 60 || i == 0 && fields == 0 {
			return false
		}
	}
	return fields >= 2 && strong
}

// mention is an address that a notice speaks of.
type mention struct {
	address string
	final   string // where mail for it went
	words   string // what is said of it
	listed  bool   // it begins a line
	rank    int    // how likely it is a recipient: 1 likely, 2 echoed from our own mail, 3 hardly
}

// maxReason is how many lines are taken for the words on one recipient.
const maxReason = 8

// findRecipients finds whom a notice speaks of, in its order, each once.
func findRecipients(lines []string, h header) []mention {
	ours := map[string]bool{} // those who write and who are written to, not those that are written about
	for _, name := range []string{"from", "reply-to", "sender", "return-path", "errors-to", "to", "cc"} {
		for _, a := range anyAddress.FindAllString(h.get(name), maxRecipients) {
			ours[subscribers.Key(cleanAddress(a))] = true
		}
	}
	var found []mention
	at := map[int]string{} // lines with a mention, and of whom
	type place struct{ line, mention int }
	var places []place
	for i, line := range lines {
		end := -1 // of the last mention in this line
		for _, span := range anyAddress.FindAllStringIndex(line, 20) {
			a := cleanAddress(line[span[0]:span[1]])
			if a == "" || strings.HasPrefix(a, "@") || len(found) >= maxRecipients {
				continue
			}
			before := line[:span[0]]
			if i > 0 && strings.TrimSpace(before) != "" || i > 0 && strings.Trim(before, " \t<\"'") == "" && len(before) < 8 && continues(lines[i-1]) {
				before = lines[i-1] + " " + before
			}
			if identifier.MatchString(before) {
				continue
			}
			before = anyAddress.ReplaceAllString(before, "@")
			m := mention{address: a, listed: listMark.MatchString(line[:span[0]]), rank: 1}
			switch {
			case origin.MatchString(before):
				if len(found) > 0 && i-places[len(places)-1].line <= 2 {
					if last := &found[len(found)-1]; last.final == "" && last.address != a {
						last.final, last.address = last.address, a
					}
					continue
				}
			case echoed.MatchString(line[:span[0]]):
				m.rank = 2
			case m.listed, end >= 0 && between.MatchString(line[end:span[0]]), behindWord.MatchString(before) && (!asking.MatchString(before) || sent.MatchString(before)), behindReply.MatchString(before), endsLine(before, line[span[1]:]),
				strings.Contains(strings.ToUpper(line[:span[1]]), "SMTP="+strings.ToUpper(a)):
			default:
				continue
			}
			local, _, _ := strings.Cut(a, "@")
			if ours[subscribers.Key(a)] || service.MatchString(local) {
				m.rank = 3
			}
			end = span[1]
			found = append(found, m)
			at[i] = subscribers.Key(a)
			places = append(places, place{i, len(found) - 1})
		}
	}
	for _, p := range places {
		found[p.mention].words = reason(lines, p.line, found[p.mention], at)
	}
	best := 3
	for _, m := range found {
		best = min(best, m.rank)
	}
	var kept []mention
	for _, m := range found {
		if m.rank == best && (best < 3 || !ours[subscribers.Key(m.address)]) {
			kept = merge(kept, m)
		}
	}
	return kept
}

// endsLine reports whether an address stands alone behind a colon: "mailbox is full: <address>".
func endsLine(before, after string) bool {
	before = strings.TrimRight(before, " \t\"'<([")
	return (strings.HasSuffix(before, ":") || strings.HasSuffix(before, "：")) && strings.Trim(after, " \t\"'>)].;") == "" && !asking.MatchString(before)
}

// continues reports whether a line goes on in the next one.
func continues(line string) bool {
	line = strings.TrimSpace(line)
	return line != "" && !strings.HasSuffix(line, ".") && !strings.HasSuffix(line, ":")
}

func merge(all []mention, m mention) []mention {
	for i, known := range all {
		if subscribers.Key(known.address) == subscribers.Key(m.address) || known.final != "" && subscribers.Key(known.final) == subscribers.Key(m.address) {
			if m.words != "" && !strings.Contains(known.words, m.words) && len(known.words) < 4*maxWords {
				all[i].words = strings.TrimSpace(known.words + " " + m.words)
			}
			all[i].listed = known.listed || m.listed
			return all
		}
	}
	return append(all, m)
}

// reason is what a notice says of the mention in line i: the rest of its paragraph, or, where that says nothing,
// the next one; never beyond the next mention. Of a mention inside a sentence it begins with the paragraph.
func reason(lines []string, i int, m mention, at map[int]string) string {
	another := func(line int) bool {
		key, ok := at[line]
		return ok && key != subscribers.Key(m.address) && key != subscribers.Key(m.final)
	}
	from := i
	for !m.listed && from > 0 && i-from < maxReason && strings.TrimSpace(lines[from-1]) != "" && !another(from-1) {
		from--
	}
	var b strings.Builder
	taken, blank := 0, false
	for j := from; j < len(lines) && taken < maxReason; j++ {
		line := lines[j]
		if j == i {
			if k := strings.Index(line, m.address); m.listed && k >= 0 {
				line = line[k+len(m.address):]
			}
		} else if j > i && another(j) {
			break
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
