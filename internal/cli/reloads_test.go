package cli

import (
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// TestReload edits the configuration under a daemon, one edit after another, each of the file as it was at first.
func TestReload(t *testing.T) {
	const file = `[newsletter]
name = "Morning Wire"
postal_address = "1 Rue Exemple, Paris"
[mail]
from = "Morning Wire <digest@example.org>"
[topics.global]
feeds = ["feed.xml"]
[digests.daily]
topics = ["global"]
schedule = "0 7 * * *"
[[subscribers]]
email = "ana@example.org"
`
	path := filepath.Join(t.TempDir(), "config.toml")
	write := func(text string) {
		t.Helper()
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	write(file)
	p := &program{configFlag: path, now: time.Now, log: slog.New(slog.DiscardHandler)}
	first, err := p.open(t.Context(), want{write: true, daemon: true})
	if err != nil {
		t.Fatal(err)
	}
	defer first.close()
	r := newReloads(p, first)
	rooms := r.rooms()
	for _, step := range []struct {
		name, old, new  string
		refused         string // words of the error; empty: the edit is in force
		anotherOutbound bool
		holds           func(*opened) bool
	}{
		{name: "nothing"},
		{name: "another name", old: "Morning", new: "Evening", holds: func(o *opened) bool { return o.Config.Newsletter.Name == "Evening Wire" }},
		{name: "a mistake", old: "topics = ", new: "topic = ", refused: "config.toml:9:1"},
		{name: "another reader", old: "ana@", new: "chiyo@", holds: func(o *opened) bool { _, ok := o.Config.Subscribers.Find("chiyo@example.org"); return ok }},
		{name: "another ledger", old: "[newsletter]", new: "[ledger]\npath = \"other.db\"\n[newsletter]", refused: "can't change [ledger] path"},
		{name: "a listener", old: "[newsletter]", new: "[web]\nlisten = \"127.0.0.1:0\"\nbase_url = \"https://news.example.org\"\n[newsletter]",
			refused: "can't change [web] listen"},
		{name: "a key that is not there", old: "[newsletter]", new: "[dkim]\ndomain = \"example.org\"\nselector = \"a\"\nkey_file = \"none.pem\"\n[newsletter]",
			refused: "none.pem"},
		{name: "another pace", old: "[newsletter]", new: "[delivery]\nconnections = 3\n[newsletter]", anotherOutbound: true},
		{name: "back again", anotherOutbound: true},
	} {
		write(strings.Replace(file, step.old, step.new, 1))
		before := r.current.Load()
		next, err := r.reload()
		if r.current.Load() != before {
			t.Errorf("%s: it is in force before the loop has it", step.name)
		}
		if err == nil {
			next.InForce()
		}
		now := r.current.Load()
		if step.refused != "" {
			if err == nil || !strings.Contains(err.Error(), step.refused) || now != before {
				t.Errorf("%s: %v; in force is what was: %v", step.name, err, now == before)
			}
			continue
		}
		if err != nil {
			t.Errorf("%s: %v", step.name, err)
			continue
		}
		if now == before || next.Publisher != now.Publisher || next.Alerts != rooms.Alerts || now.Ledger != first.Ledger {
			t.Errorf("%s: the loop does not get what was read, on the ledger and with the alerts that there are", step.name)
		}
		if (now.outbound != before.outbound) != step.anotherOutbound {
			t.Errorf("%s: another outbound: %v", step.name, now.outbound != before.outbound)
		}
		if step.holds != nil && !step.holds(now) {
			t.Errorf("%s: is not in force", step.name)
		}
	}
}
