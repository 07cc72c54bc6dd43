package newsroom_test

import (
	"strings"
	"testing"

	"digestd/internal/newsroom/town"
	"digestd/mailer/smtp"
)

// Another sender counts for what is still owed of an edition, but for a mail that may have arrived: that one goes once
// more as it was. What comes into doubt later goes once more from the new sender, and a third one waits for it.
func TestAnotherSenderCountsForWhatIsOwed(t *testing.T) {
	w := town.New(t, town.One)
	from := func(sender string) { w.Reconfigure(strings.Replace(town.One, "digest@", sender+"@", 1)) }
	sent := func(email, sender string) {
		t.Helper()
		if w.Received(email) != 1 || !strings.Contains(w.Mail(email, 0), "From: Morning Wire <"+sender+"@example.org>") {
			t.Errorf("%s has %d mails, want one from %s", email, w.Received(email), sender)
		}
	}
	w.Show("/herald", "Cranes move again in the harbour")
	w.Fail = func(to string) *smtp.Reply {
		if to == "ana@example.org" {
			return &smtp.Reply{Stage: smtp.Dot, Words: "cut"} // and it may be there
		}
		return &smtp.Reply{Stage: smtp.Rcpt, Code: 451, Words: "4.3.0 later"}
	}
	w.At(0, "06:30")
	from("second")
	w.Fail = func(to string) *smtp.Reply {
		if to == "benoit@example.org" {
			return &smtp.Reply{Stage: smtp.Dot, Words: "cut"}
		}
		return nil
	}
	w.At(0, "07:30")
	sent("ana@example.org", "digest")
	from("third")
	w.Fail = nil
	w.At(0, "09:00")
	sent("benoit@example.org", "second")
}
