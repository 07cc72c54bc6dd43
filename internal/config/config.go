// Package config reads config.toml: strictly, with every default, and with all problems at once, each
// with its line. It knows the shape of the file and the meaning of its keys; it opens no feed, no
// ledger and no connection.
package config

import (
	"fmt"
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
	Curate          Curate
	Ledger          Ledger
	Web             *Web // nil: off
	Archive         Archive
	Alerts          Alerts
	Inbound         Inbound
	Topics          []digest.Topic  // in the order of the file
	Digests         []digest.Digest // in the order of the file
	Subscribers     *subscribers.List
	SubscriberFiles []string // absolute paths
	Warnings        []Problem

	// Join lays those beside the lists who signed up themselves; whoever has a ledger sets it. It may be nil.
	Join func(*subscribers.List) *subscribers.List

	lines map[string]int // of tables and their keys: "smtp", "smtp.host"
}

// Readers are all who get mail: those of the lists, and after them those who signed up.
func (c *Config) Readers() *subscribers.List {
	if c.Join == nil {
		return c.Subscribers
	}
	return c.Join(c.Subscribers)
}

// Where is the place of a key for a message: file and line, or those of its table where the key is not there.
func (c *Config) Where(table, key string) string {
	line, ok := c.lines[table+"."+key]
	if !ok {
		line, ok = c.lines[table]
	}
	if !ok {
		return c.Path
	}
	return fmt.Sprintf("%s:%d", c.Path, line)
}

// note keeps the lines of the tables that are no lists, and of their keys.
func (c *Config) note(root *table) {
	c.lines = map[string]int{}
	for name, v := range root.values {
		if v.kind != tableKind {
			continue
		}
		c.lines[name] = v.line
		for key, at := range v.table.keys {
			c.lines[name+"."+key] = at.line
		}
	}
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
