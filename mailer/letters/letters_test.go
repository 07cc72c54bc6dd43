package letters

import (
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"
)

func TestLettersWaitUntilTheyAreRead(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "letters")
	want := func(leave, other int, askers ...string) {
		t.Helper()
		got, err := Count(dir)
		slices.Sort(got.Askers)
		if err != nil || !reflect.DeepEqual(got, Waiting{Leave: leave, Other: other, Path: dir, Askers: askers}) {
			t.Fatalf("%+v, %v; want %d and %d of %q", got, err, leave, other, askers)
		}
	}
	keep := func(text string, leaves bool) {
		t.Helper()
		if err := Keep(t.Context(), dir, []byte(text), leaves); err != nil {
			t.Fatal(err)
		}
	}
	want(0, 0)
	keep("Subject: unsubscribe\n\n", true)
	keep("Subject: unsubscribe\n\n", true) // a mail server that tries again
	keep("From: =?utf-8?q?Ben_=C3=96?= <Ben@Example.org>\nSubject: unsubscribe\n\nBen\n", true)
	keep("Subject: the harbour\n\n", false)
	want(2, 1, "", "Ben@example.org")
	files, err := filepath.Glob(filepath.Join(dir, "new", "leave-*"))
	if err != nil || len(files) != 2 {
		t.Fatal(files, err)
	}
	move := func(from, flags string) string {
		t.Helper()
		to := filepath.Join(dir, "cur", filepath.Base(from)+":2,"+flags)
		if err := os.Rename(from, to); err != nil {
			t.Fatal(err)
		}
		return to
	}
	looked := move(files[0], "")
	want(2, 1, "", "Ben@example.org")
	keep("Subject: unsubscribe\n\n", true)
	keep("From: =?utf-8?q?Ben_=C3=96?= <Ben@Example.org>\nSubject: unsubscribe\n\nBen\n", true)
	want(2, 1, "", "Ben@example.org")
	if err := os.Rename(looked, looked+"S"); err != nil {
		t.Fatal(err)
	}
	move(files[1], "RS")
	want(0, 1)
	for _, from := range []string{"", "From: \x1b[31m\n", "From: a@example.org, b@example.org\n", "From: not an address\n", strings.Repeat("X: y\n", 20000) + "From: a@example.org\n"} {
		keep(from+"Subject: unsubscribe\n\nagain\n", true)
	}
	want(5, 1, "")
}

func TestKeepSaysWhereItCannot(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "letters")
	if err := os.WriteFile(dir, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	if err := Keep(t.Context(), dir, []byte("x"), true); err == nil {
		t.Error("a letter was kept in a file")
	}
	if _, err := Count(dir); err == nil {
		t.Error("a file was read as a Maildir")
	}
}
