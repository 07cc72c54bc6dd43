package bolt

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"digestd/internal/ledger/store"
)

func TestWhoIsDeniedHearsWhoseItIs(t *testing.T) {
	path := filepath.Join(t.TempDir(), "digestd.db")
	forbidden := &fs.PathError{Op: "open", Path: path, Err: fs.ErrPermission}
	if other := errors.New("no space left"); denied(path, other) != other || denied(path, nil) != nil {
		t.Error("an error that has nothing to do with permissions was changed")
	}
	if err := denied(path, forbidden); !errors.Is(err, store.ErrDenied) || !errors.Is(err, fs.ErrPermission) {
		t.Errorf("of one's own: %v", err) // of the file's mode, say
	}
	if os.Geteuid() != 0 {
		t.Skip("only root can give a file to somebody else")
	}
	if err := os.WriteFile(path, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct{ given, want string }{
		{path, "it belongs to "},
		{filepath.Dir(path), "its directory belongs to "},
	} {
		if err := os.Chown(c.given, 65534, 65534); err != nil {
			t.Fatal(err)
		}
		err := denied(path, forbidden)
		if !errors.Is(err, store.ErrDenied) || !strings.Contains(err.Error(), c.want) || !strings.HasSuffix(err.Error(), "run the command as that user") {
			t.Errorf("%v, want %q in it", err, c.want)
		}
		os.Remove(path)
	}
}
