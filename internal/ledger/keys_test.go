package ledger

import (
	"errors"
	"fmt"
	"testing"

	"digestd/digest"
	"digestd/subscribers"
)

func TestTokensFindTheirDeliveries(t *testing.T) {
	l, c := opened(t)
	key, err := subscribers.NewTokenKey(l.Keys.Secrets()[0])
	if err != nil {
		t.Fatal(err)
	}
	find := func(edition string, index int) (Delivery, error) {
		return l.Resolve(key.Delivery(subscribers.ForUnsubscribe, edition, index), subscribers.ForUnsubscribe)
	}
	if _, err := find(theEdition, 0); !errors.Is(err, ErrUnknown) {
		t.Errorf("before there is an edition: %v", err)
	}
	composed(t, l, theEdition, 2500)
	for _, index := range []int{0, 1, 998, 999, 1000, 1001, 1999, 2000, 2499} {
		d, err := find(theEdition, index)
		if err != nil || d.Edition.ID != theEdition || d.To.Index != index || d.To.Email != fmt.Sprintf("reader%d@example.org", index) {
			t.Errorf("%d: %s of %s, %v", index, d.To.Email, d.Edition.ID, err)
		}
	}
	for _, index := range []int{2500, 2999, 3000, 1<<31 - 1, 1<<32 - 1} {
		if d, err := find(theEdition, index); !errors.Is(err, ErrUnknown) {
			t.Errorf("%d: %+v, %v", index, d.To, err)
		}
	}
	later := "weekly/Europe/Paris/2026-03-14T07:00" // than the last time that a token was looked for
	composed(t, l, later, 1)
	if d, err := find(later, 0); err != nil || d.Edition.Digest != "weekly" {
		t.Errorf("a later edition: %+v, %v", d, err)
	}
	if _, err := l.Resolve(key.Account("ana@example.org", ""), subscribers.ForAccount); !errors.Is(err, ErrUnknown) {
		t.Errorf("an account: %v", err)
	}
	for _, purpose := range []subscribers.Purpose{subscribers.ForMessageID, subscribers.ForBounce} {
		token := key.Delivery(purpose, theEdition, 7)
		if _, err := l.Resolve(token, subscribers.ForUnsubscribe); !errors.Is(err, subscribers.ErrToken) {
			t.Errorf("a token for something else: %v", err)
		}
		if d, err := l.Resolve(token, subscribers.ForMessageID, subscribers.ForBounce); err != nil || d.To.Index != 7 {
			t.Errorf("%+v, %v", d.To, err)
		}
	}

	if err := l.Deliveries.Record(t.Context(), later, []digest.Event{{State: digest.Failed, At: morning}}); err != nil {
		t.Fatal(err)
	}
	if err := l.Deliveries.Finish(later); err != nil {
		t.Fatal(err)
	}
	c.t = c.t.AddDate(0, 0, 1)
	if pruned, err := l.Prune(1); err != nil || pruned.Editions != 1 {
		t.Fatalf("%+v, %v", pruned, err)
	}
	if d, err := find(later, 0); !errors.Is(err, ErrUnknown) {
		t.Errorf("an edition that is forgotten: %+v, %v", d, err)
	}
	if d, err := find(theEdition, 0); err != nil {
		t.Errorf("one that is not: %+v, %v", d, err)
	}
}
