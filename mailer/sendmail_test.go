package mailer

import (
	"context"
	"fmt"
	"io"
	"net/mail"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"digestd/digest"
	"digestd/mailer/message"
	"digestd/mailer/refusal"
)

// actAs is the variable that makes the test binary a sendmail of some temper.
const actAs = "MAILER_TEST_SENDMAIL"

// pretendSendmail takes a message the way that its temper wants: an exit status with words, or what the cases below
// name. Whom it is for is its last argument; what it took stands in the directory that its first names.
func pretendSendmail(temper string) int {
	dir, to := os.Args[1], os.Args[len(os.Args)-1]
	for _, one := range strings.Split(temper, ";") {
		who, does, _ := strings.Cut(one, "=")
		if who == "" || !strings.HasPrefix(to, who) {
			continue
		}
		switch does {
		case "not reading":
			time.Sleep(time.Hour)
		case "deaf":
			fmt.Fprint(os.Stderr, "I read nothing")
			return exitDataErr
		case "cut":
			fmt.Fprint(os.Stderr, "the server sent an empty reply")
			return exitProtocol
		}
		raw, err := io.ReadAll(os.Stdin)
		if err != nil {
			return 74
		}
		switch does {
		case "killed":
			syscall.Kill(os.Getpid(), syscall.SIGKILL)
		case "hanging":
			time.Sleep(time.Hour)
		case "":
			head := fmt.Sprintf("X-Args: %q\n", os.Args[2:])
			if os.WriteFile(filepath.Join(dir, to), append([]byte(head), raw...), 0o600) != nil {
				return 73
			}
			return 0
		}
		status, words, _ := strings.Cut(does, " ")
		fmt.Fprintln(os.Stderr, words)
		n := 0
		fmt.Sscan(status, &n)
		return n
	}
	return 64
}

// fakeSendmail is the transport to this very binary, with a temper for each reader: "reader3=67 no such user;reader=".
func fakeSendmail(t *testing.T, temper string, limit time.Duration) (s Transport, dir string) {
	t.Helper()
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	command := filepath.Join(t.TempDir(), "sendmail") // no test by its name, so what it does not use is not compiled
	if err := os.Symlink(self, command); err != nil {
		t.Fatal(err)
	}
	dir = t.TempDir()
	return ThroughSendmail([]string{"/usr/bin/env", actAs + "=" + temper, command, dir, "-i", "-f", "{from}", "--", "{to}"}, limit), dir
}

func TestSendmailGetsTheMessageAndTheEnvelope(t *testing.T) {
	r := newRig(t, 5, defaults, nil)
	var dir string
	r.transport, dir = fakeSendmail(t, "reader=", time.Minute)
	if s := r.deliver(t); s.Sent != 5 || s.Owed() != 0 {
		t.Fatalf("%+v", s)
	}
	raw, err := os.ReadFile(filepath.Join(dir, "reader3@example.org"))
	if err != nil {
		t.Fatal(err)
	}
	m, err := mail.ReadMessage(strings.NewReader(string(raw)))
	if err != nil {
		t.Fatal(err)
	}
	if got, want := m.Header.Get("X-Args"), `["-i" "-f" "digest@example.org" "--" "reader3@example.org"]`; got != want {
		t.Errorf("arguments %s", got)
	}
	if !strings.Contains(m.Header.Get("To"), "reader3@example.org") || strings.Contains(string(raw), "\r") || !strings.HasSuffix(string(raw), "\n") {
		t.Errorf("%q", raw)
	}
	if e := r.ledger.event(3); e.State != digest.Sent || e.Code != 0 || e.Stage != atSendmail {
		t.Errorf("%+v", e)
	}
}

// TestWhatAnExitStatusMeans has one reader of three meet each.
func TestWhatAnExitStatusMeans(t *testing.T) {
	for _, c := range []struct {
		temper, words string
		state         digest.State
		paused        bool
	}{
		{"67 no such user", "no such user", digest.Failed, false},
		{"65 cannot be sent", "cannot be sent", digest.Failed, false},
		{"69 server message: 450 4.2.0 greylisted", "greylisted", digest.Deferred, false},
		{"69 server message: 552 5.2.2 mailbox full", "mailbox full", digest.Failed, false},
		{"69 server message: 554 5.7.1 spam", "spam", digest.Deferred, false},
		{"65 server message: 530 5.7.0 login first", "login first", digest.Deferred, true},
		{"65 server message: 550 5.1.1 user unknown", "user unknown", digest.Failed, false},
		{"68 no such host", "no such host", digest.Failed, false},
		{"68 cannot locate host smtp.example.org: Name or service not known", "cannot locate host", digest.Deferred, true},
		{"74 network read error: the operation timed out", "", digest.InDoubt, false},
		{"76 the server sent an empty reply", "", digest.InDoubt, false},
		{"cut", "exit status 76", digest.Deferred, true}, // before it read the message
		{"74 network write error: broken pipe", "exit status 74", digest.Deferred, true},
		{"76 TLS handshake failed", "exit status 76", digest.Deferred, true},
		{"deaf", "I read nothing", digest.Failed, false},
		{"75 try later", "try later", digest.Deferred, false},
		{"78 no account", "exit status 78", digest.Deferred, true},
		{"77 authentication failed", "authentication failed", digest.Deferred, true},
		{"69 service unavailable", "exit status 69", digest.Deferred, true},
		{"64 usage", "exit status 64", digest.Deferred, true},
		{"1", "exit status 1", digest.Deferred, true},
		{"killed", "killed", digest.InDoubt, false},
		{"hanging", "killed", digest.InDoubt, false},
	} {
		t.Run(c.temper, func(t *testing.T) {
			t.Parallel()
			o := defaults
			o.Connections = 1
			r := newRig(t, 3, o, nil)
			limit := time.Minute
			if c.temper == "hanging" {
				limit = 10 * time.Second // which a busy machine keeps for those that do not hang
			}
			r.transport, _ = fakeSendmail(t, "reader1="+c.temper+";reader=", limit)
			s := r.deliver(t)
			e := r.ledger.event(1)
			if e.State != c.state || (s.Paused != "") != c.paused || !strings.Contains(e.Words+s.Paused, c.words) && e.State != digest.InDoubt {
				t.Errorf("%+v, %+v", s, e)
			}
			if want := map[bool]int{false: 2, true: 1}[c.paused]; s.Sent != want {
				t.Errorf("%d were sent, want %d", s.Sent, want)
			}
			if len(r.ledger.suppressed) > 0 {
				t.Errorf("suppressed %v: an exit status proves nothing", r.ledger.suppressed)
			}
		})
	}
}

// TestWithoutLeaveSendmailTakesNothing ends the command before its input ends.
func TestWithoutLeaveSendmailTakesNothing(t *testing.T) {
	s, dir := fakeSendmail(t, "reader=", time.Minute)
	c, err := s.Dial(context.Background())
	if err != nil {
		t.Fatal(err)
	}
	o := c.Send(message.Envelope{From: "digest@example.org", To: "reader@example.org"}, []byte("Subject: x\r\n\r\nx\r\n"), func() bool { return false })
	if left, _ := os.ReadDir(dir); o.Result != Cut || len(left) != 0 {
		t.Errorf("%+v, and %v", o, left)
	}
}

func TestACommandThatDoesNotReadIsLate(t *testing.T) {
	s, _ := fakeSendmail(t, "reader=not reading", time.Second)
	c, _ := s.Dial(context.Background())
	o := c.Send(message.Envelope{From: "digest@example.org", To: "reader@example.org"}, make([]byte, 1<<20), func() bool { return true })
	if o.Result != Late {
		t.Errorf("%+v", o)
	}
}

func TestAnAddressIsNoOption(t *testing.T) {
	for _, c := range []struct {
		args    []string
		refused bool
	}{
		{[]string{"/usr/sbin/sendmail", "-i", "{to}"}, true},
		{[]string{"/usr/sbin/sendmail", "-i", "--", "{to}"}, false},
		{[]string{"/usr/sbin/sendmail", "--to={to}"}, false},
	} {
		_, err := sendmail{command: c.args}.arguments(message.Envelope{From: "digest@example.org", To: "-oQ/tmp@example.org"})
		if (err != nil) != c.refused {
			t.Errorf("%q: %v", c.args, err)
		}
	}
}

func TestNoCommandPausesTheRun(t *testing.T) {
	r := newRig(t, 3, defaults, nil)
	r.transport = ThroughSendmail([]string{"/nonexistent/sendmail", "{to}"}, time.Minute)
	if s := r.deliver(t); !strings.Contains(s.Paused, "/nonexistent/sendmail") || s.Owed() != 3 {
		t.Errorf("%+v", s)
	}
}

// TestAQueueWithoutRoomTookNothing holds that Postfix's command leaves nothing in doubt while its disk is full.
func TestAQueueWithoutRoomTookNothing(t *testing.T) {
	killed := exec.Command("sh", "-c", "kill -9 $$").Run()
	s := sendmail{command: []string{"sendmail"}}
	if o := s.ended(killed, true, true, "postdrop: warning: mail_queue_enter: create file maildrop/1.2: No space left on device", "a@example.org"); o.Result != Late {
		t.Errorf("%+v", o)
	}
	if o := s.ended(killed, true, true, "", "a@example.org"); o.Result != Doubtful {
		t.Errorf("%+v", o)
	}
}

// TestWhatACommandPrintsIsJudged reads the reply of the server behind it.
func TestWhatACommandPrintsIsJudged(t *testing.T) {
	for said, about := range map[string]refusal.About{
		"msmtp: recipient address x@example.org not accepted by the server\nmsmtp: server message: 550 5.1.1 user unknown":   refusal.Mailbox,
		"msmtp: server message: 550 domain example.org has exceeded the max emails per hour":                                 refusal.Pace,
		"sendmail: warning: mail_stream_cleanup: close error\nsendmail: fatal: digest@example.org(33): message file too big": refusal.Message,
		"cannot say": refusal.Unclear,
	} {
		if v := judgeSaid(said, "x@example.org"); v.About != about {
			t.Errorf("%q: %v, want %v", said, v.About, about)
		}
	}
}
