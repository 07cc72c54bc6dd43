package mailer

import (
	"time"

	"digestd/digest"
	"digestd/mailer/refusal"
	"digestd/mailer/smtp"
)

// effect is what an outcome means beyond its own delivery.
type effect int

const (
	goOn    effect = iota
	again          // nothing was taken, and it was the connection's fault: try at once on another one
	tooFast        // we go too fast: try again when the server takes some
	suspect        // it may not be the reader's fault: what comes of it is known when others were answered
	streak         // counts towards the silences in a row that pause the run
	stop           // nothing can go: end the run, fail nobody
)

// verdict is what an outcome means for its delivery.
type verdict struct {
	state  digest.State // Sent, Deferred, Failed or InDoubt
	effect effect
}

// maxTries is how often a delivery is tried in one run without a pause of its own schedule.
const maxTries = 3

// maxTooFast is the same where the server spoke of the pace: who comes first when it has had enough is chance.
const maxTooFast = 4 * maxTries

// classify reads an outcome; taken tells whether the run has had a message taken so far.
//
//	outcome                        delivery               run
//	accepted                       sent
//	trouble                        deferred, no wait      stops
//	cut                            deferred, again        five times a connection in a row pause it
//	late                           deferred               five in a row pause it
//	doubtful                       in doubt               five in a row pause it
//	refused: the mailbox, for now  deferred
//	refused: the mailbox           failed                 once it is known that the server does not say so of everybody
//	refused: the session           deferred, again        that connection is closed
//	refused: the pace              deferred, no wait      nothing begins for a while, then one message tries; where there
//	                                                      are too many connections, it goes on with the others
//	refused for now at RCPT,       deferred
//	  unclear, nothing taken yet                          (greylisting, mostly)
//	refused: sender, server,       what settled says      five in a row pause it, and are taken back
//	  message, unclear
func classify(o Outcome, tries int, taken bool) verdict {
	switch o.Result {
	case Accepted:
		return verdict{digest.Sent, goOn}
	case Trouble:
		return verdict{digest.Deferred, stop}
	case Doubtful:
		return verdict{digest.InDoubt, streak}
	case Late:
		return verdict{digest.Deferred, streak}
	case Cut:
		return verdict{digest.Deferred, again}
	}
	switch v := o.Verdict; {
	case v.About == refusal.Mailbox && !v.Permanent:
		return verdict{digest.Deferred, goOn}
	case v.About == refusal.Session && tries == 0:
		return verdict{digest.Deferred, again}
	case v.About == refusal.Session || v.About == refusal.Pace:
		return verdict{digest.Deferred, tooFast}
	case v.About == refusal.Unclear && o.Code < 500 && o.OfOne && !taken:
		return verdict{digest.Deferred, goOn}
	}
	return verdict{digest.Deferred, suspect}
}

// stale reports whether a connection that was used before has been given up by the server, or by something between that
// forgot it, before the message began; or whether its login has run out. That it has carried enough may be said later.
func (o Outcome) stale() bool {
	if o.Verdict.About == refusal.Session && (o.Result == Cut || o.Result == Refused) {
		return o.Stage == string(smtp.Mail) || o.Stage == atRcpt || o.Stage == string(smtp.Data)
	}
	return o.Stage == string(smtp.Mail) && (o.Result == Cut || o.Result == Late || o.Verdict.About == refusal.Login)
}

// settled is what becomes of a refused delivery when others are served, and the fault is not known to be its reader's.
// before is its last event before that attempt.
//
//	sender                     deferred: it is not the reader's, whatever the code
//	for now                    deferred
//	unclear at RCPT, mailbox   failed
//	elsewhere, the message     deferred; the second time failed
func settled(o Outcome, before digest.Event) digest.State {
	v := o.Verdict
	switch {
	case !v.Permanent, v.About == refusal.Sender, v.About == refusal.Server:
		return digest.Deferred
	case v.About == refusal.Mailbox, v.About == refusal.Unclear && o.OfOne, refusedBefore(before):
		return digest.Failed
	}
	return digest.Deferred
}

// atRcpt is the stage at which a server speaks of one address.
const atRcpt = string(smtp.Rcpt)

// ofNobody reports whether a refusal for good can't be the fault of whom the message was for.
func ofNobody(o Outcome) bool {
	return o.Verdict.Permanent &&
		(o.Verdict.About == refusal.Sender || o.Verdict.About == refusal.Server || o.Stage == string(smtp.Mail))
}

// ofLoad reports whether a refusal is the server's own, and may be over in a moment: one at MAIL names nobody.
func ofLoad(o Outcome) bool {
	return !o.Verdict.Permanent && (o.Verdict.About == refusal.Server || o.Stage == string(smtp.Mail))
}

// refusedBefore reports whether the delivery was deferred by the kind of refusal that fails it the
// second time.
func refusedBefore(e digest.Event) bool { return e.State == digest.Deferred && e.Code/100 == 5 }

// lateRetry is the pause between attempts once the configured ones are used up.
const lateRetry = 6 * time.Hour

// due is when a delivery is tried next that is put off for the n-th time, and whether there will be a next time
// before limit. jitter in [0, 1) spreads the attempts, since those that were refused together would
// come back together. Where the next pause would pass the limit, a last attempt is made shortly
// before it, if that is not right now.
func due(retry []time.Duration, n int, jitter float64, now, limit time.Time) (at time.Time, ok bool) {
	pause := lateRetry
	if n >= 1 && n <= len(retry) {
		pause = retry[n-1]
	}
	at = now.Add(pause + time.Duration(jitter*float64(pause)/5))
	if at.Before(limit) {
		return at, true
	}
	left := limit.Sub(now) * 9 / 10
	return now.Add(left), left >= pause/2 && left > 0
}
