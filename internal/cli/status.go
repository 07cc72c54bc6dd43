package cli

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"digestd/digest"
	"digestd/internal/config"
	"digestd/internal/report"
)

func statusCommand(p *program) *cobra.Command {
	return &cobra.Command{
		Use:   "status",
		Short: "Show next slots, the last editions, unhealthy feeds",
		Long:  "Show where everything stands. The exit status is 1 when something needs a person.",
		Args:  cobra.NoArgs,
		RunE: func(c *cobra.Command, _ []string) error {
			var s report.Status
			if !p.json {
				if err := p.answerOf(c.Context(), &s); err != nil {
					return err
				}
				if err := printStatus(p.stdout, p.paint(), s, p.now()); err != nil {
					return err
				}
				return unless(s.Problems)
			}
			o, err := p.open(c.Context(), want{mayMiss: true})
			if err != nil {
				return err
			}
			defer o.close()
			if s, err = o.Report.Status(o.known()); err != nil {
				return err
			}
			if o.outbound != nil {
				s.Slowed = o.outbound.mailer.Slowed()
			}
			if o.isNew {
				s.Ledger = report.LedgerStatus{Path: cmp.Or(o.Config.Ledger.Postgres, o.Config.Ledger.Path)}
			}
			if err := p.print(s, nil); err != nil {
				return err
			}
			return unless(s.Problems)
		},
	}
}

// unless makes a status exit 1 when something needs a person.
func unless(problems []report.Problem) error {
	if len(problems) > 0 {
		return errIncomplete
	}
	return nil
}

// answerOf runs this very command with --json, here or where the ledger is held, and reads its answer: colours,
// widths and time zone are those of this end.
func (p *program) answerOf(ctx context.Context, answer any) error {
	var out strings.Builder
	q := &program{stdin: p.stdin, stdout: &out, stderr: p.stderr, now: p.now,
		args: append([]string{"--json"}, p.args...), held: p.held, reload: p.reload}
	status := q.run(ctx)
	if status > exitIncomplete || out.Len() == 0 {
		return forwarded{status}
	}
	return json.Unmarshal([]byte(out.String()), answer)
}

func printStatus(w io.Writer, p paint, s report.Status, now time.Time) error {
	var rows [][]cell
	for _, n := range s.Next {
		rows = append(rows, []cell{{"next", dim}, {n.Digest + "/" + n.Zone, plain},
			{n.At.In(config.Zone(n.Zone)).Format("Mon 2 Jan 15:04 MST"), bold}, {"in " + duration(n.At.Sub(now)), plain}})
	}
	if err := p.table(w, rows); err != nil {
		return err
	}
	for _, d := range s.Paused {
		fmt.Fprintf(w, "%s: paused by the operator since %s; `digestd resume %s` goes on\n", d.Digest,
			d.Since.Local().Format("Mon 2 Jan 15:04 MST"), d.Digest)
	}
	for _, d := range s.Desk {
		printDesk(w, p, d)
	}
	rows = nil
	for _, e := range s.Editions {
		how := cell{deliveries(e), plain}
		switch {
		case e.Paused != "":
			how.hue = red
		case e.Withdrawn || !e.Complete:
			how.hue = yellow
		case e.Deliveries["failed"]+e.Deliveries["expired"]+e.Deliveries["held"] == 0:
			how.hue = green
		}
		if !e.Complete {
			how.text = meter(over(e), e.Recipients) + " " + how.text
		}
		rows = append(rows, []cell{{"edition", dim}, {e.ID, plain}, {plural(e.Stories, "story"), plain}, how})
	}
	if err := p.table(w, rows); err != nil {
		return err
	}
	for _, e := range s.Editions {
		if !e.Complete && e.Paused == "" && e.Refusal != "" {
			fmt.Fprintf(w, "  %s: the last words were %s\n", e.ID, p.in(yellow, e.Refusal))
		}
	}
	printFeedsStatus(w, p, s)
	if s.Slowed != "" {
		fmt.Fprintf(w, "mail: %s\n", p.in(yellow, s.Slowed))
	}
	if s.Suppressed > 0 {
		fmt.Fprintf(w, "suppressed: %d\n", s.Suppressed)
	}
	printSenders(w, p, s)
	if n := s.Letters.Leave + s.Letters.Other; n > 0 {
		fmt.Fprintf(w, "letters: %d to read in %s\n", n, s.Letters.Path)
	}
	if s.Ledger.Bytes == 0 {
		fmt.Fprintf(w, "ledger: none yet at %s; `digestd collect` or `digestd run` makes it\n", s.Ledger.Path)
	} else {
		fmt.Fprintf(w, "ledger: %s, %s\n", s.Ledger.Path, byteSize(s.Ledger.Bytes))
	}
	for _, problem := range s.Problems {
		fmt.Fprintf(w, "%s %s\n", p.in(red, "PROBLEM"), problem)
	}
	return nil
}

// printFeedsStatus tells how the feeds are.
func printFeedsStatus(w io.Writer, p paint, s report.Status) {
	well := green
	if s.FeedsWell < s.FeedsAll {
		well = yellow
	}
	fmt.Fprintf(w, "feeds: %s", p.in(well, fmt.Sprintf("%d of %d well", s.FeedsWell, s.FeedsAll)))
	if unasked := s.FeedsAll - s.FeedsWell - len(s.Feeds); unasked > 0 {
		fmt.Fprintf(w, ", %d not asked yet", unasked)
	}
	if len(s.Daily) > 0 {
		fmt.Fprintf(w, "; new items by day: %s %s today", sparkline(s.Daily), strconv.Itoa(s.Daily[len(s.Daily)-1]))
	}
	fmt.Fprintln(w)
	var ill []string
	for _, f := range s.Feeds {
		ill = append(ill, fmt.Sprintf("%s: %s (%s in a row)", f.URL, p.in(yellow, f.Error), plural(f.Failures, "failure")))
	}
	for _, line := range onceEach(ill) {
		fmt.Fprintf(w, "  %s\n", line)
	}
	for _, f := range s.Moved {
		fmt.Fprintf(w, "  %s: moved for good; write %s in its place\n", f.URL, p.in(yellow, f.To))
	}
}

// printSenders lists the processes that share the ledger, where several can.
func printSenders(w io.Writer, p paint, s report.Status) {
	for _, x := range s.Senders {
		fmt.Fprintf(w, "sender: %s since %s, %s, %.1f mails a second", x.Name, x.Since.Local().Format("Mon 2 Jan 15:04 MST"),
			plural(x.Chunks, "chunk"), x.Rate)
		if x.Differs {
			fmt.Fprintf(w, "; %s", p.in(yellow, "its configuration lets an edition say something else than this one"))
		}
		fmt.Fprintln(w)
	}
	if s.Clock != "" {
		fmt.Fprintln(w, p.in(yellow, s.Clock))
	}
}

// over counts the deliveries of an edition that are not owed any more.
func over(e report.EditionStatus) int {
	n := 0
	for s := range digest.States {
		if s.Final() {
			n += e.Deliveries[s.String()]
		}
	}
	return n
}

// deliveries are the states of an edition's deliveries in words, the most frequent first.
func deliveries(e report.EditionStatus) string {
	if e.Recalled != "" {
		return e.Recalled + "; " + has(e.Reached) + " it"
	}
	if e.Withdrawn {
		return "withdrawn: nothing of it had gone out at the next slot"
	}
	states := slices.SortedFunc(maps.Keys(e.Deliveries), func(a, b string) int {
		return cmp.Or(e.Deliveries[b]-e.Deliveries[a], strings.Compare(a, b))
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
