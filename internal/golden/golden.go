// Package golden holds what a test makes against a file that somebody has read and found right. With -update it
// writes the file anew.
//
// Only tests may import it.
package golden

import (
	"flag"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
)

var update = flag.Bool("update", false, "write the golden files anew")

// Updating reports whether the files are to be written anew.
func Updating() bool { return *update }

// Check fails a test with the first line of got that is not the file's.
func Check(t testing.TB, path, got string) {
	t.Helper()
	if Updating() {
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatalf("%v: run the test with -update, and read what it wrote", err)
	}
	if line, g, w := difference(got, string(want)); line > 0 {
		t.Errorf("%s:%d differs (-update accepts):\n got %s\nwant %s", path, line, g, w)
	}
}

// difference is the first line in which two texts differ, from 1, quoted; 0 when none does.
func difference(got, want string) (line int, g, w string) {
	if got == want {
		return 0, "", ""
	}
	gots, wants := strings.SplitAfter(got, "\n"), strings.SplitAfter(want, "\n")
	for i := 0; ; i++ {
		g, w = "the end", "the end"
		if i < len(gots) {
			g = strconv.Quote(gots[i])
		}
		if i < len(wants) {
			w = strconv.Quote(wants[i])
		}
		if g != w {
			return i + 1, g, w
		}
	}
}
