package ledger_test

import (
	"testing"
	"time"

	"digestd/digest"
	"digestd/internal/ledger"
	"digestd/internal/ledger/store/storetest"
)

// TestWhoIsSuppressedIsKnownInTime: at once for whoever comes back, and for whoever leaves when it is looked up again.
func TestWhoIsSuppressedIsKnownInTime(t *testing.T) {
	now := time.Date(2026, 3, 18, 7, 0, 0, 0, time.UTC)
	l, err := ledger.Open(storetest.Fresh(t), func() time.Time { return now })
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	suppress := func(email, of string) {
		t.Helper()
		if err := l.Readers.Suppress(digest.Suppression{Email: email, Digest: of, Source: "page"}); err != nil {
			t.Fatal(err)
		}
	}
	mail := l.Mail()
	asked := func(when, email, of string, want bool) {
		t.Helper()
		if got, err := mail.Suppressed(email, of); got != want || err != nil {
			t.Errorf("%s: %s is suppressed for %s: %v, %v", when, email, of, got, err)
		}
	}
	suppress("gone@example.org", "")
	suppress("daily@example.org", "daily")
	if _, err := l.Forget("erased@example.org"); err != nil {
		t.Fatal(err)
	}
	for _, of := range []string{"daily", "weekly"} {
		asked("at first", "Gone@example.org", of, true)
		asked("at first", "erased@example.org", of, true)
		asked("at first", "daily@example.org", of, of == "daily")
		asked("at first", "reader@example.org", of, false)
	}
	suppress("reader@example.org", "")
	if _, err := l.Readers.Restore("daily@example.org", "daily"); err != nil {
		t.Fatal(err)
	}
	asked("who comes back", "daily@example.org", "daily", false)
	now = now.Add(11 * time.Second)
	asked("who left", "reader@example.org", "weekly", true)
}
