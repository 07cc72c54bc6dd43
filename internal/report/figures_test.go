package report_test

import (
	"maps"
	"testing"
	"time"

	"digestd/digest"
	"digestd/internal/ledger/store/bolt"
	"digestd/internal/newsroom"
	"digestd/internal/newsroom/town"
	"digestd/internal/report"
	"digestd/mailer/smtp"
)

func TestFiguresCountWhatHappened(t *testing.T) {
	w := town.New(t, town.One)
	w.Reopen(bolt.At(w.Config.Ledger.Path, bolt.Options{})) // the size of a file is one of the figures
	tally := report.NewTally()
	w.Publisher.Mailer = tally.Over(w.Publisher.Mailer)
	w.Show("/herald", "Cranes move again in the harbour", "Ferry timetable changes on Sunday")
	w.Collect()
	f, err := w.Report.Figures(tally, report.Known{})
	if err != nil {
		t.Fatal(err)
	}
	if f.Feeds["well"] != 1 || f.Feeds["failing"] != 1 || f.Items != 2 || f.Bytes == 0 || !f.LastWrite.Equal(w.Now) || f.Delivered["sent"] != 0 {
		t.Errorf("before the first edition: %+v", f)
	}
	if l := f.Lanes[0]; l.Lag != 0 || len(l.Deliveries) != 0 || !l.Last.IsZero() || !l.Next.Equal(town.Thursday.Add(23*time.Hour+30*time.Minute)) {
		t.Errorf("a lane that never composed: %+v", l)
	}

	w.Fail = func(to string) *smtp.Reply {
		if to == "ana@example.org" {
			return &smtp.Reply{Stage: smtp.Rcpt, Code: 450, Words: "4.2.2 mailbox full"}
		}
		return nil
	}
	w.Send(false)
	f, err = w.Report.Figures(tally, report.Known{})
	if err != nil {
		t.Fatal(err)
	}
	l := f.Lanes[0]
	if want := map[string]int{"sent": 1, "deferred": 1}; !maps.Equal(l.Deliveries, want) || l.Delay != 30*time.Minute || l.Lag != 0 {
		t.Errorf("an edition with one deferred: %+v", l)
	}
	if f.Editions["open"] != 1 || f.Delivered["sent"] != 1 || f.Delivered["deferred"] != 1 {
		t.Errorf("an edition with one deferred: %+v", f)
	}

	// Who leaves is owed nothing from then on, though no run has come to them.
	ana := digest.Suppression{Email: "ana@example.org", Digest: l.Lane.Digest, Source: "operator", At: w.Now}
	if err := w.Ledger.Readers.Suppress(ana); err != nil {
		t.Fatal(err)
	}
	f, err = w.Report.Figures(tally, report.Known{})
	if want := map[string]int{"sent": 1, "suppressed": 1}; err != nil || !maps.Equal(f.Lanes[0].Deliveries, want) {
		t.Errorf("one who left: %+v, %v", f.Lanes[0], err)
	}
	if _, err := w.Ledger.Readers.RestoreAll([]string{ana.Email}, ""); err != nil {
		t.Fatal(err)
	}

	// What expires without a message is counted as well.
	w.Now = town.Thursday.AddDate(0, 0, 1)
	w.Publisher.Resume(t.Context(), false, newsroom.Unwatched{})
	if f, err = w.Report.Figures(tally, report.Known{}); err != nil || f.Delivered["expired"] != 1 || f.Editions["complete"] != 1 {
		t.Errorf("a day later: %+v, %v", f, err)
	}
	if l := f.Lanes[0]; l.Lag != 30*time.Minute {
		t.Errorf("half an hour after a slot that is not used: %+v", l)
	}
	again, err := w.Report.Figures(tally, report.Known{})
	if err != nil || !maps.Equal(again.Lanes[0].Deliveries, map[string]int{"sent": 1, "expired": 1}) {
		t.Errorf("asked again: %+v, %v", again.Lanes[0], err)
	}
	w.Now = town.Thursday.AddDate(2, 0, 0) // so late that the edition was forgotten
	w.Collect()
	for range 2 { // pruning waits for two days after a leap
		w.Now = w.Now.Add(25 * time.Hour)
		w.Collect()
	}
	if pruned, err := w.Ledger.Prune(30 * 24 * time.Hour); err != nil || pruned.Editions != 1 {
		t.Fatalf("%+v, %v", pruned, err)
	}
	if f, err := w.Report.Figures(tally, report.Known{}); err != nil || len(f.Lanes) != 1 || len(f.Lanes[0].Deliveries) != 0 {
		t.Errorf("a lane whose edition was forgotten: %+v, %v", f, err)
	}
}
