package newsroom

import (
	"context"
	"errors"
	"time"

	"digestd/digest"
	"digestd/digest/compose"
	"digestd/digest/curate"
	"digestd/digest/render"
	"digestd/digest/schedule"
	"digestd/internal/config"
	"digestd/internal/ledger"
	"digestd/mailer"
	"digestd/mailer/message"
	"digestd/subscribers"
)

// Preview is an edition that was composed for looking at it: nothing of it is remembered.
type Preview struct {
	Edition  digest.Edition
	Page     digest.Page
	Rendered render.Rendered // with the reader's own address and links
	Carried  []digest.Story
	Closed   []curate.Closed
	Orders   []ledger.Order // of the editor, that stand for it; a skip among them lets the slot pass
	Seen     []uint64       // their ids
	Kept     string         // what keeps it from the reader for whom it is, in words; empty: nothing
	template *message.Template
	reader   digest.Recipient
	frame    render.Frame
}

// Anybody is whom a preview addresses when nobody is named.
const Anybody = "reader@example.org"

// Preview composes what the next edition of a digest would say to one subscriber if it were composed at a
// time, from what the ledger has now. The zero subscriber is anybody: all topics, in the newsletter's
// language. It writes nothing.
func (c *Composer) Preview(d digest.Digest, who subscribers.Subscriber, slot schedule.Slot,
	lane digest.Lane) (Preview, error) {
	var out Preview
	who, err := c.narrowedReader(d, who)
	if err != nil {
		return out, err
	}
	key := c.wants(d, who)
	dr, err := c.draft(request{digest: d, lane: lane, slot: slot, id: lane.String() + "/" + slot.Wall,
		now: slot.At.UTC()}, &key)
	if err != nil {
		return out, err
	}
	out.Edition, out.Carried, out.Closed = dr.Edition, dr.Carried, dr.closed
	out.Orders, out.Seen = dr.standing, dr.seen
	out.asReader(&dr, key, who.Profile, c.Templates[d.ID].HasParts())
	if out.Kept, err = c.keptFrom(d, who, slot); err != nil {
		return out, err
	}
	return out, c.makeMail(&out, d, who)
}

// keptFrom says what keeps an edition from a reader.
func (c *Composer) keptFrom(d digest.Digest, who subscribers.Subscriber, slot schedule.Slot) (string, error) {
	if who.Email == "" {
		return "", nil
	}
	suppressed, err := c.Ledger.Readers.SuppressedFor(d.ID)
	switch {
	case err != nil:
		return "", err
	case suppressed[subscribers.Key(who.Email)]:
		return who.Email + " gets nothing of it: the address is suppressed (`digestd why " + who.Email + "`)", nil
	case who.Profile != nil && who.Paused(slot.At) && who.PausedUntil.Format(time.DateOnly) == subscribers.ForGood:
		return who.Email + " gets nothing of it: paused until `digestd subscribers resume " + who.Email + "`", nil
	case who.Profile != nil && who.Paused(slot.At):
		return who.Email + " gets nothing of it: paused until " + who.PausedUntil.Format(time.DateOnly), nil
	case !who.Wants(d.ID):
		return who.Email + " gets nothing of it: they are no subscriber of " + d.ID, nil
	}
	return "", nil
}

// asReader is the page of an edition as one reader sees it, with what they watch and mute.
func (v *Preview) asReader(dr *draft, key digest.VariantKey, who *subscribers.Profile, hasParts bool) {
	v.Page = compose.PageOf(dr.Edition, key)
	if who == nil || len(who.Watch) == 0 && len(who.Mute) == 0 {
		return
	}
	dr.readers.own, dr.readers.recipients = ownWords{0: who}, make([]digest.Recipient, 1)
	keys := ownParts(dr, []digest.VariantKey{key}, hasParts)
	to := dr.readers.recipients[0]
	v.Edition, v.Page = dr.Edition, compose.As(compose.PageOf(dr.Edition, keys[to.Variant]), digest.ReadOwn(to.Own))
	v.Page.Variant = key
}

// Sample is a preview of invented news, in which stands every thing that an edition can have. It needs
// nothing that is new.
func (c *Composer) Sample(d digest.Digest, who subscribers.Subscriber, lane digest.Lane) (Preview, error) {
	key := c.wants(d, who)
	out := Preview{Page: c.sample(d, key.Language, lane.Zone)}
	out.Page.Variant = key
	out.Edition = out.Page.Edition
	return out, c.makeMail(&out, d, who)
}

// wants is the variant of a subscriber, or that of anybody.
func (c *Composer) wants(d digest.Digest, who subscribers.Subscriber) digest.VariantKey {
	if who.Profile == nil {
		return digest.VariantKey{Language: c.Config.Newsletter.Language, Format: "html"}
	}
	return variantOf(who.Profile, d)
}

// makeMail makes the mail of a preview's page.
func (c *Composer) makeMail(v *Preview, d digest.Digest, who subscribers.Subscriber) error {
	v.reader = digest.Recipient{Index: subscribers.Nobody, Email: Anybody}
	if who.Profile != nil {
		v.reader = digest.Recipient{Index: subscribers.Nobody, Email: who.Email, Name: who.Name}
	}
	page, err := c.render(d, v.Page, 0)
	if err != nil {
		return err
	}
	if v.template, err = page.freeze(); err != nil {
		return err
	}
	token, err := c.tokenKey()
	if err != nil {
		return err
	}
	unsubscribe, preferences, err := page.sender.Links(token.Delivery(subscribers.ForUnsubscribe, v.Edition.ID,
		subscribers.Nobody, v.reader.Email))
	if err != nil {
		return err
	}
	v.frame = c.frame(d, v.Page, v.reader.Email, unsubscribe, preferences)
	v.Rendered, err = c.Templates[d.ID].Render(v.Page, v.frame)
	return err
}

// Message is the whole mail of a preview, as it would go over the wire, for a reader.
func (c *Composer) Message(v Preview, to digest.Recipient) ([]byte, message.Envelope, error) {
	token, err := c.tokenKey()
	if err != nil {
		return nil, message.Envelope{}, err
	}
	if to.Email == "" {
		to = v.reader
	}
	return v.template.Fill(nil, to, message.Keys{Token: token, Signer: c.Signer})
}

// tokenKey is the newest key of the ledger.
func (c *Composer) tokenKey() (subscribers.TokenKey, error) {
	return subscribers.NewTokenKey(c.Ledger.Keys.Secrets()[0])
}

// PreviewSlot is the slot at which a preview takes place: that of the edition which waits for the editor, else the first
// after now, or, for a time that is given, the latest at that time.
func (c *Composer) PreviewSlot(d digest.Digest, lane digest.Lane, at time.Time) (schedule.Slot, error) {
	if at.IsZero() {
		st, err := c.Ledger.Lanes.Get(lane)
		if err != nil {
			return schedule.Slot{}, err
		}
		if st.Draft != nil {
			return schedule.Slot{Wall: st.Draft.Wall, At: st.Draft.Slot}, nil
		}
		return config.NextSlot(d, lane, c.Now())
	}
	slot, err := config.LatestSlot(d, lane, at)
	slot.At = at
	return slot, err
}

// Copy is what became of a test copy.
type Copy struct {
	Email string
	Err   error // why the server did not take it; nil when it did
}

// copyNumber tells copies apart that are sent at different times, since inboxes hide a second mail with one Message-ID.
func copyNumber(now time.Time, i int) int {
	const numbers = 1 << 12 // from subscribers.Nobody on
	return int((now.Unix() + int64(i)) % numbers)
}

// SendCopies mails a preview to addresses as a test. It uses and owes nothing: no lane moves, and no
// delivery is recorded. The mail is of today, whenever the edition would be: filters distrust a date that
// is yet to come. prefix stands before the subject.
func (c *Composer) SendCopies(ctx context.Context, by mailer.Transport, v Preview, to []string,
	prefix string) ([]Copy, error) {
	d, err := c.Config.Digest(v.Edition.Digest)
	if err != nil {
		return nil, err
	}
	v.Page.Edition.Composed = c.Now().UTC()
	page, err := c.render(d, v.Page, 0)
	if err != nil {
		return nil, err
	}
	page.Subject = prefix + page.Subject
	if v.template, err = page.freeze(); err != nil {
		return nil, err
	}
	return eachOver(ctx, by, to, func(conn mailer.Conn, i int) error {
		raw, env, err := c.Message(v, digest.Recipient{Index: subscribers.Nobody + copyNumber(c.Now(), i), Email: to[i]})
		if err != nil {
			return err
		}
		if o := conn.Send(env, raw, func() bool { return true }); o.Result != mailer.Accepted {
			return errors.New(o.String())
		}
		return nil
	})
}

// eachOver sends each of some addresses a mail, one after the other over one connection.
func eachOver(
	ctx context.Context, by mailer.Transport, emails []string, send func(conn mailer.Conn, i int) error,
) ([]Copy, error) {
	conn, err := by.Dial(ctx)
	if err != nil {
		return nil, err
	}
	defer conn.Close()
	copies := make([]Copy, len(emails))
	for i, email := range emails {
		copies[i] = Copy{Email: email, Err: ctx.Err()}
		if ctx.Err() == nil && !conn.Usable() {
			copies[i].Err = errors.New("the connection broke before it was its turn")
		} else if ctx.Err() == nil {
			copies[i].Err = send(conn, i)
		}
	}
	return copies, nil
}
