//go:build linux

package e2e

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"digestd/internal/needs"
)

// binary is where TestMain puts the program.
var binary string

func TestMain(m *testing.M) {
	if !needs.All() {
		os.Exit(m.Run()) // each test says why it is skipped
	}
	dir, err := os.MkdirTemp("", "digestd-e2e-bin-")
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	binary = filepath.Join(dir, "digestd")
	build := exec.Command("go", "build", "-buildvcs=false", "-o", binary, "digestd")
	if output, err := build.CombinedOutput(); err != nil {
		fmt.Fprintf(os.Stderr, "go build: %v\n%s", err, output)
		os.RemoveAll(dir)
		os.Exit(1)
	}
	status := m.Run()
	os.RemoveAll(dir)
	os.Exit(status)
}

// site is one installation of the program: a directory with its config.toml, from which it runs.
type site struct {
	dir     string
	program string              // empty: what TestMain built
	owner   *syscall.Credential // as whom it runs; nil: as whom the tests do
}

// newSite writes a configuration; the caller's text ends where further tables may begin.
func newSite(t *testing.T, config string) site {
	t.Helper()
	needs.Asked(t, "a test from feeds to inboxes")
	s := site{dir: t.TempDir()}
	s.write(t, "config.toml", config)
	return s
}

func (s site) write(t *testing.T, name, text string) {
	t.Helper()
	if err := os.WriteFile(filepath.Join(s.dir, name), []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
}

// command is the program with an environment of which nothing reaches it by accident.
func (s site) command(args ...string) *exec.Cmd {
	c := exec.Command(binary, args...)
	c.Dir = s.dir
	c.Env = []string{"PATH=" + os.Getenv("PATH"), "HOME=" + s.dir}
	c.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL, Credential: s.owner}
	if s.program != "" {
		c.Path = s.program
	}
	return c
}

// answer is what the commands print with --json, as far as the tests read it.
type answer struct {
	// collect
	Feeds       int `json:"feeds"`
	OK          int `json:"ok"`
	NotModified int `json:"not_modified"`
	Failed      int `json:"failed"`
	Skipped     int `json:"skipped"`
	New         int `json:"new"`
	// send, resume
	Editions   int `json:"editions"`
	Stories    int `json:"stories"`
	Recipients int `json:"recipients"`
	Sent       int `json:"sent"`
	Deferred   int `json:"deferred"`
	InDoubt    int `json:"in_doubt"`
	Suppressed int `json:"suppressed"`
}

// run runs a command to its end and decodes its JSON; any exit but the one that is wanted is fatal.
func (s site) run(t *testing.T, exit int, args ...string) answer {
	t.Helper()
	var a answer
	s.decode(t, exit, &a, args...)
	return a
}

// decode is run for the commands whose answers have a shape of their own. The exit -1 stands for done
// in whatever state things are: 0 or 1.
func (s site) decode(t *testing.T, exit int, into any, args ...string) {
	t.Helper()
	c := s.command(append([]string{"--json"}, args...)...)
	var stdout, stderr bytes.Buffer
	c.Stdout, c.Stderr = &stdout, &stderr
	err := c.Run()
	var failed *exec.ExitError
	if err != nil && !errors.As(err, &failed) {
		t.Fatal(err)
	}
	if got := c.ProcessState.ExitCode(); got != exit && (exit != -1 || got > 1) {
		t.Fatalf("digestd %s: exit %d, want %d\n%s%s", strings.Join(args, " "), got, exit, tail(stdout.Bytes()), tail(stderr.Bytes()))
	}
	if err := json.Unmarshal(stdout.Bytes(), into); err != nil {
		t.Fatalf("digestd --json %s: %v\n%s", strings.Join(args, " "), err, tail(stdout.Bytes()))
	}
}
