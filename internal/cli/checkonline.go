package cli

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"html"
	"io"
	"net"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"sync"
	"syscall"
	"time"

	"golang.org/x/sync/errgroup"

	"digestd/digest/render"
	"digestd/internal/config"
	"digestd/internal/ledger/store/postgres"
	"digestd/mailer"
	"digestd/mailer/dkim"
	"digestd/mailer/message"
	"digestd/mailer/smtp"
)

// dnsTimeout bounds the look-up of the DKIM record.
const dnsTimeout = 10 * time.Second

// linkTimeout bounds the look at a reader's page.
const linkTimeout = 20 * time.Second

// serverTimeout bounds each answer of the mail server to a check: whoever waits at a terminal does not wait as long as
// RFC 5321 asks for.
const serverTimeout = 30 * time.Second

// checkOnline tries what only the network can tell: what it saw, what is wrong, and what is to be done, in words.
func (out *checkJSON) checkOnline(ctx context.Context, p *program, cfg *config.Config, sets map[string]*render.Set) {
	saw, wrong := askFeeds(ctx, p, cfg)
	out.Saw, out.Errors = append(out.Saw, saw...), append(out.Errors, wrong...)
	look := func(said string, err error) {
		switch {
		case errors.Is(err, errNotRun) && neverRan(ctx, p, cfg):
			out.Warnings = append(out.Warnings, fmt.Sprintf("base_url %s does not reach digestd yet (%v), and nothing was sent so far: "+
				"start `digestd run`, which answers there, and ask again", cfg.Web.BaseURL, errors.Unwrap(err)))
		case err != nil:
			out.Errors = append(out.Errors, err.Error())
		case said != "":
			out.Saw = append(out.Saw, said)
		}
	}
	came := p.awaitingMail(cfg, serverTimeout)
	look(askServer(ctx, cfg))
	came()
	look(askMailbox(ctx, p, cfg))
	if shares(cfg) {
		for _, err := range postgres.Examine(ctx, database(cfg.Ledger.Postgres, cfg.Ledger.PasswordFile)) {
			look("", err)
		}
	}
	look(askVectors(ctx, p, cfg))
	look(checkRecord(ctx, cfg))
	look(checkLinks(ctx, cfg, sets))
}

// neverRan reports whether no edition was composed so far: nobody can have a link that leads nowhere.
func neverRan(ctx context.Context, p *program, cfg *config.Config) bool {
	known, err := p.remember(ctx, cfg)
	return err == nil && len(known.digests) == 0
}

// errNotRun is among the errors of links that nobody answers, as it is where no daemon runs.
var errNotRun = errors.New("nobody answers")

// askFeeds reads every feed. Of those that the configuration gives no name, it tells what readers will see.
func askFeeds(ctx context.Context, p *program, cfg *config.Config) (saw, wrong []string) {
	feeds := cfg.Feeds()
	collector := collector(p, cfg, nil)
	var mu sync.Mutex
	var asking errgroup.Group
	asking.SetLimit(cfg.Collect.Concurrency)
	bar := p.bar(len(feeds), "feeds")
	var names []string
	for _, f := range feeds {
		asking.Go(func() error {
			doc, err := collector.Read(ctx, f.URL)
			mu.Lock()
			defer mu.Unlock()
			switch {
			case err != nil:
				wrong = append(wrong, err.Error())
			case doc.Found != "":
				wrong = append(wrong, fmt.Sprintf("feed %s is the address of a page; write the one of its feed in its place: %q",
					f.Address(), doc.Found))
			case f.Name == "":
				names = append(names, fmt.Sprintf("feed %s: readers see %q", f.Address(), doc.Outlet))
			}
			bar.advance(cmp.Or(f.Name, f.Address()))
			return nil
		})
	}
	asking.Wait()
	bar.end()
	failed := len(wrong)
	slices.Sort(wrong)
	wrong = onceEach(wrong)
	refused := func(w string) bool { return strings.Contains(w, "address refused") } // by the configuration
	if n := len(feeds); n > 1 && failed == n && !slices.ContainsFunc(wrong, refused) {
		wrong = append(wrong, fmt.Sprintf("none of the %d feeds can be read: is this machine on line, and allowed to ask other hosts?", n))
	}
	if n := len(feeds); n > 0 {
		saw = append(saw, fmt.Sprintf("feeds: %d of %d can be read", n-failed, n))
	}
	slices.Sort(names)
	return append(saw, names...), wrong
}

// askServer asks the mail server whether it would take a message, and sends none.
func askServer(ctx context.Context, cfg *config.Config) (string, error) {
	hasty := *cfg
	hasty.SMTP.ReplyTimeout = min(cfg.SMTP.ReplyTimeout, serverTimeout)
	out, err := transport(&hasty)
	if err != nil {
		return "", err
	}
	conn, err := out.Dial(ctx)
	if smtp.IsTimeout(err) && cfg.SMTP.ReplyTimeout > serverTimeout {
		return "", fmt.Errorf("mail server: %w; that is how long a check waits, and `digestd send` waits for %s", err, min(cfg.SMTP.ReplyTimeout, smtp.CommandTimeout))
	}
	if err != nil {
		return "", fmt.Errorf("mail server: %w", err)
	}
	defer conn.Close()
	return mailer.Probe(conn, out, wireAddress(cfg.Mail.BounceTo), wireAddress(cfg.Mail.FromAddress))
}

// askMailbox opens the mailbox of [inbound], and reads nothing.
func askMailbox(ctx context.Context, p *program, cfg *config.Config) (string, error) {
	box, err := newMailbox(p, cfg, newCures(cfg), nil)
	if box == nil || err != nil {
		return "", err
	}
	n, err := box.Look(ctx)
	return fmt.Sprintf("mailbox: %s answers, with %s", box, plural(n, "message")), err
}

// checkLinks follows the link of a reader that there is not, on the way that readers' links take. What comes back
// must be our own page that says so, and no proxy's.
func checkLinks(ctx context.Context, cfg *config.Config, sets map[string]*render.Set) (string, error) {
	if cfg.Web == nil {
		return "", nil
	}
	err := func() error {
		ctx, cancel := context.WithTimeout(ctx, linkTimeout)
		defer cancel()
		req, err := http.NewRequestWithContext(ctx, http.MethodGet,
			cfg.Web.BaseURL+message.UnsubscribePath+"check", nil)
		if err != nil {
			return err
		}
		req.Header.Set("User-Agent", cfg.Collect.UserAgent)
		client := &http.Client{CheckRedirect: func(to *http.Request, _ []*http.Request) error {
			return fmt.Errorf("it redirects to %s, and mail programs follow no redirect when they unsubscribe (RFC 8058)",
				to.URL.Redacted())
		}}
		resp, err := client.Do(req)
		var failed *url.Error
		if errors.Is(err, syscall.ECONNREFUSED) {
			return fmt.Errorf("%w: connection refused", errNotRun)
		}
		if errors.As(err, &failed) { // whose own words repeat the address
			return failed.Err
		}
		if err != nil {
			return err
		}
		defer resp.Body.Close()
		page, err := io.ReadAll(io.LimitReader(resp.Body, 1<<20))
		if err != nil {
			return err
		}
		for _, set := range sets {
			words := html.EscapeString(set.Catalogue(cfg.Newsletter.Language).Web.BadLinkWhy)
			if resp.StatusCode == http.StatusNotFound && strings.Contains(string(page), words) {
				return nil
			}
		}
		if resp.StatusCode >= http.StatusBadGateway && resp.StatusCode <= http.StatusGatewayTimeout {
			return fmt.Errorf("%w: %s, by a proxy", errNotRun, resp.Status)
		}
		return fmt.Errorf("%s, and not from digestd: does the proxy hand %s on to [web] listen, %s?", resp.Status,
			message.UnsubscribePath, cfg.Web.Listen)
	}()
	if err != nil {
		return "", fmt.Errorf("base_url %s does not reach digestd, so readers can't leave by the links in their mail (is `digestd run` running?): %w",
			cfg.Web.BaseURL, err)
	}
	return fmt.Sprintf("readers' links: %s reaches digestd", cfg.Web.BaseURL), nil
}

// checkRecord compares the DKIM key with what receivers will find in the DNS.
func checkRecord(ctx context.Context, cfg *config.Config) (string, error) {
	s, err := signer(cfg)
	if s == nil || err != nil {
		return "", err
	}
	ctx, cancel := context.WithTimeout(ctx, dnsTimeout)
	defer cancel()
	records, err := net.DefaultResolver.LookupTXT(ctx, s.Name())
	if err == nil {
		err = dkim.CheckRecord(records, s.Public())
	}
	if err != nil {
		return "", fmt.Errorf("DKIM record %s: %w", s.Name(), err)
	}
	return fmt.Sprintf("DKIM record %s: it goes with the key", s.Name()), nil
}
