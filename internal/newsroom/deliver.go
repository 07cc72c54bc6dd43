package newsroom

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"digestd/digest"
	"digestd/digest/schedule"
	"digestd/internal/config"
	"digestd/internal/ledger"
	"digestd/mailer"
	"digestd/mailer/message"
	"digestd/subscribers"
)

// Deliver sends what is owed of an edition, as far as that can be done now. An edition whose lane's next
// slot has come without anything of it going out is withdrawn instead.
func (p *Publisher) Deliver(ctx context.Context, id string, watch Watch) (stories int, sum mailer.Summary, err error) {
	return p.deliver(ctx, id, false, watch)
}

// deliver is Deliver; at once, what the schedule of retry has put off goes too.
func (p *Publisher) deliver(
	ctx context.Context, id string, atOnce bool, watch Watch,
) (stories int, sum mailer.Summary, err error) {
	ctx, end, err := p.Ledger.Editions.Begin(ctx, id) // a command and the daemon may want the same at the same time
	if err != nil {
		return 0, sum, err
	}
	defer end()
	e, err := p.Ledger.Editions.Get(id)
	if err != nil || e.Complete {
		return e.Stories, sum, err
	}
	if err := paused(p.Ledger, e.Digest, p.Composer.Now()); err != nil {
		return e.Stories, sum, err
	}
	until, err := p.deadline(e)
	if err != nil {
		return e.Stories, sum, err
	}
	if !until.IsZero() && !p.Composer.Now().Before(until) {
		if withdrawn, err := p.withdraw(id); withdrawn || err != nil {
			return e.Stories, sum, err
		}
	}
	if why := p.Ledger.NoRoom(e.Recipients); why != "" {
		sum, err = p.pauseForRoom(e, why)
		return e.Stories, sum, err
	}
	templates, err := p.templatesOf(e)
	if err != nil {
		return e.Stories, sum, fmt.Errorf("edition %s: %w", id, err)
	}
	anew, before, err := mended(ctx, p, e, templates)
	if err != nil {
		return e.Stories, sum, fmt.Errorf("edition %s: %w", id, err)
	}
	keys, err := p.tokenKeys()
	if err != nil {
		return e.Stories, sum, err
	}
	subscribes := p.subscribes(e.Digest)
	if e.Digest == ledger.AskingDigest {
		subscribes, until = p.asksStill(e.Request), e.Composed.Add(ledger.RequestsKept)
	}
	sum, err = p.Mailer.Deliver(ctx, mailer.Job{
		Edition: id, Digest: e.Digest, Subscribes: subscribes, Templates: templates, Mended: anew, Before: before,
		Signer: p.Composer.Signer, Until: until, Paused: e.Paused, Now: atOnce, Progress: watch.Delivery,
		Opened:   func() error { return p.Ledger.Editions.Pause(id, "") },
		TokenKey: func(id string) (subscribers.TokenKey, bool) { key, ok := keys[id]; return key, ok },
	})
	// A run that was ended has not found out whether the next one would be paused, nor has one that had nothing to
	// send.
	if err == nil && sum.Lots > 0 && sum.Paused != e.Paused && (sum.Paused != "" || ctx.Err() == nil) {
		err = p.Ledger.Editions.Pause(id, sum.Paused)
	}
	return e.Stories, sum, err
}

// subscribes tells who is still to get a digest, as the lists are at the time: they may be read anew while an edition
// goes out. Where the digest itself has left the configuration, whoever is a subscriber of anything is. Who signed up
// is looked up once a second: a look for each mail lets the store commit what it would journal.
func (p *Publisher) subscribes(digestID string) func(email string) bool {
	var mu sync.Mutex
	var looked time.Time
	var of, readers *subscribers.List
	return func(email string) bool {
		cfg := p.Composer.Config
		if p.Current != nil {
			cfg = p.Current()
		}
		mu.Lock()
		if now := p.Composer.Now(); of == nil || of != cfg.Subscribers || now.Sub(looked).Abs() >= time.Second {
			looked, of, readers = now, cfg.Subscribers, cfg.Readers()
		}
		s, ok := readers.Find(email)
		mu.Unlock()
		if _, err := cfg.Digest(digestID); err != nil {
			return ok
		}
		return ok && s.Wants(digestID)
	}
}

// pauseForRoom pauses an edition before its first message, since a ledger that fills up in the middle would
// leave deliveries in doubt.
func (p *Publisher) pauseForRoom(e ledger.EditionState, why string) (mailer.Summary, error) {
	sum := mailer.Summary{Recipients: e.Recipients, Paused: why}
	progress, err := p.Ledger.Deliveries.Progress(e.ID)
	if err != nil {
		return sum, err
	}
	counts := progress.Counts()
	sum.Pending, sum.Deferred, sum.Held = counts[digest.Pending], counts[digest.Deferred], counts[digest.Held]
	sum.InDoubt = counts[digest.InDoubt] + counts[digest.Intent] + sum.Held
	p.Log.Debug("delivery paused", "edition", e.ID, "reason", why)
	if e.Paused == why {
		return sum, nil
	}
	return sum, p.Ledger.Editions.Pause(e.ID, why)
}

// withdraw takes an edition back if nothing of it went out or is in doubt, and reports whether it did. One
// without stories has nothing to give back.
func (p *Publisher) withdraw(id string) (bool, error) {
	e, err := p.Ledger.Editions.Get(id)
	if err != nil || e.Withdrawn || e.Stories == 0 {
		return false, err
	}
	err = p.Ledger.Editions.Withdraw(id)
	if errors.Is(err, ledger.ErrBegun) {
		return false, nil
	}
	if err == nil {
		p.Log.Warn("edition withdrawn: nothing of it went out before the lane's next slot; its stories go into the next", "edition", id)
	}
	return err == nil, err
}

// templatesOf reads the messages of an edition's variants; nil where a variant has nothing to say.
func (p *Publisher) templatesOf(e ledger.EditionState) ([]*message.Template, error) {
	templates := make([]*message.Template, len(e.Variants))
	for i, v := range e.Variants {
		if v.Empty {
			continue
		}
		body, err := p.Ledger.Editions.Body(e.ID, i)
		if err != nil {
			return nil, err
		}
		templates[i] = new(message.Template)
		if err := templates[i].UnmarshalBinary(body); err != nil {
			return nil, fmt.Errorf("message of variant %d: %w", i, err)
		}
	}
	return templates, nil
}

// tokenKeys are the ledger's keys by their IDs.
func (p *Publisher) tokenKeys() (map[string]subscribers.TokenKey, error) {
	keys := map[string]subscribers.TokenKey{}
	for _, secret := range p.Ledger.Keys.Secrets() {
		key, err := subscribers.NewTokenKey(secret)
		if err != nil {
			return nil, err
		}
		keys[key.ID()] = key
	}
	return keys, nil
}

// deadline is the lane's next slot after an edition's: what is not delivered by then expires.
func (p *Publisher) deadline(e ledger.EditionState) (time.Time, error) {
	d, err := p.Composer.Config.Digest(e.Digest)
	if err != nil { // the digest has left the configuration; give_up alone ends its deliveries
		return time.Time{}, nil
	}
	slot, err := config.NextSlot(d, e.Lane(), e.Composed)
	return slot.At, err
}

// Shut counts the pauses in a row of a mail server that takes nothing more.
type Shut = mailer.Shut

// Owed is an edition that is not complete.
type Owed struct {
	Edition string
	Lane    digest.Lane
	Due     time.Time // when the first of its deliveries may go
	Paused  bool
}

// Owed are the editions that are not complete, but for those of paused digests.
func (p *Publisher) Owed() ([]Owed, error) {
	open, err := p.Ledger.Editions.Open()
	if err != nil {
		return nil, err
	}
	var all []Owed
	for _, e := range open {
		if err := paused(p.Ledger, e.Digest, p.Composer.Now()); errors.Is(err, ErrPaused) {
			continue
		} else if err != nil {
			return nil, err
		}
		due, err := p.Ledger.Deliveries.Due(e)
		if err != nil {
			return nil, err
		}
		// set by a clock that was wrong: none waits that long
		if due.Sub(p.Composer.Now()) > p.Composer.Config.Delivery.GiveUp {
			due = time.Time{}
		}
		all = append(all, Owed{Edition: e.ID, Lane: e.Lane(), Due: due, Paused: e.Paused != ""})
	}
	return all, nil
}

// Resume delivers what is still owed of all editions; at once, what the schedule of retry has put off goes too. One
// that fails keeps no other from going out.
func (p *Publisher) Resume(ctx context.Context, atOnce bool, watch Watch) ([]Published, error) {
	open, err := p.Ledger.Editions.Open()
	if err != nil {
		return nil, err
	}
	var all []Published
	var failed []error
	for _, e := range open {
		out := Published{Lane: digest.Lane{Digest: e.Digest, Zone: e.Zone},
			Slot: schedule.Slot{Wall: e.Wall, At: e.Slot}, Edition: e.ID}
		out.Stories, out.Delivery, err = p.deliver(ctx, e.ID, atOnce, watch)
		if err == nil {
			err = noteStop(p, &out)
		}
		if all = append(all, out); err != nil {
			failed = append(failed, fmt.Errorf("edition %s: %w", out.Edition, err))
		}
		if ctx.Err() != nil {
			break
		}
	}
	return all, errors.Join(failed...)
}

// noteStop says why nothing more of an edition goes out, where the operator or the next slot has stopped it.
func noteStop(p *Publisher, out *Published) error {
	e, err := p.Ledger.Editions.Get(out.Edition)
	switch {
	case err != nil:
		return err
	case e.Recalled != "":
		out.Reason = fmt.Sprintf("%s after %d had it", e.Recalled, e.Reached)
	case e.Withdrawn:
		out.Reason = "withdrawn, since nothing of it went out before the lane's next slot; its stories go into the next edition"
	case !e.Complete && errors.Is(paused(p.Ledger, e.Digest, p.Composer.Now()), ErrPaused):
		out.Reason = fmt.Sprintf("%v; `digestd resume %s` goes on", ErrPaused, e.Digest)
	}
	return nil
}
