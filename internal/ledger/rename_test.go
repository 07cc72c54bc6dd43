package ledger

import (
	"slices"
	"testing"

	"digestd/digest"
)

func TestListsOfSuppressionsAreOneChange(t *testing.T) {
	l, _ := opened(t)
	all := []digest.Suppression{
		{Email: "ana@example.org", Source: "operator"}, {Email: "Ana@example.org", Digest: "daily", Source: "mailto"},
		{Email: "ben@example.org", Digest: "daily", Source: "operator"}, {Email: "ben@example.org", Digest: "daily", Source: "page"},
	}
	if n, err := l.Readers.SuppressAll(all); n != 3 || err != nil {
		t.Errorf("%d changed, %v", n, err)
	}
	if n, err := l.Readers.SuppressAll(all); n != 0 || err != nil {
		t.Errorf("again: %d changed, %v", n, err)
	}
	if n, err := l.Readers.RestoreAll([]string{"ana@example.org", "cas@example.org"}, "daily"); n != 1 || err != nil {
		t.Errorf("%d restored, %v", n, err)
	}
	if n, err := l.Readers.RestoreAll([]string{"ana@example.org", "ben@example.org"}, ""); n != 2 || err != nil {
		t.Errorf("%d restored, %v", n, err)
	}
	if left, err := l.Readers.Suppressions(); len(left) != 0 || err != nil {
		t.Errorf("%v, %v", left, err)
	}
}

// TestADigestThatIsRenamedGoesOn renames one in the middle of its life.
func TestADigestThatIsRenamedGoesOn(t *testing.T) {
	l, c := opened(t)
	poll(t, l, "https://example.org/feed", "One", "Two")
	first := composition(t, l, "2026-03-14T07:00", 3)
	if err := l.Editions.Commit(first); err != nil {
		t.Fatal(err)
	}
	for _, s := range []digest.Suppression{
		{Email: "reader1@example.org", Digest: lane.Digest, Source: "page"}, {Email: "reader2@example.org", Source: "bounce"},
		{Email: "reader3@example.org", Digest: "weekly", Source: "page"},
	} {
		if err := l.Readers.Suppress(s); err != nil {
			t.Fatal(err)
		}
	}
	before, err := l.Lanes.Get(lane)
	if err != nil {
		t.Fatal(err)
	}
	if there, err := l.Rename(lane.Digest, "wire"); !there || err != nil {
		t.Fatal(there, err)
	}
	c.t = c.t.Add(1)
	wire := digest.Lane{Digest: "wire", Zone: lane.Zone}
	now, err := l.Lanes.Get(wire)
	if err != nil || now.Number != before.Number || now.Position != before.Position || now.Edition != first.Edition.ID || now.Wall != before.Wall || now.Lane != wire {
		t.Errorf("the lane is %+v, %v; it was %+v", now, err, before)
	}
	if old, err := l.Lanes.Get(lane); err != nil || old.Began {
		t.Errorf("the old lane is there still: %+v, %v", old, err)
	}
	for seq := range first.Outcomes {
		if o, ok, err := l.Lanes.Outcome(wire, seq); !ok || o.Edition != first.Edition.ID || err != nil {
			t.Errorf("item %d: %+v, %v, %v", seq, o, ok, err)
		}
	}
	suppressed, err := l.Readers.SuppressedFor("wire")
	if err != nil || !suppressed["reader1@example.org"] || !suppressed["reader2@example.org"] || suppressed["reader3@example.org"] {
		t.Errorf("%v, %v", suppressed, err)
	}
	editions, err := l.Editions.Select(func(e EditionState) bool { return e.Lane() == wire })
	if err != nil || len(editions) != 1 || editions[0].ID != first.Edition.ID {
		t.Errorf("%+v, %v", editions, err)
	}
	// Who leaves under the new name gets nothing more of an edition that bears the old one.
	if err := l.Readers.Grant(Wish{Email: "reader0@example.org", Source: "page", Stop: []string{"wire"}}); err != nil {
		t.Fatal(err)
	}
	intent := &digest.Event{Index: 0, State: digest.Intent, At: c.t, Attempt: 1, First: c.t}
	if state, err := l.Deliveries.Step(first.Edition.ID, nil, intent, "reader0@example.org")(); state != digest.Suppressed || err != nil {
		t.Errorf("a message to one who left: %s, %v", state, err)
	}
	if name, err := l.Lanes.NowCalled(lane.Digest); name != "wire" || err != nil {
		t.Errorf("it is called %q, %v", name, err)
	}
	// What the reader takes back afterwards stays taken back.
	if err := l.Readers.Grant(Wish{Email: "reader1@example.org", Source: "page", Resume: []string{"wire"}}); err != nil {
		t.Fatal(err)
	}
	if there, err := l.Rename(lane.Digest, "wire"); there || err != nil {
		t.Errorf("a second time: %v, %v", there, err)
	}
	if yes, err := l.Readers.Suppressed("reader1@example.org", "wire"); yes || err != nil {
		t.Errorf("%v, %v", yes, err)
	}
	if err := l.Editions.Withdraw(first.Edition.ID); err != nil {
		t.Fatal(err)
	}
	if now, err = l.Lanes.Get(wire); err != nil || len(now.Pool) != 2 || now.Number != 0 {
		t.Errorf("after it was withdrawn: %+v, %v", now, err)
	}
}

// TestARenamedDigestMeetsOneOfItsNewName was renamed first and named formerly later.
func TestARenamedDigestMeetsOneOfItsNewName(t *testing.T) {
	l, _ := opened(t)
	composed(t, l, "daily/Europe/Paris/2026-03-14T07:00", 3)
	composed(t, l, "wire/Europe/Paris/2026-03-15T07:00", 3)
	if there, err := l.Rename("daily", "wire"); !there || err != nil {
		t.Fatal(there, err)
	}
	lanes, err := l.Lanes.All()
	if err != nil || len(lanes) != 1 || lanes[0].Edition != "wire/Europe/Paris/2026-03-15T07:00" {
		t.Errorf("%+v, %v", lanes, err)
	}
	editions, err := l.Editions.Select(func(e EditionState) bool { return e.Digest == "wire" })
	if ids := []string{"daily/Europe/Paris/2026-03-14T07:00", "wire/Europe/Paris/2026-03-15T07:00"}; err != nil || len(editions) != 2 ||
		!slices.Equal(ids, []string{editions[0].ID, editions[1].ID}) {
		t.Errorf("%+v, %v", editions, err)
	}
}

// TestRenamedWhileItIsSent holds that who leaves under the new name gets nothing more of an edition that was under way.
func TestRenamedWhileItIsSent(t *testing.T) {
	l, c := opened(t)
	poll(t, l, "https://example.org/feed", "One")
	first := composition(t, l, "2026-03-14T07:00", 3)
	if err := l.Editions.Commit(first); err != nil {
		t.Fatal(err)
	}
	begin := func(index int, email string) digest.State {
		next := &digest.Event{Index: index, State: digest.Intent, At: c.t, Attempt: 1, First: c.t}
		state, err := l.Deliveries.Step(first.Edition.ID, nil, next, email)()
		if err != nil {
			t.Fatal(err)
		}
		return state
	}
	if state := begin(0, "reader0@example.org"); state != digest.Intent {
		t.Fatal(state)
	}
	if there, err := l.Rename(lane.Digest, "wire"); !there || err != nil {
		t.Fatal(there, err)
	}
	if err := l.Readers.Grant(Wish{Email: "reader1@example.org", Source: "page", Stop: []string{"wire"}}); err != nil {
		t.Fatal(err)
	}
	if state := begin(1, "reader1@example.org"); state != digest.Suppressed {
		t.Errorf("who left: %s", state)
	}
	if state := begin(2, "reader2@example.org"); state != digest.Intent {
		t.Errorf("who stayed: %s", state)
	}
}

// TestAPauseAndNamesGoAlong renames a paused digest of which nothing else is known, further, and back.
func TestAPauseAndNamesGoAlong(t *testing.T) {
	l, _ := opened(t)
	if err := l.Editions.SetPaused("daily", true); err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct{ from, to, daily, wire string }{
		{"daily", "wire", "wire", ""}, {"wire", "post", "post", "post"}, {"post", "daily", "", "daily"},
	} {
		for i := range 2 {
			if there, err := l.Rename(c.from, c.to); there != (i == 0) || err != nil {
				t.Fatalf("%s to %s: %v, %v", c.from, c.to, there, err)
			}
		}
		paused, err := l.Editions.Paused()
		if err != nil || len(paused) != 1 || paused[0].Digest != c.to {
			t.Errorf("%s to %s: paused are %v, %v", c.from, c.to, paused, err)
		}
		for name, want := range map[string]string{"daily": c.daily, "wire": c.wire} {
			if now, err := l.Lanes.NowCalled(name); now != want || err != nil {
				t.Errorf("%s to %s: %s is called %q, %v; want %q", c.from, c.to, name, now, err, want)
			}
		}
	}
	if problems := l.Check(); len(problems) > 0 {
		t.Error(problems)
	}
}
