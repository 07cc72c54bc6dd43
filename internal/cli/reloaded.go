package cli

import (
	"context"
	"fmt"
	"io"
	"slices"
	"strings"
	"time"

	"digestd/digest"
	"digestd/internal/config"
	"digestd/internal/ledger"
	"digestd/subscribers"
)

// listChange is what a reload made of the lists of subscribers.
type listChange struct {
	Reloaded bool         `json:"reloaded"`
	Before   int          `json:"before"`
	Now      int          `json:"subscribers"`
	Lists    []listLosses `json:"lists"` // those of which readers are gone
	Warnings []string     `json:"warnings,omitempty"`
	newcomers
}

// listLosses is a file, and how many of those who stood in it are subscribers still.
type listLosses struct {
	File   string `json:"file"`
	Before int    `json:"before"`
	Now    int    `json:"still"`
}

// changeOf compares two lists by their addresses: who moved into another file is not gone.
func changeOf(before, now *subscribers.List) listChange {
	c := listChange{Reloaded: true, Before: before.Len(), Now: now.Len(), Lists: []listLosses{}}
	for _, s := range before.All() {
		if n := len(c.Lists); n == 0 || c.Lists[n-1].File != s.File {
			c.Lists = append(c.Lists, listLosses{File: s.File})
		}
		l := &c.Lists[len(c.Lists)-1]
		l.Before++
		if _, ok := now.Find(s.Email); ok {
			l.Now++
		}
	}
	c.Lists = slices.DeleteFunc(c.Lists, func(l listLosses) bool { return l.Now == l.Before })
	return c
}

func (l listLosses) String() string {
	return fmt.Sprintf("%s: %s before, %d of them now", l.File, plural(l.Before, "subscriber"), l.Now)
}

// refusal says why a change is more likely a file that was cut short, or written by a failed export, than what somebody
// meant; empty when it is not.
func (c listChange) refusal() string {
	var words []string
	for _, l := range c.Lists {
		if c.Now == 0 || l.Before > 1 && 2*l.Now < l.Before {
			words = append(words, l.String())
		}
	}
	if len(words) == 0 {
		return ""
	}
	return strings.Join(words, "\n") + "\nwhoever is gone would get nothing more; if that is meant, `digestd reload --force`"
}

func (c listChange) print(w io.Writer) {
	fmt.Fprintf(w, "the new configuration is in force: %s, %d before\n", plural(c.Now, "subscriber"), c.Before)
	for _, l := range c.Lists {
		fmt.Fprintln(w, l)
	}
	c.newcomers.print(w)
	for _, warning := range c.Warnings {
		fmt.Fprintln(w, "warning: "+warning)
	}
}

// newcomers are the digests and feeds that a reload has brought.
type newcomers struct {
	Digests []newDigest `json:"new_digests,omitempty"`
	Feeds   []newFeed   `json:"new_feeds,omitempty"`
}

// newDigest is one, and how many readers will get it.
type newDigest struct {
	ID      string `json:"digest"`
	Readers int    `json:"subscribers"`
}

// newFeed is one, and how it was when it was asked for the first time.
type newFeed struct {
	URL   string `json:"url"`
	Error string `json:"error,omitempty"`
	Asked bool   `json:"asked"`
}

// feedPatience is how long a reload waits for the daemon to have asked new feeds.
const feedPatience = 20 * time.Second

// newIn finds what is new in a configuration, and waits until the daemon has asked its feeds.
func newIn(ctx context.Context, old, next *config.Config, l *ledger.Ledger) (n newcomers, err error) {
	for _, d := range next.Digests {
		if _, err := old.Digest(d.ID); err == nil || slices.ContainsFunc(d.Formerly, func(id string) bool { _, err := old.Digest(id); return err == nil }) {
			continue
		}
		of := newDigest{ID: d.ID}
		for _, s := range next.Readers().All() {
			if s.Wants(d.ID) {
				of.Readers++
			}
		}
		n.Digests = append(n.Digests, of)
	}
	had := old.Feeds()
	fresh := slices.DeleteFunc(slices.Clone(next.Feeds()), func(f digest.Feed) bool {
		return slices.ContainsFunc(had, func(o digest.Feed) bool { return o.URL == f.URL })
	})
	for deadline := time.Now().Add(feedPatience); ; time.Sleep(50 * time.Millisecond) {
		states, err := l.Items.FeedStates()
		if err != nil {
			return n, err
		}
		n.Feeds = n.Feeds[:0]
		waits := false
		for _, f := range fresh {
			st := states[f.URL]
			n.Feeds = append(n.Feeds, newFeed{URL: f.Address(), Error: st.Error, Asked: !st.LastPoll.IsZero()})
			waits = waits || st.LastPoll.IsZero()
		}
		if !waits || ctx.Err() != nil || time.Now().After(deadline) {
			return n, nil
		}
	}
}

func (n newcomers) print(w io.Writer) {
	for _, d := range n.Digests {
		fmt.Fprintf(w, "digest %s is new: %s will get it\n", d.ID, plural(d.Readers, "subscriber"))
	}
	for _, f := range n.Feeds {
		switch {
		case f.Error != "":
			fmt.Fprintf(w, "feed %s is new, and can't be read: %s\n", f.URL, f.Error)
		case f.Asked:
			fmt.Fprintf(w, "feed %s is new, and well\n", f.URL)
		default:
			fmt.Fprintf(w, "feed %s is new, and has not answered yet; `digestd feeds list` tells how it is\n", f.URL)
		}
	}
}
