package config

import (
	"cmp"
	"errors"
	"net/url"
	"strconv"
	"strings"
	"time"

	"digestd/internal/regular"
)

// Inbound is [inbound]: the mailbox where bounces and requests to leave arrive, and how it is read.
type Inbound struct {
	IMAP         string // URL; empty: nothing is read
	Username     string
	PasswordFile string // absolute
	CAFile       string // absolute or empty
	Folder       string
	Every        time.Duration
}

// Box is where the mailbox of the URL is.
func (i Inbound) Box() (host string, port int, startTLS bool, mailbox string) {
	u, err := url.Parse(i.IMAP)
	if err != nil { // the config has checked it
		return "", 0, false, ""
	}
	port = 993
	if startTLS = u.Scheme == "imap"; startTLS {
		port = 143
	}
	if n, err := strconv.Atoi(u.Port()); err == nil {
		port = n
	}
	return u.Hostname(), port, startTLS, cmp.Or(strings.Trim(u.Path, "/"), "INBOX")
}

func inboundKeys(i *Inbound) []key {
	return []key{
		text("imap", &i.IMAP, `""`, "URL",
			"The mailbox to which bounces and requests to leave come, as imaps://HOST, "+
				"imaps://HOST:PORT/MAILBOX, or imap://… for STARTTLS. The daemon reads it, moves into move_to what "+
				"it understood, and leaves the rest.", imapURL),
		text("username", &i.Username, `""`, "text",
			"Whom to log in as. Without it, username of [smtp], else the address of from."),
		text("password_file", &i.PasswordFile, `""`, "path",
			"File that holds the password. Without it, the systemd credential imap-password (in a shell, the "+
				"file credentials/imap-password beside this one), else the password of [smtp].", input),
		text("ca_file", &i.CAFile, `""`, "path",
			"PEM file with an additional root certificate. Without it, that of [smtp].", input),
		text("move_to", &i.Folder, `"digestd"`, "text",
			"The folder into which what was understood is moved. It is made where it is not there."),
		duration("every", &i.Every, `"5m"`, 10*time.Second, 15*time.Minute, "How often the mailbox is read."),
	}
}

func imapURL(_ *reader, s string) (string, error) {
	u, err := url.Parse(s)
	switch {
	case err != nil, u.Scheme != "imaps" && u.Scheme != "imap", u.Hostname() == "", u.RawQuery != "", u.Fragment != "":
		return "", errors.New(`must be an address such as "imaps://imap.example.org"`)
	case u.User != nil:
		return "", errors.New(`names a user: that belongs in the key username, and a password in password_file`)
	}
	return s, nil
}

// inbound fills in what the keys of [inbound] take from [smtp].
func (r *reader) inbound(c *Config, t *table) {
	i := &c.Inbound
	if t == nil || i.IMAP == "" {
		return
	}
	_, address := from(c)
	i.Username = cmp.Or(i.Username, c.SMTP.Username, address)
	if i.CAFile = cmp.Or(i.CAFile, c.SMTP.CAFile); i.CAFile != "" {
		r.readable(t.at("ca_file"), "ca_file of [inbound]", i.CAFile, regular.MaxRoots)
	}
	r.secret(t.at("password_file"), "password_file of [inbound]", &i.PasswordFile, "imap-password", true)
	if i.PasswordFile = cmp.Or(i.PasswordFile, c.SMTP.PasswordFile); i.PasswordFile == "" && !r.cut {
		r.report(t.at("imap"), "imap of [inbound] needs a password: name password_file, or give the systemd credential imap-password%s", r.elsewhere())
	}
}
