package inbound

import (
	"strings"

	"digestd/internal/lazyregexp"
	"digestd/mailer/refusal"
)

// The sentences by which machines are known, in lower case, in the languages in which mail systems speak.

// bounceSubject matches subjects of bounces and of notices of delay.
var bounceSubject = refusal.AnyOf(
	`undeliver`, `non-?deliver`, `deliver\w* (status|failure|error|problem|report|notification|delay)`,
	`\b(mail|message|e-?mail|delivery)\b.{0,40}\b(fail\w*|error|return\w*|reject\w*|delayed|could not|undelivered)`,
	`failure notice`, `returned (mail|message)`, `delivery warning`,
	`no (se )?(ha )?(sido )?(pudo |podido )?(ser )?entreg`, `devuelt`, `devoluci`, `fallo (de|en) (la )?entrega`,
	`error (de|en) (el )?(env[ií]o|entrega)`, `correo rechazado`, `unzustellbar`, `nicht zugestellt`,
	`zustell(ung|fehler)`, `non (remis|distribu|d[ée]livr)`, `[ée]chec (de|d')`, `mancat[oa] (consegna|recapito)`,
	`non recapita`, `errore di consegna`, `n[ãa]o (foi )?(p[ôo]de )?(ser )?entreg`, `falha (na|de) entrega`,
	`onbestelbaar`, `niet (worden )?(afgeleverd|bezorgd)`, `недостав`, `не доставлен`, `ошибка доставки`, `配信`,
	`送信エラー`, `teslim (edilemed|gecik)`, `iletilemed`, `leverans`, `levere?r`, `toimit`, `niedostarcz`, `nedoru[čc]`,
	`kézbesít`, `전송|발송`, `παράδοση`, `配達`, `退信`, `无法投递`, `投递失败`,
)

// gaveUpSubject matches subjects that say by themselves that a mail did not arrive, and will not. The usual ones don't:
// spam borrows them.
var gaveUpSubject = refusal.AnyOf(`^returned mail: `, `cannot send (message|mail) (for|within|after) `)

// undelivered matches a statement that something did not arrive.
var undelivered = refusal.AnyOf(
	`undeliver`,
	`\b(could|can|was|were|has|have|is|are|be|been|did|will) ?(not|n't|n’t)( yet)?( be|`+
		` been)?( able to)?( successfully)? ?(be )?(deliver|reach|sent|receive|process|complet|collect|forward|`+
		`route|relay|accept|transfer)`,
	`\bnot (yet )?(been )?delivered`, `unable to (be )?(deliver|relay|send|establish|reach)`,
	`deliver\w*\b.{0,60}\b(fail|abort|error|problem|postponed|suspended|impossible)`,
	`\b(fail\w*|error\w*|problem\w*)\b.{0,60}\b(deliver|recipient|address|destination)`,
	`(permanent|fatal).{0,30}(error|failure)`,
	`(message|mail|e-?mail)\b.{0,80}\b(returned|rejected|refused|bounced|discarded|blocked)`,
	`did not exactly match`, `you (tried|attempted) to (contact|reach)`, `mailbox (is |was )?(full|exceed)`,
	`(no such|unknown|invalid|not an? (valid|known))( final| local| destination)?( delivery)? (user|`+
		`recipient|mailbox|address|host|domain)`,
	`(user|recipient|mailbox|address|host|domain)( is)? unknown`, `an error (was detected|occurred|has occurred)`,
	`(has|have|was) (been )?(delayed|postponed|deferred)`,
	`no (se )?(ha |han |pudo |pudieron |puede |pueden |fue |fueron )?(sido )?(podido )?(ser )?(entreg|envia)`,
	`imposible (entregar|enviar)`, `fall[oó].{0,30}entrega`, `devuelto`,
	`n[ãa]o (p[ôo]de|pode|foi|foram|puderam)( ser)? (entreg|envia)`, `imposs[íi]vel (entregar|enviar)`,
	`n'(a|ont) (pas )?(pu|[ée]t[ée]) ?([eê]tre )?(d[ée]livr|remis|distribu|achemin|envoy|transmis)`,
	`non (remis|d[ée]livr|distribu)`, `impossible de (remettre|d[ée]livrer|distribuer)`,
	`(nicht|konnte\w*).{0,60}(zugestellt|[uü]bermittelt|ausgeliefert)`, `unzustellbar`,
	`zustellung.{0,40}(fehlgeschlagen|nicht m[oö]glich|gescheitert)`,
	`non .{0,20}(stat[oaie]|possibile).{0,30}(consegn|recapit|inviar)`,
	`impossibile (recapitare|consegnare|inviare)`, `mancat[oa] (consegna|recapito)`,
	`(niet|kon\w*).{0,40}(afgeleverd|bezorgd|worden afgeleverd)`, `onbestelbaar`,
	`не (может|могло|могут|было|были|удалось|доставлен)`, `недоставлен`, `невозможно доставить`, `配信(できません|不能|に失敗)`,
	`送信できません`, `配達できません`, `届けられません`, `届きません`, `无法(投递|送达|发送)`, `退信`, `退回`, `投递失败`, `(不能|未能)(成功)?(投递|送达|发送)`,
	`無法(投遞|送達)`, `teslim edilemed`, `iletilemed`, `(kunde|kan|kunne) inte levereras`,
	`(kunne|kan|blev|ble) ikke (leveres|levert|leveret)`, `ei (voitu|voida) toimittaa`,
	`nie (mogła|została|może|udało)[^.]{0,20}dostarcz`, `nepodařilo doručit`,
	`nem (kézbesíthető|sikerült kézbesíteni)`, `(전송|발송|전달)[^.]{0,8}(실패|지연|수 없|않았|못)`,
	`не (вдалося|може|була) (бути )?доставл`,
)

// arrived matches statements that it did arrive.
var arrived = lazyregexp.New(`\b(message|mail|e-?mail) (was|has been) (successfully )?delivered to\b`)

// retrying matches statements that the mail is still on its way: whoever makes one has not given up.
var retrying = refusal.AnyOf(
	`not yet (been )?deliver`,
	`(will|shall) (automatically )?(be |keep |continue |go on )?(to )?(re-?tr(y|ied|ying)|try(ing)? again|`+
		`trying|be (re-?tried|attempted again))`,
	`will (continue to )?attempt (to (re)?deliver|(re-?)?delivery)`,
	`(delivery )?attempts (to deliver .{0,40})?will (continue|be made|be repeated)`,
	`(keep|continue|continues|continuing) (on )?(to )?(try|attempt)`,
	`will (keep|continue)\b.{0,20}\b(try|attempt|deliver)`, `still (being (re-?)?tried|trying|undelivered)`,
	`do not need to resend`, `(this is )?(only|just) a warning`, `warning (message )?only`, `advisory`,
	`no action is required on your part`, `(has|have|was|is) (been )?(temporarily )?(delayed|postponed|deferred)\b`,
	`r[ée]essaiera`, `wird .{0,60}erneut versuch`, `reintentar[áa]`, `riprover`, `tentar[áa] novamente`,
	`(seguir|volver)[áa]n? (a )?intent`, `se (seguirá|volverá) `, `sigue intentando`,
	`a[uú]n no (ha sido|se ha|pudo)`, `demorad`, `retrasad`, `nova\w* tentativa`, `ainda n[ãa]o`,
	`weitere\w* (zustell)?versuch`,
	`(noch nicht|bisher nicht|bislang nicht)\b.{0,40}(zugestellt|ausgeliefert|[uü]bermittelt)`,
	`versucht es weiter`, `verz[oö]gert`, `n'(a|ont|est) pas encore`, `pas encore (pu|[ée]t[ée])`,
	`continuera .{0,20}tentative`, `nouvelle\w* tentative`, `non .{0,20}ancora`, `ulterior\w* tentativ`, `nog niet`,
	`будут (продолжены|повторены)`, `попытки доставки`, `(пока|ещ[её]) не (был[оаи]? )?(доставлен|удалось)`,
	`продолжит попытки`, `まだ(配信|配達|届|送信)`, `引き続き.{0,10}(配信|送信)`,
	`(暂时|暫時|暂未)[^。]{0,30}(无法|無法|未能|投递).{0,60}(继续|繼續|重试|重試|尝试)`, `继续(重试|尝试|投递)`, `再送(します|を試み|いたします)`, `自動的に再送`,
	`再度(配信|送信)`, `稍后重试`, `延[迟遲]`, `(yeniden|tekrar) den(e|en)`, `hen[üu]z (teslim|iletil)`, `gecik(ti|me)`, `지연`,
	`(다시|재) ?시도`, `아직 `, `försena`, `ännu inte`, `nya försök`, `forsink`, `(endnu|ennå|enda) ikke`, `nye forsøg`,
	`prøver? (igen|igjen|på nytt)`, `viivästy`, `(vielä ei|ei (ole )?vielä)`, `yrit(etään|tää|ämme) uudelleen`,
	`op[óo][źz]nion`, `jeszcze nie`, `zpožd`, `dosud ne`, `dalš[íi] pokus`, `kés(ik|edelm|leltet)`, `még nem`,
	`újra(próbál| megpróbál)`, `затрим`, `ще не`, `повторн\S+ спроб`, `καθυστέρη`, `δεν [^.]{0,40}ακόμ[αη]`,
	`ακόμ[αη] δεν`,
)

// saysItself is what a subject, in lower case, says before it repeats that of the mail: "undeliverable: trains delayed".
func saysItself(subject string) string {
	before, _, _ := strings.Cut(strings.ReplaceAll(subject, "：", ":"), ":")
	if undelivered(before) {
		return before
	}
	return subject
}

// delaySubject matches subjects of notices of delay.
var delaySubject = lazyregexp.New(`\bdelay(ed)?\b|^warning\W+.*(\bnot\b|still|hours|past)|still being (re)?tried|not yet been delivered|delivery warning|verz[oö]ger|(remise|livraison|entrega|consegna) dif?f[eé]r|retras|demor|retard|ritard|gecik|지연|försena|forsink|viivästy|op[óo][źz]nion|zpožd|késedel|затрим|задерж|καθυστέρη|延[迟遲]|遅延|遅れ`)

// gaveUp matches statements that nothing will be tried again.
var gaveUp = refusal.AnyOf(
	`(not going|won't|will not( be)?|no longer) (to )?(be )?(continue |keep )?(to )?(re-?tr|try|attempt)`,
	`\b(given|giving|gave) up`, `(removed|deleted) from (the )?(mail )?queue`, `permanent(ly)?\b`,
	`aucune (nouvelle |autre )?tentative`, `versucht nicht`, `nicht (mehr|weiter|erneut) versucht`,
	`\bno (volver[áa] a )?intentar`, `\bne (re|ré)?(tentera|essaiera) (pas|plus)`, `n[ãa]o tentar[áa]`,
	`(^|[^-])fatal error`,
)

// stillTrying reports whether a notice is about a delay. Notices of delay speak of failures too, so what it says
// about going on outranks the rest.
func stillTrying(subject, said string) bool {
	if retrying(said) {
		return !gaveUp(said) || delaySubject.MatchString(subject) || strings.Contains(said, "not yet") || strings.Contains(said, "will continue") ||
			strings.Contains(said, "will retry")
	}
	return delaySubject.MatchString(subject) && !gaveUp(said)
}
