package newsroom

import (
	"context"
	"log/slog"
	"time"

	"digestd/internal/ledger"
)

const (
	// beatEvery is how often a sender looks at the others, and leaseFor how long it believes in what it saw: who has not
	// looked for so long begins nothing where there are rates, and who comes anew waits for so long.
	beatEvery = 2 * time.Second
	leaseFor  = 6 * time.Second
	// clockEvery is how often the clock is held against that of the database, and warnOff from which difference on that is
	// said.
	clockEvery = 30 * time.Second
	warnOff    = 5 * time.Second
)

// Presence keeps this process among the senders of a ledger in a database, and the rates among them.
type Presence struct {
	Ledger *ledger.Ledger
	Config func() string                           // what the configuration lets an edition say, as a hash
	Share  func(part float64, lease time.Duration) // sets the part of the rates that is this process's
	Log    *slog.Logger

	joined time.Time // when it first was among them, by the monotonic clock; zero: it is not
	clock  time.Time // when that was last looked at
	others int
	away   bool
	skewed bool
}

// Run looks at the others until ctx ends, and then takes this process off the list. Where no other process can send, it
// does nothing.
func (p *Presence) Run(ctx context.Context) {
	if !p.Ledger.Senders.Several() {
		return
	}
	tick := time.NewTicker(beatEvery)
	defer tick.Stop()
	for {
		p.beat(ctx, time.Now())
		select {
		case <-tick.C:
		case <-ctx.Done():
			if err := p.Ledger.Senders.Leave(); err != nil {
				p.Log.Debug("this process could not be taken off the list of senders", "error", err)
			}
			return
		}
	}
}

// beat looks once. now has a monotonic reading: that one runs on while a process is stopped, and can't be set.
func (p *Presence) beat(ctx context.Context, now time.Time) {
	alive, err := p.Ledger.Senders.Beat(ctx, p.Config())
	if err != nil {
		if p.joined = (time.Time{}); !p.away && ctx.Err() == nil {
			p.Log.Warn("the other senders can't be seen: what has a rate waits", "error", err)
		}
		p.away = true
		return
	}
	if p.joined.IsZero() {
		p.joined = now
	}
	p.away = false
	if p.others != len(alive)-1 {
		p.others = len(alive) - 1
		p.Log.Info("senders on this ledger", "count", len(alive))
	}
	part := 1 / float64(len(alive))
	if p.others > 0 && now.Sub(p.joined) < leaseFor { // the others may not have seen it yet
		part = 0
	}
	p.Share(part, leaseFor-time.Since(now)) // what was seen is as old as the look took
	if now.Sub(p.clock) >= clockEvery || p.clock.IsZero() {
		p.clock = now
		p.lookAtClock(ctx)
	}
}

func (p *Presence) lookAtClock(ctx context.Context) {
	ahead, err := p.Ledger.Senders.Ahead(ctx)
	if err != nil {
		return // which the next beat meets too
	}
	if skewed := ahead.Abs() > warnOff; skewed != p.skewed {
		if p.skewed = skewed; skewed {
			p.Log.Warn("the clock of this machine is not that of the database", "ahead", ahead.Round(time.Millisecond))
		} else {
			p.Log.Info("the clock of this machine is that of the database again")
		}
	}
}
