package inbound

import (
	"strings"

	"digestd/internal/lazyregexp"
)

// Where a notice in words ends and what it returns begins. What stands in a returned message was written by us, or by
// those whom our mail cites; not a word of it may be taken for the mail system's.

// isQuoted reports whether a line is quoted. SMTP that is shown has three brackets, a reply one or two, or a bar.
func isQuoted(line string) bool {
	line = strings.TrimSpace(line)
	return strings.HasPrefix(line, ">") && !strings.HasPrefix(line, ">>>") || strings.HasPrefix(line, "| ")
}

// ownWords are the lines of a notice before what it returns.
func ownWords(text string) (said notice) {
	lines := strings.SplitN(text, "\n", maxLines+1)
	lines = lines[:min(len(lines), maxLines)]
	fields := make([]string, len(lines)) // the name of the field that a line begins
	for i := range lines {
		lines[i] = lines[i][:min(len(lines[i]), maxLine)]
		if m := headerLine.FindStringSubmatch(lines[i]); m != nil {
			fields[i] = strings.ToLower(m[1])
		}
	}
	// shown: the line before is one of such fields, and was looked at
	quoted, inside, named, shown := false, false, false, false
	for i, line := range lines {
		if returns.MatchString(line) || isRule(line) || beginsHeader(lines[i:], fields[i:]) ||
			named && !shown && showsFields(lines[i:]) {
			said.marked = true
			break
		}
		shown = shownLine.MatchString(line)
		inside = isQuoted(line) || inside && strings.TrimSpace(line) != "" // what is quoted may have been wrapped
		if inside {
			quoted = true
			continue
		}
		if subjectLine.MatchString(line) { // whatever it says, it is ours
			continue
		}
		named = named || !shown && fields[i] == "" && strings.Contains(line, "@")
		said.lines = append(said.lines, line)
		if !quoted {
			said.unquoted++
		}
	}
	return said
}

// returns matches the line after which the returned message begins.
var returns = lazyregexp.New(`(?i)^[\s\-=*_|#>.]*(` +
	`(start of |begin(ning)? of |the )*(original|returned|unsent|undelivered|rejected|failed|old) (e-?mail |mail )?(message|mail|e-?mail)s?( as received| text| headers?| attached| below| is| are| as| follows?)*( \(.*\))?[\s\-=*_|#:.]*$` +
	`|(message|mail) (text|headers?|contents?) (follow|below|attached)` +
	`|(unsent|original|returned) message\b.*\b(below|follows)` +
	`|((here|this|below) is )?((the|a|an|full) )*(copy|excerpt|text|contents?|body|headers?) of (the|your)( (original|returned|rejected))? (message|mail|e-?mail)( (is|was|reads|follows|below))*[\s:.\-=*]*$` +
	`|(your|the)( original)? (message|mail|e-?mail)( (that )?you (sent|wrote))? (is|was|reads|read)\s*:\s*$` +
	`|(your|the)( original)? (message|mail|e-?mail) (follows|is (attached|included|shown) below)[\s:.]*$` +
	`|(message|mail|e-?mail) (body|text|contents?|headers?)\s*:?\s*$` +
	`|begin forwarded message|forwarded message\s*:?\s*$` +
	`|(on .{5,160} wrote|am .{5,160} schrieb.{0,80}|le .{5,160} a écrit|el .{5,160} escribió|il .{5,160} ha scritto|em .{5,160} escreveu)\s*:\s*$` +
	`|header of the source` +
	`|(this|included|attached|below|here|enclosed) is a (copy|summary) of` +
	`|below (this|the next) line is a copy|a summary of the undelivered` +
	`|(the )?(header|first)\b.{0,40}(lines )?of (the|your) (original )?message` +
	`|your message reads` +
	`|mensaje original|mensagem original|message d'origine|message original|messaggio originale|oorspronkelijk bericht|urspr(ü|ue)ngliche nachricht|исходное (сообщение|письмо)` +
	`|(su|tu|la sua|il suo|a sua|sua|votre|ihre|deine|uw|ваше) (mensaje|mensagem|message|messaggio|nachricht|e-?mail|urspr(ü|ue)ngliche nachricht|oorspronkelijk bericht)( (original|originale|d'origine|initial)| (folgt|lautet|lautete|sigue|suit))\s*:\s*$` +
	`|(ihre|die|deine) urspr(ü|ue)ngliche nachricht[\s:.\-=]*$` +
	`|((ihre|die) )?original-?(nachricht|mail|e-?mail)[\s:.\-=]*$` +
	`|元の(メッセージ|メール)|原(始|来的)?(邮件|郵件|信件)(内容)?[\s:：\-=]*$` +
	`)`)

// A rule around a few words parts what a notice says from what it returns, in any language, unless the words
// announce a part of the notice itself.
var (
	rule    = lazyregexp.New(`^\s*[-=_]{2,}\s*(\pL[\pL\pM' ]{2,60}?)\s*[-=_]{2,}\s*$`)
	section = lazyregexp.New(`(?i)transcript|session|address|recipient|error|reason|fail|report|status|diagnos|expla|warning|info|detail|notif|technical|deliver|log\b|` +
		`empf|fehler|grund|destina|adres|raison|motiv|causa|err(o|eu)r|причин|ошибк|адрес|получател|エラー|宛先|原因|理由|收件|错误|錯誤|详|詳`)
)

// isRule reports whether such a rule stands here.
func isRule(line string) bool {
	m := rule.FindStringSubmatch(line)
	return m != nil && !section.MatchString(m[1])
}

// headerLine matches fields by which the header of a returned message is known.
var headerLine = lazyregexp.New(`(?i)^(?:[>|] ?)*(received|return-path|message-id|mime-version|date|from|to|subject|sender|x-[a-z-]+|content-[a-z-]+|dkim-signature|list-[a-z]+|reply-to|path):\s`)

// isStrong reports whether a field stands in headers only.
func isStrong(field string) bool {
	switch field {
	case "received", "return-path", "message-id", "mime-version", "dkim-signature":
		return true
	}
	return strings.HasPrefix(field, "list-")
}

// beginsHeader reports whether a returned message's header begins here: three fields on end, one of them such as
// no prose has. fields has the name of the field that each line begins.
func beginsHeader(lines, fields []string) bool {
	count, strong := 0, false
	for i, line := range lines[:min(len(lines), 60)] {
		if fields[i] != "" {
			count++
			strong = strong || isStrong(fields[i])
		} else if folded := strings.TrimLeft(line, ">|"); count == 0 || folded == "" ||
			folded[0] != ' ' && folded[0] != '\t' {
			break
		}
		if count >= 3 && strong {
			return true
		}
	}
	return count >= 2 && strong
}

// subjectLine matches where a notice shows a message's subject.
var subjectLine = lazyregexp.New(`(?i)^[>|\s]*(subject|betreff|objet|asunto|assunto|oggetto|onderwerp|тема|件名|主题|主題|主旨)\s?[:：]`)

// shownLine matches the fields that mail programs show of a message.
var shownLine = lazyregexp.New(`(?i)^[>|\s]*(subject|from|sent|date|to|cc|reply-to|message-id|` +
	`betreff|von|gesendet|datum|an|objet|de|envoy[ée]|à|asunto|enviado( el)?|fecha|para|assunto|enviada em|data|oggetto|da|inviato|a|onderwerp|van|verzonden|aan|` +
	`тема|от|кому|дата|отправлено|件名|差出人|送信日時|日時|宛先|主题|主題|主旨|发件人|寄件者|收件人|收件者|发送时间|日期)\s?[:：]`)

// explains matches a line that goes on with the reason.
var explains = lazyregexp.New(`(?i)^\s*(` + section.String() + `)[^:：]{0,30}[:：]`)

// showsFields reports whether the fields of a message are shown here, three at least, its subject among them. Some mail
// systems show them before they come to the point, so this ends a notice only after the recipient, and not where a
// reason follows.
func showsFields(lines []string) bool {
	count, subject := 0, false
	for _, line := range lines[:min(len(lines), 60)] {
		switch {
		case shownLine.MatchString(line):
			count++
			subject = subject || subjectLine.MatchString(line)
		case count == 0:
			return false
		case strings.TrimSpace(line) != "":
			return count >= 3 && subject && !explains.MatchString(line)
		}
	}
	return count >= 3 && subject
}
