package mailer

import (
	"context"
	"errors"
	"fmt"
	"time"

	"digestd/digest"
	"digestd/mailer/message"
	"digestd/mailer/smtp"
)

// longWait is how long the outcome of a delivery may stay uncommitted while its worker waits for leave
// to begin the next one. A kill in that time leaves the delivery in doubt.
const longWait = 20 * time.Millisecond

// worker sends messages over one connection, one after the other. Between two messages it makes one
// step: the outcome of the last and the intent of the next, in one commit.
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
		if !w.connect(ctx) || !w.await(ctx) {
			w.q.putBack(it)
			return
		}
		if !w.deliver(it) {
			return
		}
	}
}

// deliver makes the step to a delivery and sends its message. It reports whether the worker may go on.
func (w *worker) deliver(it item) bool {
	now := w.m.Now()
	intent := digest.Event{Index: it.to.Index, State: digest.Intent, At: now, Attempt: it.last.Attempt + 1, First: it.last.First, Doubts: it.last.Doubts}
	if intent.First.IsZero() || intent.First.After(now) { // by a clock that was wrong
		intent.First = now
	}
	if it.last.State == digest.InDoubt {
		intent.Doubts++
	}
	msg, env, err := w.message(it, intent.Doubts > 0)
	if err != nil {
		return w.refuse(it, intent, err)
	}
	state, err := w.m.ledger.Step(context.Background(), w.job.Edition, w.done, &intent, it.to.Email)
	if err != nil {
		w.fail(err)
		return false
	}
	w.done = nil
	if state != digest.Intent {
		e := intent
		e.State, e.Attempt = state, it.last.Attempt
		w.ended(it, e)
		return true
	}
	env.Repeat = intent.Doubts > 0
	reply := w.conn.Send(env, msg)
	w.sent++
	e, f := w.judge(it, intent, reply)
	w.done = &e
	if e.State == digest.InDoubt {
		w.m.doubts.add(w.job.Edition, it.to.Index)
	}
	if !w.conn.Usable() || w.sent == w.m.options.MaxPerConnection {
		w.flush()
		w.hangUp()
	}
	w.came(it, e, reply, f)
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
func (w *worker) refuse(it item, intent digest.Event, err error) bool {
	e := intent
	e.State, e.Attempt, e.Stage, e.Words = digest.Failed, it.last.Attempt, "message", err.Error()
	if errors.Is(err, errSignerGone) || errors.Is(err, message.ErrKeyGone) {
		e.State = digest.Held
	}
	if it.last.Attempt == 0 {
		e.First = time.Time{}
	}
	w.flush()
	if err := w.m.ledger.Record(context.Background(), w.job.Edition, []digest.Event{e}); err != nil {
		w.fail(err)
		return false
	}
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

var _ Conn = (*smtp.Conn)(nil)
