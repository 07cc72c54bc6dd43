//go:build linux

package e2e

import (
	"bufio"
	"fmt"
	"io"
	"maps"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"
)

// TestPreviewServe works on templates, words, config and readers under the eyes of `preview --serve`,
// before there is a ledger, with one, and beside a daemon that holds it. The page follows each edit and
// changes nothing.
func TestPreviewServe(t *testing.T) {
	stand, inboxes := newNewsstand(t), newSink(t)
	const own = "template = \"own\"\nsubject = \"{{.Title}}: {{with .Lead}}{{.Title}}{{end}}\"\n"
	config := newsletter(stand, ownFeeds(stand, 4)) + own + overSink(inboxes) + "\n[subscriber_files]\npaths = [\"more.csv\"]\n" + readers(2)
	here := newSite(t, config)
	if err := os.MkdirAll(filepath.Join(here.dir, "own", "lang"), 0o700); err != nil {
		t.Fatal(err)
	}
	const text = "{{.Title}} says: {{.Words.Unsubscribe}}\n{{.UnsubscribeURL}}\n"
	here.write(t, "own/digest.txt.tmpl", text)
	here.write(t, "more.csv", "email,name\nzoe@example.org,Zoe\n")

	work := func(when string) {
		address, stop := here.servePreview(t, "daily")
		defer stop()
		page := func(path string) string { return fetched(t, address+path) }
		if body := page("?view=text"); !strings.Contains(body, "Morning Wire says: ") {
			t.Fatalf("%s: the page shows\n%s", when, body)
		}
		before := here.files(t)
		follows := func(what, path, want string) {
			t.Helper()
			begun := time.Now()
			await(t, fmt.Sprintf("%s: %s on the page", when, what), func() bool { return strings.Contains(page(path), want) })
			t.Logf("%s: %s was followed after %v", when, what, time.Since(begun).Round(time.Millisecond))
		}
		here.write(t, "own/digest.txt.tmpl", strings.Replace(text, "says", "tells", 1))
		follows("an edited template", "?view=text", "Morning Wire tells: ")
		here.write(t, "own/lang/en.json", `{"unsubscribe": "No more of this"}`)
		follows("an edited catalogue", "?view=text", "tells: No more of this")
		here.write(t, "config.toml", strings.Replace(config, `title = "Morning Wire"`, `title = "Evening Wire"`, 1))
		follows("an edited config", "?view=text", "Evening Wire tells: ")
		here.write(t, "more.csv", "email,name\nyan@example.org,Yan\n")
		follows("an edited list", "?view=message&for=yan@example.org", "yan@example.org&gt;")

		here.write(t, "own/digest.txt.tmpl", "{{.Title}}\n{{range}}")
		follows("a broken template", "?view=text", "digest.txt.tmpl:2")
		if body := page("?view=text"); !strings.Contains(body, "Evening Wire tells: No more of this") {
			t.Errorf("%s: the last good one is gone:\n%s", when, body)
		}
		here.write(t, "config.toml", strings.Replace(config, "[digests.daily]", "[digests.daily]\nfoo = 1", 1))
		follows("a broken config", "?view=text", "foo")
		here.write(t, "config.toml", config)
		here.write(t, "own/digest.txt.tmpl", text)
		here.write(t, "more.csv", "email,name\nzoe@example.org,Zoe\n")
		os.Remove(filepath.Join(here.dir, "own", "lang", "en.json"))
		await(t, when+": the page to be well again", func() bool {
			body := page("?view=text")
			return strings.Contains(body, "Morning Wire says: Unsubscribe") && !strings.Contains(body, `role="alert"`)
		})
		if after := here.files(t); !maps.Equal(before, after) {
			t.Errorf("%s: looking changed files", when)
		}
	}

	work("without a ledger")
	here.run(t, 0, "collect")
	work("with news")
	daemon := here.command("run")
	if err := daemon.Start(); err != nil {
		t.Fatal(err)
	}
	defer func() { daemon.Process.Signal(syscall.SIGTERM); daemon.Wait() }()
	await(t, "the daemon's socket", func() bool { _, err := os.Stat(filepath.Join(here.dir, "digestd.db.sock")); return err == nil })
	address, stop := here.servePreview(t, "daily", "--for", Reader(2))
	defer stop()
	if body := fetched(t, address); !strings.Contains(body, "News as the ledger had it") || strings.Contains(body, "the empty edition") {
		t.Errorf("beside a daemon the page shows\n%s", body)
	}
	if _, taken := inboxes.received(); taken != 0 {
		t.Errorf("looking sent %d messages", taken)
	}
}

// servePreview starts the page and returns its address without a query. What it says on stderr is the
// test's log.
func (s site) servePreview(t *testing.T, args ...string) (address string, stop func()) {
	t.Helper()
	c := s.command(append([]string{"preview", "--serve"}, args...)...)
	c.Stderr = t.Output()
	stdout, err := c.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := c.Start(); err != nil {
		t.Fatal(err)
	}
	line, err := bufio.NewReader(stdout).ReadString('\n')
	_, address, found := strings.Cut(strings.TrimSpace(line), "http://")
	if err != nil || !found {
		t.Fatalf("preview --serve says %q, %v", line, err)
	}
	address, _, _ = strings.Cut(address, "?")
	return "http://" + address, func() {
		c.Process.Signal(os.Interrupt)
		if err := c.Wait(); err != nil {
			t.Errorf("preview --serve ended with %v", err)
		}
	}
}

func fetched(t *testing.T, address string) string {
	t.Helper()
	r, err := http.Get(address)
	if err != nil {
		t.Fatal(err)
	}
	defer r.Body.Close()
	body, err := io.ReadAll(r.Body)
	if err != nil {
		t.Fatal(err)
	}
	return string(body)
}
