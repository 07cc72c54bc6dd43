package newsroom

import (
	"fmt"
	"slices"
	"strings"

	"digestd/digest"
	"digestd/digest/compose"
	"digestd/digest/curate"
	"digestd/subscribers"
)

// ownWords are the readers of a draft who watch or mute words, by the index of the recipient.
type ownWords map[int]*subscribers.Profile

// personal finds what each reader who watches or mutes words sees of an edition. All that differs is which parts of a
// variant a mail has, so there are no more renderings than variants, but for those who mute what stands at the top:
// subject and first lines tell of that, and each set of such stories is a variant. What is watched and had no room is
// let in for those who watch it; what waits for the next edition is not, or it would be told twice.
type personal struct {
	draft   *draft
	keys    []digest.VariantKey
	words   *curate.Words
	stories []digest.Story // all that may be shown, by their places in words
	hits    map[*subscribers.Profile]hits
	groups  map[string]*group
	noParts bool // the digest's own templates have none
}

// group are the readers of a variant who mute the same of what stands at its top.
type group struct {
	page    digest.Page // without parts, to find the next one
	base    int         // the variant of those who see the same and have no words
	muted   []string
	watched map[string]bool // by any of them
	members []int           // indices of recipients
}

// hits are the ids of the stories that a profile's words find.
type hits struct{ watch, mute map[string]bool }

func (h hits) none() bool { return len(h.watch) == 0 && len(h.mute) == 0 }

// ownParts gives the readers who watch or mute words their parts and variants; hasParts says that the digest's templates
// mark parts.
func ownParts(dr *draft, keys []digest.VariantKey, hasParts bool) []digest.VariantKey {
	if len(dr.readers.own) == 0 {
		return keys
	}
	p := personal{draft: dr, keys: keys, hits: map[*subscribers.Profile]hits{}, groups: map[string]*group{},
		noParts: !hasParts}
	p.gather()
	p.letIn()
	var order []*group
	for i, to := range dr.readers.recipients {
		profile := dr.readers.own[i]
		if profile == nil || p.hits[profile].none() {
			continue
		}
		g := p.groupOf(to.Variant, p.hits[profile])
		if len(g.members) == 0 {
			order = append(order, g)
		}
		g.members = append(g.members, i)
		for id := range p.hits[profile].watch {
			g.watched[id] = true
		}
	}
	for _, g := range order {
		p.settle(g)
	}
	return p.keys
}

// gather finds what each reader's words hit.
func (p *personal) gather() {
	p.stories = slices.Clone(p.draft.Edition.Stories)
	for _, c := range p.draft.Closed {
		p.stories = append(p.stories, c.Story)
	}
	p.words = curate.NewWords(p.stories)
	for _, profile := range p.draft.readers.own {
		if _, ok := p.hits[profile]; !ok {
			p.hits[profile] = hits{p.find(profile.Watch), p.find(profile.Mute)}
		}
	}
}

func (p *personal) find(phrases []string) map[string]bool {
	var found map[string]bool
	for _, phrase := range phrases {
		expression, is := subscribers.Expression(phrase)
		if is {
			phrase = ""
		}
		for _, i := range p.words.Find(phrase, expression) {
			if found == nil {
				found = map[string]bool{}
			}
			found[p.stories[i].ID] = true
		}
	}
	return found
}

// letIn adds to the edition what had no room and somebody watches.
func (p *personal) letIn() {
	anybody := map[string]bool{}
	for _, h := range p.hits {
		for id := range h.watch {
			anybody[id] = anybody[id] || !h.mute[id]
		}
	}
	if p.noParts {
		return
	}
	p.draft.Closed = slices.DeleteFunc(slices.Clone(p.draft.Closed), func(c compose.Closed) bool {
		if !anybody[c.Story.ID] || c.Story.Kind == digest.Aside {
			return false
		}
		p.draft.Edition.Stories = append(slices.Clone(p.draft.Edition.Stories), c.Story)
		return true
	})
}

// groupOf is the group of a reader of a variant: what stands at the top of its page is nothing that they mute.
func (p *personal) groupOf(base int, h hits) *group {
	var muted []string
	for {
		name := fmt.Sprint(base, " ", strings.Join(muted, " "))
		g, ok := p.groups[name]
		if !ok {
			key := p.keys[base]
			key.Muted = muted
			g = &group{page: compose.PageOf(p.draft.Edition, key), base: base, muted: muted, watched: map[string]bool{}}
			p.groups[name] = g
		}
		more := slices.DeleteFunc(p.head(g.page), func(id string) bool { return !h.mute[id] })
		if len(more) == 0 {
			return g
		}
		muted = slices.Concat(muted, more)
		slices.Sort(muted)
		muted = slices.Compact(muted)
	}
}

// settle makes the variant of a group, and gives its readers their parts.
func (p *personal) settle(g *group) {
	key := p.keys[g.base]
	key.Muted, key.Parts = g.muted, !p.noParts
	for _, s := range p.draft.Edition.Stories {
		if g.watched[s.ID] && !p.noParts {
			key.Watched = append(key.Watched, s.ID)
		}
	}
	variant, parts, used := len(p.keys), compose.PartsOf(compose.PageOf(p.draft.Edition, key)), len(g.muted) > 0
	for _, i := range g.members {
		to, h := &p.draft.readers.recipients[i], p.hits[p.draft.readers.own[i]]
		to.Own = parts.Own(h.watch, h.mute).String()
		if to.Own != "" || len(g.muted) > 0 {
			to.Variant, used = variant, true
		}
	}
	if used {
		p.keys = append(p.keys, key)
	}
}

// head are the stories of a page that no part can take out.
func (p *personal) head(page digest.Page) []string {
	if p.noParts {
		page.Five = nil
	}
	return compose.Head(page)
}
