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
	"path/filepath"
	"syscall"
	"time"

	"go.etcd.io/bbolt"
	bolterrors "go.etcd.io/bbolt/errors"

	"digestd/internal/ledger/store"
)

// allocSize is by how much the file grows at once, in bytes. bbolt's own 16 MB is more than most ledgers need.
const allocSize = 4 << 20

// Errors of Open, beside store.ErrForeign and store.ErrDamaged. Each is wrapped with the path and with what to do.
var (
	ErrBusy    = errors.New("the ledger is in use by another digestd")
	ErrMissing = errors.New("there is no ledger yet")
	ErrLost    = errors.New("the ledger is gone, but its marker is there")
	ErrEmpty   = errors.New("the ledger file is empty")
	ErrDenied  = errors.New("this user may not open the ledger")
)

// Options say how to open a file.
type Options struct {
	ReadOnly bool
	Anew     bool                   // make it, also where a marker tells of a lost one; one that is there is refused
	Timeout  time.Duration          // how long to wait for another process; 0 is one second
	Room     func() (uint64, error) // bytes left for the file; nil asks the file system
}

// DB is an open file. It is a store.File.
type DB struct {
	db    *bbolt.DB
	path  string
	room  func() (uint64, error)
	locks store.Locks
}

// At opens the file at a path when it is asked to. For writing, it is made where neither it nor its marker exists.
//
// Errors: ErrBusy when another process holds it; ErrMissing when it is opened for reading and neither it
// nor its marker exists; ErrLost, ErrEmpty, ErrDenied, store.ErrForeign, store.ErrDamaged with words on what to do.
func At(path string, opt Options) store.Opener {
	return func() (store.Store, error) {
		look := examine
		if opt.Anew {
			look = vacant
		}
		if err := look(path, opt.ReadOnly); err != nil {
			return nil, denied(path, err)
		}
		d, err := open(path, opt)
		if err != nil {
			return nil, denied(path, err)
		}
		return d, nil
	}
}

// markerPath is the file beside the ledger by which a lost ledger is told from a first run.
func markerPath(path string) string { return path + ".marker" }

// vacant refuses to begin anew over an existing file.
func vacant(path string, _ bool) error {
	if _, err := os.Lstat(path); err == nil {
		return fmt.Errorf("%s exists; move it away first if you really want to begin anew", path)
	} else if !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	return nil
}

// examine tells the states of the file apart that bbolt would hide: bbolt takes an empty file for a new
// database, and then everything would be sent again.
func examine(path string, readOnly bool) error {
	info, err := os.Stat(path)
	switch {
	case err == nil && info.IsDir():
		return fmt.Errorf("%s: %w: it is a directory", path, store.ErrForeign)
	case err == nil && info.Size() == 0:
		return fmt.Errorf("%s: %w: restore a backup over it, or remove it and run `digestd ledger init` to begin anew", path, ErrEmpty)
	case err == nil:
		return cutShort(path, info.Size())
	case !errors.Is(err, fs.ErrNotExist):
		return fmt.Errorf("open ledger: %w", err)
	}
	if _, err := os.Stat(markerPath(path)); err == nil {
		return fmt.Errorf("%s: %w (%s): restore a backup there, or run `digestd ledger init` to begin anew; "+
			"what the feeds show then counts as news again, within [collect] lookback", path, ErrLost, filepath.Base(markerPath(path)))
	}
	if readOnly {
		return fmt.Errorf("%s: %w: `digestd collect` or `digestd run` makes it", path, ErrMissing)
	}
	return nil
}

func open(path string, opt Options) (d *DB, err error) {
	// bbolt panics on some damage (a freelist that points outside of the file), in Open as well as later.
	var file *os.File
	defer func() {
		if p := recover(); p != nil {
			if file != nil {
				// The mapping that bbolt leaves behind keeps the lock beyond Close.
				_ = syscall.Flock(int(file.Fd()), syscall.LOCK_UN)
				file.Close()
			}
			d, err = nil, store.Damaged(path, fmt.Errorf("%v", p))
		}
	}()
	if opt.Timeout == 0 {
		opt.Timeout = time.Second
	}
	if !opt.ReadOnly {
		if err := os.MkdirAll(filepath.Dir(path), 0o750); err != nil {
			return nil, fmt.Errorf("make the ledger's directory: %w", err)
		}
	}
	db, err := bbolt.Open(path, 0o600, &bbolt.Options{
		OpenFile: func(name string, flag int, mode fs.FileMode) (f *os.File, err error) {
			file, err = os.OpenFile(name, flag, mode)
			return file, err
		},
		Timeout:      opt.Timeout,
		ReadOnly:     opt.ReadOnly,
		FreelistType: bbolt.FreelistMapType,
		// Growing the mapping waits for all readers; address space costs nothing.
		InitialMmapSize: 1 << 30,
	})
	switch {
	case errors.Is(err, bolterrors.ErrTimeout):
		return nil, fmt.Errorf("%s: %w", path, ErrBusy)
	case errors.Is(err, bolterrors.ErrInvalid), errors.Is(err, bolterrors.ErrVersionMismatch):
		return nil, fmt.Errorf("%s: %w: check [ledger] path", path, store.ErrForeign)
	case errors.Is(err, bolterrors.ErrChecksum):
		return nil, store.Damaged(path, err)
	case err != nil:
		return nil, fmt.Errorf("open ledger %s: %w", path, err)
	}
	// Whoever waited for the lock while the file was replaced (compact, a restored backup) holds the old one.
	if locked, err := file.Stat(); err == nil {
		if there, err := os.Stat(path); err != nil || !os.SameFile(locked, there) {
			db.Close()
			return nil, fmt.Errorf("%s: %w, which has just replaced the file: try again", path, ErrBusy)
		}
	}
	db.AllocSize = allocSize
	d = &DB{db: db, path: path, room: opt.Room}
	if !opt.ReadOnly {
		if err := d.adoptNew(); err != nil {
			db.Close()
			return nil, err
		}
	}
	return d, nil
}

// adoptNew gives a file in which nothing stands yet to the owner of its directory.
func (d *DB) adoptNew() error {
	return d.View(func(t store.Tx) error {
		names, err := t.Buckets()
		if err == nil && len(names) == 0 {
			adopt(d.path, filepath.Dir(d.path))
		}
		return err
	})
}

// Name is the path.
func (d *DB) Name() string { return d.path }

// ReadOnly reports whether the file was opened for reading alone.
func (d *DB) ReadOnly() bool { return d.db.IsReadOnly() }

// Close lets go of the file.
func (d *DB) Close() error { return d.db.Close() }

// Lock needs to ask nobody but this process: the file itself is locked against others.
func (d *DB) Lock(ctx context.Context, name string) (unlock func(), err error) {
	return d.locks.Lock(ctx, name)
}

// View runs a short read. Damage that bbolt meets with a panic becomes an error.
func (d *DB) View(f func(store.Tx) error) (err error) {
	defer d.recoverDamage(&err)
	return d.db.View(func(t *bbolt.Tx) error { return f(&tx{Tx: t}) })
}

// Update runs a short write. bbolt has one writer at a time, whatever it touches.
func (d *DB) Update(_ []store.Touch, f func(store.Tx) error) (err error) {
	defer d.recoverDamage(&err)
	return d.db.Update(func(t *bbolt.Tx) error { return f(&tx{Tx: t}) })
}

func (d *DB) recoverDamage(err *error) {
	if p := recover(); p != nil {
		*err = store.Damaged(d.path, fmt.Errorf("%v", p))
	}
}
