package mailer

import (
	"fmt"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"digestd/mailer/smtp/smtptest"
)

// TestWhoIsUnknown has readers who are gone, in old and in living lists, and servers that call everybody unknown for a
// while, wherever in the run that is. Who is gone fails soon, and nobody else does.
func TestWhoIsUnknown(t *testing.T) {
	const readers = 200
	between := func(from, to time.Duration) func(int, time.Duration) bool {
		return func(_ int, d time.Duration) bool { return d >= from && d < to }
	}
	for _, c := range []struct {
		name    string
		dead    func(i int) bool
		lies    func(n int, after time.Duration) bool // n: how many RCPTs there were
		domains int
		within  time.Duration
	}{
		{"two in a hundred", func(i int) bool { return i%50 == 7 }, nil, 11, 15 * time.Second},
		{"thirty at the head", func(i int) bool { return i < 30 }, nil, 11, 20 * time.Second},
		{"thirty at the head, of one domain", func(i int) bool { return i < 30 }, nil, 1, 20 * time.Second},
		{"a hundred at the head", func(i int) bool { return i < 100 }, nil, 11, 15 * time.Minute},
		{"thirty in the middle", func(i int) bool { return i >= 100 && i < 130 }, nil, 11, 20 * time.Second},
		{"thirty at the end", func(i int) bool { return i >= 170 }, nil, 11, 20 * time.Second},
		{"lies at the head", nil, between(0, time.Second), 11, 2 * time.Minute},
		{"lies for a moment", nil, between(3*time.Second, 4*time.Second), 11, 10 * time.Minute},
		{"lies for a moment, of one domain", nil, between(3*time.Second, 4*time.Second), 1, 10 * time.Minute},
		{"lies for ten minutes", nil, between(3*time.Second, 10*time.Minute), 11, 20 * time.Minute},
		{"lies for ten minutes, and a tenth is dead", func(i int) bool { return i%10 == 0 }, between(3*time.Second, 10*time.Minute), 11, 20 * time.Minute},
		{"lies at the end, for an hour", nil, func(n int, d time.Duration) bool { return n > readers-4 && d < time.Hour }, 11, 80 * time.Minute},
	} {
		t.Run(c.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				var mu sync.Mutex
				start, n := time.Now(), 0
				server := smtptest.InMemory(t, func(m smtptest.Moment) string {
					if m.Stage == smtptest.Gone || m.Stage == smtptest.Body {
						return smtptest.Default
					}
					time.Sleep(5 * time.Millisecond)
					if m.Stage != smtptest.Rcpt {
						return smtptest.Default
					}
					mu.Lock()
					defer mu.Unlock()
					if n++; strings.Contains(m.Line, "<gone") || c.lies != nil && c.lies(n, time.Since(start)) {
						return "550 5.1.1 User unknown"
					}
					return smtptest.Default
				}, func(*smtptest.Server) {})
				o := defaults
				o.Connections, o.Rate = 4, 20
				dead := 0
				d := deliverTo(t, server, readers, o, func(i int) string {
					who := "reader"
					if c.dead != nil && c.dead(i) {
						who = "gone"
						dead++
					}
					return fmt.Sprintf("%s%d@host%d.example.org", who, i, i%c.domains)
				})
				want := fmt.Sprintf("sent %d", readers-dead)
				if dead > 0 {
					want += fmt.Sprintf(", failed %d", dead)
				}
				if got := d.ledger.counts(); got != want || d.took > c.within || len(server.Taken()) != readers-dead || len(server.Copies()) != readers-dead {
					t.Errorf("%s in %v of %v, %d runs, %d messages, %d asked: %+v", got, d.took, c.within, d.runs, len(server.Taken()), n, d.last)
				}
				for email := range d.ledger.suppressed {
					if !strings.HasPrefix(email, "gone") {
						t.Errorf("%s is suppressed", email)
					}
				}
				t.Logf("%v, %d runs, %d RCPTs, %d suppressed", d.took, d.runs, n, len(d.ledger.suppressed))
			})
		})
	}
}

// TestAShortListIsCalledUnknown has a server call all readers of a short list unknown, for an hour or for good: nobody
// fails before one was taken, and each run asks for a few of them alone. Of one reader alone it is believed.
func TestAShortListIsCalledUnknown(t *testing.T) {
	for _, c := range []struct {
		readers    int
		lies       time.Duration
		want       string
		within     time.Duration
		asked      int // a run, at most
		suppressed int
	}{
		{20, time.Hour, "sent 20", 70 * time.Minute, 8, 0},
		{20, 48 * time.Hour, "expired 20", 21 * time.Hour, 8, 0},
		{4, time.Hour, "sent 4", 70 * time.Minute, 4, 0},
		{2, time.Hour, "sent 2", 70 * time.Minute, 2, 0},
		{2, 48 * time.Hour, "expired 2", 21 * time.Hour, 2, 0},
		{1, time.Hour, "failed 1", time.Minute, 1, 1},
	} {
		synctest.Test(t, func(t *testing.T) {
			start, n := time.Now(), 0
			server := smtptest.InMemory(t, func(m smtptest.Moment) string {
				if m.Stage == smtptest.Rcpt {
					if n++; time.Since(start) < c.lies {
						return "550 5.1.1 User unknown"
					}
				}
				return smtptest.Default
			}, nil)
			o := defaults
			o.Connections = 1
			d := deliverTo(t, server, c.readers, o, func(i int) string { return fmt.Sprintf("reader%d@host%d.example.org", i, i%3) })
			if got := d.ledger.counts(); got != c.want || d.took > c.within || n > c.readers+c.asked*d.runs || len(d.ledger.suppressed) != c.suppressed {
				t.Errorf("%s in %v, %d runs, %d asked", got, d.took, d.runs, n)
			}
			if c.lies > 24*time.Hour && len(d.slowed) == 0 {
				t.Error("nothing says that the run waits")
			}
		})
	}
}
