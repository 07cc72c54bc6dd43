package cli

import (
	"context"
	"errors"
	"fmt"
	"io"
	"path/filepath"
	"strings"

	"github.com/spf13/cobra"

	"digestd/internal/config"
	"digestd/internal/ledger"
	"digestd/internal/ledger/store"
	"digestd/internal/ledger/store/bolt"
	"digestd/internal/ledger/store/postgres"
)

func ledgerCopyCommand(p *program) *cobra.Command {
	var from, to, passwordFile string
	c := &cobra.Command{
		Use:   "copy [--from URL|FILE] [--to URL|FILE]",
		Short: "Carry the ledger into a database, or back into a file",
		Long: "Copy a ledger, with all that it remembers, into a place in which nothing stands: a PostgreSQL database (postgres://…) or\n" +
			"a file. What is not named is the ledger of the configuration: --to carries it away, --from FILE restores a backup into\n" +
			"a database. digestd must not run on either. A copy that is cut short leaves nothing, and is begun anew. What was\n" +
			"copied from stays as it is, and must not be used any more: what it owes would be sent from both.",
		Args: cobra.NoArgs,
		RunE: func(c *cobra.Command, _ []string) error {
			if from == "" && to == "" {
				return usagef("ledger copy: say where to, by --to, or from where, by --from")
			}
			cfg, _, err := p.load()
			if err != nil {
				return err
			}
			source, err := place(cfg, from, passwordFile)
			if err != nil {
				return err
			}
			target, err := place(cfg, to, passwordFile)
			if err != nil {
				return err
			}
			rows, err := p.carryLedger(c.Context(), &source, &target)
			if errors.Is(err, store.ErrTaken) {
				return usageError{err}
			}
			if err != nil {
				return err
			}
			return p.print(map[string]any{"from": source.name, "to": target.name, "rows": rows}, func(w io.Writer) {
				fmt.Fprintf(w, "%s: %d rows, all that %s remembers\nuse one of the two from now on\n", target.name, rows, source.name)
			})
		},
	}
	c.Flags().StringVar(&from, "from", "", "copy from this database or file")
	c.Flags().StringVar(&to, "to", "", "copy into this database or file")
	c.Flags().StringVar(&passwordFile, "password-file", "", "a file with the password of the database that --from or --to names")
	return c
}

// at is where a ledger is, or is to be.
type at struct {
	name string            // as it is told
	path string            // of a file
	in   *postgres.Options // a database; nil is a file
}

// place is what a flag names, or the configuration where it names nothing.
func place(cfg *config.Config, flag, passwordFile string) (at, error) {
	switch {
	case flag == "" && shares(cfg):
		o := database(cfg.Ledger.Postgres, cfg.Ledger.PasswordFile)
		return at{in: &o}, nil
	case flag == "":
		return at{name: cfg.Ledger.Path, path: cfg.Ledger.Path}, nil
	case !strings.Contains(flag, "://"):
		path, err := filepath.Abs(flag)
		return at{name: flag, path: path}, err
	}
	if err := config.CheckPostgres(flag); err != nil {
		return at{}, usagef("ledger copy: the URL %w", err)
	}
	o := database(flag, passwordFile)
	return at{in: &o}, nil
}

// carryLedger copies a ledger that nobody else has.
func (p *program) carryLedger(ctx context.Context, from, to *at) (rows int, err error) {
	open := bolt.At(from.path, bolt.Options{ReadOnly: true}) // which keeps everybody from writing
	if from.in != nil {
		from.in.ReadOnly = true
		open = postgres.At(*from.in)
	}
	l, err := ledger.Open(open, p.now)
	if errors.Is(err, store.ErrBusy) {
		return 0, fmt.Errorf("%w: stop that first", err)
	}
	if err != nil {
		return 0, err
	}
	defer l.Close()
	from.name = l.Path()
	if alive, err := l.Senders.All(ctx); err != nil {
		return 0, err
	} else if len(alive) > 0 {
		return 0, usagef("%s: %s is at work on it, and what it sends meanwhile would be sent again from the copy: stop digestd on each machine first",
			from.name, alive[0].Name)
	}
	fill := func(s store.Store) error {
		return ledger.Copy(l, s, func(n int) {
			if rows = n; n%100_000 == 0 && n > 0 {
				p.log.Info("copying", "rows", n)
			}
		})
	}
	if to.in == nil {
		err = bolt.Make(to.path, fill)
		return rows, err
	}
	to.in.Anew = true
	s, err := postgres.At(*to.in)()
	if err != nil {
		return 0, err
	}
	defer s.Close()
	to.name = s.Name()
	err = fill(s)
	return rows, err
}
