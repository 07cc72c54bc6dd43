// Package daemon decides when: its loop lets the newsroom poll and publish, resume and prune as it is due, and tells
// the operator of problems. It knows no more of news and mail than the interface tasks says.
package daemon

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"strings"
	"time"

	"digestd/digest"
	"digestd/digest/schedule"
	"digestd/internal/ledger"
	"digestd/internal/report"
)

// ErrEnded is how Run ends when it was asked to.
var ErrEnded = errors.New("the daemon has ended as asked")

// tasks are what the loop lets be done; Rooms do it. Its methods may be called from several
// goroutines, but never for one lane from two at a time. Those that take a context end early when it
// does, with the messages in flight delivered.
type tasks interface {
	// lanes are all lanes of the configuration with the last slots that they used.
	lanes() ([]laneView, error)
	// owedEditions are the editions that are not complete.
	owedEditions() ([]owedView, error)
	feeds() (feedsView, error)
	// problems are those that need a person, as they were when alert last looked.
	problems() []ledger.Alert

	// pollDue asks the feeds that are due.
	pollDue(ctx context.Context) error
	// fillIn asks for what new items lack.
	fillIn(ctx context.Context) error
	// publishSlot composes a lane's edition of a slot, unless that is done, and delivers what can go
	// now. An error means that composing failed or that delivering stopped early, or is errWaits.
	publishSlot(ctx context.Context, lane digest.Lane, slot schedule.Slot) error
	// propose composes the edition of a slot that is to come for the editor, and shows it.
	propose(ctx context.Context, lane digest.Lane, slot schedule.Slot) error
	// skip marks a slot as used; its items go into the lane's next edition.
	skip(lane digest.Lane, slot schedule.Slot) error
	// resumeEdition delivers what is owed of an edition and can go now. An error means that delivering
	// stopped early.
	resumeEdition(ctx context.Context, edition string) error
	// mailboxEvery is how often the mailbox of [inbound] is read; 0: there is none.
	mailboxEvery() time.Duration
	// readMailbox does what follows from what came back since it was last read.
	readMailbox(ctx context.Context) error
	// prune forgets what is older than the configuration keeps.
	prune(ctx context.Context) error
	// archive brings the public pages up to date, and does what is to be done after an edition has one. An error means
	// that some of it failed.
	archive(ctx context.Context) error
	// alert tells of problems that began or ended. An error means that nobody could be told.
	alert(ctx context.Context) error
	// inForce is called when the loop begins to work with what a reload has read.
	inForce()
}

// errWaits means that an edition waits for the editor: its slot is not used.
var errWaits = errors.New("the edition waits for the editor")

const (
	// pollFirst is how long the editions of a slot wait for the poll before them.
	pollFirst = time.Minute
	// shortestHold is the pause after a poll or a resume that went well and yet left something due.
	shortestHold = 10 * time.Second
	// archiveEvery is how often the archive is looked at: most times there is nothing new.
	archiveEvery = time.Minute
	// shortestSleep keeps a mistake about when to wake from keeping a core busy.
	shortestSleep = 50 * time.Millisecond
	// proposeAgain is the pause after a proposal of nothing, since there was nothing new.
	proposeAgain = 5 * time.Minute
	// forgetHold is how long failures in a row are counted for something that is not tried any more.
	forgetHold = 24 * time.Hour
)

// Loop is the daemon: it polls feeds when they are due, publishes lanes at their slots, resumes what is
// owed, and prunes, each in a job of its own, so that none holds up or breaks another. It turns once a
// minute at least, and whenever a job ends.
type Loop struct {
	Now      func() time.Time // the clock on the wall
	Log      *slog.Logger
	Notify   func(state string) // to the service manager, in the words of sd_notify(3)
	Watchdog time.Duration      // how often the service manager wants to hear of the loop; 0: never
	Hangup   <-chan os.Signal   // each is a wish to reload; may be nil

	tasks   tasks
	load    func() (tasks, error) // reads the configuration anew
	reloads chan chan error
	reading *reading      // of the configuration, under way; nil: none
	nudges  chan struct{} // each is a wish to look at what is due
	ended   chan ending
	jobs    map[string]*digest.Lane // running, by name; with their lanes
	polled  chan struct{}           // closed when the running poll has ended
	seen    map[digest.Lane]laneSince
	used    map[digest.Lane]schedule.Slot
	void    map[digest.Lane]string
	holds   map[string]time.Time
	fails   map[string]int
	shut    shut
	pruned  time.Time
	status  string
	started bool
	away    int // how often in a row the ledger's database was found to be away
}

// laneSince is since when a lane is as it is, as far as that matters.
type laneSince struct {
	times string
	from  time.Time
}

// newLoop makes a loop of some tasks, which load makes anew for a reload.
func newLoop(t tasks, load func() (tasks, error), log *slog.Logger) *Loop {
	return &Loop{
		// Without its monotonic reading: that one stands still while the machine sleeps, and ignores
		// that the clock was set.
		Now:     func() time.Time { return time.Now().Round(0) },
		Log:     log,
		Notify:  func(string) {},
		tasks:   t,
		load:    load,
		reloads: make(chan chan error),
		nudges:  make(chan struct{}, 1),
		ended:   make(chan ending),
		jobs:    make(map[string]*digest.Lane),
		seen:    make(map[digest.Lane]laneSince),
		used:    make(map[digest.Lane]schedule.Slot),
		void:    make(map[digest.Lane]string),
		holds:   make(map[string]time.Time),
		fails:   make(map[string]int),
		shut:    shut{asked: map[string]time.Time{}, ends: map[string]time.Time{}},
	}
}

// Nudge makes the running loop look at once at what is due.
func (l *Loop) Nudge() {
	select {
	case l.nudges <- struct{}{}:
	default: // it will look anyway
	}
}

// Run turns until ctx ends; then it waits for the messages in flight and returns ErrEnded.
func (l *Loop) Run(ctx context.Context) error {
	jobs, stop := context.WithCancel(ctx)
	defer stop()
	sleep := wakeAtLeast
	if l.Watchdog > 0 {
		sleep = min(sleep, l.Watchdog/2)
	}
	for {
		now := l.Now()
		wake := l.turn(jobs, now)
		if !l.started {
			l.started = true
			l.Notify(notifyReady)
		}
		l.Notify(notifyWatchdog)
		timer := time.NewTimer(max(shortestSleep, min(sleep, wake.Sub(now))))
		select {
		case <-timer.C:
		case e := <-l.ended:
			l.end(e)
		case <-l.nudges:
		case <-l.Hangup:
			l.reload(jobs, nil)
		case answer := <-l.reloads:
			l.reload(jobs, answer)
		case <-ctx.Done():
			timer.Stop()
			l.stop()
			return ErrEnded
		}
		timer.Stop()
	}
}

// stop waits for the running jobs, which end with the messages in flight.
func (l *Loop) stop() {
	l.Notify(notifyStopping)
	l.tell(strings.Join(append([]string{"stopping"}, l.running("waiting for messages in flight of ")...), "; "))
	l.Log.Info("stopping", "running", len(l.jobs))
	tick := time.NewTicker(wakeAtLeast)
	defer tick.Stop()
	if l.reading != nil { // it may never end
		l.haveRead(l.reading, nil, errors.New("the daemon is stopping"))
	}
	for len(l.jobs) > 0 {
		select {
		case e := <-l.ended:
			l.end(e)
		case answer := <-l.reloads:
			answer <- errors.New("the daemon is stopping")
		case <-tick.C:
			l.Notify(notifyWatchdog)
		}
	}
}

// turn looks at everything, does what is to be done, and returns when the next turn is due.
func (l *Loop) turn(ctx context.Context, now time.Time) time.Time {
	v, err := l.observe(now)
	l.notice(err)
	if err != nil {
		l.unread(err)
		if p := decide(view{holds: l.holds, alerting: v.alerting, polling: true, pruning: true}, now); p.alert {
			l.alert(ctx) // which can be told all the same
		}
		return now.Add(awayFor(l.away))
	}
	p := decide(v, now)
	if len(p.void) > 0 {
		for _, s := range p.void {
			l.Log.Warn("the lane's last slot lies more than a period in the future and is void: was the clock wrong? "+
				"The lane begins at its next slot", "lane", s.lane, "slot", s.slot.Wall, "now", now)
			l.void[s.lane] = s.slot.Wall
			delete(l.used, s.lane)
			l.seen[s.lane] = laneSince{times: l.seen[s.lane].times, from: now}
		}
		return l.turn(ctx, now) // which finds nothing void any more
	}
	if l.reading != nil && now.Sub(l.reading.began) > readingTakes {
		l.haveRead(l.reading, nil, fmt.Errorf("reading the configuration takes more than %s: a file of it may be on a file system "+
			"that does not answer", report.InWords(readingTakes)))
	}
	tasks := l.tasks // a reload may change them while jobs run
	for _, s := range p.skip {
		l.skip(s, now)
	}
	if p.poll {
		l.poll(ctx)
	}
	for _, s := range p.publish {
		l.publish(ctx, s, now)
	}
	polled := l.polled
	for _, s := range p.propose {
		l.begin(s.proposal(), &s.lane, func() error {
			if err := afterPoll(ctx, polled); err != nil {
				return err
			}
			return tasks.propose(ctx, s.lane, s.slot)
		}, func(err error) { l.holdAtLeast(s.proposal(), err, proposeAgain) })
	}
	for _, o := range p.resume {
		l.begin(o.edition, &o.lane, func() error { return tasks.resumeEdition(ctx, o.edition) },
			func(err error) { l.holdAtLeast(o.edition, err, shortestHold) })
	}
	if p.prune {
		l.begin(taskPrune, nil, func() error { return tasks.prune(ctx) }, func(err error) {
			if err == nil {
				l.pruned = l.Now()
			}
		})
	}
	if p.receive {
		l.begin(taskMailbox, nil, func() error { return tasks.readMailbox(ctx) },
			func(err error) { l.holdAtLeast(taskMailbox, err, tasks.mailboxEvery()) })
	}
	if p.archive {
		l.begin(taskArchive, nil, func() error { return tasks.archive(ctx) },
			func(err error) { l.holdAtLeast(taskArchive, err, archiveEvery) })
	}
	if p.alert {
		l.alert(ctx)
	}
	l.tell(l.describe(v.feeds, p, now))
	return p.wake
}

func (l *Loop) alert(ctx context.Context) {
	tasks := l.tasks
	l.begin(taskAlert, nil, func() error { return tasks.alert(ctx) },
		func(err error) { l.holdAtLeast(taskAlert, err, alertEvery) })
}

// isAway reports whether the ledger's database can't be reached.
func isAway(err error) bool { return errors.Is(err, ledger.ErrAway) }

// notice says once that the ledger's database is away, and once that it is there again.
func (l *Loop) notice(err error) {
	switch {
	case isAway(err):
		if l.away++; l.away == 1 {
			l.Log.Error("the database is away: nothing is composed or sent meanwhile; it is tried again", "error", err)
		}
	case err == nil && l.away > 0:
		l.away = 0
		l.Log.Info("the database is there again")
	}
}

// unread tells that the ledger can't be read.
func (l *Loop) unread(err error) {
	if isAway(err) { // of which notice told
		l.tell("the database is away: " + err.Error())
		return
	}
	l.Log.Error("the ledger cannot be read; trying again in a minute", "error", err)
	l.tell("the ledger cannot be read: " + err.Error())
}

// awayFor is how long something waits for a database that was away so many times in a row, or never: then it is something
// else.
func awayFor(times int) time.Duration {
	if times == 0 || times > 6 {
		return wakeAtLeast
	}
	return time.Second << (times - 1)
}

// observe reads what decide needs to know.
func (l *Loop) observe(now time.Time) (view, error) {
	for name, until := range l.holds {
		if away := now.Sub(until); away > forgetHold || away < -forgetHold {
			delete(l.holds, name)
			delete(l.fails, name)
		}
	}
	v := view{holds: l.holds, asked: l.shut.asked, lastPrune: l.pruned, polling: l.polled != nil}
	_, v.pruning = l.jobs[taskPrune]
	_, v.alerting = l.jobs[taskAlert]
	_, reading := l.jobs[taskMailbox]
	v.receives = l.tasks.mailboxEvery() > 0 && !reading
	_, v.archiving = l.jobs[taskArchive]
	var err error
	if v.lanes, err = l.tasks.lanes(); err != nil {
		return v, fmt.Errorf("lanes: %w", err)
	}
	if v.owed, err = l.tasks.owedEditions(); err != nil {
		return v, fmt.Errorf("editions: %w", err)
	}
	l.shut.look(v.owed, l.holds)
	for _, o := range v.owed {
		_, running := l.jobs[o.edition]
		v.asking = v.asking || running && o.paused
		if _, known := l.shut.asked[o.edition]; o.paused && !running && !known { // by a process before this one
			l.shut.asked[o.edition] = time.Time{}
		}
	}
	if v.feeds, err = l.tasks.feeds(); err != nil {
		return v, fmt.Errorf("feeds: %w", err)
	}
	if l.pruned.IsZero() { // the first prune comes a while after the start
		l.pruned = now.Add(time.Hour - pruneEvery)
		v.lastPrune = l.pruned
	}
	seen := make(map[digest.Lane]laneSince, len(v.lanes))
	for i := range v.lanes {
		lane := &v.lanes[i]
		if wall, void := l.void[lane.lane]; void && wall == lane.last.Wall {
			lane.last = schedule.Slot{}
		}
		if used := l.used[lane.lane]; used.Wall > lane.last.Wall { // later than what was void, too
			lane.last = used
		}
		s := l.since(*lane, now)
		seen[lane.lane], lane.from = s, s.from
		for _, busy := range l.jobs {
			lane.busy = lane.busy || busy != nil && *busy == lane.lane
		}
	}
	l.seen = seen
	return v, nil
}

// since says from when on a lane's slots count. A lane that never used one begins at its next. So does
// one that a reload brought or gave another schedule, since nobody waited for what it would have sent
// before; but one that was away by mistake, between two of its slots, goes on.
func (l *Loop) since(lane laneView, now time.Time) laneSince {
	s, known := l.seen[lane.lane]
	times := lane.times.String()
	switch {
	case known && s.times == times:
		if s.from.After(now) { // the clock was set back
			s.from = now
		}
	case lane.last.IsZero(), known:
		s = laneSince{times: times, from: now}
		// It may be new, or have been ended before its first edition was composed: that can't be told apart.
		if missed := lane.times.Latest(now, lane.zone); !known && now.Sub(missed.At) < lane.catchUp {
			l.Log.Info("the lane has had no edition yet and begins at its next slot; `digestd send` makes one now",
				"lane", lane.lane, "not sent", missed.Wall, "next", lane.times.Next(now, lane.zone).Wall)
		}
	default:
		s = laneSince{times: times}
		latest := lane.times.Latest(now, lane.zone)
		if l.started && lane.last.Wall < lane.times.Latest(latest.At.Add(-1), lane.zone).Wall {
			s.from = now
		}
	}
	return s
}

func (l *Loop) skip(s laneSlot, now time.Time) {
	if err := l.tasks.skip(s.lane, s.slot); err != nil {
		l.Log.Error("cannot mark a missed slot as used", "lane", s.lane, "slot", s.slot.Wall, "error", err)
		l.hold(s.edition(), err)
		return
	}
	l.used[s.lane] = s.slot
	l.Log.Warn("slot missed by more than catch_up: its items go into the next edition", "lane", s.lane,
		"slot", s.slot.Wall, "late", now.Sub(s.slot.At).Round(time.Second))
}

func (l *Loop) poll(ctx context.Context) {
	polled, tasks := make(chan struct{}), l.tasks
	l.polled = polled
	l.begin(taskPoll, nil, func() error { defer close(polled); return tasks.pollDue(ctx) }, func(err error) {
		l.polled = nil
		l.holdAtLeast(taskPoll, err, shortestHold)
		l.fillIn(ctx)
	})
}

// fillIn lets what new items lack be asked for, beside all else: neither a poll nor a slot waits for it. What
// comes in while it runs has its turn after the next poll.
func (l *Loop) fillIn(ctx context.Context) {
	if _, running := l.jobs[taskArticles]; running || ctx.Err() != nil {
		return
	}
	tasks := l.tasks
	l.begin(taskArticles, nil, func() error { return tasks.fillIn(ctx) }, func(error) {})
}

// publish lets an edition be composed and delivered, after the poll that is running, if there is one.
func (l *Loop) publish(ctx context.Context, s laneSlot, now time.Time) {
	if late := now.Sub(s.slot.At); late > onTime {
		l.Log.Warn("a missed slot is sent late", "lane", s.lane, "slot", s.slot.Wall, "late", late.Round(time.Second))
	}
	polled, tasks := l.polled, l.tasks
	waits := false
	l.begin(s.edition(), &s.lane, func() error {
		if err := afterPoll(ctx, polled); err != nil {
			return err
		}
		err := tasks.publishSlot(ctx, s.lane, s.slot)
		if waits = errors.Is(err, errWaits); waits {
			err = nil
		}
		return err
	}, func(err error) {
		switch {
		case waits: // if it could not be said to anybody, it is tried again
			l.holdAtLeast(s.edition(), nil, shortestHold)
		case err == nil:
			l.used[s.lane] = s.slot
		}
	})
}

// afterPoll waits for the end of a poll, if there is one, but not for long.
func afterPoll(ctx context.Context, polled <-chan struct{}) error {
	if polled == nil {
		return nil
	}
	patience := time.NewTimer(pollFirst)
	defer patience.Stop()
	select {
	case <-polled:
	case <-patience.C:
	case <-ctx.Done():
		return ctx.Err()
	}
	return nil
}

// tell gives the service manager a new status line.
func (l *Loop) tell(status string) {
	if status != l.status {
		l.status = status
		l.Notify(notifyStatus(status))
	}
}

// describe is the status line: what is wrong, what runs, what comes next, how the feeds are.
func (l *Loop) describe(feeds feedsView, p plan, now time.Time) string {
	var parts []string
	for _, problem := range l.tasks.problems() {
		words, _, _ := strings.Cut(problem.Words, "\n")
		parts = append(parts, "PROBLEM: "+words)
	}
	parts = append(parts, l.running("publishing ")...)
	if s := p.next; !s.slot.IsZero() {
		parts = append(parts, fmt.Sprintf("next: %s %s in %s", s.lane, s.slot.At.Format("15:04 MST"),
			report.InWords(s.slot.At.Sub(now))))
	} else {
		parts = append(parts, "no lane: nobody is subscribed")
	}
	return strings.Join(append(parts, fmt.Sprintf("%d/%d feeds well", feeds.well, feeds.all)), "; ")
}
