package cli

import (
	"cmp"
	"errors"
	"fmt"
	"io"
	"slices"

	"github.com/spf13/cobra"

	"digestd/digest"
	"digestd/digest/render"
	"digestd/internal/ledger"
	"digestd/internal/newsroom"
	"digestd/internal/report"
	"digestd/mailer/message"
	"digestd/subscribers"
)

func editionsCommand(p *program) *cobra.Command {
	c := &cobra.Command{
		Use:   "editions [DIGEST]",
		Short: "List what was composed, of one digest or of all; show an edition, send a mail of it again, withdraw it",
		Args:  cobra.MaximumNArgs(1),
		RunE: withOpened(p, want{mayMiss: true, digests: true}, func(_ *cobra.Command, o *opened, args []string) error {
			all, err := o.Report.Editions(args...)
			if err != nil {
				return err
			}
			var rows [][]cell
			for _, e := range all {
				rows = append(rows, []cell{{e.ID, plain}, {plural(e.Stories, "story"), plain}, {deliveries(e) + resent(e), plain}})
			}
			return p.print(map[string][]report.EditionStatus{"editions": all}, func(w io.Writer) {
				if len(all) == 0 {
					fmt.Fprintln(w, "no edition is composed yet")
				}
				p.paint().table(w, rows)
			})
		}),
	}
	c.AddCommand(showCommand(p), resendCommand(p), withdrawCommand(p))
	return c
}

// resent says how many mails of an edition went once more.
func resent(e report.EditionStatus) string {
	if e.Resent == 0 {
		return ""
	}
	return fmt.Sprintf("; %s once more", plural(e.Resent, "mail"))
}

func showCommand(p *program) *cobra.Command {
	var email, format string
	c := &cobra.Command{
		Use:   "show ID",
		Short: "Show an edition again as it was sent",
		Long: "Show a mail of an edition on stdout, the same bytes as its reader got. Without --for it is the mail that shows most of\n" +
			"the edition, addressed to nobody in particular.",
		Args: cobra.ExactArgs(1),
		RunE: func(c *cobra.Command, args []string) error {
			format, err := formatOf(p, format)
			if err != nil {
				return err
			}
			if err := areAddresses("--for ", &email); err != nil {
				return err
			}
			o, err := p.open(c.Context(), want{mayMiss: true})
			if err != nil {
				return err
			}
			defer o.close()
			m, err := o.Composer.Sent(args[0], email)
			if err != nil {
				return editionError(err)
			}
			if email != "" && m.State != digest.Sent {
				fmt.Fprintf(p.stderr, "the delivery to %s is %s: this is the mail as it was made\n", email, m.State)
			}
			return showSent(p, m, format)
		},
	}
	c.Flags().StringVar(&email, "for", "", "the mail of the reader with this `ADDRESS`")
	c.Flags().StringVar(&format, "format", "html", "html, text, eml (the whole message) or json")
	return c
}

// areAddresses makes addresses as they are compared, and leaves empty ones.
func areAddresses(flag string, emails ...*string) error {
	for _, email := range emails {
		if *email == "" {
			continue
		}
		parsed, err := subscribers.ParseAddress(*email)
		if err != nil {
			return usagef("%s%s: %w", flag, *email, err)
		}
		*email = parsed
	}
	return nil
}

// editionError makes an edition or a mail that there is not the caller's mistake.
func editionError(err error) error {
	if errors.Is(err, ledger.ErrUnknown) {
		return usagef("%w; `digestd editions` lists them", err)
	}
	if errors.Is(err, newsroom.ErrNoMail) {
		return usageError{err}
	}
	return err
}

func showSent(p *program, m newsroom.Mail, format string) error {
	letter, err := message.TakeApart(m.Raw)
	if err != nil {
		return err
	}
	switch format {
	case "eml":
		_, err = p.stdout.Write(m.Raw)
	case "text":
		_, err = io.WriteString(p.stdout, letter.Text)
	case "json":
		p.json = true
		v := newsroom.Preview{Edition: m.Page.Edition, Page: m.Page,
			Rendered: render.Rendered{Subject: letter.Subject, HTML: letter.HTML, Text: letter.Text}}
		err = p.print(previewed(v), nil)
	default:
		_, err = io.WriteString(p.stdout, cmp.Or(letter.HTML, letter.Text))
	}
	return err
}

// resentJSON is the answer of editions resend.
type resentJSON struct {
	Edition string   `json:"edition"`
	Sent    int      `json:"sent"`
	Failed  int      `json:"failed"`
	Errors  []string `json:"errors,omitempty"`
}

func resendCommand(p *program) *cobra.Command {
	return &cobra.Command{
		Use:   "resend ID ADDRESS...",
		Short: "Send the same mail once more to a reader who lost it",
		Long: "Send the mail of an edition once more to some of its readers, the same bytes. It is recorded (`digestd why ADDRESS`), changes\n" +
			"nothing of their deliveries, and goes to nobody who has left or whose address is suppressed. What dies on its way is in\n" +
			"doubt, and goes again only when you ask for it again.",
		Args: cobra.MinimumNArgs(2),
		RunE: func(c *cobra.Command, args []string) error {
			emails := slices.Clone(args[1:])
			for i := range emails {
				if err := areAddresses("", &emails[i]); err != nil {
					return err
				}
			}
			slices.Sort(emails)
			emails = slices.Compact(emails)
			o, err := p.open(c.Context(), want{write: true})
			if err != nil {
				return err
			}
			defer o.close()
			copies, err := o.Publisher.Desk.Resend(c.Context(), args[0], emails)
			if err != nil {
				return editionError(err)
			}
			failed := refused(copies)
			out := resentJSON{Edition: args[0], Sent: len(copies) - len(failed), Failed: len(failed), Errors: failed}
			return printWith(p, failed, out, func(w io.Writer) {
				fmt.Fprintf(w, "%s of %s sent once more\n", plural(out.Sent, "mail"), args[0])
			})
		},
	}
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
			if err != nil {
				return editionError(err)
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
		RunE: withOpened(p, want{write: true, digests: true}, func(_ *cobra.Command, o *opened, args []string) error {
			if err := o.Publisher.Pause(args[0]); err != nil {
				return err
			}
			return p.print(map[string]string{"paused": args[0]}, func(w io.Writer) {
				fmt.Fprintf(w, "%s is paused; `digestd resume %s` goes on\n", args[0], args[0])
			})
		}),
	}
}
