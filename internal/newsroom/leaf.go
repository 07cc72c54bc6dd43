package newsroom

import (
	"cmp"
	"fmt"
	"net/mail"
	"slices"
	"strings"
	"time"

	"digestd/digest"
	"digestd/digest/compose"
	"digestd/internal/ledger"
)

// address is where the public page of an edition will stand, below the archive's own; empty: it has none. What was given
// to an edition once is never given to another one.
func (c *Composer) address(d digest.Digest, e digest.Edition) (string, error) {
	if !d.Archive || c.Config.ArchiveURL() == "" {
		return "", nil
	}
	for _, name := range e.LeafNames(e.Zone != c.Config.ArchiveZone(d)) {
		path := d.ID + "/" + name
		holder, err := c.Ledger.Archive.Holder(path)
		if err != nil || holder == "" {
			return path, err
		}
	}
	return "", nil
}

// public makes the public page of an edition, in the frame of the newsletter's language and in those of its readers'.
// more are stories that have no place in it.
func (c *Composer) public(d digest.Digest, e digest.Edition, wall string, languages []string,
	more []digest.Story) (*ledger.Public, error) {
	set := c.Templates[d.ID]
	p := &ledger.Public{Archived: ledger.Archived{
		Path: e.Public, Tag: c.tag(e), Edition: e.ID, Digest: d.ID, Slot: e.Slot, Wall: wall, Composed: e.Composed,
		From: e.Composed, Number: e.Number, Listed: e.Zone == c.Config.ArchiveZone(d),
	}}
	if e.Slot.After(p.From) { // composed ahead of its slot: nobody has it before
		p.From = e.Slot
	}
	for _, language := range append([]string{c.Config.Newsletter.Language}, languages...) {
		tag := set.Catalogue(language).Tag
		if slices.Contains(p.Languages, tag) {
			continue
		}
		page := compose.PageOf(e, digest.VariantKey{Language: tag, Format: "html"})
		leaf, err := set.Leaf(page, c.frame(d, page, "", "", ""), beyond(page, e, more))
		if err != nil {
			return nil, fmt.Errorf("public page in %s: %w", tag, err)
		}
		p.Languages, p.Leaves, p.Stories = append(p.Languages, tag), append(p.Leaves, leaf), storiesOn(page)
	}
	first := p.Leaves[0]
	p.Subject, p.Description, p.Picture = first.Subject, first.Description, first.Picture
	p.Masthead, p.Date = first.Masthead, first.Date
	return p, nil
}

// beyond are the stories that a page has no room for: those of an edition that only readers of some topics see, then more.
func beyond(page digest.Page, e digest.Edition, more []digest.Story) []digest.Story {
	shown := map[string]bool{}
	for _, s := range page.All() {
		for _, en := range s.Entries {
			shown[en.ID] = true
		}
	}
	var all []digest.Story
	for _, s := range slices.Concat(e.Stories, more) {
		if !shown[s.ID] {
			shown[s.ID] = true
			all = append(all, s)
		}
	}
	return all
}

// unread are the stories of a draft that found no place: those that wait, then those that don't. What is no news comes
// last, or not at all.
func (dr draft) unread() []digest.Story {
	all := slices.Clone(dr.Carried)
	var asides []digest.Story
	for _, c := range dr.Closed {
		switch {
		case c.Story.Kind != digest.Aside:
			all = append(all, c.Story)
		case dr.of.digest.Asides != "off":
			asides = append(asides, c.Story)
		}
	}
	return append(all, asides...)
}

// tag is what feeds know an edition by (RFC 4151): the sender's domain, the day, and the edition's id.
func (c *Composer) tag(e digest.Edition) string {
	domain := "localhost"
	if from, err := mail.ParseAddress(c.Config.Mail.From); err == nil {
		domain = strings.ToLower(from.Address[strings.LastIndexByte(from.Address, '@')+1:])
	}
	return "tag:" + domain + "," + e.Slot.UTC().Format(time.DateOnly) + ":" + e.ID
}

// publicURL is the address of the public page of an edition for readers of a language; empty: it has none.
func (r Renderer) publicURL(e digest.Edition, language string) string {
	base, set := r.Config.ArchiveURL(), r.Templates[e.Digest]
	if e.Public == "" || base == "" {
		return ""
	}
	address := base + "/" + e.Public + "/"
	if tag := set.Catalogue(cmp.Or(language, "en")).Tag; tag != set.Catalogue(r.Config.Newsletter.Language).Tag {
		address += tag + "/"
	}
	return address
}

// languagesOf are those of some variants.
func languagesOf(keys []digest.VariantKey) []string {
	var all []string
	for _, key := range keys {
		all = append(all, key.Language)
	}
	slices.Sort(all)
	return slices.Compact(all)
}
