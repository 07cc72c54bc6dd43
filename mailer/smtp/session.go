package smtp

import (
	"context"
	"crypto/tls"
	"errors"
	"net/textproto"
	"os"
	"strconv"
	"strings"
	"time"
)

// Errs of a Refusal that are not the server's own words.
var (
	ErrNoStartTLS = errors.New("the server does not offer STARTTLS")
	ErrNoAuth     = errors.New("the server does not offer AUTH")
	ErrInTheOpen  = errors.New("the connection is not encrypted, and the password is not sent that way")
)

// setUp brings a connection to where messages may begin. It returns the stage at which it failed.
func (s *Server) setUp(ctx context.Context, c *Conn) (Stage, error) {
	local := isLoopback(c.conn.RemoteAddr())
	if s.TLS == TLSNone && s.Username != "" && !local {
		return Auth, ErrInTheOpen
	}
	config := &tls.Config{ServerName: s.Host, RootCAs: s.Roots, MinVersion: tls.VersionTLS12}
	if s.TLS == TLSImplicit {
		if err := c.encrypt(ctx, config, s.DialTimeout); err != nil {
			return Connect, err
		}
	}
	c.text = textproto.NewConn(c.conn)
	if _, err := c.answer(ctx, 220); err != nil {
		return Greeting, err
	}
	if err := c.hello(ctx, s.HelloName); err != nil {
		return Hello, err
	}
	if s.TLS == TLSStart {
		if _, offered := c.extensions["STARTTLS"]; !offered {
			return StartTLS, ErrNoStartTLS
		}
		if err := c.startTLS(ctx, config, s); err != nil {
			return StartTLS, err
		}
	}
	if s.Username != "" {
		if err := s.logIn(ctx, c, local); err != nil {
			return Auth, s.withoutPassword(err)
		}
	}
	_, c.pipelining = c.extensions["PIPELINING"]
	c.pipelining = c.pipelining && !s.stepwise.Load()
	_, c.utf8 = c.extensions["SMTPUTF8"]
	if most, offered := c.extensions["SIZE"]; offered {
		var err error
		if c.size, err = strconv.Atoi(most); err != nil || c.size <= 0 { // RFC 1870 §4: zero is no limit
			c.size = -1
		}
	}
	return "", nil
}

// hello introduces this machine, and learns what the server can do: RFC 5321 §4.1.1.1. Who does not know EHLO is
// greeted with HELO; its refusal of the name is the one of EHLO.
func (c *Conn) hello(ctx context.Context, name string) error {
	if name == "" {
		var err error
		if name, err = os.Hostname(); err != nil || name == "" {
			name = "localhost"
		}
	}
	c.extensions = map[string]string{}
	lines, err := c.ask(ctx, 250, "EHLO "+name)
	var said *textproto.Error
	if errors.As(err, &said) && said.Code/100 == 5 {
		if _, again := c.ask(ctx, 250, "HELO "+name); again == nil {
			return nil
		}
	}
	if err != nil {
		return err
	}
	for _, line := range lines[1:] { // keywords in any case; old servers write AUTH=LOGIN
		keyword, rest, _ := strings.Cut(strings.Replace(line, "=", " ", 1), " ")
		keyword = strings.ToUpper(keyword)
		c.extensions[keyword] = strings.TrimSpace(c.extensions[keyword] + " " + rest)
	}
	return nil
}

// startTLS encrypts the connection. What came before it is forgotten: nobody has vouched for it.
func (c *Conn) startTLS(ctx context.Context, config *tls.Config, s *Server) error {
	if _, err := c.ask(ctx, 220, "STARTTLS"); err != nil {
		return err
	}
	if c.text.R.Buffered() > 0 {
		return errors.New("the server, or somebody between, said more than its answer to STARTTLS")
	}
	if err := c.encrypt(ctx, config, min(CommandTimeout, c.replyIn)); err != nil {
		return err
	}
	c.text = textproto.NewConn(c.conn)
	return c.hello(ctx, s.HelloName)
}

func (c *Conn) encrypt(ctx context.Context, config *tls.Config, limit time.Duration) error {
	c.deadline(ctx, limit)
	encrypted := tls.Client(c.conn, config)
	if err := encrypted.HandshakeContext(ctx); err != nil {
		return err
	}
	c.conn = encrypted
	return nil
}

// ask sends a command and returns the lines of the answer, which has that code.
func (c *Conn) ask(ctx context.Context, want int, command string) ([]string, error) {
	c.deadline(ctx, min(CommandTimeout, c.replyIn))
	if err := c.text.PrintfLine("%s", command); err != nil {
		return nil, err
	}
	return c.answer(ctx, want)
}

// answer reads an answer that has that code: another one is a textproto.Error. It waits for as long as RFC 5321
// §4.5.3.2 asks for, a greeting included.
func (c *Conn) answer(ctx context.Context, want int) ([]string, error) {
	c.deadline(ctx, min(CommandTimeout, c.replyIn))
	code, lines, err := readLines(c.text.R)
	if err == nil && code != want {
		err = &textproto.Error{Code: code, Msg: strings.Join(lines, " ")}
	}
	return lines, err
}

// deadline bounds what comes next. It is over at once when ctx has ended.
func (c *Conn) deadline(ctx context.Context, d time.Duration) {
	c.conn.SetDeadline(time.Now().Add(d))
	if ctx.Err() != nil {
		c.conn.SetDeadline(time.Unix(1, 0))
	}
}

// IsTimeout reports whether somebody did not answer in time.
func IsTimeout(err error) bool {
	var t interface{ Timeout() bool }
	return errors.As(err, &t) && t.Timeout()
}
