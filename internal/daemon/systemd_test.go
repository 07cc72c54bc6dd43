package daemon

import (
	"log/slog"
	"net"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"
)

func TestSystemdHears(t *testing.T) {
	dir, err := os.MkdirTemp("", "notify") // t.TempDir may be too long for a socket's path
	if err != nil {
		t.Fatal(err)
	}
	defer os.RemoveAll(dir)
	path := filepath.Join(dir, "s")
	socket, err := net.ListenUnixgram("unixgram", &net.UnixAddr{Name: path, Net: "unixgram"})
	if err != nil {
		t.Fatal(err)
	}
	defer socket.Close()
	t.Setenv("NOTIFY_SOCKET", path)
	t.Setenv("WATCHDOG_USEC", "180000000")
	t.Setenv("WATCHDOG_PID", strconv.Itoa(os.Getpid()))
	l := newLoop(nil, nil, slog.New(slog.DiscardHandler))
	l.Systemd(slog.New(slog.DiscardHandler))
	if l.Watchdog != 3*time.Minute {
		t.Errorf("watchdog %v", l.Watchdog)
	}
	buffer := make([]byte, 4096)
	for _, state := range []string{notifyReady, notifyReloading(), notifyStatus("one line\nand no other")} {
		l.Notify(state)
		n, err := socket.Read(buffer)
		if err != nil {
			t.Fatal(err)
		}
		if got := string(buffer[:n]); got != state {
			t.Errorf("systemd heard %q, want %q", got, state)
		}
	}
	if got := notifyStatus("one line\nREADY=1"); got != "STATUS=one line" {
		t.Errorf("status %q", got)
	}
	if lines := strings.Split(notifyReloading(), "\n"); len(lines) != 2 || lines[0] != "RELOADING=1" || !strings.HasPrefix(lines[1], "MONOTONIC_USEC=") {
		t.Errorf("reloading %q", lines)
	}
}

func TestWithoutSystemdNobodyIsTold(t *testing.T) {
	t.Setenv("NOTIFY_SOCKET", "")
	t.Setenv("WATCHDOG_USEC", "")
	var said strings.Builder
	l := newLoop(nil, nil, slog.New(slog.DiscardHandler))
	l.Systemd(slog.New(slog.NewTextHandler(&said, nil)))
	l.Notify(notifyReady)
	if l.Watchdog != 0 || said.Len() != 0 {
		t.Errorf("watchdog %v, said %q", l.Watchdog, said.String())
	}
}
