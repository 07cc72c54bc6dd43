package newsroom

import (
	"context"
	"errors"
	"log/slog"
	"time"

	"digestd/digest"
	"digestd/internal/config"
	"digestd/internal/ledger"
	"digestd/mailer/inbound"
	"digestd/mailer/letters"
	"digestd/mailer/mailbox"
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
	Person     bool                 // somebody should read it
}

// Judge says what would follow from a report, and changes nothing.
func (r *Receiver) Judge(report inbound.Report) (inbound.Decision, error) {
	return inbound.Decide(report, r.find(report))
}

// find opens the tokens of a report.
func (r *Receiver) find(report inbound.Report) inbound.Find {
	return func(t inbound.Token) (inbound.Delivery, error) {
		purposes := []subscribers.Purpose{t.Purpose}
		if t.Purpose == subscribers.ForUnsubscribe {
			purposes = append(purposes, subscribers.ForAccount)
		}
		d, err := r.Ledger.Reader(t.Text, r.Config.Readers(), r.Config.DigestIDs(), purposes...)
		// A bounce of an edition that the ledger has lost can't be counted among those of its edition.
		if errors.Is(err, subscribers.ErrToken) || errors.Is(err, ledger.ErrUnknown) ||
			err == nil && report.Kind == inbound.Bounce && d.Edition.ID == "" {
			err = inbound.ErrStranger
		}
		id := r.Config.NowCalled(d.Edition.Digest)
		if id == ledger.AskingDigest { // who is asked whether they want anything wants nothing
			id = ""
		}
		return inbound.Delivery{Email: d.To.Email, Digest: id, Edition: d.Edition.ID}, err
	}
}

// Receive does what follows from a report. The same report twice is the same as once.
func (r *Receiver) Receive(report inbound.Report) (Received, error) {
	decision, err := r.Judge(report)
	if err != nil {
		return Received{}, err
	}
	done := Received{Why: decision.Why, Person: decision.Person}
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
			r.Log.Warn("bounces are not believed: too many addresses of one domain are said not to exist",
				"edition", s.Edition, "status", s.Status, "email", s.Email, "words", s.Words, "restored", restored)
			continue
		}
		done.Suppressed = append(done.Suppressed, s.Suppression)
		r.Log.Warn("address suppressed: the mailbox does not exist", "email", s.Email, "words", s.Words)
	}
	return done, nil
}

// Mailbox is where mail comes back to, as mailbox.Box has it.
type Mailbox interface {
	Read(ctx context.Context, take func(raw []byte) (understood bool, err error)) (mailbox.Pass, error)
}

// Understood counts what came of a pass over a mailbox.
type Understood struct {
	mailbox.Pass
	Kinds      map[inbound.Kind]int
	Suppressed []digest.Suppression
	Restored   []string
}

// ReadMailbox does what follows from the messages that came since the last pass. It may be the mailbox of a person, who
// has bounces and letters of their own: of those that ask for nothing, what is about a mail of ours is understood, and
// all else stays. Requests to leave that a person must see to are kept as letters, and understood.
func (r *Receiver) ReadMailbox(ctx context.Context, box Mailbox) (Understood, error) {
	sum := Understood{Kinds: map[inbound.Kind]int{}}
	pass, err := box.Read(ctx, func(raw []byte) (bool, error) {
		report := inbound.Parse(raw)
		sum.Kinds[report.Kind]++
		if report.Letter {
			return false, nil
		}
		if report.Kind != inbound.Unsubscribe {
			if ours, err := report.Ours(r.find(report)); !ours || err != nil {
				return false, err
			}
		}
		got, err := r.Receive(report)
		if err == nil && got.Person {
			err = r.KeepLetter(ctx, report, raw)
		}
		if err != nil {
			return false, err
		}
		sum.Suppressed = append(sum.Suppressed, got.Suppressed...)
		sum.Restored = append(sum.Restored, got.Restored...)
		return true, nil
	})
	sum.Pass = pass
	return sum, err
}

// KeepLetter puts a message where a person reads it.
func (r *Receiver) KeepLetter(ctx context.Context, report inbound.Report, raw []byte) error {
	leaves := report.Kind == inbound.Unsubscribe
	if leaves {
		r.Log.Warn("somebody asks to leave, and it is not proven who: a person must see to it",
			"letters", r.Config.Mail.Letters, "subject", report.Words)
	}
	return letters.Keep(ctx, r.Config.Mail.Letters, raw, leaves)
}
