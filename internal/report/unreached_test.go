package report_test

import (
	"slices"
	"strings"
	"testing"

	"digestd/internal/newsroom/town"
	"digestd/internal/report"
	"digestd/mailer/smtp"
)

// What refuses everybody of a short list pauses no run: nobody would hear of it.
func TestAnEditionThatReachedNobodyIsTold(t *testing.T) {
	w := town.New(t, town.One)
	told := func() bool {
		return slices.ContainsFunc(w.Report.Problems(report.Known{}), func(p report.Problem) bool { return strings.Contains(p.Words, "has reached nobody: 2 deliveries") })
	}
	w.Show("/herald", "Cranes move again in the harbour")
	w.Fail = func(string) *smtp.Reply { return &smtp.Reply{Stage: smtp.Rcpt, Code: 552, Words: "5.2.2 mailbox full"} }
	w.At(0, "06:30")
	if !told() {
		t.Errorf("needs a person: %v", w.Report.Problems(report.Known{}))
	}
	w.Fail = nil
	w.Show("/herald", "Court strikes down the river levy")
	w.At(1, "06:30")
	if w.Received("ana@example.org") == 0 || told() {
		t.Errorf("ana has %d mails, and after an edition that went out: %v", w.Received("ana@example.org"), w.Report.Problems(report.Known{}))
	}
}

// Nor does a server that refuses the sender, at MAIL or at RCPT, fill a row on a short list: the edition pauses all the
// same, says why, fails nobody, and goes when that is mended.
func TestARefusedSenderOfAShortListIsTold(t *testing.T) {
	for _, reply := range []smtp.Reply{{Stage: smtp.Mail, Code: 550, Words: "no"},
		{Stage: smtp.Rcpt, Code: 553, Words: "5.7.1 Sender address rejected: not owned by user wire"}} {
		w := town.New(t, town.One)
		told := func() bool {
			return slices.ContainsFunc(w.Report.Problems(report.Known{}), func(p report.Problem) bool {
				return p.ID == "paused" && strings.Contains(p.Words, reply.Words)
			})
		}
		w.Show("/herald", "Cranes move again in the harbour")
		w.Fail = func(string) *smtp.Reply { return &reply }
		w.At(0, "06:30")
		if !told() {
			t.Errorf("%v: needs a person: %v", reply, w.Report.Problems(report.Known{}))
		}
		w.Fail = nil
		w.At(0, "06:40")
		if w.Received("ana@example.org") != 1 || told() {
			t.Errorf("%v: ana has %d mails: %v", reply, w.Received("ana@example.org"), w.Report.Problems(report.Known{}))
		}
	}
}

// A refusal for now waits for its time; an hour after the slot a person hears of it, with the words.
func TestALateEditionSaysWhy(t *testing.T) {
	w := town.New(t, town.One)
	w.Show("/herald", "Cranes move again in the harbour")
	w.Fail = func(string) *smtp.Reply { return &smtp.Reply{Stage: smtp.Mail, Code: 451, Words: "4.3.0 try later"} }
	w.At(0, "06:30")
	if all := w.Report.Problems(report.Known{}); len(all) > 0 {
		t.Errorf("at once: %v", all)
	}
	w.At(0, "08:10")
	want := "after its slot; the last words were naming the sender (MAIL FROM): 451 4.3.0 try later"
	if all := w.Report.Problems(report.Known{}); len(all) != 1 || !strings.Contains(all[0].Words, want) {
		t.Errorf("later: %v", all)
	}
}
