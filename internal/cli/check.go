package cli

import (
	"cmp"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"digestd/digest"
	"digestd/internal/config"
	"digestd/internal/lint"
	"digestd/internal/newsroom"
	"digestd/internal/report"
)

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
			out := checkJSON{Errors: []string{}, Warnings: []string{}, Slots: []report.NextSlot{}, Saw: []string{}}
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
				out.look(cfg)
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
				out.files(cfg)
			}
			if len(out.Errors) > 0 {
				status = exitUsage
			} else if online {
				// A feed that does not answer is no mistake in the configuration.
				if out.checkOnline(c.Context(), p, cfg, sets); len(out.Errors) > 0 {
					status = exitIncomplete
				}
			}
			if err := p.print(out, func(w io.Writer) { printCheck(w, p.stderr, out, online) }); err != nil {
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

// files looks at what the configuration names and does not hold.
func (out *checkJSON) files(cfg *config.Config) {
	saw, err := lookAtVectors(cfg)
	if saw != "" {
		out.Saw = append(out.Saw, saw)
	}
	_, unsigned := signer(cfg)
	_, unsent := transport(cfg)
	for _, err := range []error{err, unsigned, unsent} {
		if err != nil {
			out.Errors = append(out.Errors, err.Error())
		}
	}
}

// checkJSON is the answer of check.
type checkJSON struct {
	Errors   []string          `json:"errors"`
	Warnings []string          `json:"warnings"`
	Slots    []report.NextSlot `json:"slots"`
	Saw      []string          `json:"saw"` // what it looked at, in words
	readers  map[string]int    // by the lane's digest and zone
}

// look tells what the configuration is: what would be read, for whom, and where the mails go.
func (out *checkJSON) look(cfg *config.Config) {
	out.readers = map[string]int{}
	for _, s := range cfg.Subscribers.All() {
		for _, d := range cfg.Digests {
			if s.Wants(d.ID) {
				out.readers[d.ID+" in "+cmp.Or(d.Zone, s.Zone)]++
			}
		}
	}
	out.Saw = append(out.Saw, fmt.Sprintf("%s: %s, %s in %s, %s", cfg.Path, plural(cfg.Subscribers.Len(), "reader"),
		plural(len(cfg.Feeds()), "feed"), plural(len(cfg.Topics), "topic"), plural(len(cfg.Digests), "digest")))
	out.Saw = append(out.Saw, "mail: "+cfg.Route())
	if cfg.Delivery.Transport != "smtp" {
		return
	}
	name := ownName(cfg.SMTP.HelloName, os.Hostname, cfg.Mail.FromAddress)
	out.Saw = append(out.Saw, fmt.Sprintf("this machine calls itself %s (hello_name of [smtp])", name))
	if cfg.SMTP.HelloName == "" && !strings.ContainsAny(name, ".[") {
		out.Warnings = append(out.Warnings,
			fmt.Sprintf("%s: this machine calls itself %s, which has no dot, and many servers refuse such a name: set hello_name of [smtp]", cfg.Path, name))
	}
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
	for d, lane := range cfg.AllLanes() {
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
	return all, nil
}

func printCheck(w, errw io.Writer, out checkJSON, online bool) {
	for _, e := range out.Errors {
		fmt.Fprintln(errw, e)
	}
	for _, warning := range out.Warnings {
		fmt.Fprintf(errw, "warning: %s\n", warning)
	}
	if len(out.Saw) == 0 {
		return
	}
	for _, saw := range out.Saw {
		fmt.Fprintln(w, saw)
	}
	lane := ""
	for _, s := range out.Slots {
		if next := s.Digest + " in " + s.Zone; next != lane {
			lane = next
			fmt.Fprintf(w, "%s, for %s\n", lane, plural(out.readers[lane], "reader"))
		}
		fmt.Fprintf(w, "  %s\n", s.At.Format("Monday 2 January 2006, 15:04 MST (-07:00)"))
	}
	if len(out.Slots) == 0 {
		fmt.Fprintln(w, "no digest has a subscriber yet, so nothing is due")
	}
	switch n := len(out.Warnings); {
	case len(out.Errors) > 0:
	case n > 0:
		fmt.Fprintf(w, "nothing is wrong; %s\n", plural(n, "warning"))
	case online:
		fmt.Fprintln(w, "all is right")
	default:
		fmt.Fprintln(w, "all is right; `digestd check --online` also asks feeds and mail server")
	}
}
