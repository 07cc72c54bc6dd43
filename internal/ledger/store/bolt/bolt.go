// Package bolt keeps the ledger in one file of bbolt, on one machine: the engine of whoever asks for no other.
// It is the only importer of bbolt, and all that a file of one's own brings with it stands here: what is
// wrong with one that can't be opened, its marker, its owner, its lock, the room on its disk, copies of it.
//
// Nothing above ever holds a transaction open: a write that must grow the file waits for all open reads.
package bolt

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"runtime/debug"
	"sync"
	"syscall"
	"time"

	"go.etcd.io/bbolt"

	"digestd/internal/ledger/store"
)

// allocSize is by how much the file grows at once, in bytes. bbolt's own 16 MB is more than most ledgers need.
const allocSize = 4 << 20

// Options say how to open a file.
type Options struct {
	ReadOnly bool
	Anew     bool                   // make it, also where a marker tells of a lost one; one that is there is refused
	Timeout  time.Duration          // how long to wait for another process; 0 is one second
	Room     func() (uint64, error) // bytes left for the file; nil asks the file system
	Eager    bool                   // journal all that can be, as tests want that are too short for it
}

// DB is an open file. It is a store.File.
type DB struct {
	db    *bbolt.DB
	file  *os.File // bbolt's own, which it closes
	path  string
	room  func() (uint64, error)
	eager bool
	locks store.Locks

	journal journal

	passed error

	naming  sync.Mutex
	unnamed string // what the file is called until something is committed; empty from then on
}

// At opens the file at a path when it is asked to. For writing, it is made where neither it nor its marker exists.
//
// Errors: store.ErrBusy when another process holds it; store.ErrMissing when it is opened for reading and neither it
// nor its marker exists; store.ErrLost, store.ErrEmpty, store.ErrDenied, store.ErrForeign, store.ErrDamaged with words
// on what to do.
func At(path string, opt Options) store.Opener {
	return func() (store.Store, error) {
		d, err := open(path, opt)
		if err != nil {
			return nil, denied(path, err)
		}
		return d, nil
	}
}

// open opens a file. Where it is to be read alone, and a process was killed that had journalled something, it is opened
// for writing for a moment.
func open(path string, opt Options) (*DB, error) {
	d, err := openOnce(path, opt)
	if !errors.Is(err, errUnfolded) {
		return d, err
	}
	write := opt
	write.ReadOnly = false
	var passed error
	if d, err = openOnce(path, write); err == nil {
		passed, err = d.passed, d.Close()
	}
	if err == nil {
		d, err = openOnce(path, opt)
	}
	if err == nil {
		d.passed = errors.Join(passed, d.passed)
	} else {
		err = fmt.Errorf("a digestd was killed, and what it did last is to be gone on with before the ledger is read, by a user who may "+
			"write to it: %w", denied(path, err))
	}
	return d, err
}

func openOnce(path string, opt Options) (*DB, error) {
	if opt.Timeout == 0 {
		opt.Timeout = time.Second
	}
	file, unnamed, err := take(path, opt)
	if err != nil {
		return nil, err
	}
	d := &DB{path: path, file: file, unnamed: unnamed, room: opt.Room, eager: opt.Eager}
	err = d.safely(func() (err error) {
		d.db, err = bbolt.Open(file.Name(), 0o600, &bbolt.Options{
			OpenFile:     func(string, int, fs.FileMode) (*os.File, error) { return file, nil },
			Timeout:      opt.Timeout,
			ReadOnly:     opt.ReadOnly,
			FreelistType: bbolt.FreelistMapType,
			// Growing the mapping waits for all readers; address space costs nothing.
			InitialMmapSize: 1 << 30,
		})
		return err
	})
	if err != nil {
		// The mapping that bbolt leaves after a panic keeps the lock beyond Close.
		_ = syscall.Flock(int(file.Fd()), syscall.LOCK_UN)
		file.Close()
		if unnamed != "" {
			os.Remove(unnamed)
		}
		if errors.Is(err, store.ErrDamaged) {
			return nil, err
		}
		return nil, fmt.Errorf("open ledger %s: %w", path, err)
	}
	d.db.AllocSize = allocSize
	if both, _ := metas(file); both[0] == nil || both[1] == nil {
		d.passed = errMeta
	}
	if err := d.goOn(); err != nil {
		d.journal.lost = err // and stays as it is
		d.journal.waits.Store(false)
		d.Close()
		return nil, err
	}
	return d, nil
}

// Name is the path.
func (d *DB) Name() string { return d.path }

// ReadOnly reports whether the file was opened for reading alone.
func (d *DB) ReadOnly() bool { return d.db.IsReadOnly() }

// Passed is damage that bbolt passes over in silence.
func (d *DB) Passed() error { return d.passed }

// Close lets go of the file. A new one in which nothing was committed goes with it.
func (d *DB) Close() error {
	j := &d.journal
	j.Lock()
	defer j.Unlock() // at the end: an Update between would leave a transaction open, for which bbolt waits
	if j.idle != nil {
		j.idle.Stop()
	}
	waits := j.waits.Load()
	kept := d.fold(true)
	if j.tx != nil {
		_ = j.tx.Rollback()
	}
	j.tx, j.at = nil, 0
	j.waits.Store(false)
	err := d.db.Close()
	if waits && kept != nil {
		err = errors.Join(fmt.Errorf("%s: %w; nothing is lost: its journal is gone on with when it is opened", d.path, kept), err)
	}
	d.naming.Lock()
	defer d.naming.Unlock()
	if d.unnamed != "" {
		os.Remove(d.unnamed)
		d.unnamed = ""
	}
	return err
}

// Lock needs to ask nobody but this process: the file itself is locked against others.
func (d *DB) Lock(ctx context.Context, name string) (unlock func(), err error) {
	return d.locks.Lock(ctx, name)
}

// Session needs to ask nobody else either.
func (d *DB) Session(context.Context, string) (store.Session, error) { return d.locks.Session(d), nil }

// giveName gives a new file its name.
func (d *DB) giveName() error {
	d.naming.Lock()
	defer d.naming.Unlock()
	if d.unnamed == "" {
		return nil
	}
	if err := replace(d.unnamed, d.path); err != nil {
		return fmt.Errorf("make the ledger: %w", err)
	}
	d.unnamed = ""
	return nil
}

// safely runs what looks at the mapping: a panic in it, or a fault where the file is shorter than it was or the disk
// fails to read, is an error that is store.ErrDamaged.
func (d *DB) safely(f func() error) (err error) {
	defer debug.SetPanicOnFault(debug.SetPanicOnFault(true))
	defer func() {
		if p := recover(); p != nil {
			err = store.Damaged(d.path, fmt.Errorf("%v", p))
		}
	}()
	return f()
}
