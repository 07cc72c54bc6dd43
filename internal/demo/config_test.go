package demo

import (
	"os"
	"path/filepath"
	"testing"

	"digestd/digest"
	"digestd/internal/config"
)

// load reads the world's config as digestd does.
func load(t *testing.T, w *World, dir string) *config.Config {
	t.Helper()
	file := filepath.Join(t.TempDir(), "config.toml")
	if err := os.WriteFile(file, []byte(w.Config(dir)), 0o600); err != nil {
		t.Fatal(err)
	}
	c, problems := config.Load(file, config.Env{})
	if len(problems) > 0 {
		t.Fatalf("%v\n%s", problems, w.Config(dir))
	}
	return c
}

func TestConfigIsTaken(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	dir := filepath.Join(t.TempDir(), `a "quoted" back\slash`, "é")
	c := load(t, w, dir)

	if want := filepath.Join(dir, "digestd.db"); c.Ledger.Path != want {
		t.Errorf("the ledger is %s, want %s", c.Ledger.Path, want)
	}
	feeds := 0
	kinds := make(map[digest.Kind]int)
	for _, topic := range c.Topics {
		for _, f := range topic.Feeds {
			feeds++
			kinds[f.Kind]++
			if f.Name == "" {
				t.Errorf("%s has no name", f.URL)
			}
		}
	}
	if feeds != len(w.Feeds) {
		t.Errorf("has %d feeds, want %d", feeds, len(w.Feeds))
	}
	if c.Subscribers.Len() != len(w.Readers) {
		t.Errorf("has %d subscribers, want %d", c.Subscribers.Len(), len(w.Readers))
	}
	if kinds[digest.Opinion] != 2 {
		t.Errorf("has %d opinion feeds, want 2", kinds[digest.Opinion])
	}
}
