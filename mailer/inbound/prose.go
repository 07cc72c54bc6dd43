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
	maxNotice = 32 << 10 // bytes
	maxLines  = 1000
	maxLine   = 2000    // bytes
	maxShort  = 2 << 10 // bytes of a notice that is read as a whole for the reason, and of the words on one recipient
)

// notice is what a mail system says in words.
type notice struct {
	lines    []string // before what it returns, without those that are quoted
	unquoted int      // how many of them stand before the first quoted one
}

// flat is what some lines say, on one line in lower case.
func flat(lines []string) string {
	return strings.ToLower(strings.Join(strings.Fields(strings.Join(lines, " ")), " "))
}

// prose reads a notice in words.
func (r *Report) prose(m *part, subject string, said notice) {
	if !r.Machine && !bounceSubject(strings.ToLower(subject)) {
		return
	}
	all := flat(said.lines)
	whole := strings.Join(said.lines, " ")
	found := findRecipients(said.lines, m.header)
	for _, a := range anyAddress.FindAllString(m.header.get("x-failed-recipients"), maxRecipients) {
		a = cleanAddress(a)
		found = merge(found, mention{address: a, key: subscribers.Key(a)})
	}
	listed := false
	for _, f := range found {
		listed = listed || f.listed
	}
	if !undelivered(all) && !m.header.has("x-failed-recipients") && !(listed && isDaemon(m.header)) {
		return
	}
	if arrived.MatchString(all) && !gaveUp(all) {
		r.Kind = Delivered
		return
	}
	r.Kind = Bounce
	if stillTrying(strings.ToLower(subject), all) {
		r.Kind = Delay
	}
	if len(found) == 0 {
		// It names nobody, but its own address may be tagged. Behind a quotation everything may be quoted.
		whole = strings.Join(said.lines[:said.unquoted], " ")
		found = []mention{{words: whole}}
	}
	judge := judgement{}
	for _, f := range found {
		to := Recipient{Address: f.address, Final: f.final, Kind: r.Kind, Permanent: r.Kind == Bounce}
		var gone bool
		if to.Status, gone = judge.assess("", f.words); to.Status == "" && len(found) == 1 && len(whole) <= maxShort {
			to.Status, gone = judge.assess("", whole)
		}
		if r.Kind == Delay && strings.HasPrefix(to.Status, "5.") { // a meaning: its class is what is said here
			to.Status = "4" + to.Status[1:]
		}
		to.Gone = gone && to.Permanent && (f.final == "" || sameMailbox(f.address, f.final))
		to.Words = oneLine(strings.TrimLeft(f.words, " \t:;,.)>]\"'-"), maxWords)
		r.add(to)
	}
}

// isQuoted reports whether a line is quoted. SMTP that is shown has three brackets, a reply one or two.
func isQuoted(line string) bool {
	line = strings.TrimSpace(line)
	return strings.HasPrefix(line, ">") && !strings.HasPrefix(line, ">>>")
}

// ownWords are the lines of a notice before what it returns.
func ownWords(text string) (said notice) {
	lines := strings.SplitN(text[:min(len(text), maxNotice)], "\n", maxLines+1)
	lines = lines[:min(len(lines), maxLines)]
	fields := make([]string, len(lines)) // the name of the field that a line begins
	for i := range lines {
		lines[i] = lines[i][:min(len(lines[i]), maxLine)]
		if m := headerLine.FindStringSubmatch(lines[i]); m != nil {
			fields[i] = strings.ToLower(m[1])
		}
	}
	quoted := false
	for i, line := range lines {
		if returns.MatchString(line) || isRule(line) || beginsHeader(lines[i:], fields[i:]) {
			break
		}
		if isQuoted(line) {
			quoted = true
			continue
		}
		said.lines = append(said.lines, line)
		if !quoted {
			said.unquoted++
		}
	}
	return said
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
	`|mensaje original|mensagem original|message d'origine|message original|messaggio originale|oorspronkelijk bericht|urspr(ü|ue)ngliche nachricht|исходное (сообщение|письмо)|元の(メッセージ|メール)|原(始|来的)?(邮件|郵件|信件)(内容)?[\s:：\-=]*$` +
	`)`)

// A rule around a few words parts what a notice says from what it returns, in any language, unless the words
// announce a part of the notice itself.
var (
	rule    = regexp.MustCompile(`^\s*[-=_]{2,}\s*(\pL[\pL\pM' ]{2,60}?)\s*[-=_]{2,}\s*$`)
	section = regexp.MustCompile(`(?i)transcript|session|address|recipient|error|reason|fail|report|status|diagnos|expla|warning|info|detail|notif|technical|deliver|log\b|` +
		`empf|fehler|grund|destina|adres|raison|motiv|causa|err(o|eu)r|причин|ошибк|адрес|получател|エラー|宛先|原因|理由|收件|错误|錯誤|详|詳`)
)

// isRule reports whether such a rule stands here.
func isRule(line string) bool {
	m := rule.FindStringSubmatch(line)
	return m != nil && !section.MatchString(m[1])
}

// headerLine matches fields by which the header of a returned message is known.
var headerLine = regexp.MustCompile(`(?i)^(?:[>|] ?)*(received|return-path|message-id|mime-version|date|from|to|subject|sender|x-[a-z-]+|content-[a-z-]+|dkim-signature|list-[a-z]+|reply-to|path):\s`)

// isStrong reports whether a field stands in headers only.
func isStrong(field string) bool {
	switch field {
	case "received", "return-path", "message-id", "mime-version", "dkim-signature":
		return true
	}
	return false
}

// beginsHeader reports whether a returned message's header begins here: three fields on end, one of them such as
// no prose has. fields has the name of the field that each line begins.
func beginsHeader(lines, fields []string) bool {
	count, strong := 0, false
	for i, line := range lines[:min(len(lines), 60)] {
		if fields[i] != "" {
			count++
			strong = strong || isStrong(fields[i])
		} else if folded := strings.TrimLeft(line, ">|"); count == 0 || folded == "" || folded[0] != ' ' && folded[0] != '\t' {
			break
		}
		if count >= 3 && strong {
			return true
		}
	}
	return count >= 2 && strong
}
