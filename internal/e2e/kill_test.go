//go:build linux

package e2e

import (
	"bytes"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"syscall"
	"testing"
)

// connections is what the newsletter's configuration says.
const connections = 4

// overSink is the [smtp] table that reaches a sink.
func overSink(s *sink) string {
	return fmt.Sprintf("\n[smtp]\nhost = \"127.0.0.1\"\nport = %d\ntls = \"none\"\n", s.Port)
}

// headlines are three stories for each of eight feeds, no two of them about the same thing.
var headlines = [8][3]string{
	{"Night ferry to Ouessant returns", "Mussel prices fall by a third", "Harbour crane is listed as a monument"},
	{"Parliament votes on school lunches", "Two ministers resign over bridge tolls", "Census finds more bakers than bankers"},
	{"Glacier lake drains without a flood", "Storks nest on a wind turbine", "Drought ends with nine days of rain"},
	{"Orchestra plays from a found score", "Museum returns a bronze mask", "Novelist of ninety wins first prize"},
	{"Chess champion loses to a schoolgirl", "Marathon moves into the autumn", "Goalkeeper scores from her own half"},
	{"Telescope sees a comet break apart", "Vaccine for tick fever is approved", "Mathematicians settle a tiling puzzle"},
	{"Tram drivers accept a pay offer", "Paper mill reopens as a data centre", "Central bank leaves its rate alone"},
	{"Border crossing opens for cyclists", "Envoys meet on fishing quotas", "Embassy moves back after six years"},
}

// ownFeeds puts feeds of our own writing on the stand, eight at most.
func ownFeeds(stand *newsstand, count int) []string {
	var paths []string
	for f := range count {
		path := fmt.Sprintf("/line%d", f)
		var entries []entry
		for i, title := range headlines[f] {
			entries = append(entries, entry{title: title, link: fmt.Sprintf("https://example.org%s/%d", path, i)})
		}
		stand.put(path, feed(fmt.Sprintf("Line %d", f), entries...))
		paths = append(paths, path)
	}
	return paths
}

// victim is a run of the program that is about to be killed. Its end is waited for with await; kill
// may be called from any hook, again too.
type victim struct {
	command *exec.Cmd
	output  bytes.Buffer
	kill    func()
}

func (s site) startVictim(t *testing.T, args ...string) *victim {
	t.Helper()
	v := &victim{command: s.command(args...)}
	v.command.Stdout, v.command.Stderr = &v.output, &v.output
	if err := v.command.Start(); err != nil {
		t.Fatal(err)
	}
	v.kill = sync.OnceFunc(func() { v.command.Process.Signal(syscall.SIGKILL) })
	t.Cleanup(v.kill)
	return v
}

// died waits for the end, which must have been the kill: a run that ended by itself shows nothing.
func (v *victim) died(t *testing.T) {
	t.Helper()
	v.command.Wait()
	if status := v.command.ProcessState.Sys().(syscall.WaitStatus); !status.Signaled() || status.Signal() != syscall.SIGKILL {
		t.Fatalf("the run ended before it was killed: %v\n%s", v.command.ProcessState, tail(v.output.Bytes()))
	}
}

// TestKilledWhileCollecting kills a send while one feed keeps it waiting, so after the others were
// read and before anything was composed; the next send must have the news of all of them.
func TestKilledWhileCollecting(t *testing.T) {
	t.Parallel()
	stand, inboxes := newNewsstand(t), newSink(t)
	paths := ownFeeds(stand, 8)
	here := newSite(t, newsletter(stand, paths)+overSink(inboxes)+readers(20))

	slow := paths[len(paths)-1]
	release := stand.hang(slow)
	run := here.startVictim(t, "send", "daily")
	await(t, "all feeds to be asked for", func() bool {
		return !slices.ContainsFunc(paths, func(p string) bool { return stand.requests(p) == 0 })
	})
	run.kill()
	run.died(t)
	release()

	here.run(t, 0, "collect", "--all")
	done := here.run(t, 0, "send", "daily", "--no-collect")
	if done.Editions != 1 || done.Sent != 20 {
		t.Fatalf("send after the kill: %+v", done)
	}
	checkEveryStoryOnce(t, inboxes, paths)
}

// TestKilledBetweenCollectAndDelivery kills a send that has composed its edition, at the moment when
// its first connection is made: what it froze is owed to everybody.
func TestKilledBetweenCollectAndDelivery(t *testing.T) {
	t.Parallel()
	stand, inboxes := newNewsstand(t), newSink(t)
	paths := ownFeeds(stand, 8)
	here := newSite(t, newsletter(stand, paths)+overSink(inboxes)+readers(20))
	here.run(t, 0, "collect")

	// The hook holds the connection until the run is dead, whose handle it waits for.
	handle := make(chan *victim, 1)
	inboxes.hooks(func() {
		run := <-handle
		run.kill()
		handle <- run
	}, nil)
	run := here.startVictim(t, "send", "daily")
	handle <- run
	run.died(t)
	inboxes.settle(t)
	inboxes.hooks(nil, nil)
	if _, taken := inboxes.received(); taken != 0 {
		t.Fatalf("%d messages were taken before the kill", taken)
	}

	done := here.run(t, 0, "resume")
	if done.Editions != 1 || done.Sent != 20 {
		t.Fatalf("resume: %+v, want one edition for 20 readers", done)
	}
	checkEveryStoryOnce(t, inboxes, paths)
	if again := here.run(t, 0, "send", "daily"); again.Sent != 0 {
		t.Errorf("send after resume: %+v, want nothing sent", again)
	}
}

// checkEveryStoryOnce makes sure that each of 20 readers has one mail, with every story of the feeds.
func checkEveryStoryOnce(t *testing.T, inboxes *sink, paths []string) {
	t.Helper()
	got, _ := inboxes.received()
	for n := 1; n <= 20; n++ {
		mails := got[Reader(n)]
		if len(mails) != 1 {
			t.Errorf("%s got %d mails, want 1", Reader(n), len(mails))
			continue
		}
		text := unwrapped(read(t, mails[0]).text)
		for f := range paths {
			for _, title := range headlines[f] {
				if !strings.Contains(text, title) {
					t.Errorf("%s was not told of %q", Reader(n), title)
				}
			}
		}
	}
}

// manyReaders is a CSV file of n subscribers and the table that names it.
func (s site) manyReaders(t *testing.T, n int) {
	t.Helper()
	var list strings.Builder
	list.WriteString("email\n")
	for i := 1; i <= n; i++ {
		list.WriteString(Reader(i) + "\n")
	}
	s.write(t, "subscribers.csv", list.String())
}

const fromCSV = "\n[subscriber_files]\npaths = [\"subscribers.csv\"]\n"

// killAt runs the program until the sink has taken its nth message, and kills it before the sink
// says 250.
func (s site) killAt(t *testing.T, inboxes *sink, at int, args ...string) {
	t.Helper()
	handle := make(chan *victim, 1)
	inboxes.hooks(nil, func(n int) {
		if n >= at {
			run := <-handle
			run.kill()
			handle <- run
		}
	})
	run := s.startVictim(t, args...)
	handle <- run
	run.died(t)
	inboxes.settle(t)
	inboxes.hooks(nil, nil)
}

// TestKilledWhileDelivering kills the program again and again in the middle of 2,000 messages. Nobody
// may be left out, and nobody may get a message twice but those whom the ledger counts as in doubt:
// no more a kill than there are connections.
func TestKilledWhileDelivering(t *testing.T) {
	t.Parallel()
	const all = 2000
	stand, inboxes := newNewsstand(t), newSink(t)
	here := newSite(t, newsletter(stand, ownFeeds(stand, 8))+overSink(inboxes)+fromCSV)
	here.manyReaders(t, all)

	doubts := 0
	args := []string{"send", "daily"}
	for _, at := range []int{1, 311, 977, 1400, 1990} { // far enough apart for what is in doubt to be resent
		here.killAt(t, inboxes, at, args...)
		doubt := here.doubts(t)
		if doubt < 1 || doubt > connections {
			t.Errorf("killed at message %d: %d deliveries in doubt, want 1 to %d", at, doubt, connections)
		}
		doubts += doubt
		args = []string{"resume"}
	}
	last := here.run(t, 0, "resume")
	if last.Sent == 0 || last.Deferred != 0 || last.InDoubt != 0 {
		t.Errorf("the last resume: %+v", last)
	}

	got, taken := inboxes.received()
	if len(got) != all {
		t.Errorf("%d of %d readers got the edition", len(got), all)
	}
	if twice := taken - len(got); twice > doubts {
		t.Errorf("%d messages came a second time, and %d were in doubt", twice, doubts)
	}
	for address, mails := range got {
		for _, other := range mails[1:] {
			if !bytes.Equal(mails[0], other) {
				t.Errorf("%s: the resent message differs from the first", address)
			}
		}
		if len(mails) > 2 {
			t.Errorf("%s got the edition %d times, it may be resent once", address, len(mails))
		}
	}
	if quiet := here.run(t, 0, "resume"); quiet.Sent != 0 {
		t.Errorf("resume with nothing owed: %+v", quiet)
	}
}

// TestKilledWhileResending kills the program once more while what it left in doubt is on its way
// again. Those few are not sent a third time: they are held, for a person to decide, and everybody
// else gets the edition.
func TestKilledWhileResending(t *testing.T) {
	t.Parallel()
	const all = 200
	stand, inboxes := newNewsstand(t), newSink(t)
	here := newSite(t, newsletter(stand, ownFeeds(stand, 2))+overSink(inboxes)+fromCSV)
	here.manyReaders(t, all)

	here.killAt(t, inboxes, 100, "send", "daily")
	_, before := inboxes.received()
	here.killAt(t, inboxes, before+1, "resume")
	last := here.run(t, 1, "resume")
	if last.InDoubt < 1 || last.InDoubt > connections {
		t.Errorf("resume after the second kill: %+v, want 1 to %d held", last, connections)
	}
	got, taken := inboxes.received()
	if left := all - len(got); left > last.InDoubt {
		t.Errorf("%d readers got nothing, and %d are held", left, last.InDoubt)
	}
	if twice := taken - len(got); twice > 2*connections {
		t.Errorf("%d messages came a second time after two kills over %d connections", twice, connections)
	}
}

// TestStoppedWhileDelivering asks a send to end in the middle of its messages: those in flight are
// finished, so that nothing is in doubt and nobody gets a thing twice.
func TestStoppedWhileDelivering(t *testing.T) {
	t.Parallel()
	const all = 500
	stand, inboxes := newNewsstand(t), newSink(t)
	here := newSite(t, newsletter(stand, ownFeeds(stand, 2))+overSink(inboxes)+fromCSV)
	here.manyReaders(t, all)

	handle := make(chan *victim, 1)
	inboxes.hooks(nil, func(n int) {
		if n == 100 {
			run := <-handle
			run.command.Process.Signal(syscall.SIGTERM)
		}
	})
	run := here.startVictim(t, "send", "daily")
	handle <- run
	run.command.Wait()
	if status := run.command.ProcessState.ExitCode(); status != 130 {
		t.Errorf("a send that was told to stop: exit %d, want 130\n%s", status, tail(run.output.Bytes()))
	}
	if doubt := here.doubts(t); doubt != 0 {
		t.Errorf("%d deliveries are in doubt after an orderly end", doubt)
	}
	_, before := inboxes.received()
	if before < 100 || before == all {
		t.Errorf("%d messages went out before the end", before)
	}
	if rest := here.run(t, 0, "resume"); rest.Sent != all-before {
		t.Errorf("resume: %+v, want %d sent", rest, all-before)
	}
	if got, taken := inboxes.received(); len(got) != all || taken != all {
		t.Errorf("%d readers got %d messages, want %d each once", len(got), taken, all)
	}
}

// doubts is what status says of deliveries that nobody knows the outcome of. The first to read after a kill folds the
// ledger's journal; beyond that, asking changes nothing, and the answer stays the same.
func (s site) doubts(t *testing.T) int {
	t.Helper()
	ledger := filepath.Join(s.dir, "digestd.db")
	n := s.doubtsNow(t)
	before, err := os.ReadFile(ledger)
	if err != nil {
		t.Fatal(err)
	}
	if again := s.doubtsNow(t); again != n {
		t.Errorf("status tells of %d deliveries in doubt, and then of %d", n, again)
	}
	after, err := os.ReadFile(ledger)
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(before, after) {
		t.Error("status has changed the ledger")
	}
	return n
}

func (s site) doubtsNow(t *testing.T) int {
	t.Helper()
	var status struct {
		Editions []struct {
			Deliveries map[string]int `json:"deliveries"` // by state
		} `json:"editions"`
	}
	s.decode(t, -1, &status, "status") // 1 when the slot is so long ago that a person should look
	sum := 0
	for _, e := range status.Editions {
		// An intent that no process holds any more is in doubt, and called so by the next that writes.
		sum += e.Deliveries["intent"] + e.Deliveries["in doubt"] + e.Deliveries["held"]
	}
	return sum
}
