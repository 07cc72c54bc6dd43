package ledger

import (
	"errors"
	"fmt"
	"sync"
	"testing"

	"digestd/digest"
	"digestd/internal/ledger/store"
)

// waits holds the turn until n changes wait for it, and then lets them go.
func (t *together) waits(n int) {
	for {
		t.mu.Lock()
		waiting := len(t.waiting)
		t.mu.Unlock()
		if waiting == n {
			t.turn.Unlock()
			return
		}
	}
}

func TestPollsShareACommit(t *testing.T) {
	l, _ := opened(t)
	counted := &countedStore{Store: l.store}
	l.Items.store = counted
	var wg sync.WaitGroup
	l.Items.polls.turn.Lock()
	for n := range 20 {
		wg.Go(func() {
			feed := fmt.Sprintf("https://news.example/%d.xml", n)
			fresh, err := l.Items.CommitPoll(t.Context(), digest.FeedState{URL: feed},
				[]digest.Item{{Feed: feed, GUID: "a", Title: fmt.Sprint("Ports reopen in ", n)}})
			if err != nil || fresh != 1 {
				t.Errorf("%s: %d, %v", feed, fresh, err)
			}
		})
	}
	l.Items.polls.waits(20)
	wg.Wait()
	if last, err := l.Items.Last(); err != nil || last != 20 || counted.updates != 1 {
		t.Errorf("%d items in %d commits, %v", last, counted.updates, err)
	}
}

type countedStore struct {
	store.Store
	updates int
}

func (c *countedStore) Update(touched []store.Touch, f func(store.Tx) error) error {
	c.updates++
	return c.Store.Update(touched, f)
}

func TestAChangeThatFailsKeepsNoOtherFromItsCommit(t *testing.T) {
	l, _ := opened(t)
	refused := errors.New("refused")
	var wg sync.WaitGroup
	l.Items.polls.turn.Lock()
	for n := range 5 {
		wg.Go(func() {
			err := l.Items.polls.add(func(tx store.Tx) error {
				if err := tx.Bucket(bucketFeeds).Put([]byte{byte('a' + n)}, []byte("{}")); err != nil || n != 2 {
					return err
				}
				return refused
			}, 1, l.Items.updateNews)
			if n == 2 != errors.Is(err, refused) {
				t.Errorf("%d: %v", n, err)
			}
		})
	}
	l.Items.polls.waits(5)
	wg.Wait()
	if states, err := l.Items.FeedStates(); err != nil || len(states) != 4 {
		t.Errorf("%d kept, %v", len(states), err)
	}
}

func TestWhatIsTooMuchForOneCommitWaits(t *testing.T) {
	var polls together
	for range 3 {
		polls.waiting = append(polls.waiting, &change{size: pollBatch - 1})
	}
	for left := 3; left > 0; left-- {
		if batch := polls.take(); len(batch) != 1 || len(polls.waiting) != left-1 {
			t.Errorf("%d taken, %d left", len(batch), len(polls.waiting))
		}
	}
}
