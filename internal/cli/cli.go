// Package cli is digestd's commands, one file each: it reads flags, opens what a command needs, calls
// the room that does the work, and tells people what happened. It holds no rule of the program itself.
package cli

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"
	"os/signal"
	"runtime/debug"
	"strings"
	"syscall"
	"time"

	"github.com/spf13/cobra"
	"golang.org/x/term"

	"digestd/internal/config"
	"digestd/internal/control"
	"digestd/internal/ledger"
	"digestd/internal/ledger/store"
	"digestd/internal/ledger/store/postgres"
)

// Exit statuses, as the README states them.
const (
	exitDone        = 0
	exitIncomplete  = 1  // done, but something failed or is still owed
	exitUsage       = 2  // usage or configuration
	exitTryAgain    = 75 // of inbound: the mail server is to come again
	exitConfig      = 78 // of a service, in place of exitUsage: EX_CONFIG of sysexits(3)
	exitInterrupted = 130
)

// errIncomplete makes a command exit 1 after it has said itself what failed or is still owed.
var errIncomplete = errors.New("something failed or is still owed")

// usageError is a mistake of the caller or of the configuration: exit 2.
type usageError struct{ err error }

func (e usageError) Error() string { return e.err.Error() }
func (e usageError) Unwrap() error { return e.err }

func usagef(format string, args ...any) error { return usageError{fmt.Errorf(format, args...)} }

// program is what all commands share: where they read and write, and the flags before the command.
type program struct {
	stdin          io.Reader
	stdout, stderr io.Writer
	now            func() time.Time
	configFlag     string
	json, verbose  bool
	log            *slog.Logger
	args           []string         // as given, without the program's name
	input          []byte           // what a command read from stdin, for the process that holds the ledger
	sawTemplates   func(dir string) // hears of each template directory that load reads; may be nil
	held           *opened          // by this process, when the command came through its control socket
	attended       bool             // then: whoever gave it sits at a terminal
	service        bool             // a service manager waits for this process, and restarts it by its exit status

	reload func(context.Context, bool) (listChange, error) // of a daemon
	nudge  func()                                          // lets a daemon look at once at what is due; nil: there is none
}

// frugal is GOGC where the environment says nothing: a daemon that mostly sleeps should be small, and what
// it does in bursts is bound by networks and disks.
const frugal = 40

// Main runs one command and returns its exit status.
func Main(args []string, stdin io.Reader, stdout, stderr io.Writer) int {
	if os.Getenv("GOGC") == "" {
		debug.SetGCPercent(frugal)
	}
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	p := &program{stdin: stdin, stdout: stdout, stderr: stderr, now: time.Now, args: args}
	return p.run(ctx)
}

// runnerOf runs commands that come through the control socket on what is open then.
func (p *program) runnerOf(current func() *opened) control.Runner {
	return func(ctx context.Context, args []string, stdin io.Reader, stdout, stderr io.Writer) int {
		q := &program{stdin: stdin, stdout: stdout, stderr: stderr, now: p.now, args: args, held: current(),
			reload: p.reload, nudge: p.nudge}
		return q.run(ctx)
	}
}

func (p *program) run(ctx context.Context) int {
	root := p.root()
	root.SetArgs(p.args)
	root.SetIn(p.stdin)
	root.SetOut(p.stdout)
	root.SetErr(p.stderr)
	err := root.ExecuteContext(ctx)
	var ended forwarded
	var later tryAgain
	if ctx.Err() != nil && err != nil && !errors.As(err, &ended) && !errors.As(err, &later) {
		if !errors.Is(err, context.Canceled) && !errors.Is(err, errIncomplete) {
			p.complain(err)
		}
		return exitInterrupted
	}
	return p.tell(err)
}

// tell prints an error, one line for each of those it joins, and returns the exit status it stands for.
func (p *program) tell(err error) int {
	var usage usageError
	var elsewhere forwarded
	var later tryAgain
	switch {
	case err == nil:
		return exitDone
	case errors.As(err, &elsewhere):
		return elsewhere.status
	case errors.As(err, &later):
		p.complain(err)
		return exitTryAgain
	case errors.Is(err, errIncomplete):
		return exitIncomplete
	case errors.As(err, &usage), configurationError(err):
		p.complain(err)
		if p.service { // Go's runtime ends a crash with 2, and that one is to be started again
			return exitConfig
		}
		return exitUsage
	default:
		p.complain(err)
		return exitIncomplete
	}
}

// configurationError reports whether an error is about how digestd is set up, not about what it did.
func configurationError(err error) bool {
	for _, target := range []error{store.ErrBusy, store.ErrMissing, store.ErrLost, store.ErrEmpty, store.ErrForeign,
		store.ErrDamaged, store.ErrDenied, ledger.ErrNewer, postgres.ErrSettings, postgres.ErrNewer} {
		if errors.Is(err, target) {
			return true
		}
	}
	var problems config.Problems
	return errors.As(err, &problems)
}

func (p *program) complain(err error) {
	for line := range strings.SplitSeq(strings.TrimRight(err.Error(), "\n"), "\n") {
		fmt.Fprintln(p.stderr, line)
	}
}

// warn tells of what nobody else tells: to the log, or to the person at a terminal.
func (p *program) warn(what string, err error) {
	if isTerminal(p.stderr) {
		fmt.Fprintf(p.stderr, "%s: %v\n", what, err)
		return
	}
	p.log.Error(what, "error", err)
}

func (p *program) root() *cobra.Command {
	root := &cobra.Command{
		Use:   "digestd",
		Short: "A newsletter digest mailer",
		Long: "digestd collects items from topic feeds all day long, composes an edition of each digest at its slot,\n" +
			"and hands it to every subscriber over SMTP. No news lost, no reader lost, nothing twice.",
		Version:           buildInfo().String(), // what --version prints
		SilenceErrors:     true,
		SilenceUsage:      true,
		PersistentPreRunE: func(c *cobra.Command, _ []string) error { p.log = p.logger(c.Name() == "run"); return nil },
		RunE: func(c *cobra.Command, args []string) error {
			if len(args) > 0 {
				return fmt.Errorf("unknown command %q", args[0])
			}
			if _, err := config.Find(p.configFlag, os.Getenv); err != nil && p.configFlag == "" {
				return p.print(map[string]string{"first": "init"}, func(w io.Writer) { fmt.Fprint(w, firstSteps) })
			}
			return c.Help()
		},
	}
	root.SetVersionTemplate("digestd {{.Version}}\n")
	root.Flags().Bool("version", false, "print the version, as the command of that name does")
	root.PersistentFlags().StringVar(&p.configFlag, "config", "", "configuration `FILE` (default: $DIGESTD_CONFIG, ./config.toml, /etc/digestd/config.toml)")
	root.PersistentFlags().BoolVar(&p.json, "json", false, "print one JSON object on stdout and nothing else there")
	root.PersistentFlags().BoolVarP(&p.verbose, "verbose", "v", false, "log what happens in detail")
	root.PersistentFlags().BoolVar(&p.attended, attendedFlag, false, "")
	root.PersistentFlags().MarkHidden(attendedFlag)
	root.SetFlagErrorFunc(func(c *cobra.Command, err error) error {
		return usagef("%w (see %s --help)", err, c.CommandPath())
	})
	root.AddCommand(runCommand(p), holder(p), reloadCommand(p), collectCommand(p), sendCommand(p), resumeCommand(p),
		previewCommand(p), replayCommand(p), checkCommand(p), statusCommand(p), whyCommand(p), feedsCommand(p),
		curateCommand(p), subscribersCommand(p), inboundCommand(p), editionsCommand(p), archiveCommand(p), pauseCommand(p), deskCommand(p),
		deskStateCommand(p), templatesCommand(p),
		initCommand(p), alertCommand(p), backupCommand(p), ledgerCommand(p), dkimCommand(p), demoCommand(p), versionCommand(p))
	// cobra never forgets a flag that completes, and so whatever its command holds. No shell completes what crossed.
	if p.held == nil {
		root.InitDefaultCompletionCmd()
		completeValues(p, root)
	}
	usageArgs(root)
	return root
}

// firstSteps is what digestd says, alone, to somebody who has no configuration yet.
const firstSteps = `There is no configuration yet, neither here nor in /etc/digestd.

  digestd demo     shows what it does: invented news, three inboxes, nothing leaves this machine
  digestd init     asks a few questions, and writes the config.toml of your newsletter
  digestd --help   all commands
`

// usageArgs makes wrong arguments of any command exit 2, with the command's own usage line.
func usageArgs(c *cobra.Command) {
	switch check := c.Args; {
	case c.HasSubCommands() && (check == nil || !c.Runnable()):
		c.SuggestionsMinimumDistance = suggestionDistance
		c.Args = func(c *cobra.Command, args []string) error {
			if len(args) > 0 {
				return usagef("unknown command %q of %s%s", args[0], c.CommandPath(), suggestion(c, args[0]))
			}
			return nil
		}
		if !c.Runnable() { // cobra looks at the arguments of what it can run alone
			c.RunE = func(c *cobra.Command, _ []string) error { return c.Help() }
			c.DisableFlagsInUseLine = true
		}
	case check != nil:
		c.Args = func(c *cobra.Command, args []string) error {
			if err := check(c, args); err != nil {
				return usagef("%w (usage: %s)", err, c.UseLine())
			}
			return nil
		}
	}
	for _, sub := range c.Commands() {
		usageArgs(sub)
	}
}

// suggestionDistance is how many letters a mistyped command may be off to be guessed.
const suggestionDistance = 2

func suggestion(c *cobra.Command, word string) string {
	if near := c.SuggestionsFor(word); len(near) > 0 {
		return fmt.Sprintf("; did you mean %q?", near[0])
	}
	return ""
}

// logger writes to stderr. At a terminal, commands say themselves what happened: there the daemon alone logs.
func (p *program) logger(daemon bool) *slog.Logger {
	level := slog.LevelInfo
	switch {
	case p.verbose:
		level = slog.LevelDebug
	case isTerminal(p.stderr) && !daemon:
		return slog.New(slog.DiscardHandler)
	}
	if toJournal(p.stderr, os.Getenv) {
		return slog.New(newJournalHandler(p.stderr, level))
	}
	return slog.New(slog.NewTextHandler(p.stderr, &slog.HandlerOptions{Level: level}))
}

func isTerminal(w io.Writer) bool {
	f, ok := w.(*os.File)
	return ok && term.IsTerminal(int(f.Fd()))
}

// print writes the result of a command: as JSON with --json, else through human.
func (p *program) print(result any, human func(w io.Writer)) error {
	if !p.json {
		out := bufio.NewWriter(p.stdout) // it keeps the first error: a list that went to a full disk is not done
		human(out)
		return out.Flush()
	}
	raw, err := json.MarshalIndent(result, "", "  ")
	if err != nil {
		return err
	}
	_, err = fmt.Fprintf(p.stdout, "%s\n", raw)
	return err
}

// printWith prints a result, and then what went wrong, which makes the command exit 1.
func printWith(p *program, wrong []string, result any, human func(w io.Writer)) error {
	if err := p.print(result, human); err != nil {
		return err
	}
	for _, w := range wrong {
		fmt.Fprintln(p.stderr, w)
	}
	if len(wrong) > 0 {
		return errIncomplete
	}
	return nil
}

// plural is "1 item", "2 items".
func plural(n int, word string) string {
	if n == 1 {
		return "1 " + word
	}
	if strings.HasSuffix(word, "s") {
		return fmt.Sprintf("%d %ses", n, word)
	}
	if strings.HasSuffix(word, "y") {
		return fmt.Sprintf("%d %sies", n, strings.TrimSuffix(word, "y"))
	}
	return fmt.Sprintf("%d %ss", n, word)
}
