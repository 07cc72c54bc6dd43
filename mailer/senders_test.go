package mailer

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"digestd/digest"
	"digestd/internal/ledger"
	"digestd/internal/ledger/store"
	ram "digestd/internal/ledger/store/memory"
	"digestd/mailer/message"
	"digestd/mailer/smtp/smtptest"
)

// sender is a process of several that send the same edition.
type sender struct {
	*Mailer
	name   string
	ledger *ledger.Ledger
	job    Job
}

// several are processes on one ledger, with one mail server.
type several struct {
	t       *testing.T
	clock   *clock
	memory  *ram.Memory
	server  *smtptest.Server
	senders []*sender
}

func newSeveral(t *testing.T, processes, readers int, o Options, answer func(smtptest.Moment) string) *several {
	t.Helper()
	w := &several{t: t, memory: ram.New(), clock: &clock{now: time.Date(2026, 11, 22, 6, 0, 1, 0, time.UTC)}}
	w.server = smtptest.Start(t, answer, nil)
	for i := range processes {
		w.senders = append(w.senders, w.start(fmt.Sprint("sender", i), o))
	}
	body, err := template(t, 2000).MarshalBinary()
	if err != nil {
		t.Fatal(err)
	}
	c := ledger.Composition{Edition: digest.Edition{ID: anEdition, Digest: "daily", Zone: "Europe/Paris", Composed: w.clock.Now()},
		Variants: []ledger.Variant{{Body: body}}}
	for i := range readers {
		c.Recipients = append(c.Recipients, digest.Recipient{Index: i, Email: fmt.Sprintf("reader%d@d%d.example.org", i, i%7)})
	}
	if err := w.senders[0].ledger.Editions.Commit(c); err != nil {
		t.Fatal(err)
	}
	return w
}

// start starts a process.
func (w *several) start(name string, o Options) *sender {
	w.t.Helper()
	l, err := ledger.Open(w.memory.OpenShared, w.clock.Now)
	if err != nil {
		w.t.Fatal(err)
	}
	w.t.Cleanup(func() { l.Close() })
	l.Senders.Call(name)
	s := &sender{name: name, ledger: l, Mailer: New(o, OverSMTP(client(w.server)), l.Mail(), nil)}
	s.Now, s.Sleep, s.Jitter = w.clock.Now, w.clock.Sleep, func() float64 { return 0 }
	s.job = Job{Edition: anEdition, Digest: "daily", Templates: []*message.Template{template(w.t, 2000)},
		TokenKey: tokenKeys(tokenKey(w.t))}
	return s
}

// run is what the newsroom does for one turn of the daemon.
func (s *sender) run(ctx context.Context) (Summary, error) {
	ctx, end, err := s.ledger.Editions.Begin(ctx, anEdition)
	if err != nil {
		return Summary{}, err
	}
	defer end()
	e, err := s.ledger.Editions.Get(anEdition)
	if err != nil || e.Complete {
		return Summary{}, err
	}
	job := s.job
	job.Paused, job.Opened = e.Paused, func() error { return s.ledger.Editions.Pause(anEdition, "") }
	sum, err := s.Deliver(ctx, job)
	if err == nil && sum.Lots > 0 && sum.Paused != e.Paused {
		err = s.ledger.Editions.Pause(anEdition, sum.Paused)
	}
	return sum, err
}

// untilDone lets all run, each again when it has ended, until the edition is complete. It returns how many runs
// ended because their session was gone.
func (w *several) untilDone(meanwhile func(stop <-chan struct{})) (lost int) {
	w.t.Helper()
	var all sync.WaitGroup
	var gone atomic.Int64
	for _, s := range w.senders {
		all.Go(func() {
			for range 20000 {
				if e, err := s.ledger.Editions.Get(anEdition); err == nil && e.Complete {
					return
				}
				switch _, err := s.run(context.Background()); {
				case errors.Is(err, store.ErrSessionLost) || errors.Is(err, store.ErrAway):
					gone.Add(1)
				case err != nil:
					w.t.Errorf("%s: %v", s.name, err)
					return
				}
				time.Sleep(time.Millisecond)
				w.clock.set(time.Second)
			}
			w.t.Errorf("%s: the edition is not complete after 20000 runs", s.name)
		})
	}
	stop, stopped := make(chan struct{}), make(chan struct{})
	go func() { defer close(stopped); meanwhile(stop) }()
	all.Wait()
	close(stop)
	<-stopped
	return int(gone.Load())
}

// check holds the promises: nobody is left out, and who got more than one mail was in doubt, and at most that many.
func (w *several) check(readers, mostCopies int) {
	w.t.Helper()
	l := w.senders[0].ledger
	if problems := l.Check(); len(problems) > 0 {
		w.t.Errorf("the ledger's invariants do not hold: %v", errors.Join(problems...))
	}
	p, err := l.Deliveries.Progress(anEdition)
	if err != nil {
		w.t.Fatal(err)
	}
	copies, more := w.server.Copies(), 0
	for i := range readers {
		n := copies[fmt.Sprintf("reader%d@d%d.example.org", i, i%7)]
		if n == 1 {
			continue
		}
		history, err := l.Deliveries.History(anEdition, i)
		if err != nil {
			w.t.Fatal(err)
		}
		doubtful := slices.ContainsFunc(history, func(e digest.Event) bool { return e.State == digest.InDoubt || e.Doubts > 0 })
		if s := p.State(i); n == 0 && s != digest.Held || n > 2 || !doubtful {
			w.t.Errorf("reader %d is %s and got %d mails: %v", i, s, n, history)
		}
		more += max(0, n-1)
	}
	if more > mostCopies {
		w.t.Errorf("%d copies beyond the first, of at most %d", more, mostCopies)
	}
}

func TestThreeSendersShareAnEdition(t *testing.T) {
	const readers = 3500 // in four lots
	w := newSeveral(t, 3, readers, defaults, nil)
	var all sync.WaitGroup
	for _, s := range w.senders {
		all.Go(func() {
			if _, err := s.run(t.Context()); err != nil {
				t.Error(err)
			}
		})
	}
	all.Wait()
	e, err := w.senders[1].ledger.Editions.Get(anEdition)
	if err != nil || !e.Complete || e.Reached != readers {
		t.Errorf("complete %v, reached %d, %v", e.Complete, e.Reached, err)
	}
	w.check(readers, 0)
}

func TestASenderThatLosesItsSessionSendsNothingMore(t *testing.T) {
	const readers, kills = 3100, 20
	o := defaults
	o.Connections, o.GiveUp = 4, 1000*time.Hour
	w := newSeveral(t, 3, readers, o, func(m smtptest.Moment) string {
		if m.Stage == smtptest.Dot && rand.IntN(200) == 0 {
			return "451 4.3.0 later"
		}
		return smtptest.Default
	})
	killed := 0
	lost := w.untilDone(func(stop <-chan struct{}) {
		for killed < kills {
			select {
			case <-stop:
				return
			case <-time.After(time.Duration(rand.IntN(8)) * time.Millisecond):
				w.memory.Kill(w.senders[rand.IntN(3)].name)
				killed++
			}
		}
	})
	t.Logf("%d sessions were killed, and %d runs ended by it", killed, lost)
	if lost == 0 {
		t.Error("no run noticed")
	}
	w.check(readers, killed*o.Connections)
}

// jealous fails a run that wants a lot once more while it has it: that one is free when its session was lost, and its
// deliveries may be under way.
type jealous struct {
	Ledger
	t     *testing.T
	has   map[int]bool
	asked int
}

func (j *jealous) Take(ctx context.Context, edition string, wanted func(int, digest.Standing) bool) (digest.Lot, bool, error) {
	for number := range j.has {
		if j.asked++; wanted(number, digest.Standing{Counts: []int{digest.Pending: 1}}) {
			j.t.Errorf("the run wants lot %d, which it has", number)
		}
	}
	lot, ok, err := j.Ledger.Take(ctx, edition, wanted)
	if ok {
		j.has[lot.Number] = true
	}
	return lot, ok, err
}

func (j *jealous) Give(edition string, number int, due time.Time) (digest.Standing, error) {
	delete(j.has, number)
	return j.Ledger.Give(edition, number, due)
}

func TestARunWantsNoLotThatItHas(t *testing.T) {
	const readers = 3100 // in four lots
	w := newSeveral(t, 1, readers, defaults, nil)
	s := w.senders[0]
	j := &jealous{Ledger: s.Mailer.ledger, t: t, has: map[int]bool{}}
	s.Mailer.ledger = j
	if _, err := s.run(t.Context()); err != nil {
		t.Error(err)
	}
	if j.asked == 0 {
		t.Error("no lot was taken while another one was had")
	}
	w.check(readers, 0)
}

// grudging gives no lot back that is asked for first, and knows no recipient.
type grudging struct {
	Ledger
	given []int
}

var errGrudge = errors.New("no")

func (g *grudging) Give(_ string, number int, _ time.Time) (s digest.Standing, err error) {
	if g.given = append(g.given, number); len(g.given) == 1 {
		err = errGrudge
	}
	return s, err
}

func (g *grudging) RecipientsAt(string, int) ([]digest.Recipient, error) { return nil, errGrudge }

// TestALotIsGivenBackWhateverFails: that it was taken in, or that another one was given back. Who keeps one keeps its
// edition from its end.
func TestALotIsGivenBackWhateverFails(t *testing.T) {
	g := &grudging{}
	r := &run{m: &Mailer{ledger: g, Now: time.Now}, job: Job{Edition: anEdition}, cancel: func() {}}
	r.q, r.lots = newQueue(g, anEdition, nil), &lots{run: r, known: make([]digest.Standing, 3)}
	for number := range 3 {
		lot := digest.Lot{Number: number, Progress: digest.Progress{First: 1000 * number, States: make([]digest.State, 1000),
			Last: map[int]digest.Event{1000 * number: {Index: 1000 * number, State: digest.Deferred}}}}
		if err := r.lots.begin(lot); !errors.Is(err, errGrudge) {
			t.Fatal(err)
		}
	}
	r.fail(errGrudge)
	r.lots.giveAll()
	if len(g.given) != 3 {
		t.Errorf("of three lots, %v are given back", g.given)
	}
}

func TestTheLedgerGoesAwayAndComesBack(t *testing.T) {
	const readers = 3100
	o := defaults
	o.Connections, o.GiveUp = 4, 1000*time.Hour
	w := newSeveral(t, 3, readers, o, nil)
	outages := 0
	w.untilDone(func(stop <-chan struct{}) {
		for outages < 5 {
			select {
			case <-stop:
				return
			case <-time.After(5 * time.Millisecond):
				w.memory.SetAway(true)
				time.Sleep(2 * time.Millisecond)
				w.memory.SetAway(false)
				outages++
			}
		}
	})
	w.check(readers, outages*3*o.Connections)
}

// TestFiveRefusalsPauseEverywhere lets the server refuse everybody: each sender stops, one tries, and all go on.
func TestFiveRefusalsPauseEverywhere(t *testing.T) {
	const readers = 3100
	var refuses atomic.Bool
	refuses.Store(true)
	var refused atomic.Int64
	w := newSeveral(t, 3, readers, defaults, func(m smtptest.Moment) string {
		if m.Stage == smtptest.Mail && refuses.Load() {
			refused.Add(1)
			return "550 5.7.1 we do not like your address"
		}
		return smtptest.Default
	})
	turn := func() (paused int) {
		for _, s := range w.senders {
			sum, err := s.run(t.Context())
			if err != nil {
				t.Fatal(err)
			}
			if sum.Paused != "" {
				paused++
			}
		}
		return paused
	}
	for range 3 {
		turn()
		if e, err := w.senders[2].ledger.Editions.Get(anEdition); err != nil || !strings.Contains(e.Paused, "550 5.7.1 we do not like your address") {
			t.Fatalf("paused: %q, %v", e.Paused, err)
		}
	}
	if n := refused.Load(); n > 25 { // the first row, and one try each time
		t.Errorf("%d messages were refused", n)
	}
	refuses.Store(false)
	for range 3 {
		turn()
		w.clock.set(time.Hour)
	}
	if e, err := w.senders[2].ledger.Editions.Get(anEdition); err != nil || !e.Complete {
		t.Errorf("it does not go on: %+v, %v", e, err)
	}
	w.check(readers, 0)
}

// TestWhatTheOperatorWantsHoldsEverywhere pauses a digest, and then withdraws the edition, while others send it.
func TestWhatTheOperatorWantsHoldsEverywhere(t *testing.T) {
	const readers = 2000
	var dots atomic.Int64
	w := newSeveral(t, 2, readers, defaults, func(m smtptest.Moment) string {
		if m.Stage == smtptest.Dot {
			dots.Add(1)
		}
		return smtptest.Default
	})
	operator := w.start("operator", defaults).ledger
	started := func(after int64) {
		for deadline := time.Now().Add(20 * time.Second); dots.Load() < after; time.Sleep(time.Millisecond) {
			if time.Now().After(deadline) {
				t.Fatal("nothing is sent")
			}
		}
	}
	both := func(meanwhile func()) {
		var all sync.WaitGroup
		for _, s := range w.senders {
			all.Go(func() {
				if _, err := s.run(t.Context()); err != nil && !errors.Is(err, ledger.ErrIllegal) {
					t.Error(err)
				}
			})
		}
		meanwhile()
		all.Wait()
	}
	var after int64
	both(func() {
		started(100)
		if err := operator.Editions.SetPaused("daily", true); err != nil {
			t.Fatal(err)
		}
		after = dots.Load()
	})
	if n := dots.Load() - after; n > int64(2*defaults.Connections) {
		t.Errorf("%d messages went out after the pause", n)
	}
	if err := operator.Editions.SetPaused("daily", false); err != nil {
		t.Fatal(err)
	}
	reached := 0
	both(func() {
		started(dots.Load() + 100)
		if err := operator.Editions.Halt(t.Context(), anEdition); err != nil {
			t.Fatal(err)
		}
		after = dots.Load()
		var err error
		if reached, err = operator.Editions.Recall(anEdition, ledger.Recall{Words: "withdrawn"}); err != nil {
			t.Fatal(err)
		}
	})
	if n := dots.Load(); n != after || int64(reached) != n || n == readers {
		t.Errorf("%d messages when it was withdrawn, %d in the end, and %d are said to have it", after, n, reached)
	}
	if problems := operator.Check(); len(problems) > 0 {
		t.Error(errors.Join(problems...))
	}
}

// TestRatesAreDivided gives a sender a third of its rate, and then nothing once its part has run out.
func TestRatesAreDivided(t *testing.T) {
	o := defaults
	o.Rate = 30
	r := newRig(t, 60, o, nil)
	began := r.clock.Now()
	r.Mailer.Share(1.0/3, began.Add(time.Hour))
	if s := r.deliver(t); s.Sent != 60 {
		t.Fatalf("%+v", s)
	}
	if took := r.clock.Now().Sub(began); took < 5500*time.Millisecond || took > 7*time.Second {
		t.Errorf("60 messages at a third of 30 a second took %v", took)
	}
	r = newRig(t, 60, o, nil)
	began = r.clock.Now()
	r.Mailer.Share(1, began.Add(time.Second))
	ctx, cancel := context.WithCancel(t.Context())
	r.Sleep = func(ctx context.Context, d time.Duration) {
		if r.clock.Sleep(ctx, d); r.clock.elapsed() > 20*time.Second {
			cancel()
		}
	}
	if s, err := r.Deliver(ctx, r.job); err != nil || s.Sent < 25 || s.Sent > 35 || r.clock.elapsed() < 20*time.Second {
		t.Errorf("%+v in %v, %v: a second's worth may go", s, r.clock.elapsed(), err)
	}
}
