package cli

import (
	"bytes"
	"context"
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"path/filepath"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"digestd/internal/config"
	"digestd/internal/regular"
	"digestd/subscribers"
)

// importing is what subscribers import is asked for.
type importing struct {
	into    string
	digests []string
	yes     bool
}

// importJSON is the answer of subscribers import.
type importJSON struct {
	From       string         `json:"from,omitempty"`
	Into       string         `json:"into"`
	Readers    int            `json:"readers"`        // new ones
	Known      int            `json:"known"`          // that the lists have already
	Twice      int            `json:"twice"`          // rows of an address that stood there before
	Waiting    int            `json:"unconfirmed"`    // who never confirmed
	Suppressed map[string]int `json:"suppressed"`     // by source
	Wrong      []string       `json:"wrong"`          // rows that are left out
	Passed     []string       `json:"columns_passed"` // of which nothing is taken over
	Done       bool           `json:"done"`
}

func importCommand(p *program) *cobra.Command {
	var how importing
	c := &cobra.Command{
		Use:   "import FILE.csv",
		Short: "Take over the readers of another program, from what it exports",
		Long: "Take over the readers of another program, from the CSV file that it exports: Mailchimp, listmonk, Substack, Ghost, Buttondown,\n" +
			"Google Groups and Contacts, or one with a column for the address. Readers are added to a CSV file of [subscriber_files];\n" +
			"whoever left, bounced or complained there gets nothing from here either; who never confirmed is left out. Without\n" +
			"--yes it says what it would do, and does nothing. A running daemon takes the new readers with `digestd reload`.",
		Args: cobra.ExactArgs(1),
		RunE: func(c *cobra.Command, args []string) error { return how.run(c.Context(), p, args[0]) },
	}
	c.Flags().StringVar(&how.into, "into", "", "the `CSV` file that they go into, where [subscriber_files] names several")
	c.Flags().StringSliceVar(&how.digests, "digest", nil, "they get this `DIGEST` alone; may be given more than once")
	c.Flags().BoolVar(&how.yes, "yes", false, "do it")
	return c
}

func (how importing) run(ctx context.Context, p *program, file string) error {
	cfg, _, err := p.load()
	if err != nil {
		return err
	}
	if err := areDigests(how.digests...)(cfg); err != nil {
		return err
	}
	into, err := how.target(cfg)
	if err != nil {
		return err
	}
	raw, err := regular.Read(file, maxListFile)
	if err != nil {
		return usageError{err}
	}
	export, err := subscribers.ReadExport(raw, file)
	if err != nil {
		return usageError{err}
	}
	out := importJSON{From: export.From, Into: into, Twice: export.Twice, Waiting: export.Waiting, Suppressed: map[string]int{},
		Wrong: []string{}, Passed: append([]string{}, export.Passed...), Done: how.yes}
	fresh := slices.DeleteFunc(slices.Clone(export.Readers), func(s subscribers.Subscriber) bool {
		_, known := cfg.Subscribers.Find(s.Email)
		return known
	})
	out.Readers, out.Known = len(fresh), len(export.Readers)-len(fresh)
	for _, k := range export.Kept {
		out.Suppressed[k.Source]++
	}
	for _, w := range export.Wrong {
		out.Wrong = append(out.Wrong, w.Error())
	}
	old, err := regular.Read(into, maxListFile)
	if err != nil {
		return usageError{err}
	}
	if _, err := subscribers.AppendCSV(old, fresh, how.digests); err != nil {
		return usagef("%s: %w", into, err)
	}
	if how.yes {
		// First whom mail is kept from: what is cut short then mails nobody against their wish.
		if err := keep(ctx, *p, export.Kept); err != nil {
			return err
		}
		if len(fresh) > 0 {
			err := subscribers.Rewrite(into, func(now io.Reader) ([]byte, error) { // as it is by now
				old, err := io.ReadAll(now)
				if err != nil {
					return nil, err
				}
				return subscribers.AppendCSV(old, fresh, how.digests)
			})
			if err != nil {
				return fmt.Errorf("%w; who left is suppressed, and nobody is added", err)
			}
		}
	}
	if err := p.print(out, out.write); err != nil {
		return err
	}
	if len(out.Wrong) > 0 && how.yes {
		return forwarded{exitIncomplete}
	}
	return nil
}

// target is the file that new readers go into.
func (how importing) target(cfg *config.Config) (string, error) {
	files := cfg.SubscriberFiles
	if how.into != "" {
		into, err := filepath.Abs(how.into)
		if err != nil {
			return "", err
		}
		if !slices.Contains(files, into) {
			return "", usagef("--into %s: [subscriber_files] of %s does not name it, so nobody would read it", how.into, cfg.Path)
		}
		return into, nil
	}
	switch len(files) {
	case 0:
		return "", noList(cfg)
	case 1:
		return files[0], nil
	}
	return "", usagef("[subscriber_files] names %d files: choose one with --into", len(files))
}

// keep keeps mail from those who left elsewhere, here or in the process that holds the ledger.
func keep(ctx context.Context, p program, all []subscribers.Kept) error {
	if len(all) == 0 {
		return nil
	}
	var list bytes.Buffer
	w := csv.NewWriter(&list)
	w.Write([]string{"email", "suppressed"})
	for _, k := range all {
		w.Write([]string{k.Email, k.Source})
	}
	w.Flush()
	p.stdin, p.stdout = &list, io.Discard
	c := suppressCommand(&p)
	c.SetArgs([]string{"--file=-"})
	c.SilenceErrors, c.SilenceUsage = true, true
	err := c.ExecuteContext(ctx)
	if other := (forwarded{}); errors.As(err, &other) && other.status == exitDone {
		return nil
	}
	return err
}

func (out importJSON) write(w io.Writer) {
	from := ""
	if out.From != "" {
		from = ", an export of " + out.From
	}
	would := "would go"
	if out.Done {
		would = "went"
	}
	fmt.Fprintf(w, "%s%s: %s into %s\n", plural(out.Readers, "new reader"), from, would, near(out.Into))
	for _, line := range []struct {
		n    int
		text string
	}{
		{out.Known, "stand in the lists already"},
		{out.Twice, "rows are of an address that stands there twice, or that left"},
		{out.Waiting, "never confirmed, and are left out"},
		{out.Suppressed[subscribers.Left], "left, and get nothing"},
		{out.Suppressed["bounce"], "bounced, and get nothing"},
		{out.Suppressed["complaint"], "complained, and get nothing"},
		{out.Suppressed["operator"], "were blocked there, and get nothing"},
	} {
		if line.n > 0 {
			fmt.Fprintf(w, "  %d %s\n", line.n, line.text)
		}
	}
	if len(out.Passed) > 0 {
		fmt.Fprintf(w, "  nothing is taken over of the columns %s\n", strings.Join(out.Passed, ", "))
	}
	for i, wrong := range out.Wrong {
		if i == shownWrong {
			fmt.Fprintf(w, "  and %d more rows are left out\n", len(out.Wrong)-i)
			break
		}
		fmt.Fprintf(w, "  left out: %s\n", wrong)
	}
	if !out.Done {
		fmt.Fprintln(w, "nothing is changed; --yes does it")
	} else if out.Readers > 0 {
		fmt.Fprintln(w, "a running daemon takes them with `digestd reload`")
	}
}

// shownWrong is how many rows that are left out are named.
const shownWrong = 20
