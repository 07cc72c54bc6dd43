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
	`\b(?:remove|delete) (?:me|my (?:e-?mail )?(?:address|name|e-?mail))\b`, `\b(?:take|get) (?:me|my [a-z-]+) (?:off|out)\b`,
	`\bstop (?:sending|mailing|e-?mailing|these|the (?:mail|e-?mail|newsletter)s?)\b`,
	`\bno more (?:e-?mails?|mails?|newsletters?)\b`,
	`\bdo(?: not|n't) (?:want|wish) (?:to receive|any more|these|this)\b`,
	`\bd[ée]s-?abonn\pL*`, `\bd[ée]s-?inscri\pL*`, `\bne plus recevoir\b`,
	`\babbestell\pL*`, `\bab(?:zu)?meld\pL*`, `\baus(?:zu)?trag(?:en|ung)?\b`, `\bk[üu]ndig(?:e|en|ung)?\b`,
	`\bkeine (?:weiteren )?(?:e-?mails?|newsletter)\b`,
	`\bdar(?:me|se)? de baja\b`, `\bdesuscri\pL*`, `\bdesinscri\pL*`,
	`\bcancelar (?:la |mi |a |o |minha |meu )?(?:recebimento|cadastro|bolet[ií][mn]|suscripci[óo]n|inscri[çc][ãa]o|assinatura|subscri[çc][ãa]o)`,
	`\bdescadastr\pL*`, `\bannull\pL* (?:la |l'|mia )*(?:iscrizione|sottoscrizione)`, `\bdis-?iscri\pL*`,
	`\bcancella(?:mi|rmi|zione)\b`,
	`\buitschrijv\pL*`, `\bschrijf me uit\b`, `\baf(?:te)?meld\pL*`, `\bavmeld\pL*`, `\bavregistrer\pL*`,
	`\bavprenumerer\pL*`, `\bavslut[at]? .{0,12}(?:abonnement|prenumeration)\pL*`,
	`\bperuuta (?:tilaus|uutiskirje)\pL*`, `\bwypis\pL*`, `\brezygnuj\pL*`, `\bodhl[áa]s\pL*`, `\bodjav\pL*`,
	`\bdezabon\pL*`, `\bleiratkoz\pL*`,
	`отпи(?:с|ш)\pL*`, `відпи(?:с|ш)\pL*`, `\biptal\b`, `abonelikten [çc]\pL*`, `διαγραφ\pL*`, `إلغاء الاشتراك`, `הסר`,
	`ביטול (?:הרשמה|מנוי)`,
	`退订`, `取消订阅`, `退訂`, `取消訂閱`, `配信停止`, `購読(?:を)?(?:解除|停止|中止)`, `登録解除`, `解約`, `구독 ?(?:취소|해지)`, `수신 ?거부`,
	`सदस्यता (?:समाप्त|रद्द)`,
}, "|"))

// wish matches what else people write who want to leave: who shall do what with their address, or what they no longer
// want. Somebody who misses our mail does not want it.
var wish = lazyregexp.New(`(?i)` + strings.Join([]string{
	`\bun-?su[bs]{0,2}c?[ri]+b`, `^\W*(?:unsub|baja|(?:please )?remove)\W*$`,
	`\b(?:no longer|not|n't) (?:wish|want|like|care)\b.{0,30}\b(?:receiv|get|e-?mails?\b|newsletters?\b)`,
	`\b(?:remove|delete|take|get|strike|drop|erase|want)\b.{0,40}\b(?:off|from|out of) .{0,30}\b(?:lists?|mailings?|database|records)\b`,
	`\b(?:remove|delete|erase) (?:all )?(?:of )?my (?:personal )?(?:data|details|contact)`,
	`\bleave (?:this|the|your) (?:news|e-?mail|mail|list)`, `\b(?:quit|stop|cease|discontinue|end|want off) (?:\pL+ ){0,3}(?:newsletters?|mailings?|e-?mails|subscription|list)\b`,
	`\b(?:send|schick)\pL* .{0,30}\b(?:nichts|keine?n?) (?:mehr|weiteren)\b`, `\b(?:versand|zusendung|newsletter)\b.{0,20}\b(?:einstellen|stoppen|beenden)\b`, `\b(?:arr[êe]te[rz]|cesse[rz]) .{0,20}(?:envoi|envoyer|mail|lettre)`,
	`\b(?:dej|par)\pL+ de (?:enviar|mandar)`, `\bno (?:me )?(?:env[ií]|mand)\pL+ más`, `\bsmett\pL+ di (?:inviar|mandar)`, `\bnon (?:mi )?(?:invia|manda)\pL+ più`, `\bstop(?:pen)? met (?:sturen|mailen|zenden)`, `\bstuur .{0,15}\b(?:geen|niet)`,
	`\bsluta (?:skicka|maila)`, `\b(?:stop|hold op) med (?:at|å) sende`, `\bslutt å sende`, `\bälkää lähettä`, `przesta\pL+ (?:wysyłać|przysyłać)`, `nie (?:wysyłaj|przysyłaj)\pL*`, `neposílejte`, `ne küld\pL+`, `не (?:шлите|присылайте|отправляйте|надсилайте)`, `прекрат\pL+ .{0,20}(?:рассыл|присыл|слать)`, `gönderme(?:yin)?\b`, `停止发送`, `(?:メール|配信|メルマガ).{0,6}不要`,
	`\baus (?:(?:de[mr]|diese[mr]|ihre[mr]|eure[mr]) )?(?:e-?mail-?|mail-?|newsletter-?)?(?:verteiler|liste|mailingliste|datenbank)\b`,
	`\b(?:m(?:ö|oe)chte|will|w(?:ü|ue)nsche|wollen)\b.{0,40}\b(?:nicht (?:mehr|l(?:ä|ae)nger)|keine?n?)\b.{0,40}\b(?:erhalten|bekommen|haben)\b`,
	`\bne plus (?:me |nous |m'|m’)?(?:envoy|adress|contact)\pL*`, `\bne (?:souhait|veu|voul|d[ée]sir)\pL+ plus\b`, `\b(?:retir|supprim|enlev|effac)\pL+ .{0,30}\b(?:liste|fichier|base|mon (?:adresse|mail|e-?mail|nom))`,
	`\b(?:solicit|pid|quier|dese|ruego)\pL* .{0,20}\bbaja\b`, `\bbaja (?:de )?(?:la |el |del )?(?:bolet|lista|newsl|suscri)`, `\b(?:elim[ií]n|b[óo]rr|qu[ií]t|s[áa]qu)\pL+ .{0,30}\b(?:lista|base)\b`, `\bno (?:quier|dese|quer)\pL+ .{0,20}(?:recib|más correo)`,
	`\b(?:remov|retir|exclu)\pL+ .{0,30}\b(?:lista|cadastro|base)\b`, `\bn[ãa]o (?:quer|desej)\pL+ .{0,20}receb`,
	`\bnon (?:desider|vogli|intend)\pL+ .{0,15}ricever`, `\b(?:cancell|rimuov|togli)\pL+ .{0,30}\b(?:lista|mailing|indirizzo)`,
	`\b(?:verwijder|haal|schrap)\pL* .{0,30}\b(?:lijst|bestand)\b`, `\badres .{0,10}verwijder`, `\bwil .{0,30}(?:geen|niet (?:meer|langer)) .{0,30}ontvang`,
	`\bta (?:bort|av) mig\b`, `\b(?:fjern|slett?) m(?:i|e)g\b`, `\bvill inte (?:längre |ha |få )`, `ønsker ikke (?:længere|lenger|mere?|at|å) `,
	`\bpoista\pL* (?:minut|osoitteeni|nimeni)`, `\ben halua (?:enää|saada)`,
	`usu(?:ni|n[ąa])\pL+ .{0,30}(?:list|baz|adres)`, `nie chc\pL+ .{0,20}otrzymywać`, `odhl[áa]š\pL*`, `nechci .{0,20}dostávat`, `töröl\pL* .{0,30}(?:list|címem)`,
	`(?:удал|исключ|убер)ите .{0,30}(?:рассыл|спис|баз|адрес)`, `не хо(?:чу|тим) .{0,20}получать`, `(?:больше )?не (?:надо |нужно )?присыла(?:ть|йте)`, `(?:видаліть|виключіть) .{0,30}(?:розсил|спис)`,
	`list\pL*den (?:çıkar|sil)`, `almak istemiyor`,
	`配信.{0,2}停止`, `(?:送ら|送信し|配信し)ないで`, `(?:不要|别|勿)再.{0,8}(?:发|寄)`, `[从從].{0,8}(?:列表|名单|名單).{0,4}[删刪移]除`, `수신.{0,2}거부`, `보내지 ?(?:마|말)`,
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
		case strings.HasPrefix(line, ">"), strings.HasPrefix(strings.TrimPrefix(line, "- "), "-----"), // of OpenPGP
			footer.MatchString(line), quoting.MatchString(line):
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

// footer begins what a list or a mail program puts below a letter: a signature, a rule, or how to leave the list.
var footer = lazyregexp.New(`(?i)^(?:--$|[_=+*#~-]{5,}|to (?:unsubscribe|leave|sign off)\b.{0,60}(?:\b(?:send|e-?mail|visit|click|go|reply|use)\b|:)|` +
	`you(?: have|'ve)? (?:are )?(?:receiv|subscribed|getting)\pL*\b.{0,60}\bbecause\b|(?:sent|get it) (?:from|on) my \pL+)`)

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
	text := strings.Join(lines, " ")
	says := func(s string) bool { return leave.MatchString(s) || wish.MatchString(s) || justStop.MatchString(s) }
	return len(strings.Fields(bare)) <= subjectMost && says(bare) ||
		len(lines) > 0 && len(lines) < ownLines && len(strings.Fields(text)) <= ownWordsMost && says(text)
}

// prefixes are what programs put before a subject.
var prefixes = lazyregexp.New(`(?i)^(?:\s*(?:\[[^\]]{1,40}\]|\*{2,}[^*]{1,40}\*{2,}|\pL{2,4}\s*[:：]))*`)

var justStop = lazyregexp.New(`(?i)^\W*(?:please )?(?:(?:stop|st0p|arr[êe]t|stopp|basta)\W*$|stop (?:it|this|that|now)\b)`)
