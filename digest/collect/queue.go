package collect

import (
	"context"
	"slices"
	"sync"

	"digestd/digest"
)

// job is a feed whose turn will come.
type job struct {
	feed  digest.Feed
	state digest.FeedState
	host  string // whose answers it waits for; empty for files
}

// queue hands out feeds so that no host is asked by more than perHost workers at once, while no worker
// waits for a host that is busy as long as there is another one.
type queue struct {
	perHost int

	mu      sync.Mutex
	free    *sync.Cond
	pending []job
	active  map[string]int // requests under way, by host
	closed  bool
}

// newQueue takes the healthy feeds first: those that failed last time are the likeliest to hang, and
// must not stand in front of the others.
func newQueue(jobs []job, perHost int) *queue {
	slices.SortStableFunc(jobs, func(a, b job) int { return min(a.state.Failures, 1) - min(b.state.Failures, 1) })
	q := &queue{perHost: perHost, pending: jobs, active: make(map[string]int)}
	q.free = sync.NewCond(&q.mu)
	return q
}

// next waits for a feed whose host is free. It returns false when there is none left.
func (q *queue) next() (job, bool) {
	q.mu.Lock()
	defer q.mu.Unlock()
	for len(q.pending) > 0 && !q.closed {
		for i, j := range q.pending {
			if j.host == "" || q.active[j.host] < q.perHost {
				q.pending = slices.Delete(q.pending, i, i+1)
				q.active[j.host]++
				return j, true
			}
		}
		q.free.Wait()
	}
	return job{}, false
}

// done frees the host of a feed that next gave.
func (q *queue) done(j job) {
	q.mu.Lock()
	defer q.mu.Unlock()
	q.active[j.host]--
	q.free.Broadcast()
}

// drain closes the queue and returns the feeds whose turn did not come.
func (q *queue) drain() []job {
	q.mu.Lock()
	defer q.mu.Unlock()
	q.closed = true
	left := q.pending
	q.pending = nil
	q.free.Broadcast()
	return left
}

// run lets so many workers take what is in the queue, until ctx ends. It returns what was left.
func (q *queue) run(ctx context.Context, workers int, poll func(job)) (left []job) {
	stop := context.AfterFunc(ctx, func() {
		q.mu.Lock()
		defer q.mu.Unlock()
		q.closed = true
		q.free.Broadcast()
	})
	defer stop()
	var wg sync.WaitGroup
	for range min(workers, len(q.pending)) {
		wg.Go(func() {
			for {
				j, ok := q.next()
				if !ok {
					return
				}
				poll(j)
				q.done(j)
			}
		})
	}
	wg.Wait()
	return q.drain()
}
