package config

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/pelletier/go-toml/v2"
)

// Whatever a file holds: no panic, problems with places that exist, and nothing accepted that is no TOML
// for the library itself, whose rules on duplicates the tree builds anew.
func FuzzLoad(f *testing.F) {
	bad, err := filepath.Glob(filepath.Join("testdata", "bad", "*.toml"))
	if err != nil {
		f.Fatal(err)
	}
	for _, name := range bad {
		text, err := os.ReadFile(name)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(string(text))
	}
	f.Add(minimal)
	f.Add("[a]\nb.c = 1\n[a.b]\n[[a.d]]\n[a.d.e]\nx = [{y.z = 1, y = 2}]")
	f.Add("a = [[1, [2]], {b = [{}]}]\n\"\" = 1\n'x' = 2026-02-30")
	dir := f.TempDir()
	f.Fuzz(func(t *testing.T, text string) {
		root, whole := parse([]byte(text), func(place, string, ...any) {})
		if root == nil {
			t.Fatal("no tree")
		}
		var reported bool
		parse([]byte(text), func(at place, format string, args ...any) { reported = true })
		var library map[string]any
		libraryErr := toml.Unmarshal([]byte(strings.TrimPrefix(text, "\ufeff")), &library)
		if !whole && !reported {
			t.Fatal("the reading ended without a word")
		}
		if reported && libraryErr == nil {
			t.Fatal("refused, though it is TOML")
		}

		path := filepath.Join(dir, "config.toml")
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		c, problems := Load(path, Env{})
		if (c == nil) != (len(problems) > 0) {
			t.Fatalf("a config %v with problems %v", c, problems)
		}
		if c != nil && libraryErr != nil {
			t.Fatalf("accepted, though it is no TOML: %v", libraryErr)
		}
		lines := strings.Split(text, "\n")
		for _, p := range problems {
			if p.File == path && (p.Line > len(lines) || p.Line > 0 && p.Col > len(lines[p.Line-1])+1) {
				t.Fatalf("there is no place %v", p)
			}
			if strings.ContainsAny(p.Text, "\r\n\x00\x1b") {
				t.Fatalf("more than a line: %q", p.Text)
			}
		}
	})
}

func FuzzParseDuration(f *testing.F) {
	for _, s := range []string{"30m", "400d", "1h30m", "0s", "99999999999999999w", "1.5h", "-1s", "1m1m", ""} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		d, err := ParseDuration(s)
		if err != nil {
			return
		}
		if d < 0 || d > 101*366*day {
			t.Fatalf("%q is %v", s, d)
		}
		if again, err := ParseDuration(FormatDuration(d)); again != d || err != nil {
			t.Fatalf("%q is %v, is written %q, and that is %v, %v", s, d, FormatDuration(d), again, err)
		}
	})
}
