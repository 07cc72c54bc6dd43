//go:build linux

package e2e

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"slices"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"digestd/digest"
	"digestd/internal/ledger"
	"digestd/internal/ledger/store/postgres"
	"digestd/internal/ledger/store/storetest"
	"digestd/internal/needs"
)

// machine is an installation of several that share a database, which it reaches through a proxy of its own.
type machine struct {
	site
	proxy   *storetest.Proxy
	stopped bool

	mu     sync.Mutex
	run    *exec.Cmd
	ended  chan struct{}
	wanted bool // it is to be started again when it ends
}

// machines are several, and an operator's place, from which commands go to the database itself.
type machines struct {
	townsfolk
	cluster *storetest.Cluster
	url     string
	all     []*machine
	doubts  int // messages that may have come twice
	faults  map[string]int
}

// newMachines is a newsletter for so many readers that so many machines send. Each reaches the database at a URL of its own.
func newMachines(t *testing.T, url string, readers int, urls ...string) *machines {
	t.Helper()
	m := &machines{url: url, faults: map[string]int{}}
	m.stand, m.inboxes = newNewsstand(t), newSink(t)
	config := strings.Replace(newsletter(m.stand, []string{"/line", "/other"}),
		"rate = \"unlimited\"", "rate = \"unlimited\"\nretry = [\"2s\", \"5s\"]", 1)
	config += overSink(m.inboxes) + fromCSV
	at := func(url string) site {
		s := newSite(t, strings.Replace(config, `path = "digestd.db"`, fmt.Sprintf("postgres = %q", url), 1))
		s.manyReaders(t, readers)
		return s
	}
	m.site = at(url)
	for _, url := range urls {
		m.all = append(m.all, &machine{site: at(url)})
	}
	return m
}

// begin composes an edition, by a command that dies at its first message, and starts all daemons.
func (m *machines) begin(t *testing.T) {
	t.Helper()
	m.happens()
	m.killAt(t, m.inboxes, 1, "send", "daily")
	m.doubts = connections
	for _, x := range m.all {
		x.start(t)
	}
}

// start starts the daemon of a machine. One that ends by itself, since its database is away when it begins, is started again, as
// by its service.
func (m *machine) start(t *testing.T) {
	t.Helper()
	m.mu.Lock()
	defer m.mu.Unlock()
	c, ended := m.command("run"), make(chan struct{})
	c.Stderr = t.Output()
	if err := c.Start(); err != nil {
		t.Error(err)
		return
	}
	m.run, m.ended, m.wanted = c, ended, true
	go func() {
		err := c.Wait()
		close(ended)
		wanted := func() bool {
			m.mu.Lock()
			defer m.mu.Unlock()
			return m.wanted && m.run == c
		}
		if wanted() && c.ProcessState.ExitCode() != 1 {
			t.Errorf("a daemon ended with %v", err)
		} else if time.Sleep(time.Second); wanted() {
			m.start(t)
		}
	}()
	t.Cleanup(func() { m.end(syscall.SIGKILL) })
}

// end ends the daemon for good, and returns how it ended.
func (m *machine) end(s syscall.Signal) *os.ProcessState {
	m.mu.Lock()
	m.wanted = false
	c, ended := m.run, m.ended
	m.mu.Unlock()
	c.Process.Signal(s)
	<-ended
	return c.ProcessState
}

func (m *machine) signal(s syscall.Signal) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.run.Process.Signal(s) // one that ended by itself a moment ago hears nothing
}

// owed is how many deliveries of all editions are not final.
func (m *machines) owed(t *testing.T) (owed int) {
	t.Helper()
	var status struct {
		Editions []struct{ Deliveries map[string]int }
	}
	m.decode(t, -1, &status, "status")
	for _, e := range status.Editions {
		owed += e.Deliveries["pending"] + e.Deliveries["intent"] + e.Deliveries["deferred"] + e.Deliveries["in doubt"]
	}
	return owed
}

// fault makes one of a kind, to a random machine that is not stopped.
func (m *machines) fault(t *testing.T, kind string, stopped time.Duration) {
	t.Helper()
	i := rand.IntN(len(m.all))
	for m.all[i].stopped {
		i = rand.IntN(len(m.all))
	}
	x, doubts := m.all[i], connections
	switch kind {
	case "killed":
		x.end(syscall.SIGKILL)
		x.start(t)
	case "stopped":
		x.signal(syscall.SIGSTOP)
		x.stopped = true
		time.AfterFunc(stopped, func() { x.signal(syscall.SIGCONT) })
	case "its sessions ended":
		m.cluster.SQL(t, fmt.Sprintf("select pg_terminate_backend(pid) from pg_stat_activity where application_name like 'digestd %%:%d'",
			x.run.Process.Pid))
	case "database restarted":
		mode := []string{"fast", "immediate"}[m.faults["database restarted"]%2]
		m.cluster.Restart(t, mode)
		doubts *= len(m.all)
	case "network":
		switch m.faults["network"] % 6 {
		case 0:
			x.proxy.Next(storetest.CutBefore)
		case 1:
			x.proxy.Next(storetest.CutAfter)
		case 2:
			x.proxy.Next(storetest.CutLate)
		case 3:
			x.proxy.Next(storetest.Silence)
		case 4:
			x.proxy.Cut()
		case 5:
			x.proxy.Delay(200 * time.Millisecond)
			time.AfterFunc(stopped, func() { x.proxy.Delay(0) })
		}
	}
	m.faults[kind]++
	m.doubts += doubts
}

// goOn waits for the end of all stops.
func (m *machines) goOn(began time.Time, stopped time.Duration) {
	for _, x := range m.all {
		if x.stopped {
			time.Sleep(time.Until(began.Add(stopped + 100*time.Millisecond)))
			x.stopped = false
		}
	}
}

// lasts lets the sink be so slow that what is left takes until some time, over all connections.
func (m *machines) lasts(readers int, until time.Time) {
	var mu sync.Mutex
	random := rand.New(rand.NewPCG(16, 19))
	m.inboxes.hooks(nil, func(taken int) {
		left := max(1, readers-taken)
		time.Sleep(time.Until(until) * time.Duration(connections*len(m.all)) / time.Duration(left))
	})
	m.inboxes.mu.Lock()
	defer m.inboxes.mu.Unlock()
	m.inboxes.fails = func() mishap { // of a hundred messages four go wrong
		mu.Lock()
		defer mu.Unlock()
		return []mishap{refused, closing, cut, takenCut, allWell}[min(random.IntN(100), 4)]
	}
}

// TestThreeSendersOneDatabase lets three daemons send an edition together while they are killed, stopped and cut off, their
// database is restarted, and the mail server fails. Nobody is left out, nobody gets the edition twice that is not recorded as in
// doubt, and the ledger is whole all the time.
func TestThreeSendersOneDatabase(t *testing.T) {
	t.Parallel()
	readers, rounds := tries(t, "DIGESTD_READERS", 6000), tries(t, "DIGESTD_SENDER_ROUNDS", 1)
	stopped := time.Duration(tries(t, "DIGESTD_STOPPED_SECONDS", 2)) * time.Second
	round := slices.Repeat([]string{"killed"}, 5)
	round = append(round, "stopped", "stopped", "its sessions ended", "its sessions ended", "database restarted", "network")
	needs.Asked(t, "a test with PostgreSQL")
	cluster := storetest.PostgreSQL(t)
	proxies := []*storetest.Proxy{cluster.Proxy(t), cluster.Proxy(t), cluster.Proxy(t)}
	var urls []string
	url := cluster.URL(t)
	for _, p := range proxies {
		urls = append(urls, p.Through(t, url))
	}
	m := newMachines(t, url, readers, urls...)
	m.cluster = cluster
	for i, x := range m.all {
		x.proxy = proxies[i]
	}
	m.begin(t)
	m.lasts(readers, time.Now().Add(time.Duration(rounds)*(3*stopped+10*time.Second)))
	done := 0
	for n := range rounds {
		rand.Shuffle(len(round), func(i, j int) { round[i], round[j] = round[j], round[i] })
		var last time.Time
		for _, kind := range round {
			time.Sleep(time.Duration(rand.Int64N(int64(min(stopped, 8*time.Second)))))
			if kind == "stopped" {
				m.goOn(last, stopped)
				last = time.Now()
			}
			m.fault(t, kind, stopped)
		}
		m.goOn(last, stopped)
		m.whole(t, fmt.Sprintf("round %d", n))
		left := m.owed(t)
		t.Logf("round %d: %v; %d are owed", n, m.faults, left)
		if left == 0 {
			break
		}
		done++
	}
	if done < rounds {
		t.Errorf("all was sent in round %d of %d", done, rounds)
	}
	m.lasts(readers, time.Now())
	m.end(t)
	m.counted(t, readers)
}

// TestAMillionMails lets three daemons send to as many readers as $DIGESTD_MAILS says, and kills one of them every half minute.
func TestAMillionMails(t *testing.T) {
	readers := tries(t, "DIGESTD_MAILS", 0)
	if readers == 0 {
		t.Skip("an hour's work: DIGESTD_MAILS=1000000 asks for it")
	}
	url := storetest.PostgreSQL(t).URL(t)
	m := newMachines(t, url, readers, url, url, url)
	m.inboxes.forgets = true
	m.begin(t)
	began := time.Now()
	over := make(chan struct{})
	var killer sync.WaitGroup
	killer.Go(func() {
		for {
			select {
			case <-time.After(30 * time.Second):
				m.fault(t, "killed", 0)
				_, taken := m.inboxes.received()
				t.Logf("after %v: %d mails, %d kills", time.Since(began).Round(time.Second), taken, m.faults["killed"])
			case <-over:
				return
			}
		}
	})
	m.sent(t)
	close(over)
	killer.Wait()
	t.Logf("%d kills in %v", m.faults["killed"], time.Since(began).Round(time.Second))
	m.end(t)
	m.counted(t, readers)
}

// TestFailover kills the primary while three daemons send, and promotes its synchronous replica: as with a restart, nobody is left
// out, and nobody gets it twice that is not recorded as in doubt.
func TestFailover(t *testing.T) {
	t.Parallel()
	needs.Asked(t, "a test with two PostgreSQL")
	readers := tries(t, "DIGESTD_READERS", 3000)
	primary := storetest.Alone(t)
	standby := primary.Standby(t)
	url := fmt.Sprintf("postgres://digestd@/postgres?host=%s,%s&target_session_attrs=read-write", standby.Dir, primary.Dir)
	m := newMachines(t, url, readers, url, url, url)
	m.begin(t)
	m.lasts(readers, time.Now().Add(8*time.Second))
	await(t, "a third to be sent", func() bool { _, n := m.inboxes.received(); return n > readers/3 })
	primary.Stop(t, "immediate")
	m.doubts += len(m.all) * connections
	standby.Promote(t)
	m.lasts(readers, time.Now())
	m.end(t)
	m.counted(t, readers)
}

// sent waits until all is sent, as long as some of it is.
func (m *machines) sent(t *testing.T) {
	t.Helper()
	last, since := -1, time.Now()
	for owed := m.owed(t); owed > 0; owed = m.owed(t) {
		if owed != last {
			last, since = owed, time.Now()
		}
		if time.Since(since) > 2*time.Minute {
			for _, x := range m.all {
				x.end(syscall.SIGQUIT) // which tells what it waits for
			}
			t.Fatalf("%d deliveries are owed, and have been for two minutes", owed)
		}
		time.Sleep(min(5*time.Second, time.Duration(100+owed/10)*time.Millisecond))
	}
}

// end waits until all is sent, and ends the daemons.
func (m *machines) end(t *testing.T) {
	t.Helper()
	m.sent(t)
	for _, x := range m.all {
		if state := x.end(syscall.SIGTERM); !state.Success() {
			t.Errorf("a daemon ended with %v", state)
		}
	}
	m.whole(t, "in the end")
}

// counted counts what came: of each edition each reader has it, and twice only who is recorded as in doubt.
func (m *machines) counted(t *testing.T, readers int) {
	t.Helper()
	l, err := ledger.Open(postgres.At(postgres.Options{URL: m.url, Name: "test", ReadOnly: true}), time.Now)
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	editions, err := l.Editions.Latest(2)
	if err != nil || len(editions) != 1 || !editions[0].Complete {
		t.Fatalf("editions %+v, %v", editions, err)
	}
	id := editions[0].ID
	inboxes, messages := m.inboxes.received()
	more, held, states := 0, 0, map[digest.State]int{}
	for index := 0; index < readers; {
		some, err := l.Deliveries.RecipientsAt(id, index)
		if err != nil || len(some) == 0 {
			t.Fatalf("recipients from %d on: %d, %v", index, len(some), err)
		}
		for _, to := range some {
			index++
			got := len(inboxes[to.Email])
			if got == 1 {
				continue
			}
			history, err := l.Deliveries.History(id, to.Index)
			if err != nil {
				t.Fatal(err)
			}
			last := history[len(history)-1].State
			states[last]++
			doubtful := slices.ContainsFunc(history, func(e digest.Event) bool { return e.State == digest.InDoubt || e.Doubts > 0 })
			if got > 2 || got == 2 && !doubtful || got == 0 && last != digest.Held {
				t.Errorf("%s got it %d times: %v", to.Email, got, history)
			}
			if more += max(0, got-1); got == 0 {
				held++
			}
		}
	}
	if problems := l.Check(); len(problems) > 0 {
		t.Error(errors.Join(problems...))
	}
	if most := m.doubts + m.inboxes.doubts; more > most {
		t.Errorf("%d copies beyond the first, of at most %d", more, most)
	}
	t.Logf("%d messages to %d readers; %d copies, of %d that the faults allow and %d that the mail server made; %d held and not there: %v",
		messages, readers, more, m.doubts, m.inboxes.doubts, held, states)
}
