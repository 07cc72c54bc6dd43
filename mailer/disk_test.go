package mailer

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"testing"
	"time"

	"digestd/digest"
	"digestd/internal/ledger"
	"digestd/internal/ledger/store"
	"digestd/internal/ledger/store/bolt"
	"digestd/internal/ledger/store/storetest"
	"digestd/mailer/message"
	"digestd/mailer/smtp/smtptest"
	"digestd/subscribers"
)

// onDisk makes a ledger in a directory that owes one edition to so many readers, and the job to deliver it.
func onDisk(t testing.TB, dir string, readers int, tpl *message.Template) (*ledger.Ledger, Job) {
	t.Helper()
	at := bolt.At(filepath.Join(dir, "digestd.db"), bolt.Options{})
	if os.Getenv(storetest.Variable) == "postgres" {
		at = storetest.Fresh(t)
	}
	return composedIn(t, at, readers, tpl)
}

// composedIn opens a store, with an edition in it that is owed to so many readers.
func composedIn(t testing.TB, at store.Opener, readers int, tpl *message.Template) (*ledger.Ledger, Job) {
	t.Helper()
	l, err := ledger.Open(at, nil)
	if err != nil {
		t.Fatal(err)
	}
	body, err := tpl.MarshalBinary()
	if err != nil {
		t.Fatal(err)
	}
	c := ledger.Composition{
		Edition:  digest.Edition{ID: anEdition, Digest: "daily", Zone: "Europe/Paris", Composed: time.Date(2026, 11, 22, 6, 0, 0, 0, time.UTC)},
		Variants: []ledger.Variant{{Body: body}},
	}
	for i := range readers {
		c.Recipients = append(c.Recipients, digest.Recipient{Index: i, Email: fmt.Sprintf("reader%d@example.org", i), Name: fmt.Sprintf("Reader %d", i)})
	}
	if c.Before, err = l.Lanes.Get(digest.Lane{Digest: "daily", Zone: "Europe/Paris"}); err != nil {
		t.Fatal(err)
	}
	if err := l.Editions.Commit(c); err != nil {
		t.Fatal(err)
	}
	key := tokenKey(t)
	return l, Job{Edition: anEdition, Digest: "daily", Templates: []*message.Template{tpl},
		TokenKey: func(id string) (subscribers.TokenKey, bool) { return key, id == key.ID() }}
}

// diskRig is a rig whose ledger is a file. It is closed after each run, opened anew, and its rules are held.
type diskRig struct {
	*rig
	t       *testing.T
	path    string
	readers int
}

func newDiskRig(t *testing.T, readers int, o Options, answer func(smtptest.Moment) string) *diskRig {
	t.Helper()
	dir := t.TempDir()
	l, job := onDisk(t, dir, readers, template(t, 8000))
	if err := l.Close(); err != nil {
		t.Fatal(err)
	}
	d := &diskRig{rig: newRig(t, readers, o, answer), t: t, path: filepath.Join(dir, "digestd.db"), readers: readers}
	d.job = job
	return d
}

func (d *diskRig) open() *ledger.Ledger {
	d.t.Helper()
	l, err := ledger.Open(bolt.At(d.path, bolt.Options{Timeout: 5 * time.Second}), d.clock.Now)
	if err != nil {
		d.t.Fatal(err)
	}
	return l
}

func (d *diskRig) deliver() Summary {
	d.t.Helper()
	l := d.open()
	d.Mailer.ledger = l.Mail()
	s, err := d.Deliver(context.Background(), d.job)
	if err := l.Close(); err != nil {
		d.t.Fatal(err)
	}
	if err != nil {
		d.t.Fatal(err)
	}
	l = d.open()
	defer l.Close()
	if problems := l.Check(); len(problems) > 0 {
		d.t.Fatalf("the ledger's rules do not hold: %v", problems)
	}
	p, err := l.Deliveries.Progress(anEdition)
	if err != nil {
		d.t.Fatal(err)
	}
	n := p.Counts()
	if s.Recipients != d.readers || s.Pending != n[digest.Pending] || s.Deferred != n[digest.Deferred] || s.Held != n[digest.Held] ||
		s.InDoubt != n[digest.InDoubt]+n[digest.Held]+n[digest.Intent] || n[digest.Intent] != 0 {
		d.t.Errorf("the summary says %+v, the ledger %v", s, n)
	}
	return s
}

func (d *diskRig) untilQuiet() {
	d.t.Helper()
	untilQuiet(d.t, d.rig, d.deliver)
}

// event is the last that happened to a delivery.
func (d *diskRig) event(index int) digest.Event {
	d.t.Helper()
	l := d.open()
	defer l.Close()
	history, err := l.Deliveries.History(anEdition, index)
	if err != nil || len(history) == 0 {
		d.t.Fatalf("nothing happened to recipient %d, %v", index, err)
	}
	return history[len(history)-1]
}
