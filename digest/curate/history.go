package curate

import (
	"strconv"
	"strings"
	"time"

	"digestd/digest"
)

// late is how long after its date an entry may first show up and be news, wherever it stands: servers cache,
// editors schedule, and planets ask their sources slowly.
const late = 24 * time.Hour

// FromBelow is why an entry that slid in is history.
const FromBelow = "older than its feed's last reading: it came into the feed from below what was known"

// FromBelowKnown tells which entries of a document slid into it from below. They were not shown at the last reading,
// read, since they are older than all that was shown then. That happens when newer ones are deleted, or when a feed
// shows more of its archive. known says for each entry whether the feed showed it before.
//
// Such an entry stands below every known one and is older than each, where dates tell, and by a day older than the
// last reading. Without a date, its place alone says so, unless the feed's dates or numbers show that it lists the
// newest last, or nothing was ever added but at its end (FirstSeen of the known entries). What stands above or between
// known entries is news, whatever its date: editors date back. In a feed that lists its entries in no order of time, as
// an editor's choice, all is news.
func FromBelowKnown(document []digest.Item, known []bool, read time.Time) []bool {
	below := make([]bool, len(document))
	first, last := -1, -1 // of the known
	var oldest time.Time
	for i, it := range document {
		if !known[i] {
			continue
		}
		if last = i; first < 0 {
			first = i
		}
		if !it.Published.IsZero() && (oldest.IsZero() || it.Published.Before(oldest)) {
			oldest = it.Published
		}
	}
	if first < 0 || read.IsZero() {
		return below
	}
	order := orderOf(document, len(document)-1-last)
	if order == unsorted {
		return below
	}
	for i, it := range document {
		under := i > last
		if order == newestLast {
			under = i < first
		}
		switch {
		case !under:
		case it.Published.IsZero():
			below[i] = order != newestLast
		default:
			below[i] = it.Published.Before(read.Add(-late)) && it.Published.Before(oldest)
		}
	}
	return below
}

// order is how a feed lists its entries.
type order int

const (
	unknownOrder order = iota // nothing tells: nearly all feeds list the newest first
	newestFirst
	newestLast
	unsorted
)

// fewAtOnce is how many entries may be new at once in a feed that is read all day.
const fewAtOnce = 5

// orderOf finds the order of a document by the dates of its entries or, without any, by the numbers in their
// guids and links, or else by when they were first seen. Numbers may count anything: where they say that more than fewAtOnce entries at its end are the
// newest, they are not believed.
func orderOf(document []digest.Item, atEnd int) order {
	up, down := 0, 0
	count := func(earlier, later int64) {
		switch {
		case later > earlier:
			up++
		case later < earlier:
			down++
		}
	}
	var date, number int64
	for _, it := range document {
		if !it.Published.IsZero() {
			if date != 0 {
				count(date, it.Published.Unix())
			}
			date = it.Published.Unix()
		}
	}
	if date == 0 && atEnd <= fewAtOnce {
		for _, it := range document {
			if n := lastNumber(it); n != 0 {
				if number != 0 {
					count(number, n)
				}
				number = n
			}
		}
	}
	if up+down == 0 && !document[0].FirstSeen.IsZero() { // else something is new on top now
		var seen time.Time
		for _, it := range document {
			if it.FirstSeen.IsZero() {
				continue
			}
			if !seen.IsZero() {
				count(seen.UnixNano(), it.FirstSeen.UnixNano())
			}
			seen = it.FirstSeen
		}
		if down > 0 { // something came on top, as nearly everywhere
			return newestFirst
		}
	}
	switch {
	case up > 2*down:
		return newestLast
	case down > 2*up:
		return newestFirst
	case up+down > 0:
		return unsorted
	}
	return unknownOrder
}

// lastNumber is the last number in an item's guid, or else in its link; 0 when there is none.
func lastNumber(it digest.Item) int64 {
	for _, s := range []string{it.GUID, it.Link} {
		end := strings.LastIndexAny(s, "0123456789") + 1
		start := end
		for start > 0 && s[start-1] >= '0' && s[start-1] <= '9' {
			start--
		}
		if n, err := strconv.ParseInt(s[start:end], 10, 64); err == nil {
			return n
		}
	}
	return 0
}
