package mailer

import (
	"slices"
	"sync"
	"time"
)

// link is a connection with what was done over it.
type link struct {
	Conn
	sent int
	used time.Time // when the last message was over, or the connection made
}

// links are the connections of a run that nobody uses, the one that was used last at the end.
type links struct {
	mu   sync.Mutex
	idle []*link
}

func (s *links) put(l *link) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if l != nil {
		s.idle = append(s.idle, l)
	}
}

// take is the one that was used last; nil when there is none.
func (s *links) take() *link {
	s.mu.Lock()
	defer s.mu.Unlock()
	n := len(s.idle)
	if n == 0 {
		return nil
	}
	l := s.idle[n-1]
	s.idle = s.idle[:n-1]
	return l
}

// older takes out those that were not used since a time.
func (s *links) older(than time.Time) (old []*link) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.idle = slices.DeleteFunc(s.idle, func(l *link) bool {
		if l.used.Before(than) {
			old = append(old, l)
			return true
		}
		return false
	})
	return old
}
