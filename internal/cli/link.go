package cli

import (
	"fmt"
	"io"

	"github.com/spf13/cobra"

	"digestd/mailer/message"
	"digestd/subscribers"
)

// linkJSON is the answer of subscribers link.
type linkJSON struct {
	Email       string `json:"email"`
	Digest      string `json:"digest,omitempty"` // absent: all of them
	Unsubscribe string `json:"unsubscribe"`
	Preferences string `json:"preferences,omitempty"` // absent without [web]
}

func linkCommand(p *program) *cobra.Command {
	var forDigest string
	c := &cobra.Command{
		Use:   "link ADDRESS",
		Short: "Print the links by which a subscriber leaves and chooses",
		Long: "Print the links to a subscriber's own pages, for a reader who asks for them; without [web] the one by which they leave\n" +
			"by mail. Whoever has a link can use it: give it to nobody else.",
		Args: cobra.ExactArgs(1),
		RunE: withOpened(p, want{}, func(_ *cobra.Command, o *opened, args []string) error {
			s, ok := o.Config.Readers().Find(args[0])
			if !ok {
				return usagef("no subscriber of %s has the address %s", o.Config.Path, args[0])
			}
			if forDigest != "" {
				if _, err := findDigest(o.Config, forDigest); err != nil {
					return err
				}
			}
			key, err := subscribers.NewTokenKey(o.Ledger.Keys.Secrets()[0])
			if err != nil {
				return err
			}
			sender := message.Sender{From: o.Config.Mail.From, UnsubscribeTo: o.Config.Mail.UnsubscribeTo}
			if o.Config.Web != nil {
				sender.BaseURL = o.Config.Web.BaseURL
			}
			out := linkJSON{Email: s.Email, Digest: forDigest}
			if out.Unsubscribe, out.Preferences, err = sender.Links(key.Account(s.Email, forDigest)); err != nil {
				return err
			}
			return p.print(out, func(w io.Writer) {
				fmt.Fprintf(w, "unsubscribe  %s\n", out.Unsubscribe)
				if out.Preferences != "" {
					fmt.Fprintf(w, "preferences  %s\n", out.Preferences)
				}
			})
		}),
	}
	c.Flags().StringVar(&forDigest, "digest", "", "leave only this `DIGEST`")
	return c
}
