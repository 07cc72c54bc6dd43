package newsroom_test

import (
	"errors"
	"strings"
	"sync"
	"testing"
	"time"

	"digestd/digest"
	"digestd/internal/config"
	"digestd/internal/ledger"
	"digestd/internal/newsroom"
	"digestd/internal/newsroom/town"
	"digestd/mailer/smtp"
)

const thursday = "daily/Europe/Paris/2026-03-12T07:00"

// half is a town in which the mail server has taken the edition for ana, and asks benoit to come again.
func half(t *testing.T) *town.Town {
	w := town.New(t, one)
	w.Show("/herald", "Cranes move again in the harbour", "Court strikes down the river levy")
	w.Fail = func(to string) *smtp.Reply {
		if to == "ana@example.org" {
			return nil
		}
		return &smtp.Reply{Stage: smtp.Rcpt, Code: 450, Words: "4.2.2 mailbox full"}
	}
	w.At(0, "06:30")
	w.Fail = nil
	if w.Received("ana@example.org") != 1 || w.Received("benoit@example.org") != 0 {
		t.Fatal("not one of the two has it")
	}
	return w
}

func (c operator) withdraw(id string, back newsroom.Return) int {
	c.Helper()
	reached, err := c.w.Publisher.Withdraw(c.Context(), id, back)
	if err != nil {
		c.Fatal(err)
	}
	if problems := c.w.Ledger.Check(); len(problems) > 0 {
		c.Fatalf("the ledger's rules do not hold: %v", problems)
	}
	return reached
}

// operator is a test that holds the ledger's rules after each order.
type operator struct {
	*testing.T
	w *town.Town
}

func TestAWithdrawnEditionIsOwedToNobody(t *testing.T) {
	w := half(t)
	if n := (operator{t, w}).withdraw(thursday, newsroom.Return{}); n != 1 {
		t.Errorf("%d have it, want 1", n)
	}
	w.At(0, "12:00")
	if w.Received("benoit@example.org") != 0 {
		t.Error("benoit got what was withdrawn")
	}
	if _, err := w.Publisher.Withdraw(t.Context(), thursday, newsroom.Return{}); err == nil || !strings.Contains(err.Error(), "withdrawn already") {
		t.Errorf("a second time: %v", err)
	}

	w.Show("/herald", "Volcano monitors raise the alert level", "Cranes move again in the harbour", "Court strikes down the river levy")
	w.At(1, "06:30")
	for _, title := range []string{"Cranes", "Court", "Volcano"} {
		if !w.Tells("benoit@example.org", 0, title) {
			t.Errorf("benoit is not told of %s in the next edition", title)
		}
		if again := title != "Volcano"; w.Tells("ana@example.org", 1, title) == again {
			t.Errorf("ana's second mail and %s: what she had comes once, what is new comes", title)
		}
	}
	e, err := w.Ledger.Editions.Select(func(ledger.EditionState) bool { return true })
	if err != nil || len(e) != 2 || e[1].Number != 2 {
		t.Errorf("the next edition's number: %+v, %v", e, err)
	}
}

func TestAStoryThatIsLeftOutComesNeverAgain(t *testing.T) {
	w := half(t)
	if _, err := w.Publisher.Withdraw(t.Context(), thursday, newsroom.Return{Without: []string{"https://herald.example/other"}}); err == nil ||
		!strings.Contains(err.Error(), "has no story with the link") {
		t.Errorf("a link of none of its stories: %v", err)
	}
	frozen, err := w.Ledger.Editions.Frozen(thursday)
	if err != nil {
		t.Fatal(err)
	}
	var libel string
	for _, s := range frozen.Stories {
		if strings.HasPrefix(s.Lead().Title, "Cranes") {
			libel = s.Lead().Link + "?utm_source=feed"
		}
	}
	(operator{t, w}).withdraw(thursday, newsroom.Return{Without: []string{libel}})
	w.At(1, "06:30")
	if !w.Tells("benoit@example.org", 0, "Court") || w.Tells("benoit@example.org", 0, "Cranes") {
		t.Error("the next edition tells the others, and not the one that was left out")
	}
	fates, _, err := w.Report.WhyItem("cranes")
	if err != nil || len(fates) != 1 || fates[0].Lanes[0].Reason != "left out by the operator" {
		t.Errorf("why: %+v, %v", fates, err)
	}
}

func TestAnEditionWithdrawnWithAllItsStories(t *testing.T) {
	w := half(t)
	(operator{t, w}).withdraw(thursday, newsroom.Return{None: true})
	w.At(1, "06:30")
	if n := w.Received("benoit@example.org"); n != 0 {
		t.Errorf("benoit has %d mails of an edition that has nothing left to tell", n)
	}
}

// What is on its way is stopped, with the messages in flight delivered.
func TestWithdrawingStopsARun(t *testing.T) {
	text := one
	for _, name := range []string{"carla", "dario", "elin", "farid"} {
		text += "[[subscribers]]\nemail = \"" + name + "@example.org\"\n"
	}
	w := town.New(t, text)
	w.Show("/herald", "Cranes move again in the harbour")
	w.Fail = func(string) *smtp.Reply {
		w.Ledger.Editions.Interrupt(thursday) // as Withdraw does before it waits for the run to end
		return nil
	}
	w.At(0, "06:30")
	mails := func() (n int) {
		for _, s := range w.Config.Subscribers.All() {
			n += w.Received(s.Email)
		}
		return n
	}
	inFlight := mails()
	if inFlight < 1 || inFlight > 2 {
		t.Errorf("%d mails went out over two connections", inFlight)
	}
	w.Fail = nil
	if n := (operator{t, w}).withdraw(thursday, newsroom.Return{}); n != inFlight {
		t.Errorf("%d have it, want %d", n, inFlight)
	}
	w.At(0, "12:00")
	if n := mails(); n != inFlight {
		t.Errorf("%d mails after it was withdrawn, want %d", n, inFlight)
	}
}

func TestAPausedDigestSendsNothing(t *testing.T) {
	w := half(t)
	if err := w.Publisher.Pause("daily"); err != nil {
		t.Fatal(err)
	}
	lane := digest.Lane{Digest: "daily", Zone: "Europe/Paris"}
	if _, _, err := w.Publisher.Deliver(t.Context(), thursday, newsroom.Unwatched{}); !errors.Is(err, newsroom.ErrPaused) {
		t.Errorf("what is owed: %v", err)
	}
	if owed, err := w.Publisher.Owed(); err != nil || len(owed) != 0 {
		t.Errorf("owed while paused: %v, %v", owed, err)
	}
	d, err := w.Config.Digest("daily")
	if err != nil {
		t.Fatal(err)
	}
	slot, err := config.LatestSlot(d, lane, w.Now)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := w.Publisher.Publish(t.Context(), lane, slot, newsroom.Latest, newsroom.Unwatched{}); !errors.Is(err, newsroom.ErrPaused) ||
		!strings.Contains(err.Error(), "`digestd resume daily` goes on") {
		t.Errorf("a slot: %v", err)
	}
	if err := w.Publisher.Unpause("daily"); err != nil {
		t.Fatal(err)
	}
	w.At(0, "12:00")
	if w.Received("benoit@example.org") != 1 {
		t.Error("after the pause, what was owed is not delivered")
	}
}

// TestAnOldNameSendsNothing: another process has carried the digest on under a new name, before a slot or while its edition
// is composed, and this one has not heard of it.
func TestAnOldNameSendsNothing(t *testing.T) {
	for _, meanwhile := range []bool{false, true} {
		w := half(t)
		rename := sync.OnceFunc(func() {
			if _, err := w.Ledger.Rename("daily", "wire"); err != nil {
				t.Fatal(err)
			}
		})
		if !meanwhile {
			rename()
		}
		w.Show("/herald", "Volcano monitors raise the alert level")
		lane := digest.Lane{Digest: "daily", Zone: "Europe/Paris"}
		publish := func() error {
			d, err := w.Config.Digest("daily")
			if err != nil {
				t.Fatal(err)
			}
			slot, err := config.LatestSlot(d, lane, w.Now)
			if err != nil {
				t.Fatal(err)
			}
			asked := 0
			w.Publisher.Composer.Now = func() time.Time {
				if asked++; asked > 1 { // the first time, it is about to begin
					rename()
				}
				return w.Now
			}
			_, err = w.Publisher.Publish(t.Context(), lane, slot, newsroom.Extra, newsroom.Unwatched{})
			return err
		}
		if err := publish(); err == nil || !strings.Contains(err.Error(), "digest daily goes on as wire") || !strings.Contains(err.Error(), `formerly = ["wire"] in [digests.daily]`) {
			t.Errorf("meanwhile %v: %v", meanwhile, err)
		}
		w.Reconfigure(one + "[digests.wire]\nschedule = \"0 6 * * *\"\n")
		if err := publish(); err != nil {
			t.Errorf("beside the new one: %v", err)
		}
	}
}
