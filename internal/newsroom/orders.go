package newsroom

import (
	"slices"

	"digestd/digest"
	"digestd/digest/curate"
	"digestd/digest/note"
	"digestd/internal/config"
	"digestd/internal/ledger"
)

// leftOutByEditor is what becomes of the items of a story that the editor drops.
const leftOutByEditor = "left out by the editor"

// bears reports whether an item has a link, or had it in another form.
func bears(it digest.Item, link string) bool {
	same := func(other string) bool {
		return other == link || other != "" && curate.CanonicalLink(other) == curate.CanonicalLink(link)
	}
	return same(it.Link) || slices.ContainsFunc(it.Aliases, func(a digest.Alias) bool { return same(a.Link) })
}

// storyOf is the place of the story with a link; -1 where there is none.
func storyOf(stories []digest.Story, link string) int {
	return slices.IndexFunc(stories, func(s digest.Story) bool {
		return slices.ContainsFunc(s.Items, func(it digest.Item) bool { return bears(it, link) })
	})
}

// editing are the orders that change what an edition says.
func editing(orders []ledger.Order) []ledger.Order {
	return slices.DeleteFunc(slices.Clone(orders), func(o ledger.Order) bool { return o.Kind == ledger.OrderSkip })
}

// leaveOut takes the stories out that the editor drops: whoever tells one, it is the same story.
func leaveOut(stories []digest.Story, orders []ledger.Order) (rest []digest.Story, left []curate.Closed) {
	rest = slices.Clone(stories)
	for _, o := range orders {
		if o.Kind != ledger.OrderDrop {
			continue
		}
		for i := storyOf(rest, o.Link); i >= 0; i = storyOf(rest, o.Link) {
			for _, it := range rest[i].Items {
				left = append(left, curate.Closed{Item: it, Reason: leftOutByEditor})
			}
			rest = slices.Delete(rest, i, i+1)
		}
	}
	return rest, left
}

// leadOf is the story that the editor makes lead; empty where there is none.
func leadOf(stories []digest.Story, orders []ledger.Order) string {
	for _, o := range orders {
		if o.Kind != ledger.OrderLead {
			continue
		}
		if i := storyOf(stories, o.Link); i >= 0 {
			return stories[i].ID
		}
	}
	return ""
}

// noteOf is what the editor writes on top. One that can't be read, which nobody could have ordered, stands as it is.
func noteOf(orders []ledger.Order) []digest.Text {
	for _, o := range orders {
		if o.Kind != ledger.OrderNote {
			continue
		}
		if text, err := note.Read(o.Note); err == nil {
			return text
		}
		return []digest.Text{digest.PlainText(o.Note)}
	}
	return nil
}

// spent are the orders that have done their work where there is nothing to say: what was dropped is gone.
func (dr draft) spent() (orders []ledger.Order) {
	for _, o := range dr.orders {
		if o.Kind == ledger.OrderDrop && slices.ContainsFunc(dr.closed, func(c curate.Closed) bool {
			return c.Reason == leftOutByEditor && bears(c.Item, o.Link)
		}) {
			orders = append(orders, o)
		}
	}
	return orders
}

// used says which orders of a draft are used with it.
func (dr draft) used(cfg *config.Config, orders []ledger.Order) ledger.Used {
	u := ledger.Used{Seen: dr.seen}
	for _, o := range orders {
		u.Orders = append(u.Orders, o.ID)
	}
	for _, lane := range cfg.Lanes(dr.of.digest) {
		u.Zones = append(u.Zones, lane.Zone)
	}
	return u
}
