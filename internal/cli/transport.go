package cli

import (
	"crypto/x509"
	"net"
	"os"
	"reflect"
	"strings"

	"digestd/internal/config"
	"digestd/mailer"
	"digestd/mailer/smtp"
)

// post is how mail leaves, and all that decides it.
type post struct {
	settings  postSettings
	transport mailer.Transport
	mailer    *mailer.Mailer
}

// postSettings are what a post is made of, its secrets read.
type postSettings struct {
	delivery config.Delivery
	smtp     config.SMTP // zero without SMTP
	password string
	roots    string // of ca_file, in PEM form
}

// newPost opens no connection. A post with the same settings is taken over from before, if there is one:
// what is under way and what comes then share connections, rates, and the memory of what this very
// process left in doubt.
func newPost(p *program, cfg *config.Config, l mailer.Ledger, before *post) (*post, error) {
	settings, err := readPostSettings(cfg)
	if err != nil {
		return nil, err
	}
	if before != nil && reflect.DeepEqual(before.settings, settings) {
		return before, nil
	}
	transport, err := settings.transport(cfg.Path)
	if err != nil {
		return nil, err
	}
	d := cfg.Delivery
	perDomain := make(map[string]float64, len(d.PerDomain))
	for domain, rate := range d.PerDomain {
		perDomain[domain] = float64(rate)
	}
	return &post{settings: settings, transport: transport, mailer: mailer.New(mailer.Options{
		Connections: d.Connections, Rate: float64(d.Rate), PerDomain: perDomain, MaxPerConnection: d.MaxPerConnection,
		Retry: d.Retry, GiveUp: d.GiveUp, InDoubt: d.InDoubt,
	}, transport, l, p.log)}, nil
}

// readPostSettings reads what the configuration names.
func readPostSettings(cfg *config.Config) (postSettings, error) {
	s := postSettings{delivery: cfg.Delivery}
	if cfg.Delivery.Transport == "maildir" {
		return s, nil
	}
	s.smtp = cfg.SMTP
	if cfg.SMTP.Username != "" {
		raw, err := os.ReadFile(cfg.SMTP.PasswordFile)
		if err != nil {
			return s, usagef("%s: [smtp] password_file: %w", cfg.Path, err)
		}
		s.password = strings.TrimRight(string(raw), "\r\n")
	}
	if cfg.SMTP.CAFile != "" {
		raw, err := os.ReadFile(cfg.SMTP.CAFile)
		if err != nil {
			return s, usagef("%s: [smtp] ca_file: %w", cfg.Path, err)
		}
		s.roots = string(raw)
	}
	return s, nil
}

// transport is made of settings of the configuration at a path.
func (s postSettings) transport(path string) (mailer.Transport, error) {
	if s.delivery.Transport == "maildir" {
		return mailer.ToMaildir(s.delivery.Maildir), nil
	}
	server := &smtp.Server{
		Host: s.smtp.Host, Port: s.smtp.Port, TLS: s.smtp.TLS, Username: s.smtp.Username, Password: s.password, Auth: s.smtp.Auth,
		DialTimeout: s.smtp.DialTimeout, ReplyTimeout: s.smtp.ReplyTimeout, Dialer: (&net.Dialer{}).DialContext,
	}
	if s.roots != "" {
		roots, err := x509.SystemCertPool()
		if err != nil {
			roots = x509.NewCertPool()
		}
		if !roots.AppendCertsFromPEM([]byte(s.roots)) {
			return nil, usagef("%s: [smtp] ca_file %s holds no certificate in PEM form", path, s.smtp.CAFile)
		}
		server.Roots = roots
	}
	return mailer.OverSMTP(server), nil
}

// transport is how mail leaves, as the configuration says.
func transport(cfg *config.Config) (mailer.Transport, error) {
	s, err := readPostSettings(cfg)
	if err != nil {
		return nil, err
	}
	return s.transport(cfg.Path)
}
