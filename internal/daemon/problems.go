package daemon

import (
	"fmt"
	"strings"
	"time"

	"digestd/digest"
)

const (
	// lateEdition is how long after its slot an edition that is not complete is a problem.
	lateEdition = time.Hour
	// underWay is how long an edition that was composed late may still be on its first way out.
	underWay = 10 * time.Minute
	// silentFeed is how long a feed may go without an answer before that is a problem.
	silentFeed = 72 * time.Hour
)

// Problem is something that needs a person. As JSON it is its words.
type Problem struct {
	// ID is the same as long as it is the same problem: two editions that wait for one mail server are
	// one, and so is an edition that is late again on the next day.
	ID    string
	Words string
	// Hides is the ID of a problem that can't be seen behind this one, whether it is there or not.
	Hides string
}

func (p Problem) String() string               { return p.Words }
func (p Problem) MarshalText() ([]byte, error) { return []byte(p.Words), nil }

// UnmarshalText reads the words alone.
func (p *Problem) UnmarshalText(text []byte) error { p.Words = string(text); return nil }

// Problems are what needs a person, and nothing else is: `status` exits 1 for them, /healthz answers 503,
// and [alerts] tells of them. What can't be read is a problem as well. They write nothing.
func (p *Pipeline) Problems() []Problem {
	var all []Problem
	now := p.Now()
	editions, err := p.editionProblems(now)
	all = append(all, editions...)
	if err == nil {
		var feeds []Problem
		feeds, err = p.feedProblems(now)
		all = append(all, feeds...)
	}
	return append(all, p.ledgerProblems(err)...)
}

// editionProblems tell of paused runs and of editions that are late.
func (p *Pipeline) editionProblems(now time.Time) ([]Problem, error) {
	open, err := p.Ledger.OpenEditions()
	if err != nil {
		return nil, err
	}
	var all []Problem
	for _, e := range open {
		if e.Paused != "" {
			all = append(all, Problem{ID: "paused", Words: fmt.Sprintf("edition %s is paused: %s", e.ID, e.Paused), Hides: lateID(e.Lane())})
			continue
		}
		since := e.Slot
		if e.Extra {
			since = e.Composed
		}
		if now.Sub(since) <= lateEdition {
			continue
		}
		progress, err := p.Ledger.Progress(e.ID)
		if err != nil {
			return all, err
		}
		owed := 0
		counts := progress.Counts()
		for state, n := range counts {
			if !state.Final() {
				owed += n
			}
		}
		if now.Sub(e.Composed) < underWay && owed == counts[digest.Pending]+counts[digest.Intent] {
			continue
		}
		if owed > 0 {
			all = append(all, Problem{ID: lateID(e.Lane()), Words: fmt.Sprintf("edition %s still owes %d of its %d deliveries, %s after its slot; "+
				"`digestd status` shows where they stand, `digestd resume` tries again", e.ID, owed, e.Recipients, inWords(now.Sub(since)))})
		}
	}
	return append(all, p.Alerts.uncomposedProblems(p, now)...), nil
}

func lateID(lane digest.Lane) string { return "late " + lane.String() }

// feedProblems tell of feeds that have not answered for days.
func (p *Pipeline) feedProblems(now time.Time) ([]Problem, error) {
	states, err := p.Ledger.FeedStates()
	if err != nil {
		return nil, err
	}
	var all []Problem
	for _, f := range p.Config.Feeds() {
		st := states[f.URL]
		if (st.Failures > 0 || st.Gone) && now.Sub(st.FailingSince) > silentFeed {
			all = append(all, Problem{ID: "feed " + f.URL, Words: fmt.Sprintf("feed %s has not answered since %s: %s",
				f.Address(), st.FailingSince.Format(time.DateOnly), st.Error)})
		}
	}
	return all, nil
}

// ledgerProblems tell of a ledger that can't be read or written, or soon can't.
func (p *Pipeline) ledgerProblems(unreadable error) []Problem {
	var words []string
	if unreadable != nil {
		words = append(words, fmt.Sprintf("the ledger %s can't be read: %v", p.Ledger.Path(), unreadable))
	}
	if err := p.Ledger.WriteError(); err != nil {
		words = append(words, fmt.Sprintf("the ledger %s can't be written: %v; nothing is sent meanwhile", p.Ledger.Path(), err))
	} else if why := p.Ledger.NoRoom(0); why != "" {
		words = append(words, why)
	}
	if len(words) == 0 {
		return nil
	}
	return []Problem{{ID: "ledger", Words: strings.Join(words, "; ")}}
}
