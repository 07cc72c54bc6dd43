package cli

import (
	"errors"
	"fmt"
	"io"

	"github.com/spf13/cobra"

	"digestd/internal/config"
	"digestd/internal/ledger"
	"digestd/subscribers"
)

func forgetCommand(p *program) *cobra.Command {
	var show bool
	c := &cobra.Command{
		Use:   "forget ADDRESS",
		Short: "Erase for good all that is remembered of an address",
		Long: "Erase an address for good: from the recipients of all editions, with its name and the servers' words; what kept mail\n" +
			"from it, what its reader chose and asked for, and its bounces. A hash stays, so that it gets nothing more if a list brings it back;\n" +
			"`subscribers restore` drops that too. Take it out of the lists first. --show tells what is remembered, and erases nothing.",
		Args: cobra.ExactArgs(1),
		RunE: func(c *cobra.Command, args []string) error {
			email, err := subscribers.ParseAddress(args[0])
			if err != nil {
				return usagef("%s: %w", args[0], err)
			}
			if show {
				o, err := p.open(c.Context(), want{mayMiss: true})
				if err != nil {
					return err
				}
				defer o.close()
				r, err := o.Report.WhyReader(email)
				if err != nil {
					return err
				}
				return p.print(r, func(w io.Writer) { printReader(w, r) })
			}
			o, err := p.open(c.Context(), want{write: true, admit: func(cfg *config.Config) error {
				if s, ok := cfg.Subscribers.Find(email); ok {
					return usagef("%s stands at %s: take it out of there first (and `digestd reload`), or every edition would remember it anew",
						email, subscribers.Place{File: s.File, Line: s.Line})
				}
				return nil
			}})
			if err != nil {
				return err
			}
			defer o.close()
			forgot, err := o.Ledger.Forget(email)
			if err != nil {
				return err
			}
			for _, f := range o.Config.SubscriberFiles { // what `remove` has left there
				err := subscribers.EditCSV(f, func(t *subscribers.Table) error { return t.Erase(email) })
				if err != nil && !errors.Is(err, subscribers.ErrNoRow) {
					return fmt.Errorf("the ledger has forgotten it, and the list can't be rewritten: %w", err)
				}
			}
			out := struct {
				Email string `json:"email"`
				ledger.Forgot
			}{email, forgot}
			return p.print(out, func(w io.Writer) {
				fmt.Fprintf(w, "%s is erased from %s; %d suppressions, %d choices, %d bounces and %d sign-ups are gone with it. A hash stays, so that it gets nothing more.\n",
					email, plural(forgot.Editions, "edition"), forgot.Suppressions, forgot.Preferences, forgot.Bounces, forgot.Signups)
				fmt.Fprintf(w, "It may stand still in backups, in the log, in %s, and in free pages of the ledger until `digestd ledger compact`.\n",
					o.Config.Mail.Letters)
			})
		},
	}
	c.Flags().BoolVar(&show, "show", false, "tell what is remembered of it, and erase nothing")
	return c
}
