package bolt

import (
	"bufio"
	"cmp"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"syscall"
	"time"

	"go.etcd.io/bbolt"

	"digestd/internal/ledger/store"
)

// compactStep is how many bytes one transaction of a compaction copies.
const compactStep = 64 << 20

// Mark writes the marker when it is not there or speaks of another ledger.
func (d *DB) Mark(id string, created time.Time) error {
	if err := (Marker{d.path}).Write(id, created); err != nil {
		return denied(d.path, err)
	}
	return nil
}

// settle puts a file that was written, with this error, in the place of another, whole on the disk; else it removes it.
func settle(file *os.File, err error, place string) error {
	if err == nil {
		err = file.Sync()
	}
	if closing := file.Close(); err == nil {
		err = closing
	}
	if err == nil {
		err = replace(file.Name(), place)
	}
	if err != nil {
		os.Remove(file.Name())
	}
	return err
}

// Size is the length of the file in bytes.
func (d *DB) Size() int64 {
	info, err := os.Stat(d.path)
	if err != nil {
		return 0
	}
	return info.Size()
}

// Room is how many bytes the file system has left for the file.
func (d *DB) Room() (uint64, error) {
	if d.room != nil {
		return d.room()
	}
	var fs syscall.Statfs_t
	if err := syscall.Statfs(filepath.Dir(d.path), &fs); err != nil {
		return 0, fmt.Errorf("free space beside %s: %w", d.path, err)
	}
	return uint64(fs.Bavail) * uint64(fs.Bsize), nil
}

// Verify looks at every page and row of the file, and at both meta pages. It reads the file as it is at one moment,
// with little memory, whatever stands there.
func (d *DB) Verify() []error {
	d.foldNow()
	problems := []error{fmt.Errorf("%s changes too fast to be looked at", d.path)}
	for range 10 {
		again := false
		err := d.safely(func() error {
			return d.db.View(func(t *bbolt.Tx) error {
				both, _ := metas(d.file)
				again = later(both) != nil && later(both).txid != uint64(t.ID()) // another commit came between
				if !again {
					problems = examineAll(d.file)
				}
				return nil
			})
		})
		if err != nil {
			return []error{err}
		}
		if !again {
			break
		}
	}
	return problems
}

// Backup writes a consistent copy of the ledger, also while it is in use, and returns its length. It
// copies to a temporary file first: a slow reader must not keep a transaction open, since a ledger that
// grows waits for it. The file is beside the ledger, since /tmp may be memory, or there where the ledger's disk
// is full or can't be written, and has no name, so that nothing of it outlives the process.
func (d *DB) Backup(w io.Writer) (n int64, err error) {
	tmp, err := d.snapshot(filepath.Dir(d.path), ".digestd-backup-")
	if errors.Is(err, fs.ErrPermission) || errors.Is(err, syscall.ENOSPC) || errors.Is(err, syscall.EROFS) || errors.Is(err, syscall.EDQUOT) {
		tmp, err = d.snapshot("", "digestd-backup-")
	}
	if err != nil {
		return 0, fmt.Errorf("backup: %w", err)
	}
	defer tmp.Close()
	if _, err = tmp.Seek(0, io.SeekStart); err == nil {
		n, err = io.Copy(w, tmp)
	}
	if err != nil {
		return n, fmt.Errorf("backup: %w", err)
	}
	if problems := examineAll(tmp); len(problems) > 0 {
		return n, fmt.Errorf("backup: the copy is as the ledger is, which is damaged: %w: %w", store.ErrDamaged, problems[0])
	}
	return n, nil
}

// snapshot copies the ledger into a file without a name in a directory.
func (d *DB) snapshot(dir, name string) (*os.File, error) {
	tmp, err := os.CreateTemp(dir, name)
	if err != nil {
		return nil, err
	}
	if err = os.Remove(tmp.Name()); err == nil {
		err = d.writeTo(tmp)
	}
	if err != nil {
		tmp.Close()
		return nil, err
	}
	return tmp, nil
}

// writeTo copies the file as it is at one moment.
func (d *DB) writeTo(w io.Writer) error {
	return d.read(copied, func(t *bbolt.Tx) error {
		out := bufio.NewWriter(w)
		_, err := t.WriteTo(out)
		return cmp.Or(out.Flush(), err) // bbolt tells of its first pages' in words alone
	})
}

// Compact rewrites the file without the space that forgotten rows left; bbolt's file never shrinks by
// itself. The old file is replaced when the new one is complete on the disk, and let go of after that.
func (d *DB) Compact() (before, after int64, err error) {
	defer d.Close()
	file, err := makeFile(d.path+".compact", d.path)
	if err != nil {
		return 0, 0, fmt.Errorf("compact: %w", err)
	}
	defer os.Remove(file.Name()) // which does nothing when it has its name
	d.journal.Lock()
	defer d.journal.Unlock()
	if err := d.fold(true); err != nil {
		return 0, 0, fmt.Errorf("compact: %w", err)
	}
	// Who waits meanwhile must not change the old one.
	d.journal.lost = fmt.Errorf("%s: it was compacted, and is to be opened anew", d.path)
	err = d.safely(func() error {
		into, err := bbolt.Open(file.Name(), 0o600, &bbolt.Options{NoSync: true, FreelistType: bbolt.FreelistMapType,
			OpenFile: func(string, int, fs.FileMode) (*os.File, error) { return file, nil }})
		if err != nil {
			return err
		}
		err = bbolt.Compact(into, d.db, compactStep)
		if err == nil {
			err = into.Sync()
		}
		if info, serr := file.Stat(); serr == nil {
			after = info.Size()
		}
		return cmp.Or(err, into.Close())
	})
	before = d.Size()
	if err == nil {
		// The lock on the old file is held until after the rename: nobody opens what is about to go away.
		err = replace(file.Name(), d.path)
	}
	if err != nil {
		return 0, 0, fmt.Errorf("compact: %w", err)
	}
	return before, after, nil
}

// replace puts a file that is whole on the disk in the place of another, and returns when that is on the disk too:
// what is committed to the new one from then on must not go with a rename that a power cut takes back.
func replace(file, old string) error {
	if err := os.Rename(file, old); err != nil {
		return err
	}
	return syncAround(old)
}

// syncAround makes durable what names the directory of a file has.
func syncAround(file string) error {
	dir, err := os.Open(filepath.Dir(file))
	if err != nil {
		return err
	}
	defer dir.Close()
	return dir.Sync()
}

// Keep writes a copy beside the file, whole on the disk before it bears its name. One that is there already is an
// earlier try's, and the ledger may have gone on since.
func (d *DB) Keep(suffix string) error {
	path := d.path + suffix
	file, err := makeFile(path+".part", d.path)
	if err != nil {
		return err
	}
	return settle(file, d.writeTo(file), path)
}
