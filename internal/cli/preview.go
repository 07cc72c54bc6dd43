package cli

import (
	"cmp"
	"context"
	"fmt"
	"io"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"digestd/digest"
	"digestd/digest/curate"
	"digestd/internal/config"
	"digestd/internal/ledger"
	"digestd/internal/newsroom"
	"digestd/subscribers"
)

var previewFormats = []string{"html", "text", "eml", "json"}

// formatOf is the format in which a mail is shown: JSON where --json asks for it.
func formatOf(p *program, format string) (string, error) {
	switch {
	case p.json:
		return "json", nil
	case !slices.Contains(previewFormats, format):
		return "", usagef("--format %s: one of %s", format, strings.Join(previewFormats, ", "))
	}
	return format, nil
}

func previewCommand(p *program) *cobra.Command {
	var email, at, format, listen string
	var serve bool
	c := &cobra.Command{
		Use:   "preview [DIGEST]",
		Short: "Show what the next edition would say",
		Long: "Show what the next edition of a digest would say, on stdout. Nothing is written and nothing is sent. Where there is\n" +
			"no ledger yet, the feeds are read into memory first. With --serve it is a page that shows the mail at several widths, light\n" +
			"and dark, without pictures or styles, as text and as it goes over the wire, and what the checks say; it follows edits of\n" +
			"the templates, the configuration and the subscriber files, and takes an editor's orders (see digestd desk).",
		Args: cobra.MaximumNArgs(1),
		RunE: func(c *cobra.Command, args []string) error {
			if serve {
				return servePreview(c.Context(), p, first(args), email, at, listen)
			}
			format, err := formatOf(p, format)
			if err != nil {
				return err
			}
			var d digest.Digest
			o, err := openPreview(c.Context(), p, func(cfg *config.Config) (err error) {
				if d, err = findDigest(cfg, first(args)); err != nil {
					return err
				}
				if _, err = previewReader(cfg, email); err != nil {
					return err
				}
				when, err := parseTime(at, cfg.Newsletter.Timezone)
				if err == nil && at != "" && when.Before(p.now().Add(-24*time.Hour)) { // in whatever zone
					err = isOver(at, d.ID)
				}
				return err
			})
			if err != nil {
				return err
			}
			defer o.close()
			v, err := makePreview(p, o.Composer, d, email, at, false)
			if err != nil {
				return err
			}
			for _, o := range v.Orders {
				if o.Kind == ledger.OrderSkip {
					fmt.Fprintln(p.stderr, "the editor has ordered to skip this slot: what is shown goes into the next edition")
				}
			}
			if v.Kept != "" {
				fmt.Fprintln(p.stderr, v.Kept)
			}
			if v.Page.Empty() {
				fmt.Fprintf(p.stderr, "%s: this is the empty edition\n", emptiness(v))
			}
			return showPreview(p, o.Composer, v, format)
		},
	}
	c.Flags().StringVar(&email, "for", "", "as the subscriber with this `ADDRESS` would get it")
	c.Flags().StringVar(&at, "at", "", "as if composed at this `TIME`: 2026-12-24T07:00, in the lane's zone, or with an offset")
	c.Flags().StringVar(&format, "format", "html", "html, text, eml (the whole message) or json")
	c.Flags().BoolVar(&serve, "serve", false, "show it as a page that follows edits")
	c.Flags().StringVar(&listen, "listen", "", "loopback `ADDRESS` of that page, 127.0.0.1:0 for a port that is free (default: that, or that of [newsletter] desk where editions are approved)")
	return c
}

// emptiness tells why a preview has no story.
func emptiness(v newsroom.Preview) string {
	for _, f := range v.Edition.Feeds {
		if !f.LastSuccess.IsZero() {
			return "nothing new for this reader of " + v.Edition.Digest
		}
	}
	return "none of the feeds of " + v.Edition.Digest + " was ever read (`digestd collect` asks them, and says why it can't)"
}

// openPreview opens what a preview needs. Where there is no ledger yet, it collects into one that is
// forgotten at the end.
func openPreview(ctx context.Context, p *program, admit func(*config.Config) error) (*opened, error) {
	o, err := p.open(ctx, want{mayMiss: true, admit: admit})
	if err != nil || !o.isNew {
		return o, err
	}
	fmt.Fprintf(p.stderr, "no ledger yet: reading %s for this preview\n", plural(len(o.Config.Feeds()), "feed"))
	sum := o.Publisher.Collect(ctx, true, nil)
	for _, f := range collected(sum).Failures {
		fmt.Fprintln(p.stderr, f.Error)
	}
	if ctx.Err() != nil {
		o.close()
		return nil, ctx.Err()
	}
	return o, nil
}

// makePreview is what a subscriber would get of a digest; with sample, of invented news.
func makePreview(
	p *program, composer *newsroom.Composer, d digest.Digest, email, at string, sample bool,
) (newsroom.Preview, error) {
	who, err := previewReader(composer.Config, email)
	if err != nil {
		return newsroom.Preview{}, err
	}
	lane, err := previewLane(composer, d)
	if err != nil {
		return newsroom.Preview{}, err
	}
	if email != "" && d.Zone == "" {
		lane.Zone = who.Zone
	}
	if sample {
		return composer.Sample(d, who, lane)
	}
	when, err := parseTime(at, lane.Zone)
	if err != nil {
		return newsroom.Preview{}, err
	}
	if at != "" && when.Before(p.now().Add(-time.Minute)) {
		return newsroom.Preview{}, isOver(at, d.ID)
	}
	slot, err := composer.PreviewSlot(d, lane, when)
	if err != nil {
		return newsroom.Preview{}, err
	}
	return composer.Preview(d, who, slot, lane)
}

// isOver is the error of a preview of what was.
func isOver(at, digestID string) error {
	return usagef("--at %s is over, and a preview is of what is to come; `digestd editions %[2]s` lists what went out, `digestd editions show ID` shows one, "+
		"and `digestd replay %[2]s --since 7d` what today's configuration makes of the last days", at, digestID)
}

// previewReader is the subscriber to whom a preview is addressed; the zero one without an address.
func previewReader(cfg *config.Config, email string) (subscribers.Subscriber, error) {
	if email == "" {
		return subscribers.Subscriber{}, nil
	}
	who, ok := cfg.Readers().Find(email)
	if !ok {
		return who, usagef("--for %s: no subscriber of %s has that address", email, cfg.Path)
	}
	return who, nil
}

// previewLane is the lane that a preview shows for nobody in particular: that of the newsletter's zone, or, where
// no reader lives in it, the one that is due next.
func previewLane(composer *newsroom.Composer, d digest.Digest) (digest.Lane, error) {
	lane := digest.Lane{Digest: d.ID, Zone: cmp.Or(d.Zone, composer.Config.Newsletter.Timezone)}
	lanes := composer.Config.Lanes(d)
	if slices.Contains(lanes, lane) {
		return lane, nil
	}
	var first time.Time
	for _, l := range lanes {
		slot, err := config.NextSlot(d, l, composer.Now())
		if err != nil {
			return lane, err
		}
		if first.IsZero() || slot.At.Before(first) {
			lane, first = l, slot.At
		}
	}
	return lane, nil
}

// parseTime reads a time as people type it: with an offset, or on the clock of a zone.
func parseTime(s, zone string) (time.Time, error) {
	if s == "" {
		return time.Time{}, nil
	}
	if t, err := time.Parse(time.RFC3339, s); err == nil {
		return t, nil
	}
	location, err := time.LoadLocation(zone)
	if err != nil {
		return time.Time{}, err
	}
	for _, layout := range []string{"2006-01-02T15:04:05", "2006-01-02T15:04", "2006-01-02 15:04", time.DateOnly} {
		if t, err := time.ParseInLocation(layout, s, location); err == nil {
			return t, nil
		}
	}
	return time.Time{}, usagef("--at %q: write it as 2026-12-24T07:00, or with an offset as 2026-12-24T07:00:00+01:00",
		s)
}

// findDigest is the digest of an id, or, where none is named (""), the only one.
func findDigest(cfg *config.Config, id string) (digest.Digest, error) {
	if id == "" && len(cfg.Digests) == 1 {
		return cfg.Digests[0], nil
	}
	var known []string
	for _, d := range cfg.Digests {
		if d.ID == id {
			return d, nil
		}
		known = append(known, d.ID)
	}
	switch {
	case len(known) == 0:
		return digest.Digest{}, usagef("%s has no digest: it needs a table such as [digests.daily]", cfg.Path)
	case id == "":
		return digest.Digest{}, usagef("%s has several digests: name one of %s", cfg.Path, strings.Join(known, ", "))
	}
	return digest.Digest{}, usagef("%s has no digest %q; it has %s", cfg.Path, id, strings.Join(known, ", "))
}

// first is the first argument, empty where there is none.
func first(args []string) string {
	if len(args) == 0 {
		return ""
	}
	return args[0]
}

func showPreview(p *program, composer *newsroom.Composer, v newsroom.Preview, format string) error {
	var err error
	switch format {
	case "html":
		_, err = io.WriteString(p.stdout, cmp.Or(v.Rendered.HTML, v.Rendered.Text)) // some readers get plain text alone
	case "text":
		_, err = io.WriteString(p.stdout, v.Rendered.Text)
	case "eml":
		var raw []byte
		if raw, _, err = composer.Message(v, digest.Recipient{}); err == nil {
			_, err = p.stdout.Write(raw)
		}
	case "json":
		p.json = true
		err = p.print(previewed(v), nil)
	}
	return err
}

// previewJSON is a page with all that led to it.
type previewJSON struct {
	ID       string           `json:"id"`
	Slot     time.Time        `json:"slot"`
	Subject  string           `json:"subject"`
	Variant  any              `json:"variant"`
	Size     map[string]int   `json:"size"` // bytes before encoding
	Stories  []previewedStory `json:"stories"`
	Five     []string         `json:"five_things"` // story ids, in order
	Carried  []digest.Story   `json:"carried"`
	Closed   any              `json:"closed"`
	Coverage any              `json:"feeds"`
	Orders   []ledger.Order   `json:"orders"` // of the editor, that stand for it
}

// previewedStory is a story with its place on the page.
type previewedStory struct {
	Section string `json:"section"`
	Topic   string `json:"topic"`
	Place   int    `json:"place"` // in the section, from 1
	digest.Story
}

func previewed(v newsroom.Preview) previewJSON {
	closed := append([]curate.Closed{}, v.Closed...)
	for i, c := range closed {
		closed[i].Item.Feed = digest.Feed{URL: c.Item.Feed}.Address()
	}
	out := previewJSON{ID: v.Edition.ID, Slot: v.Edition.Slot, Subject: v.Rendered.Subject, Variant: v.Page.Variant,
		Size:    map[string]int{"html": len(v.Rendered.HTML), "text": len(v.Rendered.Text)},
		Stories: []previewedStory{}, Five: []string{}, Carried: append([]digest.Story{}, v.Carried...),
		Closed: closed, Coverage: v.Edition.Feeds, Orders: append([]ledger.Order{}, v.Orders...)}
	for _, e := range v.Page.Five {
		out.Five = append(out.Five, e.ID)
	}
	for _, s := range v.Page.All() {
		for i, e := range s.Entries {
			out.Stories = append(out.Stories, previewedStory{string(s.Kind), e.Topic, i + 1, e.Story})
		}
	}
	for i := range out.Stories {
		out.Stories[i].Items = withoutPasswords(out.Stories[i].Items)
	}
	for i := range out.Carried {
		out.Carried[i].Items = withoutPasswords(out.Carried[i].Items)
	}
	return out
}

// withoutPasswords are items as they may be shown: their feeds' addresses may have passwords.
func withoutPasswords(items []digest.Item) []digest.Item {
	items = slices.Clone(items)
	for i, it := range items {
		items[i].Feed = digest.Feed{URL: it.Feed}.Address()
	}
	return items
}
