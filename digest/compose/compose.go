// Package compose makes an edition of stories: which of them stand in full, which as a headline in
// latest news, which wait for the next edition; and, of an edition, the page that the readers of one
// variant see. It is pure functions: the same input always makes the same edition.
//
// It must not know how stories came about, how a page looks, or who reads it. How many bytes a page
// takes it asks (Input.Measure).
package compose

import (
	"fmt"
	"slices"

	"digestd/digest"
)

// MaxOpinions is how many opinion pieces stand in full in one edition; more are headlines.
const MaxOpinions = 4

// Input is what an edition is made of.
type Input struct {
	Digest  digest.Digest
	Edition digest.Edition // with what the caller knows filled in: ID, Zone, Slot, Number, Composed, Since, Feeds, Read
	Stories []digest.Story // curated, the best first; Carried > 0 for those that waited already
	// Measure is how many bytes the largest encoded part of the edition's largest variant takes. It is
	// asked a few times. nil: there is no limit.
	Measure func(digest.Edition) (int, error)
}

// Closed is a story that is in no edition.
type Closed struct {
	Story  digest.Story
	Reason string
}

// Result is an edition, and what became of the stories that are not in it. Every story given is in
// exactly one of Edition.Stories, Carried and Closed.
type Result struct {
	Edition digest.Edition
	Carried []digest.Story // wait for the next edition, with Carried counted up
	Closed  []Closed
}

// Compose selects, once for all readers. In rank order, a story stands in full if each of its topics
// still has room for it (MaxStories, and MaxPerFeed of its leading feed), so that no reader's section
// ever passes its limits whatever topics he has; up to MaxOpinions opinion pieces do. All others are
// headlines. Then the edition is fitted into Digest.MaxSize: headlines are left out from the last;
// where even none of them leaves enough room, full entries become headlines from the last. A story
// that is left out is carried to the next edition, once, and then closed as "did not fit".
func Compose(in Input) (Result, error) {
	full := selectFull(in.Digest.Topics, in.Stories)
	fits := func(d draft) (bool, error) {
		if in.Measure == nil || in.Digest.MaxSize <= 0 {
			return true, nil
		}
		n, err := in.Measure(d.edition(in).Edition)
		if err != nil {
			return false, fmt.Errorf("measure edition %s: %w", in.Edition.ID, err)
		}
		return n <= in.Digest.MaxSize, nil
	}
	d, err := fit(in.Stories, full, fits)
	if err != nil {
		return Result{}, err
	}
	return d.edition(in), nil
}

// selectFull tells which stories stand in full, by their places in rank order.
func selectFull(topics []digest.Topic, stories []digest.Story) (full []int) {
	type use struct {
		stories int
		byFeed  map[string]int
	}
	limits := make(map[string]digest.Topic, len(topics))
	used := make(map[string]*use, len(topics))
	for _, t := range topics {
		limits[t.ID] = t
		used[t.ID] = &use{byFeed: make(map[string]int)}
	}
	hasRoom := func(s digest.Story) bool {
		for _, id := range s.Topics {
			t, u := limits[id], used[id]
			if u == nil {
				continue
			}
			if t.MaxStories > 0 && u.stories >= t.MaxStories || t.MaxPerFeed > 0 && u.byFeed[s.Lead().Feed] >= t.MaxPerFeed {
				return false
			}
		}
		return true
	}
	opinions := 0
	for i, s := range stories {
		switch {
		case s.Kind == digest.Opinion && opinions < MaxOpinions:
			opinions++
			full = append(full, i)
		case s.Kind != digest.Opinion && hasRoom(s):
			for _, id := range s.Topics {
				if u := used[id]; u != nil {
					u.stories++
					u.byFeed[s.Lead().Feed]++
				}
			}
			full = append(full, i)
		}
	}
	return full
}

// draft is an edition whose end is still open: the stories in the order in which they are let in.
type draft struct {
	stories []digest.Story
	full    int // so many of them stand in full
	shown   int // so many of them stand at all
}

// edition makes of a draft what it would be in the end.
func (d draft) edition(in Input) Result {
	r := Result{Edition: in.Edition}
	e := &r.Edition
	e.Digest, e.Title = in.Digest.ID, in.Digest.Title
	e.Topics = make([]digest.TopicName, len(in.Digest.Topics))
	for i, t := range in.Digest.Topics {
		e.Topics[i] = digest.TopicName{ID: t.ID, Title: t.Title}
	}
	e.Stories = make([]digest.Story, d.shown)
	for i, s := range d.stories[:d.shown] {
		s.Brief = i >= d.full
		e.Stories[i] = s
	}
	for _, s := range d.stories[d.shown:] {
		s.Brief = false
		if s.Carried > 0 {
			r.Closed = append(r.Closed, Closed{Story: s, Reason: "did not fit"})
			continue
		}
		s.Carried++
		r.Carried = append(r.Carried, s)
	}
	e.Carried, e.Dropped = len(r.Carried), len(r.Closed)
	return r
}

// newDraft puts the stories that stand in full, given by their places, in front of all others.
func newDraft(stories []digest.Story, full []int) draft {
	d := draft{stories: make([]digest.Story, 0, len(stories)), full: len(full)}
	for _, i := range full {
		d.stories = append(d.stories, stories[i])
	}
	for i, s := range stories {
		if _, found := slices.BinarySearch(full, i); !found {
			d.stories = append(d.stories, s)
		}
	}
	return d
}

// fit finds the fullest draft that fits. The size grows with every story let in, so that it is
// searched by halving; a draft that holds nothing is taken as fitting without being asked.
func fit(stories []digest.Story, full []int, fits func(draft) (bool, error)) (draft, error) {
	d := newDraft(stories, full)
	shown, err := most(len(full), len(stories), func(n int) (bool, error) {
		d.shown = n
		return fits(d)
	})
	if err != nil {
		return draft{}, err
	}
	if shown >= len(full) {
		d.shown = shown
		return d, nil
	}
	kept, err := most(1, len(full)-1, func(n int) (bool, error) {
		d.full, d.shown = n, n
		return fits(d)
	})
	if err != nil {
		return draft{}, err
	}
	d = newDraft(stories, full[:max(0, kept)])
	shown, err = most(d.full+1, len(stories), func(n int) (bool, error) {
		d.shown = n
		return fits(d)
	})
	if err != nil {
		return draft{}, err
	}
	d.shown = shown
	return d, nil
}

// most is the greatest n from lo to hi that fits, or lo-1 if not even lo does. What all hope for, that
// everything fits, is asked first.
func most(lo, hi int, fits func(int) (bool, error)) (int, error) {
	if lo > hi {
		return lo - 1, nil
	}
	if ok, err := fits(hi); err != nil || ok {
		return hi, err
	}
	good, bad := lo-1, hi // good fits, or is known to be no answer; bad does not fit
	for bad-good > 1 {
		n := good + (bad-good+1)/2
		if good < lo {
			n = lo
		}
		ok, err := fits(n)
		if err != nil {
			return 0, err
		}
		switch {
		case ok:
			good = n
		case n == lo:
			return lo - 1, nil
		default:
			bad = n
		}
	}
	return good, nil
}
