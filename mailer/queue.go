package mailer

import (
	"container/heap"
	"fmt"
	"maps"
	"slices"
	"strings"
	"sync"
	"time"

	"golang.org/x/time/rate"

	"digestd/digest"
)

// item is a delivery that is to be tried, with the last that is known of it.
type item struct {
	to     digest.Recipient
	last   digest.Event // the zero Event when nothing was tried yet
	tries  int          // in this run, that were no fault of its own
	begun  int          // when its message was begun, in ticks of the row
	before digest.Event // the one before last, where last is of this run
	again  bool         // it was called unknown in this run, and is asked once more
}

// doubts is how many attempts died inside the SMTP transaction.
func (it item) doubts() int {
	if it.last.State == digest.InDoubt {
		return it.last.Doubts + 1
	}
	return it.last.Doubts
}

// parkMax is how many recipients of rate-limited domains may wait in memory for their turn, while
// those of other domains go first.
const parkMax = 5000

// queue hands out the deliveries of an edition's lots that this run has: what is in doubt first, then what is due
// again, then those never tried, in their order. Only exceptions and one chunk of recipients are in memory.
type queue struct {
	mu      sync.Mutex
	ledger  Ledger
	edition string
	domains map[string]*rate.Limiter

	lots   []*lot // in the order in which they were taken
	taken  int    // how many lots were taken so far
	chunk  []digest.Recipient
	due    dueHeap
	parked map[string][]item // by domain
	count  int               // of parked ones
}

// lot is one that this run has.
type lot struct {
	number int
	stays  bool           // with this run to its end
	first  int            // index of its first recipient
	states []digest.State // as they were when it was taken, from first on
	next   int            // index of the first that was not looked at
	out    int            // deliveries that were handed out, and whose outcome is not durable
}

// end is the index after its last recipient.
func (l *lot) end() int { return l.first + len(l.states) }

func (l *lot) has(index int) bool { return index >= l.first && index < l.end() }

// pending reports whether there are deliveries that nobody has looked at.
func (l *lot) pending() bool {
	for ; l.next < l.end(); l.next++ {
		if l.states[l.next-l.first] == digest.Pending {
			return true
		}
	}
	return false
}

func newQueue(l Ledger, edition string, domains map[string]*rate.Limiter) *queue {
	return &queue{ledger: l, edition: edition, domains: domains, parked: map[string][]item{}}
}

// add takes in a lot, and what is owed of it. Whoever is in Intent or InDoubt must have been settled.
func (q *queue) add(of digest.Lot, stays bool) error {
	q.mu.Lock()
	defer q.mu.Unlock()
	q.taken++
	q.lots = append(q.lots, &lot{number: of.Number, stays: stays, first: of.First, states: of.States, next: of.First})
	var chunk []digest.Recipient
	for _, index := range slices.Sorted(maps.Keys(of.Last)) {
		if len(chunk) == 0 || chunk[len(chunk)-1].Index < index {
			var err error
			if chunk, err = recipientsAt(q.ledger, q.edition, index); err != nil {
				return err
			}
		}
		q.due = append(q.due, item{to: chunk[index-chunk[0].Index], last: of.Last[index]})
	}
	heap.Init(&q.due)
	return nil
}

// recipientsAt is RecipientsAt for an index that must be there.
func recipientsAt(l Ledger, edition string, index int) ([]digest.Recipient, error) {
	chunk, err := l.RecipientsAt(edition, index)
	if err != nil {
		return nil, err
	}
	if len(chunk) == 0 || chunk[0].Index != index {
		return nil, fmt.Errorf("edition %s: recipient %d is not in the ledger", edition, index)
	}
	return chunk, nil
}

// lotOf is the lot of a recipient; nil when this run does not have it.
func (q *queue) lotOf(index int) *lot {
	for _, l := range q.lots {
		if l.has(index) {
			return l
		}
	}
	return nil
}

// hasLot reports whether this run has a lot.
func (q *queue) hasLot(number int) bool {
	q.mu.Lock()
	defer q.mu.Unlock()
	return slices.ContainsFunc(q.lots, func(l *lot) bool { return l.number == number })
}

// handOut notes that a delivery is under way until settled is called with it.
func (q *queue) handOut(it item) item {
	if l := q.lotOf(it.to.Index); l != nil {
		l.out++
	}
	return it
}

// hold keeps the lot of a delivery until settled is called for it once more.
func (q *queue) hold(index int) {
	q.mu.Lock()
	defer q.mu.Unlock()
	if l := q.lotOf(index); l != nil {
		l.out++
	}
}

// settled notes that the outcome of a delivery that was handed out is durable, or that there is none.
func (q *queue) settled(index int) {
	q.mu.Lock()
	defer q.mu.Unlock()
	if l := q.lotOf(index); l != nil {
		l.out--
	}
}

// take returns the next delivery that may go now. Without one, wait is how long until a rate limit lets
// one go, or 0 when nothing is left in the lots that this run has.
func (q *queue) take(now time.Time) (it item, wait time.Duration, ok bool, err error) {
	q.mu.Lock()
	defer q.mu.Unlock()
	for domain, waiting := range q.parked {
		if q.domains[domain].AllowN(now, 1) {
			it = waiting[0]
			if q.parked[domain] = waiting[1:]; len(waiting) == 1 {
				delete(q.parked, domain)
			}
			q.count--
			return q.handOut(it), 0, true, nil
		}
	}
	for q.count < parkMax {
		it, ok, err := q.candidate(now)
		if err != nil {
			return item{}, 0, false, err
		}
		if !ok {
			break
		}
		domain := domainOf(it.to.Email)
		if limit := q.domains[domain]; limit != nil && !limit.AllowN(now, 1) {
			q.parked[domain] = append(q.parked[domain], it)
			q.count++
			continue
		}
		return q.handOut(it), 0, true, nil
	}
	for domain := range q.parked {
		limit := q.domains[domain]
		missing := 1 - limit.TokensAt(now)
		d := max(time.Duration(missing/float64(limit.Limit())*float64(time.Second)), time.Millisecond)
		if wait == 0 || d < wait {
			wait = d
		}
	}
	return item{}, wait, false, nil
}

// lookAhead is how many recipients are looked at to find one of another domain.
const lookAhead = 5000

// takeOther returns a delivery that may go now and that was not refused lately: one that was never tried, if there is
// one, to none of the domains to avoid.
func (q *queue) takeOther(now time.Time, avoid map[string]bool) (it item, ok bool, err error) {
	q.mu.Lock()
	defer q.mu.Unlock()
	fits := func(to digest.Recipient) bool {
		domain := domainOf(to.Email)
		limit := q.domains[domain]
		return !avoid[domain] && (limit == nil || limit.AllowN(now, 1))
	}
	looked := 0
	for _, l := range q.lots {
		var chunk []digest.Recipient
		for i := l.next; i < l.end() && looked < lookAhead; i++ {
			looked++
			if l.states[i-l.first] != digest.Pending {
				continue
			}
			if len(chunk) == 0 || chunk[len(chunk)-1].Index < i {
				if chunk, err = recipientsAt(q.ledger, q.edition, i); err != nil {
					return item{}, false, err
				}
			}
			if to := chunk[i-chunk[0].Index]; fits(to) {
				l.states[i-l.first] = digest.Intent // so that it is not handed out again
				return q.handOut(item{to: to}), true, nil
			}
		}
	}
	for i, it := range q.due {
		if !it.last.Due.After(now) && fits(it.to) {
			heap.Remove(&q.due, i)
			return q.handOut(it), true, nil
		}
	}
	return item{}, false, nil
}

// served is a recipient to whom a run before this one has sent the edition.
func (q *queue) served() (to digest.Recipient, ok bool) {
	q.mu.Lock()
	defer q.mu.Unlock()
	for _, l := range q.lots {
		if i := slices.Index(l.states, digest.Sent); i >= 0 {
			chunk, err := recipientsAt(q.ledger, q.edition, l.first+i)
			if err == nil {
				return chunk[0], true
			}
		}
	}
	return to, false
}

// refused are the domains of those that were refused and could go now.
func (q *queue) refused(now time.Time) (domains []string) {
	q.mu.Lock()
	defer q.mu.Unlock()
	for _, it := range q.due {
		if it.last.Code >= 400 && !it.last.Due.After(now) {
			domains = append(domains, domainOf(it.to.Email))
		}
	}
	return domains
}

// hasOther reports whether takeOther would find something.
func (q *queue) hasOther(now time.Time, avoid map[string]bool) bool {
	it, ok, err := q.takeOther(now, avoid)
	if ok {
		q.giveBack(it)
	}
	return ok && err == nil
}

// candidate is the next delivery whatever its domain.
func (q *queue) candidate(now time.Time) (item, bool, error) {
	if len(q.due) > 0 && !q.due[0].last.Due.After(now) {
		return heap.Pop(&q.due).(item), true, nil
	}
	for _, l := range q.lots {
		if !l.pending() {
			continue
		}
		if len(q.chunk) == 0 || q.chunk[0].Index > l.next || q.chunk[len(q.chunk)-1].Index < l.next {
			chunk, err := recipientsAt(q.ledger, q.edition, l.next)
			if err != nil {
				return item{}, false, err
			}
			q.chunk = chunk
		}
		to := q.chunk[l.next-q.chunk[0].Index]
		l.next++
		return item{to: to}, true, nil
	}
	return item{}, false, nil
}

// putBack lets a delivery be tried when it is due.
func (q *queue) putBack(it item) {
	q.mu.Lock()
	defer q.mu.Unlock()
	heap.Push(&q.due, it)
}

// giveBack returns a delivery that was handed out and not tried.
func (q *queue) giveBack(it item) {
	q.putBack(it)
	q.settled(it.to.Index)
}

// left reports whether something could go now, and when the next deferred delivery is due.
func (q *queue) left(now time.Time) (ready bool, next time.Time) {
	q.mu.Lock()
	defer q.mu.Unlock()
	if len(q.due) > 0 {
		next = q.due[0].last.Due
		ready = !next.After(now)
	}
	if q.count > 0 {
		ready = true
	}
	for _, l := range q.lots {
		ready = ready || l.pending()
	}
	return ready, next
}

// first is when the first attempt was of what is owed in the lots that this run has; zero: there was none.
func (q *queue) first() (first time.Time) {
	q.mu.Lock()
	defer q.mu.Unlock()
	for _, it := range q.due {
		if first.IsZero() || !it.last.First.IsZero() && it.last.First.Before(first) {
			first = it.last.First
		}
	}
	return first
}

// had is how many lots were taken so far.
func (q *queue) had() int {
	q.mu.Lock()
	defer q.mu.Unlock()
	return q.taken
}

// full reports whether as many wait for the rate of their domains as may be.
func (q *queue) full() bool {
	q.mu.Lock()
	defer q.mu.Unlock()
	return q.count >= parkMax
}

// given is a lot that this run lets go.
type given struct {
	number int
	due    time.Time // when its next delivery may go; zero: at once, or nothing is owed
}

// quiet takes out the lots of which nothing can go now, or all of them.
func (q *queue) quiet(now time.Time, all bool) (out []given) {
	q.mu.Lock()
	defer q.mu.Unlock()
	q.lots = slices.DeleteFunc(q.lots, func(l *lot) bool {
		busy := l.out > 0 || l.pending()
		if !all && (l.stays || busy) {
			return false
		}
		busy = busy || q.parks(l)
		g := given{number: l.number}
		for _, it := range q.due {
			if !l.has(it.to.Index) {
				continue
			}
			busy = busy || !it.last.Due.After(now)
			if g.due.IsZero() || it.last.Due.Before(g.due) {
				g.due = it.last.Due
			}
		}
		switch {
		case busy && !all:
			return false
		case busy:
			g.due = time.Time{}
		}
		q.due = slices.DeleteFunc(q.due, func(it item) bool { return l.has(it.to.Index) })
		heap.Init(&q.due)
		out = append(out, g)
		return true
	})
	return out
}

// parks reports whether deliveries of a lot wait for the rates of their domains.
func (q *queue) parks(l *lot) bool {
	for _, waiting := range q.parked {
		if slices.ContainsFunc(waiting, func(it item) bool { return l.has(it.to.Index) }) {
			return true
		}
	}
	return false
}

// drain takes out what is still owed of the lots that this run has, as one progress for each.
func (q *queue) drain() (all []digest.Progress) {
	q.mu.Lock()
	defer q.mu.Unlock()
	left := q.due
	for _, waiting := range q.parked {
		left = append(left, waiting...)
	}
	for _, l := range q.lots {
		p := digest.Progress{First: l.first, States: make([]digest.State, len(l.states)), Last: map[int]digest.Event{}}
		for i := range p.States {
			if p.States[i] = digest.Sent; l.first+i >= l.next {
				p.States[i] = l.states[i]
			}
		}
		for _, it := range left {
			if !l.has(it.to.Index) {
				continue
			}
			if p.States[it.to.Index-l.first] = it.last.State; it.last.State != digest.Pending {
				p.Last[it.to.Index] = it.last
			}
		}
		l.next = l.end()
		all = append(all, p)
	}
	q.due, q.parked, q.count = nil, map[string][]item{}, 0
	return all
}

func domainOf(email string) string {
	return strings.ToLower(email[strings.LastIndexByte(email, '@')+1:])
}

// dueHeap orders deliveries by when they are due, those in doubt first among equals.
type dueHeap []item

func (h dueHeap) Len() int { return len(h) }
func (h dueHeap) Less(i, j int) bool {
	a, b := h[i], h[j]
	if !a.last.Due.Equal(b.last.Due) {
		return a.last.Due.Before(b.last.Due)
	}
	if x, y := a.last.State == digest.InDoubt, b.last.State == digest.InDoubt; x != y {
		return x
	}
	return a.to.Index < b.to.Index
}
func (h dueHeap) Swap(i, j int) { h[i], h[j] = h[j], h[i] }
func (h *dueHeap) Push(x any)   { *h = append(*h, x.(item)) }
func (h *dueHeap) Pop() any {
	old := *h
	it := old[len(old)-1]
	*h = old[:len(old)-1]
	return it
}
