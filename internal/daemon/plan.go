package daemon

import (
	"slices"
	"time"

	"digestd/digest"
	"digestd/digest/schedule"
)

// What the daemon is to do is decided here, from what it sees and the time, and nowhere else; loop.go
// does it. Every time is read from the clock on the wall, which may step and which runs on while the
// machine sleeps, so nothing below expects the time of one turn to follow from that of the last.
const (
	// wakeAtLeast bounds the sleep between two turns: a suspended machine and a clock that was set
	// are noticed within it.
	wakeAtLeast = time.Minute
	// onTime is how late a slot may be noticed without being missed: a turn or two, and what a busy
	// machine adds.
	onTime = 5 * time.Minute
	// pruneEvery is the distance of two prunes.
	pruneEvery = 24 * time.Hour
	// longestHold is the longest pause after failures in a row.
	longestHold = 15 * time.Minute
	// longestPause is beyond the longest one of an edition that the mail server does not take.
	longestPause = 2 * time.Hour
)

// laneView is a lane as the daemon sees it in one turn.
type laneView struct {
	lane    digest.Lane
	times   schedule.Schedule
	zone    *time.Location
	catchUp time.Duration
	last    schedule.Slot // the last one used; zero when there was none
	from    time.Time     // slots at or before it are nobody's; zero when the ledger knows better
	busy    bool          // an edition of the lane is being published or resumed

	before  time.Duration // the slot, that the editor is to see an edition; 0: there is no approval
	hold    bool          // it goes only when approved
	waiting waitingView
}

// waitingView is the edition of a lane that is composed for the editor.
type waitingView struct {
	wall     string // of its slot; empty: there is none
	shown    bool
	reminded bool
	approved time.Time // zero: it is not
}

// owedView is an edition that is not complete.
type owedView struct {
	edition string
	lane    digest.Lane
	due     time.Time // when the first of its deliveries may go
	paused  bool
}

// feedsView is how the feeds are.
type feedsView struct {
	due       bool      // some are due now
	next      time.Time // when the first of the others will be; zero when there is none
	well, all int       // the last poll of a feed that is well went well
}

// view is all that the daemon sees in one turn.
type view struct {
	lanes     []laneView
	owed      []owedView
	holds     map[string]time.Time // by edition id, or task: not before, since it failed
	asked     map[string]time.Time // of editions whose runs paused: when each last asked the mail server
	asking    bool                 // one of them does
	feeds     feedsView
	polling   bool
	lastPrune time.Time
	pruning   bool
	alerting  bool
	receives  bool // there is a mailbox, and it is not being read
	archiving bool
}

// laneSlot is a slot of a lane.
type laneSlot struct {
	lane digest.Lane
	slot schedule.Slot
}

// proposal is the name of the job that shows the slot's edition to the editor.
func (s laneSlot) proposal() string { return "proposal of " + s.edition() }

// edition is the id of the slot's edition.
func (s laneSlot) edition() string { return s.lane.String() + "/" + s.slot.Wall }

// plan is what is to be done in one turn.
type plan struct {
	void    []laneSlot // last slots too far in the future to be true: the lane begins anew
	skip    []laneSlot // slots missed by more than catch_up: used, and their items go into the next
	publish []laneSlot
	propose []laneSlot // slots to come whose editions the editor is to see
	resume  []owedView
	poll    bool
	prune   bool
	alert   bool
	receive bool
	archive bool
	next    laneSlot  // the first slot to come of any lane; zero without lanes
	wake    time.Time // when the next turn is due, unless something happens before
}

// Names of the tasks that belong to no edition, where a view holds them.
const (
	taskPoll  = "poll"
	taskPrune = "prune"

	taskArticles = "articles"
	taskAlert    = "alert"
	taskMailbox  = "mailbox"
	taskArchive  = "archive"
)

// decide makes the plan of a turn.
func decide(v view, now time.Time) plan {
	p := plan{wake: now.Add(wakeAtLeast)}
	publishing := make(map[digest.Lane]bool)
	for _, l := range v.lanes {
		p.look(l, v, now)
	}
	for _, s := range p.publish {
		publishing[s.lane] = true
	}
	busy := make(map[digest.Lane]bool)
	for _, l := range v.lanes {
		busy[l.lane] = l.busy
	}
	// Of those that are paused, one asks the mail server at a time: the one that last did so before the others.
	slices.SortStableFunc(v.owed, func(a, b owedView) int { return v.asked[a.edition].Compare(v.asked[b.edition]) })
	for _, o := range v.owed {
		switch {
		case o.paused && v.asking: // as below
		case busy[o.lane] || publishing[o.lane]: // a turn follows when that has ended
		case o.due.After(now):
			p.wakeBy(o.due)
		case !p.held(v, o.edition, now):
			p.resume = append(p.resume, o)
			busy[o.lane] = true // one at a time
			v.asking = v.asking || o.paused
		}
	}
	switch {
	case v.polling:
	case v.feeds.due:
		p.poll = !p.held(v, taskPoll, now)
	case !v.feeds.next.IsZero():
		p.wakeBy(v.feeds.next)
	}
	// A prune in the future was on a clock that has been set since.
	if since := now.Sub(v.lastPrune); !v.pruning && (since >= pruneEvery || since < 0) {
		p.prune = !p.held(v, taskPrune, now)
	}
	p.alert = !v.alerting && !p.held(v, taskAlert, now)
	p.receive = v.receives && !p.held(v, taskMailbox, now)
	p.archive = !v.archiving && !p.held(v, taskArchive, now)
	return p
}

// look decides on one lane.
func (p *plan) look(l laneView, v view, now time.Time) {
	next := laneSlot{l.lane, l.times.Next(now, l.zone)}
	if ahead := l.last.At.Sub(now); ahead > l.times.Period(now, l.zone) {
		p.void = append(p.void, laneSlot{l.lane, l.last})
		return
	}
	if l.last.Wall >= next.slot.Wall { // the clock was set back a little: strictly after the last one used
		next.slot = l.times.Next(l.last.At, l.zone)
	}
	if p.next.slot.IsZero() || next.slot.At.Before(p.next.slot.At) {
		p.next = next
	}
	p.wakeBy(next.slot.At)
	if l.busy {
		return
	}
	// Of several missed slots the latest stands for all: late, once.
	latest := laneSlot{l.lane, l.times.Latest(now, l.zone)}
	waits := l.hold && l.waiting.wall == latest.slot.Wall
	// Wall times tell whether a slot was used, since a new release of the zone data may move its instant.
	if latest.slot.Wall <= l.last.Wall || !latest.slot.At.After(l.from) && !waits || p.held(v, latest.edition(), now) {
		p.forEditor(l, next, v, now)
		return
	}
	due := latest.slot.At
	switch {
	case !waits:
	case l.waiting.approved.After(due):
		due = l.waiting.approved
	case l.waiting.approved.IsZero() && l.waiting.reminded:
		p.forEditor(l, next, v, now)
		return
	case l.waiting.approved.IsZero():
		due = now
	}
	if late := now.Sub(due); late > onTime && late > l.catchUp {
		p.skip = append(p.skip, latest)
		return
	}
	p.publish = append(p.publish, latest)
}

// forEditor lets the editor see the edition of a lane's next slot in time.
func (p *plan) forEditor(l laneView, next laneSlot, v view, now time.Time) {
	if l.before == 0 {
		return
	}
	if at := next.slot.At.Add(-l.before); now.Before(at) {
		p.wakeBy(at)
	} else if (l.waiting.wall != next.slot.Wall || !l.waiting.shown) && !p.held(v, next.proposal(), now) {
		p.propose = append(p.propose, next)
	}
}

// held reports whether something waits since it failed. A hold longer than any is made was on a clock
// that has been set since; that of a paused edition may be long.
func (p *plan) held(v view, name string, now time.Time) bool {
	until, longest := v.holds[name], longestHold
	if _, paused := v.asked[name]; paused {
		longest = longestPause
	}
	if wait := until.Sub(now); wait <= 0 || wait > longest {
		return false
	}
	p.wakeBy(until)
	return true
}

func (p *plan) wakeBy(at time.Time) {
	if at.Before(p.wake) {
		p.wake = at
	}
}

// holdAfter is how long something waits after so many failures in a row.
func holdAfter(failures int) time.Duration {
	hold := time.Minute
	for range failures - 1 {
		if hold *= 2; hold >= longestHold {
			return longestHold
		}
	}
	return hold
}
