package ledger

import (
	"cmp"
	"context"
	"encoding/hex"
	"errors"
	"fmt"
	"os"
	"slices"
	"sync"
	"time"

	"digestd/internal/ledger/store"
)

// Senders are the processes that work on this ledger. Where no other can, there is none to be told of.
type Senders struct {
	*base
	delivery *deliveryWriter
	last     time.Time // of the last Beat
	handed   int       // deliveries until then
	turns    turns
}

// Sender is a process that sends.
type Sender struct {
	ID     string    `json:"id"`
	Name   string    `json:"name"` // its machine, and its number there
	Since  time.Time `json:"since"`
	Config string    `json:"config,omitempty"` // what its configuration lets an edition say, as a hash
	Lots   int       `json:"lots"`             // lots that it has, of up to 1,000 readers each
	Rate   float64   `json:"rate"`             // mails that were taken from it lately, in a second
}

// lock is the name that it holds as long as it lives.
func (s Sender) lock() string { return "sender " + s.ID }

// thisSender is this process.
func thisSender(now time.Time) Sender {
	host, err := os.Hostname()
	if err != nil {
		host = "a machine"
	}
	return Sender{ID: hex.EncodeToString(random(8)), Name: fmt.Sprintf("%s:%d", host, os.Getpid()), Since: now.UTC()}
}

// touchSenders is the list of them.
var touchSenders = store.Touch{Name: "senders"}

// Several reports whether other processes may send too.
func (s *Senders) Several() bool { return s.several != nil }

// Call gives this process another name than that of its machine. It comes before all else.
func (s *Senders) Call(name string) { s.sender.Name = name }

// By names this process where there are several; elsewhere it is empty.
func (s *Senders) By() string {
	if s.several == nil {
		return ""
	}
	return s.sender.ID
}

// Beat tells the others of this process, and returns all that are alive, itself among them. Who died is forgotten. It
// is called every few seconds, by one goroutine.
func (s *Senders) Beat(ctx context.Context, config string) ([]Sender, error) {
	if err := s.live(ctx); err != nil {
		return nil, err
	}
	self := s.sender
	self.Config = config
	self.Lots, self.Rate = s.pace()
	all, err := s.rows()
	if err == nil && !slices.Contains(all, self) { // before it looks: of two that begin, one sees the other
		err = s.store.Update(touches{touchSenders}, func(tx store.Tx) error {
			return tableSenders.in(tx).put([]byte(self.ID), self)
		})
		if err == nil {
			all, err = s.rows()
		}
	}
	if err != nil {
		return nil, err
	}
	alive, err := s.living(ctx, all)
	if err == nil && len(alive) < len(all) {
		err = s.bury(all, alive)
	}
	if !slices.Contains(alive, self) {
		alive = append(alive, self)
	}
	return sorted(alive), err
}

// live holds the name by which others see that this process is there, in a new session where the last one is gone. The database
// may find that out late, and have given the name to nobody until then.
func (s *Senders) live(ctx context.Context) error {
	for again := false; ; again = true {
		session, err := s.delivery.begin(ctx)
		if err == nil {
			_, err = session.TryLock(s.sender.lock())
			err = s.delivery.lost(session, err)
		}
		if again || !errors.Is(err, store.ErrSessionLost) {
			return err
		}
	}
}

// bury forgets those who are not alive.
func (s *Senders) bury(all, alive []Sender) error {
	return s.store.Update(touches{touchSenders}, func(tx store.Tx) error {
		for _, x := range all {
			if slices.Contains(alive, x) || x.ID == s.sender.ID {
				continue
			}
			if err := tableSenders.in(tx).Delete([]byte(x.ID)); err != nil {
				return err
			}
		}
		return nil
	})
}

func (s *Senders) rows() ([]Sender, error) {
	return viewed(s.base, func(tx store.Tx) ([]Sender, error) { return tableSenders.in(tx).values(store.Range{}, nil) })
}

// pace is what there is to tell of this process since the last time.
func (s *Senders) pace() (lots int, rate float64) {
	w := s.delivery
	w.mu.Lock()
	defer w.mu.Unlock()
	now := s.now()
	if d := now.Sub(s.last).Seconds(); d > 0 && !s.last.IsZero() {
		rate = float64(int(float64(w.handed-s.handed)/d*10)) / 10
	}
	s.last, s.handed = now, w.handed
	return len(w.lots), rate
}

// living are those of some senders whose session is there.
func (s *Senders) living(ctx context.Context, all []Sender) ([]Sender, error) {
	names := make([]string, len(all))
	for i, x := range all {
		names[i] = x.lock()
	}
	held, err := s.several.Held(ctx, names)
	if err != nil {
		return nil, err
	}
	var alive []Sender
	for i, x := range all {
		if held[i] {
			alive = append(alive, x)
		}
	}
	return alive, nil
}

// All are the senders that are alive, in the order of their names; none where no other process can be one.
func (s *Senders) All(ctx context.Context) (all []Sender, err error) {
	if s.several == nil {
		return nil, nil
	}
	if all, err = s.rows(); err == nil {
		all, err = s.living(ctx, all)
	}
	return sorted(all), err
}

func sorted(all []Sender) []Sender {
	slices.SortFunc(all, func(a, b Sender) int { return cmp.Or(cmp.Compare(a.Name, b.Name), cmp.Compare(a.ID, b.ID)) })
	return all
}

// Alone lets one process do what has that name, at a time. It reports whether it is this one, which calls leave when
// it is done. Where no other process can do it, it is.
func (s *Senders) Alone(ctx context.Context, what string) (leave func(), ok bool, err error) {
	if s.several == nil {
		return func() {}, true, nil
	}
	if !s.turns.try(what) { // a session that has a name is given it again
		return nil, false, nil
	}
	session, err := s.delivery.begin(ctx)
	if err == nil {
		ok, err = session.TryLock("only " + what)
		err = s.delivery.lost(session, err)
	}
	if err != nil || !ok {
		s.turns.leave(what)
		return nil, false, err
	}
	return func() {
		_ = s.delivery.lost(session, session.Unlock("only "+what)) // one that is gone has let it go
		s.turns.leave(what)
	}, true, nil
}

// turns are what goroutines of this process do alone.
type turns struct {
	mu   sync.Mutex
	busy map[string]bool
}

func (t *turns) try(what string) bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.busy[what] {
		return false
	}
	if t.busy == nil {
		t.busy = map[string]bool{}
	}
	t.busy[what] = true
	return true
}

func (t *turns) leave(what string) {
	t.mu.Lock()
	defer t.mu.Unlock()
	delete(t.busy, what)
}

// Leave takes this process off the list.
func (s *Senders) Leave() error {
	if s.several == nil {
		return nil
	}
	return s.store.Update(touches{touchSenders}, func(tx store.Tx) error {
		return tableSenders.in(tx).Delete([]byte(s.sender.ID))
	})
}

// Ahead is how far the clock of this machine, whatever time the ledger was opened with, is before that of the database;
// nothing where there is none.
func (s *Senders) Ahead(ctx context.Context) (time.Duration, error) {
	if s.several == nil {
		return 0, nil
	}
	before := time.Now()
	theirs, err := s.several.Clock(ctx)
	if err != nil {
		return 0, err
	}
	after := time.Now()
	return before.Add(after.Sub(before) / 2).Sub(theirs), nil
}
