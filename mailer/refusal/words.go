package refusal

import (
	"slices"

	"digestd/internal/lazyregexp"
)

// AnyOf tells whether one of some patterns matches. Parted, they take a third of the time of one long pattern: each of
// the short ones can look for its own letters. They are compiled when they are first asked: most commands never ask.
func AnyOf(patterns ...string) func(string) bool {
	compiled := make([]*lazyregexp.Regexp, len(patterns))
	for i, p := range patterns {
		compiled[i] = lazyregexp.New(p)
	}
	return func(s string) bool {
		return slices.ContainsFunc(compiled, func(p *lazyregexp.Regexp) bool { return p.MatchString(s) })
	}
}

// What follows is in lower case. It was taken from what the mail systems of the world say, in the languages in
// which they say it; text that none of it knows has no meaning, and suppresses nobody.

// refused is how they say that they do not want the message, or its sender.
var refused = AnyOf(
	`\bspams?\b`, `spamhaus`, `junk ?mail`, `unsolicited`, `block ?list`, `black ?list`, `blocked`, `banned`,
	`reputation`, `\bdnsbl\b`, `\brbl\b`, `dmarc`, `\bspf\b`, `\bdkim\b`, `unauthenticated`, `polic(y|ies)\b`,
	`access denied`, `relay(ing)? (access )?(denied|not|disallowed|refused)`, `(unable to|cannot|can not) relay`,
	`unauthori[sz]ed relay`, `not a gateway`, `\bden(y|ies) (relay|the sender)`, `\bblack (ip|mail)`,
	`allowed rcpthosts`, `\bforge(d|ry)\b`, `(do|does|will) not relay`, `not permitted`, `prohibit(ed|ion)`,
	`not authori[sz]ed`, `content (is |was |has been )?(rejected|refused|denied|filter)`, `message not allowed`,
	`too many (unknown|invalid|bad|rejected|non-?exist[ae]nt) (users|recipients|addresses)`,
	`trop de destinataires`, `(contains?|infected|found|detected).{0,20}virus`, `virus.{0,20}(found|detected)`,
	`\bsusp(ect|icious)`, `outboundspam`, `suppress(ed sending|ion list)`, `\b(is|are|was|been|currently) listed\b`,
	`(message|mail|sender|client|host) (was |has been |is )?(refused|rejected) (by|due)`,
	`not accepting (mail|messages) from`, `\bsending\b[^.;:]{0,30}\b(disabled|suspended|paused)`,
	`(sender|return|from)( address| domain)? (is )?(rejected|unknown|not (found|known|verified)|invalid|`+
		`could not be verified|does not exist)`,
	`(unknown|invalid) sender`, `sender verif`,
)

// listed finds those who list senders, in the names of hosts and pages too.
var listed = AnyOf(
	`spamhaus`, `spamcop`, `\bsorbs\b`, `dnsbls`, `uceprotect`, `barracudacentral`, `cloudmark`, `senderscore`,
	`mail-abuse`, `abusix`, `mailspike`, `talosintelligence`, `surriel`, `nixspam`, `blocklist`, `\baup#`,
	`^\w*[ :=]*ip[:=][0-9.]+ - `,
)

// tooBig is how they say that the message is too big.
var tooBig = AnyOf(
	`(message|mail|e-?mail|file|attachment)s?( size)? (is |are |was )?(too (big|large|long)|exceeds)`,
	`size (limit )?exceed`, `length of (the )?data\b`, `exceed\w* .{0,30}size`, `size violation`,
)

// full is how they say that a mailbox has no room.
var full = AnyOf(
	`quota`,
	`(mail ?box|mail ?folder|inbox|storage|account|in-?box|buz[oó]n|casilla|casella|caixa|postfach|`+
		`bo[iî]te)[^.:;]{0,40}(full|exc?eed|llen|plein|voll\b|piena|pleine|cheia)`,
	`insufficient (disk|system)? ?(space|storage)`, `space (is )?not enough`,
	`not (have )?enough (disk |storage )?space`, `\bfull mailbox\b`, `storage (limit|allocation)`,
	`exhausted\b[^.;:]{0,20}(storage|space)`, `speicher\pL*\b[^.;:]{0,30}([uü]ber|ueber)schritten`, `переполнен`,
	`已满`, `已滿`, `空间不足`, `空間不足`, `满了`, `満杯`, `一杯`, `いっぱい`, `容量.{0,10}超`, `超容`,
	`(skrzynka|schr[aá]nka)[^.;:]{0,30}(pe[łl]na|przepe[łl]nion|pln[aá])`, `(kutusu|kota)[^.;:]{0,20}dolu`,
	`(postlåda|brevlåda|inkorg|postkasse|indbakke|innboks)[^.;:]{0,20}(full|fyldt)`,
	`postilaatikko[^.;:]{0,20}täynnä`, `postafiók[^.;:]{0,20}(megtelt|tele)`, `переповнен`,
	`(용량|메일함|사서함)[^.。]{0,16}(초과|부족|가득)`,
)

// looping is how they say that a message goes round in circles.
var looping = AnyOf(
	`too many hops`, `mail loop`, `\blooping\b`, `routing loop`, `loops? back`,
)

// noDomain is how they say that there is no such domain, or that it takes no mail.
var noDomain = AnyOf(
	`(unknown|no such|invalid|illegal|bad) (host|domain)`,
	`(host|domain)( name)?( \S+)? (is )?(unknown|not found|not known|does(n't| not) exist|has no)`,
	`name service error`, `no (mx|mail exchanger)`, `could not find a gateway`,
	`unrout(e?able|ed) (mail )?(domain|address)`, `dns (query )?(error|lookup|failure)`, `null ?mx`,
	`domain is not (hosted|local|handled|served)`, `dom[ií]nio (no existe|inexistente|desconocido)`, `nxdomain`,
	`(do|does|will) not (handle|accept|take) (mail|e-?mail|messages)( for|\.?$)`,
)

// tooLong is how they say that they have tried for long enough.
var tooLong = AnyOf(
	`timed? ?-?out`, `queue too long`, `expired`, `not (been )?collected`,
	`maximum (delivery )?attempts`, `for \d+ days`, `\d+ attempts`, `within \d+ (days|hours)`,
)

// unreachable is how they say that a server did not answer.
var unreachable = AnyOf(
	`connection (refused|reset|lost|dropped|failed)`, `not (reachable|responding)`,
	`no answer`, `unreachable`,
)

// disabled is how mail systems say that a mailbox was closed.
var disabled = AnyOf(
	`(account|mail ?box|user|recipient|address|mailadresse|cuenta|compte|konto)[^.;]{0,40}\b(disabled|`+
		`suspend(s|ed)?|discontinued|deactivated|inactive|closed|frozen|locked|terminated|cancel+ed|`+
		`no longer active|not active|deshabilitad|desactivad|d[eé]sactiv|deaktiviert|gesperrt|disabilitat)`,
	`\b(account|mail ?box|user|address)( \S+@\S+)? ((is|was|has been) (deleted|removed)\b|deleted by)`,
	`(account|mailbox|recipient|address) no longer (accepts?|receives?) (e-?mail|mail|messages)`,
)

// idleTooLong is how they say that they closed a mailbox since nobody looked into it, whatever they call that.
var idleTooLong = AnyOf(
	`(blocked|disabled|closed|suspended|deleted|locked|expired)\b[^.;:]{0,20} (inactivity|lack of use)`,
	`(expirad|caducad|cerrad|suspendid|desactivad)[oa]\b[^.;:]{0,20} (falta de uso|inactividad)`,
)

// noMailbox is how mail systems say that there is no such mailbox.
var noMailbox = AnyOf(
	`\b(no such|unknown|invalid|nonexist[ae]nt|non-exist[ae]nt|not an? (valid|known|existing|recogni[sz]ed|`+
		`registered( gateway)?)|bad destination|undefined|unrecogni[sz]ed)( or (illegal|invalid|`+
		`unknown))? ((local|final|virtual|destination|delivery|e-?mail|mail|smtp) ){0,2}(user|mail ?box|`+
		`recipient|rcpt(to)?\b|addressee|address|account|person|alias|customer|name here)`,
	`\b(user|recipient|addressee|mail ?box|account|address|alias)( name| address|\(s\))?( \S+@\S+| <\S+>|`+
		` \( ?\S+@\S+ ?\)| '[^']*'| "[^"]*")?,? ?(\((not|un)known\)|(is |was |does |could |can |`+
		`has )?(been )?(marked as )?(un ?known|unrecogni[sz]ed|non-?exist[ae]nt|not ?(be )?(found|known|`+
		`recogni[sz]ed|listed|exist|valid|present|here)|invalid|illegal))\b`,
	`\b(user|recipient|addressee|mail ?box|account|address|alias)\b[^.;:]{0,60}(does|do)(n't| not?) exists?`,
	`\b(user|mail ?box|account|address)\b[^.;:]{0,40}(is|are|has been) (wrong|no longer (valid|available|`+
		`in use)|not in use)`,
	`\bnot (listed )?in (the |our )?(directory|domino|public|global|company|lotus|\S+ directory|address book)`,
	`\bno (mail ?box|user|account|recipient)s? (here )?(by|with|of|for|under|matching) (that|this) (name|address)`,
	`does(n't| not) have an? (\S+ )?(account|mail ?box)`,
	`\bx@x>? (is|was) (no longer|not) (a )?(valid|active|in use)\b`, `unknown local[- ]part`, `\bdosn't exist`,
	`\b(user|recipient|addressee|mailbox|account|address|alias)\b[^.;:]{0,60}no longer exists?`,
	`\brcpt <?\S+@\S+>? does not exist`, `\bnot an active (address|mailbox|account)`, `\bno mailbox found`,
	`\b(deactivated|disabled|closed) (mailbox|account|user)`,
	`\b(recipients|users|addresses|mailboxes) (are|were) (unknown|invalid|not found)\b`, `\buser_unknown\b`,
	`\b(unknown|not known) at this (site|host|domain|location)\b`, `\bemail name is not found`,
	`ディレクトリ.{0,12}(ありません|見つかりません)`, `\bnot (an? )?users? (of|on|at) (this|our) (server|system|host)`,
	`\bdo(es)?n't exists? th(at|is) (user|mailbox|account)`, `recip(ient)?notfound`, `not our customer`,
	`\bno mailbox available for (this|that) (user|address)`,
	`\b(user|recipient|mailbox|account|address)( is| has)? no longer (on|at|with|works? (here|at|for))\b`,
	`\binactive (e-?mail )?(address|account|mailbox|user)`, `\bbad_recipient\b`,
	`(odbiorca|adresat|adres|skrzynka|u[żz]ytkownik|konto)[^.;:]{0,40}(nie istnieje|nieznan)`,
	`nie ma takiego (u[żz]ytkownika|adresu|konta)`, `nieznany (u[żz]ytkownik|odbiorca|adres)`,
	`(u[žz]ivatel|adres[aá]t?|schr[aá]nka|p[řr][ií]jemce)[^.;:]{0,40}(neexistuje|nezn[aá]m|nenalezen)`,
	`(kullan[ıi]c[ıi]|al[ıi]c[ıi]|hesap|posta kutusu|adres)[^.;:]{0,40}(bulunamad[ıi]|mevcut de[ğg]il|bilinmiyor)`,
	`(användare|mottagare|adress|brevlåda)[^.;:]{0,40}(finns inte|okänd|existerar inte)`,
	`okänd (användare|mottagare)`,
	`(bruger|bruker|modtager|mottaker|adresse|postkasse|konto)[^.;:]{0,40}(finn?d?e?s ikke|eksisterer ikke|`+
		`ukendt|ukjent)`,
	`(käyttäjä|vastaanottaja|osoite|postilaatikko)[^.;:]{0,40}(ei ole olemassa|ei löydy|tuntematon)`,
	`(felhasználó|címzett|postafiók|cím)[^.;:]{0,40}(nem létezik|nem található|ismeretlen)`,
	`(користувач|скриньк|адрес|одержувач)[^.;:]{0,40}(не знайден|не існує|невідом)`,
	`(χρήστης|παραλήπτης|διεύθυνση)[^.;:]{0,40}(δεν υπάρχει|δεν βρέθηκε|άγνωστ)`,
	`(사용자|수신자|수신인|받는 ?사람|계정|주소|메일함)[^.。]{0,20}(존재하지 않|찾을 수 없|없는 (사용자|계정|주소))`, `존재하지 않는 (사용자|수신자|계정|메일|주소|이메일)`,
	`(宛先|アドレス|ユーザー?)[^。]{0,12}(使用されていません|おりません)`,
	`(usuario|cuenta|casilla|buz[oó]n|direcci[oó]n|destinatario)[^.;:]{0,40}(desconocid|inexistente|`+
		`no existe|no encontrad|no v[aá]lid|inv[aá]lid)`,
	`no se (ha )?encontr(ó|ado) (el |la |ese |esa )?(usuario|cuenta|casilla|buz[oó]n|direcci[oó]n|destinatario)`,
	`(no existe|inexistente) (el |la |ese |esa )?(usuario|cuenta|casilla|buz[oó]n|direcci[oó]n|destinatario)`,
	`(usu[aá]rio|conta|caixa postal|endere[cç]o|destinat[aá]rio)[^.;:]{0,40}(desconhecid|inexistente|`+
		`n[aã]o (existe|encontrad))`,
	`(utilisateur|destinataire|adresse|bo[iî]te)[^.;:]{0,40}(inconnue?\b|inexistante?|n'existe pas|introuvable)`,
	`(empf(ä|ae)nger(adresse)?|benutzer|postfach|mail-?adresse|adressat)[^.;:]{0,40}(unbekannt|`+
		`existiert nicht|nicht (gefunden|bekannt|vorhanden))`,
	`unbekannter (empf|benutzer)`,
	`(utente|casella|indirizzo|destinatario)[^.;:]{0,40}(sconosciut|inesistente|non esiste|`+
		`non (è )?(stat[oa] )?trovat)`,
	`(gebruiker|adres|postbus|ontvanger)[^.;:]{0,40}(onbekend|bestaat niet)`, `onbekende (gebruiker|ontvanger)`,
	`(пользовател|ящик|адрес|получател)[^.;:]{0,40}(не найден|не существует|неизвест|отсутству)`,
	`(ユーザ|宛先|アドレス|メールボックス)[^。]{0,30}(存在しません|見つかりません|不明)`, `(用户|用戶|收件人|邮箱|郵箱|地址)[^。]{0,20}(不存在|未找到|无效|無效)`, `没有这个用户`,
)

// hindered finds, in lower case, what says beside "no such mailbox" that this may be so for now, for this sender, or
// since the mail system could not look: then it does not count.
var hindered = AnyOf(
	`\b(unknown|invalid|exists?|found|valid|nicht|inconnue?|existe|pas|esiste|sconosciuto|desconocido|`+
		`desconhecido)\b,? (or|oder|ou|o|of) ([^.;:]{0,24}\b)?(not (allow|accept|receiv|able|avail|permit)\w*|`+
		`unavailable|temporar\w*|nimmt|kann|refus\w*|restrict\w*|accept\w*|unable|policy|blocked|rejects?|no est|`+
		`you)\b`,
	`或[^。]{0,6}(拒|满|滿|停)`, `may (not exist|contain)\b`, `\bat (present|the moment|this (time|hour|moment))\b`,
	`\bcurrently available`, `\bmoment(o|an)`, `zur zeit`, `derzeit`, `\buntil\b`, `\bretry\b`,
	`\b(server|backend|node|service|system|mailbox store|directory)\b[^.;:]{0,20}\b(down|offline|unreachable|`+
		`(not|did not) (respond|answer|running|ready|provisioned)\pL*|starting|out of|in test mode)\b`,
	`\b(cannot|can not|could not|unable to|failed to) (find|look up|verify|check|read)\b[^.;]{0,40}(connect|`+
		`offline|down|record|timeout)`,
	`\b(ldap|mysql)\b`, `replication`, `connection to\b[^.;]{0,40}\blost`,
	`\bbeing (moved|migrated|held|imported|re\pL+|up\pL+)`, `importing`, `disk failure`, `\berrno\b`,
	`(can not|cannot|unable to) (open|create|write|append)`, `\bwill deliver to\b`, `out of disk`, `unpaid`,
	`invoice`, `payment`, `vacation`, `safe ?list`, `(allowed|permitted) senders`, `permission`,
	`set up to receive`, `(allow|white)[- ]?list`, `gr[ae]y-?list`, `\bexternal (e-?mails?|mails?|senders?)\b`,
	`\b(backup|secondary) mx\b`, `\b(try|use) \S*mx`,
	`\bwill be (re-?opened|re-?activated|activated|restored|enabled)`, `\byet\b`, `\bpending\b`, `\bbetween \d`,
	`\bthat (may|can) receive`, `\b(charset|format)\b`, `just nu`, `(for øjeblikket|for tiden|lige nu)`,
	`tällä hetkellä`, `şu anda`, `chwilowo`, `obecnie`, `jelenleg`, `сейчас`, `наразі`, `προς το παρόν`,
	`\b(message|e-?mail|mail)s? (to|for|of)\b[^.;:]{0,40}\bdeleted by`,
	`\b(valid|invalid|known|unknown|un?recogni[sz]ed|no such) rcpt( ?to)?\b\W{0,3}((e-?mail )?address must|`+
		`command|syntax|argument|parameter|option|sequence|order|format|domain|rate)`,
	`mailing lists?\b`, `you must\b`, `user agent`, `\b(to|recipient) header`, `forbidden`, `over its`, `suspend`,
	`or recipient's server`,
)

// elsewhere finds, in lower case, words that say something else than that there is no such mailbox.
var elsewhere = AnyOf(
	`\brates?\b`, `limit`, `\bfilter`, `too (many|much|large|big)`, `this hour`, `score`, `preference`,
	`only accept`, `accepts? only`, `restrict`, `lookup`, `look up`, `larger`, `\bhops?\b`, `loop`, `spam`,
	`\buce\b`, `\bube\b`, `newsletter`, `\bsending\b`, `accept delivery of`, `current(ly)?\b`,
	`at this (time|moment)`, `at a later time`, `moment`, `locked`, `frozen`, `throttl`, `too (quickly|fast)`,
	`attack`, `starttls`, `attachment`, `protocol`, `\byour (provider|server|account|host|country)`, `refuses`,
	`not (accepting this|allowed)`, `\brules?\b`, `垃圾`, `拒收`, `满`, `滿`, `満`, `容量`,
)

// senderWord finds, in lower case, words that say that a sentence is about whoever sent.
var senderWord = AnyOf(
	`\bsend(er|as)`, `\b(return|reverse)[- ]?(address|path)\b`, `\b(envelope|mail) ?from\b`,
	`\bfrom (header|address|field|domain)`, `\bhelo\b`, `\behlo\b`, `\bip[- ]address`, `\bcallback`, `\bcallout`,
	`\bverifying\b`, `\bauthenticat`, `\byou are (an?|not) `, `\byour (own )?((e-?mail )?address|mailbox|account)\b`,
	`\byou used? to send\b`, `exp[ée]diteur`, `absender`, `отправител`, `发件`, `發件`, `寄件`, `送信者`, `差出人`, `remitente`,
	`mittente`, `remetente`, `afzender`, `발신자`, `보낸 ?사람`, `avsändar`, `afsender`, `avsender`, `lähettäj`, `nadawc`,
	`odesílatel`, `gönderen`, `feladó`, `відправник`, `αποστολέ`,
)

// Passing finds, in lower case, what always means that it may go well another time, beside a 5xx too.
var Passing = AnyOf(
	`temporar`,
	`\b(try(ing)? (it |this )?again|re-?try(ing)?)\b[^.;:]{0,30}(later|soon|tomorrow|\d|minute|hour|\bdays?\b)`,
	`\b(try|re-?send)\b[^.;:]{0,30}(later|soon|tomorrow|minute|hour\b)`, `next (delivery )?attempt`,
	`(remains?|kept|still) in (the|our) (mail )?queue`, `\b(delivered|sent) so far\b`, `unable to verify`,
	`could not (be )?verif`, `database`, `internal (server )?error`, `maintenance`, `vor(ü|ue)bergehend`,
	`zeitweilig`, `sp(ä|ae)ter`, `erneut versuch`, `weiter(hin)? versuch`, `temporaire`, `plus tard`, `r[ée]essa`,
	`temporal`, `m[áa]s tarde`, `volver[áa]n? a intent`, `intentar[áa]`, `temporane`, `pi[ùu] tardi`, `riprov`,
	`mais tarde`, `tente novamente`, `continuaremos tentando`, `tentaremos`, `tijdelijk`, `later opnieuw`,
	`blijven .{0,10}proberen`, `opnieuw geprobeerd`, `tymczasow`, `ponown`, `kolejn\S+ pr[óo]b`, `geçici`,
	`daha sonra`, `tillf[äa]llig`, `midlertidig`, `väliaikai`, `myöhemmin`, `átmenet`, `ideiglenes`, `később`,
	`dočasn`, `později`, `тимчасов`, `пізніше`, `προσωριν`, `αργότερα`, `일시적`, `나중에`, `다시 시도`, `잠시`, `позже`,
	`временн`, `повторн\S+ попытк`, `следующая попытка`, `一時的`, `しばらく`, `後ほど`, `引き続き`, `暂时`, `暫時`, `稍后`, `稍後`,
)

// receiving is how they say that somebody gets more mail than may be.
var receiving = AnyOf(
	`\b(user|recipient|mail ?box|account|address)\b[^.;]{0,80}\breceiv(ing|es|ed)\b[^.;]{0,60}\b(rate|`+
		`quickly|fast|too (many|much)|limit|per (hour|day))`,
	`\b(user|mail ?box) has too many (messages|mails)`, `\b(messages|mails?) to x@x (are |is )?deferred`,
	`\b(recipient|mail ?box|user)\b[^.;]{0,60}\b(exceeded|reached|over)\b[^.;]{0,60}\breceiv`,
	`\brecipient has (exceeded|reached)`, `\bsend to this recipient per`,
)

// greylisted is how they say that an unknown sender has to come again.
var greylisted = AnyOf(`gr[ae]y-?list`, `(first|initial) (time|contact|attempt)[^.;]{0,60}\b(again|later|retry)`)

// session is how they say that one connection has carried enough.
var session = AnyOf(
	`per[- ](session|connection)`, `too many (bad|invalid|unrecogni[sz]ed|related|non-?mail) (commands|errors)`,
	`\b(smtp )?(connection|session)( has)? (exceeded|reached)`, `separate transaction`, `too many errors`,
	`\b(mi|rp):d[mr]c\b`, `out of allow rcpt`,
	`\b(messages|mails|e-?mails|transactions|envelopes|recipients)\b[^.;:]{0,30}\b(in|on|over|for|during|`+
		`through) (this|one|a|each|a single|the( same)?) (smtp )?(session|connection)`,
)

// rested is how they say that they have waited for a command for long enough.
var rested = AnyOf(
	`time-?(d )?-?out\b[^.;]{0,40}\b(waiting|client|command|data|idle|input|closing)`, `connection expired`,
	`timeout exceeded`, `\bidle\b[^.;]{0,30}(time|too long|closing)`, `(waiting|waited)\b[^.;]{0,40}\btoo long`,
)

// crowd is how they say that a sender has too many connections at a time.
var crowd = AnyOf(
	`(concurrent|simultaneous|parallel|active)\b[^.;]{0,20} (connections?|sessions?)`,
	`too many (connections|sessions)`, `thread limit`,
	`\b(trop de|excesso de|demasiadas|troppe|zu viele) (connexion|conex|conne[sx]sion|verbindung)`,
)

// pace is how they say that a sender sends too much, or too fast.
var pace = AnyOf(
	`\b(send(ing|er'?s?)?|sent|submissions?|out(going|bound)|hourly|daily|monthly|24[- ]?hours?|relay(ing)?|`+
		`trial tenant)\b[^.;:]{0,50}\b(rates?|limit(s|ed)?|quotas?|credits?|volume|allowance)\b`,
	`\b(limit|quota|rate|credits)\b[^.;:]{0,40}\b(of|for|on|in) (sent|sending|outgoing|outbound|`+
		`messages sent|the (last )?(hour|day))`,
	`rate[- _]?limit`, `throttl`, `\bslow(er|ly| down)\b`,
	`too (much (e-?)?mail\b|fast|quickly|frequent|many requests)`,
	`\b(sending|delivery|message|connection|traffic|submission)[- ](rate|frequency|volume)`,
	`\b(frequency|rate)\b[^.;:]{0,20}\b(limit|exceed|control)`,
	`\b(max(imum)?|allowed|limit(ed)?|number of|too many|exceed(s|ed)?)\b[^.;:]{0,50}\b(e-?mails?|messages?|`+
		`mails|recipients?|defers|failures|deliver(y|ies)|connections?)\b[^.;:]{0,40}\b(hour|minute|second|day|`+
		`daily|hourly|24)`,
	`\b\d+ (recipients?|e-?mails?|messages?|mails|requests?) ?(/|per|in|every|each) ?(\d+ ?)?(s|min|h|day|24)`,
	`\b(message|mail|rcpt|recipient) count quota`, `number of (rcpts?|recipients)\b[^.;:]{0,20}\bover\b`,
	`quota (was |has been )?exceeded for the (current )?(period|month|day|hour)`,
	`\blimit of \d+ (rcpts?|recipients|messages|e-?mails|mails)\b`, `sender address rejected: (\w+ )?quota`,
	`\b(message|mail|e-?mail|hour(ly)?|daily|monthly) limit\b[^.;:]{0,40}\b(exceed|reach)`,
	`\bmax(imum)? (number|amount) of (out(going|bound)|sent) `,
	`\b(exceed|reach)\w* (the |its |an |your )?(message|mail|e-?mail|hour(ly)?|daily|monthly) limit`,
	`\b(reached|exceeded|over|used up|used all( of)?) your (\w+ ){0,3}(limit|quota|credits|allowance)`,
	`\bcredits exhausted`, `\b(insufficient|no more|not enough) (\w+ )?credits`,
	`\b\d+ ([a-z]+ )?(out )?of \d+\b[^.;]{0,30}\ballowed`,
	`\breached its limit (for|of) (processing|requests|connections|messages)`,
	`\bmaximum number of (concurrent )?connections`, `\b(mail|message) quota exceeded for\b`,
	`quota\b[^.;]{0,30}\b(in|per) \d+ (s|min|hour)`, `\bper (hour|minute|second|day)\b`,
	`too many ((same|identical|similar)\b.{0,12} )?(e-?mails|messages|mails|recipients|recipient attempts|`+
		`transactions|envelopes|connections|sessions|concurrent)`,
	`(submission|sending|sender|recipient)\w*quota`,
	`(message|recipient|sending|connection|credits?) (limit|quota|credits?)( has been| was| is)? (exceed|reach)`,
	`credits exceeded`, `(unusual|unexpected|high|excessive) (rate|volume|sending|number|traffic)`,
	`zu viele (e-?mails|nachrichten)[^.;:]{0,30}\b(zeit|pro|gesendet|verschickt)\b`,
	`anzahl (von |der )?(e-?mails|nachrichten) pro`, `versandlimit`, `te veel (e-?mails|berichten)`,
	`(nombre maximal|trop|n[uú]mero m[aá]xim|numero massim)o? d[ei] (messag|mails|courriel|mensaje|mensagen|`+
		`correo|e-?mail)`,
	`(cota|quota|l[ií]mite)\b[^.;:]{0,20}\b(or[aá]ri|hora\b|di[aá]ri|giorn|mensage|messagg|mensaje|env[ií]o|`+
		`envoi|invi)`,
	`troppi messaggi`, `(лимит|превышен|слишком много)[^.;:]{0,20} (писем|сообщени|отправ)`,
	`limit[^.;:]{0,12} (wysy[łl]|wys[łl]a|wiadomo)`, `发信[^。]{0,12}(限|超|频)`, `频率`, `発信.{0,10}制限`, `送信.{0,10}(制限|上限)`,
)

// system is how they say that they have a trouble of their own.
var system = AnyOf(
	`(insufficient|not enough|out of|no) (system|disk|queue|spool|server)[^.;:]{0,12} ?(storage|space|`+
		`resources|memory)`,
	`temporary authentication failure`,
	`(server|system|service|database)\b[^.;:]{0,20}\b(busy|overload\w*|not available|unavailable|error)`,
	`system (is )?full`, `local (error in processing|problem|configuration)`, `out of memory`,
	`queue (is )?unavailable`, `service refuse[^.;:]{0,40}(later|tard)`, `unable to process connection`,
	`load average`, `congest`, `\btoo busy\b`, `\bqq (trouble|write|read|unable|internal)`,
)

// introduces finds what is said of how a client names itself, or of where it comes from.
var introduces = AnyOf(
	`\b(helo|ehlo)`, `reverse (dns|lookup|hostname)`, `\b(ptr|rdns)\b`, `client host`,
	`(host|network|ip)\b[^.;:]{0,20} not allowed`, `service refus`, `\b(mi|rp|hl|dt):[a-z]{3}\b`,
	`\b(ip|ib|rl|ts?s)[:-]?[a-z0-9]{2,6}\b.{0,60}\b(163|126|netease|sender)`, `\bverification failed`,
	`not (allowed|permitted|authori[sz]ed) to (send|relay|use)`, `(bad|invalid|missing) (dns|ptr)\b.{0,30}record`,
	`(from|sender) (address|domain)\b[^.;]{0,40}\bnot (one of|owned|allowed|verified|match)`,
)
