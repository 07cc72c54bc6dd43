package mailer

import "time"

const (
	// firstHold is how long nothing begins when the server first says that it goes too fast; each try in vain makes it
	// longer by a third, so that what is learned from it is not wrong by more. No span is shorter.
	firstHold = time.Second
	// narrow is which part of a span its two bounds may lie apart to be one.
	narrow = 32
	// gone is how many times as many as its limit a server takes that has none any more.
	gone = 8
	// quarters is how often the moment after which a refusal is checked becomes a quarter, in one opening.
	quarters = 4
	// longestCalm is how many openings may go by in which the server is not asked for more, and longCalm in which time.
	longestCalm, longCalm = 7, 15 * time.Minute
	// halfMinute: of a shorter span it is not asked whether it has become shorter still.
	halfMinute = 30 * time.Second
)

// limit is what a server's refusals tell of how many messages it takes in which time.
//
// Servers count in spans, so after a refusal nothing begins for a moment, and then one message tries, until one is taken:
// that is an opening. How many are taken in an opening is the limit. The span is how long it is from one opening to the
// next one that takes as many: longer than to the last that was asked for in vain or took fewer. From then on as many go
// in each opening, as fast as they can, and the next try comes a quarter into what is not known of the span. At the end
// of an opening one message asks for more, and then two, four and so on go as long as they are taken: so a limit that has
// grown, or is gone, is found out. After its no one message tries at half the span, which may have become shorter.
//
// Chance refuses, too. One message checks the first refusal after a moment, ever sooner where it is taken; what is refused
// then, and by the next try as well, is a limit.
type limit struct {
	known
	before     known // the last opening was over
	calm, rest int   // openings in which the server is not asked for more: still to come, and after its last no

	since   time.Time     // when this opening was
	after   time.Duration // the one before it; 0: not known
	lower   time.Duration // when the last try in vain was before it, after that one
	begun   int           // messages in it that were not refused
	allowed int           // and after how many the server is asked for more
	further int           // how many go if it takes one
	checks  int           // refusals in it that were chance
	checked bool          // the next try tells whether the last one was
	run     int           // the most messages between two of them, while no limit is known

	waits bool          // nothing begins but a try
	over  bool          // the opening is over: the server said so, or enough have gone
	shown bool          // a try was in vain since then
	early bool          // the next try tells whether the span has become shorter
	until time.Time     // when the try is
	hold  time.Duration // between the last try and that one
	asked time.Duration // when the last try was that was in vain, after the opening
}

// known is what openings have told.
type known struct {
	most       int           // messages that go in an opening; 0: none is known
	span, vain time.Duration // from one opening to the next: at most, and at least; 0: not known yet
	fewer      int           // were taken by the last opening, which took too few; 0: it did not
	window     bool          // a try was in vain for which a bucket would have had some
	beyond     bool          // the last wait was far longer than the span
	dry        time.Time     // when the last opening was over
}

// opened begins an opening, of which so many messages are through.
func (l *limit) opened(now time.Time, n int) {
	l.after, l.lower = 0, max(l.vain, l.asked)
	if l.over {
		l.after = now.Sub(l.since)
	}
	l.since, l.begun, l.allowed, l.further, l.checks, l.run, l.over = now, n, l.most, 1, 0, 0, false
	l.early = false
	l.calm = max(0, l.calm-1)
}

// begin counts a message that begins in an opening.
func (l *limit) begin(now time.Time) {
	if l.begun++; l.most == 0 || l.begun < l.allowed {
		return
	}
	l.waits, l.until = true, now
	if l.over = l.calm > 0 && l.span > 0; l.over {
		l.learn(now)
		l.wait(now)
	}
}

// expected is when the server is asked whether it takes some again, after the opening.
func (l *limit) expected() time.Duration {
	at, unknown := l.span, l.span-l.vain
	switch {
	case l.early:
		at = l.span / 2
	case unknown <= l.span/narrow:
	case l.fewer > 0:
		at -= unknown / 2
	default:
		at -= unknown * 3 / 4
	}
	return max(at, firstHold)
}

// wait lets nothing begin until the next opening is expected; where that is not known, for a moment.
func (l *limit) wait(now time.Time) {
	l.hold, l.asked = firstHold, now.Sub(l.since)
	if l.span > 0 {
		l.hold = max(l.span/narrow, l.expected()-l.asked)
	}
	l.until = now.Add(l.hold)
}

// refused notes that a message was refused, which tried or not.
func (l *limit) refused(now, begun time.Time, trying bool) {
	l.begun = max(0, l.begun-1)
	switch {
	case l.waits && !trying: // it was on its way
		if l.over {
			over := l.dry
			l.known = l.before
			l.learn(over)
			l.wait(now)
		}
		return
	case !l.waits && l.fewer == 0 && (l.most == 0 || l.span > 0): // sooner than ever: once more, before it is believed
		pause := firstHold
		if l.span > 0 {
			pause = l.span / narrow
		}
		l.waits, l.checked, l.hold = true, true, pause>>(2*min(l.checks, quarters))
		l.until = now.Add(l.hold)
		return
	case l.waits && l.over:
		l.inVain(begun)
	default:
		l.shut(now)
	}
	if l.until.Before(now) { // an answer was long in coming
		l.until = now
	}
}

// shut ends the opening, since the server has refused a message.
func (l *limit) shut(now time.Time) {
	if l.waits && !l.checked && l.begun >= l.most { // as before
		l.rest = min(2*l.rest+1, longestCalm, int(longCalm/max(l.span, longCalm/longestCalm)))
		l.calm, l.early = l.rest, l.window && l.span/2 < l.vain && l.span > halfMinute
	}
	first := firstHold
	if l.checked {
		first = l.hold
	}
	l.waits, l.checked, l.over, l.shown = true, false, true, false
	l.learn(now)
	if l.wait(now); l.span == 0 {
		l.hold, l.until = first, now.Add(first)
	}
}

// learn takes in what the opening tells that is over now.
func (l *limit) learn(now time.Time) {
	l.before = l.known
	defer func() { l.dry = now }()
	e := l.after
	far := l.span > 0 && e > 2*l.span
	credible := e > 0 && (e <= l.span || e <= l.lower*4+longIdle) && (!far || l.beyond)
	l.beyond = far
	if e > 0 && e < l.vain*3/4 && l.begun >= l.most { // it has become shorter
		l.vain, l.lower = 0, 0
	}
	switch {
	case l.begun == 0:
		return
	case credible && l.begun < l.most && l.begun > l.fewer: // it fills all the time
		fills := now.Sub(l.dry) // so many, and most in
		l.window = false
		l.fewer, l.vain, l.span = l.begun, e, min(max(e, fills*time.Duration(l.most)/time.Duration(l.begun)), 3*e)
		return
	case credible:
		l.vain, l.span = min(max(l.vain, l.lower), e-e/narrow), e
	}
	l.most, l.fewer = max(l.begun, l.run), 0
}

// inVain notes a try that the server did not take, and when the next one is.
func (l *limit) inVain(at time.Time) {
	l.asked, l.shown, l.early = at.Sub(l.since), true, false
	l.window = l.window || l.span > 0 && at.Sub(l.dry)*time.Duration(l.most) > 2*l.span
	switch {
	case l.span == 0 && l.hold < firstHold:
		l.hold *= 2
	case l.span == 0:
		l.hold += l.hold / 3
	case l.asked < l.span:
		l.hold = max((l.span-l.vain)/4, l.span/narrow, l.expected()-l.asked)
	default:
		l.hold = l.span/narrow + (l.asked - l.span)
	}
	l.until = at.Add(l.hold)
}

// lost reports whether nothing tells when the server takes messages again.
func (l *limit) lost() bool { return l.span == 0 || l.until.Sub(l.since) > 2*l.span }

// taken notes that the server took a message that tried.
func (l *limit) taken(begun time.Time) {
	checked := l.checked
	l.waits, l.checked = false, false
	switch {
	case l.over && l.before.most == 0 && !l.shown: // that was chance as well
		*l = limit{since: begun, begun: 1, run: max(l.run, l.most)}
		return
	case l.over:
		l.opened(begun, 1)
		return
	case checked:
		if l.checks++; l.most == 0 { // a span may have begun
			l.run = max(l.run, l.begun-1)
			l.since, l.begun, l.after = begun, 1, 0
		}
		return
	}
	l.allowed, l.further = max(l.allowed, l.begun+l.further), 2*l.further
	if l.further > gone*l.most {
		*l = limit{since: l.since, begun: l.begun}
	}
}
