package inbound

import (
	"regexp"
	"slices"
	"strings"

	"digestd/subscribers"
)

// enhancedCode finds status codes of RFC 3463 in text. Addresses of hosts and most versions look otherwise: they
// have four numbers, or begin with another digit.
var enhancedCode = regexp.MustCompile(`(?:^|[^0-9.\pL])([245]\.[0-9]{1,3}\.[0-9]{1,3})(?:[^0-9.]|\.[^0-9]|\.?$)`)

// codesIn are the status codes in text, in their order.
func codesIn(text string) (codes []string) {
	for len(text) > 0 {
		m := enhancedCode.FindStringSubmatchIndex(text)
		if m == nil {
			return codes
		}
		codes = append(codes, text[m[2]:m[3]])
		text = text[m[3]:]
	}
	return codes
}

// isGeneric reports whether a code says nothing beyond its class: X.0.0, X.1.0 and the like, or X.1.100 and above.
func isGeneric(code string) bool { return strings.HasSuffix(code, ".0") || ownDetail.MatchString(code) }

// ownDetail matches codes on addresses whose detail is a mail system's own: no registered one has three digits.
var ownDetail = regexp.MustCompile(`^[245]\.1\.[1-9][0-9]{2}$`)

// assess says what a recipient's status is, and whether his mailbox is gone: only where each code that was
// given says so, and the words speak of nothing else. Where two things are said, the milder one counts.
//
// given is what stands in a status field, words what the mail system said; either may be empty.
func assess(given, words string) (status string, gone bool) {
	words = strings.ToValidUTF8(words[:min(len(words), maxShort)], "")
	words = plainWords.Replace(strings.ReplaceAll(words, "’", "'"))
	words = followUp.ReplaceAllString(words, "503")
	codes := append(codesIn(given), codesIn(words)...)
	specific := slices.DeleteFunc(slices.Clone(codes), isGeneric)
	meant := meaning(words)
	switch {
	case len(specific) > 0:
		status = specific[0]
	case meant != "" && len(codes) > 0: // of the class that was given
		status = codes[0][:1] + meant[1:]
	case meant != "":
		status = meant
	case len(codes) > 0:
		status = codes[0]
	}
	plain := strings.ToLower(anyAddress.ReplaceAllString(words, "x@x.x"))
	switch {
	case meant != "" && !subscribers.NoSuchMailbox(meant),
		passing.MatchString(plain),
		notForGood.MatchString(words) && !replyCode.MatchString(words),
		meant != "5.1.1" && (elsewhere.MatchString(plain) || senderWord.MatchString(plain)):
		return status, false
	}
	for _, code := range specific {
		if !subscribers.NoSuchMailbox(code) {
			return status, false
		}
	}
	return status, subscribers.NoSuchMailbox(status)
}

// notForGood finds words and replies that speak of a passing trouble.
var notForGood = regexp.MustCompile(`(?i)temporar|try again|(?:^|[\s;:])4[0-9][0-9][ -]`)

// plainWords writes out what is written in several ways.
var plainWords = strings.NewReplacer("couldn't", "could not", "Couldn't", "Could not", "can't", "can not", "isn't", "is not", "wasn't", "was not", "unknown recipient or mailbox unavailable", "", // either
	"mail box", "mailbox", "Mail box", "Mailbox", "Mail Box", "Mailbox")

// passing finds, in lower case, what always means that it may go well another time, beside a 5xx too.
var passing = regexp.MustCompile(`temporar|\b(try(ing)? (it |this )?again|re-?try(ing)?)\b[^.;:]{0,30}(later|soon|tomorrow|\d|minute|hour|\bdays?\b)`)

// elsewhere finds, in lower case, words that say something else than that there is no such mailbox.
var elsewhere = regexp.MustCompile(`\brates?\b|limit|too (many|much|large|big)|this hour|gr[ae]y-?list|score|white-?list|allow-?list|preference|only accept|accepts? only|restrict|lookup|look up|` +
	`ldap|larger|\bhops?\b|loop|spam|\buce\b|\bube\b|newsletter|\bsending\b|\byour (provider|server|account|host)|垃圾|拒收|满|滿|満|一杯|いっぱい|容量`)

// senderWord finds, in lower case, words that say that a sentence is about whoever sent.
var senderWord = regexp.MustCompile(`\bsender|\b(return|reverse)[- ]?(address|path)\b|\b(envelope|mail) ?from\b|envelope sender|\bfrom (header|address|field|domain)|\bhelo\b|\behlo\b|\bip[- ]address|\bcallback|\bcallout|\bverifying\b|\bauthenticat|` +
	`exp[ée]diteur|absender|отправител|发件|發件|寄件|送信者|差出人|remitente|mittente|remetente|afzender`)

// sentenceEnd parts sentences.
var sentenceEnd = regexp.MustCompile(`[.;!?]\s|[。；！？]`)

// aboutSender reports whether it is the sender who does not exist.
func aboutSender(said string) bool {
	for _, sentence := range sentenceEnd.Split(said, -1) {
		if senderWord.MatchString(sentence) && (noMailbox.MatchString(sentence) || disabled.MatchString(sentence)) {
			return true
		}
	}
	return false
}

// followUp finds the refusal of what a client sent on after its recipient had been refused. It means nothing.
var followUp = regexp.MustCompile(`\b503 [245]\.[0-9]+\.[0-9]+`)

// policy is the code of all that is about the sender or the message, not about the mailbox.
const policy = "5.7.1"

// meaning is the status code that words stand for, or empty. The order is from what is no fault of the
// mailbox to what is.
func meaning(words string) string {
	s := anyAddress.ReplaceAllString(words, "x@x.x") // whose name means nothing
	s = strings.ToLower(hostNamed.ReplaceAllString(s, "$1 x"))
	for _, m := range meanings {
		if m.words.MatchString(s) {
			if subscribers.NoSuchMailbox(m.code) && aboutSender(s) {
				return policy
			}
			return m.code
		}
	}
	return ""
}

// hostNamed finds the names of hosts, which may be spam-filter.example.org.
var hostNamed = regexp.MustCompile(`(?i)\b(host|by|from|at|server|talking to) [\w-]+(?:\.[\w-]+)+`)

// meanings are in lower case. They were gathered from what the mail systems of the world say, in the
// languages in which they say it; text that none of them knows has no meaning, and suppresses nobody.
var meanings = []struct {
	code  string
	words *regexp.Regexp
}{
	{policy, regexp.MustCompile(`\bspam\b|spamhaus|junk mail|unsolicited|block ?list|black ?list|blocked|banned|reputation|` +
		`\bdnsbl\b|\brbl\b|dmarc|\bspf\b|\bdkim\b|unauthenticated|polic(y|ies)\b|access denied|relay(ing)? (access )?(denied|not)|not permitted|` +
		`not authori[sz]ed|content (rejected|filter)|(contains?|infected|found|detected).{0,20}virus|virus.{0,20}(found|detected)|suspicious|\b(is|are|was|been|currently) listed\b|(message|mail|sender|client|host) (was |has been |is )?(refused|rejected) (by|due)|` +
		`not accepting (mail|messages) from|does not accept mail from|(sender|return|from)( address| domain)? (is )?(rejected|unknown|not (found|known|verified)|invalid|could not be verified|does not exist)|(unknown|invalid) sender|sender verif|bulk (e-?mail|mail) filter`)},
	{"5.3.4", regexp.MustCompile(`(message|mail|e-?mail|file|attachment)s?( size)? (is |are |was )?(too (big|large|long)|exceeds)|maximum (inbound |incoming )?message size|size (limit )?exceed|exceed\w* .{0,30}size`)},
	{"5.2.2", regexp.MustCompile(`quota|(mail ?box|mail ?folder|inbox|storage|account|in-?box|buz[oó]n|casilla|casella|postfach|bo[iî]te)[^.:;]{0,40}(full|exceed|llen|plein|voll\b|piena|pleine|cheia)|` +
		`insufficient (disk|system)? ?(space|storage)|space not enough|not enough (disk )?space|no space left|storage limit|переполнен|已满|已滿|空间不足|空間不足|满了|満杯|一杯|いっぱい|容量.{0,10}超`)},
	{"5.4.6", regexp.MustCompile(`too many hops|mail loop|message looping|routing loop|loops? back`)},
	{"5.1.2", regexp.MustCompile(`(unknown|no such|invalid|bad) (host|domain)|(host|domain)( name)?( \S+)? (is )?(unknown|not found|not known|does(n't| not) exist|has no)|` +
		`name service error|no (mx|mail exchanger)|could not find a gateway|unrout(e?able|ed) (mail )?(domain|address)|dns (error|lookup|failure)|nullmx|dom[ií]nio (no existe|inexistente|desconocido)|nxdomain`)},
	{"5.1.1", noMailbox},
	{"5.2.1", disabled},
	{"5.4.7", regexp.MustCompile(`timed? ?-?out|(in|on) the queue too long|queue too long|expired|not (been )?collected|maximum (delivery )?attempts|for \d+ days|\d+ attempts|within \d+ (days|hours)|allowed queue period`)},
	{"5.4.1", regexp.MustCompile(`connection (refused|reset|lost|dropped|failed)|(establish|make) an smtp connection|not (reachable|responding)|no answer|unreachable|network problem`)},
}

// disabled is how mail systems say that a mailbox was closed.
var disabled = regexp.MustCompile(`(account|mail ?box|user|recipient|address|mailadresse|cuenta|compte|konto)[^.;]{0,40}\b(disabled|discontinued|deactivated|inactive|closed|terminated|cancel+ed|no longer active|deshabilitad|desactivad|d[eé]sactiv|deaktiviert|gesperrt|disabilitat)`)

// noMailbox is how mail systems say that there is no such mailbox.
var noMailbox = regexp.MustCompile(strings.Join([]string{
	`\b(no such|unknown|invalid|nonexist[ae]nt|non-exist[ae]nt|not an? (valid|known|existing)|bad destination|undefined|unrecogni[sz]ed)( or (illegal|invalid|unknown))? ((local|final|virtual|destination|delivery|e-?mail|mail|smtp) ){0,2}(user|mail ?box|recipient|addressee|address|account|person|alias|customer|name here)`,
	`\b(user|recipient|addressee|mail ?box|account|address|alias)( name| address|\(s\))?( \S+@\S+| <\S+>| '[^']*'| "[^"]*")?,? ?(\((not|un)known\)|(is |was |does |could |can |has )?(been )?(un ?known|non-?exist[ae]nt|not ?(be )?(found|known|recogni[sz]ed|listed|exist|valid|present|here)|invalid|illegal))\b`,
	`\b(user|recipient|addressee|mail ?box|account|address|alias)\b[^.;:]{0,60}(does|do)(n't| not) exist`,
	`\b(user|mail ?box|account|address)\b[^.;:]{0,40}(is|are|has been) (wrong|no longer (valid|available|in use)|not in use)`,
	`\bnot listed in (the |our )?(domino|public|global|company|lotus|\S+ directory|address book)`,
	`\bno (mail ?box|user|account|recipient)s? (here )?(by|with|of|for|under|matching) (that|this) (name|address)`,
	`does(n't| not) have an? (\S+ )?(account|mail ?box)`,
	`there is no (\S+ ){0,3}(user|account|mail ?box|person)`,
	`\b(user|recipient|addressee|mailbox|account|address|alias)\b[^.;:]{0,60}no longer exists?`,
	`\brcpt <?\S+@\S+>? does not exist|\bnot an active (address|mailbox|account)|\bno mailbox found|\bdeactivated (mailbox|account|user)`,
	`recip(ient)?notfound|addressee unknown|not our customer`,
	`(usuario|cuenta|casilla|buz[oó]n|direcci[oó]n|destinatario)[^.;:]{0,40}(desconocid|inexistente|no existe|no encontrad|no v[aá]lid|inv[aá]lid)`,
	`(no existe|inexistente) (el |la |ese |esa )?(usuario|cuenta|casilla|buz[oó]n|direcci[oó]n|destinatario)`,
	`(usu[aá]rio|conta|caixa postal|endere[cç]o|destinat[aá]rio)[^.;:]{0,40}(desconhecid|inexistente|n[aã]o (existe|encontrad))`,
	`(utilisateur|destinataire|adresse|bo[iî]te)[^.;:]{0,40}(inconnue?\b|inexistante?|n'existe pas|introuvable)`,
	`(empf(ä|ae)nger(adresse)?|benutzer|postfach|mailadresse|adressat)[^.;:]{0,40}(unbekannt|existiert nicht|nicht (gefunden|bekannt|vorhanden))|unbekannter (empf|benutzer)`,
	`(utente|casella|indirizzo|destinatario)[^.;:]{0,40}(sconosciut|inesistente|non esiste|non trovat)`,
	`(gebruiker|adres|postbus|ontvanger)[^.;:]{0,40}(onbekend|bestaat niet)|onbekende (gebruiker|ontvanger)`,
	`(пользовател|ящик|адрес|получател)[^.;:]{0,40}(не найден|не существует|неизвест|отсутству)`,
	`(ユーザ|宛先|アドレス|メールボックス)[^。]{0,30}(存在しません|見つかりません|不明)`,
	`(用户|用戶|收件人|邮箱|郵箱|地址)[^。]{0,20}(不存在|未找到|无效|無效)|没有这个用户`,
}, "|"))
