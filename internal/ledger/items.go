package ledger

import (
	"bytes"
	"context"
	"encoding/binary"
	"fmt"
	"slices"
	"time"

	"digestd/digest"
	"digestd/digest/curate"
	"digestd/internal/ledger/store"
)

// Items are the news, and the feeds that showed them.
type Items struct{ *base }

// FeedState is what is remembered of a feed; of an unknown one only its URL.
func (i *Items) FeedState(url string) (digest.FeedState, error) {
	st, known := digest.FeedState{}, false
	err := i.view(func(tx store.Tx) (err error) {
		st, known, err = tableFeeds.in(tx).get([]byte(url))
		return err
	})
	if !known {
		st.URL = url
	}
	return st, err
}

// pollBatch bounds the items of one transaction: what it changes is in memory until it ends.
const pollBatch = 1000

// CommitPoll makes the result of one poll durable: items that are known are recognised, the others are
// appended with their first-seen time, and then the feed's state is stored, in the transaction of the last
// items, so that validators never outrun the items that they stand for. A feed with more than pollBatch items
// takes several transactions; a kill between them leaves the state as it was, and the next poll finds the
// first items known. It returns how many items no feed had shown before.
func (i *Items) CommitPoll(_ context.Context, st digest.FeedState, items []digest.Item) (fresh int, err error) {
	now := i.now().UTC()
	for {
		batch := items[:min(pollBatch, len(items))]
		items = items[len(batch):]
		inBatch := 0
		err = i.update(touches{store.News()}, func(tx store.Tx) error {
			inBatch = 0
			r := recorder{items: tableItems.in(tx), identities: tx.Bucket(bucketIdentities), now: now}
			for _, it := range batch {
				isFresh, err := r.record(it)
				if err != nil {
					return err
				}
				if isFresh {
					inBatch++
				}
			}
			if len(items) > 0 {
				return nil
			}
			state := st
			if fresh+inBatch > 0 {
				state.LastItems = now
			}
			countDaily(&state, now, fresh+inBatch)
			return tableFeeds.in(tx).put([]byte(st.URL), state)
		})
		if err != nil {
			return 0, fmt.Errorf("record what feed %s showed: %w", st.URL, err)
		}
		if fresh += inBatch; len(items) == 0 {
			return fresh, nil
		}
	}
}

// dailyDays is how many days of item counts a feed keeps.
const dailyDays = 14

// countDaily adds the new items of a poll to the feed's counts by day.
func countDaily(st *digest.FeedState, now time.Time, fresh int) {
	today := now.Format(time.DateOnly)
	if last, err := time.Parse(time.DateOnly, st.DailyFrom); err == nil {
		for d := last; d.Format(time.DateOnly) < today && len(st.Daily) < 2*dailyDays; d = d.AddDate(0, 0, 1) {
			st.Daily = append(st.Daily, 0)
		}
	}
	if len(st.Daily) == 0 {
		st.Daily = []int{0}
	}
	st.Daily[len(st.Daily)-1] += fresh
	st.Daily = st.Daily[max(0, len(st.Daily)-dailyDays):]
	st.DailyFrom = today
}

// recorder joins shown items to known ones inside a transaction.
type recorder struct {
	items      rows[digest.Item]
	identities store.Bucket
	now        time.Time
}

// record stores one shown item and reports whether no feed had shown it before.
//
// An entry that its own feed showed before is the same item. An entry that another feed showed
// before gets an item of its own that names the first (Of): which topics want it depends on the
// feed, and a lane that wanted neither the one nor the other yet must still see it.
func (r *recorder) record(it digest.Item) (fresh bool, err error) {
	keys := curate.Keys(it)
	own, first, err := r.find(it, keys)
	if err != nil {
		return false, err
	}
	if own != nil {
		return false, r.refresh(own, it, keys)
	}
	it.Content = nil
	it.FirstSeen, it.LastShown = r.now, r.now
	if first != nil {
		it.Of = first.Seq
		if first.Of != 0 {
			it.Of = first.Of
		}
	}
	if it.Seq, err = r.items.Next(); err != nil {
		return false, err
	}
	if err := r.items.put(seqKey(it.Seq), it); err != nil {
		return false, err
	}
	return first == nil, r.alias(keys, it.Seq)
}

// find looks for the item among the known: as one of its own feed, and as the first of any other.
func (r *recorder) find(it digest.Item, keys []curate.Key) (own, first *digest.Item, err error) {
	for _, key := range keys {
		raw, err := r.identities.Get([]byte(key))
		if err != nil {
			return nil, nil, err
		}
		for _, seq := range seqs(raw) {
			known, ok, err := r.items.get(seqKey(seq))
			if err != nil {
				return nil, nil, err
			}
			if !ok || !curate.Same(known, it, key) {
				continue
			}
			if known.Feed == it.Feed {
				return &known, nil, nil
			}
			if first == nil {
				first = &known
			}
		}
	}
	return nil, first, nil
}

// refresh updates a known item: new aliases, the day it was last shown, and what its outlet changed.
// When it was first seen never changes.
func (r *recorder) refresh(known *digest.Item, shown digest.Item, keys []curate.Key) error {
	changed := false
	if r.now.Sub(known.LastShown) >= 24*time.Hour { // to the day: else every poll would write every item
		known.LastShown, changed = r.now, true
	}
	if shown.Title != "" && (shown.Title != known.Title || shown.Summary.Plain() != known.Summary.Plain()) {
		known.Title, known.Summary, changed = shown.Title, shown.Summary, true
	}
	if shown.Updated.After(known.Updated) {
		known.Updated, changed = shown.Updated, true
	}
	if shown.Image != nil && (known.Image == nil || *known.Image != *shown.Image) {
		known.Image, changed = shown.Image, true
	}
	if changed {
		if err := r.items.put(seqKey(known.Seq), *known); err != nil {
			return err
		}
	}
	return r.alias(keys, known.Seq)
}

// alias lets each key lead to the item.
func (r *recorder) alias(keys []curate.Key, seq uint64) error {
	for _, key := range keys {
		raw, err := r.identities.Get([]byte(key))
		if err != nil {
			return err
		}
		if slices.Contains(seqs(raw), seq) {
			continue
		}
		if err := r.identities.Put([]byte(key), binary.BigEndian.AppendUint64(slices.Clone(raw), seq)); err != nil {
			return err
		}
	}
	return nil
}

func seqs(raw []byte) []uint64 {
	out := make([]uint64, 0, len(raw)/8)
	for ; len(raw) >= 8; raw = raw[8:] {
		out = append(out, binary.BigEndian.Uint64(raw))
	}
	return out
}

// Last is the position of the newest item, 0 when there is none.
func (i *Items) Last() (seq uint64, err error) {
	err = i.view(func(tx store.Tx) error {
		for it, err := range tx.Bucket(bucketItems).Rows(store.Range{Reverse: true}) {
			seq = seqOf(it.Key)
			return err
		}
		return nil
	})
	return seq, err
}

// After returns the items behind a position, oldest first.
func (i *Items) After(position uint64) (items []digest.Item, err error) {
	err = i.view(func(tx store.Tx) error {
		items, err = tableItems.in(tx).values(store.Range{From: seqKey(position + 1)}, nil)
		return err
	})
	return items, err
}

// Newest returns the last items for which match reports true, n at most, newest first. It reads a few at a time.
func (i *Items) Newest(n int, match func(digest.Item) bool) (found []digest.Item, err error) {
	next := []byte(nil) // the key to go on from; what is forgotten meanwhile is passed over
	for more := true; more && len(found) < n; {
		err := i.view(func(tx store.Tx) error {
			read := 0
			more = false
			for it, err := range tableItems.in(tx).each(store.Range{From: next, Reverse: true}) {
				switch {
				case read == itemBatch:
					more, next = true, bytes.Clone(it.key)
					return nil
				case err != nil:
					return err
				case match(it.value):
					found = append(found, it.value)
				}
				if len(found) == n {
					return nil
				}
				read++
			}
			return nil
		})
		if err != nil {
			return nil, err
		}
	}
	return found, nil
}

// itemBatch is how many items one transaction of Newest reads.
const itemBatch = 1000

// PositionAt is the position behind the last item first seen before t: what After takes to
// return everything first seen at t or later.
func (i *Items) PositionAt(t time.Time) (position uint64, err error) {
	err = i.view(func(tx store.Tx) error {
		for it, err := range tableItems.in(tx).each(store.Range{Reverse: true}) {
			if err != nil {
				return err
			}
			if it.value.FirstSeen.Before(t) {
				position = it.value.Seq
				return nil
			}
		}
		return nil
	})
	return position, err
}

// At returns the items with these positions; those that were pruned are absent.
func (i *Items) At(positions []uint64) (items []digest.Item, err error) {
	err = i.view(func(tx store.Tx) error {
		b := tableItems.in(tx)
		for _, seq := range positions {
			it, ok, err := b.get(seqKey(seq))
			if err != nil {
				return err
			}
			if ok {
				items = append(items, it)
			}
		}
		return nil
	})
	return items, err
}

// Sightings returns the positions of all items that are the same entry as this one, itself included:
// one for each feed that showed it.
func (i *Items) Sightings(it digest.Item) ([]uint64, error) {
	root := it.Seq
	if it.Of != 0 {
		root = it.Of
	}
	all := []uint64{root}
	err := i.view(func(tx store.Tx) error {
		for _, key := range curate.Keys(it) {
			raw, err := tx.Bucket(bucketIdentities).Get([]byte(key))
			if err != nil {
				return err
			}
			for _, seq := range seqs(raw) {
				other, ok, err := tableItems.in(tx).get(seqKey(seq))
				if err != nil {
					return err
				}
				if ok && other.Of == root && !slices.Contains(all, seq) {
					all = append(all, seq)
				}
			}
		}
		return nil
	})
	return all, err
}

// FeedStates returns all that is remembered of feeds, by URL.
func (i *Items) FeedStates() (map[string]digest.FeedState, error) {
	states := map[string]digest.FeedState{}
	err := i.view(func(tx store.Tx) error {
		for it, err := range tableFeeds.in(tx).each(store.Range{}) {
			if err != nil {
				return err
			}
			states[string(it.key)] = it.value
		}
		return nil
	})
	return states, err
}
