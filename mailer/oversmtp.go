package mailer

import (
	"context"
	"errors"
	"fmt"

	"digestd/mailer/message"
	"digestd/mailer/refusal"
	"digestd/mailer/smtp"
)

// OverSMTP is the transport that hands messages to a server.
func OverSMTP(server *smtp.Server) Transport { return overSMTP{server, nil} }

// WithCures is OverSMTP, with a function that knows what the operator can do about an outcome: for what is not
// accepted, its words become the outcome's Cure. login tells whether the server offers one.
func WithCures(server *smtp.Server, cure func(o Outcome, login bool) string) Transport {
	return overSMTP{server, cure}
}

type overSMTP struct {
	server *smtp.Server
	cure   func(o Outcome, login bool) string // may be nil
}

// outcomeOf is OutcomeOf, with its cure.
func (t overSMTP) outcomeOf(r smtp.Reply, to string, login bool) Outcome {
	o := OutcomeOf(r, to)
	if t.cure != nil && o.Result != Accepted {
		o.Cure = t.cure(o, login)
	}
	return o
}

func (t overSMTP) String() string { return t.server.Address() }

func (t overSMTP) Dial(ctx context.Context) (Conn, error) {
	c, err := t.server.Dial(ctx)
	var said *smtp.Refusal
	if errors.As(err, &said) {
		return nil, &Unreachable{Outcome: t.outcomeOf(said.Reply, "", false), Where: t.String()}
	}
	if err != nil {
		return nil, err
	}
	return smtpConn{c, t}, nil
}

type smtpConn struct {
	*smtp.Conn
	over overSMTP
}

func (c smtpConn) Send(env message.Envelope, msg []byte, permit func() bool) Outcome {
	return c.over.outcomeOf(c.Conn.Send(env, msg, permit), env.To, c.Offers("AUTH"))
}

// Ask does MAIL and RCPT. What follows takes them back.
func (c smtpConn) Ask(from, to string) Outcome {
	r := c.Conn.Probe(from, to)
	if r.Code/100 == 2 {
		return Outcome{Result: Accepted}
	}
	return c.over.outcomeOf(r, to, c.Offers("AUTH"))
}

// Probe asks the other side whether it would take a message, and sends none; how the connection is, it tells in words.
// The error tells in those of the other side that it would not, for a reason that is not that one address; where a
// transport can't be asked there is none.
func Probe(c Conn, where Transport, from, to string) (string, error) {
	server, ok := c.(smtpConn)
	if !ok {
		return "", nil
	}
	if o := server.Ask(from, to); o.Result != Accepted && (o.Result != Refused ||
		o.Verdict.About != refusal.Mailbox && !(o.Verdict.About == refusal.Unclear && !o.Verdict.Permanent)) {
		return "", fmt.Errorf("the mail server %s lets digestd in, and refuses a message from %s to %s: %s", where, from, to, o)
	}
	return fmt.Sprintf("mail server: %s answers (%s), and would take a message from %s", where, server.Conn, from), nil
}

// OutcomeOf reads a server's answer to a message for an address, or to a connection.
//
//	stage           answer                    result
//	connect…auth    anything                  trouble
//	any             530 534 535 538           trouble: it is the login
//	any             421                       cut, but where its words speak of our pace
//	mail            more than SIZE allows     trouble
//	mail…body       cut, no SMTP              cut
//	mail…body       no answer in time         late
//	dot             2xx                       accepted
//	dot             cut, no SMTP, no answer   doubtful
//	any             another 4xx, 5xx          refused, for what the words say
//
// Until the last byte is written the server can't have taken a message, so nothing before it is in doubt.
func OutcomeOf(r smtp.Reply, to string) Outcome {
	o := Outcome{Stage: string(r.Stage), Code: r.Code, Words: r.Words, Err: r.Err}
	switch {
	case r.Accepted():
		o.Result = Accepted
	case r.Stage.Setup(), errors.Is(r.Err, smtp.ErrTooBig):
		o.Result = Trouble
	case r.Code == 0 && r.Stage == smtp.Dot:
		o.Result = Doubtful
	case r.Code == 0 && smtp.IsTimeout(r.Err):
		o.Result = Late
	case r.Code == 0:
		o.Result = Cut
	default:
		o.Result, o.OfOne = Refused, o.Stage == atRcpt
		switch o.Verdict = refusal.Judge(o.Stage, o.Code, o.Words, to); {
		case o.Verdict.About == refusal.Login:
			o.Result = Trouble
		case r.Code == 421 && o.Verdict.About != refusal.Pace:
			o.Result = Cut
		}
	}
	return o
}
