// Package needs is the one rule by which tests run that need more than Go: those that start other programs
// (Postfix, Dovecot, Chromium, systemd, Python) run where DIGESTD_REQUIRE=all asks for them, and those that
// read the corpus of feeds where DIGESTD_CORPUS names it. What is asked for and missing is a failure; what is not
// asked for is skipped with a sentence, whether or not it is installed.
//
// Only tests may import it.
package needs

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// All reports whether all tests are asked for.
func All() bool { return os.Getenv("DIGESTD_REQUIRE") == "all" }

// Asked skips a test that is not asked for.
func Asked(t testing.TB, what string) {
	t.Helper()
	if !All() {
		t.Skipf("%s: DIGESTD_REQUIRE=all asks for it", what)
	}
}

// Program is the path of the first of these programs that is there, of a package of Debian's.
func Program(t testing.TB, debian string, names ...string) string {
	t.Helper()
	Asked(t, "a test with "+debian)
	for _, name := range names {
		if path, err := exec.LookPath(name); err == nil {
			return path
		}
	}
	t.Fatalf("%q: none is in PATH, and DIGESTD_REQUIRE=all asks for every test: apt-get install %s", names, debian)
	return ""
}

// Chromium is the path of the browser.
func Chromium(t testing.TB) string {
	t.Helper()
	return Program(t, "chromium", "chromium", "chromium-browser", "google-chrome")
}

// Corpus is the path of a part of the corpus.
func Corpus(t testing.TB, part ...string) string {
	t.Helper()
	root := os.Getenv("DIGESTD_CORPUS")
	if root == "" && All() {
		t.Fatal("DIGESTD_CORPUS is not set, and DIGESTD_REQUIRE=all asks for every test")
	}
	if root == "" {
		t.Skip("a test with the corpus of feeds: DIGESTD_CORPUS names its directory")
	}
	return filepath.Join(append([]string{root}, part...)...)
}

// Page keeps a page of the program where DIGESTD_PAGES names a directory for them, for html-validate.
func Page(t testing.TB, name, html string) {
	t.Helper()
	if dir := os.Getenv("DIGESTD_PAGES"); dir != "" {
		if err := os.WriteFile(filepath.Join(dir, strings.ReplaceAll(name, " ", "-")+".html"), []byte(html), 0o600); err != nil {
			t.Fatal(err)
		}
	}
}
