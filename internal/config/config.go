// Package config reads config.toml: strictly, with every default, and with all problems at once, each
// with its line. It knows the shape of the file and the meaning of its keys; it opens no feed, no
// ledger and no connection.
package config

import (
	"slices"
	"time"

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
	Alerts          Alerts
	Topics          []digest.Topic  // in the order of the file
	Digests         []digest.Digest // in the order of the file
	Subscribers     *subscribers.List
	SubscriberFiles []string // absolute paths
	Warnings        []Problem
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

// Newsletter is [newsletter].
type Newsletter struct {
	Name          string
	Language      string
	Timezone      string
	Feedback      string
	Privacy       string
	Subscribe     string
	RSS           string
	PostalAddress string
	Look          digest.Look
}

// Mail is [mail].
type Mail struct {
	From          string // RFC 5322 mailbox as net/mail reads it, always with a name
	FromName      string // the newsletter's when the file names none
	FromAddress   string
	ReplyTo       string
	BounceTo      string // bare address; From's address when not set
	UnsubscribeTo string // bare address; From's address when not set
	VERP          bool
	Letters       string // absolute
}

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

// Sendmail is [sendmail].
type Sendmail struct {
	Command []string // {from} and {to} in it stand for addresses
	Timeout time.Duration
}

// DKIM is [dkim].
type DKIM struct {
	Domain, Selector string
	KeyFile          string // absolute or empty; $CREDENTIALS_DIRECTORY/dkim-key likewise
}

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

// Ledger is [ledger].
type Ledger struct {
	Path string // absolute
	Keep time.Duration
}

// Web is [web].
type Web struct {
	Listen  string
	BaseURL string // no trailing slash
}

// Alerts is [alerts].
type Alerts struct {
	Command      string
	HeartbeatURL string
}
