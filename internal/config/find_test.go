package config

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func TestFind(t *testing.T) {
	write(t, map[string]string{"here.toml": "", "system.toml": "", "flag.toml": "", "env.toml": "", "dir/x": ""})
	for _, c := range []struct{ flag, env, here, system, want, err string }{
		{flag: "flag.toml", env: "env.toml", here: "here.toml", system: "system.toml", want: "flag.toml"},
		{env: "env.toml", here: "here.toml", system: "system.toml", want: "env.toml"},
		{here: "here.toml", system: "system.toml", want: "here.toml"},
		{here: "none.toml", system: "system.toml", want: "system.toml"},
		{here: "none.toml", system: "/none/config.toml", err: "neither --config nor $DIGESTD_CONFIG is given, and there is neither "},
		{flag: "none.toml", here: "here.toml", err: "none.toml: can't be read: no such file or directory (named by --config)"},
		{env: "none.toml", here: "here.toml", err: "none.toml: can't be read: no such file or directory (named by $DIGESTD_CONFIG)"},
		{flag: "dir", err: "dir: is a directory (named by --config)"},
		{here: filepath.Join("here.toml", "config.toml"), system: "system.toml", err: "not a directory"},
	} {
		got, err := find(c.flag, func(name string) string {
			if name != "DIGESTD_CONFIG" {
				t.Errorf("asks for %s", name)
			}
			return c.env
		}, c.here, c.system)
		if got != c.want || (err == nil) != (c.err == "") || err != nil && !strings.Contains(err.Error(), c.err) {
			t.Errorf("%+v: got %q, %v", c, got, err)
		}
	}
}

func TestLedgerPathIsFoundWhateverElseIsWrong(t *testing.T) {
	write(t, nil)
	here, err := os.Getwd()
	if err != nil {
		t.Fatal(err)
	}
	for text, want := range map[string]string{
		"":                                     filepath.Join(here, "digestd.db"),
		"[ledger]\npath = \"/srv/news.db\"":    "/srv/news.db",
		"[mial]\n[ledger]\npath = \"l/x.db\"":  filepath.Join(here, "l/x.db"),
		"[ledger]\npath = 5\nkeep = \"never\"": filepath.Join(here, "digestd.db"),
		"ledger = 5":                           filepath.Join(here, "digestd.db"),
	} {
		if err := os.WriteFile("config.toml", []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		if got, err := LedgerPath("config.toml", Env{}); err != nil || got != want {
			t.Errorf("%q: %s, %v, want %s", text, got, err, want)
		}
	}
	if err := os.WriteFile("config.toml", []byte("[ledger\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := LedgerPath("config.toml", Env{}); err == nil || !strings.HasPrefix(err.Error(), "config.toml:1:") {
		t.Errorf("what is no TOML: %v", err)
	}
	if _, err := LedgerPath("gone.toml", Env{}); err == nil {
		t.Error("a file that is not there is no error")
	}
}

// A config.toml of another program says which it is, and what was not read for it.
func TestPassedOver(t *testing.T) {
	dir := t.TempDir()
	here, system := filepath.Join(dir, "config.toml"), filepath.Join(dir, "system.toml")
	none := func(string) string { return "" }
	write := func(path string) {
		t.Helper()
		if err := os.WriteFile(path, nil, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	write(here)
	if got := passedOver("", none, here, system); got != "" {
		t.Errorf("alone: %q", got)
	}
	write(system)
	if got, want := passedOver("", none, here, system), "this is "+here+", of the working directory; "+system+" was passed over, and --config "+system+" reads that one"; got != want {
		t.Errorf("%q, want %q", got, want)
	}
	if got := passedOver(here, none, here, system); got != "" {
		t.Errorf("named: %q", got)
	}
}
