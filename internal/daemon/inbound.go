package daemon

import (
	"errors"

	"digestd/digest"
	"digestd/internal/ledger"
	"digestd/mailer/inbound"
	"digestd/subscribers"
)

// Received is what became of a message that came back.
type Received struct {
	Why        string               // in one sentence
	Suppressed []digest.Suppression // who gets nothing any more of it
	Restored   []string             // who gets mail again: too many of their domain bounced alike to be believed
}

// Judge says what would follow from a report, and changes nothing.
func (p *Pipeline) Judge(r inbound.Report) (inbound.Decision, error) {
	return inbound.Decide(r, func(t inbound.Token) (inbound.Delivery, error) {
		d, err := p.Ledger.Resolve(t.Text, t.Purpose)
		switch {
		case err == nil:
			return inbound.Delivery{Email: d.To.Email, Digest: d.Edition.Digest, Edition: d.Edition.ID}, nil
		case errors.Is(err, subscribers.ErrToken) && t.Purpose == subscribers.ForUnsubscribe:
			return p.account(t.Text)
		case errors.Is(err, subscribers.ErrToken), errors.Is(err, ledger.ErrUnknown):
			return inbound.Delivery{}, inbound.ErrStranger
		}
		return inbound.Delivery{}, err
	})
}

// account finds the subscriber and digest that an account token names: one of a link that an operator handed out.
func (p *Pipeline) account(token string) (inbound.Delivery, error) {
	ref, err := p.Ledger.OpenToken(token, subscribers.ForAccount)
	if err != nil {
		return inbound.Delivery{}, inbound.ErrStranger
	}
	digests := []string{""}
	for _, d := range p.Config.Digests {
		digests = append(digests, d.ID)
	}
	s, id, ok := p.Config.Subscribers.Account(ref, digests)
	if !ok {
		return inbound.Delivery{}, inbound.ErrStranger
	}
	return inbound.Delivery{Email: s.Email, Digest: id}, nil
}

// Receive does what follows from a report. The same report twice is the same as once.
func (p *Pipeline) Receive(r inbound.Report) (Received, error) {
	decision, err := p.Judge(r)
	if err != nil {
		return Received{}, err
	}
	done := Received{Why: decision.Why}
	for _, s := range decision.Suppress {
		s.At = p.Now().UTC()
		if r.Kind != inbound.Bounce {
			if err := p.Ledger.Suppress(s.Suppression); err != nil {
				return Received{}, err
			}
			done.Suppressed = append(done.Suppressed, s.Suppression)
			p.Log.Info("address suppressed", "email", s.Email, "digest", s.Digest, "source", s.Source)
			continue
		}
		kept, restored, err := p.Ledger.SuppressBounced(s.Edition, s.Status, s.Suppression)
		if err != nil {
			return Received{}, err
		}
		if !kept {
			done.Restored = append(done.Restored, restored...)
			done.Why = "too many addresses of its domain bounced like it out of one edition to be believed"
			p.Log.Warn("bounces are not believed: too many addresses of one domain are said not to exist", "edition", s.Edition,
				"status", s.Status, "email", s.Email, "words", s.Words, "restored", restored)
			continue
		}
		done.Suppressed = append(done.Suppressed, s.Suppression)
		p.Log.Warn("address suppressed: the mailbox does not exist", "email", s.Email, "words", s.Words)
	}
	return done, nil
}
