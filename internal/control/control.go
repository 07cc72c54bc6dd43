// Package control is the control socket: whichever process holds the ledger runs the commands of those
// that do not. A command crosses it as its arguments, and comes back as what it printed and its exit
// status, so that every command works there without a protocol of its own. It is HTTP over a Unix socket.
//
// It must not know what the commands are, nor what a ledger holds.
package control

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"os"
	"strings"
	"sync"
	"time"
)

// path has the version of what is spoken. A digestd of another version asks for another one, and is told so.
const path = "/v2/run"

// ErrNobody means that nobody answers on the ledger's control socket.
var ErrNobody = errors.New("nobody answers on the control socket")

// ErrSilent means that somebody should answer on the ledger's control socket, and says nothing.
var ErrSilent = errors.New("the process that holds the ledger does not answer")

// Request is a command to run in the process that holds the ledger.
type Request struct {
	Args  []string `json:"args"`            // without the program's name
	Stdin []byte   `json:"stdin,omitempty"` // of commands that read it
}

// piece is one piece of an answer; the last one has Exit. An empty one is a sign of life.
type piece struct {
	Out  []byte `json:"out,omitempty"`
	Err  []byte `json:"err,omitempty"`
	Exit *int   `json:"exit,omitempty"`
}

// Runner runs a command and returns its exit status.
type Runner func(ctx context.Context, args []string, stdin io.Reader, stdout, stderr io.Writer) int

// Server serves a control socket.
type Server struct {
	http   *http.Server
	socket string
	run    Runner
	log    *slog.Logger
	cancel context.CancelFunc

	mu   sync.Mutex
	busy int        // commands that run
	idle *sync.Cond // none does
}

// A client that does not read must hold up neither the end of the process nor what its command has locked.
const (
	pieceWait = time.Minute      // for each piece of an answer
	lastWords = 2 * time.Second  // for all that is left of it, once the command is cancelled
	askWait   = 10 * time.Second // for all of a request
)

// Whoever runs a command gives signs of life, so that a client can tell a command that takes long from a process that
// was stopped.
const (
	signOfLife = 5 * time.Second
	silence    = 30 * time.Second // a client waits for no longer
)

// connection is the key under which a request's context has its connection.
type connection struct{}

// Listen opens the control socket of a ledger, mode 0600, and serves it until Close. Only the process
// that holds the ledger may call it: a socket that is left there belongs to a dead one, and is replaced.
func Listen(ledger string, run Runner, log *slog.Logger) (*Server, error) {
	listener, err := listen(ledger)
	if err != nil {
		return nil, fmt.Errorf("control socket: %w", err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	s := &Server{socket: Path(ledger), run: run, log: log, cancel: cancel}
	s.idle = sync.NewCond(&s.mu)
	mux := http.NewServeMux()
	mux.HandleFunc("POST "+path, s.serve)
	mux.HandleFunc("/", func(w http.ResponseWriter, r *http.Request) {
		http.Error(w, fmt.Sprintf("the running digestd speaks %s on the control socket, this one %.40s: restart the service",
			path, r.URL.Path), http.StatusNotFound)
	})
	s.http = &http.Server{
		Handler: mux, ReadHeaderTimeout: askWait, ErrorLog: slog.NewLogLogger(log.Handler(), slog.LevelWarn),
		BaseContext: func(net.Listener) context.Context { return ctx },
		ConnContext: func(ctx context.Context, conn net.Conn) context.Context {
			return context.WithValue(ctx, connection{}, conn)
		},
	}
	s.http.SetKeepAlivesEnabled(false)
	go s.http.Serve(listener)
	return s, nil
}

func (s *Server) count(n int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.busy += n; s.busy == 0 {
		s.idle.Broadcast()
	}
}

// Drain waits until no command runs, and closes. When ctx ends, those that run are cancelled.
func (s *Server) Drain(ctx context.Context) {
	defer context.AfterFunc(ctx, s.cancel)()
	s.mu.Lock()
	if s.busy > 0 && ctx.Err() == nil {
		s.log.Info("waiting for other digestd commands that run here", "commands", s.busy)
	}
	for s.busy > 0 { // those that come meanwhile run too: nobody else can serve them
		s.idle.Wait()
	}
	s.mu.Unlock()
	s.Close()
}

// Close stops listening, cancels the commands that run, and waits for them.
func (s *Server) Close() {
	s.cancel()
	s.http.Shutdown(context.Background()) // it has no other error than that of a context that ends
	unlink(s.socket)
}

// maxRequest bounds a request, in bytes: a list of 64 MB of addresses as its input, in base64.
const maxRequest = 96 << 20

// serve runs one command. It is cancelled when its client goes away.
func (s *Server) serve(w http.ResponseWriter, r *http.Request) {
	s.count(1)
	defer s.count(-1)
	if err := trust(r.Context().Value(connection{}).(net.Conn)); err != nil {
		s.log.Warn("control socket: a stranger was refused", "error", err)
		http.Error(w, err.Error(), http.StatusForbidden)
		return
	}
	a := &answer{ctx: r.Context(), to: http.NewResponseController(w), out: json.NewEncoder(w)}
	a.to.SetReadDeadline(time.Now().Add(askWait))
	var req Request
	raw, err := io.ReadAll(http.MaxBytesReader(w, r.Body, maxRequest)) // to its end: only from there on does net/http hear that the client is gone
	if err = errors.Join(err, json.Unmarshal(raw, &req)); err != nil {
		s.log.Warn("control socket: unreadable request", "error", err)
		http.Error(w, "unreadable request: "+err.Error(), http.StatusBadRequest)
		return
	}
	a.to.SetReadDeadline(time.Time{})
	defer context.AfterFunc(a.ctx, a.hurry)()
	s.log.Debug("control socket: command", "args", req.Args)
	// In a goroutine of its own, since net/http would go on after a panic, with what the command has locked.
	status := make(chan int)
	go func() {
		status <- s.run(a.ctx, req.Args, bytes.NewReader(req.Stdin),
			writer(func(p []byte) error { return a.send(piece{Out: p}) }),
			writer(func(p []byte) error { return a.send(piece{Err: p}) }))
	}()
	a.send(piece{})
	alive := time.NewTicker(signOfLife)
	defer alive.Stop()
	for {
		select {
		case exit := <-status:
			a.send(piece{Exit: &exit})
			return
		case <-alive.C:
			a.send(piece{})
		}
	}
}

// answer writes the pieces of an answer, one at a time, until the first one that can't be written.
type answer struct {
	ctx context.Context // ends when the command is cancelled
	to  *http.ResponseController

	mu  sync.Mutex
	out *json.Encoder
	err error
}

func (a *answer) hurry() { a.to.SetWriteDeadline(time.Now().Add(lastWords)) }

func (a *answer) send(p piece) error {
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.err != nil {
		return a.err
	}
	if a.ctx.Err() == nil {
		a.to.SetWriteDeadline(time.Now().Add(pieceWait))
		if a.ctx.Err() != nil { // between the two: the deadline of the last words is lost
			a.hurry()
		}
	}
	a.err = errors.Join(a.out.Encode(p), a.to.Flush())
	return a.err
}

type writer func([]byte) error

func (w writer) Write(p []byte) (int, error) {
	if err := w(p); err != nil {
		return 0, err
	}
	return len(p), nil
}

// Forward runs a command in the process that holds the ledger, and returns its exit status. The error is
// ErrNobody when nobody answers, and ErrSilent when the process gives no sign of life for half a minute.
func Forward(ctx context.Context, ledger string, req Request, stdout, stderr io.Writer) (int, error) {
	return forward(ctx, ledger, req, stdout, stderr, silence)
}

func forward(
	ctx context.Context, ledger string, req Request, stdout, stderr io.Writer, silence time.Duration,
) (int, error) {
	conn, err := dial(ctx, ledger)
	if err != nil {
		return 0, err
	}
	defer conn.Close()
	defer context.AfterFunc(ctx, func() { conn.Close() })()
	conn = patient{conn, silence}
	resp, err := ask(conn, req)
	if ctx.Err() != nil {
		return 0, ctx.Err()
	}
	if errors.Is(err, ErrSilent) {
		return 0, err
	}
	if err != nil {
		return 0, fmt.Errorf("the digestd that holds the ledger ended before it answered, or is of another version and must be "+
			"restarted: %w", err)
	}
	defer resp.Body.Close()
	if resp.StatusCode != http.StatusOK {
		words, _ := io.ReadAll(io.LimitReader(resp.Body, 4<<10))
		fmt.Fprintln(stderr, strings.TrimSpace(string(words)))
		return 2, nil
	}
	for in := json.NewDecoder(resp.Body); ; {
		var p piece
		if err := in.Decode(&p); err != nil {
			if ctx.Err() != nil {
				return 0, ctx.Err()
			}
			if errors.Is(err, ErrSilent) {
				return 0, err
			}
			return 0, fmt.Errorf("the digestd that holds the ledger ended before the command did: %w", err)
		}
		if _, err := stdout.Write(p.Out); err != nil {
			return 0, err
		}
		if _, err := stderr.Write(p.Err); err != nil {
			return 0, err
		}
		if p.Exit != nil {
			return *p.Exit, nil
		}
	}
}

// patient is a connection whose other end has so long for each step.
type patient struct {
	net.Conn
	silence time.Duration
}

func (p patient) Read(b []byte) (int, error)  { return p.step(p.Conn.Read, b) }
func (p patient) Write(b []byte) (int, error) { return p.step(p.Conn.Write, b) }

func (p patient) step(do func([]byte) (int, error), b []byte) (int, error) {
	p.SetDeadline(time.Now().Add(p.silence))
	n, err := do(b)
	if errors.Is(err, os.ErrDeadlineExceeded) {
		err = fmt.Errorf("%w for %s: it was stopped (kill -CONT lets it go on), or the machine is very busy", ErrSilent, p.silence)
	}
	return n, err
}

// ask sends a request, and reads what the answer begins with.
func ask(conn net.Conn, req Request) (*http.Response, error) {
	body, err := json.Marshal(req)
	if err != nil {
		return nil, err
	}
	r, err := http.NewRequest(http.MethodPost, "http://digestd"+path, bytes.NewReader(body))
	if err != nil {
		return nil, err
	}
	var raw bytes.Buffer // net/http would hide the error of the connection
	if err := r.Write(&raw); err != nil {
		return nil, err
	}
	if _, err := conn.Write(raw.Bytes()); err != nil {
		return nil, err
	}
	return http.ReadResponse(bufio.NewReader(conn), r)
}
