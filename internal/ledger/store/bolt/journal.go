package bolt

import (
	"bytes"
	"crypto/rand"
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
	"time"
	"unsafe"

	"go.etcd.io/bbolt"

	"digestd/internal/ledger/store"
)

// A commit of bbolt takes two syncs and writes every page that it touched. Small ones are journalled instead, inside
// the same file: a bucket that nothing above sees has one long value, whose pages bbolt leaves alone as long as nothing
// is put there, and what a small Update did is written into them, as a record, with one sync. The transaction of bbolt
// stays open, and the next Update goes on in it. Who reads while nobody changes much does so in it, too. To fold is to
// commit it: before anybody else reads, when the journal is full, with an Update that is not small, after a moment
// without one, and at the end.
//
// A record bears the number of the transaction that will fold it. So the fold makes all of them void by what makes it
// valid itself, the meta page. Records that are not void when the file is opened are done again, in their order. They
// say what rows and sequences became, and not what changed in them, so to do all of them twice comes to the same as
// once.
//
// The bucket comes with the first small Updates that follow each other, and goes with the fold before a copy, before a
// compaction and at the end. So no copy has it, and a program that knows of no journal opens a file that was
// closed. Of one that was not, its name is what such a program says.
const (
	journalName = "journal of a newer digestd that was killed, which goes on with it"
	journalSize = 1 << 20

	slot       = 4 << 10 // where in the file records begin: a torn write harms none but its own
	saltLength = 16

	roomAfter   = 16       // so many small Updates, and there is a journal
	recordAfter = 2        // so many after a View that folded, and the next is journalled: a fold costs more than a commit saves
	readAmong   = 16       // records at most are read where they stand: where more come, they would wait for who reads
	journalRoom = 64 << 20 // bytes of the disk without which there is no new journal
)

// foldAfter is how long there was no Update before what is journalled is folded: whoever reads at length then keeps
// nobody waiting.
var foldAfter = time.Second

var (
	journalKey = []byte("records")

	errJournal  = errors.New("the journal is not what was written")
	errUnfolded = errors.New("its journal holds what was done before a process was killed")
	errTorn     = errors.New("the last record of the journal is not whole: a power cut came while it was written, and then nothing is lost; " +
		"or it is damaged, and then what was done last (which mails are sent, say) is as before it")
)

// journal is that of an open file.
type journal struct {
	sync.Mutex
	tx      *bbolt.Tx // the one that is open, nil where there is none
	id      uint64    // its number
	done    [][]byte  // what was journalled in it, for when it is lost
	at, end int64     // where in the file records stand, from slot to slot; 0 where there is no journal
	next    int64     // where the next one goes
	raw     []byte    // room for a record as it is written
	salt    []byte    // of the checksums, so that nobody makes a record who can't read the file
	doubt   bool      // whether something failed of which nobody knows how much is on the disk: nothing is journalled before a commit
	lost    error     // why nothing goes on before the file is opened anew

	idle *time.Timer // which folds; nil before the first record

	waits atomic.Bool // whether anything is not folded
	quiet int         // small Updates since the last View that folded for another reason than that there were many records
}

// View runs a short read. Damage that bbolt meets with a panic becomes an error.
func (d *DB) View(f func(store.Tx) error) error { return d.read(short, changeless(f)) }

// Look is View for a read that takes long: nobody waits for its end.
func (d *DB) Look(f func(store.Tx) error) error { return d.read(long, changeless(f)) }

func changeless(f func(store.Tx) error) func(*bbolt.Tx) error {
	return func(t *bbolt.Tx) error { return f(&tx{Tx: t, fixed: true}) }
}

// reading is how something is read.
type reading int

const (
	short  reading = iota // where it stands, while nobody changes much
	long                  // as it was folded
	copied                // as it was folded, and the journal is gone
)

// read runs a read. What is not folded is read where it stands while nobody changes much, if that is short, and folded
// before it otherwise; before a copy, the journal goes. What can't be folded, the disk being full, is read where it
// stands, and copied together with the journal, and nothing changes meanwhile.
func (d *DB) read(how reading, f func(*bbolt.Tx) error) error {
	j, release := &d.journal, func() {}
	if how == copied || j.waits.Load() {
		alone := j.TryLock()
		if !alone {
			j.Lock()
		}
		release = sync.OnceFunc(j.Unlock)
		defer release()
		if alone && how == short && j.waits.Load() && j.lost == nil && len(j.done) <= readAmong {
			return d.safely(func() error { return f(j.tx) })
		}
		if !alone || how != short { // else there were many records, and they have paid for it
			j.quiet = 0
		}
		switch err := d.fold(how == copied); {
		case j.lost != nil:
			return j.lost
		case err != nil && how == copied:
			release = func() {} // before the end
		case err != nil && j.waits.Load():
			return d.safely(func() error { return f(j.tx) })
		}
	}
	return d.safely(func() error {
		t, err := d.db.Begin(false)
		if err != nil {
			return err
		}
		defer t.Rollback()
		release()
		return f(t)
	})
}

// Update runs a short write. bbolt has one writer at a time, whatever it touches. A new file gets its name with its
// first commit.
func (d *DB) Update(_ []store.Touch, f func(store.Tx) error) error {
	j := &d.journal
	j.Lock()
	defer j.Unlock()
	if err := d.begin(); err != nil {
		return err
	}
	u := &tx{Tx: j.tx}
	if err := d.safely(func() error { return f(u) }); err != nil {
		return d.undo(err)
	}
	if u.large {
		return d.commit()
	}
	room, record := roomAfter, recordAfter
	if d.eager {
		room, record = 1, 0
	}
	if j.quiet++; j.quiet > record && d.record(u.log) {
		return nil
	}
	err := d.commit()
	if err == nil && j.quiet%room == 0 && j.at == 0 { // and now and then again, should the disk have no room for it
		d.makeJournal()
	}
	return err
}

// begin goes on with the open transaction, or begins one.
func (d *DB) begin() (err error) {
	j := &d.journal
	if j.lost != nil || j.tx != nil {
		return j.lost
	}
	if j.tx, err = d.db.Begin(true); err == nil {
		j.id = uint64(j.tx.ID())
	}
	return err
}

// commit commits the open transaction, or leaves what was journalled in it, and nothing else.
func (d *DB) commit() error {
	j := &d.journal
	if err := d.safely(j.tx.Commit); err != nil {
		if errors.Is(err, store.ErrDamaged) { // in a panic: nobody knows what bbolt takes for free now
			j.lost = err
		}
		return d.undo(err)
	}
	j.tx, j.done, j.next, j.doubt = nil, nil, j.at, false
	j.waits.Store(false)
	return d.giveName()
}

// undo leaves of the open transaction what was journalled in it, and returns the error of whatever else was done there.
func (d *DB) undo(why error) error {
	j, old := &d.journal, d.journal.id
	if j.tx != nil {
		_ = j.tx.Rollback() // of one that is closed it does nothing
		j.tx = nil
	}
	if j.lost != nil {
		return why
	}
	err := d.begin()
	if err == nil && j.id != old { // the commit that failed is valid: only whether it is on the disk, nobody knows
		j.done, j.at, j.doubt = nil, 0, true
		j.waits.Store(false)
		err = d.findJournal() // it went with that commit, or is where it was
	}
	for _, log := range j.done {
		if err == nil {
			err = d.safely(func() error { return redo(&tx{Tx: j.tx}, log) })
		}
	}
	if err == nil {
		return why
	}
	if j.tx != nil {
		_ = j.tx.Rollback()
		j.tx = nil
	}
	j.lost = fmt.Errorf("%s: what is in its journal can't be gone on with before it is opened anew: %w", d.path, err)
	return errors.Join(why, j.lost)
}

// fold commits what is journalled. With the last one the journal goes.
func (d *DB) fold(last bool) error {
	j := &d.journal
	last = last && j.at > 0
	if !j.waits.Load() && !last || j.lost != nil {
		return j.lost
	}
	if err := d.begin(); err != nil {
		return err
	}
	if last {
		if err := d.safely(func() error { return j.tx.DeleteBucket([]byte(journalName)) }); err != nil {
			return d.undo(err)
		}
	}
	err := d.commit()
	if err == nil && last {
		j.at, j.quiet = 0, 0
	}
	return err
}

// foldNow folds, or what is journalled waits.
func (d *DB) foldNow() {
	d.journal.Lock()
	defer d.journal.Unlock()
	_ = d.fold(false)
}

// makeJournal makes a journal, where the disk has room enough. Without one, each Update is a commit.
func (d *DB) makeJournal() {
	room, err := d.Room()
	if err != nil || room < journalRoom || d.begin() != nil {
		return
	}
	if err = d.safely(func() error {
		value := make([]byte, journalSize)
		rand.Read(value[:saltLength])
		b, err := d.journal.tx.CreateBucketIfNotExists([]byte(journalName))
		if err != nil {
			return err
		}
		return b.Put(journalKey, value)
	}); err != nil {
		_ = d.undo(err)
	} else if d.commit() == nil {
		_ = d.findJournal()
	}
}

// findJournal finds out where in the file the journal is, if there is one: where in the mapping its value is.
func (d *DB) findJournal() error {
	return d.safely(func() error {
		return d.db.View(func(t *bbolt.Tx) error {
			b := t.Bucket([]byte(journalName))
			if b == nil {
				return nil
			}
			value, salt := b.Get(journalKey), make([]byte, saltLength)
			if len(value) < 4*slot {
				return errJournal
			}
			at := int64(uintptr(unsafe.Pointer(&value[0])) - d.db.Info().Data)
			if _, err := d.file.ReadAt(salt, at); err != nil || !bytes.HasPrefix(value, salt) {
				return errJournal
			}
			j := &d.journal
			j.at, j.end, j.salt = (at+saltLength+slot-1)/slot*slot, (at+int64(len(value)))/slot*slot, salt
			j.next = j.at
			return nil
		})
	})
}

// record puts a record into the journal, and reports whether it is on the disk. It does nothing where it has no place.
func (d *DB) record(log []byte) bool {
	j := &d.journal
	raw := encodeRecord(j.raw, log, j.salt, j.id, uint64(len(j.done)))
	j.raw = raw
	if j.at == 0 || j.doubt || j.next+int64(len(raw)) > j.end {
		return false
	}
	_, err := d.file.WriteAt(raw, j.next)
	if err == nil {
		err = d.db.Sync()
	}
	if err != nil { // it must not be done when the file is opened, should the commit fail as well
		j.doubt = true
		_, _ = d.file.WriteAt(make([]byte, recordHead), j.next)
		return false
	}
	j.done, j.next = append(j.done, log), j.next+int64(len(raw))
	j.waits.Store(true)
	if j.idle == nil {
		j.idle = time.AfterFunc(foldAfter, d.foldNow)
	} else {
		j.idle.Reset(foldAfter)
	}
	return true
}

// goOn does again what stands in the journal of a file whose process was killed, and folds it. When that fails, the
// disk being full, it waits. The error is errUnfolded where the file is open for reading alone.
func (d *DB) goOn() error {
	j := &d.journal
	err := d.findJournal()
	if err == nil && j.at == 0 {
		return nil
	}
	area := make([]byte, j.end-j.at)
	if err == nil {
		_, err = d.file.ReadAt(area, j.at)
	}
	if err != nil {
		return store.Damaged(d.path, err)
	}
	if err := d.db.View(func(t *bbolt.Tx) error { j.id = uint64(t.ID()) + 1; return nil }); err != nil {
		return err
	}
	logs, length, torn, err := readRecords(area, j.salt, j.id)
	if err != nil {
		return store.Damaged(d.path, err)
	}
	if torn {
		d.passed = errors.Join(d.passed, errTorn)
	}
	switch {
	case d.ReadOnly() && len(logs) > 0:
		return errUnfolded
	case d.ReadOnly():
		j.at = 0
		return nil
	case len(logs) > 0:
		j.done, j.next = logs, j.at+int64(length)
		j.waits.Store(true)
		if err := d.undo(nil); err != nil {
			return store.Damaged(d.path, err)
		}
	}
	_ = d.fold(true)
	return j.lost
}
