package ledger

import (
	"cmp"
	"context"
	"encoding/binary"
	"fmt"
	"slices"
	"strings"
	"time"

	"digestd/digest"
	"digestd/digest/curate"
	"digestd/internal/ledger/store"
)

// pollBatch bounds the items of one transaction: what it changes is in memory until it ends.
const pollBatch = 1000

// CommitPoll makes the result of one poll durable: items that are known are recognised, the others are
// appended with their first-seen time, and then the feed's state is stored, in the transaction of the last
// items, so that validators never outrun the items that they stand for. A feed with more than pollBatch items
// takes several transactions; a kill between them leaves the state as it was, and the next poll finds the
// first items known. It returns how many items no feed had shown before.
func (i *Items) CommitPoll(_ context.Context, st digest.FeedState, items []digest.Item) (fresh int, err error) {
	doc := entriesOf(items)
	if len(doc) > pollBatch {
		return i.commitLong(st, doc)
	}
	err = i.polls.add(func(tx store.Tx) error {
		r := recorder{now: i.now().UTC(), taken: map[uint64]bool{}}
		if fresh, err = r.record(tx, st.URL, slices.Clone(doc)); err != nil {
			return err
		}
		return r.putFeed(tx, st, fresh)
	}, len(doc), i.updateNews)
	return fresh, unrecorded(st, err)
}

func (i *Items) updateNews(f func(store.Tx) error) error { return i.update(touches{store.News()}, f) }

func unrecorded(st digest.FeedState, err error) error {
	return during(err, "record what feed %s showed", digest.Feed{URL: st.URL}.Address())
}

// putFeed stores the state of a feed whose poll had so many fresh items.
func (r *recorder) putFeed(tx store.Tx, st digest.FeedState, fresh int) error {
	if fresh > 0 {
		st.LastItems = r.now
	}
	countDaily(&st, r.now, fresh)
	r.order.judge(&st)
	return tableFeeds.in(tx).put([]byte(st.URL), st)
}

// commitLong is CommitPoll of a feed with more items than a transaction should hold.
func (i *Items) commitLong(st digest.FeedState, doc []entry) (fresh int, err error) {
	now := i.now().UTC()
	// What came in from below the known can be told of the whole document alone.
	err = i.view(func(tx store.Tx) error {
		looking := recorder{now: now, taken: map[uint64]bool{}}
		return looking.read(tx, st.URL, doc)
	})
	if err != nil {
		return 0, fmt.Errorf("what is known of feed %s: %w", st.URL, err)
	}
	r := recorder{now: now, taken: map[uint64]bool{}}
	for {
		batch := doc[:min(pollBatch, len(doc))]
		doc = doc[len(batch):]
		inBatch := 0
		err = i.updateNews(func(tx store.Tx) error {
			inBatch, err = r.record(tx, st.URL, batch)
			if err != nil || len(doc) > 0 {
				return err
			}
			return r.putFeed(tx, st, fresh+inBatch)
		})
		if err != nil {
			return 0, unrecorded(st, err)
		}
		if fresh += inBatch; len(doc) == 0 {
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

// entry is one entry of a document on its way into the ledger.
type entry struct {
	item   digest.Item
	names  []curate.Key // under which it may be known
	shared []curate.Key // that name nothing, as other entries of the document bear them too
	own    *digest.Item // the known item that it is; nil: none
	by     curate.Key   // which tells so
	first  *digest.Item // the same entry as another feed showed it before
	placed bool         // whether it is history is settled
}

// entriesOf are the entries of a document, without what it shows twice.
func entriesOf(items []digest.Item) []entry {
	doc := make([]entry, 0, len(items))
	for i, n := range curate.NamesIn(items) {
		if !n.Copy {
			e := entry{item: items[i], names: n.Keys, shared: n.Shared}
			e.item.Place = cmp.Or(e.item.Place, i+1)
			doc = append(doc, e)
		}
	}
	return doc
}

// recorder joins shown entries to known items inside a transaction.
type recorder struct {
	items      rows[digest.Item]
	identities store.Bucket
	now        time.Time
	taken      map[uint64]bool // the items that entries of this document are
	order      order
}

// read finds out what is known of the entries, and which of the others are history.
func (r *recorder) read(tx store.Tx, feed string, doc []entry) error {
	r.items, r.identities = tableItems.in(tx), tx.Bucket(bucketIdentities)
	tableFeeds.in(tx).Expect([]byte(feed))
	if err := r.expect(doc); err != nil {
		return err
	}
	if err := r.match(doc); err != nil {
		return err
	}
	before, _, err := tableFeeds.in(tx).get([]byte(feed))
	if err != nil {
		return err
	}
	items, known := make([]digest.Item, len(doc)), make([]bool, len(doc))
	for i, e := range doc {
		items[i], known[i] = e.item, e.own != nil
		if known[i] {
			items[i].FirstSeen = e.own.FirstSeen
		}
	}
	for i, below := range curate.FromBelowKnown(items, known, before.LastFull) {
		e := &doc[i]
		if below && !e.placed && !e.item.History {
			e.item.History, e.item.Past = true, curate.FromBelow
		}
		e.placed = true
	}
	return nil
}

// record stores shown entries and returns how many of them no feed had shown before.
//
// An entry that its own feed showed before is the same item. An entry that another feed showed
// before gets an item of its own that names the first (Of): which topics want it depends on the
// feed, and a lane that wanted neither the one nor the other yet must still see it.
func (r *recorder) record(tx store.Tx, feed string, doc []entry) (fresh int, err error) {
	if err := r.read(tx, feed, doc); err != nil {
		return 0, err
	}
	for _, e := range doc {
		if e.own != nil && r.wentOn(e) {
			if err := r.goOn(e); err != nil {
				return 0, err
			}
			continue
		}
		if e.own != nil {
			r.order.see(e.item.Published, e.own.FirstSeen)
			if err := r.refresh(e); err != nil {
				return 0, err
			}
			continue
		}
		r.order.see(e.item.Published, r.now)
		it := e.item
		it.Content, it.After = nil, 0
		it.FirstSeen, it.LastShown = r.now, r.now
		if e.first == nil {
			fresh++
		} else if it.Of = e.first.Of; it.Of == 0 {
			it.Of = e.first.Seq
		}
		if err := r.append(e, it); err != nil {
			return 0, err
		}
	}
	return fresh, nil
}

// append stores an item under the next position, and lets the names of its entry lead to it.
func (r *recorder) append(e entry, it digest.Item) (err error) {
	if it.Seq, err = r.items.Next(); err != nil {
		return err
	}
	if err := r.items.put(seqKey(it.Seq), it); err != nil {
		return err
	}
	return r.alias(e, it.Seq)
}

// soonest is how long a headline has stood before another one can be news: outlets mend a new one for a while.
const soonest = time.Hour

// wentOn reports whether the outlet of a known item tells something new under it. Then what it tells now is an item of
// its own, for those whom the lanes have told the other: a development.
func (r *recorder) wentOn(e entry) bool {
	return !e.own.History && r.now.Sub(e.own.FirstSeen) >= soonest && curate.WentOn(*e.own, e.item)
}

// goOn stores what an outlet tells now under a known item. It is no item that no feed had shown. Its time is when the
// outlet says that it was updated, and else now.
func (r *recorder) goOn(e entry) error {
	it := e.item
	r.order.see(it.Published, e.own.FirstSeen)
	it.Content, it.After, it.Article = nil, e.own.Seq, e.own.Article // whose page was asked for
	it.FirstSeen, it.LastShown = r.now, r.now
	if !it.Updated.After(it.Published) {
		it.Updated = time.Time{}
	}
	it.Published = it.Updated
	return r.append(e, it)
}

// expect says which rows are about to be read: all names, and then the items to which they lead.
func (r *recorder) expect(doc []entry) error {
	var names [][]byte
	for _, e := range doc {
		for _, name := range slices.Concat(e.names, e.shared) {
			names = append(names, []byte(name))
		}
	}
	r.identities.Expect(names...)
	var items [][]byte
	for _, name := range names {
		raw, err := r.identities.Get(name)
		if err != nil {
			return err
		}
		positions := seqs(raw)
		for _, seq := range positions[max(0, len(positions)-maxTitled):] {
			items = append(items, seqKey(seq))
		}
	}
	r.items.Expect(items...)
	return nil
}

// candidate is a known item that an entry may be.
type candidate struct {
	entry int
	known *digest.Item
	by    curate.Key
	rank  int
}

// match finds the entries among the known, and which names are any: one that was shared once names nothing any more.
// The strongest names decide first, whatever the order of the entries, and a known item is one entry only: else
// a new entry could take the place of a known one of the same page, and be lost.
func (r *recorder) match(doc []entry) error {
	var found []candidate
	for i := range doc {
		e := &doc[i]
		e.own, e.first = nil, nil
		names := slices.Clone(e.names)
		e.names = e.names[:0:0]
		for n := 0; n < len(names); n++ {
			raw, err := r.identities.Get([]byte(names[n]))
			if err != nil {
				return err
			}
			positions := seqs(raw)
			if slices.Contains(positions, sharedName) {
				if names[n].IsExact() { // so this alone tells
					names = append(names, curate.WholeKey(e.item))
				}
				continue
			}
			e.names = append(e.names, names[n])
			if names[n].IsTitle() {
				positions = positions[max(0, len(positions)-maxTitled):]
			}
			before, goneOn := len(found), map[uint64]bool{} // under a later position
			for _, seq := range slices.Backward(positions) {
				known, ok, err := r.items.get(seqKey(seq))
				if err != nil {
					return err
				}
				goneOn[known.After] = true
				if ok && !goneOn[seq] && curate.Same(known, e.item, names[n]) {
					found = append(found, candidate{i, &known, names[n], names[n].Rank(known, e.item)})
				}
			}
			slices.Reverse(found[before:]) // of several, the oldest decides
			if last := len(found) - 1; last >= 0 && found[last].entry == i && found[last].by.IsExact() && found[last].known.Feed == e.item.Feed {
				e.names = names[n : n+1] // the others were given to it together with this one
				break
			}
		}
	}
	slices.SortStableFunc(found, func(a, b candidate) int { return a.rank - b.rank })
	for _, c := range found {
		e := &doc[c.entry]
		switch {
		case c.known.Feed != e.item.Feed:
			if e.first == nil && !c.by.IsTitle() {
				e.first = c.known
			}
		case e.own == nil && !r.taken[c.known.Seq]:
			e.own, e.by = c.known, c.by
			r.taken[c.known.Seq] = true
		}
	}
	return nil
}

const (
	sharedName = 0  // in the place of a position: several entries of one document bore the name
	maxTitled  = 8  // how many items of one title are looked at, the newest
	maxAliases = 12 // how many other forms of an item are remembered, the newest
)

// refresh updates a known item: new aliases, the day it was last shown, and what its outlet changed.
// When it was first seen never changes.
func (r *recorder) refresh(e entry) error {
	known, shown := *e.own, e.item
	changed := rises(&known, shown.Place, r.now)
	if r.now.Sub(known.LastShown) >= 24*time.Hour { // to the day: else every poll would write every item
		known.LastShown, changed = r.now, true
	}
	if !e.by.IsExact() {
		alias := digest.Alias{At: r.now, By: e.by.String()}
		if shown.Title != known.Title {
			alias.Title = known.Title
		}
		if shown.GUID != known.GUID {
			alias.GUID = shown.GUID
		}
		if shown.Link != known.Link {
			alias.Link = shown.Link
		}
		known.Aliases, changed = append(known.Aliases[max(0, len(known.Aliases)-maxAliases+1):], alias), true
	}
	if known.Article != nil && known.Article.Error == "" { // its words are those of its page
		shown.Summary, shown.Image = known.Summary, known.Image
	}
	if shown.Title != "" && (shown.Title != known.Title || shown.Summary.Plain() != known.Summary.Plain()) {
		known.Title, known.Summary, changed = shown.Title, shown.Summary, true
	}
	if shown.Updated.After(known.Updated) {
		known.Updated, changed = shown.Updated, true
	}
	shown.Image = sized(shown.Image, known.Image)
	if shown.Image != nil && (known.Image == nil || *known.Image != *shown.Image) {
		known.Image, changed = shown.Image, true
	}
	if changed {
		if err := r.items.put(seqKey(known.Seq), known); err != nil {
			return err
		}
	}
	return r.alias(e, known.Seq)
}

// sized is a picture with the size that was asked for before, if it is the same one: addresses are signed anew at each poll.
func sized(shown, known *digest.Image) *digest.Image {
	if !shown.Unsized() || known == nil || !known.Asked {
		return shown
	}
	address, _, _ := strings.Cut(shown.URL, "?")
	if before, _, _ := strings.Cut(known.URL, "?"); address != before {
		return shown
	}
	same := *shown
	same.Width, same.Height, same.Asked = known.Width, known.Height, true
	return &same
}

// alias lets each name of an entry lead to its item, and those that it shares to none.
func (r *recorder) alias(e entry, seq uint64) error {
	for i, key := range slices.Concat(e.names, e.shared) {
		if i >= len(e.names) {
			seq = sharedName
		}
		raw, err := r.identities.Get([]byte(key))
		if err != nil {
			return err
		}
		if slices.Contains(seqs(raw), seq) {
			continue
		}
		raw = slices.Clone(raw)
		if key.IsTitle() {
			raw = raw[max(0, len(raw)-8*(maxTitled-1)):]
		}
		if err := r.identities.Put([]byte(key), binary.BigEndian.AppendUint64(raw, seq)); err != nil {
			return err
		}
	}
	return nil
}
