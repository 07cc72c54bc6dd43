package newsroom

import (
	"fmt"

	"digestd/digest"
	"digestd/digest/compose"
	"digestd/digest/render"
	"digestd/internal/config"
	"digestd/internal/ledger"
	"digestd/mailer/message"
)

// write renders and encodes each variant of a draft, and records what committing it makes durable.
func (c *Composer) write(dr draft) (ledger.Composition, error) {
	keys, err := c.exceptStories(dr.readers.keys, dr.Edition)
	if err != nil {
		return ledger.Composition{}, err
	}
	keys = ownParts(&dr, keys, c.Templates[dr.of.digest.ID].HasParts())
	record := ledger.Composition{
		Edition: dr.Edition, Wall: dr.of.slot.Wall, Extra: dr.of.extra, Recipients: dr.readers.recipients,
		Position: dr.position, Passed: dr.passed, Pool: dr.kept, Before: dr.lane, Outcomes: dr.outcomes(),
		Used: dr.used(c.Config, dr.orders),
	}
	for _, s := range dr.Carried {
		for _, it := range s.Items {
			record.Pool = append(record.Pool, ledger.Pooled{Item: it.Seq, Carried: s.Carried})
		}
	}
	for i, key := range keys {
		v, err := c.variant(dr.of.digest, dr.Edition, key, i)
		if err != nil {
			return record, fmt.Errorf("variant %s, %s: %w", key.Language, key.Format, err)
		}
		record.Variants = append(record.Variants, v)
	}
	if dr.Edition.Public != "" {
		record.Public, err = c.public(dr.of.digest, dr.Edition, dr.of.slot.Wall, languagesOf(keys), dr.unread())
		if err == nil && c.Config.Archive.After != "" {
			record.Public.After.State = ledger.ErrandDue
		}
	}
	return record, err
}

// untouched is what passing a slot makes durable when its readers are to have the window's news at a later one:
// the lane begins where the window does.
func (dr draft) untouched(cfg *config.Config) ledger.Composition {
	return ledger.Composition{
		Edition: digest.Edition{Digest: dr.of.lane.Digest, Zone: dr.of.lane.Zone, Slot: dr.of.slot.At},
		Wall:    dr.of.slot.Wall, Extra: dr.of.extra,
		Position: dr.start, Passed: dr.passed, Pool: dr.lane.Pool, Before: dr.lane, Used: dr.used(cfg, nil),
	}
}

// outcomes tells, for each item that the lane looked at, the story that it stands in or the reason why it
// stands in none. What is carried has no outcome yet.
func (dr draft) outcomes() map[uint64]ledger.Outcome {
	all := dr.settled
	for _, s := range dr.Edition.Stories {
		for _, it := range s.Items {
			all[it.Seq] = ledger.Outcome{Story: s.ID}
		}
	}
	for _, c := range dr.Closed {
		for _, it := range c.Story.Items {
			all[it.Seq] = ledger.Outcome{Reason: c.Reason}
		}
	}
	for _, c := range dr.closed {
		all[c.Item.Seq] = ledger.Outcome{Reason: c.Reason, Story: c.Story, Score: c.Score, Terms: c.Terms,
			Unwanted: c.Unwanted}
	}
	return all
}

// variant renders and encodes what the readers of one variant get.
func (c *Composer) variant(d digest.Digest, e digest.Edition, key digest.VariantKey,
	index int) (ledger.Variant, error) {
	page := compose.PageOf(e, key)
	v := ledger.Variant{Key: key, Stories: storiesOn(page), Empty: page.Empty() && !d.SendEmpty}
	if v.Empty {
		return v, nil
	}
	rendered, err := c.render(d, page, index)
	if err != nil {
		return v, err
	}
	template, err := rendered.freeze()
	if err != nil {
		return v, err
	}
	v.Subject = rendered.Subject
	v.Body, err = template.MarshalBinary()
	return v, err
}

// marked is a rendered page with marks in the place of what differs between its readers.
type marked struct {
	render.Rendered
	sender message.Sender
	marks  message.Marks
}

// render renders a page for all readers of a variant.
func (c *Composer) render(d digest.Digest, page digest.Page, variant int) (m marked, err error) {
	if m, err = c.markedBy(d, page, variant); err != nil {
		return m, err
	}
	unsubscribe, preferences, err := m.sender.Links(m.marks.Token)
	if err != nil {
		return m, err
	}
	frame := c.frame(d, page, m.marks.Address, unsubscribe, preferences)
	frame.Cut = m.marks.Cut
	m.Rendered, err = c.Templates[d.ID].Render(page, frame)
	return m, err
}

// freeze makes it the template of its messages.
func (m marked) freeze() (*message.Template, error) {
	return message.Freeze(message.Content{Subject: m.Subject, HTML: m.HTML, Text: m.Text}, m.sender, m.marks)
}

// frame is what stands around the news of a digest.
func (r Renderer) frame(d digest.Digest, page digest.Page, address, unsubscribe, preferences string) render.Frame {
	n := r.Config.Newsletter
	return render.Frame{
		Newsletter: n.Name, PostalAddress: n.PostalAddress, Feedback: n.Feedback, Privacy: n.Privacy,
		Subscribe: n.Subscribe, RSS: n.RSS, Address: address, UnsubscribeURL: unsubscribe,
		PreferencesURL: preferences, Archive: r.publicURL(page.Edition, page.Variant.Language),
		PublicURL: func(public string) string {
			return r.publicURL(digest.Edition{Digest: d.ID, Public: public}, page.Variant.Language)
		},
		Look: d.Look, Images: d.Images, Zone: config.Zone(page.Edition.Zone),
	}
}

// sender is what the mails of an edition have in common. The https links of the readers' pages stand in a
// mail only where a listener answers them; without one a reader leaves by mail.
func (c *Composer) sender(d digest.Digest, page digest.Page, variant int) (message.Sender, error) {
	e := page.Edition
	key, err := c.tokenKey()
	if err != nil {
		return message.Sender{}, err
	}
	m := c.Config.Mail
	s := message.Sender{
		From: m.From, ReplyTo: m.ReplyTo, BounceTo: m.BounceTo, VERP: m.VERP, UnsubscribeTo: m.UnsubscribeTo,
		List: c.Config.Newsletter.Name, Digest: d.ID, Edition: e.ID, Variant: variant, Date: e.Composed,
		TokenKey: key.ID(),
	}
	if web := c.Config.Web; web != nil {
		s.BaseURL, s.OneClick = web.BaseURL, true
	}
	if s.ArchivedAt = c.publicURL(e, page.Variant.Language); s.ArchivedAt != "" {
		s.Front, s.Archive = c.Config.ArchiveURL()+"/", c.Config.ArchiveURL()+"/"+d.ID+"/"
	}
	if c.Signer != nil {
		s.Signature = c.Signer.ID()
	}
	return s, nil
}

// measure is the size of the largest encoded part of a page, in whichever of its readers' languages is
// the longest. It freezes no message: lengths are all it wants.
func (c *Composer) measure(d digest.Digest, e digest.Edition, choice digest.Choice, r readers) (int, error) {
	largest := 0
	for _, language := range r.languages(choice) {
		page := compose.PageOf(e, digest.VariantKey{Topics: choice.Topics, Length: choice.Length, Language: language, Format: "html"})
		rendered, err := c.render(d, page, 0)
		if err != nil {
			return 0, err
		}
		largest = max(largest, message.EncodedLen(rendered.HTML), message.EncodedLen(rendered.Text))
	}
	return largest, nil
}

// storiesOn counts the stories that stand on a page.
func storiesOn(page digest.Page) int {
	n := 0
	for _, s := range page.All() {
		n += len(s.Entries)
	}
	return n
}
