package cli

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"log/slog"
	"net/netip"
	"os"
	"path/filepath"
	"time"

	"digestd/digest"
	"digestd/digest/collect"
	"digestd/digest/render"
	"digestd/internal/command"
	"digestd/internal/config"
	"digestd/internal/control"
	"digestd/internal/daemon"
	"digestd/internal/ledger"
	"digestd/internal/ledger/store"
	"digestd/internal/ledger/store/bolt"
	"digestd/internal/ledger/store/memory"
	"digestd/internal/newsroom"
	"digestd/internal/report"
	"digestd/mailer/mailbox"
	"digestd/subscribers"
	"digestd/templates"

	"github.com/spf13/cobra"
)

// forwarded is how a command ends that ran in the process that holds the ledger: with its exit status.
type forwarded struct{ status int }

func (f forwarded) Error() string { return fmt.Sprintf("exit status %d", f.status) }

// load finds and reads the configuration, and the templates of its digests with it: everything that can
// be wrong is said at once.
func (p *program) load() (*config.Config, map[string]*render.Set, error) {
	if p.held != nil {
		return p.held.Config, p.held.Composer.Templates, nil
	}
	path, err := config.Find(p.configFlag, os.Getenv)
	if err != nil {
		return nil, nil, usageError{err}
	}
	cfg, sets, err := p.loadFrom(path)
	var problems config.Problems
	if other := config.PassedOver(p.configFlag, os.Getenv); other != "" && errors.As(err, &problems) {
		err = append(problems, config.Problem{Place: subscribers.Place{File: path}, Text: other})
	}
	return cfg, sets, err
}

// loadFrom reads the configuration of a file.
func (p *program) loadFrom(path string) (*config.Config, map[string]*render.Set, error) {
	sets := map[string]*render.Set{}
	checkTemplates := func(d digest.Digest) (err error) {
		if p.sawTemplates != nil {
			p.sawTemplates(d.Template)
		}
		sets[d.ID], err = render.Load(templates.FS, d.Template, d.Subject)
		return err
	}
	cfg, problems := config.Load(path,
		config.Env{Getenv: os.Getenv, Version: version, CheckTemplates: checkTemplates})
	if len(problems) > 0 {
		return nil, nil, problems
	}
	return cfg, sets, nil
}

// opened is a configuration at work on a ledger, and all that a command may want of the two. It is closed with close.
type opened struct {
	Config    *config.Config
	Ledger    *ledger.Ledger
	Composer  *newsroom.Composer
	Publisher *newsroom.Publisher
	Receiver  *newsroom.Receiver
	Report    report.Reporter
	mailbox   *mailbox.Box // nil: there is none
	meanings  *meanings    // nil: words alone tell
	outbound  *outbound    // of the publisher; test copies go over its transport directly
	known     func() report.Known
	alerts    *daemon.Alerts // of a running daemon
	isNew     bool           // the ledger is an empty one, since there is none yet
	close     func()         // lets go of the ledger
}

// want is what a command wants opened; the zero value is to read all there is.
type want struct {
	// write is to change the ledger too. Others reach it through this process meanwhile.
	write bool
	// admit holds the command's arguments against the configuration, before anything is made or asked. It may be nil.
	admit func(*config.Config) error
	// mayMiss is to look at an empty ledger where there is none yet. It is made in memory, and forgotten when it
	// is closed: looking changes nothing.
	mayMiss bool
	// ledgerOnly is to have the ledger for a moment, without what sending mail needs: that may be out of the reach of
	// a mail server that runs the command.
	ledgerOnly bool
	// daemon is to have the ledger until the process ends. The caller lets others reach it.
	daemon bool
	// digests is to hold that the command's arguments are digests of the configuration.
	digests bool
}

// withOpened makes a command of what is done with what it has opened.
func withOpened(
	p *program, want want, do func(c *cobra.Command, o *opened, args []string) error,
) func(*cobra.Command, []string) error {
	return func(c *cobra.Command, args []string) error {
		want := want
		if want.digests {
			want.admit = areDigests(args...)
		}
		o, err := p.open(c.Context(), want)
		if err != nil {
			return err
		}
		defer o.close()
		return do(c, o, args)
	}
}

// open is the one door to configuration, ledger, and what works on the two. Where another process holds the ledger,
// the whole command runs there, and the error is its exit status (forwarded).
func (p *program) open(ctx context.Context, want want) (*opened, error) {
	cfg, sets, err := p.load()
	if err == nil && want.admit != nil {
		err = want.admit(cfg)
	}
	if err != nil {
		return nil, err
	}
	if p.held != nil {
		lent := *p.held
		lent.close = func() {}
		return &lent, nil
	}
	l, err := p.openLedger(ctx, cfg, want)
	isNew := want.mayMiss && errors.Is(err, store.ErrMissing)
	if isNew {
		quiet := *p // what fails is said by the command, once
		quiet.log = slog.New(slog.DiscardHandler)
		p = &quiet
		l, err = ledger.Open(memory.New().Open, p.now)
	}
	if err != nil {
		return nil, err
	}
	var o *opened
	if want.write && !want.ledgerOnly {
		err = carryOn(p, cfg, l)
	}
	if err == nil {
		o, err = assemble(p, cfg, sets, l, want.ledgerOnly, nil)
	}
	if err != nil {
		l.Close()
		return nil, err
	}
	o.isNew, o.close = isNew, func() { l.Close() }
	if !want.write || want.ledgerOnly || want.daemon {
		return o, nil
	}
	p.secondSignal(ctx)
	if l.Senders.Several() { // others reach the ledger themselves
		leave := attend(ctx, p, func() *opened { return o })
		o.close = func() { leave(); l.Close() }
		return o, nil
	}
	socket, err := control.Listen(cfg.Ledger.Path, p.runnerOf(func() *opened { return o }), p.log)
	if err != nil {
		p.warn("other digestd commands can't reach this one", err)
		return o, nil
	}
	o.close = func() { socket.Drain(ctx); l.Close() }
	return o, nil
}

// carryOn carries digests along that have another name now.
func carryOn(p *program, cfg *config.Config, l *ledger.Ledger) error {
	for _, d := range cfg.Digests {
		for _, before := range d.Formerly {
			carried, err := l.Rename(before, d.ID)
			if err != nil {
				return err
			}
			if carried {
				p.log.Info("a digest goes on under another name", "before", before, "now", d.ID)
			}
		}
	}
	return nil
}

// openLedger opens the ledger, or runs the command where it is open.
func (p *program) openLedger(ctx context.Context, cfg *config.Config, want want) (*ledger.Ledger, error) {
	if want.daemon {
		return p.awaitLedger(ctx, cfg)
	}
	for deadline := p.now().Add(5 * time.Second); ; {
		// A daemon never lets go of the ledger, so there is no point in waiting long before asking it.
		options := bolt.Options{ReadOnly: !want.write, Timeout: 100 * time.Millisecond}
		l, err := ledger.Open(engine(cfg, options), p.now)
		if !errors.Is(err, store.ErrBusy) {
			p.warnOfDamage(l, err)
			return l, err
		}
		here := control.Request{Args: append([]string{"--config", cfg.Path}, p.args...), Stdin: p.input}
		if watched(p) {
			here.Args = append([]string{"--" + attendedFlag}, here.Args...)
		}
		status, ferr := control.Forward(ctx, cfg.Ledger.Path, here, p.stdout, p.stderr)
		switch {
		case ferr == nil:
			return nil, forwarded{status}
		case !errors.Is(ferr, control.ErrNobody):
			return nil, ferr
		case p.now().After(deadline): // a process that only reads holds the ledger for a moment and has no socket
			return nil, fmt.Errorf("%w, which does not answer on %s", err, control.Path(cfg.Ledger.Path))
		}
	}
}

// warnOfDamage says what was passed over when a ledger was opened.
func (p *program) warnOfDamage(l *ledger.Ledger, err error) {
	if err == nil && l.Passed() != nil {
		p.warn("the ledger was damaged", l.Passed())
	}
}

// assemble puts together what works on a ledger. What has the same settings as in before, which may be nil, is
// taken over from there.
func assemble(
	p *program, cfg *config.Config, sets map[string]*render.Set, l *ledger.Ledger, ledgerOnly bool, before *opened,
) (*opened, error) {
	if before == nil {
		before = &opened{}
	}
	o := &opened{
		Config: cfg, Ledger: l,
		Receiver: &newsroom.Receiver{Config: cfg, Ledger: l, Now: p.now, Log: p.log},
		Report:   report.Reporter{Config: cfg, Ledger: report.Of(l), Now: p.now},
		known:    func() report.Known { return report.Known{} },
	}
	err := newsroom.JoinSignups(cfg, l, func(err error) { p.warn("who signed up can't be read: those known last get mail", err) })
	if err != nil || ledgerOnly {
		return o, err
	}
	if o.outbound, err = newOutbound(p, cfg, l.Mail(), before.outbound); err != nil {
		return nil, err
	}
	if o.mailbox, err = newMailbox(p, cfg, o.outbound.cures, before.mailbox); err != nil {
		return nil, err
	}
	if l.Senders.Several() { // it has no part of the rates before it has seen the others
		o.outbound.mailer.Share(0, p.now())
	}
	if o.Composer, err = composer(p, cfg, sets, l); err != nil {
		return nil, err
	}
	if o.meanings, err = newMeanings(p, cfg, before.meanings); err != nil {
		return nil, err
	}
	o.Composer.Meanings = o.meanings.asked()
	o.Publisher = &newsroom.Publisher{
		Composer: o.Composer, Ledger: l, Collector: collector(p, cfg, l.Items), Mailer: o.outbound.mailer, Log: p.log,
		Run:  command.Run,
		Desk: &newsroom.Desk{Composer: o.Composer, Ledger: l, Log: p.log, Transport: o.outbound.transport, Alert: alert(cfg)},
	}
	return o, nil
}

// alert runs [alerts] command; nil where there is none.
func alert(cfg *config.Config) func(ctx context.Context, message string) error {
	if cfg.Alerts.Command == "" {
		return nil
	}
	return func(ctx context.Context, message string) error {
		return command.Run(ctx, cfg.Alerts.Command, filepath.Dir(cfg.Path), message)
	}
}

// composer is what a preview needs, and no more.
func composer(
	p *program, cfg *config.Config, sets map[string]*render.Set, l *ledger.Ledger,
) (*newsroom.Composer, error) {
	key, err := signer(cfg)
	if err != nil {
		return nil, err
	}
	pages := newsroom.Renderer{Config: cfg, Templates: sets}
	return &newsroom.Composer{
		Renderer: pages, Ledger: newsroom.PastOf(l), Signer: key, Random: rand.Reader, Now: p.now,
	}, nil
}

func collector(p *program, cfg *config.Config, l collect.Ledger) *collect.Collector {
	var private []netip.Prefix
	for _, cidr := range cfg.Collect.AllowPrivateNetworks {
		private = append(private, netip.MustParsePrefix(cidr)) // the config has checked them
	}
	return collect.New(collect.Options{
		Every: cfg.Collect.Every, Lookback: cfg.Collect.Lookback, Timeout: cfg.Collect.Timeout,
		MaxSize: cfg.Collect.MaxSize, Concurrency: cfg.Collect.Concurrency, PerHost: cfg.Collect.PerHost,
		UserAgent: cfg.Collect.UserAgent, AllowPrivateNetworks: private,
	}, l, p.now, p.log)
}
