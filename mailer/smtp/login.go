package smtp

import (
	"context"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"net"
	"net/textproto"
	"slices"
	"strings"

	gomail "github.com/wneessen/go-mail/smtp"
)

// logIn uses the mechanism asked for, or the best one that the server offers. Those that don't show the
// password to the server come first. With "auto", one that the server offers and then does not know (504), or in which
// it does not know the password (535), makes place for the next: some servers offer what they can't check.
func (s *Server) logIn(ctx context.Context, c *Conn, local bool) error {
	offered, ok := c.extensions["AUTH"]
	if !ok {
		return ErrNoAuth
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
	has := func(name string) bool {
		for one := range strings.FieldsSeq(offered) {
			if strings.EqualFold(one, name) {
				return true
			}
		}
		return false
	}
	var tried []string
	var last *textproto.Error
	left := strings.Fields(offered)
	for _, k := range known {
		if !has(k.name) || s.Auth != "auto" && !strings.EqualFold(s.Auth, k.name) {
			continue
		}
		left = slices.DeleteFunc(left, func(name string) bool { return strings.EqualFold(name, k.name) })
		err := c.authenticate(ctx, k.auth, &gomail.ServerInfo{Name: s.Host, TLS: s.TLS != TLSNone,
			Auth: strings.Fields(offered)})
		c.mechanism = k.name
		if err == nil || !errors.As(err, &last) || last.Code != 504 && last.Code != 535 {
			return readable(err)
		}
		tried = append(tried, fmt.Sprintf("%s: %d %s", k.name, last.Code, last.Msg))
	}
	switch {
	case last != nil:
		words := last.Msg
		if len(tried) > 1 {
			words = "none of what the server offers takes the password: " + strings.Join(tried, "; ")
		}
		if len(left) > 0 {
			words += fmt.Sprintf(" (the last was %s; not tried: %s)", c.mechanism, strings.Join(left, " "))
		}
		return &textproto.Error{Code: last.Code, Msg: words}
	case strings.EqualFold(strings.TrimSpace(offered), "XOAUTH2"),
		has("XOAUTH2") && has("OAUTHBEARER") && len(strings.Fields(offered)) == 2:
		return fmt.Errorf("the server offers AUTH %s alone, which takes a token and no password, and digestd has none: ask the provider for an app password "+
			"or for a relay that takes one", offered)
	}
	return fmt.Errorf("the server offers AUTH %s, and [smtp] auth is %q", offered, s.Auth)
}

// authenticate goes through one mechanism (RFC 4954 §4). go-mail's own dialogue ends the connection at the first
// refusal.
func (c *Conn) authenticate(ctx context.Context, a gomail.Auth, server *gomail.ServerInfo) error {
	name, first, err := a.Start(server)
	if err != nil {
		return err
	}
	command := "AUTH " + name
	if first != nil {
		command += " " + base64.StdEncoding.EncodeToString(first)
	}
	for range maxChallenges {
		lines, err := c.ask(ctx, 334, command)
		var said *textproto.Error
		switch {
		case errors.As(err, &said) && said.Code == 235:
			if _, err = a.Next([]byte(said.Msg), false); err != nil {
				return err
			}
			return nil
		case err != nil:
			return err
		}
		challenge, err := base64.StdEncoding.DecodeString(strings.Join(lines, ""))
		if err == nil || name == "LOGIN" { // whose questions mean nothing, and which some servers don't encode
			var answer []byte
			if answer, err = a.Next(challenge, true); err == nil {
				command = base64.StdEncoding.EncodeToString(answer)
				continue
			}
		}
		if _, gone := c.ask(ctx, 501, "*"); gone != nil && !errors.As(gone, &said) {
			return gone
		}
		return err
	}
	return errEndless
}

// maxChallenges bounds a login: no mechanism that is known here has more than three.
const maxChallenges = 10

var errEndless = fmt.Errorf("the server asks for more after %d answers of a login", maxChallenges)

// readable leaves out the words of an answer to AUTH that is not one of SMTP: they may be the password in any form.
func readable(err error) error {
	var answer *textproto.Error
	var network net.Error
	if err == nil || errors.Is(err, errEndless) || errors.As(err, &answer) || errors.As(err, &network) || errors.Is(err, io.EOF) ||
		errors.Is(err, io.ErrUnexpectedEOF) {
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
		encoded := base64.RawStdEncoding.EncodeToString([]byte(secret)) // the padding may stand after it
		words = strings.ReplaceAll(words, encoded, "[password]")
	}
	return words
}
