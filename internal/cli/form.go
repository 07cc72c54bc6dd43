package cli

import (
	"cmp"
	"io"

	"github.com/spf13/cobra"

	"digestd/internal/web"
)

func formCommand(p *program) *cobra.Command {
	var language string
	c := &cobra.Command{
		Use:   "form",
		Short: "Print a form by which readers sign up, to paste into a page of your own",
		Long: "Print the HTML of a form by which readers sign up, to paste into a page of your own. It sends them to the page that\n" +
			"[web] sign_up answers, which goes on from there. It needs no script and no style, and takes those of the page.",
		Args: cobra.NoArgs,
		RunE: func(*cobra.Command, []string) error {
			cfg, sets, err := p.load()
			if err != nil {
				return err
			}
			if cfg.Web == nil || !cfg.Web.SignUp {
				return usagef("%s has no page where readers sign up: set sign_up = true in [web]", cfg.Path)
			}
			text := web.Form(web.Site{Config: cfg, Sets: sets}, cmp.Or(language, cfg.Newsletter.Language))
			return p.print(map[string]string{"html": text}, func(w io.Writer) { io.WriteString(w, text) })
		},
	}
	c.Flags().StringVar(&language, "language", "", "in this `LANGUAGE` and not the newsletter's")
	return c
}
