package control

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"slices"
	"syscall"
	"time"
)

const (
	maxSocketPath = 107 // bytes that Linux takes (sun_path has 108 with its end)
	maxSocketName = 80  // bytes, so that it fits after /proc/self/fd/N/
)

// Path is where the control socket of a ledger is: always beside it, in a directory whose writers could
// replace the ledger itself, and never in one that strangers share. Where the ledger's name is too long
// for a socket's, it has a hashed one.
func Path(ledger string) string {
	dir, name := filepath.Split(ledger)
	if name += ".sock"; len(name) > maxSocketName {
		sum := sha256.Sum256([]byte(name))
		name = "digestd-" + hex.EncodeToString(sum[:8]) + ".sock"
	}
	return dir + name
}

// reach calls do with a name of the socket that is short enough for one. A path that is not goes by way of
// its directory's descriptor, which Linux resolves.
func reach(socket string, do func(path string) error) error {
	if len(socket) <= maxSocketPath {
		return do(socket)
	}
	dir, name := filepath.Split(socket)
	at, err := os.Open(dir)
	if err != nil {
		return err
	}
	defer at.Close()
	return do(fmt.Sprintf("/proc/self/fd/%d/%s", at.Fd(), name))
}

func listen(ledger string) (listener net.Listener, err error) {
	socket := Path(ledger)
	if err := unlink(socket); err != nil {
		return nil, err
	}
	// The mode must be right from the first instant: Linux takes that of the descriptor for the file.
	private := net.ListenConfig{Control: func(_, _ string, c syscall.RawConn) error {
		return c.Control(func(fd uintptr) { syscall.Fchmod(int(fd), 0o600) })
	}}
	err = reach(socket, func(path string) error {
		listener, err = private.Listen(context.Background(), "unix", path)
		return err
	})
	if err != nil {
		return nil, err
	}
	// Its path may be one of a descriptor that is something else by then.
	listener.(*net.UnixListener).SetUnlinkOnClose(false)
	if err := os.Chmod(socket, 0o600); err != nil { // where the descriptor's does not count
		listener.Close()
		return nil, err
	}
	return listener, nil
}

func unlink(socket string) error {
	if err := os.Remove(socket); err != nil && !errors.Is(err, os.ErrNotExist) {
		return err
	}
	return nil
}

// dial connects to whoever holds the ledger. The error is ErrNobody when nobody answers; another one
// when somebody does who must not be asked.
func dial(ctx context.Context, ledger string) (net.Conn, error) {
	var conn net.Conn
	err := reach(Path(ledger), func(path string) (err error) {
		conn, err = (&net.Dialer{Timeout: 2 * time.Second}).DialContext(ctx, "unix", path)
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrNobody, err)
	}
	var owner []int
	for _, path := range []string{ledger, ledger + ".marker"} { // which alone is there where the ledger is in a database
		if info, err := os.Stat(path); err == nil {
			owner = append(owner, int(info.Sys().(*syscall.Stat_t).Uid))
		}
	}
	if err := trust(conn, owner...); err != nil {
		conn.Close()
		return nil, fmt.Errorf("%s: %w", Path(ledger), err)
	}
	return conn, nil
}

// trust admits a peer who is root, or the user of this process, or one of the others that are named.
func trust(conn net.Conn, also ...int) error {
	uid, err := peer(conn)
	if err != nil {
		return fmt.Errorf("who is at the other end of the control socket can't be known: %w", err)
	}
	if uid != 0 && uid != os.Geteuid() && !slices.Contains(also, uid) {
		return fmt.Errorf("user %d is at the other end of the control socket, who is neither root nor the owner of the ledger: "+
			"nothing was handed over", uid)
	}
	return nil
}
