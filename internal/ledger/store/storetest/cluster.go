package storetest

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"net/url"
	"os"
	"os/exec"
	"os/user"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"digestd/internal/ledger/store"
	"digestd/internal/ledger/store/postgres"
	"digestd/internal/needs"
)

// Cluster is a PostgreSQL of the tests' own, in a temporary directory, on a Unix socket. It ends with the process.
type Cluster struct {
	Dir    string // with the socket in it; data is below
	bin    string
	as     *syscall.Credential // PostgreSQL refuses to run as root
	sh     *exec.Cmd
	stdin  io.Closer // as long as it is open, so is the cluster
	number atomic.Int64
}

var started = sync.OnceValues(func() (*Cluster, error) { return startCluster("") })

// Wanted reports whether tests with PostgreSQL are asked for.
func Wanted() bool { return os.Getenv(Variable) == "postgres" || needs.All() }

// PostgreSQL is the cluster that the tests of this process share. The test is skipped where nobody asks for it.
func PostgreSQL(t testing.TB) *Cluster {
	t.Helper()
	if !Wanted() {
		needs.Asked(t, "a test with PostgreSQL")
	}
	c, err := started()
	if err != nil {
		t.Fatalf("PostgreSQL: %v (Debian has it in the package postgresql)", err)
	}
	return c
}

// Alone is a cluster that a test has to itself, and may do with what it likes. It ends with the test.
func Alone(t testing.TB) *Cluster {
	t.Helper()
	PostgreSQL(t)
	return own(t, "")
}

// Standby is a replica of the cluster, for which each of its commits waits from now on. It ends with the test.
func (c *Cluster) Standby(t testing.TB) *Cluster {
	t.Helper()
	s := own(t, c.Dir)
	c.SQL(t, "alter system set synchronous_standby_names = '*'")
	c.SQL(t, "select pg_reload_conf()")
	for c.SQL(t, "select count(*) from pg_stat_replication where sync_state = 'sync'") != "1" {
		time.Sleep(10 * time.Millisecond)
	}
	return s
}

func own(t testing.TB, of string) *Cluster {
	c, err := startCluster(of)
	if err != nil {
		t.Fatalf("PostgreSQL: %v", err)
	}
	t.Cleanup(func() {
		c.stdin.Close()
		c.sh.Wait()
	})
	return c
}

// Write writes a file among the server's own, for it alone.
func (c *Cluster) Write(t testing.TB, name, text string) {
	t.Helper()
	path := filepath.Join(c.Dir, "data", name)
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	if c.as != nil {
		if err := os.Chown(path, int(c.as.Uid), int(c.as.Gid)); err != nil {
			t.Fatal(err)
		}
	}
}

// Stop ends the server in a mode of pg_ctl.
func (c *Cluster) Stop(t testing.TB, mode string) {
	t.Helper()
	c.Run(t, "pg_ctl", "-D", filepath.Join(c.Dir, "data"), "-m", mode, "-w", "stop")
}

// Start starts the server that was stopped.
func (c *Cluster) Start(t testing.TB) {
	t.Helper()
	c.Run(t, "pg_ctl", "-D", filepath.Join(c.Dir, "data"), "-l", filepath.Join(c.Dir, "log"), "-w", "start")
}

// Promote makes a replica the primary.
func (c *Cluster) Promote(t testing.TB) {
	t.Helper()
	c.Run(t, "pg_ctl", "-D", filepath.Join(c.Dir, "data"), "-w", "promote")
}

// script makes a cluster, or a replica of one whose socket is in $1, starts it, and removes it when there is nobody any more to
// write to its standard input.
const script = `set -eu
dir=$(mktemp -d "${TMPDIR:-/tmp}/digestd-postgres-XXXXXX")
chmod 755 "$dir"
trap 'pg_ctl -D "$dir/data" -m immediate stop >/dev/null 2>&1 || true; rm -rf "$dir"' EXIT
if [ -n "$1" ]; then
	pg_basebackup -h "$1" -U digestd -D "$dir/data" -R -X stream -c fast --no-sync >"$dir/log" 2>&1
else
	initdb -D "$dir/data" -U digestd -A trust -E UTF8 --locale=C --no-sync >"$dir/log" 2>&1
fi || { cat "$dir/log" >&2; exit 1; }
cat >>"$dir/data/postgresql.conf" <<END
listen_addresses = ''
unix_socket_directories = '$dir'
max_connections = 200
shared_buffers = 64MB
END
pg_ctl -D "$dir/data" -l "$dir/log" -w start >/dev/null || { cat "$dir/log" >&2; exit 1; }
echo "$dir"
cat >/dev/null
`

func startCluster(of string) (*Cluster, error) {
	c := &Cluster{}
	found, _ := filepath.Glob("/usr/lib/postgresql/*/bin/initdb")
	if path, err := exec.LookPath("initdb"); err == nil {
		found = append(found, path)
	}
	if len(found) == 0 {
		return nil, fmt.Errorf("there is no initdb")
	}
	c.bin = filepath.Dir(found[0])
	if os.Geteuid() == 0 {
		u, err := user.Lookup("postgres")
		if err != nil {
			return nil, err
		}
		uid, _ := strconv.Atoi(u.Uid)
		gid, _ := strconv.Atoi(u.Gid)
		c.as = &syscall.Credential{Uid: uint32(uid), Gid: uint32(gid)}
	}
	cmd := c.command(context.Background(), "sh", "-c", script, "sh", of)
	c.sh = cmd
	cmd.Stderr = os.Stderr
	stdin, err := cmd.StdinPipe()
	if err != nil {
		return nil, err
	}
	stdout, err := cmd.StdoutPipe()
	if err != nil {
		return nil, err
	}
	if err := cmd.Start(); err != nil {
		return nil, err
	}
	c.stdin = stdin
	c.Dir, err = bufio.NewReader(stdout).ReadString('\n')
	c.Dir = strings.TrimSpace(c.Dir)
	return c, err
}

// command is one of the cluster's owner, in a process group of its own: an interrupt ends the tests, and then the cluster.
func (c *Cluster) command(ctx context.Context, name string, args ...string) *exec.Cmd {
	if name != "sh" {
		name = filepath.Join(c.bin, name)
	}
	cmd := exec.CommandContext(ctx, name, args...)
	cmd.Env = append(os.Environ(), "PATH="+c.bin+":"+os.Getenv("PATH"), "LC_ALL=C")
	cmd.Dir = "/"
	cmd.SysProcAttr = &syscall.SysProcAttr{Credential: c.as, Setpgid: true}
	return cmd
}

// Run runs one of PostgreSQL's programs as the cluster's owner.
func (c *Cluster) Run(t testing.TB, program string, args ...string) string {
	t.Helper()
	out, err := c.command(context.Background(), program, args...).CombinedOutput()
	if err != nil {
		t.Fatalf("%s %q: %v\n%s", program, args, err, out)
	}
	return string(out)
}

// SQL runs statements as the owner of everything, and returns what they say, a row a line.
func (c *Cluster) SQL(t testing.TB, statements string) string {
	t.Helper()
	return strings.TrimSpace(c.Run(t, "psql", "-h", c.Dir, "-U", "digestd", "-d", "postgres", "-v", "ON_ERROR_STOP=1", "-qAtc", statements))
}

// Restart ends the server in a mode of pg_ctl (smart, fast, immediate), and starts it again.
func (c *Cluster) Restart(t testing.TB, mode string) {
	t.Helper()
	c.Run(t, "pg_ctl", "-D", filepath.Join(c.Dir, "data"), "-l", filepath.Join(c.Dir, "log"), "-m", mode, "-w", "restart")
}

// URL is that of a place of one's own in the cluster, in which nothing stands yet. It goes with the test.
func (c *Cluster) URL(t testing.TB) string {
	t.Helper()
	schema := fmt.Sprintf("test_%d_%d", os.Getpid(), c.number.Add(1))
	c.SQL(t, "create schema "+schema)
	return (&url.URL{Scheme: "postgres", User: url.User("digestd"), Path: "/postgres",
		RawQuery: url.Values{"host": {c.Dir}, "search_path": {schema}}.Encode()}).String()
}

// Kill ends the sessions of a name, as an operator does.
func (c *Cluster) Kill(t testing.TB, session string) {
	t.Helper()
	c.SQL(t, fmt.Sprintf("select pg_terminate_backend(pid) from pg_stat_activity where application_name = 'digestd %s'", session))
}

func freshPostgres(t testing.TB) store.Opener {
	t.Helper()
	return postgres.At(postgres.Options{URL: PostgreSQL(t).URL(t), Name: "test"})
}
