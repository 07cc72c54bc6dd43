package mailer

import (
	"context"
	"fmt"
	"strings"
	"sync"
	"time"

	"golang.org/x/time/rate"
)

const (
	// longIdle is how long a connection may rest before the next message. Many servers close one after ten seconds.
	longIdle = 5 * time.Second
	// firstHold is how long nothing begins when the server first says that it goes too fast; each try in vain makes it
	// longer by a third, so that what is learned from it is not wrong by more.
	firstHold = time.Second
	// longFirstHold bounds that moment where the server has taken nothing for longer before, of which it is an eighth: tries
	// may count too.
	longFirstHold = time.Minute
	// patience is how long a run waits for a server that takes nothing because of the pace.
	patience = 5 * time.Minute
	// slowEase and fastEase bound which part of the gap each message takes away that the server takes.
	slowEase, fastEase = 256, 4
	// shortestGap is how much time between two messages is worth waiting for.
	shortestGap = 2 * time.Millisecond
	// firstGrowth is when one connection more is tried after the server let one not in; each refusal doubles it.
	firstGrowth, longestGrowth = 10 * time.Second, 10 * time.Minute
)

// pace says when a message may begin, and how many connections there may be: as the configuration has it, and as the
// server lets it be. The editions that are under way share it.
//
// It learns from refusals. When the server says that it goes too fast, nothing begins for a moment, then one message
// tries. How many were taken from one such moment to the next is the server's limit, and it began to take some again
// between the last try in vain and the one that it took: from then on they go at a distance that lies between the two,
// soon at the shorter one, and then a little closer with each one that is taken. The fewer were counted, the less is
// known of the limit, and the sooner they go closer; sooner still where the server did not speak of the pace, and when
// it goes on taking.
type pace struct {
	overall *rate.Limiter // nil: unlimited
	limits  bool          // there are rates, of which several senders each have a part
	most    int           // connections, by the configuration
	turn    chan struct{} // held by the one who may begin next, where messages wait for their time

	mu     sync.Mutex
	gap    time.Duration // between two messages; 0: the server has set no limit
	ease   int           // one part of how many each message takes away from it
	least  time.Duration // the gap, if the server took messages again right after it had last been asked in vain
	next   time.Time     // when one may begin, by the gap
	passed int           // messages since the server last began to take some
	since  time.Time     // when that was; later by the time in which nothing was to be sent
	last   time.Time     // when a message last began or was answered
	words  string        // of the refusal that slowed us

	leased bool      // the rates are shared: nothing begins from a time on
	lease  time.Time // which is this

	waits  bool          // nothing begins but a try
	until  time.Time     // when that is
	hold   time.Duration // before it
	counts int           // of passed, when the wait began
	said   bool          // the server spoke of the pace
	began  time.Time     // when the wait did
	shut   time.Time     // when the server was last asked in vain
	closed time.Time     // when it last began to take nothing, pauses included

	wasShut time.Duration // how long it took nothing the last time

	places  int             // connections that there may be at the moment
	taken   int             // places that workers have
	open    int             // connections that there are, and those being made
	up      int             // those that there are
	good    int             // the most that there were at a time, as far as they may be again
	waiting []chan struct{} // for a place, in their order
	growth  time.Duration
	grow    time.Time
	grown   bool   // since the last that was not let in
	refusal string // of the last connection that was not let in
	perLink int    // messages that the server takes over one connection; 0: it has not said
	lastCut int    // after how many the last one was cut off
}

func newPace(o Options) *pace {
	return &pace{overall: limiter(o.Rate), limits: o.Rate > 0 || len(o.PerDomain) > 0, most: o.Connections, places: o.Connections, turn: make(chan struct{}, 1)}
}

// free reports whether a message may begin without asking for its time.
func (p *pace) free() bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.overall == nil && p.gap == 0 && !p.waits && !(p.limits && p.leased)
}

// wait is how long until a message may begin; trying tells that it is the one that tries.
func (p *pace) wait(now time.Time) (d time.Duration, trying bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.limits && p.leased && !now.Before(p.lease) {
		return leaseWait, false
	}
	if p.waits {
		return p.until.Sub(now), true
	}
	if p.gap > 0 {
		d = p.next.Sub(now)
	}
	if p.overall != nil {
		if missing := 1 - p.overall.TokensAt(now); missing > 0 {
			d = max(d, time.Duration(missing/float64(p.overall.Limit())*float64(time.Second)), time.Microsecond)
		}
	}
	return d, false
}

// leaseWait is how often a sender whose part of the rates has run out looks whether it has one again.
const leaseWait = 200 * time.Millisecond

// share sets which part of the overall rate is this sender's, and until when.
func (p *pace) share(part float64, until, now time.Time, whole float64) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.leased, p.lease = true, until; part <= 0 {
		p.lease = now
	}
	setLimit(p.overall, whole*part, now)
}

// setLimit changes a limiter; nil is none.
func setLimit(l *rate.Limiter, perSecond float64, now time.Time) {
	if l != nil && perSecond > 0 && l.Limit() != rate.Limit(perSecond) {
		l.SetLimitAt(now, rate.Limit(perSecond))
		l.SetBurstAt(now, burst(perSecond))
	}
}

// begin takes the time of a message that begins.
func (p *pace) begin(now time.Time) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.overall != nil {
		p.overall.AllowN(now, 1)
	}
	if p.gap > 0 {
		p.next = p.next.Add(p.gap)
		if late := now.Add(-p.gap); p.next.Before(late) {
			p.next = late
		}
	}
	idle := now.Sub(p.last)
	if p.waits {
		idle = min(idle, now.Sub(p.until))
	} else {
		idle -= p.spacing()
	}
	if p.since.IsZero() {
		p.since = now
	} else if idle > longIdle { // which says nothing of what the server lets be
		p.since, p.shut, p.began = p.since.Add(idle), p.shut.Add(idle), p.began.Add(idle)
	}
	p.last = now
}

// spacing is how much time there is between two messages when one waits for its time.
func (p *pace) spacing() time.Duration {
	if p.overall == nil {
		return p.gap
	}
	return max(p.gap, time.Duration(float64(time.Second)/float64(p.overall.Limit())))
}

// probe lets nothing begin but one message that tries, at once.
func (p *pace) probe(now time.Time, words string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.until = now; !p.waits {
		p.waits, p.hold, p.counts, p.began, p.closed, p.words = true, 0, p.passed, now, now, words
	}
}

// tooFast notes that the server refused a message for the pace; said, in words. It reports how long nothing was taken.
func (p *pace) tooFast(now time.Time, trying, said bool, words string) time.Duration {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.said = said || p.said && p.waits
	switch {
	case !p.waits:
		p.waits, p.counts, p.began, p.shut, p.closed = true, p.passed, now, now, now
		p.hold = min(max(firstHold, p.wasShut/8), longFirstHold)
		if p.gap > 0 {
			p.hold = p.gap
		}
	case !trying:
		return now.Sub(p.began) // one of those that were on their way
	case p.hold == 0:
		p.hold, p.shut = firstHold, p.last
	case p.gap > 0: // what the server allows is known, but for a little
		p.hold, p.shut = 2*p.hold, p.last
	default:
		p.hold, p.shut = p.hold+p.hold/3, p.last
	}
	p.words, p.until = words, p.shut.Add(p.hold) // which an answer that was long in coming shortens
	if p.until.Before(now) {
		p.until = now
	}
	return now.Sub(p.began)
}

// retreat gives up waiting: the next run begins with a try at once, and learns nothing from the time between.
func (p *pace) retreat(now time.Time, words string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if !p.waits {
		p.closed = now
	}
	p.waits, p.until, p.hold, p.counts, p.began, p.words = true, now, 0, 0, now, words
}

// pass notes that the server answered a message for what it was. It reports whether it now takes messages again.
func (p *pace) pass(now time.Time, trying bool) (opened bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	begun := p.last
	p.passed++
	p.last = now
	switch {
	case p.waits && trying:
		if n := time.Duration(p.counts); p.hold > 0 && n > 0 {
			p.least = p.shut.Sub(p.since) / n
			p.gap = (p.least + 3*(begun.Sub(p.since)/n)) / 4
			p.next = now.Add(p.gap)
			if p.ease = fastEase; p.said {
				p.ease = min(2*fastEase*p.counts, slowEase)
			}
		}
		p.waits, p.passed, p.since, p.hold, p.wasShut = false, 1, now, 0, now.Sub(p.closed)
		return true
	case p.gap > 0:
		if p.gap > p.least {
			p.gap -= (p.gap - p.least) / 16
		}
		if p.gap -= p.gap / time.Duration(p.ease); p.gap < shortestGap {
			p.gap = 0
		}
		if p.passed%p.ease == 0 {
			p.ease = max(p.ease/2, fastEase)
		}
	}
	return false
}

// takePlace waits for a place: the permission to have a connection. It reports whether there is one.
func (p *pace) takePlace(ctx context.Context) bool {
	p.mu.Lock()
	if p.taken < p.places {
		p.taken++
		p.mu.Unlock()
		if ctx.Err() == nil {
			return true
		}
		p.givePlace()
		return false
	}
	c := make(chan struct{})
	p.waiting = append(p.waiting, c)
	p.mu.Unlock()
	select {
	case <-c:
		return true
	case <-ctx.Done():
	}
	p.mu.Lock()
	for i, w := range p.waiting {
		if w == c {
			p.waiting = append(p.waiting[:i], p.waiting[i+1:]...)
			p.mu.Unlock()
			return false
		}
	}
	p.mu.Unlock()
	p.givePlace() // it was given one at that very moment
	return false
}

// givePlace gives a place back.
func (p *pace) givePlace() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.taken--
	p.hand()
}

// hand gives free places to those who wait.
func (p *pace) hand() {
	for p.taken < p.places && len(p.waiting) > 0 {
		close(p.waiting[0])
		p.waiting = p.waiting[1:]
		p.taken++
	}
}

// dialing notes that a connection is being made.
func (p *pace) dialing() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.open++
}

// connected notes that a connection was made.
func (p *pace) connected() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.up++
	p.good = max(p.good, p.up)
}

// hungUp notes that a connection has ended.
func (p *pace) hungUp() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.open--
	p.up--
}

// notDialed notes that a connection was not made because the run ends.
func (p *pace) notDialed() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.open--
}

// notLetIn notes that a connection could not be made, and makes do with the others. It reports false when there is no
// other one.
func (p *pace) notLetIn(now time.Time, words string) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.refusal = words
	if p.open--; p.open == 0 {
		return false
	}
	if p.open < p.good { // which was let in before: a server may not have noticed yet that one has ended
		p.places, p.good = min(p.places, p.open), p.open
		p.grow = now.Add(redialPause)
		return true
	}
	p.makeDo(p.open, now)
	return true
}

// makeDo goes on with so many connections for a while, each time in a row for longer. Several that were on their way are
// one time.
func (p *pace) makeDo(n int, now time.Time) {
	p.places = min(p.places, n)
	if p.grown || p.growth == 0 {
		p.growth = min(max(2*p.growth, firstGrowth), longestGrowth)
	}
	p.grow, p.grown = now.Add(p.growth), false
}

// crowded notes that the server finds that there are too many connections, over one of them. It reports false when there
// is no other one.
func (p *pace) crowded(now time.Time, words string) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.open < 2 {
		return false
	}
	p.good, p.refusal = p.open-1, words
	p.makeDo(p.good, now)
	return true
}

// more lets one more connection be tried when it is time for that.
func (p *pace) more(now time.Time) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.places < p.most && !now.Before(p.grow) {
		p.places++
		p.grow, p.grown = now.Add(p.growth), true
		p.hand()
	}
}

// cutAfter notes that the server ended a connection after a number of messages. Twice the same is its limit.
func (p *pace) cutAfter(n int, said bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if n > 0 && (said || n == p.lastCut) {
		p.perLink = n
	}
	p.lastCut = n
}

// full reports whether a connection has carried as many messages as the server takes over one.
func (p *pace) full(n int) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.perLink > 0 && n >= p.perLink
}

// reason is the refusal that slowed us last.
func (p *pace) reason() string {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.words
}

// String tells what goes on slower than the configuration would have it: what digestd keeps to of itself, for what the
// server has said, and what the server allows; empty when it is nothing.
func (p *pace) String() string {
	p.mu.Lock()
	defer p.mu.Unlock()
	var keeps, all []string
	if p.places < p.most {
		keeps = append(keeps, fmt.Sprintf("%d of %d connections (%s)", p.places, p.most, p.refusal))
	}
	switch {
	case p.waits && p.taken == 0: // nothing is under way
		all = append(all, "digestd begins with one message ("+p.words+")")
	case p.waits:
		all = append(all, "digestd sends nothing for the moment ("+p.words+")")
	case p.gap > 0 && p.gap < time.Second:
		keeps = append(keeps, fmt.Sprintf("%.1f messages a second (%s)", float64(time.Second)/float64(p.gap), p.words))
	case p.gap > 0:
		keeps = append(keeps, fmt.Sprintf("a message every %s (%s)", p.gap.Round(100*time.Millisecond), p.words))
	}
	if len(keeps) > 0 {
		all = append(all, "digestd keeps to "+strings.Join(keeps, ", "))
	}
	if p.perLink > 0 {
		all = append(all, fmt.Sprintf("the server allows %d messages over one connection", p.perLink))
	}
	return strings.Join(all, "; ")
}
