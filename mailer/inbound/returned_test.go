package inbound

import (
	"strings"
	"testing"
)

// pasted is what a mail of ours may say, unmarked, behind the words of a mail system.
const pasted = "Harbour reopens\n\nThe account does not exist, says the bank. No such user, 550 5.1.1.\n"

// TestReturnedText holds that what a notice returns of a mail is not read as the words of the mail system, and that
// those are read that stand before it.
func TestReturnedText(t *testing.T) {
	const head = "From: MAILER-DAEMON@mx.example.net\nSubject: Undelivered mail\nTo: digest@example.org\nContent-Type: text/plain; charset=utf-8\n\n"
	const failed = "Your message could not be delivered to ana@example.org\n"
	const reason = "550 5.1.1 User unknown\n"
	for name, c := range map[string]struct {
		text string
		want string // status, and whether the mailbox is gone
	}{
		"a header of our mail":        {failed + "\nReceived: from a by b; Mon, 6 Jul 2026 08:00:00 +0000\nSubject: x\n\n" + pasted, ""},
		"one field that only headers": {failed + "\nReturn-Path: <bounces@digest.example>\n\n" + pasted, ""},
		"a header without a gap":      {failed + "From: Morning digest <digest@example.org>\nTo: ana@example.org\nSubject: User unknown\n\n" + pasted, ""},
		"the fields that are shown":   {failed + "\nFrom: Morning digest <digest@example.org>\nDate: Mon, 6 Jul 2026 08:00:00 +0000\nSubject: Harbour\n\n" + pasted, ""},
		"the fields of a reply":       {failed + "\nFrom: Morning digest\nSent: Monday, July 6, 2026 8:00\nTo: Ana\nSubject: Harbour\n\n" + pasted, ""},
		"the same in German":          {failed + "\nVon: Morgenblatt\nGesendet: Montag, 6. Juli 2026 08:00\nAn: Ana\nBetreff: Hafen\n\n" + pasted, ""},
		"the same in French":          {failed + "\nDe : Matin\nEnvoyé : lundi 6 juillet 2026 08:00\nÀ : Ana\nObjet : Port\n\n" + pasted, ""},
		"the same in Spanish":         {failed + "\nDe: Diario\nEnviado: lunes, 6 de julio de 2026 8:00\nPara: Ana\nAsunto: Puerto\n\n" + pasted, ""},
		"the same in Japanese":        {failed + "\n差出人: 朝刊\n送信日時: 2026年7月6日\n宛先: Ana\n件名: 港\n\n" + pasted, ""},
		"original message, colon":     {failed + "\nOriginal message:\n" + pasted, ""},
		"original message, follows":   {failed + "\nYour original message follows.\n\n" + pasted, ""},
		"original message, is":        {failed + "\nThe original message is:\n\n" + pasted, ""},
		"your message was":            {failed + "\nYour message was:\n\n" + pasted, ""},
		"the message you sent":        {failed + "\nThe message that you sent was:\n\n" + pasted, ""},
		"content of the message":      {failed + "\nContent of the message:\n\n" + pasted, ""},
		"text of your message":        {failed + "\nText of your message:\n\n" + pasted, ""},
		"message body":                {failed + "\nMessage body:\n\n" + pasted, ""},
		"a copy":                      {failed + "\nA copy of your message:\n\n" + pasted, ""},
		"forwarded":                   {failed + "\nBegin forwarded message:\n\n" + pasted, ""},
		"on that day you wrote":       {failed + "\nOn Mon, 6 Jul 2026 at 08:00, Morning digest <digest@example.org> wrote:\n\n" + pasted, ""},
		"German, original":            {failed + "\nIhre ursprüngliche Nachricht:\n\n" + pasted, ""},
		"German, one word":            {failed + "\nOriginalnachricht:\n\n" + pasted, ""},
		"French, original":            {failed + "\nVotre message d'origine :\n\n" + pasted, ""},
		"Spanish, original":           {failed + "\nSu mensaje original:\n\n" + pasted, ""},
		"Japanese, original":          {failed + "\n元のメッセージ：\n\n" + pasted, ""},
		"a rule of underscores":       {failed + "\n________________________________\n\n" + pasted, ""},
		"a rule of dashes":            {failed + "\n----------------------------------------\n\n" + pasted, ""},
		"a subject alone":             {failed + "Subject: User unknown in this town\n", ""},
		"a subject before":            {"Your message\n\n  To: ana@example.org\n  Subject: User unknown in this town\n\ncould not be delivered.\n", ""},
		"nothing, prose behind":       {failed + "\nHarbour reopens\n\nThe account does not exist, says the bank.\n", ""},
		"nothing, a headline behind":  {failed + "\nUser unknown: how a bank lost its customers\n", ""},
		"nothing, behind a list":      {"Your message could not be delivered to:\n\nana@example.org\n\nHarbour reopens\n\nThe account does not exist, says the bank.\n", ""},
		"nobody named, prose behind":  {"Your message could not be delivered.\n\nHarbour reopens\n\nThe account does not exist, says the bank.\n", ""},

		"an excerpt":                   {failed + "\nExcerpt of your message:\n\n" + pasted, ""},
		"fields of a list":             {failed + "\nList-Id: <x.example.org>\nList-Unsubscribe: <https://example.org/u>\n\n" + pasted, ""},
		"a signature's mark":           {failed + "--\nUser unknown\n", ""},
		"a quotation that was wrapped": {failed + "\n> The harbour reopens, and the\nuser does not exist any more, 550 5.1.1\n", ""},
		"a quotation with bars":        {failed + "\n| The user does not exist, 550 5.1.1\n", ""},
		"a rule around words":          {failed + "\n--- Tin nhan goc ---\n\n" + pasted, ""},
		"a long paragraph behind":      {"Your message could not be delivered to:\n\nana@example.org\n\nThe bank reopens.\nAll is well.\nThe account\ndoes not exist.\n", ""},
		"two reasons, the nearer one":  {"Your message could not be delivered.\n\n<ana@example.org>\n\n550 5.1.1 User unknown\n\n552 mailbox full\n", "5.1.1 gone"},
		"a code behind a gap":          {failed + "\nSorry.\n\n" + reason, "5.1.1 gone"},
		"fields, and then the reason":  {failed + "\nFrom: Morning digest\nDate: Mon\nSubject: Harbour\n\nReason: no such user here\n", "5.1.1 gone"},
		"a mark at the end":            {failed + "\n------------\n\nThe user does not exist.\n\nOriginal message:\n\nmailbox full\n", "5.1.1 gone"},
		"a mark at the end, far away":  {failed + strings.Repeat("We are sorry for it.\n", 12) + "\nThe user does not exist.\n\nOriginal message:\n\nmailbox full\n", "5.1.1 gone"},

		"a mark, and two recipients":   {"Delivery to the user bo@example.org failed\n\nSorry.\n\nDelivery to the user ana@example.org failed\n------------\n\nThe user does not exist.\n\nOriginal message:\n\nfull\n", " gone"},
		"a reason, then our header":    {failed + reason + "\nFrom: Morning digest\nDate: Mon\nSubject: x\n\nmailbox full\n", "5.1.1 gone"},
		"a reason behind a gap":        {failed + "\n" + reason + "\nOriginal message:\n\nmailbox full\n", "5.1.1 gone"},
		"a reason behind its word":     {failed + "\nReason: no such user here\n", "5.1.1 gone"},
		"a reason behind a summary":    {"A message could not be delivered.\n\nFrom: digest@example.org\nTo: ana@example.org\nSubject: Harbour\n\nReason: no such user here\n", "5.1.1 gone"},
		"a summary before the address": {"Your message\n\n  To: Ana\n  Subject: Harbour\n  Sent: Mon, 6 Jul 2026 08:00:00 +0000\n\ndid not reach the following recipient(s):\n\nana@example.org on Mon, 6 Jul 2026 08:00:01 +0000\n    The recipient name is not recognized\n", "5.1.1 gone"},
		"a reason behind a list":       {"Your message could not be delivered to:\n\nana@example.org\n\nThe user does not exist.\n", "5.1.1 gone"},
		"nobody named, a reason":       {"Your message could not be delivered: user unknown.\n\nOriginal message:\n\nmailbox full\n", "5.1.1 gone"},
		"a rule before the address":    {"Your message could not be delivered.\n--------------------\n<ana@example.org>: 550 5.1.1 User unknown\n", "5.1.1 gone"},
	} {
		t.Run(name, func(t *testing.T) {
			r := Parse([]byte(strings.ReplaceAll(head+c.text, "\n", "\r\n")))
			got := r.Status()
			if _, gone := r.gone("ana@example.org", true); gone {
				got += " gone"
			}
			if r.Kind != Bounce || got != c.want {
				t.Errorf("%s, %q, want %q: %+v", r.Kind, got, c.want, r.Recipients)
			}
		})
	}
}
