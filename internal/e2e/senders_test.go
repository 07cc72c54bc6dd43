//go:build linux

package e2e

import (
	"fmt"
	"math/rand/v2"
	"os/exec"
	"strings"
	"syscall"
	"testing"
	"time"

	"digestd/internal/ledger/store/storetest"
	"digestd/internal/needs"
)

// machines are several installations that share a database.
type machines struct {
	townsfolk
	cluster *storetest.Cluster
	sites   []site
	runs    []*exec.Cmd
}

// newMachines is a newsletter for so many readers that so many machines send.
func newMachines(t *testing.T, count, readers int) *machines {
	t.Helper()
	needs.Asked(t, "a test with PostgreSQL")
	m := &machines{cluster: storetest.PostgreSQL(t)}
	m.stand, m.inboxes = newNewsstand(t), newSink(t)
	config := newsletter(m.stand, []string{"/line", "/other"})
	config = strings.Replace(config, `path = "digestd.db"`, fmt.Sprintf("postgres = %q", m.cluster.URL(t)), 1)
	config += overSink(m.inboxes) + fromCSV
	for range count {
		s := newSite(t, config)
		s.manyReaders(t, readers)
		m.sites = append(m.sites, s)
		m.runs = append(m.runs, nil)
	}
	m.site = m.sites[0]
	return m
}

// start starts the daemon of a machine.
func (m *machines) start(t *testing.T, i int) {
	t.Helper()
	c := m.sites[i].command("run")
	c.Stderr = t.Output()
	if err := c.Start(); err != nil {
		t.Fatal(err)
	}
	m.runs[i] = c
	t.Cleanup(func() {
		if m.runs[i] == c {
			c.Process.Kill()
			c.Wait()
		}
	})
}

// signal sends a machine's daemon a signal.
func (m *machines) signal(t *testing.T, i int, s syscall.Signal) {
	t.Helper()
	if err := m.runs[i].Process.Signal(s); err != nil {
		t.Error(err)
	}
}

// dies kills a machine's daemon, and starts it again.
func (m *machines) dies(t *testing.T, i int) {
	t.Helper()
	m.signal(t, i, syscall.SIGKILL)
	m.runs[i].Wait()
	m.start(t, i)
}

// owed is how many deliveries of all editions are not final, and how many editions there are.
func (m *machines) owed(t *testing.T) (owed, editions int) {
	t.Helper()
	var status struct {
		Editions []struct{ Deliveries map[string]int }
	}
	m.decode(t, -1, &status, "status")
	for _, e := range status.Editions {
		owed += e.Deliveries["pending"] + e.Deliveries["intent"] + e.Deliveries["deferred"] + e.Deliveries["in doubt"]
	}
	return owed, len(status.Editions)
}

// composed composes one more edition, by a command that dies at its first message.
func (m *machines) composed(t *testing.T) {
	t.Helper()
	m.happens()
	m.inboxes.settle(t)
	_, taken := m.inboxes.received()
	m.killAt(t, m.inboxes, taken+1, "send", "daily", "--extra")
}

// TestThreeSendersOneDatabase lets three daemons send editions together while they are killed, stopped and cut off, and their
// database is restarted. Nobody is left out, nobody gets a mail twice that was not in doubt, and the ledger is whole.
func TestThreeSendersOneDatabase(t *testing.T) {
	readers, rounds := tries(t, "DIGESTD_READERS", 6000), tries(t, "DIGESTD_SENDER_FAULTS", 10)
	stopped := time.Duration(tries(t, "DIGESTD_STOPPED_SECONDS", 3)) * time.Second
	lasts := time.Duration(rounds)*2*time.Second + time.Duration(rounds/5)*stopped
	slow := lasts * 3 * connections / time.Duration(readers) // each message
	m := newMachines(t, 3, readers)
	m.composed(t)
	for i := range m.sites {
		m.start(t, i)
	}
	m.inboxes.hooks(nil, func(int) { time.Sleep(slow) }) // so that it lasts
	doubts := connections                                // of the command
	faults, done := map[string]int{}, 0
	for round := range rounds {
		if owed, _ := m.owed(t); owed == 0 {
			break
		}
		done++
		time.Sleep(time.Duration(300+rand.IntN(1200)) * time.Millisecond)
		i, fault := rand.IntN(len(m.sites)), ""
		switch round % 5 {
		case 0, 3:
			fault = "killed"
			m.dies(t, i)
			doubts += connections
		case 1:
			fault = "stopped"
			m.signal(t, i, syscall.SIGSTOP)
			time.Sleep(stopped)
			m.signal(t, i, syscall.SIGCONT)
			doubts += connections
		case 2:
			fault = "its sessions ended"
			m.cluster.SQL(t, fmt.Sprintf("select pg_terminate_backend(pid) from pg_stat_activity where application_name like 'digestd %%:%d'",
				m.runs[i].Process.Pid))
			doubts += connections
		case 4:
			fault = "database restarted, " + []string{"fast", "immediate"}[round/5%2]
			m.cluster.Restart(t, []string{"fast", "immediate"}[round/5%2])
			doubts += len(m.sites) * connections
		}
		faults[fault]++
	}
	t.Logf("%d faults: %v", done, faults)
	if 2*done < rounds {
		t.Errorf("only %d faults of %d came before all was sent", done, rounds)
	}
	await(t, "all to be delivered", func() bool { owed, _ := m.owed(t); return owed == 0 })
	for i := range m.sites {
		m.signal(t, i, syscall.SIGTERM)
		if err := m.runs[i].Wait(); err != nil {
			t.Errorf("a daemon ended with %v", err)
		}
		m.runs[i] = nil
	}
	m.whole(t, "in the end")
	m.finish(t, readers, doubts)
}
