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
	// Send hands over one message to one recipient. It may write past the end of msg, within its
	// capacity. Right before what makes the other side take the message it asks for permission, which may
	// take its time; without it the message is not taken, and the outcome is none of the other side. It
	// always comes back, in a time that its transport and permit bound.
	Send(env message.Envelope, msg []byte, permit func() bool) Outcome
	// Usable reports whether Send may be called again.
	Usable() bool
	Close()
}

// errHeldBack is the Err of an Outcome when the end of a message was not allowed.
var errHeldBack = errors.New("the message was held back before its end")
