package mailer

import (
	"context"
	"fmt"
	"log/slog"
	"sync"
	"time"

	"digestd/digest"
	"digestd/mailer/refusal"
)

// logEvery is how long the log may say nothing of a run that goes well.
const logEvery = time.Minute

// refusalsInARow without a success pause a run: the fault is then hardly that of the readers. As many of one domain,
// when others are served, set that domain aside.
const refusalsInARow = 5

// Deliver brings an edition to all who can get it now, and returns when nothing more can go: all is
// delivered, what is left is due later, or the run paused (Summary.Paused). When ctx ends, the messages
// in flight are finished and none is begun. The error is the ledger's; nothing goes out without it.
func (m *Mailer) Deliver(ctx context.Context, job Job) (Summary, error) {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	r := &run{m: m, job: job, cancel: cancel, logged: m.Now(), domains: newDomains(m.pace, m.log),
		probing: job.Paused != ""}
	r.q, r.lots = newQueue(m.ledger, job.Edition, m.domains), &lots{run: r}
	r.witnesses = witnesses{served: map[string]digest.Recipient{}}
	r.fail(r.lots.refresh())
	for r.nothing() && r.lots.more(ctx, r.q.had()) { // until there is something to go
	}
	if job.Paused != "" && r.err == nil && r.summary.Lots > 0 {
		m.pace.probe(m.Now(), job.Paused)
		for _, domain := range r.q.refused(m.Now()) {
			r.domains.blamed[domain] = 1
		}
	}
	var workers sync.WaitGroup
	if !r.nothing() && r.err == nil {
		for range min(m.options.Connections, r.owed()) {
			workers.Go(func() { (&worker{run: r}).deliverAll(ctx) })
		}
	}
	workers.Wait()
	askAtEnd(ctx, r)
	for _, l := range r.links.older(m.Now().Add(2 * longIdle)) {
		l.Close()
		m.pace.hungUp()
	}
	r.settleRow(r.leftRow(ctx), r.taken() > 0)
	if r.ends = r.job.Until; !r.q.first().IsZero() {
		r.ends = r.limit(r.q.first())
	}
	if r.err == nil && r.overdue() {
		r.fail(r.lots.expire(ctx))
	}
	r.lots.giveAll()
	if r.err == nil {
		r.fail(r.suppressUnknown())
	}
	if r.err == nil && r.owed() == 0 {
		r.fail(m.ledger.Finish(job.Edition))
	}
	s := r.end()
	level := slog.LevelInfo
	if s.Paused != "" && s.Sent+s.Failed+s.Suppressed+s.Expired+s.Nothing+s.Withdrawn == 0 { // one outage is one line, of whoever called
		level = slog.LevelDebug
	}
	what := "edition delivered as far as it can be now"
	switch {
	case s.Paused != "":
		what = "edition paused"
	case ctx.Err() != nil: // by a signal, or by an operator who pauses the digest or takes the edition back
		what = "edition stopped on its way"
	}
	m.log.Log(context.Background(), level, what, "edition", job.Edition, "sent", s.Sent,
		"deferred", s.Deferred, "failed", s.Failed, "in_doubt", s.InDoubt, "suppressed", s.Suppressed,
		"expired", s.Expired, "pending", s.Pending, "paused", s.Paused != "", "slowed", s.Slowed)
	if r.err != nil {
		return s, fmt.Errorf("deliver %s: %w", job.Edition, r.err)
	}
	return s, nil
}

// run is one call of Deliver.
type run struct {
	m      *Mailer
	job    Job
	q      *queue
	cancel context.CancelFunc // ends the run: no message is begun any more

	links links

	lots *lots

	mu       sync.Mutex
	counts   [digest.States]int // of deliveries
	summary  Summary
	accepted int
	row      row
	domains  domains
	witnesses
	silent  int  // messages in a row that were not answered
	dropped int  // connections in a row that ended under a message
	probing bool // the run was paused, and nothing was taken since
	opened  bool // something was, and nobody was told yet
	unknown []unknown
	unsure  bool      // some failed of whom nobody knows whether the server says the same of everybody
	logged  time.Time // when the log last said how it goes
	ends    time.Time // when the first of what is owed does
	err     error
}

// judge makes the event of an outcome, and says what else it means.
func (r *run) judge(it item, intent digest.Event, o Outcome) (digest.Event, effect) {
	var v verdict
	r.locked(func() {
		if v = classify(o, it.tries, r.accepted > 0); o.Verdict.Crowd && v.effect == tooFast && r.m.pace.crowded(r.m.Now(), o.String()) {
			v.effect = again
		}
	})
	e := intent
	e.State, e.At, e.Due = v.state, r.m.Now(), time.Time{}
	e.Stage, e.Code, e.Words = o.Stage, o.Code, o.Words
	switch e.State {
	case digest.Deferred:
		if v.effect == stop || v.effect == suspect ||
			v.effect == again && it.tries < maxTries-1 || v.effect == tooFast && it.tries < maxTooFast-1 {
			e.Due = e.At
			break
		}
		// Attempts that followed at once were no waits: else a moment of 421s would use up the schedule.
		e = r.later(e)
	case digest.InDoubt:
		at, ok := due(r.m.options.Retry, 1, r.m.Jitter(), e.At, r.limit(e.First))
		switch {
		case r.m.options.InDoubt == Hold:
			e.State, e.Words = digest.Held, heldWords("in_doubt is \"hold\"", e)
		case e.Doubts > 0:
			e.State, e.Words = digest.Held, heldWords("it was in doubt before", e)
		case !ok:
			e.State, e.Words = digest.Held, heldWords("it is too late to send it again", e)
		default:
			e.Due = at
		}
	}
	return e, v.effect
}

// later puts a delivery off by one wait of the schedule, or ends it when there is no time for that.
func (r *run) later(e digest.Event) digest.Event {
	now := r.m.Now()
	e.Waits++
	at, ok := due(r.m.options.Retry, e.Waits, r.m.Jitter(), now, r.limit(e.First))
	if e.Due = at; !ok {
		e.State, e.Due = digest.Expired, time.Time{}
	}
	return e
}

// noteOutcome notes what a delivery came to, and lets the run go on, slow down, pause or stop. It returns the refusals
// of which it is known now that they are not those of a server that refuses everybody, and whether the server is to be
// asked for a reader whom it knows.
func (r *run) noteOutcome(it item, e digest.Event, o Outcome, f effect, trying bool) (over []refused, ask bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.move(it.before.State, e.State)
	defer r.report(it.to, e)
	now, where := r.m.Now(), ""
	if r.summary.Tried++; o.Result != Accepted {
		where = r.m.transport.String() + ": "
		r.summary.Refusal = where + o.String()
	}
	switch f {
	case goOn:
		if r.m.pace.pass(now, trying) {
			r.domains.opened(e.State == digest.Sent)
		}
		if e.State != digest.Sent { // it tells one mailbox from another
			over = r.row.vouched(it.begun, isClosed)
			break
		}
		r.m.pace.more(now)
		r.accepted++
		r.opened = r.opened || r.probing
		r.silent, r.dropped, r.probing = 0, 0, false
		r.saw(it.to)
		delete(r.domains.blamed, domainOf(it.to.Email))
		over = askAgain(r.q, r.row.vouched(it.begun, anyRefusal))
		for _, x := range over {
			r.domains.setAside(domainOf(x.to.Email), x.outcome.String())
		}
	case stop:
		r.pauseLocked(where + o.String())
	case again:
		if o.Verdict.About == refusal.Session {
			break
		}
		if r.dropped++; r.dropped >= refusalsInARow*r.m.options.Connections {
			r.pauseLocked(fmt.Sprintf("%s%d connections in a row ended before a message was through, the last %s",
				where, r.dropped, o))
		}
	case streak:
		if r.silent++; r.silent >= refusalsInARow {
			r.pauseLocked(where + inARow(r.silent, o))
		}
	case tooFast:
		r.domains.blamed[domainOf(it.to.Email)]++
		r.tooFast(now, domainOf(it.to.Email), o, trying)
	case suspect:
		x := r.row.add(it, o)
		if isClosed(x) {
			return nil, weighClosed(r, now, o)
		}
		r.domains.blamed[domainOf(it.to.Email)]++
		r.weigh(now, domainOf(it.to.Email), o, trying)
	}
	return over, false
}

// locked does something with what the workers share.
func (r *run) locked(do func()) {
	r.mu.Lock()
	defer r.mu.Unlock()
	do()
}

// ended notes a delivery that ended without a message.
func (r *run) ended(it item, e digest.Event) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.move(it.last.State, e.State)
	r.report(it.to, e)
}

func (r *run) move(from, to digest.State) {
	r.counts[from]--
	r.counts[to]++
	r.tally(to)
}

// tally counts what this run brings to an end.
func (r *run) tally(s digest.State) {
	switch s {
	case digest.Sent:
		r.summary.Sent++
	case digest.Failed:
		r.summary.Failed++
	case digest.Suppressed:
		r.summary.Suppressed++
	case digest.Expired:
		r.summary.Expired++
	case digest.Nothing:
		r.summary.Nothing++
	case digest.Withdrawn:
		r.summary.Withdrawn++
	}
}

func (r *run) report(to digest.Recipient, e digest.Event) {
	level, what := slog.LevelDebug, "delivery"
	switch e.State {
	case digest.Failed, digest.Expired, digest.Held:
		level, what = slog.LevelWarn, "delivery failed"
	case digest.InDoubt:
		level, what = slog.LevelWarn, "delivery in doubt"
	}
	if ctx := context.Background(); r.m.log.Enabled(ctx, level) {
		r.m.log.Log(ctx, level, what, "edition", r.job.Edition, "email", to.Email, "state", e.State.String(), "stage", e.Stage,
			"code", e.Code, "words", e.Words)
	}
	if now := r.m.Now(); now.Sub(r.logged).Abs() >= logEvery {
		r.logged = now
		s := r.stand(r.summary)
		r.m.log.Info("edition on its way", "edition", r.job.Edition, "sent", s.Sent, "deferred", s.Deferred,
			"failed", s.Failed, "in_doubt", s.InDoubt, "pending", s.Pending)
	}
	if r.job.Progress != nil {
		r.job.Progress(Progress{Edition: r.job.Edition, To: to, Event: e, Summary: r.stand(r.summary)})
	}
}

// stand fills in how the edition stands.
func (r *run) stand(s Summary) Summary {
	s.Deferred = r.counts[digest.Deferred]
	s.Held = r.counts[digest.Held]
	s.InDoubt = r.counts[digest.InDoubt] + r.counts[digest.Intent] + s.Held
	s.Pending = r.counts[digest.Pending]
	return s
}

func (r *run) end() Summary {
	r.mu.Lock()
	defer r.mu.Unlock()
	s := r.stand(r.summary)
	s.Slowed, s.Opens, s.NextDue, s.Ends = r.m.pace.String(), r.m.pace.opens(), r.lots.next, r.ends
	return s
}

func (r *run) owed() int {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.stand(r.summary).Owed()
}

func (r *run) taken() int {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.accepted
}

// pause ends the run with a reason; the first one counts.
func (r *run) pause(reason string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.pauseLocked(reason)
}

func (r *run) pauseLocked(reason string) {
	if r.summary.Paused == "" {
		r.summary.Paused = reason
		r.m.log.Debug("delivery paused", "edition", r.job.Edition, "reason", reason) // whoever called tells of it
	}
	r.cancel()
}

// fail ends the run with an error of the ledger.
func (r *run) fail(err error) {
	if err == nil {
		return
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.err == nil {
		r.err = err
	}
	r.cancel()
}

// doubts remembers which deliveries this process itself put in doubt; those wait, while what an earlier
// process left goes at once.
type doubts struct {
	mu    sync.Mutex
	known map[doubt]bool
}

type doubt struct {
	edition string
	index   int
}

func (d *doubts) add(edition string, index int) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.known[doubt{edition, index}] = true
}

func (d *doubts) own(edition string, index int) bool {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.known[doubt{edition, index}]
}
