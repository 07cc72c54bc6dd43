//go:build linux

package e2e

import (
	"bytes"
	"encoding/json"
	"fmt"
	"net/mail"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// install writes all that a mail is made of, a word in each place: the config's names and subject, the digest's
// own templates, what the readers are called.
func (s site) install(t *testing.T, config, word string, readers int) {
	t.Helper()
	s.write(t, "config.toml", strings.ReplaceAll(config, "Morning Wire", word+" Wire")) // newsletter, from and title
	if err := os.MkdirAll(filepath.Join(s.dir, "look"), 0o700); err != nil {
		t.Fatal(err)
	}
	for name, mark := range map[string]string{"digest.html.tmpl": "</body>", "digest.txt.tmpl": "{{wrap 0 (upper .Title)}}"} {
		builtin, err := os.ReadFile(filepath.Join("..", "..", "templates", name))
		if err != nil {
			t.Fatal(err)
		}
		own := strings.Replace(string(builtin), mark, word+" look\n"+mark, 1)
		if own == string(builtin) {
			t.Fatalf("%s has no %s", name, mark)
		}
		s.write(t, filepath.Join("look", name), own)
	}
	list := "email,name\n"
	for i := range readers {
		list += fmt.Sprintf("%s,%s Reader\n", Reader(i+1), word)
	}
	s.write(t, "subscribers.csv", list)
}

// checkInstalled makes sure that a mail says a word in each of the places.
func checkInstalled(t *testing.T, m message, word string) {
	t.Helper()
	if from, subject := m.header.Get("From"), decodeWords(t, m.header.Get("Subject")); !strings.Contains(from, word+" Wire") || !strings.HasPrefix(subject, word) {
		t.Errorf("a mail from %s about %q, want %s in both", from, subject, word)
	}
	for _, body := range []string{m.text, m.html} {
		if !strings.Contains(body, word+" look") {
			t.Errorf("a part is not made by the template that says %q:\n%.300s", word+" look", body)
		}
	}
}

// TestUpgradedWhileDelivering kills a send in the middle, puts another program in its place, and changes
// the config, the templates and the readers' names before it goes on: the edition stays what it was, for those
// who get it for the first time as for those who get it again.
func TestUpgradedWhileDelivering(t *testing.T) {
	t.Parallel()
	const all = 500
	stand, inboxes := newNewsstand(t), newSink(t)
	here := site{dir: t.TempDir()}
	config := func(word string) string {
		return newsletter(stand, ownFeeds(stand, 2)) + fmt.Sprintf("template = \"look\"\nsubject = \"%s: {{.Lead.Title}}\"\n", word) + overSink(inboxes) + fromCSV
	}
	here.install(t, config("Morning"), "Morning", all)
	here.killAt(t, inboxes, 200, "send", "daily")
	doubts := here.doubts(t)
	if doubts < 1 || doubts > connections {
		t.Errorf("%d deliveries in doubt, want 1 to %d", doubts, connections)
	}
	_, before := inboxes.received()

	newer := filepath.Join(t.TempDir(), "digestd")
	build := exec.Command("go", "build", "-buildvcs=false", "-ldflags", "-X digestd/internal/cli.version=9.9.9", "-o", newer, "digestd")
	if output, err := build.CombinedOutput(); err != nil {
		t.Fatalf("go build: %v\n%s", err, output)
	}
	upgraded := func(args ...string) []byte {
		t.Helper()
		c := here.command(args...)
		c.Path = newer
		var stderr bytes.Buffer
		c.Stderr = &stderr
		output, err := c.Output()
		if err != nil {
			t.Fatalf("%v: %v\n%s%s", args, err, tail(output), tail(stderr.Bytes()))
		}
		return output
	}
	if version := upgraded("version"); !bytes.Contains(version, []byte("9.9.9")) {
		t.Fatalf("the other program is %s", version)
	}
	here.install(t, config("Evening"), "Evening", all)
	checkInstalled(t, read(t, upgraded("preview", "daily", "--format", "eml")), "Evening") // or nothing has changed

	var rest answer
	if err := json.Unmarshal(upgraded("--json", "resume"), &rest); err != nil {
		t.Fatal(err)
	}
	if rest.Sent < all-before || rest.Deferred != 0 || rest.InDoubt != 0 {
		t.Errorf("resume behind %d messages: %+v", before, rest)
	}
	got, taken := inboxes.received()
	if len(got) != all {
		t.Errorf("%d of %d readers got the edition", len(got), all)
	}
	if twice := taken - len(got); twice < 1 || twice > doubts {
		t.Errorf("%d messages came a second time, and %d were in doubt", twice, doubts)
	}
	ids := make(map[string]string) // Message-IDs, and who got them
	for address, mails := range got {
		m := read(t, mails[0])
		checkInstalled(t, m, "Morning")
		if to, err := mail.ParseAddress(m.header.Get("To")); err != nil || to.Address != address || to.Name != "Morning Reader" {
			t.Errorf("%s: to %v, %v", address, to, err)
		}
		id := m.header.Get("Message-ID")
		if other := ids[id]; other != "" || id == "" {
			t.Errorf("%s and %s have one Message-ID: %q", address, other, id)
		}
		ids[id] = address
		for _, again := range mails[1:] {
			if !bytes.Equal(mails[0], again) {
				t.Errorf("%s: the resent message differs from the first:\n%.2000s\n---\n%.2000s", address, mails[0], again)
			}
		}
		if len(mails) > 2 {
			t.Errorf("%s got the edition %d times", address, len(mails))
		}
		if t.Failed() {
			break
		}
	}
	if err := json.Unmarshal(upgraded("--json", "resume"), &rest); err != nil || rest.Sent != 0 {
		t.Errorf("resume with nothing owed: %+v, %v", rest, err)
	}
}
