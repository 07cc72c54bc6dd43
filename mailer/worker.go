package mailer

import (
	"context"
	"errors"
	"fmt"
	"time"

	"digestd/digest"
	"digestd/mailer/message"
)

// longWait is how long the outcome of a delivery may stay uncommitted while its worker waits for leave
// to begin the next one. A kill in that time leaves the delivery in doubt.
const longWait = 20 * time.Millisecond

// worker sends messages over one connection, one after the other. From one message to the next it makes one
// step: the outcome of the last and the intent of the next, in one commit. The next message is on its way
// meanwhile, since nothing can be in doubt of what has no final dot yet; so a commit costs a worker little but
// the wait for the part of it that the server was faster than.
type worker struct {
	*run
	conn Conn
	sent int // over conn
	done *digest.Event
	buf  []byte
}

// work delivers until nothing more can go now or the run ends.
func (w *worker) work(ctx context.Context) {
	defer w.hangUp()
	defer w.flush()
	for ctx.Err() == nil && !w.overdue() {
		it, wait, ok, err := w.q.take(w.m.Now())
		switch {
		case err != nil:
			w.fail(err)
			return
		case !ok && wait == 0:
			return
		case !ok:
			w.idle(ctx, wait)
			continue
		}
		if barred, err := w.m.ledger.Suppressed(it.to.Email, w.job.Digest); err != nil {
			w.fail(err)
			return
		} else if barred {
			if !w.close(it, digest.Event{State: digest.Suppressed}) {
				return
			}
			continue
		}
		if !w.connect(ctx) || !w.await(ctx) {
			w.q.putBack(it)
			return
		}
		if !w.deliver(it) {
			return
		}
	}
}

// deliver sends a delivery's message while the step to it is being committed, up to the final dot, which waits for
// the commit. It reports whether the worker may go on.
func (w *worker) deliver(it item) bool {
	now := w.m.Now()
	intent := digest.Event{Index: it.to.Index, State: digest.Intent, At: now, Attempt: it.last.Attempt + 1, First: it.last.First, Doubts: it.doubts(), Waits: it.last.Waits}
	if intent.First.IsZero() || intent.First.After(now) { // by a clock that was wrong
		intent.First = now
	}
	msg, env, err := w.message(it, intent.Doubts > 0)
	if err != nil {
		return w.refuse(it, err)
	}
	env.Repeat = intent.Doubts > 0
	s := w.begin(intent, it.to.Email)
	o := w.conn.Send(env, msg, s.leave)
	w.sent++
	if <-s.committed; s.err != nil {
		w.fail(s.err)
		return false
	}
	w.done = nil
	if s.state != digest.Intent { // suppressed since it was looked up
		w.hangUp()
		e := intent
		e.State, e.Attempt = s.state, it.last.Attempt
		w.ended(it, e)
		return true
	}
	e, f := w.judge(it, intent, o)
	w.done = &e
	if e.State == digest.InDoubt {
		w.m.doubts.add(w.job.Edition, it.to.Index)
	}
	if !w.conn.Usable() || w.sent == w.m.options.MaxPerConnection {
		w.flush()
		w.hangUp()
	}
	w.came(it, e, o, f)
	if !e.State.Final() {
		next := item{to: it.to, last: e}
		if e.State == digest.Deferred && f == again {
			next.tries = it.tries + 1
		}
		if !e.Due.After(w.m.Now()) {
			w.flush() // it must be recorded before another worker takes it
		}
		w.q.putBack(next)
	}
	return true
}

// step is a worker's step on its way into the ledger.
type step struct {
	committed chan struct{} // closed when what follows is known
	state     digest.State  // of the next delivery: Intent, or Suppressed
	err       error
}

// begin hands the step to a delivery to the ledger.
func (w *worker) begin(intent digest.Event, to string) *step {
	s, done := &step{committed: make(chan struct{})}, w.done
	go func() {
		defer close(s.committed)
		s.state, s.err = w.m.ledger.Step(context.Background(), w.job.Edition, done, &intent, to)
	}()
	return s
}

// leave waits for the commit and reports whether the message may go: its intent is on the disk then.
func (s *step) leave() bool {
	<-s.committed
	return s.err == nil && s.state == digest.Intent
}

// message fills the template of a delivery's variant.
func (w *worker) message(it item, repeated bool) ([]byte, message.Envelope, error) {
	if it.to.Variant < 0 || it.to.Variant >= len(w.job.Templates) || w.job.Templates[it.to.Variant] == nil {
		return nil, message.Envelope{}, fmt.Errorf("the edition has no message for variant %d", it.to.Variant)
	}
	t := w.job.Templates[it.to.Variant]
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

// refuse ends a delivery for which there is no message.
func (w *worker) refuse(it item, err error) bool {
	e := digest.Event{State: digest.Failed, First: it.last.First, Stage: "message", Words: err.Error()}
	if errors.Is(err, errSignerGone) || errors.Is(err, message.ErrKeyGone) {
		e.State = digest.Held
	}
	return w.close(it, e)
}

// close ends a delivery without a message, in one commit with the outcome of the last one. It reports whether the
// worker may go on.
func (w *worker) close(it item, e digest.Event) bool {
	e.Index, e.At, e.Attempt, e.Doubts = it.to.Index, w.m.Now(), it.last.Attempt, it.doubts()
	events := []digest.Event{e}
	if w.done != nil {
		events = []digest.Event{*w.done, e}
	}
	if err := w.m.ledger.Record(context.Background(), w.job.Edition, events); err != nil {
		w.fail(err)
		return false
	}
	w.done = nil
	w.ended(it, e)
	return true
}

// connect sees to a connection. It reports whether there is one.
func (w *worker) connect(ctx context.Context) bool {
	if w.conn != nil {
		return true
	}
	w.flush()
	select {
	case w.m.slots <- struct{}{}:
	case <-ctx.Done():
		return false
	}
	w.connections(1)
	conn, err := w.m.transport.Dial(ctx)
	if err != nil {
		if ctx.Err() == nil {
			w.notLetIn(err)
		}
		w.connections(-1)
		<-w.m.slots
		return false
	}
	w.conn, w.sent = conn, 0
	return true
}

func (w *worker) hangUp() {
	if w.conn == nil {
		return
	}
	w.conn.Close()
	w.conn = nil
	w.connections(-1)
	<-w.m.slots
}

// await waits until the overall rate lets a message go. It reports whether one may go.
func (w *worker) await(ctx context.Context) bool {
	if w.m.overall == nil {
		return true
	}
	now := w.m.Now()
	if d := w.m.overall.ReserveN(now, 1).DelayFrom(now); d > 0 {
		w.idle(ctx, d)
	}
	return ctx.Err() == nil
}

func (w *worker) idle(ctx context.Context, d time.Duration) {
	if d > longWait {
		w.flush()
	}
	w.m.Sleep(ctx, d)
}

// flush commits the outcome of the last delivery by itself. A failure is tried again a few times: what is
// sent and not recorded would be sent again.
func (w *worker) flush() {
	if w.done == nil {
		return
	}
	var err error
	for range flushTries {
		if _, err = w.m.ledger.Step(context.Background(), w.job.Edition, w.done, nil, ""); err == nil {
			break
		}
		w.m.Sleep(context.Background(), flushPause)
	}
	w.done = nil
	if err != nil {
		w.fail(err)
	}
}

const (
	flushTries = 3
	flushPause = time.Second
)
