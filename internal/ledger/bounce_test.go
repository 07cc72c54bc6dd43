package ledger

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"digestd/digest"
	"digestd/internal/ledger/store"
)

// suppressed are the addresses that get nothing, in order.
func suppressed(t *testing.T, l *Ledger) (emails []string) {
	t.Helper()
	all, err := l.Readers.Suppressions()
	if err != nil {
		t.Fatal(err)
	}
	for _, s := range all {
		emails = append(emails, s.Email)
	}
	return emails
}

// TestManyBouncesOfOneDomainAreNotBelieved holds that five of one edition, domain and status stand, that a sixth takes
// them back, and that the ones behind it make none.
func TestManyBouncesOfOneDomainAreNotBelieved(t *testing.T) {
	const edition = "daily/Europe/Paris/2026-03-12T07:00"
	l, c := opened(t)
	bounce := func(edition, email, status string) (bool, []string) {
		t.Helper()
		c.t = c.t.Add(time.Second)
		kept, restored, err := l.Readers.SuppressBounced(edition, status, digest.Suppression{Email: email, Source: "bounce", Words: status})
		if err != nil {
			t.Fatal(err)
		}
		return kept, restored
	}
	reader := func(i int) string { return fmt.Sprintf("Reader%d@Example.org", i) }
	if err := l.Readers.Suppress(digest.Suppression{Email: "reader0@example.org", Source: "operator"}); err != nil {
		t.Fatal(err)
	}
	for i := range 5 {
		for range 2 { // the same bounce twice is the same as once
			if kept, restored := bounce(edition, reader(i), "5.1.1"); !kept || restored != nil {
				t.Fatalf("bounce %d: kept %v, restored %v", i, kept, restored)
			}
		}
	}
	bounce(edition, "ana@example.net", "5.1.1")                                // another domain
	bounce(edition, "bea@example.org", "5.2.1")                                // another status
	bounce("daily/Europe/Paris/2026-03-13T07:00", "cleo@example.org", "5.1.1") // another edition
	if err := l.Readers.Suppress(digest.Suppression{Email: "reader1@example.org", Digest: "daily", Source: "one-click"}); err != nil {
		t.Fatal(err)
	}
	if got := suppressed(t, l); len(got) != 9 {
		t.Fatalf("suppressed are %v", got)
	}
	want := []string{"Reader1@Example.org", "Reader2@Example.org", "Reader3@Example.org", "Reader4@Example.org"}
	if kept, restored := bounce(edition, reader(5), "5.1.1"); kept || !slices.Equal(restored, want) {
		t.Errorf("the sixth: kept %v, restored %v, want %v", kept, restored, want)
	}
	for _, i := range []int{6, 3, 5} {
		if kept, restored := bounce(edition, reader(i), "5.1.1"); kept || restored != nil {
			t.Errorf("behind the sixth, %d: kept %v, restored %v", i, kept, restored)
		}
	}
	want = []string{"ana@example.net", "bea@example.org", "cleo@example.org", "reader0@example.org", "reader1@example.org"}
	if got := suppressed(t, l); !slices.Equal(got, want) {
		t.Errorf("suppressed are %v, want %v: what others asked for stays", got, want)
	}
}

// TestBounceTakesBackOnlyWhatItMade holds that an operator's suppression of an address that was restored in between
// is not lifted.
func TestBounceTakesBackOnlyWhatItMade(t *testing.T) {
	l, c := opened(t)
	for i := range 6 {
		c.t = c.t.Add(time.Second)
		if i == 5 {
			if _, err := l.Readers.Restore("reader0@example.org", ""); err != nil {
				t.Fatal(err)
			}
			if err := l.Readers.Suppress(digest.Suppression{Email: "reader0@example.org", Source: "operator"}); err != nil {
				t.Fatal(err)
			}
		}
		s := digest.Suppression{Email: fmt.Sprintf("reader%d@example.org", i), Source: "bounce"}
		if _, _, err := l.Readers.SuppressBounced("daily/UTC/2026-03-12T07:00", "5.1.1", s); err != nil {
			t.Fatal(err)
		}
	}
	if got := suppressed(t, l); !slices.Equal(got, []string{"reader0@example.org"}) {
		t.Errorf("suppressed are %v", got)
	}
}

func TestForgottenEditionsForgetTheirBounces(t *testing.T) {
	l, _ := opened(t)
	for _, edition := range []string{"daily/UTC/2026-03-12T07:00", "daily/UTC/2026-03-12T07:00+1"} {
		if _, _, err := l.Readers.SuppressBounced(edition, "5.1.1", digest.Suppression{Email: "ana@example.org", Source: "bounce"}); err != nil {
			t.Fatal(err)
		}
	}
	if err := l.forget(EditionState{ID: "daily/UTC/2026-03-12T07:00"}); err != nil {
		t.Fatal(err)
	}
	err := l.view(func(tx store.Tx) error {
		if all, err := tableBounces.in(tx).values(store.Range{}, nil); err != nil || len(all) != 1 {
			t.Errorf("%d bounces are kept, %v, want that of the other edition", len(all), err)
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
}
