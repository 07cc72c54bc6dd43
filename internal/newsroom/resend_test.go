package newsroom_test

import (
	"errors"
	"testing"

	"digestd/digest"
	"digestd/internal/ledger/store"
	"digestd/internal/newsroom"
	"digestd/internal/newsroom/town"
	"digestd/mailer/smtp"
)

// sentOnce is a town whose readers have an edition.
func sentOnce(t *testing.T) *town.Town {
	w := town.New(t, one)
	w.Show("/herald", "Cranes move again in the harbour")
	w.At(0, "06:30")
	if w.Received("ana@example.org") != 1 {
		t.Fatal("ana has no mail")
	}
	return w
}

func resent(t *testing.T, w *town.Town) (states []digest.State) {
	t.Helper()
	events, err := w.Ledger.Resends.Of(thursday)
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range events {
		states = append(states, e.State)
	}
	return states
}

func TestAMailGoesOnceMoreAsItWas(t *testing.T) {
	w := sentOnce(t)
	again := func() error {
		copies, err := w.Publisher.Desk.Resend(t.Context(), thursday, []string{"ana@example.org"})
		for _, c := range copies {
			err = errors.Join(err, c.Err)
		}
		return err
	}
	if err := again(); err != nil {
		t.Fatal(err)
	}
	if w.Received("ana@example.org") != 2 || w.Mail("ana@example.org", 0) != w.Mail("ana@example.org", 1) {
		t.Error("it is not the same mail")
	}
	w.Fail = func(string) *smtp.Reply {
		return &smtp.Reply{Stage: smtp.Rcpt, Code: 450, Words: "4.2.2 mailbox full"}
	}
	if err := again(); err == nil {
		t.Error("a server that refuses it is no error")
	}
	w.Fail = func(string) *smtp.Reply { return &smtp.Reply{Stage: smtp.Dot, Err: errors.New("connection reset")} }
	if err := again(); err == nil {
		t.Error("a connection that died is no error")
	}
	w.Fail = nil
	if got := resent(t, w); len(got) != 3 || got[0] != digest.Sent || got[1] != digest.Failed || got[2] != digest.InDoubt {
		t.Errorf("recorded: %v", got)
	}
	progress, err := w.Ledger.Deliveries.Progress(thursday)
	if err != nil || progress.Counts()[digest.Sent] != 2 {
		t.Errorf("the edition's own deliveries: %v, %v", progress.Counts(), err)
	}
	if err := w.Ledger.Readers.Suppress(digest.Suppression{Email: "ana@example.org", Source: "one-click", At: w.Now}); err != nil {
		t.Fatal(err)
	}
	if err := again(); !errors.Is(err, newsroom.ErrNoMail) || w.Received("ana@example.org") != 2 {
		t.Errorf("who has left got it: %v", err)
	}
}

// Who leaves while the mail is on its way does not get it.
func TestWhoLeavesInTheMiddleGetsNothingAgain(t *testing.T) {
	w := sentOnce(t)
	e, err := w.Ledger.Editions.Get(thursday)
	if err != nil {
		t.Fatal(err)
	}
	if err := w.Ledger.Readers.Suppress(digest.Suppression{Email: "ana@example.org", Digest: "daily", Source: "one-click", At: w.Now}); err != nil {
		t.Fatal(err)
	}
	if err := w.Ledger.Resends.Begin(e, digest.Recipient{Index: 0, Email: "ana@example.org"}); err == nil {
		t.Error("the intent of a mail to who has left is recorded")
	}
	if got := resent(t, w); len(got) != 0 {
		t.Errorf("recorded: %v", got)
	}
}

// A kill before the intent sends nothing, one after it leaves the mail in doubt, and nothing goes by itself then.
func TestAKillWhileAMailGoesAgain(t *testing.T) {
	for step := range 2 {
		w := sentOnce(t)
		left := 1 << 30
		w.Wrap(func(s store.Store) store.Store { return mortal{s, &left} })
		left = step
		copies, err := w.Publisher.Desk.Resend(t.Context(), thursday, []string{"ana@example.org"})
		if err != nil || copies[0].Err == nil {
			t.Fatalf("killed at commit %d: %+v, %v", step, copies, err)
		}
		left = 1 << 30
		w.Restart()
		w.At(0, "07:30")
		if got := w.Received("ana@example.org"); got != 1+step {
			t.Errorf("killed at commit %d: ana has %d mails", step, got)
		}
		if got := resent(t, w); len(got) != step || step == 1 && got[0] != digest.InDoubt {
			t.Errorf("killed at commit %d: recorded %v", step, got)
		}
	}
}
