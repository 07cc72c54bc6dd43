package cli

import (
	"context"
	"sync"
	"time"

	"digestd/internal/newsroom"
)

// attend keeps this process among the senders of a ledger that several share, until leave is called, and its part of the
// rates in whatever mailer is current. Where no other process can send, it does nothing.
func attend(ctx context.Context, p *program, current func() *opened) (leave func()) {
	l := current().Ledger
	if !l.Senders.Several() {
		return func() {}
	}
	says := saying{}
	presence := &newsroom.Presence{Ledger: l, Log: p.log, Config: func() string { return says.of(current()) },
		Share: func(part float64, lease time.Duration) {
			current().outbound.mailer.Share(part, p.now().Add(lease))
		}}
	ctx, cancel := context.WithCancel(context.WithoutCancel(ctx)) // what is in flight at the end has its part too
	var running sync.WaitGroup
	running.Go(func() { presence.Run(ctx) })
	return func() { cancel(); running.Wait() }
}

// saying remembers what a configuration says: a hash over all readers.
type saying struct {
	whose *opened
	hash  string
}

func (s *saying) of(o *opened) string {
	if s.whose != o {
		s.whose, s.hash = o, o.Config.Says()
	}
	return s.hash
}
