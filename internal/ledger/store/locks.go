package store

import (
	"context"
	"sync"
)

// Locks are names that somebody in this process is at work on: all that Lock takes where no other process can be.
type Locks struct {
	mu   sync.Mutex
	held map[string]chan struct{} // closed when it is let go
}

// Lock waits for its turn with a name, or for the end of ctx, whose error it then returns.
func (l *Locks) Lock(ctx context.Context, name string) (unlock func(), err error) {
	for {
		l.mu.Lock()
		free, taken := l.held[name]
		if !taken {
			if l.held == nil {
				l.held = map[string]chan struct{}{}
			}
			free = make(chan struct{})
			l.held[name] = free
			l.mu.Unlock()
			return func() {
				l.mu.Lock()
				delete(l.held, name)
				l.mu.Unlock()
				close(free)
			}, nil
		}
		l.mu.Unlock()
		select {
		case <-free:
		case <-ctx.Done():
			return nil, ctx.Err()
		}
	}
}
