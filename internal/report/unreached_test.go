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
