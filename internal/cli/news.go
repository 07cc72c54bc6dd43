package cli

import (
	"context"
	"fmt"
	"io"
	"slices"
	"time"

	"digestd/digest"
	"digestd/internal/config"
	"digestd/internal/ledger"
)

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
