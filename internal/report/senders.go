package report

import (
	"context"
	"fmt"
	"time"
)

// SenderStatus is a process that sends.
type SenderStatus struct {
	Name    string    `json:"name"`
	Since   time.Time `json:"since"`
	Chunks  int       `json:"chunks"`            // of up to 1,000 readers each, that it works off now
	Rate    float64   `json:"rate"`              // mails that were taken from it lately, in a second
	Differs bool      `json:"differs,omitempty"` // its configuration lets an edition say something else than this machine's
}

const (
	// askedFor is how long the other senders are asked for.
	askedFor = 10 * time.Second
	// clockWarns is how far a clock may be from that of the database, and clockStops from where on nothing is composed by it.
	clockWarns = 5 * time.Second
	clockStops = time.Minute
)

// senderStatus adds the senders, and how the clock of this machine is.
func senderStatus(rep Reporter, s *Status) error {
	ctx, cancel := context.WithTimeout(context.Background(), askedFor)
	defer cancel()
	all, err := rep.Ledger.Senders.All(ctx)
	if err != nil || len(all) == 0 {
		return err
	}
	says := rep.Config.Says()
	for _, x := range all {
		s.Senders = append(s.Senders, SenderStatus{Name: x.Name, Since: x.Since, Chunks: x.Lots, Rate: x.Rate, Differs: x.Config != says})
	}
	if ahead, err := rep.Ledger.Senders.Ahead(ctx); err == nil && ahead.Abs() > clockWarns {
		s.Clock = clockWords(ahead)
	}
	return nil
}

func clockWords(ahead time.Duration) string {
	way := "ahead of"
	if ahead < 0 {
		way = "behind"
	}
	return fmt.Sprintf("the clock of this machine is %s %s that of the database", ahead.Abs().Round(time.Second), way)
}

// clockProblems tell of a clock by which nothing is composed.
func clockProblems(senders Senders) []Problem {
	ctx, cancel := context.WithTimeout(context.Background(), askedFor)
	defer cancel()
	ahead, err := senders.Ahead(ctx)
	if err != nil || ahead.Abs() <= clockStops { // what can't be reached is told where it is read
		return nil
	}
	return []Problem{{ID: "clock", Words: clockWords(ahead) + ": this machine composes nothing until its clock is set"}}
}
