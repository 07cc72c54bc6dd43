package cli

import (
	"fmt"
	"io"
	"log/slog"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"digestd/digest/collect"
	"digestd/digest/collect/opml"
	"digestd/internal/config"
	"digestd/internal/regular"
	"digestd/internal/report"
)

func feedsCommand(p *program) *cobra.Command {
	c := &cobra.Command{Use: "feeds", Short: "Look at feeds, take lists of them in and out"}
	c.AddCommand(feedsListCommand(p), feedsReadCommand(p), feedsImportCommand(p), feedsExportCommand(p))
	return c
}

func feedsListCommand(p *program) *cobra.Command {
	return &cobra.Command{
		Use:   "list",
		Short: "How each feed is: health, last success, items a day, next poll",
		Args:  cobra.NoArgs,
		RunE: func(c *cobra.Command, _ []string) error {
			var answer struct {
				Feeds []report.FeedHealth `json:"feeds"`
			}
			if !p.json {
				if err := p.answerOf(c.Context(), &answer); err != nil {
					return err
				}
				return printFeeds(p.stdout, p.paint(), answer.Feeds)
			}
			o, err := p.open(c.Context(), want{mayMiss: true})
			if err != nil {
				return err
			}
			defer o.close()
			if answer.Feeds, err = o.Report.FeedHealth(); err != nil {
				return err
			}
			return p.print(answer, nil)
		},
	}
}

func printFeeds(w io.Writer, p paint, feeds []report.FeedHealth) error {
	rows := [][]cell{{{"HEALTH", bold}, {"NEW ITEMS BY DAY", bold}, {"A DAY", bold}, {"LAST SUCCESS", bold},
		{"NEXT POLL", bold}, {"READERS SEE", bold}, {"FEED", bold}}}
	for _, f := range feeds {
		how := cell{health(f), green}
		switch {
		case f.Gone:
			how.hue = red
		case f.Failures > 0:
			how.hue = yellow
		case f.LastSuccess.IsZero():
			how.hue = dim
		}
		rows = append(rows, []cell{how, {sparkline(f.Daily), plain}, {fmt.Sprintf("%.1f", f.PerDay), plain},
			{moment(f.LastSuccess), plain}, {moment(f.NextPoll), plain}, {f.Name, plain}, {f.URL, plain}})
	}
	return p.table(w, rows)
}

func health(f report.FeedHealth) string {
	switch {
	case f.Gone:
		return "gone (410)"
	case f.Failures > 0:
		return fmt.Sprintf("failing (%d)", f.Failures)
	case f.LastSuccess.IsZero():
		return "not asked yet"
	case f.MovedTo != "":
		return "moved to " + f.MovedTo
	case f.Cut:
		return "cut off"
	case f.Bare:
		return "no items"
	}
	return "well"
}

func moment(t time.Time) string {
	if t.IsZero() {
		return "-"
	}
	return t.Local().Format("2 Jan 15:04")
}

func feedsReadCommand(p *program) *cobra.Command {
	var fullText bool
	c := &cobra.Command{
		Use:   "read URL|FILE",
		Short: "Show what digestd makes of a feed, and store nothing",
		Long: "Show what digestd makes of a feed, and store nothing. Of the address of a page, its feed is looked for: what the page\n" +
			"names, and the usual places; what to write into the configuration stands on stderr. With --full-text, the pages of its first items are asked for\n" +
			"too, as full_text in the configuration would, and what it takes of them is shown.",
		Args: cobra.ExactArgs(1),
		RunE: func(c *cobra.Command, args []string) error {
			collector, err := collectorAlone(p)
			if err != nil {
				return err
			}
			doc, err := collector.Read(c.Context(), args[0])
			if c.Context().Err() != nil {
				return c.Context().Err()
			}
			if err != nil {
				failed := map[string]any{"feed": nil, "items": []any{}, "repairs": []any{}, "error": err.Error()}
				if perr := p.print(failed, func(io.Writer) {}); perr != nil {
					return perr
				}
				return err
			}
			if doc.Found != "" {
				fmt.Fprintf(p.stderr, "%s is the address of a page; its feed is\n  %s\nWrite that into the configuration: feeds = [%q]\n",
					args[0], doc.Found, doc.Found)
			}
			if fullText {
				collector.ReadArticles(c.Context(), doc, pagesShown)
			}
			return p.print(doc, func(w io.Writer) { printRead(w, doc) })
		},
	}
	c.Flags().BoolVar(&fullText, "full-text", false, "also read the pages of the first items, as full_text would")
	return c
}

// pagesShown is of how many items feeds read asks for the page.
const pagesShown = 5

// collectorAlone is a collector without a ledger. It needs no configuration; one that is there says how to ask, and one
// that is named must be right.
func collectorAlone(p *program) (*collect.Collector, error) {
	cfg := &config.Config{Collect: config.DefaultCollect()}
	cfg.Collect.Concurrency, cfg.Collect.PerHost, cfg.Collect.UserAgent = 1, 1, "digestd/"+version
	switch found, _, err := p.load(); {
	case err == nil:
		cfg = found
	case p.configFlag != "":
		return nil, err
	}
	quiet := *p
	quiet.log = slog.New(slog.DiscardHandler)
	return collector(&quiet, cfg, nil), nil
}

func printRead(w io.Writer, doc *collect.Document) {
	fmt.Fprintf(w, "%s\n%s, %s, %s\n", doc.Title, doc.Link, doc.Format, plural(len(doc.Items), "item"))
	for _, r := range doc.Repairs {
		fmt.Fprintf(w, "repaired: %s\n", r)
	}
	for _, it := range doc.Items {
		fmt.Fprintln(w)
		if it.Skipped {
			fmt.Fprintln(w, "(nothing to show: collecting leaves it out)")
			continue
		}
		fmt.Fprintf(w, "%s\n", it.Title)
		if it.Link != "" {
			fmt.Fprintf(w, "  %s\n", it.Link)
		}
		if !it.Published.IsZero() {
			fmt.Fprintf(w, "  %s\n", it.Published.Format(time.RFC1123Z))
		}
		if summary := it.Summary.Plain(); summary != "" {
			fmt.Fprintf(w, "  %s\n", report.Shortened(summary, 200))
		}
		switch {
		case it.FromPage && it.Article.Error != "":
			fmt.Fprintf(w, "  its page has no text for us: %s\n", it.Article.Error)
		case it.FromPage:
			fmt.Fprintln(w, "  (with the text of its page)")
		}
	}
}

func feedsImportCommand(p *program) *cobra.Command {
	return &cobra.Command{
		Use:   "import FILE.opml",
		Short: "Print the TOML to paste for a list of feeds; edits nothing",
		Args:  cobra.ExactArgs(1),
		RunE: func(_ *cobra.Command, args []string) error {
			raw, err := regular.Read(args[0], maxListFile)
			if err != nil {
				return usageError{err}
			}
			list, err := opml.Read(raw)
			if err != nil {
				return usagef("%s: %w", args[0], err)
			}
			for _, ignored := range list.Ignored {
				fmt.Fprintf(p.stderr, "%s: ignored: %s\n", args[0], ignored)
			}
			text := opml.TOML(list, topicsTaken(p))
			return p.print(map[string]any{"title": list.Title, "feeds": append([]opml.Feed{}, list.Feeds...), "toml": text},
				func(w io.Writer) { io.WriteString(w, text) })
		},
	}
}

// topicsTaken are the topics of the configuration, if there is one: what is pasted must not clash with them.
func topicsTaken(p *program) []string {
	cfg, _, err := p.load()
	if err != nil {
		return nil
	}
	var ids []string
	for _, t := range cfg.Topics {
		ids = append(ids, t.ID)
	}
	return ids
}

// maxListFile bounds a list of feeds or of addresses, in bytes.
const maxListFile = 64 << 20

func feedsExportCommand(p *program) *cobra.Command {
	return &cobra.Command{
		Use:   "export",
		Short: "Print the configuration's feeds as OPML",
		Args:  cobra.NoArgs,
		RunE: func(*cobra.Command, []string) error {
			cfg, _, err := p.load()
			if err != nil {
				return err
			}
			list := opml.List{Title: cfg.Newsletter.Name, Feeds: []opml.Feed{}}
			for _, t := range cfg.Topics {
				for _, f := range t.Feeds {
					list.Feeds = append(list.Feeds, opml.Feed{URL: f.Address(), Title: f.Name, Topic: t.Title})
				}
			}
			var text strings.Builder
			if err := opml.Write(&text, list); err != nil {
				return err
			}
			return p.print(map[string]any{"title": list.Title, "feeds": list.Feeds, "opml": text.String()},
				func(w io.Writer) { io.WriteString(w, text.String()) })
		},
	}
}
