package ledger

import (
	"context"
	"sync"
)

// locks are names that somebody in this process is at work on.
type locks struct {
	mu   sync.Mutex
	held map[string]chan struct{} // closed when it is let go
}

// Lock keeps others in this process from working on the same lane or edition, by its name, until unlock
// is called. It waits for its turn, or for the end of ctx, whose error it then returns. The file itself is
// locked against other processes.
func (l *Ledger) Lock(ctx context.Context, name string) (unlock func(), err error) {
	for {
		l.locks.mu.Lock()
		free, taken := l.locks.held[name]
		if !taken {
			if l.locks.held == nil {
				l.locks.held = map[string]chan struct{}{}
			}
			free = make(chan struct{})
			l.locks.held[name] = free
			l.locks.mu.Unlock()
			return func() {
				l.locks.mu.Lock()
				delete(l.locks.held, name)
				l.locks.mu.Unlock()
				close(free)
			}, nil
		}
		l.locks.mu.Unlock()
		select {
		case <-free:
		case <-ctx.Done():
			return nil, ctx.Err()
		}
	}
}
