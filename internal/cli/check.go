package cli

import (
	"errors"
	"fmt"
	"io"

	"github.com/spf13/cobra"

	"digestd/internal/config"
	"digestd/internal/daemon"
)

// nextSlots is how many slots of each lane check and status show.
const nextSlots = 3

func (p *program) checkCommand() *cobra.Command {
	return &cobra.Command{
		Use:   "check",
		Short: "Check the configuration, all of it at once",
		Long: "Check everything that can be checked without the network: the configuration, the subscriber files, the templates and\n" +
			"the schedules. All errors are printed at once, each with its line. Warnings alone exit 0.",
		Args: cobra.NoArgs,
		RunE: func(c *cobra.Command, _ []string) error {
			out := checkJSON{Errors: []string{}, Warnings: []string{}, Slots: []daemon.NextSlot{}}
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
				for _, warning := range cfg.Warnings {
					out.Warnings = append(out.Warnings, warning.Error())
				}
				line := &daemon.Pipeline{Config: cfg, Templates: sets, Now: p.now, Log: p.log}
				if out.Slots, err = slots(line, nextSlots); err != nil {
					out.Errors = append(out.Errors, err.Error())
				}
			}
			if err := p.print(out, func(w io.Writer) { printCheck(w, p.stderr, out) }); err != nil {
				return err
			}
			if len(out.Errors) > 0 {
				return forwarded{exitUsage}
			}
			return nil
		},
	}
}

// checkJSON is the answer of check.
type checkJSON struct {
	Errors   []string          `json:"errors"`
	Warnings []string          `json:"warnings"`
	Slots    []daemon.NextSlot `json:"slots"`
}

// slots are the next n slots of every lane.
func slots(line *daemon.Pipeline, n int) ([]daemon.NextSlot, error) {
	all := []daemon.NextSlot{}
	for _, d := range line.Config.Digests {
		for _, lane := range line.Lanes(d) {
			at := line.Now()
			for range n {
				slot, err := line.NextSlot(d, lane, at)
				if err != nil {
					return all, err
				}
				if slot.IsZero() {
					break
				}
				all = append(all, daemon.NextSlot{Digest: lane.Digest, Zone: lane.Zone, Wall: slot.Wall, At: slot.At})
				at = slot.At
			}
		}
	}
	return all, nil
}

func printCheck(w, errw io.Writer, out checkJSON) {
	for _, e := range out.Errors {
		fmt.Fprintln(errw, e)
	}
	for _, warning := range out.Warnings {
		fmt.Fprintf(errw, "warning: %s\n", warning)
	}
	if len(out.Errors) > 0 {
		return
	}
	lane := ""
	for _, s := range out.Slots {
		if next := s.Digest + " in " + s.Zone; next != lane {
			lane = next
			fmt.Fprintf(w, "%s\n", lane)
		}
		fmt.Fprintf(w, "  %s\n", s.At.Format("Monday 2 January 2006, 15:04 MST (-07:00)"))
	}
	if len(out.Slots) == 0 {
		fmt.Fprintln(w, "no digest has a subscriber yet, so nothing is due")
	}
}
