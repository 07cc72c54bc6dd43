package mailer

import (
	"context"
	"fmt"
	"slices"
	"time"

	"digestd/digest"
)

// A server that has lost its list of mailboxes calls everybody unknown, also in the middle of a run. So no reader fails
// for such words before it is known that the server tells one mailbox from another: another message was taken, or put
// off, after them. Where several in a row are closed, the server is asked for a reader who has the edition already, at
// RCPT and without a message.

// closedInARow is how many readers in a row may be called unknown where nobody has the edition yet, before the run
// pauses: old lists begin with those who left long ago.
const closedInARow = 40

// mostServed is of how many domains a reader is remembered who has the edition.
const mostServed = 1000

// asker is a connection that can be asked whether the other side takes mail for somebody, without a message.
type asker interface {
	Ask(from, to string) Outcome
}

// witnesses are readers who have the edition, and whom the server must know. The run's mutex guards them.
type witnesses struct {
	served     map[string]digest.Recipient // by domain
	servedLast string                      // the domain of the last one
	asking     bool                        // somebody asks for one
	noWitness  bool                        // there is none, or the transport can't be asked
}

// saw notes a reader who has the edition.
func (s *witnesses) saw(to digest.Recipient) {
	domain := domainOf(to.Email)
	if len(s.served) >= mostServed && s.servedLast != domain {
		delete(s.served, s.servedLast)
	}
	s.servedLast = domain
	s.served[domain] = to
}

// weighClosed decides what a row of closed mailboxes means, with a new one at its end. It reports whether the server is
// to be asked for a witness. Without any, further messages go one by one, to other domains if there are some.
func weighClosed(r *run, now time.Time, o Outcome) (ask bool) {
	n, again := closedIn(r.row.refused), 0
	for _, x := range r.row.refused {
		if x.again {
			again++
		}
	}
	switch {
	case n < refusalsInARow || r.asking:
	case !r.noWitness && r.counts[digest.Sent] > 0:
		r.asking = true
		return true
	case n-again >= closedInARow, r.probing && r.counts[digest.Sent] == 0 && r.stand(r.summary).Owed() < closedInARow:
		r.m.pace.retreat(now, o.String())
		r.pauseLocked(fmt.Sprintf("%s: %s", r.m.transport, inARow(n, o)))
	default:
		r.m.pace.probe(now, o.String())
	}
	return false
}

// askAgain takes readers out of a long row who were called unknown before the server took a message: it may just have
// found its list of mailboxes again. Each is tried once more.
func askAgain(q *queue, over []refused) []refused {
	if len(over) <= refusalsInARow {
		return over
	}
	return slices.DeleteFunc(over, func(x refused) bool {
		once := isClosed(x) && !x.again
		if once {
			x.again = true
			q.giveBack(x.item)
		}
		return once
	})
}

// askAtEnd asks for a witness where a run ends with more than one closed mailbox that nothing was taken after.
func askAtEnd(ctx context.Context, r *run) {
	ask := false
	r.locked(func() {
		ask = closedIn(r.row.refused) > 1 && r.summary.Paused == "" && r.err == nil && ctx.Err() == nil && !r.noWitness && r.counts[digest.Sent] > 0
		r.asking = ask
	})
	if w := (&worker{run: r}); ask && r.m.pace.takePlace(ctx) {
		w.ask(ctx)
		w.hangUp()
		r.m.pace.givePlace()
	}
}

// among is a reader who has the edition: of the domain of all closed mailboxes in the row, if it is one and there is
// such a reader, so that it is known of that domain.
func (s *witnesses) among(row []refused, q *queue) (to digest.Recipient, domain string, ok bool) {
	for _, x := range row {
		switch d := domainOf(x.to.Email); {
		case !isClosed(x) || d == domain:
		case domain != "":
			domain = "?" // several
		default:
			domain = d
		}
	}
	if to, ok = s.served[domain]; ok {
		return to, domain, true
	}
	if to, ok = s.served[s.servedLast]; !ok {
		to, ok = q.served()
	}
	return to, "", ok
}

// ask asks for a witness. If the server knows them, it is believed of those in the row; if not, the domain is set aside
// that refuses its own, or the run pauses. Other answers tell nothing.
func (w *worker) ask(ctx context.Context) {
	var to digest.Recipient
	var domain string
	var ok bool
	var tick int
	w.locked(func() { to, domain, ok = w.among(w.row.refused, w.q); tick = w.row.tick() })
	var o Outcome
	if ok && w.connect(ctx) {
		var by asker
		if by, ok = w.link.Conn.(asker); ok {
			if _, env, err := w.message(item{to: to}, false); err == nil {
				o = by.Ask(env.From, env.To)
			}
			w.link.sent++
			w.link.used = w.m.Now()
		}
	}
	var over []refused
	w.locked(func() {
		w.asking, w.noWitness = false, w.noWitness || !ok
		switch {
		case o.Result == Accepted:
			over = w.row.vouched(tick, isClosed)
			if w.m.pace.pass(w.m.Now(), w.trying) {
				w.domains.opened(false)
			}
		case !isClosed(refused{outcome: o}):
		case domain != "":
			w.domains.aside[domain] = fmt.Sprintf("not tried: %s calls unknown whom it took mail for: %s", domain, o)
			for _, x := range w.row.vouched(tick, isClosed) {
				w.q.giveBack(x.item)
			}
		default:
			w.m.pace.retreat(w.m.Now(), o.String())
			w.pauseLocked(fmt.Sprintf("%s calls readers unknown for whom it has just taken mail: %s", w.m.transport, o))
		}
	})
	w.settleRow(over, true)
	w.hangUpTired()
}
