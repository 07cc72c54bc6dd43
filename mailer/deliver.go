package mailer

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"digestd/digest"
	"digestd/mailer/smtp"
)

// signOfLife is how long the log may say nothing of a run that goes well.
const signOfLife = time.Minute

// refusalsInARow without a success pause a run: the fault is then hardly that of the readers.
const refusalsInARow = 5

// Deliver brings an edition to all who can get it now, and returns when nothing more can go: all is
// delivered, what is left is due later, or the run paused (Summary.Paused). When ctx ends, the messages
// in flight are finished and none is begun. The error is the ledger's; nothing goes out without it.
func (m *Mailer) Deliver(ctx context.Context, job Job) (Summary, error) {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	r := &run{m: m, job: job, cancel: cancel, told: m.Now()}
	progress, err := m.ledger.Progress(job.Edition)
	if err != nil {
		return Summary{}, fmt.Errorf("deliver %s: %w", job.Edition, err)
	}
	for _, s := range progress.States {
		r.counts[s]++
	}
	r.summary.Recipients = len(progress.States)
	if err := r.recount(progress); err != nil {
		return r.end(nil), fmt.Errorf("deliver %s: %w", job.Edition, err)
	}
	if err := r.settle(progress); err != nil {
		return r.end(nil), fmt.Errorf("deliver %s: %w", job.Edition, err)
	}
	q, err := newQueue(m.ledger, job.Edition, progress, m.domains)
	if err != nil {
		return r.end(nil), fmt.Errorf("deliver %s: %w", job.Edition, err)
	}
	r.q = q
	for ctx.Err() == nil && !r.overdue() {
		before := r.taken()
		ready, _ := q.left(m.Now())
		if !ready {
			break
		}
		var workers sync.WaitGroup
		for range min(m.options.Connections, r.owed()) {
			workers.Go(func() { (&worker{run: r}).work(ctx) })
		}
		workers.Wait()
		// A worker whom the server does not let in gives up while others are let in. If those were
		// done by then, there is something left that could go.
		if ctx.Err() == nil && r.taken() == before && !r.overdue() {
			if ready, _ := q.left(m.Now()); ready {
				r.pause("the mail server lets nobody in at the moment" + r.lastRefusal())
			}
		}
	}
	if r.err == nil && r.overdue() {
		if progress, err = m.ledger.Progress(job.Edition); err == nil {
			err = r.settle(progress)
		}
		r.fail(err)
	}
	if r.err == nil {
		r.fail(r.suppressUnknown())
	}
	if r.err == nil && r.owed() == 0 {
		r.fail(m.ledger.Finish(job.Edition))
	}
	s := r.end(q)
	m.log.Info("edition delivered as far as it can be now", "edition", job.Edition, "sent", s.Sent, "deferred", s.Deferred,
		"failed", s.Failed, "in_doubt", s.InDoubt, "suppressed", s.Suppressed, "expired", s.Expired, "pending", s.Pending, "paused", s.Paused)
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

	mu       sync.Mutex
	counts   [16]int // of deliveries, by state
	summary  Summary
	accepted int
	refused  int    // in a row
	domain   string // of the last one of them that was a recipient refused by policy
	dropped  int    // connections in a row that ended under a message
	live     int    // connections that are open or being made
	refusal  string // of the last connection
	unknown  []unknown
	told     time.Time // when the log was last told how it goes
	err      error
}

// judge makes the event of an answer to a message, and says what else it means.
func (r *run) judge(it item, intent digest.Event, o Outcome) (digest.Event, effect) {
	v := classify(o, it.last)
	now := r.m.Now()
	e := intent
	e.State, e.At, e.Due = v.state, now, time.Time{}
	e.Stage, e.Code, e.Words = o.Stage, o.Code, o.Words
	retry := r.m.options.Retry
	switch e.State {
	case digest.Deferred:
		if v.effect == stop || v.effect == again && it.tries < 2 {
			e.Due = now
			break
		}
		// Attempts that followed at once were no waits: else a moment of 421s would use up the schedule.
		e.Waits++
		at, ok := due(retry, e.Waits, r.m.Jitter(), now, r.limit(e.First))
		if e.Due = at; !ok {
			e.State, e.Due = digest.Expired, time.Time{}
		}
	case digest.InDoubt:
		at, ok := due(retry, 1, r.m.Jitter(), now, r.limit(e.First))
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

// came notes what a delivery came to and lets the run go on, pause or stop.
func (r *run) came(it item, e digest.Event, o Outcome, f effect) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.move(it.last.State, e.State)
	r.count(it.to, e, o.Verdict)
	switch {
	case e.State == digest.Sent:
		r.accepted++
		r.refused, r.dropped, r.domain = 0, 0, ""
	case f == stop:
		r.pauseLocked(r.m.transport.String() + ": " + o.String())
	case f == again:
		if r.dropped++; r.dropped >= refusalsInARow*r.m.options.Connections {
			r.pauseLocked(fmt.Sprintf("%s: %d connections in a row ended before a message was through, the last at %s", r.m.transport, r.dropped, o))
		}
	case f == streak:
		if e.State == digest.Failed && o.Stage == atRcpt && r.accepted > 0 { // see classify
			if d := domainOf(it.to.Email); d == r.domain {
				break
			} else {
				r.domain = d
			}
		}
		if r.refused++; r.refused >= refusalsInARow {
			r.pauseLocked(fmt.Sprintf("%s: %d refusals in a row, the last at %s", r.m.transport, r.refused, o))
		}
	}
	r.report(it.to, e)
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
	}
}

func (r *run) report(to digest.Recipient, e digest.Event) {
	attrs := []any{"edition", r.job.Edition, "email", to.Email, "state", e.State.String(), "stage", e.Stage, "code", e.Code, "words", e.Words}
	switch e.State {
	case digest.Failed, digest.Expired, digest.Held:
		r.m.log.Warn("delivery failed", attrs...)
	case digest.InDoubt:
		r.m.log.Warn("delivery in doubt", attrs...)
	default:
		r.m.log.Debug("delivery", attrs...)
	}
	if now := r.m.Now(); now.Sub(r.told).Abs() >= signOfLife {
		r.told = now
		s := r.stand(r.summary)
		r.m.log.Info("edition on its way", "edition", r.job.Edition, "sent", s.Sent, "deferred", s.Deferred, "failed", s.Failed,
			"in_doubt", s.InDoubt, "pending", s.Pending)
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

func (r *run) end(q *queue) Summary {
	r.mu.Lock()
	defer r.mu.Unlock()
	s := r.stand(r.summary)
	if q != nil {
		_, s.NextDue = q.left(r.m.Now())
	}
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

func (r *run) lastRefusal() string {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.refusal == "" {
		return ""
	}
	return ": " + r.refusal
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
		r.m.log.Error("delivery paused", "edition", r.job.Edition, "reason", reason)
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

// notLetIn handles a connection that could not be made. A server that takes no further connection
// at the moment pauses the run only when no other worker has one, or may yet get one.
func (r *run) notLetIn(err error) {
	var refusal *Unreachable
	temporary := errors.As(err, &refusal) && refusal.Code/100 == 4 && (refusal.Stage == string(smtp.Greeting) || refusal.Stage == string(smtp.Hello))
	r.mu.Lock()
	defer r.mu.Unlock()
	r.refusal = err.Error()
	if temporary && r.live > 1 {
		r.m.log.Info("the mail server takes no further connection; going on with the others", "words", refusal.Words)
		return
	}
	r.pauseLocked(err.Error())
}

func (r *run) connections(n int) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.live += n
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
