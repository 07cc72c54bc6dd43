package cli

import (
	"time"

	"github.com/schollz/progressbar/v3"
)

// bar shows how far a long command is, on a terminal. Elsewhere it is silent: there the log speaks.
type bar struct {
	shown *progressbar.ProgressBar
	count int
}

// bar starts one that counts to total; a total of 0 or less shows nothing.
func (p *program) bar(total int, unit string) *bar {
	if total <= 0 || p.json || !isTerminal(p.stderr) {
		return &bar{}
	}
	return &bar{shown: progressbar.NewOptions(total,
		progressbar.OptionSetWriter(p.stderr),
		progressbar.OptionSetItsString(unit),
		progressbar.OptionShowIts(),
		progressbar.OptionShowCount(),
		progressbar.OptionSetPredictTime(true),
		progressbar.OptionThrottle(100*time.Millisecond),
		progressbar.OptionSetWidth(30),
		progressbar.OptionClearOnFinish(),
	)}
}

// advance counts one more and says what it was.
func (b *bar) advance(what string) {
	b.count++
	b.to(b.count, what)
}

// to sets how many are done.
func (b *bar) to(n int, what string) {
	if b.shown != nil {
		b.shown.Describe(shortened(what, 40))
		b.shown.Set(n)
	}
}

func (b *bar) end() {
	if b.shown != nil {
		b.shown.Finish()
	}
}

func shortened(s string, max int) string {
	if r := []rune(s); len(r) > max {
		return string(r[:max-1]) + "…"
	}
	return s
}
