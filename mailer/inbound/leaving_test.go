package inbound

import (
	"strings"
	"testing"

	"digestd/subscribers"
)

// TestTokensThatLeave goes through what mail programs, gateways and people put around the token of a mail.
func TestTokensThatLeave(t *testing.T) {
	p := newPost(t)
	token := p.key.Delivery(subscribers.ForUnsubscribe, edition, 1, readers[1])
	for _, c := range []struct {
		subject, body string
		leaves        bool
	}{
		{"unsubscribe " + token, "", true},
		{"[EXTERNAL] unsubscribe " + token, "", true},
		{"[EXT] [Caution] RE: unsubscribe " + token, "", true},
		{"***SPAM*** unsubscribe " + token, "", true},
		{"{Spam?} unsubscribe " + token, "", true},
		{"External: unsubscribe " + token, "", true},
		{"Odp: unsubscribe " + token, "", true},
		{"Antw: unsubscribe " + token, "", true},
		{"回复：unsubscribe " + token, "", true},
		{"Переслать: unsubscribe " + token, "", true},
		{`"unsubscribe ` + token + `"`, "", true},
		{"<unsubscribe> <" + token + ">", "", true},
		{"unsubscribe%20" + token, "", true},
		{"unsubscribe+" + token, "", true},
		{"unsubscribe:" + token, "", true},
		{"unsubscribe_" + token, "", true},
		{"UNSUBSCRIBE " + token + " (automatic)", "", true},
		{"unsubscribe " + token + ".", "", true},
		{"Abbestellen " + token, "", true},
		{"[EXTERN] Abmelden: " + token, "", true},
		{"Se désabonner " + token, "", true},
		{"Darse de baja " + token, "", true},
		{"Cancelar inscrição " + token, "", true},
		{"Uitschrijven " + token, "", true},
		{"Отписаться " + token, "", true},
		{"配信停止 " + token, "", true},
		{"退订" + token, "", true},
		{"구독 취소 " + token, "", true},
		{"إلغاء الاشتراك " + token, "", true},
		{"", "unsubscribe " + token + "\n", true},
		{"Hello", "Hello,\n\nplease unsubscribe " + token + "\n\nAna\n", true},
		{"[EXTERNAL] News", "[Caution: this mail comes from outside]\n\nunsubscribe%20" + token, true},

		{token, "", false},
		{"News about " + token, "", false},
		{"How to unsubscribe from a gym " + token, "", false},
		{"unsubscribe " + token + "A", "", false},
		{"unsubscribe " + token[1:], "", false},
		{"unsubscribe x" + token, "", false},
		{"unsubscribe " + p.key.Delivery(subscribers.ForBounce, edition, 1, readers[1]), "", false},
		{"Re: Morning Wire", "Good one!\n\n> The news.\n> Unsubscribe: mailto:news@digest.example?subject=unsubscribe%20" + token + "\n", false},
		{"Fwd: Morning Wire", "Unsubscribe: mailto:news@digest.example?subject=unsubscribe%20" + token + "\n", false},
		{"Fwd: Morning Wire", "-----Original Message-----\nunsubscribe " + token + "\n", false},
		{"Re: Morning Wire", "Thanks.\n\nOn Monday, Morning Wire wrote:\nunsubscribe " + token + "\n", false},
		{"Re: Morning Wire", "One\ntwo\nthree\nfour\nunsubscribe " + token + "\n", false},
	} {
		r := Parse([]byte("From: who@ever.example\nTo: news@digest.example\nSubject: " + c.subject + "\nContent-Type: text/plain; charset=utf-8\n\n" + c.body))
		d, err := Decide(r, p.find)
		if err != nil {
			t.Fatal(err)
		}
		if c.leaves != (len(d.Suppress) == 1 && d.Suppress[0].Email == readers[1] && d.Suppress[0].Digest == "daily" && r.Kind == Unsubscribe) {
			t.Errorf("%q, %q: a %s, suppresses %+v: %s", c.subject, c.body, r.Kind, d.Suppress, d.Why)
		}
	}
}

// TestRequestsOfPeople tells those who ask to leave, without a token, from those who write about something else.
func TestRequestsOfPeople(t *testing.T) {
	for _, c := range []struct {
		subject, body string
		want          Kind
	}{
		{"unsubscribe", "Stop.", Unsubscribe},
		{"please unsubscribe me", "", Unsubscribe},
		{"Re: [EXTERNAL] Please unsubscribe me", "", Unsubscribe},
		{"How do I unsubscribe?", "", Unsubscribe},
		{"Abbestellen", "", Unsubscribe},
		{"Newsletter abmelden", "Danke", Unsubscribe},
		{"Bitte austragen", "", Unsubscribe},
		{"désabonnement", "", Unsubscribe},
		{"Dar de baja", "", Unsubscribe},
		{"Отписка", "", Unsubscribe},
		{"購読解除", "", Unsubscribe},
		{"STOP", "", Unsubscribe},
		{"Re: Morning Wire", "STOP IT. I have asked three times!", Unsubscribe},
		{"Boletín", "Solicito la baja.", Unsubscribe},
		{"RE: Morning Wire", "Merci de ne plus m'envoyer de mails.", Unsubscribe},
		{"Re: Morning Wire", "Desejo cancelar o recebimento.", Unsubscribe},
		{"SV: Morning Wire", "Avsluta min prenumeration.", Unsubscribe},
		{"Leave", "How can I leave this newsletter?", Unsubscribe},
		{"Re: Morning Wire", "pls remove thx", Unsubscribe},
		{"Re: Morning Wire", "I wish to be taken off this mailing list.", Unsubscribe},
		{"Re: Morning Wire", "I no longer need this newsletter. Please cancel it.", Unsubscribe},
		{"AW: Morning Wire", "Den Newsletter bitte stornieren.", Unsubscribe},
		{"R: Morning Wire", "Non mi interessa più.", Unsubscribe},
		{"Antw: Morning Wire", "Gelieve mij uit te schrijven.", Unsubscribe},
		{"SV: Morning Wire", "Meld meg av.", Unsubscribe},
		{"AW: Morning Wire", "Löschen Sie mich aus der Verteilerliste.", Unsubscribe},
		{"VS: Morning Wire", "Haluan perua uutiskirjeen.", Unsubscribe},
		{"Re: Morning Wire", "配信を解除してください。", Unsubscribe},
		{"답장: Morning Wire", "구독을 취소해 주세요.", Unsubscribe},
		{"AW: Morning Wire", "Schicken Sie mir nichts mehr.", Unsubscribe},
		{"RE: Morning Wire", "Dejen de enviar esto.", Unsubscribe},
		{"R: Morning Wire", "Non inviatemi più nulla.", Unsubscribe},
		{"Re: Morning Wire", "Не присылайте мне это.", Unsubscribe},
		{"Odp: Morning Wire", "Proszę usunąć mój adres z bazy.", Unsubscribe},
		{"Re: Morning Wire: Harbour reopens", "Please take me off this list.\n\nBen\n\nOn Monday, Morning Wire wrote:\n> Harbour reopens\n", Unsubscribe},
		{"Re: Morning Wire", "Stop!\n\n> Harbour reopens\n", Unsubscribe},
		{"Newsletter", "Guten Tag,\n\nich möchte keine E-Mails mehr, bitte melden Sie mich ab oder: abmelden!\n", Unsubscribe},
		{"Remove", "Remove me from your list, I did not ask for it.", Unsubscribe},
		{"Unsuscribe", "", Unsubscribe},
		{"Re: Morning Wire", "I no longer wish to get these mails.", Unsubscribe},
		{"Re: Morning Wire", "Get my name off your mailing list!", Unsubscribe},
		{"Re: Morning Wire", "Delete my details, please.", Unsubscribe},
		{"AW: Morning Wire", "Streichen Sie mich aus Ihrem Verteiler.", Unsubscribe},
		{"AW: Morning Wire", "Ich will das nicht mehr bekommen.", Unsubscribe},
		{"RE: Morning Wire", "Je ne veux plus de ces messages.", Unsubscribe},
		{"RE: Morning Wire", "Merci d'enlever mon adresse.", Unsubscribe},
		{"RE: Morning Wire", "No deseo recibir nada más.", Unsubscribe},
		{"RES: Morning Wire", "Retirem meu nome da lista.", Unsubscribe},
		{"R: Morning Wire", "Non voglio ricevere altro.", Unsubscribe},
		{"Re: Morning Wire", "Haal mij van de lijst.", Unsubscribe},
		{"SV: Morning Wire", "Ta bort mig, tack.", Unsubscribe},
		{"SV: Morning Wire", "Slett meg.", Unsubscribe},
		{"VS: Morning Wire", "En halua enää näitä.", Unsubscribe},
		{"Odp: Morning Wire", "Nie chcę tego otrzymywać.", Unsubscribe},
		{"Re: Morning Wire", "Nechci to dostávat.", Unsubscribe},
		{"Re: Morning Wire", "Уберите меня из списка.", Unsubscribe},
		{"Re: Morning Wire", "Не хочу это получать.", Unsubscribe},
		{"Ynt: Morning Wire", "Bunu almak istemiyorum.", Unsubscribe},
		{"Re: Morning Wire", "もう送らないでください", Unsubscribe},
		{"回复: Morning Wire", "别再发了", Unsubscribe},
		{"Re: Morning Wire", "보내지 마세요", Unsubscribe},
		{"Re: Morning Wire", "I don't want to get it any longer.", Unsubscribe},
		{"Re: Morning Wire", "Why do I get this? Take me off the list.", Unsubscribe},
		{"Re: Morning Wire", "I can't unsubscribe! Your page is broken.", Unsubscribe},
		{"Consent", "I withdraw my consent to your mails.", Unsubscribe},
		{"RE: Morning Wire", "Cessez de m'envoyer cela.", Unsubscribe},
		{"RE: Morning Wire", "Dejen de escribirme.", Unsubscribe},
		{"RES: Morning Wire", "Não tenho mais interesse.", Unsubscribe},
		{"Antw: Morning Wire", "Mijn adres graag uit uw bestand.", Unsubscribe},
		{"AW: Morning Wire", "Ihre Meldungen will ich nicht mehr bekommen.", Unsubscribe},
		{"AW: Morning Wire", "Bitte den Versand einstellen. Stellen Sie den Versand ein", Unsubscribe},
		{"Odp: Morning Wire", "Przestańcie mi to wysyłać.", Unsubscribe},
		{"VS: Morning Wire", "Lopettakaa tämän lähettäminen.", Unsubscribe},
		{"Ynt: Morning Wire", "Adresimi silin.", Unsubscribe},
		{"回复: Morning Wire", "请移出名单", Unsubscribe},
		{"Kündigung", "", Unsubscribe},

		{"Re: Morning Wire", "Fine.\n\nDen mån 6 juli 2026 kl 08:00 skrev Morning Wire:\n\nAvregistrera dig\n", Other},
		{"Re: Morning Wire", "Bello.\n\nIl giorno lunedì Morning Wire <news@digest.example> ha scritto:\n\nDisiscriviti\n", Other},
		{"Re: Morning Wire", "よかったです。\n\n2026年7月6日 8:00 <news@digest.example>:\n\n配信停止\n", Other},
		{"SV: Morning Wire", "Fint.\n\nFra: Morning Wire\nSendt: mandag\nEmne: Morning Wire\n\nAfmeld\n", Other},
		{"Re: Morning Wire", "Please don't unsubscribe me, I was away.", Other},
		{"AW: Morning Wire", "Bitte melden Sie mich nicht ab.", Other},
		{"RE: Morning Wire", "Ne me désabonnez surtout pas !", Other},
		{"RE: Morning Wire", "Por favor no me den de baja.", Other},
		{"Antw: Morning Wire", "Schrijf me niet uit.", Other},
		{"Odp: Morning Wire", "Proszę mnie nie wypisywać.", Other},
		{"Re: Morning Wire", "Не отписывайте меня.", Other},
		{"Re: Morning Wire", "配信を止めないでください。", Other},
		{"Re: Morning Wire", "구독을 취소하지 말아 주세요.", Other},
		{"R: Morning Wire", "Perché non mi inviate più niente?", Other},
		{"Re: Morning Wire", "You stopped sending it. Is that so?", Other},
		{"Re: Morning Wire", "I liked what stood at the end of the newsletter.", Other},
		{"Re: Morning Wire", "I get no mail from you. Did I fall off the list?", Other},
		{"Re: Morning Wire", "My parents would like you to send it to them, too.", Other},
		{"Leserbrief", "Ein guter Text über die Kündigung des Vertrags.", Other},
		{"Re: Morning Wire", "Did you get my mail? It might take me a week to look into that again.", Other},
		{"Newsletter", "Since Monday I do not receive the newsletter any more. Is it over?", Other},
		{"Newsletter", "Seit Montag habe ich keinen Newsletter mehr bekommen. Bitte nehmen Sie mich in den Verteiler auf.", Other},
		{"Re: Morning Wire", "See you on Monday.\n\nThis e-mail is intended for the addressee. Delete it from your records otherwise.\n", Other},
		{"Re: Morning Wire", "I deleted the newsletter by accident, could you send it again?", Other},
		{"Kündigungsschutz", "Der Austragungsort stimmt nicht.", Other},
		{"Bonjour", "Je ne reçois plus votre lettre.", Other},
		{"Re: [dev] build", "It works.\n\n- ------------------\nTo unsubscribe, e-mail: dev-unsubscribe@list.example\n", Other},
		{"Re: Morning Wire: Harbour reopens", "What a fine piece.\n\n> Unsubscribe: https://digest.example/u/x\n", Other},
		{"Meeting", "We meet at seven.\n\nTo unsubscribe, send any message to club-off@list.example\n", Other},
		{"Meeting", "We meet at seven.\n\n+++++++++\nclub: unsubscribe here\n", Other},
		{"How to unsubscribe from a gym: our ten best tips", "", Other},
		{"Bus stop closed", "The stop at the harbour is closed, you might report on it.", Other},
		{"A question", "Who wrote the piece on the harbour?\n\n-- \nBen\nclick here to unsubscribe\n", Other},
		{"Our newsletter", strings.Repeat("All the news of the week in many words. ", 12) + "unsubscribe\n", Other},
	} {
		r := Parse([]byte("From: Ben <ben@ever.example>\nTo: news@digest.example\nSubject: " + c.subject + "\nContent-Type: text/plain; charset=utf-8\n\n" + c.body))
		if r.Kind != c.want {
			t.Errorf("%q, %q: %s, not %s", c.subject, c.body, r.Kind, c.want)
		}
	}
}
