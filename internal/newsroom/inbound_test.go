package newsroom_test

import (
	"context"
	"log/slog"
	"regexp"
	"testing"
	"time"

	"digestd/internal/newsroom"
	"digestd/internal/newsroom/town"
	"digestd/mailer/letters"
	"digestd/mailer/mailbox"
)

// pile is a mailbox of some messages.
type pile []string

func (p pile) Read(_ context.Context, take func([]byte) (bool, error)) (done mailbox.Pass, err error) {
	for _, m := range p {
		understood, err := take([]byte(m))
		if err != nil {
			return done, err
		}
		if done.Read++; understood {
			done.Moved++
		}
	}
	return done, nil
}

// A mailbox may be a person's: what is about a mail of ours, or asks to leave, is understood; all else stays.
func TestAMailboxOfAPerson(t *testing.T) {
	w := town.New(t, one)
	w.Show("/herald", "Cranes move again in the harbour")
	w.Show("/gazette", "Court strikes down the river levy")
	w.Collect()
	w.Send(false)
	id := regexp.MustCompile(`(?m)^Message-ID: (<[^>]+>)`).FindStringSubmatch(w.Mail("ana@example.org", 0))
	if id == nil {
		t.Fatal("a mail without Message-ID")
	}
	receiver := &newsroom.Receiver{Config: w.Config, Ledger: w.Ledger, Now: func() time.Time { return w.Now }, Log: slog.New(slog.DiscardHandler)}
	answer := func(to string) string {
		return "From: ana@example.org\r\nAuto-Submitted: auto-replied\r\nIn-Reply-To: " + to + "\r\nSubject: Away\r\n\r\nI am away.\r\n"
	}
	bounce := func(returned string) string {
		return "From: MAILER-DAEMON@example.org\r\nContent-Type: multipart/report; report-type=delivery-status; boundary=b\r\n\r\n" +
			"--b\r\n\r\nIt failed.\r\n--b\r\nContent-Type: message/delivery-status\r\n\r\nReporting-MTA: dns; example.org\r\n\r\n" +
			"Final-Recipient: rfc822; ana@example.org\r\nAction: failed\r\nStatus: 5.1.1\r\n\r\n" +
			"--b\r\nContent-Type: message/rfc822\r\n\r\nMessage-ID: " + returned + "\r\nTo: ana@example.org\r\n\r\nx\r\n--b--\r\n"
	}
	const leave = "From: bo@example.org\r\nSubject: unsubscribe\r\n\r\nPlease.\r\n"
	const letter = "From: bo@example.org\r\nSubject: Thank you\r\n\r\nI like it.\r\n"
	const theirs = "<20261128.1@mail.example.org>"
	for _, c := range []struct {
		name, message string
		moved         int
		suppressed    int
	}{
		{"an answer to ours", answer(id[1]), 1, 0},
		{"an answer to theirs", answer(theirs), 0, 0},
		{"a letter", letter, 0, 0},
		{"a bounce of theirs", bounce(theirs), 0, 0},
		{"a bounce of ours", bounce(id[1]), 1, 1},
		{"the same again, after a kill", bounce(id[1]), 1, 1},
		{"a request to leave", leave, 1, 0},
	} {
		sum, err := receiver.ReadMailbox(context.Background(), pile{c.message})
		if err != nil || sum.Moved != c.moved || len(sum.Suppressed) != c.suppressed {
			t.Errorf("%s: %+v, %v", c.name, sum, err)
		}
	}
	all, err := w.Ledger.Readers.Suppressions()
	if err != nil || len(all) != 1 || all[0].Email != "ana@example.org" {
		t.Errorf("%+v, %v", all, err)
	}
	if waiting, err := letters.Count(w.Config.Mail.Letters); err != nil || waiting.Leave != 1 || waiting.Other != 0 {
		t.Errorf("%+v, %v", waiting, err)
	}
}
