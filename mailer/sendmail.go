package mailer

import (
	"bytes"
	"cmp"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"time"

	"digestd/internal/lazyregexp"
	"digestd/mailer/message"
	"digestd/mailer/refusal"
	"digestd/mailer/smtp"
)

// ThroughSendmail is the transport that gives each message to a command, as sendmail(1) takes one: on its standard
// input, with the addresses of the envelope in its arguments. No shell reads them. {from} and {to} in an argument stand
// for the addresses. A command that takes longer than limit is killed.
func ThroughSendmail(command []string, limit time.Duration) Transport {
	return sendmail{command: command, limit: limit}
}

type sendmail struct {
	command []string
	limit   time.Duration
}

const atSendmail = "sendmail"

// What sysexits.h says. The other codes are about the command itself.
const (
	exitDataErr     = 65
	exitNoUser      = 67
	exitNoHost      = 68
	exitUnavailable = 69
	exitIOErr       = 74
	exitTempFail    = 75
	exitProtocol    = 76
)

func (s sendmail) String() string { return s.command[0] }

// Dial makes sure that the command is there.
func (s sendmail) Dial(ctx context.Context) (Conn, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	if _, err := exec.LookPath(s.command[0]); err != nil {
		return nil, &Unreachable{Outcome: s.failed(Trouble, err)}
	}
	return s, nil
}

// Usable is always true: each message has a process of its own.
func (s sendmail) Usable() bool { return true }

// Close has nothing to do.
func (s sendmail) Close() {}

func (s sendmail) failed(r Result, err error) Outcome {
	return Outcome{Result: r, Stage: atSendmail, Words: smtp.OneLine(err.Error()), Err: err}
}

// Send runs the command. The end of its input is what makes it take the message, so that waits for permission; whoever
// is killed before it has taken nothing.
func (s sendmail) Send(env message.Envelope, msg []byte, permit func() bool) Outcome {
	args, err := s.arguments(env)
	if err != nil {
		return Outcome{Result: Refused, Verdict: refusal.Verdict{About: refusal.Mailbox, Permanent: true},
			OfOne: true, Stage: atSendmail, Words: err.Error()}
	}
	ctx, cancel := context.WithTimeout(context.Background(), s.limit)
	defer cancel()
	said := &tail{most: maxSaid}
	c := exec.CommandContext(ctx, args[0], args[1:]...)
	c.Stdout, c.Stderr = said, said
	c.Env = append(os.Environ(), "LC_ALL=C.UTF-8") // what it says is read
	c.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	c.Cancel = func() error { return syscall.Kill(-c.Process.Pid, syscall.SIGKILL) } // whoever works for it, too
	c.WaitDelay = waitForOutput
	out, in, err := os.Pipe()
	if err != nil {
		return s.failed(Trouble, err)
	}
	defer out.Close()
	defer in.Close()
	c.Stdin = out
	if err := c.Start(); err != nil {
		return s.failed(Trouble, err)
	}
	ended := make(chan error, 1)
	go func() {
		err := c.Wait()
		in.SetWriteDeadline(time.Now()) // one that has ended does not read on, and its status says why
		ended <- err
	}()
	// Lines end as this system's do: the command makes them what SMTP wants.
	_, err = in.Write(bytes.ReplaceAll(msg, []byte("\r\n"), []byte("\n")))
	whole := err == nil
	if whole && !permit() {
		cancel()
		<-ended
		return s.failed(Cut, errHeldBack)
	}
	in.Close()
	if err = <-ended; err != nil && whole {
		left, _ := out.Read(make([]byte, 1)) // who has not read all of it can't have sent it
		whole = left == 0
	}
	return s.ended(err, ctx.Err() != nil, whole, said.String(), env.To)
}

// ended reads how the command ended, which read all of the message or not.
func (s sendmail) ended(err error, late, whole bool, said, to string) Outcome {
	var exit *exec.ExitError
	code := 0
	if errors.As(err, &exit) {
		code = exit.ExitCode()
	}
	words := smtp.OneLine(strings.TrimSpace(fmt.Sprintf("%s %s", s.command[0], cmp.Or(said, "said nothing"))))
	o := Outcome{Result: Refused, OfOne: true, Stage: atSendmail, Words: words}
	switch {
	case code < 0 && whole && !strings.Contains(said, hasNoRoom): // killed, by us or by somebody else
		o.Result, o.Err = Doubtful, err
	case (code == exitIOErr || code == exitProtocol) && whole && lostAnswer.MatchString(said):
		o.Result, o.Err = Doubtful, err
	case code == exitNoHost && strings.Contains(said, noServer):
		o.Result, o.Err = Trouble, err
	case code < 0 && late:
		o.Result, o.Err = Late, err
	case code < 0:
		o.Result, o.Err = Cut, err
	case err == nil || errors.Is(err, exec.ErrWaitDelay):
		o.Result, o.Words = Accepted, smtp.OneLine(cmp.Or(said, "taken"))
	case code == exitTempFail:
		o.Verdict = judgeSaid(said, to)
		o.Verdict.Permanent = false
	case code == exitNoUser, code == exitDataErr, code == exitNoHost:
		o.Verdict = judgeSaid(said, to)
		o.Verdict.Permanent = true
	case code == exitUnavailable && replyIn.MatchString(said): // msmtp has it for a 450 at RCPT, and for all at the end
		o.Verdict = judgeSaid(said, to)
	default:
		o.Result, o.Words, o.Err = Trouble, smtp.OneLine(fmt.Sprintf("exit status %d: %s", code, words)), err
	}
	if o.Verdict.About == refusal.Login {
		o.Result, o.Err = Trouble, err
	}
	return o
}

// judgeSaid reads what such a command prints when the server behind it refused: that one's reply, mostly.
func judgeSaid(said, to string) refusal.Verdict {
	if m := replyIn.FindStringSubmatch(said); m != nil {
		code, _ := strconv.Atoi(m[1])
		return refusal.Judge(atRcpt, code, said[strings.Index(said, m[1])+len(m[1]):], to)
	}
	return refusal.Judge(atRcpt, 451, said, to) // its own words: "message file too big"
}

// lostAnswer finds what msmtp says when the connection ends where it waits for an answer: it does not say to what, and
// that may be the message.
var lostAnswer = lazyregexp.New(`network read error|cannot read from TLS connection|the server sent an? (empty|invalid) reply`)

const (
	noServer  = "cannot locate host"            // msmtp, when it can't find its own server
	hasNoRoom = "mail_queue_enter: create file" // Postfix, for as long as it can't put a message into its queue
)

// replyIn finds an SMTP reply in what a command printed.
var replyIn = lazyregexp.New(`\b([45][0-9][0-9])[ -]`)

// arguments puts the addresses into the command.
func (s sendmail) arguments(env message.Envelope) ([]string, error) {
	args := slices.Clone(s.command)
	put := strings.NewReplacer("{from}", env.From, "{to}", env.To)
	options := true
	for i, a := range args {
		args[i] = put.Replace(a)
		if options && strings.HasPrefix(a, "{to}") && strings.HasPrefix(args[i], "-") {
			return nil, errors.New(`not sent: the address begins with "-", which is an option to the command; put "--" before {to}`)
		}
		options = options && a != "--"
	}
	if strings.Contains(env.From+env.To, "\x00") {
		return nil, errors.New("not sent: the address has a zero byte in it")
	}
	return args, nil
}

const (
	waitForOutput = 5 * time.Second // after the end of a command whose children hold its output open
	maxSaid       = 2 << 10
)

// tail keeps the last bytes of what is written.
type tail struct {
	most int
	kept []byte
}

func (t *tail) Write(b []byte) (int, error) {
	t.kept = append(t.kept, b...)
	t.kept = t.kept[max(0, len(t.kept)-t.most):]
	return len(b), nil
}

func (t *tail) String() string {
	return strings.TrimSpace(strings.ToValidUTF8(string(t.kept), "\uFFFD"))
}
