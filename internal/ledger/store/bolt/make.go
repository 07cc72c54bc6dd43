package bolt

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"

	"digestd/internal/ledger/store"
)

// Make makes a file that fill writes, whole on the disk before it bears its name. It is store.ErrTaken where something has that
// name.
func Make(path string, fill func(store.Store) error) error {
	if _, err := os.Lstat(path); err == nil {
		return fmt.Errorf("%s: %w", path, store.ErrTaken)
	}
	part := path + ".part"
	if err := os.Remove(part); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	defer os.Remove(part) // which does nothing when it has its name
	if err := write(part, fill); err != nil {
		return err
	}
	if err := os.Link(part, path); err != nil { // which replaces nothing
		return fmt.Errorf("make %s: %w", path, err)
	}
	if err := os.Remove(part); err != nil {
		return err
	}
	return syncAround(path)
}

// Write writes a file that fill fills to w, by way of one in the directory for temporary files that nobody else can open, and
// returns its length.
func Write(w io.Writer, fill func(store.Store) error) (n int64, err error) {
	dir, err := os.MkdirTemp("", "digestd-backup-")
	if err != nil {
		return 0, fmt.Errorf("backup: %w", err)
	}
	defer os.RemoveAll(dir)
	path := filepath.Join(dir, "digestd.db")
	if err := write(path, fill); err != nil {
		return 0, fmt.Errorf("backup: %w", err)
	}
	file, err := os.Open(path)
	if err == nil {
		defer file.Close()
		n, err = io.Copy(w, file)
	}
	if err != nil {
		return n, fmt.Errorf("backup: %w", err)
	}
	return n, nil
}

func write(path string, fill func(store.Store) error) error {
	d, err := open(path, Options{Anew: true})
	if err != nil {
		return err
	}
	return errors.Join(fill(d), d.Close())
}
