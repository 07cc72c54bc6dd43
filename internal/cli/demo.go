package cli

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"time"

	"github.com/spf13/cobra"

	"digestd/digest"
	"digestd/digest/collect"
	"digestd/internal/demo"
	"digestd/internal/newsroom"
	"digestd/internal/web"
)

func demoCommand(p *program) *cobra.Command {
	var once string
	c := &cobra.Command{
		Use:   "demo",
		Short: "The whole way on loopback, with invented news",
		Long: "Serve invented feeds and a mail server on loopback, collect, compose an edition, mail it to three readers, and show\n" +
			"their inboxes on a page. Nothing leaves this machine, and nothing is left on it.",
		Args: cobra.NoArgs,
		RunE: func(c *cobra.Command, _ []string) error { return runDemo(c.Context(), p, once) },
	}
	c.Flags().StringVar(&once, "once", "", "leave the mails in this `DIR` as .eml files, and end")
	return c
}

// demoJSON is the answer of demo --once.
type demoJSON struct {
	Files     []string `json:"files"`
	Collected any      `json:"collected"`
	Stories   int      `json:"stories"`
	Sent      int      `json:"sent"`
	Error     string   `json:"error,omitempty"`
}

func runDemo(ctx context.Context, p *program, once string) error {
	if p.held != nil { // it would leave its own handling of signals in that process
		return usagef("demo runs in a process of its own, not in the one that holds the ledger")
	}
	if once != "" {
		if err := os.MkdirAll(once, 0o755); err != nil {
			return usageError{fmt.Errorf("--once: %w", err)}
		}
	} else if p.json {
		return usagef("--json of demo goes with --once DIR")
	}
	dir, err := os.MkdirTemp("", "digestd-demo-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir)
	world, err := demo.Serve(ctx)
	if err != nil {
		return err
	}
	defer world.Close()
	var pages net.Listener
	if once == "" {
		if pages, err = world.OpenPages(ctx); err != nil {
			return err
		}
		defer pages.Close()
	}
	path := filepath.Join(dir, "config.toml")
	if err := os.WriteFile(path, []byte(world.Config(dir)), 0o600); err != nil {
		return err
	}

	// The demo is digestd itself with another config. What it logs would tell the same twice.
	q := &program{stdin: p.stdin, stdout: p.stdout, stderr: p.stderr, now: p.now, configFlag: path,
		log: slog.New(slog.DiscardHandler)}
	if p.verbose {
		q.log = p.log
	}
	o, err := q.open(ctx, want{write: true})
	if err != nil {
		return err
	}
	defer o.close()

	tell := demo.Teller{Out: p.stdout}
	if p.json {
		tell.Out = io.Discard
	}
	tell.Feeds(world)
	sum := o.Publisher.Collect(ctx, true, func(r collect.Result) { tell.Feed(r.Feed.Name, r.Items, r.Repairs, r.Err) })
	published, err := demoEdition(ctx, p, o, world, tell)
	if err != nil {
		return err
	}
	if once == "" {
		tell.Page(world)
		return servePages(ctx, q, o, pages)
	}
	return saveMails(p, world, tell, once, demoJSON{Collected: collected(sum), Stories: published.Stories, Sent: published.Delivery.Sent})
}

// saveMails leaves the mails in a directory, and answers with what was done.
func saveMails(p *program, world *demo.World, tell demo.Teller, dir string, out demoJSON) error {
	files, saved := world.Post.SaveTo(dir)
	out.Files = append([]string{}, files...)
	if saved != nil {
		out.Error = saved.Error()
	} else {
		tell.Saved(files)
	}
	if err := p.print(out, func(io.Writer) {}); err != nil {
		return err
	}
	return saved
}

// servePages answers readers and new ones until ctx ends, and delivers what they are owed by that.
func servePages(ctx context.Context, p *program, o *opened, at net.Listener) error {
	owed := make(chan struct{}, 1)
	wake := func() {
		select {
		case owed <- struct{}{}:
		default:
		}
	}
	site := web.Site{Config: o.Config, Sets: o.Composer.Templates, SignUps: registrar{o.Publisher, wake}}
	server, err := web.New(o.Ledger, func() web.Site { return site }, p.now, p.log)
	if err != nil {
		return err
	}
	answers := &http.Server{Handler: server.Handler(), ReadHeaderTimeout: 10 * time.Second}
	go answers.Serve(at)
	defer answers.Close()
	for {
		select {
		case <-ctx.Done():
			return nil
		case <-owed:
			if _, err := o.Publisher.Resume(ctx, false, newsroom.Unwatched{}); err != nil {
				return err
			}
		}
	}
}

// demoEdition sends the demo's one edition.
func demoEdition(
	ctx context.Context, p *program, o *opened, world *demo.World, tell demo.Teller,
) (newsroom.Published, error) {
	d := o.Config.Digests[0]
	world.Post.Watch(tell.Mail)
	published, err := o.Publisher.Send(ctx, d, false, demoWatch{tell: tell, world: world})
	if err != nil {
		return newsroom.Published{}, err
	}
	if len(published) != 1 || published[0].Delivery.Sent != len(world.Readers) {
		return newsroom.Published{}, errors.New("a reader of the demo got no mail; run it with -v to see what happened")
	}
	return published[0], nil
}

// demoWatch tells of the demo's edition on its way.
type demoWatch struct {
	newsroom.Unwatched
	tell  demo.Teller
	world *demo.World
}

// Composed tells what the edition holds, and where its mails go.
func (w demoWatch) Composed(e digest.Edition) { w.tell.Edition(e); w.tell.Mails(w.world) }
