package newsroom_test

import (
	"digestd/digest"
	"digestd/internal/config"
	"digestd/internal/ledger/store/bolt"
	"digestd/internal/newsroom/town"
	"digestd/internal/report"
	"digestd/mailer/smtp"
	"digestd/subscribers"
	"encoding/json"
	"fmt"
	"os"
	"strings"
	"testing"
	"time"
)

const one = town.One

func TestSendComposesOnceAndMailsEachReaderOnce(t *testing.T) {
	w := town.New(t, one)
	w.Show("/herald", "Cranes move again in the harbour", "Ferry timetable changes on Sunday")
	w.Show("/gazette", "Court strikes down the river levy")
	w.Collect()
	got := w.Send(false)
	if len(got) != 1 || !got[0].Composed || got[0].Stories != 3 || got[0].Delivery.Sent != 2 {
		t.Fatalf("first send: %+v", got)
	}
	if want := "daily/Europe/Paris/2026-03-12T07:00"; got[0].Edition != want {
		t.Errorf("edition %s, want %s", got[0].Edition, want)
	}
	again := w.Send(false)
	if again[0].Composed || again[0].Delivery.Sent != 0 || w.Received("ana@example.org") != 1 {
		t.Errorf("second send: %+v, ana has %d mails", again[0], w.Received("ana@example.org"))
	}
	for _, title := range []string{"Cranes move again in the harbour", "Ferry timetable changes on Sunday", "Court strikes down the river levy"} {
		if !strings.Contains(w.Mail("ana@example.org", 0), title) {
			t.Errorf("the mail does not tell %q", title)
		}
	}
}

func TestExtraTellsOnlyWhatIsNew(t *testing.T) {
	w := town.New(t, one)
	w.Show("/herald", "Cranes move again in the harbour")
	w.Show("/gazette", "Court strikes down the river levy")
	w.Collect()
	w.Send(false)
	w.Now = w.Now.Add(time.Hour)
	w.Show("/herald", "Volcano monitors raise the alert level", "Cranes move again in the harbour")
	w.Collect()
	got := w.Send(true)
	if !got[0].Composed || got[0].Stories != 1 || !strings.HasSuffix(got[0].Edition, "+1") {
		t.Fatalf("extra: %+v", got[0])
	}
	mail := w.Mail("benoit@example.org", 1)
	if !strings.Contains(mail, "Volcano monitors") || strings.Contains(mail, "Cranes move") {
		t.Errorf("the extra edition tells something else than the one new item")
	}
	if nothing := w.Send(true); nothing[0].Composed || nothing[0].Reason != "nothing new" || w.Received("ana@example.org") != 2 {
		t.Errorf("an extra edition of nothing: %+v", nothing[0])
	}
}

func TestASlotWithoutAnyFeedSaysSo(t *testing.T) {
	w := town.New(t, one) // of whose feeds none answers
	w.Collect()
	if got := w.Send(false); got[0].Composed || got[0].Reason != "nothing new: none of its feeds could be read" {
		t.Errorf("%+v", got[0])
	}
}

func TestOutageCostsNoNewsAndRepeatsNone(t *testing.T) {
	w := town.New(t, one)
	w.Down = true
	for day := range 3 {
		w.Now = town.Thursday.AddDate(0, 0, day)
		w.Show("/herald", fmt.Sprintf("Harbour news of day %d in full", day))
		w.Show("/gazette", fmt.Sprintf("Court ruling number %d of the week", day))
		w.Collect()
		got := w.Send(false)
		if got[0].Delivery.Sent != 0 || got[0].Delivery.Paused == "" {
			t.Fatalf("day %d without a mail server: %+v", day, got[0])
		}
	}
	w.Down = false
	w.Now = town.Thursday.AddDate(0, 0, 3)
	w.Collect()
	got := w.Send(false)
	if got[0].Delivery.Sent != 2 || w.Received("ana@example.org") != 1 {
		t.Fatalf("after the outage: %+v", got[0])
	}
	mail := w.Mail("ana@example.org", 0)
	for day := range 3 {
		if !strings.Contains(mail, fmt.Sprintf("Harbour news of day %d", day)) || !strings.Contains(mail, fmt.Sprintf("Court ruling number %d", day)) {
			t.Errorf("the news of day %d is lost", day)
		}
	}
	st, err := w.Report.Status(report.Known{})
	if err != nil || len(st.Problems) != 0 {
		t.Errorf("problems after all is well: %v, %v", st.Problems, err)
	}
}

func TestEditionThatEverybodysServerRefusedGivesItsNewsBack(t *testing.T) {
	for words, failed := range map[string]int{"5.7.1 access denied": 0, "5.2.2 mailbox full": 2} { // a policy fails nobody
		w := town.New(t, one)
		w.Fail = func(string) *smtp.Reply { return &smtp.Reply{Stage: smtp.Rcpt, Code: 554, Words: words} }
		w.Show("/herald", "Cranes move again in the harbour")
		w.Show("/gazette", "Court strikes down the river levy")
		w.Collect()
		if got := w.Send(false); got[0].Delivery.Sent != 0 || got[0].Delivery.Failed != failed || got[0].Delivery.Deferred != 2-failed {
			t.Fatalf("with every reader refused: %+v", got[0])
		}
		w.Fail = nil
		w.Now = w.Now.AddDate(0, 0, 1)
		w.Show("/herald", "Volcano monitors raise the alert level")
		w.Collect()
		got := w.Send(false)
		if got[0].Stories != 3 || got[0].Delivery.Sent != 2 {
			t.Fatalf("a day later: %+v", got[0])
		}
		if mail := w.Mail("ana@example.org", 0); !strings.Contains(mail, "Cranes move") || !strings.Contains(mail, "Volcano") || !strings.Contains(mail, "No. 1") {
			t.Error("the refused edition's news is lost")
		}
	}
}

func TestReaderOfOneTopicGetsOnlyThat(t *testing.T) {
	text := strings.Replace(one, "[digests.daily]", "[topics.diplomacy]\ntitle = \"Diplomacy\"\nfeeds = [\"FEEDS/envoy\"]\n[digests.daily]", 1)
	text = strings.Replace(text, `topics = ["global"]`, `topics = ["global", "diplomacy"]`, 1)
	text += "topics = [\"diplomacy\"]\n" // of benoit, the last
	w := town.New(t, text)
	w.Show("/herald", "Cranes move again in the harbour")
	w.Show("/gazette", "Court strikes down the river levy")
	w.Show("/envoy", "Lakes treaty survives a third vote")
	w.Collect()
	w.Send(false)
	if mail := w.Mail("benoit@example.org", 0); !strings.Contains(mail, "Lakes treaty") || strings.Contains(mail, "Cranes") {
		t.Error("benoit wants diplomacy and gets something else")
	}
	if mail := w.Mail("ana@example.org", 0); !strings.Contains(mail, "Lakes treaty") || !strings.Contains(mail, "Cranes") {
		t.Error("ana wants all and does not get it")
	}
	w.Now = w.Now.Add(time.Hour)
	w.Show("/herald", "Volcano monitors raise the alert level")
	w.Collect()
	got := w.Send(true)
	if got[0].Delivery.Nothing != 1 || got[0].Delivery.Sent != 1 || w.Received("benoit@example.org") != 1 {
		t.Errorf("an edition with nothing of diplomacy: %+v", got[0])
	}
}

func TestSuppressedReaderGetsNothing(t *testing.T) {
	w := town.New(t, one)
	if err := w.Ledger.Readers.Suppress(digest.Suppression{Email: "Ana@example.org", Source: "operator", At: w.Now}); err != nil {
		t.Fatal(err)
	}
	w.Show("/herald", "Cranes move again in the harbour")
	w.Show("/gazette", "Court strikes down the river levy")
	w.Collect()
	got := w.Send(false)
	if got[0].Delivery.Suppressed != 1 || got[0].Delivery.Sent != 1 || w.Received("ana@example.org") != 0 {
		t.Errorf("with ana suppressed: %+v", got[0])
	}
}

func TestLaneOwedToNobodyUsesNothing(t *testing.T) {
	w := town.New(t, one)
	for _, email := range []string{"ana@example.org", "benoit@example.org"} {
		if err := w.Ledger.Readers.Suppress(digest.Suppression{Email: email, Source: "operator", At: w.Now}); err != nil {
			t.Fatal(err)
		}
	}
	w.Show("/herald", "Cranes move again in the harbour")
	w.Show("/gazette", "Court strikes down the river levy")
	w.Collect()
	if got := w.Send(false); got[0].Composed || got[0].Reason != "owed to nobody" {
		t.Fatalf("owed to nobody: %+v", got[0])
	}
	if _, err := w.Ledger.Readers.Restore("ana@example.org", ""); err != nil {
		t.Fatal(err)
	}
	if got := w.Send(false); !got[0].Composed || got[0].Stories != 2 || got[0].Delivery.Sent != 1 {
		t.Errorf("when somebody is there again: %+v", got[0])
	}
}

func TestChangeOfZoneBringsNothingTwice(t *testing.T) {
	w := town.New(t, one)
	w.Show("/herald", "Cranes move again in the harbour")
	w.Show("/gazette", "Court strikes down the river levy")
	w.Collect()
	w.Send(false)
	moved := one + "timezone = \"America/New_York\"\n" // of benoit
	w.Reconfigure(moved)
	w.Now = town.Thursday.Add(5 * time.Hour) // 07:30 in New York, five hours after benoit got the one of Paris
	w.Collect()
	got := w.Send(false)
	if w.Received("benoit@example.org") != 1 {
		t.Fatalf("half a period has not gone by, and benoit has %d mails: %+v", w.Received("benoit@example.org"), got)
	}
	w.Now = town.Thursday.Add(29 * time.Hour)
	w.Show("/herald", "Volcano monitors raise the alert level", "Cranes move again in the harbour")
	w.Collect()
	w.Send(false)
	if w.Received("benoit@example.org") != 2 {
		t.Fatalf("benoit has %d mails a day later, want 2", w.Received("benoit@example.org"))
	}
	if mail := w.Mail("benoit@example.org", 1); strings.Contains(mail, "Cranes move") || !strings.Contains(mail, "Volcano") {
		t.Error("the first edition in the new zone repeats the last of the old one")
	}
}

func TestLookingChangesNothing(t *testing.T) {
	w := town.New(t, one)
	w.Reopen(bolt.At(w.Config.Ledger.Path, bolt.Options{})) // a file can be compared byte by byte
	w.Show("/herald", "Cranes move again in the harbour")
	w.Show("/gazette", "Court strikes down the river levy")
	w.Collect()
	w.Send(false)
	w.Show("/herald", "Volcano monitors raise the alert level")
	w.Collect()
	before, err := os.ReadFile(w.Ledger.Path())
	if err != nil {
		t.Fatal(err)
	}
	d, _ := w.Config.Digest("daily")
	lane := w.Config.Lanes(d)[0]
	slot, err := w.Publisher.Composer.PreviewSlot(d, lane, time.Time{})
	if err != nil {
		t.Fatal(err)
	}
	who, _ := w.Config.Subscribers.Find("ana@example.org")
	v, err := w.Publisher.Composer.Preview(d, who, slot, lane)
	if err != nil || v.Page.Lead == nil || v.Page.Lead.Lead().Title != "Volcano monitors raise the alert level" {
		t.Fatalf("preview: %+v, %v", v.Page.Lead, err)
	}
	if raw, env, err := w.Publisher.Composer.Message(v, digest.Recipient{}); err != nil || env.To != "ana@example.org" || !strings.Contains(string(raw), "Volcano") {
		t.Errorf("message: %v, %v", env, err)
	}
	if _, err := w.Report.Status(report.Known{}); err != nil {
		t.Error(err)
	}
	if _, _, err := w.Report.WhyItem("cranes move"); err != nil {
		t.Error(err)
	}
	if _, err := w.Report.WhyReader("ana@example.org"); err != nil {
		t.Error(err)
	}
	after, _ := os.ReadFile(w.Ledger.Path())
	if string(before) != string(after) {
		t.Error("looking changed the ledger")
	}
}

func TestAPreviewOfADayToComeTellsWhatIsNewNow(t *testing.T) {
	w := town.New(t, one)
	w.Show("/herald", "Cranes move again in the harbour")
	w.Show("/gazette", "Court strikes down the river levy")
	w.Collect()
	d, _ := w.Config.Digest("daily")
	lane := w.Config.Lanes(d)[0] // it never composed: by then it will have, at each slot in between
	slot, err := w.Publisher.Composer.PreviewSlot(d, lane, w.Now.AddDate(0, 0, 9))
	if err != nil {
		t.Fatal(err)
	}
	if v, err := w.Publisher.Composer.Preview(d, subscribers.Subscriber{}, slot, lane); err != nil || len(v.Edition.Stories) != 2 {
		t.Errorf("%d stories, %v", len(v.Edition.Stories), err)
	}
}

// What a preview shows at a slot is what that slot's edition then says.
func TestAPreviewShowsWhatIsPublished(t *testing.T) {
	w := town.New(t, town.Two)
	w.Now = town.Thursday.Add(-30 * time.Minute) // the slot
	w.Show("/herald", "Cranes move again in the harbour", "Horoscope of the week for sailors")
	w.Show("/gazette", "Court strikes down the river levy")
	w.Collect()
	d, _ := w.Config.Digest("daily")
	lane := w.Config.Lanes(d)[0]
	slot, err := config.LatestSlot(d, lane, w.Now)
	if err != nil {
		t.Fatal(err)
	}
	v, err := w.Publisher.Composer.Preview(d, subscribers.Subscriber{}, slot, lane)
	if err != nil {
		t.Fatal(err)
	}
	got := w.Send(false)
	frozen, err := w.Ledger.Editions.Frozen(got[0].Edition)
	if err != nil {
		t.Fatal(err)
	}
	shown, err := json.Marshal(v.Edition)
	if err != nil {
		t.Fatal(err)
	}
	sent, err := json.Marshal(frozen)
	if err != nil {
		t.Fatal(err)
	}
	if len(frozen.Stories) != 2 || string(shown) != string(sent) {
		t.Errorf("the preview was\n%s\nand the edition is\n%s", shown, sent)
	}
}
