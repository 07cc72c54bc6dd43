package bolt

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/user"
	"path/filepath"
	"strconv"
	"syscall"

	"digestd/internal/ledger/store"
)

// adopt gives a file that root has just made to the owner of another one: a ledger that an administrator's
// command made must be the daemon's all the same. Where that can't be done, the daemon says so when it can't
// open the file.
func adopt(file *os.File, like string) {
	if os.Geteuid() != 0 {
		return
	}
	info, err := os.Stat(like)
	if err != nil || ownerOf(info) == 0 {
		return
	}
	if owner, ok := info.Sys().(*syscall.Stat_t); ok {
		file.Chown(int(owner.Uid), int(owner.Gid))
	}
}

// ownerOf is the user to whom a file belongs.
func ownerOf(info fs.FileInfo) int {
	if owner, ok := info.Sys().(*syscall.Stat_t); ok {
		return int(owner.Uid)
	}
	return os.Geteuid()
}

// denied says whose the ledger is when an error comes of that; any other error it returns as it is.
func denied(path string, err error) error {
	if !errors.Is(err, fs.ErrPermission) {
		return err
	}
	whose := "it"
	info, serr := os.Stat(path)
	if serr != nil {
		whose = "its directory"
		info, serr = os.Stat(filepath.Dir(path))
	}
	if serr != nil {
		return fmt.Errorf("%s: %w: %w", path, store.ErrDenied, err)
	}
	if ownerOf(info) == os.Geteuid() {
		return fmt.Errorf("%s: %w: %w", path, store.ErrDenied, err)
	}
	return fmt.Errorf("%s: %w: %s belongs to %s, and this is %s; run the command as that user", path, store.ErrDenied, whose,
		userName(ownerOf(info)), userName(os.Geteuid()))
}

func userName(id int) string {
	if u, err := user.LookupId(strconv.Itoa(id)); err == nil {
		return u.Username
	}
	return fmt.Sprintf("user %d", id)
}
