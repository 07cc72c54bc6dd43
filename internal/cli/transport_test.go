package cli

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/synctest"
	"time"

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
	first, err := newOutbound(p, settings(), nil, nil)
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
		next, err := newOutbound(p, cfg, nil, first)
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
	if _, err := newOutbound(p, settings(), nil, first); err == nil {
		t.Error("a password that is gone is no error")
	}
}

// TestOneWishMayComeAsTwoSignals plays signals at moments after the first.
func TestOneWishMayComeAsTwoSignals(t *testing.T) {
	for _, c := range []struct {
		name  string
		came  bool
		after []time.Duration // of the signals, from the start
		ends  int             // which of them ends it
	}{
		{"two at once, then one later", false, []time.Duration{0, 0, 10 * time.Second}, 3},
		{"a terminal's and a parent's", false, []time.Duration{0, 10 * time.Millisecond, 2 * time.Second, 3 * time.Second}, 4},
		{"impatience", false, []time.Duration{0, 3 * time.Second}, 2},
		{"the first one came before", true, []time.Duration{100 * time.Millisecond, 4 * time.Second}, 2},
	} {
		t.Run(c.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				signals, start, warned := make(chan os.Signal, 8), time.Now(), 0
				for _, d := range c.after {
					time.AfterFunc(d, func() { signals <- os.Interrupt })
				}
				awaitSecond(signals, c.came, time.Now, func() { warned++ })
				if took := time.Since(start); took != c.after[c.ends-1] || warned != map[bool]int{false: 1, true: 0}[c.came] {
					t.Errorf("ended after %v, warned %d times", took, warned)
				}
			})
		})
	}
}

func TestAPasswordIsWhatWasMeant(t *testing.T) {
	for raw, want := range map[string]string{"geheim": "geheim", "geheim\n": "geheim", "geheim\r\n": "geheim", "\uFEFFgeheim\r\n": "geheim", " ge heim \n": " ge heim ", "": ""} {
		if got := password([]byte(raw)); got != want {
			t.Errorf("%q is read as %q", raw, got)
		}
	}
}

func TestTheNameForTheServerHasADot(t *testing.T) {
	for _, c := range []struct{ configured, host, from, want string }{
		{"", "vm", "digest@example.org", "example.org"},
		{"", "vm.example.net", "digest@example.org", "vm.example.net"},
		{"", "vm.example.net.", "digest@example.org", "vm.example.net"},
		{"", "vm.", "digest@example.org", "example.org"},
		{"", "", "digest@bücher.example", "xn--bcher-kva.example"},
		{"mail.example.com", "vm.example.net", "digest@example.org", "mail.example.com"},
		{"[192.0.2.1]", "vm", "digest@example.org", "[192.0.2.1]"},
	} {
		hostname := func() (string, error) {
			if c.host == "" {
				return "", errors.New("no name")
			}
			return c.host, nil
		}
		if got := ownName(c.configured, hostname, c.from); got != c.want {
			t.Errorf("%+v: %q", c, got)
		}
	}
}
