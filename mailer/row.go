package mailer

import (
	"context"
	"fmt"
	"slices"
	"time"

	"digestd/digest"
)

// refused is a delivery that was refused for what may not be its reader's fault. It stands in the ledger as deferred, and due
// at once, so that a kill costs it nothing.
type refused struct {
	item
	outcome Outcome
	at      int // in ticks of the run
}

// tick counts a message that begins.
func (r *run) tick() int {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.ticks++
	return r.ticks
}

// vouched takes those out of the row that were refused before a message was begun that was taken: the server was not refusing
// everybody then. What was taken while they were refused tells nothing, since the server may just have begun to.
func (r *run) vouched(begun int) (over []refused) {
	r.row = slices.DeleteFunc(r.row, func(x refused) bool {
		if x.at < begun {
			over = append(over, x)
		}
		return x.at < begun
	})
	return over
}

// weigh decides what a row of refusals means, with a new one at its end. A server that refuses everybody pauses the run,
// or slows it when it refuses for now; those in the row are tried again then. When all of them are of one domain, a message to
// another one tells whether it is that domain's own refusal.
func (r *run) weigh(now time.Time, domain string, o Outcome, trying bool) {
	everybody := trying && (r.probing || o.Verdict.Permanent && len(r.row) > 1)
	if len(r.row) < refusalsInARow && !everybody && (!trying || o.Verdict.Permanent) {
		return
	}
	one, permanent := true, false
	for _, x := range r.row {
		one = one && domainOf(x.to.Email) == domain
		permanent = permanent || x.outcome.Verdict.Permanent
	}
	switch {
	case !trying && one && r.doubt(now, domain, o):
	case everybody || permanent:
		r.m.pace.retreat(now, o.String())
		r.pauseLocked(fmt.Sprintf("%s: %d refusals in a row, the last at %s", r.m.transport, len(r.row), o))
	default:
		r.takeBack()
		r.tooFast(now, domain, o, trying)
	}
}

// doubtful is after how many refusals of one domain, in a server that goes on slowly, another domain is asked.
const doubtful = 3

// tooFast slows the run down. It pauses it when a try shows that the server takes nothing, or nothing for long.
func (r *run) tooFast(now time.Time, domain string, o Outcome, trying bool) {
	if trying && r.doubted != "" { // the other one is refused as well
		r.doubted, r.cleared = "", true
	} else if trying && r.blamed[domain] >= doubtful && !r.probing && r.doubt(now, domain, o) {
		return
	}
	shut := r.m.pace.tooFast(now, trying, o.String())
	if trying && (o.Verdict.Permanent || r.probing) || shut > patience {
		r.m.pace.retreat(now, o.String())
		r.pauseLocked(fmt.Sprintf("%s takes nothing more for the moment: %s", r.m.transport, o))
	}
}

// doubt lets the next message be one to another domain, at once, and nothing else begin before its answer: it tells whether a
// refusal is the server's or that domain's. It reports false when there is no such message, or the answer is known.
func (r *run) doubt(now time.Time, domain string, o Outcome) bool {
	if r.cleared {
		return false
	}
	if !r.q.hasOther(now, map[string]bool{domain: true}) {
		return r.others(domain) // which are under way, and will tell
	}
	r.doubted = domain
	r.m.pace.close(now, o.String())
	return true
}

// fly notes that a message to a domain is under way, or is no longer.
func (r *run) fly(domain string, n int) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.flying[domain] += n; r.flying[domain] == 0 {
		delete(r.flying, domain)
	}
}

// others reports whether messages to other domains are under way.
func (r *run) others(domain string) bool {
	return len(r.flying) > 1 || len(r.flying) == 1 && r.flying[domain] == 0
}

// opened notes that a try was answered: sent tells that it was taken.
func (r *run) opened(sent bool) {
	domain := r.doubted
	r.doubted, r.cleared = "", false
	if domain == "" || !sent {
		return
	}
	if r.proven[domain]++; r.proven[domain] > 1 || r.blamed[domain] >= refusalsInARow {
		r.blamed[domain] = max(r.blamed[domain], refusalsInARow)
		r.setAside(domain, r.m.pace.reason())
	}
}

// takeBack lets those in the row be tried again.
func (r *run) takeBack() {
	for _, x := range r.row {
		r.q.putBack(x.item)
	}
	r.row = nil
}

// setAside lets nothing go to a domain any more in this run, if it has refused too many while others took some.
func (r *run) setAside(domain, words string) {
	if r.blamed[domain] < refusalsInARow || r.aside[domain] != "" {
		return
	}
	r.aside[domain] = fmt.Sprintf("not tried: %s refuses everybody, the last at %s", domain, words)
	r.m.log.Warn("a domain refuses all of its readers; the others go on", "domain", domain, "words", words)
}

// asideFor is why nothing goes to a domain in this run; empty when something does.
func (r *run) asideFor(domain string) string {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.aside[domain]
}

// blame notes domains that have refused something in the run before.
func (r *run) blame(domains []string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	for _, domain := range domains {
		r.blamed[domain] = 1
	}
}

// avoid are the domains to which a message that tries should not go.
func (r *run) avoid() map[string]bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	all := map[string]bool{}
	if r.doubted != "" {
		all[r.doubted] = true
	}
	for domain := range r.blamed {
		all[domain] = all[domain] || r.probing
	}
	return all
}

// leftRow is the row at the end of a run. One that pauses or ends early leaves those in it as they are: due at once.
func (r *run) leftRow(ctx context.Context) []refused {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.summary.Paused != "" || ctx.Err() != nil || r.err != nil {
		r.takeBack()
	}
	over := r.row
	r.row = nil
	return over
}

// settleRow brings refusals to what they are when the server serves others. Where none was served, who was refused for the
// first time has another try.
func (r *run) settleRow(row []refused, served bool) {
	var events []digest.Event
	for i, x := range row {
		e := x.last
		if e.State = settled(x.outcome, x.before); e.State == digest.Failed && !served && !refusedBefore(x.before) {
			e.State = digest.Deferred
		}
		if e.At = r.m.Now(); e.State == digest.Failed {
			e.Due = time.Time{}
		} else {
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
		if r.count(x.to, x.last, x.outcome.Verdict); !x.last.State.Final() {
			r.q.putBack(x.item)
		}
		r.report(x.to, x.last)
	}
}
