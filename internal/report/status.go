package report

import (
	"slices"
	"time"

	"digestd/digest"
	"digestd/internal/config"
	"digestd/internal/ledger"
	"digestd/mailer/letters"
)

// shownEditions is how many editions of each lane a status shows.
const shownEditions = 3

// Status is what there is to know about a running digestd, or a resting one.
type Status struct {
	Next       []NextSlot      `json:"next"`
	Paused     []ledger.Paused `json:"paused"` // digests, by the operator
	Desk       []Desk          `json:"desk"`   // digests for whose next edition something is ordered, or waits for the editor
	Editions   []EditionStatus `json:"editions"`
	Feeds      []FeedStatus    `json:"feeds"`           // those that are not well
	Moved      []FeedMove      `json:"moved,omitempty"` // those that answer from another address, for good
	FeedsWell  int             `json:"feeds_well"`
	FeedsAll   int             `json:"feeds_all"`
	Daily      []int           `json:"items_daily"` // new items of all feeds by day, today last
	Suppressed int             `json:"suppressed"`
	Slowed     string          `json:"slowed,omitempty"`  // what the mail server takes less than it would be sent
	Senders    []SenderStatus  `json:"senders,omitempty"` // on a ledger in a database, those that are alive
	Clock      string          `json:"clock,omitempty"`   // how far this machine's is from the database's, when that is too far
	Letters    letters.Waiting `json:"letters"`           // what waits for a person to read it
	Ledger     LedgerStatus    `json:"ledger"`
	Problems   []Problem       `json:"problems"` // what needs a person
}

// NextSlot is when a lane is due.
type NextSlot struct {
	Digest string    `json:"digest"`
	Zone   string    `json:"zone"`
	Wall   string    `json:"wall"`
	At     time.Time `json:"at"`
}

// EditionStatus is an edition and where its deliveries stand.
type EditionStatus struct {
	ID         string         `json:"id"`
	Slot       time.Time      `json:"slot"`
	Composed   time.Time      `json:"composed"`
	Stories    int            `json:"stories"`
	Recipients int            `json:"recipients"`
	Complete   bool           `json:"complete"`
	Withdrawn  bool           `json:"withdrawn,omitempty"`
	Recalled   string         `json:"recalled,omitempty"` // why the operator withdrew it
	Reached    int            `json:"reached,omitempty"`  // how many had it by then
	Paused     string         `json:"paused,omitempty"`
	Refusal    string         `json:"refusal,omitempty"` // what was last said about one that is still owed
	Deliveries map[string]int `json:"deliveries"`        // by state
	Resent     int            `json:"resent,omitempty"`  // mails that the operator sent once more
}

// LedgerStatus is the ledger file.
type LedgerStatus struct {
	Path  string    `json:"path"`
	Bytes int64     `json:"bytes"`
	Last  time.Time `json:"last_write,omitzero"`
}

// Status says where everything stands. It writes nothing.
func (rep Reporter) Status(known Known) (Status, error) {
	s := Status{Next: []NextSlot{}, Desk: []Desk{}, Editions: []EditionStatus{}, Feeds: []FeedStatus{}, Daily: []int{},
		Problems: append([]Problem{}, rep.Problems(known)...)}
	now := rep.Now()
	for _, d := range rep.Config.Digests {
		for _, lane := range rep.Config.Lanes(d) {
			slot, err := config.NextSlot(d, lane, now)
			if err != nil {
				return s, err
			}
			s.Next = append(s.Next, NextSlot{Digest: lane.Digest, Zone: lane.Zone, Wall: slot.Wall, At: slot.At})
		}
		desk, err := rep.Desk(d)
		if err != nil {
			return s, err
		}
		if !desk.Nothing() {
			s.Desk = append(s.Desk, desk)
		}
	}
	slices.SortStableFunc(s.Next, func(a, b NextSlot) int { return a.At.Compare(b.At) })
	paused, err := rep.Ledger.Editions.Paused()
	if err != nil {
		return s, err
	}
	s.Paused = append([]ledger.Paused{}, paused...)
	if err := rep.editionStatus(&s); err != nil {
		return s, err
	}
	if err := rep.feedStatus(&s, now); err != nil {
		return s, err
	}
	suppressed, err := rep.Ledger.Readers.Suppressions()
	if err != nil {
		return s, err
	}
	s.Suppressed = len(suppressed)
	if s.Letters, err = letters.Count(rep.Config.Mail.Letters); err != nil {
		return s, err
	}
	s.Ledger = LedgerStatus{Path: rep.Ledger.Path(), Bytes: rep.Ledger.Size()}
	if err := senderStatus(rep, &s); err != nil {
		return s, err
	}
	s.Ledger.Last, err = rep.Ledger.LastCommit()
	return s, err
}

// editionStatus adds the last editions of each lane, and all that are not complete.
func (rep Reporter) editionStatus(s *Status) error {
	latest, err := rep.Ledger.Editions.Latest(shownEditions)
	if err == nil {
		s.Editions, err = rep.statusOf(latest)
	}
	return err
}

// Editions are those of a digest, or all where none is named, the newest first.
func (rep Reporter) Editions(digests ...string) ([]EditionStatus, error) {
	editions, err := rep.Ledger.Editions.Select(func(e ledger.EditionState) bool {
		return len(digests) == 0 || slices.Contains(digests, e.Digest)
	})
	if err != nil {
		return nil, err
	}
	return rep.statusOf(editions)
}

// statusOf are editions with where their deliveries stand, the newest first.
func (rep Reporter) statusOf(editions []ledger.EditionState) ([]EditionStatus, error) {
	slices.SortStableFunc(editions, func(a, b ledger.EditionState) int { return b.Composed.Compare(a.Composed) })
	shown := []EditionStatus{}
	for _, e := range editions {
		progress, err := rep.Ledger.Deliveries.Progress(e.ID)
		if err != nil {
			return nil, err
		}
		es := EditionStatus{ID: e.ID, Slot: e.Slot, Composed: e.Composed, Stories: e.Stories, Recipients: e.Recipients,
			Complete: e.Complete, Withdrawn: e.Withdrawn, Recalled: e.Recalled, Paused: e.Paused,
			Refusal: refusalIn(progress), Deliveries: byName(progress)}
		if e.Recalled != "" {
			es.Reached = e.Reached
		}
		resends, err := rep.Ledger.Resends.Of(e.ID)
		if err != nil {
			return nil, err
		}
		for _, r := range resends {
			if r.State != digest.Failed {
				es.Resent++
			}
		}
		shown = append(shown, es)
	}
	return shown, nil
}

// shownDays is how many days of items are shown, as far as they are known.
const shownDays = 14
