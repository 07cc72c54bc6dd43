package cli

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/user"
	"path/filepath"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"digestd/digest"
	"digestd/internal/config"
	"digestd/subscribers"
)

// roster is a subscriber file that a command edits. The configuration itself is never edited by a program.
type roster struct {
	p    *program
	cfg  *config.Config
	list string // by --list; empty: the one that fits
}

// open reads the configuration, and takes an address.
func (r *roster) open(p *program, arg string) (email string, err error) {
	if email, err = subscribers.ParseAddress(arg); err != nil {
		return "", usagef("%s: %w", arg, err)
	}
	r.p = p
	r.cfg, _, err = p.load()
	return email, err
}

// file is the subscriber file to edit: the one that is named, or the only one.
func (r *roster) file() (string, error) {
	switch files := r.cfg.SubscriberFiles; {
	case r.list != "":
		for _, f := range files {
			if f == r.list || strings.HasSuffix(f, "/"+r.list) {
				return f, nil
			}
		}
		return "", usagef("--list %s: paths of [subscriber_files] in %s names no such file", r.list, r.cfg.Path)
	case len(files) == 1:
		return files[0], nil
	case len(files) == 0:
		return "", noList(r.cfg)
	default:
		return "", usagef("%s names several lists: --list says which of %s", r.cfg.Path, strings.Join(files, ", "))
	}
}

// edit changes the row of an address, where it stands in a subscriber file.
func (r *roster) edit(email string, change func(*subscribers.Table) error) (file string, err error) {
	s, ok := r.cfg.Subscribers.Find(email)
	if !ok {
		return "", usagef("no list of %s has the address %s", r.cfg.Path, email)
	}
	for _, f := range r.cfg.SubscriberFiles {
		if f != s.File && !strings.HasSuffix(f, "/"+strings.TrimPrefix(s.File, "./")) {
			continue
		}
		err := subscribers.EditCSV(f, change)
		if errors.Is(err, subscribers.ErrNoRow) {
			err = fmt.Errorf("%s: %w", f, err)
		}
		return f, err
	}
	return "", usagef("%s stands in %s:%d, which no command edits: change it there", s.Email, s.File, s.Line)
}

// change edits the row of an address, and tells of it in words.
func (r *roster) change(p *program, arg, words string, how func(t *subscribers.Table, email string) error) error {
	email, err := r.open(p, arg)
	if err != nil {
		return err
	}
	file, err := r.edit(email, func(t *subscribers.Table) error { return how(t, email) })
	if err != nil {
		return err
	}
	return r.tell(email, file, words)
}

// note says who did something, and when.
func (r *roster) note(what string) string {
	who := cmp.Or(os.Getenv("SUDO_USER"), os.Getenv("USER"))
	if u, err := user.Current(); err == nil && who == "" {
		who = u.Username
	}
	return fmt.Sprintf("%s %s by %s", what, r.p.now().Format(time.DateOnly), who)
}

// tell prints what was done, and what keeps mail from the reader all the same.
func (r *roster) tell(email, file, words string, kept ...digest.Suppression) error {
	done := struct {
		Email      string               `json:"email"`
		File       string               `json:"file"`
		Suppressed []digest.Suppression `json:"suppressed,omitempty"`
	}{email, file, kept}
	return r.p.print(done, func(w io.Writer) {
		fmt.Fprintf(w, "%s %s in %s; `digestd reload` gives it to a running daemon\n", email, words, near(file))
		for _, k := range kept {
			fmt.Fprintln(w, stays(email, k))
		}
	})
}

// stays tells what keeps mail from somebody who is in the lists.
func stays(email string, k digest.Suppression) string {
	return fmt.Sprintf("they get nothing%s all the same: suppressed by %s on %s; `digestd subscribers restore %s` takes that back",
		ofDigest(k.Digest), k.Source, k.At.Format(time.DateOnly), email)
}

// near is a path as one would type it here.
func near(path string) string {
	here, err := os.Getwd()
	if rel, relErr := filepath.Rel(here, path); err == nil && relErr == nil && filepath.IsLocal(rel) {
		return rel
	}
	return path
}

// kept is what keeps mail from an address, as the ledger has it or the process that holds it; nothing where there is
// none.
func (r *roster) kept(ctx context.Context, email string) []digest.Suppression {
	q := *r.p
	if q.args = []string{"why", email}; q.configFlag != "" {
		q.args = []string{"--config", q.configFlag, "why", email}
	}
	q.stderr = io.Discard
	var reader struct {
		Suppressed []digest.Suppression `json:"suppressed"` // of a report.Reader, whose deliveries can't be read back
	}
	if q.answerOf(ctx, &reader) != nil { // whatever is wrong with the ledger, the list is changed
		return nil
	}
	return reader.Suppressed
}

func addReaderCommand(p *program) *cobra.Command {
	var r roster
	cells := map[string]*string{}
	c := &cobra.Command{
		Use:   "add ADDRESS",
		Short: "Put a reader into a subscriber file",
		Long: "Put a reader into the CSV file that [subscriber_files] names, with a note of who did it and when. Whoever left, or\n" +
			"whose mailbox is gone, gets nothing all the same, until `subscribers restore`.",
		Args: cobra.ExactArgs(1),
		RunE: func(c *cobra.Command, args []string) error {
			email, err := r.open(p, args[0])
			if err != nil {
				return err
			}
			if s, ok := r.cfg.Subscribers.Find(email); ok {
				words := ""
				for _, k := range r.kept(c.Context(), email) {
					words += "; " + stays(email, k)
				}
				return usagef("%s is there already: %s:%d%s", s.Email, s.File, s.Line, words)
			}
			file, err := r.file()
			if err != nil {
				return err
			}
			row := map[string]string{"email": email, subscribers.NoteColumn: r.note("added")}
			for name, cell := range cells {
				row[name] = *cell
			}
			if err := r.check(row); err != nil {
				return err
			}
			if err := subscribers.EditCSV(file, func(t *subscribers.Table) error { t.Add(row); return nil }); err != nil {
				return err
			}
			return r.tell(email, file, "stands", r.kept(c.Context(), email)...)
		},
	}
	for _, f := range []struct{ name, usage string }{
		{"name", "the reader's `NAME`"}, {"digests", "only these `DIGESTS`, separated by spaces"}, {"topics", "only these `TOPICS`"},
		{"timezone", "their `ZONE`, such as America/New_York"}, {"language", "their `LANGUAGE`, such as fr"}, {"format", "`html` or text"},
	} {
		cells[f.name] = c.Flags().String(f.name, "", f.usage)
	}
	c.Flags().StringVar(&r.list, "list", "", "the `FILE`, where there are several")
	return c
}

// check reads a row as the file will be read.
func (r *roster) check(row map[string]string) error {
	rules := subscribers.Rules{Zone: r.cfg.Newsletter.Timezone, Language: r.cfg.Newsletter.Language}
	for _, t := range r.cfg.Topics {
		rules.Topics = append(rules.Topics, t.ID)
	}
	for _, d := range r.cfg.Digests {
		rule := subscribers.DigestRule{ID: d.ID}
		for _, t := range d.Topics {
			rule.Topics = append(rule.Topics, t.ID)
		}
		rules.Digests = append(rules.Digests, rule)
	}
	var problems []error
	_, wrong := subscribers.Validate(subscribers.OneRow(row), rules)
	for _, p := range wrong {
		problems = append(problems, errors.New(p.Text))
	}
	if len(problems) > 0 {
		return usageError{errors.Join(problems...)}
	}
	return nil
}

func removeReaderCommand(p *program) *cobra.Command {
	var r roster
	return &cobra.Command{
		Use:   "remove ADDRESS",
		Short: "Take a reader out of a subscriber file",
		Long: "Take a reader out of the CSV file in which they stand. They get nothing more, until somebody adds them again. A line\n" +
			"that begins with # stays, and says who did it and when; `subscribers forget` takes that out, too.\n" +
			"`subscribers suppress` is for those who must never get anything.",
		Args: cobra.ExactArgs(1),
		RunE: func(_ *cobra.Command, args []string) error {
			return r.change(p, args[0], "stands no more", func(t *subscribers.Table, email string) error {
				return t.Remove(email, r.note("removed"))
			})
		},
	}
}

func pauseReaderCommand(p *program) *cobra.Command {
	var r roster
	var until string
	c := &cobra.Command{
		Use:   "pause ADDRESS [--until DATE]",
		Short: "Send nothing to a reader until a day, or until `resume`, by a subscriber file",
		Args:  cobra.ExactArgs(1),
		RunE: func(_ *cobra.Command, args []string) error {
			words := "is paused until " + until
			if until == "" {
				until, words = subscribers.ForGood, "is paused until `digestd subscribers resume "+args[0]+"`"
			}
			if _, err := time.Parse(time.DateOnly, until); err != nil {
				return usagef("--until %q: the first day on which mail comes again, such as 2026-12-24", until)
			}
			return r.change(p, args[0], words, func(t *subscribers.Table, email string) error {
				return t.Set(email, map[string]string{"paused_until": until, subscribers.NoteColumn: r.note("paused")})
			})
		},
	}
	c.Flags().StringVar(&until, "until", "", "the first `DAY` on which mail comes again; without it, resume ends the pause")
	return c
}

func resumeReaderCommand(p *program) *cobra.Command {
	var r roster
	return &cobra.Command{
		Use:   "resume ADDRESS",
		Short: "End a reader's pause, in a subscriber file",
		Args:  cobra.ExactArgs(1),
		RunE: func(_ *cobra.Command, args []string) error {
			return r.change(p, args[0], "gets mail again", func(t *subscribers.Table, email string) error {
				return t.Set(email, map[string]string{"paused_until": "", subscribers.NoteColumn: r.note("resumed")})
			})
		},
	}
}

// noList is the error of a configuration that names no list which a command could edit.
func noList(cfg *config.Config) error {
	return usagef("%s names no list that a command could edit; make one and name it there:\n  echo 'email,name,paused_until,%s' > readers.csv\n"+
		"  [subscriber_files]\n  paths = [\"readers.csv\"]", cfg.Path, subscribers.NoteColumn)
}
