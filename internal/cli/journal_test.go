package cli

import (
	"fmt"
	"io"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
)

func TestJournalLearnsTheLevels(t *testing.T) {
	var b strings.Builder
	log := slog.New(newJournalHandler(&b, slog.LevelInfo)).With("edition", "e").WithGroup("g")
	log.Debug("unseen")
	log.Info("composed", "stories", 3)
	log.Warn("late", "time", "of day")
	log.Error("two\nlines")
	want := "<6>level=INFO msg=composed edition=e g.stories=3\n<4>level=WARN msg=late edition=e g.time=\"of day\"\n<3>level=ERROR msg=\"two\\nlines\" edition=e\n"
	if b.String() != want {
		t.Errorf("got\n%swant\n%s", &b, want)
	}
}

func TestToJournal(t *testing.T) {
	f, err := os.Create(filepath.Join(t.TempDir(), "journal"))
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	info, err := f.Stat()
	if err != nil {
		t.Fatal(err)
	}
	st := info.Sys().(*syscall.Stat_t)
	stream := func(s string) func(string) string { return func(string) string { return s } }
	if !toJournal(f, stream(fmt.Sprintf("%d:%d", st.Dev, st.Ino))) {
		t.Error("the journal is not known by its device and inode")
	}
	if toJournal(f, stream("")) || toJournal(f, stream("1:2")) || toJournal(io.Discard, stream("")) {
		t.Error("something else is taken for the journal")
	}
}
