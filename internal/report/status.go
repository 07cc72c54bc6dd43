package report

import (
	"slices"
	"time"

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
	Slowed     string          `json:"slowed,omitempty"`  // how mail goes slower than the configuration has it, in words
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

// shownDays is how many days of items are shown, as far as they are known.
const shownDays = 14
