package cli_test

import (
	"os"
	"strconv"
	"strings"
	"testing"

	"github.com/rogpeppe/go-internal/testscript"

	"digestd/mailer/smtp/smtptest"
)

// mailserver starts a mail server at a port that stands in files for NAME from then on. It refuses as the lines of a
// file say at the time, each a stage of the dialogue, words of the sender or the command, and the reply: "mail wrong@
// 553 5.7.1 no".
func mailserver(t *testing.T, ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) < 2 {
		ts.Fatalf("usage: mailserver NAME ANSWERS FILES…")
	}
	answers := ts.MkAbs(args[1])
	server := smtptest.Start(t, func(m smtptest.Moment) string {
		text, err := os.ReadFile(answers)
		if err != nil {
			return "451 " + err.Error()
		}
		for line := range strings.Lines(string(text)) {
			if of := strings.SplitN(strings.TrimSpace(line), " ", 3); len(of) == 3 && of[0] == m.Stage && strings.Contains(m.From+m.Line, of[1]) {
				return of[2]
			}
		}
		return smtptest.Default
	}, nil)
	for _, file := range args[2:] {
		text := strings.ReplaceAll(ts.ReadFile(file), args[0], strconv.Itoa(server.Port))
		if err := os.WriteFile(ts.MkAbs(file), []byte(text), 0o600); err != nil {
			ts.Fatalf("mailserver: %v", err)
		}
	}
}
