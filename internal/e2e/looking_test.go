//go:build linux

package e2e

import (
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"testing"
)

// files is what stands below the site: path to content. The control socket and its like are no files.
func (s site) files(t *testing.T) map[string]string {
	t.Helper()
	all := make(map[string]string)
	err := filepath.WalkDir(s.dir, func(path string, entry fs.DirEntry, err error) error {
		if err != nil || !entry.Type().IsRegular() {
			return err
		}
		content, err := os.ReadFile(path)
		all[path] = string(content)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return all
}

// TestLookingChangesNothing holds every command that only looks against the ledger's bytes, the files
// beside it and the mail server, before there is a ledger and with one that has something to tell.
func TestLookingChangesNothing(t *testing.T) {
	t.Parallel()
	stand, inboxes := newNewsstand(t), newSink(t)
	here := newSite(t, newsletter(stand, ownFeeds(stand, 4))+overSink(inboxes)+readers(3))
	looks := [][]string{
		{"preview", "daily"},
		{"preview", "daily", "--format", "html"},
		{"preview", "daily", "--format", "text"},
		{"preview", "daily", "--format", "eml", "--for", Reader(2)},
		{"preview", "daily", "--format", "json"},
		{"check"},
		{"--json", "check"},
		{"status"},
		{"--json", "status"},
	}
	look := func(when string) {
		before := here.files(t)
		_, taken := inboxes.received()
		for _, args := range looks {
			c := here.command(args...)
			if output, err := c.CombinedOutput(); c.ProcessState.ExitCode() > 1 {
				t.Errorf("%s: digestd %q: %v\n%s", when, args, err, tail(output))
			}
			if after := here.files(t); !maps.Equal(before, after) {
				t.Fatalf("%s: digestd %q changed files: %q, before %q", when, args,
					slices.Sorted(maps.Keys(after)), slices.Sorted(maps.Keys(before)))
			}
		}
		if _, now := inboxes.received(); now != taken {
			t.Errorf("%s: looking sent %d messages", when, now-taken)
		}
	}
	look("without a ledger")
	here.run(t, 0, "collect")
	look("with news")
	here.run(t, 0, "send", "daily")
	look("after an edition")
}
