package mailer

import (
	"context"
	"fmt"

	"digestd/mailer/message"
	"digestd/mailer/smtp"
)

// Transport makes connections to where mail goes.
type Transport interface {
	// Dial makes a connection that is ready for messages. Its error is a *smtp.Refusal, or that of ctx.
	Dial(ctx context.Context) (Conn, error)
	// String names the other side in words: a host with its port, a directory.
	String() string
}

// Conn takes messages one after the other. It is used by one goroutine at a time.
type Conn interface {
	// Send hands over one message to one recipient. It may write behind the end of msg, within its
	// capacity. Right before the step that makes the other side take the message it asks leave, which may
	// take its time; without it the message is not taken, and the reply is none of the other side. It
	// always comes back, in a time that its transport and leave bound.
	Send(env message.Envelope, msg []byte, leave func() bool) smtp.Reply
	// Usable reports whether Send may be called again.
	Usable() bool
	Close()
}

// OverSMTP is the transport that hands messages to a server.
func OverSMTP(server *smtp.Server) Transport { return overSMTP{server} }

type overSMTP struct{ server *smtp.Server }

func (t overSMTP) Dial(ctx context.Context) (Conn, error) {
	c, err := t.server.Dial(ctx)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", t, err)
	}
	return c, nil
}

func (t overSMTP) String() string { return t.server.Address() }
