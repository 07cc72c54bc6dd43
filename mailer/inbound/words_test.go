package inbound

import (
	"strings"
	"testing"
)

// TestWhatWordsSay reads short notices of a mail system: what kind each is, and who is gone.
func TestWhatWordsSay(t *testing.T) {
	const from = "From: MAILER-DAEMON@mx.example.net\nSubject: Undelivered mail\nTo: digest@example.org\nContent-Type: text/plain; charset=utf-8\n\n"
	const failed = "Your message could not be delivered.\n\n"
	for name, c := range map[string]struct {
		raw  string
		kind Kind
		gone string
	}{
		"plain":                            {from + failed + "<ana@example.org>: 550 5.1.1 User unknown\n", Bounce, "ana@example.org"},
		"white space before the header":    {"   \n\t\n" + from + failed + "<ana@example.org>: 550 5.1.1 User unknown\n", Bounce, "ana@example.org"},
		"a contraction":                    {from + failed + "<ana@example.org>: the address couldn’t be found\n", Bounce, "ana@example.org"},
		"no longer exists":                 {from + failed + "<ana@example.org>: 550 this mailbox no longer exists\n", Bounce, "ana@example.org"},
		"temporarily, with a 5xx":          {from + failed + "<ana@example.org>: 550 5.2.1 mailbox temporarily disabled\n", Bounce, ""},
		"the sender is unknown":            {from + failed + "<ana@example.org>: 550 5.1.1 Adresse de l'expéditeur inconnue\n", Bounce, ""},
		"a headline that is quoted":        {from + failed + "<ana@example.org>: 550 5.7.1 refused\n\n> no such user here, says minister\n", Bounce, ""},
		"latin-1 that says it is utf-8":    {from + failed + "<ana@example.org>: 550 Empf\xe4nger unbekannt\n", Bounce, "ana@example.org"},
		"a delay, in German":               {from + "Ihre Nachricht an <ana@example.org> konnte bisher nicht zugestellt werden. Der Server versucht es weiter.\n", Delay, ""},
		"a delay that may end for good":    {strings.Replace(from, "Undelivered mail", "Delivery Status Notification (Delay)", 1) + "There was a temporary problem delivering your message to ana@example.org. The server will retry for 46 more hours. You'll be notified if the delivery fails permanently.\n\n450 4.1.1 no such user\n", Delay, ""},
		"a delay, in French":               {strings.Replace(from, "Undelivered mail", "Delivery Status Notification (Delay)", 1) + "Un problème temporaire est survenu lors de la remise de votre message à ana@example.org. Le serveur réessaiera pendant encore 46 heures.\n", Delay, ""},
		"put off, in French":               {strings.Replace(from, "Undelivered mail", "Remise différée", 1) + "La remise à ana@example.org est différée. De nouvelles tentatives auront lieu.\n", Delay, ""},
		"asked to send again, in Japanese": {from + "宛先不明のため配信できませんでした。アドレスを確認して再送信してください。\n<ana@example.org>: 550 5.1.1 User unknown\n", Bounce, "ana@example.org"},
	} {
		t.Run(name, func(t *testing.T) {
			r := Parse([]byte(strings.ReplaceAll(c.raw, "\n", "\r\n")))
			gone := ""
			for _, to := range r.Recipients {
				if to.Gone {
					gone += to.Address
				}
			}
			if r.Kind != c.kind || gone != c.gone {
				t.Errorf("%s, gone %q, want %s, %q: %+v", r.Kind, gone, c.kind, c.gone, r.Recipients)
			}
		})
	}
}
