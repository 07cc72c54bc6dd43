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
func OverSMTP(server *smtp.Server) Transport { return overSMTP{server} }

type overSMTP struct{ server *smtp.Server }

func (t overSMTP) String() string { return t.server.Address() }

func (t overSMTP) Dial(ctx context.Context) (Conn, error) {
	c, err := t.server.Dial(ctx)
	var said *smtp.Refusal
	if errors.As(err, &said) {
		return nil, &Unreachable{Outcome: OutcomeOf(said.Reply, ""), Where: t.String()}
	}
	if err != nil {
		return nil, err
	}
	return smtpConn{c}, nil
}

type smtpConn struct{ *smtp.Conn }

func (c smtpConn) Send(env message.Envelope, msg []byte, permit func() bool) Outcome {
	return OutcomeOf(c.Conn.Send(env, msg, permit), env.To)
}

// Probe asks the other side whether it would take a message, and sends none. The error tells in its words that it would
// not, for a reason that is not that one address; where a transport can't be asked there is none.
func Probe(c Conn, from, to string) error {
	server, ok := c.(smtpConn)
	if !ok {
		return nil
	}
	r := server.Conn.Probe(from, to)
	if o := OutcomeOf(r, to); r.Code/100 != 2 && (o.Result != Refused ||
		o.Verdict.About != refusal.Mailbox && !(o.Verdict.About == refusal.Unclear && !o.Verdict.Permanent)) {
		return fmt.Errorf("the mail server lets digestd in, and refuses a message from %s to %s: %s", from, to, o)
	}
	return nil
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
	case r.Code == 0 && isTimeout(r.Err):
		o.Result = Late
	case r.Code == 0:
		o.Result = Cut
	default:
		o.Result = Refused
		switch o.Verdict = refusal.Judge(o.Stage, o.Code, o.Words, to); {
		case o.Verdict.About == refusal.Login:
			o.Result = Trouble
		case r.Code == 421 && o.Verdict.About != refusal.Pace:
			o.Result = Cut
		}
	}
	return o
}

func isTimeout(err error) bool {
	var t interface{ Timeout() bool }
	return errors.As(err, &t) && t.Timeout()
}
