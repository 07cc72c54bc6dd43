package cli

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net"
	"syscall"

	"digestd/digest"
	"digestd/internal/config"
	"digestd/internal/newsroom"
	"digestd/internal/regular"
	"digestd/internal/setup"
	"digestd/mailer/inbound"
	"digestd/mailer/mailbox"
	"digestd/mailer/smtp"
)

// newMailbox is the mailbox of [inbound], nil where there is none. That of before goes on where it is the same one: it
// knows how far it was read.
func newMailbox(p *program, cfg *config.Config, c *cures, before *mailbox.Box) (*mailbox.Box, error) {
	in := cfg.Inbound
	if in.IMAP == "" {
		return nil, nil
	}
	s := mailbox.Settings{Username: in.Username, Folder: in.Folder}
	s.Host, s.Port, s.StartTLS, s.Mailbox = in.Box()
	raw, err := regular.Read(in.PasswordFile, regular.MaxSecret)
	if err != nil {
		return nil, usagef("%s: password_file of [inbound]: %w", cfg.Where("inbound", "password_file"), err)
	}
	s.Password = password(raw)
	if in.CAFile != "" {
		if raw, err = regular.Read(in.CAFile, regular.MaxRoots); err != nil {
			return nil, usagef("%s: ca_file of [inbound]: %w", cfg.Where("inbound", "ca_file"), err)
		}
		s.Roots = string(raw)
	}
	if before != nil && before.Settings == s {
		return before, nil
	}
	box := mailbox.New(s, p.now)
	box.Cure = c.mailbox
	return box, nil
}

// inbox is the mailbox as the daemon wants it.
func (o *opened) inbox() newsroom.Mailbox {
	if o.mailbox == nil {
		return nil
	}
	return o.mailbox
}

// mailbox knows what the operator can do about a mailbox that can't be read.
func (c *cures) mailbox(err error) string {
	in := c.cfg().Inbound
	var name *net.DNSError
	var plain tls.RecordHeaderError
	switch {
	case errors.Is(err, mailbox.ErrLogin):
		words := fmt.Sprintf("%s is %q, and the password is what stands in %s", c.in("inbound", "username"), in.Username, in.PasswordFile)
		for _, p := range setup.Providers() {
			if host, _, _, _ := in.Box(); p.IMAP == host && p.Note != "" {
				words += "; " + p.Name + ": " + p.Note
			}
		}
		return words
	case errors.As(err, &name) && name.IsNotFound:
		return c.in("inbound", "imap") + ": is the host spelt right?"
	case errors.Is(err, syscall.ECONNREFUSED), smtp.IsTimeout(err):
		return c.in("inbound", "imap") + ": imaps:// is port 993, imap:// is 143 with STARTTLS"
	case errors.As(err, &plain):
		return c.in("inbound", "imap") + ": the server begins without encryption, which is imap://"
	}
	return c.certificate(err, c.in("inbound", "imap"), c.in("inbound", "ca_file"))
}

// readMailboxOnce reads what came back, for those who run no daemon.
func readMailboxOnce(ctx context.Context, p *program) error {
	o, err := p.open(ctx, want{write: true, admit: hasMailbox})
	if err != nil {
		return err
	}
	defer o.close()
	sum, err := o.Receiver.ReadMailbox(ctx, o.mailbox)
	out := receivedMailbox{Messages: sum.Read, Moved: sum.Moved, Kinds: sum.Kinds, Suppressed: sum.Suppressed, Restored: sum.Restored}
	if out.Suppressed == nil {
		out.Suppressed = []digest.Suppression{}
	}
	if perr := p.print(out, func(w io.Writer) {
		receivedMaildir{Messages: sum.Read, Kinds: sum.Kinds, Suppressed: sum.Suppressed, Restored: sum.Restored}.print(w)
		if sum.Moved > 0 {
			fmt.Fprintf(w, "%s moved into the folder %s\n", plural(sum.Moved, "message"), o.mailbox.Folder)
		}
	}); perr != nil {
		return perr
	}
	return err
}

// receivedMailbox is what is printed of a mailbox.
type receivedMailbox struct {
	Messages   int                  `json:"messages"`
	Moved      int                  `json:"moved"`
	Kinds      map[inbound.Kind]int `json:"kinds"`
	Suppressed []digest.Suppression `json:"suppressed"`
	Restored   []string             `json:"restored,omitempty"`
}

// hasMailbox admits a configuration that names a mailbox.
func hasMailbox(cfg *config.Config) error {
	if cfg.Inbound.IMAP == "" {
		return usagef("%s: there is no mailbox: imap of [inbound] names one, as imaps://imap.example.org", cfg.Path)
	}
	return nil
}
