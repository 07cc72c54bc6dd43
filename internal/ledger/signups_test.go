package ledger

import (
	"context"
	"errors"
	"fmt"
	"testing"
	"time"

	"digestd/digest"
	"digestd/subscribers"
)

var usual = Limits{Address: 1, AddressDaily: 3, Network: 10, All: 60}

// ask asks for the daily and returns the request's id.
func ask(l *Ledger, now time.Time, email, network string) (string, error) {
	r := Request{ID: NewRequestID(now), Email: email, At: now, Network: network, Digests: []string{"daily"}, Language: "en", Words: "Yes."}
	return r.ID, l.Signups.Ask(r, usual, letter(AskingLetter(r.ID), AskingDigest, email, now))
}

func letter(id, of, email string, now time.Time) Letter {
	return Letter{Edition: digest.Edition{ID: id, Digest: of, Zone: "UTC", Slot: now, Composed: now}, To: digest.Recipient{Email: email},
		Variant: Variant{Key: digest.VariantKey{Language: "en", Format: "html"}, Body: []byte("a letter")}}
}

func TestRequestsAreLimited(t *testing.T) {
	l, c := opened(t)
	try := func(email, network string, want error) {
		t.Helper()
		if _, err := ask(l, c.t, email, network); !errors.Is(err, want) || want == nil && err != nil {
			t.Errorf("%s from %q: %v, want %v", email, network, err, want)
		}
	}
	try("ana@example.org", "", nil)
	for _, again := range []string{"ana@example.org", "ANA@example.org", "ana+x@example.org"} {
		try(again, "", ErrLimited)
	}
	try("bea@example.org", "", nil)
	for range 2 {
		c.t = c.t.Add(time.Hour)
		try("ana@example.org", "", nil)
	}
	c.t = c.t.Add(time.Hour)
	try("ana@example.org", "", ErrLimited) // the fourth of a day
	c.t = c.t.Add(21 * time.Hour)
	try("ana@example.org", "", nil)

	for i := range usual.Network {
		try(fmt.Sprintf("n%d@example.org", i), "192.0.2.0/24", nil)
	}
	try("n@example.org", "192.0.2.0/24", ErrLimited)
	try("n@example.org", "198.51.100.0/24", nil)
	for i := range usual.All - usual.Network - 2 {
		try(fmt.Sprintf("m%d@example.org", i), "", nil)
	}
	try("last@example.org", "", ErrLimited)
	before := c.t
	c.t = c.t.Add(-2 * time.Hour) // a clock that was set back locks nobody out for ever
	try("back@example.org", "", nil)
	c.t = before.Add(time.Hour)
	try("last@example.org", "192.0.2.0/24", nil)
}

func TestWhoIsBarredAsksForNothing(t *testing.T) {
	l, c := opened(t)
	for _, s := range []digest.Suppression{{Email: "gone@example.org", Source: "bounce"}, {Email: "op@example.org", Digest: "daily", Source: "operator"},
		{Email: "left@example.org", Source: "one-click"}, {Email: "weekly@example.org", Digest: "weekly", Source: "complaint"}} {
		if err := l.Readers.Suppress(s); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := l.Forget("erased@example.org"); err != nil {
		t.Fatal(err)
	}
	for email, want := range map[string]error{"gone@example.org": ErrBarred, "op@example.org": ErrBarred, "erased@example.org": ErrBarred,
		"left@example.org": nil, "weekly@example.org": nil, "new@example.org": nil} {
		if _, err := ask(l, c.t, email, ""); !errors.Is(err, want) || want == nil && err != nil {
			t.Errorf("%s: %v, want %v", email, err, want)
		}
		if barred, err := l.Readers.Suppressed(email, AskingDigest); email != "op@example.org" && (barred != (want != nil) || err != nil) {
			t.Errorf("%s: a letter is barred: %v, %v", email, barred, err)
		}
	}
}

func TestConfirming(t *testing.T) {
	l, c := opened(t)
	all := []string{"daily", "weekly", "sport"}
	id, err := ask(l, c.t, "Ana@example.org", "192.0.2.0/24")
	if err != nil {
		t.Fatal(err)
	}
	if list, err := l.Signups.Beside(nil, "UTC"); err != nil || list.Len() != 0 {
		t.Fatalf("%d readers before the click, %v", list.Len(), err)
	}
	for _, w := range []Wish{{Email: "ana@example.org", Source: "one-click", Stop: []string{""}},
		{Email: "ana@example.org", Source: "page", Preferences: &digest.Preferences{PausedUntil: "2099-01-01", Without: []string{"sport"}}}} {
		if err := l.Readers.Grant(w); err != nil {
			t.Fatal(err)
		}
	}
	c.t = c.t.Add(RequestsKept - 1)
	welcome := letter("daily/UTC/2026-03-12T06:00~1", "daily", "Ana@example.org", c.t)
	for i := range 2 {
		r, fresh, err := l.Signups.Confirm(id, c.t, all, []Letter{welcome})
		if err != nil || fresh != (i == 0) || r.Confirmed.IsZero() {
			t.Fatalf("%+v, %v, %v", r, fresh, err)
		}
	}
	// Who had left everything gets what they asked for, and nothing else.
	for digestID, want := range map[string]bool{"daily": false, "weekly": true, "sport": true} {
		if got, err := l.Readers.Suppressed("ana@example.org", digestID); got != want || err != nil {
			t.Errorf("%s is suppressed: %v, %v", digestID, got, err)
		}
	}
	if own, err := l.Readers.PreferencesOf("ana@example.org"); err != nil || !own.Empty() {
		t.Errorf("preferences %+v, %v: they asked for all topics, at once", own, err)
	}
	list, err := l.Signups.Beside(nil, "Europe/Paris")
	s, ok := list.Find("ANA@example.org")
	if err != nil || !ok || s.Zone != "Europe/Paris" || !s.Wants("daily") || s.Wants("weekly") || s.Format != "html" || s.File != "signed up 2026-03-19" {
		t.Errorf("%+v, %v, %v", s, ok, err)
	}
	if letters, err := l.Editions.Letters(); err != nil || len(letters) != 2 {
		t.Errorf("%d letters, %v", len(letters), err)
	}
	if editions, err := l.Editions.Select(nil); err != nil || len(editions) != 0 {
		t.Errorf("letters are editions: %+v, %v", editions, err)
	}
	if _, err := l.Editions.Recall(welcome.Edition.ID, Recall{Words: "x"}); err == nil {
		t.Error("a letter was withdrawn into a lane")
	}

	// Asking for more adds to it.
	more := Request{ID: NewRequestID(c.t), Email: "ana@example.org", At: c.t, Digests: []string{"weekly"}, Topics: []string{"global"}, Language: "fr", Words: "Oui."}
	if err := l.Signups.Ask(more, usual, letter(AskingLetter(more.ID), AskingDigest, more.Email, c.t)); err != nil {
		t.Fatal(err)
	}
	if _, _, err := l.Signups.Confirm(more.ID, c.t, all, nil); err != nil {
		t.Fatal(err)
	}
	u, requests, err := l.Signups.Of("ana@example.org")
	if err != nil || fmt.Sprintf("%v %v %s %d", u.Digests, u.Topics, u.Language, len(requests)) != "[daily weekly] [] fr 2" {
		t.Errorf("%+v, %d requests, %v", u, len(requests), err)
	}
	if _, err := l.Rename("weekly", "weekend"); err != nil {
		t.Fatal(err)
	}
	if u, _, _ := l.Signups.Of("ana@example.org"); fmt.Sprint(u.Digests) != "[daily weekend]" {
		t.Errorf("%v after a digest got another name", u.Digests)
	}
	if _, _, err := l.Signups.Confirm(id, c.t.Add(1), all, nil); !errors.Is(err, ErrNoRequest) {
		t.Errorf("%v after seven days", err)
	}

	forgot, err := l.Forget("ana@example.org")
	if err != nil || forgot.Signups != 3 || forgot.Editions != 0 {
		t.Errorf("%+v, %v", forgot, err)
	}
	if list, err := l.Signups.Beside(nil, "UTC"); err != nil || list.Len() != 0 {
		t.Errorf("%d readers after erasing, %v", list.Len(), err)
	}
	for _, id := range []string{welcome.Edition.ID, AskingLetter(id)} {
		if to, err := l.Deliveries.Recipients(id, 0); err != nil || to[0].Email != "" {
			t.Errorf("%s still names %+v, %v", id, to, err)
		}
	}
}

func TestRequestsAreForgotten(t *testing.T) {
	l, c := opened(t)
	id, err := ask(l, c.t, "ana@example.org", "")
	if err != nil {
		t.Fatal(err)
	}
	finish := func() {
		t.Helper()
		for _, s := range []digest.State{digest.Intent, digest.Sent} {
			if err := l.Deliveries.Record(context.Background(), AskingLetter(id), []digest.Event{{State: s, At: c.t, Attempt: 1}}); err != nil {
				t.Fatal(err)
			}
		}
		if err := l.Deliveries.Finish(AskingLetter(id)); err != nil {
			t.Fatal(err)
		}
	}
	finish()
	for day := range 8 {
		_, err := l.Editions.Get(AskingLetter(id))
		_, requests, _ := l.Signups.Of("ana@example.org")
		if gone := day >= 7; (err != nil) != gone || (len(requests) == 0) != gone {
			t.Errorf("day %d: %v, %d requests", day, err, len(requests))
		}
		c.t = c.t.Add(24 * time.Hour)
		if _, err := l.Prune(400 * 24 * time.Hour); err != nil {
			t.Fatal(err)
		}
	}
	key, err := subscribers.NewTokenKey(l.Keys.Secrets()[0])
	if err != nil {
		t.Fatal(err)
	}
	if _, err := l.Resolve(key.Delivery(subscribers.ForUnsubscribe, AskingLetter(id), 0, "ana@example.org"), subscribers.ForUnsubscribe); !errors.Is(err, ErrUnknown) {
		t.Errorf("%v for the link of a request that is forgotten", err)
	}
}
