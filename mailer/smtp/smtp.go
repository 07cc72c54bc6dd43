// Package smtp hands finished messages to one SMTP server. It knows the dialogue
// and what the server said at which point of it; it does not know what that means for a delivery, nor
// anything of editions or ledgers.
//
// The dialogue is driven here, and of go-mail only the mechanisms of AUTH are used, for these reasons. A body
// that is cut short must never be followed by the final dot, which go-mail's writer sends on the next
// command; and the dot must be able to wait for the ledger. The wait after the dot needs its own, long time
// limit. go-mail's client ends the connection at the first mechanism that is refused, and knows a server's keywords in
// capitals only. And the messages come encoded and ready, so that where the server offers PIPELINING two round trips
// are enough.
package smtp

import (
	"bytes"
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"net"
	"net/textproto"
	"strconv"
	"strings"
	"sync/atomic"
	"time"

	"digestd/mailer/message"
)

// Stage is a point of the dialogue.
type Stage string

// The stages, in order.
const (
	Connect  Stage = "connect"
	Greeting Stage = "greeting"
	Hello    Stage = "ehlo"
	StartTLS Stage = "starttls"
	Auth     Stage = "auth"
	Mail     Stage = "mail"
	Rcpt     Stage = "rcpt"
	Data     Stage = "data"
	Body     Stage = "body" // between the 354 and the final dot
	Dot      Stage = "dot"  // the message is with the server, its answer is not here yet
)

// Setup reports whether the stage comes before the first message of a connection.
func (s Stage) Setup() bool {
	switch s {
	case Connect, Greeting, Hello, StartTLS, Auth:
		return true
	}
	return false
}

// Reply is how a dialogue ended: at which stage, and what the server said there. Code is 0 when it said
// nothing, or nothing that is SMTP; Err tells why then.
type Reply struct {
	Stage  Stage
	Code   int
	Status string // enhanced status code (RFC 3463) if there is one: "5.1.1"
	Words  string // of the server, or those of Err; one line of at most 300 bytes
	Err    error
}

// Accepted reports whether the server took responsibility for the message.
func (r Reply) Accepted() bool { return r.Stage == Dot && r.Code/100 == 2 }

func (r Reply) String() string {
	if r.Code == 0 {
		return fmt.Sprintf("%s: %s", r.Stage, r.Words)
	}
	return fmt.Sprintf("%s: %d %s", r.Stage, r.Code, r.Words)
}

// Refusal is a Reply as the error of a connection that could not be made.
type Refusal struct{ Reply }

func (r *Refusal) Error() string { return r.String() }
func (r *Refusal) Unwrap() error { return r.Err }

// How a connection is encrypted.
const (
	TLSStart    = "starttls"
	TLSImplicit = "implicit"
	TLSNone     = "none"
)

// Server says how to reach a server. The durations must be set.
type Server struct {
	Host     string
	Port     int
	TLS      string         // TLSStart, TLSImplicit or TLSNone
	Roots    *x509.CertPool // nil: the system's
	Username string         // empty: no login
	Password string
	// Auth is one of "auto", "plain", "login", "cram-md5", "scram-sha-1", "scram-sha-256"
	Auth      string
	HelloName string // empty: the name of this machine
	// DialTimeout is for the connection, and TLS where that comes first
	DialTimeout time.Duration
	// ReplyTimeout is for each answer, that to the final dot included
	ReplyTimeout time.Duration
	Dialer       func(ctx context.Context, network, address string) (net.Conn, error) // nil: the system's

	stepwise atomic.Bool // it offers PIPELINING, and does not hear what comes in one go
}

// CommandTimeout bounds the greeting and the answers to commands (RFC 5321 §4.5.3.2), which need not wait for
// as long as the one to the final dot.
const CommandTimeout = 5 * time.Minute

// quitTimeout bounds the farewell: nothing depends on it.
const quitTimeout = 2 * time.Second

// Address is host and port.
func (s *Server) Address() string { return net.JoinHostPort(s.Host, strconv.Itoa(s.Port)) }

// Conn is a connection that is ready for messages. It is used by one goroutine at a time.
type Conn struct {
	text       *textproto.Conn
	mask       func(words string) string
	extensions map[string]string // what the server can do, by keyword in capitals
	conn       net.Conn
	replyIn    time.Duration
	mechanism  string // by which it was logged in; empty: it was not
	pipelining bool
	stepwise   *atomic.Bool // the server's; nil once it has heard a group of commands
	size       int          // of the biggest message that it takes; 0: it does not say, -1: any
	utf8       bool
	reset      bool // the last transaction was left open
	broken     bool
}

// Dial connects, greets, encrypts and logs in. The error is a *Refusal, or that of ctx. A password is
// sent neither over an unencrypted connection, unless that one is to this machine, nor into an error.
func (s *Server) Dial(ctx context.Context) (*Conn, error) {
	connect := s.Dialer
	if connect == nil {
		connect = (&net.Dialer{}).DialContext
	}
	dialing, cancel := context.WithTimeout(ctx, s.DialTimeout)
	raw, err := connect(dialing, "tcp", s.Address())
	cancel()
	if err != nil {
		return nil, s.failed(Connect, err)
	}
	c := &Conn{conn: raw, mask: s.mask, replyIn: s.ReplyTimeout, stepwise: &s.stepwise}
	stop := context.AfterFunc(ctx, func() { raw.SetDeadline(time.Unix(1, 0)) })
	if stage, err := s.setUp(ctx, c); err != nil {
		stop()
		raw.Close()
		return nil, s.failed(stage, err)
	}
	if !stop() {
		raw.Close()
		return nil, s.failed(Connect, ctx.Err())
	}
	if err := c.conn.SetDeadline(time.Time{}); err != nil {
		raw.Close()
		return nil, s.failed(Connect, err)
	}
	return c, nil
}

// failed is the error of a connection that was not made. Where the time was over, it names the key that says how long
// that is.
func (s *Server) failed(stage Stage, err error) error {
	r := replyOf(stage, err)
	if r.Code == 0 && IsTimeout(err) {
		limit := fmt.Sprintf("reply_timeout of [smtp], %s before the end of a message",
			min(CommandTimeout, s.ReplyTimeout))
		if stage == Connect {
			limit = fmt.Sprintf("dial_timeout of [smtp], %s", s.DialTimeout)
		}
		r.Words = OneLine(r.Words + " (" + limit + ")")
	}
	return &Refusal{r}
}

func isLoopback(a net.Addr) bool {
	switch a := a.(type) {
	case *net.TCPAddr:
		return a.IP.IsLoopback()
	case *net.UnixAddr:
		return true
	}
	return false
}

// String tells how the connection is: its encryption, its login, the biggest message that the server takes.
func (c *Conn) String() string {
	words := "not encrypted"
	if encrypted, ok := c.conn.(*tls.Conn); ok {
		words = tls.VersionName(encrypted.ConnectionState().Version)
	}
	if c.mechanism != "" {
		words += ", logged in by " + c.mechanism
	}
	if c.size > 0 {
		most, unit := float64(c.size)/(1<<20), "MB"
		if most < 1 {
			most, unit = float64(c.size)/(1<<10), "KB"
		}
		words += fmt.Sprintf(", messages of up to %.1f %s", most, unit)
	}
	return words
}

// Offers reports whether the server can do what a keyword of EHLO stands for (RFC 5321 §4.1.1.1).
func (c *Conn) Offers(keyword string) bool { _, ok := c.extensions[keyword]; return ok }

// Usable reports whether the connection can take another message. After any error of the connection,
// an answer that is not SMTP, or a 421 it can't.
func (c *Conn) Usable() bool { return !c.broken }

// Close ends the connection, politely where it is usable.
func (c *Conn) Close() {
	if !c.broken {
		c.conn.SetDeadline(time.Now().Add(quitTimeout))
		c.text.PrintfLine("QUIT")
		readReply(c.text.R)
	}
	c.broken = true
	c.conn.Close()
}

// breakOff ends the connection at once, so that nothing can follow what was written.
func (c *Conn) breakOff() {
	c.broken = true
	c.conn.Close()
}

// ErrTooBig is the Err of a Reply to a message that is bigger than the server takes, as it said before.
var ErrTooBig = errors.New("bigger than the server takes")

// ErrHeldBack is the Err of a Reply when the end of a message was not allowed.
var ErrHeldBack = errors.New("the message was held back before its end")

// Send hands over one message to one recipient and returns how that ended. msg has CRLF line ends; Send
// may write past its end, within its capacity. Before the final dot, which is what makes the server take
// the message (RFC 5321 §4.1.1.4), it asks for permission; without it the connection is broken off and the reply has
// ErrHeldBack at stage Body. Apart from that call it returns within the time limits of the server's answers.
// At stage Dot with an Err nobody knows whether the server took the message; at each other stage with an
// Err it did not.
func (c *Conn) Send(env message.Envelope, msg []byte, permit func() bool) Reply {
	if strings.ContainsAny(env.From+env.To, "\r\n\x00") {
		return Reply{Stage: Rcpt, Code: 553, Status: "5.1.3", Words: "5.1.3 not sent: the address has a line end in it"}
	}
	if env.UTF8 && !c.utf8 {
		return Reply{Stage: Rcpt, Code: 553, Status: "5.6.7",
			Words: "5.6.7 not sent: the address is not ASCII, and the server does not offer SMTPUTF8"}
	}
	if c.size > 0 && len(msg) > c.size {
		return Reply{Stage: Mail, Code: 552, Status: "5.3.4", Err: ErrTooBig,
			Words: fmt.Sprintf("5.3.4 not sent: the message has %d bytes, and the server takes %d (SIZE); max_size of the digest makes it smaller", len(msg), c.size)}
	}
	if !env.Dotless && message.HasDots(msg) {
		msg = stuffDots(msg)
	}
	if r := c.begin(env, len(msg)); r.Code != 354 {
		return r
	}
	return c.transfer(msg, permit)
}

// Probe does MAIL and RCPT; the end of the connection, or what follows, takes them back. The reply is the last one, or
// the refusal.
func (c *Conn) Probe(from, to string) (r Reply) {
	commands := []command{{Mail, "RSET"}, {Mail, "MAIL FROM:<" + from + ">"}, {Rcpt, "RCPT TO:<" + to + ">"}}
	if !c.reset {
		commands = commands[1:]
	}
	c.reset = true
	for _, s := range commands {
		c.setDeadline(min(CommandTimeout, c.replyIn))
		if err := c.text.PrintfLine("%s", s.text); err != nil {
			return c.lost(s.stage, err)
		}
		if r = c.read(s.stage); r.Code/100 != 2 {
			return r
		}
	}
	return r
}

// begin does MAIL, RCPT and DATA. The dialogue may go on when it returns a 354.
func (c *Conn) begin(env message.Envelope, length int) Reply {
	if c.text.R.Buffered() > 0 { // which would be taken for the answer to what comes now
		c.setDeadline(quitTimeout)
		r := c.read(Mail)
		if c.breakOff(); r.Code != 421 {
			return replyOf(Mail, fmt.Errorf("the server said more than its answer to the last message: %d %s", r.Code, r.Words))
		}
		return r
	}
	if c.pipelining && env.Try { // each command that is refused may count against us, and be answered late
		c.pipelining = false
		defer func() { c.pipelining = true }()
	}
	mail := "MAIL FROM:<" + env.From + ">"
	if c.size != 0 {
		mail += " SIZE=" + strconv.Itoa(length)
	}
	if env.UTF8 {
		mail += " SMTPUTF8"
	}
	commands := []command{{Mail, "RSET"}, {Mail, mail}, {Rcpt, "RCPT TO:<" + env.To + ">"}, {Data, "DATA"}}
	if !c.reset {
		commands = commands[1:]
	}
	c.reset = true
	c.setDeadline(min(CommandTimeout, c.replyIn))
	if c.pipelining { // RFC 2920 §3.1: DATA may end a group
		for _, s := range commands {
			c.text.W.WriteString(s.text)
			c.text.W.WriteString("\r\n")
		}
		if err := c.text.W.Flush(); err != nil {
			return c.lost(Mail, err)
		}
	}
	r := c.answers(commands)
	if r.Code == 555 && c.size != 0 && r.Stage == Mail && !c.broken { // parameters of MAIL that it does not know after all
		c.size = 0
		return c.begin(env, length)
	}
	return r
}

// command is a line of the dialogue, and the stage of its answer.
type command struct {
	stage Stage
	text  string
}

// answers reads the answers to commands that end with DATA. Without pipelining each command is written first.
func (c *Conn) answers(commands []command) Reply {
	var refused *Reply
	for _, s := range commands {
		c.setDeadline(min(CommandTimeout, c.replyIn))
		if !c.pipelining {
			if err := c.text.PrintfLine("%s", s.text); err != nil {
				return c.lost(s.stage, err)
			}
		}
		r := c.read(s.stage)
		if c.pipelining && r.Err != nil && IsTimeout(r.Err) && s.stage != Mail && c.stepwise != nil {
			c.stepwise.Store(true) // it answered the first command alone: old firewalls drop the others
		}
		if r.Err != nil {
			if refused != nil { // the refusal stands; the connection is gone
				return *refused
			}
			return r
		}
		good := r.Code/100 == 2 && s.stage != Data || r.Code == 354 && s.stage == Data
		switch {
		case good && refused != nil && s.stage == Data:
			// The server would take a message though it refused its only recipient. An empty one would
			// have to end this (RFC 2920 §3.1); a server that confused is better left.
			c.breakOff()
			return *refused
		case good && s.stage == Data:
			c.stepwise = nil
			return r
		case good:
			continue
		case s.text == "RSET":
			return c.lost(Mail, fmt.Errorf("the server answered %d %s to RSET", r.Code, r.Words))
		case r.Code/100 == 2 || r.Code/100 == 3: // an answer to something else
			c.breakOff()
			if refused != nil {
				return *refused
			}
			return replyOf(s.stage, fmt.Errorf("the server answered %d %s to %.4s", r.Code, r.Words, s.text))
		}
		if refused == nil {
			first := r
			refused = &first
		}
		if r.Code == 421 {
			c.breakOff()
			return *refused
		}
		if !c.pipelining {
			return *refused
		}
	}
	return *refused // after DATA, which was refused as well
}

// transfer writes the body and, with permission, its final dot, and waits for the answer.
func (c *Conn) transfer(msg []byte, permit func() bool) Reply {
	// An error means that some is unwritten, and so the end: the server can't have the whole message.
	if err := c.write(msg); err != nil {
		return c.lost(Body, err)
	}
	if !permit() {
		return c.lost(Body, ErrHeldBack)
	}
	if err := c.write([]byte(".\r\n")); err != nil {
		return c.lost(Body, err)
	}
	c.setDeadline(c.replyIn)
	r := c.read(Dot)
	switch {
	case r.Err != nil:
	case r.Code/100 == 2:
		c.reset = false
	case r.Code/100 == 3:
		c.breakOff()
		return replyOf(Dot, fmt.Errorf("the server answered %d %s to the end of the message", r.Code, r.Words))
	case r.Code == 421:
		c.breakOff()
	default:
		c.reset = false // RFC 5321 §4.1.1.4: the transaction is over either way
	}
	return r
}

// write sends all of b within the time limit of an answer.
func (c *Conn) write(b []byte) error {
	c.setDeadline(c.replyIn)
	if _, err := c.text.W.Write(b); err != nil {
		return err
	}
	return c.text.W.Flush()
}

func (c *Conn) read(stage Stage) Reply {
	r, err := readReply(c.text.R)
	if err != nil {
		return c.lost(stage, err)
	}
	r.Stage, r.Words = stage, c.mask(r.Words)
	return r
}

// lost ends the connection after an error of it.
func (c *Conn) lost(stage Stage, err error) Reply {
	c.breakOff()
	return replyOf(stage, err)
}

// setDeadline never fails on a connection that is open; on one that isn't, the next use tells.
func (c *Conn) setDeadline(d time.Duration) { c.conn.SetDeadline(time.Now().Add(d)) }

// stuffDots doubles the dots that begin lines (RFC 5321 §4.5.2). Messages of this program have none.
func stuffDots(msg []byte) []byte {
	out := bytes.ReplaceAll(msg, []byte("\n."), []byte("\n.."))
	if bytes.HasPrefix(out, []byte(".")) {
		out = append([]byte("."), out...)
	}
	return out
}

// replyOf tells what an error says of the dialogue: a textproto.Error is the server's own answer.
func replyOf(stage Stage, err error) Reply {
	r := Reply{Stage: stage, Err: err}
	var answer *textproto.Error
	if errors.As(err, &answer) && answer.Code >= 400 {
		r.Code = answer.Code
		r.Words = OneLine(answer.Msg)
		r.Status = EnhancedStatus(r.Code, r.Words)
		return r
	}
	switch {
	case IsTimeout(err):
		r.Words = OneLine("no answer in time: " + err.Error())
	default:
		r.Words = OneLine(err.Error())
	}
	return r
}
