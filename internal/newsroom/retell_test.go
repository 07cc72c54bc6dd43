package newsroom_test

import (
	"context"
	"errors"
	"strings"
	"testing"

	"digestd/digest"
	"digestd/internal/ledger/store"
	"digestd/internal/newsroom"
	"digestd/internal/newsroom/town"
)

const ofDaily = one + `
[digests.week]
title = "The week"
of = "daily"
schedule = "0 18 * * 0"
`

// sendWeek publishes the latest slot of the digest week.
func sendWeek(w *town.Town, day int, clock string) []newsroom.Published {
	w.T.Helper()
	w.Now = town.OnDay(w.T, day, clock)
	d, err := w.Config.Digest("week")
	if err != nil {
		w.T.Fatal(err)
	}
	out, err := w.Publisher.Send(context.Background(), d, false, newsroom.Unwatched{})
	if err != nil {
		w.T.Fatal(err)
	}
	return out
}

// sunday is after the slot of 18:00 in Paris, on the first Sunday of a town; a week later it is nextSunday.
const sunday, nextSunday = 3, 10

// aWeek lets the daily editions of Friday to Sunday tell of a fire that went on, and of other things.
func aWeek(w *town.Town) {
	w.Show("/herald", "Ferry fire off Sandholm kills two", "Nordic central bank raises key rate to five percent")
	w.Show("/gazette", "Mayor of Orlenne opens a bridge for cyclists")
	w.At(1, "06:00")
	w.Now = town.OnDay(w.T, 1, "18:00")
	w.Show("/herald", "Ferry fire off Sandholm kills nine", "Lakes treaty survives a third vote in Aldmere")
	w.At(2, "06:00")
	w.Now = town.OnDay(w.T, 2, "18:00")
	w.Show("/gazette", "Museum returns eleven bronzes to Orlenne")
	w.At(3, "06:00")
}

// fateIn is what became of an item in the lane of the digest week.
func fateIn(w *town.Town, words string) (reason, edition string, retells []digest.Told) {
	w.T.Helper()
	fates, _, err := w.Report.WhyItem(words)
	if err != nil || len(fates) != 1 {
		w.T.Fatal(fates, err)
	}
	for _, f := range fates[0].Lanes {
		if strings.HasPrefix(f.Lane, "week/") {
			return f.Reason, f.Edition, f.Retells
		}
	}
	w.T.Fatal("why does not know the lane")
	return "", "", nil
}

// A digest of a digest tells what its editions told, each story once, and the one that ran longest first.
func TestADigestOfADigest(t *testing.T) {
	w := town.New(t, ofDaily)
	if out := sendWeek(w, 0, "17:30"); out[0].Edition != "" || out[0].Reason != `no edition of digest "daily" told anything since` {
		t.Errorf("before there is any edition: %+v", out)
	}
	aWeek(w)
	n := w.Received("ana@example.org")
	w.Now = town.OnDay(t, 3, "16:00")
	w.Show("/gazette", "Storm warning lifted along the northern coast") // no daily edition has told it
	w.Collect()
	sendWeek(w, sunday, "17:30")
	if got := w.Received("ana@example.org"); got != n+1 {
		t.Fatalf("%d mails, want one", got-n)
	}
	mail := w.Mail("ana@example.org", n)
	for _, want := range []string{"Subject: Ferry fire off Sandholm kills nine", "Since 13 March: Ferry fire off Sandholm kills two",
		"Nordic central bank", "Lakes treaty", "eleven bronzes"} {
		if !strings.Contains(mail, want) {
			t.Errorf("the mail does not have %q", want)
		}
	}
	for _, not := range []string{"Storm warning", "DEVELOPMENTS"} {
		if strings.Contains(mail, not) {
			t.Errorf("the mail has %q", not)
		}
	}
	if _, edition, retells := fateIn(w, "Sandholm kills nine"); edition != "week/Europe/Paris/2026-03-15T18:00" || len(retells) != 2 ||
		retells[0].Edition != "daily/Europe/Paris/2026-03-13T07:00" {
		t.Errorf("why says %s, %v", edition, retells)
	}
	if reason, _, _ := fateIn(w, "Storm warning"); reason != "no edition of digest daily told it" {
		t.Errorf("why says %q", reason)
	}

	// The next one tells what came since, nothing of before, and that it follows what this one told.
	w.At(4, "06:00")
	w.Now = town.OnDay(t, 4, "18:00")
	w.Show("/herald", "Ferry fire off Sandholm kills fourteen")
	w.At(5, "06:00")
	n = w.Received("ana@example.org")
	sendWeek(w, nextSunday, "17:30")
	mail = w.Mail("ana@example.org", n)
	for _, not := range []string{"Nordic", "bronzes", "kills two"} {
		if strings.Contains(mail, not) {
			t.Errorf("the second mail has %q again", not)
		}
	}
	for _, want := range []string{"Storm warning", "Ferry fire off Sandholm kills fourteen"} {
		if !strings.Contains(mail, want) {
			t.Errorf("the second mail does not have %q", want)
		}
	}
}

// What a withdrawn edition told is not told; what it gave back is, by the edition that tells it then.
func TestADigestOfADigestWithoutWhatWasWithdrawn(t *testing.T) {
	w := town.New(t, ofDaily)
	w.Show("/herald", "Nordic central bank raises key rate to five percent")
	w.At(1, "06:00")
	w.Down = true
	w.Now = town.OnDay(t, 1, "18:00")
	w.Show("/gazette", "Museum returns eleven bronzes to Orlenne")
	w.At(2, "06:00")
	if err := w.Ledger.Editions.Withdraw("daily/Europe/Paris/2026-03-14T07:00"); err != nil {
		t.Fatal(err)
	}
	w.Down = false
	n := w.Received("ana@example.org")
	sendWeek(w, sunday, "17:30")
	if mail := w.Mail("ana@example.org", n); !strings.Contains(mail, "Nordic") || strings.Contains(mail, "bronzes") {
		t.Error("the mail has what was withdrawn, or not the rest")
	}
	w.At(4, "06:00")
	n = w.Received("ana@example.org")
	sendWeek(w, nextSunday, "17:30")
	if mail := w.Mail("ana@example.org", n); !strings.Contains(mail, "bronzes") || strings.Contains(mail, "Nordic") {
		t.Error("the next one has not what was told later, or what was told before")
	}
}

// An edition of the digest of a digest that is withdrawn gives back what it told: the next one tells it, and nothing of
// it twice.
func TestADigestOfADigestIsWithdrawn(t *testing.T) {
	w := town.New(t, ofDaily)
	aWeek(w)
	w.Down = true
	sendWeek(w, sunday, "17:30")
	w.Down = false
	w.At(4, "06:00")
	w.Now = town.OnDay(t, 4, "18:00")
	w.Show("/herald", "Grain fleet clears the Seld strait")
	w.At(5, "06:00")
	n := w.Received("ana@example.org")
	sendWeek(w, nextSunday, "17:30")
	if got := w.Received("ana@example.org"); got != n+1 {
		t.Fatalf("%d mails, want one", got-n)
	}
	mail := w.Mail("ana@example.org", n)
	for _, want := range []string{"kills nine", "Nordic", "Lakes treaty", "bronzes", "Grain fleet"} {
		if !strings.Contains(mail, want) {
			t.Errorf("the mail does not have %q", want)
		}
	}
}

// Each zone sums up its own editions, or those of all zones where it has none.
func TestADigestOfADigestInZones(t *testing.T) {
	w := town.New(t, ofDaily+"timezone = \"UTC\"\n"+`
[[subscribers]]
email = "carla@example.org"
timezone = "America/New_York"
`)
	w.Show("/herald", "Nordic central bank raises key rate to five percent")
	w.At(1, "06:00") // Paris
	w.Now = town.OnDay(t, 1, "08:00")
	w.Show("/gazette", "Museum returns eleven bronzes to Orlenne")
	w.At(1, "12:00") // New York
	n := w.Received("ana@example.org")
	sendWeek(w, sunday, "18:30")
	mail := w.Mail("ana@example.org", n)
	for _, want := range []string{"Nordic", "bronzes"} {
		if !strings.Contains(mail, want) {
			t.Errorf("the mail does not have %q", want)
		}
	}
	_, _, retells := fateIn(w, "Nordic")
	if len(retells) != 2 {
		t.Errorf("it was told by %v", retells)
	}
}

// A kill at any commit of a digest of a digest loses nothing of what was told and tells nothing twice.
func TestAKillOfADigestOfADigest(t *testing.T) {
	for step := 0; ; step++ {
		w := town.New(t, ofDaily)
		aWeek(w)
		n := w.Received("ana@example.org")
		left := step
		w.Wrap(func(s store.Store) store.Store { return mortal{s, &left} })
		w.Now = town.OnDay(t, sunday, "17:30")
		d, err := w.Config.Digest("week")
		if err != nil {
			t.Fatal(err)
		}
		_, err = w.Publisher.Send(t.Context(), d, false, newsroom.Unwatched{})
		if killed := left < 0; killed {
			left = 1 << 30
			w.Restart()
		} else if err != nil && !errors.Is(err, errKilled) {
			t.Fatal(err)
		} else if step < 3 {
			t.Fatalf("it has %d commits only", step)
		} else {
			return
		}
		sendWeek(w, sunday, "17:35")
		switch got := w.Received("ana@example.org") - n; {
		case got == 0, got > 2, got == 2 && w.Mail("ana@example.org", n) != w.Mail("ana@example.org", n+1):
			t.Errorf("killed at commit %d: %d mails", step, got)
		}
		sendWeek(w, nextSunday, "17:30")
		if w.Tells("ana@example.org", n+1, "Nordic") && w.Mail("ana@example.org", n) != w.Mail("ana@example.org", n+1) {
			t.Errorf("killed at commit %d: the next one tells it again", step)
		}
	}
}
