//go:build ignore

// Editions measures what `digestd --json replay` says of editions: whether the lead is what editors lead with, how old
// entries are, whether a topic starves, how long it takes to read.
//
//	digestd --json replay daily --captures DIR >all.json
//	digestd --json replay alone --captures DIR >alone.json   # a digest of one topic of daily, at the same slots
//	go run docs/benchmarks/editions.go all.json [TOPIC alone.json]...
package main

import (
	"encoding/json"
	"fmt"
	"log"
	"os"
	"slices"
	"strings"
	"time"
)

type replay struct {
	Editions []edition `json:"editions"`
}

type edition struct {
	Slot     time.Time `json:"slot"`
	Read     int       `json:"read"`
	Unread   int       `json:"unread"`
	Ordered  []string  `json:"by_importance"`
	Variants []variant `json:"variants"`
}

type variant struct {
	Topics  []string `json:"topics"`
	Words   int      `json:"words"`
	Entries []entry  `json:"entries"`
}

type entry struct {
	item
	Section   string    `json:"section"`
	Topic     string    `json:"topic"`
	Published time.Time `json:"published"`
	FirstSeen time.Time `json:"first_seen"`
	Coverage  []item    `json:"coverage"`
	Score     struct {
		Subject string `json:"subject"`
	} `json:"score"`
}

type item struct {
	Title  string `json:"title"`
	Source string `json:"source"`
	Place  int    `json:"place"`
}

func main() {
	log.SetFlags(0)
	if len(os.Args) < 2 || len(os.Args)%2 != 0 {
		log.Fatal("usage: editions all.json [TOPIC alone.json]...")
	}
	all := load(os.Args[1])
	fmt.Println("| edition | read | entries | lead at the top of | older than a day | latest news | minutes |")
	fmt.Println("|---|---|---|---|---|---|---|")
	for _, e := range all.Editions {
		page := pageOf(e, nil)
		if e.Read == 0 || page == nil || len(page.Entries) == 0 {
			continue
		}
		old, latest := 0, 0
		for _, en := range page.Entries {
			if e.Slot.Sub(en.when()) > 24*time.Hour {
				old++
			}
			if en.Section == "latest news" {
				latest++
			}
		}
		fmt.Printf("| %s | %d | %d | %s | %s | %d | %.1f |\n", e.Slot.Format("2006-01-02 15:04"), e.Read, len(page.Entries), tops(e, page.Entries[0]),
			share(old, len(page.Entries), e.Unread), latest, float64(page.Words)/220)
	}
	for i := 2; i < len(os.Args); i += 2 {
		compare(all, os.Args[i], load(os.Args[i+1]))
	}
}

func load(path string) (r replay) {
	raw, err := os.ReadFile(path)
	if err == nil {
		err = json.Unmarshal(raw, &r)
	}
	if err != nil {
		log.Fatal(path, ": ", err)
	}
	return r
}

func pageOf(e edition, topics []string) *variant {
	for i, v := range e.Variants {
		if slices.Equal(v.Topics, topics) && (v.Topics == nil) == (topics == nil) {
			return &e.Variants[i]
		}
	}
	return nil
}

func (e entry) when() time.Time {
	if e.Published.IsZero() || e.Published.After(e.FirstSeen) {
		return e.FirstSeen
	}
	return e.Published
}

// tops are the feeds by importance among whose first three an item of the lead's story stood.
func tops(e edition, lead entry) string {
	var at []string
	for _, it := range append([]item{lead.item}, lead.Coverage...) {
		if it.Place >= 1 && it.Place <= 3 && slices.Contains(e.Ordered, it.Source) && !slices.Contains(at, it.Source) {
			at = append(at, it.Source)
		}
	}
	if len(at) == 0 {
		return "none"
	}
	return fmt.Sprintf("%d of %d: %s", len(at), len(e.Ordered), strings.Join(at, ", "))
}

func share(old, entries, unread int) string {
	s := fmt.Sprintf("%d %%", 100*old/entries)
	if unread == 0 {
		s += ", nothing left out"
	}
	return s
}

// compare holds what the readers of one topic get against what a digest of that topic alone gives.
func compare(all replay, topic string, alone replay) {
	mine, most, starved, had := 0, 0, 0, 0
	for _, e := range all.Editions {
		single := 0
		for _, a := range alone.Editions {
			if p := pageOf(a, nil); a.Slot.Equal(e.Slot) && p != nil {
				single = len(p.Entries)
			}
		}
		most += single
		if p := pageOf(e, []string{topic}); p != nil {
			mine += len(p.Entries)
		}
		if p := pageOf(e, nil); p != nil && single >= 3 {
			had++
			if n := len(slices.DeleteFunc(slices.Clone(p.Entries), func(en entry) bool { return en.Topic != topic })); n < 3 {
				starved++
			}
		}
	}
	fmt.Printf("\ntopic %s: its readers get %d entries, alone it gives %d (%d %%); in %d of %d editions that had three, readers of all topics see fewer\n",
		topic, mine, most, 100*mine/max(1, most), starved, had)
}
