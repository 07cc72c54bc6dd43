package mailer

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"digestd/digest"
	"digestd/mailer/message"
)

func files(t *testing.T, dir string) []string {
	t.Helper()
	entries, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	var names []string
	for _, e := range entries {
		names = append(names, e.Name())
	}
	return names
}

func TestMaildir(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "out[box]")
	r := newRig(t, 5, defaults, nil)
	r.transport = ToMaildir(dir)
	if s := r.deliver(t); s.Sent != 5 {
		t.Fatalf("%+v", s)
	}
	names := files(t, filepath.Join(dir, "new"))
	if len(names) != 5 || len(files(t, filepath.Join(dir, "tmp"))) != 0 {
		t.Fatalf("new has %q, tmp %q", names, files(t, filepath.Join(dir, "tmp")))
	}
	msg, err := os.ReadFile(filepath.Join(dir, "new", names[0]))
	if err != nil || !strings.Contains(string(msg), "\nMessage-ID: <"+strings.TrimSuffix(names[0], ".digestd")+"@example.org>\n") || strings.Contains(string(msg), "\r") {
		t.Errorf("%v\n%s", err, msg)
	}
	if strings.ContainsAny(names[0], ":/") {
		t.Errorf("file name %q", names[0])
	}
}

func always() bool { return true }

func TestARepeatReplacesTheFirstFile(t *testing.T) {
	dir := t.TempDir()
	conn, err := ToMaildir(dir).Dial(context.Background())
	if err != nil {
		t.Fatal(err)
	}
	env := message.Envelope{ID: "abc"}
	for range 2 {
		if r := conn.Send(env, []byte("x\r\n"), always); r.Result != Accepted {
			t.Fatal(r)
		}
		env.Repeat = true
	}
	if got := files(t, filepath.Join(dir, "new")); len(got) != 1 {
		t.Errorf("new has %q", got)
	}
	// A mail reader shows it and moves it.
	if err := os.Rename(filepath.Join(dir, "new", "abc.digestd"), filepath.Join(dir, "cur", "abc.digestd:2,S")); err != nil {
		t.Fatal(err)
	}
	if r := conn.Send(env, []byte("x\r\n"), always); r.Result != Accepted {
		t.Fatal(r)
	}
	if got := files(t, filepath.Join(dir, "new")); len(got) != 0 {
		t.Errorf("new has %q", got)
	}
}

func TestAMaildirThatFailsStopsTheRunAndFailsNobody(t *testing.T) {
	dir := t.TempDir()
	r := newRig(t, 5, defaults, nil)
	r.transport = ToMaildir(dir)
	r.job.Progress = func(p Progress) {
		if p.Summary.Sent == 2 {
			os.RemoveAll(filepath.Join(dir, "tmp"))
		}
	}
	r.options.Connections = 1
	s := r.deliver(t)
	if s.Sent != 2 || s.Failed != 0 || s.Owed() != 3 || !strings.Contains(s.Paused, "no such file") {
		t.Errorf("%+v", s)
	}
	r.job.Progress = nil
	if s := r.deliver(t); s.Sent != 3 || len(files(t, filepath.Join(dir, "new"))) != 5 {
		t.Errorf("%+v", s)
	}
	file := filepath.Join(dir, "file")
	if err := os.WriteFile(file, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	var refusal *Unreachable
	if _, err := ToMaildir(file).Dial(context.Background()); !errors.As(err, &refusal) {
		t.Errorf("%v", err)
	}
	if e := r.ledger.event(2); e.State != digest.Sent {
		t.Errorf("%+v", e)
	}
}

// TestRootsMailBelongsToTheService holds that what root's commands write to a maildir belongs to whom the directory around
// it belongs, and that a link there leads root nowhere.
func TestRootsMailBelongsToTheService(t *testing.T) {
	if os.Geteuid() != 0 {
		t.Skip("only root can give a file to somebody else")
	}
	const service = 65534
	home, elsewhere := t.TempDir(), t.TempDir()
	if err := os.Chown(home, service, service); err != nil {
		t.Fatal(err)
	}
	r := newRig(t, 2, defaults, nil)
	dir := filepath.Join(home, "mail", "out")
	r.transport = ToMaildir(dir)
	if s := r.deliver(t); s.Sent != 2 {
		t.Fatalf("%+v", s)
	}
	err := filepath.WalkDir(home, func(path string, _ os.DirEntry, err error) error {
		if err != nil {
			return err
		}
		info, err := os.Lstat(path)
		if err == nil && info.Sys().(*syscall.Stat_t).Uid != service {
			t.Errorf("%s belongs to %d", path, info.Sys().(*syscall.Stat_t).Uid)
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	for _, sub := range []string{"tmp", "new"} {
		box := filepath.Join(home, "box of links in "+sub)
		r := newRig(t, 1, defaults, nil)
		r.transport = ToMaildir(box)
		if err := errors.Join(os.MkdirAll(box, 0o700), os.Symlink(elsewhere, filepath.Join(box, sub))); err != nil {
			t.Fatal(err)
		}
		if s := r.deliver(t); s.Sent != 0 {
			t.Errorf("sent through a link in the place of %s: %+v", sub, s)
		}
	}
	if names := files(t, elsewhere); len(names) > 0 {
		t.Errorf("a link led to %v", names)
	}
}
