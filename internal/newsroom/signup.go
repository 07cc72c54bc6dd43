package newsroom

import (
	"cmp"
	"errors"
	"fmt"
	"math"
	"slices"
	"strings"
	"time"

	"digestd/digest"
	"digestd/digest/compose"
	"digestd/digest/render"
	"digestd/internal/config"
	"digestd/internal/ledger"
	"digestd/mailer/message"
	"digestd/subscribers"
)

// What may be asked for: so many mails to an address in an hour and in a day, and in an hour from a network.
const (
	askedHourly, askedDaily = 1, 3
	askedOfNetwork          = 10
)

// Ask takes the request of somebody who wants to become a reader: it is durable when Ask returns, together with the mail
// that asks them to confirm it. Email, Network, Digests, Topics, Language and Words are the caller's. Where too many were
// made, or mail to the address was stopped by somebody else, the error is ledger.ErrLimited or ledger.ErrBarred, and
// nothing has changed.
func (p *Publisher) Ask(r ledger.Request) error {
	c := p.Composer
	r.At = c.Now().UTC().Truncate(time.Millisecond)
	r.ID = ledger.NewRequestID(r.At)
	limits := ledger.Limits{Address: askedHourly, AddressDaily: askedDaily, Network: askedOfNetwork,
		All: int(math.Round(float64(c.Config.Web.SignUpLimit) * time.Hour.Seconds()))}
	if err := p.Ledger.Signups.Admits(r, limits); err != nil { // before anything is made
		return err
	}
	letter, err := c.asking(r)
	if err != nil {
		return fmt.Errorf("the mail that asks to confirm a sign-up: %w", err)
	}
	return p.Ledger.Signups.Ask(r, limits, letter)
}

// asking is the mail that asks somebody to confirm what they may have asked for.
func (c *Composer) asking(r ledger.Request) (l ledger.Letter, err error) {
	e := digest.Edition{ID: ledger.AskingLetter(r.ID), Digest: ledger.AskingDigest, Zone: c.Config.Newsletter.Timezone,
		Slot: r.At, Composed: r.At}
	m, err := c.markedBy(digest.Digest{}, digest.Page{Edition: e}, 0)
	if err != nil {
		return l, err
	}
	first, err := c.Config.Digest(r.Digests[0])
	if err != nil {
		return l, err
	}
	n := c.Config.Newsletter
	m.Rendered, err = c.Templates[first.ID].Ask(render.Asking{
		Name: c.titles(r.Digests), Address: m.marks.Address, Link: m.sender.BaseURL + message.ConfirmPath + m.marks.Token,
		At: r.At.In(config.Zone(e.Zone)), Newsletter: n.Name, PostalAddress: n.PostalAddress, Language: r.Language, Look: n.Look,
	})
	if err != nil {
		return l, err
	}
	return m.letter(e, digest.VariantKey{Language: r.Language, Format: "html"}, r.Email)
}

// markedBy is a page to come, with marks and sender.
func (c *Composer) markedBy(d digest.Digest, page digest.Page, variant int) (m marked, err error) {
	if m.marks, err = message.NewMarks(c.Random); err == nil {
		m.sender, err = c.sender(d, page, variant)
	}
	return m, err
}

// letter is a rendered page as a mail to one reader.
func (m marked) letter(e digest.Edition, key digest.VariantKey, email string) (ledger.Letter, error) {
	l := ledger.Letter{Edition: e, To: digest.Recipient{Email: email}, Variant: ledger.Variant{Key: key, Subject: m.Subject}}
	template, err := m.freeze()
	if err == nil {
		l.Variant.Body, err = template.MarshalBinary()
	}
	return l, err
}

// titles are the names of some digests in one line.
func (c *Composer) titles(ids []string) string {
	var all []string
	for _, id := range ids {
		if d, err := c.Config.Digest(id); err == nil {
			all = append(all, cmp.Or(d.Title, c.Config.Newsletter.Name))
		}
	}
	return strings.Join(all, ", ")
}

// Confirm makes a reader of whoever made a request, by its id, and reports whether that is new. Where [web] welcome asks
// for it, the latest edition of each digest that they did not get before is on its way to them with that.
func (p *Publisher) Confirm(id string) (r ledger.Request, fresh bool, err error) {
	c := p.Composer
	now := c.Now()
	if r, err = p.Ledger.Signups.Request(id, now); err != nil {
		return r, false, err
	}
	var welcome []ledger.Letter
	if c.Config.Web.Welcome && r.Confirmed.IsZero() {
		if welcome, err = p.welcome(r); err != nil {
			return r, false, err
		}
	}
	digests := slices.DeleteFunc(c.Config.DigestIDs(), func(id string) bool { return id == "" })
	if r, fresh, err = p.Ledger.Signups.Confirm(id, now, digests, welcome); fresh && err == nil {
		p.Log.Info("a reader has signed up", "digests", r.Digests, "language", r.Language)
	}
	return r, fresh, err
}

// welcome makes mails of the latest editions of the digests that somebody asked for, but for those of which they are a
// reader already.
func (p *Publisher) welcome(r ledger.Request) ([]ledger.Letter, error) {
	c := p.Composer
	known, is := c.Config.Readers().Find(r.Email)
	var all []ledger.Letter
	for _, id := range r.Digests {
		d, err := c.Config.Digest(id)
		if err != nil || is && known.Wants(id) { // it has left the configuration
			continue
		}
		l, err := p.welcomeTo(d, digest.Lane{Digest: id, Zone: cmp.Or(d.Zone, c.Config.Newsletter.Timezone)}, r)
		if err != nil {
			return nil, fmt.Errorf("welcome to %s: %w", id, err)
		}
		if l.Edition.ID != "" {
			all = append(all, l)
		}
	}
	return all, nil
}

// welcomeTo is the latest edition of a lane for one reader, or nothing where there is none or nothing in it for them.
func (p *Publisher) welcomeTo(d digest.Digest, lane digest.Lane, r ledger.Request) (l ledger.Letter, err error) {
	c := p.Composer
	st, err := p.Ledger.Lanes.Get(lane)
	if err != nil || st.Edition == "" {
		return l, err
	}
	last, err := p.Ledger.Editions.Get(st.Edition)
	if errors.Is(err, ledger.ErrUnknown) || err == nil && (last.Withdrawn || last.Stories == 0) {
		return l, nil
	}
	if err != nil {
		return l, err
	}
	e, err := p.Ledger.Editions.Frozen(last.ID)
	if err != nil {
		return l, err
	}
	e.ID, e.Composed = last.ID+"~"+r.ID[strings.LastIndexByte(r.ID, '-')+1:], c.Now().UTC()
	if !slices.ContainsFunc(last.Variants, func(v ledger.Variant) bool { return v.Key.Language == r.Language }) {
		e.Public = "" // its page was not made in their language
	}
	key := variantOf(&subscribers.Profile{Topics: r.Topics, Language: r.Language, Format: "html"}, d)
	page := compose.PageOf(e, key)
	if page.Empty() {
		return l, nil
	}
	m, err := c.render(d, page, 0)
	if err != nil {
		return l, err
	}
	e.Stories, e.Pages = nil, nil // which are the edition's
	return m.letter(e, key, r.Email)
}

// asksStill tells of whom it is to be asked still whether they want to subscribe.
func (p *Publisher) asksStill(request string) func(email string) bool {
	return func(string) bool {
		r, err := p.Ledger.Signups.Request(request, p.Composer.Now())
		return err == nil && r.Confirmed.IsZero() || err != nil && !errors.Is(err, ledger.ErrNoRequest)
	}
}

// JoinSignups lets a configuration know those who signed up, as a ledger has them.
func JoinSignups(cfg *config.Config, l *ledger.Ledger, failed func(error)) error {
	_, err := l.Signups.Beside(cfg.Subscribers, cfg.Newsletter.Timezone)
	cfg.Join = func(list *subscribers.List) *subscribers.List {
		all, err := l.Signups.Beside(list, cfg.Newsletter.Timezone)
		if err != nil {
			failed(err)
		}
		return all
	}
	return err
}
