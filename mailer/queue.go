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

// queue hands out the deliveries of an edition: what is in doubt first, then what is due again, then
// those never tried, in their order. Only exceptions and one chunk of recipients are in memory.
type queue struct {
	mu      sync.Mutex
	ledger  Ledger
	edition string
	domains map[string]*rate.Limiter

	states []digest.State // as they were when the queue was made
	next   int            // index of the first that was not looked at
	chunk  []digest.Recipient
	due    dueHeap
	parked map[string][]item // by domain
	count  int               // of parked ones
}

// newQueue reads where the edition stands. Whoever is in Intent or InDoubt must have been settled.
func newQueue(l Ledger, edition string, p digest.Progress, domains map[string]*rate.Limiter) (*queue, error) {
	q := &queue{ledger: l, edition: edition, domains: domains, states: p.States, parked: map[string][]item{}}
	indices := slices.Sorted(maps.Keys(p.Last))
	var chunk []digest.Recipient
	for _, index := range indices {
		if len(chunk) == 0 || chunk[len(chunk)-1].Index < index {
			var err error
			if chunk, err = recipientsAt(l, edition, index); err != nil {
				return nil, err
			}
		}
		q.due = append(q.due, item{to: chunk[index-chunk[0].Index], last: p.Last[index]})
	}
	heap.Init(&q.due)
	return q, nil
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

// hurry makes due what the schedule has put off.
func (q *queue) hurry(now time.Time) {
	for i := range q.due {
		if q.due[i].last.Due.After(now) {
			q.due[i].last.Due = now
		}
	}
	heap.Init(&q.due)
}

// take returns the next delivery that may go now. Without one, wait is how long until a rate limit lets
// one go, or 0 when nothing is left for this run.
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
			return it, 0, true, nil
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
		return it, 0, true, nil
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
	var chunk []digest.Recipient
	for i := q.next; i < min(len(q.states), q.next+lookAhead); i++ {
		if q.states[i] != digest.Pending {
			continue
		}
		if len(chunk) == 0 || chunk[len(chunk)-1].Index < i {
			if chunk, err = recipientsAt(q.ledger, q.edition, i); err != nil {
				return item{}, false, err
			}
		}
		if to := chunk[i-chunk[0].Index]; fits(to) {
			q.states[i] = digest.Intent // so that it is not handed out again
			return item{to: to}, true, nil
		}
	}
	for i, it := range q.due {
		if !it.last.Due.After(now) && fits(it.to) {
			heap.Remove(&q.due, i)
			return it, true, nil
		}
	}
	return item{}, false, nil
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
		q.putBack(it)
	}
	return ok && err == nil
}

// candidate is the next delivery whatever its domain.
func (q *queue) candidate(now time.Time) (item, bool, error) {
	if len(q.due) > 0 && !q.due[0].last.Due.After(now) {
		return heap.Pop(&q.due).(item), true, nil
	}
	for q.next < len(q.states) {
		if q.states[q.next] != digest.Pending {
			q.next++
			continue
		}
		if len(q.chunk) == 0 || q.chunk[len(q.chunk)-1].Index < q.next {
			chunk, err := recipientsAt(q.ledger, q.edition, q.next)
			if err != nil {
				return item{}, false, err
			}
			q.chunk = chunk
		}
		to := q.chunk[q.next-q.chunk[0].Index]
		q.next++
		return item{to: to}, true, nil
	}
	return item{}, false, nil
}

// putBack returns a delivery that was not tried, or one that is due again.
func (q *queue) putBack(it item) {
	q.mu.Lock()
	defer q.mu.Unlock()
	heap.Push(&q.due, it)
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
	for i := q.next; i < len(q.states) && !ready; i++ {
		ready = q.states[i] == digest.Pending
	}
	return ready, next
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
