package ledger

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"time"

	"digestd/digest"
	"digestd/internal/ledger/store"
)

// ErrIllegal is a move that the table of states does not allow. Nothing of the step was recorded.
var ErrIllegal = errors.New("the delivery can't go from there to there")

// maxGroup is how many steps one commit takes at most, and maxPatience how long it waits for those that
// are expected.
const (
	maxGroup    = 512
	maxPatience = 5 * time.Millisecond
)

// step is what one worker, or one reader, wants to have recorded.
type step struct {
	change func(store.Tx) error // what a reader wants; the rest is empty then, and an error undoes the whole commit

	edition string
	last    *digest.Event // what became of the worker's last delivery; nil: nothing
	events  []digest.Event
	next    *digest.Event // an Intent, if its address may be written to
	to      string
	state   digest.State // of next: the answer
	err     error
	done    chan struct{}
}

// deliveryWriter gathers the steps of all workers, editions and readers into shared commits, in one
// goroutine: a commit costs the same fsync for one step as for a hundred. While one is under way, the steps
// that come up wait for the next. bbolt's own Batch would wait for its timer first, and may run a step twice.
type deliveryWriter struct {
	*base

	handing sync.Mutex // held while a step is handed over, and taken
	waiting []*step    // those that the next commit takes
	expect  int        // how many it waits for: those who made some lately
	closed  bool
	woken   chan struct{} // tells that the first of them has come, or the last; nil before there were any
	ended   chan struct{}

	taking  sync.Mutex // held while a lot is taken; mu may be locked in it, not the other way round
	mu      sync.Mutex
	lots    map[lotKey]*lot   // what is being delivered
	gone    map[lotKey]bool   // lots that were lost with a session
	names   map[string]string // digests of editions whose digest was renamed since this process began
	session store.Session     // in which that is; nil where no other process can send, or before the first is taken
	probes  map[string]bool   // editions that this process tries after a pause
	dues    map[string]dueAt  // what Due found, until there is a new entry
	handed  int               // deliveries that were recorded as sent

	moves  moves // room for those of a commit
	placed []placed
	events []digest.Event

	hook func(at string) // a fault of a test, before and after a commit; nil otherwise
}

// dueAt is what Due found of an edition whose last entry has a number.
type dueAt struct {
	at  uint64
	due time.Time
}

// errClosed is what a step gets after the ledger's end.
var errClosed = errors.New("the ledger is closed")

// submit hands a step to the writer and waits until it is durable.
func (w *deliveryWriter) submit(s *step) error {
	w.hand(s)
	<-s.done
	return s.err
}

// hand hands a step to the writer: it is durable, or has failed, when its done is closed.
func (w *deliveryWriter) hand(s *step) {
	s.done = make(chan struct{})
	w.handing.Lock()
	defer w.handing.Unlock()
	if w.closed {
		s.err = errClosed
		close(s.done)
		return
	}
	if w.woken == nil {
		w.woken, w.ended = make(chan struct{}, 1), make(chan struct{})
		go func() {
			defer close(w.ended)
			w.writeSteps()
		}()
	}
	if w.waiting = append(w.waiting, s); len(w.waiting) == 1 || len(w.waiting) == w.expect {
		w.wake()
	}
}

// wake lets the writer look at what waits, now or when it is back from a commit.
func (w *deliveryWriter) wake() {
	select {
	case w.woken <- struct{}{}:
	default:
	}
}

// stop commits what was handed over, and refuses what comes later.
func (w *deliveryWriter) stop() {
	w.handing.Lock()
	w.closed = true
	w.handing.Unlock()
	if w.woken != nil { // nobody makes it any more
		w.wake()
		<-w.ended
	}
}

// writeSteps commits steps until the ledger closes.
func (w *deliveryWriter) writeSteps() {
	var took time.Duration // by the last commit
	for group := w.gather(0); len(group) > 0; group = w.gather(min(2*took, maxPatience)) {
		start := time.Now()
		w.commitSteps(group)
		took = time.Since(start)
		w.handing.Lock()
		w.expect = min(len(group)+len(w.waiting), maxGroup)
		w.handing.Unlock()
		for _, s := range group {
			close(s.done)
		}
	}
}

// gather takes the steps that wait when those expected are there, or the first has waited for as long as the patience:
// a commit costs the same with them. Without any patience, the workers fall into halves that take turns even when they
// are all about to come. Twice a commit's time is what waiting may cost, since who misses this commit waits for all of
// it before its own; with more, all workers stand still during a commit where each takes its time, as for a signature.
// Only the first step and the last of those expected wake the writer. It takes none after the end.
func (w *deliveryWriter) gather(patience time.Duration) (group []*step) {
	var late <-chan time.Time
	for over := false; ; {
		w.handing.Lock()
		n := len(w.waiting)
		if w.closed || n > 0 && (over || n >= w.expect) {
			n = min(n, maxGroup)
			group, w.waiting = w.waiting[:n:n], append([]*step(nil), w.waiting[n:]...)
			w.handing.Unlock()
			return group
		}
		w.handing.Unlock()
		switch {
		case n == 0:
			<-w.woken
			continue
		case late == nil:
			late = time.After(patience)
		}
		select {
		case <-w.woken:
		case <-late:
			over = true
		}
	}
}

// commitSteps records a group of steps in one transaction; where several processes send, what readers want is one of its
// own, since theirs alone keeps all senders waiting. A step that is refused harms no other.
func (w *deliveryWriter) commitSteps(group []*step) {
	w.mu.Lock()
	session := w.session
	w.mu.Unlock()
	if session == nil && w.several == nil {
		w.commitGroup(group, w.update)
		return
	}
	var steps, wishes []*step
	for _, s := range group {
		if s.change != nil {
			wishes = append(wishes, s)
		} else {
			steps = append(steps, s)
		}
	}
	if len(wishes) > 0 {
		w.commitGroup(wishes, w.update)
	}
	steps = slices.DeleteFunc(steps, func(s *step) bool {
		if err := w.regain(s); err != nil {
			s.err = fmt.Errorf("record deliveries of edition %s: %w", s.edition, err)
		}
		return s.err != nil
	})
	w.mu.Lock()
	session = w.session
	w.mu.Unlock()
	if len(steps) > 0 {
		w.commitGroup(steps, func(touched touches, f func(store.Tx) error) error {
			if session == nil {
				return store.ErrSessionLost
			}
			return w.commitIn(session, touched, f)
		})
	}
}

func (w *deliveryWriter) commitGroup(group []*step, commit func(touches, func(store.Tx) error) error) {
	moves := w.moves[:0]
	defer func() { w.moves = moves }()
	err := commit(w.touchedBy(group), func(tx store.Tx) error {
		w.fault("before commit")
		if err := w.expectSteps(tx, group); err != nil {
			return err
		}
		var lots []*lot
		all := w.placed[:0]
		for _, s := range group {
			if s.change != nil {
				if err := s.change(tx); err != nil {
					return err
				}
				continue
			}
			all, s.err = w.applyStep(tx, s, all, &moves)
		}
		w.placed = all
		for _, p := range all {
			if !slices.Contains(lots, p.lot) {
				lots = append(lots, p.lot)
			}
		}
		for _, l := range lots {
			w.events = w.events[:0]
			for _, p := range all {
				if p.lot == l {
					w.events = append(w.events, p.event)
				}
			}
			if err := moves.append(tx, l, w.events); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		if w.several == nil {
			for _, v := range moves { // it may be on the disk all the same, and is read anew
				w.drop(v.lot)
			}
		}
		moves.undo()
		for _, s := range group {
			switch {
			case s.change != nil:
				s.err = err
			case s.err == nil:
				s.err = fmt.Errorf("record deliveries of edition %s: %w", s.edition, err)
			}
		}
		return
	}
	w.mu.Lock()
	w.handed += moves.sent()
	w.mu.Unlock()
	w.fault("after commit")
}

// expectSteps says which rows the steps of a group are about to read, where others send as well: the rows are on another
// machine then.
func (w *deliveryWriter) expectSteps(tx store.Tx, group []*step) error {
	if w.several == nil {
		return nil
	}
	var to []string
	for _, s := range group {
		if s.change == nil {
			tx.Bucket(bucketLots).Expect(stopKey(s.edition))
			tx.Bucket(bucketMeta).Expect(keyPaused)
			tx.Bucket(bucketEditions).Expect([]byte(s.edition))
		}
		if s.next != nil {
			expectSuppressed(tx, s.to, digestOf(s.edition))
			to = append(to, s.to)
		}
	}
	if len(to) == 0 {
		return nil
	}
	return expectForgotten(tx, to)
}

// touchedBy is what the steps of a group touch. Each looks whether its reader still wants mail; only what readers
// ask for changes that. Where several processes send, each has its lots to itself, and looks whether the edition was
// stopped.
func (w *deliveryWriter) touchedBy(group []*step) touches {
	readers := store.Readers()
	readers.Shared = !slices.ContainsFunc(group, func(s *step) bool { return s.change != nil })
	touched := touches{readers}
	last := ""
	for _, s := range group {
		if s.change != nil || s.edition == last {
			continue
		}
		last = s.edition
		t := store.Edition(s.edition)
		t.Shared = w.several != nil
		if !slices.Contains(touched, t) {
			touched = append(touched, t)
		}
	}
	if w.several != nil && last != "" {
		touched = append(touched, sharedTouch(store.Itself()))
	}
	return touched
}

func (w *deliveryWriter) fault(at string) {
	if w.hook != nil {
		w.hook(at)
	}
}

// Deliveries are what is owed to whom, and what happened to it.
type Deliveries struct {
	*base
	delivery *deliveryWriter
}

// Step records, in one commit, how a worker's last delivery went and that it begins the next one, to an
// address. Either may be nil. It returns at once, and what it returns waits for the commit. The state is that of next:
// Intent, or Suppressed when the address may not be written to, as the ledger has it in that very commit. The error is
// ErrIllegal when the table of states does not allow it; nothing of the step is recorded then.
func (d *Deliveries) Step(edition string, done, next *digest.Event, to string) func() (digest.State, error) {
	s := &step{edition: edition, last: done, next: next, to: to}
	d.delivery.hand(s)
	return func() (digest.State, error) {
		<-s.done
		return s.state, s.err
	}
}

// Record records events of an edition's deliveries in one commit, or ErrIllegal and none of them.
func (d *Deliveries) Record(_ context.Context, edition string, events []digest.Event) error {
	return d.delivery.submit(&step{edition: edition, events: append([]digest.Event(nil), events...)})
}

// RecipientsAt returns recipients of an edition in their order, from an index on: those of one chunk,
// or none after the last.
func (d *Deliveries) RecipientsAt(edition string, index int) ([]digest.Recipient, error) {
	chunk, err := d.Recipients(edition, index/chunkSize)
	if err != nil || index%chunkSize >= len(chunk) {
		return nil, err
	}
	return chunk[index%chunkSize:], nil
}

// Finish marks an edition as complete and packs what is recorded of its deliveries. The error says so
// when one is not final.
func (d *Deliveries) Finish(edition string) error {
	counts, err := d.finalCounts(edition)
	if err != nil {
		return fmt.Errorf("finish edition %s: %w", edition, err)
	}
	err = d.change(edition, func(st *EditionState) {
		st.Complete, st.Paused = true, ""
		st.Reached, st.Lost = counts[digest.Sent]+counts[digest.Held], counts[digest.Failed]+counts[digest.Expired]
	})
	d.delivery.forget(edition)
	if err == nil {
		err = d.pack(edition)
	}
	return during(err, "finish edition %s", edition)
}

// finalCounts counts the deliveries of an edition by state. The error says so when one is not final.
func (d *Deliveries) finalCounts(edition string) (counts [digest.States]int, err error) {
	st, err := d.state(edition)
	if err != nil {
		return counts, err
	}
	if st.Chunked {
		all, err := d.Standings(edition)
		for i, s := range all {
			if l := d.delivery.held(edition, i); l != nil { // by this process, which has not given it back
				s.Counts = counted(l.states)
			}
			if n := s.Owed(); n > 0 {
				return counts, fmt.Errorf("%d deliveries of lot %d are still owed", n, i)
			}
			for state, n := range s.Counts {
				counts[state] += n
			}
		}
		return counts, err
	}
	p, err := d.Progress(edition)
	for i, s := range p.States {
		if !s.Final() {
			return counts, fmt.Errorf("recipient %d is still %s", i, s)
		}
		counts[s]++
	}
	return counts, err
}
