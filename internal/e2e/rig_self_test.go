//go:build linux

package e2e

import (
	"crypto/tls"
	"errors"
	"fmt"
	"net"
	"net/smtp"
	"net/textproto"
	"strconv"
	"strings"
	"testing"
)

// TestRig makes sure of the servers themselves, so that a failure elsewhere is digestd's own: both
// ports take mail of who logs in and of nobody else, and it arrives where IMAP shows it.
func TestRig(t *testing.T) {
	rig := Start(t, 2)
	login := smtp.PlainAuth("", rig.Username, rig.Password, "127.0.0.1")

	submit := func(port int, implicit bool, auth smtp.Auth, to, subject string) error {
		addr := net.JoinHostPort("127.0.0.1", strconv.Itoa(port))
		var conn net.Conn
		var err error
		if implicit {
			conn, err = tls.Dial("tcp", addr, trust(t, rig.CAFile))
		} else {
			conn, err = net.Dial("tcp", addr)
		}
		if err != nil {
			return err
		}
		client, err := smtp.NewClient(conn, "127.0.0.1")
		if err != nil {
			return err
		}
		defer client.Close()
		if !implicit {
			if err := client.StartTLS(trust(t, rig.CAFile)); err != nil {
				return err
			}
		}
		if auth != nil {
			if err := client.Auth(auth); err != nil {
				return err
			}
		}
		if err := client.Mail("digest@example.org"); err != nil {
			return err
		}
		if err := client.Rcpt(to); err != nil {
			return err
		}
		w, err := client.Data()
		if err != nil {
			return err
		}
		fmt.Fprintf(w, "From: digest@example.org\r\nTo: %s\r\nSubject: %s\r\n\r\nSolar power passes coal.\r\n", to, subject)
		if err := w.Close(); err != nil {
			return err
		}
		return client.Quit()
	}

	if err := submit(rig.SubmissionPort, false, login, Reader(1), "by STARTTLS"); err != nil {
		t.Errorf("STARTTLS: %v", err)
	}
	if err := submit(rig.SMTPSPort, true, login, Reader(1), "by implicit TLS"); err != nil {
		t.Errorf("implicit TLS: %v", err)
	}
	for _, refused := range []struct {
		what  string
		auth  smtp.Auth
		to    string
		code  int
		words string
	}{
		{"who does not log in", nil, Reader(1), 554, "5.7.1"},
		{"who has another password", smtp.PlainAuth("", rig.Username, "wrong", "127.0.0.1"), Reader(1), 535, "5.7.8"},
		{"mail to an unknown user", login, "nobody@example.org", 550, "5.1.1"},
	} {
		err := submit(rig.SubmissionPort, false, refused.auth, refused.to, refused.what)
		var reply *textproto.Error
		if !errors.As(err, &reply) || reply.Code != refused.code || !strings.HasPrefix(reply.Msg, refused.words) {
			t.Errorf("%s: got %v, want %d %s", refused.what, err, refused.code, refused.words)
		}
	}

	rig.Settle(t)
	got := make(map[string]bool)
	for _, raw := range rig.Mailbox(t, Reader(1)) {
		got[parse(t, raw).Header.Get("Subject")] = true
	}
	if len(got) != 2 || !got["by STARTTLS"] || !got["by implicit TLS"] {
		t.Errorf("mailbox of %s holds %v", Reader(1), got)
	}
	if empty := rig.Mailbox(t, Reader(2)); len(empty) != 0 {
		t.Errorf("mailbox of %s holds %d messages, nobody wrote to it", Reader(2), len(empty))
	}
}
