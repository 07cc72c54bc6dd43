package inbound

import (
	"slices"
	"strings"
	"testing"
)

// TestDelays holds that whoever says that they go on has not given up, in any language that we know.
func TestDelays(t *testing.T) {
	for _, words := range []string{
		"not yet delivered", "delivery will be retried", "we will try again", "it shall automatically be retried", "we will keep trying", "will attempt to deliver", "attempts will continue",
		"delivery attempts will be repeated", "we continue to try", "we keep trying", "will continue, in vain maybe, to try", "still being retried", "still trying", "still undelivered",
		"you do not need to resend", "this is only a warning", "warning message only", "advisory notice", "no action is required on your part", "has been temporarily delayed", "was deferred",
		"se volverá a enviar", "seguirán intentando", "el servidor sigue intentando", "aún no ha sido entregado", "entrega demorada", "entrega retrasada",
		"novas tentativas", "ainda não foi entregue", "weitere zustellversuche folgen", "bisher nicht zugestellt", "noch nicht übermittelt", "der server versucht es weiter", "zustellung verzögert",
		"n'est pas encore parvenu", "pas encore pu", "continuera ses tentatives", "de nouvelles tentatives", "non è stato ancora consegnato", "ulteriori tentativi", "nog niet afgeleverd",
		"попытки будут продолжены", "новые попытки доставки", "пока не доставлено", "сервер продолжит попытки", "まだ配信されていません", "引き続き配信します", "暂时无法投递，系统会重试",
		"系统将继续投递", "再送します", "自動的に再送", "再度送信", "稍后重试", "iletiniz yeniden denenecek", "henüz teslim edilemedi", "teslim gecikti", "발송이 지연되고 있습니다", "다시 시도합니다", "har ännu inte levererats", "leveransen är försenad",
		"er endnu ikke leveret", "nye forsøg følger", "leveringen er forsinket", "ei ole vielä toimitettu", "toimitus viivästyy", "jeszcze nie dostarczono", "doručení je zpožděno", "még nem kézbesítettük", "доставку затримано", "η παράδοση καθυστέρησε", "投递延迟",
	} {
		if !stillTrying("", words) {
			t.Errorf("%q: given up", words)
		}
		if stillTrying("", words+"; giving up") != (strings.Contains(words, "not yet") || strings.Contains(words, "will continue")) {
			t.Errorf("%q, giving up", words)
		}
	}
	for _, subject := range []string{"delayed mail", "warning: not delivered", "warning: could not send message for past 4 hours", "warning--could not send mail for past 8 hours", "delivery warning", "verzögerte zustellung", "entrega retrasada", "demora", "retard de remise", "ritardo"} {
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
	for _, words := range []string{"we will try again. transient non-fatal errors", "the server will retry for 40 hours. you'll hear if it fails permanently", "το μήνυμα δεν παραδόθηκε ακόμη"} {
		if !stillTrying("", words) {
			t.Errorf("%q: given up", words)
		}
	}
	for subject, want := range map[string]string{"undeliverable: trains delayed": "undeliverable", "unzustellbar：züge verzögert": "unzustellbar",
		"delivery status notification: delayed": "delivery status notification: delayed", "warning: mail delayed": "warning: mail delayed"} {
		if got := saysItself(subject); got != want {
			t.Errorf("%q: %q", subject, got)
		}
	}
	for _, words := range []string{"could not be delivered", "user unknown", "i've given up", "konnte nicht zugestellt werden", "no se pudo entregar", "配信できませんでした。再送信してください", "δεν παραδόθηκε. μερικά ακόμη στοιχεία"} {
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
		"a frozen message":               {"From: MAILER-DAEMON@mx.example.net\nSubject: Message 1t-2 has been frozen (delivery error message)" + gone, Notice, true, nil},
		"a filter with an error":         {"From: MAILER-DAEMON@mx.example.net\nSubject: error(s) in forwarding or filtering" + gone, Notice, true, nil},
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
