package report

import (
	"slices"
	"time"

	"digestd/digest"
)

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
			if FeedIsWell(st) {
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

// FeedIsWell reports whether the last poll of a feed went well.
func FeedIsWell(st digest.FeedState) bool { return feedHealth(st) == "well" }

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
