package cli

import (
	"errors"
	"fmt"
	"io"
	"strings"

	"github.com/spf13/cobra"

	"digestd/digest/collect"
)

func collectCommand(p *program) *cobra.Command {
	var all bool
	c := &cobra.Command{
		Use:   "collect",
		Short: "Ask the feeds that are due, once",
		Long: "Ask the feeds that are due, once, and remember what they show. A feed that can't be read keeps no other from\n" +
			"being read; it is named, and the exit status is 1.",
		Args: cobra.NoArgs,
		RunE: withOpened(p, want{write: true}, func(c *cobra.Command, o *opened, _ []string) error {
			bar := p.bar(len(o.Config.Feeds()), "feeds")
			sum := o.Publisher.Collect(c.Context(), all, func(r collect.Result) { bar.advance(r.Feed.Address()) })
			bar.end()
			out := collected(sum)
			if err := p.print(out, out.print); err != nil {
				return err
			}
			if c.Context().Err() != nil {
				return c.Context().Err()
			}
			if sum.Failed > 0 {
				return errIncomplete
			}
			return nil
		}),
	}
	c.Flags().BoolVar(&all, "all", false, "ask all feeds, whatever their next poll time, also those that said 410 (gone)")
	return c
}

// collectedJSON is the answer of collect.
type collectedJSON struct {
	collect.Summary
	Failures   []failedFeed `json:"failures,omitempty"`
	Unrecorded int          `json:"unrecorded,omitempty"` // of the failures: what the ledger could not take
}

type failedFeed struct {
	Feed  string `json:"feed"`
	Error string `json:"error"`
}

func collected(s collect.Summary) collectedJSON {
	out := collectedJSON{Summary: s}
	for _, r := range s.Results {
		if r.Outcome == collect.Failed {
			out.Failures = append(out.Failures, failedFeed{r.Feed.Address(), r.Err.Error()})
			if errors.Is(r.Err, collect.ErrUnrecorded) {
				out.Unrecorded++
			}
		}
	}
	return out
}

func (s collectedJSON) print(w io.Writer) {
	fmt.Fprintf(w, "%s in %.1f s: %d read, %d not modified, %d failed, %d not due\n",
		plural(s.Feeds, "feed"), s.Seconds, s.OK, s.NotModified, s.Failed, s.Skipped)
	fmt.Fprintf(w, "%s, %d new\n", plural(s.Items, "item"), s.New)
	if s.Skipped > 0 && s.Skipped == s.Feeds {
		fmt.Fprintln(w, "all of them were asked a short while ago; `digestd collect --all` asks again at once")
	}
	var lines []string
	for _, f := range s.Failures {
		lines = append(lines, f.Error)
	}
	for _, line := range onceEach(lines) {
		fmt.Fprintf(w, "  %s\n", line)
	}
}

// How many lines that say the same of different feeds become one, and how many feeds that one names.
const foldFrom, foldNames = 4, 3

// onceEach are lines of the form "feed NAME: words", of which those with the same words are one, where the first of
// them stood. A port in an address does not end the name.
func onceEach(lines []string) (out []string) {
	names := map[string][]string{}
	for _, line := range lines {
		name, words, _ := strings.Cut(line, ": ")
		names[words] = append(names[words], strings.TrimPrefix(name, "feed "))
	}
	for _, line := range lines {
		name, words, _ := strings.Cut(line, ": ")
		alike := names[words]
		switch {
		case words == "" || len(alike) < foldFrom:
			out = append(out, line)
		case strings.TrimPrefix(name, "feed ") == alike[0]:
			out = append(out, fmt.Sprintf("%d feeds: %s: %s and %d more", len(alike), words, strings.Join(alike[:foldNames], ", "), len(alike)-foldNames))
		}
	}
	return out
}
