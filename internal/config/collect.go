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

// DefaultCollect is [collect] where the file says nothing, for those who read a feed without a configuration.
func DefaultCollect() (c Collect) {
	readTable(&reader{}, "[collect]", nil, collectKeys(&c))
	return c
}

func collectKeys(c *Collect) []key {
	return []key{
		duration("every", &c.Every, `"30m"`, time.Second, 7*day,
			"How often a feed is polled. Feeds that ask for it are polled less often."),
		duration("lookback", &c.Lookback, `"24h"`, 0, 100*year,
			"Of a feed never polled before: what is older is history, not news."),
		duration("timeout", &c.Timeout, `"30s"`, 10*time.Millisecond, time.Hour, "For a whole request, its body included."),
		size("max_size", &c.MaxSize, `"10MB"`, 1<<10, 1<<30, "A feed that is larger, once decompressed, is refused."),
		whole("concurrency", &c.Concurrency, "32", 1, 1000, "Feeds polled at the same time."),
		whole("per_host", &c.PerHost, "2", 1, 1000, "Of them, on one host."),
		text("user_agent", &c.UserAgent, `""`, "text",
			"How digestd names itself to the outlets. Without it: its name, its version and the address of "+
				"mail.from.", ascii),
		list("allow_private_networks", &c.AllowPrivateNetworks, "[]", "list of networks",
			"Feeds on private, loopback or link-local addresses are refused, but for those in these networks: "+
				"[\"192.168.1.0/24\"].", func(r *reader, v *value) (string, bool) {
				p, ok := network(r, v, "allow_private_networks")
				return p.String(), ok
			}),
	}
}
