package daemon

import (
	"context"
	"slices"
	"strings"
	"testing"
	"time"

	"digestd/digest"
	"digestd/internal/config"
	"digestd/internal/ledger"
	"digestd/mailer/smtp"
)

// in is a config whose last reader lives in a zone of his own.
func in(zone string) string { return one + "timezone = \"" + zone + "\"\n" }

// tells reports whether any of a reader's mails from the n-th on has some words.
func (w *town) tells(email string, from int, words string) bool {
	w.t.Helper()
	for n := from; n < w.received(email); n++ {
		if strings.Contains(w.mail(email, n), words) {
			return true
		}
	}
	return false
}

// at moves the clock to a time on some day behind thursday, and sends.
func (w *town) at(day int, clock string) []Published {
	w.t.Helper()
	w.now = onDay(w.t, day, clock)
	w.collect()
	return w.send(false)
}

func onDay(t *testing.T, day int, clock string) time.Time {
	t.Helper()
	h, err := time.Parse("15:04", clock)
	if err != nil {
		t.Fatal(err)
	}
	return time.Date(2026, 3, 12+day, h.Hour(), h.Minute(), 0, 0, time.UTC)
}

func TestReaderWhoMovesAndComesBackGetsNothingTwice(t *testing.T) {
	away := strings.Replace(one, `email = "ana@example.org"`, `email = "carla@example.org"
timezone = "America/New_York"
[[subscribers]]
email = "ana@example.org"`, 1)
	w := newTown(t, away+"timezone = \"America/New_York\"\n") // carla and benoit in New York
	w.show("/herald", "Cranes move again in the harbour")
	w.show("/gazette", "Court strikes down the river levy")
	w.at(0, "11:30") // 07:30 in New York
	if w.received("benoit@example.org") != 1 {
		t.Fatal("benoit did not get the edition of New York")
	}
	w.reconfigure(away) // benoit is in Paris
	w.show("/herald", "Volcano monitors raise the alert level")
	w.at(1, "06:30")
	if w.received("benoit@example.org") != 2 {
		t.Fatal("benoit did not get the edition of Paris")
	}
	w.reconfigure(away + "timezone = \"America/New_York\"\n")
	w.at(1, "11:30")
	if n := w.received("benoit@example.org"); n != 2 {
		t.Errorf("back in New York, five hours after the edition of Paris: %d mails, want 2", n)
	}
	w.show("/herald", "Ferry timetable changes on Sunday")
	w.at(2, "11:30")
	if !w.tells("benoit@example.org", 2, "Ferry timetable") || w.tells("benoit@example.org", 2, "Volcano") {
		t.Errorf("a day later benoit is not told the news, and only that: %d mails", w.received("benoit@example.org"))
	}
}

func TestChangeOfZoneBehindAnExtraBringsNothingTwice(t *testing.T) {
	away := strings.Replace(one, `email = "ana@example.org"`, `email = "carla@example.org"
timezone = "America/New_York"
[[subscribers]]
email = "ana@example.org"`, 1)
	w := newTown(t, away)
	w.at(0, "12:30")
	w.show("/herald", "Cranes move again in the harbour")
	w.now = onDay(t, 0, "13:00")
	w.collect()
	w.now = onDay(t, 1, "06:30")
	d, _ := w.line.Config.Digest("daily")
	for i, extra := range []bool{false, true} { // in Paris alone
		w.now = w.now.Add(time.Duration(i) * time.Minute)
		w.collect()
		lane := digest.Lane{Digest: "daily", Zone: "Europe/Paris"}
		slot, err := config.LatestSlot(d, lane, w.now)
		if err != nil {
			t.Fatal(err)
		}
		if out, err := w.line.publish(context.Background(), lane, slot, extra); err != nil || out.Delivery.Sent != 2 {
			t.Fatalf("%+v, %v", out, err)
		}
		w.show("/herald", "Volcano monitors raise the alert level")
	}
	w.reconfigure(away + "timezone = \"America/New_York\"\n")
	w.now = onDay(t, 2, "11:00")
	w.show("/herald", "Ferry timetable changes on Sunday")
	w.now = onDay(t, 2, "11:30")
	w.collect()
	w.send(false)
	if !w.tells("benoit@example.org", 2, "Ferry timetable") || w.tells("benoit@example.org", 2, "Cranes") || w.tells("benoit@example.org", 2, "Volcano") {
		t.Error("in New York benoit is not told just what neither edition of Paris told")
	}
	if !w.tells("carla@example.org", 0, "Cranes") {
		t.Error("carla misses what only benoit had")
	}
}

func TestChangeOfZoneOverAWeekendBringsNothingTwice(t *testing.T) {
	text := strings.Replace(one, `"0 7 * * *"`, `"0 7 * * 1-5"`, 1)
	w := newTown(t, text+"timezone = \"America/New_York\"\n")
	w.show("/herald", "Cranes move again in the harbour")
	w.show("/gazette", "Ferry timetable changes on Sunday")
	w.at(0, "11:30")
	w.now = onDay(t, 1, "06:00")
	w.show("/herald", "Lakes treaty survives a third vote")
	w.at(1, "06:30") // on Friday, Paris
	w.now = onDay(t, 1, "10:00")
	w.show("/herald", "Volcano monitors raise the alert level")
	w.at(1, "11:30") // New York
	if !w.tells("benoit@example.org", 1, "Volcano") {
		t.Fatal("the edition of New York does not tell the news")
	}
	w.reconfigure(text)
	w.now = onDay(t, 4, "06:00")
	w.show("/gazette", "Court strikes down the river levy")
	w.at(4, "06:30") // on Monday, Paris
	if !w.tells("benoit@example.org", 2, "Court strikes") || w.tells("benoit@example.org", 2, "Volcano") {
		t.Error("on Monday benoit is told again in Paris what he had on Friday in New York")
	}
}

func TestDigestPinnedToAZoneRepeatsNothing(t *testing.T) {
	w := newTown(t, one)
	w.show("/herald", "Cranes move again in the harbour")
	w.show("/gazette", "Court strikes down the river levy")
	w.at(0, "06:30")
	w.reconfigure(strings.Replace(one, `schedule = "0 7 * * *"`, "schedule = \"0 7 * * *\"\ntimezone = \"UTC\"", 1))
	w.now = onDay(t, 0, "06:45")
	w.show("/gazette", "Ferry timetable changes on Sunday")
	w.at(0, "07:30")
	if n := w.received("ana@example.org"); n != 1 {
		t.Errorf("an hour after the edition of Paris, that of UTC: ana has %d mails, want 1", n)
	}
	w.show("/herald", "Volcano monitors raise the alert level")
	w.at(1, "07:05")
	if !w.tells("ana@example.org", 1, "Volcano") || w.tells("ana@example.org", 1, "Cranes") {
		t.Error("the first edition of the new zone is not just the news")
	}
	if !w.tells("ana@example.org", 1, "Ferry timetable") {
		t.Error("what was first seen between the last edition of the old zone and the first slot of the new one is lost")
	}
	got, err := w.line.WhyItem("cranes move")
	if err != nil || !slices.ContainsFunc(got[0].Lanes, func(f LaneFate) bool { return f.Edition == "daily/Europe/Paris/2026-03-12T07:00" && f.Readers == 2 }) {
		t.Errorf("why does not tell of the former zone: %+v, %v", got, err)
	}
}

func TestEditionOfAWrongClockKeepsNobodyWaiting(t *testing.T) {
	w := newTown(t, in("America/New_York"))
	w.now = thursday.AddDate(1, 0, 0).Add(5 * time.Hour) // the clock is wrong
	w.show("/herald", "Cranes move again in the harbour")
	w.collect()
	w.send(false)
	if w.received("benoit@example.org") != 1 {
		t.Fatal("no edition on the wrong clock")
	}
	w.now = onDay(t, 1, "06:20") // it is right again, and benoit moves to Paris
	w.reconfigure(one)
	w.show("/herald", "Volcano monitors raise the alert level")
	w.at(1, "06:30")
	if !w.tells("benoit@example.org", 1, "Volcano") {
		t.Error("benoit waits for the year of the wrong clock")
	}
}

func TestUnsentEditionBehindAnExtraGivesItsNewsBack(t *testing.T) {
	w := newTown(t, one)
	w.show("/herald", "Cranes move again in the harbour")
	w.show("/gazette", "Court strikes down the river levy")
	w.down = true
	w.at(0, "06:30")
	w.down = false
	w.now = w.now.Add(time.Hour)
	w.show("/herald", "Volcano monitors raise the alert level")
	w.collect()
	if got := w.send(true); got[0].Delivery.Sent != 2 {
		t.Fatalf("extra: %+v", got[0])
	}
	w.at(1, "06:30")
	if !w.tells("ana@example.org", 0, "Cranes move") || !w.tells("ana@example.org", 0, "Court strikes") {
		t.Error("the news of the edition that did not go out is lost")
	}
	if w.tells("ana@example.org", 1, "Volcano") {
		t.Error("what the extra edition told is told again")
	}
}

func TestUnsentEditionAndUnsentExtraGiveTheirNewsBack(t *testing.T) {
	w := newTown(t, one)
	w.show("/herald", "Cranes move again in the harbour")
	w.down = true
	w.at(0, "06:30")
	w.now = w.now.Add(time.Hour)
	w.show("/herald", "Volcano monitors raise the alert level")
	w.collect()
	w.send(true)
	w.down = false
	w.at(1, "06:30")
	if !w.tells("ana@example.org", 0, "Cranes move") || !w.tells("ana@example.org", 0, "Volcano") || w.received("ana@example.org") != 1 {
		t.Errorf("the news of two editions that did not go out is not in the next: %d mails", w.received("ana@example.org"))
	}
}

// two is a config with two topics of a feed each, one of which wants no horoscopes.
const two = `
[newsletter]
name = "Morning Wire"
timezone = "Europe/Paris"
postal_address = "1 Rue Exemple, Paris"
[mail]
from = "Morning Wire <digest@example.org>"
[collect]
allow_private_networks = ["127.0.0.0/8"]
[topics.global]
title = "Global"
feeds = ["FEEDS/herald"]
exclude = ["(?i)horoscope"]
[topics.leisure]
title = "Leisure"
feeds = ["FEEDS/gazette"]
[digests.daily]
title = "Morning Wire"
subject = "{{.Lead.Title}}"
schedule = "0 7 * * *"
topics = ["global", "leisure"]
[[subscribers]]
email = "ana@example.org"
[[subscribers]]
email = "benoit@example.org"
topics = ["leisure"]
`

// showOf makes a feed show what another one shows.
func (w *town) showOf(path, other string) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.feeds[path] = w.feeds[other]
}

func TestWhatOneTopicLeavesOutAnotherMayTell(t *testing.T) {
	w := newTown(t, two)
	w.show("/herald", "Cranes move again in the harbour", "Horoscope of the week for sailors")
	w.show("/gazette")
	w.at(0, "06:30")
	w.showOf("/gazette", "/herald") // the same links, later, in a topic that wants them
	w.at(1, "06:30")
	if !w.tells("ana@example.org", 1, "Horoscope of the week") {
		t.Error("leisure wants horoscopes and is not told one, since global does not want it")
	}
	if w.tells("ana@example.org", 1, "Cranes move") {
		t.Error("what was told is told again, in another topic")
	}
}

func TestFeedThatMovesKeepsWhatWaited(t *testing.T) {
	w := newTown(t, one)
	w.show("/herald", "Cranes move again in the harbour")
	w.show("/gazette", "Court strikes down the river levy")
	w.down = true
	w.at(0, "06:30")
	w.down = false
	without := strings.Replace(one, `"FEEDS/herald", `, "", 1)
	w.reconfigure(without)
	w.at(1, "06:30")
	if w.tells("ana@example.org", 0, "Cranes move") || !w.tells("ana@example.org", 0, "Court strikes") {
		t.Fatal("an edition without the feed that was taken out")
	}
	if got, err := w.line.WhyItem("cranes move"); err != nil || !strings.Contains(got[0].Lanes[0].Reason, "feed removed") {
		t.Errorf("why: %+v, %v", got, err)
	}
	w.now = onDay(t, 1, "09:00")
	w.show("/herald", "Cranes move again in the harbour") // with the date of today
	w.showOf("/post", "/herald")
	w.reconfigure(strings.Replace(one, `"FEEDS/herald"`, `"FEEDS/post"`, 1))
	w.at(2, "06:29")
	if !w.tells("ana@example.org", 1, "Cranes move") {
		t.Error("what no edition told, and a feed of the digest shows, is not told")
	}
}

func TestEditedFeedAddressTellsNothingAgain(t *testing.T) {
	w := newTown(t, one)
	w.show("/herald", "Cranes move again in the harbour", "Ferry timetable changes on Sunday")
	w.at(0, "06:30")
	w.showOf("/herald2", "/herald")
	w.reconfigure(strings.Replace(one, `"FEEDS/herald"`, `"FEEDS/herald2"`, 1))
	w.now = onDay(t, 0, "08:00")
	w.collect()
	if got := w.send(true); got[0].Composed {
		t.Errorf("an edited feed address made news: %+v", got[0])
	}
}

// weekly is the config two with one edition a week.
var weekly = strings.Replace(two, `"0 7 * * *"`, `"0 7 * * 4"`, 1)

func TestExtraAndPoolTellAPageOnce(t *testing.T) {
	w := newTown(t, weekly)
	w.show("/herald", "Cranes move again in the harbour")
	w.show("/gazette")
	w.down = true
	w.at(0, "06:30")
	w.down = false
	w.now = onDay(t, 7, "06:01")
	if got, err := w.line.Resume(context.Background()); err != nil || !strings.HasPrefix(got[0].Reason, "withdrawn") {
		t.Fatalf("nothing went out for a week: %+v, %v", got, err)
	}
	w.showOf("/gazette", "/herald")
	w.collect()
	if got := w.send(true); got[0].Delivery.Sent != 2 {
		t.Fatalf("extra: %+v", got)
	}
	w.at(14, "06:30")
	told := 0
	for n := range w.received("ana@example.org") {
		if strings.Contains(w.mail("ana@example.org", n), "Cranes move") {
			told++
		}
	}
	if told != 1 {
		t.Errorf("one page is told in %d editions", told)
	}
}

func TestTestCopyIsOfToday(t *testing.T) {
	w := newTown(t, one)
	w.line.Transport = w
	w.show("/herald", "Cranes move again in the harbour")
	w.now = thursday.Add(3 * time.Hour)
	w.collect()
	d, _ := w.line.Config.Digest("daily")
	lane := w.line.Config.Lanes(d)[0]
	slot, err := w.line.PreviewSlot(d, lane, time.Time{})
	if err != nil {
		t.Fatal(err)
	}
	who, _ := w.line.Config.Subscribers.Find("ana@example.org")
	v, err := w.line.Preview(d, who, slot, lane)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := w.line.SendCopies(context.Background(), v, []string{"dora@example.org"}); err != nil {
		t.Fatal(err)
	}
	if mail := w.mail("dora@example.org", 0); !strings.Contains(mail, "Date: Thu, 12 Mar 2026") {
		t.Errorf("the test copy bears another day's date:\n%s", mail[:600])
	}
}

func TestWhyOfAnItemWhoseEditionWasPruned(t *testing.T) {
	w := newTown(t, one)
	w.show("/herald", "Cranes move again in the harbour")
	w.show("/gazette", "Court strikes down the river levy")
	w.at(0, "06:30")
	for day := 1; day < 405; day++ { // the feed shows the entry for more than a year
		w.now = w.now.AddDate(0, 0, 1)
		w.collect()
	}
	pruned, err := w.line.Ledger.Prune(w.line.Config.Ledger.Keep)
	if err != nil || pruned.Editions != 1 || pruned.Items != 0 {
		t.Fatalf("pruned %+v, %v", pruned, err)
	}
	got, err := w.line.WhyItem("cranes move")
	if err != nil || len(got) != 1 || got[0].Lanes[0].Edition != "daily/Europe/Paris/2026-03-12T07:00" || got[0].Lanes[0].Reason == "" {
		t.Errorf("why: %+v, %v", got, err)
	}
}

func TestWhyCountsTheReadersOfTheStory(t *testing.T) {
	w := newTown(t, two)
	w.show("/herald", "Cranes move again in the harbour")
	w.show("/gazette", "Court strikes down the river levy")
	w.at(0, "06:30")
	for query, want := range map[string]int{"cranes move": 1, "court strikes": 2} {
		got, err := w.line.WhyItem(query)
		if err != nil || len(got) != 1 || got[0].Lanes[0].Readers != want {
			t.Errorf("why %s: %+v, %v; want %d readers", query, got, err, want)
		}
	}
}

func TestExtraDoesNotUseTheSlot(t *testing.T) {
	w := newTown(t, one)
	w.show("/herald", "Cranes move again in the harbour")
	w.at(0, "06:30")
	w.now = onDay(t, 1, "06:30")
	w.collect()
	if got := w.send(true); got[0].Composed {
		t.Fatalf("extra: %+v", got[0])
	}
	st, err := w.line.Ledger.Lane(w.line.Config.Lanes(w.line.Config.Digests[0])[0])
	if err != nil || st.Wall != "2026-03-12T07:00" {
		t.Errorf("the last slot used is %s, %v: an extra edition uses none", st.Wall, err)
	}
}

func TestEmptyEditionsAreSentWhereWanted(t *testing.T) {
	w := newTown(t, strings.Replace(one, `schedule =`, "send_empty = true\nschedule =", 1))
	w.show("/herald", "Cranes move again in the harbour")
	w.at(0, "06:30")
	if got := w.at(1, "06:30"); got[0].Delivery.Sent != 2 || got[0].Stories != 0 {
		t.Fatalf("an edition of nothing: %+v", got[0])
	}
	w.show("/herald", "Volcano monitors raise the alert level")
	if got := w.at(2, "06:30"); got[0].Delivery.Sent != 2 || got[0].Stories != 1 {
		t.Fatalf("the next: %+v", got[0])
	}
}

func TestSuppressedWhileItIsOnItsWay(t *testing.T) {
	w := newTown(t, one)
	w.fail = func(string) *smtp.Reply {
		return &smtp.Reply{Stage: smtp.Rcpt, Code: 451, Status: "4.3.0", Words: "4.3.0 later"}
	}
	w.show("/herald", "Cranes move again in the harbour")
	w.at(0, "06:30")
	w.fail = nil
	if err := w.line.Ledger.Suppress(digest.Suppression{Email: "ana@example.org", Digest: "daily", Source: "one-click", At: w.now}); err != nil {
		t.Fatal(err)
	}
	w.now = w.now.Add(time.Hour)
	if got := w.send(false); got[0].Delivery.Sent != 1 || got[0].Delivery.Suppressed != 1 || w.received("ana@example.org") != 0 {
		t.Errorf("ana unsubscribed before her mail went: %+v", got[0])
	}
}

func TestDeferredOnAWrongClockGoesWhenItIsRight(t *testing.T) {
	w := newTown(t, one)
	w.fail = func(to string) *smtp.Reply {
		if strings.HasPrefix(to, "ana") {
			return &smtp.Reply{Stage: smtp.Rcpt, Code: 451, Status: "4.3.0", Words: "4.3.0 later"}
		}
		return nil
	}
	w.now = thursday.AddDate(1, 0, 0)
	w.show("/herald", "Cranes move again in the harbour")
	w.collect()
	w.send(false)
	w.fail = nil
	w.now = thursday.Add(time.Hour)
	owed, err := w.line.owedEditions()
	if err != nil || len(owed) != 1 || owed[0].due.After(w.now) {
		t.Errorf("what is owed: %+v, %v", owed, err)
	}
	if _, err := w.line.Resume(context.Background()); err != nil || w.received("ana@example.org") != 1 {
		t.Errorf("ana has %d mails, %v", w.received("ana@example.org"), err)
	}
}

func TestCoverageOfALaneThatHadNothingYet(t *testing.T) {
	w := newTown(t, one)
	w.show("/herald")
	w.show("/gazette", "Court strikes down the river levy")
	w.down = true
	w.at(0, "06:30")
	w.down = false
	w.mu.Lock()
	delete(w.feeds, "/herald") // it fails from now on
	w.mu.Unlock()
	for day := 1; day < 4; day++ {
		w.now = onDay(t, day, "03:00")
		w.collect()
	}
	w.at(4, "06:30")
	editions, _ := w.line.Ledger.Editions(func(e ledger.EditionState) bool { return !e.Withdrawn })
	frozen, err := w.line.Ledger.Frozen(editions[0].ID)
	if err != nil || frozen.Since.IsZero() || slices.ContainsFunc(frozen.Feeds, func(f digest.FeedReport) bool { return f.OK && f.LastSuccess.Before(onDay(t, 1, "00:00")) }) {
		t.Errorf("since %v, feeds %+v, %v", frozen.Since, frozen.Feeds, err)
	}
}

func TestWithdrawnEditionGoesOutToNobody(t *testing.T) {
	w := newTown(t, one)
	w.fail = func(string) *smtp.Reply {
		return &smtp.Reply{Stage: smtp.Rcpt, Code: 451, Status: "4.3.0", Words: "4.3.0 later"}
	}
	w.show("/herald", "Cranes move again in the harbour")
	got := w.at(0, "06:30")
	id := got[0].Edition
	if err := w.line.Ledger.Withdraw(id); err != nil {
		t.Fatal(err)
	}
	// A worker who was under way would go on with this.
	next := digest.Event{Index: 0, State: digest.Intent, At: w.now, Attempt: 2, First: w.now}
	if state, err := w.line.Ledger.Step(context.Background(), id, nil, &next, "ana@example.org"); err == nil {
		t.Errorf("a withdrawn edition goes out: %s", state)
	}
}
