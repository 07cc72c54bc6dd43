package inbound

import "testing"

// TestAutomaticAnswers reads answers of mailboxes whose headers say nothing, and letters that only begin like one.
func TestAutomaticAnswers(t *testing.T) {
	for _, c := range []struct {
		subject, text string
		want          Kind
	}{
		{"Re: Harbour reopens", "Thank you for your message. I am out of the office until 5 January. In urgent cases please contact bob@example.org.", AutoReply},
		{"Thank you for contacting us", "This is an automated response to let you know that we have received your mail.", AutoReply},
		{"[Ticket #4711] Harbour reopens", "Your request has been received and a ticket was created.", AutoReply},
		{"Re: Harbour", "Thanks for writing. We opened ticket #12345.", AutoReply},
		{"Re: Harbour", "I have left the company. This mailbox is not monitored.", AutoReply},
		{"Re: Hafen", "Ich bin vom 1. bis 14. Juli nicht erreichbar. Ihre E-Mail wird nicht weitergeleitet.", AutoReply},
		{"Eingangsbestätigung", "Dies ist eine automatisch erzeugte E-Mail.", AutoReply},
		{"Re: Port", "Bonjour, je suis actuellement en congés jusqu'au 4 août.", AutoReply},
		{"Accusé de réception", "Ceci est un message automatique.", AutoReply},
		{"Re: Porto", "Sono in ferie fino al 20 agosto. Messaggio automatico.", AutoReply},
		{"Automatická odpověď: Přístav", "Jsem mimo kancelář.", AutoReply},
		{"Ikke til stede: Havn", "Jeg er på ferie.", AutoReply},
		{"Αυτόματη απάντηση: Λιμάνι", "Λείπω.", AutoReply},
		{"Automaattinen vastaus: Satama", "Olen lomalla.", AutoReply},
		{"תשובה אוטומטית: נמל", "אני בחופשה.", AutoReply},
		{"Automatikus válasz: Kikötő", "Szabadságon vagyok.", AutoReply},
		{"자동 회신: 항구", "휴가 중입니다.", AutoReply},
		{"Odpowiedź automatyczna: Port", "Jestem na urlopie.", AutoReply},
		{"Răspuns automat: Port", "Sunt în concediu.", AutoReply},
		{"Автоматический ответ: Порт", "Я в отпуске.", AutoReply},
		{"Automatiskt svar: Hamnen", "Åter på måndag.", AutoReply},
		{"YNT: Liman", "3 Aralık'a kadar izindeyim.", AutoReply},
		{"Re: 港", "現在休暇中です。12月3日に戻ります。", AutoReply},
		{"回复: 港口", "您好，我正在休假，12月3日回来。", AutoReply},
		{"Automatická odpoveď", "Som na dovolenke.", AutoReply},
		{"Otomatik yanıt: Liman", "Ofis dışındayım.", AutoReply},
		{"自動回覆: 港口", "外出中", AutoReply},
		{"Mailinblack : authentification", "Pour que votre message soit remis à ana@example.org, merci de cliquer sur le lien.", AutoReply},
		{"Ārpus biroja atrašanās automātiska atbilde: Osta", "I am out of office and will be back on Tuesday.", AutoReply},
		{"Harbour", "Dear sender, thank you for your email. I am out of office and will be back on Tuesday.", AutoReply},
		{"Ana ist außer Haus.", "Ich kehre am 7. zurück.", AutoReply},
		{"Message d'absence", "De retour lundi.", AutoReply},
		{"Nieobecność: Port", "Wracam w poniedziałek.", AutoReply},
		{"不在のお知らせ", "12月7日に戻ります。", AutoReply},
		{"Ikke på kontoret", "Tilbake mandag.", AutoReply},
		{"外出中", "7日に戻ります。", AutoReply},
		{"[EXTERNAL] Automatic reply: Harbour", "Back on Monday.", AutoReply},
		{"Re: [EXT] Out of Office", "Back on Monday.", AutoReply},
		{"Ofis dışında: Liman", "Salı döneceğim.", AutoReply},
		{"Ausência temporária: Porto", "Volto na segunda.", AutoReply},
		{"Re: Puerto", "Gracias. Me encuentro fuera de la oficina hasta el lunes.", AutoReply},
		{"Re: Порт", "Нахожусь в отпуске до июня.", AutoReply},
		{"Re: Harbour", "We are closed for the summer.", AutoReply},
		{"Bestätigung", "Diese E-Mail wurde automatisch erstellt.", AutoReply},
		{"Urlaub bis 3. August", "Ihre Mail liest niemand.", AutoReply},
		{"Absence", "Retour lundi.", AutoReply},
		{"Holiday", "Is there an edition on the holiday?", Other},
		{"Holiday offers", "Dear editors, we have a holiday offer.", Other},
		{"Absence of sources in your story", "You quote none.", Other},
		{"Urlaub in Norwegen: Leserbrief", "Sehr geehrte Redaktion, zu Ihrem Text.", Other},
		{"Your story on tickets", "My case was never opened, you write. It was closed in May.", Other},
		{"A walk", "I am on holiday in Norway and read you every morning.", Other},
		{"Delivery failed again", "The boy did not deliver my paper today. Who sees to that?", Other},
		{"The message could not be sent", "That is what I see when I write to you.", Other},
		{"Re: Harbour", "We were there. Will you write of ferries? I will be away in June.", Other},
		{"Fwd: Undeliverable: Minutes", "Do you know why?\n\nben@example.net\n550 5.1.1 user unknown", Bounce},
	} {
		r := Parse([]byte("From: Ana <ana@example.org>\nReturn-Path: <ana@example.org>\nSubject: " + c.subject +
			"\nContent-Type: text/plain; charset=utf-8\n\n" + c.text + "\n"))
		if r.Kind != c.want {
			t.Errorf("%q, %q: %s, want %s", c.subject, c.text, r.Kind, c.want)
		}
		said := vacation.MatchString(c.subject) // by the program that answers
		if d, _ := Decide(r, nil); d.Person != (!said || r.Kind == Other) || len(d.Suppress) > 0 {
			t.Errorf("%q, %q: a person who may have written it is not heard: %+v", c.subject, c.text, d)
		}
	}
}
