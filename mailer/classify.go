package mailer

import (
	"errors"
	"strings"
	"time"

	"digestd/digest"
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

// classify reads a server's answer. before is the delivery's last event before this attempt.
//
//	stage           answer             delivery                          run
//	any             421                deferred, again at once           that connection is closed
//	any             530 534 535 538    deferred                          stops: it is the login
//	connect         anything           deferred                          stops
//	mail data dot   4xx                deferred
//	mail data dot   5xx                deferred; the second time failed  five in a row pause it
//	rcpt            4xx                deferred
//	rcpt            5xx                failed                            five in a row that are not about
//	                                                                     the recipient pause it
//	mail…body       cut, no SMTP       deferred, again at once           five in a row pause it
//	mail…body       no answer in time  deferred                          five in a row pause it
//	dot             2xx                sent
//	dot             cut, no SMTP,      in doubt                          five in a row pause it
//	                no answer in time
//
// Until the last byte is written the server can't have taken a message, so nothing before it is in
// doubt. Up to five recipients in a row who are refused for another reason than themselves (a policy, our own
// address, or none that is given: RFC 3463) may be bad luck; more of them, with no success in between, are a server
// that relays nothing for us. Once something was taken in a run, they must be of different domains, since one that
// refuses all of its readers must not keep the others waiting.
func classify(r smtp.Reply, before digest.Event) verdict {
	class := r.Code / 100
	switch {
	case r.Accepted():
		return verdict{digest.Sent, goOn}
	case r.Stage.Setup():
		return verdict{digest.Deferred, stop}
	case r.Code == 0 && r.Stage == smtp.Dot:
		return verdict{digest.InDoubt, streak}
	case r.Code == 0 && isTimeout(r.Err):
		return verdict{digest.Deferred, streak}
	case r.Code == 0, r.Code == 421:
		return verdict{digest.Deferred, again}
	case r.Code == 530, r.Code == 534, r.Code == 535, r.Code == 538:
		return verdict{digest.Deferred, stop}
	case class == 4:
		return verdict{digest.Deferred, goOn}
	case r.Stage == smtp.Rcpt && aboutRecipient(r.Status):
		return verdict{digest.Failed, goOn}
	case r.Stage == smtp.Rcpt:
		return verdict{digest.Failed, streak}
	case refusedBefore(before):
		return verdict{digest.Failed, streak}
	}
	return verdict{digest.Deferred, streak}
}

// aboutRecipient reports whether the enhanced status of a refused RCPT speaks of the address or the mailbox, and not
// of the sender, the server or a policy.
func aboutRecipient(status string) bool {
	switch status {
	case "5.1.7", "5.1.8": // the sender's address
		return false
	case "5.6.7": // it is not ASCII, and the server can't do that
		return true
	}
	return strings.HasPrefix(status, "5.1.") || strings.HasPrefix(status, "5.2.")
}

// refusedBefore reports whether the delivery was deferred by the kind of refusal that fails it the
// second time.
func refusedBefore(e digest.Event) bool {
	return e.State == digest.Deferred && e.Code/100 == 5 && e.Stage != string(smtp.Rcpt)
}

func isTimeout(err error) bool {
	var t interface{ Timeout() bool }
	return errors.As(err, &t) && t.Timeout()
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
