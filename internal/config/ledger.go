package config

import (
	"errors"
	"net/url"
	"strings"
	"time"
)

// Ledger is [ledger].
type Ledger struct {
	Path         string // absolute; with Postgres nothing stands there, but the control socket and the marker beside it
	Postgres     string // a URL, or empty
	PasswordFile string // absolute or empty; $CREDENTIALS_DIRECTORY/ledger-password is used when empty and there
	Keep         time.Duration
}

func ledgerKeys(l *Ledger) []key {
	return []key{
		text("path", &l.Path, `"digestd.db"`, "path",
			"The file that remembers what was seen, used and sent. Relative to $STATE_DIRECTORY where that is "+
				"set, else to this file.", output),
		text("postgres", &l.Postgres, `""`, "URL",
			"A PostgreSQL database in the place of the file, which several machines share (docs/scaling.md): "+
				"\"postgres://digestd@db.example.org/digestd?sslmode=verify-full\". With path it is an error, and "+
				"so is a password in it.", func(_ *reader, s string) (string, error) { return s, CheckPostgres(s) }),
		text("password_file", &l.PasswordFile, `""`, "path",
			"File that holds the password for postgres. Without it, the systemd credential ledger-password; in "+
				"a shell, the file credentials/ledger-password beside this one; else none is sent.", input),
		duration("keep", &l.Keep, `"400d"`, 7*day, 20*year,
			"How long it remembers, counted from when an item was last shown."),
	}
}

// CheckPostgres says what is wrong with the URL of a database. The words show no password.
func CheckPostgres(s string) error {
	u, err := url.Parse(s)
	if err != nil {
		return errors.New("is no URL; it looks like postgres://USER@HOST/DATABASE")
	}
	asks := u.Query()
	_, secret := u.User.Password()
	switch {
	case u.Scheme != "postgres" && u.Scheme != "postgresql":
		return errors.New("must begin with postgres://")
	case secret || asks.Has("password"):
		return errors.New("has a password in it, which stands in a file of its own: password_file names it, or give the systemd credential ledger-password")
	case u.User.Username() == "" && !asks.Has("user"):
		return errors.New("names no user: postgres://USER@HOST/DATABASE")
	case strings.Trim(u.Path, "/") == "" && !asks.Has("dbname") && !asks.Has("database"):
		return errors.New("names no database: postgres://USER@HOST/DATABASE")
	}
	return nil
}

// ledger checks what the keys of [ledger] mean together.
func (r *reader) ledger(l *Ledger, t *table) {
	if l.Postgres == "" {
		if t != nil && t.values["password_file"] != nil && t.values["postgres"] == nil {
			r.warn(t.values["password_file"].place, "password_file of [ledger] is for postgres, which is not set")
		}
		return
	}
	if v := t.values["path"]; v != nil {
		r.report(v.place, "path of [ledger] names a file, and postgres a database: a ledger is one of them; "+
			"`digestd ledger copy` carries it from one to the other")
	}
	at := t.values["postgres"].place
	r.secret(at, "password_file of [ledger]", &l.PasswordFile, "ledger-password", true)
	u, err := url.Parse(l.Postgres)
	if err != nil || u.Hostname() == "" || loopback(u.Hostname()) {
		return
	}
	if mode := u.Query().Get("sslmode"); mode != "verify-full" && mode != "verify-ca" {
		r.warn(at,
			"postgres of [ledger] goes to %s without holding who answers there: sslmode=verify-full in the URL "+
				"does", u.Hostname())
	}
}
