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
	"digestd/internal/config"
	"digestd/internal/control"
	"digestd/internal/ledger"
	"digestd/internal/ledger/store/bolt"
	"digestd/internal/newsroom"
	"digestd/internal/report"
	"digestd/mailer"
	"digestd/templates"
)

// access is what a command wants of the ledger.
type access bool

const (
	reading access = false
	writing access = true
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
	sets := map[string]*render.Set{}
	cfg, problems := config.Load(path, config.Env{Getenv: os.Getenv, Version: version, CheckTemplates: func(d digest.Digest) (err error) {
		if p.sawTemplates != nil {
			p.sawTemplates(d.Template)
		}
		sets[d.ID], err = render.Load(templates.FS, d.Template, d.Subject)
		return err
	}})
	if len(problems) > 0 {
		return nil, nil, problems
	}
	return cfg, sets, nil
}

// opened is a configuration at work on a ledger, and all that a command may want of the two.
type opened struct {
	Config     *config.Config
	Ledger     *ledger.Ledger
	Composer   *newsroom.Composer
	Publisher  *newsroom.Publisher
	Receiver   *newsroom.Receiver
	Report     report.Reporter
	transport  mailer.Transport // of the publisher; test copies go over it directly
	uncomposed func() map[digest.Lane]report.Uncomposed
}

// pipeline opens what a command needs to collect, compose and deliver; done closes it. Where another
// process holds the ledger, the whole command runs there, and the error is its exit status (forwarded).
func (p *program) pipeline(ctx context.Context, want access) (line *opened, done func(), err error) {
	return p.pipelineFor(ctx, want, admitAll)
}

// admitAll is for commands whose arguments need no configuration to be judged.
func admitAll(*config.Config) error { return nil }

// pipelineFor is pipeline for a command whose arguments can be held against the configuration: admit does that
// before anything is made or asked.
func (p *program) pipelineFor(ctx context.Context, want access, admit func(*config.Config) error) (line *opened, done func(), err error) {
	if p.held != nil {
		if err := admit(p.held.Config); err != nil {
			return nil, nil, err
		}
		return p.held, func() {}, nil
	}
	cfg, sets, err := p.load()
	if err == nil {
		err = admit(cfg)
	}
	if err != nil {
		return nil, nil, err
	}
	l, err := p.openLedger(ctx, cfg, want)
	if err != nil {
		return nil, nil, err
	}
	line, err = p.assemble(cfg, sets, l)
	if err != nil {
		l.Close()
		return nil, nil, err
	}
	if want == reading {
		return line, func() { l.Close() }, nil
	}
	// Whoever writes may take long, so others reach the ledger through it.
	p.secondSignal(ctx)
	socket, err := control.Listen(cfg.Ledger.Path, p.runner(line), p.log)
	if err != nil {
		p.log.Warn("other digestd commands can't reach this one", "error", err)
		return line, func() { l.Close() }, nil
	}
	return line, func() { socket.Drain(ctx); l.Close() }, nil
}

// looking opens the ledger for reading. Where there is none yet, it makes an empty one elsewhere, which is
// forgotten at the end (isNew): looking changes nothing.
func (p *program) looking(ctx context.Context) (line *opened, done func(), isNew bool, err error) {
	return p.lookingFor(ctx, admitAll)
}

// lookingFor is looking for a command whose arguments can be held against the configuration.
func (p *program) lookingFor(ctx context.Context, admit func(*config.Config) error) (line *opened, done func(), isNew bool, err error) {
	line, done, err = p.pipelineFor(ctx, reading, admit)
	if !errors.Is(err, bolt.ErrMissing) {
		return line, done, false, err
	}
	cfg, sets, err := p.load()
	if err != nil {
		return nil, nil, false, err
	}
	dir, err := os.MkdirTemp("", "digestd-looking-")
	if err != nil {
		return nil, nil, false, err
	}
	l, err := ledger.Open(bolt.At(filepath.Join(dir, "empty.db"), bolt.Options{}), p.now)
	if err != nil {
		os.RemoveAll(dir)
		return nil, nil, false, err
	}
	done = func() { l.Close(); os.RemoveAll(dir) }
	quiet := *p // what fails is said by the command, once
	quiet.log = slog.New(slog.DiscardHandler)
	if line, err = quiet.assemble(cfg, sets, l); err != nil {
		done()
		return nil, nil, false, err
	}
	return line, done, true, nil
}

// openLedger opens the ledger, or runs the command where it is open.
func (p *program) openLedger(ctx context.Context, cfg *config.Config, want access) (*ledger.Ledger, error) {
	for deadline := p.now().Add(5 * time.Second); ; {
		// A daemon never lets go of the ledger, so there is no point in waiting long before asking it.
		l, err := ledger.Open(bolt.At(cfg.Ledger.Path, bolt.Options{ReadOnly: want == reading, Timeout: 100 * time.Millisecond}), p.now)
		if !errors.Is(err, bolt.ErrBusy) {
			return l, err
		}
		status, ferr := control.Forward(ctx, cfg.Ledger.Path, control.Request{Args: p.forwardArgs(cfg), Stdin: p.input}, p.stdout, p.stderr)
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

// forwardArgs are the command's arguments as they mean the same in another process.
func (p *program) forwardArgs(cfg *config.Config) []string {
	return append([]string{"--config", cfg.Path}, p.args...)
}

// runner runs commands that come through the control socket, on what this process has open.
func (p *program) runner(line *opened) control.Runner {
	return p.runnerOf(func() *opened { return line })
}

// assemble puts together what works on a ledger.
func (p *program) assemble(cfg *config.Config, sets map[string]*render.Set, l *ledger.Ledger) (*opened, error) {
	post, err := p.newPost(cfg, l.Mail(), nil)
	if err != nil {
		return nil, err
	}
	return p.assembleWith(post, cfg, sets, l)
}

// assembleWith puts together what works on a ledger, its mail leaving by a post.
func (p *program) assembleWith(post *post, cfg *config.Config, sets map[string]*render.Set, l *ledger.Ledger) (*opened, error) {
	composer, err := p.composer(cfg, sets, l)
	if err != nil {
		return nil, err
	}
	return &opened{
		Config: cfg, Ledger: l, Composer: composer, transport: post.transport,
		Publisher: &newsroom.Publisher{
			Composer: composer, Ledger: l, Collector: p.collector(cfg, l.Items), Mailer: post.mailer, Log: p.log,
		},
		Receiver:   &newsroom.Receiver{Config: cfg, Ledger: l, Now: p.now, Log: p.log},
		Report:     report.Reporter{Config: cfg, Ledger: report.Of(l), Now: p.now},
		uncomposed: func() map[digest.Lane]report.Uncomposed { return nil }, // which only a daemon knows
	}, nil
}

// composer is what a preview needs, and no more.
func (p *program) composer(cfg *config.Config, sets map[string]*render.Set, l *ledger.Ledger) (*newsroom.Composer, error) {
	key, err := signer(cfg)
	if err != nil {
		return nil, err
	}
	pages := newsroom.Renderer{Config: cfg, Templates: sets}
	return &newsroom.Composer{Renderer: pages, Ledger: newsroom.PastOf(l), Signer: key, Random: rand.Reader, Now: p.now}, nil
}

func (p *program) collector(cfg *config.Config, l collect.Ledger) *collect.Collector {
	var private []netip.Prefix
	for _, cidr := range cfg.Collect.AllowPrivateNetworks {
		private = append(private, netip.MustParsePrefix(cidr)) // the config has checked them
	}
	return collect.New(collect.Options{
		Every: cfg.Collect.Every, Lookback: cfg.Collect.Lookback, Timeout: cfg.Collect.Timeout, MaxSize: cfg.Collect.MaxSize,
		Concurrency: cfg.Collect.Concurrency, PerHost: cfg.Collect.PerHost, UserAgent: cfg.Collect.UserAgent, AllowPrivateNetworks: private,
	}, l, p.now, p.log)
}
