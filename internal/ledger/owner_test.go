package ledger

import (
	"os"
	"path/filepath"
	"syscall"
	"testing"
)

// What root makes in the daemon's directory is the daemon's.
func TestALedgerThatRootMadeBelongsToTheDirectorysOwner(t *testing.T) {
	if os.Geteuid() != 0 {
		t.Skip("only root can give files away")
	}
	const daemon = 65534
	dir := filepath.Join(t.TempDir(), "state")
	if err := os.Mkdir(dir, 0o750); err != nil {
		t.Fatal(err)
	}
	if err := os.Chown(dir, daemon, daemon); err != nil {
		t.Skip("this root may not give files away: ", err)
	}
	path := filepath.Join(dir, "digestd.db")
	l, err := Open(path, Options{})
	if err != nil {
		t.Fatal(err)
	}
	if err := l.Close(); err != nil {
		t.Fatal(err)
	}
	owned := func(when string) {
		t.Helper()
		for _, name := range []string{path, MarkerPath(path)} {
			info, err := os.Stat(name)
			if err != nil {
				t.Fatal(err)
			}
			if uid := info.Sys().(*syscall.Stat_t).Uid; uid != daemon {
				t.Errorf("%s, %s belongs to user %d", when, filepath.Base(name), uid)
			}
		}
	}
	owned("when it is made")
	if _, _, err := Compact(path); err != nil {
		t.Fatal(err)
	}
	owned("when it is compacted")
}
