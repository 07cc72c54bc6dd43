package config

import (
	"time"
)

// Collect is [collect].
type Collect struct {
	Every                time.Duration
	Lookback             time.Duration
	Timeout              time.Duration
	MaxSize              int64 // bytes after decompression
	Concurrency          int
	PerHost              int
	UserAgent            string
	AllowPrivateNetworks []string // CIDRs, checked
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
				if p, ok := network(r, v, "allow_private_networks"); ok {
					c.AllowPrivateNetworks = append(c.AllowPrivateNetworks, p.String())
				}
			}),
	}
}
