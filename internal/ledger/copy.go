package ledger

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

	bolt "go.etcd.io/bbolt"
)

// compactStep is how many bytes one transaction of a compaction copies.
const compactStep = 64 << 20

// Backup writes a consistent copy of the ledger, also while it is in use, and returns its length. It
// copies to a temporary file first: a slow reader must not keep a transaction open, since a ledger that
// grows waits for it. The file is beside the ledger, since /tmp may be memory, or there where the ledger's disk
// is full or can't be written, and has no name, so that nothing of it outlives the process.
func (l *Ledger) Backup(w io.Writer) (n int64, err error) {
	tmp, err := l.snapshot(filepath.Dir(l.path), ".digestd-backup-")
	if errors.Is(err, fs.ErrPermission) || errors.Is(err, syscall.ENOSPC) || errors.Is(err, syscall.EROFS) || errors.Is(err, syscall.EDQUOT) {
		tmp, err = l.snapshot("", "digestd-backup-")
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
	return n, nil
}

// snapshot copies the ledger into a file without a name in a directory.
func (l *Ledger) snapshot(dir, name string) (*os.File, error) {
	tmp, err := os.CreateTemp(dir, name)
	if err != nil {
		return nil, err
	}
	if err = os.Remove(tmp.Name()); err == nil {
		err = l.view(func(tx *bolt.Tx) error {
			out := bufio.NewWriter(tmp)
			_, err := tx.WriteTo(out)
			return cmp.Or(out.Flush(), err) // bbolt tells of its first pages' in words alone
		})
	}
	if err != nil {
		tmp.Close()
		return nil, err
	}
	return tmp, nil
}

// Compact rewrites the ledger at path without the space that forgotten rows left; bbolt's file never
// shrinks by itself. The old file is replaced when the new one is complete on the disk. It returns the
// lengths before and after. ErrBusy when the ledger is in use.
func Compact(path string) (before, after int64, err error) {
	l, err := Open(path, Options{})
	if err != nil {
		return 0, 0, err
	}
	defer l.Close()
	tmp := path + ".compact"
	if err := os.Remove(tmp); err != nil && !errors.Is(err, os.ErrNotExist) {
		return 0, 0, fmt.Errorf("compact: %w", err)
	}
	defer os.Remove(tmp)
	into, err := bolt.Open(tmp, 0o600, &bolt.Options{NoSync: true, FreelistType: bolt.FreelistMapType})
	if err != nil {
		return 0, 0, fmt.Errorf("compact: %w", err)
	}
	err = bolt.Compact(into, l.db, compactStep)
	if err == nil {
		err = into.Sync()
	}
	if closing := into.Close(); err == nil {
		err = closing
	}
	if err != nil {
		return 0, 0, fmt.Errorf("compact: %w", err)
	}
	before = l.Size()
	info, err := os.Stat(tmp)
	if err != nil {
		return 0, 0, fmt.Errorf("compact: %w", err)
	}
	adopt(tmp, path)
	// The lock on the old file is held until after the rename: nobody opens what is about to go away.
	if err := replace(tmp, path); err != nil {
		return 0, 0, fmt.Errorf("compact: %w", err)
	}
	return before, info.Size(), nil
}

// replace puts a file that is whole on the disk in the place of another, and returns when that is on the disk too:
// what is committed to the new one from then on must not go with a rename that a power cut takes back.
func replace(file, old string) error {
	if err := os.Rename(file, old); err != nil {
		return err
	}
	dir, err := os.Open(filepath.Dir(old))
	if err != nil {
		return err
	}
	defer dir.Close()
	return dir.Sync()
}
