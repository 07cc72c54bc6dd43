package inbound

import (
	"strings"

	"digestd/internal/lazyregexp"
	"digestd/subscribers"
)

// leave matches the words by which people leave, in the languages that our mails and the gateways of companies speak.
// Gateways translate subjects, and people write what their own program calls it.
var leave = lazyregexp.New(`(?i)` + strings.Join([]string{
	`\bun-?subscri(?:be|bed|bing|ption)(?:\b|_)`, `\bopt[- ]?(?:me )?out\b`, `\bsign ?off\b`,
	`\bcancel(?:l?ing)? (?:my |the |this )?(?:subscription|newsletter)`,
	`\b(?:remove|delete|take|get) (?:me|my (?:e-?mail )?(?:address|name|e-?mail))\b`,
	`\bstop (?:sending|mailing|e-?mailing|these|the (?:mail|e-?mail|newsletter)s?)\b`,
	`\bno more (?:e-?mails?|mails?|newsletters?)\b`,
	`\bdo(?: not|n't) (?:want|wish) (?:to receive|any more|these|this)\b`,
	`\bd[ée]s-?abonn\pL*`, `\bd[ée]s-?inscri\pL*`, `\bne plus recevoir\b`,
	`\babbestell\pL*`, `\bab(?:zu)?meld\pL*`, `\baus(?:zu)?trag\pL*`, `\bk[üu]ndig\pL*`,
	`\bkeine (?:weiteren )?(?:e-?mails?|newsletter)\b`,
	`\bdar(?:me|se)? de baja\b`, `\bdesuscri\pL*`, `\bdesinscri\pL*`,
	`\bcancelar (?:la |mi |a |minha )?(?:suscripci[óo]n|inscri[çc][ãa]o|assinatura|subscri[çc][ãa]o)`,
	`\bdescadastr\pL*`, `\bannull\pL* (?:la |l'|mia )*(?:iscrizione|sottoscrizione)`, `\bdis-?iscri\pL*`,
	`\bcancella(?:mi|rmi|zione)\b`,
	`\buitschrijv\pL*`, `\bschrijf me uit\b`, `\baf(?:te)?meld\pL*`, `\bavmeld\pL*`, `\bavregistrer\pL*`,
	`\bavprenumerer\pL*`, `\bavslutt? \pL*abonnement\pL*`,
	`\bperuuta (?:tilaus|uutiskirje)\pL*`, `\bwypis\pL*`, `\brezygnuj\pL*`, `\bodhl[áa]s\pL*`, `\bodjav\pL*`,
	`\bdezabon\pL*`, `\bleiratkoz\pL*`,
	`отпи(?:с|ш)\pL*`, `відпи(?:с|ш)\pL*`, `\biptal\b`, `abonelikten [çc]\pL*`, `διαγραφ\pL*`, `إلغاء الاشتراك`, `הסר`,
	`ביטול (?:הרשמה|מנוי)`,
	`退订`, `取消订阅`, `退訂`, `取消訂閱`, `配信停止`, `購読(?:を)?(?:解除|停止|中止)`, `登録解除`, `解約`, `구독 ?(?:취소|해지)`, `수신 ?거부`,
	`सदस्यता (?:समाप्त|रद्द)`,
}, "|"))

// ownLines is how many lines of what somebody wrote are read for a wish to leave, and ownWordsMost how many words a
// letter may have that is nothing but such a wish.
const (
	tokenLines   = 3 // that are read for a token
	ownLines     = 10
	ownWordsMost = 60
	subjectMost  = 6 // words
)

// wroteTo is what a person wrote above what they quote.
func wroteTo(notice string) (lines []string) {
	for line := range strings.Lines(notice) {
		line = strings.TrimSpace(line)
		switch {
		case strings.HasPrefix(line, ">"), strings.HasPrefix(line, "-----"), strings.HasPrefix(line, "_____"),
			quoting.MatchString(line):
			return lines
		case line == "--": // a signature
			return lines
		case line != "":
			lines = append(lines, line)
		}
		if len(lines) == ownLines {
			return lines
		}
	}
	return lines
}

// quoting begins what an answer quotes: "On …, … wrote:" and the header of a message.
var quoting = lazyregexp.New(`(?i)^(?:on\b.*wrote:|am\b.*schrieb.*:|le\b.*[ée]crit\s*:|el\b.*escribi[óo]:|from:|von:|de\s?:|da:|van:|от:|差出人:|发件人:)`)

// leavingTokens are the tokens that stand next to the word, as in the subject of List-Unsubscribe's mailto: with
// whatever somebody put before them, and in the encoding of the link. Nobody can guess one, so where it stands makes no
// difference, but that a link to leave, in a mail that is passed on or answered, is not yet a wish.
func leavingTokens(line string) (found []string) {
	line = strings.NewReplacer("%20", " ", "=20", " ").Replace(line)
	for _, at := range leave.FindAllStringIndex(line, maxTokens) {
		if before := strings.ToLower(line[:at[0]]); strings.Contains(before, "mailto:") ||
			strings.Contains(before, "://") {
			continue
		}
		rest := strings.TrimLeftFunc(line[at[1]:], func(r rune) bool { return r < 0x80 && !isTokenByte(byte(r)) })
		for range 2 {
			end := 0
			for end < len(rest) && isTokenByte(rest[end]) {
				end++
			}
			if end == subscribers.TokenLen {
				found = append(found, rest[:end])
			}
			rest = strings.TrimLeft(rest, "_-") // between the word and the token, but for one that begins so
		}
	}
	return found
}

func isTokenByte(c byte) bool { return isAlphanumeric(c) || c == '-' || c == '_' }

// wantsOut reports whether a person asks to leave, without a token perhaps: in a subject that says little else, or in a
// short letter.
func wantsOut(subject string, lines []string) bool {
	bare := strings.TrimSpace(prefixes.ReplaceAllString(subject, ""))
	if len(strings.Fields(bare)) <= subjectMost && (leave.MatchString(bare) || justStop.MatchString(bare)) {
		return true
	}
	text := strings.Join(lines, " ")
	return len(lines) > 0 && len(lines) < ownLines && len(strings.Fields(text)) <= ownWordsMost &&
		(leave.MatchString(text) || justStop.MatchString(text))
}

// prefixes are what programs put before a subject.
var prefixes = lazyregexp.New(`(?i)^(?:\s*(?:\[[^\]]{1,40}\]|\*{2,}[^*]{1,40}\*{2,}|\pL{2,4}\s*[:：]))*`)

var justStop = lazyregexp.New(`(?i)^\W*(?:please )?(?:stop|st0p|arr[êe]t|stopp|basta)\W*$`)
