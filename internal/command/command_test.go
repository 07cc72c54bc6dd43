package command

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

func TestRun(t *testing.T) {
	dir := t.TempDir()
	t.Setenv("NOTIFY_SOCKET", "/run/systemd/notify")
	t.Setenv("WATCHDOG_USEC", "1")
	if err := Run(t.Context(), "cat > told; env > env", dir, "$(touch sprung) `touch sprung`; touch sprung\n"); err != nil {
		t.Fatal(err)
	}
	if got, err := os.ReadFile(filepath.Join(dir, "told")); err != nil || string(got) != "$(touch sprung) `touch sprung`; touch sprung\n" {
		t.Errorf("the command read %q, %v", got, err)
	}
	if _, err := os.Stat(filepath.Join(dir, "sprung")); err == nil {
		t.Error("the shell read the message")
	}
	if env, err := os.ReadFile(filepath.Join(dir, "env")); err != nil || strings.Contains(string(env), "NOTIFY_SOCKET") || strings.Contains(string(env), "WATCHDOG") {
		t.Errorf("the command's environment: %v\n%s", err, env)
	}

	err := Run(t.Context(), "echo no such mailbox >&2; exit 67", dir, "x")
	if err == nil || err.Error() != "exit status 67; it said: no such mailbox" {
		t.Errorf("a command that fails: %v", err)
	}
	if err := Run(t.Context(), "true", dir, strings.Repeat("x", 1<<20)); err != nil {
		t.Errorf("a command that does not read: %v", err)
	}

	// One that hangs is killed with its children, whatever they hold open.
	ctx, cancel := context.WithTimeoutCause(t.Context(), 50*time.Millisecond, errors.New("enough"))
	defer cancel()
	if err := Run(ctx, "sleep 60 & sleep 60", dir, "x"); err == nil || err.Error() != "enough" {
		t.Errorf("a command that hangs: %v", err)
	}
}
