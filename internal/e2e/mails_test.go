//go:build linux

package e2e

import (
	"bytes"
	"encoding/json"
	"fmt"
	"maps"
	"mime"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"digestd/internal/needs"
)

// demoMails are the mails of `demo --once`, by file name.
func demoMails(t *testing.T) map[string]string {
	t.Helper()
	needs.Asked(t, "a test of the demo's mails")
	here := site{dir: t.TempDir()}
	if output, err := here.command("demo", "--once", "mails").CombinedOutput(); err != nil {
		t.Fatalf("demo: %v\n%s", err, tail(output))
	}
	names, err := filepath.Glob(filepath.Join(here.dir, "mails", "*.eml"))
	if err != nil || len(names) != 3 {
		t.Fatalf("the demo left %d mails, %v", len(names), err)
	}
	mails := make(map[string]string)
	for _, name := range names {
		raw, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		mails[name] = string(raw)
	}
	return mails
}

// TestMailsOnTheWire holds what RFC 5322, section 2.1.1, and RFC 5321, section 4.5.3.1.6, ask of lines.
func TestMailsOnTheWire(t *testing.T) {
	for name, raw := range demoMails(t) {
		name = filepath.Base(name)
		if strings.Contains(strings.ReplaceAll(raw, "\r\n", ""), "\r") || strings.Contains(strings.ReplaceAll(raw, "\r\n", ""), "\n") {
			t.Errorf("%s: a line does not end in CRLF", name)
		}
		head, _, found := strings.Cut(raw, "\r\n\r\n")
		if !found {
			t.Fatalf("%s has no body", name)
		}
		for i, line := range strings.Split(raw, "\r\n") {
			if len(line) > 998 {
				t.Errorf("%s:%d has %d bytes", name, i+1, len(line))
			}
			if strings.Trim(line, asciiPrintable) != "" {
				t.Errorf("%s:%d is not plain ASCII: %q", name, i+1, line)
			}
		}
		for line := range strings.SplitSeq(head, "\r\n") {
			if len(line) > 78 && !strings.Contains(line, "://") && !strings.Contains(line, "mailto:") {
				t.Errorf("%s: a header line of %d bytes: %s", name, len(line), line)
			}
		}
	}
}

var asciiPrintable = func() string {
	b := []byte{'\t'}
	for c := byte(' '); c <= '~'; c++ {
		b = append(b, c)
	}
	return string(b)
}()

// inPython prints what Python's email package makes of each file, and every defect that it sees.
const inPython = `
import email, email.policy, json, sys
out = {}
for path in sys.argv[1:]:
    m = email.message_from_bytes(open(path, "rb").read(), policy=email.policy.default)
    defects, parts = [], {}
    for part in m.walk():
        defects += [repr(d) for d in part.defects]
        for name, value in part.items():
            defects += [name + ": " + repr(d) for d in value.defects]
        if not part.is_multipart():
            parts[part.get_content_type()] = part.get_content()
    out[path] = {"defects": defects, "parts": parts, "subject": m["subject"], "to": str(m["to"])}
json.dump(out, sys.stdout)
`

func TestPythonReadsTheMails(t *testing.T) {
	needs.Program(t, "python3", "python3")
	mails := demoMails(t)
	args := []string{"-c", inPython}
	for name := range mails {
		args = append(args, name)
	}
	c := exec.Command("python3", args...)
	c.Stderr = t.Output()
	output, err := c.Output()
	if err != nil {
		t.Fatal(err)
	}
	var seen map[string]struct {
		Defects     []string
		Parts       map[string]string
		Subject, To string
	}
	if err := json.Unmarshal(output, &seen); err != nil {
		t.Fatal(err)
	}
	var words mime.WordDecoder
	for name, raw := range mails {
		ours, theirs := read(t, []byte(raw)), seen[name]
		if len(theirs.Defects) > 0 {
			t.Errorf("%s: %v", filepath.Base(name), theirs.Defects)
		}
		if theirs.Parts["text/plain"] != ours.text || theirs.Parts["text/html"] != ours.html {
			t.Errorf("%s: Python and Go read other parts", filepath.Base(name))
		}
		if subject, err := words.DecodeHeader(ours.header.Get("Subject")); err != nil || subject != theirs.Subject {
			t.Errorf("%s: subject %q, in Python %q, %v", filepath.Base(name), subject, theirs.Subject, err)
		}
		if to, err := ours.header.AddressList("To"); err != nil || !strings.Contains(theirs.To, to[0].Address) || !strings.Contains(theirs.To, to[0].Name) {
			t.Errorf("%s: to %v, in Python %q, %v", filepath.Base(name), to, theirs.To, err)
		}
	}
}

// TestMuttReadsTheMails pipes each mail out of mutt, decoded as it shows it.
func TestMuttReadsTheMails(t *testing.T) {
	needs.Program(t, "mutt", "mutt")
	needs.Program(t, "bsdutils", "script") // gives it a terminal
	for name, raw := range demoMails(t) {
		t.Run(filepath.Base(name), func(t *testing.T) {
			dir := t.TempDir()
			for _, sub := range []string{"cur", "new", "tmp"} {
				if err := os.MkdirAll(filepath.Join(dir, "box", sub), 0o700); err != nil {
					t.Fatal(err)
				}
			}
			for file, text := range map[string]string{
				"box/new/1": raw,
				"muttrc": "set folder=. charset=utf-8 pipe_decode=yes quit=yes sleep_time=0\nunset wait_key mark_old\nignore *\nunignore from to subject\n" +
					"hdr_order from to subject\nalternative_order text/plain\n" + `push "|cat>decoded\nq"` + "\n",
			} {
				if err := os.WriteFile(filepath.Join(dir, file), []byte(text), 0o600); err != nil {
					t.Fatal(err)
				}
			}
			c := exec.Command("script", "-qec", "mutt -n -F muttrc -R -f box", "/dev/null")
			c.Dir = dir
			c.Env = []string{"PATH=" + os.Getenv("PATH"), "HOME=" + dir, "TERM=xterm", "LC_ALL=C.UTF-8"}
			var screen bytes.Buffer
			c.Stdout, c.Stderr = &screen, &screen
			stdin, err := c.StdinPipe() // held open: mutt leaves when its terminal does
			if err != nil {
				t.Fatal(err)
			}
			defer stdin.Close()
			if err := c.Run(); err != nil {
				t.Fatalf("%v\n%s", err, tail(screen.Bytes()))
			}
			decoded, err := os.ReadFile(filepath.Join(dir, "decoded"))
			if err != nil {
				t.Fatalf("%v\n%s", err, tail(screen.Bytes()))
			}
			head, body, _ := strings.Cut(string(decoded), "\n\n")
			m := read(t, []byte(raw))
			for _, header := range []string{"From", "Subject"} {
				if want := header + ": " + decodeWords(t, m.header.Get(header)); !strings.Contains(strings.ReplaceAll(head, "\n ", " "), want) {
					t.Errorf("mutt shows\n%s\nwithout %q", head, want)
				}
			}
			if got, want := strings.TrimSpace(body), strings.TrimSpace(strings.ReplaceAll(m.text, "\r\n", "\n")); got != want {
				t.Errorf("mutt shows\n%s\nwant\n%s", got, want)
			}
		})
	}
}

// TestMailsAreNoSpam asks SpamAssassin, with Debian's rules and without the network.
func TestMailsAreNoSpam(t *testing.T) {
	t.Parallel()
	needs.Program(t, "spamassassin", "spamassassin")
	score := regexp.MustCompile(`(?s)X-Spam-Status: \w+, score=(-?[0-9.]+) required=[0-9.]+\s+tests=(.*?)\n\S`)
	mails := demoMails(t)
	names := slices.Sorted(maps.Keys(mails))
	var box strings.Builder // one start reads them all
	for _, name := range names {
		fmt.Fprintf(&box, "From x@example.org Thu Nov 26 07:00:00 2026\n%s\n\n", strings.ReplaceAll(mails[name], "\nFrom ", "\n>From "))
	}
	c := exec.Command("spamassassin", "--local", "--test-mode", "--mbox")
	c.Stdin = strings.NewReader(box.String())
	c.Env = []string{"PATH=" + os.Getenv("PATH"), "HOME=" + t.TempDir()}
	output, err := c.Output()
	if err != nil {
		t.Fatal(err)
	}
	all := score.FindAllSubmatch(output, -1)
	if len(all) != len(names) {
		t.Fatalf("%d scores of %d mails in\n%s", len(all), len(names), output[:min(len(output), 2000)])
	}
	for i, name := range names {
		found := all[i]
		points, err := strconv.ParseFloat(string(found[1]), 64)
		if err != nil || points >= 1 {
			t.Errorf("%s has %s points: %s", filepath.Base(name), found[1], bytes.Join(bytes.Fields(found[2]), nil))
		}
		t.Logf("%s: %.1f points, %s", filepath.Base(name), points, bytes.Join(bytes.Fields(found[2]), nil))
	}
}
