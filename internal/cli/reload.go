package cli

import (
	"context"
	"errors"
	"fmt"
	"os"
	"strings"
	"sync"
	"sync/atomic"

	"github.com/spf13/cobra"

	"digestd/internal/config"
	"digestd/internal/control"
	"digestd/internal/daemon"
	"digestd/internal/report"
)

func reloadCommand(p *program) *cobra.Command {
	var force bool
	c := &cobra.Command{
		Use:   "reload",
		Short: "Make the running daemon read its configuration anew",
		Long: "Make the running daemon read configuration, subscribers and templates anew, and wait for it. Where something is wrong\n" +
			"with them, it is printed, the exit status is 2, and the old ones stay in force. So it is where a list has lost more than\n" +
			"half of its subscribers, or nobody is left: that is more often a file cut short than what somebody meant. --force takes it.",
		Args: cobra.NoArgs,
		RunE: func(c *cobra.Command, _ []string) error {
			if p.held != nil { // this is the daemon, asked through its socket
				if p.reload == nil {
					return usagef("another command holds the ledger, not a daemon: there is nothing to reload")
				}
				change, err := p.reload(c.Context(), force)
				if err != nil {
					return usageError{fmt.Errorf("%w\nnothing was reloaded: the running daemon keeps the configuration that it has", err)}
				}
				return p.print(change, change.print)
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
				return fmt.Errorf("%w\nnothing was reloaded: the running daemon keeps the configuration that it has",
					err)
			}
			status, err := control.Forward(c.Context(), at, control.Request{Args: p.args}, p.stdout, p.stderr)
			if errors.Is(err, control.ErrNobody) {
				return usagef("no daemon runs on %s: %w\nif another [ledger] path was set while it runs, that needs a restart",
					at, err)
			}
			if err != nil {
				return err
			}
			return forwarded{status}
		},
	}
	c.Flags().BoolVar(&force, "force", false, "also where a list has lost most of its subscribers")
	return c
}

// reloads is what a daemon works with: what was opened last, and what outlives each reload.
type reloads struct {
	program *program
	current atomic.Pointer[opened]
	alerts  *daemon.Alerts
	tally   *report.Tally
	asking  sync.Mutex  // held by the command that asks for a reload
	force   atomic.Bool // it takes lists whatever they lost
}

func newReloads(p *program, first *opened) *reloads {
	r := &reloads{program: p, alerts: daemon.NewAlerts(), tally: report.NewTally()}
	r.take(first)
	return r
}

// take puts what was opened in force. All that is delivered counts in one tally, and all that could not be
// composed is remembered in one place.
func (r *reloads) take(next *opened) {
	next.Publisher.Mailer, next.known = r.tally.Over(next.outbound.mailer), r.alerts.Known
	next.alerts = r.alerts
	next.meanings.inBackground(next.Composer)
	next.Publisher.Current = func() *config.Config { return r.current.Load().Config }
	r.current.Store(next)
}

// rooms are what the loop works with now.
func (r *reloads) rooms() *daemon.Rooms { return r.roomsOf(r.current.Load()) }

func (r *reloads) roomsOf(o *opened) *daemon.Rooms {
	return &daemon.Rooms{Publisher: o.Publisher, Report: o.Report, Alerts: r.alerts, Receiver: o.Receiver, Mailbox: o.inbox()}
}

// reload reads configuration, readers, templates and secrets anew. They are in force when the loop says so; where
// something is wrong with them, what is in force stays.
func (r *reloads) reload() (*daemon.Rooms, error) {
	cfg, sets, err := r.program.load()
	if err != nil {
		return nil, err
	}
	old := r.current.Load()
	if keys := needRestart(old.Config, cfg); len(keys) > 0 {
		return nil, fmt.Errorf("%s: a running daemon can't change %s: set it back, or restart digestd",
			cfg.Path, strings.Join(keys, ", "))
	}
	change := changeOf(old.Config.Subscribers, cfg.Subscribers)
	if why := change.refusal(); why != "" && !r.force.Load() {
		return nil, errors.New(why)
	}
	if err := carryOn(r.program, cfg, old.Ledger); err != nil {
		return nil, err
	}
	next, err := assemble(r.program, cfg, sets, old.Ledger, false, old)
	if err != nil {
		return nil, err
	}
	rooms := r.roomsOf(next)
	rooms.InForce = func() {
		r.take(next)
		r.program.log.Info("subscribers", "before", change.Before, "now", change.Now)
	}
	return rooms, nil
}

// through lets a command ask the loop for a reload, and tells what came of it.
func (r *reloads) through(reload func(context.Context) error) func(context.Context, bool) (listChange, error) {
	return func(ctx context.Context, force bool) (listChange, error) {
		if !r.asking.TryLock() {
			return listChange{}, errors.New("a reload is under way already")
		}
		defer r.asking.Unlock()
		old := r.current.Load()
		before := old.Config
		known, err := rememberedBy(old.Ledger)
		if err != nil {
			return listChange{}, err
		}
		r.force.Store(force)
		defer r.force.Store(false)
		if err := reload(ctx); err != nil {
			return listChange{}, err
		}
		now := r.current.Load()
		change := changeOf(before.Subscribers, now.Config.Subscribers)
		change.Warnings = known.crossedBy(now.Config)
		change.newcomers, err = newIn(ctx, before, now.Config, now.Ledger)
		return change, err
	}
}

// needRestart names the keys in which two configurations differ and that a running daemon can't change.
func needRestart(old, next *config.Config) []string {
	var keys []string
	if next.Ledger.Path != old.Ledger.Path {
		keys = append(keys, "[ledger] path")
	}
	if next.Ledger.Postgres != old.Ledger.Postgres || next.Ledger.PasswordFile != old.Ledger.PasswordFile {
		keys = append(keys, "[ledger] postgres")
	}
	was, will := webOf(old), webOf(next)
	if was.Listen != will.Listen {
		keys = append(keys, "[web] listen")
	}
	if was.Metrics != will.Metrics {
		keys = append(keys, "[web] metrics")
	}
	return keys
}

// webOf is [web], empty where there is none.
func webOf(cfg *config.Config) config.Web {
	if cfg.Web == nil {
		return config.Web{}
	}
	return *cfg.Web
}
