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
