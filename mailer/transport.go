package mailer

import (
	"context"
	"errors"

	"digestd/mailer/message"
)

// Transport makes connections to where mail goes.
type Transport interface {
	// Dial makes a connection that is ready for messages. Its error is an *Unreachable, or that of ctx.
	Dial(ctx context.Context) (Conn, error)
	// String names the other side in words: a host with its port, a directory.
	String() string
}

// Conn takes messages one after the other. It is used by one goroutine at a time.
type Conn interface {
	// Send hands over one message to one recipient. It may write behind the end of msg, within its
	// capacity. Right before the step that makes the other side take the message it asks leave, which may
	// take its time; without it the message is not taken, and the outcome is none of the other side. It
	// always comes back, in a time that its transport and leave bound.
	Send(env message.Envelope, msg []byte, leave func() bool) Outcome
	// Usable reports whether Send may be called again.
	Usable() bool
	Close()
}

// errNoLeave is the Err of an Outcome when the final step of a message was not allowed.
var errNoLeave = errors.New("the message was held back before its end")
