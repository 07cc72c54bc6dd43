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
	"syscall"
	"time"

	"github.com/spf13/cobra"

	"digestd/internal/config"
	"digestd/internal/control"
	"digestd/internal/daemon"
	"digestd/internal/ledger"
	"digestd/internal/ledger/store"
	"digestd/internal/ledger/store/bolt"
	"digestd/internal/newsroom"
	"digestd/internal/report"
	"digestd/internal/web"
)

func runCommand(p *program) *cobra.Command {
	return &cobra.Command{
		Use:   "run",
		Short: "The daemon, in the foreground",
		Long: "Collect all day, compose and send each lane's edition at its slot, retry what is deferred. SIGTERM and SIGINT end it\n" +
			"with the messages in flight delivered and the rest owed; a second one ends it at once. SIGHUP reads the\n" +
			"configuration anew. Started by systemd, a wrong configuration ends it with 78 (EX_CONFIG): a crash never does.",
		Args: cobra.NoArgs,
		RunE: func(c *cobra.Command, _ []string) error {
			p.service = os.Getenv("NOTIFY_SOCKET") != ""
			return runDaemon(c.Context(), p)
		},
	}
}

func runDaemon(ctx context.Context, p *program) error {
	if p.held != nil {
		return usagef("%s: %w", p.held.Ledger.Path(), store.ErrBusy)
	}
	first, err := p.open(ctx, want{write: true, daemon: true})
	if err != nil {
		return err
	}
	defer first.close()
	r := newReloads(p, first)
	loop := daemon.NewLoop(r.rooms(), r.reload, p.log)
	hangup := make(chan os.Signal, 1)
	signal.Notify(hangup, syscall.SIGHUP)
	defer signal.Stop(hangup)
	loop.Hangup = hangup
	loop.Systemd(p.log)

	p.reload, p.nudge = r.through(loop.Reload), loop.Nudge
	cfg, l := first.Config, first.Ledger
	socket, err := control.Listen(cfg.Ledger.Path, p.runnerOf(r.current.Load), p.log)
	if err != nil {
		return err
	}
	defer socket.Close()

	if cfg.Web != nil {
		answers, err := answer(p, l, r.current.Load, r.tally, loop.Nudge, *cfg.Web)
		if err != nil {
			return err
		}
		defer answers() // after the messages in flight, whose links it answers
	}
	defer attend(ctx, p, r.current.Load)()
	p.secondSignal(ctx)
	p.log.Info("digestd runs", "version", version, "config", cfg.Path, "ledger", l.Path(), "transport",
		cfg.Delivery.Transport)
	if err := loop.Run(ctx); !errors.Is(err, daemon.ErrEnded) {
		return err
	}
	p.log.Info("digestd has ended")
	return errEnded
}

// answer serves the pages for readers, as the configuration has them at the time, and what a monitoring system asks
// for: at an address of its own, or beside the pages; health alone there, where the configuration names none.
func answer(
	p *program, l *ledger.Ledger, current func() *opened, tally *report.Tally, wake func(), at config.Web,
) (end func(), err error) {
	site := func() web.Site {
		o := current()
		return web.Site{Config: o.Config, Sets: o.Composer.Templates, SignUps: registrar{o.Publisher, wake}}
	}
	server, err := web.New(l, site, p.now, p.log)
	if err != nil {
		return nil, err
	}
	health := web.Health(func() []report.Problem { return current().Report.Problems(current().known()) }, p.now)
	monitoring := map[string]http.Handler{
		"/healthz": health,
		"/metrics": web.Metrics(version, func() (report.Figures, error) { return current().Report.Figures(tally, current().known()) }),
	}
	switch at.Metrics {
	case "": // it says how many problems there are, and no more
		server.Also = map[string]http.Handler{"/healthz": health}
	case at.Listen:
		server.Also = monitoring
	}
	readers, err := server.Listen(at.Listen)
	if err != nil {
		return nil, err
	}
	p.log.Info("answering readers", "listen", readers.Addr())
	if at.Metrics == "" || at.Metrics == at.Listen {
		return readers.Close, nil
	}
	figures, err := web.ListenForFigures(at.Metrics, monitoring, p.log)
	if err != nil {
		readers.Close()
		return nil, err
	}
	p.log.Info("answering for health and metrics", "metrics", figures.Addr())
	return func() { figures.Close(); readers.Close() }, nil
}

// registrar takes sign-ups, and lets their mails go at once.
type registrar struct {
	*newsroom.Publisher
	wake func()
}

func (r registrar) Ask(request ledger.Request) error {
	defer r.wake()
	return r.Publisher.Ask(request)
}

func (r registrar) Confirm(id string) (ledger.Request, bool, error) {
	defer r.wake()
	return r.Publisher.Confirm(id)
}

// errEnded is how run ends on a signal: exit 0.
var errEnded = forwarded{exitDone}

// patience is how long a daemon that starts waits for a command to let go of the ledger.
const patience = time.Minute

// holderCommand is what a process asks of the one that holds the ledger: whether that is a daemon.
const holderCommand = "holder"

// awaitLedger opens the ledger for a daemon. Where another daemon has it, that is a mistake, and said at once; a
// command (a backup, a send by hand) lets go of it after a while.
func (p *program) awaitLedger(ctx context.Context, cfg *config.Config) (*ledger.Ledger, error) {
	if shares(cfg) && p.daemonHere(ctx, cfg) {
		return nil, usagef("a daemon is running on this machine already, and one is enough: it answers on %s", control.Path(cfg.Ledger.Path))
	}
	for deadline := p.now().Add(patience); ; {
		l, err := ledger.Open(engine(cfg, bolt.Options{}), p.now)
		if !errors.Is(err, store.ErrBusy) {
			p.warnOfDamage(l, err)
			return l, err
		}
		if p.daemonHere(ctx, cfg) {
			return nil, usageError{fmt.Errorf("%w: a daemon is running on it already, and one ledger serves one daemon",
				err)}
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

// daemonHere asks whoever answers on the control socket whether they are a daemon.
func (p *program) daemonHere(ctx context.Context, cfg *config.Config) bool {
	var holder strings.Builder
	whether := control.Request{Args: []string{holderCommand}}
	_, err := control.Forward(ctx, cfg.Ledger.Path, whether, &holder, io.Discard)
	return err == nil && holder.String() == "daemon\n"
}

// holder tells whether the process that holds the ledger is a daemon.
func holder(p *program) *cobra.Command {
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

// sameWish is how long after the first signal another one is the same wish: timeout, sudo, npm and terminals send two.
const sameWish = 2 * time.Second

// secondSignal ends the process at once when, after the first signal, another one comes that is a wish of its own. What
// is in flight is then in doubt, as after a kill.
func (p *program) secondSignal(ctx context.Context) {
	signals := make(chan os.Signal, 2)
	signal.Notify(signals, os.Interrupt, syscall.SIGTERM)
	came := ctx.Err() != nil // the first one, before this channel was there
	go func() {
		awaitSecond(signals, came, time.Now, func() {
			if isTerminal(p.stderr) {
				fmt.Fprintln(p.stderr, "finishing what is in flight; a second signal ends it at once")
			}
		})
		p.log.Warn("second signal: ending at once")
		os.Exit(exitInterrupted)
	}()
}

// awaitSecond returns when a signal comes that is not the first one, nor the same wish. afterFirst is called after the
// first.
func awaitSecond(signals <-chan os.Signal, came bool, now func() time.Time, afterFirst func()) {
	if !came {
		<-signals
		afterFirst()
	}
	for first := now(); ; {
		if <-signals; now().Sub(first) > sameWish {
			return
		}
	}
}
