package mailer

import (
	"digestd/digest"
	"digestd/mailer/refusal"
)

// Result is how it ended when a transport was given a message.
type Result uint8

// The results. Whatever the transport, they are all that the delivery loop knows.
const (
	Accepted Result = iota + 1 // the other side has the message, and answers for it
	Refused                    // it said no; the verdict tells what that is about
	Cut                        // the connection ended before the message can have been taken
	Late                       // no answer came in time, and the message can't have been taken
	Trouble                    // the transport itself does not work: nobody can be served
	Doubtful                   // it ended when the message may have been taken
)

// Outcome is what became of a message that a transport was given, or of a connection that could not be made.
type Outcome struct {
	Result  Result
	Verdict refusal.Verdict // of Refused
	OfOne   bool            // of Refused: it answers one address, and not the sender or what is sent
	Stage   string          // where it ended, in the transport's words: "rcpt", "maildir"
	Code    int             // of SMTP; 0 where nothing was said, or the transport has none
	Words   string          // of the other side, or those of Err; one line of at most 300 bytes
	Err     error           // what went wrong, where it is not an answer
	Cure    string          // what the operator can do about it, in words; empty where nobody knows
}

func (o Outcome) String() string {
	said := digest.Said(o.Stage, o.Code, o.Words)
	if o.Cure != "" {
		said += "; " + o.Cure
	}
	return said
}

// Unreachable is an Outcome as the error of a connection that could not be made.
type Unreachable struct {
	Outcome
	Where string // the transport in words; empty where the words name it
}

func (u *Unreachable) Error() string {
	if u.Where == "" {
		return u.String()
	}
	return u.Where + ": " + u.String()
}
func (u *Unreachable) Unwrap() error { return u.Err }
