package ledger

import (
	"os"
	"syscall"
)

// adopt gives a file that root has just made to the owner of another one: a ledger that an administrator's
// command made must be the daemon's all the same. Where that can't be done, the daemon says so when it can't
// open the file.
func adopt(path, like string) {
	if os.Geteuid() != 0 {
		return
	}
	info, err := os.Stat(like)
	if err != nil {
		return
	}
	if owner, ok := info.Sys().(*syscall.Stat_t); ok && owner.Uid != 0 {
		os.Lchown(path, int(owner.Uid), int(owner.Gid))
	}
}
