package cli

import (
	"cmp"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"net"
	"regexp"
	"strings"
	"sync/atomic"
	"syscall"
	"time"

	"digestd/internal/config"
	"digestd/internal/setup"
	"digestd/mailer"
	"digestd/mailer/refusal"
	"digestd/mailer/smtp"
)

// cures know what the operator can do about what a mail server said, or did not: the key, its line, and what to write.
// A reload gives them another configuration.
type cures struct{ now atomic.Pointer[config.Config] }

func newCures(cfg *config.Config) *cures {
	c := &cures{}
	c.now.Store(cfg)
	return c
}

func (c *cures) cfg() *config.Config { return c.now.Load() }

// key names a key of [smtp] with its place.
func (c *cures) key(name string) string { return c.in("smtp", name) }

func (c *cures) in(table, name string) string {
	return fmt.Sprintf("%s of [%s] (%s)", name, table, c.cfg().Where(table, name))
}

// of is empty where nothing can be done, or nobody knows what.
func (c *cures) of(o mailer.Outcome, login bool) string {
	switch stage := smtp.Stage(o.Stage); {
	case stage == smtp.Auth:
		return c.login(o)
	case stage == smtp.Hello && o.Code/100 == 5:
		return c.key("hello_name") + " can name this machine as the DNS does"
	case stage.Setup() && o.Code == 0:
		return c.connection(o)
	case o.Verdict.About == refusal.Login, o.Code == 530,
		c.cfg().SMTP.Username == "" && login && wantsLogin.MatchString(o.Words):
		return c.withoutLogin(o, login)
	case o.Result == mailer.Refused && o.Verdict.About == refusal.Sender && !ofContent.MatchString(o.Words):
		return c.sender(stage)
	}
	return ""
}

// wantsLogin finds the refusals of those who have not logged in.
var wantsLogin = regexp.MustCompile(`(?i)relay|authenticat|log(ged)? ?in|sender rejected|access denied`)

// ofContent finds the refusals for what a mail says, or for the network that it comes from: another address helps nobody.
var ofContent = regexp.MustCompile(`(?i)spam|virus|content|block ?list|black|reputation|listed`)

// connection is about a server that is not reached, or not encrypted as it should be.
func (c *cures) connection(o mailer.Outcome) string {
	s := c.cfg().SMTP
	var name *net.DNSError
	var plain tls.RecordHeaderError
	switch err := o.Err; {
	case errors.As(err, &name) && name.IsNotFound:
		return fmt.Sprintf("%s: no machine has the name %s; is it spelt right?", c.key("host"), s.Host)
	case errors.As(err, &name):
		return "the DNS does not answer: is this machine on line?"
	case errors.Is(err, syscall.ECONNREFUSED):
		return fmt.Sprintf("nobody listens at %s: is it 587, or 465 with tls = \"implicit\"?", c.key("port"))
	case errors.Is(err, syscall.ENETUNREACH), errors.Is(err, syscall.EHOSTUNREACH):
		return "there is no way from here to that machine: is this one on line?"
	case errors.As(err, &plain):
		return fmt.Sprintf("the server begins without encryption at port %d: %s = \"starttls\"", s.Port, c.key("tls"))
	case errors.Is(err, smtp.ErrNoStartTLS) && s.Port != 465:
		return fmt.Sprintf("%s: 465 with tls = \"implicit\" is where most servers encrypt from the first byte; \"none\" is for a server on this machine", c.key("tls"))
	case smtp.Stage(o.Stage) == smtp.Greeting && s.TLS != smtp.TLSImplicit:
		return fmt.Sprintf("a server that says nothing first expects encryption at once: %s = \"implicit\"", c.key("tls"))
	case smtp.Stage(o.Stage) == smtp.Connect && smtp.IsTimeout(err):
		return fmt.Sprintf("%s: many networks let nothing out to port 25, some nothing to 465 or 587; many providers also listen on 2525", c.key("port"))
	}
	return c.certificate(o.Err, c.key("host"), c.key("ca_file"))
}

// certificate is about one that can't be trusted; host and roots are the keys that say which server it is, and whose root.
func (c *cures) certificate(err error, host, roots string) string {
	var stranger x509.UnknownAuthorityError
	var another x509.HostnameError
	var invalid x509.CertificateInvalidError
	switch {
	case errors.As(err, &stranger):
		return fmt.Sprintf("nobody whom this machine trusts signed the certificate: if the server is your own, %s names the PEM file of its root", roots)
	case errors.As(err, &another):
		return fmt.Sprintf("%s: the certificate is for %s; write that name", host, certified(another.Certificate))
	case errors.As(err, &invalid) && invalid.Reason == x509.Expired:
		return fmt.Sprintf("the certificate is good from %s to %s, and it is %s here: the server's owner must renew it, or this machine's clock is wrong",
			invalid.Cert.NotBefore.Format(time.DateTime), invalid.Cert.NotAfter.Format(time.DateTime), time.Now().UTC().Format(time.DateTime))
	}
	return ""
}

// certified are the names that a certificate is for.
func certified(cert *x509.Certificate) string {
	names := cert.DNSNames
	for _, ip := range cert.IPAddresses {
		names = append(names, ip.String())
	}
	if len(names) > 3 {
		names = append(names[:3:3], "…")
	}
	return cmp.Or(strings.Join(names, ", "), cert.Subject.CommonName, "no name at all")
}

// login is about a server that does not let in whom [smtp] names.
func (c *cures) login(o mailer.Outcome) string {
	s := c.cfg().SMTP
	switch {
	case errors.Is(o.Err, smtp.ErrNoAuth) && s.Port == 25:
		return fmt.Sprintf("%s: providers take logins at 587, or at 465 with tls = \"implicit\"; a server that wants none needs no %s", c.key("port"), c.key("username"))
	case errors.Is(o.Err, smtp.ErrNoAuth) && s.TLS == smtp.TLSNone:
		return fmt.Sprintf("most servers take logins over an encrypted connection alone: %s = \"starttls\"; one that wants none needs no %s",
			c.key("tls"), c.key("username"))
	case errors.Is(o.Err, smtp.ErrNoAuth):
		return "take out " + c.key("username") + " if it wants no login"
	case errors.Is(o.Err, smtp.ErrInTheOpen):
		return c.key("tls") + " = \"starttls\" or \"implicit\""
	case o.Code/100 != 5:
		return c.key("auth") + " may name another way"
	}
	words := fmt.Sprintf("%s is %q, and the password is what stands in %s", c.key("username"), s.Username, s.PasswordFile)
	if p, ok := setup.FindProvider(s.Host); ok && p.Note != "" {
		words += "; " + p.Name + ": " + p.Note
	}
	return words
}

// withoutLogin is about a server that wants one.
func (c *cures) withoutLogin(o mailer.Outcome, login bool) string {
	if s := c.cfg().SMTP; s.Username == "" {
		if login {
			return "the server offers a login, and there is none: username and password_file in [smtp] (" + c.cfg().Where("smtp", "host") + ")"
		}
		return "the server wants a login, and offers none here: " + c.key("port") + " is 587, or 465 with tls = \"implicit\", with most providers"
	}
	return ""
}

// sender is about a server that does not let this sender send.
func (c *cures) sender(stage smtp.Stage) string {
	address, key := c.cfg().Mail.FromAddress, c.in("mail", "from")
	if stage != smtp.Dot && c.cfg().Mail.BounceTo != address {
		address, key = c.cfg().Mail.BounceTo, c.in("mail", "bounce_to")
	}
	who := "this machine"
	if user := c.cfg().SMTP.Username; user != "" {
		who = user
	}
	return fmt.Sprintf("%s is %s: it must be an address from which the server lets %s send", key, address, who)
}
