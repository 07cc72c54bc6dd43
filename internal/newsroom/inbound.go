package newsroom

import (
	"errors"
	"log/slog"
	"time"

	"digestd/digest"
	"digestd/internal/config"
	"digestd/internal/ledger"
	"digestd/mailer/inbound"
	"digestd/subscribers"
)

// Receiver understands what came back as what a reader or a mail server wants.
type Receiver struct {
	Config *config.Config
	Ledger *ledger.Ledger
	Now    func() time.Time
	Log    *slog.Logger
}

// Received is what became of a message that came back.
type Received struct {
	Why        string               // in one sentence
	Suppressed []digest.Suppression // who gets nothing any more of it
	Restored   []string             // who gets mail again: too many of their domain bounced alike to be believed
}

// Judge says what would follow from a report, and changes nothing.
func (r *Receiver) Judge(report inbound.Report) (inbound.Decision, error) {
	return inbound.Decide(report, func(t inbound.Token) (inbound.Delivery, error) {
		d, err := r.Ledger.Resolve(t.Text, t.Purpose)
		switch {
		case err == nil:
			return inbound.Delivery{Email: d.To.Email, Digest: d.Edition.Digest, Edition: d.Edition.ID}, nil
		case errors.Is(err, subscribers.ErrToken) && t.Purpose == subscribers.ForUnsubscribe:
			return r.account(t.Text)
		case errors.Is(err, subscribers.ErrToken), errors.Is(err, ledger.ErrUnknown):
			return inbound.Delivery{}, inbound.ErrStranger
		}
		return inbound.Delivery{}, err
	})
}

// account finds the subscriber and digest that an account token names: one of a link that an operator handed out.
func (r *Receiver) account(token string) (inbound.Delivery, error) {
	ref, err := r.Ledger.Keys.Open(token, subscribers.ForAccount)
	if err != nil {
		return inbound.Delivery{}, inbound.ErrStranger
	}
	digests := []string{""}
	for _, d := range r.Config.Digests {
		digests = append(digests, d.ID)
	}
	s, id, ok := r.Config.Subscribers.Account(ref, digests)
	if !ok {
		return inbound.Delivery{}, inbound.ErrStranger
	}
	return inbound.Delivery{Email: s.Email, Digest: id}, nil
}

// Receive does what follows from a report. The same report twice is the same as once.
func (r *Receiver) Receive(report inbound.Report) (Received, error) {
	decision, err := r.Judge(report)
	if err != nil {
		return Received{}, err
	}
	done := Received{Why: decision.Why}
	for _, s := range decision.Suppress {
		s.At = r.Now().UTC()
		if report.Kind != inbound.Bounce {
			if err := r.Ledger.Readers.Suppress(s.Suppression); err != nil {
				return Received{}, err
			}
			done.Suppressed = append(done.Suppressed, s.Suppression)
			r.Log.Info("address suppressed", "email", s.Email, "digest", s.Digest, "source", s.Source)
			continue
		}
		kept, restored, err := r.Ledger.Readers.SuppressBounced(s.Edition, s.Status, s.Suppression)
		if err != nil {
			return Received{}, err
		}
		if !kept {
			done.Restored = append(done.Restored, restored...)
			done.Why = "too many addresses of its domain bounced like it out of one edition to be believed"
			r.Log.Warn("bounces are not believed: too many addresses of one domain are said not to exist", "edition", s.Edition,
				"status", s.Status, "email", s.Email, "words", s.Words, "restored", restored)
			continue
		}
		done.Suppressed = append(done.Suppressed, s.Suppression)
		r.Log.Warn("address suppressed: the mailbox does not exist", "email", s.Email, "words", s.Words)
	}
	return done, nil
}
