package control

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"log/slog"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
	"time"
)

func TestControlRunsACommandElsewhere(t *testing.T) {
	t.Parallel()
	ledger := filepath.Join(t.TempDir(), "digestd.db")
	c, err := Listen(ledger, func(_ context.Context, args []string, stdin io.Reader, stdout, stderr io.Writer) int {
		in, _ := io.ReadAll(stdin)
		fmt.Fprintf(stdout, "out %v %s\n", args, in)
		fmt.Fprintln(stderr, "err")
		return 7
	}, slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	if info, err := os.Stat(Path(ledger)); err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("socket %v, %v; want mode 0600", info, err)
	}
	for range 2 {
		var stdout, stderr bytes.Buffer
		status, err := Forward(context.Background(), ledger, Request{Args: []string{"status", "--json"}, Stdin: []byte("in")}, &stdout, &stderr)
		if err != nil || status != 7 || stdout.String() != "out [status --json] in\n" || stderr.String() != "err\n" {
			t.Errorf("status %d, %v, stdout %q, stderr %q", status, err, &stdout, &stderr)
		}
	}
}

func TestControlCancelsACommandWhoseClientIsGone(t *testing.T) {
	t.Parallel()
	ledger := filepath.Join(t.TempDir(), "digestd.db")
	begun, ended := make(chan struct{}), make(chan struct{})
	c, err := Listen(ledger, func(ctx context.Context, _ []string, _ io.Reader, _, _ io.Writer) int {
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
	if _, err := Forward(ctx, ledger, Request{}, io.Discard, io.Discard); !errors.Is(err, context.Canceled) {
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
	t.Parallel()
	ledger := filepath.Join(t.TempDir(), "digestd.db")
	begun := make(chan struct{})
	c, err := Listen(ledger, func(_ context.Context, _ []string, _ io.Reader, stdout, _ io.Writer) int {
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
	client, err := net.Dial("unix", Path(ledger))
	if err != nil {
		t.Fatal(err)
	}
	defer client.Close()
	request := `{"args":["backup","-"]}`
	if _, err := fmt.Fprintf(client, "POST %s HTTP/1.1\r\nHost: digestd\r\nContent-Length: %d\r\n\r\n%s", path, len(request), request); err != nil {
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
	t.Parallel()
	for _, interrupted := range []bool{false, true} {
		ledger := filepath.Join(t.TempDir(), "digestd.db")
		begun, goOn := make(chan struct{}), make(chan struct{})
		c, err := Listen(ledger, func(ctx context.Context, _ []string, _ io.Reader, _, _ io.Writer) int {
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
			s, err := Forward(context.Background(), ledger, Request{}, io.Discard, io.Discard)
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
	t.Parallel()
	ledger := filepath.Join(t.TempDir(), "digestd.db")
	if _, err := Forward(context.Background(), ledger, Request{}, io.Discard, io.Discard); !errors.Is(err, ErrNobody) {
		t.Errorf("got %v, want ErrNobody", err)
	}
}

func TestSocketOfADeadProcessIsReplaced(t *testing.T) {
	t.Parallel()
	ledger := filepath.Join(t.TempDir(), "digestd.db")
	if err := os.WriteFile(Path(ledger), nil, 0o600); err != nil {
		t.Fatal(err)
	}
	c, err := Listen(ledger, nil, slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	c.Close()
	if _, err := os.Stat(Path(ledger)); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("the socket is still there after Close: %v", err)
	}
}

// TestNoPathIsTooLong holds a socket beside its ledger, however long the ledger's path is.
func TestNoPathIsTooLong(t *testing.T) {
	t.Parallel()
	for _, dir := range []string{"", strings.Repeat("very/long/", 30)} {
		for _, name := range []string{"digestd.db", strings.Repeat("n", 200)} {
			ledger := filepath.Join(t.TempDir(), dir, name)
			if err := os.MkdirAll(filepath.Dir(ledger), 0o700); err != nil {
				t.Fatal(err)
			}
			c, err := Listen(ledger, func(context.Context, []string, io.Reader, io.Writer, io.Writer) int { return 7 }, slog.New(slog.DiscardHandler))
			if err != nil {
				t.Fatalf("%s: %v", ledger, err)
			}
			if info, err := os.Stat(Path(ledger)); err != nil || info.Mode() != fs.ModeSocket|0o600 || filepath.Dir(Path(ledger)) != filepath.Dir(ledger) {
				t.Errorf("socket %s: %v, %v; want one beside %s, mode 0600", Path(ledger), info, err, ledger)
			}
			if status, err := Forward(context.Background(), ledger, Request{}, io.Discard, io.Discard); status != 7 || err != nil {
				t.Errorf("%s: status %d, %v", ledger, status, err)
			}
			c.Close()
			if _, err := os.Stat(Path(ledger)); !errors.Is(err, os.ErrNotExist) {
				t.Errorf("%s is still there after Close: %v", Path(ledger), err)
			}
		}
	}
}

// TestAnotherVersionIsToldSo lets each side meet one of another version.
func TestAnotherVersionIsToldSo(t *testing.T) {
	t.Parallel()
	const advice = "restart"
	t.Run("of the client", func(t *testing.T) {
		ledger := filepath.Join(t.TempDir(), "digestd.db")
		c, err := Listen(ledger, nil, slog.New(slog.DiscardHandler))
		if err != nil {
			t.Fatal(err)
		}
		defer c.Close()
		for request, want := range map[string]string{
			"POST /v9/run HTTP/1.1\r\nHost: digestd\r\nContent-Length: 2\r\n\r\n{}": "404 Not Found",
			`{"version":1,"args":["status"]}` + "\n":                                "400 Bad Request", // before it was HTTP
		} {
			conn, err := net.Dial("unix", Path(ledger))
			if err != nil {
				t.Fatal(err)
			}
			fmt.Fprint(conn, request)
			answer, err := io.ReadAll(conn)
			conn.Close()
			if err != nil || !strings.Contains(string(answer), want) || strings.HasPrefix(request, "POST") && !strings.Contains(string(answer), advice) {
				t.Errorf("%q is answered with %q, %v", request, answer, err)
			}
		}
	})
	for name, answer := range map[string]string{
		"of a server that says so":       "HTTP/1.1 404 Not Found\r\nContent-Length: 20\r\n\r\nrestart the service\n",
		"of a server before it was HTTP": "",
		"of a server that babbles":       `{"exit":0}` + "\n",
	} {
		t.Run(name, func(t *testing.T) {
			ledger := filepath.Join(t.TempDir(), "digestd.db")
			listener, err := listen(ledger)
			if err != nil {
				t.Fatal(err)
			}
			defer listener.Close()
			go func() {
				if conn, err := listener.Accept(); err == nil {
					conn.Read(make([]byte, 1<<10))
					io.WriteString(conn, answer)
					conn.Close()
				}
			}()
			var stderr bytes.Buffer
			status, err := Forward(context.Background(), ledger, Request{}, io.Discard, &stderr)
			if strings.HasPrefix(answer, "HTTP") && (status != 2 || err != nil || !strings.Contains(stderr.String(), advice)) {
				t.Errorf("status %d, %v, stderr %q", status, err, &stderr)
			}
			if !strings.HasPrefix(answer, "HTTP") && (err == nil || errors.Is(err, ErrNobody) || !strings.Contains(err.Error(), advice)) {
				t.Errorf("%v does not say what to do", err)
			}
		})
	}
}

// TestStrangersAreRefused puts another user at either end of a socket that anybody may use.
func TestStrangersAreRefused(t *testing.T) {
	t.Parallel()
	if runtime.GOOS != "linux" || os.Geteuid() != 0 {
		t.Skip("only root can be another user, and only Linux tells here who is at the other end")
	}
	open := func(t *testing.T) (ledger string) {
		dir, err := os.MkdirTemp("", "digestd-control-") // t.TempDir lets nobody else in
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { os.RemoveAll(dir) })
		if err := os.Chmod(dir, 0o777); err != nil {
			t.Fatal(err)
		}
		return filepath.Join(dir, "digestd.db")
	}
	want := fmt.Sprintf("user %d is at the other end of the control socket", stranger)

	t.Run("who asks", func(t *testing.T) {
		ledger := open(t)
		c, err := Listen(ledger, func(context.Context, []string, io.Reader, io.Writer, io.Writer) int {
			t.Error("a command of a stranger ran")
			return 0
		}, slog.New(slog.DiscardHandler))
		if err != nil {
			t.Fatal(err)
		}
		defer c.Close()
		if err := os.Chmod(Path(ledger), 0o666); err != nil {
			t.Fatal(err)
		}
		asStranger(t, func() {
			conn, err := net.Dial("unix", Path(ledger))
			if err != nil {
				t.Error(err)
				return
			}
			defer conn.Close()
			resp, err := ask(conn, Request{Args: []string{"backup", "-"}})
			if err != nil {
				t.Error(err)
				return
			}
			words, err := io.ReadAll(resp.Body)
			if resp.StatusCode != http.StatusForbidden || !strings.Contains(string(words), want) {
				t.Errorf("status %d, %q, %v", resp.StatusCode, words, err)
			}
		})
	})
	for _, owns := range []bool{false, true} {
		t.Run(fmt.Sprintf("who answers, as the owner of the ledger: %v", owns), func(t *testing.T) {
			ledger := open(t)
			if owns {
				if err := errors.Join(os.WriteFile(ledger, nil, 0o600), os.Chown(ledger, stranger, stranger)); err != nil {
					t.Fatal(err)
				}
			}
			var listener net.Listener
			asStranger(t, func() {
				var err error
				if listener, err = net.Listen("unix", Path(ledger)); err != nil {
					t.Error(err)
				}
			})
			if t.Failed() {
				t.FailNow()
			}
			defer listener.Close()
			heard := make(chan string, 1)
			go func() {
				conn, err := listener.Accept()
				if err != nil {
					heard <- err.Error()
					return
				}
				defer conn.Close()
				said := make([]byte, 1<<10)
				n, _ := conn.Read(said)
				heard <- string(said[:n])
				io.WriteString(conn, "HTTP/1.1 200 OK\r\n\r\n{\"exit\":0}\n")
			}()
			status, err := Forward(context.Background(), ledger, Request{Args: []string{"suppress"}}, io.Discard, io.Discard)
			said := <-heard
			if owns {
				if err != nil || status != 0 || !strings.Contains(said, "suppress") {
					t.Errorf("status %d, %v, heard %q", status, err, said)
				}
			} else if err == nil || !strings.Contains(err.Error(), want) || errors.Is(err, ErrNobody) || said != "" {
				t.Errorf("%v, heard %q; want %s", err, said, want)
			}
		})
	}
}

// stranger is Debian's nobody.
const stranger = 65534

// asStranger calls do on a thread that is another user's, and that ends with it.
func asStranger(t *testing.T, do func()) {
	t.Helper()
	done := make(chan struct{})
	go func() {
		defer close(done)
		runtime.LockOSThread() // and never unlocked: the thread ends with this goroutine
		// By hand, since Go's own would make all threads another user's.
		if err := becomeStranger(); err != nil {
			t.Error(err)
			return
		}
		do()
	}()
	<-done
}

// TestAStoppedHolderIsNotWaitedFor: its kernel takes the connection and the request, and nothing comes.
func TestAStoppedHolderIsNotWaitedFor(t *testing.T) {
	t.Parallel()
	ledger := filepath.Join(t.TempDir(), "digestd.db")
	l, err := net.Listen("unix", Path(ledger))
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	for _, stdin := range []int{0, 4 << 20} { // the larger one does not fit into what the kernel takes
		_, err = forward(t.Context(), ledger, Request{Args: []string{"status"}, Stdin: make([]byte, stdin)}, io.Discard, io.Discard, 50*time.Millisecond)
		if !errors.Is(err, ErrSilent) || !strings.Contains(err.Error(), "kill -CONT") {
			t.Errorf("%d bytes of input: %v", stdin, err)
		}
	}
}
