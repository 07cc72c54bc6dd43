package config

import (
	"fmt"
	"os"
	"path/filepath"
)

// system is the configuration of this machine.
const system = "/etc/digestd/config.toml"

// Find is the path of the configuration: that of --config (flag, empty when not given), else
// $DIGESTD_CONFIG, else ./config.toml, else /etc/digestd/config.toml. What is named must exist; the
// others are looked for. The error says where it looked.
func Find(flag string, getenv func(string) string) (string, error) {
	return find(flag, getenv, "config.toml", system)
}

// PassedOver says which file was read, where one of the working directory was found before that of the machine: it may be
// another program's. Empty: that is not so.
func PassedOver(flag string, getenv func(string) string) string {
	return passedOver(flag, getenv, "config.toml", system)
}

func passedOver(flag string, getenv func(string) string, here, system string) string {
	path, err := find(flag, getenv, here, system)
	if err != nil || path != here || flag == here || getenv("DIGESTD_CONFIG") == here {
		return ""
	}
	if _, err := os.Stat(system); err != nil {
		return ""
	}
	if absolute, err := filepath.Abs(here); err == nil {
		here = absolute
	}
	return fmt.Sprintf("this is %s, of the working directory; %s was passed over, and --config %[2]s reads that one", here, system)
}

func find(flag string, getenv func(string) string, here, system string) (string, error) {
	if flag != "" {
		return named(flag, "--config")
	}
	if path := getenv("DIGESTD_CONFIG"); path != "" {
		return named(path, "$DIGESTD_CONFIG")
	}
	for _, path := range []string{here, system} {
		if _, err := os.Stat(path); err == nil {
			return path, nil
		} else if !os.IsNotExist(err) {
			return "", fmt.Errorf("%s: can't be read: %w", path, reason(err))
		}
	}
	if absolute, err := filepath.Abs(here); err == nil {
		here = absolute
	}
	return "", fmt.Errorf("no configuration: neither --config nor $DIGESTD_CONFIG is given, and there is neither %s nor %s", here, system)
}

func named(path, by string) (string, error) {
	info, err := os.Stat(path)
	switch {
	case err != nil:
		return "", fmt.Errorf("%s: can't be read: %w (named by %s)", path, reason(err), by)
	case info.IsDir():
		return "", fmt.Errorf("%s: is a directory (named by %s)", path, by)
	}
	return path, nil
}

// LedgerPath is where the ledger of a configuration is, whatever is wrong with the rest of it: by it, a running
// daemon is found. The error is Problems, when the file can't be read as TOML.
func LedgerPath(path string, env Env) (string, error) {
	r, root, _ := open(path, env)
	if len(r.problems) > 0 {
		return "", r.problems
	}
	var l Ledger
	var t *table
	if v := root.values["ledger"]; v != nil {
		t = v.table
	}
	readTable(r, "[ledger]", t, ledgerKeys(&l))
	return l.Path, nil
}
