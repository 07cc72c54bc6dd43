// Package compose makes an edition of stories: which of them the readers of which topics see in full, which as a
// headline in latest news, which wait for the next edition; and, of an edition, the page that the readers of one
// variant see. It is pure functions: the same input always makes the same edition.
//
// It must not know how stories came about, how a page looks, or who reads it. How many bytes a page
// takes it asks (Input.Measure).
package compose

import (
	"cmp"
	"fmt"
	"slices"
	"time"

	"digestd/digest"
)

// MaxOpinions is how many opinion pieces stand in full on one page; more are headlines.
const MaxOpinions = 4

// MaxDevelopments is how many developments stand in full on one page; more are headlines.
const MaxDevelopments = 5

// Input is what an edition is made of.
type Input struct {
	Digest  digest.Digest
	Edition digest.Edition  // with what the caller knows filled in: ID, Zone, Slot, Number, Composed, Since, Feeds, Read
	Stories []digest.Story  // curated, the best first; Carried > 0 for those that waited already; Edition.Lead may name one
	Pages   []digest.Choice // what readers chose; a page of all topics at the digest's length is always made
	// Measure is how many bytes the largest encoded part of the page of these topics takes. It is asked a few times
	// for each page. nil: there is no limit.
	Measure func(e digest.Edition, page digest.Choice) (int, error)
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

// Compose selects for each set of topics that readers chose by itself, so that whoever chose one topic gets a whole
// page of it. See selector for how. A story that stands on no page is carried to the next edition, once, if several
// outlets told it or a feed that orders by importance had it near its top; all others are closed with the reason, and
// so is all of what a digest of another one's editions has no room for: it was told.
func Compose(in Input) (Result, error) {
	in.Stories = ordered(in)
	all := in.Edition
	all.Digest, all.Title = in.Digest.ID, in.Digest.Title
	all.Topics = make([]digest.TopicName, len(in.Digest.Topics))
	for i, t := range in.Digest.Topics {
		all.Topics[i] = t.Name()
	}
	all.Stories = in.Stories
	in.Edition = all

	pages := []digest.Choice{{}}
	for _, page := range in.Pages {
		if !slices.ContainsFunc(pages, page.Same) {
			pages = append(pages, page)
		}
	}
	var selections []digest.Selection
	for _, page := range pages {
		s, err := newSelector(in, page).selection()
		if err != nil {
			return Result{}, err
		}
		selections = append(selections, s)
	}
	return settle(in, selections), nil
}

// classes of stories, in the order in which they find room.
const (
	fresh   = iota
	carried // waited already
	old     // happened more than a day ago, or, where editions are further apart, before the last one
)

// longWeekend is as long as a digest of every working day may say nothing.
const longWeekend = 4 * 24 * time.Hour

func classOf(in Input, s digest.Story) int {
	limit := 24 * time.Hour
	if period := in.Edition.Composed.Sub(in.Edition.Since); period > longWeekend { // of a weekly digest
		limit = period
	}
	var newest time.Time
	for _, it := range s.Items {
		if when := it.When(); when.After(newest) {
			newest = when
		}
	}
	switch {
	case in.Digest.Of != "": // what an edition told since the last one is as new as the rest
	case !in.Edition.Since.IsZero() && in.Edition.Composed.Sub(newest) > limit:
		return old
	case s.Carried > 0:
		return carried
	}
	return fresh
}

// ordered are the stories: what is new, then what waited, then what is old.
func ordered(in Input) []digest.Story {
	all := slices.Clone(in.Stories)
	for i := range all {
		all[i].Brief = false
	}
	slices.SortStableFunc(all, func(a, b digest.Story) int { return cmp.Compare(classOf(in, a), classOf(in, b)) })
	fill(in, all)
	return all
}

// leastEach is how many stories each topic has that carries so many.
const leastEach = 3

// fill puts stories under another topic that carries them and has too few of its own, the best first, where their own
// topic has enough without them. Whoever has all topics then finds each of them on the page.
func fill(in Input, stories []digest.Story) {
	counts := func(s digest.Story) bool { return s.Kind == digest.News && s.Follows == nil && classOf(in, s) != old }
	has := map[string]int{}
	for _, s := range stories {
		if counts(s) && len(s.Topics) > 0 {
			has[s.Topics[0]]++
		}
	}
	for _, t := range in.Digest.Topics {
		for i := range stories {
			s := &stories[i]
			if at := slices.Index(s.Topics, t.ID); at > 0 && counts(*s) && has[t.ID] < leastEach && has[s.Topics[0]] > leastEach {
				has[s.Topics[0]]--
				has[t.ID]++
				s.Topics = slices.Insert(slices.Delete(slices.Clone(s.Topics), at, at+1), 0, t.ID)
			}
		}
	}
}

// settle makes the edition of what the pages show, and says what becomes of all else.
func settle(in Input, pages []digest.Selection) Result {
	r := Result{Edition: in.Edition}
	full, shown := make([]bool, len(in.Stories)), make([]bool, len(in.Stories))
	for _, p := range pages {
		for _, i := range p.Full {
			full[i], shown[i] = true, true
		}
		for _, i := range p.Brief {
			shown[i] = true
		}
	}
	place := make([]int, len(in.Stories))
	r.Edition.Stories = []digest.Story{}
	for i, s := range in.Stories {
		if shown[i] {
			s.Brief = !full[i]
			place[i] = len(r.Edition.Stories)
			r.Edition.Stories = append(r.Edition.Stories, s)
			continue
		}
		switch reason := reasonOf(in, i); {
		case reason != "":
			r.Closed = append(r.Closed, Closed{Story: s, Reason: reason})
		default:
			s.Carried++
			r.Carried = append(r.Carried, s)
		}
	}
	for _, p := range pages {
		for _, list := range [][]int{p.Full, p.Brief} {
			for k, i := range list {
				list[k] = place[i]
			}
		}
	}
	r.Edition.Pages = pages
	r.Edition.Carried, r.Edition.Dropped = len(r.Carried), len(r.Closed)
	return r
}

// nearTop is the least worth of its places with which a story is carried though one outlet alone told it.
const nearTop = 1.5

// anAside is what an item is that its feed makes no news.
const anAside = "a live page, a briefing, a gallery or the like"

// reasonOf tells why a story that found no place does not wait for the next edition; empty: it does.
func reasonOf(in Input, i int) string {
	s := in.Stories[i]
	noNews := "is no news but " + cmp.Or(s.Aside, anAside)
	switch {
	case s.Kind == digest.Aside && in.Digest.Asides == asidesOff:
		return noNews + ", which asides = \"off\" leaves out"
	case s.Kind == digest.Aside:
		return noNews + ", for which no room was left"
	case betterOf(in.Stories, i) >= 0:
		return fmt.Sprintf("tells nothing beyond %q, of the same affair", s.Rank.Beside)
	case s.Carried > 0:
		return "found no room in two editions"
	case in.Digest.Of != "" || s.Outlets() < 2 && s.Rank.Place < nearTop:
		return fmt.Sprintf("found no room: %d stories of edition %s stood before it", len(in.Stories), in.Edition.ID)
	}
	return ""
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
