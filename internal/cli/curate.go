package cli

import (
	"bufio"
	"encoding/json"
	"fmt"
	"io"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"digestd/digest"
	"digestd/digest/curate"
	"digestd/internal/newsroom"
	"digestd/internal/vectors"
)

// maxInputLine bounds a line on stdin of curate.
const maxInputLine = 4 << 20

func curateCommand(p *program) *cobra.Command {
	var pairs bool
	var path string
	c := &cobra.Command{
		Use:   "curate",
		Short: "Measure how items are joined into stories",
		Long: "A measuring aid. Reads items as JSON lines on stdin (id, title, summary, link, feed, published) and prints which are\n" +
			"one story. With --pairs it reads pairs of headlines, parted by a tab, and prints a score for each line; a pair is one\n" +
			"story if its score is the threshold or more. With --vectors, word vectors have a word in it, as with vectors of\n" +
			"[curate]. The last line on stderr is the threshold.",
		Args: cobra.NoArgs,
		RunE: func(*cobra.Command, []string) error {
			var file *vectors.File
			var err error
			if path != "" {
				if file, err = vectors.OpenFile(path); err != nil {
					return usageError{err}
				}
				defer file.Close()
			}
			if pairs {
				err = scorePairs(p, file)
			} else {
				err = clusterItems(p, file)
			}
			if err != nil {
				return err
			}
			fmt.Fprintf(p.stderr, "threshold %s\n", strconv.FormatFloat(curate.Threshold, 'f', -1, 64))
			return nil
		},
	}
	c.Flags().BoolVar(&pairs, "pairs", false, "read pairs of headlines, print scores")
	c.Flags().StringVar(&path, "vectors", "", "word vectors in a `FILE`, as fastText and GloVe write them")
	return c
}

// vectorsIn are the vectors of items by Seq, as a file has them; nil: there is none.
func vectorsIn(file *vectors.File, items []digest.Item) (of map[uint64][]float32, err error) {
	if file == nil {
		return nil, nil
	}
	of, _ = newsroom.Meanings{File: func(texts []string) (all [][]float32) {
		all, err = file.Of(texts)
		return all
	}}.Of(nil, items)
	return of, err
}

func scorePairs(p *program, file *vectors.File) error {
	var items []digest.Item
	err := p.lines(func(n int, line string) error {
		a, b, ok := strings.Cut(line, "\t")
		if !ok {
			return usagef("stdin:%d: no tab between two headlines", n)
		}
		for _, title := range []string{a, b} {
			items = append(items, digest.Item{Seq: uint64(len(items) + 1), Title: title})
		}
		return nil
	})
	if err != nil {
		return err
	}
	of, err := vectorsIn(file, items)
	if err != nil {
		return err
	}
	scores := curate.Pairs(items, of)
	return p.print(map[string]any{"scores": scores, "threshold": curate.Threshold}, func(w io.Writer) {
		out := bufio.NewWriter(w)
		defer out.Flush()
		for _, score := range scores {
			fmt.Fprintln(out, strconv.FormatFloat(score, 'f', 6, 64))
		}
	})
}

// curatedItem is an item as curate reads it.
type curatedItem struct {
	ID        looseString `json:"id"`
	Title     looseString `json:"title"`
	Summary   looseString `json:"summary"`
	Link      looseString `json:"link"`
	Feed      looseString `json:"feed"`
	Published looseString `json:"published"`
}

// looseString takes what measuring data has in the place of a string: a number stands for its digits,
// null for nothing.
type looseString string

func (s *looseString) UnmarshalJSON(raw []byte) error {
	var text string
	if err := json.Unmarshal(raw, &text); err == nil {
		*s = looseString(text)
		return nil
	}
	var number json.Number
	if err := json.Unmarshal(raw, &number); err != nil {
		return fmt.Errorf("%s is neither a string nor a number", raw)
	}
	*s = looseString(number)
	return nil
}

// time reads a date as feeds and data sets write it; what can't be read is no date.
func (s looseString) time() time.Time {
	for _, layout := range []string{time.RFC3339Nano, time.RFC1123Z, time.RFC1123, "2006-01-02T15:04:05", time.DateTime,
		time.DateOnly} {
		if t, err := time.Parse(layout, strings.TrimSpace(string(s))); err == nil {
			return t
		}
	}
	return time.Time{}
}

func clusterItems(p *program, file *vectors.File) error {
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
		ids = append(ids, string(in.ID))
		items = append(items, digest.Item{Seq: uint64(len(ids)), GUID: string(in.ID), Title: string(in.Title),
			Summary: digest.PlainText(string(in.Summary)), Link: string(in.Link),
			Feed: string(in.Feed), Source: string(in.Feed),
			Published: in.Published.time(), FirstSeen: in.Published.time()})
		return nil
	})
	if err != nil {
		return err
	}
	earlier := func(a, b digest.Item) int { return a.FirstSeen.Compare(b.FirstSeen) }
	latest := slices.MaxFunc(append(items, digest.Item{}), earlier).FirstSeen
	for i := range items { // an item without a date was seen when it was shown, as in a ledger
		if items[i].FirstSeen.IsZero() {
			items[i].FirstSeen = latest
		}
	}
	of, err := vectorsIn(file, items)
	if err != nil {
		return err
	}
	clusters := [][]string{}
	for _, cluster := range curate.Clusters(items, of) {
		var names []string
		for _, it := range cluster {
			names = append(names, ids[it.Seq-1])
		}
		clusters = append(clusters, names)
	}
	return p.print(map[string]any{"clusters": clusters}, func(w io.Writer) {
		for _, c := range clusters {
			fmt.Fprintln(w, strings.Join(c, "\t"))
		}
	})
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
