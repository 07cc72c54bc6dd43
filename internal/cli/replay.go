package cli

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"digestd/digest"
	"digestd/digest/compose"
	"digestd/internal/config"
	"digestd/internal/ledger"
	"digestd/internal/ledger/store/memory"
	"digestd/internal/newsroom"
)

func replayCommand(p *program) *cobra.Command {
	var captures, since string
	c := &cobra.Command{
		Use:   "replay [DIGEST]",
		Short: "Show what a digest would have said",
		Long: "Compose the editions of the last days again, from what the ledger remembers, with the configuration as it is now, and\n" +
			"show them beside what was sent: a way to try weights and limits. With --captures the news is read from captured feeds\n" +
			"instead: DIR/NAME/20200601T050000Z.xml, where NAME is the name of a feed in the configuration and the rest the time in\n" +
			"UTC at which it was captured. There is an edition at each slot. Nothing is written and nothing is sent.\n" +
			"A file of word vectors counts as at any slot; an address that makes vectors is not asked.",
		Args: cobra.MaximumNArgs(1),
		RunE: func(c *cobra.Command, args []string) error {
			if captures != "" && c.Flags().Changed("since") {
				return usagef("--captures and --since: one of them")
			}
			span, err := config.ParseDuration(since)
			if err != nil || span <= 0 {
				return usagef("--since %q: a time such as 7d or 36h", since)
			}
			if captures != "" {
				return p.replayCaptures(c.Context(), first(args), captures)
			}
			return p.replayAgain(c.Context(), first(args), span)
		},
	}
	c.Flags().StringVar(&captures, "captures", "", "read captured feeds below `DIR`")
	c.Flags().StringVar(&since, "since", "7d", "how far back to begin, as `TIME`: 7d, 36h")
	return c
}

// replayCaptures replays a digest over captured feeds.
func (p *program) replayCaptures(ctx context.Context, id, dir string) error {
	cfg, _, err := p.load()
	if err != nil {
		return err
	}
	d, err := findDigest(cfg, id)
	if err != nil {
		return err
	}
	d, found, err := newsroom.FindCaptures(dir, d)
	if err != nil {
		return usageError{err}
	}
	out := replayJSON{Digest: d.ID, Editions: []replayedJSON{}, digest: d}
	err = p.replay(ctx, found[0].At, out.add, func(r newsroom.Replay) error { return r.Captures(ctx, d, found) })
	if err != nil {
		return err
	}
	return p.print(out, out.write)
}

// replayAgain replays a digest over what the ledger remembers.
func (p *program) replayAgain(ctx context.Context, id string, span time.Duration) error {
	var d digest.Digest
	o, err := p.open(ctx, want{mayMiss: true, admit: isDigest(id, &d)})
	if err != nil {
		return err
	}
	defer o.close()
	since := p.now().Add(-span)
	out := replayJSON{Digest: d.ID, Editions: []replayedJSON{}, digest: d}
	add := func(r newsroom.Replayed) error {
		if err := out.add(r); err != nil {
			return err
		}
		last := &out.Editions[len(out.Editions)-1]
		last.Sent = []replayedPage{}
		return last.addSent(o.Ledger, r)
	}
	err = p.replay(ctx, since, add, func(r newsroom.Replay) error { return r.Again(ctx, d, o.Ledger, since) })
	if err != nil {
		return err
	}
	return p.print(out, out.write)
}

// replay runs a replay over a ledger that is forgotten at the end.
func (p *program) replay(
	ctx context.Context, begin time.Time, then func(newsroom.Replayed) error, run func(newsroom.Replay) error,
) error {
	cfg, sets, err := p.load()
	if err != nil {
		return err
	}
	clock := begin
	quiet := *p
	quiet.now = func() time.Time { return clock }
	if !p.verbose {
		quiet.log = slog.New(slog.NewTextHandler(p.stderr, &slog.HandlerOptions{Level: slog.LevelWarn}))
	}
	l, err := ledger.Open(memory.New().Open, quiet.now)
	if err != nil {
		return err
	}
	defer l.Close()
	o, err := assemble(&quiet, cfg, sets, l, false, nil)
	if err != nil {
		return err
	}
	return run(newsroom.Replay{Publisher: o.Publisher, Clock: &clock, Then: func(r newsroom.Replayed) error {
		if r.Slot.At.After(p.now()) {
			return nil
		}
		return then(r)
	}})
}

// replayJSON is what replay prints.
type replayJSON struct {
	Digest   string         `json:"digest"`
	Editions []replayedJSON `json:"editions"`

	digest digest.Digest
}

// replayedJSON is an edition as it would have been.
type replayedJSON struct {
	Lane     string         `json:"lane"`
	Slot     time.Time      `json:"slot"`
	Read     int            `json:"read"`          // items considered
	Unread   int            `json:"unread"`        // of them, those that found no place
	Ordered  []string       `json:"by_importance"` // names of the feeds that order so, by what they showed
	Variants []replayedPage `json:"variants"`
	Sent     []replayedPage `json:"sent,omitempty"` // what the slot's edition did say; absent with --captures
}

// replayedPage is what the readers of a variant would have got.
type replayedPage struct {
	Topics   []string        `json:"topics"` // null: all
	Language string          `json:"language"`
	Format   string          `json:"format"`
	Readers  int             `json:"readers"`
	Subject  string          `json:"subject"`
	Words    int             `json:"words"` // to read
	Entries  []replayedEntry `json:"entries"`
}

type replayedEntry struct {
	Section   string          `json:"section"`
	Topic     string          `json:"topic"`
	Title     string          `json:"title"`
	Source    string          `json:"source"`
	Link      string          `json:"link"`
	Published time.Time       `json:"published"`
	FirstSeen time.Time       `json:"first_seen"`
	Coverage  []replayedItem  `json:"coverage"`
	Carried   int             `json:"carried"` // editions that had no room for it
	Place     int             `json:"place"`   // the best at which its feed showed it
	Score     digest.Rank     `json:"score"`
	Follows   *digest.Follows `json:"follows,omitempty"` // what a development follows
	Retells   []digest.Told   `json:"retells,omitempty"` // of a digest of another one's editions: those that told it
}

type replayedItem struct {
	Source string `json:"source"`
	Title  string `json:"title"`
	Link   string `json:"link"`
	Place  int    `json:"place"`
}

func (o *replayJSON) add(r newsroom.Replayed) error {
	e := replayedJSON{Lane: r.Lane.String(), Slot: r.Slot.At.UTC(), Read: r.Edition.Read, Unread: r.Unread,
		Ordered: []string{}}
	for _, t := range o.digest.Topics {
		for _, f := range t.Feeds {
			if r.Ordered[f.URL] && !slices.Contains(e.Ordered, cmp.Or(f.Name, f.URL)) {
				e.Ordered = append(e.Ordered, cmp.Or(f.Name, f.URL))
			}
		}
	}
	for _, page := range r.Pages {
		e.Variants = append(e.Variants, newReplayedPage(page.Page, page.Subject, page.Readers))
	}
	o.Editions = append(o.Editions, e)
	return nil
}

// addSent adds what the edition of a slot said, if there was one.
func (e *replayedJSON) addSent(l *ledger.Ledger, r newsroom.Replayed) error {
	st, err := l.Editions.Get(r.Lane.String() + "/" + r.Slot.Wall)
	if errors.Is(err, ledger.ErrUnknown) || st.Withdrawn {
		return nil
	}
	if err != nil {
		return err
	}
	frozen, err := l.Editions.Frozen(st.ID)
	if err != nil {
		return err
	}
	for _, v := range st.Variants {
		e.Sent = append(e.Sent, newReplayedPage(compose.PageOf(frozen, v.Key), v.Subject, 0))
	}
	return nil
}

func newReplayedPage(page digest.Page, subject string, readers int) replayedPage {
	out := replayedPage{Topics: page.Variant.Topics, Language: page.Variant.Language, Format: page.Variant.Format,
		Readers: readers, Subject: subject, Words: compose.Words(page), Entries: []replayedEntry{}}
	for _, s := range page.All() {
		for _, en := range s.Entries {
			lead := en.Lead()
			e := replayedEntry{Section: string(s.Kind), Topic: en.Topic, Title: lead.Title, Source: lead.Source, Link: lead.Link,
				Published: lead.Published, FirstSeen: lead.FirstSeen, Coverage: []replayedItem{},
				Carried: en.Carried, Place: lead.Place, Score: en.Rank, Follows: en.Follows, Retells: en.Retells}
			for _, it := range en.Coverage() {
				e.Coverage = append(e.Coverage, replayedItem{it.Source, it.Title, it.Link, it.Place})
			}
			out.Entries = append(out.Entries, e)
		}
	}
	return out
}

// write shows the editions to people: "+" is what was not sent then, "-" what was.
func (o *replayJSON) write(w io.Writer) {
	for _, e := range o.Editions {
		fmt.Fprintf(w, "%s  %s  %s read, %d without a place\n", e.Slot.Format("Mon 2006-01-02 15:04 MST"), e.Lane,
			plural(e.Read, "item"), e.Unread)
		for _, v := range e.Variants {
			writeReplayed(w, v, e.Sent)
		}
		fmt.Fprintln(w)
	}
}

func writeReplayed(w io.Writer, v replayedPage, sent []replayedPage) {
	topics := "all topics"
	if v.Topics != nil {
		topics = fmt.Sprint(v.Topics)
	}
	fmt.Fprintf(w, "\n  %s, %s, %s: %s\n", topics, v.Language, v.Format, plural(len(v.Entries), "entry"))
	then := map[string]replayedEntry{}
	for _, s := range sent {
		if slices.Equal(s.Topics, v.Topics) && s.Language == v.Language && s.Format == v.Format {
			for _, e := range s.Entries {
				then[e.Link] = e
			}
		}
	}
	section := ""
	for _, e := range v.Entries {
		if heading := e.Section + " " + e.Topic; heading != section &&
			(e.Section == string(digest.SectionTopic) || e.Section != section) {
			section = e.Section
			if e.Section == string(digest.SectionTopic) {
				section = heading
			}
			fmt.Fprintf(w, "  %s\n", section)
		}
		mark := " "
		if _, ok := then[e.Link]; sent != nil && !ok {
			mark = "+"
		}
		delete(then, e.Link)
		fmt.Fprintf(w, "  %s %6.2f  %s (%s)\n", mark, e.Score.Total, e.Title, e.Source)
		if e.Follows != nil {
			fmt.Fprintf(w, "            follows %s, told on %s (%s)\n", e.Follows.Title, e.Follows.Told.Format("2 January 15:04"),
				strings.Join(e.Follows.News, "; "))
		}
		for _, c := range e.Coverage {
			fmt.Fprintf(w, "            also %s (%s)\n", c.Title, c.Source)
		}
	}
	for _, s := range sent {
		for _, e := range s.Entries {
			if _, ok := then[e.Link]; ok {
				delete(then, e.Link)
				fmt.Fprintf(w, "  - %6.2f  %s (%s)\n", e.Score.Total, e.Title, e.Source)
			}
		}
	}
}
