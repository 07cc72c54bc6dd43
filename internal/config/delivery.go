package config

import (
	"time"

	"digestd/subscribers"
)

// Delivery is [delivery].
type Delivery struct {
	Transport        string // "smtp", "sendmail" or "maildir"
	Maildir          string // absolute
	Connections      int
	Rate             Rate
	PerDomain        map[string]Rate
	MaxPerConnection int
	Retry            []time.Duration
	GiveUp           time.Duration
	InDoubt          string // "resend" or "hold"
}

// Rate is messages per second; 0 is unlimited.
type Rate float64

func deliveryKeys(d *Delivery) []key {
	return []key{
		choice("transport", &d.Transport, `"maildir"`, transportNames(),
			"Hand the mail to the server of [smtp], or to the command of [sendmail], or write it into a "+
				"Maildir."),
		text("maildir", &d.Maildir, `"outbox"`, "path",
			"The Maildir of transport \"maildir\". Relative to $STATE_DIRECTORY where that is set, else to this "+
				"file.", output),
		whole("connections", &d.Connections, "4", 1, 1000, "SMTP connections, or commands, used at the same time."),
		rate("rate", &d.Rate, `"20/s"`, "Messages sent at most, over all connections."),
		{name: "per_domain", def: "{}", typ: "table of rates", meaning: "Rates for the domains of subscribers, beside the overall one.",
			read: func(r *reader, v *value) { perDomain(r, v, d) }},
		whole("max_per_connection", &d.MaxPerConnection, "100", 1, 1_000_000,
			"Messages after which a connection is closed and a new one opened."),
		list("retry", &d.Retry, `["5m", "15m", "1h", "3h"]`, "list of durations",
			"How long to wait before the second attempt, the third, and so on; each varies by chance. Then "+
				"every 6 hours.", func(r *reader, v *value) (time.Duration, bool) {
				return r.duration(v, "retry", time.Millisecond, 30*day)
			}),
		duration("give_up", &d.GiveUp, `"20h"`, time.Second, 30*day,
			"How long after its first attempt a delivery is tried again. The lane's next slot ends it too, if "+
				"that is sooner."),
		choice("in_doubt", &d.InDoubt, `"resend"`, []string{"resend", "hold"},
			"What to do with a message when the connection or the process died before the server's answer: send "+
				"the same message once more (a reader may get it twice), or hold it (a reader may miss it)."),
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
