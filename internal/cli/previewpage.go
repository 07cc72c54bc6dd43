package cli

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/netip"
	"net/url"
	"os"
	"time"

	"digestd/digest"
	"digestd/internal/config"
	"digestd/internal/ledger"
	"digestd/internal/ledger/store"
	"digestd/internal/ledger/store/bolt"
	"digestd/internal/newsroom"
	"digestd/internal/preview"
	"digestd/internal/report"
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
	if host, _, err := net.SplitHostPort(listen); listen == "" {
	} else if err != nil {
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
	if listen == "" {
		listen = deskAddress(cfg, d)
	}
	dir, err := os.MkdirTemp("", "digestd-preview-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir)
	live := &liveDesk{program: p, config: cfg.Path, dir: dir, changed: func() {}}
	options := preview.Options{News: live.news, Order: live.order}
	live.look(ctx)
	live.copy(ctx)
	switch _, _, err := live.of(); {
	case errors.Is(err, store.ErrMissing): // there is nothing to order, nor anything that changes
		o, err := openPreview(ctx, p, nil)
		if err != nil {
			return err
		}
		defer o.close()
		live.ledger, live.err = o.Ledger, nil
		words := "News as the feeds showed it at " + p.now().Format("15:04")
		options = preview.Options{News: func() string { return words }}
	case err != nil:
		return err
	default:
		defer func() { live.ledger.Close() }()
	}
	server, err := preview.New(previewLoader(p, live, options.Order != nil), options, p.now)
	if err != nil {
		return err
	}
	if options.Order != nil {
		live.changed = server.Reload
		following, stop := context.WithCancel(ctx)
		ended := make(chan struct{})
		go func() { defer close(ended); live.follow(following) }()
		defer func() { stop(); <-ended }()
	}
	listener, err := (&net.ListenConfig{}).Listen(ctx, "tcp", listen)
	if err != nil {
		return usageError{fmt.Errorf("--listen: %w", err)}
	}
	fmt.Fprintf(p.stdout, "The preview is at http://%s/%s\nCtrl-C ends it.\n", listener.Addr(),
		preview.Choice{Digest: d.ID, Reader: email, At: at}.Query())
	return server.Serve(ctx, listener, lookEvery)
}

// deskAddress is where the page listens when nobody says: for a digest that an editor approves where the links in the
// test copies lead, if that is on this machine.
func deskAddress(cfg *config.Config, d digest.Digest) string {
	u, err := url.Parse(cfg.Newsletter.Desk)
	if d.Approve == "" || err != nil || u.Port() == "" {
		return "127.0.0.1:0"
	}
	host := u.Hostname()
	if host == "localhost" {
		host = "127.0.0.1"
	}
	if addr, err := netip.ParseAddr(host); err != nil || !addr.IsLoopback() {
		return "127.0.0.1:0"
	}
	return net.JoinHostPort(host, u.Port())
}

// ledgerCopy copies the ledger, also out of the process that holds it, and opens the copy.
func ledgerCopy(ctx context.Context, p *program, path string) (*ledger.Ledger, error) {
	if err := copyLedger(ctx, p, path); err != nil {
		return nil, err
	}
	return ledger.Open(bolt.At(path, bolt.Options{ReadOnly: true}), p.now)
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
func previewLoader(p *program, live *liveDesk, takesOrders bool) preview.Loader {
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
		l, state, err := live.of()
		if err != nil {
			return nil, watched, err
		}
		composer, err := composer(&quiet, cfg, sets, l)
		if err != nil {
			return nil, watched, err
		}
		desk := previewDesk{program: &quiet, composer: composer}
		if takesOrders {
			composer.Ledger.Orders, desk.orders = standingOrders(state.Books), state.Desks
		}
		return desk, watched, nil
	}
}

// previewDesk makes the mails of one state of config and templates.
type previewDesk struct {
	program  *program
	composer *newsroom.Composer
	orders   map[string]report.Desk // by digest; nil: the page takes none
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
	var standing *preview.Standing
	if d.orders != nil && !c.Sample && c.At == "" {
		standing = onPage(d.orders[which.ID])
	}
	return preview.Mail{
		Standing: standing, Stories: shownStories(v.Page), Raw: raw, Edition: v.Edition.ID, Slot: v.Edition.Slot.In(zone),
		Language: v.Page.Variant.Language, Empty: v.Page.Empty(),
		MaxSize: which.MaxSize, Template: checked.Template, Findings: checked.Findings,
	}, nil
}
