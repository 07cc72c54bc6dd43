package ledger

import (
	"time"

	"digestd/digest"
)

// firstItems are those of a feed in which an editor's hand shows: to be kept among them says something.
const firstItems = 10

// rises notes at what place a known item is shown now, and how long it has been kept among its feed's first. It
// reports whether that is worth a write: what polls move about by a place or an hour is not, so that an item is
// written a few times in its life and not at every poll.
func rises(known *digest.Item, place int, now time.Time) (changed bool) {
	if place > 0 && (known.Place == 0 || place < known.Place && (place <= 3 || 2*place <= known.Place)) {
		known.Place, changed = place, true
	}
	if hours := int(now.Sub(known.FirstSeen) / time.Hour); place > 0 && place <= firstItems && hours >= max(1, 2*known.Kept) {
		known.Kept, changed = 1, true
		for 2*known.Kept <= hours {
			known.Kept *= 2
		}
	}
	return changed
}

// order tells, of items as a feed shows them, how many neighbours stand in the order of time.
type order struct {
	last     time.Time
	up, down int // later, earlier than the one before
}

// see takes in the next item: by its date, or when it was first seen.
func (o *order) see(published, firstSeen time.Time) {
	at := published
	if at.IsZero() {
		at = firstSeen
	}
	switch {
	case o.last.IsZero():
	case at.After(o.last):
		o.up++
	case at.Before(o.last):
		o.down++
	}
	o.last = at
}

// leastPairs is how many neighbours say something about a feed's order.
const leastPairs = 4

// judge lets the state of the feed remember what this poll showed, and half of what earlier ones did.
func (o order) judge(st *digest.FeedState) {
	if pairs := o.up + o.down; pairs >= leastPairs {
		st.Unsorted = (st.Unsorted + float64(min(o.up, o.down))/float64(pairs)) / 2
	}
}
