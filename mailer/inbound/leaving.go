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
	`\babbestell\pL*`, `\bab(?:zu)?meld\pL*`, `\baus(?:zu)?trag(?:en|ung)?\b`, `\bk[üu]ndigen?\b`, `^\W*k[üu]ndigung\b.{0,30}$`,
	`\bkeine (?:weiteren )?(?:(?:e-?)?mails?|newsletter)\b`,
	`\bdar(?:me|se)? de baja\b`, `\bdesuscri\pL*`, `\bdesinscri\pL*`,
	`\bcancelar (?:la |mi |a |o |minha |meu )?(?:recebimento|cadastro|bolet[ií][mn]|suscripci[óo]n|inscri[çc][ãa]o|assinatura|subscri[çc][ãa]o)`,
	`\bdescadastr\pL*`, `\bannull\pL* (?:la |l'|mia )*(?:iscrizione|sottoscrizione)`, `\bdis-?iscri\pL*`,
	`\bcancella(?:mi|rmi|zione)\b`,
	`\buitschrijv\pL*`, `\bschrijf (?:me|mij|ons)\b.{0,15}\buit\b`, `\baf(?:te)?meld\pL*`, `\bavmeld\pL*`, `\bavregistrer\pL*`,
	`\bavprenumerer\pL*`, `\bavslut[at]? .{0,12}(?:abonnement|prenumeration)\pL*`,
	`\bperuuta (?:tilaus|uutiskirje)\pL*`, `\bwypis\pL*`, `\brezygn\pL+`, `\bodhl[áa]s\pL*`, `\bodjav\pL*`,
	`\bdezabon\pL*`, `\bleiratkoz\pL*`,
	`отпи(?:с|ш)\pL*`, `відпи(?:с|ш)\pL*`, `\biptal\b`, `abonelikten [çc]\pL*`, `διαγρ[αά][φψ]\pL*`, `إلغاء الاشتراك`, `הסר`,
	`ביטול (?:הרשמה|מנוי)`,
	`退订`, `取消订阅`, `退訂`, `取消訂閱`, `配信停止`, `購読(?:を)?(?:解除|停止|中止)`, `登録解除`, `解約`, `구독 ?(?:취소|해지)`, `수신 ?거부`,
	`सदस्यता (?:समाप्त|रद्द)`,
}, "|"))

// wish matches what else people write who want to leave: what shall be ended or taken out of where, what they no longer
// want, and what nobody shall send them. Somebody who misses our mail does not want it.
var wish = lazyregexp.New(`(?i)` + strings.Join([]string{
	`\bun-?su[bs]{0,2}c?[ri]+b`, `^\W*(?:unsub|baja)\W*$`,
	`(?:^|\PL)(?:` + endings + `)\PL(?:[^.,;:!?]{0,40}\PL)?\pL{0,12}(?:` + endable + `)`,
	`\b(?:remove|delete|erase|taken?|get|strike|drop|want)\b[^.?!]{0,40}\b(?:off|from|out of) [^.?!]{0,30}\b(?:lists?|mailings?|database|records|circulation)\b`,
	`(?:\bno longer|\bnot|n['’]?t) (?:wish|want|like|care|interested)\b.{0,30}\b(?:receiv|get|e-?mails?\b|newsletters?\b)`, `(?:\bno longer|\bnot|n['’]?t) (?:need|interested in) .{0,20}\b(?:e-?mail|news)`, `(?:^|[.!?] )(?:please )?(?:cancel|delete) (?:it|this)[.!]`,
	`(?:^|\PL)(?:` + stopping + `)\PL(?:[^.?!]{0,30}\PL)?(?:` + sending + `)`,
	`^\W*(?:(?:i'm|i am|we are|we're) )?(?:no longer|not) interested`, `\b(?:kein|geen|inget|n[ãa]o .{0,12}|non mi?|no me|ne m)\W{0,2}int[ée]ress?`, `не интерес`,
	`\b(?:aus|uit|från|fra|z|ze) (?:\pL{2,8} )?(?:e-?mail-?|mail-?|newsletter-?)?(?:verteiler|list|lijst|bestand|mailing|datenbank|baz|seznam)`, `\bpois (?:\pL+ )?\pL*listalt`, `(?:リスト|名簿)から`, `목록에서`,
	`\b(?:withdraw|widerruf|r[ée]vo[ckq]|retir|herroep|återkall)\pL* .{0,40}(?:consent|einwillig|consenso|toestemming|samtyck)`, `\b(?:versand|zusendung|newsletter|abo|abonnement)\b(?:.{0,30}\b(?:einstell|stopp|beend|stornier|k[üu]ndig|l[öo]sch)|.{0,8}\bein\W*$)`,
	`\b(?:m(?:ö|oe)chte|will|w(?:ü|ue)nsche|wollen)\b.{0,40}\b(?:nicht (?:mehr|l(?:ä|ae)nger)|keine?n?)\b.{0,40}\b(?:erhalten|bekommen|haben)\b`, `\b(?:send|schick)\pL* .{0,30}\b(?:nichts|keine?n?) (?:mehr|weiteren)\b`,
	`\bne plus (?:me |nous |m'|m’)?(?:envoy|adress|contact)\pL*`, `\bne (?:souhait|veu|voul|d[ée]sir)\pL+ plus\b`, `^\W*stop (?:aux? )?(?:mail|courriel|pub)`,
	`\b(?:solicit|pid|quier|dese|ruego)\pL* .{0,20}\bbaja\b`, `\bd[eé]n?me de baja`, `\bbaja (?:de )?(?:la |el |del )?(?:bolet|lista|newsl|suscri)`, `\bno (?:quier|dese|quer)\pL+ .{0,20}(?:recib|más correo)`,
	`\bno (?:me )?(?:env[ií]|mand)\pL+ más`, `\bn[ãa]o (?:quer|desej)\pL+ .{0,20}receb`, `\bnon (?:desider|vogli|intend)\pL+ .{0,15}ricever`, `\bnon (?:mi )?(?:invia|manda)\pL+ più`,
	`\badres .{0,10}verwijder`, `\b(?:uit te schrijven|af te melden)\b`, `\bgeen .{0,20}\b(?:(?:e-?)?mails?|nieuwsbrie\pL+|berichten) (?:meer|langer)\b`, `\bw(?:il|ens) .{0,30}(?:geen|niet (?:meer|langer)) .{0,30}ontvang`, `\bstuur .{0,15}\b(?:geen|niet)`,
	`\b(?:ta (?:bort|av)|fjern|slett?|stryk|meld) m(?:i|e)g\b`, `\bvill inte (?:längre |ha |få )`, `ønsker ikke (?:længere|lenger|mere?|flere?|at|å) `,
	`\bpoista\pL* (?:minut|osoitteeni|nimeni)`, `\ben halua (?:enää|saada)`, `\bälkää lähettä`, `nie chc\pL+ .{0,20}(?:otrzymy|dosta)wać`, `nie (?:wysyłaj|przysyłaj)\pL*`, `odhl[áa][šs]\pL*`, `nechci .{0,20}dostávat`, `neposílejte`, `ne küld\pL+`,
	`не хо(?:чу|тим) .{0,20}получать`, `не (?:надо |нужно )?(?:шлите|отправляйте|надсилайте|присыла(?:ть|йте))`, `(?:list\pL*den|adresimi|beni)\PL(?:.{0,12}\PL)?(?:çıkar|sil)`, `almak istemiyor`, `gönderme(?:yin)?\b`,
	`(?:配信|購読|登録|メルマガ|メール).{0,6}(?:解除|停止|中止|不要|削除)`, `(?:送ら|送信し|配信し)ないで`, `(?:不要|别|勿)再.{0,8}(?:发|寄)`, `停止发送`, `[从從].{0,8}(?:列表|名单|名單).{0,4}[删刪移]除`, `移出.{0,4}(?:列表|名单|名單)`, `(?:구독|수신|뉴스레터|메일)\S? ?.{0,2}(?:취소|해지|거부|중단)`, `보내지 ?(?:마|말)`, `그만 ?보내`,
}, "|"))

const (
	// endings are verbs by which people ask for that, in the form of a wish.
	endings = `remove|removal|removing|be removed|delete|deletion|erase|cancel|cancell?ation|stop|quit|cease|discontinue|leave|unsub|end (?:my|this|our)|` +
		`lösch\pL*|loesch\pL*|entfern\pL*|streich\pL*|k[üu]ndig\pL*|beend\pL*|retir\pL*|supprim\pL*|enlev\pL*|effac\pL*|arr[êe]te[rz]|cesse[rz]|annule[rz]|résili\pL*|` +
		`elim[ií]n\pL*|b[óo]rr\pL*|qu[ií]t\pL*|s[áa]qu\pL*|cancel\pL*|anul\pL*|remov\pL*|exclu\pL*|tire|tirem|rimuov\pL*|togli\pL*|annull\pL*|disdi\pL*|verwijder\pL*|haal|schrap\pL*|` +
		`ta (?:bort|av)|avslut\pL*|fjern\pL*|slett?\pL*|stopp\pL*|opsig\pL*|poist\pL*|peru\pL*|lopet\pL*|usu[nń]\pL*|wykreśl\pL*|skreśl\pL*|rezygn\pL*|wypis\pL*|odstra\pL*|vyřa\pL*|zruš\pL*|töröl\pL*|` +
		`удал\pL*|исключ\pL*|убер\pL*|убра\pL*|отмен\pL*|прекрат\pL*|видал\pL*|виключ\pL*|прибер\pL*`
	// stopping is how people tell us to end something, and sending how they call it.
	stopping = `stop(?:pen)?|quit|cease|discontinue|cesse[rz]|arr[êe]te[rz]|dejen?|pare[mn]?|smett\pL+|sluta|slutt|hold op|przestań\pL*|přestaň\pL*|lopettakaa|прекратите|перестаньте`
	sending  = `sending|e-?mailing|mailing|writing|spamming|envoyer|adresser|écrire|env[ií][aeá]|mand[aáe][rnm]|escri|escrev|inviar|sturen|mailen|zenden|skicka|maila|sende|wysyła|przysyła|posíl|lähett|слать|присыл|писать`
	// endable are the beginnings of what they want to be ended, or to be taken out of.
	endable = `lists?\b|list[aeyęou]\b|listan\b|lijst|mailing|newsletter|nieuwsbrief|nyhe[td]\pL?brev|uutiskir|subscri|suscri|inscri|iscrizion|assinatura|abonn|abonament|prenumer|tilau|verteil|empfänger|datenbank|` +
		`database|records|fichier|diffusion|envoi|base\b|baz[yae]\b|bestand|bolet[ií]|cadastro|recebimento|indirizzo|indirizzi|adres|(?:e-?)?mails\b|my (?:e-?mail|name|personal|data|details|contact)|meine (?:daten|e-?mail)|mon (?:nom|e-?mail|mail)|mis datos|meu (?:nome|e-?mail)|` +
		`odběr|hírlev|címem|рассыл|спис|баз|адрес|розсил`
)

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

// footer begins what a list, a mail program or a lawyer puts below a letter: a signature, a rule, how to leave the list,
// what strangers shall do with it.
var footer = lazyregexp.New(`(?i)^(?:--$|[_=+*#~-]{5,}|to (?:unsubscribe|leave|sign off)\b.{0,60}(?:\b(?:send|e-?mail|visit|click|go|reply|use)\b|:)|` +
	`you(?: have|'ve)? (?:are )?(?:receiv|subscribed|getting)\pL*\b.{0,60}\bbecause\b|(?:sent|get it) (?:from|on) my \pL+|if you (?:are not|have received) |\W*(?:confidential|disclaimer|privileged)|` +
	`(?:this|diese[rs]?|ce|este|questa?|dit) (?:\pL+ )?(?:e-?mail|message|nachricht|courriel|mensaje|correo|mensagem|messaggio|bericht)\b.{0,90}(?:confiden|intended|privileged|vertr))`)

// quoting begins what an answer quotes: "On …, … wrote:", which has a time or an address in any language, and the header of
// a message.
var quoting = lazyregexp.New(`(?i)^(?:on\b.*wrote:|.*(?:\d[:.h]\d\d|@).*[:：]$|from:|von:|de\s?:|da:|van:|fra:|från:|od:|lähettäjä:|kimden:|feladó:|от:|від:|από:|(?:差出人|发件人|寄件者|보낸 사람)\s?[:：])`)

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
	says := func(s string) bool {
		s = stays.ReplaceAllString(s[:min(len(s), maxShort)], " ")
		return leave.MatchString(s) || wish.MatchString(s) || justStop.MatchString(s)
	}
	return len(strings.Fields(bare)) <= subjectMost && says(bare) ||
		len(lines) > 0 && len(lines) < ownLines && len(strings.Fields(text)) <= ownWordsMost && says(text)
}

// stays finds sentences in which people ask to be left on a list, say that they get nothing, or ask why. Who can't leave
// asks nothing of the kind.
var stays = lazyregexp.New(`(?i)[^.!?。！？]*(?:` + strings.Join([]string{
	`^\W*(?:why|warum|wieso|pourquoi|por ?qu[eé]|perch[eé]|waarom|varför|hvorfor|dlaczego|proč|miksi|miért|почему|чому|neden|なぜ|为什么|為什麼|왜)(?:\PL|$)`,
	`\b(?:do not|don['’]?t|never) (?:please )?(?:un-?subscribe|remove|delete|drop|cancel|take|stop)\b`,
	`\b(?:bekomm|erhalt|krieg)e (?:\pL+ ){0,2}keine`,
	`\b(?:melden?|tragen?|streichen?|löschen?|nehmen|nimm|schrijf|haal|verwijder|ta|meld|fjern|slett?|stryk) (?:(?:sie|mich|uns|bitte|me|mij|mig|meg|endelig|alsjeblieft) ){0,3}(?:nicht|niet|inte|ikke)\b`,
	`\bne (?:me |m['’]|nous )?(?:d[ée]s|retir|supprim|enl[èe]v)\pL* (?:surtout )?pas\b`,
	`\b(?:no|n[ãa]o|non) (?:me |mi )?(?:d[eé]n? de baja|borr|elimin|quit|cancel|descadastr|remov|retir|exclu|toglie|rimuov|disiscri)`,
	`\bnie (?:wypis|usuwa|skreśla)`, `\bne(?:odhla|vyřa|ruš)`, `\bäl(?:ä|kää) (?:poista|peru)`, `не (?:отпис|удаля|убира|исключа|відпис|видаля)`,
	`(?:çıkar|sil)ma(?:yın)?\b`, `(?:止め|停止し|解除し|外さ|削除し)ないで`, `(?:不要|别|勿)(?:取消|退订|退訂|删除|刪除|停)`, `(?:취소|해지|삭제|중단)하지 ?(?:말|마)`,
}, "|") + `)[^.!?。！？]*`)

// prefixes are what programs put before a subject.
var prefixes = lazyregexp.New(`(?i)^(?:\s*(?:\[[^\]]{1,40}\]|\*{2,}[^*]{1,40}\*{2,}|\pL{2,4}\s*[:：]))*`)

var justStop = lazyregexp.New(`(?i)^\W*(?:(?:please|pls|plz|bitte|kindly) )?(?:(?:stop|st0p|arr[êe]t|stopp|basta|remove|delete)(?: me| now| please| pls| thx| thanks)*\W*$|stop (?:it|this|that|now)\b)`)
