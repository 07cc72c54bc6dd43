package mailer

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"digestd/digest"
)

// memory is a ledger that forgets: the delivery loop by itself is tested on it. It holds the rules of
// the table of states.
type memory struct {
	mu         sync.Mutex
	recipients []digest.Recipient
	states     []digest.State
	last       map[int]digest.Event
	events     []digest.Event
	suppressed map[string]bool
	finished   bool
	failing    error // of Step and Record
	commits    int
}

const chunkOf = 7 // recipients that memory stores together

func newMemory(n int) *memory {
	m := &memory{states: make([]digest.State, n), last: map[int]digest.Event{}, suppressed: map[string]bool{}}
	for i := range n {
		m.recipients = append(m.recipients, digest.Recipient{Index: i, Email: fmt.Sprintf("reader%d@example.org", i)})
	}
	return m
}

func (m *memory) Standings(string) ([]digest.Standing, error) {
	return []digest.Standing{{Counts: []int{digest.Pending: len(m.states)}}}, nil
}

func (m *memory) Take(context.Context, string, func(int, digest.Standing) bool) (digest.Lot, bool, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	p := digest.Progress{States: slices.Clone(m.states), Last: map[int]digest.Event{}}
	for i, e := range m.last {
		if !e.State.Final() {
			p.Last[i] = e
		}
	}
	return digest.Lot{Progress: p, Whole: true}, true, nil
}

func (m *memory) Give(string, int, time.Time) (digest.Standing, error) { return digest.Standing{}, nil }

func (m *memory) Failures(string) (failures []digest.Event, err error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	for _, e := range m.events {
		if e.State == digest.Failed {
			failures = append(failures, e)
		}
	}
	return failures, nil
}

func (m *memory) RecipientsAt(_ string, index int) ([]digest.Recipient, error) {
	if index >= len(m.recipients) {
		return nil, nil
	}
	return m.recipients[index:min(len(m.recipients), (index/chunkOf+1)*chunkOf)], nil
}

// later makes a step beside its caller, as a ledger does.
func later(step func() (digest.State, error)) func() (digest.State, error) {
	var state digest.State
	var err error
	made := make(chan struct{})
	go func() {
		defer close(made)
		state, err = step()
	}()
	return func() (digest.State, error) {
		<-made
		return state, err
	}
}

func (m *memory) Step(_ string, done, next *digest.Event, to string) func() (digest.State, error) {
	return later(func() (digest.State, error) { return m.step(done, next, to) })
}

func (m *memory) step(done, next *digest.Event, to string) (digest.State, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.failing != nil {
		return 0, m.failing
	}
	m.commits++
	if done != nil {
		m.apply(*done)
	}
	if next == nil {
		return 0, nil
	}
	e := *next
	if m.recipients[e.Index].Email != to {
		panic(fmt.Sprintf("the intent of %d is for %s", e.Index, to))
	}
	if m.suppressed[to] {
		e.State = digest.Suppressed
	}
	m.apply(e)
	return e.State, nil
}

func (m *memory) Record(_ context.Context, _ string, events []digest.Event) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.failing != nil {
		return m.failing
	}
	m.commits++
	for _, e := range events {
		m.apply(e)
	}
	return nil
}

func (m *memory) apply(e digest.Event) {
	if !m.states[e.Index].MayBecome(e.State) {
		panic(fmt.Sprintf("delivery %d goes from %s to %s", e.Index, m.states[e.Index], e.State))
	}
	m.states[e.Index] = e.State
	m.last[e.Index] = e
	m.events = append(m.events, e)
}

func (m *memory) Suppressed(email, _ string) (bool, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.suppressed[email], nil
}

func (m *memory) Suppress(s digest.Suppression) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.suppressed[s.Email] = true
	return nil
}

func (m *memory) Finish(string) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.finished = true
	return nil
}

// counts are the deliveries by state, as words: "sent 3, failed 1".
func (m *memory) counts() string {
	m.mu.Lock()
	defer m.mu.Unlock()
	n := map[digest.State]int{}
	for _, s := range m.states {
		n[s]++
	}
	var words []string
	for _, s := range slices.Sorted(maps.Keys(n)) {
		words = append(words, fmt.Sprintf("%s %d", s, n[s]))
	}
	return strings.Join(words, ", ")
}

func (m *memory) event(index int) digest.Event {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.last[index]
}

// check holds that a summary tells what the ledger says.
func (m *memory) check(t *testing.T, s Summary) {
	t.Helper()
	m.mu.Lock()
	defer m.mu.Unlock()
	n := map[digest.State]int{}
	for _, st := range m.states {
		n[st]++
	}
	if s.Recipients != len(m.states) || s.Pending != n[digest.Pending] || s.Deferred != n[digest.Deferred] || s.Held != n[digest.Held] ||
		s.InDoubt != n[digest.InDoubt]+n[digest.Held]+n[digest.Intent] {
		t.Errorf("the summary says %+v, the ledger %v", s, n)
	}
	if m.finished != (s.Owed() == 0) {
		t.Errorf("finished = %v with %d owed", m.finished, s.Owed())
	}
}
