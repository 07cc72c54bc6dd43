// Package command runs what the owner's configuration names: commands that are told something on their standard input. It
// knows nothing of what they are told.
package command

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"slices"
	"strings"
	"syscall"
	"time"
)

const (
	// Timeout bounds a command.
	Timeout = time.Minute
	// shownOutput is how much of what a failing command says stands in the error, in bytes.
	shownOutput = 1 << 10
)

// Run runs a command by /bin/sh in a directory, its standard input the message. Only the owner's own
// words are read by the shell: whatever a server or a feed said is on standard input alone. The command, and
// all that it starts, is killed when its time is over.
func Run(ctx context.Context, command, dir, message string) error {
	ctx, cancel := context.WithTimeoutCause(ctx, Timeout,
		fmt.Errorf("killed: it took more than %v", Timeout))
	defer cancel()
	cmd := exec.CommandContext(ctx, "/bin/sh", "-c", command)
	cmd.Dir, cmd.Stdin = dir, strings.NewReader(message)
	cmd.Env = slices.DeleteFunc(os.Environ(), func(v string) bool { // systemd is not to take it for the service
		return strings.HasPrefix(v, "NOTIFY_SOCKET=") || strings.HasPrefix(v, "WATCHDOG_")
	})
	var said tail
	cmd.Stdout, cmd.Stderr = &said, &said
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	cmd.Cancel = func() error { return syscall.Kill(-cmd.Process.Pid, syscall.SIGKILL) }
	cmd.WaitDelay = time.Second
	err := cmd.Run()
	if ctx.Err() != nil {
		err = context.Cause(ctx)
	}
	if err != nil && len(said) > 0 {
		err = fmt.Errorf("%w; it said: %s", err, strings.Join(strings.Fields(string(said)), " "))
	}
	return err
}

// tail keeps the last of what is written to it.
type tail []byte

func (t *tail) Write(p []byte) (int, error) {
	*t = append(*t, p...)
	if over := len(*t) - shownOutput; over > 0 {
		*t = append((*t)[:0], (*t)[over:]...)
	}
	return len(p), nil
}
