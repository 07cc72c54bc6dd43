package mailer

import (
	"context"
	"fmt"
	"slices"
	"time"

	"digestd/digest"
	"digestd/mailer/refusal"
)

// refused is a delivery that was refused for what may not be its reader's fault. It stands in the ledger as deferred,
// and due at once, so that a kill costs it nothing.
type refused struct {
	item
	outcome Outcome
	at      int // in ticks of the row
}

// row is the refusals in a row of which it is not known whose fault they are. The run's mutex guards it.
type row struct {
	refused []refused
	ticks   int // messages begun and refusals, in their order
}

// tick counts a message that begins.
func (w *row) tick() int {
	w.ticks++
	return w.ticks
}

// add puts a refusal at the end of the row.
func (w *row) add(it item, o Outcome) refused {
	x := refused{it, o, w.tick()}
	w.refused = append(w.refused, x)
	return x
}

// vouched takes refusals of a kind out of the row that came before the message that was taken now had begun: the server
// was not refusing everybody then. A message that was under way when they came tells nothing of them: the server may
// just have begun to refuse.
func (w *row) vouched(begun int, of func(refused) bool) (over []refused) {
	w.refused = slices.DeleteFunc(w.refused, func(x refused) bool {
		out := x.at < begun && of(x)
		if out {
			over = append(over, x)
		}
		return out
	})
	return over
}

// isClosed tells a refusal for good that is about the mailbox, and anyRefusal takes all.
func isClosed(x refused) bool {
	return x.outcome.Verdict.About == refusal.Mailbox && x.outcome.Verdict.Permanent
}
func anyRefusal(refused) bool { return true }

// closedIn counts the closed mailboxes of a row.
func closedIn(row []refused) (n int) {
	for _, x := range row {
		if isClosed(x) {
			n++
		}
	}
	return n
}

// takeBack lets those in the row be tried again.
func (w *row) takeBack(q *queue) {
	for _, x := range w.refused {
		q.giveBack(x.item)
	}
	w.refused = nil
}

// weigh decides what a row of refusals means that are not about mailboxes, with a new one at its end. A server that
// refuses everybody pauses the run, or slows it when it refuses for now; those in the row are tried again then. When
// all of them are of one domain, a message to another one tells whether it is that domain's own refusal.
func (r *run) weigh(now time.Time, domain string, o Outcome, trying bool) {
	row := slices.DeleteFunc(slices.Clone(r.row.refused), isClosed)
	everybody := trying && (r.probing || o.Verdict.Permanent && len(row) > 1)
	if len(row) < refusalsInARow && !everybody && (!trying || o.Verdict.Permanent) {
		return
	}
	one, permanent := true, false
	for _, x := range row {
		one = one && domainOf(x.to.Email) == domain
		permanent = permanent || x.outcome.Verdict.Permanent
	}
	switch {
	case !trying && one && r.domains.doubt(r.q, now, domain, o):
	case everybody || permanent:
		r.m.pace.retreat(now, o.String())
		r.pauseLocked(fmt.Sprintf("%s: %s", r.m.transport, inARow(len(row), o)))
	default:
		r.row.takeBack(r.q)
		r.tooFast(now, domain, o, trying)
	}
}

// inARow tells of refusals in a row, of which o is the last.
func inARow(n int, o Outcome) string {
	if n == 1 {
		return "refused " + o.String()
	}
	return fmt.Sprintf("%d refusals in a row, the last %s", n, o)
}

// doubtful is after how many refusals of one domain, in a server that goes on slowly, another domain is asked.
const doubtful = 3

// tooFast slows the run down. It pauses it when a try shows that the server takes nothing, or nothing for long.
func (r *run) tooFast(now time.Time, domain string, o Outcome, trying bool) {
	if trying && r.domains.doubted != "" { // the other one is refused as well
		r.domains.doubted, r.domains.cleared = "", true
	} else if trying && r.domains.blamed[domain] >= doubtful && !r.probing && r.domains.doubt(r.q, now, domain, o) {
		return
	}
	if wait := r.m.pace.tooFast(now, trying, o.Verdict.Permanent, o.String()); trying && r.probing || !wait {
		r.m.pace.retreat(now, o.String())
		r.pauseLocked(fmt.Sprintf("%s takes nothing more for the moment: %s", r.m.transport, o))
	}
}

// allClosed reports whether a row has five closed mailboxes, or all that are owed something are unknown in it, and more
// than one is.
func allClosed(row []refused, owed int) bool {
	unknown := 0
	for _, x := range row {
		if x.outcome.Verdict.Gone {
			unknown++
		}
	}
	return closedIn(row) >= refusalsInARow || unknown > 1 && unknown >= owed
}

// leftRow is the row at the end of a run. One that pauses or ends early leaves those in it as they are: due at once. It
// pauses where nobody of the edition was served and the server wants none of it, or calls several readers closed: on a
// short list no row becomes long.
func (r *run) leftRow(ctx context.Context) []refused {
	r.mu.Lock()
	defer r.mu.Unlock()
	if n := len(r.row.refused); n > 0 && r.counts[digest.Sent] == 0 && ctx.Err() == nil && r.err == nil &&
		(allClosed(r.row.refused, r.stand(r.summary).Owed()) || !slices.ContainsFunc(r.row.refused, func(x refused) bool { return !ofNobody(x.outcome) })) {
		last := r.row.refused[n-1].outcome
		r.m.pace.retreat(r.m.Now(), last.String())
		r.pauseLocked(fmt.Sprintf("%s takes nothing of it: %s", r.m.transport, last))
	}
	if r.summary.Paused != "" || ctx.Err() != nil || r.err != nil {
		r.row.takeBack(r.q)
	}
	over := r.row.refused
	r.row.refused = nil
	return over
}

// settleRow brings refusals to what they are when the server serves others. Where none was served, who was refused for
// the first time has another try. Who met a moment of load goes again at once, a few times.
func (r *run) settleRow(row []refused, served bool) {
	doubtful := !served && closedIn(row) >= refusalsInARow
	var events []digest.Event
	for i, x := range row {
		e := x.last
		if e.State = settled(x.outcome, x.before); e.State == digest.Failed && !served &&
			x.outcome.Verdict.About != refusal.Mailbox && !refusedBefore(x.before) {
			e.State = digest.Deferred
		}
		switch e.At = r.m.Now(); {
		case e.State == digest.Failed:
			e.Due = time.Time{}
		case served && ofLoad(x.outcome) && x.tries < maxTries-1:
			e.Due = e.At
			row[i].tries++
		default:
			e = r.later(e)
		}
		events = append(events, e)
		row[i].last = e
	}
	if len(events) == 0 {
		return
	}
	if err := r.m.ledger.Record(context.Background(), r.job.Edition, events); err != nil {
		r.fail(err)
		return
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	for _, x := range row {
		r.move(digest.Deferred, x.last.State)
		if doubtful {
			r.unsure = true
		} else {
			r.count(x.to, x.last, x.outcome.Verdict)
		}
		if !x.last.State.Final() {
			r.q.putBack(x.item)
		}
		r.q.settled(x.to.Index)
		r.report(x.to, x.last)
	}
}
