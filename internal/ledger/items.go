package ledger

import (
	"bytes"
	"encoding/binary"
	"slices"
	"time"

	"digestd/digest"
	"digestd/digest/curate"
	"digestd/internal/ledger/store"
)

// Items are the news, and the feeds that showed them.
type Items struct {
	*base
	polls together
}

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

// BeginPoll takes a feed for a poll, for a while at most, unless another process did, or has polled it since its state was
// read. Where no other process can, there is nothing to take.
func (i *Items) BeginPoll(read digest.FeedState, during time.Duration) (st digest.FeedState, ok bool, err error) {
	if i.several == nil {
		return read, true, nil
	}
	err = i.update(touches{{Name: "feed " + read.URL}}, func(tx store.Tx) error {
		var known bool
		if st, known, err = tableFeeds.in(tx).get([]byte(read.URL)); err != nil {
			return err
		}
		if !known {
			st.URL = read.URL
		}
		now := i.now().UTC()
		ok = st.LastPoll.Equal(read.LastPoll) && !(st.Taken.After(now) && st.Taken.Before(now.Add(2*during)))
		if !ok {
			return nil
		}
		taken := st
		taken.Taken, st.Taken = now.Add(during), time.Time{}
		return tableFeeds.in(tx).put([]byte(read.URL), taken)
	})
	return st, ok, err
}

// CommitArticle records what came of reading an item's page: with its text and picture, or the reason why there is
// none. Of one that is recorded already, or is not there any more, nothing changes.
func (i *Items) CommitArticle(read digest.Item) error {
	err := i.updateNews(func(tx store.Tx) error {
		it, ok, err := tableItems.in(tx).get(seqKey(read.Seq))
		if err != nil || !ok || it.Article != nil {
			return err
		}
		it.Article, it.Summary, it.Image = read.Article, read.Summary, read.Image
		return tableItems.in(tx).put(seqKey(it.Seq), it)
	})
	return during(err, "record the article of item %d", read.Seq)
}

// CommitSizes records what came of asking for the sizes of items' pictures. Of an item that shows another picture by now,
// or is not there any more, nothing changes.
func (i *Items) CommitSizes(measured []digest.Item) error {
	err := i.updateNews(func(tx store.Tx) error {
		items := tableItems.in(tx)
		for _, read := range measured {
			items.Expect(seqKey(read.Seq))
		}
		for _, read := range measured {
			it, ok, err := items.get(seqKey(read.Seq))
			if err != nil {
				return err
			}
			if !ok || !it.Image.Unsized() || it.Image.URL != read.Image.URL {
				continue
			}
			it.Image.Width, it.Image.Height, it.Image.Asked = read.Image.Width, read.Image.Height, true
			if err := items.put(seqKey(it.Seq), it); err != nil {
				return err
			}
		}
		return nil
	})
	return during(err, "record the sizes of %d pictures", len(measured))
}

func seqKeys(positions []uint64) [][]byte {
	keys := make([][]byte, len(positions))
	for i, seq := range positions {
		keys[i] = seqKey(seq)
	}
	return keys
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

// After returns the items after a position, oldest first.
func (i *Items) After(position uint64) ([]digest.Item, error) {
	return viewed(i.base, func(tx store.Tx) ([]digest.Item, error) {
		return tableItems.in(tx).values(store.Range{From: seqKey(position + 1)}, nil)
	})
}

// Since returns what stands after the last item first seen before t, oldest first.
func (i *Items) Since(t time.Time) (items []digest.Item, err error) {
	err = i.view(func(tx store.Tx) error {
		for it, err := range tableItems.in(tx).each(store.Range{Reverse: true}) {
			if err != nil {
				return err
			}
			if it.value.FirstSeen.Before(t) {
				break
			}
			items = append(items, it.value)
		}
		return nil
	})
	slices.Reverse(items)
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

// PositionAt is the position after the last item first seen before t: what After takes to
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
		b.Expect(seqKeys(positions)...)
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
	return viewed(i.base, func(tx store.Tx) (map[string]digest.FeedState, error) { return tableFeeds.in(tx).byKey() })
}
