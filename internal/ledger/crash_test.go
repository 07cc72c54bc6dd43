package ledger_test

import (
	"bytes"
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"digestd/digest"
	"digestd/internal/ledger"
	"digestd/internal/ledger/store/bolt"
	"digestd/internal/ledger/store/storetest"
	"digestd/mailer"
	"digestd/mailer/message"
	"digestd/mailer/smtp"
	"digestd/mailer/smtp/smtptest"
	"digestd/subscribers"
)

const (
	anEdition   = "daily/Europe/Paris/2026-11-22T07:00"
	connections = 8
)

// TestMain makes the test program the process that the test below starts and that kills itself, when it
// asks for it. Else it runs the tests over each engine of the store.
func TestMain(m *testing.M) {
	dir := os.Getenv("DIGESTD_TEST_VICTIM")
	if dir == "" {
		os.Exit(overEngines(m))
	}
	if err := victim(dir); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

// overEngines runs the tests over each engine, or over that which the environment names. What measures and what
// fuzzes runs once, over the file.
func overEngines(m *testing.M) int {
	flag.Parse()
	engines := []string{"bolt", "memory"}
	if named := os.Getenv(storetest.Variable); named != "" {
		engines = []string{named}
	} else if flag.Lookup("test.bench").Value.String()+flag.Lookup("test.fuzz").Value.String() != "" {
		engines = engines[:1]
	}
	for _, engine := range engines {
		os.Setenv(storetest.Variable, engine)
		if status := m.Run(); status != 0 {
			fmt.Fprintln(os.Stderr, "over the engine", engine)
			return status
		}
	}
	return 0
}

// victim delivers what the ledger in a directory owes, and kills itself at the commit that it is told.
func victim(dir string) error {
	// Every other one journals from its first commit on.
	how := bolt.Options{Timeout: 5 * time.Second, Eager: os.Getpid()%2 == 0}
	l, err := ledger.Open(bolt.At(filepath.Join(dir, "digestd.db"), how), nil)
	if err != nil {
		return err
	}
	defer l.Close()
	if die, number, ok := strings.Cut(os.Getenv("DIGESTD_TEST_DIE"), "@"); ok {
		n, err := strconv.Atoi(number)
		if err != nil {
			return err
		}
		commits := 0
		l.OnCommit(func(at string) {
			if at == die {
				if commits++; commits == n {
					syscall.Kill(os.Getpid(), syscall.SIGKILL)
				}
			}
		})
	}
	body, err := l.Editions.Body(anEdition, 0)
	if err != nil {
		return err
	}
	tpl := new(message.Template)
	if err := tpl.UnmarshalBinary(body); err != nil {
		return err
	}
	key, err := subscribers.NewTokenKey(l.Keys.Secrets()[0])
	if err != nil {
		return err
	}
	port, err := strconv.Atoi(os.Getenv("DIGESTD_TEST_PORT"))
	if err != nil {
		return err
	}
	server := &smtp.Server{Host: "127.0.0.1", Port: port, TLS: smtp.TLSNone, DialTimeout: 10 * time.Second, ReplyTimeout: time.Minute}
	o := mailer.Options{Connections: connections, InDoubt: os.Getenv("DIGESTD_TEST_IN_DOUBT"), GiveUp: 20 * time.Hour, Retry: []time.Duration{time.Hour}}
	s, err := mailer.New(o, mailer.OverSMTP(server), l.Mail(), nil).Deliver(context.Background(), mailer.Job{Edition: anEdition, Digest: "daily",
		Templates: []*message.Template{tpl}, TokenKey: func(id string) (subscribers.TokenKey, bool) { return key, id == key.ID() }})
	if err == nil && s.Owed() != 0 {
		return fmt.Errorf("still owed: %+v", s)
	}
	return err
}

// scene is a ledger on disk, a server, and how often whoever stood between them was killed.
type scene struct {
	dir, inDoubt string
	server       *smtptest.Server
	kills        int
}

func newScene(t *testing.T, readers int, inDoubt string) *scene {
	t.Helper()
	s := &scene{dir: t.TempDir(), inDoubt: inDoubt, server: smtptest.Start(t, nil, nil)}
	l := s.open(t)
	defer l.Close()
	key, err := subscribers.NewTokenKey(l.Keys.Secrets()[0])
	if err != nil {
		t.Fatal(err)
	}
	composed := time.Date(2026, 11, 22, 6, 0, 0, 0, time.UTC)
	marks := message.Marks{Address: "xADDRESSxMARKxOFxATEST", Token: "xTOKENxMARKxOFxAxTESTx"}
	tpl, err := message.Freeze(message.Content{Subject: "News", HTML: "<p>" + marks.Token + "</p>", Text: "News for " + marks.Address + "\n"}, message.Sender{
		From: "Morning Wire <digest@example.org>", List: "Morning Wire", Digest: "daily", Edition: anEdition, Date: composed, TokenKey: key.ID(),
	}, marks)
	if err != nil {
		t.Fatal(err)
	}
	body, err := tpl.MarshalBinary()
	if err != nil {
		t.Fatal(err)
	}
	c := ledger.Composition{Edition: digest.Edition{ID: anEdition, Digest: "daily", Zone: "Europe/Paris", Composed: composed}, Variants: []ledger.Variant{{Body: body}}}
	for i := range readers {
		c.Recipients = append(c.Recipients, digest.Recipient{Index: i, Email: reader(i)})
	}
	if c.Before, err = l.Lanes.Get(digest.Lane{Digest: "daily", Zone: "Europe/Paris"}); err != nil {
		t.Fatal(err)
	}
	if err := l.Editions.Commit(c); err != nil {
		t.Fatal(err)
	}
	return s
}

func reader(i int) string { return fmt.Sprintf("reader%d@example.org", i) }

func (s *scene) open(t *testing.T) *ledger.Ledger {
	t.Helper()
	l, err := ledger.Open(bolt.At(filepath.Join(s.dir, "digestd.db"), bolt.Options{Timeout: 5 * time.Second}), nil)
	if err != nil {
		t.Fatal(err)
	}
	return l
}

// run runs a process to its end. It must be killed if, and only if, it is told where to die.
func (s *scene) run(t *testing.T, die string) {
	t.Helper()
	process := exec.Command(os.Args[0])
	process.Args[0] = "victim" // no test, so what it does not use is not compiled
	process.Env = append(os.Environ(), "DIGESTD_TEST_VICTIM="+s.dir, fmt.Sprint("DIGESTD_TEST_PORT=", s.server.Port), "DIGESTD_TEST_DIE="+die, "DIGESTD_TEST_IN_DOUBT="+s.inDoubt,
		"GORACE=atexit_sleep_ms=0") // or each would sleep a second at its end, with -race
	output, err := process.CombinedOutput()
	var exit *exec.ExitError
	killed := errors.As(err, &exit) && exit.Sys().(syscall.WaitStatus).Signaled()
	if killed {
		s.kills++
	}
	if killed != (die != "") || !killed && err != nil {
		t.Fatalf("told to die %q: %v\n%s", die, err, output)
	}
}

// check holds what must be true whenever a process was killed: the ledger keeps its rules, no more is in
// the middle than there were connections, and it knows of everybody whose message went out.
func (s *scene) check(t *testing.T) {
	t.Helper()
	taken := s.server.Copies()
	l := s.open(t)
	defer l.Close()
	if problems := l.Check(); len(problems) > 0 {
		t.Fatalf("the ledger's rules do not hold behind a kill: %v", problems)
	}
	p, err := l.Deliveries.Progress(anEdition)
	if err != nil {
		t.Fatal(err)
	}
	if n := p.Counts()[digest.Intent]; n > connections {
		t.Errorf("%d deliveries in the middle behind a kill", n)
	}
	for i, state := range p.States {
		switch copies := taken[reader(i)]; {
		case state == digest.Sent && copies == 0:
			t.Errorf("%s is sent, and got nothing", reader(i))
		case state == digest.Pending && copies > 0:
			t.Errorf("%s is pending, and got a message", reader(i))
		}
	}
}

// verdict holds the promises when all is over: nobody is left out, and second copies are few, recorded
// as doubtful, and the same bytes.
func (s *scene) verdict(t *testing.T) {
	t.Helper()
	s.check(t)
	copies := map[string][][]byte{}
	for _, m := range s.server.Taken() {
		copies[m.To] = append(copies[m.To], m.Raw)
	}
	l := s.open(t)
	defer l.Close()
	p, err := l.Deliveries.Progress(anEdition)
	if err != nil {
		t.Fatal(err)
	}
	extra := 0
	for i, state := range p.States {
		history, err := l.Deliveries.History(anEdition, i)
		if err != nil {
			t.Fatal(err)
		}
		doubtful := false
		for _, e := range history {
			doubtful = doubtful || e.State == digest.InDoubt || e.State == digest.Held
		}
		got := copies[reader(i)]
		switch {
		case state != digest.Sent && state != digest.Held:
			t.Errorf("%s is %s in the end", reader(i), state)
		case len(got) > 1 && s.inDoubt == mailer.Hold:
			t.Errorf("%s got %d copies, in spite of hold", reader(i), len(got))
		case len(got) > 1 && !doubtful:
			t.Errorf("%s got %d copies, and nothing of it was in doubt: %+v", reader(i), len(got), history)
		}
		for _, c := range got[min(1, len(got)):] {
			extra++
			if !bytes.Equal(c, got[0]) {
				t.Errorf("the copies of %s differ", reader(i))
			}
		}
	}
	if extra > s.kills*connections {
		t.Errorf("%d second copies behind %d kills", extra, s.kills)
	}
	if n := p.Counts()[digest.Held]; n > s.kills*connections {
		t.Errorf("%d deliveries held behind %d kills", n, s.kills)
	}
	t.Logf("%d kills, %d second copies, %v", s.kills, extra, p.Counts())
}

// TestKilledAtCommits kills a delivery before and after its nth commit: when nothing of it is on disk, and
// when all of it is and no worker was told. The process that goes on is killed at its own first commits too,
// which say what the first left in doubt; the third goes through.
func TestKilledAtCommits(t *testing.T) {
	storetest.NeedsFile(t)
	const readers = 10 * connections // a commit has one step of a worker at most, so there are ten at least
	for _, inDoubt := range []string{mailer.Resend, mailer.Hold} {
		for _, first := range []string{"before commit@1", "after commit@1", "before commit@5", "after commit@5", "before commit@10", "after commit@10"} {
			for _, second := range []string{"", "before commit@1", "after commit@1", "before commit@2", "after commit@2"} {
				if second != "" && !strings.HasSuffix(first, "@5") {
					continue
				}
				t.Run(strings.TrimSpace(inDoubt+" "+first+" "+second), func(t *testing.T) {
					t.Parallel()
					s := newScene(t, readers, inDoubt)
					s.run(t, first)
					s.check(t)
					if second != "" {
						s.run(t, second)
						s.check(t)
					}
					s.run(t, "")
					taken := len(s.server.Taken())
					s.run(t, "")
					if again := len(s.server.Taken()) - taken; again != 0 {
						t.Errorf("%d messages went out when nothing was owed", again)
					}
					s.verdict(t)
				})
			}
		}
	}
}
