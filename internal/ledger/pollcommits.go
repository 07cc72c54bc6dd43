package ledger

import (
	"sync"

	"digestd/internal/ledger/store"
)

// together lets changes that come at the same time share a commit: a pass over two hundred feeds waits for the disk a
// few times and not two hundred. Whoever comes first commits; those who come meanwhile wait, and the next of them
// commits for all.
type together struct {
	turn    sync.Mutex // of whoever commits
	mu      sync.Mutex // held for waiting
	waiting []*change
}

// change is what one caller does in a transaction. It may be called twice, and begins anew then.
type change struct {
	do   func(store.Tx) error
	size int // its share of pollBatch
	done bool
	err  error
}

// add makes a change durable, with others or alone. A change that fails keeps no other from its commit.
func (t *together) add(do func(store.Tx) error, size int, update func(func(store.Tx) error) error) error {
	own := &change{do: do, size: size}
	t.mu.Lock()
	t.waiting = append(t.waiting, own)
	t.mu.Unlock()
	t.turn.Lock()
	defer t.turn.Unlock()
	for !own.done {
		commit(t.take(), update)
	}
	return own.err
}

// take takes as many of those who wait as one transaction should hold, in their order.
func (t *together) take() (batch []*change) {
	t.mu.Lock()
	defer t.mu.Unlock()
	for size := 0; len(t.waiting) > 0; t.waiting = t.waiting[1:] {
		if size += t.waiting[0].size; size > pollBatch && len(batch) > 0 {
			break
		}
		batch = append(batch, t.waiting[0])
	}
	return batch
}

func commit(batch []*change, update func(func(store.Tx) error) error) {
	err := update(func(tx store.Tx) error {
		for _, c := range batch {
			if err := c.do(tx); err != nil {
				return err
			}
		}
		return nil
	})
	for _, c := range batch {
		c.done, c.err = true, err
		if err != nil && len(batch) > 1 {
			c.err = update(c.do)
		}
	}
}
