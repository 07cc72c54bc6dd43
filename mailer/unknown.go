package mailer

import (
	"digestd/digest"
	"digestd/mailer/refusal"
	"digestd/subscribers"
)

// unknown is a recipient whose mailbox does not exist, as the server says.
type unknown struct {
	digest.Suppression
	domain, status string
}

// count remembers mailboxes that don't exist.
func (r *run) count(to digest.Recipient, e digest.Event, v refusal.Verdict) {
	if e.State != digest.Failed || e.Stage != atRcpt || !v.Gone {
		return
	}
	r.unknown = append(r.unknown, unknown{
		Suppression: digest.Suppression{Email: to.Email, Source: "rcpt", Words: e.Words, At: e.At},
		domain:      domainOf(to.Email), status: v.Status,
	})
}

// recount remembers those of runs that died before their end, when they would have been suppressed, and of other
// senders.
func (r *run) recount() error {
	failures, err := r.m.ledger.Failures(r.job.Edition)
	if err != nil {
		return err
	}
	for _, e := range failures {
		to, err := recipientsAt(r.m.ledger, r.job.Edition, e.Index)
		if err != nil {
			return err
		}
		r.count(to[0], e, refusal.Judge(e.Stage, e.Code, e.Words, to[0].Email))
	}
	return nil
}

// suppressUnknown keeps further mail from mailboxes that don't exist, now that the run has ended and it is known
// that no server refused too many to be believed, in one domain or in a row.
func (r *run) suppressUnknown() error {
	if r.unsure && !r.lots.whole {
		return nil
	}
	if !r.lots.whole { // others had their part of them: whoever is the last tells
		if r.unknown = nil; !r.lots.alone() {
			return nil
		}
		if err := r.recount(); err != nil {
			return err
		}
	}
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
