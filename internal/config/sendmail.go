package config

import (
	"time"
)

// Sendmail is [sendmail].
type Sendmail struct {
	Command []string // {from} and {to} in it stand for addresses
	Timeout time.Duration
}

func sendmailKeys(s *Sendmail) []key {
	return []key{
		list("command", &s.Command, `["/usr/sbin/sendmail", "-i", "-f", "{from}", "--", "{to}"]`, "list of texts",
			"The program and its arguments; {from} and {to} are the addresses of the envelope. No shell reads "+
				"them. It gets one message on its standard input, and its exit status is one of sysexits(3).", func(r *reader, v *value) (string, bool) {
				return r.line(v, "command", "")
			}),
		duration("timeout", &s.Timeout, `"5m"`, 10*time.Millisecond, time.Hour,
			"How long one call may take. A command that is killed when it had the whole message leaves it in "+
				"doubt."),
	}
}
