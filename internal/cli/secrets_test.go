package cli_test

import (
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// TestFeedsPasswordsAreNotShown runs every command that speaks of feeds, over feeds whose addresses have a password and
// whose servers repeat it: nothing that comes out has it in it, and neither has a mail.
func TestFeedsPasswordsAreNotShown(t *testing.T) {
	t.Parallel()
	const secret = "c0rrect-h0rse"
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		_, password, _ := r.BasicAuth()
		echo := func(status int, to string) {
			w.Header().Set("Location", strings.ReplaceAll(to, "SECRET", password))
			w.WriteHeader(status)
		}
		switch r.URL.Path {
		case "/good":
			if password != secret {
				w.WriteHeader(http.StatusUnauthorized)
				return
			}
			w.Write([]byte(`<rss version="2.0"><channel><title>Herald</title><link>https://herald.example.org/</link>
<item><title>Cranes move again</title><link>https://herald.example.org/1</link><guid>1</guid></item></channel></rss>`))
		case "/nowhere":
			echo(http.StatusFound, "ftp://wire:SECRET@127.0.0.1/feed?key=SECRET")
		case "/broken":
			echo(http.StatusFound, "http://wire:SECRET@[::1/feed")
		case "/moved":
			echo(http.StatusMovedPermanently, "/good?key=SECRET")
		case "/round":
			echo(http.StatusFound, "/round?key=SECRET")
		default:
			w.WriteHeader(http.StatusNotFound)
		}
	}))
	defer server.Close()
	base := strings.Replace(server.URL, "http://", "http://wire:"+secret+"@", 1)
	dir := t.TempDir()
	feeds := `"` + base + `/good", "` + base + `/nowhere", "` + base + `/broken", "` + base + `/moved", "` + base + `/round", "` + base + `/gone", "http://wire:` + secret + `@127.0.0.1:1/"`
	if err := os.WriteFile(filepath.Join(dir, "config.toml"), []byte(`[newsletter]
name = "Morning Wire"
timezone = "Europe/Paris"
postal_address = "1 Rue Exemple, Paris"
[mail]
from = "Morning Wire <digest@example.org>"
[collect]
allow_private_networks = ["127.0.0.0/8"]
[topics.global]
feeds = [`+feeds+`]
[digests.daily]
topics = ["global"]
schedule = "0 7 * * *"
[[subscribers]]
email = "ana@example.org"
`), 0o600); err != nil {
		t.Fatal(err)
	}
	said := 0
	for _, args := range [][]string{
		{"preview", "daily"}, {"collect", "--all"}, {"collect", "--all"}, {"send", "daily"}, {"send", "daily", "--extra"}, {"status"}, {"feeds", "list"},
		{"feeds", "export"}, {"feeds", "read", base + "/good"}, {"feeds", "read", base + "/nowhere"}, {"feeds", "read", base + "/broken"}, {"feeds", "read", base + "/round"},
		{"why", "cranes"}, {"why", "ana@example.org"}, {"preview", "daily"}, {"check"}, {"check", "--online"}, {"subscribers", "list"}, {"ledger", "check"},
	} {
		for _, flags := range [][]string{nil, {"--json"}, {"-v"}} {
			c := digestd(dir, append(append([]string{}, flags...), args...)...)
			out, err := c.CombinedOutput()
			if err != nil && c.ProcessState.ExitCode() != 1 {
				t.Errorf("%v %v: %v\n%s", flags, args, err, out)
			}
			said += strings.Count(string(out), "xxxxx")
			for line := range strings.Lines(string(out)) {
				if strings.Contains(line, secret) {
					t.Errorf("%v %v shows it: %s", flags, args, strings.TrimSpace(line))
				}
			}
		}
	}
	if said == 0 {
		t.Error("no address of a feed was shown at all")
	}
	mails, _ := filepath.Glob(filepath.Join(dir, "outbox", "new", "*"))
	if len(mails) == 0 {
		t.Error("no mail went out")
	}
	for _, name := range mails {
		if raw, err := os.ReadFile(name); err != nil || strings.Contains(string(raw), secret) {
			t.Errorf("%s, %v", name, err)
		}
	}
}
