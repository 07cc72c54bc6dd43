// Package mailer carries a composed edition to its readers: one message for each, over several
// connections, within rate limits, with every step made durable before the next. What the server says
// decides what becomes of a delivery (classify), and what becomes of it is recorded until nothing is
// owed any more; docs/architecture.md has the table of states.
//
// It does not know feeds, stories or templates' looks: messages come frozen. It declares the few
// methods of a ledger that it needs, and knows no database.
package mailer

import (
	"context"
	"io"
	"log/slog"
	"math/rand/v2"
	"time"

	"golang.org/x/time/rate"

	"digestd/digest"
	"digestd/mailer/dkim"
	"digestd/mailer/message"
	"digestd/subscribers"
)

// Ledger is what the delivery loop needs to remember and to be told. Its methods are called from
// several goroutines; what they were given is durable when they return, but for Step.
type Ledger interface {
	// Standings tell where the deliveries of an edition's lots stood when somebody last gave each back.
	Standings(edition string) ([]digest.Standing, error)
	// Take takes the first lot of an edition that nobody else has and that is wanted. It reports whether there is one.
	// Nobody but who has a lot may record anything of its deliveries.
	Take(ctx context.Context, edition string, wanted func(int, digest.Standing) bool) (digest.Lot, bool, error)
	// Give gives a lot back, of which the next delivery may go at a time, and tells how it stands.
	Give(edition string, lot int, due time.Time) (digest.Standing, error)
	// Failures are the events that brought deliveries of an edition to their end as failed, in their order.
	Failures(edition string) ([]digest.Event, error)
	// RecipientsAt returns recipients of an edition in their order, from an index on: as many as are
	// stored together, one at least, or none after the last.
	RecipientsAt(edition string, index int) ([]digest.Recipient, error)
	// Step records, in one commit, how a worker's last delivery went and that it begins the next one,
	// to an address. Either may be nil. It returns at once: what it returns waits until that is durable, and may be called
	// again. The state is that of next: Intent; Suppressed when the address may not be written to; Pending when the
	// edition may not go on, and the delivery stays as it was. Each as it stands in that very commit.
	Step(edition string, done, next *digest.Event, to string) func() (digest.State, error)
	// Suppressed reports whether an address gets nothing of a digest, as it stands now.
	Suppressed(email, digestID string) (bool, error)
	// Record records events of deliveries that nobody is at work on.
	Record(ctx context.Context, edition string, events []digest.Event) error
	// Suppress keeps further mail from an address.
	Suppress(s digest.Suppression) error
	// Finish marks an edition as complete: all its deliveries are final.
	Finish(edition string) error
}

// What becomes of a delivery that is in doubt.
const (
	Resend = "resend" // it is sent once more, byte for byte
	Hold   = "hold"   // it is not, and somebody looks into it
)

// Options say how mail goes out. Rates are messages per second; 0 is unlimited.
type Options struct {
	Connections      int // at most, of all editions together
	Rate             float64
	PerDomain        map[string]float64 // by recipient's domain in lower case
	MaxPerConnection int                // messages; 0 is unlimited
	Retry            []time.Duration    // pauses before the attempts after the first; then every 6 hours
	GiveUp           time.Duration      // after a delivery's first attempt
	InDoubt          string             // Resend or Hold
}

// Mailer delivers editions. Several may be under way at once; they share connections and rates.
type Mailer struct {
	Now    func() time.Time
	Sleep  func(ctx context.Context, d time.Duration) // returns early when ctx ends
	Jitter func() float64                             // in [0, 1)

	options   Options
	transport Transport
	ledger    Ledger
	log       *slog.Logger
	domains   map[string]*rate.Limiter
	pace      *pace
	doubts    doubts
}

// New makes a mailer with the system's clock.
func New(o Options, t Transport, l Ledger, log *slog.Logger) *Mailer {
	if log == nil {
		log = slog.New(slog.NewTextHandler(io.Discard, nil))
	}
	o.Connections = max(o.Connections, 1)
	m := &Mailer{
		Now: time.Now, Sleep: sleep, Jitter: rand.Float64,
		options: o, transport: t, ledger: l, log: log,
		pace: newPace(o), domains: map[string]*rate.Limiter{},
		doubts: doubts{known: map[doubt]bool{}},
	}
	for domain, perSecond := range o.PerDomain {
		if perSecond > 0 {
			m.domains[domain] = limiter(perSecond)
		}
	}
	return m
}

// Slowed tells what goes slower than the options would have it, for what the server said so far; empty when nothing
// does.
func (m *Mailer) Slowed() string { return m.pace.String() }

// Share says which part of the rates is this sender's, where there are several, and until when: from then on nothing
// begins, where there are rates, until it is called again. Without any call all of them are.
func (m *Mailer) Share(part float64, until time.Time) {
	now := m.Now()
	m.pace.share(part, until, now, m.options.Rate)
	for domain, l := range m.domains {
		setLimit(l, m.options.PerDomain[domain]*part, now)
	}
}

// limiter spaces messages evenly, but for what a clock's grain makes it miss.
func limiter(perSecond float64) *rate.Limiter {
	if perSecond <= 0 {
		return nil
	}
	return rate.NewLimiter(rate.Limit(perSecond), burst(perSecond))
}

func burst(perSecond float64) int { return max(1, int(perSecond/20)) }

func sleep(ctx context.Context, d time.Duration) {
	ctx, stop := context.WithTimeout(ctx, d)
	defer stop()
	<-ctx.Done()
}

// Job is an edition to deliver.
type Job struct {
	Edition string
	Digest  string // Digest.ID
	// Templates are the messages of the edition's variants; nil where a variant has nothing to say.
	Templates []*message.Template
	// Mended are the same messages from another sender, for all recipients but those with the indices in Before; nil:
	// there is none.
	Mended []*message.Template
	Before []int
	// TokenKey finds the key with an ID.
	TokenKey func(id string) (subscribers.TokenKey, bool)
	// Signer signs; nil: the mails go unsigned. What was signed once by another key is not sent again.
	Signer *dkim.Signer
	// Subscribes reports whether an address is still to get the digest, by the lists as they are now: whoever was taken
	// out of them gets nothing more, though the edition was composed for them too. May be nil: all are.
	Subscribes func(email string) bool
	// Until is the lane's next slot, when what is still owed ends; zero: no end.
	Until time.Time
	// Paused is why the last run of the edition paused; empty when it did not. One message tries then before the
	// others.
	Paused string
	// Now is to try at once what the schedule has put off.
	Now bool
	// Opened is called when the first message of a run after a pause was taken. May be nil.
	Opened func() error
	// Progress is told of each delivery that came to something, one at a time. May be nil.
	Progress func(Progress)
}

// Progress is a delivery that came to something, and where its edition stands with it.
type Progress struct {
	Edition string
	To      digest.Recipient
	Event   digest.Event
	Summary Summary
}

// Summary counts what a call of Deliver did, and what is left.
type Summary struct {
	Recipients int // of the edition
	Lots       int // that this call took: none when nothing could go now, or others were at work on all of it
	Tried      int // messages that were begun

	// What this call brought to an end.
	Sent       int
	Failed     int
	Suppressed int
	Expired    int
	Nothing    int
	Withdrawn  int // from readers who are no subscribers any more

	// How the edition stands after it.
	Deferred int       // to be tried again
	InDoubt  int       // in doubt or held
	Held     int       // of them: not sent again
	Pending  int       // not tried yet
	NextDue  time.Time // when the next deferred delivery may go; zero when none is
	Ends     time.Time // when the first of what is owed ends undelivered; zero when that is not known

	// Paused tells why the run ended before its time, in words; empty when it did not.
	Paused string
	Opens  time.Time // when the server is expected to take messages again; zero when that is not known
	// Refusal is what became of the last message that was not taken, in words; empty when all were.
	Refusal string
	// Slowed tells what goes slower than the options would have it, in words; empty when nothing does.
	Slowed string
}

// Owed is the number of deliveries that are not final.
func (s Summary) Owed() int { return s.Pending + s.Deferred + s.InDoubt - s.Held }
