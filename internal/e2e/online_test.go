//go:build linux

package e2e

import (
	"bytes"
	"fmt"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// TestOnlineAgainstPostfix makes the mistakes of a first day against a real Postfix, one after the other: check --online
// names key, line and cure of each, and sends nothing.
func TestOnlineAgainstPostfix(t *testing.T) {
	rig := Start(t, 1)
	stand := newNewsstand(t)
	stand.put("/harbour", feed("Harbour News", entry{"The pier holds", "https://example.org/pier", "It was tested in the night."}))
	well := strings.Replace(newsletter(stand, []string{"/harbour", "/harbour"})+rig.smtpConfig(t, "starttls"),
		fmt.Sprintf("port = %d", rig.SubmissionPort), fmt.Sprintf("port = %d", rig.StrictPort), 1) +
		"hello_name = \"mail.example.org\"\n\n[[subscribers]]\nemail = \"" + Reader(1) + "\"\n"
	from := regexp.MustCompile(`from = "[^"]*"`).FindString(well)
	rig.write(t, "wrong", "not-the-password\n")
	for _, c := range []struct {
		name string
		edit [2]string // what stands in the configuration, and what in its place
		want string    // regular expression
	}{
		{"nothing is wrong", [2]string{}, `mail server: 127.0.0.1:\d+ answers \(TLS 1.3, logged in by [A-Z0-9-]+, messages of up to 20.0 KB\), and would take a message from digest@example.org`},
		{"another's sender", [2]string{from, `from = "Wire <else@example.org>"`},
			`553 5.7.1 <else@example.org>: Sender address rejected: not owned by user digest@example.org; from of \[mail\] \(.*config.toml:\d+\) is else@example.org: it must be an address from which the server lets digest@example.org send`},
		{"a short name", [2]string{`hello_name = "mail.example.org"`, `hello_name = "machine"`},
			`(?i)504 5.5.2 <machine>: Helo command rejected: need fully-qualified hostname; hello_name of \[smtp\] \(.*config.toml:\d+\) can name this machine as the DNS does`},
		{"a wrong password", [2]string{filepath.Join(rig.dir, "password"), filepath.Join(rig.dir, "wrong")},
			`535 5.7.8 .*; username of \[smtp\] \(.*config.toml:\d+\) is "digest@example.org", and the password is what stands in .*/wrong`},
		{"no login", [2]string{fmt.Sprintf("username = %q\npassword_file = %q", rig.Username, filepath.Join(rig.dir, "password")), ""},
			`the server offers a login, and there is none: username and password_file in \[smtp\] \(.*config.toml:\d+\)`},
		{"a port where nobody listens", [2]string{fmt.Sprintf("port = %d", rig.StrictPort), fmt.Sprintf("port = %d", freePort(t))},
			`nobody listens at port of \[smtp\] \(.*config.toml:\d+\): is it 587, or 465 with tls = "implicit"\?`},
		{"the port of implicit TLS", [2]string{fmt.Sprintf("port = %d", rig.StrictPort), fmt.Sprintf("reply_timeout = \"2s\"\nport = %d", rig.SMTPSPort)},
			`tls of \[smtp\] \(.*config.toml:\d+\) = "implicit"`},
		{"implicit TLS where STARTTLS is", [2]string{`tls = "starttls"`, `tls = "implicit"`},
			`the server begins without encryption at port \d+: tls of \[smtp\] \(.*config.toml:\d+\) = "starttls"`},
		{"a private root", [2]string{fmt.Sprintf("ca_file = %q", rig.CAFile), ""}, `ca_file of \[smtp\] \(.*config.toml:\d+\) names the PEM file of its root`},
	} {
		config := well
		if c.edit[0] != "" {
			if config = strings.Replace(well, c.edit[0], c.edit[1], 1); config == well {
				t.Fatalf("%s: the configuration has no %q", c.name, c.edit[0])
			}
		}
		check := newSite(t, config).command("check", "--online")
		var said bytes.Buffer
		check.Stdout, check.Stderr = &said, &said
		err := check.Run()
		if !regexp.MustCompile(c.want).MatchString(said.String()) || (err == nil) != (c.edit[0] == "") {
			t.Errorf("%s: %v\n%s\nwant %s", c.name, err, said.String(), c.want)
		}
	}
	rig.Settle(t)
	if got := rig.Mailbox(t, Reader(1)); len(got) != 0 {
		t.Errorf("%d mails went out", len(got))
	}
}
