//go:build linux

package e2e

import (
	"bytes"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"digestd/internal/control"
)

// tries is how often a test attempts something, unless a variable of the environment says otherwise.
func tries(t *testing.T, variable string, n int) int {
	t.Helper()
	if asked := os.Getenv(variable); asked != "" {
		var err error
		if n, err = strconv.Atoi(asked); err != nil {
			t.Fatal(err)
		}
	}
	return n
}

// townsfolk is a newsletter whose feed has something new whenever it is asked to.
type townsfolk struct {
	site
	stand   *newsstand
	inboxes *sink
	told    int
}

// newTown is a newsletter for so many readers. It may lie in a directory of its own.
func newTown(t *testing.T, readers int) *townsfolk {
	w := &townsfolk{stand: newNewsstand(t), inboxes: newSink(t)}
	w.site = newSite(t, newsletter(w.stand, []string{"/line", "/other"})+overSink(w.inboxes)+fromCSV)
	w.manyReaders(t, readers)
	return w
}

// happens puts another story at the head of the feed.
func (w *townsfolk) happens() {
	w.told++
	var entries []entry
	for i := max(0, w.told-15); i < w.told; i++ {
		entries = append(entries, entry{title: fmt.Sprintf("Quay %d is opened for ship %x", i, (i+1)*7919), link: fmt.Sprint("https://example.org/line/", i)})
	}
	w.stand.put("/line", feed("Line", entries...))
	w.stand.put("/other", feed("Other", entry{title: "Another line is read as well", link: "https://example.org/other/1"}))
}

// whole holds the ledger's rules.
func (w *townsfolk) whole(t *testing.T, after string) {
	t.Helper()
	check := w.command("ledger", "check")
	if said, err := check.CombinedOutput(); err != nil {
		t.Errorf("%s: ledger check: %v\n%s", after, err, said)
	}
}

// finish lets all that is owed be delivered, and counts: nobody lacks an edition, and no more messages came twice than were
// in doubt.
func (w *townsfolk) finish(t *testing.T, readers, doubts int) {
	t.Helper()
	for range 5 {
		w.command("resume").Run()
	}
	var status struct {
		Editions []struct {
			Deliveries map[string]int
			Recipients int
		}
	}
	w.decode(t, -1, &status, "status")
	for i, e := range status.Editions {
		if e.Deliveries["sent"]+e.Deliveries["held"]+e.Deliveries["in doubt"] != readers {
			t.Errorf("of the edition %d from the end, deliveries are %v", i, e.Deliveries)
		}
	}
	copies, messages := map[string]int{}, 0
	inboxes, _ := w.inboxes.received()
	for reader, mails := range inboxes {
		for _, raw := range mails {
			copies[reader+messageID.FindString(string(raw))]++
			messages++
		}
	}
	if twice := messages - len(copies); twice > doubts {
		t.Errorf("%d messages came twice, and at most %d were in doubt", twice, doubts)
	}
	t.Logf("%d messages, %d of them twice", messages, messages-len(copies))
}

// TestKilledAnywhere kills each command again and again, at a random moment of its work. Each time the ledger is whole, a backup
// is whole or is the one of before, and at the end nobody lacks an edition.
func TestKilledAnywhere(t *testing.T) {
	t.Parallel()
	const people = 60
	n := tries(t, "DIGESTD_KILLS", 12)
	w := newTown(t, people)
	w.happens()
	w.run(t, 0, "send", "daily")
	random := rand.New(rand.NewPCG(uint64(n), 16))
	took := map[string]time.Duration{}
	kills, doubts, killed := map[string]int{}, 0, 0
	commands := [][]string{{"collect", "--all"}, {"send", "daily", "--extra"}, {"ledger", "compact"}, {"backup", "copy.db"}, {"run"}, {"run", "reload"}}
	for i := 0; killed < n && i < 4*n; i++ {
		args := commands[i%len(commands)]
		name := strings.Join(args, " ")
		w.happens()
		if took[name] == 0 && args[0] != "run" { // how long it takes when it is let be
			began := time.Now()
			w.command(args...).Run()
			took[name] = time.Since(began)
			w.happens()
		}
		before := w.doubts(t)
		if w.killOne(t, args, time.Duration(random.Float64()*1.1*float64(max(took[name], 50*time.Millisecond)))) {
			kills[name]++
			killed++
			if more := w.doubts(t) - before; more > connections {
				t.Errorf("%s: %d more deliveries in doubt over %d connections", name, more, connections)
			}
			doubts += connections
		}
		w.whole(t, "killed in "+name)
		w.backupIsWhole(t)
	}
	t.Logf("%d kills: %v", killed, kills)
	w.finish(t, people, doubts)
}

// killOne starts a command, or a daemon that may have to reload, and kills it after a time. It reports whether it came to
// that.
func (w *townsfolk) killOne(t *testing.T, args []string, after time.Duration) bool {
	t.Helper()
	socket := control.Path(filepath.Join(w.dir, "digestd.db"))
	os.Remove(socket)
	c := w.command(args[:1]...)
	if args[0] != "run" {
		c = w.command(args...)
	}
	var said bytes.Buffer
	c.Stdout, c.Stderr = &said, &said
	if err := c.Start(); err != nil {
		t.Fatal(err)
	}
	if args[0] == "run" {
		await(t, "the daemon", func() bool { _, err := os.Stat(socket); return err == nil })
	}
	if len(args) > 1 && args[1] == "reload" {
		reload := w.command("reload")
		if err := reload.Start(); err != nil {
			t.Fatal(err)
		}
		defer reload.Wait()
	}
	time.Sleep(after)
	c.Process.Kill()
	c.Wait()
	w.inboxes.settle(t)
	status := c.ProcessState.Sys().(syscall.WaitStatus)
	if !status.Signaled() && status.ExitStatus() > 1 {
		t.Errorf("%v ended with %d\n%s", args, status.ExitStatus(), said.String())
	}
	return status.Signaled()
}

// backupIsWhole opens the copy that there is.
func (w *townsfolk) backupIsWhole(t *testing.T) {
	t.Helper()
	if _, err := os.Stat(filepath.Join(w.dir, "copy.db")); err != nil {
		return
	}
	config, err := os.ReadFile(filepath.Join(w.dir, "config.toml"))
	if err != nil {
		t.Fatal(err)
	}
	w.write(t, "copy.toml", strings.Replace(string(config), "\"digestd.db\"", "\"copy.db\"", 1))
	if said, err := w.command("--config", "copy.toml", "ledger", "check").CombinedOutput(); err != nil {
		t.Errorf("the backup: %v\n%s", err, said)
	}
}

// TestFullDisks gives each command so much room on a disk of its own, and lets it do its work: it ends with words, and with
// room it does all of it. Nobody lacks an edition, and nobody has one twice.
func TestFullDisks(t *testing.T) {
	t.Parallel()
	const people = 60
	if os.Geteuid() != 0 {
		t.Skip("root alone may mount a small disk")
	}
	rooms := []int{0, 4, 16, 64, 256, 1024, 4096, 17 << 10} // KB
	n := tries(t, "DIGESTD_DISKS", 16)
	random := rand.New(rand.NewPCG(uint64(n), 16))
	count := map[string]int{}
	commands := [][]string{{"collect", "--all"}, {"send", "daily", "--extra"}, {"ledger", "compact"}, {"backup", "copy.db"}, {"subscribers", "suppress", "nobody@example.net"}}
	w := newTown(t, people)
	disk := filepath.Join(w.dir, "disk")
	if err := os.Mkdir(disk, 0o700); err != nil {
		t.Fatal(err)
	}
	if err := syscall.Mount("digestd-test", disk, "tmpfs", 0, "size=48m"); err != nil {
		t.Skipf("a small disk can't be mounted here: %v", err)
	}
	t.Cleanup(func() { syscall.Unmount(disk, syscall.MNT_DETACH) })
	config, err := os.ReadFile(filepath.Join(w.dir, "config.toml"))
	if err != nil {
		t.Fatal(err)
	}
	elsewhere := w.dir
	w.dir = disk
	w.write(t, "config.toml", strings.Replace(string(config), `"subscribers.csv"`, strconv.Quote(filepath.Join(elsewhere, "subscribers.csv")), 1))
	w.happens()
	w.run(t, 0, "send", "daily")
	for i := range n {
		args, room := commands[i%len(commands)], rooms[random.IntN(len(rooms))]
		name := fmt.Sprintf("%s with %d KB", strings.Join(args, " "), room)
		w.happens()
		w.fill(t, disk, room)
		c := w.command(args...)
		said, _ := c.CombinedOutput()
		status := c.ProcessState.Sys().(syscall.WaitStatus)
		switch {
		case status.Signaled() || status.ExitStatus() > 2 || bytes.Contains(said, []byte("goroutine ")):
			t.Errorf("%s: %v\n%s", name, c.ProcessState, tail(said))
		case status.ExitStatus() != 0:
			count["said so: "+args[0]]++
			if !bytes.Contains(said, []byte("no space left")) && !bytes.Contains(said, []byte("is full")) {
				t.Errorf("%s: exit %d, and the words don't say that the disk is full:\n%s", name, status.ExitStatus(), tail(said))
			}
		default:
			count["done: "+args[0]]++
		}
		w.whole(t, name)
		os.Remove(filepath.Join(disk, "ballast"))
		w.backupIsWhole(t)
	}
	t.Logf("%d attempts: %v", n, count)
	w.run(t, 0, "send", "daily", "--extra")
	w.finish(t, people, 0)
}

// fill leaves so many KB on a disk.
func (w *townsfolk) fill(t *testing.T, disk string, room int) {
	t.Helper()
	var fs syscall.Statfs_t
	if err := syscall.Statfs(disk, &fs); err != nil {
		t.Fatal(err)
	}
	free := int(fs.Bavail)*int(fs.Bsize) - room<<10
	if err := os.WriteFile(filepath.Join(disk, "ballast"), make([]byte, max(0, free)), 0o600); err != nil {
		t.Fatal(err)
	}
}
