package cli

import (
	"context"
	"fmt"
	"io"
	"log/slog"
	"os"
	"sync"
	"syscall"
)

// toJournal reports whether what is written to w goes to systemd's journal, which tells its device and inode
// in $JOURNAL_STREAM (systemd.exec(5)).
func toJournal(w io.Writer, getenv func(string) string) bool {
	f, ok := w.(*os.File)
	if !ok {
		return false
	}
	info, err := f.Stat()
	if err != nil {
		return false
	}
	st, ok := info.Sys().(*syscall.Stat_t)
	return ok && fmt.Sprintf("%d:%d", st.Dev, st.Ino) == getenv("JOURNAL_STREAM")
}

// journalHandler logs in the way from which the journal learns the level of a line (sd-daemon(3)), so that
// `journalctl -p warning` works. The journal has times of its own.
type journalHandler struct {
	slog.Handler
	out *leveled
}

func newJournalHandler(w io.Writer, level slog.Level) slog.Handler {
	out := &leveled{w: w}
	withoutTime := func(groups []string, a slog.Attr) slog.Attr {
		if a.Key == slog.TimeKey && len(groups) == 0 {
			return slog.Attr{}
		}
		return a
	}
	return journalHandler{slog.NewTextHandler(out, &slog.HandlerOptions{Level: level, ReplaceAttr: withoutTime}), out}
}

func (h journalHandler) Handle(ctx context.Context, r slog.Record) error {
	h.out.mu.Lock()
	defer h.out.mu.Unlock()
	h.out.level = r.Level
	return h.Handler.Handle(ctx, r)
}

func (h journalHandler) WithAttrs(attrs []slog.Attr) slog.Handler {
	return journalHandler{h.Handler.WithAttrs(attrs), h.out}
}

func (h journalHandler) WithGroup(name string) slog.Handler {
	return journalHandler{h.Handler.WithGroup(name), h.out}
}

// leveled puts the level of the line before it.
type leveled struct {
	mu    sync.Mutex
	w     io.Writer
	level slog.Level
}

func (l *leveled) Write(line []byte) (int, error) {
	priority := "<7>"
	switch {
	case l.level >= slog.LevelError:
		priority = "<3>"
	case l.level >= slog.LevelWarn:
		priority = "<4>"
	case l.level >= slog.LevelInfo:
		priority = "<6>"
	}
	n, err := l.w.Write(append([]byte(priority), line...))
	return max(0, n-len(priority)), err
}
