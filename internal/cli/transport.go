package cli

import (
	"crypto/x509"
	"net"
	"os"
	"strings"

	"digestd/internal/config"
	"digestd/mailer"
	"digestd/mailer/smtp"
)

// transport is how mail leaves, as the configuration says. It opens no connection.
func transport(cfg *config.Config) (mailer.Transport, error) {
	if cfg.Delivery.Transport == "maildir" {
		return mailer.ToMaildir(cfg.Delivery.Maildir), nil
	}
	s := &smtp.Server{
		Host: cfg.SMTP.Host, Port: cfg.SMTP.Port, TLS: cfg.SMTP.TLS, Username: cfg.SMTP.Username, Auth: cfg.SMTP.Auth,
		DialTimeout: cfg.SMTP.DialTimeout, ReplyTimeout: cfg.SMTP.ReplyTimeout, Dialer: (&net.Dialer{}).DialContext,
	}
	if cfg.SMTP.Username != "" {
		raw, err := os.ReadFile(cfg.SMTP.PasswordFile)
		if err != nil {
			return nil, usagef("%s: [smtp] password_file: %w", cfg.Path, err)
		}
		s.Password = strings.TrimRight(string(raw), "\r\n")
	}
	if cfg.SMTP.CAFile != "" {
		roots, err := x509.SystemCertPool()
		if err != nil {
			roots = x509.NewCertPool()
		}
		raw, err := os.ReadFile(cfg.SMTP.CAFile)
		if err != nil {
			return nil, usagef("%s: [smtp] ca_file: %w", cfg.Path, err)
		}
		if !roots.AppendCertsFromPEM(raw) {
			return nil, usagef("%s: [smtp] ca_file %s holds no certificate in PEM form", cfg.Path, cfg.SMTP.CAFile)
		}
		s.Roots = roots
	}
	return mailer.OverSMTP(s), nil
}
