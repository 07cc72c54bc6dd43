package mailer

import (
	"testing"
	"time"
)

// script sends by a pace as a run does.
type script struct {
	*pace
	now time.Time
}

func newScript(rate float64) *script {
	return &script{newPace(Options{Connections: 3, Rate: rate}), time.Date(2026, 11, 22, 6, 0, 0, 0, time.UTC)}
}

// try begins one message when it may begin, and lets it be taken or refused.
func (s *script) try(taken bool) (wait bool) {
	return s.tryAt(func() bool { return taken })
}

// tryAt does the same, and asks when it begins.
func (s *script) tryAt(taken func() bool) (wait bool) {
	d, trying := s.next(s.now)
	s.now = s.now.Add(max(d, 0))
	if s.begin(s.now); taken() {
		s.pass(s.now, trying)
		return true
	}
	return s.tooFast(s.now, trying, false, "too much mail")
}

// take lets so many messages be taken, a time apart.
func (s *script) take(n int, apart time.Duration) {
	for range n {
		s.try(true)
		s.now = s.now.Add(apart)
	}
}

// TestRestTellsNothingOfTheLimit has five minutes between two editions: what the second one learns of the server is not
// that it takes forty messages in five minutes. The wait for one's own rate is none.
func TestRestTellsNothingOfTheLimit(t *testing.T) {
	for _, c := range []struct {
		rate        float64
		apart, span time.Duration
	}{{0, 50 * time.Millisecond, 6 * time.Second}, {0.1, 10 * time.Second, 206 * time.Second}} {
		s := newScript(c.rate)
		s.take(20, c.apart)
		s.now = s.now.Add(5 * time.Minute)
		s.take(20, c.apart)
		for range 3 {
			s.try(false)
		}
		s.now = s.now.Add(3 * time.Second)
		s.take(20, c.apart)
		s.try(false)
		if s.most != 20 || s.span < c.span*9/10 || s.span > c.span*11/10 {
			t.Errorf("at %v between two: %d in %v", c.apart, s.most, s.span)
		}
	}
}

// TestAWaitThatNobodyEndsTellsNothingOfTheLimit has nobody try for two hours: the run that was refused has ended.
func TestAWaitThatNobodyEndsTellsNothingOfTheLimit(t *testing.T) {
	s := newScript(0)
	s.take(3, time.Second)
	for range 3 {
		s.try(false)
	}
	s.now = s.now.Add(2 * time.Hour)
	s.take(3, time.Second)
	if s.try(false); s.span != 0 {
		t.Errorf("%d in %v", s.most, s.span)
	}
}

// TestALimitThatIsGoneIsForgotten has a server that took twenty a minute for a while.
func TestALimitThatIsGoneIsForgotten(t *testing.T) {
	s := newScript(0)
	for range 4 {
		s.take(20, 10*time.Millisecond)
		for range 100 {
			if s.tryAt(func() bool { return s.now.Sub(s.since) > time.Minute }); !s.waits {
				break
			}
		}
	}
	if s.most < 19 || s.most > 21 || s.span < time.Minute || s.span > 63*time.Second {
		t.Errorf("%d in %v were learned", s.most, s.span)
	}
	began := s.now
	s.take(1000, 10*time.Millisecond)
	if s.most != 0 || !s.free() || s.String() != "" || s.now.Sub(began) > 10*time.Minute {
		t.Errorf("%d in %v, %q, after %v", s.most, s.span, s.String(), s.now.Sub(began))
	}
}

// TestALongSpanIsWaitedForInAPause: the run ends, and the next one begins when the server is expected to take some.
func TestALongSpanIsWaitedForInAPause(t *testing.T) {
	s := newScript(0)
	opens := func() time.Duration { return s.opens().Sub(s.since) }
	for i := range 3 {
		s.take(20, 10*time.Millisecond)
		for s.try(false) && s.now.Sub(s.since) < 12*time.Minute {
		}
		if s.retreat(s.now, "too much mail"); (i > 0) != !s.opens().IsZero() || i > 1 && (opens() < 6*time.Minute || opens() > 12*time.Minute+12*time.Second) {
			t.Errorf("span %d: the server is asked %v after the last opening", i, opens())
		}
		s.now = s.since.Add(12 * time.Minute)
		s.probe(s.now, "")
	}
	if s.beyond = false; s.lost() {
		t.Error("nothing is known")
	}
	for range 20 {
		s.inVain(s.since.Add(time.Hour))
	}
	if !s.opens().IsZero() {
		t.Error("it is expected to open, though it did not for three times as long as ever")
	}
}

// lets sends for so long to a server that takes 20 in a span.
func (s *script) lets(d, span time.Duration) {
	w := window{span: span, most: 20}
	for end := s.now.Add(d); s.now.Before(end); s.now = s.now.Add(10 * time.Millisecond) {
		s.tryAt(func() bool {
			if w.full(s.now) {
				return false
			}
			w.n++
			return true
		})
	}
}

// TestALongLimitThatIsGoneIsForgottenSoon: with hours between two openings, none goes by without asking for more.
func TestALongLimitThatIsGoneIsForgottenSoon(t *testing.T) {
	s := newScript(0)
	s.lets(12*time.Hour, time.Hour)
	began := s.now
	if s.take(1000, 10*time.Millisecond); s.most != 0 || s.now.Sub(began) > 130*time.Minute {
		t.Errorf("%d in %v, after %v", s.most, s.span, s.now.Sub(began))
	}
}

// TestASpanThatBecomesShorterIsFoundOut has a server that takes twenty a minute for an hour, and then as many in ten
// seconds.
func TestASpanThatBecomesShorterIsFoundOut(t *testing.T) {
	s := newScript(0)
	s.lets(time.Hour, time.Minute)
	if s.lets(15*time.Minute, 10*time.Second); s.most < 19 || s.most > 21 || s.span > 15*time.Second {
		t.Errorf("%d in %v", s.most, s.span)
	}
}
