package mailer

import (
	"time"

	"digestd/digest"
	"digestd/mailer/refusal"
	"digestd/mailer/smtp"
)

// effect is what an answer means beyond its own delivery.
type effect int

const (
	goOn   effect = iota
	again         // nothing was taken, and it was the connection's fault: try at once on another one
	streak        // counts towards the refusals in a row that pause the run
	stop          // nothing can go: end the run, fail nobody
)

// verdict is what an answer means for its delivery.
type verdict struct {
	state  digest.State // Sent, Deferred, Failed or InDoubt
	effect effect
}

// classify reads an outcome. before is the delivery's last event before this attempt.
//
//	outcome                      delivery                          run
//	accepted                     sent
//	trouble                      deferred                          stops
//	cut                          deferred, again at once           five times a connection in a row pause it
//	late                         deferred                          five in a row pause it
//	doubtful                     in doubt                          five in a row pause it
//	refused for now              deferred
//	refused, the mailbox         failed
//	refused at RCPT              failed                            five in a row pause it
//	refused elsewhere            deferred; the second time failed  five in a row pause it
//
// Up to five recipients in a row who are refused for another reason than themselves may be bad luck; more of them, with
// no success in between, are a server that relays nothing for us. Once something was taken in a run, they must be of
// different domains, since one that refuses all of its readers must not keep the others waiting.
func classify(o Outcome, before digest.Event) verdict {
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
	case !v.Permanent:
		return verdict{digest.Deferred, goOn}
	case v.About == refusal.Mailbox:
		return verdict{digest.Failed, goOn}
	case ofOne(o.Stage), refusedBefore(before):
		return verdict{digest.Failed, streak}
	}
	return verdict{digest.Deferred, streak}
}

// atRcpt is the stage at which a server speaks of one address.
const atRcpt = string(smtp.Rcpt)

// ofOne reports whether a refusal at a stage is an answer to one address, and not to the sender or to what is sent.
func ofOne(stage string) bool { return stage == atRcpt || stage == atSendmail }

// refusedBefore reports whether the delivery was deferred by the kind of refusal that fails it the
// second time.
func refusedBefore(e digest.Event) bool {
	return e.State == digest.Deferred && e.Code/100 == 5 && !ofOne(e.Stage)
}

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
