package store

import (
	"context"
	"sync"
)

// Locks are names that somebody in this process is at work on: all that Lock and a session take where no other process
// can be.
type Locks struct {
	mu   sync.Mutex
	held map[string]chan struct{} // closed when it is let go
}

// Lock waits for its turn with a name, or for the end of ctx, whose error it then returns.
func (l *Locks) Lock(ctx context.Context, name string) (unlock func(), err error) {
	for {
		unlock, busy := l.try(name)
		if unlock != nil {
			return unlock, nil
		}
		select {
		case <-busy:
		case <-ctx.Done():
			return nil, ctx.Err()
		}
	}
}

// try takes a name that is free; of one that is not, it returns what is closed when it is let go.
func (l *Locks) try(name string) (unlock func(), busy <-chan struct{}) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if busy, taken := l.held[name]; taken {
		return nil, busy
	}
	if l.held == nil {
		l.held = map[string]chan struct{}{}
	}
	free := make(chan struct{})
	l.held[name] = free
	return func() {
		l.mu.Lock()
		delete(l.held, name)
		l.mu.Unlock()
		close(free)
	}, nil
}

// Held reports whether anybody holds a name.
func (l *Locks) Held(name string) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	_, held := l.held[name]
	return held
}

// Session begins a session whose names are those of l, and whose changes are made in s.
func (l *Locks) Session(s Store) Session {
	return &session{store: s, locks: l, held: map[string]func(){}, lost: make(chan struct{})}
}

// session is one of this process. Nothing ends it but Close.
type session struct {
	store Store
	locks *Locks

	mu     sync.Mutex // also held from the last look at closed to the commit
	held   map[string]func()
	closed bool
	lost   chan struct{}
}

func (s *session) TryLock(name string) (bool, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closed {
		return false, ErrSessionLost
	}
	if s.held[name] != nil {
		return true, nil
	}
	unlock, _ := s.locks.try(name)
	if unlock == nil {
		return false, nil
	}
	s.held[name] = unlock
	return true, nil
}

func (s *session) Unlock(name string) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closed {
		return ErrSessionLost
	}
	if unlock := s.held[name]; unlock != nil {
		delete(s.held, name)
		unlock()
	}
	return nil
}

func (s *session) Update(touched []Touch, f func(Tx) error) error {
	select {
	case <-s.lost:
		return ErrSessionLost
	default:
	}
	committing := false
	defer func() {
		if committing {
			s.mu.Unlock()
		}
	}()
	return s.store.Update(touched, func(tx Tx) error {
		if err := f(tx); err != nil {
			return err
		}
		s.mu.Lock()
		committing = true
		if s.closed {
			return ErrSessionLost
		}
		return nil
	})
}

func (s *session) Lost() <-chan struct{} { return s.lost }

func (s *session) Close() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closed {
		return nil
	}
	s.closed = true
	for _, unlock := range s.held {
		unlock()
	}
	close(s.lost)
	return nil
}
