package cli

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"digestd/internal/config"
)

// Each transport that the configuration knows can be made.
func TestEachTransportHasItsWay(t *testing.T) {
	for _, table := range config.Reference() {
		for _, key := range table.Keys {
			if key.Name != "transport" {
				continue
			}
			names := strings.Split(strings.ReplaceAll(key.Type, `"`, ""), " | ")
			if len(names) != len(ways()) {
				t.Errorf("%q, and %d ways", names, len(ways()))
			}
			for _, name := range names {
				if ways()[name] == nil {
					t.Errorf("no way for %q", name)
				}
			}
		}
	}
}

// A reload that changes nothing about how mail leaves must keep what is under way and what comes together.
func TestAPostIsKeptWhileItsSettingsAre(t *testing.T) {
	dir := t.TempDir()
	password := filepath.Join(dir, "password")
	write := func(text string) {
		t.Helper()
		if err := os.WriteFile(password, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	write("one\n")
	settings := func() *config.Config {
		return &config.Config{
			Delivery: config.Delivery{Transport: "smtp", Connections: 2, Rate: 20, PerDomain: map[string]config.Rate{"example.org": 1}},
			SMTP:     config.SMTP{Host: "smtp.example.org", Port: 587, TLS: "starttls", Username: "digest", PasswordFile: password},
		}
	}
	p := &program{}
	first, err := newPost(p, settings(), nil, nil)
	if err != nil {
		t.Fatal(err)
	}
	for _, test := range []struct {
		name   string
		change func(*config.Config)
		kept   bool
	}{
		{"nothing", func(*config.Config) {}, true},
		{"another newsletter", func(c *config.Config) { c.Newsletter.Name = "Evening Wire" }, true},
		{"the same password in other words", func(*config.Config) { write("one") }, true},
		{"another password", func(*config.Config) { write("two") }, false},
		{"another rate", func(c *config.Config) { write("one"); c.Delivery.Rate = 10 }, false},
		{"another rate of a domain", func(c *config.Config) { c.Delivery.PerDomain["example.org"] = 2 }, false},
		{"another server", func(c *config.Config) { c.SMTP.Host = "relay.example.org" }, false},
		{"another transport", func(c *config.Config) { c.Delivery.Transport = "maildir" }, false},
		{"a command", func(c *config.Config) { c.Delivery.Transport = "sendmail" }, false},
	} {
		cfg := settings()
		test.change(cfg)
		next, err := newPost(p, cfg, nil, first)
		if err != nil {
			t.Fatal(err)
		}
		if kept := next.mailer == first.mailer; kept != test.kept {
			t.Errorf("%s: kept is %v", test.name, kept)
		}
	}
	if err := os.Remove(password); err != nil {
		t.Fatal(err)
	}
	if _, err := newPost(p, settings(), nil, first); err == nil {
		t.Error("a password that is gone is no error")
	}
}
