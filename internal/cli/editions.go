package cli

import (
	"errors"
	"fmt"
	"io"

	"github.com/spf13/cobra"

	"digestd/internal/ledger"
	"digestd/internal/newsroom"
	"digestd/internal/report"
)

func editionsCommand(p *program) *cobra.Command {
	c := &cobra.Command{
		Use:   "editions [DIGEST]",
		Short: "List what was composed, of one digest or of all; withdraw an edition",
		Args:  cobra.MaximumNArgs(1),
		RunE: func(c *cobra.Command, args []string) error {
			o, err := p.open(c.Context(), want{mayMiss: true, admit: areDigests(args...)})
			if err != nil {
				return err
			}
			defer o.close()
			all, err := o.Report.Editions(args...)
			if err != nil {
				return err
			}
			var rows [][]cell
			for _, e := range all {
				rows = append(rows, []cell{{e.ID, plain}, {plural(e.Stories, "story"), plain}, {deliveries(e), plain}})
			}
			return p.print(map[string][]report.EditionStatus{"editions": all}, func(w io.Writer) {
				if len(all) == 0 {
					fmt.Fprintln(w, "no edition is composed yet")
				}
				p.paint().table(w, rows)
			})
		},
	}
	c.AddCommand(withdrawCommand(p))
	return c
}

func withdrawCommand(p *program) *cobra.Command {
	var back newsroom.Return
	c := &cobra.Command{
		Use:   "withdraw ID",
		Short: "End at once what is still owed of an edition",
		Long: "End at once what is still owed of an edition, also where it is on its way: what the mail server has by then can't be\n" +
			"taken back. Its stories go into the next edition, for those who have not had them; --without leaves some of them out\n" +
			"for good, --drop all of them.",
		Args: cobra.ExactArgs(1),
		RunE: func(c *cobra.Command, args []string) error {
			if back.None && len(back.Without) > 0 {
				return usagef("--drop leaves out all stories: it needs no --without")
			}
			o, err := p.open(c.Context(), want{write: true})
			if err != nil {
				return err
			}
			defer o.close()
			reached, err := o.Publisher.Withdraw(c.Context(), args[0], back)
			if errors.Is(err, ledger.ErrUnknown) {
				return usagef("%w; `digestd editions` lists them", err)
			}
			if err != nil {
				return err
			}
			answer := struct {
				Edition string `json:"edition"`
				Reached int    `json:"reached"`
			}{args[0], reached}
			return p.print(answer, func(w io.Writer) {
				fmt.Fprintf(w, "%s is withdrawn; %s it already\n", args[0], has(reached))
			})
		},
	}
	c.Flags().BoolVar(&back.None, "drop", false, "none of its stories goes into a later edition")
	c.Flags().StringArrayVar(&back.Without, "without", nil, "the story with this `LINK` goes into no later edition; may be given again")
	return c
}

// has says how many readers have something.
func has(n int) string {
	switch n {
	case 0:
		return "nobody has"
	case 1:
		return "1 reader has"
	}
	return fmt.Sprintf("%d readers have", n)
}

func pauseCommand(p *program) *cobra.Command {
	return &cobra.Command{
		Use:   "pause DIGEST",
		Short: "Compose and deliver nothing of a digest until it is resumed",
		Long: "Compose and deliver nothing of a digest, over restarts and reloads, until `digestd resume DIGEST`. What is on its way\n" +
			"ends with the messages in flight. Slots pass, and what they would have told goes into the next edition.",
		Args: cobra.ExactArgs(1),
		RunE: func(c *cobra.Command, args []string) error {
			o, err := p.open(c.Context(), want{write: true, admit: areDigests(args...)})
			if err != nil {
				return err
			}
			defer o.close()
			if err := o.Publisher.Pause(args[0]); err != nil {
				return err
			}
			return p.print(map[string]string{"paused": args[0]}, func(w io.Writer) {
				fmt.Fprintf(w, "%s is paused; `digestd resume %s` goes on\n", args[0], args[0])
			})
		},
	}
}
