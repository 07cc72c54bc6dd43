package cli

import (
	"context"
	"io"
	"log/slog"
	"path/filepath"
	"runtime"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"digestd/internal/config"
	"digestd/internal/control"
)

// TestWhatCrossedIsForgotten reloads a daemon over its socket again and again: each reload makes another
// configuration, and only the last one may be left.
func TestWhatCrossedIsForgotten(t *testing.T) {
	const megabyte, times = 1 << 20, 300
	var current atomic.Pointer[opened]
	reload := func(context.Context, bool) (listChange, error) {
		ballast := strings.Repeat("x", megabyte)
		current.Store(&opened{Config: &config.Config{Path: ballast}})
		return listChange{}, nil
	}
	reload(t.Context(), false)
	p := &program{now: time.Now, log: slog.New(slog.DiscardHandler), reload: reload}
	ledger := filepath.Join(t.TempDir(), "digestd.db")
	socket, err := control.Listen(ledger, p.runnerOf(current.Load), p.log)
	if err != nil {
		t.Fatal(err)
	}
	defer socket.Close()
	send := func(n int) uint64 {
		for range n {
			for _, command := range []string{"reload", holderCommand} {
				status, err := control.Forward(t.Context(), ledger, control.Request{Args: []string{command}}, io.Discard, io.Discard)
				if err != nil || status != 0 {
					t.Fatalf("%s: status %d, %v", command, status, err)
				}
			}
		}
		runtime.GC()
		var m runtime.MemStats
		runtime.ReadMemStats(&m)
		return m.HeapAlloc
	}
	if before, after := send(5), send(times); after > before+times*megabyte/10 {
		t.Errorf("%d reloads: the heap grew from %d to %d bytes", times, before, after)
	}
}

// TestTheDemoDoesNotCross: it would take over the signals of the process that holds the ledger.
func TestTheDemoDoesNotCross(t *testing.T) {
	p := &program{now: time.Now, log: slog.New(slog.DiscardHandler)}
	ledger := filepath.Join(t.TempDir(), "digestd.db")
	held := &opened{Config: &config.Config{}}
	socket, err := control.Listen(ledger, p.runnerOf(func() *opened { return held }), p.log)
	if err != nil {
		t.Fatal(err)
	}
	defer socket.Close()
	var said strings.Builder
	status, err := control.Forward(t.Context(), ledger, control.Request{Args: []string{"demo", "--once", t.TempDir()}}, io.Discard, &said)
	if err != nil || status != exitUsage || !strings.Contains(said.String(), "a process of its own") {
		t.Errorf("status %d, %v: %s", status, err, said.String())
	}
}
