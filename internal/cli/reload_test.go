package cli_test

import (
	"bytes"
	"context"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"digestd/internal/control"
)

// TestABrokenTemplateStopsNobody breaks a template under a running daemon: neither `reload` nor SIGHUP
// takes it, and the daemon goes on sending with the last good one.
func TestABrokenTemplateStopsNobody(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	write := func(name, text string) {
		t.Helper()
		path := filepath.Join(dir, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	write("config.toml", `[newsletter]
name = "Morning Wire"
timezone = "Europe/Paris"
postal_address = "1 Rue Exemple, Paris"
[mail]
from = "Morning Wire <digest@example.org>"
[topics.global]
feeds = ["feed.xml"]
[digests.daily]
topics = ["global"]
schedule = "0 7 29 2 *"
template = "own"
[[subscribers]]
email = "ana@example.org"
`)
	write("feed.xml", `<rss version="2.0"><channel><title>Herald</title><link>https://herald.example.org/</link>
<item><title>Cranes move again</title><link>https://herald.example.org/1</link><guid>1</guid></item></channel></rss>`)
	write("own/digest.txt.tmpl", "The good one: {{with .Lead}}{{.Title}}{{end}}\n{{.UnsubscribeURL}}\n")

	var log lockedBuffer
	running := digestd(dir, "run")
	running.Stderr = &log
	if err := running.Start(); err != nil {
		t.Fatal(err)
	}
	ended := make(chan error, 1)
	go func() { ended <- running.Wait() }()
	t.Cleanup(func() {
		running.Process.Signal(syscall.SIGTERM)
		if err := <-ended; err != nil {
			t.Errorf("run ended with %v\n%s", err, log.String())
		}
	})
	await := func(what string, holds func() bool) {
		t.Helper()
		for deadline := time.Now().Add(time.Minute); !holds(); time.Sleep(20 * time.Millisecond) {
			if time.Now().After(deadline) {
				t.Fatalf("%s: not after a minute\n%s", what, log.String())
			}
		}
	}
	ledger := filepath.Join(dir, "digestd.db")
	await("the control socket", func() bool { _, err := os.Stat(control.Path(ledger)); return err == nil })

	write("own/digest.txt.tmpl", "{{.UnsubscribeURL}}\n{{range .Sections}\n")
	output, err := digestd(dir, "reload").CombinedOutput()
	if err == nil || !strings.Contains(string(output), "digest.txt.tmpl:2") || !strings.Contains(string(output), "nothing was reloaded") {
		t.Errorf("reload: %v\n%s", err, output)
	}
	running.Process.Signal(syscall.SIGHUP)
	await("the refusal", func() bool {
		return strings.Contains(log.String(), "reload failed: the old configuration stays") && strings.Contains(log.String(), "digest.txt.tmpl:2")
	})

	// A send of its own would not start with that template. The daemon's is asked for past it.
	var stdout, stderr bytes.Buffer
	status, err := control.Forward(context.Background(), ledger, control.Request{Args: []string{"send", "daily"}}, &stdout, &stderr)
	if err != nil || status != 0 {
		t.Fatalf("status %d, %v\n%s%s", status, err, stdout.String(), stderr.String())
	}
	mails, err := filepath.Glob(filepath.Join(dir, "outbox", "new", "*"))
	if err != nil || len(mails) != 1 {
		t.Fatalf("%d mails in the outbox, %v", len(mails), err)
	}
	raw, err := os.ReadFile(mails[0])
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Contains(raw, []byte("The good one: Cranes move again")) {
		t.Errorf("the mail is not made with the last good template:\n%s", raw)
	}
}

// lockedBuffer is a log that one goroutine writes and another reads.
type lockedBuffer struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (l *lockedBuffer) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.Write(p)
}

func (l *lockedBuffer) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.String()
}
