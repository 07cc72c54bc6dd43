package refusal

import (
	"strings"
	"testing"
)

// TestWordsOfTheWorld sorts what the large providers and the mail servers of the world say to ana@example.com into the
// table of docs/deliverability.md. A "+" after the about is a refusal for good, "gone" one that suppresses.
func TestWordsOfTheWorld(t *testing.T) {
	for _, c := range []struct {
		who, stage string
		code       int
		words      string
		want       string
	}{
		{"Gmail", "rcpt", 550, "5.1.1 The email account that you tried to reach does not exist. Please try double-checking the recipient's email address for typos. For more information, go to https://support.google.com/mail/?p=NoSuchUser x1 - gsmtp", "mailbox+ gone"},
		{"Gmail", "rcpt", 550, "5.2.1 The email account that you tried to reach is inactive. For more information, go to https://support.google.com/mail/?p=DisabledUser x1 - gsmtp", "mailbox+ gone"},
		{"Gmail", "rcpt", 550, "5.2.1 The user you are trying to contact is receiving mail at a rate that 5.2.1 prevents additional messages from being delivered. Please resend your message at a later time", "mailbox"},
		{"Gmail", "rcpt", 450, "4.2.1 The user you are trying to contact is receiving mail too quickly. Please resend your message at a later time", "mailbox"},
		{"Gmail", "rcpt", 452, "4.2.2 The recipient's inbox is out of storage space. Please direct the recipient to https://support.google.com/mail/?p=OverQuotaTemp", "mailbox"},
		{"Gmail", "dot", 550, "5.7.26 Your email has been blocked because the sender is unauthenticated. Gmail requires all senders to authenticate with either SPF or DKIM.", "sender+"},
		{"Gmail", "dot", 421, "4.7.28 Gmail has detected an unusual rate of unsolicited mail originating from your IP address. To protect our users from spam, mail sent from your IP address has been temporarily rate limited", "pace"},
		{"Google Workspace relay", "rcpt", 550, "5.4.5 Daily user sending limit exceeded. For more information on Gmail sending limits go to https://support.google.com/a/answer/166852", "pace+"},
		{"Google Workspace relay", "mail", 550, "5.7.1 Invalid credentials for relay [192.0.2.1]. The IP address you've registered doesn't match", "sender+"},
		{"Microsoft 365", "dot", 554, "5.2.0 STOREDRV.Submission.Exception:SubmissionQuotaExceededException; Failed to process message", "pace+"},
		{"Microsoft 365", "rcpt", 550, "5.1.90 Your message can't be sent because you've reached your daily limit for message recipients", "pace+"},
		{"Microsoft 365", "dot", 550, "5.7.232 Your message can't be sent because your trial tenant has exceeded its daily limit for sending email to external recipients", "pace+"},
		{"Microsoft 365", "rcpt", 554, "5.2.122 The recipient has exceeded their limit for the number of messages they can receive per hour", "mailbox"},
		{"Microsoft 365", "rcpt", 550, "5.1.10 RESOLVER.ADR.RecipientNotFound; Recipient ana@example.com not found by SMTP address lookup", "mailbox+ gone"},
		{"Microsoft 365", "rcpt", 550, "5.4.1 Recipient address rejected: Access denied. [AMS.eop-eur05.prod.protection.outlook.com]", "mailbox+"},
		{"Microsoft 365", "rcpt", 451, "4.7.500 Server busy. Please try again later from [192.0.2.1]. (S77719)", "server"},
		{"Outlook.com", "mail", 550, "5.7.1 Unfortunately, messages from [192.0.2.1] weren't sent. Please contact your Internet service provider since part of their network is on our block list (S3140)", "sender+"},
		{"Outlook.com", "rcpt", 451, "4.7.650 The mail server [192.0.2.1] has been temporarily rate limited due to IP reputation", "pace"},
		{"Exchange", "rcpt", 550, "5.2.1 Content Filter agent quarantined this message", "sender+"},
		{"Exchange", "dot", 452, "4.3.1 Insufficient system resources", "server"},
		{"Exchange", "mail", 421, "4.4.2 Message submission rate for this client has exceeded the configured limit", "pace"},
		{"Exchange", "rcpt", 421, "4.4.2 Connection dropped due to timeout", "session"},
		{"NetEase", "dot", 554, "DT:SPM smtp1,AbC--.1S2 1,please see http://mail.163.com/help/help_spam_16.htm", "sender+"},
		{"Microsoft 365", "dot", 554, "5.2.0 STOREDRV.Submission.Exception:SendAsDeniedException.MapiExceptionSendAsDenied", "sender+"},
		{"Exim", "rcpt", 550, "Administrative prohibition", "sender+"},
		{"Gmail", "mail", 421, "4.7.0 Connection expired, try reconnecting", "session"},
		{"Gmail", "dot", 451, "4.4.2 Timeout - closing connection", "session"},
		{"amavis", "dot", 451, "4.5.0 Error in processing, no memory left", "server"},
		{"Postfix", "rcpt", 451, "4.7.1 Client host rejected: please come back slower", "pace"},
		{"any", "mail", 421, "Please try again later", "server"},
		{"any", "rcpt", 421, "4.7.1 Please try again later", "unclear"},
		{"any", "rcpt", 550, "5.0.0 Mail system full", "server+"},
		{"any", "rcpt", 553, "relay check failed", "sender+"},
		{"any", "rcpt", 554, "invalid ip for that domain", "sender+"},
		{"any", "rcpt", 550, "account deleted by its owner", "mailbox+ gone"},
		{"any", "rcpt", 550, "the recipient suspends the service", "mailbox+"},
		{"Exim", "rcpt", 550, "Callback setup failed while verifying <digest@example.net>; the mail server reports: user unknown", "sender+"},
		{"any", "rcpt", 550, "The account ana@example.com has been deleted", "mailbox+ gone"},
		{"Coremail", "rcpt", 550, "RC:LD The email account that you tried to reach does no exists.", "mailbox+ gone"},
		{"Alibaba", "rcpt", 556, "The number of RCPTs is over size", "pace+"},
		{"Alibaba", "dot", 557, "The length of DATA content is achieved the maximum threshold", "message+"},
		{"Coremail", "mail", 450, "queue unavailable", "server"},
		{"any", "rcpt", 550, "Recipient not in directory", "mailbox+ gone"},
		{"Yahoo, AOL", "dot", 554, "delivery error: dd This user doesn't have a yahoo.com account (ana@example.com) [0] - mta4001", "mailbox+ gone"},
		{"Yahoo, AOL", "mail", 421, "4.7.0 [TSS04] Messages from 192.0.2.1 temporarily deferred due to unexpected volume or user complaints - 4.16.55.1", "pace"},
		{"Yahoo, AOL", "dot", 554, "5.7.9 Message not accepted for policy reasons. See https://senders.yahooinc.com/error-codes", "sender+"},
		{"Yahoo, AOL", "rcpt", 552, "1 Requested mail action aborted, mailbox not found", "mailbox+ gone"},
		{"iCloud", "rcpt", 550, "5.1.1 <ana@example.com>: user does not exist", "mailbox+ gone"},
		{"iCloud", "dot", 554, "5.7.1 [CS01] Message rejected due to local policy", "sender+"},
		{"iCloud", "rcpt", 452, "4.2.2 <ana@example.com>: user is overquota", "mailbox"},
		{"Mimecast", "mail", 421, "Unable to process connection at this time", "server"},
		{"Cox, Charter", "mail", 421, "cmsmtp 192.0.2.1 AUP#I-1300", "sender"},
		{"RFC 7504", "rcpt", 521, "mx.example.com does not accept mail", "mailbox+"},
		{"Coremail", "dot", 550, "Content reject", "sender+"},
		{"Coremail", "rcpt", 550, "DNS query error", "mailbox+"},
		{"iCloud", "rcpt", 421, "4.7.1 Messages to ana@example.com deferred due to excessive volume. Try again later", "mailbox"},
		{"Comcast", "rcpt", 550, "5.1.1 Not our Customer", "mailbox+ gone"},
		{"Comcast", "rcpt", 421, "4.1.0 192.0.2.1 Throttled - try again later. See http://postmaster.comcast.net/smtp-error-codes.php#RL000001", "pace"},
		{"GMX, WEB.DE", "mail", 554, "Transaction failed Reject due to policy restrictions. For explanation visit https://postmaster.gmx.net/error-messages", "sender+"},
		{"GMX, WEB.DE", "rcpt", 550, "Requested action not taken: mailbox unavailable", "unclear+"},
		{"GMX, WEB.DE", "mail", 450, "Requested mail action not taken: mailbox unavailable. Mail send limit exceeded. Please try again later", "pace"},
		{"IONOS", "mail", 451, "Requested action aborted. Mails per session limit exceeded.", "session"},
		{"WEB.DE", "rcpt", 550, "Benutzer hat das Speichervolumen ueberschritten. / User has exhausted allowed storage space.", "mailbox+"},
		{"NetEase", "mail", 451, "MI:DMC 126 mx9,PsCowECpHSdG", "session"},
		{"Icore", "mail", 550, "black ip", "sender+"},
		{"Icore", "dot", 552, "too many same size mails", "pace+"},
		{"Icore", "dot", 552, "looping message", "mailbox+"},
		{"Icore", "mail", 555, "helohost error", "sender+"},
		{"Icore", "rcpt", 553, "host denies relay", "sender+"},
		{"Icore", "rcpt", 550, "user is locked", "mailbox+"},
		{"Bigmir", "rcpt", 550, "Mailbox is frozen", "mailbox+"},
		{"T-Online", "mail", 554, "IP=192.0.2.1 - None/bad reputation. Ask your postmaster for help or to contact tobr@rx.t-online.de for reset.", "sender+"},
		{"Orange", "rcpt", 550, "5.1.1 Adresse d au moins un destinataire invalide. Invalid recipient. OFR_416 [416]", "mailbox+ gone"},
		{"Orange", "dot", 550, "5.2.0 Mail rejete. Mail rejected. OFR_506 [506]", "sender+"},
		{"Orange", "mail", 421, "Service refuse. Veuillez essayer plus tard. Service refused, please try later. OFR_105", "server"},
		{"Orange", "mail", 550, "5.2.0 Mail rejete. Adresse IP source bloquee pour incident de spam. Client host blocked for spamming issues.", "sender+"},
		{"Free", "rcpt", 554, "5.2.2 <ana@example.com>: Recipient address rejected: Quota exceeded (mailbox for user is full)", "mailbox+"},
		{"Yandex", "rcpt", 550, "5.7.1 No such user!", "mailbox+ gone"},
		{"QQ", "rcpt", 550, "The recipient may contain a non-existent account, please check the recipient address.", "mailbox+"},
		{"Yahoo", "mail", 451, "VS1-MF Excessive unknown recipients - possible Open Relay (#4.1.8)", "sender"},
		{"AOL", "mail", 554, "RTR:BB http://postmaster.info.aol.example/errors/554rtrbb.html", "sender+"},
		{"AT&T", "mail", 450, "too frequent connects from 192.0.2.1, please try again later.", "pace"},
		{"qmail", "mail", 451, "timeout (#4.4.2)", "session"},
		{"Cyrus", "mail", 421, "4.4.1 bye shutting down", "server"},
		{"Stalwart", "dot", 452, "4.7.28 Session exceeded transfer quota.", "session"},
		{"RFC 5321", "rcpt", 552, "Requested mail action aborted: exceeded storage allocation", "mailbox+"},
		{"Telenet", "mail", 421, "Too many simultaneous sessions", "pace crowd"},
		{"Microsoft 365", "dot", 451, "4.4.22 Message failed to be replicated: no healthy peers found", "server"},
		{"Yandex", "rcpt", 450, "4.2.1 The recipient has exceeded message rate limit. Try again later.", "mailbox"},
		{"Yandex", "dot", 554, "5.7.1 Message rejected under suspicion of SPAM; https://ya.cc/x", "sender+"},
		{"Mail.ru", "rcpt", 550, "Message was not accepted -- invalid mailbox. Local mailbox ana@example.com is unavailable: user not found", "mailbox+ gone"},
		{"Mail.ru", "mail", 451, "Ratelimit exceeded for your account. Try again later", "pace"},
		{"QQ", "mail", 550, "Connection frequency limited. http://service.mail.qq.com/cgi-bin/help?subtype=1&&id=20022&&no=1000722", "pace+"},
		{"QQ", "rcpt", 550, "Mailbox not found. http://service.mail.qq.com/cgi-bin/help?subtype=1", "mailbox+ gone"},
		{"163", "mail", 554, "MI:SFQ 163 smtp1,x1 1400000000 http://mail.163.com/help/help_spam_16.htm?ip=192.0.2.1", "sender+"},
		{"163", "rcpt", 550, "User not found: ana@example.com", "mailbox+ gone"},
		{"Zoho", "rcpt", 550, "Invalid Address, ERROR_CODE :550, ERROR_CODE :5.7.1 Email rejected per DMARC policy", "sender+"},
		{"Zoho", "rcpt", 550, "Invalid Address, ERROR_CODE :554, ERROR_CODE :service unavailable, blocked using list.example.net", "sender+"},
		{"Zoho", "mail", 550, "5.4.6 Unusual sending activity detected. Please try after sometime", "pace+"},
		{"Amazon SES", "dot", 454, "Throttling failure: Maximum sending rate exceeded.", "pace"},
		{"Amazon SES", "dot", 454, "Throttling failure: Daily message quota exceeded.", "pace"},
		{"Amazon SES", "dot", 554, "Message rejected: Email address is not verified. The following identities failed the check in region EU-WEST-1", "sender+"},
		{"Amazon SES", "mail", 451, "4.4.2 Timeout waiting for data from client.", "session"},
		{"Mailgun", "dot", 421, "Domain example.org is not allowed to send: hourly limit exceeded", "pace"},
		{"SendGrid", "mail", 451, "Authentication failed: Maximum credits exceeded", "pace"},
		{"GoDaddy", "rcpt", 552, "Message rejected. User has exceeded its 24-hour sending limit. Messages to 250 recipients out of 250 allowed have been sent.", "pace+"},
		{"cPanel", "rcpt", 550, "Domain example.org has exceeded the max emails per hour (120/100 (120%)) allowed.  Message discarded.", "pace+"},
		{"cPanel", "rcpt", 550, "Domain example.org has exceeded the max defers and failures per hour (5/5 (100%)) allowed. Message discarded.", "pace+"},
		{"OVH", "mail", 421, "4.7.0 Too many messages from your account, slow down", "pace"},
		{"Postfix", "mail", 450, "4.7.1 Error: too much mail from 192.0.2.1", "pace"},
		{"Postfix", "rcpt", 450, "4.7.1 Error: too many recipients from 192.0.2.1", "pace"},
		{"Postfix", "rcpt", 450, "4.2.0 <ana@example.com>: Recipient address rejected: Greylisted, see http://postgrey.schweikert.ch/help/example.com.html", "mailbox"},
		{"Postfix", "rcpt", 550, "5.1.1 <ana@example.com>: Recipient address rejected: User unknown in virtual mailbox table", "mailbox+ gone"},
		{"Postfix", "rcpt", 550, "5.1.1 <digest@example.org>: Sender address rejected: User unknown in virtual mailbox table", "sender+"},
		{"Postfix", "rcpt", 504, "5.5.2 <vm>: Helo command rejected: need fully-qualified hostname", "sender+"},
		{"Postfix", "rcpt", 450, "4.7.25 Client host rejected: cannot find your hostname, [192.0.2.1]", "sender"},
		{"Postfix", "rcpt", 554, "5.7.1 <ana@example.com>: Relay access denied", "sender+"},
		{"Postfix", "rcpt", 451, "4.3.0 <ana@example.com>: Temporary lookup failure", "server"},
		{"Postfix", "dot", 452, "4.3.1 Insufficient system storage", "server"},
		{"Postfix", "dot", 552, "5.3.4 Message size exceeds fixed limit", "message+"},
		{"Postfix", "rcpt", 452, "4.5.3 Error: too many recipients", "pace"},
		{"Postfix", "rcpt", 556, "5.1.10 <ana@example.com>: Recipient address rejected: Domain example.com does not accept mail (nullMX)", "mailbox+"},
		{"Exim", "rcpt", 550, "Unrouteable address", "mailbox+"},
		{"Exim", "rcpt", 451, "Temporary local problem - please try later", "server"},
		{"Exim", "mail", 421, "too many messages in this connection", "session"},
		{"Exim", "rcpt", 550, "Verification failed for <digest@example.org> 550 Unknown user", "sender+"},
		{"Sendmail", "rcpt", 550, "5.1.1 <ana@example.com>... User unknown", "mailbox+ gone"},
		{"Sendmail", "rcpt", 452, "4.3.2 Connection rate limit exceeded.", "pace"},
		{"Sendmail", "mail", 452, "4.4.5 Insufficient disk space; try again later", "server"},
		{"Sendmail", "mail", 553, "5.1.8 <digest@example.org>... Domain of sender address digest@example.org does not exist", "sender+"},
		{"Rspamd", "rcpt", 451, `4.7.1 Ratelimit "bounce_to_ip" exceeded`, "pace"},
		{"policyd", "rcpt", 554, "5.7.1 <digest@example.org>: Sender address rejected: Policy Rejection- Quota Exceeded", "sender+"},
		{"policyd", "rcpt", 450, "4.7.1 <ana@example.com>: Recipient address rejected: Policy Rejection: sending quota exceeded", "pace"},
		{"Barracuda", "rcpt", 550, "permanent failure for one or more recipients (ana@example.com:blocked)", "sender+"},
		{"Proofpoint", "mail", 554, "Blocked - see https://ipcheck.proofpoint.com/?ip=192.0.2.1", "sender+"},
		{"Mimecast", "rcpt", 451, "Internal resource temporarily unavailable - https://community.mimecast.com/docs/DOC-1369#451", "unclear"},
		{"a directory that is out", "rcpt", 550, "5.1.1 <ana@example.com>: Recipient address rejected: User unknown; 5.1.1 temporary directory outage, please try again later", "mailbox"},
		{"a filter", "rcpt", 550, "5.1.1 Message rejected due to spam content", "sender+"},
		{"a filter", "dot", 552, "5.2.0 message size exceeds the limit of this server", "message+"},
		{"another mailbox", "rcpt", 550, "5.1.1 <carl@forward.example.net>: user unknown", "mailbox+"},
		{"iCloud", "rcpt", 550, "5.1.1 <ana@example.com>: inactive email address", "mailbox+ gone"},
		{"iCloud", "rcpt", 550, "5.1.6 recipient no longer on server: ana@example.com", "mailbox+ gone"},
		{"T-Online", "mail", 554, "IP=192.0.2.1 - A problem occurred. (Ask your postmaster for help.) (BL)", "sender+"},
		{"a list of senders", "rcpt", 550, "https://www.spamhaus.org/query/ip/192.0.2.1", "sender+"},
		{"a list of senders", "rcpt", 553, "5.3.0 192.0.2.1 Rejected - see http://www.spamhaus.org", "sender+"},
		{"a relay", "rcpt", 550, "not local host example.com, not a gateway", "sender+"},
		{"a session", "rcpt", 550, "too many bad commands from 192.0.2.1", "session+"},
		{"shared hosting", "rcpt", 450, "Too many recipient attempts", "pace"},
		{"a sender", "rcpt", 550, "5.1.7 invalid address", "sender+"},
		{"nothing but a code", "rcpt", 550, "", "unclear+"},
		{"nothing but a code", "rcpt", 450, "4.7.1", "unclear"},
		{"nothing but a code", "rcpt", 451, "4.2.0 try later", "mailbox"},
		{"nothing but a code", "mail", 450, "4.7.1", "sender"},
		{"nothing but a code", "dot", 554, "5.7.1", "sender+"},
		{"nothing but a code", "rcpt", 550, "5.1.1", "mailbox+ gone"},
		{"nothing but a code", "rcpt", 550, "5.2.1", "mailbox+ gone"},
		{"nothing but a code", "rcpt", 550, "5.1.7", "sender+"},
		{"nothing but a code", "mail", 451, "", "sender"},
		{"nothing but a code", "dot", 552, "", "message+"},
		{"nothing but a code", "rcpt", 552, "", "unclear+"},
		{"a login", "mail", 530, "5.7.0 Authentication required", "login+"},
		{"a login", "rcpt", 535, "5.7.8 expired", "login+"},
		{"Gmail", "rcpt", 452, "4.5.3 Domain policy size per transaction exceeded, please try this recipient in a separate transaction.", "session"},
		{"Exchange", "mail", 421, "4.3.2 The maximum number of concurrent server connections has exceeded a limit, closing transmission channel", "pace crowd"},
		{"Outlook.com", "mail", 451, "4.7.652 The mail server [192.0.2.1] has exceeded the maximum number of connections. (S3115)", "pace"},
		{"Yahoo, AOL", "dot", 554, "Message not allowed - Headers are not RFC compliant", "sender+"},
		{"Yahoo, AOL", "dot", 554, "delivery error: dd ana@example.com is no longer valid. [-20] - mta4001", "mailbox+ gone"},
		{"GMX, WEB.DE", "rcpt", 550, "Requested action not taken: mailbox unavailable invalid DNS MX or A/AAAA resource record", "sender+"},
		{"QQ", "dot", 550, "Mail content denied. http://service.mail.qq.com/cgi-bin/help?subtype=1", "sender+"},
		{"Orange", "rcpt", 550, "5.5.0 Trop de destinataires inconnus. Too many unknown recipients. OFR", "sender+"},
		{"Orange", "rcpt", 550, "5.2.1 This mailbox has been blocked due to inactivity", "mailbox+"},
		{"Zoho", "rcpt", 553, "failed,5.1.1 (bad destination mailbox address),smtp;553 Relaying disallowed,mx.zoho.com", "sender+"},
		{"Amazon SES", "dot", 554, "Message rejected: Sending paused for this account. For more information, please check the inbox", "sender+"},
		{"Postfix", "mail", 421, "4.7.0 mx.example.com Error: too many errors", "session"},
		{"Postfix", "dot", 421, "4.3.0 Mail system congested, milter timeout", "server"},
		{"Sendmail", "rcpt", 550, "5.2.1 Mailbox disabled, not accepting messages", "mailbox+ gone"},
		{"Cisco ESA", "dot", 554, "5.7.0 Message Size Violation (#4.2.2)", "message+"},
		{"cPanel", "mail", 550, "5.7.1 Mail quota exceeded for user news@example.org; contact support", "pace+"},
		{"Postfix policyd", "rcpt", 451, "4.7.1 <news@example.org>: Sender address rejected: quota exceeded 500 in 3600 seconds", "pace"},
		{"qmail", "rcpt", 553, "5.1.1 sorry, that domain isn't hosted here", "mailbox+"},
		{"Exim", "rcpt", 550, "5.1.1 we do not relay <ana@example.com>", "sender+"},
		{"Dovecot", "rcpt", 451, "4.2.0 <ana@example.com>: user database unavailable", "server"},
		{"Rackspace", "rcpt", 552, "Mailbox limit exeeded for this email address", "mailbox+"},
		{"Plesk", "rcpt", 550, "mailbox is suspended due to non-payment", "mailbox+"},
		{"Mimecast", "rcpt", 550, "Unknown recipient, or recipient's server refused", "mailbox+"},
		{"Exim", "rcpt", 550, "Unknown local part ana in <ana@example.com>", "mailbox+ gone"},
		{"163", "rcpt", 550, "RCPT (<ana@example.com>) dosn't exist", "mailbox+ gone"},
		{"Free", "rcpt", 451, "Too many spams from your IP (192.0.2.1), please visit http://postmaster.free.fr/", "sender"},
		{"GMX, WEB.DE", "rcpt", 550, "5.2.2 Benutzer hat zuviele Mails auf dem Server. User has too many messages on the server.", "mailbox"},
		{"au", "dot", 550, "User unknown (in reply to end of DATA command)", "mailbox+"},
		{"Strato", "rcpt", 450, "4.7.0 Transmit rate limit exceeded, try again later (ACC)", "pace"},
		{"cheap relay", "dot", 552, "C13ypH3DXQO9CC140p6S9y Message would take you over your relay quota of 500 Current quota used: 487", "pace+"},
		{"policy at DATA", "data", 554, "5.7.1 <DATA>: Data command rejected: only 10 messages per day", "pace+"},
		{"Mailu", "rcpt", 450, "4.7.1 <news@example.org>: SASL login name rejected: You are sending too many emails too fast.", "pace"},
		{"MailerSend", "mail", 450, "Too many requests. Try again later. #MS-ST-G", "pace"},
		{"MailerSend", "rcpt", 450, "Too many requests. Try again later. #MS-ST-G", "pace"},
		{"SES", "data", 454, "Throttling failure: Daily message quota exceeded.", "pace"},
		{"SES", "dot", 554, "Message rejected: Email address is not verified. The following identities failed the check in region CA-CENTRAL-1: news@example.org", "sender+"},
		{"SES", "dot", 554, "Access denied: User `arn:aws:iam::123:user/ses' is not authorized to perform `ses:SendRawEmail' on resource", "sender+"},
		{"Mailgun", "data", 421, "Domain example.org is not allowed to send: recipient limit exceeded, try again after Sun, 05 Oct 2025 19:22:44 UTC", "pace"},
		{"Mailgun", "data", 421, "Domain sandbox.example.org is not allowed to send: Please activate your Mailgun account. Check your inbox or log in to your control panel", "sender"},
		{"Purelymail", "rcpt", 450, "4.3.2 Please wait to send more emails, or contact support for a rate limit increase.", "pace"},
		{"SendGrid", "mail", 451, "Authentication failed: Maximum credits exceeded", "pace"},
		{"SendGrid", "dot", 550, "The from address does not match a verified Sender Identity. Mail cannot be sent until this error is resolved.", "sender+"},
		{"Proton bridge", "mail", 451, "4.0.0 backend: invalid return path: not owned by user", "sender"},
		{"Migadu", "dot", 554, "5.7.1 Reached address outgoing limits for news@example.org", "pace+"},
		{"Google relay", "data", 550, "5.7.1 Daily SMTP relay limit exceeded for customer. For more information on SMTP relay sending limits please contact your administrator", "pace+"},
		{"Google relay", "rcpt", 450, "4.2.1 Peak SMTP relay limit exceeded for customer. This is a temporary error. For more information on SMTP relay limits please contact your administrator", "pace"},
		{"Stalwart", "data", 452, "4.4.5 Maximum number of messages per session exceeded.", "session"},
		{"Microsoft 365", "mail", 432, "4.3.2 Concurrent connections limit exceeded. Visit https://aka.ms/concurrent_sending for more information. [x.prod.outlook.com]", "pace crowd"},
		{"Microsoft 365", "dot", 432, "4.3.2 STOREDRV.ClientSubmit; sender thread limit exceeded [Hostname=x]", "pace crowd"},
		{"Microsoft 365", "mail", 530, "5.7.57 Client not authenticated to send mail", "login+"},
		{"Microsoft 365", "dot", 554, "5.2.252 SendAsDenied; news@example.org not allowed to send as other@example.org; STOREDRV.Submission.Exception:SendAsDeniedException", "sender+"},
		{"postfwd", "rcpt", 450, "4.7.1 <news@example.org>: Sender address rejected: sorry, max 2 requests per hour.", "pace"},
		{"postfwd", "dot", 450, "4.7.1 <END-OF-MESSAGE>: End-of-data rejected: Number messages per hour exceeded. Error:RATE_MSG", "pace"},
		{"postfwd", "rcpt", 450, "4.7.1 <ana@example.com>: Recipient address rejected: only 5 recipients per 5 minutes allowed", "pace"},
		{"shared hosting", "rcpt", 550, "message count quota exceeded", "pace+"},
		{"shared hosting", "mail", 451, "Message count quota exceeded", "pace"},
		{"shared hosting", "rcpt", 550, "\"Daily limit has been exceeded for news@example.org\"", "pace+"},
		{"DirectAdmin", "rcpt", 550, "You (news) have reached your message limit", "pace+"},
		{"Exim manual", "rcpt", 451, "Sender rate exceeds 100 messages per 1h", "pace"},
		{"Cyberimpact", "rcpt", 452, "4.2.2 Quota exceeded for the current period", "pace"},
		{"Cyberimpact", "mail", 454, "4.7.0 Too many active sessions for user", "pace crowd"},
		{"StartMail", "dot", 550, "5.7.1 Your mail limit has been reached.", "pace+"},
		{"163 family", "dot", 550, "send spam mail rejected: exceeded hour limit", "pace+"},
		{"mail.ru", "dot", 550, "message sending for this account is disabled", "sender+"},
		{"NotiSend", "mail", 550, "Too many messages. Try again in 92 seconds.", "pace"},
		{"onesystems", "dot", 451, "qq trouble in home directory", "server"},
		{"DirectAdmin", "rcpt", 550, "Unrouteable address", "mailbox+"},
		{"Hostinger", "rcpt", 451, "4.7.1 <news@example.org>: Sender address rejected: hostinger_out_ratelimit", "pace"},
		{"Infomaniak", "rcpt", 450, "4.7.1 <news@example.org>: Sender address rejected: You have reached your quota of 1440 emails / 24 h", "pace"},
		{"SparkPost", "mail", 420, "4.3.2 [internal] Exceeded sending limit (daily)", "pace"},
		{"SparkPost", "dot", 550, "5.7.1 relaying denied: Unconfigured Sending Domain <example.org>", "sender+"},
		{"Brevo", "mail", 502, "5.7.0 Your SMTP account is not yet activated. Contact us at contact@sendinblue.com to request activation", "sender+"},
		{"ISPConfig", "rcpt", 450, "4.7.1 <ana@example.com>: Recipient address rejected: Message limit for 2026-11-29 reached", "pace"},
		{"T-Online", "rcpt", 550, "5.7.0 Sie haben die maximale Anzahl von E-Mails pro Stunde erreicht", "pace+"},
		{"French host", "rcpt", 451, "4.7.1 Vous avez atteint le nombre maximal de messages par heure, merci de patienter", "pace"},
		{"Spanish host", "rcpt", 550, "Ha superado el límite de envíos por hora de su cuenta", "pace+"},
		{"Italian host", "rcpt", 550, "5.7.1 Superato il limite di invio orario", "pace+"},
		{"Russian host", "rcpt", 451, "Превышен лимит отправки писем в час", "pace"},
		{"German host", "mail", 450, "4.7.1 Zu viele Nachrichten in kurzer Zeit, bitte versuchen Sie es später erneut", "pace"},
		{"Polish host", "rcpt", 450, "4.7.1 Przekroczono limit wysyłanych wiadomości", "pace"},
		{"Exim", "mail", 554, "Too many nonmail commands", "session+"},
		{"outMail", "rcpt", 554, "5.7.1 <news@example.org>: Recipient address rejected: You have exceeded your Outmail quota.", "pace+"},
		{"ZeptoMail", "dot", 550, "5.7.1 Credits exhausted", "pace+"},
		{"Brevo", "dot", 550, "5.7.1 You have used all of your email credits", "pace+"},
		{"Aruba", "mail", 421, "4.7.1 Troppi messaggi inviati, riprovare", "pace"},
		{"shared hosting", "mail", 450, "4.7.1 You have sent 200 of 200 messages allowed today", "pace"},
		{"full, said to its owner's friends", "rcpt", 552, "5.2.2 ana@example.com has exceeded their mailbox quota", "mailbox+"},
		{"Microsoft 365", "dot", 554, "5.2.121 The sender has exceeded the limit for the number of messages they can send to this recipient per hour.", "mailbox"},
		{"a quota before a name", "mail", 552, "5.2.2 Quota exceeded", "pace+"},
	} {
		v := Judge(c.stage, c.code, c.words, "ana@example.com")
		got := v.About.String()
		if v.Crowd {
			got += " crowd"
		}
		if v.Permanent {
			got += "+"
		}
		if v.Gone {
			got += " gone"
		}
		if got != c.want {
			t.Errorf("%s at %s: %d %.100s\n\t%s, want %s", c.who, c.stage, c.code, c.words, got, c.want)
		}
	}
}

// TestAReplyIsJudgedAsABounce holds that what suppresses at RCPT suppresses in a bounce, and the other way round where
// the words name nobody else.
func TestAReplyIsJudgedAsABounce(t *testing.T) {
	for _, words := range []string{
		"5.1.1 User unknown", "5.2.1 Mailbox disabled for this recipient", "5.1.1 Message rejected due to spam content", "5.2.1 Content Filter agent quarantined this message",
		"5.1.1 temporary directory outage, please try again later", "5.7.1 user unknown", "no such user here", "mailbox full", "5.1.10 Recipient not found by SMTP address lookup",
	} {
		_, bounced := Assess("", "550 "+words)
		if v := Judge("rcpt", 550, words, "ana@example.com"); v.Gone != bounced {
			t.Errorf("%q: gone %v at RCPT, %v in a bounce", words, v.Gone, bounced)
		}
	}
}

// FuzzJudge holds that no words bring the judge down, that only a refusal for good about a mailbox suppresses, and that
// case means nothing.
func FuzzJudge(f *testing.F) {
	f.Add("rcpt", 550, "5.1.1 <ana@example.com>: User unknown")
	f.Add("mail", 450, "4.7.1 Error: too much mail from 192.0.2.1")
	f.Add("dot", 554, "\xff\x00 Invalid Address, ERROR_CODE :550")
	f.Fuzz(func(t *testing.T, stage string, code int, words string) {
		v := Judge(stage, code, words, "ana@example.com")
		if v.Gone && (v.About != Mailbox || !v.Permanent) {
			t.Errorf("%+v", v)
		}
		if v.About.String() == "" {
			t.Errorf("%+v has no name", v)
		}
		ascii := strings.IndexFunc(words, func(r rune) bool { return r >= 0x80 }) < 0
		if upper := Judge(stage, code, strings.ToUpper(words), "ana@example.com"); ascii && upper.About != v.About {
			t.Errorf("%q is about the %s, and in capitals about the %s", words, v.About, upper.About)
		}
	})
}
