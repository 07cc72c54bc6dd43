package cli

import (
	"fmt"
	"io"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"digestd/digest"
	"digestd/digest/curate"
	"digestd/internal/report"
	"digestd/subscribers"
)

func whyCommand(p *program) *cobra.Command {
	return &cobra.Command{
		Use:   "why URL|WORDS|ADDRESS",
		Short: "What became of a story, or of a reader's mail, and why",
		Long: "Tell what became of an item, by its link, its guid or words of its title: when it was first seen, and in which edition\n" +
			"and section of each lane it stands, or why it stands in none. With a mail address, tell what became of each edition\n" +
			"that this reader was owed, in the server's words.",
		Args: cobra.MinimumNArgs(1),
		RunE: func(c *cobra.Command, args []string) error {
			query := strings.TrimSpace(strings.Join(args, " "))
			if query == "" {
				return usagef("why needs a link, words of a title, or an address (usage: %s)", c.UseLine())
			}
			o, err := p.open(c.Context(), want{mayMiss: true})
			if err != nil {
				return err
			}
			defer o.close()
			if email, err := subscribers.ParseAddress(query); err == nil {
				reader, err := o.Report.WhyReader(email)
				if err != nil {
					return err
				}
				return p.print(reader, func(w io.Writer) { printReader(w, reader) })
			}
			fates, more, err := o.Report.WhyItem(query)
			if err != nil {
				return err
			}
			for i, f := range fates {
				fates[i].Item.Feed = digest.Feed{URL: f.Item.Feed}.Address()
			}
			if err := p.print(map[string]any{"items": fates, "more": more}, func(w io.Writer) {
				if more == 0 {
					printFates(w, fates)
					return
				}
				for _, f := range fates {
					fmt.Fprintf(w, "%s  %s  %s\n", f.Item.FirstSeen.Local().Format("2006-01-02 15:04"), f.Item.Title, f.Item.Link)
				}
				fmt.Fprintf(w, "and %d more; a link, or more words of a title, tell what became of one\n", more)
			}); err != nil {
				return err
			}
			if len(fates) == 0 {
				fmt.Fprintf(p.stderr, "no item has the link, the guid or the words %q; was its feed read when it was shown?\n",
					query)
				return errIncomplete
			}
			return nil
		},
	}
}

func printFates(w io.Writer, fates []report.Fate) {
	for i, f := range fates {
		if i > 0 {
			fmt.Fprintln(w)
		}
		fmt.Fprintf(w, "%s\n  %s\n  first seen %s in %s\n", f.Item.Title, f.Item.Link,
			f.Item.FirstSeen.Local().Format("2006-01-02 15:04:05 MST"), f.Item.Source)
		if f.Item.Article != nil && f.Item.Article.Error != "" {
			fmt.Fprintf(w, "  has the feed's own words, since its page could not be read: %s\n", f.Item.Article.Error)
		}
		for _, a := range f.Item.Aliases {
			fmt.Fprintf(w, "  joined by its %s on %s%s\n", a.By, a.At.Local().Format("2006-01-02 15:04"), otherForm(a))
		}
		for _, l := range f.Lanes {
			fmt.Fprintf(w, "  %s: %s\n", l.Lane, fateWords(l))
			if len(l.Told) > 1 {
				for _, t := range l.Told {
					fmt.Fprintf(w, "    told by %s, first seen %s: %s\n", t.Source,
						t.FirstSeen.Local().Format("2006-01-02 15:04"), t.Title)
					if t.With != 0 {
						fmt.Fprintf(w, "      joined with score %.2f: %s\n", t.Score, strings.Join(t.Terms, ", "))
					}
				}
			}
			for _, t := range l.Apart {
				fmt.Fprintf(w, "    not joined with %s, score %.2f of %.2f: %s\n", t.Source, t.Score, curate.Threshold, t.Title)
			}
			for _, t := range l.Retells {
				fmt.Fprintf(w, "    edition %s told it: %s\n", t.Edition, t.Title)
			}
			if f := l.Follows; f != nil {
				fmt.Fprintf(w, "    follows “%s” of edition %s: %s\n      one affair with score %.2f: %s\n", f.Title, f.Edition,
					strings.Join(f.News, "; "), f.Score, strings.Join(f.Terms, ", "))
			}
			if l.Score != 0 {
				fmt.Fprintf(w, "    joined with score %.2f: %s\n", l.Score, strings.Join(l.Terms, ", "))
			}
			if l.Rank != nil {
				fmt.Fprintf(w, "    rank %.3f = %s\n", l.Rank.Total, rankWords(*l.Rank))
			}
		}
	}
}

// otherForm says in what an alias differs from its item.
func otherForm(a digest.Alias) string {
	var parts []string
	if a.Title != "" {
		parts = append(parts, "“"+a.Title+"”")
	}
	if a.Link != "" {
		parts = append(parts, a.Link)
	}
	if a.GUID != "" && a.GUID != a.Link {
		parts = append(parts, "guid "+a.GUID)
	}
	if len(parts) == 0 {
		return ""
	}
	return ": " + strings.Join(parts, ", ")
}

// rankWords are the parts of a rank. Editions that are older than the signs of place have none of those.
func rankWords(r digest.Rank) string {
	parts := fmt.Sprintf("coverage %.2f", r.Coverage)
	if r.Affair > 0 {
		parts += fmt.Sprintf(" (with %s that repeat it)", plural(r.Affair, "other outlet"))
	}
	if r.Place > 0 {
		parts += fmt.Sprintf(" × place %.2f × staying %.2f × heat %.2f", r.Place, r.Staying, r.Heat)
	}
	if r.Subject != "" {
		parts += fmt.Sprintf(" (of %s)", r.Subject)
	}
	parts += fmt.Sprintf(" × recency %.2f × weight %.2f", r.Recency, r.Weight)
	if 0 < r.News && r.News < 1 {
		parts += fmt.Sprintf(" × news %.2f", r.News)
	}
	if r.Toll > 1 {
		parts += fmt.Sprintf(" × toll %.2f", r.Toll)
	}
	if r.Asks {
		parts += ", taken down as a question"
	}
	if r.Beside != "" {
		parts += fmt.Sprintf(", taken down beside %q", r.Beside)
		if r.Repeats != "" {
			parts += ", beyond which it tells nothing"
		}
	}
	if r.Running > 0 {
		parts += fmt.Sprintf(" × running %.2f", r.Running)
	}
	return parts
}

func fateWords(l report.LaneFate) string {
	switch {
	case l.Edition == "":
		return l.Reason
	case l.Section == "":
		return fmt.Sprintf("%s (edition %s)", l.Reason, l.Edition)
	default:
		words := fmt.Sprintf("edition %s, %s, place %d, sent to %s", l.Edition, l.Section, l.Place,
			plural(l.Readers, "reader"))
		if l.Ordered {
			words += "; the editor made it lead"
		}
		return words
	}
}

func printReader(w io.Writer, r report.Reader) {
	fmt.Fprintf(w, "%s: %s\n", r.Email, r.Subscribed)
	for _, s := range r.Suppressed {
		fmt.Fprintf(w, "  suppressed%s by %s on %s %s\n", ofDigest(s.Digest), s.Source,
			s.At.Format(time.DateOnly), s.Words)
	}
	if !r.PausedUntil.IsZero() {
		fmt.Fprintf(w, "  paused until %s\n", r.PausedUntil.Format(time.DateOnly))
	}
	if r.Own != nil {
		fmt.Fprintf(w, "  %s\n", chose(*r.Own))
	}
	if u := r.SignedUp; u != nil {
		fmt.Fprintf(w, "  asked for it on %s and confirmed it on %s: %q\n", u.Asked.Local().Format("2006-01-02 15:04"),
			u.Confirmed.Local().Format("2006-01-02 15:04"), u.Words)
	}
	for _, q := range r.Requests {
		if q.Confirmed.IsZero() {
			fmt.Fprintf(w, "  somebody asked for %s on %s; it was not confirmed\n", strings.Join(q.Digests, ", "), q.At.Local().Format("2006-01-02 15:04"))
		}
	}
	for _, d := range r.Deliveries {
		fmt.Fprintf(w, "  %s: %s\n", d.Edition, d.State)
		for _, e := range d.Resent {
			fmt.Fprintf(w, "    %s sent once more by the operator: %s\n", e.At.Local().Format("2006-01-02 15:04:05"),
				strings.TrimRight(fmt.Sprintf("%s, %s", e.State, e.Words), ", "))
		}
		for _, e := range d.Events {
			fmt.Fprintf(w, "    %s %s", e.At.Local().Format("2006-01-02 15:04:05"), e.State)
			switch {
			case e.Stage != "":
				fmt.Fprintf(w, ", %s", digest.Said(e.Stage, e.Code, e.Words))
			case e.Words != "":
				fmt.Fprintf(w, ": %s", e.Words)
			}
			fmt.Fprintln(w)
		}
	}
	if len(r.Deliveries) == 0 {
		fmt.Fprintln(w, "  was owed no edition that the ledger remembers")
	}
}
