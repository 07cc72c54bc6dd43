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
	// longestCalm is how many openings may go by in which the server is not asked for more.
	longestCalm = 7
)

// limit is what a server's refusals tell of how many messages it takes in which time.
//
// Servers count in spans, so after a refusal nothing begins for a moment, and then one message tries, until one is taken:
// that is an opening. How many are taken in an opening is the limit. The span is how long it is from one opening to the
// next one that takes as many: longer than to the last that was asked for in vain or took fewer. From then on as many go
// in each opening, as fast as they can, and the next try comes a quarter into what is not known of the span. At the end
// of an opening one message asks for more, and then two, four and so on go as long as they are taken: so a limit that has
// grown, or is gone, is found out.
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
	twice   bool          // it has refused one too soon, and is asked once more

	waits bool          // nothing begins but a try
	over  bool          // the opening is over: the server said so, or enough have gone
	until time.Time     // when the try is
	hold  time.Duration // between the last try and that one
	asked time.Duration // when the last try was that was in vain, after the opening
}

// known is what openings have told.
type known struct {
	most       int           // messages that go in an opening; 0: none is known
	span, vain time.Duration // from one opening to the next: at most, and at least; 0: not known yet
	fewer      int           // were taken by the last opening, which took too few; 0: it did not
	beyond     bool          // the last wait was far longer than the span
	dry        time.Time     // when the last opening was over
}

// opened begins an opening, of which so many messages are through.
func (l *limit) opened(now time.Time, n int) {
	l.after, l.lower = 0, max(l.vain, l.asked)
	if l.over {
		l.after = now.Sub(l.since)
	}
	l.since, l.begun, l.allowed, l.further, l.twice, l.over = now, n, l.most, 1, false, false
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
	case !l.waits && l.span > 0 && l.begun < l.allowed && !l.twice: // sooner than ever: once more, before it is believed
		l.waits, l.twice, l.until = true, true, now.Add(l.span/narrow)
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
	if l.waits && l.begun >= l.most { // as before
		l.rest = min(2*l.rest+1, longestCalm)
		l.calm = l.rest
	}
	l.waits, l.over = true, true
	l.learn(now)
	l.wait(now)
}

// learn takes in what the opening tells that is over now.
func (l *limit) learn(now time.Time) {
	l.before = l.known
	defer func() { l.dry = now }()
	e := l.after
	far := l.span > 0 && e > 2*l.span
	credible := e > 0 && (e <= l.span || e <= l.lower*4+longIdle) && (!far || l.beyond)
	l.beyond = far
	switch {
	case l.begun == 0:
		return
	case credible && l.begun < l.most && l.begun > l.fewer: // it fills all the time
		fills := now.Sub(l.dry) // so many, and most in
		l.fewer, l.vain, l.span = l.begun, e, min(max(e, fills*time.Duration(l.most)/time.Duration(l.begun)), 3*e)
		return
	case credible:
		l.vain, l.span = min(max(l.vain, l.lower), e-e/narrow), e
	}
	l.most, l.fewer = l.begun, 0
}

// inVain notes a try that the server did not take, and when the next one is.
func (l *limit) inVain(at time.Time) {
	l.asked = at.Sub(l.since)
	switch {
	case l.span == 0:
		l.hold += l.hold / 3
	case l.asked < l.span:
		l.hold = max((l.span-l.vain)/4, l.span/narrow)
	default:
		l.hold = l.span/narrow + (l.asked - l.span)
	}
	l.until = at.Add(l.hold)
}

// lost reports whether nothing tells when the server takes messages again.
func (l *limit) lost() bool { return l.span == 0 || l.until.Sub(l.since) > 2*l.span }

// taken notes that the server took a message that tried.
func (l *limit) taken(begun time.Time) {
	if l.waits = false; l.over {
		l.opened(begun, 1)
		return
	}
	l.allowed, l.further = max(l.allowed, l.begun+l.further), 2*l.further
	if l.further > gone*l.most {
		*l = limit{since: l.since, begun: l.begun}
	}
}
