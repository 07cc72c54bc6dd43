// Package smtp hands finished messages to one SMTP server, over go-mail's client. It knows the dialogue
// and what the server said at which point of it; it does not know what that means for a delivery, nor
// anything of editions or ledgers.
//
// The dialogue of a message is driven here and not by go-mail's Client.Send, for these reasons. A body
// that is cut short must never be followed by the final dot, which go-mail's writer sends on the next
// command; and the dot must be able to wait for the ledger. The wait after the dot needs its own, long time
// limit. And the messages come encoded and ready, so that where the server offers PIPELINING two round
// trips are enough.
package smtp

import (
	"bytes"
	"context"
	"crypto/tls"
	"crypto/x509"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"net"
	"net/textproto"
	"os"
	"strconv"
	"strings"
	"time"

	gomail "github.com/wneessen/go-mail/smtp"

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
	Host         string
	Port         int
	TLS          string         // TLSStart, TLSImplicit or TLSNone
	Roots        *x509.CertPool // nil: the system's
	Username     string         // empty: no login
	Password     string
	Auth         string                                                               // "auto", "plain", "login", "cram-md5", "scram-sha-1", "scram-sha-256"
	HelloName    string                                                               // empty: the name of this machine
	DialTimeout  time.Duration                                                        // up to the end of the login
	ReplyTimeout time.Duration                                                        // for each answer, that to the final dot included
	Dialer       func(ctx context.Context, network, address string) (net.Conn, error) // nil: the system's
}

// commandTimeout bounds the answers to MAIL, RCPT and DATA (RFC 5321 §4.5.3.2), which need not wait for
// as long as the one to the final dot.
const commandTimeout = 5 * time.Minute

// quitTimeout bounds the farewell: nothing depends on it.
const quitTimeout = 2 * time.Second

// Address is host and port.
func (s *Server) Address() string { return net.JoinHostPort(s.Host, strconv.Itoa(s.Port)) }

// Conn is a connection that is ready for messages. It is used by one goroutine at a time.
type Conn struct {
	client     *gomail.Client
	mask       func(words string) string
	conn       net.Conn
	replyIn    time.Duration
	pipelining bool
	size       int // of the biggest message that it takes; 0: it does not say, -1: any
	utf8       bool
	reset      bool // the last transaction was left open
	broken     bool
}

// Dial connects, greets, encrypts and logs in. The error is a *Refusal, or that of ctx. A password is
// sent neither over an unencrypted connection, unless that one is to this machine, nor into an error.
func (s *Server) Dial(ctx context.Context) (*Conn, error) {
	ctx, cancel := context.WithTimeout(ctx, s.DialTimeout)
	defer cancel()
	fail := func(stage Stage, err error) error {
		return &Refusal{replyOf(stage, err)}
	}
	connect := s.Dialer
	if connect == nil {
		connect = (&net.Dialer{}).DialContext
	}
	raw, err := connect(ctx, "tcp", s.Address())
	if err != nil {
		return nil, fail(Connect, err)
	}
	c := &Conn{conn: raw, mask: s.mask, replyIn: s.ReplyTimeout}
	// go-mail leaves the connection open on most errors, and knows no context.
	stop := context.AfterFunc(ctx, func() { raw.SetDeadline(time.Unix(1, 0)) })
	if stage, err := s.setUp(c, raw); err != nil {
		stop()
		raw.Close()
		return nil, fail(stage, err)
	}
	if !stop() {
		raw.Close()
		return nil, fail(Connect, ctx.Err())
	}
	if err := c.conn.SetDeadline(time.Time{}); err != nil {
		raw.Close()
		return nil, fail(Connect, err)
	}
	return c, nil
}

func (s *Server) setUp(c *Conn, raw net.Conn) (Stage, error) {
	local := isLoopback(raw.RemoteAddr())
	if s.TLS == TLSNone && s.Username != "" && !local {
		return Auth, errors.New("the connection is not encrypted, and the password is not sent that way: set [smtp] tls")
	}
	config := &tls.Config{ServerName: s.Host, RootCAs: s.Roots, MinVersion: tls.VersionTLS12}
	if s.TLS == TLSImplicit {
		encrypted := tls.Client(raw, config)
		if err := encrypted.Handshake(); err != nil {
			return Connect, err
		}
		c.conn = encrypted
	}
	var err error
	if c.client, err = gomail.NewClient(c.conn, s.Host); err != nil {
		return Greeting, err
	}
	c.client.SkipSMTPUTF8(true) // else each MAIL asks for it where it is offered
	name := s.HelloName
	if name == "" {
		if name, err = os.Hostname(); err != nil || name == "" {
			name = "localhost"
		}
	}
	if err := c.client.Hello(name); err != nil {
		return Hello, err
	}
	if s.TLS == TLSStart {
		if offered, _ := c.client.Extension("STARTTLS"); !offered {
			return StartTLS, errors.New("the server does not offer STARTTLS; set [smtp] tls = \"implicit\" if that is its port for it")
		}
		if err := c.client.StartTLS(config); err != nil {
			return StartTLS, err
		}
	}
	// Only an encrypted connection may take the password; go-mail checks it once more by itself.
	if s.Username != "" {
		if err := s.logIn(c.client, local); err != nil {
			return Auth, s.withoutPassword(err)
		}
	}
	c.pipelining, _ = c.client.Extension("PIPELINING")
	if offered, most := c.client.Extension("SIZE"); offered {
		if c.size, err = strconv.Atoi(most); err != nil || c.size <= 0 { // RFC 1870 §4: zero is no limit
			c.size = -1
		}
	}
	c.utf8, _ = c.client.Extension("SMTPUTF8")
	return "", nil
}

// logIn uses the mechanism asked for, or the best one that the server offers. Those that don't show the
// password to the server come first.
func (s *Server) logIn(client *gomail.Client, local bool) error {
	ok, offered := client.Extension("AUTH")
	if !ok {
		return errors.New("the server does not offer AUTH; remove [smtp] username if it needs none")
	}
	known := []struct {
		name string
		auth gomail.Auth
	}{
		{"SCRAM-SHA-256", gomail.ScramSHA256Auth(s.Username, s.Password)},
		{"SCRAM-SHA-1", gomail.ScramSHA1Auth(s.Username, s.Password)},
		{"CRAM-MD5", gomail.CRAMMD5Auth(s.Username, s.Password)},
		{"PLAIN", gomail.PlainAuth("", s.Username, s.Password, s.Host, local)},
		{"LOGIN", gomail.LoginAuth(s.Username, s.Password, s.Host, local)},
	}
	for _, k := range known {
		wanted := s.Auth == "auto" || strings.EqualFold(s.Auth, k.name)
		for name := range strings.FieldsSeq(offered) {
			if wanted && strings.EqualFold(name, k.name) {
				return readable(client.Auth(k.auth))
			}
		}
	}
	return fmt.Errorf("the server offers AUTH %s, and [smtp] auth is %q", offered, s.Auth)
}

// readable leaves out the words of an answer to AUTH that is not one of SMTP: they may be the password in any form.
func readable(err error) error {
	var answer *textproto.Error
	var network net.Error
	if err == nil || errors.As(err, &answer) || errors.As(err, &network) || errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) {
		return err
	}
	return errors.New("the server's answer to AUTH is not one that it may give; its words are left out, since they may repeat the password")
}

// withoutPassword guards against a server that repeats what it was told.
func (s *Server) withoutPassword(err error) error {
	var answer *textproto.Error
	if !errors.As(err, &answer) {
		return err
	}
	return &textproto.Error{Code: answer.Code, Msg: s.mask(answer.Msg)}
}

// mask takes the password out of a server's words, as it is and as AUTH sends it.
func (s *Server) mask(words string) string {
	if s.Password == "" {
		return words
	}
	for _, secret := range []string{"\x00" + s.Username + "\x00" + s.Password, s.Password} {
		words = strings.ReplaceAll(words, secret, "[password]")
		encoded := base64.RawStdEncoding.EncodeToString([]byte(secret)) // the padding may stand behind it
		words = strings.ReplaceAll(words, encoded, "[password]")
	}
	return words
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

// Usable reports whether the connection can take another message. After any error of the connection,
// an answer that is not SMTP, or a 421 it can't.
func (c *Conn) Usable() bool { return !c.broken }

// Close ends the connection, politely where it is usable.
func (c *Conn) Close() {
	if !c.broken {
		c.conn.SetDeadline(time.Now().Add(quitTimeout))
		c.client.Text.PrintfLine("QUIT")
		readReply(c.client.Text.R)
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

// ErrNoLeave is the Err of a Reply when the final step of a message was not allowed.
var ErrNoLeave = errors.New("the message was held back before its end")

// Send hands over one message to one recipient and returns how that ended. msg has CRLF line ends; Send
// may write behind its end, within its capacity. Before the final dot, which is what makes the server take
// the message (RFC 5321 §4.1.1.4), it asks leave; without it the connection is broken off and the reply has
// ErrNoLeave at stage Body. Apart from that call it returns within the time limits of the server's answers.
// At stage Dot with an Err nobody knows whether the server took the message; at each other stage with an
// Err it did not.
func (c *Conn) Send(env message.Envelope, msg []byte, leave func() bool) Reply {
	if strings.ContainsAny(env.From+env.To, "\r\n\x00") {
		return Reply{Stage: Rcpt, Code: 553, Status: "5.1.3", Words: "5.1.3 not sent: the address has a line end in it"}
	}
	if env.UTF8 && !c.utf8 {
		return Reply{Stage: Rcpt, Code: 553, Status: "5.6.7", Words: "5.6.7 not sent: the address is not ASCII, and the server does not offer SMTPUTF8"}
	}
	if c.size > 0 && len(msg) > c.size {
		return Reply{Stage: Mail, Code: 552, Status: "5.3.4", Err: ErrTooBig,
			Words: fmt.Sprintf("5.3.4 not sent: the message has %d bytes, and the server takes %d (SIZE); max_size of the digest makes it smaller", len(msg), c.size)}
	}
	if bytes.Contains(msg, []byte("\n.")) || bytes.HasPrefix(msg, []byte(".")) {
		msg = stuffDots(msg)
	}
	if r := c.begin(env, len(msg)); r.Code != 354 {
		return r
	}
	return c.transfer(msg, leave)
}

// begin does MAIL, RCPT and DATA. The dialogue may go on when it returns a 354.
func (c *Conn) begin(env message.Envelope, length int) Reply {
	mail := "MAIL FROM:<" + env.From + ">"
	if c.size != 0 {
		mail += " SIZE=" + strconv.Itoa(length)
	}
	if env.UTF8 {
		mail += " SMTPUTF8"
	}
	c.setDeadline(min(commandTimeout, c.replyIn))
	steps := []struct {
		stage   Stage
		command string
	}{
		{Mail, "RSET"},
		{Mail, mail},
		{Rcpt, "RCPT TO:<" + env.To + ">"},
		{Data, "DATA"},
	}
	if !c.reset {
		steps = steps[1:]
	}
	c.reset = true
	if c.pipelining { // RFC 2920 §3.1: DATA may end a group
		for _, s := range steps {
			c.client.Text.W.WriteString(s.command + "\r\n")
		}
		if err := c.client.Text.W.Flush(); err != nil {
			return c.lost(Mail, err)
		}
	}
	var refused *Reply
	for _, s := range steps {
		c.setDeadline(min(commandTimeout, c.replyIn))
		if !c.pipelining {
			if err := c.client.Text.PrintfLine("%s", s.command); err != nil {
				return c.lost(s.stage, err)
			}
		}
		r := c.read(s.stage)
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
			return r
		case good:
			continue
		case s.command == "RSET":
			return c.lost(Mail, fmt.Errorf("the server answered %d %s to RSET", r.Code, r.Words))
		case r.Code/100 == 2 || r.Code/100 == 3: // an answer to something else
			c.breakOff()
			if refused != nil {
				return *refused
			}
			return replyOf(s.stage, fmt.Errorf("the server answered %d %s to %.4s", r.Code, r.Words, s.command))
		}
		if refused == nil {
			refused = &r
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

// transfer writes the body and, with leave, its final dot, and waits for the answer.
func (c *Conn) transfer(msg []byte, leave func() bool) Reply {
	// An error means that some is unwritten, and so the end: the server can't have the whole message.
	if err := c.write(msg); err != nil {
		return c.lost(Body, err)
	}
	if !leave() {
		return c.lost(Body, ErrNoLeave)
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
	if _, err := c.client.Text.W.Write(b); err != nil {
		return err
	}
	return c.client.Text.W.Flush()
}

func (c *Conn) read(stage Stage) Reply {
	r, err := readReply(c.client.Text.R)
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
	var timeout net.Error
	switch {
	case errors.As(err, &timeout) && timeout.Timeout():
		r.Words = OneLine("no answer in time: " + err.Error())
	default:
		r.Words = OneLine(err.Error())
	}
	return r
}
