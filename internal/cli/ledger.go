package cli

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"syscall"

	"github.com/spf13/cobra"

	"digestd/internal/ledger"
	"digestd/internal/ledger/store"
	"digestd/internal/ledger/store/bolt"
)

func ledgerCommand(p *program) *cobra.Command {
	c := &cobra.Command{Use: "ledger", Short: "Look after the ledger"}
	c.AddCommand(ledgerInitCommand(p), ledgerCheckCommand(p), ledgerRotateCommand(p), ledgerCompactCommand(p),
		ledgerCopyCommand(p))
	return c
}

func ledgerInitCommand(p *program) *cobra.Command {
	return &cobra.Command{
		Use:   "init",
		Short: "Make an empty ledger, also where one was lost",
		Long: "Make an empty ledger. It is needed only where a ledger was lost and there is no backup: the first command that\n" +
			"writes makes one by itself. Whatever the feeds show then counts as news, within [collect] lookback.",
		Args: cobra.NoArgs,
		RunE: func(c *cobra.Command, _ []string) error {
			cfg, _, err := p.load()
			if err != nil {
				return err
			}
			l, err := ledger.Open(engine(cfg, bolt.Options{Anew: true}), p.now)
			if errors.Is(err, store.ErrAway) {
				return err
			}
			if err != nil {
				return usageError{err}
			}
			defer l.Close()
			return p.print(map[string]string{"ledger": l.Path()}, func(w io.Writer) {
				fmt.Fprintf(w, "%s is an empty ledger now\n", l.Path())
			})
		},
	}
}

func ledgerCheckCommand(p *program) *cobra.Command {
	return &cobra.Command{
		Use:   "check",
		Short: "Look whether the ledger is whole",
		Args:  cobra.NoArgs,
		RunE: func(c *cobra.Command, _ []string) error {
			path, found, err := checkLedger(c.Context(), p)
			if err != nil {
				return err
			}
			problems := []string{}
			for _, problem := range found {
				problems = append(problems, problem.Error())
			}
			var todo []string
			if len(problems) > 0 {
				todo = []string{"stop digestd, keep a copy of the ledger, and restore the last backup"}
			}
			return printWith(p, todo, map[string][]string{"problems": problems}, func(w io.Writer) {
				for _, problem := range problems {
					fmt.Fprintln(w, problem)
				}
				if len(problems) == 0 {
					fmt.Fprintf(w, "%s is whole\n", path)
				}
			})
		},
	}
}

// checkLedger tells what is wrong with the ledger, also where it is too damaged to be opened.
func checkLedger(ctx context.Context, p *program) (path string, problems []error, err error) {
	o, err := p.open(ctx, want{})
	if err == nil {
		defer o.close()
		return o.Ledger.Path(), o.Ledger.Check(), nil
	}
	if !errors.Is(err, store.ErrDamaged) {
		return "", nil, err
	}
	cfg, _, lerr := p.load()
	if lerr != nil || shares(cfg) {
		return "", nil, cmp.Or(lerr, err)
	}
	if problems = bolt.Examine(cfg.Ledger.Path); len(problems) == 0 {
		problems = []error{err}
	}
	return cfg.Ledger.Path, problems, nil
}

func ledgerRotateCommand(p *program) *cobra.Command {
	return &cobra.Command{
		Use:   "rotate",
		Short: "Make a new key for the links in the mail",
		Long: "Make a new key for the links in the mail and for Message-IDs. Editions composed from now on use it; links in older\n" +
			"mail go on working, and with them whatever somebody makes who has an old key.",
		Args: cobra.NoArgs,
		RunE: withOpened(p, want{write: true}, func(_ *cobra.Command, o *opened, _ []string) error {
			n, err := o.Ledger.Keys.Rotate()
			if err != nil {
				return err
			}
			return p.print(map[string]int{"keys": n}, func(w io.Writer) {
				fmt.Fprintf(w, "%s has %d keys now; the newest makes the links of new editions\n", o.Ledger.Path(), n)
			})
		}),
	}
}

func ledgerCompactCommand(p *program) *cobra.Command {
	return &cobra.Command{
		Use:   "compact",
		Short: "Give the space of forgotten rows back to the disk",
		Long: "Rewrite the ledger without the space that pruned rows left. The old file is replaced when the new one is complete\n" +
			"on the disk. The daemon must not run.",
		Args: cobra.NoArgs,
		RunE: func(c *cobra.Command, _ []string) error {
			cfg, _, err := p.load()
			if err != nil {
				return err
			}
			if shares(cfg) {
				return usagef("compact: the ledger is in a database, which reuses the space of forgotten rows by itself (autovacuum)")
			}
			l, err := ledger.Open(bolt.At(cfg.Ledger.Path, bolt.Options{}), p.now)
			if errors.Is(err, store.ErrBusy) {
				return fmt.Errorf("%w: stop that first", err)
			}
			if err != nil {
				return err
			}
			before, after, err := l.Compact()
			if err != nil {
				return err
			}
			return p.print(map[string]int64{"before": before, "after": after}, func(w io.Writer) {
				fmt.Fprintf(w, "%s: %s before, %s now\n", cfg.Ledger.Path, byteSize(before), byteSize(after))
			})
		},
	}
}

func backupCommand(p *program) *cobra.Command {
	return &cobra.Command{
		Use:   "backup FILE",
		Short: "Copy the ledger to a file, also while the daemon runs",
		Long: "Copy the ledger to FILE, or to stdout for -. The copy is consistent, also while the daemon runs. What FILE held before\n" +
			"is replaced when the copy is complete. To restore, stop digestd and put the copy in the ledger's place; into a database,\n" +
			"`digestd ledger copy --from FILE` carries it.",
		Args: cobra.ExactArgs(1),
		RunE: func(c *cobra.Command, args []string) error {
			// Whoever holds the ledger writes the copy to this process, which writes the file: the holder
			// runs as another user, elsewhere.
			if args[0] == "-" {
				o, err := p.open(c.Context(), want{})
				if err != nil {
					return err
				}
				defer o.close()
				if _, err = backup(o.Ledger, p.stdout); errors.Is(err, store.ErrDamaged) {
					p.complain(err)
					return errIncomplete
				}
				return err
			}
			cfg, _, err := p.load()
			if err != nil {
				return err
			}
			// A daemon would go on writing into the file that is gone then.
			if same(args[0], cfg.Ledger.Path) {
				return usagef("backup: %s is the ledger itself: name another file", args[0])
			}
			file, err := partFile(filepath.Dir(args[0]))
			if err != nil {
				return usageError{fmt.Errorf("backup: %w", err)}
			}
			defer os.Remove(file.Name())
			defer file.Close()
			part := &program{stdin: p.stdin, stdout: file, stderr: p.stderr, now: p.now,
				args: []string{"--config=" + p.configFlag, "backup", "-"}}
			if status := part.run(c.Context()); status != exitDone {
				fmt.Fprintf(p.stderr, "%s is left as it was; `digestd backup -` writes whatever can be copied\n", args[0])
				return forwarded{status}
			}
			if err := file.Sync(); err != nil {
				return fmt.Errorf("backup: %w", err)
			}
			info, err := file.Stat()
			if err != nil {
				return err
			}
			if err := os.Rename(file.Name(), args[0]); err != nil {
				return fmt.Errorf("backup: %w", err)
			}
			return p.print(map[string]any{"file": args[0], "bytes": info.Size()}, func(w io.Writer) {
				fmt.Fprintf(w, "%s: %s\n", args[0], byteSize(info.Size()))
			})
		},
	}
}

// partPattern is how copies are called until they are whole.
const partPattern = ".digestd-backup-*.part"

// partFile makes the file of a copy that is not whole yet, under a name that nobody can have laid a link at, and
// removes those that killed backups left in the directory: nobody has a lock on them.
func partFile(dir string) (*os.File, error) {
	left, err := filepath.Glob(filepath.Join(dir, partPattern))
	if err != nil {
		return nil, err
	}
	for _, name := range left {
		old, err := os.OpenFile(name, os.O_RDWR|syscall.O_NOFOLLOW|syscall.O_NONBLOCK, 0)
		if err != nil {
			continue
		}
		if syscall.Flock(int(old.Fd()), syscall.LOCK_EX|syscall.LOCK_NB) == nil {
			os.Remove(name)
		}
		old.Close()
	}
	file, err := os.CreateTemp(dir, partPattern)
	if err != nil {
		return nil, err
	}
	return file, syscall.Flock(int(file.Fd()), syscall.LOCK_EX|syscall.LOCK_NB)
}

// same reports whether two paths lead to one file.
func same(a, b string) bool {
	one, err := os.Stat(a)
	if err != nil {
		return false
	}
	other, err := os.Stat(b)
	return err == nil && os.SameFile(one, other)
}

// byteSize is a size for people.
func byteSize(n int64) string {
	switch {
	case n >= 1<<30:
		return fmt.Sprintf("%.1f GB", float64(n)/(1<<30))
	case n >= 1<<20:
		return fmt.Sprintf("%.1f MB", float64(n)/(1<<20))
	default:
		return fmt.Sprintf("%.0f KB", float64(n)/(1<<10))
	}
}
