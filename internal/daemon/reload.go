package daemon

import (
	"context"
	"errors"
	"time"
)

// Reload makes the running loop read its configuration anew, and returns when the new one is in force, or
// with the reason why the old one stays.
func (l *Loop) Reload(ctx context.Context) error {
	answer := make(chan error, 1)
	select {
	case l.reloads <- answer:
	case <-ctx.Done():
		return ctx.Err()
	}
	select {
	case err := <-answer:
		return err
	case <-ctx.Done():
		return ctx.Err()
	}
}

// reading is the configuration being read.
type reading struct {
	began time.Time
	reply func(error)
}

// readingTakes is how long reading the configuration may take. Whoever waits for it is told then, what comes of it is
// thrown away, and the next reload may begin.
const readingTakes = time.Minute

// reload reads the configuration beside the loop; answer, if any, gets the outcome.
func (l *Loop) reload(ctx context.Context, answer chan error) {
	r := &reading{began: l.Now(), reply: func(err error) {
		if answer != nil {
			answer <- err
		}
	}}
	if l.reading != nil {
		r.reply(errors.New("a reload is under way already"))
		return
	}
	l.Notify(notifyReloading())
	l.reading = r
	go func() {
		var next tasks
		err := guard(func() (err error) { next, err = l.load(); return err })
		select {
		case l.ended <- ending{name: taskReload, then: func() { l.haveRead(r, next, err) }}:
		case <-ctx.Done():
		}
	}()
}

// haveRead takes over what was read, unless nobody waits for it any more.
func (l *Loop) haveRead(r *reading, next tasks, err error) {
	if l.reading != r {
		return
	}
	l.reading = nil
	if err == nil {
		l.tasks = next
		next.inForce()
		clear(l.holds) // what failed may have been mended
		clear(l.fails)
		l.shut.times = 0
		l.Log.Info("new configuration in force")
	} else {
		l.Log.Error("reload failed: the old configuration stays", "error", err)
	}
	l.Notify(notifyReady)
	r.reply(err)
}

const taskReload = "reload"
