package mailer

import (
	"fmt"
	"math"
	"math/rand/v2"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"digestd/mailer/smtp/smtptest"
)

// shape is a limit: so many in a span, counted in one way and told at one stage.
type shape struct {
	most  int
	span  time.Duration
	way   string
	stage string
	reply string
}

// The ways in which servers count.
const (
	fixed   = "fixed"   // in spans that begin with the first message
	aligned = "aligned" // in spans of the clock on the wall
	sliding = "sliding" // in the span before now
	bucket  = "bucket"  // a bucket that fills all the time
)

// meter lets a message pass or not. The caller serialises.
type meter struct {
	shape
	window window
	log    []time.Time
	tokens float64
	last   time.Time
}

func (c *meter) pass(now time.Time) bool {
	switch c.way {
	case fixed, aligned:
		full := c.window.full(now)
		if c.way == aligned {
			if c.window.begun = now.Truncate(c.span); c.window.begun.After(c.last) {
				c.window.n, full = 0, false
				c.last = c.window.begun
			}
		}
		if !full {
			c.window.n++
		}
		return !full
	case sliding:
		if len(c.log) >= c.most && now.Sub(c.log[len(c.log)-c.most]) < c.span {
			return false
		}
		c.log = append(c.log, now)
		return true
	}
	if c.last.IsZero() {
		c.tokens, c.last = float64(c.most), now
	}
	c.tokens = min(float64(c.most), c.tokens+float64(c.most)*float64(now.Sub(c.last))/float64(c.span))
	if c.last = now; c.tokens < 1-1e-9 {
		return false
	}
	c.tokens--
	return true
}

// forced is how long the limit makes so many messages take, and how many refusals a client must meet who does not know
// it: one for each span, and the tries that find the first one's length, each a third later.
func (s shape) forced(readers int) (time.Duration, float64) {
	took := s.span * time.Duration((readers-1)/s.most)
	if s.way == bucket {
		took = s.span * time.Duration(readers-s.most) / time.Duration(s.most)
	}
	took += time.Duration(s.most) * 10 * time.Millisecond // at a hundred a second
	return took, float64((readers-1)/s.most) + math.Log(s.span.Seconds()/3+1)/math.Log(4.0/3)
}

// play delivers to a server with such a limit.
func (s shape) play(t *testing.T, readers int) (d *hosted, refused int) {
	var mu sync.Mutex
	count := &meter{shape: s, window: window{span: s.span, most: s.most}}
	server := smtptest.InMemory(t, func(m smtptest.Moment) string {
		if m.Stage == smtptest.Gone {
			return smtptest.Default
		}
		time.Sleep(5 * time.Millisecond)
		mu.Lock()
		defer mu.Unlock()
		if m.Stage != s.stage || count.pass(time.Now()) {
			return smtptest.Default
		}
		refused++
		return s.reply
	}, nil)
	o := defaults
	o.Connections, o.Rate = 4, 100
	return deliverTo(t, server, readers, o, func(i int) string { return fmt.Sprintf("reader%d@host%d.example.org", i, i%50) }), refused
}

// TestShapesOfLimits delivers ten spans' worth of messages to servers that know one limit: within a tenth of the time
// that it forces, and few are refused, but for one in thirty that chance makes worse. docs/benchmarks.md has the
// figures.
func TestShapesOfLimits(t *testing.T) {
	played, slow := 0, 0
	told := []struct{ stage, reply string }{
		{smtptest.Mail, "450 4.7.1 Error: too much mail from 192.0.2.1"},
		{smtptest.Rcpt, "451 4.7.1 Rate limit exceeded, try again later"},
		{smtptest.Dot, "451 4.7.1 You are sending too fast"},
		{smtptest.Mail, "421 4.7.0 Too many messages, slow down"},
		{smtptest.Rcpt, "550 5.7.1 You have exceeded your message rate"},
	}
	for _, c := range []struct {
		most int
		span time.Duration
	}{{20, 5 * time.Second}, {30, 10 * time.Second}, {20, time.Minute}, {100, time.Minute}, {100, 5 * time.Minute}, {50, 10 * time.Minute}, {500, time.Hour}} {
		for _, way := range []string{fixed, aligned, sliding, bucket} {
			for _, how := range told {
				s := shape{c.most, c.span, way, how.stage, how.reply}
				t.Run(fmt.Sprintf("%d in %v, %s, %s at %s", s.most, s.span, way, how.reply[:3], how.stage), func(t *testing.T) {
					synctest.Test(t, func(t *testing.T) {
						readers := 10 * s.most
						least, forced := s.forced(readers)
						d, refused := s.play(t, readers)
						if d.ledger.counts() != fmt.Sprintf("sent %d", readers) || len(d.server.Taken()) != readers {
							t.Errorf("%s: %+v", d.ledger.counts(), d.last)
						}
						most := 2 * forced
						if way == bucket { // which looks like a span, and is none
							most = 6 * forced
						}
						if played++; d.took > least*110/100 || float64(refused) > most {
							slow++
						}
						if d.took > least*140/100 || float64(refused) > 2*most {
							t.Errorf("took %v of %v, %d refused, %.0f forced", d.took, least, refused, forced)
						}
						t.Logf("SHAPE %.2f of the time, %.1f of the refusals, %d runs, %s", float64(d.took)/float64(least), float64(refused)/forced, d.runs, d.last.Slowed)
					})
				})
			}
		}
	}
	if slow > played/30 {
		t.Errorf("%d of %d took more than a tenth longer than they must, or had too many refused", slow, played)
	}
}

// TestChanceIsNoLimit has servers that take whatever comes, and now and then say that it is too much: a run hardly takes
// longer than one to a server that never does, but where chance refuses a check and the next try, too.
func TestChanceIsNoLimit(t *testing.T) {
	for _, how := range []struct{ stage, reply string }{
		{smtptest.Mail, "450 4.7.1 Error: too much mail from 192.0.2.1"},
		{smtptest.Mail, "421 4.7.0 Too many messages, slow down"},
		{smtptest.Rcpt, "550 5.7.1 You have exceeded your message rate"},
	} {
		for _, rate := range []float64{0, 20} {
			var least time.Duration
			for _, c := range []struct{ oneIn, percent int }{{0, 100}, {1000, 150}, {100, 200}, {20, 1000}} {
				t.Run(fmt.Sprintf("%s, one in %d, %v a second", how.reply[:3], c.oneIn, rate), func(t *testing.T) {
					synctest.Test(t, func(t *testing.T) {
						const readers = 3000
						var mu sync.Mutex
						dice := rand.New(rand.NewPCG(1, 2))
						server := smtptest.InMemory(t, func(m smtptest.Moment) string {
							time.Sleep(5 * time.Millisecond)
							mu.Lock()
							defer mu.Unlock()
							if m.Stage == how.stage && c.oneIn > 0 && dice.IntN(c.oneIn) == 0 {
								return how.reply
							}
							return smtptest.Default
						}, nil)
						o := defaults
						o.Connections, o.Rate = 4, rate
						d := deliverTo(t, server, readers, o, func(i int) string {
							return fmt.Sprintf("reader%d@host%d.example.org", i, i%50)
						})
						if c.oneIn == 0 {
							least = d.took
						}
						if got := d.ledger.counts(); got != fmt.Sprintf("sent %d", readers) ||
							d.took > least*time.Duration(c.percent)/100 {
							t.Errorf("%s in %v, where %v would do: %+v", got, d.took, least, d.last)
						}
					})
				})
			}
		}
	}
}
