package daemon

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

func TestControlRunsACommandElsewhere(t *testing.T) {
	path := filepath.Join(t.TempDir(), "digestd.db")
	c, err := ListenControl(path, func(_ context.Context, args []string, stdin io.Reader, stdout, stderr io.Writer) int {
		in, _ := io.ReadAll(stdin)
		fmt.Fprintf(stdout, "out %v %s\n", args, in)
		fmt.Fprintln(stderr, "err")
		return 7
	}, slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	if info, err := os.Stat(SocketPath(path)); err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("socket %v, %v; want mode 0600", info, err)
	}
	for range 2 {
		var stdout, stderr bytes.Buffer
		status, err := Forward(context.Background(), path, Request{Args: []string{"status", "--json"}, Stdin: []byte("in")}, &stdout, &stderr)
		if err != nil || status != 7 || stdout.String() != "out [status --json] in\n" || stderr.String() != "err\n" {
			t.Errorf("status %d, %v, stdout %q, stderr %q", status, err, &stdout, &stderr)
		}
	}
}

func TestControlCancelsACommandWhoseClientIsGone(t *testing.T) {
	path := filepath.Join(t.TempDir(), "digestd.db")
	begun, ended := make(chan struct{}), make(chan struct{})
	c, err := ListenControl(path, func(ctx context.Context, _ []string, _ io.Reader, _, _ io.Writer) int {
		close(begun)
		<-ctx.Done()
		close(ended)
		return 130
	}, slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	ctx, cancel := context.WithCancel(context.Background())
	go func() { <-begun; cancel() }()
	if _, err := Forward(ctx, path, Request{}, io.Discard, io.Discard); !errors.Is(err, context.Canceled) {
		t.Errorf("forward: %v, want context.Canceled", err)
	}
	select {
	case <-ended:
	case <-time.After(20 * time.Second):
		t.Error("the command goes on")
	}
}

// TestAClientThatDoesNotReadHoldsNobodyUp ends the process while a command writes more than anybody takes.
func TestAClientThatDoesNotReadHoldsNobodyUp(t *testing.T) {
	path := filepath.Join(t.TempDir(), "digestd.db")
	begun := make(chan struct{})
	c, err := ListenControl(path, func(_ context.Context, _ []string, _ io.Reader, stdout, _ io.Writer) int {
		close(begun)
		for {
			if _, err := stdout.Write(make([]byte, 1<<20)); err != nil {
				return 1
			}
		}
	}, slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	client, err := net.Dial("unix", SocketPath(path))
	if err != nil {
		t.Fatal(err)
	}
	defer client.Close()
	if err := json.NewEncoder(client).Encode(Request{Version: controlVersion, Args: []string{"backup", "-"}}); err != nil {
		t.Fatal(err)
	}
	<-begun
	closed := make(chan struct{})
	go func() { c.Close(); close(closed) }()
	select {
	case <-closed:
	case <-time.After(30 * time.Second):
		t.Fatal("the end of the process waits for a client that does not read")
	}
}

// TestDrainWaitsForWhatOthersRun closes the socket of a command that is done, while it runs another one's.
func TestDrainWaitsForWhatOthersRun(t *testing.T) {
	for _, interrupted := range []bool{false, true} {
		path := filepath.Join(t.TempDir(), "digestd.db")
		begun, goOn := make(chan struct{}), make(chan struct{})
		c, err := ListenControl(path, func(ctx context.Context, _ []string, _ io.Reader, _, _ io.Writer) int {
			close(begun)
			select {
			case <-goOn:
				return 0
			case <-ctx.Done():
				return 130
			}
		}, slog.New(slog.DiscardHandler))
		if err != nil {
			t.Fatal(err)
		}
		status := make(chan int)
		go func() {
			s, err := Forward(context.Background(), path, Request{}, io.Discard, io.Discard)
			if err != nil {
				t.Error(err)
			}
			status <- s
		}()
		<-begun
		ctx, interrupt := context.WithCancel(context.Background())
		drained := make(chan struct{})
		go func() { c.Drain(ctx); close(drained) }()
		want := 0
		if interrupted {
			want = 130
			interrupt()
		} else {
			close(goOn)
		}
		if got := <-status; got != want {
			t.Errorf("interrupted %v: the command ended with %d, want %d", interrupted, got, want)
		}
		<-drained
		interrupt()
	}
}

func TestControlWithNobodyThere(t *testing.T) {
	path := filepath.Join(t.TempDir(), "digestd.db")
	if _, err := Forward(context.Background(), path, Request{}, io.Discard, io.Discard); !errors.Is(err, ErrNoControl) {
		t.Errorf("got %v, want ErrNoControl", err)
	}
}

func TestSocketOfADeadProcessIsReplaced(t *testing.T) {
	path := filepath.Join(t.TempDir(), "digestd.db")
	if err := os.WriteFile(SocketPath(path), nil, 0o600); err != nil {
		t.Fatal(err)
	}
	c, err := ListenControl(path, nil, slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	c.Close()
	if _, err := os.Stat(SocketPath(path)); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("the socket is still there after Close: %v", err)
	}
}

func TestSocketPathFitsASocket(t *testing.T) {
	for _, path := range []string{"/var/lib/digestd/digestd.db", "/" + strings.Repeat("very/long/", 30) + "digestd.db"} {
		if got := SocketPath(path); len(got) > maxSocketPath || got != SocketPath(path) {
			t.Errorf("socket of %s: %s, %d bytes", path, got, len(got))
		}
	}
}
