package newsroom_test

import (
	"context"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"digestd/digest"
	"digestd/internal/config"
	"digestd/internal/ledger"
	"digestd/internal/newsroom"
	"digestd/internal/newsroom/town"
	"digestd/internal/report"
	"digestd/mailer/smtp"
)

// in is a config whose last reader lives in a zone of their own.
func in(zone string) string { return one + "timezone = \"" + zone + "\"\n" }

func TestReaderWhoMovesAndComesBackGetsNothingTwice(t *testing.T) {
	away := strings.Replace(one, `email = "ana@example.org"`, `email = "carla@example.org"
timezone = "America/New_York"
[[subscribers]]
email = "ana@example.org"`, 1)
	w := town.New(t, away+"timezone = \"America/New_York\"\n") // carla and benoit in New York
	w.Show("/herald", "Cranes move again in the harbour")
	w.Show("/gazette", "Court strikes down the river levy")
	w.At(0, "11:30") // 07:30 in New York
	if w.Received("benoit@example.org") != 1 {
		t.Fatal("benoit did not get the edition of New York")
	}
	w.Reconfigure(away) // benoit is in Paris
	w.Show("/herald", "Volcano monitors raise the alert level")
	w.At(1, "06:30")
	if w.Received("benoit@example.org") != 2 {
		t.Fatal("benoit did not get the edition of Paris")
	}
	w.Reconfigure(away + "timezone = \"America/New_York\"\n")
	w.At(1, "11:30")
	if n := w.Received("benoit@example.org"); n != 2 {
		t.Errorf("back in New York, five hours after the edition of Paris: %d mails, want 2", n)
	}
	w.Show("/herald", "Ferry timetable changes on Sunday")
	w.At(2, "11:30")
	if !w.Tells("benoit@example.org", 2, "Ferry timetable") || w.Tells("benoit@example.org", 2, "Volcano") {
		t.Errorf("a day later benoit is not told the news, and only that: %d mails", w.Received("benoit@example.org"))
	}
}

func TestChangeOfZoneBehindAnExtraBringsNothingTwice(t *testing.T) {
	away := strings.Replace(one, `email = "ana@example.org"`, `email = "carla@example.org"
timezone = "America/New_York"
[[subscribers]]
email = "ana@example.org"`, 1)
	w := town.New(t, away)
	w.At(0, "12:30")
	w.Show("/herald", "Cranes move again in the harbour")
	w.Now = town.OnDay(t, 0, "13:00")
	w.Collect()
	w.Now = town.OnDay(t, 1, "06:30")
	d, _ := w.Config.Digest("daily")
	for i, extra := range []bool{false, true} { // in Paris alone
		w.Now = w.Now.Add(time.Duration(i) * time.Minute)
		w.Collect()
		lane := digest.Lane{Digest: "daily", Zone: "Europe/Paris"}
		slot, err := config.LatestSlot(d, lane, w.Now)
		if err != nil {
			t.Fatal(err)
		}
		if out, err := w.Publisher.Publish(context.Background(), lane, slot, map[bool]newsroom.Which{true: newsroom.Extra}[extra], newsroom.Unwatched{}); err != nil || out.Delivery.Sent != 2 {
			t.Fatalf("%+v, %v", out, err)
		}
		w.Show("/herald", "Volcano monitors raise the alert level")
	}
	w.Reconfigure(away + "timezone = \"America/New_York\"\n")
	w.Now = town.OnDay(t, 2, "11:00")
	w.Show("/herald", "Ferry timetable changes on Sunday")
	w.Now = town.OnDay(t, 2, "11:30")
	w.Collect()
	w.Send(false)
	if !w.Tells("benoit@example.org", 2, "Ferry timetable") || w.Tells("benoit@example.org", 2, "Cranes") || w.Tells("benoit@example.org", 2, "Volcano") {
		t.Error("in New York benoit is not told just what neither edition of Paris told")
	}
	if !w.Tells("carla@example.org", 0, "Cranes") {
		t.Error("carla misses what only benoit had")
	}
}

func TestChangeOfZoneOverAWeekendBringsNothingTwice(t *testing.T) {
	text := strings.Replace(one, `"0 7 * * *"`, `"0 7 * * 1-5"`, 1)
	w := town.New(t, text+"timezone = \"America/New_York\"\n")
	w.Show("/herald", "Cranes move again in the harbour")
	w.Show("/gazette", "Ferry timetable changes on Sunday")
	w.At(0, "11:30")
	w.Now = town.OnDay(t, 1, "06:00")
	w.Show("/herald", "Lakes treaty survives a third vote")
	w.At(1, "06:30") // on Friday, Paris
	w.Now = town.OnDay(t, 1, "10:00")
	w.Show("/herald", "Volcano monitors raise the alert level")
	w.At(1, "11:30") // New York
	if !w.Tells("benoit@example.org", 1, "Volcano") {
		t.Fatal("the edition of New York does not tell the news")
	}
	w.Reconfigure(text)
	w.Now = town.OnDay(t, 4, "06:00")
	w.Show("/gazette", "Court strikes down the river levy")
	w.At(4, "06:30") // on Monday, Paris
	if !w.Tells("benoit@example.org", 2, "Court strikes") || w.Tells("benoit@example.org", 2, "Volcano") {
		t.Error("on Monday benoit is told again in Paris what he had on Friday in New York")
	}
}

func TestDigestPinnedToAZoneRepeatsNothing(t *testing.T) {
	w := town.New(t, one)
	w.Show("/herald", "Cranes move again in the harbour")
	w.Show("/gazette", "Court strikes down the river levy")
	w.At(0, "06:30")
	w.Reconfigure(strings.Replace(one, `schedule = "0 7 * * *"`, "schedule = \"0 7 * * *\"\ntimezone = \"UTC\"", 1))
	w.Now = town.OnDay(t, 0, "06:45")
	w.Show("/gazette", "Ferry timetable changes on Sunday")
	w.At(0, "07:30")
	if n := w.Received("ana@example.org"); n != 1 {
		t.Errorf("an hour after the edition of Paris, that of UTC: ana has %d mails, want 1", n)
	}
	w.Show("/herald", "Volcano monitors raise the alert level")
	w.At(1, "07:05")
	if !w.Tells("ana@example.org", 1, "Volcano") || w.Tells("ana@example.org", 1, "Cranes") {
		t.Error("the first edition of the new zone is not just the news")
	}
	if !w.Tells("ana@example.org", 1, "Ferry timetable") {
		t.Error("what was first seen between the last edition of the old zone and the first slot of the new one is lost")
	}
	got, _, err := w.Report.WhyItem("cranes move")
	if err != nil || !slices.ContainsFunc(got[0].Lanes, func(f report.LaneFate) bool {
		return f.Edition == "daily/Europe/Paris/2026-03-12T07:00" && f.Readers == 2
	}) {
		t.Errorf("why does not tell of the former zone: %+v, %v", got, err)
	}
}

func TestEditionOfAWrongClockKeepsNobodyWaiting(t *testing.T) {
	w := town.New(t, in("America/New_York"))
	w.Now = town.Thursday.AddDate(1, 0, 0).Add(5 * time.Hour) // the clock is wrong
	w.Show("/herald", "Cranes move again in the harbour")
	w.Collect()
	w.Send(false)
	if w.Received("benoit@example.org") != 1 {
		t.Fatal("no edition on the wrong clock")
	}
	w.Now = town.OnDay(t, 1, "06:20") // it is right again, and benoit moves to Paris
	w.Reconfigure(one)
	w.Show("/herald", "Volcano monitors raise the alert level")
	w.At(1, "06:30")
	if !w.Tells("benoit@example.org", 1, "Volcano") {
		t.Error("benoit waits for the year of the wrong clock")
	}
}

func TestUnsentEditionBehindAnExtraGivesItsNewsBack(t *testing.T) {
	w := town.New(t, one)
	w.Show("/herald", "Cranes move again in the harbour")
	w.Show("/gazette", "Court strikes down the river levy")
	w.Down = true
	w.At(0, "06:30")
	w.Down = false
	w.Now = w.Now.Add(time.Hour)
	w.Show("/herald", "Volcano monitors raise the alert level")
	w.Collect()
	if got := w.Send(true); got[0].Delivery.Sent != 2 {
		t.Fatalf("extra: %+v", got[0])
	}
	w.At(1, "06:30")
	if !w.Tells("ana@example.org", 0, "Cranes move") || !w.Tells("ana@example.org", 0, "Court strikes") {
		t.Error("the news of the edition that did not go out is lost")
	}
	if w.Tells("ana@example.org", 1, "Volcano") {
		t.Error("what the extra edition told is told again")
	}
}

func TestUnsentEditionAndUnsentExtraGiveTheirNewsBack(t *testing.T) {
	w := town.New(t, one)
	w.Show("/herald", "Cranes move again in the harbour")
	w.Down = true
	w.At(0, "06:30")
	w.Now = w.Now.Add(time.Hour)
	w.Show("/herald", "Volcano monitors raise the alert level")
	w.Collect()
	w.Send(true)
	w.Down = false
	w.At(1, "06:30")
	if !w.Tells("ana@example.org", 0, "Cranes move") || !w.Tells("ana@example.org", 0, "Volcano") || w.Received("ana@example.org") != 1 {
		t.Errorf("the news of two editions that did not go out is not in the next: %d mails", w.Received("ana@example.org"))
	}
}

const two = town.Two

func TestWhatOneTopicLeavesOutAnotherMayTell(t *testing.T) {
	w := town.New(t, two)
	w.Show("/herald", "Cranes move again in the harbour", "Horoscope of the week for sailors")
	w.Show("/gazette")
	w.At(0, "06:30")
	w.ShowOf("/gazette", "/herald") // the same links, later, in a topic that wants them
	w.At(1, "06:30")
	if !w.Tells("ana@example.org", 1, "Horoscope of the week") {
		t.Error("leisure wants horoscopes and is not told one, since global does not want it")
	}
	if w.Tells("ana@example.org", 1, "Cranes move") {
		t.Error("what was told is told again, in another topic")
	}
}

func TestFeedThatMovesKeepsWhatWaited(t *testing.T) {
	w := town.New(t, one)
	w.Show("/herald", "Cranes move again in the harbour")
	w.Show("/gazette", "Court strikes down the river levy")
	w.Down = true
	w.At(0, "06:30")
	w.Down = false
	without := strings.Replace(one, `"FEEDS/herald", `, "", 1)
	w.Reconfigure(without)
	w.At(1, "06:30")
	if w.Tells("ana@example.org", 0, "Cranes move") || !w.Tells("ana@example.org", 0, "Court strikes") {
		t.Fatal("an edition without the feed that was taken out")
	}
	if got, _, err := w.Report.WhyItem("cranes move"); err != nil || !strings.Contains(got[0].Lanes[0].Reason, "feed removed") {
		t.Errorf("why: %+v, %v", got, err)
	}
	w.Now = town.OnDay(t, 1, "09:00")
	w.Show("/herald", "Cranes move again in the harbour") // with the date of today
	w.ShowOf("/post", "/herald")
	w.Reconfigure(strings.Replace(one, `"FEEDS/herald"`, `"FEEDS/post"`, 1))
	w.At(2, "06:29")
	if !w.Tells("ana@example.org", 1, "Cranes move") {
		t.Error("what no edition told, and a feed of the digest shows, is not told")
	}
}

func TestEditedFeedAddressTellsNothingAgain(t *testing.T) {
	w := town.New(t, one)
	w.Show("/herald", "Cranes move again in the harbour", "Ferry timetable changes on Sunday")
	w.At(0, "06:30")
	w.ShowOf("/herald2", "/herald")
	w.Reconfigure(strings.Replace(one, `"FEEDS/herald"`, `"FEEDS/herald2"`, 1))
	w.Now = town.OnDay(t, 0, "08:00")
	w.Collect()
	if got := w.Send(true); got[0].Composed {
		t.Errorf("an edited feed address made news: %+v", got[0])
	}
}

// weekly is the config two with one edition a week.
var weekly = strings.Replace(two, `"0 7 * * *"`, `"0 7 * * 4"`, 1)

func TestExtraAndPoolTellAPageOnce(t *testing.T) {
	w := town.New(t, weekly)
	w.Show("/herald", "Cranes move again in the harbour")
	w.Show("/gazette", "Court strikes down the river levy") // so that what it shows later is no first reading
	w.Down = true
	w.At(0, "06:30")
	w.Down = false
	w.Now = town.OnDay(t, 7, "06:01")
	if got, err := w.Publisher.Resume(context.Background(), false, newsroom.Unwatched{}); err != nil || !strings.HasPrefix(got[0].Reason, "withdrawn") {
		t.Fatalf("nothing went out for a week: %+v, %v", got, err)
	}
	w.ShowOf("/gazette", "/herald")
	w.Collect()
	if got := w.Send(true); got[0].Delivery.Sent != 2 {
		t.Fatalf("extra: %+v", got)
	}
	w.At(14, "06:30")
	told := 0
	for n := range w.Received("ana@example.org") {
		if strings.Contains(w.Mail("ana@example.org", n), "Cranes move") {
			told++
		}
	}
	if told != 1 {
		t.Errorf("one page is told in %d editions", told)
	}
}

func TestTestCopyIsOfToday(t *testing.T) {
	w := town.New(t, one)
	w.Show("/herald", "Cranes move again in the harbour")
	w.Now = town.Thursday.Add(3 * time.Hour)
	w.Collect()
	d, _ := w.Config.Digest("daily")
	lane := w.Config.Lanes(d)[0]
	slot, err := w.Publisher.Composer.PreviewSlot(d, lane, time.Time{})
	if err != nil {
		t.Fatal(err)
	}
	who, _ := w.Config.Subscribers.Find("ana@example.org")
	v, err := w.Publisher.Composer.Preview(d, who, slot, lane)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := w.Publisher.Composer.SendCopies(context.Background(), w, v, []string{"dora@example.org"}, ""); err != nil {
		t.Fatal(err)
	}
	w.Now = w.Now.Add(time.Second)
	if _, err := w.Publisher.Composer.SendCopies(context.Background(), w, v, []string{"dora@example.org"}, "[Test] "); err != nil {
		t.Fatal(err)
	}
	one, two := w.Mail("dora@example.org", 0), w.Mail("dora@example.org", 1)
	if !strings.Contains(one, "Date: Thu, 12 Mar 2026") {
		t.Errorf("the test copy bears another day's date:\n%s", one[:600])
	}
	if !strings.Contains(two, "Subject: [Test] Cranes move") {
		t.Errorf("the test copy does not say that it is one:\n%s", two[:600])
	}
	id := regexp.MustCompile(`(?m)^Message-ID: .*$`)
	if id.FindString(one) == id.FindString(two) {
		t.Errorf("both copies have the %s", id.FindString(one))
	}
}

func TestExtraDoesNotUseTheSlot(t *testing.T) {
	w := town.New(t, one)
	w.Show("/herald", "Cranes move again in the harbour")
	w.At(0, "06:30")
	w.Now = town.OnDay(t, 1, "06:30")
	w.Collect()
	if got := w.Send(true); got[0].Composed {
		t.Fatalf("extra: %+v", got[0])
	}
	st, err := w.Ledger.Lanes.Get(w.Config.Lanes(w.Config.Digests[0])[0])
	if err != nil || st.Wall != "2026-03-12T07:00" {
		t.Errorf("the last slot used is %s, %v: an extra edition uses none", st.Wall, err)
	}
}

func TestEmptyEditionsAreSentWhereWanted(t *testing.T) {
	w := town.New(t, strings.Replace(one, `schedule =`, "send_empty = true\nschedule =", 1))
	w.Show("/herald", "Cranes move again in the harbour")
	w.At(0, "06:30")
	if got := w.At(1, "06:30"); got[0].Delivery.Sent != 2 || got[0].Stories != 0 {
		t.Fatalf("an edition of nothing: %+v", got[0])
	}
	w.Show("/herald", "Volcano monitors raise the alert level")
	if got := w.At(2, "06:30"); got[0].Delivery.Sent != 2 || got[0].Stories != 1 {
		t.Fatalf("the next: %+v", got[0])
	}
}

func TestSuppressedWhileItIsOnItsWay(t *testing.T) {
	w := town.New(t, one)
	w.Fail = func(string) *smtp.Reply {
		return &smtp.Reply{Stage: smtp.Rcpt, Code: 451, Status: "4.3.0", Words: "4.3.0 later"}
	}
	w.Show("/herald", "Cranes move again in the harbour")
	w.At(0, "06:30")
	w.Fail = nil
	if err := w.Ledger.Readers.Suppress(digest.Suppression{Email: "ana@example.org", Digest: "daily", Source: "one-click", At: w.Now}); err != nil {
		t.Fatal(err)
	}
	w.Now = w.Now.Add(time.Hour)
	if got := w.Send(false); got[0].Delivery.Sent != 1 || got[0].Delivery.Suppressed != 1 || w.Received("ana@example.org") != 0 {
		t.Errorf("ana unsubscribed before her mail went: %+v", got[0])
	}
}

func TestDeferredOnAWrongClockGoesWhenItIsRight(t *testing.T) {
	w := town.New(t, one)
	w.Fail = func(to string) *smtp.Reply {
		if strings.HasPrefix(to, "ana") {
			return &smtp.Reply{Stage: smtp.Rcpt, Code: 451, Status: "4.3.0", Words: "4.3.0 later"}
		}
		return nil
	}
	w.Now = town.Thursday.AddDate(1, 0, 0)
	w.Show("/herald", "Cranes move again in the harbour")
	w.Collect()
	w.Send(false)
	w.Fail = nil
	w.Now = town.Thursday.Add(time.Hour)
	owed, err := w.Publisher.Owed()
	if err != nil || len(owed) != 1 || owed[0].Due.After(w.Now) {
		t.Errorf("what is owed: %+v, %v", owed, err)
	}
	if _, err := w.Publisher.Resume(context.Background(), false, newsroom.Unwatched{}); err != nil || w.Received("ana@example.org") != 1 {
		t.Errorf("ana has %d mails, %v", w.Received("ana@example.org"), err)
	}
}

func TestCoverageOfALaneThatHadNothingYet(t *testing.T) {
	w := town.New(t, one)
	w.Show("/herald")
	w.Show("/gazette", "Court strikes down the river levy")
	w.Down = true
	w.At(0, "06:30")
	w.Down = false
	w.Hide("/herald") // it fails from now on
	for day := 1; day < 4; day++ {
		w.Now = town.OnDay(t, day, "03:00")
		w.Collect()
	}
	w.At(4, "06:30")
	editions, _ := w.Ledger.Editions.Select(func(e ledger.EditionState) bool { return !e.Withdrawn })
	frozen, err := w.Ledger.Editions.Frozen(editions[0].ID)
	if err != nil || frozen.Since.IsZero() || slices.ContainsFunc(frozen.Feeds, func(f digest.FeedReport) bool { return f.OK && f.LastSuccess.Before(town.OnDay(t, 1, "00:00")) }) {
		t.Errorf("since %v, feeds %+v, %v", frozen.Since, frozen.Feeds, err)
	}
}

func TestWithdrawnEditionGoesOutToNobody(t *testing.T) {
	w := town.New(t, one)
	w.Fail = func(string) *smtp.Reply {
		return &smtp.Reply{Stage: smtp.Rcpt, Code: 451, Status: "4.3.0", Words: "4.3.0 later"}
	}
	w.Show("/herald", "Cranes move again in the harbour")
	got := w.At(0, "06:30")
	id := got[0].Edition
	if err := w.Ledger.Editions.Withdraw(id); err != nil {
		t.Fatal(err)
	}
	// A worker who was under way would go on with this.
	next := digest.Event{Index: 0, State: digest.Intent, At: w.Now, Attempt: 2, First: w.Now}
	if state, err := w.Ledger.Deliveries.Step(id, nil, &next, "ana@example.org")(); err == nil && state != digest.Pending {
		t.Errorf("a withdrawn edition goes out: %s", state)
	}
}
