//go:build linux

package e2e

import (
	"bytes"
	"io/fs"
	"math/rand/v2"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

var leadsTo = regexp.MustCompile(`<a href="((?:\.\./)*daily/[^"#]*)"`)

// TestKilledWhileExporting kills an export of the archive after so many files, again and again. What has a name is whole
// then, what a list leads to is there, and the next export brings the rest; a page that was withdrawn meanwhile goes.
func TestKilledWhileExporting(t *testing.T) {
	w := newTown(t, 1)
	config, err := os.ReadFile(filepath.Join(w.dir, "config.toml"))
	if err != nil {
		t.Fatal(err)
	}
	w.write(t, "config.toml", strings.Replace(string(config), "[digests.daily]", "[digests.daily]\narchive = true", 1)+
		"\n[archive]\nbase_url = \"https://archive.example.org\"\n")
	for range 10 {
		w.happens()
		w.run(t, 0, "send", "daily", "--extra")
	}
	export := func(to string) map[string]string {
		t.Helper()
		var done struct{}
		w.decode(t, 0, &done, "archive", "export", to)
		return exported(t, filepath.Join(w.dir, to))
	}
	whole := export("whole")
	random := rand.New(rand.NewPCG(1, 20))
	for range tries(t, "DIGESTD_KILLS", 12) {
		dir := filepath.Join(w.dir, "site")
		if err := os.RemoveAll(dir); err != nil {
			t.Fatal(err)
		}
		run := w.startVictim(t, "archive", "export", "site")
		after := 3 + random.IntN(len(whole)-3)
		await(t, "the export to be in its middle", func() bool { return len(exported(t, dir)) >= after })
		run.kill()
		run.command.Wait()
		for name, body := range exported(t, dir) {
			if body != whole[name] && name != ".digestd-archive.json" {
				t.Errorf("after %d files %s is not whole", after, name)
			}
			if strings.Count(name, "/") > 1 { // a page, which leads to its neighbours
				continue
			}
			for _, link := range leadsTo.FindAllStringSubmatch(body, -1) {
				to := filepath.Join(dir, filepath.Dir(name), link[1])
				if strings.HasSuffix(link[1], "/") {
					to = filepath.Join(to, "index.html")
				}
				if _, err := os.Stat(to); err != nil {
					t.Errorf("after %d files %s leads to %s, which is not there", after, name, link[1])
				}
			}
		}
	}
	var gone string
	for name := range exported(t, filepath.Join(w.dir, "site")) {
		if path, ok := strings.CutSuffix(name, "/index.html"); ok && len(filepath.Base(path)) >= len("2026-11-28") {
			gone = path
		}
	}
	if said, err := w.command("archive", "remove", gone).CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, said)
	}
	want := export("fresh")
	got := export("site")
	for name := range got {
		if _, ok := want[name]; !ok {
			t.Errorf("%s is left", name)
		}
	}
	for name, body := range want {
		if got[name] != body {
			t.Errorf("%s is missing, or another", name)
		}
	}
}

// exported are the files of a directory.
func exported(t *testing.T, dir string) map[string]string {
	t.Helper()
	all := map[string]string{}
	filepath.WalkDir(dir, func(path string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() || strings.HasSuffix(path, ".part") {
			return nil
		}
		name, _ := filepath.Rel(dir, path)
		body, _ := os.ReadFile(path)
		all[name] = string(bytes.TrimSpace(body))
		return nil
	})
	return all
}
