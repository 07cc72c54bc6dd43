package newsroom_test

import (
	"context"
	"encoding/json"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"digestd/internal/ledger"
	"digestd/internal/newsroom/town"
	"digestd/internal/report"
)

// kept is one with an archive.
var kept = strings.Replace(strings.Replace(one, "[mail]", "[web]\nbase_url = \"https://news.example.org\"\n[mail]", 1), "[digests.daily]", "[digests.daily]\narchive = true", 1)

// archive runs what is due after an edition.
func archive(t *testing.T, w *town.Town) error {
	t.Helper()
	return w.Publisher.Archive(t.Context())
}

// TestAnArchiveBeginsWithWhatIsKept: a digest that gets an archive has pages of the editions that the ledger still has.
func TestAnArchiveBeginsWithWhatIsKept(t *testing.T) {
	t.Parallel()
	w := town.New(t, one)
	for day, title := range []string{"Cranes move again in the harbour", "Court strikes down the river levy", "Museum returns eleven bronzes"} {
		w.Show("/herald", title)
		w.At(day, "06:30")
	}
	if err := archive(t, w); err != nil {
		t.Fatal(err)
	}
	w.Reconfigure(kept)
	for range 2 {
		if err := archive(t, w); err != nil {
			t.Fatal(err)
		}
		rows, _, err := w.Ledger.Archive.Rows()
		if err != nil || len(rows) != 3 {
			t.Fatalf("%d pages, %v", len(rows), err)
		}
		for i, day := range []string{"2026-03-12", "2026-03-13", "2026-03-14"} {
			leaf, err := w.Ledger.Archive.Leaf(rows[i].Path, 0)
			if err != nil || rows[i].Path != "daily/"+day || !rows[i].Later || !strings.Contains(leaf.Body, leaf.Subject) {
				t.Errorf("%+v, %v", rows[i], err)
			}
		}
	}
	w.Show("/herald", "Orchard blight reaches Tarn")
	w.At(3, "06:30")
	if rows, _, _ := w.Ledger.Archive.Rows(); len(rows) != 4 || rows[3].Later {
		t.Errorf("the next edition: %+v", rows)
	}
}

// TestExportAfterAnEdition: files come as editions do, and only what is new is written.
func TestExportAfterAnEdition(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	w := town.New(t, kept+"\n[archive]\nexport = \""+dir+"\"\n")
	written := func() []string {
		t.Helper()
		if err := archive(t, w); err != nil {
			t.Fatal(err)
		}
		var all []string
		filepath.WalkDir(dir, func(path string, entry fs.DirEntry, err error) error {
			if info, _ := entry.Info(); !entry.IsDir() && info.ModTime().After(time.Unix(0, 0)) {
				name, _ := filepath.Rel(dir, path)
				all = append(all, name)
				os.Chtimes(path, time.Time{}, time.Unix(0, 0))
			}
			return err
		})
		slices.Sort(all)
		return all
	}
	publish := func(day int, title string) {
		w.Show("/herald", title)
		w.At(day, "06:30")
	}
	publish(0, "Cranes move again in the harbour")
	lists := []string{"daily/2026-03/index.html", "daily/feed.json", "daily/feed.xml", "daily/index.html", "index.html"}
	expect := func(what string, pages ...string) {
		t.Helper()
		want := append([]string{".digestd-archive.json"}, pages...)
		slices.Sort(want)
		if got := written(); !slices.Equal(got, want) {
			t.Errorf("%s: %q is written, want %q", what, got, want)
		}
	}
	expect("the first", append(lists, "daily/2026-03-12/index.html")...)
	if got := written(); len(got) > 0 {
		t.Errorf("nothing is new, and %q is written", got)
	}
	publish(1, "Court strikes down the river levy")
	expect("the second", append(lists, "daily/2026-03-12/index.html", "daily/2026-03-13/index.html")...)
	publish(2, "Museum returns eleven bronzes")
	expect("the third", append(lists, "daily/2026-03-13/index.html", "daily/2026-03-14/index.html")...)
	if _, err := w.Ledger.Archive.Remove("daily/2026-03-13"); err != nil {
		t.Fatal(err)
	}
	expect("one is taken out", append(lists, "daily/2026-03-12/index.html", "daily/2026-03-14/index.html")...)
	if _, err := os.Stat(filepath.Join(dir, "daily/2026-03-13")); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("its page is there: %v", err)
	}

	// A directory that can't be written is a problem, no error of the mail, and heals.
	if err := os.RemoveAll(dir); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(dir, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	publish(3, "Orchard blight reaches Tarn")
	if w.Received("ana@example.org") != 4 || archive(t, w) == nil {
		t.Error("it held up the mail, or nobody noticed")
	}
	problems := w.Report.Problems(report.Known{})
	if len(problems) != 1 || problems[0].ID != "export" || !strings.Contains(problems[0].Words, dir) {
		t.Errorf("problems: %v", problems)
	}
	os.Remove(dir)
	if err := archive(t, w); err != nil || len(w.Report.Problems(report.Known{})) != 0 {
		t.Errorf("%v, %v", err, w.Report.Problems(report.Known{}))
	}
}

// TestErrands: the owner's command runs once an edition, until it went well, for seven days at most; not for editions of
// before it was there.
func TestErrands(t *testing.T) {
	t.Parallel()
	w := town.New(t, kept)
	publish := func(day int, title string) {
		w.Show("/herald", title)
		w.At(day, "06:30")
	}
	publish(0, "Cranes move again in the harbour")
	w.Reconfigure(kept + "\n[archive]\nafter = \"announce\"\n")
	var told []map[string]any
	var fails error
	w.Publisher.Run = func(_ context.Context, command, dir, message string) error {
		var e map[string]any
		if err := json.Unmarshal([]byte(message), &e); err != nil || command != "announce" || dir != filepath.Dir(w.Config.Path) {
			t.Errorf("%v, %q in %q", err, command, dir)
		}
		told = append(told, e)
		return fails
	}
	run := w.Publisher.Run
	publish(1, "Court strikes down the river levy")
	fails = errors.New("exit status 7; it said: no network")
	if archive(t, w) == nil {
		t.Error("nobody noticed that it failed")
	}
	if problems := w.Report.Problems(report.Known{}); len(problems) != 1 || problems[0].ID != "after" || !strings.Contains(problems[0].Words, "no network") {
		t.Errorf("problems: %v", problems)
	}
	fails = nil
	for range 3 {
		if err := archive(t, w); err != nil {
			t.Error(err)
		}
	}
	if len(told) != 2 || told[1]["attempt"] != 2.0 || told[1]["url"] != "https://news.example.org/daily/2026-03-13/" || told[1]["subject"] != "Court strikes down the river levy" {
		t.Errorf("told %v", told)
	}
	if problems := w.Report.Problems(report.Known{}); len(problems) != 0 {
		t.Errorf("problems: %v", problems)
	}

	// A kill in the middle: it begins once more, and says so.
	publish(2, "Museum returns eleven bronzes")
	ctx, kill := context.WithCancel(t.Context())
	w.Publisher.Run = func(ctx context.Context, command, dir, message string) error {
		kill()
		return run(ctx, command, dir, message)
	}
	if err := w.Publisher.Archive(ctx); !errors.Is(err, context.Canceled) {
		t.Error(err)
	}
	w.Publisher.Run = run
	if err := archive(t, w); err != nil || told[len(told)-1]["attempt"] != 2.0 {
		t.Errorf("%v, told %v", err, told[len(told)-1])
	}

	publish(3, "Orchard blight reaches Tarn")
	fails = errors.New("exit status 7")
	archive(t, w)
	w.Now = w.Now.Add(8 * 24 * time.Hour)
	before := len(told)
	archive(t, w)
	rows, _, err := w.Ledger.Archive.Rows()
	if last := rows[len(rows)-1].After; err != nil || len(told) != before || last.State != ledger.ErrandGivenUp {
		t.Errorf("it is tried for ever: %+v", last)
	}
}
