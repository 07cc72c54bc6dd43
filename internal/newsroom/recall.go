package newsroom

import (
	"context"
	"errors"
	"fmt"
	"time"

	"digestd/digest"
	"digestd/internal/ledger"
	"digestd/subscribers"
)

// recalledWords stand at the deliveries that the operator took back.
const recalledWords = "withdrawn by the operator"

// Return says what becomes of the stories of an edition that the operator withdraws.
type Return struct {
	None    bool     // none of them comes in a later edition
	Without []string // links of those that don't
}

// Withdraw ends at once what is still owed of an edition, also where it is on its way, and gives its
// stories to the lane's next one. It returns how many have the edition already: they get none of its stories again.
func (p *Publisher) Withdraw(ctx context.Context, id string, back Return) (reached int, err error) {
	e, err := p.Ledger.Editions.Get(id)
	if err != nil {
		return 0, err
	}
	if e.Withdrawn {
		return e.Reached, fmt.Errorf("edition %s is withdrawn already", id)
	}
	closes, err := p.closes(id, back)
	if err != nil {
		return 0, err
	}
	p.Ledger.Editions.Interrupt(id)
	leave, err := p.Ledger.Editions.Turn(ctx, id) // those on their way are there by then
	if err != nil {
		return 0, err
	}
	defer leave()
	if err := p.Ledger.Editions.Halt(ctx, id); err != nil {
		return 0, err
	}
	if reached, err = p.Ledger.Editions.Recall(id, ledger.Recall{Words: recalledWords, Close: closes}); err != nil {
		return 0, err
	}
	p.Log.Warn("edition withdrawn by the operator", "edition", id, "reached", reached, "recipients", e.Recipients)
	return reached, nil
}

// closes tells which items of an edition come in no later one.
func (p *Publisher) closes(id string, back Return) (func(digest.Item) bool, error) {
	if back.None {
		return func(digest.Item) bool { return true }, nil
	}
	frozen, err := p.Ledger.Editions.Frozen(id)
	if err != nil {
		return nil, err
	}
	closed := map[uint64]bool{}
	for _, link := range back.Without {
		i := storyOf(frozen.Stories, link)
		if i < 0 {
			return nil, fmt.Errorf("edition %s has no story with the link %s; nothing is withdrawn", id, link)
		}
		for _, it := range frozen.Stories[i].Items { // whoever tells it, it is the same story
			closed[it.Seq] = true
		}
	}
	return func(it digest.Item) bool { return closed[it.Seq] }, nil
}

// ErrPaused means that the operator wants nothing of a digest to be composed or delivered.
var ErrPaused = errors.New("paused by the operator")

// Pause stops a digest until Unpause: its slots pass, what they would have told goes into its next edition, and what
// is owed of it waits. What is on its way ends with the messages in flight.
func (p *Publisher) Pause(digestID string) error {
	if err := p.Ledger.Editions.SetPaused(digestID, true); err != nil {
		return err
	}
	open, err := p.Ledger.Editions.Open()
	for _, e := range open {
		if e.Digest == digestID {
			p.Ledger.Editions.Interrupt(e.ID)
		}
	}
	return err
}

// Unpause ends a pause.
func (p *Publisher) Unpause(digestID string) error {
	return p.Ledger.Editions.SetPaused(digestID, false)
}

// paused is ErrPaused, in words, for a digest that the operator has paused.
func paused(l *ledger.Ledger, digestID string, now time.Time) error {
	all, err := l.Editions.Paused()
	if err != nil {
		return err
	}
	for _, d := range all {
		if d.Digest == digestID {
			return fmt.Errorf("digest %s is %w since %s; `digestd resume %s` goes on", digestID, ErrPaused,
				d.Since.In(now.Location()).Format("2006-01-02 15:04"), digestID)
		}
	}
	return nil
}

// recalled adds to the newcomers those who have an edition of this very lane that was withdrawn after it had begun
// to go out: none of its stories reaches them twice. None composed before the oldest item of the window matters.
func (c *Composer) recalled(of request, oldest time.Time, moved map[string]origin) (map[string]origin, error) {
	editions, err := c.Ledger.Editions.Select(func(e ledger.EditionState) bool {
		return e.Lane() == of.lane && e.Withdrawn && e.Reached > 0 && !e.Composed.Before(oldest)
	})
	if err != nil {
		return nil, err
	}
	for _, e := range editions {
		progress, err := c.Ledger.Deliveries.Progress(e.ID)
		if err != nil {
			return nil, err
		}
		for r, err := range ledger.Recipients(c.Ledger.Deliveries, e.ID) {
			if err != nil {
				return nil, err
			}
			if s := progress.States[r.Index]; s != digest.Sent && s != digest.Held {
				continue
			}
			key := subscribers.Key(r.Email)
			from := moved[key]
			from.editions = append(from.editions, e.ID)
			moved[key] = from
		}
	}
	return moved, nil
}
