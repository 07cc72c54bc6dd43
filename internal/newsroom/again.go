package newsroom

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"digestd/digest"
	"digestd/digest/compose"
	"digestd/internal/ledger"
	"digestd/mailer"
	"digestd/mailer/message"
	"digestd/subscribers"
)

// Mail is a mail of an edition as it was sent: the same bytes.
type Mail struct {
	State digest.State // of the delivery
	To    digest.Recipient
	Page  digest.Page
	Raw   []byte
	env   message.Envelope
}

// ErrNoMail is why a reader has no mail of an edition, in words.
var ErrNoMail = errors.New("there is no such mail")

// Sent is the mail of an edition for one of its recipients; without an address, that for anybody who chose no
// topics, or as near to that as there is one. The error is ErrNoMail, or ledger.ErrUnknown.
func (c *Composer) Sent(id, email string) (Mail, error) {
	e, err := c.Ledger.Editions.Get(id)
	if err != nil {
		return Mail{}, err
	}
	m := Mail{To: digest.Recipient{Index: subscribers.Nobody, Email: Anybody, Variant: broadest(e)}}
	if email != "" {
		to, err := c.Ledger.recipients(e, []string{email})
		if err != nil {
			return m, err
		}
		if m.To = to[0]; m.To.Email == "" {
			return m, fmt.Errorf("%w: %s is no recipient of edition %s", ErrNoMail, email, id)
		}
		progress, err := c.Ledger.Deliveries.Progress(id)
		if err != nil {
			return m, err
		}
		m.State = progress.States[m.To.Index]
	}
	return m, m.makeAgain(c, e)
}

// makeAgain fills the template that was frozen with an edition.
func (m *Mail) makeAgain(c *Composer, e ledger.EditionState) error {
	if m.To.Variant < 0 || e.Variants[m.To.Variant].Empty {
		return fmt.Errorf("%w: edition %s has nothing in the topics of %s", ErrNoMail, e.ID, m.To.Email)
	}
	frozen, err := c.Ledger.Editions.Frozen(e.ID)
	if err != nil {
		return err
	}
	m.Page = compose.PageOf(frozen, e.Variants[m.To.Variant].Key)
	body, err := c.Ledger.Editions.Body(e.ID, m.To.Variant)
	if err != nil {
		return err
	}
	var t message.Template
	if err := t.UnmarshalBinary(body); err != nil {
		return fmt.Errorf("edition %s: message of variant %d: %w", e.ID, m.To.Variant, err)
	}
	made, err := m.asSent(c, e, &t)
	if err != nil {
		return err
	}
	keys := message.Keys{Signer: c.Signer}
	for _, secret := range c.Ledger.Keys.Secrets() {
		if keys.Token, err = subscribers.NewTokenKey(secret); err != nil || keys.Token.ID() == t.TokenKey() {
			break
		}
	}
	switch by := t.SignedBy(); {
	case err != nil:
		return err
	case by == "":
		keys.Signer = nil
	case keys.Signer == nil || keys.Signer.ID() != by:
		return fmt.Errorf("edition %s was signed with another DKIM key (%s) than [dkim] has now, so its mails can't be made again as they were", e.ID, by)
	}
	m.Raw, m.env, err = made.Fill(nil, m.To, keys)
	return err
}

// asSent is the template from the sender that the reader's mail had, or will have.
func (m *Mail) asSent(c *Composer, e ledger.EditionState, t *message.Template) (*message.Template, error) {
	if e.Mended == nil || slices.Contains(e.Mended.Before, m.To.Index) {
		return t, nil
	}
	if m.To.Index != subscribers.Nobody {
		events, err := c.Ledger.Deliveries.History(e.ID, m.To.Index)
		if n := len(events); err != nil || n > 0 && m.State.Final() && events[n-1].At.Before(e.Mended.At) {
			return t, err
		}
	}
	all, _, err := sentBy([]*message.Template{t}, *e.Mended)
	if err != nil {
		return nil, err
	}
	return all[0], nil
}

// broadest is the variant that shows most of an edition; -1 where none says anything.
func broadest(e ledger.EditionState) int {
	best, most := -1, -1
	for i, v := range e.Variants {
		worth := v.Stories * 2
		if v.Key.Format == "html" {
			worth++
		}
		if !v.Empty && worth > most {
			best, most = i, worth
		}
	}
	return best
}

// recipients finds addresses among those of an edition, in their order. One that is not there has no address.
func (p Past) recipients(e ledger.EditionState, emails []string) ([]digest.Recipient, error) {
	found := make([]digest.Recipient, len(emails))
	at := map[string]int{}
	for i, email := range emails {
		at[subscribers.Key(email)] = i
	}
	for r, err := range ledger.Recipients(p.Deliveries, e.ID) {
		if err != nil {
			return found, err
		}
		if i, ok := at[subscribers.Key(r.Email)]; ok {
			found[i] = r
		}
	}
	return found, nil
}

// Resend sends the mail of an edition once more to some of its recipients, the same bytes. It changes nothing of their
// deliveries, and obeys what keeps mail from an address.
func (k *Desk) Resend(ctx context.Context, id string, emails []string) ([]Copy, error) {
	e, err := k.Ledger.Editions.Get(id)
	if err != nil {
		return nil, err
	}
	if e.Withdrawn {
		return nil, fmt.Errorf("%w: edition %s is withdrawn", ErrNoMail, id)
	}
	to, err := k.Composer.Ledger.recipients(e, emails)
	if err != nil {
		return nil, err
	}
	progress, err := k.Ledger.Deliveries.Progress(id)
	if err != nil {
		return nil, err
	}
	for i, r := range to { // each is looked at before the first goes
		if err := k.mayHaveAgain(e, r, emails[i], progress); err != nil {
			return nil, err
		}
	}
	return eachOver(ctx, k.Transport, emails, func(conn mailer.Conn, i int) error { return k.resend(conn, e, to[i]) })
}

// mayHaveAgain says why a reader may not have their mail once more.
func (k *Desk) mayHaveAgain(e ledger.EditionState, r digest.Recipient, email string, p digest.Progress) error {
	if r.Email == "" {
		return fmt.Errorf("%w: %s is no recipient of edition %s; a copy of the next one goes with `digestd send %s --to %s`", ErrNoMail, email, e.ID, e.Digest, email)
	}
	if s, ok := k.Config.Readers().Find(email); !ok || !s.Wants(e.Digest) {
		return fmt.Errorf("%w: %s is no subscriber of %s any more", ErrNoMail, email, e.Digest)
	}
	if state := p.States[r.Index]; !state.Final() {
		return fmt.Errorf("%w: that of %s has not gone yet (%s); `digestd resume` delivers it", ErrNoMail, email, state)
	}
	suppressed, err := k.Ledger.Readers.Suppressed(email, e.Digest)
	if err == nil && suppressed {
		err = fmt.Errorf("%w: %s gets nothing of %s; `digestd why %s` says why", ErrNoMail, email, e.Digest, email)
	}
	if err == nil && e.Variants[r.Variant].Empty {
		err = fmt.Errorf("%w: edition %s has nothing in the topics of %s", ErrNoMail, e.ID, email)
	}
	return err
}

// resend hands one mail over: that it goes stands in the ledger before the server can take it.
func (k *Desk) resend(conn mailer.Conn, e ledger.EditionState, r digest.Recipient) error {
	m := Mail{To: r, State: digest.Sent}
	if err := m.makeAgain(k.Composer, e); err != nil {
		return err
	}
	var unwritten error
	begun := false
	o := conn.Send(m.env, m.Raw, func() bool {
		unwritten = k.Ledger.Resends.Begin(e, r)
		begun = unwritten == nil
		return begun
	})
	if unwritten != nil {
		return unwritten
	}
	event := digest.Event{Index: r.Index, State: digest.Failed, Attempt: 1, Stage: o.Stage, Code: o.Code, Words: o.Words}
	switch o.Result {
	case mailer.Accepted:
		event.State = digest.Sent
	case mailer.Doubtful:
		event.State = digest.InDoubt
	}
	k.Log.Info("mail sent once more", "edition", e.ID, "recipient", r.Index, "state", event.State, "words", o.Words)
	if err := k.Ledger.Resends.End(e.ID, event); err != nil {
		return err
	}
	if event.State != digest.Sent {
		return errors.New(event.State.String() + ": " + o.String())
	}
	return nil
}
