package daemon

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"runtime/debug"
	"slices"
	"strings"
	"time"

	"digestd/digest"
	"digestd/internal/ledger"
	"digestd/internal/newsroom"
)

// ending is a job's last word.
type ending struct {
	name string
	err  error
	then func() // run by the loop
}

// begin runs a job beside the loop. When it fails, what it was about is held for a while.
func (l *Loop) begin(name string, lane *digest.Lane, do func() error, then func(err error)) {
	l.jobs[name] = lane
	go func() {
		err := guard(do)
		l.ended <- ending{name: name, err: err, then: func() {
			l.hold(name, err)
			then(err)
		}}
	}()
}

// guard makes a job's panic its error: one edition that fails must not stop the others.
func guard(do func() error) (err error) {
	defer func() {
		if p := recover(); p != nil {
			err = fmt.Errorf("panic: %v\n%s", p, debug.Stack())
		}
	}()
	return do()
}

// end takes a job's end to notice.
func (l *Loop) end(e ending) {
	delete(l.jobs, e.name)
	e.then()
	if isAway(e.err) {
		l.notice(e.err)
		return
	}
	if errors.As(e.err, new(paused)) { // of which alert tells: at once, and once
		delete(l.holds, taskAlert)
		return
	}
	if e.err != nil && !errors.Is(e.err, context.Canceled) {
		l.Log.Error("failed; it is tried again", "task", e.name, "error", e.err, "failures", l.fails[e.name],
			"after", l.holds[e.name])
	}
}

// hold makes a task wait when it failed, longer each time in a row, and lets it go when it did not.
func (l *Loop) hold(name string, err error) {
	if err == nil {
		delete(l.fails, name)
		delete(l.holds, name)
		return
	}
	l.fails[name]++
	hold := holdAfter(l.fails[name])
	if isAway(err) || errors.Is(err, ledger.ErrLost) {
		if errors.As(err, new(advanced)) { // the database was there meanwhile
			l.fails[name] = 1
		}
		hold = awayFor(l.fails[name])
	}
	l.holds[name] = l.Now().Add(hold)
	if p := (paused{}); errors.As(err, &p) {
		delete(l.fails, name)
		l.shut.paused(name, p, l.Now(), l.holds)
	}
}

// shut is what the loop knows of a mail server that takes nothing more: of one that begins a block anew with each try,
// all editions keep away at once.
type shut struct {
	times newsroom.Shut
	asked map[string]time.Time // by paused edition: when it last asked the server
	ends  map[string]time.Time // by paused edition: when something of it does
}

// paused notes that the run of an edition paused, and makes all that are paused wait. One that never sent anything may be
// refused for itself, so those that wait already wait no longer for it.
func (s *shut) paused(edition string, run paused, now time.Time, holds map[string]time.Time) {
	sum := run.Delivery
	if sum.Lots == 0 { // the ledger has no room, and nobody was asked
		holds[edition] = now.Add(wakeAtLeast)
		return
	}
	if len(s.asked) == 0 && sum.Sent == 0 {
		s.times = 0
	}
	_, again := s.asked[edition]
	s.times = s.times.Paused(sum.Sent, again)
	s.asked[edition], s.ends[edition] = now, sum.Ends
	until := s.times.Until(now, sum.Opens, slices.Collect(maps.Values(s.ends))...)
	for other := range s.asked {
		if _, waits := holds[other]; again || sum.Sent > 0 || other == edition || !waits {
			holds[other] = until
		}
	}
}

// look lets the paused editions try at once when one of them is paused no more, whoever found that out.
func (s *shut) look(owed []owedView, holds map[string]time.Time) {
	over := false
	for edition := range s.asked {
		if !slices.ContainsFunc(owed, func(o owedView) bool { return o.edition == edition && o.paused }) {
			delete(s.asked, edition)
			delete(s.ends, edition)
			delete(holds, edition)
			over = true
		}
	}
	if !over {
		return
	}
	for edition := range s.asked {
		delete(holds, edition)
	}
}

// holdAtLeast makes a task wait that went well, so that a mistake about what is due keeps no core busy.
func (l *Loop) holdAtLeast(name string, err error, d time.Duration) {
	if err == nil {
		l.holds[name] = l.Now().Add(d)
	}
}

// running names the editions that are being published or resumed, if any, in one part of a status line.
func (l *Loop) running(prefix string) []string {
	var editions []string
	for name, lane := range l.jobs {
		if lane != nil {
			editions = append(editions, name)
		}
	}
	if len(editions) == 0 {
		return nil
	}
	slices.Sort(editions)
	return []string{prefix + strings.Join(editions, ", ")}
}
