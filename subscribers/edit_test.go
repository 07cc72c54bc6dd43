package subscribers

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
)

// TestEditCSV has many edit a file at once: nothing is lost, and whoever reads it sees a whole one.
func TestEditCSV(t *testing.T) {
	path := filepath.Join(t.TempDir(), "list.csv")
	if err := os.WriteFile(path, []byte("\xef\xbb\xbfName,Email\r\n\"Ana, the first\",ana@example.org\r\n"), 0o640); err != nil {
		t.Fatal(err)
	}
	const many = 40
	var all sync.WaitGroup
	for i := range many {
		all.Go(func() {
			err := EditCSV(path, func(t *Table) error {
				t.Add(map[string]string{"email": fmt.Sprintf("r%d@example.org", i), "name": "=R", NoteColumn: "added"})
				return nil
			})
			if err != nil {
				t.Error(err)
			}
			if _, problems := Validate(ReadCSV(path, "list.csv"), testRules); len(problems) > 0 {
				t.Error(problems)
			}
		})
	}
	all.Wait()
	l, problems := Validate(ReadCSV(path, "list.csv"), testRules)
	if len(problems) > 0 || l.Len() != many+1 {
		t.Fatalf("%d readers, %v", l.Len(), problems)
	}
	if s, ok := l.Find("r7@example.org"); !ok || s.Name != "=R" {
		t.Errorf("%+v", s)
	}
	if info, err := os.Stat(path); err != nil || info.Mode().Perm() != 0o640 {
		t.Errorf("%v, %v", info.Mode(), err)
	}
	left, _ := filepath.Glob(filepath.Join(filepath.Dir(path), ".list*"))
	if len(left) > 0 {
		t.Errorf("left behind: %v", left)
	}
	before, _ := os.ReadFile(path)
	if err := EditCSV(path, func(t *Table) error { return t.Remove("nobody@example.org", "") }); !errors.Is(err, ErrNoRow) {
		t.Error(err)
	}
	if after, _ := os.ReadFile(path); string(after) != string(before) {
		t.Error("a change that failed has changed the file")
	}
}

// TestEditsOfFilesThatAreNone refuses what is no list, and keeps rows of what `subscribers export` wrote.
func TestEditsOfFilesThatAreNone(t *testing.T) {
	path := filepath.Join(t.TempDir(), "list.csv")
	for text, want := range map[string]string{"": "is empty", "name\nAna\n": `names no column "email"`, "email\n\"a": "extraneous or missing"} {
		os.WriteFile(path, []byte(text), 0o600)
		if err := EditCSV(path, func(*Table) error { return nil }); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%q: %v", text, err)
		}
	}
	os.WriteFile(path, []byte("email,source\nana@example.org,x:1\n"), 0o600)
	if err := EditCSV(path, func(t *Table) error {
		t.Add(map[string]string{"email": "bo@example.org", NoteColumn: "added"})
		return nil
	}); err != nil {
		t.Fatal(err)
	}
	if l, problems := Validate(ReadCSV(path, "list.csv"), testRules); len(problems) > 0 || l.Len() != 2 {
		t.Errorf("%v", problems)
	}
}
