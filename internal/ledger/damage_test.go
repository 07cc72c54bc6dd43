package ledger

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"digestd/digest"
	"digestd/internal/ledger/store"
	"digestd/internal/ledger/store/bolt"
	"digestd/internal/ledger/store/storetest"
)

// TestDamageAnywhereIsToldAndNeverPanics overwrites each page of a ledger in turn. Whatever it held,
// opening, checking and reading end with words or with the right answer.
func TestDamageAnywhereIsToldAndNeverPanics(t *testing.T) {
	storetest.NeedsFile(t)
	dir := t.TempDir()
	path := filepath.Join(dir, "digestd.db")
	create(t, path)
	l, err := Open(bolt.At(path, bolt.Options{}), nil)
	if err != nil {
		t.Fatal(err)
	}
	for i := range 60 {
		poll(t, l, "a", fmt.Sprintf("Story number %d of a day with many pages to damage", i))
	}
	l.Close()
	whole, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	page := os.Getpagesize()
	used := 0
	for i := range len(whole) / page {
		for _, c := range whole[i*page : (i+1)*page] {
			if c != 0 {
				used = i + 1
				break
			}
		}
	}
	told := 0
	for i := range used {
		damagedPath := filepath.Join(dir, "damaged.db")
		write(t, damagedPath, whole)
		scribble(t, damagedPath, i*page, page)
		l, err := Open(bolt.At(damagedPath, bolt.Options{Timeout: 50 * time.Millisecond}), nil)
		if err != nil {
			if !errors.Is(err, store.ErrDamaged) && !errors.Is(err, store.ErrForeign) {
				t.Errorf("page %d: %v", i, err)
			}
			told++
			continue
		}
		if problems := l.Check(); len(problems) > 0 {
			told++
		}
		if _, err := l.Items.After(0); err != nil && !errors.Is(err, store.ErrDamaged) {
			t.Errorf("page %d: reading items: %v", i, err)
		}
		l.Close()
	}
	t.Logf("%d of %d damaged pages were noticed", told, used)
	if told == 0 {
		t.Error("no damage was noticed at all")
	}
}

func TestALedgerThatIsCutShortIsRefusedInWords(t *testing.T) {
	storetest.NeedsFile(t)
	path := filepath.Join(t.TempDir(), "digestd.db")
	l, err := Open(bolt.At(path, bolt.Options{}), nil)
	if err != nil {
		t.Fatal(err)
	}
	for i := range 40 { // so that the file has more than its first pages
		l.Readers.Suppress(digest.Suppression{Email: fmt.Sprintf("reader%d@%s.example.org", i, strings.Repeat("x", 60)), Source: "operator", Words: strings.Repeat("w", 200)})
	}
	var whole bytes.Buffer // a backup ends with the last page in use
	if _, err := l.Backup(&whole); err != nil {
		t.Fatal(err)
	}
	l.Close()
	restore := func(n int) {
		if err := os.WriteFile(path, whole.Bytes()[:n], 0o600); err != nil {
			t.Fatal(err)
		}
	}
	for n := os.Getpagesize() * 2; n < whole.Len(); n += os.Getpagesize() {
		restore(n)
		for _, readOnly := range []bool{true, false} {
			if l, err := Open(bolt.At(path, bolt.Options{ReadOnly: readOnly}), nil); !errors.Is(err, store.ErrDamaged) {
				t.Errorf("%d of %d bytes, reading %v: %v", n, whole.Len(), readOnly, err)
				if err == nil {
					l.Close()
				}
			}
		}
	}
	restore(whole.Len())
	if l, err = Open(bolt.At(path, bolt.Options{}), nil); err != nil {
		t.Fatal("the whole of it: ", err)
	}
	defer l.Close()
	if problems := l.Check(); len(problems) > 0 {
		t.Error(problems)
	}
}
