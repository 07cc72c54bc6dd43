package cli

import (
	"fmt"
	"time"

	"github.com/schollz/progressbar/v3"

	"digestd/internal/config"
	"digestd/internal/report"
)

// attendedFlag says to the process that holds the ledger that a command was given at a terminal.
const attendedFlag = "attended"

// watched reports whether somebody at a terminal follows what is on stderr.
func watched(p *program) bool { return !p.json && (p.attended || isTerminal(p.stderr)) }

// bar shows how far a long command is, on a terminal. Elsewhere it is silent: there the log speaks.
type bar struct {
	shown *progressbar.ProgressBar
	count int
}

// bar starts one that counts to total; a total of 0 or less shows nothing.
func (p *program) bar(total int, unit string) *bar {
	if total <= 0 || !watched(p) {
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
		b.shown.Describe(report.Shortened(what, 40))
		b.shown.Set(n)
	}
}

func (b *bar) end() {
	if b.shown != nil {
		b.shown.Finish()
	}
}

// patient is how long somebody at a terminal waits for something before they hear what for.
const patient = 5 * time.Second

// awaiting says at a terminal what is waited for, unless the function it returns is called soon.
func (p *program) awaiting(what string) (came func()) {
	if !watched(p) {
		return func() {}
	}
	timer := time.AfterFunc(patient, func() { fmt.Fprintf(p.stderr, "\nwaiting for %s\n", what) })
	return func() { timer.Stop() }
}

// awaitingMail is awaiting for whoever takes the mail, who has limit at most to answer.
func (p *program) awaitingMail(cfg *config.Config, limit time.Duration) (came func()) {
	limit = min(cfg.SMTP.ReplyTimeout, limit)
	words := limit.String()
	if limit%time.Minute == 0 {
		words = report.InWords(limit)
	}
	return p.awaiting(cfg.Other(words))
}
