package inbound

import (
	"strings"
	"testing"
)

// reported is a report of RFC 3464 on reader@example.org: what it says to people, and the fields of its recipient.
func reported(text string, fields ...string) string {
	return "From: Mail Delivery System <MAILER-DAEMON@mx.example.net>\nTo: bounces@digest.example\nSubject: Delivery report\nMIME-Version: 1.0\n" +
		"Content-Type: multipart/report; report-type=delivery-status; boundary=b\n\n--b\nContent-Type: text/plain; charset=utf-8\n\n" + text +
		"\n--b\nContent-Type: message/delivery-status\n\nReporting-MTA: dns; mx.example.net\n\nFinal-Recipient: rfc822; reader@example.org\n" +
		strings.Join(fields, "\n") + "\n\n--b\nContent-Type: text/rfc822-headers\n\nSubject: Harbour reopens\nMessage-ID: <digest-1@digest.example>\n\n--b--\n"
}

// failed is one that failed, with a status and a diagnostic.
func failed(status, diagnostic string) string {
	return reported("It could not be delivered.\n", "Action: failed", "Status: "+status, "Diagnostic-Code: smtp; "+diagnostic)
}

// prose is a notice in words, from a mail system.
func prose(subject string, lines ...string) string {
	return "From: Mail Delivery System <postmaster@mx.example.net>\nTo: bounces@digest.example\nSubject: " + subject +
		"\nMIME-Version: 1.0\nContent-Type: text/plain; charset=utf-8\nContent-Transfer-Encoding: 8bit\n\n" + strings.Join(lines, "\n") + "\n"
}

// handedBack is our mail, with some words above it, from an address that takes no answers.
func handedBack(path, subject string, lines ...string) string {
	return "Return-Path: " + path + "\nFrom: no-reply@isp.example\nTo: bounces@digest.example\nSubject: " + subject +
		"\nMIME-Version: 1.0\nContent-Type: multipart/mixed; boundary=b\n\n--b\nContent-Type: text/plain\n\n" + strings.Join(lines, "\n") +
		"\n--b\nContent-Type: message/rfc822\n\nMessage-ID: <digest-1@digest.example>\nTo: reader@example.org\nSubject: Harbour reopens\n\nText\n--b--\n"
}

// person is what somebody's mailbox writes.
func person(subject string, fields string, lines ...string) string {
	return "From: Ana <reader@example.org>\nTo: bounces@digest.example\nSubject: " + subject + "\nContent-Type: text/plain; charset=utf-8\n" + fields +
		"\n" + strings.Join(lines, "\n") + "\n"
}

// multipart is a report of another kind: what it says to people, the report, and what it returns.
func multipart(kind, media, report string) string {
	return "From: fbl@isp.example\nTo: bounces@digest.example\nSubject: Report\nMIME-Version: 1.0\nContent-Type: multipart/report; report-type=" + kind +
		"; boundary=b\n\n--b\n\nThis mailbox does not exist, or so a headline says.\n--b\nContent-Type: " + media + "\n\n" + report +
		"\n--b\nContent-Type: message/rfc822\n\nMessage-ID: <digest-1@digest.example>\nSubject: User unknown\n\n550 5.1.1 User unknown\n--b--\n"
}

// topic is what a topic of Amazon sends by mail.
func topic(text string) string {
	return "From: Topic <no-reply@sns.amazonaws.com>\nTo: bounces@digest.example\nSubject: AWS Notification Message\n\n" + text + "\n\n--\nIf you wish to stop receiving notifications from this topic, please visit the link below to unsubscribe:\nhttps://sns.example/unsubscribe\n"
}

// TestDialects reads what the mail systems of the world say, in the form of testdata/notices.txtar: the kind, the
// recipients, the status, and whether the mailbox is gone.
func TestDialects(t *testing.T) {
	for _, test := range []struct{ name, want, raw string }{
		// There is no such mailbox.
		{"Postfix, relay", "bounce reader@example.org 5.1.1 gone", failed("5.1.1", "550 5.1.1 <reader@example.org>: Recipient address rejected: User unknown in relay recipient table")},
		{"Gmail", "bounce reader@example.org 5.1.1 gone", failed("5.1.1", "550-5.1.1 The email account that you tried to reach does not exist. Please try\n 550-5.1.1 double-checking the recipient's email address for typos or\n 550-5.1.1 unnecessary spaces. For more information, go to\n 550 5.1.1  https://support.example.com/mail/?p=NoSuchUser a1si2 - gsmtp")},
		{"Gmail, disabled", "bounce reader@example.org 5.2.1 gone", failed("5.2.1", "550-5.2.1 The email account that you tried to reach is inactive. For more\n 550-5.2.1 information, go to\n 550 5.2.1  https://support.example.com/mail/?p=DisabledUser a1si2 - gsmtp")},
		{"Office 365", "bounce reader@example.org 5.1.10 gone", failed("5.1.10", "550 5.1.10 RESOLVER.ADR.RecipientNotFound; Recipient reader@example.org not found by SMTP address lookup")},
		{"Exchange", "bounce reader@example.org 5.1.1 gone", failed("5.1.1", "550 5.1.1 RESOLVER.ADR.RecipNotFound; not found")},
		{"Exchange, legacy name", "bounce reader@example.org 5.1.1 gone", failed("5.1.1", "550 5.1.1 RESOLVER.ADR.ExRecipNotFound; not found")},
		{"Yahoo, no account", "bounce reader@example.org 5.1.1 gone", failed("5.0.0", "554 delivery error: dd This user doesn't have a mail.example account (reader@example.org) [0] - mta1.mail.example")},
		{"Yahoo, disabled", "bounce reader@example.org 5.2.1 gone", failed("5.0.0", "554 30 Sorry, your message to reader@example.org cannot be delivered. This mailbox is disabled (554.30).")},
		{"Yahoo, not found", "bounce reader@example.org 5.1.1 gone", failed("5.0.0", "552 1 Requested mail action aborted, mailbox not found")},
		{"SES", "bounce reader@example.org 5.1.1 gone", reported("An error occurred while trying to deliver the mail to the following recipients:\nreader@example.org\n", "Action: failed", "Diagnostic-Code: smtp; 550 5.1.1 user unknown", "Status: 5.1.1")},
		{"WorkMail, its report in the text", "bounce reader@example.org 5.1.1 gone", "From: mail.example\nTo: reader@example.org\nSubject: Undelivered Mail Returned to Sender\n\nAn error occurred.\n\nTechnical report:\n\nReporting-MTA: dns; mx.mail.example\n\nAction: failed\nFinal-Recipient: rfc822; reader@example.org\nDiagnostic-Code: smtp; 550 5.1.1 user unknown\nStatus: 5.1.1\n"},
		{"a person who quotes such a report", "other", person("A question", "", "What is this?", "", "Action: failed", "Final-Recipient: rfc822; reader@example.org", "Status: 5.1.1")},
		{"Orange", "bounce reader@example.org 5.1.1 gone", failed("5.1.1", "550 5.1.1 Adresse d au moins un destinataire invalide. Invalid recipient. OFR204_418 [418]")},
		{"cPanel", "bounce reader@example.org 5.1.1 gone", failed("5.0.0", `550 "No Such User Here"`)},
		{"Domino", "bounce reader@example.org 5.1.1 gone", failed("5.0.0", "550 reader@example.org... No such user")},
		{"chkuser", "bounce reader@example.org 5.1.1 gone", prose("failure notice", "Hi. This is the qmail-send program at mx.example.net.", "I'm afraid I wasn't able to deliver your message to the following addresses.", "This is a permanent error; I've given up. Sorry it didn't work out.", "", "<reader@example.org>:", "192.0.2.1 does not like recipient.", "Remote host said: 511 sorry, no mailbox here by that name (#5.1.1 - chkuser)", "Giving up on 192.0.2.1.")},
		{"hMailServer", "bounce reader@example.org 5.1.1 gone", prose("Message undeliverable: Harbour reopens", "Your message did not reach some or all of the intended recipients.", "", "   Sent: Mon, 6 Jul 2026 08:00:00 +0000", "   Subject: Harbour reopens", "", "The following recipient(s) could not be reached:", "", "reader@example.org", "   Error Type: SMTP", "   Remote server (192.0.2.1) issued an error.", "   hMailServer sent: RCPT TO:<reader@example.org>", "   Remote server replied: 550 5.1.1 unknown user")},
		{"MailEnable", "bounce reader@example.org 5.1.1 gone", prose("Message Delivery Failure", "MailEnable: Message Delivery Failure.", "", "Reason: The recipient is not a valid account here.", "", "The following recipient(s) could not be reached:", "[SMTP:reader@example.org]: Recipient unknown")},
		{"wants no answer", "bounce reader@example.org 5.1.1 gone", prose("Delivery status notification: error", "Hello!", "", "This is the mail system of mx.example.net. Please DO NOT REPLY to this message.", "", "An error occurred while delivering to the following recipients:", "", "reader@example.org: 550 5.1.1 <reader@example.org>... User unknown")},
		{"Haraka", "bounce reader@example.org 5.1.1 gone", prose("failure notice", "This is the mail server of mx.example.net.", "I was not able to deliver your message to the following addresses.", "This is a permanent error; I've given up.", "", "<reader@example.org>: 550 5.1.1 no such user")},
		{"Stalwart", "bounce reader@example.org 5.1.1 gone", prose("Failed to deliver message", "Your message could not be delivered to the following recipients:", "", "<reader@example.org> (host 'mx.example.net' rejected command 'RCPT TO:<reader@example.org>' with code 550 (5.1.1) 'User does not exist.')")},
		{"SmarterMail", "bounce reader@example.org 5.1.1 gone", prose("Delivery Failure", "Could not deliver message to the following recipient(s):", "", "Failed Recipient: reader@example.org", "Reason: Remote host said: 550 No such user here")},
		{"in Swedish, with a code", "bounce reader@example.org 5.1.1 gone", prose("Det gick inte att leverera", "Meddelandet kunde inte levereras till mottagaren:", "", "reader@example.org", "550 5.1.1 user unknown")},
		{"in Polish, with a code", "bounce reader@example.org 5.1.1 gone", prose("Niedostarczona", "Nie można dostarczyć listu do:", "", "<reader@example.org>", "550 5.1.1 User unknown")},
		{"Exchange, German", "bounce reader@example.org 5.1.1 gone", prose("Unzustellbar: Hafen", "Fehler bei der Nachrichtenzustellung an folgende Empfänger oder Gruppen:", "", "reader@example.org", "Die eingegebene E-Mail-Adresse konnte nicht gefunden werden. Überprüfen Sie die Adresse.")},
		{"Exchange, French", "bounce reader@example.org 5.1.1 gone", prose("Non remis : Port", "Échec de la remise pour ces destinataires ou groupes :", "", "reader@example.org", "L'adresse de messagerie que vous avez entrée est introuvable. Vérifiez l'adresse.")},
		{"Exchange, Spanish", "bounce reader@example.org 5.1.1 gone", prose("No se puede entregar: Puerto", "Error de entrega a estos destinatarios o grupos:", "", "reader@example.org", "No se encontró la dirección de correo electrónico que especificó.")},
		{"Exchange, Japanese", "bounce reader@example.org 5.1.1 gone", prose("配信不能: 港", "次の受信者またはグループへの配信に失敗しました:", "", "reader@example.org", "入力した電子メール アドレスが見つかりませんでした。")},
		{"Exchange, Italian", "bounce reader@example.org 5.1.1 gone", prose("Non recapitabile: Porto", "Impossibile recapitare il messaggio ai destinatari seguenti:", "", "reader@example.org", "L'indirizzo immesso non è stato trovato.")},
		{"sendmail", "bounce reader@example.org 5.1.1 gone", prose("Returned mail: see transcript for details", "The original message was received at Mon, 6 Jul 2026 08:00:00 GMT", "from out.digest.example [192.0.2.9]", "", "   ----- The following addresses had permanent fatal errors -----", "<reader@example.org>", "    (reason: 550 5.1.1 <reader@example.org>... User unknown)", "", "   ----- Transcript of session follows -----", "... while talking to mail.example.org.:", ">>> RCPT To:<reader@example.org>", "<<< 550 5.1.1 <reader@example.org>... User unknown")},

		{"a code behind a list, then the rest", "bounce reader@example.org 5.1.1 gone", prose("Undelivered", "It could not be delivered:", "", "reader@example.org", "", "550 5.1.1 User unknown", "", "552 Mailbox full, says a headline")},
		{"Office 365, advice", "bounce reader@example.org 5.1.10 gone", reported("Your message to reader@example.org couldn't be delivered.\n\nreader wasn't found at example.org.\n\nHow to Fix It\nThe address may be misspelled or may not exist. Try one or more of the following:\n- Send the message again following these steps: choose Send Again from the Report ribbon.\n- Contact the recipient (by phone, for example) to check that the address is correct.\nFor more tips to resolve this issue, see DSN code 5.1.10.\n", "Action: failed", "Status: 5.1.10", "Diagnostic-Code: smtp;550 5.1.10 RESOLVER.ADR.RecipientNotFound; Recipient not found by SMTP address lookup")},
		{"Exchange, advice", "bounce reader@example.org 5.1.1 gone", reported("Delivery has failed to these recipients or groups:\n\nreader@example.org\nThe e-mail address you entered couldn't be found. Please check the recipient's e-mail address and try to resend the message. If the problem continues, please contact your helpdesk. Microsoft Exchange will not try to redeliver this message for you.\n", "Action: failed", "Status: 5.1.1", "Diagnostic-Code: smtp;550 5.1.1 RESOLVER.ADR.RecipNotFound; not found")},
		{"Exchange, advice in German", "bounce reader@example.org 5.1.1 gone", reported("Fehler bei der Nachrichtenzustellung an folgende Empfänger oder Gruppen:\n\nreader@example.org\nDie eingegebene E-Mail-Adresse konnte nicht gefunden werden. Überprüfen Sie die Adresse, und versuchen Sie, die Nachricht erneut zu senden. Microsoft Exchange versucht nicht, diese Nachricht später erneut zuzustellen.\n", "Action: failed", "Status: 5.1.1", "Diagnostic-Code: smtp;550 5.1.1 RESOLVER.ADR.RecipNotFound; not found")},
		{"Exchange, advice in Spanish", "bounce reader@example.org 5.1.1 gone", reported("Error de entrega a estos destinatarios o grupos:\n\nreader@example.org\nNo se encontró la dirección de correo electrónico. Microsoft Exchange no intentará volver a entregar este mensaje.\n", "Action: failed", "Status: 5.1.1", "Diagnostic-Code: smtp;550 5.1.1 RESOLVER.ADR.RecipNotFound; not found")},
		{"Exchange, advice in French", "bounce reader@example.org 5.1.1 gone", reported("Échec de la remise pour ces destinataires ou groupes :\n\nreader@example.org\nL'adresse que vous avez entrée est introuvable. Aucune nouvelle tentative de remise ne sera effectuée.\n", "Action: failed", "Status: 5.1.1", "Diagnostic-Code: smtp;550 5.1.1 RESOLVER.ADR.RecipNotFound; not found")},
		{"Exchange, advice in Japanese", "bounce reader@example.org 5.1.1 gone", reported("次の受信者またはグループへの配信に失敗しました:\n\nreader@example.org\n入力したアドレスが見つかりませんでした。アドレスを確認し、メッセージを再送信してください。このメッセージの再配信は行われません。\n", "Action: failed", "Status: 5.1.1", "Diagnostic-Code: smtp;550 5.1.1 RESOLVER.ADR.RecipNotFound; not found")},
		{"Postfix, in two languages", "bounce reader@example.org 5.1.1 gone", reported("This is the mail system at host mx.example.net.\n\nI'm sorry to have to inform you that your message could not\nbe delivered to one or more recipients. It's attached below.\n\nIf you do so, please include this problem report.\n\n<reader@example.org>: host mail.example.org[192.0.2.1] said: 550 5.1.1\n    <reader@example.org>: Recipient address rejected: User unknown (in reply to\n    RCPT TO command)\n", "Action: failed", "Status: 5.1.1", "Diagnostic-Code: smtp; 550 5.1.1 <reader@example.org>: Recipient address rejected: User unknown")},
		{"PowerMTA", "bounce reader@example.org 5.1.1 gone", reported("  <reader@example.org>\n    delivery failed; will not continue trying\n", "Action: failed", "Status: 5.1.1 (bad destination mailbox address)", "Diagnostic-Code: smtp;550 5.1.1 <reader@example.org>... User Unknown")},
		{"Courier", "bounce reader@example.org 5.1.1 gone", prose("NOTICE: mail delivery status.", "                           UNDELIVERABLE MAIL", "", "Your message to the following recipients cannot be delivered:", "", "<reader@example.org>:", "    mx.example.org [192.0.2.1]:", ">>> RCPT TO:<reader@example.org>", "<<< 550 5.1.1 <reader@example.org>... User Unknown", "", "---------------------------------------------------------------------------")},
		{"James", "bounce reader@example.org 5.1.1 gone", prose("Re: Harbour", "I'm afraid I wasn't able to deliver your message to the following addresses.", "This is a permanent error; I've given up.", "", "Failed recipient(s):", "reader@example.org", "", "Error message:", "550 5.1.1 <reader@example.org>... User Unknown")},
		{"IMail, full", "bounce reader@example.org 5.2.2", prose("Undeliverable Mail", "User mailbox exceeds allowed size: reader@example.org", "", "Original message follows.")},
		{"OpenSMTPD", "bounce reader@example.org 5.1.1 gone", prose("Delivery status notification: error", "    An error has occurred while attempting to deliver a message for", "    the following list of recipients:", "", "reader@example.org: 550 5.1.1 no such user", "", "    Below is a copy of the original message:", "", "From: x", "", "mailbox full")},
		{"NetEase", "bounce reader@example.org 5.1.1 gone", prose("系统退信", "抱歉，您的邮件被退回来了……", "", "收件人：reader@example.org", "退信原因：收件人帐号不存在")},
		{"in Korean, with a code", "bounce reader@example.org 5.1.1 gone", prose("메일 발송 실패", "could not be delivered", "받는사람: reader@example.org", "실패 사유: 존재하지 않는 사용자입니다. (550 No such user)")},
		{"no status, the words beside it", "bounce reader@example.org 5.1.1 gone", reported("It could not be delivered:\n\n<reader@example.org>: user unknown\n", "Action: failed")},
		{"a notice as a file", "bounce reader@example.org 5.1.1 gone", strings.NewReplacer("Content-Type: text/plain", "Content-Disposition: attachment\nContent-Type: text/plain", "message/delivery-status", "application/x-none").Replace(reported("It could not be delivered:\n\n<reader@example.org>: user unknown\n"))},
		{"for good, after a while", "bounce reader@example.org 5.1.1 gone", prose("Undelivered", "It could not be delivered. Our database was slow at first, but this is a permanent error:", "", "<reader@example.org>: user unknown")},
		{"by an automat", "bounce reader@example.org 5.1.1 gone", prose("Automatic reply: mail delivery failed", "It could not be delivered:", "", "<reader@example.org>: user unknown")},
		{"in reply, of a mail system", "bounce reader@example.org 5.1.1 gone", strings.Replace(prose("Undelivered", "It could not be delivered:", "", "<reader@example.org>: user unknown"), "From:", "In-Reply-To: <digest-1@digest.example>\nFrom:", 1)},
		{"a stray empty line", "bounce reader@example.org 5.1.1 gone", reported("", "", "Action: failed", "", "Status: 5.1.1")},
		{"no action", "bounce reader@example.org 5.1.1 gone", reported("", "Status: 5.1.1")},
		{"neither action nor status", "bounce reader@example.org 5.1.1 gone", reported("", "Diagnostic-Code: smtp; 550 no such user")},
		{"a refusal without a meaning", "bounce reader@example.org", reported("", "Diagnostic-Code: smtp; 550 refused")},
		{"words in the status", "bounce reader@example.org 5.1.1 gone", reported("", "Action: failed", "Status: 5.0.0 (no such user)")},
		{"words beside a generic code", "bounce reader@example.org 5.1.1 gone", reported("It could not be delivered:\n\n<reader@example.org>: user unknown\n", "Action: failed", "Status: 5.0.0")},
		{"a report with no fields", "bounce reader@example.org 5.1.1 gone", strings.NewReplacer("From: Mail Delivery System <MAILER-DAEMON@mx.example.net>", "From: x@mx.example.net", "message/delivery-status", "application/x-none").Replace(reported("It could not be delivered:\n\n<reader@example.org>: user unknown\n"))},
		{"a daemon that asks to confirm", "bounce reader@example.org 5.1.1", prose("Undelivered", "It could not be delivered. Please verify your message.", "", "<reader@example.org>: user unknown")},
		{"rejected for good, after it was taken", "bounce reader@example.org 5.1.1 gone", prose("Undelivered", "The message was delivered to mx.example.org, which gave a permanent error:", "", "<reader@example.org>: user unknown")},
		{"a later paragraph, our mail apart", "bounce reader@example.org 5.1.1 gone", strings.NewReplacer("message/delivery-status", "application/x-none").Replace(reported("It could not be delivered to reader@example.org\n\nThe user does not exist.\n"))},

		{"from somebody to him", "bounce reader@example.org 5.1.1 gone", prose("Undelivered", "The message from Bo to reader@example.org could not be delivered: user unknown.")},
		{"a sentence that goes on", "bounce reader@example.org", prose("Undelivered", "It could not be delivered, sorry, for the user", "= reader@example.org at this time")},
		{"behind the reply", "bounce reader@example.org 5.1.1 gone", prose("Undelivered", "It could not be delivered. The server said:", "answer was 550 5.1.1 <reader@example.org> unknown user")},
		{"in X.400 clothes", "bounce reader@example.org 5.1.1 gone", prose("Undelivered", "It could not be delivered; c=us/dda:SMTP=reader@example.org/ unknown recipient")},
		{"to whom it was addressed", "bounce reader@example.org 5.1.1 gone", prose("Undelivered", "It could not be delivered.", "", "To: team@example.org", "", "<reader@example.org>: user unknown")},
		{"a help desk that is gone", "bounce support@example.org 5.1.1 gone", prose("Undelivered", "It could not be delivered.", "", "<bounces@digest.example>: dear sir", "", "<support@example.org>: user unknown")},
		{"Exim under another name", "bounce ben@example.org 5.1.1 gone", person("Undelivered", "Auto-Submitted: auto-replied\nX-Failed-Recipients: ben@example.org\n", "It could not be delivered:", "", "<ben@example.org>: user unknown")},
		{"a report that answers", "bounce reader@example.org 5.1.1 gone", strings.NewReplacer("From: Mail Delivery System <MAILER-DAEMON@mx.example.net>", "From: x@mx.example.net\nAuto-Submitted: auto-replied", "message/delivery-status", "application/x-none").Replace(reported("It could not be delivered:\n\n<reader@example.org>: user unknown\n"))},

		// The words are not those of the mail system, or not about him.
		{"behind an alias, in the words", "bounce reader@example.org 5.1.1", reported("It could not be delivered:\n\n<eve@in.example.org> (expanded from <reader@example.org>): user unknown\n", "Action: failed", "Status: 5.0.0")},
		{"behind an alias, in the fields", "bounce reader@example.org 5.1.1", strings.Replace(reported("It could not be delivered:\n\n<reader@example.org>: user unknown\n", "Action: failed", "Status: 5.0.0"), "Final-Recipient: rfc822; reader", "Original-Recipient: rfc822; reader@example.org\nFinal-Recipient: rfc822; eve", 1)},
		{"behind a forward", "bounce reader@example.org 5.1.1", failed("5.1.1", "550 5.1.1 <eve@example.net>: Recipient address rejected: User unknown")},
		{"behind a forward, in words", "bounce reader@example.org,eve@example.net 5.1.1", prose("Undelivered", "It could not be delivered.", "", "<reader@example.org>: host said: 550 5.1.1 <eve@example.net>: user unknown")},
		{"it looked up the sender", "bounce reader@example.org 5.1.1", failed("5.1.1", "550 <bounces@digest.example>: user unknown")},
		{"another address, it says", "bounce reader@example.org,eve@example.org 5.1.1", prose("Undelivered", "Your message to reader@example.org could not be delivered, because the address eve@example.org does not exist")},
		{"the sender's address, it says", "bounce reader@example.org 5.1.1", prose("Undelivered", "Your message to reader@example.org could not be delivered, because the address bounces@digest.example does not exist")},
		{"the sender is nobody", "bounce reader@example.org 5.7.1", prose("Undelivered", "Your message could not be delivered to reader@example.org: you are an unknown user")},
		{"forwarded, it says", "bounce reader@example.org,eve@example.net 5.1.1", prose("Undelivered", "Mail to reader@example.org is forwarded to eve@example.net, and could not be delivered there: user unknown")},
		{"a member of a list", "bounce - 5.1.1", prose("Undelivered", "The list could not deliver your mail to its member <eve@example.net>: user unknown")},
		{"another recipient in the diagnostic", "bounce reader@example.org 5.1.1", failed("5.1.1", "550 5.1.1 recipient eve@example.net unknown")},
		{"two diagnostics", "bounce reader@example.org 5.1.1", reported("", "Action: failed", "Status: 5.1.1", "Diagnostic-Code: smtp; 550 5.1.1 user unknown", "Diagnostic-Code: smtp; 450 4.2.2 full")},
		{"full, by the words beside it", "bounce reader@example.org 5.1.1", reported("It could not be delivered:\n\n<reader@example.org>: the mailbox is full\n", "Action: failed", "Status: 5.1.1")},
		{"tried again, by the words beside it", "bounce reader@example.org 5.1.1", reported("It could not be delivered. We will keep trying.\n", "Action: failed", "Status: 5.1.1", "Diagnostic-Code: smtp; 550 5.1.1 user unknown")},
		{"tried again, it says before", "bounce reader@example.org 5.1.1", prose("Undelivered", "It could not be delivered. Next attempt in 30 minutes.", "", "reader@example.org", "user unknown")},
		{"a postmaster who is away", "auto-reply", "From: postmaster@example.org\nTo: bounces@digest.example\nSubject: Automatic reply\n\nThe mailbox reader@example.org does not exist any more, mail is not delivered.\n"},
		{"a postmaster who answers", "other", "From: postmaster@example.org\nTo: bounces@digest.example\nIn-Reply-To: <question-1@digest.example>\nSubject: Re: your mail\n\nYour message to <reader@example.org> could not be delivered: user unknown. I have mended it.\n"},
		{"of X.400", "bounce -", strings.Replace(failed("5.1.1", "550 5.1.1 user unknown"), "rfc822; reader@example.org", "x400; /g=ana/s=reader@example.org/", 1)},
		{"a text behind what is returned", "bounce reader@example.org", strings.NewReplacer("message/delivery-status", "application/x-none", "\n--b--", "\n--b\n\n<reader@example.org>: user unknown\n--b--").Replace(reported("It could not be delivered:\n\n<reader@example.org>\n"))},
		{"our mail as a text file", "bounce reader@example.org", strings.NewReplacer("message/delivery-status", "text/plain; charset=utf-8\nContent-Disposition: attachment").Replace(reported("It could not be delivered:\n\n<reader@example.org>\n", "", "<reader@example.org>: user unknown"))},
		{"HTML beside plain text", "bounce reader@example.org", strings.NewReplacer("message/delivery-status", "text/html").Replace(reported("It could not be delivered:\n\n<reader@example.org>: 550 refused\n", "<p>reader@example.org: user unknown"))},
		{"a bounce, sent on by a person", "other", "From: Bo <bo@example.net>\nSubject: Undelivered\nContent-Type: multipart/mixed; boundary=o\n\n--o\nContent-Type: message/rfc822\n\n" + failed("5.1.1", "550 5.1.1 user unknown") + "--o--\n"},
		{"a bounce, sent on by a help desk", "other", "From: postmaster@example.net\nSubject: Fwd\nContent-Type: multipart/mixed; boundary=o\n\n--o\n\nWe got this.\n--o\nContent-Type: message/rfc822\n\n" + failed("5.1.1", "550 5.1.1 user unknown") + "--o--\n"},

		// It was refused, for another reason.
		{"Office 365, access denied", "bounce reader@example.org 5.4.1", failed("5.4.1", "550 5.4.1 Recipient address rejected: Access denied. AS(201806281)")},
		{"Office 365, a group", "bounce reader@example.org 5.7.133", failed("5.7.133", "550 5.7.133 RESOLVER.RST.SenderNotAuthenticatedForGroup; authentication required")},
		{"Office 365, a rate", "bounce reader@example.org 5.2.121", failed("5.2.121", "550 5.2.121 RESOLVER.RST.RecipientRateLimitExceeded; recipient rate limit exceeded")},
		{"Office 365, full", "bounce reader@example.org 5.2.2", failed("5.2.2", "554 5.2.2 mailbox full; STOREDRV.Deliver.Exception:QuotaExceededException.MapiExceptionShutoffQuotaExceeded")},
		{"Outlook, a list", "bounce reader@example.org 5.7.1", failed("5.7.1", "550 5.7.1 Unfortunately, messages from [192.0.2.9] weren't sent. Please contact your Internet service provider since part of their network is on our block list (S3150).")},
		{"Gmail, unauthenticated", "bounce reader@example.org 5.7.26", failed("5.7.26", "550-5.7.26 This mail has been blocked because the sender is unauthenticated.")},
		{"Gmail, unsolicited", "bounce reader@example.org 5.7.1", failed("5.7.1", "550-5.7.1 [192.0.2.9] Our system has detected that this message is likely unsolicited mail.")},
		{"Gmail, full", "bounce reader@example.org 5.2.2", failed("5.2.2", "552-5.2.2 The recipient's inbox is out of storage space. Please direct the recipient to https://support.example.com")},
		{"Barracuda", "bounce reader@example.org 5.7.1", failed("5.0.0", "554 Service unavailable; Client host [192.0.2.9] blocked using b.barracudacentral.example")},
		{"Mimecast", "bounce reader@example.org 5.7.1", failed("5.0.0", "550 Rejected by header based manually Blocked Senders - https://community.example.com")},
		{"T-Online", "bounce reader@example.org 5.7.1", failed("5.0.0", "554 IP=192.0.2.9 - None/bad reputation. Ask your postmaster for help. (NOWL)")},
		{"AOL, not this message", "bounce reader@example.org 5.2.1", failed("5.2.1", "521 5.2.1 :  AOL will not accept delivery of this message.")},
		{"QQ, a rate", "bounce reader@example.org", failed("", "550 Connection frequency limited")},
		{"preferences", "bounce reader@example.org 5.1.1", failed("5.1.1", "550 5.1.1 RCP-P2 Refused due to recipient preferences")},
		{"sender verify", "bounce reader@example.org 5.7.1", failed("5.0.0", "550-Verification failed for <bounces@digest.example>\n 550-No Such User Here\n 550 Sender verify failed")},
		{"sender's domain", "bounce reader@example.org 5.1.8", failed("5.1.8", "550 5.1.8 <bounces@digest.example>: Sender address rejected: Domain not found")},
		{"verified, greylisted behind", "bounce reader@example.org 5.1.1", failed("5.1.1", "550 5.1.1 <reader@example.org>: Recipient address rejected: undeliverable address: host mail.example.org[192.0.2.1] said: 450 4.2.0 <reader@example.org>: Greylisted (in reply to RCPT TO command)")},
		{"verified, spam behind", "bounce reader@example.org 5.1.1", failed("5.1.1", "550 5.1.1 <reader@example.org>: Recipient address rejected: undeliverable address: host mail.example.org[192.0.2.1] said: 554 5.7.1 looks like spam")},
		{"unverified", "bounce reader@example.org 4.1.1", failed("4.1.1", "450 4.1.1 <reader@example.org>: Recipient address rejected: unverified address: Address verification in progress")},
		{"SES, a list of its own", "bounce reader@example.org 5.1.1", failed("5.1.1", "Amazon SES has suppressed sending to this address because it has a recent history of bouncing as an invalid address.")},
		{"blocked, not used", "bounce reader@example.org 5.2.1", failed("5.2.1", "550 5.2.1 This mailbox has been blocked due to inactivity")},
		{"no such host", "bounce reader@example.org 5.4.4", failed("5.4.4", "X-Postfix; Host or domain name not found. Name service error for name=example.org type=AAAA: Host not found")},
		{"qmail, no such host", "bounce reader@example.org 5.1.2", prose("failure notice", "I'm afraid I wasn't able to deliver your message to the following addresses.", "This is a permanent error; I've given up.", "", "<reader@example.org>:", "Sorry, I couldn't find any host named example.org. (#5.1.2)")},
		{"qmail, too long", "bounce reader@example.org 4.4.1", prose("failure notice", "I wasn't able to deliver your message to the following addresses.", "", "<reader@example.org>:", "Sorry, I wasn't able to establish an SMTP connection. (#4.4.1)", "I'm not going to try again; this message has been in the queue too long.")},
		{"Exim, unrouteable", "bounce reader@example.org 5.1.2", prose("Mail delivery failed: returning message to sender", "A message that you sent could not be delivered to one or more of its", "recipients. This is a permanent error. The following address(es) failed:", "", "  reader@example.org", "    Unrouteable address")},
		{"Exim, too long", "bounce reader@example.org 5.4.7", prose("Mail delivery failed: returning message to sender", "A message that you sent could not be delivered to one or more of its", "recipients. This is a permanent error. The following address(es) failed:", "", "  reader@example.org", "    host mail.example.org [192.0.2.1]:", "    Connection timed out: retry timeout exceeded")},
		{"given up, in the subject", "bounce - 5.4.7", prose("Returned mail: Cannot send message for 4 days", "   ----- Transcript of session follows -----", "421 example.org (smtp)... Deferred: Connection timed out with example.org", "", "   ----- Unsent message follows -----", "Message-ID: <digest-1@digest.example>", "To: reader@example.org")},
		{"full, by nobody who is a daemon", "bounce reader@example.org 5.2.2", handedBack("<>", "Mail", "Your mail of Thursday", "     could not be delivered to: <reader@example.org>", "     as their mailbox is full.")},
		{"not delivered, says a person with a path", "other", handedBack("<ana@example.net>", "Mail", "Your mail", "     could not be delivered to: <reader@example.org>", "     as their mailbox is full.")},
		{"away, with what it answers", "auto-reply", handedBack("<>", "Re: Harbour reopens", "I am away until Monday. Mail is not read meanwhile.")},
		{"full, German", "bounce reader@example.org 5.2.2", prose("Unzustellbar: Hafen", "Ihre Nachricht konnte nicht zugestellt werden:", "", "reader@example.org", "Das Postfach des Empfängers ist voll und kann derzeit keine Nachrichten annehmen.")},
		{"full, French", "bounce reader@example.org 5.2.2", prose("Non remis : Port", "Votre message n'a pas pu être remis à :", "", "reader@example.org", "La boîte aux lettres du destinataire est pleine.")},
		{"full, Spanish", "bounce reader@example.org 5.2.2", prose("No se puede entregar", "Su mensaje no pudo ser entregado a:", "", "reader@example.org", "El buzón del destinatario está lleno.")},
		{"full, Japanese", "bounce reader@example.org 5.2.2", prose("配信不能", "次の宛先に配信できませんでした。", "", "reader@example.org", "メールボックスの容量が上限を超えています。")},

		{"QQ", "bounce reader@example.org 5.1.1 gone", prose("系统退信", "您好! 您的邮件被退回。", "", "收件人: reader@example.org", "退信原因: 收件人邮件地址（reader@example.org）不存在，邮件无法送达。")},
		{"Naver", "bounce reader@example.org 5.1.1 gone", prose("메일 발송 실패 안내", "메일 발송에 실패하였습니다.", "", "받는 사람: reader@example.org", "실패 사유: 존재하지 않는 메일 주소입니다.")},
		{"Naver, full", "bounce reader@example.org 5.2.2", prose("메일 발송 실패 안내", "메일 발송에 실패하였습니다.", "", "reader@example.org", "수신자의 메일함 용량이 초과되어 전송되지 않았습니다.")},
		{"Mail.ru", "bounce reader@example.org 5.1.1 gone", prose("Ваше сообщение не доставлено", "К сожалению, Ваше письмо не может быть доставлено:", "", "reader@example.org", "такого пользователя не существует")},
		{"Turkish", "bounce reader@example.org 5.1.1 gone", prose("Teslim edilemedi: Liman", "İletiniz şu alıcılara teslim edilemedi:", "", "reader@example.org", "", "Girdiğiniz e-posta adresi bulunamadı.")},
		{"Turkish, delay", "delay reader@example.org", prose("Teslim gecikti: Liman", "İletiniz henüz teslim edilemedi, yeniden denenecek:", "", "reader@example.org", "", "Kullanıcı bulunamadı")},
		{"Korean, delay", "delay reader@example.org", prose("메일 발송 지연 안내", "메일 발송이 지연되고 있습니다. 다시 시도합니다.", "", "reader@example.org", "사용자를 찾을 수 없습니다")},
		{"Polish, full", "bounce reader@example.org 5.2.2", prose("Niedostarczona wiadomość", "Wiadomość nie została dostarczona.", "", "reader@example.org: skrzynka odbiorcy jest przepełniona")},
		{"a notice that calls itself a status", "bounce reader@example.org 5.3.0", strings.Replace(reported("<reader@example.org> takes no mail.\n", "Action: failed", "Status: 5.3.0"), "\n\n<reader@example.org> takes", "\nContent-Type: message/delivery-status\n\n<reader@example.org> takes", 1)},

		// It is still on its way, or has arrived.
		{"Postfix, delay", "delay reader@example.org", reported("THIS IS A WARNING ONLY.  YOU DO NOT NEED TO RESEND YOUR MESSAGE.\n\n<reader@example.org>: connect to mail.example.org[192.0.2.1]:25: Connection timed out\n", "Action: delayed", "Status: 4.4.1", "Will-Retry-Until: Sat, 11 Jul 2026 08:00:00 +0000")},
		{"sendmail, delay", "delay reader@example.org", prose("Warning: could not send message for past 4 hours", "    **********************************************", "    **      THIS IS A WARNING MESSAGE ONLY      **", "    **  YOU DO NOT NEED TO RESEND YOUR MESSAGE  **", "    **********************************************", "", "   ----- The following addresses had transient non-fatal errors -----", "<reader@example.org>", "", "   ----- Transcript of session follows -----", "<reader@example.org>... Deferred: User unknown for now", "Warning: message still undelivered after 4 hours", "Will keep trying until message is 5 days old")},
		{"Exim, delay", "delay reader@example.org", prose("Warning: message 1abc-0001-AB delayed 24 hours", "A message that you sent has not yet been delivered to one or more of its", "recipients after more than 24 hours on the queue on mx.example.net.", "", "The address to which the message has not yet been delivered is:", "", "  reader@example.org", "    Delay reason: SMTP error from remote mail server: 450 4.1.1 user unknown for now", "", "No action is required on your part. Delivery attempts will continue for", "some time.")},
		{"Gmail, delay", "delay reader@example.org", reported("** Delivery incomplete **\n\nThere was a temporary problem delivering your message to reader@example.org. Gmail will retry for 47 more hours.\n", "Action: delayed", "Status: 4.2.1", "Diagnostic-Code: smtp; 450-4.2.1 The user you are trying to contact is receiving mail at a rate that prevents additional messages from being delivered.")},
		{"Yahoo, delay", "delay reader@example.org", reported("Delayed.\n", "Action: delayed", "Status: 4.7.0", "Diagnostic-Code: smtp; 421 4.7.0 [TSS04] Messages from 192.0.2.9 temporarily deferred due to user complaints")},
		{"a delay with a code for good", "delay reader@example.org", reported("Delayed.\n", "Action: delayed", "Status: 5.1.1", "Diagnostic-Code: smtp; 550 5.1.1 user unknown")},
		{"Exchange, delay in Spanish", "delay reader@example.org", prose("Entrega retrasada: Puerto", "La entrega a estos destinatarios o grupos se ha retrasado:", "", "reader@example.org", "", "Todavía no se ha entregado el mensaje. Se seguirá intentando.")},
		{"Exchange, delay in French", "delay reader@example.org", prose("Remise retardée : Port", "La remise à ces destinataires ou groupes est retardée :", "", "reader@example.org", "", "Ce message n'a pas encore été remis. De nouvelles tentatives de remise auront lieu.")},
		{"Exchange, delay in Japanese", "delay reader@example.org", prose("配信遅延: 港", "次の受信者またはグループへの配信が遅れています:", "", "reader@example.org", "", "このメッセージはまだ配信されていません。引き続き配信を試みます。")},
		{"a warning that says no more", "delay reader@example.org", prose("Delivery warning", "It could not be delivered:", "", "<reader@example.org>: user unknown")},
		{"delivered", "delivered reader@example.org", reported("Your message was delivered.\n", "Action: delivered", "Status: 2.0.0", "Diagnostic-Code: smtp; 250 2.0.0 Ok: queued")},
		{"passed on", "delivered reader@example.org", reported("Delivery to these recipients is complete, but no delivery notification was sent.\n", "Action: relayed", "Status: 2.1.5")},

		// Somebody's mailbox, or a list, answers by itself.
		{"away, German", "auto-reply", person("Abwesenheitsnotiz: Hafen", "Return-Path: <>\n", "Ich bin bis Montag nicht erreichbar.")},
		{"away, French", "auto-reply", person("Absence du bureau", "", "Je suis absente. Cette adresse n'existe pas.")},
		{"away, Japanese", "auto-reply", person("自動応答: 港", "", "不在です。")},
		{"left for good", "auto-reply", person("Re: Harbour", "Auto-Submitted: auto-replied\n", "I have left. The mailbox reader@example.org does not exist any more; mail is not delivered.")},
		{"left, by Exchange", "auto-reply", person("Harbour", "X-Auto-Response-Suppress: All\nAuto-Submitted: auto-generated\n", "The mailbox reader@example.org is no longer in use. 550 5.1.1")},
		{"a list, held", "auto-reply", "From: talk-bounces@lists.example.net\nTo: bounces@digest.example\nSubject: Your message to Talk awaits moderator approval\nPrecedence: bulk\nAuto-Submitted: auto-replied\n\nIs being held until the list moderator can review it for approval. The reason: post by non-member.\n"},
		{"a list, unknown command", "auto-reply", "From: talk-request@lists.example.net\nTo: bounces@digest.example\nSubject: The results of your email commands\nAuto-Submitted: auto-generated\nPrecedence: bulk\n\nThe address does not exist on this list: user unknown.\n"},
		{"left, says a field", "auto-reply", person("Undelivered mail", "X-Autoreply: yes\n", "It could not be delivered: <reader@example.org>: user unknown")},
		{"a ticket", "auto-reply", person("[#123] We got your mail", "Auto-Submitted: auto-replied\n", "Your message was received.")},

		// Amazon's topics, by mail.
		{"SES, a bounce", "bounce reader@example.org 5.1.1 gone", topic(`{"notificationType":"Bounce","bounce":{"bounceType":"Permanent","bouncedRecipients":[{"emailAddress":"reader@example.org","action":"failed","status":"5.1.1","diagnosticCode":"smtp; 550 5.1.1 user unk!
 nown"}]},"mail":{}}`)},
		{"SES, as JSON whole", "bounce reader@example.org 5.1.1 gone", topic(`{"Type":"Notification","Message":"{\"eventType\":\"Bounce\",\"bounce\":{\"bounceType\":\"Permanent\",\"bouncedRecipients\":[{\"emailAddress\":\"reader@example.org\",\"status\":\"5.1.1\"}]}}"}`)},
		{"SES, a passing bounce", "bounce reader@example.org 5.1.1", topic(`{"notificationType":"Bounce","bounce":{"bounceType":"Transient","bouncedRecipients":[{"emailAddress":"reader@example.org","status":"5.1.1"}]}}`)},
		{"SES, a complaint", "complaint reader@example.org", topic(`{"notificationType":"Complaint","complaint":{"complainedRecipients":[{"emailAddress":"reader@example.org"}],"complaintFeedbackType":"abuse"}}`)},
		{"SES, not spam", "report reader@example.org", topic(`{"notificationType":"Complaint","complaint":{"complainedRecipients":[{"emailAddress":"reader@example.org"}],"complaintFeedbackType":"not-spam"}}`)},
		{"SES, delivered", "delivered reader@example.org", topic(`{"notificationType":"Delivery","delivery":{"recipients":["reader@example.org"]}}`)},
		{"JSON of somebody else", "other", topic(`{"notificationType":"Deploy"}`)},
		{"no JSON", "other", topic(`{"notificationType":`)},

		// Said after the whole message, that a user is unknown may be what a reader's own filter says.
		{"Postfix, at the end of data", "bounce reader@example.org 5.1.1", reported("<reader@example.org>: host mx.example.org said: 550 Unknown user reader@example.org (in reply to end of DATA\n    command)\n", "Action: failed", "Status: 5.0.0", "Diagnostic-Code: smtp; 550 Unknown user reader@example.org")},
		{"Courier, at DATA", "bounce reader@example.org 5.1.1", reported("<reader@example.org>:\n    mx.example.org [192.0.2.45]:\n>>> DATA\n<<< 550 Unknown user reader@example.org\n", "Action: failed", "Status: 5.0.0", "Diagnostic-Code: smtp; 550 Unknown user reader@example.org")},
		{"a mark of the byte order before it", "bounce reader@example.org 5.1.1 gone", "\uFEFF" + failed("5.1.1", "550 5.1.1 user unknown")},
		{"a header wrapped without indentation", "bounce reader@example.org 5.1.1 gone", strings.Replace(failed("5.1.1", "550 5.1.1 user unknown"), "From:", "Received-SPF: pass (mx.example.org: domain designates\n192.0.2.1 as permitted sender)\nFrom:", 1)},
		{"Gmail, not found", "bounce reader@example.org 5.1.1 gone", reported("** Address not found **\n\nYour message wasn't delivered to reader@example.org because the address couldn't be found. Check for typos or unnecessary spaces and try again.\n", "Action: failed", "Status: 5.0.0")},
		{"a report in a bounce that names nobody", "bounce reader@example.org 5.1.1 gone", "From: MAILER-DAEMON@mx.example.net\nSubject: Returned mail: User unknown\nContent-Type: multipart/mixed; boundary=outer\n\n--outer\n\n----- The following addresses had permanent delivery errors -----\n\n--outer\nContent-Type: message/rfc822\n\n" + failed("5.1.1", "550 5.1.1 user unknown") + "\n--outer--\n"},

		// Reports of other kinds.
		{"spam, our own mail handed on by Microsoft", "complaint reader@example.org", "X-HmXmrOriginalRecipient: reader@example.org\nFrom: news@digest.example\nSubject: News\n\nTo leave: https://digest.example/u/x\nunsubscribe\n"},
		{"read", "receipt reader@example.org", multipart("disposition-notification", "message/disposition-notification", "Final-Recipient: rfc822; reader@example.org\nDisposition: manual-action/MDN-sent-manually; displayed\n")},
		{"thrown away unread", "receipt reader@example.org", multipart("disposition-notification", "message/disposition-notification", "Final-Recipient: rfc822; reader@example.org\nDisposition: automatic-action/MDN-sent-automatically; deleted\nStatus: 5.1.1\nAction: failed\n")},
		{"spam, the address hidden", "complaint", multipart("feedback-report", "message/feedback-report", "Feedback-Type: abuse\nUser-Agent: Fbl/1\nVersion: 1\n")},
		{"spam", "complaint reader@example.org", multipart("feedback-report", "message/feedback-report", "Feedback-Type: abuse\nOriginal-Rcpt-To: reader@example.org\nVersion: 1\n")},
		{"failed authentication", "report", multipart("feedback-report", "message/feedback-report", "Feedback-Type: auth-failure\nAuth-Failure: dmarc\nVersion: 1\n")},

		// A person, or somebody who would like to be a mail system.
		{"a question about a bounce", "other", person("Re: Undelivered mail", "In-Reply-To: <bounce-1@mx.example.net>\n", "My mail to ben@example.net could not be delivered: 550 5.1.1 user unknown. Why?")},
		{"a report that is attached", "other", strings.NewReplacer("Mail Delivery System <MAILER-DAEMON@mx.example.net>", "Bo <bo@example.net>", "multipart/report; report-type=delivery-status", "multipart/mixed", "Subject: Delivery report", "Subject: Fwd: what is this?").Replace(failed("5.1.1", "550 5.1.1 user unknown"))},
		{"a report without a type", "bounce reader@example.org 5.1.1 gone", strings.Replace(failed("5.1.1", "550 5.1.1 user unknown"), "multipart/report; report-type=delivery-status", "multipart/mixed", 1)},
	} {
		t.Run(test.name, func(t *testing.T) {
			r := Parse([]byte(test.raw))
			if got := asSample(r); got != test.want {
				t.Errorf("%s, want %s\n%+v", got, test.want, r)
			}
			if r.Permanent() != (r.Kind == Bounce) {
				t.Errorf("permanent is %v", r.Permanent())
			}
			if r.Kind == Delay && strings.Contains(test.name, "sendmail") && r.Status() != "4.1.1" {
				t.Errorf("status is %s", r.Status()) // what it means, of the class of what passes
			}
		})
	}
}
