package inbound

import (
	"strings"

	"digestd/internal/lazyregexp"
	"digestd/mailer/refusal"
)

// Mail that no person wrote: answers of a mailbox while its owner is away, and gates that ask for a confirmation.

// vacation matches the beginning of the subjects of automatic answers. What may also head a letter ("Holiday offers")
// must stand alone, or before what is answered, or a time. A gateway may have put its mark before it.
var vacation = lazyregexp.New(`(?i)^\s*(\[\w{1,12}\]\s*)?(re:\s*)?(\[\w{1,12}\]\s*)?\W{0,3}(auto(matic|mated|matisch\w*|matique|m[aá]tic[ao]|matica)?[-_ ]*(reply|response|respon|antwort|antwoord|svar|r[ée]ponse|respuesta|resposta|risposta)|autoreply|autorespond|` +
	`r[ée]ponse automatique|respuesta autom[aá]tica|resposta autom[aàá]tica|risposta automatica|` +
	`automatiskt? svar|autom\pL+ (vastaus|vastus|odpov\pL+|v[áa]lasz|odgovor\pL*|atsakym\pL+|atbilde)|samodejni odgovor|auto(matyczna )?odpowied|odpowied\pL+ automat|r[ăa]spuns automat|` +
	`otomatik (yan[ıi]t|cevap)|αυτόματη απάντηση|автомат\pL+ (ответ|відповідь|отговор|одговор)|תשובה אוטומטית|מענה אוטומטי|رد تلقائي|پاسخ خودکار|자동 ?(회신|응답|답장)|부재중|` +
	`trả lời tự động|ตอบกลับอัตโนมัติ|balasan otomatis|自動(回覆|回复)|` +
	`out[- ]of[- ](the )?(office|town)|ooo\b|ooto\b|i'?m (away|out)|i am (currently )?(away|out|on leave|on vacation)|(i|we) no longer work|away from|` +
	`abwesenheits?(notiz|nachricht|assistent|meldung)|(ich bin )?(im urlaub|abwesend|in abwesenheit)|absence prolong|nicht im (b[uü]ro|haus)|en cong[ée]s?|fuera de (la )?oficina|fora do escrit|fuori (ufficio|sede)|afwezigheid|poza biurem|mimo kancel|poissa|ikke (til ?stede|på kontoret)|inte på kontoret|ofis dışı|` +
	`автоответ|нет на (месте|работе)|自動(応答|返信)|自动(回复|答复)|(message|avis) d'absence|absence du bureau|nieobecno|` +
	`.{1,60} (is|ist|est|está|è) (out of (the )?office|au(ß|ss)er haus|nicht im (b[uü]ro|haus)|absente?\b|ausente|fuera de|fuori|assente)|` +
	`(on )?(vacation|annual leave|holiday|maternity leave|leave of absence|abwesenheit|urlaub|absence|absente?|ausen[tc]\pL*|ausência|vacaciones|f[ée]rias|assente|assenza|afwezig|frånvar\pL*|(不在|外出|休暇|出張|휴가)(中|通知|のお知らせ| ?중(입니다)?)?)` +
	`( tempor\pL+)?\s*($|[!(,:：.–-]|\d|re:|aw:|notice|message|until|till|from|bis|vom|ab|du|jusqu|hasta|d[eo]l?\b|até|fino|tot|t\.?o\.?m|de oficina))`)

// automatic finds, in lower case, what a machine says of itself in an answer, where its header does not.
var automatic = refusal.AnyOf(
	`(this is an?|an) auto(mated|matic|matically generated) (reply|response|message|e-?mail|answer|notification|acknowledg|confirm)`,
	`(ticket|case|request|enquiry|inquiry)\b.{0,60}\b(has been|was|is) (created|received|opened|registered|logged|assigned)`, `(opened|created|registered|logged) (an? |your )?(new )?(support )?(ticket|case)\b`, `\b(ticket|case) (number|no\.|id)\b.{0,20}\d`, `(mailbox|address|inbox|e-?mail account) is (not|no longer) (being )?(monitored|read|checked)`,
	`automatisch (erzeugte?|generierte?|erstellte?|gegenereerd)\b`, `(g[ée]n[ée]r|generad|gerad|generat)\pL+ automat`, `automat\pL+ (genere?rat|wygenerowan|сформирован|създаден)`, `automatische (nachricht|antwort|eingangsbest)`, `message automatique`, `r[ée]ponse automatique`,
	`(mensaje|respuesta) autom[áa]tic`, `(mensagem|resposta) autom[áa]tic`, `(messaggio|risposta) automatic`, `automatisch (bericht|antwoord)`, `automatisk (svar|meddeland)`,
	`wiadomo\pL+ (automatyczn|wygenerowan)`, `автоматическ\pL+ (ответ|сообщени)`, `autom\pL+ atbilde`, `自動(返信|送信|配信)(メール|です|されて)`, `自动(回复|发送)`, `자동 ?(발송|회신|응답)`,
)

// awayFrom finds, in lower case, what people have their mailbox answer while they are away.
var awayFrom = refusal.AnyOf(
	`\b(i am|i'm|i will be|we are) (currently |now )?(closed|out of (the )?office|away|on (annual |parental |maternity |sick |paternity )?leave|on (vacation|holiday)|travell?ing)`, `\bi (have left|no longer work|am no longer (with|at|employed))`,
	`ich bin .{0,60}(nicht (im (b[uü]ro|haus)|erreichbar)|im urlaub|abwesend|au(ß|ss)er haus)`, `wird nicht (automatisch )?weitergeleitet`,
	`\b(absente?|en cong[ée]s?)\b.{0,60}\b(bureau|retour|jusqu|du \d)`, `je (suis|serai) .{0,30}(en cong[ée]|absent)`, `(estoy|estar[ée]|me encuentro) (de vacaciones|fuera de la oficina|ausente)`, `(estou|estarei) (de f[ée]rias|ausente|fora)`,
	`(sono|sar[òo]) (in ferie|fuori (sede|ufficio)|assente)`, `ik ben .{0,40}(afwezig|(op|met) vakantie|niet (op kantoor|aanwezig))`, `jag är .{0,30}(på semester|inte på kontoret|ledig)`, `jeg er .{0,30}(på ferie|ikke på kontoret)`, `olen lomalla`,
	`(jestem|będę) .{0,20}(na urlopie|poza biurem|nieobecn)`, `(я|нахожусь) в отпуске`,
	`(休暇|出張|不在)(中|に(して|なり))`, `正在?(休假|度假|出差)`, `(izindeyim|tatildeyim|ofis dışındayım)`, `(jsem|nejsem) .{0,20}(na dovolené|v kanceláři)`, `szabadságon vagyok`, `휴가 ?중`, `är .{0,20}åter den`,
)

// answersByItself reports whether a mailbox answers for its owner, by what it says above what it quotes. A person
// writes of their holidays too, so that counts in an answer alone.
func answersByItself(h header, subject string, wrote []string) bool {
	all := flat(wrote)
	return automatic(strings.ToLower(subject)+" "+all) || len(wrote) < ownLines && awayFrom(all) && !asks(wrote) &&
		(h.has("in-reply-to") || replySubject.MatchString(subject) || thanks.MatchString(all))
}

// asks reports whether somebody asks something: no mailbox that answers for its owner does.
func asks(wrote []string) bool { return strings.ContainsAny(strings.Join(wrote, " "), "?？") }

// thanks finds, in lower case, how a mailbox begins that answers whatever comes.
var thanks = lazyregexp.New(`^\W*((dear|hi|hello)\b[^.]{0,40}\W)?(thank you|thanks|(vielen |herzlichen )?dank|merci|gracias|obrigad[oa]|grazie|bedankt) (very much |beaucoup )?(for|f[uü]r|de|pour|por|pela|per|voor) (y?our|ihre|deine|votre|su|tu|seu|sua|la (tua|sua)|uw|je|contacting) `)

// repliesByItself reports whether a message is an automatic answer of somebody's mailbox, by the habits from before
// RFC 3834.
func repliesByItself(h header, subject string, wrote []string) bool {
	return autoHeaders(h) || vacation.MatchString(subject) && !asks(wrote)
}

func autoHeaders(h header) bool {
	for _, name := range []string{"x-autoreply", "x-autorespond", "x-autoresponder", "x-auto-reply", "x-mail-autoreply", "x-autoreply-from", "x-autogenerated", "x-ms-exchange-inbox-rules-loop", "x-vacation"} {
		if h.has(name) {
			return true
		}
	}
	if strings.Contains(strings.ToLower(h.get("x-post-messageclass")+h.get("delivered-to")), "autoresponder") {
		return true
	}
	for _, name := range []string{"precedence", "x-precedence"} {
		if p := strings.ToLower(h.get(name)); p == "auto_reply" || p == "auto-reply" {
			return true
		}
	}
	return false
}

// wasAutomatic reports whether no person has sent a message.
func wasAutomatic(h header) bool {
	emptyPath := h.has("return-path") && strings.Trim(h.get("return-path"), "<> ") == "" && !isDaemon(h)
	return wasSubmittedByMachine(h) || autoHeaders(h) || emptyPath
}

// wasSubmittedByMachine reports whether a message says so itself (RFC 3834 §5).
func wasSubmittedByMachine(h header) bool {
	submitted, _, _ := strings.Cut(strings.ToLower(h.get("auto-submitted")), ";")
	submitted = strings.TrimSpace(submitted)
	return submitted != "" && submitted != "no"
}

// challenge matches what gates say that want a confirmation before they let mail pass.
var challenge = refusal.AnyOf(
	`(held|waiting|quarantined|kept|pending)\b.{0,60}\b(until|for|pending)\b.{0,40}(you )?(confirm|verif|approv|respon|authenti)`,
	`(authentifi|confirm)\pL*.{0,60}\b(remis|d[ée]livr|destinataire)`, `cliqu\pL+ .{0,60}(lien|ici)\b.{0,60}authentif`, `zur(ü|ue)ckgehalten, bis`,
	`(please )?(confirm|verify|authenticate)( that)? (your (message|e-?mail|mail|identity|address)|you are|yourself)`,
	`(reply|respond) to (this|the) (mail|message|e-?mail).{0,80}(confirm|deliver|release|accept)`,
	`click .{0,40}link.{0,80}(deliver|release|confirm|verif|accept)`,
	`challenge[-/ ]response`, `not (yet )?on .{0,30}(allow|white|guest|approved|contact)[- ]?(ed )?list`,
)

// challenges reports whether such a gate speaks.
func challenges(subject string, said notice) bool {
	return challenge(noReplies.ReplaceAllString(strings.ToLower(subject)+" "+flat(said.lines), " "))
}

// noReplies finds requests not to answer, which a mail system writes above what it has to say.
var noReplies = lazyregexp.New(`\b(do not|don't|don’t|not to|never|cannot|can't) (try to )?(reply|respond)( directly)?( to (this|the) (mail|message|e-?mail|notification))?`)
