package cli

import (
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
	"time"

	"github.com/spf13/cobra"
	"golang.org/x/sync/errgroup"

	"digestd/digest"
	"digestd/digest/render"
	"digestd/internal/config"
	"digestd/internal/ledger/store/postgres"
	"digestd/internal/lint"
	"digestd/internal/newsroom"
	"digestd/internal/report"
	"digestd/mailer"
	"digestd/mailer/dkim"
	"digestd/mailer/message"
)

// dnsTimeout bounds the look-up of the DKIM record.
const dnsTimeout = 10 * time.Second

// linkTimeout bounds the look at a reader's page.
const linkTimeout = 20 * time.Second

// nextSlots is how many slots of each lane check shows.
const nextSlots = 3

func checkCommand(p *program) *cobra.Command {
	var online bool
	c := &cobra.Command{
		Use:   "check",
		Short: "Check the configuration, all of it at once",
		Long: "Check everything that can be checked without the network: the configuration, the subscriber files, the templates and\n" +
			"the schedules. All errors are printed at once, each with its line. Warnings alone exit 0. With --online, ask every feed,\n" +
			"log in to the mail server and ask whether it would take mail, compare the DKIM key with the DNS, and follow a link as\n" +
			"readers would; nothing is mailed or\n" +
			"stored, and what does not answer makes the exit status 1.",
		Args: cobra.NoArgs,
		RunE: func(c *cobra.Command, _ []string) error {
			out := checkJSON{Errors: []string{}, Warnings: []string{}, Slots: []report.NextSlot{}}
			status := exitDone
			cfg, sets, err := p.load()
			var problems config.Problems
			switch {
			case errors.As(err, &problems):
				for _, problem := range problems {
					out.Errors = append(out.Errors, problem.Error())
				}
			case err != nil:
				out.Errors = append(out.Errors, err.Error())
			default:
				for _, warning := range cfg.Warnings {
					out.Warnings = append(out.Warnings, warning.Error())
				}
				if out.Slots, err = slots(cfg, p.now(), nextSlots); err != nil {
					out.Errors = append(out.Errors, err.Error())
				}
				for _, d := range cfg.Digests {
					out.checkMail(newsroom.Renderer{Config: cfg, Templates: sets}, d)
				}
				against, err := p.againstWishes(c.Context(), cfg)
				out.Warnings = append(out.Warnings, against...)
				if err != nil {
					out.Warnings = append(out.Warnings,
						"whether anybody would be mailed against their wish can't be told: "+err.Error())
				}
				if _, err := signer(cfg); err != nil {
					out.Errors = append(out.Errors, err.Error())
				}
				if _, err := transport(cfg); err != nil {
					out.Errors = append(out.Errors, err.Error())
				}
			}
			if len(out.Errors) > 0 {
				status = exitUsage
			} else if online {
				// A feed that does not answer is no mistake in the configuration.
				if out.Errors = append(out.Errors, checkOnline(c.Context(), p, cfg, sets)...); len(out.Errors) > 0 {
					status = exitIncomplete
				}
			}
			if err := p.print(out, func(w io.Writer) { printCheck(w, p.stderr, out) }); err != nil {
				return err
			}
			if status != exitDone {
				return forwarded{status}
			}
			return nil
		},
	}
	c.Flags().BoolVar(&online, "online", false,
		"also what needs the network: feeds, mail server, DKIM record, readers' links")
	return c
}

// checkJSON is the answer of check.
type checkJSON struct {
	Errors   []string          `json:"errors"`
	Warnings []string          `json:"warnings"`
	Slots    []report.NextSlot `json:"slots"`
}

// checkMail looks at a sample edition of a digest, and adds what some reader would suffer from. What it
// finds in more than one language is said once.
func (out *checkJSON) checkMail(pages newsroom.Renderer, d digest.Digest) {
	for _, language := range pages.Unspoken(d) {
		out.Warnings = append(out.Warnings,
			fmt.Sprintf("digest %q: there are no words for the language %q, so its readers get English ones; "+
				"lang/%s.json in a template directory gives it some", d.ID, language, language))
	}
	all, err := pages.CheckSample(d)
	if err != nil {
		out.Errors = append(out.Errors, err.Error())
	}
	said := map[string]bool{}
	for _, checked := range all {
		for _, f := range checked.Findings {
			if f.Level == lint.Note || said[f.Check+f.Text] {
				continue
			}
			said[f.Check+f.Text] = true
			text := fmt.Sprintf("digest %q, a sample edition in %q: %s", d.ID, checked.Language, f)
			if checked.Template != "" && f.Template.Line > 0 {
				text = fmt.Sprintf("%s:%d:%d: %s", checked.Template, f.Template.Line, f.Template.Column, f.Message())
			}
			if f.Level == lint.Error {
				out.Errors = append(out.Errors, text)
			} else {
				out.Warnings = append(out.Warnings, text)
			}
		}
	}
}

// slots are the next n slots of every lane after a time.
func slots(cfg *config.Config, now time.Time, n int) ([]report.NextSlot, error) {
	all := []report.NextSlot{}
	for _, d := range cfg.Digests {
		for _, lane := range cfg.Lanes(d) {
			at := now
			for range n {
				slot, err := config.NextSlot(d, lane, at)
				if err != nil {
					return all, err
				}
				if slot.IsZero() {
					break
				}
				all = append(all, report.NextSlot{Digest: lane.Digest, Zone: lane.Zone, Wall: slot.Wall, At: slot.At})
				at = slot.At
			}
		}
	}
	return all, nil
}

// checkOnline tries what only the network can tell, and returns what is wrong, in words.
func checkOnline(ctx context.Context, p *program, cfg *config.Config, sets map[string]*render.Set) []string {
	var mu sync.Mutex
	var wrong []string
	report := func(err error) {
		mu.Lock()
		defer mu.Unlock()
		wrong = append(wrong, err.Error())
	}
	feeds := cfg.Feeds()
	collector := collector(p, cfg, nil)
	var asking errgroup.Group
	asking.SetLimit(cfg.Collect.Concurrency)
	bar := p.bar(len(feeds), "feeds")
	for _, f := range feeds {
		asking.Go(func() error {
			switch doc, err := collector.Read(ctx, f.URL); {
			case err != nil:
				report(err)
			case doc.Found != "":
				report(fmt.Errorf("feed %s is the address of a page; write the one of its feed in its place: %q",
					f.Address(), doc.Found))
			}
			mu.Lock()
			defer mu.Unlock()
			bar.advance(f.Name)
			return nil
		})
	}
	asking.Wait()
	bar.end()
	slices.Sort(wrong)
	out, err := transport(cfg)
	if err == nil {
		var conn mailer.Conn
		if conn, err = out.Dial(ctx); err == nil {
			err = mailer.Probe(conn, wireAddress(cfg.Mail.BounceTo), wireAddress(cfg.Mail.FromAddress))
			conn.Close()
		}
	}
	if err != nil {
		report(err)
	}
	if shares(cfg) {
		for _, err := range postgres.Examine(ctx, database(cfg.Ledger.Postgres, cfg.Ledger.PasswordFile)) {
			report(err)
		}
	}
	if err := checkRecord(ctx, cfg); err != nil {
		report(err)
	}
	if err := checkLinks(ctx, cfg, sets); err != nil {
		report(err)
	}
	return wrong
}

// checkLinks follows the link of a reader that there is not, on the way that readers' links take. What comes back
// must be our own page that says so, and no proxy's.
func checkLinks(ctx context.Context, cfg *config.Config, sets map[string]*render.Set) error {
	if cfg.Web == nil {
		return nil
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
		return fmt.Errorf("%s, and not from digestd: does the proxy hand %s on to [web] listen, %s?", resp.Status,
			message.UnsubscribePath, cfg.Web.Listen)
	}()
	if err != nil {
		return fmt.Errorf("base_url %s does not reach digestd, so readers can't leave by the links in their mail (is `digestd run` running?): %w",
			cfg.Web.BaseURL, err)
	}
	return nil
}

// checkRecord compares the DKIM key with what receivers will find in the DNS.
func checkRecord(ctx context.Context, cfg *config.Config) error {
	s, err := signer(cfg)
	if s == nil || err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(ctx, dnsTimeout)
	defer cancel()
	records, err := net.DefaultResolver.LookupTXT(ctx, s.Name())
	if err == nil {
		err = dkim.CheckRecord(records, s.Public())
	}
	if err != nil {
		return fmt.Errorf("DKIM record %s: %w", s.Name(), err)
	}
	return nil
}

func printCheck(w, errw io.Writer, out checkJSON) {
	for _, e := range out.Errors {
		fmt.Fprintln(errw, e)
	}
	for _, warning := range out.Warnings {
		fmt.Fprintf(errw, "warning: %s\n", warning)
	}
	if len(out.Slots) == 0 && len(out.Errors) > 0 {
		return
	}
	lane := ""
	for _, s := range out.Slots {
		if next := s.Digest + " in " + s.Zone; next != lane {
			lane = next
			fmt.Fprintf(w, "%s\n", lane)
		}
		fmt.Fprintf(w, "  %s\n", s.At.Format("Monday 2 January 2006, 15:04 MST (-07:00)"))
	}
	if len(out.Slots) == 0 {
		fmt.Fprintln(w, "no digest has a subscriber yet, so nothing is due")
	}
}
