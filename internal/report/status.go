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

// FeedStatus is a feed that is not well.
type FeedStatus struct {
	URL         string    `json:"url"`
	Name        string    `json:"name"`
	Error       string    `json:"error"`
	Failures    int       `json:"failures"`
	LastSuccess time.Time `json:"last_success,omitzero"`
	NextPoll    time.Time `json:"next_poll,omitzero"`
}

// FeedMove is a feed that has moved for good, as it says itself.
type FeedMove struct {
	URL string `json:"url"`
	To  string `json:"to"`
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
			Refusal: refusalIn(progress), Deliveries: map[string]int{}}
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
		for state, n := range progress.Counts() {
			es.Deliveries[state.String()] = n
		}
		shown = append(shown, es)
	}
	return shown, nil
}

// feedStatus adds the feeds that are not well.
func (rep Reporter) feedStatus(s *Status, now time.Time) error {
	states, err := rep.Ledger.Items.FeedStates()
	if err != nil {
		return err
	}
	for _, f := range rep.Config.Feeds() {
		st := states[f.URL]
		s.FeedsAll++
		s.Daily = addDays(s.Daily, recentDays(st, now))
		if st.Failures == 0 && !st.Gone {
			if !st.LastSuccess.IsZero() {
				s.FeedsWell++
			}
			if st.MovedTo != "" {
				s.Moved = append(s.Moved, FeedMove{URL: f.Address(), To: f.Shown(st.MovedTo)})
			}
			continue
		}
		s.Feeds = append(s.Feeds, FeedStatus{URL: f.Address(), Name: f.Called(st), Error: st.Error,
			Failures: st.Failures, LastSuccess: st.LastSuccess, NextPoll: st.NextPoll})
	}
	return nil
}

// FeedsWell counts the feeds whose last poll went well.
func (rep Reporter) FeedsWell() (well, all int, err error) {
	states, err := rep.Ledger.Items.FeedStates()
	if err != nil {
		return 0, 0, err
	}
	for _, f := range rep.Config.Feeds() {
		all++
		if st := states[f.URL]; st.Failures == 0 && !st.LastSuccess.IsZero() {
			well++
		}
	}
	return well, all, nil
}

// FeedHealth is how a feed is, well or not.
type FeedHealth struct {
	URL         string    `json:"url"`
	Name        string    `json:"name"`
	Topics      []string  `json:"topics"`
	LastSuccess time.Time `json:"last_success,omitzero"`
	NextPoll    time.Time `json:"next_poll,omitzero"`
	Failures    int       `json:"failures"` // in a row
	Error       string    `json:"error,omitempty"`
	Gone        bool      `json:"gone,omitempty"`     // answered 410: not polled any more
	MovedTo     string    `json:"moved_to,omitempty"` // permanently, as it says itself
	Cut         bool      `json:"cut,omitempty"`      // what it last showed ends in the middle
	Bare        bool      `json:"bare,omitempty"`     // it last showed no item
	PerDay      float64   `json:"items_per_day"`      // new ones, of the last days
	Daily       []int     `json:"daily"`              // new items by day, today last
}

// FeedHealth tells of each feed of the configuration, in its order, how it is.
func (rep Reporter) FeedHealth() ([]FeedHealth, error) {
	states, err := rep.Ledger.Items.FeedStates()
	if err != nil {
		return nil, err
	}
	now := rep.Now()
	all := []FeedHealth{}
	for _, f := range rep.Config.Feeds() {
		st := states[f.URL]
		h := FeedHealth{URL: f.Address(), Name: f.Called(st), LastSuccess: st.LastSuccess, NextPoll: st.NextPoll,
			Failures: st.Failures, Error: st.Error, Gone: st.Gone, MovedTo: f.Shown(st.MovedTo), Cut: st.Cut, Bare: st.Bare, Daily: recentDays(st, now)}
		for _, t := range rep.Config.Topics {
			if slices.ContainsFunc(t.Feeds, func(of digest.Feed) bool { return of.URL == f.URL }) {
				h.Topics = append(h.Topics, t.ID)
			}
		}
		for _, n := range h.Daily {
			h.PerDay += float64(n) / float64(len(h.Daily))
		}
		all = append(all, h)
	}
	return all, nil
}

// recentDays are a feed's new items by day, today last: those of a feed that was not read for days end in
// noughts.
func recentDays(st digest.FeedState, now time.Time) []int {
	days := append([]int{}, st.Daily...)
	if last, err := time.Parse(time.DateOnly, st.DailyFrom); err == nil {
		for today := now.UTC().Format(time.DateOnly); len(days) < len(st.Daily)+shownDays &&
			last.Format(time.DateOnly) < today; last = last.AddDate(0, 0, 1) {
			days = append(days, 0)
		}
	}
	return days[max(0, len(days)-shownDays):]
}

// shownDays is how many days of items are shown, as far as they are known.
const shownDays = 14

// addDays sums up counts by day, today last.
func addDays(a, b []int) []int {
	if len(a) < len(b) {
		a, b = b, a
	}
	sum := append([]int{}, a...)
	for i, n := range b {
		sum[len(a)-len(b)+i] += n
	}
	return sum
}
