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
	longIdle = 9 * time.Second
	// patience is how long a run waits for a server that takes nothing because of the pace, and briefPatience for one that
	// says no for good.
	patience, briefPatience = 5 * time.Minute, 30 * time.Second
	// firstGrowth is when one connection more is tried after the server let one not in; each refusal doubles it.
	firstGrowth, longestGrowth = 10 * time.Second, 10 * time.Minute
)

// pace says when a message may begin, and how many connections there may be: as the configuration has it, and as the
// server lets it be. The editions that are under way share it.
type pace struct {
	overall *rate.Limiter // nil: unlimited
	limits  bool          // there are rates, of which several senders each have a part
	turn    chan struct{} // held by the one who may begin next, where messages wait for their time

	mu sync.Mutex
	limit
	last    time.Time     // when a message last began or was answered
	words   string        // of the refusal that slowed us
	began   time.Time     // when the wait did
	closed  time.Time     // when the server last began to take nothing, pauses included
	wasShut time.Duration // how long it took nothing the last time

	leased bool      // the rates are shared: nothing begins from a time on
	lease  time.Time // which is this

	links   int             // connections, by the configuration
	places  int             // connections that there may be at the moment
	used    int             // places that workers have
	open    int             // connections that there are, and those being made
	up      int             // those that there are
	good    int             // the most that there were at a time, as far as they may be again
	waiting []chan struct{} // for a place, in their order
	growth  time.Duration
	grow    time.Time
	grown   bool   // since the last that was not let in
	crowd   string // why the last connection was not let in
	perLink int    // messages that the server takes over one connection; 0: it has not said
	lastCut int    // after how many the last one was cut off
}

func newPace(o Options) *pace {
	return &pace{overall: limiter(o.Rate), limits: o.Rate > 0 || len(o.PerDomain) > 0, links: o.Connections,
		places: o.Connections, turn: make(chan struct{}, 1)}
}

// free reports whether a message may begin without asking for its time.
func (p *pace) free() bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.overall == nil && p.most == 0 && !p.waits && !(p.limits && p.leased)
}

// next is how long until a message may begin; trying tells that it is the one that tries.
func (p *pace) next(now time.Time) (d time.Duration, trying bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.limits && p.leased && !now.Before(p.lease) {
		return leaseWait, false
	}
	if p.waits {
		return p.until.Sub(now), true
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
	idle := now.Sub(p.last) - longIdle
	if p.overall != nil {
		p.overall.AllowN(now, 1)
		idle -= time.Duration(float64(time.Second) / float64(p.overall.Limit()))
	}
	if p.last = now; p.waits {
		p.begun++
		return
	}
	// What was long ago says nothing of what the server lets be, nor does a time in which nothing was to be sent.
	if p.since.IsZero() || idle > 0 || p.span > 0 && now.Sub(p.since) >= p.span {
		p.opened(now, 0)
	}
	if p.limit.begin(now); p.waits {
		p.began, p.closed = now, now
	}
}

// probe lets nothing begin but one message that tries, at once.
func (p *pace) probe(now time.Time, words string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.until = now; !p.waits {
		p.waits, p.began, p.closed, p.words = true, now, now, words
	}
}

// tooFast notes that the server refused a message for the pace, for good or for now. It reports whether the run is to
// wait: not where the server has taken nothing for long, or will not for long.
func (p *pace) tooFast(now time.Time, trying, permanent bool, words string) (wait bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.words = words
	onItsWay := p.waits && !trying
	if !p.waits {
		p.began, p.closed = now, now
	}
	p.refused(now, p.last, trying)
	switch {
	case onItsWay:
		return true
	case permanent && p.asked >= p.span:
		return p.until.Sub(p.began) <= briefPatience && p.wasShut <= patience
	}
	return p.until.Sub(p.began) <= patience
}

// retreat gives up waiting: the next run begins with a try.
func (p *pace) retreat(now time.Time, words string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.words = words; !p.waits {
		p.closed = now
	}
	if !p.over {
		p.shut(now)
	}
	if p.began = now; p.span == 0 {
		p.until = now
	}
}

// opens is when the server is expected to take messages again; zero: nobody knows.
func (p *pace) opens() time.Time {
	p.mu.Lock()
	defer p.mu.Unlock()
	if !p.waits || p.lost() {
		return time.Time{}
	}
	return p.until
}

// pass notes that the server answered a message for what it was. It reports whether it now takes messages again.
func (p *pace) pass(now time.Time, trying bool) (opened bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	begun := p.last
	p.last = now
	if opened = p.waits && trying; opened {
		if p.over && p.lost() {
			p.wasShut = now.Sub(p.closed)
		}
		p.taken(begun)
	}
	return opened
}

// takePlace waits for a place: the permission to have a connection. It reports whether there is one.
func (p *pace) takePlace(ctx context.Context) bool {
	p.mu.Lock()
	if p.used < p.places {
		p.used++
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
	p.used--
	p.hand()
}

// hand gives free places to those who wait.
func (p *pace) hand() {
	for p.used < p.places && len(p.waiting) > 0 {
		close(p.waiting[0])
		p.waiting = p.waiting[1:]
		p.used++
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
	p.crowd = words
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
	p.good, p.crowd = p.open-1, words
	p.makeDo(p.good, now)
	return true
}

// more lets one more connection be tried when it is time for that.
func (p *pace) more(now time.Time) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.places < p.links && !now.Before(p.grow) {
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
	if p.places < p.links {
		keeps = append(keeps, fmt.Sprintf("%d of %d connections (%s)", p.places, p.links, p.crowd))
	}
	switch {
	case p.waits && p.used == 0: // nothing is under way
		all = append(all, "digestd begins with one message ("+p.words+")")
	case p.waits:
		all = append(all, "digestd sends nothing for the moment ("+p.words+")")
	case p.most > 0 && p.span > 0:
		keeps = append(keeps, fmt.Sprintf("%d messages in %s (%s)", p.most, p.span.Round(100*time.Millisecond), p.words))
	}
	if len(keeps) > 0 {
		all = append(all, "digestd keeps to "+strings.Join(keeps, ", "))
	}
	if p.perLink > 0 {
		all = append(all, fmt.Sprintf("the server allows %d messages over one connection", p.perLink))
	}
	return strings.Join(all, "; ")
}
