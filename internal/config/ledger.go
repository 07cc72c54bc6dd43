package config

import (
	"time"
)

// Ledger is [ledger].
type Ledger struct {
	Path string // absolute
	Keep time.Duration
}

func ledgerKeys() []key[Ledger] {
	return []key[Ledger]{
		text("path", `"digestd.db"`, "path", "The file that remembers what was seen, used and sent. Relative to $STATE_DIRECTORY where that is set, else to this file.",
			func(l *Ledger) *string { return &l.Path }, output),
		duration("keep", `"400d"`, 7*day, 20*year, "How long it remembers, counted from when an item was last shown.",
			func(l *Ledger) *time.Duration { return &l.Keep }),
	}
}
