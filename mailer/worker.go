package mailer

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"digestd/digest"
	"digestd/mailer/message"
)

// longWait is how long the outcome of a delivery may stay uncommitted while its worker waits for permission
// to begin the next one. A kill in that time leaves the delivery in doubt.
const longWait = 20 * time.Millisecond

// worker sends messages over one connection, one after the other. From one message to the next it makes one
// step: the outcome of the last and the intent of the next, in one commit. The next message is on its way
// meanwhile: a message that has no final dot yet can't be in doubt. So a commit costs a worker only the time by
// which the server was faster.
type worker struct {
	*run
	link   *link
	turn   bool          // it may begin the next message, and nobody else
	trying bool          // its message tries whether the server takes some again
	done   *digest.Event // the outcome of its last delivery, which is not durable yet
	buf    []byte
}

// deliverAll delivers until nothing more can go now or the run ends.
func (w *worker) deliverAll(ctx context.Context) {
	for w.m.pace.takePlace(ctx) {
		goOn := w.serve(ctx)
		w.flush()
		if w.link == nil && !goOn {
			w.link = w.links.take() // there are no more connections than places
		}
		w.hangUp()
		w.m.pace.givePlace()
		if !goOn {
			return
		}
	}
}

// serve delivers while it has a connection. It reports whether it wants a place again: another edition may have this
// one.
func (w *worker) serve(ctx context.Context) bool {
	defer w.giveTurn()
	for {
		it, ok := w.next(ctx)
		if !ok {
			return false
		}
		domain := domainOf(it.to.Email)
		w.locked(func() { w.domains.noteUnderWay(domain, 1) })
		if !w.connect(ctx) {
			w.q.giveBack(it)
			w.locked(func() { w.domains.noteUnderWay(domain, -1) })
			return true
		}
		goOn := w.deliver(ctx, it)
		w.locked(func() { w.domains.noteUnderWay(domain, -1) })
		if w.trying {
			w.trying = false
			w.giveTurn()
		}
		if !goOn || w.link == nil {
			return goOn
		}
	}
}

// next is the next delivery, whose message may begin now. It reports whether there is one.
func (w *worker) next(ctx context.Context) (it item, ok bool) {
	for ctx.Err() == nil && !w.overdue() {
		trying := false
		if !w.m.pace.free() {
			if !w.takeTurn(ctx) {
				break
			}
			var d time.Duration
			if d, trying = w.m.pace.next(w.m.Now()); d > 0 {
				if had := w.q.had(); w.nothing() && !w.lots.more(ctx, had) {
					break
				}
				w.rest(ctx, d)
				continue
			}
		}
		had := w.q.had()
		var wait time.Duration
		var err error
		var avoid map[string]bool
		w.locked(func() { avoid = w.domains.avoid(w.probing, w.row.refused) })
		for ; trying && !ok && err == nil; avoid = nil {
			if it, ok, err = w.q.takeOther(w.m.Now(), avoid); avoid == nil {
				break
			}
		}
		if !ok && err == nil {
			it, wait, ok, err = w.q.take(w.m.Now())
		}
		switch {
		case err != nil:
			w.fail(err)
			return item{}, false
		case !ok && w.lots.more(ctx, had):
			continue
		case !ok && wait == 0:
			return item{}, false
		case !ok:
			w.giveTurn()
			w.rest(ctx, wait)
			continue
		}
		if ended, err := w.without(it); err != nil {
			w.fail(err)
			return item{}, false
		} else if ended {
			ok = false
			continue
		}
		w.m.pace.begin(w.m.Now())
		if w.trying = trying; !trying {
			w.giveTurn()
		}
		return it, true
	}
	return item{}, false
}

// without settles a delivery for which no message is begun. It reports whether it did.
func (w *worker) without(it item) (bool, error) {
	barred, err := w.m.ledger.Suppressed(it.to.Email, w.job.Digest)
	switch {
	case err != nil:
		return false, err
	case barred:
		return true, w.close(it, digest.Event{State: digest.Suppressed, First: it.last.First})
	case w.job.Subscribes != nil && !w.job.Subscribes(it.to.Email):
		return true, w.close(it, digest.Event{State: it.removed(), First: it.last.First,
			Words: "no longer a subscriber"})
	}
	var why string
	w.locked(func() { why = w.domains.aside[domainOf(it.to.Email)] })
	if why == "" || it.last.State == digest.InDoubt {
		return false, nil
	}
	first := it.last.First
	if first.IsZero() {
		first = w.m.Now()
	}
	e := w.later(digest.Event{State: digest.Deferred, First: first, Waits: it.last.Waits, Stage: "domain", Words: why})
	e.Index, e.Attempt, e.First = it.to.Index, it.last.Attempt, it.last.First // none, where no message was begun yet
	if !e.State.Final() {
		w.q.putBack(item{to: it.to, last: e})
	}
	return true, w.close(it, e)
}

// removed is the end of a delivery whose reader was taken out of the lists. Of one in doubt nobody can say that it was
// withdrawn: it may have arrived.
func (it item) removed() digest.State {
	if it.last.State == digest.InDoubt {
		return digest.Held
	}
	return digest.Withdrawn
}

// deliver sends a delivery's message while the step to it is being committed, up to the final dot, which waits for
// the commit. It reports whether the worker may go on.
func (w *worker) deliver(ctx context.Context, it item) bool {
	now := w.m.Now()
	intent := digest.Event{Index: it.to.Index, State: digest.Intent, At: now, Attempt: it.last.Attempt + 1,
		First: it.last.First, Doubts: it.doubts(), Waits: it.last.Waits}
	if intent.First.IsZero() || intent.First.After(now) { // by a clock that was wrong
		intent.First = now
	}
	msg, env, err := w.message(it, intent.Doubts > 0)
	if err != nil {
		return w.refuse(it, err)
	}
	env.Repeat, env.Try = intent.Doubts > 0, w.trying
	w.locked(func() { it.begun = w.row.tick() })
	committed := w.m.ledger.Step(w.job.Edition, w.done, &intent, it.to.Email)
	permit := func() bool { // its intent is on the disk then
		state, err := committed()
		return err == nil && state == digest.Intent
	}
	o := w.send(env, msg, permit)
	if w.link.sent > 1 && o.stale() { // it rested for too long, or has carried enough: no attempt of this message
		w.m.pace.cutAfter(w.link.sent-1, o.Result == Refused)
		if permit() && w.redial(ctx) {
			o = w.send(env, msg, permit)
		}
	}
	state, err := committed()
	if err != nil {
		w.fail(err)
		return false
	}
	w.committed()
	switch state {
	case digest.Intent:
		w.judged(ctx, it, intent, o)
		return true
	case digest.Pending: // the edition was paused or taken back, elsewhere
		w.hangUp()
		w.q.giveBack(it)
		w.cancel()
		return false
	}
	w.hangUp() // suppressed since it was looked up
	e := intent
	e.State, e.Attempt = state, it.last.Attempt
	w.q.settled(it.to.Index)
	w.ended(it, e)
	w.lots.giveQuiet()
	return true
}

// committed notes that the outcome of the last delivery is durable.
func (w *worker) committed() {
	if w.done != nil {
		w.q.settled(w.done.Index)
		w.done = nil
		w.lots.giveQuiet()
	}
}

// send hands a message over, and notes that the connection was used.
func (w *worker) send(env message.Envelope, msg []byte, permit func() bool) Outcome {
	o := w.link.Send(env, msg, permit)
	w.link.sent++
	w.link.used = w.m.Now()
	return o
}

// judged records what became of a message, and lets the run go on from there.
func (w *worker) judged(ctx context.Context, it item, intent digest.Event, o Outcome) {
	e, f := w.judge(it, intent, o)
	w.done = &e
	w.q.hold(it.to.Index) // until it is in the queue again, or in the row
	if e.State == digest.InDoubt {
		w.m.doubts.add(w.job.Edition, it.to.Index)
	}
	if w.hangUpTired(); f == again {
		w.flush()
		w.hangUp()
	}
	if !e.State.Final() && !e.Due.After(w.m.Now()) {
		w.flush() // it must be recorded before another worker takes it, or before it is known whose fault it was
	}
	next := item{to: it.to, last: e, tries: it.tries, before: it.last, begun: it.begun, again: it.again}
	if f == again || f == tooFast {
		next.tries++
	}
	over, ask := w.noteOutcome(next, e, o, f, w.trying)
	w.settleRow(over, true)
	if ask {
		w.ask(ctx)
	}
	w.tellOpened()
	if f == suspect {
		return
	}
	if !e.State.Final() {
		w.q.putBack(next)
	}
	w.q.settled(it.to.Index)
	w.lots.giveQuiet()
}

// tellOpened tells once that a pause is over.
func (r *run) tellOpened() {
	opened := false
	r.locked(func() { opened, r.opened = r.opened, false })
	if opened && r.job.Opened != nil {
		r.fail(r.job.Opened())
	}
}

// message fills the template of a delivery's variant.
func (w *worker) message(it item, repeated bool) ([]byte, message.Envelope, error) {
	if it.to.Variant < 0 || it.to.Variant >= len(w.job.Templates) || w.job.Templates[it.to.Variant] == nil {
		return nil, message.Envelope{}, fmt.Errorf("the edition has no message for variant %d", it.to.Variant)
	}
	t := w.job.Templates[it.to.Variant]
	if w.job.Mended != nil && !slices.Contains(w.job.Before, it.to.Index) {
		t = w.job.Mended[it.to.Variant]
	}
	key, ok := w.job.TokenKey(t.TokenKey())
	if !ok {
		return nil, message.Envelope{}, message.ErrKeyGone
	}
	keys := message.Keys{Token: key}
	if t.SignedBy() != "" {
		keys.Signer = w.job.Signer
		same := keys.Signer != nil && keys.Signer.ID() == t.SignedBy()
		if repeated && !same {
			return nil, message.Envelope{}, errSignerGone
		}
	}
	msg, env, err := t.Fill(w.buf[:0], it.to, keys)
	w.buf = msg
	return msg, env, err
}

var errSignerGone = errors.New("the DKIM key that it was signed with is gone, so it can't be sent again as it was")

// refuse ends a delivery for which there is no message. It reports whether the worker may go on.
func (w *worker) refuse(it item, err error) bool {
	e := digest.Event{State: digest.Failed, First: it.last.First, Stage: "message", Words: err.Error()}
	if errors.Is(err, errSignerGone) || errors.Is(err, message.ErrKeyGone) {
		e.State = digest.Held
	}
	if err := w.close(it, e); err != nil {
		w.fail(err)
		return false
	}
	return true
}

// close moves a delivery without a message, in one commit with the outcome of the last one.
func (w *worker) close(it item, e digest.Event) error {
	e.Index, e.At, e.Attempt, e.Doubts = it.to.Index, w.m.Now(), it.last.Attempt, it.doubts()
	events := []digest.Event{e}
	if w.done != nil {
		events = []digest.Event{*w.done, e}
	}
	if err := w.m.ledger.Record(context.Background(), w.job.Edition, events); err != nil {
		return err
	}
	w.q.settled(it.to.Index)
	w.committed()
	w.ended(it, e)
	w.lots.giveQuiet()
	return nil
}

// takeTurn waits until this worker is the one to begin the next message. Whoever has the turn may use its
// connection meanwhile. So a slow pace needs only one connection, and that one does not rest for long.
func (w *worker) takeTurn(ctx context.Context) bool {
	if w.turn {
		return true
	}
	select {
	case w.m.pace.turn <- struct{}{}:
	default:
		w.flush()
		w.links.put(w.link)
		w.link = nil
		select {
		case w.m.pace.turn <- struct{}{}:
		case <-ctx.Done():
			return false
		}
	}
	w.turn = true
	return true
}

func (w *worker) giveTurn() {
	if w.turn {
		w.turn = false
		<-w.m.pace.turn
	}
}

// rest lets time go by. A connection that would rest for too long is closed: many servers would do it.
func (w *worker) rest(ctx context.Context, d time.Duration) {
	if d > longWait {
		w.flush()
	}
	until := w.m.Now().Add(d - longIdle)
	if w.link != nil && w.link.used.Before(until) {
		w.hangUp()
	}
	for _, l := range w.links.older(until) {
		w.hangUpOn(l)
	}
	w.m.Sleep(ctx, d)
}

// connect sees to a connection. It reports whether there is one.
func (w *worker) connect(ctx context.Context) bool {
	if w.link == nil {
		w.link = w.links.take()
	}
	if w.link != nil {
		return true
	}
	w.flush()
	for try := 1; ; try++ {
		w.m.pace.dialing()
		conn, err := w.m.transport.Dial(ctx)
		if err == nil {
			w.m.pace.connected()
			w.link = &link{Conn: conn, used: w.m.Now()}
			return true
		}
		if ctx.Err() != nil {
			w.m.pace.notDialed()
			return false
		}
		if w.m.pace.notLetIn(w.m.Now(), err.Error()) {
			w.m.log.Info("no further connection could be made; going on with the others", "words", err.Error())
			return false
		}
		var said *Unreachable
		if try == 2 || errors.As(err, &said) && said.Code >= 500 {
			w.pause(err.Error())
			return false
		}
		w.m.Sleep(ctx, redialPause)
	}
}

// redial puts a new connection in the place of one that is no longer good. It reports whether there is one.
func (w *worker) redial(ctx context.Context) bool {
	old := w.link
	conn, err := w.m.transport.Dial(ctx)
	if err != nil {
		return false
	}
	old.Close()
	w.link = &link{Conn: conn}
	return true
}

func (w *worker) hangUp() {
	if w.link != nil {
		w.hangUpOn(w.link)
		w.link = nil
	}
}

// hangUpTired ends a connection that has carried as many messages as it may, or is broken.
func (w *worker) hangUpTired() {
	l, most := w.link, w.m.options.MaxPerConnection
	if l == nil || l.Usable() && (most == 0 || l.sent < most) && !w.m.pace.full(l.sent) {
		return
	}
	w.flush()
	w.hangUp()
}

func (w *worker) hangUpOn(l *link) {
	l.Close()
	w.m.pace.hungUp()
}

// flush commits the outcome of the last delivery by itself. A failure is tried again a few times: what is
// sent and not recorded would be sent again.
func (w *worker) flush() {
	if w.done == nil {
		return
	}
	var err error
	for range flushTries {
		if _, err = w.m.ledger.Step(w.job.Edition, w.done, nil, "")(); err == nil {
			break
		}
		w.m.Sleep(context.Background(), flushPause)
	}
	if err != nil {
		w.done = nil
		w.fail(err)
	}
	w.committed()
}

const (
	flushTries = 3
	flushPause = time.Second
	// redialPause comes before a second try to connect, where there is no connection at all.
	redialPause = time.Second
)
