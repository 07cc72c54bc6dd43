package cli

import (
	"fmt"
	"io"
	"slices"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/spf13/cobra"

	"digestd/internal/daemon"
)

func (p *program) statusCommand() *cobra.Command {
	return &cobra.Command{
		Use:   "status",
		Short: "Show next slots, the last editions, unhealthy feeds",
		Long:  "Show where everything stands. The exit status is 1 when something needs a person.",
		Args:  cobra.NoArgs,
		RunE: func(c *cobra.Command, _ []string) error {
			line, done, isNew, err := p.looking(c.Context())
			if err != nil {
				return err
			}
			defer done()
			s, err := line.Status()
			if err != nil {
				return err
			}
			if isNew {
				s.Ledger = daemon.LedgerStatus{Path: line.Config.Ledger.Path}
			}
			return p.showStatus(s)
		},
	}
}

func (p *program) showStatus(s daemon.Status) error {
	if err := p.print(s, func(w io.Writer) { printStatus(w, s, p.now()) }); err != nil {
		return err
	}
	if len(s.Problems) > 0 {
		return errIncomplete
	}
	return nil
}

func printStatus(w io.Writer, s daemon.Status, now time.Time) {
	t := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	for _, n := range s.Next {
		fmt.Fprintf(t, "next\t%s\t%s\tin %s\n", n.Digest+"/"+n.Zone, n.At.Format("Mon 2 Jan 15:04 MST"), duration(n.At.Sub(now)))
	}
	for _, e := range s.Editions {
		fmt.Fprintf(t, "edition\t%s\t%s\t%s\n", e.ID, plural(e.Stories, "story"), deliveries(e))
	}
	t.Flush()
	fmt.Fprintf(w, "feeds: %d of %d well\n", s.FeedsWell, s.FeedsAll)
	for _, f := range s.Feeds {
		fmt.Fprintf(w, "  %s: %s (%s in a row)\n", f.URL, f.Error, plural(f.Failures, "failure"))
	}
	if s.Suppressed > 0 {
		fmt.Fprintf(w, "suppressed: %d\n", s.Suppressed)
	}
	if s.Ledger.Bytes == 0 {
		fmt.Fprintf(w, "ledger: none yet at %s; `digestd collect` or `digestd run` makes it\n", s.Ledger.Path)
	} else {
		fmt.Fprintf(w, "ledger: %s, %s\n", s.Ledger.Path, byteSize(s.Ledger.Bytes))
	}
	for _, problem := range s.Problems {
		fmt.Fprintf(w, "PROBLEM %s\n", problem)
	}
}

// deliveries are the states of an edition's deliveries in words, the most frequent first.
func deliveries(e daemon.EditionStatus) string {
	if e.Withdrawn {
		return "withdrawn: nothing of it had gone out at the next slot"
	}
	var states []string
	for state := range e.Deliveries {
		states = append(states, state)
	}
	slices.SortFunc(states, func(a, b string) int {
		if d := e.Deliveries[b] - e.Deliveries[a]; d != 0 {
			return d
		}
		return strings.Compare(a, b)
	})
	for i, state := range states {
		states[i] = fmt.Sprintf("%d %s", e.Deliveries[state], state)
	}
	return strings.Join(states, ", ")
}

// duration is a span for people: the two largest units.
func duration(d time.Duration) string {
	d = d.Round(time.Minute)
	switch days := int(d / (24 * time.Hour)); {
	case days > 0:
		return fmt.Sprintf("%d d %d h", days, int(d.Hours())%24)
	case d >= time.Hour:
		return fmt.Sprintf("%d h %d min", int(d.Hours()), int(d.Minutes())%60)
	default:
		return fmt.Sprintf("%d min", int(d.Minutes()))
	}
}
