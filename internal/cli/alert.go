package cli

import (
	"fmt"
	"io"

	"github.com/spf13/cobra"

	"digestd/internal/config"
	"digestd/internal/daemon"
)

func alertCommand(p *program) *cobra.Command {
	var test bool
	c := &cobra.Command{
		Use:   "alert --test",
		Short: "Try whether you would be told when something needs you",
		Long: "Run the command of [alerts] with a message that says to be a test. Where a daemon runs, it runs the command, in the\n" +
			"sandbox that it has: what works in a shell may not work there.",
		Args: cobra.NoArgs,
		RunE: func(c *cobra.Command, _ []string) error {
			if !test {
				return usagef("digestd alert tells nothing by itself: --test sends a test")
			}
			o, err := p.open(c.Context(), want{mayMiss: true, admit: func(cfg *config.Config) error {
				if cfg.Alerts.Command == "" {
					return usagef("%s: command of [alerts] is not set, so nobody is told of anything", cfg.Path)
				}
				return nil
			}})
			if err != nil {
				return err
			}
			defer o.close()
			alerts := o.alerts
			if alerts == nil {
				alerts = daemon.NewAlerts()
			}
			if err := alerts.Test(c.Context(), o.Config, p.now()); err != nil {
				return fmt.Errorf("%s: command of [alerts] fails: %w", o.Config.Where("alerts", "command"), err)
			}
			return p.print(map[string]bool{"told": true, "daemon": o.alerts != nil}, func(w io.Writer) {
				by := "this shell, since no daemon runs"
				if o.alerts != nil {
					by = "the running daemon"
				}
				fmt.Fprintf(w, "the command of [alerts] took the test message, run by %s: look whether it arrives\n", by)
			})
		},
	}
	c.Flags().BoolVar(&test, "test", false, "send a test alert")
	return c
}
