package inbound

import (
	"slices"
	"strings"
	"testing"
)

// TestWordsAgainstACode holds that words outweigh a code that says that there is no such mailbox, where they speak of something
// else: each of these is said by some mail system beside a 5.1.1 or 5.2.1.
func TestWordsAgainstACode(t *testing.T) {
	for _, words := range []string{
		// a rate, a limit, a list
		"the user receives mail at a rate that prevents delivery", "limit of recipients reached", "too many recipients",
		"you have sent all that you may this hour", "greylisted", "graylisting in effect", "message score 7.2", "not on our whitelist",
		"not on the allowlist", "recipient preferences forbid it", "we only accept mail of members", "this address accepts only members", "delivery restricted to members",
		"directory lookup did not succeed", "could not look up the recipient", "LDAP is not available", "message larger than 10 MB", "25 hops", "looping mail",
		"antispam: refused", "no UCE please", "no UBE please", "newsletters go elsewhere", "stop sending", "it is currently full of holes", "not at this time", "at a later time", "not for the moment", "it is locked", "it is throttled", "mail comes too quickly",
		"an attack", "issue STARTTLS first", "bad attachment", "protocol mismatch", "prohibited", "we do not handle mail for it", "your own address is odd", "we will not accept delivery of this", "your provider is not wanted here",
		"垃圾邮件", "对方拒收", "信箱满", "信箱滿", "満", "一杯です", "いっぱいです", "容量オーバー",
		// the sender
		"sender refused", "bad return address", "bad reverse-path", "invalid envelope from", "invalid mail from", "from header is bad", "from address is bad", "HELO name invalid",
		"EHLO name invalid", "your IP address has no name", "callback did not succeed", "callout did not succeed", "error verifying you", "not authenticated",
		"adresse de l'expéditeur", "Absender abgelehnt", "отправитель отклонён", "发件人被拒", "發件人被拒", "寄件人被拒", "送信者が拒否されました",
		"差出人が拒否されました", "remitente rechazado", "mittente rifiutato", "remetente recusado", "afzender geweigerd",
		"sender unknown: no such user", "the sender's account does not exist", "the sender's mailbox was disabled",
		// another time
		"mailbox temporarily disabled", "please resend it later", "next attempt in an hour", "it remains in the queue", "not sent so far", "unable to verify the user", "could not verify the user",
		"our database is down", "internal error", "under maintenance", "vorübergehend gesperrt", "zeitweilig gesperrt", "bitte später", "wird erneut versucht", "wird weiter versucht",
		"temporairement", "plus tard", "va réessayer", "temporalmente", "más tarde", "volverá a intentarlo", "intentará", "temporaneamente", "più tardi", "riprovare", "mais tarde", "tente novamente", "continuaremos tentando",
		"tentaremos", "tijdelijk", "probeer later opnieuw", "we blijven het proberen", "wordt opnieuw geprobeerd", "tymczasowo", "ponownie", "kolejna próba", "позже", "временно", "повторная попытка", "следующая попытка",
		"一時的に", "しばらくして", "後ほど", "引き続き", "暂时", "暫時", "稍后", "稍後", "no such user; try again later", "no such user; retry in 2 hours", "no such user; please try this again tomorrow", "451 no such user now", "no such user, try again", "550 undeliverable address, it said: 450 no such user",
		// another reason
		"552 mailbox full", "quota exceeded", "message too big", "blocked by spamhaus", "unsolicited mail", "access denied", "relaying denied", "policy violation",
		"mail loop", "no such domain", "host unknown", "message expired", "connection refused", "virus found", "DMARC failed", "not permitted", "suspicious content",
	} {
		for _, code := range []string{"5.1.1", "5.2.1"} {
			if status, gone := assess(code, words); gone {
				t.Errorf("%s with %q: %s, gone", code, words, status)
			}
		}
	}
	for _, words := range []string{
		"", "550 5.1.1 User unknown", "550 no such user here", "smtp; 550 5.1.1 <ana@example.org>: Recipient address rejected: User unknown in virtual mailbox table",
		"550 5.1.10 RESOLVER.ADR.RecipientNotFound; Recipient not found by SMTP address lookup", "550 unknown user ana-spam-limit@example.org", "550 5.1.1 unknown user 503 5.5.1 RCPT first",
		"550 5.1.1 unknown recipient or mailbox unavailable", "550 5.1.351 user unknown", "550 5.1.0 user unknown", "550 mailbox couldn’t be found", "550 user unknown. Check the address, and try again", "550 <rate-limit@example.org>: user unknown",
		"host spam-filter.example.org said: 550 user unknown",
	} {
		if status, gone := assess("5.1.1", words); !gone {
			t.Errorf("5.1.1 with %q: %s, not gone", words, status)
		}
	}
}

// TestCodes holds what the codes say where no words do, or none that mean something.
func TestCodes(t *testing.T) {
	for _, test := range []struct {
		given, words, status string
		gone                 bool
	}{
		{"5.1.1", "", "5.1.1", true},
		{"5.1.10", "", "5.1.10", true},
		{"5.2.1", "", "5.2.1", true},
		{"5.1.1", "550 refused", "5.1.1", true},
		{"5.1.0", "", "5.1.0", false},
		{"5.0.0", "550 5.1.1 refused", "5.1.1", true}, // the exact one counts
		{"5.1.1", "550 5.0.0 refused", "5.1.1", true},
		{"5.1.1", "550 5.7.1 refused", "5.1.1", false},
		{"5.7.1", "550 5.1.1 refused", "5.7.1", false},
		{"5.1.1", "450 4.1.1 refused", "5.1.1", false},
		{"4.1.1", "", "4.1.1", false},
		{"5.1.2", "", "5.1.2", false},
		{"5.1.100", "", "5.1.100", false},
		{"5.1.351", "550 user unknown", "5.1.1", true}, // nobody registered 5.1.351, so the words count
		{"5.1.351", "550 remote server returned", "5.1.351", false},
		{"5.7.133", "550 user unknown", "5.7.133", false},
		{"5.1.11", "", "5.1.11", false},
		{"", "550 user unknown", "5.1.1", true},
		{"4.0.0", "user unknown", "4.1.1", false},                       // of the class that was given
		{"", "550 unknown recipient or mailbox unavailable", "", false}, // either
		{"5.2.1", "550 <rate-limit@example.org>: mailbox disabled", "5.2.1", true},
		{"", "550 192.0.2.5.1.1 refused", "", false},
		{"", "version 5.1.1.2", "", false},
	} {
		if status, gone := assess(test.given, test.words); status != test.status || gone != test.gone {
			t.Errorf("%q, %q: %s, %v, want %s, %v", test.given, test.words, status, gone, test.status, test.gone)
		}
	}
}

// TestDelays holds that whoever says that he goes on has not given up, in any language that we know.
func TestDelays(t *testing.T) {
	for _, words := range []string{
		"not yet delivered", "delivery will be retried", "we will try again", "it shall automatically be retried", "we will keep trying", "will attempt to deliver", "attempts will continue",
		"delivery attempts will be repeated", "we continue to try", "we keep trying", "will continue, in vain maybe, to try", "still being retried", "still trying", "still undelivered",
		"you do not need to resend", "this is only a warning", "warning message only", "advisory notice", "no action is required on your part", "has been temporarily delayed", "was deferred",
		"se volverá a enviar", "seguirán intentando", "el servidor sigue intentando", "aún no ha sido entregado", "entrega demorada", "entrega retrasada",
		"novas tentativas", "ainda não foi entregue", "weitere zustellversuche folgen", "bisher nicht zugestellt", "noch nicht übermittelt", "der server versucht es weiter", "zustellung verzögert",
		"n'est pas encore parvenu", "pas encore pu", "continuera ses tentatives", "de nouvelles tentatives", "non è stato ancora consegnato", "ulteriori tentativi", "nog niet afgeleverd",
		"попытки будут продолжены", "новые попытки доставки", "пока не доставлено", "сервер продолжит попытки", "まだ配信されていません", "引き続き配信します", "暂时无法投递，系统会重试",
		"系统将继续投递", "再送します", "自動的に再送", "再度送信", "稍后重试",
	} {
		if !stillTrying("", words) {
			t.Errorf("%q: given up", words)
		}
		if stillTrying("", words+"; giving up") != (strings.Contains(words, "not yet") || strings.Contains(words, "will continue")) {
			t.Errorf("%q, giving up", words)
		}
	}
	for _, subject := range []string{"delayed mail", "warning: not delivered", "warning: could not send message for past 4 hours", "delivery warning", "verzögerte zustellung", "entrega retrasada", "demora", "retard de remise", "ritardo"} {
		if !stillTrying(subject, "your message could not be delivered") {
			t.Errorf("subject %q: given up", subject)
		}
		if stillTrying(subject, "your message could not be delivered, giving up") {
			t.Errorf("subject %q, giving up: still trying", subject)
		}
	}
	for _, words := range []string{"it will not be retried", "i've given up", "we gave up", "the server has given up", "a permanent error", "removed from the mail queue", "it will be deleted from the queue", "aucune nouvelle tentative", "der server versucht nicht, sie zuzustellen", "es wird nicht mehr versucht",
		"no intentará entregarlo", "ne réessaiera pas", "não tentará entregar", "a fatal error"} {
		if stillTrying("", "we will try again. "+words) {
			t.Errorf("%q: still trying", words)
		}
	}
	if !stillTrying("", "we will try again. transient non-fatal errors") {
		t.Error("non-fatal errors: given up")
	}
	for _, words := range []string{"could not be delivered", "user unknown", "i've given up", "konnte nicht zugestellt werden", "no se pudo entregar", "配信できませんでした。再送信してください"} {
		if stillTrying("undelivered mail", words) {
			t.Errorf("%q: still trying", words)
		}
	}
}

// TestWhoSpeaks holds that an empty reverse path makes no mail system of a person, and that what is quoted is not said.
func TestWhoSpeaks(t *testing.T) {
	const gone = "\n\nYour message could not be delivered.\n\n<ana@example.org>: 550 5.1.1 User unknown\n"
	for name, c := range map[string]struct {
		raw     string
		kind    Kind
		machine bool
		gone    []string
	}{
		"a mailer daemon":                {"From: MAILER-DAEMON@mx.example.net\nSubject: Undelivered" + gone, Bounce, true, []string{"ana@example.org"}},
		"by its name":                    {"From: Mail Delivery Subsystem <x@mx.example.net>\nSubject: Undelivered" + gone, Bounce, true, []string{"ana@example.org"}},
		"nobody":                         {"From: <>\nSubject: Undelivered" + gone, Bounce, true, []string{"ana@example.org"}},
		"by its field":                   {"From: x@mx.example.net\nX-Failed-Recipients: ana@example.org\nSubject: Undelivered" + gone, Bounce, true, []string{"ana@example.org"}},
		"a person with an empty path":    {"Return-Path: <>\nFrom: Bo <bo@example.org>\nSubject: Undelivered" + gone, Bounce, false, []string{"ana@example.org"}},
		"a vacation with an empty path":  {"Return-Path: <>\nFrom: Bo <bo@example.org>\nSubject: Re: News\n\nBack on Monday.\n", AutoReply, false, nil},
		"automatic, says its field":      {"From: Bo <bo@example.org>\nAuto-Submitted: auto-generated\nSubject: Undelivered" + gone, AutoReply, false, nil},
		"automatic, Exchange":            {"From: Bo <bo@example.org>\nX-Auto-Response-Suppress: All\nSubject: Undelivered" + gone, AutoReply, false, nil},
		"not automatic":                  {"From: Bo <bo@example.org>\nAuto-Submitted: no\nSubject: Hello\n\nhello\n", Other, false, nil},
		"a daemon with auto-replied":     {"From: MAILER-DAEMON@mx.example.net\nAuto-Submitted: auto-replied\nSubject: Undelivered" + gone, Bounce, true, []string{"ana@example.org"}},
		"quoted lines":                   {"From: MAILER-DAEMON@mx.example.net\nSubject: Undelivered\n\nYour message could not be delivered.\n\n> <ana@example.org>: 550 5.1.1 User unknown\n", Bounce, true, nil},
		"lines behind a quotation":       {"From: MAILER-DAEMON@mx.example.net\nSubject: Undelivered\n\nYour message could not be delivered.\n> hello\nUser unknown.\n", Bounce, true, nil},
		"a paragraph behind a quotation": {"From: MAILER-DAEMON@mx.example.net\nSubject: Undelivered\n\nYour message could not be delivered:\n\n> hello\n\nUser unknown.\n", Bounce, true, nil},
		"SMTP that is shown":             {"From: MAILER-DAEMON@mx.example.net\nSubject: Undelivered\n\nYour message could not be delivered.\n\n>>> RCPT TO:<ana@example.org>\n<<< 550 5.1.1 User unknown\n", Bounce, true, []string{"ana@example.org"}},
		"a quotation in HTML":            {"From: MAILER-DAEMON@mx.example.net\nSubject: Undelivered\nContent-Type: text/html\n\n<p>Your message could not be delivered to ana@example.org:</p><blockquote>550 5.1.1 User unknown</blockquote>", Bounce, true, nil},
		"no quotation in HTML":           {"From: MAILER-DAEMON@mx.example.net\nSubject: Undelivered\nContent-Type: text/html\n\n<p>Your message could not be delivered to ana@example.org:</p><div>550 5.1.1 User unknown</div>", Bounce, true, []string{"ana@example.org"}},
		"behind a rule in HTML":          {"From: MAILER-DAEMON@mx.example.net\nSubject: Undelivered\nContent-Type: text/html\n\n<p>Your message could not be delivered to ana@example.org:</p><hr><h1>User unknown</h1>", Bounce, true, nil},
		"a title in HTML":                {"From: MAILER-DAEMON@mx.example.net\nSubject: Undelivered\nContent-Type: text/html\n\n<title>User unknown</title><p>Your message could not be delivered to ana@example.org</p>", Bounce, true, nil},
		"latin-1 that says it is UTF-8":  {"From: MAILER-DAEMON@mx.example.net\nSubject: Undelivered\nContent-Type: text/plain; charset=utf-8\n\nNicht zugestellt.\n\n<ana@example.org>: Empf\xe4nger unbekannt\n", Bounce, true, []string{"ana@example.org"}},
		"latin-1 that says nothing":      {"From: MAILER-DAEMON@mx.example.net\nSubject: Undelivered\n\nNicht zugestellt.\n\n<ana@example.org>: Empf\xe4nger unbekannt\n", Bounce, true, []string{"ana@example.org"}},
		"a charset that does not exist":  {"From: MAILER-DAEMON@mx.example.net\nSubject: Undelivered\nContent-Type: text/plain; charset=x-none\n\nNicht zugestellt.\n\n<ana@example.org>: 550 5.1.1 User unknown\n", Bounce, true, []string{"ana@example.org"}},
		"Japanese in its own charset":    {"From: MAILER-DAEMON@mx.example.net\nSubject: Undelivered\nContent-Type: text/plain; charset=iso-2022-jp\n\nNot delivered.\n\n<ana@example.org>: \x1b$B08@h$,8+$D$+$j$^$;$s\x1b(B\n", Bounce, true, []string{"ana@example.org"}},
		"a report, by its type":          {"From: x@mx.example.net\nSubject: Undelivered\nContent-Type: multipart/report; boundary=b\n\n--b" + gone + "--b--\n", Bounce, true, []string{"ana@example.org"}},
		"it arrived":                     {"From: MAILER-DAEMON@mx.example.net\nSubject: Delivery report\n\nYour message was successfully delivered to ana@example.org. The user unknown@example.org does not exist.\n", Delivered, true, nil},
		"a mailbox behind an alias":      {"From: MAILER-DAEMON@mx.example.net\nSubject: Undelivered\n\nYour message could not be delivered.\n\n<eve@in.example.org> (expanded from <ana@example.org>): user unknown\n", Bounce, true, nil},
		"the same name on another host":  {"From: MAILER-DAEMON@mx.example.net\nSubject: Undelivered\n\nYour message could not be delivered.\n\n<ana@in.example.org> (expanded from <ana@example.org>): user unknown\n", Bounce, true, []string{"ana@example.org"}},
		"whom to turn to":                {"From: MAILER-DAEMON@mx.example.net\nSubject: Undelivered\n\nYour message could not be delivered: user unknown. For help, write to help-desk@example.org\n", Bounce, true, []string{""}},
		"somebody who was written to":    {"From: MAILER-DAEMON@mx.example.net\nTo: ana@example.org\nSubject: Undelivered\n\nYour message could not be delivered.\n\n<ana@example.org>: user unknown\n", Bounce, true, nil},
		"a message that is identified":   {"From: MAILER-DAEMON@mx.example.net\nSubject: Undelivered\n\nYour message could not be delivered: user unknown.\nMessage-ID: <ana@example.org>\n", Bounce, true, []string{""}},
		"a bounce that a person forward": {"From: Bo <bo@example.org>\nSubject: Fwd: Undelivered\nContent-Type: multipart/mixed; boundary=b\n\n--b\n\nWhat is this?\n--b\nContent-Type: message/rfc822\n\nFrom: MAILER-DAEMON@mx.example.net\nSubject: Undelivered" + gone + "--b--\n", Other, false, nil},
	} {
		t.Run(name, func(t *testing.T) {
			r := Parse([]byte(c.raw))
			var gone []string
			for _, to := range r.Recipients {
				if to.Gone {
					gone = append(gone, to.Address)
				}
			}
			if r.Kind != c.kind || r.Machine != c.machine || !slices.Equal(gone, c.gone) {
				t.Errorf("%s, machine %v, gone %q: %+v", r.Kind, r.Machine, gone, r)
			}
		})
	}
}

// TestSuccessIsNotPermanent holds that a failure with a code of success keeps nothing back.
func TestSuccessIsNotPermanent(t *testing.T) {
	if r := Parse([]byte(failed("2.0.0", "250 ok"))); len(r.Recipients) != 1 || r.Recipients[0].Permanent {
		t.Errorf("%+v", r)
	}
}
