package daemon

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"os"
	"path/filepath"
	"sync"
	"syscall"
	"time"
)

// The control socket: whichever process holds the ledger runs the commands of those that do not. A
// command crosses it as its arguments, and comes back as what it printed and its exit status, so that
// every command works there without a protocol of its own.

// controlVersion is the version of what is spoken on the socket.
const controlVersion = 1

// maxSocketPath is the longest path of a Unix socket on Linux (sun_path is 108 bytes with its end).
const maxSocketPath = 107

// ErrNoControl means that nobody answers on the ledger's control socket.
var ErrNoControl = errors.New("nobody answers on the control socket")

// Request is a command to run in the process that holds the ledger.
type Request struct {
	Version int      `json:"version"`
	Args    []string `json:"args"`            // without the program's name
	Stdin   []byte   `json:"stdin,omitempty"` // of commands that read it
}

// reply is one piece of an answer; the last one has Exit.
type reply struct {
	Out  []byte `json:"out,omitempty"`
	Err  []byte `json:"err,omitempty"`
	Exit *int   `json:"exit,omitempty"`
}

// SocketPath is where the control socket of a ledger is: beside it, or, where that path is too long for
// a socket, under a hashed name in the directory for temporary files.
func SocketPath(ledgerPath string) string {
	path := ledgerPath + ".sock"
	if len(path) <= maxSocketPath {
		return path
	}
	sum := sha256.Sum256([]byte(ledgerPath))
	return filepath.Join(os.TempDir(), "digestd-"+hex.EncodeToString(sum[:8])+".sock")
}

// Runner runs a command and returns its exit status.
type Runner func(ctx context.Context, args []string, stdin io.Reader, stdout, stderr io.Writer) int

// Control is a control socket that is listened on.
type Control struct {
	path     string
	listener net.Listener
	log      *slog.Logger
	running  sync.WaitGroup
	stop     context.CancelFunc

	mu   sync.Mutex
	busy int        // commands that run
	idle *sync.Cond // none does
}

// ListenControl opens the control socket of a ledger, mode 0600, and serves it until Close. Only the
// process that holds the ledger may call it: a socket that is left there belongs to a dead one, and is
// replaced.
func ListenControl(ledgerPath string, run Runner, log *slog.Logger) (*Control, error) {
	path := SocketPath(ledgerPath)
	if err := os.Remove(path); err != nil && !errors.Is(err, os.ErrNotExist) {
		return nil, fmt.Errorf("control socket: %w", err)
	}
	// The mode must be right from the first instant, and only the process's mask sees to that.
	mask := syscall.Umask(0o177)
	listener, err := net.Listen("unix", path)
	syscall.Umask(mask)
	if err != nil {
		return nil, fmt.Errorf("control socket: %w", err)
	}
	ctx, stop := context.WithCancel(context.Background())
	c := &Control{path: path, listener: listener, log: log, stop: stop}
	c.idle = sync.NewCond(&c.mu)
	c.running.Go(func() {
		for {
			conn, err := listener.Accept()
			if err != nil {
				return
			}
			c.count(1)
			c.running.Go(func() {
				defer c.count(-1)
				c.serve(ctx, conn, run)
			})
		}
	})
	return c, nil
}

func (c *Control) count(n int) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.busy += n; c.busy == 0 {
		c.idle.Broadcast()
	}
}

// Drain waits until no command runs, and closes. When ctx ends, those that run are cancelled.
func (c *Control) Drain(ctx context.Context) {
	defer context.AfterFunc(ctx, c.stop)()
	c.mu.Lock()
	if c.busy > 0 && ctx.Err() == nil {
		c.log.Info("waiting for other digestd commands that run here", "commands", c.busy)
	}
	for c.busy > 0 {
		c.idle.Wait()
	}
	c.mu.Unlock()
	c.Close()
}

// Close stops listening, cancels the commands that run, and waits for them.
func (c *Control) Close() {
	c.listener.Close()
	c.stop()
	c.running.Wait()
}

// serve runs one command. It is cancelled when its client goes away.
func (c *Control) serve(ctx context.Context, conn net.Conn, run Runner) {
	defer conn.Close()
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	defer context.AfterFunc(ctx, func() { conn.SetWriteDeadline(time.Now().Add(lastWords)) })()
	conn.SetReadDeadline(time.Now().Add(10 * time.Second))
	var req Request
	answers := &replies{ctx: ctx, conn: conn, out: json.NewEncoder(conn)}
	if err := json.NewDecoder(conn).Decode(&req); err != nil {
		c.log.Warn("control socket: unreadable request", "error", err)
		return
	}
	conn.SetReadDeadline(time.Time{})
	if req.Version != controlVersion {
		fmt.Fprintf(answers.stderr(), "the running digestd speaks version %d of the control socket, this one %d: restart the service\n",
			controlVersion, req.Version)
		answers.exit(2)
		return
	}
	go func() { // a client says nothing more; reading ends when it is gone
		io.Copy(io.Discard, conn)
		cancel()
	}()
	c.log.Debug("control socket: command", "args", req.Args)
	answers.exit(run(ctx, req.Args, bytes.NewReader(req.Stdin), answers.stdout(), answers.stderr()))
}

// A client that does not read must hold up neither the end of the process nor what its command has locked: a piece
// of an answer is waited for that long, and when the command is cancelled, all that is left that long.
const (
	pieceWait = time.Minute
	lastWords = 2 * time.Second
)

// replies writes the pieces of an answer, one at a time, until the first one that can't be written.
type replies struct {
	ctx  context.Context // ends when the command is cancelled
	conn net.Conn

	mu  sync.Mutex
	out *json.Encoder
	err error
}

func (r *replies) send(piece reply) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.err != nil {
		return r.err
	}
	if r.ctx.Err() == nil {
		r.conn.SetWriteDeadline(time.Now().Add(pieceWait))
	}
	r.err = r.out.Encode(piece)
	return r.err
}

func (r *replies) exit(status int) { r.send(reply{Exit: &status}) }
func (r *replies) stdout() io.Writer {
	return pieceWriter(func(p []byte) error { return r.send(reply{Out: p}) })
}
func (r *replies) stderr() io.Writer {
	return pieceWriter(func(p []byte) error { return r.send(reply{Err: p}) })
}

type pieceWriter func([]byte) error

func (w pieceWriter) Write(p []byte) (int, error) {
	if err := w(p); err != nil {
		return 0, err
	}
	return len(p), nil
}

// Forward runs a command in the process that holds the ledger, and returns its exit status. The error is
// ErrNoControl when nobody answers.
func Forward(ctx context.Context, ledgerPath string, req Request, stdout, stderr io.Writer) (int, error) {
	conn, err := (&net.Dialer{Timeout: 2 * time.Second}).DialContext(ctx, "unix", SocketPath(ledgerPath))
	if err != nil {
		return 0, fmt.Errorf("%w: %w", ErrNoControl, err)
	}
	defer conn.Close()
	stop := context.AfterFunc(ctx, func() { conn.Close() })
	defer stop()
	req.Version = controlVersion
	if err := json.NewEncoder(conn).Encode(req); err != nil {
		return 0, fmt.Errorf("%w: %w", ErrNoControl, err)
	}
	for in := json.NewDecoder(conn); ; {
		var piece reply
		if err := in.Decode(&piece); err != nil {
			if ctx.Err() != nil {
				return 0, ctx.Err()
			}
			return 0, fmt.Errorf("the digestd that holds the ledger ended before the command did: %w", err)
		}
		if _, err := stdout.Write(piece.Out); err != nil {
			return 0, err
		}
		if _, err := stderr.Write(piece.Err); err != nil {
			return 0, err
		}
		if piece.Exit != nil {
			return *piece.Exit, nil
		}
	}
}
