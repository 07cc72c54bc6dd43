package cli

import (
	"crypto/x509"
	"net"
	"os"
	"reflect"
	"strings"

	"golang.org/x/net/idna"

	"digestd/internal/config"
	"digestd/internal/regular"
	"digestd/mailer"
	"digestd/mailer/smtp"
)

// outbound is how mail goes out: the mailer, and the settings it was made of.
type outbound struct {
	settings  outboundSettings
	transport mailer.Transport
	mailer    *mailer.Mailer
	cures     *cures
}

// outboundSettings are what an outbound is made of, with its secrets read.
type outboundSettings struct {
	delivery config.Delivery
	way      way
}

// way is how mail goes out: the settings of one transport, their files read. Two that are equal make the same
// transport.
type way interface {
	transport(*cures) (mailer.Transport, error)
}

// ways read the settings of each transport. The names are those of internal/config.
func ways() map[string]func(*config.Config) (way, error) {
	return map[string]func(*config.Config) (way, error){
		"maildir":  func(cfg *config.Config) (way, error) { return toMaildir{cfg.Delivery.Maildir}, nil },
		"sendmail": func(cfg *config.Config) (way, error) { return throughSendmail{cfg.Sendmail}, nil },
		"smtp":     func(cfg *config.Config) (way, error) { return readSMTP(cfg) },
	}
}

// newOutbound opens no connection. An outbound with the same settings is taken over from before, if there is one:
// what is under way and what comes then share connections, rates, and the memory of what this very
// process left in doubt.
func newOutbound(p *program, cfg *config.Config, l mailer.Ledger, before *outbound) (*outbound, error) {
	settings, err := readOutboundSettings(cfg)
	if err != nil {
		return nil, err
	}
	if before != nil && reflect.DeepEqual(before.settings, settings) {
		before.cures.now.Store(cfg)
		return before, nil
	}
	cures := newCures(cfg)
	transport, err := settings.way.transport(cures)
	if err != nil {
		return nil, err
	}
	d := cfg.Delivery
	perDomain := make(map[string]float64, len(d.PerDomain))
	for domain, rate := range d.PerDomain {
		perDomain[domain] = float64(rate)
	}
	return &outbound{settings: settings, transport: transport, cures: cures, mailer: mailer.New(mailer.Options{
		Connections: d.Connections, Rate: float64(d.Rate), PerDomain: perDomain, MaxPerConnection: d.MaxPerConnection,
		Retry: d.Retry, GiveUp: d.GiveUp, InDoubt: d.InDoubt,
	}, transport, l, p.log)}, nil
}

// readOutboundSettings reads what the configuration names.
func readOutboundSettings(cfg *config.Config) (outboundSettings, error) {
	w, err := ways()[cfg.Delivery.Transport](cfg)
	return outboundSettings{cfg.Delivery, w}, err
}

// transport is how mail goes out, as the configuration says.
func transport(cfg *config.Config) (mailer.Transport, error) {
	s, err := readOutboundSettings(cfg)
	if err != nil {
		return nil, err
	}
	return s.way.transport(newCures(cfg))
}

type toMaildir struct{ dir string }

func (w toMaildir) transport(*cures) (mailer.Transport, error) { return mailer.ToMaildir(w.dir), nil }

type throughSendmail struct{ config.Sendmail }

func (w throughSendmail) transport(*cures) (mailer.Transport, error) {
	return mailer.ThroughSendmail(w.Command, w.Timeout), nil
}

type overSMTP struct {
	config.SMTP
	password string
	roots    string // of ca_file, in PEM form
}

// readSMTP reads the files that [smtp] names.
func readSMTP(cfg *config.Config) (w overSMTP, err error) {
	w.SMTP = cfg.SMTP
	w.HelloName = ownName(w.HelloName, os.Hostname, cfg.Mail.FromAddress)
	if cfg.SMTP.Username != "" {
		raw, err := regular.Read(cfg.SMTP.PasswordFile, regular.MaxSecret)
		if err != nil {
			return w, usagef("%s: [smtp] password_file: %w", cfg.Path, err)
		}
		w.password = password(raw)
	}
	if cfg.SMTP.CAFile != "" {
		raw, err := regular.Read(cfg.SMTP.CAFile, regular.MaxRoots)
		if err != nil {
			return w, usagef("%s: [smtp] ca_file: %w", cfg.Path, err)
		}
		w.roots = string(raw)
	}
	return w, nil
}

// password is what a file says, without what editors put at its beginning and end.
func password(raw []byte) string {
	return strings.TrimRight(strings.TrimPrefix(string(raw), "\uFEFF"), "\r\n")
}

// ownName is how this machine names itself to the mail server: as it is configured, by its own full name, or, where it
// has none, by the domain of the address that the mail is from. Many servers refuse a name without a dot.
func ownName(configured string, hostname func() (string, error), from string) string {
	if configured != "" {
		return configured
	}
	if name, err := hostname(); err == nil && strings.Contains(strings.Trim(name, "."), ".") {
		return strings.TrimSuffix(name, ".")
	}
	return wireDomain(from[strings.LastIndexByte(from, '@')+1:])
}

// wireDomain is a domain as SMTP wants it.
func wireDomain(domain string) string {
	if wire, err := idna.Lookup.ToASCII(domain); err == nil {
		return wire
	}
	return domain
}

// wireAddress is an address whose domain is as SMTP wants it.
func wireAddress(a string) string {
	at := strings.LastIndexByte(a, '@') + 1
	return a[:at] + wireDomain(a[at:])
}

func (w overSMTP) transport(c *cures) (mailer.Transport, error) {
	server := &smtp.Server{
		Host: w.Host, Port: w.Port, TLS: w.TLS, Username: w.Username, Password: w.password, Auth: w.Auth,
		HelloName: w.HelloName, DialTimeout: w.DialTimeout, ReplyTimeout: w.ReplyTimeout,
		Dialer: (&net.Dialer{}).DialContext,
	}
	if w.roots != "" {
		roots, err := x509.SystemCertPool()
		if err != nil {
			roots = x509.NewCertPool()
		}
		if !roots.AppendCertsFromPEM([]byte(w.roots)) {
			return nil, usagef("%s: [smtp] ca_file %s holds no certificate in PEM form", c.cfg().Path, w.CAFile)
		}
		server.Roots = roots
	}
	return mailer.WithCures(server, c.of), nil
}
