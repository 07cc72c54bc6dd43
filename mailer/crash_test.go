package mailer

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"net"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"digestd/digest"
	"digestd/internal/ledger"
	"digestd/internal/ledger/store/bolt"
	"digestd/mailer/message"
	"digestd/mailer/smtp"
	"digestd/mailer/smtp/smtptest"
	"digestd/subscribers"
)

// connectionsOfVictim is how many connections the process has that gets killed, and so how many
// deliveries a kill may leave in doubt.
const connectionsOfVictim = 8

// suicidal is a ledger whose process kills itself at a step. An outcome shares its step with the next
// intent, and counts as one, but for the last of a connection: that is recorded by itself.
type suicidal struct {
	ledger.Mail
	mu    sync.Mutex
	steps map[string]int // by what they record
	at    string         // "before intent", "late before intent", "after intent", "before outcome" or "after outcome"
	n     int            // the step of that kind at which it happens
}

func (s *suicidal) Step(edition string, done, next *digest.Event, to string) func() (digest.State, error) {
	return later(func() (digest.State, error) {
		kind := "intent"
		if next == nil {
			kind = "outcome"
		}
		s.mu.Lock()
		s.steps[kind]++
		now := s.steps[kind] == s.n
		s.mu.Unlock()
		if now && s.at == "late before "+kind {
			time.Sleep(200 * time.Millisecond) // all of the message is with the server by then, but for the dot
			syscall.Kill(os.Getpid(), syscall.SIGKILL)
		}
		if now && s.at == "before "+kind {
			syscall.Kill(os.Getpid(), syscall.SIGKILL)
		}
		state, err := s.Mail.Step(edition, done, next, to)()
		if now && s.at == "after "+kind {
			syscall.Kill(os.Getpid(), syscall.SIGKILL)
		}
		return state, err
	})
}

// TestMain makes the test program the process that the tests below start and kill, when they ask for it,
// or the sink of docs/benchmarks/delivery.sh.
func TestMain(m *testing.M) {
	if temper, ok := os.LookupEnv(actAs); ok {
		os.Exit(pretendSendmail(temper))
	}
	var err error
	if dir := os.Getenv("DIGESTD_TEST_VICTIM"); dir != "" {
		err = victim(dir)
	} else if address := os.Getenv("DIGESTD_TEST_SINK"); address != "" {
		var l net.Listener
		if l, err = net.Listen("tcp", address); err == nil {
			err = serveSink(l, true, 0)
		}
	} else {
		os.Setenv("GORACE", "atexit_sleep_ms=0") // or each of those would sleep a second at its end, with -race
		os.Exit(m.Run())
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

// victim delivers what the ledger in a directory owes.
func victim(dir string) error {
	port, err := strconv.Atoi(os.Getenv("DIGESTD_TEST_PORT"))
	if err != nil {
		return err
	}
	// Every other one journals from its first commit on, which on a full disk would not be felt.
	eager := os.Getpid()%2 == 0 && os.Getenv("DIGESTD_TEST_DISK") == ""
	l, err := ledger.Open(bolt.At(filepath.Join(dir, "digestd.db"), bolt.Options{Timeout: 5 * time.Second, Eager: eager}), nil)
	if err != nil {
		return err
	}
	defer l.Close()
	disk := os.Getenv("DIGESTD_TEST_DISK")
	if limit, err := strconv.ParseUint(disk, 10, 64); err == nil {
		signal.Ignore(syscall.SIGXFSZ) // a write beyond the limit fails then, as on a full disk
		if err := syscall.Setrlimit(syscall.RLIMIT_FSIZE, &syscall.Rlimit{Cur: limit, Max: limit}); err != nil {
			return err
		}
	}
	at, n, _ := strings.Cut(os.Getenv("DIGESTD_TEST_DIE"), "@")
	own := &suicidal{Mail: l.Mail(), at: at, steps: map[string]int{}}
	own.n, _ = strconv.Atoi(n)
	body, err := l.Editions.Body(anEdition, 0)
	if err != nil {
		return err
	}
	tpl := new(message.Template)
	if err := tpl.UnmarshalBinary(body); err != nil {
		return err
	}
	o := defaults
	o.Connections, o.InDoubt = connectionsOfVictim, os.Getenv("DIGESTD_TEST_IN_DOUBT")
	if strings.HasSuffix(at, "outcome") {
		o.MaxPerConnection = 5 // so that connections end in the middle of the run too
	}
	server := &smtp.Server{Host: "127.0.0.1", Port: port, TLS: smtp.TLSNone, DialTimeout: 10 * time.Second, ReplyTimeout: time.Minute}
	key, err := subscribers.NewTokenKey(tokenSecret())
	if err != nil {
		return err
	}
	s, err := New(o, OverSMTP(server), own, nil).Deliver(context.Background(), Job{Edition: anEdition, Digest: "daily", Templates: []*message.Template{tpl},
		TokenKey: func(string) (subscribers.TokenKey, bool) { return key, true }})
	switch {
	case disk != "" && err == nil:
		return fmt.Errorf("the disk is full, and all is well: %+v", s)
	case disk != "":
		return nil
	case err == nil && s.Paused != "":
		return errors.New(s.Paused)
	}
	return err
}

// scene is a ledger on disk, a server, and whoever gets killed between them.
type scene struct {
	t       *testing.T
	dir     string
	readers int
	inDoubt string
	server  *smtptest.Server

	mu     sync.Mutex
	victim *exec.Cmd
	at     smtptest.Moment // the kill happens here, if Stage is set
	after  int             // so many messages
	taken  int
	kills  int
}

func newScene(t *testing.T, readers int, inDoubt string) *scene {
	t.Helper()
	s := &scene{t: t, dir: t.TempDir(), readers: readers, inDoubt: inDoubt}
	s.server = smtptest.Start(t, s.answer, nil)
	l, _ := onDisk(t, s.dir, readers, template(t, 8000))
	if err := l.Close(); err != nil {
		t.Fatal(err)
	}
	return s
}

// answer kills the victim when its time has come. It may die before or after the answer.
func (s *scene) answer(m smtptest.Moment) string {
	s.mu.Lock()
	defer s.mu.Unlock()
	if m.Stage == smtptest.Dot {
		s.taken++
	}
	if s.at.Stage == m.Stage && s.taken >= s.after {
		s.kill()
		s.at.Stage = ""
	}
	return smtptest.Default
}

func (s *scene) kill() {
	if s.victim != nil {
		s.victim.Process.Signal(syscall.SIGKILL)
		s.victim = nil
		s.kills++
	}
}

// run starts a victim and waits for its end, whichever that is. It reports whether it was killed.
func (s *scene) run(die string) (killed bool) {
	s.t.Helper()
	victim := exec.Command(os.Args[0])
	victim.Args[0] = "victim" // no test, so what it does not use is not compiled
	victim.Env = append(os.Environ(), "DIGESTD_TEST_VICTIM="+s.dir, fmt.Sprint("DIGESTD_TEST_PORT=", s.server.Port), "DIGESTD_TEST_DIE="+die, "DIGESTD_TEST_IN_DOUBT="+s.inDoubt)
	var out bytes.Buffer
	victim.Stdout, victim.Stderr = &out, &out
	s.mu.Lock()
	if err := victim.Start(); err != nil {
		s.t.Fatal(err)
	}
	s.victim = victim
	s.mu.Unlock()
	err := victim.Wait()
	s.mu.Lock()
	if die != "" && s.victim != nil && err != nil {
		s.kills++ // it was its own doing
	}
	s.victim = nil
	s.mu.Unlock()
	if err == nil {
		return false
	}
	var exit *exec.ExitError
	if errors.As(err, &exit) && exit.Sys().(syscall.WaitStatus).Signaled() {
		return true
	}
	s.t.Fatalf("the victim failed: %v\n%s", err, out.Bytes())
	return false
}

// check opens the ledger as it was left and holds its rules.
func (s *scene) check() digest.Progress {
	s.t.Helper()
	l, err := ledger.Open(bolt.At(filepath.Join(s.dir, "digestd.db"), bolt.Options{Timeout: 5 * time.Second}), nil)
	if err != nil {
		s.t.Fatal(err)
	}
	defer l.Close()
	if problems := l.Check(); len(problems) > 0 {
		s.t.Fatalf("the ledger's rules do not hold after a kill: %v", problems)
	}
	p, err := l.Deliveries.Progress(anEdition)
	if err != nil {
		s.t.Fatal(err)
	}
	if n := p.Counts()[digest.Intent]; n > connectionsOfVictim {
		s.t.Errorf("%d deliveries in the middle after a kill", n)
	}
	return p
}

// verdict holds the promises: nobody is left out, at most as many second copies as there were
// connections for each kill, each of them the same bytes and recorded as doubtful.
func (s *scene) verdict() {
	s.t.Helper()
	p := s.check()
	l, err := ledger.Open(bolt.At(filepath.Join(s.dir, "digestd.db"), bolt.Options{Timeout: 5 * time.Second}), nil)
	if err != nil {
		s.t.Fatal(err)
	}
	defer l.Close()
	copies := map[string][][]byte{}
	for _, m := range s.server.Taken() {
		copies[m.To] = append(copies[m.To], m.Raw)
	}
	extra := 0
	for i, state := range p.States {
		email := fmt.Sprintf("reader%d@example.org", i)
		got := copies[email]
		history, err := l.Deliveries.History(anEdition, i)
		if err != nil {
			s.t.Fatal(err)
		}
		doubtful := false
		for _, e := range history {
			doubtful = doubtful || e.State == digest.InDoubt || e.State == digest.Held
		}
		switch {
		case state == digest.Sent && len(got) == 0:
			s.t.Errorf("%s is sent, and got nothing", email)
		case state != digest.Sent && state != digest.Held:
			s.t.Errorf("%s is %s in the end", email, state)
		case len(got) > 1 && s.inDoubt == Hold:
			s.t.Errorf("%s got %d copies, in spite of hold", email, len(got))
		case len(got) > 1 && !doubtful:
			s.t.Errorf("%s got %d copies, and nothing of it was in doubt: %+v", email, len(got), history)
		}
		for _, c := range got[min(1, len(got)):] {
			extra++
			if !bytes.Equal(c, got[0]) {
				s.t.Errorf("the copies of %s differ", email)
			}
		}
	}
	if extra > s.kills*connectionsOfVictim {
		s.t.Errorf("%d second copies after %d kills", extra, s.kills)
	}
	s.t.Logf("%d readers, %d kills, %d second copies, %v", s.readers, s.kills, extra, p.Counts())
}

// TestKilledAtEachPoint kills at each point of a delivery, lets a new process go on, and looks whom it
// has cost what.
func TestKilledAtEachPoint(t *testing.T) {
	for _, inDoubt := range []string{Resend, Hold} {
		for _, at := range []string{"before intent", "late before intent", "after intent", smtptest.Mail, smtptest.Rcpt, smtptest.Data, smtptest.Body, smtptest.Dot, "reply",
			"before outcome", "after outcome"} {
			t.Run(at+" "+inDoubt, func(t *testing.T) {
				t.Parallel()
				s := newScene(t, 60, inDoubt)
				die := ""
				switch at {
				case "before intent", "late before intent", "after intent":
					die = at + "@25"
				case "before outcome", "after outcome":
					die = at + "@4"
				case "reply": // the answer is on its way when the victim dies
					s.after, s.at.Stage = 20, smtptest.Dot
					answer := s.answer
					s.server.Stop()
					s.server = smtptest.Start(t, func(m smtptest.Moment) string {
						if m.Stage == smtptest.Dot {
							go answer(m)
							return smtptest.Default
						}
						return answer(m)
					}, nil)
				default:
					s.after, s.at.Stage = 20, at
				}
				if !s.run(die) {
					t.Fatal("the victim lived")
				}
				s.check()
				if s.run("") {
					t.Fatal("the second process died")
				}
				s.verdict()
			})
		}
	}
}

// TestAFullDisk lets the ledger's file grow a little and no further, in the middle of a run, and then goes on
// with room enough.
func TestAFullDisk(t *testing.T) {
	s := newScene(t, 900, Resend)
	var file syscall.Stat_t // its size is more than is used of it
	if err := syscall.Stat(filepath.Join(s.dir, "digestd.db"), &file); err != nil {
		t.Fatal(err)
	}
	t.Setenv("DIGESTD_TEST_DISK", fmt.Sprint(file.Blocks*512+16<<10))
	if s.run("") {
		t.Fatal("the process died of it")
	}
	if n := len(s.server.Taken()); n == 0 || n == s.readers {
		t.Fatalf("%d messages went out before the disk was full", n)
	}
	s.check()
	s.kills = 1 // what was under way then is in doubt, just as after a kill
	if err := os.Unsetenv("DIGESTD_TEST_DISK"); err != nil {
		t.Fatal(err)
	}
	s.run("")
	s.verdict()
}

// TestKilledAtRandomMoments kills a delivery again and again until it is through. $DIGESTD_KILLS sets
// how often, and so how many readers there are.
func TestKilledAtRandomMoments(t *testing.T) {
	kills := 6
	if n, err := strconv.Atoi(os.Getenv("DIGESTD_KILLS")); err == nil {
		kills = n
	}
	for _, inDoubt := range []string{Resend, Hold} {
		t.Run(inDoubt, func(t *testing.T) {
			s := newScene(t, kills*25, inDoubt)
			random := rand.New(rand.NewPCG(uint64(time.Now().UnixNano()), 0))
			stages := []string{smtptest.Mail, smtptest.Rcpt, smtptest.Data, smtptest.Body, smtptest.Dot}
			for range kills {
				s.mu.Lock()
				s.at.Stage, s.after = stages[random.IntN(len(stages))], s.taken+random.IntN(40)
				s.mu.Unlock()
				if !s.run("") {
					break
				}
				s.check()
			}
			s.mu.Lock()
			s.at.Stage = ""
			s.mu.Unlock()
			if s.run("") {
				t.Fatal("the last process died")
			}
			s.verdict()
		})
	}
}
