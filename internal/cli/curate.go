package cli

import (
	"bufio"
	"encoding/json"
	"fmt"
	"io"
	"strconv"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"digestd/digest"
	"digestd/digest/curate"
)

// maxInputLine bounds a line on stdin of curate.
const maxInputLine = 4 << 20

func (p *program) curateCommand() *cobra.Command {
	var pairs bool
	c := &cobra.Command{
		Use:   "curate",
		Short: "Measure how items are joined into stories",
		Long: "A measuring aid. Reads items as JSON lines on stdin (id, title, summary, link, feed, published) and prints which are\n" +
			"one story. With --pairs it reads pairs of headlines, parted by a tab, and prints a score for each line; a pair is one\n" +
			"story if its score is the threshold or more. The last line on stderr is the threshold.",
		Args: cobra.NoArgs,
		RunE: func(*cobra.Command, []string) error {
			var err error
			if pairs {
				err = p.scorePairs()
			} else {
				err = p.clusterItems()
			}
			if err != nil {
				return err
			}
			fmt.Fprintf(p.stderr, "threshold %s\n", strconv.FormatFloat(curate.Threshold, 'f', -1, 64))
			return nil
		},
	}
	c.Flags().BoolVar(&pairs, "pairs", false, "read pairs of headlines, print scores")
	return c
}

func (p *program) scorePairs() error {
	out := bufio.NewWriter(p.stdout)
	defer out.Flush()
	return p.lines(func(n int, line string) error {
		a, b, ok := strings.Cut(line, "\t")
		if !ok {
			return usagef("stdin:%d: no tab between two headlines", n)
		}
		_, err := fmt.Fprintln(out, strconv.FormatFloat(curate.Pair(a, b), 'f', 6, 64))
		return err
	})
}

// curatedItem is an item as curate reads it.
type curatedItem struct {
	ID        string    `json:"id"`
	Title     string    `json:"title"`
	Summary   string    `json:"summary"`
	Link      string    `json:"link"`
	Feed      string    `json:"feed"`
	Published time.Time `json:"published"`
}

func (p *program) clusterItems() error {
	var items []digest.Item
	var ids []string
	err := p.lines(func(n int, line string) error {
		if strings.TrimSpace(line) == "" {
			return nil
		}
		var in curatedItem
		if err := json.Unmarshal([]byte(line), &in); err != nil {
			return usagef("stdin:%d: %w", n, err)
		}
		ids = append(ids, in.ID)
		items = append(items, digest.Item{Seq: uint64(len(ids)), GUID: in.ID, Title: in.Title, Summary: digest.PlainText(in.Summary), Link: in.Link,
			Feed: in.Feed, Source: in.Feed, Published: in.Published, FirstSeen: in.Published})
		return nil
	})
	if err != nil {
		return err
	}
	clusters := [][]string{}
	for _, cluster := range curate.Clusters(items, curate.DefaultWindow) {
		var names []string
		for _, it := range cluster {
			names = append(names, ids[it.Seq-1])
		}
		clusters = append(clusters, names)
	}
	raw, err := json.Marshal(map[string][][]string{"clusters": clusters})
	if err != nil {
		return err
	}
	if !p.json {
		return p.print(nil, func(w io.Writer) {
			for _, c := range clusters {
				fmt.Fprintln(w, strings.Join(c, "\t"))
			}
		})
	}
	_, err = fmt.Fprintf(p.stdout, "%s\n", raw)
	return err
}

// lines hands each line of stdin to f, without its end, with its number from 1.
func (p *program) lines(f func(n int, line string) error) error {
	in := bufio.NewScanner(p.stdin)
	in.Buffer(nil, maxInputLine)
	n := 0
	for in.Scan() {
		n++
		if err := f(n, strings.TrimSuffix(in.Text(), "\r")); err != nil {
			return err
		}
	}
	if err := in.Err(); err != nil {
		return usagef("stdin:%d: %w", n+1, err)
	}
	return nil
}
