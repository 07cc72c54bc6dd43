package cli

import (
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"strconv"
	"strings"

	"github.com/spf13/cobra"

	"digestd/digest"
	"digestd/digest/note"
	"digestd/internal/ledger"
	"digestd/internal/newsroom"
	"digestd/internal/regular"
	"digestd/internal/report"
)

// deskJSON is the answer of desk: what stands after what it was asked to do.
type deskJSON struct {
	report.Desk
	Approved []string `json:"approved,omitempty"` // editions, by this call
}

// deskFlags are what desk is asked to do.
type deskFlags struct {
	newsroom.Wish
	note    string // file, or - for stdin
	approve bool
	instead int    // the note that the page has shown; -1: whatever it is
	seen    string // numbers of the orders that it has shown
	looked  bool   // seen is given
	zone    string // of the lane that the page lets go; empty: all
}

func (f deskFlags) looksOnly() bool {
	return f.note == "" && f.Lead == "" && len(f.Drop)+len(f.Undo) == 0 && !f.Skip && !f.Clear && !f.approve
}

func deskCommand(p *program) *cobra.Command {
	var f deskFlags
	var undo []int
	c := &cobra.Command{
		Use:   "desk DIGEST",
		Short: "The editor's hand on the next edition: a note, the lead, what is left out, approval",
		Long: "Order what the next edition of each lane of a digest is to say beside what it would say by itself. Orders last until\n" +
			"an edition has used them, each once; one that is withdrawn gives them back. Without a flag, show what is ordered and\n" +
			"what waits for approval. `digestd preview DIGEST` shows what comes of it, and with --serve it is a page with the same orders.",
		Args: cobra.ExactArgs(1),
		RunE: func(c *cobra.Command, args []string) error {
			for _, n := range undo {
				f.Undo = append(f.Undo, uint64(n))
			}
			f.looked = c.Flags().Changed("seen")
			return runDesk(c.Context(), p, args[0], f)
		},
	}
	c.Flags().StringVar(&f.note, "note", "", "put the words of a `FILE` on top, in Markdown; - is standard input")
	c.Flags().StringVar(&f.Lead, "lead", "", "the story with this `URL` leads")
	c.Flags().StringArrayVar(&f.Drop, "drop", nil, "the story with this `URL` is left out, for good; may be given again")
	c.Flags().BoolVar(&f.Skip, "skip", false, "the next slot passes without an edition; what it would have told goes into the next one")
	c.Flags().BoolVar(&f.approve, "approve", false, "let what waits for approval go, with these orders")
	c.Flags().BoolVar(&f.Clear, "clear", false, "take back all that is ordered")
	c.Flags().IntSliceVar(&undo, "undo", nil, "take back the order of this `NUMBER`")
	c.Flags().IntVar(&f.instead, "instead", -1, "")
	c.Flags().StringVar(&f.seen, "seen", "", "")
	c.Flags().StringVar(&f.zone, "zone", "", "")
	for _, name := range []string{"instead", "seen", "zone"} { // what the page has shown, so that nobody overwrites what they have not seen
		c.Flags().MarkHidden(name)
	}
	return c
}

func runDesk(ctx context.Context, p *program, digestID string, f deskFlags) error {
	if err := p.readNote(&f); err != nil {
		return err
	}
	seen, err := f.seenIDs()
	if err != nil {
		return err
	}
	if f.instead >= 0 {
		before := uint64(f.instead)
		f.Instead = &before
	}
	var d digest.Digest
	o, err := p.open(ctx, want{write: !f.looksOnly(), mayMiss: f.looksOnly(), admit: isDigest(digestID, &d)})
	if err != nil {
		return err
	}
	defer o.close()
	var out deskJSON
	if !f.looksOnly() {
		desk := o.Publisher.Desk
		if err := desk.Order(d, f.Wish); err != nil {
			return deskError(err)
		}
		if f.approve {
			if out.Approved, err = desk.Approve(d, f.zone, seen); err != nil {
				return deskError(err)
			}
		}
		if p.nudge != nil {
			p.nudge()
		}
	}
	if out.Desk, err = o.Report.Desk(d); err != nil {
		return err
	}
	return p.print(out, func(w io.Writer) {
		for _, id := range out.Approved {
			fmt.Fprintf(w, "%s is approved%s\n", id, goes(out.Desk, id, p.nudge != nil, o))
		}
		if out.Nothing() {
			fmt.Fprintf(w, "nothing is ordered for the next edition of %s\n", d.ID)
		}
		printDesk(w, p.paint(), out.Desk)
	})
}

// goes says when an edition that was approved goes.
func goes(d report.Desk, id string, daemon bool, o *opened) string {
	i := slices.IndexFunc(d.Waiting, func(w report.Waiting) bool { return w.Edition == id })
	switch {
	case i >= 0 && d.Waiting[i].Slot.After(o.Report.Now()):
		return "; it goes at its slot"
	case daemon:
		return "; it goes now"
	}
	return "; `digestd run` or `digestd send " + d.Digest + "` lets it go"
}

// deskError makes what can't be ordered the caller's mistake, and says what to do where somebody else was faster.
func deskError(err error) error {
	switch {
	case errors.Is(err, newsroom.ErrOrder), errors.Is(err, ledger.ErrNoOrder):
		return usageError{err}
	case errors.Is(err, ledger.ErrOrdered):
		return fmt.Errorf("%w; look again, and then order", err)
	}
	return err
}

func (f deskFlags) seenIDs() ([]uint64, error) {
	if !f.looked {
		return nil, nil
	}
	ids := []uint64{}
	for word := range strings.FieldsFuncSeq(f.seen, func(r rune) bool { return r == ',' }) {
		id, err := strconv.ParseUint(word, 10, 64)
		if err != nil {
			return nil, usagef("--seen %s: numbers of orders with commas between them", f.seen)
		}
		ids = append(ids, id)
	}
	return ids, nil
}

// readNote reads the note here, wherever the command runs.
func (p *program) readNote(f *deskFlags) error {
	if f.note == "" {
		return nil
	}
	var raw []byte
	var err error
	if f.note == "-" {
		raw, err = io.ReadAll(io.LimitReader(p.stdin, note.MostBytes+1))
	} else {
		raw, err = regular.Read(f.note, note.MostBytes)
	}
	if err != nil {
		return usagef("--note %s: %w", f.note, err)
	}
	if _, err := note.Read(string(raw)); err != nil {
		return usagef("--note %s: %w", f.note, err)
	}
	f.Note, p.input = string(raw), raw
	p.args = slices.Clone(p.args)
	for i, arg := range p.args {
		switch {
		case arg == "--note" && i+1 < len(p.args):
			p.args[i+1] = "-"
		case strings.HasPrefix(arg, "--note="):
			p.args[i] = "--note=-"
		}
	}
	return nil
}

// printDesk shows what is ordered for a digest, and what waits.
func printDesk(w io.Writer, p paint, d report.Desk) {
	if len(d.Orders) > 0 {
		fmt.Fprintf(w, "ordered for the next edition of %s:\n", d.Digest)
	}
	var rows [][]cell
	for _, o := range d.Orders {
		words := o.Title
		switch o.Kind {
		case ledger.OrderNote:
			words = "“" + report.Shortened(plainNote(o.Note), shownNote) + "”"
		case ledger.OrderSkip:
			words = "the slot passes without an edition"
		}
		if len(o.Used) > 0 {
			words += " (still for " + strings.Join(o.Lanes, ", ") + ")"
		}
		rows = append(rows, []cell{{fmt.Sprintf("  %d", o.ID), dim}, {orderWords(o.Kind), bold}, {words, plain}})
	}
	p.table(w, rows)
	for _, wait := range d.Waiting {
		fmt.Fprintf(w, "%s: composed for the editor; %s\n", wait.Edition, p.in(yellow, waitingWords(d.Digest, wait)))
	}
}

const shownNote = 60 // characters

// plainNote is a note without its marks, in one line.
func plainNote(markdown string) string {
	var words []string
	text, _ := note.Read(markdown) // one that was ordered can be read
	for _, paragraph := range text {
		words = append(words, strings.Fields(paragraph.Plain())...)
	}
	return strings.Join(words, " ")
}

func orderWords(k ledger.OrderKind) string {
	if k == ledger.OrderDrop {
		return "left out"
	}
	return string(k)
}

func waitingWords(digestID string, w report.Waiting) string {
	switch {
	case w.Approved:
		return "approved"
	case w.Voided:
		return fmt.Sprintf("an order came after its approval: `digestd desk %s --approve` once more", digestID)
	case w.Hold:
		return fmt.Sprintf("waits for approval: `digestd desk %s --approve`", digestID)
	}
	return "goes at its slot"
}
