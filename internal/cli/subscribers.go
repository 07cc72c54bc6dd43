package cli

import (
	"encoding/csv"
	"fmt"
	"io"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/spf13/cobra"

	"digestd/digest"
	"digestd/subscribers"
)

func (p *program) subscribersCommand() *cobra.Command {
	c := &cobra.Command{Use: "subscribers", Short: "Who gets it, and who does not any more"}
	var forDigest string
	suppress := &cobra.Command{
		Use:   "suppress ADDRESS",
		Short: "Send nothing more to an address, whatever the configuration says",
		Args:  cobra.ExactArgs(1),
		RunE: func(c *cobra.Command, args []string) error {
			email, err := subscribers.ParseAddress(args[0])
			if err != nil {
				return usagef("%s: %w", args[0], err)
			}
			line, done, err := p.pipeline(c.Context(), writing)
			if err != nil {
				return err
			}
			defer done()
			if forDigest != "" {
				if _, err := findDigest(line.Config, forDigest); err != nil {
					return err
				}
			}
			s := digest.Suppression{Email: email, Digest: forDigest, Source: "operator", At: p.now().UTC()}
			if err := line.Ledger.Suppress(s); err != nil {
				return err
			}
			return p.print(s, func(w io.Writer) { fmt.Fprintf(w, "%s gets nothing more%s\n", email, ofDigest(forDigest)) })
		},
	}
	restore := &cobra.Command{
		Use:   "restore ADDRESS",
		Short: "Forget a suppression: the configuration counts again",
		Args:  cobra.ExactArgs(1),
		RunE: func(c *cobra.Command, args []string) error {
			line, done, err := p.pipeline(c.Context(), writing)
			if err != nil {
				return err
			}
			defer done()
			n, err := line.Ledger.Restore(args[0], forDigest)
			if err != nil {
				return err
			}
			return p.print(map[string]any{"email": args[0], "restored": n}, func(w io.Writer) {
				if n == 0 {
					fmt.Fprintf(w, "%s was not suppressed%s\n", args[0], ofDigest(forDigest))
					return
				}
				fmt.Fprintf(w, "%s gets again what the configuration says%s\n", args[0], ofDigest(forDigest))
			})
		},
	}
	for _, sub := range []*cobra.Command{suppress, restore} {
		sub.Flags().StringVar(&forDigest, "digest", "", "only this `DIGEST`")
	}
	var csvOut, suppressedOnly bool
	list := &cobra.Command{
		Use:   "list",
		Short: "List the subscribers and the suppressed",
		Args:  cobra.NoArgs,
		RunE: func(c *cobra.Command, _ []string) error {
			line, done, _, err := p.looking(c.Context())
			if err != nil {
				return err
			}
			defer done()
			rows, err := listed(line.Config.Subscribers, line.Ledger, suppressedOnly)
			if err != nil {
				return err
			}
			if csvOut {
				return writeCSV(p.stdout, rows)
			}
			return p.print(map[string]any{"subscribers": rows}, func(w io.Writer) { printListed(w, rows) })
		},
	}
	list.Flags().BoolVar(&csvOut, "csv", false, "print CSV")
	list.Flags().BoolVar(&suppressedOnly, "suppressed", false, "only those that are suppressed")
	c.AddCommand(list, suppress, restore)
	return c
}

func ofDigest(id string) string {
	if id == "" {
		return ""
	}
	return " of " + id
}

// listedSubscriber is a row of subscribers list.
type listedSubscriber struct {
	Email       string               `json:"email"`
	Name        string               `json:"name,omitempty"`
	Digests     []string             `json:"digests,omitempty"` // absent: all
	Topics      []string             `json:"topics,omitempty"`  // absent: all
	Zone        string               `json:"timezone,omitempty"`
	Language    string               `json:"language,omitempty"`
	Format      string               `json:"format,omitempty"`
	PausedUntil time.Time            `json:"paused_until,omitzero"`
	Source      string               `json:"source,omitempty"` // file:line; absent when the config has no such subscriber
	Suppressed  []digest.Suppression `json:"suppressed,omitempty"`
}

// suppressions is what listed needs of the ledger.
type suppressions interface {
	Suppressions() ([]digest.Suppression, error)
}

// listed joins the config's subscribers with the ledger's suppressions, also those of addresses that left
// the config.
func listed(all *subscribers.List, l suppressions, suppressedOnly bool) ([]listedSubscriber, error) {
	ledgered, err := l.Suppressions()
	if err != nil {
		return nil, err
	}
	byKey := map[string][]digest.Suppression{}
	for _, s := range ledgered {
		key := subscribers.Key(s.Email)
		byKey[key] = append(byKey[key], s)
	}
	rows := []listedSubscriber{}
	for _, s := range all.All() {
		key := subscribers.Key(s.Email)
		row := listedSubscriber{Email: s.Email, Name: s.Name, Digests: s.Digests, Topics: s.Topics, Zone: s.Zone, Language: s.Language,
			Format: s.Format, PausedUntil: s.PausedUntil, Source: fmt.Sprintf("%s:%d", s.File, s.Line), Suppressed: byKey[key]}
		delete(byKey, key)
		if !suppressedOnly || len(row.Suppressed) > 0 {
			rows = append(rows, row)
		}
	}
	for _, s := range ledgered { // in the ledger's order
		key := subscribers.Key(s.Email)
		if left, ok := byKey[key]; ok {
			rows = append(rows, listedSubscriber{Email: s.Email, Suppressed: left})
			delete(byKey, key)
		}
	}
	return rows, nil
}

func printListed(w io.Writer, rows []listedSubscriber) {
	t := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	for _, r := range rows {
		digests, topics := "all digests", "all topics"
		if r.Digests != nil {
			digests = strings.Join(r.Digests, ", ")
		}
		if r.Topics != nil {
			topics = strings.Join(r.Topics, ", ")
		}
		if r.Source == "" {
			digests, topics = "not in the configuration", ""
		}
		var notes []string
		if !r.PausedUntil.IsZero() {
			notes = append(notes, "paused until "+r.PausedUntil.Format(time.DateOnly))
		}
		for _, s := range r.Suppressed {
			notes = append(notes, fmt.Sprintf("suppressed%s by %s on %s", ofDigest(s.Digest), s.Source, s.At.Format(time.DateOnly)))
		}
		fmt.Fprintf(t, "%s\t%s\t%s\t%s\t%s\t%s\t%s\n", r.Email, digests, topics, r.Zone, r.Language, r.Format, strings.Join(notes, "; "))
	}
	t.Flush()
	fmt.Fprintf(w, "%s\n", plural(len(rows), "subscriber"))
}

// writeCSV prints rows in the columns of a subscriber file, so that what is printed can be read back, and
// behind them what the ledger adds.
func writeCSV(w io.Writer, rows []listedSubscriber) error {
	out := csv.NewWriter(w)
	if err := out.Write(append(append([]string{}, subscribers.Columns...), "source", "suppressed")); err != nil {
		return err
	}
	for _, r := range rows {
		paused, suppressed := "", ""
		if !r.PausedUntil.IsZero() {
			paused = r.PausedUntil.Format(time.DateOnly)
		}
		for _, s := range r.Suppressed {
			suppressed = strings.TrimSpace(suppressed + " " + s.Source + ofDigest(s.Digest))
		}
		if err := out.Write([]string{r.Email, r.Name, strings.Join(r.Digests, " "), strings.Join(r.Topics, " "), r.Zone, r.Language, r.Format,
			paused, r.Source, suppressed}); err != nil {
			return err
		}
	}
	out.Flush()
	return out.Error()
}
