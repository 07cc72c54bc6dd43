// Package regular reads the files that an operator names: regular ones alone, and up to a bound. A pipe would keep the
// reader waiting for ever, and a device never ends. Errors are those of the os package, whose Err is in words.
package regular

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"syscall"
)

// Bounds of what is read whole, in bytes.
const (
	MaxConfig = 64 << 20 // with its subscribers
	MaxSecret = 64 << 10 // a password, or a key
	MaxRoots  = 4 << 20  // certificates
	MaxText   = 1 << 20  // a template, or a catalogue
)

// Open opens a regular file of at most max bytes.
func Open(path string, max int64) (*os.File, error) {
	refuse := func(err error) error { return &fs.PathError{Op: "open", Path: path, Err: err} }
	f, err := os.OpenFile(path, os.O_RDONLY|syscall.O_NONBLOCK, 0) // of a pipe, too, without waiting
	if err != nil {
		return nil, err
	}
	info, err := f.Stat()
	switch {
	case err != nil:
	case info.IsDir():
		err = refuse(syscall.EISDIR)
	case !info.Mode().IsRegular():
		err = refuse(errors.New("is not a regular file"))
	case info.Size() > max:
		err = refuse(tooLarge(max))
	default:
		return f, nil
	}
	f.Close()
	return nil, err
}

// Read reads a regular file of at most max bytes.
func Read(path string, max int64) ([]byte, error) {
	f, err := Open(path, max)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	raw, err := io.ReadAll(io.LimitReader(f, max+1))
	if err == nil && int64(len(raw)) > max { // it grew, or its file system does not know
		err = &fs.PathError{Op: "read", Path: path, Err: tooLarge(max)}
	}
	return raw, err
}

func tooLarge(max int64) error {
	if max >= 1<<20 {
		return fmt.Errorf("is larger than %d MB", max>>20)
	}
	return fmt.Errorf("is larger than %d KB", max>>10)
}

// Dir is a directory, whose files are read so.
type Dir struct {
	fs.FS
	path string
	max  int64
}

// In is the directory at a path. Its files have at most max bytes.
func In(path string, max int64) Dir { return Dir{os.DirFS(path), path, max} }

// ReadFile reads a file of the directory.
func (d Dir) ReadFile(name string) ([]byte, error) {
	if !fs.ValidPath(name) {
		return nil, &fs.PathError{Op: "open", Path: name, Err: fs.ErrInvalid}
	}
	raw, err := Read(filepath.Join(d.path, filepath.FromSlash(name)), d.max)
	var pe *fs.PathError
	if errors.As(err, &pe) {
		pe.Path = name // as files are called in an fs.FS
	}
	return raw, err
}
