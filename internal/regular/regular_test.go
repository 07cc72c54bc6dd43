package regular_test

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"digestd/internal/regular"
)

// TestRegularFilesAlone: what waits or never ends is refused, in words, at once.
func TestRegularFilesAlone(t *testing.T) {
	dir := t.TempDir()
	in := func(name string) string { return filepath.Join(dir, name) }
	if err := errors.Join(syscall.Mkfifo(in("pipe"), 0o600), os.Mkdir(in("dir"), 0o700),
		os.WriteFile(in("right"), []byte(strings.Repeat("x", 2048)), 0o600), os.WriteFile(in("large"), []byte(strings.Repeat("x", 2049)), 0o600),
		os.Symlink(in("right"), in("link"))); err != nil {
		t.Fatal(err)
	}
	for name, want := range map[string]string{
		"pipe": "not a regular file", "dir": "is a directory", "large": "larger than 2 KB", "nothing": "no such file",
		"../../../../../../dev/zero": "not a regular file", "right": "", "link": "",
	} {
		raw, err := regular.Read(in(name), 2048)
		if want == "" {
			if err != nil || len(raw) != 2048 {
				t.Errorf("%s: %d bytes, %v", name, len(raw), err)
			}
			continue
		}
		var pe *fs.PathError
		if !errors.As(err, &pe) || !strings.Contains(pe.Err.Error(), want) {
			t.Errorf("%s: %v, want %q", name, err, want)
		}
	}
	for name, want := range map[string]bool{"right": true, "pipe": false, "large": false, "../x": false} {
		if _, err := fs.ReadFile(regular.In(dir, 2048), name); (err == nil) != want {
			t.Errorf("in the directory, %s: %v", name, err)
		}
	}
}
