//go:build linux

package e2e

import (
	"encoding/json"
	"os"
	"os/user"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"testing"

	"digestd/internal/ledger/store/storetest"
	"digestd/internal/needs"
)

// status is what a machine says of the senders, or how it fails.
func (m *machine) status() (senders int, said string) {
	c := m.command("--json", "status")
	var stderr strings.Builder
	c.Stderr = &stderr
	out, _ := c.Output()
	var s struct {
		Senders []struct{ Name string }
	}
	if json.Unmarshal(out, &s) != nil {
		return 0, stderr.String()
	}
	return len(s.Senders), stderr.String()
}

// TestThreeMachines runs three daemons on one machine, each with a configuration of its own: status lists them on each, a reload is
// that of one, the database goes away and comes back, and the ledger is carried away from nobody who works on it.
func TestThreeMachines(t *testing.T) {
	needs.Asked(t, "a test with PostgreSQL")
	cluster := storetest.Alone(t)
	url := cluster.URL(t)
	m := newMachines(t, url, 3, url, url, url)
	m.happens()
	m.site.run(t, 0, "send", "daily")
	for _, x := range m.all {
		x.start(t)
	}
	all := func(want int) {
		t.Helper()
		for _, x := range m.all {
			await(t, "all senders", func() bool { n, _ := x.status(); return n == want })
		}
	}
	all(3)

	last := m.all[2]
	config, err := os.ReadFile(filepath.Join(last.dir, "config.toml"))
	if err != nil {
		t.Fatal(err)
	}
	last.write(t, "config.toml", strings.Replace(string(config), `name = "Morning Wire"`, `name = `, 1))
	for i, x := range m.all {
		said, err := x.command("reload").CombinedOutput()
		if wrong := i == 2; wrong != (err != nil) || wrong && !strings.Contains(string(said), "config.toml:3") {
			t.Errorf("a reload of machine %d: %v\n%s", i, err, said)
		}
	}
	last.write(t, "config.toml", string(config))

	for _, x := range m.all {
		said, err := x.command("ledger", "copy", "--to", "copy.db").CombinedOutput()
		if err == nil || !strings.Contains(string(said), "is at work on it") {
			t.Errorf("a copy of a ledger that others work on: %v\n%s", err, said)
		}
	}

	cluster.Stop(t, "immediate")
	for _, x := range m.all {
		if n, said := x.status(); n != 0 || !strings.Contains(said, "the database is away") {
			t.Errorf("without a database: %d senders, %s", n, said)
		}
	}
	cluster.Start(t)
	all(3)
	m.all[0].end(syscall.SIGKILL)
	m.all = m.all[1:]
	all(2)
	for _, x := range m.all {
		if state := x.end(syscall.SIGTERM); !state.Success() {
			t.Errorf("a daemon ended with %v", state)
		}
	}
	m.whole(t, "in the end")
	if said, err := m.command("ledger", "copy", "--to", "copy.db").CombinedOutput(); err != nil {
		t.Errorf("a copy when nobody works on it: %v\n%s", err, said)
	}
}

// TestPeerAuthentication reaches a database of this machine as the unit of the package does: by the socket, as the system's user,
// in a user namespace (PrivateUsers= of systemd.exec(5)) that knows this user and root alone.
func TestPeerAuthentication(t *testing.T) {
	needs.Asked(t, "a test with PostgreSQL")
	if os.Geteuid() != 0 {
		t.Skip("root alone becomes another user")
	}
	cluster := storetest.Alone(t)
	cluster.SQL(t, "create role nobody login; create schema nobody authorization nobody")
	cluster.Write(t, "pg_hba.conf", "local all digestd trust\nlocal all all peer\n")
	cluster.SQL(t, "select pg_reload_conf()")
	nobody, err := user.Lookup("nobody")
	if err != nil {
		t.Fatal(err)
	}
	uid, _ := strconv.Atoi(nobody.Uid)
	gid, _ := strconv.Atoi(nobody.Gid)
	stand := newNewsstand(t)
	stand.put("/line", feed("Line", entry{title: "Quay 1 is opened", link: "https://example.org/1"}))
	config := strings.Replace(newsletter(stand, []string{"/line", "/line"}), `path = "digestd.db"`, `postgres = "postgres://nobody@/postgres?host=`+cluster.Dir+`"`, 1)
	config = strings.Replace(config, `transport = "smtp"`, `transport = "maildir"`, 1) + readers(1)
	for _, as := range []struct {
		name string
		uid  int
		ok   bool
	}{{"nobody", uid, true}, {"root", 0, false}} {
		dir, err := os.MkdirTemp("", "digestd-peer-") // whose parents let another user pass
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { os.RemoveAll(dir) })
		s := site{dir: dir}
		s.write(t, "config.toml", config)
		program := filepath.Join(dir, "digestd")
		raw, err := os.ReadFile(binary)
		if err == nil {
			err = os.WriteFile(program, raw, 0o700)
		}
		if err != nil {
			t.Fatal(err)
		}
		for _, name := range []string{".", "config.toml", "digestd"} {
			if err := os.Chown(filepath.Join(dir, name), as.uid, gid); err != nil {
				t.Fatal(err)
			}
		}
		c := s.command("collect")
		c.Path = program
		ids := func(id int) []syscall.SysProcIDMap {
			return slices.Compact([]syscall.SysProcIDMap{{ContainerID: 0, HostID: 0, Size: 1}, {ContainerID: id, HostID: id, Size: 1}})
		}
		c.SysProcAttr = &syscall.SysProcAttr{Cloneflags: syscall.CLONE_NEWUSER, UidMappings: ids(as.uid), GidMappings: ids(gid),
			Credential: &syscall.Credential{Uid: uint32(as.uid), Gid: uint32(gid)}}
		said, err := c.CombinedOutput()
		if as.ok && err != nil || !as.ok && (err == nil || !strings.Contains(string(said), "Peer authentication failed")) {
			t.Errorf("as %s: %v\n%s", as.name, err, said)
		}
	}
}
