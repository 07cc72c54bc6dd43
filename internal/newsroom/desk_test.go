package newsroom_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"

	"digestd/digest"
	"digestd/internal/config"
	"digestd/internal/ledger"
	"digestd/internal/ledger/store"
	"digestd/internal/newsroom"
	"digestd/internal/newsroom/town"
	"digestd/internal/report"
	"digestd/mailer/smtp"
)

const (
	cranes  = "https://herald.example.org/cranes-move-again-in-the-harbour"
	court   = "https://herald.example.org/court-strikes-down-the-river-levy"
	volcano = "https://herald.example.org/volcano-monitors-raise-the-alert-level"
)

// editor orders as a test wants it, of the digest daily.
type editor struct {
	*testing.T
	w *town.Town
}

func (e editor) digest() digest.Digest {
	e.Helper()
	d, err := e.w.Config.Digest("daily")
	if err != nil {
		e.Fatal(err)
	}
	return d
}

func (e editor) order(wish newsroom.Wish) {
	e.Helper()
	if err := e.w.Publisher.Desk.Order(e.digest(), wish); err != nil {
		e.Fatal(err)
	}
}

func (e editor) approve() {
	e.Helper()
	if _, err := e.w.Publisher.Desk.Approve(e.digest(), "", nil); err != nil {
		e.Fatal(err)
	}
}

// propose moves the clock, and shows what the next slot of each lane would say.
func (e editor) propose(day int, clock string) {
	e.Helper()
	e.w.Now = town.OnDay(e.T, day, clock)
	e.w.Collect()
	for _, lane := range e.w.Config.Lanes(e.digest()) {
		slot, err := config.NextSlot(e.digest(), lane, e.w.Now)
		if err == nil {
			err = e.w.Publisher.Desk.Propose(e.Context(), lane, slot)
		}
		if err != nil {
			e.Fatal(err)
		}
	}
}

// standing are the kinds of the orders that stand, and how many lanes are yet to use each.
func (e editor) standing() string {
	e.Helper()
	desk, err := e.w.Report.Desk(e.digest())
	if err != nil {
		e.Fatal(err)
	}
	var all []string
	for _, o := range desk.Orders {
		all = append(all, fmt.Sprintf("%s %d", o.Kind, len(o.Lanes)))
	}
	return strings.Join(all, ", ")
}

func (e editor) subject(reader string, n int) string {
	e.Helper()
	_, rest, _ := strings.Cut(e.w.Mail(reader, n), "\r\nSubject: ")
	line, _, _ := strings.Cut(rest, "\r\n")
	return line
}

// Two zones are two lanes of one digest: each uses an order once, and the third edition does not.
func TestEachLaneUsesAnOrderOnce(t *testing.T) {
	w := town.New(t, in("America/New_York")) // benoit
	e := editor{t, w}
	w.Show("/herald", "Cranes move again in the harbour", "Court strikes down the river levy", "Volcano monitors raise the alert level")
	w.Collect()
	e.order(newsroom.Wish{Note: "Hello **both**.", Lead: court, Drop: []string{volcano}})
	w.At(0, "06:30") // 07:30 in Paris, and the middle of the night in New York, whose slot of yesterday is sent too
	if w.Received("ana@example.org") != 1 || w.Received("benoit@example.org") != 1 {
		t.Fatal("not each has one")
	}
	for _, reader := range []string{"ana@example.org", "benoit@example.org"} {
		if got := e.subject(reader, 0); !strings.HasPrefix(got, "Court") {
			t.Errorf("%s: the lead is %q", reader, got)
		}
		if !w.Tells(reader, 0, "<strong>both</strong>") || w.Tells(reader, 0, "Volcano") || !w.Tells(reader, 0, "Cranes") {
			t.Errorf("%s does not have what was ordered", reader)
		}
	}
	if got := e.standing(); got != "" {
		t.Errorf("%q stands, and all is used", got)
	}
	w.Show("/herald", "Bakers of Sandholm end a long strike")
	w.At(1, "13:00")
	for _, reader := range []string{"ana@example.org", "benoit@example.org"} {
		if w.Tells(reader, 1, "both") || w.Tells(reader, 1, "Volcano") || !w.Tells(reader, 1, "Bakers") {
			t.Errorf("%s: the second edition uses the orders again", reader)
		}
	}
}

// What one lane has used waits for the other.
func TestAnOrderWaitsForTheOtherLane(t *testing.T) {
	w := town.New(t, in("America/New_York"))
	e := editor{t, w}
	w.Show("/herald", "Cranes move again in the harbour")
	w.At(0, "12:30")
	w.Now = town.OnDay(t, 0, "20:00")
	w.Show("/herald", "Court strikes down the river levy", "Volcano monitors raise the alert level")
	w.Collect()
	e.order(newsroom.Wish{Drop: []string{volcano}})
	w.At(1, "06:30") // Paris alone
	if w.Received("ana@example.org") != 2 || w.Received("benoit@example.org") != 1 {
		t.Fatal("not Paris alone")
	}
	if got := e.standing(); got != "drop 1" {
		t.Errorf("%q stands, want it for one lane", got)
	}
	w.At(1, "11:30")
	if w.Tells("benoit@example.org", 1, "Volcano") || !w.Tells("benoit@example.org", 1, "Court") {
		t.Error("New York did not use the order")
	}
	if got := e.standing(); got != "" {
		t.Errorf("%q stands", got)
	}
}

// An outage withdraws the edition, and gives the orders back with the news.
func TestAWithdrawnEditionGivesTheOrdersBack(t *testing.T) {
	w := town.New(t, one)
	e := editor{t, w}
	w.Show("/herald", "Cranes move again in the harbour", "Court strikes down the river levy", "Volcano monitors raise the alert level")
	w.Now = town.OnDay(t, 0, "05:30")
	w.Collect()
	e.order(newsroom.Wish{Note: "We moved.", Lead: court, Drop: []string{volcano}})
	w.Down = true
	w.At(0, "06:30")
	if got := e.standing(); got != "" {
		t.Fatalf("%q stands, and an edition has used all", got)
	}
	w.Down = false
	w.At(1, "06:30")
	if got := e.subject("ana@example.org", 0); w.Received("ana@example.org") != 1 || !strings.HasPrefix(got, "Court") {
		t.Fatalf("%d mails, the lead is %q", w.Received("ana@example.org"), got)
	}
	if !w.Tells("ana@example.org", 0, "We moved.") || w.Tells("ana@example.org", 0, "Volcano") {
		t.Error("the next edition does not use what was given back")
	}
	if got := e.standing(); got != "" {
		t.Errorf("%q stands", got)
	}
}

// When a newer note stands, the one that is given back does not push it aside.
func TestWhatIsGivenBackGivesWay(t *testing.T) {
	w := town.New(t, one)
	e := editor{t, w}
	w.Show("/herald", "Cranes move again in the harbour")
	w.Collect()
	e.order(newsroom.Wish{Note: "Old words."})
	w.Down = true
	w.At(0, "06:30")
	e.order(newsroom.Wish{Note: "New words."})
	w.Down = false
	w.At(1, "06:30")
	if w.Tells("ana@example.org", 0, "Old words") || !w.Tells("ana@example.org", 0, "New words") {
		t.Error("the mail does not have the newer note alone")
	}
}

// busy is an editor who orders something each time that the orders have been read.
type busy struct {
	*ledger.Orders
	then []func()
}

func (b *busy) Of(digestID string) (ledger.Book, error) {
	book, err := b.Orders.Of(digestID)
	if len(b.then) > 0 {
		next := b.then[0]
		b.then = b.then[1:]
		next()
	}
	return book, err
}

// An order that comes while the edition is composed is in it: it was there before the edition was.
func TestAnOrderWhileTheEditionIsComposedIsInIt(t *testing.T) {
	w := town.New(t, one)
	w.Show("/herald", "Cranes move again in the harbour", "Volcano monitors raise the alert level")
	w.Collect()
	give := func(o ledger.Order) func() {
		return func() {
			if _, err := w.Ledger.Orders.Give("daily", o, nil); err != nil {
				t.Error(err)
			}
		}
	}
	w.Publisher.Composer.Ledger.Orders = &busy{Orders: w.Ledger.Orders, then: []func(){
		give(ledger.Order{Kind: ledger.OrderDrop, Link: volcano}), give(ledger.Order{Kind: ledger.OrderNote, Note: "At the last moment."})}}
	out := w.Send(false)
	if !out[0].Composed || w.Received("ana@example.org") != 1 || w.Tells("ana@example.org", 0, "Volcano") ||
		!w.Tells("ana@example.org", 0, "At the last moment") {
		t.Errorf("%+v", out)
	}
}

// Two editors: nobody overwrites a note, or approves, what they have not seen.
func TestTwoEditorsAtOnce(t *testing.T) {
	w := town.New(t, approved("hold"))
	e := editor{t, w}
	w.Show("/herald", "Cranes move again in the harbour", "Volcano monitors raise the alert level")
	e.propose(0, "05:20")
	none, first := uint64(0), uint64(1)
	desk := w.Publisher.Desk
	e.order(newsroom.Wish{Note: "One wrote this.", Instead: &none})
	if err := desk.Order(e.digest(), newsroom.Wish{Note: "Another wrote that.", Instead: &none}); !errors.Is(err, ledger.ErrOrdered) {
		t.Errorf("a note that was not seen is overwritten: %v", err)
	}
	e.order(newsroom.Wish{Note: "Both wrote this.", Instead: &first})
	if _, err := desk.Approve(e.digest(), "", []uint64{1}); !errors.Is(err, ledger.ErrOrdered) {
		t.Errorf("what was not seen is approved: %v", err)
	}
	if _, err := desk.Approve(e.digest(), "", []uint64{2}); err != nil {
		t.Errorf("what was seen is not approved: %v", err)
	}
	e.order(newsroom.Wish{Drop: []string{volcano}})
	if out := w.At(0, "06:00"); !out[0].Waits {
		t.Errorf("an order that came later does not void the approval: %+v", out[0])
	}
	e.approve()
	if out := w.At(0, "06:01"); !out[0].Composed || w.Tells("ana@example.org", 0, "Volcano") {
		t.Errorf("%+v", out[0])
	}
}

// approved is a config whose editions an editor sees.
func approved(how string) string {
	return strings.Replace(one, `schedule =`, fmt.Sprintf("approve = %q\neditor = \"editor@example.org\"\nschedule =", how), 1)
}

func TestAnEditionGoesAtItsSlotAfterTheEditorSawIt(t *testing.T) {
	w := town.New(t, approved("send"))
	e := editor{t, w}
	w.Show("/herald", "Cranes move again in the harbour", "Court strikes down the river levy")
	e.propose(0, "05:20") // 06:20 in Paris
	if w.Received("editor@example.org") != 1 || w.Received("ana@example.org") != 0 {
		t.Fatalf("the editor has %d copies, ana %d mails", w.Received("editor@example.org"), w.Received("ana@example.org"))
	}
	if got := e.subject("editor@example.org", 0); !strings.HasPrefix(got, "Test: C") {
		t.Errorf("the copy's subject: %q", got)
	}
	for _, words := range []string{"goes at 07:00 CET on Thursday 12 March", "http://127.0.0.1:8025/?digest=3Ddaily", "Cranes"} {
		if !w.Tells("editor@example.org", 0, words) {
			t.Errorf("the copy does not say %q", words)
		}
	}
	e.propose(0, "05:25")
	if w.Received("editor@example.org") != 1 {
		t.Error("the editor is shown it twice")
	}
	w.Show("/herald", "Volcano monitors raise the alert level", "Cranes move again in the harbour", "Court strikes down the river levy")
	w.Now = town.OnDay(t, 0, "05:40")
	w.Collect()
	e.order(newsroom.Wish{Lead: court})
	w.At(0, "06:00")
	if !strings.HasPrefix(e.subject("ana@example.org", 0), "Court") || w.Tells("ana@example.org", 0, "Volcano") {
		t.Error("it is not what the editor saw, with the order that came after")
	}
	w.At(1, "06:00")
	if !w.Tells("ana@example.org", 1, "Volcano") || w.Tells("ana@example.org", 1, "Cranes") {
		t.Error("what came after the editor saw it is not in the next edition alone")
	}
}

func TestAnEditionIsHeldUntilItIsApproved(t *testing.T) {
	w := town.New(t, approved("hold"))
	e := editor{t, w}
	w.Show("/herald", "Cranes move again in the harbour")
	e.propose(0, "05:20")
	for _, clock := range []string{"06:00", "06:05", "09:00"} {
		if out := w.At(0, clock); !out[0].Waits || out[0].Composed {
			t.Errorf("%s: %+v", clock, out[0])
		}
	}
	if w.Received("ana@example.org") != 0 || w.Received("editor@example.org") != 2 || !w.Tells("editor@example.org", 1, "Reminder") {
		t.Fatalf("ana has %d mails, the editor %d: a copy and one reminder", w.Received("ana@example.org"), w.Received("editor@example.org"))
	}
	if problems := w.Report.Problems(report.Known{}); len(problems) != 1 || !strings.Contains(problems[0].Words, "waits for the editor") {
		t.Errorf("problems: %v", problems)
	}
	e.approve()
	if out := w.At(0, "09:30"); !out[0].Composed || out[0].Delivery.Sent != 2 {
		t.Errorf("after the approval: %+v", out[0])
	}
	if problems := w.Report.Problems(report.Known{}); len(problems) != 0 {
		t.Errorf("problems: %v", problems)
	}
	if _, err := w.Publisher.Desk.Approve(e.digest(), "", nil); !errors.Is(err, newsroom.ErrOrder) {
		t.Errorf("approved when nothing waits: %v", err)
	}
}

// What an outage gives back after the editor was asked waits for the next edition: the one that was approved goes as it
// was seen.
func TestWhatWasWithdrawnJoinsNoApprovedEdition(t *testing.T) {
	w := town.New(t, approved("hold"))
	e := editor{t, w}
	w.Show("/herald", "Cranes move again in the harbour")
	e.propose(0, "05:20")
	e.approve()
	w.Down = true
	w.At(0, "06:30")
	w.Down = false
	w.Show("/herald", "Court strikes down the river levy")
	e.propose(1, "05:20")
	e.approve()
	w.At(1, "06:00")
	if w.Received("ana@example.org") != 1 || w.Tells("ana@example.org", 0, "Cranes") || !w.Tells("ana@example.org", 0, "Court") {
		t.Fatal("the approved edition did not go as it was seen")
	}
	e.propose(2, "05:20")
	e.approve()
	w.At(2, "06:00")
	if !w.Tells("ana@example.org", 1, "Cranes") || w.Tells("ana@example.org", 1, "Court") {
		t.Error("what the outage gave back is lost")
	}
}

// Whoever skips a slot and approves what waited for it has skipped it: all of it is in the next.
func TestASkipOutranksAnApproval(t *testing.T) {
	w := town.New(t, approved("hold"))
	e := editor{t, w}
	w.Show("/herald", "Cranes move again in the harbour")
	e.propose(0, "05:20")
	e.order(newsroom.Wish{Skip: true})
	e.approve()
	if w.At(0, "06:30"); w.Received("ana@example.org") != 0 {
		t.Error("it went, though its slot was to be skipped")
	}
	e.propose(1, "05:20")
	if w.At(1, "06:00"); w.Received("ana@example.org") != 0 {
		t.Error("the next one went by the approval of the one before")
	}
	e.approve()
	if w.At(1, "06:10"); !w.Tells("ana@example.org", 0, "Cranes") || e.standing() != "" {
		t.Errorf("what was skipped is lost, or %q stands still", e.standing())
	}
}

func TestWhatIsNotApprovedBecomesPartOfTheNext(t *testing.T) {
	w := town.New(t, approved("hold"))
	e := editor{t, w}
	w.Show("/herald", "Cranes move again in the harbour")
	e.propose(0, "05:20")
	e.order(newsroom.Wish{Note: "For the first that goes."})
	w.At(0, "06:00")
	w.Show("/herald", "Court strikes down the river levy", "Cranes move again in the harbour")
	e.propose(1, "05:20")
	if st, err := w.Ledger.Lanes.Get(digest.Lane{Digest: "daily", Zone: "Europe/Paris"}); err != nil || st.Wall != "2026-03-12T07:00" {
		t.Errorf("the slot that nobody approved is not used: %+v, %v", st, err)
	}
	if !w.Tells("editor@example.org", 2, "Court") || !w.Tells("editor@example.org", 2, "Cranes") {
		t.Error("the editor is not shown the news of both days")
	}
	e.approve()
	if w.Received("ana@example.org") != 0 {
		t.Fatal("it went before its slot")
	}
	w.At(1, "06:00")
	if w.Received("ana@example.org") != 1 {
		t.Fatalf("ana has %d mails", w.Received("ana@example.org"))
	}
	for _, words := range []string{"Court", "Cranes", "For the first that goes"} {
		if !w.Tells("ana@example.org", 0, words) {
			t.Errorf("the mail does not tell %q", words)
		}
	}
}

// errKilled ends a process at a commit.
var errKilled = errors.New("killed")

// mortal is a store whose process dies before one of its commits, or after it: nothing that follows is done.
type mortal struct {
	store.Store
	left *int // commits
}

func (m mortal) Update(touched []store.Touch, f func(store.Tx) error) error {
	if *m.left--; *m.left < 0 {
		return errKilled
	}
	return m.Store.Update(touched, f)
}

// A kill between any two commits, from the editor's first order to the last mail, loses no news and no order, and mails
// nothing twice.
func TestAKillBetweenTwoStepsOfTheDesk(t *testing.T) {
	for step := 0; ; step++ {
		w := town.New(t, approved("hold"))
		left := step
		w.Wrap(func(s store.Store) store.Store { return mortal{s, &left} })
		ended := theDay(t, w, func() bool { return left < 0 }, func() { left = 1 << 30 })
		for _, reader := range []string{"ana@example.org", "benoit@example.org"} {
			if w.Received(reader) > 2 || w.Received(reader) == 2 && !slices.Equal(
				[]string{w.Mail(reader, 0)}, []string{w.Mail(reader, 1)}) { // in doubt: once more, the same bytes
				t.Errorf("killed at commit %d: %s has %d mails", step, reader, w.Received(reader))
			}
			if !w.Tells(reader, 0, "Court") || w.Tells(reader, 0, "Volcano") || !w.Tells(reader, 0, "Mind the gap") ||
				!w.Tells(reader, 0, "Cranes") {
				t.Errorf("killed at commit %d: %s does not have the edition as ordered", step, reader)
			}
		}
		if got := (editor{t, w}).standing(); got != "" {
			t.Errorf("killed at commit %d: %q stands", step, got)
		}
		if w.Received("editor@example.org") > 4 { // a copy and a reminder, each once more at most
			t.Errorf("killed at commit %d: the editor has %d mails", step, w.Received("editor@example.org"))
		}
		if ended {
			if step < 10 {
				t.Errorf("the day has %d commits only", step)
			}
			return
		}
	}
}

// theDay is one at the desk, each step done again after a kill. It reports whether nobody was killed.
func theDay(t *testing.T, w *town.Town, killed func() bool, revive func()) (whole bool) {
	whole = true
	ctx := context.Background()
	digestOf := func() digest.Digest { return editor{t, w}.digest() }
	lane := digest.Lane{Digest: "daily", Zone: "Europe/Paris"}
	send := func(clock string) func() error {
		return func() error {
			w.Now = town.OnDay(t, 0, clock)
			_, err := w.Publisher.Send(ctx, digestOf(), false, newsroom.Unwatched{})
			return err
		}
	}
	w.Show("/herald", "Cranes move again in the harbour", "Court strikes down the river levy", "Volcano monitors raise the alert level")
	for _, do := range []func() error{
		func() error {
			w.Now = town.OnDay(t, 0, "05:20")
			w.Collect()
			if n, err := w.Ledger.Items.Last(); err != nil || n != 3 {
				return errKilled
			}
			slot, err := config.NextSlot(digestOf(), lane, w.Now)
			if err == nil {
				err = w.Publisher.Desk.Propose(ctx, lane, slot)
			}
			return err
		},
		func() error { return w.Publisher.Desk.Order(digestOf(), newsroom.Wish{Note: "Mind the gap."}) },
		func() error {
			return w.Publisher.Desk.Order(digestOf(), newsroom.Wish{Lead: court, Drop: []string{volcano}})
		},
		send("06:00"),
		func() error {
			_, err := w.Publisher.Desk.Approve(digestOf(), "", nil)
			return err
		},
		send("06:10"), send("06:20"),
	} {
		err := do()
		if killed() {
			whole = false
			revive()
			w.Restart()
			err = do() // whoever saw no answer does it again
		}
		if err != nil && !errors.Is(err, newsroom.ErrOrder) {
			t.Fatal(err)
		}
	}
	return whole
}

// An edition whose stories the editor has all left out is none, and they do not come back.
func TestWhatIsAllLeftOutIsNoEdition(t *testing.T) {
	w := town.New(t, one)
	e := editor{t, w}
	w.Show("/herald", "Cranes move again in the harbour")
	w.Collect()
	e.order(newsroom.Wish{Drop: []string{cranes}, Note: "Stays for the next."})
	if out := w.Send(false); out[0].Composed || out[0].Reason != "all that is new was left out by the editor" {
		t.Fatalf("%+v", out[0])
	}
	if got := e.standing(); got != "note 1" {
		t.Errorf("%q stands", got)
	}
	w.Show("/herald", "Court strikes down the river levy", "Cranes move again in the harbour")
	w.At(1, "06:30")
	if w.Tells("ana@example.org", 0, "Cranes") || !w.Tells("ana@example.org", 0, "Stays for the next") {
		t.Error("the next edition tells what was left out, or has lost the note")
	}
}

// A lane that is owed to nobody uses orders up: they would be stale when somebody comes.
func TestOrdersDoNotOutliveASleepingLane(t *testing.T) {
	w := town.New(t, one)
	e := editor{t, w}
	w.Show("/herald", "Cranes move again in the harbour")
	w.Collect()
	e.order(newsroom.Wish{Note: "Only this week."})
	for _, reader := range []string{"ana@example.org", "benoit@example.org"} {
		if err := w.Ledger.Readers.Suppress(digest.Suppression{Email: reader, Digest: "daily", Source: "operator", At: w.Now}); err != nil {
			t.Fatal(err)
		}
	}
	w.At(0, "06:30")
	if got := e.standing(); got != "" {
		t.Errorf("%q stands", got)
	}
}

// A refused first reader must not make the orders of a half-sent edition come again for those who have it.
func TestAHalfSentEditionKeepsItsOrders(t *testing.T) {
	w := town.New(t, one)
	e := editor{t, w}
	w.Show("/herald", "Cranes move again in the harbour")
	w.Collect()
	e.order(newsroom.Wish{Note: "Once."})
	w.Fail = func(to string) *smtp.Reply {
		if to == "ana@example.org" {
			return nil
		}
		return &smtp.Reply{Stage: smtp.Rcpt, Code: 450, Words: "4.2.2 mailbox full"}
	}
	w.At(0, "06:30")
	w.Show("/herald", "Court strikes down the river levy")
	w.At(1, "06:30")
	if w.Tells("ana@example.org", 1, "Once.") {
		t.Error("the note came twice")
	}
}
