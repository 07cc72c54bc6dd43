package mailer

import (
	"digestd/digest"
	"digestd/mailer/smtp"
	"digestd/subscribers"
)

// unknown is a recipient whose mailbox does not exist, as the server says.
type unknown struct {
	digest.Suppression
	domain, status string
}

// count remembers mailboxes that don't exist.
func (r *run) count(to digest.Recipient, e digest.Event, reply smtp.Reply) {
	if e.State != digest.Failed || reply.Stage != smtp.Rcpt {
		return
	}
	if subscribers.NoSuchMailbox(reply.Status) {
		r.unknown = append(r.unknown, unknown{
			Suppression: digest.Suppression{Email: to.Email, Source: "rcpt", Words: e.Words, At: e.At},
			domain:      domainOf(to.Email), status: reply.Status,
		})
	}
}

// suppressUnknown keeps further mail from mailboxes that don't exist, now that the run has ended and it is known
// that no server refused too many to be believed.
func (r *run) suppressUnknown() error {
	type group struct{ domain, status string }
	groups := map[group]int{}
	for _, u := range r.unknown {
		groups[group{u.domain, u.status}]++
	}
	for _, u := range r.unknown {
		if groups[group{u.domain, u.status}] > subscribers.MaxUnknown {
			continue
		}
		if err := r.m.ledger.Suppress(u.Suppression); err != nil {
			return err
		}
		r.m.log.Warn("address suppressed: the mailbox does not exist", "email", u.Email, "words", u.Words)
	}
	return nil
}
