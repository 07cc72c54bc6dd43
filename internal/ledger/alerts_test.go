package ledger

import (
	"errors"
	"slices"
	"testing"
	"time"

	"digestd/internal/ledger/store"
	"digestd/internal/ledger/store/storetest"
)

func TestAlertsAreRemembered(t *testing.T) {
	open := storetest.Fresh(t)
	want := []Alert{{ID: "paused", Words: "the mail server is away", Since: time.Date(2026, 3, 12, 6, 30, 0, 0, time.UTC)}}
	for i := range 3 {
		l, err := Open(open, nil)
		if err != nil {
			t.Fatal(err)
		}
		got, err := l.Alerts()
		if err != nil || !slices.Equal(got, [][]Alert{nil, want, {}}[i]) {
			t.Errorf("start %d: %v, %v", i, got, err)
		}
		if err := l.SetAlerts([][]Alert{want, {}, {}}[i]); err != nil {
			t.Error(err)
		}
		l.Close()
	}
}

func TestWriteErrorIsThatOfTheLastWrite(t *testing.T) {
	l, err := Open(storetest.Fresh(t), nil)
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	full, refused := errors.New("no space left on device"), errors.New("the lane has moved")
	for _, step := range []struct {
		name string
		do   func() error
		want error
	}{
		{"a new ledger", func() error { return nil }, nil},
		{"a write", l.Touch, nil},
		{"a write that its own rules refuse", func() error { return l.update(nil, func(store.Tx) error { return refused }) }, nil},
		{"a write that fails", func() error { l.noteWrite(full, nil); return nil }, full},
		{"another refusal", func() error { return l.update(nil, func(store.Tx) error { return refused }) }, full},
		{"a read", func() error { _, err := l.Alerts(); return err }, full},
		{"a write that goes well", l.Touch, nil},
	} {
		if err := step.do(); err != nil && !errors.Is(err, refused) {
			t.Fatalf("%s: %v", step.name, err)
		}
		if got := l.WriteError(); got != step.want {
			t.Errorf("after %s: %v, want %v", step.name, got, step.want)
		}
	}
}
