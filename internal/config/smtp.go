package config

import (
	"strings"
	"time"

	"digestd/internal/regular"
)

// SMTP is [smtp].
type SMTP struct {
	Host         string
	Port         int
	TLS          string // "starttls", "implicit", "none"
	Insecure     bool   // allows tls = "none" beyond loopback
	CAFile       string // absolute or empty
	Username     string
	PasswordFile string // absolute or empty; $CREDENTIALS_DIRECTORY/smtp-password is used when empty and there
	Auth         string
	HelloName    string // empty: this machine's own
	DialTimeout  time.Duration
	ReplyTimeout time.Duration
}

func smtpKeys(s *SMTP) []key {
	return []key{
		text("host", &s.Host, `""`, "host", "The mail server that takes the mail. Needed with transport \"smtp\".", host),
		whole("port", &s.Port, "587", 1, 65535, "Its port; 465 where tls is \"implicit\" and no port is given."),
		choice("tls", &s.TLS, `"starttls"`, []string{"starttls", "implicit", "none"},
			"How the connection is encrypted. \"none\" is for servers on this machine, unless insecure is set."),
		boolean("insecure", &s.Insecure, "false",
			"Allow tls = \"none\" to other machines. A password is never sent that way."),
		text("ca_file", &s.CAFile, `""`, "path",
			"PEM file with an additional root certificate, for a private server.", input),
		text("username", &s.Username, `""`, "text", "Whom to log in as; empty: no login."),
		text("password_file", &s.PasswordFile, `""`, "path",
			"File that holds the password. Without it, the systemd credential smtp-password; in a shell, the "+
				"file credentials/smtp-password beside this one.", input),
		choice("auth", &s.Auth, `"auto"`, []string{"auto", "plain", "login", "cram-md5", "scram-sha-1", "scram-sha-256"},
			"How to log in; auto takes the best that the server offers, and the next when that is refused."),
		text("hello_name", &s.HelloName, `""`, "host",
			"How this machine names itself to the server (EHLO). Without it: its own name if that has a dot, "+
				"else the domain of mail.from.", helloName),
		duration("dial_timeout", &s.DialTimeout, `"30s"`, 10*time.Millisecond, time.Hour,
			"How long connecting may take, up to the server's greeting."),
		duration("reply_timeout", &s.ReplyTimeout, `"10m"`, 10*time.Millisecond, time.Hour,
			"How long one answer of the server may take. RFC 5321 asks for 10 minutes after the end of a "+
				"message; before it, digestd waits for 5 minutes at most."),
	}
}

// smtp checks what the keys of [smtp] mean together.
func (r *reader) smtp(c *Config, root, t *table) {
	if t == nil {
		t = newTable(root.place, implied)
	}
	at := t.at
	s := &c.SMTP
	if port, begins := s.Port, s.TLS == "implicit"; begins && t.values["port"] != nil && (port == 25 || port == 587) {
		r.warn(at("port"), `port %d of [smtp] begins without encryption, and tls = "implicit" expects it at once: use tls = "starttls", or port = 465`, port)
	} else if !begins && port == 465 {
		r.warn(at("port"), `port 465 of [smtp] is encrypted from the first byte: use tls = "implicit", or port = 587`)
	}
	if name := s.HelloName; name != "" && !strings.ContainsAny(name, ".[") {
		r.warn(at("hello_name"), "hello_name of [smtp] has no dot, and many servers refuse such a name: %s", name)
	}
	if s.TLS == "implicit" && t.values["port"] == nil {
		s.Port = 465
	}
	if s.TLS == "none" && s.Host != "" && !loopback(s.Host) {
		switch {
		case !s.Insecure:
			r.report(at("tls"), `tls = "none" would send the mail in the open to %s: use "starttls" or "implicit", or set insecure = true`, s.Host)
		case s.Username != "":
			r.report(at("username"), `tls = "none" would send the password in the open to %s, which insecure does not allow`, s.Host)
		}
	}
	if s.CAFile != "" {
		r.readable(at("ca_file"), "ca_file of [smtp]", s.CAFile, regular.MaxRoots)
	}
	r.secret(at("password_file"), "password_file of [smtp]", &s.PasswordFile, "smtp-password", s.Username != "")
	switch {
	case s.Username != "" && s.PasswordFile == "":
		r.report(at("username"), "username of [smtp] needs a password: name password_file, or give the systemd credential smtp-password%s", r.elsewhere())
	case s.Username == "" && t.values["password_file"] != nil && s.PasswordFile != "":
		r.report(at("password_file"), "password_file of [smtp] needs a username")
	}
}
