package ledger

import (
	"bytes"
	"fmt"
	"testing"

	"digestd/digest"
	"digestd/internal/ledger/store"
	"digestd/subscribers"
)

// TestAnAddressIsErasedForGood erases one that stands everywhere, and looks for it in every row.
func TestAnAddressIsErasedForGood(t *testing.T) {
	l, _ := opened(t)
	composed(t, l, theEdition, 1500)
	other := "weekly/Europe/Paris/2026-03-14T07:00"
	composed(t, l, other, 3)
	const email = "reader1@example.org"
	said := *event(1, digest.Deferred)
	said.Words = "4.2.0 <reader1@example.org> is busy"
	mine := []digest.Event{*event(1, digest.Intent), said, *event(2, digest.Intent), *event(2, digest.Sent)}
	if err := l.Deliveries.Record(t.Context(), theEdition, mine); err != nil {
		t.Fatal(err)
	}
	for _, err := range []error{
		l.Readers.Suppress(digest.Suppression{Email: "Reader1@example.org", Digest: "daily", Source: "page"}),
		l.Readers.Suppress(digest.Suppression{Email: "reader11@example.org", Source: "page"}),
		l.Readers.Grant(Wish{Email: email, Source: "page", Preferences: &digest.Preferences{PlainText: true}}),
	} {
		if err != nil {
			t.Fatal(err)
		}
	}
	if _, _, err := l.Readers.SuppressBounced(other, "5.1.1", digest.Suppression{Email: email, Source: "bounce", Words: "550 <reader1@example.org>"}); err != nil {
		t.Fatal(err)
	}
	done, err := l.Forget("READER1@example.org")
	if want := (Forgot{Editions: 2, Suppressions: 2, Preferences: 1, Bounces: 1}); err != nil || done != want {
		t.Errorf("%+v, %v; want %+v", done, err, want)
	}
	if again, err := l.Forget(email); err != nil || again != (Forgot{}) {
		t.Errorf("again: %+v, %v", again, err)
	}

	for _, id := range []string{theEdition, other} {
		for chunk := range 2 {
			recipients, err := l.Deliveries.Recipients(id, chunk)
			if err != nil {
				t.Fatal(err)
			}
			for i, r := range recipients {
				erased := chunk == 0 && i == 1
				if want := fmt.Sprintf("reader%d@example.org", chunk*chunkSize+i); erased != (r.Email == "") || !erased && r.Email != want {
					t.Fatalf("recipient %d of %s is %q", i, id, r.Email)
				}
			}
		}
	}
	err = l.view(func(tx store.Tx) error {
		look := func(b store.Bucket) {
			for it, err := range b.Rows(store.Range{}) {
				if row := bytes.ToLower(append(bytes.Clone(it.Key), it.Value...)); err != nil || bytes.Contains(row, []byte(email)) {
					t.Errorf("it stands in %q still, %v", row, err)
				}
			}
		}
		for _, name := range buckets() {
			parts, err := tx.Parts(name)
			if err != nil {
				return err
			}
			for _, part := range parts {
				look(tx.Part(name, part))
			}
			if len(parts) == 0 {
				look(tx.Bucket(name))
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	history, err := l.Deliveries.History(theEdition, 1)
	if err != nil || len(history) != 2 || history[1].State != digest.Deferred || history[1].Words != "" || history[1].Code != said.Code || !history[1].Due.Equal(said.Due) {
		t.Errorf("%+v, %v", history, err)
	}
	if history, err = l.Deliveries.History(theEdition, 2); err != nil || len(history) != 2 || history[1].Words == "" {
		t.Errorf("another reader: %+v, %v", history, err)
	}

	// It gets nothing more, of any digest, and nothing is written down of it again.
	state, err := l.Deliveries.Step(theEdition, nil, &digest.Event{Index: 1, State: digest.Intent, At: morning, Attempt: 2, First: morning}, email)()
	if err != nil || state != digest.Suppressed {
		t.Errorf("%v, %v", state, err)
	}
	for _, err := range []error{
		l.Readers.Suppress(digest.Suppression{Email: email, Source: "bounce"}),
		l.Readers.Grant(Wish{Email: email, Source: "page", Resume: []string{"", "daily"}, Preferences: &digest.Preferences{PlainText: true}}),
	} {
		if err != nil {
			t.Error(err)
		}
	}
	if all, err := l.Readers.Suppressions(); err != nil || len(all) != 1 || all[0].Email != "reader11@example.org" {
		t.Errorf("%+v, %v", all, err)
	}
	all, err := l.Readers.SuppressionsOf(email)
	if err != nil || len(all) != 1 || all[0].Source != ByForgetting || all[0].Wished() {
		t.Errorf("%+v, %v", all, err)
	}
	if yes, err := l.Readers.Suppressed(email, "monthly"); !yes || err != nil {
		t.Errorf("%v, %v", yes, err)
	}
	is, err := l.Readers.Forgotten()
	if err != nil || !is("Reader1@example.org") || is("reader11@example.org") {
		t.Error(err)
	}
	key, err := subscribers.NewTokenKey(l.Keys.Secrets()[0])
	if err != nil {
		t.Fatal(err)
	}
	if d, err := l.Reader(key.Delivery(subscribers.ForUnsubscribe, theEdition, 1, email), nil, []string{"daily"}, subscribers.ForUnsubscribe); err == nil {
		t.Errorf("its link names %+v", d)
	}

	if n, err := l.Readers.Restore(email, ""); n != 1 || err != nil {
		t.Errorf("%d restored, %v", n, err)
	}
	if yes, err := l.Readers.Suppressed(email, "daily"); yes || err != nil {
		t.Errorf("%v, %v", yes, err)
	}
}
