package cli

import (
	"cmp"
	"io"
	"os"

	"digestd/internal/config"
	"digestd/internal/ledger"
	"digestd/internal/ledger/store"
	"digestd/internal/ledger/store/bolt"
	"digestd/internal/ledger/store/postgres"
	"digestd/internal/regular"
)

// engine is how the ledger of a configuration is opened. Of the options, a database heeds whether to read and to begin anew.
func engine(cfg *config.Config, opt bolt.Options) store.Opener {
	if cfg.Ledger.Postgres == "" {
		return bolt.At(cfg.Ledger.Path, opt)
	}
	at := database(cfg.Ledger.Postgres, cfg.Ledger.PasswordFile)
	at.ReadOnly, at.Anew, at.Marker = opt.ReadOnly, opt.Anew, bolt.MarkerAt(cfg.Ledger.Path)
	return postgres.At(at)
}

// database is how a database is opened. Its password is read at each connection, so that a new one needs no restart.
func database(url, passwordFile string) postgres.Options {
	o := postgres.Options{URL: url, Name: ownMachine()}
	if passwordFile != "" {
		o.Password = func() (string, error) {
			raw, err := regular.Read(passwordFile, regular.MaxSecret)
			if err != nil {
				return "", usagef("[ledger] password_file: %w", err)
			}
			return password(raw), nil
		}
	}
	return o
}

// ownMachine is the name of this machine, by which others know what runs on it.
func ownMachine() string {
	name, _ := os.Hostname()
	return cmp.Or(name, "unnamed")
}

// shares reports whether several processes have the ledger at the same time, and no command needs to ask another process.
func shares(cfg *config.Config) bool { return cfg.Ledger.Postgres != "" }

// backup writes a copy of a ledger in its embedded form.
func backup(l *ledger.Ledger, w io.Writer) (n int64, err error) {
	if l.IsFile() {
		return l.Backup(w)
	}
	return bolt.Write(w, func(to store.Store) error { return ledger.Copy(l, to, func(int) {}) })
}
