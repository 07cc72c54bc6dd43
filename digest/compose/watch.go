package compose

import (
	"slices"

	"digestd/digest"
)

// MaxWatched is how many stories stand at most in what a reader watches.
const MaxWatched = 12

// watched are the entries of the stories that some readers of a variant watch, whether they had room or not, by rank.
func watched(e digest.Edition, v digest.VariantKey) (all []digest.Entry) {
	titles := titlesFor(e, v)
	for _, s := range e.Stories {
		if !slices.Contains(v.Watched, s.ID) || slices.Contains(v.Except, s.ID) || slices.Contains(v.Muted, s.ID) {
			continue
		}
		if en, ok := entryOf(s, false, titles); ok {
			all = append(all, en)
		}
	}
	slices.SortStableFunc(all, func(a, b digest.Entry) int {
		switch {
		case a.Rank.Total > b.Rank.Total:
			return -1
		case a.Rank.Total < b.Rank.Total:
			return 1
		}
		return 0
	})
	return all
}

// inParts numbers what the readers of a page may see or not: each entry but the lead, each section, and what stands in
// a section of what they watch, which none of them sees unless Recipient.Own says so.
func inParts(p *digest.Page, watch []digest.Entry) {
	next := digest.Part(1)
	part := func(seen bool) digest.Part {
		n := next
		next += 2
		if !seen {
			n++
		}
		return n
	}
	for i := range p.Sections {
		s := &p.Sections[i]
		s.Part, s.Entries = part(true), slices.Clone(s.Entries)
		for j := range s.Entries {
			s.Entries[j].Part = part(true)
		}
	}
	if p.Lead != nil && slices.ContainsFunc(watch, func(en digest.Entry) bool { return en.ID == p.Lead.ID }) {
		p.Mark = part(false)
	}
	section := digest.Section{Kind: digest.SectionWatch, Part: part(false)}
	for _, en := range watch {
		if p.Lead == nil || en.ID != p.Lead.ID {
			en.Part = part(false)
			section.Entries = append(section.Entries, en)
		}
	}
	if len(section.Entries) > 0 {
		p.Sections = slices.Insert(slices.Clone(p.Sections), 0, section)
	}
}

// Head are the stories at the top of a page, which subject and first lines tell, and which no part can take out: the
// lead and five things; of a page without those, all. A reader who mutes one needs a variant without it.
func Head(p digest.Page) (ids []string) {
	if p.Lead != nil {
		ids = append(ids, p.Lead.ID)
	}
	for _, en := range p.Five {
		ids = append(ids, en.ID)
	}
	if p.Five != nil {
		return ids
	}
	for _, s := range p.Sections {
		for _, en := range s.Entries {
			if s.Kind != digest.SectionWatch {
				ids = append(ids, en.ID)
			}
		}
	}
	return ids
}

// Parts are those of a page, to be asked about many readers.
type Parts struct {
	lead    string
	mark    digest.Part
	watched map[string]int // of what is watched: the place by rank
	watch   []digest.Part  // by that place
	heading digest.Part    // of what is watched
	stands  map[string]stand
	headed  []digest.Part // the headings of the other sections
	size    []int         // how many entries each of these has
}

// stand is where a story stands: the number of its section, and its part.
type stand struct {
	section int
	part    digest.Part
}

// PartsOf looks at a page.
func PartsOf(p digest.Page) Parts {
	all := Parts{mark: p.Mark, watched: map[string]int{}, stands: map[string]stand{}}
	if p.Lead != nil {
		all.lead = p.Lead.ID
	}
	for _, s := range p.Sections {
		if s.Kind == digest.SectionWatch {
			all.heading = s.Part
			for i, en := range s.Entries {
				all.watched[en.ID] = i
				all.watch = append(all.watch, en.Part)
			}
			continue
		}
		for _, en := range s.Entries {
			all.stands[en.ID] = stand{len(all.headed), en.Part}
		}
		all.headed, all.size = append(all.headed, s.Part), append(all.size, len(s.Entries))
	}
	return all
}

// Own are the parts by which the mail of a reader differs who watches and mutes some stories: what they watch stands in
// a section of its own and not in another one, what they mute nowhere. Muting comes first.
func (p Parts) Own(watches, mutes map[string]bool) (own digest.Own) {
	var moved []string
	for id := range watches {
		if _, ok := p.watched[id]; ok && !mutes[id] {
			moved = append(moved, id)
		}
	}
	slices.SortFunc(moved, func(a, b string) int { return p.watched[a] - p.watched[b] })
	moved = moved[:min(len(moved), MaxWatched)]
	for _, id := range moved {
		own = append(own, p.watch[p.watched[id]])
	}
	if len(moved) > 0 {
		own = append(own, p.heading)
	}
	for id := range mutes {
		moved = append(moved, id)
	}
	gone := make(map[int]int)
	for _, id := range moved {
		if at, ok := p.stands[id]; ok {
			own = append(own, at.part)
			if gone[at.section]++; gone[at.section] == p.size[at.section] {
				own = append(own, p.headed[at.section])
			}
		}
	}
	if p.mark != 0 && watches[p.lead] {
		own = append(own, p.mark)
	}
	slices.Sort(own)
	return own
}

// As is a page as one of its readers sees it, without the marks of parts.
func As(p digest.Page, own digest.Own) digest.Page {
	all := p.Sections
	p.Sections = nil
	for _, s := range all {
		if !s.Part.Seen(own) {
			continue
		}
		entries := s.Entries
		s.Entries, s.Part = nil, 0
		for _, en := range entries {
			if en.Part.Seen(own) {
				en.Part = 0
				s.Entries = append(s.Entries, en)
			}
		}
		p.Sections = append(p.Sections, s)
	}
	if p.Mark != 0 && p.Mark.Seen(own) {
		p.Mark = SeenMark
	} else {
		p.Mark = 0
	}
	return p
}

// SeenMark is the Mark of a page whose reader is known, and watches the lead.
const SeenMark digest.Part = -1

// Sees reports whether a reader of a page sees a story.
func Sees(p digest.Page, own digest.Own, story string) bool {
	if p.Lead != nil && p.Lead.ID == story {
		return true
	}
	return slices.ContainsFunc(p.Sections, func(s digest.Section) bool {
		return slices.ContainsFunc(s.Entries, func(en digest.Entry) bool { return en.ID == story && en.Part.Seen(own) })
	})
}
