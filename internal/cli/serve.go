package cli

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/netip"
	"os"
	"path/filepath"
	"time"

	"digestd/digest"
	"digestd/internal/config"
	"digestd/internal/ledger"
	"digestd/internal/ledger/store"
	"digestd/internal/ledger/store/bolt"
	"digestd/internal/newsroom"
	"digestd/internal/preview"
)

// lookEvery is how often the page's files are looked at for edits.
const lookEvery = 250 * time.Millisecond

// offered is how many addresses the page offers to choose from; any other can be typed.
const offered = 50

// servePreview shows the preview as a page on loopback until ctx ends. It works on a copy of the ledger,
// so that the page can stay open for hours without anybody waiting for it.
func servePreview(ctx context.Context, p *program, digestID, email, at, listen string) error {
	if p.json {
		return usagef("--json does not go with --serve")
	}
	if host, _, err := net.SplitHostPort(listen); err != nil {
		return usagef("--listen: %w", err)
	} else if addr, err := netip.ParseAddr(host); err != nil || !addr.IsLoopback() {
		return usagef("--listen %s: the page shows subscribers' mails, so it stays on a loopback address like 127.0.0.1:8025", listen)
	}
	cfg, _, err := p.load()
	if err != nil {
		return err
	}
	d, err := findDigest(cfg, digestID)
	if err != nil {
		return err
	}
	dir, err := os.MkdirTemp("", "digestd-preview-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir)
	l, news, done, err := ledgerForPreview(ctx, p, cfg, filepath.Join(dir, "preview.db"))
	if err != nil {
		return err
	}
	defer done()

	server, err := preview.New(previewLoader(p, l), preview.Options{News: news}, p.now)
	if err != nil {
		return err
	}
	listener, err := (&net.ListenConfig{}).Listen(ctx, "tcp", listen)
	if err != nil {
		return usageError{fmt.Errorf("--listen: %w", err)}
	}
	fmt.Fprintf(p.stdout, "The preview is at http://%s/%s\nCtrl-C ends it.\n", listener.Addr(),
		preview.Choice{Digest: d.ID, Reader: email, At: at}.Query())
	return server.Serve(ctx, listener, lookEvery)
}

// ledgerForPreview copies the ledger, also out of the process that holds it; where there is none yet it
// collects into one that done throws away. news says which.
func ledgerForPreview(
	ctx context.Context, p *program, cfg *config.Config, path string,
) (l *ledger.Ledger, news string, done func(), err error) {
	err = copyLedger(ctx, p, path)
	now := p.now().Format("15:04")
	if errors.Is(err, store.ErrMissing) {
		o, err := openPreview(ctx, p, nil)
		if err != nil {
			return nil, "", nil, err
		}
		return o.Ledger, "News as the feeds showed it at " + now, o.close, nil
	}
	if err != nil {
		return nil, "", nil, err
	}
	l, err = ledger.Open(bolt.At(path, bolt.Options{ReadOnly: true}), p.now)
	if err != nil {
		return nil, "", nil, err
	}
	return l, "News as the ledger had it at " + now, func() { l.Close() }, nil
}

// copyLedger writes a backup of the ledger, which another process may hold.
func copyLedger(ctx context.Context, p *program, path string) error {
	file, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return err
	}
	defer file.Close()
	asking := &program{stdin: p.stdin, stdout: file, stderr: p.stderr, now: p.now, configFlag: p.configFlag, log: p.log,
		args: []string{"backup", "-"}}
	o, err := asking.open(ctx, want{})
	var ended forwarded
	switch {
	case errors.As(err, &ended) && ended.status == exitDone: // the holder has written it
		return nil
	case err != nil:
		os.Remove(path)
		return err
	}
	defer o.close()
	_, err = backup(o.Ledger, file)
	return err
}

// previewLoader reads config and templates anew, each time that it is called.
func previewLoader(p *program, l *ledger.Ledger) preview.Loader {
	var paths []string // of the last time that all was well
	return func() (preview.Desk, []string, error) {
		quiet := *p
		quiet.log = slog.New(slog.DiscardHandler)
		var dirs []string
		quiet.sawTemplates = func(dir string) {
			if dir != "" {
				dirs = append(dirs, dir)
			}
		}
		cfg, sets, err := quiet.load()
		if err == nil {
			paths = append([]string{cfg.Path}, cfg.SubscriberFiles...)
		}
		watched := append(dirs, paths...)
		if err != nil {
			return nil, watched, err
		}
		composer, err := composer(&quiet, cfg, sets, l)
		if err != nil {
			return nil, watched, err
		}
		return previewDesk{program: &quiet, composer: composer}, watched, nil
	}
}

// previewDesk makes the mails of one state of config and templates.
type previewDesk struct {
	program  *program
	composer *newsroom.Composer
}

func (d previewDesk) Digests() [][2]string {
	var all [][2]string
	for _, one := range d.composer.Config.Digests {
		all = append(all, [2]string{one.ID, one.Title})
	}
	return all
}

func (d previewDesk) Readers() []string {
	list := d.composer.Config.Readers()
	var all []string
	for i := range min(list.Len(), offered) {
		all = append(all, list.At(i).Email)
	}
	return all
}

func (d previewDesk) Mail(c preview.Choice) (preview.Mail, error) {
	which, err := findDigest(d.composer.Config, c.Digest)
	if err != nil {
		return preview.Mail{}, err
	}
	v, err := makePreview(d.program, d.composer, which, c.Reader, c.At, c.Sample)
	if err != nil {
		return preview.Mail{}, err
	}
	checked, err := d.composer.Check(which, v)
	if err != nil {
		return preview.Mail{}, err
	}
	raw, _, err := d.composer.Message(v, digest.Recipient{})
	if err != nil {
		return preview.Mail{}, err
	}
	zone, err := time.LoadLocation(v.Edition.Zone)
	if err != nil {
		return preview.Mail{}, err
	}
	return preview.Mail{
		Raw: raw, Edition: v.Edition.ID, Slot: v.Edition.Slot.In(zone),
		Language: v.Page.Variant.Language, Empty: v.Page.Empty(),
		MaxSize: which.MaxSize, Template: checked.Template, Findings: checked.Findings,
	}, nil
}
