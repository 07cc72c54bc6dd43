package cli

import (
	"context"
	"crypto/tls"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"digestd/internal/config"
	"digestd/mailer/smtp/smtptest"
)

// TestCures holds that what a mail server says, or does not, is told with the key, its line, and what to write.
func TestCures(t *testing.T) {
	good, _ := smtptest.Certificate(t, time.Now().Add(time.Hour))
	expired, _ := smtptest.Certificate(t, time.Now().Add(-time.Hour))
	says := func(stage, words string) func(smtptest.Moment) string {
		return func(m smtptest.Moment) string {
			if m.Stage == stage {
				return words
			}
			return smtptest.Default
		}
	}
	encrypted := func(c *tls.Config) func(*smtptest.Server) {
		return func(s *smtptest.Server) { s.TLS, s.Extensions = c, []string{"STARTTLS"} }
	}
	for _, c := range []struct {
		name, keys string // keys of [smtp] beside host and port, on line 7 and what follows
		answer     func(smtptest.Moment) string
		server     func(*smtptest.Server)
		want       []string
	}{
		{"all is well", `tls = "none"`, nil, nil, []string{"127.0.0.1:PORT answers (not encrypted, messages of up to 10.0 MB), and would take a message from wire@site.example"}},
		{"nobody listens", `tls = "none"`, nil, nil, []string{"nobody listens at port of [smtp] (CONFIG:6): is it 587, or 465 with tls = \"implicit\"?"}},
		{"implicit against starttls", `tls = "implicit"`, nil, nil, []string{"tls of [smtp] (CONFIG:7) = \"starttls\""}},
		{"starttls against implicit", "tls = \"starttls\"\nreply_timeout = \"300ms\"", nil, func(s *smtptest.Server) { s.TLS, s.Implicit = good, true },
			[]string{"waiting for its greeting: no answer in time", "tls of [smtp] (CONFIG:7) = \"implicit\""}},
		{"no encryption", `tls = "starttls"`, nil, nil, []string{"does not offer STARTTLS", "tls of [smtp] (CONFIG:7): 465 with tls = \"implicit\""}},
		{"a private root", `tls = "starttls"`, nil, encrypted(good), []string{"ca_file of [smtp] (CONFIG:4) names the PEM file of its root"}},
		{"expired", "tls = \"starttls\"\nca_file = \"ca.pem\"", nil, encrypted(expired), []string{"the certificate is good from", "the server's owner must renew it, or this machine's clock is wrong"}},
		{"another name", "tls = \"starttls\"\nca_file = \"ca.pem\"\nhost = \"localhost\"", nil, encrypted(good), []string{"host of [smtp] (CONFIG:9): the certificate is for 127.0.0.1; write that name"}},
		{"a wrong password", "tls = \"none\"\nusername = \"wire@site.example\"\npassword_file = \"secret\"", says(smtptest.Auth, "535 5.7.8 authentication failed"),
			func(s *smtptest.Server) { s.Extensions = []string{"AUTH PLAIN"} }, []string{"logging in (AUTH): 535 5.7.8 authentication failed; username of [smtp] (CONFIG:8) is \"wire@site.example\", and the password is what stands in DIR/secret"}},
		{"no login", "tls = \"none\"\nusername = \"wire@site.example\"\npassword_file = \"secret\"", nil, nil, []string{"does not offer AUTH; most servers take logins over an encrypted connection alone: tls of [smtp] (CONFIG:7) = \"starttls\"; one that wants none needs no username of [smtp] (CONFIG:8)"}},
		{"no username", `tls = "none"`, says(smtptest.Rcpt, "554 5.7.1 Relay access denied"), func(s *smtptest.Server) { s.Extensions = []string{"AUTH PLAIN"} },
			[]string{"the server offers a login, and there is none: username and password_file in [smtp] (CONFIG:5)"}},
		{"no username, and none offered", `tls = "none"`, says(smtptest.Mail, "530 5.7.0 Authentication required"), nil, []string{"port of [smtp] (CONFIG:6) is 587"}},
		{"a sender that is not allowed", `tls = "none"`, says(smtptest.Rcpt, "553 5.7.1 <wire@site.example>: Sender address rejected: not owned by user"), nil,
			[]string{"from of [mail] (CONFIG:3) is wire@site.example: it must be an address from which the server lets this machine send"}},
		{"spam", `tls = "none"`, says(smtptest.Rcpt, "550 5.7.1 Message rejected due to spam content"), nil, []string{"550 5.7.1 Message rejected due to spam content\n"}},
		{"a name that is not known", `tls = "none"`, says(smtptest.Ehlo, "550 5.7.1 Helo command rejected: Host not found"), nil, []string{"hello_name of [smtp] (CONFIG:4) can name this machine"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			server := smtptest.Start(t, c.answer, c.server)
			dir := t.TempDir()
			path := filepath.Join(dir, "config.toml")
			host := `host = "127.0.0.1"`
			if strings.Contains(c.keys, "host =") {
				host = "# elsewhere"
			}
			os.WriteFile(filepath.Join(dir, "secret"), []byte("sesame\n"), 0o600)
			if err := os.WriteFile(filepath.Join(dir, "ca.pem"), append(smtptest.PEM(expired), smtptest.PEM(good)...), 0o600); err != nil {
				t.Fatal(err)
			}
			text := fmt.Sprintf("newsletter.name = \"Wire\"\ndelivery.transport = \"smtp\"\nmail.from = \"wire@site.example\"\n[smtp]\n%s\nport = %d\n%s\n", host, server.Port, c.keys)
			if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
				t.Fatal(err)
			}
			cfg, problems := config.Load(path, config.Env{})
			if len(problems) > 0 {
				t.Fatal(problems)
			}
			if c.name == "nobody listens" {
				server.Stop()
			}
			words, err := askServer(context.Background(), cfg)
			if err != nil {
				words = err.Error()
			}
			for _, want := range c.want {
				want = strings.NewReplacer("CONFIG", path, "DIR", dir, "PORT", strconv.Itoa(server.Port)).Replace(want)
				if !strings.Contains(words+"\n", want) {
					t.Errorf("%s\nwant: %s", words, want)
				}
			}
		})
	}
}
