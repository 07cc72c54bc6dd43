package config

import (
	"errors"
	"fmt"
	"net/netip"
	"strings"
	"time"

	"digestd/digest"
	"digestd/subscribers"
)

const (
	day  = 24 * time.Hour
	year = 366 * day
)

func newsletterKeys() []key[Newsletter] {
	return append([]key[Newsletter]{
		text("name", `""`, "text", "What the newsletter is called: masthead, From name, List-Id. Without it, the name in mail.from.",
			func(n *Newsletter) *string { return &n.Name }),
		text("language", `"en"`, "language tag", "Language of the mail for subscribers who name none.",
			func(n *Newsletter) *string { return &n.Language }, language),
		text("timezone", `"Europe/Paris"`, "time zone", "Time zone of subscribers who name none.",
			func(n *Newsletter) *string { return &n.Timezone }, zone),
		text("feedback", `""`, "link", "Footer link for readers who want to say something: https or mailto.",
			func(n *Newsletter) *string { return &n.Feedback }, link),
		text("privacy", `""`, "link", "Footer link to your privacy notice.",
			func(n *Newsletter) *string { return &n.Privacy }, link),
		text("subscribe", `""`, "link", "Footer link to where new readers sign up.",
			func(n *Newsletter) *string { return &n.Subscribe }, link),
		text("rss", `""`, "link", "Footer link to a feed of the editions, if you publish one.",
			func(n *Newsletter) *string { return &n.RSS }, link),
		text("postal_address", `""`, "text", "Where the sender can be reached by post; the law on bulk mail asks for it.",
			func(n *Newsletter) *string { return &n.PostalAddress }),
	}, lookKeys("", func(n *Newsletter) *digest.Look { return &n.Look })...)
}

func mailKeys() []key[Mail] {
	return []key[Mail]{
		need(text("from", "", "mailbox", `Who the mail is from: "Name <address>", or an address alone, which is shown with the newsletter's name.`,
			func(m *Mail) *string { return &m.From }, mailbox)),
		text("reply_to", `""`, "mailbox", "Where answers go, if not to from.",
			func(m *Mail) *string { return &m.ReplyTo }, mailbox),
		text("bounce_to", `""`, "address", "Envelope sender, which gets the bounces. Without it, the address of from.",
			func(m *Mail) *string { return &m.BounceTo }, ownAddress),
		text("unsubscribe_to", `""`, "address", "Mailbox for unsubscribing by mail, which `digestd inbound` reads. Without it, the address of from.",
			func(m *Mail) *string { return &m.UnsubscribeTo }, ownAddress),
		boolean("verp", "false", "Tag bounce_to for each delivery (digest+TAG@example.org), so that a bounce says whose it is. The mailbox must accept such tags.",
			func(m *Mail) *bool { return &m.VERP }),
		text("letters", `"letters"`, "path", "Maildir for the mail that `digestd inbound` is given on stdin and that a person should read: requests to leave without a token, and letters. Relative to $STATE_DIRECTORY where that is set, else to this file.",
			func(m *Mail) *string { return &m.Letters }, output),
	}
}

func deliveryKeys() []key[Delivery] {
	return []key[Delivery]{
		choice("transport", `"maildir"`, transportNames(), "Hand the mail to the server of [smtp], or to the command of [sendmail], or write it into a Maildir.",
			func(d *Delivery) *string { return &d.Transport }),
		text("maildir", `"outbox"`, "path", "The Maildir of transport \"maildir\". Relative to $STATE_DIRECTORY where that is set, else to this file.",
			func(d *Delivery) *string { return &d.Maildir }, output),
		whole("connections", "4", 1, 1000, "SMTP connections, or commands, used at the same time.",
			func(d *Delivery) *int { return &d.Connections }),
		{name: "rate", def: `"20/s"`, typ: "rate", meaning: "Messages sent at most, over all connections.",
			read: func(r *reader, v *value, d *Delivery) {
				if rate, ok := r.rate(v, "rate"); ok {
					d.Rate = rate
				}
			}},
		{name: "per_domain", def: "{}", typ: "table of rates", meaning: "Rates for the domains of subscribers, beside the overall one.",
			read: perDomain},
		whole("max_per_connection", "100", 1, 1_000_000, "Messages after which a connection is closed and a new one opened.",
			func(d *Delivery) *int { return &d.MaxPerConnection }),
		list("retry", `["5m", "15m", "1h", "3h"]`, "list of durations", "How long to wait before the second attempt, the third, and so on; each varies by chance. Then every 6 hours.",
			func(d *Delivery) { d.Retry = nil },
			func(r *reader, v *value, d *Delivery) {
				if wait, ok := r.duration(v, "retry", time.Millisecond, 30*day); ok {
					d.Retry = append(d.Retry, wait)
				}
			}),
		duration("give_up", `"20h"`, time.Second, 30*day, "How long after its first attempt a delivery is tried again. The lane's next slot ends it too, if that is sooner.",
			func(d *Delivery) *time.Duration { return &d.GiveUp }),
		choice("in_doubt", `"resend"`, []string{"resend", "hold"}, "What to do with a message when the connection or the process died before the server's answer: send the same message once more (a reader may get it twice), or hold it (a reader may miss it).",
			func(d *Delivery) *string { return &d.InDoubt }),
	}
}

func perDomain(r *reader, v *value, d *Delivery) {
	if !r.is(v, "per_domain", tableKind, `{ "gmail.com" = "10/s" }`) {
		return
	}
	d.PerDomain = make(map[string]Rate, len(v.table.names))
	for _, name := range v.table.names {
		domain, err := subscribers.ParseDomain(name)
		if err != nil {
			r.report(v.table.keys[name], "%s %v", r.of("per_domain"), err)
			continue
		}
		if _, twice := d.PerDomain[domain]; twice {
			r.report(v.table.keys[name], "%s names the domain %q twice", r.of("per_domain"), domain)
			continue
		}
		if rate, ok := r.rate(v.table.values[name], "per_domain."+name); ok {
			d.PerDomain[domain] = rate
		}
	}
}

func smtpKeys() []key[SMTP] {
	return []key[SMTP]{
		text("host", `""`, "host", "The mail server that takes the mail. Needed with transport \"smtp\".",
			func(s *SMTP) *string { return &s.Host }, host),
		whole("port", "587", 1, 65535, "Its port; 465 where tls is \"implicit\" and no port is given.",
			func(s *SMTP) *int { return &s.Port }),
		choice("tls", `"starttls"`, []string{"starttls", "implicit", "none"}, "How the connection is encrypted. \"none\" is for servers on this machine, unless insecure is set.",
			func(s *SMTP) *string { return &s.TLS }),
		boolean("insecure", "false", "Allow tls = \"none\" to other machines. A password is never sent that way.",
			func(s *SMTP) *bool { return &s.Insecure }),
		text("ca_file", `""`, "path", "PEM file with an additional root certificate, for a private server.",
			func(s *SMTP) *string { return &s.CAFile }, input),
		text("username", `""`, "text", "Whom to log in as; empty: no login.",
			func(s *SMTP) *string { return &s.Username }),
		text("password_file", `""`, "path", "File that holds the password. Without it, the systemd credential smtp-password; in a shell, the file credentials/smtp-password beside this one.",
			func(s *SMTP) *string { return &s.PasswordFile }, input),
		choice("auth", `"auto"`, []string{"auto", "plain", "login", "cram-md5", "scram-sha-1", "scram-sha-256"}, "How to log in; auto takes the best that the server offers, and the next when that is refused.",
			func(s *SMTP) *string { return &s.Auth }),
		text("hello_name", `""`, "host", "How this machine names itself to the server (EHLO). Without it: its own name if that has a dot, else the domain of mail.from.",
			func(s *SMTP) *string { return &s.HelloName }, helloName),
		duration("dial_timeout", `"30s"`, 10*time.Millisecond, time.Hour, "How long connecting may take, up to the server's greeting.",
			func(s *SMTP) *time.Duration { return &s.DialTimeout }),
		duration("reply_timeout", `"10m"`, 10*time.Millisecond, time.Hour, "How long one answer of the server may take. RFC 5321 asks for 10 minutes after the end of a message; before it, digestd waits for 5 minutes at most.",
			func(s *SMTP) *time.Duration { return &s.ReplyTimeout }),
	}
}

func sendmailKeys() []key[Sendmail] {
	return []key[Sendmail]{
		list("command", `["/usr/sbin/sendmail", "-i", "-f", "{from}", "--", "{to}"]`, "list of texts", "The program and its arguments; {from} and {to} are the addresses of the envelope. No shell reads them. It gets one message on its standard input, and its exit status is one of sysexits(3).",
			func(s *Sendmail) { s.Command = nil },
			func(r *reader, v *value, s *Sendmail) {
				if arg, ok := r.line(v, "command", ""); ok {
					s.Command = append(s.Command, arg)
				}
			}),
		duration("timeout", `"5m"`, 10*time.Millisecond, time.Hour, "How long one call may take. A command that is killed when it had the whole message leaves it in doubt.",
			func(s *Sendmail) *time.Duration { return &s.Timeout }),
	}
}

func dkimKeys() []key[DKIM] {
	return []key[DKIM]{
		need(text("domain", "", "domain", "The signing domain: that of mail.from, or one above it.",
			func(d *DKIM) *string { return &d.Domain }, domain)),
		need(text("selector", "", "text", "Selects the key: its record stands at SELECTOR._domainkey.DOMAIN.",
			func(d *DKIM) *string { return &d.Selector }, selector)),
		text("key_file", `""`, "path", "PEM file with the private key, RSA or Ed25519. Without it, the systemd credential dkim-key; in a shell, the file credentials/dkim-key beside this one.",
			func(d *DKIM) *string { return &d.KeyFile }, input),
	}
}

func collectKeys() []key[Collect] {
	return []key[Collect]{
		duration("every", `"30m"`, time.Second, 7*day, "How often a feed is polled. Feeds that ask for it are polled less often.",
			func(c *Collect) *time.Duration { return &c.Every }),
		duration("lookback", `"24h"`, 0, 100*year, "Of a feed never polled before: what is older is history, not news.",
			func(c *Collect) *time.Duration { return &c.Lookback }),
		duration("timeout", `"30s"`, 10*time.Millisecond, time.Hour, "For a whole request, its body included.",
			func(c *Collect) *time.Duration { return &c.Timeout }),
		size("max_size", `"10MB"`, 1<<10, 1<<30, "A feed that is larger, once decompressed, is refused.",
			func(c *Collect) *int64 { return &c.MaxSize }),
		whole("concurrency", "32", 1, 1000, "Feeds polled at the same time.",
			func(c *Collect) *int { return &c.Concurrency }),
		whole("per_host", "2", 1, 1000, "Of them, on one host.",
			func(c *Collect) *int { return &c.PerHost }),
		text("user_agent", `""`, "text", "How digestd names itself to the outlets. Without it: its name, its version and the address of mail.from.",
			func(c *Collect) *string { return &c.UserAgent }, ascii),
		list("allow_private_networks", "[]", "list of networks", "Feeds on private, loopback or link-local addresses are refused, but for those in these networks: [\"192.168.1.0/24\"].",
			func(c *Collect) { c.AllowPrivateNetworks = nil },
			func(r *reader, v *value, c *Collect) {
				if !r.is(v, "allow_private_networks", textKind, `"192.168.1.0/24"`) {
					return
				}
				p, err := netip.ParsePrefix(v.text)
				if err != nil {
					hint := ""
					if a, err := netip.ParseAddr(v.text); err == nil && a.Zone() == "" {
						hint = fmt.Sprintf("; that address alone is %q", netip.PrefixFrom(a, a.BitLen()))
					}
					r.bad(v, "allow_private_networks", fmt.Errorf(`must name networks such as "192.168.1.0/24", not %q%s`, shorten(v.text), hint))
					return
				}
				c.AllowPrivateNetworks = append(c.AllowPrivateNetworks, p.Masked().String())
			}),
	}
}

func ledgerKeys() []key[Ledger] {
	return []key[Ledger]{
		text("path", `"digestd.db"`, "path", "The file that remembers what was seen, used and sent. Relative to $STATE_DIRECTORY where that is set, else to this file.",
			func(l *Ledger) *string { return &l.Path }, output),
		duration("keep", `"400d"`, 7*day, 20*year, "How long it remembers, counted from when an item was last shown.",
			func(l *Ledger) *time.Duration { return &l.Keep }),
	}
}

func webKeys() []key[Web] {
	return []key[Web]{
		text("listen", `"127.0.0.1:8080"`, "host:port", "Where to listen, behind a reverse proxy. Changing it needs a restart.",
			func(w *Web) *string { return &w.Listen }, listen),
		need(text("base_url", "", "URL", "How readers reach it: the address that stands in the mail.",
			func(w *Web) *string { return &w.BaseURL }, baseURL)),
	}
}

func alertsKeys() []key[Alerts] {
	return []key[Alerts]{
		text("command", `""`, "shell command", "Run by /bin/sh, in the directory of this file and for a minute at most, with the message on its standard input: once when something begins to need a person, once when it is well again.",
			func(a *Alerts) *string { return &a.Command }),
		text("heartbeat_url", `""`, "URL", "Fetched once a minute while nothing needs a person, for a service that reports its absence.",
			func(a *Alerts) *string { return &a.HeartbeatURL }, webURL),
	}
}

func filesKeys() []key[filesTable] {
	return []key[filesTable]{
		list("paths", "[]", "list of paths", "CSV files with the columns of [[subscribers]], of which only email is needed; digests and topics separated by \";\" or spaces. Read again on reload.",
			func(f *filesTable) { f.paths = nil },
			func(r *reader, v *value, f *filesTable) {
				s, ok := r.line(v, "paths", "")
				if ok && s == "" {
					ok = false
					r.bad(v, "paths", errors.New("must not have an empty path"))
				}
				if ok {
					f.paths = append(f.paths, cell{s, v.place})
				}
			}),
	}
}

// filesTable is [subscriber_files] as it is written.
type filesTable struct{ paths []cell }

// cell is a word of the file that is looked up once all of the file is known.
type cell struct {
	text string
	place
}

// title makes a title of an id: "world-news" is "World news".
func title(id string) string {
	s := strings.NewReplacer("-", " ", "_", " ").Replace(id)
	return strings.ToUpper(s[:1]) + s[1:]
}
