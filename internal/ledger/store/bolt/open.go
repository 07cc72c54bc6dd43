package bolt

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"syscall"
	"time"

	"digestd/internal/ledger/store"
)

// Where root's commands work in the directory of the service, whoever is in the service may have put links there:
// what is opened is no link of theirs, what is made is new, and what is given to them is what was made.

// openRegular opens a file that must be a regular one: a pipe would keep the opener waiting.
func openRegular(path string, flag int) (*os.File, error) {
	if link, err := os.Lstat(path); err == nil && link.Mode()&fs.ModeSymlink != 0 && os.Geteuid() == 0 && ownerOf(link) != 0 {
		return nil, fmt.Errorf("%s: %w: it is a link of another user, which root does not follow: `runuser -u %s -- digestd …` "+
			"works as that user", path, store.ErrForeign, userName(ownerOf(link)))
	} else if err == nil && link.Mode()&fs.ModeSymlink == 0 {
		flag |= syscall.O_NOFOLLOW
	}
	file, err := os.OpenFile(path, flag|syscall.O_NONBLOCK, 0)
	if to, isLink := os.Readlink(path); errors.Is(err, fs.ErrNotExist) && isLink == nil {
		err = fmt.Errorf("%s is a link to %s, which is not there: is its disk mounted? To begin anew, remove the link", path, to)
	}
	var info fs.FileInfo
	if err == nil {
		info, err = file.Stat()
	}
	if errors.Is(err, syscall.EISDIR) || err == nil && !info.Mode().IsRegular() {
		err = fmt.Errorf("%s: %w: it is no regular file", path, store.ErrForeign)
	}
	if err != nil {
		file.Close() // of nil it does nothing
		return nil, err
	}
	return file, nil
}

// makeFile makes a file for the owner of a directory or of another file. What a try that was cut short left under that
// name goes first; a link goes, and not what it leads to.
func makeFile(path, like string) (*os.File, error) {
	if err := os.Remove(path); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nil, err
	}
	file, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE|os.O_EXCL, 0o600)
	if err == nil {
		adopt(file, like)
	}
	return file, err
}

// lock waits until no other process has the file, and holds that it still has its name: whoever waited while the
// file was replaced (compact, a restored backup) would have the old one.
func lock(file *os.File, path, name string, readOnly bool, timeout time.Duration) error {
	how := syscall.LOCK_EX
	if readOnly {
		how = syscall.LOCK_SH
	}
	for deadline := time.Now().Add(timeout); ; time.Sleep(min(timeout/4, 25*time.Millisecond)) {
		err := syscall.Flock(int(file.Fd()), how|syscall.LOCK_NB)
		if err == nil {
			break
		}
		if !errors.Is(err, syscall.EWOULDBLOCK) && !errors.Is(err, syscall.EINTR) {
			return fmt.Errorf("lock ledger %s: %w", path, err)
		}
		if time.Now().After(deadline) {
			return fmt.Errorf("%s: %w", path, store.ErrBusy)
		}
	}
	locked, err := file.Stat()
	if err != nil {
		return err
	}
	if there, err := os.Stat(name); err != nil || !os.SameFile(locked, there) {
		return fmt.Errorf("%s: %w, which has just replaced the file: try again", path, store.ErrBusy)
	}
	return nil
}

// take opens and locks the file at a path, and looks whether bbolt may have it. Where there is none, and may be none, it
// makes one beside it, whose name is unnamed until something is committed: whatever ends a first start, a full disk or a
// power cut, leaves a whole ledger or none.
func take(path string, opt Options) (file *os.File, unnamed string, err error) {
	if _, err = os.Lstat(path); errors.Is(err, fs.ErrNotExist) {
		if err = mayBegin(path, opt); err == nil {
			unnamed = path + ".new"
			file, err = begin(path, unnamed, opt.Timeout)
		}
		return file, unnamed, err
	}
	if err == nil && opt.Anew {
		err = fmt.Errorf("%s exists; move it away first if you really want to begin anew", path)
	}
	if err != nil {
		return nil, "", err
	}
	flag := os.O_RDWR
	if opt.ReadOnly {
		flag = os.O_RDONLY
	}
	if file, err = openRegular(path, flag); err != nil {
		return nil, "", fmt.Errorf("open ledger: %w", err)
	}
	if err = lock(file, path, path, opt.ReadOnly, opt.Timeout); err == nil {
		err = examine(file, path, opt.ReadOnly)
	}
	if err != nil {
		file.Close()
		return nil, "", err
	}
	return file, "", nil
}

// mayBegin tells a first run from a ledger that is lost.
func mayBegin(path string, opt Options) error {
	if opt.Anew {
		return nil
	}
	if _, err := os.Lstat(markerPath(path)); err == nil {
		return fmt.Errorf("%s: %w (%s): restore a backup there, or run `digestd ledger init` to begin anew; "+
			"what the feeds show then counts as news again, within [collect] lookback", path, store.ErrLost, filepath.Base(markerPath(path)))
	}
	if opt.ReadOnly {
		return fmt.Errorf("%s: %w: `digestd collect` or `digestd run` makes it", path, store.ErrMissing)
	}
	return nil
}

// begin makes a new file under a name of its own, for the owner of its directory.
func begin(path, name string, timeout time.Duration) (*os.File, error) {
	dir := filepath.Dir(path)
	if err := os.MkdirAll(dir, 0o750); err != nil {
		return nil, fmt.Errorf("make the ledger's directory: %w", err)
	}
	if old, err := os.OpenFile(name, os.O_RDWR|syscall.O_NOFOLLOW|syscall.O_NONBLOCK, 0); err == nil {
		defer old.Close()
		if err := lock(old, path, name, false, timeout); err != nil { // somebody is making it now
			return nil, err
		}
	}
	file, err := makeFile(name, dir)
	if err != nil {
		return nil, fmt.Errorf("make the ledger: %w", err)
	}
	if err = lock(file, path, name, false, timeout); err == nil {
		if _, there := os.Lstat(path); there == nil {
			err = fmt.Errorf("%s: %w, which has just made it: try again", path, store.ErrBusy)
		}
	}
	if err != nil {
		file.Close()
		return nil, err
	}
	return file, nil
}

// examine tells the states of a file apart that bbolt would hide, before anything is written: it takes an empty file for a new
// database, and one whose root page reads as empty for one without buckets, and then everything would be sent again.
func examine(file *os.File, path string, readOnly bool) error {
	info, err := file.Stat()
	if err != nil {
		return err
	}
	both, known := metas(file)
	m := later(both)
	_, unmarked := os.Lstat(markerPath(path))
	switch {
	case info.Size() == 0:
		return fmt.Errorf("%s: %w: restore a backup over it, or remove it and run `digestd ledger init` to begin anew", path, store.ErrEmpty)
	case m == nil && !known && blank(file, info.Size()):
		return fmt.Errorf("%s: %w: it was begun, and nothing was written to it before the power or the disk went; restore a backup over it, "+
			"or remove it and run `digestd ledger init` to begin anew", path, store.ErrEmpty)
	case m == nil && !known && unmarked != nil:
		return fmt.Errorf("%s: %w: check [ledger] path", path, store.ErrForeign)
	case m == nil && !known:
		return fmt.Errorf("%s: %w, though its marker tells of one: check [ledger] path, and restore the last backup", path, store.ErrForeign)
	case m == nil:
		return store.Damaged(path, errors.New("neither of its meta pages is valid"))
	case m.txid <= 1 && unmarked == nil:
		return store.Damaged(path, errors.New("nothing was ever committed to it, and its marker tells of a ledger"))
	}
	if problems := look(file, info.Size(), *m, false, 1); len(problems) > 0 {
		return store.Damaged(path, problems[0])
	}
	if m.txid <= 1 && readOnly {
		return fmt.Errorf("%s: %w: the file was begun, and nothing was committed to it; `digestd collect` or `digestd run` goes on", path, store.ErrMissing)
	}
	return nil
}

// blank reports whether a file, of few pages at most, is nothing but zeros: its length came to the disk and its pages did not.
func blank(file *os.File, size int64) bool {
	raw := make([]byte, min(size, 64<<10))
	_, err := file.ReadAt(raw, 0)
	return err == nil && size == int64(len(raw)) && len(bytes.Trim(raw, "\x00")) == 0
}
