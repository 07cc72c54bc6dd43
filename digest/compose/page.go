package compose

import (
	"cmp"
	"slices"

	"digestd/digest"
)

// Five things index a page that has more stories than the index.
const (
	fiveThings  = 5
	leastToPick = fiveThings + 1
)

// PageOf is what the readers of a variant see of an edition. It selects nothing: what was selected for their topics
// stands in the one of them that it belongs to most. The first news story leads. Where the readers' topics have no news
// in full, the first opinion piece does, then the first headline, so that a page that says anything has a lead.
func PageOf(e digest.Edition, v digest.VariantKey) digest.Page {
	entries := visible(e, v)
	p := digest.Page{Edition: e, Variant: v}
	lead := slices.IndexFunc(entries, func(en digest.Entry) bool { return en.ID == e.Lead && e.Lead != "" })
	if lead < 0 {
		lead = leadOf(entries)
	}
	if lead < 0 {
		return p
	}
	first := entries[lead]
	first.Brief = false
	p.Lead = &first
	rest := slices.Delete(slices.Clone(entries), lead, lead+1)
	p.Five = five(first, slices.Clone(rest))

	var developed, opinion, latest []digest.Entry
	byTopic := make(map[string][]digest.Entry)
	for _, en := range rest {
		switch {
		case en.Brief:
			latest = append(latest, en)
		case en.Kind == digest.Opinion:
			opinion = append(opinion, en)
		case en.Follows != nil:
			developed = append(developed, en)
		default:
			byTopic[en.Topic] = append(byTopic[en.Topic], en)
		}
	}
	add := func(s digest.Section) {
		if len(s.Entries) > 0 {
			p.Sections = append(p.Sections, s)
		}
	}
	for _, t := range e.Topics {
		add(digest.Section{Kind: digest.SectionTopic, Topic: t.ID, Title: t.In(v.Language), Entries: byTopic[t.ID]})
	}
	add(digest.Section{Kind: digest.SectionDevelopments, Entries: developed})
	add(digest.Section{Kind: digest.SectionOpinion, Entries: opinion})
	add(digest.Section{Kind: digest.SectionLatest, Entries: latest})
	if v.Parts {
		inParts(&p, watched(e, v))
	}
	return p
}

// visible are the stories that these readers see and did not have yet: those of the selection that was made for their
// topics, or, where none was, all of their topics.
func visible(e digest.Edition, v digest.VariantKey) []digest.Entry {
	titles := titlesFor(e, v)
	var out []digest.Entry
	add := func(s digest.Story, brief bool) {
		if slices.Contains(v.Except, s.ID) || slices.Contains(v.Muted, s.ID) {
			return
		}
		if en, ok := entryOf(s, brief, titles); ok {
			out = append(out, en)
		}
	}
	at := slices.IndexFunc(e.Pages, func(p digest.Selection) bool {
		return p.Same(v.Choice())
	})
	if at < 0 {
		for _, s := range e.Stories {
			add(s, s.Brief)
		}
		return out
	}
	for _, i := range e.Pages[at].Full {
		add(e.Stories[i], false)
	}
	for _, i := range e.Pages[at].Brief {
		add(e.Stories[i], true)
	}
	return out
}

// titlesFor are the titles of the readers' topics.
func titlesFor(e digest.Edition, v digest.VariantKey) map[string]string {
	titles := make(map[string]string, len(e.Topics))
	for _, t := range e.Topics {
		if v.Topics == nil || slices.Contains(v.Topics, t.ID) {
			titles[t.ID] = t.In(v.Language)
		}
	}
	return titles
}

// entryOf is a story as readers of some topics see it, if they do.
func entryOf(s digest.Story, brief bool, titles map[string]string) (digest.Entry, bool) {
	for _, id := range s.Topics {
		if title, ok := titles[id]; ok {
			s.Brief = brief
			return digest.Entry{Story: s, Topic: id, TopicTitle: title}, true
		}
	}
	return digest.Entry{}, false
}

// leadOf is the place of the entry that leads the page, -1 if there is none.
func leadOf(entries []digest.Entry) int {
	stories := make([]digest.Story, len(entries))
	for i, en := range entries {
		stories[i] = en.Story
	}
	for _, fit := range []func(digest.Entry) bool{
		func(en digest.Entry) bool { return !en.Brief && en.Kind == digest.News },
		func(en digest.Entry) bool { return !en.Brief },
		func(en digest.Entry) bool { return en.Kind == digest.News },
		func(digest.Entry) bool { return true },
	} {
		if i := bestOf(stories, func(i int) bool { return fit(entries[i]) }); i >= 0 {
			return withMore(entries, i, fit)
		}
	}
	return -1
}

// nearlyAsGood is the part of the best story's rank from which another one may lead in its place.
const nearlyAsGood = 0.6

// withMore is the place of the entry that leads for the best one. Where the best has nothing but a headline, it is the
// next one that has more to say and is nearly as good.
func withMore(entries []digest.Entry, best int, fit func(digest.Entry) bool) int {
	says := func(en digest.Entry) bool { return en.Lead().Summary.Plain() != "" }
	if says(entries[best]) {
		return best
	}
	for i, en := range entries[best+1:] {
		if fit(en) && says(en) && en.Follows == nil && en.Rank.Total >= nearlyAsGood*entries[best].Rank.Total {
			return best + 1 + i
		}
	}
	return best
}

// five are the things to know of a page: its lead, then what follows it in rank, across topics. News in full comes
// before opinion, and both before headlines; what is no news comes last.
func five(lead digest.Entry, rest []digest.Entry) []digest.Entry {
	if 1+len(rest) < leastToPick {
		return nil
	}
	class := func(en digest.Entry) int {
		switch {
		case en.Kind == digest.Aside:
			return 3
		case en.Brief:
			return 2
		case en.Kind == digest.Opinion:
			return 1
		}
		return 0
	}
	slices.SortStableFunc(rest, func(a, b digest.Entry) int {
		if c := class(a); c != class(b) || c < 2 { // in full they stand by rank, headlines from the latest on
			return c - class(b)
		}
		return cmp.Compare(b.Rank.Total, a.Rank.Total)
	})
	return append([]digest.Entry{lead}, rest[:fiveThings-1]...)
}
