package setup

import (
	"net"
	"strconv"
	"strings"
)

// Provider is somebody who takes mail by SMTP: what [smtp] must say of them, and what their customers must know.
type Provider struct {
	Name string // as people type it
	Host string
	Port int
	TLS  string // as [smtp] tls has it
	User string // whom to log in as: a word of theirs; empty: the address that the mail is from
	IMAP string // where bounces and requests to leave can be read; empty: they have no mailbox
	Note string // what is different with them; one line
}

const (
	starttls = "starttls"
	implicit = "implicit"
)

const appPassword = "they want an app password, which their security settings make, and not the one of the account"

// Providers are those that are known, in the order of their names. Hosts and ports are what their help pages name.
func Providers() []Provider {
	return []Provider{
		{"brevo", "smtp-relay.brevo.com", 587, starttls, "?", "", "login and SMTP key stand on their page \"SMTP & API\""},
		{"fastmail", "smtp.fastmail.com", 465, implicit, "", "imap.fastmail.com", appPassword},
		{"gandi", "mail.gandi.net", 465, implicit, "", "mail.gandi.net", ""},
		{"gmail", "smtp.gmail.com", 465, implicit, "", "imap.gmail.com", appPassword + "; 500 mails a day at most"},
		{"gmx", "mail.gmx.net", 465, implicit, "", "imap.gmx.net", "their settings must allow POP3 and IMAP first"},
		{"hetzner", "mail.your-server.de", 465, implicit, "", "mail.your-server.de", ""},
		{"icloud", "smtp.mail.me.com", 587, starttls, "", "imap.mail.me.com", appPassword},
		{"infomaniak", "mail.infomaniak.com", 465, implicit, "", "mail.infomaniak.com", ""},
		{"ionos", "smtp.ionos.com", 465, implicit, "", "imap.ionos.com", ""},
		{"mailbox.org", "smtp.mailbox.org", 465, implicit, "", "imap.mailbox.org", ""},
		{"mailgun", "smtp.mailgun.org", 587, starttls, "?", "", "in Europe the host is smtp.eu.mailgun.org"},
		{"mailjet", "in-v3.mailjet.com", 587, starttls, "?", "", "the user is the API key, the password the secret key"},
		{"microsoft365", "smtp.office365.com", 587, starttls, "", "",
			"SMTP AUTH must be allowed for the mailbox, and security defaults off"},
		{"migadu", "smtp.migadu.com", 465, implicit, "", "imap.migadu.com", ""},
		{"ovh", "ssl0.ovh.net", 465, implicit, "", "ssl0.ovh.net", ""},
		{"posteo", "posteo.de", 465, implicit, "", "posteo.de", ""},
		{"postmark", "smtp-broadcasts.postmarkapp.com", 587, starttls, "?", "",
			"user and password are the access key and the secret of a broadcast stream"},
		{"proton", "smtp.protonmail.ch", 587, starttls, "", "", "the password is an SMTP token, which paid plans make"},
		{"resend", "smtp.resend.com", 465, implicit, "resend", "", "the password is an API key"},
		{"runbox", "mail.runbox.com", 465, implicit, "", "mail.runbox.com", ""},
		{"scaleway", "smtp.tem.scaleway.com", 465, implicit, "?", "", "the user is the id of the project"},
		{"sendgrid", "smtp.sendgrid.net", 587, starttls, "apikey", "", "the password is an API key"},
		{"ses", "email-smtp.eu-west-1.amazonaws.com", 587, starttls, "?", "",
			"put your region into the host; SMTP credentials are not access keys"},
		{"smtp2go", "mail.smtp2go.com", 587, starttls, "?", "", ""},
		{"sparkpost", "smtp.sparkpostmail.com", 587, starttls, "SMTP_Injection", "",
			"the password is an API key; in Europe the host is smtp.eu.sparkpostmail.com"},
		{"strato", "smtp.strato.de", 465, implicit, "", "imap.strato.de", ""},
		{"t-online", "securesmtp.t-online.de", 465, implicit, "", "secureimap.t-online.de", "they want the e-mail password"},
		{"web.de", "smtp.web.de", 465, implicit, "", "imap.web.de", "their settings must allow POP3 and IMAP first"},
		{"yahoo", "smtp.mail.yahoo.com", 465, implicit, "", "imap.mail.yahoo.com", appPassword},
		{"zoho", "smtp.zoho.com", 465, implicit, "", "imap.zoho.com", "in Europe the hosts are smtp.zoho.eu and imap.zoho.eu"},
	}
}

// UserUnknown is the User of a provider who gives each customer one.
const UserUnknown = "?"

// FindProvider is the provider of a name or host; ok is false where nobody is known by it.
func FindProvider(word string) (p Provider, ok bool) {
	for _, p := range Providers() {
		if strings.EqualFold(p.Name, word) || strings.EqualFold(p.Host, word) {
			return p, true
		}
	}
	return Provider{}, false
}

// ProviderAt is a server of one's own: HOST or HOST:PORT. Port 465 is encrypted from the first byte; one on this machine
// need not be.
func ProviderAt(word string) (Provider, bool) {
	p := Provider{Host: word, Port: 587, TLS: starttls}
	if host, port, err := net.SplitHostPort(word); err == nil {
		n, err := strconv.ParseUint(port, 10, 16)
		if err != nil || n == 0 {
			return p, false
		}
		p.Host, p.Port = host, int(n)
	}
	if p.Port == 465 {
		p.TLS = implicit
	}
	return p, strings.Contains(p.Host, ".") || p.Host == "localhost" || strings.Contains(p.Host, ":")
}

// OnThisMachine is the mail server of this machine, which wants no login.
func OnThisMachine() Provider {
	return Provider{Name: "local", Host: "localhost", Port: 25, TLS: "none"}
}
