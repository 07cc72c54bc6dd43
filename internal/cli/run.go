package cli

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/signal"
	"strings"
	"sync/atomic"
	"syscall"
	"time"

	"github.com/spf13/cobra"

	"digestd/internal/config"
	"digestd/internal/control"
	"digestd/internal/daemon"
	"digestd/internal/ledger"
	"digestd/internal/ledger/store/bolt"
	"digestd/internal/report"
	"digestd/internal/web"
)

func (p *program) runCommand() *cobra.Command {
	return &cobra.Command{
		Use:   "run",
		Short: "The daemon, in the foreground",
		Long: "Collect all day, compose and send each lane's edition at its slot, retry what is deferred. SIGTERM and SIGINT end it\n" +
			"with the messages in flight delivered and the rest owed; a second one ends it at once. SIGHUP reads the\n" +
			"configuration anew. Started by systemd, a wrong configuration ends it with 78 (EX_CONFIG): a crash never does.",
		Args: cobra.NoArgs,
		RunE: func(c *cobra.Command, _ []string) error {
			p.service = os.Getenv("NOTIFY_SOCKET") != ""
			return p.runDaemon(c.Context())
		},
	}
}

func (p *program) runDaemon(ctx context.Context) error {
	if p.held != nil {
		return usagef("%s: %w", p.held.Ledger.Path(), bolt.ErrBusy)
	}
	cfg, sets, err := p.load()
	if err != nil {
		return err
	}
	l, err := p.openForDaemon(ctx, cfg)
	if err != nil {
		return err
	}
	defer l.Close()
	post, err := p.newPost(cfg, l.Mail(), nil)
	if err != nil {
		return err
	}
	line, err := p.assembleWith(post, cfg, sets, l)
	if err != nil {
		return err
	}
	alerts, tally := daemon.NewAlerts(), report.NewTally() // which outlive reloads
	var current atomic.Pointer[opened]
	roomsOf := func(line *opened) *daemon.Rooms {
		line.Publisher.Mailer, line.uncomposed = tally.Over(line.Publisher.Mailer), alerts.Uncomposed
		current.Store(line)
		return &daemon.Rooms{Publisher: line.Publisher, Report: line.Report, Alerts: alerts}
	}
	loop := daemon.NewLoop(roomsOf(line), func() (*daemon.Rooms, error) {
		cfg, sets, err := p.load()
		if err != nil {
			return nil, err
		}
		if keys := needRestart(current.Load().Config, cfg); len(keys) > 0 {
			return nil, fmt.Errorf("%s: a running daemon can't change %s: set it back, or restart digestd",
				cfg.Path, strings.Join(keys, ", "))
		}
		nextPost, err := p.newPost(cfg, l.Mail(), post)
		if err != nil {
			return nil, err
		}
		next, err := p.assembleWith(nextPost, cfg, sets, l)
		if err != nil {
			return nil, err
		}
		post = nextPost
		return roomsOf(next), nil
	}, p.log)
	hangup := make(chan os.Signal, 1)
	signal.Notify(hangup, syscall.SIGHUP)
	defer signal.Stop(hangup)
	loop.Hangup = hangup
	loop.Systemd(p.log)

	p.reload = loop.Reload
	socket, err := control.Listen(l.Path(), p.runnerOf(current.Load), p.log)
	if err != nil {
		return err
	}
	defer socket.Close()

	if cfg.Web != nil {
		answers, err := p.answerReaders(l, current.Load, tally, cfg.Web.Listen)
		if err != nil {
			return err
		}
		defer answers.Close() // behind the messages in flight, whose links it answers
	}
	p.secondSignal(ctx)
	p.log.Info("digestd runs", "version", version, "config", cfg.Path, "ledger", l.Path(), "transport", cfg.Delivery.Transport)
	if err := loop.Run(ctx); !errors.Is(err, daemon.ErrEnded) {
		return err
	}
	p.log.Info("digestd has ended")
	return errEnded
}

// answerReaders serves the pages behind the links of the mail, as the configuration has them at the time, and
// beside them what a monitoring system asks for.
func (p *program) answerReaders(l *ledger.Ledger, current func() *opened, tally *report.Tally, address string) (*web.Listener, error) {
	server, err := web.New(l, func() web.Site { return web.Site{Config: current().Config, Sets: current().Composer.Templates} }, p.now, p.log)
	if err != nil {
		return nil, err
	}
	server.Also = map[string]http.Handler{
		"/healthz": web.Health(func() []report.Problem { return current().Report.Problems(current().uncomposed()) }, p.now),
		"/metrics": web.Metrics(version, func() (report.Figures, error) { return current().Report.Figures(tally, current().uncomposed()) }),
	}
	listener, err := server.Listen(address)
	if err == nil {
		p.log.Info("answering readers", "listen", listener.Addr())
	}
	return listener, err
}

// needRestart names the keys in which two configurations differ and that a running daemon can't change.
func needRestart(old, next *config.Config) []string {
	var keys []string
	if next.Ledger.Path != old.Ledger.Path {
		keys = append(keys, "[ledger] path")
	}
	if listensAt(next) != listensAt(old) {
		keys = append(keys, "[web] listen")
	}
	return keys
}

// listensAt is the address of the listener for readers, if there is one.
func listensAt(cfg *config.Config) string {
	if cfg.Web == nil {
		return ""
	}
	return cfg.Web.Listen
}

// errEnded is how run ends on a signal: exit 0.
var errEnded = forwarded{exitDone}

// patience is how long a daemon that starts waits for a command to let go of the ledger.
const patience = time.Minute

// holderCommand is what a process asks of the one that holds the ledger: whether that is a daemon.
const holderCommand = "holder"

// openForDaemon opens the ledger. Where another daemon has it, that is a mistake, and said at once; a
// command (a backup, a send by hand) lets go of it after a while.
func (p *program) openForDaemon(ctx context.Context, cfg *config.Config) (*ledger.Ledger, error) {
	for deadline := p.now().Add(patience); ; {
		l, err := ledger.Open(bolt.At(cfg.Ledger.Path, bolt.Options{}), p.now)
		if !errors.Is(err, bolt.ErrBusy) {
			return l, err
		}
		var holder strings.Builder
		if _, ferr := control.Forward(ctx, cfg.Ledger.Path, control.Request{Args: []string{holderCommand}}, &holder, io.Discard); ferr == nil && holder.String() == "daemon\n" {
			return nil, usageError{fmt.Errorf("%w: a daemon is running on it already, and one ledger serves one daemon", err)}
		}
		if ctx.Err() != nil {
			return nil, ctx.Err()
		}
		if p.now().After(deadline) {
			// Not wrapped: this is no mistake, exits 1, and the service manager tries again.
			return nil, fmt.Errorf("%v: a command has held it for %s", err, patience)
		}
		p.log.Warn("a command holds the ledger: waiting for it", "ledger", cfg.Ledger.Path)
	}
}

// holderOf tells whether the process that holds the ledger is a daemon.
func (p *program) holderOf() *cobra.Command {
	return &cobra.Command{
		Use:    holderCommand,
		Hidden: true,
		Args:   cobra.NoArgs,
		RunE: func(*cobra.Command, []string) error {
			switch {
			case p.held == nil:
				fmt.Fprintln(p.stdout, "nobody")
			case p.reload == nil:
				fmt.Fprintln(p.stdout, "command")
			default:
				fmt.Fprintln(p.stdout, "daemon")
			}
			return nil
		},
	}
}

// secondSignal ends the process at once when, after the first signal, another one comes. What is in flight
// is then in doubt, as after a kill.
func (p *program) secondSignal(ctx context.Context) {
	signals := make(chan os.Signal, 2)
	signal.Notify(signals, os.Interrupt, syscall.SIGTERM)
	left := 2
	if ctx.Err() != nil {
		left = 1 // the first one came before this channel was there
	}
	go func() {
		for ; left > 0; left-- { // counted here, since ctx may end before this channel has heard of the first one
			<-signals
			if left > 1 && isTerminal(p.stderr) {
				fmt.Fprintln(p.stderr, "finishing what is in flight; a second signal ends it at once")
			}
		}
		p.log.Warn("second signal: ending at once")
		os.Exit(exitInterrupted)
	}()
}

func (p *program) reloadCommand() *cobra.Command {
	return &cobra.Command{
		Use:   "reload",
		Short: "Make the running daemon read its configuration anew",
		Long: "Make the running daemon read configuration, subscribers and templates anew, and wait for it. Where something is wrong\n" +
			"with them, it is printed, the exit status is 2, and the old ones stay in force.",
		Args: cobra.NoArgs,
		RunE: func(c *cobra.Command, _ []string) error {
			if p.held != nil { // this is the daemon, asked through its socket
				if p.reload == nil {
					return usagef("another command holds the ledger, not a daemon: there is nothing to reload")
				}
				if err := p.reload(c.Context()); err != nil {
					return usageError{fmt.Errorf("%w\nnothing was reloaded: the running daemon keeps the configuration that it has", err)}
				}
				return p.print(map[string]bool{"reloaded": true}, func(w io.Writer) { fmt.Fprintln(w, "the new configuration is in force") })
			}
			// Only where the daemon is must be known here. What is wrong with the rest, it says itself: it has
			// credentials that this process may lack, also where systemd runs it for ExecReload=.
			path, err := config.Find(p.configFlag, os.Getenv)
			if err != nil {
				return usageError{err}
			}
			at, err := config.LedgerPath(path, config.Env{Getenv: os.Getenv})
			if err != nil {
				if _, _, all := p.load(); all != nil {
					err = all
				}
				return fmt.Errorf("%w\nnothing was reloaded: the running daemon keeps the configuration that it has", err)
			}
			status, err := control.Forward(c.Context(), at, control.Request{Args: p.args}, p.stdout, p.stderr)
			if errors.Is(err, control.ErrNobody) {
				return usagef("no daemon runs on %s: %w\nif another [ledger] path was set while it runs, that needs a restart", at, err)
			}
			if err != nil {
				return err
			}
			return forwarded{status}
		},
	}
}
