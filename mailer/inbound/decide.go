package inbound

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"digestd/digest"
	"digestd/subscribers"
)

// Delivery is what a token of ours names.
type Delivery struct {
	Email   string
	Digest  string // id; empty in a token that stands for all digests
	Edition string // id; empty in a token outside of any edition
}

// ErrStranger is what a Find returns for a token that the ledger did not make, or whose edition it has forgotten.
var ErrStranger = errors.New("no token of this ledger")

// Find opens a token. The error is ErrStranger, or tells that the ledger can't be asked.
type Find func(Token) (Delivery, error)

// Decision is what follows from a report.
type Decision struct {
	Suppress []Suppression // nobody, where nothing follows
	Why      string        // in one sentence
	// Person says that somebody should read it: a request to leave that does not prove who asks, or a letter.
	Person bool
}

// Suppression is one that follows, with what the rule on many refusals in one domain needs to know.
type Suppression struct {
	digest.Suppression
	Edition string // that the bounce is about
	Status  string // of a bounce; empty otherwise
}

// Decide says what follows from a report:
//
//   - A bounce suppresses an address, of all digests, when it says that the mailbox does not exist (5.1.1, 5.1.10 where Exchange says it,
//     5.2.1) and nothing in it contradicts, and when it proves to be about a message of ours: it returns the
//     Message-ID, a link to leave, or the tagged reverse path of a delivery to that very address, which it names; or it
//     came to a tagged reverse path, and names either that address or nobody. A bounce that names others only does
//     not count, whatever it proves: that is how it looks when one of those behind an alias has gone.
//   - A complaint suppresses the address to which the complained-of message was sent, of all digests: who takes
//     one for spam wants none. It must return the Message-ID, a link to leave, or the tagged reverse path. Whom it
//     names does not matter; most providers black that out.
//   - A request to be unsubscribed suppresses (address, digest), with the token of the reader's own mail.
//   - Nothing follows from anything else.
func Decide(r Report, find Find) (Decision, error) {
	switch r.Kind {
	case Bounce:
		return decideBounce(r, find)
	case Complaint:
		return decideComplaint(r, find)
	case Unsubscribe:
		return decideUnsubscribe(r, find)
	}
	return Decision{Why: "nothing follows from " + article(r.Kind), Person: r.Letter}, nil
}

func article(k Kind) string {
	switch k {
	case Other:
		return "mail that is not about a delivery"
	case Notice:
		return "a report that is not a complaint"
	case Delivered:
		return "a notice of success"
	case Delay:
		return "a notice of delay: the mail is still being tried"
	case AutoReply:
		return "an automatic answer"
	case Receipt:
		return "a read receipt"
	}
	return "a " + string(k)
}

// named is a token of ours with the delivery that it names.
type named struct {
	Token
	Delivery
}

// ours are the tokens that are of our making, of those that are wanted. The error is the ledger's.
func (r Report) ours(find Find, wanted func(Token) bool) (found []named, err error) {
	for _, t := range r.Tokens {
		if !wanted(t) {
			continue
		}
		switch to, err := find(t); {
		case err == nil:
			found = append(found, named{t, to})
		case !errors.Is(err, ErrStranger):
			return nil, err
		}
	}
	return found, nil
}

// Ours reports whether something in the report is a token of ours, so that it is about a mail of ours, or asks about
// one. The error is the ledger's.
func (r Report) Ours(find Find) (bool, error) {
	found, err := r.ours(find, func(Token) bool { return true })
	return len(found) > 0, err
}

// isLeaving reports whether a token is one by which a reader leaves, not one that proves a delivery: it came with the
// request, and was not in a message that came back.
func isLeaving(t Token) bool { return t.Purpose == subscribers.ForUnsubscribe && t.Arrived }

func decideBounce(r Report, find Find) (Decision, error) {
	if why := r.harmless(); why != "" {
		return Decision{Why: why, Person: r.Letter}, nil
	}
	ours, err := r.ours(find, func(t Token) bool { return !isLeaving(t) })
	if err != nil {
		return Decision{}, err
	}
	var d Decision
	for _, to := range ours {
		if said, ok := r.gone(to.Email, to.Arrived); ok {
			d.add(to, "bounce", strings.TrimSpace(said.Status+" "+said.Words), said.Status)
		}
	}
	switch {
	case len(d.Suppress) > 0:
		d.Why = "the mailbox does not exist, and the bounce is about a mail of ours to it"
	case len(ours) > 0:
		d.Why = "it is about a mail of ours, but does not say that the mailbox to which that went is gone"
	default:
		d.Why = "it does not prove to be about a mail of ours: anybody could have written it"
	}
	return d, nil
}

// add suppresses the address of a delivery, of all digests, once.
func (d *Decision) add(to named, source, words, status string) {
	for _, s := range d.Suppress {
		if subscribers.Key(s.Email) == subscribers.Key(to.Email) {
			return
		}
	}
	d.Suppress = append(d.Suppress, Suppression{
		Suppression: digest.Suppression{Email: to.Email, Source: source, Words: words}, Edition: to.Edition,
		Status: status})
}

// harmless tells why a bounce suppresses nobody, whatever it proves; empty when it could.
func (r Report) harmless() string {
	if !r.Machine {
		return "no mail system speaks here: it may be quoted"
	}
	var status string
	for _, to := range r.Recipients {
		if to.Gone {
			return ""
		}
		if status == "" {
			status = to.Status
		}
	}
	if status == "" {
		return "it does not say that the mailbox does not exist"
	}
	return fmt.Sprintf("%s does not say that the mailbox does not exist", status)
}

// gone is what the report says of an address whose mailbox does not exist. Everything that it says of the address
// must say so. Where the report names nobody, it speaks of the address that its own address is tagged with.
func (r Report) gone(email string, arrived bool) (said Recipient, ok bool) {
	for _, to := range r.Recipients {
		if !to.Names(email) && !(arrived && to.Address == "") {
			continue
		}
		if !to.Gone {
			return to, false
		}
		said, ok = to, true
	}
	return said, ok
}

func decideComplaint(r Report, find Find) (Decision, error) {
	ours, err := r.ours(find, func(t Token) bool { return !isLeaving(t) && !t.Arrived })
	if err != nil {
		return Decision{}, err
	}
	var d Decision
	for _, to := range ours {
		d.add(to, "complaint", r.Words, "")
	}
	if d.Why = "the reader called a mail of ours spam"; len(d.Suppress) == 0 {
		d.Why = "it returns no mail of ours: anybody could have written it"
	}
	return d, nil
}

func decideUnsubscribe(r Report, find Find) (Decision, error) {
	ours, err := r.ours(find, isLeaving)
	if err != nil {
		return Decision{}, err
	}
	d := Decision{Person: len(ours) == 0}
	for _, to := range ours {
		d.Suppress = append(d.Suppress, Suppression{
			Suppression: digest.Suppression{Email: to.Email, Digest: to.Digest, Source: "mailto"}, Edition: to.Edition})
	}
	switch {
	case len(d.Suppress) > 0:
		d.Why = "the reader asks for it, with the token of their own mail"
	case slices.ContainsFunc(r.Tokens, isLeaving):
		d.Why = "its token is not one of this ledger"
	default:
		d.Why = "it carries no token, so it does not prove who asks: `digestd subscribers suppress ADDRESS` does it by hand"
	}
	return d, nil
}

// MightCount reports whether something would follow from the report, if what looks like tokens in it are some
// that a ledger made for the one it names.
func (r Report) MightCount() bool {
	d, err := Decide(r, func(Token) (Delivery, error) {
		for _, to := range r.Recipients {
			if to.Gone || r.Kind != Bounce {
				return Delivery{Email: to.Address}, nil
			}
		}
		return Delivery{}, nil
	})
	return err == nil && len(d.Suppress) > 0
}
