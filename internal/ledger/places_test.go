package ledger

import (
	"context"
	"fmt"
	"testing"
	"time"

	"digestd/digest"
)

// What a feed shows at which place, and for how long, is remembered with a few writes an item.
func TestPlacesAreRemembered(t *testing.T) {
	l, clock := opened(t)
	entry := func(name string) digest.Item {
		return digest.Item{Feed: "https://herald.example.org/feed", GUID: name, Title: "The story of " + name, Link: "https://herald.example.org/" + name}
	}
	show := func(names ...string) {
		t.Helper()
		var items []digest.Item
		for _, name := range names {
			items = append(items, entry(name))
		}
		st, err := l.Items.FeedState("https://herald.example.org/feed")
		if err != nil {
			t.Fatal(err)
		}
		if _, err := l.Items.CommitPoll(context.Background(), st, items); err != nil {
			t.Fatal(err)
		}
	}
	is := func(seq uint64, place, kept int) {
		t.Helper()
		items, err := l.Items.At([]uint64{seq})
		if err != nil || items[0].Place != place || items[0].Kept != kept {
			t.Errorf("item %d: place %d, kept %d h (%v), want %d and %d", seq, items[0].Place, items[0].Kept, err, place, kept)
		}
	}
	var others []string
	for i := range 12 {
		others = append(others, fmt.Sprint("other-", i))
	}
	show(append(others, "dam")...) // the dam is item 13
	is(1, 1, 0)
	is(13, 13, 0)
	clock.t = clock.t.Add(30 * time.Minute)
	show(append(append([]string{}, others[:10]...), "dam")...)
	is(13, 13, 0) // from 13 to 11 is no news
	clock.t = clock.t.Add(45 * time.Minute)
	show("a", "b", "c", "d", "dam")
	is(13, 5, 1)
	clock.t = clock.t.Add(30 * time.Minute)
	show("a", "b", "dam")
	is(13, 3, 1)
	clock.t = clock.t.Add(3 * time.Hour)
	show("a", "dam")
	is(13, 2, 4)
	clock.t = clock.t.Add(time.Hour)
	show(append(others, "dam")...)
	is(13, 2, 4)
}

func TestFeedsThatOrderByImportanceAreTold(t *testing.T) {
	day := time.Date(2026, 3, 12, 0, 0, 0, 0, time.UTC)
	for name, row := range map[string]struct {
		polls [][]int // hours of the items' dates, from the first item
		want  bool
	}{
		"latest first":          {[][]int{{9, 8, 7, 6, 5, 4}, {10, 9, 8, 7, 6, 5}}, false},
		"latest last":           {[][]int{{4, 5, 6, 7, 8, 9}}, false},
		"latest first, a slip":  {[][]int{{9, 8, 7, 6, 5, 4}, {10, 11, 9, 8, 7, 6, 5, 4, 3, 2, 1}}, false},
		"as an editor likes it": {[][]int{{3, 9, 1, 8, 2, 5, 4, 7}}, true},
		"too few to tell":       {[][]int{{3, 9, 1}}, false},
		"no longer by time":     {[][]int{{9, 8, 7, 6, 5, 4}, {3, 9, 1, 8, 2, 5}, {3, 9, 1, 8, 2, 5}}, true},
		"all of one hour":       {[][]int{{5, 5, 5, 5, 5, 5, 5}}, false},
	} {
		st := digest.FeedState{}
		for _, poll := range row.polls {
			var o order
			for _, hour := range poll {
				o.see(day.Add(time.Duration(hour)*time.Hour), time.Time{})
			}
			o.judge(&st)
		}
		if st.ByImportance() != row.want {
			t.Errorf("%s: %v (%.2f out of order)", name, st.ByImportance(), st.Unsorted)
		}
	}
}
