package refusal

import "testing"

// TestWordsAgainstACode holds that words outweigh a code that says that there is no such mailbox, where they speak of
// something else: each of these is said by some mail system beside a 5.1.1 or 5.2.1.
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
		// for now, for this sender, or since the mail system could not look
		"Recipient address rejected: User unknown in relay recipient table (ldap timeout)", "<ana@example.com> user unknown: recipient server is not responding", "Cannot verify user, mailbox server offline", "Mailbox server down, user not found in cache", "Account not found because the backend is unreachable", "User unknown; you must authenticate first", "Invalid mailbox: message contains forbidden words", "This user does not exist on your safe list", "Mailbox is on vacation, not accepting mail", "Mailbox is being migrated", "Account is being moved to another server, mailbox disabled until finished", "Account disabled: invoice unpaid", "mailbox disabled because it is over its size", "User disabled reception of mailing lists", "Address unknown in this realm at present; we are importing accounts", "recipient not found - directory replication in progress", "unknown user (cluster node is starting)", "Recipient rejected by user-defined rule: unknown", "<ana@example.com> is not accepting this kind of mail", "Recipient refuses delivery", "Access to account not allowed for your country", "Message refused: invalid recipient header", "Unknown user agent", "bad destination mailbox address syntax in To header", "mailbox not found, server out of disk", "Mailbox for ana does not exist at the moment", "no such user, server in test mode", "Could not find user record: connection to auth server lost", "user lookup: connect to mysql server on 'localhost' failed: user unknown", "userdb service not running; user doesn't exist", "발신자 주소가 존재하지 않습니다", "El buzón no existe o no está disponible en este momento", "用户不存在或拒收", "Unknown user account status, retry", "mail for this user is being held", "The address you used to send is not a valid mailbox", "Your mailbox does not exist here", "mailbox unavailable: disk failure", "service not provisioned yet, mailbox not found", "The group ana@example.com isn't set up to receive messages from digest@example.org.", "Group does not exist or you may not have permission to post messages to the group",
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
		// said after the whole message: of what a reader's filter refuses
		Late("550 Unknown user ana@example.org"), Late("550 5.2.1 <ana@example.org>... User Unknown"),
		">>> DATA <<< the DATA command said: 550 user unknown", "user does not exist, but will deliver to /var/mail/all/: no such user", "no such user, errno=2", "no such user: cannot open the map",
		// in more languages
		"geçici", "daha sonra", "tillfälligt", "midlertidig", "väliaikainen", "átmenetileg", "dočasně", "тимчасово", "προσωρινά", "일시적", "no such user, possible forgery",
		// in spite of "unknown"
		"no such user in our whitelist", "mailbox is disabled for external mail", "no such user on this host, backup MX", "no such user, try mx2", "inactive user: will be reactivated", "account not active: pending verification",
		"mailbox is not active between 22:00 and 06:00", "account is not active yet", "no account that may receive HTML: no such user", "mottagaren finns inte just nu", "käyttäjä on tuntematon lähettäjälle",
		// a name that can't be is no name that is not there
		"501 5.1.3 invalid recipient address",
		// another reason
		"552 mailbox full", "quota exceeded", "message too big", "blocked by spamhaus", "unsolicited mail", "access denied", "relaying denied", "policy violation",
		"mail loop", "no such domain", "host unknown", "message expired", "connection refused", "virus found", "DMARC failed", "not permitted", "suspicious content",
	} {
		for _, code := range []string{"5.1.1", "5.2.1"} {
			if status, gone := Assess(code, words); gone {
				t.Errorf("%s with %q: %s, gone", code, words, status)
			}
		}
	}
	for _, words := range []string{
		"", "550 5.1.1 User unknown", "550 no such user here", "smtp; 550 5.1.1 <ana@example.org>: Recipient address rejected: User unknown in virtual mailbox table",
		"550 5.1.10 RESOLVER.ADR.RecipientNotFound; Recipient not found by SMTP address lookup", "550 unknown user ana-spam-limit@example.org", "550 5.1.1 unknown user 503 5.5.1 RCPT first",
		"550 5.1.1 unknown recipient or mailbox unavailable", "550 5.1.351 user unknown", "550 5.1.0 user unknown", "550 mailbox couldn’t be found", "550 user unknown. Check the address, and try again", "550 <rate-limit@example.org>: user unknown",
		"host spam-filter.example.org said: 550 user unknown", "Check for typos or spaces and try again: the address couldn't be found", "551 5.1.6 not our customer", "550 5.1.6 recipient no longer on server",
		"501 5.1.3 Odbiorca <ana@example.org> nie istnieje", "550 bad_recipient", `550 unknown local-part "ana" in domain "example.org"`, "550 inactive user", "550 Mailbox ( ana@example.org ) not found or inactivated",
		"550 This address no longer accepts mail", "550 no mail box available for this user", "550 account expired for lack of use", "550 esta casilla ha expirado por falta de uso", "550 the recipients are unknown",
		"550 local server don't exists that user", "550 not user of this server", "550 'ana@example.org' is not a registered gateway user", "550 uživatel neexistuje", "550 kullanıcı bulunamadı", "550 mottagaren finns inte", "550 adressen findes ikke", "550 vastaanottaja on tuntematon", "550 a címzett nem található",
		"550 адресу одержувача не знайдено: адреса невідома", "550 ο χρήστης δεν υπάρχει", "550 존재하지 않는 사용자입니다", "550 このアドレスは使用されていません", Late("550 5.1.1 user unknown"),
	} {
		if status, gone := Assess("5.1.1", words); !gone {
			t.Errorf("5.1.1 with %q: %s, not gone", words, status)
		}
	}
}

// TestAfterTheMessage holds by what it is known that a refusal came after the whole message.
func TestAfterTheMessage(t *testing.T) {
	for notice, want := range map[string]bool{
		"said: 550 unknown user (in reply to end of data command)":                 true,
		">>> data <<< 550 unknown user 554 5.0.0 service unavailable":              true,
		">>> data <<< 550 unknown user x":                                          true, // Courier shows what was refused
		"server message 550 unknown user <x> -------smtp command data":             true,
		"failed after i sent the message. remote host said: 550 user unknown":      true,
		"transcript of session follows >>> data <<< 550 5.1.1 <x>... user unknown": false, // pipelining
		"said: 550 5.1.1 user unknown (in reply to rcpt to command)":               false,
		">>> rcpt to:<x> <<< 550 5.1.1 user unknown 554 5.0.0 service unavailable": false,
	} {
		if AfterData(notice) != want {
			t.Errorf("%q: %v", notice, !want)
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
		{"5.1.10", "", "5.1.10", false}, // null MX, RFC 7505
		{"5.1.10 (host/domain does not accept mail)", "host/domain does not accept mail", "5.1.10", false},
		{"5.1.10", "The domain has a null MX record", "5.1.10", false},
		{"5.1.10", "The recipient ana@example.com could not be found", "5.1.10", true},
		{"5.2.1", "", "5.2.1", true},
		{"5.2.1", "550 5.2.1 Mailbox disabled, not accepting messages", "5.2.1", true},
		{"5.2.1", "550 5.2.1 受信者のメールボックスは一時停止中です", "5.2.1", false}, // words that nobody knows
		{"5.2.1", "550 5.2.1 <ana@example.com>", "5.2.1", true},
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
		{"", "550 no mailbox of this name is currently available", "5.1.1", false}, // for now, perhaps
		{"", "550 no such user at this hour", "5.1.1", false},
		{"5.1.1", "550 user unknown, while our directory is being rebuilt", "5.1.1", false},
		{"5.1.1", "550 mailbox not found, the directory server did not answer", "5.1.1", false},
		{"5.1.1", "550 user unknown, resend in an hour", "5.1.1", false},
		{"5.1.1", "550 account inactive, will be reopened at the next login", "5.1.1", false},
		{"5.1.1", "550 address rejected by its owner's filter", "5.1.1", false},
		{"", "550 the user deleted the message", "", false},
		{"", "550 Subject 'No such user' not accepted", "", false},
		{"", "550 a mail with the subject: \"Account deleted: no such user\" was not wanted", "", false},
		{"", "550 user unknown; subject was \"Harbour reopens\"", "5.1.1", true},
		{"", "550 your message to the user deleted by antivirus", "5.2.1", false},
		{"", "550 account deleted by its owner", "5.2.1", true},
		{"5.1.1", "501 invalid RCPT TO: address must be in angle brackets", "5.1.1", false},
		{"", "503 invalid RCPT command", "5.1.1", false},
		{"", "550 invalid rcpt (in reply to RCPT TO command)", "5.1.1", true},
		{"", "550 no such user: directory did not answer", "5.1.1", false},
		{"", "550 192.0.2.5.1.1 refused", "", false},
		{"", "version 5.1.1.2", "", false},
	} {
		if status, gone := Assess(test.given, test.words); status != test.status || gone != test.gone {
			t.Errorf("%q, %q: %s, %v, want %s, %v", test.given, test.words, status, gone, test.status, test.gone)
		}
	}
}
