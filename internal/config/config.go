// Package config reads config.toml: strictly, with every default, and with all problems at once, each
// with its line. It knows the shape of the file and the meaning of its keys; it opens no feed, no
// ledger and no connection.
package config

import (
	"slices"

	"digestd/digest"
	"digestd/subscribers"
)

// Config is a whole configuration, defaults filled in, paths resolved, every value checked.
type Config struct {
	Path            string // of the file, absolute
	Newsletter      Newsletter
	Mail            Mail
	Delivery        Delivery
	SMTP            SMTP
	Sendmail        Sendmail
	DKIM            *DKIM // nil: off
	Collect         Collect
	Ledger          Ledger
	Web             *Web // nil: off
	Archive         Archive
	Alerts          Alerts
	Topics          []digest.Topic  // in the order of the file
	Digests         []digest.Digest // in the order of the file
	Subscribers     *subscribers.List
	SubscriberFiles []string // absolute paths
	Warnings        []Problem

	// Join lays those beside the lists who signed up themselves; whoever has a ledger sets it. It may be nil.
	Join func(*subscribers.List) *subscribers.List
}

// Readers are all who get mail: those of the lists, and behind them those who signed up.
func (c *Config) Readers() *subscribers.List {
	if c.Join == nil {
		return c.Subscribers
	}
	return c.Join(c.Subscribers)
}

// DigestIDs are what the token of a reader's link may name: each digest, by the names that it had before too, and "" for
// all of them.
func (c *Config) DigestIDs() []string {
	ids := []string{""}
	for _, d := range c.Digests {
		ids = append(append(ids, d.ID), d.Formerly...)
	}
	return ids
}

// NowCalled is the id that a digest has now; one that is none keeps its own.
func (c *Config) NowCalled(id string) string {
	for _, d := range c.Digests {
		if slices.Contains(d.Formerly, id) {
			return d.ID
		}
	}
	return id
}
