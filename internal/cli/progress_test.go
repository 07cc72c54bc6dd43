package cli

import (
	"io"
	"log/slog"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"digestd/internal/config"
	"digestd/internal/control"
	"digestd/mailer"
)

// TestSlowMailIsExplained: whoever waits at a terminal hears once why mail goes slowly, and nobody else does.
func TestSlowMailIsExplained(t *testing.T) {
	const words = "digestd keeps to 3.3 messages a second (450 4.7.1 too much mail)"
	for _, attended := range []bool{true, false} {
		var out strings.Builder
		slowed := ""
		b := &deliveryBar{program: &program{stderr: &out, attended: attended}, came: func() {}, slowed: func() string { return slowed }, told: map[string]bool{}}
		for _, slowed = range []string{"", words, strings.Replace(words, "3.3", "2.9", 1)} {
			b.Delivery(mailer.Progress{Edition: "daily", Summary: mailer.Summary{Recipients: 3}})
		}
		b.end()
		want := 0
		if attended {
			want = 1
		}
		if n := strings.Count(out.String(), "\n"+words+"\n"); n != want {
			t.Errorf("attended: %v: it stands there %d times: %q", attended, n, out.String())
		}
	}
}

// TestATerminalCrosses: a command that is handed on is followed at the terminal where it was given.
func TestATerminalCrosses(t *testing.T) {
	p := &program{now: time.Now, log: slog.New(slog.DiscardHandler)}
	ledger := filepath.Join(t.TempDir(), "digestd.db")
	held := &opened{Config: &config.Config{}}
	socket, err := control.Listen(ledger, p.runnerOf(func() *opened { return held }), p.log)
	if err != nil {
		t.Fatal(err)
	}
	defer socket.Close()
	status, err := control.Forward(t.Context(), ledger, control.Request{Args: []string{"--" + attendedFlag, holderCommand}}, io.Discard, io.Discard)
	if err != nil || status != 0 {
		t.Errorf("status %d, %v", status, err)
	}
}
