package cli

import (
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/spf13/cobra"

	"digestd/digest"
	"digestd/internal/ledger"
	"digestd/internal/preview"
	"digestd/internal/report"
)

// The page of a preview shows a copy of the ledger. What editors order, and how far the lanes have come, it asks for again
// and again, so that what another person orders shows, and so does the next edition when one has gone.
const (
	askEvery  = time.Second
	askFactor = 5               // the pause after an answer is so many times what it took
	newsEvery = 2 * time.Minute // between copies when there are new items alone
)

// deskState is what the page wants to know of a ledger.
type deskState struct {
	Desks map[string]report.Desk `json:"desks"` // by digest
	Books map[string]ledger.Book `json:"books"`
	Lanes []laneMark             `json:"lanes"`
	Last  uint64                 `json:"last"` // item
}

// laneMark tells whether a lane is where it was.
type laneMark struct {
	Lane     digest.Lane `json:"lane"`
	Position uint64      `json:"position"`
	Edition  string      `json:"edition"`
	Wall     string      `json:"wall"`
	Pool     int         `json:"pool"`
	Draft    string      `json:"draft"`
}

// deskStateCommand prints what the page asks for.
func deskStateCommand(p *program) *cobra.Command {
	return &cobra.Command{
		Use:    "desk-state",
		Hidden: true,
		Args:   cobra.NoArgs,
		RunE: withOpened(p, want{mayMiss: true}, func(_ *cobra.Command, o *opened, _ []string) error {
			s := deskState{Desks: map[string]report.Desk{}, Books: map[string]ledger.Book{}}
			var err error
			for _, d := range o.Config.Digests {
				if s.Desks[d.ID], err = o.Report.Desk(d); err != nil {
					return err
				}
				if s.Books[d.ID], err = o.Ledger.Orders.Of(d.ID); err != nil {
					return err
				}
			}
			lanes, err := o.Ledger.Lanes.All()
			if err != nil {
				return err
			}
			for _, l := range lanes {
				m := laneMark{Lane: l.Lane, Position: l.Position, Edition: l.Edition, Wall: l.Wall, Pool: len(l.Pool)}
				if l.Draft != nil {
					m.Draft = l.Draft.Wall + " " + l.Draft.At.Format(time.RFC3339)
				}
				s.Lanes = append(s.Lanes, m)
			}
			if s.Last, err = o.Ledger.Items.Last(); err != nil {
				return err
			}
			return json.NewEncoder(p.stdout).Encode(s)
		}),
	}
}

// liveDesk is what the page shows: a copy of the ledger with the orders as they are now.
type liveDesk struct {
	program *program
	config  string // its path
	dir     string // of the copies
	changed func() // makes the page anew

	looking sync.Mutex // one at a time: an older answer must not come after a newer one
	copies  int

	mu     sync.Mutex
	ledger *ledger.Ledger
	copied time.Time
	raw    []byte // the last answer
	state  deskState
	err    error // of asking
}

// of is the ledger with the orders as they are now, and why that is not known.
func (l *liveDesk) of() (*ledger.Ledger, deskState, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.ledger, l.state, l.err
}

func (l *liveDesk) news() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return "News as the ledger had it at " + l.copied.Format("15:04")
}

// ask runs a command where the ledger is held, or here.
func (l *liveDesk) ask(ctx context.Context, stdin string, args ...string) (stdout []byte, err error) {
	var out, complaints bytes.Buffer
	q := &program{stdin: strings.NewReader(stdin), stdout: &out, stderr: &complaints, now: l.program.now,
		args: append([]string{"--config=" + l.config}, args...)}
	if status := q.run(ctx); status > exitDone {
		var said []string
		for line := range strings.Lines(complaints.String()) {
			if !strings.HasPrefix(line, "time=") { // what is logged
				said = append(said, strings.TrimSpace(line))
			}
		}
		return nil, errors.New(cmp.Or(strings.Join(said, "\n"), fmt.Sprintf("digestd %s: exit status %d", args[0], status)))
	}
	return out.Bytes(), nil
}

// look asks how things stand, and makes the page anew when they have changed.
func (l *liveDesk) look(ctx context.Context) {
	l.looking.Lock()
	defer l.looking.Unlock()
	raw, err := l.ask(ctx, "", "desk-state")
	var now deskState
	if err == nil {
		err = json.Unmarshal(raw, &now)
	}
	if ctx.Err() != nil {
		return
	}
	l.mu.Lock()
	same := err == nil && l.err == nil && bytes.Equal(raw, l.raw)
	moved := err == nil && !reflect.DeepEqual(now.Lanes, l.state.Lanes)
	stale := err == nil && now.Last != l.state.Last && l.program.now().Sub(l.copied) > newsEvery
	if err == nil && !moved && !stale {
		now.Last = l.state.Last // of the copy
	}
	if errorsAlike(err, l.err) && (same || err != nil) && !moved && !stale {
		l.mu.Unlock()
		return
	}
	if l.err = err; err == nil {
		l.raw, l.state = raw, now
	}
	l.mu.Unlock()
	var before *ledger.Ledger
	if moved || stale {
		before = l.copy(ctx)
	}
	l.changed()
	if before != nil { // no mail is made of it any more
		before.Close()
	}
}

func errorsAlike(a, b error) bool {
	return (a == nil) == (b == nil) && (a == nil || a.Error() == b.Error())
}

// copy takes a new copy of the ledger, and returns the one before, which is still open.
func (l *liveDesk) copy(ctx context.Context) (before *ledger.Ledger) {
	path := filepath.Join(l.dir, fmt.Sprintf("preview-%d.db", l.copies))
	l.copies++
	quiet := *l.program
	quiet.log = slog.New(slog.DiscardHandler)
	next, err := ledgerCopy(ctx, &quiet, path)
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.err = err; err != nil {
		return nil
	}
	os.Remove(path) // it is open, and goes when it is closed
	before, l.ledger, l.copied = l.ledger, next, l.program.now()
	return before
}

// follow looks again and again until ctx ends.
func (l *liveDesk) follow(ctx context.Context) {
	for pause := askEvery; ; {
		select {
		case <-ctx.Done():
			return
		case <-time.After(pause):
		}
		begun := time.Now()
		l.look(ctx)
		pause = max(askEvery, askFactor*time.Since(begun))
	}
}

// order gives an order of the page.
func (l *liveDesk) order(ctx context.Context, digestID string, w preview.Wish) error {
	args := []string{"desk"}
	for _, flag := range []struct {
		name, value string
		given       bool
	}{
		{"--lead=", w.Lead, w.Lead != ""}, {"--drop=", w.Drop, w.Drop != ""}, {"--skip", "", w.Skip}, {"--clear", "", w.Clear},
		{"--undo=", w.Undo, w.Undo != "" && w.Undo != "0"}, {"--note=-", "", w.Note != ""},
		{"--instead=", w.Instead, w.Note != "" && w.Instead != ""},
		{"--approve", "", w.Approve != ""}, {"--zone=", w.Approve, w.Approve != ""}, {"--seen=", w.Seen, w.Approve != ""},
	} {
		if flag.given {
			args = append(args, flag.name+flag.value)
		}
	}
	if len(args) == 1 {
		return errors.New("nothing is ordered")
	}
	_, err := l.ask(ctx, w.Note, append(args, "--", digestID)...)
	if err == nil {
		l.look(ctx)
	}
	return err
}

// standingOrders are the orders of a state, as a composer reads them.
type standingOrders map[string]ledger.Book

// Of is what was ordered for a digest.
func (s standingOrders) Of(digestID string) (ledger.Book, error) { return s[digestID], nil }

// onPage is what stands for a digest, as the page shows it.
func onPage(d report.Desk) *preview.Standing {
	s := &preview.Standing{}
	for _, o := range d.Orders {
		switch o.Kind {
		case ledger.OrderNote:
			s.Note, s.NoteID = o.Note, o.ID
			continue
		case ledger.OrderSkip:
			s.Skipped = true
			s.Orders = append(s.Orders, preview.Order{ID: o.ID, Does: "Skip", Words: "the slot passes without an edition"})
			continue
		}
		does := map[ledger.OrderKind]string{ledger.OrderLead: "Leads", ledger.OrderDrop: "Left out"}[o.Kind]
		s.Orders = append(s.Orders, preview.Order{ID: o.ID, Does: does, Words: cmp.Or(o.Title, o.Link)})
	}
	for _, w := range d.Waiting {
		words := "It goes at its slot, as it is here."
		switch {
		case w.Approved:
			words = "It is approved, and goes at its slot or at once."
		case w.Voided:
			words = "An order came after its approval: it needs another one."
		case w.Hold:
			words = "It goes when you approve it."
		}
		var seen []string
		for _, id := range w.Orders {
			seen = append(seen, fmt.Sprint(id))
		}
		s.Waiting = append(s.Waiting, preview.Waiting{Edition: w.Edition, Zone: w.Zone, Words: words, Seen: strings.Join(seen, ","), Asks: w.Hold && !w.Approved})
	}
	return s
}

// shownStories are the stories of a page, in its order.
func shownStories(page digest.Page) (all []preview.Story) {
	for _, s := range page.All() {
		where := map[digest.SectionKind]string{digest.SectionLead: "Lead", digest.SectionOpinion: "Opinion",
			digest.SectionLatest: "Latest news", digest.SectionDevelopments: "Developments"}[s.Kind]
		for _, e := range s.Entries {
			it := e.Lead()
			link := it.Link
			if i := slices.IndexFunc(e.Items, func(it digest.Item) bool { return it.Link != "" }); link == "" && i >= 0 {
				link = e.Items[i].Link
			}
			all = append(all, preview.Story{Title: it.Title, Source: it.Source, Where: cmp.Or(where, s.Title, string(s.Kind)),
				Link: link, Leads: s.Kind == digest.SectionLead})
		}
	}
	return all
}
