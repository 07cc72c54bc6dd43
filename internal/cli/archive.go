package cli

import (
	"context"
	"fmt"
	"io"
	"strings"

	"github.com/spf13/cobra"

	"digestd/internal/archive"
)

func archiveCommand(p *program) *cobra.Command {
	c := &cobra.Command{
		Use:   "archive [DIGEST]",
		Short: "List the public pages, write them as files, take one out",
		Args:  cobra.MaximumNArgs(1),
		RunE: withOpened(p, want{mayMiss: true, digests: true}, func(_ *cobra.Command, o *opened, args []string) error {
			site, err := o.site(p)
			if err != nil {
				return err
			}
			rows, _, err := o.Ledger.Archive.Rows()
			if err != nil {
				return err
			}
			all := []archive.Edition{}
			var lines [][]cell
			for _, row := range rows {
				if len(args) > 0 && row.Digest != args[0] {
					continue
				}
				e := site.Describe(row)
				all = append(all, e)
				state := e.Subject
				if e.Withdrawn {
					state = "withdrawn"
				}
				lines = append(lines, []cell{{e.URL, plain}, {state, plain}})
			}
			return p.print(map[string]any{"editions": all}, func(w io.Writer) {
				if len(all) == 0 {
					fmt.Fprintln(w, "no edition has a public page; archive = true in [digests.NAME] makes them")
				}
				p.paint().table(w, lines)
			})
		}),
	}
	c.AddCommand(exportArchiveCommand(p), removeCommand(p))
	return c
}

// site is the public side of a configuration.
func (o *opened) site(p *program) (*archive.Site, error) {
	return archive.New(o.Config, o.Composer.Templates, o.Ledger.Archive, p.now())
}

func exportArchiveCommand(p *program) *cobra.Command {
	return &cobra.Command{
		Use:   "export DIR",
		Short: "Write the archive as files, for any web server",
		Long: "Write the archive as files into DIR, for any web server: each is whole when it gets its name, and those that lead to\n" +
			"others come last. A second call writes what is new, and removes the pages of editions that were withdrawn since. For -\n" +
			"it is a tar file on stdout.",
		Args: cobra.ExactArgs(1),
		RunE: func(c *cobra.Command, args []string) error {
			// Whoever holds the ledger runs as another user, elsewhere: it writes a tar file to this process.
			if args[0] == "-" {
				o, err := p.open(c.Context(), want{})
				if err != nil {
					return err
				}
				defer o.close()
				site, err := o.site(p)
				if err != nil {
					return err
				}
				return site.Tar(p.stdout)
			}
			done, err := exportTo(c.Context(), p, args[0])
			if err != nil {
				return err
			}
			return p.print(done, func(w io.Writer) {
				fmt.Fprintf(w, "%s: %s, %s written", args[0], plural(done.Editions, "edition"), plural(done.Files, "file"))
				if done.Removed > 0 {
					fmt.Fprintf(w, ", %d removed", done.Removed)
				}
				fmt.Fprintln(w)
			})
		},
	}
}

// exportTo writes the archive into a directory, from wherever the ledger is.
func exportTo(ctx context.Context, p *program, dir string) (archive.Exported, error) {
	from, to := io.Pipe()
	part := &program{stdin: p.stdin, stdout: to, stderr: p.stderr, now: p.now, held: p.held,
		args: []string{"--config=" + p.configFlag, "archive", "export", "-"}}
	status := make(chan int, 1)
	go func() {
		s := part.run(ctx)
		if s == exitDone {
			to.Close()
		} else {
			to.CloseWithError(io.ErrUnexpectedEOF)
		}
		status <- s
	}()
	done, err := archive.Unpack(from, dir)
	if err == nil {
		_, err = io.Copy(io.Discard, from) // what stands after the last file
	}
	from.CloseWithError(io.ErrClosedPipe)
	if s := <-status; s != exitDone && (err == nil || strings.Contains(err.Error(), io.ErrUnexpectedEOF.Error())) {
		return done, forwarded{s} // which has said why
	}
	return done, err
}

func removeCommand(p *program) *cobra.Command {
	return &cobra.Command{
		Use:   "remove PATH",
		Short: "Take a page out of the archive for good",
		Long: "Take a page out of the archive for good: its address answers that it is gone, and is never used again. Mails that went\n" +
			"out, and what is owed, are not touched by it. PATH is as `digestd archive` shows it, DIGEST/DAY; an address will do.",
		Args: cobra.ExactArgs(1),
		RunE: withOpened(p, want{write: true}, func(c *cobra.Command, o *opened, args []string) error {
			path := strings.Trim(strings.TrimPrefix(args[0], o.Config.ArchiveURL()+"/"), "/")
			there, err := o.Ledger.Archive.Remove(path)
			if err == nil && !there {
				return usagef("there is no page %s in the archive; `digestd archive` lists them", path)
			}
			if err == nil {
				err = o.Publisher.Archive(c.Context())
			}
			if err != nil {
				return err
			}
			return p.print(map[string]string{"removed": path}, func(w io.Writer) { fmt.Fprintf(w, "%s is gone\n", path) })
		}),
	}
}
