package config

import (
	"cmp"
	"net/mail"
	"strings"

	"digestd/subscribers"
)

// Mail is [mail].
type Mail struct {
	From          string // RFC 5322 mailbox as net/mail reads it, always with a name
	FromName      string // the newsletter's when the file names none
	FromAddress   string
	ReplyTo       string
	BounceTo      string // bare address; From's address when not set
	UnsubscribeTo string // bare address; From's address when not set
	VERP          bool
	Letters       string // absolute
}

func mailKeys(m *Mail) []key {
	return []key{
		need(text("from", &m.From, "", "mailbox", `Who the mail is from: "Name <address>", or an address alone, which is shown with the newsletter's name.`, mailbox)),
		text("reply_to", &m.ReplyTo, `""`, "mailbox", "Where answers go, if not to from.", mailbox),
		text("bounce_to", &m.BounceTo, `""`, "address",
			"Envelope sender, which gets the bounces. Without it, the address of from.", ownAddress),
		text("unsubscribe_to", &m.UnsubscribeTo, `""`, "address",
			"Mailbox for unsubscribing by mail, which `digestd inbound` reads. Without it, the address of from.", ownAddress),
		boolean("verp", &m.VERP, "false",
			"Tag bounce_to for each delivery (digest+TAG@example.org), so that a bounce says whose it is. The "+
				"mailbox must accept such tags."),
		text("letters", &m.Letters, `"letters"`, "path",
			"Maildir for the mail that `digestd inbound` is given on stdin and that a person should read: "+
				"requests to leave without a token, and letters. Relative to $STATE_DIRECTORY where that is set, "+
				"else to this file.", output),
	}
}

// mail fills in what follows from the From line.
func (r *reader) mail(c *Config, t *table) {
	name, address := from(c)
	if address == "" {
		return
	}
	if c.Newsletter.Name == "" {
		c.Newsletter.Name = name
	}
	if c.Newsletter.Name == "" && !r.cut {
		r.report(t.values["from"].place, "the newsletter has no name: set name in [newsletter], or write from as \"Name <%s>\"", address)
	}
	c.Mail.FromAddress = address
	if c.Mail.FromName = name; name == "" {
		c.Mail.FromName = c.Newsletter.Name
	}
	c.Mail.From = (&mail.Address{Name: c.Mail.FromName, Address: address}).String()
	c.Mail.BounceTo = cmp.Or(c.Mail.BounceTo, address)
	r.tagged(c, t)
	c.Mail.UnsubscribeTo = cmp.Or(c.Mail.UnsubscribeTo, address)
}

// tagged checks that a tag has room in the envelope sender.
func (r *reader) tagged(c *Config, t *table) {
	local, _, _ := strings.Cut(c.Mail.BounceTo, "@")
	if room := 64 - len("+") - subscribers.TagLen; c.Mail.VERP && len(local) > room {
		r.report(t.values["verp"].place, "verp of [mail] puts a tag after %q, which is too long for that: %d characters may stand before the @ of bounce_to", local, room)
	}
}

func from(c *Config) (name, address string) {
	m, err := mail.ParseAddress(c.Mail.From)
	if err != nil {
		return "", ""
	}
	return m.Name, m.Address
}
